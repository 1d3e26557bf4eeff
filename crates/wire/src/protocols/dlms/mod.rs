//! DLMS/COSEM: meters over TCP and UDP (wrapper) and over HDLC on serial lines behind converters.
//!
//! Sources: IEC 62056-47 (wrapper), IEC 62056-46 (HDLC), IEC 62056-53 and -62 (services and interface
//! classes); Wireshark and Gurux as second readers. Ciphered services are seen, not read.

mod apdu;
mod frame;
mod objects;
#[cfg(test)]
mod tests;

use crate::asked::{Asked, Requests};
use crate::bytes::hex;
use crate::cx::Cx;
use crate::model::*;
use crate::probe::*;
use crate::protocols::ber::{self, Ber};
use apdu::Apdu;
use frame::{Assembly, Framed, Part};

pub static SPEC: Spec = Spec {
    name: "dlms",
    title: "DLMS/COSEM",
    industrial: true,
    transports: &[Transport::Tcp, Transport::Udp],
    ports: &[4059, 4060, 4061],
    ethertypes: &[],
    rank: 45,
    identify,
    open: || Box::<Dlms>::default(),
    pdus: false,
    facts: &["vendor", "serial", "firmware", "name", "id:meter", "role", "sap", "system-title", "security"],
    credentials: &["password", "hash"],
    operations: objects::OPERATIONS,
    source: "IEC 62056-46, -47, -53, -62; Wireshark and Gurux as second readers",
    level: 5,
    proofs: &[],
};

/// A request is given up after so many microseconds; power line networks are slow.
const TIMEOUT: Micros = 60_000_000;
/// Service access points of one flow that are told.
const MAX_SAPS: usize = 16;

fn identify(hint: &Hint, data: &[u8]) -> Verdict {
    let stream = hint.transport == Transport::Tcp;
    match data.first() {
        Some(0) | Some(0x7E) => {}
        _ => return Verdict::No,
    }
    // flags alone prove nothing: other protocols begin with two of them
    let flags = data.iter().take_while(|b| **b == 0x7E).count().saturating_sub(1);
    let data = data.get(flags..).unwrap_or_default();
    match frame::read(data) {
        Framed::Need if stream => Verdict::Need,
        Framed::Need | Framed::Bad => Verdict::No,
        Framed::Frame(f) => {
            if !stream && f.used != data.len() {
                return Verdict::No;
            }
            let role = if f.from_client { Role::Client } else { Role::Server };
            match f.part {
                // a checked HDLC frame is proof enough
                Part::Hdlc { .. } | Part::Link => Verdict::Strong(role),
                Part::Whole(apdu) => match apdu::sound(apdu) {
                    Some((true, asks)) => Verdict::Strong(if asks { Role::Client } else { Role::Server }),
                    Some((false, asks)) => Verdict::Weak(if asks { Role::Client } else { Role::Server }),
                    None => Verdict::No,
                },
            }
        }
    }
}

/// An association that is being opened.
struct Opening {
    /// 0 none, 1 low level (a password), 2 and up: high level.
    mechanism: u8,
    secret: Option<Vec<u8>>,
    sent: Stamp,
    client: u16,
}

/// State of one flow.
#[derive(Default)]
struct Dlms {
    open: Requests<u8>,
    /// Objects asked for, by invoke id, so that the answer's value has a name.
    wanted: crate::pending::Pending<u8, apdu::Object, 32>,
    parts: Assembly,
    opening: Option<Opening>,
    /// Challenge of the server, for high level security, with its mechanism.
    challenge: Option<(u8, Vec<u8>)>,
    saps: Vec<u16>,
    ciphered: bool,
}

