//! `Scan`: a run over captures, driven step by step from Python.

use crate::batch::EventBatch;
use crate::evidence::Evidence;
use crate::inventory::Inventory;
use crate::wrong;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use sentinel_inventory::inventory as inv;
use sentinel_inventory::state::Source;
use sentinel_wire::engine::{Config, Engine, SourceReport};
use sentinel_wire::events::Injector;
use sentinel_wire::filter::Filter;
use sentinel_wire::flow::{Chunk, Declared};
use sentinel_wire::json::List;
use sentinel_wire::model::Transport;
use sentinel_wire::obs::{EventMode, StoredEvent};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// A run over capture files. See `sentinel/_native.pyi`.
#[pyclass(subclass)]
pub struct Scan {
    /// `None` once the scan is finished. Never locked: a mutex because Python may share the object.
    engine: Mutex<Option<Engine>>,
    injector: Injector,
    chunks: Vec<Chunk>,
    last: Vec<StoredEvent>,
    sources: Vec<SourceReport>,
    failed: Vec<String>,
    site: String,
    progress: (u64, u64, Option<u64>),
}

fn slot(engine: &mut Mutex<Option<Engine>>) -> &mut Option<Engine> {
    engine.get_mut().unwrap_or_else(PoisonError::into_inner)
}

/// Names live as long as the process: there are as many as declared probes.
pub(crate) fn leak(name: &str) -> &'static str {
    use std::collections::HashSet;
    static NAMES: Mutex<Option<HashSet<&'static str>>> = Mutex::new(None);
    let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    let names = names.get_or_insert_default();
    if let Some(known) = names.get(name) {
        return known;
    }
    let leaked: &'static str = Box::leak(name.to_owned().into_boxed_str());
    names.insert(leaked);
    leaked
}

/// How a run is done, as Python says it.
pub(crate) fn config(workers: usize, events: &str, filter: Option<&str>) -> PyResult<Config> {
    let events = match events {
        "none" => EventMode::None,
        "notable" => EventMode::Notable,
        "all" => EventMode::All,
        other => return Err(wrong(format!("events: '{other}' is none of none, notable, all"))),
    };
    let filter = filter.map(Filter::parse).transpose().map_err(wrong)?;
    Ok(Config { workers, events, filter, ..Config::default() })
}

/// Probes outside: (name, industrial, {signature as keyword values}).
pub(crate) fn declarations(declared: Vec<(String, bool, Bound<'_, PyAny>)>) -> PyResult<Vec<Declared>> {
    let one = |(name, industrial, s): (String, bool, Bound<'_, PyAny>)| {
        Ok(Declared { name: leak(&name), industrial, signature: crate::probes::signature(&s)? })
    };
    declared.into_iter().map(one).collect()
}

/// (flow, probe, side, time in µs, frame, bytes lost before, data, the flow is over)
type ChunkTuple<'py> = (u64, &'static str, &'static str, i64, u64, u64, Bound<'py, PyBytes>, bool);

