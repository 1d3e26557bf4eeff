use super::SPEC;
use crate::probe::{Role, Verdict};
use crate::testkit::{Dialogue, hostile};
use proptest::prelude::*;

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut out = (20 + body.len() as u16).to_be_bytes().to_vec();
    out.extend_from_slice(&[1, kind, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 1, 0, 0, 0, 0]);
    out.extend_from_slice(body);
    out
}
/// A network variable update of node 1/`node` to node 2/7, acknowledged.
fn update(node: u8) -> Vec<u8> {
    message(1, &[0, 0b0000_1001, 1, 0x80 | node, 2, 0x87, 0x42, 0x03, 0x80, 5, 1])
}

#[test]
fn identifies_and_refuses() {
    let d = Dialogue::udp(&SPEC, 9999);
    assert_eq!(d.identify(true, &update(5)), Verdict::Strong(Role::Unknown));
    let mut long = update(5);
    long.push(0);
    for other in [&long[..], &message(0x55, &[]), &message(1, &[0, 0xC0, 1, 2, 3])] {
        assert_eq!(d.identify(true, other), Verdict::No);
    }
}

#[test]
fn nodes_are_bounded() {
    let mut d = Dialogue::udp(&SPEC, 1628);
    for n in 0..100_000u32 {
        let mut m = update(n as u8 & 0x7F);
        m[22] = (n >> 7) as u8;
        d = d.client(&m);
    }
    assert_eq!(d.end().facts().iter().filter(|f| f.contains(" node=")).count(), super::MAX_NODES);
}

proptest! {
    #[test]
    fn never_panics(data in proptest::collection::vec(any::<u8>(), 0..100), at in 0usize..40, byte: u8) {
        hostile(&SPEC, &[&update(5), &message(1, &data), &message(3, &data)], &data, at, byte);
    }
}
