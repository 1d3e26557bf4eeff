//! Link-Local Multicast Name Resolution (RFC 4795): hosts asking the link for names, and answering.
//!
//! Answers are events of their own: one who answers for every name is after log-ins.

use crate::cx::Cx;
use crate::model::*;
use crate::probe::*;
use crate::protocols::dns_message::{self as msg, Message};

pub static SPEC: Spec = Spec {
    name: "llmnr",
    title: "Link-Local Multicast Name Resolution",
    industrial: false,
    transports: &[Transport::Udp, Transport::Tcp],
    ports: &[5355],
    ethertypes: &[],
    rank: 46,
    identify,
    open: || Box::new(Llmnr),
    pdus: true,
    facts: &["hostname"],
    credentials: &[],
    operations: &[],
    source: "RFC 4795; Wireshark as second reader",
    level: 5,
    proofs: &["suricata-verify/llmnr"],
};

fn identify(hint: &Hint, data: &[u8]) -> Verdict {
    if !hint.port(5355) {
        return Verdict::No;
    }
    let stream = hint.transport == Transport::Tcp;
    let body = if stream { data.get(2..).unwrap_or_default() } else { data };
    let Some(message) = Message::new(body) else {
        return if stream { Verdict::Need } else { Verdict::No };
    };
    let h = message.header;
    // one question, opcode zero, reserved bits clear (RFC 4795, 2.1.1)
    if h.opcode() != 0 || h.flags & 0x00f0 != 0 || h.counts[0] != 1 {
        return Verdict::No;
    }
    let role = if h.is_response() { Role::Server } else { Role::Client };
    match (message.question(), message.surplus()) {
        (Some(q), Some(_)) if matches!(q.class, 1 | 255) => Verdict::Strong(role),
        (_, None) if stream && data.len() < 600 => Verdict::Need,
        (Some(q), None) if q.class == 1 => Verdict::Weak(role),
        _ => Verdict::No,
    }
}

struct Llmnr;

impl Probe for Llmnr {
    fn stream(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Step {
        let Some(&[a, b]) = data.first_chunk::<2>() else { return Step::Need };
        let len = usize::from(u16::from_be_bytes([a, b]));
        if len < 12 {
            return Step::Bad;
        }
        let Some(body) = data.get(2..2 + len) else { return Step::Need };
        match self.datagram(cx, body) {
            Ok(()) => Step::Used(2 + len),
            Err(Malformed) => Step::Bad,
        }
    }
    fn datagram(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Result<(), Malformed> {
        let message = Message::new(data).ok_or(Malformed)?;
        let question = message.question().ok_or(Malformed)?;
        if message.header.is_response() {
            cx.sender_is(Side::Server);
            learn(cx, &message);
            if cx.wants_events() {
                let mut f = vec![("dns.type", Val::Static("answer"))];
                msg::fields(&message, &mut f);
                cx.event("response", "protocol", f);
            }
        } else {
            cx.sender_is(Side::Client);
            if cx.wants_pdus() {
                let mut f = vec![("dns.type", Val::Static("query")), ("dns.id", Val::from(message.header.id))];
                msg::question_fields(&question, &mut f);
                cx.pdu("query", f);
            }
        }
        message.surplus().map(|_| ()).ok_or(Malformed)
    }
}

/// A responder answers for its own names only (RFC 4795, 2.2).
fn learn(cx: &mut Cx<'_>, message: &Message<'_>) {
    let HostAddr::Ip(sender) = cx.end(cx.from()).addr else { return };
    for r in message.records().filter(|r| r.section == 1) {
        match r.address() {
            Some(ip) if ip == sender => cx.fact(cx.from(), "hostname", &r.name(), "llmnr.a"),
            Some(ip) if msg::is_local(ip) => {
                if let Some(host) = cx.host_ip(ip) {
                    cx.fact(host, "hostname", &r.name(), "llmnr.a");
                }
            }
            Some(_) => {}
            None if r.rtype == msg::PTR => {
                if let (Some(ip), Some(name)) = (crate::protocols::dns::reverse(&r.name()), r.target(0))
                    && let Some(host) = cx.host_ip(ip)
                {
                    cx.fact(host, "hostname", &name, "llmnr.ptr");
                }
            }
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::Dialogue;
    use proptest::prelude::*;

    const QUERY: &[u8] = b"\x00\x07\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x05eng-1\x00\x00\x01\x00\x01";
    const ANSWER: &[u8] = b"\x00\x07\x80\x00\x00\x01\x00\x01\x00\x00\x00\x00\x05eng-1\x00\x00\x01\x00\x01\
        \x05eng-1\x00\x00\x01\x00\x01\x00\x00\x00\x1e\x00\x04\x0a\x00\x00\x02";

    #[test]
    fn who_answers_owns_the_name() {
        let seen = Dialogue::udp(&SPEC, 5355).client(QUERY).server(ANSWER).end();
        assert_eq!(seen.facts(), ["server hostname=eng-1"]);
        assert_eq!(seen.events.len(), 2);
        assert_eq!(seen.field(1, "source.ip").as_deref(), Some("10.0.0.2"));
    }

    #[test]
    fn over_tcp_in_any_pieces() {
        let framed = |m: &[u8]| [&(m.len() as u16).to_be_bytes(), m].concat();
        for n in 1..=ANSWER.len() {
            let seen = Dialogue::tcp(&SPEC, 5355)
                .client_split(&framed(QUERY), n)
                .server_split(&framed(ANSWER), n)
                .end();
            assert_eq!(seen.facts(), ["server hostname=eng-1"]);
        }
    }

    #[test]
    fn only_at_its_port() {
        assert_eq!(Dialogue::udp(&SPEC, 5355).identify(true, QUERY), Verdict::Strong(Role::Client));
        assert_eq!(Dialogue::udp(&SPEC, 53).identify(true, QUERY), Verdict::No);
        assert_eq!(Dialogue::udp(&SPEC, 5355).identify(true, b"\x30\x03\x02\x01\x00"), Verdict::No);
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..80), at in 0usize..80, b: u8) {
            let mut bent = ANSWER.to_vec();
            bent[at % ANSWER.len()] = b;
            for d in [Dialogue::udp(&SPEC, 5355), Dialogue::tcp(&SPEC, 5355)] {
                d.identify(true, &bytes);
                d.client(&bytes).client(&bent).server(&bent).gap(false, 3).server(&bytes).end();
            }
        }
    }
}
