//! Chains end: after a time without steps, or early where too much is going on at once.

use super::settings::micros;
use super::state::{Chain, NONE};
use super::{Chains, Closed, document};

/// Chains are looked over at ticks of event time, in microseconds.
const TICK: i64 = 600_000_000;

impl Chains {
    /// Closes what was idle for long, and ages the counts of rules. Does something once a tick.
    pub(super) fn sweep(&mut self, now: i64) {
        if now < self.next_sweep {
            return;
        }
        self.next_sweep = now.div_euclid(TICK).saturating_add(1).saturating_mul(TICK);
        let horizon = micros(self.settings.horizon);
        if self.next_horizon == i64::MIN {
            self.next_horizon = now.saturating_add(horizon);
        }
        if now >= self.next_horizon {
            // after a silence of two horizons nothing is remembered
            let long = now.saturating_sub(self.next_horizon) >= horizon;
            self.next_horizon = now.saturating_add(horizon);
            for (_, r) in self.state.rules.iter_mut() {
                r.before = if long { 0 } else { r.count };
                r.count = 0;
            }
            self.state.total_before = if long { 0 } else { self.state.total };
            self.state.total = 0;
            self.state.forget_rules();
        }
        let (idle, control) = (micros(self.settings.idle), micros(self.settings.idle_control));
        let over = |c: &Chain| now.saturating_sub(c.last) > if c.control { control } else { idle };
        let gone: Vec<u32> = self.state.chains.iter().filter(|(_, c)| over(c)).map(|(n, _)| n).collect();
        for n in gone {
            self.close(n);
        }
    }

    fn close(&mut self, n: u32) {
        let Some(c) = self.state.chains.get(n) else { return };
        if c.is_story() {
            let document = document::write(self, c, "closed");
            let (id, score) = (c.id, self.score(c));
            self.counters.closed += 1;
            self.ended.push(document.clone());
            self.closed.push_back(Closed { id, score, document });
            if self.closed.len() > self.settings.max_closed {
                self.closed.pop_front();
                self.counters.forgotten += 1;
            }
            // `changed` takes them away; nobody may be asking
            if self.ended.len() > self.settings.max_closed {
                self.ended.remove(0);
            }
        }
        let Some(c) = self.state.chains.take(n) else { return };
        for e in c.members {
            self.state.remove_episode(e);
        }
    }

    /// Ends the chains that were quiet longest, single steps first, until a sixteenth is free.
    pub(super) fn make_room(&mut self) {
        let most = self.settings.max_episodes;
        if self.state.episodes.len() <= most && self.state.entities.len() <= most {
            return;
        }
        let mut all: Vec<(bool, i64, u64, u32)> =
            self.state.chains.iter().map(|(n, c)| (c.is_story(), c.last, c.born, n)).collect();
        all.sort_unstable();
        let enough = most - most / 16;
        for (.., n) in all {
            if self.state.episodes.len() <= enough && self.state.entities.len() <= enough {
                break;
            }
            self.counters.closed_early += 1;
            self.close(n);
        }
    }

    /// Score of a chain: that of its best path.
    pub(super) fn score(&self, c: &Chain) -> f64 {
        let best = self.state.episodes.get(if c.members.is_empty() { NONE } else { c.best });
        best.map_or(0.0, |e| (e.best * 1000.0).round() / 1000.0)
    }
}
