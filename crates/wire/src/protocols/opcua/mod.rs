//! OPC UA over TCP (`opc.tcp`), binary encoding.
//!
//! Chunks are joined to messages, messages paired by their request number. What a channel with
//! policy None, or one that only signs, carries is read whole: sessions and who opens them, nodes
//! read, written, added and deleted, methods called. Of an encrypted channel only its opening is
//! read, its messages are counted.
//! Sources: OPC 10000-6 (encoding and transport), OPC 10000-4 (services), OPC 10000-5 (the server's
//! own nodes), OPC 10000-100 (names of a device's identity).

mod channel;
mod frame;
mod learn;
mod report;
mod request;
mod response;
mod services;
mod status;
#[cfg(test)]
mod tests;
mod types;

use crate::cx::Cx;
use crate::model::*;
use crate::pending::Pending;
use crate::probe::{Probe, Spec, Step};
use channel::Channel;
use frame::{Asymmetric, HEADER, Header, Hello, Kind};
use report::Ending;
use request::{Fields, Request};
use types::{Decoder, NodeId};

/// A request without an answer for so long has none, in microseconds.
const TIMEOUT: Micros = 60_000_000;
/// Bytes of one chunk that are read; what is longer is passed over.
const MAX_CHUNK: usize = 60 * 1024;
/// Bytes of one message joined from its chunks, for each direction.
const MAX_MESSAGE: usize = 128 * 1024;

pub static SPEC: Spec = Spec {
    name: "opcua",
    title: "OPC UA",
    industrial: true,
    transports: &[Transport::Tcp],
    ports: &[frame::PORT],
    ethertypes: &[],
    rank: 30,
    identify: frame::identify,
    open: || Box::<OpcUa>::default(),
    pdus: true,
    facts: &[
        "vendor",
        "product",
        "model",
        "firmware",
        "hardware",
        "serial",
        "hostname",
        "build",
        "application_uri",
        "application_name",
        "product_uri",
        "server_state",
        "certificate_subject",
        "certificate_issuer",
        "certificate_name",
    ],
    credentials: &["password", "token", "user"],
    operations: services::OPERATIONS,
    source: "OPC 10000-4, 10000-5, 10000-6, 10000-12, 10000-100",
    level: 5,
    proofs: &["icsnpp-opcua"],
};

/// A message of which not all chunks have come.
#[derive(Debug, Default)]
struct Parts {
    request: u32,
    data: Vec<u8>,
    size: u64,
    chunks: u32,
}

