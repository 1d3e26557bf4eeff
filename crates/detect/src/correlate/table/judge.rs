//! Whether a group fires: its value, its condition, when it fired last, and who bears witness.

use super::{Bounds, Group, Measure, Table};
use crate::correlate::Witness;
use crate::correlate::order;
use crate::correlate::plan::{Plan, Test};
use crate::correlate::rule::Kind;
use sentinel_wire::model::Micros;

/// What a judgement of a group says.
#[derive(Debug)]
pub(in crate::correlate) struct Verdict {
    pub value: f64,
    pub witnesses: Vec<Witness>,
    pub first: Option<Micros>,
    pub last: Option<Micros>,
    pub lossy: bool,
}

impl Table {
    /// The value that is compared, over the events at `from` or later; whether the condition holds.
    fn holds(&self, plan: &Plan, g: &Group, from: Micros) -> (bool, f64) {
        let value = match &g.measure {
            Measure::Nothing => Some(f64::from(g.count)),
            Measure::Distinct(n) => Some(f64::from(*n)),
            Measure::Sum(s) if plan.kind == Kind::ValueSum => Some(s.value()),
            Measure::Sum(_) if g.count == 0 => None,
            Measure::Sum(s) => Some(s.value() / f64::from(g.count)),
            Measure::Ranked(r) => r.percentile(plan.percentile),
            Measure::Latest(l) => Some(f64::from(l.present(from).count_ones())),
            Measure::Order(o) => match (o.best(&plan.chains, from), &plan.test) {
                (None, Test::Chains) => None,
                (best, _) => Some(best.map_or(0, <[_]>::len) as f64),
            },
        };
        let Some(v) = value else { return (false, 0.0) };
        let holds = match (&plan.test, &g.measure) {
            (Test::Compare(ops), _) => ops.iter().all(|(op, n)| op.holds(v, *n)),
            (Test::Clauses(c), Measure::Latest(l)) => order::any(c, l.present(from)),
            (Test::Clauses(_), _) => false,
            (Test::Chains, _) => true,
        };
        (holds, v)
    }

    /// Judges a group at `time` over its events at `from` or later. It fires if its condition holds and was false
    /// before, or if its last firing is longer ago than the window.
    pub fn judge(
        &mut self,
        plan: &Plan,
        bounds: &Bounds,
        slot: u32,
        time: Micros,
        from: Micros,
    ) -> Option<Verdict> {
        let (holds, value) = self.holds(plan, self.group(slot)?, from);
        let g = self.groups.get_mut(slot as usize)?;
        if !holds {
            g.armed = true;
            return None;
        }
        if !g.armed && time.saturating_sub(g.fired) <= plan.span {
            return None;
        }
        (g.armed, g.fired) = (false, time);
        let lossy = g.lost >= from || self.lost >= from;
        Some(self.witnesses(
            plan,
            bounds,
            slot,
            from,
            Verdict { value, witnesses: Vec::new(), first: None, last: None, lossy },
        ))
    }

    /// Lets a group fire again if its condition is false now.
    pub fn rearm(&mut self, plan: &Plan, slot: u32, from: Micros) {
        if self.group(slot).is_some_and(|g| !self.holds(plan, g, from).0)
            && let Some(g) = self.group_mut(slot)
        {
            g.armed = true;
        }
    }

    fn witnesses(&self, plan: &Plan, bounds: &Bounds, slot: u32, from: Micros, mut v: Verdict) -> Verdict {
        let Some(g) = self.group(slot) else { return v };
        let handle = |slot: u32| plan.slots.get(slot as usize).map_or(0, |s| s.rule);
        match &g.measure {
            Measure::Latest(l) => {
                let mut seen: Vec<_> = l.since(from).collect();
                seen.sort_by_key(|s| (s.time, s.id, s.slot));
                v.first = seen.first().map(|s| s.time);
                v.last = seen.last().map(|s| s.time);
                v.witnesses.extend(seen.iter().map(|s| Witness { rule: handle(s.slot.into()), event: s.id }));
            }
            Measure::Order(o) => {
                let path = o.best(&plan.chains, from).unwrap_or_default();
                v.first = path.first().map(|s| s.time);
                v.last = path.last().map(|s| s.time);
                v.witnesses.extend(path.iter().map(|s| Witness { rule: handle(s.slot.into()), event: s.id }));
            }
            _ => {
                let (mut seq, skip) = (g.head, (g.count as usize).saturating_sub(bounds.witnesses));
                let mut before = None;
                for i in 0..g.count as usize {
                    let Some(e) = seq.checked_sub(self.base).and_then(|i| self.log.get(i as usize)) else {
                        break;
                    };
                    seq += u64::from(e.next);
                    v.first = v.first.or(Some(e.time));
                    v.last = Some(e.time);
                    // Several values of one event are one witness. Ends of windows have no id and one value.
                    if i < skip || (before == Some(e.id) && e.id != [0, 0]) {
                        continue;
                    }
                    before = Some(e.id);
                    let event = u128::from(e.id[0]) << 64 | u128::from(e.id[1]);
                    let bits = (0..64u32).filter(|b| e.mask >> b & 1 == 1);
                    v.witnesses.extend(bits.map(|b| Witness { rule: handle(b), event }));
                }
            }
        }
        v
    }
}
