//! A run over captures: batches of packets to shards, findings of shards in one order.
//!
//! Work is split into 64 fixed shards by the unordered pair of the innermost addresses. Every shard
//! sees its packets in order and a tick at each new second of packet time, whatever the batch size
//! and however many workers share the shards; findings are put in order by (packet, shard, ordinal).
//! So the outcome is the same for any batch size and any number of workers.

mod clock;
mod harvest;
mod report;
mod saved;
mod work;

use crate::capture::{Batch, Feed, Limits as BatchLimits, MergedReader, Options};
use crate::decode::Status;
use crate::evidence::Evidence;
use crate::filter::Filter;
use crate::flow::{Chunk, Declared, Registry, Shard};
use crate::model::*;
use crate::obs::{EventMode, Limits, Observations, StoredEvent};
use crate::signs::Signs;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::{Duration, Instant};

mod live;
use clock::{Clock, Watch};
pub use live::{Ports, listen};
pub use report::SourceReport;
#[cfg(test)]
pub(crate) use work::subject;
use work::{run, status_counter};

pub const SHARDS: usize = 64;
/// Batches on their way to workers.
const IN_FLIGHT: usize = 4;
/// Findings that make a step end, so that they can be handed over.
const MAX_PENDING: usize = 16 * 1024;
/// What a step may take that reads what the kernel still holds when live capture ends.
const LAST: Duration = Duration::from_secs(1);
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
