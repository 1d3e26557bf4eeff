//! One CoAP message: RFC 7252 over UDP, RFC 8323 over TCP.

use crate::bytes::Reader;

pub const URI_PATH: u16 = 11;
pub const CONTENT_FORMAT: u16 = 12;
pub const URI_QUERY: u16 = 15;
pub const OBSERVE: u16 = 6;
pub const OSCORE: u16 = 9;
pub const BLOCK2: u16 = 23;
pub const BLOCK1: u16 = 27;
/// Shelly's description of the sender in CoIoT: `TYPE#address#version`.
pub const COIOT_DEVICE: u16 = 3332;

/// Capabilities and settings, the first message over TCP (RFC 8323, 5.3).
pub const CSM: u8 = 0xE1;
/// Shelly's announcement of its state (0.30).
pub const COIOT_STATUS: u8 = 0x1E;

/// Options of one message that are kept.
const MAX_OPTIONS: usize = 48;

/// A message; borrows from its datagram or stream.
#[derive(Debug)]
pub struct Message<'a> {
    /// 0 confirmable, 1 non-confirmable, 2 acknowledgement, 3 reset; 1 over TCP.
    pub kind: u8,
    pub code: u8,
    pub id: u16,
    pub token: &'a [u8],
    pub options: Vec<(u16, &'a [u8])>,
    pub payload: &'a [u8],
}

/// Numbers of the registry "CoAP Option Numbers" with the lengths a value may have; over TCP
/// signalling messages have numbers of their own.
fn option_fits(number: u16, length: usize) -> bool {
    match number {
        1 => length <= 8,
        3 => (1..=255).contains(&length),
        4 => (1..=8).contains(&length),
        5 => length == 0,
        6 | 14 | 60 | 28 => length <= 4,
        7 | 12 | 17 => length <= 2,
        8 | 11 | 15 | 20 | 9 => length <= 255,
        16 | 258 => length <= 1,
        19 | 23 | 27 | 31 => length <= 3,
        21 => length == 0,
        35 => (1..=1034).contains(&length),
        39 => (1..=255).contains(&length),
        252 | 292 => length <= 40,
        3332 => (3..=64).contains(&length),
        3412 | 3420 => length == 2,
        // reserved for experiments, and vendors' own
        2048..=65535 => length <= 255,
        _ => false,
    }
}

/// True for codes that are registered: methods, answers; `signals` over TCP.
pub fn known_code(code: u8) -> bool {
    matches!(code, 0x01..=0x07 | COIOT_STATUS)
        || matches!(code, 0x41..=0x45 | 0x5F)
        || matches!(code, 0x80..=0x86 | 0x88 | 0x89 | 0x8C | 0x8D | 0x8F | 0x96 | 0x9D)
        || matches!(code, 0xA0..=0xA5 | 0xA8)
}

/// Name of a method (RFC 7252, 12.1.1; RFC 8132).
pub fn method(code: u8) -> Option<&'static str> {
    Some(match code {
        1 => "get",
        2 => "post",
        3 => "put",
        4 => "delete",
        5 => "fetch",
        6 => "patch",
        7 => "ipatch",
        _ => return None,
    })
}

/// Name of an answer that refuses.
pub fn refusal(code: u8) -> Option<&'static str> {
    Some(match code {
        0x80 => "bad_request",
        0x81 => "unauthorized",
        0x82 => "bad_option",
        0x83 => "forbidden",
        0x84 => "not_found",
        0x85 => "method_not_allowed",
        0x86 => "not_acceptable",
        0x88 => "request_entity_incomplete",
        0x89 => "conflict",
        0x8C => "precondition_failed",
        0x8D => "request_entity_too_large",
        0x8F => "unsupported_content_format",
        0x96 => "unprocessable_entity",
        0x9D => "too_many_requests",
        0xA0 => "internal_server_error",
        0xA1 => "not_implemented",
        0xA2 => "bad_gateway",
        0xA3 => "service_unavailable",
        0xA4 => "gateway_timeout",
        0xA5 => "proxying_not_supported",
        0xA8 => "hop_limit_reached",
        _ if code >= 0x80 => "error",
        _ => return None,
    })
}

impl<'a> Message<'a> {
    /// Reads a datagram; `None` unless all of it is a message.
    pub fn datagram(data: &'a [u8]) -> Option<Message<'a>> {
        let mut r = Reader::new(data);
        let first = r.u8()?;
        let (kind, tkl) = (first >> 4 & 3, usize::from(first & 15));
        if first >> 6 != 1 || tkl > 8 {
            return None;
        }
        let code = r.u8()?;
        let id = r.be16()?;
        if code == 0 {
            // empty: acknowledgement, reset or ping
            let empty = Message { kind, code, id, token: &[], options: Vec::new(), payload: &[] };
            return (data.len() == 4 && tkl == 0 && kind != 1).then_some(empty);
        }
        // only answers are piggybacked, only empty messages reset
        let fits = match kind {
            2 => code >= 0x40,
            3 => false,
            _ => true,
        };
        if !known_code(code) || !fits {
            return None;
        }
        let token = r.take(tkl)?;
        let (options, payload) = options(r.rest(), false)?;
        Some(Message { kind, code, id, token, options, payload })
    }

    /// The values of an option.
    pub fn all(&self, number: u16) -> impl Iterator<Item = &'a [u8]> {
        self.options.iter().filter(move |(n, _)| *n == number).map(|(_, v)| *v)
    }

