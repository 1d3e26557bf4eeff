use super::SPEC;
use crate::probe::{Role, Verdict};
use crate::testkit::{Dialogue, hostile};
use proptest::prelude::*;

const HEAD: &str = "MSH|^~\\&|LAB|WARD 3|HIS|MAIN|20260112||ORU^R01|17|P|2.5\r";

fn message(text: &str) -> Vec<u8> {
    format!("\u{b}{text}\u{1c}\r").into_bytes()
}

#[test]
fn long_fields_are_passed_over_and_nobody_is_named() {
    let report = message(&format!("{HEAD}PID|1||4711||DOE^JOHN\rOBX|1|ED|{}\rPV1|1\r", "A".repeat(200_000)));
    let seen = Dialogue::tcp(&SPEC, 2575)
        .client_split(&report, 1400)
        .server(&message("MSH|^~\\&|HIS|MAIN|LAB|WARD 3|20260112||ACK|18|P|2.5\rMSA|AE|17\r"))
        .end();
    assert_eq!(seen.ops(), ["hl7 oru_r01 refused x1"]);
    let all = format!("{:?}{:?}", seen.facts(), seen.events);
    assert!(!all.contains("DOE") && !all.contains("4711"));
}

#[test]
fn applications_and_types_are_bounded() {
    let mut d = Dialogue::tcp(&SPEC, 2575);
    for n in 0..100_000 {
        d = d.client(&message(&format!("MSH|^~\\&|A{n}|B|C|D|1||X{:02}|{n}|P|2\r", n % 90)));
    }
    let seen = d.end();
    assert!(seen.facts().len() <= super::MAX_TOLD);
    assert!(seen.ops().len() <= super::MAX_NAMES);
}

#[test]
fn identifies_and_refuses() {
    let d = Dialogue::tcp(&SPEC, 9999);
    assert_eq!(d.identify(true, &message(HEAD)), Verdict::Strong(Role::Client));
    assert_eq!(d.identify(true, b"\x0bMSH|"), Verdict::Need);
    for other in [&b"\x0bMSHabcdefgh"[..], b"MSH|^~\\&|", b"\x0bGET"] {
        assert_eq!(d.identify(true, other), Verdict::No);
    }
}

proptest! {
    #[test]
    fn never_panics(data in proptest::collection::vec(any::<u8>(), 0..200), at in 0usize..80, byte: u8) {
        hostile(&SPEC, &[&message(HEAD), &message("MSH|^~\\&|A|B|C|D|1||ACK|1|P|2\rMSA|AA|17\r")], &data, at, byte);
    }
}
