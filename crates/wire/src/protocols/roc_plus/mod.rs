//! ROC and ROC Plus: Emerson's remote operations controllers and flow computers.
//!
//! Source: Emerson ROC Plus protocol specifications manual A6127 and ROC protocol user manual A4199, by their
//! opcodes; abferm/roc as second source. A frame has no start mark: it is told by its lengths and its CRC-16, so
//! elsewhere than on its port several frames of both sides must agree. Which parameter of point type 91 holds the
//! station's name (2) is from one source only.

#[cfg(test)]
mod tests;

use crate::crc::CRC_A001;
use crate::asked::{Asked, Requests};
use crate::bytes::{Reader, text};
use crate::cx::Cx;
use crate::model::*;
use crate::probe::*;

pub static SPEC: Spec = Spec {
    name: "roc-plus",
    title: "ROC Plus (Emerson flow computers)",
    industrial: true,
    transports: &[Transport::Tcp, Transport::Udp],
    ports: &[4000],
    ethertypes: &[],
    rank: 70,
    identify,
    open: || Box::<Roc>::default(),
    pdus: false,
    facts: &["vendor", "name", "id:roc", "role"],
    credentials: &["pin"],
    operations: &[
        "general_update", "system_configuration", "read_clock", "set_clock", "read_configurable_opcode",
        "set_configurable_opcode", "login", "read_events", "store_and_forward", "read_io_points", "read_user_defined",
        "set_system_variables", "send_system_information", "read_history", "read_alarms", "file_transfer",
        "set_parameters", "read_parameters", "report_by_exception", "acknowledge_report", "peer_to_peer", "opcode",
    ],
    source: "Emerson A6127, A4199; abferm/roc as second source",
    level: 4,
    proofs: &[],
};

const TIMEOUT: Micros = 15_000_000;
const HEADER: usize = 6;

struct Frame<'a> {
    /// Unit and group of receiver and sender.
    target: [u8; 2],
    source: [u8; 2],
    opcode: u8,
    data: &'a [u8],
    used: usize,
}

fn crc(data: &[u8]) -> u16 {
    CRC_A001.of(0, data.iter().copied())
}

fn known(opcode: u8) -> bool {
    matches!(opcode, 0 | 2 | 6..=8 | 10 | 11 | 17..=19 | 24 | 50 | 80 | 100..=108 | 118..=139 | 148 | 162..=167
        | 170..=171 | 180 | 181 | 203..=206 | 224 | 225 | 255)
}

