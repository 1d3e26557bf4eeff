//! DNP3 data link and transport function (IEEE 1815-2012, clauses 9 and 8).

use crate::crc::Reflected;
use crate::bytes::Reader;

/// Octets of a link header with its CRC.
pub const HEADER: usize = 10;
/// Link addresses from here on are reserved or broadcast (clause 9.2.4.4) and name no station.
pub const RESERVED_ADDRESSES: u16 = 0xFFF0;
/// Fragments larger than this are not reassembled. Stations offer 2048 octets at least; few more.
const MAX_FRAGMENT: usize = 16 * 1024;
/// Associations of one flow whose fragments are put together at the same time.
const MAX_ASSEMBLIES: usize = 8;

/// CRC-DNP: polynomial 0x3D65 reflected, complemented (annex E).
static CRC: Reflected = Reflected::new(0xA6BC);

/// Cyclic redundancy check of one block.
pub fn crc(data: &[u8]) -> u16 {
    !CRC.of(0, data.iter().copied())
}

/// Header of one link frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Header {
    pub control: u8,
    pub destination: u16,
    pub source: u16,
    /// Octets of user data, without CRCs.
    pub user: usize,
}

impl Header {
    /// Reads a header whose start octets, length and CRC agree.
    pub fn read(data: &[u8]) -> Option<Header> {
        let mut r = Reader::new(data);
        let head = r.take(8)?;
        let sum = r.le16()?;
        let mut r = Reader::new(head);
        if r.be16()? != 0x0564 {
            return None;
        }
        let length = usize::from(r.u8()?);
        let header = Header {
            control: r.u8()?,
            destination: r.le16()?,
            source: r.le16()?,
            user: length.checked_sub(5)?,
        };
        (crc(head) == sum).then_some(header)
    }
    /// Octets of the whole frame on the wire.
    pub fn total(&self) -> usize {
        HEADER + self.user + 2 * self.user.div_ceil(16)
    }
    /// DIR: the frame was sent by a master.
    pub fn by_master(&self) -> bool {
        self.control & 0x80 != 0
    }
    /// PRM: the frame begins a link transaction.
    pub fn primary(&self) -> bool {
        self.control & 0x40 != 0
    }
    pub fn function(&self) -> u8 {
        self.control & 0x0F
    }
    /// True for the two functions that carry a transport segment (confirmed, unconfirmed user data).
    pub fn has_user_data(&self) -> bool {
        self.primary() && matches!(self.function(), 3 | 4) && self.user > 0
    }
    pub fn function_name(&self) -> &'static str {
        match (self.primary(), self.function()) {
            (true, 0) => "reset_link_states",
            (true, 1) => "reset_user_process",
            (true, 2) => "test_link_states",
            (true, 3) => "confirmed_user_data",
            (true, 4) => "unconfirmed_user_data",
            (true, 9) => "request_link_status",
            (false, 0) => "ack",
            (false, 1) => "nack",
            (false, 11) => "link_status",
            (false, 15) => "not_supported",
            _ => "link_function",
        }
    }
}

/// Copies the user data of a frame without its CRCs; `None` if a block's CRC is wrong.
pub fn user_data<'o>(header: &Header, frame: &[u8], out: &'o mut [u8; 250]) -> Option<&'o [u8]> {
    let mut r = Reader::new(frame.get(HEADER..)?);
    let mut at = 0;
    while at < header.user {
        let block = r.take((header.user - at).min(16))?;
        if crc(block) != r.le16()? {
            return None;
        }
        out.get_mut(at..at + block.len())?.copy_from_slice(block);
        at += block.len();
    }
    out.get(..at)
}

/// One application fragment being put together.
#[derive(Debug)]
struct Assembly {
    source: u16,
    destination: u16,
    next: u8,
    data: Vec<u8>,
}

/// Fragments of both directions being put together.
#[derive(Debug, Default)]
pub struct Transport {
    open: Vec<Assembly>,
}

/// What a transport segment led to.
#[derive(Debug)]
pub enum Segment<'a> {
    /// The fragment stands whole in the segment given.
    Whole(&'a [u8]),
    /// It was put together from several.
    Joined(Vec<u8>),
    /// More segments are needed.
    Open,
    /// Out of order, or without a first one: dropped.
    Lost,
    /// Larger than the bound.
    TooLong,
}

impl Transport {
    /// Takes one segment (transport octet and data).
    pub fn segment<'a>(&mut self, header: &Header, segment: &'a [u8]) -> Segment<'a> {
        let Some((&octet, data)) = segment.split_first() else { return Segment::Lost };
        let (fin, fir, sequence) = (octet & 0x80 != 0, octet & 0x40 != 0, octet & 0x3F);
        let key = (header.source, header.destination);
        let at = self.open.iter().position(|a| (a.source, a.destination) == key);
        if fir {
            if let Some(at) = at {
                self.open.swap_remove(at);
            }
            if fin {
                return Segment::Whole(data);
            }
            if self.open.len() >= MAX_ASSEMBLIES {
                self.open.remove(0);
            }
            let next = (sequence + 1) & 0x3F;
            self.open.push(Assembly { source: key.0, destination: key.1, next, data: data.to_vec() });
            return Segment::Open;
        }
        let Some(at) = at else { return Segment::Lost };
        let Some(assembly) = self.open.get_mut(at) else { return Segment::Lost };
        if assembly.next != sequence {
            self.open.swap_remove(at);
            return Segment::Lost;
        }
        if assembly.data.len() + data.len() > MAX_FRAGMENT {
            self.open.swap_remove(at);
            return Segment::TooLong;
        }
        assembly.next = (sequence + 1) & 0x3F;
        assembly.data.extend_from_slice(data);
        if fin { Segment::Joined(self.open.swap_remove(at).data) } else { Segment::Open }
    }
    /// Forgets what a station's lost bytes left incomplete.
    pub fn forget(&mut self) {
        self.open.clear();
    }
}
