//! NTLMSSP tokens (MS-NLMP), wherever they are carried: HTTP, Telnet, SMB, RPC, LDAP, mail.
//!
//! Not a probe: the carrying protocol finds the token, gives it to a [`Session`] and says how the
//! log-in ended. A log-in becomes one credential: a NetNTLMv1 or v2 line if the server's challenge
//! was seen, else the bare user name.

use crate::bytes::{Reader, hex};
use crate::cx::Cx;
use crate::model::*;

/// First bytes of every message (MS-NLMP 2.2.1).
pub const SIGNATURE: &[u8; 8] = b"NTLMSSP\0";

/// NegotiateFlags (MS-NLMP 2.2.2.5).
const UNICODE: u32 = 0x0000_0001;
const VERSION: u32 = 0x0200_0000;

/// hashcat modes of the two response kinds.
const MODE_V1: u32 = 5500;
const MODE_V2: u32 = 5600;

/// Longest name taken, in characters (an account name has at most 104, a DNS name 255).
const MAX_NAME: usize = 256;
/// Longest NT response taken, in bytes: a NTLMv2 blob is a few hundred.
const MAX_RESPONSE: usize = 4096;

/// Operating system version of the sender (MS-NLMP 2.2.2.10).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Version {
    pub major: u8,
    pub minor: u8,
    pub build: u16,
}

impl Version {
    fn read(message: &[u8], at: usize, flags: u32) -> Option<Version> {
        if flags & VERSION == 0 {
            return None;
        }
        let mut r = Reader::new(message.get(at..at.checked_add(8)?)?);
        let version = Version { major: r.u8()?, minor: r.u8()?, build: r.le16()? };
        // Samba and others put 6.1.0 or zeros: that names no system
        (version.major >= 5 && version.build != 0).then_some(version)
    }

    /// Name of the Windows releases with this version, build in parentheses.
    pub fn name(&self) -> String {
        let name = match (self.major, self.minor) {
            (5, 0) => "Windows 2000",
            (5, 1) => "Windows XP",
            (5, 2) => "Windows Server 2003",
            (6, 0) => "Windows Vista or Server 2008",
            (6, 1) => "Windows 7 or Server 2008 R2",
            (6, 2) => "Windows 8 or Server 2012",
            (6, 3) => "Windows 8.1 or Server 2012 R2",
            (10, 0) => match self.build {
                14393 => "Windows 10 or Server 2016",
                17763 => "Windows 10 or Server 2019",
                20348 => "Windows Server 2022",
                26100 => "Windows 11 or Server 2025",
                22000.. => "Windows 11",
                _ => "Windows 10",
            },
            _ => return format!("Windows {}.{}.{}", self.major, self.minor, self.build),
        };
        format!("{name} (build {})", self.build)
    }
}

/// NEGOTIATE_MESSAGE: the client opens.
#[derive(Debug, Default)]
pub struct Negotiate {
    pub domain: String,
    pub workstation: String,
    pub version: Option<Version>,
}

/// CHALLENGE_MESSAGE: the server's nonce and who it is.
#[derive(Debug, Default)]
pub struct Challenge {
    pub nonce: [u8; 8],
    pub target: String,
    pub computer: String,
    pub domain: String,
    pub dns_computer: String,
    pub dns_domain: String,
    pub version: Option<Version>,
}

/// AUTHENTICATE_MESSAGE: who logs in, and the responses to the nonce.
#[derive(Debug, Default)]
pub struct Authenticate {
    pub user: String,
    pub domain: String,
    pub workstation: String,
    pub lm: Vec<u8>,
    pub nt: Vec<u8>,
    pub version: Option<Version>,
}

impl Authenticate {
    /// A null session: nobody logs in (MS-NLMP 3.2.5.1.2).
    pub fn is_anonymous(&self) -> bool {
        self.user.is_empty() && self.nt.is_empty()
    }

    /// hashcat mode and line of the response to `nonce`; `None` for a response of another shape.
    pub fn hashcat(&self, nonce: &[u8; 8]) -> Option<(u32, String)> {
        let (user, domain, nonce) = (&self.user, &self.domain, hex(nonce));
        match self.nt.len() {
            24 => {
                let (lm, nt) = (hex(&self.lm), hex(&self.nt));
                Some((MODE_V1, format!("{user}::{domain}:{lm}:{nt}:{nonce}")))
            }
            // 16 bytes of proof and a client challenge of at least 28 (MS-NLMP 2.2.2.8)
            44.. => {
                let (proof, blob) = self.nt.split_at_checked(16)?;
                Some((MODE_V2, format!("{user}::{domain}:{nonce}:{}:{}", hex(proof), hex(blob))))
            }
            _ => None,
        }
    }
}

