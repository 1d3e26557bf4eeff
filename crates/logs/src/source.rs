//! One log: its lines to events, in the order of time as far as it keeps one.

use crate::ends::Raw;
use crate::eve::Eve;
use crate::json::flatten;
use crate::line::{Line, id};
use crate::lines::Lines;
use crate::names::Paths;
use crate::observe::observe;
use crate::recognise::{self, Kind};
use crate::tables::tables;
use crate::zeek;
use sentinel_detect::event::Event;
use sentinel_wire::events::Injector;
use sentinel_wire::model::Micros;
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::path::{Path, PathBuf};

/// Lines held to put them in order: logs are written when something is over, not when it began.
const HELD: usize = 1024;
/// Lines whose times are looked at to tell when a log begins.
const LOOKED_AT: u32 = 64;
/// Lines among which one that is the same word for word counts as a further one.
const ALIKE: usize = 32;

/// FTP users that are remembered from one process to the next.
const MOST_USERS_KEPT: usize = 1024;

/// What is told of a log that was read.
#[derive(Clone, Debug, Default)]
pub struct Report {
    pub name: String,
    pub kind: &'static str,
    pub sha256: String,
    pub bytes: u64,
    /// Lines that became events.
    pub records: u64,
    /// Lines that could not be read.
    pub bad: u64,
    /// The first of them: number and what is wrong.
    pub first_bad: Option<(u64, String)>,
    pub first: Option<Micros>,
    pub last: Option<Micros>,
    pub cut: bool,
    pub error: Option<String>,
}

/// An event in the order of time, then of lines.
struct Next(Event);

impl Next {
    fn key(&self) -> (Micros, (u64, u32)) {
        (self.0.time, self.0.order)
    }
}
impl PartialEq for Next {
    fn eq(&self, other: &Next) -> bool {
        self.key() == other.key()
    }
}
impl Eq for Next {}
impl PartialOrd for Next {
    fn partial_cmp(&self, other: &Next) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Next {
    fn cmp(&self, other: &Next) -> std::cmp::Ordering {
        self.key().cmp(&other.key())
    }
}

/// Turns lines of one log into [`Line`]s.
pub struct Reader {
    kind: Kind,
    /// Log of a JSON file whose lines do not name theirs.
    log: Option<String>,
    header: zeek::tsv::Header,
    paths: Paths,
    eve: Eve,
    alike: VecDeque<u128>,
    /// The list of fields of the line before, emptied.
    pub spare: Raw,
    /// Values that a bound left out.
    pub dropped: u64,
}

impl Reader {
    pub fn new(kind: Kind, file: &str) -> Reader {
        Reader {
            kind,
            log: zeek::log_of_file(file).map(str::to_owned),
            header: zeek::tsv::Header::default(),
            paths: Paths::default(),
            eve: Eve::default(),
            alike: VecDeque::with_capacity(ALIKE),
            spare: Raw::new(),
            dropped: 0,
        }
    }

    /// Takes one line. `Ok(None)`: it is no event (a header, counters). Errors say what is wrong.
    pub fn line(&mut self, bytes: &[u8], number: u64, source: u32) -> Result<Option<Line>, String> {
        if bytes.trim_ascii().is_empty() {
            return Ok(None);
        }
        let mut raw = std::mem::take(&mut self.spare);
        let read = match self.kind {
            Kind::ZeekTsv => {
                if bytes.first() == Some(&b'#') {
                    self.header.take(bytes);
                    return Ok(None);
                }
                let at = self.header.row(bytes, &mut raw)?;
                let log = self
                    .header
                    .path
                    .as_deref()
                    .or(self.log.as_deref())
                    .ok_or("there is no #path before it")?;
                Some(zeek::line(log, raw, at)?)
            }
            Kind::ZeekJson => {
                self.flatten(bytes, &mut raw)?;
                let own = crate::ends::text(&raw, "_path").map(str::to_owned);
                let by_fields = || zeek::log_of_fields(&raw).map(str::to_owned);
                let log = own.or_else(|| self.log.clone()).or_else(by_fields).ok_or("it names no log")?;
                Some(zeek::line(&log, raw, None)?)
            }
            Kind::Eve => {
                self.flatten(bytes, &mut raw)?;
                self.eve.line(raw)?
            }
            Kind::Text | Kind::Other => return Err("it is of no log".into()),
        };
        let Some(mut line) = read else { return Ok(None) };
        line.number = number;
        line.source = source;
        line.id = self.identity(line.dataset, line.time, bytes);
        Ok(Some(line))
    }

