//! One batch over some shards.

use super::{Item, SHARDS};
use crate::decode::{LinkType, Net, Packet, Status, flag};
use crate::filter::{Filter, Subject};
use crate::flow::{Ahead, Head, Registry, SYN, Shard, Unit};
use crate::model::*;
use crate::signs::outermost;

/// Packets whose flows are looked up together.
const AHEAD: usize = 32;

pub(super) fn status_counter(status: Status) -> &'static str {
    match status {
        Status::Ok => "decode_ok",
        Status::UnknownLink => "decode_unknown_link",
        Status::Truncated => "decode_truncated",
        Status::Malformed => "decode_malformed",
        Status::TooDeep => "decode_too_deep",
        Status::Encrypted => "decode_encrypted",
        Status::LinkControl => "decode_link_control",
    }
}

/// Runs one batch over the shards that `mine` names (the group holds them in order of number).
/// Returns how many findings wait in the group.
pub(super) fn run(
    item: &Item,
    group: &mut [&mut Shard],
    mine: &dyn Fn(usize) -> bool,
    registry: &Registry,
    filter: Option<&Filter>,
) -> usize {
    // a shard takes all its packets of the batch one after the other: what it learns of them stays near
    let packets = item.batch.packets();
    let mut starts = [0u32; SHARDS + 1];
    packets.iter().for_each(|p| starts[usize::from(p.shard) % SHARDS + 1] += 1);
    (0..SHARDS).for_each(|n| starts[n + 1] += starts[n]);
    let mut next = starts;
    let mut sorted = vec![0u32; packets.len()];
    for (i, p) in packets.iter().enumerate() {
        let at = &mut next[usize::from(p.shard) % SHARDS];
        sorted[*at as usize] = i as u32;
        *at += 1;
    }
    let mut ready: Vec<(u32, Unit<'_>, Ahead)> = Vec::with_capacity(AHEAD);
    for (n, shard) in (0..SHARDS).filter(|n| mine(*n)).zip(group.iter_mut()) {
        let mut ticks = item.ticks.iter().peekable();
        for some in sorted[starts[n] as usize..starts[n + 1] as usize].chunks(AHEAD) {
            ready.clear();
            for &i in some {
                let p = &packets[i as usize];
                if p.status != Status::Ok {
                    shard.obs.count(status_counter(p.status));
                }
                if filter.is_some_and(|f| !f.matches(&subject(p))) {
                    continue;
                }
                if let Some(mut unit) = unit(p, item.order + u64::from(i), item.batch.payload(p)) {
                    // the first packets of a connection show the stack; others are looked at for events only
                    if shard.obs.events.on() || (unit.proto == 6 && unit.flags & SYN != 0) {
                        unit.head = head(p, item.batch.data(p));
                    }
                    ready.push((i, unit, Shard::ahead(&unit)));
                }
            }
            warm(shard, &mut ready);
            for (i, unit, ahead) in &ready {
                while let Some((before, now)) = ticks.next_if(|(before, _)| before <= i) {
                    shard.tick(registry, *now, item.order + u64::from(*before));
                }
                shard.packet(registry, unit, ahead);
            }
        }
        for (before, now) in ticks {
            shard.tick(registry, *now, item.order + u64::from(*before));
        }
    }
    group.iter().map(|s| s.obs.events.batch.len() + s.obs.chunks.len() + s.obs.notes.len()).sum()
}

/// Reads what the packets of a group need, step by step, so that cache misses overlap.
fn warm(shard: &Shard, ready: &mut [(u32, Unit<'_>, Ahead)]) {
    ready.iter_mut().for_each(|(.., ahead)| shard.guess(ahead));
    let flows = ready.iter().fold(0, |read, (.., ahead)| read ^ shard.touch(ahead));
    let work = ready.iter().fold(flows, |read, (.., ahead)| read ^ shard.touch_work(ahead));
    std::hint::black_box(work);
}

pub(crate) fn subject(p: &Packet) -> Subject {
    Subject {
        src: p.src_ip(),
        dst: p.dst_ip(),
        sport: p.sport,
        dport: p.dport,
        proto: p.proto,
        ethertype: p.ethertype,
        vlan: p.vlan,
        macs: [p.src_hw().map(|m| m.0), p.dst_hw().map(|m| m.0)],
    }
}

/// Its headers, out of its record.
fn head<'a>(p: &Packet, record: &'a [u8]) -> Head<'a> {
    let (l3, end) = (usize::from(p.l3_off), p.payload_off as usize);
    Head {
        octets: record.get(l3..end).unwrap_or_default(),
        transport: p.l4_off.saturating_sub(p.l3_off),
        depth: p.depth,
        tunnel: p.tunnel,
        outer: (p.depth > 0 && p.link == LinkType::ETHERNET).then(|| outermost(record)).flatten(),
    }
}

/// What a shard wants of a packet; `None` if nothing can be made of it.
fn unit<'a>(p: &Packet, order: u64, payload: &'a [u8]) -> Option<Unit<'a>> {
    let macs = (p.has(flag::SRC_MAC) && p.has(flag::DST_MAC)).then_some((Mac(p.src_mac), Mac(p.dst_mac)));
    let at = Stamp { time: p.time_ns.div_euclid(1000), frame: p.frame, source: p.source };
    let mut u = Unit {
        at,
        order,
        kind: 2,
        proto: p.proto,
        vlan: p.vlan,
        ttl: p.ttl,
        ethertype: p.ethertype,
        src: p.src,
        dst: p.dst,
        src_port: p.sport,
        dst_port: p.dport,
        macs,
        seq: p.tcp_seq(),
        ack: p.tcp_ack,
        flags: p.tcp_flags,
        wire_len: p.wire_len,
        payload,
        cut: p.payload_wire.saturating_sub(p.payload_len),
        head: Head::default(),
    };
    match p.net {
        Net::V4 | Net::V6 => {
            u.kind = if p.net == Net::V4 { 4 } else { 6 };
            if p.is_fragment() {
                return None;
            }
            if matches!(p.proto, 6 | 17) && !p.has(flag::TRANSPORT) {
                u.payload = &[];
                u.cut = 0;
                u.flags = 0;
                if p.proto == 6 {
                    return None;
                }
            }
        }
        Net::EtherType | Net::Llc | Net::Snap => {
            // a cooked capture has the sender only: ARP there still tells who owns which address
            let src = p.has(flag::SRC_MAC).then_some(Mac(p.src_mac))?;
            let dst = if p.has(flag::DST_MAC) { Mac(p.dst_mac) } else { Mac::default() };
            u.src = [0; 16];
            u.dst = [0; 16];
            u.src[..6].copy_from_slice(&src.0);
            u.dst[..6].copy_from_slice(&dst.0);
            u.proto = 0;
            u.ttl = 0;
            u.ethertype = match p.net {
                Net::Llc => p.llc().map_or(0, |(d, _)| u16::from(d)),
                _ => p.ethertype,
            };
        }
        Net::Ppp | Net::None => return None,
    }
    Some(u)
}
