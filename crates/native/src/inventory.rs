//! `Inventory`: observations of a run or a store, and the records made of them.

use crate::wrong;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList};
use sentinel_inventory::inventory::{self as inv, counters};
use sentinel_inventory::state::State;
use sentinel_wire::json::List;
use sentinel_wire::model::{Mac, Transport};

/// Bytes written to the sink at once.
const PIECE: usize = 1 << 20;

/// Observations and what was derived from them. Make one with `Scan.finish()` or from the bytes
/// of a store.
#[pyclass]
pub struct Inventory {
    pub(crate) inner: inv::Inventory,
}

/// Collects bytes and passes them to a Python callable in large pieces.
struct Sink<'py> {
    write: &'py Bound<'py, PyAny>,
    buffer: Vec<u8>,
    error: Option<PyErr>,
}

impl<'py> Sink<'py> {
    fn new(write: &'py Bound<'py, PyAny>) -> Sink<'py> {
        Sink { write, buffer: Vec::with_capacity(PIECE + 65536), error: None }
    }
    fn flush_if(&mut self, at_least: usize) {
        if self.buffer.len() >= at_least && !self.buffer.is_empty() && self.error.is_none() {
            let bytes = PyBytes::new(self.write.py(), &self.buffer);
            self.error = self.write.call1((bytes,)).err();
            self.buffer.clear();
        }
    }
    fn done(mut self) -> PyResult<()> {
        self.flush_if(1);
        self.error.map_or(Ok(()), Err)
    }
}

#[pymethods]
impl Inventory {
    /// An inventory without observations.
    #[new]
    fn new() -> Inventory {
        Inventory { inner: inv::Inventory::new(Vec::new()) }
    }

    /// Adds observations that `observations()` gave, of sources not held yet.
    fn merge(&mut self, py: Python<'_>, observations: &[u8]) -> PyResult<()> {
        py.detach(|| {
            let other = State::from_bytes(observations)?;
            self.inner.merge(&other);
            Ok(())
        })
        .map_err(|e: sentinel_inventory::codec::Unreadable| wrong(e))
    }

    /// TCP and UDP flows without a protocol: (client, server, transport, port), the largest first.
    fn unnamed(&self, most: usize) -> Vec<(String, String, &'static str, u16)> {
        let flows = self.inner.state.unnamed(most).into_iter();
        flows.map(|(c, s, t, port)| (c.to_string(), s.to_string(), t.name(), port)).collect()
    }

    /// Gives such a flow a protocol, as `by` says. False if there is no such flow.
    fn name(
        &mut self,
        client: &str,
        server: &str,
        transport: &str,
        port: u16,
        protocol: &str,
        by: &str,
    ) -> PyResult<bool> {
        let transport = match transport {
            "tcp" => Transport::Tcp,
            "udp" => Transport::Udp,
            other => return Err(wrong(format!("no transport '{other}' of a flow"))),
        };
        let address = |text: &str| text.parse().map_err(|_| wrong(format!("'{text}' is no address")));
        let (client, server) = (address(client)?, address(server)?);
        Ok(self.inner.state.name((client, server, transport, port), protocol, by))
    }

    /// Adds what a harvest gave, which stays as it is.
    fn absorb(&mut self, py: Python<'_>, harvest: &Inventory) {
        py.detach(|| self.inner.absorb(&harvest.inner));
    }

    /// Credentials without an assessment, as a JSON array for `inventory.credentials.assess`, given
    /// to `assess`; its answer is taken. No secret stays readable after this unless it says so.
    fn assess(&mut self, assess: &Bound<'_, PyAny>) -> PyResult<()> {
        let (keys, question) = self.inner.to_assess();
        if keys.is_empty() {
            return Ok(());
        }
        let answer = assess.call1((PyBytes::new(assess.py(), &question),))?;
        self.inner.assessed(keys, answer.extract::<&[u8]>()?).map_err(wrong)
    }

