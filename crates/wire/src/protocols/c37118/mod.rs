//! IEEE C37.118: synchrophasors, the measurements of phasor measurement units (PMU).
//!
//! Every frame begins with AA and its type, says its size, and ends with a CRC-CCITT. A command has
//! no answer of its own: what it asks for (a configuration, the stream of data) is the answer.
//! Source: IEEE C37.118.2-2011, clause 6; constants checked with Wireshark's packet-synphasor.c.

mod config;
#[cfg(test)]
mod tests;

use crate::asked::{Asked, Requests};
use crate::crc::CRC_1021;
use crate::bytes::{Reader, text};
use crate::cx::Cx;
use crate::model::*;
use crate::probe::{Hint, Malformed, Probe, Role, Spec, Step, Verdict};

pub static SPEC: Spec = Spec {
    name: "c37118",
    title: "IEEE C37.118 synchrophasors",
    industrial: true,
    transports: &[Transport::Tcp, Transport::Udp],
    ports: &[4712, 4713],
    ethertypes: &[],
    rank: 40,
    identify,
    open: || Box::<Synchrophasor>::default(),
    pdus: false,
    facts: &["name", "id:c37118", "location", "station", "description", "role"],
    credentials: &[],
    operations: &[
        "data_transmission_off",
        "data_transmission_on",
        "send_header",
        "send_cfg1",
        "send_cfg2",
        "send_cfg3",
        "extended_frame",
        "user_command",
    ],
    source: "IEEE C37.118.2-2011, clause 6; Wireshark's packet-synphasor.c for a second reading",
    level: 5,
    proofs: &["ics-security-tools/C37.118"],
};

/// A command without its answer is given up after this many microseconds.
const TIMEOUT: Micros = 10_000_000;
/// Sync, size, id, second, fraction.
const HEAD: usize = 14;
/// Streams of one flow whose configuration is remembered.
const MAX_STREAMS: usize = 64;

const DATA: u8 = 0;
const HEADER: u8 = 1;
const CFG1: u8 = 2;
const CFG2: u8 = 3;
const COMMAND: u8 = 4;
const CFG3: u8 = 5;

#[derive(Clone, Copy, Debug)]
struct Frame<'a> {
    kind: u8,
    id: u16,
    body: &'a [u8],
}

enum Found<'a> {
    Frame(Frame<'a>, usize),
    Short,
    No,
}

/// CRC-CCITT with start value FFFF, over all but itself (annex B).
fn crc(bytes: &[u8]) -> u16 {
    CRC_1021.of(0xFFFF, bytes.iter().copied())
}

fn read(data: &[u8]) -> Found<'_> {
    match data {
        [first, ..] if *first != 0xAA => return Found::No,
        // type in bits 4 to 6, version 1 (2005) or 2 (2011) in the low four
        [_, kind, ..] if kind & 0x80 != 0 || kind >> 4 > CFG3 || !matches!(kind & 15, 1 | 2) => {
            return Found::No;
        }
        _ => {}
    }
    let &[_, kind, a, b, ..] = data else { return Found::Short };
    let (kind, size) = (kind >> 4, usize::from(u16::from_be_bytes([a, b])));
    let least = match kind {
        DATA | HEADER | COMMAND => HEAD + 2 + if kind == HEADER { 0 } else { 2 },
        _ => HEAD + 10,
    };
    if size < least {
        return Found::No;
    }
    let Some(frame) = data.get(..size) else { return Found::Short };
    let Some((rest, sum)) = frame.split_last_chunk::<2>() else { return Found::No };
    if crc(rest) != u16::from_be_bytes(*sum) {
        return Found::No;
    }
    let mut r = Reader::new(rest);
    match (|| {
        r.skip(4)?;
        let id = r.be16()?;
        r.skip(8)?;
        Some(Frame { kind, id, body: r.rest() })
    })() {
        Some(frame) => Found::Frame(frame, size),
        None => Found::No,
    }
}

fn identify(hint: &Hint, data: &[u8]) -> Verdict {
    match read(data) {
        Found::Frame(frame, _) if frame.kind == COMMAND => Verdict::Strong(Role::Client),
        Found::Frame(..) => Verdict::Strong(Role::Server),
        Found::Short if hint.transport == Transport::Tcp && data.len() < 4096 => Verdict::Need,
        // a frame longer than what is looked at, on a port of this protocol
        Found::Short if hint.transport == Transport::Tcp => Verdict::Weak(Role::Server),
        _ => Verdict::No,
    }
}