#[pymethods]
impl Scan {
    /// Opens captures. `declared` are probes outside:
    /// (name, industrial, {signature as keyword values}).
    #[new]
    #[pyo3(signature = (paths, *, site="default", events="none", workers=1, declared=Vec::new(), filter=None, batch=4096, sha256=true, evidence=None))]
    #[allow(clippy::too_many_arguments)]
    fn new(
        py: Python<'_>,
        paths: Vec<PathBuf>,
        site: &str,
        events: &str,
        workers: usize,
        declared: Vec<(String, bool, Bound<'_, PyAny>)>,
        filter: Option<&str>,
        batch: usize,
        sha256: bool,
        evidence: Option<&Bound<'_, Evidence>>,
    ) -> PyResult<Scan> {
        let config = Config { batch, sha256, ..config(workers, events, filter)? };
        let declared = declarations(declared)?;
        let mut scan = Scan::of(py, site, config, |config| Engine::open(&paths, declared, config))?;
        scan.keep(evidence);
        Ok(scan)
    }

    /// Works without the GIL for about `seconds`, or until findings should be taken. True at the end.
    fn step(&mut self, py: Python<'_>, seconds: f64) -> PyResult<bool> {
        let engine = slot(&mut self.engine).as_mut().ok_or_else(|| wrong("the scan is finished"))?;
        let budget = Duration::try_from_secs_f64(seconds).map_err(wrong)?;
        let done = py.detach(|| engine.step(budget));
        if let Some(evidence) = engine.evidence.clone() {
            evidence.name(engine.source_names());
        }
        let (read, total) = engine.progress();
        self.progress = (engine.packets(), read, total);
        Ok(done)
    }

    /// Ends the scan where it stands.
    pub(crate) fn stop(&mut self, py: Python<'_>) {
        if let Some(engine) = slot(&mut self.engine).as_mut() {
            py.detach(|| engine.stop());
        }
    }

    /// Packet time up to which all was read (µs); None before the first packet.
    fn clock(&mut self) -> Option<i64> {
        slot(&mut self.engine).as_ref().and_then(Engine::clock)
    }

    /// (packets, bytes read, bytes there are or None)
    fn progress(&self) -> (u64, u64, Option<u64>) {
        self.progress
    }

    /// Payload for probes outside since the last call, in order.
    fn chunks<'py>(&mut self, py: Python<'py>) -> Vec<ChunkTuple<'py>> {
        let Some(engine) = slot(&mut self.engine).as_mut() else { return Vec::new() };
        self.chunks = engine.take_chunks();
        self.chunks
            .iter()
            .map(|c| {
                let side = if c.from == sentinel_wire::model::Side::Client { "client" } else { "server" };
                let probe = engine.registry().get(c.entry).name();
                (c.flow, probe, side, c.at.time, c.at.frame, c.gap, PyBytes::new(py, &c.data), c.end)
            })
            .collect()
    }

    /// Reports what a probe outside found in chunk `number` of the last `chunks()`: a list of
    /// (kind, {values}), kinds `fact`, `operation`, `credential`, `service`, `event`.
    fn observe(
        &mut self,
        number: usize,
        found: Vec<(String, Bound<'_, pyo3::types::PyDict>)>,
    ) -> PyResult<()> {
        let Some(chunk) = self.chunks.get(number) else { return Err(wrong("no such chunk")) };
        let Some(engine) = slot(&mut self.engine).as_ref() else { return Err(wrong("the scan is finished")) };
        let protocol = engine.registry().get(chunk.entry).name();
        for (kind, values) in found {
            self.injector
                .with(chunk, protocol, |cx| crate::probes::report(cx, &kind, &values))
                .unwrap_or(Ok(()))?;
        }
        Ok(())
    }

    /// Counts a PDU that a probe outside refused.
    fn refused(&mut self, probe: &str) {
        self.injector.obs.parse_error(leak(probe));
    }

    /// Events since the last call, in order.
    fn events(&mut self) -> EventBatch {
        let Some(engine) = slot(&mut self.engine).as_mut() else {
            return EventBatch::new(std::mem::take(&mut self.last), self.names());
        };
        let mut events = engine.take_events();
        let outside = self.injector.obs.events.take();
        if !outside.is_empty() {
            events.extend(outside);
            // the sort is stable: of one packet, native findings come first
            events.sort_by_key(|e| e.order.0);
        }
        let sources = if events.is_empty() { Vec::new() } else { engine.source_names() };
        EventBatch::new(events, sources)
    }

    /// What was observed since the last harvest, flows still open included; they go on.
    fn harvest(&mut self, py: Python<'_>) -> PyResult<Inventory> {
        let engine = slot(&mut self.engine).as_mut().ok_or_else(|| wrong("the scan is finished"))?;
        Ok(py.detach(|| crate::harvest::harvest(engine, &mut self.injector, &self.site)))
    }

    /// State of open flows as bytes, for `load_flows` of another scan.
    fn save_flows<'py>(&mut self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let engine = slot(&mut self.engine).as_mut().ok_or_else(|| wrong("the scan is finished"))?;
        let bytes = py.detach(|| engine.save_flows());
        Ok(PyBytes::new(py, &bytes))
    }

    /// Goes on with the flows of another scan, before the first packet.
    fn load_flows(&mut self, py: Python<'_>, saved: &[u8]) -> PyResult<()> {
        let engine = slot(&mut self.engine).as_mut().ok_or_else(|| wrong("the scan is finished"))?;
        py.detach(|| engine.load_flows(saved)).map_err(wrong)
    }

    /// Bytes held by flows and by what was observed since the last harvest, and how many flows are open.
    fn memory(&mut self) -> (usize, usize) {
        slot(&mut self.engine).as_ref().map_or((0, 0), |e| (e.bytes(), e.flows()))
    }

    /// One JSON object per source, as of now.
    fn sources<'py>(&mut self, py: Python<'py>) -> Vec<Bound<'py, PyBytes>> {
        if let Some(engine) = slot(&mut self.engine).as_mut() {
            self.sources = engine.sources();
        }
        self.sources.iter().map(|s| PyBytes::new(py, &source_json(s, &self.site))).collect()
    }

    /// One line for each source that could not be read, or not to its end.
    fn errors(&self) -> Vec<String> {
        self.failed.iter().cloned().chain(self.sources.iter().filter_map(|s| s.error.clone())).collect()
    }

    /// Ends the scan and gives its observations as an inventory.
    pub(crate) fn finish(&mut self, py: Python<'_>) -> PyResult<Inventory> {
        let mut engine = slot(&mut self.engine).take().ok_or_else(|| wrong("the scan is finished"))?;
        engine.stop();
        self.injector.finish();
        self.last = engine.take_events();
        self.last.append(&mut self.injector.obs.events.take());
        self.sources = engine.sources();
        let known = |s: &SourceReport| Source {
            name: s.name.clone(),
            sha256: s.sha256.clone(),
            site: self.site.clone(),
        };
        let mut inner = inv::Inventory::new(self.sources.iter().map(known).collect());
        let limits = self.injector.obs.limits;
        let outside = std::mem::replace(&mut self.injector, Injector::new(limits, EventMode::None)).obs;
        py.detach(|| {
            for observations in engine.finish() {
                inner.state.absorb(observations, 0);
            }
            inner.state.absorb(outside, 0);
        });
        // the last part of what was harvested is to be added to the rest
        inner.partial = !inner.state.taken.is_empty();
        Ok(Inventory { inner })
    }
}

