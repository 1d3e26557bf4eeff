//! SMB 2 and 3.
//!
//! Source: MS-SMB2, sections 2.2.1 (headers) and 2.2.3 to 2.2.39 (messages).

use super::names;
use super::session::{CHAINED, FileKey, Request, TreeKey, What};
use super::{Smb, noted};
use crate::bytes::{Reader, hex};
use crate::cx::Cx;

pub const MAGIC: &[u8; 4] = b"\xfeSMB";
/// Bytes of the header.
pub const HEADER: usize = 64;
const RESPONSE: u32 = 1;
const ASYNC: u32 = 2;
/// Related to the request before it in the same message.
const RELATED: u32 = 4;
/// Messages of one chain read.
const MAX_CHAIN: usize = 64;

const NEGOTIATE: u16 = 0;
const SESSION_SETUP: u16 = 1;
const TREE_CONNECT: u16 = 3;
const CREATE: u16 = 5;
const CLOSE: u16 = 6;
pub const READ: u16 = 8;
pub const WRITE: u16 = 9;
const IOCTL: u16 = 11;
const SET_INFO: u16 = 17;

/// FSCTL_PIPE_TRANSCEIVE: a write and the read of its answer (MS-FSCC 2.3.50).
const PIPE_TRANSCEIVE: u32 = 0x0011_c017;
const DIRECTORY_FILE: u32 = 0x01;
const DELETE_ON_CLOSE: u32 = 0x1000;

/// Header of one message (MS-SMB2 2.2.1).
#[derive(Clone, Copy, Debug)]
pub struct Header {
    pub command: u16,
    pub status: u32,
    pub flags: u32,
    pub next: u32,
    pub message: u64,
    pub tree: u32,
    pub session: u64,
}

impl Header {
    pub fn read(data: &[u8]) -> Option<Header> {
        let mut r = Reader::new(data.strip_prefix(MAGIC)?);
        if r.le16()? != 64 {
            return None;
        }
        r.skip(2)?;
        let status = r.le32()?;
        let command = r.le16()?;
        r.skip(2)?;
        let (flags, next, message) = (r.le32()?, r.le32()?, r.le64()?);
        r.skip(4)?;
        let tree = r.le32()?;
        let session = r.le64()?;
        let header = Header { command, status, flags, next, message, tree, session };
        (command <= 18).then_some(header)
    }
    pub fn is_response(&self) -> bool {
        self.flags & RESPONSE != 0
    }
}

fn key(r: &mut Reader<'_>) -> Option<FileKey> {
    r.take(16)?.try_into().ok()
}

/// Bytes at an offset that counts from the header's first byte.
fn at(message: &[u8], offset: u32, length: u32) -> &[u8] {
    let (offset, length) = (offset as usize, length as usize);
    offset.checked_add(length).and_then(|end| message.get(offset..end)).unwrap_or_default()
}

/// Like [`at`], of which the end may not have been read.
fn cut(message: &[u8], offset: u32, length: u32) -> &[u8] {
    let rest = message.get(offset as usize..).unwrap_or_default();
    rest.get(..(length as usize).min(rest.len())).unwrap_or_default()
}

impl Smb {
    /// One transport message: a chain of SMB2 messages, the last perhaps cut.
    pub(super) fn v2(&mut self, cx: &mut Cx<'_>, mut data: &[u8]) -> Option<()> {
        let mut create = 0;
        for _ in 0..MAX_CHAIN {
            let header = Header::read(data)?;
            let next = header.next as usize;
            let message = if next >= HEADER { data.get(..next.min(data.len()))? } else { data };
            if header.command == CREATE {
                create = header.message;
            }
            let chain = if header.flags & RELATED != 0 { create } else { 0 };
            let read = if header.is_response() {
                self.v2_response(cx, &header, message)
            } else {
                self.v2_request(cx, &header, message, chain)
            };
            if read.is_none() {
                cx.malformed();
            }
            if next < HEADER {
                break;
            }
            data = data.get(next..).unwrap_or_default();
            if data.is_empty() {
                break;
            }
        }
        Some(())
    }

