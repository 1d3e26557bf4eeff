//! What follows an IP header: TCP, UDP and others with ports, or another header of IP's own.

use super::packet::{Status, Tunnel, flag};
use super::walk::{Next, Walk};
use super::{plausible, udp_tunnel};

#[inline]
pub(super) fn proto(w: &mut Walk<'_, '_>, number: u8, v6: bool) -> Next {
    match number {
        6 => tcp(w),
        17 => udp(w),
        4 if plausible::v4(w.rest(), w.wire_left()) => {
            w.enter(Tunnel::IpInIp);
            Next::V4
        }
        41 if plausible::v6(w.rest(), w.wire_left()) => {
            w.enter(if v6 { Tunnel::IpInIp } else { Tunnel::SixInFour });
            Next::V6
        }
        47 => Next::Gre,
        51 if !v6 => authenticated(w),
        // EtherIP, version 3 (RFC 3378)
        97 if w.rest().first() == Some(&0x30)
            && plausible::ethernet(w.rest().get(2..).unwrap_or_default()) =>
        {
            w.enter(Tunnel::EtherIp);
            w.skip(2);
            Next::Ethernet
        }
        // A label stack of at least one entry (RFC 4023).
        137 if w.rest().len() >= 24 => {
            w.enter(Tunnel::MplsInIp);
            Next::Mpls
        }
        // DCCP, SCTP, UDP-Lite: ports where TCP has them.
        33 => ported(w, 12),
        132 => ported(w, 12),
        136 => ported(w, 8),
        _ => w.payload(),
    }
}

fn authenticated(w: &mut Walk<'_, '_>) -> Next {
    let Some(&[next, units]) = w.head::<2>() else { return w.short(12) };
    let len = (usize::from(units) + 2) * 4;
    if w.at + len > w.end {
        return w.short(len);
    }
    w.at += len;
    w.p.proto = next;
    w.p.l4_off = u16::try_from(w.at).unwrap_or(u16::MAX);
    Next::Proto(next, false)
}

fn ports(w: &mut Walk<'_, '_>) {
    if let Some(&[s0, s1, d0, d1]) = w.head::<4>() {
        w.p.sport = u16::from_be_bytes([s0, s1]);
        w.p.dport = u16::from_be_bytes([d0, d1]);
    }
}

fn ported(w: &mut Walk<'_, '_>, header: usize) -> Next {
    ports(w);
    if w.rest().len() < header {
        return w.short(header);
    }
    w.p.flags |= flag::TRANSPORT;
    w.at += header;
    w.payload()
}

/// RFC 9293.
#[inline]
pub(super) fn tcp(w: &mut Walk<'_, '_>) -> Next {
    let Some(h) = w.head::<20>() else {
        ports(w);
        return w.short(20);
    };
    let [s0, s1, d0, d1, q0, q1, q2, q3, a0, a1, a2, a3, offset, flags, n0, n1, ..] = *h;
    w.p.sport = u16::from_be_bytes([s0, s1]);
    w.p.dport = u16::from_be_bytes([d0, d1]);
    w.p.word = u32::from_be_bytes([q0, q1, q2, q3]);
    w.p.tcp_ack = u32::from_be_bytes([a0, a1, a2, a3]);
    w.p.tcp_flags = flags;
    w.p.tcp_window = u16::from_be_bytes([n0, n1]);
    w.p.flags |= flag::TRANSPORT;
    let header = usize::from(offset >> 4) * 4;
    if header < 20 || header > w.wire_left() {
        return w.stop(Status::Malformed);
    }
    if w.at + header > w.end {
        // The options were cut off; how much payload there was is still known.
        let wire = w.wire_left() - header;
        let done = w.short(header);
        w.p.payload_wire = u32::try_from(wire).unwrap_or(u32::MAX);
        return done;
    }
    w.at += header;
    w.payload()
}

/// RFC 768.
#[inline]
pub(super) fn udp(w: &mut Walk<'_, '_>) -> Next {
    let Some(&[s0, s1, d0, d1, l0, l1, _, _]) = w.head::<8>() else {
        ports(w);
        return w.short(8);
    };
    w.p.sport = u16::from_be_bytes([s0, s1]);
    w.p.dport = u16::from_be_bytes([d0, d1]);
    w.p.flags |= flag::TRANSPORT;
    let len = usize::from(u16::from_be_bytes([l0, l1]));
    match len {
        // Longer than 16 bits (RFC 2675), or offloaded: up to the end of the IP packet.
        0 => {}
        1..8 => return w.stop(Status::Malformed),
        _ if len <= w.wire_left() => w.bound(len),
        _ => w.p.status = Status::Malformed,
    }
    w.at += 8;
    udp_tunnel::inside(w).unwrap_or_else(|| w.payload())
}
