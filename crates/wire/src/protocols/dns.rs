//! Domain Name System over UDP and TCP: one event a transaction, names of hosts from the answers.

use crate::cx::Cx;
use crate::model::*;
use crate::pending::Pending;
use crate::probe::*;
use crate::protocols::dns_message::{self as msg, Header, Message, Question};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

pub static SPEC: Spec = Spec {
    name: "dns",
    title: "Domain Name System",
    industrial: false,
    transports: &[Transport::Udp, Transport::Tcp],
    ports: &[53],
    ethertypes: &[],
    rank: 50,
    identify,
    open: || Box::new(Dns::default()),
    pdus: false,
    facts: &["hostname", "product"],
    credentials: &[],
    operations: &["update", "zone_transfer"],
    source: "RFC 1035, 1996, 2136, 6891, 9460; Wireshark as second reader",
    level: 5,
    proofs: &["ndpi/pcap/dns.pcap"],
};

/// A query is waited for so long (microseconds).
const TIMEOUT: Micros = 10_000_000;

/// Questions one message may hold; more than one is allowed by the format and asked by nobody but
/// scanners and multicast.
const MAX_QUESTIONS: u16 = 32;

/// The header could be one of DNS: known opcode, reserved bit clear, sane counts.
fn plausible(h: &Header) -> bool {
    let [questions, answers, authorities, _] = h.counts;
    let update = h.opcode() == 5;
    matches!(h.opcode(), 0 | 1 | 2 | 4 | 5 | 6)
        && h.flags & 0x0040 == 0
        && questions <= MAX_QUESTIONS
        && (h.is_response() || h.rcode() == 0 && h.flags & 0x0080 == 0)
        && (h.is_response() || update || h.opcode() == 4 || answers == 0 && authorities <= 1)
        && (questions > 0 || h.is_response() || h.opcode() == 1)
}

/// A question one would ask of a name server.
fn sensible(q: &Question<'_>) -> bool {
    msg::known_type(q.qtype).is_some_and(|t| t != "NB" && t != "OPT") && matches!(q.class, 1 | 3 | 4 | 254 | 255)
}

fn identify(hint: &Hint, data: &[u8]) -> Verdict {
    if hint.transport == Transport::Tcp {
        return identify_stream(hint, data);
    }
    let Some(message) = Message::new(data) else { return Verdict::No };
    let h = message.header;
    if !plausible(&h) || !ours(hint, &h) {
        return Verdict::No;
    }
    let role = if h.is_response() { Role::Server } else { Role::Client };
    let home = hint.port(53);
    match (message.question(), message.surplus()) {
        (Some(q), Some(surplus)) if h.counts[0] == 1 && sensible(&q) && (surplus == 0 || home) => {
            Verdict::Strong(role)
        }
        (Some(q), _) if home && (sensible(&q) || h.recursion_desired()) => Verdict::Weak(role),
        (None, Some(0)) if home => Verdict::Weak(role),
        _ => Verdict::No,
    }
}

/// Multicast DNS, LLMNR and NetBIOS names look the same and are told by their ports; recursion is
/// asked of name servers only.
fn ours(hint: &Hint, h: &Header) -> bool {
    if hint.port(53) {
        return true;
    }
    if hint.port(5353) {
        return h.id != 0 && h.recursion_desired();
    }
    !hint.port(5355) && !hint.port(137)
}

fn identify_stream(hint: &Hint, data: &[u8]) -> Verdict {
    let Some(&[a, b]) = data.first_chunk::<2>() else { return Verdict::Need };
    let len = usize::from(u16::from_be_bytes([a, b]));
    let body = data.get(2..).unwrap_or_default();
    if len < 12 || hint.port(5355) {
        return Verdict::No;
    }
    let Some(message) = Message::new(body.get(..len).unwrap_or(body)) else {
        // the first four bytes already tell much of other protocols
        let early = body.get(2).is_none_or(|f| matches!((f >> 3) & 15, 0 | 1 | 2 | 4 | 5 | 6));
        return if early { Verdict::Need } else { Verdict::No };
    };
    let h = message.header;
    if !plausible(&h) {
        return Verdict::No;
    }
    let role = if h.is_response() { Role::Server } else { Role::Client };
    match message.question() {
        Some(q) if h.counts[0] == 1 && sensible(&q) && (body.len() < len || message.surplus().is_some()) => Verdict::Strong(role),
        Some(_) => Verdict::No,
        None if body.len() < len && body.len() < 300 => Verdict::Need,
        None if hint.port(53) && h.counts[0] == 0 => Verdict::Weak(role),
        None => Verdict::No,
    }
}

