//! Long headers (RFC 9000, 17.2; RFC 8999 for what every version has), frames of Initial packets, and
//! the crypto stream they carry.

use crate::bytes::Reader;

/// A variable-length integer (RFC 9000, 16).
pub fn varint(r: &mut Reader<'_>) -> Option<u64> {
    let first = r.u8()?;
    let mut n = u64::from(first & 0x3f);
    for _ in 1..1u8 << (first >> 6) {
        n = n << 8 | u64::from(r.u8()?);
    }
    Some(n)
}

#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Kind {
    Initial,
    ZeroRtt,
    Handshake,
    Retry,
    Negotiation,
}

pub struct Long<'a> {
    pub kind: Kind,
    pub version: u32,
    pub to: &'a [u8],
    pub from: &'a [u8],
    pub token: usize,
    /// Where the packet number stands, and where the packet ends.
    pub number: usize,
    pub end: usize,
}

const V2: u32 = 0x6b33_43cf;

impl<'a> Long<'a> {
    pub fn parse(data: &'a [u8]) -> Option<Long<'a>> {
        let mut r = Reader::new(data);
        let first = r.u8()?;
        let version = r.be32()?;
        if first & 0x80 == 0 {
            return None;
        }
        let n = r.u8()?;
        let to = r.take(n.into()).filter(|id| id.len() <= 20)?;
        let n = r.u8()?;
        let from = r.take(n.into()).filter(|id| id.len() <= 20)?;
        let mut long = Long { kind: Kind::Negotiation, version, to, from, token: 0, number: 0, end: data.len() };
        if version == 0 {
            return Some(long);
        }
        if first & 0x40 == 0 {
            return None;
        }
        let kinds = [Kind::Initial, Kind::ZeroRtt, Kind::Handshake, Kind::Retry];
        let code = usize::from(first >> 4 & 3);
        // version 2 turned the numbers by one (RFC 9369, 3.2)
        long.kind = *kinds.get(if version == V2 { (code + 3) % 4 } else { code })?;
        match long.kind {
            Kind::Retry => return Some(long),
            Kind::Initial => {
                long.token = usize::try_from(varint(&mut r)?).ok()?;
                r.skip(long.token)?;
            }
            _ => {}
        }
        let size = usize::try_from(varint(&mut r)?).ok()?;
        long.number = r.position();
        long.end = long.number.checked_add(size).filter(|end| *end <= data.len())?;
        Some(long)
    }
}

/// Octets of the crypto stream kept: a hello with many certificates' names, or keys after the quantum.
const MAX_CRYPTO: usize = 16 * 1024;
const MAX_PARTS: usize = 64;

/// A crypto stream put together from frames in any order.
#[derive(Default)]
pub struct Crypto {
    bytes: Vec<u8>,
    parts: Vec<(usize, usize)>,
}

impl Crypto {
    fn add(&mut self, at: usize, data: &[u8]) {
        let end = at.saturating_add(data.len());
        if end > MAX_CRYPTO || self.parts.len() >= MAX_PARTS {
            return;
        }
        if self.bytes.len() < end {
            self.bytes.resize(end, 0);
        }
        if let Some(place) = self.bytes.get_mut(at..end) {
            place.copy_from_slice(data);
        }
        self.parts.push((at, end));
    }

    /// What is there without a hole, from the begin.
    pub fn whole(&mut self) -> &[u8] {
        self.parts.sort_unstable();
        let mut end = 0;
        for (from, to) in &self.parts {
            if *from > end {
                break;
            }
            end = end.max(*to);
        }
        self.bytes.get(..end).unwrap_or_default()
    }

    /// Takes the crypto frames among those of a packet. `google`: the numbers of Q050.
    pub fn frames(&mut self, plain: &[u8], google: bool) -> Option<()> {
        let mut r = Reader::new(plain);
        while let Some(kind) = r.u8() {
            match kind {
                0 | 1 => {}
                2 | 3 => {
                    varint(&mut r)?;
                    varint(&mut r)?;
                    let ranges = varint(&mut r)?;
                    varint(&mut r)?;
                    for _ in 0..ranges.min(256) {
                        varint(&mut r)?;
                        varint(&mut r)?;
                    }
                    if kind == 3 {
                        varint(&mut r)?;
                        varint(&mut r)?;
                        varint(&mut r)?;
                    }
                }
                6 | 8 if kind == 6 || google => {
                    let at = usize::try_from(varint(&mut r)?).ok()?;
                    let size = usize::try_from(varint(&mut r)?).ok()?;
                    self.add(at, r.take(size)?);
                }
                _ => return None,
            }
        }
        Some(())
    }
}
