//! State of a run that survives a restart: open flows, sums not told yet, what the signs look back on.

use super::{Engine, SHARDS};
use crate::flow::{Kept, Shard};
use crate::model::Micros;
use crate::obs::Observations;
use crate::saved::{pack, unpack};
use crate::signs::Memory;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Form<K, M> {
    clock: Micros,
    order: u64,
    shards: Vec<K>,
    signs: Option<M>,
}

impl Engine {
    /// The state as bytes, for [`Engine::load_flows`] of the next run. Of an open flow: who and when, its
    /// counters and states, its protocol; of what a parser was in the midst of, nothing.
    pub fn save_flows(&mut self) -> Vec<u8> {
        let registry = &self.registry;
        let shards: Vec<_> = self.shards.iter_mut().map(|s| s.keep(registry)).collect();
        let signs = self.signs.as_ref().map(|watch| watch.signs.memory());
        pack(&Form { clock: self.clock.now, order: self.order, shards, signs })
    }

    /// Goes on where [`Engine::save_flows`] was called: before the first packet. Bytes that are damaged or
    /// not ours are refused with one line, and change nothing.
    pub fn load_flows(&mut self, bytes: &[u8]) -> Result<(), String> {
        if self.packets > 0 || self.flows() > 0 {
            return Err("state of flows: to be loaded before the first packet".into());
        }
        let form: Form<Kept, Memory> = unpack(bytes)?;
        if form.shards.len() != SHARDS {
            return Err(format!("state of flows: {} parts in place of {SHARDS}", form.shards.len()));
        }
        let mut shards = Vec::with_capacity(SHARDS);
        for (n, kept) in form.shards.into_iter().enumerate() {
            let obs = Observations::new(self.config.limits, self.config.events);
            let mut shard = Shard::new(n as u8, obs);
            shard.resume(&self.registry, kept).ok_or("state of flows: it does not fit this program")?;
            shards.push(shard);
        }
        self.shards = shards;
        self.clock.now = form.clock;
        self.order = form.order;
        if let (Some(watch), Some(memory)) = (&mut self.signs, form.signs) {
            watch.signs.remember(memory);
        }
        Ok(())
    }
}
