//! What one shard has learnt: hosts, facts, services, conversations, operations, credentials,
//! events. Everything is aggregated as it comes; nothing grows without a bound ([`Limits`]).

mod events;
mod harvest;
mod intern;
mod ops;

pub use events::{EventLog, EventMode, FieldVal, Once, StoredEvent};
pub use intern::{Interner, Sym};
pub use ops::OpTable;

use crate::model::*;
use harvest::Place;
use hashbrown::{HashMap, HashSet};
use rustc_hash::FxBuildHasher;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

type Map<K, V> = HashMap<K, V, FxBuildHasher>;

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
const MAX_INFO: usize = 24;

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

/// One shard's observations.
pub struct Observations {
    pub limits: Limits,
    pub strings: Interner,
    pub hosts: Vec<(HostKey, HostStat)>,
    host_index: Map<HostKey, HostId>,
    facts_of: Vec<u32>,
    /// State of each place in `hosts`.
    places: Vec<Place>,
    /// Places in `hosts` that no host has.
    free: Vec<u32>,
    /// Services that were harvested and whose flows may still tell more of them.
    known: HashSet<ServiceKey, FxBuildHasher>,
    /// Traffic harvested under a key that turned out to be another: to be taken away from it.
    pub taken: Map<ConvKey, ConvStat>,
    pub facts: Map<FactKey, Seen>,
    pub bindings: Map<BindKey, Seen>,
    pub services: Map<ServiceKey, ServiceStat>,
    pub conversations: Map<ConvKey, ConvStat>,
    pub operations: OpTable,
    pub credentials: Map<CredKey, CredStat>,
    pub events: EventLog,
    /// PDUs a probe refused, by protocol.
    pub parse_errors: Map<&'static str, u64>,
    /// What a bound or a fault made us drop or note, by name.
    pub counters: Map<&'static str, u64>,
    /// Payload waiting for probes outside, in order.
    pub chunks: Vec<crate::flow::Chunk>,
    /// What the signs of a run are seen by, in order.
    pub(crate) notes: Vec<crate::signs::Note>,
    queued: usize,
    bridged: u64,
    /// What probes keep across their flows, by protocol; each bounds its own.
    pub(crate) across: Map<&'static str, Box<dyn std::any::Any + Send + Sync>>,
    /// What devices say of themselves.
    pub(crate) health: crate::health::Health,
    /// Number of the shard, part of the numbers given to bridged flows.
    pub shard: u8,
}

impl Observations {
    pub fn new(limits: Limits, mode: EventMode) -> Observations {
        Observations {
            limits,
            strings: Interner::default(),
            hosts: Vec::new(),
            host_index: Map::default(),
            facts_of: Vec::new(),
            places: Vec::new(),
            free: Vec::new(),
            known: HashSet::default(),
            taken: Map::default(),
            facts: Map::default(),
            bindings: Map::default(),
            services: Map::default(),
            conversations: Map::default(),
            operations: OpTable::default(),
            credentials: Map::default(),
            events: EventLog::new(mode),
            parse_errors: Map::default(),
            counters: Map::default(),
            chunks: Vec::new(),
            notes: Vec::new(),
            queued: 0,
            bridged: 0,
            across: Map::default(),
            health: crate::health::Health::default(),
            shard: 0,
        }
    }

    /// A new number for a flow whose parser runs outside.
    pub(crate) fn next_bridged(&mut self) -> u64 {
        self.bridged += 1;
        u64::from(self.shard) << 56 | self.bridged
    }
    /// The last number given to a flow whose parser runs outside.
    pub(crate) fn bridged(&self) -> u64 {
        self.bridged
    }
    pub(crate) fn resume_bridged(&mut self, number: u64) {
        self.bridged = number;
    }
    /// Adds to the bytes queued for probes outside and gives the sum.
    pub(crate) fn queued_bytes(&mut self, add: usize) -> usize {
        self.queued += add;
        self.queued
    }
    /// Hands over what is queued for probes outside.
    pub fn take_chunks(&mut self) -> Vec<crate::flow::Chunk> {
        self.queued = 0;
        std::mem::take(&mut self.chunks)
    }

