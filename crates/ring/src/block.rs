//! The walk over a block that the kernel filled: numbers out of octets, every offset checked.
//!
//! Layout: `struct tpacket_block_desc` and `struct tpacket3_hdr` of linux/if_packet.h, in the byte order
//! of the machine.

/// The kernel still fills the block; otherwise it is the reader's.
pub const STATUS_USER: u32 = 1;
/// Place of the block's status word.
pub const STATUS_AT: usize = 8;

const NUM_PKTS: usize = 12;
const FIRST_PKT: usize = 16;

/// Bits of a packet's status: the tag is valid; its EtherType is.
const VLAN_VALID: u32 = 1 << 4;
const VLAN_TPID_VALID: u32 = 1 << 6;

/// `struct tpacket3_hdr`, and the `struct sockaddr_ll` behind it.
const HEADER: usize = 48;
const ADDRESS: usize = 20;

/// A packet in a block.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Frame {
    /// Nanoseconds since 1970-01-01 UTC, when the kernel took it.
    pub time_ns: i64,
    /// Where its octets stand in the block.
    pub at: usize,
    pub len: usize,
    /// Octets on the wire (of what the interface handed over: offloading joins segments).
    pub wire_len: u32,
    /// EtherType and tag that the kernel took out of the frame.
    pub vlan: Option<(u16, u16)>,
    /// Where its `struct sockaddr_ll` stands.
    pub(crate) address: usize,
}

/// Where the walk stands.
#[derive(Clone, Copy, Debug)]
pub struct Cursor {
    at: usize,
    left: u32,
}

fn u32_at(block: &[u8], at: usize) -> Option<u32> {
    block.get(at..)?.first_chunk().map(|b| u32::from_ne_bytes(*b))
}
fn u16_at(block: &[u8], at: usize) -> Option<u16> {
    block.get(at..)?.first_chunk().map(|b| u16::from_ne_bytes(*b))
}

impl Cursor {
    /// At the first packet of a block.
    pub fn new(block: &[u8]) -> Cursor {
        let left = u32_at(block, NUM_PKTS).unwrap_or(0);
        let at = u32_at(block, FIRST_PKT).unwrap_or(0) as usize;
        Cursor { at, left }
    }

    /// Packets not yet read, as the block says.
    pub fn left(&self) -> u32 {
        self.left
    }

    /// The next packet; `None` at the end, or where the block cannot be as it is ([`Cursor::left`] is
    /// not 0 then).
    pub fn next(&mut self, block: &[u8]) -> Option<Frame> {
        if self.left == 0 {
            return None;
        }
        let header = block.get(self.at..)?.get(..HEADER + ADDRESS)?;
        let word = |at| u32_at(header, at);
        let half = |at| u16_at(header, at);
        let (next, sec, nsec) = (word(0)? as usize, word(4)?, word(8)?);
        let (snap, wire_len, status) = (word(12)? as usize, word(16)?, word(20)?);
        let at = self.at.checked_add(usize::from(half(24)?))?;
        block.get(at..at.checked_add(snap)?)?;
        let tci = word(32)?;
        let vlan = (status & VLAN_VALID != 0 || tci != 0).then(|| {
            let tpid = if status & VLAN_TPID_VALID != 0 { half(36).unwrap_or(0) } else { 0 };
            (if tpid == 0 { 0x8100 } else { tpid }, tci as u16)
        });
        let frame = Frame {
            time_ns: i64::from(sec) * 1_000_000_000 + i64::from(nsec),
            at,
            len: snap,
            wire_len,
            vlan,
            address: self.at + HEADER,
        };
        self.left -= 1;
        // the last one's offset is 0
        if self.left > 0 && next < HEADER {
            self.at = usize::MAX;
        } else {
            self.at = self.at.saturating_add(next);
        }
        Some(frame)
    }
}

/// The header of a Linux cooked capture, version 1, for a frame without a link layer of its own.
pub fn cooked(block: &[u8], frame: &Frame) -> Option<[u8; super::link::COOKED]> {
    let address = block.get(frame.address..)?.get(..ADDRESS)?;
    let mut header = [0; super::link::COOKED];
    // packet type, ARPHRD number, length of the address, address, protocol: all but the last in the
    // structure's order of bytes
    let hardware = u16_at(address, 8)?.to_be_bytes();
    let &[kind, len, a0, a1, a2, a3, a4, a5, a6, a7] = address.get(10..20)?.first_chunk()?;
    let &[p0, p1] = address.get(2..4)?.first_chunk()?;
    header.copy_from_slice(&[
        0,
        kind,
        hardware[0],
        hardware[1],
        0,
        len.min(8),
        a0,
        a1,
        a2,
        a3,
        a4,
        a5,
        a6,
        a7,
        p0,
        p1,
    ]);
    Some(header)
}