/// One connection.
#[derive(Default)]
struct OpcUa {
    channel: Channel,
    parts: [Option<Parts>; 2],
    open: Pending<u32, (Side, Request)>,
    /// Nodes whose browse names say which fact their value is.
    named: Vec<(NodeId, &'static str)>,
    /// Certificates that were looked at, by length and last bytes.
    certificates: Vec<(usize, [u8; 8])>,
    heard: [bool; 2],
    settled: bool,
}

fn slot(side: Side) -> usize {
    match side {
        Side::Client => 0,
        Side::Server => 1,
    }
}

impl Probe for OpcUa {
    fn stream(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Step {
        if data.len() < HEADER {
            return if Header::begins(data) { Step::Need } else { Step::Bad };
        }
        let Some(header) = Header::read(data) else { return Step::Bad };
        let size = header.size as usize;
        let Some(chunk) = data.get(..size.min(MAX_CHUNK)) else { return Step::Need };
        let body = chunk.get(HEADER..).unwrap_or_default();
        if self.chunk(cx, &header, body).is_none() {
            cx.malformed();
        }
        match size.checked_sub(data.len()) {
            Some(more) if more > 0 => Step::Skip(more as u64),
            _ => Step::Used(size),
        }
    }

    fn gap(&mut self, _cx: &mut Cx<'_>, from: Side, _missing: u64) {
        if let Some(parts) = self.parts.get_mut(slot(from)) {
            *parts = None;
        }
    }

    fn tick(&mut self, cx: &mut Cx<'_>) {
        let now = cx.at().time;
        let late = |r: &Request| now.saturating_sub(r.asked.time) > TIMEOUT && !waits(r);
        while let Some((_, (by, request))) = self.open.take_if(|_, (_, r)| late(r)) {
            self.unanswered(cx, by, &request, None);
        }
    }

    fn end(&mut self, cx: &mut Cx<'_>) {
        let open: Vec<_> = self.open.drain().collect();
        for (_, (by, request)) in open {
            if !waits(&request) {
                self.unanswered(cx, by, &request, None);
            }
        }
    }
}

/// A publish is answered when there is something to tell: that it is open means nothing.
fn waits(request: &Request) -> bool {
    request.service.code == services::PUBLISH
}

impl OpcUa {
    fn chunk(&mut self, cx: &mut Cx<'_>, header: &Header, body: &[u8]) -> Option<()> {
        match header.kind {
            Kind::Hello | Kind::Acknowledge => {
                let asks = header.kind == Kind::Hello;
                self.settle(cx, if asks { Side::Client } else { Side::Server });
                self.hear(cx);
                report::hello(cx, header, &Hello::read(body)?);
            }
            Kind::ReverseHello => {
                let mut d = Decoder::new(body);
                let (uri, url) = (d.text()?, d.text()?);
                if !uri.is_empty() {
                    cx.fact(cx.from(), "application_uri", &uri, "ReverseHello.ServerUri");
                }
                let mut f = report::head(header);
                f.push(("opcua.application.uri", Val::from(uri)));
                f.push(("opcua.endpoint_url", Val::from(url)));
                cx.event(header.kind.name(), "connection", f);
            }
            Kind::Error => {
                self.hear(cx);
                let mut d = Decoder::new(body);
                let (code, reason) = (d.u32()?, d.text()?);
                report::error(cx, header, code, &reason);
                let from = cx.from();
                while let Some((_, (by, request))) = self.open.take_if(|_, (by, _)| *by != from) {
                    self.unanswered(cx, by, &request, Some(code));
                }
            }
            Kind::Open => self.opening(cx, header, body)?,
            Kind::Message | Kind::Close => self.protected(cx, header, body)?,
        }
        Some(())
    }

    fn hear(&mut self, cx: &Cx<'_>) {
        if let Some(heard) = self.heard.get_mut(slot(cx.from())) {
            *heard = true;
        }
    }

    /// In a flow without a handshake the roles follow the first message that shows them. With one,
    /// the server may still be who connected (reverse connect): then the flow's roles stay.
    fn settle(&mut self, cx: &mut Cx<'_>, sender: Side) {
        if !self.settled {
            self.settled = true;
            if cx.from() != sender && cx.swap_roles() {
                self.parts.swap(0, 1);
                self.heard.swap(0, 1);
            }
        }
    }

    fn opening(&mut self, cx: &mut Cx<'_>, header: &Header, body: &[u8]) -> Option<()> {
        let open = Asymmetric::read(body)?;
        self.hear(cx);
        let policy = open.policy_name().to_owned();
        if policy == "None" {
            self.channel.mode = Some("none");
        }
        self.channel.policy = Some(policy);
        self.certificate(cx, open.certificate);
        let mut f = Fields::new();
        if cx.wants_pdus() {
            f = report::head(header);
            f.push(("opcua.secure_channel_id", Val::from(open.channel)));
            report::asymmetric(&mut f, &open);
        }
        let mut d = Decoder::new(open.rest);
        let (sequence, request) = (d.u32()?, d.u32()?);
        if self.channel.policy.as_deref() != Some("None") {
            // signed and encrypted with the keys of the certificates
            if cx.wants_pdus() {
                f.push(("opcua.encrypted", Val::Bool(true)));
                cx.pdu(header.kind.name(), f);
            }
            return Some(());
        }
        self.numbered(cx, &mut f, sequence, request);
        self.message(cx, f, request, d.r.rest())
    }

