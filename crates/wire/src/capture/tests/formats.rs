//! pcap and pcapng in all their shapes.

use super::craft::*;
use super::{all, open_in_steps};
use crate::capture::LinkCount;
use crate::decode::LinkType;

#[test]
fn pcap_in_both_byte_orders_and_resolutions() {
    for o in [Little, Big] {
        for (magic, unit) in [(0xa1b2_c3d4, 1000), (0xa1b2_3c4d, 1)] {
            let file = [
                pcap_head(o, magic, 4, 1),
                pcap_record(o, 7, 999_999, 3, b"abc"),
                pcap_record(o, 8, 5, 90, b"de"),
                // After 2038: seconds have no sign.
                pcap_record(o, 0xf000_0000, 0, 0, b""),
            ];
            let (records, stats) = all(&file.concat());
            let first = 7_000_000_000 + 999_999 * unit;
            let second = 8_000_000_000i64 + 5 * unit;
            let third = 0xf000_0000i64 * 1_000_000_000;
            assert_eq!(
                records,
                [format!("1 {first} 1 3 abc"), format!("2 {second} 1 90 de"), format!("3 {third} 1 0 ")]
            );
            assert_eq!((stats.packets, stats.bytes, stats.truncated, stats.cut), (3, 93, 1, false));
            assert_eq!((stats.first_ns, stats.last_ns), (Some(first), Some(third)));
            assert_eq!(stats.links, [LinkCount { link: LinkType(1), packets: 3 }]);
            assert!(stats.error.is_none());
        }
    }
}

#[test]
fn old_and_modified_pcap() {
    // 24 octets of record header: interface, protocol and packet type follow.
    let mut file = pcap_head(Little, 0xa1b2_cd34, 4, 1);
    let record = pcap_record(Little, 1, 2, 3, b"");
    file.extend(&record[..8]);
    file.extend([3, 0, 0, 0, 3, 0, 0, 0, 1, 0, 0, 0, 8, 0, 0, 0]);
    file.extend(b"abc");
    file.extend(pcap_record(Little, 1, 2, 3, b"")[..8].iter());
    file.extend([0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 8, 0, 0, 0]);
    assert_eq!(all(&file).0, ["1 1000002000 1 3 abc", "2 1000002000 1 0 "]);
    // Before version 2.3 the lengths are exchanged, in 2.3 if the captured one is the greater.
    for (minor, first, second) in [(2, 9u32, 3u32), (3, 9, 3), (3, 3, 9), (4, 3, 9)] {
        let head = pcap_head(Big, 0xa1b2_c3d4, minor, 1);
        let file = [&head[..], &Big.u32(1), &Big.u32(0), &Big.u32(first), &Big.u32(second), b"abc"].concat();
        assert_eq!(all(&file).0, ["1 1000000000 1 9 abc"], "2.{minor}");
    }
}

#[test]
fn the_check_sequence_is_no_part_of_the_packet() {
    // Bit 26 of the network field: the upper four bits count pairs of octets.
    let file = [
        pcap_head(Little, 0xa1b2_c3d4, 4, 0x2400_0001),
        pcap_record(Little, 1, 0, 7, b"abcFCS!"),
        // Cut before it.
        pcap_record(Little, 1, 0, 9, b"abc"),
    ];
    assert_eq!(all(&file.concat()).0, ["1 1000000000 1 7 abc", "2 1000000000 1 9 abc"]);
}

#[test]
fn pcapng_in_both_byte_orders() {
    for o in [Little, Big] {
        let file = [
            section(o),
            interface(o, 1, 0, &[]),
            interface(o, 113, 4, &[option(o, 9, &[9]), vec![0; 4]].concat()),
            enhanced(o, 0, 1_500_000, 3, b"abc"),
            enhanced(o, 1, 2_000_000_001, 5, b"defg"),
            old(o, 0, 3_000_000, b"old"),
            simple(o, 2, b"si"),
        ];
        let (records, stats) = all(&file.concat());
        assert_eq!(
            records,
            [
                "1 1500000000 1 3 abc",
                "2 2000000001 113 5 defg",
                "3 3000000000 1 3 old",
                // No time of its own: that of the packet before.
                "4 3000000000 1 2 si"
            ]
        );
        assert_eq!((stats.truncated, stats.untimed, stats.cut), (1, 1, false));
        assert_eq!(stats.links.len(), 2);
    }
}

