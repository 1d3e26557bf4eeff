//! WireGuard: its handshake, by the fixed sizes and types of its messages (WireGuard, Donenfeld, 5.4).
//!
//! Keys and names are encrypted; who talks to whom, and that it worked, is all there is.

use crate::cx::Cx;
use crate::model::*;
use crate::probe::*;

pub static SPEC: Spec = Spec {
    name: "wireguard",
    title: "WireGuard",
    industrial: false,
    transports: &[Transport::Udp],
    ports: &[51820],
    ethertypes: &[],
    rank: 84,
    identify,
    open: || Box::<WireGuard>::default(),
    pdus: false,
    facts: &[],
    credentials: &[],
    operations: &["handshake"],
    source: "WireGuard: Next Generation Kernel Network Tunnel, 5.4",
    level: 5,
    proofs: &["ndpi/pcap/wireguard.pcap"],
};

/// Initiation, response and cookie reply have one size each.
const SIZES: [(u8, usize); 3] = [(1, 148), (2, 92), (3, 64)];

fn kind(data: &[u8]) -> Option<u8> {
    let [kind, 0, 0, 0, ..] = *data else { return None };
    let fits = SIZES.contains(&(kind, data.len())) || kind == 4 && data.len() >= 32 && data.len().is_multiple_of(16);
    fits.then_some(kind)
}

fn identify(_hint: &Hint, data: &[u8]) -> Verdict {
    let empty = |range: std::ops::Range<usize>| data.get(range).is_some_and(|b| b.iter().all(|b| *b == 0));
    match kind(data) {
        // without load the second authenticator is empty; an index and a key never are
        Some(1) if empty(132..148) && !empty(4..8) && !empty(8..40) && !empty(116..132) => Verdict::Strong(Role::Client),
        Some(2) if empty(76..92) && !empty(4..8) && !empty(8..12) && !empty(12..44) => Verdict::Strong(Role::Server),
        Some(1) => Verdict::Weak(Role::Client),
        Some(2..=4) => Verdict::Weak(Role::Unknown),
        _ => Verdict::No,
    }
}

#[derive(Default)]
struct WireGuard {
    asked: Option<([u8; 4], Side, Stamp)>,
}

fn index(data: &[u8], at: usize) -> Option<[u8; 4]> {
    data.get(at..at + 4)?.try_into().ok()
}

impl Probe for WireGuard {
    fn datagram(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Result<(), Malformed> {
        match kind(data).ok_or(Malformed)? {
            1 => {
                let number = index(data, 4).ok_or(Malformed)?;
                if self.asked.is_some_and(|(n, ..)| n == number) {
                    return Ok(());
                }
                self.finish(cx, Outcome::NoAnswer);
                self.asked = Some((number, cx.from(), cx.at()));
            }
            // the response names the initiation it is for
            2 if self.asked.is_some_and(|(n, ..)| Some(n) == index(data, 8)) => self.finish(cx, Outcome::Accepted),
            _ => {}
        }
        Ok(())
    }
    fn end(&mut self, cx: &mut Cx<'_>) {
        self.finish(cx, Outcome::NoAnswer);
    }
}

impl WireGuard {
    fn finish(&mut self, cx: &mut Cx<'_>, outcome: Outcome) {
        let Some((_, by, at)) = self.asked.take() else { return };
        cx.op(Op::new(Action::Authenticate, "handshake").outcome(outcome).asked(at).by(by));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::Dialogue;

    fn message(kind: u8, size: usize, tail: usize) -> Vec<u8> {
        let mut m = vec![7; size - tail];
        m.resize(size, 0);
        m[..4].copy_from_slice(&[kind, 0, 0, 0]);
        m
    }

    #[test]
    fn a_handshake() {
        let d = Dialogue::udp(&SPEC, 9999);
        assert_eq!(d.identify(true, &message(1, 148, 16)), Verdict::Strong(Role::Client));
        assert_eq!(d.identify(true, &message(1, 147, 16)), Verdict::No);
        let seen = d.client(&message(1, 148, 16)).server(&message(2, 92, 16)).end();
        assert_eq!(seen.ops(), ["wireguard handshake accepted x1"]);
    }

    proptest::proptest! {
        #[test]
        fn never_panics(data: Vec<u8>) {
            let d = Dialogue::udp(&SPEC, 51820);
            let _ = d.identify(true, &data);
            d.client(&data).server(&data).end();
        }
    }
}
