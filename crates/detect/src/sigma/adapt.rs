//! The evaluator's view of an event.

use super::normal::THERE;
use crate::event::Event;
use rsigma_eval::EventValue;
use rsigma_parser::fieldpath::unescape_brackets;
use sentinel_wire::json::plain_time;
use sentinel_wire::model::Val;
use std::borrow::Cow;

/// An event as the evaluator reads it: flat names only, because nested documents were flattened when
/// they came in (`a.b` of `{"a": {"b": …}}`; a flat `a.b` wins). A field that is null has no value.
pub struct View<'a> {
    event: &'a Event,
    /// Names by which rules ask whether a field is there, null or not.
    there: &'a [String],
    /// Marks of the names that the event has: most of what rules ask for it has not, and that is told
    /// without a look at the fields.
    marks: u128,
}

/// One of 128 marks of a name, by its length and two of its octets.
fn mark(name: &str) -> u128 {
    let b = name.as_bytes();
    let at = |n: usize| b.get(n).map_or(0, |b| usize::from(*b));
    let n = b.len();
    1 << ((n.wrapping_mul(31) ^ at(n.wrapping_sub(1)).wrapping_mul(5) ^ at(n / 2)) % 128)
}

/// A value as the evaluator has it. An empty list is null.
pub fn value(v: &Val) -> EventValue<'_> {
    match v {
        Val::Int(v) => EventValue::Int(*v),
        Val::Float(v) => EventValue::Float(*v),
        Val::Bool(v) => EventValue::Bool(*v),
        Val::Str(s) => EventValue::Str(Cow::Borrowed(s)),
        Val::Static(s) => EventValue::Str(Cow::Borrowed(s)),
        Val::List(l) if l.is_empty() => EventValue::Null,
        Val::List(l) => EventValue::Array(l.iter().map(value).collect()),
    }
}

fn strings<'a>(v: &'a Val, visit: &mut dyn FnMut(&'a str) -> bool) -> bool {
    match v {
        Val::Str(s) => visit(s),
        Val::Static(s) => visit(s),
        Val::List(l) => l.iter().any(|v| strings(v, visit)),
        _ => false,
    }
}

impl<'a> View<'a> {
    /// `there`: names that begin with [`THERE`].
    pub fn new(event: &'a Event, there: &'a [String]) -> View<'a> {
        View { event, there, marks: event.fields.iter().fold(0, |all, (name, _)| all | mark(name)) }
    }

    /// Whether there is a field, null or not, or one below it.
    fn has(&self, name: &str) -> bool {
        let below = |n: &str| n.strip_prefix(name).is_some_and(|rest| rest.starts_with('.'));
        self.event.fields.iter().any(|(n, _)| n == name || below(n))
            || matches!(name, "@timestamp" | "event.id")
    }

    fn time(&self) -> EventValue<'_> {
        let mut out = Vec::with_capacity(27);
        plain_time(&mut out, self.event.time);
        EventValue::Str(Cow::Owned(String::from_utf8(out).unwrap_or_default()))
    }
}

impl rsigma_eval::Event for View<'_> {
    fn get_field(&self, path: &str) -> Option<EventValue<'_>> {
        if self.marks & mark(path) != 0
            && let Some(v) = self.event.get(path)
        {
            return Some(value(v)).filter(|v| !v.is_null());
        }
        match path {
            _ if path.starts_with(THERE) => {
                self.has(path.get(THERE.len_utf8()..)?).then_some(EventValue::Bool(true))
            }
            "@timestamp" => Some(self.time()),
            "event.id" => Some(EventValue::Str(Cow::Owned(format!("{:032x}", self.event.id)))),
            _ if path.contains('\\') => self.event.get(&unescape_brackets(path)).map(value),
            _ => None,
        }
    }

    fn any_string_value(&self, pred: &dyn Fn(&str) -> bool) -> bool {
        self.event.fields.iter().any(|(_, v)| strings(v, &mut |s| pred(s)))
    }

    fn all_string_values(&self) -> Vec<Cow<'_, str>> {
        let mut out = Vec::new();
        for (_, v) in &self.event.fields {
            strings(v, &mut |s| {
                out.push(Cow::Borrowed(s));
                false
            });
        }
        out
    }

    fn visit_string_values(&self, visit: &mut dyn FnMut(&str)) {
        for (_, v) in &self.event.fields {
            strings(v, &mut |s| {
                visit(s);
                false
            });
        }
    }

    fn to_json(&self) -> serde_json::Value {
        let mut out = Vec::new();
        self.event.write(&mut out, "", None, false);
        serde_json::from_slice(&out).unwrap_or_default()
    }

    fn field_keys(&self) -> Vec<Cow<'_, str>> {
        self.event.fields.iter().map(|(n, _)| Cow::Borrowed(n.as_ref())).collect()
    }

    fn top_level_keys(&self) -> Option<Vec<Cow<'_, str>>> {
        let mut keys = self.field_keys();
        keys.extend(self.there.iter().map(|n| Cow::Borrowed(n.as_str())));
        keys.extend([Cow::Borrowed("@timestamp"), Cow::Borrowed("event.id")]);
        Some(keys)
    }

    fn visit_top_level_keys(&self, visit: &mut dyn FnMut(&str)) -> bool {
        for (name, _) in &self.event.fields {
            visit(name);
        }
        self.there.iter().for_each(|n| visit(n));
        visit("@timestamp");
        visit("event.id");
        true
    }
}
