//! `temporal` and `temporal_ordered`: which rules matched within the window, and in which order.

use super::expr::Clause;
use sentinel_wire::model::Micros;
use serde::{Deserialize, Serialize};

/// An event as a witness: its time, its id, the rule's place in the correlation.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Seen {
    pub time: Micros,
    pub id: u128,
    pub slot: u8,
}

/// A sequence that is asked for.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Chain {
    /// Places of rules, in order. Repeats are steps of their own.
    pub steps: Vec<u8>,
    /// Rules that must not have matched in the window at all.
    pub absent: u64,
    /// Steps may be left out: the longest part is asked for, not the whole.
    pub partial: bool,
}

impl Chain {
    /// Sequences kept: one for each step it ends with, and for each length if steps may be left out.
    fn cells(&self) -> usize {
        let k = self.steps.len();
        if self.partial { k * (k + 1) / 2 } else { k }
    }
    /// Where the newest sequence that ends with step `i` and has `l` + 1 steps is kept.
    fn cell(&self, i: usize, l: usize) -> Option<usize> {
        match self.partial {
            true => (l <= i).then_some(i * (i + 1) / 2 + l),
            false => (l == i).then_some(i),
        }
    }
}

/// The newest match of each rule.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Latest(Box<[Option<Seen>]>);

impl Latest {
    pub fn new(slots: usize) -> Latest {
        Latest(vec![None; slots].into())
    }
    pub fn note(&mut self, mask: u64, time: Micros, id: u128) {
        for (slot, seen) in self.0.iter_mut().enumerate().filter(|(s, _)| mask >> s & 1 == 1) {
            *seen = Some(Seen { time, id, slot: slot as u8 });
        }
    }
    /// Rules that matched at `from` or later, as bits.
    pub fn present(&self, from: Micros) -> u64 {
        self.since(from).fold(0, |mask, s| mask | 1 << s.slot)
    }
    pub fn since(&self, from: Micros) -> impl Iterator<Item = &Seen> {
        self.0.iter().flatten().filter(move |s| s.time >= from)
    }
    pub fn bytes(&self) -> usize {
        super::table::heap(self.0.len() * size_of::<Option<Seen>>())
    }
}

/// Sequences on their way: for each step the one that began last, which is the one that lasts longest.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Order {
    latest: Latest,
    /// Per cell the events of the newest sequence that reached it; empty if none did.
    paths: Vec<Vec<Seen>>,
}

impl Order {
    pub fn new(slots: usize, chains: &[Chain]) -> Order {
        let cells = chains.iter().map(Chain::cells).sum();
        Order { latest: Latest::new(slots), paths: vec![Vec::new(); cells] }
    }

    /// Takes one event, which may be any of the steps in `mask` but only one of them in a sequence.
    /// Sequences that began before `from` are over.
    pub fn note(&mut self, chains: &[Chain], mask: u64, time: Micros, id: u128, from: Micros) {
        self.latest.note(mask, time, id);
        let mut base = 0;
        for chain in chains {
            // From the last step down, so that no sequence takes the event twice.
            for (i, slot) in chain.steps.iter().enumerate().rev().filter(|(_, s)| mask >> **s & 1 == 1) {
                for l in (0..=i).rev() {
                    let Some(cell) = chain.cell(i, l) else { continue };
                    let before = match l.checked_sub(1) {
                        None => None,
                        Some(shorter) => {
                            let found = (shorter..i)
                                .filter_map(|j| self.path(base, chain.cell(j, shorter)?, from))
                                .max_by(|a, b| start(a).cmp(&start(b)).then(b.len().cmp(&a.len())));
                            if found.is_none() {
                                continue;
                            }
                            found
                        }
                    };
                    let begin = before.map_or(time, |p| start(p).unwrap_or(time));
                    if self.path(base, cell, from).and_then(|p| start(p)).is_some_and(|old| old >= begin) {
                        continue;
                    }
                    let mut path = Vec::with_capacity(l + 1);
                    path.extend_from_slice(before.unwrap_or_default());
                    path.push(Seen { time, id, slot: *slot });
                    if let Some(p) = self.paths.get_mut(base + cell) {
                        *p = path;
                    }
                }
            }
            base += chain.cells();
        }
    }

