//! What the roles of a PKI for vehicles do for many pseudonyms at once. See `sentinel/_native.pyi`.

use crate::v2x::{V2xKey, profile, public, sized};
use crate::wrong;
use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use sentinel_v2x::Profile;
use sentinel_v2x::coer::{Limits, Value, decode, encode};
use sentinel_v2x::key::SecretKey;
use sentinel_v2x::pki::{
    Caterpillar, Chain, Issued, Issuer, Order, Period, PkiError, Shared, encrypted_values, expand, issue,
    open_shared, receive, seal_shared, shared_id,
};
use sentinel_v2x::types::data::{ENCRYPTED_DATA, TO_BE_SIGNED_CERTIFICATE};
use sentinel_v2x::types::pdu::SCMS_PDU;
use sentinel_v2x::view::CertificateView;

type Bytes<'py> = Bound<'py, PyBytes>;

fn copied(key: &SecretKey) -> PyResult<SecretKey> {
    SecretKey::from_bytes(key.curve(), &*key.to_bytes()).map_err(wrong)
}

fn inside<'a>(value: &'a Value, path: &[&str]) -> Option<&'a Value> {
    path.iter().try_fold(value, |value, name| match value {
        Value::Choice(found, inner) if found == name => Some(&**inner),
        _ => value.get(name),
    })
}

/// A linkage authority's answer: one chain's encrypted values, and the chain's name, which it alone reads.
#[pyfunction]
#[allow(clippy::too_many_arguments)] // a call from Python, by name
pub fn v2x_linkage_answer<'py>(
    py: Python<'py>,
    profile: &str,
    authority: &[u8],
    first: u16,
    seed: &[u8],
    shared: &[u8],
    own: &[u8],
    chain: &[u8],
    start: u16,
    periods: u16,
    count: u8,
) -> PyResult<Bytes<'py>> {
    let profile = self::profile(profile)?;
    let line =
        Chain { authority: sized("an authority's number", authority)?, first, seed: sized("a seed", seed)? };
    let key = sized("a shared key", shared)?;
    let shared = Shared { key, id: shared_id(profile, &key) };
    let own: [u8; 16] = sized("a key", own)?;
    let octets = py
        .detach(|| {
            let values = encrypted_values(profile, &line, &shared, start, periods, count)?
                .ok_or(PkiError::Missing("a period of the chain"))?;
            let name = seal_shared(profile, &own, &shared_id(profile, &own), chain)?;
            let values = Value::List(values.into_iter().map(Value::List).collect());
            let individual =
                Value::record([("jMax", Value::int(count)), ("values", values), ("linkageChainId", name)]);
            let answer = Value::record([
                ("iMin", Value::int(start)),
                ("iMax", Value::int(start.saturating_add(periods.saturating_sub(1)))),
                ("individualLVs", Value::List(vec![individual])),
                ("groupLVs", Value::List(Vec::new())),
            ]);
            let content = Value::choice("la-ra", Value::choice("laPraLinkageValueResponse", answer));
            let pdu = Value::record([("version", Value::int(1)), ("content", content)]);
            encode(&pdu, &SCMS_PDU, profile).map_err(PkiError::from)
        })
        .map_err(wrong)?;
    Ok(PyBytes::new(py, &octets))
}

/// What a key that two roles share hides: the octets in an EncryptedData.
#[pyfunction]
pub fn v2x_open_shared<'py>(
    py: Python<'py>,
    profile: &str,
    octets: &[u8],
    key: &[u8],
) -> PyResult<Bytes<'py>> {
    let profile = self::profile(profile)?;
    let key: [u8; 16] = sized("a shared key", key)?;
    let mine = shared_id(profile, &key);
    let value = decode(octets, &ENCRYPTED_DATA, profile, Limits::MESSAGE).map_err(wrong)?;
    let text = open_shared(profile, &value, |id| (*id == mine).then_some(&key)).map_err(wrong)?;
    Ok(PyBytes::new(py, &text))
}

/// Values by period of an answer's one chain, and its encrypted name.
fn answered(octets: &[u8], profile: Profile) -> PyResult<(u16, Vec<Vec<Value>>)> {
    let missing = || wrong("a linkage authority's answer has not one chain");
    let value = decode(octets, &SCMS_PDU, profile, Limits::LIST).map_err(wrong)?;
    let told = inside(&value, &["content", "la-ra", "laPraLinkageValueResponse"]).ok_or_else(missing)?;
    let first = inside(told, &["iMin"]).and_then(Value::as_int).and_then(|i| u16::try_from(i).ok());
    let chains = inside(told, &["individualLVs"]).and_then(Value::as_list).unwrap_or_default();
    let [chain] = chains else { return Err(missing()) };
    let values = inside(chain, &["values"]).and_then(Value::as_list).unwrap_or_default();
    let values = values.iter().map(|one| one.as_list().unwrap_or_default().to_vec()).collect();
    Ok((first.ok_or_else(missing)?, values))
}

