//! How much memory a rule can come to, from its bounds alone.

use super::measure::{Ranked, Sum};
use super::order::{Order, Seen};
use super::table::{Bounds, SIZES, heap};
use super::{Kind, Limits, key, values};

impl Limits {
    /// The most bytes one rule holds under these bounds: `keys` is the mean length of a group's key (its values and 3
    /// bytes for each field), `values` that of a counted value, `rules` how many rules it refers to.
    ///
    /// Collections grow by doubling, and of the log at most half (and 1024 entries) belongs to nobody: hence the factors.
    /// `docs/concepts/correlation.md` explains the terms; a test fills a rule of each type and compares.
    pub fn bytes(&self, kind: Kind, keys: usize, values: usize, rules: usize) -> usize {
        let b = Bounds::new(self);
        let (group, entry) = SIZES;
        let seen = heap(rules.saturating_mul(size_of::<Option<Seen>>()));
        // A sequence is kept for each step and length; sequences of n steps have n witnesses.
        let cells = rules.saturating_mul(rules + 1) / 2;
        let path = 2 * size_of::<Vec<Seen>>() + heap(2 * rules * size_of::<Seen>());
        let measure = match kind {
            Kind::EventCount | Kind::ValueCount => 0,
            Kind::ValueSum | Kind::ValueAvg => heap(size_of::<Sum>()),
            Kind::ValuePercentile | Kind::ValueMedian => heap(size_of::<Ranked>()) + heap(96) + heap(32),
            Kind::Temporal => seen,
            Kind::TemporalOrdered => heap(size_of::<Order>()) + seen + cells.saturating_mul(path),
        };
        // Twice the group (growth), its key, what it measures, its places in the index, the free list, the open windows.
        let per_group = 2 * group + heap(keys) + measure + 12 + 8 + 2 * 2 * 16;
        let per_entry = match kind {
            Kind::ValueCount => 4 * entry + values::BYTES + heap(values),
            Kind::ValuePercentile | Kind::ValueMedian => 4 * entry + 32,
            _ => 4 * entry,
        };
        let fixed = 4096 + 2 * 1024 * (entry + 16);
        let part = b.groups.saturating_mul(per_group).saturating_add(b.entries.saturating_mul(per_entry));
        part.saturating_add(fixed).saturating_mul(key::parts(self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documents_sizes_are_those_of_the_code() {
        assert_eq!(SIZES, (112, 56), "docs/concepts/correlation.md states them");
    }
}
