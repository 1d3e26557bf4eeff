//! What is known of one connection: log-ins, shares, open files and pipes; and what is said of them.
//!
//! Both generations of SMB fill it, and both are reported alike.

use super::login::Proof;
use super::names;
use crate::cx::Cx;
use crate::model::*;
use crate::pending::Pending;
use crate::protocols::{dce_rpc, files, ntlm};
use std::collections::VecDeque;

/// Shares connected to at a time.
const MAX_TREES: usize = 64;
/// Files and pipes open at a time.
const MAX_FILES: usize = 256;
/// A request without an answer for so long has none, in microseconds.
const TIMEOUT: Micros = 60_000_000;

/// Number of a session and of a share in it.
pub type TreeKey = (u64, u32);
/// Number of an open file; those of SMB 1 are short.
pub type FileKey = [u8; 16];

/// The file of the request before it in a chain (MS-SMB2 3.2.4.1.4).
pub const CHAINED: FileKey = [0xff; 16];

/// What a request asks for.
#[derive(Debug)]
pub enum What {
    Session(Option<Proof>),
    Tree(String),
    Open { path: String, creates: bool, deletes: bool, directory: bool },
    Read(FileKey),
    Write(FileKey, u32),
    Pipe(FileKey),
    Close(FileKey),
    Delete(String),
    /// Marks an open file to be deleted.
    Unlink(FileKey),
    Rename { file: Option<FileKey>, from: String, to: String },
}

/// A request that waits for its answer.
#[derive(Debug)]
pub struct Request {
    pub what: What,
    pub tree: TreeKey,
    pub asked: Stamp,
    pub by: Side,
    /// The request of the same chain that opens the file meant.
    pub chain: u64,
}

/// Something open.
#[derive(Debug)]
struct File {
    key: FileKey,
    /// `\\server\share`, and the path within.
    share: String,
    path: String,
    pipe: Option<Box<dce_rpc::Session>>,
    read: u64,
    written: u64,
    first: Stamp,
    by: Side,
    deletes: bool,
    directory: bool,
}

/// State of one connection.
#[derive(Debug, Default)]
pub struct Session {
    pub open: Pending<u64, Request, 128>,
    trees: VecDeque<(TreeKey, String)>,
    files: VecDeque<File>,
    pub(super) logins: VecDeque<(u64, ntlm::Session)>,
    /// Requests that opened a file, and the file.
    opened: VecDeque<(u64, FileKey)>,
    pub heard: [bool; 2],
    pub(super) anonymous: bool,
}

pub fn slot(side: Side) -> usize {
    match side {
        Side::Client => 0,
        Side::Server => 1,
    }
}

impl Session {
    pub fn hear(&mut self, side: Side) {
        if let Some(heard) = self.heard.get_mut(slot(side)) {
            *heard = true;
        }
    }

    /// Notes a request; the one that gave way to it is reported.
    pub fn ask(&mut self, cx: &mut Cx<'_>, id: u64, tree: TreeKey, chain: u64, what: What) {
        let request = Request { what, tree, asked: cx.at(), by: cx.from(), chain };
        if let Some((_, old)) = self.open.push(id, request) {
            self.unanswered(cx, &old);
        }
    }

    fn share(&self, tree: TreeKey) -> String {
        self.trees.iter().find(|(k, _)| *k == tree).map(|(_, p)| p.clone()).unwrap_or_default()
    }

    /// The file meant by a request: its own, or the one opened before it in its chain.
    fn key(&self, key: FileKey, chain: u64) -> FileKey {
        if key != CHAINED {
            return key;
        }
        self.opened.iter().rev().find(|(id, _)| *id == chain).map_or(key, |(_, key)| *key)
    }
    fn file(&mut self, key: FileKey) -> Option<&mut File> {
        self.files.iter_mut().find(|f| f.key == key)
    }

    /// Gives what goes through a pipe to its reader.
    pub fn through(&mut self, cx: &mut Cx<'_>, key: FileKey, data: &[u8]) {
        let from = cx.from();
        if let Some(pipe) = self.file(key).and_then(|f| f.pipe.as_mut()) {
            pipe.fed(cx, from, data);
        }
    }

