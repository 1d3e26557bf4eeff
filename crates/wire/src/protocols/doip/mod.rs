//! Diagnostics over IP (ISO 13400-2) and the UDS services in it (ISO 14229-1).
//!
//! Second reader: Wireshark. A gateway answers for the control units behind it: what those say of
//! themselves is told as `ecu`, with their logical address.

#[cfg(test)]
mod tests;
pub mod uds;

use crate::asked::{Asked, Requests};
use crate::bytes::{Reader, hex};
use crate::cx::Cx;
use crate::model::*;
use crate::obs::BindKind;
use crate::probe::*;

pub static SPEC: Spec = Spec {
    name: "doip",
    title: "Diagnostics over IP (UDS)",
    industrial: false,
    transports: &[Transport::Tcp, Transport::Udp],
    ports: &[13400],
    ethertypes: &[],
    rank: 50,
    identify,
    open: || Box::<Doip>::default(),
    pdus: false,
    facts: &["id:vin", "id:doip", "eid", "gid", "role", "serial", "model", "firmware", "hardware", "vendor", "ecu"],
    credentials: &["key"],
    operations: uds::OPERATIONS,
    source: "ISO 13400-2:2019, ISO 14229-1:2020; Wireshark as second reader",
    level: 5,
    proofs: &[],
};

/// Control units ask for patience themselves (response pending); then 5 s and more.
const TIMEOUT: Micros = 30_000_000;
const HEADER: usize = 8;
/// Octets of a message that are read; the rest of a transfer is passed over.
const MAX_READ: usize = 4096;
const MAX_LENGTH: u32 = 0x0100_0000;
/// Facts of control units behind a gateway in one flow.
const MAX_UNITS: usize = 128;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Header {
    kind: u16,
    length: usize,
}

impl Header {
    fn read(data: &[u8]) -> Option<Header> {
        let mut r = Reader::new(data);
        let (version, inverse) = (r.u8()?, r.u8()?);
        let kind = r.be16()?;
        let length = r.be32()?;
        if version != !inverse || !matches!(version, 1..=4 | 0xFF) {
            return None;
        }
        let fits = match kind {
            0x0000 => length == 1,
            0x0001 | 0x0007 | 0x4001 | 0x4003 => length == 0,
            0x0002 => length == 6,
            0x0003 => length == 17,
            0x0004 => matches!(length, 32 | 33),
            0x0005 => matches!(length, 7 | 11),
            0x0006 => matches!(length, 9 | 13),
            0x0008 => length == 2,
            0x4002 => matches!(length, 3 | 7),
            0x4004 => length == 1,
            0x8001 => (5..=MAX_LENGTH).contains(&length),
            0x8002 | 0x8003 => (5..=0xFFFF).contains(&length),
            _ => false,
        };
        fits.then_some(Header { kind, length: length as usize })
    }
    fn role(self) -> Role {
        match self.kind {
            0x0001..=0x0003 | 0x0005 | 0x0008 | 0x4001 | 0x4003 => Role::Client,
            0x0000 | 0x0004 | 0x0006 | 0x0007 | 0x4002 | 0x4004 | 0x8002 | 0x8003 => Role::Server,
            _ => Role::Unknown,
        }
    }
}

fn identify(hint: &Hint, data: &[u8]) -> Verdict {
    match *data {
        [] => return Verdict::Need,
        [1..=4 | 0xFF] => {}
        [version, inverse, ..] if version == !inverse => {}
        _ => return Verdict::No,
    }
    let stream = hint.transport == Transport::Tcp;
    if data.len() < HEADER {
        return if stream { Verdict::Need } else { Verdict::No };
    }
    match Header::read(data) {
        Some(h) if stream || h.length + HEADER == data.len() => Verdict::Strong(h.role()),
        _ => Verdict::No,
    }
}

struct Login {
    level: u8,
    seed: String,
    key: Option<(String, Stamp)>,
}

#[derive(PartialEq, Debug)]
enum Key {
    Message(u16),
    /// Logical address of the control unit, and the service.
    Service(u16, u8),
}

/// State of one flow.
#[derive(Default)]
struct Doip {
    open: Requests<Key>,
    /// Logical address of the entity that speaks, of whom facts are the host's.
    entity: Option<u16>,
    login: Option<Login>,
    told: usize,
}

