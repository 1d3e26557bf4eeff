//! What packets are asked for, and the queue in which that waits for the packets to come.

use super::key::{Address, Pair};
use crate::model::HostAddr;
use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;
use std::collections::BTreeMap;
use std::hash::BuildHasher;

/// Requests that wait at most.
pub const MAX_WAITING: usize = 4096;
/// Requests of one second of packet time that are taken, alerts not counted.
pub const MAX_PER_SECOND: u32 = 300;
/// The same operation between the same two is kept once in this time: a routine fills no disk.
pub const ONCE_NS: i64 = 60_000_000_000;
/// Operations that are remembered for that.
const MAX_RECENT: usize = 1 << 16;

/// What the packets prove.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Proves {
    Alert,
    Credential,
    Operation,
}

impl Proves {
    pub fn name(self) -> &'static str {
        match self {
            Proves::Alert => "alert",
            Proves::Credential => "credential",
            Proves::Operation => "operation",
        }
    }
}

/// The packets around a moment, between two addresses or of one.
#[derive(Clone, Debug)]
pub struct Request {
    pub proves: Proves,
    /// Id of the alert or event.
    pub id: String,
    /// The moment, nanoseconds since 1970 UTC.
    pub time_ns: i64,
    /// Ends that are known; a pair of IP addresses, of hardware addresses, or one of them.
    pub ip: [Option<HostAddr>; 2],
    pub mac: [Option<HostAddr>; 2],
    /// Frame that showed it, 0 for none, and its source.
    pub frame: u64,
    pub source: u32,
    /// One line that says what is proved. No secret.
    pub comment: String,
}

impl Request {
    /// Pairs whose packets are asked for.
    pub fn pairs(&self) -> impl Iterator<Item = Pair> + '_ {
        [self.ip, self.mac].into_iter().filter_map(|[a, b]| Some(Pair::new(a?.into(), b?.into())))
    }
    /// Hosts of which all is asked for, where no pair is known.
    pub fn hosts(&self) -> impl Iterator<Item = Address> + '_ {
        let known = if self.ip.iter().any(Option::is_some) { self.ip } else { self.mac };
        let whole = known.iter().all(Option::is_some);
        known.into_iter().flatten().filter(move |_| !whole).map(Address::from)
    }
    /// Addresses for the index.
    pub fn ends(&self) -> impl Iterator<Item = HostAddr> + '_ {
        self.ip.into_iter().chain(self.mac).flatten()
    }
}

/// What became of requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// Taken into the queue.
    pub requests: u64,
    /// The same operation was kept a moment ago.
    pub repeated: u64,
    /// More than the queue or a second takes.
    pub dropped: u64,
}

/// Requests by the time at which their last packet must have come.
pub struct Queue {
    waiting: BTreeMap<(i64, u64), Request>,
    next: u64,
    after_ns: i64,
    recent: HashMap<u64, i64, FxBuildHasher>,
    second: (i64, u32),
    pub asked: Asked,
}

impl Queue {
    pub fn new(after_ns: i64) -> Queue {
        Queue {
            waiting: BTreeMap::new(),
            next: 0,
            after_ns,
            recent: HashMap::default(),
            second: (i64::MIN, 0),
            asked: Asked::default(),
        }
    }

    /// Puts a request into the queue. An alert is turned away only if the queue holds nothing but alerts.
    pub fn push(&mut self, r: Request) {
        if r.proves == Proves::Operation && self.is_repeated(&r) {
            self.asked.repeated += 1;
            return;
        }
        if r.proves != Proves::Alert {
            let second = r.time_ns.div_euclid(1_000_000_000);
            if second != self.second.0 {
                self.second = (second, 0);
            }
            self.second.1 += 1;
            if self.second.1 > MAX_PER_SECOND {
                self.asked.dropped += 1;
                return;
            }
        }
        if self.waiting.len() >= MAX_WAITING {
            self.asked.dropped += 1;
            let less = self.waiting.iter().rev().find(|(_, w)| w.proves > r.proves).map(|(k, _)| *k);
            match less {
                Some(key) => drop(self.waiting.remove(&key)),
                None => return,
            }
        }
        self.asked.requests += 1;
        self.next += 1;
        self.waiting.insert((r.time_ns.saturating_add(self.after_ns), self.next), r);
    }

    fn is_repeated(&mut self, r: &Request) -> bool {
        let key = FxBuildHasher.hash_one((r.ip, r.mac, &r.comment));
        if let Some(last) = self.recent.get_mut(&key) {
            if (*last..last.saturating_add(ONCE_NS)).contains(&r.time_ns) {
                return true;
            }
            *last = r.time_ns;
            return false;
        }
        if self.recent.len() >= MAX_RECENT {
            let clock = r.time_ns;
            self.recent.retain(|_, last| last.saturating_add(ONCE_NS) > clock);
            if self.recent.len() >= MAX_RECENT {
                self.recent.clear(); // some are kept once more than they have to
            }
        }
        self.recent.insert(key, r.time_ns);
        false
    }

    /// The next request whose packets all came by `clock_ns`.
    pub fn pop(&mut self, clock_ns: i64) -> Option<Request> {
        let first = self.waiting.first_entry()?;
        (first.key().0 < clock_ns).then(|| first.remove())
    }
    /// Requests that wait.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }
}
