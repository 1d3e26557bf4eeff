//! Scenes of the context, event by event.

mod availability;
mod baseline;
mod same;
mod zones;

use super::Context;
use crate::event::Event;
use sentinel_wire::model::{Micros, Val};

pub const SECOND: Micros = 1_000_000;
pub const HOUR: Micros = 3600 * SECOND;
/// Monday, 2026-01-12 08:00 UTC.
pub const MONDAY: Micros = 1_768_204_800 * SECOND;

/// An event of `client` at `server`; fields beside the usual ones as `more`.
pub fn event(
    time: Micros,
    client: &str,
    server: &str,
    protocol: &str,
    more: &[(&'static str, Val)],
) -> Event {
    let mut e = Event { time, id: (time as u128) << 8 | 1, frame: 7, ..Event::default() };
    e.order = (time as u64, 0);
    e.set("event.kind", Val::Static("event"));
    e.set("event.dataset", format!("sentinel.{protocol}"));
    let end = |e: &mut Event, text: &str, ip: &'static str, mac: &'static str| {
        e.set(if text.contains('-') { mac } else { ip }, text);
    };
    end(&mut e, client, "source.ip", "source.mac");
    end(&mut e, server, "destination.ip", "destination.mac");
    if !server.contains('-') {
        e.set("source.port", 50_000);
        e.set("destination.port", 502);
    }
    e.set("network.protocol", protocol);
    for (name, value) in more {
        e.set(*name, value.clone());
    }
    e
}

/// An operation with its outcome.
pub fn op(
    time: Micros,
    ends: (&str, &str),
    name: &'static str,
    category: &'static str,
    outcome: &'static str,
) -> Event {
    event(
        time,
        ends.0,
        ends.1,
        "modbus",
        &[
            ("event.action", Val::Static(name)),
            ("ot.function.name", Val::Static(name)),
            ("ot.category", Val::Static(category)),
            ("event.outcome", Val::Static(outcome)),
        ],
    )
}

pub fn poll(time: Micros, client: &str, server: &str) -> Event {
    op(time, (client, server), "read_holding_registers", "monitor", "success")
}

pub fn context(settings: &str) -> Context {
    Context::new(settings.as_bytes()).expect("settings")
}

/// Feeds events in order; gives what the context made.
pub fn run(c: &mut Context, events: impl IntoIterator<Item = Event>) -> Vec<Event> {
    let mut extra = Vec::new();
    for mut e in events {
        c.enrich(&mut e, &mut extra);
    }
    extra
}

pub fn one(c: &mut Context, mut e: Event) -> Event {
    c.enrich(&mut e, &mut Vec::new());
    e
}

/// `action terminal` of each event.
pub fn told(events: &[Event]) -> Vec<String> {
    let text = |e: &Event, n: &str| e.text(n).unwrap_or("-").to_owned();
    events
        .iter()
        .map(|e| {
            let about = e.text("destination.ip").or(e.text("source.ip")).or(e.text("destination.mac"));
            format!("{} {}", text(e, "event.action"), about.or(e.text("source.mac")).unwrap_or("-"))
        })
        .collect()
}

pub fn words(e: &Event, name: &str) -> Vec<String> {
    match e.get(name) {
        Some(Val::List(l)) => {
            l.iter().map(|v| if let Val::Static(s) = v { (*s).to_owned() } else { String::new() }).collect()
        }
        _ => Vec::new(),
    }
}
