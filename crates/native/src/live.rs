//! `Live`: a run over network interfaces, driven as a scan of captures is.

use crate::evidence::Evidence;
use crate::inventory::Inventory;
use crate::scan::{Scan, config, declarations};
use crate::wrong;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use sentinel_wire::capture::PortReport;
use sentinel_wire::engine::{Config, Engine, Ports};
use sentinel_wire::json::List;

/// A run over network interfaces. See `sentinel/_native.pyi`.
#[pyclass(extends = Scan)]
pub struct Live {
    /// What was counted when it was last asked for.
    ports: Vec<PortReport>,
}

#[pymethods]
impl Live {
    #[new]
    #[pyo3(signature = (interfaces, *, site="default", events="notable", workers=1, declared=Vec::new(), filter=None, snaplen=65535, ring_mib=64, promiscuous=true, evidence=None))]
    #[allow(clippy::too_many_arguments)]
    fn new(
        py: Python<'_>,
        interfaces: Vec<String>,
        site: &str,
        events: &str,
        workers: usize,
        declared: Vec<(String, bool, Bound<'_, PyAny>)>,
        filter: Option<&str>,
        snaplen: u32,
        ring_mib: usize,
        promiscuous: bool,
        evidence: Option<&Bound<'_, Evidence>>,
    ) -> PyResult<PyClassInitializer<Live>> {
        let config = Config { sha256: false, ..config(workers, events, filter)? };
        let declared = declarations(declared)?;
        let ports = Ports { names: interfaces, snaplen, ring_mib, promiscuous };
        let mut scan = Scan::of(py, site, config, |config| Engine::live(&ports, declared, config))?;
        scan.keep(evidence);
        let ports = scan.engine().map(Engine::ports).unwrap_or_default();
        Ok(PyClassInitializer::from(scan).add_subclass(Live { ports }))
    }

    /// What was counted of every interface, as JSON: {name: {...}}.
    fn counters<'py>(mut slf: PyRefMut<'_, Self>, py: Python<'py>) -> Bound<'py, PyBytes> {
        count(&mut slf);
        PyBytes::new(py, &counters_json(&slf.ports))
    }

    /// Ends the run and gives its observations as an inventory.
    fn finish(mut slf: PyRefMut<'_, Self>, py: Python<'_>) -> PyResult<Inventory> {
        slf.as_super().stop(py);
        count(&mut slf);
        slf.as_super().finish(py)
    }
}

/// Keeps what is counted now; once the run is finished there is nothing new.
fn count(live: &mut PyRefMut<'_, Live>) {
    if let Some(ports) = live.as_super().engine().map(Engine::ports) {
        live.ports = ports;
    }
}

fn counters_json(ports: &[PortReport]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut all = List::object(&mut out);
    for port in ports {
        let c = &port.counters;
        let mut o = List::object(all.key(&port.name));
        o.str("link", port.state.name());
        o.str("link_type", &port.link.to_string());
        let numbers = [
            ("packets", c.packets),
            ("bytes", c.bytes),
            ("kernel_drops", c.drops),
            ("freezes", c.freezes),
            ("truncated", c.truncated),
            ("joined", c.joined),
            ("tagged", c.tagged),
            ("down", c.downs),
            ("lost", c.lost),
        ];
        numbers.iter().for_each(|(name, n)| o.int(name, *n));
        o.end();
    }
    all.end();
    out
}

/// Gives up every privilege for good. See `sentinel/_native.pyi`.
#[pyfunction]
#[pyo3(signature = (user=None))]
pub fn drop_privileges(py: Python<'_>, user: Option<&str>) -> PyResult<()> {
    let ids = match user {
        None => None,
        Some(name) => {
            let entry = py
                .import("pwd")?
                .call_method1("getpwnam", (name,))
                .map_err(|_| wrong(format!("user {name:?} does not exist: make it, or name another")))?;
            Some((entry.getattr("pw_uid")?.extract()?, entry.getattr("pw_gid")?.extract()?))
        }
    };
    sentinel_ring::drop_privileges(ids).map_err(wrong)
}

/// No huge pages for this process. See `sentinel/_native.pyi`.
#[pyfunction]
pub fn small_pages() -> bool {
    sentinel_ring::small_pages()
}
