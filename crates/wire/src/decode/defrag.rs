//! Datagrams out of IP fragments (RFC 791, section 3.2; RFC 8200, section 4.5), within bounds.

use super::packet::{Net, Packet, flag};
use rustc_hash::FxBuildHasher;
use std::collections::VecDeque;

/// Datagrams being put together at a time; the oldest gives way.
pub const MAX_DATAGRAMS: usize = 1024;
/// Octets of all unfinished datagrams together.
pub const MAX_OCTETS: usize = 16 << 20;
/// Octets of one datagram behind its IP header.
const MAX_DATAGRAM: usize = 65_535;
/// Pieces of one datagram that are not joined yet.
const MAX_PIECES: usize = 512;
/// A datagram not complete after this long is given up (RFC 791 says 15 s, RFC 8200 60 s).
const TIMEOUT_NS: i64 = 30_000_000_000;

/// A datagram that is whole again.
#[derive(Debug)]
pub struct Reassembled {
    /// An IP packet: the first fragment's header, made to say that it is whole, and the payload.
    pub bytes: Vec<u8>,
    /// The first fragment of the datagram (that with offset 0).
    pub outer: Packet,
}

/// What became of fragments.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct DefragStats {
    pub fragments: u64,
    pub datagrams: u64,
    /// Given up because the rest did not come in time.
    pub expired: u64,
    /// Given up because a bound was reached.
    pub evicted: u64,
    /// Fragments that overlap others with different octets or ends: the first that came counts.
    pub overlaps: u64,
    /// Fragments that cannot be: past the longest datagram, of odd length, or cut in the capture.
    pub bad: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
struct Key {
    src: [u8; 16],
    dst: [u8; 16],
    id: u32,
    /// Of IPv4 only: of IPv6 the identification is enough.
    proto: u8,
    vlan: u16,
}

#[derive(Debug)]
struct Datagram {
    /// When its first fragment came, and the number that tells it from a later one of the same key.
    begun_ns: i64,
    serial: u64,
    /// First fragment and its IP header.
    first: Option<(Packet, Vec<u8>)>,
    /// The payload so far; octets outside of `pieces` are not valid.
    payload: Vec<u8>,
    /// What is there: (start, end), in order, neither touching nor overlapping.
    pieces: Vec<(u32, u32)>,
    /// Length of the payload, once the last fragment came.
    total: Option<u32>,
}

/// Fragments being put together. Times are packet time.
#[derive(Debug, Default)]
pub struct Defrag {
    table: hashbrown::HashMap<Key, Datagram, FxBuildHasher>,
    /// Keys by age, with the serial number of the datagram meant.
    order: VecDeque<(Key, u64)>,
    octets: usize,
    serial: u64,
    pub stats: DefragStats,
}

impl Defrag {
    /// Takes a fragment (`Packet::is_fragment`) and the record it was decoded from; gives the
    /// datagram if this was its last piece.
    pub fn push(&mut self, now_ns: i64, p: &Packet, record: &[u8]) -> Option<Reassembled> {
        if !p.is_fragment() {
            return None;
        }
        self.stats.fragments += 1;
        self.expire(now_ns);
        let (start, piece) = (usize::from(p.frag_off), p.payload(record));
        let end = start + piece.len();
        let more = p.has(flag::MORE);
        // All but the last are a multiple of eight octets; a piece cut by the capture leaves a hole
        // that nothing fills.
        if piece.is_empty()
            || end > MAX_DATAGRAM
            || (more && piece.len() % 8 != 0)
            || p.payload_len != p.payload_wire
        {
            self.stats.bad += 1;
            return None;
        }
        let key = Key {
            src: p.src,
            dst: p.dst,
            id: p.frag_id(),
            proto: if p.net == Net::V4 { p.proto } else { 0 },
            vlan: p.vlan,
        };
        if !self.table.contains_key(&key) {
            self.begin(key, now_ns);
        }
        let datagram = self.table.get_mut(&key)?;
        let before = datagram.payload.len();
        match datagram.add(start as u32, piece, more, &mut self.stats) {
            Ok(()) => {}
            Err(()) => {
                self.remove(&key);
                self.stats.evicted += 1;
                return None;
            }
        }
        if start == 0 && datagram.first.is_none() {
            let header = record.get(usize::from(p.l3_off)..usize::from(p.l4_off)).unwrap_or_default();
            datagram.first = Some((*p, header.to_vec()));
        }
        self.octets += datagram.payload.len() - before;
        if !datagram.is_whole() {
            while self.octets > MAX_OCTETS && self.evict() {}
            return None;
        }
        let datagram = self.remove(&key)?;
        let (outer, header) = datagram.first?;
        let bytes = whole_packet(&outer, &header, &datagram.payload)?;
        self.stats.datagrams += 1;
        Some(Reassembled { bytes, outer })
    }

    /// Datagrams being put together.
    pub fn len(&self) -> usize {
        self.table.len()
    }
    pub fn is_empty(&self) -> bool {
        self.table.is_empty()
    }

