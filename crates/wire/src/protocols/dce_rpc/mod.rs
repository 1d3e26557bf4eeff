//! DCE/RPC over TCP, and the calls made over it or over named pipes: Windows administration, DCOM,
//! WMI, replication between domain controllers.
//!
//! A bind says which interfaces are spoken, a request which of an interface's operations is called.
//! Operations are known by their names (see `names`); of requests that are not encrypted the texts
//! are shown (service, command, task, key). SMB gives the content of its pipes to [`Session`].
//! Sources: DCE 1.1 RPC (C706); MS-RPCE; the specifications named in `names`.

mod names;
mod pdu;
#[cfg(test)]
pub mod tests;

use crate::cx::Cx;
use crate::model::*;
use crate::pending::Pending;
use crate::probe::{Hint, Probe, Role, Spec, Step, Verdict};
use crate::protocols::ntlm;
use names::Interface;
use pdu::{Context, HEADER, Header};

/// A call without an answer for so long has none, in microseconds.
const TIMEOUT: Micros = 60_000_000;
/// Bytes of one fragment that are read; what is longer is passed over.
const MAX_FRAGMENT: usize = 16 * 1024;
/// Presentation contexts remembered of one connection.
const MAX_CONTEXTS: usize = 64;
/// Authentication levels that encrypt the stub data (MS-RPCE 2.2.1.1.8).
const PRIVACY: u8 = 6;
/// Kinds of security trailers that may hold NTLM (MS-RPCE 2.2.1.1.7).
const SPNEGO: u8 = 9;
const WINNT: u8 = 10;

pub static SPEC: Spec = Spec {
    name: "dce-rpc",
    title: "DCE/RPC",
    industrial: false,
    transports: &[Transport::Tcp],
    ports: &[135],
    ethertypes: &[],
    rank: 70,
    identify,
    open: || Box::<DceRpc>::default(),
    pdus: false,
    facts: &["hostname", "domain", "os"],
    credentials: &["hash", "user"],
    operations: names::OPERATIONS,
    source: "DCE 1.1 RPC (C706); MS-RPCE and the specifications of the interfaces",
    level: 4,
    proofs: &["zeek/dce-rpc"],
};

fn identify(_hint: &Hint, data: &[u8]) -> Verdict {
    let begins = data.first() == Some(&5) && data.get(1).is_none_or(|v| *v <= 1);
    if !begins {
        return Verdict::No;
    }
    if data.len() < HEADER {
        return Verdict::Need;
    }
    let Some(header) = Header::read(data) else { return Verdict::No };
    let role = if header.asks() { Role::Client } else { Role::Server };
    let body = data.get(HEADER..).unwrap_or_default();
    match header.kind {
        pdu::BIND | pdu::ALTER_CONTEXT if header.size >= 72 => match pdu::contexts(body, header.little) {
            Some(list) if !list.is_empty() => Verdict::Strong(role),
            Some(_) => Verdict::No,
            None if data.len() < usize::from(header.size).min(2048) => Verdict::Need,
            None => Verdict::No,
        },
        pdu::REQUEST | pdu::RESPONSE | pdu::FAULT if header.size >= 24 => Verdict::Strong(role),
        pdu::BIND_ACK | pdu::ALTER_CONTEXT_RESPONSE if header.size >= 28 => Verdict::Strong(role),
        _ => Verdict::Weak(role),
    }
}

/// A call that waits for its answer.
#[derive(Debug)]
struct Call {
    asked: Stamp,
    by: Side,
    interface: Option<&'static Interface>,
    uuid: Box<str>,
    number: u16,
    texts: Vec<String>,
    sealed: bool,
}

/// The calls of one connection or one pipe.
#[derive(Debug, Default)]
pub struct Session {
    /// Name of the pipe, where one carries the calls.
    pipe: Option<Box<str>>,
    contexts: Vec<Context>,
    /// Contexts of the bind that waits for its results.
    asked: Vec<u16>,
    open: Pending<u32, Call>,
    /// Bytes still to come of a fragment that was cut, by sender.
    rest: [usize; 2],
    level: u8,
    ntlm: ntlm::Session,
    login: Option<Box<ntlm::Login>>,
    heard: [bool; 2],
    told: bool,
}

fn slot(side: Side) -> usize {
    match side {
        Side::Client => 0,
        Side::Server => 1,
    }
}

impl Session {
    /// Calls over a named pipe.
    pub fn on_pipe(name: &str) -> Session {
        Session { pipe: Some(name.into()), ..Session::default() }
    }

