//! Heads of messages made like those of RFC 822: a first line, fields, a blank line (SIP, RTSP).

use super::lines::clean;

/// A head longer than this is not waited for, in bytes.
pub const MAX_HEAD: usize = 16 * 1024;
/// Fields of a head that are read; longest value kept, in characters.
const MAX_FIELDS: usize = 64;
const MAX_VALUE: usize = 4096;

/// A head; borrows from the data it was read from.
#[derive(Debug)]
pub struct Head<'a> {
    /// Bytes it takes, blank line included.
    pub length: usize,
    pub first: &'a [u8],
    fields: Vec<(&'a [u8], &'a [u8])>,
}

/// Reads a head; `None` if its end is not there.
pub fn read(data: &[u8]) -> Option<Head<'_>> {
    let length =
        memchr::memchr_iter(b'\n', data).take_while(|at| *at < MAX_HEAD).find_map(|at| {
            match data.get(at + 1..)? {
                [b'\n', ..] => Some(at + 2),
                [b'\r', b'\n', ..] => Some(at + 3),
                _ => None,
            }
        })?;
    let whole = data.get(..length)?;
    let end = memchr::memchr(b'\n', whole)?;
    let first = whole.get(..end)?;
    let mut fields = Vec::with_capacity(16);
    let mut start = end + 1;
    while start < whole.len() && fields.len() < MAX_FIELDS {
        let mut stop = start + memchr::memchr(b'\n', whole.get(start..)?)?;
        // a line that begins with a space goes on with the field before it
        while let Some(b' ' | b'\t') = whole.get(stop + 1) {
            stop = stop + 1 + memchr::memchr(b'\n', whole.get(stop + 1..)?)?;
        }
        let line = whole.get(start..stop)?;
        if let Some(colon) = memchr::memchr(b':', line) {
            let name = line.get(..colon)?.trim_ascii();
            fields.push((name, line.get(colon + 1..)?));
        }
        start = stop + 1;
    }
    Some(Head { length, first: first.strip_suffix(b"\r").unwrap_or(first), fields })
}

impl Head<'_> {
    /// Value of the first field of one of these names (lower case), readable.
    pub fn get(&self, names: &[&str]) -> Option<String> {
        self.all(names).next()
    }
    /// Values of all fields of these names.
    pub fn all<'s>(&'s self, names: &'s [&str]) -> impl Iterator<Item = String> + use<'s> {
        let same = move |name: &[u8]| names.iter().any(|n| n.as_bytes().eq_ignore_ascii_case(name));
        self.fields.iter().filter(move |(name, _)| same(name)).map(|(_, value)| clean(value, MAX_VALUE))
    }
    /// The length of the body, if it is told.
    pub fn body(&self, names: &[&str]) -> Option<usize> {
        self.get(names)?.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_fields_and_folds() {
        let head = read(b"INVITE x SIP/2.0\r\nVia: a,\r\n b\r\nl: 3\r\n\r\nabc").unwrap();
        assert_eq!((head.first, head.length), (&b"INVITE x SIP/2.0"[..], 39));
        assert_eq!(head.get(&["via", "v"]).as_deref(), Some("a, b"));
        assert_eq!(head.body(&["content-length", "l"]), Some(3));
        assert!(read(b"INVITE x SIP/2.0\r\nVia: a\r\n").is_none());
    }

    proptest::proptest! {
        #[test]
        fn never_panics(data: Vec<u8>) {
            if let Some(head) = read(&data) {
                assert!(head.length <= data.len());
                head.get(&["a"]);
            }
        }
    }
}
