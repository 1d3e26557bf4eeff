//! The evaluator's view of an event.

use crate::event::Event;
use rsigma_eval::EventValue;
use rsigma_parser::fieldpath::unescape_brackets;
use sentinel_wire::json::plain_time;
use sentinel_wire::model::Val;
use std::borrow::Cow;

/// An event as the evaluator reads it: flat names only, because nested documents were flattened when
/// they came in (`a.b` of `{"a": {"b": …}}`; a flat `a.b` wins).
pub struct View<'a>(pub &'a Event);

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

impl View<'_> {
    fn time(&self) -> EventValue<'_> {
        let mut out = Vec::with_capacity(27);
        plain_time(&mut out, self.0.time);
        EventValue::Str(Cow::Owned(String::from_utf8(out).unwrap_or_default()))
    }
}

impl rsigma_eval::Event for View<'_> {
    fn get_field(&self, path: &str) -> Option<EventValue<'_>> {
        if let Some(v) = self.0.get(path) {
            return Some(value(v));
        }
        match path {
            "@timestamp" => Some(self.time()),
            "event.id" => Some(EventValue::Str(Cow::Owned(format!("{:032x}", self.0.id)))),
            _ if path.contains('\\') => self.0.get(&unescape_brackets(path)).map(value),
            _ => None,
        }
    }

    fn any_string_value(&self, pred: &dyn Fn(&str) -> bool) -> bool {
        self.0.fields.iter().any(|(_, v)| strings(v, &mut |s| pred(s)))
    }

    fn all_string_values(&self) -> Vec<Cow<'_, str>> {
        let mut out = Vec::new();
        for (_, v) in &self.0.fields {
            strings(v, &mut |s| {
                out.push(Cow::Borrowed(s));
                false
            });
        }
        out
    }

    fn visit_string_values(&self, visit: &mut dyn FnMut(&str)) {
        for (_, v) in &self.0.fields {
            strings(v, &mut |s| {
                visit(s);
                false
            });
        }
    }

    fn to_json(&self) -> serde_json::Value {
        let mut out = Vec::new();
        self.0.write(&mut out, "", None, false);
        serde_json::from_slice(&out).unwrap_or_default()
    }

    fn field_keys(&self) -> Vec<Cow<'_, str>> {
        self.0.fields.iter().map(|(n, _)| Cow::Borrowed(n.as_ref())).collect()
    }

    fn top_level_keys(&self) -> Option<Vec<Cow<'_, str>>> {
        let mut keys = self.field_keys();
        keys.extend([Cow::Borrowed("@timestamp"), Cow::Borrowed("event.id")]);
        Some(keys)
    }

    fn visit_top_level_keys(&self, visit: &mut dyn FnMut(&str)) -> bool {
        for (name, _) in &self.0.fields {
            visit(name);
        }
        visit("@timestamp");
        visit("event.id");
        true
    }
}
