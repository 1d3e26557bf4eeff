//! Several logs as one, merged by time: the order in which they were named changes nothing.

use crate::recognise::Kind;
use crate::source::{Report, Source};
use sentinel_detect::event::Event;
use sentinel_wire::events::Injector;
use sentinel_wire::model::Micros;
use sentinel_wire::obs::{EventMode, Limits, Observations};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Events that make a step end, so that they can be handed over.
const MOST_EVENTS: usize = 16 * 1024;
/// File handles held at a time; beyond, each is given back after every read.
const MOST_HANDLES: usize = 200;

/// A run over logs.
pub struct Logs {
    sources: Vec<Source>,
    failed: Vec<String>,
    /// Logs not begun, by the time of their first event; the earliest is the last.
    waiting: Vec<usize>,
    /// Next event of each log that was begun: (time, identity, source).
    next: BinaryHeap<Reverse<(Micros, u128, usize)>>,
    to: Injector,
    events: Vec<Event>,
    /// Events are made for the caller; else only what they tell is kept.
    wanted: bool,
    clock: Micros,
    records: u64,
    done: bool,
}

impl Logs {
    /// Looks at the logs; what is none is told by [`Logs::failed`].
    pub fn open(paths: &[PathBuf], events: bool, hash: bool) -> Logs {
        let mut sources = Vec::new();
        let mut failed = Vec::new();
        for path in paths {
            match Source::look(path, hash) {
                Ok(source) => sources.push(source),
                Err(why) => failed.push(why),
            }
        }
        // numbered by time and name, so that the order of arguments changes nothing
        let key = |s: &Source| (s.first.unwrap_or(Micros::MAX), s.report.name.clone());
        sources.sort_by_key(key);
        for (n, source) in sources.iter_mut().enumerate() {
            source.number = u32::try_from(n).unwrap_or(u32::MAX);
        }
        let limits = limits();
        Logs {
            waiting: (0..sources.len()).rev().collect(),
            sources,
            failed,
            next: BinaryHeap::new(),
            to: Injector::new(limits, EventMode::None),
            events: Vec::new(),
            wanted: events,
            clock: Micros::MIN,
            records: 0,
            done: false,
        }
    }

    /// Sources are numbered from here on: others of the same run come before.
    pub fn renumber(&mut self, base: u32) {
        for source in &mut self.sources {
            source.number = source.number.saturating_add(base);
        }
    }

    /// Reads for about `budget`, to events later than `until`, or until there are events to hand over.
    /// True when all logs are at their end.
    pub fn step(&mut self, budget: Duration, until: Micros) -> bool {
        let begin = Instant::now();
        let mut count: u32 = 0;
        while !self.done {
            self.begin_those_due();
            let Some(&Reverse((time, _, at))) = self.next.peek() else {
                self.done = self.waiting.is_empty();
                continue;
            };
            if time > until || self.events.len() >= MOST_EVENTS {
                break;
            }
            self.next.pop();
            self.take(at);
            count = count.wrapping_add(1);
            if count.is_multiple_of(256) && begin.elapsed() >= budget {
                break;
            }
        }
        self.done
    }

    /// Opens every log whose first event may be the next.
    fn begin_those_due(&mut self) {
        while let Some(&at) = self.waiting.last() {
            let first = self.sources.get(at).and_then(|s| s.first).unwrap_or(Micros::MAX);
            if self.next.peek().is_some_and(|Reverse((time, ..))| *time < first) {
                return;
            }
            self.waiting.pop();
            self.look_on(at);
        }
    }

    /// Puts the next event of a log in its place.
    fn look_on(&mut self, at: usize) {
        let crowded = self.next.len() > MOST_HANDLES;
        let Some(source) = self.sources.get_mut(at) else { return };
        if let Some(time) = source.next_time(&mut self.to) {
            self.next.push(Reverse((time, source.next_id(), at)));
        }
        if crowded {
            source.park();
        }
    }

    fn take(&mut self, at: usize) {
        if let Some(event) = self.sources.get_mut(at).and_then(Source::pop) {
            self.clock = self.clock.max(event.time);
            self.records = self.records.saturating_add(1);
            if self.wanted {
                self.events.push(event);
            }
        }
        self.look_on(at);
    }

    /// Events since the last call, by time.
    pub fn take_events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }
    /// Time of the newest event handed out.
    pub fn clock(&self) -> Micros {
        self.clock
    }
    /// Time of the next event; `None` at the end of all.
    pub fn ahead(&mut self) -> Option<Micros> {
        self.begin_those_due();
        self.next.peek().map(|Reverse((time, ..))| *time)
    }
    /// (lines that became events, bytes read, bytes there are or `None`)
    pub fn progress(&self) -> (u64, u64, Option<u64>) {
        let read = self.sources.iter().fold(0u64, |n, s| n.saturating_add(s.read()));
        let total = self.sources.iter().try_fold(0u64, |n, s| s.size.map(|size| n.saturating_add(size)));
        (self.records, read, total)
    }
    /// Names of the sources, by number.
    pub fn names(&self) -> Vec<String> {
        self.sources.iter().map(|s| s.report.name.clone()).collect()
    }
    /// One line for each that is no log.
    pub fn failed(&self) -> &[String] {
        &self.failed
    }
    /// Ends the run where it stands.
    pub fn stop(&mut self) {
        self.done = true;
        for source in &mut self.sources {
            source.finish(&mut self.to);
        }
    }
    /// What was learnt, and what is told of each log, in the order of their numbers.
    pub fn finish(mut self) -> (Observations, Vec<Report>) {
        self.stop();
        self.to.finish();
        (self.to.obs, self.sources.into_iter().map(|s| s.report).collect())
    }
}

