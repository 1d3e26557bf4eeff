//! Harvest of a run that goes on: what was observed since the last time, for an inventory that adds it up.

use super::Engine;
use crate::obs::Observations;

impl Engine {
    /// What was observed since the last harvest, of all shards. Flows go on; what they have carried so far
    /// is in it, except for the conversations of those whose protocol is still being looked for. All
    /// harvests and [`Engine::finish`] together give what one run to the end gives, unless a bound
    /// intervened: tables are bounded for each harvest, not for the run.
    ///
    /// One that was harvested under a protocol or client that changed later (STARTTLS, roles that the
    /// protocol showed late) is moved; first and last sight of the record it leaves stay as they were.
    pub fn harvest(&mut self) -> Vec<Observations> {
        let fragments = self.fragments();
        let registry = &self.registry;
        let mut all: Vec<Observations> = self.shards.iter_mut().map(|s| s.harvest(registry)).collect();
        count(&mut all, fragments);
        all.extend(self.signs.as_mut().map(|watch| watch.signs.obs.harvest(&[])));
        all
    }

    /// Counters of fragments since they were asked for last.
    pub(super) fn fragments(&mut self) -> [(&'static str, u64); 4] {
        let d = self.reader.assembler().defrag.stats;
        let now = [d.expired, d.evicted, d.overlaps, d.bad];
        let before = std::mem::replace(&mut self.fragments, now);
        let [a, b, c, e] = std::array::from_fn(|i| now[i].saturating_sub(before[i]));
        [
            ("fragments_expired", a),
            ("fragments_evicted", b),
            ("fragments_overlapping", c),
            ("fragments_bad", e),
        ]
    }
}

/// Adds counters of the run to the first of the observations.
pub(super) fn count(all: &mut [Observations], counters: [(&'static str, u64); 4]) {
    if let Some(first) = all.first_mut() {
        counters.into_iter().filter(|(_, n)| *n > 0).for_each(|(name, n)| first.add(name, n));
    }
}
