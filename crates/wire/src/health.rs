//! What devices say of themselves: the time on their own clock, and that something is wrong with them.
//!
//! A probe hands over every time and every fault it reads ([`Cx::says_time`], [`Cx::says_fault`]); an
//! event is made where a clock is known, jumped or drifted, and where a fault comes up.

use crate::cx::Cx;
use crate::model::{HostAddr, Micros, Side, Val};
use crate::protocols::iec61850::time_text;
use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;
use std::hash::BuildHasher;

/// Devices of a shard whose clocks and faults are followed.
const MAX: usize = 4096;
/// Times that must agree on another offset before that is what the clock shows.
const AGREE: u8 = 3;
/// Only times so far apart confirm each other: what was stored during an outage comes at once.
const APART: Micros = 1_000_000;
/// A slow drift is told whenever it came so far.
const DRIFT: Micros = 30_000_000;
/// A fault that comes and goes is told once in this time.
const ONCE: Micros = 600_000_000;

/// Whose clock or fault: VLAN, address, hash of protocol, unit and kind.
type Key = (u16, HostAddr, u64);

/// A clock as its offset to packet time.
#[derive(Clone, Copy, Debug, Default)]
struct Drift {
    steady: Option<Micros>,
    told: Micros,
    candidate: Micros,
    agreed: u8,
    last: Micros,
}

/// What is told of a clock: its offset, and that before where it jumped.
type Told = (Micros, Option<Micros>);

impl Drift {
    /// Takes the offset seen at a time; `slack` is how much of it is the way it took.
    fn take(&mut self, at: Micros, offset: Micros, slack: Micros) -> Option<Told> {
        let near = |a: Micros| offset.saturating_sub(a).saturating_abs() <= slack;
        if let Some(steady) = self.steady.filter(|s| near(*s)) {
            self.agreed = 0;
            let steady = steady.saturating_add(offset.saturating_sub(steady) / 8);
            self.steady = Some(steady);
            if steady.saturating_sub(self.told).saturating_abs() > DRIFT.max(slack) {
                self.told = steady;
                return Some((steady, None));
            }
            return None;
        }
        if self.agreed > 0 && near(self.candidate) {
            if at.saturating_sub(self.last) < APART {
                return None;
            }
            self.agreed += 1;
        } else {
            (self.candidate, self.agreed) = (offset, 1);
        }
        self.last = at;
        if self.agreed < AGREE {
            return None;
        }
        (self.agreed, self.told) = (0, self.candidate);
        Some((self.candidate, self.steady.replace(self.candidate)))
    }
}

/// Clocks and faults of one shard. Bounded; what does not fit is counted.
#[derive(Default)]
pub(crate) struct Health {
    clocks: HashMap<Key, Drift, FxBuildHasher>,
    /// Whether the fault is there, and when it was told.
    faults: HashMap<Key, (bool, Micros), FxBuildHasher>,
}

impl Cx<'_> {
    fn health_key(&self, side: Side, unit: &str, what: &'static str) -> Key {
        (self.flow.vlan, self.end(side).addr, FxBuildHasher.hash_one((self.protocol, unit, what)))
    }

    /// The time on the clock of `side` (its station `unit`, empty if it has none), as a message of now
    /// shows it; it may be up to `slack` old or wrong without meaning anything.
    pub(crate) fn says_time(&mut self, side: Side, unit: &str, time: Micros, slack: Micros) {
        if !self.wants_events() {
            return;
        }
        let key = self.health_key(side, unit, "");
        let clocks = &mut self.obs.health.clocks;
        if clocks.len() >= MAX && !clocks.contains_key(&key) {
            return self.obs.count("device_clocks");
        }
        let now = self.at.time;
        let Some((offset, before)) =
            clocks.entry(key).or_default().take(now, time.saturating_sub(now), slack)
        else {
            return;
        };
        let seconds = |us: Micros| Val::Float(us as f64 / 1e6);
        let mut f = self.said(unit);
        f.push(("ot.device.time", Val::from(time_text(time))));
        f.push(("ot.device.clock_offset", seconds(offset)));
        if let Some(before) = before {
            f.push(("ot.device.clock_before", seconds(before)));
        }
        crate::events::plain(self, side, "device-clock", "info", f);
    }

    /// `side` says of itself that something is wrong, or (`is` false) that it is not.
    pub(crate) fn says_fault(&mut self, side: Side, unit: &str, what: &'static str, is: bool) {
        if !self.wants_events() {
            return;
        }
        let (key, now) = (self.health_key(side, unit, what), self.at.time);
        let faults = &mut self.obs.health.faults;
        let full = faults.len() >= MAX;
        let tell = match faults.get_mut(&key) {
            Some((there, told)) => {
                let was = std::mem::replace(there, is);
                let rises = is && !was && now.saturating_sub(*told) >= ONCE;
                *told = if rises { now } else { *told };
                rises
            }
            None if !is => return,
            None if full => return self.obs.count("device_faults"),
            None => faults.insert(key, (true, now)).is_none(),
        };
        if tell {
            let mut f = self.said(unit);
            f.push(("ot.device.fault", Val::Static(what)));
            crate::events::plain(self, side, "device-fault", "error", f);
        }
    }

    fn said(&self, unit: &str) -> Vec<(&'static str, Val)> {
        let unit = (!unit.is_empty()).then(|| ("ot.unit", Val::from(unit)));
        unit.into_iter().collect()
    }
}

