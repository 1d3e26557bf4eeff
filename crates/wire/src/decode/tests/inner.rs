//! IP, its extension headers, transports, and the bounds of the payload.

use super::build::*;
use super::{read, said};
use crate::decode::{Net, Status, checksums, flag};
use crate::model::Mac;

#[test]
fn tcp_over_ipv4_in_ethernet() {
    let data = eth(0x0800, &ip4(6, &tcp(40000, 502, b"hello")));
    let p = read(1, &data);
    assert_eq!(said(&p, &data), "10.0.0.1:40000 > 10.0.0.2:502 6 hello");
    assert_eq!((p.net, p.status, p.ethertype, p.ttl, p.depth), (Net::V4, Status::Ok, 0x0800, 64, 0));
    assert_eq!((p.tcp_seq(), p.tcp_ack, p.tcp_flags, p.tcp_window), (100, 200, 0x18, 4096));
    assert_eq!((p.src_hw(), p.dst_hw()), (Some(Mac(SRC)), Some(Mac(DST))));
    assert_eq!((p.l3_off, p.l4_off, p.payload_off, p.payload_wire), (14, 34, 54, 5));
    assert!(p.is_tcp() && !p.is_udp() && p.is_ip() && !p.is_l2());
}

#[test]
fn packet_stays_small() {
    assert!(size_of::<super::Packet>() <= 128);
}

#[test]
fn padding_and_trailers_are_no_payload() {
    let mut data = eth(0x0800, &ip4(17, &udp(1, 2, b"x")));
    data.resize(60, 0xee);
    assert_eq!(said(&read(1, &data), &data), "10.0.0.1:1 > 10.0.0.2:2 17 x");
    // UDP may be shorter than what IP carries.
    let mut ip = udp(1, 2, b"x");
    ip.extend(b"more");
    let data = eth(0x0800, &ip4(17, &ip));
    assert_eq!(said(&read(1, &data), &data), "10.0.0.1:1 > 10.0.0.2:2 17 x");
}

#[test]
fn offload_leaves_no_length() {
    let mut data = eth(0x0800, &ip4(6, &tcp(1, 2, b"segment")));
    data[16..18].copy_from_slice(&[0, 0]);
    let p = read(1, &data);
    assert_eq!(p.payload(&data), b"segment");
    assert!(p.has(flag::NO_LENGTH));
}

#[test]
fn a_cut_packet_says_how_much_there_was() {
    let data = eth(0x0800, &ip4(6, &tcp(1, 2, b"0123456789")));
    let cut = &data[..58];
    let p = super::decode(crate::decode::LinkType(1), data.len() as u32, cut);
    assert_eq!((p.payload(cut), p.payload_wire, p.cap_len, p.wire_len), (&b"0123"[..], 10, 58, 64));
    // In the TCP header: ports are known.
    let p = super::decode(crate::decode::LinkType(1), data.len() as u32, &data[..40]);
    assert_eq!((p.status, p.sport, p.dport, p.is_tcp()), (Status::Truncated, 1, 2, false));
    // In the IP header.
    let p = super::decode(crate::decode::LinkType(1), data.len() as u32, &data[..20]);
    assert_eq!((p.status, p.net), (Status::Truncated, Net::None));
}

#[test]
fn what_contradicts_itself_is_malformed() {
    let whole = eth(0x0800, &ip4(6, &tcp(1, 2, b"x")));
    let broken = |at: usize, value: u8| {
        let mut data = whole.clone();
        data[at] = value;
        read(1, &data).status
    };
    assert_eq!(broken(14, 0x55), Status::Malformed, "version");
    assert_eq!(broken(14, 0x44), Status::Malformed, "header length below 20");
    assert_eq!(broken(14, 0x4f), Status::Malformed, "header longer than the packet");
    assert_eq!(broken(17, 10), Status::Malformed, "total length below the header's");
    assert_eq!(broken(46, 0x40), Status::Malformed, "TCP header below 20");
    assert_eq!(broken(46, 0xf0), Status::Malformed, "TCP header beyond the segment");
    let data = eth(0x0800, &ip4(17, &[0, 1, 0, 2, 0, 7, 0, 0]));
    assert_eq!(read(1, &data).status, Status::Malformed, "UDP length below 8");
    let data = eth(0x0800, &ip4(17, &[0, 1, 0, 2, 0, 99, 0, 0, b'x']));
    let p = read(1, &data);
    assert_eq!((p.status, p.payload(&data)), (Status::Malformed, &b"x"[..]), "UDP length beyond IP's");
}

#[test]
fn extension_headers_are_passed_over() {
    let options = [60, 0, 1, 4, 0, 0, 0, 0];
    let destination = [43, 0, 1, 4, 0, 0, 0, 0];
    let routing = [51, 0, 4, 0, 0, 0, 0, 0];
    let authentication = [44, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1];
    // An atomic fragment.
    let fragment = [17, 0, 0, 0, 1, 2, 3, 4];
    let udp = udp(7, 8, b"deep");
    let data =
        eth(0x86dd, &ip6(0, &cat(&[&options, &destination, &routing, &authentication, &fragment, &udp])));
    let p = read(1, &data);
    assert_eq!(said(&p, &data), "fd00::1:7 > fd00::2:8 17 deep");
    assert_eq!((p.net, p.ttl, p.is_fragment()), (Net::V6, 60, false));
    // An endless chain ends.
    let chain: Vec<u8> = [60, 0, 1, 4, 0, 0, 0, 0].repeat(40);
    assert_eq!(read(1, &eth(0x86dd, &ip6(60, &chain))).status, Status::TooDeep);
    // An extension that runs past the packet.
    assert_eq!(read(1, &eth(0x86dd, &ip6(0, &[17, 9, 0, 0, 0, 0, 0, 0]))).status, Status::Malformed);
}

