//! All correlations of a rule set, fed with events in order.

use super::{Detection, Fields, Firing, Limits, Refusal, Rule};
use sentinel_wire::model::Micros;

/// One event of a batch: when, which, and the handles of the detections it matched.
#[derive(Clone, Copy, Debug)]
pub struct Item<'a, F> {
    pub time: Micros,
    pub id: u128,
    pub hits: &'a [u32],
    pub event: &'a F,
}

/// What was counted, over all rules.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Groups and events held now.
    pub groups: u64,
    pub entries: u64,
    /// Groups dropped under a bound.
    pub evicted_groups: u64,
    /// Events dropped from windows under a bound.
    pub dropped_entries: u64,
    /// Events older than what was already processed: not correlated.
    pub late: u64,
    /// Values that are no number where one is asked for, or beyond 2^100.
    pub not_numeric: u64,
    /// Lists cut at 64 elements.
    pub cut_lists: u64,
    pub firings: u64,
}

/// What a restore took over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Restored {
    /// Handles of correlations that go on where they were.
    pub kept: Vec<u32>,
    /// Handles of those that are new or changed and start anew.
    pub anew: Vec<u32>,
}

/// All correlations of a rule set.
#[derive(Debug)]
pub struct Correlator {
    rules: Vec<Rule>,
    silent: Vec<u32>,
}

impl Correlator {
    /// Handles: a detection's is its place in `detections`, a correlation's is the number of detections plus its place
    /// in `rules`. Refused rules keep their handle and never fire.
    pub fn new(
        rules: Vec<Rule>,
        _detections: &[Detection<'_>],
        _limits: Limits,
    ) -> (Correlator, Vec<Refusal>) {
        (Correlator { rules, silent: Vec::new() }, Vec::new())
    }
    /// The correlation of a handle.
    pub fn rule(&self, handle: u32) -> Option<&Rule> {
        self.rules.get(handle as usize)
    }
    /// Handles of detections and correlations that do not alert by themselves (`generate`), ascending.
    pub fn silent(&self) -> &[u32] {
        &self.silent
    }
    /// An event and the detections it matched. Events come in order of (time, id).
    pub fn feed<F: Fields>(
        &mut self,
        _time: Micros,
        _id: u128,
        _hits: &[u32],
        _event: &F,
        _out: &mut Vec<Firing>,
    ) {
    }
    /// The same for many events, one thread a shard.
    pub fn feed_batch<F: Fields + Sync>(&mut self, _items: &[Item<'_, F>], _out: &mut Vec<Firing>) {}
    /// No event before `watermark` will come: windows that ended before it are judged.
    pub fn advance(&mut self, _watermark: Micros, _out: &mut Vec<Firing>) {}
    /// No event will come any more: windows that ended by the last event's time are judged, no others.
    pub fn finish(&mut self, _out: &mut Vec<Firing>) {}
    pub fn snapshot(&self) -> Vec<u8> {
        Vec::new()
    }
    pub fn restore(&mut self, _snapshot: &[u8]) -> Result<Restored, String> {
        Ok(Restored::default())
    }
    pub fn counters(&self) -> Counters {
        Counters::default()
    }
    /// Bytes held, by formula.
    pub fn memory(&self) -> usize {
        0
    }
}
