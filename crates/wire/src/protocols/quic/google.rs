//! Google's QUIC of before the standard (versions Q024 to Q046 in the clear, Q050 protected): the tags
//! of the client's hello. Source: "QUIC Crypto" (Langley, Chang), Wireshark as second reader.

use crate::bytes::Reader;

#[derive(Default, Debug, PartialEq)]
pub struct Hello {
    pub server_name: Option<String>,
    pub agent: Option<String>,
}

const MAX_TAGS: u16 = 64;

/// The hello that stands somewhere in this datagram.
pub fn find(data: &[u8]) -> Option<Hello> {
    let at = memchr::memmem::find(data, b"CHLO")?;
    parse(data.get(at..)?)
}

/// A hello, from its own tag on.
pub fn parse(data: &[u8]) -> Option<Hello> {
    let mut r = Reader::new(data);
    r.skip(4)?;
    let count = r.le16().filter(|n| (1..=MAX_TAGS).contains(n))?;
    r.skip(2)?;
    let mut tags = Vec::with_capacity(count.into());
    for _ in 0..count {
        tags.push((r.take(4)?, r.le32()? as usize));
    }
    let values = r.rest();
    let mut hello = Hello::default();
    let mut start = 0;
    for (tag, end) in tags {
        if end < start {
            return None;
        }
        // a value may go on in the next packet
        let value = values.get(start..end.min(values.len())).unwrap_or_default();
        let text = || Some(crate::bytes::text(value)).filter(|t| !t.is_empty() && t.len() < 256);
        match tag {
            b"SNI\0" => hello.server_name = text(),
            b"UAID" => hello.agent = text(),
            _ => {}
        }
        start = end;
    }
    Some(hello)
}

/// Version in the public header of old: `Q` and three digits behind the flags and an eight-octet id.
pub fn version(data: &[u8]) -> Option<u32> {
    let flags = *data.first()?;
    let at = if flags & 0x80 != 0 {
        1
    } else if flags & 0x09 == 0x09 {
        9
    } else {
        return None;
    };
    let v: [u8; 4] = data.get(at..at + 4)?.try_into().ok()?;
    (v.starts_with(b"Q0") && v.iter().skip(2).all(u8::is_ascii_digit)).then(|| u32::from_be_bytes(v))
}
