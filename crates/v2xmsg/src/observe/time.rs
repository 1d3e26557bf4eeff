//! Moments that messages give in part.

use super::Clock;

/// POSIX time of 2004-01-01 UTC, s.
const START_2004: f64 = 1_072_915_200.0;

/// The moment nearest to the receipt that lies `ms` past a full minute of UTC; NaN where it is not said.
pub(super) fn in_minute(ms: u16, clock: Clock) -> f64 {
    if ms > 60_999 { f64::NAN } else { nearest(clock.received * 1e3, ms, 60_000.0) / 1e3 }
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
    let tai = (clock.received - START_2004 + clock.tai_ahead) * 1e3;
    posix(nearest(tai, ms, 65_536.0), clock)
}

/// POSIX time of a whole count of TAI since 2004, in ms.
pub(super) fn since_2004(ms: u64, clock: Clock) -> f64 {
    posix(ms as f64, clock)
}

fn posix(tai: f64, clock: Clock) -> f64 {
    tai / 1e3 + START_2004 - clock.tai_ahead
}

/// The number of ms nearest to `near` that is `rest` modulo `cycle`.
fn nearest(near: f64, rest: u16, cycle: f64) -> f64 {
    let rest = f64::from(rest);
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
