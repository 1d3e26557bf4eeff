//! Elements of RESP, and how a flow of it is known.

use super::MAX_ELEMENTS;
use super::commands;
use crate::probe::*;

/// Longest line: an error text, a number, a plain command.
const MAX_LINE: usize = 4096;

pub enum Element<'a> {
    /// A line of its own: `+OK`, `-ERR …`, `:1`, `_`, `#t`, `,1.5`; a null string or list too.
    Line(u8, &'a [u8]),
    /// A string of so many octets follows.
    Bulk(usize),
    /// So many elements follow.
    Many(u8, u64),
    /// A command in plain words.
    Inline(Vec<String>),
}

pub enum Found<'a> {
    /// With the octets its line takes.
    Element(Element<'a>, usize),
    Short,
    Bad,
}

fn number(digits: &[u8]) -> Option<i64> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// The element that begins here.
pub fn element(data: &[u8], command: bool) -> Found<'_> {
    let Some(end) = memchr::memchr(b'\n', data.get(..data.len().min(MAX_LINE)).unwrap_or_default()) else {
        return if data.len() >= MAX_LINE { Found::Bad } else { Found::Short };
    };
    let line = data.get(..end).unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let used = end + 1;
    let Some((&kind, rest)) = line.split_first() else {
        // an empty line is nothing
        return if command { Found::Element(Element::Inline(Vec::new()), used) } else { Found::Bad };
    };
    let found = match kind {
        b'+' | b'-' | b':' | b'_' | b'#' | b',' | b'(' => Element::Line(kind, rest),
        b'$' | b'=' | b'!' => match number(rest) {
            Some(-1) => Element::Line(kind, b""),
            Some(n @ 0..=0x2000_0000) => Element::Bulk(n as usize),
            _ => return Found::Bad,
        },
        b'*' | b'~' | b'>' | b'%' | b'|' => match number(rest) {
            Some(-1) => Element::Line(kind, b""),
            Some(n) if (0..=MAX_ELEMENTS).contains(&n) => {
                let n = if matches!(kind, b'%' | b'|') { n * 2 } else { n };
                Element::Many(kind, n as u64)
            }
            _ => return Found::Bad,
        },
        b'A'..=b'Z' | b'a'..=b'z' if command => {
            let Ok(text) = std::str::from_utf8(line) else { return Found::Bad };
            let words: Vec<String> = text.split_whitespace().take(super::MAX_WORDS).map(str::to_owned).collect();
            if !words.first().is_some_and(|w| commands::known(w.as_bytes())) {
                return Found::Bad;
            }
            Element::Inline(words)
        }
        _ => return Found::Bad,
    };
    Found::Element(found, used)
}

pub enum Looks {
    Sure,
    Short,
    No,
}

/// A command as clients write it: an array of strings of which the first is a command's name.
pub fn command(data: &[u8]) -> Looks {
    let Some(rest) = data.strip_prefix(b"*") else { return Looks::No };
    let Some((n, rest)) = count(rest) else { return if short(rest) { Looks::Short } else { Looks::No } };
    if n == 0 {
        return Looks::No;
    }
    let Some(rest) = rest.strip_prefix(b"$") else { return if rest.is_empty() { Looks::Short } else { Looks::No } };
    let Some((size, name)) = count(rest) else { return if short(rest) { Looks::Short } else { Looks::No } };
    let Ok(size) = usize::try_from(size) else { return Looks::No };
    if !(2..=16).contains(&size) {
        return Looks::No;
    }
    match name.get(..size) {
        Some(word) if commands::known(word) => Looks::Sure,
        Some(_) => Looks::No,
        // three letters and the length tell a command's name from chance
        None if !commands::begins(name, size) => Looks::No,
        None if name.len() >= 3 => Looks::Sure,
        None => Looks::Short,
    }
}

/// A number and its line end.
fn count(data: &[u8]) -> Option<(u64, &[u8])> {
    let digits = data.iter().take_while(|b| b.is_ascii_digit()).count();
    let rest = data.get(digits..)?.strip_prefix(b"\r\n")?;
    let n = number(data.get(..digits)?)?;
    Some((u64::try_from(n).ok()?, rest))
}

/// Nothing yet speaks against a number.
fn short(data: &[u8]) -> bool {
    let digits = data.iter().take_while(|b| b.is_ascii_digit()).count();
    digits <= 7 && matches!(data.get(digits..), Some([] | [b'\r']))
}

/// Looks at the first bytes of one side.
pub fn identify(hint: &Hint, data: &[u8]) -> Verdict {
    match data.first() {
        Some(b'*') => match command(data) {
            Looks::Sure => Verdict::Strong(Role::Client),
            Looks::Short => Verdict::Need,
            Looks::No if home(hint.src_port) => list(data),
            Looks::No => Verdict::No,
        },
        Some(b'-') => {
            let words: [&[u8]; 6] = [b"-NOAUTH ", b"-WRONGPASS ", b"-DENIED Redis", b"-ERR unknown command", b"-ERR invalid password", b"-NOPERM "];
            words_match(&words, data, Verdict::Strong(Role::Server))
        }
        Some(b'+') if home(hint.src_port) => words_match(&[b"+OK\r\n", b"+PONG\r\n"], data, Verdict::Weak(Role::Server)),
        Some(b'$' | b':') if home(hint.src_port) => list(data),
        Some(b'A'..=b'Z' | b'a'..=b'z') if home(hint.dst_port) => match element(data, true) {
            Found::Element(..) => Verdict::Weak(Role::Client),
            Found::Short if data.len() < 64 && data.iter().all(|b| (0x20..0x7f).contains(b)) => Verdict::Need,
            _ => Verdict::No,
        },
        _ => Verdict::No,
    }
}

fn home(port: u16) -> bool {
    super::SPEC.ports.contains(&port)
}

fn words_match(words: &[&[u8]], data: &[u8], then: Verdict) -> Verdict {
    if words.iter().any(|w| data.starts_with(w)) {
        then
    } else if words.iter().any(|w| w.starts_with(data)) {
        Verdict::Need
    } else {
        Verdict::No
    }
}

/// The begin of an answer on the port.
fn list(data: &[u8]) -> Verdict {
    match element(data, false) {
        Found::Element(..) => Verdict::Weak(Role::Server),
        Found::Short if data.len() < 16 => Verdict::Need,
        _ => Verdict::No,
    }
}
