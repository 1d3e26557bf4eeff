//! Events of flows (`sentinel.flow`): that one began to be used (`flow-start`), and what it was when
//! it is over (`flow`). Masses of flows are told as one, so that events stay bounded.

use super::mass::Sum;
use super::shard::{ACK, RST, SYN, Shard, Unit};
use super::table::Flow;
use super::track::{SENT_SYN, SENT_SYN_ACK, Track};
use crate::cx::{End, FlowMeta};
use crate::model::*;
use crate::obs::{EventMode, FieldVal, HostKey, Observations};
use crate::signs::{self, Note, Opening, Side, What, begin};
use serde::{Deserialize, Serialize};
use std::hash::{Hash, Hasher};
use std::net::IpAddr;

/// A flow that ended by silence longer ago than this is told with the time its silence was over;
/// else with the present, so that events come in the order of their times.
const STALE: Micros = 60_000_000;
/// Beginnings told once an aligned hour for each (client, server, port, transport).
const HOUR: Micros = 3_600_000_000;
const MAX_STARTED: usize = 1 << 15;

/// Which (client, server, port, transport) were told to be in use in this hour.
#[derive(Default, Serialize, Deserialize)]
pub struct Started {
    hour: i64,
    #[serde(with = "crate::saved::set")]
    seen: hashbrown::HashSet<u64, rustc_hash::FxBuildHasher>,
}

impl Started {
    fn first(&mut self, time: Micros, key: impl Hash) -> bool {
        let hour = time.div_euclid(HOUR);
        if hour != self.hour {
            self.hour = hour;
            self.seen.clear();
        }
        let mut h = rustc_hash::FxHasher::default();
        key.hash(&mut h);
        self.seen.len() < MAX_STARTED && self.seen.insert(h.finish())
    }
}

/// IP addresses of a flow, `[lo, hi]`.
fn ips(flow: &Flow) -> Option<[IpAddr; 2]> {
    match (flow.key.addr(0), flow.key.addr(1)) {
        (HostAddr::Ip(a), HostAddr::Ip(b)) => Some([a, b]),
        _ => None,
    }
}

/// True for one that names a single host.
pub fn is_one(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(a) => !(a.is_multicast() || a.is_broadcast() || a.is_unspecified()),
        IpAddr::V6(a) => !(a.is_multicast() || a.is_unspecified()),
    }
}

impl Shard {
    /// A packet of a flow, where events are made. `dir`: which end sent it.
    pub(super) fn track(&mut self, slot: u32, dir: usize, u: &Unit<'_>) {
        let Some(flow) = self.flows.get(slot) else { return };
        let fresh = flow.packets == [1, 0] || flow.packets == [0, 1];
        if fresh {
            self.tracks.open(slot, Track::new(dir, u));
        }
        let Some(track) = self.tracks.get(slot) else { return };
        track.packet(dir, u);
        if fresh && let Some(opening) = Opening::of(u) {
            let what = What::Opened(opening);
            self.obs.note(Note { packet: 0, at: u.at, vlan: u.vlan, what });
            if let Some(outer) = u.head.outer {
                let inner = (opening.src, opening.dst);
                let what = What::Nested(signs::Nested { outer, inner, kind: u.head.tunnel });
                self.obs.note(Note { packet: 0, at: u.at, vlan: u.vlan, what });
            }
        }
        ttl(flow, track, &mut self.obs, dir, u);
        if track.differs(dir, u) {
            signs::anomaly::overlap(&mut self.obs, flow_side(flow, dir), flow_side(flow, 1 - dir), u);
        }
        if !track.answered && dir != usize::from(track.opener) {
            track.answered = true;
            answered(flow, track, &mut self.obs, dir, u);
        }
        if !track.told && in_use(flow, track, dir, u) {
            track.told = true;
            let c = usize::from(flow.client & 1);
            let key = (flow.key.addr(c), flow.key.addr(1 - c), flow.key.port(1 - c), flow.key.proto, u.vlan);
            if self.started.first(u.at.time, key) {
                start(flow, track, &mut self.obs, u.at);
            }
        }
    }

    /// A flow is over and told, alone or as part of a mass. `protocol`: `""` where it is not known.
    pub(super) fn ended(&mut self, slot: u32, flow: &mut Flow, protocol: &'static str) {
        let client = flow.client;
        if announces(flow, &self.obs) {
            flow.client = 1 - client;
        }
        self.tell(slot, flow, protocol);
        flow.client = client;
    }

