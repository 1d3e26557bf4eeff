use super::SPEC;
use crate::probe::{Role, Verdict};
use crate::testkit::{Dialogue, hostile};
use proptest::prelude::*;

fn announcement(prefix: u32) -> Vec<u8> {
    let head = [0, 0, 0x10, 0, 0, 0, 0, 0, 0, 1, 0, 0xC2];
    let body = [&head[..], &[0; 8], &[0, 3, 0, 0, 1, 0, 0, 0]].concat();
    let mut out = b"RTPS\x02\x03\x01\x0f".to_vec();
    out.extend_from_slice(&[0; 8]);
    out.extend_from_slice(&prefix.to_be_bytes());
    out.extend_from_slice(&[0x15, 5]);
    out.extend_from_slice(&(body.len() as u16).to_le_bytes());
    out.extend_from_slice(&body);
    out
}

#[test]
fn identifies_and_refuses() {
    let d = Dialogue::udp(&SPEC, 9999);
    assert_eq!(d.identify(true, &announcement(1)), Verdict::Strong(Role::Unknown));
    for other in [&b"RTPS\x07\x03\x01\x0f0123456789ab"[..], b"RTSP/1.0 200 OK\r\n\r\n", b"RTPX"] {
        assert_eq!(d.identify(true, other), Verdict::No);
    }
}

#[test]
fn participants_are_bounded() {
    let seen = (0..100_000).fold(Dialogue::udp(&SPEC, 7400), |d, n| d.client(&announcement(n))).end();
    assert_eq!(seen.facts().iter().filter(|f| f.contains("id:dds")).count(), super::MAX_TOLD);
}

proptest! {
    #[test]
    fn never_panics(data in proptest::collection::vec(any::<u8>(), 0..200), at in 0usize..128, byte: u8) {
        hostile(&SPEC, &[&announcement(1), &[&announcement(2)[..], &data].concat()], &data, at, byte);
    }
}
