//! Times as documents write them.

use sentinel_wire::model::Micros;

/// Microseconds since 1970 UTC of `2023-11-14T22:13:20.5Z`: a `T` or a space, any number of digits
/// of a second (those behind the sixth are cut), `Z`, `+hh:mm`, `+hhmm` or nothing (UTC).
pub fn parse(text: &str) -> Option<Micros> {
    let b = text.trim().as_bytes();
    let number = |from: usize, to: usize| -> Option<i64> {
        b.get(from..to)?
            .iter()
            .try_fold(0i64, |n, c| c.is_ascii_digit().then(|| n * 10 + i64::from(c - b'0')))
    };
    let mark = |at: usize, any: &[u8]| b.get(at).is_some_and(|c| any.contains(c));
    if !(mark(4, b"-") && mark(7, b"-") && mark(10, b"T t") && mark(13, b":") && mark(16, b":")) {
        return None;
    }
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let (micros, rest) = match b.get(19) {
        Some(b'.' | b',') => {
            let digits = b.get(20..)?.iter().take_while(|c| c.is_ascii_digit()).count();
            let six =
                (0..6).map(|n| if n < digits { b.get(20 + n).map_or(0, |c| i64::from(c - b'0')) } else { 0 });
            (six.fold(0, |n, d| n * 10 + d), b.get(20 + digits..)?)
        }
        _ => (0, b.get(19..)?),
    };
    let shift = match rest {
        [] | b"Z" | b"z" => 0,
        [sign @ (b'+' | b'-'), h1, h2, more @ ..] => {
            let m: &[u8] = more.strip_prefix(b":").unwrap_or(more);
            let two = |a: u8, b: u8| {
                (a.is_ascii_digit() && b.is_ascii_digit())
                    .then(|| i64::from(a - b'0') * 10 + i64::from(b - b'0'))
            };
            let minutes = match m {
                [] => 0,
                [a, b] => two(*a, *b)?,
                _ => return None,
            };
            let all = two(*h1, *h2)? * 60 + minutes;
            if *sign == b'-' { -all } else { all }
        }
        _ => return None,
    };
    // days since 1970 by the proleptic Gregorian calendar, years that begin in March
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let yoe = y.rem_euclid(400);
    let doy = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = era * 146_097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719_468;
    let seconds = days * 86_400 + hour * 3600 + minute * 60 + second - shift * 60;
    seconds.checked_mul(1_000_000)?.checked_add(micros)
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn forms_of_a_time() {
        for (text, want) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2023-11-14T22:13:20.5Z", 1_700_000_000_500_000),
            ("2023-11-14 22:13:20.123456789", 1_700_000_000_123_456),
            ("2023-11-15T00:13:20.000001+0200", 1_700_000_000_000_001),
            ("2023-11-14T20:43:20-01:30", 1_700_000_000_000_000),
            ("2024-02-29T12:00:00Z", 1_709_208_000_000_000),
        ] {
            assert_eq!(parse(text), Some(want), "{text}");
        }
    }

    #[test]
    fn what_is_no_time() {
        for text in [
            "",
            "2023",
            "2023-13-01T00:00:00Z",
            "2023-11-14T25:00:00Z",
            "2023-11-14T22:13:20+2",
            "x023-11-14T22:13:20",
            "2023-11-14T22:13:20Zjunk",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
