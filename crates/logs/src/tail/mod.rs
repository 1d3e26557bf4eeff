//! Logs that are followed while they are written: what was appended becomes events as it comes, each line
//! once, whatever rotation does to the files and whenever the process dies.
//!
//! A file is known by device and inode and, since those are used anew, by the hash of its first bytes and
//! of those before the place reached in it ([`place`]). Files that were renamed are read to their end
//! through the handle that is open; what was copied and cut short is looked for in the copy; after a start
//! the rest of a rotated file is looked for beside it, compressed or not ([`rest`]).
//!
//! Positions ([`saved`]) are of the moment in which events were handed over: keep both together and
//! nothing is read twice or lost.

mod again;
mod find;
mod from;
mod one;
pub mod pattern;
pub mod place;
mod rest;
pub mod saved;
#[cfg(test)]
mod tests;
mod turn;

use find::{Done, Other};
use from::From;
pub use one::Counts;
use one::{Sink, Tail, Turn};
use pattern::Pattern;
use place::Key;
use saved::{Handed, SavedDone, part};
use sentinel_detect::event::Event;
use sentinel_wire::events::Injector;
use sentinel_wire::model::Micros;
use sentinel_wire::obs::{EventMode, Observations};
use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

/// Events that make a step end.
const MOST_EVENTS: usize = 16 * 1024;
/// Files followed at once.
pub const MOST_TAILS: usize = 1024;
/// Handles held; beyond, those that were idle longest are given back.
const MOST_HANDLES: usize = 512;
/// Logs that are counted by name; others are counted together.
const MOST_NAMES: usize = 4096;
/// Name under which the others are counted.
pub const OTHERS: &str = "(others)";
/// Turns that one file takes before others get one.
const STREAK: u32 = 8;

/// How often what is looked at.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// Files that are followed: whether they grew, and are still those under their names.
    pub poll: Duration,
    /// Folders and patterns: new files. At least; it takes one of `share` parts of the time at most.
    pub look: Duration,
    pub share: u32,
    /// A rotated file is left when it has not grown for so long and another has its name.
    pub leave: Duration,
    /// A rotated file whose name nobody took is left when it has not grown for so long.
    pub leave_alone: Duration,
    /// How long after a start the rest of a rotated file is looked for: it may be being compressed.
    pub search: Duration,
    /// A compressed file is looked at when it has not changed for so long: it gets the time of the one it
    /// was made of when it is complete.
    pub packed: Duration,
}

impl Default for Timing {
    fn default() -> Timing {
        Timing {
            poll: Duration::from_millis(100),
            look: Duration::from_secs(1),
            share: 50,
            leave: Duration::from_secs(30),
            leave_alone: Duration::from_secs(3600),
            search: Duration::from_secs(60),
            packed: Duration::from_secs(5),
        }
    }
}

/// See the module.
pub struct Tails {
    patterns: Vec<Pattern>,
    timing: Timing,
    tails: Vec<Tail>,
    done: Vec<Done>,
    done_part: Arc<Vec<u8>>,
    done_changed: bool,
    /// Files that are no logs, and copies.
    others: HashMap<Key, Other>,
    /// Saved places whose file is not found yet, until when they are looked for.
    missing: Vec<(saved::SavedTail, Instant)>,
    /// Names whose file was replaced: others of their family may have been missed.
    replaced: Vec<PathBuf>,

    /// When all followed files were last looked at, by the machine's clock (seconds).
    seen: i64,
    /// When new files were last searched for.
    looked: i64,
    buffer: Vec<u8>,
    to: Injector,
    harvest: Names,
    batch: Names,
    events: Vec<Event>,
    handed: Handed,
    counts: BTreeMap<String, Counts>,
    faults: BTreeMap<PathBuf, String>,
    left_out: u64,
    next_poll: Instant,
    next_look: Instant,
    turns: u64,
    streak: (usize, u32),
    clock: Micros,
}

/// Names by number, in the order of their first use.
#[derive(Default)]
struct Names {
    list: Vec<String>,
    by: HashMap<String, u32>,
}

impl Names {
    fn number(&mut self, name: &str) -> u32 {
        if let Some(n) = self.by.get(name) {
            return *n;
        }
        let n = u32::try_from(self.list.len()).unwrap_or(u32::MAX);
        self.list.push(name.to_owned());
        self.by.insert(name.to_owned(), n);
        n
    }
    fn take(&mut self) -> Vec<String> {
        self.by.clear();
        std::mem::take(&mut self.list)
    }
}

impl Tails {
    /// Follows what the patterns name, now and later. `state` is what [`Tails::positions`] gave; without
    /// it, logs are read from their beginning.
    pub fn new(patterns: &[PathBuf], state: Option<&[u8]>, timing: Timing) -> Result<Tails, String> {
        let now = Instant::now();
        let mut tails = Tails {
            patterns: patterns.iter().map(|p| Pattern::new(p)).collect(),
            timing,
            tails: Vec::new(),
            done: Vec::new(),
            done_part: Arc::default(),
            done_changed: false,
            others: HashMap::new(),
            missing: Vec::new(),
            replaced: Vec::new(),
            seen: wall(),
            looked: wall(),
            buffer: Vec::new(),
            to: injector(),
            harvest: Names::default(),
            batch: Names::default(),
            events: Vec::new(),
            handed: Handed::default(),
            counts: BTreeMap::new(),
            faults: BTreeMap::new(),
            left_out: 0,
            next_poll: now,
            next_look: now,
            turns: 0,
            streak: (0, 0),
            clock: Micros::MIN,
        };
        if let Some(bytes) = state {
            tails.restore(saved::Saved::read(bytes)?);
        }
        tails.hand_over();
        Ok(tails)
    }

