//! How fast captures are read and decoded, packets per CPU second of one core.
//!
//! `cargo run --release --example decode_bench -- FILE [walk|decode|batch|hash] [buffer KiB]`
//!
//! `walk` only finds the records, `decode` decodes each in place, `batch` (the default) is what the
//! engine does, `hash` is that with the SHA-256 of the file. Run it twice: the first fills the page cache.

use sentinel_wire::capture::{Batch, Limits, MergedReader, Options, Reader};
use sentinel_wire::decode::decode;
use std::time::Instant;

fn main() {
    let mut args = std::env::args().skip(1);
    let Some(path) = args.next() else {
        eprintln!("usage: decode_bench FILE [walk|decode|batch|hash] [buffer KiB]");
        std::process::exit(2);
    };
    let mode = args.next().unwrap_or_else(|| "batch".to_owned());
    let buffer =
        args.next().and_then(|n| n.parse::<usize>().ok()).map_or(Options::default().buffer, |k| k << 10);
    let options = Options { sha256: mode == "hash", buffer };
    let (wall, cpu) = (Instant::now(), cpu_seconds());
    let (packets, mixed) = match mode.as_str() {
        "walk" | "decode" => {
            let mut reader = match Reader::open(&path, options) {
                Ok(reader) => reader,
                Err(error) => return eprintln!("{error}"),
            };
            let (mut packets, mut mixed) = (0u64, 0u64);
            while let Some(r) = reader.next_record() {
                packets += 1;
                mixed = mixed.wrapping_add(if mode == "walk" {
                    r.data.len() as u64 ^ r.time_ns.cast_unsigned()
                } else {
                    let p = decode(r.link, r.wire_len, r.data);
                    u64::from(p.shard) + u64::from(p.payload_len) + u64::from(p.tcp_seq())
                });
            }
            (packets, mixed)
        }
        _ => {
            let mut merged = MergedReader::open(&[&path], options, Limits::default());
            for error in merged.failed() {
                eprintln!("{error}");
            }
            let (mut packets, mut mixed) = (0u64, 0u64);
            // Two batches in turn, as when a worker has one.
            let mut batches = [Batch::default(), Batch::default()];
            while merged.next_batch(&mut batches[0]) {
                packets += batches[0].packets().len() as u64;
                mixed = mixed.wrapping_add(batches[0].packets().last().map_or(0, |p| u64::from(p.shard)));
                batches.swap(0, 1);
            }
            (packets, mixed)
        }
    };
    let (wall, cpu) = (wall.elapsed().as_secs_f64(), cpu_seconds() - cpu);
    println!(
        "{mode}: {packets} packets, {cpu:.3} CPU s, {wall:.3} s, {:.1} million packets/CPU s, {:.1} ns each ({mixed:x})",
        packets as f64 / cpu / 1e6,
        cpu / packets.max(1) as f64 * 1e9,
    );
}

/// User and system time of the main thread, from Linux (nanoseconds in its schedstat).
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    stat.split(' ').next().and_then(|n| n.parse::<f64>().ok()).unwrap_or(0.0) / 1e9
}
