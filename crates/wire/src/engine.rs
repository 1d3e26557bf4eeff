//! A run over captures: batches of packets to shards, findings of shards in one order.
//!
//! Work is split into 64 fixed shards by the unordered pair of the innermost addresses. Every shard
//! sees its packets in order and a tick at each new second of packet time, whatever the batch size
//! and however many workers share the shards; findings are put in order by (packet, shard, ordinal).
//! So the outcome is the same for any batch size and any number of workers.

mod harvest;
mod saved;

use crate::capture::{Batch, Feed, Limits as BatchLimits, MergedReader, Options};
use crate::decode::{Net, Packet, Status, flag};
use crate::evidence::Evidence;
use crate::filter::{Filter, Subject};
use crate::flow::{Ahead, Chunk, Declared, Head, Registry, Shard, Unit};
use crate::model::*;
use crate::obs::{EventMode, Limits, Observations, StoredEvent};
use crate::signs::{Note, Signs, What};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::{Duration, Instant};

mod live;
pub use live::Ports;

pub const SHARDS: usize = 64;
/// Batches on their way to workers.
const IN_FLIGHT: usize = 4;
/// Findings that make a step end, so that they can be handed over.
const MAX_PENDING: usize = 16 * 1024;
/// Packets whose flows are looked up together.
const AHEAD: usize = 32;
/// What a step may take that reads what the kernel still holds when live capture ends.
const LAST: Duration = Duration::from_secs(1);
/// A packet this much later than all before moves the clock only if the next one agrees.
const LEAP: Micros = 86_400_000_000;

/// How a run is done.
#[derive(Clone, Debug)]
pub struct Config {
    pub workers: usize,
    pub events: EventMode,
    pub filter: Option<Filter>,
    pub limits: Limits,
    /// Packets in a batch.
    pub batch: usize,
    /// Compute the SHA-256 of every source.
    pub sha256: bool,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            workers: 1,
            events: EventMode::None,
            filter: None,
            limits: Limits::default(),
            batch: 4096,
            sha256: true,
        }
    }
}

/// A batch with what the reader adds: where its packets stand in the run, and when seconds begin.
#[derive(Default)]
struct Item {
    batch: Batch,
    /// Number of its first packet over all sources.
    order: u64,
    /// (index of the packet before which a second begins, its time).
    ticks: Vec<(u32, Micros)>,
}

/// See the module.
pub struct Engine {
    reader: Feed,
    registry: Registry,
    config: Config,
    shards: Vec<Shard>,
    clock: Clock,
    order: u64,
    packets: u64,
    done: bool,
    pool: Vec<Arc<Item>>,
    item: Item,
    /// Only where events are made.
    signs: Option<Box<Watch>>,
    /// Where the packets that prove something are kept.
    pub evidence: Option<Arc<Evidence>>,
    /// What was harvested of the counters of fragments.
    fragments: [u64; 4],
}

/// What goes to the signs of the run beside the notes of shards.
struct Watch {
    signs: Signs,
    /// New seconds since the last hand-over: (packet they begin before, time).
    ticks: Vec<(u64, Micros)>,
    notes: Vec<Note>,
    /// Greatest packet time of each source, and whether it was told that packets went back.
    latest: Vec<(Micros, bool)>,
    finished: bool,
}

/// Packets this much older than others before them in their source went back in time: less is the
/// disorder of several network cards.
const BACK: Micros = 1_000_000;

impl Watch {
    /// Looks at a batch before the shards do.
    fn see(&mut self, item: &Item) {
        self.ticks.extend(item.ticks.iter().map(|(i, now)| (item.order + u64::from(*i), *now)));
        let packets = item.batch.packets();
        for (i, overlap) in &item.batch.odd {
            let Some(p) = packets.get(*i as usize) else { continue };
            if let (Some(a), Some(b)) = (p.src_ip(), p.dst_ip()) {
                let at = Stamp { time: p.time_ns.div_euclid(1000), frame: p.frame, source: p.source };
                let what = What::Fragments { ends: (a, b), overlap: *overlap };
                self.notes.push(Note { packet: item.order + u64::from(*i), at, vlan: p.vlan, what });
            }
        }
        for (i, p) in packets.iter().enumerate() {
            let time = p.time_ns.div_euclid(1000);
            let source = p.source as usize;
            if source >= self.latest.len() {
                self.latest.resize(source + 1, (Micros::MIN, false));
            }
            let Some((latest, told)) = self.latest.get_mut(source) else { continue };
            if time >= *latest {
                *latest = time;
                continue;
            }
            let by = latest.saturating_sub(time);
            if by > BACK {
                self.signs.obs.count("time_back");
                if !*told {
                    *told = true;
                    let at = Stamp { time, frame: p.frame, source: p.source };
                    self.notes.push(Note {
                        packet: item.order + i as u64,
                        at,
                        vlan: 0,
                        what: What::Back { by },
                    });
                }
            }
        }
    }
}

