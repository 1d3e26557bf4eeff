//! Supervision frames of HSR and PRP: nodes of seamless rings and double networks (IEC 62439-3).

use crate::bytes::Reader;
use crate::cx::Cx;
use crate::model::*;
use crate::probe::*;

pub static SPEC: Spec = Spec {
    name: "hsr",
    title: "HSR and PRP supervision",
    industrial: false,
    transports: &[Transport::L2],
    ports: &[],
    ethertypes: &[0x88fb, 0x892f],
    rank: 15,
    identify,
    open: || Box::<Hsr>::default(),
    pdus: false,
    facts: &["redundancy", "id:redbox"],
    credentials: &[],
    operations: &[],
    source: "IEC 62439-3; Wireshark as second reader",
    level: 5,
    proofs: &[],
};

#[derive(Debug, PartialEq)]
struct Frame {
    kind: u8,
    node: Mac,
    redbox: Option<Mac>,
}

/// A supervision frame, behind an HSR tag or not.
fn parse(ethertype: u16, data: &[u8]) -> Option<Frame> {
    let mut r = Reader::new(data);
    if ethertype == 0x892f {
        // path and size, sequence number, then what is inside
        r.skip(4)?;
        if r.be16()? != 0x88fb {
            return None;
        }
    }
    // path and version; a sequence number
    if r.be16()? & 0x0fff > 1 {
        return None;
    }
    r.skip(2)?;
    let (kind, size) = (r.u8()?, r.u8()?);
    // PRP duplicate discard or accept, HSR; PRP-0 had the length of two addresses
    if !matches!((kind, size), (20 | 21 | 23, 6 | 12)) {
        return None;
    }
    let node = Mac(r.take(6)?.try_into().ok()?);
    r.skip(usize::from(size) - 6)?;
    let redbox = match (r.u8(), r.u8()) {
        (Some(30), Some(6)) => Some(Mac(r.take(6)?.try_into().ok()?)),
        _ => None,
    };
    node.is_device().then_some(Frame { kind, node, redbox })
}

fn identify(hint: &Hint, data: &[u8]) -> Verdict {
    let ours = matches!(hint.ethertype, 0x88fb | 0x892f);
    if ours && parse(hint.ethertype, data).is_some() { Verdict::Strong(Role::Unknown) } else { Verdict::No }
}

#[derive(Default)]
struct Hsr {
    told: Option<(u8, Mac)>,
}

impl Probe for Hsr {
    fn datagram(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Result<(), Malformed> {
        let f = parse(0x88fb, data).or_else(|| parse(0x892f, data)).ok_or(Malformed)?;
        if self.told == Some((f.kind, f.node)) {
            return Ok(());
        }
        self.told = Some((f.kind, f.node));
        let Some(host) = cx.host_mac(f.node) else { return Ok(()) };
        let kind = if f.kind == 23 { "HSR" } else { "PRP" };
        cx.own_fact(host, "redundancy", kind, "TLV1.Type");
        if let Some(redbox) = f.redbox {
            cx.own_fact(host, "id:redbox", &redbox.to_string(), "RedBoxMacAddress");
        }
        cx.event("supervision", "info", Vec::new());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::Dialogue;

    const HSR: &[u8] = &[0, 1, 0, 7, 23, 6, 2, 0, 0, 0, 0, 1, 30, 6, 2, 0, 0, 0, 0, 7, 0, 0];

    #[test]
    fn a_node_of_a_ring() {
        let seen = Dialogue::l2(&SPEC).client(HSR).client(HSR).end();
        assert_eq!(seen.facts(), ["client id:redbox=02:00:00:00:00:07", "client redundancy=HSR"]);
        let tagged = [&[0, 0x16, 0, 9, 0x88, 0xfb], HSR].concat();
        assert_eq!(parse(0x892f, &tagged), parse(0x88fb, HSR));
    }

    proptest::proptest! {
        #[test]
        fn never_panics(data: Vec<u8>) {
            let d = Dialogue::l2(&SPEC);
            let _ = d.identify(true, &data);
            d.client(&data).end();
        }
    }
}
