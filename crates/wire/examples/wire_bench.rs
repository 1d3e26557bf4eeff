//! The wire stage alone: `cargo run --release --example wire_bench -- WORKERS CAPTURE...`
//!
//! Prints packets, CPU seconds (of all threads), packets per CPU second, wall-clock seconds and what
//! was found, one line.

use sentinel_wire::engine::{Config, Engine};
use std::time::{Duration, Instant};

fn cpu() -> f64 {
    // fields 14 and 15 behind the name of /proc/self/stat, in ticks of 1/100 s (proc(5))
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let rest = stat.rsplit(") ").next().unwrap_or_default();
    rest.split(' ').skip(11).take(2).filter_map(|f| f.parse::<f64>().ok()).sum::<f64>() / 100.0
}

fn main() {
    let mut args = std::env::args().skip(1);
    let workers = args.next().and_then(|w| w.parse().ok()).unwrap_or(1);
    let paths: Vec<_> = args.map(Into::into).collect();
    let (start, before) = (Instant::now(), cpu());
    let config = Config { workers, sha256: std::env::var_os("NO_SHA256").is_none(), ..Config::default() };
    let mut engine = match Engine::open(&paths, Vec::new(), config) {
        Ok(engine) => engine,
        Err(why) => return eprintln!("{why}"),
    };
    engine.failed().iter().for_each(|line| eprintln!("{line}"));
    while !engine.step(Duration::from_secs(1)) {}
    let (packets, wall, used) = (engine.packets(), start.elapsed().as_secs_f64(), cpu() - before);
    let (mut ops, mut facts, mut hosts, mut conversations) = (0u64, 0, 0, 0);
    for o in engine.finish() {
        ops += o.operations.values().map(|s| s.seen.count).sum::<u64>();
        facts += o.facts.len();
        hosts += o.hosts.len();
        conversations += o.conversations.len();
    }
    println!(
        "{{\"packets\": {packets}, \"cpu_s\": {used:.2}, \"packets_per_cpu_s\": {:.0}, \"wall_s\": {wall:.2}, \"operations\": {ops}, \"facts\": {facts}, \"hosts\": {hosts}, \"conversations\": {conversations}}}",
        packets as f64 / used.max(0.01)
    );
}
