//! Lines of text protocols: cut by their ends, overlong ones passed over, made readable.

use crate::cx::Cx;
use crate::model::Side;

/// An enumeration of command words, with `find` (whatever the case) and `name`.
macro_rules! verbs {
    ($(#[$meta:meta])* $name:ident: $($variant:ident $text:literal),* $(,)?) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum $name { $($variant),* }
        impl $name {
            const ALL: &'static [($name, &'static str)] = &[$(($name::$variant, $text)),*];
            /// The command spelt so, whatever its case.
            pub fn find(word: &[u8]) -> Option<$name> {
                let same = |text: &str| text.as_bytes().eq_ignore_ascii_case(word);
                $name::ALL.iter().find(|(_, text)| same(text)).map(|(verb, _)| *verb)
            }
            /// The command as it stands on the wire.
            pub fn name(self) -> &'static str {
                match self { $($name::$variant => $text),* }
            }
        }
    };
}
pub(crate) use verbs;

/// Longest line kept; the rest of a longer one is passed over.
pub const MAX_LINE: usize = 8192;

/// What stands at the head of a direction.
#[derive(Debug)]
pub enum Line<'a> {
    /// Its end is not there yet.
    Need,
    /// So many bytes of an overlong line, whose beginning was given before.
    Rest(usize),
    /// The line without its end, and the bytes it takes.
    Whole(&'a [u8], usize),
}

/// Which directions are inside an overlong line.
#[derive(Default, Debug)]
pub struct Lines {
    long: [bool; 2],
}

impl Lines {
    /// The next line of the sender of `data`.
    pub fn next<'a>(&mut self, cx: &mut Cx<'_>, data: &'a [u8]) -> Line<'a> {
        let end = memchr::memchr(b'\n', data);
        let long = self.direction(cx.from());
        if *long {
            *long = end.is_none();
            return Line::Rest(end.map_or(data.len(), |at| at + 1));
        }
        let (line, used) = match end {
            Some(at) => (data.get(..at).unwrap_or_default(), at + 1),
            None if data.len() < MAX_LINE => return Line::Need,
            None => {
                *long = true;
                cx.dropped("text_line");
                (data, data.len())
            }
        };
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        Line::Whole(line.get(..line.len().min(MAX_LINE)).unwrap_or_default(), used)
    }

    /// Bytes of a direction are missing.
    pub fn gap(&mut self, from: Side) {
        *self.direction(from) = false;
    }

    fn direction(&mut self, from: Side) -> &mut bool {
        let [client, server] = &mut self.long;
        if from == Side::Client { client } else { server }
    }
}

/// Text of a line's part: lossy, trimmed, without control characters, at most `max` characters.
pub fn clean(bytes: &[u8], max: usize) -> String {
    let text = String::from_utf8_lossy(bytes.get(..bytes.len().min(max * 4)).unwrap_or_default());
    text.trim_matches(|c: char| c.is_whitespace() || c.is_control())
        .chars()
        .filter(|c| !c.is_control())
        .take(max)
        .collect()
}

/// First word of a line and what follows the space behind it.
pub fn word(line: &[u8]) -> (&[u8], &[u8]) {
    match memchr::memchr(b' ', line) {
        Some(at) => (line.get(..at).unwrap_or_default(), line.get(at + 1..).unwrap_or_default()),
        None => (line, &[]),
    }
}

/// True if `word` (lower case) stands anywhere in the first KiB of `data`, whatever its case.
pub fn contains(data: &[u8], word: &[u8]) -> bool {
    data.windows(word.len().max(1)).take(1024).any(|w| w.eq_ignore_ascii_case(word))
}

/// True for the bytes of a text line (UTF-8 included, control characters not).
pub fn is_text(line: &[u8]) -> bool {
    line.iter().all(|b| *b >= b' ' || *b == b'\t')
}

/// "Product 1.2 …" behind one of `names`: the product and the version, empty if not said.
pub fn product<'a>(text: &'a str, names: &[&'static str]) -> Option<(&'static str, &'a str)> {
    let name = names.iter().find(|name| text.contains(**name))?;
    let (_, after) = text.split_once(name)?;
    let after = after.trim_start_matches([' ', '/', '(', '-', 'v', 'V', '[', ',']);
    let after = after.strip_prefix("ersion ").or(after.strip_prefix("ersion: ")).unwrap_or(after);
    let end = after
        .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_')))
        .unwrap_or(after.len());
    let version = after.get(..end).unwrap_or_default().trim_end_matches('.');
    let numbered = version.starts_with(|c: char| c.is_ascii_digit()) && version.contains('.');
    Some((name, if numbered { version } else { "" }))
}

/// True for a host name with a dot in it.
pub fn is_hostname(text: &str) -> bool {
    text.len() <= 253
        && text.contains('.')
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
        && text.bytes().any(|b| b.is_ascii_alphabetic())
        && !text.starts_with('.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_products_and_names() {
        let names = ["Postfix", "Dovecot"];
        assert_eq!(product("220 ESMTP Postfix (3.4.1)", &names), Some(("Postfix", "3.4.1")));
        assert_eq!(product("Dovecot ready", &names), Some(("Dovecot", "")));
        assert_eq!(product("nothing", &names), None);
        assert!(is_hostname("mail.example") && !is_hostname("10.1.2.3") && !is_hostname("a b.c"));
    }

    proptest::proptest! {
        #[test]
        fn never_panics(data: Vec<u8>, max in 0usize..20) {
            clean(&data, max);
            word(&data);
            contains(&data, b"x");
            product(&String::from_utf8_lossy(&data), &["a", "b"]);
        }
    }
}
