//! SMB 1, also called CIFS.
//!
//! Source: MS-CIFS, sections 2.2.3 (message) and 2.2.4 (commands); MS-SMB, section 2.2.4, for what
//! extended security and larger files changed.

use super::names;
use super::login::Proof;
use super::session::{FileKey, TreeKey, What};
use super::{Smb, noted};
use crate::bytes::Reader;
use crate::cx::Cx;

pub const MAGIC: &[u8; 4] = b"\xffSMB";
/// Bytes of the header.
const HEADER: usize = 32;
const RESPONSE: u8 = 0x80;
const NT_STATUS: u16 = 0x4000;
const UNICODE: u16 = 0x8000;
/// Commands of one chain read.
const MAX_CHAIN: usize = 8;
/// Longest password response kept, in bytes.
const MAX_RESPONSE: usize = 4096;

const CLOSE: u8 = 0x04;
const DELETE: u8 = 0x06;
const RENAME: u8 = 0x07;
const TRANSACTION: u8 = 0x25;
const OPEN_ANDX: u8 = 0x2d;
const READ_ANDX: u8 = 0x2e;
const WRITE_ANDX: u8 = 0x2f;
const NEGOTIATE: u8 = 0x72;
const SESSION_SETUP_ANDX: u8 = 0x73;
const TREE_CONNECT_ANDX: u8 = 0x75;
const NT_CREATE_ANDX: u8 = 0xa2;
/// No further command in the chain.
const NONE: u8 = 0xff;
/// Subcommand of a transaction that writes to a pipe and reads its answer.
const TRANSACT_NMPIPE: u16 = 0x26;
const EXTENDED_SECURITY: u32 = 0x8000_0000;

/// What the negotiation said that log-ins need.
#[derive(Debug, Default)]
pub struct Negotiated {
    dialects: Vec<String>,
    challenge: Option<[u8; 8]>,
    /// Passwords are sent readable.
    plain: bool,
}

/// Header of a message (MS-CIFS 2.2.3.1).
#[derive(Clone, Copy, Debug)]
pub struct Header {
    pub command: u8,
    pub status: u32,
    pub response: bool,
    unicode: bool,
    tree: u16,
    process: u16,
    user: u16,
    multiplex: u16,
}

impl Header {
    pub fn read(data: &[u8]) -> Option<Header> {
        let mut r = Reader::new(data.strip_prefix(MAGIC)?);
        let command = r.u8()?;
        let raw = r.take(4)?;
        let flags = r.u8()?;
        let flags2 = r.le16()?;
        r.skip(12)?;
        let (tree, process, user, multiplex) = (r.le16()?, r.le16()?, r.le16()?, r.le16()?);
        let status = match *raw {
            [a, b, c, d] if flags2 & NT_STATUS != 0 => u32::from_le_bytes([a, b, c, d]),
            [class, _, a, b] => names::older(class, u16::from_le_bytes([a, b])),
            _ => 0,
        };
        let (response, unicode) = (flags & RESPONSE != 0, flags2 & UNICODE != 0);
        Some(Header { command, status, response, unicode, tree, process, user, multiplex })
    }
    /// Number by which an answer is found: apart from those of SMB 2.
    fn id(&self, command: u8) -> u64 {
        1 << 63 | u64::from(command) << 32 | u64::from(self.process) << 16 | u64::from(self.multiplex)
    }
    fn tree(&self) -> TreeKey {
        (0, self.tree.into())
    }
}

fn key(fid: u16) -> FileKey {
    let mut key = [0; 16];
    let [a, b] = fid.to_le_bytes();
    (key[0], key[1], key[15]) = (a, b, 1);
    key
}

/// Texts of a command's bytes: UTF-16 on even places of the message, or a code page.
struct Texts<'a> {
    message: &'a [u8],
    at: usize,
    unicode: bool,
}

