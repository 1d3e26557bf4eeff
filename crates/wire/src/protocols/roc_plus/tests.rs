use super::{SPEC, crc};
use crate::probe::{Role, Verdict};
use crate::testkit::{Dialogue, hostile};
use proptest::prelude::*;

fn frame(opcode: u8, data: &[u8]) -> Vec<u8> {
    let mut out = [&[1, 2, 3, 1, opcode, data.len() as u8], data].concat();
    out.extend_from_slice(&crc(&out).to_le_bytes());
    out
}

#[test]
fn identifies_and_refuses() {
    let d = Dialogue::tcp(&SPEC, 4000);
    assert_eq!(d.identify(true, &frame(7, &[])), Verdict::Weak(Role::Unknown));
    let mut bad = frame(7, &[]);
    bad[6] ^= 1;
    for other in [&bad[..], &frame(99, &[])] {
        assert_eq!(d.identify(true, other), Verdict::No);
    }
}

#[test]
fn open_requests_are_bounded() {
    let d = (0..100_000).fold(Dialogue::tcp(&SPEC, 4000), |d, _| d.client(&frame(7, &[])));
    assert_eq!(d.end().ops(), ["roc-plus read_clock unknown x100000"]);
}

proptest! {
    #[test]
    fn never_panics(data in proptest::collection::vec(any::<u8>(), 0..100), at in 0usize..32, byte: u8) {
        hostile(&SPEC, &[&frame(17, &data), &frame(167, &data), &frame(255, &data)], &data, at, byte);
    }
}
