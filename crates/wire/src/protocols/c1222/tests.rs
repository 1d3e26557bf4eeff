use super::SPEC;
use crate::probe::{Role, Verdict};
use crate::testkit::Dialogue;
use proptest::prelude::*;

/// A message with one service. `answers`: it is the response to that invocation.
fn message(id: u8, answers: bool, flags: u8, epsem: &[u8]) -> Vec<u8> {
    let invocation = [if answers { 0xA4 } else { 0xA8 }, 3, 2, 1, id];
    let user = [&[0x81, epsem.len() as u8 + 1, flags], epsem].concat();
    let external = [&[0x28, user.len() as u8], &user[..]].concat();
    let title = [0xA6, 8, 6, 6, 0x2B, 6, 1, 4, 1, 9];
    let body = [&title[..], &invocation, &[0xBE, external.len() as u8], &external].concat();
    [&[0x60, body.len() as u8], &body[..]].concat()
}

#[test]
fn a_procedure_is_named_and_may_be_refused() {
    let ask = message(1, false, 0x80, &[8, 0x40, 0, 7, 0, 3, 10, 0, 1]);
    let seen = Dialogue::tcp(&SPEC, 1153).client_split(&ask, 3).server(&message(1, true, 0x80, &[1, 3])).end();
    assert_eq!(seen.ops(), ["c1222 set_date_time refused x1"]);
}

#[test]
fn titles_are_bounded() {
    let mut d = Dialogue::udp(&SPEC, 1153);
    for n in 0..100_000u32 {
        let [_, _, a, b] = n.to_be_bytes();
        let mut m = message(1, false, 0x80, &[1, 0x20]);
        (m[8], m[9]) = (a & 0x7F, b & 0x7F);
        d = d.client(&m);
    }
    assert!(d.end().facts().iter().filter(|f| f.contains("id:c1222")).count() <= super::MAX_TITLES);
}

#[test]
fn identifies_and_refuses() {
    let d = Dialogue::udp(&SPEC, 9999);
    let ask = message(1, false, 0x80, &[1, 0x20]);
    assert_eq!(d.identify(true, &ask), Verdict::Strong(Role::Client));
    let stream = Dialogue::tcp(&SPEC, 9999);
    assert_eq!(stream.identify(true, &ask[..4]), Verdict::Need);
    for other in [&ask[..9], &[0x60, 3, 2, 1, 5], &[0x60, 4, 0xA1, 2, 6, 0], b"`hello"] {
        assert_eq!(d.identify(true, other), Verdict::No);
    }
}

proptest! {
    #[test]
    fn never_panics(data in proptest::collection::vec(any::<u8>(), 0..120), at in 0usize..64, byte: u8) {
        let mut changed = message(1, false, 0x90, &[8, 0x40, 0, 7, 0, 3, 10, 0, 1]);
        let n = changed.len();
        changed[at % n] = byte;
        let inside = message(byte, true, 0x80, &data);
        for d in [Dialogue::udp(&SPEC, 1153), Dialogue::tcp(&SPEC, 1153)] {
            let _verdict = d.identify(true, &changed);
            let _verdict = d.identify(true, &data);
            let _seen = d.client(&changed).server(&inside).gap(true, 3).client(&data).end();
        }
    }
}
