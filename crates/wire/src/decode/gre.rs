//! GRE (RFC 2784, 2890, 1701), enhanced GRE of PPTP (RFC 2637), ERSPAN I to III
//! (draft-foschiano-erspan), NVGRE (RFC 7637).

use super::ether::ppp_protocol;
use super::packet::Tunnel;
use super::plausible;
use super::walk::{Next, Walk};

const CHECKSUM: u16 = 0x8000;
const ROUTING: u16 = 0x4000;
const KEY: u16 = 0x2000;
const SEQUENCE: u16 = 0x1000;
const ACKNOWLEDGE: u16 = 0x0080;
/// Source route entries that are passed over.
const MAX_ROUTES: usize = 16;

pub(super) fn gre(w: &mut Walk<'_, '_>) -> Next {
    let Some(&[f0, f1, t0, t1]) = w.head::<4>() else { return w.payload() };
    let (flags, kind) = (u16::from_be_bytes([f0, f1]), u16::from_be_bytes([t0, t1]));
    match flags & 7 {
        0 => version0(w, flags, kind),
        1 if kind == 0x880b => pptp(w, flags),
        _ => w.payload(),
    }
}

/// Length of the header, with its optional fields; `None` if it is longer than the packet.
fn length(rest: &[u8], flags: u16) -> Option<usize> {
    let mut len = 4;
    for (bits, octets) in [(CHECKSUM | ROUTING, 4), (KEY, 4), (SEQUENCE, 4)] {
        if flags & bits != 0 {
            len += octets;
        }
    }
    if flags & ROUTING != 0 {
        // Entries: family (2), offset, length, and so much information; family 0 ends the list.
        for n in 0.. {
            let &[a0, a1, _, octets] = rest.get(len..)?.first_chunk()?;
            len += 4 + usize::from(octets);
            if (a0, a1, octets) == (0, 0, 0) {
                break;
            }
            if n == MAX_ROUTES {
                return None;
            }
        }
    }
    (len <= rest.len()).then_some(len)
}

fn version0(w: &mut Walk<'_, '_>, flags: u16, kind: u16) -> Next {
    let rest = w.rest();
    let Some(len) = length(rest, flags) else { return w.payload() };
    let inner = rest.get(len..).unwrap_or_default();
    let left = w.wire_left().saturating_sub(len);
    let (tunnel, skip, next) = match kind {
        0x0800 if plausible::v4(inner, left) => (Tunnel::Gre, 0, Next::V4),
        0x86dd if plausible::v6(inner, left) => (Tunnel::Gre, 0, Next::V6),
        // Web cache redirection (WCCP): a header of four octets may stand in front.
        0x883e if plausible::v4(inner, left) => (Tunnel::Gre, 0, Next::V4),
        0x883e if plausible::v4(inner.get(4..).unwrap_or_default(), left.saturating_sub(4)) => {
            (Tunnel::Gre, 4, Next::V4)
        }
        0x6558 if inner.len() >= 14 => (Tunnel::Gre, 0, Next::Ethernet),
        0x8847 | 0x8848 => (Tunnel::Gre, 0, Next::Mpls),
        0x8100 | 0x88a8 if inner.len() >= 4 => (Tunnel::Gre, 0, Next::Type(kind)),
        // ERSPAN: type I has no header of its own and no sequence number, type II has 8 octets.
        0x88be if flags & SEQUENCE == 0 && inner.len() >= 14 => (Tunnel::Erspan, 0, Next::Ethernet),
        0x88be if inner.len() >= 22 && inner.first().is_some_and(|b| b >> 4 == 1) => {
            return erspan(w, len, 8, inner);
        }
        // Type III has 12, and 8 more if the last bit says so.
        0x22eb if inner.len() >= 26 && inner.first().is_some_and(|b| b >> 4 == 2) => {
            let more = if inner.get(11).is_some_and(|b| b & 1 == 1) { 8 } else { 0 };
            return erspan(w, len, 12 + more, inner);
        }
        _ => {
            w.skip(len);
            return w.payload();
        }
    };
    w.enter(tunnel);
    w.skip(len + skip);
    next
}

/// The mirrored frame; the VLAN of the mirrored port stands in the ERSPAN header, the tag often no more.
fn erspan(w: &mut Walk<'_, '_>, before: usize, header: usize, inner: &[u8]) -> Next {
    let vlan = match inner {
        [a, b, ..] => u16::from_be_bytes([*a, *b]) & 0x0fff,
        _ => 0,
    };
    w.enter(Tunnel::Erspan);
    w.skip(before + header);
    let next = super::ether::framed(w);
    if w.p.vlan == 0 {
        w.p.vlan = vlan;
    }
    next
}

fn pptp(w: &mut Walk<'_, '_>, flags: u16) -> Next {
    let rest = w.rest();
    // The key field is the payload's length and the call id.
    let len = 8 + if flags & SEQUENCE != 0 { 4 } else { 0 } + if flags & ACKNOWLEDGE != 0 { 4 } else { 0 };
    let inner = rest.get(len..).unwrap_or_default();
    match ppp_protocol(inner) {
        Some((0x0021 | 0x0057, at)) => {
            let (ip, left) = (inner.get(at..).unwrap_or_default(), w.wire_left().saturating_sub(len + at));
            if plausible::v4(ip, left) || plausible::v6(ip, left) {
                w.enter(Tunnel::Pptp);
                w.skip(len);
                return Next::Ppp;
            }
        }
        Some(_) => w.skip(len),
        None => {}
    }
    w.payload()
}
