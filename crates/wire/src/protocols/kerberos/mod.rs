//! Kerberos 5: the exchanges with the key distribution centre, over TCP and UDP.
//!
//! Requests are answered in order. What is encrypted with a user's or a service's key is a
//! credential that can be searched for offline: the timestamp of a request, a part of the first
//! reply, the ticket for a service. Every exchange is an event.

mod hashcat;
mod message;
mod names;
#[cfg(test)]
mod tests;

use crate::bytes::Reader;
use crate::cx::Cx;
use crate::model::*;
use crate::pending::Pending;
use crate::probe::*;
use crate::protocols::ber::{self, Frame};
use crate::protocols::lines::is_hostname;
use message::{Message, Refusal, Reply, Request};

const PORT: u16 = 88;

pub static SPEC: Spec = Spec {
    name: "kerberos",
    title: "Kerberos 5",
    industrial: false,
    transports: &[Transport::Udp, Transport::Tcp],
    ports: &[PORT],
    ethertypes: &[],
    rank: 45,
    identify,
    open: || Box::new(Kerberos::default()),
    pdus: false,
    facts: &["domain", "hostname", "role"],
    credentials: &["hash", "user"],
    operations: &[],
    source: "RFC 4120, 3962, 4757; hashcat's example hashes for the lines",
    level: 5,
    proofs: &["ndpi/pcap/kerberos.pcap", "zeek/krb", "suricata-verify/krb5-kerberoasting"],
};

/// Longest message waited for, in bytes; tickets with a large PAC reach some 12 KiB.
const MAX_MESSAGE: usize = 60_000;
/// An answer is waited for so long (microseconds); clients ask again after 1 to 10 s.
const TIMEOUT: Micros = 15_000_000;
/// Open requests of a flow.
const MAX_OPEN: usize = 32;
/// Log-ins told of one flow.
const MAX_TOLD: usize = 256;

/// True if a message begins here: application tag, sequence, version 5. `None`: too short to tell.
fn begins(data: &[u8]) -> Option<bool> {
    let &tag = data.first()?;
    if message::kind(tag).is_none() {
        return Some(false);
    }
    let Frame::Len(whole) = ber::frame(data) else {
        return if ber::frame(data) == Frame::Need { None } else { Some(false) };
    };
    let head = whole.checked_sub(ber_length(data)?)?;
    let rest = data.get(head..)?;
    if rest.first().is_some_and(|b| *b != 0x30) {
        return Some(false);
    }
    let Frame::Len(inner) = ber::frame(rest) else { return None };
    if head.checked_add(inner) != Some(whole) {
        return Some(false);
    }
    let at = inner.checked_sub(ber_length(rest)?)?;
    let version = rest.get(at..at + 5)?;
    Some(matches!(version, [0xa0 | 0xa1, 3, 2, 1, 5]))
}

/// Length of the contents of the value that begins here.
fn ber_length(data: &[u8]) -> Option<usize> {
    let first = *data.get(1)?;
    if first & 0x80 == 0 {
        return Some(usize::from(first));
    }
    let octets = data.get(2..2 + usize::from(first & 0x7f))?;
    Some(octets.iter().fold(0, |n, b| n << 8 | usize::from(*b)))
}

fn identify(hint: &Hint, data: &[u8]) -> Verdict {
    let stream = hint.transport == Transport::Tcp;
    let message = if stream {
        match data {
            [0, 0, _, _, message @ ..] => message,
            [0] | [0, 0] | [0, 0, _] => return Verdict::Need,
            _ => return Verdict::No,
        }
    } else {
        data
    };
    match begins(message) {
        None if stream && message.len() < 32 => return Verdict::Need,
        Some(true) => {}
        _ => return Verdict::No,
    }
    let whole = match ber::frame(message) {
        Frame::Len(n) => n,
        _ => return Verdict::No,
    };
    let announced = if stream { Reader::new(data).be32().map(|n| n as usize) } else { Some(data.len()) };
    if announced != Some(whole) {
        return Verdict::No;
    }
    match message.first() {
        Some(0x6a | 0x6c) => Verdict::Strong(Role::Client),
        _ => Verdict::Strong(Role::Server),
    }
}

/// An open request.
struct Open {
    asked: Stamp,
    request: Request,
    hash: Option<(u32, String)>,
}

/// One flow.
#[derive(Default)]
pub struct Kerberos {
    open: Pending<bool, Open, MAX_OPEN>,
    /// Hashes of names and lines already told.
    told: Vec<u64>,
    server_seen: bool,
    facts_told: bool,
}

