//! A table in a snapshot and in memory.

use super::{Entry, Group, Measure, NONE, Table, heap};
use crate::correlate::measure::{Ranked, Sum};
use crate::correlate::order::Order;
use hashbrown::HashTable;
use sentinel_wire::model::Micros;

impl Table {
    /// Builds what a snapshot leaves out.
    pub fn rebuild(&mut self) {
        self.index = HashTable::new();
        let groups = &self.groups;
        let hash = |s: &u32| groups.get(*s as usize).map_or(0, |g| g.hash);
        for slot in
            (0..groups.len() as u32).filter(|s| groups.get(*s as usize).is_some_and(|g| g.born & 1 == 1))
        {
            self.index.insert_unique(hash(&slot), slot, hash);
        }
        let entries = self.log.iter().filter(|e| e.slot != NONE).map(|e| (e.slot, e.born, e.value as u32));
        self.values.rebuild(entries);
    }

    /// Bytes held, by formula: what each collection has allocated.
    pub fn bytes(&self) -> usize {
        let groups: usize = self
            .groups
            .iter()
            .map(|g| {
                let measure = match &g.measure {
                    Measure::Nothing | Measure::Distinct(_) => 0,
                    Measure::Sum(_) => heap(size_of::<Sum>()),
                    Measure::Ranked(r) => heap(size_of::<Ranked>()) + r.bytes(),
                    Measure::Latest(l) => l.bytes(),
                    Measure::Order(o) => heap(size_of::<Order>()) + o.bytes(),
                };
                heap(g.key.len()) + measure
            })
            .sum();
        heap(self.groups.capacity() * size_of::<Group>())
            + groups
            + heap(self.free.capacity() * 4)
            + heap(self.log.capacity() * size_of::<Entry>())
            + heap(self.opens.capacity() * size_of::<(Micros, u32, u32)>())
            + heap(self.index.allocation_size())
            + self.values.bytes()
    }
}
