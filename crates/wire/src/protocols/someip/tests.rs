use super::SPEC;
use crate::probe::{Role, Verdict};
use crate::testkit::{Dialogue, hostile};
use proptest::prelude::*;

fn message(method: u16, kind: u8, code: u8, payload: &[u8]) -> Vec<u8> {
    let mut out = vec![0x12, 0x34];
    out.extend_from_slice(&method.to_be_bytes());
    out.extend_from_slice(&(8 + payload.len() as u32).to_be_bytes());
    out.extend_from_slice(&[0, 1, 0, 7, 1, 1, kind, code]);
    out.extend_from_slice(payload);
    out
}

#[test]
fn identifies_and_refuses() {
    let d = Dialogue::udp(&SPEC, 9999);
    assert_eq!(d.identify(true, &message(1, 0, 0, &[1, 2])), Verdict::Strong(Role::Client));
    assert_eq!(d.identify(true, &message(1, 0x22, 0, &[1, 2])), Verdict::Strong(Role::Server));
    let mut long = message(1, 0, 0, &[1, 2]);
    long.push(0);
    for other in [&long[..], &message(1, 9, 0, &[1]), &message(1, 0, 3, &[1]), b"GET / HTTP/1.1\r\n"] {
        assert_eq!(d.identify(true, other), Verdict::No);
    }
}

#[test]
fn what_is_offered_is_bounded() {
    let mut d = Dialogue::udp(&SPEC, 30490);
    for n in 0..100_000u32 {
        let [_, _, a, b] = n.to_be_bytes();
        let entry = [1, 0, 0, 0, a, b, 0, 1, 1, 0, 0, 3, 0, 0, 0, 0];
        let body = [&[0xC0, 0, 0, 0, 0, 0, 0, 16][..], &entry, &[0; 4]].concat();
        let mut m = message(0x8100, 2, 0, &body);
        (m[0], m[1]) = (0xFF, 0xFF);
        d = d.server(&m);
    }
    assert_eq!(d.end().facts().len(), super::MAX_SERVICES);
}

proptest! {
    #[test]
    fn never_panics(data in proptest::collection::vec(any::<u8>(), 0..200), at in 0usize..64, byte: u8) {
        let mut discovery = message(0x8100, 2, 0, &[&[0xC0, 0, 0, 0, 0, 0, 0, 16][..], &[1; 16], &[0; 4]].concat());
        (discovery[0], discovery[1]) = (0xFF, 0xFF);
        hostile(&SPEC, &[&message(1, 0, 0, &data), &discovery, &message(1, 0x80, 0, &data)], &data, at, byte);
    }
}
