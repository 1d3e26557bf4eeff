//! The key exchange offer (RFC 4253 section 7.1) and what the two offers lead to.

use crate::bytes::{Reader, hex};
use md5::{Digest, Md5};

/// Longest name list kept, in bytes.
const MAX_LIST: usize = 4096;

/// The lists of an SSH_MSG_KEXINIT that matter, as they were sent.
#[derive(Debug, Default, Clone)]
pub struct Offer {
    pub kex: String,
    pub host_key: String,
    /// By direction: client to server, server to client.
    pub cipher: [String; 2],
    pub mac: [String; 2],
    pub compression: [String; 2],
}

impl Offer {
    /// Payload of the message, from its number on.
    pub fn parse(payload: &[u8]) -> Option<Offer> {
        let mut r = Reader::new(payload);
        if r.u8()? != 20 {
            return None;
        }
        r.skip(16)?;
        let mut list = || {
            let n = r.be32()? as usize;
            let text = r.take(n).filter(|t| t.len() <= MAX_LIST)?;
            let text = std::str::from_utf8(text).ok()?;
            (!text.chars().any(char::is_control)).then(|| text.to_owned())
        };
        Some(Offer {
            kex: list()?,
            host_key: list()?,
            cipher: [list()?, list()?],
            mac: [list()?, list()?],
            compression: [list()?, list()?],
        })
    }

    /// HASSH of a client (`direction` 0), HASSHServer (1): MD5 over the lists that this side would
    /// use to send (Salesforce, 2018).
    pub fn hassh(&self, direction: usize) -> String {
        let of = |lists: &[String; 2]| lists.get(direction).cloned().unwrap_or_default();
        let text = [self.kex.clone(), of(&self.cipher), of(&self.mac), of(&self.compression)].join(";");
        hex(&Md5::digest(text.as_bytes()))
    }

    /// Only one side sends these marks (RFC 8308 section 2.1; OpenSSH's PROTOCOL, section 1.10).
    pub fn is_client(&self) -> Option<bool> {
        self.kex.split(',').find_map(|name| match name {
            "ext-info-c" | "kex-strict-c-v00@openssh.com" => Some(true),
            "ext-info-s" | "kex-strict-s-v00@openssh.com" => Some(false),
            _ => None,
        })
    }
}

/// What both sides will use: the first of the client's list that the server has too.
#[derive(Debug, Default)]
pub struct Agreed {
    pub kex: Option<String>,
    pub host_key: Option<String>,
    pub cipher: Option<String>,
    pub mac: Option<String>,
    pub compression: Option<String>,
}

impl Agreed {
    /// From the client's and the server's offer; ciphers are those of the client to the server.
    pub fn of(client: &Offer, server: &Offer) -> Agreed {
        let first = |a: &str, b: &str| {
            a.split(',').find(|x| !x.is_empty() && b.split(',').any(|y| y == *x)).map(str::to_owned)
        };
        let cipher = first(&client.cipher[0], &server.cipher[0]);
        // ciphers with a checksum of their own leave the MAC unused
        let sealed = cipher.as_deref().is_some_and(|c| c.contains("gcm@") || c.contains("poly1305"));
        let mac = if sealed { Some("implicit".to_owned()) } else { first(&client.mac[0], &server.mac[0]) };
        Agreed {
            kex: first(&client.kex, &server.kex),
            host_key: first(&client.host_key, &server.host_key),
            mac,
            compression: first(&client.compression[0], &server.compression[0]),
            cipher,
        }
    }
}

/// Host key of a key exchange reply: its type and the whole blob, if the message is one.
///
/// SSH_MSG_KEXDH_REPLY and SSH_MSG_KEX_ECDH_REPLY are 31, SSH_MSG_KEX_DH_GEX_REPLY is 33; 31 is also
/// the group of a group exchange, which begins with a number in place of a key.
pub fn host_key(payload: &[u8]) -> Option<(&str, &[u8])> {
    let mut r = Reader::new(payload);
    if !matches!(r.u8()?, 31 | 33) {
        return None;
    }
    let n = r.be32()? as usize;
    let blob = r.take(n)?;
    let mut r = Reader::new(blob);
    let n = r.be32()? as usize;
    let kind = std::str::from_utf8(r.take(n)?).ok()?;
    let named = (6..=64).contains(&kind.len())
        && kind.bytes().all(|b| b.is_ascii_alphanumeric() || b"-@._".contains(&b));
    named.then_some((kind, blob))
}
