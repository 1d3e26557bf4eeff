//! Address Resolution Protocol (RFC 826, 5227) and its reverse (RFC 903) for IPv4 on Ethernet: which
//! hardware address answers for which IP address.

use crate::bytes::Reader;
use crate::cx::Cx;
use crate::model::*;
use crate::obs::BindKind;
use crate::probe::*;
use crate::signs::What;
use std::net::{IpAddr, Ipv4Addr};

pub static SPEC: Spec = Spec {
    name: "arp",
    title: "Address Resolution Protocol",
    industrial: false,
    transports: &[Transport::L2],
    ports: &[],
    ethertypes: &[0x0806, 0x8035],
    rank: 10,
    identify,
    open: || Box::new(Arp::default()),
    pdus: false,
    facts: &[],
    credentials: &[],
    operations: &[],
    source: "RFC 826, RFC 903, RFC 5227; Wireshark as second reader",
    level: 5,
    proofs: &["suricata-verify/arp"],
};

/// Claims remembered of one pair of hardware addresses.
const MAX_CLAIMS: usize = 16;
/// Addresses one sender may claim before it is taken for a proxy (RFC 1027).
const MAX_OWN: usize = 8;

/// One packet with Ethernet and IPv4 addresses.
struct Packet {
    hardware: u16,
    operation: u16,
    sender: (Mac, Ipv4Addr),
    target: (Mac, Ipv4Addr),
}

impl Packet {
    fn read(data: &[u8]) -> Option<Packet> {
        let mut r = Reader::new(data);
        let (hardware, protocol, hlen, plen) = (r.be16()?, r.be16()?, r.u8()?, r.u8()?);
        if protocol != 0x0800 || hlen != 6 || plen != 4 {
            return None;
        }
        let operation = r.be16()?;
        let mut pair = || Some((Mac(r.take(6)?.try_into().ok()?), Ipv4Addr::from(r.be32()?)));
        Some(Packet { hardware, operation, sender: pair()?, target: pair()? })
    }
    fn name(&self) -> &'static str {
        match self.operation {
            1 => "request",
            2 => "reply",
            3 => "reverse_request",
            4 => "reverse_reply",
            8 => "inverse_request",
            9 => "inverse_reply",
            _ => "other",
        }
    }
}

fn identify(hint: &Hint, data: &[u8]) -> Verdict {
    if !SPEC.ethertypes.contains(&hint.ethertype) {
        return Verdict::No;
    }
    // announcements go to the broadcast address: who asks and who answers is not the flow's matter
    match Packet::read(data) {
        Some(p) if matches!(p.operation, 1..=10) => Verdict::Strong(Role::Unknown),
        _ => Verdict::Weak(Role::Unknown),
    }
}

#[derive(Default)]
struct Arp {
    claims: Vec<(Mac, Ipv4Addr)>,
    proxy_told: bool,
}

/// Hardware addresses that several routers share: VRRP (RFC 9568, 7.3), HSRP.
fn is_shared(mac: Mac) -> bool {
    matches!(mac.0, [0, 0, 0x5e, 0, 1 | 2, _] | [0, 0, 0x0c, 7, 0xac, _] | [0, 0, 0x0c, 0x9f, _, _])
}

