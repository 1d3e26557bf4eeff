//! Link Layer Discovery Protocol (IEEE 802.1AB) with the extensions for media endpoints
//! (ANSI/TIA-1057) and PROFINET (IEC 61158-6-10): what stands at the other end of the cable.

use crate::bytes::{hex, text};
use crate::cx::Cx;
use crate::model::*;
use crate::obs::{BindKind, FieldVal};
use crate::probe::*;
use crate::protocols::sysdescr;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

pub static SPEC: Spec = Spec {
    name: "lldp",
    title: "Link Layer Discovery Protocol",
    industrial: false,
    transports: &[Transport::L2],
    ports: &[],
    ethertypes: &[0x88cc],
    rank: 10,
    identify,
    open: || Box::new(Lldp::default()),
    pdus: true,
    facts: &[
        "name",
        "description",
        "vendor",
        "model",
        "product",
        "firmware",
        "software",
        "hardware",
        "serial",
        "os",
        "role",
        "location",
        "id:lldp-chassis",
        "id:profinet-name",
        "lldp_port",
        "lldp_port_description",
        "asset_tag",
        "vlan",
    ],
    credentials: &[],
    operations: &[],
    source: "IEEE 802.1AB-2016, ANSI/TIA-1057, IEC 61158-6-10; Wireshark as second reader",
    level: 5,
    proofs: &["arkime/wireshark-lldp.pcap"],
};

/// Organizations (the first three octets of a specific TLV).
const IEEE_802_1: [u8; 3] = [0x00, 0x80, 0xc2];
const TIA_MED: [u8; 3] = [0x00, 0x12, 0xbb];
const PROFINET: [u8; 3] = [0x00, 0x0e, 0xcf];

/// TLVs of one LLDPDU looked at.
const MAX_TLVS: usize = 128;

/// Type and contents of each TLV (802.1AB, 8.4), up to the end marker.
fn tlvs(data: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    let mut rest = data;
    std::iter::from_fn(move || {
        let head = u16::from_be_bytes(*rest.first_chunk::<2>()?);
        let (kind, len) = ((head >> 9) as u8, usize::from(head & 0x1ff));
        let body = rest.get(2..2 + len)?;
        rest = rest.get(2 + len..)?;
        (kind != 0).then_some((kind, body))
    })
    .take(MAX_TLVS)
}

fn identify(hint: &Hint, data: &[u8]) -> Verdict {
    if hint.ethertype != 0x88cc {
        return Verdict::No;
    }
    // chassis, port and time to live come first, in this order
    let mut t = tlvs(data);
    match (t.next(), t.next(), t.next()) {
        (Some((1, c)), Some((2, p)), Some((3, ttl))) if c.len() > 1 && p.len() > 1 && ttl.len() >= 2 => {
            Verdict::Strong(Role::Unknown)
        }
        _ => Verdict::No,
    }
}

#[derive(Default)]
struct Lldp {
    /// Chassis, port and system name told last.
    told: Vec<u8>,
}

impl Probe for Lldp {
    fn datagram(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Result<(), Malformed> {
        if !matches!(tlvs(data).next(), Some((1, _))) {
            return Err(Malformed);
        }
        let profinet = tlvs(data).any(|(kind, body)| kind == 127 && body.starts_with(&PROFINET));
        for (kind, body) in tlvs(data) {
            basic(cx, kind, body, profinet);
            if kind == 127
                && let Some((oui, rest)) = body.split_first_chunk::<3>()
                && let Some((subtype, value)) = rest.split_first()
            {
                organization(cx, *oui, *subtype, value);
            }
        }
        let key = tlvs(data).filter(|(kind, _)| matches!(kind, 1 | 2 | 5)).flat_map(|(_, b)| b.iter().copied());
        let key: Vec<u8> = key.collect();
        let changed = key != self.told;
        self.told = key;
        if cx.wants_pdus() {
            let f = fields(data, profinet);
            cx.pdu("lldpdu", f);
        } else if changed && cx.wants_events() {
            let f = fields(data, profinet);
            cx.event("neighbor", "info", f);
        }
        Ok(())
    }
}

/// TLVs of the base standard (802.1AB, 8.5).
fn basic(cx: &mut Cx<'_>, kind: u8, body: &[u8], profinet: bool) {
    let side = cx.from();
    match kind {
        1 => {
            let Some((subtype, id)) = body.split_first() else { return };
            let value = id_text(*subtype == 4, *subtype == 5, id);
            cx.fact(side, "id:lldp-chassis", &value, "lldp.chassis_id");
            // a PROFINET device's chassis is named by its name of station
            if profinet && *subtype == 7 && value.len() < 64 {
                cx.fact(side, "id:profinet-name", &value, "lldp.chassis_id");
            }
        }
        2 => {
            let Some((subtype, id)) = body.split_first() else { return };
            cx.fact(side, "lldp_port", &id_text(*subtype == 3, *subtype == 4, id), "lldp.port_id");
        }
        4 => cx.fact(side, "lldp_port_description", &sysdescr::line(body), "lldp.port_description"),
        5 => cx.fact(side, "name", &sysdescr::line(body), "lldp.system_name"),
        6 => {
            let text = sysdescr::line(body);
            cx.fact(side, "description", &text, "lldp.system_description");
            sysdescr::about(&text, &mut |name, value| cx.fact(side, name, value, "lldp.system_description"));
        }
        7 => {
            let &[_, _, a, b] = body else { return };
            if let Some(role) = role(u16::from_be_bytes([a, b])) {
                cx.fact(side, "role", role, "lldp.capabilities");
            }
        }
        8 => {
            if let (Some(ip), HostAddr::Mac(mac)) = (management(body), cx.end(side).addr) {
                cx.bind(mac, ip, BindKind::Declared);
            }
        }
        _ => {}
    }
}

/// Asset type by the capabilities that are switched on (802.1AB, 8.5.8).
fn role(enabled: u16) -> Option<&'static str> {
    if enabled & 0x20 != 0 {
        Some("phone")
    } else if enabled & 0x08 != 0 {
        Some("access-point")
    } else if enabled & 0x10 != 0 {
        Some("router")
    } else if enabled & 0x04 != 0 {
        Some("switch")
    } else {
        None
    }
}

