//! Packets handed on together, with the octets they stand in.

use crate::decode::{Defrag, LinkType, Packet, Reassembled, decode, decode_into, flag};

/// How much a batch takes.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub packets: usize,
    /// A batch ends before the first packet that moves the clock into another period of this many
    /// nanoseconds (aligned to 1970). 0: no such ends.
    pub align_ns: i64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { packets: 4096, align_ns: 60_000_000_000 }
    }
}

/// Decoded packets and the buffer they point into. Kept and given back to be filled again, it
/// allocates nothing after the first rounds.
#[derive(Debug, Default)]
pub struct Batch {
    pub(super) buf: Vec<u8>,
    /// Datagrams made of fragments.
    extra: Vec<u8>,
    slots: Vec<Packet>,
    used: usize,
    /// Where the records of packets stand that were put together: number of the packet, place, length.
    pub(super) whole: Vec<(u32, u32, u32)>,
    /// Fragments that contradict others, or cannot be: number of the packet, and which of the two.
    pub odd: Vec<(u32, bool)>,
    /// Greatest packet time of the run up to the end of this batch, nanoseconds since 1970 UTC.
    pub clock_ns: i64,
    /// First nanosecond that is not in this batch's period.
    pub(super) until_ns: i64,
}

impl Batch {
    /// The octets the offsets of `packet` count from: its record, or the datagram it was
    /// reassembled to.
    #[inline]
    pub fn data(&self, packet: &Packet) -> &[u8] {
        let from = if packet.has(flag::REASSEMBLED) { &self.extra } else { &self.buf };
        let at = packet.at as usize;
        from.get(at..at.saturating_add(packet.cap_len as usize)).unwrap_or_default()
    }
    /// The record of packet number `n` as it was captured, whatever it was put together to.
    #[inline]
    pub fn record(&self, n: usize) -> &[u8] {
        let Some(p) = self.packets().get(n) else { return &[] };
        if !p.has(flag::REASSEMBLED) {
            return self.data(p);
        }
        let place = self.whole.binary_search_by_key(&(n as u32), |w| w.0).ok();
        let Some((_, at, len)) = place.and_then(|i| self.whole.get(i)) else { return &[] };
        self.buf.get(*at as usize..(*at as usize).saturating_add(*len as usize)).unwrap_or_default()
    }
    /// The captured payload of `packet`.
    #[inline]
    pub fn payload(&self, packet: &Packet) -> &[u8] {
        packet.payload(self.data(packet))
    }
    pub fn packets(&self) -> &[Packet] {
        self.slots.get(..self.used).unwrap_or_default()
    }
    pub(super) fn packets_mut(&mut self) -> &mut [Packet] {
        self.slots.get_mut(..self.used).unwrap_or_default()
    }
    pub fn is_empty(&self) -> bool {
        self.used == 0
    }
    /// Empties it; the memory stays.
    pub fn clear(&mut self) {
        self.extra.clear();
        self.whole.clear();
        self.odd.clear();
        self.used = 0;
    }
    /// Octets of memory it holds.
    pub fn memory(&self) -> usize {
        self.buf.capacity() + self.extra.capacity() + self.slots.capacity() * size_of::<Packet>()
    }

    /// Adds a record whose octets are copied into the batch (live capture, merged sources). False: it
    /// begins another period or there is no room; take this batch and add it to the next.
    /// Batches filled this way are emptied by [`Batch::restart`].
    #[inline]
    pub fn add(&mut self, to: &mut Assembler, r: &super::RecordRef<'_>, source: u32) -> bool {
        if !to.admits(self, r.time_ns) || self.buf.len() > MAX_COPIED {
            return false;
        }
        let at = self.buf.len();
        self.buf.extend_from_slice(r.data);
        to.push(self, r, source, at);
        true
    }
    /// Empties it for [`Batch::add`].
    pub fn restart(&mut self) {
        self.clear();
        self.buf.clear();
    }
}

/// Octets copied into one batch beyond which it takes no more records.
const MAX_COPIED: usize = 512 << 10;

/// What goes from batch to batch: the clock, the period, unfinished datagrams.
#[derive(Debug)]
pub struct Assembler {
    pub limits: Limits,
    pub defrag: Defrag,
    clock_ns: i64,
}

