//! Addresses that are no one's on the Internet.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether an address is reachable from everywhere, by the registries of special-purpose addresses
/// (IANA; RFC 6890). Multicast counts as global: it is no one's, and no router's.
pub fn is_global(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(a) => v4(a),
        IpAddr::V6(a) => a.to_ipv4_mapped().map_or_else(|| v6(a), v4),
    }
}

fn v4(a: Ipv4Addr) -> bool {
    !matches!(
        a.octets(),
        [0 | 10 | 127, ..]
            | [100, 64..=127, ..]
            | [169, 254, ..]
            | [172, 16..=31, ..]
            | [192, 0, 0, 0..=8 | 11..=255]
            | [192, 0, 2, _]
            | [192, 168, ..]
            | [198, 18 | 19, ..]
            | [198, 51, 100, _]
            | [203, 0, 113, _]
            | [240..=255, ..]
    )
}

fn v6(a: Ipv6Addr) -> bool {
    match a.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => false,
        [0x64, 0xFF9B, 1, ..] | [0x100, 0, 0, 0, ..] => false,
        // IETF protocol assignments, but for those that are global
        [0x2001, 1, 0, 0, 0, 0, 0, 1 | 2] | [0x2001, 3, ..] | [0x2001, 4, 0x112, ..] => true,
        [0x2001, 0x20..=0x3F, ..] => true,
        [0x2001, 0..=0x1FF | 0xDB8, ..] | [0x2002, ..] | [0x3FFF, 0..=0xFFF, ..] => false,
        [first, ..] => first & 0xFE00 != 0xFC00 && first & 0xFFC0 != 0xFE80,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn special_addresses_and_others() {
        let of = |text: &str| is_global(text.parse().unwrap());
        for special in [
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "127.0.0.1",
            "169.254.3.4",
            "172.31.0.1",
            "192.0.0.8",
            "192.0.2.1",
            "192.168.9.9",
            "198.19.0.1",
            "198.51.100.7",
            "203.0.113.9",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:10.0.0.1",
            "64:ff9b:1::5",
            "100::7",
            "2001:2::1",
            "2001:db8::1",
            "2002:a00:1::",
            "3fff:fff::1",
            "fc00::1",
            "fd12::1",
            "fe80::1",
        ] {
            assert!(!of(special), "{special}");
        }
        for global in [
            "1.1.1.1",
            "100.63.0.1",
            "172.32.0.1",
            "192.0.0.9",
            "192.0.1.1",
            "198.20.0.1",
            "203.0.114.1",
            "224.0.0.1",
            "::ffff:8.8.8.8",
            "2001:1::1",
            "2001:4:112::1",
            "2001:200::1",
            "2606:4700::1111",
            "3fff:1000::1",
            "64:ff9b::1",
        ] {
            assert!(of(global), "{global}");
        }
    }
}
