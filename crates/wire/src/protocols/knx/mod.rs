//! KNXnet/IP: building automation over UDP and TCP (ISO 22510, EN 13321-2).
//!
//! Sources: KNX System Specifications 3/8/1 to 3/8/9 (services and their header), 3/6/3 (cEMI), 3/3/7
//! (application layer); Wireshark's reader as second one. What is inside a secure wrapper (3/8/9) is
//! not readable and is not guessed at.

mod cemi;
mod dib;
#[cfg(test)]
mod tests;

use crate::asked::{Asked, Requests};
use crate::bytes::{Reader, hex};
use crate::cx::Cx;
use crate::model::*;
use crate::probe::*;
use cemi::{Apdu, Cemi, Frame};

pub static SPEC: Spec = Spec {
    name: "knx",
    title: "KNXnet/IP",
    industrial: true,
    transports: &[Transport::Udp, Transport::Tcp],
    ports: &[3671],
    ethertypes: &[],
    rank: 40,
    identify,
    open: || Box::<Knx>::default(),
    pdus: false,
    facts: &[
        "vendor",
        "model",
        "firmware",
        "serial",
        "name",
        "id:knx",
        "role",
        "medium",
        "services",
        "project",
        "bus-device",
        "address",
    ],
    credentials: &["key"],
    operations: cemi::OPERATIONS,
    source: "KNX System Specifications 3/8/1-3/8/9, 3/6/3, 3/3/7; Wireshark as second reader",
    level: 5,
    proofs: &[],
};

/// A request is given up after so many microseconds (3/8/4: tunnelling 1 s, device on the bus up to 10 s).
const TIMEOUT: Micros = 12_000_000;
const HEADER: usize = 6;
/// Longest frame that is believed: a secure wrapper around an extended cEMI frame.
const MAX_FRAME: usize = 1024;
/// Bus addresses of one flow whose fact is noted.
const MAX_SOURCES: usize = 128;

fn known(service: u16) -> bool {
    matches!(service, 0x0201..=0x020C | 0x0310 | 0x0311 | 0x0420..=0x0425 | 0x0530..=0x0533 | 0x0740..=0x0743 | 0x0950..=0x0955)
}

/// Who sends a service; routing and tunnelling go both ways.
fn sender(service: u16) -> Role {
    match service {
        0x0201 | 0x0203 | 0x0205 | 0x0207 | 0x020B | 0x0740 | 0x0742 | 0x0743 | 0x0951 | 0x0953 | 0x0422 | 0x0424 => {
            Role::Client
        }
        0x0202 | 0x0204 | 0x0206 | 0x0208 | 0x020C | 0x0741 | 0x0952 | 0x0423 | 0x0425 => Role::Server,
        _ => Role::Unknown,
    }
}

/// Service and octets of the whole frame.
fn header(data: &[u8]) -> Option<(u16, usize)> {
    let mut r = Reader::new(data);
    if (r.u8()?, r.u8()?) != (6, 0x10) {
        return None;
    }
    let service = r.be16().filter(|s| known(*s))?;
    let length = usize::from(r.be16()?);
    (HEADER..=MAX_FRAME).contains(&length).then_some((service, length))
}

fn identify(hint: &Hint, data: &[u8]) -> Verdict {
    if data.first() != Some(&6) {
        return Verdict::No;
    }
    let stream = hint.transport == Transport::Tcp;
    if data.len() < HEADER {
        return if stream && data.get(1).is_none_or(|b| *b == 0x10) { Verdict::Need } else { Verdict::No };
    }
    let Some((service, length)) = header(data) else { return Verdict::No };
    if !stream && length != data.len() {
        return Verdict::No;
    }
    let Some(frame) = data.get(..length) else { return Verdict::Need };
    if !sound(service, frame.get(HEADER..).unwrap_or_default()) {
        return Verdict::No;
    }
    Verdict::Strong(sender(service))
}

/// True if the body begins as its service demands.
fn sound(service: u16, body: &[u8]) -> bool {
    let first = body.first().copied().unwrap_or_default();
    match service {
        // an HPAI, of UDP or TCP
        0x0201 | 0x0203 | 0x0205 | 0x020B => matches!(body, [8, 1 | 2, ..]),
        0x0202 | 0x020C => matches!(body, [8, 1 | 2, ..]) && body.len() > 8,
        0x0204 => body.len() > 2 && usize::from(first) <= body.len(),
        0x0206 | 0x0208 | 0x020A => body.len() >= 2,
        0x0207 | 0x0209 => body.len() >= 10 && body.get(2) == Some(&8),
        // a connection header of four octets
        0x0310 | 0x0420 | 0x0422..=0x0425 => first == 4 && body.len() >= 4,
        0x0311 | 0x0421 => first == 4 && body.len() == 4,
        0x0530 | 0x0533 => Cemi::read(body).is_some(),
        _ => body.len() >= 4,
    }
}