    fn numbered(&self, cx: &Cx<'_>, f: &mut Fields, sequence: u32, request: u32) {
        if cx.wants_pdus() {
            f.push(("opcua.sequence_number", Val::from(sequence)));
            f.push(("opcua.request_id", Val::from(request)));
        }
    }

    /// A chunk of a message or of the channel's end: readable, or not.
    fn protected(&mut self, cx: &mut Cx<'_>, header: &Header, body: &[u8]) -> Option<()> {
        let mut d = Decoder::new(body);
        let (channel, token) = (d.u32()?, d.u32()?);
        let mut f = Fields::new();
        if cx.wants_pdus() {
            f = report::head(header);
            f.push(("opcua.secure_channel_id", Val::from(channel)));
            f.push(("opcua.security_token_id", Val::from(token)));
        }
        let (sequence, request) = (d.u32()?, d.u32()?);
        let content = d.r.rest();
        let at = slot(cx.from());
        let going = self.parts.get_mut(at).and_then(Option::take);
        let going = going.filter(|p| p.request == request);
        let known = frame::is_message(content);
        if header.chunk == b'A' {
            // given up by its sender: the reason is in the chunk
            let code = d.u32().unwrap_or(0);
            report::error(cx, header, code, "");
            return Some(());
        }
        if going.is_none() && !known {
            return self.sealed(cx, f, content);
        }
        if self.channel.mode.is_none() {
            let none = self.channel.policy.as_deref() == Some("None");
            self.channel.mode = match self.channel.policy {
                Some(_) if none => Some("none"),
                Some(_) => Some("sign"),
                None => None,
            };
        }
        self.numbered(cx, &mut f, sequence, request);
        if header.chunk == b'F' && going.is_none() {
            return self.message(cx, f, request, content);
        }
        let signed = if self.channel.mode == Some("sign") { self.channel.signature() } else { 0 };
        let content = content.get(..content.len().saturating_sub(signed)).unwrap_or_default();
        let mut parts = going.unwrap_or(Parts { request, ..Parts::default() });
        parts.size = parts.size.saturating_add(header.size.into());
        parts.chunks = parts.chunks.saturating_add(1);
        let room = MAX_MESSAGE.saturating_sub(parts.data.len());
        if room < content.len() {
            cx.dropped("opcua_parts");
        }
        parts.data.extend_from_slice(content.get(..content.len().min(room)).unwrap_or_default());
        if header.chunk == b'F' {
            if cx.wants_pdus() {
                f.push(("opcua.chunks", Val::from(parts.chunks)));
                f.push(("opcua.total_size", Val::from(parts.size)));
            }
            return self.message(cx, f, request, &parts.data);
        }
        if let Some(slot) = self.parts.get_mut(at) {
            *slot = Some(parts);
        }
        Some(())
    }

    /// A message that cannot be read: encrypted, or the rest of one whose beginning was lost.
    fn sealed(&mut self, cx: &mut Cx<'_>, mut f: Fields, content: &[u8]) -> Option<()> {
        let open = self.channel.policy.as_deref() == Some("None");
        if open && content.len() > 4 && self.heard == [true, true] && self.channel.mode == Some("none") {
            // readable in principle: a service that the standard does not have, or a remainder
            if frame::message_type(content).is_some() {
                return Some(());
            }
            return None;
        }
        self.hear(cx);
        if self.channel.policy.is_some() && self.channel.mode.is_none() {
            self.channel.mode = Some("sign_and_encrypt");
            self.channel.protection(cx);
        }
        if cx.wants_pdus() {
            f.push(("opcua.encrypted", Val::Bool(true)));
            cx.pdu("message", f);
        }
        Some(())
    }

