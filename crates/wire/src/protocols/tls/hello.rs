//! The two hello messages (RFC 8446 section 4.1, RFC 5246 section 7.4.1), read in place.

use super::names;
use crate::bytes::Reader;

/// Extension numbers (IANA "TLS ExtensionType Values").
pub mod ext {
    pub const SERVER_NAME: u16 = 0;
    pub const GROUPS: u16 = 10;
    pub const POINT_FORMATS: u16 = 11;
    pub const SIGNATURES: u16 = 13;
    pub const ALPN: u16 = 16;
    pub const PRE_SHARED_KEY: u16 = 41;
    pub const VERSIONS: u16 = 43;
    pub const KEY_SHARE: u16 = 51;
    pub const ECH: u16 = 0xfe0d;
    pub const ESNI: u16 = 0xffce;
}

/// Values that clients strew in to keep servers tolerant (RFC 8701): 0x0a0a, 0x1a1a … 0xfafa.
pub fn is_grease(v: u16) -> bool {
    v & 0x0f0f == 0x0a0a && v >> 8 == v & 0xff
}

/// A list of 16-bit numbers.
#[derive(Clone, Copy, Debug, Default)]
pub struct U16s<'a>(pub &'a [u8]);

impl<'a> U16s<'a> {
    pub fn iter(self) -> impl Iterator<Item = u16> + 'a {
        self.0.chunks_exact(2).map(|c| u16::from_be_bytes([c[0], c[1]]))
    }
    /// Without GREASE.
    pub fn real(self) -> impl Iterator<Item = u16> + 'a {
        self.iter().filter(|v| !is_grease(*v))
    }
    /// A list behind a 16-bit length; what is there of it if it is cut short.
    fn behind16(data: &'a [u8]) -> U16s<'a> {
        let mut r = Reader::new(data);
        let n = usize::from(r.be16().unwrap_or(0)).min(r.left());
        U16s(r.take(n).unwrap_or_default())
    }
}

/// Extensions in the order they were sent.
#[derive(Clone, Copy, Debug, Default)]
pub struct Extensions<'a>(&'a [u8]);

impl<'a> Extensions<'a> {
    pub fn iter(self) -> impl Iterator<Item = (u16, &'a [u8])> {
        let mut r = Reader::new(self.0);
        std::iter::from_fn(move || {
            let code = r.be16()?;
            let n = usize::from(r.be16()?);
            Some((code, r.take(n)?))
        })
    }
    pub fn get(self, code: u16) -> Option<&'a [u8]> {
        self.iter().find(|(c, _)| *c == code).map(|(_, data)| data)
    }
    pub fn has(self, code: u16) -> bool {
        self.get(code).is_some()
    }
    fn read(r: &mut Reader<'a>) -> Extensions<'a> {
        let n = usize::from(r.be16().unwrap_or(0)).min(r.left());
        Extensions(r.take(n).unwrap_or_default())
    }
    /// Protocol names of ALPN (RFC 7301), in order.
    pub fn alpn(self) -> impl Iterator<Item = &'a [u8]> {
        let mut r = Reader::new(self.get(ext::ALPN).and_then(|d| d.get(2..)).unwrap_or_default());
        std::iter::from_fn(move || {
            let n = usize::from(r.u8()?);
            r.take(n)
        })
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ClientHello<'a> {
    /// Version in the message itself, 0x0303 for everything newer than TLS 1.2.
    pub version: u16,
    pub session_id: &'a [u8],
    pub ciphers: U16s<'a>,
    pub extensions: Extensions<'a>,
}

impl<'a> ClientHello<'a> {
    /// Body of the message, behind its four-byte header.
    pub fn parse(body: &'a [u8]) -> Option<ClientHello<'a>> {
        let mut r = Reader::new(body);
        let version = r.be16()?;
        r.skip(32)?;
        let n = usize::from(r.u8()?);
        let session_id = r.take(n).filter(|id| id.len() <= 32)?;
        let n = usize::from(r.be16()?);
        let ciphers = U16s(r.take(n).filter(|c| c.len() % 2 == 0)?);
        let n = usize::from(r.u8()?);
        r.skip(n)?;
        Some(ClientHello { version, session_id, ciphers, extensions: Extensions::read(&mut r) })
    }
    /// Host name the client asks for (RFC 6066 section 3).
    pub fn server_name(&self) -> Option<&'a [u8]> {
        let mut r = Reader::new(self.extensions.get(ext::SERVER_NAME)?);
        r.skip(2)?;
        while let Some(kind) = r.u8() {
            let n = usize::from(r.be16()?);
            let name = r.take(n)?;
            if kind == 0 {
                return Some(name);
            }
        }
        None
    }
    pub fn groups(&self) -> U16s<'a> {
        U16s::behind16(self.extensions.get(ext::GROUPS).unwrap_or_default())
    }
    pub fn point_formats(&self) -> &'a [u8] {
        let data = self.extensions.get(ext::POINT_FORMATS).unwrap_or_default();
        let n = data.first().map_or(0, |n| usize::from(*n));
        data.get(1..n.saturating_add(1)).unwrap_or_default()
    }
    pub fn signatures(&self) -> U16s<'a> {
        U16s::behind16(self.extensions.get(ext::SIGNATURES).unwrap_or_default())
    }
    pub fn versions(&self) -> U16s<'a> {
        U16s(self.extensions.get(ext::VERSIONS).and_then(|d| d.get(1..)).unwrap_or_default())
    }
    /// The newest version offered.
    pub fn best_version(&self) -> u16 {
        self.versions().real().max_by_key(|v| names::order(*v)).unwrap_or(self.version)
    }
}

/// `random` of a ServerHello that asks for another ClientHello (RFC 8446 section 4.1.3): SHA-256 of
/// "HelloRetryRequest".
const RETRY: [u8; 32] = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2,
    0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];

#[derive(Clone, Copy, Debug)]
pub struct ServerHello<'a> {
    pub version: u16,
    pub session_id: &'a [u8],
    pub cipher: u16,
    pub extensions: Extensions<'a>,
    /// It only asks for a better ClientHello.
    pub retry: bool,
}

impl<'a> ServerHello<'a> {
    pub fn parse(body: &'a [u8]) -> Option<ServerHello<'a>> {
        let mut r = Reader::new(body);
        let version = r.be16()?;
        let random = r.take(32)?;
        // drafts of TLS 1.3 before the 22nd had neither session id nor compression here
        let old_draft = names::is_13(version);
        let session_id = if old_draft {
            &[][..]
        } else {
            let n = usize::from(r.u8()?);
            r.take(n).filter(|id| id.len() <= 32)?
        };
        let cipher = r.be16()?;
        if !old_draft {
            r.skip(1)?;
        }
        let extensions = Extensions::read(&mut r);
        Some(ServerHello { version, session_id, cipher, extensions, retry: random == RETRY })
    }
    /// The version agreed on.
    pub fn chosen_version(&self) -> u16 {
        let said = self.extensions.get(ext::VERSIONS).and_then(|d| Reader::new(d).be16());
        said.unwrap_or(self.version)
    }
    /// Group of the key share (TLS 1.3).
    pub fn group(&self) -> Option<u16> {
        self.extensions.get(ext::KEY_SHARE).and_then(|d| Reader::new(d).be16())
    }
}
