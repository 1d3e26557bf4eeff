//! The one form of an event that everything here works on: probes of the wire, ingested logs and
//! Python's documents all become this.

use sentinel_wire::events::{Head, write_flat};
use sentinel_wire::model::{Micros, Val};
use sentinel_wire::obs::StoredEvent;
use std::borrow::Cow;

/// Name of a field: those of probes are literals, those of logs are made as they come.
pub type Name = Cow<'static, str>;

/// Fields that the context adds as a rule: there is room for them from the beginning.
pub const ADDED: usize = 10;

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
    /// All other fields, in the order they are written. An empty list stands for null.
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
    /// Appends the event as one flat ECS document (no line end). With `record`, a first member says
    /// what kind of record it is; secrets are masked unless `reveal`.
    pub fn write(&self, out: &mut Vec<u8>, source: &str, record: Option<&str>, reveal: bool) {
        let head = Head { time: self.time, id: self.id, frame: self.frame, source, record };
        write_flat(out, &head, self.fields.iter().map(|(n, v)| (n.as_ref(), v)), reveal);
    }
}

impl From<StoredEvent> for Event {
    fn from(e: StoredEvent) -> Event {
        let mut fields = Vec::with_capacity(e.fields.len().saturating_add(ADDED));
        fields.extend(e.fields.into_iter().map(|(n, v)| (Cow::Borrowed(n), v)));
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

    #[test]
    fn is_written_with_secrets_masked() {
        let mut e = Event { time: 1_700_000_000_000_000, id: 0xab, frame: 7, ..Event::default() };
        e.set("bacnet.password", "hunter2");
        e.set("event.start", Val::Int(1_699_999_999_000_000));
        let mut out = Vec::new();
        e.write(&mut out, "a.pcap", Some("event"), false);
        let text = String::from_utf8(out).unwrap();
        assert!(text.starts_with(r#"{"record":"event","@timestamp":"2023-11-14T22:13:20.000000Z","#));
        assert!(text.contains(r#""event.id":"000000000000000000000000000000ab""#));
        assert!(!text.contains("hunter2") && text.contains(r#""event.start":"2023-11-14T22:13:19.000000Z""#));
        assert!(text.ends_with(r#""sentinel.frame":7,"sentinel.source":"a.pcap"}"#));
    }
}
