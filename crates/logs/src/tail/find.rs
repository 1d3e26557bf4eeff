//! Which files are followed: new ones, those that were rotated away, those that are over.

use super::from::From;
use super::one::Tail;
use super::pattern::{Found, of_family};
use super::place::{Key, Mark, Place, SPAN};
use super::rest::{Listing, is_copy};
use super::{MOST_HANDLES, MOST_TAILS, Tails, count};
use std::collections::{BTreeSet, HashMap};
use std::fs::{self, Metadata};
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Files remembered as read to their end.
const MOST_DONE: usize = 65_536;
/// So many of them, and so many of each name, are remembered even when no pattern finds them any more.
const FEW_DONE: usize = 1024;
const DONE_OF_NAME: usize = 16;
/// How long a file that is not found any more is remembered beyond that.
const DONE_SEEN: Duration = Duration::from_secs(3600);
/// Files remembered as none to follow.
const MOST_OTHERS: usize = 65_536;
/// Size from which a file that is no log will not become one.
const SURE: u64 = 64 << 10;
/// Faults that are told.
const MOST_FAULTS: usize = 64;
/// A file that was read to its end.
pub struct Done {
    pub name: PathBuf,
    pub place: Place,
    /// When a pattern found it last, and how it was then.
    seen: Instant,
    stamp: Option<(i64, i64)>,
}

/// A file that is not followed, as it was when that was seen.
pub struct Other {
    pub(super) size: u64,
    stamp: (i64, i64),
    /// It will not become a log by growing.
    pub(super) sure: bool,
}

pub(super) fn stamp(meta: &Metadata) -> (i64, i64) {
    (meta.mtime(), meta.mtime_nsec())
}
pub(super) fn key(meta: &Metadata) -> Key {
    (meta.dev(), meta.ino())
}

impl Tails {
    /// Looks for files to follow.
    pub(super) fn look(&mut self) {
        let begun = super::wall();
        self.search_missing();
        let mut found = Found::default();
        for pattern in &self.patterns {
            pattern.look(&mut found);
        }
        self.faults = std::mem::take(&mut found.faults).into_iter().take(MOST_FAULTS).collect();
        self.left_out = 0;
        let known: HashMap<Key, usize> =
            self.tails.iter().enumerate().map(|(at, t)| (t.place.key, at)).collect();
        let done: HashMap<Key, usize> =
            self.done.iter().enumerate().map(|(at, d)| (d.place.key, at)).collect();
        for path in &found.files {
            self.meet(path, &known, &done);
        }
        let names: BTreeSet<PathBuf> = std::mem::take(&mut self.replaced).into_iter().collect();
        let mut listing = Listing::new();
        for name in names {
            if !self.adopt(&name, &mut listing) {
                self.replaced.push(name);
            }
        }
        self.looked = begun;
        self.forget();
    }

    fn fault(&mut self, path: &Path, why: String) {
        if self.faults.len() < MOST_FAULTS {
            self.faults.insert(path.to_owned(), why);
        }
    }

    /// A file that a pattern names.
    fn meet(&mut self, path: &Path, known: &HashMap<Key, usize>, done: &HashMap<Key, usize>) {
        let meta = match fs::metadata(path) {
            Ok(meta) if meta.is_file() => meta,
            Ok(_) => return,
            Err(why) => {
                if why.kind() != ErrorKind::NotFound {
                    self.fault(path, why.to_string());
                }
                return;
            }
        };
        let (file, size) = (key(&meta), meta.len());
        if let Some(tail) = known.get(&file).and_then(|at| self.tails.get_mut(*at)) {
            if tail.path != path && !fs::metadata(&tail.path).is_ok_and(|m| key(&m) == file) {
                tail.path = path.to_owned();
                tail.changed = true;
            }
            return;
        }
        if self.tails.iter().skip(known.len()).any(|t| t.place.key == file) {
            return; // by another name
        }
        if let Some(old) = done.get(&file).and_then(|at| self.done.get_mut(*at)) {
            old.seen = Instant::now();
            if size == old.place.offset {
                // the inode may be another file's by now
                let now = Some(stamp(&meta));
                let same = || From::open(path).and_then(|mut from| old.place.fits(&mut from));
                if old.stamp == now || same().unwrap_or(true) {
                    old.stamp = now;
                    return;
                }
            }
        }
        if let Some(other) = self.others.get(&file)
            && (((other.size, other.stamp) == (size, stamp(&meta))) || (other.sure && size >= other.size))
        {
            return;
        }
        self.open(path.to_owned(), path.to_owned(), &meta, false);
    }

