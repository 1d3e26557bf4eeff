//! HL7 version 2 messages in MLLP: what hospital systems tell each other.
//!
//! Sources: HL7 2.5.1 chapters 2 and 2C (encoding, acknowledgement), HL7 transport specification MLLP.
//! That a message is about a patient is said; who it is, is never kept.

#[cfg(test)]
mod tests;

use crate::asked::{Asked, Requests};
use crate::cx::Cx;
use crate::model::*;
use crate::probe::*;

pub static SPEC: Spec = Spec {
    name: "hl7",
    title: "HL7 v2 (MLLP)",
    industrial: false,
    transports: &[Transport::Tcp],
    ports: &[2575, 6661],
    ethertypes: &[],
    rank: 50,
    identify,
    open: || Box::<Hl7>::default(),
    pdus: false,
    facts: &["application", "facility", "hl7-version"],
    credentials: &[],
    operations: &["TYPE_TRIGGER"],
    source: "HL7 2.5.1 chapters 2, 2C; HL7 MLLP",
    level: 5,
    proofs: &["ndpi/pcap/hl7.pcap"],
};

/// Receivers answer when they have stored a message.
const TIMEOUT: Micros = 60_000_000;
const START: u8 = 0x0B;
const END: u8 = 0x1C;
/// Longest header segment that is believed.
const MAX_HEADER: usize = 2048;
/// Longest segment that is waited for; documents in a field are longer and passed over.
const MAX_SEGMENT: usize = 1024;
/// Applications of one flow that are told.
const MAX_TOLD: usize = 64;
/// Message types of one flow that are named.
const MAX_NAMES: usize = 64;

/// Fields of a segment, by its own separator.
fn fields(segment: &[u8]) -> Option<(u8, Vec<&[u8]>)> {
    let separator = *segment.get(3)?;
    let fields = segment.split(|b| *b == separator).take(24).collect();
    (!separator.is_ascii_alphanumeric() && !separator.is_ascii_control()).then_some((separator, fields))
}

fn words(field: &[u8]) -> String {
    String::from_utf8_lossy(field).trim().chars().filter(|c| !c.is_control()).take(64).collect()
}

fn identify(_: &Hint, data: &[u8]) -> Verdict {
    let begin: &[u8] = &[START, b'M', b'S', b'H'];
    if data.iter().zip(begin).any(|(a, b)| a != b) {
        return Verdict::No;
    }
    // separator, then encoding characters that are no letters
    match data.get(4..8) {
        None => Verdict::Need,
        Some(marks) if marks.iter().all(u8::is_ascii_punctuation) => {
            let head = data.get(1..).unwrap_or_default();
            match memchr::memchr(b'\r', head).and_then(|end| fields(head.get(..end)?)) {
                Some((_, fields)) => {
                    let answer = fields.get(8).is_some_and(|kind| kind.starts_with(b"ACK"));
                    Verdict::Strong(if answer { Role::Server } else { Role::Client })
                }
                None if data.len() < MAX_HEADER => Verdict::Need,
                None => Verdict::Strong(Role::Unknown),
            }
        }
        Some(_) => Verdict::No,
    }
}

/// A message that is being read, of one direction.
#[derive(Default)]
struct Reading {
    inside: bool,
    /// A segment too long to be kept is going by.
    passing: bool,
    message: Option<(String, Asked)>,
}

/// State of one flow.
#[derive(Default)]
struct Hl7 {
    open: Requests<String>,
    reading: [Reading; 2],
    told: Vec<String>,
    names: Vec<String>,
}

