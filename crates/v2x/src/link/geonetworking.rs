//! GeoNetworking (EN 302 636-4-1, 9) and BTP (EN 302 636-5-1).

/// EtherType.
pub const ETHERTYPE: u16 = 0x8947;

/// The secured message of a packet: its basic header says that one follows.
pub fn secured(packet: &[u8]) -> Option<&[u8]> {
    let (basic, rest) = packet.split_at_checked(4)?;
    // version 0 or 1, next header 2: secured packet
    (basic[0] >> 4 <= 1 && basic[0] & 0x0f == 2).then_some(rest)
}

/// Octets of the extended header by type and subtype of the common header (9.8).
fn extended(kind: u8) -> Option<usize> {
    Some(match kind {
        0x10 => 24,        // beacon
        0x20 => 48,        // unicast
        0x30..=0x32 => 44, // anycast
        0x40..=0x42 => 44, // broadcast to an area
        0x50 => 28,        // single hop
        0x51 => 28,        // topologically scoped broadcast
        0x60 => 36,        // location service request
        0x61 => 48,        // location service reply
        _ => return None,
    })
}

/// The message in what a secured packet holds: common header, extended header, BTP. None: it is no such thing.
pub fn payload(octets: &[u8]) -> Option<&[u8]> {
    let (common, rest) = octets.split_at_checked(8)?;
    // next header 1 or 2: BTP-A, BTP-B; the reserved bits and octet are zero
    if !matches!(common[0], 0x10 | 0x20) || common[7] != 0 {
        return None;
    }
    let length = usize::from(u16::from_be_bytes([common[4], common[5]]));
    let rest = rest.get(extended(common[1])?..)?;
    (rest.len() == length).then_some(rest)?.get(4..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_hop_packet_is_opened() {
        let mut packet = vec![0x12, 0, 5, 1];
        let mut inner = vec![0x20, 0x50, 0, 0x80, 0, 7, 1, 0];
        inner.extend([0; 28]);
        inner.extend([0x07, 0xd1, 0, 0, 1, 2, 3]);
        packet.extend(&inner);
        assert_eq!(secured(&packet), Some(&inner[..]));
        assert_eq!(payload(&inner), Some(&[1, 2, 3][..]));
        for cut in 0..inner.len() {
            assert_eq!(payload(&inner[..cut]), None, "{cut}");
        }
        packet[0] = 0x11;
        assert_eq!(secured(&packet), None, "not secured");
    }
}
