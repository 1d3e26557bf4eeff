//! The way of an event: reorder, context, rules, correlations, alerts. One pass, in event time.

use crate::alert;
use crate::event::Event;
use crate::hooks::{Context, Correlate, Nothing};
use crate::reorder::Reorder;
use crate::sigma::{Hit, Sigma};
use sentinel_wire::model::Micros;

/// Format of a snapshot.
const FORMAT: u32 = 1;

/// Rules at work on a stream of events.
pub struct Watch {
    pub sigma: Sigma,
    pub context: Box<dyn Context>,
    pub correlate: Box<dyn Correlate>,
    reorder: Reorder,
    alerts: Vec<Event>,
    hits: Vec<Hit>,
    extra: Vec<Event>,
    counted: Counted,
}

#[derive(Default)]
struct Counted {
    events: u64,
    alerts: u64,
}

impl Watch {
    /// `lateness`: how much later than others an event may come and still be put in order, in µs.
    pub fn new(sigma: Sigma, lateness: Micros) -> Watch {
        Watch {
            sigma,
            context: Box::new(Nothing),
            correlate: Box::new(Nothing),
            reorder: Reorder::new(lateness),
            alerts: Vec::new(),
            hits: Vec::new(),
            extra: Vec::new(),
            counted: Counted::default(),
        }
    }

    /// Takes events; gives those whose time has come, in order, with what the context added.
    pub fn feed(&mut self, events: impl IntoIterator<Item = Event>) -> Vec<Event> {
        let mut out = Vec::new();
        for event in events {
            self.reorder.push(event);
            while let Some(ripe) = self.reorder.pop() {
                self.one(ripe, &mut out);
            }
        }
        let mark = self.reorder.watermark();
        self.context.advance(mark, &mut self.extra);
        self.extras(&mut out);
        self.correlate.advance(mark, &mut self.alerts);
        out
    }

    /// No more events will come: gives what was held back.
    pub fn finish(&mut self) -> Vec<Event> {
        let mut out = Vec::new();
        while let Some(event) = self.reorder.drain() {
            self.one(event, &mut out);
        }
        self.context.finish(&mut self.extra);
        self.extras(&mut out);
        self.correlate.finish(&mut self.alerts);
        out
    }

    /// Alerts since the last call, in the order they were made.
    pub fn take_alerts(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.alerts)
    }

    /// Named counters, for the report.
    pub fn counters(&self) -> Vec<(String, u64)> {
        let own = [
            ("events", self.counted.events),
            ("alerts", self.counted.alerts),
            ("late_events", self.reorder.late),
            ("crowded_events", self.reorder.crowded),
        ];
        let own = own.into_iter().map(|(name, n)| (name.to_owned(), n));
        own.chain(self.context.counters()).chain(self.correlate.counters()).collect()
    }

    /// State of what looks back in time. Events that are held back are not part of it: `finish` first.
    pub fn snapshot(&self) -> Vec<u8> {
        postcard::to_allocvec(&(FORMAT, self.context.snapshot(), self.correlate.snapshot()))
            .unwrap_or_default()
    }

    /// Takes up where a snapshot was taken; one line says what is wrong with it.
    pub fn restore(&mut self, snapshot: &[u8]) -> Result<(), String> {
        let read = postcard::from_bytes::<(u32, Vec<u8>, Vec<u8>)>(snapshot);
        let (format, context, correlate) = read.map_err(|_| "the snapshot cannot be read".to_owned())?;
        if format != FORMAT {
            return Err(format!("the snapshot is of format {format}; this is {FORMAT}"));
        }
        self.context.restore(&context)?;
        self.correlate.restore(&correlate)
    }

    fn one(&mut self, mut event: Event, out: &mut Vec<Event>) {
        self.context.enrich(&mut event, &mut self.extra);
        self.extras(out);
        self.meet(&event);
        out.push(event);
    }

    /// Events of the context's own making meet the rules too.
    fn extras(&mut self, out: &mut Vec<Event>) {
        for event in std::mem::take(&mut self.extra) {
            self.meet(&event);
            out.push(event);
        }
    }

    fn meet(&mut self, event: &Event) {
        self.counted.events = self.counted.events.saturating_add(1);
        if event.text("event.kind") == Some("alert") {
            // made by another detector: it is an alert here too
            self.alerts.push(event.clone());
        }
        self.sigma.evaluate(event, &mut self.hits);
        for hit in &self.hits {
            let Some(meta) = self.sigma.rules().get(hit.rule as usize) else { continue };
            if self.correlate.alone(hit.rule) {
                self.alerts.push(alert::of_hit(meta, event, hit));
                self.counted.alerts = self.counted.alerts.saturating_add(1);
            }
        }
        if !self.hits.is_empty() {
            let rules: Vec<u32> = self.hits.iter().map(|h| h.rule).collect();
            self.correlate.feed(event, &rules, &mut self.alerts);
        }
    }
}
