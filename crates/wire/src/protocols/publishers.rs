//! Who publishes what, for protocols in which one device sends to a group without being asked
//! (GOOSE, sampled values): the owner of each stream, and others who send under its name.
//!
//! Streams of one name come from several addresses when someone forges them, so this is kept across
//! the flows of a shard; all frames of these EtherTypes go to one shard (`decode::shard`).

use crate::cx::{Cx, End};
use crate::model::{HostAddr, Micros};
use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;

/// Names followed in a shard. The one unheard for longest gives way to a new one.
pub const MAX_NAMES: usize = 1024;
/// Addresses followed that publish under one name.
pub const MAX_SOURCES: usize = 4;
/// An owner unheard for so long has left: who publishes then is its successor.
const LEFT: Micros = 600_000_000;
/// Frames within this time that are the same, octet for octet, are one frame on two paths (PRP, HSR,
/// a mirror of two ports).
const TWIN: Micros = 1_000_000;
/// Kinds of events counted apart by a [`Throttle`].
const MAX_KINDS: usize = 24;

/// How an address stands to the name it publishes under.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    /// Nobody published it before.
    First,
    /// The owner goes on.
    Owner,
    /// The owner was unheard for long; this address goes on in its place.
    Successor(HostAddr),
    /// Another publishes beside the owner.
    Other,
}

struct Name<S> {
    owner: End,
    /// When the owner was heard last, and anyone.
    owner_last: Micros,
    last: Micros,
    streams: Vec<(HostAddr, S)>,
}

/// What one address publishes under a name, and who owns the name.
pub struct Heard<'a, S> {
    pub standing: Standing,
    /// The owner, as it was before a successor took over.
    pub owner: End,
    /// Nothing was heard of this address under this name before.
    pub new: bool,
    pub stream: &'a mut S,
}

/// See the module. `S` is what a protocol keeps of a stream.
pub struct Publishers<S> {
    /// By VLAN and name: the same name on another VLAN is another stream.
    names: HashMap<(u16, Box<str>), Name<S>, FxBuildHasher>,
}

impl<S> Default for Publishers<S> {
    fn default() -> Self {
        Publishers { names: HashMap::default() }
    }
}

impl<S: Default> Publishers<S> {
    /// Notes that the sender of what is being fed publishes `name`. `None` when a bound is reached.
    pub fn heard(&mut self, cx: &mut Cx<'_>, name: &str, full: &'static str) -> Option<Heard<'_, S>> {
        let (now, me) = (cx.at().time, *cx.end(cx.from()));
        let vlan = cx.flow().vlan;
        let key = (vlan, Box::from(name));
        if self.names.len() >= MAX_NAMES && !self.names.contains_key(&key) {
            cx.dropped(full);
            let oldest = self.names.iter().min_by_key(|(k, n)| (n.last, *k)).map(|(k, _)| k.clone());
            self.names.remove(&oldest?);
        }
        let mut standing = Standing::Owner;
        let row = self.names.entry(key).or_insert_with(|| {
            standing = Standing::First;
            Name { owner: me, owner_last: now, last: now, streams: Vec::with_capacity(1) }
        });
        let mut owner = row.owner;
        if owner.addr != me.addr {
            // what was harvested in between may have given its number to another host
            match cx.obs.host(crate::obs::HostKey::new(vlan, owner.addr)) {
                Some(host) => owner.host = host,
                None => return None,
            }
            standing = Standing::Other;
            if now.saturating_sub(row.owner_last) > LEFT {
                standing = Standing::Successor(owner.addr);
                row.owner = me;
                row.owner_last = now;
            }
        } else {
            // host numbers and addresses of a flow do not change, its ports may
            row.owner = me;
            row.owner_last = row.owner_last.max(now);
        }
        row.last = row.last.max(now);
        let at = row.streams.iter().position(|(addr, _)| *addr == me.addr);
        let new = at.is_none();
        let at = match at {
            Some(at) => at,
            None if row.streams.len() < MAX_SOURCES => {
                row.streams.push((me.addr, S::default()));
                row.streams.len() - 1
            }
            None => {
                cx.dropped(full);
                return None;
            }
        };
        let (_, stream) = row.streams.get_mut(at)?;
        Some(Heard { standing, owner, new, stream })
    }

    /// Streams that `addr` owns, with their names.
    pub fn owned_by(&mut self, vlan: u16, addr: HostAddr) -> Vec<(&str, &mut S)> {
        let mut found: Vec<(&str, &mut S)> = Vec::new();
        for ((v, name), row) in &mut self.names {
            if *v != vlan || row.owner.addr != addr {
                continue;
            }
            if let Some((_, stream)) = row.streams.iter_mut().find(|(a, _)| *a == addr) {
                found.push((name, stream));
            }
        }
        found.sort_by(|a, b| a.0.cmp(b.0));
        found
    }
}

