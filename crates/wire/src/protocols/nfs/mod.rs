//! Network File System with its portmapper, mount and lock programs, over ONC RPC.
//!
//! Calls and replies are paired by their number. A file is named by its handle: the names that look-ups
//! gave are kept, so that reads and writes are told with them.

mod procedures;
mod rpc;
#[cfg(test)]
mod tests;

use crate::bytes::Reader;
use crate::cx::Cx;
use crate::model::*;
use crate::pending::Pending;
use crate::probe::*;
use crate::protocols::files;
use procedures::Asked;
use rpc::{Call, Message, Reply};

pub static SPEC: Spec = Spec {
    name: "nfs",
    title: "Network File System (ONC RPC: portmapper, mount, NFS, locks)",
    industrial: false,
    transports: &[Transport::Udp, Transport::Tcp],
    ports: &[111, 2049, 635, 20048],
    ethertypes: &[],
    rank: 82,
    identify,
    open: || Box::<Nfs>::default(),
    pdus: false,
    facts: &["hostname", "nfs_export", "rpc_program"],
    credentials: &["user"],
    operations: &[
        "getport", "dump", "set", "unset", "callit", "mount", "unmount", "export", "lookup", "read", "write", "create",
        "remove", "rename", "mkdir", "rmdir", "setattr", "symlink", "link", "mknod", "open", "lock",
    ],
    source: "RFC 5531, 4506, 1833, 1094, 1813, 7530, 8881",
    level: 5,
    proofs: &["suricata-verify/nfs3-procedure", "suricata-verify/issue-3277-nfsv2-filestore", "zeek/nfs", "zeek/mount"],
};

/// Calls that wait for their reply.
const MAX_OPEN: usize = 64;
/// Handles whose names are kept of a flow.
const MAX_HANDLES: usize = 256;
/// Microseconds a call waits.
const WAIT: Micros = 30_000_000;
/// Octets of a record that are looked at.
const MAX_HELD: usize = 4096;

fn identify(hint: &Hint, data: &[u8]) -> Verdict {
    let tcp = hint.transport == Transport::Tcp;
    let body = if tcp {
        // a record mark: last fragment, and not a long one
        match data {
            [0x80, 0 | 1, _, _, rest @ ..] => rest,
            [0x80, 0 | 1] | [0x80, 0 | 1, _] | [0x80] => return Verdict::Need,
            _ => return Verdict::No,
        }
    } else {
        data
    };
    // xid, call, version 2 of RPC, one of the programs
    match body {
        [_, _, _, _, 0, 0, 0, 0, 0, 0, 0, 2, 0, 1, a, b, 0, 0, 0, v, rest @ ..] => {
            let program = 0x1_0000 | u32::from(*a) << 8 | u32::from(*b);
            if !rpc::known(program) || !(1..=4).contains(v) {
                return Verdict::No;
            }
            if tcp && rest.len() < 20 || rpc::parse(body).is_some() { Verdict::Strong(Role::Client) } else { Verdict::No }
        }
        [_, _, _, _, 0, 0, 0, 1, 0, 0, 0, 0 | 1, ..] if hint.src_port == 2049 || hint.src_port == 111 => {
            match rpc::parse(body) {
                Some(Message::Reply(_)) => Verdict::Weak(Role::Server),
                _ if tcp && body.len() < 24 => Verdict::Need,
                _ => Verdict::No,
            }
        }
        short if tcp && short.len() < 20 && short.get(4..).unwrap_or_default().iter().take(7).all(|b| *b == 0) => Verdict::Need,
        _ => Verdict::No,
    }
}

struct Open {
    program: u32,
    version: u32,
    asked: Asked,
    at: Stamp,
}

#[derive(Default)]
struct Nfs {
    open: Pending<u32, Open, MAX_OPEN>,
    handles: Vec<(Vec<u8>, String)>,
    machine: Option<rpc::Unix>,
    lost: [bool; 2],
}

