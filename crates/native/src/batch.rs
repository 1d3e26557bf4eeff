//! `EventBatch`: events as a handle, no Python object for each.

use pyo3::prelude::*;
use pyo3::types::PyBytes;
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
}