    fn v2_request(&mut self, cx: &mut Cx<'_>, header: &Header, message: &[u8], chain: u64) -> Option<()> {
        let mut r = Reader::new(message.get(HEADER..)?);
        let tree: TreeKey = (header.session, header.tree);
        let what = match header.command {
            NEGOTIATE => {
                r.skip(2)?;
                let (count, security) = (r.le16()?, r.le16()?);
                r.skip(30)?;
                let mut offered = Vec::new();
                for _ in 0..count.min(16) {
                    offered.extend(names::dialect(r.le16()?));
                }
                return self.offered(cx, &offered, security & 2 != 0);
            }
            SESSION_SETUP => {
                r.skip(12)?;
                let (offset, length) = (r.le16()?, r.le16()?);
                let blob = at(message, offset.into(), length.into());
                let from = cx.from();
                let proof = self.session.token(cx, from, header.session, blob);
                What::Session(proof)
            }
            TREE_CONNECT => {
                r.skip(4)?;
                let (offset, length) = (r.le16()?, r.le16()?);
                What::Tree(names::wide(at(message, offset.into(), length.into())))
            }
            CREATE => {
                r.skip(36)?;
                let (disposition, options) = (r.le32()?, r.le32()?);
                let (offset, length) = (r.le16()?, r.le16()?);
                What::Open {
                    path: names::wide(at(message, offset.into(), length.into())),
                    creates: !matches!(disposition, 1),
                    deletes: options & DELETE_ON_CLOSE != 0,
                    directory: options & DIRECTORY_FILE != 0,
                }
            }
            CLOSE => {
                r.skip(8)?;
                What::Close(key(&mut r)?)
            }
            READ => {
                r.skip(16)?;
                What::Read(key(&mut r)?)
            }
            WRITE => {
                r.skip(2)?;
                let (offset, length) = (r.le16()?, r.le32()?);
                r.skip(8)?;
                let file = key(&mut r)?;
                self.session.through(cx, file, cut(message, offset.into(), length));
                What::Write(file, length)
            }
            IOCTL => {
                r.skip(4)?;
                let code = r.le32()?;
                let file = key(&mut r)?;
                let (offset, length) = (r.le32()?, r.le32()?);
                if code != PIPE_TRANSCEIVE {
                    return Some(());
                }
                self.session.through(cx, file, cut(message, offset, length));
                What::Pipe(file)
            }
            SET_INFO => self.set_info(&mut r, message)?,
            _ => return Some(()),
        };
        self.session.ask(cx, header.message, tree, chain, what);
        Some(())
    }

    /// What is changed of an open file: its name, or that it is to go (MS-FSCC 2.4.11, 2.4.42).
    fn set_info(&mut self, r: &mut Reader<'_>, message: &[u8]) -> Option<What> {
        r.skip(2)?;
        let (kind, class) = (r.u8()?, r.u8()?);
        let (length, offset) = (r.le32()?, r.le16()?);
        r.skip(6)?;
        let file = key(r)?;
        let mut value = Reader::new(at(message, offset.into(), length));
        Some(match (kind, class) {
            (1, 13) if value.u8()? != 0 => What::Unlink(file),
            (1, 64) if value.le32()? & 1 != 0 => What::Unlink(file),
            (1, 10) => {
                value.skip(16)?;
                let length = value.le32()? as usize;
                let to = names::wide(value.take(length)?);
                What::Rename { file: Some(file), from: String::new(), to }
            }
            // other classes answer to nobody
            _ => What::Session(None),
        })
    }

    fn v2_response(&mut self, cx: &mut Cx<'_>, header: &Header, message: &[u8]) -> Option<()> {
        if header.status == names::PENDING && header.flags & ASYNC != 0 {
            return Some(());
        }
        let body = message.get(HEADER..)?;
        if header.command == NEGOTIATE && !names::is_error(header.status) {
            return self.v2_negotiated(cx, body);
        }
        let open = self.session.open.take(&header.message);
        let Some(request) = open else { return self.v2_orphan(cx, header, message) };
        self.v2_answer(cx, header, message, request)
    }

