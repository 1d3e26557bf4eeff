//! What a source is, by its first line.

use crate::ends::{Raw as Fields, get};
use crate::json::flatten;
use crate::lines::Lines;
use crate::names::Paths;
use serde::{Deserialize, Serialize};
use std::io::BufRead;
use std::path::Path;

/// What a source is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Kind {
    ZeekTsv,
    ZeekJson,
    Eve,
    /// JSON, or lines with `#`, but of neither.
    Text,
    /// Something else, a capture perhaps.
    Other,
}

impl Kind {
    /// The word of a source record; nothing for what is no log.
    pub fn word(self) -> Option<&'static str> {
        match self {
            Kind::ZeekTsv | Kind::ZeekJson => Some("zeek"),
            Kind::Eve => Some("eve"),
            Kind::Text | Kind::Other => None,
        }
    }
}

/// What a file is, or standard input (`-`), of which nothing is taken. What cannot be opened is `Other`:
/// who reads it says why.
pub fn of(path: &Path) -> Kind {
    let lines = if path == Path::new("-") { Lines::bytes("-", stdin()) } else { Lines::open(path, false) };
    lines.map_or(Kind::Other, |mut lines| head(&mut lines).0)
}

/// What standard input holds ready, without taking it.
pub fn stdin() -> Vec<u8> {
    std::io::stdin().lock().fill_buf().map(<[u8]>::to_vec).unwrap_or_default()
}

/// Lines with their numbers.
pub type Numbered = Vec<(u64, Vec<u8>)>;

/// Reads lines up to the first that tells, and says what it tells.
pub fn head(lines: &mut Lines) -> (Kind, Numbered) {
    let mut read = Numbered::new();
    let mut kind = Kind::Other;
    for _ in 0..MOST_LINES {
        // a capture has no line ends to speak of: its first bytes decide
        if read.is_empty() && !lines.begins_like_text() {
            break;
        }
        let Some(range) = lines.line() else { break };
        let line = lines.get(range).to_vec();
        let told = tells(&line);
        read.push((lines.number, line));
        match told {
            Some(Kind::Text) => kind = Kind::Text,
            Some(Kind::Other) => break,
            Some(log) => return (log, read),
            None => {}
        }
    }
    (kind, read)
}

/// Lines looked at.
const MOST_LINES: usize = 64;

/// What a line tells of its file; `None` for a blank one.
pub fn tells(line: &[u8]) -> Option<Kind> {
    let line = line.trim_ascii();
    match line {
        [] => None,
        [b'#', ..] => {
            let marks: [&[u8]; 3] = [b"#separator ", b"#fields", b"#path"];
            let zeek = marks.iter().any(|m| line.starts_with(m));
            Some(if zeek { Kind::ZeekTsv } else { Kind::Text })
        }
        [b'{', ..] => Some(object(line)),
        _ => Some(Kind::Other),
    }
}

/// What a line that is a JSON object belongs to. A line that is cut is told by its keys.
pub fn object(line: &[u8]) -> Kind {
    let mut raw = Fields::new();
    if flatten(line, &mut Paths::default(), &mut raw).is_err() {
        let has = |key: &[u8]| memchr::memmem::find(line, key).is_some();
        return match () {
            () if has(b"\"event_type\":") && has(b"\"timestamp\":") => Kind::Eve,
            () if has(b"\"ts\":") && (has(b"\"uid\":") || has(b"\"_path\":")) => Kind::ZeekJson,
            () => Kind::Text,
        };
    }
    let has = |name: &str| get(&raw, name).is_some();
    if has("event_type") && has("timestamp") {
        Kind::Eve
    } else if has("ts") && ["uid", "_path", "id.orig_h", "fuid", "note", "host", "mac"].iter().any(|n| has(n))
    {
        Kind::ZeekJson
    } else {
        Kind::Text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn kind(text: &[u8]) -> Kind {
        Lines::bytes("t", text.to_vec()).map_or(Kind::Other, |mut lines| head(&mut lines).0)
    }

    #[test]
    fn by_the_first_line_that_tells() {
        assert_eq!(kind(b"#separator \\x09\n#path\tconn\n"), Kind::ZeekTsv);
        assert_eq!(kind(b"### made by a tool\n#fields\tts\n"), Kind::ZeekTsv);
        assert_eq!(kind(b"{\"ts\":1.0,\"uid\":\"C\",\"id.orig_h\":\"10.0.0.1\"}\n"), Kind::ZeekJson);
        assert_eq!(kind(b"\xef\xbb\xbf\n{\"timestamp\":\"x\",\"event_type\":\"dns\"}"), Kind::Eve);
        assert_eq!(kind(b"{\"timestamp\":\"x\",\"event_type\":\"dns\",\"a\":\"cut her"), Kind::Eve);
        assert_eq!(kind(b"{\"a\":1}\n"), Kind::Text);
        assert_eq!(kind(b"# a comment\nx"), Kind::Text);
        assert_eq!(kind(b"\xd4\xc3\xb2\xa1"), Kind::Other);
        assert_eq!(kind(b""), Kind::Other);
    }

    proptest! {
        #[test]
        fn never_panics(head in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = kind(&head);
        }
    }
}