    fn flatten(&mut self, bytes: &[u8], raw: &mut Raw) -> Result<(), String> {
        let dropped = flatten(bytes, &mut self.paths, raw).map_err(|e| {
            let what = e.to_string();
            // the reader counts lines itself: there is only one here
            format!("JSON: {}", what.replace(" at line 1 column ", " at column "))
        })?;
        self.dropped = self.dropped.saturating_add(dropped);
        Ok(())
    }

    fn identity(&mut self, dataset: &str, time: Micros, bytes: &[u8]) -> u128 {
        let plain = id(dataset, time, bytes, 0);
        let before = self.alike.iter().filter(|i| **i == plain).count();
        if self.alike.len() >= ALIKE {
            self.alike.pop_front();
        }
        self.alike.push_back(plain);
        match u32::try_from(before) {
            Ok(0) | Err(_) => plain,
            Ok(n) => id(dataset, time, bytes, n),
        }
    }
}

/// What a [`Reader`] remembers between lines, to go on in another process. The header of a
/// tab-separated log is not part of it: give its lines again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    /// Identities of the last lines, in two halves.
    pub alike: Vec<(u64, u64)>,
    /// FTP users whose password is still to come, by flow.
    pub users: Vec<(i64, String)>,
}

impl Reader {
    pub fn memory(&self) -> Memory {
        let halves = |id: &u128| ((id >> 64) as u64, *id as u64);
        Memory { alike: self.alike.iter().map(halves).collect(), users: self.eve.users(MOST_USERS_KEPT) }
    }

    pub fn remember(&mut self, memory: &Memory) {
        let whole = |(high, low): &(u64, u64)| u128::from(*high) << 64 | u128::from(*low);
        self.alike = memory.alike.iter().take(ALIKE).map(whole).collect();
        self.eve.remember(&memory.users);
    }
}

/// See the module.
pub struct Source {
    path: PathBuf,
    pub kind: Kind,
    pub number: u32,
    open: Option<Box<(Lines, Reader)>>,
    held: BinaryHeap<Reverse<Next>>,
    over: bool,
    /// Time of its first event.
    pub first: Option<Micros>,
    /// Bytes of the file, if known.
    pub size: Option<u64>,
    pub report: Report,
    hash: bool,
}

impl Source {
    /// Looks at a source: what it is, and when its first event was. One line says why it is no log.
    pub fn look(path: &Path, hash: bool) -> Result<Source, String> {
        let name = path.to_string_lossy().into_owned();
        let stdin = path == Path::new("-");
        let mut lines =
            if stdin { Lines::bytes("-", recognise::stdin())? } else { Lines::open(path, false)? };
        let (kind, head) = recognise::head(&mut lines);
        let Some(word) = kind.word() else {
            return Err(format!(
                "{name}: is no log of Zeek (tab-separated or JSON) and not Suricata's EVE: no line at its \
                 beginning names #fields, ts or event_type"
            ));
        };
        let mut first = None;
        if stdin {
            // it can be read once: it is taken from the beginning on
            first = Some(Micros::MIN);
        } else {
            let mut reader = Reader::new(kind, &name);
            let mut see = |line: &[u8], number| {
                if let Ok(Some(line)) = reader.line(line, number, 0) {
                    let began = line.start.unwrap_or(line.time);
                    first = Some(first.map_or(began, |f: Micros| f.min(began)));
                }
                first.is_some()
            };
            for (number, line) in &head {
                see(line, *number);
            }
            let mut more = LOOKED_AT;
            while let Some(range) = lines.line() {
                let seen = see(lines.get(range), lines.number);
                more = more.saturating_sub(1);
                if seen && more == 0 {
                    break;
                }
            }
        }
        Ok(Source {
            path: path.to_owned(),
            kind,
            number: 0,
            open: None,
            held: BinaryHeap::new(),
            over: false,
            first,
            size: if stdin { None } else { lines.total() },
            report: Report { name, kind: word, ..Report::default() },
            hash,
        })
    }

