//! What observations are told apart by, what is kept of each, and how many there may be.

use super::Sym;
use crate::model::*;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// Number of a host within its shard.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct HostId(pub u32);

/// What tells two hosts apart before any merging: private addresses are scoped by VLAN.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct HostKey {
    /// Outer VLAN id for addresses that may repeat in other segments, else 0.
    pub vlan: u16,
    pub addr: HostAddr,
}

impl HostStat {
    /// Of a host without traffic so far.
    pub const NONE: HostStat = HostStat {
        packets: 0,
        bytes: 0,
        first: Micros::MAX,
        last: Micros::MIN,
        sent: false,
        group: false,
        on_link: false,
        ttl: 0,
    };
}

impl HostKey {
    pub fn new(vlan: u16, addr: HostAddr) -> HostKey {
        let scoped = match addr {
            HostAddr::Ip(IpAddr::V4(a)) => a.is_private() || a.is_link_local() || a.is_loopback(),
            HostAddr::Ip(IpAddr::V6(a)) => {
                let head = a.segments()[0];
                head & 0xfe00 == 0xfc00 || head & 0xffc0 == 0xfe80 || a.is_loopback()
            }
            HostAddr::Mac(_) => false,
        };
        HostKey { vlan: if scoped { vlan } else { 0 }, addr }
    }
}

/// How often and when something was seen, with the frame that showed it first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    pub count: u64,
    pub first: Stamp,
    pub last: Micros,
}

impl Seen {
    /// Not seen at all: adds nothing to what it is merged with.
    pub const NONE: Seen =
        Seen { count: 0, first: Stamp { time: Micros::MAX, frame: u64::MAX, source: 0 }, last: Micros::MIN };
    pub fn once(at: Stamp) -> Seen {
        Seen { count: 1, first: at, last: at.time }
    }
    pub fn again(&mut self, at: Stamp) {
        self.count += 1;
        if at < self.first {
            self.first = at;
        }
        self.last = self.last.max(at.time);
    }
    pub fn merge(&mut self, other: &Seen) {
        self.count += other.count;
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
    }
}

/// Traffic of one host, filled when its flows end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostStat {
    pub packets: u64,
    pub bytes: u64,
    pub first: Micros,
    pub last: Micros,
    /// It sent at least one packet itself.
    pub sent: bool,
    /// Frames to it went to a broadcast or multicast hardware address: it names a group.
    pub group: bool,
    /// A packet of it came with an undecremented TTL or hop limit: it is on this link.
    pub on_link: bool,
    /// Highest TTL or hop limit seen from it.
    pub ttl: u8,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct FactKey {
    pub host: HostId,
    pub name: &'static str,
    pub value: Sym,
    pub protocol: &'static str,
    pub field: &'static str,
    /// Said by the device itself, not by another about it.
    pub by_self: bool,
}

