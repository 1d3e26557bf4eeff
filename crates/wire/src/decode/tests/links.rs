//! Link types, tags and layer-2 payloads.

use super::build::*;
use super::{read, said};
use crate::decode::{LinkType, Net, Status};
use crate::model::Mac;

#[test]
fn every_link_type_that_is_read() {
    let (v4, v6) = (inner4(), inner6());
    let sll = [0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 5, 0, 0, 8, 0];
    let sll2 = [8, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 6, 2, 0, 0, 0, 0, 5, 0, 0];
    let snap = [0xaa, 0xaa, 3, 0, 0, 0, 8, 0];
    let wifi = cat(&[&[8, 1, 0, 0], &[2, 0, 0, 0, 0, 1], &SRC, &DST, &[0, 0], &snap, &v4]);
    let radiotap = [0, 0, 9, 0, 2, 0, 0, 0, 0];
    let cases: Vec<(u16, Vec<u8>)> = vec![
        (1, inner_eth()),
        (12, v4.clone()),
        (14, v4.clone()),
        (101, v4.clone()),
        (228, v4.clone()),
        (0, cat(&[&[2, 0, 0, 0], &v4])),
        (0, cat(&[&[0, 0, 0, 2], &v4])),
        (108, cat(&[&[0, 0, 0, 2], &v4])),
        (113, cat(&[&sll, &v4])),
        (276, cat(&[&sll2, &v4])),
        (9, cat(&[&[0xff, 3, 0, 0x21], &v4])),
        (9, cat(&[&[0, 0x21], &v4])),
        (9, cat(&[&[0x21], &v4])),
        (50, cat(&[&[0xff, 3, 0, 0x21], &v4])),
        (50, cat(&[&[0x0f, 0, 8, 0], &v4])),
        (104, cat(&[&[0x0f, 0, 8, 0], &v4])),
        (166, cat(&[&[0xff, 3, 0x21], &v4])),
        (204, cat(&[&[1, 0xff, 3, 0, 0x21], &v4])),
        (51, cat(&[&[0x11, 0, 0, 1], &(v4.len() as u16 + 2).to_be_bytes(), &[0, 0x21], &v4])),
        (105, wifi.clone()),
        (127, cat(&[&radiotap, &wifi])),
        (192, cat(&[&[0, 0, 8, 0, 1, 0, 0, 0], &inner_eth()])),
        (192, cat(&[&[0, 0, 8, 0, 105, 0, 0, 0], &wifi])),
        (163, cat(&[&[0x80, 0x21, 0x10, 1, 0, 0, 0, 8], &wifi])),
        (119, cat(&[&[0, 0, 0, 0x44, 8, 0, 0, 0], &wifi])),
        (119, cat(&[&[0x80, 0x21, 0x10, 1, 0, 0, 0, 8], &wifi])),
        (100, cat(&[&snap, &v4])),
        (107, cat(&[&[0x18, 0x41, 3, 0xcc], &v4])),
        (107, cat(&[&[0x18, 0x41, 8, 0], &v4])),
        (6, cat(&[&[0x10, 0x40], &DST, &SRC, &snap, &v4])),
        (10, cat(&[&[0x50], &DST, &SRC, &snap, &v4])),
        (109, cat(&[&[2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], &v4])),
        (240, cat(&[&[0; 4], &inner_eth()])),
        (274, cat(&[&[0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0xd5], &inner_eth()])),
        (239, cat(&[&[2, 0, 0, 0, 8, 0, 1, 0, 0, 0, 0, 0], &[(v4.len() as u8) + 4, 0, 9, 0], &v4])),
    ];
    for (link, data) in cases {
        assert_eq!(said(&read(link, &data), &data), INNER4, "link type {link}");
    }
    for (link, head) in [(101, vec![]), (229, vec![]), (0, vec![30, 0, 0, 0]), (108, vec![0, 0, 0, 24])] {
        let data = cat(&[&head, &v6]);
        assert_eq!(said(&read(link, &data), &data), INNER6, "link type {link}");
    }
}