    /// A share was connected to as number `tree`.
    pub fn tree_connected(&mut self, cx: &mut Cx<'_>, request: &Request, tree: TreeKey, status: u32) {
        let What::Tree(path) = &request.what else { return };
        let share = path.rsplit('\\').next().unwrap_or(path);
        if !names::is_error(status) {
            self.trees.retain(|(k, _)| *k != tree);
            if self.trees.len() >= MAX_TREES {
                self.trees.pop_front();
            }
            self.trees.push_back((tree, path.clone()));
            let server = path.trim_start_matches('\\').split('\\').next().unwrap_or_default();
            let named = server.contains(|c: char| c.is_ascii_alphabetic()) && !server.contains([':', '*']);
            if named && !server.is_empty() {
                cx.fact(Side::Server, "hostname", server, "TREE_CONNECT.PathName");
            }
            if self.anonymous && !share.eq_ignore_ascii_case("IPC$") {
                cx.service_info("anonymous", true);
            }
        }
        let admin = names::is_admin_share(share);
        let mut op = op("tree_connect", Action::Other, request, status);
        op.notable = admin;
        op.target = Some(path);
        op.fields.push(("smb.path", Val::from(path.as_str())));
        op.fields.push(("smb.share", Val::from(share)));
        op.fields.push(("smb.admin_share", Val::Bool(admin)));
        cx.op(op);
    }

    /// A file or pipe was opened as `key`, or not.
    pub fn opened(&mut self, cx: &mut Cx<'_>, id: u64, request: &Request, key: FileKey, status: u32) {
        let What::Open { path, creates, deletes, directory } = &request.what else { return };
        let share = self.share(request.tree);
        let failed = names::is_error(status);
        if names::is_absent(status) {
            return;
        }
        let is_pipe = is_pipe(&share, path);
        if !failed {
            if self.files.len() >= MAX_FILES {
                cx.dropped("smb_files");
                if let Some(old) = self.files.pop_front() {
                    self.closed(cx, old);
                }
            }
            if self.opened.len() >= 32 {
                self.opened.pop_front();
            }
            self.opened.push_back((id, key));
            let file = File {
                key,
                share: share.clone(),
                path: path.clone(),
                pipe: is_pipe.then(|| Box::new(dce_rpc::Session::on_pipe(path))),
                read: 0,
                written: 0,
                first: request.asked,
                by: request.by,
                deletes: *deletes,
                directory: *directory,
            };
            self.files.push_back(file);
        }
        let mut op = op(if is_pipe { "open_pipe" } else { "create" }, Action::Other, request, status);
        op.notable = !path.is_empty() && !directory;
        let whole = full(&share, path);
        op.target = Some(&whole);
        named(&mut op.fields, &share, path);
        if is_pipe {
            op.fields.push(("smb.named_pipe", Val::from(path.as_str())));
        } else {
            op.fields.push(("smb.creates", Val::Bool(*creates)));
        }
        cx.op(op);
    }

    /// An answer to a read, write, or a change of what is open.
    pub fn answered(&mut self, cx: &mut Cx<'_>, request: Request, bytes: u64, status: u32) {
        let failed = names::is_error(status);
        match request.what {
            What::Read(key) => {
                let key = self.key(key, request.chain);
                match self.file(key).filter(|f| f.pipe.is_none()) {
                    Some(file) if !failed => file.read = file.read.saturating_add(bytes),
                    _ => {}
                }
            }
            What::Write(key, asked) => {
                let key = self.key(key, request.chain);
                let Some(file) = self.file(key).filter(|f| f.pipe.is_none()) else { return };
                if !failed {
                    if file.written == 0 {
                        file.first = request.asked;
                    }
                    file.written = file.written.saturating_add(asked.into());
                }
            }
            What::Close(key) if !failed => {
                let key = self.key(key, request.chain);
                if let Some(at) = self.files.iter().position(|f| f.key == key)
                    && let Some(file) = self.files.remove(at)
                {
                    self.closed(cx, file);
                }
            }
            What::Unlink(key) if !failed => {
                let key = self.key(key, request.chain);
                if let Some(file) = self.file(key) {
                    file.deletes = true;
                    file.first = request.asked;
                }
            }
            What::Delete(ref path) => {
                let share = self.share(request.tree);
                let whole = full(&share, path);
                let mut op = op("delete", Action::FileDelete, &request, status);
                op.target = Some(&whole);
                named(&mut op.fields, &share, path);
                cx.op(op);
            }
            What::Rename { file, ref from, ref to } => {
                let key = file.map(|key| self.key(key, request.chain));
                let known = key.and_then(|key| self.file(key)).map(|f| (f.share.clone(), f.path.clone()));
                let (share, from) = known.unwrap_or_else(|| (self.share(request.tree), from.clone()));
                let whole = full(&share, &from);
                let mut op = op("rename", Action::FileWrite, &request, status).detail("to", to.as_str());
                op.target = Some(&whole);
                named(&mut op.fields, &share, &from);
                op.fields.push(("smb.rename.to", Val::from(to.as_str())));
                cx.op(op);
                if let Some(file) = key.filter(|_| !failed).and_then(|key| self.file(key)) {
                    file.path = to.clone();
                }
            }
            _ => {}
        }
    }