    fn path(&self, base: usize, cell: usize, from: Micros) -> Option<&[Seen]> {
        let p = self.paths.get(base + cell)?;
        (start(p)? >= from).then_some(p)
    }

    /// The longest sequence that holds with all its events at `from` or later: of a whole chain all of its steps, of a
    /// partial one as many as there are.
    pub fn best(&self, chains: &[Chain], from: Micros) -> Option<&[Seen]> {
        let present = self.latest.present(from);
        let (mut base, mut best): (usize, Option<&[Seen]>) = (0, None);
        for chain in chains {
            if chain.absent & present == 0 {
                let k = chain.steps.len();
                let found = match chain.partial {
                    true => (0..chain.cells())
                        .filter_map(|c| self.path(base, c, from))
                        .max_by(|a, b| a.len().cmp(&b.len()).then(start(a).cmp(&start(b)))),
                    // A chain of no steps asks only for what is absent.
                    false if k == 0 => Some(&[] as &[Seen]),
                    false => self.path(base, k - 1, from),
                };
                if let Some(p) = found
                    && best.is_none_or(|b| b.len() < p.len())
                {
                    best = Some(p);
                }
            }
            base += chain.cells();
        }
        best
    }

    pub fn bytes(&self) -> usize {
        let paths: usize =
            self.paths.iter().map(|p| super::table::heap(p.capacity() * size_of::<Seen>())).sum();
        self.latest.bytes() + super::table::heap(self.paths.capacity() * size_of::<Vec<Seen>>()) + paths
    }
}

fn start(path: &[Seen]) -> Option<Micros> {
    path.first().map(|s| s.time)
}

/// True if one of the alternatives holds for these rules.
pub(super) fn any(clauses: &[Clause], present: u64) -> bool {
    clauses.iter().any(|c| c.present & !present == 0 && c.absent & present == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain(steps: &[u8], partial: bool) -> Vec<Chain> {
        vec![Chain { steps: steps.to_vec(), absent: 0, partial }]
    }

    fn ids(o: &Order, c: &[Chain], from: Micros) -> Vec<u128> {
        o.best(c, from).unwrap_or_default().iter().map(|s| s.id).collect()
    }

    #[test]
    fn the_newest_start_is_kept() {
        let c = chain(&[0, 1, 2], false);
        let mut o = Order::new(3, &c);
        for (t, slot) in [(1, 0), (2, 1), (3, 0), (4, 2)] {
            o.note(&c, 1 << slot, t, t as u128, 0);
        }
        assert_eq!(ids(&o, &c, 0), [1, 2, 4], "3 came after the second step");
        assert_eq!(o.best(&c, 2), None);
        o.note(&c, 1 << 1, 5, 5, 0);
        o.note(&c, 1 << 2, 6, 6, 0);
        assert_eq!(ids(&o, &c, 2), [3, 5, 6]);
    }

    #[test]
    fn an_event_is_one_step_only() {
        let c = chain(&[0, 0, 1], false);
        let mut o = Order::new(2, &c);
        o.note(&c, 0b11, 1, 1, 0);
        o.note(&c, 0b11, 1, 2, 0);
        assert_eq!(o.best(&c, 0), None);
        o.note(&c, 0b11, 1, 3, 0);
        assert_eq!(ids(&o, &c, 0), [1, 2, 3]);
    }

    #[test]
    fn a_partial_chain_gives_its_longest_part() {
        let c = chain(&[0, 1, 2], true);
        let mut o = Order::new(3, &c);
        for (t, slot) in [(1, 2), (2, 0), (3, 2)] {
            o.note(&c, 1 << slot, t, t as u128, 0);
        }
        assert_eq!(ids(&o, &c, 0), [2, 3]);
        assert_eq!(ids(&o, &c, 3), [3]);
    }

    #[test]
    fn what_must_be_absent_spoils_it() {
        let c = vec![Chain { steps: vec![0], absent: 2, partial: false }];
        let mut o = Order::new(2, &c);
        o.note(&c, 1, 5, 1, 0);
        assert_eq!(ids(&o, &c, 0), [1]);
        o.note(&c, 2, 6, 2, 0);
        assert_eq!(o.best(&c, 0), None);
    }
}
