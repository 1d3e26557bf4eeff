//! MongoDB's wire protocol: commands by their document, log-ins, what builds say of themselves.
//!
//! A message is a header and a document whose first name is the command (OP_MSG, and OP_QUERY on
//! `$cmd` of old). Requests and replies are paired by number. Compressed messages are passed over.

mod bson;
mod commands;
#[cfg(test)]
mod tests;

use crate::bytes::Reader;
use crate::cx::Cx;
use crate::model::*;
use crate::pending::Pending;
use crate::probe::*;
use crate::protocols::scram::Scram;
use bson::Doc;

pub static SPEC: Spec = Spec {
    name: "mongodb",
    title: "MongoDB",
    industrial: false,
    transports: &[Transport::Tcp],
    ports: &[27017, 27018, 27019],
    ethertypes: &[],
    rank: 75,
    identify,
    open: || Box::<Mongo>::default(),
    pdus: false,
    facts: &["os", "client", "hostname", "replica_set"],
    credentials: &["hash", "password", "user"],
    operations: &["insert", "update", "delete", "drop", "drop_database", "create_user", "shutdown", "find", "list_databases"],
    source: "MongoDB Wire Protocol, Authentication specification; bsonspec.org; RFC 5802. hashcat's 24100 and 24200 want keys that do not cross the wire",
    level: 5,
    proofs: &[],
};

const HEAD: usize = 16;
const OP_REPLY: u32 = 1;
const OP_UPDATE: u32 = 2001;
const OP_INSERT: u32 = 2002;
const OP_QUERY: u32 = 2004;
const OP_GET_MORE: u32 = 2005;
const OP_DELETE: u32 = 2006;
const OP_KILL_CURSORS: u32 = 2007;
const OP_COMPRESSED: u32 = 2012;
const OP_MSG: u32 = 2013;
/// Longest message a server takes (maxMessageSizeBytes).
const MAX_MESSAGE: u32 = 48_000_000;
/// Octets of a message that are looked at.
const MAX_HELD: usize = 8192;
/// Requests that wait for their reply.
const MAX_OPEN: usize = 64;

#[derive(Clone, Copy)]
struct Head {
    size: usize,
    id: u32,
    to: u32,
    code: u32,
}

/// A header, if these bytes can be one.
fn head(data: &[u8]) -> Option<Head> {
    let mut r = Reader::new(data);
    let (size, id, to, code) = (r.le32()?, r.le32()?, r.le32()?, r.le32()?);
    let known = matches!(code, OP_REPLY | OP_UPDATE | OP_INSERT | OP_QUERY | OP_GET_MORE | OP_DELETE | OP_KILL_CURSORS | OP_COMPRESSED | OP_MSG);
    (known && (26..=MAX_MESSAGE).contains(&size)).then_some(Head { size: size as usize, id, to, code })
}

fn identify(hint: &Hint, data: &[u8]) -> Verdict {
    let &[.., high] = data.get(..data.len().min(4)).unwrap_or_default() else { return Verdict::No };
    if data.len() >= 4 && high > 2 {
        return Verdict::No;
    }
    if data.len() < HEAD {
        return if data.len() >= 4 && Reader::new(data).le32().is_none_or(|n| !(26..=MAX_MESSAGE).contains(&n)) {
            Verdict::No
        } else {
            Verdict::Need
        };
    }
    let Some(h) = head(data) else { return Verdict::No };
    let body = data.get(HEAD..h.size.min(data.len())).unwrap_or_default();
    let mut r = Reader::new(body);
    let role = if h.to == 0 { Role::Client } else { Role::Server };
    let good = match h.code {
        // flags with nothing reserved, a section of kind 0, a document no longer than its message
        OP_MSG => (|| Some(r.le32()? & !0x1_0003 == 0 && r.u8()? <= 1 && document_fits(&mut r, h.size)?))(),
        OP_QUERY => {
            let name = r.le32().and_then(|flags| (flags & !0xff == 0).then_some(())).and_then(|()| memchr::memchr(0, r.rest()));
            name.map(|n| r.rest().get(..n).is_some_and(|name| name.contains(&b'.') && name.iter().all(|b| (0x21..0x7f).contains(b))))
        }
        OP_REPLY => (|| {
            r.skip(16)?;
            let n = r.le32()?;
            Some(n < 100_000 && h.to != 0 && (n == 0 || document_fits(&mut r, h.size)?))
        })(),
        OP_COMPRESSED if hint.port(27017) => return Verdict::Weak(role),
        _ if hint.port(27017) => return Verdict::Weak(role),
        _ => Some(false),
    };
    match good {
        Some(true) => Verdict::Strong(role),
        Some(false) => Verdict::No,
        None if data.len() < h.size.min(512) => Verdict::Need,
        None => Verdict::No,
    }
}

fn document_fits(r: &mut Reader<'_>, size: usize) -> Option<bool> {
    let n = r.le32()? as usize;
    Some(n >= 5 && n + HEAD <= size)
}

struct Request {
    name: String,
    target: String,
    asked: Stamp,
}

#[derive(Default)]
struct Mongo {
    open: Pending<u32, Request, MAX_OPEN>,
    login: Option<Box<commands::Login>>,
    nonce: Option<String>,
    scram: Option<Box<Scram>>,
    lost: [bool; 2],
}

