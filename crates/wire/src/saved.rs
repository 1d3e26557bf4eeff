//! State of a run as bytes, to go on with after a restart: how it is framed, and how tables and fixed
//! words are written.

use crate::model::Val;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

/// First bytes of the form: name and version.
const MAGIC: &[u8; 8] = b"SNTLFLW1";
/// Bytes of the digest behind them.
const DIGEST: usize = 16;
/// Words that live as long as the process: names of protocols, of event fields, of states.
const MAX_WORDS: usize = 1 << 14;
const LONGEST_WORD: usize = 128;

/// The bytes of a form: name, digest of what follows, postcard.
pub fn pack(form: &impl Serialize) -> Vec<u8> {
    let body = postcard::to_allocvec(form).unwrap_or_default();
    let digest = Sha256::digest(&body);
    [&MAGIC[..], digest.get(..DIGEST).unwrap_or_default(), &body].concat()
}

/// The form that [`pack`] made bytes of. The error is one line.
pub fn unpack<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    let rest = bytes.strip_prefix(MAGIC).ok_or("state of flows: not this form, or of another version")?;
    let (digest, body) = rest.split_at_checked(DIGEST).ok_or("state of flows: cut short")?;
    if Sha256::digest(body).get(..DIGEST) != Some(digest) {
        return Err("state of flows: damaged".into());
    }
    postcard::from_bytes(body).map_err(|why| format!("state of flows: damaged: {why}"))
}

/// A word that is fixed in the program, by its text. `None` if there are too many of them or it is too
/// long: then the bytes are not ours.
pub fn word(text: &str) -> Option<&'static str> {
    static WORDS: Mutex<Option<HashSet<&'static str>>> = Mutex::new(None);
    if text.is_empty() {
        return Some("");
    }
    let mut words = WORDS.lock().unwrap_or_else(PoisonError::into_inner);
    let words = words.get_or_insert_default();
    if let Some(known) = words.get(text) {
        return Some(known);
    }
    if words.len() >= MAX_WORDS || text.len() > LONGEST_WORD {
        return None;
    }
    let leaked: &'static str = Box::leak(text.to_owned().into_boxed_str());
    words.insert(leaked);
    Some(leaked)
}

/// A value of an event field as it is saved.
#[derive(Serialize, Deserialize)]
pub enum Saved {
    Int(i64),
    Float(f64),
    Bool(bool),
    Text(String),
    List(Vec<Saved>),
}

impl From<&Val> for Saved {
    fn from(v: &Val) -> Saved {
        match v {
            Val::Int(v) => Saved::Int(*v),
            Val::Float(v) => Saved::Float(*v),
            Val::Bool(v) => Saved::Bool(*v),
            Val::Str(s) => Saved::Text(s.to_string()),
            Val::Static(s) => Saved::Text((*s).to_owned()),
            Val::List(l) => Saved::List(l.iter().map(Saved::from).collect()),
        }
    }
}

impl From<Saved> for Val {
    fn from(v: Saved) -> Val {
        match v {
            Saved::Int(v) => Val::Int(v),
            Saved::Float(v) => Val::Float(v),
            Saved::Bool(v) => Val::Bool(v),
            Saved::Text(s) => Val::from(s),
            Saved::List(l) => Val::List(l.into_iter().map(Val::from).collect()),
        }
    }
}

/// Fields of an event as they are saved.
pub fn fields(f: &[(&'static str, Val)]) -> Vec<(String, Saved)> {
    f.iter().map(|(name, v)| ((*name).to_owned(), Saved::from(v))).collect()
}

/// Fields of an event that was saved.
pub fn known(f: Vec<(String, Saved)>) -> Option<Vec<(&'static str, Val)>> {
    f.into_iter().map(|(name, v)| Some((word(&name)?, Val::from(v)))).collect()
}

/// A hash table as a list of pairs, for `#[serde(with)]`.
pub mod pairs {
    use hashbrown::HashMap;
    use rustc_hash::FxBuildHasher;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use std::hash::Hash;

    type Map<K, V> = HashMap<K, V, FxBuildHasher>;

    pub fn serialize<S: Serializer, K: Serialize, V: Serialize>(
        map: &Map<K, V>,
        out: S,
    ) -> Result<S::Ok, S::Error> {
        out.collect_seq(map.iter())
    }
    pub fn deserialize<'de, D, K, V>(from: D) -> Result<Map<K, V>, D::Error>
    where
        D: Deserializer<'de>,
        K: Deserialize<'de> + Eq + Hash,
        V: Deserialize<'de>,
    {
        Ok(Vec::<(K, V)>::deserialize(from)?.into_iter().collect())
    }
}

/// A hash set as a list, for `#[serde(with)]`.
pub mod set {
    use hashbrown::HashSet;
    use rustc_hash::FxBuildHasher;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use std::hash::Hash;

    type Set<K> = HashSet<K, FxBuildHasher>;

    pub fn serialize<S: Serializer, K: Serialize>(set: &Set<K>, out: S) -> Result<S::Ok, S::Error> {
        out.collect_seq(set.iter())
    }
    pub fn deserialize<'de, D, K>(from: D) -> Result<Set<K>, D::Error>
    where
        D: Deserializer<'de>,
        K: Deserialize<'de> + Eq + Hash,
    {
        Ok(Vec::<K>::deserialize(from)?.into_iter().collect())
    }
}

/// Counts by fixed words, for `#[serde(with)]`.
pub mod words {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(list: &[(&'static str, u32)], out: S) -> Result<S::Ok, S::Error> {
        out.collect_seq(list)
    }
    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<(&'static str, u32)>, D::Error> {
        Vec::<(String, u32)>::deserialize(from)?
            .into_iter()
            .map(|(text, n)| Ok((super::word(&text).ok_or_else(|| D::Error::custom("unknown word"))?, n)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_packed_is_unpacked() {
        let bytes = pack(&vec![(7u64, String::from("a"))]);
        assert_eq!(unpack::<Vec<(u64, String)>>(&bytes).unwrap(), [(7, "a".to_owned())]);
    }

    proptest! {
        /// One octet changed, or some missing: refused.
        #[test]
        fn damage_is_found(at in any::<prop::sample::Index>(), bit in 0u8..8, cut in any::<bool>()) {
            let mut bytes = pack(&(1u32..60).collect::<Vec<_>>());
            let at = at.index(bytes.len());
            if cut {
                bytes.truncate(at);
            } else {
                bytes[at] ^= 1 << bit;
            }
            prop_assert!(unpack::<Vec<u32>>(&bytes).is_err());
        }
        #[test]
        fn anything_is_taken_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(unpack::<Vec<u32>>(&bytes).is_err());
        }
    }
}
