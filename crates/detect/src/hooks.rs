//! What stands before and behind the rules in a [`crate::watch::Watch`].

use crate::event::Event;
use crate::sigma::Meta;
use sentinel_wire::model::Micros;

/// Adds what is known of assets, zones and habits to events before rules see them, and makes events
/// of its own. Called in the order of event time.
pub trait Context: Send + Sync {
    /// Adds fields to an event; events of its own, of the same time or earlier, go to `extra`.
    fn enrich(&mut self, event: &mut Event, extra: &mut Vec<Event>);
    /// Event time has come to `watermark`: nothing earlier is to be expected.
    fn advance(&mut self, watermark: Micros, extra: &mut Vec<Event>);
    /// No more events will come.
    fn finish(&mut self, extra: &mut Vec<Event>);
    /// Named counters, for the report.
    fn counters(&self) -> Vec<(String, u64)>;
    fn snapshot(&self) -> Vec<u8>;
    /// Takes up where a snapshot was taken; one line says what is wrong with it.
    fn restore(&mut self, snapshot: &[u8]) -> Result<(), String>;
}

/// Joins matches of rules over time. Called in the order of event time; adds alerts.
pub trait Correlate: Send + Sync {
    /// What is known of the correlations, for rules that are correlated themselves.
    fn rules(&self) -> &[Meta];
    /// The rules (numbers of [`crate::sigma::Sigma::rules`]) that an event fits. Alerts go to
    /// `alerts`; the return says for which of the hits no alert of their own is wanted.
    fn feed(&mut self, event: &Event, hits: &[u32], alerts: &mut Vec<Event>);
    /// Whether a rule makes alerts by itself though a correlation refers to it (`generate`).
    fn alone(&self, rule: u32) -> bool;
    /// Event time has come to `watermark`.
    fn advance(&mut self, watermark: Micros, alerts: &mut Vec<Event>);
    /// No more events will come.
    fn finish(&mut self, alerts: &mut Vec<Event>);
    fn counters(&self) -> Vec<(String, u64)>;
    fn snapshot(&self) -> Vec<u8>;
    fn restore(&mut self, snapshot: &[u8]) -> Result<(), String>;
}

/// No context and no correlations.
pub struct Nothing;

impl Context for Nothing {
    fn enrich(&mut self, _: &mut Event, _: &mut Vec<Event>) {}
    fn advance(&mut self, _: Micros, _: &mut Vec<Event>) {}
    fn finish(&mut self, _: &mut Vec<Event>) {}
    fn counters(&self) -> Vec<(String, u64)> {
        Vec::new()
    }
    fn snapshot(&self) -> Vec<u8> {
        Vec::new()
    }
    fn restore(&mut self, _: &[u8]) -> Result<(), String> {
        Ok(())
    }
}

impl Correlate for Nothing {
    fn rules(&self) -> &[Meta] {
        &[]
    }
    fn feed(&mut self, _: &Event, _: &[u32], _: &mut Vec<Event>) {}
    fn alone(&self, _: u32) -> bool {
        true
    }
    fn advance(&mut self, _: Micros, _: &mut Vec<Event>) {}
    fn finish(&mut self, _: &mut Vec<Event>) {}
    fn counters(&self) -> Vec<(String, u64)> {
        Vec::new()
    }
    fn snapshot(&self) -> Vec<u8> {
        Vec::new()
    }
    fn restore(&mut self, _: &[u8]) -> Result<(), String> {
        Ok(())
    }
}
