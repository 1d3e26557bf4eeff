//! Whatever the bytes are, nothing panics and offsets stay inside.

use super::build::*;
use crate::decode::{Defrag, LinkType, Packet, checksums, decode};
use proptest::prelude::*;

fn check(p: &Packet, data: &[u8]) {
    let end = u64::from(p.payload_off) + u64::from(p.payload_len);
    assert!(end <= data.len() as u64, "{p:?}");
    assert!(p.payload_wire >= p.payload_len, "{p:?}");
    assert!(p.shard < 64);
    let _ = (checksums(p, data), p.src_ip(), p.dst_ip(), p.llc(), p.snap());
}

fn link() -> impl Strategy<Value = u16> {
    let known: &[u16] = &[
        0, 1, 6, 9, 10, 12, 50, 51, 100, 101, 104, 105, 107, 108, 109, 113, 119, 127, 163, 192, 204, 228,
        229, 239, 240, 274, 276,
    ];
    prop_oneof![4 => proptest::sample::select(known), 1 => any::<u16>()]
}

/// A packet with some of everything in it, so that changed bytes reach all parsers.
pub fn sample() -> impl Strategy<Value = Vec<u8>> {
    let (v4, v6, frame) = (inner4(), inner6(), inner_eth());
    let udp_to =
        |port: u16, head: &[u8], inner: &[u8]| eth(0x0800, &ip4(17, &udp(port, port, &cat(&[head, inner]))));
    let gre = |head: &[u8], inner: &[u8]| eth(0x0800, &ip4(47, &cat(&[head, inner])));
    proptest::sample::select(vec![
        frame.clone(),
        eth(0x86dd, &v6),
        eth(0x8100, &cat(&[&[0, 5, 0x88, 0x47, 0, 1, 1, 64], &v4])),
        eth(0x0800, &ip4(41, &ip6(4, &v4))),
        eth(0x0800, &ip4_between(1, 2, 17, 0x2000, &[0; 64])),
        gre(&[0xf0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2, 8, 0, 0, 4, 1, 2, 3, 4, 0, 0, 0, 0], &v4),
        gre(&[0x10, 0, 0x22, 0xeb, 0, 0, 0, 1, 0x20, 5, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0], &frame),
        gre(&[0x30, 0x81, 0x88, 0x0b, 0, 50, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0xff, 3, 0, 0x21], &v4),
        udp_to(4789, &[8, 0, 0, 0, 0, 0, 5, 0], &frame),
        udp_to(6081, &[1, 0, 0x65, 0x58, 0, 0, 5, 0, 1, 2, 3, 0], &frame),
        udp_to(2152, &[0x34, 255, 0, 60, 0, 0, 0, 9, 0, 0, 0, 0x85, 1, 0, 9, 0], &v4),
        udp_to(3544, &[0, 1, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 0], &v6),
        udp_to(1701, &[0x4a, 2, 0, 99, 0, 1, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0x57], &v6),
        udp_to(5247, &[0, 0x10, 2, 0, 0, 0, 0, 0], &frame),
        udp_to(37008, &[1, 0, 0, 1, 10, 1, 0xc4, 1], &frame),
        eth(0x8864, &cat(&[&[0x11, 0, 0, 1, 0, 50, 0, 0x21], &v4])),
    ])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes(link in link(), more in 0u32..100, data in proptest::collection::vec(any::<u8>(), 0..300)) {
        check(&decode(LinkType(link), data.len() as u32 + more, &data), &data);
    }

    #[test]
    fn changed_packets(
        mut data in sample(),
        changes in proptest::collection::vec((0usize..120, any::<u8>()), 0..6),
        cut in 0usize..200,
    ) {
        for (at, value) in changes {
            if let Some(b) = data.get_mut(at) {
                *b = value;
            }
        }
        let wire = data.len() as u32;
        data.truncate(cut.max(14));
        check(&decode(LinkType(1), wire, &data), &data);
    }

    #[test]
    fn random_fragments(
        pieces in proptest::collection::vec((0u16..40, any::<bool>(), 1usize..80, 0u8..3, any::<u8>()), 1..60),
    ) {
        let mut d = Defrag::default();
        for (offset, more, len, id, fill) in pieces {
            let frag = offset | if more { 0x2000 } else { 0 };
            let mut data = eth(0x0800, &ip4_between(1, 2, 17, frag, &vec![fill; len * if more { 8 } else { 1 }]));
            data[19] = id;
            let p = super::read(1, &data);
            if let Some(made) = d.push(0, &p, &data) {
                let inner = decode(LinkType::RAW, made.bytes.len() as u32, &made.bytes);
                check(&inner, &made.bytes);
                prop_assert!(!inner.is_fragment());
            }
            prop_assert!(d.len() <= 3);
        }
    }
}
