//! Time32 and Time64: seconds and microseconds of TAI since 2004-01-01T00:00:00 UTC (IEEE 1609.2, 6.3.11).
//!
//! UTC's leap seconds since then are counted, so the numbers run ahead of POSIX time. Whether YD/T 3957 does
//! that is not confirmed by a public text: [`Scale::Utc`] leaves them out.

/// 2004-01-01T00:00:00 UTC in POSIX time.
const EPOCH: i64 = 1_072_915_200;

/// Days after which a leap second was added, as POSIX times of the following midnight.
const LEAPS: &str = include_str!("leap.txt");

/// Whether leap seconds are counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scale {
    #[default]
    Tai,
    Utc,
}

/// Turns times.
#[derive(Clone, Debug)]
pub struct Clock {
    scale: Scale,
    leaps: Vec<i64>,
}

impl Default for Clock {
    fn default() -> Clock {
        Clock::new(Scale::Tai)
    }
}

impl Clock {
    /// With the leap seconds known when the program was made.
    pub fn new(scale: Scale) -> Clock {
        Clock::with_leaps(scale, LEAPS)
    }

    /// With other leap seconds: a POSIX time a line; what follows `#` is not read.
    pub fn with_leaps(scale: Scale, text: &str) -> Clock {
        let number = |line: &str| line.split('#').next().and_then(|n| n.trim().parse().ok());
        Clock { scale, leaps: text.lines().filter_map(number).collect() }
    }

    /// Microseconds of POSIX time of a Time64. In a leap second it is that of the second after it.
    pub fn posix(&self, time64: u64) -> i64 {
        let seconds = (time64 / 1_000_000) as i64;
        let mut posix = EPOCH + seconds;
        if self.scale == Scale::Tai {
            let passed = (0i64..).zip(&self.leaps).take_while(|(n, leap)| posix - n > **leap).count();
            posix -= passed as i64;
        }
        posix.saturating_mul(1_000_000).saturating_add((time64 % 1_000_000) as i64)
    }

    /// Time64 of microseconds of POSIX time; 0 before 2004.
    pub fn time64(&self, posix: i64) -> u64 {
        let seconds = posix.div_euclid(1_000_000);
        let mut its = seconds - EPOCH;
        if self.scale == Scale::Tai {
            its += self.leaps.iter().filter(|leap| **leap <= seconds).count() as i64;
        }
        match u64::try_from(its) {
            Ok(its) => its.saturating_mul(1_000_000).saturating_add(posix.rem_euclid(1_000_000) as u64),
            Err(_) => 0,
        }
    }

    /// Time32 of seconds of POSIX time; 0 before 2004, the last one after 2140.
    pub fn time32(&self, posix: i64) -> u32 {
        u32::try_from(self.time64(posix.saturating_mul(1_000_000)) / 1_000_000).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leap_seconds_are_counted() {
        let clock = Clock::default();
        assert_eq!(clock.time32(EPOCH), 0);
        // 2005-12-31T23:59:59, and the second after the leap second that followed
        assert_eq!(clock.time32(1_136_073_599), 63_158_399);
        assert_eq!(clock.time32(1_136_073_600), 63_158_401);
        // 2020-09-25T02:04:45 UTC is five seconds ahead
        assert_eq!(clock.time32(1_600_999_485), (1_600_999_485 - EPOCH) as u32 + 5);
        assert_eq!(Clock::new(Scale::Utc).time32(1_600_999_485), (1_600_999_485 - EPOCH) as u32);
    }

    #[test]
    fn there_and_back() {
        for scale in [Scale::Tai, Scale::Utc] {
            let clock = Clock::new(scale);
            for leap in clock.leaps.clone() {
                for second in leap - 3..leap + 4 {
                    let posix = second * 1_000_000 + 17;
                    assert_eq!(clock.posix(clock.time64(posix)), posix, "{second}");
                }
            }
        }
        assert_eq!(Clock::default().time64(0), 0);
        assert!(Clock::default().posix(u64::MAX) > 0);
    }
}
