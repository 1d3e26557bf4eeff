use super::{SPEC, crc};
use crate::probe::{Role, Verdict};
use crate::testkit::{Dialogue, hostile};
use proptest::prelude::*;

/// Process data of a telegram.
fn process(kind: &[u8; 2], id: u32, data: &[u8]) -> Vec<u8> {
    let mut out = vec![0, 0, 0, 1, 1, 0, kind[0], kind[1]];
    out.extend_from_slice(&id.to_be_bytes());
    out.extend_from_slice(&[0; 8]);
    out.extend_from_slice(&(data.len() as u32).to_be_bytes());
    out.extend_from_slice(&[0; 12]);
    out.extend_from_slice(&crc(&out).to_le_bytes());
    out.extend_from_slice(data);
    out
}

#[test]
fn identifies_and_refuses() {
    let d = Dialogue::udp(&SPEC, 9999);
    let good = process(b"Pr", 1000, &[]);
    assert_eq!(d.identify(true, &good), Verdict::Strong(Role::Client));
    let mut bad = good.clone();
    bad[9] ^= 1;
    for other in [&bad[..], &good[..30], b"\0\0\0\0\x01\0Mx"] {
        assert_eq!(d.identify(true, other), Verdict::No);
    }
}

#[test]
fn telegrams_are_bounded() {
    let d = (0..100_000).fold(Dialogue::udp(&SPEC, 17224), |d, n| d.client(&process(b"Pd", n, &[])));
    assert_eq!(d.end().facts().len(), super::MAX_IDS);
}

proptest! {
    #[test]
    fn never_panics(data in proptest::collection::vec(any::<u8>(), 0..200), at in 0usize..64, byte: u8) {
        hostile(&SPEC, &[&process(b"Pr", 7, &data), &process(b"Pp", 7, &data)], &data, at, byte);
    }
}
