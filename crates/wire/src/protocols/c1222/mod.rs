//! ANSI C12.22: North American meters over TCP and UDP.
//!
//! Sources: ANSI C12.22-2012 (ACSE and EPSEM, services), C12.19-2012 (tables and procedures, decade 0);
//! Wireshark as second reader. Services in ciphertext are counted, not read.

mod services;
#[cfg(test)]
mod tests;

use crate::asked::{Asked, Requests};
use crate::bytes::{Reader, hex, text};
use crate::cx::Cx;
use crate::model::*;
use crate::probe::*;
use crate::protocols::ber::{self, Ber};
use services::{Said, request, response_name};

pub static SPEC: Spec = Spec {
    name: "c1222",
    title: "ANSI C12.22",
    industrial: true,
    transports: &[Transport::Tcp, Transport::Udp],
    ports: &[1153],
    ethertypes: &[],
    rank: 45,
    identify,
    open: || Box::<C1222>::default(),
    pdus: false,
    facts: &["vendor", "model", "firmware", "hardware", "serial", "id:c1222", "id:meter", "role", "device-class", "security"],
    credentials: &["password", "user"],
    operations: services::OPERATIONS,
    source: "ANSI C12.22-2012, C12.19-2012; Wireshark as second reader",
    level: 5,
    proofs: &["arkime/c1222.pcap", "ndpi/pcap/c1222.pcapng"],
};

/// A request is given up after so many microseconds; mesh networks take their time.
const TIMEOUT: Micros = 60_000_000;
/// Longest message that is believed.
const MAX_MESSAGE: usize = 0x2000;
/// Services of one message that are read.
const MAX_SERVICES: usize = 32;

fn identify(hint: &Hint, data: &[u8]) -> Verdict {
    if data.first() != Some(&0x60) {
        return Verdict::No;
    }
    let stream = hint.transport == Transport::Tcp;
    let length = match ber::frame(data) {
        ber::Frame::Len(n) if n <= MAX_MESSAGE => n,
        ber::Frame::Need if stream => return Verdict::Need,
        _ => return Verdict::No,
    };
    if !stream && length != data.len() {
        return Verdict::No;
    }
    let Some(whole) = data.get(..length) else {
        // the first element is known early
        return match data.get(if data.get(1).is_some_and(|l| l & 0x80 != 0) { 2 + usize::from(data.get(1).copied().unwrap_or_default() & 0x7F) } else { 2 }) {
            None | Some(0xA1 | 0xA2 | 0xA4 | 0xA6 | 0xA8) => Verdict::Need,
            Some(_) => Verdict::No,
        };
    };
    match Message::read(whole) {
        Some(m) if m.services().any(|s| s.first().is_some_and(|c| *c >= 0x20)) => Verdict::Strong(Role::Client),
        Some(_) => Verdict::Strong(Role::Unknown),
        None => Verdict::No,
    }
}

/// An ACSE message with its EPSEM.
struct Message<'a> {
    called: Option<String>,
    calling: Option<String>,
    /// Invocation id of the request that is answered, and of this message.
    answers: Option<i64>,
    id: Option<i64>,
    flags: u8,
    class: Option<&'a [u8]>,
    epsem: &'a [u8],
}

fn title(body: &[u8]) -> Option<String> {
    let value = Ber::new(body).next()?;
    match value.tag {
        ber::OID => Some(ber::dotted(&ber::arcs(value.body)?)),
        // relative to the C12.22 branch
        0x0D | 0x80 => Some(format!(".{}", hex(value.body))),
        _ => None,
    }
}

