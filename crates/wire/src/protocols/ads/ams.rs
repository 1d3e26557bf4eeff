//! The AMS header and the ADS commands behind it (Beckhoff Information System, "AMS/ADS over TCP").

use super::names;
use crate::bytes::Reader;

/// Octets of the AMS/TCP header and the AMS header.
pub const HEADERS: usize = 38;

/// AMS/TCP and AMS header of one packet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Header {
    pub target: [u8; 6],
    pub target_port: u16,
    pub source: [u8; 6],
    pub source_port: u16,
    pub command: u16,
    pub flags: u16,
    /// Octets of data behind the header.
    pub length: u32,
    pub error: u32,
    pub invoke: u32,
}

impl Header {
    /// Reads both headers; `None` unless both lengths agree and the flags are an ADS command's.
    pub fn read(data: &[u8]) -> Option<Header> {
        let mut r = Reader::new(data);
        if r.le16()? != 0 {
            return None;
        }
        let total = r.le32()?;
        let header = Header {
            target: r.take(6)?.try_into().ok()?,
            target_port: r.le16()?,
            source: r.take(6)?.try_into().ok()?,
            source_port: r.le16()?,
            command: r.le16()?,
            flags: r.le16()?,
            length: r.le32()?,
            error: r.le32()?,
            invoke: r.le32()?,
        };
        // flags: 1 response, 4 ADS command, 0x8000 broadcast; those between are seldom set
        let sound = header.length.checked_add(32) == Some(total)
            && header.flags & 0x0004 != 0
            && header.flags & 0x7E00 == 0
            && (1..=9).contains(&header.command)
            && header.target != [0; 6];
        (sound && header.fits()).then_some(header)
    }
    pub fn is_response(&self) -> bool {
        self.flags & 1 != 0
    }
    /// Octets of the whole packet.
    pub fn total(&self) -> u64 {
        HEADERS as u64 + u64::from(self.length)
    }
    /// The data has the length that the command's layout asks for.
    fn fits(&self) -> bool {
        let n = self.length;
        if self.is_response() {
            return self.error != 0 && n == 0
                || match self.command {
                    names::READ_DEVICE_INFO => n == 24,
                    names::READ | names::READ_WRITE | names::READ_STATE | names::ADD_NOTIFICATION => n >= 4,
                    _ => n == 4 || n == 0,
                }
                || n == 4;
        }
        match self.command {
            names::READ_DEVICE_INFO | names::READ_STATE => n == 0,
            names::READ => n == 12,
            names::WRITE => n >= 12,
            names::WRITE_CONTROL => n >= 8,
            names::ADD_NOTIFICATION => n == 40,
            names::DELETE_NOTIFICATION => n == 4,
            names::NOTIFICATION => n >= 8,
            _ => n >= 16,
        }
    }
}

/// AMS net id as text: six numbers with dots.
pub fn net_id(id: [u8; 6]) -> String {
    let [a, b, c, d, e, f] = id;
    format!("{a}.{b}.{c}.{d}.{e}.{f}")
}

/// Value of an XML element without attributes, as in the target description.
pub fn element<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    let mut from = 0;
    while let Some(at) = xml.get(from..)?.find(name) {
        let start = from + at;
        let end = start + name.len();
        let opened =
            start > 0 && xml.get(start - 1..start) == Some("<") && xml.get(end..end + 1) == Some(">");
        if opened {
            let body = xml.get(end + 1..)?;
            return body.find('<').and_then(|n| body.get(..n)).map(str::trim).filter(|v| !v.is_empty());
        }
        from = end;
    }
    None
}
