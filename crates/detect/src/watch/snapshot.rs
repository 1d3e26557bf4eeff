//! A watch as bytes: everything that the events so far lead to, those that are held back included.
//!
//! A watch with the same rules that takes up a snapshot gives the same events, alerts and counters as the
//! one it was taken of. Events stand in it as they are, secrets too: it belongs where no one else reads.

use super::{Counted, Watch};
use crate::correlate::{Clocks, Saved};
use crate::event::Event;
use crate::pack::{Damaged, Packer, Unpacker};
use rustc_hash::FxHashMap;
use sentinel_wire::model::Micros;
use serde::{Deserialize, Serialize};
use siphasher::sip::SipHasher13;
use std::hash::Hasher;
use std::sync::Arc;

/// What it is, and the version of its form.
const MAGIC: &[u8] = b"sentinel-watch\x02";

/// What is small.
#[derive(Serialize, Deserialize)]
struct Small {
    sources: Vec<String>,
    lines: u64,
    bad_lines: u64,
    clocks: Clocks,
    tick: Micros,
    /// Minute and alerts in it, by rule id.
    rate: Vec<(String, i64, u32)>,
    counted: Counted,
}

fn sum(bytes: &[u8]) -> [u8; 8] {
    let mut h = SipHasher13::new_with_keys(0x7365_6e74_696e_656c, 0x7761_7463_6800_0001);
    h.write(bytes);
    h.finish().to_le_bytes()
}

/// Items with the time and id by which they are ordered.
fn ordered<'a>(p: &mut Packer<'a>, list: &[(Micros, u128, &'a Event)]) {
    p.unsigned(list.len() as u64);
    for (time, id, event) in list {
        p.signed(*time);
        p.out.extend_from_slice(&id.to_le_bytes());
        p.event(event);
    }
}

fn read_ordered(u: &mut Unpacker<'_>) -> Result<Vec<(Micros, u128, Event)>, Damaged> {
    let n = u.count(38)?;
    (0..n).map(|_| Ok((u.signed()?, u128::from_le_bytes(u.fixed()?), u.event()?))).collect()
}

impl Watch {
    /// The whole state but the rules and the settings.
    pub fn snapshot(&self) -> Vec<u8> {
        let Saved { clocks, held, jumped, ripe } = self.reorder.save();
        let id = |rule: &u32| self.sigma.rules().get(*rule as usize).map(|m| m.id.clone());
        let mut rate: Vec<_> = self.rate.iter().filter_map(|(r, (m, n))| Some((id(r)?, *m, *n))).collect();
        rate.sort_unstable();
        let small = Small {
            sources: self.sources.to_vec(),
            lines: self.lines,
            bad_lines: self.bad_lines,
            clocks,
            tick: self.tick,
            rate,
            counted: self.counted,
        };
        let mut p = Packer::default();
        p.out.extend_from_slice(MAGIC);
        p.bytes(&postcard::to_allocvec(&small).unwrap_or_default());
        p.bytes(&self.context.snapshot());
        p.bytes(&self.context.running());
        p.bytes(&self.correlations.snapshot());
        p.unsigned(held.len() as u64);
        for ((time, id, serial), event) in held {
            // of an event of the present the first two follow from the event
            let own = (time, id) == (event.time, super::place(event));
            p.out.push(u8::from(own));
            if !own {
                p.signed(time);
                p.out.extend_from_slice(&id.to_le_bytes());
            }
            p.unsigned(serial);
            p.event(event);
        }
        ordered(&mut p, &jumped);
        ordered(&mut p, &ripe);
        p.events(self.alerts.iter());
        let mut out = p.out;
        let sum = sum(&out);
        out.extend_from_slice(&sum);
        out
    }

    /// Takes up where a snapshot was taken; one line says what is wrong with it, and then nothing changed.
    pub fn restore(&mut self, snapshot: &[u8]) -> Result<(), String> {
        if !snapshot.starts_with(MAGIC) {
            return Err("no snapshot of a watch, or one of another version; begin anew without it".into());
        }
        let damaged = || "the snapshot of the watch is damaged; begin anew without it".to_owned();
        let (body, end) = snapshot.split_last_chunk::<8>().ok_or_else(damaged)?;
        if sum(body) != *end {
            return Err(damaged());
        }
        let mut u = Unpacker::new(body.get(MAGIC.len()..).unwrap_or_default());
        self.read(&mut u).unwrap_or_else(|_| Err(damaged()))
    }

    fn read(&mut self, u: &mut Unpacker<'_>) -> Result<Result<(), String>, Damaged> {
        let small: Small = postcard::from_bytes(u.bytes()?).map_err(|_| Damaged)?;
        let (context, running, correlations) = (u.bytes()?, u.bytes()?, u.bytes()?);
        let n = u.count(24)?;
        let mut held = Vec::with_capacity(n);
        for _ in 0..n {
            let key = match u.fixed()? {
                [1] => None,
                _ => Some((u.signed()?, u128::from_le_bytes(u.fixed()?))),
            };
            let serial = u.unsigned()?;
            let event = u.event()?;
            let (time, id) = key.unwrap_or_else(|| (event.time, super::place(&event)));
            held.push(((time, id, serial), event));
        }
        let (jumped, ripe) = (read_ordered(u)?, read_ordered(u)?);
        let alerts = u.events()?;
        if !u.is_empty() {
            return Err(Damaged);
        }
        let before = self.correlations.snapshot();
        if let Err(refused) = self.correlations.restore(correlations) {
            return Ok(Err(refused));
        }
        if let Err(refused) = self.context.go_on(context, running) {
            return Ok(self.correlations.restore(&before).and(Err(refused)));
        }
        self.reorder.load(Saved { clocks: small.clocks, held, jumped, ripe });
        let number = |id: &str| self.sigma.rules().iter().position(|m| m.id == id);
        let rate =
            small.rate.iter().filter_map(|(id, m, n)| Some((u32::try_from(number(id)?).ok()?, (*m, *n))));
        self.rate = rate.collect::<FxHashMap<_, _>>();
        (self.sources, self.lines, self.bad_lines) = (Arc::new(small.sources), small.lines, small.bad_lines);
        (self.tick, self.counted, self.alerts) = (small.tick, small.counted, alerts);
        Ok(Ok(()))
    }
}