    fn v2_answer(&mut self, cx: &mut Cx<'_>, header: &Header, message: &[u8], request: Request) -> Option<()> {
        let mut r = Reader::new(message.get(HEADER..)?);
        let failed = names::is_error(header.status);
        match (&request.what, header.command) {
            (What::Session(_), SESSION_SETUP) => {
                let mut guest = false;
                if !failed || header.status == names::MORE_PROCESSING {
                    r.skip(2)?;
                    let flags = r.le16()?;
                    guest = flags & 3 != 0 && !failed;
                    if flags & 4 != 0 {
                        cx.service_info("encryption", "required");
                    }
                    let (offset, length) = (r.le16()?, r.le16()?);
                    let blob = at(message, offset.into(), length.into());
                    let from = cx.from();
                    self.session.token(cx, from, header.session, blob);
                }
                self.session.logged_in(cx, request, header.session, header.status, guest);
            }
            (What::Tree(_), TREE_CONNECT) => {
                let tree = (header.session, header.tree);
                self.session.tree_connected(cx, &request, tree, header.status);
            }
            (What::Open { .. }, CREATE) => {
                let file = if failed { Some(CHAINED) } else { r.skip(64).and_then(|()| key(&mut r)) };
                self.session.opened(cx, header.message, &request, file?, header.status);
            }
            (What::Read(_), READ) => {
                let mut length = 0;
                if !failed {
                    r.skip(2)?;
                    let offset = r.u8()?;
                    r.skip(1)?;
                    length = r.le32()?;
                    if let What::Read(file) = request.what {
                        self.session.through(cx, file, cut(message, offset.into(), length));
                    }
                }
                self.session.answered(cx, request, length.into(), header.status);
            }
            (What::Pipe(file), IOCTL) => {
                if !failed {
                    r.skip(32)?;
                    let (offset, length) = (r.le32()?, r.le32()?);
                    let file = *file;
                    self.session.through(cx, file, cut(message, offset, length));
                }
            }
            _ => self.session.answered(cx, request, 0, header.status),
        }
        Some(())
    }

    /// An answer whose request was not seen: a challenge is of use all the same.
    fn v2_orphan(&mut self, cx: &mut Cx<'_>, header: &Header, message: &[u8]) -> Option<()> {
        if header.command == SESSION_SETUP && header.status == names::MORE_PROCESSING {
            let mut r = Reader::new(message.get(HEADER..)?);
            r.skip(4)?;
            let (offset, length) = (r.le16()?, r.le16()?);
            let from = cx.from();
            self.session.token(cx, from, header.session, at(message, offset.into(), length.into()));
        }
        Some(())
    }

    fn v2_negotiated(&mut self, cx: &mut Cx<'_>, body: &[u8]) -> Option<()> {
        let mut r = Reader::new(body);
        r.skip(2)?;
        let (security, revision) = (r.le16()?, r.le16()?);
        r.skip(2)?;
        let guid = r.take(16)?;
        let Some(dialect) = names::dialect(revision) else { return Some(()) };
        cx.service_info("version", if revision < 0x0300 { "2" } else { "3" });
        cx.service_info("dialect", dialect);
        cx.service_info("signing", if security & 2 != 0 { "required" } else { "enabled" });
        if guid.iter().any(|b| *b != 0) {
            cx.fact(cx.from(), "server_guid", &hex(guid), "NEGOTIATE.ServerGuid");
        }
        noted(cx, dialect, security & 2 != 0);
        Some(())
    }

    /// Dialects the client can speak.
    fn offered(&mut self, cx: &mut Cx<'_>, offered: &[&'static str], signing: bool) -> Option<()> {
        if signing {
            cx.fact(cx.from(), "smb_signing", "required", "NEGOTIATE.SecurityMode");
        }
        if let Some(best) = offered.last() {
            cx.fact(cx.from(), "smb_dialect", best, "NEGOTIATE.Dialects");
        }
        Some(())
    }
}