    /// Reads what is there, for about `budget`, until there are enough events to hand over; where nothing
    /// is there, waits that long for something.
    pub fn step(&mut self, budget: Duration) {
        let begin = Instant::now();
        loop {
            let now = Instant::now();
            if now >= self.next_poll {
                self.poll();
                self.next_poll = Instant::now().checked_add(self.timing.poll).unwrap_or(now);
            }
            let now = Instant::now();
            if now >= self.next_look {
                self.look();
                let spent = now.elapsed().saturating_mul(self.timing.share);
                let wait = self.timing.look.max(spent);
                self.next_look = Instant::now().checked_add(wait).unwrap_or(now);
            }
            let mut worked = false;
            while self.events.len() < MOST_EVENTS && self.one_turn() {
                worked = true;
                if begin.elapsed() >= budget || Instant::now() >= self.next_poll {
                    break;
                }
            }
            let spent = begin.elapsed();
            if spent >= budget || (!self.events.is_empty() && !worked) || self.events.len() >= MOST_EVENTS {
                return;
            }
            if !worked {
                let next = self.next_poll.min(self.next_look).saturating_duration_since(Instant::now());
                std::thread::sleep(next.min(budget.saturating_sub(spent)));
            }
        }
    }

    /// Looks at the files that are followed: sizes, and whether their names are still theirs.
    fn poll(&mut self) {
        let seen = wall();
        let mut replaced = false;
        for at in 0..self.tails.len() {
            let Some(tail) = self.tails.get_mut(at) else { break };
            if tail.parked
                && let Ok(meta) = fs::metadata(&tail.path)
                && (meta.dev(), meta.ino()) == tail.place.key
            {
                tail.looked(&meta);
                if tail.lag() == 0 {
                    continue;
                }
            }
            match tail.from.as_ref().map(From::metadata) {
                Some(Some(Ok(meta))) => {
                    tail.deleted = meta.nlink() == 0;
                    if tail.looked(&meta) {
                        replaced = true;
                        self.replaced.push(tail.name.clone());
                    }
                    tail.waiting = None;
                }
                Some(Some(Err(why))) => {
                    // a stale handle: another is taken
                    tail.failed(why.to_string());
                }
                Some(None) => {}
                None => self.reopen(at),
            }
            let Some(tail) = self.tails.get_mut(at) else { break };
            let was = tail.rotated;
            tail.rotated = match fs::metadata(&tail.name) {
                Ok(meta) => (meta.dev(), meta.ino()) != tail.place.key,
                Err(why) if why.kind() == ErrorKind::NotFound => true,
                Err(_) => was,
            };
            if tail.rotated && !was {
                replaced = true;
                self.replaced.push(tail.name.clone());
                count(&mut self.counts, &tail.name).rotations += 1;
            }
        }
        if replaced {
            self.next_look = Instant::now();
        } else if self.replaced.is_empty() {
            self.seen = seen;
        }
        self.leave();
        self.give_back();
    }

    /// Takes a turn of the file whose events are furthest behind. False: there is nothing to read.
    fn one_turn(&mut self) -> bool {
        let ready = || self.tails.iter().enumerate().filter(|(_, t)| t.unread());
        let behind = ready().min_by_key(|(_, t)| (t.last, t.turned)).map(|(at, _)| at);
        let Some(mut at) = behind else { return false };
        if self.streak.0 == at && self.streak.1 >= STREAK {
            at = ready().min_by_key(|(_, t)| t.turned).map_or(at, |(at, _)| at);
        }
        self.streak = if self.streak.0 == at { (at, self.streak.1.saturating_add(1)) } else { (at, 1) };
        self.turns = self.turns.saturating_add(1);
        let mut buffer = std::mem::take(&mut self.buffer);
        let turn = self.with(at, |tail, sink| {
            let untouched = tail.place.head.is_empty();
            let turn = tail.turn(&mut buffer, sink);
            (turn, untouched && !tail.place.head.is_empty())
        });
        let (turn, begun) = turn.unzip();
        if begun == Some(true)
            && let Some(tail) = self.tails.get(at)
        {
            // before its first bytes there may have been others, that were cut off
            self.replaced.push(tail.name.clone());
            self.next_look = Instant::now();
        }
        // a line may have made it large
        if buffer.len() > 1 << 20 {
            buffer = Vec::new();
        }
        self.buffer = buffer;
        match turn {
            Some(Turn::More) => {}
            Some(Turn::Nothing) => {
                if let Some(tail) = self.tails.get_mut(at) {
                    tail.settle();
                }
            }
            Some(Turn::Truncated) => self.truncated(at),
            Some(Turn::NoLog) => self.no_log(at),
            Some(Turn::Failed(why)) => {
                if let Some(tail) = self.tails.get_mut(at) {
                    tail.failed(why);
                }
            }
            None => {}
        }
        true
    }

