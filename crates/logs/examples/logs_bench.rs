//! Reads logs to their end and says how long that took: `logs_bench FILE...`.

use sentinel_logs::run::Logs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

fn main() {
    let paths: Vec<PathBuf> = std::env::args().skip(1).map(PathBuf::from).collect();
    let begin = Instant::now();
    let mut logs = Logs::open(&paths, true, true);
    let mut lines = 0;
    let mut done = false;
    while !done {
        done = logs.step(Duration::from_secs(1), i64::MAX);
        lines += logs.take_events().len();
    }
    let spent = begin.elapsed().as_secs_f64();
    println!("{lines} lines in {spent:.2} s: {:.0} lines/s", lines as f64 / spent);
}
