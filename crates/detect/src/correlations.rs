//! Correlations at work in a [`crate::watch::Watch`]: their documents read, their firings made alerts.

use crate::alert;
use crate::correlate::{Correlator, Detection, Fields, Firing, Limits, Rule, What};
use crate::event::Event;
use crate::sigma::{CorrelationDoc, Hit, Meta, Refusal};
use sentinel_wire::model::{Micros, Val};
use std::borrow::Cow;
use std::collections::HashSet;

/// Ids of events that one alert names; the newest.
const EVIDENCE: usize = 256;

/// Names that public rules have for fields of ours, where an event has none of the name itself.
const OTHER_NAMES: &[(&str, &str)] = &[
    ("id.orig_h", "source.ip"),
    ("id.orig_p", "source.port"),
    ("id.resp_h", "destination.ip"),
    ("id.resp_p", "destination.port"),
    ("src_ip", "source.ip"),
    ("src_port", "source.port"),
    ("dst_ip", "destination.ip"),
    ("dest_ip", "destination.ip"),
    ("dst_port", "destination.port"),
    ("dest_port", "destination.port"),
    ("SourceIp", "source.ip"),
    ("DestinationIp", "destination.ip"),
    ("DestinationPort", "destination.port"),
    ("username", "user.name"),
    ("query", "dns.question.name"),
    ("cs-host", "url.domain"),
    ("c-useragent", "user_agent.original"),
];

/// An event with the other names of its fields.
struct Named<'a>(&'a Event);

impl Fields for Named<'_> {
    fn value(&self, field: &str) -> Option<Cow<'_, Val>> {
        let own = |name: &str| self.0.get(name).filter(|v| !matches!(v, Val::List(l) if l.is_empty()));
        let other = || OTHER_NAMES.iter().find(|(n, _)| *n == field).and_then(|(_, ours)| own(ours));
        own(field).or_else(other).map(Cow::Borrowed)
    }
}

/// All correlations of a rule set.
pub struct Correlations {
    inner: Correlator,
    metas: Vec<Meta>,
    /// How many detections there are: the number of the first correlation.
    first: u32,
    silent: HashSet<u32>,
    /// How many are at work: those that refer to rules that are not there keep their number alone.
    pub count: usize,
    firings: Vec<Firing>,
    hits: Vec<u32>,
}

impl Correlations {
    /// Reads the documents; what is wrong with one is a refusal.
    pub fn new(docs: &[CorrelationDoc], detections: &[Meta]) -> (Correlations, Vec<Refusal>) {
        let (mut rules, mut metas, mut refused) = (Vec::new(), Vec::new(), Vec::new());
        let mut ids: HashSet<String> = detections.iter().map(|m| m.id.clone()).collect();
        for doc in docs {
            let meta = Meta::of_correlation(doc);
            let read = Rule::read(&doc.yaml, &doc.place.file, doc.place.line);
            match (read, meta) {
                (Err(r), _) => {
                    refused.push(Refusal { file: r.file, line: r.line, reason: one_line(&r.reason) })
                }
                (Ok(_), Err(reason)) => refused.push(doc.place.refuse(reason)),
                (Ok(_), Ok(meta)) if !ids.insert(meta.id.clone()) => {
                    refused.push(doc.place.refuse(format!("id {} is that of another rule", meta.id)));
                }
                (Ok(rule), Ok(meta)) => {
                    rules.push(rule);
                    metas.push(meta);
                }
            }
        }
        let known: Vec<Detection<'_>> = detections
            .iter()
            .map(|m| Detection { id: Some(&m.id), name: m.name.as_deref(), definition: m.place.text })
            .collect();
        let (inner, more) = Correlator::new(rules, &known, Limits::default());
        let count = metas.len().saturating_sub(more.len());
        refused.extend(more.into_iter().map(|r| Refusal {
            file: r.file,
            line: r.line,
            reason: one_line(&r.reason),
        }));
        let silent = inner.silent().iter().copied().collect();
        let first = u32::try_from(detections.len()).unwrap_or(u32::MAX);
        (Correlations { inner, metas, first, silent, count, firings: Vec::new(), hits: Vec::new() }, refused)
    }

    /// Whether a detection makes alerts by itself.
    pub fn alone(&self, rule: u32) -> bool {
        !self.silent.contains(&rule)
    }

    /// An event, the time of its place in the order, and the rules it fits; alerts that follow go to `alerts`, each with its rule's id.
    pub fn feed(&mut self, time: Micros, event: &Event, hits: &[Hit], alerts: &mut Vec<Event>) {
        if self.metas.is_empty() {
            return;
        }
        self.hits.clear();
        self.hits.extend(hits.iter().map(|h| h.rule));
        self.inner.feed(time, event.id, &self.hits, &Named(event), &mut self.firings);
        self.tell(Some(event), alerts);
    }

    /// No event before `watermark` will come.
    pub fn advance(&mut self, watermark: Micros, alerts: &mut Vec<Event>) {
        if !self.metas.is_empty() {
            self.inner.advance(watermark, &mut self.firings);
            self.tell(None, alerts);
        }
    }

    /// No more events will come.
    pub fn finish(&mut self, alerts: &mut Vec<Event>) {
        self.inner.finish(&mut self.firings);
        self.tell(None, alerts);
    }

    fn tell(&mut self, event: Option<&Event>, alerts: &mut Vec<Event>) {
        for f in std::mem::take(&mut self.firings) {
            let number = f.rule.saturating_sub(self.first) as usize;
            let Some(meta) = self.metas.get(number) else { continue };
            let own = event.filter(|e| f.event == Some(e.id));
            alerts.push(match f.what {
                What::Match => alert::of_firing(meta, own, &f, &evidence(&f)),
                What::Loss => alert::of_loss(meta, &f),
            });
        }
    }

    /// Named counters, for the report.
    pub fn counters(&self) -> Vec<(String, u64)> {
        let c = self.inner.counters();
        let all = [
            ("correlation_groups", c.groups),
            ("correlation_entries", c.entries),
            ("correlation_evicted_groups", c.evicted_groups),
            ("correlation_dropped_entries", c.dropped_entries),
            ("correlation_late_events", c.late),
            ("correlation_not_numeric", c.not_numeric),
            ("correlation_firings", c.firings),
        ];
        all.into_iter().map(|(name, n)| (name.to_owned(), n)).collect()
    }

    pub fn snapshot(&self) -> Vec<u8> {
        self.inner.snapshot().unwrap_or_default()
    }

    /// Goes on where a snapshot was taken; rules that changed start anew.
    pub fn restore(&mut self, snapshot: &[u8]) -> Result<(), String> {
        self.inner.restore(snapshot).map(|_| ())
    }
}

/// The newest of the events that made a firing, each once.
fn evidence(f: &Firing) -> Vec<u128> {
    let mut out: Vec<u128> = Vec::new();
    let mut seen = HashSet::new();
    for w in f.witnesses.iter().rev().filter(|w| w.event != 0) {
        if out.len() == EVIDENCE {
            break;
        }
        if seen.insert(w.event) {
            out.push(w.event);
        }
    }
    out.reverse();
    out
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
