use super::*;
use crate::testkit::Dialogue;

fn payload(next: u8, body: &[u8]) -> Vec<u8> {
    [&[next, 0], ((body.len() + 4) as u16).to_be_bytes().as_slice(), body].concat()
}
fn message(cookies: [&[u8; 8]; 2], next: u8, version: u8, exchange: u8, flags: u8, body: &[u8]) -> Vec<u8> {
    let head = [next, version, exchange, flags, 0, 0, 0, 0];
    let size = ((body.len() + HEAD) as u32).to_be_bytes();
    [cookies[0].as_slice(), cookies[1], &head, &size, body].concat()
}
const I: &[u8; 8] = b"INITCOOK";
const R: &[u8; 8] = b"RESPCOOK";
const NONE: &[u8; 8] = &[0; 8];

/// A proposal of version 1: 3DES, SHA-1, pre-shared key, group 2.
fn sa_1() -> Vec<u8> {
    let attributes = [0x80, 1, 0, 5, 0x80, 2, 0, 2, 0x80, 3, 0, 1, 0x80, 4, 0, 2];
    let transform = [&[0, 0, 0, 24, 1, 1, 0, 0], attributes.as_slice()].concat();
    [&[0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 32, 1, 1, 0, 1], transform.as_slice()].concat()
}

#[test]
fn aggressive_mode_gives_its_hash_away() {
    let ask = [payload(4, &sa_1()), payload(10, &[1; 128]), payload(5, &[2; 20]), payload(0, b"\x0b\x11\x01\xf4vpnuser")].concat();
    let answer = [
        payload(4, &sa_1()),
        payload(10, &[3; 128]),
        payload(5, &[4; 20]),
        payload(8, b"\x01\x11\x01\xf4\x0a\0\0\x01"),
        payload(13, &[5; 20]),
        payload(0, b"\x88\x2f\xe5\x6d\x6f\xd2\x0d\xbc\x22\x51\x61\x3b\x2e\xbe\x5b\xeb"),
    ]
    .concat();
    let seen = Dialogue::udp(&SPEC, 500)
        .client(&message([I, NONE], 1, 0x10, AGGRESSIVE, 0, &ask))
        .server(&message([I, R], 1, 0x10, AGGRESSIVE, 0, &answer))
        .end();
    let parts: [&[u8]; 9] = [&[3; 128], &[1; 128], R, I, &sa_1(), b"\x01\x11\x01\xf4\x0a\0\0\x01", &[2; 20], &[4; 20], &[5; 20]];
    let line = parts.map(hex).join(":");
    assert_eq!(seen.creds(), [format!("psk 10.0.0.1 {line} unknown")]);
    assert_eq!(seen.ops(), ["ike aggressive_mode accepted x1"]);
    assert!(seen.facts().contains(&"server product=strongSwan".to_owned()), "{:?}", seen.facts());
}

#[test]
fn version_2_refuses() {
    let sa = payload(0, &[0, 0, 0, 8, 1, 1, 0, 0]);
    let no = payload(0, &[0, 0, 0, 14]);
    let d = Dialogue::udp(&SPEC, 500);
    let ask = message([I, NONE], 33, 0x20, SA_INIT, 8, &sa);
    assert_eq!(d.identify(true, &ask), Verdict::Strong(Role::Client));
    assert_eq!(d.identify(true, &[&[0; 4], ask.as_slice()].concat()), Verdict::Strong(Role::Client));
    let seen = d.client(&ask).server(&message([I, R], 41, 0x20, SA_INIT, 0x20, &no)).end();
    assert_eq!(seen.ops(), ["ike ike_sa_init refused x1"]);
}

proptest::proptest! {
    #[test]
    fn never_panics(data: Vec<u8>, at in 0usize..90, byte: u8) {
        let mut a = message([I, NONE], 1, 0x10, MAIN, 0, &payload(0, &sa_1()));
        if let Some(x) = a.get_mut(at) { *x = byte; }
        let d = Dialogue::udp(&SPEC, 500);
        let _ = (d.identify(true, &data), payload::proposal(&data, 1), payload::proposal(&data, 2), payload::identity(&data));
        d.client(&a).server(&message([I, R], 1, 0x10, MAIN, 0, &payload(0, &data))).client(&data).end();
    }
}

#[test]
fn what_it_keeps_is_bounded() {
    let mut d = Dialogue::udp(&SPEC, 500);
    for n in 0..1000u32 {
        d = d.client(&message([I, NONE], 13, 0x10, MAIN, 0, &payload(0, &n.to_be_bytes())));
    }
    assert!(d.end().facts().len() <= MAX_VENDORS);
}