/// The last frames of a stream by their hash, to know the second copy of one.
#[derive(Default, Clone, Debug)]
pub struct Twins {
    recent: [(u64, Micros); 8],
    next: usize,
}

impl Twins {
    /// True if the same frame was heard a moment ago. `hash` is of all that tells frames apart.
    pub fn is_twin(&mut self, hash: u64, now: Micros) -> bool {
        let near = |at: Micros| now.saturating_sub(at).abs() <= TWIN;
        if self.recent.iter().any(|&(h, at)| h == hash && near(at)) {
            return true;
        }
        if let Some(slot) = self.recent.get_mut(self.next % 8) {
            *slot = (hash, now);
        }
        self.next = (self.next + 1) % 8;
        false
    }
}

/// Hash of octets and numbers that tell frames of a stream apart.
pub fn hash(value: impl std::hash::Hash) -> u64 {
    use std::hash::BuildHasher;
    FxBuildHasher.hash_one(value)
}

/// Lets a few events of each kind through in a second and counts the others.
#[derive(Default, Clone, Debug)]
pub struct Throttle {
    kinds: Vec<(&'static str, i64, u32, u64)>,
}

impl Throttle {
    /// How many of this kind this event stands for (itself and those held back before it), or `None`
    /// if it is to be held back. At most `quota` in a second of packet time.
    pub fn allow(&mut self, kind: &'static str, now: Micros, quota: u32) -> Option<u64> {
        let second = now.div_euclid(1_000_000);
        let at = match self.kinds.iter().position(|k| k.0 == kind) {
            Some(at) => at,
            None if self.kinds.len() < MAX_KINDS => {
                self.kinds.push((kind, second, 0, 0));
                self.kinds.len() - 1
            }
            None => return None,
        };
        let (_, when, count, held) = self.kinds.get_mut(at)?;
        if *when != second {
            (*when, *count) = (second, 0);
        }
        if *count >= quota {
            *held += 1;
            return None;
        }
        *count += 1;
        Some(std::mem::take(held) + 1)
    }
}

/// Frames in the running second of packet time.
#[derive(Default, Clone, Copy, Debug)]
pub struct Rate {
    second: i64,
    count: u32,
}

impl Rate {
    /// Counts one; gives how many there were in this second so far.
    pub fn one(&mut self, now: Micros) -> u32 {
        let second = now.div_euclid(1_000_000);
        if second != self.second {
            *self = Rate { second, count: 0 };
        }
        self.count = self.count.saturating_add(1);
        self.count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twins_are_near_in_time() {
        let mut twins = Twins::default();
        assert!(!twins.is_twin(7, 10_000_000));
        assert!(twins.is_twin(7, 10_400_000));
        assert!(!twins.is_twin(7, 19_000_000));
    }

    #[test]
    fn a_throttle_counts_what_it_holds_back() {
        let mut t = Throttle::default();
        assert_eq!(t.allow("a", 1_000_000, 1), Some(1));
        assert_eq!(t.allow("a", 1_100_000, 1), None);
        assert_eq!(t.allow("b", 1_100_000, 1), Some(1));
        assert_eq!(t.allow("a", 1_200_000, 1), None);
        assert_eq!(t.allow("a", 2_000_000, 1), Some(3));
    }

    #[test]
    fn rates_are_of_one_second() {
        let mut r = Rate::default();
        assert_eq!((r.one(1_000_000), r.one(1_999_999), r.one(2_000_000)), (1, 2, 1));
    }
}
