//! The pcap file format (draft-ietf-opsawg-pcap).

use super::record::{Found, MAX_RECORD, Parsed};
use crate::decode::LinkType;

/// What the magic number says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Magic {
    pub big: bool,
    /// Nanoseconds in one unit of the fraction.
    pub unit: u32,
    /// Octets of a record header: 16, in the modified format of early Linux patches 24.
    pub header: usize,
}

/// Octets of the file header.
pub(super) const FILE_HEADER: usize = 24;
/// Captured length up to which a record is believed whatever the file header's snap length says.
const USUAL_MAX: u32 = 262_144;

pub(super) fn magic(head: &[u8]) -> Option<Magic> {
    let m: [u8; 4] = *head.first_chunk()?;
    let read = |n: u32, big: bool| match n {
        0xa1b2_c3d4 => Some(Magic { big, unit: 1000, header: 16 }),
        0xa1b2_3c4d => Some(Magic { big, unit: 1, header: 16 }),
        0xa1b2_cd34 => Some(Magic { big, unit: 1000, header: 24 }),
        _ => None,
    };
    read(u32::from_le_bytes(m), false).or_else(|| read(u32::from_be_bytes(m), true))
}

/// How the records of a pcap file are laid out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout {
    magic: Magic,
    pub link: LinkType,
    max: u32,
    /// Octets of frame check sequence at the end of each packet.
    fcs: u32,
    /// Files before version 2.3 have the two lengths exchanged, 2.3 may have.
    swapped: Swapped,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Swapped {
    No,
    Perhaps,
    Yes,
}

impl Layout {
    /// Reads the file header; `Err` says what is wrong with it.
    pub fn new(head: &[u8; FILE_HEADER]) -> Result<Layout, String> {
        let magic = magic(head).ok_or("no magic number")?;
        let u16_at = |b: [u8; 2]| if magic.big { u16::from_be_bytes(b) } else { u16::from_le_bytes(b) };
        let u32_at = |b: [u8; 4]| if magic.big { u32::from_be_bytes(b) } else { u32::from_le_bytes(b) };
        let [_, _, _, _, a, b, c, d, _, _, _, _, _, _, _, _, s0, s1, s2, s3, n0, n1, n2, n3] = *head;
        let (major, minor) = (u16_at([a, b]), u16_at([c, d]));
        if major != 2 {
            return Err(format!("pcap version {major}.{minor}, only 2.x is known"));
        }
        let snap = u32_at([s0, s1, s2, s3]);
        let network = u32_at([n0, n1, n2, n3]);
        // Bit 26 says that the upper four bits count the octets of FCS in pairs.
        let fcs = if network & 0x0400_0000 != 0 { (network >> 28) * 2 } else { 0 };
        let swapped = match minor {
            0..=2 => Swapped::Yes,
            3 => Swapped::Perhaps,
            _ => Swapped::No,
        };
        let link = LinkType(u16::try_from(network & 0x03ff_ffff).unwrap_or(u16::MAX));
        Ok(Layout { magic, link, max: snap.clamp(USUAL_MAX, MAX_RECORD), fcs, swapped })
    }

    /// The record at the start of `data`.
    #[inline]
    pub fn record(&self, data: &[u8]) -> Parsed {
        let Some(head) = data.first_chunk::<16>() else { return Parsed::Need(self.magic.header) };
        let [s0, s1, s2, s3, f0, f1, f2, f3, c0, c1, c2, c3, w0, w1, w2, w3] = *head;
        let mut sec = u32::from_le_bytes([s0, s1, s2, s3]);
        let mut frac = u32::from_le_bytes([f0, f1, f2, f3]);
        let mut cap = u32::from_le_bytes([c0, c1, c2, c3]);
        let mut wire = u32::from_le_bytes([w0, w1, w2, w3]);
        if self.magic.big {
            (sec, frac) = (sec.swap_bytes(), frac.swap_bytes());
            (cap, wire) = (cap.swap_bytes(), wire.swap_bytes());
        }
        if self.swapped != Swapped::No && (self.swapped == Swapped::Yes || cap > wire) {
            std::mem::swap(&mut cap, &mut wire);
        }
        if cap > self.max {
            return Parsed::Bad("a record says it holds more bytes than a packet can have", u64::from(cap));
        }
        let len = cap as usize;
        let used = self.magic.header + len;
        if data.len() < used {
            return Parsed::Need(used);
        }
        // Both factors are below 2^32, so that neither sum nor product can overflow.
        let time_ns = i64::from(sec) * 1_000_000_000 + i64::from(frac) * i64::from(self.magic.unit);
        let timed = sec != 0 && u64::from(frac) * u64::from(self.magic.unit) < 1_000_000_000;
        let kept = if self.fcs != 0 && cap >= wire { len.saturating_sub(self.fcs as usize) } else { len };
        Parsed::Packet(Found {
            skip: self.magic.header,
            len: kept,
            used,
            time_ns: Some(time_ns),
            timed,
            truncated: cap < wire,
            link: self.link,
            wire_len: wire.max(cap),
        })
    }
}
