//! Omron FINS over UDP, and over TCP behind its own header.
//!
//! A frame has addresses (network, node, unit) of both ends, a service id that the answer repeats,
//! and a command of two octets. FINS has no log-in; the key that protects a program is sent readable.
//! Sources: Omron W342 (Communications Commands Reference, CS/CJ), chapters 3 and 5; Wireshark's
//! packet-omron-fins.c and icsnpp-omron-fins for a second reading.

mod commands;
#[cfg(test)]
mod tests;

use crate::asked::{Asked, Requests};
use crate::bytes::{Reader, text};
use crate::cx::Cx;
use crate::model::*;
use crate::probe::{Hint, Malformed, Probe, Role, Spec, Step, Verdict};

pub static SPEC: Spec = Spec {
    name: "fins",
    title: "Omron FINS",
    industrial: true,
    transports: &[Transport::Tcp, Transport::Udp],
    ports: &[PORT],
    ethertypes: &[],
    rank: 60,
    identify,
    open: || Box::<Fins>::default(),
    pdus: false,
    facts: &["vendor", "model", "firmware", "role", "id:fins", "state"],
    credentials: &["password"],
    operations: commands::OPERATIONS,
    source: "Omron W342 chapters 3 and 5; Wireshark's packet-omron-fins.c, icsnpp-omron-fins",
    level: 5,
    proofs: &[],
};

const PORT: u16 = 9600;
const TIMEOUT: Micros = 10_000_000;
/// Octets of the FINS head and the command.
const HEAD: usize = 12;
/// The largest frame (W342, 3-2-1: 2,012 octets of text at most).
const MAX_FRAME: usize = 2048 + HEAD;

/// One FINS frame.
#[derive(Clone, Copy, Debug)]
struct Frame<'a> {
    response: bool,
    wants_answer: bool,
    destination: (u8, u8, u8),
    source: (u8, u8, u8),
    service: u8,
    command: u16,
    body: &'a [u8],
}

fn read(data: &[u8]) -> Option<Frame<'_>> {
    let mut r = Reader::new(data);
    let (icf, reserved, gates) = (r.u8()?, r.u8()?, r.u8()?);
    // bit 7 says that gateways are used, bit 6 response, bit 0 no answer wanted; the rest is zero
    if icf & 0x3E != 0 || icf & 0x80 == 0 || reserved != 0 || gates > 7 {
        return None;
    }
    let mut address = || Some((r.u8()?, r.u8()?, r.u8()?));
    let (destination, source) = (address()?, address()?);
    if destination.0 > 0x7F || source.0 > 0x7F {
        return None;
    }
    let (service, command) = (r.u8()?, r.be16()?);
    let response = icf & 0x40 != 0;
    let body = r.rest();
    if data.len() > MAX_FRAME || (response && body.len() < 2) {
        return None;
    }
    Some(Frame { response, wants_answer: icf & 1 == 0, destination, source, service, command, body })
}

/// The TCP header: `FINS`, octets behind the length, command, error.
fn tcp_header(data: &[u8]) -> Option<(usize, u32, u32)> {
    let mut r = Reader::new(data);
    let (magic, size, command, error) = (r.take(4)?, r.be32()?, r.be32()?, r.be32()?);
    let fits = (8..=MAX_FRAME as u32 + 8).contains(&size) && command <= 6 && error <= 0x30;
    (magic == b"FINS" && fits).then_some((size as usize + 8, command, error))
}

fn identify(hint: &Hint, data: &[u8]) -> Verdict {
    if hint.transport == Transport::Tcp {
        if !b"FINS".starts_with(data.get(..data.len().min(4)).unwrap_or_default()) {
            return Verdict::No;
        }
        return match tcp_header(data) {
            None if data.len() < 16 => Verdict::Need,
            None => Verdict::No,
            Some((_, 0, _)) => Verdict::Strong(Role::Client),
            Some((_, 1, _)) => Verdict::Strong(Role::Server),
            Some(_) => match data.get(16).map(|icf| icf & 0x40) {
                Some(0) => Verdict::Strong(Role::Client),
                Some(_) => Verdict::Strong(Role::Server),
                None => Verdict::Strong(Role::Unknown),
            },
        };
    }
    let Some(frame) = read(data) else { return Verdict::No };
    let Some(command) = commands::command(frame.command) else { return Verdict::No };
    let (sizes, role) = if frame.response {
        (&command.answers, Role::Server)
    } else {
        (&command.requests, Role::Client)
    };
    // an answer that refuses has its end code only
    let size = frame.body.len() - if frame.response { 2 } else { 0 };
    let refused = frame.response && size == 0;
    if !sizes.contains(&size) && !refused {
        return Verdict::No;
    }
    if frame.response && !commands::is_end_code(frame.body) {
        return Verdict::No;
    }
    // the head has no magic number: believed on its port, or where the exchange agrees
    match hint.port(PORT) {
        true => Verdict::Strong(role),
        false => Verdict::Weak(role),
    }
}