#[test]
fn sections_have_their_own_order_and_interfaces() {
    let file = [
        section(Little),
        interface(Little, 1, 0, &[]),
        enhanced(Little, 0, 1, 1, b"a"),
        section(Big),
        interface(Big, 101, 0, &[]),
        enhanced(Big, 0, 2, 1, b"b"),
        // Not declared in this section.
        enhanced(Big, 1, 3, 1, b"c"),
        enhanced(Big, 0, 4, 1, b"d"),
    ];
    let (records, stats) = all(&file.concat());
    assert_eq!(records, ["1 1000 1 1 a", "2 2000 101 1 b", "4 4000 101 1 d"]);
    assert_eq!(stats.undeclared, 1);
}

#[test]
fn all_time_resolutions() {
    let at = |resolution: u8, offset: i64, ticks: u64| {
        let options = [option(Little, 9, &[resolution]), option(Little, 14, &offset.to_le_bytes())];
        let file = [
            section(Little),
            interface(Little, 1, 0, &options.concat()),
            enhanced(Little, 0, ticks, 1, b"x"),
        ];
        let mut reader = super::open(&file.concat()).expect("a capture");
        let time = reader.next_record().map(|r| r.time_ns);
        (time.expect("a packet"), reader.stats().untimed)
    };
    assert_eq!(at(0, 0, 5), (5_000_000_000, 0));
    assert_eq!(at(3, 0, 5), (5_000_000, 0));
    assert_eq!(at(6, 0, 5), (5000, 0));
    assert_eq!(at(9, 0, 5), (5, 0));
    assert_eq!(at(12, 0, 5999), (5, 0));
    assert_eq!(at(20, 0, u64::MAX), (184_467_440, 0));
    assert_eq!(at(0x80, 0, 5), (5_000_000_000, 0));
    assert_eq!(at(0x80 | 10, 0, 512), (500_000_000, 0));
    assert_eq!(at(0x80 | 32, 0, 3 << 31), (1_500_000_000, 0));
    assert_eq!(at(6, 100, 5), (100_000_005_000, 0));
    assert_eq!(at(6, -1, 3_000_000), (2_000_000_000, 0));
    // Beyond any clock: counted, no time.
    assert_eq!(at(0, 0, u64::MAX), (0, 1));
    assert_eq!(at(127, 0, 5), (0, 1));
    assert_eq!(at(0xff, 0, 5), (0, 1));
}

#[test]
fn other_blocks_are_passed_over() {
    let secrets = block(Little, 10, &[7; 100]);
    let names = block(Little, 4, &[1; 8]);
    // Longer than the buffer.
    let custom = block(Little, 0xbad, &vec![7; 50_000]);
    let journal = block(Little, 9, b"entry");
    let lost = |n: u64| {
        let body = [&[0; 12][..], &option(Little, 5, &n.to_le_bytes()), &[0; 4]].concat();
        block(Little, 5, &body)
    };
    let file = [
        section(Little),
        secrets,
        interface(Little, 1, 0, &[]),
        names,
        enhanced(Little, 0, 1, 1, b"a"),
        custom,
        lost(3),
        enhanced(Little, 0, 2, 1, b"b"),
        journal,
        lost(5),
        enhanced(Little, 0, 3, 1, b"c"),
    ];
    let (records, stats) = all(&file.concat());
    // The journal entry has a frame number in Wireshark.
    assert_eq!(records, ["1 1000 1 1 a", "2 2000 1 1 b", "4 3000 1 1 c"]);
    // Counters of an interface go on, they do not add up.
    assert_eq!((stats.dropped, stats.not_packets, stats.cut), (5, 1, false));
}

#[test]
fn times_that_cannot_be_are_counted() {
    let file = pcap(&[(0, 0, b"a"), (5, 2_000_000, b"b"), (6, 0, b"c"), (5, 0, b"d")]);
    let (records, stats) = all(&file);
    assert_eq!(records[1], "2 7000000000 1 1 b");
    assert_eq!((stats.untimed, stats.backwards), (2, 2));
    assert_eq!((stats.first_ns, stats.last_ns), (Some(5_000_000_000), Some(6_000_000_000)));
}

#[test]
fn large_records_grow_the_buffer_and_small_reads_do_not_matter() {
    let large = vec![b'x'; 200_000];
    let file = pcap(&[(1, 0, b"a"), (2, 0, &large), (3, 0, b"b")]);
    for step in [1000, 4096, usize::MAX] {
        let mut reader = open_in_steps(&file, step).expect("a capture");
        let lengths: Vec<usize> = std::iter::from_fn(|| reader.next_record().map(|r| r.data.len())).collect();
        assert_eq!(lengths, [1, 200_000, 1]);
    }
    let file = pcap(&[(1, 0, b"a"), (2, 0, b"bc")]);
    let mut reader = open_in_steps(&file, 1).expect("a capture");
    assert_eq!(std::iter::from_fn(|| reader.next_record().map(|r| r.data.len())).sum::<usize>(), 3);
}
