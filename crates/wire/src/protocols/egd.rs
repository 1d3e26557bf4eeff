//! Ethernet Global Data (GE, Emerson): cyclic data from a producer to its consumers over UDP.
//!
//! A data message has 32 octets of head: type 13, version 1, request number, producer, exchange,
//! time stamp, status, signature and four reserved octets of zero. It has no identity beside the producer.
//! Sources: GE GFK-1541 and Wireshark's packet-egd.c.

use crate::bytes::Reader;
use crate::cx::Cx;
use crate::model::*;
use crate::probe::{Hint, Malformed, Probe, Role, Spec, Verdict};
use std::net::Ipv4Addr;

pub static SPEC: Spec = Spec {
    name: "egd",
    title: "Ethernet Global Data",
    industrial: true,
    transports: &[Transport::Udp],
    ports: &[18246],
    ethertypes: &[],
    rank: 60,
    identify,
    open: || Box::<Egd>::default(),
    pdus: false,
    facts: &["id:egd-producer", "egd-exchange"],
    credentials: &[],
    operations: &[],
    source: "GE GFK-1541; Wireshark's packet-egd.c",
    level: 5,
    proofs: &["ndpi/pcap/egd.pcapng"],
};

/// Exchanges of one flow that are named.
const MAX_EXCHANGES: usize = 64;

struct Head {
    producer: Ipv4Addr,
    exchange: u32,
}

fn read(data: &[u8]) -> Option<Head> {
    let mut r = Reader::new(data);
    if (r.u8()?, r.u8()?) != (13, 1) {
        return None;
    }
    r.skip(2)?;
    let producer = Ipv4Addr::from(r.be32()?);
    let exchange = r.le32()?;
    let (_seconds, nanoseconds) = (r.le32()?, r.le32()?);
    let _status = r.le32()?;
    let _signature = r.le32()?;
    let reserved = r.le32()?;
    let good = nanoseconds < 1_000_000_000 && reserved == 0 && r.left() <= 1400;
    good.then_some(Head { producer, exchange })
}

fn identify(hint: &Hint, data: &[u8]) -> Verdict {
    match read(data) {
        Some(_) if hint.port(18246) => Verdict::Strong(Role::Server),
        Some(_) => Verdict::Weak(Role::Server),
        None => Verdict::No,
    }
}

#[derive(Default)]
struct Egd {
    told: Vec<u32>,
}

impl Probe for Egd {
    fn datagram(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Result<(), Malformed> {
        let head = read(data).ok_or(Malformed)?;
        if !self.told.contains(&head.exchange) {
            if self.told.len() >= MAX_EXCHANGES {
                cx.dropped("egd_exchanges");
                return Ok(());
            }
            self.told.push(head.exchange);
            let from = cx.from();
            cx.fact(from, "id:egd-producer", &head.producer.to_string(), "ProducerID");
            cx.fact(from, "egd-exchange", &head.exchange.to_string(), "ExchangeID");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::Dialogue;

    fn message(exchange: u32) -> Vec<u8> {
        let mut out = vec![13, 1, 0, 0, 10, 0, 0, 2];
        out.extend(exchange.to_le_bytes());
        out.extend([0; 24]);
        out
    }

    #[test]
    fn exchanges_are_bounded() {
        let mut d = Dialogue::udp(&SPEC, 18246);
        for n in 0..100_000 {
            d = d.client(&message(n));
        }
        assert_eq!(d.end().facts().len(), MAX_EXCHANGES + 1);
    }

    #[test]
    fn lengths_and_reserved_octets_are_checked() {
        let d = Dialogue::udp(&SPEC, 18246);
        assert_eq!(d.identify(true, &message(1)), Verdict::Strong(Role::Server));
        let mut bad = message(1);
        bad[30] = 1;
        assert_eq!(d.identify(true, &bad), Verdict::No);
        assert_eq!(d.identify(true, &message(1)[..31]), Verdict::No);
    }
}
