use super::{SPEC, crc};
use crate::probe::{Role, Verdict};
use crate::testkit::{Dialogue, hostile};
use proptest::prelude::*;

fn telegram(sequence: u16, kind: u8, body: &[u8]) -> Vec<u8> {
    let mut out = (11 + body.len() as u32).to_be_bytes().to_vec();
    out.extend_from_slice(&[1, 0]);
    out.extend_from_slice(&sequence.to_be_bytes());
    out.push(kind);
    out.extend_from_slice(body);
    out.extend_from_slice(&crc(&out).to_be_bytes());
    out
}

#[test]
fn identifies_and_refuses() {
    let d = Dialogue::udp(&SPEC, 9999);
    let good = telegram(1, 0, &[1, 29]);
    assert_eq!(d.identify(true, &good), Verdict::Strong(Role::Client));
    let mut bad = good.clone();
    bad[9] ^= 1;
    for other in [&bad[..], &good[..10], &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]] {
        assert_eq!(d.identify(true, other), Verdict::No);
    }
}

#[test]
fn open_requests_are_bounded() {
    let d = (0..100_000u32).fold(Dialogue::udp(&SPEC, 5050), |d, n| d.client(&telegram(n as u16, 0, &[1, 29])));
    assert_eq!(d.end().ops(), ["s-bus read_station_number unknown x100000"]);
}

proptest! {
    #[test]
    fn never_panics(data in proptest::collection::vec(any::<u8>(), 0..100), at in 0usize..32, byte: u8) {
        hostile(&SPEC, &[&telegram(1, 0, &data), &telegram(1, 1, &data)], &data, at, byte);
    }
}
