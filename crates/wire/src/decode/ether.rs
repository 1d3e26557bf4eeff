//! Ethernet, tags, MPLS, PPPoE, PPP and LLC/SNAP.
//!
//! IEEE 802.3, 802.1Q, 802.1ah, 802.1CB, 802.1BR, 802.2; IEC 62439-3 (HSR); RFC 3032 and 4385 (MPLS);
//! RFC 2516 (PPPoE); RFC 1661 and 1662 (PPP).

use super::packet::{Net, Status};
use super::plausible;
use super::walk::{Next, Walk};

pub(super) const IPV4: u16 = 0x0800;
pub(super) const IPV6: u16 = 0x86dd;
/// EtherTypes of VLAN tags: 802.1Q, 802.1ad and what came before it.
const VLAN: [u16; 4] = [0x8100, 0x88a8, 0x9100, 0x9200];

/// The addresses; what follows is named by the type.
#[inline]
pub(super) fn framed(w: &mut Walk<'_, '_>) -> Next {
    let Some(h) = w.head::<14>() else { return w.short(14) };
    let [d0, d1, d2, d3, d4, d5, s0, s1, s2, s3, s4, s5, t0, t1] = *h;
    w.frame(Some([d0, d1, d2, d3, d4, d5]), Some([s0, s1, s2, s3, s4, s5]));
    w.at += 14;
    Next::Type(u16::from_be_bytes([t0, t1]))
}

#[inline]
pub(super) fn ethernet(w: &mut Walk<'_, '_>) -> Next {
    match framed(w) {
        // Most packets: no need to go round the loop.
        Next::Type(IPV4) => {
            w.p.ethertype = IPV4;
            super::ip::v4(w)
        }
        next => next,
    }
}

pub(super) fn ethertype(w: &mut Walk<'_, '_>, t: u16) -> Next {
    match t {
        IPV4 | IPV6 => {
            w.p.ethertype = t;
            if t == IPV4 { Next::V4 } else { Next::V6 }
        }
        _ if VLAN.contains(&t) => {
            let Some(&[c0, c1, t0, t1]) = w.head::<4>() else { return w.short(4) };
            let id = u16::from_be_bytes([c0, c1]) & 0x0fff;
            if w.p.vlan == 0 {
                w.p.vlan = id;
            }
            w.skip(4);
            Next::Type(u16::from_be_bytes([t0, t1]))
        }
        0..=1500 => {
            // A length, not a type; what stands behind is padding.
            if t != 0 {
                w.bound(usize::from(t).min(w.wire_left()));
            }
            Next::Llc
        }
        0x8847 | 0x8848 => Next::Mpls,
        0x8864 => pppoe(w),
        // HSR tag, 802.1CB redundancy tag, Cisco VN tag; 802.1BR E-tag: type at the end.
        0x892f | 0xf1c1 | 0x8926 => tag(w, 6, t),
        0x893f => tag(w, 8, t),
        // 802.1ah: a service tag of four octets, then the customer's whole frame.
        0x88e7 if w.rest().len() >= 18 => {
            w.skip(4);
            Next::Ethernet
        }
        _ => w.layer2(Net::EtherType, t, 0),
    }
}

/// A tag of `len` octets of which the last two are the next EtherType.
fn tag(w: &mut Walk<'_, '_>, len: usize, t: u16) -> Next {
    let Some(&[a, b]) = w.rest().get(..len).and_then(|r| r.last_chunk()) else {
        return w.layer2(Net::EtherType, t, 0);
    };
    w.skip(len);
    Next::Type(u16::from_be_bytes([a, b]))
}

pub(super) fn llc(w: &mut Walk<'_, '_>) -> Next {
    let Some(&[dsap, ssap, control]) = w.head::<3>() else { return w.short(3) };
    let saps = u32::from_be_bytes([dsap, ssap, 0, 0]);
    if (dsap, ssap, control) == (0xaa, 0xaa, 3) && w.rest().len() >= 8 {
        w.skip(3);
        return snap(w);
    }
    match (dsap, ssap) {
        (6, 6) if w.rest().get(3).is_some_and(|b| b >> 4 == 4) => {
            w.skip(3);
            w.p.ethertype = IPV4;
            Next::V4
        }
        // NetWare frames on 802.3 have no LLC header: this is the IPX checksum.
        (0xff, 0xff) => w.layer2(Net::Llc, 0, saps),
        _ => {
            // Unnumbered frames have one control octet, the others two.
            w.skip(if control & 3 == 3 { 3 } else { 4 });
            w.layer2(Net::Llc, 0, saps)
        }
    }
}