#[pyfunction]
#[allow(clippy::too_many_arguments)] // a call from Python, by name
pub fn v2x_expand_all<'py>(
    py: Python<'py>,
    profile_name: &str,
    tbs: &[u8],
    signing: &[u8],
    signing_expansion: &[u8],
    encryption: &[u8],
    encryption_expansion: &[u8],
    time: u32,
    periods: Vec<(u16, u32)>,
    count: u8,
    linkage: (Bytes<'py>, Bytes<'py>),
) -> PyResult<Vec<Bytes<'py>>> {
    let profile = profile(profile_name)?;
    let (one, other) = (answered(linkage.0.as_bytes(), profile)?, answered(linkage.1.as_bytes(), profile)?);
    let values = |from: &(u16, Vec<Vec<Value>>), i: u16| {
        let at = i.checked_sub(from.0).map(usize::from);
        at.and_then(|at| from.1.get(at)).cloned().unwrap_or_default()
    };
    let order = Order {
        tbs: decode(tbs, &TO_BE_SIGNED_CERTIFICATE, profile, Limits::MESSAGE).map_err(wrong)?,
        signing: public(profile_name, signing)?,
        signing_expansion: sized("an expansion key", signing_expansion)?,
        encryption: public(profile_name, encryption)?,
        encryption_expansion: sized("an expansion key", encryption_expansion)?,
        time,
        periods: periods
            .into_iter()
            .map(|(i, start)| Period { i, start, linkage: [values(&one, i), values(&other, i)] })
            .collect(),
        count,
    };
    let requests = py.detach(|| expand(profile, &order)).map_err(wrong)?;
    Ok(requests.iter().map(|octets| PyBytes::new(py, octets)).collect())
}

/// The pseudonym CA, set up for a batch.
#[pyclass(frozen)]
pub struct V2xIssuer {
    profile: Profile,
    issuer: Issuer,
}

#[pymethods]
impl V2xIssuer {
    #[new]
    #[allow(clippy::too_many_arguments)] // a call from Python, by name
    fn new(
        profile: &str,
        key: &V2xKey,
        certificate: &[u8],
        shared: Vec<Bytes<'_>>,
        craca: &[u8],
        series: u16,
        time: u32,
        aid: u64,
        valid: (u32, u32),
        hours: u16,
    ) -> PyResult<V2xIssuer> {
        let profile = self::profile(profile)?;
        let shared = shared
            .iter()
            .map(|key| {
                let key = sized("a shared key", key.as_bytes())?;
                Ok(Shared { key, id: shared_id(profile, &key) })
            })
            .collect::<PyResult<Vec<_>>>()?;
        let issuer = Issuer {
            key: copied(&key.key)?,
            certificate: certificate.to_vec(),
            shared,
            craca: sized("HashedId3", craca)?,
            series,
            time,
            aid,
            valid,
            hours,
        };
        Ok(V2xIssuer { profile, issuer })
    }

    /// What was made of each request; a text that says why where it is refused.
    #[pyo3(signature = (requests, threads=1))]
    fn issue<'py>(
        &self,
        py: Python<'py>,
        requests: Vec<Bytes<'py>>,
        threads: usize,
    ) -> PyResult<Vec<Bound<'py, PyAny>>> {
        let octets: Vec<&[u8]> = requests.iter().map(|one| one.as_bytes()).collect();
        let made = py.detach(|| many(&octets, threads, |one| issue(self.profile, &self.issuer, one)));
        let of = |octets: &[u8]| PyBytes::new(py, octets);
        let told = |made: Issued| {
            (
                of(&made.answer),
                of(&made.certificate),
                of(made.digest.octets()),
                of(&made.key),
                made.i,
                of(&made.linkage),
                of(&made.parts[0]),
                of(&made.parts[1]),
                of(&made.request),
                made.valid.0,
                made.valid.1,
            )
        };
        made.into_iter()
            .map(|one| match one {
                Ok(made) => told(made).into_bound_py_any(py),
                Err(why) => why.to_string().into_bound_py_any(py),
            })
            .collect()
    }
}

/// Does something for each, on so many threads at the most; the outcomes in order.
fn many<T: Sync, O: Send>(given: &[T], threads: usize, each: impl Fn(&T) -> O + Sync) -> Vec<O> {
    let size = given.len().div_ceil(threads.max(1)).max(1);
    std::thread::scope(|scope| {
        let parts: Vec<_> = given
            .chunks(size)
            .map(|part| scope.spawn(|| part.iter().map(&each).collect::<Vec<O>>()))
            .collect();
        parts.into_iter().flat_map(|part| part.join().unwrap_or_default()).collect()
    })
}

/// A vehicle's keys, as its request was made with them.
#[pyclass(frozen)]
pub struct V2xCaterpillar {
    profile: Profile,
    keys: Caterpillar,
}

#[pymethods]
impl V2xCaterpillar {
    #[new]
    fn new(
        profile: &str,
        signing: &V2xKey,
        signing_expansion: &[u8],
        encryption: &V2xKey,
        encryption_expansion: &[u8],
    ) -> PyResult<V2xCaterpillar> {
        let keys = Caterpillar {
            signing: copied(&signing.key)?,
            signing_expansion: sized("an expansion key", signing_expansion)?,
            encryption: copied(&encryption.key)?,
            encryption_expansion: sized("an expansion key", encryption_expansion)?,
        };
        Ok(V2xCaterpillar { profile: self::profile(profile)?, keys })
    }

    /// Certificate and private key of an answer for pseudonym j of period i.
    fn receive<'py>(
        &self,
        py: Python<'py>,
        answer: &[u8],
        authority: &[u8],
        i: u16,
        j: u8,
    ) -> PyResult<(Bytes<'py>, Bytes<'py>)> {
        let authority = CertificateView::parse(authority, self.profile).map_err(wrong)?;
        let made =
            py.detach(|| receive(self.profile, answer, &authority, &self.keys, i, j)).map_err(wrong)?;
        Ok((PyBytes::new(py, &made.certificate), PyBytes::new(py, &*made.key.to_bytes())))
    }
    fn __repr__(&self) -> &'static str {
        "<V2xCaterpillar>"
    }
}