    fn message(&mut self, cx: &mut Cx<'_>, f: Fields, id: u32, body: &[u8]) -> Option<()> {
        let (number, content) = frame::message_type(body)?;
        let mut d = Decoder::new(content);
        if number == services::FAULT {
            self.settle(cx, Side::Server);
            self.hear(cx);
            let head = response::Header::read(&mut d)?;
            return self.answer(cx, f, id, None, &head, &mut d);
        }
        let (service, response) = services::service(number)?;
        self.settle(cx, if response { Side::Server } else { Side::Client });
        self.hear(cx);
        if response {
            let head = response::Header::read(&mut d)?;
            return self.answer(cx, f, id, Some(service), &head, &mut d);
        }
        let head = request::Header::read(&mut d)?;
        let (body, whole) = request::read(service, &mut d);
        if !whole {
            cx.malformed();
        }
        if let Some(mode) = body.mode {
            self.channel.mode = Some(mode);
        }
        if service.code == services::CREATE_SESSION {
            self.channel.protection(cx);
        }
        if let Some(application) = body.application.as_ref().filter(|_| service.code == services::CREATE_SESSION)
        {
            report::application(cx, application);
        }
        self.certificate(cx, body.certificate);
        let request = Request {
            service,
            asked: cx.at(),
            items: body.items.clone(),
            total: body.total,
            identity: body.identity.clone(),
            subject: body.subject.clone(),
        };
        if cx.wants_pdus() {
            report::asked(cx, &self.channel, f, service, &head, body);
        }
        // the end of a channel is not answered (OPC 10000-6, 7.1.4)
        if service.code != services::CLOSE_SECURE_CHANNEL
            && let Some((_, (by, old))) = self.open.push(id, (cx.from(), request))
            && !waits(&old)
        {
            self.unanswered(cx, by, &old, None);
        }
        Some(())
    }

    fn answer(
        &mut self,
        cx: &mut Cx<'_>,
        f: Fields,
        id: u32,
        service: Option<services::Service>,
        head: &response::Header,
        d: &mut Decoder<'_>,
    ) -> Option<()> {
        let from = cx.from();
        let open = self.open.take_if(|k, (by, r)| {
            *k == id && *by != from && service.is_none_or(|s| s.code == r.service.code)
        });
        let (by, request) = match (open, service) {
            (Some((_, open)), _) => open,
            // its request was not in the capture: what is asked for is known by the answer
            (None, Some(service)) => {
                let request = Request {
                    service,
                    asked: cx.at(),
                    items: Vec::new(),
                    total: 0,
                    identity: None,
                    subject: None,
                };
                (from.other(), request)
            }
            (None, None) => return Some(()),
        };
        let bad = status::is_bad(head.result);
        let (body, whole) = match service {
            Some(service) if !bad => response::read(service, &request.items, d),
            _ => (response::Body::default(), true),
        };
        if !whole {
            cx.malformed();
        }
        self.learn(cx, &request, &body);
        let outcome = if bad { LoginOutcome::Failure } else { LoginOutcome::Success };
        if let Some(identity) = &request.identity {
            report::login(cx, identity, request.asked, outcome);
        }
        let ending = Ending {
            outcome: if bad { Outcome::Refused } else { Outcome::Accepted },
            status: bad.then_some(head.result),
            items: &body.statuses,
        };
        report::operation(cx, &self.channel, by, &request, &ending);
        if cx.wants_pdus() {
            report::answered(cx, &self.channel, f, &request, head, body);
        }
        Some(())
    }

    /// Reports a request to which no answer came, or that the other side ended the connection for.
    fn unanswered(&self, cx: &mut Cx<'_>, by: Side, request: &Request, error: Option<u32>) {
        let heard = self.heard.get(slot(by.other())).copied().unwrap_or(false);
        if let Some(identity) = &request.identity {
            let outcome = if error.is_some() { LoginOutcome::Failure } else { LoginOutcome::Unknown };
            report::login(cx, identity, request.asked, outcome);
        }
        let outcome = match error {
            Some(_) => Outcome::Refused,
            None if heard => Outcome::NoAnswer,
            None => Outcome::Unknown,
        };
        let ending = Ending { outcome, status: error, items: &[] };
        report::operation(cx, &self.channel, by, request, &ending);
    }
}
