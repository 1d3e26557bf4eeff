//! Hostile lines and lists do no harm; a run keeps its budget and its order. What each scheme computes
//! is held against other implementations in `tests/crack`.

use crate::words::MAX_WORD;
use crate::{Budget, Line, Words, listed, parse, run};
use proptest::prelude::*;

const MODES: &[u32] = &[
    101, 111, 1411, 31300, 10, 20, 50, 110, 120, 150, 1410, 1420, 1450, 4800, 5300, 5400, 5500, 5600, 7300,
    7500, 10200, 11100, 11200, 11400, 13100, 16100, 18200, 19600, 19700, 19800, 19900, 22000, 24100, 24200,
    24900, 25000, 25100, 26700, 28600, 32100, 99999,
];

/// Lines of short hex, so that all schemes are reached whatever their lengths.
const LINES: &[&str] = &[
    "$sip$***u*r*GET**/x**n*c*1*auth*MD5*0123456789abcdef0123456789abcdef",
    "$DIGEST-MD5$u$r$n$uri$c$1$auth$0123456789abcdef0123456789abcdef$",
    "$krb5pa$18$u$R$00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff0011223344556677",
    "$krb5tgs$23$*u$R$s*$0123456789abcdef0123456789abcdef$00112233445566778899",
    "$krb5asrep$17$u$R$0123456789abcdef01234567$00112233445566778899aabbccddeeff00112233",
    "$SNMPv3$0$1$0011223344$8000000001$0123456789abcdef01234567",
    "$vnc$*00112233445566778899AABBCCDDEEFF*00112233445566778899AABBCCDDEEFF",
    "$scram-sha-256$u*1*AAAA*AAAA*AAAA",
    "$mysqlna$00112233445566778899aabbccddeeff00112233*00112233445566778899aabbccddeeff00112233",
    "$sentinel$radius-pap$00112233445566778899aabbccddeeff$00112233445566778899aabbccddeeff",
    "$sentinel$radius-message$01020026000000000000000000000000000000005012000102030405060708090a0b0c0d0e0f",
    "$tacacs-plus$0$00112233$001122334455$c002",
    "WPA*01*00112233445566778899aabbccddeeff*001122334455*001122334455*41***",
    "u::d:0011223344556677:00112233445566778899aabbccddeeff:0011",
    "00:00:00:00:00:00:00:00:00112233445566778899aabbccddeeff",
];

fn tried(mode: Option<u32>, line: &str) {
    if let Some(scheme) = parse(mode, line) {
        let cheap = scheme.cost().derive < 100_000;
        let mut key = Vec::new();
        for word in ["", "a", "password"] {
            key.clear();
            if cheap && scheme.possible(word.as_bytes()) {
                scheme.derive(word.as_bytes(), &mut key);
                scheme.check(&key);
            }
        }
        scheme.check(&[]); // a key of no scheme
    }
}

proptest! {
    #[test]
    fn any_text(mode in proptest::option::of(proptest::sample::select(MODES)), line in ".{0,200}") {
        tried(mode, &line);
    }

    #[test]
    fn damaged_lines(
        line in proptest::sample::select(LINES),
        mode in proptest::option::of(proptest::sample::select(MODES)),
        at in 0usize..200,
        cut in 0usize..8,
        put in "[0-9a-f$*:]{0,4}",
    ) {
        let at = at.min(line.len());
        let end = (at + cut).min(line.len());
        let damaged = format!("{}{put}{}", line.get(..at).unwrap(), line.get(end..).unwrap());
        tried(mode, &damaged);
    }

    #[test]
    fn any_list(list in proptest::collection::vec(any::<u8>(), 0..2000)) {
        let mut from = list.as_slice();
        let mut words = Words::new(&mut from);
        let mut seen = Vec::new();
        while let Some(line) = words.line().unwrap() {
            seen.push(line.to_vec());
        }
        prop_assert!(seen.iter().all(|w| !w.is_empty() && w.len() <= MAX_WORD && !w.contains(&b'\n')));
        let lossless = |l: &[u8]| l.strip_suffix(b"\r").unwrap_or(l).to_vec();
        let wanted: Vec<Vec<u8>> =
            list.split(|b| *b == b'\n').map(lossless).filter(|l| !l.is_empty() && l.len() <= MAX_WORD).collect();
        prop_assert_eq!(seen, wanted);
    }
}

#[test]
fn a_list_without_ends_is_passed_over_in_little_memory() {
    struct Endless(u64);
    impl std::io::Read for Endless {
        fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
            let some = into.len().min(usize::try_from(self.0).unwrap());
            into.iter_mut().take(some).for_each(|b| *b = b'x');
            self.0 -= some as u64;
            Ok(some)
        }
    }
    let mut from = std::io::BufReader::new(Endless(300_000_000));
    let mut words = Words::new(&mut from);
    assert_eq!(words.line().unwrap(), None);
    assert_eq!(words.long, 1);
}

fn postgres(n: usize) -> Line {
    let line = format!("$postgres$u{n}*00112233*00112233445566778899aabbccddeeff");
    Line { scheme: parse(Some(11100), &line).unwrap(), first: vec!["x".to_owned()] }
}

#[test]
fn a_budget_holds_for_many_lines_and_says_what_was_left() {
    let lines: Vec<Line> = (0..1000).map(postgres).collect();
    let common: Vec<String> = (0..1000).map(|n| n.to_string()).collect();
    let whole = run(&lines, &common, None, &Budget::seconds(100.0, 1)).unwrap();
    assert_eq!((whole.counts.tried, whole.counts.unfinished), (1_001_000, 0));
    let budget = Budget { total: 1_000_000, each: 1_000_000, until: None, threads: 2 };
    let cut = run(&lines, &common, None, &budget).unwrap().counts;
    assert!(cut.tried * 2 <= budget.total);
    assert!(cut.tried > 400_000 && cut.unfinished > 100 && cut.unfinished < 1000);
    let none = run(&lines, &common, None, &Budget::seconds(0.0, 1)).unwrap().counts;
    assert_eq!((none.tried, none.unfinished), (0, 1000));
}

#[test]
fn one_slow_line_does_not_take_what_the_others_need() {
    let wpa = "WPA*01*00112233445566778899aabbccddeeff*001122334455*001122334455*41***";
    let mut lines = vec![Line { scheme: parse(Some(22000), wpa).unwrap(), first: Vec::new() }];
    lines.push(postgres(0));
    let common: Vec<String> = (0..2000).map(|n| format!("password{n}")).collect();
    let budget = Budget { total: 1_000_000, each: 500_000, until: None, threads: 1 };
    let counts = run(&lines, &common, None, &budget).unwrap().counts;
    assert_eq!(counts.unfinished, 1);
    assert!(counts.tried > 2000 && counts.tried < 2100);
}

#[test]
fn a_name_and_its_password() {
    let mut list: &[u8] = b"bob:beta\nalpha\n";
    let asked = [(Some("bob"), "beta"), (Some("eve"), "beta"), (None, "alpha"), (None, "beta")];
    assert_eq!(listed(&mut list, &asked).unwrap(), [true, false, true, false]);
}
