//! Records as the data model names them, written out as JSON, one document each.

mod asked;
mod keys;
mod lists;

use crate::identity::Identity;
use crate::index::{Fact, Index, of};
use crate::profile::{Meaning, value};
use crate::state::*;
use asked::Asked;
use rustc_hash::FxBuildHasher;
use sentinel_wire::json::{self, List};
use sentinel_wire::model::*;
use sentinel_wire::obs::{HostId, Seen, Sym};
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
        let mut l = List::array(o.key("systems"));
        for s in &m.systems {
            let mut e = List::object(l.item());
            e.str("os", &s.os);
            json::float(e.key("confidence"), s.confidence);
            let mut b = List::array(e.key("because"));
            s.because.iter().for_each(|x| ask.evidence(b.item(), x));
            b.end();
            e.end();
        }
        l.end();
        self.offers(&mut o, a, m);
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
        if let Some(sides) = self.index.logins.get(&a) {
            let mut l = List::object(o.key("logins"));
            for (name, logins) in [("served", &sides.served), ("made", &sides.made)] {
                if logins.any() {
                    logins.write(l.key(name));
                }
            }
            l.end();
        }
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

    fn offers(&self, o: &mut List<'_>, a: u32, m: &Meaning) {
        let offers = &self.index.offers[of(&self.index.offers, a, |o| o.asset)];
        let mut l = List::array(o.key("services"));
        for (i, s) in offers.iter().filter(|s| s.offered).enumerate() {
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
            for (name, v) in m.services.get(&format!("s{i}")).into_iter().flatten() {
                if !s.info.iter().any(|(n, ..)| self.text(*n) == name) {
                    e.str(name, v);
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
}
