//! What makes packets one flow.

use crate::model::{HostAddr, Mac, Transport};
use std::net::IpAddr;

/// Unordered pair of ends with transport and VLAN. `lo` is the smaller (address, port).
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct FlowKey {
    pub lo: [u8; 16],
    pub hi: [u8; 16],
    pub lo_port: u16,
    pub hi_port: u16,
    pub vlan: u16,
    /// IP protocol number; on layer 2 always 0.
    pub proto: u8,
    /// 4, 6, or 2 for hardware addresses.
    pub kind: u8,
}

impl FlowKey {
    /// The key, and which side (0 = `lo`) the packet came from.
    pub fn new(
        kind: u8,
        proto: u8,
        vlan: u16,
        src: ([u8; 16], u16),
        dst: ([u8; 16], u16),
    ) -> (FlowKey, usize) {
        let (lo, hi, dir) = if src <= dst { (src, dst, 0) } else { (dst, src, 1) };
        (FlowKey { lo: lo.0, hi: hi.0, lo_port: lo.1, hi_port: hi.1, vlan, proto, kind }, dir)
    }
    pub fn hash(&self) -> u64 {
        let word = |b: &[u8; 16], i: usize| u64::from_le_bytes(b[i..i + 8].try_into().unwrap_or_default());
        let tail = u64::from(self.lo_port)
            | u64::from(self.hi_port) << 16
            | u64::from(self.vlan) << 32
            | u64::from(self.proto) << 48
            | u64::from(self.kind) << 56;
        let mut h = tail.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        for w in [word(&self.lo, 0), word(&self.lo, 8), word(&self.hi, 0), word(&self.hi, 8)] {
            h = (h ^ w).wrapping_mul(0xff51_afd7_ed55_8ccd);
            h ^= h >> 32;
        }
        h
    }
    pub fn addr(&self, side: usize) -> HostAddr {
        let b = if side == 0 { &self.lo } else { &self.hi };
        match self.kind {
            4 => HostAddr::Ip(IpAddr::from([b[0], b[1], b[2], b[3]])),
            6 => HostAddr::Ip(IpAddr::from(*b)),
            _ => HostAddr::Mac(Mac([b[0], b[1], b[2], b[3], b[4], b[5]])),
        }
    }
    pub fn port(&self, side: usize) -> u16 {
        if side == 0 { self.lo_port } else { self.hi_port }
    }
    pub fn transport(&self) -> Transport {
        match (self.kind, self.proto) {
            (2, _) => Transport::L2,
            (_, 6) => Transport::Tcp,
            (_, 17) => Transport::Udp,
            (_, 1 | 58) => Transport::Icmp,
            _ => Transport::Other,
        }
    }
}
