//! Times as logs write them, to microseconds since 1970 UTC.

use sentinel_wire::model::Micros;

/// RFC 3339 and what Suricata and Zeek make of it: `2017-11-04T12:48:35.198583+0000`, `…Z`, `…+01:00`,
/// no zone for UTC, any number of digits behind the second (cut to six). `None` if it is no time.
pub fn iso(text: &str) -> Option<Micros> {
    let b = text.as_bytes();
    let number = |from: usize, to: usize| -> Option<i64> {
        b.get(from..to)?.iter().try_fold(0i64, |n, &c| c.is_ascii_digit().then(|| n * 10 + i64::from(c - b'0')))
    };
    let mark = |at: usize, want: &[u8]| b.get(at).is_some_and(|c| want.contains(c));
    if !(mark(4, b"-") && mark(7, b"-") && mark(10, b"T ") && mark(13, b":") && mark(16, b":")) {
        return None;
    }
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || hour > 24 || minute > 59 || second > 60 {
        return None;
    }
    let mut at = 19;
    let mut micros = 0;
    if mark(at, b".,") {
        at += 1;
        let mut weight = 100_000;
        while let Some(c) = b.get(at).filter(|c| c.is_ascii_digit()) {
            micros += i64::from(c - b'0') * weight;
            weight /= 10;
            at += 1;
        }
    }
    let zone = match b.get(at..)? {
        [] | [b'Z'] | [b'z'] => 0,
        [sign @ (b'+' | b'-'), ..] => {
            let hours = number(at + 1, at + 3)?;
            let minutes = match b.get(at + 3..)? {
                [] => 0,
                [b':', _, _] => number(at + 4, at + 6)?,
                [_, _] => number(at + 3, at + 5)?,
                _ => return None,
            };
            let seconds = hours * 3600 + minutes * 60;
            if *sign == b'-' { -seconds } else { seconds }
        }
        _ => return None,
    };
    // days since 1970 by eras of 400 years that begin in March (proleptic Gregorian calendar)
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let of_era = y.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
    Some((days * 86_400 + hour * 3600 + minute * 60 + second - zone) * 1_000_000 + micros)
}

/// Seconds with a fraction as text, exact to the microsecond: Zeek's `time` and `interval`.
pub fn seconds(text: &str) -> Option<Micros> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() || !whole.bytes().chain(fraction.bytes()).all(|c| c.is_ascii_digit()) {
        // scientific notation and the like
        return text.parse::<f64>().ok().and_then(from_float);
    }
    let mut micros = whole.parse::<i64>().ok()?.checked_mul(1_000_000)?;
    let mut weight = 100_000;
    for c in fraction.bytes().take(6) {
        micros = micros.checked_add(i64::from(c - b'0') * weight)?;
        weight /= 10;
    }
    Some(if negative { -micros } else { micros })
}

/// Seconds as a number.
pub fn from_float(seconds: f64) -> Option<Micros> {
    let micros = (seconds * 1e6).round();
    (micros.is_finite() && micros.abs() < 9e18).then_some(micros as Micros)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn zones_and_fractions() {
        let at = 1_509_799_715_198_583;
        assert_eq!(iso("2017-11-04T12:48:35.198583+0000"), Some(at));
        assert_eq!(iso("2017-11-04T12:48:35.198583Z"), Some(at));
        assert_eq!(iso("2017-11-04T13:48:35.198583+01:00"), Some(at));
        assert_eq!(iso("2017-11-04T08:18:35.198583-0430"), Some(at));
        assert_eq!(iso("2017-11-04 12:48:35.1985831234"), Some(at));
        assert_eq!(iso("2000-02-29T00:00:00Z"), Some(951_782_400_000_000));
        for bad in ["", "2017", "2017-13-04T12:48:35Z", "2017-11-04T12:48:35X", "2017-11-04T12:48:35+1"] {
            assert_eq!(iso(bad), None, "{bad}");
        }
    }

    #[test]
    fn seconds_are_exact() {
        assert_eq!(seconds("1509799715.198583"), Some(1_509_799_715_198_583));
        assert_eq!(seconds("0.000001"), Some(1));
        assert_eq!(seconds("-1.5"), Some(-1_500_000));
        assert_eq!(seconds("1.5e3"), Some(1_500_000_000));
        assert_eq!(seconds("-"), None);
        assert_eq!(seconds("XXXXXXXXXX.XXXXXX"), None);
        assert_eq!(seconds("99999999999999999999"), None);
    }

    proptest! {
        #[test]
        fn never_panics(text in "\\PC{0,40}") {
            let _ = (iso(&text), seconds(&text));
        }
        #[test]
        fn what_is_written_is_read(t in -30_000_000_000_000_000i64..200_000_000_000_000_000) {
            let mut out = Vec::new();
            sentinel_wire::json::plain_time(&mut out, t);
            prop_assert_eq!(iso(std::str::from_utf8(&out).unwrap()), Some(t));
        }
    }
}
