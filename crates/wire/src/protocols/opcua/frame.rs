//! Chunks of OPC UA over TCP, and recognition by them.
//!
//! Source: OPC 10000-6, sections 6.7.2 (chunks and their security headers) and 7.1.2 (the messages
//! of the connection protocol).

use super::services;
use super::types::{Decoder, shown};
use crate::bytes::Reader;
use crate::probe::{Hint, Role, Verdict};

/// TCP port of OPC UA.
pub const PORT: u16 = 4840;
/// Type, chunk type and size.
pub const HEADER: usize = 8;
/// Beginning of every security policy's URI (OPC 10000-7, 6.6.161).
pub const POLICY: &[u8] = b"http://opcfoundation.org/UA/SecurityPolicy#";
/// Longest endpoint URL and reason (7.1.2.3, 7.1.2.5).
const MAX_URL: u32 = 4096;
/// Longest security policy URI (6.7.2.3).
const MAX_POLICY: u32 = 255;

/// Kinds of messages.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    Hello,
    Acknowledge,
    Error,
    ReverseHello,
    Open,
    Message,
    Close,
}

impl Kind {
    fn read(tag: &[u8]) -> Option<Kind> {
        Some(match tag {
            b"HEL" => Kind::Hello,
            b"ACK" => Kind::Acknowledge,
            b"ERR" => Kind::Error,
            b"RHE" => Kind::ReverseHello,
            b"OPN" => Kind::Open,
            b"MSG" => Kind::Message,
            b"CLO" => Kind::Close,
            _ => return None,
        })
    }
    /// The three letters on the wire.
    pub fn tag(self) -> &'static str {
        match self {
            Kind::Hello => "HEL",
            Kind::Acknowledge => "ACK",
            Kind::Error => "ERR",
            Kind::ReverseHello => "RHE",
            Kind::Open => "OPN",
            Kind::Message => "MSG",
            Kind::Close => "CLO",
        }
    }
    pub fn name(self) -> &'static str {
        match self {
            Kind::Hello => "hello",
            Kind::Acknowledge => "acknowledge",
            Kind::Error => "error",
            Kind::ReverseHello => "reverse_hello",
            Kind::Open => "open_secure_channel",
            Kind::Message => "message",
            Kind::Close => "close_secure_channel",
        }
    }
}

/// Head of a chunk.
#[derive(Clone, Copy, Debug)]
pub struct Header {
    pub kind: Kind,
    /// `F` last, `C` more follow, `A` the message is given up.
    pub chunk: u8,
    /// Of the chunk, head included, in bytes.
    pub size: u32,
}

impl Header {
    /// Reads the head of a chunk; `None` if none can stand here.
    pub fn read(data: &[u8]) -> Option<Header> {
        let mut r = Reader::new(data);
        let kind = Kind::read(r.take(3)?)?;
        let chunk = r.u8()?;
        let size = r.le32()?;
        let fits = match kind {
            Kind::Hello => (32..=32 + MAX_URL).contains(&size),
            Kind::Acknowledge => size == 28,
            Kind::Error => (16..=16 + MAX_URL).contains(&size),
            Kind::ReverseHello => (16..=16 + 2 * MAX_URL).contains(&size),
            Kind::Open => (32..=1 << 20).contains(&size),
            // channel, token, sequence number, request
            Kind::Message | Kind::Close => (24..=1 << 26).contains(&size),
        };
        let chunked = matches!(kind, Kind::Message) && matches!(chunk, b'C' | b'A');
        (fits && (chunk == b'F' || chunked)).then_some(Header { kind, chunk, size })
    }

    /// False as soon as the first bytes cannot be a head.
    pub fn begins(data: &[u8]) -> bool {
        let tags: [&[u8]; 7] = [b"HEL", b"ACK", b"ERR", b"RHE", b"OPN", b"MSG", b"CLO"];
        let n = data.len().min(3);
        let chunk = data.get(3).is_none_or(|b| matches!(b, b'F' | b'C' | b'A'));
        chunk && tags.iter().any(|t| t.get(..n) == data.get(..n))
    }
}

/// Hello and Acknowledge (7.1.2.3, 7.1.2.4); an Acknowledge has no URL.
#[derive(Debug)]
pub struct Hello {
    pub version: u32,
    pub receive_buffer: u32,
    pub send_buffer: u32,
    pub max_message: u32,
    pub max_chunks: u32,
    pub url: String,
}

impl Hello {
    pub fn read(body: &[u8]) -> Option<Hello> {
        let mut d = Decoder::new(body);
        let (version, receive_buffer, send_buffer) = (d.u32()?, d.u32()?, d.u32()?);
        let (max_message, max_chunks) = (d.u32()?, d.u32()?);
        let url = d.text().unwrap_or_default();
        Some(Hello { version, receive_buffer, send_buffer, max_message, max_chunks, url })
    }
}

