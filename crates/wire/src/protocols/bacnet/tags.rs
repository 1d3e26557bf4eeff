//! BACnet tagged values (ASHRAE 135, clause 20.2).

use super::names::{self, Kind};
use crate::bytes::{Reader, hex};

/// Nested constructions that are followed; more is taken for garbage.
const MAX_DEPTH: u8 = 16;

/// What a tag holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Body<'a> {
    /// Content octets; a boolean of application class has its value here too.
    Primitive(&'a [u8]),
    Boolean(bool),
    Opening,
    Closing,
}

/// One tag.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Tag<'a> {
    pub number: u8,
    pub context: bool,
    pub body: Body<'a>,
}

/// An object identifier: type and instance.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ObjectId {
    pub kind: u32,
    pub instance: u32,
}

impl ObjectId {
    pub const DEVICE: u32 = 8;

    pub fn from_bytes(data: &[u8]) -> Option<ObjectId> {
        let raw = u32::from_be_bytes(data.try_into().ok()?);
        Some(ObjectId { kind: raw >> 22, instance: raw & 0x003F_FFFF })
    }
    /// Instance of an object, unless it is the wildcard.
    pub fn known(self) -> Option<u32> {
        (self.instance != 0x003F_FFFF).then_some(self.instance)
    }
}

