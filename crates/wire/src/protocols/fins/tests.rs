use super::*;
use crate::testkit::Dialogue;
use proptest::prelude::*;

fn frame(icf: u8, service: u8, command: u16, body: &[u8]) -> Vec<u8> {
    let mut out = vec![icf, 0, 2, 0, 1, 0, 0, 10, 0, service];
    out.extend(command.to_be_bytes());
    out.extend(body);
    out
}

#[test]
fn not_every_datagram_is_a_frame() {
    let d = Dialogue::udp(&SPEC, 9600);
    assert_eq!(d.identify(true, &frame(0x80, 1, 0x0601, &[])), Verdict::Strong(Role::Client));
    assert_eq!(d.identify(true, &frame(0x80, 1, 0x0601, &[0])), Verdict::No);
    assert_eq!(d.identify(true, &frame(0x82, 1, 0x0601, &[])), Verdict::No);
    assert_eq!(d.identify(true, &frame(0x80, 1, 0x0666, &[])), Verdict::No);
    // on another port it takes both sides to agree
    let d = Dialogue::udp(&SPEC, 5000);
    assert_eq!(d.identify(true, &frame(0x80, 1, 0x0601, &[])), Verdict::Weak(Role::Client));
}

#[test]
fn open_requests_are_bounded() {
    let mut d = Dialogue::udp(&SPEC, 9600);
    for n in 0..5000u32 {
        d = d.client(&frame(0x80, n as u8, 0x0401, &[]));
    }
    assert_eq!(d.end().ops(), ["fins run unknown x5000"]);
}

proptest! {
    #[test]
    fn never_panics(body in proptest::collection::vec(any::<u8>(), 0..80), icf: u8, command in 0u16..0x2700) {
        let d = Dialogue::udp(&SPEC, 9600);
        let f = frame(icf, 1, command, &body);
        let _verdict = (d.identify(true, &f), d.identify(false, &body));
        let _seen = d.client(&frame(0x80, 1, command, &body)).server(&frame(0xC0, 1, command, &body)).client(&f).end();
    }
}
