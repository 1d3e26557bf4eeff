//! One source, read into one reused buffer and parsed in place.

use super::error::CaptureError;
use super::input::{Got, Input, Raw};
use super::pcap::{FILE_HEADER, Layout};
use super::pcapng::Section;
use super::record::{Found, MAX_RECORD, Options, Parsed, Placed, RecordRef};
use super::sniff::{self, Kind};
use super::stats::SourceStats;
use crate::decode::LinkType;
use std::io::Read;
use std::path::Path;

enum Format {
    Pcap(Layout),
    PcapNg(Section),
}

/// One source of packets.
pub struct Reader {
    input: Input,
    format: Format,
    /// All of it is readable; `start..end` holds what was read and not yet parsed.
    pub(super) buf: Vec<u8>,
    pub(super) start: usize,
    pub(super) end: usize,
    /// Offset of `buf[0]` in the decompressed capture.
    base: u64,
    /// Bytes of a skipped record still to come.
    pass: usize,
    /// Bytes that the next record needs in the buffer.
    need: usize,
    /// Nothing more comes from `input`.
    ended: bool,
    done: bool,
    frame: u64,
    time_ns: i64,
    /// Link type of the last packets and how many they were, not yet in `stats`.
    run: (LinkType, u64),
    stats: SourceStats,
    sha256: Option<[u8; 32]>,
}

impl Reader {
    /// Opens a file, or standard input for `-`, and reads its header.
    pub fn open(path: impl AsRef<Path>, options: Options) -> Result<Reader, CaptureError> {
        let path = path.as_ref();
        let name = if path == Path::new("-") { "standard input".into() } else { path.to_string_lossy() };
        let raw = Raw::open(path, options.sha256)
            .map_err(|why| CaptureError::Open { name: name.clone().into_owned(), why })?;
        Reader::start(name.into_owned(), raw, options)
    }

    /// Reads a capture from anything that gives its bytes.
    pub fn from_stream(
        name: &str,
        from: Box<dyn Read + Send>,
        options: Options,
    ) -> Result<Reader, CaptureError> {
        Reader::start(name.to_owned(), Raw::of(from, options.sha256), options)
    }

    fn start(name: String, raw: Raw, options: Options) -> Result<Reader, CaptureError> {
        let input = Input::new(&name, raw)?;
        let mut reader = Reader {
            input,
            format: Format::PcapNg(Section::default()),
            buf: vec![0; options.buffer.clamp(4096, MAX_RECORD as usize)],
            start: 0,
            end: 0,
            base: 0,
            pass: 0,
            need: 0,
            ended: false,
            done: false,
            frame: 0,
            time_ns: 0,
            run: (LinkType(0), 0),
            stats: SourceStats { name, ..SourceStats::default() },
            sha256: None,
        };
        reader.header()?;
        Ok(reader)
    }

    fn header(&mut self) -> Result<(), CaptureError> {
        self.need = FILE_HEADER;
        while self.end < FILE_HEADER && self.fill()? > 0 {}
        let name = self.stats.name.clone();
        let not = |what: String| CaptureError::NotCapture { name: name.clone(), what };
        let head = self.buf.get(..self.end).unwrap_or_default();
        match (sniff::kind(head), head.first_chunk()) {
            (Kind::Pcap, Some(header)) => {
                let unsupported = |what| CaptureError::Unsupported { name: name.clone(), what };
                let layout = Layout::new(header).map_err(unsupported)?;
                self.format = Format::Pcap(layout);
                self.start = FILE_HEADER;
            }
            (Kind::PcapNg, _) => {}
            (Kind::Pcap, None) => {
                return Err(not("it ends inside its file header, capture or copy it again".to_owned()));
            }
            (_, _) if head.is_empty() && self.stats.cut => {
                return Err(not("it is cut before any of it can be decompressed, copy it again".to_owned()));
            }
            (_, _) if head.is_empty() => {
                return Err(not("there is nothing inside the compression".to_owned()));
            }
            (Kind::Gzip | Kind::Zstd, _) => {
                return Err(not("it is compressed twice, decompress it once".to_owned()));
            }
            (Kind::Other, _) => {
                return Err(not(sniff::describe(head.get(..sniff::HEAD).unwrap_or(head))));
            }
        }
        // The first block tells whether it is a capture at all.
        if let Format::PcapNg(section) = &mut self.format
            && let Parsed::Bad(what, n) = section.block(head, &mut self.stats)
        {
            return Err(not(format!("{what} {n:#x}")));
        }
        self.need = 0;
        Ok(())
    }

