//! Verification of messages of vehicles. See `sentinel/_native.pyi`.

use crate::v2x_frames::{End, Frames};
use crate::wrong;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use sentinel_v2x::Profile;
use sentinel_v2x::coer::{Limits, decode};
use sentinel_v2x::time::{Clock, Scale};
use sentinel_v2x::types::ctl;
use sentinel_v2x::verify::{Engine, Loaded, Outcome, Place, Settings, Verdict, lists};
use sentinel_v2x::view::{CertificateView, Content, DataView};
use sentinel_wire::bytes::hex;
use sentinel_wire::engine::Ports;
use std::sync::{Mutex, PoisonError};

fn scale(name: &str) -> PyResult<Scale> {
    match name {
        "tai" => Ok(Scale::Tai),
        "utc" => Ok(Scale::Utc),
        _ => Err(wrong(format_args!("there is no scale {name:?}: tai and utc are known"))),
    }
}

/// Trust, revocations and what was received so far.
#[pyclass]
pub struct V2xVerifier {
    engine: Engine,
    clock: Clock,
}

impl V2xVerifier {
    fn outcome<'py>(&self, py: Python<'py>, outcome: &Outcome) -> PyResult<Bound<'py, PyDict>> {
        let out = PyDict::new(py);
        out.set_item("kind", outcome.kind)?;
        out.set_item("verdict", outcome.verdict.name())?;
        out.set_item("reason", outcome.reason.name())?;
        out.set_item("detail", &outcome.detail)?;
        out.set_item("aid", outcome.aid)?;
        out.set_item("signer", outcome.signer.map(|id| hex(&id)))?;
        out.set_item("hashed_id8", outcome.hashed_id8.map(|id| hex(&id)))?;
        out.set_item("generation_time", outcome.generation_time.map(|time| self.clock.posix(time)))?;
        let ask = outcome.ask.filter(|_| outcome.verdict == Verdict::Wait).map(|id| hex(&id));
        out.set_item("ask", ask)?;
        if let Some(facts) = &outcome.facts {
            out.set_item("station", &facts.station)?;
            out.set_item("events", &facts.events)?;
            if facts.place().is_some() {
                out.set_item("place", (facts.latitude, facts.longitude))?;
            }
        }
        Ok(out)
    }

    fn decided<'py>(
        &self,
        py: Python<'py>,
        all: Vec<(u64, Outcome)>,
    ) -> PyResult<Vec<(u64, Bound<'py, PyDict>)>> {
        all.iter().map(|(token, outcome)| Ok((*token, self.outcome(py, outcome)?))).collect()
    }

    fn loaded(&self, loaded: Loaded) -> (&'static str, usize, Option<i64>) {
        let posix = |time: u64| (time < u64::MAX).then(|| self.clock.posix(time));
        match loaded {
            Loaded::Roots { count, until } => ("roots", count, posix(until)),
            Loaded::Authorities { count, until } => ("authorities", count, posix(until)),
            Loaded::Certificates(count) => ("certificates", count, None),
            Loaded::Revocations { count, next } => ("revocations", count, posix(next)),
        }
    }
}

#[pymethods]
impl V2xVerifier {
    #[new]
    #[pyo3(signature = (*, position=None, aids=None, strict=false, scale="tai"))]
    fn new(
        position: Option<(f64, f64)>,
        aids: Option<&str>,
        strict: bool,
        scale: &str,
    ) -> PyResult<V2xVerifier> {
        let clock = Clock::new(self::scale(scale)?);
        let place = |(latitude, longitude)| {
            Place::degrees(latitude, longitude).ok_or_else(|| wrong("the position is no place on earth"))
        };
        let mut settings = Settings {
            position: position.map(place).transpose()?,
            strict,
            clock: clock.clone(),
            reader: crate::v2x_content::read,
            ..Settings::default()
        };
        if let Some(text) = aids {
            settings.aids.read(text).map_err(wrong)?;
        }
        Ok(V2xVerifier { engine: Engine::new(settings), clock })
    }

    fn add_anchor(&mut self, octets: &[u8]) -> PyResult<(&'static str, usize, Option<i64>)> {
        let loaded = lists::add_anchor(&mut self.engine.trust, octets).map_err(wrong)?;
        Ok(self.loaded(loaded))
    }
    fn add_domain_list(&mut self, octets: &[u8]) -> PyResult<(&'static str, usize, Option<i64>)> {
        let loaded = lists::add_domain_list(&mut self.engine.trust, octets).map_err(wrong)?;
        Ok(self.loaded(loaded))
    }
    fn add_certificates(&mut self, octets: &[u8]) -> Option<usize> {
        lists::add_certificates(&mut self.engine.trust, octets)
    }
    fn add_crl(&mut self, octets: &[u8]) -> PyResult<(&'static str, usize, Option<i64>)> {
        let Engine { trust, revoked, .. } = &mut self.engine;
        let loaded = lists::add_crl(trust, revoked, octets).map_err(wrong)?;
        Ok(self.loaded(loaded))
    }

