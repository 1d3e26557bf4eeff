//! Variables that a read or write touches, and the values written.
//!
//! Layout as in libnodave and snap7: an item is 12 hexadecimal, its length, a syntax id and, for
//! the common syntax 10 (S7ANY), type, count, data block, area and bit address.

use crate::bytes::{Reader, hex};
use crate::model::Val;
use std::borrow::Cow;

/// Items looked at in one job.
pub const MAX_ITEMS: usize = 64;

/// One variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Item {
    /// Syntax id; all but S7ANY (10) leave the rest at zero.
    pub syntax: u8,
    pub kind: u8,
    pub count: u16,
    pub block: u16,
    pub area: u8,
    /// First byte and the bit in it; counters and timers: their number.
    pub address: u32,
    pub bit: u8,
}

/// Items behind a function code.
pub fn items(parameter: &[u8]) -> impl Iterator<Item = Item> {
    let mut r = Reader::new(parameter);
    let _ = r.skip(1);
    let count = usize::from(r.u8().unwrap_or(0)).min(MAX_ITEMS);
    (0..count).map_while(move |_| {
        r.skip(1)?;
        let length = r.u8()?;
        let body = r.take(length.into())?;
        if length % 2 == 1 && !r.is_empty() {
            // items begin at even places
            let _ = r.peek().filter(|&b| b == 0).and_then(|_| r.skip(1));
        }
        item(body)
    })
}

fn item(body: &[u8]) -> Option<Item> {
    let mut r = Reader::new(body);
    let syntax = r.u8()?;
    let none = Item { syntax, kind: 0, count: 0, block: 0, area: 0, address: 0, bit: 0 };
    if syntax != 0x10 {
        return Some(none);
    }
    let (kind, count, block, area, address) = (r.u8()?, r.be16()?, r.be16()?, r.u8()?, r.be24()?);
    let (address, bit) =
        if matches!(area, 0x1c..=0x1f) { (address, 0) } else { (address >> 3, (address & 7) as u8) };
    Some(Item { kind, count, block, area, address, bit, ..none })
}

impl Item {
    /// Name of the area, with the number of a data block.
    pub fn space(&self) -> Option<Cow<'static, str>> {
        Some(Cow::Borrowed(match self.area {
            0x01 => "data_record",
            0x03 => "system_info",
            0x05 => "system_flags",
            0x06 => "analog_inputs",
            0x07 => "analog_outputs",
            0x1c => "counters",
            0x1d => "timers",
            0x1e => "iec_counters",
            0x1f => "iec_timers",
            0x80 => "peripheral",
            0x81 => "inputs",
            0x82 => "outputs",
            0x83 => "flags",
            0x84 => return Some(Cow::Owned(format!("db{}", self.block))),
            0x85 => return Some(Cow::Owned(format!("di{}", self.block))),
            0x86 => "local_data",
            0x87 => "previous_local_data",
            _ => return None,
        }))
    }

    /// Bytes (counters and timers: how many) it spans.
    pub fn length(&self) -> u32 {
        let each = match self.kind {
            0x04 | 0x05 => 2,
            0x06 | 0x07 | 0x08 | 0x0a | 0x0b => 4,
            0x0f => 8,
            _ => 1,
        };
        u32::from(self.count) * each
    }

    /// As an engineer writes it: `DB1.DBW10`, `M4.0`.
    pub fn text(&self) -> String {
        let letter = match self.kind {
            0x01 => "X",
            0x04 | 0x05 => "W",
            0x06..=0x08 | 0x0a | 0x0b => "D",
            _ => "B",
        };
        let bit = if self.kind == 1 { format!(".{}", self.bit) } else { String::new() };
        let plain = |area: &str| match self.kind {
            1 => format!("{area}{}{bit}", self.address),
            _ => format!("{area}{letter}{}", self.address),
        };
        match self.area {
            0x1c => format!("C{}", self.address),
            0x1d => format!("T{}", self.address),
            0x80 => plain("P"),
            0x81 => plain("I"),
            0x82 => plain("Q"),
            0x83 => plain("M"),
            0x84 => format!("DB{}.DB{letter}{}{bit}", self.block, self.address),
            0x85 => format!("DI{}.DI{letter}{}{bit}", self.block, self.address),
            _ => match self.space() {
                Some(space) => format!("{space} {}", self.address),
                None => format!("syntax 0x{:02x}", self.syntax),
            },
        }
    }
}

/// Return codes and data of the items of an answer or a write job.
pub fn values(data: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    let mut r = Reader::new(data);
    (0..MAX_ITEMS).map_while(move |_| {
        let (code, size, length) = (r.u8()?, r.u8()?, usize::from(r.be16()?));
        // bits for bits, bytes, words and integers; bytes else
        let bytes = if matches!(size, 3..=5) { length.div_ceil(8) } else { length };
        let value = r.take(bytes)?;
        if bytes % 2 == 1 {
            let _ = r.skip(1);
        }
        Some((code, value))
    })
}

/// A written value: a number where the item is one, else hex.
pub fn value(item: &Item, bytes: &[u8]) -> Option<Val> {
    let mut r = Reader::new(bytes);
    let one = item.count == 1;
    Some(match (item.kind, bytes.len()) {
        (0x01, 1) => Val::from(r.u8()? & 1),
        (0x02 | 0x03, 1) => Val::from(r.u8()?),
        (0x04, 2) if one => Val::from(r.be16()?),
        (0x05, 2) if one => Val::from(r.be_i16()?),
        (0x06, 4) if one => Val::from(r.be32()?),
        (0x07, 4) if one => Val::from(r.be_i32()?),
        (0x08, 4) if one => Val::from(r.be_f32()?),
        (_, 0) => return None,
        (_, n) => Val::from(hex(bytes.get(..n.min(64))?)),
    })
}