    /// Something open was closed: what was done with it.
    fn closed(&mut self, cx: &mut Cx<'_>, file: File) {
        if let Some(mut pipe) = file.pipe {
            return pipe.end(cx);
        }
        if file.directory && !file.deletes {
            return;
        }
        let whole = full(&file.share, &file.path);
        let mut report = |name: &'static str, action: Action, bytes: u64| {
            let mut op = Op::new(action, name).outcome(Outcome::Accepted).asked(file.first).by(file.by);
            op.target = Some(&whole);
            named(&mut op.fields, &file.share, &file.path);
            if bytes > 0 {
                op = op.detail("bytes", bytes);
                op.fields.push(("file.size", Val::from(bytes)));
            }
            cx.op(op);
        };
        if file.read > 0 {
            report("read", Action::FileRead, file.read);
        }
        if file.written > 0 {
            // what is copied to a device under an image's name is meant to be its firmware
            let firmware = files::is_firmware(&file.path) && !file.path.to_ascii_lowercase().ends_with(".bin");
            report("write", if firmware { Action::Firmware } else { Action::FileWrite }, file.written);
        }
        if file.deletes {
            report("delete", Action::FileDelete, 0);
        }
    }

    fn unanswered(&self, cx: &mut Cx<'_>, request: &Request) {
        match &request.what {
            What::Session(Some(_)) => self.report_login(cx, request, None, false),
            What::Tree(path) | What::Delete(path) => {
                let heard = self.heard.get(slot(request.by.other())).copied().unwrap_or(false);
                let tree = matches!(request.what, What::Tree(_));
                let mut op = if tree {
                    op("tree_connect", Action::Other, request, 0)
                } else {
                    op("delete", Action::FileDelete, request, 0)
                };
                op.outcome = if heard { Outcome::NoAnswer } else { Outcome::Unknown };
                op.target = Some(path);
                let field = if tree { "smb.path" } else { "file.name" };
                op.fields.push((field, Val::from(path.as_str())));
                cx.op(op);
            }
            _ => {}
        }
    }

    pub fn gap(&mut self, from: Side) {
        for file in &mut self.files {
            if let Some(pipe) = &mut file.pipe {
                pipe.gap(from);
            }
        }
        if from == Side::Server {
            for (_, login) in &mut self.logins {
                login.gap();
            }
        }
    }

    pub fn tick(&mut self, cx: &mut Cx<'_>) {
        let now = cx.at().time;
        while let Some((_, old)) = self.open.take_if(|_, r| now.saturating_sub(r.asked.time) > TIMEOUT) {
            self.unanswered(cx, &old);
        }
        for file in &mut self.files {
            if let Some(pipe) = &mut file.pipe {
                pipe.tick(cx);
            }
        }
    }

    pub fn end(&mut self, cx: &mut Cx<'_>) {
        let open: Vec<_> = self.open.drain().collect();
        for (_, request) in open {
            self.unanswered(cx, &request);
        }
        for file in std::mem::take(&mut self.files) {
            self.closed(cx, file);
        }
    }
}

pub fn op<'a>(name: &'a str, action: Action, request: &Request, status: u32) -> Op<'a> {
    let failed = names::is_error(status);
    let outcome = if failed { Outcome::Refused } else { Outcome::Accepted };
    let op = Op::new(action, name).outcome(outcome).asked(request.asked).by(request.by);
    if failed { op.exception(status, names::status(status)) } else { op }
}

/// Fields of what was opened: the share, and the path within it.
fn named(f: &mut Vec<(&'static str, Val)>, share: &str, path: &str) {
    if !share.is_empty() {
        f.push(("smb.path", Val::from(share)));
        f.push(("smb.share", Val::from(share.rsplit('\\').next().unwrap_or(share))));
    }
    if !path.is_empty() {
        f.push(("file.name", Val::from(path)));
        if let Some((_, extension)) = path.rsplit_once('.')
            && !extension.contains('\\')
        {
            f.push(("file.extension", Val::from(extension.to_ascii_lowercase())));
        }
    }
}

fn full(share: &str, path: &str) -> String {
    match (share.is_empty(), path.is_empty()) {
        (true, _) => path.to_owned(),
        (_, true) => share.to_owned(),
        _ => format!("{share}\\{}", path.trim_start_matches('\\')),
    }
}

/// Pipes live in IPC$; where the share is not known, well-known names tell.
fn is_pipe(share: &str, path: &str) -> bool {
    let name = share.rsplit('\\').next().unwrap_or(share);
    let known = ["svcctl", "atsvc", "samr", "lsarpc", "srvsvc", "wkssvc", "winreg", "netlogon", "spoolss"];
    name.eq_ignore_ascii_case("IPC$")
        || share.is_empty() && known.contains(&path.trim_start_matches('\\').to_ascii_lowercase().as_str())
}
