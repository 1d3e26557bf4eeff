//! What happened to alerts and chains, in numbers.

use serde::{Deserialize, Serialize};

/// What was seen, left out and given up, by name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Counters {
    /// Alerts taken in.
    pub alerts: u64,
    /// Documents that are no alerts.
    pub unreadable: u64,
    /// Came more than `lateness` after their time; they were taken in as if just now.
    pub late: u64,
    /// The same alert again.
    pub repeated: u64,
    /// Below medium and without a tactic: in no chain.
    pub uninteresting: u64,
    /// Without a tactic, and no story to belong to.
    pub unplaced: u64,
    /// Between ends that are no hosts of the organisation.
    pub elsewhere: u64,
    pub steps: u64,
    pub folded: u64,
    pub merged: u64,
    pub closed: u64,
    /// Given up before their time, as too much was going on.
    pub closed_early: u64,
    /// Closed chains that `all` no longer gives.
    pub forgotten: u64,
    /// Rules counted under no name of their own, as there are too many.
    pub rules_uncounted: u64,
    /// Alerts that could not wait for earlier ones, as too many did.
    pub hurried: u64,
}

impl Counters {
    /// As a JSON object.
    pub fn json(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }
}
