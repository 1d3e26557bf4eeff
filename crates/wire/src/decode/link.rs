//! Link-layer headers other than Ethernet's own: which header a record of a link type begins with.
//!
//! Layouts: the link-layer header types of tcpdump.org; radiotap.org for 127.

use super::LinkType;
use super::packet::Status;
use super::walk::{Next, Walk};

/// Longest pseudo header of a capturing driver that is believed.
const MAX_PSEUDO: usize = 4096;

#[inline]
pub(super) fn first(w: &mut Walk<'_, '_>, link: LinkType) -> Next {
    if link == LinkType::ETHERNET { Next::Ethernet } else { other(w, link) }
}

fn other(w: &mut Walk<'_, '_>, link: LinkType) -> Next {
    match link.0 {
        // BSD loopback: the address family in the byte order of the capturing machine, or big-endian.
        0 | 108 => null(w),
        6 => token_ring(w),
        9 | 50 | 166 => Next::Ppp,
        10 => fddi(w),
        12 | 14 | 101 => Next::Ip,
        51 => {
            // PPP over Ethernet without the Ethernet header.
            Next::Type(0x8864)
        }
        100 => Next::Llc,
        104 => typed(w, 4, 2),
        105 => Next::Wifi,
        107 => frame_relay(w),
        109 => {
            // OpenBSD enc(4): family, SPI, flags.
            w.skip(12);
            Next::Ip
        }
        113 => cooked(w),
        119 => prism(w),
        127 => radiotap(w),
        163 => avs(w),
        192 => ppi(w),
        204 => {
            // One octet says the direction.
            w.skip(1);
            Next::Ppp
        }
        227 => can(w),
        228 => Next::V4,
        229 => Next::V6,
        239 => nflog(w),
        240 => {
            // Hilscher netANALYZER: four octets, then the frame.
            w.skip(4);
            Next::Ethernet
        }
        274 => {
            // 802.3br: the preamble in front.
            w.skip(8);
            Next::Ethernet
        }
        276 => cooked2(w),
        _ => w.stop(Status::UnknownLink),
    }
}

/// A header of `len` octets with an EtherType at `at`.
fn typed(w: &mut Walk<'_, '_>, len: usize, at: usize) -> Next {
    let Some(&[a, b]) = w.rest().get(at..).and_then(|r| r.first_chunk()) else { return w.short(len) };
    w.skip(len);
    Next::Type(u16::from_be_bytes([a, b]))
}

fn null(w: &mut Walk<'_, '_>) -> Next {
    let Some(&family) = w.head::<4>() else { return w.short(4) };
    let (big, little) = (u32::from_be_bytes(family), u32::from_le_bytes(family));
    w.skip(4);
    match big.min(little) {
        2 => Next::V4,
        // AF_INET6 of Linux, the BSDs, FreeBSD and macOS.
        10 | 24 | 28 | 30 => Next::V6,
        // OSI and others: only IP is known by its version.
        _ if matches!(w.rest().first(), Some(0x45..=0x4f | 0x60..=0x6f)) => Next::Ip,
        _ => w.stop(Status::LinkControl),
    }
}

/// Linux cooked capture, version 1.
fn cooked(w: &mut Walk<'_, '_>) -> Next {
    let Some(h) = w.head::<16>() else { return w.short(16) };
    let [_, _, t0, t1, l0, l1, a0, a1, a2, a3, a4, a5, _, _, p0, p1] = *h;
    let src = (u16::from_be_bytes([l0, l1]) == 6).then_some([a0, a1, a2, a3, a4, a5]);
    w.skip(16);
    cooked_payload(w, src, u16::from_be_bytes([t0, t1]), u16::from_be_bytes([p0, p1]))
}

/// Linux cooked capture, version 2.
fn cooked2(w: &mut Walk<'_, '_>) -> Next {
    let Some(h) = w.head::<20>() else { return w.short(20) };
    let [p0, p1, _, _, _, _, _, _, t0, t1, _, len, a0, a1, a2, a3, a4, a5, _, _] = *h;
    let src = (len == 6).then_some([a0, a1, a2, a3, a4, a5]);
    w.skip(20);
    cooked_payload(w, src, u16::from_be_bytes([t0, t1]), u16::from_be_bytes([p0, p1]))
}

