//! `Chains`: alerts join into attack chains.

use crate::batch::EventBatch;
use crate::wrong;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::PyBytes;
use sentinel_detect::chain;

/// Alert documents in, chain documents out. Times are event time; nothing depends on batches.
#[pyclass]
pub struct Chains {
    inner: chain::Chains,
}

fn pages(py: Python<'_>, documents: Vec<Vec<u8>>) -> Vec<Bound<'_, PyBytes>> {
    documents.iter().map(|d| PyBytes::new(py, d)).collect()
}

#[pymethods]
impl Chains {
    /// `stages` is the stage table, `settings` an object of settings, both JSON.
    #[new]
    #[pyo3(signature = (*, stages, settings=None))]
    fn new(stages: &[u8], settings: Option<&[u8]>) -> PyResult<Chains> {
        Ok(Chains { inner: chain::Chains::new(stages, settings.unwrap_or(b"{}")).map_err(wrong)? })
    }

    /// Takes in alert documents.
    fn feed(&mut self, py: Python<'_>, alerts: Vec<PyBackedBytes>) {
        py.detach(|| alerts.iter().for_each(|a| self.inner.feed(a)));
    }

    /// Takes in the alerts of a batch, which keeps them.
    fn feed_batch(&mut self, py: Python<'_>, alerts: PyRef<'_, EventBatch>) {
        let EventBatch { events, sources } = &*alerts;
        py.detach(|| {
            for e in events {
                self.inner.feed_event(e, sources.get(e.source as usize).map_or("", String::as_str));
            }
        });
    }

    /// Replaces the assets whose addresses alerts may have that do not name them: a JSON array of assets.
    fn assets(&mut self, py: Python<'_>, assets: &[u8]) -> PyResult<()> {
        py.detach(|| self.inner.assets(assets)).map_err(wrong)
    }

    /// Takes in alert documents, one a line.
    fn feed_lines(&mut self, py: Python<'_>, ndjson: &[u8]) {
        py.detach(|| self.inner.feed_lines(ndjson));
    }

    /// Works on what waits for earlier alerts.
    fn finish(&mut self, py: Python<'_>) {
        py.detach(|| self.inner.finish());
    }

    /// Lets event time pass, in microseconds since 1970 UTC: what waits is worked on, idle chains close.
    fn advance(&mut self, py: Python<'_>, time: i64) {
        py.detach(|| self.inner.advance(time));
    }

    /// Chains that changed since the last call.
    fn changed<'py>(&mut self, py: Python<'py>) -> Vec<Bound<'py, PyBytes>> {
        pages(py, py.detach(|| self.inner.changed()))
    }

    /// All chains, the highest score first.
    fn all<'py>(&self, py: Python<'py>) -> Vec<Bound<'py, PyBytes>> {
        pages(py, py.detach(|| self.inner.all()))
    }

    /// What was seen, left out and given up, as a JSON object.
    fn counters<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.inner.counters().json())
    }

    /// (octets held, octets that may be held at most).
    fn memory(&self) -> (usize, usize) {
        (self.inner.octets(), self.inner.most_octets())
    }

    /// The state as bytes.
    fn snapshot<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &py.detach(|| self.inner.snapshot()))
    }

    /// Goes on from a snapshot.
    fn restore(&mut self, py: Python<'_>, snapshot: &[u8]) -> PyResult<()> {
        py.detach(|| self.inner.restore(snapshot)).map_err(wrong)
    }
}
