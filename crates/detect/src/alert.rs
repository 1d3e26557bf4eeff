//! Alerts: events of kind `alert` that say which rule, who, to whom and why.

use crate::correlate::Firing;
use crate::event::{Event, Name};
use crate::sigma::{Hit, Meta};
use sentinel_wire::events::{MASK, is_secret};
use sentinel_wire::model::Val;
use siphasher::sip128::{Hasher128, SipHasher13};
use std::fmt::Write;
use std::hash::Hash;

/// Fields of the event that its alert has too: by their first parts.
const KEPT: &[&str] =
    &["source.", "destination.", "network.", "ot.", "user.", "url.", "sentinel.credential."];
/// Other fields of the event that its alert has too.
const KEPT_WHOLE: &[&str] = &["event.action", "event.outcome", "event.category", "dns.question.name"];
/// Values named in a reason, and characters of each.
const REASONS: usize = 3;
const VALUE: usize = 60;

/// Fields that an alert sets itself or that are sources of what it sets.
fn kept(name: &str) -> bool {
    KEPT.iter().any(|p| name.starts_with(p)) || KEPT_WHOLE.contains(&name)
}

/// An alert's identity: the rule and the events that made it, never when it was evaluated.
pub fn id(rule: &str, evidence: &[u128]) -> u128 {
    let mut h = SipHasher13::new_with_keys(0x7365_6e74_696e_656c, 0x616c_6572_7473_0001);
    (rule, evidence).hash(&mut h);
    h.finish128().as_u128()
}

/// The alert of a rule that one event fits.
pub fn of_hit(meta: &Meta, event: &Event, hit: &Hit) -> Event {
    let because: Vec<(&str, String)> =
        hit.because.iter().filter(|(_, v)| !v.is_null()).map(|(f, v)| (f.as_str(), plain(v))).collect();
    let mut out = begin(meta, event, id(&meta.id, &[event.id]));
    put(&mut out, "event.reason", Val::from(reason(meta, event, &because)));
    put(&mut out, "sentinel.evidence", ids(&[event.id]));
    keep(&mut out, event);
    out
}

/// The alert of a correlation. `event` is that which completed it, if one did.
pub fn of_firing(meta: &Meta, event: Option<&Event>, f: &Firing, evidence: &[u128]) -> Event {
    let none = Event { time: f.time, source: u32::MAX, ..Event::default() };
    let last = event.unwrap_or(&none);
    let mut out = begin(meta, last, firing_id(&meta.id, f, evidence));
    out.time = f.time;
    let group = f.group.iter().map(|(name, value)| (name.as_ref(), shown(value)));
    let seconds = f.last.saturating_sub(f.first) as f64 / 1e6;
    let counted = ("value", format!("{} in {seconds:.1} s", f.value));
    let because: Vec<(&str, String)> = group.chain([counted]).collect();
    put(&mut out, "event.reason", Val::from(reason(meta, last, &because)));
    put(&mut out, "event.start", Val::Int(f.first));
    put(&mut out, "event.end", Val::Int(f.last));
    put(&mut out, "sentinel.evidence", ids(evidence));
    put(&mut out, "sentinel.correlation.value", Val::Float(f.value));
    if f.lossy {
        put(&mut out, "sentinel.correlation.lossy", Val::Bool(true));
    }
    keep(&mut out, last);
    for (name, value) in &f.group {
        out.set(name.to_string(), value.clone());
    }
    out
}

/// The alert on what a correlation lost under its bounds.
pub fn of_loss(meta: &Meta, f: &Firing) -> Event {
    let told = Meta {
        id: format!("{}:loss", meta.id),
        level: "low",
        severity: 2,
        confidence: 1.0,
        threat: Default::default(),
        ..meta.clone()
    };
    let at = Event { time: f.time, source: u32::MAX, ..Event::default() };
    let mut out = begin(&told, &at, firing_id(&told.id, f, &[]));
    let lost = format!(
        "{}: {} groups or events fell off its bounds; it may have missed something.",
        meta.title, f.value
    );
    put(&mut out, "event.reason", Val::from(lost));
    out
}

fn firing_id(rule: &str, f: &Firing, evidence: &[u128]) -> u128 {
    let mut h = SipHasher13::new_with_keys(0x7365_6e74_696e_656c, 0x616c_6572_7473_0002);
    (rule, f.time, evidence).hash(&mut h);
    f.group.iter().for_each(|(name, value)| (name, shown(value)).hash(&mut h));
    h.finish128().as_u128()
}