/// An open query.
struct Query {
    at: Stamp,
    qtype: u16,
    opcode: u8,
    /// Fields of its event, made only if events are wanted.
    fields: Vec<(&'static str, Val)>,
    name: String,
}

#[derive(Default)]
struct Dns {
    pending: Pending<(u16, u64), Query>,
    answered: bool,
    /// Messages of a zone transfer after the first are not told one by one.
    transfer: bool,
}

impl Probe for Dns {
    fn stream(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Step {
        let Some(&[a, b]) = data.first_chunk::<2>() else { return Step::Need };
        let len = usize::from(u16::from_be_bytes([a, b]));
        if len < 12 {
            return Step::Bad;
        }
        let Some(body) = data.get(2..2 + len) else {
            // behind a gap, what stands here need not be a message at all
            let doubtful = data.get(2..).and_then(Header::read).is_some_and(|h| !plausible(&h));
            return if doubtful { Step::Bad } else { Step::Need };
        };
        if self.message(cx, body).is_err() {
            if !Header::read(body).is_some_and(|h| plausible(&h)) {
                return Step::Bad;
            }
            cx.malformed();
        }
        Step::Used(2 + len)
    }
    fn datagram(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Result<(), Malformed> {
        self.message(cx, data)
    }
    fn end(&mut self, cx: &mut Cx<'_>) {
        let open: Vec<Query> = self.pending.drain().map(|(_, q)| q).collect();
        for query in open {
            self.unanswered(cx, query);
        }
    }
    fn tick(&mut self, cx: &mut Cx<'_>) {
        let now = cx.at().time;
        while let Some((_, query)) = self.pending.take_if(|_, q| now.saturating_sub(q.at.time) > TIMEOUT) {
            self.unanswered(cx, query);
        }
    }
}

impl Dns {
    fn message(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Result<(), Malformed> {
        let message = Message::new(data).ok_or(Malformed)?;
        let question = message.question();
        if question.is_none() && message.header.counts[0] > 0 {
            return Err(Malformed);
        }
        if message.header.is_response() {
            cx.sender_is(Side::Server);
            self.response(cx, &message, question);
        } else {
            cx.sender_is(Side::Client);
            self.query(cx, &message, question);
        }
        match message.surplus() {
            Some(_) => Ok(()),
            None => Err(Malformed),
        }
    }

    fn query(&mut self, cx: &mut Cx<'_>, message: &Message<'_>, question: Option<Question<'_>>) {
        let opcode = message.header.opcode();
        let qtype = question.map_or(0, |q| q.qtype);
        let op = operation(opcode, qtype);
        if !cx.wants_events() && op.is_none() {
            return;
        }
        let name = if op.is_some() { question.map(|q| q.name()).unwrap_or_default() } else { String::new() };
        let mut fields = Vec::new();
        if cx.wants_events() {
            msg::fields(message, &mut fields);
        }
        let key = (message.header.id, question.map_or(0, |q| q.key()));
        let query = Query { at: cx.at(), qtype, opcode, fields, name };
        if let Some((_, old)) = self.pending.push(key, query) {
            self.unanswered(cx, old);
        }
    }

    fn response(&mut self, cx: &mut Cx<'_>, message: &Message<'_>, question: Option<Question<'_>>) {
        self.answered = true;
        let id = message.header.id;
        let query = match question {
            Some(q) => self.pending.take(&(id, q.key())),
            // an answer need not repeat the question (errors, updates)
            None => self.pending.take_if(|k, _| k.0 == id).map(|(_, q)| q),
        };
        if message.header.opcode() == 0 {
            learn(cx, message, question);
        }
        let rcode = message.rcode();
        if let Some(query) = &query
            && let Some((action, name)) = operation(query.opcode, query.qtype)
        {
            let code = msg::rcode_name(rcode).to_ascii_lowercase();
            let mut op = Op::new(action, name).asked(query.at).code(query.opcode).target(&query.name).notable();
            op = if rcode == 0 {
                op.outcome(Outcome::Accepted)
            } else {
                op.outcome(Outcome::Refused).exception(rcode, &code)
            };
            cx.op(op);
        }
        let transfer = question.is_some_and(|q| matches!(q.qtype, msg::AXFR | msg::IXFR));
        if !cx.wants_events() || (query.is_none() && (self.transfer || question.is_none())) {
            return;
        }
        self.transfer |= transfer;
        let mut f = Vec::with_capacity(16);
        f.push(("dns.type", Val::Static("answer")));
        f.push(("event.outcome", Val::Static(if rcode == 0 { "success" } else { "failure" })));
        if let Some(query) = &query {
            f.push(("event.start", Val::Int(query.at.time)));
            f.push(("event.duration", Val::Int((cx.at().time - query.at.time).max(0).saturating_mul(1000))));
        }
        msg::fields(message, &mut f);
        let action = if message.header.opcode() == 0 { "query" } else { "transaction" };
        cx.transaction(action, "protocol", f);
    }

    fn unanswered(&mut self, cx: &mut Cx<'_>, query: Query) {
        if let Some((action, name)) = operation(query.opcode, query.qtype) {
            let outcome = if self.answered { Outcome::NoAnswer } else { Outcome::Unknown };
            let op = Op::new(action, name).asked(query.at).code(query.opcode).target(&query.name).notable();
            cx.op(op.outcome(outcome));
        }
        if cx.wants_events() {
            let mut f = query.fields;
            f.push(("dns.type", Val::Static("query")));
            f.push(("event.outcome", Val::Static("unknown")));
            f.push(("event.start", Val::Int(query.at.time)));
            cx.unanswered(query.at, "query", "protocol", f);
        }
    }
}

/// What a query does beyond asking.
fn operation(opcode: u8, qtype: u16) -> Option<(Action, &'static str)> {
    match (opcode, qtype) {
        (5, _) => Some((Action::SetName, "update")),
        (0, msg::AXFR | msg::IXFR) => Some((Action::Read, "zone_transfer")),
        _ => None,
    }
}

/// Names of hosts on private addresses, and what the server says of itself.
fn learn(cx: &mut Cx<'_>, message: &Message<'_>, question: Option<Question<'_>>) {
    for r in message.records().filter(|r| r.section == 1 || r.section == 3) {
        match r.rtype {
            msg::A | msg::AAAA => {
                if let Some(ip) = r.address().filter(|ip| msg::is_local(*ip))
                    && let Some(host) = cx.host_ip(ip)
                {
                    cx.fact(host, "hostname", &r.name(), "dns.a");
                }
            }
            msg::PTR => {
                if let Some(ip) = reverse(&r.name()).filter(|ip| msg::is_local(*ip))
                    && let Some(name) = r.target(0)
                    && let Some(host) = cx.host_ip(ip)
                {
                    cx.fact(host, "hostname", &name, "dns.ptr");
                }
            }
            // version.bind and its kin, class CHAOS
            msg::TXT if r.class == 3 && question.is_some_and(|q| q.class == 3) => {
                let text = msg::data_text(&r);
                match r.name().to_ascii_lowercase().as_str() {
                    "version.bind" | "version.server" => {
                        cx.service_info("version", text.as_str());
                        cx.fact(Side::Server, "software", &text, "dns.version.bind");
                    }
                    "hostname.bind" | "id.server" => {
                        cx.fact(Side::Server, "hostname", &text, "dns.hostname.bind");
                    }
                    _ => {}
                }
            }
            _ => {}
        }
    }
}

/// The address a reverse name stands for (RFC 1035, 3.5; RFC 3596, 2.5).
pub fn reverse(name: &str) -> Option<IpAddr> {
    let lower = name.to_ascii_lowercase();
    if let Some(head) = lower.strip_suffix(".in-addr.arpa") {
        let mut octets = [0u8; 4];
        let mut labels = head.split('.');
        for slot in octets.iter_mut().rev() {
            *slot = labels.next()?.parse().ok()?;
        }
        return labels.next().is_none().then(|| IpAddr::V4(Ipv4Addr::from(octets)));
    }
    let head = lower.strip_suffix(".ip6.arpa")?;
    let (mut value, mut count) = (0u128, 0u32);
    for label in head.split('.') {
        if label.len() != 1 || count >= 32 {
            return None;
        }
        value |= u128::from_str_radix(label, 16).ok()? << (4 * count);
        count += 1;
    }
    (count == 32).then(|| IpAddr::V6(Ipv6Addr::from(value)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::Dialogue;
    use proptest::prelude::*;

    const QUERY: &[u8] =
        b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03plc\x04site\x00\x00\x01\x00\x01";
    const ANSWER: &[u8] = b"\x12\x34\x81\x80\x00\x01\x00\x01\x00\x00\x00\x00\x03plc\x04site\x00\x00\x01\x00\x01\
        \xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\x0a\x00\x00\x07";
    const REFUSED: &[u8] =
        b"\x12\x34\x81\x85\x00\x01\x00\x00\x00\x00\x00\x00\x03plc\x04site\x00\x00\x01\x00\x01";
    const UPDATE: &[u8] = b"\x00\x07\x28\x00\x00\x01\x00\x00\x00\x00\x00\x00\x04site\x00\x00\x06\x00\x01";
    const UPDATED: &[u8] = b"\x00\x07\xa8\x05\x00\x00\x00\x00\x00\x00\x00\x00";

    fn framed(message: &[u8]) -> Vec<u8> {
        [&(message.len() as u16).to_be_bytes(), message].concat()
    }

    #[test]
    fn one_event_a_transaction() {
        let seen = Dialogue::udp(&SPEC, 53).client(QUERY).server(ANSWER).end();
        assert_eq!(seen.events.len(), 1);
        assert_eq!(seen.field(0, "dns.question.name").as_deref(), Some("plc.site"));
        assert_eq!(seen.field(0, "dns.response_code").as_deref(), Some("NOERROR"));
        assert_eq!(seen.field(0, "event.duration").as_deref(), Some("1000000"));
        assert_eq!(seen.field(0, "source.ip").as_deref(), Some("10.0.0.1"));
        assert!(seen.field(0, "dns.resolved_ip").unwrap().contains("10.0.0.7"));
        assert_eq!(seen.facts(), ["10.0.0.7 hostname=plc.site"]);
    }

    #[test]
    fn what_is_not_answered_is_told_at_the_end() {
        let seen = Dialogue::udp(&SPEC, 53).client(QUERY).client(QUERY).server(REFUSED).end();
        let outcomes: Vec<_> = (0..2).map(|i| seen.field(i, "event.outcome").unwrap()).collect();
        assert_eq!(outcomes, ["failure", "unknown"]);
        assert_eq!(seen.field(1, "dns.question.name").as_deref(), Some("plc.site"));
    }

    #[test]
    fn updates_are_operations() {
        let seen = Dialogue::udp(&SPEC, 53).client(UPDATE).server(UPDATED).end();
        assert_eq!(seen.ops(), ["dns update refused x1"]);
    }

    #[test]
    fn recognised_on_any_port_by_content() {
        let d = Dialogue::udp(&SPEC, 4444);
        assert_eq!(d.identify(true, QUERY), Verdict::Strong(Role::Client));
        assert_eq!(d.identify(true, ANSWER), Verdict::Strong(Role::Server));
        assert_eq!(Dialogue::udp(&SPEC, 5355).identify(true, QUERY), Verdict::No);
        assert_eq!(Dialogue::udp(&SPEC, 5353).identify(true, QUERY), Verdict::Strong(Role::Client));
        for other in [
            &b"\x30\x29\x02\x01\x01\x04\x06public\xa0\x1c"[..],
            b"\x00\x01\x00\x00\x00\x06\x01\x03\x00\x00\x00\x01",
            b"M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\n\r\n",
        ] {
            assert_eq!(d.identify(true, other), Verdict::No);
        }
    }

    #[test]
    fn the_same_over_tcp_in_any_pieces() {
        let (q, a) = (framed(QUERY), framed(ANSWER));
        for n in 1..=a.len() {
            let seen = Dialogue::tcp(&SPEC, 53).client_split(&q, n).server_split(&a, n).end();
            assert_eq!(seen.facts(), ["10.0.0.7 hostname=plc.site"], "pieces of {n}");
            assert_eq!(seen.events.len(), 1);
        }
        let d = Dialogue::tcp(&SPEC, 4444);
        assert_eq!(d.identify(true, &q), Verdict::Strong(Role::Client));
        assert_eq!(d.identify(true, &q[..9]), Verdict::Need);
        assert_eq!(d.identify(true, b"GET / HTTP/1.1\r\n\r\n"), Verdict::No);
        assert_eq!(d.identify(true, b"\x00\x01\x00\x00\x00\x06\x01\x03\x00\x00\x00\x01"), Verdict::No);
    }

    #[test]
    fn reverse_names() {
        assert_eq!(reverse("7.0.0.10.in-addr.arpa"), Some("10.0.0.7".parse().unwrap()));
        assert_eq!(reverse("7.0.0.10.11.in-addr.arpa"), None);
        let v6 = "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.e.f.ip6.arpa";
        assert_eq!(reverse(v6), Some("fe80::1".parse().unwrap()));
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..100), at in 0usize..100, b: u8) {
            let mut bent = ANSWER.to_vec();
            bent[at % ANSWER.len()] = b;
            for d in [Dialogue::udp(&SPEC, 53), Dialogue::tcp(&SPEC, 53)] {
                d.identify(true, &bytes);
                d.identify(false, &bent);
                d.client(&bytes).client(&framed(&bent)).server(&bent).gap(true, 9).server(&bytes).end();
            }
        }
    }
}
