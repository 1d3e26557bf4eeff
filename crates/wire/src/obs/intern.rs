//! Strings stored once per shard, named by a number.

use hashbrown::HashTable;
use std::hash::BuildHasher;

/// Number of an interned string, valid in the interner that gave it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, serde::Serialize, serde::Deserialize)]
pub struct Sym(pub u32);

/// Append-only set of strings; text lives in one buffer.
#[derive(Default)]
pub struct Interner {
    text: String,
    ends: Vec<u32>,
    index: HashTable<u32>,
    hasher: rustc_hash::FxBuildHasher,
}

impl Interner {
    /// The number of `text`, which is stored if it is new.
    pub fn intern(&mut self, text: &str) -> Sym {
        let hash = self.hasher.hash_one(text);
        let (buffer, ends, hasher) = (&self.text, &self.ends, self.hasher);
        let at = |i: u32| slice(buffer, ends, i);
        if let Some(&i) = self.index.find(hash, |&i| at(i) == text) {
            return Sym(i);
        }
        let i = ends.len() as u32;
        self.text.push_str(text);
        self.ends.push(self.text.len() as u32);
        let (buffer, ends) = (&self.text, &self.ends);
        self.index.insert_unique(hash, i, |&i| hasher.hash_one(slice(buffer, ends, i)));
        Sym(i)
    }
    /// The text of a number this interner gave.
    pub fn get(&self, sym: Sym) -> &str {
        slice(&self.text, &self.ends, sym.0)
    }
    /// How many strings there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }
    /// Bytes held.
    pub fn bytes(&self) -> usize {
        self.text.capacity() + self.ends.capacity() * 4 + self.index.capacity() * 5
    }
}

fn slice<'a>(text: &'a str, ends: &[u32], i: u32) -> &'a str {
    let start = if i == 0 { 0 } else { ends[i as usize - 1] as usize };
    &text[start..ends[i as usize] as usize]
}
