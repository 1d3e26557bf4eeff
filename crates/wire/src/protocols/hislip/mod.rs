//! HiSLIP: test and measurement instruments over TCP (IVI-6.1), and the SCPI commands in it.
//!
//! Second reader: Wireshark. An instrument's answer to `*IDN?` says what it is (IEEE 488.2, 10.14).

#[cfg(test)]
mod tests;

use crate::asked::{Asked, Requests};
use crate::bytes::{Reader, text};
use crate::cx::Cx;
use crate::model::*;
use crate::probe::*;

pub static SPEC: Spec = Spec {
    name: "hislip",
    title: "HiSLIP (LXI instruments)",
    industrial: false,
    transports: &[Transport::Tcp],
    ports: &[4880],
    ethertypes: &[],
    rank: 50,
    identify,
    open: || Box::<HiSlip>::default(),
    pdus: false,
    facts: &["vendor", "model", "serial", "firmware", "vendor-id"],
    credentials: &[],
    operations: &["query", "command", "reset", "lock", "unlock", "device_clear", "trigger", "status_query"],
    source: "IVI-6.1 rev 2.0, IEEE 488.2; Wireshark as second reader",
    level: 5,
    proofs: &["ndpi/pcap/hislip.pcap"],
};

/// A measurement may take long.
const TIMEOUT: Micros = 120_000_000;
const HEADER: usize = 16;
/// Octets of a payload that are looked at; waveforms are passed over.
const MAX_TEXT: u64 = 512;
/// Longest message that is believed.
const MAX_LENGTH: u64 = 1 << 32;

struct Header {
    kind: u8,
    control: u8,
    parameter: u32,
    length: u64,
}

impl Header {
    fn read(data: &[u8]) -> Option<Header> {
        let mut r = Reader::new(data);
        if r.take(2)? != b"HS" {
            return None;
        }
        let (kind, control, parameter) = (r.u8()?, r.u8()?, r.be32()?);
        let length = r.be64().filter(|n| *n <= MAX_LENGTH)?;
        (kind <= 36 || kind >= 128).then_some(Header { kind, control, parameter, length })
    }
    fn role(&self) -> Role {
        match self.kind {
            0 | 4 | 8 | 10 | 12 | 15 | 17 | 19 | 21 | 24 => Role::Client,
            1 | 5 | 9 | 11 | 13 | 14 | 16 | 18 | 20 | 22 | 23 | 25 => Role::Server,
            _ => Role::Unknown,
        }
    }
}

fn identify(_: &Hint, data: &[u8]) -> Verdict {
    if data.iter().zip(b"HS").any(|(a, b)| a != b) {
        return Verdict::No;
    }
    if data.len() < HEADER {
        return if data.get(8).is_none_or(|b| *b == 0) { Verdict::Need } else { Verdict::No };
    }
    match Header::read(data) {
        // a session begins with version and vendor; a short payload is a sub-address
        Some(h) if matches!(h.kind, 0) && h.length <= 256 && h.parameter >> 24 <= 9 => Verdict::Strong(Role::Client),
        Some(h) if h.kind <= 36 && h.length <= 1 << 20 => Verdict::Strong(h.role()),
        _ => Verdict::No,
    }
}

/// State of one flow.
#[derive(Default)]
struct HiSlip {
    open: Requests<u8, 16>,
    /// The last query asks what the instrument is.
    identity: bool,
}

