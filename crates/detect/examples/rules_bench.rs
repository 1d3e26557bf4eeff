//! Sigma detection beside bare rsigma-eval, one core:
//! `cargo run --release -p sentinel-detect --example rules_bench -- RULES EVENTS.ndjson...`
//!
//! RULES is a folder, read with all below it. Prints one JSON object a file of events: events a second
//! of each, rules that both have, and how many (rule, event) pairs each found. Events are parsed
//! before the clock starts.

use rsigma_eval::{Engine, JsonEvent};
use rsigma_parser::{LogSource, parse_sigma_yaml};
use sentinel_detect::event::Event;
use sentinel_detect::json;
use sentinel_detect::sigma::Sigma;
use std::path::Path;
use std::time::{Duration, Instant};

/// How long each side is at work.
const WHILE: Duration = Duration::from_millis(1500);

fn rules(folder: &Path, out: &mut Vec<(String, Vec<u8>)>) -> std::io::Result<()> {
    let mut entries: Vec<_> = std::fs::read_dir(folder)?.collect::<Result<_, _>>()?;
    entries.sort_by_key(std::fs::DirEntry::path);
    for path in entries.into_iter().map(|e| e.path()) {
        if path.is_dir() {
            rules(&path, out)?;
        } else if path.extension().is_some_and(|e| e == "yml" || e == "yaml") {
            out.push((path.display().to_string(), std::fs::read(&path)?));
        }
    }
    Ok(())
}

/// The log source that an event is routed by in the bare engine.
fn logsource(event: &serde_json::Value) -> LogSource {
    let mut out = LogSource::default();
    match event["event.dataset"].as_str().and_then(|d| d.split_once('.')) {
        Some((product, service)) => {
            out.product = Some(product.to_owned());
            out.service = Some(service.to_owned());
        }
        None => {
            out.product = Some("windows".to_owned());
            out.category = Some("process_creation".to_owned());
        }
    }
    out
}

/// Calls a second of `work`, which goes over all `number` events and says how many pairs it found.
fn measure(number: usize, mut work: impl FnMut() -> usize) -> (f64, usize) {
    let found = work();
    let (start, spent, mut rounds) = (Instant::now(), cpu(), 0usize);
    while start.elapsed() < WHILE {
        std::hint::black_box(work());
        rounds += 1;
    }
    let spent = cpu().zip(spent).map_or(start.elapsed(), |(now, then)| now.saturating_sub(then));
    ((rounds * number) as f64 / spent.as_secs_f64(), found)
}

/// CPU time of this thread, where the kernel tells it: others at work on the machine do not count.
fn cpu() -> Option<Duration> {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    Some(Duration::from_nanos(told.split(' ').next()?.parse().ok()?))
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let mut files = Vec::new();
    rules(Path::new(&args.next().ok_or("no folder of rules")?), &mut files)?;
    let start = Instant::now();
    let mut sigma = Sigma::load(files.iter().map(|(n, t)| (n.as_str(), t.as_slice())), []);
    let load = start.elapsed().as_secs_f64();
    let mut parsed = Vec::new();
    for (_, text) in &files {
        parsed.extend(parse_sigma_yaml(std::str::from_utf8(text)?)?.rules);
    }
    let mut bare = Engine::new();
    bare.add_rules(&parsed);
    for path in args {
        let text = std::fs::read_to_string(&path)?;
        let values: Vec<serde_json::Value> =
            text.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
        let sources: Vec<LogSource> = values.iter().map(logsource).collect();
        let events: Vec<Event> =
            text.lines().zip(1..).map(|(l, n)| json::event(l, n)).collect::<Result<_, _>>()?;
        let mut hits = Vec::new();
        let (ours, ours_found) = measure(events.len(), || {
            let mut found = 0;
            for event in &events {
                sigma.evaluate(event, &mut hits);
                found += hits.len();
            }
            found
        });
        let (bare_rate, bare_found) = measure(events.len(), || {
            let all = values.iter().zip(&sources);
            all.map(|(v, s)| bare.evaluate_pruned(&JsonEvent::borrow(v), s).len()).sum()
        });
        let (read, _) = measure(events.len(), || {
            text.lines().zip(1..).filter_map(|(l, n)| json::nameless(l, n).ok()).map(|e| e.fields.len()).sum()
        });
        let (whole, _) = measure(events.len(), || {
            let mut found = 0;
            for (line, n) in text.lines().zip(1..) {
                if let Ok(event) = json::nameless(line, n) {
                    sigma.evaluate(&event, &mut hits);
                    found += hits.len();
                }
            }
            found
        });
        let told = serde_json::json!({
            "file": path, "events": events.len(), "rules": sigma.rules().len(), "refused": sigma.refused.len(),
            "load_s": load, "ours_per_s": ours, "ours_found": ours_found, "rsigma_per_s": bare_rate,
            "rsigma_found": bare_found, "json_per_s": read, "from_json_per_s": whole,
        });
        println!("{told}");
    }
    Ok(())
}
