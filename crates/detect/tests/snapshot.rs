//! A watch that goes on from a snapshot in another one does what it would have done.

use proptest::prelude::*;
use sentinel_detect::event::Event;
use sentinel_detect::sigma::Sigma;
use sentinel_detect::watch::Watch;
use sentinel_wire::model::Val;

const RULES: &str = "
title: A log-in failed
id: failed
name: failed
logsource: {category: auth}
detection: {s: {event.outcome: failure}, condition: s}
level: low
---
title: Written
id: written
name: written
logsource: {category: ot}
detection: {s: {event.action: write}, condition: s}
level: high
---
title: Somebody is offline
id: offline
logsource: {product: sentinel, category: network, service: availability}
detection: {s: {event.action: offline}, condition: s}
level: medium
---
title: Many log-ins failed
id: many
correlation: {type: event_count, rules: [failed], group-by: [source.ip], timespan: 4m, condition: {gte: 3}}
level: high
---
title: Failed then written
id: sequence
correlation: {type: temporal_ordered, rules: [failed, written], group-by: [source.ip], timespan: 2m, generate: true}
level: high
---
title: Many targets
id: targets
correlation: {type: value_count, rules: [written], group-by: [source.ip], timespan: 15m, condition: {gte: 3, field: destination.ip}}
level: high
---
title: Nobody writes
id: silence
correlation: {type: event_count, rules: [written], timespan: 30s, condition: {eq: 0}}
level: low
---
title: Seldom written
id: seldom
correlation: {type: event_count, rules: [written], group-by: [destination.ip], timespan: 1m, condition: {lt: 2}}
level: low
";
const CONTEXT: &[u8] = br#"{"baseline": {"learning": 60, "novel": 600}, "availability": {"least": 5, "steady": 60},
    "assets": [{"id": "plc", "ip": ["10.0.3.9"], "type": "plc"}, {"id": "router", "ip": ["10.0.0.1", "1.1.1.1"]}]}"#;
const SECOND: i64 = 1_000_000;
const LATENESS: i64 = 20 * SECOND;

fn watch() -> Watch {
    let w =
        Watch::new(Sigma::load([("p/r.yml", RULES.as_bytes())], []), CONTEXT, LATENESS).expect("settings");
    assert!(w.refused().is_empty(), "{:?}", w.refused());
    w
}