impl<'a> Tag<'a> {
    /// Reads the next tag.
    pub fn read(r: &mut Reader<'a>) -> Option<Tag<'a>> {
        let mut at = *r;
        let head = at.u8()?;
        let (mut number, context, kind) = (head >> 4, head & 8 != 0, head & 7);
        if number == 15 {
            number = at.u8()?;
        }
        let body = match (context, kind) {
            (true, 6) => Body::Opening,
            (true, 7) => Body::Closing,
            (false, 6 | 7) => return None,
            (false, n) if number == 1 => Body::Boolean(n != 0),
            (_, 5) => {
                let length = match at.u8()? {
                    254 => usize::from(at.be16()?),
                    255 => at.be32()? as usize,
                    n => usize::from(n),
                };
                Body::Primitive(at.take(length)?)
            }
            (_, n) => Body::Primitive(at.take(usize::from(n))?),
        };
        *r = at;
        Some(Tag { number, context, body })
    }
    /// Content of the context tag with this number, if the next tag is it.
    pub fn context(r: &mut Reader<'a>, number: u8) -> Option<&'a [u8]> {
        let mut at = *r;
        match Tag::read(&mut at)? {
            Tag { number: n, context: true, body: Body::Primitive(data) } if n == number => {
                *r = at;
                Some(data)
            }
            _ => None,
        }
    }
    /// Content of the application tag with this number, if the next tag is it.
    pub fn application(r: &mut Reader<'a>, number: u8) -> Option<&'a [u8]> {
        let mut at = *r;
        match Tag::read(&mut at)? {
            Tag { number: n, context: false, body: Body::Primitive(data) } if n == number => {
                *r = at;
                Some(data)
            }
            _ => None,
        }
    }
    /// Takes an opening tag with this number, if it is next.
    pub fn opens(r: &mut Reader<'a>, number: u8) -> bool {
        Tag::bracket(r, number, Body::Opening)
    }
    /// Takes a closing tag with this number, if it is next.
    pub fn closes(r: &mut Reader<'a>, number: u8) -> bool {
        Tag::bracket(r, number, Body::Closing)
    }
    fn bracket(r: &mut Reader<'a>, number: u8, body: Body<'a>) -> bool {
        let mut at = *r;
        let found = Tag::read(&mut at) == Some(Tag { number, context: true, body });
        if found {
            *r = at;
        }
        found
    }
}

/// Calls `each` with every primitive up to the closing tag `number`, nested ones too; `None` if the
/// closing tag does not come.
pub fn values<'a>(r: &mut Reader<'a>, number: u8, mut each: impl FnMut(Tag<'a>)) -> Option<()> {
    let mut depth = 0u8;
    loop {
        let tag = Tag::read(r)?;
        match tag.body {
            Body::Opening => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return None;
                }
            }
            Body::Closing if depth == 0 => return (tag.number == number).then_some(()),
            Body::Closing => depth -= 1,
            _ => each(tag),
        }
    }
}

/// An unsigned number of up to four octets.
pub fn unsigned(data: &[u8]) -> Option<u32> {
    matches!(data.len(), 1..=4).then(|| data.iter().fold(0, |n, b| n << 8 | u32::from(*b)))
}

/// Text of a character string: encoding octet, then characters (20.2.9).
pub fn string(data: &[u8]) -> String {
    let Some((&encoding, rest)) = data.split_first() else { return String::new() };
    let text = match encoding {
        3 => rest
            .chunks_exact(4)
            .map(|c| u32::from_be_bytes([c[0], c[1], c[2], c[3]]))
            .map(|c| char::from_u32(c).unwrap_or('\u{FFFD}'))
            .collect(),
        4 => {
            let units: Vec<u16> = rest.chunks_exact(2).map(|c| u16::from_be_bytes([c[0], c[1]])).collect();
            String::from_utf16_lossy(&units)
        }
        5 => rest.iter().map(|b| char::from(*b)).collect(),
        // double-byte sets (1: behind a code page number, 2: JIS X 0208) are read only where ASCII
        1 | 2 => {
            let text = if encoding == 1 { rest.get(2..).unwrap_or_default() } else { rest };
            if text.is_ascii() { String::from_utf8_lossy(text).into_owned() } else { hex(text) }
        }
        _ => String::from_utf8_lossy(rest).into_owned(),
    };
    text.trim_end_matches('\0').to_owned()
}

/// Text of any primitive, in the notation of the standard.
pub fn text(tag: &Tag<'_>) -> String {
    let data = match tag.body {
        Body::Boolean(value) => return if value { "true" } else { "false" }.to_owned(),
        Body::Primitive(data) => data,
        Body::Opening | Body::Closing => return String::new(),
    };
    let mut r = Reader::new(data);
    if tag.context {
        return unsigned(data).map_or_else(|| hex(data), |n| n.to_string());
    }
    let plain = match tag.number {
        0 => Some("null".to_owned()),
        2 => match data.len() {
            1..=8 => Some(data.iter().fold(0u64, |n, b| n << 8 | u64::from(*b)).to_string()),
            _ => None,
        },
        3 => match data.len() {
            1..=8 => {
                let raw = data.iter().fold(0u64, |n, b| n << 8 | u64::from(*b));
                let unused = 64 - 8 * data.len() as u32;
                Some(((raw << unused) as i64 >> unused).to_string())
            }
            _ => None,
        },
        4 => r.be_f32().map(|v| v.to_string()),
        5 => r.be_f64().map(|v| v.to_string()),
        7 => Some(string(data)),
        8 => data.split_first().map(|(unused, bits)| {
            let count = (bits.len() * 8).saturating_sub(usize::from(*unused)).min(256);
            let bit = |i: usize| bits.get(i / 8).is_some_and(|b| b >> (7 - i % 8) & 1 == 1);
            (0..count).map(|i| if bit(i) { '1' } else { '0' }).collect()
        }),
        9 => unsigned(data).map(|n| n.to_string()),
        10 => date(data),
        11 => time(data),
        12 => ObjectId::from_bytes(data)
            .map(|id| format!("{}: {}", names::text(Kind::Object, id.kind), id.instance)),
        _ => None,
    };
    plain.unwrap_or_else(|| hex(data))
}

/// A date: year less 1900, month, day, day of week; 255 is any.
pub fn date(data: &[u8]) -> Option<String> {
    let [year, month, day, _] = <[u8; 4]>::try_from(data).ok()?;
    let part = |n: u8| if n == 255 { "*".to_owned() } else { format!("{n:02}") };
    let year = if year == 255 { "*".to_owned() } else { (1900 + u32::from(year)).to_string() };
    Some(format!("{year}-{}-{}", part(month), part(day)))
}

/// A time: hour, minute, second, hundredths; 255 is any.
pub fn time(data: &[u8]) -> Option<String> {
    let [hour, minute, second, hundredths] = <[u8; 4]>::try_from(data).ok()?;
    let part = |n: u8| if n == 255 { "*".to_owned() } else { format!("{n:02}") };
    Some(format!("{}:{}:{}.{}", part(hour), part(minute), part(second), part(hundredths)))
}
