//! Whatever the bytes are, reading ends, and in the same way however they come.

use super::craft::*;
use super::open_in_steps;
use crate::capture::{Batch, Limits, MergedReader};
use proptest::prelude::*;

fn sample() -> impl Strategy<Value = Vec<u8>> {
    let noise: Vec<u8> = (0..=255).collect();
    let pcap = pcap(&[(1, 0, b"first"), (61, 0, &noise), (62, 0, b""), (200, 0, &noise[..99])]);
    let ng = |o: Order| {
        [
            section(o),
            interface(o, 1, 0, &[option(o, 9, &[0x8a]), option(o, 14, &o.u64(9))].concat()),
            enhanced(o, 0, 1000, 256, &noise),
            block(o, 5, &[&[0; 12][..], &option(o, 5, &o.u64(3))].concat()),
            old(o, 0, 70_000, b"old"),
            simple(o, 6, b"simple"),
            block(o, 99, &noise),
            section(o),
            interface(o, 101, 0, &[]),
            enhanced(o, 0, 900_000_000, 9, b"last"),
        ]
        .concat()
    };
    proptest::sample::select(vec![pcap, ng(Little), ng(Big)])
}

/// Frames, times and octets of all that can be read, and how it ended.
fn read(data: &[u8], step: usize) -> String {
    let mut reader = match open_in_steps(data, step) {
        Ok(reader) => reader,
        Err(error) => return error.to_string(),
    };
    let mut said = String::new();
    while let Some(r) = reader.next_record() {
        said += &format!("{} {} {} {:02x?}\n", r.frame, r.time_ns, r.wire_len, r.data);
    }
    let sha256 = reader.sha256();
    said + &format!("{:?} {sha256:02x?}", reader.stats())
}

fn batched(data: &[u8], step: usize, limits: Limits) -> Option<Vec<(u64, i64, Vec<u8>)>> {
    let mut merged = MergedReader::of(vec![open_in_steps(data, step).ok()?], limits);
    let (mut batch, mut found) = (Batch::default(), Vec::new());
    while merged.next_batch(&mut batch) {
        found.extend(batch.packets().iter().map(|p| (p.frame, p.time_ns, batch.data(p).to_vec())));
    }
    Some(found)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes(data in proptest::collection::vec(any::<u8>(), 0..300), kind in 0u8..5) {
        let magic: &[u8] = match kind {
            0 => &[0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0],
            1 => &[0x0a, 0x0d, 0x0d, 0x0a],
            2 => &[0x1f, 0x8b, 8],
            3 => &[0x28, 0xb5, 0x2f, 0xfd],
            _ => &[],
        };
        let data = [magic, &data].concat();
        let (at_once, slowly) = (read(&data, usize::MAX), read(&data, 13));
        // How far a decoder had read when it found the damage depends on how it was fed.
        if !at_once.contains("near byte") {
            prop_assert_eq!(at_once, slowly);
        }
    }

    #[test]
    fn changed_captures(
        mut data in sample(),
        changes in proptest::collection::vec((0usize..1200, any::<u8>()), 0..5),
        cut in 0usize..1500,
        step in 1usize..400,
        packets in 1usize..6,
    ) {
        for (at, value) in changes {
            if let Some(b) = data.get_mut(at) {
                *b = value;
            }
        }
        data.truncate(cut);
        prop_assert_eq!(read(&data, usize::MAX), read(&data, step));
        let limits = Limits { packets, align_ns: 60_000_000_000 };
        prop_assert_eq!(batched(&data, usize::MAX, limits), batched(&data, step, Limits::default()));
    }
}
