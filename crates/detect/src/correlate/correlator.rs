//! All correlations of a rule set, fed with events in order.

use super::key;
use super::part::{Out, Part};
use super::plan::{self, Plans};
use super::table::{Bounds, SIZES, Table};
use super::{Detection, Fields, Firing, Limits, Refusal, Rule, What};
use sentinel_wire::model::Micros;
use serde::{Deserialize, Serialize};

/// A rule's losses are told at most once in this time.
const LOSS_EVERY: Micros = 3_600_000_000;
/// Form of a snapshot.
const VERSION: u32 = 1;

/// One event of a batch: when, which, and the handles of the detections it matched.
#[derive(Clone, Copy, Debug)]
pub struct Item<'a, F> {
    pub time: Micros,
    pub id: u128,
    pub hits: &'a [u32],
    pub event: &'a F,
}

/// What was counted, over all rules.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Groups and events held now.
    pub groups: u64,
    pub entries: u64,
    /// Groups dropped under a bound.
    pub evicted_groups: u64,
    /// Events dropped from windows under a bound.
    pub dropped_entries: u64,
    /// Events older than what was already processed: not correlated.
    pub late: u64,
    /// Values that are no number where one is asked for, or beyond 2^100.
    pub not_numeric: u64,
    /// Lists cut at 64 elements.
    pub cut_lists: u64,
    pub firings: u64,
}

/// What a restore took over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Restored {
    /// Handles of correlations that go on where they were.
    pub kept: Vec<u32>,
    /// Handles of those that are new or changed and start anew.
    pub anew: Vec<u32>,
}

/// Losses of a rule that were not told yet, and when they were last told.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Loss {
    waiting: f64,
    told: Option<Micros>,
}

#[derive(Serialize, Deserialize)]
struct Saved<T> {
    version: u32,
    now: Option<Micros>,
    counts: [u64; 4],
    rules: Vec<(u64, Loss, Vec<T>)>,
}

/// All correlations of a rule set.
#[derive(Debug)]
pub struct Correlator {
    rules: Vec<Rule>,
    /// Handle of the first correlation.
    first: u32,
    plans: Plans,
    parts: Vec<Part>,
    losses: Vec<Loss>,
    late: u64,
    firings: u64,
    /// Counted before a restore: numbers, lists.
    before: [u64; 2],
}

