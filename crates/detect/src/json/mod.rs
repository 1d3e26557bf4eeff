//! JSON documents as events: one pass, flattened on the way.
//!
//! Names of nested members are joined by dots; members of objects in a list become lists. A flat
//! name wins over a nested path of the same spelling. Windows events keep the names that rules know:
//! children of `Event`, `System`, `EventData` and `UserData` stand at the top, attributes are joined
//! by `_` (`Provider_Name`), `Threat Name` is `ThreatName` too.

mod names;
mod scan;
pub mod time;

use crate::event::Event;
use sentinel_wire::model::Val;
use siphasher::sip128::{Hasher128, SipHasher13};
use std::hash::Hash;

pub use names::name;

/// Nesting a document may have.
pub const MAX_DEPTH: usize = 64;
/// Fields a document may have.
pub const MAX_FIELDS: usize = 4096;

/// Reads one document. `line` is its number, 1-based: its order and its evidence.
pub fn event(text: &str, line: u64) -> Result<Event, String> {
    let mut out = nameless(text, line)?;
    if out.id == 0 {
        let mut h = SipHasher13::new_with_keys(0x7365_6e74_696e_656c, 0x6a73_6f6e_0000_0001);
        (line, text).hash(&mut h);
        out.id = h.finish128().as_u128();
    }
    Ok(out)
}

/// The same without an identity, where the document names none.
pub fn nameless(text: &str, line: u64) -> Result<Event, String> {
    let mut fields = scan::document(text)?;
    let mut out = Event { order: (line, 0), frame: line, ..Event::default() };
    let mut stamp = None;
    let mut id = None;
    fields.retain(|(name, value)| match name.as_ref() {
        "@timestamp" => {
            stamp = moment(value);
            false
        }
        "event.id" => {
            match text_of(value).filter(|t| t.len() == 32).and_then(|t| u128::from_str_radix(t, 16).ok()) {
                Some(n) => {
                    id = Some(n);
                    false
                }
                None => true,
            }
        }
        "sentinel.frame" => match value {
            Val::Int(n) if *n > 0 => {
                out.frame = n.unsigned_abs();
                false
            }
            _ => true,
        },
        "record" => false,
        _ => true,
    });
    for (name, value) in &mut fields {
        if matches!(name.as_ref(), "event.start" | "event.end")
            && let Some(t) = moment(value)
        {
            *value = Val::Int(t);
        }
    }
    let other = || TIMES.iter().find_map(|n| moment(&fields.iter().find(|(f, _)| f == n)?.1));
    out.time = stamp.or_else(other).unwrap_or(0);
    out.id = id.unwrap_or(0);
    out.fields = fields;
    Ok(out)
}

/// Where a document without `@timestamp` has its time, in this order.
const TIMES: &[&str] = &["ts", "timestamp", "TimeCreated_SystemTime", "UtcTime", "EventTime", "time"];

fn text_of(v: &Val) -> Option<&str> {
    match v {
        Val::Str(s) => Some(s),
        Val::Static(s) => Some(s),
        _ => None,
    }
}

