//! The CA's HTTP server: requests out, answers in. Logic is in `sentinel-serve`.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use bytes::Bytes;
use pyo3::exceptions::{PyOSError, PyRuntimeError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use sentinel_serve::{
    Answer, Cached, Document, Error, Identity, Kind, LaneSettings, Request, Route, Server, Settings,
};

use crate::wrong;

/// Header fields as Python gives them.
type Fields = Vec<(String, String)>;

fn failed(why: Error) -> PyErr {
    match why {
        Error::Listen(..) | Error::Threads(_) => PyOSError::new_err(why.to_string()),
        Error::Settings(_) | Error::Certificate(_) => wrong(why),
    }
}

fn item<'py, T>(from: &Bound<'py, PyDict>, name: &str) -> PyResult<T>
where
    T: for<'a> FromPyObject<'a, 'py>,
{
    let value = from.get_item(name)?.ok_or_else(|| wrong(format!("settings: {name} is missing")))?;
    value.extract().map_err(|_| wrong(format!("settings: {name} is of the wrong type")))
}

fn seconds(value: f64, name: &str) -> PyResult<Duration> {
    Duration::try_from_secs_f64(value).map_err(|_| wrong(format!("{name}: {value} is no time in seconds")))
}

fn route(from: &Bound<'_, PyDict>) -> PyResult<Route> {
    let kind: String = item(from, "kind")?;
    Ok(Route {
        path: item(from, "path")?,
        methods: item(from, "methods")?,
        kind: match kind.as_str() {
            "status" => Kind::Status,
            "document" => Kind::Document,
            "lane" => Kind::Lane,
            _ => return Err(wrong(format!("settings: kind {kind}"))),
        },
        lane: item(from, "lane")?,
        body: item(from, "body")?,
        plain: item(from, "plain")?,
        problem: item(from, "problem")?,
    })
}

fn lane(from: &Bound<'_, PyDict>) -> PyResult<LaneSettings> {
    Ok(LaneSettings {
        name: item(from, "name")?,
        queue: item(from, "queue")?,
        rate: item(from, "rate")?,
        burst: item(from, "burst")?,
        patience: seconds(item(from, "patience")?, "patience")?,
    })
}

fn settings(from: &Bound<'_, PyDict>) -> PyResult<Settings> {
    let addresses = |name: &str| -> PyResult<Vec<_>> {
        let all: Vec<String> = item(from, name)?;
        all.iter().map(|text| text.parse().map_err(|_| wrong(format!("{name} {text}: no address")))).collect()
    };
    let dicts = |name: &str| item::<Vec<Bound<'_, PyDict>>>(from, name);
    Ok(Settings {
        tls: addresses("tls")?,
        plain: addresses("plain")?,
        routes: dicts("routes")?.iter().map(route).collect::<PyResult<_>>()?,
        lanes: dicts("lanes")?.iter().map(lane).collect::<PyResult<_>>()?,
        threads: item(from, "threads")?,
        connections: item(from, "connections")?,
        connections_per_address: item(from, "connections_per_address")?,
        header_bytes: item(from, "header_bytes")?,
        header_time: seconds(item(from, "header_time")?, "header_time")?,
        body_time: seconds(item(from, "body_time")?, "body_time")?,
        stall_time: seconds(item(from, "stall_time")?, "stall_time")?,
        cache_entries: item(from, "cache_entries")?,
        cache_bytes: item(from, "cache_bytes")?,
        documents: item(from, "documents")?,
    })
}

/// One request; answered once, or refused with 500 when it is dropped.
#[pyclass(frozen, module = "sentinel._native")]
pub struct HttpRequest(Mutex<Request>);

impl HttpRequest {
    fn lock(&self) -> MutexGuard<'_, Request> {
        self.0.lock().unwrap_or_else(|broken| broken.into_inner())
    }
}

#[pymethods]
impl HttpRequest {
    #[getter]
    fn method(&self) -> String {
        self.lock().method.clone()
    }

    #[getter]
    fn path(&self) -> String {
        self.lock().path.clone()
    }

    #[getter]
    fn query(&self) -> String {
        self.lock().query.clone()
    }

