//! First lines and addresses of SIP (RFC 3261 sections 7, 19, 20).

use crate::protocols::lines::{clean, verbs};

verbs! {
    /// A method (RFC 3261, 3262, 3265, 3311, 3428, 3515, 3903, 6086).
    Method:
    Ack "ACK", Bye "BYE", Cancel "CANCEL", Info "INFO", Invite "INVITE", Message "MESSAGE",
    Notify "NOTIFY", Options "OPTIONS", Prack "PRACK", Publish "PUBLISH", Refer "REFER",
    Register "REGISTER", Subscribe "SUBSCRIBE", Update "UPDATE",
}

/// A first line.
#[derive(Debug)]
pub enum First {
    Request { method: Method, uri: String },
    Status { code: u16, reason: String },
}

/// Longest address or reason kept, in characters.
const MAX_TEXT: usize = 512;

pub fn first(line: &[u8]) -> Option<First> {
    if let Some(rest) = line.strip_prefix(b"SIP/2.0 ") {
        let code = std::str::from_utf8(rest.get(..3)?).ok()?.parse().ok().filter(|c| (100..700).contains(c))?;
        return Some(First::Status { code, reason: clean(rest.get(3..)?, MAX_TEXT) });
    }
    let rest = line.strip_suffix(b" SIP/2.0")?;
    let space = memchr::memchr(b' ', rest)?;
    let method = Method::find(rest.get(..space)?)?;
    Some(First::Request { method, uri: clean(rest.get(space + 1..)?, MAX_TEXT) })
}

/// The address in `"Name" <sip:user@host;p>;tag=…`, without scheme and parameters.
pub fn address(value: &str) -> &str {
    let inner = match value.split_once('<') {
        Some((_, rest)) => rest.split('>').next().unwrap_or(rest),
        None => value,
    };
    let bare = inner.split_once(':').map_or(inner, |(scheme, rest)| match scheme {
        "sip" | "sips" | "tel" => rest,
        _ => inner,
    });
    bare.split([';', '?']).next().unwrap_or(bare).trim()
}

/// The user part of an address.
pub fn user(address: &str) -> &str {
    address.split_once('@').map_or("", |(user, _)| user)
}

/// Number and method of `CSeq`.
pub fn cseq(value: &str) -> Option<(u32, Method)> {
    let (number, method) = value.split_once(' ')?;
    Some((number.trim().parse().ok()?, Method::find(method.trim().as_bytes())?))
}