impl Scan {
    /// Opens what `open` gives for the configuration.
    pub(crate) fn of(
        py: Python<'_>,
        site: &str,
        config: Config,
        open: impl FnOnce(Config) -> Result<Engine, String> + Send,
    ) -> PyResult<Scan> {
        let (limits, events) = (config.limits, config.events);
        let engine = py.detach(|| open(config)).map_err(wrong)?;
        let failed = engine.failed();
        Ok(Scan {
            engine: Mutex::new(Some(engine)),
            injector: Injector::new(limits, events),
            chunks: Vec::new(),
            last: Vec::new(),
            sources: Vec::new(),
            failed,
            site: site.to_owned(),
            progress: (0, 0, None),
        })
    }

    /// Every packet goes to the evidence too.
    pub(crate) fn keep(&mut self, evidence: Option<&Bound<'_, Evidence>>) {
        if let (Some(engine), Some(evidence)) = (slot(&mut self.engine), evidence) {
            engine.evidence = Some(Arc::clone(&evidence.get().inner));
        }
    }

    /// The engine; `None` once the scan is finished.
    pub(crate) fn engine(&mut self) -> Option<&Engine> {
        slot(&mut self.engine).as_ref()
    }

    fn names(&self) -> Vec<String> {
        self.sources.iter().map(|s| s.name.clone()).collect()
    }
}

fn source_json(s: &SourceReport, site: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut o = List::object(&mut out);
    o.str("name", &s.name);
    o.str("sha256", &s.sha256);
    o.str("kind", s.kind);
    o.str("site", site);
    o.int("packets", s.packets);
    o.int("bytes", s.bytes);
    if let (Some(first), Some(last)) = (s.first, s.last) {
        o.time("first", first);
        o.time("last", last);
    }
    o.int("dropped", s.dropped);
    o.int("truncated", s.truncated);
    o.bool("cut", s.cut);
    for (key, list) in [("link_types", &s.link_types), ("warnings", &s.warnings)] {
        let mut l = List::array(o.key(key));
        list.iter().for_each(|t| sentinel_wire::json::string(l.item(), t));
        l.end();
    }
    o.end();
    out
}

/// Says what is wrong with a filter, if something is.
#[pyfunction]
pub fn check_filter(text: &str) -> PyResult<()> {
    Filter::parse(text).map(|_| ()).map_err(wrong)
}

/// Native probes: (name, title, industrial, transports, ports, facts, credentials, operations, source, level,
/// proofs).
#[pyfunction]
#[allow(clippy::type_complexity)]
pub fn native_probes() -> Vec<(
    &'static str,
    &'static str,
    bool,
    Vec<&'static str>,
    Vec<u16>,
    Vec<&'static str>,
    Vec<&'static str>,
    Vec<&'static str>,
    &'static str,
    u8,
    Vec<&'static str>,
)> {
    sentinel_wire::protocols::ALL
        .iter()
        .map(|s| {
            let transports = s.transports.iter().map(|t| Transport::name(*t)).collect();
            let lists = (s.facts.to_vec(), s.credentials.to_vec(), s.operations.to_vec());
            (
                s.name,
                s.title,
                s.industrial,
                transports,
                s.ports.to_vec(),
                lists.0,
                lists.1,
                lists.2,
                s.source,
                s.level,
                s.proofs.to_vec(),
            )
        })
        .collect()
}