    /// Bytes read so far.
    pub fn read(&self) -> u64 {
        self.open.as_ref().map_or(self.report.bytes, |o| o.0.read())
    }

    /// Time of the next event, which is read now if need be; `None` at the end of the log.
    pub fn next_time(&mut self, to: &mut Injector) -> Option<Micros> {
        self.fill(to);
        self.held.peek().map(|Reverse(n)| n.0.time)
    }

    /// The next event.
    pub fn pop(&mut self) -> Option<Event> {
        self.held.pop().map(|Reverse(n)| n.0)
    }

    /// What the next event is told apart by from one of the same time of another log.
    pub fn next_id(&self) -> u128 {
        self.held.peek().map_or(0, |Reverse(n)| n.0.id)
    }

    /// Reads until enough lines are held.
    fn fill(&mut self, to: &mut Injector) {
        if self.over {
            return;
        }
        if self.open.is_none() {
            match Lines::open(&self.path, self.hash) {
                Ok(lines) => {
                    let reader = Reader::new(self.kind, &self.report.name);
                    self.open = Some(Box::new((lines, reader)));
                }
                Err(why) => {
                    self.report.error = Some(why);
                    self.over = true;
                    return;
                }
            }
        }
        let Some(open) = &mut self.open else { return };
        let (lines, reader) = open.as_mut();
        while self.held.len() < HELD {
            let Some(range) = lines.line() else {
                self.over = true;
                break;
            };
            let number = lines.number;
            match reader.line(lines.get(range), number, self.number) {
                Ok(None) => {}
                Ok(Some(line)) => {
                    let known = tables().of(line.dataset);
                    observe(to, &line, known);
                    let r = &mut self.report;
                    let began = line.start.unwrap_or(line.time);
                    r.first = Some(r.first.map_or(began, |f| f.min(began)));
                    r.last = Some(r.last.map_or(line.time, |l| l.max(line.time)));
                    r.records = r.records.saturating_add(1);
                    let (event, raw) = line.event(known);
                    reader.spare = raw;
                    self.held.push(Reverse(Next(event)));
                }
                Err(why) => bad(&mut self.report, number, why),
            }
        }
        if self.over {
            self.finish(to);
        }
    }

    /// Gives the file handle back until it is needed again.
    pub fn park(&mut self) {
        if let Some(open) = &mut self.open {
            open.0.park();
        }
    }

    /// Ends the log where it stands.
    pub fn finish(&mut self, to: &mut Injector) {
        self.over = true;
        let Some(open) = self.open.take() else { return };
        let (mut lines, reader) = *open;
        let r = &mut self.report;
        if lines.long > 0 {
            bad(r, lines.number, format!("longer than {} bytes", crate::lines::LONGEST));
            r.bad = r.bad.saturating_add(lines.long.saturating_sub(1));
        }
        if reader.dropped > 0 {
            to.obs.add("log_values", reader.dropped);
        }
        if r.bad > 0 {
            to.obs.add("log_lines", r.bad);
        }
        r.cut = lines.cut;
        r.error = lines.error.take();
        if let Some(hash) = lines.finish_hash() {
            r.sha256 = hash.iter().map(|b| format!("{b:02x}")).collect();
        }
        r.bytes = lines.read();
    }
}

fn bad(r: &mut Report, number: u64, why: String) {
    r.bad = r.bad.saturating_add(1);
    if r.first_bad.is_none() {
        r.first_bad = Some((number, why));
    }
}