/// A time as text or as seconds since 1970.
fn moment(v: &Val) -> Option<i64> {
    match v {
        Val::Int(s) => s.checked_mul(1_000_000),
        Val::Float(s) if s.is_finite() => Some((s * 1e6).round() as i64),
        other => time::parse(text_of(other)?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Name;

    fn fields(text: &str) -> Vec<(Name, Val)> {
        event(text, 1).unwrap().fields
    }
    fn one(text: &str, name: &str) -> Option<Val> {
        event(text, 1).unwrap().get(name).cloned()
    }

    #[test]
    fn nested_names_are_joined_and_flat_ones_win() {
        let text = r#"{"a":{"b":1,"c":{"d":"x"}},"a.b":2,"n":null,"l":[1,"y",null],"e":{},"t":true}"#;
        assert_eq!(one(text, "a.b"), Some(Val::Int(2)));
        assert_eq!(one(text, "a.c.d"), Some(Val::from("x")));
        assert_eq!(one(text, "n"), Some(Val::List([].into())));
        assert_eq!(one(text, "l"), Some(Val::from(vec![Val::Int(1), Val::from("y"), Val::List([].into())])));
        assert_eq!(fields(text).len(), 5);
        assert_eq!(one(r#"{"a.b":2,"a":{"b":1}}"#, "a.b"), Some(Val::Int(2)));
    }

    #[test]
    fn objects_in_lists_become_lists() {
        let text = r#"{"q":[{"n":"a","t":1},{"n":"b"},[{"n":"c"}]]}"#;
        assert_eq!(one(text, "q.n"), Some(Val::from(vec![Val::from("a"), Val::from("b"), Val::from("c")])));
        assert_eq!(one(text, "q.t"), Some(Val::from(vec![Val::Int(1)])));
    }

    #[test]
    fn windows_events_have_the_names_of_rules() {
        let text = r##"{"Event":{"#attributes":{"xmlns":"x"},"System":{"Provider":{"#attributes":{"Name":"P"}},
            "EventID":7,"Level":4},"EventData":{"Image":"C:\\a.exe","Level":1,"Threat Name":"T"},
            "UserData":{"X":{"#attributes":{"xmlns":"y"},"User":"u"}}}}"##;
        for (name, value) in [
            ("Provider_Name", Val::from("P")),
            ("EventID", Val::Int(7)),
            ("Image", Val::from("C:\\a.exe")),
            ("Level", Val::Int(1)),
            ("ThreatName", Val::from("T")),
            ("Threat Name", Val::from("T")),
            ("User", Val::from("u")),
        ] {
            assert_eq!(one(text, name), Some(value), "{name}");
        }
    }

    #[test]
    fn numbers_and_text_as_they_come() {
        let text = r#"{"a":1e400,"b":-0.5,"c":9223372036854775808,"d":"\u00e4\ud83d\ude00\ud800x\n","e":NaN,"f":-7}"#;
        assert_eq!(one(text, "a"), Some(Val::Float(f64::INFINITY)));
        assert_eq!(one(text, "b"), Some(Val::Float(-0.5)));
        assert_eq!(one(text, "c"), Some(Val::Float(9_223_372_036_854_775_808.0)));
        assert_eq!(one(text, "d"), Some(Val::from("ä😀\u{fffd}x\n")));
        assert!(matches!(one(text, "e"), Some(Val::Float(f)) if f.is_nan()));
        assert_eq!(one(text, "f"), Some(Val::Int(-7)));
    }

    #[test]
    fn time_and_identity() {
        let e = event(r#"{"@timestamp":"2023-11-14T22:13:20.5Z","event.id":"000000000000000000000000000000ab","event.start":"2023-11-14T22:13:19Z","record":"event","sentinel.frame":9}"#, 3).unwrap();
        assert_eq!((e.time, e.id, e.frame, e.order), (1_700_000_000_500_000, 0xab, 9, (3, 0)));
        assert_eq!(e.fields, [("event.start".into(), Val::Int(1_699_999_999_000_000))]);
        assert_eq!(event(r#"{"ts":1700000000.25}"#, 1).unwrap().time, 1_700_000_000_250_000);
        assert_ne!(event(r#"{"a":1}"#, 1).unwrap().id, event(r#"{"a":1}"#, 2).unwrap().id);
    }

    #[test]
    fn what_is_broken_is_one_line() {
        let deep = format!("{}1{}", "{\"a\":".repeat(100), "}".repeat(100));
        for text in [
            "",
            "[]",
            "{",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\":1,}",
            "{\"a\":1} x",
            "{\"a\":01x}",
            "{\"a\":\"x",
            "nul",
            deep.as_str(),
        ] {
            let why = event(text, 1).unwrap_err();
            assert!(!why.is_empty() && !why.contains('\n'), "{text}: {why}");
        }
    }
}