    /// Adds to a counter of `limits`.
    fn count(&mut self, name: &str, number: u64) {
        self.inner.state.count(name, number);
    }

    /// The observations as bytes for a store; every credential must have been assessed.
    fn observations<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let bytes = py.detach(|| self.inner.state.to_bytes()).map_err(wrong)?;
        Ok(PyBytes::new(py, &bytes))
    }

    /// Works out assets. `ledger` is [(identity, id)] in order of first sight, None if none is kept; `describe` takes a
    /// JSON array of profiles and gives one of meanings; `vendors` takes a list of 6-byte hardware
    /// addresses and gives one of names or None. Returns what to add to the ledger.
    #[pyo3(signature = (ledger, describe, vendors, until=None))]
    fn derive(
        &mut self,
        py: Python<'_>,
        ledger: Option<Vec<(String, String)>>,
        describe: &Bound<'_, PyAny>,
        vendors: &Bound<'_, PyAny>,
        until: Option<&str>,
    ) -> PyResult<Vec<(String, String)>> {
        asking(py, describe, vendors, |ask, oui| self.inner.derive(ledger.as_deref(), until, ask, oui))
    }

    /// `derive` with the ledger that this inventory keeps (`ledger`). Returns what was added to it, and
    /// the identities that were dropped from it.
    #[pyo3(signature = (describe, vendors, until=None))]
    #[allow(clippy::type_complexity)]
    fn update(
        &mut self,
        py: Python<'_>,
        describe: &Bound<'_, PyAny>,
        vendors: &Bound<'_, PyAny>,
        until: Option<&str>,
    ) -> PyResult<(Vec<(String, String)>, Vec<String>)> {
        asking(py, describe, vendors, |ask, oui| self.inner.update(until, ask, oui))
    }

    /// Takes up the ledger that `update` goes on with.
    fn ledger(&mut self, entries: Vec<(String, String)>) {
        self.inner.ledger.entries = entries;
    }

    /// Sets the bound of a table for `absorb`.
    fn limit(&mut self, table: &str, most: usize) -> PyResult<()> {
        let set = self.inner.bounds.set(table, most);
        if set { Ok(()) } else { Err(wrong(format!("no table '{table}' of an inventory"))) }
    }

    /// Approximate bytes held.
    fn bytes(&self) -> usize {
        self.inner.bytes()
    }

    /// Records of a kind that are new or changed since `kept(kind)`: ([(key, document)], keys gone).
    #[allow(clippy::type_complexity)]
    fn records_changed<'py>(
        &mut self,
        py: Python<'py>,
        kind: &str,
    ) -> PyResult<(Vec<(String, Bound<'py, PyBytes>)>, Vec<String>)> {
        let changed = py.detach(|| self.inner.changed(kind));
        let (docs, gone) = changed.ok_or_else(|| wrong(format!("no record kind '{kind}'")))?;
        Ok((docs.into_iter().map(|(key, doc)| (key, PyBytes::new(py, &doc))).collect(), gone))
    }

    /// A store has kept the last answer of `records_changed(kind)`.
    fn kept(&mut self, kind: &str) {
        self.inner.kept(kind);
    }

    /// Counts of assets, conversations, credentials, operations.
    fn totals(&self) -> Vec<(&'static str, usize)> {
        let s = &self.inner.state;
        vec![
            ("assets", self.inner.assets()),
            ("conversations", s.conversations.len()),
            ("credentials", s.credentials.len()),
            ("operations", s.operations.len()),
        ]
    }

    /// `limits` and `parse_errors` as two JSON objects.
    fn counters<'py>(&self, py: Python<'py>) -> (Bound<'py, PyBytes>, Bound<'py, PyBytes>) {
        let s = &self.inner.state;
        let one = |map| {
            let mut out = Vec::new();
            counters(&mut out, s, map);
            PyBytes::new(py, &out)
        };
        (one(&s.counters), one(&s.parse_errors))
    }

    /// Records of a kind (`asset`, `conversation`, `credential`, `operation`) as JSON documents.
    /// With `limit`, assets come in order of interest.
    #[pyo3(signature = (kind, limit=None))]
    fn records<'py>(
        &self,
        py: Python<'py>,
        kind: &str,
        limit: Option<usize>,
    ) -> PyResult<Vec<Bound<'py, PyBytes>>> {
        let mut all = Vec::new();
        let max = limit.unwrap_or(usize::MAX);
        self.each(kind, limit.is_some(), &mut |doc| {
            if all.len() < max {
                all.push(PyBytes::new(py, doc));
            }
        })?;
        Ok(all)
    }

    /// Writes all records of a kind through `write(bytes)`: `separator` between them, and with
    /// `tag` a first member `"record": kind`.
    fn write(&self, kind: &str, write: &Bound<'_, PyAny>, separator: &[u8], tag: bool) -> PyResult<usize> {
        let mut sink = Sink::new(write);
        let mut count = 0;
        self.each(kind, false, &mut |doc| {
            if count > 0 {
                sink.buffer.extend_from_slice(separator);
            }
            count += 1;
            if tag {
                sink.buffer.extend_from_slice(b"{\"record\":\"");
                sink.buffer.extend_from_slice(kind.as_bytes());
                sink.buffer.extend_from_slice(b"\",");
                sink.buffer.extend_from_slice(doc.get(1..).unwrap_or_default());
            } else {
                sink.buffer.extend_from_slice(doc);
            }
            sink.flush_if(PIECE);
        })?;
        sink.done()?;
        Ok(count)
    }

    /// Sources known, as a JSON array of {name, sha256, site}.
    fn sources<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        let mut out = Vec::new();
        let mut l = List::array(&mut out);
        for s in &self.inner.state.sources {
            let mut o = List::object(l.item());
            o.str("name", &s.name);
            o.str("sha256", &s.sha256);
            o.str("site", &s.site);
            o.end();
        }
        l.end();
        PyBytes::new(py, &out)
    }
}

