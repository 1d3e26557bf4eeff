//! Certificates and messages of vehicles on octets and plain Python values. See `sentinel/_native.pyi`.

mod key;
mod value;

pub use key::V2xKey;

use crate::wrong;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use sentinel_v2x::Profile;
use sentinel_v2x::build::{self, Origin, Recipient};
use sentinel_v2x::butterfly::{self, Purpose};
use sentinel_v2x::cipher::Cipher;
use sentinel_v2x::coer::{Limits, Type, decode, encode};
use sentinel_v2x::hash::{Digest, Hash};
use sentinel_v2x::key::VerifyKey;
use sentinel_v2x::linkage;
use sentinel_v2x::sign::{Verifier, verify_certificate};
use sentinel_v2x::time::{Clock, Scale};
use sentinel_v2x::types::named;
use sentinel_v2x::view::{CertificateView, Content, Curve, DataView, Issuer, SignerView};
use value::{from_python, to_python};

type Bytes<'py> = Bound<'py, PyBytes>;

pub(crate) fn profile(name: &str) -> PyResult<Profile> {
    match name {
        "1609.2" => Ok(Profile::Ieee1609),
        "ydt3957" => Ok(Profile::Ydt3957),
        _ => Err(wrong(format_args!("there is no profile {name:?}: 1609.2 and ydt3957 are known"))),
    }
}

/// The curve that a profile issues with.
fn curve(name: &str) -> PyResult<Curve> {
    Ok(if profile(name)? == Profile::Ydt3957 { Curve::Sm2 } else { Curve::P256 })
}

fn cipher(name: &str) -> PyResult<Cipher> {
    Ok(if profile(name)? == Profile::Ydt3957 { Cipher::Sm4 } else { Cipher::Aes })
}

fn table(name: &str) -> PyResult<&'static Type> {
    named(name).ok_or_else(|| wrong(format_args!("there is no structure {name:?}")))
}

pub(crate) fn sized<const N: usize>(what: &str, octets: &[u8]) -> PyResult<[u8; N]> {
    octets.try_into().map_err(|_| wrong(format_args!("{what} has {} octets instead of {N}", octets.len())))
}

pub(crate) fn public(name: &str, octets: &[u8]) -> PyResult<VerifyKey> {
    VerifyKey::from_sec1(curve(name)?, octets).map_err(wrong)
}

fn purpose(encryption: bool) -> Purpose {
    if encryption { Purpose::Encryption } else { Purpose::Signing }
}

/// The digest of what a recipient's key came in; of nothing when there is none.
fn parameter(name: &str, octets: &[u8]) -> PyResult<Digest> {
    if octets.is_empty() {
        return Ok(curve(name)?.hash().of(&[]));
    }
    Digest::new(octets).ok_or_else(|| wrong("a digest has 32 or 48 octets"))
}

#[pyfunction]
pub fn v2x_decode<'py>(
    py: Python<'py>,
    profile_name: &str,
    kind: &str,
    octets: &[u8],
) -> PyResult<Bound<'py, PyAny>> {
    let (profile, kind) = (profile(profile_name)?, table(kind)?);
    let value = py.detach(|| decode(octets, kind, profile, Limits::LIST)).map_err(wrong)?;
    to_python(py, value)
}

#[pyfunction]
pub fn v2x_encode<'py>(
    py: Python<'py>,
    profile_name: &str,
    kind: &str,
    value: &Bound<'py, PyAny>,
) -> PyResult<Bytes<'py>> {
    let (profile, kind) = (profile(profile_name)?, table(kind)?);
    let value = from_python(value, kind, profile)?;
    let octets = py.detach(|| encode(&value, kind, profile)).map_err(wrong)?;
    Ok(PyBytes::new(py, &octets))
}

#[pyfunction]
pub fn v2x_certificate<'py>(
    py: Python<'py>,
    profile_name: &str,
    octets: &[u8],
) -> PyResult<Bound<'py, PyDict>> {
    let view = CertificateView::parse(octets, profile(profile_name)?).map_err(wrong)?;
    let hash = view.hash().ok_or_else(|| wrong("a point of the certificate has no y"))?;
    let out = PyDict::new(py);
    out.set_item("hash", PyBytes::new(py, hash.octets()))?;
    out.set_item("id8", PyBytes::new(py, &hash.id8()))?;
    out.set_item("implicit", view.kind == 1)?;
    out.set_item(
        "issuer",
        match view.issuer {
            Issuer::Digest(_, id) => Some(PyBytes::new(py, &id)),
            Issuer::Own(_) => None,
        },
    )?;
    out.set_item("start", view.start)?;
    out.set_item("seconds", view.duration.microseconds() as f64 / 1e6)?;
    out.set_item("psids", view.permissions().map(|p| p.psid).collect::<Vec<u64>>())?;
    out.set_item("curve", view.curve().map(Curve::name))?;
    let key = match view.indicator {
        sentinel_v2x::view::Indicator::Key(key) => Some(VerifyKey::of(&key).map_err(wrong)?.compressed()),
        _ => None,
    };
    out.set_item("public", key.map(|key| PyBytes::new(py, &key)))?;
    let key = view.encryption_key.map(|(_, key)| VerifyKey::of(&key)).transpose().map_err(wrong)?;
    out.set_item("encryption_public", key.map(|key| PyBytes::new(py, &key.compressed())))?;
    out.set_item("to_be_signed", PyBytes::new(py, &octets[view.to_be_signed.clone()]))?;
    Ok(out)
}

