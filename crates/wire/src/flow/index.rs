//! Flow numbers by hash: open addressing, eight bytes an entry, so that a look-up is one cache line
//! of the index and one of the flow. Deletion shifts back, no tombstones.

/// See the module. Entries are (upper half of the hash, slot).
pub struct Index {
    entries: Vec<(u32, u32)>,
    mask: usize,
    len: usize,
}

/// Slot number of a free entry.
const FREE: u32 = u32::MAX;

impl Default for Index {
    fn default() -> Index {
        Index { entries: vec![(0, FREE); 64], mask: 63, len: 0 }
    }
}

fn tag(hash: u64) -> u32 {
    (hash >> 32) as u32
}

impl Index {
    pub fn len(&self) -> usize {
        self.len
    }
    pub fn bytes(&self) -> usize {
        self.entries.capacity() * size_of::<(u32, u32)>()
    }
    /// The slot with this hash for which `same` holds.
    #[inline]
    pub fn find(&self, hash: u64, mut same: impl FnMut(u32) -> bool) -> Option<u32> {
        let mut at = hash as usize & self.mask;
        loop {
            let (t, slot) = self.entries[at & self.mask];
            if slot == FREE {
                return None;
            }
            if t == tag(hash) && same(slot) {
                return Some(slot);
            }
            at += 1;
        }
    }
    /// The slot where a flow with this hash most likely stands, by one read: a guess.
    #[inline]
    pub fn guess(&self, hash: u64) -> u32 {
        self.entries.get(hash as usize & self.mask).map_or(FREE, |e| e.1)
    }
    /// Adds a slot that is not there. `rehash` gives the hash of a slot.
    pub fn insert(&mut self, hash: u64, slot: u32, rehash: impl Fn(u32) -> u64) {
        if self.len * 2 >= self.entries.len() {
            let size = self.entries.len() * 2;
            let old = std::mem::replace(&mut self.entries, vec![(0, FREE); size]);
            self.mask = size - 1;
            for (_, slot) in old.into_iter().filter(|e| e.1 != FREE) {
                self.put(rehash(slot), slot);
            }
        }
        self.put(hash, slot);
        self.len += 1;
    }
    fn put(&mut self, hash: u64, slot: u32) {
        let mut at = hash as usize & self.mask;
        while self.entries[at].1 != FREE {
            at = (at + 1) & self.mask;
        }
        self.entries[at] = (tag(hash), slot);
    }
    /// Takes a slot out.
    pub fn remove(&mut self, hash: u64, slot: u32, rehash: impl Fn(u32) -> u64) {
        let mut at = hash as usize & self.mask;
        while self.entries[at].1 != slot {
            if self.entries[at].1 == FREE {
                return;
            }
            at = (at + 1) & self.mask;
        }
        self.len -= 1;
        // move up what would no longer be found behind the hole
        let mut hole = at;
        loop {
            at = (at + 1) & self.mask;
            let (t, next) = self.entries[at];
            if next == FREE {
                break;
            }
            let home = rehash(next) as usize & self.mask;
            if at.wrapping_sub(home) & self.mask >= at.wrapping_sub(hole) & self.mask {
                self.entries[hole] = (t, next);
                hole = at;
            }
        }
        self.entries[hole] = (0, FREE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Behaves as a map from keys to slots, with hashes that collide.
        #[test]
        fn like_a_map(steps in proptest::collection::vec((any::<bool>(), 0u32..200), 0..600)) {
            let hash = |k: u32| (u64::from(k % 7) << 40) | u64::from(k % 13);
            let (mut index, mut model) = (Index::default(), std::collections::BTreeSet::new());
            for (add, k) in steps {
                if add && model.insert(k) {
                    index.insert(hash(k), k, hash);
                } else if !add && model.remove(&k) {
                    index.remove(hash(k), k, hash);
                }
                prop_assert_eq!(index.len(), model.len());
            }
            for k in 0..200 {
                prop_assert_eq!(index.find(hash(k), |s| s == k), model.contains(&k).then_some(k));
            }
        }
    }
}
