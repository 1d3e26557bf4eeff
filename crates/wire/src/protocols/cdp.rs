//! Cisco Discovery Protocol, versions 1 and 2 (SNAP 00000C, protocol 2000).

use crate::bytes::Reader;
use crate::cx::Cx;
use crate::model::*;
use crate::obs::{BindKind, FieldVal};
use crate::probe::*;
use crate::protocols::{ber, enterprise, sysdescr};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

pub static SPEC: Spec = Spec {
    name: "cdp",
    title: "Cisco Discovery Protocol",
    industrial: false,
    transports: &[Transport::L2],
    ports: &[],
    ethertypes: &[0x2000],
    rank: 12,
    identify,
    open: || Box::new(Cdp::default()),
    pdus: true,
    facts: &[
        "name",
        "serial",
        "vendor",
        "model",
        "product",
        "firmware",
        "os",
        "description",
        "role",
        "location",
        "vtp_domain",
        "vlan",
        "cdp_port",
        "sys_object_id",
    ],
    credentials: &[],
    operations: &[],
    source: "Cisco, LAN Protocols: CDP frame format; Wireshark as second reader",
    level: 5,
    proofs: &[],
};

/// TLVs and addresses of one message looked at.
const MAX_ITEMS: usize = 128;

/// Type and contents of each TLV; the length counts its own head.
fn tlvs(data: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    let mut r = Reader::new(data.get(4..).unwrap_or_default());
    std::iter::from_fn(move || {
        let (kind, len) = (r.be16()?, usize::from(r.be16()?));
        Some((kind, r.take(len.checked_sub(4)?)?))
    })
    .take(MAX_ITEMS)
}

fn identify(hint: &Hint, data: &[u8]) -> Verdict {
    let head = matches!(data, [1 | 2, ttl, ..] if *ttl > 0);
    if hint.ethertype != 0x2000 || !head {
        return Verdict::No;
    }
    let used: usize = tlvs(data).map(|(_, body)| body.len() + 4).sum();
    // the device id comes first; a frame may be padded
    match tlvs(data).next() {
        Some((1, id)) if !id.is_empty() && used + 4 + 64 > data.len() => Verdict::Strong(Role::Unknown),
        _ => Verdict::No,
    }
}

#[derive(Default)]
struct Cdp {
    /// Device and port told last.
    told: Vec<u8>,
}

