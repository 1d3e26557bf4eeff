use super::*;
use crate::testkit::Dialogue;

/// Bytes written in hex.
fn bytes(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits.chunks(2).map(|c| u8::from_str_radix(std::str::from_utf8(c).unwrap_or("0"), 16).unwrap_or(0)).collect()
}

/// The server's Initial of RFC 9001, A.3: its keys come from the client's id 8394c8f03e515708.
const SERVER_INITIAL: &str = "cf000000010008f067a5502a4262b5004075c0d95a482cd0991cd25b0aac406a
    5816b6394100f37a1c69797554780bb38cc5a99f5ede4cf73c3ec2493a1839b3dbcba3f6ea46c5b7684df3548e7ddeb9
    c3bf9c73cc3f3bded74b562bfb19fb84022f8ef4cdd93795d77d06edbb7aaf2f58891850abbdca3d20398c276456cbc4
    2158407dd074ee";

#[test]
fn the_example_of_the_standard() {
    let packet = bytes(SERVER_INITIAL);
    let long = Long::parse(&packet).expect("a long header");
    assert_eq!((long.kind, long.end), (Kind::Initial, packet.len()));
    let keys = Keys::new(1, &bytes("8394c8f03e515708"), false).expect("a known version");
    let plain = keys.open(&packet, long.number).expect("the right keys");
    let mut crypto = Crypto::default();
    crypto.frames(&plain, false);
    let stream = crypto.whole();
    assert_eq!(stream.first(), Some(&2));
    assert_eq!(stream.len(), 90);
    assert!(Keys::new(1, b"another", false).expect("keys").open(&packet, long.number).is_none());
}

#[test]
fn frames_in_any_order() {
    let mut crypto = Crypto::default();
    crypto.frames(&[6, 3, 2, b'd', b'e', 0, 0, 1, 6, 0, 3, b'a', b'b', b'c'], false);
    assert_eq!(crypto.whole(), b"abcde");
    crypto.frames(&[6, 7, 1, b'h'], false);
    assert_eq!(crypto.whole(), b"abcde");
}

#[test]
fn googles_hello() {
    let mut m = b"CHLO\x02\0\0\0SNI\0\x0b\0\0\0UAID\x11\0\0\0example.orgChrome".to_vec();
    assert_eq!(
        google::parse(&m),
        Some(google::Hello { server_name: Some("example.org".into()), agent: Some("Chrome".into()) })
    );
    let mut packet = b"\x0d12345678Q043\x01".to_vec();
    packet.append(&mut m);
    let d = Dialogue::udp(&SPEC, 4433);
    assert_eq!(d.identify(true, &packet), Verdict::Strong(Role::Client));
    assert_eq!(d.client(&packet).end().facts(), ["client user_agent=Chrome"]);
}

proptest::proptest! {
    #[test]
    fn never_panics(data: Vec<u8>, at in 0usize..60, byte: u8) {
        let mut a = bytes(SERVER_INITIAL);
        if let Some(x) = a.get_mut(at) { *x = byte; }
        let _ = Crypto::default().frames(&data, true);
        let _ = google::parse(&data);
        let d = Dialogue::udp(&SPEC, 443);
        let _ = (d.identify(true, &data), d.identify(true, &a));
        d.client(&a).server(&data).client(&data).end();
    }
}

#[test]
fn what_it_keeps_is_bounded() {
    let mut crypto = Crypto::default();
    for n in 0..100_000u32 {
        let mut frame = vec![6];
        frame.extend_from_slice(&(0x8000_0000 | n).to_be_bytes());
        frame.extend_from_slice(&[1, 7]);
        crypto.frames(&frame, false);
    }
    assert!(crypto.whole().len() <= 16 * 1024);
}
