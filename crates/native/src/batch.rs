//! `EventBatch`: events as a handle, no Python object for each.

use crate::shed::Keep;
use crate::wrong;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use sentinel_detect::event::Event;
use std::sync::Arc;

/// Events, ready to be written or evaluated. See `sentinel/_native.pyi`.
#[pyclass]
#[derive(Default)]
pub struct EventBatch {
    pub events: Vec<Event>,
    /// Names of sources, by [`Event::source`].
    pub sources: Arc<Vec<String>>,
}

impl EventBatch {
    pub fn new(events: impl IntoIterator<Item = impl Into<Event>>, sources: Vec<String>) -> EventBatch {
        EventBatch { events: events.into_iter().map(Into::into).collect(), sources: Arc::new(sources) }
    }
}

#[pymethods]
impl EventBatch {
    /// A batch without events.
    #[new]
    fn empty() -> EventBatch {
        EventBatch::default()
    }
    fn __len__(&self) -> usize {
        self.events.len()
    }
    /// One flat ECS document a line. With `tag`, a first member `"record": "event"`; secrets are
    /// masked unless `reveal`.
    #[pyo3(signature = (*, tag=false, reveal=false))]
    fn ndjson<'py>(&self, py: Python<'py>, tag: bool, reveal: bool) -> Bound<'py, PyBytes> {
        let mut out = Vec::with_capacity(self.events.len() * 640);
        py.detach(|| {
            for e in &self.events {
                let source = self.sources.get(e.source as usize).map_or("", String::as_str);
                e.write(&mut out, source, tag.then_some("event"), reveal);
                out.push(b'\n');
            }
        });
        PyBytes::new(py, &out)
    }

    /// Rows of the embedded store by the first `length` characters of their time, and the documents that
    /// cannot be rows as they are, one a line. Secrets are masked.
    fn rows<'py>(
        &self,
        py: Python<'py>,
        length: usize,
    ) -> PyResult<(Bound<'py, PyDict>, Bound<'py, PyBytes>)> {
        crate::rows::rows(self, py, length)
    }

    /// Takes the events up to a time (µs) out of the batch, as far as none later stands before them; all
    /// without one.
    #[pyo3(signature = (time=None))]
    fn until(&mut self, time: Option<i64>) -> EventBatch {
        let time = time.unwrap_or(i64::MAX);
        let end = self.events.iter().position(|e| e.time > time).unwrap_or(self.events.len());
        let rest = self.events.split_off(end);
        let events = std::mem::replace(&mut self.events, rest);
        EventBatch { events, sources: Arc::clone(&self.sources) }
    }

    /// Takes the first `n` events out of the batch.
    fn split(&mut self, n: usize) -> EventBatch {
        let rest = self.events.split_off(n.min(self.events.len()));
        let events = std::mem::replace(&mut self.events, rest);
        EventBatch { events, sources: Arc::clone(&self.sources) }
    }

    /// Drops what can be done without: all but notable events, or all. Alerts stay. Gives how many went.
    fn shed(&mut self, py: Python<'_>, keep: &str) -> PyResult<usize> {
        let Some(keep) = Keep::of(keep) else {
            return Err(wrong(format!("keep: '{keep}' is none of notable, none")));
        };
        let before = self.events.len();
        py.detach(|| {
            self.events.retain(|e| keep.keeps(e));
            self.events.shrink_to_fit();
        });
        Ok(before - self.events.len())
    }

    /// Approximate bytes held.
    fn bytes(&self, py: Python<'_>) -> usize {
        py.detach(|| self.events.iter().map(crate::shed::bytes).sum())
    }

    /// Takes the events of another batch, which is empty afterwards, in between by time. Within each
    /// batch the order stays.
    fn join(&mut self, other: &mut EventBatch) {
        let theirs = std::mem::take(&mut other.events);
        if theirs.is_empty() {
            return;
        }
        if self.events.is_empty() {
            self.events = theirs;
            self.sources = Arc::clone(&other.sources);
            return;
        }
        let base = u32::try_from(self.sources.len()).unwrap_or(u32::MAX);
        if !Arc::ptr_eq(&self.sources, &other.sources) && self.sources != other.sources {
            Arc::make_mut(&mut self.sources).extend(other.sources.iter().cloned());
        }
        let shift = if self.sources == other.sources { 0 } else { base };
        let ours = std::mem::take(&mut self.events);
        self.events.reserve(ours.len().saturating_add(theirs.len()));
        let mut theirs = theirs.into_iter().map(|mut e| {
            e.source = e.source.saturating_add(shift);
            e
        });
        let mut next = theirs.next();
        for event in ours {
            while let Some(e) = next.take_if(|e| e.time < event.time) {
                self.events.push(e);
                next = theirs.next();
            }
            self.events.push(event);
        }
        self.events.extend(next);
        self.events.extend(theirs);
    }
}
