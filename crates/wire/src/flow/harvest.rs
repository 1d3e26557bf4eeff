//! What a flow adds to the aggregates: once at its end, or bit by bit at each harvest before it.

use super::registry::Registry;
use super::shard::Shard;
use super::table::Flow;
use crate::model::*;
use crate::obs::{BindKey, BindKind, ConvKey, ConvStat, HostId, HostKey, Observations};

/// What was harvested of a flow that goes on, so that nothing is counted twice.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Told {
    /// Added to its hosts.
    pub packets: [u64; 2],
    pub bytes: [u64; 2],
    /// Added to its conversation, under the client and the protocol known then.
    pub talk: Option<Talk>,
    /// Hardware addresses whose binding was counted.
    pub macs: [Mac; 2],
}

/// The part of a conversation that a flow was harvested as.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Talk {
    pub client: u8,
    pub protocol: &'static str,
    pub packets: u64,
    pub bytes: u64,
}

fn conversation(flow: &Flow, client: u8, protocol: &'static str) -> ConvKey {
    let c = usize::from(client & 1);
    let s = 1 - c;
    let transport = flow.key.transport();
    let port = if transport == Transport::L2 { 0 } else { flow.key.port(s) };
    ConvKey { client: flow.hosts[c], server: flow.hosts[s], protocol, transport, port }
}

/// Adds what a flow that is over has carried to its conversation and its hosts.
pub(super) fn add(flow: &mut Flow, obs: &mut Observations, protocol: &'static str) {
    let told = flow.told.take().map_or(Told::default(), |t| *t);
    talk(flow, obs, protocol, told.talk);
    hosts(flow, obs, &told);
}

/// Adds what a flow has carried since the last harvest.
fn so_far(flow: &mut Flow, obs: &mut Observations, registry: &Registry) {
    let mut told = flow.told.as_deref().copied().unwrap_or_default();
    let grown = (told.packets, told.bytes) != (flow.packets, flow.bytes);
    // while its protocol is being looked for, a flow may turn out to be another's conversation
    if flow.entry.is_some() || flow.over {
        let protocol = flow.entry.map_or("", |e| registry.get(e).name());
        told.talk = Some(talk(flow, obs, protocol, told.talk));
    }
    if grown {
        hosts(flow, obs, &told);
    }
    told.packets = flow.packets;
    told.bytes = flow.bytes;
    told.macs = flow.macs;
    match &mut flow.told {
        Some(old) => **old = told,
        none => *none = Some(Box::new(told)),
    }
}

fn talk(flow: &Flow, obs: &mut Observations, protocol: &'static str, told: Option<Talk>) -> Talk {
    let now = Talk {
        client: flow.client,
        protocol,
        packets: flow.packets[0] + flow.packets[1],
        bytes: flow.bytes[0] + flow.bytes[1],
    };
    let key = conversation(flow, flow.client, protocol);
    let mut add = ConvStat { packets: now.packets, bytes: now.bytes, first: flow.first, last: flow.last };
    if let Some(old) = told {
        if (old.client, old.protocol) == (now.client, now.protocol) {
            add.packets = add.packets.saturating_sub(old.packets);
            add.bytes = add.bytes.saturating_sub(old.bytes);
        } else {
            let was = conversation(flow, old.client, old.protocol);
            obs.take_back(was, old.packets, old.bytes);
        }
    }
    if add.packets > 0 {
        obs.conversation(key, add);
    }
    now
}

fn hosts(flow: &Flow, obs: &mut Observations, told: &Told) {
    let sum = |now: [u64; 2], then: [u64; 2]| (now[0] + now[1]).saturating_sub(then[0] + then[1]);
    let packets = sum(flow.packets, told.packets);
    let bytes = sum(flow.bytes, told.bytes);
    for d in 0..2 {
        let Some((_, stat)) = obs.hosts.get_mut(flow.hosts[d].0 as usize) else { continue };
        if packets > 0 {
            stat.packets += packets;
            stat.bytes += bytes;
            stat.first = stat.first.min(flow.first);
            stat.last = stat.last.max(flow.last);
            stat.ttl = stat.ttl.max(flow.ttl[d]);
            stat.on_link |= flow.on_link[d] && flow.packets[d] > 0;
            stat.sent |= flow.packets[d] > 0;
        }
        let at = Stamp { time: flow.first, frame: flow.first_frame, source: flow.source };
        if flow.packets[d] > 0 && told.macs[d] != flow.macs[d] {
            bind(obs, flow.macs[d], flow.hosts[d], false, at);
        }
        if flow.hosts[0] == flow.hosts[1] {
            break;
        }
    }
}

/// Notes that frames of `ip` came from `mac`; `counted`: that this flow showed it was harvested already.
pub(super) fn bind(obs: &mut Observations, mac: Mac, ip: HostId, counted: bool, at: Stamp) {
    if !mac.is_device() {
        return;
    }
    let is_ip = obs.hosts.get(ip.0 as usize).is_some_and(|(k, _)| matches!(k.addr, HostAddr::Ip(_)));
    if is_ip && let Some(mac) = obs.host(HostKey::new(0, HostAddr::Mac(mac))) {
        if counted {
            obs.bind_again(BindKey { mac, ip, kind: BindKind::Frame }, at);
        } else {
            obs.bind(mac, ip, BindKind::Frame, at);
        }
    }
}

impl Shard {
    /// Hands over what was observed since the last harvest, with the traffic of open flows so far. Flows
    /// go on, and their end adds only what came after.
    pub fn harvest(&mut self, registry: &Registry) -> Observations {
        for slot in self.flows.used() {
            if let Some(flow) = self.flows.get(slot) {
                so_far(flow, &mut self.obs, registry);
            }
        }
        let held = self.held_hosts();
        self.obs.harvest(&held)
    }

    /// Hosts whose numbers are in use: by flows, open sums of events and masses of flows.
    fn held_hosts(&mut self) -> Vec<bool> {
        let mut held = vec![false; self.obs.hosts.len()];
        let mut hold = |id: HostId| {
            if let Some(place) = held.get_mut(id.0 as usize) {
                *place = true;
            }
        };
        for slot in self.flows.used() {
            if let Some(flow) = self.flows.get(slot) {
                flow.hosts.into_iter().for_each(&mut hold);
            }
        }
        self.mass.hosts(&mut hold);
        self.obs.events.hosts(&mut hold);
        held
    }
}
