//! A private key, as Python has it.

use super::value::from_python;
use super::{Bytes, curve, parameter, profile, purpose, sized, table};
use crate::wrong;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use sentinel_v2x::Profile;
use sentinel_v2x::build::{self, Attach, Signer};
use sentinel_v2x::butterfly;
use sentinel_v2x::coer::Value;
use sentinel_v2x::key::SecretKey;

/// A private key of the curve that a profile issues with.
#[pyclass(frozen)]
pub struct V2xKey {
    pub(crate) key: SecretKey,
    name: String,
}

impl V2xKey {
    fn make(name: &str, key: Result<SecretKey, sentinel_v2x::key::CryptoError>) -> PyResult<V2xKey> {
        Ok(V2xKey { key: key.map_err(wrong)?, name: name.to_owned() })
    }
    fn profile(&self) -> PyResult<Profile> {
        profile(&self.name)
    }
    fn signer<'a>(&'a self, certificate: Option<&'a [u8]>) -> Signer<'a> {
        Signer { key: &self.key, certificate }
    }
    /// Reads a value, then writes what is made of it without the interpreter's lock.
    fn written<'py>(
        &self,
        value: &Bound<'py, PyAny>,
        kind: &str,
        write: impl FnOnce(Profile, Value) -> Result<Vec<u8>, build::BuildError> + Send,
    ) -> PyResult<Bytes<'py>> {
        let (py, profile) = (value.py(), self.profile()?);
        let value = from_python(value, table(kind)?, profile)?;
        let octets = py.detach(|| write(profile, value)).map_err(wrong)?;
        Ok(PyBytes::new(py, &octets))
    }
}

#[pymethods]
impl V2xKey {
    #[new]
    fn new(profile_name: &str, secret: &[u8]) -> PyResult<V2xKey> {
        V2xKey::make(profile_name, SecretKey::from_bytes(curve(profile_name)?, secret))
    }
    #[staticmethod]
    fn generate(profile_name: &str) -> PyResult<V2xKey> {
        V2xKey::make(profile_name, SecretKey::generate(curve(profile_name)?))
    }
    fn secret<'py>(&self, py: Python<'py>) -> Bytes<'py> {
        PyBytes::new(py, &*self.key.to_bytes())
    }
    fn public<'py>(&self, py: Python<'py>) -> Bytes<'py> {
        PyBytes::new(py, &self.key.public().compressed())
    }
    #[pyo3(signature = (to_be_signed, issuer=None))]
    fn certificate<'py>(
        &self,
        to_be_signed: &Bound<'py, PyAny>,
        issuer: Option<&[u8]>,
    ) -> PyResult<Bytes<'py>> {
        self.written(to_be_signed, "ToBeSignedCertificate", |profile, tbs| {
            build::certificate(profile, tbs, self.signer(issuer))
        })
    }
    #[pyo3(signature = (message, header, certificate, *, attach=false))]
    fn message<'py>(
        &self,
        message: &[u8],
        header: &Bound<'py, PyAny>,
        certificate: &[u8],
        attach: bool,
    ) -> PyResult<Bytes<'py>> {
        let attach = if attach { Attach::Certificate } else { Attach::Digest };
        self.written(header, "HeaderInfo", |profile, header| {
            build::signed(profile, message, header, self.signer(Some(certificate)), attach)
        })
    }
    #[pyo3(signature = (pdu, certificate=None))]
    fn request<'py>(&self, pdu: &Bound<'py, PyAny>, certificate: Option<&[u8]>) -> PyResult<Bytes<'py>> {
        self.written(pdu, "ScmsPdu", |profile, pdu| build::request(profile, pdu, self.signer(certificate)))
    }
    fn root_list<'py>(&self, to_be_signed: &Bound<'py, PyAny>, certificate: &[u8]) -> PyResult<Bytes<'py>> {
        self.written(to_be_signed, "ToBeSignedRootCtl", |profile, tbs| {
            build::trust_list(profile, true, tbs, self.signer(Some(certificate)))
        })
    }
    fn domain_list<'py>(&self, to_be_signed: &Bound<'py, PyAny>, certificate: &[u8]) -> PyResult<Bytes<'py>> {
        self.written(to_be_signed, "ToBeSignedPkiCtl", |profile, tbs| {
            build::trust_list(profile, false, tbs, self.signer(Some(certificate)))
        })
    }
    /// The message that was encrypted for this key. The identifier is by default the key's own.
    #[pyo3(signature = (octets, id=None, digest=None))]
    fn decrypt<'py>(
        &self,
        py: Python<'py>,
        octets: &[u8],
        id: Option<&[u8]>,
        digest: Option<&[u8]>,
    ) -> PyResult<Bytes<'py>> {
        let profile = self.profile()?;
        let id = match id {
            Some(id) => sized("a recipient's identifier", id)?,
            None => build::key_id(profile, &self.key.public()).map_err(wrong)?,
        };
        let digest = parameter(&self.name, digest.unwrap_or_default())?;
        let plain =
            py.detach(|| build::decrypted(profile, octets, &self.key, &id, &digest)).map_err(wrong)?;
        Ok(PyBytes::new(py, &plain))
    }
    #[pyo3(signature = (key, i, j, *, encryption=false))]
    fn expand(&self, key: &[u8], i: u32, j: u32, encryption: bool) -> PyResult<V2xKey> {
        let key = sized("an expansion key", key)?;
        V2xKey::make(&self.name, butterfly::expand_secret(&self.key, &key, purpose(encryption), i, j))
    }
    fn blind(&self, number: &[u8]) -> PyResult<V2xKey> {
        V2xKey::make(&self.name, butterfly::blind_secret(&self.key, &sized("the number", number)?))
    }
    fn __repr__(&self) -> &'static str {
        "<V2xKey>"
    }
}
