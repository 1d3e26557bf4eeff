//! The one form of an event that everything here works on: probes of the wire, ingested logs and
//! Python's documents all become this.

use sentinel_wire::model::{Micros, Val};
use sentinel_wire::obs::StoredEvent;
use std::borrow::Cow;

/// Name of a field: those of probes are literals, those of logs are made as they come.
pub type Name = Cow<'static, str>;

/// One event: a flat list of named values, each name once.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Event {
    /// Place among the events of its source: (packet or line, ordinal within it). Unique, increasing.
    pub order: (u64, u32),
    /// `@timestamp` in microseconds since 1970 UTC.
    pub time: Micros,
    /// Frame number (1-based) or line that is its evidence; 0 is none.
    pub frame: u64,
    /// Index of the source within the run.
    pub source: u32,
    /// `event.id`.
    pub id: u128,
    /// All other fields, in the order they are written.
    pub fields: Vec<(Name, Val)>,
}

impl Event {
    /// The value of a field. O(number of fields).
    pub fn get(&self, name: &str) -> Option<&Val> {
        self.fields.iter().find(|(n, _)| n == name).map(|(_, v)| v)
    }
    /// Text of a field, if it is text.
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.get(name)? {
            Val::Str(s) => Some(s),
            Val::Static(s) => Some(s),
            _ => None,
        }
    }
    /// Sets a field, replacing what was there.
    pub fn set(&mut self, name: impl Into<Name>, value: impl Into<Val>) {
        let (name, value) = (name.into(), value.into());
        match self.fields.iter_mut().find(|(n, _)| *n == name) {
            Some((_, old)) => *old = value,
            None => self.fields.push((name, value)),
        }
    }
}

impl From<StoredEvent> for Event {
    fn from(e: StoredEvent) -> Event {
        let fields = e.fields.into_iter().map(|(n, v)| (Cow::Borrowed(n), v)).collect();
        Event { order: e.order, time: e.at.time, frame: e.at.frame, source: e.at.source, id: e.id, fields }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_there_once() {
        let mut e = Event::default();
        e.set("a", "x");
        e.set(String::from("a"), 5i64);
        assert_eq!(e.get("a"), Some(&Val::Int(5)));
        assert_eq!(e.fields.len(), 1);
        assert_eq!(e.text("a"), None);
    }
}