/// Organization and protocol id.
pub(super) fn snap(w: &mut Walk<'_, '_>) -> Next {
    let Some(&[o0, o1, o2, p0, p1]) = w.head::<5>() else { return w.short(5) };
    let (oui, pid) = (u32::from_be_bytes([0, o0, o1, o2]), u16::from_be_bytes([p0, p1]));
    w.skip(5);
    match (oui, pid) {
        // RFC 1042 and 802.1H encapsulation of an EtherType.
        (0 | 0xf8, 0x0600..) => Next::Type(pid),
        // RFC 2684: a bridged Ethernet frame with and without its FCS, on ATM after two octets.
        (0x80c2, 1 | 7) => {
            w.skip(if w.p.link.0 == 100 { 2 } else { 0 });
            Next::Ethernet
        }
        _ => w.layer2(Net::Snap, pid, oui),
    }
}

/// Labels of one stack.
const MAX_LABELS: usize = 16;

pub(super) fn mpls(w: &mut Walk<'_, '_>) -> Next {
    for _ in 0..MAX_LABELS {
        let Some(&[_, _, bottom, _]) = w.head::<4>() else { return w.short(4) };
        w.skip(4);
        if bottom & 1 == 0 {
            continue;
        }
        // Nothing says what is inside: the first half octet is the usual hint.
        let rest = w.rest();
        return match rest.first().map_or(0, |b| b >> 4) {
            4 if plausible::v4(rest, w.wire_left()) => Next::V4,
            6 if plausible::v6(rest, w.wire_left()) => Next::V6,
            first => match pseudowire(rest, first) {
                Some(word) => {
                    w.skip(word);
                    Next::Ethernet
                }
                None if first == 4 => Next::V4,
                None if first == 6 => Next::V6,
                None => w.layer2(Net::EtherType, 0x8847, 0),
            },
        };
    }
    w.stop(Status::TooDeep)
}

/// Octets of control word in front of an Ethernet frame (4 or 0). A hardware address can begin like
/// a control word, and a length can be chance: a known EtherType decides first.
fn pseudowire(rest: &[u8], first: u8) -> Option<usize> {
    let behind_word = if first == 0 { rest.get(4..).unwrap_or_default() } else { &[] };
    let typed = |frame: &[u8]| plausible::ethernet(frame) && frame.get(12).is_some_and(|b| *b >= 6);
    let tries = [(typed(behind_word), 4), (typed(rest), 0), (plausible::ethernet(behind_word), 4)];
    let found = tries.iter().find(|(fits, _)| *fits).map(|(_, word)| *word);
    found.or_else(|| plausible::ethernet(rest).then_some(0))
}

fn pppoe(w: &mut Walk<'_, '_>) -> Next {
    let Some(&[version, code, _, _, l0, l1]) = w.head::<6>() else { return w.short(6) };
    if version != 0x11 || code != 0 {
        return w.layer2(Net::EtherType, 0x8864, 0);
    }
    w.skip(6);
    let len = usize::from(u16::from_be_bytes([l0, l1]));
    if len <= w.wire_left() {
        w.bound(len);
    }
    Next::Ppp
}

/// The PPP protocol number at the start of `data` and where its payload begins: with or without
/// address and control octets, the number perhaps compressed to one octet.
pub(super) fn ppp_protocol(data: &[u8]) -> Option<(u16, usize)> {
    let (data, before) = match data {
        // HDLC-like framing, and Cisco's.
        [0xff, 0x03, rest @ ..] => (rest, 2),
        _ => (data, 0),
    };
    match *data {
        [one, ..] if one & 1 == 1 => Some((u16::from(one), before + 1)),
        [a, b, ..] => Some((u16::from_be_bytes([a, b]), before + 2)),
        _ => None,
    }
}

pub(super) fn ppp(w: &mut Walk<'_, '_>) -> Next {
    // Cisco HDLC on serial lines: unicast or broadcast, then an EtherType.
    if w.p.link.0 == 50
        && let Some(&[0x0f | 0x8f, 0, t0, t1]) = w.head::<4>()
    {
        w.skip(4);
        return Next::Type(u16::from_be_bytes([t0, t1]));
    }
    let Some((protocol, skip)) = ppp_protocol(w.rest()) else { return w.short(2) };
    w.skip(skip);
    match protocol {
        0x0021 => {
            w.p.ethertype = IPV4;
            Next::V4
        }
        0x0057 => {
            w.p.ethertype = IPV6;
            Next::V6
        }
        0x0281 | 0x0283 => Next::Mpls,
        0x0031 => {
            // Bridged frames (RFC 3518): flags, kind, then the frame.
            w.skip(2);
            Next::Ethernet
        }
        _ => w.layer2(Net::Ppp, protocol, 0),
    }
}
