//! Batches, periods, and sources merged by time.

use super::craft::pcap;
use super::open;
use crate::capture::{Batch, Limits, MergedReader, Options, Reader};
use crate::decode::flag;
use std::path::{Path, PathBuf};

/// A UDP packet in Ethernet between two hosts, with the text as payload.
fn packet(text: &[u8]) -> Vec<u8> {
    let len = (28 + text.len()) as u8;
    let head = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45, 0, 0, len, 0, 0, 0, 0, 64, 17, 0, 0];
    let rest = [10, 0, 0, 1, 10, 0, 0, 2, 0x10, 0, 0x20, 0, 0, len - 20, 0, 0];
    [&head[..], &rest, text].concat()
}

/// A capture with one packet at each of these times (seconds), saying its name and number.
fn capture(name: &str, times: &[u32]) -> Vec<u8> {
    let packets: Vec<Vec<u8>> = (0..times.len()).map(|n| packet(format!("{name}{n}").as_bytes())).collect();
    let records: Vec<(u32, u32, &[u8])> = times.iter().zip(&packets).map(|(t, p)| (*t, 0, &p[..])).collect();
    pcap(&records)
}

/// The payloads of each batch.
fn batches(merged: &mut MergedReader) -> Vec<String> {
    let (mut batch, mut spare, mut found) = (Batch::default(), Batch::default(), Vec::new());
    while merged.next_batch(&mut batch) {
        let texts: Vec<_> =
            batch.packets().iter().map(|p| String::from_utf8_lossy(batch.payload(p))).collect();
        found.push(texts.join(" "));
        std::mem::swap(&mut batch, &mut spare);
    }
    assert!(batch.is_empty());
    found
}

fn merged(captures: &[Vec<u8>], limits: Limits) -> MergedReader {
    MergedReader::of(captures.iter().map(|c| open(c).expect("a capture")).collect(), limits)
}

/// Both ways: the source alone, whose buffer is given away, and beside an empty one, copied.
fn both(file: &[u8], limits: Limits) -> Vec<String> {
    let alone = batches(&mut merged(&[file.to_vec()], limits));
    let copied = batches(&mut merged(&[file.to_vec(), pcap(&[])], limits));
    assert_eq!(alone.join(" "), copied.join(" "));
    alone
}

#[test]
fn a_batch_ends_at_its_limits() {
    let file = capture("p", &[1, 2, 3, 4, 5]);
    let limits = Limits { packets: 2, align_ns: 0 };
    assert_eq!(both(&file, limits), ["p0 p1", "p2 p3", "p4"]);
    // Aligned to the clock, which never goes back: the packet of second 59 comes late.
    let file = capture("p", &[58, 59, 60, 59, 119, 120, 500, 501]);
    let limits = Limits { packets: 100, align_ns: 60_000_000_000 };
    assert_eq!(both(&file, limits), ["p0 p1", "p2 p3 p4", "p5", "p6 p7"]);
}

#[test]
fn nothing_is_lost_between_buffers() {
    // 4 KiB buffers, many batches, ends in every place.
    let times: Vec<u32> = (0..2000).map(|n| 1 + n / 7).collect();
    let file = capture("", &times);
    let expected: Vec<String> = (0..2000).map(|n| n.to_string()).collect();
    for packets in [1, 3, 50, 100_000] {
        for align_ns in [0, 10_000_000_000, 60_000_000_000] {
            let found = both(&file, Limits { packets, align_ns });
            assert_eq!(found.join(" "), expected.join(" "), "{packets} {align_ns}");
        }
    }
}

#[test]
fn what_a_batch_says_of_its_packets() {
    let mut all = merged(&[capture("p", &[58, 60, 59])], Limits::default());
    let mut batch = Batch::default();
    assert!(all.next_batch(&mut batch));
    assert_eq!(batch.clock_ns, 58_000_000_000);
    assert!(all.next_batch(&mut batch));
    assert_eq!(batch.clock_ns, 60_000_000_000);
    let p = batch.packets()[1];
    assert_eq!((p.time_ns, p.frame, p.source, p.wire_len, p.sport), (59_000_000_000, 3, 0, 44, 4096));
    assert_eq!(batch.data(&p), packet(b"p2"));
    assert!(!all.next_batch(&mut batch) && batch.is_empty());
    assert_eq!(all.stats(0).map(|s| (s.packets, s.cut)), Some((3, false)));
    assert!(all.sha256(0).is_some());
}

#[test]
fn sources_are_merged_by_time() {
    let (a, b, c) = (capture("a", &[5, 7, 9]), capture("b", &[6, 7, 8]), capture("c", &[1, 20]));
    let limits = Limits { packets: 4, align_ns: 0 };
    let mut all = merged(&[a, pcap(&[]), b, c], limits);
    // Of equal times the source that begins first comes first.
    assert_eq!(batches(&mut all), ["c0 a0 b0 a1", "b1 b2 a2 c1"]);
    assert_eq!((0..4).map(|n| all.stats(n).map_or(9, |s| s.packets)).collect::<Vec<_>>(), [2, 3, 3, 0]);
}

