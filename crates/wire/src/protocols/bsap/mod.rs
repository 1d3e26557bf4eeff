//! BSAP over IP: Bristol (now Emerson) controllers of water and gas networks.
//!
//! Source: the layout of cisagov's icsnpp-bsap, made from Bristol's manuals D4052 and 4041; there is no second
//! one. What the 8 or 16 octets behind the message type hold is unknown, and which bit of the response's status says
//! an error is taken from one source: it is recognised on its own ports only, with a low confidence.

#[cfg(test)]
mod tests;

use crate::asked::{Asked, Requests};
use crate::bytes::Reader;
use crate::cx::Cx;
use crate::model::*;
use crate::probe::*;

pub static SPEC: Spec = Spec {
    name: "bsap",
    title: "BSAP (Bristol controllers)",
    industrial: true,
    transports: &[Transport::Udp],
    ports: &[1234, 1235],
    ethertypes: &[],
    rank: 80,
    identify,
    open: || Box::<Bsap>::default(),
    pdus: false,
    facts: &["vendor", "role"],
    credentials: &[],
    operations: &[
        "read_signal_by_address", "read_logical_by_address", "read_signal_by_name", "read_logical_by_name",
        "read_signal_by_list", "read_logical_by_list", "write_signal_by_address", "write_signal_by_name",
        "write_signal_by_list", "rdb_function",
    ],
    source: "icsnpp-bsap (CISA); no second source",
    level: 2,
    proofs: &[],
};

const TIMEOUT: Micros = 15_000_000;
/// Application function: the remote database.
const RDB: u8 = 0xA0;

enum Message<'a> {
    Poll,
    Request { sequence: u32, application: u8, function: u8, data: &'a [u8] },
    Response { sequence: u32, status: u8 },
}

fn read(data: &[u8]) -> Option<Message<'_>> {
    let mut r = Reader::new(data);
    let header = usize::from(r.le16().filter(|n| matches!(n, 0x0E | 0x16))?);
    let (count, kind) = (r.le16().filter(|n| *n <= 32)?, r.le16()?);
    r.skip(header - 6)?;
    if count == 0 || matches!(kind, 0 | 1) {
        return (matches!(kind, 0 | 1 | 5 | 6) && r.is_empty()).then_some(Message::Poll);
    }
    let length = r.le32()? as usize;
    if length > data.len() || length < 4 {
        return None;
    }
    r.skip(1)?;
    let sequence = r.le32()?;
    match kind {
        6 | 0x84 | 0x86 => {
            let application = r.u8().filter(|a| matches!(a, 0x03 | 0xA0 | 0xA1))?;
            r.skip(1)?;
            Some(Message::Request { sequence, application, function: r.u8()?, data: r.rest() })
        }
        5 => Some(Message::Response { sequence, status: r.u8()? }),
        _ => None,
    }
}

fn identify(hint: &Hint, data: &[u8]) -> Verdict {
    if !matches!(data.first(), Some(0x0E | 0x16)) || !(hint.port(1234) || hint.port(1235)) {
        return Verdict::No;
    }
    match read(data) {
        Some(Message::Request { .. }) => Verdict::Weak(Role::Client),
        Some(Message::Response { .. }) => Verdict::Weak(Role::Server),
        // a poll says too little
        Some(Message::Poll) | None => Verdict::No,
    }
}

/// State of one flow.
#[derive(Default)]
struct Bsap {
    open: Requests<u32>,
    told: bool,
}

impl Probe for Bsap {
    fn datagram(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Result<(), Malformed> {
        match read(data).ok_or(Malformed)? {
            Message::Poll => {}
            Message::Request { sequence, application, function, data } => {
                cx.sender_is(Side::Client);
                self.open.hear(cx);
                let (name, action) = if application == RDB { operation(function) } else { ("rdb_function", Action::Other) };
                let mut asked = Asked::new(cx, action, name).code(function);
                if let Some(signal) = signal(function, data) {
                    asked = asked.target(signal);
                }
                self.open.ask(cx, sequence, asked);
            }
            Message::Response { sequence, status } => {
                cx.sender_is(Side::Server);
                self.open.hear(cx);
                if !self.told {
                    self.told = true;
                    cx.fact(Side::Server, "vendor", "Bristol Babcock", "RDB response");
                    cx.fact(Side::Server, "role", "rtu", "RDB response");
                }
                let failed = status & 0x80 != 0;
                let outcome = if failed { Outcome::Refused } else { Outcome::Accepted };
                self.open.answer(cx, &sequence, outcome, failed.then_some((i64::from(status), "rdb_error")));
            }
        }
        Ok(())
    }

    fn tick(&mut self, cx: &mut Cx<'_>) {
        self.open.tick(cx, TIMEOUT);
    }

    fn end(&mut self, cx: &mut Cx<'_>) {
        self.open.end(cx);
    }
}

fn operation(function: u8) -> (&'static str, Action) {
    match function {
        0x00 => ("read_signal_by_address", Action::Read),
        0x02 => ("read_logical_by_address", Action::Read),
        0x04 => ("read_signal_by_name", Action::Read),
        0x06 => ("read_logical_by_name", Action::Read),
        0x0C | 0x0D => ("read_signal_by_list", Action::Read),
        0x0E | 0x0F => ("read_logical_by_list", Action::Read),
        0x80 => ("write_signal_by_address", Action::Write),
        0x84 => ("write_signal_by_name", Action::Write),
        0x8C | 0x8D => ("write_signal_by_list", Action::Write),
        _ => ("rdb_function", Action::Other),
    }
}

/// The first name in the data of a function by name: printable characters up to a zero.
fn signal(function: u8, data: &[u8]) -> Option<String> {
    if function & 0x7F != 0x04 && function != 0x06 {
        return None;
    }
    let name = data.split(|b| !matches!(b, 0x21..=0x7E)).find(|w| w.len() >= 4 && w.contains(&b'.'))?;
    Some(String::from_utf8_lossy(name.get(..64).unwrap_or(name)).into_owned())
}