impl Probe for Kerberos {
    fn stream(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Step {
        let Some(size) = Reader::new(data).be32() else { return Step::Need };
        let size = size as usize;
        let Some(first) = data.get(4) else { return if size == 0 { Step::Bad } else { Step::Need } };
        if !(8..=MAX_MESSAGE).contains(&size) || message::kind(*first).is_none() {
            return Step::Bad;
        }
        let Some(message) = data.get(4..4 + size) else { return Step::Need };
        match message::read(message) {
            Some(message) => self.take(cx, message),
            None => cx.malformed(),
        }
        Step::Used(4 + size)
    }

    fn datagram(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Result<(), Malformed> {
        let message = message::read(data).ok_or(Malformed)?;
        self.take(cx, message);
        Ok(())
    }

    fn gap(&mut self, cx: &mut Cx<'_>, from: Side, _missing: u64) {
        if from == Side::Server {
            // whose answers are missing is not known
            let open: Vec<Open> = self.open.drain().map(|(_, o)| o).collect();
            for open in open {
                self.unanswered(cx, &open, LoginOutcome::Unknown);
            }
        }
    }

    fn tick(&mut self, cx: &mut Cx<'_>) {
        let now = cx.at().time;
        while let Some((_, open)) = self.open.take_if(|_, o| now - o.asked.time > TIMEOUT) {
            self.unanswered(cx, &open, LoginOutcome::Unknown);
        }
    }

    fn end(&mut self, cx: &mut Cx<'_>) {
        let open: Vec<Open> = self.open.drain().map(|(_, o)| o).collect();
        for open in open {
            self.unanswered(cx, &open, LoginOutcome::Unknown);
        }
    }
}

impl Kerberos {
    fn take(&mut self, cx: &mut Cx<'_>, message: Message) {
        match message {
            Message::Request(request) => {
                cx.sender_is(Side::Client);
                self.request(cx, request);
            }
            Message::Reply(reply) => {
                cx.sender_is(Side::Server);
                self.reply(cx, &reply);
            }
            Message::Refusal(refusal) => {
                cx.sender_is(Side::Server);
                self.refusal(cx, &refusal);
            }
        }
    }

    fn request(&mut self, cx: &mut Cx<'_>, request: Request) {
        let computer = request.client.strip_suffix('$').filter(|name| !name.is_empty());
        if let Some(name) = computer {
            cx.fact(Side::Client, "hostname", name, "KDC-REQ cname");
        }
        if !request.host.is_empty() {
            cx.fact(Side::Client, "hostname", &request.host, "KDC-REQ addresses");
        }
        if let Some(host) = request.client.strip_prefix("host/").filter(|h| is_hostname(h)) {
            cx.fact(Side::Client, "hostname", host, "KDC-REQ cname");
        }
        let sealed = request.timestamp.as_ref();
        let hash =
            sealed.and_then(|sealed| hashcat::pre_authentication(&request.client, &request.realm, sealed));
        let key = request.service;
        let open = Open { asked: cx.at(), request, hash };
        if let Some((_, lost)) = self.open.push(key, open) {
            self.unanswered(cx, &lost, LoginOutcome::Unknown);
        }
    }

    fn reply(&mut self, cx: &mut Cx<'_>, reply: &Reply) {
        self.centre(cx, &reply.ticket_realm);
        let open = self.open.take(&reply.service);
        if let Some(open) = &open {
            self.pre_authentication(cx, open, LoginOutcome::Success);
        }
        let line = if reply.service {
            let own = reply.name.starts_with("krbtgt/");
            (!own).then(|| hashcat::ticket(&reply.name, &reply.ticket_realm, &reply.ticket)).flatten()
        } else {
            hashcat::first_reply(&reply.client, &reply.realm, &reply.sealed)
        };
        let whose = if reply.service { &reply.name } else { &reply.client };
        match line {
            Some((mode, line)) => {
                let mut cred = Cred::new(CredKind::Hash).username(whose).secret(&line).hashcat(mode, &line);
                cred = cred.detail("realm", reply.realm.as_str());
                if reply.service {
                    cred = cred.detail("client", reply.client.as_str());
                } else {
                    cred = cred.outcome(LoginOutcome::Success);
                }
                if self.is_new(whose, &line) {
                    cx.credential(cred);
                }
            }
            None if !reply.service => self.user(cx, whose, &reply.realm, LoginOutcome::Success, None),
            None => {}
        }
        if !cx.wants_events() {
            return;
        }
        let mut fields = vec![
            ("kerberos.message", Val::Static(names::message(if reply.service { 13 } else { 11 }))),
            ("event.outcome", Val::Static("success")),
        ];
        parties(&mut fields, &reply.client, &reply.realm, &reply.name);
        cipher(&mut fields, "kerberos.cipher", reply.sealed.etype);
        cipher(&mut fields, "kerberos.ticket_cipher", reply.ticket.etype);
        let weak = names::is_weak(reply.sealed.etype) || names::is_weak(reply.ticket.etype);
        fields.push(("kerberos.weak_cipher", Val::from(weak)));
        cx.transaction(if reply.service { "ticket" } else { "login" }, "access", fields);
    }

    fn refusal(&mut self, cx: &mut Cx<'_>, refusal: &Refusal) {
        self.centre(cx, &refusal.realm);
        let open = self.open.take_if(|_, _| true).map(|(_, open)| open);
        let outcome = match refusal.code {
            // not refused, only asked again: with a proof, by TCP, later, of another realm
            25 | 52 | 29 | 68 => LoginOutcome::Unknown,
            _ => LoginOutcome::Failure,
        };
        let first = open.as_ref().is_none_or(|open| !open.request.service);
        if let Some(open) = &open {
            self.pre_authentication(cx, open, outcome);
        }
        // unknown, expired or revoked accounts, and refused proofs that no line can be made of
        let hashed = open.as_ref().is_some_and(|open| open.hash.is_some());
        if first && !hashed && matches!(refusal.code, 1 | 6 | 12 | 18 | 23 | 24) {
            let (user, realm) = match &open {
                Some(open) => (open.request.client.clone(), open.request.realm.clone()),
                None => (refusal.client.clone(), refusal.realm.clone()),
            };
            self.user(cx, &user, &realm, LoginOutcome::Failure, open.as_ref().map(|o| o.asked));
        }
        if !cx.wants_events() {
            return;
        }
        let mut fields = vec![
            ("kerberos.message", Val::Static("KRB_ERROR")),
            ("kerberos.error_code", Val::from(refusal.code)),
            ("kerberos.error", Val::Static(names::error(refusal.code))),
            ("event.outcome", Val::Static("failure")),
        ];
        if let Some(open) = &open {
            fields.push(("kerberos.request", Val::Static(open.kind())));
            parties(&mut fields, &open.request.client, &open.request.realm, &open.request.name);
        } else {
            parties(&mut fields, &refusal.client, &refusal.realm, &refusal.name);
        }
        if !refusal.text.is_empty() {
            fields.push(("kerberos.error_text", Val::from(refusal.text.as_str())));
        }
        cx.transaction("refused", "error", fields);
    }

    /// The server answers for a realm: it is a key distribution centre.
    fn centre(&mut self, cx: &mut Cx<'_>, realm: &str) {
        self.server_seen = true;
        if !realm.is_empty() && !std::mem::replace(&mut self.facts_told, true) {
            cx.fact(Side::Server, "domain", realm, "realm");
            cx.fact(Side::Server, "role", "domain-controller", "key distribution centre");
        }
    }

    fn pre_authentication(&mut self, cx: &mut Cx<'_>, open: &Open, outcome: LoginOutcome) {
        let Some((mode, line)) = &open.hash else { return };
        let request = &open.request;
        if self.is_new(&request.client, line) {
            let cred = Cred::new(CredKind::Hash).username(&request.client).secret(line).hashcat(*mode, line);
            cx.credential(cred.outcome(outcome).sent(open.asked).detail("realm", request.realm.as_str()));
        }
    }

    fn user(&mut self, cx: &mut Cx<'_>, user: &str, realm: &str, outcome: LoginOutcome, sent: Option<Stamp>) {
        if user.is_empty() || !self.is_new(user, outcome.name()) {
            return;
        }
        let mut cred = Cred::new(CredKind::User).username(user).outcome(outcome).detail("realm", realm);
        if let Some(sent) = sent {
            cred = cred.sent(sent);
        }
        cx.credential(cred);
    }

    fn is_new(&mut self, user: &str, what: &str) -> bool {
        use std::hash::{Hash, Hasher};
        let mut h = rustc_hash::FxHasher::default();
        (user, what).hash(&mut h);
        let key = h.finish();
        if self.told.contains(&key) {
            return false;
        }
        if self.told.len() < MAX_TOLD {
            self.told.push(key);
        }
        true
    }

    fn unanswered(&mut self, cx: &mut Cx<'_>, open: &Open, outcome: LoginOutcome) {
        self.pre_authentication(cx, open, outcome);
        if cx.wants_events() {
            let mut fields = vec![("kerberos.message", Val::Static(open.kind()))];
            parties(&mut fields, &open.request.client, &open.request.realm, &open.request.name);
            cx.unanswered(open.asked, "request", "info", fields);
        }
    }
}

impl Open {
    fn kind(&self) -> &'static str {
        names::message(if self.request.service { 12 } else { 10 })
    }
}

type Fields = Vec<(&'static str, Val)>;

fn parties(fields: &mut Fields, client: &str, realm: &str, service: &str) {
    for (name, value) in
        [("kerberos.client", client), ("kerberos.realm", realm), ("kerberos.service", service)]
    {
        if !value.is_empty() {
            fields.push((name, Val::from(value)));
        }
    }
}

fn cipher(fields: &mut Fields, name: &'static str, etype: i64) {
    let value = names::etype(etype).map_or_else(|| Val::from(format!("etype-{etype}")), Val::Static);
    fields.push((name, value));
}
