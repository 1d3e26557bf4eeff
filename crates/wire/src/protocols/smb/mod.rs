//! SMB, the file and pipe sharing of Windows and Samba: versions 1, 2 and 3.
//!
//! Log-ins (NTLM in SPNEGO or bare, the older challenge and response, readable passwords) with how
//! they ended, shares and their files, what was read, written, renamed and deleted, and the calls
//! that go through named pipes. Of an encrypted session messages are counted only.
//! Sources: RFC 1002, section 4.3 (session service); MS-SMB2; MS-CIFS; MS-SMB; MS-FSCC.

mod login;
mod names;
mod session;
#[cfg(test)]
mod tests;
mod v1;
mod v2;

use crate::cx::Cx;
use crate::model::*;
use crate::probe::{Hint, Probe, Role, Spec, Step, Verdict};

/// Header of the session service: type and length.
const FRAME: usize = 4;
/// Bytes of one message that are read; what is longer is passed over.
const MAX_MESSAGE: usize = 32 * 1024;
/// Bytes read of one that carries a file's content.
const MAX_CONTENT: usize = 512;
/// Transform headers: encrypted, compressed (MS-SMB2 2.2.41, 2.2.42).
const ENCRYPTED: &[u8; 4] = b"\xfdSMB";
const COMPRESSED: &[u8; 4] = b"\xfcSMB";

pub static SPEC: Spec = Spec {
    name: "smb",
    title: "SMB",
    industrial: false,
    transports: &[Transport::Tcp],
    ports: &[445, 139],
    ethertypes: &[],
    rank: 60,
    identify,
    open: || Box::<Smb>::default(),
    pdus: false,
    facts: &["os", "hostname", "domain", "lan_manager", "server_guid", "smb_dialect", "smb_signing"],
    credentials: &["hash", "password", "user"],
    operations: &["session_setup", "tree_connect", "open_pipe", "create", "read", "write", "rename", "delete"],
    source: "MS-SMB2, MS-CIFS, MS-SMB, MS-FSCC, MS-NLMP; RFC 1002",
    level: 4,
    proofs: &["suricata-verify/smb2-04"],
};

fn identify(_hint: &Hint, data: &[u8]) -> Verdict {
    let Some(&kind) = data.first() else { return Verdict::Need };
    match kind {
        0 => {}
        // the NetBIOS session is asked for and granted before: names, no SMB yet
        0x81 if data.get(1).is_none_or(|b| *b <= 1) => {
            return if data.len() < 8 || data.get(4) != Some(&0x20) { need(data, 8) } else { skip(data) };
        }
        0x82 if data.get(..FRAME.min(data.len())) == [0x82, 0, 0, 0].get(..FRAME.min(data.len())) => {
            return skip(data);
        }
        _ => return Verdict::No,
    }
    message(data)
}

fn need(data: &[u8], n: usize) -> Verdict {
    if data.len() < n { Verdict::Need } else { Verdict::No }
}

/// Looks behind the first frame, for the message that tells.
fn skip(data: &[u8]) -> Verdict {
    let size = length(data).unwrap_or(usize::MAX);
    match data.get(size..) {
        Some(rest) if !rest.is_empty() => message(rest),
        _ => Verdict::Weak(if data.first() == Some(&0x81) { Role::Client } else { Role::Server }),
    }
}

/// Size of a frame with its header.
fn length(data: &[u8]) -> Option<usize> {
    match data {
        &[_, a, b, c, ..] => Some(FRAME + u32::from_be_bytes([0, a, b, c]) as usize),
        _ => None,
    }
}