/// One message.
#[derive(Debug)]
pub enum Message {
    Negotiate(Negotiate),
    Challenge(Challenge),
    Authenticate(Authenticate),
}

/// The token inside a larger blob (bare, or in SPNEGO): from its signature on.
pub fn find(blob: &[u8]) -> Option<&[u8]> {
    memchr::memmem::find(blob, SIGNATURE).and_then(|at| blob.get(at..))
}

/// Bytes a field descriptor (length, allocated, offset) at `at` points to; empty if it points out.
fn field(message: &[u8], at: usize) -> &[u8] {
    let read = || {
        let mut r = Reader::new(message.get(at..)?);
        let (len, _, offset) = (usize::from(r.le16()?), r.le16()?, r.le32()? as usize);
        message.get(offset..offset.checked_add(len)?)
    };
    read().unwrap_or_default()
}

/// True if what a field descriptor at `at` points to is in the message.
fn is_inside(message: &[u8], at: usize) -> bool {
    let length = message.get(at..).and_then(|d| Reader::new(d).le16());
    length.is_some_and(|n| field(message, at).len() == usize::from(n))
}

fn wide(bytes: &[u8]) -> String {
    let units = bytes.chunks_exact(2).map(|b| u16::from_le_bytes([b[0], b[1]]));
    char::decode_utf16(units).map(|c| c.unwrap_or('\u{fffd}')).take(MAX_NAME).collect()
}

fn oem(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).chars().take(MAX_NAME).collect()
}

/// Reads one message that begins at its signature. Trailing bytes are ignored.
pub fn parse(message: &[u8]) -> Option<Message> {
    let mut r = Reader::new(message.strip_prefix(SIGNATURE)?);
    let kind = r.le32()?;
    let u32_at = |at: usize| Reader::new(message.get(at..)?).le32();
    match kind {
        1 => {
            let flags = u32_at(12)?;
            Some(Message::Negotiate(Negotiate {
                domain: oem(field(message, 16)),
                workstation: oem(field(message, 24)),
                version: Version::read(message, 32, flags),
            }))
        }
        2 => {
            let flags = u32_at(20)?;
            let nonce = message.get(24..32)?.try_into().ok()?;
            let target = field(message, 12);
            let target = if flags & UNICODE != 0 { wide(target) } else { oem(target) };
            let mut found =
                Challenge { nonce, target, version: Version::read(message, 48, flags), ..Default::default() };
            if let Some(info) = info(message) {
                found.target_info(info);
            }
            Some(Message::Challenge(found))
        }
        3 => {
            // the flags may be missing in messages of very old clients: those are Unicode-less
            let flags = u32_at(60).unwrap_or(0);
            let name = |at: usize| {
                let bytes = field(message, at);
                if flags & UNICODE != 0 { wide(bytes) } else { oem(bytes) }
            };
            let response = |at: usize| {
                let bytes = field(message, at);
                bytes.get(..bytes.len().min(MAX_RESPONSE)).unwrap_or_default().to_vec()
            };
            // a response that is not where it is said to be answers no challenge
            if !is_inside(message, 12) || !is_inside(message, 20) {
                return None;
            }
            Some(Message::Authenticate(Authenticate {
                lm: response(12),
                nt: response(20),
                domain: name(28),
                user: name(36),
                workstation: name(44),
                version: Version::read(message, 64, flags),
            }))
        }
        _ => None,
    }
}

/// The target information of a challenge, where the message is long enough to have one.
fn info(message: &[u8]) -> Option<&[u8]> {
    message.get(40..48)?;
    Some(field(message, 40))
}

impl Challenge {
    /// AV_PAIR list (MS-NLMP 2.2.2.1).
    fn target_info(&mut self, info: &[u8]) {
        let mut r = Reader::new(info);
        while let (Some(id), Some(len)) = (r.le16(), r.le16()) {
            let Some(value) = r.take(usize::from(len)) else { return };
            match id {
                0 => return,
                1 => self.computer = wide(value),
                2 => self.domain = wide(value),
                3 => self.dns_computer = wide(value),
                4 => self.dns_domain = wide(value),
                _ => {}
            }
        }
    }
}

