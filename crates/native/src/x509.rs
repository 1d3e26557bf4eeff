//! Requests for certificates, many at once. Logic is in `sentinel-x509`. See `sentinel/_native.pyi`.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString, PyTuple};
use sentinel_wire::bytes::hex;
use sentinel_x509::{ATTRIBUTES, Algorithm, Request, pem};
use sha2::{Digest, Sha256};

/// A request that was read and proven, with what its key is found by.
struct Plain<'a> {
    request: Request<'a>,
    spki: [u8; 32],
    point: [u8; 32],
}

fn plain(der: &[u8]) -> Option<Plain<'_>> {
    let request = Request::read(der).filter(Request::proven)?;
    let (spki, point) = (Sha256::digest(request.spki).into(), Sha256::digest(request.point).into());
    Some(Plain { request, spki, point })
}

impl Plain<'_> {
    fn tuple<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let request = &self.request;
        let bytes = |octets: &[u8]| PyBytes::new(py, octets);
        let pair = |(place, value): &(usize, &str)| {
            (PyString::intern(py, ATTRIBUTES[*place].name), PyString::new(py, value)).into_pyobject(py)
        };
        let subject: Vec<_> = request.subject.parts.iter().map(pair).collect::<PyResult<_>>()?;
        let algorithm = match request.key {
            Algorithm::Sm2 => "sm2",
            Algorithm::P256 => "p256",
        };
        let extensions: Vec<_> =
            request.extensions.iter().map(|(name, value)| (bytes(name), bytes(value))).collect();
        let key = (
            bytes(request.spki),
            PyString::intern(py, algorithm),
            bytes(request.point),
            hex(&self.spki),
            bytes(&self.point[..20]),
        );
        let signature = (bytes(request.signed), bytes(request.algorithm), bytes(request.signature));
        let name = (PyTuple::new(py, subject)?, bytes(request.subject.der), request.subject.text());
        (name, key, extensions, signature).into_pyobject(py)
    }
}

#[pyfunction]
pub fn plain_requests<'py>(
    py: Python<'py>,
    requests: Vec<Bound<'py, PyBytes>>,
) -> PyResult<Vec<Option<Bound<'py, PyTuple>>>> {
    let octets: Vec<&[u8]> = requests.iter().map(|one| one.as_bytes()).collect();
    let read: Vec<_> = py.detach(|| octets.iter().map(|der| plain(der)).collect());
    read.iter().map(|one| one.as_ref().map(|one| one.tuple(py)).transpose()).collect()
}

#[pyfunction]
pub fn pem_encode(label: &str, der: &[u8]) -> String {
    pem::encode(label, der)
}

#[pyfunction]
pub fn pem_decode<'py>(py: Python<'py>, label: &str, text: &str) -> Option<Bound<'py, PyBytes>> {
    Some(PyBytes::new(py, &pem::decode(label, text)?))
}
