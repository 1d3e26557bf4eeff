//! Lightweight Directory Access Protocol, version 3 (and binds of version 2), over TCP and UDP.
//!
//! Requests and answers are paired by their message id. A bind is a credential, what changes the
//! directory an operation, passwords in attributes credentials too; the root entry and the answer to
//! a domain controller's ping tell the server.

mod message;
mod names;
mod request;
mod secret;
#[cfg(test)]
mod tests;

use crate::cx::Cx;
use crate::model::*;
use crate::pending::Pending;
use crate::probe::*;
use crate::protocols::ber::{self, Ber, Frame, INTEGER};
use crate::protocols::sasl::Sasl;
use message::{Attribute, attributes, text};
use request::Request;

pub static SPEC: Spec = Spec {
    name: "ldap",
    title: "Lightweight Directory Access Protocol",
    industrial: false,
    transports: &[Transport::Tcp, Transport::Udp],
    ports: &[389, 3268],
    ethertypes: &[],
    rank: 46,
    identify,
    open: || Box::new(Ldap::default()),
    pdus: false,
    facts: &["domain", "hostname", "role"],
    credentials: &["password", "hash", "token", "user"],
    operations: &["search", "compare", "add", "modify", "delete", "modify_dn", "modify_password"],
    source: "RFC 4511, 4513, 3062; MS-ADTS 6.3",
    level: 5,
    proofs: &["suricata-verify/ldap-bind", "zeek/ldap", "suricata-verify/ldap-modify-dn"],
};

/// Longest message that is read; longer ones (an entry with a picture) are passed over, in bytes.
const MAX_MESSAGE: usize = 48 * 1024;
/// Requests in flight.
const MAX_OPEN: usize = 64;
/// An answer is waited for so long (microseconds): a search of a large directory takes a minute.
const TIMEOUT: Micros = 120_000_000;
/// Values of the first entry of a search that are shown.
const MAX_SHOWN: usize = 32;

/// Message id and the operation of a message, if it begins like one. `None`: too short to tell.
fn begins(data: &[u8]) -> Option<Option<(i64, u32)>> {
    if data.first().is_some_and(|b| *b != 0x30) {
        return Some(None);
    }
    let body = match ber::frame(data) {
        Frame::Bad => return Some(None),
        Frame::Need => return None,
        // the length is one octet, or those that the first one counts
        Frame::Len(_) => match *data.get(1)? {
            first if first & 0x80 == 0 => data.get(2..)?,
            first => data.get(2 + usize::from(first & 0x7f)..)?,
        },
    };
    let &[tag, size, ref rest @ ..] = body else { return None };
    if u32::from(tag) != INTEGER || !(1..=4).contains(&size) {
        return Some(None);
    }
    let id = ber::int(rest.get(..usize::from(size))?)?;
    let operation = u32::from(*rest.get(usize::from(size))?);
    Some((id >= 0 && names::operation(operation).is_some()).then_some((id, operation)))
}

fn identify(hint: &Hint, data: &[u8]) -> Verdict {
    let stream = hint.transport == Transport::Tcp;
    let Some(head) = begins(data) else {
        return if stream && data.len() < 16 { Verdict::Need } else { Verdict::No };
    };
    let (Some((_, tag)), Frame::Len(len)) = (head, ber::frame(data)) else { return Verdict::No };
    if len > data.len() {
        return if stream && data.len() < 4096 { Verdict::Need } else { Verdict::No };
    }
    if !stream && len != data.len() {
        return Verdict::No;
    }
    let Some(mut fields) = data.get(..len).and_then(|d| Ber::new(d).sequence()) else { return Verdict::No };
    let (Some(_), Some(operation)) = (fields.integer(), fields.next()) else { return Verdict::No };
    // what is behind the operation are controls
    if fields.peek().is_some_and(|t| t != 0xa0) {
        return Verdict::No;
    }
    let role = if names::is_response(tag) { Role::Server } else { Role::Client };
    let mut inner = operation.inner();
    let sure = match tag {
        0x60 => {
            matches!(inner.integer(), Some(2 | 3))
                && inner.octets().is_some()
                && matches!(inner.peek(), Some(0x80 | 0xa3 | 0x89..=0x8b))
        }
        0x63 => inner.octets().is_some() && inner.expect(0x0a).and_then(|t| t.int()).is_some_and(|n| n < 4),
        0x61 | 0x65 | 0x67 | 0x69 | 0x6b | 0x6d | 0x6f | 0x78 => message::outcome(inner).is_some(),
        0x64 => inner.octets().is_some() && inner.peek() == Some(ber::SEQUENCE),
        0x77 => inner.expect(0x80).is_some_and(|t| t.body.starts_with(b"1.") || t.body.starts_with(b"2.")),
        0x66 | 0x68 | 0x6c | 0x6e => inner.octets().is_some() && inner.next().is_some(),
        0x42 => return if operation.body.is_empty() { Verdict::Weak(role) } else { Verdict::No },
        _ => return Verdict::Weak(role),
    };
    if sure { Verdict::Strong(role) } else { Verdict::No }
}

