//! Records as the data model names them, written out as JSON, one document each.

use crate::changes::hash;
use crate::identity::Identity;
use crate::index::{Deed, Fact, Index, Offer, Use, of};
use crate::profile::{Meaning, value};
use crate::state::*;
use rustc_hash::FxBuildHasher;
use sentinel_wire::json::{self, List};
use sentinel_wire::model::*;
use sentinel_wire::obs::{ConvStat, HostId, Seen, Sym};
use std::collections::BTreeMap;
use std::hash::BuildHasher;
use std::sync::Arc;

/// Facts written per asset at most.
const MAX_FACTS: usize = 256;

/// Everything a record may refer to.
pub struct View<'a> {
    pub state: &'a State,
    pub identity: &'a Identity,
    pub index: &'a Index,
    /// Id and aliases of each asset.
    pub ids: &'a [(String, Vec<String>)],
    /// Meaning of each asset, by number in `meanings`.
    pub meaning_of: &'a [u32],
    pub meanings: &'a [Arc<Meaning>],
    /// Secrets by their number of first sight, where they have no keyed hash.
    pub secret_names: &'a Map<Sym, String>,
    /// Secrets that open more than one asset.
    pub reused: &'a hashbrown::HashSet<Sym, FxBuildHasher>,
}

impl View<'_> {
    fn text(&self, s: Sym) -> &str {
        self.state.text(s)
    }
    fn source(&self, at: Stamp) -> Option<&str> {
        self.state.sources.get(at.source as usize).map(|s| s.name.as_str())
    }
    fn place(&self, o: &mut List<'_>, seen: &Seen) {
        if let Some(name) = self.source(seen.first) {
            o.str("source", name);
        }
        o.int("frame", seen.first.frame);
    }
    fn span(&self, o: &mut List<'_>, seen: &Seen) {
        o.int("count", seen.count);
        o.time("first", seen.first.time);
        o.time("last", seen.last);
    }
    fn end(&self, o: &mut List<'_>, key: &str, host: HostId, port: Option<u16>) {
        let mut e = List::object(o.key(key));
        match self.state.hosts[host.0 as usize].0.addr {
            HostAddr::Ip(a) => e.str("ip", &a.to_string()),
            HostAddr::Mac(m) => e.str("mac", &m.to_string()),
        }
        if let Some(port) = port.filter(|p| *p != 0) {
            e.int("port", port);
        }
        match self.identity.of_node.get(host.0 as usize).copied().flatten() {
            Some(a) => e.str("asset", &self.ids[a as usize].0),
            None => e.key("asset").extend_from_slice(b"null"),
        }
        e.end();
    }
    fn texts<'s>(&self, o: &mut List<'_>, key: &str, list: impl Iterator<Item = &'s str>) {
        let mut l = List::array(o.key(key));
        for t in list {
            json::string(l.item(), t);
        }
        l.end();
    }

    /// Writes asset `a`.
    pub fn asset(&self, out: &mut Vec<u8>, a: u32) {
        let state = self.state;
        let group = &self.identity.groups[a as usize];
        let m = &self.meanings[self.meaning_of[a as usize] as usize];
        let facts = &self.index.facts[of(&self.index.facts, a, |f| f.asset)];
        let mut o = List::object(out);
        o.str("id", &self.ids[a as usize].0);
        self.texts(&mut o, "aliases", self.ids[a as usize].1.iter().map(String::as_str));
        for (key, list) in [("mac", &group.macs), ("ip", &group.ips)] {
            let shown: Vec<String> =
                list.iter().map(|i| state.hosts[*i as usize].0.addr.to_string()).collect();
            let mut seen = Vec::new();
            let unique = shown.iter().map(String::as_str).filter(|s| {
                let new = !seen.contains(s);
                if new {
                    seen.push(*s);
                }
                new
            });
            self.texts(&mut o, key, unique);
        }
        let site =
            group.ips.iter().chain(&group.macs).map(|i| state.text(state.hosts[*i as usize].0.site)).next();
        if let Some(site) = site.filter(|s| !s.is_empty()) {
            o.str("site", site);
        }
        let vlans: std::collections::BTreeSet<u16> =
            group.ips.iter().map(|i| state.hosts[*i as usize].0.vlan).filter(|v| *v != 0).collect();
        if !vlans.is_empty() {
            let mut l = List::array(o.key("vlan"));
            vlans.iter().for_each(|v| json::int(l.item(), *v));
            l.end();
        }
        let mut names: Vec<(bool, i64, &str)> = Vec::new();
        for f in facts.iter().filter(|f| self.text(f.name) == "hostname") {
            let name = self.text(f.value);
            match names.iter_mut().find(|n| n.2.eq_ignore_ascii_case(name)) {
                Some(n) => *n = (n.0 && !f.by_self, n.1.max(f.seen.last), n.2),
                None => names.push((!f.by_self, f.seen.last, name)),
            }
        }
        names.sort_by(|a, b| (a.0, -a.1, a.2).cmp(&(b.0, -b.1, b.2)));
        self.texts(&mut o, "hostnames", names.iter().map(|n| n.2));
        let mut others: Vec<(&str, &str)> = facts
            .iter()
            .filter_map(|f| self.text(f.name).strip_prefix("id:").map(|k| (k, self.text(f.value))))
            .collect();
        others.sort_unstable();
        others.dedup();
        let mut l = List::array(o.key("other"));
        for (kind, v) in others {
            let mut e = List::object(l.item());
            e.str("kind", kind);
            e.str("value", v);
            e.end();
        }
        l.end();
        for (key, v) in [
            ("vendor", &m.vendor),
            ("product", &m.product),
            ("model", &m.model),
            ("firmware", &m.firmware),
            ("hardware", &m.hardware),
            ("serial", &m.serial),
            ("os", &m.os),
            ("name", &m.name),
            ("location", &m.location),
            ("type", &m.kind),
        ] {
            match v {
                Some(v) => o.str(key, v),
                None => o.key(key).extend_from_slice(b"null"),
            }
        }
        match m.level {
            Some(l) if l.fract() == 0.0 => json::int(o.key("level"), l as i64),
            Some(l) => json::float(o.key("level"), l),
            None => o.key("level").extend_from_slice(b"null"),
        }
        if !m.conflicts.is_empty() {
            let other = serde_json::to_vec(&m.conflicts).unwrap_or_else(|_| b"{}".to_vec());
            o.key("conflicts").extend_from_slice(&other);
        }
        let ask = Asked::new(self, a, facts);
        let mut l = List::array(o.key("roles"));
        for r in &m.roles {
            let mut e = List::object(l.item());
            e.str("role", &r.role);
            json::float(e.key("score"), r.score);
            let mut b = List::array(e.key("because"));
            r.because.iter().for_each(|x| ask.evidence(b.item(), x));
            b.end();
            e.end();
        }
        l.end();
        self.offers(&mut o, a);
        let mut l = List::array(o.key("facts"));
        for f in facts.iter().take(MAX_FACTS) {
            self.fact(l.item(), f);
        }
        l.end();
        let mut l = List::array(o.key("exposures"));
        for x in &m.exposures {
            let mut e = List::object(l.item());
            e.str("kind", &x.kind);
            e.str("severity", &x.severity);
            e.str("title", &x.title);
            let mut b = List::array(e.key("evidence"));
            x.evidence.iter().for_each(|x| ask.evidence(b.item(), x));
            b.end();
            e.end();
        }
        l.end();
        let (mut first, mut last, mut packets, mut bytes) = (Micros::MAX, Micros::MIN, 0u64, 0u64);
        for i in group.ips.iter().chain(&group.macs) {
            let s = &state.hosts[*i as usize].1;
            first = first.min(s.first);
            last = last.max(s.last);
            packets += s.packets;
            bytes += s.bytes;
        }
        for f in facts {
            first = first.min(f.seen.first.time);
            last = last.max(f.seen.last);
        }
        if first <= last {
            o.time("first", first);
            o.time("last", last);
        }
        o.int("packets", packets);
        o.int("bytes", bytes);
        o.end();
    }

    fn fact(&self, out: &mut Vec<u8>, f: &Fact) {
        let mut e = List::object(out);
        e.str("name", self.text(f.name));
        e.str("value", self.text(f.value));
        e.str("protocol", self.text(f.protocol));
        e.str("field", self.text(f.field));
        self.place(&mut e, &f.seen);
        self.span(&mut e, &f.seen);
        e.str("by", if f.by_self { "self" } else { "other" });
        e.end();
    }

    fn offers(&self, o: &mut List<'_>, a: u32) {
        let offers = &self.index.offers[of(&self.index.offers, a, |o| o.asset)];
        let mut l = List::array(o.key("services"));
        for s in offers.iter().filter(|s| s.offered) {
            let mut e = List::object(l.item());
            if s.port != 0 {
                e.int("port", s.port);
            }
            e.str("transport", s.transport.name());
            match self.text(s.protocol) {
                "" => e.key("protocol").extend_from_slice(b"null"),
                p => e.str("protocol", p),
            }
            json::float(e.key("confidence"), f64::from(s.confidence) / 100.0);
            let mut tls: Vec<(&str, &Value)> = Vec::new();
            for (name, v, _) in &s.info {
                match self.text(*name).strip_prefix("tls.") {
                    Some(name) => tls.push((name, v)),
                    None => value(e.key(self.text(*name)), self.state, v),
                }
            }
            if !tls.is_empty() {
                let mut t = List::object(e.key("tls"));
                tls.iter().for_each(|(name, v)| value(t.key(name), self.state, v));
                t.end();
            }
            self.place(&mut e, &s.seen);
            self.span(&mut e, &s.seen);
            e.end();
        }
        l.end();
        let mut clients: Vec<&str> = offers
            .iter()
            .filter(|s| !s.offered)
            .map(|s| self.text(s.protocol))
            .filter(|p| !p.is_empty())
            .collect();
        clients.sort_unstable();
        clients.dedup();
        self.texts(o, "clients", clients.into_iter());
    }

    /// Id of the asset that a host is of.
    fn id(&self, host: HostId) -> Option<&str> {
        let asset = self.identity.of_node.get(host.0 as usize).copied().flatten()?;
        self.ids.get(asset as usize).map(|i| i.0.as_str())
    }

    fn node(&self, host: HostId) -> (String, &str) {
        let key = &self.state.hosts[host.0 as usize].0;
        (format!("{} {}", key.vlan, key.addr), self.text(key.site))
    }

    /// What tells a conversation from all others of a store.
    pub fn conversation_parts(&self, k: &ConvKey) -> impl std::hash::Hash {
        let node = |h: HostId| {
            let key = &self.state.hosts[h.0 as usize].0;
            (self.text(key.site), key.vlan, key.addr)
        };
        (node(k.client), node(k.server), self.text(k.protocol), k.transport, k.port)
    }

    /// What tells a conversation from all others of a store, as a hash.
    pub fn conversation_key(&self, k: &ConvKey) -> [u8; 16] {
        let ((client, a), (server, b)) = (self.node(k.client), self.node(k.server));
        let port = k.port.to_string();
        hash(&["conversation", a, &client, b, &server, self.text(k.protocol), k.transport.name(), &port])
    }

    /// What tells an operation from all others of a store, as a hash.
    pub fn operation_key(&self, k: &OpKey) -> [u8; 16] {
        let ((client, a), (server, b)) = (self.node(k.client), self.node(k.server));
        let (port, unit) = (k.port.to_string(), k.unit.map(|u| self.text(u)));
        let has = if unit.is_some() { "unit" } else { "" };
        let what = [self.text(k.protocol), self.text(k.name), unit.unwrap_or_default(), has];
        let [protocol, name, unit, has] = what;
        let (transport, outcome) = (k.transport.name(), k.outcome.name());
        hash(&["operation", a, &client, b, &server, protocol, name, unit, has, transport, outcome, &port])
    }

    /// What tells a credential from all others of a store, as a hash; of its secret the keyed hash alone.
    pub fn credential_key(&self, k: &CredKey) -> [u8; 16] {
        let ((client, a), (server, b)) = (self.node(k.client), self.node(k.server));
        let port = k.port.to_string();
        let user = k.username.map_or(String::new(), |u| format!("u{}", self.text(u)));
        let secret = k.secret.map_or(String::new(), |s| format!("s{}", self.text(s)));
        let (protocol, kind) = (self.text(k.protocol), k.kind.name());
        hash(&["credential", a, &client, b, &server, protocol, kind, &port, &user, &secret])
    }

    /// Conversations with the operations done in them, in order of first sight.
    pub fn conversations(&self, mut emit: impl FnMut(&[u8])) {
        self.each_conversation(true, |_, _| true, |_, doc| emit(doc));
    }

    /// [`View::conversations`] with their keys; in any order unless `sorted`. Only those are written that
    /// are `wanted`, by their key and what stands for all that is in the document.
    pub fn each_conversation(
        &self,
        sorted: bool,
        mut wanted: impl FnMut(&ConvKey, u64) -> bool,
        mut emit: impl FnMut(&ConvKey, &[u8]),
    ) {
        let state = self.state;
        let mut done: Map<(HostId, HostId, Transport, u16), BTreeMap<&'static str, u64>> = Map::default();
        for (k, op) in &state.operations {
            let key = (k.client, k.server, k.transport, k.port);
            *done.entry(key).or_default().entry(op.action.name()).or_default() += op.seen.count;
        }
        let mut list: Vec<(&ConvKey, &ConvStat)> = state.conversations.iter().collect();
        // those without a protocol show no operations, so that their order is of no matter
        if !sorted {
            list.sort_unstable_by_key(|(k, _)| self.text(k.protocol).is_empty());
        }
        let named = list.partition_point(|(k, _)| sorted || !self.text(k.protocol).is_empty());
        let addr = |h: HostId| state.hosts[h.0 as usize].0.addr;
        // what was done between two ends is said once, of the conversation that sorts first
        list[..named].sort_by(|(a, x), (b, y)| {
            (x.first, addr(a.client), addr(a.server), a.transport, a.port)
                .cmp(&(y.first, addr(b.client), addr(b.server), b.transport, b.port))
                .then_with(|| self.text(b.protocol).cmp(self.text(a.protocol)))
                .then_with(|| {
                    state.hosts[a.client.0 as usize].0.vlan.cmp(&state.hosts[b.client.0 as usize].0.vlan)
                })
        });
        let mut out = Vec::with_capacity(512);
        for (k, v) in list {
            let protocol = self.text(k.protocol);
            let mut all = BTreeMap::new();
            if !protocol.is_empty() {
                let there = done.remove(&(k.client, k.server, k.transport, k.port)).unwrap_or_default();
                all = done.remove(&(k.server, k.client, k.transport, k.port)).unwrap_or_default();
                there.into_iter().for_each(|(a, n)| *all.entry(a).or_default() += n);
            }
            let stat = (v.packets, v.bytes, v.first, v.last);
            let print = FxBuildHasher.hash_one((self.id(k.client), self.id(k.server), stat, &all));
            if !wanted(k, print) {
                continue;
            }
            out.clear();
            let mut o = List::object(&mut out);
            self.end(&mut o, "client", k.client, None);
            self.end(&mut o, "server", k.server, None);
            match protocol {
                "" => o.key("protocol").extend_from_slice(b"null"),
                p => o.str("protocol", p),
            }
            o.str("transport", k.transport.name());
            if k.port != 0 {
                o.int("port", k.port);
            }
            o.int("packets", v.packets);
            o.int("bytes", v.bytes);
            let mut ops = List::object(o.key("operations"));
            all.into_iter().for_each(|(a, n)| ops.int(a, n));
            ops.end();
            o.time("first", v.first);
            o.time("last", v.last);
            o.end();
            emit(k, &out);
        }
    }

    /// Operations, in order of first sight.
    pub fn operations(&self, mut emit: impl FnMut(&[u8])) {
        self.each_operation(true, |_, doc| emit(doc));
    }

    /// [`View::operations`] with their keys; in any order unless `sorted`.
    pub fn each_operation(&self, sorted: bool, mut emit: impl FnMut(&OpKey, &[u8])) {
        let state = self.state;
        let mut list: Vec<(&OpKey, &Operation)> = state.operations.iter().collect();
        let order = |(a, x): &(&OpKey, &Operation), (b, y): &(&OpKey, &Operation)| {
            crate::index::order(state, &x.seen)
                .cmp(&crate::index::order(state, &y.seen))
                .then_with(|| {
                    (self.text(a.protocol), self.text(a.name))
                        .cmp(&(self.text(b.protocol), self.text(b.name)))
                })
                .then_with(|| {
                    (a.unit.map(|u| self.text(u)), a.outcome).cmp(&(b.unit.map(|u| self.text(u)), b.outcome))
                })
                .then_with(|| {
                    let addr = |h: HostId| state.hosts[h.0 as usize].0.addr;
                    (addr(a.client), addr(a.server), a.port).cmp(&(addr(b.client), addr(b.server), b.port))
                })
        };
        if sorted {
            list.sort_by(order);
        }
        let mut out = Vec::with_capacity(1024);
        for (k, op) in list {
            out.clear();
            let mut o = List::object(&mut out);
            o.str("protocol", self.text(k.protocol));
            o.str("action", op.action.name());
            o.str("name", self.text(k.name));
            if let Some(code) = op.code {
                o.int("code", code);
            }
            o.str("category", op.category.name());
            self.end(&mut o, "client", k.client, None);
            self.end(&mut o, "server", k.server, Some(k.port));
            let mut d = List::object(o.key("detail"));
            if let Some(unit) = k.unit {
                d.str("unit", self.text(unit));
            }
            for (name, v) in &op.detail {
                value(d.key(self.text(*name)), state, v);
            }
            if !op.ranges.is_empty() {
                let mut l = List::array(d.key("addresses"));
                for (start, count) in &op.ranges {
                    let mut r = List::object(l.item());
                    r.int("start", *start);
                    r.int("count", *count);
                    r.end();
                }
                l.end();
            }
            if op.ranges_dropped > 0 {
                d.int("addresses_dropped", op.ranges_dropped);
            }
            d.end();
            o.str("outcome", k.outcome.name());
            self.span(&mut o, &op.seen);
            self.place(&mut o, &op.seen);
            o.end();
            emit(k, &out);
        }
    }

    /// Credentials, in order of first sight.
    pub fn credentials(&self, mut emit: impl FnMut(&[u8])) {
        self.each_credential(|_, doc| emit(doc));
    }

    /// [`View::credentials`] with their keys.
    pub fn each_credential(&self, mut emit: impl FnMut(&CredKey, &[u8])) {
        let state = self.state;
        let mut list: Vec<(&CredKey, &Credential)> = state.credentials.iter().collect();
        list.sort_by(|(a, x), (b, y)| {
            crate::index::order(state, &x.seen)
                .cmp(&crate::index::order(state, &y.seen))
                .then_with(|| self.text(a.protocol).cmp(self.text(b.protocol)))
                .then_with(|| {
                    let t = |k: &CredKey| {
                        (
                            k.username.map(|s| self.text(s).to_owned()),
                            k.secret.map(|s| self.text(s).to_owned()),
                        )
                    };
                    t(a).cmp(&t(b))
                })
        });
        let mut out = Vec::with_capacity(512);
        for (k, c) in list {
            out.clear();
            let mut o = List::object(&mut out);
            o.str("protocol", self.text(k.protocol));
            o.str("kind", k.kind.name());
            self.end(&mut o, "server", k.server, Some(k.port));
            self.end(&mut o, "client", k.client, None);
            if let Some(user) = k.username {
                o.str("username", self.text(user));
            }
            let assessed = c.assessed.as_ref();
            if let Some(shown) = assessed.and_then(|a| a.shown) {
                o.str("secret", self.text(shown));
            }
            if let Some(secret) = k.secret {
                match self.secret_names.get(&secret) {
                    Some(name) => o.str("secret_id", name),
                    None => o.str("secret_id", self.text(secret)),
                }
            }
            if let Some((mode, line)) = c.hashcat {
                let mut h = List::object(o.key("hashcat"));
                h.int("mode", mode);
                let line = assessed.and_then(|a| a.line).unwrap_or(line);
                h.str("line", self.text(line));
                h.end();
            }
            o.str("outcome", c.outcome.name());
            let mut weak: Vec<&str> =
                assessed.map_or(Vec::new(), |a| a.weaknesses.iter().map(|s| self.text(*s)).collect());
            let vendor = self
                .identity
                .of_node
                .get(k.server.0 as usize)
                .copied()
                .flatten()
                .and_then(|a| self.meanings[self.meaning_of[a as usize] as usize].vendor.as_deref());
            if let (Some(a), Some(vendor)) = (assessed, vendor)
                && a.default_of.iter().any(|d| self.text(*d).eq_ignore_ascii_case(vendor))
            {
                weak.push("vendor-default");
            }
            if k.secret.is_some_and(|s| self.reused.contains(&s)) {
                weak.push("reused");
            }
            self.texts(&mut o, "weaknesses", weak.into_iter());
            if !c.detail.is_empty() {
                let mut d = List::object(o.key("detail"));
                c.detail.iter().for_each(|(n, v)| value(d.key(self.text(*n)), state, v));
                d.end();
            }
            self.place(&mut o, &c.seen);
            o.time("time", c.seen.first.time);
            o.int("count", c.seen.count);
            o.end();
            emit(k, &out);
        }
    }
}

