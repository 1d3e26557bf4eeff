//! Remote Authentication Dial In User Service (RFC 2865, 2866, 5176).
//!
//! Requests and answers are paired by their identifier. The proof of a password (PAP, CHAP, MS-CHAP,
//! EAP-MD5, EAP-MSCHAPv2) is a credential with what the server said; disconnecting a user and
//! changing a session are operations; the network access server tells what it is.

mod eap;
mod packet;
mod secret;
#[cfg(test)]
mod tests;

use crate::cx::Cx;
use crate::model::*;
use crate::pending::Pending;
use crate::probe::*;
use packet::{Packet, asks, code_name};
use secret::Proof;

const PORTS: [u16; 5] = [1812, 1813, 1645, 1646, 3799];

pub static SPEC: Spec = Spec {
    name: "radius",
    title: "Remote Authentication Dial In User Service",
    industrial: false,
    transports: &[Transport::Udp],
    ports: &PORTS,
    ethertypes: &[],
    rank: 55,
    identify,
    open: || Box::new(Radius::default()),
    pdus: false,
    facts: &["name", "address"],
    credentials: &["hash", "user"],
    operations: &["disconnect", "change_of_authorization"],
    source: "RFC 2865, 2866, 2548, 3579, 5176; hashcat's modes 4800 and 5500",
    level: 5,
    proofs: &["zeek/radius", "arkime/radius.pcap"],
};

/// Requests in flight: identifiers of a flow are octets.
const MAX_OPEN: usize = 256;
/// An answer is waited for so long, in microseconds; access servers ask again after 3 to 5 s.
const TIMEOUT: Micros = 20_000_000;
/// Challenges of users that have yet to answer, one each.
const MAX_CHALLENGES: usize = 64;

fn identify(hint: &Hint, data: &[u8]) -> Verdict {
    let Some(code) = data.first() else { return Verdict::No };
    if code_name(*code).is_none() || data.len() < packet::HEADER {
        return Verdict::No;
    }
    let Some(packet) = Packet::read(data) else { return Verdict::No };
    let home = PORTS.iter().any(|port| hint.port(*port));
    if packet.length() != data.len() && !home {
        return Verdict::No;
    }
    let role = if asks(packet.code) { Role::Client } else { Role::Server };
    // a request names somebody and the server that asks (RFC 2865, 4.1; RFC 2866, 4.1)
    let has = |kind: u8| packet.get(kind).is_some();
    let nas = packet.number(4).is_some() || has(32) || has(95);
    let complete = match packet.code {
        1 => has(1) && nas && (has(2) || has(3) || has(79) || has(26)),
        4 => packet.number(40).is_some_and(|n| (1..=15).contains(&n)) && nas && has(44),
        _ => false,
    };
    if complete {
        Verdict::Strong(role)
    } else if home || packet.attributes().next().is_some() {
        Verdict::Weak(role)
    } else {
        Verdict::No
    }
}

/// A request that waits for its answer.
struct Request {
    code: u8,
    asked: Stamp,
    authenticator: [u8; 16],
    user: String,
    mechanism: Option<&'static str>,
    proof: Option<Proof>,
    fields: Fields,
}

