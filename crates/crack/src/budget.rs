//! How much work a run may do.

use std::time::{Duration, Instant};

/// Units of work a second of a usual core is taken for: see [`crate::Cost`].
pub const UNITS_PER_SECOND: u64 = 10_000_000;

/// Work that is allowed: in units, so that a run does the same on every machine, and by the clock.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    /// Units for all lines together.
    pub total: u64,
    /// Units for each line.
    pub each: u64,
    /// Where a machine is so slow that units last too long, this ends the run.
    pub until: Option<Instant>,
    /// Threads that try words at the same time.
    pub threads: usize,
}

impl Budget {
    /// `seconds` of a usual core in all, a quarter of it for a line. The clock allows five times that.
    pub fn seconds(seconds: f64, threads: usize) -> Budget {
        let seconds = if seconds.is_finite() { seconds.clamp(0.0, 1e6) } else { 0.0 };
        let total = (seconds * UNITS_PER_SECOND as f64) as u64;
        Budget {
            total,
            each: total / 4,
            until: Instant::now().checked_add(Duration::from_secs_f64(seconds * 5.0 + 1.0)),
            threads: threads.clamp(1, 64),
        }
    }

    pub fn over(&self) -> bool {
        self.until.is_some_and(|until| Instant::now() >= until)
    }
}