    /// Reads more into the buffer; 0 at the end. What is in it and not parsed is kept.
    fn fill(&mut self) -> Result<usize, CaptureError> {
        if self.ended {
            return Ok(0);
        }
        if self.start > 0 {
            self.buf.copy_within(self.start..self.end, 0);
            self.base = self.base.saturating_add(self.start as u64);
            self.end -= self.start;
            self.start = 0;
        }
        // It grows as bytes come, not by what a record claims.
        if self.end == self.buf.len() {
            let more = self.buf.len().saturating_mul(2).min(self.need.max(self.buf.len()));
            self.buf.resize(more, 0);
        }
        let Some(room) = self.buf.get_mut(self.end..) else { return Ok(0) };
        let got = self.input.read(&self.stats.name, room);
        if !matches!(got, Ok(Got::Bytes(_))) {
            self.ended = true;
        }
        match got? {
            Got::Bytes(n) => {
                self.end += n;
                return Ok(n);
            }
            Got::End => {}
            Got::Cut => self.stats.cut = true,
            Got::Trailing => {
                self.stats.warn("bytes behind the compressed data are not part of it, ignored".to_owned());
            }
        }
        Ok(0)
    }

    /// The next packet that is wholly in the buffer; `None`: [`Reader::fill`] or the end.
    #[inline]
    pub(super) fn scan(&mut self) -> Option<Placed> {
        while !self.done {
            if self.pass > 0 {
                let n = self.pass.min(self.end - self.start);
                self.start += n;
                self.pass -= n;
                if self.pass > 0 {
                    self.need = 1;
                    return None;
                }
            }
            let data = self.buf.get(self.start..self.end)?;
            let parsed = match &mut self.format {
                Format::Pcap(layout) => layout.record(data),
                Format::PcapNg(section) => section.block(data, &mut self.stats),
            };
            match parsed {
                Parsed::Packet(found) => return Some(self.place(found)),
                Parsed::Need(n) => {
                    self.need = n;
                    return None;
                }
                other => self.other(other),
            }
        }
        None
    }

    #[inline]
    fn place(&mut self, found: Found) -> Placed {
        let stats = &mut self.stats;
        let at = self.start + found.skip;
        self.start += found.used;
        self.frame += 1;
        stats.packets += 1;
        stats.bytes += u64::from(found.wire_len);
        stats.truncated += u64::from(found.truncated);
        let time_ns = found.time_ns.unwrap_or(self.time_ns);
        if found.timed {
            stats.backwards += u64::from(time_ns < self.time_ns);
            stats.first_ns = Some(stats.first_ns.map_or(time_ns, |t| t.min(time_ns)));
            stats.last_ns = Some(stats.last_ns.map_or(time_ns, |t| t.max(time_ns)));
        } else {
            stats.untimed += 1;
        }
        self.time_ns = time_ns;
        if self.run.0 != found.link {
            stats.count_link(self.run.0, self.run.1);
            self.run = (found.link, 0);
        }
        self.run.1 += 1;
        let Found { len, link, wire_len, .. } = found;
        Placed { at, len, time_ns, frame: self.frame, link, wire_len }
    }

