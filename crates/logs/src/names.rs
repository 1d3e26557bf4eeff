//! Names of fields: texts that live as long as the process, and where in the event at hand they are.
//!
//! Logs name their fields themselves. Each name is kept once, for all readers; there are at most
//! [`MOST`] of at most [`LONGEST`] bytes, what is beyond that is not taken.

use hashbrown::HashTable;
use rustc_hash::{FxBuildHasher, FxHashMap, FxHashSet};
use std::hash::BuildHasher;
use std::sync::{Mutex, PoisonError};

/// Names kept in one process.
pub const MOST: usize = 1 << 16;
/// Bytes of one name.
pub const LONGEST: usize = 256;

/// The text of a name for as long as the process lives; `None` if there are too many already.
pub fn name(text: &str) -> Option<&'static str> {
    static NAMES: Mutex<Option<FxHashSet<&'static str>>> = Mutex::new(None);
    let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    let names = names.get_or_insert_default();
    if let Some(known) = names.get(text) {
        return Some(known);
    }
    if names.len() >= MOST || text.len() > LONGEST || text.is_empty() || text.chars().any(char::is_control) {
        return None;
    }
    let kept: &'static str = Box::leak(text.to_owned().into_boxed_str());
    names.insert(kept);
    Some(kept)
}

/// Number of a path of keys within one reader; 0 is the top.
pub type Path = u32;

#[derive(Debug)]
struct Entry {
    parent: Path,
    key: Box<str>,
    /// `None`: not taken.
    name: Option<&'static str>,
    /// First entry of this name: `{"a.b": 1}` and `{"a": {"b": 1}}` are one field.
    first: u32,
    /// Event it was last in, and its place among that event's fields.
    event: u64,
    place: usize,
}

/// Paths of nested keys, joined by dots, for one reader.
#[derive(Debug, Default)]
pub struct Paths {
    entries: Vec<Entry>,
    index: HashTable<u32>,
    names: FxHashMap<&'static str, u32>,
    event: u64,
}

impl Paths {
    /// The next event begins.
    pub fn begin(&mut self) {
        self.event += 1;
    }

    /// The path of `key` under `parent`; `None` when there are too many.
    pub fn child(&mut self, parent: Path, key: &str) -> Option<Path> {
        let hash = FxBuildHasher.hash_one((parent, key));
        let entries = &self.entries;
        let same = |&i: &u32| entries.get(i as usize).is_some_and(|e| e.parent == parent && *e.key == *key);
        if let Some(&i) = self.index.find(hash, same) {
            return Some(i + 1);
        }
        if self.entries.len() >= MOST || key.len() > LONGEST {
            return None;
        }
        let full = match parent.checked_sub(1).and_then(|p| self.entries.get(p as usize)) {
            Some(above) => above.name.and_then(|above| name(&format!("{above}.{key}"))),
            None => name(key),
        };
        let i = self.entries.len() as u32;
        let first = full.map_or(i, |name| *self.names.entry(name).or_insert(i));
        self.entries.push(Entry { parent, key: key.into(), name: full, first, event: 0, place: 0 });
        let entries = &self.entries;
        let again = |&i: &u32| entries.get(i as usize).map_or(0, |e| FxBuildHasher.hash_one((e.parent, &*e.key)));
        self.index.insert_unique(hash, i, again);
        Some(i + 1)
    }

    /// The name of a path, and its place among this event's fields if it was there before; `new` is its
    /// place otherwise.
    pub fn place(&mut self, path: Path, new: usize) -> Option<(&'static str, Option<usize>)> {
        let event = self.event;
        let first = self.entries.get(path.checked_sub(1)? as usize)?.first;
        let e = self.entries.get_mut(first as usize)?;
        let name = e.name?;
        if e.event == event {
            return Some((name, Some(e.place)));
        }
        e.event = event;
        e.place = new;
        Some((name, None))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_known_again() {
        let mut paths = Paths::default();
        paths.begin();
        let a = paths.child(0, "alert").unwrap();
        let b = paths.child(a, "signature").unwrap();
        assert_eq!(paths.child(a, "signature"), Some(b));
        assert_ne!(paths.child(0, "signature"), Some(b));
        assert_eq!(paths.place(b, 3), Some(("alert.signature", None)));
        assert_eq!(paths.place(b, 4), Some(("alert.signature", Some(3))));
        paths.begin();
        assert_eq!(paths.place(b, 4), Some(("alert.signature", None)));
    }

    #[test]
    fn bounds() {
        let mut paths = Paths::default();
        assert_eq!(paths.child(0, &"x".repeat(LONGEST + 1)), None);
        let long = paths.child(0, &"y".repeat(200)).unwrap();
        let deep = paths.child(long, &"z".repeat(200)).unwrap();
        assert_eq!(paths.place(deep, 0), None);
        assert_eq!(name("a\nb"), None);
    }
}