impl Probe for HiSlip {
    fn stream(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Step {
        if data.len() < HEADER {
            return if data.iter().zip(b"HS").any(|(a, b)| a != b) { Step::Bad } else { Step::Need };
        }
        let Some(header) = Header::read(data) else { return Step::Bad };
        let wanted = HEADER + header.length.min(MAX_TEXT) as usize;
        let Some(payload) = data.get(HEADER..wanted) else { return Step::Need };
        self.message(cx, &header, payload);
        let total = HEADER as u64 + header.length;
        match total.checked_sub(data.len() as u64) {
            Some(more) if more > 0 => Step::Skip(more),
            _ => Step::Used(total as usize),
        }
    }

    fn tick(&mut self, cx: &mut Cx<'_>) {
        self.open.tick(cx, TIMEOUT);
    }

    fn end(&mut self, cx: &mut Cx<'_>) {
        self.open.end(cx);
    }
}

impl HiSlip {
    fn message(&mut self, cx: &mut Cx<'_>, h: &Header, payload: &[u8]) {
        match h.role() {
            Role::Client => cx.sender_is(Side::Client),
            Role::Server => cx.sender_is(Side::Server),
            Role::Unknown => {}
        }
        self.open.hear(cx);
        match h.kind {
            1 | 18 => {
                // the vendor's two letters: in the low half of the parameter, or with the version
                let [_, _, a, b] = h.parameter.to_be_bytes();
                if h.kind == 18 && a.is_ascii_uppercase() && b.is_ascii_uppercase() {
                    let id = String::from_utf8_lossy(&[a, b]).into_owned();
                    cx.fact(Side::Server, "vendor-id", &id, "AsyncInitializeResponse");
                }
            }
            2 | 3 => {
                if let Some((_, asked)) = self.open.take_if(|_, _| true) {
                    asked.report(cx, Outcome::Refused, Some((i64::from(h.control), "error")));
                }
            }
            4 => {
                let name = if h.control == 0 { "unlock" } else { "lock" };
                let action = if h.control == 0 { Action::Unlock } else { Action::Lock };
                let asked = Asked::new(cx, action, name).code(h.kind);
                self.open.ask(cx, 5, asked);
            }
            5 => {
                // 0 failure, 1 success, 2 success of a shared lock, 3 error
                let good = matches!(h.control, 1 | 2);
                let outcome = if good { Outcome::Accepted } else { Outcome::Refused };
                self.open.answer(cx, &5, outcome, (!good).then_some((i64::from(h.control), "not_locked")));
            }
            12 => Asked::new(cx, Action::Start, "trigger").code(h.kind).report(cx, Outcome::Unknown, None),
            19 => {
                let asked = Asked::new(cx, Action::Clear, "device_clear").code(h.kind);
                self.open.ask(cx, 23, asked);
            }
            21 => {
                let asked = Asked::new(cx, Action::Diagnose, "status_query").code(h.kind);
                self.open.ask(cx, 22, asked);
            }
            22 | 23 => {
                self.open.answer(cx, &h.kind, Outcome::Accepted, None);
            }
            6 | 7 if cx.from() == Side::Client => self.command(cx, payload),
            6 | 7 => {
                self.open.answer(cx, &7, Outcome::Accepted, None);
                if std::mem::take(&mut self.identity) {
                    identity(cx, payload);
                }
            }
            _ => {}
        }
    }

    /// A line of SCPI.
    fn command(&mut self, cx: &mut Cx<'_>, payload: &[u8]) {
        let line = text(payload);
        let word = line.split([' ', ';', '\n']).next().unwrap_or_default().to_ascii_uppercase();
        let plain = !word.is_empty()
            && word.len() <= 64
            && word.bytes().all(|b| b.is_ascii_alphanumeric() || b"*:?_#".contains(&b));
        if !plain {
            return;
        }
        if word.ends_with('?') {
            self.identity = word == "*IDN?";
            let action = if self.identity { Action::Identify } else { Action::Read };
            let asked = Asked::new(cx, action, "query").target(word);
            return self.open.ask(cx, 7, asked);
        }
        let (name, action) = match word.as_str() {
            "*RST" => ("reset", Action::Restart),
            _ => ("command", Action::Write),
        };
        Asked::new(cx, action, name).target(word).report(cx, Outcome::Unknown, None);
    }
}

/// Maker, model, serial number, firmware.
fn identity(cx: &mut Cx<'_>, payload: &[u8]) {
    let line = text(payload);
    let mut fields = line.split(',').map(str::trim);
    for name in ["vendor", "model", "serial", "firmware"] {
        match fields.next() {
            Some(value) if !value.is_empty() && value != "0" && value.len() <= 64 => {
                cx.fact(Side::Server, name, value, "*IDN?");
            }
            _ => {}
        }
    }
}
