//! The way of an event through a watch: order, alerts, correlations, bounds, snapshots.

use sentinel_detect::event::Event;
use sentinel_detect::json;
use sentinel_detect::sigma::Sigma;
use sentinel_detect::watch::{MAX_ALERTS, Watch};

const RULES: &str = "
title: A log-in failed
id: failed
name: failed
logsource: {category: auth}
detection: {s: {event.outcome: failure}, condition: s}
level: low
tags: [attack.credential-access, attack.t1110]
---
title: Many log-ins failed
id: many
correlation:
  type: event_count
  rules: [failed]
  group-by: [source.ip]
  timespan: 1m
  condition: {gte: 3}
level: high
status: stable
tags: [attack.credential-access]
---
title: A controller was stopped.
id: stopped
logsource: {category: ot}
detection: {s: {ot.action: stop}, condition: s}
level: critical
tags: [attack.t0858]
";

fn watch(rules: &str, lateness: i64) -> Watch {
    let w = Watch::new(Sigma::load([("ot/r.yml", rules.as_bytes())], []), b"", lateness).expect("settings");
    assert!(w.refused().is_empty(), "{:?}", w.refused());
    w
}

fn event(line: u64, second: u64, rest: &str) -> Event {
    let text = format!(r#"{{"@timestamp":"2024-01-01T00:{:02}:{:02}Z",{rest}}}"#, second / 60, second % 60);
    json::event(&text, line).expect("an event")
}

fn failure(line: u64, second: u64, ip: &str) -> Event {
    event(
        line,
        second,
        &format!(r#""event.outcome":"failure","source.ip":"{ip}","destination.ip":"10.0.0.9""#),
    )
}

/// Alerts as text, one a line.
fn alerts(w: &mut Watch) -> Vec<serde_json::Value> {
    let text = |a: &Event| {
        let mut out = Vec::new();
        a.write(&mut out, "", None, false);
        serde_json::from_slice(&out).expect("JSON")
    };
    w.take_alerts().iter().map(text).collect()
}

#[test]
fn an_alert_says_who_what_and_why() {
    let mut w = watch(RULES, 0);
    let stop = r#""ot.action":"stop","source.ip":"10.0.0.5","destination.ip":"10.0.0.9","network.protocol":"s7comm","bacnet.password":"x""#;
    w.feed([event(7, 1, stop)]);
    let rest = w.finish();
    assert_eq!(rest.len(), 1);
    let got = alerts(&mut w);
    assert_eq!(got.len(), 1);
    let a = &got[0];
    for (name, want) in [
        ("event.kind", "alert"),
        ("event.dataset", "sentinel.alert"),
        ("rule.id", "stopped"),
        ("rule.level", "critical"),
        ("rule.ruleset", "ot"),
        ("threat.framework", "MITRE ATT&CK for ICS"),
        ("source.ip", "10.0.0.5"),
        ("@timestamp", "2024-01-01T00:00:01.000000Z"),
        ("event.reason", "A controller was stopped: 10.0.0.5 to 10.0.0.9 by s7comm, ot.action stop."),
    ] {
        assert_eq!(a[name], want, "{name}");
    }
    assert_eq!((&a["event.severity"], &a["sentinel.frame"]), (&5.into(), &7.into()));
    assert_eq!(a["threat.technique.id"], serde_json::json!(["T0858"]));
    assert_eq!(a["threat.technique.name"], serde_json::json!(["Change Operating Mode"]));
    assert_eq!(a["sentinel.evidence"][0], format!("{:032x}", rest[0].id));
}

#[test]
fn correlated_rules_are_silent_and_the_correlation_tells_its_evidence() {
    let mut w = watch(RULES, 10_000_000);
    // out of order within the lateness, another group between
    for (line, second, ip) in
        [(1, 10, "10.0.0.1"), (2, 30, "10.0.0.1"), (3, 21, "10.0.0.2"), (4, 25, "10.0.0.1")]
    {
        w.feed([failure(line, second, ip)]);
    }
    w.finish();
    let got = alerts(&mut w);
    assert_eq!(got.len(), 1, "{got:?}");
    let a = &got[0];
    assert_eq!((a["rule.id"].as_str(), a["event.severity"].as_i64()), (Some("many"), Some(4)));
    assert_eq!(
        (&a["source.ip"], &a["@timestamp"]),
        (&"10.0.0.1".into(), &"2024-01-01T00:00:30.000000Z".into())
    );
    assert_eq!(a["sentinel.evidence"].as_array().map(Vec::len), Some(3));
    assert_eq!(a["event.reason"], "Many log-ins failed: 10.0.0.1 to 10.0.0.9, value 3 in 20.0 s.");
    assert_eq!(a["threat.tactic.name"], serde_json::json!(["Credential Access"]));
    let counted = w.counters();
    assert!(counted.iter().any(|(n, v)| n == "late_events" && *v == 0));
}

#[test]
fn generate_lets_the_rules_below_speak_too() {
    let mut w = watch(&RULES.replace("  group-by", "  generate: true\n  group-by"), 0);
    w.feed((1..=3).map(|n| failure(n, n, "10.0.0.1")));
    w.finish();
    let ids: Vec<_> = alerts(&mut w).iter().map(|a| a["rule.id"].as_str().unwrap_or("").to_owned()).collect();
    assert_eq!(ids, ["failed", "failed", "failed", "many"]);
}

#[test]
fn batches_change_nothing() {
    let stream: Vec<Event> = (0..600u64)
        .map(|n| {
            let second = (n * 7 + (n * n) % 11) % 900;
            if n % 5 == 0 {
                event(n, second, r#""ot.action":"stop""#)
            } else {
                failure(n, second, ["10.0.0.1", "10.0.0.2"][n as usize % 2])
            }
        })
        .collect();
    let run = |size: usize| {
        let mut w = watch(RULES, 60_000_000);
        let mut out = Vec::new();
        let mut told = Vec::new();
        for batch in stream.chunks(size) {
            out.extend(w.feed(batch.to_vec()).iter().map(|e| e.id));
            told.append(&mut alerts(&mut w));
        }
        out.extend(w.finish().iter().map(|e| e.id));
        told.append(&mut alerts(&mut w));
        (out, told, w.counters())
    };
    let whole = run(600);
    assert!(whole.1.len() > 100);
    for size in [1, 7, 64] {
        assert_eq!(run(size), whole, "{size}");
    }
}

#[test]
fn an_event_from_the_future_leaves_the_clock_alone() {
    let mut w = watch(RULES, 10_000_000);
    let far = r#"{"@timestamp":"2099-01-01T00:00:00Z","ot.action":"stop"}"#;
    w.feed([failure(1, 1, "10.0.0.1"), json::event(far, 2).expect("an event")]);
    w.feed([failure(3, 2, "10.0.0.1"), failure(4, 3, "10.0.0.1")]);
    w.finish();
    let ids: Vec<_> = alerts(&mut w).iter().map(|a| a["rule.id"].as_str().unwrap_or("").to_owned()).collect();
    assert_eq!(ids, ["stopped", "many"]);
    assert!(w.counters().iter().any(|(n, v)| n == "clamped_events" && *v == 1));
}

#[test]
fn alerts_of_others_pass_and_floods_are_bounded() {
    let mut w = watch(RULES, 0);
    w.feed([event(1, 1, r#""event.kind":"alert","rule.id":"suricata:1:2","event.severity":3"#)]);
    w.feed((0..u64::from(MAX_ALERTS) + 5).map(|n| event(n + 2, 2, r#""ot.action":"stop""#)));
    w.feed([event(1 << 20, 61, r#""ot.action":"stop""#)]);
    w.finish();
    let got = alerts(&mut w);
    assert_eq!(got[0]["rule.id"], "suricata:1:2");
    assert_eq!(got.len(), 1 + MAX_ALERTS as usize + 1);
    assert!(w.counters().iter().any(|(n, v)| n == "dropped_alerts" && *v == 5));
}

#[test]
fn secrets_are_masked_behind_the_rules() {
    let rule = "title: p\nid: p\nlogsource: {category: x}\ndetection: {s: {bacnet.password: hunter2}, condition: s}\n";
    let mut w = watch(rule, 0);
    w.feed([event(1, 1, r#""bacnet.password":"hunter2","source.ip":"10.0.0.1""#)]);
    w.finish();
    let got = alerts(&mut w);
    assert_eq!(got.len(), 1);
    assert!(
        !got[0].to_string().contains("hunter2")
            && got[0]["event.reason"].as_str().is_some_and(|r| r.contains("••••"))
    );
}

#[test]
fn a_snapshot_goes_on_and_a_swap_keeps_what_is_the_same() {
    let mut first = watch(RULES, 0);
    first.feed([failure(1, 1, "10.0.0.1"), failure(2, 2, "10.0.0.1")]);
    first.finish();
    let saved = first.snapshot();
    let mut second = watch(RULES, 0);
    second.restore(&saved).expect("restored");
    second.feed([failure(3, 3, "10.0.0.1")]);
    second.finish();
    assert_eq!(alerts(&mut second).len(), 1);
    first
        .swap(Sigma::load([("ot/r.yml", RULES.replace("level: critical", "level: low").as_bytes())], []))
        .expect("swapped");
    first.feed([failure(3, 3, "10.0.0.1"), event(4, 4, r#""ot.action":"stop""#)]);
    first.finish();
    let got = alerts(&mut first);
    assert_eq!(got.len(), 2, "{got:?}");
    assert_eq!(got[1]["rule.level"], "low");
    assert!(second.restore(b"junk").is_err());
}

#[test]
fn bad_correlations_are_one_line_each() {
    let cases = [
        (
            "title: c\ncorrelation:\n  type: event_count\n  rules: [nope]\n  timespan: 1m\n  condition: {gte: 1}\n",
            "nope",
        ),
        ("title: c\ncorrelation:\n  type: often\n  rules: [failed]\n  timespan: 1m\n", "often"),
        (
            "title: c\nlevel: bad\ncorrelation:\n  type: event_count\n  rules: [failed]\n  timespan: 1m\n  condition: {gte: 1}\n",
            "level",
        ),
        (
            "title: c\nname: c\ncorrelation:\n  type: event_count\n  rules: [d]\n  timespan: 1m\n  condition: {gte: 1}\n---\ntitle: d\nname: d\ncorrelation:\n  type: event_count\n  rules: [c]\n  timespan: 1m\n  condition: {gte: 1}\n",
            "c",
        ),
    ];
    for (text, why) in cases {
        let files = [("good.yml", RULES.as_bytes()), ("bad.yml", text.as_bytes())];
        let w = Watch::new(Sigma::load(files, []), b"", 0).expect("settings");
        assert!(
            !w.refused().is_empty() && w.refused().iter().all(|r| r.file == "bad.yml" && r.line > 0),
            "{:?}",
            w.refused()
        );
        assert!(w.refused().iter().any(|r| r.reason.contains(why)), "{:?}", w.refused());
        assert_eq!(w.rules(), 3);
    }
}
