//! The MBAP header, and what the shape of a PDU says: is it Modbus at all, request or answer.
//!
//! Source: MODBUS Messaging on TCP/IP Implementation Guide V1.0b, section 3.1.3; PDU layouts from
//! MODBUS Application Protocol Specification V1.1b3, section 6.

use crate::model::Transport;
use crate::probe::{Hint, Role, Verdict};

/// TCP and UDP port registered for `mbap`.
pub const PORT: u16 = 502;
/// Bytes before the PDU: transaction, protocol, length, unit.
pub const HEADER: usize = 7;
/// Largest value of the length field: unit and a PDU of 253 bytes.
const MAX_LENGTH: usize = 254;
/// UMAS negotiates frames beyond the limit of the standard (1,024 bytes by default on M340/M580).
const MAX_UMAS_LENGTH: usize = 1100;
/// Function code that carries UMAS.
pub const UMAS: u8 = 0x5a;

/// One application data unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Adu<'a> {
    pub transaction: u16,
    pub unit: u8,
    /// Function code and its data; at least one byte.
    pub pdu: &'a [u8],
}

/// Outcome of looking for an ADU at the start of some bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found<'a> {
    /// An ADU and how many bytes it takes.
    Adu(Adu<'a>, usize),
    /// Could be one, more bytes are needed.
    Short,
    No,
}

/// Reads the ADU at the start of `data`.
pub fn read(data: &[u8]) -> Found<'_> {
    let &[t0, t1, p0, p1, l0, l1, unit, code, ..] = data else {
        return short(data);
    };
    let length = usize::from(u16::from_be_bytes([l0, l1]));
    let limit = if code == UMAS { MAX_UMAS_LENGTH } else { MAX_LENGTH };
    if p0 != 0 || p1 != 0 || length < 2 || length > limit {
        return Found::No;
    }
    let Some(pdu) = data.get(HEADER..length + 6) else { return Found::Short };
    Found::Adu(Adu { transaction: u16::from_be_bytes([t0, t1]), unit, pdu }, length + 6)
}

/// Fewer bytes than a header and a function code.
fn short(data: &[u8]) -> Found<'static> {
    let zero = |at: usize| data.get(at).is_none_or(|&b| b == 0);
    let length_high = data.get(4).is_none_or(|&b| usize::from(b) <= MAX_UMAS_LENGTH >> 8);
    if zero(2) && zero(3) && length_high { Found::Short } else { Found::No }
}

/// What a PDU's length, counts and constants agree with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    /// Not a PDU of its function code.
    No,
    Request,
    Response,
    /// Request and answer look alike (echoes).
    Both,
    /// Function code without a public layout.
    Unknown,
}