#[derive(Default)]
struct Synchrophasor {
    open: Requests<(u16, u16)>,
    /// Stream, and the configuration counts its PMUs had.
    known: Vec<(u16, u32)>,
}

impl Probe for Synchrophasor {
    fn stream(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Step {
        match read(data) {
            Found::Frame(frame, size) => {
                self.frame(cx, &frame);
                Step::Used(size)
            }
            Found::Short => Step::Need,
            Found::No => Step::Bad,
        }
    }
    fn datagram(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Result<(), Malformed> {
        match read(data) {
            Found::Frame(frame, _) => {
                self.frame(cx, &frame);
                Ok(())
            }
            _ => Err(Malformed),
        }
    }
    fn tick(&mut self, cx: &mut Cx<'_>) {
        self.open.tick(cx, TIMEOUT);
    }
    fn end(&mut self, cx: &mut Cx<'_>) {
        self.open.end(cx);
    }
}

impl Synchrophasor {
    fn frame(&mut self, cx: &mut Cx<'_>, frame: &Frame<'_>) {
        self.open.hear(cx);
        match frame.kind {
            COMMAND => self.command(cx, frame),
            HEADER => {
                self.open.settle(cx, &(frame.id, 3), None);
                cx.fact(cx.from(), "description", &text(frame.body), "header.data");
            }
            CFG1 | CFG2 | CFG3 => {
                let asked = match frame.kind {
                    CFG1 => 4,
                    CFG2 => 5,
                    _ => 6,
                };
                self.open.settle(cx, &(frame.id, asked), None);
                self.configuration(cx, frame);
            }
            _ => self.open.settle(cx, &(frame.id, 2), None),
        }
    }

    fn command(&mut self, cx: &mut Cx<'_>, frame: &Frame<'_>) {
        let Some(code) = Reader::new(frame.body).be16() else { return cx.malformed() };
        let (name, action) = match code {
            1 => ("data_transmission_off", Action::Subscribe),
            2 => ("data_transmission_on", Action::Subscribe),
            3 => ("send_header", Action::Read),
            4 => ("send_cfg1", Action::Read),
            5 => ("send_cfg2", Action::Read),
            6 => ("send_cfg3", Action::Read),
            8 => ("extended_frame", Action::Other),
            _ => ("user_command", Action::Other),
        };
        let mut asked = Asked::new(cx, action, name).code(code);
        asked.unit = Some(frame.id.to_string().into());
        asked.notable = matches!(code, 1 | 2 | 7..);
        cx.fact(cx.from(), "role", "scada-server", "command");
        // no frame answers these
        if !matches!(code, 2..=6) {
            return asked.report(cx, Outcome::Unknown, None);
        }
        self.open.ask(cx, (frame.id, code), asked);
    }

    fn configuration(&mut self, cx: &mut Cx<'_>, frame: &Frame<'_>) {
        let from = cx.from();
        cx.fact(from, "id:c37118", &frame.id.to_string(), "IDCODE");
        let Some(config) = config::read(frame.body, frame.kind == CFG3) else { return cx.malformed() };
        let single = config.pmus.len() == 1;
        for pmu in &config.pmus {
            // a concentrator names the stations behind it
            cx.fact(from, if single { "name" } else { "station" }, &pmu.station, "STN");
            if let Some(place) = &pmu.place {
                cx.fact(from, if single { "location" } else { "station_location" }, place, "PMU_LAT, PMU_LON");
            }
        }
        cx.fact(from, "role", if single { "ied" } else { "gateway" }, "NUM_PMU");
        if frame.kind == CFG1 {
            return;
        }
        let counts = config.pmus.iter().map(|p| u32::from(p.changes)).fold(0, u32::wrapping_add);
        match self.known.iter().position(|(id, _)| *id == frame.id) {
            Some(at) => {
                let old = self.known.get_mut(at).map(|k| std::mem::replace(&mut k.1, counts));
                if old != Some(counts) {
                    let fields = vec![
                        ("ot.protocol", Val::Static("c37118")),
                        ("ot.unit", Val::from(frame.id.to_string())),
                        ("c37118.configuration_count", Val::from(counts)),
                    ];
                    cx.event("configuration_changed", "change", fields);
                }
            }
            None if self.known.len() < MAX_STREAMS => self.known.push((frame.id, counts)),
            None => cx.dropped("c37118_streams"),
        }
    }
}
