//! The packets that prove something, kept on disk.
//!
//! The last packets are held in memory ([`ring`]); a [`Request`] names a moment, two addresses and what
//! they prove, and once the packets behind the moment have come, those around it are appended to a
//! pcapng file of the folder ([`files`]), with a comment at the packet of the moment and an entry in the
//! index. Memory, folder and queue are bounded, and what falls off is counted.
//!
//! One [`Evidence`] is shared between the engine, which gives it every batch, and whoever asks.
//! Docs: `docs/concepts/evidence.md`.

mod block;
mod files;
mod key;
mod request;
mod ring;

#[cfg(test)]
mod tests;

pub use files::Pointer;
pub use request::{MAX_PER_SECOND, MAX_WAITING, ONCE_NS, Proves, Request};

use crate::capture::Batch;
use crate::model::Micros;
use files::{Files, Picked};
use request::Queue;
use ring::Ring;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Packets that one request may have; of more, those nearest to its moment are kept.
pub const MAX_PACKETS: usize = 2000;
/// Requests worked off in one turn.
const MAX_TURN: usize = 512;

/// How much is kept.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Bytes of all files together.
    pub bytes: u64,
    /// Bytes of memory for the last packets.
    pub memory: usize,
    /// Before and after the moment.
    pub before: Micros,
    pub after: Micros,
}

/// What became of requests at the ring.
#[derive(Clone, Copy, Debug, Default)]
struct Found {
    /// Of which no packet was there (any more).
    missed: u64,
    /// Whose first packets were no longer in memory.
    late: u64,
    /// That had more than [`MAX_PACKETS`].
    cut: u64,
}

/// See the module.
pub struct Evidence {
    span_ns: (i64, i64),
    // always locked in this order
    files: Mutex<(Files, Found)>,
    queue: Mutex<Queue>,
    ring: Mutex<Ring>,
    names: Mutex<Vec<String>>,
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Evidence {
    /// Keeps evidence in a folder, made if it is not there. One line says what is wrong.
    pub fn open(folder: &Path, bounds: Bounds) -> Result<Evidence, String> {
        let ns = |us: Micros| us.clamp(0, 86_400_000_000).saturating_mul(1000);
        let span_ns = (ns(bounds.before), ns(bounds.after));
        Ok(Evidence {
            span_ns,
            files: Mutex::new((Files::open(folder, bounds.bytes)?, Found::default())),
            queue: Mutex::new(Queue::new(span_ns.1)),
            ring: Mutex::new(Ring::new(bounds.memory)),
            names: Mutex::default(),
        })
    }

    /// Takes the packets of a batch. For the engine.
    pub fn take(&self, batch: &Batch) {
        lock(&self.ring).take(batch);
    }
    /// True if so much came since [`Evidence::rested`] that a step must end, and requests be worked off.
    pub fn is_pressed(&self) -> bool {
        lock(&self.ring).is_pressed()
    }
    /// A step begins.
    pub fn rested(&self) {
        lock(&self.ring).rested();
    }
    /// Names of the sources, by their number in packets.
    pub fn name(&self, names: Vec<String>) {
        *lock(&self.names) = names;
    }

    /// Number of a source that packets came from.
    pub fn source(&self, name: &str) -> Option<u32> {
        let place = lock(&self.names).iter().position(|n| n == name && !n.is_empty())?;
        u32::try_from(place).ok()
    }

    /// Asks for packets.
    pub fn want(&self, requests: impl IntoIterator<Item = Request>) {
        let mut queue = lock(&self.queue);
        requests.into_iter().for_each(|r| queue.push(r));
    }

    /// Writes what is asked for and has come by now, or by `now`: a quiet port has no clock of its own.
    /// Returns where it is. Faults of the disk are told by [`Evidence::take_trouble`].
    pub fn turn(&self, now: Option<Micros>) -> Vec<Pointer> {
        let clock = lock(&self.ring).clock_ns;
        self.work(clock.max(now.map_or(i64::MIN, |n| n.saturating_mul(1000))), MAX_TURN)
    }
    /// No more packets come: writes all that is asked for.
    pub fn finish(&self) -> Vec<Pointer> {
        let all = self.work(i64::MAX, MAX_WAITING);
        lock(&self.files).0.sync();
        all
    }

    fn work(&self, clock: i64, most: usize) -> Vec<Pointer> {
        let mut held = lock(&self.files);
        let (files, found) = &mut *held;
        let names = lock(&self.names).clone();
        let mut pointers = Vec::new();
        let mut octets: Vec<u8> = Vec::new();
        for _ in 0..most {
            let Some(r) = lock(&self.queue).pop(clock) else { break };
            octets.clear();
            let mut places = Vec::new();
            {
                // copied out, so that the ring does not wait for the disk
                let ring = lock(&self.ring);
                let (numbers, cut) = ring.select(&r, self.span_ns, MAX_PACKETS);
                found.cut += u64::from(cut);
                found.missed += u64::from(numbers.is_empty());
                let late = ring.first() > 0 && ring.since() > r.time_ns.saturating_sub(self.span_ns.0);
                found.late += u64::from(late && !numbers.is_empty());
                files.forget(ring.first());
                for number in numbers {
                    let Some(e) = ring.entry(number) else { continue };
                    let start = octets.len();
                    // the file may end before the last of them is written: all are at hand
                    octets.extend_from_slice(ring.data(e));
                    places.push((number, *e, start..octets.len()));
                }
            }
            let picked: Vec<Picked<'_>> = places
                .into_iter()
                .map(|(number, entry, at)| Picked { number, entry, data: octets.get(at).unwrap_or_default() })
                .collect();
            pointers.extend(files.put(&r, &picked, &names));
        }
        pointers
    }

    /// Sees to it that what was written survives a loss of power.
    pub fn sync(&self) {
        lock(&self.files).0.sync();
    }
    /// One line, once, when the disk did not take something.
    pub fn take_trouble(&self) -> Option<String> {
        lock(&self.files).0.take_trouble()
    }

    /// What was counted, by name.
    pub fn counters(&self) -> Vec<(&'static str, u64)> {
        let (written, found, bytes) = {
            let held = lock(&self.files);
            (held.0.written, held.1, held.0.bytes())
        };
        let (asked, waiting) = {
            let queue = lock(&self.queue);
            (queue.asked, queue.waiting() as u64)
        };
        let (packets, memory) = {
            let ring = lock(&self.ring);
            (ring.packets, ring.held() as u64)
        };
        vec![
            ("evidence_seen", packets),
            ("evidence_memory", memory),
            ("evidence_waiting", waiting),
            ("evidence_requests", asked.requests),
            ("evidence_repeated", asked.repeated),
            ("evidence_dropped", asked.dropped),
            ("evidence_missed", found.missed),
            ("evidence_late", found.late),
            ("evidence_cut", found.cut),
            ("evidence_packets", written.packets),
            ("evidence_bytes", bytes),
            ("evidence_files", written.files),
            ("evidence_deleted", written.deleted),
            ("evidence_failed", written.failed),
        ]
    }
}
