//! Whether octets could be a header, asked before a tunnel or a label stack is believed.

use super::ether::{IPV4, IPV6};

/// An IPv4 header whose lengths fit into `wire` octets, or that has a right checksum (the tunnel then
/// lost the end of its packet).
pub(super) fn v4(data: &[u8], wire: usize) -> bool {
    v4_lengths(data).is_some_and(|(_, total)| total <= wire) || v4_summed(data, usize::MAX)
}

/// Octets of the IPv4 header that begins here, and of its packet.
fn v4_lengths(data: &[u8]) -> Option<(usize, usize)> {
    let &[first, _, l0, l1, ..] = data.first_chunk::<20>()?;
    let (header, total) = (usize::from(first & 15) * 4, usize::from(u16::from_be_bytes([l0, l1])));
    (first >> 4 == 4 && header >= 20 && total >= header).then_some((header, total))
}

/// An IPv4 header with a right checksum whose packet fits into `wire` octets.
pub(super) fn v4_summed(data: &[u8], wire: usize) -> bool {
    v4_lengths(data).is_some_and(|(header, total)| {
        total <= wire && data.get(..header).is_some_and(|h| super::checksum::sum(h, 0) == 0xffff)
    })
}

/// An IPv6 header whose length fits into `wire` octets.
pub(super) fn v6(data: &[u8], wire: usize) -> bool {
    v6_length(data).is_some_and(|n| n <= wire)
}

/// Octets of the IPv6 packet that begins here by its header.
pub(super) fn v6_length(data: &[u8]) -> Option<usize> {
    let &[first, _, _, _, l0, l1, next, _, ..] = data.first_chunk::<40>()?;
    let known = matches!(next, 0 | 4 | 6 | 17 | 41 | 43 | 44 | 47 | 50 | 51 | 58 | 59 | 60 | 89 | 103 | 132);
    (first >> 4 == 6 && known).then(|| 40 + usize::from(u16::from_be_bytes([l0, l1])))
}

/// An Ethernet frame of a type that is in use, or an 802.3 frame whose length fits.
pub(super) fn ethernet(data: &[u8]) -> bool {
    let Some(&[_, _, _, _, _, _, s0, _, _, _, _, _, t0, t1]) = data.first_chunk::<14>() else { return false };
    // A group never sends.
    if s0 & 1 == 1 {
        return false;
    }
    let rest = data.get(14..).unwrap_or_default();
    match u16::from_be_bytes([t0, t1]) {
        IPV4 => rest.first().is_some_and(|b| (0x45..=0x4f).contains(b)),
        IPV6 => rest.first().is_some_and(|b| b >> 4 == 6),
        // Lengths; some of padding only, for which 46 octets are the least.
        t @ 1..=1500 => usize::from(t) <= rest.len().max(46),
        0x0806 | 0x8035 | 0x8100 | 0x88a8 | 0x9100 | 0x9200 | 0x8847 | 0x8848 | 0x8863 | 0x8864 => true,
        0x8808 | 0x8809 | 0x888e | 0x88cc | 0x88f7 | 0x88e5 | 0x88e7 | 0x893f | 0x892f | 0x88fb => true,
        // PROFINET, EtherCAT, POWERLINK, GOOSE, SV, MRP, SERCOS, CC-Link IE, loopback tests
        0x8892 | 0x88a4 | 0x88ab | 0x88b8..=0x88ba | 0x88e3 | 0x88cd | 0x890f | 0x9000 | 0x8902 => true,
        _ => false,
    }
}

/// An Ethernet frame with an IP packet that can hardly be chance.
pub(super) fn ethernet_ip(data: &[u8], wire: usize) -> bool {
    let inner = data.get(14..).unwrap_or_default();
    let left = wire.saturating_sub(14);
    match data.get(12..14) {
        Some([8, 0]) => v4_summed(inner, left),
        Some([0x86, 0xdd]) => v6(inner, left),
        _ => false,
    }
}