impl<'a> Message<'a> {
    fn read(data: &'a [u8]) -> Option<Message<'a>> {
        let whole = Ber::new(data).expect(0x60)?;
        let mut m = Message { called: None, calling: None, answers: None, id: None, flags: 0, class: None, epsem: &[] };
        let mut found = false;
        for value in whole.inner() {
            let number = || value.inner().integer();
            match value.tag {
                0xA1 => {
                    // application context: 2.16.124.113620.1.22 and below
                    let oid = Ber::new(value.body).expect(ber::OID)?;
                    oid.body.starts_with(&[0x60, 0x7C, 0x86, 0xF7, 0x54, 0x01, 0x16]).then_some(())?;
                }
                0xA2 => m.called = Some(title(value.body)?),
                0xA6 => m.calling = Some(title(value.body)?),
                0xA4 => m.answers = number(),
                0xA8 => m.id = number(),
                0xA7 | 0x8B | 0xAC => {}
                0xBE => {
                    let external = value.inner().expect(0x28)?;
                    let octets = external.inner().expect(0x81)?;
                    let (&flags, mut rest) = octets.body.split_first()?;
                    m.flags = flags;
                    if flags & 0x10 != 0 {
                        let (class, behind) = rest.split_first_chunk::<4>()?;
                        (m.class, rest) = (Some(&class[..]), behind);
                    }
                    m.epsem = rest;
                    found = true;
                }
                _ => return None,
            }
        }
        let titled = m.called.is_some() || m.calling.is_some();
        (found && titled && m.flags & 0x80 != 0).then_some(m)
    }

    fn ciphered(&self) -> bool {
        self.flags & 0x0C == 0x08
    }

    /// The services, each behind its length.
    fn services(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        // in clear with authentication, the last four octets are the code of it
        let mac = if self.flags & 0x0C == 0x04 { 4 } else { 0 };
        let end = if self.ciphered() { 0 } else { self.epsem.len().saturating_sub(mac) };
        let mut r = Reader::new(self.epsem.get(..end).unwrap_or_default());
        std::iter::from_fn(move || {
            let short = r.u8()?;
            let length = match short {
                0x81 => usize::from(r.u8()?),
                0x82 => usize::from(r.be16()?),
                short => usize::from(short),
            };
            r.take(length)
        })
        .take(MAX_SERVICES)
    }
}

struct Login {
    user: String,
    number: u16,
    secret: Option<Vec<u8>>,
    sent: Stamp,
}

/// State of one flow.
#[derive(Default)]
struct C1222 {
    open: Requests<(i64, usize)>,
    /// Tables asked for, so that the answer can be read.
    tables: crate::pending::Pending<(i64, usize), u16, 32>,
    login: Option<Login>,
    ciphered: bool,
    titles: Vec<(Side, Box<str>)>,
}

/// AP titles of one flow that are told; a relay speaks for many meters.
const MAX_TITLES: usize = 64;

impl Probe for C1222 {
    fn stream(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Step {
        if data.first() != Some(&0x60) {
            return Step::Bad;
        }
        match ber::frame(data) {
            ber::Frame::Need => Step::Need,
            ber::Frame::Len(n) if n <= MAX_MESSAGE => match data.get(..n) {
                None => Step::Need,
                Some(whole) => {
                    if !self.message(cx, whole) {
                        cx.malformed();
                    }
                    Step::Used(n)
                }
            },
            _ => Step::Bad,
        }
    }

    fn datagram(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Result<(), Malformed> {
        if self.message(cx, data) { Ok(()) } else { Err(Malformed) }
    }

    fn tick(&mut self, cx: &mut Cx<'_>) {
        self.open.tick(cx, TIMEOUT);
    }

    fn end(&mut self, cx: &mut Cx<'_>) {
        self.log_in(cx, LoginOutcome::Unknown);
        self.open.end(cx);
    }
}

impl C1222 {
    fn message(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> bool {
        let Some(m) = Message::read(data) else { return false };
        self.open.hear(cx);
        let from = cx.from();
        if let Some(title) = m.calling.as_deref() {
            self.title(cx, from, title, "calling-AP-title");
        }
        if let Some(title) = m.called.as_deref() {
            self.title(cx, from.other(), title, "called-AP-title");
        }
        if let Some(class) = m.class.map(text).filter(|c| c.bytes().all(|b| b.is_ascii_graphic()) && !c.is_empty()) {
            cx.fact(from, "device-class", &class, "EPSEM ed-class");
        }
        if m.ciphered() {
            if !self.ciphered {
                self.ciphered = true;
                cx.service_info("security", "ciphertext");
                cx.fact(from, "security", "ciphertext", "EPSEM control");
            }
            return true;
        }
        for (place, service) in m.services().enumerate() {
            match Said::read(service) {
                Some(Said::Request(code, body)) => self.request(cx, (m.id.unwrap_or(-1), place), code, body),
                Some(Said::Response(code, body)) => {
                    self.response(cx, (m.answers.unwrap_or(-1), place), code, body);
                }
                None => cx.malformed(),
            }
        }
        true
    }

    fn title(&mut self, cx: &mut Cx<'_>, side: Side, title: &str, field: &'static str) {
        if self.titles.iter().any(|(s, t)| *s == side && **t == *title) {
            return;
        }
        if self.titles.len() >= MAX_TITLES {
            return cx.dropped("c1222_titles");
        }
        self.titles.push((side, title.into()));
        cx.fact(side, "id:c1222", title, field);
    }

    fn request(&mut self, cx: &mut Cx<'_>, key: (i64, usize), code: u8, body: &[u8]) {
        let Some(asking) = request(code, body) else { return };
        match code {
            0x50 => {
                self.log_in(cx, LoginOutcome::Unknown);
                let mut r = Reader::new(body);
                if let (Some(number), Some(user)) = (r.be16(), r.take(10)) {
                    self.login = Some(Login { user: text(user), number, secret: None, sent: cx.at() });
                }
            }
            0x51 => {
                let secret = body.get(..20).unwrap_or(body).to_vec();
                let login = self.login.get_or_insert_with(|| Login {
                    user: String::new(),
                    number: 0,
                    secret: None,
                    sent: cx.at(),
                });
                login.secret = Some(secret);
                login.sent = cx.at();
            }
            _ => {}
        }
        if let Some(table) = asking.reads {
            self.tables.push(key, table);
        }
        let mut asked = Asked::new(cx, asking.action, asking.name).code(code);
        if let Some(target) = asking.target {
            asked = asked.target(target);
        }
        self.open.ask(cx, key, asked);
    }

    fn response(&mut self, cx: &mut Cx<'_>, key: (i64, usize), code: u8, body: &[u8]) {
        let good = code == 0;
        let (outcome, exception) = match good {
            true => (Outcome::Accepted, None),
            false => (Outcome::Refused, Some((i64::from(code), response_name(code)))),
        };
        let Some(asked) = self.open.take(&key) else { return };
        match asked.code {
            Some(0x51) => self.log_in(cx, if good { LoginOutcome::Success } else { LoginOutcome::Failure }),
            Some(0x50) if !good => self.log_in(cx, LoginOutcome::Failure),
            Some(0x53) => {}
            _ => {}
        }
        asked.report(cx, outcome, exception);
        if let Some(table) = self.tables.take(&key)
            && good
        {
            services::table(cx, table, body);
        }
    }

    fn log_in(&mut self, cx: &mut Cx<'_>, outcome: LoginOutcome) {
        let Some(login) = self.login.take() else { return };
        let secret = login.secret.map(|s| {
            let plain = text(&s);
            if plain.chars().all(|c| !c.is_control() && c != '\u{FFFD}') { plain } else { hex(&s) }
        });
        let kind = if secret.is_some() { CredKind::Password } else { CredKind::User };
        let mut cred = Cred::new(kind).sent(login.sent).outcome(outcome).detail("user_id", login.number);
        cred.username = Some(login.user.as_str()).filter(|u| !u.is_empty());
        cred.secret = secret.as_deref();
        cred.cleartext = secret.is_some();
        if cred.username.is_some() || cred.secret.is_some() {
            cx.credential(cred);
        }
    }
}
