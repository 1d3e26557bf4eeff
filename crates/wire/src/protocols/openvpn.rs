//! OpenVPN: the reset messages that begin a session, over UDP and TCP (OpenVPN protocol, `ssl.h`).
//!
//! The TLS handshake is inside control messages that may be authenticated or encrypted; it is not read.

use crate::bytes::Reader;
use crate::cx::Cx;
use crate::model::*;
use crate::probe::*;

pub static SPEC: Spec = Spec {
    name: "openvpn",
    title: "OpenVPN",
    industrial: false,
    transports: &[Transport::Udp, Transport::Tcp],
    ports: &[1194],
    ethertypes: &[],
    rank: 85,
    identify,
    open: || Box::<OpenVpn>::default(),
    pdus: false,
    facts: &[],
    credentials: &[],
    operations: &["connect"],
    source: "OpenVPN: protocol description in ssl_pkt.h and doc/doxygen; nDPI as second reader",
    level: 5,
    proofs: &["ndpi/pcap/443-opvn.pcap"],
};

/// Opcode and key number of the resets: client version 2 and 3, server.
const CLIENT_V2: u8 = 7 << 3;
const SERVER_V2: u8 = 8 << 3;
const CLIENT_V3: u8 = 10 << 3;
/// Octets of an HMAC with its packet number and time (tls-auth): SHA-1, SHA-256, SHA-512, MD5; none.
const AUTH: [usize; 5] = [0, 28, 40, 72, 24];

/// The bytes behind the session id and what authenticates it.
fn behind(packet: &[u8], auth: usize) -> Option<&[u8]> {
    packet.get(9 + auth..)
}

/// A reset: true for the client's.
fn reset(packet: &[u8]) -> Option<bool> {
    let (&first, session) = (packet.first()?, packet.get(1..9)?);
    if session == [0; 8] {
        return None;
    }
    match first {
        // nothing acknowledged, the first packet of its session
        CLIENT_V2 | CLIENT_V3 => AUTH.iter().any(|a| behind(packet, *a) == Some(&[0; 5]) && stamped(packet, *a)).then_some(true),
        // one or no acknowledgement, of packet 0, with the client's session id
        SERVER_V2 => AUTH
            .iter()
            .any(|a| {
                let tail = behind(packet, *a);
                let acks = matches!(tail, Some([1, 0, 0, 0, 0, _, _, _, _, _, _, _, _, 0, 0, 0, 0])) || tail == Some(&[0; 5]);
                acks && stamped(packet, *a)
            })
            .then_some(false),
        _ => None,
    }
}

/// With tls-auth the first packet has the number 1 and a time that can be.
fn stamped(packet: &[u8], auth: usize) -> bool {
    if auth == 0 {
        return true;
    }
    let mut r = Reader::new(packet.get(9 + auth - 8..).unwrap_or_default());
    r.be32() == Some(1) && r.be32().is_some_and(|t| (1_000_000_000..4_000_000_000).contains(&t))
}

fn identify(hint: &Hint, data: &[u8]) -> Verdict {
    let packet = if hint.transport == Transport::Tcp {
        let [a, b, rest @ ..] = data else { return if data.first().is_none_or(|b| *b == 0) { Verdict::Need } else { Verdict::No } };
        let size = usize::from(u16::from_be_bytes([*a, *b]));
        if !(14..=98).contains(&size) || rest.first().is_some_and(|f| !matches!(*f, CLIENT_V2 | SERVER_V2 | CLIENT_V3)) {
            return Verdict::No;
        }
        match rest.get(..size) {
            Some(packet) => packet,
            None => return Verdict::Need,
        }
    } else {
        data
    };
    match reset(packet) {
        Some(true) => Verdict::Strong(Role::Client),
        Some(false) => Verdict::Strong(Role::Server),
        None => Verdict::No,
    }
}

#[derive(Default)]
struct OpenVpn {
    asked: Option<Stamp>,
}

impl OpenVpn {
    fn packet(&mut self, cx: &mut Cx<'_>, packet: &[u8]) {
        match reset(packet) {
            Some(true) => {
                cx.sender_is(Side::Client);
                self.asked.get_or_insert(cx.at());
            }
            Some(false) => {
                cx.sender_is(Side::Server);
                self.finish(cx, Outcome::Accepted);
            }
            None => {}
        }
    }
    fn finish(&mut self, cx: &mut Cx<'_>, outcome: Outcome) {
        if let Some(asked) = self.asked.take() {
            cx.op(Op::new(Action::Authenticate, "connect").outcome(outcome).asked(asked));
        }
    }
}

impl Probe for OpenVpn {
    fn datagram(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Result<(), Malformed> {
        self.packet(cx, data);
        Ok(())
    }
    fn stream(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Step {
        let Some(size) = Reader::new(data).be16().map(usize::from) else { return Step::Need };
        match data.get(2..2 + size) {
            Some(packet) => {
                self.packet(cx, packet);
                Step::Used(2 + size)
            }
            None if size <= 128 => Step::Need,
            None => Step::Skip((2 + size - data.len()) as u64),
        }
    }
    fn gap(&mut self, cx: &mut Cx<'_>, _from: Side, _missing: u64) {
        self.finish(cx, Outcome::Unknown);
    }
    fn end(&mut self, cx: &mut Cx<'_>) {
        self.finish(cx, Outcome::NoAnswer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::Dialogue;

    const CLIENT: &[u8] = b"\x38SESSION1\0\0\0\0\0";
    const SERVER: &[u8] = b"\x40SESSION2\x01\0\0\0\0SESSION1\0\0\0\0";

    #[test]
    fn resets_of_both_sides() {
        let d = Dialogue::udp(&SPEC, 443);
        assert_eq!(d.identify(true, CLIENT), Verdict::Strong(Role::Client));
        assert_eq!(d.identify(false, SERVER), Verdict::Strong(Role::Server));
        assert_eq!(d.identify(true, b"\x38SESSION1\0\0\0\0\x01"), Verdict::No);
        assert_eq!(d.client(CLIENT).server(SERVER).end().ops(), ["openvpn connect accepted x1"]);
        let framed = [&[0, 14], CLIENT].concat();
        let d = Dialogue::tcp(&SPEC, 443);
        assert_eq!(d.identify(true, &framed), Verdict::Strong(Role::Client));
        assert_eq!(d.client_split(&framed, 3).end().ops(), ["openvpn connect no-answer x1"]);
    }

    proptest::proptest! {
        #[test]
        fn never_panics(data: Vec<u8>) {
            let d = Dialogue::udp(&SPEC, 1194);
            let _ = d.identify(true, &data);
            d.client(&data).server(&data).end();
            Dialogue::tcp(&SPEC, 1194).client(&data).server(&data).end();
        }
    }
}
