//! Answers to names of others: who resolves many names to himself on LLMNR or NetBIOS is after
//! log-ins (MITRE ATT&CK T1557.001). A host answers for its own names only (RFC 4795, 2.2).

use super::event::{Side, begin, push};
use super::{ip, text, vlan};
use crate::model::*;
use crate::obs::{Observations, StoredEvent};
use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::net::IpAddr;

/// Names of one host: its own, its domain's.
const OWN: usize = 2;
const MAX_NAMES: usize = 16;
const MAX_RESPONDERS: usize = 1 << 12;
/// Names that stand for no host: whoever has them gets all web traffic of those who ask.
const BAIT: &[&str] = &["wpad", "isatap", "proxy", "proxysrv"];

/// See the module.
#[derive(Default, Serialize, Deserialize)]
pub struct Names {
    #[serde(with = "crate::saved::pairs")]
    responders: HashMap<(u16, IpAddr), Responder, FxBuildHasher>,
}

#[derive(Default, Serialize, Deserialize)]
struct Responder {
    names: BTreeSet<String>,
    told: bool,
    bait: bool,
}

fn resolves_to(e: &StoredEvent, who: &str) -> bool {
    let same = |v: &Val| match v {
        Val::Str(s) => **s == *who,
        Val::Static(s) => *s == who,
        _ => false,
    };
    match e.fields.iter().find(|(n, _)| *n == "dns.resolved_ip") {
        Some((_, Val::List(l))) => l.iter().any(same),
        Some((_, v)) => same(v),
        None => false,
    }
}

impl Names {
    /// An answer on the link.
    pub fn answer(&mut self, obs: &mut Observations, e: &StoredEvent) {
        let (Some(sender), Some(name)) = (ip(e, "source.ip"), text(e, "dns.question.name")) else { return };
        if !text(e, "source.ip").is_some_and(|who| resolves_to(e, who)) {
            return;
        }
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        let key = (vlan(e), sender);
        if self.responders.len() >= MAX_RESPONDERS && !self.responders.contains_key(&key) {
            return obs.count("name_responders");
        }
        let r = self.responders.entry(key).or_default();
        let bait = BAIT.contains(&name.as_str());
        if r.names.len() < MAX_NAMES {
            r.names.insert(name.clone());
        }
        let many = r.names.len() > OWN && !r.told;
        let first_bait = bait && !r.bait;
        if !many && !first_bait {
            return;
        }
        r.told |= many;
        r.bait |= bait;
        let mut f = begin("sentinel.anomaly", "answers-for-others", "info", key.0);
        Side::of(sender).mac(text(e, "source.mac").and_then(super::mac)).put(&mut f, true);
        if let Some(to) = ip(e, "destination.ip") {
            Side::of(to).put(&mut f, false);
        }
        if let Some(protocol) = text(e, "network.protocol") {
            f.push(("network.protocol", Val::from(protocol)));
        }
        f.push(("dns.question.name", Val::from(name.clone())));
        f.push((
            "sentinel.anomaly.names",
            Val::from(r.names.iter().map(|n| Val::from(n.as_str())).collect::<Vec<_>>()),
        ));
        f.push(("sentinel.anomaly.count", Val::from(r.names.len())));
        let said = if many {
            format!("{sender} answers with its own address for {} names", r.names.len())
        } else {
            format!("{sender} answers for {name}, which hosts look for to find a proxy")
        };
        f.push(("event.reason", Val::from(said)));
        push(obs, e.at, e.at.time, (sender, name, many), f);
    }
}
