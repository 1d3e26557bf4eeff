//! gzip and zstd around captures; the hash of the file as stored.

use super::craft::pcap;
use super::{all, open, open_in_steps};
use flate2::{Compression, write::GzEncoder};
use sha2::{Digest, Sha256};
use std::io::Write;

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(data).expect("memory");
    encoder.finish().expect("memory")
}

fn zstd(data: &[u8]) -> Vec<u8> {
    zstd::encode_all(data, 3).expect("memory")
}

/// Packets that do not compress well, so that cuts fall between them.
fn file() -> (Vec<u8>, usize) {
    let noise: Vec<u8> = (0..400_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 23) as u8).collect();
    let packets: Vec<(u32, u32, &[u8])> =
        noise.chunks(200).enumerate().map(|(n, c)| (n as u32 + 1, 0, c)).collect();
    (pcap(&packets), packets.len())
}

#[test]
fn compressed_captures_are_read() {
    let (plain, count) = file();
    let (a, b) = plain.split_at(5000);
    // A frame that decoders skip stands in front.
    let skippable = [&[0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0][..], b"xyz"].concat();
    for data in [
        gzip(&plain),
        zstd(&plain),
        [gzip(a), gzip(b)].concat(),
        [zstd(a), zstd(b)].concat(),
        [skippable, zstd(&plain)].concat(),
    ] {
        let (records, stats) = all(&data);
        assert_eq!((records.len(), stats.cut), (count, false));
        assert!(stats.error.is_none() && stats.warnings.is_empty());
        assert_eq!(records, all(&plain).0);
        let mut reader = open_in_steps(&data, 7).expect("a capture");
        while reader.next_record().is_some() {}
        assert_eq!(reader.stats().packets, count as u64);
    }
}

#[test]
fn cut_in_the_compressed_data() {
    let (plain, count) = file();
    for data in [gzip(&plain), zstd(&plain)] {
        let (records, stats) = all(&data[..data.len() - 5]);
        assert!(stats.cut && stats.error.is_none(), "{:?}", stats.error);
        assert!(records.len() <= count && records.len() > count / 4, "{}", records.len());
        let (records, stats) = all(&data[..data.len() / 2]);
        assert!(stats.cut && stats.error.is_none() && records.len() < count);
        let text = open(&data[..20]).err().map(|e| e.to_string()).unwrap_or_default();
        assert!(text.contains("cut before any of it"), "{text}");
    }
}

#[test]
fn damage_and_rubbish_in_the_compressed_data() {
    let (plain, count) = file();
    let (records, stats) = all(&[gzip(&plain), b"rubbish".to_vec()].concat());
    assert_eq!((records.len(), stats.cut, stats.warnings.len()), (count, false, 1));
    assert!(stats.error.is_none());
    // Half a second member is a cut.
    assert!(all(&[gzip(&plain), gzip(&plain)[..9].to_vec()].concat()).1.cut);
    for mut data in [gzip(&plain), zstd(&plain)] {
        let middle = data.len() / 2;
        for b in &mut data[middle..middle + 40] {
            *b ^= 0x5a;
        }
        let mut reader = open(&data).expect("a capture");
        while reader.next_record().is_some() {}
        // Zstandard has no checksum by default: what comes out may be read as damaged records.
        let _ = reader.stats();
    }
    let text =
        open(&gzip(b"text in gzip, no capture at all")).err().map(|e| e.to_string()).unwrap_or_default();
    assert!(text.contains("it is text"), "{text}");
    let text = open(&gzip(&gzip(&plain))).err().map(|e| e.to_string()).unwrap_or_default();
    assert!(text.contains("compressed twice"), "{text}");
    let text = open(&gzip(b"")).err().map(|e| e.to_string()).unwrap_or_default();
    assert!(text.contains("nothing inside the compression"), "{text}");
}

#[test]
fn the_hash_is_of_the_file_as_stored() {
    let (plain, _) = file();
    let rubbish = [gzip(&plain), vec![7; 300_000]].concat();
    let mut damaged = plain.clone();
    damaged[24 + 10] = 0xff;
    damaged.extend(vec![7; 300_000]);
    for data in [plain.clone(), gzip(&plain), zstd(&plain), rubbish, damaged] {
        let mut reader = open(&data).expect("a capture");
        while reader.next_record().is_some() {}
        let expected: [u8; 32] = Sha256::digest(&data).into();
        assert_eq!(reader.sha256(), Some(expected));
        assert_eq!(reader.sha256(), Some(expected), "a second time");
        assert_eq!(reader.progress().0, data.len() as u64);
    }
}