impl<'a> Frame<'a> {
    /// `None` inside: more octets are needed.
    fn read(data: &'a [u8]) -> Option<Option<Frame<'a>>> {
        let Some(&[a, b, c, d, opcode, length]) = data.first_chunk::<HEADER>() else {
            return data.get(4).is_none_or(|o| known(*o)).then_some(None);
        };
        if !known(opcode) || [a, b] == [c, d] {
            return None;
        }
        let end = HEADER + usize::from(length);
        let Some(covered) = data.get(..end) else { return Some(None) };
        let Some(check) = data.get(end..end + 2) else { return Some(None) };
        if crc(covered).to_le_bytes() != check {
            return None;
        }
        let data = covered.get(HEADER..)?;
        Some(Some(Frame { target: [a, b], source: [c, d], opcode, data, used: end + 2 }))
    }
}

fn identify(hint: &Hint, data: &[u8]) -> Verdict {
    let (mut rest, mut whole) = (data, 0);
    while !rest.is_empty() && whole < 4 {
        match Frame::read(rest) {
            Some(Some(f)) => rest = rest.get(f.used..).unwrap_or_default(),
            Some(None) if hint.transport == Transport::Tcp && rest.len() < 264 => break,
            _ => return Verdict::No,
        }
        whole += 1;
    }
    match whole {
        0 if hint.transport == Transport::Tcp => Verdict::Need,
        0 => Verdict::No,
        _ => Verdict::Weak(Role::Unknown),
    }
}

/// State of one flow.
#[derive(Default)]
struct Roc {
    open: Requests<(u8, [u8; 2])>,
    login: Option<(String, String, Stamp)>,
    told: bool,
}

impl Probe for Roc {
    fn stream(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Step {
        match Frame::read(data) {
            Some(Some(f)) => {
                self.frame(cx, &f);
                Step::Used(f.used)
            }
            Some(None) => Step::Need,
            None => Step::Bad,
        }
    }

    fn datagram(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Result<(), Malformed> {
        match Frame::read(data) {
            Some(Some(f)) => {
                self.frame(cx, &f);
                Ok(())
            }
            _ => Err(Malformed),
        }
    }

    fn tick(&mut self, cx: &mut Cx<'_>) {
        self.open.tick(cx, TIMEOUT);
    }

    fn end(&mut self, cx: &mut Cx<'_>) {
        self.log_in(cx, LoginOutcome::Unknown);
        self.open.end(cx);
    }
}

impl Roc {
    fn frame(&mut self, cx: &mut Cx<'_>, f: &Frame<'_>) {
        self.open.hear(cx);
        if cx.from() == Side::Client {
            let (name, action) = operation(f.opcode);
            let mut asked = Asked::new(cx, action, name).code(f.opcode);
            asked = asked.unit(format!("{}.{}", f.target[0], f.target[1]));
            match (f.opcode, f.data) {
                // operator's three characters, then a number as password
                (17, &[a, b, c, low, high, ..]) => {
                    self.log_in(cx, LoginOutcome::Unknown);
                    let pin = u16::from_le_bytes([low, high]);
                    self.login = Some((text(&[a, b, c]), format!("{pin:04}"), cx.at()));
                }
                // count, then type, logical number and parameter of the first
                (180 | 181, &[count, kind, logical, parameter, ..]) => {
                    asked = asked.target(format!("{kind}.{logical}.{parameter}")).detail("count", count);
                }
                // type, logical number, count, first parameter
                (166 | 167, &[kind, logical, count, parameter, ..]) => {
                    asked = asked.target(format!("{kind}.{logical}.{parameter}")).detail("count", count);
                }
                _ => {}
            }
            return self.open.ask(cx, (f.opcode, f.target), asked);
        }
        if !self.told {
            self.told = true;
            cx.fact(Side::Server, "id:roc", &format!("{}.{}", f.source[0], f.source[1]), "unit and group");
            cx.fact(Side::Server, "role", "rtu", "unit and group");
            cx.fact(Side::Server, "vendor", "Emerson", "unit and group");
        }
        if f.opcode == 255 {
            // pairs of an error and the opcode it is about
            let &[code, about, ..] = f.data else { return };
            if about == 17 {
                self.log_in(cx, LoginOutcome::Failure);
            }
            self.open.answer(cx, &(about, f.source), Outcome::Refused, Some((i64::from(code), "error")));
            return;
        }
        if f.opcode == 17 {
            self.log_in(cx, LoginOutcome::Success);
        }
        self.open.answer(cx, &(f.opcode, f.source), Outcome::Accepted, None);
        if f.opcode == 167 {
            name(cx, f.data);
        }
    }

    fn log_in(&mut self, cx: &mut Cx<'_>, outcome: LoginOutcome) {
        let Some((operator, pin, sent)) = self.login.take() else { return };
        cx.credential(Cred::new(CredKind::Pin).username(&operator).secret(&pin).cleartext().sent(sent).outcome(outcome));
    }
}

/// System variables (point type 91): address, group, then the station's name in 20 characters.
fn name(cx: &mut Cx<'_>, data: &[u8]) {
    let mut r = Reader::new(data);
    let (Some(91), Some(_), Some(count), Some(start)) = (r.u8(), r.u8(), r.u8(), r.u8()) else { return };
    if start == 0 && count >= 3 && r.skip(2).is_none() {
        return;
    }
    if (start == 0 && count >= 3) || start == 2 {
        let Some(name) = r.take(20).map(text) else { return };
        if !name.is_empty() && name.bytes().all(|b| matches!(b, 0x20..=0x7E)) {
            cx.fact(Side::Server, "name", &name, "system variables, station name");
        }
    }
}

fn operation(opcode: u8) -> (&'static str, Action) {
    match opcode {
        0 => ("general_update", Action::Read),
        6 => ("system_configuration", Action::Identify),
        7 => ("read_clock", Action::Read),
        8 => ("set_clock", Action::SetTime),
        10 => ("read_configurable_opcode", Action::Read),
        11 => ("set_configurable_opcode", Action::Write),
        17 => ("login", Action::Authenticate),
        18 | 119 | 120 | 122 => ("read_events", Action::Read),
        24 => ("store_and_forward", Action::Other),
        50 => ("read_io_points", Action::Read),
        100 | 108 | 123 => ("read_user_defined", Action::Read),
        102 => ("set_system_variables", Action::Configure),
        103 => ("send_system_information", Action::Identify),
        105 | 107 | 126..=139 => ("read_history", Action::Read),
        118 | 121 => ("read_alarms", Action::Read),
        166 | 181 | 162 => ("set_parameters", Action::Write),
        167 | 180 => ("read_parameters", Action::Read),
        203 => ("file_transfer", Action::FileWrite),
        204..=206 => ("peer_to_peer", Action::Other),
        224 => ("report_by_exception", Action::Other),
        225 => ("acknowledge_report", Action::Other),
        _ => ("opcode", Action::Other),
    }
}
