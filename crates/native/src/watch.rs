//! `Watch`: rules at work on events, driven batch by batch from Python.

use crate::batch::EventBatch;
use crate::wrong;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use sentinel_detect::event::Event;
use sentinel_detect::json;
use sentinel_detect::sigma::Sigma;
use sentinel_detect::watch::Watch as Inner;
use sentinel_wire::model::{HostAddr, Val};
use std::sync::Arc;

/// Rules at work. See `sentinel/_native.pyi`.
#[pyclass]
pub struct Watch {
    inner: Inner,
}

#[pymethods]
impl Watch {
    /// `rules` and `pipelines`: (file name, YAML). `context`: JSON. `lateness` in seconds.
    #[new]
    #[pyo3(signature = (rules, *, pipelines=Vec::new(), context=None, lateness=10.0))]
    fn new(
        py: Python<'_>,
        rules: Vec<(String, Vec<u8>)>,
        pipelines: Vec<(String, Vec<u8>)>,
        context: Option<&[u8]>,
        lateness: f64,
    ) -> PyResult<Watch> {
        if !(lateness.is_finite() && (0.0..=86_400.0 * 365.0).contains(&lateness)) {
            return Err(wrong(format!("lateness: {lateness} is no number of seconds up to a year")));
        }
        let settings = context.unwrap_or_default();
        let inner = py.detach(|| {
            let sigma = loaded(&rules, &pipelines);
            Inner::new(sigma, settings, (lateness * 1e6) as i64)
        });
        let inner = inner.map_err(wrong)?;
        Ok(Watch { inner })
    }

    /// Rules and files that are not used: (file, line, reason).
    fn refused(&self) -> Vec<(String, u32, String)> {
        self.inner.refused().iter().map(|r| (r.file.clone(), r.line, r.reason.clone())).collect()
    }

    /// How many rules there are.
    fn __len__(&self) -> usize {
        self.inner.rules()
    }

    /// Takes the events of a batch, which is empty afterwards; gives those whose time has come.
    fn feed(&mut self, py: Python<'_>, batch: &mut EventBatch) -> EventBatch {
        let mut events = std::mem::take(&mut batch.events);
        self.renumber(&mut events, &batch.sources);
        let ripe = py.detach(|| self.inner.feed(events));
        self.batch(ripe)
    }

    /// Takes documents, one a line; `dataset` is that of documents which name none.
    #[pyo3(signature = (ndjson, dataset=None))]
    fn feed_lines(&mut self, py: Python<'_>, ndjson: &[u8], dataset: Option<&str>) -> EventBatch {
        let ripe = py.detach(|| {
            let events = self.read(ndjson, dataset);
            self.inner.feed(events)
        });
        self.batch(ripe)
    }

    /// Takes documents as dictionaries.
    fn feed_docs(&mut self, py: Python<'_>, docs: Vec<Bound<'_, PyDict>>) -> PyResult<EventBatch> {
        let dumps = py.import("json")?.getattr("dumps")?;
        let mut lines = Vec::with_capacity(docs.len());
        for doc in docs {
            let text: String = dumps.call1((doc,))?.extract()?;
            lines.push(text);
        }
        let ripe = py.detach(|| {
            let events = self.read(lines.join("\n").as_bytes(), None);
            self.inner.feed(events)
        });
        Ok(self.batch(ripe))
    }

    /// Time passes without events, by the machine's clock in microseconds: gives those whose time has come.
    fn advance(&mut self, py: Python<'_>, now: i64) -> EventBatch {
        let ripe = py.detach(|| self.inner.advance(now));
        self.batch(ripe)
    }

    /// No event before this time (µs) will come in order any more; `None` before the first event.
    fn clock(&self) -> Option<i64> {
        self.inner.clock()
    }

    /// No more events will come: gives those that were held back.
    fn finish(&mut self, py: Python<'_>) -> EventBatch {
        let rest = py.detach(|| self.inner.finish());
        self.batch(rest)
    }

    /// Alerts since the last call, in order, as a handle: for chains, and to be written.
    fn take_alerts(&mut self) -> EventBatch {
        let alerts = self.inner.take_alerts();
        self.batch(alerts)
    }

