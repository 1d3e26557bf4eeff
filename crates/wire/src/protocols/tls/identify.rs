//! Is it TLS? By content, on any port.

use super::{content, header, header_begins, names, sslv2};
use crate::bytes::Reader;
use crate::probe::{Hint, Role, Verdict};

/// Bytes looked at of a hello: up to the length of the session id.
const ENOUGH: usize = 5 + 4 + 2 + 32 + 1;

pub fn identify(_hint: &Hint, data: &[u8]) -> Verdict {
    let Some(head) = data.first_chunk::<5>() else {
        let old = sslv2::hello(data) == sslv2::Head::Need;
        return if header_begins(data) || old { Verdict::Need } else { Verdict::No };
    };
    let Some((kind, _, length)) = header(head) else { return old(data) };
    let end = head.len() + length;
    let body = data.get(head.len()..end.min(data.len())).unwrap_or_default();
    let next = follows(data, end);
    if next == Some(false) {
        return Verdict::No;
    }
    let two = next == Some(true);
    match kind {
        content::HANDSHAKE => match handshake(body, length) {
            Verdict::Need if data.len() >= ENOUGH || body.len() == length => Verdict::Weak(Role::Unknown),
            verdict => verdict,
        },
        content::CHANGE_CIPHER_SPEC if length == 1 && body.first().is_none_or(|b| *b == 1) => sure(two),
        content::ALERT if length == 2 && body.first().is_none_or(|b| matches!(b, 1 | 2)) => sure(two),
        // what is encrypted has at least a checksum
        content::APPLICATION_DATA if length >= 16 || two => sure(two),
        _ => Verdict::No,
    }
}

fn sure(two: bool) -> Verdict {
    if two { Verdict::Strong(Role::Unknown) } else { Verdict::Weak(Role::Unknown) }
}

fn old(data: &[u8]) -> Verdict {
    match (sslv2::hello(data), data.get(2)) {
        (sslv2::Head::Length(_), Some(1)) => Verdict::Strong(Role::Client),
        (sslv2::Head::Length(_), _) => Verdict::Strong(Role::Server),
        (sslv2::Head::Need, _) => Verdict::Need,
        (sslv2::Head::No, _) => Verdict::No,
    }
}

/// Does a record header stand at `at`? `None` if there is too little to tell.
fn follows(data: &[u8], at: usize) -> Option<bool> {
    let rest = data.get(at..).filter(|r| !r.is_empty())?;
    match rest.first_chunk::<5>() {
        Some(head) => Some(header(head).is_some()),
        None if header_begins(rest) => None,
        None => Some(false),
    }
}

/// What the first handshake message says; `Need` if its record holds too little of it.
fn handshake(body: &[u8], length: usize) -> Verdict {
    let mut r = Reader::new(body);
    let (Some(kind), Some(size)) = (r.u8(), r.be24()) else { return Verdict::Need };
    let size = size as usize;
    let role = match kind {
        // alone in its record, or longer than it
        1 if size >= 38 && size + 4 >= length && size < 1 << 17 => Role::Client,
        2 if (35..1 << 14).contains(&size) => Role::Server,
        0 | 14 if size == 0 => return Verdict::Weak(Role::Server),
        12 | 13 | 22 if size < 1 << 16 => return Verdict::Weak(Role::Server),
        11 if (3..1 << 20).contains(&size) => return Verdict::Weak(Role::Unknown),
        15 | 16 if size > 0 && size < 1 << 14 => return Verdict::Weak(Role::Client),
        _ => return Verdict::No,
    };
    let Some(version) = r.be16() else { return Verdict::Need };
    let known = matches!(version, 0x0300..=0x0304 | 0x7e00..=0x7fff) || version == names::TLCP;
    if !known {
        return Verdict::No;
    }
    let (Some(()), Some(id)) = (r.skip(32), r.u8()) else { return Verdict::Need };
    // the old drafts' ServerHello has no session id
    if id > 32 && !(kind == 2 && version >= 0x7e00) {
        return Verdict::No;
    }
    if role == Role::Client { Verdict::Strong(Role::Client) } else { Verdict::Strong(Role::Server) }
}
