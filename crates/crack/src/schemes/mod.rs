//! Schemes by family, and which of them a line is of.

mod digest;
mod ntlm;

use crate::scheme::Scheme;

/// Octets of the longest line that is read: a Kerberos ticket with many groups has tens of thousands.
pub const MAX_LINE: usize = 1 << 17;

/// Reads a line. `mode` is hashcat's; lines that name their scheme need none. `None` if it is of no
/// known scheme or is damaged.
pub fn parse(mode: Option<u32>, line: &str) -> Option<Box<dyn Scheme>> {
    if line.len() > MAX_LINE {
        return None;
    }
    match mode {
        Some(5500) => ntlm::v1(line),
        Some(5600) => ntlm::v2(line),
        Some(11400) => digest::sip(line),
        _ => named(line),
    }
}

/// Lines that begin with the name of their scheme.
fn named(line: &str) -> Option<Box<dyn Scheme>> {
    let (name, _) = line.strip_prefix('$')?.split_once('$')?;
    match name {
        "sip" => digest::sip(line),
        "DIGEST-MD5" => digest::sasl(line),
        _ => None,
    }
}