    /// Alert documents since the last call, in order. Secrets are masked unless `reveal`.
    #[pyo3(signature = (*, reveal=false))]
    fn alerts<'py>(&mut self, py: Python<'py>, reveal: bool) -> Vec<Bound<'py, PyBytes>> {
        let alerts = self.inner.take_alerts();
        let document = |a: &Event| {
            let mut out = Vec::with_capacity(1024);
            a.write(
                &mut out,
                self.inner.sources.get(a.source as usize).map_or("", String::as_str),
                None,
                reveal,
            );
            PyBytes::new(py, &out)
        };
        alerts.iter().map(document).collect()
    }

    /// Which conditions of a rule an event (a JSON document) fits, and which not: JSON.
    fn explain<'py>(&self, py: Python<'py>, rule: &str, event: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
        let text = std::str::from_utf8(event).map_err(|_| wrong("the event is not UTF-8 text"))?;
        let event = json::event(text, 1).map_err(wrong)?;
        let told = self.inner.sigma.explain(rule, &event);
        let told = told.ok_or_else(|| wrong(format!("there is no rule '{rule}'")))?;
        Ok(PyBytes::new(py, told.to_string().as_bytes()))
    }

    /// Counters by name: JSON.
    fn counters<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        let mut all: serde_json::Map<String, serde_json::Value> =
            self.inner.counters().into_iter().map(|(name, n)| (name, n.into())).collect();
        all.insert("bad_lines".into(), self.inner.bad_lines.into());
        PyBytes::new(py, serde_json::Value::Object(all).to_string().as_bytes())
    }

    /// Puts other rules in the place of these; the old ones are at work until the new ones are ready.
    #[pyo3(signature = (rules, *, pipelines=Vec::new()))]
    fn reload(
        &mut self,
        py: Python<'_>,
        rules: Vec<(String, Vec<u8>)>,
        pipelines: Vec<(String, Vec<u8>)>,
    ) -> PyResult<()> {
        py.detach(|| self.inner.swap(loaded(&rules, &pipelines))).map_err(wrong)
    }

    /// Replaces the inventory that events are seen against, from the next tick of event time on:
    /// a JSON array of assets.
    fn assets(&mut self, py: Python<'_>, assets: &[u8]) -> PyResult<()> {
        py.detach(|| self.inner.context.assets(assets)).map_err(wrong)
    }

    /// What was learned, to be kept between scans.
    fn save_baseline<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &py.detach(|| self.inner.context.save()))
    }

    /// Takes up what was learned before.
    fn load_baseline(&mut self, py: Python<'_>, saved: &[u8]) -> PyResult<()> {
        py.detach(|| self.inner.context.load(saved)).map_err(wrong)
    }

    /// What was learned, `most` conversations of it: JSON.
    fn show_baseline<'py>(&self, py: Python<'py>, most: usize) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &py.detach(|| self.inner.context.baseline(most)))
    }

    /// Forgets what was learned, of one address or of all. Gives how many conversations it was of.
    #[pyo3(signature = (address=None))]
    fn reset_baseline(&mut self, address: Option<&str>) -> PyResult<usize> {
        let address = address.map(host).transpose()?;
        Ok(self.inner.context.reset(address))
    }

    /// How many (rule, event) pairs of documents, one a line, fit: nothing is put in order, nothing is
    /// looked up, nothing is kept.
    #[pyo3(signature = (ndjson, dataset=None))]
    fn count(&mut self, py: Python<'_>, ndjson: &[u8], dataset: Option<&str>) -> u64 {
        py.detach(|| {
            let mut hits = Vec::new();
            let mut all = 0u64;
            self.lines(ndjson, dataset, json::nameless, |watch, event| {
                watch.inner.sigma.evaluate(&event, &mut hits);
                all = all.saturating_add(hits.len() as u64);
            });
            all
        })
    }

    /// Which rules documents, one a line, fit: (line, rule), both from 0; rules as `rules` has them. As with
    /// `count` nothing is put in order, looked up or kept.
    #[pyo3(signature = (ndjson, dataset=None))]
    fn hits(&mut self, py: Python<'_>, ndjson: &[u8], dataset: Option<&str>) -> Vec<(u64, u32)> {
        py.detach(|| {
            let (first, mut hits, mut all) = (self.inner.lines.saturating_add(1), Vec::new(), Vec::new());
            self.lines(ndjson, dataset, json::nameless, |watch, event| {
                watch.inner.sigma.evaluate(&event, &mut hits);
                all.extend(hits.iter().map(|hit| (watch.inner.lines.saturating_sub(first), hit.rule)));
            });
            all
        })
    }

    /// Detection rules at work: (file, id or what it is known by, title).
    fn rules(&self) -> Vec<(String, String, String)> {
        let told = |m: &sentinel_detect::sigma::Meta| (m.place.file.clone(), m.id.clone(), m.title.clone());
        self.inner.sigma.rules().iter().map(told).collect()
    }

    /// The whole state but rules and settings, events that are held back and alerts not yet taken included.
    fn snapshot<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &py.detach(|| self.inner.snapshot()))
    }

    /// Takes up where a snapshot was taken.
    fn restore(&mut self, py: Python<'_>, snapshot: &[u8]) -> PyResult<()> {
        py.detach(|| self.inner.restore(snapshot)).map_err(wrong)
    }
}

