use super::SPEC;
use crate::probe::{Role, Verdict};
use crate::testkit::{Dialogue, hostile};
use proptest::prelude::*;

fn message(kind: u8, control: u8, payload: &[u8]) -> Vec<u8> {
    [b"HS", &[kind, control, 1, 0, b'R', b'S'][..], &(payload.len() as u64).to_be_bytes(), payload].concat()
}

#[test]
fn waveforms_are_passed_over() {
    let seen = Dialogue::tcp(&SPEC, 4880)
        .client(&message(7, 0, b"CURV?\n"))
        .server_split(&message(7, 0, &[b'#'; 200_000]), 1400)
        .client(&message(7, 0, b"*RST\n"))
        .end();
    assert_eq!(seen.ops(), ["hislip query accepted x1", "hislip reset unknown x1"]);
}

#[test]
fn open_requests_are_bounded() {
    let d = (0..100_000).fold(Dialogue::tcp(&SPEC, 4880), |d, _| d.client(&message(7, 0, b"*IDN?\n")));
    assert_eq!(d.end().ops(), ["hislip query unknown x100000"]);
}

#[test]
fn identifies_and_refuses() {
    let d = Dialogue::tcp(&SPEC, 9999);
    assert_eq!(d.identify(true, &message(0, 0, b"hislip0")), Verdict::Strong(Role::Client));
    assert_eq!(d.identify(true, b"HS\0\0"), Verdict::Need);
    for other in [&b"HSxx1234567890123"[..], b"HTTP/1.1 200 OK\r\n", b"HS\x40\0\0\0\0\0\0\0\0\0\0\0\0\0"] {
        assert_eq!(d.identify(true, other), Verdict::No);
    }
}

proptest! {
    #[test]
    fn never_panics(data in proptest::collection::vec(any::<u8>(), 0..200), at in 0usize..64, byte: u8) {
        hostile(&SPEC, &[&message(0, 0, b"hislip0"), &message(7, 0, &data)], &data, at, byte);
    }
}
