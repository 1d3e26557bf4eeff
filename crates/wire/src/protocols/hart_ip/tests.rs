use super::SPEC;
use super::commands::packed;
use crate::probe::{Role, Verdict};
use crate::testkit::Dialogue;
use proptest::prelude::*;

const INITIATE: [u8; 13] = [1, 0, 0, 0, 0, 1, 0, 13, 1, 0, 9, 0x27, 0xC0];

fn message(kind: u8, id: u8, sequence: u16, body: &[u8]) -> Vec<u8> {
    let mut out = vec![1, kind, id, 0];
    out.extend_from_slice(&sequence.to_be_bytes());
    out.extend_from_slice(&(8 + body.len() as u16).to_be_bytes());
    out.extend_from_slice(body);
    out
}
fn token(delimiter: u8, command: u8, data: &[u8]) -> Vec<u8> {
    let mut out = vec![delimiter, 0xA6, 0x4E, 0, 0, 0xD2, command, data.len() as u8];
    out.extend_from_slice(data);
    out.push(out.iter().fold(0, |sum, b| sum ^ b));
    out
}

#[test]
fn what_a_device_refuses_is_refused() {
    let ask = message(0, 3, 7, &token(0x82, 42, &[]));
    let refusal = message(1, 3, 7, &token(0x86, 42, &[7, 0]));
    let seen = Dialogue::tcp(&SPEC, 5094).client_split(&ask, 3).server_split(&refusal, 2).end();
    assert_eq!(seen.ops(), ["hart-ip perform_device_reset refused x1"]);
    let stat = seen.obs.operations.values().next().expect("one operation");
    assert_eq!(stat.exception, Some((7, "write_protected".into())));
}

#[test]
fn extended_commands_and_direct_ones_are_named_alike() {
    let key = [0x11u8; 16];
    let ask = message(0, 3, 8, &token(0x82, 31, &[&[3, 0], &key[..]].concat()));
    let ok = message(1, 3, 8, &token(0x86, 31, &[&[0, 0, 3, 0], &key[..]].concat()));
    let direct = message(0, 4, 9, &[0, 0, 0, 89, 1, 0]);
    let done = message(1, 4, 9, &[0, 0, 0, 89, 1, 0]);
    let seen = Dialogue::udp(&SPEC, 5094).client(&ask).server(&ok).client(&direct).server(&done).end();
    assert_eq!(seen.ops(), ["hart-ip write_join_key accepted x1", "hart-ip set_real_time_clock accepted x1"]);
    assert_eq!(seen.creds(), ["key - 11111111111111111111111111111111 unknown"]);
}

#[test]
fn packed_text() {
    assert_eq!(packed(&[0x04, 0x20, 0xC4]), "ABCD");
}

#[test]
fn instruments_behind_a_gateway_are_bounded() {
    let mut d = Dialogue::udp(&SPEC, 5094);
    for n in 0..100_000u32 {
        let [_, b, c, e] = n.to_be_bytes();
        let body = [&[0, 1, 0, 0, 0, 38, 0x26, 0x4E, b, c, e, 7][..], &[b' '; 32]].concat();
        d = d.server(&message(1, 4, 1, &[&[0, 0, 0, 84, body.len() as u8 + 1, 0][..], &body].concat()));
    }
    let seen = d.end();
    assert_eq!(seen.facts().iter().filter(|f| f.contains("field-device")).count(), super::MAX_DEVICES);
}

#[test]
fn identifies_and_refuses() {
    let d = Dialogue::tcp(&SPEC, 9999);
    assert_eq!(d.identify(true, &INITIATE), Verdict::Strong(Role::Client));
    assert_eq!(d.identify(true, &INITIATE[..5]), Verdict::Need);
    assert_eq!(d.identify(true, &message(0, 3, 7, &token(0x82, 42, &[]))), Verdict::Strong(Role::Client));
    assert_eq!(d.identify(true, &message(0, 2, 7, &[])), Verdict::Weak(Role::Client));
    let mut wrong = message(0, 3, 7, &token(0x82, 42, &[]));
    *wrong.last_mut().expect("octets") ^= 1;
    for other in [&wrong[..], b"\x01\x00\x03\x00GET /index", &[1, 9, 0, 0, 0, 0, 0, 13], &[3, 0, 0, 22, 17, 0xE0, 0, 0]] {
        assert_eq!(d.identify(true, other), Verdict::No);
    }
}

proptest! {
    #[test]
    fn never_panics(data in proptest::collection::vec(any::<u8>(), 0..300), at in 0usize..64, byte: u8) {
        let mut changed = message(1, 3, 7, &token(0x86, 0, &[0, 0, 254, 0x26, 0x4E, 5, 7, 4, 1, 8, 0, 0, 0, 0xD2]));
        let n = changed.len();
        changed[at % n] = byte;
        let d = Dialogue::udp(&SPEC, 5094);
        let _verdict = d.identify(true, &changed);
        let _seen = d.client(&data).server(&changed).end();
        let d = Dialogue::tcp(&SPEC, 5094);
        let _verdict = d.identify(true, &data);
        let wrapped = message(byte & 1, 4, 1, &data);
        let _seen = d.client(&INITIATE).server(&changed).gap(true, 9).client(&wrapped).server(&data).end();
    }
}
