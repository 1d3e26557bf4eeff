use super::*;
use crate::testkit::Dialogue;
use proptest::prelude::*;

fn frame(kind: u8, id: u16, body: &[u8]) -> Vec<u8> {
    let mut out = vec![0xAA, kind << 4 | 1];
    out.extend(((HEAD + body.len() + 2) as u16).to_be_bytes());
    out.extend(id.to_be_bytes());
    out.extend([0; 8]);
    out.extend(body);
    let sum = crc(&out);
    out.extend(sum.to_be_bytes());
    out
}

fn config(changes: u16) -> Vec<u8> {
    let mut body = [0, 0x0F, 0x42, 0x40, 0, 1].to_vec();
    body.extend(b"STATION A       ");
    body.extend([0, 7, 0, 0, 0, 1, 0, 0, 0, 0]);
    body.extend(b"VA              ");
    body.extend([0; 4]);
    body.extend([0, 1]);
    body.extend(changes.to_be_bytes());
    body.extend([0, 30]);
    body
}

#[test]
fn the_checksum_is_that_of_the_standard() {
    // "123456789" is the usual check string of CRC-CCITT-FALSE
    assert_eq!(crc(b"123456789"), 0x29B1);
}

#[test]
fn a_changed_configuration_is_told() {
    let seen = Dialogue::tcp(&SPEC, 4712)
        .client(&frame(COMMAND, 7, &[0, 5]))
        .server(&frame(CFG2, 7, &config(1)))
        .server(&frame(CFG2, 7, &config(2)))
        .end();
    assert_eq!(seen.ops(), ["c37118 send_cfg2 accepted x1"]);
    assert!(seen.facts().contains(&"server name=STATION A".to_owned()));
    assert!(seen.events.iter().any(|e| e.fields.contains(&("event.action", Val::from("configuration_changed")))));
}

#[test]
fn what_is_remembered_is_bounded() {
    let mut d = Dialogue::tcp(&SPEC, 4712);
    for id in 0..u16::MAX {
        d = d.server(&frame(CFG2, id, &config(1)));
    }
    assert!(d.end().obs.counters.get("c37118_streams").copied().unwrap_or(0) > 0);
}

proptest! {
    #[test]
    fn never_panics(body in proptest::collection::vec(any::<u8>(), 0..200), kind in 0u8..6) {
        let d = Dialogue::tcp(&SPEC, 4712);
        let _verdict = d.identify(true, &body);
        let _seen = d.client(&frame(kind, 1, &body)).server(&frame(kind, 1, &body)).server(&body).end();
    }
}