    #[getter]
    fn headers(&self) -> Vec<(&'static str, String)> {
        self.lock().headers.clone()
    }

    /// The first field of a name in lower case, or an empty text.
    fn header(&self, name: &str) -> String {
        let request = self.lock();
        request
            .headers
            .iter()
            .find(|(known, _)| *known == name)
            .map_or_else(String::new, |(_, value)| value.clone())
    }

    #[getter]
    fn body<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.lock().body)
    }

    #[getter]
    fn peer(&self) -> String {
        self.lock().peer.address.ip().to_canonical().to_string()
    }

    #[getter]
    fn tls(&self) -> bool {
        self.lock().peer.tls
    }

    #[getter]
    fn certificate<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyBytes>> {
        let certificate = self.lock().peer.certificate.clone()?;
        Some(PyBytes::new(py, &certificate))
    }

    #[getter]
    fn abandoned(&self) -> bool {
        self.lock().abandoned()
    }

    fn answer(&self, status: u16, headers: Fields, body: Cow<'_, [u8]>) -> bool {
        self.lock().answer(Answer { status, headers, body: Bytes::copy_from_slice(&body) })
    }
}

/// A server; listens from its making on.
#[pyclass(frozen, module = "sentinel._native")]
pub struct HttpServer(Arc<Server>);

#[pymethods]
impl HttpServer {
    #[new]
    #[pyo3(signature = (settings, chain=None, key=None))]
    fn new(settings: &Bound<'_, PyDict>, chain: Option<&[u8]>, key: Option<&[u8]>) -> PyResult<Self> {
        let identity =
            chain.zip(key).map(|(chain, key)| Identity::new(chain, key)).transpose().map_err(failed)?;
        let server = Server::start(self::settings(settings)?, identity).map_err(failed)?;
        Ok(HttpServer(Arc::new(server)))
    }

    #[getter]
    fn addresses(&self) -> Vec<String> {
        self.0.tls().iter().map(ToString::to_string).collect()
    }

    #[getter]
    fn plain_addresses(&self) -> Vec<String> {
        self.0.plain().iter().map(ToString::to_string).collect()
    }

    /// Requests of a lane; `None` once the server has stopped and nothing waits.
    fn take(
        &self,
        py: Python<'_>,
        lane: usize,
        max: usize,
        timeout: f64,
        gather: f64,
    ) -> PyResult<Option<Vec<HttpRequest>>> {
        let (timeout, gather) = (seconds(timeout, "timeout")?, seconds(gather, "gather")?);
        let taken = py.detach(|| self.0.take(lane, max, timeout, gather));
        Ok(taken.map(|all| all.into_iter().map(|request| HttpRequest(Mutex::new(request))).collect()))
    }

    /// Puts a document; refused when there are too many.
    fn put_document(
        &self,
        path: String,
        body: &[u8],
        content_type: String,
        etag: String,
        modified: u64,
        fresh_until: u64,
    ) -> PyResult<()> {
        let body = Bytes::copy_from_slice(body);
        let document = Document { body, content_type, etag, modified, fresh_until };
        match self.0.put_document(path, document) {
            true => Ok(()),
            false => Err(PyRuntimeError::new_err("too many documents")),
        }
    }

    #[getter]
    fn status_age(&self) -> u64 {
        self.0.status().age()
    }

    fn put_status(&self, request: &[u8], body: &[u8], headers: Fields, until: u64, age: u64) -> bool {
        let cached = Cached { body: Bytes::copy_from_slice(body), headers, until };
        self.0.put_status(Bytes::copy_from_slice(request), cached, age)
    }

    fn clear_status(&self) {
        self.0.status().clear();
    }

    fn identify(&self, chain: &[u8], key: &[u8]) -> PyResult<()> {
        self.0.identify(chain, key).map_err(failed)
    }

    fn metrics(&self) -> std::collections::BTreeMap<String, u64> {
        self.0.metrics().all().into_iter().chain(self.0.gauges()).collect()
    }

    fn stop(&self, py: Python<'_>, grace: f64) -> PyResult<()> {
        let grace = seconds(grace, "grace")?;
        py.detach(|| self.0.stop(grace));
        Ok(())
    }
}
