//! One followed file: what is known of it, and how it is kept and taken up again.

use super::from::From;
use super::place::{Key, Mark, Place, SPAN};
use super::saved::SavedTail;
use crate::recognise::Kind;
use crate::source::Reader;
use sentinel_detect::event::Event;
use sentinel_wire::events::Injector;
use sentinel_wire::model::Micros;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Time between two tries to open a file: the first, and at most, of a compressed one.
pub(super) const RETRY: Duration = Duration::from_millis(500);
const MOST_RETRY: [Duration; 2] = [Duration::from_secs(10), Duration::from_secs(300)];

/// What is counted of a log, over all files that had its name.
#[derive(Clone, Debug, Default)]
pub struct Counts {
    pub kind: &'static str,
    /// Lines that became events.
    pub lines: u64,
    pub bytes: u64,
    /// Lines that could not be read.
    pub bad: u64,
    /// The last of them: what is wrong.
    pub last_bad: Option<String>,
    pub rotations: u64,
    pub truncations: u64,
    /// Rotated files whose rest was not found again.
    pub lost: u64,
    /// Values that a bound left out.
    pub dropped: u64,
    pub first: Option<Micros>,
    pub last: Option<Micros>,
}

/// Where what a line tells is put.
pub struct Sink<'a> {
    pub to: &'a mut Injector,
    pub events: &'a mut Vec<Event>,
    /// Events that may be held.
    pub most: usize,
    /// Number of the log among those of the events, and among those of the observations.
    pub sources: (u32, u32),
    pub counts: &'a mut Counts,
}

/// How a turn ended.
#[derive(Debug, PartialEq, Eq)]
pub enum Turn {
    /// There may be more.
    More,
    /// All whole lines were taken.
    Nothing,
    /// It is no longer the file it was.
    Truncated,
    /// It is of no log.
    NoLog,
    Failed(String),
}

/// See the module.
pub struct Tail {
    /// Path the log was found by: its name, whatever the file is called by now.
    pub name: PathBuf,
    /// Where the file is now, as far as known.
    pub path: PathBuf,
    pub place: Place,
    /// Given back where there are too many.
    pub from: Option<From>,
    pub kind: Option<Kind>,
    pub(super) reader: Option<Reader>,
    /// Header lines of a tab-separated log, as they stand in the file.
    pub(super) header: Vec<u8>,
    pub(super) number: u64,
    /// Bytes from the place on in which there is no line end.
    pub(super) searched: u64,
    /// The rest of a line that is too long is being skipped.
    pub(super) skipping: bool,
    /// Lines before this offset were taken before: they are only learnt from.
    pub quiet: u64,
    /// Bytes the file had when it was last looked at.
    pub size: u64,
    /// When it was last changed, seconds and nanoseconds of its clock.
    pub stamp: (i64, i64),
    /// It was changed and did not grow: it may be another.
    pub(super) suspect: bool,
    /// The file under the log's name is another by now, or none.
    pub rotated: bool,
    /// No name leads to it any more.
    pub deleted: bool,
    /// Its handle was given back; it is opened again when it grows.
    pub parked: bool,
    /// When it last grew.
    pub grown: Instant,
    /// When turns were last taken, and whose turn it was.
    pub turned: u64,
    /// Time of its last event.
    pub last: Micros,
    /// When opening it is tried again, and how long after that.
    pub again: (Instant, Duration),
    /// Why it cannot be read just now.
    pub waiting: Option<String>,
    /// As it is kept; made anew where `changed`.
    pub saved: Arc<Vec<u8>>,
    pub changed: bool,
}

impl Tail {
    pub fn new(name: PathBuf, path: PathBuf, key: Key, from: Option<From>) -> Tail {
        Tail {
            name,
            path,
            place: Place { key, ..Place::default() },
            from,
            kind: None,
            reader: None,
            header: Vec::new(),
            number: 0,
            searched: 0,
            skipping: false,
            quiet: 0,
            size: 0,
            stamp: (0, 0),
            suspect: false,
            rotated: false,
            deleted: false,
            parked: false,
            grown: Instant::now(),
            turned: 0,
            last: Micros::MIN,
            again: (Instant::now(), RETRY),
            waiting: None,
            saved: Arc::default(),
            changed: true,
        }
    }

    /// There are bytes that were not looked at.
    pub fn unread(&self) -> bool {
        let looked = self.place.offset.saturating_add(self.searched);
        self.from.is_some() && (self.suspect || self.size > looked)
    }

