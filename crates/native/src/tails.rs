//! `Tails`: Zeek logs and Suricata's EVE followed while they are written, driven from Python.

use crate::batch::EventBatch;
use crate::inventory::Inventory;
use crate::wrong;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use sentinel_inventory::state::Source;
use sentinel_logs::tail::{Counts, Tails as Run, Timing};
use sentinel_wire::json::List;
use sentinel_wire::model::Micros;
use sha2::{Digest, Sha256};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Logs that are followed. See `sentinel/_native.pyi`.
#[pyclass]
pub struct Tails {
    /// Never locked: a mutex because Python may share the object.
    run: Mutex<Run>,
    site: String,
}

fn slot(run: &mut Mutex<Run>) -> &mut Run {
    run.get_mut().unwrap_or_else(PoisonError::into_inner)
}

#[pymethods]
impl Tails {
    /// Follows files, folders and patterns, from where `state` says on.
    #[new]
    #[pyo3(signature = (patterns, *, site="default", state=None, poll=0.1, look=1.0, leave=30.0))]
    fn new(
        py: Python<'_>,
        patterns: Vec<PathBuf>,
        site: &str,
        state: Option<&[u8]>,
        poll: f64,
        look: f64,
        leave: f64,
    ) -> PyResult<Tails> {
        let seconds = |n: f64| Duration::try_from_secs_f64(n).map_err(wrong);
        let timing = Timing {
            poll: seconds(poll)?,
            look: seconds(look)?,
            leave: seconds(leave)?,
            ..Timing::default()
        };
        let run = py.detach(|| Run::new(&patterns, state, timing)).map_err(wrong)?;
        Ok(Tails { run: Mutex::new(run), site: site.to_owned() })
    }

    /// Reads what is there, without the GIL, for about `seconds` or until there are enough events; where
    /// nothing is there, waits that long for something.
    fn step(&mut self, py: Python<'_>, seconds: f64) -> PyResult<()> {
        let budget = Duration::try_from_secs_f64(seconds).map_err(wrong)?;
        let run = slot(&mut self.run);
        py.detach(|| run.step(budget));
        Ok(())
    }

    /// Events since the last call, each log's in its order.
    fn events(&mut self) -> EventBatch {
        let (events, names) = slot(&mut self.run).take_events();
        EventBatch::new(events, names)
    }

    /// Positions up to which events were taken.
    fn positions<'py>(&mut self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &slot(&mut self.run).positions())
    }

    /// Time of the newest event (µs); None before the first.
    fn clock(&mut self) -> Option<Micros> {
        Some(slot(&mut self.run).clock()).filter(|t| *t != Micros::MIN)
    }

    /// What was learnt since the last call.
    fn harvest(&mut self, py: Python<'_>) -> Inventory {
        let (observations, names) = slot(&mut self.run).harvest();
        let site = &self.site;
        let inner = py.detach(|| {
            let known =
                |name: &String| Source { name: name.clone(), sha256: identity(name), site: site.clone() };
            let sources: Vec<Source> = names.iter().map(known).collect();
            let mut inner = sentinel_inventory::inventory::Inventory::new(sources);
            inner.state.absorb(observations, 0);
            inner
        });
        Inventory { inner }
    }

    /// What is counted by log: a JSON object of objects.
    fn counters<'py>(&mut self, py: Python<'py>) -> Bound<'py, PyBytes> {
        let mut out = Vec::new();
        let mut o = List::object(&mut out);
        for (name, counts, lag, waiting) in slot(&mut self.run).counts() {
            log(o.key(&name), &counts, lag, waiting.as_deref());
        }
        o.end();
        PyBytes::new(py, &out)
    }

    /// How many files are followed and known, and what cannot be looked at: a JSON object.
    fn totals<'py>(&mut self, py: Python<'py>) -> Bound<'py, PyBytes> {
        let run = slot(&mut self.run);
        let mut out = Vec::new();
        let mut o = List::object(&mut out);
        for (name, count) in run.totals() {
            o.int(name, count);
        }
        let mut faults = List::object(o.key("faults"));
        for (path, why) in run.faults() {
            faults.str(&path.to_string_lossy(), why);
        }
        faults.end();
        o.end();
        PyBytes::new(py, &out)
    }

    /// One JSON object per log, as far as it was read.
    fn sources<'py>(&mut self, py: Python<'py>) -> Vec<Bound<'py, PyBytes>> {
        let counts = slot(&mut self.run).counts();
        let known = counts.iter().filter(|(_, c, ..)| !c.kind.is_empty());
        known.map(|(name, c, ..)| PyBytes::new(py, &source_json(name, c, &self.site))).collect()
    }
}

/// A log has no content that would stay: it is known by its name.
fn identity(name: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(b"log\0");
    hash.update(name.as_bytes());
    hash.finalize().iter().map(|b| format!("{b:02x}")).collect()
}

fn log(out: &mut Vec<u8>, c: &Counts, lag: u64, waiting: Option<&str>) {
    let mut o = List::object(out);
    o.str("kind", c.kind);
    o.int("lines", c.lines);
    o.int("bytes", c.bytes);
    o.int("bad", c.bad);
    if let Some(why) = &c.last_bad {
        o.str("last_bad", why);
    }
    o.int("lag", lag);
    o.int("rotations", c.rotations);
    o.int("truncations", c.truncations);
    o.int("lost", c.lost);
    o.int("dropped", c.dropped);
    if let Some(why) = waiting {
        o.str("waiting", why);
    }
    o.end();
}

fn source_json(name: &str, c: &Counts, site: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut o = List::object(&mut out);
    o.str("name", name);
    o.str("sha256", &identity(name));
    o.str("kind", c.kind);
    o.str("site", site);
    o.int("packets", 0);
    o.int("records", c.lines);
    o.int("bytes", c.bytes);
    if let (Some(first), Some(last)) = (c.first, c.last) {
        o.time("first", first);
        o.time("last", last);
    }
    o.int("dropped", c.dropped);
    o.int("truncated", 0);
    o.bool("cut", false);
    List::array(o.key("link_types")).end();
    let mut l = List::array(o.key("warnings"));
    if let Some(why) = &c.last_bad {
        let warning = format!("{name}: {} lines could not be read, this one last: {why}", c.bad);
        sentinel_wire::json::string(l.item(), &warning);
    }
    l.end();
    o.end();
    out
}
