//! Conference data in the MCS connection: what client and server tell before anything is encrypted.
//!
//! Source: MS-RDPBCGR, sections 2.2.1.3 (client) and 2.2.1.4 (server); T.124 for the keys in front.

use crate::bytes::Reader;
use crate::model::Val;

/// Virtual channels shown.
const MAX_CHANNELS: usize = 16;

/// Core data of the client (2.2.1.3.2).
#[derive(Debug, Default)]
pub struct Client {
    pub version: u32,
    pub width: u16,
    pub height: u16,
    pub keyboard: u32,
    pub build: u32,
    pub name: String,
    pub product_id: String,
    pub channels: Vec<Val>,
}

/// Security data of the server (2.2.1.4.3).
#[derive(Debug, Default)]
pub struct Server {
    pub version: u32,
    pub method: u32,
    pub level: u32,
}

fn wide(bytes: &[u8]) -> String {
    let units = bytes.chunks_exact(2).map(|b| match b {
        &[a, b] => u16::from_le_bytes([a, b]),
        _ => 0,
    });
    let text = char::decode_utf16(units).map(|c| c.unwrap_or('\u{fffd}'));
    text.take_while(|c| *c != '\0').filter(|c| !c.is_control()).collect::<String>().trim().to_owned()
}

/// Text of a length field and its bytes, for other parts.
pub fn utf16(bytes: &[u8]) -> String {
    wide(bytes)
}

/// The blocks behind a key: type and content.
fn blocks<'a>(data: &'a [u8], key: &[u8]) -> Option<impl Iterator<Item = (u16, &'a [u8])>> {
    let at = memchr::memmem::find(data, key)?;
    let mut r = Reader::new(data.get(at.checked_add(key.len())?..)?);
    // a length of one or two bytes (PER)
    if r.u8()? & 0x80 != 0 {
        r.skip(1)?;
    }
    Some(std::iter::from_fn(move || {
        let (kind, size) = (r.le16()?, usize::from(r.le16()?));
        // what a length points beyond is shown as far as it is there
        let body = r.take(size.checked_sub(4)?.min(r.left()))?;
        (!body.is_empty()).then_some((kind, body))
    }))
}

/// What the client's Connect-Initial says.
pub fn client(data: &[u8]) -> Option<Client> {
    let mut out = Client::default();
    for (kind, body) in blocks(data, b"Duca")? {
        let mut r = Reader::new(body);
        match kind {
            0xc001 => core(&mut out, &mut r)?,
            0xc003 => {
                let count = r.le32()?;
                for _ in 0..count.min(MAX_CHANNELS as u32) {
                    let Some(name) = r.take(8) else { break };
                    r.skip(4)?;
                    out.channels.push(Val::from(crate::bytes::text(name)));
                }
            }
            _ => {}
        }
    }
    Some(out)
}

fn core(out: &mut Client, r: &mut Reader<'_>) -> Option<()> {
    out.version = r.le32()?;
    (out.width, out.height) = (r.le16()?, r.le16()?);
    r.skip(4)?;
    (out.keyboard, out.build) = (r.le32()?, r.le32()?);
    out.name = wide(r.take(32)?);
    // keyboard, input method, colours: then the digital product id, which old clients do not send
    if r.skip(12 + 64 + 2 + 2 + 4 + 2 + 2 + 2).is_some()
        && let Some(id) = r.take(64)
    {
        out.product_id = wide(id);
    }
    Some(())
}

/// What the server's Connect-Response says.
pub fn server(data: &[u8]) -> Option<Server> {
    let mut out = Server::default();
    for (kind, body) in blocks(data, b"McDn")? {
        let mut r = Reader::new(body);
        match kind {
            0x0c01 => out.version = r.le32()?,
            0x0c02 => (out.method, out.level) = (r.le32()?, r.le32()?),
            _ => {}
        }
    }
    Some(out)
}

/// Name of a protocol version (2.2.1.3.2).
pub fn version(code: u32) -> Option<&'static str> {
    Some(match code {
        0x0008_0001 => "4.0",
        0x0008_0004 => "5.0 to 8.1",
        0x0008_0005 => "10.0",
        0x0008_0006 => "10.1",
        0x0008_0007 => "10.2",
        0x0008_0008 => "10.3",
        0x0008_0009 => "10.4",
        0x0008_000a => "10.5",
        0x0008_000b => "10.6",
        0x0008_000c => "10.7",
        0x0008_000d => "10.8",
        0x0008_000e => "10.9",
        0x0008_000f => "10.10",
        0x0008_0010 => "10.11",
        0x0008_0011 => "10.12",
        _ => return None,
    })
}

/// Name of an encryption method (2.2.1.4.3).
pub fn method(code: u32) -> &'static str {
    match code {
        0 => "none",
        1 => "40 bit",
        2 => "128 bit",
        8 => "56 bit",
        16 => "FIPS",
        _ => "unknown",
    }
}

/// Name of an encryption level (2.2.1.4.3).
pub fn level(code: u32) -> &'static str {
    match code {
        0 => "none",
        1 => "low",
        2 => "client compatible",
        3 => "high",
        4 => "FIPS",
        _ => "unknown",
    }
}
