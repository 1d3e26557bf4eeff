//! A watch on a live port: time that passes without events, clocks that are set, the inventory.

use sentinel_detect::event::Event;
use sentinel_detect::sigma::Sigma;
use sentinel_detect::watch::Watch;
use sentinel_wire::model::{Micros, Val};

const SECOND: Micros = 1_000_000;
const START: Micros = 1_768_204_800 * SECOND;
const CONTEXT: &[u8] =
    br#"{"baseline": {"learning": 60, "novel": 600}, "availability": {"least": 5, "steady": 60}}"#;
const RULES: &str = "
title: Read
id: read
name: read
logsource: {category: ot}
detection: {s: {event.action: read}, condition: s}
level: low
---
title: Nobody reads it
id: silence
correlation: {type: event_count, rules: [read], group-by: [destination.ip], timespan: 1m, condition: {eq: 0}}
level: high
---
title: Nobody reads
id: quiet
correlation: {type: event_count, rules: [read], timespan: 10m, condition: {eq: 0}}
level: high
";

fn watch() -> Watch {
    let w =
        Watch::new(Sigma::load([("p/r.yml", RULES.as_bytes())], []), CONTEXT, 10 * SECOND).expect("settings");
    assert!(w.refused().is_empty(), "{:?}", w.refused());
    w
}

/// Requests to `terminals` terminals in the second `n`, answered by those below `alive`.
fn polls(n: i64, terminals: u8, alive: u8) -> Vec<Event> {
    let one = |host: u8| {
        let time = START + n * SECOND + Micros::from(host);
        let mut e = Event { order: (time as u64, 0), time, id: time as u128, ..Event::default() };
        for (name, value) in [
            ("event.kind", Val::Static("event")),
            ("event.action", Val::Static("read")),
            ("event.outcome", Val::Static(if host < alive { "success" } else { "unknown" })),
            ("network.protocol", Val::Static("modbus")),
            ("source.ip", Val::from("10.0.0.9")),
            ("source.port", Val::Int(50_000)),
            ("destination.ip", Val::from(format!("10.0.3.{host}"))),
            ("destination.port", Val::Int(502)),
            ("ot.category", Val::Static("monitor")),
        ] {
            e.set(name, value);
        }
        e
    };
    (0..terminals).map(one).collect()
}

/// A watch that saw a plant of three terminals, ten that nobody polls any more left out, for five minutes.
fn settled() -> Watch {
    let mut w = watch();
    for n in 0..300 {
        w.feed(polls(n, 3, 3));
        assert!(w.advance(n * SECOND).is_empty(), "events say what time it is");
    }
    w.take_alerts();
    w
}

fn actions(events: &[Event]) -> Vec<String> {
    let told = events.iter().filter(|e| e.text("event.dataset") == Some("sentinel.availability"));
    told.map(|e| {
        format!("{} {}", e.text("event.action").unwrap_or(""), e.text("destination.ip").unwrap_or("-"))
    })
    .collect()
}

fn rules(w: &mut Watch) -> Vec<String> {
    w.take_alerts().iter().filter_map(|a| a.text("rule.id").map(str::to_owned)).collect()
}

#[test]
fn on_a_quiet_network_what_is_held_back_comes_out_and_windows_end() {
    let mut w = settled();
    w.feed(polls(300, 3, 3));
    let (mut out, mut told) = (Vec::new(), Vec::new());
    let mut first = None;
    for n in 0..=900 {
        // those of the last ten seconds are held back; the machine's clock is an hour ahead of the sources'
        out.extend(w.advance((3_900 + n) * SECOND));
        let now = rules(&mut w);
        if !now.is_empty() && first.is_none() {
            first = Some(n);
        }
        told.extend(now);
    }
    assert_eq!(out.iter().filter(|e| e.text("event.action") == Some("read")).count(), 31);
    assert_eq!(told, ["silence", "silence", "silence", "quiet"]);
    // a minute without, 10 s that events may come late, a tick
    assert_eq!(first, Some(71));
    assert_eq!(w.clock(), Some(START + 2 + (300 + 900 - 10) * SECOND));
}

#[test]
fn a_terminal_that_falls_silent_is_offline_while_the_others_answer() {
    let mut w = settled();
    let mut out = Vec::new();
    for n in 300..400 {
        out.extend(w.feed(polls(n, 3, 2)));
        out.extend(w.advance(n * SECOND));
    }
    assert_eq!(actions(&out), ["offline 10.0.3.2"]);
}

