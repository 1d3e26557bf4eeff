//! A set of registry entries, as bits.

/// At most [`Mask::MOST`] entries. Copied with every flow whose protocol is not known yet: 32 octets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mask([u128; 2]);

impl Mask {
    pub const EMPTY: Mask = Mask([0; 2]);
    /// Entries are numbered by one octet.
    pub const MOST: usize = 255;

    pub fn insert(&mut self, entry: u8) {
        self.0[usize::from(entry >> 7)] |= 1 << (entry & 127);
    }
    pub fn is_empty(&self) -> bool {
        self.0 == [0; 2]
    }
    pub fn with(&self, o: &Mask) -> Mask {
        Mask([self.0[0] | o.0[0], self.0[1] | o.0[1]])
    }
    pub fn common(&self, o: &Mask) -> Mask {
        Mask([self.0[0] & o.0[0], self.0[1] & o.0[1]])
    }
    /// The entry with the lowest number, taken out.
    pub fn take(&mut self) -> Option<u8> {
        let half = usize::from(self.0[0] == 0);
        let bits = self.0[half];
        if bits == 0 {
            return None;
        }
        self.0[half] = bits & (bits - 1);
        Some(bits.trailing_zeros() as u8 | (half as u8) << 7)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn mask(entries: &BTreeSet<u8>) -> Mask {
        let mut mask = Mask::EMPTY;
        entries.iter().for_each(|e| mask.insert(*e));
        mask
    }
    fn set(mut mask: Mask) -> BTreeSet<u8> {
        std::iter::from_fn(|| mask.take()).collect()
    }

    proptest! {
        #[test]
        fn is_a_set(a: BTreeSet<u8>, b: BTreeSet<u8>) {
            prop_assert_eq!(set(mask(&a)), a.clone());
            prop_assert_eq!(mask(&a).is_empty(), a.is_empty());
            prop_assert_eq!(set(mask(&a).with(&mask(&b))), a.union(&b).copied().collect());
            prop_assert_eq!(set(mask(&a).common(&mask(&b))), a.intersection(&b).copied().collect());
        }
    }
}
