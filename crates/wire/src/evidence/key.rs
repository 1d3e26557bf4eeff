//! Who talks with whom, as packets and requests name it.

use crate::decode::{Net, Packet, flag};
use crate::model::HostAddr;
use std::net::IpAddr;

/// An address in the form packets hold it: kind (4, 6, 2 for a hardware address, 0 for none), octets.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Default)]
pub struct Address {
    kind: u8,
    octets: [u8; 16],
}

impl From<HostAddr> for Address {
    fn from(addr: HostAddr) -> Address {
        let mut octets = [0; 16];
        let mut put = |from: &[u8]| octets.iter_mut().zip(from).for_each(|(to, b)| *to = *b);
        let kind = match addr {
            HostAddr::Ip(IpAddr::V4(a)) => {
                put(&a.octets());
                4
            }
            HostAddr::Ip(IpAddr::V6(a)) => {
                put(&a.octets());
                6
            }
            HostAddr::Mac(m) => {
                put(&m.0);
                2
            }
        };
        Address { kind, octets }
    }
}

/// The unordered pair of the innermost addresses.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Pair(pub Address, pub Address);

impl Pair {
    pub fn new(a: Address, b: Address) -> Pair {
        if a <= b { Pair(a, b) } else { Pair(b, a) }
    }
    /// Of a packet: IP addresses, else hardware addresses, else nothing at all.
    #[inline]
    pub fn of(p: &Packet) -> Pair {
        let of = |kind, octets: &[u8; 16]| Address { kind, octets: *octets };
        match p.net {
            Net::V4 => Pair::new(of(4, &p.src), of(4, &p.dst)),
            Net::V6 => Pair::new(of(6, &p.src), of(6, &p.dst)),
            _ if p.has(flag::SRC_MAC) || p.has(flag::DST_MAC) => {
                let mac = |m| Address::from(HostAddr::Mac(crate::model::Mac(m)));
                Pair::new(mac(p.src_mac), mac(p.dst_mac))
            }
            _ => Pair::default(),
        }
    }
    pub fn has(&self, a: Address) -> bool {
        self.0 == a || self.1 == a
    }
}