impl Probe for Nfs {
    fn datagram(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Result<(), Malformed> {
        self.message(cx, data).ok_or(Malformed)
    }

    fn stream(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Step {
        let dir = usize::from(cx.from() == Side::Server);
        let Some(mark) = Reader::new(data).be32() else { return Step::Need };
        let size = (mark & 0x7fff_ffff) as usize;
        let body = data.get(4..).unwrap_or_default();
        let sound = (24..=4 << 20).contains(&size)
            && (body.len() < 8 || matches!(body.get(4..8), Some([0, 0, 0, 0 | 1])));
        if !sound {
            return if self.lost.get(dir) == Some(&true) { Step::Used(data.len()) } else { Step::Bad };
        }
        let whole = size + 4;
        if data.len() < whole.min(MAX_HELD) {
            return Step::Need;
        }
        if let Some(lost) = self.lost.get_mut(dir) {
            *lost = false;
        }
        let body = data.get(4..whole.min(data.len())).unwrap_or_default();
        if self.message(cx, body).is_none() {
            cx.malformed();
        }
        if whole > data.len() { Step::Skip((whole - data.len()) as u64) } else { Step::Used(whole) }
    }

    fn gap(&mut self, _cx: &mut Cx<'_>, from: Side, _missing: u64) {
        if let Some(lost) = self.lost.get_mut(usize::from(from == Side::Server)) {
            *lost = true;
        }
    }

    fn tick(&mut self, cx: &mut Cx<'_>) {
        let now = cx.at().time;
        while let Some((_, open)) = self.open.take_if(|_, o| now - o.at.time > WAIT) {
            self.report(cx, open, Outcome::NoAnswer, None);
        }
    }

    fn end(&mut self, cx: &mut Cx<'_>) {
        let open: Vec<Open> = self.open.drain().map(|(_, o)| o).collect();
        for o in open {
            self.report(cx, o, Outcome::NoAnswer, None);
        }
    }
}

impl Nfs {
    fn message(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Option<()> {
        match rpc::parse(data)? {
            Message::Call(call) => {
                if !rpc::known(call.program) {
                    return None;
                }
                cx.sender_is(Side::Client);
                self.call(cx, &call);
            }
            Message::Reply(mut reply) => {
                cx.sender_is(Side::Server);
                self.reply(cx, &mut reply);
            }
        }
        Some(())
    }

    fn call(&mut self, cx: &mut Cx<'_>, call: &Call<'_>) {
        if let Some(unix) = &call.unix
            && self.machine.as_ref() != Some(unix)
        {
            if !unix.machine.is_empty() {
                cx.fact(Side::Client, "hostname", &unix.machine, "AUTH_SYS.machinename");
            }
            self.machine = Some(unix.clone());
        }
        // sent again: the first one counts
        if self.open.get(&call.xid).is_some() {
            return;
        }
        let Some(asked) = procedures::asked(call) else { return };
        let open = Open { program: call.program, version: call.version, asked, at: cx.at() };
        if let Some((_, old)) = self.open.push(call.xid, open) {
            self.report(cx, old, Outcome::Unknown, None);
        }
    }

    fn reply(&mut self, cx: &mut Cx<'_>, reply: &mut Reply<'_>) {
        let Some(open) = self.open.take(&reply.xid) else { return };
        if let Some(error) = reply.error {
            return self.report(cx, open, Outcome::Refused, Some((0, error)));
        }
        let r = &mut reply.results;
        match open.asked.name {
            "dump" if open.version == 2 => {
                for (program, port, tcp) in procedures::programs(r) {
                    let name = procedures::program(program).map_or_else(|| program.to_string(), str::to_owned);
                    let text = format!("{name} {}/{port}", if tcp { "tcp" } else { "udp" });
                    cx.fact(Side::Server, "rpc_program", &text, "DUMP");
                }
                return self.report(cx, open, Outcome::Accepted, None);
            }
            "export" => {
                for path in procedures::exports(r) {
                    cx.fact(Side::Server, "nfs_export", &path, "EXPORT");
                }
                return self.report(cx, open, Outcome::Accepted, None);
            }
            "unmount" | "unmount_all" | "mount_dump" => return self.report(cx, open, Outcome::Accepted, None),
            // a set that is refused answers with false
            "set" | "unset" => {
                let good = r.be32() == Some(1);
                return self.report(cx, open, if good { Outcome::Accepted } else { Outcome::Refused }, None);
            }
            _ => {}
        }
        match procedures::status(open.program, open.version, r) {
            Some(0) => {
                if let Some(handle) = procedures::handle(open.program, open.version, open.asked.name, r) {
                    self.keep(handle, &open);
                }
                self.report(cx, open, Outcome::Accepted, None);
            }
            Some(code) => self.report(cx, open, Outcome::Refused, Some((code.into(), procedures::error(code)))),
            None => self.report(cx, open, Outcome::Accepted, None),
        }
    }

    fn keep(&mut self, handle: &[u8], open: &Open) {
        let Some(name) = &open.asked.target else { return };
        let path = match open.asked.handle.as_deref().and_then(|dir| self.path(dir)) {
            Some(dir) => format!("{}/{name}", dir.trim_end_matches('/')),
            None => name.clone(),
        };
        if path.len() > 512 {
            return;
        }
        self.handles.retain(|(h, _)| h != handle);
        if self.handles.len() >= MAX_HANDLES {
            self.handles.remove(0);
        }
        self.handles.push((handle.to_vec(), path));
    }

    fn path(&self, handle: &[u8]) -> Option<&str> {
        self.handles.iter().find(|(h, _)| h == handle).map(|(_, name)| name.as_str())
    }

    fn report(&mut self, cx: &mut Cx<'_>, open: Open, outcome: Outcome, error: Option<(i64, &str)>) {
        let dir = open.asked.handle.as_deref().and_then(|h| self.path(h));
        let target = match (dir, &open.asked.target) {
            (Some(dir), Some(name)) => Some(format!("{}/{name}", dir.trim_end_matches('/'))),
            (Some(path), None) => Some(path.to_owned()),
            (None, name) => name.clone(),
        };
        let firmware = open.asked.action == Action::FileWrite && target.as_deref().is_some_and(files::is_firmware);
        let action = if firmware { Action::Firmware } else { open.asked.action };
        let mut op = Op::new(action, open.asked.name).outcome(outcome).asked(open.at).detail("version", open.version);
        if let Some(target) = &target {
            op = op.target(target);
        }
        if let Some((code, text)) = error {
            op = op.exception(code, text);
        }
        if let Some(unix) = &self.machine {
            op = op.detail("uid", unix.uid);
        }
        cx.op(op);
    }
}
