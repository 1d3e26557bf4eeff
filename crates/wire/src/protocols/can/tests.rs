use super::SPEC;
use crate::testkit::{Dialogue, hostile};
use proptest::prelude::*;

fn frame(id: u32, data: &[u8]) -> Vec<u8> {
    [&id.to_be_bytes()[..], &[data.len() as u8, 0, 0, 0], data].concat()
}

#[test]
fn diagnostics_are_named_and_identifiers_bounded() {
    let mut d = Dialogue::l2(&SPEC).client(&frame(0x7E0, &[2, 0x11, 1, 0, 0, 0, 0, 0]));
    for n in 0..100_000 {
        d = d.client(&frame(n & 0x7FF, &[1, 2]));
    }
    let seen = d.end();
    assert_eq!(seen.ops().first().map(String::as_str), Some("can ecu_reset unknown x1"));
    assert_eq!(seen.facts().len(), super::MAX_IDS);
}

proptest! {
    #[test]
    fn never_panics(data in proptest::collection::vec(any::<u8>(), 0..80), at in 0usize..16, byte: u8) {
        hostile(&SPEC, &[&frame(0x7DF, &[2, 0x10, 3]), &[b"ISO11898\x01\x02".as_slice(), &data].concat()], &data, at, byte);
    }
}
