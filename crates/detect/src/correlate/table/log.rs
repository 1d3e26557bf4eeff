//! The log of a table: events come in at one end and leave at the other, or are dropped under a bound.

use super::{Entry, Hit, Measure, NONE, Table};
use crate::correlate::plan::{Mode, Plan};
use crate::correlate::rule::Kind;
use sentinel_wire::model::Micros;

impl Table {
    pub(super) fn push(&mut self, slot: u32, hit: &Hit<'_>, value: u64) {
        let seq = self.base + self.log.len() as u64;
        let Some(g) = self.groups.get_mut(slot as usize) else { return };
        if g.count == 0 {
            g.head = seq;
        } else if let Some(last) = g.tail.checked_sub(self.base).and_then(|i| self.log.get_mut(i as usize)) {
            last.next = u32::try_from(seq - g.tail).unwrap_or(0);
        }
        g.tail = seq;
        g.count += 1;
        self.held += 1;
        let id = [(hit.id >> 64) as u64, hit.id as u64];
        self.log.push_back(Entry { time: hit.time, id, mask: hit.mask, value, slot, born: g.born, next: 0 });
    }

    /// What leaves the window of a living group is taken out of its measures.
    fn release(&mut self, plan: &Plan, e: &Entry) {
        let first = plan.kind == Kind::ValueCount && self.values.remove(e.value as u32, e.slot, e.born);
        let next = u64::from(e.next);
        let Some(g) = self.groups.get_mut(e.slot as usize).filter(|g| g.born == e.born) else { return };
        g.count = g.count.saturating_sub(1);
        g.head += next;
        self.held = self.held.saturating_sub(1);
        match &mut g.measure {
            Measure::Distinct(n) => *n = n.saturating_sub(u32::from(first)),
            Measure::Sum(s) => s.remove(f64::from_bits(e.value)),
            Measure::Ranked(r) => r.remove(f64::from_bits(e.value)),
            Measure::Nothing | Measure::Latest(_) | Measure::Order(_) => {}
        }
    }

    pub(super) fn pop(&mut self, plan: &Plan) -> Option<Entry> {
        let e = self.log.pop_front()?;
        self.base += 1;
        if e.slot != NONE {
            self.release(plan, &e);
        }
        Some(e)
    }

    /// Drops the oldest entry of a group, under its bound.
    pub(super) fn drop_head(&mut self, plan: &Plan, slot: u32) {
        let base = self.base;
        let at = self.group(slot).and_then(|g| g.head.checked_sub(base)).map(|i| i as usize);
        let Some(e) = at.and_then(|i| self.log.get_mut(i)) else { return };
        let gone = *e;
        e.slot = NONE;
        self.release(plan, &gone);
        self.loss(gone.slot, gone.time);
    }

    /// Drops the oldest entry of all.
    pub(super) fn drop_front(&mut self, plan: &Plan) {
        let held = self.held;
        while self.held == held {
            let Some(e) = self.pop(plan) else { return };
            if self.held < held {
                self.loss(e.slot, e.time);
                // Nothing would ever look at it again.
                if self.is_empty(e.slot) && plan.mode != Mode::Window && !plan.group_by.is_empty() {
                    self.lost = self.lost.max(e.time);
                    self.remove(e.slot);
                }
            }
        }
    }

    fn loss(&mut self, slot: u32, time: Micros) {
        self.dropped += 1;
        self.unreported += 1;
        if let Some(g) = self.group_mut(slot) {
            g.lost = g.lost.max(time);
        }
    }

    /// Writes the log anew without entries that belong to nobody.
    pub(super) fn compact(&mut self) {
        let old = std::mem::take(&mut self.log);
        self.base += old.len() as u64;
        for g in &mut self.groups {
            g.count = 0;
        }
        for mut e in old {
            let alive = self.groups.get_mut(e.slot as usize).filter(|g| g.born == e.born);
            let Some(g) = alive else {
                if e.slot != NONE {
                    self.values.remove(e.value as u32, e.slot, e.born);
                }
                continue;
            };
            let seq = self.base + self.log.len() as u64;
            if g.count == 0 {
                g.head = seq;
            } else if let Some(last) =
                g.tail.checked_sub(self.base).and_then(|i| self.log.get_mut(i as usize))
            {
                last.next = u32::try_from(seq - g.tail).unwrap_or(0);
            }
            g.tail = seq;
            g.count += 1;
            e.next = 0;
            self.log.push_back(e);
        }
    }

    /// Lets go what is older than any window that ends at `now` or later.
    pub fn expire(&mut self, plan: &Plan, now: Micros) {
        if plan.mode == Mode::Absence {
            return;
        }
        let from = now.saturating_sub(plan.span);
        while self.log.front().is_some_and(|e| e.time < from) {
            let Some(e) = self.pop(plan) else { break };
            let over = plan.mode == Mode::Rising
                && self.group(e.slot).is_some_and(|g| g.born == e.born && g.count == 0);
            if over {
                self.remove(e.slot);
            }
        }
        if plan.kind.temporal() && plan.mode == Mode::Rising {
            while self.group(self.oldest).is_some_and(|g| g.used < from) {
                self.remove(self.oldest);
            }
        }
    }
}