impl Texts<'_> {
    fn next(&mut self) -> String {
        if !self.unicode {
            let rest = self.message.get(self.at..).unwrap_or_default();
            let end = memchr::memchr(0, rest).unwrap_or(rest.len());
            self.at = self.at.saturating_add(end).saturating_add(1);
            return names::oem(rest.get(..end).unwrap_or_default());
        }
        self.at = self.at.next_multiple_of(2);
        let rest = self.message.get(self.at..).unwrap_or_default();
        let units = rest.chunks_exact(2).position(|u| u == [0, 0]).unwrap_or(rest.len() / 2);
        self.at = self.at.saturating_add(units * 2 + 2);
        names::wide(rest.get(..units * 2).unwrap_or_default())
    }
    fn skip(&mut self, n: usize) {
        self.at = self.at.saturating_add(n);
    }
}

impl Smb {
    /// One message: a command and those chained behind it.
    pub(super) fn v1(&mut self, cx: &mut Cx<'_>, message: &[u8]) -> Option<()> {
        let header = Header::read(message)?;
        let (mut command, mut at) = (header.command, HEADER);
        for _ in 0..MAX_CHAIN {
            let mut r = Reader::new(message.get(at..)?);
            let count = usize::from(r.u8()?);
            let words = r.take(count.checked_mul(2)?)?;
            let length = usize::from(r.le16().unwrap_or(0));
            let bytes = at.checked_add(1 + count * 2 + 2)?;
            let done = if header.response {
                self.v1_response(cx, &header, command, words, message, bytes)
            } else {
                self.v1_request(cx, &header, command, words, message, (bytes, length))
            };
            if done.is_none() && !names::is_error(header.status) {
                cx.malformed();
            }
            let chained =
                matches!(command, OPEN_ANDX | READ_ANDX | WRITE_ANDX | SESSION_SETUP_ANDX | TREE_CONNECT_ANDX | NT_CREATE_ANDX);
            let &[next, _, a, b, ..] = words else { break };
            let next_at = usize::from(u16::from_le_bytes([a, b]));
            if !chained || next == NONE || next_at <= at {
                break;
            }
            (command, at) = (next, next_at);
        }
        Some(())
    }

    fn v1_request(
        &mut self,
        cx: &mut Cx<'_>,
        header: &Header,
        command: u8,
        words: &[u8],
        message: &[u8],
        (bytes, length): (usize, usize),
    ) -> Option<()> {
        let mut r = Reader::new(words);
        let mut texts = Texts { message, at: bytes, unicode: header.unicode };
        let what = match command {
            NEGOTIATE => {
                let list = message.get(bytes..bytes.checked_add(length)?.min(message.len()))?;
                let names = list.split(|b| *b == 0).filter_map(|d| d.strip_prefix(&[2]));
                self.negotiated.dialects = names.take(32).map(names::oem).collect();
                return Some(());
            }
            SESSION_SETUP_ANDX => What::Session(self.v1_setup(cx, header, words, message, &mut texts)?),
            TREE_CONNECT_ANDX => {
                r.skip(6)?;
                texts.skip(r.le16()?.into());
                What::Tree(texts.next())
            }
            NT_CREATE_ANDX => {
                r.skip(35)?;
                let (disposition, options) = (r.le32()?, r.le32()?);
                What::Open {
                    path: texts.next().trim_start_matches('\\').to_owned(),
                    creates: disposition != 1,
                    deletes: options & 0x1000 != 0,
                    directory: options & 1 != 0,
                }
            }
            OPEN_ANDX => {
                r.skip(16)?;
                let mode = r.le16()?;
                let path = texts.next().trim_start_matches('\\').to_owned();
                What::Open { path, creates: mode & 0x10 != 0, deletes: false, directory: false }
            }
            READ_ANDX => {
                r.skip(4)?;
                What::Read(key(r.le16()?))
            }
            WRITE_ANDX => {
                r.skip(4)?;
                let file = key(r.le16()?);
                r.skip(12)?;
                let (high, low, offset) = (r.le16()?, r.le16()?, usize::from(r.le16()?));
                let length = u32::from(high) << 16 | u32::from(low);
                let data = message.get(offset..).unwrap_or_default();
                let data = data.get(..data.len().min(length as usize)).unwrap_or_default();
                self.session.through(cx, file, data);
                What::Write(file, length)
            }
            CLOSE => What::Close(key(r.le16()?)),
            DELETE => {
                // the format of what follows: a text
                texts.skip(1);
                What::Delete(texts.next().trim_start_matches('\\').to_owned())
            }
            RENAME => {
                texts.skip(1);
                let from = texts.next().trim_start_matches('\\').to_owned();
                texts.skip(1);
                let to = texts.next().trim_start_matches('\\').to_owned();
                What::Rename { file: None, from, to }
            }
            TRANSACTION => {
                r.skip(22)?;
                let (length, offset) = (usize::from(r.le16()?), usize::from(r.le16()?));
                let setups = r.u8()?;
                r.skip(1)?;
                if setups < 2 || r.le16()? != TRANSACT_NMPIPE {
                    return Some(());
                }
                let file = key(r.le16()?);
                let data = message.get(offset..).unwrap_or_default();
                let data = data.get(..data.len().min(length)).unwrap_or_default();
                self.session.through(cx, file, data);
                What::Pipe(file)
            }
            _ => return Some(()),
        };
        self.session.ask(cx, header.id(command), header.tree(), 0, what);
        Some(())
    }