/// The lists a meaning's references point into.
struct Asked<'a> {
    view: &'a View<'a>,
    asset: u32,
    facts: &'a [Fact],
    services: Vec<&'a Offer>,
    clients: Vec<&'a Offer>,
    did: Vec<&'a Deed>,
    served: Vec<&'a Deed>,
    uses: &'a [Use],
}

impl<'a> Asked<'a> {
    fn new(view: &'a View<'a>, a: u32, facts: &'a [Fact]) -> Asked<'a> {
        let index = view.index;
        let offers = &index.offers[of(&index.offers, a, |o| o.asset)];
        let deeds = &index.deeds[of(&index.deeds, a, |d| d.asset)];
        Asked {
            view,
            asset: a,
            facts,
            services: offers.iter().filter(|o| o.offered).collect(),
            clients: offers.iter().filter(|o| !o.offered && !view.text(o.protocol).is_empty()).collect(),
            did: deeds.iter().filter(|d| !d.served).collect(),
            served: deeds.iter().filter(|d| d.served).collect(),
            uses: &index.uses[of(&index.uses, a, |u| u.asset)],
        }
    }

    /// What `o0` (a card's address) and `a0` (its IP address) stand for.
    fn whereabouts(&self, reference: &str) -> Option<String> {
        let group = self.view.identity.groups.get(self.asset as usize)?;
        let n: usize = reference.get(1..)?.parse().ok()?;
        let list = if reference.starts_with('o') { &group.macs } else { &group.ips };
        let node = list.get(n).or(list.first())?;
        Some(self.view.state.hosts.get(*node as usize)?.0.addr.to_string())
    }

    /// Writes what a reference stands for; a text that is no reference stands for itself.
    fn evidence(&self, out: &mut Vec<u8>, reference: &str) {
        let v = self.view;
        if reference.starts_with('o') || reference.starts_with('a') {
            // the maker of its card, its address: no frame shows them alone
            if let Some(text) = self.whereabouts(reference) {
                let mut e = List::object(out);
                e.str("field", if reference.starts_with('o') { "oui" } else { "address" });
                e.str("value", &text);
                return e.end();
            }
        }
        let (kind, number) = reference.split_at_checked(1).unwrap_or(("", ""));
        let Ok(n) = number.parse::<usize>() else {
            let mut e = List::object(out);
            e.str("text", reference);
            return e.end();
        };
        let mut e = List::object(out);
        let seen = match kind {
            "f" => self.facts.get(n).map(|f| {
                e.str("protocol", v.text(f.protocol));
                e.str("field", v.text(f.field));
                e.str("value", v.text(f.value));
                f.seen
            }),
            "s" | "c" => {
                let list = if kind == "s" { &self.services } else { &self.clients };
                list.get(n).map(|s| {
                    e.str("protocol", v.text(s.protocol));
                    e.str("field", if kind == "s" { "service" } else { "client" });
                    e.str("value", &format!("{}/{}", s.transport.name(), s.port));
                    s.seen
                })
            }
            "d" | "v" => {
                let list = if kind == "d" { &self.did } else { &self.served };
                list.get(n).map(|d| {
                    e.str("protocol", v.text(d.protocol));
                    e.str("field", if kind == "d" { "did" } else { "served" });
                    e.str("value", d.action.name());
                    d.seen
                })
            }
            "k" => self.uses.get(n).map(|u| {
                e.str("protocol", v.text(u.key.protocol));
                e.str("field", "credential");
                e.str("value", u.key.username.map_or(u.key.kind.name(), |s| v.text(s)));
                u.seen
            }),
            _ => None,
        };
        match seen {
            Some(seen) => {
                v.place(&mut e, &seen);
                e.time("time", seen.first.time);
                e.int("count", seen.count);
            }
            None => e.str("text", reference),
        }
        e.end();
    }
}
