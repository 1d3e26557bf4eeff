//! The context alone: `cargo run --release -p sentinel-detect --example context_bench -- MODE SETTINGS CAPTURE...`
//!
//! MODE is `notable` or `all`, SETTINGS a JSON document or `{}`. Prints the events that the context
//! made, then one line: events, microseconds of CPU time an event, what was made of each kind, sizes.

use sentinel_detect::context::Context;
use sentinel_detect::event::Event;
use sentinel_wire::engine::{Config, Engine};
use sentinel_wire::obs::EventMode;
use std::collections::BTreeMap;
use std::time::Duration;

/// CPU time of this thread, without what others on the machine take (proc(5), schedstat).
fn cpu() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    Duration::from_nanos(text.split(' ').next().and_then(|n| n.parse().ok()).unwrap_or(0))
}

fn main() {
    let mut args = std::env::args().skip(1);
    let events = if args.next().as_deref() == Some("all") { EventMode::All } else { EventMode::Notable };
    let settings = args.next().unwrap_or_default();
    let paths: Vec<_> = args.map(Into::into).collect();
    let config = Config { events, sha256: false, ..Config::default() };
    let mut engine = match Engine::open(&paths, Vec::new(), config) {
        Ok(engine) => engine,
        Err(why) => return eprintln!("{why}"),
    };
    let mut all: Vec<Event> = Vec::new();
    loop {
        let done = engine.step(Duration::from_secs(1));
        all.extend(engine.take_events().into_iter().map(Event::from));
        if done {
            break;
        }
    }
    for shard in engine.finish() {
        all.extend(shard.events.batch.into_iter().map(Event::from));
    }
    all.sort_by_key(|e| (e.time, e.order));
    let mut context = match Context::new(settings.as_bytes()) {
        Ok(context) => context,
        Err(why) => return eprintln!("{why}"),
    };
    // PASSES=n goes over the events n times, each time later, for captures that are short
    let passes: i64 = std::env::var("PASSES").ok().and_then(|p| p.parse().ok()).unwrap_or(1);
    let span = all.last().zip(all.first()).map_or(0, |(l, f)| l.time - f.time + 1_000_000);
    let (mut made, mut spent) = (Vec::new(), Vec::new());
    let n = all.len();
    let mut words: BTreeMap<String, u64> = BTreeMap::new();
    for pass in 0..passes {
        let mut sum = Duration::ZERO;
        for batch in all.chunks(1000) {
            let mut batch = batch.to_vec();
            batch.iter_mut().for_each(|e| e.time += pass * span);
            let start = cpu();
            for event in &mut batch {
                context.enrich(event, &mut made);
            }
            sum += cpu().saturating_sub(start);
            for event in batch.iter().filter(|_| pass == 0) {
                for name in ["sentinel.conduit", "network.direction", "ot.asset.type", "ot.client.type"] {
                    *words.entry(format!("{name}={}", event.text(name).unwrap_or("-"))).or_default() += 1;
                }
            }
        }
        spent.push(sum.as_secs_f64() * 1e6 / n.max(1) as f64);
    }
    context.finish(&mut made);
    for e in &made {
        let text = |n| e.text(n).unwrap_or_default();
        println!("{} {} {}", e.time / 1_000_000, text("event.action"), text("event.reason"));
        *words.entry(format!("made={}", text("event.action"))).or_default() += 1;
    }
    println!("{words:?}\n{:?}", context.counters());
    // the kernel counts a thread's time by its ticks: only the mean over long runs says something
    let mean = spent.iter().sum::<f64>() / spent.len().max(1) as f64;
    println!("{n} events, {mean:.3} us each, snapshot {} bytes", context.snapshot().len());
}
