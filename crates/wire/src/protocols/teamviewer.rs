//! TeamViewer's own protocol, by the magic number of its messages: on its port, both ways.
//!
//! Nothing of it is published; what is known is the begin of a message and the port (nDPI). It is told
//! on its own port only, and nothing but its presence. Sessions over TLS are known by their names.

use crate::cx::Cx;
use crate::model::Transport;
use crate::probe::*;

pub static SPEC: Spec = Spec {
    name: "teamviewer",
    title: "TeamViewer",
    industrial: false,
    transports: &[Transport::Tcp, Transport::Udp],
    ports: &[5938],
    ethertypes: &[],
    rank: 96,
    identify,
    open: || Box::new(TeamViewer),
    pdus: false,
    facts: &[],
    credentials: &[],
    operations: &[],
    source: "unverified: no specification is published; signature as nDPI describes it (17 24, 11 30), own port only",
    level: 5,
    proofs: &["ndpi/pcap/teamviewer.pcap"],
};

fn identify(hint: &Hint, data: &[u8]) -> Verdict {
    if !hint.port(5938) {
        return Verdict::No;
    }
    match (hint.transport, data) {
        (Transport::Tcp, [0x17, 0x24, ..] | [0x11, 0x30, ..]) => Verdict::Weak(Role::Unknown),
        (Transport::Tcp, [0x17 | 0x11]) => Verdict::Need,
        (Transport::Udp, [0, _, _, _, _, _, _, _, _, _, _, 0x17, 0x24, ..]) => Verdict::Weak(Role::Unknown),
        _ => Verdict::No,
    }
}

struct TeamViewer;

impl Probe for TeamViewer {
    fn stream(&mut self, _cx: &mut Cx<'_>, data: &[u8]) -> Step {
        Step::Used(data.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::Dialogue;

    #[test]
    fn on_its_port_only() {
        let own = Dialogue::tcp(&SPEC, 5938);
        assert_eq!(own.identify(true, &[0x17, 0x24, 0x0a, 0x20]), Verdict::Weak(Role::Unknown));
        assert_eq!(own.identify(true, &[0x17]), Verdict::Need);
        assert_eq!(own.identify(true, &[0x17, 3, 3]), Verdict::No);
        assert_eq!(Dialogue::tcp(&SPEC, 443).identify(true, &[0x17, 0x24]), Verdict::No);
    }

    proptest::proptest! {
        #[test]
        fn never_panics(data: Vec<u8>) {
            let d = Dialogue::tcp(&SPEC, 5938);
            let _ = d.identify(true, &data);
            d.client(&data).server(&data).end();
        }
    }
}
