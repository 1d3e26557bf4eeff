//! Bytes of capture files.

/// Byte order of a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Order {
    Little,
    Big,
}
pub use Order::{Big, Little};

impl Order {
    pub fn u16(self, n: u16) -> [u8; 2] {
        if self == Big { n.to_be_bytes() } else { n.to_le_bytes() }
    }
    pub fn u32(self, n: u32) -> [u8; 4] {
        if self == Big { n.to_be_bytes() } else { n.to_le_bytes() }
    }
    pub fn u64(self, n: u64) -> [u8; 8] {
        if self == Big { n.to_be_bytes() } else { n.to_le_bytes() }
    }
}

/// A pcap file header of version 2.`minor`.
pub fn pcap_head(o: Order, magic: u32, minor: u16, network: u32) -> Vec<u8> {
    [&o.u32(magic)[..], &o.u16(2), &o.u16(minor), &[0; 8], &o.u32(65535), &o.u32(network)].concat()
}

pub fn pcap_record(o: Order, sec: u32, frac: u32, wire: u32, data: &[u8]) -> Vec<u8> {
    [&o.u32(sec)[..], &o.u32(frac), &o.u32(data.len() as u32), &o.u32(wire), data].concat()
}

/// A microsecond pcap of Ethernet: seconds, microseconds and octets of each packet.
pub fn pcap(packets: &[(u32, u32, &[u8])]) -> Vec<u8> {
    let mut file = pcap_head(Little, 0xa1b2_c3d4, 4, 1);
    for (sec, usec, data) in packets {
        file.extend(pcap_record(Little, *sec, *usec, data.len() as u32, data));
    }
    file
}

pub fn block(o: Order, kind: u32, body: &[u8]) -> Vec<u8> {
    let pad = vec![0; body.len().wrapping_neg() & 3];
    let len = o.u32((12 + body.len() + pad.len()) as u32);
    [&o.u32(kind)[..], &len, body, &pad, &len].concat()
}

pub fn section(o: Order) -> Vec<u8> {
    block(o, 0x0a0d_0d0a, &[&o.u32(0x1a2b_3c4d)[..], &o.u16(1), &o.u16(0), &o.u64(u64::MAX)].concat())
}

pub fn option(o: Order, code: u16, value: &[u8]) -> Vec<u8> {
    let pad = vec![0; value.len().wrapping_neg() & 3];
    [&o.u16(code)[..], &o.u16(value.len() as u16), value, &pad].concat()
}

pub fn interface(o: Order, link: u16, snap: u32, options: &[u8]) -> Vec<u8> {
    block(o, 1, &[&o.u16(link)[..], &[0, 0], &o.u32(snap), options].concat())
}

pub fn enhanced(o: Order, interface: u32, ticks: u64, wire: u32, data: &[u8]) -> Vec<u8> {
    let time = [o.u32((ticks >> 32) as u32), o.u32(ticks as u32)].concat();
    let lens = [o.u32(data.len() as u32), o.u32(wire)].concat();
    let pad = vec![0; data.len().wrapping_neg() & 3];
    // Options may follow the packet.
    let options = [option(o, 1, b"note"), vec![0; 4]].concat();
    block(o, 6, &[&o.u32(interface)[..], &time, &lens, data, &pad, &options].concat())
}

pub fn old(o: Order, interface: u16, ticks: u64, data: &[u8]) -> Vec<u8> {
    let time = [o.u32((ticks >> 32) as u32), o.u32(ticks as u32)].concat();
    let len = o.u32(data.len() as u32);
    block(o, 2, &[&o.u16(interface)[..], &[0xff, 0xff], &time, &len, &len, data].concat())
}

pub fn simple(o: Order, wire: u32, data: &[u8]) -> Vec<u8> {
    block(o, 3, &[&o.u32(wire)[..], data].concat())
}
