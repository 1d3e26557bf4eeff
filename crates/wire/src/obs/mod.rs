//! What one shard has learnt: hosts, facts, services, conversations, operations, credentials,
//! events. Everything is aggregated as it comes; nothing grows without a bound ([`Limits`]).

mod events;
mod harvest;
mod intern;
mod keys;
mod ops;

pub use events::{EventLog, EventMode, FieldVal, Once, StoredEvent};
pub use intern::{Interner, Sym};
pub use keys::*;
pub use ops::OpTable;

use crate::model::*;
use harvest::Place;
use hashbrown::{HashMap, HashSet};
use keys::MAX_INFO;
use rustc_hash::FxBuildHasher;

type Map<K, V> = HashMap<K, V, FxBuildHasher>;

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
    /// Signatures of stacks, counted by host.
    pub(crate) stacks: crate::flow::Counted,
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
            stacks: crate::flow::Counted::default(),
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