/// Looks at the shape of a PDU.
pub fn fit(pdu: &[u8]) -> Fit {
    let Some((&code, body)) = pdu.split_first() else { return Fit::No };
    let word = |at: usize| match (body.get(at), body.get(at + 1)) {
        (Some(&a), Some(&b)) => usize::from(u16::from_be_bytes([a, b])),
        _ => 0,
    };
    let len = body.len();
    let byte = |at: usize| usize::from(body.get(at).copied().unwrap_or(0));
    // an answer that begins with the count of the bytes behind it
    let counted = len > 0 && len == 1 + byte(0);
    let pick = |request: bool, response: bool| match (request, response) {
        (true, true) => Fit::Both,
        (true, false) => Fit::Request,
        (false, true) => Fit::Response,
        (false, false) => Fit::No,
    };
    match code {
        1 | 2 => pick(len == 4 && (1..=2000).contains(&word(2)), counted && len > 1),
        3 | 4 => pick(len == 4 && (1..=125).contains(&word(2)), counted && len > 1 && len % 2 == 1),
        5 => pick(len == 4 && matches!(word(2), 0 | 0xff00), len == 4 && matches!(word(2), 0 | 0xff00)),
        6 => pick(len == 4, len == 4),
        7 => pick(len == 0, len == 1),
        8 => pick(len >= 4 && word(0) <= 0x15, len >= 4 && word(0) <= 0x15),
        11 => pick(len == 0, len == 4),
        12 | 17 => pick(len == 0, counted),
        15 => pick(
            len == 5 + byte(4) && byte(4) > 0 && byte(4) == word(2).div_ceil(8),
            len == 4 && (1..=1968).contains(&word(2)),
        ),
        16 => pick(
            len == 5 + byte(4) && byte(4) > 0 && byte(4) == word(2) * 2,
            len == 4 && (1..=123).contains(&word(2)),
        ),
        20 => pick(
            counted && byte(0) % 7 == 0 && (len == 1 || byte(1) == 6),
            counted && (len == 1 || byte(2) == 6),
        ),
        21 => pick(counted && (len == 1 || byte(1) == 6), counted && (len == 1 || byte(1) == 6)),
        22 => pick(len == 6, len == 6),
        23 => pick(len == 9 + byte(8) && byte(8) == word(6) * 2, counted && len > 1 && len % 2 == 1),
        24 => pick(len == 2, len >= 4 && len == 2 + word(0)),
        43 if byte(0) == 14 => pick(
            len == 3 && (1..=4).contains(&byte(1)),
            len >= 6 && (1..=4).contains(&byte(1)) && matches!(byte(2) & 0x7f, 1..=3),
        ),
        43 if byte(0) == 13 => pick(len > 1, len > 1),
        UMAS if len >= 2 => pick(!matches!(byte(1), 0xfd | 0xfe), matches!(byte(1), 0xfd | 0xfe)),
        0x81..=0xff if len == 1 && (1..=11).contains(&byte(0)) => Fit::Response,
        0 | 0x80..=0xff => Fit::No,
        _ => Fit::Unknown,
    }
}

/// Shortest ADU that is beyond doubt by its shape alone; shorter ones are nearly all header.
const STRONG: usize = 10;
/// ADUs of a burst that are looked at.
const MAX_LOOKED_AT: usize = 8;

/// Recognises Modbus/TCP, or the same over UDP, at the head of a direction.
pub fn identify(hint: &Hint, data: &[u8]) -> Verdict {
    let own_port = hint.port(PORT);
    let (mut at, mut role, mut sure, mut looked_at) = (0, Role::Unknown, false, 0);
    while at < data.len() && looked_at < MAX_LOOKED_AT {
        let (adu, size) = match read(data.get(at..).unwrap_or_default()) {
            Found::Adu(adu, size) => (adu, size),
            Found::Short if hint.transport == Transport::Udp => return Verdict::No,
            Found::Short if looked_at == 0 => return Verdict::Need,
            Found::Short => break,
            Found::No => return Verdict::No,
        };
        let shape = fit(adu.pdu);
        match shape {
            // a strange PDU in a good header: only where Modbus is expected
            Fit::No | Fit::Unknown if own_port && adu.pdu.first().is_some_and(|&c| c != 0) => {
                if role == Role::Unknown && adu.pdu.first().is_some_and(|&c| c & 0x80 != 0) {
                    role = Role::Server;
                }
            }
            Fit::No | Fit::Unknown => return Verdict::No,
            Fit::Request | Fit::Response | Fit::Both => {
                sure |= size >= STRONG;
                if role == Role::Unknown {
                    role = match shape {
                        Fit::Request => Role::Client,
                        Fit::Response => Role::Server,
                        _ => Role::Unknown,
                    };
                }
            }
        }
        at += size;
        looked_at += 1;
    }
    let sure = (sure || looked_at > 2) && (own_port || hint.transport == Transport::Tcp);
    match (looked_at, sure) {
        (0, _) => Verdict::Need,
        (_, true) => Verdict::Strong(role),
        (_, false) => Verdict::Weak(role),
    }
}
