//! Tunnels over UDP: VXLAN (RFC 7348) and its generic extension, Geneve (RFC 8926), GTP-U
//! (3GPP TS 29.281, version 0 GSM 09.60), Teredo (RFC 4380), L2TPv2 data (RFC 2661), MPLS (RFC 7510), CAPWAP data
//! (RFC 5415), TZSP.
//!
//! The content decides: on a tunnel's own port its header and the head of what is inside must
//! agree, on any other port the inner lengths and checksum must be right too. What fails is
//! plain UDP.

use super::ether::ppp_protocol;
use super::packet::Tunnel;
use super::plausible;
use super::walk::{Next, Walk};

/// Octets of tunnel header, the tunnel, and what stands inside.
type Inside = (usize, Tunnel, Next);

#[inline]
pub(super) fn inside(w: &mut Walk<'_, '_>) -> Option<Next> {
    let head = u32::from_be_bytes(*w.head::<4>()?);
    let signed = head == 0x0800_0000
        || head & 0xf0ff_0000 == 0x30ff_0000
        || head & 0xffff == 0x6558
        || head >> 24 == 0x60;
    let port = if usual(w.p.dport) { w.p.dport } else { w.p.sport };
    let usual = usual(port);
    if !signed && !usual {
        return None;
    }
    let (rest, wire) = (w.rest(), w.wire_left());
    let found = if usual { on_port(port, rest, wire) } else { None };
    let (skip, tunnel, next) = found.or_else(|| anywhere(rest, wire))?;
    w.enter(tunnel);
    w.skip(skip);
    Some(next)
}

#[inline]
fn usual(port: u16) -> bool {
    matches!(port, 1701 | 2152 | 3386 | 3544 | 4789 | 4790 | 5247 | 6081 | 6635 | 8472 | 37008)
}

fn on_port(port: u16, rest: &[u8], wire: usize) -> Option<Inside> {
    match port {
        4789 | 4790 | 8472 => vxlan(rest, wire),
        6081 => geneve(rest, wire, false),
        2152 => gtp_u(rest, wire, false),
        3386 => gtp_0(rest, wire),
        3544 => teredo(rest, wire),
        1701 => l2tp(rest, wire),
        6635 if rest.len() >= 24 => Some((0, Tunnel::MplsInIp, Next::Mpls)),
        5247 => capwap(rest),
        37008 => tzsp(rest),
        _ => None,
    }
}

fn anywhere(rest: &[u8], wire: usize) -> Option<Inside> {
    match rest.first()? {
        8 if rest.get(7) == Some(&0) => {
            let inner = rest.get(8..)?;
            plausible::ethernet_ip(inner, wire.saturating_sub(8)).then_some((
                8,
                Tunnel::Vxlan,
                Next::Ethernet,
            ))
        }
        0x30..=0x3f if rest.get(1) == Some(&0xff) => gtp_u(rest, wire, true),
        0x60 => {
            // Between two Teredo clients ports are whatever their routers chose; one of the
            // addresses inside is of the Teredo prefix 2001::/32.
            let prefix = |at: usize| rest.get(at..at + 4) == Some(&[0x20, 1, 0, 0]);
            let exact = plausible::v6_length(rest) == Some(wire);
            (exact && (prefix(8) || prefix(24))).then_some((0, Tunnel::Teredo, Next::V6))
        }
        _ => geneve(rest, wire, true),
    }
}

fn vxlan(rest: &[u8], wire: usize) -> Option<Inside> {
    let &[flags, _, _, protocol, ..] = rest.first_chunk::<8>()?;
    let (inner, left) = (rest.get(8..)?, wire.saturating_sub(8));
    // The I flag must be set; what is reserved is not looked at. The generic extension's P flag says
    // that an IP packet without Ethernet may be inside.
    let next = match if flags & 4 != 0 { protocol } else { 0 } {
        1 if plausible::v4(inner, left) => Next::V4,
        2 if plausible::v6(inner, left) => Next::V6,
        _ if plausible::ethernet(inner) => Next::Ethernet,
        _ => return None,
    };
    (flags & 8 != 0).then_some((8, Tunnel::Vxlan, next))
}

fn geneve(rest: &[u8], wire: usize, strict: bool) -> Option<Inside> {
    let &[first, second, t0, t1, _, _, _, reserved] = rest.first_chunk::<8>()?;
    if first >> 6 != 0 || second & 0x3f != 0 || reserved != 0 {
        return None;
    }
    let len = 8 + usize::from(first & 0x3f) * 4;
    let (inner, left) = (rest.get(len..)?, wire.saturating_sub(len));
    let next = match u16::from_be_bytes([t0, t1]) {
        0x6558 if strict && plausible::ethernet_ip(inner, left) => Next::Ethernet,
        0x6558 if !strict && plausible::ethernet(inner) => Next::Ethernet,
        0x0800 if !strict && plausible::v4(inner, left) => Next::V4,
        0x86dd if !strict && plausible::v6(inner, left) => Next::V6,
        _ => return None,
    };
    Some((len, Tunnel::Geneve, next))
}

/// Extension headers of one GTP packet that are passed over.
const MAX_GTP_EXTENSIONS: usize = 8;

