//! How SMTP is known: greetings that name mail, commands that only it has.

use super::verb::{Verb, reply};
use crate::probe::*;
use crate::protocols::lines::{contains, is_text, word};

const PORTS: [u16; 3] = [25, 587, 2525];

pub fn identify(hint: &Hint, data: &[u8]) -> Verdict {
    let whole = memchr::memchr(b'\n', data);
    let line = data.get(..whole.unwrap_or(data.len())).unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    match line.first() {
        Some(b'2'..=b'5') => answer(hint, data, line, whole.is_some()),
        Some(b'A'..=b'Z' | b'a'..=b'z') => command(hint, line, whole.is_some()),
        _ => Verdict::No,
    }
}

fn answer(hint: &Hint, data: &[u8], line: &[u8], whole: bool) -> Verdict {
    let Some((code, last)) = reply(line) else {
        let digits = line.len() < 4 && !whole && line.iter().all(u8::is_ascii_digit);
        return if digits { Verdict::Need } else { Verdict::No };
    };
    let home = PORTS.contains(&hint.src_port);
    if !is_text(line) {
        return Verdict::No;
    }
    if code == 220 && (contains(data, b"smtp") || contains(data, b" mail")) && !contains(data, b"ftp") {
        return Verdict::Strong(Role::Server);
    }
    if !whole || !last {
        return if data.len() < 1024 && code == 220 { Verdict::Need } else { Verdict::No };
    }
    match code {
        354 if contains(line, b"<crlf>.<crlf>") => Verdict::Strong(Role::Server),
        220 | 221 | 235 | 250 | 334 | 354 | 421 | 451 | 452 | 500..=504 | 530 | 535 | 550..=554 if home => {
            Verdict::Weak(Role::Server)
        }
        220 if line.len() > 8 => Verdict::Weak(Role::Server),
        _ => Verdict::No,
    }
}

fn command(hint: &Hint, line: &[u8], whole: bool) -> Verdict {
    let (name, argument) = word(line);
    if name.len() > 14 || !is_text(line) {
        return Verdict::No;
    }
    let Some(verb) = Verb::find(name) else {
        let begun = !whole && name.len() == line.len() && name.len() < 9;
        return if begun { Verdict::Need } else { Verdict::No };
    };
    if !whole {
        return if line.len() < 512 { Verdict::Need } else { Verdict::No };
    }
    if verb.only_smtp(argument) {
        Verdict::Strong(Role::Client)
    } else if PORTS.contains(&hint.dst_port) {
        Verdict::Weak(Role::Client)
    } else {
        Verdict::No
    }
}
