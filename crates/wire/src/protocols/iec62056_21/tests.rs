use super::SPEC;
use crate::probe::{Role, Verdict};
use crate::testkit::Dialogue;
use proptest::prelude::*;

/// SOH or STX, body, ETX, check octet.
fn frame(start: u8, body: &[u8]) -> Vec<u8> {
    let mut out = [&[start], body, &[3]].concat();
    out.push(out.iter().skip(1).fold(0, |sum, b| sum ^ b));
    out
}

#[test]
fn parity_bits_are_not_looked_at() {
    let even = |data: &[u8]| data.iter().map(|b| b | (b.count_ones() as u8 & 1) << 7).collect::<Vec<u8>>();
    let seen = Dialogue::tcp(&SPEC, 8000)
        .client(&even(b"/?!\r\n"))
        .server(&even(b"/LGZ5ZMD310\r\n"))
        .client(&even(&frame(1, b"P1\x02(00000000)")))
        .server(&[0x15])
        .end();
    assert_eq!(seen.ops(), ["iec62056-21 sign_on accepted x1", "iec62056-21 password_command refused x1"]);
    assert_eq!(seen.creds(), ["password - 00000000 failure"]);
}

#[test]
fn open_requests_are_bounded() {
    let mut d = Dialogue::tcp(&SPEC, 8000);
    for n in 0..100_000u32 {
        d = d.client(&frame(1, format!("R1\x02{n}()").as_bytes()));
    }
    assert_eq!(d.end().ops(), ["iec62056-21 read_command unknown x100000"]);
}

#[test]
fn identifies_and_refuses() {
    let d = Dialogue::tcp(&SPEC, 9999);
    assert_eq!(d.identify(true, b"/?00123!\r\n"), Verdict::Strong(Role::Client));
    assert_eq!(d.identify(true, b"/?001"), Verdict::Need);
    assert_eq!(d.identify(false, b"/LGZ5ZMD\r\n"), Verdict::Strong(Role::Server));
    assert_eq!(d.identify(false, b"/QQQ5ZMD\r\n"), Verdict::Weak(Role::Server));
    for other in [&b"/index.html\r\n"[..], b"/help\r\n", b"/LGZ5\r\nGET", b"\x01P1\x02(1)\x03\x00", b"/?what\r\n"] {
        assert_eq!(d.identify(true, other), Verdict::No);
    }
}

proptest! {
    #[test]
    fn never_panics(data in proptest::collection::vec(any::<u8>(), 0..300), at in 0usize..64, byte: u8) {
        let mut changed = frame(1, b"W1\x02C003(1234)");
        let n = changed.len();
        changed[at % n] = byte;
        let d = Dialogue::tcp(&SPEC, 8000);
        let _verdict = d.identify(true, &data);
        let _verdict = d.identify(true, &changed);
        let _seen = d.client(&changed).server(&data).gap(true, 3).client(&frame(byte, &data)).end();
    }
}
