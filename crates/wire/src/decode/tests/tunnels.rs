//! Every tunnel, and what only looks like one.

use super::build::*;
use super::{read, said};
use crate::decode::{Net, Status, Tunnel};
use crate::model::Mac;

fn over_udp(sport: u16, dport: u16, payload: &[u8]) -> Vec<u8> {
    eth(0x0800, &ip4(17, &udp(sport, dport, payload)))
}

fn gre(head: &[u8], payload: &[u8]) -> Vec<u8> {
    eth(0x0800, &ip4(47, &cat(&[head, payload])))
}

#[test]
fn tunnels_are_walked_through() {
    let (v4, v6, frame) = (inner4(), inner6(), inner_eth());
    let gtp = |first: u8, more: &[u8], inner: &[u8]| {
        let len = ((more.len() + inner.len()) as u16).to_be_bytes();
        cat(&[&[first, 255], &len, &[0, 0, 0, 9], more, inner])
    };
    let capwap = [0, 0x10, 2, 0, 0, 0, 0, 0];
    let vxlan = cat(&[&[8, 0, 0, 0, 0, 0, 5, 0], &frame]);
    let teredo = cat(&[&[0, 1, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 0], &[0, 0, 1, 2, 3, 4, 5, 6], &v6]);
    let four = |n: &[u8]| n.len() as u8;
    let cases: Vec<(Tunnel, Vec<u8>)> = vec![
        (Tunnel::IpInIp, eth(0x0800, &ip4(4, &v4))),
        (Tunnel::IpInIp, eth(0x86dd, &ip6(4, &v4))),
        (Tunnel::IpInIp, eth(0x86dd, &ip6(41, &v6))),
        (Tunnel::SixInFour, eth(0x0800, &ip4(41, &v6))),
        (Tunnel::Gre, gre(&[0, 0, 8, 0], &v4)),
        (Tunnel::Gre, gre(&[0, 0, 0x86, 0xdd], &v6)),
        // Checksum, key, sequence number
        (Tunnel::Gre, gre(&[0xb0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2], &v4)),
        // Source routes: one entry, then the end
        (Tunnel::Gre, gre(&[0x40, 0, 8, 0, 0, 0, 0, 0, 8, 0, 0, 4, 1, 2, 3, 4, 0, 0, 0, 0], &v4)),
        (Tunnel::Gre, gre(&[0x20, 0, 0x65, 0x58, 0, 0, 1, 0], &frame)),
        (Tunnel::Gre, gre(&[0, 0, 0x88, 0x3e], &v4)),
        (Tunnel::Gre, gre(&[0, 0, 0x88, 0x3e], &cat(&[&[1, 0, 0, 0], &v4]))),
        (Tunnel::Gre, gre(&[0, 0, 0x88, 0x47], &cat(&[&[0, 1, 1, 64], &v4]))),
        (
            Tunnel::Pptp,
            gre(
                &[0x30, 0x81, 0x88, 0x0b, 0, four(&v4) + 4, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1],
                &cat(&[&[0xff, 3, 0, 0x21], &v4]),
            ),
        ),
        (Tunnel::Erspan, gre(&[0, 0, 0x88, 0xbe], &frame)),
        (
            Tunnel::Erspan,
            gre(&[0x10, 0, 0x88, 0xbe, 0, 0, 0, 1], &cat(&[&[0x10, 5, 0, 1, 0, 0, 0, 0], &frame])),
        ),
        (
            Tunnel::Erspan,
            gre(
                &[0x10, 0, 0x22, 0xeb, 0, 0, 0, 1],
                &cat(&[&[0x20, 5, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0], &frame]),
            ),
        ),
        (
            Tunnel::Erspan,
            gre(
                &[0x10, 0, 0x22, 0xeb, 0, 0, 0, 1],
                &cat(&[&[0x20, 5, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1], &[0; 8], &frame]),
            ),
        ),
        (Tunnel::Vxlan, over_udp(50000, 4789, &vxlan)),
        (Tunnel::Vxlan, over_udp(50000, 8472, &vxlan)),
        // On no known port the inner checksum must be right, and it is.
        (Tunnel::Vxlan, over_udp(50000, 50001, &vxlan)),
        (Tunnel::Vxlan, over_udp(50000, 4790, &cat(&[&[0x0c, 0, 0, 1, 0, 0, 5, 0], &v4]))),
        (Tunnel::Vxlan, over_udp(50000, 4789, &cat(&[&[0xff, 1, 2, 3, 0, 0, 5, 9], &frame]))),
        (Tunnel::Geneve, over_udp(50000, 6081, &cat(&[&[0, 0, 0x65, 0x58, 0, 0, 5, 0], &frame]))),
        (Tunnel::Geneve, over_udp(50000, 6081, &cat(&[&[1, 0, 8, 0, 0, 0, 5, 0, 1, 2, 3, 0], &v4]))),
        (Tunnel::Geneve, over_udp(50000, 50001, &cat(&[&[0, 0, 0x65, 0x58, 0, 0, 5, 0], &frame]))),
        (Tunnel::GtpU, over_udp(2152, 2152, &gtp(0x30, &[], &v4))),
        (Tunnel::GtpU, over_udp(2152, 2152, &gtp(0x30, &[], &v6))),
        // A sequence number; an extension header of four octets
        (Tunnel::GtpU, over_udp(2152, 2152, &gtp(0x32, &[0, 1, 0, 0], &v4))),
        (Tunnel::GtpU, over_udp(2152, 2152, &gtp(0x34, &[0, 0, 0, 0x85, 1, 0, 9, 0], &v4))),
        (Tunnel::GtpU, over_udp(40000, 40001, &gtp(0x30, &[], &v4))),
        (Tunnel::GtpU, over_udp(3386, 3386, &cat(&[&[0x1e, 255, 0, four(&v4)], &[0; 16], &v4]))),
        (Tunnel::Teredo, over_udp(3544, 50000, &v6)),
        (Tunnel::Teredo, over_udp(50000, 3544, &teredo)),
        (Tunnel::L2tp, over_udp(1701, 1701, &cat(&[&[0, 2, 0, 1, 0, 1, 0xff, 3, 0, 0x21], &v4]))),
        (
            Tunnel::L2tp,
            over_udp(1701, 1701, &cat(&[&[0x4a, 2, 0, 99, 0, 1, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0x57], &v6])),
        ),
        (Tunnel::MplsInIp, eth(0x0800, &ip4(137, &cat(&[&[0, 1, 1, 64], &v4])))),
        (Tunnel::MplsInIp, over_udp(50000, 6635, &cat(&[&[0, 1, 1, 64], &v4]))),
        (Tunnel::EtherIp, eth(0x0800, &ip4(97, &cat(&[&[0x30, 0], &frame])))),
        (Tunnel::Capwap, over_udp(5247, 5247, &cat(&[&capwap, &frame]))),
        (Tunnel::Tzsp, over_udp(50000, 37008, &cat(&[&[1, 0, 0, 1, 10, 1, 0xc4, 1], &frame]))),
    ];
    for (tunnel, data) in cases {
        let p = read(1, &data);
        let inner = if p.net == Net::V6 { INNER6 } else { INNER4 };
        assert_eq!(said(&p, &data), inner, "{tunnel:?} {data:02x?}");
        assert_eq!((p.tunnel, p.depth, p.status), (tunnel, 1, Status::Ok));
        // The addresses of the frame outside are not those of the packet inside.
        assert!(matches!(p.src_hw(), None | Some(Mac([2, 0, 0, 0, 0, 0xa]))), "{tunnel:?}");
    }
}

