//! The rhythm in which a terminal is polled: how long its silences usually are.

use crate::context::clock::{MINUTE, SECOND};
use crate::context::settings::Availability;
use sentinel_wire::model::Micros;
use serde::{Deserialize, Serialize};

/// Gaps remembered.
const GAPS: usize = 16;
/// Polls that make a rhythm.
const POLLS: u32 = 30;
/// Most that the second longest gap may be above the median: people and bursts are above it.
const SPREAD: u32 = 12;
/// Summed events of monitoring come up to a minute late, and the tick that looks at it.
const SUMMED: Micros = 75 * SECOND;

/// Where the last sign of life stands, for evidence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    pub id: u128,
    pub frame: u64,
    pub source: u32,
    pub time: Micros,
}

/// Times are of the watch clock.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Rhythm {
    /// The last gaps in milliseconds, a ring.
    gaps: [u32; GAPS],
    filled: u8,
    at: u8,
    polls: u32,
    /// Begin of the run without a break.
    begun: Micros,
    /// Last answer; for one-way traffic the last message.
    pub last: Micros,
    /// Requests since, and the last of them.
    pub asks: u32,
    pub asked: Micros,
    /// Its events are summed by the minute.
    summed: bool,
    /// It waits in the list of timers.
    pub armed: bool,
    /// Its silence was told; the next answer ends that.
    pub told: bool,
    pub evidence: Evidence,
}

impl Rhythm {
    fn push(&mut self, gap: Micros) {
        let ms = u32::try_from(gap / 1000).unwrap_or(u32::MAX).max(1);
        if let Some(slot) = self.gaps.get_mut(usize::from(self.at)) {
            *slot = ms;
        }
        self.at = (self.at + 1) % GAPS as u8;
        self.filled = (self.filled + 1).min(GAPS as u8);
    }
    /// Answers came: `count` of them between `start` and `end`.
    pub fn active(&mut self, start: Micros, end: Micros, count: u32, factor: u32) {
        let fresh = self.polls == 0;
        let gap = start.saturating_sub(self.last);
        if fresh {
            self.begun = start;
        } else if gap > 0 {
            if self.allowed(factor, 0).is_some_and(|most| gap > most) {
                self.begun = start; // it was gone, or has become slower: the run begins anew
            }
            self.push(gap);
        }
        if count > 1 && end > start {
            self.push((end - start) / Micros::from(count - 1));
        }
        self.summed |= count > 0;
        self.polls = self.polls.saturating_add(count.max(1));
        self.last = self.last.max(end);
        self.asks = 0;
        self.told = false;
    }
    /// Requests came that nobody has answered yet.
    pub fn ask(&mut self, time: Micros, count: u32) {
        self.asks = self.asks.saturating_add(count.max(1));
        self.asked = self.asked.max(time);
    }
    /// Median gap and the second longest, in milliseconds, once there is a rhythm.
    fn spread(&self) -> Option<(u32, u32)> {
        if self.polls < POLLS || usize::from(self.filled) < GAPS / 2 {
            return None;
        }
        let mut sorted = self.gaps;
        let used = sorted.get_mut(..usize::from(self.filled))?;
        used.sort_unstable();
        let median = *used.get(used.len() / 2)?;
        let second = *used.get(used.len().checked_sub(2)?)?;
        (second <= median.saturating_mul(SPREAD)).then_some((median, second))
    }
    /// Usual time between polls in microseconds.
    pub fn period(&self) -> Option<Micros> {
        self.spread().map(|(median, _)| Micros::from(median) * 1000)
    }
    fn allowed(&self, polls: u32, least: Micros) -> Option<Micros> {
        let (median, second) = self.spread()?;
        let by_period = Micros::from(median) * 1000 * Micros::from(polls);
        let by_longest = Micros::from(second) * 2500;
        let late = if self.summed { SUMMED } else { 5 * SECOND };
        Some(by_period.max(by_longest).max(least) + late)
    }
    /// Longest silence that is nothing: `None` where there is no rhythm. `doublings`: how often it
    /// has been wrong or down before.
    pub fn patience(&self, set: &Availability, doublings: u8) -> Option<Micros> {
        let least = (set.least.max(1.0) * SECOND as f64) as Micros;
        self.allowed(set.polls.max(2), least).map(|a| a.saturating_mul(1 << doublings.min(4)))
    }
    /// Watching was interrupted: the gaps are kept, the run begins anew.
    pub fn pause(&mut self, now: Micros) {
        (self.last, self.begun, self.asks, self.armed, self.told) = (now, now, 0, false, false);
    }
    /// How long the rhythm has held.
    pub fn held(&self) -> Micros {
        self.last.saturating_sub(self.begun)
    }
    /// Requests without an answer that mean something.
    pub fn enough(&self) -> u32 {
        if self.period().is_some_and(|p| p > MINUTE) { 2 } else { 3 }
    }
}
