//! Several sources as one, merged by packet time, in batches.

use super::batch::{Assembler, Batch, Limits};
use super::error::CaptureError;
use super::reader::Reader;
use super::record::{Options, Placed, RecordRef};
use super::stats::SourceStats;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::path::{Path, PathBuf};

/// Buffer memory of all sources together, and the least of one: 2,000 sources take 64 MiB.
const BUFFERS: usize = 64 << 20;
const LEAST_BUFFER: usize = 32 << 10;
/// File handles held at a time; beyond, each is given back after every read.
const MAX_HANDLES: usize = 200;
/// Buffer of a source that is only asked for its first packet.
const PROBE_BUFFER: usize = 64 << 10;

/// All sources of a run. Sources of one run are numbered by the time of their first packet, then by
/// name, so that the order in which they were named changes nothing.
pub struct MergedReader {
    sources: Vec<Source>,
    failed: Vec<CaptureError>,
    /// Next packet of each source that is not at its end: (time, source).
    heap: BinaryHeap<Reverse<(i64, usize)>>,
    assembler: Assembler,
    /// Packet of the only source that was read but belongs into the next batch.
    pending: Option<Placed>,
    /// There is one source, and it is open: its buffer goes with the batches.
    single: bool,
    options: Options,
    handles: usize,
}

enum State {
    /// Not open yet; its first packet is known.
    Waiting(PathBuf),
    Open(Box<Reader>),
    Ended,
}

struct Source {
    state: State,
    /// Next packet, in the reader's buffer.
    head: Option<Placed>,
    first_ns: i64,
    name: String,
    /// What was seen of it, once it is at its end.
    ended: Option<Ended>,
    size: Option<u64>,
}

struct Ended {
    stats: SourceStats,
    sha256: Option<[u8; 32]>,
    read: u64,
}

impl MergedReader {
    /// Opens all of `paths` (`-` is standard input). Those that cannot be opened are in
    /// [`MergedReader::failed`]; the others are read all the same.
    pub fn open<P: AsRef<Path>>(paths: &[P], options: Options, limits: Limits) -> MergedReader {
        let (mut sources, mut failed) = (Vec::new(), Vec::new());
        for path in paths {
            let path = path.as_ref();
            let opened =
                if paths.len() == 1 { Source::open(path, options) } else { Source::probe(path, options) };
            match opened {
                Ok(source) => sources.push(source),
                Err(error) => failed.push(error),
            }
        }
        MergedReader::new(sources, failed, options, limits)
    }

    /// Merges sources that are open already.
    pub fn of(readers: Vec<Reader>, limits: Limits) -> MergedReader {
        let sources = readers.into_iter().map(|mut r| {
            let head = r.read_on();
            Source::of(r, head)
        });
        MergedReader::new(sources.collect(), Vec::new(), Options::default(), limits)
    }

    fn new(
        mut sources: Vec<Source>,
        failed: Vec<CaptureError>,
        options: Options,
        limits: Limits,
    ) -> MergedReader {
        sources.sort_by(|a, b| (a.first_ns, &a.name).cmp(&(b.first_ns, &b.name)));
        let buffer = (BUFFERS / sources.len().max(1)).clamp(LEAST_BUFFER, options.buffer.max(LEAST_BUFFER));
        let single = matches!(sources.as_slice(), [Source { state: State::Open(_), .. }]);
        let heap = sources.iter().enumerate().map(|(n, s)| Reverse((s.first_ns, n)));
        let heap = if single { BinaryHeap::new() } else { heap.collect() };
        let pending = if single { sources.first_mut().and_then(|s| s.head.take()) } else { None };
        MergedReader {
            sources,
            failed,
            heap,
            assembler: Assembler::new(limits),
            pending,
            single,
            options: Options { buffer, ..options },
            handles: 0,
        }
    }

    /// Why sources could not be opened.
    pub fn failed(&self) -> &[CaptureError] {
        &self.failed
    }
    pub fn sources(&self) -> usize {
        self.sources.len()
    }
    pub fn assembler(&self) -> &Assembler {
        &self.assembler
    }

    /// Fills `batch` with the next packets; false (and an empty batch) at the end of all sources.
    pub fn next_batch(&mut self, batch: &mut Batch) -> bool {
        batch.clear();
        batch.clock_ns = self.assembler.clock_ns();
        if self.single { self.next_single(batch) } else { self.next_merged(batch) }
    }

    /// One source: packets are decoded where they stand, and the buffer goes with the batch.
    fn next_single(&mut self, batch: &mut Batch) -> bool {
        let Some(source) = self.sources.first_mut() else { return false };
        let State::Open(reader) = &mut source.state else { return false };
        let mut next = self.pending.take();
        let begin = loop {
            // Without a packet held back the batch begins where the reader stands.
            let begin = next.map_or(reader.start, |p| p.at);
            while let Some(p) = next.take().or_else(|| reader.scan()) {
                if !self.assembler.admits(batch, p.time_ns) {
                    self.pending = Some(p);
                    break;
                }
                let Some(data) = reader.buf.get(p.at..p.at + p.len) else { break };
                let Placed { time_ns, link, wire_len, frame, .. } = p;
                let record = RecordRef { time_ns, link, wire_len, data, frame };
                self.assembler.push(batch, &record, 0, p.at);
            }
            if !batch.is_empty() {
                break begin;
            }
            if !reader.refill() {
                source.end();
                return false;
            }
        };
        // Whichever is less is copied: what was taken, or what was not.
        let from = self.pending.map_or(reader.start, |p| p.at);
        if from - begin < reader.end - from {
            batch.buf.clear();
            batch.buf.extend_from_slice(reader.buf.get(begin..from).unwrap_or_default());
            for p in batch.packets_mut() {
                if !p.has(crate::decode::flag::REASSEMBLED) {
                    p.at = p.at.saturating_sub(begin as u32);
                }
            }
            for (_, at, _) in &mut batch.whole {
                *at = at.saturating_sub(begin as u32);
            }
        } else {
            reader.give_buffer(&mut batch.buf, from);
            if let Some(p) = &mut self.pending {
                p.at = 0;
            }
        }
        true
    }

