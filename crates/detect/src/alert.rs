//! Alerts: events of kind `alert` that say which rule, who, to whom and why.

use crate::event::{Event, Name};
use crate::sigma::{Hit, Meta};
use sentinel_wire::events::{MASK, is_secret};
use sentinel_wire::model::Val;
use siphasher::sip128::{Hasher128, SipHasher13};
use std::borrow::Cow;
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
    let mut out = Event {
        order: event.order,
        time: event.time,
        frame: event.frame,
        source: event.source,
        id: id(&meta.id, &[event.id]),
        fields: Vec::with_capacity(32),
    };
    head(&mut out, meta);
    out.fields.push((Cow::Borrowed("event.reason"), Val::from(reason(meta, event, hit))));
    out.fields
        .push((Cow::Borrowed("sentinel.evidence"), Val::from(vec![Val::from(format!("{:032x}", event.id))])));
    for (name, value) in &event.fields {
        if kept(name) {
            out.fields.push((name.clone(), value.clone()));
        }
    }
    out
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
fn reason(meta: &Meta, event: &Event, hit: &Hit) -> String {
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
    let mut told = 0;
    for (field, value) in &hit.because {
        if told == REASONS || value.is_null() || ENDS.contains(&field.as_str()) {
            continue;
        }
        let value = match value {
            _ if is_secret(field) => MASK.to_owned(),
            serde_json::Value::String(s) => short(s),
            other => short(&other.to_string()),
        };
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
