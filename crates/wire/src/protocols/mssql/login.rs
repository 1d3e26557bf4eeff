//! The log-in message of TDS 7 (MS-TDS 2.2.6.4) and the pre-login options (2.2.6.5).

use crate::bytes::Reader;

/// UTF-16LE text, control characters taken out.
pub fn utf16(bytes: &[u8]) -> String {
    let units = bytes.chunks_exact(2).map(|c| c.iter().rev().fold(0u16, |a, b| a << 8 | u16::from(*b)));
    char::decode_utf16(units).map(|c| c.unwrap_or('\u{fffd}')).filter(|c| !c.is_control()).collect()
}

/// What is read of a LOGIN7.
#[derive(Debug, Default)]
pub struct Login {
    pub host: String,
    pub user: String,
    pub password: String,
    pub application: String,
    pub library: String,
    pub database: String,
    pub sspi: Vec<u8>,
    /// A new password, set with the log-in.
    pub change: String,
}

/// Octets before the offsets.
const FIXED: usize = 36;
/// Offsets and lengths end here in the oldest of these versions.
const OFFSETS_END: usize = 86;

impl Login {
    pub fn parse(body: &[u8]) -> Option<Login> {
        let mut r = Reader::new(body);
        let (size, version) = (r.le32()? as usize, r.le32()?);
        if size < OFFSETS_END || size > body.len() || !matches!(version.to_be_bytes()[0] | version.to_le_bytes()[0], 0x70..=0x7f) {
            return None;
        }
        let mut at = FIXED;
        let mut field = || {
            let pair = body.get(at..at + 4);
            at += 4;
            let mut r = Reader::new(pair.unwrap_or_default());
            (usize::from(r.le16().unwrap_or(0)), usize::from(r.le16().unwrap_or(0)))
        };
        let part = |(offset, chars): (usize, usize)| body.get(offset..offset + chars * 2).unwrap_or_default();
        let host = utf16(part(field()));
        let user = utf16(part(field()));
        let password = clear(part(field()));
        let application = utf16(part(field()));
        field();
        field();
        let library = utf16(part(field()));
        field();
        let database = utf16(part(field()));
        let mut r = Reader::new(body.get(78..)?);
        let (offset, length) = (usize::from(r.le16()?), usize::from(r.le16()?));
        let sspi = body.get(offset..offset + length).unwrap_or_default().to_vec();
        r.skip(4)?;
        // version 7.2 and later
        let change = (|| Some(clear(part((usize::from(r.le16()?), usize::from(r.le16()?))))))().unwrap_or_default();
        let has = Reader::new(body.get(FIXED..)?).le16().is_some_and(|at| at >= 94);
        let change = if has { change } else { String::new() };
        Some(Login { host, user, password, application, library, database, sspi, change })
    }
}

/// The password as it was typed: each octet was turned by four bits and mixed with A5 (2.2.6.4).
fn clear(bytes: &[u8]) -> String {
    let plain: Vec<u8> = bytes.iter().map(|b| (b ^ 0xa5).rotate_left(4)).collect();
    utf16(&plain)
}

/// Options of a pre-login: version, encryption, instance.
#[derive(Debug, Default, PartialEq)]
pub struct Prelogin {
    pub version: Option<(u8, u8, u16)>,
    pub encryption: Option<u8>,
    pub instance: String,
}

impl Prelogin {
    pub fn parse(body: &[u8]) -> Option<Prelogin> {
        let mut out = Prelogin::default();
        let mut r = Reader::new(body);
        for n in 0..16 {
            let kind = r.u8()?;
            if kind == 0xff {
                return (n > 0).then_some(out);
            }
            let (at, size) = (usize::from(r.be16()?), usize::from(r.be16()?));
            let value = body.get(at..at + size)?;
            // the version comes first
            match (kind, value) {
                (0, [major, minor, a, b, ..]) if n == 0 => {
                    out.version = Some((*major, *minor, u16::from_be_bytes([*a, *b])));
                }
                (_, _) if n == 0 => return None,
                (1, [e, ..]) => out.encryption = Some(*e),
                (2, name) => out.instance = crate::bytes::text(name),
                _ => {}
            }
        }
        None
    }
}

/// The product by its main version (Microsoft, "SQL Server version").
pub fn product(major: u8, minor: u8) -> &'static str {
    match (major, minor) {
        (8, _) => "SQL Server 2000",
        (9, _) => "SQL Server 2005",
        (10, 50) => "SQL Server 2008 R2",
        (10, _) => "SQL Server 2008",
        (11, _) => "SQL Server 2012",
        (12, _) => "SQL Server 2014",
        (13, _) => "SQL Server 2016",
        (14, _) => "SQL Server 2017",
        (15, _) => "SQL Server 2019",
        (16, _) => "SQL Server 2022",
        (17, _) => "SQL Server 2025",
        _ => "SQL Server",
    }
}
