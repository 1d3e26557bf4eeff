//! Chains of logs: `log_chains STAGES.json LOG…`. Writes chain documents as a JSON array, and on standard
//! error how long each stage took.

use sentinel_detect::chain::Chains;
use sentinel_logs::run::Logs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

fn main() -> Result<(), String> {
    let mut args = std::env::args().skip(1);
    let stages = args.next().ok_or("log_chains STAGES.json LOG…")?;
    let stages = std::fs::read(&stages).map_err(|e| format!("{stages}: {e}"))?;
    let paths: Vec<PathBuf> = args.map(PathBuf::from).collect();
    let mut chains = Chains::new(&stages, b"{}")?;
    let mut logs = Logs::open(&paths, true, false);
    let (mut read, mut joined, mut document) = (Duration::ZERO, Duration::ZERO, Vec::new());
    let mut alerts = 0u64;
    loop {
        let start = Instant::now();
        let done = logs.step(Duration::from_secs(1), i64::MAX);
        let events = logs.take_events();
        read += start.elapsed();
        let start = Instant::now();
        for event in events.iter().filter(|e| e.text("event.kind") == Some("alert")) {
            document.clear();
            event.write(&mut document, "", None, false);
            chains.feed(&document);
            alerts += 1;
        }
        joined += start.elapsed();
        if done {
            break;
        }
    }
    chains.finish();
    let (read, joined) = (read.as_secs_f64(), joined.as_secs_f64());
    let rate = alerts as f64 / (read + joined);
    eprintln!("{alerts} alerts, {rate:.0}/s: reading {read:.3} s, writing and joining {joined:.3} s");
    eprintln!("{:?}", chains.counters());
    let all: Vec<String> = chains.all().iter().map(|d| String::from_utf8_lossy(d).into_owned()).collect();
    println!("[{}]", all.join(",\n"));
    Ok(())
}