/// Text of a chassis or port id: a hardware address, a network address, else text or hex.
fn id_text(is_mac: bool, is_network: bool, id: &[u8]) -> String {
    if is_mac && let Ok(mac) = <[u8; 6]>::try_from(id) {
        return Mac(mac).to_string();
    }
    if is_network && let Some(ip) = network(id) {
        return ip.to_string();
    }
    match std::str::from_utf8(id) {
        Ok(t) if !t.chars().any(|c| c.is_control() && c != '\0') => text(id),
        _ => hex(id),
    }
}

/// An address behind its IANA family number.
fn network(id: &[u8]) -> Option<IpAddr> {
    match id.split_first()? {
        (1, a) => <[u8; 4]>::try_from(a).ok().map(|a| IpAddr::V4(Ipv4Addr::from(a))),
        (2, a) => <[u8; 16]>::try_from(a).ok().map(|a| IpAddr::V6(Ipv6Addr::from(a))),
        _ => None,
    }
}

/// IP address of a management address TLV (802.1AB, 8.5.9).
fn management(body: &[u8]) -> Option<IpAddr> {
    let (len, rest) = body.split_first()?;
    network(rest.get(..usize::from(*len))?)
}

fn organization(cx: &mut Cx<'_>, oui: [u8; 3], subtype: u8, value: &[u8]) {
    let side = cx.from();
    match (oui, subtype) {
        (IEEE_802_1, 1) => {
            if let &[a, b] = value {
                let id = u16::from_be_bytes([a, b]);
                if id != 0 {
                    cx.fact(side, "vlan", itoa::Buffer::new().format(id), "lldp.port_vlan_id");
                }
            }
        }
        // class III endpoints are communication devices with a person at them
        (TIA_MED, 1) if value.get(2) == Some(&3) => {
            cx.fact(side, "role", "phone", "lldp.med.device_type");
        }
        (TIA_MED, 3) => {
            // location by ELIN: digits; civic and coordinates are left to `description`
            if let Some((3, elin)) = value.split_first() {
                cx.fact(side, "location", &sysdescr::line(elin), "lldp.med.location");
            } else if let Some((2, civic)) = value.split_first()
                && let Some(text) = civic_location(civic)
            {
                cx.fact(side, "location", &text, "lldp.med.location");
            }
        }
        (TIA_MED, 5..=11) => {
            let (name, field): (&'static str, &'static str) = match subtype {
                5 => ("hardware", "lldp.med.hardware_revision"),
                6 => ("firmware", "lldp.med.firmware_revision"),
                7 => ("software", "lldp.med.software_revision"),
                8 => ("serial", "lldp.med.serial_number"),
                9 => ("vendor", "lldp.med.manufacturer"),
                10 => ("model", "lldp.med.model"),
                _ => ("asset_tag", "lldp.med.asset_id"),
            };
            cx.fact(side, name, &sysdescr::line(value), field);
        }
        (PROFINET, 5) => {
            if let Ok(mac) = <[u8; 6]>::try_from(value) {
                cx.fact(side, "id:lldp-chassis", &Mac(mac).to_string(), "lldp.profinet.chassis_mac");
            }
        }
        _ => {}
    }
}

/// Elements of a civic address (RFC 4776, 3.1) in their order, joined by commas.
fn civic_location(civic: &[u8]) -> Option<String> {
    // length, what, country, then (type, length, text)
    let mut out = text(civic.get(2..4)?);
    let mut rest = civic.get(4..)?;
    while let Some((&[_, len], tail)) = rest.split_first_chunk::<2>() {
        let Some(value) = tail.get(..usize::from(len)) else { break };
        out.push_str(", ");
        out.push_str(&sysdescr::line(value));
        rest = tail.get(usize::from(len)..)?;
    }
    Some(out)
}

