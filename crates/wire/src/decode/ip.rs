//! IPv4 (RFC 791) and IPv6 with its extension headers (RFC 8200).

use super::packet::{Net, Status, flag};
use super::walk::{Next, Walk};

/// Extension headers of one IPv6 packet that are passed over.
const MAX_EXTENSIONS: usize = 12;

pub(super) fn by_version(w: &mut Walk<'_, '_>) -> Next {
    match w.rest().first().map(|b| b >> 4) {
        Some(4) => Next::V4,
        Some(6) => Next::V6,
        Some(_) => w.stop(Status::Malformed),
        None => w.short(1),
    }
}

#[inline]
pub(super) fn v4(w: &mut Walk<'_, '_>) -> Next {
    let Some(h) = w.head::<20>() else { return w.short(20) };
    let [vi, _, l0, l1, i0, i1, o0, o1, ttl, proto, _, _, s0, s1, s2, s3, d0, d1, d2, d3] = *h;
    let header = usize::from(vi & 15) * 4;
    let total = usize::from(u16::from_be_bytes([l0, l1]));
    if vi >> 4 != 4 || header < 20 || (total != 0 && total < header) {
        return w.stop(Status::Malformed);
    }
    w.network(Net::V4);
    w.p.src = [s0, s1, s2, s3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    w.p.dst = [d0, d1, d2, d3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    w.p.ttl = ttl;
    w.p.proto = proto;
    if total == 0 {
        // Segmentation offload leaves the length to the network card.
        w.p.flags |= flag::NO_LENGTH;
    } else {
        w.bound(total);
    }
    if w.at + header > w.end {
        return w.short(header);
    }
    w.at += header;
    w.p.l4_off = u16::try_from(w.at).unwrap_or(u16::MAX);
    let offset = u16::from_be_bytes([o0, o1]);
    if offset & 0x3fff != 0 {
        let id = u32::from(u16::from_be_bytes([i0, i1]));
        return fragment(w, id, (offset & 0x1fff) << 3, offset & 0x2000 != 0);
    }
    match proto {
        6 => super::transport::tcp(w),
        17 => super::transport::udp(w),
        other => Next::Proto(other, false),
    }
}

fn fragment(w: &mut Walk<'_, '_>, id: u32, offset: u16, more: bool) -> Next {
    w.p.flags |= flag::FRAGMENT | if more { flag::MORE } else { 0 };
    w.p.word = id;
    w.p.frag_off = offset;
    w.payload()
}

pub(super) fn v6(w: &mut Walk<'_, '_>) -> Next {
    let Some(h) = w.head::<40>() else { return w.short(40) };
    let [first, _, _, _, l0, l1, next, ttl, addresses @ ..] = h;
    if first >> 4 != 6 {
        return w.stop(Status::Malformed);
    }
    w.network(Net::V6);
    let (src, dst) = addresses.split_at(16);
    w.p.src = src.try_into().unwrap_or_default();
    w.p.dst = dst.try_into().unwrap_or_default();
    w.p.ttl = *ttl;
    w.at += 40;
    match usize::from(u16::from_be_bytes([*l0, *l1])) {
        // A jumbogram, or segmentation offload.
        0 => w.p.flags |= flag::NO_LENGTH,
        len => w.bound(len),
    }
    extensions(w, *next)
}

/// Passes over extension headers up to the first that is none.
pub(super) fn extensions(w: &mut Walk<'_, '_>, mut next: u8) -> Next {
    for _ in 0..MAX_EXTENSIONS {
        w.p.proto = next;
        w.p.l4_off = u16::try_from(w.at).unwrap_or(u16::MAX);
        match next {
            // Hop-by-hop, routing, destination options, mobility, HIP, Shim6: length in units of
            // eight octets beyond the first.
            0 | 43 | 60 | 135 | 139 | 140 => {
                let Some(&[after, units]) = w.head::<2>() else { return w.short(8) };
                let len = (usize::from(units) + 1) * 8;
                if w.at + len > w.end {
                    return w.short(len);
                }
                w.at += len;
                next = after;
            }
            // Authentication header: in units of four, less two.
            51 => {
                let Some(&[after, units]) = w.head::<2>() else { return w.short(12) };
                let len = (usize::from(units) + 2) * 4;
                if w.at + len > w.end {
                    return w.short(len);
                }
                w.at += len;
                next = after;
            }
            44 => {
                let Some(&[after, _, o0, o1, i0, i1, i2, i3]) = w.head::<8>() else { return w.short(8) };
                w.at += 8;
                next = after;
                let offset = u16::from_be_bytes([o0, o1]);
                // An atomic fragment (RFC 6946) is the whole datagram.
                if offset & 0xfff9 != 0 {
                    w.p.proto = next;
                    w.p.l4_off = u16::try_from(w.at).unwrap_or(u16::MAX);
                    let id = u32::from_be_bytes([i0, i1, i2, i3]);
                    return fragment(w, id, offset & 0xfff8, offset & 1 != 0);
                }
            }
            59 => return w.payload(),
            other => return Next::Proto(other, true),
        }
    }
    w.stop(Status::TooDeep)
}
