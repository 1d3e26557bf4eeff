//! Implicit (I/O) messages of CIP over UDP: the cyclic data of connections, class 0 and 1.
//!
//! Source: ODVA, The CIP Networks Library volume 2, chapter 2-6 and 3-2: two items of the common
//! packet format, a sequenced address and connected data, and nothing else.

use super::enip::encap::{self, ITEM_CONNECTED_DATA, ITEM_SEQUENCED_ADDRESS};
use crate::bytes::{Reader, hex};
use crate::cx::Cx;
use crate::model::{Transport, Val};
use crate::probe::{Hint, Malformed, Probe, Role, Spec, Verdict};

pub static SPEC: Spec = Spec {
    name: "cip",
    title: "CIP I/O",
    industrial: true,
    transports: &[Transport::Udp],
    ports: &[2222],
    ethertypes: &[],
    rank: 100,
    identify,
    open: || Box::new(CipIo),
    pdus: true,
    facts: &[],
    credentials: &[],
    operations: &[],
    source: "ODVA, The CIP Networks Library volume 2, chapters 2-6 and 3-2",
    level: 4,
    proofs: &["ndpi/pcap/cip_io.pcap"],
};

struct CipIo;

/// Connection, sequence number and data of one packet.
fn packet(data: &[u8]) -> Option<(u32, u32, &[u8])> {
    if !encap::is_items(data, 2) {
        return None;
    }
    let mut items = encap::items(data);
    let (address, connected) = (items.next()?, items.next()?);
    if address.kind != ITEM_SEQUENCED_ADDRESS
        || address.data.len() != 8
        || connected.kind != ITEM_CONNECTED_DATA
    {
        return None;
    }
    let mut r = Reader::new(address.data);
    Some((r.le32()?, r.le32()?, connected.data))
}

fn identify(_hint: &Hint, data: &[u8]) -> Verdict {
    // counts, kinds and both lengths are fixed or agree with the datagram: 12 bytes of certainty
    if packet(data).is_some() { Verdict::Strong(Role::Unknown) } else { Verdict::No }
}

impl Probe for CipIo {
    fn datagram(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Result<(), Malformed> {
        let (connection, sequence, io) = packet(data).ok_or(Malformed)?;
        if cx.wants_pdus() {
            let fields = vec![
                ("ot.protocol", Val::Static("cip")),
                ("ot.function.name", Val::Static("io")),
                ("cip.connection.id", Val::Int(connection.into())),
                ("cip.io.sequence_number", Val::Int(sequence.into())),
                ("cip.io.data_length", Val::from(io.len())),
                ("cip.io.data", Val::from(hex(io))),
            ];
            cx.pdu("io", fields);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::Dialogue;
    use proptest::prelude::*;

    const PACKET: &[u8] = &[2, 0, 2, 0x80, 8, 0, 3, 6, 0x4b, 0, 9, 0, 0, 0, 0xb1, 0, 4, 0, 7, 0, 0xab, 0xcd];

    #[test]
    fn a_packet_is_recognised_and_told() {
        let dialogue = Dialogue::udp(&SPEC, 40001);
        assert_eq!(dialogue.identify(true, PACKET), Verdict::Strong(Role::Unknown));
        let seen = dialogue.client(PACKET).end();
        assert_eq!(seen.field(0, "cip.connection.id").as_deref(), Some("4916739"));
        assert_eq!(seen.field(0, "cip.io.sequence_number").as_deref(), Some("9"));
        assert_eq!(seen.field(0, "cip.io.data").as_deref(), Some("0700abcd"));
    }

    #[test]
    fn others_are_left_alone() {
        let dialogue = Dialogue::udp(&SPEC, 2222);
        let mut longer = PACKET.to_vec();
        longer.push(0);
        for data in [&longer[..], &PACKET[..20], b"", &[0x80, 0x60, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 9, 9]] {
            assert_eq!(dialogue.identify(true, data), Verdict::No);
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(mut data in proptest::collection::vec(any::<u8>(), 0..60), at in 0usize..22, good in any::<bool>()) {
            if good {
                let flip = data.first().copied().unwrap_or(1);
                data = PACKET.to_vec();
                data[at] ^= flip;
            }
            let dialogue = Dialogue::udp(&SPEC, 2222);
            dialogue.identify(true, &data);
            dialogue.client(&data).end();
        }
    }
}
