//! Events as rows of the embedded store: the document and what of it has a column of its own.

use crate::batch::EventBatch;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyString};
use sentinel_detect::event::Event;
use sentinel_wire::json;
use sentinel_wire::model::{Micros, Val};

/// Fields with a column, in the order of a row, behind the time and the id.
const COLUMNS: [&str; 5] = ["event.dataset", "event.action", "ot.action", "source.ip", "destination.ip"];

/// Octets of a time as documents hold it.
const TIME: usize = 27;

/// Octets of an identifier.
const ID: usize = 32;

/// The first times that are a day of the calendar, and no longer are (years 1 to 9999).
const DAYS: std::ops::Range<Micros> = -62_135_596_800_000_000..253_402_300_800_000_000;

/// Where an event is written in a buffer; none of one whose columns are not all text.
type Place = Option<std::ops::Range<usize>>;

/// `{part: [(time, id, dataset, action, operation, source, destination, document)]}` by the first `length`
/// characters of the time, and the documents whose columns are no texts, one a line.
pub fn rows<'py>(
    batch: &EventBatch,
    py: Python<'py>,
    length: usize,
) -> PyResult<(Bound<'py, PyDict>, Bound<'py, PyBytes>)> {
    let mut text = Vec::new();
    let mut odd = Vec::new();
    let places = py.detach(|| written(batch, &mut text, &mut odd));
    let parts = PyDict::new(py);
    let mut current: Option<(Vec<u8>, Bound<'py, PyList>)> = None;
    for (event, place) in batch.events.iter().zip(places) {
        let Some(all) = place.and_then(|p| text.get(p)) else { continue };
        let (time, rest) = all.split_at_checked(TIME).unwrap_or_default();
        let (id, document) = rest.split_at_checked(ID).unwrap_or_default();
        let part = time.get(..length).unwrap_or(time);
        let list = match &current {
            Some((name, list)) if name == part => list,
            _ => {
                let name = string(py, part);
                let list = match parts.get_item(&name)? {
                    Some(found) => found.cast_into::<PyList>()?,
                    None => {
                        let list = PyList::empty(py);
                        parts.set_item(&name, &list)?;
                        list
                    }
                };
                &current.insert((part.to_vec(), list)).1
            }
        };
        let [dataset, action, operation, source, destination] =
            columns(event).map(|value| value.flatten().map(|s| PyString::new(py, s)));
        let (time, id, document) = (string(py, time), string(py, id), string(py, document));
        list.append((time, id, dataset, action, operation, source, destination, document))?;
    }
    Ok((parts, PyBytes::new(py, &odd)))
}

/// Writes time, id and document of each event that can be a row into `text`, the others into `odd`.
fn written(batch: &EventBatch, text: &mut Vec<u8>, odd: &mut Vec<u8>) -> Vec<Place> {
    text.reserve(batch.events.len().saturating_mul(800));
    let mut places = Vec::with_capacity(batch.events.len());
    for event in &batch.events {
        let source = batch.sources.get(event.source as usize).map_or("", String::as_str);
        if DAYS.contains(&event.time) && columns(event).iter().all(Option::is_some) {
            let start = text.len();
            json::plain_time(text, event.time);
            json::hex128(text, event.id);
            event.write(text, source, None, false);
            places.push(Some(start..text.len()));
        } else {
            event.write(odd, source, None, false);
            odd.push(b'\n');
            places.push(None);
        }
    }
    places
}

/// The columns: the text, or that the field is not there; none of one that holds something else.
fn columns(event: &Event) -> [Option<Option<&str>>; COLUMNS.len()] {
    let mut found = [Some(None); COLUMNS.len()];
    for (name, value) in &event.fields {
        if let Some(at) = COLUMNS.iter().position(|c| c == name) {
            let text = match value {
                Val::Str(s) => Some(Some(s.as_ref())),
                Val::Static(s) => Some(Some(*s)),
                _ => None,
            };
            if let Some(column) = found.get_mut(at) {
                *column = text;
            }
        }
    }
    found
}

/// A text of what was written as UTF-8.
fn string<'py>(py: Python<'py>, text: &[u8]) -> Bound<'py, PyString> {
    match std::str::from_utf8(text) {
        Ok(text) => PyString::new(py, text),
        Err(_) => PyString::new(py, &String::from_utf8_lossy(text)),
    }
}