#[test]
fn capwap_with_exchanged_octets() {
    // Frame control 01 08 for 08 01, as some access points send it.
    let body = cat(&[&[0xaa, 0xaa, 3, 0, 0, 0, 8, 0], &inner4()]);
    for (control, sequence) in [([1, 8], [0x76, 0x30]), ([8, 1], [0x30, 0x76])] {
        let wifi = cat(&[&control, &[0, 0], &DST, &SRC, &DST, &sequence, &body]);
        let data = over_udp(50000, 5247, &cat(&[&[0, 0x10, 3, 0, 0, 0, 0, 0], &wifi]));
        assert_eq!(said(&read(1, &data), &data), INNER4);
    }
}

#[test]
fn erspan_brings_the_vlan_of_the_mirrored_port() {
    let data = gre(&[0x10, 0, 0x88, 0xbe, 0, 0, 0, 1], &cat(&[&[0x10, 5, 0, 1, 0, 0, 0, 0], &inner_eth()]));
    assert_eq!(read(1, &data).vlan, 5);
}

#[test]
fn tunnels_in_tunnels_end() {
    let mut packet = inner4();
    for _ in 0..3 {
        packet = ip4(4, &packet);
    }
    let data = eth(0x0800, &packet);
    let p = read(1, &data);
    assert_eq!((said(&p, &data).as_str(), p.depth), (INNER4, 3));
    for _ in 0..40 {
        packet = ip4(4, &packet);
    }
    assert_eq!(read(1, &eth(0x0800, &packet)).status, Status::TooDeep);
}

#[test]
fn a_port_alone_makes_no_tunnel() {
    for (sport, dport) in [(4789, 53), (53, 2152), (1, 6081), (1, 3544), (1, 1701), (1, 5247), (37008, 1)] {
        let data = over_udp(sport, dport, b"\x08\x01just some payload of another protocol");
        let p = read(1, &data);
        assert_eq!((p.tunnel, p.depth, p.sport, p.dport), (Tunnel::None, 0, sport, dport));
        assert_eq!(p.payload(&data), b"\x08\x01just some payload of another protocol");
    }
    // Right header, but the inner checksum is wrong: on an unknown port it is no VXLAN.
    let mut frame = inner_eth();
    frame[24] ^= 1;
    let data = over_udp(50000, 50001, &cat(&[&[8, 0, 0, 0, 0, 0, 5, 0], &frame]));
    assert_eq!(read(1, &data).tunnel, Tunnel::None);
}

#[test]
fn arp_in_vxlan_is_layer_2() {
    let arp = cat(&[&[0xff; 6], &[2, 0, 0, 0, 0, 0xa], &[8, 6], &[0, 1, 8, 0, 6, 4, 0, 1], &[0; 20]]);
    let data = over_udp(50000, 4789, &cat(&[&[8, 0, 0, 0, 0, 0, 5, 0], &arp]));
    let p = read(1, &data);
    assert_eq!((p.net, p.ethertype, p.tunnel, p.payload_len), (Net::EtherType, 0x0806, Tunnel::Vxlan, 28));
    assert_eq!((p.src_ip(), p.src_hw()), (None, Some(Mac([2, 0, 0, 0, 0, 0xa]))));
}

#[test]
fn unknown_contents_stay_in_the_tunnel() {
    let data = gre(&[0, 0, 0x12, 0x34], b"other");
    let p = read(1, &data);
    assert_eq!((said(&p, &data).as_str(), p.tunnel), ("10.0.0.1:0 > 10.0.0.2:0 47 other", Tunnel::None));
    let data = eth(0x0800, &ip4(4, b"not an IP header at all, really"));
    assert_eq!((read(1, &data).proto, read(1, &data).depth), (4, 0));
}