#[pyfunction]
pub fn v2x_message<'py>(py: Python<'py>, profile_name: &str, octets: &[u8]) -> PyResult<Bound<'py, PyDict>> {
    let view = DataView::parse(octets, profile(profile_name)?).map_err(wrong)?;
    let out = PyDict::new(py);
    let bytes = |octets: &[u8]| PyBytes::new(py, octets);
    match &view.content {
        Content::Unsecured(payload) => {
            out.set_item("kind", "unsecured")?;
            out.set_item("payload", bytes(payload))?;
        }
        Content::Signed(signed) => {
            out.set_item("kind", "signed")?;
            out.set_item("payload", signed.payload.map(bytes))?;
            out.set_item("message", signed.data.map(bytes))?;
            out.set_item("psid", signed.header.psid)?;
            out.set_item("generation_time", signed.header.generation_time)?;
            out.set_item("expiry_time", signed.header.expiry_time)?;
            let (signer, certificates) = match &signed.signer {
                SignerView::Digest(id) => (Some(*id), Vec::new()),
                SignerView::Certificates(chain) => {
                    let id = chain.first().and_then(CertificateView::hash).map(|hash| hash.id8());
                    (id, chain.iter().map(|one| bytes(one.octets)).collect())
                }
                _ => (None, Vec::new()),
            };
            out.set_item("signer", signer.map(|id| bytes(&id)))?;
            out.set_item("certificates", certificates)?;
        }
        Content::Encrypted(range) => {
            out.set_item("kind", "encrypted")?;
            out.set_item("encrypted", bytes(&octets[range.clone()]))?;
        }
        Content::Request(request) => {
            out.set_item("kind", "request")?;
            out.set_item("payload", bytes(request))?;
        }
        Content::Other(tag, _) => {
            out.set_item("kind", format!("unknown choice {tag}"))?;
        }
    }
    Ok(out)
}

/// The reason in Python, None when it holds.
fn reason(result: Result<(), impl std::fmt::Display>) -> Option<String> {
    result.err().map(|why| why.to_string())
}

/// What verifies a certificate's signatures; of the certificate that signs itself, none.
fn verifier(profile: Profile, certificate: Option<&[u8]>) -> PyResult<Option<Verifier>> {
    let Some(octets) = certificate else { return Ok(None) };
    let view = CertificateView::parse(octets, profile).map_err(wrong)?;
    Verifier::of(profile, &view).map(Some).map_err(wrong)
}

#[pyfunction]
#[pyo3(signature = (profile_name, octets, issuer=None))]
pub fn v2x_verify_certificate(
    py: Python<'_>,
    profile_name: &str,
    octets: &[u8],
    issuer: Option<&[u8]>,
) -> PyResult<Option<String>> {
    let profile = profile(profile_name)?;
    let issuer = verifier(profile, issuer)?;
    let view = CertificateView::parse(octets, profile).map_err(wrong)?;
    Ok(py.detach(|| reason(verify_certificate(profile, &view, issuer.as_ref()))))
}

#[pyfunction]
pub fn v2x_verify(
    py: Python<'_>,
    profile_name: &str,
    octets: &[u8],
    certificate: &[u8],
) -> PyResult<Option<String>> {
    let profile = profile(profile_name)?;
    let Some(verifier) = verifier(profile, Some(certificate))? else { return Ok(None) };
    let view = DataView::parse(octets, profile).map_err(wrong)?;
    let Content::Signed(signed) = &view.content else { return Err(wrong("the message is not signed")) };
    let tbs = signed.canonical_to_be_signed().ok_or_else(|| wrong("a point in the header has no y"))?;
    Ok(py.detach(|| reason(verifier.verify(&tbs, &signed.signature))))
}

#[pyfunction]
#[pyo3(signature = (profile_name, kind, octets, certificate=None))]
pub fn v2x_verify_structure<'py>(
    py: Python<'py>,
    profile_name: &str,
    kind: &str,
    octets: &[u8],
    certificate: Option<&[u8]>,
) -> PyResult<Bound<'py, PyAny>> {
    let profile = profile(profile_name)?;
    let verifier = verifier(profile, certificate)?;
    let value = py
        .detach(|| sentinel_v2x::opened::opened(profile, kind, octets, verifier.as_ref()))
        .map_err(wrong)?;
    to_python(py, value)
}

#[pyfunction]
pub fn v2x_unsecured<'py>(py: Python<'py>, profile_name: &str, payload: &[u8]) -> PyResult<Bytes<'py>> {
    Ok(PyBytes::new(py, &build::unsecured(profile(profile_name)?, payload).map_err(wrong)?))
}

