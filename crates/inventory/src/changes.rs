//! Records that changed since a store was told last, by keys that stay.

use crate::inventory::Inventory;
use crate::state::Map;
use sha2::{Digest, Sha256};

/// Kinds of records, in the order of the document.
pub const KINDS: [&str; 4] = ["asset", "conversation", "credential", "operation"];

/// A document under its key, and keys that are gone.
pub type Changes = (Vec<(String, Vec<u8>)>, Vec<String>);

/// Key of a record: the number its text form is made of, or an asset's id.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Key {
    Id(Box<str>),
    Hash([u8; 16]),
}

impl Key {
    fn text(&self) -> String {
        match self {
            Key::Id(id) => id.to_string(),
            Key::Hash(h) => sentinel_wire::bytes::hex(h),
        }
    }
}

/// What a store was told, by kind: key and digest of each document.
#[derive(Default)]
pub struct Told {
    kept: [Map<Key, u64>; 4],
    /// What it will know once it has kept the last answer.
    asked: [Option<Map<Key, u64>>; 4],
}

impl Told {
    /// Approximate bytes held.
    pub fn bytes(&self) -> usize {
        self.kept.iter().map(Map::allocation_size).sum()
    }
}

/// The first 16 octets of the SHA-256 of parts of a key, each ended by a zero.
pub fn hash(parts: &[&str]) -> [u8; 16] {
    let mut h = Sha256::new();
    for part in parts {
        h.update(part.as_bytes());
        h.update([0]);
    }
    let digest = h.finalize();
    std::array::from_fn(|i| digest.get(i).copied().unwrap_or(0))
}

fn digest(doc: &[u8]) -> u64 {
    use std::hash::BuildHasher;
    rustc_hash::FxBuildHasher.hash_one(doc)
}

impl Inventory {
    /// Documents of a kind that are new or changed since [`Inventory::kept`] was called for it, and the
    /// keys of those that are gone. `None`: there is no such kind. At first all are new: what else a store
    /// holds of this sensor is gone.
    ///
    /// An asset's key is its id; that of others is a hash of what tells them apart.
    pub fn changed(&mut self, kind: &str) -> Option<Changes> {
        let n = KINDS.iter().position(|k| *k == kind)?;
        let told = std::mem::take(&mut self.told);
        let before = &told.kept[n];
        let mut now: Map<Key, u64> = Map::default();
        now.reserve(before.len());
        let mut docs: Vec<(String, Vec<u8>)> = Vec::new();
        let mut take = |key: Key, doc: &[u8]| {
            let digest = digest(doc);
            if before.get(&key) != Some(&digest) {
                docs.push((key.text(), doc.to_vec()));
            }
            now.insert(key, digest);
        };
        let view = self.view();
        match n {
            0 => {
                let mut out = Vec::with_capacity(4096);
                for a in 0..self.assets() as u32 {
                    out.clear();
                    view.asset(&mut out, a);
                    take(Key::Id(self.id(a).unwrap_or_default().into()), &out);
                }
            }
            1 => view.each_conversation(|key, doc| take(Key::Hash(view.conversation_key(key)), doc)),
            2 => view.each_credential(|key, doc| take(Key::Hash(view.credential_key(key)), doc)),
            _ => view.each_operation(false, |key, doc| take(Key::Hash(view.operation_key(key)), doc)),
        }
        let gone = before.keys().filter(|k| !now.contains_key(*k)).map(Key::text).collect();
        self.told = told;
        self.told.asked[n] = Some(now);
        Some((docs, gone))
    }

    /// The store has kept what [`Inventory::changed`] gave last for a kind.
    pub fn kept(&mut self, kind: &str) {
        if let Some(n) = KINDS.iter().position(|k| *k == kind)
            && let Some(now) = self.told.asked[n].take()
        {
            self.told.kept[n] = now;
        }
    }
}
