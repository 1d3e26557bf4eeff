//! Lines of a source, compressed or not, of bounded length.

use sentinel_wire::capture::{CaptureError, Got, Input, Raw};
use std::io;
use std::ops::Range;
use std::path::Path;

/// Bytes of one line; a longer one is skipped and counted.
pub const LONGEST: usize = 16 << 20;
const CHUNK: usize = 64 << 10;

/// See the module.
pub struct Lines {
    name: String,
    input: Input,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// Within `start..end`, how far was searched for a line end.
    searched: usize,
    over: bool,
    /// The rest of a line that is too long is being skipped.
    skipping: bool,
    /// Number of the last line given.
    pub number: u64,
    /// Lines that were too long.
    pub long: u64,
    /// The source stops before its end (a compressed one).
    pub cut: bool,
    pub error: Option<String>,
}

impl Lines {
    /// Opens a file, or standard input for `-`.
    pub fn open(path: &Path, hash: bool) -> Result<Lines, String> {
        let name = path.to_string_lossy().into_owned();
        let raw = Raw::open(path, hash);
        let raw = raw.map_err(|why| CaptureError::Open { name: name.clone(), why }.to_string())?;
        Lines::of(&name, raw)
    }

    /// Lines of bytes from elsewhere.
    pub fn of(name: &str, raw: Raw) -> Result<Lines, String> {
        let input = Input::new(name, raw).map_err(|e| e.to_string())?;
        Ok(Lines {
            name: name.to_owned(),
            input,
            buffer: Vec::new(),
            start: 0,
            end: 0,
            searched: 0,
            over: false,
            skipping: false,
            number: 0,
            long: 0,
            cut: false,
            error: None,
        })
    }

    /// Lines of bytes at hand.
    pub fn bytes(name: &str, bytes: Vec<u8>) -> Result<Lines, String> {
        Lines::of(name, Raw::of(Box::new(io::Cursor::new(bytes)), false))
    }

    /// The next line without its end, as a range for [`Lines::get`]; `None` at the end of the source.
    pub fn line(&mut self) -> Option<Range<usize>> {
        loop {
            let from = self.start.saturating_add(self.searched);
            let open = self.buffer.get(from..self.end).unwrap_or_default();
            if let Some(at) = memchr::memchr(b'\n', open) {
                let range = self.start..from.saturating_add(at);
                self.start = range.end.saturating_add(1);
                self.searched = 0;
                self.number = self.number.saturating_add(1);
                if std::mem::take(&mut self.skipping) || range.len() > LONGEST {
                    self.long = self.long.saturating_add(1);
                    continue;
                }
                return Some(self.trimmed(range));
            }
            self.searched = self.end.saturating_sub(self.start);
            if self.searched > LONGEST {
                self.skipping = true;
                self.start = self.end;
                self.searched = 0;
            }
            if self.over || !self.fill() {
                if self.start == self.end {
                    return None;
                }
                let range = self.start..self.end;
                self.start = self.end;
                self.searched = 0;
                self.number = self.number.saturating_add(1);
                if std::mem::take(&mut self.skipping) || range.len() > LONGEST {
                    self.long = self.long.saturating_add(1);
                    return None;
                }
                return Some(self.trimmed(range));
            }
        }
    }

    /// True if the first bytes are those of lines: printable, blank, or of UTF-8 beyond ASCII. Call it
    /// before [`Lines::next`].
    pub fn begins_like_text(&mut self) -> bool {
        if self.end == self.start {
            self.fill();
        }
        let head = self.buffer.get(self.start..self.end.min(self.start.saturating_add(64)));
        let text = |b: &u8| matches!(b, 9 | 10 | 13 | 32..=126 | 128..);
        head.is_some_and(|h| !h.is_empty() && h.iter().all(text))
    }

    /// The bytes of a line.
    pub fn get(&self, range: Range<usize>) -> &[u8] {
        self.buffer.get(range).unwrap_or_default()
    }

    fn trimmed(&self, mut range: Range<usize>) -> Range<usize> {
        let line = self.get(range.clone());
        if self.number == 1 && line.starts_with(b"\xef\xbb\xbf") {
            range.start = range.start.saturating_add(3);
        }
        if self.get(range.clone()).ends_with(b"\r") {
            range.end = range.end.saturating_sub(1);
        }
        range
    }

    fn fill(&mut self) -> bool {
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end = self.end.saturating_sub(self.start);
            self.start = 0;
        }
        if self.buffer.len() < self.end.saturating_add(CHUNK) {
            self.buffer.resize(self.end.saturating_mul(2).max(CHUNK * 2), 0);
        }
        let room = self.buffer.get_mut(self.end..).unwrap_or_default();
        match self.input.read(&self.name, room) {
            Ok(Got::Bytes(n)) => {
                self.end = self.end.saturating_add(n);
                return true;
            }
            Ok(Got::End) => {}
            Ok(Got::Cut) => self.cut = true,
            Ok(Got::Trailing) => {
                self.error = Some(format!("{}: what follows the compressed data is not read", self.name));
            }
            Err(why) => self.error = Some(why.to_string()),
        }
        self.over = true;
        false
    }

    /// Gives the file handle back until more is read.
    pub fn park(&mut self) {
        self.input.park();
    }
    /// Bytes read of the source as stored.
    pub fn read(&self) -> u64 {
        self.input.raw().read
    }
    /// Bytes the source has, if that is known.
    pub fn total(&self) -> Option<u64> {
        self.input.raw().total
    }
    /// SHA-256 of the source as stored.
    pub fn finish_hash(&mut self) -> Option<[u8; 32]> {
        self.input.finish_hash()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(text: &[u8]) -> Vec<Vec<u8>> {
        let Ok(mut lines) = Lines::bytes("t", text.to_vec()) else { return Vec::new() };
        let mut out = Vec::new();
        while let Some(range) = lines.line() {
            out.push(lines.get(range).to_vec());
        }
        out
    }

    #[test]
    fn line_ends_and_marks() {
        assert_eq!(all(b"\xef\xbb\xbfa\r\nb\n\nc"), [&b"a"[..], b"b", b"", b"c"]);
        assert_eq!(all(b"a\n"), [b"a"]);
    }

    #[test]
    fn a_line_too_long_is_skipped() {
        let mut text = vec![b'x'; LONGEST + 3 * CHUNK];
        text.extend_from_slice(b"\nb\n");
        let mut lines = Lines::bytes("t", text).unwrap();
        let range = lines.line().unwrap();
        assert_eq!((lines.get(range), lines.long, lines.number), (&b"b"[..], 1, 2));
        assert_eq!(lines.line(), None);
    }

    proptest! {
        #[test]
        fn nothing_is_lost(pieces in proptest::collection::vec("[a-z]{1,300}", 1..400)) {
            let want: Vec<Vec<u8>> = pieces.iter().map(|p| p.clone().into_bytes()).collect();
            prop_assert_eq!(all(pieces.join("\n").as_bytes()), want);
        }
    }
}
