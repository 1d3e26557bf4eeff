//! The last packets, in memory: by pair of addresses and by time.
//!
//! Octets stand in segments that are given back as a whole, the oldest first. Every packet of the
//! last segments is found by its pair in O(log n).

use super::key::{Address, Pair};
use super::request::Request;
use crate::capture::Batch;
use crate::decode::LinkType;
use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;
use std::collections::VecDeque;
use std::ops::Range;

/// Memory counted for a packet beside its octets, and for a pair.
const PACKET: usize = size_of::<Entry>() + size_of::<u64>();
const PAIR: usize = 160;
/// Segments: a part of the memory, 4 KiB to 1 MiB.
const PARTS: usize = 32;
/// Packets of several ports and cards may be so much out of order.
const DISORDER_NS: i64 = 1_000_000_000;

/// A packet. Its number in the run is its place.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    pub time_ns: i64,
    /// 1-based number in its source.
    pub frame: u64,
    segment: u64,
    at: u32,
    len: u32,
    pub wire_len: u32,
    pub source: u32,
    pair: u32,
    pub link: LinkType,
}

#[derive(Default)]
struct Slot {
    key: Pair,
    /// Numbers of its packets, oldest first.
    packets: VecDeque<u64>,
}

/// See the module.
pub struct Ring {
    memory: usize,
    segments: VecDeque<Vec<u8>>,
    first_segment: u64,
    segment_size: usize,
    spare: Option<Vec<u8>>,
    /// Sum of the segments' sizes.
    octets: usize,
    entries: VecDeque<Entry>,
    /// Number of the first entry.
    first: u64,
    pairs: HashMap<Pair, u32, FxBuildHasher>,
    slots: Vec<Slot>,
    free: Vec<u32>,
    /// Greatest packet time.
    pub clock_ns: i64,
    /// Octets taken since the last [`Ring::rested`].
    fresh: usize,
    pub packets: u64,
}

impl Ring {
    pub fn new(memory: usize) -> Ring {
        Ring {
            memory,
            segments: VecDeque::new(),
            first_segment: 0,
            segment_size: (memory / PARTS).clamp(4 << 10, 1 << 20),
            spare: None,
            octets: 0,
            entries: VecDeque::new(),
            first: 0,
            pairs: HashMap::default(),
            slots: Vec::new(),
            free: Vec::new(),
            clock_ns: i64::MIN,
            fresh: 0,
            packets: 0,
        }
    }

    /// Bytes held, as they are counted against the bound.
    pub fn held(&self) -> usize {
        self.octets + self.entries.len() * PACKET + self.pairs.len() * PAIR
    }
    /// Number of the oldest packet that is still there.
    pub fn first(&self) -> u64 {
        self.first
    }
    /// So much came in since the last look at requests that the next could be too late.
    pub fn is_pressed(&self) -> bool {
        self.fresh > self.memory / 4
    }
    pub fn rested(&mut self) {
        self.fresh = 0;
    }

    /// Takes every packet of a batch.
    pub fn take(&mut self, batch: &Batch) {
        for (i, p) in batch.packets().iter().enumerate() {
            let data = batch.record(i);
            let entry = Entry {
                time_ns: p.time_ns,
                frame: p.frame,
                segment: 0,
                at: 0,
                len: 0,
                wire_len: p.wire_len,
                source: p.source,
                pair: 0,
                link: p.link,
            };
            self.add(entry, Pair::of(p), data);
        }
        self.clock_ns = self.clock_ns.max(batch.clock_ns);
    }

    pub fn add(&mut self, mut entry: Entry, key: Pair, data: &[u8]) {
        self.clock_ns = self.clock_ns.max(entry.time_ns);
        self.packets += 1;
        self.fresh += data.len() + PACKET;
        let full = self.segments.back().is_none_or(|s| s.capacity() - s.len() < data.len());
        let more = PACKET + PAIR + if full { self.segment_size.max(data.len()) } else { 0 };
        // the segment that is being filled stays
        while self.held() + more > self.memory && self.segments.len() > usize::from(!full) {
            self.evict();
        }
        if full {
            let mut segment = self.spare.take().filter(|s| s.capacity() >= data.len()).unwrap_or_default();
            if segment.capacity() == 0 {
                segment = Vec::with_capacity(self.segment_size.max(data.len()));
            }
            self.octets += segment.capacity();
            self.segments.push_back(segment);
        }
        let Some(segment) = self.segments.back_mut() else { return };
        (entry.at, entry.len) = (segment.len() as u32, data.len() as u32);
        segment.extend_from_slice(data);
        entry.segment = self.first_segment + self.segments.len() as u64 - 1;
        entry.pair = self.pair(key);
        let number = self.first + self.entries.len() as u64;
        if let Some(slot) = self.slots.get_mut(entry.pair as usize) {
            slot.packets.push_back(number);
        }
        self.entries.push_back(entry);
    }

