//! What a packet's payload does to its flow: connection state, order, identification, probe.

use super::registry::Registry;
use super::shard::{ACK, FIN, PSH, RST, SYN, Unit};
use super::table::Flow;
use super::work::{After, Work};
use crate::cx::{End, FlowMeta};
use crate::model::*;
use crate::obs::Observations;
use crate::stream::Noted;

/// Octets an Ethernet frame is filled up to, without its checksum (IEEE 802.3, 4.2.3.3); a tag counts.
const SHORTEST_FRAME: u32 = 64;
/// Filler of a bare acknowledgement at most: 46 octets less the headers of IPv4 and TCP.
const MOST_FILLER: usize = 6;

fn meta(flow: &Flow) -> FlowMeta {
    let end = |d: usize| End {
        host: flow.hosts[d],
        addr: flow.key.addr(d),
        port: if flow.key.kind == 2 { 0 } else { flow.key.port(d) },
        mac: Some(flow.macs[d]).filter(|m| m.is_device()),
    };
    let c = usize::from(flow.client);
    FlowMeta {
        client: end(c),
        server: end(1 - c),
        transport: flow.key.transport(),
        vlan: flow.key.vlan,
        oriented: flow.oriented,
    }
}

/// Takes the payload part out of a flow, made new where there is none. To be put back.
fn take_work(flow: &mut Flow, registry: &Registry) -> Box<Work> {
    let mut work = flow.work.take().unwrap_or_else(|| {
        let ethertype = if flow.key.kind == 2 { flow.key.lo_port } else { 0 };
        let mut work = Work::new(meta(flow), flow.client, ethertype, registry);
        if flow.resumed {
            if let Some(entry) = flow.entry {
                work.eye.resume(registry, entry, flow.confidence);
            }
            return Box::new(work);
        }
        for d in 0..2 {
            if let Some(isn) = flow.isn[d] {
                work.halves[d].start(isn);
            }
        }
        Box::new(work)
    });
    work.eye.server_seen = flow.spoke[1 - usize::from(work.eye.client)];
    work
}

/// Takes over what the payload part found, and frees it when it is done.
pub(super) fn settle(flow: &mut Flow, work: Box<Work>, after: After) {
    flow.client = work.eye.client;
    if work.eye.entry.is_some() {
        flow.entry = work.eye.entry;
        flow.confidence = work.eye.confidence;
    }
    if after == After::Over {
        flow.over = true;
    } else {
        flow.work = Some(work);
    }
}

pub(super) fn finish_work(flow: &mut Flow, obs: &mut Observations, registry: &Registry, at: Stamp) {
    if let Some(mut work) = flow.work.take() {
        work.flush(registry, obs, at);
        work.eye.end(registry, obs, at);
        flow.client = work.eye.client;
        flow.entry = work.eye.entry.or(flow.entry);
        flow.confidence = flow.confidence.max(work.eye.confidence);
    }
    flow.over = true;
}

/// True for a bare acknowledgement whose frame was filled up with zeros that a middlebox counted into
/// the IP length: no octets of the stream, which goes on at the same sequence number.
fn filled_up(u: &Unit<'_>) -> bool {
    u.flags & (SYN | FIN | RST | PSH | ACK) == ACK
        && u.wire_len <= SHORTEST_FRAME
        && u.cut == 0
        && (1..=MOST_FILLER).contains(&u.payload.len())
        && u.payload.iter().all(|&b| b == 0)
}

pub(super) fn tcp(flow: &mut Flow, obs: &mut Observations, registry: &Registry, dir: usize, u: &Unit<'_>) {
    let bare;
    let u = if filled_up(u) {
        obs.count("tcp_filler");
        bare = Unit { payload: &[], ..*u };
        &bare
    } else {
        u
    };
    if u.flags & SYN != 0 {
        flow.isn[dir] = Some(u.seq.wrapping_add(1));
        let client = if u.flags & ACK != 0 { 1 - dir } else { dir };
        if u.flags & ACK != 0 {
            flow.accepted = true;
        }
        super::stack::note(obs, flow.hosts[dir], u);
        if flow.work.is_none() {
            flow.client = client as u8;
            flow.oriented = true;
        }
        if u.payload.is_empty() {
            return;
        }
    }
    if !u.payload.is_empty() || u.cut > 0 {
        flow.spoke[dir] = true;
    }
    if !flow.over {
        let wanted = !u.payload.is_empty() || u.cut > 0;
        if wanted || flow.work.as_ref().is_some_and(|w| w.halves[1 - dir].waiting()) {
            let mut work = take_work(flow, registry);
            let Work { halves, eye } = &mut *work;
            let mut after = After::Go;
            let [a, b] = halves;
            let (mine, other) = if dir == 0 { (a, b) } else { (b, a) };
            if u.flags & ACK != 0 && other.waiting() {
                other.acknowledged(u.ack, u.at, &mut |p| after = eye.piece(registry, obs, 1 - dir, p));
            }
            if wanted {
                let noted = mine.segment(u.seq, u.payload, u.cut, u.at, &mut |p| {
                    after = eye.piece(registry, obs, dir, p);
                });
                note(obs, noted);
            }
            settle(flow, work, after);
        }
    }
    if u.flags & FIN != 0 {
        flow.fin[dir] = true;
    }
    if u.flags & RST != 0 {
        flow.reset = true;
    }
    if (flow.reset || (flow.fin[0] && flow.fin[1])) && flow.work.is_some() {
        finish_work(flow, obs, registry, u.at);
    }
}

fn note(obs: &mut Observations, noted: Noted) {
    if noted != Noted::default() {
        for (n, name) in [
            (noted.overlaps, "tcp_overlaps"),
            (noted.retransmissions, "tcp_retransmissions"),
            (noted.strays, "tcp_strays"),
        ] {
            if n > 0 {
                obs.add(name, u64::from(n));
            }
        }
    }
}

pub(super) fn datagram(
    flow: &mut Flow,
    obs: &mut Observations,
    registry: &Registry,
    dir: usize,
    u: &Unit<'_>,
) {
    flow.spoke[dir] = true;
    let mut work = take_work(flow, registry);
    let after = work.eye.datagram(registry, obs, dir, u.payload, u.at);
    settle(flow, work, after);
}
