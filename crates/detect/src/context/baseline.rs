//! Learned baselines: who talks to whom, by which protocol, doing what, when, and how much.
//!
//! While it learns, everything seen is usual and nothing is claimed. After that, what was never
//! seen is new, and stays new for a time, so that what a new client does next is known to be a new
//! client's doing. Docs: `docs/concepts/baselines.md`.

use crate::context::clock::{HOUR, hour_of_week};
use crate::context::hosts::HostId;
use crate::context::names::NameId;
use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;
use sentinel_wire::model::Micros;
use serde::{Deserialize, Serialize};

/// What may be new about an event: bits of a set.
pub const CLIENT: u8 = 1;
pub const SERVICE: u8 = 2;
pub const FUNCTION: u8 = 4;
pub const DESTINATION: u8 = 8;
pub const HOURS: u8 = 16;
pub const VOLUME: u8 = 32;
/// Words of `sentinel.baseline.new`, in the order of the bits.
pub const WORDS: [&str; 6] = ["client", "service", "function", "destination", "hour", "volume"];

/// A host with this many destinations (a browser, a crawler, a name server) has no usual ones.
pub const MANY: u8 = 32;
/// Deeds a client must have been seen with before an hour can be unusual for it.
const FEW: u32 = 10;

/// When something was seen first, by the clock of learning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    pub first: Micros,
    /// First seen while learning.
    pub learned: bool,
}

/// Whether the baseline claims anything, and for how long what is new stays so.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    pub ready: bool,
    pub now: Micros,
    pub novel: Micros,
}

impl Terms {
    pub fn seen(&self) -> Seen {
        Seen { first: self.now, learned: !self.ready }
    }
    /// Whether something with this first sight is still new.
    pub fn is_new(&self, seen: Seen) -> bool {
        self.ready && !seen.learned && self.now.saturating_sub(seen.first) <= self.novel
    }
}

/// Hours of the week in which a client did something: 168 bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Hours {
    bits: [u64; 3],
    count: u32,
}

impl Hours {
    fn set(&mut self, hour: u8) {
        if let Some(word) = self.bits.get_mut(usize::from(hour / 64)) {
            *word |= 1 << (hour % 64);
        }
        self.count = self.count.saturating_add(1);
    }
    fn has(&self, hour: u8) -> bool {
        self.bits.get(usize::from(hour / 64)).is_some_and(|word| word >> (hour % 64) & 1 == 1)
    }
    /// Whether any day of the same kind (Monday to Friday, or Saturday and Sunday) had this hour of
    /// the day, give or take `around` hours.
    fn like(&self, hour: u8, around: u8) -> bool {
        let days = if hour / 24 < 5 { 0..5u8 } else { 5..7 };
        let of_day = hour % 24 + 24;
        days.into_iter()
            .any(|day| (of_day - around.min(24)..=of_day + around).any(|h| self.has(day * 24 + h % 24)))
    }
}

/// Bytes sent in the hour that runs, and the most in any hour before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Volume {
    hour: i64,
    sum: u64,
    most: u64,
    over: bool,
}

impl Volume {
    /// What was sent so far is usual.
    pub fn accept(&mut self) {
        (self.most, self.over) = (self.most.max(self.sum), false);
    }
}

type Map<K, V> = HashMap<K, V, FxBuildHasher>;

#[derive(Default)]
pub struct Baseline {
    /// (client, protocol): it was ever a client of it.
    pub roles: Map<(HostId, NameId), Seen>,
    /// (conversation, function).
    pub functions: Map<(u32, NameId), Seen>,
    /// (client, destination).
    pub destinations: Map<(HostId, HostId), Seen>,
    /// (client, protocol, category).
    pub hours: Map<(HostId, NameId, u8), Hours>,
    /// (client, destination; all outside are one).
    pub volumes: Map<(HostId, HostId), Volume>,
    /// Hours of the week that were learned from.
    pub covered: Hours,
    pub lost: u64,
}

impl Baseline {
    /// Looks a thing up, noting it if it is new. Gives when it was seen first (`None`: there was no
    /// room), and whether that is now.
    fn note<K: Eq + std::hash::Hash>(
        map: &mut Map<K, Seen>,
        key: K,
        terms: &Terms,
        limit: usize,
        lost: &mut u64,
    ) -> (Option<Seen>, bool) {
        if let Some(seen) = map.get(&key) {
            return (Some(*seen), false);
        }
        if map.len() >= limit {
            *lost = lost.saturating_add(1);
            return (None, false);
        }
        map.insert(key, terms.seen());
        (Some(terms.seen()), true)
    }
    /// A client uses a protocol.
    pub fn role(
        &mut self,
        client: HostId,
        protocol: NameId,
        terms: &Terms,
        limit: usize,
    ) -> (Option<Seen>, bool) {
        Baseline::note(&mut self.roles, (client, protocol), terms, limit, &mut self.lost)
    }
    /// A function is used in a conversation.
    pub fn function(
        &mut self,
        conv: u32,
        function: NameId,
        terms: &Terms,
        limit: usize,
    ) -> (Option<Seen>, bool) {
        Baseline::note(&mut self.functions, (conv, function), terms, limit, &mut self.lost)
    }
    /// A client reaches a destination.
    pub fn destination(
        &mut self,
        pair: (HostId, HostId),
        terms: &Terms,
        limit: usize,
    ) -> (Option<Seen>, bool) {
        Baseline::note(&mut self.destinations, pair, terms, limit, &mut self.lost)
    }
    /// A client does something that people do. True if the hour is unusual for it.
    pub fn hour(&mut self, key: (HostId, NameId, u8), time: Micros, terms: &Terms, limit: usize) -> bool {
        let hour = hour_of_week(time);
        if !terms.ready {
            if self.hours.len() < limit || self.hours.contains_key(&key) {
                self.hours.entry(key).or_default().set(hour);
            } else {
                self.lost = self.lost.saturating_add(1);
            }
            return false;
        }
        // the learning time must have held such an hour, or nothing is known of it
        self.covered.like(hour, 0)
            && self.hours.get(&key).is_some_and(|usual| usual.count >= FEW && !usual.like(hour, 2))
    }
    /// A client sent so many bytes. Gives (unusual, for the first time in this hour).
    pub fn volume(
        &mut self,
        pair: (HostId, HostId),
        (time, bytes): (Micros, u64),
        terms: &Terms,
        (least, times): (u64, f64),
        limit: usize,
    ) -> (bool, bool) {
        if self.volumes.len() >= limit && !self.volumes.contains_key(&pair) {
            self.lost = self.lost.saturating_add(1);
            return (false, false);
        }
        let v = self.volumes.entry(pair).or_default();
        let hour = time.div_euclid(HOUR);
        if hour > v.hour {
            // what was unusual does not become usual by being done
            if !v.over {
                v.most = v.most.max(v.sum);
            }
            (v.hour, v.sum, v.over) = (hour, 0, false);
        }
        v.sum = v.sum.saturating_add(bytes);
        let bound = (v.most as f64 * times).max(least as f64);
        if !terms.ready || (v.sum as f64) <= bound {
            return (false, false);
        }
        let first = !v.over;
        v.over = true;
        (true, first)
    }
    pub fn cover(&mut self, time: Micros) {
        self.covered.set(hour_of_week(time));
    }
}