    /// How somebody logs in (MS-CIFS 2.2.4.53.1, MS-SMB 2.2.4.6.1).
    fn v1_setup(
        &mut self,
        cx: &mut Cx<'_>,
        header: &Header,
        words: &[u8],
        message: &[u8],
        texts: &mut Texts<'_>,
    ) -> Option<Option<Proof>> {
        let mut r = Reader::new(words);
        r.skip(14)?;
        let first = usize::from(r.le16()?);
        let from = cx.from();
        let proof = match words.len() {
            24 => {
                let blob = message.get(texts.at..texts.at.checked_add(first)?)?;
                texts.skip(first);
                self.session.token(cx, from, header.user.into(), blob)
            }
            26 => {
                let second = usize::from(r.le16()?);
                let middle = texts.at.checked_add(first)?;
                let (lm, nt) = (message.get(texts.at..middle)?, message.get(middle..middle.checked_add(second)?)?);
                texts.skip(first.checked_add(second)?);
                let (user, domain) = (texts.next(), texts.next());
                Some(self.v1_proof(user, domain, lm, nt, header.unicode))
            }
            20 => {
                let lm = message.get(texts.at..texts.at.checked_add(first)?)?;
                texts.skip(first);
                let (user, domain) = (texts.next(), texts.next());
                Some(self.v1_proof(user, domain, lm, &[], header.unicode))
            }
            _ => return None,
        };
        self.system(cx, texts);
        Some(proof)
    }

    fn v1_proof(&self, user: String, domain: String, lm: &[u8], nt: &[u8], unicode: bool) -> Proof {
        // a null session may carry one zero byte for a password
        if user.is_empty() && nt.is_empty() && lm.len() <= 1 {
            return Proof::Anonymous;
        }
        if self.negotiated.plain {
            let password = if nt.is_empty() || !unicode { names::oem(lm) } else { names::wide(nt) };
            return Proof::Plain { user, domain, password };
        }
        let kept = |b: &[u8]| b.get(..b.len().min(MAX_RESPONSE)).unwrap_or_default().to_vec();
        Proof::Old { user, domain, lm: kept(lm), nt: kept(nt), nonce: self.negotiated.challenge }
    }

    /// Operating system and software as both sides name them at the end of a session setup.
    fn system(&mut self, cx: &mut Cx<'_>, texts: &mut Texts<'_>) {
        for (name, field) in [("os", "SESSION_SETUP.NativeOS"), ("lan_manager", "SESSION_SETUP.NativeLanMan")] {
            let text = texts.next();
            if text.len() > 2 && text.chars().next().is_some_and(|c| c.is_ascii_alphanumeric()) {
                cx.fact(cx.from(), name, &text, field);
            }
        }
    }