impl Assembler {
    pub fn new(limits: Limits) -> Assembler {
        Assembler { limits, defrag: Defrag::default(), clock_ns: i64::MIN }
    }

    /// Greatest packet time so far; `i64::MIN` before the first packet.
    pub fn clock_ns(&self) -> i64 {
        self.clock_ns
    }

    /// True if a packet of this time may still go into the batch.
    #[inline]
    pub(super) fn admits(&self, batch: &Batch, time_ns: i64) -> bool {
        batch.is_empty() || (time_ns < batch.until_ns && batch.used < self.limits.packets.max(1))
    }

    /// Decodes a record that stands `at` octets into the batch's buffer.
    #[inline]
    pub(super) fn push(&mut self, batch: &mut Batch, r: &super::RecordRef<'_>, source: u32, at: usize) {
        self.clock_ns = self.clock_ns.max(r.time_ns);
        if batch.is_empty() {
            batch.until_ns = self.period_end();
        }
        batch.clock_ns = self.clock_ns;
        // Decoded in place: `used` packets are valid, behind them stand those of earlier rounds.
        if batch.used == batch.slots.len() {
            batch.slots.push(Packet::default());
        }
        let Some(p) = batch.slots.get_mut(batch.used) else { return };
        batch.used += 1;
        decode_into(p, r.link, r.wire_len, r.data);
        p.time_ns = r.time_ns;
        p.frame = r.frame;
        p.source = source;
        p.at = at as u32;
        if p.is_fragment() {
            // one the capture cut says nothing of its sender
            let whole = p.payload_len == p.payload_wire;
            let before = self.defrag.stats;
            self.fragment(&mut batch.extra, p, r.data);
            let after = self.defrag.stats;
            if p.has(flag::REASSEMBLED) {
                batch.whole.push((batch.used as u32 - 1, at as u32, r.data.len() as u32));
            }
            if whole && (before.overlaps, before.bad) != (after.overlaps, after.bad) {
                batch.odd.push((batch.used as u32 - 1, before.overlaps != after.overlaps));
            }
        }
    }

    fn period_end(&self) -> i64 {
        match self.limits.align_ns {
            1.. => {
                let begun = self.clock_ns.div_euclid(self.limits.align_ns);
                begun.saturating_add(1).saturating_mul(self.limits.align_ns)
            }
            _ => i64::MAX,
        }
    }

    /// A fragment that completes its datagram becomes the packet of the whole datagram; its time,
    /// frame and length on the wire stay its own.
    #[cold]
    fn fragment(&mut self, extra: &mut Vec<u8>, p: &mut Packet, data: &[u8]) {
        let mut data = data;
        let mut whole: Option<Vec<u8>> = None;
        // Fragments of a tunnel's packet inside a datagram that was itself fragmented.
        for _ in 0..MAX_NESTED {
            let Some(Reassembled { bytes, outer }) = self.defrag.push(self.clock_ns, p, data) else { break };
            let mut inner = decode(LinkType::RAW, u32::try_from(bytes.len()).unwrap_or(u32::MAX), &bytes);
            inner.flags |= flag::REASSEMBLED;
            (inner.time_ns, inner.frame, inner.source) = (p.time_ns, p.frame, p.source);
            (inner.wire_len, inner.link) = (p.wire_len, p.link);
            if inner.depth == 0 {
                inner.flags |= outer.flags & (flag::SRC_MAC | flag::DST_MAC);
                (inner.src_mac, inner.dst_mac) = (outer.src_mac, outer.dst_mac);
            }
            if inner.vlan == 0 {
                inner.vlan = outer.vlan;
            }
            if inner.depth == 0 || inner.ethertype == 0 {
                inner.ethertype = outer.ethertype;
            }
            if inner.depth == 0 {
                inner.tunnel = outer.tunnel;
            }
            inner.depth = inner.depth.saturating_add(outer.depth);
            inner.at = extra.len() as u32;
            let again = inner.is_fragment();
            *p = inner;
            data = whole.insert(bytes);
            if !again {
                break;
            }
        }
        if let Some(bytes) = whole {
            extra.extend_from_slice(&bytes);
        }
    }
}

/// Datagrams in datagrams, each fragmented, that are put together.
const MAX_NESTED: usize = 4;
