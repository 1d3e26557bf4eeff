//! Counters that run at their own pace: how many of them made a series of (time, value) points.
//!
//! A stack counts its TCP timestamps (RFC 7323, 5.4: 1 ms to 1 s a tick) and often its IP
//! identifications. Points of one counter lie on one line; two interleaved lines behind one address
//! are two hosts. Values made at random fit no line and are no sign.

use super::since;
use crate::model::Micros;
use serde::{Deserialize, Serialize};

/// Lines followed at a time; the one with the fewest points gives way.
const MAX_LINES: usize = 4;
/// Points that make a line believable.
const BELIEVED: u32 = 4;

/// Bounds of a kind of counter.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Greatest value; it wraps there.
    pub mask: u32,
    /// Most ticks a second.
    pub fastest: i64,
    /// Ticks a point may lie beside its line.
    pub slack: i64,
    /// Longest time between two points of one line, in microseconds.
    pub patience: Micros,
    /// It goes on at one pace, so that its line is straight.
    pub steady: bool,
}

/// TCP timestamps: 1,000 ticks a second are the fastest in use.
pub const TIMESTAMPS: Pace =
    Pace { mask: u32::MAX, fastest: 1100, slack: 300, patience: 3_600_000_000, steady: true };
/// IP identifications: one a packet sent.
pub const IDENTIFICATIONS: Pace =
    Pace { mask: 0xffff, fastest: 200, slack: 20, patience: 20_000_000, steady: false };

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Line {
    begun: (Micros, u32),
    last: (Micros, u32),
    points: u32,
}

/// See the module.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Lines {
    lines: Vec<Line>,
    points: u32,
    /// Points that began a line because they fit none.
    strange: u32,
}

impl Line {
    fn takes(&self, pace: &Pace, time: Micros, value: u32) -> bool {
        let waited = since(time, self.last.0);
        if waited > pace.patience {
            return false;
        }
        let ahead = i64::from(value.wrapping_sub(self.last.1) & pace.mask);
        let ticks = |span: Micros| pace.fastest.saturating_mul(span) / 1_000_000;
        if ahead > ticks(waited).saturating_add(pace.slack) {
            return false;
        }
        let run = since(self.last.0, self.begun.0);
        if !pace.steady || self.points < 2 || run < 1_000_000 {
            return true;
        }
        // where its pace so far would have brought it
        let gone = i64::from(self.last.1.wrapping_sub(self.begun.1));
        let expected = (i128::from(gone) * i128::from(waited) / i128::from(run)) as i64;
        ahead.abs_diff(expected) <= (pace.slack as u64).saturating_add(expected.unsigned_abs() / 10)
    }
}

impl Lines {
    pub fn add(&mut self, pace: &Pace, time: Micros, value: u32) {
        self.points = self.points.saturating_add(1);
        // the nearest line behind the point takes it
        let near = |l: &&mut Line| value.wrapping_sub(l.last.1) & pace.mask;
        let line = self.lines.iter_mut().filter(|l| l.takes(pace, time, value)).min_by_key(near);
        if let Some(line) = line {
            line.last = (time, value);
            line.points = line.points.saturating_add(1);
            return;
        }
        self.strange = self.strange.saturating_add(1);
        let line = Line { begun: (time, value), last: (time, value), points: 1 };
        if self.lines.len() < MAX_LINES {
            self.lines.push(line);
        } else if let Some(least) = self.lines.iter_mut().min_by_key(|l| (l.points, l.last.0)) {
            *least = line;
        }
    }

    /// Counters that ran at the same time, where nearly all points lie on lines; else 1.
    pub fn counters(&self) -> u32 {
        let believed: Vec<&Line> = self.lines.iter().filter(|l| l.points >= BELIEVED).collect();
        if self.strange.saturating_sub(believed.len() as u32).saturating_mul(5) > self.points {
            return 1;
        }
        let together = |a: &Line| {
            believed.iter().filter(|b| a.begun.0 <= b.last.0 && b.begun.0 <= a.last.0).count() as u32
        };
        believed.iter().map(|l| together(l)).max().unwrap_or(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn run(points: &[(i64, u32)]) -> u32 {
        let mut lines = Lines::default();
        for (ms, value) in points {
            lines.add(&TIMESTAMPS, ms * 1000, *value);
        }
        lines.counters()
    }

    #[test]
    fn one_clock_is_one() {
        assert_eq!(run(&(0..40).map(|i| (i * 700, 5_000 + i as u32 * 700)).collect::<Vec<_>>()), 1);
        // a restart begins a new line after the old one
        let again = (0..20).map(|i| (i * 700, 900_000 + i as u32 * 700));
        let again = again.chain((20..40).map(|i| (i * 700, (i as u32 - 19) * 700)));
        assert_eq!(run(&again.collect::<Vec<_>>()), 1);
    }

    #[test]
    fn two_clocks_are_two() {
        let points = (0..40).map(|i| {
            let ms = i * 700;
            if i % 2 == 0 { (ms, 5_000 + ms as u32) } else { (ms, 4_000_000_000 + ms as u32 / 4) }
        });
        assert_eq!(run(&points.collect::<Vec<_>>()), 2);
    }

    #[test]
    fn chance_is_no_clock() {
        let mut x = 7u32;
        let points = (0..200).map(|i| {
            x = x.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (i * 400, x)
        });
        assert_eq!(run(&points.collect::<Vec<_>>()), 1);
    }

    proptest! {
        #[test]
        fn any_points(points in proptest::collection::vec((any::<i64>(), any::<u32>()), 0..60)) {
            let mut lines = Lines::default();
            for (time, value) in points {
                lines.add(&TIMESTAMPS, time, value);
                lines.add(&IDENTIFICATIONS, time, value & 0xffff);
                prop_assert!(lines.counters() >= 1);
            }
        }
    }
}