#[derive(PartialEq, Debug)]
enum Key {
    Service(u16),
    /// Application service and its destination on the bus.
    Bus(u16, u16),
    /// Property request of the device itself: message code of its confirmation.
    Property(u8),
}

/// A device key whose log-in waits for its answer.
struct Login {
    to: u16,
    secret: String,
    sent: Stamp,
}

/// State of one flow.
#[derive(Default)]
struct Knx {
    open: Requests<Key>,
    login: Option<Login>,
    sources: Vec<u16>,
    secured: bool,
}

impl Probe for Knx {
    fn stream(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Step {
        if data.len() < HEADER {
            return if data.first() == Some(&6) { Step::Need } else { Step::Bad };
        }
        let Some((service, length)) = header(data) else { return Step::Bad };
        let Some(frame) = data.get(..length) else { return Step::Need };
        self.frame(cx, service, frame.get(HEADER..).unwrap_or_default());
        Step::Used(length)
    }

    fn datagram(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Result<(), Malformed> {
        let (service, length) = header(data).ok_or(Malformed)?;
        let body = data.get(HEADER..length).ok_or(Malformed)?;
        self.frame(cx, service, body);
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

impl Knx {
    fn frame(&mut self, cx: &mut Cx<'_>, service: u16, body: &[u8]) {
        if !sound(service, body) {
            return cx.malformed();
        }
        match sender(service) {
            Role::Client => cx.sender_is(Side::Client),
            Role::Server => cx.sender_is(Side::Server),
            Role::Unknown => {}
        }
        self.open.hear(cx);
        match service {
            0x0201 | 0x020B => self.ask(cx, service, Action::Discover, "search_request"),
            0x0203 => self.ask(cx, service, Action::Identify, "description_request"),
            0x0740 => self.ask(cx, service, Action::Diagnose, "remote_diagnostic_request"),
            0x0742 => self.once(cx, service, Action::SetAddress, "remote_basic_configuration_request"),
            0x0743 => self.once(cx, service, Action::Restart, "remote_reset_request"),
            0x0202 | 0x0204 | 0x020C | 0x0741 => {
                let rest = if service == 0x0204 { body } else { body.get(8..).unwrap_or_default() };
                dib::facts(cx, rest);
                self.open.answer(cx, &Key::Service(service - 1), Outcome::Accepted, None);
            }
            0x0206 => connected(cx, body),
            0x0310 => self.configuration(cx, body.get(4..).unwrap_or_default()),
            0x0420 => self.cemi(cx, body.get(4..).unwrap_or_default(), true),
            0x0421 => {
                // status 0: taken for the bus
                if let Some(&code) = body.get(3)
                    && code != 0
                    && let Some((_, asked)) = self.open.take_if(|k, _| matches!(k, Key::Bus(..)))
                {
                    asked.report(cx, Outcome::Refused, Some((i64::from(code), "tunnelling_error")));
                }
            }
            0x0530 => self.cemi(cx, body, false),
            0x0950 | 0x0951 if !self.secured => {
                self.secured = true;
                cx.service_info("secure", true);
            }
            _ => {}
        }
    }

    fn ask(&mut self, cx: &mut Cx<'_>, service: u16, action: Action, name: &'static str) {
        let asked = Asked::new(cx, action, name).code(service);
        self.open.ask(cx, Key::Service(service), asked);
    }
    /// A request that no answer is defined for.
    fn once(&mut self, cx: &mut Cx<'_>, service: u16, action: Action, name: &'static str) {
        Asked::new(cx, action, name).code(service).report(cx, Outcome::Unknown, None);
    }

    /// Device management: properties of the KNXnet/IP device itself.
    fn configuration(&mut self, cx: &mut Cx<'_>, data: &[u8]) {
        let Some(request) = cemi::property(data) else { return };
        match request.code {
            0xFC | 0xF6 | 0xF8 | 0xF9 | 0xF1 => {
                let (name, action, answer) = match request.code {
                    0xFC => ("m_prop_read", Action::Read, 0xFB),
                    0xF6 => ("m_prop_write", Action::Configure, 0xF5),
                    0xF8 => ("m_func_prop_command", Action::Configure, 0xFA),
                    0xF9 => ("m_func_prop_state_read", Action::Read, 0xFA),
                    _ => ("m_reset", Action::Restart, 0xF0),
                };
                cx.sender_is(Side::Client);
                let mut asked = Asked::new(cx, action, name).code(request.code);
                if request.code != 0xF1 {
                    asked = asked.target(format!("{}/{}", request.object, request.property));
                }
                self.open.ask(cx, Key::Property(answer), asked);
            }
            0xFB | 0xF5 | 0xFA | 0xF0 => {
                // no elements in a confirmation: its data is an error code
                let failed = matches!(request.code, 0xFB | 0xF5) && request.elements == 0;
                let outcome = if failed { Outcome::Refused } else { Outcome::Accepted };
                let code = i64::from(request.data.first().copied().unwrap_or_default());
                let exception = failed.then_some((code, "property_error"));
                self.open.answer(cx, &Key::Property(request.code), outcome, exception);
                if request.code == 0xFB && !failed {
                    dib::property(cx, request.object, request.property, request.data);
                }
            }
            _ => {}
        }
    }

    /// A frame for or from the bus. `confirmed`: the gateway says what became of it.
    fn cemi(&mut self, cx: &mut Cx<'_>, data: &[u8], confirmed: bool) {
        let Some(cemi) = Cemi::read(data) else { return cx.malformed() };
        let Some(Apdu { service, data }) = cemi.apdu else { return };
        match cemi.code {
            Frame::Confirmation => {
                // what the device makes of a key it says itself
                if service == 0x3D1 && !cemi.failed {
                    return;
                }
                let key = Key::Bus(cemi::class(service), cemi.destination);
                let outcome = if cemi.failed { Outcome::Refused } else { Outcome::Accepted };
                let exception = cemi.failed.then_some((1, "not_confirmed_on_the_bus"));
                self.open.answer(cx, &key, outcome, exception);
                return;
            }
            Frame::Indication => self.source(cx, cemi.source),
            Frame::Request => {}
        }
        self.keys(cx, service, data, &cemi);
        let Some((name, action, category)) = cemi::operation(service) else { return };
        let group = cemi.group;
        let to = if group { cemi::group(cemi.destination) } else { cemi::individual(cemi.destination) };
        let mut asked = Asked::new(cx, action, name).code(service).target(to).category(category);
        if let Some((key, value)) = cemi::argument(service, data) {
            asked = asked.detail(key, value);
        }
        if cemi.code == Frame::Request && confirmed {
            asked.by = Side::Client;
            self.open.ask(cx, Key::Bus(cemi::class(service), cemi.destination), asked);
        } else {
            // seen on the bus, or routed to a group of gateways: nobody confirms it here
            asked.report(cx, Outcome::Unknown, None);
        }
    }

    /// Device keys in readable form: A_Authorize and A_Key_Write (3/3/7, 3.5.9).
    fn keys(&mut self, cx: &mut Cx<'_>, service: u16, data: &[u8], cemi: &Cemi<'_>) {
        match service {
            0x3D1 if data.len() >= 5 => {
                self.log_in(cx, LoginOutcome::Unknown);
                let secret = hex(data.get(1..5).unwrap_or_default());
                // all ones: no key
                if secret != "ffffffff" {
                    self.login = Some(Login { to: cemi.destination, secret, sent: cx.at() });
                }
            }
            0x3D2 if self.login.as_ref().is_some_and(|l| l.to == cemi.source) => {
                // level 15 (on old devices 3) is what everybody has
                let free = matches!(data.first(), Some(3 | 15));
                self.log_in(cx, if free { LoginOutcome::Failure } else { LoginOutcome::Success });
                let (outcome, why) = if free { (Outcome::Refused, Some((15, "free_access_only"))) } else { (Outcome::Accepted, None) };
                self.open.answer(cx, &Key::Bus(0x3D1, cemi.source), outcome, why);
            }
            0x3D3 if data.len() >= 5 => {
                let secret = hex(data.get(1..5).unwrap_or_default());
                let level = data.first().copied().unwrap_or_default();
                cx.credential(Cred::new(CredKind::Key).secret(&secret).cleartext().detail("level", level));
            }
            _ => {}
        }
    }

    fn log_in(&mut self, cx: &mut Cx<'_>, outcome: LoginOutcome) {
        if let Some(login) = self.login.take() {
            let cred = Cred::new(CredKind::Key).secret(&login.secret).cleartext().sent(login.sent);
            cx.credential(cred.outcome(outcome).detail("device", cemi::individual(login.to)));
        }
    }

    /// A device on the bus behind the gateway spoke.
    fn source(&mut self, cx: &mut Cx<'_>, address: u16) {
        if address == 0 || self.sources.contains(&address) {
            return;
        }
        if self.sources.len() >= MAX_SOURCES {
            return cx.dropped("knx_bus_devices");
        }
        self.sources.push(address);
        cx.fact(cx.from(), "bus-device", &cemi::individual(address), "cEMI source address");
    }
}

/// The gateway gives the client an address on the bus (3/8/4, connection response data).
fn connected(cx: &mut Cx<'_>, body: &[u8]) {
    if let Some([4, 4, high, low]) = body.get(10..14)
        && body.get(1) == Some(&0)
    {
        let text = cemi::individual(u16::from_be_bytes([*high, *low]));
        cx.fact(Side::Client, "id:knx", &text, "connection response data");
    }
}