impl Probe for Arp {
    fn datagram(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Result<(), Malformed> {
        let p = Packet::read(data).ok_or(Malformed)?;
        if cx.wants_pdus() {
            let f = fields(&p);
            cx.pdu(p.name(), f);
        }
        let (mac, ip) = p.sender;
        tell(cx, &p);
        if p.operation == 4 && p.target.0.is_device() {
            // a reverse reply tells the asker its own address
            cx.bind(p.target.0, IpAddr::V4(p.target.1), BindKind::Declared);
        }
        // an address probe claims nothing yet (RFC 5227, 2.1)
        if !matches!(p.operation, 1 | 2) || ip.is_unspecified() || !mac.is_device() {
            return Ok(());
        }
        if matches!(cx.end(cx.from()).addr, HostAddr::Mac(frame) if frame != mac) {
            cx.event("sender_mismatch", "info", anomaly(cx, &p));
            return Ok(());
        }
        self.claim(cx, &p);
        Ok(())
    }
}

impl Arp {
    /// `p`'s sender says that its IP address is its own.
    fn claim(&mut self, cx: &mut Cx<'_>, p: &Packet) {
        let (mac, ip) = p.sender;
        let new = !self.claims.contains(&p.sender);
        if new && self.claims.iter().any(|(m, a)| *a == ip && *m != mac) {
            cx.event("address_conflict", "info", anomaly(cx, p));
        }
        if self.claims.iter().filter(|(m, a)| *m == mac && *a != ip).count() >= MAX_OWN {
            if !self.proxy_told {
                self.proxy_told = true;
                cx.event("proxy", "info", anomaly(cx, p));
            }
            return;
        }
        if !is_shared(mac) {
            cx.bind(mac, IpAddr::V4(ip), BindKind::Resolution);
        }
        if new {
            if self.claims.len() < MAX_CLAIMS {
                self.claims.push(p.sender);
            }
            let action = if p.target.1 == ip { "announcement" } else { "claim" };
            cx.event(action, "info", anomaly(cx, p));
        }
    }
}

/// Leaves what spans flows to the signs of the run: sweeps, and addresses with two owners.
fn tell(cx: &mut Cx<'_>, p: &Packet) {
    let (mac, ip) = p.sender;
    let (by, target) = (IpAddr::V4(ip), IpAddr::V4(p.target.1));
    match p.operation {
        // a probe (RFC 5227, 2.1) asks, but claims nothing yet
        1 if ip.is_unspecified() => cx.sign(What::Asked { mac, by: target, ip: target }),
        1 => {
            cx.sign(What::Asked { mac, by, ip: target });
            cx.sign(What::Claimed { mac, ip: by, to: None, answer: false });
        }
        2 if !ip.is_unspecified() => {
            cx.sign(What::Claimed { mac, ip: by, to: Some(target), answer: true });
        }
        _ => {}
    }
}

/// Fields of an event that is made in every mode; none where no events are.
fn anomaly(cx: &Cx<'_>, p: &Packet) -> Vec<(&'static str, Val)> {
    if cx.wants_events() { fields(p) } else { Vec::new() }
}

fn fields(p: &Packet) -> Vec<(&'static str, Val)> {
    vec![
        ("arp.operation", Val::Static(p.name())),
        ("arp.operation_code", Val::from(p.operation)),
        ("arp.hardware_type", Val::from(p.hardware)),
        ("arp.sender.mac", Val::from(p.sender.0.to_string())),
        ("arp.sender.ip", Val::from(p.sender.1.to_string())),
        ("arp.target.mac", Val::from(p.target.0.to_string())),
        ("arp.target.ip", Val::from(p.target.1.to_string())),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::{CLIENT_MAC, Dialogue, SERVER_MAC};
    use proptest::prelude::*;

    fn packet(operation: u8, sender: (Mac, [u8; 4]), target: (Mac, [u8; 4])) -> Vec<u8> {
        let mut out = vec![0, 1, 8, 0, 6, 4, 0, operation];
        for (mac, ip) in [sender, target] {
            out.extend(mac.0);
            out.extend(ip);
        }
        out.extend([0; 18]);
        out
    }
    const NONE: Mac = Mac([0; 6]);

    #[test]
    fn who_answers_owns_the_address() {
        let seen = Dialogue::l2(&SPEC)
            .client(&packet(1, (CLIENT_MAC, [10, 0, 0, 1]), (NONE, [10, 0, 0, 2])))
            .server(&packet(2, (SERVER_MAC, [10, 0, 0, 2]), (CLIENT_MAC, [10, 0, 0, 1])))
            .end();
        assert_eq!(seen.obs.bindings.len(), 2);
        assert!(seen.obs.bindings.keys().all(|k| k.kind == BindKind::Resolution));
        assert_eq!(seen.field(0, "event.action").as_deref(), Some("request"));
        assert_eq!(seen.field(3, "event.action").as_deref(), Some("claim"));
    }

    #[test]
    fn probes_and_strangers_bind_nothing() {
        let seen = Dialogue::l2(&SPEC)
            .client(&packet(1, (CLIENT_MAC, [0; 4]), (NONE, [10, 0, 0, 1])))
            .client(&packet(2, (Mac([2, 9, 9, 9, 9, 9]), [10, 0, 0, 9]), (NONE, [10, 0, 0, 1])))
            .end();
        assert!(seen.obs.bindings.is_empty());
        assert_eq!(seen.field(2, "event.action").as_deref(), Some("sender_mismatch"));
    }

    #[test]
    fn two_owners_are_a_conflict() {
        let seen = Dialogue::l2(&SPEC)
            .client(&packet(1, (CLIENT_MAC, [10, 0, 0, 7]), (NONE, [10, 0, 0, 7])))
            .server(&packet(2, (SERVER_MAC, [10, 0, 0, 7]), (CLIENT_MAC, [10, 0, 0, 7])))
            .end();
        let actions: Vec<_> =
            (0..seen.events.len()).map(|i| seen.field(i, "event.action").unwrap()).collect();
        assert_eq!(actions, ["request", "announcement", "reply", "address_conflict", "announcement"]);
    }

    #[test]
    fn one_for_many_is_a_proxy() {
        let mut d = Dialogue::l2(&SPEC);
        for n in 1..=20 {
            d = d.server(&packet(2, (SERVER_MAC, [10, 0, 1, n]), (CLIENT_MAC, [10, 0, 0, 1])));
        }
        let seen = d.end();
        assert_eq!(seen.obs.bindings.len(), MAX_OWN);
        let told = |e| seen.field(e, "event.action").as_deref() == Some("proxy");
        assert_eq!((0..seen.events.len()).filter(|e| told(*e)).count(), 1);
    }

    #[test]
    fn known_by_its_ethertype() {
        let d = Dialogue::l2(&SPEC);
        let request = packet(1, (CLIENT_MAC, [10, 0, 0, 1]), (NONE, [10, 0, 0, 2]));
        assert_eq!(d.identify(true, &request), Verdict::Strong(Role::Unknown));
        let hint = Hint { transport: Transport::L2, src_port: 0, dst_port: 0, ethertype: 0x8892 };
        assert_eq!(identify(&hint, &request), Verdict::No);
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..60), at in 0usize..28, b: u8) {
            let mut bent = packet(1, (CLIENT_MAC, [10, 0, 0, 1]), (NONE, [10, 0, 0, 2]));
            bent[at] = b;
            let d = Dialogue::l2(&SPEC);
            d.identify(true, &bytes);
            d.client(&bytes).client(&bent).server(&bent).end();
        }
    }
}