    /// Tells the signs of the run; nothing where no events are made.
    pub(crate) fn note(&mut self, note: crate::signs::Note) {
        if !self.events.on() {
            return;
        }
        if self.notes.len() >= crate::signs::MAX_NOTES {
            return self.count("notes");
        }
        self.notes.push(crate::signs::Note { packet: self.events.packet(), ..note });
    }

    /// Adds one to a counter of the report's `limits`.
    pub fn count(&mut self, name: &'static str) {
        self.add(name, 1);
    }
    pub fn add(&mut self, name: &'static str, n: u64) {
        *self.counters.entry(name).or_default() += n;
    }

    /// The host's number; `None` when the host table is full.
    pub fn host(&mut self, key: HostKey) -> Option<HostId> {
        if let Some(&id) = self.host_index.get(&key) {
            return Some(id);
        }
        if self.host_index.len() >= self.limits.hosts {
            self.count("hosts");
            return None;
        }
        let id = self.place(key);
        self.host_index.insert(key, id);
        Some(id)
    }

    fn text(&mut self, text: &str) -> Option<Sym> {
        if self.strings.bytes() > self.limits.text {
            self.count("text");
            return None;
        }
        Some(self.strings.intern(text))
    }

    /// Notes a fact of a host. `value` is trimmed; blank ones and control characters are refused.
    #[allow(clippy::too_many_arguments)]
    pub fn fact(
        &mut self,
        host: HostId,
        name: &'static str,
        value: &str,
        protocol: &'static str,
        field: &'static str,
        by_self: bool,
        at: Stamp,
    ) {
        let value = value.trim_matches(|c: char| c.is_whitespace() || c == '\0');
        if value.is_empty() || value.chars().any(char::is_control) {
            return;
        }
        let cut = value.char_indices().nth(256).map_or(value.len(), |(i, _)| i);
        let Some(value) = self.text(&value[..cut]) else { return };
        let key = FactKey { host, name, value, protocol, field, by_self };
        if let Some(seen) = self.facts.get_mut(&key) {
            return seen.again(at);
        }
        let held = &mut self.facts_of[host.0 as usize];
        if *held >= self.limits.facts_per_host || self.facts.len() >= self.limits.facts {
            return self.count("facts");
        }
        *held += 1;
        self.facts.insert(key, Seen::once(at));
    }

    pub fn bind(&mut self, mac: HostId, ip: HostId, kind: BindKind, at: Stamp) {
        let key = BindKey { mac, ip, kind };
        if let Some(seen) = self.bindings.get_mut(&key) {
            return seen.again(at);
        }
        if self.bindings.len() >= self.limits.bindings {
            return self.count("bindings");
        }
        self.bindings.insert(key, Seen::once(at));
    }

    pub fn service(&mut self, key: ServiceKey, confidence: u8, at: Stamp) {
        if let Some(stat) = self.services.get_mut(&key) {
            stat.confidence = stat.confidence.max(confidence);
            return stat.seen.again(at);
        }
        if self.services.len() >= self.limits.services {
            return self.count("services");
        }
        self.services.insert(key, ServiceStat { seen: Seen::once(at), confidence, info: Vec::new() });
    }

    /// Adds a property to a service that is already known.
    pub fn service_info(&mut self, key: &ServiceKey, name: &'static str, value: Val, at: Stamp) {
        if let Some(stat) = self.services.get_mut(key) {
            if stat.info.len() < MAX_INFO && !stat.info.iter().any(|(n, ..)| *n == name) {
                stat.info.push((name, value, at));
            }
        } else if self.known.contains(key) {
            let mut stat = ServiceStat { seen: Seen::NONE, confidence: 0, info: Vec::new() };
            stat.info.push((name, value, at));
            self.services.insert(*key, stat);
        }
    }

    pub fn conversation(&mut self, key: ConvKey, add: ConvStat) {
        if let Some(c) = self.conversations.get_mut(&key) {
            c.packets += add.packets;
            c.bytes += add.bytes;
            c.first = c.first.min(add.first);
            c.last = c.last.max(add.last);
            return;
        }
        if self.conversations.len() >= self.limits.conversations {
            self.add("conversations", 1);
            self.add("conversation_packets", add.packets);
            return self.add("conversation_bytes", add.bytes);
        }
        self.conversations.insert(key, add);
    }