    /// Calls with one file and where its lines go.
    fn with<T>(&mut self, at: usize, f: impl FnOnce(&mut Tail, &mut Sink<'_>) -> T) -> Option<T> {
        let tail = self.tails.get_mut(at)?;
        let name = tail.name.to_string_lossy();
        let sources = (self.batch.number(&name), self.harvest.number(&name));
        tail.turned = self.turns;
        let counts = count(&mut self.counts, &tail.name);
        let sink =
            &mut Sink { to: &mut self.to, events: &mut self.events, most: MOST_EVENTS, sources, counts };
        let before = sink.events.len();
        let out = f(tail, sink);
        let newest = self.events.get(before..).and_then(|new| new.iter().map(|e| e.time).max());
        self.clock = self.clock.max(newest.unwrap_or(Micros::MIN));
        Some(out)
    }

    /// Events since the last call, each log's in its order, and the names of the logs by number.
    pub fn take_events(&mut self) -> (Vec<Event>, Vec<String>) {
        self.hand_over();
        (std::mem::take(&mut self.events), self.batch.take())
    }

    /// Notes the positions that go with the events handed over.
    fn hand_over(&mut self) {
        for tail in self.tails.iter_mut().filter(|t| t.changed) {
            tail.saved = part(&tail.to_saved());
            tail.changed = false;
        }
        if self.done_changed {
            let name = |d: &Done| d.name.to_string_lossy().into_owned();
            let done: Vec<SavedDone> =
                self.done.iter().map(|d| SavedDone { name: name(d), place: d.place.clone() }).collect();
            self.done_part = part(&done);
            self.done_changed = false;
        }
        let missing = self.missing.iter().map(|(saved, _)| part(saved));
        let tails = self.tails.iter().map(|t| Arc::clone(&t.saved)).chain(missing).collect();
        let time = u64::try_from(self.seen.min(self.looked)).unwrap_or(0);
        self.handed = Handed { time, tails, done: Arc::clone(&self.done_part) };
    }

    /// Positions up to which events were taken. Keep them together with those events.
    pub fn positions(&self) -> Vec<u8> {
        self.handed.bytes()
    }

    /// What was learnt since the last call, and the names of the logs by number.
    pub fn harvest(&mut self) -> (Observations, Vec<String>) {
        let mut to = std::mem::replace(&mut self.to, injector());
        to.finish();
        (to.obs, self.harvest.take())
    }

    /// Time of the newest event; `Micros::MIN` before the first.
    pub fn clock(&self) -> Micros {
        self.clock
    }

    /// What was counted by log, with the bytes not read yet and what it waits for.
    pub fn counts(&self) -> Vec<(String, Counts, u64, Option<String>)> {
        let mut now: BTreeMap<&str, (u64, Option<String>)> = BTreeMap::new();
        let names: Vec<String> = self.tails.iter().map(|t| t.name.to_string_lossy().into_owned()).collect();
        for (name, tail) in names.iter().zip(&self.tails) {
            let known = self.counts.contains_key(name);
            let slot = now.entry(if known { name } else { OTHERS }).or_default();
            slot.0 = slot.0.saturating_add(tail.lag());
            slot.1 = slot.1.take().or_else(|| tail.waiting.clone());
        }
        let of = |(name, counts): (&String, &Counts)| {
            let (lag, waiting) = now.get(name.as_str()).cloned().unwrap_or_default();
            (name.clone(), counts.clone(), lag, waiting)
        };
        self.counts.iter().map(of).collect()
    }

    /// Files followed, of them with a handle, remembered as read; those that no place was left for; places
    /// whose file is being looked for; names beside which rotated files are.
    pub fn totals(&self) -> [(&'static str, u64); 6] {
        let n = |n: usize| n as u64;
        [
            ("files", n(self.tails.len())),
            ("handles", n(self.tails.iter().filter(|t| t.from.is_some()).count())),
            ("done", n(self.done.len())),
            ("left_out", self.left_out),
            ("missing", n(self.missing.len())),
            ("searched", n(self.replaced.len())),
        ]
    }

    /// Files and folders that cannot be looked at: path and reason.
    pub fn faults(&self) -> &BTreeMap<PathBuf, String> {
        &self.faults
    }
}

/// The counts of a log by its name.
fn count<'a>(counts: &'a mut BTreeMap<String, Counts>, name: &std::path::Path) -> &'a mut Counts {
    let name = name.to_string_lossy();
    let full = counts.len() >= MOST_NAMES && !counts.contains_key(name.as_ref());
    counts.entry(if full { OTHERS.to_owned() } else { name.into_owned() }).or_default()
}

fn injector() -> Injector {
    Injector::new(crate::run::limits(), EventMode::None)
}

/// Seconds since 1970 by the machine's clock.
fn wall() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
