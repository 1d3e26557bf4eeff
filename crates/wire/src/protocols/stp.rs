//! Spanning tree: bridges, the root and its change (IEEE 802.1D, 802.1Q; Cisco's per-VLAN form).

use crate::bytes::Reader;
use crate::cx::Cx;
use crate::model::*;
use crate::probe::*;

pub static SPEC: Spec = Spec {
    name: "stp",
    title: "Spanning Tree Protocol (STP, RSTP, MSTP)",
    industrial: false,
    transports: &[Transport::L2],
    ports: &[],
    ethertypes: &[0x42, 0x010b],
    rank: 13,
    identify,
    open: || Box::<Stp>::default(),
    pdus: false,
    facts: &["role", "stp_bridge", "stp_root", "stp_region"],
    credentials: &[],
    operations: &[],
    source: "IEEE 802.1D-2004 clause 9, 802.1Q-2018 clause 14",
    level: 5,
    proofs: &[],
};

#[derive(Clone, Copy, PartialEq, Debug)]
struct Id {
    priority: u16,
    mac: Mac,
}

impl std::fmt::Display for Id {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // the lower twelve bits number the VLAN or instance (802.1t)
        write!(f, "{}/{}", self.priority & 0xf000, self.mac)
    }
}

struct Bpdu {
    version: u8,
    flags: u8,
    root: Id,
    cost: u32,
    bridge: Id,
    region: Option<String>,
}

fn id(r: &mut Reader<'_>) -> Option<Id> {
    let priority = r.be16()?;
    Some(Id { priority, mac: Mac(r.take(6)?.try_into().ok()?) })
}

/// A configuration or rapid BPDU.
fn parse(data: &[u8]) -> Option<Bpdu> {
    let mut r = Reader::new(data);
    let (protocol, version, kind) = (r.be16()?, r.u8()?, r.u8()?);
    if protocol != 0 || !matches!((version, kind), (0, 0) | (2..=4, 2)) {
        return None;
    }
    let flags = r.u8()?;
    let (root, cost, bridge) = (id(&mut r)?, r.be32()?, id(&mut r)?);
    r.skip(2)?;
    let (age, max_age, hello, delay) = (r.be16()?, r.be16()?, r.be16()?, r.be16()?);
    // times are in 256ths of a second (17.14): 6 to 40, 1 to 10, 4 to 30
    let sound = age <= max_age
        && (6 << 8..=40 << 8).contains(&max_age)
        && (1 << 8..=10 << 8).contains(&hello)
        && (4 << 8..=30 << 8).contains(&delay)
        && root.mac.is_device()
        && bridge.mac.is_device();
    let region = (|| {
        (version >= 3).then_some(())?;
        r.skip(1)?;
        (r.be16()? >= 64).then_some(())?;
        r.skip(1)?;
        Some(crate::bytes::text(r.take(32)?)).filter(|t| !t.is_empty() && t.chars().all(|c| !c.is_control()))
    })();
    sound.then_some(Bpdu { version, flags, root, cost, bridge, region })
}

fn identify(hint: &Hint, data: &[u8]) -> Verdict {
    if !matches!(hint.ethertype, 0x42 | 0x010b) || !data.starts_with(&[0, 0]) {
        return Verdict::No;
    }
    if parse(data).is_some() { Verdict::Strong(Role::Unknown) } else { Verdict::No }
}

#[derive(Default)]
struct Stp {
    told: Option<(Id, Id)>,
}

impl Probe for Stp {
    fn datagram(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Result<(), Malformed> {
        // a notice of change has its head alone
        if data.starts_with(&[0, 0, 0, 0x80]) {
            cx.event("topology_change", "change", Vec::new());
            return Ok(());
        }
        let b = parse(data).ok_or(Malformed)?;
        let this = (b.root, b.bridge);
        if self.told == Some(this) {
            return Ok(());
        }
        let before = self.told.replace(this);
        let side = cx.from();
        cx.fact(side, "role", "switch", "bridge identifier");
        cx.fact(side, "stp_bridge", &b.bridge.to_string(), "bridge identifier");
        cx.fact(side, "stp_root", &b.root.to_string(), "root identifier");
        if let Some(region) = &b.region {
            cx.fact(side, "stp_region", region, "MST configuration name");
        }
        let changed = before.is_some_and(|(root, _)| root != b.root);
        if cx.wants_events() {
            let mut f = vec![
                ("stp.version", Val::from(b.version)),
                ("stp.root", Val::from(b.root.to_string())),
                ("stp.bridge", Val::from(b.bridge.to_string())),
                ("stp.root_cost", Val::from(b.cost)),
                ("stp.flags", Val::from(b.flags)),
            ];
            if let Some((root, _)) = before.filter(|_| changed) {
                f.push(("stp.root_before", Val::from(root.to_string())));
            }
            let (action, kind) = if changed { ("root_change", "change") } else { ("bridge", "info") };
            cx.event(action, kind, f);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::Dialogue;

    fn bpdu(root: u8) -> Vec<u8> {
        let mut m = vec![0, 0, 2, 2, 0x3c, 0x80, 0, 2, 0, 0, 0, 0, root, 0, 0, 0, 4];
        m.extend_from_slice(&[0x80, 0, 2, 0, 0, 0, 0, 9, 0x80, 1, 0, 0, 20, 0, 2, 0, 15, 0, 0]);
        m
    }

    #[test]
    fn a_root_changes() {
        let seen = Dialogue::l2(&SPEC).client(&bpdu(1)).client(&bpdu(1)).client(&bpdu(3)).end();
        assert_eq!(seen.events.len(), 2);
        assert_eq!(seen.field(1, "event.action").as_deref(), Some("root_change"));
        assert!(seen.facts().contains(&"client stp_bridge=32768/02:00:00:00:00:09".to_owned()), "{:?}", seen.facts());
    }

    proptest::proptest! {
        #[test]
        fn never_panics(data: Vec<u8>, at in 0usize..36, byte: u8) {
            let mut m = bpdu(1);
            m[at] = byte;
            let d = Dialogue::l2(&SPEC);
            let _ = d.identify(true, &data);
            d.client(&m).client(&data).end();
        }
    }
}
