//! Headers put around payloads.

use crate::decode::checksum::sum;

pub const DST: [u8; 6] = [2, 0, 0, 0, 0, 0xd];
pub const SRC: [u8; 6] = [2, 0, 0, 0, 0, 0x5];

/// Joins pieces.
pub fn cat(pieces: &[&[u8]]) -> Vec<u8> {
    pieces.concat()
}

pub fn eth(kind: u16, payload: &[u8]) -> Vec<u8> {
    cat(&[&DST, &SRC, &kind.to_be_bytes(), payload])
}

/// Addresses are 10.0.0.`a` and 10.0.0.`b`.
pub fn ip4_between(a: u8, b: u8, proto: u8, frag: u16, payload: &[u8]) -> Vec<u8> {
    let total = 20 + payload.len() as u16;
    let mut head = vec![0x45, 0];
    head.extend(total.to_be_bytes());
    head.extend([0x12, 0x34]);
    head.extend(frag.to_be_bytes());
    head.extend([64, proto, 0, 0, 10, 0, 0, a, 10, 0, 0, b]);
    let check = !sum(&head, 0);
    head[10..12].copy_from_slice(&check.to_be_bytes());
    cat(&[&head, payload])
}

pub fn ip4(proto: u8, payload: &[u8]) -> Vec<u8> {
    ip4_between(1, 2, proto, 0, payload)
}

/// Addresses are fd00::`a` and fd00::`b`.
pub fn ip6_between(a: u8, b: u8, next: u8, payload: &[u8]) -> Vec<u8> {
    let address = |n: u8| [0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, n];
    let len = (payload.len() as u16).to_be_bytes();
    cat(&[&[0x60, 0, 0, 0], &len, &[next, 60], &address(a), &address(b), payload])
}

pub fn ip6(next: u8, payload: &[u8]) -> Vec<u8> {
    ip6_between(1, 2, next, payload)
}

pub fn udp(sport: u16, dport: u16, payload: &[u8]) -> Vec<u8> {
    let len = 8 + payload.len() as u16;
    cat(&[&sport.to_be_bytes(), &dport.to_be_bytes(), &len.to_be_bytes(), &[0, 0], payload])
}

/// With sequence number 100, acknowledgement 200, PSH and ACK, window 4096.
pub fn tcp(sport: u16, dport: u16, payload: &[u8]) -> Vec<u8> {
    let head = [0, 0, 0, 100, 0, 0, 0, 200, 0x50, 0x18, 0x10, 0, 0, 0, 0, 0];
    cat(&[&sport.to_be_bytes(), &dport.to_be_bytes(), &head, payload])
}

/// A UDP packet from 10.0.0.8:1000 to 10.0.0.9:2000 that says "inner", to be put into tunnels.
pub fn inner4() -> Vec<u8> {
    ip4_between(8, 9, 17, 0, &udp(1000, 2000, b"inner"))
}

/// The same from fd00::8 to fd00::9.
pub fn inner6() -> Vec<u8> {
    ip6_between(8, 9, 17, &udp(1000, 2000, b"inner"))
}

pub const INNER4: &str = "10.0.0.8:1000 > 10.0.0.9:2000 17 inner";
pub const INNER6: &str = "fd00::8:1000 > fd00::9:2000 17 inner";

/// The inner packet in a frame with other hardware addresses: ...:0a to ...:0b.
pub fn inner_eth() -> Vec<u8> {
    cat(&[&[2, 0, 0, 0, 0, 0xb], &[2, 0, 0, 0, 0, 0xa], &[8, 0], &inner4()])
}