#[test]
fn hardware_addresses_where_the_link_has_them() {
    let data = cat(&[&[0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 5, 0, 0, 8, 0], &inner4()]);
    let p = read(113, &data);
    assert_eq!((p.src_hw(), p.dst_hw()), (Some(Mac(SRC)), None));
    let p = read(101, &inner4());
    assert_eq!((p.src_hw(), p.dst_hw()), (None, None));
}

#[test]
fn unknown_link_types_are_named() {
    let p = read(195, &[0; 30]);
    assert_eq!((p.status, p.net, p.shard), (Status::UnknownLink, Net::None, 0));
    assert_eq!(LinkType(195).to_string(), "ieee802-15-4-withfcs");
    assert_eq!(LinkType(60000).to_string(), "linktype-60000");
    assert_eq!(LinkType(1).name(), Some("ethernet"));
}

#[test]
fn tags() {
    let inner = ip4(17, &udp(1000, 2000, b"inner"));
    let said_inner = "10.0.0.1:1000 > 10.0.0.2:2000 17 inner";
    let vlan = |id: u16, kind: u16| [id.to_be_bytes(), kind.to_be_bytes()].concat();
    let cases: Vec<(u16, Vec<u8>, u16)> = vec![
        (0x8100, vlan(0x6005, 0x0800), 5),
        // The outer one counts; a priority tag has none.
        (0x88a8, [vlan(7, 0x8100), vlan(9, 0x0800)].concat(), 7),
        (0x9100, [vlan(7, 0x8100), vlan(9, 0x0800)].concat(), 7),
        (0x8100, [vlan(0xe000, 0x8100), vlan(9, 0x0800)].concat(), 9),
        // HSR, 802.1CB, VN tag, E-tag
        (0x892f, vec![0, 60, 0, 1, 8, 0], 0),
        (0xf1c1, vec![0, 0, 0, 1, 8, 0], 0),
        (0x8926, vec![0, 0, 0, 1, 8, 0], 0),
        (0x893f, vec![0, 0, 0, 1, 0, 0, 8, 0], 0),
        // MPLS: two labels
        (0x8847, vec![0, 1, 0x00, 64, 0, 2, 0x01, 64], 0),
        // PPPoE session
        (0x8864, cat(&[&[0x11, 0, 0, 1], &(inner.len() as u16 + 2).to_be_bytes(), &[0, 0x21]]), 0),
        // LLC/SNAP with a length, and LLC's own number for IP
        ((inner.len() + 8) as u16, vec![0xaa, 0xaa, 3, 0, 0, 0, 8, 0], 0),
        ((inner.len() + 3) as u16, vec![6, 6, 3], 0),
    ];
    for (kind, head, id) in cases {
        let mut data = eth(kind, &cat(&[&head, &inner]));
        data.extend(b"padding");
        let p = read(1, &data);
        assert_eq!(said(&p, &data), said_inner, "{kind:#x}");
        assert_eq!((p.vlan, p.src_hw()), (id, Some(Mac(SRC))), "{kind:#x}");
    }
}

#[test]
fn pseudowires_and_provider_bridges_have_their_own_addresses() {
    let word = cat(&[&[0, 1, 1, 64], &[0, 0, 0, 0], &inner_eth()]);
    let bare = cat(&[&[0, 1, 1, 64], &inner_eth()]);
    for (kind, payload) in [(0x8847, word), (0x8847, bare), (0x88e7, cat(&[&[0, 0, 0, 1], &inner_eth()]))] {
        let data = eth(kind, &payload);
        let p = read(1, &data);
        assert_eq!((said(&p, &data).as_str(), p.src_hw()), (INNER4, Some(Mac([2, 0, 0, 0, 0, 0xa]))));
    }
}

