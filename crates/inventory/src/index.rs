//! What belongs to each asset, as sorted lists that are sliced per asset.

use crate::identity::Identity;
use crate::logins::{self, Sides};
use crate::peers::{self, Peers};
use crate::state::*;
use sentinel_wire::model::*;
use sentinel_wire::obs::{Seen, Sym};
use std::ops::Range;

/// A fact of an asset, summed over its addresses.
#[derive(Clone, Debug)]
pub struct Fact {
    pub asset: u32,
    pub name: Sym,
    pub value: Sym,
    pub protocol: Sym,
    pub field: Sym,
    pub by_self: bool,
    pub seen: Seen,
}

/// A service of an asset (offered, or of which it is a client), summed over its addresses.
#[derive(Clone, Debug)]
pub struct Offer {
    pub asset: u32,
    pub offered: bool,
    pub port: u16,
    pub transport: Transport,
    pub protocol: Sym,
    pub seen: Seen,
    pub confidence: u8,
    pub info: Vec<(Sym, Value, Stamp)>,
}

/// Operations of one kind that an asset did, or that were done to it.
#[derive(Clone, Debug)]
pub struct Deed {
    pub asset: u32,
    pub served: bool,
    pub protocol: Sym,
    pub action: Action,
    pub category: Category,
    pub outcome: Outcome,
    pub seen: Seen,
}

/// A secret that was used at an asset.
#[derive(Clone, Debug)]
pub struct Use {
    pub asset: u32,
    pub key: CredKey,
    pub seen: Seen,
}

/// See the module. Every list is sorted by asset first.
#[derive(Default)]
pub struct Index {
    pub facts: Vec<Fact>,
    pub offers: Vec<Offer>,
    pub deeds: Vec<Deed>,
    pub uses: Vec<Use>,
    /// Peers over industrial protocols, of the assets that have any.
    pub peers: Map<u32, Peers>,
    /// Log-ins of the assets that had any.
    pub logins: Map<u32, Sides>,
}

/// The part of a list sorted by asset that is one asset's.
pub fn of<T>(list: &[T], asset: u32, get: impl Fn(&T) -> u32) -> Range<usize> {
    let start = list.partition_point(|x| get(x) < asset);
    let end = start + list[start..].partition_point(|x| get(x) == asset);
    start..end
}

impl Index {
    pub fn new(state: &State, identity: &Identity) -> Index {
        let asset = |h: sentinel_wire::obs::HostId| identity.of_node.get(h.0 as usize).copied().flatten();
        let text = |s: Sym| state.text(s);
        // sorted, then equal neighbours joined: no second table of what the state holds already
        let mut facts: Vec<Fact> = state
            .facts
            .iter()
            .filter_map(|(k, seen)| {
                let FactKey { name, value, protocol, field, by_self, .. } = *k;
                asset(k.host).map(|asset| Fact { asset, name, value, protocol, field, by_self, seen: *seen })
            })
            .collect();
        let key = |f: &Fact| (f.asset, f.name, f.value, f.protocol, f.field, f.by_self);
        facts.sort_unstable_by_key(key);
        facts.dedup_by(|b, a| {
            let same = key(a) == key(b);
            if same {
                a.seen.merge(&b.seen);
            }
            same
        });
        facts.sort_by(|a, b| {
            (a.asset, !a.by_self, std::cmp::Reverse(a.seen.count))
                .cmp(&(b.asset, !b.by_self, std::cmp::Reverse(b.seen.count)))
                .then_with(|| text(a.name).cmp(text(b.name)))
                .then_with(|| text(a.value).cmp(text(b.value)))
                .then_with(|| text(a.protocol).cmp(text(b.protocol)))
                .then_with(|| text(a.field).cmp(text(b.field)))
        });
        let mut offers: Vec<Offer> = state
            .services
            .iter()
            .filter_map(|(k, s)| {
                asset(k.host).map(|asset| Offer {
                    asset,
                    offered: k.offered,
                    port: k.port,
                    transport: k.transport,
                    protocol: k.protocol,
                    seen: s.seen,
                    confidence: s.confidence,
                    info: s.info.clone(),
                })
            })
            .collect();
        offers.sort_unstable_by(|a, b| {
            (a.asset, !a.offered, a.port, a.transport)
                .cmp(&(b.asset, !b.offered, b.port, b.transport))
                .then_with(|| text(a.protocol).cmp(text(b.protocol)))
                .then_with(|| order(state, &a.seen).cmp(&order(state, &b.seen)))
        });
        offers.dedup_by(|b, a| {
            let same = (a.asset, a.offered, a.port, a.transport, a.protocol)
                == (b.asset, b.offered, b.port, b.transport, b.protocol);
            if same {
                a.seen.merge(&b.seen);
                a.confidence = a.confidence.max(b.confidence);
                let new = b.info.drain(..).filter(|i| !a.info.iter().any(|j| j.0 == i.0)).collect::<Vec<_>>();
                a.info.extend(new);
            }
            same
        });
        for o in &mut offers {
            o.info.sort_by(|a, b| text(a.0).cmp(text(b.0)));
        }
        let mut deeds: Map<(u32, bool, Sym, Action, Category, Outcome), Seen> = Map::default();
        for (k, op) in &state.operations {
            for (host, served) in [(k.client, false), (k.server, true)] {
                if let Some(a) = asset(host) {
                    let key = (a, served, k.protocol, op.action, op.category, k.outcome);
                    deeds.entry(key).and_modify(|s| s.merge(&op.seen)).or_insert(op.seen);
                }
            }
        }
        let mut deeds: Vec<Deed> = deeds
            .into_iter()
            .map(|((asset, served, protocol, action, category, outcome), seen)| Deed {
                asset,
                served,
                protocol,
                action,
                category,
                outcome,
                seen,
            })
            .collect();
        deeds.sort_by(|a, b| {
            (a.asset, a.served)
                .cmp(&(b.asset, b.served))
                .then_with(|| text(a.protocol).cmp(text(b.protocol)))
                .then_with(|| (a.action, a.category, a.outcome).cmp(&(b.action, b.category, b.outcome)))
        });
        let mut uses: Vec<Use> = state
            .credentials
            .iter()
            .filter_map(|(key, c)| {
                asset(key.server).map(|asset| Use { asset, key: key.clone(), seen: c.seen })
            })
            .collect();
        uses.sort_by(|a, b| {
            a.asset
                .cmp(&b.asset)
                .then_with(|| text(a.key.protocol).cmp(text(b.key.protocol)))
                .then_with(|| a.key.username.map(text).cmp(&b.key.username.map(text)))
                .then_with(|| order(state, &a.seen).cmp(&order(state, &b.seen)))
                .then_with(|| a.key.secret.map(text).cmp(&b.key.secret.map(text)))
        });
        let peers = peers::count(state, identity);
        Index { facts, offers, deeds, uses, peers, logins: logins::of_assets(state, identity) }
    }
}

/// A fixed order of sightings that does not depend on how sources are numbered.
pub fn order<'s>(state: &'s State, seen: &Seen) -> (Micros, u64, &'s str) {
    let sha = state.sources.get(seen.first.source as usize).map_or("", |s| s.sha256.as_str());
    (seen.first.time, seen.first.frame, sha)
}
