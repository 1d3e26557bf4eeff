//! How POP3 is known: greetings that name it or have a stamp, commands that only it has.

use super::verb::{Verb, stamp};
use crate::probe::*;
use crate::protocols::lines::{contains, is_text, word};

pub fn identify(hint: &Hint, data: &[u8]) -> Verdict {
    let Some(first) = data.first() else { return Verdict::Need };
    let whole = memchr::memchr(b'\n', data);
    let line = data.get(..whole.unwrap_or(data.len())).unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    match first {
        b'+' => greeting(hint, line, whole.is_some()),
        b'-' if hint.src_port == 110 && line.starts_with(b"-ERR") && is_text(line) => {
            Verdict::Weak(Role::Server)
        }
        b'A'..=b'Z' | b'a'..=b'z' => command(hint, line, whole.is_some()),
        _ => Verdict::No,
    }
}

fn greeting(hint: &Hint, line: &[u8], whole: bool) -> Verdict {
    if line.len() < 4 && !whole && b"+OK ".starts_with(line) {
        return Verdict::Need;
    }
    // Redis answers "+OK" and nothing else
    let Some(text) = line.strip_prefix(b"+OK") else { return Verdict::No };
    if !is_text(line) || !matches!(text.first(), None | Some(b' ')) {
        return Verdict::No;
    }
    if !whole {
        return if line.len() < 512 { Verdict::Need } else { Verdict::No };
    }
    let stamped = std::str::from_utf8(text).is_ok_and(|text| stamp(text).is_some());
    if stamped || contains(text, b"pop3") || contains(text, b"pop server") || contains(text, b"dovecot") {
        Verdict::Strong(Role::Server)
    } else if hint.src_port == 110 || text.len() > 4 {
        Verdict::Weak(Role::Server)
    } else {
        Verdict::No
    }
}

fn command(hint: &Hint, line: &[u8], whole: bool) -> Verdict {
    let (name, argument) = word(line);
    if name.len() > 4 || !is_text(line) {
        return Verdict::No;
    }
    let Some(verb) = Verb::find(name) else {
        return if !whole && name.len() == line.len() && name.len() < 4 { Verdict::Need } else { Verdict::No };
    };
    if !whole {
        return if line.len() < 512 { Verdict::Need } else { Verdict::No };
    }
    if verb.only_pop(argument) {
        Verdict::Strong(Role::Client)
    } else if (hint.dst_port == 110 || matches!(verb, Verb::User | Verb::Pass)) && verb.fits(argument) {
        Verdict::Weak(Role::Client)
    } else {
        Verdict::No
    }
}