impl Probe for Cdp {
    fn datagram(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Result<(), Malformed> {
        if !matches!(tlvs(data).next(), Some((1, _))) {
            return Err(Malformed);
        }
        // Cisco's wireless products; they call themselves routers or bridges
        let radio = tlvs(data).any(|(kind, body)| {
            kind == 0x06 && ["AIR-AP", "AIR-CAP", "AIR-LAP", "C91"].iter().any(|p| unbranded(body).starts_with(p))
        });
        for (kind, body) in tlvs(data) {
            learn(cx, kind, body, radio);
        }
        let key: Vec<u8> =
            tlvs(data).filter(|(k, _)| matches!(k, 1 | 3)).flat_map(|(_, b)| b.iter().copied()).collect();
        let changed = key != self.told;
        self.told = key;
        if cx.wants_pdus() {
            let f = fields(data);
            cx.pdu("announcement", f);
        } else if changed && cx.wants_events() {
            let f = fields(data);
            cx.event("neighbor", "info", f);
        }
        Ok(())
    }
}

fn learn(cx: &mut Cx<'_>, kind: u16, body: &[u8], radio: bool) {
    let side = cx.from();
    match kind {
        0x01 => {
            let id = sysdescr::line(body);
            // `name(serial)` on Nexus and CatOS
            match id.split_once('(') {
                Some((name, serial)) if serial.ends_with(')') => {
                    cx.fact(side, "name", name, "cdp.device_id");
                    cx.fact(side, "serial", serial.trim_end_matches(')'), "cdp.device_id");
                }
                _ => cx.fact(side, "name", &id, "cdp.device_id"),
            }
        }
        0x02 | 0x16 => {
            let HostAddr::Mac(mac) = cx.end(side).addr else { return };
            for ip in addresses(body) {
                cx.bind(mac, ip, BindKind::Declared);
            }
        }
        0x03 => cx.fact(side, "cdp_port", &sysdescr::line(body), "cdp.port_id"),
        0x04 => {
            if let Ok(bits) = <[u8; 4]>::try_from(body)
                && let Some(role) = if radio { Some("access-point") } else { role(u32::from_be_bytes(bits)) }
            {
                cx.fact(side, "role", role, "cdp.capabilities");
            }
        }
        0x05 => {
            let text = sysdescr::line(body);
            cx.fact(side, "description", &text, "cdp.software_version");
            sysdescr::about(&text, &mut |name, value| cx.fact(side, name, value, "cdp.software_version"));
        }
        0x06 => {
            let model = unbranded(body);
            if model.len() < body.len() {
                cx.fact(side, "vendor", "Cisco", "cdp.platform");
            }
            cx.fact(side, "model", &model, "cdp.platform");
        }
        0x09 => cx.fact(side, "vtp_domain", &sysdescr::line(body), "cdp.vtp_domain"),
        0x0a => {
            if let &[a, b] = body {
                let id = u16::from_be_bytes([a, b]);
                cx.fact(side, "vlan", itoa::Buffer::new().format(id), "cdp.native_vlan");
            }
        }
        0x14 => cx.fact(side, "name", &sysdescr::line(body), "cdp.system_name"),
        0x15 => {
            // contents of an OBJECT IDENTIFIER, with or without its tag
            let oid = ber::Ber::new(body).next().filter(|t| t.tag == ber::OID).map_or(body, |t| t.body);
            if let Some(arcs) = ber::arcs(oid).filter(|a| a.len() > 6) {
                cx.fact(side, "sys_object_id", &ber::dotted(&arcs), "cdp.system_object_id");
                if let Some(maker) = enterprise::maker_of_oid(&arcs) {
                    cx.fact(side, "vendor", maker, "cdp.system_object_id");
                }
            }
        }
        0x17 => {
            // one octet of type, then text
            cx.fact(side, "location", &sysdescr::line(body.get(1..).unwrap_or_default()), "cdp.location");
        }
        _ => {}
    }
}

/// A platform without the maker's name in front.
fn unbranded(platform: &[u8]) -> String {
    let text = sysdescr::line(platform);
    match text.get(..6) {
        Some(maker) if maker.eq_ignore_ascii_case("cisco ") => text.get(6..).unwrap_or_default().to_owned(),
        _ => text,
    }
}

/// Asset type by capability bits: router, switch, host, phone.
fn role(bits: u32) -> Option<&'static str> {
    if bits & 0x80 != 0 {
        Some("phone")
    } else if bits & 0x08 != 0 {
        Some("switch")
    } else if bits & 0x01 != 0 {
        Some("router")
    } else if bits & 0x02 != 0 {
        // a transparent bridge that neither routes nor switches: a radio
        Some("access-point")
    } else {
        None
    }
}

/// IP addresses of an address list: protocol type and id tell the family.
fn addresses(body: &[u8]) -> impl Iterator<Item = IpAddr> {
    let mut r = Reader::new(body);
    let count = r.be32().unwrap_or(0).min(MAX_ITEMS as u32);
    (0..count)
        .map_while(move |_| {
            r.u8()?;
            let len = r.u8()?;
            r.skip(usize::from(len))?;
            let len = r.be16()?;
            r.take(usize::from(len))
        })
        .filter_map(|a| {
            let v4 = <[u8; 4]>::try_from(a).map(|a| IpAddr::V4(Ipv4Addr::from(a)));
            v4.or_else(|_| <[u8; 16]>::try_from(a).map(|a| IpAddr::V6(Ipv6Addr::from(a)))).ok()
        })
}