/// A date of the Gregorian calendar and a time of day (UTC), in microseconds since 1970; `None` where
/// there is no such.
pub(crate) fn moment(date: (i64, i64, i64), time: (i64, i64, i64), micros: i64) -> Option<Micros> {
    let ((year, month, day), (hour, minute, second)) = (date, time);
    let fits = (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && (0..24).contains(&hour)
        && (0..60).contains(&minute)
        && (0..=60).contains(&second);
    if !fits || !(0..10_000).contains(&year) {
        return None;
    }
    // days since 0000-03-01: the leap day is the last of a year
    let (y, m) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let (era, yoe) = (y.div_euclid(400), y.rem_euclid(400));
    let days = era * 146_097 + yoe * 365 + yoe / 4 - yoe / 100 + (153 * m + 2) / 5 + day - 1 - 719_468;
    Some(((days * 24 + hour) * 60 + minute) * 60_000_000 + second * 1_000_000 + micros)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SECOND: Micros = 1_000_000;

    fn run(samples: &[(Micros, Micros)], slack: Micros) -> Vec<Told> {
        let mut d = Drift::default();
        samples.iter().filter_map(|(at, offset)| d.take(at * SECOND, offset * SECOND, slack)).collect()
    }

    #[test]
    fn a_clock_is_known_after_three_times_and_its_jump_after_three_more() {
        let steady: Vec<_> = (0..10).map(|i| (i * 10, i % 2)).collect();
        assert_eq!(run(&steady, 2 * SECOND), [(0, None)]);
        let jump: Vec<_> = (0..20).map(|i| (i * 10, if i < 10 { 0 } else { 3600 })).collect();
        assert_eq!(run(&jump, 2 * SECOND), [(0, None), (3600 * SECOND, Some(0))]);
        // one wrong time is none
        let odd: Vec<_> = (0..20).map(|i| (i * 10, if i == 10 { -9000 } else { 5 })).collect();
        assert_eq!(run(&odd, 2 * SECOND), [(5 * SECOND, None)]);
    }

    #[test]
    fn what_was_stored_and_comes_at_once_is_no_jump() {
        let mut d = Drift::default();
        let known = (0..5).filter_map(|i| d.take(i * 10 * SECOND, 0, 2 * SECOND));
        assert_eq!(known.count(), 1);
        let at = 100 * SECOND;
        let stored = (0..50).filter_map(|i| d.take(at + i, -60 * SECOND + i * SECOND / 10, 2 * SECOND));
        assert_eq!(stored.count(), 0);
        assert_eq!(d.take(at + SECOND, 0, 2 * SECOND), None);
    }

    #[test]
    fn a_slow_drift_is_told_by_the_half_minute() {
        let told = run(&(0..2000).map(|i| (i, i / 20)).collect::<Vec<_>>(), 2 * SECOND);
        assert!((3..=5).contains(&told.len()) && told.iter().all(|t| t.1.is_none()), "{told:?}");
    }

    proptest! {
        #[test]
        fn moments_are_those_that_are_written(t in -62_000_000_000_000_000i64..253_000_000_000_000_000) {
            let text = time_text(t);
            let n = |from: usize, to: usize| text[from..to].parse::<i64>().expect("digits");
            let back = moment((n(0, 4), n(5, 7), n(8, 10)), (n(11, 13), n(14, 16), n(17, 19)), n(20, 26));
            prop_assert_eq!(back, Some(t));
        }
        #[test]
        fn no_time_is_too_odd(samples in prop::collection::vec((any::<i64>(), any::<i64>()), 0..20)) {
            let mut d = Drift::default();
            let told = samples.iter().filter_map(|(at, offset)| d.take(*at, *offset, 5)).count();
            prop_assert!(told * usize::from(AGREE) <= samples.len().max(3) * 3);
        }
    }
}