/// Packet time as a clock that does not go back.
struct Clock {
    now: Micros,
    suspect: Option<Micros>,
}

impl Clock {
    /// Takes the next packet's time; gives the new time if a second began.
    fn see(&mut self, time: Micros) -> Option<Micros> {
        if time <= self.now {
            self.suspect = None;
            return None;
        }
        if self.now != Micros::MIN && time - self.now > LEAP && self.suspect.is_none_or(|s| time < s) {
            self.suspect = Some(time);
            return None;
        }
        self.suspect = None;
        let began = self.now == Micros::MIN || time.div_euclid(1_000_000) != self.now.div_euclid(1_000_000);
        self.now = time;
        began.then_some(time)
    }
}

/// What is told of one source.
#[derive(Clone, Debug, Default)]
pub struct SourceReport {
    pub name: String,
    /// `capture` or `live`.
    pub kind: &'static str,
    pub sha256: String,
    pub packets: u64,
    pub bytes: u64,
    pub first: Option<Micros>,
    pub last: Option<Micros>,
    pub dropped: u64,
    pub truncated: u64,
    pub cut: bool,
    pub link_types: Vec<String>,
    pub warnings: Vec<String>,
    pub error: Option<String>,
}

impl Engine {
    /// Opens the captures (`-` is standard input). Those that cannot be opened are told by
    /// [`Engine::failed`]; the rest is read.
    pub fn open(paths: &[PathBuf], declared: Vec<Declared>, config: Config) -> Result<Engine, String> {
        let limits = BatchLimits { packets: config.batch.max(1), align_ns: 0 };
        // a buffer that stays in the second-level cache is read fastest
        let options = Options { sha256: config.sha256, buffer: 256 << 10 };
        let reader = MergedReader::open(paths, options, limits);
        Engine::with(Feed::Files(Box::new(reader)), declared, config)
    }

    fn with(reader: Feed, declared: Vec<Declared>, config: Config) -> Result<Engine, String> {
        let registry = Registry::new(declared)?;
        let watch = |_: ()| {
            Box::new(Watch {
                signs: Signs::new(config.limits, config.events),
                ticks: Vec::new(),
                notes: Vec::new(),
                latest: Vec::new(),
                finished: false,
            })
        };
        let signs = (config.events != EventMode::None).then_some(()).map(watch);
        let shards = (0..SHARDS)
            .map(|n| Shard::new(n as u8, Observations::new(config.limits, config.events)))
            .collect();
        Ok(Engine {
            reader,
            registry,
            config,
            shards,
            clock: Clock { now: Micros::MIN, suspect: None },
            order: 0,
            packets: 0,
            done: false,
            pool: Vec::new(),
            item: Item::default(),
            signs,
            evidence: None,
            fragments: [0; 4],
        })
    }

    pub fn registry(&self) -> &Registry {
        &self.registry
    }
    /// One line for each capture that could not be opened.
    pub fn failed(&self) -> Vec<String> {
        self.reader.failed().iter().map(ToString::to_string).collect()
    }
    pub fn packets(&self) -> u64 {
        self.packets
    }
    /// Packet time up to which all was read; `None` before the first packet.
    pub fn clock(&self) -> Option<Micros> {
        (self.clock.now != Micros::MIN).then_some(self.clock.now)
    }
    /// Bytes read of the files as stored, and their size if it is known.
    pub fn progress(&self) -> (u64, Option<u64>) {
        self.reader.progress()
    }

    /// Works for about `budget`, or until findings should be handed over. True when all is read and
    /// every flow is closed.
    pub fn step(&mut self, budget: Duration) -> bool {
        if self.done {
            return true;
        }
        let start = Instant::now();
        if let Some(evidence) = &self.evidence {
            evidence.rested();
        }
        let more = if self.config.workers > 1 {
            self.step_many(start, budget)
        } else {
            self.step_one(start, budget)
        };
        if !more {
            self.stop();
        }
        self.done
    }