fn fields(data: &[u8]) -> Vec<(&'static str, FieldVal)> {
    let mut f: Vec<(&'static str, FieldVal)> = Vec::with_capacity(10);
    f.push(("cdp.version", Val::from(data.first().copied().unwrap_or_default())));
    f.push(("cdp.ttl", Val::from(data.get(1).copied().unwrap_or_default())));
    for (kind, body) in tlvs(data) {
        let name = match kind {
            0x01 => "cdp.device_id",
            0x03 => "cdp.port_id",
            0x05 => "cdp.software_version",
            0x06 => "cdp.platform",
            0x09 => "cdp.vtp_domain",
            0x02 => {
                let ips: Vec<Val> = addresses(body).map(|a| Val::from(a.to_string())).collect();
                f.push(("cdp.addresses", Val::from(ips)));
                continue;
            }
            0x04 => {
                if let Ok(bits) = <[u8; 4]>::try_from(body) {
                    f.push(("cdp.capabilities", Val::from(u32::from_be_bytes(bits))));
                }
                continue;
            }
            0x0a => {
                if let &[a, b] = body {
                    f.push(("cdp.native_vlan", Val::from(u16::from_be_bytes([a, b]))));
                }
                continue;
            }
            _ => continue,
        };
        f.push((name, Val::from(sysdescr::line(body))));
    }
    f
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::Dialogue;
    use proptest::prelude::*;

    fn tlv(kind: u8, body: &[u8]) -> Vec<u8> {
        [&[0, kind, 0, body.len() as u8 + 4][..], body].concat()
    }
    fn message() -> Vec<u8> {
        [
            vec![2, 180, 0, 0],
            tlv(1, b"sw-7(FOX1234ABCD)"),
            tlv(2, &[0, 0, 0, 1, 1, 1, 0xcc, 0, 4, 10, 0, 0, 9]),
            tlv(3, b"GigabitEthernet0/1"),
            tlv(4, &[0, 0, 0, 0x28]),
            tlv(5, b"Cisco IOS Software, C2960 Software (C2960-LANBASEK9-M), Version 12.2(55)SE5,\nrelease"),
            tlv(6, b"cisco WS-C2960-24TT-L"),
            tlv(9, b"PLANT"),
            tlv(10, &[0, 30]),
        ]
        .concat()
    }

    #[test]
    fn a_switch_describes_itself() {
        let seen = Dialogue::l2(&SPEC).client(&message()).end();
        let facts = seen.facts();
        for fact in [
            "client name=sw-7",
            "client serial=FOX1234ABCD",
            "client model=WS-C2960-24TT-L",
            "client vendor=Cisco",
            "client firmware=12.2(55)SE5",
            "client role=switch",
            "client vtp_domain=PLANT",
            "client vlan=30",
        ] {
            assert!(facts.iter().any(|f| f == fact), "{fact} in {facts:?}");
        }
        assert_eq!(seen.obs.bindings.len(), 1);
        assert_eq!(seen.field(0, "cdp.port_id").as_deref(), Some("GigabitEthernet0/1"));
    }

    #[test]
    fn needs_a_device_id_first() {
        let d = Dialogue::l2(&SPEC);
        assert_eq!(d.identify(true, &message()), Verdict::Strong(Role::Unknown));
        assert_eq!(d.identify(true, &[2, 180, 0, 0, 0, 3, 0, 5, 1]), Verdict::No);
        assert_eq!(d.identify(true, &[0; 40]), Verdict::No);
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..80), at in 0usize..150, b: u8) {
            let mut bent = message();
            let at = at % bent.len();
            bent[at] = b;
            let d = Dialogue::l2(&SPEC);
            d.identify(true, &bytes);
            d.client(&bytes).client(&bent).server(&bent[..at]).end();
        }
    }
}
