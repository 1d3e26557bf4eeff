//! Open flows of a shard as they are saved for a restart, with the sums that are not told yet.
//!
//! Hosts are saved by address, protocols by name. What a parser held is not: it begins anew, as after a
//! gap.

use super::harvest::{Talk, Told};
use super::key::FlowKey;
use super::mass::{Key, Mass, Sum};
use super::registry::Registry;
use super::shard::Shard;
use super::summary::Started;
use super::table::Flow;
use super::track::Track;
use crate::events::{Window, WindowKey};
use crate::model::*;
use crate::obs::{HostId, HostKey, Observations, Once, ServiceKey};
use crate::saved::{self, Saved, word};
use serde::{Deserialize, Serialize};

/// State of one shard.
#[derive(Serialize, Deserialize)]
pub struct Kept<S = Started, O = Once> {
    now: Micros,
    flows: Vec<KeptFlow>,
    windows: Vec<KeptWindow>,
    pairs: Vec<((HostKey, HostKey), u32)>,
    sources: Vec<(HostKey, u32)>,
    sums: Vec<(KeptKey, KeptSum)>,
    started: S,
    seen: O,
    bridged: u64,
}

#[derive(Serialize, Deserialize)]
struct KeptFlow {
    key: FlowKey,
    span: (Micros, Micros),
    packets: [u64; 2],
    bytes: [u64; 2],
    macs: [Mac; 2],
    ttl: [u8; 2],
    on_link: [bool; 2],
    client: u8,
    oriented: bool,
    spoke: [bool; 2],
    accepted: bool,
    fin: [bool; 2],
    reset: bool,
    over: bool,
    confidence: u8,
    protocol: Option<String>,
    isn: [Option<u32>; 2],
    frame: (u64, u32),
    /// Which of its hosts are groups.
    group: [bool; 2],
    told: Option<KeptTold>,
    track: Option<Track>,
}

#[derive(Serialize, Deserialize)]
struct KeptTold {
    packets: [u64; 2],
    bytes: [u64; 2],
    macs: [Mac; 2],
    /// Client, protocol, packets, bytes.
    talk: Option<(u8, String, u64, u64)>,
}

#[derive(Serialize, Deserialize)]
struct KeptWindow {
    protocol: String,
    name: String,
    ends: (HostKey, HostKey),
    port: u16,
    unit: Option<String>,
    outcome: Outcome,
    number: i64,
    count: u64,
    start: Stamp,
    end: Micros,
    range: (i64, i64),
    fields: Vec<(String, Saved)>,
    id: u128,
}

/// Client, server, IP protocol, port.
type KeptKey = (HostKey, Option<HostKey>, u8, u16);

#[derive(Serialize, Deserialize)]
struct KeptSum {
    ends: (HostKey, Option<HostKey>),
    port: Option<u16>,
    proto: u8,
    vlan: u16,
    protocol: String,
    state: String,
    counts: [u64; 3],
    bytes: [u64; 2],
    packets: [u64; 2],
    payload: [u64; 2],
    span: (Micros, Micros),
    at: Stamp,
    ports: Option<Vec<u64>>,
}

fn address(obs: &Observations, id: HostId) -> Option<HostKey> {
    obs.hosts.get(id.0 as usize).map(|(key, _)| *key)
}

impl Shard {
    /// Its open flows and sums.
    pub fn keep(&mut self, registry: &Registry) -> Kept<&Started, &Once> {
        let mut flows = Vec::with_capacity(self.flows.len());
        let events = self.obs.events.on();
        for slot in self.flows.used() {
            let track = if events { self.tracks.get(slot).copied() } else { None };
            let Some(flow) = self.flows.get(slot) else { continue };
            let group = flow.hosts.map(|h| self.obs.hosts.get(h.0 as usize).is_some_and(|(_, s)| s.group));
            let protocol = flow.entry.map(|e| registry.get(e).name().to_owned());
            flows.push(KeptFlow { protocol, ..KeptFlow::of(flow, group, track) });
        }
        let obs = &self.obs;
        let host = |id: HostId| address(obs, id);
        let windows = obs.events.windows.iter().filter_map(|(k, w)| KeptWindow::of(obs, k, w)).collect();
        let pairs = self.mass.pairs.iter();
        let sums = self.mass.sums.iter();
        Kept {
            now: self.now,
            flows,
            windows,
            pairs: pairs.filter_map(|((a, b), n)| Some(((host(*a)?, host(*b)?), *n))).collect(),
            sources: self.mass.sources.iter().filter_map(|(h, n)| Some((host(*h)?, *n))).collect(),
            sums: sums.filter_map(|(k, s)| kept_sum(obs, k, s)).collect(),
            started: &self.started,
            seen: &obs.events.seen,
            bridged: obs.bridged(),
        }
    }

