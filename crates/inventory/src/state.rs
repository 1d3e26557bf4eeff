//! All that was observed, of every shard and source, as one set of aggregates.
//!
//! Merging is commutative and associative: the inventory is a pure function of a [`State`], so
//! captures may come in any order, and scanning the same one twice changes nothing.

use crate::bounds::Evicted;
use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;
use sentinel_wire::model::*;
use sentinel_wire::obs::{self, BindKind, HostId, HostKey, HostStat, Interner, Observations, Seen, Sym};
use serde::{Deserialize, Serialize};

pub type Map<K, V> = HashMap<K, V, FxBuildHasher>;

/// A capture, log or live period that was read. `json` is its record as the report shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    pub name: String,
    pub sha256: String,
    pub site: String,
}

/// What tells two hosts apart before merging: site, VLAN, address.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct NodeKey {
    pub site: Sym,
    pub vlan: u16,
    pub addr: HostAddr,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct FactKey {
    pub host: HostId,
    pub name: Sym,
    pub value: Sym,
    pub protocol: Sym,
    pub field: Sym,
    pub by_self: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct BindKey {
    pub mac: HostId,
    pub ip: HostId,
    pub kind: BindKind,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct ServiceKey {
    pub host: HostId,
    pub port: u16,
    pub transport: Transport,
    pub protocol: Sym,
    pub offered: bool,
}

/// A value as it is kept: texts interned.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub enum Value {
    Int(i64),
    Float(f64),
    Bool(bool),
    Text(Sym),
    List(Vec<Value>),
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Service {
    pub seen: Seen,
    pub confidence: u8,
    /// Property, value, where first seen; sorted by name.
    pub info: Vec<(Sym, Value, Stamp)>,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct ConvKey {
    pub client: HostId,
    pub server: HostId,
    pub protocol: Sym,
    pub transport: Transport,
    pub port: u16,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct OpKey {
    pub protocol: Sym,
    pub name: Sym,
    pub client: HostId,
    pub server: HostId,
    pub port: u16,
    pub transport: Transport,
    pub unit: Option<Sym>,
    pub outcome: Outcome,
}

/// The first example of an operation, and its counts.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Operation {
    pub action: Action,
    pub category: Category,
    pub code: Option<i64>,
    pub seen: Seen,
    /// Key, value of `detail`, of the first example.
    pub detail: Vec<(Sym, Value)>,
    pub ranges: Vec<(i64, i64)>,
    pub ranges_dropped: u64,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct CredKey {
    pub protocol: Sym,
    pub kind: CredKind,
    pub client: HostId,
    pub server: HostId,
    pub port: u16,
    pub username: Option<Sym>,
    /// The secret itself while a scan runs; its keyed hash once it was assessed.
    pub secret: Option<Sym>,
}

/// What is kept of a secret once it was assessed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct Assessed {
    /// Shown text: masked, or the secret itself if it was asked for.
    pub shown: Option<Sym>,
    /// Hash line, masked likewise.
    pub line: Option<Sym>,
    pub weaknesses: Vec<Sym>,
    /// Vendors whose default this is.
    pub default_of: Vec<Sym>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Credential {
    pub seen: Seen,
    pub outcome: LoginOutcome,
    pub cleartext: bool,
    pub hashcat: Option<(u32, Sym)>,
    pub detail: Vec<(Sym, Value)>,
    pub assessed: Option<Assessed>,
}

/// See the module.
#[derive(Default)]
pub struct State {
    pub strings: Interner,
    pub sources: Vec<Source>,
    pub hosts: Vec<(NodeKey, HostStat)>,
    pub host_index: Map<NodeKey, HostId>,
    pub facts: Map<FactKey, Seen>,
    pub bindings: Map<BindKey, Seen>,
    pub services: Map<ServiceKey, Service>,
    pub conversations: Map<ConvKey, obs::ConvStat>,
    /// Traffic to be taken away from conversations, see [`State::settle`].
    pub taken: Map<ConvKey, obs::ConvStat>,
    pub operations: Map<OpKey, Operation>,
    pub credentials: Map<CredKey, Credential>,
    pub parse_errors: Map<Sym, u64>,
    pub counters: Map<Sym, u64>,
}

fn rank(o: LoginOutcome) -> u8 {
    match o {
        LoginOutcome::Success => 2,
        LoginOutcome::Failure => 1,
        LoginOutcome::Unknown => 0,
    }
}

impl State {
    pub fn text(&self, sym: Sym) -> &str {
        self.strings.get(sym)
    }
    pub fn host(&mut self, key: NodeKey) -> HostId {
        let hosts = &mut self.hosts;
        *self.host_index.entry(key).or_insert_with(|| {
            hosts.push((key, HostStat { first: Micros::MAX, last: Micros::MIN, ..HostStat::default() }));
            HostId((hosts.len() - 1) as u32)
        })
    }

    fn value(&mut self, v: &Val) -> Value {
        match v {
            Val::Int(v) => Value::Int(*v),
            Val::Float(v) => Value::Float(*v),
            Val::Bool(v) => Value::Bool(*v),
            Val::Str(s) => Value::Text(self.strings.intern(s)),
            Val::Static(s) => Value::Text(self.strings.intern(s)),
            Val::List(l) => Value::List(l.iter().map(|v| self.value(v)).collect()),
        }
    }

    /// Adds what one shard of a run learnt. Its stamps name sources by their index in `sources`,
    /// which this state must hold already, with the run's sources in the same order from `base` on.
    pub fn absorb(&mut self, o: Observations, base: u32) {
        let site = |st: &Source| st.site.clone();
        let site = self.sources.get(base as usize).map(site).unwrap_or_default();
        let site = self.strings.intern(&site);
        let shift = |mut seen: Seen| {
            seen.first.source += base;
            seen
        };
        // of a harvest, hosts that are neither new nor changed are there for their numbers only
        let mut hosts: Vec<Option<HostId>> = (0..o.hosts.len())
            .map(|i| {
                let (HostKey { vlan, addr }, stat) = &o.hosts[i];
                o.is_news(i).then(|| {
                    let id = self.host(NodeKey { site, vlan: *vlan, addr: *addr });
                    merge_stat(&mut self.hosts[id.0 as usize].1, stat);
                    id
                })
            })
            .collect();
        let keys: Vec<HostKey> = o.hosts.iter().map(|(k, _)| *k).collect();
        let mut h = |state: &mut State, id: HostId| {
            let HostKey { vlan, addr } = keys[id.0 as usize];
            *hosts[id.0 as usize].get_or_insert_with(|| state.host(NodeKey { site, vlan, addr }))
        };
        for (k, seen) in o.facts {
            let host = h(self, k.host);
            let s = &mut self.strings;
            let key = FactKey {
                host,
                name: s.intern(k.name),
                value: s.intern(o.strings.get(k.value)),
                protocol: s.intern(k.protocol),
                field: s.intern(k.field),
                by_self: k.by_self,
            };
            add_seen(&mut self.facts, key, shift(seen));
        }
        for (k, seen) in o.bindings {
            let key = BindKey { mac: h(self, k.mac), ip: h(self, k.ip), kind: k.kind };
            add_seen(&mut self.bindings, key, shift(seen));
        }
        for (k, v) in o.services {
            let info = v
                .info
                .into_iter()
                .map(|(n, v, at)| {
                    (self.strings.intern(n), self.value(&v), Stamp { source: at.source + base, ..at })
                })
                .collect();
            let key = ServiceKey {
                host: h(self, k.host),
                port: k.port,
                transport: k.transport,
                protocol: self.strings.intern(k.protocol),
                offered: k.offered,
            };
            self.add_service(key, Service { seen: shift(v.seen), confidence: v.confidence, info });
        }
        let mut ends = |state: &mut State, k: obs::ConvKey| ConvKey {
            client: h(state, k.client),
            server: h(state, k.server),
            protocol: state.strings.intern(k.protocol),
            transport: k.transport,
            port: k.port,
        };
        for (k, v) in o.conversations {
            let key = ends(self, k);
            self.add_conversation(key, v);
        }
        for (k, v) in o.taken {
            let key = ends(self, k);
            self.add_taken(key, v);
        }
        for (k, v) in o.operations {
            let key = OpKey {
                protocol: self.strings.intern(k.protocol),
                name: self.strings.intern(o.strings.get(k.name)),
                client: h(self, k.client),
                server: h(self, k.server),
                port: k.port,
                transport: k.transport,
                unit: k.unit.map(|u| self.strings.intern(o.strings.get(u))),
                outcome: k.outcome,
            };
            let mut detail = Vec::new();
            let mut add = |s: &mut State, name: &str, v: Val| {
                let v = s.value(&v);
                detail.push((s.strings.intern(name), v));
            };
            if let Some(v) = v.space {
                add(self, "space", Val::Str(v));
            }
            if let Some(v) = v.target {
                add(self, "target", Val::Str(v));
            }
            if let Some(v) = v.value {
                add(self, "value", v);
            }
            if let Some((code, name)) = v.exception {
                add(self, "exception_code", Val::Int(code));
                add(self, "exception", Val::Str(name));
            }
            for (n, v) in v.detail {
                add(self, n, v);
            }
            let op = Operation {
                action: v.action,
                category: v.category,
                code: v.code,
                seen: shift(v.seen),
                detail,
                ranges: v.ranges,
                ranges_dropped: v.ranges_dropped,
            };
            self.add_operation(key, op);
        }
        for (k, v) in o.credentials {
            let (client, server) = (h(self, k.client), h(self, k.server));
            let mut sym = |s: Sym| self.strings.intern(o.strings.get(s));
            let (username, secret) = (k.username.map(&mut sym), k.secret.map(&mut sym));
            let hashcat = v.hashcat.map(|(mode, line)| (mode, sym(line)));
            let protocol = self.strings.intern(k.protocol);
            let key = CredKey { protocol, kind: k.kind, client, server, port: k.port, username, secret };
            let detail = v.detail.iter().map(|(n, v)| (self.strings.intern(n), self.value(v))).collect();
            let cred = Credential {
                seen: shift(v.seen),
                outcome: v.outcome,
                cleartext: v.cleartext,
                hashcat,
                detail,
                assessed: None,
            };
            self.add_credential(key, cred);
        }
        for (name, n) in o.parse_errors {
            *self.parse_errors.entry(self.strings.intern(name)).or_default() += n;
        }
        for (name, n) in o.counters {
            *self.counters.entry(self.strings.intern(name)).or_default() += n;
        }
    }

    /// Adds to a counter of the report's `limits`.
    pub fn count(&mut self, name: &str, n: u64) {
        if n > 0 {
            *self.counters.entry(self.strings.intern(name)).or_default() += n;
        }
    }

    pub(crate) fn add_service(&mut self, key: ServiceKey, s: Service) {
        match self.services.get_mut(&key) {
            None => {
                self.services.insert(key, s);
            }
            Some(old) => {
                old.seen.merge(&s.seen);
                old.confidence = old.confidence.max(s.confidence);
                for (n, v, at) in s.info {
                    match old.info.iter_mut().find(|i| i.0 == n) {
                        None => old.info.push((n, v, at)),
                        Some(have) if (at.time, at.frame) < (have.2.time, have.2.frame) => *have = (n, v, at),
                        Some(_) => {}
                    }
                }
            }
        }
    }

    pub(crate) fn add_conversation(&mut self, key: ConvKey, v: obs::ConvStat) {
        self.conversations
            .entry(key)
            .and_modify(|c| {
                c.packets += v.packets;
                c.bytes += v.bytes;
                c.first = c.first.min(v.first);
                c.last = c.last.max(v.last);
            })
            .or_insert(v);
    }

    pub(crate) fn add_taken(&mut self, key: ConvKey, v: obs::ConvStat) {
        let slot = self.taken.entry(key).or_default();
        slot.packets += v.packets;
        slot.bytes += v.bytes;
    }

    /// Takes away from conversations what was harvested under their keys and turned out to be another's.
    /// To be called on a total, once a harvest was added; what it does not hold (any more) is forgotten.
    pub fn settle(&mut self) {
        for (key, v) in std::mem::take(&mut self.taken) {
            let Some(c) = self.conversations.get_mut(&key) else { continue };
            c.packets = c.packets.saturating_sub(v.packets);
            c.bytes = c.bytes.saturating_sub(v.bytes);
            if c.packets == 0 {
                self.conversations.remove(&key);
            }
        }
    }

    pub(crate) fn add_operation(&mut self, key: OpKey, op: Operation) {
        match self.operations.get_mut(&key) {
            None => {
                self.operations.insert(key, op);
            }
            Some(old) => {
                if (op.seen.first.time, op.seen.first.frame) < (old.seen.first.time, old.seen.first.frame) {
                    old.detail = op.detail;
                    old.code = op.code;
                }
                old.seen.merge(&op.seen);
                old.ranges_dropped += op.ranges_dropped;
                old.ranges_dropped += obs::join_ranges(&mut old.ranges, &op.ranges);
            }
        }
    }

    pub(crate) fn add_credential(&mut self, key: CredKey, c: Credential) {
        match self.credentials.get_mut(&key) {
            None => {
                self.credentials.insert(key, c);
            }
            Some(old) => {
                if (c.seen.first.time, c.seen.first.frame) < (old.seen.first.time, old.seen.first.frame) {
                    old.detail = c.detail;
                }
                if rank(c.outcome) > rank(old.outcome) {
                    old.outcome = c.outcome;
                }
                old.cleartext |= c.cleartext;
                old.seen.merge(&c.seen);
            }
        }
    }

    /// The number of a source, which is added if it is new. One whose content is not known (it is being
    /// read, or is live) goes by its name; one without a name has told nothing yet.
    fn source(&mut self, s: &Source) -> Option<u32> {
        if s.name.is_empty() && s.sha256.is_empty() {
            return None;
        }
        let same = |t: &Source| {
            t.site == s.site
                && (if s.sha256.is_empty() || t.sha256.is_empty() {
                    t.name == s.name
                } else {
                    t.sha256 == s.sha256
                })
        };
        let place = match self.sources.iter_mut().enumerate().find(|(_, t)| same(t)) {
            Some((i, t)) => {
                if t.sha256.is_empty() {
                    t.sha256.clone_from(&s.sha256);
                }
                i
            }
            None => {
                self.sources.push(s.clone());
                self.sources.len() - 1
            }
        };
        Some(place as u32)
    }

    /// Adds another state. Frames keep naming their own sources; a source both know by content is
    /// taken once, and what it told is not added again: give only states of new sources.
    pub fn merge(&mut self, other: &State) {
        self.merge_but(other, &Evicted::default());
    }

    /// [`State::merge`] of all but what is named.
    pub(crate) fn merge_but(&mut self, other: &State, gone: &Evicted) {
        let sources: Vec<Option<u32>> = other.sources.iter().map(|s| self.source(s)).collect();
        let at = |st: Stamp| {
            let source = sources.get(st.source as usize).copied().flatten();
            Stamp { source: source.unwrap_or(0), ..st }
        };
        let seen = |s: Seen| Seen { first: at(s.first), ..s };
        let mut syms: Vec<Option<Sym>> = vec![None; other.strings.len()];
        let mut sym = |strings: &mut Interner, s: Sym| {
            *syms[s.0 as usize].get_or_insert_with(|| strings.intern(other.strings.get(s)))
        };
        fn value(v: &Value, map: &mut impl FnMut(Sym) -> Sym) -> Value {
            match v {
                Value::Text(s) => Value::Text(map(*s)),
                Value::List(l) => Value::List(l.iter().map(|v| value(v, map)).collect()),
                other => other.clone(),
            }
        }
        let mut hosts: Vec<Option<HostId>> = Vec::with_capacity(other.hosts.len());
        for (i, (k, stat)) in other.hosts.iter().enumerate() {
            if gone.hosts.contains(&HostId(i as u32)) {
                hosts.push(None);
                continue;
            }
            let site = sym(&mut self.strings, k.site);
            let id = self.host(NodeKey { site, ..*k });
            merge_stat(&mut self.hosts[id.0 as usize].1, stat);
            hosts.push(Some(id));
        }
        let h = |id: HostId| hosts[id.0 as usize];
        let ends = |client: HostId, server: HostId| h(client).zip(h(server));
        for (k, v) in &other.facts {
            let (Some(host), false) = (h(k.host), gone.facts.contains(k)) else { continue };
            let mut s = |x| sym(&mut self.strings, x);
            let key = FactKey {
                host,
                name: s(k.name),
                value: s(k.value),
                protocol: s(k.protocol),
                field: s(k.field),
                by_self: k.by_self,
            };
            add_seen(&mut self.facts, key, seen(*v));
        }
        for (k, v) in &other.bindings {
            let (Some((mac, ip)), false) = (ends(k.mac, k.ip), gone.bindings.contains(k)) else { continue };
            add_seen(&mut self.bindings, BindKey { mac, ip, kind: k.kind }, seen(*v));
        }
        for (k, v) in &other.services {
            let (Some(host), false) = (h(k.host), gone.services.contains(k)) else { continue };
            let mut s = |x| sym(&mut self.strings, x);
            let info = v.info.iter().map(|(n, v, t)| (s(*n), value(v, &mut s), at(*t))).collect();
            let key = ServiceKey { host, protocol: s(k.protocol), ..*k };
            self.add_service(key, Service { seen: seen(v.seen), confidence: v.confidence, info });
        }
        for (k, v) in &other.conversations {
            let (Some((client, server)), false) = (ends(k.client, k.server), gone.conversations.contains(k))
            else {
                continue;
            };
            let protocol = sym(&mut self.strings, k.protocol);
            self.add_conversation(ConvKey { client, server, protocol, ..*k }, *v);
        }
        for (k, v) in &other.taken {
            let Some((client, server)) = ends(k.client, k.server) else { continue };
            let protocol = sym(&mut self.strings, k.protocol);
            self.add_taken(ConvKey { client, server, protocol, ..*k }, *v);
        }
        for (k, v) in &other.operations {
            let (Some((client, server)), false) = (ends(k.client, k.server), gone.operations.contains(k))
            else {
                continue;
            };
            let mut s = |x| sym(&mut self.strings, x);
            let key = OpKey {
                protocol: s(k.protocol),
                name: s(k.name),
                client,
                server,
                unit: k.unit.map(&mut s),
                ..*k
            };
            let detail = v.detail.iter().map(|(n, v)| (s(*n), value(v, &mut s))).collect();
            self.add_operation(key, Operation { detail, seen: seen(v.seen), ..v.clone() });
        }
        for (k, v) in &other.credentials {
            let (Some((client, server)), false) = (ends(k.client, k.server), gone.credentials.contains(k))
            else {
                continue;
            };
            let mut s = |x| sym(&mut self.strings, x);
            let key = CredKey {
                protocol: s(k.protocol),
                client,
                server,
                username: k.username.map(&mut s),
                secret: k.secret.map(&mut s),
                ..*k
            };
            let assessed = v.assessed.as_ref().map(|a| Assessed {
                shown: a.shown.map(&mut s),
                line: a.line.map(&mut s),
                weaknesses: a.weaknesses.iter().map(|x| s(*x)).collect(),
                default_of: a.default_of.iter().map(|x| s(*x)).collect(),
            });
            let cred = Credential {
                seen: seen(v.seen),
                hashcat: v.hashcat.map(|(m, l)| (m, s(l))),
                detail: v.detail.iter().map(|(n, v)| (s(*n), value(v, &mut s))).collect(),
                assessed,
                ..v.clone()
            };
            self.add_credential(key, cred);
        }
        for (k, n) in &other.parse_errors {
            *self.parse_errors.entry(sym(&mut self.strings, *k)).or_default() += n;
        }
        for (k, n) in &other.counters {
            *self.counters.entry(sym(&mut self.strings, *k)).or_default() += n;
        }
    }
}

fn merge_stat(into: &mut HostStat, s: &HostStat) {
    into.packets += s.packets;
    into.bytes += s.bytes;
    into.first = into.first.min(s.first);
    into.last = into.last.max(s.last);
    into.sent |= s.sent;
    into.group |= s.group;
    into.on_link |= s.on_link;
    into.ttl = into.ttl.max(s.ttl);
}

fn add_seen<K: std::hash::Hash + Eq>(map: &mut Map<K, Seen>, key: K, seen: Seen) {
    map.entry(key).and_modify(|s| s.merge(&seen)).or_insert(seen);
}