    /// Takes note of what the file is now. True if it became shorter, or was written and emptied again:
    /// what it held meanwhile may be in a copy.
    pub fn looked(&mut self, meta: &Metadata) -> bool {
        let stamp = (meta.mtime(), meta.mtime_nsec());
        let emptied = meta.len() == 0 && stamp != self.stamp && self.stamp != (0, 0);
        let shorter = meta.len() < self.size && self.size != u64::MAX;
        if meta.len() != self.size {
            self.grown = Instant::now();
        }
        let looked = self.place.offset.saturating_add(self.searched);
        if meta.len() < looked || shorter || emptied {
            self.searched = 0;
            self.suspect = true;
        }
        self.suspect |= stamp != self.stamp && meta.len() == self.size;
        self.size = meta.len();
        self.stamp = stamp;
        emptied || shorter
    }

    /// Takes note of the first bytes of a new file, so that it is known again before a line was taken.
    pub fn note_head(&mut self) {
        let mut bytes = [0; SPAN];
        let Some(from) = self.from.as_mut().filter(|f| !f.is_packed()) else { return };
        if let Ok(n) = from.fill_at(0, &mut bytes)
            && n > 0
        {
            self.place.head = Mark::of(bytes.get(..n).unwrap_or_default());
            self.changed = true;
        }
    }

    /// All that is there was taken, whatever size it was thought to have.
    pub fn settle(&mut self) {
        self.size = self.size.min(self.place.offset.saturating_add(self.searched));
    }

    /// Bytes not taken yet.
    pub fn lag(&self) -> u64 {
        if self.size == u64::MAX {
            return 0;
        }
        self.size.saturating_sub(self.place.offset)
    }

    /// It cannot be read: another try is made later.
    pub fn failed(&mut self, why: String) {
        let packed = self.from.take().is_some_and(|from| from.is_packed());
        let wait = self.again.1;
        let most = if packed { MOST_RETRY[1] } else { MOST_RETRY[0] };
        self.again =
            (Instant::now().checked_add(wait).unwrap_or(self.again.0), wait.saturating_mul(2).min(most));
        self.waiting = Some(why);
    }

    /// It was opened.
    pub fn opened(&mut self, from: From) {
        if from.is_packed() {
            self.size = u64::MAX;
        }
        self.from = Some(from);
        self.parked = false;
        self.waiting = None;
    }

    /// Begins anew, in the same file, of which nothing is left.
    pub fn restart(&mut self) {
        let key = self.place.key;
        let from = self.from.take();
        let (name, path, turned, last) = (self.name.clone(), self.path.clone(), self.turned, self.last);
        *self = Tail { turned, last, rotated: self.rotated, ..Tail::new(name, path, key, from) };
    }

    /// All that was learnt goes over to the file in which the rest is.
    pub fn go_over(&mut self, path: PathBuf, key: Key, from: From) -> Tail {
        let size = if from.is_packed() { u64::MAX } else { 0 };
        let mut rest = Tail::new(self.name.clone(), path, key, Some(from));
        rest.size = size;
        rest.place = Place { key, ..self.place.clone() };
        rest.kind = self.kind;
        rest.reader = self.reader.take();
        rest.header = std::mem::take(&mut self.header);
        rest.number = self.number;
        rest.skipping = self.skipping;
        rest.quiet = self.quiet;
        rest.last = self.last;
        rest.rotated = true;
        rest
    }

    pub fn to_saved(&self) -> SavedTail {
        SavedTail {
            name: self.name.to_string_lossy().into_owned(),
            path: self.path.to_string_lossy().into_owned(),
            place: self.place.clone(),
            kind: self.kind,
            header: String::from_utf8_lossy(&self.header).into_owned(),
            number: self.number,
            skipping: self.skipping,
            quiet: self.quiet,
            memory: self.reader.as_ref().map(Reader::memory).unwrap_or_default(),
        }
    }

    pub fn of_saved(saved: SavedTail, path: PathBuf, key: Key, from: Option<From>) -> Tail {
        let packed = from.as_ref().is_some_and(From::is_packed);
        let mut tail = Tail::new(PathBuf::from(&saved.name), path, key, from);
        tail.size = if packed { u64::MAX } else { 0 };
        tail.place = Place { key, ..saved.place };
        tail.number = saved.number;
        tail.skipping = saved.skipping;
        tail.quiet = saved.quiet;
        tail.kind = saved.kind;
        if let Some(kind) = saved.kind {
            let mut reader = Reader::new(kind, &saved.name);
            reader.remember(&saved.memory);
            if kind == Kind::ZeekTsv {
                for line in saved.header.lines() {
                    // a header line is no event and cannot be wrong
                    let _ = reader.line(line.as_bytes(), 0, 0);
                }
            }
            tail.reader = Some(reader);
        }
        tail.header = saved.header.into_bytes();
        tail
    }
}