    /// Takes what was written to or read from a pipe by `from`: fragments, the last perhaps cut.
    pub fn fed(&mut self, cx: &mut Cx<'_>, from: Side, data: &[u8]) {
        let at = slot(from);
        let held = self.rest.get(at).copied().unwrap_or(0).min(data.len());
        let mut data = data.get(held..).unwrap_or_default();
        let mut rest = self.rest.get(at).copied().unwrap_or(0).saturating_sub(held);
        while let Some(header) = Header::read(data) {
            let size = usize::from(header.size);
            let fragment = data.get(..size.min(data.len())).unwrap_or_default();
            rest = size - fragment.len();
            if !self.told {
                self.told = true;
                cx.also("dce-rpc");
            }
            self.fragment(cx, from, &header, fragment);
            data = data.get(size..).unwrap_or_default();
        }
        if let Some(slot) = self.rest.get_mut(at) {
            *slot = rest;
        }
    }

    /// What was cut or lost of one direction is not waited for any more.
    pub fn gap(&mut self, from: Side) {
        if let Some(rest) = self.rest.get_mut(slot(from)) {
            *rest = 0;
        }
        if from == Side::Server {
            self.ntlm.gap();
        }
    }

    pub fn tick(&mut self, cx: &mut Cx<'_>) {
        let now = cx.at().time;
        while let Some((_, call)) = self.open.take_if(|_, c| now.saturating_sub(c.asked.time) > TIMEOUT) {
            self.unanswered(cx, &call);
        }
    }

    pub fn end(&mut self, cx: &mut Cx<'_>) {
        let open: Vec<_> = self.open.drain().collect();
        for (_, call) in open {
            self.unanswered(cx, &call);
        }
        if let Some(login) = self.login.take() {
            login.report(cx, LoginOutcome::Unknown);
        }
    }

    fn unanswered(&self, cx: &mut Cx<'_>, call: &Call) {
        let heard = self.heard.get(slot(call.by.other())).copied().unwrap_or(false);
        self.report(cx, call, if heard { Outcome::NoAnswer } else { Outcome::Unknown }, None);
    }

    fn fragment(&mut self, cx: &mut Cx<'_>, from: Side, header: &Header, fragment: &[u8]) {
        if let Some(heard) = self.heard.get_mut(slot(from)) {
            *heard = true;
        }
        let body = fragment.get(HEADER..).unwrap_or_default();
        if let Some((kind, level, token)) = pdu::trailer(header, fragment) {
            self.level = level;
            if matches!(kind, SPNEGO | WINNT)
                && !matches!(header.kind, pdu::REQUEST | pdu::RESPONSE)
                && let Some(ntlm::Token::Authenticate(login)) = self.ntlm.token(cx, from, token)
            {
                self.login = login;
            }
        }
        match header.kind {
            pdu::BIND | pdu::ALTER_CONTEXT => {
                let Some(list) = pdu::contexts(body, header.little) else { return };
                self.asked = list.iter().map(|c| c.id).collect();
                for context in list {
                    self.contexts.retain(|c| c.id != context.id);
                    if self.contexts.len() >= MAX_CONTEXTS {
                        self.contexts.remove(0);
                    }
                    self.contexts.push(context);
                }
            }
            pdu::BIND_ACK | pdu::ALTER_CONTEXT_RESPONSE => {
                let results = pdu::results(body, header.little).unwrap_or_default();
                for (id, result) in std::mem::take(&mut self.asked).into_iter().zip(results) {
                    if result != 0 {
                        self.contexts.retain(|c| c.id != id);
                    }
                }
            }
            pdu::BIND_NAK => self.logged_in(cx, LoginOutcome::Failure),
            pdu::REQUEST if header.is_first() => self.request(cx, from, header, body),
            pdu::RESPONSE if header.is_last() => {
                self.logged_in(cx, LoginOutcome::Success);
                let call = self.open.take_if(|id, c| *id == header.call && c.by != from);
                let Some((_, call)) = call else { return };
                let status = status(&call, header, fragment);
                let outcome = if status.is_some() { Outcome::Refused } else { Outcome::Accepted };
                self.report(cx, &call, outcome, status);
            }
            pdu::FAULT => {
                let mut b = pdu::Body::new(body, header.little);
                let status = b.u32().and_then(|_| b.u32()).and_then(|_| b.u32()).unwrap_or(0);
                self.logged_in(cx, if status == 5 { LoginOutcome::Failure } else { LoginOutcome::Success });
                if let Some((_, call)) = self.open.take_if(|id, c| *id == header.call && c.by != from) {
                    self.report(cx, &call, Outcome::Refused, Some(status));
                }
            }
            _ => {}
        }
    }

    fn logged_in(&mut self, cx: &mut Cx<'_>, outcome: LoginOutcome) {
        if let Some(login) = self.login.take() {
            login.report(cx, outcome);
        }
    }

    fn request(&mut self, cx: &mut Cx<'_>, from: Side, header: &Header, body: &[u8]) {
        let Some((context, number, at)) = pdu::request(header, body) else { return };
        let known = self.contexts.iter().find(|c| c.id == context);
        let interface = match known {
            Some(context) => names::interface(&context.uuid),
            None => self.pipe.as_deref().and_then(names::of_pipe),
        };
        let uuid = known.map(|c| c.uuid.as_str()).or(interface.map(|i| i.uuid)).unwrap_or_default().into();
        let sealed = header.auth > 0 && self.level >= PRIVACY;
        let notable = interface.and_then(|i| i.operation(number)).is_some_and(|o| names::meaning(o).2);
        let stub = body.get(at..).unwrap_or_default();
        let texts = if notable && !sealed { pdu::strings(stub, header.little) } else { Vec::new() };
        let call = Call { asked: cx.at(), by: from, interface, uuid, number, texts, sealed };
        if let Some((_, old)) = self.open.push(header.call, call) {
            self.unanswered(cx, &old);
        }
    }

