//! `Logs`: a run over Zeek logs and Suricata's EVE, driven step by step from Python.

use crate::batch::EventBatch;
use crate::inventory::Inventory;
use crate::wrong;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use sentinel_inventory::state::Source;
use sentinel_logs::recognise;
use sentinel_logs::run::{Logs as Run, word};
use sentinel_logs::source::Report;
use sentinel_wire::json::{List, string};
use sentinel_wire::model::Micros;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// A run over logs. See `sentinel/_native.pyi`.
#[pyclass]
pub struct Logs {
    /// `None` once the run is finished. Never locked: a mutex because Python may share the object.
    run: Mutex<Option<Run>>,
    site: String,
    names: Vec<String>,
    failed: Vec<String>,
    reports: Vec<Report>,
}

fn slot(run: &mut Mutex<Option<Run>>) -> &mut Option<Run> {
    run.get_mut().unwrap_or_else(PoisonError::into_inner)
}

#[pymethods]
impl Logs {
    /// Looks at logs. With `events`, their lines are given as events; else only what they tell is kept.
    #[new]
    #[pyo3(signature = (paths, *, site="default", events=true, sha256=true))]
    fn new(py: Python<'_>, paths: Vec<PathBuf>, site: &str, events: bool, sha256: bool) -> Logs {
        let run = py.detach(|| Run::open(&paths, events, sha256));
        let (names, failed) = (run.names(), run.failed().to_vec());
        Logs { run: Mutex::new(Some(run)), site: site.to_owned(), names, failed, reports: Vec::new() }
    }

    /// Works without the GIL for about `seconds`, to events later than `until` (µs), or until findings
    /// should be taken. True at the end of all.
    #[pyo3(signature = (seconds, until=None))]
    fn step(&mut self, py: Python<'_>, seconds: f64, until: Option<Micros>) -> PyResult<bool> {
        let run = slot(&mut self.run).as_mut().ok_or_else(|| wrong("the run is finished"))?;
        let budget = Duration::try_from_secs_f64(seconds).map_err(wrong)?;
        Ok(py.detach(|| run.step(budget, until.unwrap_or(Micros::MAX))))
    }

    /// Events since the last call, by time.
    fn events(&mut self) -> EventBatch {
        let events = slot(&mut self.run).as_mut().map(Run::take_events).unwrap_or_default();
        EventBatch::new(events, self.names.clone())
    }

    /// Time of the newest event (µs); None before the first.
    fn clock(&mut self) -> Option<Micros> {
        slot(&mut self.run).as_ref().map(Run::clock).filter(|t| *t != Micros::MIN)
    }

    /// Time of the next event (µs); None at the end of all.
    fn ahead(&mut self, py: Python<'_>) -> Option<Micros> {
        let run = slot(&mut self.run).as_mut()?;
        py.detach(|| run.ahead())
    }

    /// Ends the run where it stands.
    fn stop(&mut self, py: Python<'_>) {
        if let Some(run) = slot(&mut self.run).as_mut() {
            py.detach(|| run.stop());
        }
    }

    /// (lines that became events, bytes read, bytes there are or None)
    fn progress(&mut self) -> (u64, u64, Option<u64>) {
        slot(&mut self.run).as_ref().map_or((0, 0, None), Run::progress)
    }

    /// One JSON object per log, once the run is finished.
    fn sources<'py>(&self, py: Python<'py>) -> Vec<Bound<'py, PyBytes>> {
        self.reports.iter().map(|r| PyBytes::new(py, &source_json(r, &self.site))).collect()
    }

    /// One line for each log that could not be read, or not to its end.
    fn errors(&self) -> Vec<String> {
        let nothing = |r: &Report| match &r.first_bad {
            Some((line, why)) if r.records == 0 => {
                Some(format!("{}:{line}: no line of it could be read; {why}", r.name))
            }
            _ => r.error.clone(),
        };
        self.failed.iter().cloned().chain(self.reports.iter().filter_map(nothing)).collect()
    }

    /// One line for each log of which lines could not be read.
    fn warnings(&self) -> Vec<String> {
        self.reports.iter().filter(|r| r.records > 0).filter_map(bad_lines).collect()
    }

    /// Ends the run and adds what was learnt to an inventory (a new one if none is given).
    #[pyo3(signature = (into=None))]
    fn finish<'py>(
        &mut self,
        py: Python<'py>,
        into: Option<Bound<'py, Inventory>>,
    ) -> PyResult<Bound<'py, Inventory>> {
        let run = slot(&mut self.run).take().ok_or_else(|| wrong("the run is finished"))?;
        let (observations, reports) = py.detach(|| run.finish());
        self.reports = reports;
        let into = match into {
            Some(inventory) => inventory,
            None => Bound::new(py, Inventory { inner: sentinel_inventory::inventory::Inventory::new(Vec::new()) })?,
        };
        let site = &self.site;
        let known = |r: &Report| Source { name: r.name.clone(), sha256: r.sha256.clone(), site: site.clone() };
        let mut inventory = into.borrow_mut();
        let state = &mut inventory.inner.state;
        let base = u32::try_from(state.sources.len()).unwrap_or(u32::MAX);
        state.sources.extend(self.reports.iter().map(known));
        state.absorb(observations, base);
        drop(inventory);
        Ok(into)
    }
}

fn bad_lines(r: &Report) -> Option<String> {
    let (line, why) = r.first_bad.as_ref()?;
    let count = match r.bad {
        1 => "a line".to_owned(),
        n => format!("{n} lines"),
    };
    Some(format!("{}:{line}: {count} could not be read, this one first: {why}", r.name))
}

fn source_json(r: &Report, site: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut o = List::object(&mut out);
    o.str("name", &r.name);
    o.str("sha256", &r.sha256);
    o.str("kind", r.kind);
    o.str("site", site);
    o.int("packets", 0);
    o.int("records", r.records);
    o.int("bytes", r.bytes);
    if let (Some(first), Some(last)) = (r.first, r.last) {
        o.time("first", first);
        o.time("last", last);
    }
    o.int("dropped", 0);
    o.int("truncated", 0);
    o.bool("cut", r.cut);
    List::array(o.key("link_types")).end();
    let mut l = List::array(o.key("warnings"));
    if let Some(warning) = bad_lines(r) {
        string(l.item(), &warning);
    }
    l.end();
    o.end();
    out
}

/// What a file or standard input (`-`) is by its content: `zeek`, `eve`, `text` (lines, but of neither),
/// `other` (a capture perhaps, or nothing that can be opened).
#[pyfunction]
pub fn recognise_log(py: Python<'_>, path: PathBuf) -> &'static str {
    py.detach(|| word(recognise::of(Path::new(&path))))
}
