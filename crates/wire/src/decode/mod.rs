//! From the octets of a record to the innermost headers, in place.
//!
//! [`decode`] walks link layer, tags, tunnels and IP headers down to the transport header and
//! says where the payload stands. Nothing is copied and nothing allocated; nothing is dropped
//! either: a packet that cannot be understood says why in [`Packet::status`].

mod checksum;
mod defrag;
mod ether;
mod gre;
mod ip;
mod link;
mod linktype;
mod packet;
mod plausible;
pub mod shard;
mod transport;
mod udp_tunnel;
mod walk;
mod wifi;

pub use checksum::{Checksums, checksums};
pub use defrag::{Defrag, DefragStats, Reassembled};
pub use linktype::LinkType;
pub use packet::{Net, Packet, Status, Tunnel, flag};

/// Headers that are walked before a packet is given up as [`Status::TooDeep`].
pub const MAX_HEADERS: usize = 16;

/// Finds the innermost headers of a record.
///
/// `wire_len` is the packet's length on the wire, `data` what was captured of it. Time, frame,
/// source and place of the result are left 0 for the caller to fill in.
pub fn decode(link: LinkType, wire_len: u32, data: &[u8]) -> Packet {
    let mut p = Packet::new(link, wire_len, 0);
    walk::run(&mut p, link, wire_len, data);
    p
}

/// The same into a place that is there already; all of `p` is overwritten.
#[inline]
pub fn decode_into(p: &mut Packet, link: LinkType, wire_len: u32, data: &[u8]) {
    walk::run(p, link, wire_len, data);
}

#[cfg(test)]
pub(crate) mod tests;
