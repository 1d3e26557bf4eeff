//! Layout of connection-oriented DCE/RPC PDUs.
//!
//! Sources: DCE 1.1 RPC (C706), section 12.6; MS-RPCE, section 2.2.2.

use crate::bytes::Reader;

pub const REQUEST: u8 = 0;
pub const RESPONSE: u8 = 2;
pub const FAULT: u8 = 3;
pub const BIND: u8 = 11;
pub const BIND_ACK: u8 = 12;
pub const BIND_NAK: u8 = 13;
pub const ALTER_CONTEXT: u8 = 14;
pub const ALTER_CONTEXT_RESPONSE: u8 = 15;
pub const AUTH3: u8 = 16;
const LAST_TYPE: u8 = 19;

/// Bytes before the body.
pub const HEADER: usize = 16;
const OBJECT: u8 = 0x80;
/// Presentation contexts of one bind read.
const MAX_CONTEXTS: usize = 32;

/// Common header (C706, 12.6.3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    pub kind: u8,
    pub flags: u8,
    /// Integers are little-endian.
    pub little: bool,
    /// Of the fragment, this header included.
    pub size: u16,
    pub auth: u16,
    pub call: u32,
}

impl Header {
    /// Reads a header; `None` if none can stand here.
    pub fn read(data: &[u8]) -> Option<Header> {
        let mut r = Reader::new(data);
        let (major, minor, kind, flags) = (r.u8()?, r.u8()?, r.u8()?, r.u8()?);
        // character and floating-point formats, two bytes that must be zero
        let (order, float, rest) = (r.u8()?, r.u8()?, r.be16()?);
        let little = order & 0xf0 == 0x10;
        let known = kind <= LAST_TYPE && !matches!(kind, 1 | 4..=10);
        if major != 5 || minor > 1 || !known || order & 0xe0 != 0 || float > 3 || rest != 0 {
            return None;
        }
        let (size, auth) = if little { (r.le16()?, r.le16()?) } else { (r.be16()?, r.be16()?) };
        let call = if little { r.le32()? } else { r.be32()? };
        let fits = usize::from(size) >= HEADER && usize::from(auth) <= usize::from(size) - HEADER;
        fits.then_some(Header { kind, flags, little, size, auth, call })
    }
    pub fn is_first(&self) -> bool {
        self.flags & 1 != 0
    }
    pub fn is_last(&self) -> bool {
        self.flags & 2 != 0
    }
    /// The caller sends this kind.
    pub fn asks(&self) -> bool {
        matches!(self.kind, REQUEST | BIND | ALTER_CONTEXT | AUTH3 | 18 | 19)
    }
}

/// Reads integers in the sender's order.
pub struct Body<'a> {
    r: Reader<'a>,
    little: bool,
}

impl<'a> Body<'a> {
    pub fn new(data: &'a [u8], little: bool) -> Body<'a> {
        Body { r: Reader::new(data), little }
    }
    pub fn u16(&mut self) -> Option<u16> {
        if self.little { self.r.le16() } else { self.r.be16() }
    }
    pub fn u32(&mut self) -> Option<u32> {
        if self.little { self.r.le32() } else { self.r.be32() }
    }
    fn uuid(&mut self) -> Option<String> {
        let (a, b, c) = (self.u32()?, self.u16()?, self.u16()?);
        let rest = crate::bytes::hex(self.r.take(8)?);
        let (d, e) = rest.split_at_checked(4)?;
        Some(format!("{a:08x}-{b:04x}-{c:04x}-{d}-{e}"))
    }
}

/// A presentation context asked for: its number, interface and version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Context {
    pub id: u16,
    pub uuid: String,
    pub version: (u16, u16),
}

