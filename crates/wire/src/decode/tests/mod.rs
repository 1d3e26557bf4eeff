//! Packets made by hand, layer by layer.

pub mod build;
mod defrag;
mod inner;
mod links;
pub mod random;
mod tunnels;

use super::{LinkType, Packet, decode};

/// Decodes a whole packet.
fn read(link: u16, data: &[u8]) -> Packet {
    decode(LinkType(link), data.len() as u32, data)
}

/// "SRC:PORT > DST:PORT PROTO PAYLOAD" of the innermost headers.
fn said(p: &Packet, data: &[u8]) -> String {
    let end =
        |ip: Option<std::net::IpAddr>, port: u16| ip.map_or("-".to_owned(), |ip| format!("{ip}:{port}"));
    let (src, dst) = (end(p.src_ip(), p.sport), end(p.dst_ip(), p.dport));
    format!("{src} > {dst} {} {}", p.proto, String::from_utf8_lossy(p.payload(data)))
}
