//! What is known beside an event: assets, zones, habits, and whether terminals still live.
//!
//! A [`Context`] sees every event once, in the order of event time, before any rule does. It adds
//! what rules ask for (`source.asset`, `ot.asset.*`, `ot.client.*`, `network.direction`,
//! `sentinel.conduit`, `sentinel.baseline.*`) and makes events of its own where something did not
//! come or is new (`sentinel.availability`, `sentinel.context`).
//!
//! Everything depends on the events and their order alone, never on batches or the machine's clock:
//! what rules are told of an asset changes at ticks of event time only. Every table is bounded.
//! Docs: `docs/concepts/baselines.md`, `docs/guides/zones.md`.

mod assets;
mod availability;
mod baseline;
mod clock;
mod conv;
mod emit;
mod enrich;
mod health;
mod hosts;
mod names;
mod newness;
mod rhythm;
mod roles;
mod settings;
mod show;
mod signs;
mod special;
mod state;
mod view;
mod zones;

#[cfg(test)]
mod tests;

pub use settings::Settings;
pub use special::is_global;

use crate::event::Event;
use assets::Assets;
use baseline::{Baseline, Seen, Terms};
use clock::{Clock, SECOND, TICK};
use conv::Convs;
use hashbrown::HashMap;
use hosts::{HostId, Hosts};
use names::{NameId, Names};
use rustc_hash::FxBuildHasher;
use sentinel_wire::model::{HostAddr, Micros};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use zones::Zones;

/// Learned conduit: subnets of both ends, classes of their levels, protocol.
type ConduitKey = (HostAddr, HostAddr, u8, NameId);

/// Events of its own that one event or tick may make; more are counted.
const MAX_TOLD: usize = 256;

/// Assets, zones, baselines and availability of one run. See the module.
pub struct Context {
    settings: Settings,
    /// Learning time and time for which things stay new.
    spans: (Micros, Micros),
    names: Names,
    zones: Zones,
    assets: Assets,
    /// Given by Python since the last tick.
    coming: Option<Assets>,
    hosts: Hosts,
    convs: Convs,
    baseline: Baseline,
    conduits: HashMap<ConduitKey, Seen, FxBuildHasher>,
    clock: Clock,
    /// Last tick of event time.
    tick: Micros,
    /// How long everything was silent lately, and until when (watch clock) that is held in favour.
    grace: (Micros, Micros),
    /// When to look at a conversation's rhythm (watch clock).
    timers: BinaryHeap<Reverse<(Micros, conv::ConvId)>>,
    /// What was told of devices' faults and clocks, and the last jumps.
    ailing: HashMap<HostId, health::Ailing, FxBuildHasher>,
    jumps: Vec<health::Jump>,
    ailing_lost: u64,
    /// Hosts whose meaning changes at the next tick.
    dirty: Vec<HostId>,
    /// Hosts that may have to be told of at the next tick.
    fresh: Vec<HostId>,
    /// New devices told in the hour that runs.
    told: (i64, u32),
    counts: Counts,
    /// Where the latest event stands, for the order of what is made.
    order: (u64, u32),
    made: u32,
}

/// What happened, for the report.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Counts {
    pub events: u64,
    pub late: u64,
    pub told: u64,
    pub told_dropped: u64,
    pub new_devices_untold: u64,
}

