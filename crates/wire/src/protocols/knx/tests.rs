use super::SPEC;
use crate::probe::{Role, Verdict};
use crate::testkit::Dialogue;
use proptest::prelude::*;

fn frame(service: u16, body: &[u8]) -> Vec<u8> {
    let length = (6 + body.len() as u16).to_be_bytes();
    [&[6, 0x10], &service.to_be_bytes()[..], &length, body].concat()
}
/// A tunnelled bus frame of 1.1.5.
fn tunnel(code: u8, control: u8, to: u16, group: bool, apdu: &[u8]) -> Vec<u8> {
    let cemi = [&[code, 0, control, if group { 0xE0 } else { 0x60 }, 0x11, 0x05], &to.to_be_bytes()[..]].concat();
    let body = [&[4, 1, 0, 0], &cemi[..], &[apdu.len() as u8 - 1], apdu].concat();
    frame(0x0420, &body)
}

#[test]
fn the_bus_refuses() {
    let seen = Dialogue::udp(&SPEC, 3671)
        .client(&tunnel(0x11, 0xBC, 0x0A03, true, &[0, 0x81]))
        .server(&frame(0x0421, &[4, 1, 0, 0]))
        .server(&tunnel(0x2E, 0xBD, 0x0A03, true, &[0, 0x81]))
        .end();
    assert_eq!(seen.ops(), ["knx group_value_write refused x1"]);
}

#[test]
fn sources_are_bounded() {
    let mut d = Dialogue::udp(&SPEC, 3671);
    for n in 0..100_000u32 {
        let [_, _, a, b] = n.to_be_bytes();
        let cemi = [0x29, 0, 0xBC, 0xE0, a, b, 0x0A, 3, 1, 0, 0x81];
        d = d.server(&frame(0x0530, &cemi));
    }
    let seen = d.end();
    assert_eq!(seen.facts().iter().filter(|f| f.contains("bus-device")).count(), super::MAX_SOURCES);
}

#[test]
fn identifies_and_refuses() {
    let d = Dialogue::udp(&SPEC, 9999);
    let search = frame(0x0201, &[8, 1, 10, 0, 0, 1, 0x0E, 0x57]);
    assert_eq!(d.identify(true, &search), Verdict::Strong(Role::Client));
    let mut cut = search.clone();
    cut.pop();
    for other in [&cut[..], b"\x06\x10hello world", &frame(0x0999, &[1, 2, 3, 4]), &frame(0x0530, &[1, 2, 3, 4])] {
        assert_eq!(d.identify(true, other), Verdict::No);
    }
}

proptest! {
    #[test]
    fn never_panics(data in proptest::collection::vec(any::<u8>(), 0..200), at in 0usize..64, byte: u8, service: u16) {
        let mut changed = tunnel(0x11, 0xBC, 0x0A03, true, &[3, 0xD1, 0, 1, 2, 3, 4]);
        let n = changed.len();
        changed[at % n] = byte;
        let wrapped = frame(service, &data);
        let d = Dialogue::udp(&SPEC, 3671);
        let _verdict = d.identify(true, &wrapped);
        let blocks = frame(0x0204, &data);
        let _seen = d.client(&changed).server(&wrapped).server(&blocks).client(&data).end();
        let d = Dialogue::tcp(&SPEC, 3671);
        let _verdict = d.identify(true, &data);
        let _seen = d.client(&changed).server(&wrapped).gap(true, 3).client(&data).end();
    }
}