/// A log-in whose result the carrier has yet to tell.
#[derive(Debug)]
pub struct Login {
    message: Authenticate,
    nonce: Option<[u8; 8]>,
    sent: Stamp,
}

/// The NTLM exchange of one connection (or of one session in it).
#[derive(Debug, Default)]
pub struct Session {
    nonce: Option<[u8; 8]>,
}

/// What a token was, for the carrier.
#[derive(Debug)]
pub enum Token {
    Negotiate,
    Challenge,
    /// Somebody logs in; nothing for a null session. The carrier gives it to [`Login::report`] when
    /// the answer is known.
    Authenticate(Option<Box<Login>>),
}

impl Session {
    /// Takes a blob that may hold a token, sent by `from`; notes what it says of its sender.
    pub fn token(&mut self, cx: &mut Cx<'_>, from: Side, blob: &[u8]) -> Option<Token> {
        match parse(find(blob)?)? {
            Message::Negotiate(m) => {
                self.nonce = None;
                fact(cx, from, "hostname", &m.workstation, "NEGOTIATE_MESSAGE.Workstation");
                fact(cx, from, "domain", &m.domain, "NEGOTIATE_MESSAGE.DomainName");
                system(cx, from, m.version, "NEGOTIATE_MESSAGE.Version");
                Some(Token::Negotiate)
            }
            Message::Challenge(m) => {
                self.nonce = Some(m.nonce);
                fact(cx, from, "hostname", &m.dns_computer, "MsvAvDnsComputerName");
                fact(cx, from, "hostname", &m.computer, "MsvAvNbComputerName");
                fact(cx, from, "domain", &m.dns_domain, "MsvAvDnsDomainName");
                fact(cx, from, "domain", &m.domain, "MsvAvNbDomainName");
                system(cx, from, m.version, "CHALLENGE_MESSAGE.Version");
                Some(Token::Challenge)
            }
            Message::Authenticate(m) => {
                fact(cx, from, "hostname", &m.workstation, "AUTHENTICATE_MESSAGE.Workstation");
                fact(cx, from, "domain", &m.domain, "AUTHENTICATE_MESSAGE.DomainName");
                system(cx, from, m.version, "AUTHENTICATE_MESSAGE.Version");
                let nonce = self.nonce.take();
                let login = (!m.is_anonymous()).then(|| Box::new(Login { message: m, nonce, sent: cx.at() }));
                Some(Token::Authenticate(login))
            }
        }
    }

    /// Server bytes were lost: the challenge held may be an old one.
    pub fn gap(&mut self) {
        self.nonce = None;
    }
}

impl Login {
    pub fn user(&self) -> &str {
        &self.message.user
    }
    pub fn domain(&self) -> &str {
        &self.message.domain
    }
    /// Reports the log-in with what became of it.
    pub fn report(&self, cx: &mut Cx<'_>, outcome: LoginOutcome) {
        let message = &self.message;
        let hash = self.nonce.and_then(|nonce| message.hashcat(&nonce));
        let kind = if hash.is_some() { CredKind::Hash } else { CredKind::User };
        let mut cred = Cred::new(kind).protocol("ntlm").username(&message.user);
        cred = cred.outcome(outcome).sent(self.sent);
        if let Some((mode, line)) = &hash {
            cred = cred.secret(line).hashcat(*mode, line);
        }
        for (name, value) in [("domain", &message.domain), ("workstation", &message.workstation)] {
            if !value.is_empty() {
                cred = cred.detail(name, value.as_str());
            }
        }
        cx.credential(cred);
    }
}

fn fact(cx: &mut Cx<'_>, from: Side, name: &'static str, value: &str, field: &'static str) {
    if !value.is_empty() {
        cx.fact(from, name, value, field);
    }
}