    /// Takes up what was kept. `None` if it cannot be ours; the shard is of no use then.
    pub fn resume(&mut self, registry: &Registry, kept: Kept) -> Option<()> {
        self.now = kept.now;
        for flow in kept.flows {
            self.resume_flow(registry, flow)?;
        }
        let obs = &mut self.obs;
        for w in kept.windows {
            w.resume(obs)?;
        }
        self.mass = Mass::default();
        for ((a, b), n) in kept.pairs {
            self.mass.pairs.insert((obs.host(a)?, obs.host(b)?), n);
        }
        for (h, n) in kept.sources {
            self.mass.sources.insert(obs.host(h)?, n);
        }
        for ((client, server, proto, port), sum) in kept.sums {
            let server = match server {
                Some(server) => Some(obs.host(server)?),
                None => None,
            };
            let key = (obs.host(client)?, server, proto, port);
            self.mass.sums.insert(key, sum.resume(obs)?);
        }
        self.started = kept.started;
        obs.events.seen = kept.seen;
        obs.resume_bridged(kept.bridged);
        Some(())
    }

    fn resume_flow(&mut self, registry: &Registry, k: KeptFlow) -> Option<()> {
        if self.flows.full() || k.client > 1 {
            return None;
        }
        // a probe that is no longer there: its flows are counted only
        let entry = k.protocol.as_deref().and_then(|name| registry.find(name));
        let lost = k.protocol.is_some() && entry.is_none();
        let obs = &mut self.obs;
        let hosts = [0, 1].map(|side| obs.host(HostKey::new(k.key.vlan, k.key.addr(side))));
        let hosts = [hosts[0]?, hosts[1]?];
        for (host, group) in hosts.into_iter().zip(k.group) {
            if let Some((_, stat)) = obs.hosts.get_mut(host.0 as usize) {
                stat.group |= group;
            }
        }
        let told = match k.told {
            Some(t) => Some(Box::new(t.resume()?)),
            None => None,
        };
        let spoke = k.spoke != [false; 2];
        let flow = Flow {
            key: k.key,
            last: k.span.1,
            packets: k.packets,
            bytes: k.bytes,
            work: None,
            macs: k.macs,
            ttl: k.ttl,
            on_link: k.on_link,
            client: k.client,
            oriented: k.oriented,
            spoke: k.spoke,
            accepted: k.accepted,
            fin: k.fin,
            reset: k.reset,
            over: k.over || lost,
            confidence: k.confidence,
            entry,
            hosts,
            first: k.span.0,
            isn: k.isn,
            ticked: k.span.1,
            first_frame: k.frame.0,
            source: k.frame.1,
            held: 0,
            resumed: spoke,
            told,
        };
        if let Some(e) = entry {
            let s = 1 - usize::from(k.client);
            let transport = flow.key.transport();
            let port = if transport == Transport::L2 { 0 } else { flow.key.port(s) };
            let protocol = registry.get(e).name();
            obs.know(ServiceKey { host: hosts[s], port, transport, protocol, offered: true });
        }
        let hash = k.key.hash();
        if self.flows.find(&k.key, hash).is_some() {
            return None;
        }
        let slot = self.flows.insert(flow, hash);
        if let Some(track) = k.track {
            self.tracks.open(slot, track);
        }
        Some(())
    }
}