#[test]
fn layer_2_payloads_are_named() {
    let goose = eth(0x88b8, b"goose");
    let p = read(1, &goose);
    assert_eq!((p.net, p.ethertype, p.payload(&goose)), (Net::EtherType, 0x88b8, &b"goose"[..]));
    assert!(p.is_l2() && p.src_hw().is_some() && p.src_ip().is_none());
    // Spanning tree: the length bounds it.
    let stp = eth(7, b"\x42\x42\x03stp!padding");
    let p = read(1, &stp);
    assert_eq!(
        (p.net, p.llc(), p.ethertype, p.payload(&stp)),
        (Net::Llc, Some((0x42, 0x42)), 0, &b"stp!"[..])
    );
    // CDP
    let cdp = eth(11, b"\xaa\xaa\x03\x00\x00\x0c\x20\x00cdp");
    let p = read(1, &cdp);
    assert_eq!((p.net, p.snap(), p.payload(&cdp)), (Net::Snap, Some((0x0c, 0x2000)), &b"cdp"[..]));
    // Information frames have two control octets.
    let data = eth(7, b"\xf0\xf0\x00\x01net");
    assert_eq!(read(1, &data).payload(&data), b"net");
    // PPP's own protocols
    let chap = eth(0x8864, b"\x11\x00\x00\x01\x00\x06\xc2\x23chap");
    let p = read(1, &chap);
    assert_eq!((p.net, p.ethertype, p.payload(&chap)), (Net::Ppp, 0xc223, &b"chap"[..]));
    // PPPoE discovery
    let data = eth(0x8863, b"\x11\x09\x00\x00\x00\x00");
    assert_eq!(read(1, &data).ethertype, 0x8863);
}

#[test]
fn wifi_frames() {
    let snap = cat(&[&[0xaa, 0xaa, 3, 0, 0, 0, 8, 0], &inner4()]);
    let (a, b, c, d) =
        ([2, 0, 0, 0, 0, 0xa], [2, 0, 0, 0, 0, 0xb], [2, 0, 0, 0, 0, 0xc], [2, 0, 0, 0, 0, 0xd]);
    let frame = |control: [u8; 2], more: &[u8]| cat(&[&control, &[0, 0], &a, &b, &c, &[0, 0], more]);
    // By the two DS bits: who sent it and to whom.
    for (flags, more, dst, src) in
        [(0, &[][..], a, b), (1, &[][..], c, b), (2, &[][..], a, c), (3, &d[..], c, d)]
    {
        let data = frame([8, flags], &cat(&[more, &snap]));
        let p = read(105, &data);
        assert_eq!(said(&p, &data), INNER4);
        assert_eq!((p.dst_hw(), p.src_hw()), (Some(Mac(dst)), Some(Mac(src))));
    }
    // Quality of service; with the HT control field; aggregated.
    let data = frame([0x88, 1], &cat(&[&[0, 0], &snap]));
    assert_eq!(said(&read(105, &data), &data), INNER4);
    let data = frame([0x88, 0x81], &cat(&[&[0, 0, 9, 9, 9, 9], &snap]));
    assert_eq!(said(&read(105, &data), &data), INNER4);
    let data =
        frame([0x88, 1], &cat(&[&[0x80, 0], &d, &b, &(snap.len() as u16).to_be_bytes(), &snap, b"next"]));
    let p = read(105, &data);
    assert_eq!((said(&p, &data).as_str(), p.dst_hw()), (INNER4, Some(Mac(d))));
    // Encrypted: who talks to whom is still seen.
    let p = read(105, &frame([8, 0x41], b"secret"));
    assert_eq!((p.status, p.src_hw(), p.net), (Status::Encrypted, Some(Mac(b)), Net::None));
    // Beacons, acknowledgements and empty data frames
    for control in [[0x80, 0], [0xd4, 0], [0x48, 1], [0xc8, 1]] {
        assert_eq!(read(105, &frame(control, b"")).status, Status::LinkControl);
    }
    // Radiotap says that the FCS is there, and that the body was aligned.
    let fcs = cat(&[&[0, 0, 9, 0, 2, 0, 0, 0, 0x10], &frame([8, 1], b"\xaa\xaa\x03\0\0\0\x12\x34xFCS!")]);
    assert_eq!(read(127, &fcs).payload(&fcs), b"x");
    let head = [0, 0, 24, 0, 3, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let mut head = head.to_vec();
    // Two presence words, then TSFT aligned to eight octets, then the flags.
    head.extend([0x20, 0]);
    head[2] = 26;
    let data = cat(&[&head, &frame([0x88, 1], &cat(&[&[0, 0], &[0, 0], &snap]))]);
    assert_eq!(said(&read(127, &data), &data), INNER4);
}