impl Probe for Doip {
    fn stream(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Step {
        if data.len() < HEADER {
            return match *data {
                [version, inverse, ..] if version != !inverse => Step::Bad,
                _ => Step::Need,
            };
        }
        let Some(header) = Header::read(data) else { return Step::Bad };
        let total = HEADER + header.length;
        let wanted = total.min(HEADER + MAX_READ);
        let Some(body) = data.get(HEADER..wanted) else { return Step::Need };
        self.message(cx, header, body);
        match total.checked_sub(data.len()) {
            Some(more) if more > 0 => Step::Skip(more as u64),
            _ => Step::Used(total),
        }
    }

    fn datagram(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Result<(), Malformed> {
        let header = Header::read(data).ok_or(Malformed)?;
        let body = data.get(HEADER..HEADER + header.length).ok_or(Malformed)?;
        self.message(cx, header, body);
        Ok(())
    }

    fn tick(&mut self, cx: &mut Cx<'_>) {
        self.open.tick(cx, TIMEOUT);
    }

    fn end(&mut self, cx: &mut Cx<'_>) {
        self.log_in(cx, LoginOutcome::Unknown);
        self.open.end(cx);
    }
}

impl Doip {
    fn message(&mut self, cx: &mut Cx<'_>, header: Header, body: &[u8]) {
        match header.role() {
            Role::Client => cx.sender_is(Side::Client),
            // an announcement is sent unasked, to everyone
            Role::Server if header.kind != 0x0004 || cx.flow().server.port == 13400 => cx.sender_is(Side::Server),
            _ => {}
        }
        self.open.hear(cx);
        let mut r = Reader::new(body);
        match header.kind {
            0x0001..=0x0003 => {
                let asked = Asked::new(cx, Action::Discover, "vehicle_identification").code(header.kind);
                self.open.ask(cx, Key::Message(4), asked);
            }
            0x4001 | 0x4003 => {
                let name = if header.kind == 0x4001 { "entity_status" } else { "power_mode" };
                let asked = Asked::new(cx, Action::Read, name).code(header.kind);
                self.open.ask(cx, Key::Message(header.kind + 1), asked);
            }
            0x4002 | 0x4004 => {
                self.open.answer(cx, &Key::Message(header.kind), Outcome::Accepted, None);
                if header.kind == 0x4002 && body.first() == Some(&0) {
                    cx.fact(Side::Server, "role", "gateway", "entity status node type");
                }
            }
            0x0004 => self.announcement(cx, body),
            0x0005 => {
                if let (Some(source), Some(kind)) = (r.be16(), r.u8()) {
                    cx.fact(Side::Client, "id:doip", &format!("0x{source:04x}"), "routing activation source address");
                    let asked = Asked::new(cx, Action::Authenticate, "routing_activation").code(header.kind);
                    self.open.ask(cx, Key::Message(6), asked.detail("activation_type", kind));
                }
            }
            0x0006 => {
                if let (Some(_), Some(entity), Some(code)) = (r.be16(), r.be16(), r.u8()) {
                    self.entity = Some(entity);
                    cx.fact(Side::Server, "id:doip", &format!("0x{entity:04x}"), "routing activation entity address");
                    let good = matches!(code, 0x10 | 0x11);
                    let outcome = if good { Outcome::Accepted } else { Outcome::Refused };
                    let why = (i64::from(code), activation_name(code));
                    self.open.answer(cx, &Key::Message(6), outcome, (!good).then_some(why));
                }
            }
            0x8001 => {
                if let (Some(source), Some(target)) = (r.be16(), r.be16()) {
                    self.uds(cx, source, target, r.rest());
                }
            }
            0x8003 => {
                // the gateway does not pass it on
                if let (Some(source), Some(_), Some(code)) = (r.be16(), r.be16(), r.u8())
                    && let Some((_, asked)) =
                        self.open.take_if(|k, _| matches!(k, Key::Service(unit, _) if *unit == source))
                {
                    asked.report(cx, Outcome::Refused, Some((i64::from(code), "diagnostic_message_nack")));
                }
            }
            _ => {}
        }
    }

    fn announcement(&mut self, cx: &mut Cx<'_>, body: &[u8]) {
        let from = cx.from();
        let mut r = Reader::new(body);
        let (Some(vin), Some(address), Some(eid), Some(gid)) = (r.take(17), r.be16(), r.take(6), r.take(6)) else {
            return cx.malformed();
        };
        if let Some(vin) = uds::vin(vin) {
            cx.fact(from, "id:vin", vin, "announcement VIN");
        }
        self.entity = Some(address);
        cx.fact(from, "id:doip", &format!("0x{address:04x}"), "announcement logical address");
        for (name, value) in [("eid", eid), ("gid", gid)] {
            if value.iter().any(|b| !matches!(b, 0 | 0xFF)) {
                cx.fact(from, name, &hex(value), "announcement");
            }
        }
        // the entity's identification is, as a rule, its hardware address
        if let (Ok(eid), HostAddr::Ip(ip)) = (<[u8; 6]>::try_from(eid), cx.end(from).addr)
            && cx.end(from).mac == Some(Mac(eid))
        {
            cx.bind(Mac(eid), ip, BindKind::Declared);
        }
        self.open.answer(cx, &Key::Message(4), Outcome::Accepted, None);
    }

    fn uds(&mut self, cx: &mut Cx<'_>, source: u16, target: u16, data: &[u8]) {
        let Some((&service, rest)) = data.split_first() else { return };
        match service {
            0x7F => {
                let &[asked, code, ..] = rest else { return };
                // response pending
                if code == 0x78 {
                    return;
                }
                if asked == 0x27 {
                    self.log_in(cx, LoginOutcome::Failure);
                }
                let why = (i64::from(code), uds::refusal(code));
                self.open.answer(cx, &Key::Service(source, asked), Outcome::Refused, Some(why));
            }
            0x50..=0x7E | 0xC3..=0xC8 => {
                let asked = service - 0x40;
                self.open.answer(cx, &Key::Service(source, asked), Outcome::Accepted, None);
                match (asked, rest) {
                    (0x22, [a, b, value @ ..]) => self.data(cx, source, u16::from_be_bytes([*a, *b]), value),
                    (0x27, [level, seed @ ..]) if level & 1 == 1 => {
                        self.log_in(cx, LoginOutcome::Unknown);
                        // a seed of zeros: already unlocked
                        if seed.iter().any(|b| *b != 0) {
                            let seed = hex(seed.get(..64).unwrap_or(seed));
                            self.login = Some(Login { level: *level, seed, key: None });
                        }
                    }
                    (0x27, [_, ..]) => self.log_in(cx, LoginOutcome::Success),
                    _ => {}
                }
            }
            0x10..=0x3E | 0x83..=0x88 => {
                cx.sender_is(Side::Client);
                if let (0x27, [level, key @ ..]) = (service, rest)
                    && level & 1 == 0
                    && let Some(login) = self.login.as_mut().filter(|l| l.level + 1 == *level)
                {
                    login.key = Some((hex(key.get(..64).unwrap_or(key)), cx.at()));
                }
                let Some((name, action, detail)) = uds::request(service, rest) else { return };
                let mut asked = Asked::new(cx, action, name).code(service).unit(format!("0x{target:04x}"));
                asked.category = uds::category(service, action);
                if let Some(detail) = detail {
                    asked = asked.target(detail);
                }
                // bit 7 of a sub-function: no answer is wanted
                let silent = uds::has_function(service) && rest.first().is_some_and(|f| f & 0x80 != 0);
                if silent {
                    asked.report(cx, Outcome::Unknown, None);
                } else {
                    self.open.ask(cx, Key::Service(target, service), asked);
                }
            }
            _ => {}
        }
    }

    fn data(&mut self, cx: &mut Cx<'_>, unit: u16, identifier: u16, value: &[u8]) {
        let Some((name, title)) = uds::identifier(identifier) else { return };
        let plain = crate::bytes::text(value);
        if plain.is_empty() || plain.chars().any(char::is_control) {
            return;
        }
        if name == "id:vin" {
            if let Some(vin) = value.get(..17).and_then(uds::vin) {
                cx.fact(Side::Server, "id:vin", vin, title);
            }
            return;
        }
        if self.entity == Some(unit) {
            cx.fact(Side::Server, name, &plain, title);
        }
        if self.told >= MAX_UNITS {
            return cx.dropped("doip_units");
        }
        self.told += 1;
        cx.fact(Side::Server, "ecu", &format!("0x{unit:04x} {title} {plain}"), title);
    }

    fn log_in(&mut self, cx: &mut Cx<'_>, outcome: LoginOutcome) {
        let Some(Login { level, seed, key: Some((key, sent)) }) = self.login.take() else { return };
        let cred = Cred::new(CredKind::Key).secret(&key).sent(sent).outcome(outcome);
        cx.credential(cred.detail("seed", seed).detail("level", level));
    }
}

/// Routing activation response codes (ISO 13400-2, table 49).
fn activation_name(code: u8) -> &'static str {
    match code {
        0 => "unknown_source_address",
        1 => "no_socket_available",
        2 => "different_source_address",
        3 => "source_address_active",
        4 => "missing_authentication",
        5 => "rejected_confirmation",
        6 => "unsupported_activation_type",
        7 => "tls_required",
        _ => "refused",
    }
}
