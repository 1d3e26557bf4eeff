//! Datagrams out of fragments: in any order, overlapping, hostile, too many.

use super::build::*;
use super::read;
use crate::decode::{Defrag, LinkType, Reassembled, decode};

fn push(d: &mut Defrag, now_ns: i64, data: &[u8]) -> Option<Reassembled> {
    d.push(now_ns, &read(1, data), data)
}

/// A fragment of 10.0.0.1 > 10.0.0.2, UDP, at `offset` octets.
fn piece(offset: u16, more: bool, payload: &[u8]) -> Vec<u8> {
    eth(0x0800, &ip4_between(1, 2, 17, (offset / 8) | if more { 0x2000 } else { 0 }, payload))
}

fn datagram() -> Vec<u8> {
    udp(1000, 2000, b"0123456789abcdefghijklmnopqrstuvwxyz")
}

#[test]
fn whole_in_any_order() {
    let whole = datagram();
    let pieces =
        [piece(0, true, &whole[..16]), piece(16, true, &whole[16..32]), piece(32, false, &whole[32..])];
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0], [0, 2, 1], [2, 0, 1], [1, 0, 2]] {
        let mut d = Defrag::default();
        assert!(push(&mut d, 0, &pieces[order[0]]).is_none());
        assert!(push(&mut d, 0, &pieces[order[1]]).is_none());
        let made = push(&mut d, 0, &pieces[order[2]]).expect("a datagram");
        let p = decode(LinkType::RAW, made.bytes.len() as u32, &made.bytes);
        assert_eq!((p.sport, p.dport, p.is_fragment()), (1000, 2000, false));
        assert_eq!(p.payload(&made.bytes), b"0123456789abcdefghijklmnopqrstuvwxyz");
        assert_eq!(crate::decode::checksums(&p, &made.bytes).ip, Some(true));
        assert!(d.is_empty());
        assert_eq!(d.stats.overlaps, 0);
    }
}

#[test]
fn ipv6() {
    let whole = datagram();
    let piece = |offset: u16, more: u16, data: &[u8]| {
        let head = [[60, 0].to_vec(), (offset | more).to_be_bytes().to_vec(), vec![0, 0, 0, 7]].concat();
        // A hop-by-hop header stands in front.
        eth(0x86dd, &ip6(0, &cat(&[&[44, 0, 1, 4, 0, 0, 0, 0], &head, data])))
    };
    // The fragmented part begins with destination options.
    let part = cat(&[&[17, 0, 1, 4, 0, 0, 0, 0], &whole]);
    let mut d = Defrag::default();
    assert!(push(&mut d, 0, &piece(0, 1, &part[..24])).is_none());
    let made = push(&mut d, 0, &piece(24, 0, &part[24..])).expect("a datagram");
    let p = decode(LinkType::RAW, made.bytes.len() as u32, &made.bytes);
    assert_eq!((p.sport, p.dport, p.payload_len), (1000, 2000, 36));
}

#[test]
fn the_first_to_come_wins() {
    let mut d = Defrag::default();
    push(&mut d, 0, &piece(8, true, b"AAAAAAAA"));
    push(&mut d, 0, &piece(0, true, b"bbbbbbbbBBBBBBBB"));
    push(&mut d, 0, &piece(8, false, b"CCCCCCCCcccc"));
    let made = push(&mut d, 0, &piece(16, false, b"dddd")).or(None);
    assert!(made.is_none(), "it was whole before");
    assert_eq!(d.stats.overlaps, 2);
    let mut d = Defrag::default();
    push(&mut d, 0, &piece(8, true, b"AAAAAAAA"));
    push(&mut d, 0, &piece(16, false, b"end"));
    let made = push(&mut d, 0, &piece(0, true, b"bbbbbbbbBBBBBBBB")).expect("a datagram");
    assert_eq!(&made.bytes[20..], b"bbbbbbbbAAAAAAAAend");
    // The same again is no disagreement.
    let mut d = Defrag::default();
    push(&mut d, 0, &piece(0, true, b"bbbbbbbb"));
    push(&mut d, 0, &piece(0, true, b"bbbbbbbb"));
    assert!(push(&mut d, 0, &piece(8, false, b"end")).is_some());
    assert_eq!(d.stats.overlaps, 0);
}

#[test]
fn hostile_fragments_do_no_harm() {
    let mut d = Defrag::default();
    // Teardrop: the second ends inside the first.
    push(&mut d, 0, &piece(0, true, &[1; 32]));
    push(&mut d, 0, &piece(8, false, &[2; 4]));
    // Past the known end, before it, past the longest datagram, of odd length, empty.
    push(&mut d, 0, &piece(48, false, &[3; 8]));
    push(&mut d, 0, &piece(64, true, &[3; 8]));
    push(&mut d, 0, &piece(65528, false, &[4; 1000]));
    push(&mut d, 0, &piece(128, true, &[5; 7]));
    push(&mut d, 0, &piece(128, true, &[]));
    assert!(d.stats.overlaps > 0 && d.stats.bad == 3, "{:?}", d.stats);
    // The ping of death: longer than IP allows when the header is counted.
    let mut d = Defrag::default();
    for n in 0..64u16 {
        push(&mut d, 0, &piece(n * 1024, n < 63, &[0; 1024][..if n < 63 { 1024 } else { 1023 }]));
    }
    assert!(d.is_empty());
    assert_eq!(d.stats.datagrams, 0);
}

#[test]
fn unfinished_datagrams_go_after_a_while() {
    let mut d = Defrag::default();
    push(&mut d, 0, &piece(0, true, b"bbbbbbbb"));
    assert!(push(&mut d, 31_000_000_000, &piece(8, false, b"end")).is_none());
    assert_eq!((d.stats.expired, d.len()), (1, 1));
}

#[test]
fn tables_are_bounded() {
    let mut d = Defrag::default();
    for n in 0..5000u32 {
        let [_, _, a, b] = n.to_be_bytes();
        let mut data = piece(0, true, &[0; 1480]);
        // Another identification, another source.
        data[18..20].copy_from_slice(&[a, b]);
        push(&mut d, 0, &data);
    }
    assert_eq!((d.len(), d.stats.evicted), (1024, 5000 - 1024));
    // Few datagrams, each as large as can be, with a hole in front.
    let mut d = Defrag::default();
    for n in 0..1000u32 {
        let [_, _, a, b] = n.to_be_bytes();
        let mut data = piece(64000, true, &[0; 1480]);
        data[18..20].copy_from_slice(&[a, b]);
        push(&mut d, 0, &data);
    }
    assert!(d.len() < 260, "{}", d.len());
    // One datagram in many little pieces with holes between them.
    let mut d = Defrag::default();
    for n in 0..4000u16 {
        push(&mut d, 0, &piece(n * 16, true, &[0; 8]));
    }
    assert!(d.stats.evicted > 0);
    // The same datagram again and again leaves nothing behind.
    let mut d = Defrag::default();
    for _ in 0..10_000 {
        push(&mut d, 0, &piece(0, true, b"bbbbbbbb"));
        assert!(push(&mut d, 0, &piece(8, false, b"end")).is_some());
    }
    assert!(d.is_empty());
}
