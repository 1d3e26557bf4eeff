//! Packets of MySQL's protocol: the greeting, the client's answer, and what a server says first.

use crate::bytes::{Reader, text};

/// Capability flags (MySQL, "Capabilities Flags").
pub mod cap {
    pub const CONNECT_WITH_DB: u32 = 0x8;
    pub const COMPRESS: u32 = 0x20;
    pub const PROTOCOL_41: u32 = 0x200;
    pub const SSL: u32 = 0x800;
    pub const SECURE_CONNECTION: u32 = 0x8000;
    pub const PLUGIN_AUTH: u32 = 0x8_0000;
    pub const CONNECT_ATTRS: u32 = 0x10_0000;
    pub const AUTH_LENENC: u32 = 0x20_0000;
    pub const ZSTD: u32 = 0x400_0000;
    pub const QUERY_ATTRIBUTES: u32 = 0x800_0000;
}

/// Octets of header: length and number.
pub const HEAD: usize = 4;

/// Length and number in a packet's header.
pub fn head(data: &[u8]) -> Option<(usize, u8)> {
    let [a, b, c, seq, ..] = data else { return None };
    Some((usize::from(*a) | usize::from(*b) << 8 | usize::from(*c) << 16, *seq))
}

/// The server's first packet, version 10.
#[derive(Debug)]
pub struct Greeting {
    pub version: String,
    pub salt: Vec<u8>,
    pub plugin: String,
}

impl Greeting {
    pub fn parse(body: &[u8]) -> Option<Greeting> {
        let mut r = Reader::new(body);
        if r.u8()? != 10 {
            return None;
        }
        let version = nul(&mut r)?;
        if !is_version(version) {
            return None;
        }
        r.skip(4)?;
        let mut salt = r.take(8)?.to_vec();
        r.skip(1)?;
        r.skip(2)?;
        let mut plugin = String::new();
        if r.skip(5).is_some() {
            let length = usize::from(r.u8()?);
            r.skip(10)?;
            let second = r.take(length.saturating_sub(8).max(13).min(r.left())).unwrap_or_default();
            salt.extend_from_slice(second.strip_suffix(&[0]).unwrap_or(second));
            plugin = text(r.rest());
        }
        salt.truncate(20);
        Some(Greeting { version: text(version), salt, plugin })
    }
}

/// Digits, a dot, digits: the begin of every version ever shipped.
pub fn is_version(bytes: &[u8]) -> bool {
    let digits = bytes.iter().take_while(|b| b.is_ascii_digit()).count();
    (1..=2).contains(&digits)
        && bytes.get(digits) == Some(&b'.')
        && bytes.get(digits + 1).is_some_and(u8::is_ascii_digit)
        && bytes.len() < 128
        && bytes.iter().all(|b| (0x20..0x7f).contains(b))
}

/// The client's answer to the greeting, or its wish to change the user.
#[derive(Debug, Default)]
pub struct Login {
    pub capabilities: u32,
    pub user: String,
    pub answer: Vec<u8>,
    pub database: String,
    pub plugin: String,
    pub attributes: Vec<(String, String)>,
    /// Nothing but a request to encrypt.
    pub tls: bool,
}

/// Attributes of a client read at most.
const MAX_ATTRIBUTES: usize = 32;

impl Login {
    pub fn parse(body: &[u8]) -> Option<Login> {
        let mut r = Reader::new(body);
        let low = u32::from(r.le16()?);
        if low & cap::PROTOCOL_41 == 0 {
            return Login::old(low, &mut r);
        }
        let capabilities = low | u32::from(r.le16()?) << 16;
        let most = r.le32()?;
        r.skip(1)?;
        if most > 1 << 30 || r.take(19)?.iter().any(|b| *b != 0) {
            return None;
        }
        // MariaDB has its own flags in the last four
        r.skip(4)?;
        let mut login = Login { capabilities, ..Login::default() };
        if r.is_empty() {
            login.tls = capabilities & cap::SSL != 0;
            return login.tls.then_some(login);
        }
        login.user = text(nul(&mut r)?);
        login.answer = if capabilities & cap::AUTH_LENENC != 0 {
            let n = usize::try_from(lenenc(&mut r)?).ok()?;
            r.take(n)?.to_vec()
        } else if capabilities & cap::SECURE_CONNECTION != 0 {
            let n = usize::from(r.u8()?);
            r.take(n)?.to_vec()
        } else {
            nul(&mut r)?.to_vec()
        };
        if capabilities & cap::CONNECT_WITH_DB != 0 {
            login.database = text(nul(&mut r).unwrap_or_else(|| r.rest()));
        }
        login.tail(&mut r);
        Some(login)
    }

    /// Plug-in and attributes at the end.
    fn tail(&mut self, r: &mut Reader<'_>) {
        if self.capabilities & cap::PLUGIN_AUTH != 0 {
            self.plugin = nul(r).map(text).unwrap_or_default();
        }
        if self.capabilities & cap::CONNECT_ATTRS != 0 {
            self.attributes(r);
        }
    }