fn system(cx: &mut Cx<'_>, from: Side, version: Option<Version>, field: &'static str) {
    if let Some(version) = version {
        cx.fact(from, "os", &version.name(), field);
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// Lays out a message: fixed part with descriptors of `fields` at their offsets, then the data.
    fn message(kind: u32, fixed: usize, flags: (usize, u32), fields: &[(usize, &[u8])]) -> Vec<u8> {
        let mut out = vec![0; fixed];
        out[..8].copy_from_slice(SIGNATURE);
        out[8..12].copy_from_slice(&kind.to_le_bytes());
        out[flags.0..flags.0 + 4].copy_from_slice(&flags.1.to_le_bytes());
        for (at, bytes) in fields {
            let (len, offset) = (bytes.len() as u16, out.len() as u32);
            out[*at..at + 2].copy_from_slice(&len.to_le_bytes());
            out[at + 2..at + 4].copy_from_slice(&len.to_le_bytes());
            out[at + 4..at + 8].copy_from_slice(&offset.to_le_bytes());
            out.extend_from_slice(bytes);
        }
        out
    }

    fn utf16(s: &str) -> Vec<u8> {
        s.encode_utf16().flat_map(u16::to_le_bytes).collect()
    }

    /// A type 1 message of build 10.0.17763.
    pub fn negotiate() -> Vec<u8> {
        let mut m = message(1, 40, (12, VERSION), &[(24, b"HMI-7")]);
        m[32..36].copy_from_slice(&[10, 0, 0x63, 0x45]);
        m
    }

    /// A type 2 message with the nonce 01 02 … 08.
    pub fn challenge() -> Vec<u8> {
        let mut info = Vec::new();
        for (id, value) in [(1u16, "SCADA"), (3, "scada.plant.example"), (0, "")] {
            let value = utf16(value);
            info.extend_from_slice(&id.to_le_bytes());
            info.extend_from_slice(&(value.len() as u16).to_le_bytes());
            info.extend_from_slice(&value);
        }
        let mut m = message(2, 56, (20, UNICODE), &[(12, &utf16("PLANT")), (40, &info)]);
        m[24..32].copy_from_slice(&[1, 2, 3, 4, 5, 6, 7, 8]);
        m
    }

    /// A type 3 message of `PLANT\eng` with this NT response.
    pub fn authenticate(nt: &[u8]) -> Vec<u8> {
        let fields: [(usize, &[u8]); 5] =
            [(12, &[0x11; 24]), (20, nt), (28, &utf16("PLANT")), (36, &utf16("eng")), (44, &utf16("HMI-7"))];
        message(3, 72, (60, UNICODE), &fields)
    }

    #[test]
    fn reads_the_three_messages() {
        let Some(Message::Negotiate(m)) = parse(&negotiate()) else { panic!("type 1") };
        assert_eq!(m.workstation, "HMI-7");
        assert_eq!(m.version.map(|v| v.name()).as_deref(), Some("Windows 10 or Server 2019 (build 17763)"));
        let Some(Message::Challenge(m)) = parse(&challenge()) else { panic!("type 2") };
        assert_eq!((m.nonce[0], m.target.as_str(), m.computer.as_str()), (1, "PLANT", "SCADA"));
        assert_eq!(m.dns_computer, "scada.plant.example");
        let Some(Message::Authenticate(m)) = parse(&authenticate(&[0x22; 24])) else { panic!("type 3") };
        assert_eq!((m.user.as_str(), m.domain.as_str()), ("eng", "PLANT"));
    }

    #[test]
    fn makes_lines_of_both_versions() {
        let Some(Message::Authenticate(v1)) = parse(&authenticate(&[0x22; 24])) else { panic!("v1") };
        let line = format!("eng::PLANT:{}:{}:0102030405060708", "11".repeat(24), "22".repeat(24));
        assert_eq!(v1.hashcat(&[1, 2, 3, 4, 5, 6, 7, 8]), Some((5500, line)));
        let Some(Message::Authenticate(v2)) = parse(&authenticate(&[0x33; 60])) else { panic!("v2") };
        let line = format!("eng::PLANT:0102030405060708:{}:{}", "33".repeat(16), "33".repeat(44));
        assert_eq!(v2.hashcat(&[1, 2, 3, 4, 5, 6, 7, 8]), Some((5600, line)));
    }

    #[test]
    fn descriptors_that_point_out_give_nothing() {
        let mut m = authenticate(&[0x22; 24]);
        m[40..44].copy_from_slice(&u32::MAX.to_le_bytes());
        let Some(Message::Authenticate(m)) = parse(&m) else { panic!("type 3") };
        assert_eq!(m.user, "");
        let mut m = authenticate(&[0x22; 24]);
        m[24..28].copy_from_slice(&u32::MAX.to_le_bytes());
        assert!(parse(&m).is_none(), "a response that is nowhere");
    }

    proptest::proptest! {
        #[test]
        fn never_panics(at in 0usize..120, byte: u8, cut in 0usize..200) {
            for mut m in [negotiate(), challenge(), authenticate(&[0x33; 60])] {
                if let Some(b) = m.get_mut(at) { *b = byte; }
                m.truncate(cut);
                let _ = parse(&m);
            }
        }
    }
}
