//! How SIP is known: its version at the end of a request line or the beginning of a status line.

use super::head::Method;
use crate::model::Transport;
use crate::probe::*;

pub fn identify(hint: &Hint, data: &[u8]) -> Verdict {
    // keep-alives of line ends, and junk some senders put before a request
    let start = data.iter().position(|b| !matches!(b, b'\r' | b'\n' | 0)).unwrap_or(data.len());
    let Some(rest) = data.get(start..).filter(|_| start <= 8) else { return Verdict::No };
    let stream = hint.transport == Transport::Tcp;
    let end = memchr::memchr(b'\n', rest);
    let line = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if line.is_empty() {
        return if stream { Verdict::Need } else { Verdict::No };
    }
    if line.starts_with(b"SIP/2.0 ") {
        return match line.get(8..11) {
            Some([b'1'..=b'6', b'0'..=b'9', b'0'..=b'9']) => Verdict::Strong(answering(rest)),
            Some(_) => Verdict::No,
            None if stream => Verdict::Need,
            None => Verdict::No,
        };
    }
    if stream && b"SIP/2.0 ".starts_with(line) {
        return Verdict::Need;
    }
    let word = line.iter().position(|b| *b == b' ');
    let name = line.get(..word.unwrap_or(line.len())).unwrap_or_default();
    if name.len() > 9 || !name.iter().all(u8::is_ascii_uppercase) {
        return Verdict::No;
    }
    if word.is_some() && Method::find(name).is_none() {
        return Verdict::No;
    }
    if end.is_none() {
        return if stream && line.len() < 1024 { Verdict::Need } else { Verdict::No };
    }
    if !line.ends_with(b" SIP/2.0") {
        return Verdict::No;
    }
    Verdict::Strong(if name == b"REGISTER" { Role::Client } else { Role::Unknown })
}

/// Who registers is the client.
fn answering(data: &[u8]) -> Role {
    let head = data.get(..data.len().min(2048)).unwrap_or_default();
    let registers = memchr::memmem::find(head, b" REGISTER\r").is_some();
    if registers { Role::Server } else { Role::Unknown }
}