    fn attributes(&mut self, r: &mut Reader<'_>) -> Option<()> {
        let n = usize::try_from(lenenc(r)?).ok()?;
        let mut r = Reader::new(r.take(n)?);
        while !r.is_empty() && self.attributes.len() < MAX_ATTRIBUTES {
            let n = usize::try_from(lenenc(&mut r)?).ok()?;
            let key = text(r.take(n)?);
            let n = usize::try_from(lenenc(&mut r)?).ok()?;
            let value = text(r.take(n)?);
            self.attributes.push((key, value));
        }
        Some(())
    }

    /// Clients of before 4.1.
    fn old(capabilities: u32, r: &mut Reader<'_>) -> Option<Login> {
        r.skip(3)?;
        if r.is_empty() {
            let tls = capabilities & cap::SSL != 0;
            return tls.then(|| Login { capabilities, tls, ..Login::default() });
        }
        let user = text(nul(r)?);
        let (answer, database) = if capabilities & cap::CONNECT_WITH_DB != 0 {
            let answer = nul(r)?.to_vec();
            (answer, text(r.rest()))
        } else {
            let rest = r.rest();
            (rest.strip_suffix(&[0]).unwrap_or(rest).to_vec(), String::new())
        };
        // a scramble of then has eight characters
        if !(answer.is_empty() || answer.len() == 8) || !user.chars().all(|c| !c.is_control()) {
            return None;
        }
        Some(Login { capabilities, user, answer, database, plugin: "mysql_old_password".to_owned(), ..Login::default() })
    }

    /// COM_CHANGE_USER, behind its command; `capabilities` are those of the session.
    pub fn change(body: &[u8], capabilities: u32) -> Option<Login> {
        let mut r = Reader::new(body);
        let user = text(nul(&mut r)?);
        let answer = if capabilities & cap::SECURE_CONNECTION != 0 || capabilities == 0 {
            let n = usize::from(r.u8()?);
            r.take(n)?.to_vec()
        } else {
            nul(&mut r)?.to_vec()
        };
        let database = text(nul(&mut r)?);
        let mut login = Login { capabilities, user, answer, database, ..Login::default() };
        if r.skip(2).is_some() {
            login.tail(&mut r);
        }
        Some(login)
    }
}

/// Bytes up to a NUL, which is taken too.
pub fn nul<'a>(r: &mut Reader<'a>) -> Option<&'a [u8]> {
    let n = memchr::memchr(0, r.rest())?;
    let out = r.take(n)?;
    r.skip(1)?;
    Some(out)
}

/// A length-encoded integer.
pub fn lenenc(r: &mut Reader<'_>) -> Option<u64> {
    match r.u8()? {
        n @ 0..=0xfa => Some(u64::from(n)),
        0xfc => r.le16().map(u64::from),
        0xfd => r.le24().map(u64::from),
        0xfe => r.le64(),
        _ => None,
    }
}

/// Number and text of an error packet.
pub fn error(body: &[u8]) -> Option<(u16, String)> {
    let mut r = Reader::new(body);
    if r.u8()? != 0xff {
        return None;
    }
    let code = r.le16()?;
    if r.peek() == Some(b'#') {
        r.skip(6)?;
    }
    let message = r.rest();
    let message = String::from_utf8_lossy(message.get(..message.len().min(256)).unwrap_or_default());
    Some((code, message.chars().filter(|c| !c.is_control()).collect()))
}

/// The statement of a COM_QUERY, behind its command and the attributes that newer clients send.
pub fn query(body: &[u8], capabilities: u32) -> &[u8] {
    if capabilities & cap::QUERY_ATTRIBUTES == 0 {
        return body;
    }
    with_attributes(body).unwrap_or_default()
}

fn with_attributes(body: &[u8]) -> Option<&[u8]> {
    let mut r = Reader::new(body);
    let count = usize::try_from(lenenc(&mut r)?).ok().filter(|n| *n <= 64)?;
    lenenc(&mut r)?;
    if count == 0 {
        return Some(r.rest());
    }
    let nulls = r.take(count.div_ceil(8))?;
    if r.u8()? != 1 {
        return None;
    }
    let mut kinds = Vec::with_capacity(count);
    for _ in 0..count {
        kinds.push(r.le16()? & 0xff);
        let n = usize::try_from(lenenc(&mut r)?).ok()?;
        r.skip(n)?;
    }
    for (n, kind) in kinds.into_iter().enumerate() {
        if nulls.get(n / 8).is_some_and(|b| b >> (n % 8) & 1 == 1) {
            continue;
        }
        let size = match kind {
            1 => 1,
            2 | 13 => 2,
            3 | 4 | 9 => 4,
            5 | 8 => 8,
            6 => 0,
            7 | 10 | 11 | 12 => usize::from(r.u8()?),
            _ => usize::try_from(lenenc(&mut r)?).ok()?,
        };
        r.skip(size)?;
    }
    Some(r.rest())
}