    fn leave_out(&mut self, meta: &Metadata, sure: bool) {
        if self.others.len() >= MOST_OTHERS {
            self.others.clear();
        }
        self.others.insert(key(meta), Other { size: meta.len(), stamp: stamp(meta), sure });
    }

    /// Follows a file, unless all of it was read under another name or is in one that is followed.
    pub(super) fn open(&mut self, name: PathBuf, path: PathBuf, meta: &Metadata, packed_too: bool) {
        if self.tails.len() >= MOST_TAILS {
            self.left_out = self.left_out.saturating_add(1);
            return;
        }
        let (mut from, file) = match From::open(&path).and_then(|from| from.key().map(|key| (from, key))) {
            Ok(open) => open,
            Err(why) => return self.fault(&path, why.to_string()),
        };
        if from.is_packed() && !packed_too {
            return self.leave_out(meta, true);
        }
        let size = meta.len();
        let live = |t: &Tail| t.name == path && t.rotated;
        let base = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        for tail in self.tails.iter_mut().filter(|t| t.place.key != file && !live(t)) {
            let of = tail.name.file_name().unwrap_or_default().to_string_lossy();
            let beside = tail.name.parent() == path.parent() && of_family(&of, &base);
            if !beside || from.is_packed() {
                continue;
            }
            // a copy of what a file held before it was cut short is where its rest is
            let held = tail.place.offset > 0 && tail.place.fits(&mut from).unwrap_or(false);
            let holds = |theirs: &mut From| is_copy(&mut from, size, theirs, tail.size);
            if held || tail.from.as_mut().is_some_and(holds) {
                return self.leave_out(meta, false);
            }
        }
        let mut tail = match self.read_before(&mut from, size) {
            Some(offset) if offset == size && !from.is_packed() => {
                self.finished(name, Place { key: file, ..self.place_read(offset, &mut from) });
                return;
            }
            Some(_) if from.is_packed() => return self.leave_out(meta, true),
            Some(offset) => {
                let mut tail = Tail::new(name, path, file, Some(from));
                tail.quiet = offset;
                tail
            }
            None => {
                let packed = from.is_packed();
                // a compressed file is read from its beginning once: what was looked at is read again
                let Ok(from) = (if packed { From::open(&path) } else { Ok(from) }) else { return };
                let mut tail = Tail::new(name, path, file, Some(from));
                tail.size = if packed { u64::MAX } else { 0 };
                tail
            }
        };
        if !tail.from.as_ref().is_some_and(From::is_packed) {
            tail.looked(meta);
            tail.note_head();
        }
        self.others.remove(&file);
        // a name that comes again: between the file before and this one there may have been another
        if tail.name == tail.path && self.counts.contains_key(tail.name.to_string_lossy().as_ref()) {
            self.replaced.push(tail.name.clone());
        }
        count(&mut self.counts, &tail.name);
        self.tails.push(tail);
    }

    /// Whether a file holds what one that was read to its end did, under whatever name and inode; how
    /// much that was.
    fn read_before(&mut self, from: &mut From, size: u64) -> Option<u64> {
        let mut head = [0; SPAN];
        let n = from.fill_at(0, &mut head).ok()?;
        let mark = Mark::of(head.get(..n)?);
        if from.is_packed() {
            // what is followed may have grown since its first bytes were noted
            for tail in &mut self.tails {
                let mut own = [0; SPAN];
                let now = tail.from.as_mut().filter(|f| !f.is_packed()).map(|f| f.fill_at(0, &mut own));
                let now = match now {
                    Some(Ok(n)) => own.get(..n).map(Mark::of),
                    _ => None,
                };
                if n > 0 && (tail.place.head == mark || now == Some(mark)) {
                    return Some(tail.place.offset);
                }
            }
            let done = self.done.iter().map(|d| &d.place);
            let mut places = done.chain(self.missing.iter().map(|(m, _)| &m.place));
            return places.find(|p| n > 0 && p.head == mark).map(|p| p.offset);
        }
        let begins = |place: &Place| {
            let len = place.head.len();
            len > 0 && head.get(..len.min(n)).is_some_and(|h| Mark::of(h) == place.head)
        };
        let fitting = self.done.iter().filter(|d| d.place.offset > 0 && size >= d.place.offset);
        let fitting = fitting.filter(|d| begins(&d.place) && d.place.fits(from).unwrap_or(false));
        fitting.map(|d| d.place.offset).max()
    }

