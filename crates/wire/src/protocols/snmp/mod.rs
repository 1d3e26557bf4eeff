//! Simple Network Management Protocol, versions 1, 2c and 3.
//!
//! Requests are paired with their answers by request id (version 3: message id, which is readable
//! when the PDU is not). A community or user is reported once a flow, with what the answers said.

mod event;
mod message;
mod mib;
#[cfg(test)]
mod tests;
mod usm;

use crate::cx::Cx;
use crate::model::*;
use crate::pending::Pending;
use crate::probe::*;
use crate::protocols::ber::{self, Frame};
use crate::protocols::enterprise;
use message::{Kind, Message, Pdu, Security, error_name, trap_name, value_text};
use std::net::{IpAddr, Ipv4Addr};

pub static SPEC: Spec = Spec {
    name: "snmp",
    title: "Simple Network Management Protocol",
    industrial: false,
    transports: &[Transport::Udp, Transport::Tcp],
    ports: &[161, 162],
    ethertypes: &[],
    rank: 40,
    identify,
    open: || Box::new(Snmp::default()),
    pdus: true,
    facts: &[
        "description",
        "vendor",
        "model",
        "product",
        "firmware",
        "hardware",
        "serial",
        "os",
        "name",
        "location",
        "contact",
        "sys_object_id",
        "id:snmp-engine",
        "module",
        "address",
        "role",
    ],
    credentials: &["community", "user"],
    operations: &[
        "get_request",
        "get_next_request",
        "get_bulk_request",
        "set_request",
        "inform_request",
        "trap",
        "snmpv2_trap",
        "engine_discovery",
        "encrypted_request",
    ],
    source: "RFC 1157, RFC 3411-3418, RFC 7860; Wireshark as second reader",
    level: 5,
    proofs: &["ndpi/pcap/snmp.pcap"],
};

/// Answers are waited for so long (microseconds); managers commonly repeat after 1 to 5 s.
const TIMEOUT: Micros = 10_000_000;
/// Communities and users remembered per flow.
const MAX_LOGINS: usize = 32;

fn identify(hint: &Hint, data: &[u8]) -> Verdict {
    if data.first() != Some(&0x30) {
        return Verdict::No;
    }
    let stream = hint.transport == Transport::Tcp;
    let len = match ber::frame(data) {
        Frame::Len(len) => len,
        Frame::Need if stream => return Verdict::Need,
        _ => return Verdict::No,
    };
    // version INTEGER of one octet, then community or header data
    let head = match data.get(1) {
        Some(l) if l & 0x80 != 0 => 2 + usize::from(l & 0x7f),
        _ => 2,
    };
    match (data.get(head..head + 3), data.get(head + 3)) {
        (Some([2, 1, 0 | 1]), Some(0x04)) | (Some([2, 1, 3]), Some(0x30)) => {}
        (None, _) | (_, None) if stream => return Verdict::Need,
        _ => return Verdict::No,
    }
    if data.len() < len {
        return match stream {
            true if data.len() < 4096 => Verdict::Need,
            _ => Verdict::No,
        };
    }
    let Some(message) = Message::read(data) else { return Verdict::No };
    let role = if message.is_asking() { Role::Client } else { Role::Server };
    if len == data.len() || stream { Verdict::Strong(role) } else { Verdict::Weak(role) }
}

/// An open request.
struct Request {
    at: Stamp,
    kind: Option<Kind>,
    /// Index of its community or user in `Snmp::logins`.
    login: Option<usize>,
    discovery: bool,
    bindings: usize,
    /// First object and value, of those worth showing.
    object: Option<(Box<[u8]>, String)>,
}

/// A community or user and what became of it.
struct Login {
    name: Box<[u8]>,
    /// 0, 1 or 3.
    version: u8,
    sent: Stamp,
    /// Best outcome told so far; `None` before anything was.
    told: Option<LoginOutcome>,
    /// Highest security level asked for: flags and name.
    flags: u8,
    level: &'static str,
    engine: String,
    hashcat: Option<(u32, String)>,
}