    fn next_merged(&mut self, batch: &mut Batch) -> bool {
        batch.restart();
        while let Some(&Reverse((_, n))) = self.heap.peek() {
            let Some(source) = self.sources.get_mut(n) else { break };
            if let State::Waiting(path) = &source.state {
                match Reader::open(path, self.options) {
                    Ok(reader) => {
                        self.handles += 1;
                        source.state = State::Open(Box::new(reader));
                        source.advance(self.handles > MAX_HANDLES);
                    }
                    Err(error) => {
                        source.fail(error);
                    }
                }
            }
            let State::Open(reader) = &source.state else {
                self.heap.pop();
                continue;
            };
            let Some(p) = source.head else {
                self.handles = self.handles.saturating_sub(1);
                source.end();
                self.heap.pop();
                continue;
            };
            let data = reader.buf.get(p.at..p.at + p.len).unwrap_or_default();
            let Placed { time_ns, link, wire_len, frame, .. } = p;
            let record = RecordRef { time_ns, link, wire_len, data, frame };
            if !batch.add(&mut self.assembler, &record, n as u32) {
                break;
            }
            source.advance(self.handles > MAX_HANDLES);
            let time = source.head.map_or(time_ns, |p| p.time_ns);
            if let Some(mut top) = self.heap.peek_mut() {
                top.0.0 = time;
            }
        }
        !batch.is_empty()
    }

    /// Octets read of the files as stored, and their size if all are known.
    pub fn progress(&self) -> (u64, Option<u64>) {
        let (mut read, mut total) = (0u64, Some(0u64));
        for s in &self.sources {
            let (r, t) = s.progress();
            read = read.saturating_add(r);
            total = total.zip(t).map(|(a, b)| a.saturating_add(b));
        }
        (read, total)
    }

    /// What was seen of source `n` so far.
    pub fn stats(&mut self, n: usize) -> Option<&SourceStats> {
        let source = self.sources.get_mut(n)?;
        match (&mut source.state, &source.ended) {
            (State::Open(reader), _) => Some(reader.stats()),
            (_, Some(ended)) => Some(&ended.stats),
            _ => None,
        }
    }
    /// SHA-256 of source `n` as stored; call it when reading is over.
    pub fn sha256(&mut self, n: usize) -> Option<[u8; 32]> {
        let source = self.sources.get_mut(n)?;
        match (&mut source.state, &source.ended) {
            (State::Open(reader), _) => reader.sha256(),
            (_, Some(ended)) => ended.sha256,
            _ => None,
        }
    }
}

impl Source {
    fn open(path: &Path, options: Options) -> Result<Source, CaptureError> {
        Reader::open(path, options).map(|reader| Source::of(reader, None))
    }

    fn of(reader: Reader, head: Option<Placed>) -> Source {
        Source {
            head,
            // Sources without a packet come last.
            first_ns: head.map_or(i64::MAX, |p| p.time_ns),
            name: reader.name().to_owned(),
            size: reader.progress().1,
            ended: None,
            state: State::Open(Box::new(reader)),
        }
    }

    /// Opens a source to see when it begins; a file is closed again until its time comes.
    fn probe(path: &Path, options: Options) -> Result<Source, CaptureError> {
        let buffer = options.buffer.min(PROBE_BUFFER);
        let mut reader = Reader::open(path, Options { buffer, ..options })?;
        let head = reader.read_on();
        let reopens = reader.reopens();
        let mut source = Source::of(reader, head);
        if reopens {
            source.state = State::Waiting(path.to_owned());
            source.head = None;
        }
        Ok(source)
    }

    fn advance(&mut self, park: bool) {
        if let State::Open(reader) = &mut self.state {
            self.head = reader.read_on();
            if park {
                reader.park();
            }
        }
    }

    fn end(&mut self) {
        if let State::Open(mut reader) = std::mem::replace(&mut self.state, State::Ended) {
            let sha256 = reader.sha256();
            let read = reader.progress().0;
            self.ended = Some(Ended { stats: reader.into_stats(), sha256, read });
        }
        self.head = None;
    }

    /// It was there a moment ago, and is no more.
    fn fail(&mut self, error: CaptureError) {
        let stats = SourceStats { name: self.name.clone(), error: Some(error), ..SourceStats::default() };
        self.ended = Some(Ended { stats, sha256: None, read: 0 });
        self.state = State::Ended;
    }

    fn progress(&self) -> (u64, Option<u64>) {
        match (&self.state, &self.ended) {
            (State::Open(reader), _) => reader.progress(),
            (_, Some(ended)) => (ended.read, self.size),
            _ => (0, self.size),
        }
    }
}
