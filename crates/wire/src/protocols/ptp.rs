//! Precision Time Protocol over Ethernet and UDP: grandmasters and their change (IEEE 1588-2008 and
//! -2019, clause 13; IEEE 802.1AS).

use crate::bytes::{Reader, hex};
use crate::cx::Cx;
use crate::model::*;
use crate::pending::Pending;
use crate::probe::*;

pub static SPEC: Spec = Spec {
    name: "ptp",
    title: "Precision Time Protocol (IEEE 1588, 802.1AS)",
    industrial: false,
    transports: &[Transport::L2, Transport::Udp],
    ports: &[319, 320],
    ethertypes: &[0x88f7],
    rank: 16,
    identify,
    open: || Box::<Ptp>::default(),
    pdus: false,
    facts: &["id:ptp-clock", "ptp_grandmaster", "ptp_class", "ptp_domain", "ptp_profile"],
    credentials: &[],
    operations: &["management_set", "management_command"],
    source: "IEEE 1588-2008 clauses 13 and 15, IEEE 802.1AS-2020 clause 10",
    level: 5,
    proofs: &[],
};

const ANNOUNCE: u8 = 11;
const MANAGEMENT: u8 = 13;
/// Management messages that wait for their answer.
const MAX_OPEN: usize = 16;

struct Head<'a> {
    kind: u8,
    profile: u8,
    domain: u8,
    clock: [u8; 8],
    sequence: u16,
    body: &'a [u8],
}

fn parse(data: &[u8]) -> Option<Head<'_>> {
    let mut r = Reader::new(data);
    let (first, version) = (r.u8()?, r.u8()?);
    let size = usize::from(r.be16()?);
    let domain = r.u8()?;
    let known = matches!(first & 15, 0..=3 | 8..=13);
    // version 2, perhaps with a minor number; a frame may be padded
    if !known || version & 15 != 2 || version >> 4 > 2 || size < 34 || size > data.len() {
        return None;
    }
    r.skip(15)?;
    let clock = r.take(8)?.try_into().ok()?;
    r.skip(2)?;
    let sequence = r.be16()?;
    let control = r.u8()?;
    // the control field follows from the type (13.3.2.10); the new version sends zero
    let fits = match first & 15 {
        0 => control == 0,
        1 => matches!(control, 0 | 1),
        8 => matches!(control, 0 | 2),
        9 => matches!(control, 0 | 3),
        13 => matches!(control, 0 | 4),
        _ => matches!(control, 0 | 5),
    };
    let least = match first & 15 {
        0 | 1 | 8 => 44,
        2 | 3 | 9 | 10 => 54,
        11 => 64,
        12 => 44,
        _ => 48,
    };
    (fits && size >= least).then_some(Head { kind: first & 15, profile: first >> 4, domain, clock, sequence, body: data.get(34..size)? })
}

fn identify(hint: &Hint, data: &[u8]) -> Verdict {
    let Some(h) = parse(data) else { return Verdict::No };
    match hint.transport {
        Transport::L2 if hint.ethertype == 0x88f7 => Verdict::Strong(Role::Unknown),
        // event messages go to 319, general ones to 320
        Transport::Udp if h.kind < 8 && hint.dst_port == 319 || h.kind >= 8 && hint.dst_port == 320 => Verdict::Strong(Role::Client),
        _ => Verdict::No,
    }
}