#[test]
fn when_all_fall_silent_at_once_time_tells_and_points_at_the_observer() {
    let mut w = watch();
    for n in 0..300 {
        w.feed(polls(n, 12, 12));
    }
    // they are asked on, and none answers; then nothing at all is seen
    let mut out = Vec::new();
    for n in 300..306 {
        out.extend(w.feed(polls(n, 12, 0)));
    }
    for n in 0..120 {
        out.extend(w.advance(n * SECOND));
    }
    assert_eq!(actions(&out), ["offline -"], "one event, not twelve");
}

#[test]
fn clocks_that_are_set_make_no_terminal_missing() {
    for jump in [3_600, 86_400 * 400, -3_600] {
        let mut w = settled();
        let mut out = Vec::new();
        for n in 0..3 {
            out.extend(w.advance(n * SECOND));
        }
        for n in 0..3 {
            out.extend(w.advance((n + jump) * SECOND));
        }
        // and events go on with the new time, or the old one
        for (from, set) in [(306, 0), (506, jump.max(0))] {
            for n in 0..200 {
                out.extend(w.feed(polls(from + set + n, 3, 3)));
                out.extend(w.advance((jump + 30 + n) * SECOND));
            }
        }
        out.extend(w.finish());
        assert_eq!(actions(&out), [] as [&str; 0], "{jump}");
    }
}

#[test]
fn nothing_happens_before_the_first_event() {
    let mut w = watch();
    for n in 0..1_000 {
        assert!(w.advance(START + n * SECOND).is_empty());
    }
    assert_eq!((w.clock(), rules(&mut w).len()), (None, 0));
    w.feed(polls(0, 1, 1));
    assert_eq!(w.clock(), Some(START - 10 * SECOND));
}

#[test]
fn alerts_know_the_assets_as_of_the_last_tick_even_without_an_event() {
    let mut w = settled();
    w.context
        .assets(br#"[{"id": "plc", "ip": ["10.0.3.1"]}, {"id": "router", "ip": ["10.0.0.9", "1.1.1.1"]}]"#)
        .expect("assets");
    w.feed(polls(300, 3, 3));
    let mut stranger = polls(301, 1, 1);
    stranger.iter_mut().for_each(|e| e.set("source.ip", "1.1.1.1"));
    w.feed(stranger);
    for n in 0..100 {
        w.advance(n * SECOND);
    }
    let alerts = w.take_alerts();
    let assets = |rule: &str, ip: &str| -> Vec<Option<String>> {
        let of =
            alerts.iter().filter(|a| a.text("rule.id") == Some(rule) && a.text("destination.ip") == Some(ip));
        of.map(|a| a.text("destination.asset").map(str::to_owned)).collect()
    };
    assert_eq!(assets("silence", "10.0.3.1"), [Some("plc".to_owned())]);
    assert_eq!(assets("silence", "10.0.3.2"), [None]);
    // of the Internet: no asset of the organisation, though the router has it in the inventory
    let mut w = watch();
    let rule = "title: r\nid: r\nlogsource: {category: ot}\ndetection: {s: {event.action: read}, condition: s}\nlevel: low\n";
    w.swap(Sigma::load([("p/r.yml", rule.as_bytes())], [])).expect("rules");
    w.context.assets(br#"[{"id": "router", "ip": ["10.0.0.9", "1.1.1.1", "10.0.3.0"]}]"#).expect("assets");
    for (n, ip) in [(0, "10.0.0.9"), (20, "10.0.0.9"), (21, "1.1.1.1")] {
        let mut event = polls(n, 1, 1);
        event.iter_mut().for_each(|e| e.set("source.ip", ip));
        w.feed(event);
    }
    w.finish();
    let ends: Vec<_> = w
        .take_alerts()
        .iter()
        .map(|a| (a.get("source.asset").cloned(), a.get("destination.asset").cloned()))
        .collect();
    let router = || Some(Val::from("router"));
    // nothing is known before the first tick; the inventory came before it
    assert_eq!(ends, [(router(), router()), (router(), router()), (None, router())]);
}

#[test]
fn what_another_said_of_assets_is_there_once() {
    let mut w = watch();
    w.context.assets(br#"[{"id": "plc", "ip": ["10.0.3.0"], "type": "plc"}]"#).expect("assets");
    let mut event = polls(0, 1, 1);
    event.iter_mut().for_each(|e| {
        e.set("destination.asset", "theirs");
        e.set("source.asset", "client");
        e.set("ot.asset.type", "hmi");
    });
    w.feed(event);
    let out = w.finish();
    let count = |name: &str| out[0].fields.iter().filter(|(n, _)| n == name).count();
    for (name, value) in [("destination.asset", "plc"), ("source.asset", "client"), ("ot.asset.type", "plc")]
    {
        assert_eq!((count(name), out[0].text(name)), (1, Some(value)), "{name}");
    }
}
