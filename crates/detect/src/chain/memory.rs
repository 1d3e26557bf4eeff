//! How much memory chains may take, by formula, and how much they do.

use super::Chains;
use super::alert::{Alert, FEW, Place, TEXT};
use super::entity::{ADDRESSES, Entity, NAMES, SOURCES};
use super::settings::Settings;
use super::state::{Chain, Episode, HOSTS, Key, NAMED, Rule};
use std::net::IpAddr;

/// Tables grow by doubling: capacity is at most twice what was ever needed.
const SLACK: usize = 2;
/// Stages of a table, and none.
const STAGES: usize = 33;

impl Settings {
    /// Octets that chains take at most, whatever comes in, without the documents of closed chains:
    /// steps, hosts, stories and rules at their bounds, each with all its texts at their longest.
    pub fn most_octets(&self) -> usize {
        let text = size_of::<Box<str>>() + TEXT;
        let step = SLACK * (size_of::<Option<Episode>>() + 4)
            + (NAMED + FEW) * text
            + 4 * (size_of::<Place>() + TEXT)
            + 2 * TEXT
            + 4 * HOSTS * SLACK
            + SLACK * (HOSTS + 1) * (size_of::<(Key, u32)>() + 2)
            // its story, and its place in it
            + SLACK * (size_of::<Option<Chain>>() + 4 + 4);
        let host = SLACK * (size_of::<Option<Entity>>() + 4 + 64)
            + SLACK * 2 * 4 * STAGES * self.newest
            + 16 * SOURCES * SLACK
            + 2 * text
            + SLACK * ADDRESSES * (size_of::<IpAddr>() + 32)
            + SLACK * NAMES * 2 * text;
        let rule = SLACK * size_of::<Option<Rule>>() + 3 * TEXT + FEW * text + SLACK * 48;
        let waiting = size_of::<Alert>() * SLACK + (2 * FEW + 10) * text;
        self.max_episodes * step
            + self.max_episodes * host
            + self.max_rules * rule
            + self.max_pending * waiting
    }
}

impl Chains {
    /// Octets that can be held for it at most.
    pub fn most_octets(&self) -> usize {
        self.settings.most_octets()
    }

    /// Octets held for what is going on, by capacity, without the allocator's own share.
    pub fn octets(&self) -> usize {
        self.state.octets() + self.queue.len() * (size_of::<Alert>() * 2 + 512)
    }
}