    /// Ends the run where it stands: every flow is closed.
    pub fn stop(&mut self) {
        if !self.done {
            if self.reader.close() {
                while self.step_one(Instant::now(), LAST) {}
            }
            self.done = true;
            for shard in &mut self.shards {
                shard.finish(&self.registry, self.order);
            }
        }
    }

    /// Reads the next batch into `item`. False at the end.
    fn read(&mut self, item: &mut Item, until: Instant) -> bool {
        item.ticks.clear();
        if !self.reader.next_batch(&mut item.batch, until) {
            return false;
        }
        item.order = self.order;
        for (i, p) in item.batch.packets().iter().enumerate() {
            if let Some(now) = self.clock.see(p.time_ns.div_euclid(1000)) {
                item.ticks.push((i as u32, now));
            }
        }
        // time goes on without packets
        if let Some(now) = self.reader.settled_ns().and_then(|t| self.clock.see(t.div_euclid(1000))) {
            item.ticks.push((item.batch.packets().len() as u32, now));
        }
        if let Some(watch) = &mut self.signs {
            watch.see(item);
        }
        if let Some(evidence) = &self.evidence {
            evidence.take(&item.batch);
        }
        self.order += item.batch.packets().len() as u64;
        self.packets += item.batch.packets().len() as u64;
        true
    }

    /// So many packets wait to be asked for that a step must end.
    fn is_pressed(&self) -> bool {
        self.evidence.as_ref().is_some_and(|e| e.is_pressed())
    }

    fn step_one(&mut self, start: Instant, budget: Duration) -> bool {
        let mut item = std::mem::take(&mut self.item);
        let mut more = true;
        let mut pending = 0;
        while pending < MAX_PENDING && start.elapsed() < budget && !self.is_pressed() {
            more = self.read(&mut item, start + budget);
            if !more {
                break;
            }
            let mut shards: Vec<&mut Shard> = self.shards.iter_mut().collect();
            pending = run(&item, &mut shards, &|_| true, &self.registry, self.config.filter.as_ref());
        }
        self.item = item;
        more
    }

    fn step_many(&mut self, start: Instant, budget: Duration) -> bool {
        let workers = self.config.workers.min(SHARDS);
        let pending = AtomicUsize::new(0);
        let registry = self.registry.clone();
        let filter = self.config.filter.clone();
        let mut shards = std::mem::take(&mut self.shards);
        let mut groups: Vec<Vec<&mut Shard>> = (0..workers).map(|_| Vec::new()).collect();
        for (n, shard) in shards.iter_mut().enumerate() {
            groups[n % workers].push(shard);
        }
        let mut pool = std::mem::take(&mut self.pool);
        pool.resize_with(IN_FLIGHT + workers + 2, Arc::default);
        let mut more = true;
        std::thread::scope(|scope| {
            let senders: Vec<SyncSender<Arc<Item>>> = groups
                .into_iter()
                .enumerate()
                .map(|(w, mut group)| {
                    let (send, receive) = sync_channel::<Arc<Item>>(IN_FLIGHT);
                    let (pending, registry, filter) = (&pending, &registry, filter.as_ref());
                    scope.spawn(move || {
                        let mut held = 0;
                        for item in receive {
                            let now = run(&item, &mut group, &|s| s % workers == w, registry, filter);
                            pending.fetch_add(now.saturating_sub(held), Ordering::Relaxed);
                            held = now;
                        }
                    });
                    send
                })
                .collect();
            while pending.load(Ordering::Relaxed) < MAX_PENDING
                && start.elapsed() < budget
                && !self.is_pressed()
            {
                let Some(free) = pool.iter().position(|a| Arc::strong_count(a) == 1) else {
                    std::thread::yield_now();
                    continue;
                };
                let mut arc = std::mem::take(&mut pool[free]);
                let Some(item) = Arc::get_mut(&mut arc) else { continue };
                more = self.read(item, start + budget);
                if !more {
                    pool[free] = arc;
                    break;
                }
                for send in &senders {
                    // a worker that is gone has panicked; the scope passes that on
                    let _ = send.send(Arc::clone(&arc));
                }
                pool[free] = arc;
            }
            drop(senders);
        });
        self.pool = pool;
        self.shards = shards;
        more
    }