#[pyfunction]
pub fn v2x_encrypt<'py>(
    py: Python<'py>,
    profile_name: &str,
    plain: &[u8],
    recipients: Vec<(Bytes<'py>, Bytes<'py>, Bytes<'py>)>,
) -> PyResult<Bytes<'py>> {
    let profile = profile(profile_name)?;
    let mut keys = Vec::with_capacity(recipients.len());
    for (id, key, digest) in &recipients {
        let key = public(profile_name, key.as_bytes())?;
        let digest = digest.as_bytes();
        let id = match id.as_bytes() {
            [] => build::key_id(profile, &key).map_err(wrong)?,
            id => sized("a recipient's identifier", id)?,
        };
        let origin = if digest.is_empty() { Origin::Key } else { Origin::Certificate };
        keys.push((id, key, parameter(profile_name, digest)?, origin));
    }
    let list: Vec<Recipient<'_>> = keys
        .iter()
        .map(|(id, key, digest, origin)| Recipient { origin: *origin, id: *id, key, parameter: *digest })
        .collect();
    let octets = py.detach(|| build::encrypted(profile, plain, &list)).map_err(wrong)?;
    Ok(PyBytes::new(py, &octets))
}

#[pyfunction]
#[pyo3(signature = (profile_name, seed, key, i, j, *, encryption=false))]
pub fn v2x_expand<'py>(
    py: Python<'py>,
    profile_name: &str,
    seed: &[u8],
    key: &[u8],
    i: u32,
    j: u32,
    encryption: bool,
) -> PyResult<Bytes<'py>> {
    let (seed, key) = (public(profile_name, seed)?, sized("an expansion key", key)?);
    let made = py.detach(|| butterfly::expand_public(&seed, &key, purpose(encryption), i, j));
    Ok(PyBytes::new(py, &made.map_err(wrong)?.compressed()))
}

#[pyfunction]
pub fn v2x_blind<'py>(
    py: Python<'py>,
    profile_name: &str,
    key: &[u8],
    number: &[u8],
) -> PyResult<Bytes<'py>> {
    let (key, number) = (public(profile_name, key)?, sized("the number", number)?);
    let made = py.detach(|| butterfly::blind_public(&key, &number)).map_err(wrong)?;
    Ok(PyBytes::new(py, &made.compressed()))
}

#[pyfunction]
#[pyo3(signature = (profile_name, authority, seed, periods=1))]
pub fn v2x_seed<'py>(
    py: Python<'py>,
    profile_name: &str,
    authority: &[u8],
    seed: &[u8],
    periods: u16,
) -> PyResult<Bytes<'py>> {
    let (authority, seed) = (sized("an authority's number", authority)?, sized("a seed", seed)?);
    let cipher = cipher(profile_name)?;
    Ok(PyBytes::new(py, &py.detach(|| linkage::seed_after(cipher, authority, &seed, periods))))
}

#[pyfunction]
pub fn v2x_pre_linkage<'py>(
    py: Python<'py>,
    profile_name: &str,
    authority: &[u8],
    seed: &[u8],
    j: u32,
) -> PyResult<Bytes<'py>> {
    let (authority, seed) = (sized("an authority's number", authority)?, sized("a seed", seed)?);
    Ok(PyBytes::new(py, &linkage::pre_linkage_value(cipher(profile_name)?, authority, &seed, j)))
}

#[pyfunction]
pub fn v2x_linkage<'py>(py: Python<'py>, one: &[u8], other: &[u8]) -> PyResult<Bytes<'py>> {
    let value = linkage::linkage_value(&sized("a part", one)?, &sized("a part", other)?);
    Ok(PyBytes::new(py, &value))
}

#[pyfunction]
pub fn v2x_hash<'py>(py: Python<'py>, profile_name: &str, octets: &[u8]) -> PyResult<Bytes<'py>> {
    let hash = if profile(profile_name)? == Profile::Ydt3957 { Hash::Sm3 } else { Hash::Sha256 };
    Ok(PyBytes::new(py, py.detach(|| hash.of(&[octets])).octets()))
}

fn clock(utc: bool) -> Clock {
    Clock::new(if utc { Scale::Utc } else { Scale::Tai })
}

#[pyfunction]
#[pyo3(signature = (posix, *, utc=false))]
pub fn v2x_time32(posix: f64, utc: bool) -> u32 {
    clock(utc).time32(posix.floor() as i64)
}

#[pyfunction]
#[pyo3(signature = (posix, *, utc=false))]
pub fn v2x_time64(posix: f64, utc: bool) -> u64 {
    clock(utc).time64((posix * 1e6).round() as i64)
}

#[pyfunction]
#[pyo3(signature = (time64, *, utc=false))]
pub fn v2x_posix(time64: u64, utc: bool) -> f64 {
    clock(utc).posix(time64) as f64 / 1e6
}

pub(crate) fn kind_error(want: &str, name: &str) -> PyErr {
    PyValueError::new_err(format!("{name}: {want} is wanted"))
}
