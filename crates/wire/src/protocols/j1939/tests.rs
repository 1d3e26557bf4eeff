use super::SPEC;
use crate::probe::Verdict;
use crate::testkit::{Dialogue, hostile};
use proptest::prelude::*;

fn frame(id: u32, data: &[u8]) -> Vec<u8> {
    [&(id | 0x8000_0000).to_be_bytes()[..], &[data.len() as u8, 0, 0, 0], data].concat()
}

#[test]
fn a_transfer_with_a_hole_says_nothing() {
    let seen = Dialogue::l2(&SPEC)
        .client(&frame(0x1CEC_FF00, &[32, 18, 0, 3, 0xFF, 0xEC, 0xFE, 0]))
        .client(&frame(0x1CEB_FF00, &[1, b'1', b'M', b'8', b'G', b'D', b'M', b'9']))
        .client(&frame(0x1CEB_FF00, &[3, b'4', b'2', b'1', b'*', 0xFF, 0xFF, 0xFF]))
        .end();
    assert_eq!(seen.facts(), ["client id:j1939=0"]);
}

#[test]
fn what_is_not_of_its_groups_is_not_claimed() {
    let d = Dialogue::l2(&SPEC);
    assert_eq!(d.identify(true, &frame(0x1812_3456, &[1])), Verdict::No);
    assert_eq!(d.identify(true, &[0, 0, 7, 0xE0, 1, 0, 0, 0, 1]), Verdict::No);
}

#[test]
fn one_transfer_at_a_time_is_kept() {
    let open = frame(0x1CEC_FF00, &[32, 0xF9, 6, 255, 0xFF, 0xEC, 0xFE, 0]);
    let seen = (0..100_000).fold(Dialogue::l2(&SPEC), |d, _| d.client(&open)).end();
    assert_eq!(seen.facts().len(), 1);
}

proptest! {
    #[test]
    fn never_panics(data in proptest::collection::vec(any::<u8>(), 0..80), at in 0usize..16, byte: u8) {
        hostile(&SPEC, &[&frame(0x1CEC_FF00, &[32, 10, 0, 2, 0xFF, 0xEB, 0xFE, 0]), &frame(0x1CEB_FF00, &data)], &data, at, byte);
    }
}
