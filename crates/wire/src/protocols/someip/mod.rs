//! SOME/IP with service discovery: services between control units of vehicles, over UDP and TCP.
//!
//! Sources: AUTOSAR PRS_SOMEIPProtocol, PRS_SOMEIPServiceDiscoveryProtocol; Wireshark as second reader.
//! Payload is the service's own and is not read; segments of SOME/IP-TP count as one call.

mod sd;
#[cfg(test)]
mod tests;

use crate::asked::{Asked, Requests};
use crate::bytes::Reader;
use crate::cx::Cx;
use crate::model::*;
use crate::probe::*;

pub static SPEC: Spec = Spec {
    name: "someip",
    title: "SOME/IP",
    industrial: false,
    transports: &[Transport::Udp, Transport::Tcp],
    ports: &[30490, 30491, 30501, 30509],
    ethertypes: &[],
    rank: 55,
    identify,
    open: || Box::<SomeIp>::default(),
    pdus: false,
    facts: &["service", "endpoint", "eventgroup"],
    credentials: &[],
    operations: &["request", "request_no_return", "notification", "find_service", "subscribe_eventgroup"],
    source: "AUTOSAR PRS_SOMEIPProtocol R22-11, PRS_SOMEIPServiceDiscoveryProtocol; Wireshark as second reader",
    level: 5,
    proofs: &["ndpi/pcap/someip-tp.pcap"],
};

const TIMEOUT: Micros = 10_000_000;
const HEADER: usize = 16;
/// Longest message of a stream that is believed; its payload is passed over.
const MAX_LENGTH: u32 = 0x0100_0000;
/// Services and event groups of one flow that are told.
const MAX_SERVICES: usize = 256;

#[derive(Clone, Copy, Debug)]
struct Header {
    service: u16,
    method: u16,
    /// Octets of the whole message.
    length: usize,
    client: u16,
    session: u16,
    interface: u8,
    kind: u8,
    code: u8,
}

impl Header {
    fn read(data: &[u8]) -> Option<Header> {
        let mut r = Reader::new(data);
        let (service, method) = (r.be16()?, r.be16()?);
        let length = r.be32().filter(|n| (8..=MAX_LENGTH).contains(n))?;
        let (client, session) = (r.be16()?, r.be16()?);
        if r.u8()? != 1 {
            return None;
        }
        let (interface, kind, code) = (r.u8()?, r.u8()?, r.u8()?);
        // 0x20 marks a segment; 0x40 and 0xC0 are acknowledgements of old
        let known = matches!(kind & !0x20, 0 | 1 | 2 | 0x40 | 0x41 | 0x42 | 0x80 | 0x81 | 0xC0 | 0xC1);
        let sound = match kind & !0x20 {
            0..=2 => code == 0,
            0x80 => code <= 0x5E,
            0x81 => (1..=0x5E).contains(&code),
            _ => code == 0,
        };
        let nobody = service == 0 && method == 0;
        (known && sound && !nobody).then_some(Header {
            service,
            method,
            length: length as usize + 8,
            client,
            session,
            interface,
            kind,
            code,
        })
    }
    fn discovery(&self) -> bool {
        (self.service, self.method) == (0xFFFF, 0x8100)
    }
    /// Magic cookies of TCP (service FFFF, methods 0 and 8000) only keep streams in step.
    fn cookie(&self) -> bool {
        self.service == 0xFFFF && matches!(self.method, 0 | 0x8000)
    }
    fn role(&self) -> Role {
        match self.kind & !0x20 {
            _ if self.discovery() => Role::Unknown,
            0 | 1 => Role::Client,
            _ => Role::Server,
        }
    }
}

fn identify(hint: &Hint, data: &[u8]) -> Verdict {
    let stream = hint.transport == Transport::Tcp;
    if data.len() < HEADER {
        // the length's first octet and the version are known early
        let may = data.get(4).is_none_or(|b| *b == 0) && data.get(12).is_none_or(|b| *b == 1);
        return if stream && may { Verdict::Need } else { Verdict::No };
    }
    let Some(first) = Header::read(data) else { return Verdict::No };
    if stream {
        return match first.length == data.len() || first.cookie() {
            true => Verdict::Strong(first.role()),
            false => match data.get(first.length..).map(Header::read) {
                Some(Some(_)) => Verdict::Strong(first.role()),
                Some(None) if data.len() >= first.length + HEADER => Verdict::No,
                _ => Verdict::Weak(first.role()),
            },
        };
    }
    // messages fill a datagram
    let (mut rest, mut seen) = (data, 0);
    while !rest.is_empty() && seen < 16 {
        match Header::read(rest) {
            Some(h) if h.length <= rest.len() => {
                if h.discovery() && sd::Entries::read(rest.get(HEADER..h.length).unwrap_or_default()).is_none() {
                    return Verdict::No;
                }
                rest = rest.get(h.length..).unwrap_or_default();
            }
            _ => return Verdict::No,
        }
        seen += 1;
    }
    // a call without payload says little
    if first.length == HEADER && seen == 1 && !first.discovery() { Verdict::Weak(first.role()) } else { Verdict::Strong(first.role()) }
}

#[derive(PartialEq, Debug)]
enum Key {
    Call(u16, u16, u16, u16),
    Subscribe(u16, u16, u16),
}

