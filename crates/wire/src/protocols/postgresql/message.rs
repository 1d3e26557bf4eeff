//! Messages of the protocol: their heads, the client's first one, errors; and how a flow is known.

use crate::bytes::{Reader, text};
use crate::probe::*;

/// Types of the client's and of the server's messages ("Message Formats").
pub const CLIENT: &[u8] = b"QPBDESCHXFpdcf";
pub const SERVER: &[u8] = b"RKSZETDCINAGHWdcnst123Vv";
/// Version 3.0, and the requests that stand in a version's place.
const VERSION_3: u32 = 0x3_0000;
const CANCEL: u32 = 80_877_102;
const SSL: u32 = 80_877_103;
const GSS: u32 = 80_877_104;
/// Longest startup message that a server takes (MAX_STARTUP_PACKET_LENGTH).
const MAX_STARTUP: usize = 10_000;

pub struct Head {
    pub kind: u8,
    /// Length with itself, without the type.
    pub size: usize,
}

impl Head {
    pub fn read(data: &[u8], kinds: &[u8]) -> Result<Option<Head>, Malformed> {
        let Some(kind) = data.first().copied() else { return Ok(None) };
        if !kinds.contains(&kind) {
            return Err(Malformed);
        }
        let [_, a, b, c, d, ..] = *data else { return Ok(None) };
        let size = u32::from_be_bytes([a, b, c, d]);
        // a message has a gigabyte at most
        if !(4..=1 << 30).contains(&size) {
            return Err(Malformed);
        }
        Ok(Some(Head { kind, size: size as usize }))
    }
}

fn begins(data: &[u8], kinds: &[u8]) -> bool {
    matches!(Head::read(data, kinds), Ok(Some(head)) if head.size < 1 << 20)
}
pub fn is_client(data: &[u8]) -> bool {
    begins(data, CLIENT)
}
pub fn is_server(data: &[u8]) -> bool {
    begins(data, SERVER)
}

/// Size of a startup message: `None` for too few bytes, `Some(None)` for something else.
pub fn startup_size(data: &[u8]) -> Option<Option<usize>> {
    if data.first().is_some_and(|b| *b != 0) {
        return Some(None);
    }
    let mut r = Reader::new(data);
    let (size, code) = (r.be32()? as usize, r.be32()?);
    let fits = match code {
        SSL | GSS => size == 8,
        CANCEL => (16..=268).contains(&size),
        _ => code >> 16 == 3 && code & 0xffff <= 9999 && (9..=MAX_STARTUP).contains(&size),
    };
    Some(fits.then_some(size))
}

#[derive(Debug, PartialEq)]
pub enum Startup {
    Encrypt,
    Cancel,
    Session(Vec<(String, String)>),
}

impl Startup {
    pub fn parse(message: &[u8]) -> Option<Startup> {
        let mut r = Reader::new(message);
        r.skip(4)?;
        match r.be32()? {
            SSL | GSS => return Some(Startup::Encrypt),
            CANCEL => return Some(Startup::Cancel),
            _ => {}
        }
        let mut parameters = Vec::new();
        let mut parts = r.rest().split(|b| *b == 0);
        while let (Some(name), Some(value)) = (parts.next(), parts.next()) {
            if name.is_empty() || parameters.len() >= 32 {
                break;
            }
            parameters.push((text(name), text(value)));
        }
        Some(Startup::Session(parameters))
    }
}

/// SQLSTATE and text of an error.
pub fn error(body: &[u8]) -> (String, String) {
    let (mut code, mut message) = (String::new(), String::new());
    for part in body.split(|b| *b == 0).take(16) {
        match part.split_first() {
            Some((b'C', value)) => code = text(value),
            Some((b'M', value)) => message = text(value.get(..value.len().min(256)).unwrap_or_default()),
            _ => {}
        }
    }
    (code, message)
}

/// Looks at the first bytes of one side.
pub fn identify(hint: &Hint, data: &[u8]) -> Verdict {
    match data {
        // a demand that the client prove who it is, or its acceptance
        [b'R', 0, 0, 0, len, rest @ ..] => {
            let Some(code) = Reader::new(rest).be32() else { return Verdict::Need };
            let known = matches!((len, code), (8, 0 | 2 | 3 | 7 | 9) | (12, 5) | (10.., 10));
            if known { Verdict::Strong(Role::Server) } else { Verdict::No }
        }
        [b'R'] | [b'R', 0] | [b'R', 0, 0] | [b'R', 0, 0, 0] => Verdict::Need,
        // the answer to a request to encrypt
        [b'S' | b'N'] if hint.src_port == 5432 => Verdict::Need,
        [b'N', b'R', 0, 0, 0, 8 | 12, ..] => Verdict::Strong(Role::Server),
        [b'E', 0, 0, ..] if hint.src_port == 5432 && memchr::memmem::find(data, b"\0C").is_some() => {
            Verdict::Weak(Role::Server)
        }
        [b'Q', 0, 0, ..] if hint.dst_port == 5432 => match Head::read(data, CLIENT) {
            Ok(Some(head)) if data.get(head.size) == Some(&0) => Verdict::Weak(Role::Client),
            Ok(None) => Verdict::Need,
            _ => Verdict::No,
        },
        [0, ..] => startup(data),
        _ => Verdict::No,
    }
}

fn startup(data: &[u8]) -> Verdict {
    if data.get(1).is_some_and(|b| *b != 0) {
        return Verdict::No;
    }
    let size = match startup_size(data) {
        None => return Verdict::Need,
        Some(None) => return Verdict::No,
        Some(Some(size)) => size,
    };
    let mut r = Reader::new(data.get(4..).unwrap_or_default());
    match r.be32() {
        Some(SSL | GSS) => Verdict::Strong(Role::Client),
        Some(CANCEL) if data.len() == size => Verdict::Strong(Role::Client),
        Some(code) if code >> 16 == VERSION_3 >> 16 => {
            // names and values; one of them is the user
            let rest = r.rest();
            let names: [&[u8]; 8] = [
                b"user\0", b"database\0", b"application_name\0", b"client_encoding\0", b"replication\0",
                b"extra_float_digits\0", b"options\0", b"DateStyle\0",
            ];
            let n = rest.len().min(4);
            if n < 4 {
                return if names.iter().any(|name| name.starts_with(rest)) { Verdict::Need } else { Verdict::No };
            }
            let begins = names.iter().any(|name| {
                let n = name.len().min(rest.len());
                name.get(..n) == rest.get(..n)
            });
            if begins { Verdict::Strong(Role::Client) } else { Verdict::No }
        }
        _ => Verdict::No,
    }
}