    fn v1_response(
        &mut self,
        cx: &mut Cx<'_>,
        header: &Header,
        command: u8,
        words: &[u8],
        message: &[u8],
        bytes: usize,
    ) -> Option<()> {
        if command == NEGOTIATE {
            return self.v1_negotiated(cx, words, message, bytes);
        }
        let mut r = Reader::new(words);
        let failed = names::is_error(header.status);
        let Some(request) = self.session.open.take(&header.id(command)) else { return Some(()) };
        match (&request.what, command) {
            (What::Session(_), SESSION_SETUP_ANDX) => {
                let mut guest = false;
                if words.len() >= 6 {
                    r.skip(4)?;
                    guest = r.le16()? & 1 != 0 && !failed;
                    let mut texts = Texts { message, at: bytes, unicode: header.unicode };
                    if words.len() >= 8 {
                        let length = usize::from(r.le16()?);
                        let blob = message.get(bytes..bytes.checked_add(length)?).unwrap_or_default();
                        let from = cx.from();
                        self.session.token(cx, from, header.user.into(), blob);
                        texts.skip(length);
                    }
                    self.system(cx, &mut texts);
                }
                self.session.logged_in(cx, request, header.user.into(), header.status, guest);
            }
            (What::Tree(_), _) => {
                self.session.tree_connected(cx, &request, header.tree(), header.status);
            }
            (What::Open { .. }, _) => {
                let mut file = 0;
                if !failed {
                    r.skip(if command == NT_CREATE_ANDX { 5 } else { 4 })?;
                    file = r.le16()?;
                }
                self.session.opened(cx, header.id(command), &request, key(file), header.status);
            }
            (What::Read(file), _) => {
                let file = *file;
                let mut length = 0;
                if !failed {
                    r.skip(10)?;
                    length = usize::from(r.le16()?);
                    let offset = usize::from(r.le16()?);
                    let data = message.get(offset..).unwrap_or_default();
                    self.session.through(cx, file, data.get(..data.len().min(length)).unwrap_or_default());
                }
                self.session.answered(cx, request, length as u64, header.status);
            }
            (What::Pipe(file), _) => {
                let file = *file;
                if !failed {
                    r.skip(12)?;
                    let (length, offset) = (usize::from(r.le16()?), usize::from(r.le16()?));
                    let data = message.get(offset..).unwrap_or_default();
                    self.session.through(cx, file, data.get(..data.len().min(length)).unwrap_or_default());
                }
            }
            _ => self.session.answered(cx, request, 0, header.status),
        }
        Some(())
    }

    fn v1_negotiated(&mut self, cx: &mut Cx<'_>, words: &[u8], message: &[u8], bytes: usize) -> Option<()> {
        let mut r = Reader::new(words);
        let index = usize::from(r.le16()?);
        if index == 0xffff {
            return Some(());
        }
        let dialect = self.negotiated.dialects.get(index).cloned();
        let security = r.u8().unwrap_or(0);
        let signing = security & 8 != 0;
        if words.len() >= 34 {
            self.negotiated.plain = security & 2 == 0;
            r.skip(16)?;
            let capabilities = r.le32()?;
            r.skip(10)?;
            let length = usize::from(r.u8()?);
            if capabilities & EXTENDED_SECURITY == 0 {
                let challenge = message.get(bytes..bytes.checked_add(length)?).unwrap_or_default();
                self.negotiated.challenge = challenge.try_into().ok();
                let unicode = capabilities & 4 != 0;
                let mut texts = Texts { message, at: bytes.checked_add(length)?, unicode };
                // these two are not aligned in what Windows sends
                if unicode && texts.at % 2 == 1 {
                    texts = Texts { message: message.get(1..)?, at: texts.at.saturating_sub(1), unicode };
                }
                for (name, field) in [("domain", "NEGOTIATE.DomainName"), ("hostname", "NEGOTIATE.ServerName")] {
                    let text = texts.next();
                    if !text.is_empty() {
                        cx.fact(cx.from(), name, &text, field);
                    }
                }
            }
        }
        cx.service_info("version", "1");
        if let Some(dialect) = &dialect {
            cx.service_info("dialect", dialect.as_str());
        }
        let mode = if signing { "required" } else if security & 4 != 0 { "enabled" } else { "disabled" };
        cx.service_info("signing", mode);
        noted(cx, dialect.as_deref().unwrap_or("1"), signing);
        Some(())
    }
}
