//! The number of packets of every capture is that which capinfos counts.

use crate::corpus;
use sentinel_wire::capture::{Batch, Limits, MergedReader, Options, Reader};
use std::path::Path;

/// Packets by reading record by record, and by batches: both ways must agree.
fn count(path: &Path) -> u64 {
    let mut reader = Reader::open(path, Options { sha256: false, buffer: 4096 }).expect("a capture");
    let mut records = 0;
    while reader.next_record().is_some() {
        records += 1;
    }
    let mut merged = MergedReader::open(&[path], Options::default(), Limits { packets: 7, align_ns: 0 });
    let (mut batch, mut packets) = (Batch::default(), 0);
    while merged.next_batch(&mut batch) {
        packets += batch.packets().len() as u64;
    }
    assert_eq!(records, packets, "{}", path.display());
    assert_eq!(merged.stats(0).map(|s| s.packets), Some(packets));
    records
}

#[test]
fn every_capture_has_as_many_packets_as_capinfos_says() {
    let Some(captures) = corpus::captures() else { return };
    let ours: Vec<u64> = captures.iter().map(|p| count(p)).collect();
    if !corpus::have("capinfos") {
        return;
    }
    let mut wrong = Vec::new();
    for (path, ours) in captures.iter().zip(ours) {
        // Tab-separated: name, number of packets.
        let said = corpus::output("capinfos", &["-T", "-r", "-c", "-M"], path);
        let theirs = said.trim().rsplit('\t').next().and_then(|n| n.parse::<u64>().ok());
        // It says nothing of a capture that is cut; tshark then reads what there is.
        let theirs = theirs.unwrap_or_else(|| {
            let lines = corpus::output("tshark", &["-T", "fields", "-e", "frame.number", "-r"], path);
            lines.lines().count() as u64
        });
        if ours != theirs {
            wrong.push(format!("{}: {ours}, not {theirs}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
