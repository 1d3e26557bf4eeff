//! The walk over a block that the kernel filled: numbers out of octets, every offset checked.
//!
//! Layout: `struct tpacket_block_desc` and `struct tpacket3_hdr` of linux/if_packet.h, in the byte order
//! of the machine.

/// Set: the block is the reader's. Not set: the kernel fills it.
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A block as the kernel lays it out, with frames of these octets; every second has a tag.
    fn made(frames: &[Vec<u8>]) -> Vec<u8> {
        let mut block = vec![0; 48];
        block[STATUS_AT..12].copy_from_slice(&STATUS_USER.to_ne_bytes());
        block[NUM_PKTS..16].copy_from_slice(&(frames.len() as u32).to_ne_bytes());
        block[FIRST_PKT..20].copy_from_slice(&48u32.to_ne_bytes());
        for (n, frame) in frames.iter().enumerate() {
            let tagged = n % 2 == 1;
            let size = (82 + frame.len()).next_multiple_of(16);
            let next = if n + 1 == frames.len() { 0 } else { size as u32 };
            let words = [next, 7, n as u32, frame.len() as u32, frame.len() as u32 + 4];
            let mut packet: Vec<u8> = words.iter().flat_map(|w| w.to_ne_bytes()).collect();
            packet.extend(if tagged { VLAN_VALID | VLAN_TPID_VALID } else { 0 }.to_ne_bytes());
            packet.extend([82u16, 96].iter().flat_map(|h| h.to_ne_bytes()));
            packet.extend([0, if tagged { 5u32 } else { 0 }].iter().flat_map(|w| w.to_ne_bytes()));
            packet.extend(0x88a8u16.to_ne_bytes());
            packet.resize(HEADER, 0);
            packet.extend([17u16.to_ne_bytes(), 0x0800u16.to_be_bytes()].concat());
            packet.extend(
                [2u32.to_ne_bytes().to_vec(), 512u16.to_ne_bytes().to_vec(), vec![4, 2, 8, 9]].concat(),
            );
            packet.resize(82, 0);
            packet.extend(frame);
            packet.resize(size, 0);
            block.extend(packet);
        }
        block
    }

    fn walk(block: &[u8]) -> (Vec<Frame>, u32) {
        let mut cursor = Cursor::new(block);
        let frames = std::iter::from_fn(|| cursor.next(block)).collect();
        (frames, cursor.left())
    }

    #[test]
    fn a_cooked_header_says_what_the_kernel_said() {
        let block = made(&[vec![1, 2, 3]]);
        let (frames, _) = walk(&block);
        let expected = [0, 4, 2, 0, 0, 2, 8, 9, 0, 0, 0, 0, 0, 0, 8, 0];
        assert_eq!(cooked(&block, &frames[0]), Some(expected));
    }

    #[test]
    fn a_block_without_packets_is_at_its_end() {
        assert_eq!(walk(&made(&[])), (vec![], 0));
        assert_eq!(walk(&[]), (vec![], 0));
    }

    proptest! {
        #[test]
        fn frames_are_found(frames in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..200), 0..20)) {
            let block = made(&frames);
            let (found, left) = walk(&block);
            prop_assert_eq!((found.len(), left), (frames.len(), 0));
            for (n, (f, octets)) in found.iter().zip(&frames).enumerate() {
                prop_assert_eq!(&block[f.at..f.at + f.len], &octets[..]);
                prop_assert_eq!(f.time_ns, 7_000_000_000 + n as i64);
                prop_assert_eq!(f.wire_len as usize, octets.len() + 4);
                prop_assert_eq!(f.vlan, (n % 2 == 1).then_some((0x88a8, 5)));
            }
        }

        #[test]
        fn whatever_a_block_holds_offsets_stay_inside(
            frames in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..60), 0..8),
            changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
            cut in any::<prop::sample::Index>(),
        ) {
            let mut block = made(&frames);
            let len = block.len();
            changes.iter().for_each(|(at, value)| block[at.index(len)] = *value);
            block.truncate(cut.index(len + 1));
            let mut cursor = Cursor::new(&block);
            for _ in 0..1000 {
                let Some(f) = cursor.next(&block) else { break };
                prop_assert!(f.at + f.len <= block.len());
                let _ = cooked(&block, &f);
            }
        }
    }
}
