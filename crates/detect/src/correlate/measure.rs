//! Sums and order statistics of a sliding window that are exact: what was added can be taken away again
//! without a trace, and the order of adding does not matter.

use serde::{Deserialize, Serialize};

/// 2^64: the unit of a fraction.
const UNIT: f64 = 18_446_744_073_709_551_616.0;

/// A sum in fixed point: whole part, and fraction in units of 2^-64. Exact for values that are multiples of 2^-64; of
/// smaller parts the same is taken away that was added. Values below 2^100 in magnitude, 2^26 of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Sum {
    whole: i128,
    fraction: i128,
}

impl Sum {
    pub fn add(&mut self, v: f64) {
        let (w, f) = Sum::split(v);
        self.whole = self.whole.wrapping_add(w);
        self.fraction = self.fraction.wrapping_add(f);
    }
    pub fn remove(&mut self, v: f64) {
        let (w, f) = Sum::split(v);
        self.whole = self.whole.wrapping_sub(w);
        self.fraction = self.fraction.wrapping_sub(f);
    }
    fn split(v: f64) -> (i128, i128) {
        let whole = v.trunc();
        (whole as i128, ((v - whole) * UNIT) as i128)
    }
    /// The sum, rounded to the nearest number but for the last bit.
    pub fn value(&self) -> f64 {
        let whole = self.whole.wrapping_add(self.fraction >> 64);
        let rest = self.fraction & i128::from(u64::MAX);
        if whole == -1 {
            return (rest - (1 << 64)) as f64 / UNIT;
        }
        whole as f64 + rest as f64 / UNIT
    }
}

/// Numbers of a chunk before it is split.
const CHUNK: usize = 512;

/// Numbers in ascending order with access by rank: chunks of at most 512, so that adding, removing and
/// finding cost the square root of how many there are, in moves of memory.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Ranked {
    chunks: Vec<Vec<u64>>,
    len: usize,
}

impl Ranked {
    pub fn insert(&mut self, v: f64) {
        let key = rank(v);
        self.len += 1;
        let at = self.chunks.partition_point(|c| c.last().is_some_and(|l| *l < key));
        let at = at.min(self.chunks.len().saturating_sub(1));
        let Some(chunk) = self.chunks.get_mut(at) else {
            self.chunks.push(vec![key]);
            return;
        };
        let place = chunk.partition_point(|k| *k < key);
        chunk.insert(place, key);
        if chunk.len() > CHUNK {
            let upper = chunk.split_off(CHUNK / 2);
            self.chunks.insert(at + 1, upper);
        }
    }

    /// Takes away one number that was added.
    pub fn remove(&mut self, v: f64) {
        let key = rank(v);
        let at = self.chunks.partition_point(|c| c.last().is_some_and(|l| *l < key));
        let Some(chunk) = self.chunks.get_mut(at) else { return };
        let place = chunk.partition_point(|k| *k < key);
        if chunk.get(place) == Some(&key) {
            chunk.remove(place);
            self.len -= 1;
            if chunk.is_empty() {
                self.chunks.remove(at);
            }
        }
    }

    fn nth(&self, mut n: usize) -> Option<f64> {
        for c in &self.chunks {
            match c.get(n) {
                Some(k) => return Some(unrank(*k)),
                None => n -= c.len(),
            }
        }
        None
    }

    /// The percentile `p` (0 to 100), linear between the two nearest ranks; `None` of nothing.
    pub fn percentile(&self, p: f64) -> Option<f64> {
        let place = p / 100.0 * (self.len.checked_sub(1)? as f64);
        let low = self.nth(place.floor() as usize)?;
        let high = self.nth(place.ceil() as usize)?;
        Some(low + (high - low) * place.fract())
    }

    /// Bytes on the heap.
    pub fn bytes(&self) -> usize {
        let chunks: usize = self.chunks.iter().map(|c| super::table::heap(c.capacity() * 8)).sum();
        super::table::heap(self.chunks.capacity() * size_of::<Vec<u64>>()) + chunks
    }
}

/// An integer that is ordered as the number is (IEEE 754 total order); both zeros are one.
fn rank(v: f64) -> u64 {
    let bits = if v == 0.0 { 0 } else { v.to_bits() };
    if bits >> 63 == 1 { !bits } else { bits | 1 << 63 }
}

fn unrank(key: u64) -> f64 {
    f64::from_bits(if key >> 63 == 1 { key & !(1 << 63) } else { !key })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_sum_leaves_no_trace() {
        let mut s = Sum::default();
        let values = [1e16, 1.0, -1e16, 0.1, 1e-30, -3.75, 1e29, 0.2];
        values.iter().for_each(|v| s.add(*v));
        for v in values.iter().rev() {
            s.remove(*v);
        }
        assert_eq!(s, Sum::default());
        assert_eq!(s.value(), 0.0);
        s.add(1e16);
        s.add(0.25);
        s.remove(1e16);
        assert_eq!(s.value(), 0.25);
        let mut n = Sum::default();
        n.add(-0.1);
        assert!((n.value() + 0.1).abs() < 1e-17);
        n.add(-5.0);
        assert_eq!(n.value(), -5.1);
    }

    proptest! {
        #[test]
        fn ranks_are_those_of_a_sorted_list(ops in prop::collection::vec((any::<bool>(), -50i32..50), 1..3000)) {
            let mut r = Ranked::default();
            let mut list: Vec<f64> = Vec::new();
            for (add, v) in ops {
                let v = f64::from(v) / 4.0;
                if add || list.is_empty() {
                    r.insert(v);
                    list.push(v);
                } else {
                    let gone = list.swap_remove(v.abs() as usize % list.len());
                    r.remove(gone);
                }
            }
            list.sort_by(f64::total_cmp);
            let all: Vec<f64> = (0..list.len()).filter_map(|i| r.nth(i)).collect();
            prop_assert_eq!(&all, &list);
            prop_assert_eq!(r.nth(list.len()), None);
            prop_assert_eq!(r.percentile(100.0), list.last().copied());
        }
    }

    #[test]
    fn percentiles_are_linear_between_ranks() {
        let mut r = Ranked::default();
        assert_eq!(r.percentile(50.0), None);
        [4.0, 1.0, 3.0, 2.0, -0.0].iter().for_each(|v| r.insert(*v));
        assert_eq!(
            (r.percentile(0.0), r.percentile(50.0), r.percentile(90.0)),
            (Some(0.0), Some(2.0), Some(3.6))
        );
        r.remove(0.0);
        assert_eq!(r.percentile(50.0), Some(2.5));
        r.remove(99.0);
        assert_eq!(r.percentile(50.0), Some(2.5), "what is not there is not taken away");
    }
}
