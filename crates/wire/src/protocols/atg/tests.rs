use super::SPEC;
use crate::probe::{Role, Verdict};
use crate::testkit::{Dialogue, hostile};
use proptest::prelude::*;

#[test]
fn tanks_are_bounded() {
    let mut d = Dialogue::tcp(&SPEC, 10001).server(b"\x01\r\nI20100\r\nJAN 1, 2026\r\nIN-TANK INVENTORY\r\n");
    for n in 0..100_000 {
        d = d.server(format!("  {}  PRODUCT{n}  8000\r\n", n % 90).as_bytes());
    }
    assert_eq!(d.end().facts().iter().filter(|f| f.contains(" tank=")).count(), super::MAX_TANKS);
}

#[test]
fn identifies_and_refuses() {
    let d = Dialogue::tcp(&SPEC, 9999);
    assert_eq!(d.identify(true, b"\x01I20100\n"), Verdict::Strong(Role::Client));
    assert_eq!(d.identify(true, b"\x01I20100"), Verdict::Strong(Role::Client));
    assert_eq!(d.identify(true, b"\x01I20"), Verdict::Need);
    assert_eq!(d.identify(false, b"\x01\r\nI20100\r\nJAN 1"), Verdict::Strong(Role::Server));
    // programming mode of IEC 62056-21, SOCKS, binary
    for other in [&b"\x01P1\x02(00000000)\x03a"[..], b"\x01I2010Z\n", b"\x01I20100\0\0", b"\x01\x02\x03\x04\x05\x06\x07"] {
        assert_eq!(d.identify(true, other), Verdict::No);
    }
}

proptest! {
    #[test]
    fn never_panics(data in proptest::collection::vec(any::<u8>(), 0..200), at in 0usize..64, byte: u8) {
        hostile(&SPEC, &[b"\x01S60201REGULAR\n", b"\x01\r\nI20100\r\nJAN\r\nA\r\nIN-TANK INVENTORY\r\n 1 X 7\r\n\x03"], &data, at, byte);
    }
}
