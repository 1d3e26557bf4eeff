//! Procedures of the programs: names, what they do, the names of files in their arguments.
//! Sources: RFC 1094 (NFS 2), 1813 (NFS 3, mount), 7530 and 8881 (NFS 4), 1833 (portmapper).

use super::rpc::{self, Call, MOUNT, NFS, NLM, PORTMAP};
use crate::bytes::Reader;
use crate::model::Action;

/// What a call asks for.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    pub action: Action,
    pub name: &'static str,
    /// A file's name in the directory of `handle`, a path, or a program.
    pub target: Option<String>,
    /// Handle of the file or directory.
    pub handle: Option<Vec<u8>>,
}

/// Longest handle of a file (version 4).
const MAX_HANDLE: u32 = 128;

fn plain(action: Action, name: &'static str) -> Option<Asked> {
    Some(Asked { action, name, target: None, handle: None })
}

/// What a call does; `None` for what only keeps a session up.
pub fn asked(call: &Call<'_>) -> Option<Asked> {
    let mut r = call.arguments;
    match (call.program, call.version, call.procedure) {
        (_, _, 0) => None,
        (PORTMAP, 2, n @ (1..=3)) => {
            let program = r.be32();
            let mut asked = match n {
                1 => plain(Action::Configure, "set")?,
                2 => plain(Action::Configure, "unset")?,
                _ => plain(Action::Discover, "getport")?,
            };
            asked.target = program.map(|p| p.to_string());
            Some(asked)
        }
        (PORTMAP, 3 | 4, 1) => plain(Action::Configure, "set"),
        (PORTMAP, 3 | 4, 2) => plain(Action::Configure, "unset"),
        (PORTMAP, 3 | 4, 3) => {
            let mut asked = plain(Action::Discover, "getaddr")?;
            asked.target = r.be32().map(|p| p.to_string());
            Some(asked)
        }
        (PORTMAP, _, 4) => plain(Action::Discover, "dump"),
        (PORTMAP, _, 5) => plain(Action::Other, "callit"),
        (MOUNT, _, 1) => {
            let mut asked = plain(Action::Read, "mount")?;
            asked.target = rpc::name(&mut r);
            Some(asked)
        }
        (MOUNT, _, 3) => {
            let mut asked = plain(Action::Other, "unmount")?;
            asked.target = rpc::name(&mut r);
            Some(asked)
        }
        (MOUNT, _, 2) => plain(Action::Discover, "mount_dump"),
        (MOUNT, _, 4) => plain(Action::Other, "unmount_all"),
        (MOUNT, _, 5 | 6) => plain(Action::Discover, "export"),
        (NFS, 2, n) => version_2(n, &mut r),
        (NFS, 3, n) => version_3(n, &mut r),
        (NFS, 4, 1) => version_4(&mut r),
        (NLM, _, 2 | 7) => plain(Action::Lock, "lock"),
        (NLM, _, 4 | 9) => plain(Action::Unlock, "unlock"),
        _ => None,
    }
}

fn version_2(procedure: u32, r: &mut Reader<'_>) -> Option<Asked> {
    let (action, name, named) = match procedure {
        2 => (Action::Write, "setattr", false),
        4 => (Action::Read, "lookup", true),
        6 => (Action::FileRead, "read", false),
        8 => (Action::FileWrite, "write", false),
        9 => (Action::FileWrite, "create", true),
        10 => (Action::FileDelete, "remove", true),
        11 => (Action::FileWrite, "rename", true),
        12 => (Action::FileWrite, "link", false),
        13 => (Action::FileWrite, "symlink", true),
        14 => (Action::FileWrite, "mkdir", true),
        15 => (Action::FileDelete, "rmdir", true),
        1 | 5 | 16 | 17 => (Action::Read, "read_attributes", false),
        _ => return None,
    };
    let handle = r.take(32).map(<[u8]>::to_vec);
    let target = if named { rpc::name(r) } else { None };
    Some(Asked { action, name, target, handle })
}

fn version_3(procedure: u32, r: &mut Reader<'_>) -> Option<Asked> {
    let (action, name, named) = match procedure {
        2 => (Action::Write, "setattr", false),
        3 => (Action::Read, "lookup", true),
        6 => (Action::FileRead, "read", false),
        7 => (Action::FileWrite, "write", false),
        8 => (Action::FileWrite, "create", true),
        9 => (Action::FileWrite, "mkdir", true),
        10 => (Action::FileWrite, "symlink", true),
        11 => (Action::FileWrite, "mknod", true),
        12 => (Action::FileDelete, "remove", true),
        13 => (Action::FileDelete, "rmdir", true),
        14 => (Action::FileWrite, "rename", true),
        15 => (Action::FileWrite, "link", false),
        1 | 4 | 5 | 16..=20 => (Action::Read, "read_attributes", false),
        _ => return None,
    };
    let handle = rpc::opaque(r, 64).map(<[u8]>::to_vec);
    let target = if named { rpc::name(r) } else { None };
    Some(Asked { action, name, target, handle })
}

