//! Distinct values of groups, counted: each value is kept once, however many groups and events have it.

use super::table::heap;
use hashbrown::{HashMap, HashTable};
use rustc_hash::FxBuildHasher;
use serde::{Deserialize, Serialize};

#[derive(Debug, Default, Serialize, Deserialize)]
struct Value {
    bytes: Box<[u8]>,
    hash: u64,
    uses: u32,
}

/// What became of a value that was added.
#[derive(Clone, Copy, Debug)]
pub(super) struct Added {
    pub index: u32,
    /// The group did not have it.
    pub first: bool,
}

/// The values of a table.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Values {
    all: Vec<Value>,
    free: Vec<u32>,
    #[serde(skip)]
    index: HashTable<u32>,
    /// How often a group (slot, born) has a value.
    #[serde(skip)]
    counts: HashMap<(u32, u32, u32), u32, FxBuildHasher>,
}

impl Values {
    /// Counts a value of a group.
    pub fn add(&mut self, bytes: &[u8], slot: u32, born: u32) -> Added {
        let hash = super::key::hash(bytes);
        let all = &self.all;
        let found =
            self.index.find(hash, |v| all.get(*v as usize).is_some_and(|v| *v.bytes == *bytes)).copied();
        let index = found.unwrap_or_else(|| self.insert(bytes, hash));
        if let Some(v) = self.all.get_mut(index as usize) {
            v.uses += 1;
        }
        let n = self.counts.entry((slot, born, index)).or_insert(0);
        *n += 1;
        Added { index, first: *n == 1 }
    }

    fn insert(&mut self, bytes: &[u8], hash: u64) -> u32 {
        let value = Value { bytes: bytes.into(), hash, uses: 0 };
        let index = match self.free.pop() {
            Some(i) => {
                if let Some(v) = self.all.get_mut(i as usize) {
                    *v = value;
                }
                i
            }
            None => {
                self.all.push(value);
                (self.all.len() - 1) as u32
            }
        };
        let all = &self.all;
        self.index.insert_unique(hash, index, |v| all.get(*v as usize).map_or(0, |v| v.hash));
        index
    }

    /// Takes one away again; true if the group does not have it any more.
    pub fn remove(&mut self, index: u32, slot: u32, born: u32) -> bool {
        let Some(n) = self.counts.get_mut(&(slot, born, index)) else { return false };
        *n -= 1;
        let last = *n == 0;
        if last {
            self.counts.remove(&(slot, born, index));
        }
        if let Some(v) = self.all.get_mut(index as usize) {
            v.uses = v.uses.saturating_sub(1);
            if v.uses == 0 {
                v.bytes = Box::default();
                if let Ok(found) = self.index.find_entry(v.hash, |i| *i == index) {
                    found.remove();
                }
                self.free.push(index);
            }
        }
        last
    }

    /// Builds what a snapshot leaves out, from the entries (slot, born, value) of the log.
    pub fn rebuild(&mut self, entries: impl Iterator<Item = (u32, u32, u32)>) {
        self.index = HashTable::new();
        self.counts = HashMap::default();
        let all = &self.all;
        let hash = |i: &u32| all.get(*i as usize).map_or(0, |v| v.hash);
        for i in (0..all.len() as u32).filter(|i| all.get(*i as usize).is_some_and(|v| v.uses > 0)) {
            self.index.insert_unique(hash(&i), i, hash);
        }
        if all.is_empty() {
            return;
        }
        for e in entries {
            *self.counts.entry(e).or_insert(0) += 1;
        }
    }

    /// Bytes on the heap.
    pub fn bytes(&self) -> usize {
        let texts: usize = self.all.iter().map(|v| heap(v.bytes.len())).sum();
        heap(self.all.capacity() * size_of::<Value>())
            + texts
            + heap(self.free.capacity() * 4)
            + heap(self.index.allocation_size())
            + heap(self.counts.allocation_size())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_distinct_within_its_group() {
        let mut v = Values::default();
        let a = v.add(b"x", 0, 1);
        assert!(a.first);
        assert!(!v.add(b"x", 0, 1).first);
        assert!(v.add(b"x", 1, 1).first, "another group");
        assert!(v.add(b"y", 0, 1).first);
        assert!(!v.remove(a.index, 0, 1));
        assert!(v.remove(a.index, 0, 1));
        assert!(!v.remove(a.index, 0, 1), "it is gone");
        assert!(v.remove(a.index, 1, 1));
        assert_eq!(v.free, [a.index]);
        assert_eq!(v.add(b"z", 0, 1).index, a.index, "its place is used again");
    }
}