#[derive(Default)]
struct Fins {
    open: Requests<(u8, u16)>,
}

impl Probe for Fins {
    fn stream(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Step {
        if !b"FINS".starts_with(data.get(..data.len().min(4)).unwrap_or_default()) {
            return Step::Bad;
        }
        let Some((size, command, error)) = tcp_header(data) else {
            return if data.len() < 16 { Step::Need } else { Step::Bad };
        };
        let Some(whole) = data.get(..size) else { return Step::Need };
        let body = whole.get(16..).unwrap_or_default();
        match command {
            0 => cx.sender_is(Side::Client),
            1 => {
                cx.sender_is(Side::Server);
                self.open.hear(cx);
                if error == 0 && let Some(node) = body.get(7) {
                    cx.fact(Side::Server, "id:fins", &format!("0.{node}.0"), "server_node_address");
                }
            }
            2 => match read(body) {
                Some(frame) => self.frame(cx, &frame),
                None => cx.malformed(),
            },
            _ => {}
        }
        Step::Used(size)
    }
    fn datagram(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Result<(), Malformed> {
        let frame = read(data).ok_or(Malformed)?;
        self.frame(cx, &frame);
        Ok(())
    }
    fn tick(&mut self, cx: &mut Cx<'_>) {
        self.open.tick(cx, TIMEOUT);
    }
    fn end(&mut self, cx: &mut Cx<'_>) {
        self.open.end(cx);
    }
}

fn address((network, node, unit): (u8, u8, u8)) -> String {
    format!("{network}.{node}.{unit}")
}

impl Fins {
    fn frame(&mut self, cx: &mut Cx<'_>, frame: &Frame<'_>) {
        self.open.hear(cx);
        let key = (frame.service, frame.command);
        if frame.response {
            let Some((end, body)) = frame.body.split_first_chunk::<2>() else { return cx.malformed() };
            // the two highest bits of each octet tell of relays and of the unit's own errors
            let code = u16::from_be_bytes(*end) & 0x7F3F;
            cx.fact(cx.from(), "id:fins", &address(frame.source), "SNA.SA1.SA2");
            let refusal = (code != 0).then(|| (i64::from(code), commands::end_code(code)));
            if refusal.is_none() {
                facts(cx, frame.command, body);
            }
            return self.open.settle(cx, &key, refusal);
        }
        let (name, action) = match commands::command(frame.command) {
            Some(c) => (c.name, c.action),
            None => ("unknown_command", Action::Other),
        };
        let mut asked = Asked::new(cx, action, name).code(frame.command);
        asked.unit = Some(address(frame.destination).into());
        asked.notable = !matches!(asked.category, Category::Monitor | Category::Discovery);
        commands::parameters(&mut asked, frame.command, frame.body);
        if frame.wants_answer {
            self.open.ask(cx, key, asked);
        } else {
            asked.report(cx, Outcome::Unknown, None);
        }
    }
}

/// What an answer tells of the device.
fn facts(cx: &mut Cx<'_>, command: u16, body: &[u8]) {
    let from = cx.from();
    let mut r = Reader::new(body);
    match command {
        // model and version of the controller, 20 octets each (W342, 5-3-17)
        0x0501 => {
            let (Some(model), Some(version)) = (r.take(20), r.take(20)) else { return cx.malformed() };
            cx.fact(from, "vendor", "Omron", "controller_data_read");
            cx.fact(from, "role", "plc", "controller_data_read");
            cx.fact(from, "model", &text(model), "controller_model");
            cx.fact(from, "firmware", &text(version), "controller_version");
        }
        0x0601 => {
            let (Some(status), Some(mode)) = (r.u8(), r.u8()) else { return cx.malformed() };
            let state = match (status & 1, mode) {
                (0, _) => "stop",
                (_, 0) => "program",
                (_, 2) => "monitor",
                (_, 4) => "run",
                _ => return,
            };
            cx.fact(from, "state", state, "cpu_unit_status_read");
        }
        _ => {}
    }
}
