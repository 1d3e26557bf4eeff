//! One of the fixed shards of a run: its flows, its clock, its observations.
//!
//! A shard sees the packets of its address pairs in order, and a tick at each new second of packet
//! time; nothing else. So what it finds does not depend on batches or on the number of workers.

use super::harvest::{add, bind};
use super::key::FlowKey;
use super::mass::Mass;
use super::payload::{datagram, finish_work, settle, tcp};
use super::registry::Registry;
use super::summary::Started;
use super::table::{Flow, Table};
use super::track::Tracks;
use crate::decode::Tunnel;
use crate::model::*;
use crate::obs::{HostKey, Observations, ServiceKey};
use std::net::IpAddr;

/// A decoded packet as a shard wants it. Addresses are left-aligned in 16 bytes.
#[derive(Clone, Copy, Debug)]
pub struct Unit<'a> {
    pub at: Stamp,
    /// Number of the packet over all sources of the run.
    pub order: u64,
    /// 4, 6, or 2 (no IP; addresses are hardware addresses).
    pub kind: u8,
    /// IP protocol.
    pub proto: u8,
    pub vlan: u16,
    pub ttl: u8,
    /// EtherType or 802.2 identification, layer 2 only.
    pub ethertype: u16,
    pub src: [u8; 16],
    pub dst: [u8; 16],
    pub src_port: u16,
    pub dst_port: u16,
    /// Hardware addresses right under the innermost IP header, if it is not tunnelled in IP.
    pub macs: Option<(Mac, Mac)>,
    pub seq: u32,
    pub ack: u32,
    /// TCP flags byte.
    pub flags: u8,
    pub wire_len: u32,
    pub payload: &'a [u8],
    /// Payload bytes on the wire behind `payload` that were not captured.
    pub cut: u32,
    pub head: Head<'a>,
}

/// Headers of a packet for what is not looked at in most runs; empty where no events are made.
#[derive(Clone, Copy, Debug, Default)]
pub struct Head<'a> {
    /// Innermost IP header and the transport header, which begins at `transport`.
    pub octets: &'a [u8],
    pub transport: u16,
    /// Tunnels the packet came through, and the kind of the innermost.
    pub depth: u8,
    pub tunnel: Tunnel,
    /// Ends of the outermost IP header, where the packet came through a tunnel.
    pub outer: Option<(IpAddr, IpAddr)>,
}

impl<'a> Head<'a> {
    pub fn ip(&self) -> &'a [u8] {
        self.octets.get(..usize::from(self.transport)).unwrap_or_default()
    }
    pub fn transport(&self) -> &'a [u8] {
        self.octets.get(usize::from(self.transport)..).unwrap_or_default()
    }
}

/// The flow of a packet to come, and where it most likely stands.
#[derive(Clone, Copy, Debug)]
pub struct Ahead {
    key: FlowKey,
    hash: u64,
    dir: u8,
    guess: u32,
}

pub const FIN: u8 = 1;
pub const SYN: u8 = 2;
pub const RST: u8 = 4;
pub const PSH: u8 = 8;
pub const ACK: u8 = 16;

/// Flows of one shard at most; the least recently used gives way.
pub const MAX_FLOWS: usize = 1 << 15;

/// Payload bytes that the flows of one shard may hold together: 256 MiB over all shards.
pub const MAX_HELD_IN_ALL: usize = 4 << 20;

/// See the module.
pub struct Shard {
    pub obs: Observations,
    pub(super) flows: Table,
    pub(super) now: Micros,
    last_frame: Stamp,
    /// Payload bytes that flows hold, all together.
    held: usize,
    /// Kept where events are made only.
    pub(super) tracks: Tracks,
    pub(super) mass: Mass,
    pub(super) started: Started,
}

/// Initial TTLs of common stacks: a packet that still has one has crossed no router.
fn undecremented(ttl: u8) -> bool {
    matches!(ttl, 30 | 32 | 60 | 64 | 100 | 128 | 200 | 255)
}