    fn pair(&mut self, key: Pair) -> u32 {
        if let Some(&n) = self.pairs.get(&key) {
            return n;
        }
        let n = self.free.pop().unwrap_or(self.slots.len() as u32);
        if n as usize == self.slots.len() {
            self.slots.push(Slot::default());
        }
        if let Some(slot) = self.slots.get_mut(n as usize) {
            slot.key = key;
        }
        self.pairs.insert(key, n);
        n
    }

    /// Gives the oldest segment back, with its packets.
    fn evict(&mut self) {
        let Some(mut segment) = self.segments.pop_front() else { return };
        self.octets -= segment.capacity();
        while let Some(e) = self.entries.front().filter(|e| e.segment == self.first_segment) {
            if let Some(slot) = self.slots.get_mut(e.pair as usize) {
                slot.packets.pop_front();
                if slot.packets.is_empty() {
                    slot.packets = VecDeque::new();
                    self.pairs.remove(&slot.key);
                    self.free.push(e.pair);
                }
            }
            self.entries.pop_front();
            self.first += 1;
        }
        self.first_segment += 1;
        segment.clear();
        if segment.capacity() == self.segment_size {
            self.spare = Some(segment);
        }
    }

    pub fn entry(&self, number: u64) -> Option<&Entry> {
        self.entries.get(usize::try_from(number.checked_sub(self.first)?).ok()?)
    }
    /// The octets of a packet.
    pub fn data(&self, e: &Entry) -> &[u8] {
        let place = e.segment.checked_sub(self.first_segment).and_then(|n| usize::try_from(n).ok());
        let segment = place.and_then(|n| self.segments.get(n));
        let (at, len) = (e.at as usize, e.len as usize);
        segment.and_then(|s| s.get(at..at.saturating_add(len))).unwrap_or_default()
    }

    /// Numbers of the packets a request asks for, oldest first, at most `most`: of more, those nearest to
    /// its moment. True if there were more.
    pub fn select(&self, r: &Request, span_ns: (i64, i64), most: usize) -> (Vec<u64>, bool) {
        let (from, to) = (r.time_ns.saturating_sub(span_ns.0), r.time_ns.saturating_add(span_ns.1));
        let (mut found, mut more) = (Vec::new(), false);
        for key in r.pairs() {
            let Some(slot) = self.pairs.get(&key).and_then(|n| self.slots.get(*n as usize)) else { continue };
            let time = |i: usize| slot.packets.get(i).and_then(|n| self.entry(*n)).map_or(0, |e| e.time_ns);
            let (span, cut) = window(slot.packets.len(), time, (from, r.time_ns, to), most);
            more |= cut;
            found.extend(slot.packets.range(span).copied());
        }
        if found.is_empty() {
            let hosts: Vec<Address> = r.hosts().collect();
            let time = |i: usize| self.entries.get(i).map_or(0, |e| e.time_ns);
            // the whole window is looked through: what fits is bounded behind
            let (span, _) = window(self.entries.len(), time, (from, r.time_ns, to), usize::MAX);
            let fits = |e: &Entry| {
                let by_frame = r.frame > 0 && (e.frame, e.source) == (r.frame, r.source);
                let key = self.slots.get(e.pair as usize).map(|s| s.key);
                by_frame || key.is_some_and(|k| hosts.iter().any(|h| k.has(*h)))
            };
            for i in span {
                if self.entries.get(i).is_some_and(fits) {
                    found.push(self.first + i as u64);
                }
            }
        }
        found.retain(|n| self.entry(*n).is_some_and(|e| (from..=to).contains(&e.time_ns)));
        found.sort_unstable();
        found.dedup();
        if found.len() > most {
            more = true;
            let middle = found
                .partition_point(|n| self.entry(*n).is_some_and(|e| e.time_ns < r.time_ns))
                .max(most / 2)
                .min(found.len() - most / 2);
            let start = (middle - most / 2).min(found.len() - most);
            found = found.get(start..start + most).unwrap_or_default().to_vec();
        }
        (found, more)
    }

    /// Time of the oldest packet that is still there.
    pub fn since(&self) -> i64 {
        self.entries.front().map_or(i64::MAX, |e| e.time_ns)
    }
}

/// Places in a list by time (nearly) that may hold times in a span: at most `most` of them, nearest to
/// the moment in the middle of (from, moment, to); and whether that left some out.
fn window(
    len: usize,
    time: impl Fn(usize) -> i64,
    (from, moment, to): (i64, i64, i64),
    most: usize,
) -> (Range<usize>, bool) {
    let point = |t: i64| {
        let (mut low, mut high) = (0, len);
        while low < high {
            let middle = low + (high - low) / 2;
            if time(middle) < t { low = middle + 1 } else { high = middle }
        }
        low
    };
    let start = point(from.saturating_sub(DISORDER_NS));
    let end = point(to.saturating_add(DISORDER_NS)).max(start);
    if end - start <= most {
        return (start..end, false);
    }
    let middle = point(moment).clamp(start, end);
    let low = middle.saturating_sub(most / 2).max(start).min(end - most);
    (low..low + most, true)
}