impl Context {
    /// A context with what Python hands over as JSON (empty: nothing). One line says what is wrong.
    pub fn new(settings: &[u8]) -> Result<Context, String> {
        let settings: Settings = if settings.iter().all(u8::is_ascii_whitespace) {
            Settings::default()
        } else {
            serde_json::from_slice(settings).map_err(|e| format!("context settings: {e}"))?
        };
        Context::with(settings)
    }
    fn with(settings: Settings) -> Result<Context, String> {
        let mut names = Names::new(settings.limits.names);
        let zones = Zones::new(&settings, &mut names)?;
        let assets = Assets::new(&settings.assets, &zones);
        let us = |s: f64| (s.clamp(0.0, 1e10) * SECOND as f64) as Micros;
        Ok(Context {
            spans: (us(settings.baseline.learning), us(settings.baseline.novel)),
            settings,
            names,
            zones,
            assets,
            coming: None,
            hosts: Hosts::default(),
            convs: Convs::default(),
            baseline: Baseline::default(),
            conduits: HashMap::default(),
            clock: Clock::default(),
            tick: Micros::MIN,
            grace: (0, 0),
            timers: BinaryHeap::new(),
            ailing: HashMap::default(),
            jumps: Vec::new(),
            ailing_lost: 0,
            dirty: Vec::new(),
            fresh: Vec::new(),
            told: (0, 0),
            counts: Counts::default(),
            order: (0, 0),
            made: 0,
        })
    }
    /// Replaces the inventory, from the next tick on. JSON: a list of the inventory's asset records.
    pub fn assets(&mut self, json: &[u8]) -> Result<(), String> {
        let list: Vec<settings::Asset> = serde_json::from_slice(json).map_err(|e| format!("assets: {e}"))?;
        self.coming = Some(Assets::new(&list, &self.zones));
        Ok(())
    }
    /// Adds to an event what is known; events of its own making go to `extra`, none later than it.
    pub fn enrich(&mut self, event: &mut Event, extra: &mut Vec<Event>) {
        self.counts.events += 1;
        if self.clock.wall.is_some_and(|w| event.time < w) {
            self.counts.late += 1;
        }
        self.pass(event.time);
        (self.order, self.made) = (event.order, 0);
        let tick = event.time.div_euclid(TICK).saturating_mul(TICK);
        if tick > self.tick {
            self.run_tick(tick, extra);
        }
        self.take(event, extra);
    }
    /// Time passed to `watermark` without an event: a live port at rest, where silence was watched. What
    /// happens, happens at ticks. Between two calls that are further apart nobody watched
    /// ([`Clock::go`]), so that a clock that was set makes no terminal missing.
    pub fn advance(&mut self, watermark: Micros, extra: &mut Vec<Event>) {
        let tick = watermark.div_euclid(TICK).saturating_mul(TICK);
        if self.clock.wall.is_some_and(|wall| tick > wall) && tick > self.tick {
            self.pass(tick);
            self.made = 0;
            self.run_tick(tick, extra);
        }
    }
    fn pass(&mut self, time: Micros) {
        let before = self.clock.watch;
        self.clock.go(time);
        let step = self.clock.watch.saturating_sub(before);
        if step > TICK {
            self.grace = (step.max(self.grace.0), self.clock.watch.saturating_add(120 * SECOND));
        } else if self.clock.watch > self.grace.1 {
            self.grace.0 = 0;
        }
    }
    /// No more events will come. What did not come before the end proves nothing: only what was
    /// seen already is told.
    pub fn finish(&mut self, extra: &mut Vec<Event>) {
        self.publish();
        self.tell_fresh(self.clock.wall.unwrap_or_default(), extra);
    }
    fn run_tick(&mut self, tick: Micros, extra: &mut Vec<Event>) {
        self.tick = tick;
        if let Some(assets) = self.coming.take() {
            self.assets = assets;
            for host in &mut self.hosts.list {
                host.asset = self.assets.of(host.key);
            }
        }
        self.publish();
        self.tell_fresh(tick, extra);
        self.look_at_timers(tick, extra);
    }
    /// What hosts showed of themselves becomes what rules are told.
    fn publish(&mut self) {
        for id in self.dirty.drain(..) {
            if let Some(host) = self.hosts.list.get_mut(id as usize) {
                host.shown = host.next;
            }
        }
    }
    fn terms(&self) -> Terms {
        let (learning, novel) = self.spans;
        let now = self.clock.learned;
        Terms { ready: now >= learning && now > 0, now, novel }
    }
    /// Tells something: an event of its own, enriched like any other.
    fn tell(&mut self, told: emit::Told<'_>, extra: &mut Vec<Event>) {
        if self.made as usize >= MAX_TOLD {
            self.counts.told_dropped += 1;
            return;
        }
        self.made += 1;
        self.counts.told += 1;
        let order =
            (self.order.0, 0x8000_0000 | self.order.1.wrapping_mul(MAX_TOLD as u32).wrapping_add(self.made));
        let mut event = told.event(order);
        self.decorate(&mut event);
        extra.push(event);
    }
    /// Named counters for the report: sizes of tables, and what did not fit.
    pub fn counters(&self) -> Vec<(String, u64)> {
        let c = &self.counts;
        let b = &self.baseline;
        [
            ("context_hosts", self.hosts.list.len() as u64),
            ("context_conversations", self.convs.list.len() as u64),
            ("context_functions", b.functions.len() as u64),
            ("context_hosts_lost", self.hosts.lost),
            ("context_conversations_lost", self.convs.lost),
            ("context_baseline_lost", b.lost),
            ("context_names_lost", self.names.lost),
            ("context_late", c.late),
            ("context_told", c.told),
            ("context_told_dropped", c.told_dropped),
            ("context_new_devices_untold", c.new_devices_untold),
            ("context_ailing_lost", self.ailing_lost),
        ]
        .into_iter()
        .map(|(n, v)| (n.to_owned(), v))
        .collect()
    }
}

/// Ends of an event: IP addresses, and hardware addresses, of source and destination.
pub fn ends_of(e: &Event) -> ([Option<HostAddr>; 2], [Option<HostAddr>; 2]) {
    let ip = |name| e.text(name).and_then(view::ip);
    let mac = |name| e.text(name).and_then(view::mac).map(HostAddr::Mac);
    ([ip("source.ip"), ip("destination.ip")], [mac("source.mac"), mac("destination.mac")])
}

/// So that a watch can be handed on between threads.
const _: fn() = || {
    fn both<T: Send + Sync>() {}
    both::<Context>();
};
