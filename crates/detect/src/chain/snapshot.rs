//! The state as bytes, to go on later where it stopped.

use super::order::Queue;
use super::state::{Key, State};
use super::{Chains, Closed, Counters};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// First octets of a snapshot; the last is the version of the form.
const MAGIC: &[u8] = b"chains\x01";

#[derive(Serialize, Deserialize)]
struct Snapshot {
    /// Names of the stages: masks mean nothing with another table.
    stages: Vec<String>,
    state: State,
    going_on: Vec<(Key, u32)>,
    queue: Queue,
    counters: Counters,
    closed: VecDeque<Closed>,
    ended: Vec<Vec<u8>>,
    now: i64,
    next_sweep: i64,
    next_horizon: i64,
}

impl Chains {
    fn stage_names(&self) -> Vec<String> {
        self.stages.all.iter().map(|s| s.name.clone()).collect()
    }

    /// Everything but the settings and the stage table.
    pub fn snapshot(&self) -> Vec<u8> {
        let snapshot = Snapshot {
            stages: self.stage_names(),
            state: self.state.clone(),
            going_on: self.state.going_on(),
            queue: self.queue.clone(),
            counters: self.counters.clone(),
            closed: self.closed.clone(),
            ended: self.ended.clone(),
            now: self.now,
            next_sweep: self.next_sweep,
            next_horizon: self.next_horizon,
        };
        let mut out = MAGIC.to_vec();
        out.extend(postcard::to_allocvec(&snapshot).unwrap_or_default());
        out
    }

    /// Goes on from a snapshot. What is not one is refused and changes nothing.
    pub fn restore(&mut self, bytes: &[u8]) -> Result<(), String> {
        let body = bytes.strip_prefix(MAGIC).ok_or("no snapshot of chains, or one of another version")?;
        let (s, rest) = postcard::take_from_bytes::<Snapshot>(body)
            .map_err(|_| "the snapshot of chains is damaged".to_owned())?;
        if !rest.is_empty() {
            return Err("the snapshot of chains is damaged".into());
        }
        if s.stages != self.stage_names() {
            return Err("the snapshot of chains was made with another stage table".into());
        }
        self.state = s.state;
        self.state.rebuild(s.going_on);
        self.queue = s.queue;
        self.counters = s.counters;
        self.closed = s.closed;
        self.ended = s.ended;
        (self.now, self.next_sweep, self.next_horizon) = (s.now, s.next_sweep, s.next_horizon);
        Ok(())
    }
}
