//! Lines of a followed file: whole ones from its place on, each once.

use super::one::{Counts, RETRY, Sink, Tail, Turn};
use super::place::{Mark, SPAN};
use crate::lines::LONGEST;
use crate::observe::observe;
use crate::recognise::{self, Kind};
use crate::source::Reader;
use crate::tables::tables;
use std::io;

/// Bytes read at a time.
const CHUNK: usize = 256 << 10;
/// Bytes of a long line that are searched for its end in one turn.
const SEARCHED: usize = 4 << 20;
/// Lines of one turn.
const LINES: usize = 1024;
/// Bytes of header lines that are kept to go on after them.
const HEADER: usize = 256 << 10;

impl Tail {
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