/// Why a hardware address and an IP address are taken together.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub enum BindKind {
    /// Source of an IP frame: may be a router's MAC.
    Frame,
    /// ARP or NDP: the owner answers for the address.
    Resolution,
    /// A protocol said so (DHCP lease, PROFINET DCP, LLDP management address …).
    Declared,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct BindKey {
    pub mac: HostId,
    pub ip: HostId,
    pub kind: BindKind,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct ServiceKey {
    pub host: HostId,
    pub port: u16,
    pub transport: Transport,
    pub protocol: &'static str,
    /// The host offers it; false: it is a client of it.
    pub offered: bool,
}

#[derive(Clone, Debug)]
pub struct ServiceStat {
    pub seen: Seen,
    /// 0-100: 100 identified by content, 50 by a weak signature on its port.
    pub confidence: u8,
    /// Further properties by name (`product`, `version`, `tls.version` …), first value kept.
    pub info: Vec<(&'static str, Val, Stamp)>,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct ConvKey {
    pub client: HostId,
    pub server: HostId,
    /// `""` where no protocol was identified.
    pub protocol: &'static str,
    pub transport: Transport,
    pub port: u16,
}

#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct ConvStat {
    pub packets: u64,
    pub bytes: u64,
    pub first: Micros,
    pub last: Micros,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct OpKey {
    pub protocol: &'static str,
    pub name: Sym,
    pub client: HostId,
    pub server: HostId,
    pub port: u16,
    pub transport: Transport,
    pub unit: Option<Sym>,
    pub outcome: Outcome,
}

#[derive(Clone, Debug)]
pub struct OpStat {
    pub action: Action,
    pub category: Category,
    pub code: Option<i64>,
    pub seen: Seen,
    pub exception: Option<(i64, Box<str>)>,
    pub space: Option<Box<str>>,
    pub target: Option<Box<str>>,
    pub value: Option<Val>,
    pub detail: Vec<(&'static str, Val)>,
    /// At most [`MAX_RANGES`] address ranges, sorted, merged where they touch.
    pub ranges: Vec<(i64, i64)>,
    pub ranges_dropped: u64,
}

/// Properties kept of a service.
pub(super) const MAX_INFO: usize = 24;

/// Address ranges kept per operation record.
pub const MAX_RANGES: usize = 16;

#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct CredKey {
    pub protocol: &'static str,
    pub kind: CredKind,
    pub client: HostId,
    pub server: HostId,
    pub port: u16,
    pub username: Option<Sym>,
    pub secret: Option<Sym>,
}

#[derive(Clone, Debug)]
pub struct CredStat {
    pub seen: Seen,
    pub outcome: LoginOutcome,
    pub cleartext: bool,
    pub hashcat: Option<(u32, Sym)>,
    pub detail: Vec<(&'static str, Val)>,
}

/// Bounds of one shard's tables. What does not fit is counted by table name in `dropped`.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub hosts: usize,
    pub facts: usize,
    pub facts_per_host: u32,
    pub services: usize,
    pub bindings: usize,
    pub conversations: usize,
    pub operations: usize,
    pub credentials: usize,
    /// Bytes of interned text.
    pub text: usize,
    pub events_per_batch: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        // Per shard; 64 shards. A table full everywhere holds about 3 GiB; real captures stay far
        // below (docs/performance.md has the formula).
        Limits {
            hosts: 1 << 16,
            facts: 1 << 15,
            facts_per_host: 512,
            services: 1 << 15,
            bindings: 1 << 15,
            conversations: 1 << 15,
            operations: 1 << 14,
            credentials: 1 << 12,
            text: 16 << 20,
            events_per_batch: 1 << 16,
        }
    }
}

impl OpStat {
    pub(super) fn example(&mut self, op: &Op<'_>) {
        self.exception = op.exception.map(|(c, n)| (c, n.into()));
        self.space = op.space.map(Into::into);
        self.target = op.target.map(Into::into);
        self.value = op.value.clone();
        self.detail = op.detail.clone();
    }
    /// Adds `count` addresses from `start`.
    pub fn range(&mut self, range: (i64, i64)) {
        self.ranges_dropped += join_ranges(&mut self.ranges, &[range]);
    }
}

/// Adds (start, count) ranges to a sorted list of at most [`MAX_RANGES`], joining those that touch.
/// Returns how many did not fit.
pub fn join_ranges(ranges: &mut Vec<(i64, i64)>, add: &[(i64, i64)]) -> u64 {
    let mut dropped = 0;
    for &(start, count) in add {
        let end = start.saturating_add(count.max(1));
        let at = ranges.partition_point(|&(s, c)| s.saturating_add(c) < start);
        if ranges.get(at).is_some_and(|&(s, c)| s <= start && end <= s.saturating_add(c)) {
            continue;
        }
        let (mut lo, mut hi, mut last) = (start, end, at);
        while let Some(&(s, c)) = ranges.get(last) {
            if s > hi {
                break;
            }
            lo = lo.min(s);
            hi = hi.max(s.saturating_add(c));
            last += 1;
        }
        if last == at && ranges.len() >= MAX_RANGES {
            dropped += 1;
            continue;
        }
        ranges.splice(at..last, [(lo, hi.saturating_sub(lo))]);
    }
    dropped
}
