//! What is cut, damaged, or no capture at all.

use super::craft::*;
use super::{all, open};
use crate::capture::{Options, Reader};

fn refusal(data: &[u8]) -> String {
    let text = open(data).err().map(|e| e.to_string()).expect("a refusal");
    assert!(!text.contains('\n'), "one line: {text}");
    text
}

#[test]
fn a_cut_capture_gives_everything_before_the_cut() {
    let pcap = pcap(&[(1, 0, b"first"), (2, 0, b"second"), (3, 0, b"third")]);
    let ng = [
        section(Big),
        interface(Big, 1, 0, &[]),
        enhanced(Big, 0, 1, 5, b"first"),
        block(Big, 77, b"unknown"),
        enhanced(Big, 0, 2, 6, b"second"),
    ]
    .concat();
    for (file, head) in [(pcap, 24), (ng, 28)] {
        let mut last = 0;
        for len in head..file.len() {
            let (records, stats) = all(&file[..len]);
            assert!(stats.error.is_none());
            assert!(records.len() >= last);
            last = records.len();
            // Only where a record ends is nothing cut.
            let more = all(&[&file[..len], &[0xee]].concat());
            assert!(stats.cut || more.1.cut || more.1.error.is_some(), "{len}");
        }
        assert!(all(&file[..file.len() - 1]).1.cut);
        assert!(!all(&file).1.cut);
    }
}

#[test]
fn damage_is_told_with_its_place() {
    let mut file = pcap(&[(1, 0, b"good"), (2, 0, b"lost")]);
    file[24 + 20 + 10] = 0xff;
    let (records, stats) = all(&file);
    assert_eq!(records, ["1 1000000000 1 4 good"]);
    let text = stats.error.map(|e| e.to_string()).unwrap_or_default();
    assert_eq!(
        text,
        "test: is damaged at byte 44: a record says it holds more bytes than a packet can have (16711684); \
         what stands before is kept"
    );
    let with = |bad: Vec<u8>| {
        let file = [section(Little), interface(Little, 1, 0, &[]), enhanced(Little, 0, 1, 1, b"a"), bad];
        let (records, stats) = all(&file.concat());
        assert_eq!(records.len(), 1);
        stats.error.map(|e| e.to_string()).unwrap_or_default()
    };
    let mut unequal = enhanced(Little, 0, 1, 1, b"a");
    let end = unequal.len() - 4;
    unequal[end] ^= 4;
    assert!(with(unequal).contains("another length than it begins with"));
    assert!(with([6u32.to_le_bytes(), 8u32.to_le_bytes()].concat()).contains("this short: (8)"));
    assert!(with([6u32.to_le_bytes(), [0, 0, 0, 0x7f]].concat()).contains("longer than any"));
    assert!(with(block(Little, 6, &[0; 8])).contains("too short for its type (6)"));
    let mut long = enhanced(Little, 0, 1, 1, b"a");
    long[20] = 200;
    assert!(with(long).contains("longer than its block: (200)"));
    assert!(with(block(Little, 0x0a0d_0d0a, &[9; 16])).contains("no byte-order magic"));
    let version = [&Little.u32(0x1a2b_3c4d)[..], &Little.u16(3), &[0; 10]].concat();
    assert!(with(block(Little, 0x0a0d_0d0a, &version)).contains("unknown version: (3)"));
}

#[test]
fn a_skipped_block_may_claim_any_length() {
    for len in [u32::MAX, u32::MAX - 2, 0x8000_0000] {
        let bad = [99u32.to_le_bytes(), len.to_le_bytes()].concat();
        let file = [section(Little), interface(Little, 1, 0, &[]), enhanced(Little, 0, 1, 1, b"a"), bad];
        let (records, stats) = all(&file.concat());
        assert_eq!((records.len(), stats.cut), (1, true));
    }
}

#[test]
fn what_is_no_capture_is_refused_in_one_line() {
    assert_eq!(refusal(b""), "test: is empty: nothing was ever written to it, capture again");
    for (data, what) in [
        (&b"PK\x03\x04...................."[..], "ZIP archive, unpack it first"),
        (b"BZh91AY", "bzip2 data, decompress it first"),
        (b"hello, this is no capture", "it is text"),
        (b"<html><body>404", "HTML or XML"),
        (b"{\"a\": 1}", "JSON"),
        (&[0; 100], "zero bytes"),
        (b"\x80\x81\x82\x83\x84", "begins with 80818283"),
        (b"\xd4\xc3\xb2\xa1\x02\x00", "ends inside its file header"),
        (b"snoop\0\0\0.......", "editcap"),
        (b"\x0a\x0d\x0d\x0a\x1c\0\0\0abcdefgh", "no byte-order magic"),
        (b"\xd4\xc3\xb2\xa1\x09\0\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\0\0\0", "pcap version 9.4, only 2.x"),
    ] {
        let text = refusal(data);
        assert!(text.starts_with("test: ") && text.contains(what), "{text}");
    }
}

#[test]
fn files_that_cannot_be_opened() {
    let text =
        |path: &str| Reader::open(path, Options::default()).err().map(|e| e.to_string()).unwrap_or_default();
    assert!(
        text("/nowhere/at\nall.pcap").starts_with("/nowhere/at\\nall.pcap: cannot be opened: No such file")
    );
    assert!(text("/").contains("it is a folder, name the captures in it"));
}