/// The first operation of a COMPOUND that changes or opens something.
fn version_4(r: &mut Reader<'_>) -> Option<Asked> {
    rpc::opaque(r, 1024)?;
    r.skip(4)?;
    let count = r.be32()?.min(32);
    let mut handle = None;
    for _ in 0..count {
        let (action, name, named) = match r.be32()? {
            // those that stand before it
            15 => {
                rpc::name(r)?;
                continue;
            }
            22 => {
                handle = Some(rpc::opaque(r, MAX_HANDLE)?.to_vec());
                continue;
            }
            24 | 32 | 31 | 10 => continue,
            53 => {
                r.skip(32)?;
                continue;
            }
            9 => {
                let words = r.be32()?.min(8);
                r.skip(words as usize * 4)?;
                continue;
            }
            6 => (Action::FileWrite, "create", false),
            18 => (Action::FileWrite, "open", false),
            25 => (Action::FileRead, "read", false),
            28 => (Action::FileDelete, "remove", true),
            29 => (Action::FileWrite, "rename", true),
            34 => (Action::Write, "setattr", false),
            38 => (Action::FileWrite, "write", false),
            12 => (Action::Lock, "lock", false),
            26 => (Action::Read, "readdir", false),
            _ => return None,
        };
        let target = if named { rpc::name(r) } else { None };
        return Some(Asked { action, name, target, handle });
    }
    None
}

/// Where a status stands first in the results, its number.
pub fn status(program: u32, version: u32, results: &mut Reader<'_>) -> Option<u32> {
    match program {
        NFS | MOUNT if version > 0 => results.be32(),
        _ => None,
    }
}

/// Name of a status (RFC 1813, 2.6; mount has some of them).
pub fn error(code: u32) -> &'static str {
    match code {
        1 => "NFS3ERR_PERM",
        2 => "NFS3ERR_NOENT",
        5 => "NFS3ERR_IO",
        13 => "NFS3ERR_ACCES",
        17 => "NFS3ERR_EXIST",
        20 => "NFS3ERR_NOTDIR",
        21 => "NFS3ERR_ISDIR",
        22 => "NFS3ERR_INVAL",
        27 => "NFS3ERR_FBIG",
        28 => "NFS3ERR_NOSPC",
        30 => "NFS3ERR_ROFS",
        66 => "NFS3ERR_NOTEMPTY",
        70 => "NFS3ERR_STALE",
        10_004 => "NFS3ERR_NOTSUPP",
        10_006 => "NFS3ERR_SERVERFAULT",
        10_008 => "NFS3ERR_JUKEBOX",
        _ => "error",
    }
}

/// A handle in the results of a look-up, mount or create.
pub fn handle<'a>(program: u32, version: u32, name: &str, results: &mut Reader<'a>) -> Option<&'a [u8]> {
    match (program, version, name) {
        (NFS, 2, "lookup" | "create" | "mkdir") | (MOUNT, 1 | 2, "mount") => results.take(32),
        (NFS, 3, "lookup") | (MOUNT, 3, "mount") => rpc::opaque(results, 64),
        (NFS, 3, "create" | "mkdir") => {
            if results.be32()? != 1 {
                return None;
            }
            rpc::opaque(results, 64)
        }
        _ => None,
    }
}

/// Programs that a portmapper lists: number, port, TCP or not.
pub fn programs(results: &mut Reader<'_>) -> Vec<(u32, u32, bool)> {
    let mut out = Vec::new();
    while results.be32() == Some(1) && out.len() < 64 {
        let (Some(program), Some(_), Some(protocol), Some(port)) = (results.be32(), results.be32(), results.be32(), results.be32()) else {
            break;
        };
        out.push((program, port, protocol == 6));
    }
    out
}

/// Name of a program (/etc/rpc as systems have it).
pub fn program(number: u32) -> Option<&'static str> {
    Some(match number {
        100_000 => "portmapper",
        100_001 => "rstatd",
        100_002 => "rusersd",
        100_003 => "nfs",
        100_004 => "ypserv",
        100_005 => "mountd",
        100_007 => "ypbind",
        100_008 => "walld",
        100_009 => "yppasswdd",
        100_011 => "rquotad",
        100_021 => "nlockmgr",
        100_024 => "status",
        100_068 => "cmsd",
        100_083 => "ttdbserverd",
        100_227 => "nfs_acl",
        100_232 => "sadmind",
        391_002 => "sgi_fam",
        395_180..=395_183 => "vxi11",
        _ => return None,
    })
}

/// Paths that a server exports, with whom to.
pub fn exports(results: &mut Reader<'_>) -> Vec<String> {
    let mut out = Vec::new();
    while results.be32() == Some(1) && out.len() < 32 {
        let Some(path) = rpc::name(results) else { break };
        out.push(path);
        for _ in 0..64 {
            if results.be32() != Some(1) || rpc::name(results).is_none() {
                break;
            }
        }
    }
    out
}