impl Shard {
    pub fn new(number: u8, mut obs: Observations) -> Shard {
        obs.shard = number;
        Shard {
            obs,
            flows: Table::new(MAX_FLOWS),
            now: Micros::MIN,
            last_frame: Stamp::default(),
            held: 0,
            tracks: Tracks::default(),
            mass: Mass::default(),
            started: Started::default(),
        }
    }
    pub fn flows(&self) -> usize {
        self.flows.len()
    }
    pub fn bytes(&self) -> usize {
        self.flows.bytes() + self.obs.bytes() + self.tracks.bytes() + self.mass.bytes()
    }

    /// A new second of packet time began, before packet `order`.
    pub fn tick(&mut self, registry: &Registry, now: Micros, order: u64) {
        self.obs.events.at_packet(order);
        let jumped = self.now != Micros::MIN && now.saturating_sub(self.now) > 60_000_000;
        let crossed = now.div_euclid(crate::events::WINDOW) != self.now.div_euclid(crate::events::WINDOW);
        self.now = self.now.max(now);
        if self.obs.events.on() && crossed {
            crate::events::flush_windows(&mut self.obs, now);
            self.masses();
        }
        // a slot is looked at every few seconds; touching one with every packet costs a third of a
        // scan in cache misses
        let part = if jumped { 1 } else { 16 };
        for _ in 0..self.flows.slots().div_ceil(part) {
            self.sweep(registry);
        }
    }

    /// The flow of a packet to come. What it needs is read in three steps, each for a group of
    /// packets before the next: [`Shard::guess`], [`Shard::touch`], [`Shard::touch_work`]. No step
    /// waits for its own reads, so that the cache misses of the group overlap.
    #[inline]
    pub fn ahead(u: &Unit<'_>) -> Ahead {
        let (src_port, dst_port) =
            if u.kind == 2 { (u.ethertype, u.ethertype) } else { (u.src_port, u.dst_port) };
        let (key, dir) = FlowKey::new(u.kind, u.proto, u.vlan, (u.src, src_port), (u.dst, dst_port));
        Ahead { key, hash: key.hash(), dir: dir as u8, guess: 0 }
    }
    /// Reads the index.
    #[inline]
    pub fn guess(&self, a: &mut Ahead) {
        a.guess = self.flows.guess(a.hash);
    }
    /// Reads the flow. The result has no meaning; it keeps the reads.
    #[inline]
    pub fn touch(&self, a: &Ahead) -> u32 {
        self.flows.touch(a.guess)
    }
    /// Reads what the flow's payload needs. The result has no meaning.
    #[inline]
    pub fn touch_work(&self, a: &Ahead) -> u32 {
        self.flows.touch_work(a.guess, usize::from(a.dir))
    }

    /// Takes one packet, with what [`Shard::ahead`] gave for it.
    pub fn packet(&mut self, registry: &Registry, u: &Unit<'_>, ahead: &Ahead) {
        self.obs.events.at_packet(u.order);
        self.last_frame = u.at;
        let Ahead { key, hash, dir, .. } = *ahead;
        let dir = usize::from(dir);
        let mut slot = self.flows.find(&key, hash);
        if let Some(s) = slot
            && self.restarts(s, dir, u)
        {
            self.close(registry, s);
            slot = None;
        }
        let slot = match slot {
            Some(slot) => slot,
            None => match self.open(registry, key, hash, dir, u) {
                Some(slot) => slot,
                None => return,
            },
        };
        let Some(flow) = self.flows.get(slot) else { return };
        flow.packets[dir] += 1;
        flow.bytes[dir] += u64::from(u.wire_len);
        flow.last = flow.last.max(u.at.time);
        if flow.ttl[dir] != u.ttl {
            flow.ttl[dir] = flow.ttl[dir].max(u.ttl);
            flow.on_link[dir] |= undecremented(u.ttl);
        }
        if let Some((mac, _)) = u.macs
            && flow.macs[dir] != mac
        {
            let old = std::mem::replace(&mut flow.macs[dir], mac);
            let counted = flow.told.as_ref().is_some_and(|t| t.macs.get(dir) == Some(&old));
            bind(&mut self.obs, old, flow.hosts[dir], counted, u.at);
        }
        if self.obs.events.on() && key.kind != 2 {
            self.track(slot, dir, u);
        }
        let Some(flow) = self.flows.get(slot) else { return };
        if key.kind != 2 && key.proto == 6 {
            tcp(flow, &mut self.obs, registry, dir, u);
            self.weigh(registry, slot, u.at);
        } else if !flow.over && !u.payload.is_empty() {
            datagram(flow, &mut self.obs, registry, dir, u);
        }
    }

