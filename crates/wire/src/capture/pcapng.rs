//! The pcapng file format (draft-ietf-opsawg-pcapng).

use super::record::{Found, MAX_RECORD, Parsed};
use super::stats::SourceStats;
use crate::bytes::Reader;
use crate::decode::LinkType;

const SECTION_HEADER: u32 = 0x0a0d_0d0a;
const INTERFACE: u32 = 1;
const OLD_PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const INTERFACE_STATISTICS: u32 = 5;
const ENHANCED_PACKET: u32 = 6;
/// Journal entries and system calls: no packets, but other tools give them frame numbers, and
/// ours must be the same.
const NOT_PACKETS: [u32; 6] = [9, 0x204, 0x208, 0x216, 0x221, 0x223];

/// Interfaces of one section that are kept; packets of further ones are counted as undeclared.
const MAX_INTERFACES: usize = 65_536;
/// Octets of a block before its body, and in all beside the body.
const HEAD: usize = 8;
const AROUND: u32 = 12;

/// How a timestamp becomes nanoseconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Scale {
    Times(u64),
    /// Units are 10^-9 divided by this.
    Over(u64),
    /// Units are 2^-n seconds.
    Binary(u32),
    /// Finer than 10^-27 s or 2^-127 s: no count of 64 bits reaches a nanosecond.
    Nothing,
}

impl Scale {
    /// From the option if_tsresol: the top bit says base 2, else base 10.
    fn new(resolution: u8) -> Scale {
        let n = u32::from(resolution & 0x7f);
        if resolution & 0x80 != 0 {
            return if n <= 96 { Scale::Binary(n) } else { Scale::Nothing };
        }
        match n {
            0..=9 => 10u64.checked_pow(9 - n).map_or(Scale::Nothing, Scale::Times),
            _ => 10u64.checked_pow(n - 9).map_or(Scale::Nothing, Scale::Over),
        }
    }
    fn nanoseconds(self, ticks: u64) -> i128 {
        match self {
            Scale::Times(k) => i128::from(ticks) * i128::from(k),
            Scale::Over(k) => i128::from(ticks / k.max(1)),
            Scale::Binary(n) => (i128::from(ticks) * 1_000_000_000) >> n,
            Scale::Nothing => 0,
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Interface {
    link: LinkType,
    snap: u32,
    scale: Scale,
    /// Seconds added to each time.
    offset: i64,
    fcs: usize,
    /// Last count of lost packets in its statistics.
    dropped: u64,
}

/// State of the section being read.
#[derive(Debug, Default)]
pub(super) struct Section {
    big: bool,
    begun: bool,
    interfaces: Vec<Interface>,
}

/// Integers of a block, in the section's byte order.
struct Ints<'a> {
    r: Reader<'a>,
    big: bool,
}

impl<'a> Ints<'a> {
    fn u16(&mut self) -> Option<u16> {
        if self.big { self.r.be16() } else { self.r.le16() }
    }
    fn u32(&mut self) -> Option<u32> {
        if self.big { self.r.be32() } else { self.r.le32() }
    }
    fn u64(&mut self) -> Option<u64> {
        if self.big { self.r.be64() } else { self.r.le64() }
    }
    /// A time: upper, then lower half.
    fn ticks(&mut self) -> Option<u64> {
        let (high, low) = (self.u32()?, self.u32()?);
        Some(u64::from(high) << 32 | u64::from(low))
    }
    /// The next option: code and value. `None` at the end of the list.
    fn option(&mut self) -> Option<(u16, Ints<'a>)> {
        let (code, len) = (self.u16()?, usize::from(self.u16()?));
        if code == 0 {
            return None;
        }
        let value = self.r.take(len)?;
        self.r.skip(len.wrapping_neg() & 3);
        Some((code, Ints { r: Reader::new(value), big: self.big }))
    }
}

impl Section {
    /// The block at the start of `data`.
    #[inline]
    pub fn block(&mut self, data: &[u8], stats: &mut SourceStats) -> Parsed {
        let Some(head) = data.first_chunk::<HEAD>() else { return Parsed::Need(HEAD) };
        let [t0, t1, t2, t3, l0, l1, l2, l3] = *head;
        let kind = self.number([t0, t1, t2, t3]);
        if kind == SECTION_HEADER {
            // The byte order stands behind the length.
            match data.get(8..12) {
                None => return Parsed::Need(12),
                Some([0x1a, 0x2b, 0x3c, 0x4d]) => self.big = true,
                Some([0x4d, 0x3c, 0x2b, 0x1a]) => self.big = false,
                Some(_) => return Parsed::Bad("a section header has no byte-order magic", 0),
            }
        } else if !self.begun {
            return Parsed::Bad("it does not begin with a section header, but with block type", kind.into());
        }
        let len = self.number([l0, l1, l2, l3]);
        if len < AROUND {
            return Parsed::Bad("a block cannot be this short:", len.into());
        }
        let used = usize::try_from(u64::from(len).next_multiple_of(4)).unwrap_or(usize::MAX);
        let wanted = matches!(
            kind,
            SECTION_HEADER | INTERFACE | OLD_PACKET | SIMPLE_PACKET | INTERFACE_STATISTICS | ENHANCED_PACKET
        );
        if !wanted {
            if NOT_PACKETS.contains(&kind) {
                return Parsed::NotPacket(used);
            }
            return Parsed::Skip(used);
        }
        if len > MAX_RECORD {
            return Parsed::Bad("a block says it is longer than any is taken:", len.into());
        }
        let Some(block) = data.get(..used) else { return Parsed::Need(used) };
        let body = block.get(HEAD..(len - 4) as usize).unwrap_or_default();
        let again = block.last_chunk::<4>().map_or(0, |b| self.number(*b));
        if again != len {
            return Parsed::Bad("a block ends with another length than it begins with:", again.into());
        }
        let parsed = match kind {
            ENHANCED_PACKET => self.packet(body, used, false),
            OLD_PACKET => self.packet(body, used, true),
            SIMPLE_PACKET => self.simple(body, used),
            INTERFACE => self.interface(body).map(|()| Parsed::Skip(used)),
            INTERFACE_STATISTICS => {
                self.statistics(body, stats);
                Some(Parsed::Skip(used))
            }
            _ => return self.section(body, used),
        };
        parsed.unwrap_or(Parsed::Bad("a block is too short for its type", kind.into()))
    }

    fn number(&self, b: [u8; 4]) -> u32 {
        if self.big { u32::from_be_bytes(b) } else { u32::from_le_bytes(b) }
    }
    fn ints<'a>(&self, body: &'a [u8]) -> Ints<'a> {
        Ints { r: Reader::new(body), big: self.big }
    }