/// Contexts of a bind or alter context.
pub fn contexts(body: &[u8], little: bool) -> Option<Vec<Context>> {
    let mut b = Body::new(body, little);
    b.r.skip(8)?;
    let count = b.r.u8()?;
    b.r.skip(3)?;
    let mut out = Vec::new();
    for _ in 0..count {
        let id = b.u16()?;
        let syntaxes = b.r.u8()?;
        b.r.skip(1)?;
        let uuid = b.uuid()?;
        let version = (b.u16()?, b.u16()?);
        b.r.skip(usize::from(syntaxes).checked_mul(20)?)?;
        if out.len() < MAX_CONTEXTS {
            out.push(Context { id, uuid, version });
        }
    }
    Some(out)
}

/// Results of a bind, in the order of its contexts: 0 is accepted.
pub fn results(body: &[u8], little: bool) -> Option<Vec<u16>> {
    let mut b = Body::new(body, little);
    b.r.skip(8)?;
    let address = usize::from(b.u16()?);
    b.r.skip(address)?;
    // the list stands on a four-byte boundary
    let at = b.r.position();
    b.r.skip(at.next_multiple_of(4) - at)?;
    let count = b.r.u8()?;
    b.r.skip(3)?;
    let mut out = Vec::new();
    for _ in 0..count {
        out.push(b.u16()?);
        b.r.skip(22)?;
        if out.len() >= MAX_CONTEXTS {
            break;
        }
    }
    Some(out)
}

/// Context, operation and stub data of a request.
pub fn request(header: &Header, body: &[u8]) -> Option<(u16, u16, usize)> {
    let mut b = Body::new(body, header.little);
    b.u32()?;
    let (context, operation) = (b.u16()?, b.u16()?);
    if header.flags & OBJECT != 0 {
        b.r.skip(16)?;
    }
    Some((context, operation, b.r.position()))
}

/// Kind, level and token of the security trailer at the end of a whole fragment (MS-RPCE 2.2.2.11).
pub fn trailer<'a>(header: &Header, fragment: &'a [u8]) -> Option<(u8, u8, &'a [u8])> {
    let auth = usize::from(header.auth);
    if auth == 0 || fragment.len() < usize::from(header.size) {
        return None;
    }
    let at = usize::from(header.size).checked_sub(auth)?.checked_sub(8)?;
    let mut r = Reader::new(fragment.get(at..usize::from(header.size))?);
    let (kind, level) = (r.u8()?, r.u8()?);
    r.skip(6)?;
    Some((kind, level, r.rest()))
}

/// Texts of a request's stub data: conformant varying strings of UTF-16 (C706, 14.3.3.5), which
/// begin on four bytes with their greatest length, offset 0 and length, and end in a NUL.
pub fn strings(stub: &[u8], little: bool) -> Vec<String> {
    /// Texts of one request kept, and characters of one.
    const MAX_STRINGS: usize = 8;
    const MAX_CHARS: usize = 1024;
    let mut out = Vec::new();
    let mut at = 0usize;
    while out.len() < MAX_STRINGS {
        let Some(rest) = stub.get(at..) else { break };
        let mut b = Body::new(rest, little);
        let (Some(most), Some(offset), Some(length)) = (b.u32(), b.u32(), b.u32()) else { break };
        let text = (|| {
            if offset != 0 || length < 2 || length > most || most > 0x1_0000 {
                return None;
            }
            let units = b.r.take((length as usize).checked_mul(2)?)?;
            let (last, units) = units.split_last_chunk::<2>().map(|(units, last)| (last, units))?;
            if *last != [0, 0] {
                return None;
            }
            let units = units.chunks_exact(2).map(|u| match *u {
                [a, b] if little => u16::from_le_bytes([a, b]),
                [a, b] => u16::from_be_bytes([a, b]),
                _ => 0,
            });
            // numbers that only look like lengths are given up at the first NUL behind them
            let plain = |c: &char| !c.is_control() || matches!(c, '\r' | '\n' | '\t');
            char::decode_utf16(units).map(|c| c.ok().filter(plain)).collect::<Option<String>>()
        })();
        match text {
            Some(text) => {
                at = at.saturating_add(12 + text.encode_utf16().count() * 2 + 2).next_multiple_of(4);
                out.push(text.chars().take(MAX_CHARS).collect());
            }
            None => at += 4,
        }
    }
    out
}