    fn report(&self, cx: &mut Cx<'_>, call: &Call, outcome: Outcome, status: Option<u32>) {
        let operation = call.interface.and_then(|i| i.operation(call.number));
        let (action, category, notable) =
            operation.map_or((Action::Other, Category::Monitor, false), names::meaning);
        let name = operation.map_or_else(|| format!("opnum_{}", call.number), names::snake);
        let endpoint = call.interface.map_or(&*call.uuid, |i| i.name);
        let mut op = Op::new(action, &name)
            .protocol("dce-rpc")
            .category(category)
            .code(call.number)
            .outcome(outcome)
            .asked(call.asked)
            .by(call.by);
        op.notable = notable;
        op.unit = Some(endpoint).filter(|e| !e.is_empty());
        op.target = call.texts.first().map(String::as_str);
        let text = status.map(|s| format!("0x{s:08x}"));
        if let (Some(status), Some(text)) = (status, &text) {
            op = op.exception(status, text);
        }
        if cx.wants_events() {
            let f = &mut op.fields;
            f.push(("dce_rpc.endpoint", Val::from(endpoint)));
            f.push(("dce_rpc.operation", operation.map_or_else(|| Val::from(name.as_str()), Val::Static)));
            f.push(("dce_rpc.opnum", Val::from(call.number)));
            f.push(("dce_rpc.uuid", Val::from(&*call.uuid)));
            if let Some(pipe) = &self.pipe {
                f.push(("dce_rpc.pipe", Val::from(&**pipe)));
            }
            if call.sealed {
                f.push(("dce_rpc.encrypted", Val::Bool(true)));
            }
            if !call.texts.is_empty() {
                let texts: Vec<Val> = call.texts.iter().map(|t| Val::from(t.as_str())).collect();
                f.push(("dce_rpc.arguments", Val::from(texts)));
            }
        }
        if let [_, second, ..] = call.texts.as_slice() {
            op = op.detail("argument", second.as_str());
        }
        cx.op(op);
    }
}

/// The error an answer returns, of operations that change something: their last four bytes are a
/// Windows error, an NTSTATUS or an HRESULT.
fn status(call: &Call, header: &Header, fragment: &[u8]) -> Option<u32> {
    let notable = call.interface.and_then(|i| i.operation(call.number)).is_some_and(|o| names::meaning(o).2);
    if !notable || call.sealed || fragment.len() < usize::from(header.size) {
        return None;
    }
    let mut end = usize::from(header.size);
    if header.auth > 0 {
        let trailer = end.checked_sub(usize::from(header.auth))?.checked_sub(8)?;
        // the third byte of the trailer counts the padding before it
        end = trailer.checked_sub(usize::from(*fragment.get(trailer.checked_add(2)?)?))?;
    }
    let bytes: [u8; 4] = fragment.get(end.checked_sub(4)?..end)?.try_into().ok()?;
    let code = if header.little { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) };
    // more entries, no more items, more data, buffer too small: none of them is a refusal
    let fine = matches!(code, 0 | 0x105 | 0x103 | 234 | 122 | 0x1a | 0x8000_0005 | 0x8000_001a);
    (!fine && !(0x4000..0x8000_0000).contains(&code)).then_some(code)
}

/// One TCP connection.
#[derive(Default)]
struct DceRpc {
    session: Session,
}

impl Probe for DceRpc {
    fn stream(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Step {
        if data.len() < HEADER {
            let begins = data.first() == Some(&5) && data.get(1).is_none_or(|v| *v <= 1);
            return if begins { Step::Need } else { Step::Bad };
        }
        let Some(header) = Header::read(data) else { return Step::Bad };
        let size = usize::from(header.size);
        let Some(fragment) = data.get(..size.min(MAX_FRAGMENT)) else { return Step::Need };
        let sender = if header.asks() { Side::Client } else { Side::Server };
        cx.sender_is(sender);
        self.session.told = true;
        let from = cx.from();
        self.session.fragment(cx, from, &header, fragment);
        match size.checked_sub(data.len()) {
            Some(more) if more > 0 => Step::Skip(more as u64),
            _ => Step::Used(size),
        }
    }
    fn gap(&mut self, _cx: &mut Cx<'_>, from: Side, _missing: u64) {
        self.session.gap(from);
    }
    fn tick(&mut self, cx: &mut Cx<'_>) {
        self.session.tick(cx);
    }
    fn end(&mut self, cx: &mut Cx<'_>) {
        self.session.end(cx);
    }
}
