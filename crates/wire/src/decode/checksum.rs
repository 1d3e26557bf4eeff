//! Internet checksums (RFC 1071), an optional pass: captures taken on the sending machine are full
//! of wrong ones that the network card put right, so that nothing is ever dropped for them.

use super::packet::{Net, Packet};

/// Sum of big-endian 16-bit words with end-around carry, on top of `start`; 0xffff over data that
/// includes its own right checksum.
pub(super) fn sum(data: &[u8], start: u32) -> u16 {
    let mut sum = u64::from(start);
    let mut words = data.chunks_exact(4);
    for w in words.by_ref() {
        let n = u32::from_be_bytes(w.try_into().unwrap_or_default());
        sum += u64::from(n);
    }
    for pair in words.remainder().chunks(2) {
        sum += match *pair {
            [a, b] => u64::from(u16::from_be_bytes([a, b])),
            [a] => u64::from(a) << 8,
            _ => 0,
        };
    }
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    sum as u16
}

/// What checking found; `None` where it could not be checked (not all captured, a fragment, none used).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Checksums {
    pub ip: Option<bool>,
    pub transport: Option<bool>,
}

/// Checks the innermost IPv4 header and the TCP, UDP or ICMP checksum of a decoded packet.
pub fn checksums(p: &Packet, record: &[u8]) -> Checksums {
    let (l3, l4) = (usize::from(p.l3_off), usize::from(p.l4_off));
    let mut found = Checksums::default();
    if !p.is_ip() {
        return found;
    }
    if p.net == Net::V4
        && let Some(header) = record.get(l3..l4).filter(|h| h.len() >= 20)
    {
        let len = header.first().map_or(0, |b| usize::from(b & 15) * 4);
        found.ip = header.get(..len).map(|h| sum(h, 0) == 0xffff);
    }
    let end = (p.payload_off as usize).saturating_add(p.payload_len as usize);
    let whole = p.payload_len == p.payload_wire && !p.is_fragment();
    let Some(segment) = record.get(l4..end).filter(|_| whole) else { return found };
    let pseudo = match (p.proto, p.net) {
        (6 | 17, _) | (58, Net::V6) => {
            let len = u32::try_from(segment.len()).unwrap_or(0);
            u32::from(sum(&p.src, 0)) + u32::from(sum(&p.dst, 0)) + u32::from(p.proto) + len
        }
        (1, Net::V4) => 0,
        _ => return found,
    };
    // UDP over IPv4 may go without.
    if p.proto == 17 && segment.get(6..8) == Some(&[0, 0]) {
        return found;
    }
    found.transport = Some(sum(segment, pseudo) == 0xffff);
    found
}