impl Probe for Mongo {
    fn stream(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Step {
        let dir = usize::from(cx.from() == Side::Server);
        if data.len() < HEAD {
            return Step::Need;
        }
        let Some(h) = head(data) else {
            return if self.lost.get(dir) == Some(&true) { Step::Used(data.len()) } else { Step::Bad };
        };
        let body = match data.get(HEAD..h.size) {
            Some(body) => body,
            None if data.len() < MAX_HELD => return Step::Need,
            None => data.get(HEAD..).unwrap_or_default(),
        };
        if let Some(lost) = self.lost.get_mut(dir) {
            *lost = false;
        }
        if self.message(cx, h, body).is_none() {
            cx.malformed();
        }
        if h.size > data.len() { Step::Skip((h.size - data.len()) as u64) } else { Step::Used(h.size) }
    }

    fn gap(&mut self, _cx: &mut Cx<'_>, from: Side, _missing: u64) {
        if let Some(lost) = self.lost.get_mut(usize::from(from == Side::Server)) {
            *lost = true;
        }
    }

    fn end(&mut self, cx: &mut Cx<'_>) {
        let open: Vec<Request> = self.open.drain().map(|(_, r)| r).collect();
        for r in open {
            commands::report(cx, &r.name, &r.target, r.asked, Outcome::Unknown, None);
        }
        self.settle(cx, LoginOutcome::Unknown);
    }
}

impl Mongo {
    fn message(&mut self, cx: &mut Cx<'_>, h: Head, body: &[u8]) -> Option<()> {
        let mut r = Reader::new(body);
        match h.code {
            OP_MSG => {
                r.skip(4)?;
                // the body is the section of kind 0, which drivers send first
                if r.u8()? != 0 {
                    return Some(());
                }
                let doc = Doc::read(r.rest())?;
                if h.to == 0 { self.request(cx, h.id, doc, None) } else { self.reply(cx, h.to, doc) }
            }
            OP_QUERY => {
                r.skip(4)?;
                let n = memchr::memchr(0, r.rest())?;
                let name = std::str::from_utf8(r.take(n)?).ok()?;
                r.skip(9)?;
                let doc = Doc::read(r.rest())?;
                let (db, collection) = name.split_once('.')?;
                if collection == "$cmd" {
                    self.request(cx, h.id, doc.doc("$query").or(doc.doc("query")).unwrap_or(doc), Some(db))
                } else {
                    self.push(cx, h.id, "find", name)
                }
            }
            OP_REPLY => {
                r.skip(16)?;
                if r.le32()? == 0 {
                    return Some(());
                }
                let doc = Doc::read(r.rest())?;
                self.reply(cx, h.to, doc)
            }
            OP_UPDATE | OP_INSERT | OP_DELETE => {
                // no reply: whether it was done is not told
                r.skip(4)?;
                let n = memchr::memchr(0, r.rest())?;
                let name = std::str::from_utf8(r.take(n)?).ok()?;
                let verb = match h.code {
                    OP_UPDATE => "update",
                    OP_INSERT => "insert",
                    _ => "delete",
                };
                commands::report(cx, verb, name, cx.at(), Outcome::Unknown, None);
                Some(())
            }
            _ => Some(()),
        }
    }

    fn push(&mut self, cx: &mut Cx<'_>, id: u32, name: &str, target: &str) -> Option<()> {
        let request = Request { name: name.to_owned(), target: target.to_owned(), asked: cx.at() };
        if let Some((_, old)) = self.open.push(id, request) {
            commands::report(cx, &old.name, &old.target, old.asked, Outcome::Unknown, None);
        }
        Some(())
    }

    fn request(&mut self, cx: &mut Cx<'_>, id: u32, doc: Doc<'_>, db: Option<&str>) -> Option<()> {
        let (name, value) = doc.iter().next()?;
        let name: String = name.chars().filter(char::is_ascii_alphanumeric).take(40).collect();
        let db = doc.text("$db").or(db).unwrap_or_default();
        let target = match value {
            bson::Value::Text(collection) => format!("{db}.{}", collection.get(..collection.len().min(128)).unwrap_or_default()),
            _ => db.to_owned(),
        };
        if let Some(client) = doc.doc("client") {
            commands::client(cx, client);
        }
        self.authenticate(cx, &name, doc, db);
        commands::passwords(cx, &name, doc);
        self.push(cx, id, &name, &target)
    }

    fn reply(&mut self, cx: &mut Cx<'_>, to: u32, doc: Doc<'_>) -> Option<()> {
        let request = self.open.take(&to)?;
        let good = doc.number("ok").is_none_or(|n| n != 0.0);
        let (outcome, error) = if good {
            (Outcome::Accepted, None)
        } else {
            let code = doc.number("code").unwrap_or(0.0) as i64;
            (Outcome::Refused, Some((code, doc.text("codeName").or(doc.text("errmsg")).unwrap_or("error"))))
        };
        commands::report(cx, &request.name, &request.target, request.asked, outcome, error);
        self.answered(cx, &request.name, doc, good);
        commands::learn(cx, &request.name, doc);
        Some(())
    }
}