impl Correlator {
    /// Handles: a detection's is its place in `detections`, a correlation's is the number of detections plus its place
    /// in `rules`. Refused rules keep their handle and never fire.
    pub fn new(rules: Vec<Rule>, detections: &[Detection<'_>], limits: Limits) -> (Correlator, Vec<Refusal>) {
        let (plans, refusals) = plan::compile(&rules, detections, &limits);
        let (bounds, parts) = (Bounds::new(&limits), key::parts(&limits));
        let shards = limits.shards.clamp(1, key::PARTS);
        let parts = (0..shards).map(|i| Part::new(&plans, bounds, parts, i, shards)).collect();
        let losses = vec![Loss::default(); plans.rules.len()];
        let first = detections.len() as u32;
        (Correlator { rules, first, plans, parts, losses, late: 0, firings: 0, before: [0; 2] }, refusals)
    }

    /// The handle of the correlation at this place of the list given to [`Correlator::new`].
    pub fn handle(&self, place: usize) -> u32 {
        self.first.saturating_add(u32::try_from(place).unwrap_or(u32::MAX))
    }

    /// The correlation of a handle; `None` for a detection's.
    pub fn rule(&self, handle: u32) -> Option<&Rule> {
        self.rules.get(handle.checked_sub(self.first)? as usize)
    }

    /// Handles of detections and correlations that do not alert by themselves, ascending: those that a correlation
    /// refers to, unless one of them says `generate: true`. Their firings are not given out.
    pub fn silent(&self) -> &[u32] {
        &self.plans.silent
    }

    /// An event and the detections it matched. Events come in order of (time, id); one that is older than the last
    /// or than the watermark is counted as late and not correlated. Firings are added to `out` in a fixed order.
    pub fn feed<F: Fields>(
        &mut self,
        time: Micros,
        id: u128,
        hits: &[u32],
        event: &F,
        out: &mut Vec<Firing>,
    ) {
        let mut fired = Vec::new();
        let mut taken = true;
        for part in &mut self.parts {
            taken &= part.feed(&self.plans, 0, time, id, hits, event, &mut fired);
        }
        self.late += u64::from(!taken);
        self.give(fired, out);
    }

    /// The same for many events, one thread a shard.
    pub fn feed_batch<F: Fields + Sync>(&mut self, items: &[Item<'_, F>], out: &mut Vec<Firing>) {
        let plans = &self.plans;
        let run = |part: &mut Part| {
            let (mut fired, mut late) = (Vec::new(), 0);
            for (place, i) in items.iter().enumerate() {
                late += u64::from(!part.feed(plans, place, i.time, i.id, i.hits, i.event, &mut fired));
            }
            (fired, late)
        };
        let done: Vec<(Vec<Out>, u64)> = match self.parts.as_mut_slice() {
            [one] => vec![run(one)],
            many => std::thread::scope(|s| {
                let threads: Vec<_> = many.iter_mut().map(|p| s.spawn(|| run(p))).collect();
                threads.into_iter().filter_map(|t| t.join().ok()).collect()
            }),
        };
        self.late += done.first().map_or(0, |d| d.1);
        self.give(done.into_iter().flat_map(|d| d.0).collect(), out);
    }

    /// Watching begins at `time`, before any event. Without it the first event's time is the beginning.
    pub fn start(&mut self, time: Micros) {
        self.parts.iter_mut().for_each(|p| p.start(&self.plans, time));
    }

    /// No event before `watermark` will come: windows that ended before it are judged.
    pub fn advance(&mut self, watermark: Micros, out: &mut Vec<Firing>) {
        let mut fired = Vec::new();
        self.parts.iter_mut().for_each(|p| p.advance(&self.plans, watermark, &mut fired));
        self.give(fired, out);
    }

    /// No event will come any more: windows that ended by the last event's time are judged. One that had not ended is
    /// not: that the capture stopped does not say that nothing happened.
    pub fn finish(&mut self, out: &mut Vec<Firing>) {
        let mut fired = Vec::new();
        self.parts.iter_mut().for_each(|p| p.finish(&self.plans, &mut fired));
        self.give(fired, out);
    }

    fn give(&mut self, mut fired: Vec<Out>, out: &mut Vec<Firing>) {
        if fired.is_empty() {
            return;
        }
        fired.sort_by(|a, b| a.order.cmp(&b.order));
        for f in fired {
            let mut firing = f.firing;
            if firing.what == What::Loss {
                let Some(loss) = self.losses.get_mut(f.order.3 as usize) else { continue };
                loss.waiting += firing.value;
                if loss.told.is_some_and(|t| firing.time.saturating_sub(t) < LOSS_EVERY) {
                    continue;
                }
                firing.value = std::mem::take(&mut loss.waiting);
                loss.told = Some(firing.time);
            } else if self.plans.silent.binary_search(&firing.rule).is_ok() {
                continue;
            }
            self.firings += 1;
            out.push(firing);
        }
    }

    /// The tables of a rule by part, each from the shard that speaks for it.
    fn tables(&self, rule: usize) -> Vec<&Table> {
        let mut all: Vec<(usize, &Table)> = self.parts.iter().flat_map(|p| p.give(rule)).collect();
        all.sort_by_key(|t| t.0);
        all.into_iter().map(|t| t.1).collect()
    }

    /// The whole state, to go on later with [`Correlator::restore`], with any number of shards.
    pub fn snapshot(&self) -> Result<Vec<u8>, String> {
        let c = self.counters();
        let rules = self.plans.rules.iter().zip(&self.losses).enumerate();
        let saved = Saved {
            version: VERSION,
            now: self.parts.first().filter(|p| p.started).map(|p| p.now),
            counts: [c.late, c.firings, c.not_numeric, c.cut_lists],
            rules: rules.map(|(i, (plan, loss))| (plan.definition, *loss, self.tables(i))).collect(),
        };
        let mut bytes =
            postcard::to_allocvec(&saved).map_err(|e| format!("snapshot of correlations: {e}"))?;
        let sum = key::hash(&bytes);
        bytes.extend_from_slice(&sum.to_le_bytes());
        Ok(bytes)
    }

    /// Takes over a snapshot. A rule goes on if its definition, that of the rules below it and the bounds' division into
    /// parts are the same; all others start anew.
    pub fn restore(&mut self, snapshot: &[u8]) -> Result<Restored, String> {
        let (body, sum) = snapshot.split_last_chunk::<8>().ok_or("snapshot of correlations: it is cut")?;
        if key::hash(body) != u64::from_le_bytes(*sum) {
            return Err("snapshot of correlations: it is damaged".into());
        }
        let fault = |e: postcard::Error| format!("snapshot of correlations: {e}");
        let (version, _) = postcard::take_from_bytes::<u32>(body).map_err(fault)?;
        if version != VERSION {
            return Err(format!("snapshot of correlations: form {version}, not {VERSION}"));
        }
        let saved: Saved<Table> = postcard::from_bytes(body).map_err(fault)?;
        let mut old = saved.rules;
        let mut restored = Restored::default();
        for (i, plan) in self.plans.rules.iter().enumerate() {
            let tables = self.parts.first().map_or(0, |p| p.tables(i).len());
            let found = old.iter().position(|(d, _, t)| *d == plan.definition && t.len() == tables);
            let Some((_, loss, tables)) = found.map(|f| old.swap_remove(f)) else {
                restored.anew.push(plan.handle);
                continue;
            };
            if let Some(l) = self.losses.get_mut(i) {
                *l = loss;
            }
            restored.kept.push(plan.handle);
            let (of, shared) = (self.parts.len(), plan.shared);
            // A shared rule's tables are with every shard; the bytes are read again, tables are not copied.
            let bytes =
                if shared && of > 1 { postcard::to_allocvec(&tables).map_err(fault)? } else { Vec::new() };
            let mut spread: Vec<Option<Table>> = tables.into_iter().map(Some).collect();
            for (index, part) in self.parts.iter_mut().enumerate() {
                let mut mine: Vec<Table> = if shared && of > 1 {
                    postcard::from_bytes(&bytes).map_err(fault)?
                } else {
                    let own = spread
                        .iter_mut()
                        .enumerate()
                        .map(|(p, t)| if p % of == index { t.take() } else { None });
                    own.map(Option::unwrap_or_default).collect()
                };
                mine.iter_mut().for_each(Table::rebuild);
                part.adopt(i, mine);
            }
        }
        for part in &mut self.parts {
            part.started = saved.now.is_some();
            part.now = saved.now.unwrap_or(Micros::MIN);
            (part.not_numeric, part.cut_lists) = (0, 0);
            if part.started {
                let anew =
                    self.plans.rules.iter().enumerate().filter(|(_, p)| restored.anew.contains(&p.handle));
                anew.for_each(|(rule, plan)| part.watch(plan, rule));
            }
        }
        let [late, firings, numbers, lists] = saved.counts;
        (self.late, self.firings, self.before) = (late, firings, [numbers, lists]);
        restored.kept.sort_unstable();
        restored.anew.sort_unstable();
        Ok(restored)
    }

    pub fn counters(&self) -> Counters {
        let [not_numeric, cut_lists] = self.before;
        let mut c = Counters {
            late: self.late,
            firings: self.firings,
            not_numeric,
            cut_lists,
            ..Counters::default()
        };
        c.not_numeric += self.parts.iter().map(|p| p.not_numeric).sum::<u64>();
        c.cut_lists += self.parts.iter().map(|p| p.cut_lists).sum::<u64>();
        for rule in 0..self.plans.rules.len() {
            for t in self.tables(rule) {
                let (groups, entries) = t.len();
                c.groups += groups as u64;
                c.entries += entries as u64;
                c.evicted_groups += t.evicted;
                c.dropped_entries += t.dropped;
            }
        }
        c
    }

    /// Bytes held, by formula: the sum of what every table has allocated. Walks all groups.
    pub fn memory(&self) -> usize {
        let rules = 0..self.plans.rules.len();
        let tables = self.parts.iter().flat_map(|p| rules.clone().map(|r| p.tables(r)));
        tables.map(|t| size_of_val(t) + t.iter().map(Table::bytes).sum::<usize>()).sum()
    }

    /// Bytes of one group and of one event in a window by themselves, as `docs/concepts/correlation.md` states them.
    pub const fn sizes() -> (usize, usize) {
        SIZES
    }
}
