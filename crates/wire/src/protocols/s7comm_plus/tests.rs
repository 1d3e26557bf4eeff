use super::*;
use crate::testkit::Dialogue;
use proptest::prelude::*;

fn tpkt(payload: &[u8]) -> Vec<u8> {
    let mut out = vec![3, 0];
    out.extend(((payload.len() + 7) as u16).to_be_bytes());
    out.extend([2, 0xF0, 0x80]);
    out.extend(payload);
    out
}

fn plus(version: u8, body: &[u8]) -> Vec<u8> {
    let mut out = vec![0x72, version];
    out.extend((body.len() as u16).to_be_bytes());
    out.extend(body);
    out.extend([0x72, version, 0, 0]);
    tpkt(&out)
}

fn request(function: u16, sequence: u16, body: &[u8]) -> Vec<u8> {
    let mut out = vec![0x31, 0, 0];
    out.extend(function.to_be_bytes());
    out.extend([0, 0]);
    out.extend(sequence.to_be_bytes());
    out.extend([0, 0, 3, 0xC0, 0x34]);
    out.extend(body);
    plus(2, &out)
}

fn response(function: u16, sequence: u16, body: &[u8]) -> Vec<u8> {
    let mut out = vec![0x32, 0, 0];
    out.extend(function.to_be_bytes());
    out.extend([0, 0]);
    out.extend(sequence.to_be_bytes());
    out.push(0x34);
    out.extend(body);
    plus(2, &out)
}

#[test]
fn a_stop_and_its_refusal() {
    let stop = [0, 0, 0, 52, 1, 0x90, 0x77, 0, 8, 1];
    let seen = Dialogue::tcp(&SPEC, 102)
        .client(&request(0x04F2, 1, &stop))
        .server(&response(0x04F2, 1, &[0]))
        .client(&request(0x04F2, 2, &stop))
        .server(&response(0x04F2, 2, &[0x83, 0xFF, 0x6F, 0]))
        .end();
    assert_eq!(seen.ops(), ["s7comm-plus plc_stop accepted x1", "s7comm-plus plc_stop refused x1"]);
}

#[test]
fn requests_are_bounded() {
    let mut probe = Plus::default();
    let d = Dialogue::tcp(&SPEC, 102);
    let mut d = d;
    for n in 0..1000 {
        d = d.client(&request(0x054C, n, &[0, 0, 0, 0]));
    }
    assert_eq!(d.end().ops().len(), 1);
    assert_eq!(probe.open.len(), 0);
    probe.parts[0].resize(MAX_JOINED, 0);
    assert!(frame::read(&[0x72, 2, 0, 1, 0]).is_some());
}

proptest! {
    #[test]
    fn never_panics(body in proptest::collection::vec(any::<u8>(), 0..120), function: u16, version in 0u8..5) {
        let d = Dialogue::tcp(&SPEC, 102);
        let _verdict = d.identify(true, &tpkt(&body));
        let _seen = d
            .client(&plus(version, &body))
            .client(&request(function, 1, &body))
            .server(&response(function, 1, &body))
            .server(&tpkt(&body))
            .end();
    }
}
