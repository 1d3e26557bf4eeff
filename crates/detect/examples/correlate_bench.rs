//! Correlation alone, ours and rsigma-eval's, on the same events in one run:
//! `cargo run --release -p sentinel-detect --example correlate_bench [SECONDS]`
//!
//! Detection is done before the clock starts on both sides; the windows are full when it starts. Each engine runs for the
//! given seconds (3). CPU time of the thread, so that a busy machine does not decide. Prints one line of JSON.

use rsigma_eval::{CorrelationConfig, CorrelationEngine, EvaluationResult, JsonEvent};
use sentinel_detect::correlate::{Correlator, Detection, Limits, Rule};
use sentinel_detect::event::Event;
use sentinel_wire::model::Val;
use std::hint::black_box;
use std::time::{Duration, Instant};

const DETECTION: &str = "title: hit\nid: 5e470000-0000-4000-8000-000000000001\nname: hit\nlogsource: {product: x}\ndetection:\n  s: {kind: flow}\n  condition: s\n";

/// Many groups, each with a few events in its window; one group with ten thousand different values in its.
const CASES: [(&str, &str, usize); 2] = [
    (
        "groups_100000",
        "type: event_count, rules: [hit], group-by: [source.ip], timespan: 4h, condition: {gte: 1000}",
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

fn fields() -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> =
        (0..8).map(|n| (format!("field.{n}"), "some value".into())).collect();
    all.push(("kind".into(), "flow".into()));
    all.push(("source.ip".into(), String::new()));
    all.push(("rule".into(), "one".into()));
    all.extend((8..16).map(|n| (format!("field.{n}"), "some value".into())));
    all
}

/// CPU time of this thread, in seconds (first field of schedstat, in nanoseconds; proc(5)).
fn cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    stat.split(' ').next().and_then(|n| n.parse::<f64>().ok()).unwrap_or(0.0) / 1e9
}

/// Events per second of CPU, after `n` events to fill the windows, for about so long.
fn measure(limit: Duration, n: usize, mut one: impl FnMut(usize)) -> f64 {
    let start = Instant::now();
    let mut i = 0;
    while i < n && start.elapsed() < limit * 10 {
        one(i);
        i += 1;
    }
    let (start, before, first) = (Instant::now(), cpu(), i);
    while start.elapsed() < limit {
        for _ in 0..16 {
            one(i);
            i += 1;
        }
    }
    (i - first) as f64 / (cpu() - before).max(1e-3)
}

fn main() -> Result<(), String> {
    let seconds: f64 = std::env::args().nth(1).and_then(|s| s.parse().ok()).unwrap_or(3.0);
    let limit = Duration::from_secs_f64(seconds);
    let mut lines = Vec::new();
    for (name, body, n) in CASES {
        let addresses: Vec<String> = (0..n).map(address).collect();
        let at = |i: usize| addresses.get(i % n).map_or("", String::as_str);
        let yaml = format!("title: top\nname: top\ncorrelation: {{{body}}}\n");
        let rule = Rule::read(&yaml, "bench.yml", 1).map_err(|r| r.to_string())?;
        let detection = Detection { name: Some("hit"), ..Detection::default() };
        let (mut c, refused) = Correlator::new(vec![rule], &[detection], Limits::default());
        if let Some(r) = refused.first() {
            return Err(r.to_string());
        }
        let named = fields().into_iter().map(|(n, v)| (n.into(), Val::from(v)));
        let mut e = Event { fields: named.collect(), ..Event::default() };
        let mut out = Vec::new();
        let ours = measure(limit, n, |i| {
            e.set("source.ip", at(i));
            c.feed(second(i) * 1_000_000, i as u128, &[0], &e, &mut out);
        });
        let (memory, held) = (c.memory(), c.counters());
        drop(c);

        // Whole seconds are all the time it has. Once with its own bound of 100,000 groups, once with that lifted.
        let mut theirs = Vec::new();
        for max_state_entries in [CorrelationConfig::default().max_state_entries, 10_000_000] {
            let mut engine =
                CorrelationEngine::new(CorrelationConfig { max_state_entries, ..Default::default() });
            let rules = format!("{DETECTION}---\n{yaml}");
            let rules = rsigma_parser::parse_sigma_yaml(&rules).map_err(|e| e.to_string())?;
            engine.add_collection(&rules).map_err(|e| e.to_string())?;
            let mut d: serde_json::Value =
                fields().into_iter().map(|(n, v)| (n, serde_json::Value::String(v))).collect();
            let detected: Vec<EvaluationResult> = engine.evaluate(&JsonEvent::borrow(&d));
            if detected.len() != 1 {
                return Err("the detection does not match".into());
            }
            theirs.push(measure(limit, n, |i| {
                if let Some(v) = d.get_mut("source.ip") {
                    *v = serde_json::Value::String(at(i).to_string());
                }
                let detected = detected.clone();
                black_box(engine.process_with_detections(&JsonEvent::borrow(&d), detected, second(i)));
            }));
            if engine.state_count() == 0 {
                return Err("the other engine did not correlate".into());
            }
        }
        let (bound, lifted) = (theirs.first().copied().unwrap_or(1.0), theirs.last().copied().unwrap_or(1.0));
        lines.push(format!(
            "\"{name}\": {{\"events_per_cpu_s\": {ours:.0}, \"rsigma\": {bound:.0}, \"times\": {:.1}, \
             \"rsigma_unbounded\": {lifted:.0}, \"times_unbounded\": {:.1}, \"groups\": {}, \"entries\": {}, \
             \"bytes\": {memory}}}",
            ours / bound,
            ours / lifted,
            held.groups,
            held.entries
        ));
    }
    println!("{{{}}}", lines.join(", "));
    Ok(())
}