    /// The place at the end of a file that was read.
    fn place_read(&self, offset: u64, from: &mut From) -> Place {
        let fits = self.done.iter().find(|d| d.place.offset == offset && d.place.fits(from).unwrap_or(false));
        fits.map(|d| d.place.clone()).unwrap_or_default()
    }

    /// Remembers a file as read.
    pub(super) fn finished(&mut self, name: PathBuf, place: Place) {
        if place.head.is_empty() {
            return; // nothing was in it
        }
        self.done.push(Done { name, place, seen: Instant::now(), stamp: None });
        self.done_changed = true;
    }

    pub(super) fn followed(&self, file: Key) -> bool {
        self.tails.iter().any(|t| t.place.key == file)
    }

    /// A file turned out to be none of Zeek or Suricata.
    pub(super) fn no_log(&mut self, at: usize) {
        if at >= self.tails.len() {
            return;
        }
        let tail = self.tails.remove(at);
        let name = tail.name.to_string_lossy();
        if self.counts.get(name.as_ref()).is_some_and(|c| c.kind.is_empty()) {
            self.counts.remove(name.as_ref());
        }
        if self.others.len() >= MOST_OTHERS {
            self.others.clear();
        }
        let other = Other { size: tail.size, stamp: tail.stamp, sure: tail.size >= SURE };
        self.others.insert(tail.place.key, other);
    }

    /// Leaves rotated files that nobody writes any more.
    pub(super) fn leave(&mut self) {
        for at in (0..self.tails.len()).rev() {
            let Some(tail) = self.tails.get(at) else { continue };
            if tail.unread() || !(tail.rotated || tail.from.as_ref().is_some_and(From::is_packed)) {
                continue;
            }
            let idle = tail.grown.elapsed();
            let Some(from) = &tail.from else {
                if idle >= self.timing.leave_alone {
                    count(&mut self.counts, &tail.name).lost += 1;
                    self.tails.remove(at);
                }
                continue;
            };
            let follows = |t: &Tail| t.name == tail.name && !t.rotated && t.size > 0;
            let over = from.is_packed()
                || idle >= self.timing.leave_alone
                || (idle >= self.timing.leave && (tail.deleted || self.tails.iter().any(follows)));
            if !over {
                continue;
            }
            if let Some(Err(why)) = self.with(at, |tail, sink| tail.last_line(sink)) {
                if let Some(tail) = self.tails.get_mut(at) {
                    tail.waiting = Some(why.to_string());
                }
                continue;
            }
            let tail = self.tails.remove(at);
            self.finished(tail.name, tail.place);
        }
    }

    /// Gives handles back where there are too many: those of files that did not grow for longest.
    pub(super) fn give_back(&mut self) {
        let open = self.tails.iter().filter(|t| t.from.is_some()).count();
        let Some(more) = open.checked_sub(MOST_HANDLES).filter(|n| *n > 0) else { return };
        let mut idle: Vec<(Instant, usize)> = Vec::new();
        for (at, tail) in self.tails.iter().enumerate() {
            let packed = tail.from.as_ref().is_none_or(From::is_packed);
            if !packed && !tail.unread() && !tail.rotated {
                idle.push((tail.grown, at));
            }
        }
        idle.sort();
        for (_, at) in idle.into_iter().take(more) {
            if let Some(tail) = self.tails.get_mut(at) {
                tail.from = None;
                tail.parked = true;
            }
        }
    }

    /// Forgets files that were read and are gone.
    fn forget(&mut self) {
        if self.done.len() <= FEW_DONE {
            return;
        }
        let mut of_name: HashMap<PathBuf, usize> = HashMap::new();
        let mut keep = Vec::with_capacity(self.done.len());
        for done in self.done.iter().rev() {
            let n = of_name.entry(done.name.clone()).or_default();
            *n += 1;
            keep.push(keep.len() < MOST_DONE && (*n <= DONE_OF_NAME || done.seen.elapsed() < DONE_SEEN));
        }
        let before = self.done.len();
        self.done.retain(|_| keep.pop().unwrap_or(true));
        self.done_changed |= self.done.len() != before;
    }
}