/// One connection.
#[derive(Default)]
pub struct Ldap {
    open: Pending<i64, Request, MAX_OPEN>,
    /// A bind in several steps.
    sasl: Option<Sasl>,
    server_seen: bool,
    root_told: bool,
}

impl Probe for Ldap {
    fn stream(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Step {
        // behind a bind with a security layer, a length stands before each sealed message
        if let &[0, a, b, c, ..] = data {
            let size = u64::from(u32::from_be_bytes([0, a, b, c])) + 4;
            let here = data.len() as u64;
            return if size < 20 {
                Step::Bad
            } else if size <= here {
                Step::Used(size as usize)
            } else {
                Step::Skip(size - here)
            };
        }
        match begins(data) {
            None if data.len() < 16 => return Step::Need,
            Some(Some(_)) => {}
            _ => return Step::Bad,
        }
        let Frame::Len(len) = ber::frame(data) else { return Step::Bad };
        if len > MAX_MESSAGE && data.len() < len {
            cx.dropped("ldap_long_message");
            return Step::Skip((len - data.len()) as u64);
        }
        let Some(message) = data.get(..len) else { return Step::Need };
        match self.message(cx, message) {
            None => {
                cx.malformed();
                Step::Used(len)
            }
            Some(true) => Step::Become { name: "tls", used: len },
            Some(false) => Step::Used(len),
        }
    }

    fn datagram(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Result<(), Malformed> {
        self.message(cx, data).map(|_| ()).ok_or(Malformed)
    }

    fn gap(&mut self, cx: &mut Cx<'_>, _from: Side, _missing: u64) {
        if let Some(sasl) = self.sasl.take() {
            sasl.finish(cx, LoginOutcome::Unknown);
        }
    }

    fn tick(&mut self, cx: &mut Cx<'_>) {
        let now = cx.at().time;
        while let Some((_, request)) = self.open.take_if(|_, r| now - r.asked.time > TIMEOUT) {
            request.unanswered(cx, Outcome::NoAnswer);
        }
    }

    fn end(&mut self, cx: &mut Cx<'_>) {
        if let Some(sasl) = self.sasl.take() {
            sasl.finish(cx, LoginOutcome::Unknown);
        }
        let outcome = if self.server_seen { Outcome::NoAnswer } else { Outcome::Unknown };
        let open: Vec<Request> = self.open.drain().map(|(_, r)| r).collect();
        for request in open {
            request.unanswered(cx, outcome);
        }
    }
}

impl Ldap {
    /// Takes a message; true if TLS begins behind it.
    fn message(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Option<bool> {
        let mut fields = Ber::new(data).sequence()?;
        let (id, operation) = (fields.integer()?, fields.next()?);
        names::operation(operation.tag)?;
        if names::is_response(operation.tag) {
            cx.sender_is(Side::Server);
            self.server_seen = true;
            return self.response(cx, id, operation.tag, operation.inner());
        }
        cx.sender_is(Side::Client);
        if matches!(operation.tag, 0x42 | 0x50) {
            let of = ber::int(operation.body).filter(|_| operation.tag == 0x50);
            if cx.wants_events() {
                let mut fields = request::head(id, operation.tag);
                fields.extend(of.map(|of| ("ldap.abandoned_id", Val::from(of))));
                cx.event(if of.is_some() { "abandon" } else { "unbind" }, "info", fields);
            }
            if let Some(request) = of.and_then(|of| self.open.take(&of)) {
                request.unanswered(cx, Outcome::Unknown);
            }
            return Some(false);
        }
        let request = Request::read(cx, id, &operation)?;
        if let Some((name, token)) = &request.sasl {
            let sasl = match self.sasl.take() {
                Some(going_on) if going_on.name() == name => going_on,
                other => {
                    if let Some(other) = other {
                        other.finish(cx, LoginOutcome::Unknown);
                    }
                    Sasl::start(name.as_bytes())
                }
            };
            let sasl = self.sasl.insert(sasl);
            if let Some(token) = token {
                sasl.message(cx, token);
            }
        }
        if let Some((_, lost)) = self.open.push(id, request) {
            lost.unanswered(cx, Outcome::Unknown);
        }
        Some(false)
    }

    fn response(&mut self, cx: &mut Cx<'_>, id: i64, tag: u32, body: Ber<'_>) -> Option<bool> {
        match tag {
            0x64 => self.entry(cx, id, body).map(|()| false),
            0x73 | 0x79 => Some(false),
            _ => {
                let outcome = message::outcome(body)?;
                if tag == 0x61 {
                    self.bound(cx, &outcome);
                }
                let Some(request) = self.open.take(&id) else {
                    // a notice of the server itself has the id 0 (RFC 4511, 4.4)
                    if cx.wants_events() {
                        let mut fields = request::head(id, tag);
                        request::result(&mut fields, tag, &outcome);
                        cx.event(if id == 0 { "notice" } else { "response" }, "info", fields);
                    }
                    return Some(false);
                };
                let secure = tag == 0x78 && outcome.code == 0 && request.oid == names::START_TLS;
                request.answered(cx, tag, &outcome);
                Some(secure)
            }
        }
    }

    /// An entry of a search's result.
    fn entry(&mut self, cx: &mut Cx<'_>, id: i64, body: Ber<'_>) -> Option<()> {
        let mut fields = body;
        let dn = text(fields.octets()?);
        let found = attributes(fields.sequence()?);
        for attribute in found.iter().filter(|a| a.hides()) {
            secret::attribute(cx, &dn, attribute, LoginOutcome::Unknown, None);
        }
        let mut wanted_root = dn.is_empty();
        if let Some(request) = self.open.get_mut(&id) {
            wanted_root &= request.root;
            request.count += 1;
            if request.count == 1 && cx.wants_events() {
                request.entry = Some(dn);
                request.values = shown(&found);
            }
        }
        if wanted_root {
            self.root(cx, &found);
        }
        Some(())
    }

    /// The entry that tells of the server itself (RFC 4512, 5.1; MS-ADTS 3.1.1.3.2).
    fn root(&mut self, cx: &mut Cx<'_>, found: &[Attribute<'_>]) {
        let get = |name: &str| found.iter().find(|a| a.is(name)).map(Attribute::first);
        if let Some(netlogon) = found.iter().find(|a| a.is("Netlogon")) {
            if let Some(names) = netlogon.values.first().and_then(|v| message::netlogon(v)) {
                let [_, domain, host, short, computer] = &names;
                for (name, value) in
                    [("domain", domain), ("hostname", host), ("domain", short), ("hostname", computer)]
                {
                    if !value.is_empty() {
                        cx.fact(Side::Server, name, value, "Netlogon");
                    }
                }
                cx.fact(Side::Server, "role", "domain-controller", "Netlogon");
            }
            return;
        }
        if std::mem::replace(&mut self.root_told, true) {
            return;
        }
        if let Some(host) = get("dnsHostName").filter(|h| !h.is_empty()) {
            cx.fact(Side::Server, "hostname", &host, "dnsHostName");
        }
        if let Some(domain) = get("defaultNamingContext").map(|dn| domain(&dn)).filter(|d| !d.is_empty()) {
            cx.fact(Side::Server, "domain", &domain, "defaultNamingContext");
        }
        if get("domainControllerFunctionality").is_some() {
            cx.fact(Side::Server, "role", "domain-controller", "domainControllerFunctionality");
            cx.service_info("product", "Active Directory");
        }
        if let Some(vendor) = get("vendorName") {
            cx.service_info("product", vendor);
        } else if found.iter().any(|a| a.is("objectClass") && a.values.contains(&&b"OpenLDAProotDSE"[..])) {
            cx.service_info("product", "OpenLDAP");
        }
        if let Some(version) = get("vendorVersion") {
            cx.service_info("version", version);
        }
    }

    /// What a bind in several steps came to.
    fn bound(&mut self, cx: &mut Cx<'_>, outcome: &message::Outcome<'_>) {
        let Some(sasl) = &mut self.sasl else { return };
        let mut rest = outcome.rest;
        // Sicily, the NTLM of Active Directory, answers in place of the matched name
        let token = rest.expect(0x87).map(|t| t.body).or(Some(outcome.matched));
        if let Some(token) = token.filter(|t| !t.is_empty()) {
            sasl.message(cx, token);
        }
        let sicily = crate::protocols::ntlm::find(outcome.matched).is_some();
        if outcome.code == 14 || sicily {
            return;
        }
        if let Some(sasl) = self.sasl.take() {
            sasl.finish(cx, request::login(outcome.code));
        }
    }
}

/// `DC=plant,DC=example` as a name of DNS.
fn domain(dn: &str) -> String {
    let parts = dn.split(',').filter_map(|p| p.split_once('='));
    let parts: Vec<&str> =
        parts.filter(|(k, _)| k.trim().eq_ignore_ascii_case("dc")).map(|(_, v)| v.trim()).collect();
    parts.join(".")
}

fn shown(found: &[Attribute<'_>]) -> Vec<Val> {
    let values = found.iter().filter(|a| !a.hides()).flat_map(|a| {
        a.values.iter().map(move |v| {
            let value = std::str::from_utf8(v).map_or_else(|_| "(binary)".to_owned(), |_| text(v));
            Val::from(format!("{}: {value}", a.name))
        })
    });
    values.take(MAX_SHOWN).collect()
}
