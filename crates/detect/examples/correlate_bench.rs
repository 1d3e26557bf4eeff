//! Correlation alone, ours and rsigma-eval's, on the same events in one run:
//! `cargo run --release -p sentinel-detect --example correlate_bench [SECONDS]`
//!
//! Detection is done before the clock starts on both sides. Each engine gets the events again and again, with time going
//! on, for the given seconds (3). Prints one line of JSON.

use rsigma_eval::{CorrelationConfig, CorrelationEngine, EvaluationResult, JsonEvent};
use sentinel_detect::correlate::{Correlator, Detection, Limits, Rule};
use sentinel_detect::event::Event;
use sentinel_wire::model::Val;
use std::hint::black_box;
use std::time::{Duration, Instant};

const DETECTION: &str =
    "title: hit\nname: hit\nlogsource: {product: x}\ndetection:\n  s: {kind: flow}\n  condition: s\n";

/// Many groups, each with a few events in its window; one group with ten thousand different values in its.
const CASES: [(&str, &str, usize); 2] = [
    (
        "groups_100000",
        "type: event_count, rules: [hit], group-by: [source.ip], timespan: 1h, condition: {gte: 1000}",
        100_000,
    ),
    (
        "hot_group_10000_values",
        "type: value_count, rules: [hit], group-by: [rule], timespan: 1000s, condition: {field: source.ip, gte: 20000}",
        10_000,
    ),
];

/// Seconds of event `i`: ten a second, so that the hot group's window holds ten thousand.
fn second(i: usize) -> i64 {
    i as i64 / 10
}

fn address(i: usize) -> String {
    format!("10.{}.{}.{}", i >> 16 & 255, i >> 8 & 255, i & 255)
}

fn fields(i: usize) -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> =
        (0..8).map(|n| (format!("field.{n}"), "some value".into())).collect();
    all.push(("kind".into(), "flow".into()));
    all.push(("source.ip".into(), address(i)));
    all.push(("rule".into(), "one".into()));
    all.extend((8..16).map(|n| (format!("field.{n}"), "some value".into())));
    all
}

/// Events a second until the time is over.
fn measure(limit: Duration, n: usize, mut one: impl FnMut(usize)) -> f64 {
    for i in 0..n {
        one(i);
    }
    let (start, mut i) = (Instant::now(), n);
    while start.elapsed() < limit {
        for _ in 0..64 {
            one(i);
            i += 1;
        }
    }
    (i - n) as f64 / start.elapsed().as_secs_f64()
}

fn main() -> Result<(), String> {
    let seconds: f64 = std::env::args().nth(1).and_then(|s| s.parse().ok()).unwrap_or(3.0);
    let limit = Duration::from_secs_f64(seconds);
    let mut lines = Vec::new();
    for (name, body, n) in CASES {
        let yaml = format!("title: top\nname: top\ncorrelation: {{{body}}}\n");
        let rule = Rule::read(&yaml, "bench.yml", 1).map_err(|r| r.to_string())?;
        let detection = Detection { name: Some("hit"), ..Detection::default() };
        let (mut c, refused) = Correlator::new(vec![rule], &[detection], Limits::default());
        if let Some(r) = refused.first() {
            return Err(r.to_string());
        }
        let events: Vec<Event> = (0..n)
            .map(|i| Event {
                fields: fields(i).into_iter().map(|(n, v)| (n.into(), Val::from(v))).collect(),
                ..Event::default()
            })
            .collect();
        let mut out = Vec::new();
        let ours = measure(limit, n, |i| {
            let Some(e) = events.get(i % n) else { return };
            c.feed(second(i) * 1_000_000, i as u128, &[0], e, &mut out);
        });
        let (memory, held) = (c.memory(), c.counters());
        drop((events, c));

        // Whole seconds are all the time it has; its bound on groups is lifted, it would throw them all away.
        let config = CorrelationConfig { max_state_entries: 10_000_000, ..CorrelationConfig::default() };
        let mut engine = CorrelationEngine::new(config);
        let rules =
            rsigma_parser::parse_sigma_yaml(&format!("{DETECTION}---\n{yaml}")).map_err(|e| e.to_string())?;
        engine.add_collection(&rules).map_err(|e| e.to_string())?;
        let documents: Vec<serde_json::Value> = (0..n)
            .map(|i| fields(i).into_iter().map(|(n, v)| (n, serde_json::Value::String(v))).collect())
            .collect();
        let detected: Vec<EvaluationResult> =
            documents.first().map_or_else(Vec::new, |d| engine.evaluate(&JsonEvent::borrow(d)));
        if detected.len() != 1 {
            return Err("the detection does not match".into());
        }
        let theirs = measure(limit, n, |i| {
            let Some(d) = documents.get(i % n) else { return };
            black_box(engine.process_with_detections(&JsonEvent::borrow(d), detected.clone(), second(i)));
        });
        lines.push(format!(
            "\"{name}\": {{\"events_per_s\": {ours:.0}, \"rsigma_events_per_s\": {theirs:.0}, \"times\": {:.1}, \
             \"groups\": {}, \"entries\": {}, \"bytes\": {memory}}}",
            ours / theirs,
            held.groups,
            held.entries
        ));
    }
    println!("{{{}}}", lines.join(", "));
    Ok(())
}
