//! Payload messages of vehicles and roadside units. See `sentinel/_native.pyi`.

use crate::wrong;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyFrozenSet, PyTuple};
use sentinel_v2xmsg::{Clock, Family, Kind, Message, observe};

#[pyfunction]
#[pyo3(signature = (octets, family="day1"))]
pub fn v2x_message_kind(py: Python<'_>, octets: &[u8], family: &str) -> PyResult<&'static str> {
    let family: Family = family.parse().map_err(wrong)?;
    py.detach(|| Message::decode(family, octets)).map(|message| message.kind().name()).map_err(wrong)
}

#[pyfunction]
pub fn v2x_message_decode<'py>(py: Python<'py>, octets: &[u8], kind: &str) -> PyResult<Bound<'py, PyAny>> {
    let kind: Kind = kind.parse().map_err(wrong)?;
    let fields = py
        .detach(|| Message::decode_as(kind, octets).and_then(|message| message.to_json()))
        .map_err(wrong)?;
    py.import("json")?.call_method1("loads", (fields.to_string(),))
}

#[pyfunction]
pub fn v2x_message_encode<'py>(
    py: Python<'py>,
    kind: &str,
    fields: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyBytes>> {
    let kind: Kind = kind.parse().map_err(wrong)?;
    let text: String = py.import("json")?.call_method1("dumps", (fields,))?.extract()?;
    let octets = py
        .detach(|| {
            let fields = serde_json::from_str(&text).map_err(|why| why.to_string())?;
            let message = Message::from_json(kind, &fields).map_err(|why| why.to_string())?;
            message.encode().map_err(|why| why.to_string())
        })
        .map_err(wrong)?;
    Ok(PyBytes::new(py, &octets))
}

#[pyfunction]
#[pyo3(signature = (octets, received, signer="", family="day1", tai_ahead=5.0))]
pub fn v2x_observation<'py>(
    py: Python<'py>,
    octets: &[u8],
    received: f64,
    signer: &str,
    family: &str,
    tai_ahead: f64,
) -> PyResult<Bound<'py, PyTuple>> {
    let family: Family = family.parse().map_err(wrong)?;
    let clock = Clock { received, tai_ahead };
    let seen = py
        .detach(|| Message::decode(family, octets).map(|message| observe(&message, clock)))
        .map_err(wrong)?;
    let events = PyFrozenSet::new(py, &seen.events)?;
    let fields: [Bound<'py, PyAny>; 16] = [
        received.into_pyobject(py)?.into_any(),
        seen.generated.into_pyobject(py)?.into_any(),
        seen.kind.name().into_pyobject(py)?.into_any(),
        seen.station.into_pyobject(py)?.into_any(),
        signer.into_pyobject(py)?.into_any(),
        seen.counter.into_pyobject(py)?.into_any(),
        seen.latitude.into_pyobject(py)?.into_any(),
        seen.longitude.into_pyobject(py)?.into_any(),
        seen.speed.into_pyobject(py)?.into_any(),
        seen.heading.into_pyobject(py)?.into_any(),
        seen.acceleration.into_pyobject(py)?.into_any(),
        seen.yaw_rate.into_pyobject(py)?.into_any(),
        seen.accuracy.into_pyobject(py)?.into_any(),
        seen.length.into_pyobject(py)?.into_any(),
        seen.width.into_pyobject(py)?.into_any(),
        events.into_any(),
    ];
    PyTuple::new(py, fields)
}