#[derive(Default)]
struct Snmp {
    pending: Pending<i64, Request>,
    logins: Vec<Login>,
    /// The agent answered at least once.
    answered: bool,
    /// A read was shown with its object.
    shown: bool,
    agent: mib::Agent,
    engine_told: bool,
}

impl Probe for Snmp {
    fn stream(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Step {
        match ber::frame(data) {
            Frame::Need => Step::Need,
            Frame::Len(len) if data.first() == Some(&0x30) => {
                if len > 0xffff {
                    return Step::Bad;
                }
                match data.get(..len) {
                    None => Step::Need,
                    Some(message) if self.message(cx, message) => Step::Used(len),
                    Some(_) => {
                        cx.malformed();
                        Step::Used(len)
                    }
                }
            }
            _ => Step::Bad,
        }
    }
    fn datagram(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Result<(), Malformed> {
        if self.message(cx, data) { Ok(()) } else { Err(Malformed) }
    }
    fn end(&mut self, cx: &mut Cx<'_>) {
        let open: Vec<Request> = self.pending.drain().map(|(_, r)| r).collect();
        for request in open {
            self.unanswered(cx, &request);
        }
        for i in 0..self.logins.len() {
            if self.logins.get(i).is_some_and(|l| l.told.is_none()) {
                self.tell(cx, i, LoginOutcome::Unknown);
            }
        }
    }
    fn tick(&mut self, cx: &mut Cx<'_>) {
        let now = cx.at().time;
        while let Some((_, request)) = self.pending.take_if(|_, r| now.saturating_sub(r.at.time) > TIMEOUT) {
            self.unanswered(cx, &request);
        }
    }
}

impl Snmp {
    /// Takes one message; false if it is none.
    fn message(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> bool {
        let Some(message) = Message::read(data) else { return false };
        let from = if message.is_asking() { Side::Client } else { Side::Server };
        if message.pdu.is_some() {
            cx.sender_is(from);
        }
        if cx.wants_pdus() {
            let (action, fields) = event::of(&message);
            cx.pdu(action, fields);
        }
        let asks = match &message.pdu {
            Some(pdu) => !pdu.kind.is_answer(),
            None => cx.from() == Side::Client,
        };
        if asks { self.request(cx, data, &message) } else { self.answer(cx, &message) }
        true
    }

    fn request(&mut self, cx: &mut Cx<'_>, data: &[u8], message: &Message<'_>) {
        let at = cx.at();
        let login = match &message.security {
            Security::Community(version, name) => self.login(name, *version, at),
            Security::User(v3) => {
                let login = self.login(v3.user, 3, at);
                if let Some(l) = login.and_then(|i| self.logins.get_mut(i)) {
                    if l.flags < v3.flags & 3 || l.level.is_empty() {
                        (l.flags, l.level) = (v3.flags & 3, v3.level());
                    }
                    if !v3.engine_id.is_empty() {
                        l.engine = crate::bytes::hex(v3.engine_id);
                    }
                    if l.hashcat.is_none() {
                        l.hashcat = usm::hashcat(data, v3, at.frame);
                    }
                }
                login
            }
        };
        let key = match (&message.security, &message.pdu) {
            (Security::User(v3), _) => v3.msg_id,
            (_, Some(pdu)) => pdu.request_id,
            _ => return,
        };
        let Some(pdu) = &message.pdu else {
            return self.open(
                cx,
                key,
                Request { at, kind: None, login, discovery: false, bindings: 0, object: None },
            );
        };
        if pdu.kind.is_trap() {
            return self.trap(cx, message, pdu);
        }
        if pdu.kind == Kind::Inform {
            self.learn(cx, pdu);
        }
        let discovery = matches!(&message.security, Security::User(v3) if v3.engine_id.is_empty());
        let mut request =
            Request { at, kind: Some(pdu.kind), login, discovery, bindings: 0, object: None };
        if pdu.kind == Kind::Set || !self.shown {
            self.shown = true;
            request.bindings = pdu.varbinds().count();
            if let Some((oid, value)) = pdu.varbinds().next() {
                request.object = Some((oid.into(), value_text(&value)));
            }
        }
        self.open(cx, key, request);
    }

    fn open(&mut self, cx: &mut Cx<'_>, key: i64, request: Request) {
        if let Some((_, old)) = self.pending.push(key, request) {
            self.unanswered(cx, &old);
        }
    }

    fn answer(&mut self, cx: &mut Cx<'_>, message: &Message<'_>) {
        self.answered = true;
        let key = match (&message.security, &message.pdu) {
            (Security::User(v3), _) => v3.msg_id,
            (_, Some(pdu)) => pdu.request_id,
            _ => return,
        };
        if let Security::User(v3) = &message.security
            && !self.engine_told
            && !v3.engine_id.is_empty()
        {
            self.engine_told = true;
            usm::engine(cx, cx.from(), v3.engine_id);
        }
        let request = self.pending.take(&key);
        let report = message.pdu.as_ref().filter(|p| p.kind == Kind::Report).map(|p| {
            let counter = p.varbinds().next().and_then(|(oid, _)| usm::report_counter(oid));
            counter.unwrap_or_default()
        });
        let status = message.pdu.as_ref().map_or(0, |p| p.status);
        let login = request.as_ref().and_then(|r| r.login).or_else(|| match &message.security {
            // the agent repeats the community it accepted
            Security::Community(version, name) => self.login(name, *version, cx.at()),
            Security::User(_) => None,
        });
        let outcome = match (report, status) {
            (Some(1 | 3 | 5 | 6), _) => Some(LoginOutcome::Failure),
            (Some(_), _) => None,
            (None, 16) => Some(LoginOutcome::Failure),
            (None, _) => Some(LoginOutcome::Success),
        };
        if let (Some(i), Some(outcome)) = (login, outcome) {
            self.tell(cx, i, outcome);
        }
        if let Some(request) = request {
            match report {
                Some(_) if request.discovery => self.report(cx, &request, Outcome::Accepted, None),
                Some(n) => {
                    self.report(cx, &request, Outcome::Refused, Some((i64::from(n), usm::report_name(n))))
                }
                None if status != 0 => {
                    self.report(cx, &request, Outcome::Refused, Some((status, error_name(status))))
                }
                None => self.report(cx, &request, Outcome::Accepted, None),
            }
        }
        if let Some(pdu) = &message.pdu
            && pdu.kind == Kind::Response
            && status == 0
        {
            self.learn(cx, pdu);
        }
    }

    /// Takes what the agent that sent `pdu` says of itself.
    fn learn(&mut self, cx: &mut Cx<'_>, pdu: &Pdu<'_>) {
        let side = cx.from();
        for (oid, value) in pdu.varbinds() {
            self.agent.learn(cx, side, oid, &value);
        }
    }

    fn trap(&mut self, cx: &mut Cx<'_>, message: &Message<'_>, pdu: &Pdu<'_>) {
        let side = cx.from();
        if let Security::User(v3) = &message.security
            && !self.engine_told
        {
            self.engine_told = true;
            usm::engine(cx, side, v3.engine_id);
        }
        let mut name = String::new();
        let mut op = Op::new(Action::Other, pdu.kind.name()).code(pdu.kind.code()).notable();
        if let Some(trap) = &pdu.trap {
            let arcs = ber::arcs(trap.enterprise).unwrap_or_default();
            if let &[a, b, c, d] = trap.agent
                && let Some(agent) = cx.host_ip(IpAddr::V4(Ipv4Addr::new(a, b, c, d)))
            {
                if let Some(maker) = enterprise::maker_of_oid(&arcs) {
                    cx.fact(agent, "vendor", maker, "enterprise");
                }
                cx.fact(agent, "sys_object_id", &ber::dotted(&arcs), "enterprise");
            }
            name.push_str(trap_name(trap.generic));
            op = op.detail("enterprise", ber::dotted(&arcs)).detail("specific", trap.specific);
        } else if let Some((_, value)) = pdu.varbinds().nth(1) {
            // snmpTrapOID.0 is always the second (RFC 3416, 4.2.6)
            name = notification(value.body);
        }
        if !name.is_empty() {
            op = op.target(&name);
        }
        cx.op(op);
        self.learn(cx, pdu);
    }

    /// Number of the community or user in `logins`, which it is added to.
    fn login(&mut self, name: &[u8], version: u8, sent: Stamp) -> Option<usize> {
        if name.is_empty() {
            return None;
        }
        let known = self.logins.iter().position(|l| *l.name == *name && (l.version == 3) == (version == 3));
        if known.is_some() || self.logins.len() >= MAX_LOGINS {
            return known;
        }
        self.logins.push(Login {
            name: name.into(),
            version,
            sent,
            told: None,
            flags: 0,
            level: "",
            engine: String::new(),
            hashcat: None,
        });
        Some(self.logins.len() - 1)
    }

    /// Reports a community or user unless that or better was told before.
    fn tell(&mut self, cx: &mut Cx<'_>, index: usize, outcome: LoginOutcome) {
        let Some(login) = self.logins.get_mut(index) else { return };
        if login.told == Some(outcome) || login.told == Some(LoginOutcome::Success) {
            return;
        }
        login.told = Some(outcome);
        let name = String::from_utf8_lossy(&login.name);
        let mut cred = if login.version == 3 {
            Cred::new(CredKind::User).username(&name).detail("engine_id", login.engine.as_str()).detail(
                "level",
                login.level,
            )
        } else {
            let version = if login.version == 0 { "1" } else { "2c" };
            Cred::new(CredKind::Community).secret(&name).cleartext().detail("version", version)
        };
        if let Some((mode, line)) = &login.hashcat {
            cred = cred.hashcat(*mode, line);
        }
        cx.credential(cred.outcome(outcome).sent(login.sent));
    }

    fn unanswered(&mut self, cx: &mut Cx<'_>, request: &Request) {
        let outcome = if self.answered { Outcome::NoAnswer } else { Outcome::Unknown };
        self.report(cx, request, outcome, None);
    }

    fn report(
        &mut self,
        cx: &mut Cx<'_>,
        request: &Request,
        outcome: Outcome,
        exception: Option<(i64, &'static str)>,
    ) {
        let oid = request.object.as_ref().map(|(oid, _)| &oid[..]);
        let (action, name) = match request.kind {
            _ if request.discovery => (Action::Discover, "engine_discovery"),
            None => (Action::Other, "encrypted_request"),
            Some(kind @ Kind::Set) => (oid.map_or(Action::Write, mib::set_action), kind.name()),
            Some(kind @ Kind::Inform) => (Action::Other, kind.name()),
            Some(kind) => (Action::Read, kind.name()),
        };
        let mut op = Op::new(action, name).outcome(outcome).asked(request.at);
        if action == Action::Write {
            op = op.category(Category::Administration);
        }
        if let Some(kind) = request.kind {
            op = op.code(kind.code());
        }
        if let Some((code, name)) = exception {
            op = op.exception(code, name);
        }
        let dotted = oid.and_then(ber::arcs).map(|a| ber::dotted(&a));
        if let (Some(dotted), Some((oid, value))) = (&dotted, &request.object) {
            op = op.target(dotted).detail("bindings", request.bindings);
            if let Some(object) = mib::object_name(oid) {
                op = op.detail("object", object);
            }
            if request.kind == Some(Kind::Set) {
                op = op.value(value.as_str());
            }
        }
        cx.op(op);
    }
}

/// Name of a notification: one of the standard ones, or its identifier.
fn notification(oid: &[u8]) -> String {
    match oid {
        // snmpTraps, 1.3.6.1.6.3.1.1.5.N with N = generic trap + 1 (RFC 3584, 3.1)
        [0x2b, 6, 1, 6, 3, 1, 1, 5, n @ 1..=6] => trap_name(i64::from(*n) - 1).to_owned(),
        _ => ber::arcs(oid).map(|a| ber::dotted(&a)).unwrap_or_default(),
    }
}