    fn begin(&mut self, key: Key, now_ns: i64) {
        while self.table.len() >= MAX_DATAGRAMS && self.evict() {}
        // Names of datagrams that were finished go when they outnumber the others.
        if self.order.len() >= 2 * MAX_DATAGRAMS {
            let table = &self.table;
            self.order.retain(|(k, serial)| table.get(k).is_some_and(|d| d.serial == *serial));
        }
        self.serial += 1;
        let serial = self.serial;
        self.order.push_back((key, serial));
        let (first, payload, pieces, total) = (None, Vec::new(), Vec::new(), None);
        self.table.insert(key, Datagram { begun_ns: now_ns, serial, first, payload, pieces, total });
    }

    fn remove(&mut self, key: &Key) -> Option<Datagram> {
        let datagram = self.table.remove(key)?;
        self.octets = self.octets.saturating_sub(datagram.payload.len());
        Some(datagram)
    }

    /// Drops the oldest; false if there is none.
    fn evict(&mut self) -> bool {
        while let Some((key, serial)) = self.order.pop_front() {
            if self.table.get(&key).is_some_and(|d| d.serial == serial) {
                self.remove(&key);
                self.stats.evicted += 1;
                return true;
            }
        }
        false
    }

    fn expire(&mut self, now_ns: i64) {
        while let Some((key, serial)) = self.order.front().copied() {
            match self.table.get(&key) {
                Some(d) if d.serial == serial => {
                    if now_ns.saturating_sub(d.begun_ns) <= TIMEOUT_NS {
                        return;
                    }
                    self.remove(&key);
                    self.stats.expired += 1;
                }
                _ => {}
            }
            self.order.pop_front();
        }
    }
}

impl Datagram {
    /// Adds the octets that are not there yet. `Err`: too many pieces.
    fn add(&mut self, start: u32, piece: &[u8], more: bool, stats: &mut DefragStats) -> Result<(), ()> {
        let mut end = start + piece.len() as u32;
        let highest = self.pieces.last().map_or(0, |p| p.1);
        let mut disagrees = false;
        match self.total {
            // Past the end that is known: only up to there.
            Some(total) if end > total || (!more && end != total) => {
                disagrees = true;
                end = end.min(total);
            }
            // An end before what is there already.
            None if !more && end < highest => disagrees = true,
            None if !more => self.total = Some(end),
            _ => {}
        }
        if end <= start {
            stats.overlaps += 1;
            return Ok(());
        }
        if self.payload.len() < end as usize {
            self.payload.resize(end as usize, 0);
        }
        // The new octets, around what is there.
        let mut at = start;
        let mut fresh: Vec<(u32, u32)> = Vec::new();
        for &(from, to) in self.pieces.iter().filter(|p| p.1 > start && p.0 < end) {
            if from > at {
                fresh.push((at, from));
            }
            let same = |a: u32, b: u32| {
                let old = self.payload.get(a as usize..b as usize);
                old == piece.get((a - start) as usize..(b - start) as usize)
            };
            disagrees |= !same(from.max(start), to.min(end));
            at = at.max(to);
        }
        if at < end {
            fresh.push((at, end));
        }
        stats.overlaps += u64::from(disagrees);
        for &(from, to) in &fresh {
            let new = piece.get((from - start) as usize..(to - start) as usize);
            if let (Some(to), Some(new)) = (self.payload.get_mut(from as usize..to as usize), new) {
                to.copy_from_slice(new);
            }
        }
        self.pieces.extend(fresh);
        self.pieces.sort_unstable();
        self.pieces.dedup_by(|next, kept| {
            let touches = next.0 <= kept.1;
            if touches {
                kept.1 = kept.1.max(next.1);
            }
            touches
        });
        if self.pieces.len() > MAX_PIECES { Err(()) } else { Ok(()) }
    }

    fn is_whole(&self) -> bool {
        match (self.total, self.pieces.as_slice()) {
            (Some(total), [(0, end)]) => *end >= total && self.first.is_some(),
            _ => false,
        }
    }
}

/// The packet as it was before it was fragmented. `None` if it is longer than IP allows.
fn whole_packet(outer: &Packet, header: &[u8], payload: &[u8]) -> Option<Vec<u8>> {
    let mut bytes;
    if outer.net == Net::V4 {
        let total = u16::try_from(header.len() + payload.len()).ok()?;
        bytes = header.to_vec();
        bytes.get_mut(2..4)?.copy_from_slice(&total.to_be_bytes());
        bytes.get_mut(6..8)?.copy_from_slice(&[0, 0]);
        // The checksum of the header as it is now.
        bytes.get_mut(10..12)?.copy_from_slice(&[0, 0]);
        let sum = !super::checksum::sum(&bytes, 0);
        bytes.get_mut(10..12)?.copy_from_slice(&sum.to_be_bytes());
    } else {
        // The headers in front of the fragment header do not matter any more.
        let len = u16::try_from(payload.len()).ok()?;
        bytes = header.get(..40)?.to_vec();
        bytes.get_mut(4..6)?.copy_from_slice(&len.to_be_bytes());
        *bytes.get_mut(6)? = outer.proto;
    }
    bytes.extend_from_slice(payload);
    Some(bytes)
}