fn put(out: &mut Event, name: &'static str, value: Val) {
    out.fields.push((Name::Borrowed(name), value));
}

fn begin(meta: &Meta, event: &Event, id: u128) -> Event {
    let mut out = Event {
        order: event.order,
        time: event.time,
        frame: event.frame,
        source: event.source,
        id,
        fields: Vec::with_capacity(40),
    };
    head(&mut out, meta);
    out
}

fn keep(out: &mut Event, event: &Event) {
    out.fields.extend(event.fields.iter().filter(|(name, _)| kept(name)).cloned());
}

fn ids(events: &[u128]) -> Val {
    Val::from(events.iter().map(|id| Val::from(format!("{id:032x}"))).collect::<Vec<_>>())
}

fn plain(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::String(s) => s.clone(),
        other => other.to_string(),
    }
}

fn shown(value: &Val) -> String {
    match value {
        Val::Int(v) => v.to_string(),
        Val::Float(v) => v.to_string(),
        Val::Bool(v) => v.to_string(),
        Val::Str(s) => s.to_string(),
        Val::Static(s) => (*s).to_owned(),
        Val::List(l) => l.iter().map(shown).collect::<Vec<_>>().join(" "),
    }
}

/// What an alert has of its rule.
pub fn head(out: &mut Event, meta: &Meta) {
    let mut put = |name: &'static str, value: Val| out.fields.push((Name::Borrowed(name), value));
    put("event.kind", Val::Static("alert"));
    put("event.dataset", Val::Static("sentinel.alert"));
    put("event.severity", Val::Int(i64::from(meta.severity)));
    put("rule.id", Val::from(meta.id.as_str()));
    put("rule.name", Val::from(meta.title.as_str()));
    put("rule.level", Val::Static(meta.level));
    if !meta.ruleset.is_empty() {
        put("rule.ruleset", Val::from(meta.ruleset.as_str()));
    }
    if let Some(framework) = meta.threat.framework() {
        put("threat.framework", Val::Static(framework));
    }
    let lists = [
        ("threat.tactic.id", "threat.tactic.name", &meta.threat.tactics),
        ("threat.technique.id", "threat.technique.name", &meta.threat.techniques),
    ];
    for (ids, names, list) in lists {
        if list.is_empty() {
            continue;
        }
        put(ids, Val::from(list.iter().map(|t| Val::from(t.id.as_str())).collect::<Vec<_>>()));
        // names stand beside their numbers, or not at all
        if list.iter().all(|t| !t.name.is_empty()) {
            put(names, Val::from(list.iter().map(|t| Val::Static(t.name)).collect::<Vec<_>>()));
        }
    }
    put("sentinel.confidence", Val::Float(meta.confidence));
}

/// One sentence: the rule's title, the ends, what was done, the values that decided.
fn reason(meta: &Meta, event: &Event, because: &[(&str, String)]) -> String {
    let mut out = meta.title.trim_end_matches('.').to_owned();
    let end = |ip: &str, mac: &str| event.text(ip).or_else(|| event.text(mac)).map(str::to_owned);
    let from = end("source.ip", "source.mac");
    let to = end("destination.ip", "destination.mac");
    let _ = match (&from, &to) {
        (Some(from), Some(to)) => write!(out, ": {from} to {to}"),
        (Some(one), None) | (None, Some(one)) => write!(out, ": {one}"),
        (None, None) => Ok(()),
    };
    if let Some(protocol) = event.text("network.protocol") {
        let _ = write!(out, " by {protocol}");
    }
    // the evaluator names selections in no order of its own
    let mut because: Vec<&(&str, String)> = because.iter().collect();
    because.sort_unstable();
    let mut told = 0;
    for (field, value) in because {
        if told == REASONS || ENDS.contains(field) {
            continue;
        }
        let value = if is_secret(field) { MASK.to_owned() } else { short(value) };
        let _ = write!(out, ", {field} {value}");
        told += 1;
    }
    out.push('.');
    out
}

/// Fields whose values a reason names anyway.
const ENDS: &[&str] = &["source.ip", "destination.ip", "source.mac", "destination.mac", "network.protocol"];

fn short(text: &str) -> String {
    let mut out: String =
        text.chars().take(VALUE).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    if text.chars().nth(VALUE).is_some() {
        out.push('…');
    }
    out
}
