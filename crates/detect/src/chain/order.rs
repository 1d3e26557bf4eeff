//! Alerts in the order of (time, id), though they come a little out of it.

use super::Counters;
use super::alert::Alert;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Alerts that wait until nothing earlier can come.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Queue {
    waiting: BTreeMap<(i64, Box<str>, u64), Alert>,
    /// Newest time seen.
    newest: Option<i64>,
    /// Alerts without an id keep the order they came in.
    serial: u64,
}

impl Queue {
    pub fn push(&mut self, alert: Alert, lateness: i64, counters: &mut Counters) {
        let newest = self.newest.map_or(alert.time, |n| n.max(alert.time));
        self.newest = Some(newest);
        if alert.time < newest.saturating_sub(lateness) {
            counters.late += 1;
        }
        let serial = if alert.id.is_empty() {
            self.serial = self.serial.wrapping_add(1);
            self.serial
        } else {
            0
        };
        let key = (alert.time, alert.id.clone(), serial);
        if self.waiting.insert(key, alert).is_some() {
            counters.repeated += 1;
        }
    }

    /// Time is so far, though no alert says it.
    pub fn pass(&mut self, now: i64) {
        self.newest = self.newest.map(|newest| newest.max(now));
    }

    /// The earliest, if it has waited long enough or there are too many.
    pub fn pop(&mut self, lateness: i64, most: usize, counters: &mut Counters) -> Option<Alert> {
        let bound = self.newest?.saturating_sub(lateness);
        let full = self.waiting.len() > most;
        let first = self.waiting.first_entry().filter(|e| full || e.key().0 < bound)?;
        counters.hurried += u64::from(full && first.key().0 >= bound);
        Some(first.remove())
    }

    /// The earliest, whether or not earlier ones may come.
    pub fn pop_any(&mut self) -> Option<Alert> {
        Some(self.waiting.pop_first()?.1)
    }

    pub fn len(&self) -> usize {
        self.waiting.len()
    }
}