fn cooked_payload(w: &mut Walk<'_, '_>, src: Option<[u8; 6]>, hardware: u16, protocol: u16) -> Next {
    // Loopback and devices without a link layer have zeros for an address.
    w.frame(None, src.filter(|a| *a != [0; 6]));
    match (hardware, protocol) {
        // ARPHRD_NETLINK, and the radios, whose frames have no EtherType.
        (824, _) => w.stop(Status::LinkControl),
        (801, _) => Next::Wifi,
        (803, _) => radiotap(w),
        // ARPHRD_IPGRE: a GRE protocol type, the same numbers.
        (_, 0x0001 | 0x0004) => Next::Llc,
        (_, CAN | CAN_FD) => can(w),
        // Families that are no EtherType.
        (_, 0x0002..0x0600) => w.stop(Status::LinkControl),
        (_, other) => Next::Type(other),
    }
}

/// Linux's protocol numbers of CAN frames (`if_ether.h`), which no EtherType has.
pub const CAN: u16 = 0x000c;
pub const CAN_FD: u16 = 0x000d;

/// A frame of a CAN bus as SocketCAN gives it: identifier and flags in four octets, length, data.
///
/// A bus has no addresses. Nodes are told apart by the source address that J1939 and its kin have in the
/// low octet of a 29-bit identifier; frames of 11 bits name no sender and count as the bus's own. Each gets a
/// locally administered hardware address, `02:43:41:4e:00:xx`, by which the rest of the engine knows a host.
fn can(w: &mut Walk<'_, '_>) -> Next {
    const NULL: u8 = 0xfe;
    let Some(&[a, b, c, d, _, fd, _, _]) = w.head::<8>() else { return w.short(8) };
    let extended = a & 0x80 != 0;
    let source = if extended { d } else { NULL };
    // PDU1: the second octet is whom it is for
    let (group, target) = if extended && b < 240 { (0, c) } else { (1, 0xff) };
    let group = if target == 0xff { 1 } else { group };
    w.frame(Some([2 | group, 0x43, 0x41, 0x4e, 0, target]), Some([2, 0x43, 0x41, 0x4e, 0, source]));
    w.layer2(super::packet::Net::EtherType, if fd & 4 != 0 { CAN_FD } else { CAN }, 0)
}

/// Frame Relay: a Q.922 address of two octets, then RFC 2427 or Cisco's EtherType.
fn frame_relay(w: &mut Walk<'_, '_>) -> Next {
    let Some(&[_, low, a, b]) = w.head::<4>() else { return w.short(4) };
    // The last octet of an address has its lowest bit set; longer addresses are not in use.
    if low & 1 == 0 {
        return w.stop(Status::LinkControl);
    }
    w.skip(4);
    match (a, b) {
        (3, 0xcc) => Next::V4,
        (3, 0x8e) => Next::V6,
        // SNAP, perhaps with a padding octet in front of its NLPID.
        (3, 0x80) => super::ether::snap(w),
        (3, 0) if w.rest().first() == Some(&0x80) => {
            w.skip(1);
            super::ether::snap(w)
        }
        (8 | 0x86, _) => Next::Type(u16::from_be_bytes([a, b])),
        _ => w.stop(Status::LinkControl),
    }
}

/// Attributes of one NFLOG record that are looked at.
const MAX_ATTRIBUTES: usize = 32;

/// Linux netfilter log: attributes in the byte order of the machine, one of them the packet.
fn nflog(w: &mut Walk<'_, '_>) -> Next {
    w.skip(4);
    for _ in 0..MAX_ATTRIBUTES {
        let Some(&[l0, l1, t0, t1]) = w.head::<4>() else { return w.short(4) };
        let little = t1 == 0;
        let len = if little { u16::from_le_bytes([l0, l1]) } else { u16::from_be_bytes([l0, l1]) };
        let kind = if little { t0 } else { t1 };
        let len = usize::from(len);
        if len < 4 {
            return w.stop(Status::Malformed);
        }
        // NFULA_PAYLOAD
        if kind == 9 {
            w.bound(len);
            w.skip(4);
            return Next::Ip;
        }
        w.skip(len.next_multiple_of(4));
    }
    w.stop(Status::TooDeep)
}

