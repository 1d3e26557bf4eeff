//! The question to Python: what does this set of facts mean? Asked once per distinct set.
//!
//! The form is `sentinel/inventory/profile.py`'s `Profile`; the answer is its `Meaning`, whose
//! references (`f0`, `s1` …) name places in the lists of the question.

use crate::identity::Identity;
use crate::index::{Index, Offer, of};
use crate::peers::Peers;
use crate::state::*;
use sentinel_wire::json::{self, List};
use sentinel_wire::model::*;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::net::IpAddr;

/// Services without a known protocol and clients that a profile names at most.
const MAX_UNKNOWN: usize = 8;
/// Facts a profile names at most: those seen most often, by itself first.
const MAX_FACTS: usize = 200;

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Meaning {
    pub vendor: Option<String>,
    pub product: Option<String>,
    pub model: Option<String>,
    pub firmware: Option<String>,
    pub hardware: Option<String>,
    pub serial: Option<String>,
    pub os: Option<String>,
    pub name: Option<String>,
    pub location: Option<String>,
    #[serde(rename = "type")]
    pub kind: Option<String>,
    pub level: Option<f64>,
    pub roles: Vec<Role>,
    pub systems: Vec<System>,
    /// By reference, what banners say of a service: its product and version.
    pub services: BTreeMap<String, BTreeMap<String, String>>,
    pub exposures: Vec<Exposure>,
    /// Other values that were seen, by asset key, as Python gave them.
    pub conflicts: serde_json::Map<String, serde_json::Value>,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Role {
    pub role: String,
    pub score: f64,
    #[serde(default)]
    pub because: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
pub struct System {
    pub os: String,
    pub confidence: f64,
    #[serde(default)]
    pub because: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Exposure {
    pub kind: String,
    pub severity: String,
    pub title: String,
    #[serde(default)]
    pub evidence: Vec<String>,
}

/// Writes the profile of asset `a`.
pub fn write(
    out: &mut Vec<u8>,
    state: &State,
    identity: &Identity,
    index: &Index,
    a: u32,
    oui: &dyn Fn(Mac) -> Option<String>,
) {
    let group = &identity.groups[a as usize];
    let mut p = List::object(out);
    let mut vendors: Vec<String> = Vec::new();
    let mut local = false;
    for m in &group.macs {
        if let HostAddr::Mac(mac) = state.hosts[*m as usize].0.addr {
            local |= mac.0[0] & 2 != 0;
            if let Some(v) = oui(mac)
                && !vendors.contains(&v)
            {
                vendors.push(v);
            }
        }
    }
    let mut l = List::array(p.key("oui"));
    for v in &vendors {
        json::string(l.item(), v);
    }
    l.end();
    p.key("mac_flags").extend_from_slice(if local { b"[\"local\"]" } else { b"[]" });
    let mut l = List::array(p.key("facts"));
    for f in index.facts[of(&index.facts, a, |f| f.asset)].iter().take(MAX_FACTS) {
        let mut o = List::object(l.item());
        o.str("name", state.text(f.name));
        o.str("value", state.text(f.value));
        o.str("protocol", state.text(f.protocol));
        o.str("field", state.text(f.field));
        o.str("by", if f.by_self { "self" } else { "other" });
        o.end();
    }
    l.end();
    let offers = &index.offers[of(&index.offers, a, |o| o.asset)];
    let mut l = List::array(p.key("services"));
    let mut unknown = 0;
    for o in offers.iter().filter(|o| o.offered) {
        let protocol = state.text(o.protocol);
        unknown += usize::from(protocol.is_empty());
        let mut j = List::object(l.item());
        if unknown <= MAX_UNKNOWN {
            j.int("port", o.port);
        }
        j.str("transport", o.transport.name());
        j.str("protocol", protocol);
        j.int("confidence", o.confidence);
        if !o.info.is_empty() {
            let mut i = List::object(j.key("info"));
            for (name, v, _) in &o.info {
                let out = i.key(state.text(*name));
                value(out, state, v);
            }
            if expired(state, o) {
                i.bool("tls.expired", true);
            }
            i.end();
        }
        j.end();
    }
    l.end();
    let mut l = List::array(p.key("clients"));
    for o in offers.iter().filter(|o| !o.offered && !state.text(o.protocol).is_empty()) {
        let mut j = List::object(l.item());
        j.str("protocol", state.text(o.protocol));
        j.int("port", o.port);
        j.str("transport", o.transport.name());
        j.end();
    }
    l.end();
    let deeds = &index.deeds[of(&index.deeds, a, |d| d.asset)];
    for (key, served) in [("did", false), ("served", true)] {
        let mut l = List::array(p.key(key));
        for d in deeds.iter().filter(|d| d.served == served) {
            let mut j = List::object(l.item());
            j.str("protocol", state.text(d.protocol));
            j.str("action", d.action.name());
            j.str("category", d.category.name());
            j.str("outcome", d.outcome.name());
            j.end();
        }
        l.end();
    }
    let mut l = List::array(p.key("creds"));
    for u in &index.uses[of(&index.uses, a, |u| u.asset)] {
        let mut j = List::object(l.item());
        j.str("protocol", state.text(u.key.protocol));
        j.str("kind", u.key.kind.name());
        if let Some(name) = u.key.username {
            j.str("username", state.text(name));
        }
        let credential = state.credentials.get(&u.key);
        j.str("outcome", credential.map_or(LoginOutcome::Unknown, |c| c.outcome).name());
        if let Some(assessed) = credential.and_then(|c| c.assessed.as_ref()) {
            for (key, list) in [("weaknesses", &assessed.weaknesses), ("default_of", &assessed.default_of)] {
                let mut w = List::array(j.key(key));
                for s in list {
                    json::string(w.item(), state.text(*s));
                }
                w.end();
            }
        }
        j.end();
    }
    l.end();
    address(&mut p, state, group, index.peers.get(&a).copied().unwrap_or_default());
    p.end();
}

/// True if the certificate of a service had run out when the service was last seen. Said here, since
/// a profile that held the time would be one of its own for every host.
fn expired(state: &State, offer: &Offer) -> bool {
    let end = offer.info.iter().find(|(name, ..)| state.text(*name) == "tls.not_after");
    let Some((_, Value::Text(end), _)) = end else { return false };
    let mut seen = Vec::with_capacity(32);
    json::plain_time(&mut seen, offer.seen.last);
    state.text(*end).as_bytes() < seen.as_slice()
}

fn address(p: &mut List<'_>, state: &State, group: &crate::identity::Group, peers: Peers) {
    let mut j = List::object(p.key("address"));
    let mut class = "none";
    let mut ttl = 0;
    for i in &group.ips {
        let (key, stat) = &state.hosts[*i as usize];
        ttl = ttl.max(stat.ttl);
        let this = match key.addr {
            HostAddr::Ip(IpAddr::V4(v4)) if v4.is_private() => "private",
            HostAddr::Ip(IpAddr::V4(v4)) if v4.is_link_local() => "link-local",
            HostAddr::Ip(IpAddr::V4(v4)) if v4.is_loopback() => "loopback",
            HostAddr::Ip(IpAddr::V4(_)) => "public",
            HostAddr::Ip(IpAddr::V6(v6)) if v6.segments()[0] & 0xffc0 == 0xfe80 => "link-local",
            HostAddr::Ip(IpAddr::V6(v6)) if v6.segments()[0] & 0xfe00 == 0xfc00 => "private",
            HostAddr::Ip(IpAddr::V6(v6)) if v6.is_loopback() => "loopback",
            HostAddr::Ip(IpAddr::V6(_)) => "public",
            HostAddr::Mac(_) => continue,
        };
        let weight =
            |c: &str| ["none", "link-local", "loopback", "public", "private"].iter().position(|x| *x == c);
        if weight(this) > weight(class) {
            class = this;
        }
    }
    j.str("v4", class);
    if ttl > 0 {
        let initial = [32u8, 64, 128, 255].into_iter().find(|i| ttl <= *i).unwrap_or(255);
        j.int("ttl", initial);
    }
    j.bool("router", group.router);
    let bucket = |n: u32| [0, 1, 2, 10, 100].into_iter().rev().find(|b| n >= *b).unwrap_or(0);
    j.int("behind", bucket(group.behind));
    j.int("peers_l2", bucket(peers.all));
    j.int("public_peers", bucket(peers.public));
    j.end();
}

/// Writes a kept value.
pub fn value(out: &mut Vec<u8>, state: &State, v: &Value) {
    match v {
        Value::Int(v) => json::int(out, *v),
        Value::Float(v) => json::float(out, *v),
        Value::Bool(v) => out.extend_from_slice(if *v { b"true" } else { b"false" }),
        Value::Text(s) => json::string(out, state.text(*s)),
        Value::List(l) => {
            let mut a = List::array(out);
            for v in l {
                value(a.item(), state, v);
            }
            a.end();
        }
    }
}
