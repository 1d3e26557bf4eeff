//! A map of a bounded number of entries: a new one takes the place of the one that was not used for longest.

use std::collections::HashMap;
use std::hash::Hash;

const NONE: u32 = u32::MAX;

#[derive(Debug)]
struct Slot<K, V> {
    key: K,
    value: V,
    newer: u32,
    older: u32,
}

/// See the module. Reading an entry with [`Lru::get`] is a use.
#[derive(Debug)]
pub struct Lru<K, V> {
    places: HashMap<K, u32>,
    slots: Vec<Slot<K, V>>,
    newest: u32,
    oldest: u32,
    capacity: usize,
    /// Entries that lost their place.
    pub dropped: u64,
}

impl<K: Hash + Eq + Copy, V> Lru<K, V> {
    /// At least one entry.
    pub fn new(capacity: usize) -> Lru<K, V> {
        let capacity = capacity.clamp(1, NONE as usize);
        Lru { places: HashMap::new(), slots: Vec::new(), newest: NONE, oldest: NONE, capacity, dropped: 0 }
    }
    pub fn len(&self) -> usize {
        self.slots.len()
    }
    pub fn contains(&self, key: &K) -> bool {
        self.places.contains_key(key)
    }
    pub fn get(&mut self, key: &K) -> Option<&mut V> {
        let at = *self.places.get(key)?;
        if self.newest != at {
            self.unlink(at);
            self.link(at);
        }
        self.slots.get_mut(at as usize).map(|slot| &mut slot.value)
    }
    pub fn insert(&mut self, key: K, value: V) {
        if let Some(old) = self.get(&key) {
            *old = value;
            return;
        }
        let at = if self.slots.len() < self.capacity {
            self.slots.push(Slot { key, value, newer: NONE, older: NONE });
            (self.slots.len() - 1) as u32
        } else {
            let at = self.oldest;
            self.unlink(at);
            let slot = &mut self.slots[at as usize];
            self.places.remove(&slot.key);
            (slot.key, slot.value) = (key, value);
            self.dropped += 1;
            at
        };
        self.places.insert(key, at);
        self.link(at);
    }

    fn unlink(&mut self, at: u32) {
        let (newer, older) = (self.slots[at as usize].newer, self.slots[at as usize].older);
        match newer {
            NONE => self.newest = older,
            n => self.slots[n as usize].older = older,
        }
        match older {
            NONE => self.oldest = newer,
            n => self.slots[n as usize].newer = newer,
        }
    }
    fn link(&mut self, at: u32) {
        let before = self.newest;
        let slot = &mut self.slots[at as usize];
        (slot.newer, slot.older) = (NONE, before);
        match before {
            NONE => self.oldest = at,
            n => self.slots[n as usize].newer = at,
        }
        self.newest = at;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_is_a_list_by_last_use(capacity in 1usize..6, uses in prop::collection::vec((0u8..9, any::<bool>()), 0..80)) {
            let mut lru = Lru::new(capacity);
            let mut model: Vec<u8> = Vec::new(); // oldest first
            for (key, write) in uses {
                let known = model.iter().position(|k| *k == key);
                if write {
                    lru.insert(key, u32::from(key));
                } else {
                    prop_assert_eq!(lru.get(&key).copied(), known.map(|_| u32::from(key)));
                }
                if let Some(at) = known {
                    model.remove(at);
                    model.push(key);
                } else if write {
                    if model.len() == capacity {
                        model.remove(0);
                    }
                    model.push(key);
                }
                prop_assert_eq!(lru.len(), model.len());
                prop_assert!(model.iter().all(|k| lru.contains(k)));
            }
        }
    }
}
