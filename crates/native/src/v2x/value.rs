//! Values of structures as plain Python: a record is a dict, a choice a pair of name and value, a list a
//! list, a name a str, octets are bytes. What no table knows is (number, bytes), an unknown name its number;
//! unknown additions of a record stand under "..." as (bits, {number: bytes}).

use super::kind_error;
use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyDict, PyInt, PyList, PyString, PyTuple};
use sentinel_v2x::Profile;
use sentinel_v2x::coer::{Additions, Field, Record, Type, Value};
use std::collections::BTreeMap;

const ADDITIONS: &str = "...";
/// Structures within structures that are read: more than the encoder writes.
const DEPTH: usize = 64;

pub fn to_python<'py>(py: Python<'py>, value: Value) -> PyResult<Bound<'py, PyAny>> {
    Ok(match value {
        Value::Null => py.None().into_bound(py),
        Value::Bool(b) => PyBool::new(py, b).to_owned().into_any(),
        Value::Int(n) => n.into_bound_py_any(py)?,
        Value::Name(name) => PyString::intern(py, name).into_any(),
        Value::Octets(octets) => PyBytes::new(py, &octets).into_any(),
        Value::Text(text) => PyString::new(py, &text).into_any(),
        Value::List(list) => {
            let out = PyList::empty(py);
            for one in list {
                out.append(to_python(py, one)?)?;
            }
            out.into_any()
        }
        Value::Choice(name, value) => {
            let name = PyString::intern(py, name).into_any();
            PyTuple::new(py, [name, to_python(py, *value)?])?.into_any()
        }
        Value::Record(record) => {
            let out = PyDict::new(py);
            for (name, value) in record.fields {
                out.set_item(PyString::intern(py, name), to_python(py, value)?)?;
            }
            if let Some(additions) = record.additions {
                let other = PyDict::new(py);
                for (n, octets) in additions.other {
                    other.set_item(n, PyBytes::new(py, &octets))?;
                }
                out.set_item(ADDITIONS, (additions.bits, other))?;
            }
            out.into_any()
        }
        Value::Unknown(n, Some(octets)) => (n, PyBytes::new(py, &octets)).into_bound_py_any(py)?,
        Value::Unknown(n, None) => n.into_bound_py_any(py)?,
    })
}

pub fn from_python(value: &Bound<'_, PyAny>, kind: &'static Type, profile: Profile) -> PyResult<Value> {
    read(value, kind, profile, "value", DEPTH)
}

fn read(
    value: &Bound<'_, PyAny>,
    kind: &'static Type,
    profile: Profile,
    name: &str,
    depth: usize,
) -> PyResult<Value> {
    let depth = depth.checked_sub(1).ok_or_else(|| kind_error("less nesting", name))?;
    let octets = || value.cast::<PyBytes>().map_err(|_| kind_error("bytes", name));
    let text = || value.cast::<PyString>().map_err(|_| kind_error("a str", name));
    Ok(match kind {
        Type::Null if value.is_none() => Value::Null,
        Type::Null => return Err(kind_error("None", name)),
        Type::Bool => {
            Value::Bool(value.cast::<PyBool>().map_err(|_| kind_error("True or False", name))?.is_true())
        }
        Type::Int(..) | Type::Unsigned | Type::Signed => {
            let number = value.cast::<PyInt>().map_err(|_| kind_error("a whole number", name))?;
            Value::Int(number.extract().map_err(|_| kind_error("a smaller number", name))?)
        }
        Type::Octets(..) => Value::Octets(octets()?.as_bytes().to_vec()),
        Type::Text(..) | Type::Ascii(_) => Value::Text(text()?.to_cow()?.into_owned()),
        Type::Names(root, more) => {
            if let Ok(n) = value.extract::<u8>() {
                return Ok(Value::Unknown(n, None));
            }
            let given = text()?.to_cow()?;
            let mut known = root.iter().chain(more.unwrap_or_default());
            let found = known.find(|one| **one == given);
            Value::Name(found.ok_or_else(|| kind_error("another name", &format!("{name} {given:?}")))?)
        }
        Type::Record(root, more) => {
            let dict = value.cast::<PyDict>().map_err(|_| kind_error("a dict", name))?;
            record(dict, root, more.unwrap_or_default(), profile, name, depth)?
        }
        Type::List(_, of) => {
            let list = value.cast::<PyList>().map_err(|_| kind_error("a list", name))?;
            let each = list.iter().map(|one| read(&one, of, profile, name, depth));
            Value::List(each.collect::<PyResult<_>>()?)
        }
        Type::Choice(root, more) => {
            let wanted = || kind_error("(name, value)", name);
            let pair = value.cast::<PyTuple>().map_err(|_| wanted())?;
            if pair.len() != 2 {
                return Err(wanted());
            }
            let (first, second) = (pair.get_item(0)?, pair.get_item(1)?);
            if let (Ok(n), Ok(octets)) = (first.extract::<u8>(), second.cast::<PyBytes>()) {
                return Ok(Value::Unknown(n, Some(octets.as_bytes().to_vec())));
            }
            let given = first.cast::<PyString>().map_err(|_| wanted())?.to_cow()?;
            let found = root.iter().chain(more.unwrap_or_default()).find(|one| one.name == given);
            let one = found.ok_or_else(|| kind_error("another choice", &format!("{name} {given:?}")))?;
            Value::choice(one.name, read(&second, one.kind, profile, one.name, depth)?)
        }
        Type::Inside(of) => read(value, of, profile, name, depth)?,
        Type::Differs(ieee, ydt) => {
            read(value, if profile == Profile::Ieee1609 { ieee } else { ydt }, profile, name, depth)?
        }
    })
}

fn record(
    dict: &Bound<'_, PyDict>,
    root: &'static [Field],
    more: &'static [Field],
    profile: Profile,
    name: &str,
    depth: usize,
) -> PyResult<Value> {
    let mut out = Record::default();
    for field in root.iter().chain(more) {
        if let Some(value) = dict.get_item(field.name)? {
            out.fields.push((field.name, read(&value, field.kind, profile, field.name, depth)?));
        }
    }
    let mut known = out.fields.len();
    if let Some(value) = dict.get_item(ADDITIONS)? {
        let (bits, other): (usize, BTreeMap<usize, Vec<u8>>) = value.extract()?;
        out.additions = Some(Additions { bits, other: other.into_iter().collect() });
        known += 1;
    }
    if known != dict.len() {
        let mut keys = dict.keys().iter().map(|key| key.to_string());
        let is_known = |key: &String| root.iter().chain(more).any(|field| field.name == key);
        let strange = keys.find(|key| !is_known(key) && key != ADDITIONS).unwrap_or_default();
        return Err(kind_error("another component", &format!("{name} {strange:?}")));
    }
    Ok(Value::Record(out))
}
