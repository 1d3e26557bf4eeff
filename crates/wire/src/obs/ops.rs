//! Operation records of one shard.
//!
//! A controller is polled with the same few requests for hours: the record of an operation is
//! nearly always the one of a moment ago. So records are found through a small cache in front of
//! the index, by what can be compared without hashing texts.

use super::{Interner, OpKey, OpStat, Sym};
use crate::model::{Op, Stamp, Transport};
use crate::obs::HostId;
use hashbrown::HashTable;
use rustc_hash::FxBuildHasher;
use std::hash::BuildHasher;

/// Places of the cache; a power of two.
const CACHE: usize = 512;

/// Records in order of first sight, with their index.
pub struct OpTable {
    rows: Vec<(OpKey, OpStat)>,
    index: HashTable<u32>,
    cache: Box<[u32; CACHE]>,
}

impl Default for OpTable {
    fn default() -> OpTable {
        OpTable { rows: Vec::new(), index: HashTable::new(), cache: Box::new([u32::MAX; CACHE]) }
    }
}

/// What tells an operation from others, before its texts are interned.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    pub protocol: &'static str,
    pub op: &'a Op<'a>,
    pub ends: (HostId, HostId),
    pub port: u16,
    pub transport: Transport,
}

impl Asked<'_> {
    fn place(&self) -> usize {
        let mix = u64::from(self.ends.0.0) << 32 | u64::from(self.ends.1.0);
        let kind = self.op.name.len() as u64 ^ (self.op.code.unwrap_or(0) as u64) << 5;
        let unit = self.op.unit.and_then(|u| u.as_bytes().last()).copied().unwrap_or(0);
        let bits = mix ^ kind << 12 ^ u64::from(unit) << 24 ^ (self.op.outcome as u64) << 20;
        (bits.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 48) as usize & (CACHE - 1)
    }
    fn is(&self, key: &OpKey, strings: &Interner) -> bool {
        let same = |sym: Sym, text: &str| strings.get(sym) == text;
        (key.client, key.server) == self.ends
            && key.port == self.port
            && key.transport == self.transport
            && key.outcome == self.op.outcome
            && key.protocol == self.protocol
            && same(key.name, self.op.name)
            && match (key.unit, self.op.unit) {
                (Some(sym), Some(text)) => same(sym, text),
                (None, None) => true,
                _ => false,
            }
    }
}

impl OpTable {
    /// The record of the same operation a moment ago, if the cache still knows it.
    pub fn recent(&mut self, asked: &Asked<'_>, strings: &Interner) -> Option<&mut OpStat> {
        let slot = *self.cache.get(asked.place())?;
        let (key, stat) = self.rows.get_mut(slot as usize)?;
        asked.is(key, strings).then_some(stat)
    }
    /// The record with this key, brought into the cache for the next time.
    pub fn find(&mut self, key: &OpKey, asked: &Asked<'_>) -> Option<&mut OpStat> {
        let hash = FxBuildHasher.hash_one(key);
        let rows = &self.rows;
        let slot = *self.index.find(hash, |&i| rows[i as usize].0 == *key)?;
        if let Some(place) = self.cache.get_mut(asked.place()) {
            *place = slot;
        }
        self.rows.get_mut(slot as usize).map(|(_, stat)| stat)
    }
    /// Adds a record that is not there.
    pub fn insert(&mut self, key: OpKey, stat: OpStat) {
        let slot = self.rows.len() as u32;
        let hash = FxBuildHasher.hash_one(key);
        self.rows.push((key, stat));
        let rows = &self.rows;
        self.index.insert_unique(hash, slot, |&i| FxBuildHasher.hash_one(rows[i as usize].0));
    }
    pub fn len(&self) -> usize {
        self.rows.len()
    }
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
    pub fn iter(&self) -> impl Iterator<Item = (&OpKey, &OpStat)> {
        self.rows.iter().map(|(k, s)| (k, s))
    }
    pub fn keys(&self) -> impl Iterator<Item = &OpKey> {
        self.rows.iter().map(|(k, _)| k)
    }
    pub fn values(&self) -> impl Iterator<Item = &OpStat> {
        self.rows.iter().map(|(_, s)| s)
    }
    pub fn bytes(&self) -> usize {
        self.rows.capacity() * size_of::<(OpKey, OpStat)>() + self.index.allocation_size() + CACHE * 4
    }
}

impl IntoIterator for OpTable {
    type Item = (OpKey, OpStat);
    type IntoIter = std::vec::IntoIter<(OpKey, OpStat)>;
    fn into_iter(self) -> Self::IntoIter {
        self.rows.into_iter()
    }
}

impl OpStat {
    /// Counts one more of the same.
    pub fn again(&mut self, op: &Op<'_>, at: Stamp) {
        // the example is the earliest one
        if at < self.seen.first {
            self.example(op);
        }
        self.seen.again(at);
        if let Some(range) = op.address {
            self.range(range);
        }
    }
}