    fn section(&mut self, body: &[u8], used: usize) -> Parsed {
        let mut r = self.ints(body);
        let version = r.u32().and_then(|_| r.u16());
        if version != Some(1) {
            return Parsed::Bad("a section header has an unknown version:", version.unwrap_or(0).into());
        }
        self.interfaces.clear();
        self.begun = true;
        Parsed::Skip(used)
    }

    fn interface(&mut self, body: &[u8]) -> Option<()> {
        let mut r = self.ints(body);
        let (link, _, snap) = (r.u16()?, r.u16()?, r.u32()?);
        let (scale, offset) = (Scale::Times(1000), 0);
        let mut new = Interface { link: LinkType(link), snap, scale, offset, fcs: 0, dropped: 0 };
        while let Some((code, mut value)) = r.option() {
            match code {
                9 => new.scale = value.r.u8().map_or(new.scale, Scale::new),
                13 => new.fcs = value.r.u8().map_or(0, usize::from),
                14 => new.offset = value.u64().map_or(0, u64::cast_signed),
                _ => {}
            }
        }
        if self.interfaces.len() < MAX_INTERFACES {
            self.interfaces.push(new);
        }
        Some(())
    }

    fn statistics(&mut self, body: &[u8], stats: &mut SourceStats) {
        let mut r = self.ints(body);
        let (Some(id), Some(_)) = (r.u32(), r.ticks()) else { return };
        let mut dropped = 0u64;
        while let Some((code, mut value)) = r.option() {
            // isb_ifdrop and isb_osdrop
            if matches!(code, 5 | 7) {
                dropped = dropped.saturating_add(value.u64().unwrap_or(0));
            }
        }
        if let Some(i) = self.interfaces.get_mut(id as usize) {
            stats.dropped = stats.dropped.saturating_sub(i.dropped).saturating_add(dropped);
            i.dropped = dropped;
        }
    }

    fn packet(&self, body: &[u8], used: usize, old: bool) -> Option<Parsed> {
        let mut r = self.ints(body);
        let id = if old { (usize::from(r.u16()?), r.u16()?).0 } else { r.u32()? as usize };
        let (ticks, cap, wire) = (r.ticks()?, r.u32()?, r.u32()?);
        if (cap as usize) > r.r.left() {
            return Some(Parsed::Bad("a packet is longer than its block:", cap.into()));
        }
        let Some(i) = self.interfaces.get(id) else { return Some(Parsed::Undeclared(used)) };
        let time = i.scale.nanoseconds(ticks) + i128::from(i.offset) * 1_000_000_000;
        let time = i64::try_from(time).ok().filter(|_| i.scale != Scale::Nothing);
        let whole = if cap >= wire { i.fcs } else { 0 };
        Some(Parsed::Packet(Found {
            skip: HEAD + r.r.position(),
            len: (cap as usize).saturating_sub(whole),
            used,
            time_ns: time,
            timed: ticks != 0 && time.is_some(),
            truncated: cap < wire,
            link: i.link,
            wire_len: wire.max(cap),
        }))
    }

    /// A packet of the first interface, without a time and with no captured length but the block's.
    fn simple(&self, body: &[u8], used: usize) -> Option<Parsed> {
        let mut r = self.ints(body);
        let wire = r.u32()?;
        let Some(i) = self.interfaces.first() else { return Some(Parsed::Undeclared(used)) };
        let snap = if i.snap == 0 { u32::MAX } else { i.snap };
        let cap = wire.min(snap);
        if (cap as usize) > r.r.left() {
            return Some(Parsed::Bad("a packet is longer than its block:", cap.into()));
        }
        Some(Parsed::Packet(Found {
            skip: HEAD + r.r.position(),
            len: cap as usize,
            used,
            time_ns: None,
            timed: false,
            truncated: cap < wire,
            link: i.link,
            wire_len: wire,
        }))
    }
}