    /// The unsigned value of an option (RFC 7252, 3.2).
    pub fn uint(&self, number: u16) -> Option<u32> {
        self.all(number).next().map(|v| v.iter().take(4).fold(0, |n, b| n << 8 | u32::from(*b)))
    }

    /// `/a/b` of the request.
    pub fn path(&self) -> String {
        let mut out = String::new();
        for part in self.all(URI_PATH) {
            out.push('/');
            out.push_str(&String::from_utf8_lossy(part));
        }
        if out.is_empty() {
            out.push('/');
        }
        out.chars().take(256).collect()
    }

    /// The value of `key=value` among the queries.
    pub fn query(&self, key: &str) -> Option<String> {
        self.all(URI_QUERY).find_map(|q| {
            let text = std::str::from_utf8(q).ok()?;
            let (k, v) = text.split_once('=')?;
            (k == key && !v.is_empty()).then(|| v.to_owned())
        })
    }

    /// Parts of the path are there, and all of it and of the queries is readable text.
    pub fn readable_path(&self) -> bool {
        let readable = |v: &[u8]| std::str::from_utf8(v).is_ok_and(|t| !t.chars().any(char::is_control));
        let parts = self.all(URI_PATH).chain(self.all(URI_QUERY));
        self.all(URI_PATH).map(<[u8]>::len).sum::<usize>() >= 2 && { parts }.all(readable)
    }
}

type Options<'a> = (Vec<(u16, &'a [u8])>, &'a [u8]);

/// Options and payload; `None` if an option is unknown, of a wrong length, or cut.
fn options(data: &[u8], signal: bool) -> Option<Options<'_>> {
    let mut r = Reader::new(data);
    let (mut found, mut number) = (Vec::new(), 0u16);
    while let Some(first) = r.u8() {
        if first == 0xFF {
            return (!r.is_empty()).then(|| (found, r.rest()));
        }
        let delta = extended(&mut r, first >> 4)?;
        let length = usize::from(extended(&mut r, first & 15)?);
        number = number.checked_add(delta)?;
        let value = r.take(length)?;
        let fits = if signal { matches!(number, 2 | 4 | 6) && length <= 4 } else { option_fits(number, length) };
        if !fits || found.len() >= MAX_OPTIONS {
            return None;
        }
        found.push((number, value));
    }
    Some((found, &[]))
}

fn extended(r: &mut Reader<'_>, nibble: u8) -> Option<u16> {
    match nibble {
        0..=12 => Some(u16::from(nibble)),
        13 => r.u8().map(|b| u16::from(b) + 13),
        14 => r.be16()?.checked_add(269),
        _ => None,
    }
}

/// Head of a message in a stream: what it is and how long.
pub struct Framed {
    pub code: u8,
    /// Bytes before the token, and of the whole message.
    head: usize,
    pub total: usize,
    tkl: usize,
}

/// Largest message that is taken: more is another protocol.
const MAX_LENGTH: usize = 1 << 24;

/// Reads the head of a message in a stream (RFC 8323, 3.2). `Ok(None)`: more is needed.
pub fn framed(data: &[u8]) -> Result<Option<Framed>, ()> {
    let Some(first) = data.first() else { return Ok(None) };
    let (nibble, tkl) = (first >> 4, usize::from(first & 15));
    let (width, add) = match nibble {
        13 => (1, 13),
        14 => (2, 269),
        15 => (4, 65_805),
        _ => (0, usize::from(nibble)),
    };
    if tkl > 8 {
        return Err(());
    }
    let (Some(extension), Some(code)) = (data.get(1..1 + width), data.get(1 + width)) else { return Ok(None) };
    let length = extension.iter().fold(0usize, |n, b| n << 8 | usize::from(*b)) + add;
    let signal = matches!(code, 0xE1..=0xE5);
    if !(known_code(*code) || signal || *code == 0 && length == 0) || length > MAX_LENGTH {
        return Err(());
    }
    let head = 2 + width;
    Ok(Some(Framed { code: *code, head, total: head + tkl + length, tkl }))
}

impl Framed {
    /// The message in `data`, which may hold only its beginning.
    pub fn message<'a>(&self, data: &'a [u8]) -> Option<Message<'a>> {
        let body = data.get(self.head..self.total.min(data.len()))?;
        let (token, rest) = body.split_at_checked(self.tkl)?;
        let (options, payload) = options(rest, self.code >= 0xE0)?;
        Some(Message { kind: 1, code: self.code, id: 0, token, options, payload })
    }
}
