//! One followed file: whole lines from a place on, each once.

use super::from::From;
use super::place::{Key, Mark, Place, SPAN};
use super::saved::SavedTail;
use crate::lines::LONGEST;
use crate::observe::observe;
use crate::recognise::{self, Kind};
use crate::source::Reader;
use crate::tables::tables;
use sentinel_detect::event::Event;
use sentinel_wire::events::Injector;
use sentinel_wire::model::Micros;
use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Bytes read at a time.
const CHUNK: usize = 256 << 10;
/// Bytes of a long line that are searched for its end in one turn.
const SEARCHED: usize = 4 << 20;
/// Lines of one turn.
const LINES: usize = 1024;
/// Bytes of header lines that are kept to go on after them.
const HEADER: usize = 256 << 10;

/// Time between two tries to open a file: the first, and at most, of a compressed one.
const RETRY: Duration = Duration::from_millis(500);
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
    reader: Option<Reader>,
    /// Header lines of a tab-separated log, as they stand in the file.
    header: Vec<u8>,
    number: u64,
    /// Bytes from the place on in which there is no line end.
    searched: u64,
    /// The rest of a line that is too long is being skipped.
    skipping: bool,
    /// Lines before this offset were taken before: they are only learnt from.
    pub quiet: u64,
    /// Bytes the file had when it was last looked at.
    pub size: u64,
    /// When it was last changed, seconds and nanoseconds of its clock.
    pub stamp: (i64, i64),
    /// It was changed and did not grow: it may be another.
    suspect: bool,
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

    /// Takes note of what the file is now.
    pub fn looked(&mut self, meta: &Metadata) {
        let stamp = (meta.mtime(), meta.mtime_nsec());
        if meta.len() != self.size {
            self.grown = Instant::now();
        }
        let looked = self.place.offset.saturating_add(self.searched);
        if meta.len() < looked {
            self.searched = 0;
            self.suspect = true;
        }
        self.suspect |= stamp != self.stamp && meta.len() == self.size;
        self.size = meta.len();
        self.stamp = stamp;
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

    /// Takes lines. Bytes are read first and the file is looked at then: what was read of another file in
    /// its place is not taken.
    pub fn turn(&mut self, buffer: &mut Vec<u8>, sink: &mut Sink<'_>) -> Turn {
        match self.take(buffer, sink) {
            Ok(turn) => turn,
            Err(why) => Turn::Failed(why.to_string()),
        }
    }

    fn take(&mut self, buffer: &mut Vec<u8>, sink: &mut Sink<'_>) -> io::Result<Turn> {
        let offset = self.place.offset;
        let Some(from) = &mut self.from else { return Ok(Turn::Nothing) };
        self.suspect = false;
        from.forget(offset.saturating_sub(SPAN as u64))?;
        buffer.resize(buffer.len().max(CHUNK), 0);
        let mut need = 0;
        if self.searched > 0 {
            match self.search(buffer)? {
                Search::End(at) => need = at,
                Search::More => return Ok(Turn::More),
                Search::Nothing => return self.still(),
            }
        }
        let Some(from) = &mut self.from else { return Ok(Turn::Nothing) };
        let want = need.max(CHUNK);
        buffer.resize(buffer.len().max(want), 0);
        let n = from.fill_at(offset, buffer.get_mut(..want).unwrap_or_default())?;
        if n == 0 {
            return self.still();
        }
        if !self.same()? {
            return Ok(Turn::Truncated);
        }
        self.again.1 = RETRY;
        let bytes = std::mem::take(buffer);
        let read = bytes.get(..n).unwrap_or_default();
        let turn = self.lines(read, n == want, sink);
        *buffer = bytes;
        turn
    }

    /// Nothing was read: all is taken, unless it is another file that is as short by chance.
    fn still(&mut self) -> io::Result<Turn> {
        Ok(if self.same()? { Turn::Nothing } else { Turn::Truncated })
    }

    /// Whether the file still holds what was taken of it.
    fn same(&mut self) -> io::Result<bool> {
        match &mut self.from {
            Some(from) if !from.is_packed() => self.place.fits(from),
            _ => Ok(true),
        }
    }

    /// Looks on for the end of a line that has none yet.
    fn search(&mut self, buffer: &mut [u8]) -> io::Result<Search> {
        let Some(from) = &mut self.from else { return Ok(Search::Nothing) };
        let mut looked = 0;
        while looked < SEARCHED {
            let at = self.place.offset.saturating_add(self.searched);
            let n = from.fill_at(at, buffer.get_mut(..CHUNK).unwrap_or_default())?;
            let read = buffer.get(..n).unwrap_or_default();
            let searched = usize::try_from(self.searched).unwrap_or(usize::MAX);
            if let Some(end) = memchr::memchr(b'\n', read) {
                return Ok(Search::End(searched.saturating_add(end).saturating_add(1)));
            }
            if n == 0 {
                return Ok(Search::Nothing);
            }
            self.searched = self.searched.saturating_add(n as u64);
            looked = looked.saturating_add(n);
            if self.searched > LONGEST as u64 {
                // too long: what there is of it is not kept
                if !from.is_packed() && !self.place.fits(from)? {
                    return Ok(Search::Nothing);
                }
                let last = read.get(n.saturating_sub(SPAN)..).unwrap_or_default();
                self.place.tail = Mark::of(last);
                self.place.offset = self.place.offset.saturating_add(self.searched);
                self.searched = 0;
                self.skipping = true;
                self.changed = true;
                return Ok(Search::More);
            }
        }
        Ok(Search::More)
    }

    fn lines(&mut self, read: &[u8], full: bool, sink: &mut Sink<'_>) -> io::Result<Turn> {
        self.mark_head(read)?;
        if self.kind.is_none() {
            let hole = read.iter().take_while(|b| **b == 0).count();
            if hole > 0 {
                self.advance(read, hole, sink)?;
                return Ok(Turn::More);
            }
            match recognise(read, full) {
                Told::Log(kind) => {
                    self.kind = Some(kind);
                    sink.counts.kind = kind.word().unwrap_or_default();
                }
                Told::NoLog => return Ok(Turn::NoLog),
                Told::NotYet => {
                    self.searched = read.len() as u64;
                    return Ok(Turn::Nothing);
                }
            }
        }
        let mut at: usize = 0;
        let mut count: usize = 0;
        let mut whole = true;
        while let Some(rest) = read.get(at..).filter(|r| !r.is_empty()) {
            // a file cut short under a writer that goes on where it was begins with a hole
            let hole = rest.iter().take_while(|b| **b == 0).count();
            if hole > 0 && !self.skipping {
                at = at.saturating_add(hole);
                continue;
            }
            if count >= LINES || sink.events.len() >= sink.most {
                whole = false;
                break;
            }
            let Some(end) = memchr::memchr(b'\n', rest) else { break };
            self.line(rest.get(..end).unwrap_or_default(), at, sink);
            at = at.saturating_add(end).saturating_add(1);
            count = count.saturating_add(1);
        }
        self.advance(read, at, sink)?;
        self.searched = if whole { read.len().saturating_sub(at) as u64 } else { 0 };
        Ok(if !whole || full { Turn::More } else { Turn::Nothing })
    }

    fn mark_head(&mut self, read: &[u8]) -> io::Result<()> {
        if self.place.head.len() >= SPAN {
            return Ok(());
        }
        let head = if self.place.offset == 0 {
            Mark::of(read.get(..SPAN.min(read.len())).unwrap_or_default())
        } else {
            let mut bytes = [0; SPAN];
            match &mut self.from {
                Some(from) if !from.is_packed() => {
                    let n = from.fill_at(0, &mut bytes)?;
                    Mark::of(bytes.get(..n).unwrap_or_default())
                }
                _ => self.place.head,
            }
        };
        self.changed |= head != self.place.head;
        self.place.head = head;
        Ok(())
    }

    /// Goes on behind what was taken of `read`.
    fn advance(&mut self, read: &[u8], taken: usize, sink: &mut Sink<'_>) -> io::Result<()> {
        if taken == 0 {
            return Ok(());
        }
        let new = self.place.offset.saturating_add(taken as u64);
        let mut tail = Mark::of(read.get(taken.saturating_sub(SPAN)..taken).unwrap_or_default());
        if tail.len() < SPAN
            && let Some(from) = self.from.as_mut().filter(|f| !f.is_packed())
        {
            let mut bytes = [0; SPAN];
            let begin = new.saturating_sub(SPAN as u64);
            let len = usize::try_from(new.saturating_sub(begin)).unwrap_or(SPAN);
            let room = bytes.get_mut(..len).unwrap_or_default();
            if from.fill_at(begin, room)? == len {
                tail = Mark::of(room);
            }
        }
        let fresh = new.saturating_sub(self.place.offset.max(self.quiet.min(new)));
        sink.counts.bytes = sink.counts.bytes.saturating_add(fresh);
        self.place.offset = new;
        self.place.tail = tail;
        self.changed = true;
        Ok(())
    }

    /// Takes one line, without its end, that begins `at` bytes behind the place.
    fn line(&mut self, line: &[u8], at: usize, sink: &mut Sink<'_>) {
        self.number = self.number.saturating_add(1);
        let quiet = self.place.offset.saturating_add(at as u64) < self.quiet;
        if std::mem::take(&mut self.skipping) || line.len() > LONGEST {
            if !quiet {
                bad(sink.counts, self.number, format!("longer than {LONGEST} bytes"));
            }
            return;
        }
        let line = if self.number == 1 { line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line) } else { line };
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let kind = self.kind.unwrap_or(Kind::Other);
        if kind == Kind::ZeekTsv && line.first() == Some(&b'#') {
            self.keep_header(line);
        }
        let name = self.name.to_string_lossy();
        let reader = self.reader.get_or_insert_with(|| Reader::new(kind, &name));
        let (number, (batch, harvest)) = (self.number, sink.sources);
        match reader.line(line, number, harvest) {
            Ok(None) => {}
            Ok(Some(line)) if quiet => {
                reader.spare = line.raw;
            }
            Ok(Some(line)) => {
                let known = tables().of(line.dataset);
                observe(sink.to, &line, known);
                let c = &mut *sink.counts;
                let began = line.start.unwrap_or(line.time);
                c.first = Some(c.first.map_or(began, |f| f.min(began)));
                c.last = Some(c.last.map_or(line.time, |l| l.max(line.time)));
                c.lines = c.lines.saturating_add(1);
                self.last = line.time;
                let (mut event, raw) = line.event(known);
                event.source = batch;
                reader.spare = raw;
                sink.events.push(event);
            }
            Err(_) if quiet => {}
            Err(why) => bad(sink.counts, number, why),
        }
        let dropped = std::mem::take(&mut reader.dropped);
        if dropped > 0 && !quiet {
            sink.counts.dropped = sink.counts.dropped.saturating_add(dropped);
            sink.to.obs.add("log_values", dropped);
        }
    }

    fn keep_header(&mut self, line: &[u8]) {
        if line.starts_with(b"#separator ") {
            self.header.clear();
        }
        if line.starts_with(b"#close") || line.starts_with(b"#open") {
            return;
        }
        if self.header.len().saturating_add(line.len()) <= HEADER {
            self.header.extend_from_slice(line);
            self.header.push(b'\n');
        }
    }

    /// Takes what stands behind the last line end, if it is anything: nobody writes this file any more.
    pub fn last_line(&mut self, sink: &mut Sink<'_>) -> io::Result<()> {
        let n = usize::try_from(self.searched).unwrap_or(usize::MAX);
        if n == 0 || n > LONGEST || self.kind.is_none() {
            return Ok(());
        }
        let mut bytes = vec![0; n];
        let Some(from) = &mut self.from else { return Ok(()) };
        let n = from.fill_at(self.place.offset, &mut bytes)?;
        bytes.truncate(n);
        if self.same()? {
            self.line(&bytes, 0, sink);
            self.advance(&bytes, n, sink)?;
            self.searched = 0;
        }
        Ok(())
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

enum Search {
    /// The line ends before this many bytes behind the place.
    End(usize),
    More,
    Nothing,
}

fn bad(c: &mut Counts, number: u64, why: String) {
    c.bad = c.bad.saturating_add(1);
    c.last_bad = Some(format!("line {number}: {why}"));
}

enum Told {
    Log(Kind),
    NoLog,
    NotYet,
}

/// What a file is by its first bytes; `full`: there are more that were not read.
fn recognise(read: &[u8], full: bool) -> Told {
    let mut rest = read.strip_prefix(b"\xef\xbb\xbf").unwrap_or(read);
    for _ in 0..64 {
        let (line, more) = match memchr::memchr(b'\n', rest) {
            Some(end) => (rest.get(..end), rest.get(end.saturating_add(1)..)),
            // of a line this long its keys tell
            None if full && rest.len() >= CHUNK => (Some(rest), None),
            None => return if full { Told::NoLog } else { Told::NotYet },
        };
        match recognise::tells(line.unwrap_or_default()) {
            Some(Kind::Other) => return Told::NoLog,
            Some(Kind::Text) | None => {}
            Some(log) => return Told::Log(log),
        }
        match more {
            Some(more) => rest = more,
            None => break,
        }
    }
    Told::NoLog
}