/// State of one flow.
#[derive(Default)]
struct SomeIp {
    open: Requests<Key>,
    told: Vec<(bool, u16, u16)>,
}

impl Probe for SomeIp {
    fn stream(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Step {
        if data.len() < HEADER {
            return Step::Need;
        }
        let Some(header) = Header::read(data) else { return Step::Bad };
        if header.discovery() && header.length <= 0x4000 {
            let Some(body) = data.get(HEADER..header.length) else { return Step::Need };
            self.discovery(cx, body);
        } else {
            self.message(cx, &header);
        }
        match header.length.checked_sub(data.len()) {
            Some(more) if more > 0 => Step::Skip(more as u64),
            _ => Step::Used(header.length),
        }
    }

    fn datagram(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Result<(), Malformed> {
        let mut rest = data;
        while !rest.is_empty() {
            let header = Header::read(rest).ok_or(Malformed)?;
            let message = rest.get(HEADER..header.length).ok_or(Malformed)?;
            if header.discovery() {
                self.discovery(cx, message);
            } else {
                self.message(cx, &header);
            }
            rest = rest.get(header.length..).unwrap_or_default();
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

impl SomeIp {
    fn message(&mut self, cx: &mut Cx<'_>, h: &Header) {
        if h.cookie() {
            return;
        }
        match h.role() {
            Role::Client => cx.sender_is(Side::Client),
            Role::Server => cx.sender_is(Side::Server),
            Role::Unknown => {}
        }
        self.open.hear(cx);
        let target = format!("0x{:04x}.0x{:04x}", h.service, h.method);
        let asked = |cx: &Cx<'_>, name| {
            Asked::new(cx, Action::Other, name).code(h.method).target(target.as_str()).detail("interface", h.interface)
        };
        let key = Key::Call(h.service, h.method, h.client, h.session);
        match h.kind {
            0 => {
                let asked = asked(cx, "request");
                self.open.ask(cx, key, asked);
            }
            1 => asked(cx, "request_no_return").report(cx, Outcome::Unknown, None),
            2 => {
                // who publishes is the server
                let mut asked = asked(cx, "notification");
                asked.by = Side::Server;
                asked.report(cx, Outcome::Unknown, None);
            }
            0x80 | 0x81 => {
                let refused = h.kind == 0x81 || h.code != 0;
                let outcome = if refused { Outcome::Refused } else { Outcome::Accepted };
                self.open.answer(cx, &key, outcome, refused.then_some((i64::from(h.code), return_name(h.code))));
            }
            // segments: the first stands for the call
            0x20 | 0x21 if h.length > HEADER => {}
            _ => {}
        }
    }

    fn discovery(&mut self, cx: &mut Cx<'_>, body: &[u8]) {
        let Some(entries) = sd::Entries::read(body) else { return cx.malformed() };
        self.open.hear(cx);
        for entry in entries.each() {
            let key = Key::Subscribe(entry.service, entry.instance, entry.group);
            let target = format!("0x{:04x}.0x{:04x}", entry.service, entry.instance);
            match entry.kind {
                0 => {
                    let asked = Asked::new(cx, Action::Discover, "find_service").target(target);
                    asked.report(cx, Outcome::Unknown, None);
                }
                1 if entry.ttl > 0
                    && self.news(cx, false, entry.service, entry.instance) => {
                        let text = format!("{target} v{}.{}", entry.major, entry.minor);
                        cx.fact(cx.from(), "service", &text, "OfferService");
                        for endpoint in entries.endpoints(&entry) {
                            cx.fact(cx.from(), "endpoint", &endpoint, "OfferService endpoint option");
                        }
                    }
                6 if entry.ttl > 0 => {
                    let asked = Asked::new(cx, Action::Subscribe, "subscribe_eventgroup")
                        .target(target)
                        .detail("eventgroup", entry.group);
                    self.open.ask(cx, key, asked);
                }
                7 => {
                    let refused = entry.ttl == 0;
                    let outcome = if refused { Outcome::Refused } else { Outcome::Accepted };
                    self.open.answer(cx, &key, outcome, refused.then_some((0, "subscribe_nack")));
                    if !refused && self.news(cx, true, entry.service, entry.group) {
                        let text = format!("0x{:04x}.0x{:04x}", entry.service, entry.group);
                        cx.fact(cx.from(), "eventgroup", &text, "SubscribeEventgroupAck");
                    }
                }
                _ => {}
            }
        }
    }

    /// True if this service or event group was not told of yet.
    fn news(&mut self, cx: &mut Cx<'_>, group: bool, service: u16, id: u16) -> bool {
        if self.told.contains(&(group, service, id)) {
            return false;
        }
        if self.told.len() >= MAX_SERVICES {
            cx.dropped("someip_services");
            return false;
        }
        self.told.push((group, service, id));
        true
    }
}

/// Return codes (PRS_SOMEIP_00191).
fn return_name(code: u8) -> &'static str {
    match code {
        1 => "not_ok",
        2 => "unknown_service",
        3 => "unknown_method",
        4 => "not_ready",
        5 => "not_reachable",
        6 => "timeout",
        7 => "wrong_protocol_version",
        8 => "wrong_interface_version",
        9 => "malformed_message",
        10 => "wrong_message_type",
        _ => "error",
    }
}
