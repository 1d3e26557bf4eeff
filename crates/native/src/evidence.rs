//! `Evidence`: the packets that prove something, driven from Python.

use crate::batch::EventBatch;
use crate::wrong;
use pyo3::prelude::*;
use sentinel_detect::evidence::request;
use sentinel_detect::json;
use sentinel_wire::evidence::{Bounds, Evidence as Inner, Pointer};
use std::path::PathBuf;
use std::sync::Arc;

/// A folder of packets. See `sentinel/_native.pyi`.
#[pyclass(frozen)]
pub struct Evidence {
    pub inner: Arc<Inner>,
}

#[pymethods]
impl Evidence {
    #[new]
    #[pyo3(signature = (folder, *, bytes=1 << 30, memory=64 << 20, before=10.0, after=5.0))]
    fn new(folder: PathBuf, bytes: u64, memory: usize, before: f64, after: f64) -> PyResult<Evidence> {
        let us = |seconds: f64| (seconds.clamp(0.0, 86_400.0) * 1e6) as i64;
        let bounds = Bounds { bytes, memory, before: us(before), after: us(after) };
        Ok(Evidence { inner: Arc::new(Inner::open(&folder, bounds).map_err(wrong)?) })
    }

    /// Asks for the packets of log-ins, changing operations and alerts among events.
    fn see(&self, py: Python<'_>, batch: &EventBatch) {
        py.detach(|| {
            // where a frame stands is known of sources that packets came from
            let places: Vec<Option<u32>> = batch.sources.iter().map(|s| self.inner.source(s)).collect();
            let place = |n: u32| places.get(n as usize).copied().flatten();
            self.inner.want(batch.events.iter().filter_map(|e| request(e, place(e.source))));
        });
    }

    /// Asks for the packets of alerts, documents as `Watch.alerts` gives them.
    fn alerts(&self, py: Python<'_>, alerts: Vec<Vec<u8>>) {
        py.detach(|| {
            let read = |doc: &Vec<u8>| {
                let event = json::event(std::str::from_utf8(doc).ok()?, 0).ok()?;
                let place = event.text("sentinel.source").and_then(|s| self.inner.source(s));
                request(&event, place.filter(|_| event.frame > 0))
            };
            self.inner.want(alerts.iter().filter_map(read));
        });
    }

    /// Writes what is asked for and has come, by packet time or by `now_us`: (id, file, first packet, how
    /// many).
    #[pyo3(signature = (now_us=None))]
    fn turn(&self, py: Python<'_>, now_us: Option<i64>) -> Vec<Pointer> {
        py.detach(|| self.inner.turn(now_us))
    }

    /// Writes all that is asked for: no more packets come.
    fn finish(&self, py: Python<'_>) -> Vec<Pointer> {
        py.detach(|| self.inner.finish())
    }

    /// Sees to it that what was written survives a loss of power.
    fn sync(&self, py: Python<'_>) {
        py.detach(|| self.inner.sync());
    }

    /// One line, once, when the disk did not take something.
    fn trouble(&self) -> Option<String> {
        self.inner.take_trouble()
    }

    /// What was counted, by name.
    fn counters(&self) -> Vec<(&'static str, u64)> {
        self.inner.counters()
    }
}
