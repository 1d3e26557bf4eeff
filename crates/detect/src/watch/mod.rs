//! The way of an event: reorder, context, rules, correlations, alerts. One pass, in event time.

mod snapshot;

use crate::alert;
use crate::context::Context;
use crate::correlate::{Pushed, Reorder};
use crate::correlations::Correlations;
use crate::event::Event;
use crate::sigma::{Hit, Refusal, Sigma};
use rustc_hash::FxHashMap;
use sentinel_wire::model::Micros;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Events held back at most; beyond it the oldest is let go early and counted.
const MAX_HELD: usize = 1 << 18;
/// How far an event may be ahead of the others: one beyond it is from the future and does not move the
/// clock, unless others follow.
const AHEAD: Micros = 86_400_000_000;
/// Correlations are told how far time is at ticks of event time, so that batches change nothing.
const TICK: Micros = 1_000_000;
/// Alerts of one rule in an aligned minute of event time; more are counted.
pub const MAX_ALERTS: u32 = 10_000;
const MINUTE: Micros = 60_000_000;
/// Names of sources kept; events of further ones have none.
const MAX_SOURCES: usize = 1 << 16;

/// Rules at work on a stream of events.
pub struct Watch {
    pub sigma: Sigma,
    pub context: Context,
    correlations: Correlations,
    refused: Vec<Refusal>,
    reorder: Reorder<Event>,
    tick: Micros,
    alerts: Vec<Event>,
    /// Alerts of each rule in the minute that runs.
    rate: FxHashMap<u32, (i64, u32)>,
    hits: Vec<Hit>,
    extra: Vec<Event>,
    counted: Counted,
    /// Names of the sources of all events, by [`Event::source`].
    pub sources: Arc<Vec<String>>,
    /// Lines taken so far: the order of those that come next; and those that could not be read.
    pub lines: u64,
    pub bad_lines: u64,
}

#[derive(Clone, Copy, Default, Serialize, Deserialize)]
struct Counted {
    events: u64,
    alerts: u64,
    dropped: u64,
}

impl Watch {
    /// `context`: settings as JSON; `lateness`: how much later than others an event may come and still
    /// be put in order, in µs.
    pub fn new(sigma: Sigma, context: &[u8], lateness: Micros) -> Result<Watch, String> {
        let (correlations, more) = Correlations::new(&sigma.correlations, sigma.rules());
        let mut refused = sigma.refused.clone();
        refused.extend(more);
        refused.sort();
        Ok(Watch {
            sigma,
            context: Context::new(context)?,
            correlations,
            refused,
            reorder: Reorder::new(lateness, AHEAD, MAX_HELD),
            tick: Micros::MIN,
            alerts: Vec::new(),
            rate: FxHashMap::default(),
            hits: Vec::new(),
            extra: Vec::new(),
            counted: Counted::default(),
            sources: Arc::default(),
            lines: 0,
            bad_lines: 0,
        })
    }

    /// Rules and files that are not used, with file, line and reason.
    pub fn refused(&self) -> &[Refusal] {
        &self.refused
    }

    /// How many rules there are.
    pub fn rules(&self) -> usize {
        self.sigma.rules().len() + self.correlations.count
    }

    /// Puts other rules in the place of these. What looks back in time goes on for correlations whose
    /// definition is the same.
    pub fn swap(&mut self, sigma: Sigma) -> Result<(), String> {
        let (mut correlations, more) = Correlations::new(&sigma.correlations, sigma.rules());
        correlations.restore(&self.correlations.snapshot())?;
        let place = |id: &str| sigma.rules().iter().position(|m| m.id == id);
        let old = |n: &u32| self.sigma.rules().get(*n as usize).and_then(|m| place(&m.id));
        let rate = self.rate.iter().filter_map(|(n, rate)| Some((u32::try_from(old(n)?).ok()?, *rate)));
        self.rate = rate.collect();
        self.refused.clone_from(&sigma.refused);
        self.refused.extend(more);
        self.refused.sort();
        (self.sigma, self.correlations) = (sigma, correlations);
        Ok(())
    }

    /// Takes events; gives those whose time has come, in order, with what the context added.
    pub fn feed(&mut self, events: impl IntoIterator<Item = Event>) -> Vec<Event> {
        let mut out = Vec::new();
        for event in events {
            if let Pushed::Late(event) = self.reorder.push(event.time, place(&event), event) {
                self.one(event.time, event, &mut out);
            }
            self.ripe(&mut out);
        }
        out
    }

    /// Time passes without events: gives those whose time has come by that. `now` is the clock of the machine
    /// in microseconds, looked at every second or so; what counts is how far it went since the last look
    /// ([`Reorder::pass`]), so that neither a clock that was set nor one that is ahead of the sources' does
    /// harm. Nothing happens before the first event, and none while newer events come.
    pub fn advance(&mut self, now: Micros) -> Vec<Event> {
        let mut out = Vec::new();
        if self.reorder.pass(now) {
            self.ripe(&mut out);
            let watermark = self.reorder.watermark();
            self.tell_time(watermark);
            self.context.advance(watermark, &mut self.extra);
            self.extras(&mut out);
        }
        out
    }

