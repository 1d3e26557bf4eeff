//! Clocks. All of them run on event time, and none of them goes back.

use sentinel_wire::model::Micros;
use serde::{Deserialize, Serialize};

pub const SECOND: Micros = 1_000_000;
pub const MINUTE: Micros = 60 * SECOND;
pub const HOUR: Micros = 60 * MINUTE;
/// Ticks of event time: multiples of this.
pub const TICK: Micros = 10 * SECOND;
/// Longest silence of everything that counts as watched. Longer ones say that nobody watched (a
/// gap between captures, a port without traffic), not that all devices are gone. Above the 60 s
/// in which events of monitoring are summed.
const WATCHED: Micros = 90 * SECOND;
/// The same for learning: an hour without any event teaches nothing more.
const LEARNED: Micros = HOUR;

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Clock {
    /// Latest event time; `None` before the first event.
    pub wall: Option<Micros>,
    /// Time that was watched: wall time without long silences.
    pub watch: Micros,
    /// Time that was learned from.
    pub learned: Micros,
}

impl Clock {
    /// Moves on to the time of an event.
    pub fn go(&mut self, time: Micros) {
        let Some(wall) = self.wall else {
            self.wall = Some(time);
            return;
        };
        let step = time.saturating_sub(wall);
        if step > 0 {
            self.wall = Some(time);
            self.watch = self.watch.saturating_add(step.min(WATCHED));
            self.learned = self.learned.saturating_add(step.min(LEARNED));
        }
    }
    /// Watched time of an event time that may lie back (summed events come up to a minute late).
    pub fn watched(&self, time: Micros) -> Micros {
        let back = self.wall.map_or(0, |w| w.saturating_sub(time)).clamp(0, 2 * MINUTE);
        self.watch.saturating_sub(back)
    }
}

/// Hour of the week of a time in UTC, 0 is Monday 00-01.
pub fn hour_of_week(time: Micros) -> u8 {
    // 1970-01-01 was a Thursday: hour 72 of the week
    ((time.div_euclid(HOUR).saturating_add(72)).rem_euclid(168)) as u8
}