fn token_ring(w: &mut Walk<'_, '_>) -> Next {
    let Some(h) = w.head::<14>() else { return w.short(14) };
    let [_, _, d0, d1, d2, d3, d4, d5, s0, s1, s2, s3, s4, s5] = *h;
    // The top bit of the source says that a routing information field follows.
    let routed = s0 & 0x80 != 0;
    w.frame(Some([d0, d1, d2, d3, d4, d5]), Some([s0 & 0x7f, s1, s2, s3, s4, s5]));
    w.skip(14);
    if routed {
        let len = w.rest().first().map_or(0, |b| usize::from(b & 0x1f));
        w.skip(len);
    }
    Next::Llc
}

fn fddi(w: &mut Walk<'_, '_>) -> Next {
    let Some(h) = w.head::<13>() else { return w.short(13) };
    let [control, d0, d1, d2, d3, d4, d5, s0, s1, s2, s3, s4, s5] = *h;
    w.frame(Some([d0, d1, d2, d3, d4, d5]), Some([s0, s1, s2, s3, s4, s5]));
    w.skip(13);
    // 0101 in the upper half is an LLC frame with long addresses.
    if control & 0xf0 == 0x50 { Next::Llc } else { w.stop(Status::LinkControl) }
}

fn radiotap(w: &mut Walk<'_, '_>) -> Next {
    let Some(h) = w.head::<8>() else { return w.short(8) };
    let [version, _, l0, l1, present @ ..] = *h;
    let len = usize::from(u16::from_le_bytes([l0, l1]));
    if version != 0 || !(8..=MAX_PSEUDO).contains(&len) {
        return w.stop(Status::Malformed);
    }
    // Presence words go on while bit 31 is set; the fields of the first word come in its order.
    let head = w.rest().get(..len).unwrap_or_default();
    let words = head.get(4..).unwrap_or_default().chunks_exact(4);
    let more = words.take_while(|b| b.last().is_some_and(|b| b & 0x80 != 0)).count();
    let mut at = 8 + more * 4;
    let present = u32::from_le_bytes(present);
    if present & 1 != 0 {
        at = at.next_multiple_of(8) + 8;
    }
    let flags = if present & 2 != 0 { head.get(at).copied().unwrap_or(0) } else { 0 };
    w.skip(len);
    // The frame check sequence is part of the frame.
    if flags & 0x10 != 0 {
        w.bound(w.wire_left().saturating_sub(4));
    }
    wifi_or_padded(w, flags & 0x20 != 0)
}

/// Some drivers put two octets between the 802.11 header and the body.
fn wifi_or_padded(w: &mut Walk<'_, '_>, padded: bool) -> Next {
    if padded { super::wifi::padded(w) } else { Next::Wifi }
}

/// Prism: a message code and length in the byte order of the machine, or an AVS header.
fn prism(w: &mut Walk<'_, '_>) -> Next {
    let Some(h) = w.head::<8>() else { return w.short(8) };
    let [m0, m1, m2, m3, len @ ..] = *h;
    if u32::from_be_bytes([m0, m1, m2, m3]) & 0xffff_f000 == 0x8021_1000 {
        return avs(w);
    }
    let len = u32::from_le_bytes(len).min(u32::from_be_bytes(len)) as usize;
    if !(8..=MAX_PSEUDO).contains(&len) {
        return w.stop(Status::Malformed);
    }
    w.skip(len);
    Next::Wifi
}

fn avs(w: &mut Walk<'_, '_>) -> Next {
    let Some(h) = w.head::<8>() else { return w.short(8) };
    let [_, _, _, _, len @ ..] = *h;
    let len = u32::from_be_bytes(len) as usize;
    if !(8..=MAX_PSEUDO).contains(&len) {
        return w.stop(Status::Malformed);
    }
    w.skip(len);
    Next::Wifi
}

/// Per-packet information: a length and the link type of what follows.
fn ppi(w: &mut Walk<'_, '_>) -> Next {
    let Some(h) = w.head::<8>() else { return w.short(8) };
    let [_, _, l0, l1, link @ ..] = *h;
    let (len, link) = (usize::from(u16::from_le_bytes([l0, l1])), u32::from_le_bytes(link));
    // One wrapper in another is not followed.
    if !(8..=MAX_PSEUDO).contains(&len) || link == 192 {
        return w.stop(Status::Malformed);
    }
    w.skip(len);
    first(w, LinkType(u16::try_from(link).unwrap_or(u16::MAX)))
}
