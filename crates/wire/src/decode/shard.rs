//! Which of the 64 shards a packet belongs to: always the same for both directions of a pair.

use super::packet::{Net, Packet, flag};

/// Number of shards.
pub const SHARDS: usize = 64;

/// An odd constant with well-spread bits (2^64 divided by the golden ratio).
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

fn shard(low: u64, high: u64) -> u8 {
    let mixed = (low.wrapping_mul(SPREAD) ^ high).wrapping_mul(SPREAD);
    // The upper bits depend on all lower ones.
    (mixed >> 58) as u8
}

/// Of two addresses as [`Packet::src`] holds them.
#[inline]
pub fn of_ip(v6: bool, a: &[u8; 16], b: &[u8; 16]) -> u8 {
    if !v6 {
        let word = |x: &[u8; 16]| u32::from_be_bytes([x[0], x[1], x[2], x[3]]);
        let (x, y) = (word(a), word(b));
        let pair = u64::from(x.min(y)) << 32 | u64::from(x.max(y));
        return (pair.wrapping_mul(SPREAD) >> 58) as u8;
    }
    let fold = |x: &[u8; 16]| {
        let n = u128::from_be_bytes(*x);
        ((n >> 64) as u64).wrapping_mul(SPREAD).rotate_left(31) ^ n as u64
    };
    let (x, y) = (fold(a), fold(b));
    shard(x.min(y), x.max(y))
}

/// Of two hardware addresses.
pub fn of_mac(a: &[u8; 6], b: &[u8; 6]) -> u8 {
    let word = |m: &[u8; 6]| u64::from_be_bytes([0, 0, m[0], m[1], m[2], m[3], m[4], m[5]]);
    let (x, y) = (word(a), word(b));
    shard(x.min(y), x.max(y))
}

/// EtherTypes of IEC 61850-8-1 and -9-2.
const GOOSE: u16 = 0x88b8;
const SAMPLED_VALUES: u16 = 0x88ba;

/// Of a decoded packet: IP addresses, else hardware addresses, else 0. All GOOSE is in one shard, and
/// all sampled values: who forges them sends from another address.
#[inline]
pub(super) fn of(p: &Packet) -> u8 {
    match p.net {
        Net::V4 => of_ip(false, &p.src, &p.dst),
        Net::V6 => of_ip(true, &p.src, &p.dst),
        // publishers of a group are told apart by comparing them
        Net::EtherType if matches!(p.ethertype, GOOSE | SAMPLED_VALUES) => shard(0, p.ethertype.into()),
        _ if p.has(flag::SRC_MAC | flag::DST_MAC) => of_mac(&p.src_mac, &p.dst_mac),
        _ => 0,
    }
}
