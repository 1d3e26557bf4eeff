//! Media Redundancy Protocol: rings, their manager, their opening (IEC 62439-2).

use crate::bytes::{Reader, hex};
use crate::cx::Cx;
use crate::model::*;
use crate::probe::*;

pub static SPEC: Spec = Spec {
    name: "mrp",
    title: "Media Redundancy Protocol",
    industrial: false,
    transports: &[Transport::L2],
    ports: &[],
    ethertypes: &[0x88e3],
    rank: 14,
    identify,
    open: || Box::<Mrp>::default(),
    pdus: false,
    facts: &["mrp_role", "mrp_domain"],
    credentials: &[],
    operations: &[],
    source: "IEC 62439-2; Wireshark as second reader",
    level: 5,
    proofs: &[],
};

/// TLV types of which a frame has one beside the common part.
const TEST: u8 = 2;
const TOPOLOGY_CHANGE: u8 = 3;
const LINK_DOWN: u8 = 4;
const LINK_UP: u8 = 5;

#[derive(Default, Debug)]
struct Frame {
    kind: u8,
    ring_open: Option<bool>,
    domain: Option<[u8; 16]>,
}

fn parse(data: &[u8]) -> Option<Frame> {
    let mut r = Reader::new(data);
    if r.be16()? != 1 {
        return None;
    }
    let mut f = Frame::default();
    for _ in 0..8 {
        let (kind, size) = (r.u8()?, usize::from(r.u8()?));
        let value = r.take(size)?;
        match kind {
            0 => return (f.kind != 0 && f.domain.is_some()).then_some(f),
            1 if size == 18 => f.domain = value.get(2..18)?.try_into().ok(),
            TEST..=LINK_UP | 6..=8 | 0x7f => {
                f.kind = kind;
                if kind == TEST {
                    // priority, address, port role, state of the ring: 0 open, 1 closed
                    f.ring_open = Some(value.get(10..12)? == [0, 0]);
                }
            }
            _ => return None,
        }
    }
    None
}

fn identify(hint: &Hint, data: &[u8]) -> Verdict {
    if hint.ethertype == 0x88e3 && parse(data).is_some() { Verdict::Strong(Role::Unknown) } else { Verdict::No }
}

#[derive(Default)]
struct Mrp {
    told: Option<(u8, Option<bool>)>,
}

impl Probe for Mrp {
    fn datagram(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Result<(), Malformed> {
        let f = parse(data).ok_or(Malformed)?;
        let this = (f.kind, f.ring_open);
        if self.told == Some(this) {
            return Ok(());
        }
        self.told = Some(this);
        let side = cx.from();
        // tests and changes are the manager's, link messages its clients'
        let role = match f.kind {
            TEST | TOPOLOGY_CHANGE => "manager",
            LINK_DOWN | LINK_UP => "client",
            _ => "member",
        };
        cx.fact(side, "mrp_role", role, "TLVHeader.Type");
        if let Some(domain) = f.domain {
            cx.fact(side, "mrp_domain", &hex(&domain), "MRP_DomainUUID");
        }
        let (action, kind) = match (f.kind, f.ring_open) {
            (TEST, Some(true)) => ("ring_open", "change"),
            (TEST, _) => ("ring_closed", "info"),
            (TOPOLOGY_CHANGE, _) => ("topology_change", "change"),
            (LINK_DOWN, _) => ("link_down", "change"),
            (LINK_UP, _) => ("link_up", "change"),
            _ => ("mrp", "info"),
        };
        cx.event(action, kind, Vec::new());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::Dialogue;

    fn test(open: bool) -> Vec<u8> {
        let mut m = vec![0, 1, TEST, 18, 0x80, 0, 2, 0, 0, 0, 0, 9, 0, 0, 0, u8::from(!open), 0, 0, 0, 0, 0, 0];
        m.extend_from_slice(&[1, 18, 0, 1]);
        m.extend_from_slice(&[0xff; 16]);
        m.extend_from_slice(&[0, 0]);
        m
    }

    #[test]
    fn a_ring_opens() {
        let seen = Dialogue::l2(&SPEC).client(&test(false)).client(&test(true)).end();
        assert_eq!(seen.field(1, "event.action").as_deref(), Some("ring_open"));
        assert!(seen.facts().contains(&"client mrp_role=manager".to_owned()));
    }

    proptest::proptest! {
        #[test]
        fn never_panics(data: Vec<u8>, at in 0usize..40, byte: u8) {
            let mut m = test(true);
            m[at] = byte;
            Dialogue::l2(&SPEC).client(&m).client(&data).end();
        }
    }
}
