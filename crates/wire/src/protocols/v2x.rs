//! Messages of vehicles and roadside units on Ethernet: WSMP and DSMP (EtherType 88DC) and GeoNetworking (8947).
//!
//! What stands in them is read elsewhere; here the flow gets its name, and the sender its role where the
//! network header tells it. WSMP: IEEE 1609.3-2016, 8 (version 3: subtype, option indicator, version);
//! DSMP: YD/T 3707 (the version in the same place); GeoNetworking: ETSI EN 302 636-4-1, 9.6 and 9.7.

use crate::cx::Cx;
use crate::model::*;
use crate::probe::*;

pub static SPEC: Spec = Spec {
    name: "v2x",
    title: "V2X messages (WSMP, DSMP, GeoNetworking)",
    industrial: false,
    transports: &[Transport::L2],
    ports: &[],
    ethertypes: &[WSMP, GEONETWORKING],
    rank: 47,
    identify,
    open: || Box::<V2x>::default(),
    pdus: false,
    facts: &["v2x_network", "station_type"],
    credentials: &[],
    operations: &[],
    source: "IEEE 1609.3-2016, YD/T 3707-2020, ETSI EN 302 636-4-1",
    level: 5,
    proofs: &[],
};

const WSMP: u16 = 0x88dc;
const GEONETWORKING: u16 = 0x8947;

/// Station types in a GeoNetworking address (EN 302 636-4-1, table 4; TS 102 894-2).
const STATIONS: &[(u8, &str)] = &[
    (1, "pedestrian"),
    (2, "cyclist"),
    (3, "moped"),
    (4, "motorcycle"),
    (5, "passenger car"),
    (6, "bus"),
    (7, "light truck"),
    (8, "heavy truck"),
    (9, "trailer"),
    (10, "special vehicle"),
    (11, "tram"),
    (15, "roadside unit"),
];

/// Version of WSMP in the first octet's low three bits, its subtype in the high four: 0 to 3 are assigned.
fn wsmp(data: &[u8]) -> bool {
    data.len() >= 4 && data.first().is_some_and(|b| matches!(b & 7, 1..=3) && b >> 4 <= 3)
}

/// Basic header: version 0 or 1, next header (0 any, 1 common, 2 secured), a reserved octet, lifetime, hops.
fn geonetworking(data: &[u8]) -> bool {
    match data {
        [first, 0, _, hops, ..] => first >> 4 <= 1 && first & 15 <= 2 && *hops > 0 && data.len() >= 12,
        _ => false,
    }
}

fn identify(hint: &Hint, data: &[u8]) -> Verdict {
    let known = match hint.ethertype {
        WSMP => wsmp(data),
        GEONETWORKING => geonetworking(data),
        _ => false,
    };
    if known { Verdict::Strong(Role::Server) } else { Verdict::No }
}

#[derive(Default)]
struct V2x {
    told: bool,
}

impl Probe for V2x {
    fn datagram(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Result<(), Malformed> {
        let (wsmp, geo) = (wsmp(data), geonetworking(data));
        if !wsmp && !geo {
            return Err(Malformed);
        }
        if self.told {
            return Ok(());
        }
        self.told = true;
        // WSMP of today has version 3 there, which is no next header of GeoNetworking
        let network = if geo { "GeoNetworking" } else { "WSMP" };
        cx.fact(cx.from(), "v2x_network", network, "network header");
        if geo
            && let Some(kind) = station(data)
            && let Some((_, name)) = STATIONS.iter().find(|(n, _)| *n == kind)
        {
            cx.fact(cx.from(), "station_type", name, "GN_ADDR.ST");
        }
        Ok(())
    }
}

/// Station type of the source, in an unsecured packet: behind basic header 4 and common header 8 a beacon
/// and a single-hop broadcast begin with its position vector, the others with a number of 4 octets.
fn station(data: &[u8]) -> Option<u8> {
    if data.first()? & 15 != 1 {
        return None;
    }
    let at = match data.get(5)? {
        0x10 | 0x50 => 12,
        _ => 16,
    };
    data.get(at).map(|b| b >> 2 & 0x1f)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hint(ethertype: u16) -> Hint {
        Hint { transport: Transport::L2, src_port: 0, dst_port: 0, ethertype }
    }

    #[test]
    fn its_ethertype_and_its_header_must_agree() {
        let message = [0x03, 0x00, 0x20, 0x04, 1, 2, 3, 4];
        assert_eq!(identify(&hint(WSMP), &message), Verdict::Strong(Role::Server));
        assert_eq!(identify(&hint(0x0800), &message), Verdict::No);
        assert_eq!(identify(&hint(WSMP), &[0xff; 20]), Verdict::No);
        let beacon = [0x12, 0, 0x05, 1, 3, 0x81, 0, 0x40, 3, 0x80, 0, 0];
        assert_eq!(identify(&hint(GEONETWORKING), &beacon), Verdict::Strong(Role::Server));
        assert_eq!(identify(&hint(GEONETWORKING), &[0x45; 20]), Verdict::No);
    }

    proptest! {
        #[test]
        fn never_panics(data: Vec<u8>) {
            for ethertype in [WSMP, GEONETWORKING] {
                let _verdict = identify(&hint(ethertype), &data);
            }
            let _seen = crate::testkit::Dialogue::l2(&SPEC).server(&data).end();
        }
    }
}