    /// Keeps the sum of held payload, and its bound: the flow that goes over it gives its part up.
    #[inline]
    fn weigh(&mut self, registry: &Registry, slot: u32, at: Stamp) {
        let Some(flow) = self.flows.get(slot) else { return };
        let mut now = flow.work.as_ref().map_or(0, |w| w.held());
        self.held = self.held.saturating_sub(flow.held as usize) + now;
        if self.held > MAX_HELD_IN_ALL
            && now > 0
            && let Some(mut work) = flow.work.take()
        {
            self.held -= now;
            self.obs.count("tcp_memory");
            let after = work.give_up(registry, &mut self.obs, at);
            settle(flow, work, after);
            now = flow.work.as_ref().map_or(0, |w| w.held());
            self.held += now;
        }
        flow.held = now as u32;
    }

    /// True if the packet begins a new flow although one with its key is there.
    fn restarts(&mut self, slot: u32, dir: usize, u: &Unit<'_>) -> bool {
        let Some(flow) = self.flows.get(slot) else { return true };
        if flow.expired(u.at.time) {
            return true;
        }
        // a new connection on old ports
        u.kind != 2
            && u.proto == 6
            && u.flags & (SYN | ACK | RST) == SYN
            && (flow.spoke != [false; 2] || flow.reset || flow.fin[0] || flow.fin[1])
            && flow.isn[dir] != Some(u.seq.wrapping_add(1))
    }

    fn open(
        &mut self,
        registry: &Registry,
        key: FlowKey,
        hash: u64,
        dir: usize,
        u: &Unit<'_>,
    ) -> Option<u32> {
        if self.flows.full()
            && let Some(old) = self.flows.oldest()
        {
            self.obs.count("flows");
            self.close(registry, old);
        }
        let lo = self.obs.host(HostKey::new(key.vlan, key.addr(0)))?;
        let hi = if key.lo == key.hi { lo } else { self.obs.host(HostKey::new(key.vlan, key.addr(1)))? };
        if u.macs.is_some_and(|(_, to)| to.is_group())
            && let Some((_, stat)) = self.obs.hosts.get_mut(if dir == 0 { hi } else { lo }.0 as usize)
        {
            stat.group = true;
        }
        let (client, oriented) = first_guess(registry, &key, dir, u);
        let mut macs = [Mac::default(); 2];
        if let Some((mac, _)) = u.macs {
            macs[dir] = mac;
        }
        let mut ttl = [0; 2];
        ttl[dir] = u.ttl;
        let mut on_link = [false; 2];
        on_link[dir] = undecremented(u.ttl);
        let flow = Flow {
            key,
            hosts: [lo, hi],
            first: u.at.time,
            last: u.at.time,
            packets: [0; 2],
            bytes: [0; 2],
            macs,
            ttl,
            on_link,
            isn: [None; 2],
            client,
            oriented,
            spoke: [false; 2],
            accepted: false,
            fin: [false; 2],
            reset: false,
            entry: None,
            confidence: 0,
            over: false,
            ticked: u.at.time,
            first_frame: u.at.frame,
            source: u.at.source,
            held: 0,
            resumed: false,
            told: None,
            work: None,
        };
        Some(self.flows.insert(flow, hash))
    }

    /// Looks at one slot: ends what is idle, gives open probes their tick.
    fn sweep(&mut self, registry: &Registry) {
        let now = self.now;
        let Some(slot) = self.flows.sweep() else { return };
        let Some(flow) = self.flows.get(slot) else { return };
        if flow.expired(now) {
            return self.close(registry, slot);
        }
        if flow.work.is_some() && now.saturating_sub(flow.ticked) >= 1_000_000 {
            flow.ticked = now;
            let at = Stamp { time: now, ..self.last_frame };
            if let Some(work) = &mut flow.work {
                work.eye.tick(registry, &mut self.obs, at);
            }
        }
    }

