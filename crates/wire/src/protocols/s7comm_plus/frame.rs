//! The frame of S7comm-plus inside a COTP data TPDU.

use crate::bytes::Reader;

pub const MAGIC: u8 = 0x72;
/// Octets of a digest (HMAC-SHA-256).
const DIGEST: u8 = 32;

#[derive(Debug, PartialEq)]
pub enum Part<'a> {
    /// Data of a message, all of it if `last` and none came before.
    Data { version: u8, body: &'a [u8], last: bool, protected: bool },
    KeepAlive,
}

/// Reads the frame that is a TPDU's payload.
pub fn read(payload: &[u8]) -> Option<Part<'_>> {
    let mut r = Reader::new(payload);
    let (magic, version) = (r.u8()?, r.u8()?);
    if magic != MAGIC {
        return None;
    }
    if version == 0xFF {
        return Some(Part::KeepAlive);
    }
    if !matches!(version, 1..=3 | 0xFE) {
        return None;
    }
    let size = usize::from(r.be16()?);
    let body = r.take(size)?;
    let last = match r.rest() {
        [] => version == 0xFE,
        [MAGIC, v, 0, 0] if *v == version => true,
        _ => return None,
    };
    Some(Part::Data { version, body, last, protected: version == 3 })
}

/// What stands behind the digest of a frame of version 3.
pub fn behind_digest(body: &[u8]) -> &[u8] {
    match body.split_first() {
        Some((&DIGEST, rest)) => rest.get(usize::from(DIGEST)..).unwrap_or_default(),
        _ => body,
    }
}
