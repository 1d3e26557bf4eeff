//! All that was observed, of every shard and source, as one set of aggregates.
//!
//! Merging is commutative and associative: the inventory is a pure function of a [`State`], so
//! captures may come in any order, and scanning the same one twice changes nothing.

mod keys;
mod merge;

pub use keys::*;

use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;
use sentinel_wire::model::*;
use sentinel_wire::obs::{self, HostId, HostKey, HostStat, Interner, Observations, Seen, Sym};

pub type Map<K, V> = HashMap<K, V, FxBuildHasher>;

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