fn gtp_u(rest: &[u8], wire: usize, strict: bool) -> Option<Inside> {
    let &[first, kind, l0, l1, ..] = rest.first_chunk::<8>()?;
    // Version 1, protocol type GTP, a user packet (G-PDU).
    if first & 0xf0 != 0x30 || kind != 255 {
        return None;
    }
    let length = usize::from(u16::from_be_bytes([l0, l1])) + 8;
    if length > wire || (strict && length != wire) {
        return None;
    }
    let mut len = 8;
    if first & 7 != 0 {
        len = 12;
        let mut extension = if first & 4 != 0 { *rest.get(11)? } else { 0 };
        for _ in 0..MAX_GTP_EXTENSIONS {
            if extension == 0 {
                break;
            }
            // In units of four octets, the last of which names the next.
            let units = usize::from(*rest.get(len)?).max(1);
            len += units * 4;
            extension = *rest.get(len - 1)?;
        }
    }
    let (inner, left) = (rest.get(len..)?, wire.saturating_sub(len));
    let next = match inner.first()? >> 4 {
        4 if plausible::v4_summed(inner, left) || (!strict && plausible::v4(inner, left)) => Next::V4,
        6 if plausible::v6(inner, left) => Next::V6,
        _ if plausible::ethernet_ip(inner, left) => Next::Ethernet,
        _ => return None,
    };
    Some((len, Tunnel::GtpU, next))
}

/// The first version (GSM 09.60): a header of 20 octets, and a user packet (T-PDU).
fn gtp_0(rest: &[u8], wire: usize) -> Option<Inside> {
    let &[first, kind, l0, l1, ..] = rest.first_chunk::<20>()?;
    let length = usize::from(u16::from_be_bytes([l0, l1])) + 20;
    let (inner, left) = (rest.get(20..)?, wire.saturating_sub(20));
    let user = first & 0xf0 == 0x10 && kind == 255 && length <= wire;
    match inner.first()? >> 4 {
        4 if user && plausible::v4(inner, left) => Some((20, Tunnel::GtpU, Next::V4)),
        6 if user && plausible::v6(inner, left) => Some((20, Tunnel::GtpU, Next::V6)),
        _ => None,
    }
}

fn teredo(rest: &[u8], wire: usize) -> Option<Inside> {
    let mut at = 0;
    if let [0, 1, id, auth, ..] = rest {
        // Client identifier, authentication value, nonce and confirmation.
        at = 4 + usize::from(*id) + usize::from(*auth) + 9;
    }
    if rest.get(at..at + 2) == Some(&[0, 0]) {
        at += 8;
    }
    let inner = rest.get(at..)?;
    // Trailers may follow the packet (RFC 6081).
    plausible::v6(inner, wire.saturating_sub(at)).then_some((at, Tunnel::Teredo, Next::V6))
}

fn l2tp(rest: &[u8], wire: usize) -> Option<Inside> {
    let &[f0, f1] = rest.first_chunk::<2>()?;
    let flags = u16::from_be_bytes([f0, f1]);
    // A data message of version 2.
    if flags & 0x800f != 2 {
        return None;
    }
    // Tunnel and session id; length, sequence numbers and an offset may be there.
    let mut len = 6;
    if flags & 0x4000 != 0 {
        len += 2;
    }
    if flags & 0x0800 != 0 {
        len += 4;
    }
    if flags & 0x0200 != 0 {
        let &[o0, o1] = rest.get(len..)?.first_chunk()?;
        len += 2 + usize::from(u16::from_be_bytes([o0, o1]));
    }
    let frame = rest.get(len..)?;
    let (protocol, at) = ppp_protocol(frame)?;
    let (inner, left) = (frame.get(at..)?, wire.saturating_sub(len + at));
    let whole = match protocol {
        0x0021 => plausible::v4(inner, left),
        0x0057 => plausible::v6(inner, left),
        _ => false,
    };
    whole.then_some((len, Tunnel::L2tp, Next::Ppp))
}

fn capwap(rest: &[u8]) -> Option<Inside> {
    let &[preamble, b1, b2, b3, _, _, _, _] = rest.first_chunk::<8>()?;
    let len = usize::from(b1 >> 3) * 4;
    let binding = b2 >> 1 & 0x1f;
    let (native, fragment, keepalive) = (b2 & 1 != 0, b3 & 0x80 != 0, b3 & 8 != 0);
    if preamble != 0 || len < 8 || fragment || keepalive {
        return None;
    }
    let inner = rest.get(len..)?;
    match (native, binding) {
        // An 802.11 data frame; some access points exchange the octets of its frame control.
        (true, 1) => {
            let &[a, b] = inner.first_chunk::<2>()?;
            (a & 0x0f == 8 || b & 0x0f == 8).then_some((len, Tunnel::Capwap, Next::Wifi))
        }
        (false, _) => plausible::ethernet(inner).then_some((len, Tunnel::Capwap, Next::Ethernet)),
        _ => None,
    }
}

/// Tags of one TZSP packet that are passed over.
const MAX_TAGS: usize = 32;

fn tzsp(rest: &[u8]) -> Option<Inside> {
    // Version 1, a received packet, Ethernet.
    if rest.first_chunk::<4>()? != &[1, 0, 0, 1] {
        return None;
    }
    let mut at = 4;
    for _ in 0..MAX_TAGS {
        match *rest.get(at)? {
            0 => at += 1,
            1 => {
                at += 1;
                let inner = rest.get(at..)?;
                return plausible::ethernet(inner).then_some((at, Tunnel::Tzsp, Next::Ethernet));
            }
            _ => at += 2 + usize::from(*rest.get(at + 1)?),
        }
    }
    None
}
