//! Moments that messages give in part.

use super::Clock;

/// POSIX time of 2004-01-01 UTC, s.
const START_2004: f64 = 1_072_915_200.0;

/// The moment nearest to the receipt that lies `ms` past a full minute of UTC; NaN where it is not said.
pub(super) fn in_minute(ms: u16, clock: Clock) -> f64 {
    if ms > 60_999 { f64::NAN } else { nearest(clock.received, f64::from(ms) / 1e3, 60.0) }
}

/// The moment nearest to the receipt that lies so many minutes into a year of UTC, and `ms` into the
/// minute; NaN where it is not said.
pub(super) fn in_year(minute: u32, ms: Option<u16>, clock: Clock) -> f64 {
    let ms = ms.unwrap_or(0);
    if minute >= 527_040 || ms > 60_999 || !clock.received.is_finite() {
        return f64::NAN;
    }
    let past = f64::from(minute) * 60.0 + f64::from(ms) / 1e3;
    let year = year_of(clock.received);
    [year - 1, year, year + 1]
        .map(|year| start_of(year) + past)
        .into_iter()
        .min_by(|a, b| (a - clock.received).abs().total_cmp(&(b - clock.received).abs()))
        .unwrap_or(f64::NAN)
}

/// The moment nearest to the receipt whose count of TAI since 2004 is `ms` modulo 65536.
pub(super) fn in_cycle(ms: u16, clock: Clock) -> f64 {
    let tai = clock.received - START_2004 + clock.tai_ahead;
    nearest(tai, f64::from(ms) / 1e3, 65.536) + START_2004 - clock.tai_ahead
}

/// POSIX time of a whole count of TAI since 2004, in ms.
pub(super) fn since_2004(ms: u64, clock: Clock) -> f64 {
    ms as f64 / 1e3 + START_2004 - clock.tai_ahead
}

/// The number nearest to `near` that is `rest` modulo `cycle`.
fn nearest(near: f64, rest: f64, cycle: f64) -> f64 {
    rest + ((near - rest) / cycle).round() * cycle
}

/// POSIX time of the start of a year of the Gregorian calendar, s.
fn start_of(year: i64) -> f64 {
    let before = year - 1;
    let days = before * 365 + before / 4 - before / 100 + before / 400 - 719_162;
    days as f64 * 86_400.0
}

/// Year of the Gregorian calendar, within 1970-9999.
fn year_of(time: f64) -> i64 {
    let guess = (1970.0 + time / 31_556_952.0).clamp(1970.0, 9999.0) as i64;
    if start_of(guess) > time {
        guess - 1
    } else if start_of(guess + 1) <= time {
        guess + 1
    } else {
        guess
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(received: f64) -> Clock {
        Clock { received, tai_ahead: 5.0 }
    }

    #[test]
    fn years_start_where_the_calendar_says() {
        for (year, start) in [(1970, 0), (2000, 946_684_800), (2004, 1_072_915_200), (2026, 1_767_225_600)] {
            assert_eq!(start_of(year), f64::from(start));
            assert_eq!(year_of(f64::from(start)), year);
            assert_eq!(year_of(f64::from(start) - 0.5), year - 1);
        }
    }

    #[test]
    fn the_open_part_is_nearest_to_the_receipt() {
        let minute = 1_767_225_600.0;
        assert_eq!(in_minute(59_900, at(minute + 0.05)), minute - 0.1);
        assert_eq!(in_minute(100, at(minute - 0.05)), minute + 0.1);
        assert!(in_minute(65_535, at(minute)).is_nan());
        assert_eq!(in_year(527_039 - 1440, Some(59_000), at(minute + 1.0)), minute - 1.0);
        assert_eq!(in_year(0, None, at(minute - 1.0)), minute);
        assert!(in_year(527_040, None, at(minute)).is_nan());
    }

    #[test]
    fn counts_of_tai_come_back() {
        let time = 1_767_225_600.25;
        let count = ((time - START_2004 + 5.0) * 1e3).round() as u64;
        assert_eq!(since_2004(count, at(0.0)), time);
        for off in [-32.0, -0.3, 0.0, 0.3, 32.0] {
            assert!((in_cycle((count % 65_536) as u16, at(time + off)) - time).abs() < 1e-6);
        }
    }
}