/// Security header of an Open message (6.7.2.3) and where its content begins.
#[derive(Debug)]
pub struct Asymmetric<'a> {
    pub channel: u32,
    pub policy: String,
    pub certificate: &'a [u8],
    pub thumbprint: &'a [u8],
    pub rest: &'a [u8],
}

impl<'a> Asymmetric<'a> {
    pub fn read(body: &'a [u8]) -> Option<Asymmetric<'a>> {
        let mut d = Decoder::new(body);
        let channel = d.u32()?;
        let policy = shown(d.octets()??);
        let certificate = d.octets()?.unwrap_or_default();
        let thumbprint = d.octets()?.unwrap_or_default();
        Some(Asymmetric { channel, policy, certificate, thumbprint, rest: d.r.rest() })
    }
    /// Name of the policy without its URI.
    pub fn policy_name(&self) -> &str {
        self.policy.rsplit('#').next().unwrap_or(&self.policy)
    }
}

/// Number of the message's structure at the start of its body, which has the standard's namespace.
pub fn message_type(body: &[u8]) -> Option<(u32, &[u8])> {
    let mut d = Decoder::new(body);
    let number = d.expanded()?.standard()?;
    Some((number, d.r.rest()))
}

/// True if a message of the standard begins here, so that it is not encrypted.
pub fn is_message(body: &[u8]) -> bool {
    let known = |number| number == services::FAULT || services::service(number).is_some();
    message_type(body).is_some_and(|(number, _)| known(number))
}

/// Recognises OPC UA: the connection protocol by its structure, a session under way by a readable
/// message or, less surely, by the head of an encrypted one.
pub fn identify(_hint: &Hint, data: &[u8]) -> Verdict {
    if !Header::begins(data) {
        return Verdict::No;
    }
    if data.len() < HEADER + 4 {
        return Verdict::Need;
    }
    let Some(header) = Header::read(data) else { return Verdict::No };
    let mut r = Reader::new(data);
    if r.skip(HEADER).is_none() {
        return Verdict::Need;
    }
    match header.kind {
        Kind::Hello | Kind::Acknowledge => {
            let Some((version, receive, send)) =
                (|| Some((r.le32()?, r.le32()?, r.le32()?)))()
            else {
                return Verdict::Need;
            };
            // 7.1.2.3: neither buffer is smaller than 8 KiB; some servers say 1 KiB all the same
            if version > 15 || receive < 1024 || send < 1024 {
                return Verdict::No;
            }
            if header.kind == Kind::Acknowledge {
                return Verdict::Strong(Role::Server);
            }
            let Some(length) = (|| { r.skip(8)?; r.le_i32() })() else { return Verdict::Need };
            let rest = i64::from(header.size) - 32;
            if i64::from(length.max(0)) == rest { Verdict::Strong(Role::Client) } else { Verdict::No }
        }
        Kind::Error => {
            let Some((code, length)) = (|| Some((r.le32()?, r.le_i32()?)))() else { return Verdict::Need };
            let rest = i64::from(header.size) - 16;
            if code & 0xc000_0000 == 0x8000_0000 && i64::from(length.max(0)) == rest {
                Verdict::Strong(Role::Server)
            } else {
                Verdict::No
            }
        }
        // the server opens the connection, and is the client of it all the same: roles stay open
        Kind::ReverseHello => Verdict::Weak(Role::Unknown),
        Kind::Open => {
            let Some((_, length)) = (|| Some((r.le32()?, r.le32()?)))() else { return Verdict::Need };
            if length > MAX_POLICY {
                return Verdict::No;
            }
            let uri = r.rest();
            let n = uri.len().min(POLICY.len());
            if uri.get(..n) != POLICY.get(..n) {
                return Verdict::No;
            }
            if n == POLICY.len() { Verdict::Strong(open_role(data)) } else { Verdict::Need }
        }
        Kind::Message | Kind::Close => {
            if r.skip(16).is_none() {
                return Verdict::Need;
            }
            match message_type(r.rest()).and_then(|(number, _)| services::service(number)) {
                Some((_, true)) => Verdict::Strong(Role::Server),
                Some((_, false)) => Verdict::Strong(Role::Client),
                None if r.left() < 4 && header.size > 28 => Verdict::Need,
                None => Verdict::Weak(Role::Unknown),
            }
        }
    }
}

/// Who sent an Open message, if it can be read.
fn open_role(data: &[u8]) -> Role {
    let number = (|| {
        let open = Asymmetric::read(data.get(HEADER..)?)?;
        message_type(open.rest.get(8..)?).map(|(number, _)| number)
    })();
    match number.and_then(services::service) {
        Some((_, true)) => Role::Server,
        Some((_, false)) => Role::Client,
        None => Role::Unknown,
    }
}