impl KeptFlow {
    fn of(flow: &Flow, group: [bool; 2], track: Option<Track>) -> KeptFlow {
        KeptFlow {
            key: flow.key,
            span: (flow.first, flow.last),
            packets: flow.packets,
            bytes: flow.bytes,
            macs: flow.macs,
            ttl: flow.ttl,
            on_link: flow.on_link,
            client: flow.client,
            oriented: flow.oriented,
            spoke: flow.spoke,
            accepted: flow.accepted,
            fin: flow.fin,
            reset: flow.reset,
            over: flow.over,
            confidence: flow.confidence,
            protocol: None,
            isn: flow.isn,
            frame: (flow.first_frame, flow.source),
            group,
            told: flow.told.as_deref().map(KeptTold::of),
            track,
        }
    }
}

impl KeptTold {
    fn of(told: &Told) -> KeptTold {
        let talk = told.talk.map(|t| (t.client, t.protocol.to_owned(), t.packets, t.bytes));
        KeptTold { packets: told.packets, bytes: told.bytes, macs: told.macs, talk }
    }
    fn resume(self) -> Option<Told> {
        let talk = match self.talk {
            Some((client, protocol, packets, bytes)) => {
                Some(Talk { client, protocol: word(&protocol)?, packets, bytes })
            }
            None => None,
        };
        Some(Told { packets: self.packets, bytes: self.bytes, talk, macs: self.macs })
    }
}

impl KeptWindow {
    fn of(obs: &Observations, k: &WindowKey, w: &Window) -> Option<KeptWindow> {
        let (protocol, name, by, to, port, unit, outcome) = k;
        Some(KeptWindow {
            protocol: (*protocol).to_owned(),
            name: name.to_string(),
            ends: (address(obs, HostId(*by))?, address(obs, HostId(*to))?),
            port: *port,
            unit: unit.as_deref().map(str::to_owned),
            outcome: *outcome,
            number: w.number,
            count: w.count,
            start: w.start,
            end: w.end,
            range: (w.low, w.high),
            fields: saved::fields(&w.fields),
            id: w.id,
        })
    }
    fn resume(self, obs: &mut Observations) -> Option<()> {
        let (by, to) = (obs.host(self.ends.0)?, obs.host(self.ends.1)?);
        let unit = self.unit.map(String::into_boxed_str);
        let key: WindowKey =
            (word(&self.protocol)?, self.name.into_boxed_str(), by.0, to.0, self.port, unit, self.outcome);
        let window = Window {
            number: self.number,
            count: self.count,
            start: self.start,
            end: self.end,
            low: self.range.0,
            high: self.range.1,
            fields: saved::known(self.fields)?,
            id: self.id,
        };
        obs.events.windows.insert(key, window);
        Some(())
    }
}

fn kept_sum(obs: &Observations, key: &Key, s: &Sum) -> Option<(KeptKey, KeptSum)> {
    let host = |id: HostId| address(obs, id);
    let maybe = |id: Option<HostId>| match id {
        Some(id) => host(id).map(Some),
        None => Some(None),
    };
    let sum = KeptSum {
        ends: (host(s.client)?, maybe(s.server)?),
        port: s.port,
        proto: s.proto,
        vlan: s.vlan,
        protocol: s.protocol.to_owned(),
        state: s.state.to_owned(),
        counts: [s.count, s.unanswered, s.servers],
        bytes: s.bytes,
        packets: s.packets,
        payload: s.payload,
        span: (s.first, s.last),
        at: s.at,
        ports: s.seen.as_ref().map(|p| p.to_vec()),
    };
    Some(((host(key.0)?, maybe(key.1)?, key.2, key.3), sum))
}

impl KeptSum {
    fn resume(self, obs: &mut Observations) -> Option<Sum> {
        let server = match self.ends.1 {
            Some(server) => Some(obs.host(server)?),
            None => None,
        };
        let seen = match self.ports {
            Some(list) => Some(Box::new(<[u64; 1024]>::try_from(list).ok()?)),
            None => None,
        };
        let [count, unanswered, servers] = self.counts;
        Some(Sum {
            client: obs.host(self.ends.0)?,
            server,
            port: self.port,
            proto: self.proto,
            vlan: self.vlan,
            protocol: word(&self.protocol)?,
            state: word(&self.state)?,
            count,
            unanswered,
            servers,
            bytes: self.bytes,
            packets: self.packets,
            payload: self.payload,
            first: self.span.0,
            last: self.span.1,
            at: self.at,
            seen,
        })
    }
}