/// What is done to a watch.
#[derive(Clone, Debug)]
enum Step {
    Feed(Vec<Event>),
    /// The clock outside goes on, or is set.
    Pass(i64),
    Take,
    Assets(&'static str),
}

/// A plant from a seed: events mostly in order, a terminal that is polled and falls silent, quiet times.
fn steps(seed: u64, n: usize) -> Vec<Step> {
    let mut state = seed | 1;
    let mut random = move |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let (mut t, mut now, mut line) = (1_768_204_800 * SECOND, 5 * SECOND, 0u64);
    let mut out = Vec::new();
    for i in 0..n {
        let mut batch = Vec::new();
        for _ in 0..random(6) {
            t += [1_000, 200_000, SECOND, 8 * SECOND][random(4) as usize];
            line += 1;
            let back = [0, 0, 0, 5 * SECOND, 30 * SECOND][random(5) as usize];
            let ahead = if random(60) == 0 { 200_000 * SECOND } else { 0 };
            let mut e = Event { order: (line, 0), time: t - back + ahead, frame: line, ..Event::default() };
            (e.id, e.source) = (u128::from(seed) << 64 | u128::from(line), random(3) as u32);
            let polled = random(2) == 0;
            let action = if polled { "read" } else { ["read", "write", "stop"][random(3) as usize] };
            let outcome = if polled && i > n / 2 {
                "unknown"
            } else {
                ["success", "failure"][usize::from(random(3) == 0)]
            };
            let target = if polled { 9 } else { random(4) + 1 };
            for (name, value) in [
                ("event.kind", Val::Static("event")),
                ("event.action", Val::from(action)),
                ("event.outcome", Val::from(outcome)),
                ("network.protocol", Val::Static("modbus")),
                (
                    "source.ip",
                    Val::from(if polled { "10.0.0.9".into() } else { format!("10.0.0.{}", random(3)) }),
                ),
                ("destination.ip", Val::from(format!("10.0.3.{target}"))),
                ("destination.port", Val::Int(502)),
                ("ot.category", Val::Static(if action == "read" { "monitor" } else { "control" })),
                ("ot.values", Val::from(vec![Val::Int(line as i64), Val::Float(0.5), Val::Bool(true)])),
            ] {
                e.set(name, value);
            }
            batch.push(e);
        }
        out.push(Step::Feed(batch));
        for _ in 0..random(12) {
            // time passes, for the sources too, or the clock is set
            let step = [SECOND, 10 * SECOND, SECOND, 3600 * SECOND, -50 * SECOND]
                [[0, 1, 2, 0, 1, 2, 0, 3, 4][random(9) as usize]];
            now += step;
            t += if (SECOND..=10 * SECOND).contains(&step) { step } else { 0 };
            out.push(Step::Pass(now));
        }
        if random(4) == 0 {
            out.push(Step::Take);
        }
        if random(30) == 0 {
            out.push(Step::Assets(r#"[{"id": "plc-2", "ip": ["10.0.3.2"], "type": "plc", "level": 1}]"#));
        }
    }
    out
}

/// Events as documents. Sources are by name: three that are known from the beginning.
fn text(w: &Watch, events: &[Event]) -> Vec<String> {
    let one = |e: &Event| {
        let mut out = Vec::new();
        e.write(&mut out, w.sources.get(e.source as usize).map_or("", String::as_str), None, true);
        String::from_utf8(out).expect("text")
    };
    events.iter().map(one).collect()
}

fn does(w: &mut Watch, step: Step) -> (Vec<String>, Vec<String>) {
    let events = match step {
        Step::Feed(mut events) => {
            for (n, name) in ["a.pcap", "b.log", "eth0"].iter().enumerate() {
                assert_eq!(w.source(name) as usize, n);
            }
            events.iter_mut().for_each(|e| e.source %= 3);
            w.feed(events)
        }
        Step::Pass(now) => w.advance(now),
        Step::Take => {
            let alerts = w.take_alerts();
            return (Vec::new(), text(w, &alerts));
        }
        Step::Assets(json) => {
            w.context.assets(json.as_bytes()).expect("assets");
            Vec::new()
        }
    };
    (text(w, &events), Vec::new())
}

/// The last events and alerts, counters, state.
type Ending = (Vec<String>, Vec<String>, Vec<(String, u64)>, Vec<u8>);

fn end(w: &mut Watch) -> Ending {
    let rest = w.finish();
    let alerts = w.take_alerts();
    (text(w, &rest), text(w, &alerts), w.counters(), w.snapshot())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn another_watch_goes_on_from_it(seed in any::<u64>(), cuts in prop::collection::vec(0usize..900, 1..4)) {
        let (mut one, mut other) = (watch(), watch());
        for (i, step) in steps(seed, 160).into_iter().enumerate() {
            if cuts.contains(&i) {
                let saved = other.snapshot();
                other = watch();
                other.restore(&saved).expect("it is one");
                prop_assert_eq!(&other.snapshot(), &saved);
                prop_assert_eq!(other.counters(), one.counters());
                prop_assert_eq!(other.clock(), one.clock());
            }
            prop_assert_eq!(does(&mut one, step.clone()), does(&mut other, step));
        }
        prop_assert_eq!(end(&mut one), end(&mut other));
    }

    #[test]
    fn what_is_damaged_is_refused_and_changes_nothing(seed in any::<u64>(), at in any::<usize>(), bit in 0u8..8) {
        let mut w = watch();
        for step in steps(seed, 30) {
            does(&mut w, step);
        }
        let mut bytes = w.snapshot();
        let wanted = bytes.clone();
        let n = at % bytes.len();
        bytes[n] ^= 1 << bit;
        prop_assert!(w.restore(&bytes).is_err());
        prop_assert!(w.restore(&bytes[..n]).is_err());
        prop_assert_eq!(w.snapshot(), wanted);
    }
}

#[test]
fn the_streams_show_what_is_held_against_another() {
    let mut w = watch();
    let mut seen = std::collections::BTreeSet::new();
    let mut note = |texts: Vec<String>| {
        for text in texts {
            let d: serde_json::Value = serde_json::from_str(&text).expect("JSON");
            let word = if d["event.kind"] == "alert" { &d["rule.id"] } else { &d["event.action"] };
            seen.insert(word.as_str().unwrap_or("").to_owned());
        }
    };
    for seed in 0..8 {
        for step in steps(seed, 160) {
            let (events, alerts) = does(&mut w, step);
            note(events);
            note(alerts);
        }
        let last = end(&mut w);
        note(last.0);
        note(last.1);
        w = watch();
    }
    for word in ["many", "sequence", "targets", "silence", "seldom", "offline", "back-online", "new-device"] {
        assert!(seen.contains(word), "{word}: {seen:?}");
    }
}

#[test]
fn a_snapshot_of_another_version_is_refused_in_one_line() {
    let mut w = watch();
    for other in [&b""[..], b"\x01\x00\x00", b"sentinel-watch\x01", b"sentinel-watch\x02"] {
        let refused = w.restore(other).expect_err("no snapshot");
        assert!(refused.contains("begin anew without it") && !refused.contains('\n'), "{refused}");
    }
}

#[test]
fn alerts_in_a_minute_are_counted_on_over_a_snapshot_with_other_rules() {
    let mut w = watch();
    let write = |n: u64| {
        let mut e =
            Event { order: (n, 0), time: 1_768_204_800 * SECOND, id: u128::from(n), ..Event::default() };
        e.set("event.action", "write");
        e
    };
    let most = u64::from(sentinel_detect::watch::MAX_ALERTS);
    w.feed((0..most - 1).map(write));
    w.finish();
    let before =
        "title: Another\nid: another\nlogsource: {category: x}\ndetection: {s: {a: b}, condition: s}\n---";
    let rules = format!("{before}{RULES}");
    let mut other =
        Watch::new(Sigma::load([("p/r.yml", rules.as_bytes())], []), CONTEXT, LATENESS).expect("settings");
    other.restore(&w.snapshot()).expect("restored");
    other.feed((most..most + 3).map(write));
    other.finish();
    let written = other.take_alerts().iter().filter(|a| a.text("rule.id") == Some("written")).count();
    assert_eq!(written as u64, most);
}