#[derive(Default)]
struct Ptp {
    clock: Option<[u8; 8]>,
    grandmaster: Option<[u8; 8]>,
    open: Pending<u16, (Action, &'static str, u16, Stamp), MAX_OPEN>,
}

impl Probe for Ptp {
    fn datagram(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Result<(), Malformed> {
        let h = parse(data).ok_or(Malformed)?;
        let side = cx.from();
        if self.clock != Some(h.clock) {
            self.clock = Some(h.clock);
            cx.fact(side, "id:ptp-clock", &hex(&h.clock), "sourcePortIdentity.clockIdentity");
        }
        match h.kind {
            ANNOUNCE => self.announce(cx, &h).ok_or(Malformed),
            MANAGEMENT => self.management(cx, &h).ok_or(Malformed),
            _ => Ok(()),
        }
    }
    fn end(&mut self, cx: &mut Cx<'_>) {
        let open: Vec<_> = self.open.drain().map(|(_, o)| o).collect();
        for (action, name, id, at) in open {
            cx.op(Op::new(action, name).code(id).outcome(Outcome::NoAnswer).asked(at));
        }
    }
}

impl Ptp {
    fn announce(&mut self, cx: &mut Cx<'_>, h: &Head<'_>) -> Option<()> {
        let mut r = Reader::new(h.body);
        r.skip(13)?;
        let priority_1 = r.u8()?;
        let (class, accuracy) = (r.u8()?, r.u8()?);
        r.skip(2)?;
        let priority_2 = r.u8()?;
        let grandmaster: [u8; 8] = r.take(8)?.try_into().ok()?;
        let (steps, source) = (r.be16()?, r.u8()?);
        if self.grandmaster == Some(grandmaster) {
            return Some(());
        }
        let before = self.grandmaster.replace(grandmaster);
        let side = cx.from();
        let name = hex(&grandmaster);
        cx.fact(side, "ptp_grandmaster", &name, "grandmasterIdentity");
        cx.fact(side, "ptp_class", itoa::Buffer::new().format(class), "grandmasterClockQuality.clockClass");
        cx.fact(side, "ptp_domain", itoa::Buffer::new().format(h.domain), "domainNumber");
        if h.profile == 1 {
            cx.fact(side, "ptp_profile", "802.1AS", "majorSdoId");
        }
        if cx.wants_events() {
            let mut f = vec![
                ("ptp.grandmaster", Val::from(name)),
                ("ptp.clock", Val::from(hex(&h.clock))),
                ("ptp.domain", Val::from(h.domain)),
                ("ptp.clock_class", Val::from(class)),
                ("ptp.clock_accuracy", Val::from(accuracy)),
                ("ptp.priority1", Val::from(priority_1)),
                ("ptp.priority2", Val::from(priority_2)),
                ("ptp.steps_removed", Val::from(steps)),
                ("ptp.time_source", Val::from(source)),
            ];
            if let Some(old) = before {
                f.push(("ptp.grandmaster_before", Val::from(hex(&old))));
            }
            let (action, kind) = if before.is_some() { ("grandmaster_change", "change") } else { ("announce", "info") };
            cx.event(action, kind, f);
        }
        Some(())
    }

    /// Management: get, set, response, command, acknowledge (15.4).
    fn management(&mut self, cx: &mut Cx<'_>, h: &Head<'_>) -> Option<()> {
        let mut r = Reader::new(h.body);
        r.skip(12)?;
        let action = r.u8()? & 15;
        r.skip(1)?;
        let tlv = (|| Some((r.be16()?, r.be16()?, r.be16()?)))();
        let (kind, _, id) = tlv?;
        match action {
            1 => self.ask(cx, h.sequence, Action::Configure, "management_set", id),
            3 => self.ask(cx, h.sequence, Action::Configure, "management_command", id),
            2 | 4 => {
                let (what, name, id, at) = self.open.take(&h.sequence)?;
                // an error status has a TLV of its own
                let outcome = if kind == 2 { Outcome::Refused } else { Outcome::Accepted };
                cx.op(Op::new(what, name).code(id).outcome(outcome).asked(at).by(cx.from().other()));
            }
            _ => {}
        }
        Some(())
    }

    fn ask(&mut self, cx: &mut Cx<'_>, sequence: u16, action: Action, name: &'static str, id: u16) {
        if let Some((_, (action, name, id, at))) = self.open.push(sequence, (action, name, id, cx.at())) {
            cx.op(Op::new(action, name).code(id).outcome(Outcome::Unknown).asked(at));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::Dialogue;

    fn announce(grandmaster: u8) -> Vec<u8> {
        let mut m = vec![0x1b, 2, 0, 64, 0, 0, 0, 8];
        m.resize(20, 0);
        m.extend_from_slice(&[2, 0, 0, 0xff, 0xfe, 0, 0, 1, 0, 1, 0, 7, 5, 0]);
        m.resize(47, 0);
        m.extend_from_slice(&[128, 6, 0x21, 0, 0, 128, 2, 0, 0, 0xff, 0xfe, 0, 0, grandmaster, 0, 0, 0x20]);
        m
    }

    #[test]
    fn a_grandmaster_changes() {
        let d = Dialogue::l2(&SPEC);
        assert_eq!(d.identify(true, &announce(1)), Verdict::Strong(Role::Unknown));
        let seen = d.client(&announce(1)).client(&announce(1)).client(&announce(5)).end();
        assert_eq!(seen.field(1, "event.action").as_deref(), Some("grandmaster_change"));
        assert_eq!(seen.field(1, "ptp.grandmaster").as_deref(), Some("020000fffe000005"));
        assert!(seen.facts().contains(&"client ptp_profile=802.1AS".to_owned()));
    }

    proptest::proptest! {
        #[test]
        fn never_panics(data: Vec<u8>, at in 0usize..60, byte: u8) {
            let mut m = announce(1);
            m[at] = byte;
            let d = Dialogue::l2(&SPEC);
            let _ = d.identify(true, &data);
            d.client(&m).client(&data).end();
            Dialogue::udp(&SPEC, 320).client(&m).client(&data).end();
        }
    }
}