    /// Events made since the last call, in order.
    pub fn take_events(&mut self) -> Vec<StoredEvent> {
        let mut all: Vec<(u8, StoredEvent)> = Vec::new();
        for (n, shard) in self.shards.iter_mut().enumerate() {
            all.extend(shard.obs.events.take().into_iter().map(|e| (n as u8, e)));
        }
        all.sort_by_key(|(n, e)| (e.order.0, *n, e.order.1));
        if let Some(watch) = &mut self.signs {
            // what the reader noted comes before what shards did
            let mut notes = vec![std::mem::take(&mut watch.notes)];
            notes.extend(self.shards.iter_mut().map(|s| std::mem::take(&mut s.obs.notes)));
            let mut found = watch.signs.read(&watch.ticks, notes, &all);
            watch.ticks.clear();
            if self.done && !watch.finished {
                watch.finished = true;
                found.extend(watch.signs.finish(self.order));
            }
            all.extend(found.into_iter().map(|e| (SHARDS as u8, e)));
            all.sort_by_key(|(n, e)| (e.order.0, *n, e.order.1));
        }
        all.into_iter().map(|(_, e)| e).collect()
    }

    /// Payload for probes outside since the last call, in order.
    pub fn take_chunks(&mut self) -> Vec<Chunk> {
        let mut all: Vec<Chunk> = self.shards.iter_mut().flat_map(|s| s.obs.take_chunks()).collect();
        all.sort_by_key(|c| (c.order.0, c.flow >> 56, c.order.1));
        all
    }

    /// Bytes held by flow tables and observations.
    pub fn bytes(&self) -> usize {
        let signs = self.signs.as_ref().map_or(0, |w| w.signs.bytes());
        signs + self.shards.iter().map(Shard::bytes).sum::<usize>()
    }
    pub fn flows(&self) -> usize {
        self.shards.iter().map(Shard::flows).sum()
    }

    /// Names of the sources opened so far, by their number in stamps; others are empty.
    pub fn source_names(&mut self) -> Vec<String> {
        let reader = &mut self.reader;
        (0..reader.sources()).map(|n| reader.stats(n).map(|s| s.name.clone()).unwrap_or_default()).collect()
    }

    /// To be called when reading is over. What was seen of every source, in the order their numbers in stamps refer to.
    pub fn sources(&mut self) -> Vec<SourceReport> {
        let kind = self.reader.kind();
        (0..self.reader.sources())
            .map(|n| {
                let sha256 = self.reader.sha256(n).map(|h| crate::bytes::hex(&h)).unwrap_or_default();
                let Some(s) = self.reader.stats(n) else {
                    return SourceReport { kind, sha256, ..SourceReport::default() };
                };
                let mut warnings = s.warnings.clone();
                if s.more_warnings > 0 {
                    warnings.push(format!("{} more warnings", s.more_warnings));
                }
                SourceReport {
                    name: s.name.clone(),
                    kind,
                    sha256,
                    packets: s.packets,
                    bytes: s.bytes,
                    first: s.first_ns.map(|t| t.div_euclid(1000)),
                    last: s.last_ns.map(|t| t.div_euclid(1000)),
                    dropped: s.dropped,
                    truncated: s.truncated,
                    cut: s.cut,
                    link_types: s.links.iter().map(|l| l.link.to_string()).collect(),
                    warnings,
                    error: s.error.as_ref().map(ToString::to_string),
                }
            })
            .collect()
    }

    /// Ends the run and gives the shards' observations.
    pub fn finish(mut self) -> Vec<Observations> {
        self.stop();
        let fragments = self.fragments();
        let mut all: Vec<Observations> = self.shards.into_iter().map(|s| s.obs).collect();
        harvest::count(&mut all, fragments);
        all.extend(self.signs.map(|watch| watch.signs.obs));
        all
    }

    /// Counters that are kept per status of decoding, by name.
    pub fn status_names() -> BTreeMap<&'static str, &'static str> {
        Status::ALL.iter().map(|s| (s.name(), status_counter(*s))).collect()
    }
}

fn status_counter(status: Status) -> &'static str {
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
fn run(
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
                    if shard.obs.events.on() {
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
