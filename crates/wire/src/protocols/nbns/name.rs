//! NetBIOS names: sixteen octets, the last a suffix that says what offers the name.

use crate::protocols::sysdescr::line;

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NetbiosName {
    pub text: String,
    /// Kind of the name: 00 workstation, 20 file server, 1B to 1E domain and browser names …
    pub suffix: u8,
}

impl NetbiosName {
    /// From its sixteen octets, blank-padded.
    pub fn new(raw: &[u8]) -> Option<NetbiosName> {
        let (suffix, text) = raw.split_last().filter(|(_, text)| text.len() == 15)?;
        Some(NetbiosName { text: line(text), suffix: *suffix })
    }
    /// It can be the name of a host or domain (not `*`, not `__MSBROWSE__`, not empty).
    pub fn is_plain(&self) -> bool {
        !self.text.is_empty()
            && self.text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.$ ".contains(&b) || b >= 0x80)
            && !self.text.starts_with("__")
    }
}

/// Undoes the first-level encoding (RFC 1001, 14.1): each octet as two letters A to P.
pub fn decode(label: &[u8]) -> Option<NetbiosName> {
    if label.len() != 32 {
        return None;
    }
    let mut raw = [0u8; 16];
    for (slot, pair) in raw.iter_mut().zip(label.chunks_exact(2)) {
        let &[high, low] = pair else { return None };
        if !(b'A'..=b'P').contains(&high) || !(b'A'..=b'P').contains(&low) {
            return None;
        }
        *slot = (high - b'A') << 4 | (low - b'A');
    }
    NetbiosName::new(&raw)
}