type Fields = Vec<(&'static str, Val)>;

/// Packets between two ends.
#[derive(Default)]
pub struct Radius {
    open: Pending<u8, Request, MAX_OPEN>,
    challenges: Pending<String, eap::Challenge, MAX_CHALLENGES>,
    server_seen: bool,
}

impl Probe for Radius {
    fn datagram(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Result<(), Malformed> {
        let packet = Packet::read(data).ok_or(Malformed)?;
        if asks(packet.code) {
            cx.sender_is(Side::Client);
            self.request(cx, &packet);
        } else {
            cx.sender_is(Side::Server);
            self.server_seen = true;
            if let Some(request) = self.open.take(&packet.id) {
                self.answered(cx, request, &packet);
            }
        }
        Ok(())
    }

    fn tick(&mut self, cx: &mut Cx<'_>) {
        let now = cx.at().time;
        while let Some((_, request)) = self.open.take_if(|_, r| now - r.asked.time > TIMEOUT) {
            report(cx, request, None);
        }
    }

    fn end(&mut self, cx: &mut Cx<'_>) {
        let open: Vec<Request> = self.open.drain().map(|(_, r)| r).collect();
        for request in open {
            report(cx, request, None);
        }
    }
}

impl Radius {
    fn request(&mut self, cx: &mut Cx<'_>, packet: &Packet<'_>) {
        // the same packet once more: the answer got lost
        if self.open.get(&packet.id).is_some_and(|r| r.authenticator == packet.authenticator) {
            return;
        }
        let eap = packet.eap();
        let user = packet.text(1).or_else(|| eap::identity(&eap)).unwrap_or_default();
        if matches!(packet.code, 1 | 4) {
            if let Some(name) = packet.text(32) {
                cx.fact(Side::Client, "name", &name, "NAS-Identifier");
            }
            if let Some(address) = packet.number(4).filter(|a| *a != 0) {
                let address = std::net::Ipv4Addr::from(address).to_string();
                cx.fact(Side::Client, "address", &address, "NAS-IP-Address");
            }
        }
        let mut proof = if packet.code == 1 { secret::find(packet, &user) } else { None };
        if proof.is_none()
            && let Some(challenge) = self.challenges.take(&user)
        {
            proof = eap::proof(&eap, &challenge, &user);
        }
        let mechanism = proof.as_ref().map(|p| p.mechanism).or(eap::kind(&eap).and_then(eap::method));
        let request = Request {
            code: packet.code,
            asked: cx.at(),
            authenticator: packet.authenticator,
            fields: fields(packet, &user, mechanism),
            user,
            mechanism,
            proof,
        };
        // an identifier used anew: whoever had it gets no answer any more
        let old = self.open.take(&packet.id);
        let lost = self.open.push(packet.id, request).map(|(_, r)| r);
        for request in old.into_iter().chain(lost) {
            report(cx, request, None);
        }
    }

    fn answered(&mut self, cx: &mut Cx<'_>, request: Request, packet: &Packet<'_>) {
        if packet.code == 11
            && let Some(challenge) = eap::challenge(&packet.eap())
        {
            self.challenges.take(&request.user);
            self.challenges.push(request.user.clone(), challenge);
        }
        report(cx, request, Some(packet));
    }
}

/// Fields of an event by what a request says.
fn fields(packet: &Packet<'_>, user: &str, mechanism: Option<&'static str>) -> Fields {
    let mut out: Fields = vec![("radius.code", Val::Static(code_name(packet.code).unwrap_or("unknown")))];
    if !user.is_empty() {
        out.push(("radius.user_name", Val::from(user)));
    }
    for (name, kind) in [
        ("radius.nas_identifier", 32),
        ("radius.called_station", 30),
        ("radius.calling_station", 31),
        ("radius.session_id", 44),
    ] {
        out.extend(packet.text(kind).map(|value| (name, Val::from(value))));
    }
    for (name, kind) in [("radius.nas_ip", 4), ("radius.framed_ip", 8)] {
        let address = packet.number(kind).map(|a| std::net::Ipv4Addr::from(a).to_string());
        out.extend(address.map(|a| (name, Val::from(a))));
    }
    if packet.code == 4 {
        let status = match packet.number(40) {
            Some(1) => "Start",
            Some(2) => "Stop",
            Some(3) => "Interim-Update",
            Some(7) => "Accounting-On",
            Some(8) => "Accounting-Off",
            _ => "other",
        };
        out.push(("radius.status_type", Val::Static(status)));
    }
    out.extend(mechanism.map(|m| ("radius.mechanism", Val::Static(m))));
    out
}

/// Tells a request with its answer, if there was one.
fn report(cx: &mut Cx<'_>, request: Request, answer: Option<&Packet<'_>>) {
    let outcome = match answer.map(|a| a.code) {
        Some(2) => LoginOutcome::Success,
        Some(3) => LoginOutcome::Failure,
        _ => LoginOutcome::Unknown,
    };
    if request.code == 1 {
        login(cx, &request, outcome);
    }
    let mut fields = request.fields;
    if let Some(answer) = answer {
        fields.push(("radius.response", Val::Static(code_name(answer.code).unwrap_or("unknown"))));
        fields.extend(answer.text(18).map(|text| ("radius.reply_message", Val::from(text))));
        if let Some(address) = answer.number(8) {
            fields.retain(|(name, _)| *name != "radius.framed_ip");
            fields.push(("radius.framed_ip", Val::from(std::net::Ipv4Addr::from(address).to_string())));
        }
    }
    let change = match request.code {
        40 => Some((Action::Stop, "disconnect")),
        43 => Some((Action::Configure, "change_of_authorization")),
        _ => None,
    };
    if let Some((action, name)) = change {
        let outcome = match answer.map(|a| a.code) {
            Some(41 | 44) => Outcome::Accepted,
            Some(42 | 45) => Outcome::Refused,
            _ => Outcome::NoAnswer,
        };
        let mut op = Op::new(action, name).category(Category::Administration).outcome(outcome);
        op = op.asked(request.asked).code(request.code);
        if !request.user.is_empty() {
            op = op.target(&request.user);
        }
        return cx.op(op.fields(fields));
    }
    if !cx.wants_events() {
        return;
    }
    let action = if request.code == 4 { "accounting" } else { "access" };
    match answer {
        Some(answer) => {
            if matches!(answer.code, 2 | 3) {
                let word = if answer.code == 2 { "success" } else { "failure" };
                fields.push(("event.outcome", Val::Static(word)));
            }
            cx.transaction(action, "access", fields);
        }
        None => cx.unanswered(request.asked, action, "access", fields),
    }
}

fn login(cx: &mut Cx<'_>, request: &Request, outcome: LoginOutcome) {
    let kind = if request.proof.is_some() { CredKind::Hash } else { CredKind::User };
    // the steps of a method between the first and the last say nothing
    if kind == CredKind::User && (request.user.is_empty() || outcome == LoginOutcome::Unknown) {
        return;
    }
    let mut cred = Cred::new(kind).outcome(outcome).sent(request.asked);
    if !request.user.is_empty() {
        cred = cred.username(&request.user);
    }
    if let Some(proof) = &request.proof {
        cred = cred.secret(&proof.line);
        if let Some(mode) = proof.mode {
            cred = cred.hashcat(mode, &proof.line);
        }
    }
    if let Some(mechanism) = request.mechanism {
        cred = cred.detail("mechanism", mechanism);
    }
    cx.credential(cred);
}
