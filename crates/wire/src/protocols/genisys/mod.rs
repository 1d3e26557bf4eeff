//! Genisys: railway signalling between an office or field unit and its slaves, over TCP.
//!
//! Source: the published layout as cisagov's icsnpp-genisys has it (headers, escaping, CRC-16); the meaning of
//! bits is the installation's own.

#[cfg(test)]
mod tests;

use crate::crc::CRC_A001;
use crate::asked::{Asked, Requests};
use crate::cx::Cx;
use crate::model::*;
use crate::probe::*;

pub static SPEC: Spec = Spec {
    name: "genisys",
    title: "Genisys (railway signalling)",
    industrial: true,
    transports: &[Transport::Tcp, Transport::Udp],
    ports: &[10001],
    ethertypes: &[],
    rank: 65,
    identify,
    open: || Box::<Genisys>::default(),
    pdus: false,
    facts: &["id:genisys", "role"],
    credentials: &[],
    operations: &["poll", "recall", "control_data", "common_control_data", "execute_controls"],
    source: "icsnpp-genisys (CISA); no second source",
    level: 5,
    proofs: &[],
};

const TIMEOUT: Micros = 10_000_000;
const END: u8 = 0xF6;
const ESCAPE: u8 = 0xF0;
/// Longest message that is believed: 240 pairs of address and data, all escaped.
const MAX_MESSAGE: usize = 1024;
/// Slaves of one flow that are told.
const MAX_SLAVES: usize = 64;

struct Message {
    header: u8,
    slave: u8,
    /// Pairs of address and data.
    pairs: Vec<u8>,
    checked: bool,
    used: usize,
}

enum Parsed {
    Need,
    Bad,
    Message(Message),
}

/// CRC-16 (ARC).
fn crc(data: impl IntoIterator<Item = u8>) -> u16 {
    CRC_A001.of(0, data)
}

fn parse(data: &[u8]) -> Parsed {
    let Some(&header) = data.first() else { return Parsed::Need };
    if !matches!(header, 0xF1..=0xF3 | 0xF9..=0xFE) {
        return Parsed::Bad;
    }
    let rest = data.get(1..).unwrap_or_default();
    let Some(end) = rest.iter().position(|b| *b >= 0xF1) else {
        return if data.len() < MAX_MESSAGE { Parsed::Need } else { Parsed::Bad };
    };
    // every octet above F0 is escaped, so the first one ends the message
    if rest.get(end) != Some(&END) || end > MAX_MESSAGE {
        return Parsed::Bad;
    }
    let mut plain = Vec::with_capacity(end);
    let mut escaped = false;
    for octet in rest.get(..end).unwrap_or_default() {
        match (escaped, *octet) {
            (true, low @ 0..=15) => {
                plain.push(ESCAPE | low);
                escaped = false;
            }
            (true, _) => return Parsed::Bad,
            (false, ESCAPE) => escaped = true,
            (false, other) => plain.push(other),
        }
    }
    let used = end + 2;
    let message = |slave, pairs: &[u8], checked| {
        Parsed::Message(Message { header, slave, pairs: pairs.to_vec(), checked, used })
    };
    match *plain.as_slice() {
        // acknowledgement, and a poll that is not secured
        [slave] if matches!(header, 0xF1 | 0xFB) && !escaped => message(slave, &[], false),
        [slave, ref body @ ..] if header != 0xF1 && !escaped => {
            let Some((pairs, check)) = body.split_last_chunk::<2>() else { return Parsed::Bad };
            let sum = crc([header, slave].into_iter().chain(pairs.iter().copied()));
            if pairs.len() % 2 == 0 && sum == u16::from_le_bytes(*check) {
                message(slave, pairs, true)
            } else {
                Parsed::Bad
            }
        }
        _ => Parsed::Bad,
    }
}

fn identify(hint: &Hint, data: &[u8]) -> Verdict {
    if !matches!(data.first(), Some(0xF1..=0xF3 | 0xF9..=0xFE)) {
        return Verdict::No;
    }
    match parse(data) {
        Parsed::Message(m) => {
            let role = if m.header >= 0xF9 { Role::Client } else { Role::Server };
            if m.checked { Verdict::Strong(role) } else { Verdict::Weak(role) }
        }
        Parsed::Need if hint.transport == Transport::Tcp && data.len() < 128 => Verdict::Need,
        _ => Verdict::No,
    }
}

/// State of one flow.
#[derive(Default)]
struct Genisys {
    open: Requests<u8>,
    slaves: Vec<u8>,
}

impl Probe for Genisys {
    fn stream(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Step {
        match parse(data) {
            Parsed::Need => Step::Need,
            Parsed::Bad => match memchr::memchr(END, data) {
                Some(at) => {
                    cx.malformed();
                    Step::Used(at + 1)
                }
                None => Step::Bad,
            },
            Parsed::Message(m) => {
                self.message(cx, &m);
                Step::Used(m.used)
            }
        }
    }

    fn datagram(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Result<(), Malformed> {
        match parse(data) {
            Parsed::Message(m) => {
                self.message(cx, &m);
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

impl Genisys {
    fn message(&mut self, cx: &mut Cx<'_>, m: &Message) {
        cx.sender_is(if m.header >= 0xF9 { Side::Client } else { Side::Server });
        self.open.hear(cx);
        if m.header >= 0xF9 {
            let (name, action) = match m.header {
                0xF9 => ("common_control_data", Action::Write),
                0xFC => ("control_data", Action::Write),
                0xFD => ("recall", Action::Read),
                0xFE => ("execute_controls", Action::Force),
                _ => ("poll", Action::Read),
            };
            let mut asked = Asked::new(cx, action, name).code(m.header).unit(m.slave.to_string());
            if let [address, value, ..] = *m.pairs.as_slice() {
                asked = asked.address(address, m.pairs.len() as i64 / 2).value(value);
            }
            // to all slaves nobody answers
            if m.header == 0xF9 && m.slave == 0 {
                return asked.report(cx, Outcome::Unknown, None);
            }
            return self.open.ask(cx, m.slave, asked);
        }
        if !self.slaves.contains(&m.slave) {
            if self.slaves.len() >= MAX_SLAVES {
                cx.dropped("genisys_slaves");
            } else {
                self.slaves.push(m.slave);
                cx.fact(Side::Server, "id:genisys", &m.slave.to_string(), "slave address");
                cx.fact(Side::Server, "role", "rtu", "slave address");
            }
        }
        self.open.answer(cx, &m.slave, Outcome::Accepted, None);
    }
}