impl Probe for Dlms {
    fn stream(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Step {
        match frame::read(data) {
            Framed::Need => Step::Need,
            Framed::Bad => match frame::next_flag(data) {
                Some(at) => {
                    cx.malformed();
                    Step::Used(at)
                }
                None => Step::Bad,
            },
            Framed::Frame(f) => {
                let used = f.used;
                self.frame(cx, &f);
                Step::Used(used)
            }
        }
    }

    fn datagram(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Result<(), Malformed> {
        match frame::read(data) {
            Framed::Frame(f) => {
                self.frame(cx, &f);
                Ok(())
            }
            _ => Err(Malformed),
        }
    }

    fn gap(&mut self, _: &mut Cx<'_>, _: Side, _: u64) {
        self.parts = Assembly::default();
    }

    fn tick(&mut self, cx: &mut Cx<'_>) {
        self.open.tick(cx, TIMEOUT);
    }

    fn end(&mut self, cx: &mut Cx<'_>) {
        self.log_in(cx, LoginOutcome::Unknown);
        self.open.end(cx);
    }
}

impl Dlms {
    fn frame(&mut self, cx: &mut Cx<'_>, f: &frame::Frame<'_>) {
        match f.part {
            Part::Whole(apdu) => self.apdu(cx, f, apdu),
            Part::Link => {}
            Part::Hdlc { info, more } => {
                let from = cx.from();
                match self.parts.add(from, info, more) {
                    frame::Added::More => {}
                    frame::Added::Full => cx.dropped("dlms_segments"),
                    frame::Added::Whole(apdu) => self.apdu(cx, f, &apdu),
                }
            }
        }
    }

    fn apdu(&mut self, cx: &mut Cx<'_>, f: &frame::Frame<'_>, data: &[u8]) {
        let Some(apdu) = Apdu::read(data) else { return cx.malformed() };
        cx.sender_is(if apdu.asks() { Side::Client } else { Side::Server });
        self.open.hear(cx);
        self.sap(cx, f.server);
        let unit = f.server.to_string();
        match apdu {
            Apdu::Open(body) => self.open(cx, body, f.client),
            Apdu::Opened(body) => self.opened(cx, body),
            Apdu::Release | Apdu::Released => {}
            Apdu::Get { invoke, object } => self.ask(cx, invoke, "get", object, &[], &unit),
            Apdu::Set { invoke, object, data } => self.ask(cx, invoke, "set", object, data, &unit),
            Apdu::Action { invoke, object, data } => {
                self.high_level(cx, &object, data);
                self.ask(cx, invoke, "action", object, data, &unit);
            }
            Apdu::Answer { invoke, error, data } => {
                let (outcome, exception) = match error {
                    Some(code) if code != 0 => {
                        (Outcome::Refused, Some((i64::from(code), apdu::error_name(code))))
                    }
                    _ => (Outcome::Accepted, None),
                };
                self.open.answer(cx, &invoke, outcome, exception);
                if let Some(object) = self.wanted.take(&invoke)
                    && let Some(data) = data
                {
                    objects::facts(cx, &object, data);
                }
            }
            Apdu::Short { write } => {
                let (name, action) = if write { ("write_request", Action::Write) } else { ("read_request", Action::Read) };
                let asked = Asked::new(cx, action, name).unit(unit);
                self.open.ask(cx, 0xFF, asked);
            }
            Apdu::ShortAnswer { refused } => {
                let outcome = if refused { Outcome::Refused } else { Outcome::Accepted };
                self.open.answer(cx, &0xFF, outcome, refused.then_some((1, "data_access_error")));
            }
            Apdu::Exception(code) => {
                if let Some((_, asked)) = self.open.take_if(|_, _| true) {
                    asked.report(cx, Outcome::Refused, Some((i64::from(code), "exception_response")));
                }
            }
            Apdu::Ciphered => {
                if !self.ciphered {
                    self.ciphered = true;
                    cx.fact(Side::Server, "security", "ciphered", "glo/ded service");
                }
            }
            Apdu::Notification => {}
        }
    }

    fn sap(&mut self, cx: &mut Cx<'_>, server: u16) {
        if self.saps.contains(&server) || server == 0 {
            return;
        }
        if self.saps.len() >= MAX_SAPS {
            return cx.dropped("dlms_saps");
        }
        self.saps.push(server);
        cx.fact(Side::Server, "sap", &server.to_string(), "server SAP");
        cx.fact(Side::Server, "role", "meter", "server SAP");
    }

    fn ask(&mut self, cx: &mut Cx<'_>, invoke: u8, service: &'static str, object: apdu::Object, data: &[u8], unit: &str) {
        let (name, action) = objects::operation(service, &object, data);
        let mut asked = Asked::new(cx, action, name).unit(unit).target(object.text()).code(object.class);
        if service != "get"
            && let Some(value) = objects::plain(data)
        {
            asked = asked.value(value);
        }
        // attribute 7 of an association object is its secret
        if service == "set" && object.class == 15 && object.index == 7
            && let Some(secret) = objects::octets(data)
        {
            let (text, _) = readable(secret);
            cx.credential(Cred::new(CredKind::Password).secret(&text).cleartext().detail("sap", unit));
            asked.value = None;
        }
        if service == "get" {
            self.wanted.push(invoke, object);
        }
        self.open.ask(cx, invoke, asked);
    }

    /// AARQ: who opens, and with what password.
    fn open(&mut self, cx: &mut Cx<'_>, body: &[u8], client: u16) {
        self.log_in(cx, LoginOutcome::Unknown);
        let mut opening = Opening { mechanism: 0, secret: None, sent: cx.at(), client };
        for value in Ber::new(body) {
            match value.tag {
                0x8B => opening.mechanism = value.body.last().copied().unwrap_or_default(),
                0xAC => opening.secret = Ber::new(value.body).next().map(|v| v.body.to_vec()),
                0xA6 => {
                    if let Some(title) = Ber::new(value.body).octets() {
                        cx.fact(Side::Client, "system-title", &hex(title), "AARQ calling-AP-title");
                    }
                }
                _ => {}
            }
        }
        self.challenge = None;
        let name = if opening.mechanism == 0 { "open_association" } else { "authenticate_association" };
        let action = if opening.mechanism == 0 { Action::Other } else { Action::Authenticate };
        let asked = Asked::new(cx, action, name).detail("client_sap", client).detail("mechanism", opening.mechanism);
        self.open.ask(cx, 0xFE, asked);
        self.opening = Some(opening);
    }

    /// AARE: what became of it.
    fn opened(&mut self, cx: &mut Cx<'_>, body: &[u8]) {
        let (mut result, mut diagnostic, mut challenge) = (None, 0, None);
        for value in Ber::new(body) {
            let inner = || Ber::new(value.body).next().map(|v| v.body);
            match value.tag {
                0xA2 => result = inner().and_then(ber::int),
                0xA3 => {
                    diagnostic = Ber::new(value.body)
                        .next()
                        .and_then(|v| v.inner().integer())
                        .unwrap_or_default();
                }
                0xA4 => {
                    if let Some(title) = Ber::new(value.body).octets() {
                        objects::system_title(cx, title);
                    }
                }
                0xAA => challenge = inner().map(<[u8]>::to_vec),
                _ => {}
            }
        }
        let accepted = result == Some(0);
        let mechanism = self.opening.as_ref().map_or(0, |o| o.mechanism);
        if let Some(challenge) = challenge.filter(|c| c.len() <= 64) {
            self.challenge = Some((mechanism, challenge));
        }
        let (outcome, login) = match accepted {
            true => (Outcome::Accepted, LoginOutcome::Success),
            false => (Outcome::Refused, LoginOutcome::Failure),
        };
        let why = match diagnostic {
            11 => "mechanism_not_recognised",
            12 => "mechanism_required",
            13 => "authentication_failure",
            14 => "authentication_required",
            _ => "association_refused",
        };
        self.open.answer(cx, &0xFE, outcome, (!accepted).then_some((diagnostic, why)));
        self.log_in(cx, login);
    }

    fn log_in(&mut self, cx: &mut Cx<'_>, outcome: LoginOutcome) {
        let Some(opening) = self.opening.take() else { return };
        let Some(secret) = opening.secret.filter(|_| opening.mechanism == 1) else { return };
        let (text, encoding) = readable(&secret);
        let mut cred = Cred::new(CredKind::Password).secret(&text).cleartext().sent(opening.sent).outcome(outcome);
        cred = cred.detail("client_sap", opening.client);
        if let Some(encoding) = encoding {
            cred = cred.detail("encoding", encoding);
        }
        cx.credential(cred);
    }

    /// The client's answer to the server's challenge: MD5 and SHA-1 of challenge and secret.
    fn high_level(&mut self, cx: &mut Cx<'_>, object: &apdu::Object, data: &[u8]) {
        if object.class != 15 || object.index != 1 {
            return;
        }
        let Some((mechanism, challenge)) = self.challenge.take() else { return };
        let Some(reply) = objects::octets(data) else { return };
        let mode = match (mechanism, reply.len()) {
            (3, 16) => 20,
            (4, 20) => 120,
            _ => return,
        };
        let salt = match String::from_utf8(challenge.clone()) {
            Ok(text) if !text.contains(':') && text.chars().all(|c| !c.is_control()) => text,
            _ => format!("$HEX[{}]", hex(&challenge)),
        };
        let line = format!("{}:{salt}", hex(reply));
        cx.credential(Cred::new(CredKind::Hash).secret(&line).hashcat(mode, &line));
    }
}

/// A secret as text, in hexadecimal (and said so) where it is none.
fn readable(secret: &[u8]) -> (String, Option<&'static str>) {
    match std::str::from_utf8(secret) {
        Ok(text) if text.chars().all(|c| !c.is_control()) => (text.to_owned(), None),
        _ => (hex(secret), Some("hexadecimal")),
    }
}
