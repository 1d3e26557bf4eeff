//! HART-IP: HART commands of process instruments and their gateways over TCP and UDP.
//!
//! Source: HCF_SPEC-085 (network management), messages and their header; HCF_SPEC-081 (token passing
//! PDU); HCF_SPEC-127, -151 and -155 (universal, common practice and wireless commands). A gateway
//! answers for many instruments: facts of the host are those of the first one that identified
//! itself, the others are told as `field-device`.

mod commands;
mod event;
mod frame;
mod identity;
#[cfg(test)]
mod tests;

use crate::asked::{Asked, Requests};
use crate::bytes::hex;
use crate::cx::Cx;
use crate::model::*;
use crate::probe::*;
use commands::{action, command_name, response_name, warning};
use frame::{Body, Command, HEADER, Header, Kind};

pub static SPEC: Spec = Spec {
    name: "hart-ip",
    title: "HART-IP",
    industrial: true,
    transports: &[Transport::Tcp, Transport::Udp],
    ports: &[5094, 5095],
    ethertypes: &[],
    rank: 40,
    identify,
    open: || Box::<HartIp>::default(),
    pdus: true,
    facts: &[
        "vendor",
        "model",
        "hardware",
        "firmware",
        "serial",
        "name",
        "id:hart",
        "role",
        "description",
        "hart-revision",
        "field-device",
    ],
    credentials: &["key"],
    operations: commands::NAMES,
    source: "FieldComm Group HCF_SPEC-085, -081, -127, -151, -155; icsnpp-hart-ip as second reader",
    level: 5,
    proofs: &["icsnpp-hartip/testing/traces", "ndpi/pcap/hart_ip.pcap"],
};

/// A command is given up after so many microseconds; a gateway asks a wireless device in tens of seconds.
const TIMEOUT: Micros = 60_000_000;
/// Instruments behind one gateway that are told of in one flow.
const MAX_DEVICES: usize = 256;

fn identify(hint: &Hint, data: &[u8]) -> Verdict {
    if !matches!(data.first(), Some(1 | 2)) {
        return Verdict::No;
    }
    let stream = hint.transport == Transport::Tcp;
    if data.len() < HEADER {
        return if stream && frame::may_begin(data) { Verdict::Need } else { Verdict::No };
    }
    let Some(header) = Header::read(data) else { return Verdict::No };
    let role = match header.kind {
        Kind::Request => Role::Client,
        _ => Role::Server,
    };
    let Some(message) = data.get(..header.length) else {
        return if stream && header.length <= 1024 { Verdict::Need } else { Verdict::No };
    };
    if !stream && message.len() != data.len() {
        return Verdict::No;
    }
    match header.body(message) {
        Some(Body::Initiate { .. } | Body::Token { .. } | Body::Audit { .. }) => Verdict::Strong(role),
        Some(Body::Direct { commands, .. }) if commands.count() > 0 => Verdict::Strong(role),
        Some(Body::Direct { .. } | Body::Empty) => Verdict::Weak(role),
        None => Verdict::No,
    }
}

/// (sequence number of the message, number of the command, place in the message)
type Key = (u16, u16, u8);

/// State of one flow.
#[derive(Default)]
struct HartIp {
    open: Requests<Key>,
    devices: identity::Devices,
}

impl Probe for HartIp {
    fn stream(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Step {
        if data.len() < HEADER {
            return if frame::may_begin(data) { Step::Need } else { Step::Bad };
        }
        let Some(header) = Header::read(data) else { return Step::Bad };
        let Some(message) = data.get(..header.length) else { return Step::Need };
        if !self.message(cx, &header, message) {
            cx.malformed();
        }
        Step::Used(header.length)
    }

    fn datagram(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Result<(), Malformed> {
        let header = Header::read(data).ok_or(Malformed)?;
        let message = data.get(..header.length).ok_or(Malformed)?;
        if self.message(cx, &header, message) { Ok(()) } else { Err(Malformed) }
    }

    fn tick(&mut self, cx: &mut Cx<'_>) {
        self.open.tick(cx, TIMEOUT);
    }

    fn end(&mut self, cx: &mut Cx<'_>) {
        self.open.end(cx);
    }
}

impl HartIp {
    /// Takes one message; false if its body is not what its header says.
    fn message(&mut self, cx: &mut Cx<'_>, header: &Header, message: &[u8]) -> bool {
        let Some(body) = header.body(message) else { return false };
        cx.sender_is(if header.kind == Kind::Request { Side::Client } else { Side::Server });
        self.open.hear(cx);
        event::of(cx, header, &body);
        match body {
            Body::Token { address, command, frame_type, .. } => {
                let unit = frame::address_text(address);
                match header.kind {
                    Kind::Request => self.request(cx, header.sequence, 0, &command, Some(&unit)),
                    // burst frames answer nobody
                    Kind::Response if frame_type != frame::BURST => {
                        self.response(cx, header.sequence, 0, &command, Some(address));
                    }
                    _ => self.published(cx, &command, Some(address)),
                }
            }
            Body::Direct { commands, .. } => {
                for (place, command) in commands.enumerate() {
                    let place = u8::try_from(place).unwrap_or(u8::MAX);
                    match header.kind {
                        Kind::Request => self.request(cx, header.sequence, place, &command, None),
                        Kind::Response => self.response(cx, header.sequence, place, &command, None),
                        _ => self.published(cx, &command, None),
                    }
                }
            }
            Body::Initiate { .. } | Body::Audit { .. } | Body::Empty => {}
        }
        true
    }

    fn request(&mut self, cx: &mut Cx<'_>, sequence: u16, place: u8, c: &Command<'_>, unit: Option<&str>) {
        let (number, data) = c.request();
        let mut asked = Asked::new(cx, action(number), command_name(number)).code(number);
        if let Some(unit) = unit {
            asked = asked.unit(unit);
        }
        if let Some((target, value)) = commands::argument(number, data) {
            asked = asked.detail(target, value);
        }
        if let Some(key) = commands::key(number, data) {
            let secret = hex(key);
            cx.credential(Cred::new(CredKind::Key).secret(&secret).cleartext());
        }
        self.open.ask(cx, (sequence, number, place), asked);
    }

    fn response(&mut self, cx: &mut Cx<'_>, sequence: u16, place: u8, c: &Command<'_>, address: Option<&[u8]>) {
        let Some((number, code, data)) = c.response(address.is_some()) else { return cx.malformed() };
        // delayed: the answer proper comes under the same number later
        if matches!(code, 33..=36) {
            return;
        }
        let failed = code & 0x80 != 0 || (code != 0 && !warning(code));
        let (outcome, exception) = if failed {
            (Outcome::Refused, Some((i64::from(code), response_name(code))))
        } else {
            (Outcome::Accepted, None)
        };
        self.open.answer(cx, &(sequence, number, place), outcome, exception);
        if !failed {
            self.devices.learn(cx, number, data, address);
        }
    }

    fn published(&mut self, cx: &mut Cx<'_>, c: &Command<'_>, address: Option<&[u8]>) {
        if let Some((number, 0, data)) = c.response(address.is_some()) {
            self.devices.learn(cx, number, data, address);
        }
    }
}
