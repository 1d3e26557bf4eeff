use super::SPEC;
use crate::probe::{Role, Verdict};
use crate::testkit::{Dialogue, hostile};
use proptest::prelude::*;

fn message(kind: u8, sequence: u32, rest: &[u8]) -> Vec<u8> {
    let mut out = vec![0x0E, 0, 1, 0, kind, 0];
    out.extend_from_slice(&[0; 8]);
    out.extend_from_slice(&(9 + rest.len() as u32).to_le_bytes());
    out.push(0x0E);
    out.extend_from_slice(&sequence.to_le_bytes());
    out.extend_from_slice(rest);
    out
}

#[test]
fn only_on_its_ports() {
    let ask = message(6, 1, &[0xA0, 0, 4]);
    assert_eq!(Dialogue::udp(&SPEC, 1234).identify(true, &ask), Verdict::Weak(Role::Client));
    assert_eq!(Dialogue::udp(&SPEC, 9999).identify(true, &ask), Verdict::No);
    assert_eq!(Dialogue::udp(&SPEC, 1234).identify(true, &message(6, 1, &[0x55, 0, 4])), Verdict::No);
}

#[test]
fn open_requests_are_bounded() {
    let d = (0..100_000).fold(Dialogue::udp(&SPEC, 1234), |d, n| d.client(&message(6, n, &[0xA0, 0, 0])));
    assert_eq!(d.end().ops(), ["bsap read_signal_by_address unknown x100000"]);
}

proptest! {
    #[test]
    fn never_panics(data in proptest::collection::vec(any::<u8>(), 0..100), at in 0usize..32, byte: u8) {
        hostile(&SPEC, &[&message(6, 1, &data), &message(5, 1, &data)], &data, at, byte);
    }
}
