//! 802.11 data frames (IEEE 802.11-2020, clause 9).

use super::packet::{Status, Tunnel};
use super::walk::{Next, Walk};

pub(super) fn frame(w: &mut Walk<'_, '_>) -> Next {
    data(w, false)
}

/// The same where the driver aligned the body to four octets.
pub(super) fn padded(w: &mut Walk<'_, '_>) -> Next {
    data(w, true)
}

fn address(rest: &[u8], at: usize) -> Option<[u8; 6]> {
    rest.get(at..)?.first_chunk().copied()
}

fn data(w: &mut Walk<'_, '_>, padded: bool) -> Next {
    let rest = w.rest();
    let Some(&[mut control, mut flags]) = w.head::<2>() else { return w.short(24) };
    // No such version: the octets are exchanged, as Cisco's access points do in CAPWAP.
    let swapped = w.p.tunnel == Tunnel::Capwap && control & 3 != 0;
    if swapped {
        (control, flags) = (flags, control);
    }
    let (kind, subtype) = (control >> 2 & 3, control >> 4);
    // Type 2 is data; bit 2 of its subtype says that there is none.
    if control & 3 != 0 || kind != 2 || subtype & 4 != 0 {
        return w.stop(Status::LinkControl);
    }
    let (to_ds, from_ds) = (flags & 1 != 0, flags & 2 != 0);
    let (dst, src) = match (to_ds, from_ds) {
        (false, false) => (4, 10),
        (false, true) => (4, 16),
        (true, false) => (16, 10),
        (true, true) => (16, 24),
    };
    let mut len = if to_ds && from_ds { 30 } else { 24 };
    let qos = subtype & 8 != 0;
    let mut aggregated = false;
    if qos {
        aggregated = rest.get(len).is_some_and(|b| b & 0x80 != 0);
        len += 2;
        // The order bit of a QoS frame announces the HT control field.
        if flags & 0x80 != 0 {
            len += 4;
        }
    }
    if padded {
        len = len.next_multiple_of(4);
    }
    if rest.len() < len {
        return w.short(len);
    }
    w.frame(address(rest, dst), address(rest, src));
    w.skip(len);
    if flags & 0x40 != 0 {
        // The addresses are readable all the same: they say who talks to whom.
        w.network(super::packet::Net::None);
        return w.stop(Status::Encrypted);
    }
    // A later fragment has no LLC header.
    if rest.get(if swapped { 23 } else { 22 }).is_some_and(|b| b & 15 != 0) {
        return w.stop(Status::LinkControl);
    }
    if aggregated {
        // The first of the aggregated frames: its own addresses and length.
        let Some(h) = w.head::<14>() else { return w.short(14) };
        let [d0, d1, d2, d3, d4, d5, s0, s1, s2, s3, s4, s5, l0, l1] = *h;
        w.frame(Some([d0, d1, d2, d3, d4, d5]), Some([s0, s1, s2, s3, s4, s5]));
        w.skip(14);
        w.bound(usize::from(u16::from_be_bytes([l0, l1])).min(w.wire_left()));
    }
    Next::Llc
}