    /// Ends a flow and adds it to the aggregates.
    fn close(&mut self, registry: &Registry, slot: u32) {
        let Some(mut flow) = self.flows.remove(slot) else { return };
        self.held = self.held.saturating_sub(flow.held as usize);
        let at = Stamp { time: flow.last, ..self.last_frame };
        finish_work(&mut flow, &mut self.obs, registry, at);
        let protocol = flow.entry.map_or("", |e| registry.get(e).name());
        if self.obs.events.on() {
            self.ended(slot, &mut flow, protocol);
        }
        if flow.accepted && flow.entry.is_none() {
            let s = 1 - usize::from(flow.client);
            let transport = flow.key.transport();
            let port = if transport == Transport::L2 { 0 } else { flow.key.port(s) };
            let at = Stamp { time: flow.first, frame: flow.first_frame, source: flow.source };
            let key = ServiceKey { host: flow.hosts[s], port, transport, protocol: "", offered: true };
            self.obs.service(key, 0, at);
        }
        add(&mut flow, &mut self.obs, protocol);
    }

    /// The capture ended: everything open is closed, oldest first.
    pub fn finish(&mut self, registry: &Registry, order: u64) {
        self.obs.events.at_packet(order);
        let mut slots = self.flows.used();
        slots.sort_by_key(|&s| self.flows.get(s).map_or((0, 0), |f| (f.first, f.first_frame)));
        for slot in slots {
            self.close(registry, slot);
        }
        self.masses();
        crate::events::flush_windows(&mut self.obs, Micros::MAX);
    }
}

/// Who is the client, by what the first packet shows: a handshake, else known ports, else order.
fn first_guess(registry: &Registry, key: &FlowKey, dir: usize, u: &Unit<'_>) -> (u8, bool) {
    let me = dir as u8;
    if key.kind != 2 && key.proto == 6 {
        match u.flags & (SYN | ACK) {
            SYN => return (me, true),
            f if f == SYN | ACK => return (1 - me, true),
            _ => {}
        }
    }
    let group = match key.addr(1 - dir) {
        HostAddr::Ip(IpAddr::V4(a)) => a.is_multicast() || a.is_broadcast(),
        HostAddr::Ip(IpAddr::V6(a)) => a.is_multicast(),
        HostAddr::Mac(m) => m.is_group(),
    };
    let (mine, other) = (key.port(dir), key.port(1 - dir));
    if group || key.kind == 2 || mine == other {
        return (me, false);
    }
    match (registry.is_server_port(mine), registry.is_server_port(other)) {
        (true, false) => (1 - me, false),
        (false, true) => (me, false),
        _ if mine < 1024 && other >= 1024 => (1 - me, false),
        _ if key.proto == 6 && mine < other && other >= 32768 && mine < 32768 => (1 - me, false),
        _ => (me, false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::obs::{EventMode, Limits};

    fn segment(host: u8, port: u16, seq: u32, payload: &[u8]) -> Unit<'_> {
        let mut src = [0; 16];
        src[..4].copy_from_slice(&[10, 0, 0, host]);
        let mut dst = [0; 16];
        dst[..4].copy_from_slice(&[10, 0, 1, 1]);
        Unit {
            at: Stamp { time: 1_000_000, frame: 1, source: 0 },
            order: 0,
            kind: 4,
            proto: 6,
            vlan: 0,
            ttl: 64,
            ethertype: 0,
            src,
            dst,
            src_port: port,
            dst_port: 9,
            macs: None,
            seq,
            ack: 0,
            flags: ACK | PSH,
            wire_len: 1500,
            payload,
            cut: 0,
            head: Head::default(),
        }
    }

    /// Many connections with a hole each: what they hold together stays under the bound.
    #[test]
    fn held_payload_is_bounded_in_all() {
        let registry = Registry::new(Vec::new()).expect("the native probes fit");
        let mut shard = Shard::new(0, Observations::new(Limits::default(), EventMode::None));
        let piece = vec![0xa5u8; 60_000];
        for port in 1000..1400 {
            for (seq, data) in [(1, &piece[..1]), (100_000, &piece[..])] {
                let unit = segment(1, port, seq, data);
                shard.packet(&registry, &unit, &Shard::ahead(&unit));
            }
            assert!(shard.held <= MAX_HELD_IN_ALL + 2 * piece.len(), "{} bytes held", shard.held);
        }
        assert!(shard.obs.counters["tcp_memory"] > 0);
        shard.finish(&registry, 1);
        assert_eq!(shard.held, 0);
    }
}