    /// No event before this time will come in order any more; `None` before the first.
    pub fn clock(&self) -> Option<Micros> {
        Some(self.reorder.watermark()).filter(|t| *t != Micros::MIN)
    }

    /// The number of a source of this name.
    pub fn source(&mut self, name: &str) -> u32 {
        let at = self.sources.iter().position(|s| s == name);
        let at = at.or_else(|| {
            let all = Arc::make_mut(&mut self.sources);
            (all.len() < MAX_SOURCES).then(|| {
                all.push(name.to_owned());
                all.len() - 1
            })
        });
        at.and_then(|at| u32::try_from(at).ok()).unwrap_or(u32::MAX)
    }

    fn ripe(&mut self, out: &mut Vec<Event>) {
        while let Some((time, _, event)) = self.reorder.pop() {
            self.one(time, event, out);
        }
    }

    /// No more events will come: gives what was held back.
    pub fn finish(&mut self) -> Vec<Event> {
        let mut out = Vec::new();
        self.reorder.finish();
        self.ripe(&mut out);
        self.context.finish(&mut self.extra);
        self.extras(&mut out);
        let before = self.alerts.len();
        self.correlations.finish(&mut self.alerts);
        self.made(before);
        out
    }

    /// Alerts since the last call, in the order they were made.
    pub fn take_alerts(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.alerts)
    }

    /// Named counters, for the report.
    pub fn counters(&self) -> Vec<(String, u64)> {
        let held = self.reorder.counters();
        let own = [
            ("events", self.counted.events),
            ("alerts", self.counted.alerts),
            ("dropped_alerts", self.counted.dropped),
            ("late_events", held.late),
            ("clamped_events", held.clamped),
            ("crowded_events", held.forced),
        ];
        let own = own.into_iter().map(|(name, n)| (name.to_owned(), n));
        own.chain(self.context.counters()).chain(self.correlations.counters()).collect()
    }

    /// `time`: that by which the event has its place, its own unless that is in the future.
    fn one(&mut self, time: Micros, mut event: Event, out: &mut Vec<Event>) {
        self.tell_time(time);
        self.context.enrich(&mut event, &mut self.extra);
        self.extras(out);
        self.meet(time, &event);
        out.push(event);
    }

    fn tell_time(&mut self, time: Micros) {
        let tick = time.div_euclid(TICK).saturating_mul(TICK);
        if tick > self.tick {
            self.tick = tick;
            let before = self.alerts.len();
            self.correlations.advance(tick, &mut self.alerts);
            self.made(before);
        }
    }

    /// Events of the context's own making meet the rules too.
    fn extras(&mut self, out: &mut Vec<Event>) {
        for event in std::mem::take(&mut self.extra) {
            self.meet(event.time, &event);
            out.push(event);
        }
    }

    fn meet(&mut self, time: Micros, event: &Event) {
        self.counted.events = self.counted.events.saturating_add(1);
        if event.text("event.kind") == Some("alert") {
            // made by another detector: it is an alert here too
            self.alerts.push(event.clone());
            self.counted.alerts = self.counted.alerts.saturating_add(1);
        }
        self.sigma.evaluate(event, &mut self.hits);
        if self.hits.is_empty() {
            return;
        }
        for hit in &self.hits {
            let Some(meta) = self.sigma.rules().get(hit.rule as usize) else { continue };
            if !self.correlations.alone(hit.rule) {
                continue;
            }
            let (minute, number) = (time.div_euclid(MINUTE), self.rate.entry(hit.rule).or_default());
            *number = if number.0 == minute { (minute, number.1.saturating_add(1)) } else { (minute, 1) };
            if number.1 > MAX_ALERTS {
                self.counted.dropped = self.counted.dropped.saturating_add(1);
                continue;
            }
            self.alerts.push(alert::of_hit(meta, event, hit));
            self.counted.alerts = self.counted.alerts.saturating_add(1);
        }
        let before = self.alerts.len();
        self.correlations.feed(time, event, &self.hits, &mut self.alerts);
        self.made(before);
    }

    /// Alerts of correlations from a place on are counted, and say whose their addresses are.
    fn made(&mut self, before: usize) {
        for alert in self.alerts.iter_mut().skip(before) {
            self.counted.alerts = self.counted.alerts.saturating_add(1);
            self.context.name_ends(alert);
        }
    }
}

/// Order of events of one time: by place in the source, then by identity.
fn place(event: &Event) -> u128 {
    let place = (u128::from(event.order.0) << 64) | (u128::from(event.order.1) << 32);
    place | (event.id & u128::from(u32::MAX))
}
