use super::SPEC;
use crate::probe::{Role, Verdict};
use crate::testkit::{Dialogue, hostile};
use proptest::prelude::*;

fn message(kind: u16, body: &[u8]) -> Vec<u8> {
    [&[2, 0xFD], &kind.to_be_bytes()[..], &(body.len() as u32).to_be_bytes(), body].concat()
}
fn uds(from: u16, to: u16, data: &[u8]) -> Vec<u8> {
    message(0x8001, &[&from.to_be_bytes()[..], &to.to_be_bytes(), data].concat())
}

#[test]
fn pending_answers_are_waited_for() {
    let seen = Dialogue::tcp(&SPEC, 13400)
        .client(&uds(0x0E80, 0x1000, &[0x31, 1, 0xFF, 0]))
        .server(&uds(0x1000, 0x0E80, &[0x7F, 0x31, 0x78]))
        .server(&uds(0x1000, 0x0E80, &[0x71, 1, 0xFF, 0]))
        .client(&uds(0x0E80, 0x1000, &[0x11, 0x81]))
        .end();
    assert_eq!(seen.ops(), ["doip routine_start accepted x1", "doip ecu_reset unknown x1"]);
}

#[test]
fn units_behind_a_gateway_are_bounded() {
    let mut d = Dialogue::tcp(&SPEC, 13400);
    for n in 0..100_000u32 {
        let serial = format!("{n:08}");
        d = d.server(&uds(n as u16, 0x0E80, &[&[0x62, 0xF1, 0x8C], serial.as_bytes()].concat()));
    }
    assert_eq!(d.end().facts().len(), super::MAX_UNITS);
}

#[test]
fn identifies_and_refuses() {
    let d = Dialogue::udp(&SPEC, 9999);
    assert_eq!(d.identify(true, &message(1, &[])), Verdict::Strong(Role::Client));
    for other in [&message(1, &[1])[..], &message(0x1234, &[]), &[2, 0xFC, 0, 1, 0, 0, 0, 0], b"\x02\xfd"] {
        assert_eq!(d.identify(true, other), Verdict::No);
    }
}

proptest! {
    #[test]
    fn never_panics(data in proptest::collection::vec(any::<u8>(), 0..120), at in 0usize..64, byte: u8) {
        hostile(&SPEC, &[&message(4, &[b'1'; 33]), &uds(1, 2, &data), &uds(2, 1, &[0x67, 1, 1, 2])], &data, at, byte);
    }
}