#[test]
fn authentication_header_over_ipv4() {
    let ah = [17, 4, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9];
    let data = eth(0x0800, &ip4(51, &cat(&[&ah, &udp(5, 6, b"signed")])));
    assert_eq!(said(&read(1, &data), &data), "10.0.0.1:5 > 10.0.0.2:6 17 signed");
}

#[test]
fn fragments_are_marked() {
    let data = eth(0x0800, &ip4_between(1, 2, 17, 0x2000, b"firstpie"));
    let p = read(1, &data);
    assert_eq!((p.is_fragment(), p.has(flag::MORE), p.frag_off, p.frag_id()), (true, true, 0, 0x1234));
    assert_eq!((p.payload(&data), p.sport, p.is_udp()), (&b"firstpie"[..], 0, false));
    let data = eth(0x0800, &ip4_between(1, 2, 17, 0x0003, b"last"));
    let p = read(1, &data);
    assert_eq!((p.is_fragment(), p.has(flag::MORE), p.frag_off), (true, false, 24));
    // The don't-fragment bit alone is no fragment.
    let data = eth(0x0800, &ip4_between(1, 2, 17, 0x4000, &udp(1, 2, b"")));
    assert!(!read(1, &data).is_fragment());
    let data = eth(0x86dd, &ip6(44, &cat(&[&[17, 0, 0, 0x11, 0, 0, 0, 9], b"piece678"])));
    let p = read(1, &data);
    assert_eq!((p.frag_off, p.frag_id(), p.has(flag::MORE), p.proto), (16, 9, true, 17));
}

#[test]
fn other_transports() {
    let data = eth(0x0800, &ip4(132, &cat(&[&[0x0b, 0x59, 0x0b, 0x5a, 0, 0, 0, 1, 0, 0, 0, 0], b"chunk"])));
    assert_eq!(said(&read(1, &data), &data), "10.0.0.1:2905 > 10.0.0.2:2906 132 chunk");
    let data = eth(0x0800, &ip4(1, &[8, 0, 0, 0, 0, 1, 0, 1, b'p']));
    let p = read(1, &data);
    assert_eq!((p.proto, p.payload_len, p.sport), (1, 9, 0));
}

#[test]
fn both_directions_share_a_shard() {
    let (there, back) =
        (eth(0x0800, &ip4_between(1, 2, 6, 0, b"")), eth(0x0800, &ip4_between(2, 1, 6, 0, b"")));
    assert_eq!(read(1, &there).shard, read(1, &back).shard);
    let (there, back) = (eth(0x86dd, &ip6_between(1, 2, 59, b"")), eth(0x86dd, &ip6_between(2, 1, 59, b"")));
    assert_eq!(read(1, &there).shard, read(1, &back).shard);
    let back = cat(&[&SRC, &DST, &[0x88, 0xb8]]);
    assert_eq!(read(1, &eth(0x88b8, b"")).shard, read(1, &back).shard);
    // Neighbours spread.
    let used: std::collections::HashSet<u8> =
        (0..=255).map(|n| read(1, &eth(0x0800, &ip4_between(1, n, 6, 0, b""))).shard).collect();
    assert!(used.len() > 48 && used.iter().all(|s| *s < 64), "{}", used.len());
    let used: std::collections::HashSet<u8> =
        (0..=255).map(|n| read(1, &eth(0x86dd, &ip6_between(1, n, 59, b""))).shard).collect();
    assert!(used.len() > 48, "{}", used.len());
}

#[test]
fn wrong_checksums_are_told() {
    let mut segment = tcp(1, 2, b"data");
    let pseudo = 10 + 1 + 10 + 2 + (10 << 8) * 2 - 20 + 6 + segment.len() as u32;
    let check = !crate::decode::checksum::sum(&segment, pseudo);
    segment[16..18].copy_from_slice(&check.to_be_bytes());
    let mut data = eth(0x0800, &ip4(6, &segment));
    let told = checksums(&read(1, &data), &data);
    assert_eq!((told.ip, told.transport), (Some(true), Some(true)));
    data[22] ^= 1;
    let told = checksums(&read(1, &data), &data);
    assert_eq!((told.ip, told.transport), (Some(false), Some(true)));
    let end = data.len() - 1;
    data[end] ^= 1;
    assert_eq!(checksums(&read(1, &data), &data).transport, Some(false));
    // UDP without a checksum, fragments and cut packets cannot be checked.
    let data = eth(0x0800, &ip4(17, &udp(1, 2, b"x")));
    assert_eq!(checksums(&read(1, &data), &data).transport, None);
}