/// Runs what asks Python for meanings and makers; an error of theirs comes out as it is.
fn asking<T>(
    py: Python<'_>,
    describe: &Bound<'_, PyAny>,
    vendors: &Bound<'_, PyAny>,
    run: impl FnOnce(inv::Ask<'_>, inv::Oui<'_>) -> Result<T, String>,
) -> PyResult<T> {
    let failed = std::cell::RefCell::new(None);
    let fail = |e: PyErr| {
        let text = e.to_string();
        failed.replace(Some(e));
        text
    };
    let mut ask = |question: &[u8]| -> Result<Vec<u8>, String> {
        let answer = describe.call1((PyBytes::new(py, question),)).map_err(fail)?;
        answer.extract::<Vec<u8>>().map_err(fail)
    };
    let mut oui = |macs: &[Mac]| -> Result<Vec<Option<String>>, String> {
        let list = PyList::new(py, macs.iter().map(|m| PyBytes::new(py, &m.0))).map_err(fail)?;
        vendors.call1((list,)).and_then(|a| a.extract()).map_err(fail)
    };
    run(&mut ask, &mut oui).map_err(|text| failed.take().unwrap_or_else(|| wrong(text)))
}

impl Inventory {
    fn each(&self, kind: &str, by_interest: bool, emit: &mut dyn FnMut(&[u8])) -> PyResult<()> {
        let view = self.inner.view();
        match kind {
            "asset" => {
                let order = if by_interest {
                    self.inner.by_interest()
                } else {
                    (0..self.inner.assets() as u32).collect()
                };
                let mut out = Vec::with_capacity(4096);
                for a in order {
                    out.clear();
                    view.asset(&mut out, a);
                    emit(&out);
                }
            }
            "conversation" => view.conversations(emit),
            "credential" => view.credentials(emit),
            "operation" => view.operations(emit),
            other => return Err(wrong(format!("no record kind '{other}'"))),
        }
        Ok(())
    }
}
