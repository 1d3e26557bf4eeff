//! One state into another.

use super::*;
use crate::bounds::Evicted;

impl State {
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
                found: a.found.map(|f| Guessed { secret: s(f.secret), shown: s(f.shown) }),
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