    /// Adds one operation to its record. `at` is when it was asked.
    pub fn operation(
        &mut self,
        protocol: &'static str,
        op: &Op<'_>,
        ends: (HostId, HostId),
        port: u16,
        transport: Transport,
        at: Stamp,
    ) {
        let asked = ops::Asked { protocol, op, ends, port, transport };
        if let Some(stat) = self.operations.recent(&asked, &self.strings) {
            return stat.again(op, at);
        }
        let Some(name) = self.text(op.name) else { return };
        let unit = match op.unit {
            Some(unit) => match self.text(unit) {
                Some(sym) => Some(sym),
                None => return,
            },
            None => None,
        };
        let key = OpKey {
            protocol,
            name,
            client: ends.0,
            server: ends.1,
            port,
            transport,
            unit,
            outcome: op.outcome,
        };
        if let Some(stat) = self.operations.find(&key, &asked) {
            return stat.again(op, at);
        }
        if self.operations.len() >= self.limits.operations {
            return self.count("operations");
        }
        let mut stat = OpStat {
            action: op.action,
            category: op.category,
            code: op.code,
            seen: Seen::once(at),
            exception: None,
            space: None,
            target: None,
            value: None,
            detail: Vec::new(),
            ranges: Vec::new(),
            ranges_dropped: 0,
        };
        stat.example(op);
        if let Some(range) = op.address {
            stat.range(range);
        }
        self.operations.insert(key, stat);
    }

    pub fn credential(
        &mut self,
        protocol: &'static str,
        c: &Cred<'_>,
        ends: (HostId, HostId),
        port: u16,
        at: Stamp,
    ) {
        let mut text = |s: Option<&str>| s.map(|s| self.text(s));
        let (username, secret, line) = (text(c.username), text(c.secret), text(c.hashcat.map(|h| h.1)));
        let (Some(username), Some(secret), Some(line)) = (flat(username), flat(secret), flat(line)) else {
            return;
        };
        let key = CredKey { protocol, kind: c.kind, client: ends.0, server: ends.1, port, username, secret };
        let rank = |o: LoginOutcome| match o {
            LoginOutcome::Success => 2,
            LoginOutcome::Failure => 1,
            LoginOutcome::Unknown => 0,
        };
        if let Some(stat) = self.credentials.get_mut(&key) {
            if rank(c.outcome) > rank(stat.outcome) {
                stat.outcome = c.outcome;
            }
            stat.cleartext |= c.cleartext;
            return stat.seen.again(at);
        }
        if self.credentials.len() >= self.limits.credentials {
            return self.count("credentials");
        }
        let hashcat = c.hashcat.map(|h| h.0).zip(line);
        self.credentials.insert(
            key,
            CredStat {
                seen: Seen::once(at),
                outcome: c.outcome,
                cleartext: c.cleartext,
                hashcat,
                detail: c.detail.clone(),
            },
        );
    }

    pub fn parse_error(&mut self, protocol: &'static str) {
        *self.parse_errors.entry(protocol).or_default() += 1;
    }

    /// Approximate bytes held, for the memory report.
    pub fn bytes(&self) -> usize {
        use std::mem::size_of;
        self.strings.bytes()
            + self.hosts.capacity() * size_of::<(HostKey, HostStat)>()
            + self.host_index.allocation_size()
            + self.places.capacity() * 5
            + self.known.allocation_size()
            + self.events.bytes()
            + self.facts.allocation_size()
            + self.bindings.allocation_size()
            + self.services.allocation_size()
            + self.conversations.allocation_size()
            + self.operations.bytes()
            + self.credentials.allocation_size()
    }
}

/// `None` inside means "text table full"; outside, "was not given".
fn flat(sym: Option<Option<Sym>>) -> Option<Option<Sym>> {
    match sym {
        None => Some(None),
        Some(None) => None,
        Some(some) => Some(some),
    }
}

impl OpStat {
    fn example(&mut self, op: &Op<'_>) {
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