fn message(data: &[u8]) -> Verdict {
    if data.first() != Some(&0) {
        return Verdict::No;
    }
    let Some(body) = data.get(FRAME..) else { return Verdict::Need };
    let magic: [&[u8; 4]; 4] = [v1::MAGIC, v2::MAGIC, ENCRYPTED, COMPRESSED];
    let n = body.len().min(4);
    if !magic.iter().any(|m| m.get(..n) == body.get(..n)) {
        return Verdict::No;
    }
    if n < 4 {
        return Verdict::Need;
    }
    if length(data).is_none_or(|size| size < FRAME + 32) {
        return Verdict::No;
    }
    if body.starts_with(v2::MAGIC) {
        return match v2::Header::read(body) {
            Some(header) if header.is_response() => Verdict::Strong(Role::Server),
            Some(_) => Verdict::Strong(Role::Client),
            None => need(data, FRAME + v2::HEADER),
        };
    }
    if body.starts_with(v1::MAGIC) {
        return match v1::Header::read(body) {
            Some(header) if header.response => Verdict::Strong(Role::Server),
            Some(_) => Verdict::Strong(Role::Client),
            None => need(data, FRAME + 32),
        };
    }
    Verdict::Strong(Role::Unknown)
}

/// One connection.
#[derive(Default)]
struct Smb {
    session: session::Session,
    negotiated: v1::Negotiated,
    sealed: bool,
    settled: bool,
}

impl Probe for Smb {
    fn stream(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Step {
        let Some(size) = length(data) else { return Step::Need };
        match data.first() {
            Some(0) => {}
            // of the NetBIOS session: request, answers, keep-alive
            Some(0x81..=0x85) if size < 128 => {
                return if data.len() < size { Step::Need } else { Step::Used(size) };
            }
            _ => return Step::Bad,
        }
        let Some(magic) = data.get(FRAME..FRAME + 4) else {
            return if size < FRAME + 4 { Step::Bad } else { Step::Need };
        };
        if magic == ENCRYPTED || magic == COMPRESSED {
            self.sealed(cx, magic == ENCRYPTED);
            return passed(size, data.len());
        }
        let is_v2 = magic == v2::MAGIC;
        if !is_v2 && magic != v1::MAGIC {
            return Step::Bad;
        }
        // of a file's content only the head is of interest
        let content = is_v2
            && size > MAX_CONTENT * 16
            && data.get(FRAME + 12).is_some_and(|c| matches!(u16::from(*c), v2::READ | v2::WRITE));
        let wanted = size.min(if content { MAX_CONTENT } else { MAX_MESSAGE });
        let Some(message) = data.get(FRAME..wanted) else { return Step::Need };
        self.settle(cx, message);
        self.session.hear(cx.from());
        if (if is_v2 { self.v2(cx, message) } else { self.v1(cx, message) }).is_none() {
            cx.malformed();
        }
        passed(size, data.len())
    }

    fn gap(&mut self, _cx: &mut Cx<'_>, from: Side, _missing: u64) {
        self.session.gap(from);
    }
    fn tick(&mut self, cx: &mut Cx<'_>) {
        self.session.tick(cx);
    }
    fn end(&mut self, cx: &mut Cx<'_>) {
        self.session.end(cx);
    }
}

/// A message of `size` bytes is done with, of which `there` may be fewer.
fn passed(size: usize, there: usize) -> Step {
    match size.checked_sub(there) {
        Some(more) if more > 0 => Step::Skip(more as u64),
        _ => Step::Used(size),
    }
}

impl Smb {
    /// In a flow without a handshake the roles follow the first message.
    fn settle(&mut self, cx: &mut Cx<'_>, message: &[u8]) {
        if self.settled {
            return;
        }
        let response = v2::Header::read(message)
            .map(|h| h.is_response())
            .or_else(|| v1::Header::read(message).map(|h| h.response));
        if let Some(response) = response {
            self.settled = true;
            cx.sender_is(if response { Side::Server } else { Side::Client });
        }
    }

    /// An encrypted session is counted once.
    fn sealed(&mut self, cx: &mut Cx<'_>, encrypted: bool) {
        if encrypted && !self.sealed {
            self.sealed = true;
            cx.service_info("encryption", "used");
            let fields = vec![("smb.encrypted", Val::Bool(true))];
            cx.transaction("encrypted_session", "info", fields);
        }
    }
}

/// The event of a negotiation.
fn noted(cx: &mut Cx<'_>, dialect: &str, signing: bool) {
    if cx.wants_events() {
        let fields = vec![
            ("smb.dialect", Val::from(dialect)),
            ("smb.signing_required", Val::Bool(signing)),
            ("event.outcome", Val::Static("success")),
        ];
        cx.transaction("negotiate", "connection", fields);
    }
}