/// Logs are one set of observations, not 64: its tables are as large as those of all shards would be in
/// a network of that size.
pub(crate) fn limits() -> Limits {
    let one = Limits::default();
    Limits {
        hosts: one.hosts.saturating_mul(8),
        facts: one.facts.saturating_mul(8),
        services: one.services.saturating_mul(8),
        bindings: one.bindings.saturating_mul(8),
        conversations: one.conversations.saturating_mul(16),
        operations: one.operations.saturating_mul(16),
        credentials: one.credentials.saturating_mul(16),
        text: one.text.saturating_mul(4),
        ..one
    }
}

/// What a file or standard input is: `zeek`, `eve`, `text` (of neither), `other` (a capture perhaps).
pub fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Text => "text",
        Kind::Other => "other",
        log => log.word().unwrap_or("other"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::path::Path;

    fn folder(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("sentinel-logs-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        path
    }
    fn file(folder: &Path, name: &str, text: &str) -> PathBuf {
        let path = folder.join(name);
        fs::write(&path, text).unwrap();
        path
    }
    fn all(paths: &[PathBuf]) -> (Vec<Event>, Observations, Vec<Report>) {
        let mut logs = Logs::open(paths, true, true);
        let mut events = Vec::new();
        while !logs.step(Duration::from_secs(1), Micros::MAX) {
            events.append(&mut logs.take_events());
        }
        events.append(&mut logs.take_events());
        let (obs, reports) = logs.finish();
        (events, obs, reports)
    }

    const CONN: &str = "#separator \\x09\n#path\tconn\n#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tservice\tduration\torig_pkts\torig_ip_bytes\tresp_pkts\tresp_ip_bytes\tconn_state\n#types\ttime\tstring\taddr\tport\taddr\tport\tenum\tstring\tinterval\tcount\tcount\tcount\tcount\tstring\n100.0\tC1\t10.0.0.1\t4000\t10.0.0.2\t502\ttcp\tmodbus\t5.0\t4\t400\t3\t300\tSF\nbroken\n103.0\tC2\t10.0.0.3\t4001\t10.0.0.2\t80\ttcp\t-\t-\t1\t40\t0\t0\tS0\n#close\tx\n";
    const EVE: &str = "{\"timestamp\":\"1970-01-01T00:01:44Z\",\"event_type\":\"alert\",\"src_ip\":\"10.0.0.9\",\"src_port\":5,\"dest_ip\":\"10.0.0.2\",\"dest_port\":502,\"proto\":\"TCP\",\"alert\":{\"signature_id\":1,\"signature\":\"AB SCAN x\",\"severity\":2,\"category\":\"c\"}}\n";

    #[test]
    fn logs_are_merged_by_time_whatever_their_order() {
        let at = folder("merged");
        let (a, b) = (file(&at, "conn.log", CONN), file(&at, "eve.json", EVE));
        let (one, obs, reports) = all(&[a.clone(), b.clone()]);
        let (other, ..) = all(&[b, a]);
        assert_eq!(one, other);
        let times: Vec<Micros> = one.iter().map(|e| e.time).collect();
        assert_eq!(times, [103_000_000, 104_000_000, 105_000_000]);
        assert_eq!(one[1].text("rule.id"), Some("suricata:1:1"));
        assert_eq!(one[2].text("network.protocol"), Some("modbus"));
        assert!(one[2].text("network.community_id").unwrap().starts_with("1:"));
        let conn = reports.iter().find(|r| r.kind == "zeek").unwrap();
        assert_eq!((conn.records, conn.bad), (2, 1));
        assert_eq!(conn.first_bad, Some((6, "it has fewer columns than #fields".into())));
        assert_eq!((conn.first, conn.last), (Some(100_000_000), Some(105_000_000)));
        assert_eq!(conn.sha256.len(), 64);
        assert_eq!(obs.hosts.len(), 4);
        let modbus = obs.conversations.iter().find(|(k, _)| k.protocol == "modbus").unwrap();
        assert_eq!((modbus.1.packets, modbus.1.bytes), (7, 700));
    }

    #[test]
    fn steps_of_any_length_give_the_same() {
        let at = folder("steps");
        let lines: Vec<String> = (0..3000)
            .map(|n| EVE.replace("00:01:44", &format!("00:{:02}:{:02}.{n:04}", n / 60 % 60, n * 7 % 60)))
            .collect();
        let path = file(&at, "eve.json", &lines.concat());
        let (whole, ..) = all(std::slice::from_ref(&path));
        let mut logs = Logs::open(&[path], true, false);
        let mut events = Vec::new();
        let mut until = 0;
        while !logs.step(Duration::ZERO, until) {
            until += 1_000_000;
            events.append(&mut logs.take_events());
        }
        events.append(&mut logs.take_events());
        assert_eq!(events, whole);
        assert_eq!(events.len(), 3000);
    }

    #[test]
    fn the_same_line_in_two_files_is_one_event_and_twice_in_one_is_two() {
        let at = folder("same");
        let (a, b) = (file(&at, "a.json", EVE), file(&at, "b.json", &EVE.repeat(2)));
        let ids: Vec<u128> = all(&[a, b]).0.iter().map(|e| e.id).collect();
        assert_eq!(ids.len(), 3);
        let distinct: std::collections::BTreeSet<u128> = ids.into_iter().collect();
        assert_eq!(distinct.len(), 2);
    }

    #[test]
    fn what_is_no_log_is_told() {
        let at = folder("none");
        let logs = Logs::open(&[file(&at, "a.json", "{\"a\":1}\n"), file(&at, "empty", "")], true, true);
        assert!(logs.failed()[0].contains("a.json: is no log of Zeek"), "{:?}", logs.failed());
        assert!(logs.failed()[1].contains("is empty"));
    }
}
