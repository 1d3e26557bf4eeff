//! Packets of network interfaces as they come, merged by their time.
//!
//! A port's packets come in blocks, up to [`MAX_LATE_MS`] after the kernel took them. With several ports
//! (the two directions of a tap are two) a packet is held until no other port can have an earlier one, or
//! until half of its ring waits; each port's own order is kept in any case.

use super::batch::{Assembler, Batch, Limits};
use super::record::RecordRef;
use super::stats::SourceStats;
use crate::decode::LinkType;
use sentinel_ring::{Counters, Frame, MAX_LATE_MS, Port, State, wait};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

const MAX_LATE: Duration = Duration::from_millis(MAX_LATE_MS as u64);
/// Wait between two looks at ports that hold a packet back.
const NAP: Duration = Duration::from_millis(5);

/// The ports of a run. Sources are numbered in the order of the ports.
pub struct LiveReader {
    ports: Vec<Port>,
    stats: Vec<SourceStats>,
    assembler: Assembler,
    scratch: Vec<u8>,
    /// Since when a packet is held back.
    held: Option<Instant>,
    /// Since when no more packets are taken.
    closing: Option<Instant>,
    settled_ns: Option<i64>,
    ended: bool,
}

/// What a port is like and what was counted of it.
#[derive(Clone, Debug)]
pub struct PortReport {
    pub name: String,
    pub state: State,
    pub link: LinkType,
    pub counters: Counters,
}

/// The clock that packets are stamped with, nanoseconds since 1970 UTC.
fn wall_ns() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}

impl LiveReader {
    /// Of ports that were started.
    pub fn new(ports: Vec<Port>, limits: Limits) -> LiveReader {
        let named = |p: &Port| SourceStats { name: p.name().to_owned(), ..SourceStats::default() };
        LiveReader {
            stats: ports.iter().map(named).collect(),
            ports,
            assembler: Assembler::new(limits),
            scratch: Vec::new(),
            held: None,
            closing: None,
            settled_ns: None,
            ended: false,
        }
    }

    pub fn assembler(&self) -> &Assembler {
        &self.assembler
    }
    pub fn sources(&self) -> usize {
        self.ports.len()
    }

    /// Takes no more packets: those the kernel holds still come, then the end.
    pub fn close(&mut self) {
        if self.closing.is_none() {
            self.closing = Some(Instant::now());
            for port in &mut self.ports {
                // a port that cannot be closed is down: nothing comes from it
                let _ = port.close();
            }
        }
    }

    /// Fills `batch` with the packets there are; waits for some until `until`, and gives an empty batch if
    /// none came. False at the end, after [`LiveReader::close`].
    pub fn next_batch(&mut self, batch: &mut Batch, until: Instant) -> bool {
        batch.restart();
        batch.clock_ns = self.assembler.clock_ns();
        self.settled_ns = None;
        if self.ended {
            return false;
        }
        self.ports.iter_mut().for_each(|p| p.tend(false));
        loop {
            let now = Instant::now();
            let last = self.closing.map(|since| since + MAX_LATE);
            let over = last.is_some_and(|last| now >= last);
            self.fill(batch, over);
            if !batch.is_empty() {
                return true;
            }
            if over {
                self.ports.iter_mut().for_each(Port::count);
                self.ended = true;
                return false;
            }
            let left = last.map_or(until, |last| last.min(until)).saturating_duration_since(now);
            if left.is_zero() {
                return true;
            }
            match self.held {
                // a port that has packets would end the wait at once
                Some(_) => wait(&mut self.ports, |p| !p.holds(), left.min(NAP)),
                None => wait(&mut self.ports, |_| true, left),
            }
        }
    }

    /// Time up to which every packet has been handed out; `None` if the last batch was full.
    pub fn settled_ns(&self) -> Option<i64> {
        self.settled_ns
    }

    /// Moves packets into the batch, the earliest first; all there are if no more will come.
    fn fill(&mut self, batch: &mut Batch, over: bool) {
        let settled = wall_ns().saturating_sub(i64::from(MAX_LATE_MS) * 1_000_000);
        // by a clock that nobody sets, too
        let waited = self.held.is_some_and(|since| since.elapsed() >= MAX_LATE);
        let mut due = if waited || over { i64::MAX } else { settled };
        loop {
            // the port with the earliest packet, and up to which time it may be read on
            let (mut first, mut limit, mut missing) = (None::<(usize, i64)>, i64::MAX, false);
            for (n, port) in self.ports.iter_mut().enumerate() {
                match (port.peek(), first) {
                    (None, _) => missing = true,
                    (Some(f), Some((_, time))) if f.time_ns >= time => limit = limit.min(f.time_ns),
                    (Some(f), before) => {
                        limit = limit.min(before.map_or(i64::MAX, |(_, time)| time));
                        first = Some((n, f.time_ns));
                    }
                }
            }
            let Some((n, time)) = first else { break };
            if missing && time > due {
                if !self.ports.iter().any(Port::pressed) {
                    self.held.get_or_insert_with(Instant::now);
                    self.settled_ns = Some(settled);
                    return;
                }
                due = i64::MAX;
            }
            if missing {
                limit = limit.min(due);
            }
            if !self.take(n, limit, batch) {
                return;
            }
        }
        self.held = None;
        self.settled_ns = Some(settled);
    }

    /// Takes packets of port `n` up to a time, one at least. False if there is no more room.
    fn take(&mut self, n: usize, limit: i64, batch: &mut Batch) -> bool {
        let (Some(port), Some(stats)) = (self.ports.get_mut(n), self.stats.get_mut(n)) else { return false };
        let link = LinkType(port.link().number);
        let mut some = false;
        while let Some(frame) = port.peek() {
            let Frame { time_ns, .. } = frame;
            if some && time_ns > limit {
                break;
            }
            let wire_len = frame.wire_len.saturating_add(port.added(&frame));
            let data = port.octets(&frame, &mut self.scratch);
            let record = RecordRef { time_ns, link, wire_len, data, frame: stats.packets + 1 };
            if !batch.add(&mut self.assembler, &record, n as u32) {
                return false;
            }
            port.advance();
            some = true;
            stats.packets += 1;
            stats.bytes += u64::from(wire_len);
            stats.first_ns = Some(stats.first_ns.map_or(time_ns, |t| t.min(time_ns)));
            stats.last_ns = Some(stats.last_ns.map_or(time_ns, |t| t.max(time_ns)));
        }
        true
    }

    /// What was seen of port `n` so far.
    pub fn stats(&mut self, n: usize) -> Option<&SourceStats> {
        let (port, stats) = (self.ports.get(n)?, self.stats.get_mut(n)?);
        let counters = port.counters();
        stats.dropped = counters.drops;
        stats.truncated = counters.truncated;
        stats.links.clear();
        stats.count_link(LinkType(port.link().number), stats.packets);
        stats.warnings.clear();
        if counters.downs > 0 {
            stats.warn(format!("the interface went down {} times", counters.downs));
        }
        Some(stats)
    }

    /// Every port as it was seen a second ago at most.
    pub fn ports(&self) -> Vec<PortReport> {
        let report = |p: &Port| PortReport {
            name: p.name().to_owned(),
            state: p.state(),
            link: LinkType(p.link().number),
            counters: p.counters(),
        };
        self.ports.iter().map(report).collect()
    }

    /// Octets read of all ports.
    pub fn bytes(&self) -> u64 {
        self.stats.iter().map(|s| s.bytes).sum()
    }
}
