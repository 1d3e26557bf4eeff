use super::SPEC;
use super::frame::crc;
use crate::probe::{Role, Verdict};
use crate::testkit::Dialogue;
use proptest::prelude::*;

fn wrapped(source: u16, target: u16, apdu: &[u8]) -> Vec<u8> {
    let mut out = vec![0, 1];
    for word in [source, target, apdu.len() as u16] {
        out.extend_from_slice(&word.to_be_bytes());
    }
    out.extend_from_slice(apdu);
    out
}
const OPEN: [u8; 31] = [
    0x60, 0x1D, 0xA1, 0x09, 0x06, 0x07, 0x60, 0x85, 0x74, 0x05, 0x08, 0x01, 0x01, 0xBE, 0x10, 0x04, 0x0E, 0x01, 0, 0,
    0, 6, 0x5F, 0x1F, 4, 0, 0, 0x7E, 0x1F, 4, 0xB0,
];

#[test]
fn the_check_sequence_of_the_standard() {
    // an SNRM frame of IEC 62056-46
    assert_eq!(crc(&[0xA0, 0x07, 0x03, 0x21, 0x93]), u16::from_le_bytes([0x0F, 0x01]));
}

#[test]
fn identifies_and_refuses() {
    let d = Dialogue::tcp(&SPEC, 9999);
    assert_eq!(d.identify(true, &wrapped(16, 1, &OPEN)), Verdict::Strong(Role::Client));
    assert_eq!(d.identify(true, &wrapped(16, 1, &OPEN)[..20]), Verdict::Need);
    assert_eq!(d.identify(true, &[0x7E, 0xA0, 0x07, 0x03, 0x21, 0x93, 0x0F, 0x01, 0x7E]), Verdict::Strong(Role::Client));
    // Modbus, TDS, DNS over TCP, a damaged frame
    for other in [
        &[0, 1, 0, 0, 0, 6, 1, 3, 0, 0, 0, 10][..],
        &[0x7E, 0xA0, 0x07, 0x03, 0x21, 0x93, 0x0F, 0x02, 0x7E],
        &[0, 29, 0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0],
        b"~not a meter at all",
    ] {
        assert_eq!(d.identify(true, other), Verdict::No);
    }
}

#[test]
fn service_access_points_are_bounded() {
    let mut d = Dialogue::udp(&SPEC, 4059);
    for n in 0..100_000u32 {
        d = d.client(&wrapped(16, n as u16, &OPEN));
    }
    assert_eq!(d.end().facts().iter().filter(|f| f.contains(" sap=")).count(), super::MAX_SAPS);
}

proptest! {
    #[test]
    fn never_panics(data in proptest::collection::vec(any::<u8>(), 0..200), at in 0usize..64, byte: u8, tag: u8) {
        let mut changed = wrapped(16, 1, &OPEN);
        let n = changed.len();
        changed[at % n] = byte;
        let tagged = wrapped(1, 16, &[&[tag], &data[..]].concat());
        let hdlc = [&[0x7E, 0xA0, data.len() as u8], &data[..], &[0x7E]].concat();
        for d in [Dialogue::udp(&SPEC, 4059), Dialogue::tcp(&SPEC, 4059)] {
            let _verdict = d.identify(true, &data);
            let _verdict = d.identify(true, &hdlc);
            let _seen = d.client(&changed).server(&tagged).client(&tagged).client(&hdlc).gap(true, 3).server(&data).end();
        }
    }
}
