//! Records that changed since a store was told last, by keys that stay.

use crate::inventory::Inventory;
use crate::state::{ConvKey, Map};
use rustc_hash::FxBuildHasher;
use sha2::{Digest, Sha256};
use std::hash::{BuildHasher, RandomState};

/// Kinds of records, in the order of the document.
pub const KINDS: [&str; 4] = ["asset", "conversation", "credential", "operation"];

/// A document under its key, and keys that are gone.
pub type Changes = (Vec<(String, Vec<u8>)>, Vec<String>);

/// Key of a record: the number its text form is made of, or an asset's id.
#[derive(Clone)]
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

/// By what tells a record apart, as a number of this process: its key and the digest of its document.
type Kept = Map<u64, (u64, Key)>;

/// What a store was told, by kind.
#[derive(Default)]
pub struct Told {
    kept: [Kept; 4],
    /// What it will know once it has kept the last answer.
    asked: [Option<Kept>; 4],
    hasher: RandomState,
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
    FxBuildHasher.hash_one(doc)
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
        let mut now: Kept = Map::default();
        now.reserve(before.len());
        let mut docs: Vec<(String, Vec<u8>)> = Vec::new();
        let mut out = Vec::with_capacity(4096);
        let view = self.view();
        if n == 0 {
            for a in 0..self.assets() as u32 {
                out.clear();
                view.asset(&mut out, a);
                let id = self.id(a).unwrap_or_default();
                let (place, digest) = (told.hasher.hash_one(id), digest(&out));
                let key = Key::Id(id.into());
                if before.get(&place).is_none_or(|b| b.0 != digest) {
                    docs.push((key.text(), out.clone()));
                }
                now.insert(place, (digest, key));
            }
        } else if n == 1 {
            let new = |key: &ConvKey, digest: u64| {
                let place = told.hasher.hash_one(view.conversation_parts(key));
                let same = before.get(&place).filter(|b| b.0 == digest).cloned();
                let known = same.is_some();
                let own = same.unwrap_or_else(|| (digest, Key::Hash(view.conversation_key(key))));
                now.insert(place, own);
                !known
            };
            view.each_conversation(false, new, |key, doc| {
                docs.push((Key::Hash(view.conversation_key(key)).text(), doc.to_vec()));
            });
        } else {
            let mut take = |hash: [u8; 16], doc: &[u8]| {
                let (place, digest, key) = (told.hasher.hash_one(hash), digest(doc), Key::Hash(hash));
                if before.get(&place).is_none_or(|b| b.0 != digest) {
                    docs.push((key.text(), doc.to_vec()));
                }
                now.insert(place, (digest, key));
            };
            if n == 2 {
                view.each_credential(|key, doc| take(view.credential_key(key), doc));
            } else {
                view.each_operation(false, |key, doc| take(view.operation_key(key), doc));
            }
        }
        let gone = before.iter().filter(|(place, _)| !now.contains_key(*place));
        let gone = gone.map(|(_, (_, key))| key.text()).collect();
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
