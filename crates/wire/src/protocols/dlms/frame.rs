//! Framing: the wrapper of IEC 62056-47 and the HDLC frames of IEC 62056-46.

use crate::crc::CRC_8408;
use crate::bytes::Reader;
use crate::model::Side;

/// Longest APDU in a wrapper that is believed.
const MAX_APDU: usize = 0x4000;
/// Octets of segments of one direction that are kept.
const MAX_SEGMENTS: usize = 0x4000;

pub struct Frame<'a> {
    pub used: usize,
    /// Service access points.
    pub client: u16,
    pub server: u16,
    pub from_client: bool,
    pub part: Part<'a>,
}

pub enum Part<'a> {
    Whole(&'a [u8]),
    /// Information of an HDLC frame; `more`: the APDU goes on in the next one.
    Hdlc { info: &'a [u8], more: bool },
    /// Only the link was served.
    Link,
}

pub enum Framed<'a> {
    Need,
    Bad,
    Frame(Frame<'a>),
}

pub fn read(data: &[u8]) -> Framed<'_> {
    match data.first() {
        Some(0) => wrapper(data),
        Some(0x7E) => hdlc(data),
        None => Framed::Need,
        _ => Framed::Bad,
    }
}

fn wrapper(data: &[u8]) -> Framed<'_> {
    let Some(head) = data.first_chunk::<8>() else {
        return if data.get(1).is_none_or(|b| *b == 1) { Framed::Need } else { Framed::Bad };
    };
    let word = |a: usize| u16::from_be_bytes([head[a], head[a + 1]]);
    let (version, source, target, length) = (word(0), word(2), word(4), usize::from(word(6)));
    if version != 1 || length == 0 || length > MAX_APDU || (source == 0 && target == 0) {
        return Framed::Bad;
    }
    let Some(apdu) = data.get(8..8 + length) else {
        // the tag of an APDU is known before all of it is there
        return match data.get(8) {
            Some(&tag) if !super::apdu::is_tag(tag) => Framed::Bad,
            _ => Framed::Need,
        };
    };
    let from_client = super::apdu::sound(apdu).is_none_or(|(_, asks)| asks);
    let (client, server) = if from_client { (source, target) } else { (target, source) };
    Framed::Frame(Frame { used: 8 + length, client, server, from_client, part: Part::Whole(apdu) })
}

fn hdlc(data: &[u8]) -> Framed<'_> {
    let Some(&[_, format, low]) = data.first_chunk::<3>() else {
        return match data.get(1) {
            Some(b) if b & 0xF0 != 0xA0 && *b != 0x7E => Framed::Bad,
            _ => Framed::Need,
        };
    };
    if format == 0x7E {
        // the closing flag of one frame and the opening one of the next
        return Framed::Frame(Frame { used: 1, client: 0, server: 0, from_client: true, part: Part::Link });
    }
    let length = usize::from(u16::from_be_bytes([format & 7, low]));
    if format & 0xF0 != 0xA0 || length < 7 {
        return Framed::Bad;
    }
    let Some(body) = data.get(1..=length) else { return Framed::Need };
    match data.get(length + 1) {
        None => return Framed::Need,
        Some(0x7E) => {}
        Some(_) => return Framed::Bad,
    }
    let Some((covered, fcs)) = body.split_last_chunk::<2>() else { return Framed::Bad };
    if crc(covered) != u16::from_le_bytes(*fcs) {
        return Framed::Bad;
    }
    let mut r = Reader::new(covered);
    let read = (|| {
        r.skip(2)?;
        let (target, target_size) = address(&mut r)?;
        let (source, source_size) = address(&mut r)?;
        let control = r.u8()?;
        if !r.is_empty() {
            r.skip(2)?;
        }
        Some((target, target_size, source, source_size, control))
    })();
    let Some((target, target_size, source, source_size, control)) = read else { return Framed::Bad };
    let info = r.rest();
    let (llc, info) = match *info {
        [0xE6, 0xE6, 0, ref rest @ ..] => (Some(true), rest),
        [0xE6, 0xE7, 0, ref rest @ ..] => (Some(false), rest),
        _ => (None, info),
    };
    // a client's address has one octet; connecting and disconnecting are the client's
    let from_client = llc.unwrap_or(match control & 0xEF {
        0x83 | 0x43 => true,
        0x63 | 0x0F => false,
        _ => target_size >= source_size,
    });
    let (client, server) = if from_client { (source, target) } else { (target, source) };
    let part = if control & 1 == 0 && !info.is_empty() {
        Part::Hdlc { info, more: format & 8 != 0 }
    } else {
        Part::Link
    };
    Framed::Frame(Frame { used: length + 2, client, server, from_client, part })
}

/// An address of one, two or four octets, its last one odd; of a server's, the logical device.
fn address(r: &mut Reader<'_>) -> Option<(u16, usize)> {
    let (mut first, mut size) = (None, 0);
    loop {
        let octet = r.u8()?;
        size += 1;
        let value = u16::from(octet >> 1);
        first = match (first, size) {
            (None, _) => Some(value),
            // with four octets the logical device has two
            (Some(a), 2) if octet & 1 == 0 => Some(a << 7 | value),
            (some, _) => some,
        };
        if octet & 1 == 1 || size == 4 {
            return Some((first?, size));
        }
    }
}

/// CRC-16 of ISO/IEC 13239 (X.25).
pub fn crc(data: &[u8]) -> u16 {
    !CRC_8408.of(0xFFFF, data.iter().copied())
}

/// Where the next flag of HDLC stands, behind the first octet.
pub fn next_flag(data: &[u8]) -> Option<usize> {
    if data.first() != Some(&0x7E) {
        return None;
    }
    memchr::memchr(0x7E, data.get(1..)?).map(|at| at + 1)
}

/// Segments of an APDU, of each side.
#[derive(Default)]
pub struct Assembly {
    kept: [Vec<u8>; 2],
}

pub enum Added {
    More,
    Full,
    Whole(Vec<u8>),
}

impl Assembly {
    pub fn add(&mut self, from: Side, info: &[u8], more: bool) -> Added {
        let Some(kept) = self.kept.get_mut(from as usize) else { return Added::Full };
        if kept.len() + info.len() > MAX_SEGMENTS {
            kept.clear();
            return Added::Full;
        }
        kept.extend_from_slice(info);
        if more { Added::More } else { Added::Whole(std::mem::take(kept)) }
    }
}
