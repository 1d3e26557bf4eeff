//! Reading the parts of a hash line.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};

/// Octets of hex digits; `None` for anything else.
pub fn hex(text: &str) -> Option<Vec<u8>> {
    let digit = |b: u8| char::from(b).to_digit(16).and_then(|d| u8::try_from(d).ok());
    if !text.len().is_multiple_of(2) {
        return None;
    }
    text.as_bytes()
        .chunks_exact(2)
        .map(|pair| match pair {
            [a, b] => Some(digit(*a)? << 4 | digit(*b)?),
            _ => None,
        })
        .collect()
}

/// Exactly `N` octets of hex digits.
pub fn sized<const N: usize>(text: &str) -> Option<[u8; N]> {
    hex(text)?.try_into().ok()
}

pub fn base64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).or_else(|_| STANDARD_NO_PAD.decode(text)).ok()
}

/// The parts of a line that are parted by `by`, if there are just so many.
pub fn parts<const N: usize>(text: &str, by: char) -> Option<[&str; N]> {
    let mut all = text.split(by);
    let mut out = [""; N];
    for slot in &mut out {
        *slot = all.next()?;
    }
    all.next().is_none().then_some(out)
}

/// A salt that may be written as hashcat's `$HEX[…]`.
pub fn salt(text: &str) -> Option<Vec<u8>> {
    match text.strip_prefix("$HEX[").and_then(|t| t.strip_suffix(']')) {
        Some(digits) => hex(digits),
        None => Some(text.as_bytes().to_vec()),
    }
}