    fn tell(&mut self, slot: u32, flow: &Flow, protocol: &'static str) {
        let mode = self.obs.events.mode;
        if flow.key.kind == 2 || (mode != EventMode::All && !matches!(flow.key.proto, 1 | 6 | 17 | 58 | 132))
        {
            return;
        }
        let Some(track) = self.tracks.get(slot).copied() else { return };
        let state = track.state(flow);
        let expiry = flow.last.saturating_add(flow.idle());
        let now = self.now.max(flow.last);
        let time = if now.saturating_sub(expiry) > STALE { expiry } else { now };
        let one = Sum::of(flow, &track, protocol, state);
        if mode == EventMode::All || self.mass.admits(flow, state) {
            return emit(&mut self.obs, time, &one, Some((flow, &track)));
        }
        self.mass.add(flow, one, &mut self.obs);
    }

    /// Tells the masses of the windows that are over.
    pub(super) fn masses(&mut self) {
        let now = self.now;
        for sum in self.mass.take() {
            emit(&mut self.obs, now.max(sum.last), &sum, None);
        }
    }
}

/// True if only the server spoke, to a group or from the port it speaks to: an announcement or an
/// answer to all, of which its sender is the source.
fn announces(flow: &Flow, obs: &Observations) -> bool {
    let c = usize::from(flow.client & 1);
    let (Some(0), Some(&host)) = (flow.packets.get(c), flow.hosts.get(c)) else { return false };
    let group = obs.hosts.get(host.0 as usize).is_some_and(|(_, stat)| stat.group);
    flow.key.proto != 6 && (group || flow.key.lo_port == flow.key.hi_port)
}

/// The first packet the other end sends says whether the opening was taken.
fn answered(flow: &Flow, track: &Track, obs: &mut Observations, dir: usize, u: &Unit<'_>) {
    let Some(ips) = ips(flow) else { return };
    let o = usize::from(track.opener & 1);
    let accepted = match u.proto {
        6 => u.flags & RST == 0 && (track.sent[o] & SENT_SYN == 0 || u.flags & (SYN | ACK) == SYN | ACK),
        _ => true,
    };
    let port = flow.key.port(dir);
    let what = What::Answered { asker: ips[o], target: ips[1 - o], port, proto: u.proto, accepted };
    obs.note(Note { packet: 0, at: u.at, vlan: u.vlan, what });
}

/// True once a flow carries something: a handshake was answered, or payload came without one.
fn in_use(flow: &Flow, track: &Track, dir: usize, u: &Unit<'_>) -> bool {
    let one = ips(flow).is_some_and(|ips| ips.iter().all(|ip| is_one(*ip)));
    match u.proto {
        _ if !one => false,
        6 => {
            let handshake = track.sent.iter().any(|s| s & (SENT_SYN | SENT_SYN_ACK) != 0);
            track.sent[dir] & SENT_SYN_ACK != 0 || (!handshake && !u.payload.is_empty())
        }
        17 => !u.payload.is_empty(),
        _ => false,
    }
}

/// Hops by which the TTL of one end may change while a flow lasts: routes do change.
const TTL_SLACK: u8 = 4;

/// A reset that comes from elsewhere than the rest of its side was made by someone in between.
fn ttl(flow: &Flow, track: &mut Track, obs: &mut Observations, dir: usize, u: &Unit<'_>) {
    let Some(usual) = track.ttl.get_mut(dir) else { return };
    if *usual == 0 {
        *usual = u.ttl;
        return;
    }
    if u.ttl.abs_diff(*usual) > TTL_SLACK && u.proto == 6 && u.flags & RST != 0 && !track.odd_ttl {
        let usual = *usual;
        track.odd_ttl = true;
        signs::anomaly::ttl(obs, flow_side(flow, dir), flow_side(flow, 1 - dir), u, usual);
    }
}

pub(super) fn flow_side(flow: &Flow, d: usize) -> Side {
    let mac = flow.macs.get(d).copied();
    Side::of(flow.key.addr(d)).port(flow.key.port(d)).mac(mac)
}

fn transport(proto: u8) -> &'static str {
    match proto {
        1 => "icmp",
        6 => "tcp",
        17 => "udp",
        58 => "ipv6-icmp",
        132 => "sctp",
        _ => "ip",
    }
}