fn fields(data: &[u8], profinet: bool) -> Vec<(&'static str, FieldVal)> {
    let mut f: Vec<(&'static str, FieldVal)> = Vec::with_capacity(10);
    for (kind, body) in tlvs(data) {
        match (kind, body) {
            (1, [subtype, id @ ..]) => {
                f.push(("lldp.chassis_id", Val::from(id_text(*subtype == 4, *subtype == 5, id))));
            }
            (2, [subtype, id @ ..]) => {
                f.push(("lldp.port_id", Val::from(id_text(*subtype == 3, *subtype == 4, id))));
            }
            (3, [a, b, ..]) => f.push(("lldp.ttl", Val::from(u16::from_be_bytes([*a, *b])))),
            (4, _) => f.push(("lldp.port_description", Val::from(sysdescr::line(body)))),
            (5, _) => f.push(("lldp.system_name", Val::from(sysdescr::line(body)))),
            (6, _) => f.push(("lldp.system_description", Val::from(sysdescr::line(body)))),
            (7, [.., a, b]) => f.push(("lldp.capabilities", Val::from(u16::from_be_bytes([*a, *b])))),
            (8, _) => {
                if let Some(ip) = management(body) {
                    f.push(("lldp.management_ip", Val::from(ip.to_string())));
                }
            }
            _ => {}
        }
    }
    f.push(("lldp.profinet", Val::from(profinet)));
    f
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::Dialogue;
    use proptest::prelude::*;

    fn tlv(kind: u8, body: &[u8]) -> Vec<u8> {
        let mut out = (u16::from(kind) << 9 | body.len() as u16).to_be_bytes().to_vec();
        out.extend(body);
        out
    }
    fn med(subtype: u8, value: &str) -> Vec<u8> {
        tlv(127, &[&TIA_MED[..], &[subtype], value.as_bytes()].concat())
    }
    fn pdu(name: &str) -> Vec<u8> {
        [
            tlv(1, b"\x07line-3-io"),
            tlv(2, b"\x07port-001"),
            tlv(3, &[0, 20]),
            tlv(5, name.as_bytes()),
            tlv(6, b"Siemens, SIMATIC NET, SCALANCE X204, 6GK5 204-0BA00-2AA3, HW: 8, FW: V5.1.2"),
            tlv(7, &[0, 4, 0, 4]),
            tlv(8, &[5, 1, 10, 0, 0, 5, 2, 0, 0, 0, 1, 0]),
            tlv(127, &[&PROFINET[..], &[5, 2, 0, 0, 0, 0, 0x21]].concat()),
            med(8, "SN-7788"),
            med(10, "X204-2"),
            tlv(0, &[]),
            vec![0; 8],
        ]
        .concat()
    }

    #[test]
    fn a_device_describes_itself() {
        let seen = Dialogue::l2(&SPEC).client(&pdu("cell 3")).end();
        assert_eq!(
            seen.facts(),
            [
                "client description=Siemens, SIMATIC NET, SCALANCE X204, 6GK5 204-0BA00-2AA3, HW: 8, FW: V5.1.2",
                "client firmware=V5.1.2",
                "client hardware=8",
                "client id:lldp-chassis=02:00:00:00:00:21",
                "client id:lldp-chassis=line-3-io",
                "client id:profinet-name=line-3-io",
                "client lldp_port=port-001",
                "client model=6GK5 204-0BA00-2AA3",
                "client model=X204-2",
                "client name=cell 3",
                "client product=SCALANCE X204",
                "client role=switch",
                "client serial=SN-7788",
                "client vendor=Siemens",
            ]
        );
        assert_eq!(seen.obs.bindings.len(), 1);
        assert_eq!(seen.field(0, "lldp.management_ip").as_deref(), Some("10.0.0.5"));
    }

    #[test]
    fn needs_its_three_first_tlvs() {
        let d = Dialogue::l2(&SPEC);
        assert_eq!(d.identify(true, &pdu("a")), Verdict::Strong(Role::Unknown));
        assert_eq!(d.identify(true, &pdu("a")[11..]), Verdict::No);
        let hint = Hint { transport: Transport::L2, src_port: 0, dst_port: 0, ethertype: 0x88b8 };
        assert_eq!(identify(&hint, &pdu("a")), Verdict::No);
    }

    #[test]
    fn civic_addresses() {
        let civic = [9, 1, b'D', b'E', 3, 4, b'U', b'l', b'm', b' ', 6, 3, b'A', b' ', b'1'];
        assert_eq!(civic_location(&civic).as_deref(), Some("DE, Ulm, A 1"));
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..80), at in 0usize..200, b: u8) {
            let mut bent = pdu("cell 3");
            let at = at % bent.len();
            bent[at] = b;
            let d = Dialogue::l2(&SPEC);
            d.identify(true, &bytes);
            d.client(&bytes).client(&bent).server(&bent[..at]).end();
        }
    }
}