    fn receive<'py>(
        &mut self,
        py: Python<'py>,
        token: u64,
        octets: &[u8],
        posix: i64,
    ) -> PyResult<Vec<(u64, Bound<'py, PyDict>)>> {
        let mut out = Vec::new();
        let received = self.clock.time64(posix);
        py.detach(|| self.engine.receive(token, octets, received, &mut out));
        self.decided(py, out)
    }
    fn finish<'py>(&mut self, py: Python<'py>) -> PyResult<Vec<(u64, Bound<'py, PyDict>)>> {
        let mut out = Vec::new();
        self.engine.finish(&mut out);
        self.decided(py, out)
    }
    fn certificate<'py>(
        &mut self,
        py: Python<'py>,
        octets: &[u8],
        posix: i64,
    ) -> PyResult<Bound<'py, PyDict>> {
        let at = self.clock.time64(posix);
        let outcome = py.detach(|| self.engine.judge_certificate(octets, at));
        self.outcome(py, &outcome)
    }

    fn counts<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let counts = self.engine.counts();
        let out = PyDict::new(py);
        for (name, value) in [
            ("messages", counts.messages),
            ("certificates_verified", counts.certificates_verified),
            ("signatures_verified", counts.signatures_verified),
            ("signers", counts.signers),
            ("signers_dropped", counts.signers_dropped),
            ("replays_dropped", counts.replays_dropped),
            ("waiting", counts.waiting),
            ("waiting_octets", counts.waiting_octets),
            ("waiting_dropped", counts.waiting_dropped),
            ("waiting_expired", counts.waiting_expired),
            ("certificates_dropped", counts.certificates_dropped),
        ] {
            out.set_item(name, value)?;
        }
        Ok(out)
    }
}

/// What octets are: message, certificate, root-list, domain-list, or None.
#[pyfunction]
pub fn v2x_sniff(octets: &[u8]) -> Option<&'static str> {
    let profile = Profile::Ydt3957;
    if CertificateView::parse(octets, profile).is_ok() {
        return Some("certificate");
    }
    if let Ok(view) = DataView::parse(octets, profile) {
        let list = |payload: &[u8]| decode(payload, &ctl::ETSI_LIST, profile, Limits::LIST).is_ok();
        return match &view.content {
            Content::Signed(signed) if signed.payload.is_some_and(list) => Some("etsi-list"),
            _ => Some("message"),
        };
    }
    if decode(octets, &ctl::ROOT_CTL, profile, Limits::LIST).is_ok() {
        return Some("root-list");
    }
    decode(octets, &ctl::PKI_CTL, profile, Limits::LIST).is_ok().then_some("domain-list")
}

/// Messages of a capture, in their order. Never locked: a mutex because Python may share the object.
#[pyclass]
pub struct V2xFrames(Mutex<Frames>);

impl V2xFrames {
    fn frames(&mut self) -> &mut Frames {
        self.0.get_mut().unwrap_or_else(PoisonError::into_inner)
    }
}

#[pymethods]
impl V2xFrames {
    #[new]
    fn new(path: std::path::PathBuf) -> PyResult<V2xFrames> {
        Frames::open(&path).map(|frames| V2xFrames(Mutex::new(frames))).map_err(wrong)
    }
    #[staticmethod]
    fn live(interfaces: Vec<String>) -> PyResult<V2xFrames> {
        let ports = Ports { names: interfaces, snaplen: 0, ring_mib: 16, promiscuous: true };
        Frames::live(&ports).map(|frames| V2xFrames(Mutex::new(frames))).map_err(wrong)
    }
    /// Frame number, microseconds of POSIX time, layer, octets, ends; `None` at the end.
    #[allow(clippy::type_complexity, reason = "what a line of the stub says")]
    fn next<'py>(
        &mut self,
        py: Python<'py>,
    ) -> Option<Vec<(u64, i64, &'static str, Bound<'py, PyBytes>, [End; 2])>> {
        let found = py.detach(|| self.frames().next())?;
        let all = found.into_iter();
        Some(all.map(|m| (m.frame, m.posix, m.layer.name(), PyBytes::new(py, &m.octets), m.ends)).collect())
    }
    fn close(&mut self) {
        self.frames().close();
    }
    fn warnings(&mut self) -> Vec<String> {
        self.frames().warnings()
    }
}