fn network(f: &mut Vec<(&'static str, FieldVal)>, flow: &Flow, track: &Track) {
    if let Some(ip) = ips(flow) {
        f.push(("network.type", Val::Static(if ip[0].is_ipv4() { "ipv4" } else { "ipv6" })));
    }
    f.push(("network.transport", Val::Static(transport(flow.key.proto))));
    f.push(("network.iana_number", Val::from(flow.key.proto)));
    let c = usize::from(flow.client & 1);
    let end =
        |d: usize| End { host: flow.hosts[d], addr: flow.key.addr(d), port: flow.key.port(d), mac: None };
    let meta = FlowMeta {
        client: end(c),
        server: end(1 - c),
        transport: flow.key.transport(),
        vlan: flow.key.vlan,
        oriented: flow.oriented,
    };
    if let Some(id) = super::community_id(&meta) {
        f.push(("network.community_id", Val::from(id)));
    }
    if track.depth > 0 {
        f.push(("sentinel.flow.tunnel", Val::Static(track.tunnel.name())));
        f.push(("sentinel.flow.tunnel_depth", Val::from(track.depth)));
    }
}

fn start(flow: &Flow, track: &Track, obs: &mut Observations, at: Stamp) {
    let c = usize::from(flow.client & 1);
    let mut f = begin("sentinel.flow", "flow-start", "start", flow.key.vlan);
    flow_side(flow, c).put(&mut f, true);
    flow_side(flow, 1 - c).put(&mut f, false);
    network(&mut f, flow, track);
    f.push(("event.start", Val::Int(flow.first)));
    let key = (flow_side(flow, c), flow_side(flow, 1 - c), flow.key.proto, flow.key.vlan, flow.first);
    signs::push(obs, at, at.time, key, f);
}

/// One flow with its ends, or what a mass of them has in common.
fn emit(obs: &mut Observations, time: Micros, sum: &Sum, flow: Option<(&Flow, &Track)>) {
    let mut f = begin("sentinel.flow", "flow", "end", sum.vlan);
    let host = |id: crate::obs::HostId| obs.hosts.get(id.0 as usize).map(|(HostKey { addr, .. }, _)| *addr);
    match flow {
        Some((flow, track)) => {
            let c = usize::from(flow.client & 1);
            flow_side(flow, c).put(&mut f, true);
            flow_side(flow, 1 - c).put(&mut f, false);
            network(&mut f, flow, track);
            f.push(("sentinel.flow.history", Val::from(track.history(flow.client & 1))));
        }
        None => {
            if let Some(addr) = host(sum.client) {
                Side::of(addr).put(&mut f, true);
            }
            if let Some(addr) = sum.server.and_then(host) {
                Side::of(addr).port(sum.port.unwrap_or(0)).put(&mut f, false);
            } else if let Some(port) = sum.port.filter(|p| *p != 0) {
                f.push(("destination.port", Val::from(port)));
            }
            f.push(("network.transport", Val::Static(transport(sum.proto))));
            f.push(("network.iana_number", Val::from(sum.proto)));
            f.push(("sentinel.flow.ports", Val::from(sum.ports())));
            f.push(("sentinel.flow.destinations", Val::from(sum.servers.max(1))));
            f.push(("sentinel.flow.unanswered", Val::from(sum.unanswered)));
        }
    }
    if !sum.protocol.is_empty() {
        f.push(("network.protocol", Val::Static(sum.protocol)));
    }
    if !sum.state.is_empty() {
        f.push(("sentinel.flow.state", Val::Static(sum.state)));
    }
    f.push(("sentinel.flow.count", Val::from(sum.count)));
    let [out, back] = sum.bytes;
    let [sent, received] = sum.packets;
    f.push(("source.bytes", Val::from(out)));
    f.push(("source.packets", Val::from(sent)));
    f.push(("destination.bytes", Val::from(back)));
    f.push(("destination.packets", Val::from(received)));
    f.push(("network.bytes", Val::from(out.saturating_add(back))));
    f.push(("network.packets", Val::from(sent.saturating_add(received))));
    f.push(("sentinel.flow.source_payload", Val::from(sum.payload[0])));
    f.push(("sentinel.flow.destination_payload", Val::from(sum.payload[1])));
    f.push(("event.start", Val::Int(sum.first)));
    f.push(("event.end", Val::Int(sum.last)));
    f.push(("event.duration", Val::Int(sum.last.saturating_sub(sum.first).max(0).saturating_mul(1000))));
    let ends = flow.map(|(flow, _)| (flow_side(flow, 0), flow_side(flow, 1)));
    let names = (host(sum.client), sum.server.and_then(host), sum.port);
    let key = (ends, names, sum.proto, sum.vlan, sum.first, sum.last, sum.packets);
    signs::push(obs, sum.at, time, key, f);
}
