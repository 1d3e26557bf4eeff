//! A long chain is brought to its skeleton: its best path stays, what repeats beside it is summed up.

use super::Chains;
use super::state::{Episode, NONE, PATH};
use hashbrown::{HashMap, HashSet};

/// What steps are summed up by, the finest first: the same rule of the same source, the same stage of
/// the same source, the same stage.
fn key(level: u8, e: &Episode) -> (u32, u32) {
    match level {
        0 => (e.rule, e.source),
        1 => (u32::from(e.stage), e.source),
        _ => (u32::from(e.stage), NONE),
    }
}

impl Chains {
    /// Steps of the best path to `end`, last first, at most [`PATH`].
    pub(super) fn path(&self, end: u32) -> Vec<u32> {
        let mut path = Vec::new();
        let mut at = end;
        while let Some(e) = self.state.episodes.get(at) {
            path.push(at);
            match e.link.filter(|_| !e.begins && path.len() < PATH) {
                Some(link) => at = link.from,
                None => break,
            }
        }
        path
    }

    /// Folds a chain that has more than twice `max_steps` steps down to `max_steps`, oldest first.
    pub(super) fn fold(&mut self, chain: u32) {
        let most = self.settings.max_steps;
        let Some(c) = self.state.chains.get_mut(chain).filter(|c| c.members.len() > 2 * most) else { return };
        let (best, mut members) = (c.best, std::mem::take(&mut c.members));
        let told: HashSet<u32> = self.path(best).into_iter().collect();
        let serial = |n: &u32| self.state.episodes.get(*n).map_or(0, |e| e.serial);
        members.sort_unstable_by_key(serial);
        let mut into: HashMap<u32, u32> = HashMap::new();
        for level in 0..3 {
            let mut first: HashMap<(u32, u32), u32> = HashMap::new();
            let mut left = members.len();
            let mut gone: Vec<(u32, u32)> = Vec::new();
            for n in members.iter().filter(|n| !told.contains(*n)) {
                if left <= most {
                    break;
                }
                let Some(e) = self.state.episodes.get(*n) else { continue };
                match first.get(&key(level, e)) {
                    Some(kept) => {
                        gone.push((*n, *kept));
                        left -= 1;
                    }
                    None => {
                        first.insert(key(level, e), *n);
                    }
                }
            }
            for (n, kept) in gone {
                self.state.fold(n, kept);
                self.counters.folded += 1;
                into.insert(n, kept);
            }
            members.retain(|n| !into.contains_key(n));
            if members.len() <= most {
                break;
            }
        }
        for n in &members {
            if let Some(link) = self.state.episodes.get_mut(*n).and_then(|e| e.link.as_mut()) {
                while let Some(kept) = into.get(&link.from) {
                    link.from = *kept;
                }
            }
        }
        if let Some(c) = self.state.chains.get_mut(chain) {
            c.members = members;
        }
    }
}
