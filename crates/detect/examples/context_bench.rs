//! The context alone: `cargo run --release -p sentinel-detect --example context_bench -- MODE SETTINGS CAPTURE...`
//!
//! MODE is `notable` or `all`, SETTINGS a JSON document or `{}`. Prints the events that the context
//! made, what it added, then one line: events, microseconds of CPU time an event, size of the state.
//! `PASSES=n` reads the captures n times, each time later: the kernel counts a thread's time by its
//! ticks, so that only long runs say something.

use sentinel_detect::context::Context;
use sentinel_detect::event::Event;
use sentinel_wire::engine::{Config, Engine};
use sentinel_wire::obs::EventMode;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// CPU time of this thread, without what others on the machine take (proc(5), schedstat).
fn cpu() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    Duration::from_nanos(text.split(' ').next().and_then(|n| n.parse().ok()).unwrap_or(0))
}

struct Bench {
    context: Context,
    made: Vec<Event>,
    spent: Duration,
    events: usize,
    words: BTreeMap<String, u64>,
}

impl Bench {
    fn take(&mut self, mut batch: Vec<Event>, shift: i64) {
        batch.iter_mut().for_each(|e| e.time += shift);
        batch.sort_by_key(|e| (e.time, e.order));
        let start = cpu();
        for event in &mut batch {
            self.context.enrich(event, &mut self.made);
        }
        self.spent += cpu().saturating_sub(start);
        self.events += batch.len();
        for event in &batch {
            for name in ["sentinel.conduit", "network.direction", "ot.asset.type", "ot.client.type"] {
                *self.words.entry(format!("{name}={}", event.text(name).unwrap_or("-"))).or_default() += 1;
            }
        }
    }
    fn pass(&mut self, paths: &[PathBuf], events: EventMode, shift: i64) -> Result<(), String> {
        let config = Config { events, sha256: false, ..Config::default() };
        let mut engine = Engine::open(paths, Vec::new(), config)?;
        let mut done = false;
        while !done {
            done = engine.step(Duration::from_millis(100));
            self.take(engine.take_events().into_iter().map(Event::from).collect(), shift);
        }
        let rest = engine.finish().into_iter().flat_map(|o| o.events.batch).map(Event::from).collect();
        self.take(rest, shift);
        Ok(())
    }
}

fn run() -> Result<(), String> {
    let mut args = std::env::args().skip(1);
    let events = if args.next().as_deref() == Some("all") { EventMode::All } else { EventMode::Notable };
    let context = Context::new(args.next().unwrap_or_default().as_bytes())?;
    let paths: Vec<PathBuf> = args.map(Into::into).collect();
    let passes = std::env::var("PASSES").ok().and_then(|p| p.parse().ok()).unwrap_or(1);
    let mut b = Bench { context, made: Vec::new(), spent: Duration::ZERO, events: 0, words: BTreeMap::new() };
    let mut span = 0;
    for pass in 0..passes {
        b.pass(&paths, events, span * pass)?;
        if pass == 0 {
            span = 86_400_000_000; // a day later each
        }
    }
    b.context.finish(&mut b.made);
    for e in &b.made {
        let text = |n| e.text(n).unwrap_or_default();
        println!("{} {} {}", e.time / 1_000_000, text("event.action"), text("event.reason"));
    }
    println!("{:?}\n{:?}", b.words, b.context.counters());
    let each = b.spent.as_secs_f64() * 1e6 / b.events.max(1) as f64;
    println!("{} events, {each:.3} us each, state {} bytes", b.events, b.context.snapshot().len());
    Ok(())
}

fn main() {
    if let Err(why) = run() {
        eprintln!("{why}");
    }
}
