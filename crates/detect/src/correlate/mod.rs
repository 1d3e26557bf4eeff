//! Sigma correlation: counts, distinct counts, sums and sequences of events that rules matched.
//!
//! Of our own and exact: event time in microseconds, windows that include both ends, nothing rescanned, every table
//! bounded and every loss counted. What a rule means is said once, in `docs/concepts/correlation.md`; the
//! source is the Sigma correlation specification 2.1 with the conditions of SEP 198.
//!
//! The way of an event: [`Reorder`] puts events in order of (time, id), detection says which rules matched,
//! [`Correlator::feed`] takes both and gives [`Firing`]s.

mod bound;
mod correlator;
mod expr;
mod key;
mod measure;
mod order;
mod parse;
mod part;
mod plan;
mod reorder;
mod rule;
mod table;
mod values;

pub use correlator::{Correlator, Counters, Item, Restored};
pub use expr::Expr;
pub use parse::{Source, is_correlation};
pub use reorder::{Clocks, Pushed, Reorder, ReorderCounters, Saved};
pub use rule::{Alias, Condition, Kind, Op, Refusal, Rule};

use crate::event::Event;
use sentinel_wire::model::{Micros, Val};
use std::borrow::Cow;
use std::sync::Arc;

/// Where the values of an event come from: the event itself, or an adapter that knows its other names.
pub trait Fields {
    /// The value of a field; `None` if it is missing or null.
    fn value(&self, field: &str) -> Option<Cow<'_, Val>>;
}

impl Fields for Event {
    fn value(&self, field: &str) -> Option<Cow<'_, Val>> {
        self.get(field).map(Cow::Borrowed)
    }
}

/// A detection rule as correlations know it; its handle is its place in the list given to [`Correlator::new`].
#[derive(Clone, Copy, Debug, Default)]
pub struct Detection<'a> {
    pub id: Option<&'a str>,
    pub name: Option<&'a str>,
    /// Hash of its definition: state built on another definition is not taken over by a restore.
    pub definition: u64,
}

/// Bounds, each per correlation rule where nothing else is said. What falls off is the oldest, and is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Groups of a rule.
    pub groups: usize,
    /// Events held in the windows of all groups of a rule.
    pub entries: usize,
    /// Events held in the window of one group.
    pub entries_per_group: usize,
    /// Witnesses named in one firing; the newest are.
    pub witnesses: usize,
    /// Parts the groups are spread over, 1 to 8, one thread each in [`Correlator::feed_batch`]. Results do not
    /// depend on it.
    pub shards: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { groups: 131_072, entries: 524_288, entries_per_group: 65_536, witnesses: 1024, shards: 1 }
    }
}

/// What a firing says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum What {
    /// The rule's condition holds.
    Match,
    /// The rule lost groups or events to its bounds; `value` says how many since the last such firing.
    Loss,
}

/// One event that contributed, and the rule (detection or correlation) by which it did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Witness {
    /// Handle of the rule.
    pub rule: u32,
    /// `event.id`; of a correlation the id of the event that made it fire, 0 if none did.
    pub event: u128,
}

/// A correlation rule fired for one group.
#[derive(Clone, Debug, PartialEq)]
pub struct Firing {
    /// Handle of the correlation: number of detections plus its place in the list of correlations.
    pub rule: u32,
    pub what: What,
    /// Time of the event that made the condition true, or the end of the window.
    pub time: Micros,
    /// Id of the event that made the condition true; `None` if a window's end did.
    pub event: Option<u128>,
    /// Fields of `group-by` (aliases by their own names) and their values.
    pub group: Vec<(Arc<str>, Val)>,
    /// What was compared with the thresholds: count, sum, percentile …, number of different rules.
    pub value: f64,
    /// Oldest first, each event once per rule.
    pub witnesses: Vec<Witness>,
    /// Time of the first and last event of the window; its ends where it holds none.
    pub first: Micros,
    pub last: Micros,
    /// Something that belonged to this window had been dropped under a bound: the value may be too low.
    pub lossy: bool,
}
