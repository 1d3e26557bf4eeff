use super::*;
use crate::testkit::Dialogue;
use proptest::prelude::*;

#[test]
fn others_are_not_claimed() {
    let d = Dialogue::tcp(&SPEC, 5672);
    assert_eq!(d.identify(true, b"AMQP\0\0\x09\x01"), Verdict::Strong(Role::Client));
    for other in [&b"AMQPxxxx"[..], b"GET / HTTP/1.1\r\n", b"\x01\x00\x00\x00\x00\x00\x20\x00\x0a\x00\x0b\x00\x09"] {
        assert_eq!(d.identify(true, other), Verdict::No);
    }
}

proptest! {
    #[test]
    fn never_panics(class in 10u8..70, method in 0u8..60, body in proptest::collection::vec(any::<u8>(), 0..60), bytes: Vec<u8>) {
        let payload = [&[0, class, 0, method][..], &body].concat();
        let frame = [&[1, 0, 0, 0, 0, 0, payload.len() as u8][..], &payload, &[0xCE]].concat();
        let d = Dialogue::tcp(&SPEC, 5672);
        d.identify(true, &bytes);
        d.client(b"AMQP\0\0\x09\x01").server(&frame).client(&frame).client(&bytes).end();
        let one = [&[0, 0, 0, body.len() as u8 + 11, 2, 1, 0, 0, 0, 0x53, class][..], &body].concat();
        Dialogue::tcp(&SPEC, 5672).client(b"AMQP\x03\x01\0\0").client(&one).server(&one).end();
    }
}
