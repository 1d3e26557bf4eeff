//! Blocks of the pcapng format (draft-ietf-opsawg-pcapng), little-endian, appended to a buffer.

use crate::decode::LinkType;

/// Longest comment: 1 KiB of text says what a packet proves.
pub const MAX_COMMENT: usize = 1024;

const SECTION_HEADER: u32 = 0x0a0d_0d0a;
const INTERFACE: u32 = 1;
const STATISTICS: u32 = 5;
const PACKET: u32 = 6;

const END: u16 = 0;
const COMMENT: u16 = 1;
const IF_NAME: u16 = 2;
const APPLICATION: u16 = 4;
const RESOLUTION: u16 = 9;

/// A block being written; its length is put in at the end.
struct Block<'a> {
    out: &'a mut Vec<u8>,
    start: usize,
    options: bool,
}

impl<'a> Block<'a> {
    fn new(out: &'a mut Vec<u8>, kind: u32) -> Block<'a> {
        let start = out.len();
        out.extend_from_slice(&kind.to_le_bytes());
        out.extend_from_slice(&[0; 4]);
        Block { out, start, options: false }
    }
    fn u16(&mut self, v: u16) {
        self.out.extend_from_slice(&v.to_le_bytes());
    }
    fn u32(&mut self, v: u32) {
        self.out.extend_from_slice(&v.to_le_bytes());
    }
    /// A time in nanoseconds: upper half first. Times before 1970 cannot be written and become 0.
    fn time(&mut self, ns: i64) {
        let ns = u64::try_from(ns).unwrap_or(0);
        self.u32((ns >> 32) as u32);
        self.u32(ns as u32);
    }
    /// Octets, filled up to a multiple of four.
    fn padded(&mut self, data: &[u8]) {
        self.out.extend_from_slice(data);
        let fill = data.len().wrapping_neg() & 3;
        self.out.extend_from_slice([0u8; 3].get(..fill).unwrap_or_default());
    }
    fn option(&mut self, code: u16, value: &[u8]) {
        let value = value.get(..value.len().min(usize::from(u16::MAX))).unwrap_or_default();
        self.options = true;
        self.u16(code);
        self.u16(value.len() as u16);
        self.padded(value);
    }
    fn end(mut self) {
        if self.options {
            self.u16(END);
            self.u16(0);
        }
        let len = u32::try_from(self.out.len() - self.start + 4).unwrap_or(u32::MAX);
        self.u32(len);
        if let Some(slot) = self.out.get_mut(self.start + 4..self.start + 8) {
            slot.copy_from_slice(&len.to_le_bytes());
        }
    }
}

/// What a comment may take, cut at a character.
fn cut(text: &str) -> &[u8] {
    let mut end = text.len().min(MAX_COMMENT);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.as_bytes().get(..end).unwrap_or_default()
}

/// The head of a file.
pub fn section(out: &mut Vec<u8>) {
    let mut b = Block::new(out, SECTION_HEADER);
    b.u32(0x1a2b_3c4d);
    b.u16(1);
    b.u16(0);
    b.u32(u32::MAX); // length of the section: not told
    b.u32(u32::MAX);
    b.option(APPLICATION, b"sentinel");
    b.end();
}

/// Where packets come from: one for each source and link type. Times are nanoseconds.
pub fn interface(out: &mut Vec<u8>, link: LinkType, name: &str) {
    let mut b = Block::new(out, INTERFACE);
    b.u16(link.0);
    b.u16(0);
    b.u32(0); // no limit of captured octets is told: packets carry both lengths
    if !name.is_empty() {
        b.option(IF_NAME, cut(name));
    }
    b.option(RESOLUTION, &[9]);
    b.end();
}

/// A packet with the comments that say what it proves.
pub fn packet(out: &mut Vec<u8>, interface: u32, time_ns: i64, wire_len: u32, data: &[u8], comment: &str) {
    let mut b = Block::new(out, PACKET);
    b.u32(interface);
    b.time(time_ns);
    b.u32(data.len() as u32);
    b.u32(wire_len.max(data.len() as u32));
    b.padded(data);
    if !comment.is_empty() {
        b.option(COMMENT, cut(comment));
    }
    b.end();
}

/// Octets [`packet`] takes at most.
pub fn packet_size(len: usize, comment: &str) -> usize {
    32 + len.next_multiple_of(4) + 8 + comment.len().min(MAX_COMMENT).next_multiple_of(4)
}

/// A comment where no packet is written: what it speaks of stands in the file already. Interface
/// statistics, since they count as no packet.
pub fn remark(out: &mut Vec<u8>, interface: u32, time_ns: i64, comment: &str) {
    let mut b = Block::new(out, STATISTICS);
    b.u32(interface);
    b.time(time_ns);
    b.option(COMMENT, cut(comment));
    b.end();
}
