//! How a control connection is known: greetings that name FTP, commands that only FTP has.

use super::names::Verb;
use super::reply;
use crate::probe::*;

/// Looks at the first line of one side.
pub fn identify(hint: &Hint, data: &[u8]) -> Verdict {
    let whole = memchr::memchr(b'\n', data);
    let line = data.get(..whole.unwrap_or(data.len())).unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    match line.first() {
        Some(b'1'..=b'5') => identify_reply(hint, data, line, whole.is_some()),
        Some(b'A'..=b'Z' | b'a'..=b'z') => identify_command(hint, line, whole.is_some()),
        _ => Verdict::No,
    }
}

fn identify_reply(hint: &Hint, data: &[u8], line: &[u8], whole: bool) -> Verdict {
    let Some((code, _)) = reply(line) else {
        return if line.len() < 4 && !whole && line.iter().all(u8::is_ascii_digit) {
            Verdict::Need
        } else {
            Verdict::No
        };
    };
    if !line.iter().all(|b| *b >= b' ' || *b == b'\t') {
        return Verdict::No;
    }
    let has = |word: &[u8]| contains_word(data, word);
    match code {
        220 if has(b"smtp") || has(b" mail") => Verdict::No,
        220 if has(b"ftp") => Verdict::Strong(Role::Server),
        220 if !whole && line.len() < 512 => Verdict::Need,
        227 if has(b"227 entering passive mode (") => Verdict::Strong(Role::Server),
        229 if has(b"(|||") => Verdict::Strong(Role::Server),
        // without a word that names it, only the port tells it from mail and news
        125 | 150 | 211 | 215 | 220 | 226 | 230 | 257 | 331 | 332 | 530 if hint.src_port == 21 => {
            Verdict::Weak(Role::Server)
        }
        331 => Verdict::Weak(Role::Server),
        _ => Verdict::No,
    }
}

fn identify_command(hint: &Hint, line: &[u8], whole: bool) -> Verdict {
    let word = line.iter().position(|b| *b == b' ').unwrap_or(line.len());
    if word > 5 || !line.iter().all(|b| *b >= b' ') {
        return Verdict::No;
    }
    let (Some(verb), argument) = (line.get(..word), line.get(word + 1..).unwrap_or_default()) else {
        return Verdict::No;
    };
    let Some(verb) = Verb::find(verb) else {
        return if !whole && word == line.len() && word < 4 { Verdict::Need } else { Verdict::No };
    };
    if !whole {
        return if line.len() < 256 { Verdict::Need } else { Verdict::Weak(Role::Client) };
    }
    if verb.only_ftp(argument) {
        Verdict::Strong(Role::Client)
    } else if (hint.dst_port == 21 || verb == Verb::User) && verb.fits(argument) {
        Verdict::Weak(Role::Client)
    } else {
        Verdict::No
    }
}

/// True if `word` (lower case) stands anywhere in `data`, whatever its case.
fn contains_word(data: &[u8], word: &[u8]) -> bool {
    data.windows(word.len()).take(1024).any(|w| w.eq_ignore_ascii_case(word))
}