impl Watch {
    fn batch(&self, events: Vec<Event>) -> EventBatch {
        EventBatch { events, sources: Arc::clone(&self.inner.sources) }
    }

    /// Gives events the numbers their sources have here.
    fn renumber(&mut self, events: &mut [Event], names: &[String]) {
        let numbers: Vec<u32> = names.iter().map(|n| self.inner.source(n)).collect();
        for event in events {
            event.source = numbers.get(event.source as usize).copied().unwrap_or(u32::MAX);
        }
    }

    fn read(&mut self, ndjson: &[u8], dataset: Option<&str>) -> Vec<Event> {
        let mut out = Vec::new();
        self.lines(ndjson, dataset, json::event, |_, event| out.push(event));
        out
    }

    /// Reads documents, one a line.
    fn lines(
        &mut self,
        ndjson: &[u8],
        dataset: Option<&str>,
        read: fn(&str, u64) -> Result<Event, String>,
        mut each: impl FnMut(&mut Watch, Event),
    ) {
        let mut rest = ndjson;
        while !rest.is_empty() {
            let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
            let line = rest.get(..end).unwrap_or_default();
            rest = rest.get(end.saturating_add(1)..).unwrap_or_default();
            self.inner.lines = self.inner.lines.saturating_add(1);
            if line.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            let text = std::str::from_utf8(line).map_err(|e| e.to_string());
            match text.and_then(|text| read(text, self.inner.lines)) {
                Ok(mut event) => {
                    event.source = u32::MAX;
                    if let Some(name) = dataset
                        && event.get("event.dataset").is_none()
                    {
                        event.set("event.dataset", Val::from(name));
                    }
                    each(self, event);
                }
                Err(_) => self.inner.bad_lines = self.inner.bad_lines.saturating_add(1),
            }
        }
    }
}

/// Log sources of events of a dataset: (product, service, category), empty is not said. A rule is meant for
/// them if all it says is said by one of these; none: the origin is unknown, every rule is meant.
#[pyfunction]
pub fn log_sources(dataset: &str) -> Vec<(String, String, String)> {
    let found = sentinel_detect::sigma::route::sources(&sentinel_detect::sigma::route::Class::of(dataset));
    found.into_iter().map(|s| (s.product, s.service, s.category)).collect()
}

fn loaded(rules: &[(String, Vec<u8>)], pipelines: &[(String, Vec<u8>)]) -> Sigma {
    fn named(files: &[(String, Vec<u8>)]) -> impl Iterator<Item = (&str, &[u8])> {
        files.iter().map(|(n, t)| (n.as_str(), t.as_slice()))
    }
    Sigma::load(named(rules), named(pipelines))
}

fn host(text: &str) -> PyResult<HostAddr> {
    let ip = text.parse().map(HostAddr::Ip);
    ip.map_err(|_| wrong(format!("address '{text}' is no IP address")))
}
