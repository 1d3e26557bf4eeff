//! How IMAP is known: untagged greetings and answers, commands behind a tag.

use super::verb::Verb;
use crate::probe::*;
use crate::protocols::lines::{contains, is_text, word};

/// Longest tag; clients make four to eight characters.
pub const MAX_TAG: usize = 32;

pub fn identify(hint: &Hint, data: &[u8]) -> Verdict {
    let whole = memchr::memchr(b'\n', data);
    let line = data.get(..whole.unwrap_or(data.len())).unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let Some(first) = line.first() else { return Verdict::No };
    let verdict = match first {
        b'*' => untagged(line),
        first if first.is_ascii_alphanumeric() => tagged(hint, line),
        _ => return Verdict::No,
    };
    if verdict == Verdict::No || !is_text(line) {
        return Verdict::No;
    }
    match whole {
        // a whole line that says too little will say no more
        Some(_) if verdict == Verdict::Need => Verdict::No,
        Some(_) => verdict,
        None if line.len() < 1024 => Verdict::Need,
        None => Verdict::No,
    }
}

fn untagged(line: &[u8]) -> Verdict {
    if line.len() < 5 && (b"* OK ".starts_with(line) || line.starts_with(b"* ")) {
        return Verdict::Need;
    }
    let Some(rest) = line.strip_prefix(b"* ") else { return Verdict::No };
    let (name, text) = word(rest);
    match name {
        b"OK" | b"PREAUTH" | b"BYE" if contains(text, b"imap") => Verdict::Strong(Role::Server),
        b"OK" | b"PREAUTH" | b"BYE" => Verdict::Weak(Role::Server),
        b"CAPABILITY" if contains(text, b"imap4") => Verdict::Strong(Role::Server),
        b"LIST" | b"LSUB" | b"FLAGS" if text.starts_with(b"(") => Verdict::Strong(Role::Server),
        b"CAPABILITY" | b"SEARCH" | b"STATUS" | b"ID" => Verdict::Weak(Role::Server),
        _ if name.iter().all(u8::is_ascii_digit) => {
            let (what, _) = word(text);
            match what {
                b"EXISTS" | b"RECENT" | b"FETCH" | b"EXPUNGE" => Verdict::Strong(Role::Server),
                _ => Verdict::No,
            }
        }
        _ => Verdict::No,
    }
}

/// True if it may be a tag.
pub fn is_tag(tag: &[u8]) -> bool {
    (1..=MAX_TAG).contains(&tag.len())
        && tag.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
}

fn tagged(hint: &Hint, line: &[u8]) -> Verdict {
    let (tag, rest) = word(line);
    if !is_tag(tag) {
        return Verdict::No;
    }
    let home = hint.port(143);
    if rest.is_empty() {
        return if line.len() < MAX_TAG { Verdict::Need } else { Verdict::No };
    }
    let (name, arguments) = word(rest);
    if let Some(verb) = Verb::find(name) {
        if verb.only_imap(arguments) {
            return Verdict::Strong(Role::Client);
        }
        // a tag has a number, which words of other protocols have not
        let numbered = tag.iter().any(u8::is_ascii_digit);
        return if home || numbered { Verdict::Weak(Role::Client) } else { Verdict::No };
    }
    match name {
        b"OK" | b"NO" | b"BAD" if hint.src_port == 143 => Verdict::Weak(Role::Server),
        _ if arguments.is_empty() && name.len() < 12 && name.iter().all(u8::is_ascii_alphabetic) => {
            // perhaps the beginning of a command
            Verdict::Need
        }
        _ => Verdict::No,
    }
}
