//! ONC RPC (RFC 5531) over datagrams and records, and reading of XDR (RFC 4506).

use crate::bytes::Reader;

pub const PORTMAP: u32 = 100_000;
pub const NFS: u32 = 100_003;
pub const MOUNT: u32 = 100_005;
pub const NLM: u32 = 100_021;
pub const STATUS: u32 = 100_024;
pub const ACL: u32 = 100_227;

/// Longest opaque of a credential (RFC 5531, 8.2).
const MAX_AUTH: u32 = 400;

/// Name of a user, machine and group of AUTH_SYS.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Unix {
    pub machine: String,
    pub uid: u32,
}

#[derive(Debug)]
pub struct Call<'a> {
    pub xid: u32,
    pub program: u32,
    pub version: u32,
    pub procedure: u32,
    pub unix: Option<Unix>,
    pub arguments: Reader<'a>,
}

#[derive(Debug)]
pub struct Reply<'a> {
    pub xid: u32,
    /// `None` if the call was accepted and done, else why not.
    pub error: Option<&'static str>,
    pub results: Reader<'a>,
}

#[derive(Debug)]
pub enum Message<'a> {
    Call(Call<'a>),
    Reply(Reply<'a>),
}

/// Octets with their length before them, filled up to four.
pub fn opaque<'a>(r: &mut Reader<'a>, most: u32) -> Option<&'a [u8]> {
    let n = r.be32().filter(|n| *n <= most)? as usize;
    let bytes = r.take(n)?;
    r.skip(n.wrapping_neg() & 3)?;
    Some(bytes)
}

/// A name; without control characters.
pub fn name(r: &mut Reader<'_>) -> Option<String> {
    let bytes = opaque(r, 1024)?;
    Some(String::from_utf8_lossy(bytes).chars().filter(|c| !c.is_control()).collect())
}

pub fn parse(data: &[u8]) -> Option<Message<'_>> {
    let mut r = Reader::new(data);
    let (xid, kind) = (r.be32()?, r.be32()?);
    match kind {
        0 => {
            let (rpc, program, version, procedure) = (r.be32()?, r.be32()?, r.be32()?, r.be32()?);
            if rpc != 2 || version == 0 || version > 8 || procedure > 64 {
                return None;
            }
            let flavor = r.be32()?;
            let body = opaque(&mut r, MAX_AUTH)?;
            let unix = (flavor == 1).then(|| unix(body)).flatten();
            let verifier = r.be32()?;
            opaque(&mut r, MAX_AUTH)?;
            let known = |f: u32| f <= 7 || (300_000..600_000).contains(&f);
            (known(flavor) && known(verifier)).then_some(Message::Call(Call { xid, program, version, procedure, unix, arguments: r }))
        }
        1 => {
            let error = match r.be32()? {
                0 => {
                    r.skip(4)?;
                    opaque(&mut r, MAX_AUTH)?;
                    match r.be32()? {
                        0 => None,
                        1 => Some("program unavailable"),
                        2 => Some("program version mismatch"),
                        3 => Some("procedure unavailable"),
                        4 => Some("garbage arguments"),
                        5 => Some("system error"),
                        _ => return None,
                    }
                }
                1 => match r.be32()? {
                    0 => Some("RPC version mismatch"),
                    1 => Some("authentication error"),
                    _ => return None,
                },
                _ => return None,
            };
            Some(Message::Reply(Reply { xid, error, results: r }))
        }
        _ => None,
    }
}

fn unix(body: &[u8]) -> Option<Unix> {
    let mut r = Reader::new(body);
    r.skip(4)?;
    let machine = name(&mut r)?;
    Some(Unix { machine, uid: r.be32()? })
}

/// A program that this probe reads.
pub fn known(program: u32) -> bool {
    matches!(program, PORTMAP | NFS | MOUNT | NLM | STATUS | ACL)
}
