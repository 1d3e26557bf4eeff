use super::{SPEC, crc};
use crate::probe::{Role, Verdict};
use crate::testkit::{Dialogue, hostile};
use proptest::prelude::*;

/// A message with its CRC, octets from F0 up escaped.
fn message(header: u8, slave: u8, pairs: &[u8]) -> Vec<u8> {
    let sum = crc([header, slave].into_iter().chain(pairs.iter().copied())).to_le_bytes();
    let mut out = vec![header];
    for octet in [&[slave], pairs, &sum].concat() {
        match octet {
            0xF0.. => out.extend_from_slice(&[0xF0, octet & 15]),
            plain => out.push(plain),
        }
    }
    out.push(0xF6);
    out
}

#[test]
fn escaped_octets_are_read() {
    let seen = Dialogue::tcp(&SPEC, 10001)
        .client_split(&message(0xFC, 7, &[2, 0xF5]), 1)
        .server(&message(0xF3, 7, &[2, 0xF5]))
        .end();
    assert_eq!(seen.ops(), ["genisys control_data accepted x1"]);
    let stat = seen.obs.operations.values().next().expect("one operation");
    assert_eq!(stat.value, Some(0xF5u8.into()));
}

#[test]
fn slaves_are_bounded() {
    let d = (0..100_000u32).fold(Dialogue::tcp(&SPEC, 10001), |d, n| d.server(&message(0xF2, n as u8, &[1, 1])));
    let seen = d.end();
    assert_eq!(seen.facts().iter().filter(|f| f.contains("id:genisys")).count(), super::MAX_SLAVES);
}

#[test]
fn identifies_and_refuses() {
    let d = Dialogue::tcp(&SPEC, 9999);
    assert_eq!(d.identify(true, &message(0xFC, 7, &[2, 1])), Verdict::Strong(Role::Client));
    assert_eq!(d.identify(false, &[0xF1, 7, 0xF6]), Verdict::Weak(Role::Server));
    for other in [&[0xF6, 7, 0xF6][..], &[0xFF, 0xFB, 1], &[0xFC, 7, 2, 1, 0, 0, 0xF6]] {
        assert_eq!(d.identify(true, other), Verdict::No);
    }
}

proptest! {
    #[test]
    fn never_panics(data in proptest::collection::vec(any::<u8>(), 0..100), at in 0usize..32, byte: u8) {
        hostile(&SPEC, &[&message(0xFC, 7, &data), &[0xF1, 7, 0xF6]], &data, at, byte);
    }
}