/// A folder that is removed in the end.
struct Folder(PathBuf);
impl Folder {
    fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("sentinel-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a writable temporary folder");
        Folder(path)
    }
    fn write(&self, name: &str, data: &[u8]) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, data).expect("a writable temporary folder");
        path
    }
}
impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn files_in_any_order_of_naming() {
    let folder = Folder::new("order");
    let paths = [
        folder.write("b.pcap", &capture("b", &[5, 7])),
        folder.write("a.pcap", &capture("a", &[5, 7])),
        folder.write("late.pcap", &capture("late", &[100])),
    ];
    let limits = Limits { packets: 100, align_ns: 0 };
    let read = |paths: &[&Path]| {
        let mut all = MergedReader::open(paths, Options::default(), limits);
        let found = batches(&mut all);
        let names: Vec<String> = (0..all.sources())
            .filter_map(|n| Some(all.stats(n)?.name.rsplit('/').next()?.to_owned()))
            .collect();
        assert!((0..all.sources()).all(|n| all.sha256(n).is_some()));
        let (read, total) = all.progress();
        assert_eq!(Some(read), total);
        (found, names)
    };
    let [b, a, late] = [&paths[0], &paths[1], &paths[2]].map(|p| p.as_path());
    let (found, names) = read(&[b, a, late]);
    assert_eq!(found, ["a0 b0 a1 b1 late0"]);
    assert_eq!(names, ["a.pcap", "b.pcap", "late.pcap"]);
    assert_eq!(read(&[late, a, b]), (found, names));
    // One that is none does not stop the others, not even if only one is left.
    let none = folder.write("none.txt", b"no capture at all");
    let mut all = MergedReader::open(&[none.as_path(), late], Options::default(), limits);
    assert_eq!(batches(&mut all), ["late0"]);
    assert_eq!(all.failed().len(), 1);
    let mut all = MergedReader::open(&[none.as_path()], Options::default(), limits);
    assert!(batches(&mut all).is_empty() && all.failed().len() == 1);
}

#[test]
fn two_thousand_sources_at_once() {
    let folder = Folder::new("many");
    // All overlap: each has a packet at the start and one at the end.
    let paths: Vec<PathBuf> = (0..2000u32)
        .map(|n| folder.write(&format!("{n:04}.pcap"), &capture("x", &[1 + n % 3, 5000 - n])))
        .collect();
    let mut all =
        MergedReader::open(&paths, Options { sha256: false, ..Options::default() }, Limits::default());
    let (mut batch, mut times) = (Batch::default(), Vec::new());
    while all.next_batch(&mut batch) {
        times.extend(batch.packets().iter().map(|p| p.time_ns));
    }
    assert_eq!(times.len(), 4000);
    assert!(times.is_sorted());
    assert!(all.failed().is_empty());
}

#[test]
fn fragments_become_one_packet() {
    let whole = packet(b"0123456789abcdef");
    let part = |from: usize, to: usize, frag: u16| {
        let mut data = [&whole[..34], &whole[34 + from..34 + to]].concat();
        data[17] = (20 + to - from) as u8;
        data[20..22].copy_from_slice(&frag.to_be_bytes());
        data
    };
    let (first, last) = (part(0, 16, 0x2000), part(16, 24, 2));
    let file = pcap(&[(1, 0, &first), (2, 0, &packet(b"between")), (3, 0, &last), (4, 0, &packet(b"after"))]);
    for packets in [1, 10] {
        let limits = Limits { packets, align_ns: 0 };
        let found = both(&file, limits).join(" ");
        assert!(found.ends_with("between 0123456789abcdef after"), "{found}");
    }
    let mut all = merged(&[file], Limits { packets: 10, align_ns: 0 });
    let mut batch = Batch::default();
    assert!(all.next_batch(&mut batch));
    let p = batch.packets()[2];
    assert!(p.has(flag::REASSEMBLED) && !p.is_fragment() && p.is_udp());
    assert_eq!((p.frame, p.time_ns, p.sport, p.wire_len), (3, 3_000_000_000, 4096, last.len() as u32));
    assert!(p.src_hw().is_some() && p.ethertype == 0x0800);
    assert_eq!(all.assembler().defrag.stats.datagrams, 1);
}

#[test]
fn standard_input_is_named_so() {
    let reader = Reader::from_stream("standard input", Box::new(std::io::empty()), Options::default());
    assert!(reader.err().is_some_and(|e| e.to_string().starts_with("standard input: is empty")));
}
