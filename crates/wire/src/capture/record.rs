//! A record: as a format's parser finds it, as the reader places it, as it is handed out.

use crate::decode::LinkType;

/// Longest record or block that is taken: 64 MiB.
pub(super) const MAX_RECORD: u32 = 64 << 20;

/// How a source is read.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// SHA-256 of the file as stored is computed while it is read.
    pub sha256: bool,
    /// Bytes of the buffer; it grows to the largest record.
    pub buffer: usize,
}

impl Default for Options {
    fn default() -> Options {
        Options { sha256: true, buffer: 1 << 20 }
    }
}

/// A record as it stands in the buffer.
#[derive(Clone, Copy, Debug)]
pub struct RecordRef<'a> {
    /// Nanoseconds since 1970-01-01 UTC. Records without a time have that of the one before.
    pub time_ns: i64,
    pub link: LinkType,
    pub wire_len: u32,
    pub data: &'a [u8],
    /// 1-based number in its source, the same as Wireshark's.
    pub frame: u64,
}

/// What a format's parser found in front of it.
pub(super) enum Parsed {
    Packet(Found),
    /// A record without a packet, of so many bytes (perhaps more than are in the buffer).
    Skip(usize),
    /// The same, but it has a frame number.
    NotPacket(usize),
    /// A packet of an interface that was not declared.
    Undeclared(usize),
    /// The record is this long, and not all of it is in the buffer.
    Need(usize),
    /// No record can be so: what, and the number that shows it.
    Bad(&'static str, u64),
}

/// A packet in the buffer: `skip` bytes after the start of its record, which has `used` bytes.
#[derive(Clone, Copy)]
pub(super) struct Found {
    pub skip: usize,
    pub len: usize,
    pub used: usize,
    pub time_ns: Option<i64>,
    /// The time is one that can be.
    pub timed: bool,
    pub truncated: bool,
    pub link: LinkType,
    pub wire_len: u32,
}

/// A packet in the buffer, placed and numbered.
#[derive(Clone, Copy)]
pub(super) struct Placed {
    pub at: usize,
    pub len: usize,
    pub time_ns: i64,
    pub frame: u64,
    pub link: LinkType,
    pub wire_len: u32,
}