impl Probe for Hl7 {
    fn stream(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Step {
        let side = cx.from() as usize;
        let Some(reading) = self.reading.get_mut(side) else { return Step::Bad };
        let Some(&first) = data.first() else { return Step::Need };
        if !reading.inside {
            return match first {
                START => {
                    *reading = Reading { inside: true, ..Reading::default() };
                    Step::Used(1)
                }
                // ends of lines between messages
                b'\r' | b'\n' => Step::Used(1),
                _ => match memchr::memchr(START, data) {
                    Some(at) => {
                        cx.malformed();
                        Step::Used(at)
                    }
                    None => Step::Bad,
                },
            };
        }
        let end = data.iter().position(|b| matches!(*b, b'\r' | END));
        let limit = if reading.message.is_none() { MAX_HEADER } else { MAX_SEGMENT };
        match end {
            None if data.len() < limit => Step::Need,
            None => {
                reading.passing = true;
                Step::Used(data.len())
            }
            Some(at) => {
                let passing = std::mem::take(&mut reading.passing);
                let over = data.get(at) == Some(&END);
                if !passing && at > 0 {
                    self.segment(cx, data.get(..at).unwrap_or_default());
                }
                if over {
                    self.over(cx);
                }
                Step::Used(at + 1)
            }
        }
    }

    fn gap(&mut self, cx: &mut Cx<'_>, from: Side, _: u64) {
        self.over(cx);
        if let Some(reading) = self.reading.get_mut(from as usize) {
            *reading = Reading::default();
        }
    }

    fn tick(&mut self, cx: &mut Cx<'_>) {
        self.open.tick(cx, TIMEOUT);
    }

    fn end(&mut self, cx: &mut Cx<'_>) {
        self.open.end(cx);
    }
}

impl Hl7 {
    fn segment(&mut self, cx: &mut Cx<'_>, segment: &[u8]) {
        let side = cx.from() as usize;
        match segment.get(..3) {
            Some(b"MSH") => self.header(cx, segment),
            Some(b"PID") => {
                if let Some((_, asked)) = self.reading.get_mut(side).and_then(|r| r.message.as_mut()) {
                    asked.detail.push(("patient", Val::Bool(true)));
                }
            }
            Some(b"MSA") => {
                let Some((_, fields)) = fields(segment) else { return cx.malformed() };
                let code = fields.get(1).copied().unwrap_or_default();
                let control = fields.get(2).map(|f| words(f)).unwrap_or_default();
                let (outcome, why) = match code {
                    b"AA" | b"CA" => (Outcome::Accepted, None),
                    b"AE" | b"CE" => (Outcome::Refused, Some((1, "application_error"))),
                    _ => (Outcome::Refused, Some((2, "application_reject"))),
                };
                // a query's answer is one message with its data
                if let Some(reading) = self.reading.get_mut(side) {
                    reading.message = None;
                }
                self.open.answer(cx, &control, outcome, why);
            }
            _ => {}
        }
    }

    fn header(&mut self, cx: &mut Cx<'_>, segment: &[u8]) {
        let Some((separator, fields)) = fields(segment) else { return cx.malformed() };
        self.open.hear(cx);
        // the separator itself is field 1
        let field = |n: usize| fields.get(n - 1).map(|f| words(f)).unwrap_or_default();
        let component = segment.get(4).copied().filter(|c| *c != separator).map_or('^', char::from);
        let from = cx.from();
        for (name, value, at) in [
            ("application", field(3), "MSH-3"),
            ("facility", field(4), "MSH-4"),
            ("hl7-version", field(12), "MSH-12"),
        ] {
            self.tell(cx, from, name, &value, at);
        }
        for (name, value, at) in [("application", field(5), "MSH-5"), ("facility", field(6), "MSH-6")] {
            self.tell(cx, from.other(), name, &value, at);
        }
        let kind = field(9);
        let mut parts = kind.split(component);
        let (kind, trigger) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        if kind.len() != 3 || !kind.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return cx.malformed();
        }
        if kind == "ACK" {
            return;
        }
        let plain = trigger.len() <= 4 && trigger.bytes().all(|b| b.is_ascii_alphanumeric());
        let name = match trigger {
            "" => kind.to_ascii_lowercase(),
            trigger if plain => format!("{kind}_{trigger}").to_ascii_lowercase(),
            _ => kind.to_ascii_lowercase(),
        };
        if !self.names.contains(&name) {
            if self.names.len() >= MAX_NAMES {
                return cx.dropped("hl7_messages");
            }
            self.names.push(name.clone());
        }
        let asked = Asked::new(cx, action(kind), name);
        if let Some(reading) = self.reading.get_mut(from as usize) {
            reading.message = Some((field(10), asked));
        }
    }

    /// The end of a message: it now waits for its acknowledgement.
    fn over(&mut self, cx: &mut Cx<'_>) {
        let Some(reading) = self.reading.get_mut(cx.from() as usize) else { return };
        let message = reading.message.take();
        *reading = Reading::default();
        if let Some((control, asked)) = message {
            self.open.ask(cx, control, asked);
        }
    }

    fn tell(&mut self, cx: &mut Cx<'_>, side: Side, name: &'static str, value: &str, field: &'static str) {
        let key = format!("{side:?}{name}{value}");
        if value.is_empty() || self.told.contains(&key) {
            return;
        }
        if self.told.len() >= MAX_TOLD {
            return cx.dropped("hl7_applications");
        }
        cx.fact(side, name, value, field);
        self.told.push(key);
    }
}

/// Queries read, everything else changes what the receiver holds (HL7 appendix A, table 0076).
fn action(kind: &str) -> Action {
    match kind {
        "QRY" | "QBP" | "QVR" | "QSB" | "QSX" | "VXQ" | "OSQ" | "SQM" | "SQR" => Action::Read,
        "NMQ" | "NMD" | "NMR" => Action::Diagnose,
        "RSP" | "RTB" | "DSR" | "ADR" | "ORF" | "OSR" => Action::Other,
        _ => Action::Write,
    }
}