    #[cold]
    fn other(&mut self, parsed: Parsed) {
        match parsed {
            Parsed::Skip(n) => self.pass = n,
            Parsed::NotPacket(n) => {
                self.pass = n;
                self.frame += 1;
                self.stats.not_packets += 1;
            }
            Parsed::Undeclared(n) => {
                self.pass = n;
                self.frame += 1;
                self.stats.undeclared += 1;
            }
            Parsed::Bad(what, n) => {
                let offset = self.base.saturating_add(self.start as u64);
                let what = if n == 0 { what.to_owned() } else { format!("{what} ({n})") };
                let name = self.stats.name.clone();
                self.stop(Some(CaptureError::Corrupt { name, offset, what }));
            }
            Parsed::Packet(_) | Parsed::Need(_) => {}
        }
    }

    /// Reads on after [`Reader::scan`] found nothing more; false at the end.
    pub(super) fn refill(&mut self) -> bool {
        if self.done {
            return false;
        }
        match self.fill() {
            Ok(1..) => true,
            Ok(0) => {
                // A record, or the rest of one, is missing its end.
                self.stats.cut |= self.start < self.end || self.pass > 0;
                self.stop(None);
                false
            }
            Err(error) => {
                self.stop(Some(error));
                false
            }
        }
    }

    fn stop(&mut self, error: Option<CaptureError>) {
        self.done = true;
        if error.is_some() {
            self.stats.error = error;
        }
    }

    /// The next packet; what lies before it in the buffer may be gone after.
    pub(super) fn read_on(&mut self) -> Option<Placed> {
        loop {
            match self.scan() {
                Some(placed) => return Some(placed),
                None if self.refill() => {}
                None => return None,
            }
        }
    }

    /// The next packet; `None` at the end, and then [`Reader::stats`] says how it ended.
    pub fn next_record(&mut self) -> Option<RecordRef<'_>> {
        let p = self.read_on()?;
        let data = self.buf.get(p.at..p.at + p.len)?;
        Some(RecordRef { time_ns: p.time_ns, link: p.link, wire_len: p.wire_len, data, frame: p.frame })
    }

    /// Bytes read of the file as stored, and how many it has if that is known.
    pub fn progress(&self) -> (u64, Option<u64>) {
        (self.input.raw().read, self.input.raw().total)
    }

    pub fn name(&self) -> &str {
        &self.stats.name
    }
    pub(super) fn into_stats(mut self) -> SourceStats {
        self.stats();
        self.stats
    }

    /// What was seen so far.
    pub fn stats(&mut self) -> &SourceStats {
        self.stats.count_link(self.run.0, self.run.1);
        self.run.1 = 0;
        &self.stats
    }

    /// SHA-256 of the file as stored, if asked for by [`Options`]. Call it when reading is over:
    /// it reads whatever was left (behind damage, behind compressed data), and no record comes after.
    pub fn sha256(&mut self) -> Option<[u8; 32]> {
        if self.sha256.is_none() {
            self.sha256 = self.input.finish_hash();
            self.ended = true;
        }
        self.sha256
    }

    /// True if the source can be opened a second time (a regular file).
    pub(super) fn reopens(&self) -> bool {
        self.input.raw().reopens()
    }
    /// Gives the file handle back until the next read.
    pub(super) fn park(&mut self) {
        self.input.park();
    }
    /// Moves the buffer to a batch, in exchange for the batch's old one; what stands in it from
    /// `from` on goes on at the start of the new one.
    pub(super) fn give_buffer(&mut self, other: &mut Vec<u8>, from: usize) {
        let from = from.min(self.start);
        let tail = self.end - from;
        if other.len() < self.buf.len() {
            other.resize(self.buf.len(), 0);
        }
        if let (Some(to), Some(rest)) = (other.get_mut(..tail), self.buf.get(from..self.end)) {
            to.copy_from_slice(rest);
        }
        std::mem::swap(&mut self.buf, other);
        self.base = self.base.saturating_add(from as u64);
        (self.start, self.end) = (self.start - from, tail);
    }
}
