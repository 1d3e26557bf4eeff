//! The two hello messages of SSL 2.0 (draft-hickman-netscape-ssl-00; RFC 5246 appendix E.2 for the
//! ClientHello that offers a newer version in the old form). Only records with the two-byte header
//! are looked at: a hello is never padded.

use crate::bytes::Reader;

/// Bytes of the record header.
pub const HEADER: usize = 2;

/// A hello, or the message that picks the cipher.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message<'a> {
    /// The newest version offered, and the cipher kinds (three bytes each).
    ClientHello {
        version: u16,
        ciphers: &'a [u8],
    },
    /// Version agreed on, ciphers both know, and the certificate.
    ServerHello {
        version: u16,
        ciphers: &'a [u8],
        certificate: &'a [u8],
    },
    /// The cipher chosen.
    MasterKey {
        cipher: u32,
    },
    Other,
}

/// What the first bytes of a stream say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Head {
    No,
    Need,
    /// Length of the record's content.
    Length(usize),
}

fn is_version(v: u16) -> bool {
    v == 0x0002 || (0x0300..=0x0303).contains(&v)
}

/// True if all that is there of a record fits an SSL 2.0 ClientHello or ServerHello; the lengths in
/// it must add up to the record's.
pub fn hello(data: &[u8]) -> Head {
    let Some(head) = data.first_chunk::<HEADER>() else {
        return if data.first().is_none_or(|b| b & 0x80 != 0) { Head::Need } else { Head::No };
    };
    let length = usize::from(u16::from_be_bytes(*head) & 0x7fff);
    if head[0] & 0x80 == 0 || length < 11 {
        return Head::No;
    }
    let mut r = Reader::new(data.get(HEADER..).unwrap_or_default());
    let adds_up = match r.u8() {
        None => return Head::Need,
        Some(1) => client_adds_up(&mut r, length),
        Some(4) => server_adds_up(&mut r, length),
        Some(_) => Some(false),
    };
    match adds_up {
        None => Head::Need,
        Some(true) => Head::Length(length),
        Some(false) => Head::No,
    }
}

fn client_adds_up(r: &mut Reader<'_>, length: usize) -> Option<bool> {
    if !is_version(r.be16()?) {
        return Some(false);
    }
    let (ciphers, id, challenge) = (usize::from(r.be16()?), usize::from(r.be16()?), usize::from(r.be16()?));
    Some(
        ciphers > 0
            && ciphers % 3 == 0
            && (id == 0 || id == 16)
            && (16..=32).contains(&challenge)
            && 9 + ciphers + id + challenge == length,
    )
}

fn server_adds_up(r: &mut Reader<'_>, length: usize) -> Option<bool> {
    let (hit, kind, version) = (r.u8()?, r.u8()?, r.be16()?);
    let (cert, ciphers, id) = (usize::from(r.be16()?), usize::from(r.be16()?), usize::from(r.be16()?));
    Some(
        hit <= 1
            && kind <= 1
            && version == 0x0002
            && ciphers % 3 == 0
            && id == 16
            && 11 + cert + ciphers + id == length,
    )
}

/// Reads the content of one record.
pub fn parse(content: &[u8]) -> Option<Message<'_>> {
    let mut r = Reader::new(content);
    Some(match r.u8()? {
        1 => {
            let version = r.be16()?;
            let ciphers = usize::from(r.be16()?);
            r.skip(4)?;
            Message::ClientHello { version, ciphers: r.take(ciphers)? }
        }
        4 => {
            r.skip(2)?;
            let version = r.be16()?;
            let (cert, ciphers) = (usize::from(r.be16()?), usize::from(r.be16()?));
            r.skip(2)?;
            let certificate = r.take(cert)?;
            Message::ServerHello { version, ciphers: r.take(ciphers)?, certificate }
        }
        2 => Message::MasterKey { cipher: r.be24()? },
        _ => Message::Other,
    })
}

/// Name of a cipher kind.
pub fn cipher(kind: u32) -> Option<&'static str> {
    Some(match kind {
        0x01_0080 => "SSL_CK_RC4_128_WITH_MD5",
        0x02_0080 => "SSL_CK_RC4_128_EXPORT40_WITH_MD5",
        0x03_0080 => "SSL_CK_RC2_128_CBC_WITH_MD5",
        0x04_0080 => "SSL_CK_RC2_128_CBC_EXPORT40_WITH_MD5",
        0x05_0080 => "SSL_CK_IDEA_128_CBC_WITH_MD5",
        0x06_0040 => "SSL_CK_DES_64_CBC_WITH_MD5",
        0x07_00c0 => "SSL_CK_DES_192_EDE3_CBC_WITH_MD5",
        _ => return None,
    })
}
