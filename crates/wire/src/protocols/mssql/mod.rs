//! Microsoft SQL Server: TDS (MS-TDS) and the resolution of instances (MC-SQLR).
//!
//! Without encryption the log-in carries its password readably, only with its bits turned. With the
//! usual setting the log-in alone is encrypted: TLS runs inside, and statements follow in the clear.

mod login;
mod tokens;
#[cfg(test)]
mod tests;

use crate::bytes::Reader;
use crate::cx::Cx;
use crate::model::*;
use crate::probe::*;
use crate::protocols::{ntlm, sql};
use login::{Login, Prelogin, utf16};
use tokens::Token;

pub static SPEC: Spec = Spec {
    name: "mssql",
    title: "Microsoft SQL Server",
    industrial: false,
    transports: &[Transport::Tcp, Transport::Udp],
    ports: &[1433, 1434],
    ethertypes: &[],
    rank: 76,
    identify,
    open: || Box::<Mssql>::default(),
    pdus: false,
    facts: &["hostname", "client", "sql_instance", "os"],
    credentials: &["password", "hash", "user"],
    operations: &["query", "insert", "update", "delete", "drop_table", "create_login", "xp_cmdshell", "execute", "resolve_instances"],
    source: "MS-TDS 2.2; MC-SQLR 2.2; MS-NLMP",
    level: 5,
    proofs: &["ndpi/pcap/mssql_tds.pcap", "arkime/tds7.pcap"],
};

const HEAD: usize = 8;
const BATCH: u8 = 1;
const RPC: u8 = 3;
const ANSWER: u8 = 4;
const BULK: u8 = 7;
const LOGIN7: u8 = 0x10;
const SSPI: u8 = 0x11;
const PRELOGIN: u8 = 0x12;
/// Longest packet a session can agree on (MS-TDS 2.2.3.1).
const MAX_PACKET: usize = 32_767;
/// A log-in and its token, put together from packets.
const MAX_LOGIN: usize = 16 * 1024;

struct Packet<'a> {
    kind: u8,
    last: bool,
    body: &'a [u8],
    size: usize,
}

/// A packet's size, if its head is one.
fn size(data: &[u8]) -> Option<usize> {
    let [kind, status, a, b, _, _, _, 0, ..] = *data else { return None };
    let size = usize::from(u16::from_be_bytes([a, b]));
    let known = matches!(kind, 1..=4 | 6 | 7 | 8 | 14 | LOGIN7 | SSPI | PRELOGIN);
    (known && status & !0x1b == 0 && (HEAD..=MAX_PACKET).contains(&size)).then_some(size)
}

fn identify(hint: &Hint, data: &[u8]) -> Verdict {
    if hint.transport == Transport::Udp {
        return resolution(hint, data);
    }
    let [kind @ (BATCH | ANSWER | LOGIN7 | PRELOGIN), ..] = *data else { return Verdict::No };
    if data.get(1).is_some_and(|s| *s > 1) {
        return Verdict::No;
    }
    if data.len() < HEAD + 1 {
        return if data.get(7).is_none_or(|b| *b == 0) { Verdict::Need } else { Verdict::No };
    }
    let Some(size) = size(data) else { return Verdict::No };
    // the version is the first option
    if kind == PRELOGIN && data.get(HEAD) != Some(&0) {
        return Verdict::No;
    }
    let Some(body) = data.get(HEAD..size) else {
        return if data.len() < 600.min(size) && kind != BATCH { Verdict::Need } else { Verdict::No };
    };
    match kind {
        PRELOGIN if Prelogin::parse(body).is_some_and(|p| p.version.is_some()) => Verdict::Strong(Role::Client),
        ANSWER if size == data.len() && body.first() == Some(&0) => match Prelogin::parse(body) {
            Some(p) if p.version.is_some() => Verdict::Strong(Role::Server),
            _ => Verdict::No,
        },
        ANSWER if hint.src_port == 1433 && matches!(body.first(), Some(0x81 | 0xaa | 0xab | 0xad | 0xe3 | 0xfd..=0xff)) => {
            Verdict::Weak(Role::Server)
        }
        LOGIN7 if Login::parse(body).is_some() => Verdict::Strong(Role::Client),
        BATCH if hint.dst_port == 1433 => Verdict::Weak(Role::Client),
        _ => Verdict::No,
    }
}

/// MC-SQLR: one octet asks, the answer is a list of names and values.
fn resolution(hint: &Hint, data: &[u8]) -> Verdict {
    match data {
        [5, a, b, text @ ..] if usize::from(u16::from_le_bytes([*a, *b])) == text.len() && text.starts_with(b"ServerName;") => {
            Verdict::Strong(Role::Server)
        }
        [2 | 3] if hint.dst_port == 1434 => Verdict::Weak(Role::Client),
        [4, name @ .., 0] if hint.dst_port == 1434 && !name.is_empty() && name.iter().all(|b| (0x21..0x7f).contains(b)) => {
            Verdict::Weak(Role::Client)
        }
        _ => Verdict::No,
    }
}

struct Open {
    login: Login,
    sent: Stamp,
    ntlm: Option<Box<ntlm::Login>>,
}

struct Statement {
    what: sql::Statement,
    asked: Stamp,
}

#[derive(Default)]
struct Mssql {
    held: Vec<u8>,
    /// The packet begun is not the first of its message.
    more: [bool; 2],
    prelogin: bool,
    open: Option<Box<Open>>,
    ntlm: ntlm::Session,
    /// NTLM's own messages come in packets of type SSPI.
    statement: Option<Statement>,
    asked: Option<Stamp>,
    lost: [bool; 2],
}

impl Probe for Mssql {
    fn stream(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Step {
        let dir = usize::from(cx.from() == Side::Server);
        // the encrypted log-in: records of TLS without a packet around them
        if let [0x14..=0x17, 3, 0..=4, ..] = data {
            let [_, _, _, a, b, ..] = *data else { return Step::Need };
            let whole = 5 + usize::from(u16::from_be_bytes([a, b]));
            return if whole > data.len() { Step::Skip((whole - data.len()) as u64) } else { Step::Used(whole) };
        }
        if data.len() < HEAD {
            return Step::Need;
        }
        let Some(size) = size(data) else {
            return if self.lost.get(dir) == Some(&true) { Step::Used(data.len()) } else { Step::Bad };
        };
        if let Some(lost) = self.lost.get_mut(dir) {
            *lost = false;
        }
        let Some(body) = data.get(HEAD..size) else { return Step::Need };
        let [kind, status, ..] = *data else { return Step::Need };
        let packet = Packet { kind, last: status & 1 == 1, body, size };
        let first = self.more.get_mut(dir).is_some_and(|more| !std::mem::replace(more, !packet.last));
        match cx.from() {
            Side::Client => self.client(cx, &packet, first),
            Side::Server => self.server(cx, &packet, first),
        }
        Step::Used(packet.size)
    }

    fn datagram(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Result<(), Malformed> {
        match data {
            [2..=4, ..] if cx.from() == Side::Client => self.asked = Some(cx.at()),
            [5, _, _, text @ ..] => {
                cx.sender_is(Side::Server);
                let op = Op::new(Action::Discover, "resolve_instances").outcome(Outcome::Accepted);
                cx.op(match self.asked.take() {
                    Some(asked) => op.asked(asked),
                    None => op,
                });
                instances(cx, &String::from_utf8_lossy(text));
            }
            _ => return Err(Malformed),
        }
        Ok(())
    }

    fn gap(&mut self, _cx: &mut Cx<'_>, from: Side, _missing: u64) {
        let dir = usize::from(from == Side::Server);
        for flags in [&mut self.lost, &mut self.more] {
            if let Some(flag) = flags.get_mut(dir) {
                *flag = true;
            }
        }
        if from == Side::Client {
            self.held = Vec::new();
        } else {
            self.ntlm.gap();
        }
    }

    fn end(&mut self, cx: &mut Cx<'_>) {
        self.settle(cx, LoginOutcome::Unknown);
        self.done(cx, Outcome::Unknown, None);
        if self.asked.take().is_some() {
            cx.op(Op::new(Action::Discover, "resolve_instances").outcome(Outcome::NoAnswer));
        }
    }
}

impl Mssql {
    fn client(&mut self, cx: &mut Cx<'_>, p: &Packet<'_>, first: bool) {
        match p.kind {
            PRELOGIN if first && Prelogin::parse(p.body).is_some() => self.prelogin = true,
            LOGIN7 | SSPI => {
                if first {
                    self.held.clear();
                }
                if self.held.len() + p.body.len() > MAX_LOGIN {
                    return cx.dropped("mssql_login");
                }
                self.held.extend_from_slice(p.body);
                if p.last {
                    let whole = std::mem::take(&mut self.held);
                    if p.kind == LOGIN7 { self.login(cx, &whole) } else { self.token(cx, &whole) }
                }
            }
            BATCH if first => {
                let text = utf16(headerless(p.body));
                self.ask(cx, sql::statement(text.as_bytes()));
            }
            RPC if first => self.ask(cx, procedure(headerless(p.body))),
            BULK if first => {
                let what = sql::Statement { action: Action::Write, name: "bulk_load".to_owned(), target: None, password: None };
                self.ask(cx, Some(what));
            }
            _ => {}
        }
    }

    fn ask(&mut self, cx: &mut Cx<'_>, what: Option<sql::Statement>) {
        self.done(cx, Outcome::Unknown, None);
        self.statement = what.map(|what| Statement { what, asked: cx.at() });
    }

    fn login(&mut self, cx: &mut Cx<'_>, body: &[u8]) {
        let Some(login) = Login::parse(body) else { return cx.malformed() };
        if !login.host.is_empty() {
            cx.fact(Side::Client, "hostname", &login.host, "LOGIN7.HostName");
        }
        let client = if login.application.is_empty() { &login.library } else { &login.application };
        if !client.is_empty() {
            cx.fact(Side::Client, "client", client, "LOGIN7.AppName");
        }
        let mut ntlm = None;
        if let Some(ntlm::Token::Authenticate(found)) = self.ntlm.token(cx, Side::Client, &login.sspi) {
            ntlm = found;
        }
        if !login.change.is_empty() {
            let c = Cred::new(CredKind::Password).username(&login.user).secret(&login.change).cleartext();
            cx.credential(c.detail("where", "password change"));
        }
        self.settle(cx, LoginOutcome::Unknown);
        self.open = Some(Box::new(Open { login, sent: cx.at(), ntlm }));
    }

    fn token(&mut self, cx: &mut Cx<'_>, blob: &[u8]) {
        if let Some(ntlm::Token::Authenticate(found)) = self.ntlm.token(cx, Side::Client, blob)
            && let Some(open) = &mut self.open
        {
            open.ntlm = found;
        }
    }

    fn server(&mut self, cx: &mut Cx<'_>, p: &Packet<'_>, first: bool) {
        if p.kind != ANSWER || !first {
            return;
        }
        if std::mem::take(&mut self.prelogin)
            && let Some(found) = Prelogin::parse(p.body)
        {
            return prelogin(cx, &found);
        }
        let found = tokens::read(p.body);
        let mut failed = false;
        for token in found {
            match token {
                Token::Error(code, text, server) => {
                    named(cx, &server);
                    self.settle(cx, LoginOutcome::Failure);
                    self.done(cx, Outcome::Refused, Some((code, &text)));
                }
                Token::LoginAck(name, (major, minor, build)) => {
                    cx.service_info("product", if name.is_empty() { "SQL Server" } else { name.as_str() });
                    cx.service_info("version", format!("{major}.{minor}.{build}"));
                    self.settle(cx, LoginOutcome::Success);
                }
                Token::Sspi(blob) => {
                    self.ntlm.token(cx, Side::Server, &blob);
                    return;
                }
                Token::Info(server) => named(cx, &server),
                Token::Done(bad) => failed |= bad,
            }
        }
        self.done(cx, if failed { Outcome::Refused } else { Outcome::Accepted }, None);
    }

    fn settle(&mut self, cx: &mut Cx<'_>, outcome: LoginOutcome) {
        let Some(open) = self.open.take() else { return };
        let l = &open.login;
        if let Some(login) = &open.ntlm {
            return login.report(cx, outcome);
        }
        if l.user.is_empty() {
            return;
        }
        let mut c = Cred::new(if l.password.is_empty() { CredKind::User } else { CredKind::Password });
        c = c.username(&l.user).outcome(outcome).sent(open.sent);
        if !l.password.is_empty() {
            c = c.secret(&l.password).cleartext();
        }
        if !l.database.is_empty() {
            c = c.detail("database", l.database.as_str());
        }
        cx.credential(c);
    }

    fn done(&mut self, cx: &mut Cx<'_>, outcome: Outcome, error: Option<(i64, &str)>) {
        if let Some(s) = self.statement.take() {
            sql::report(cx, &s.what, s.asked, outcome, error);
        }
    }
}

fn named(cx: &mut Cx<'_>, server: &str) {
    // an instance stands behind the machine's name
    let host = server.split('\\').next().unwrap_or(server);
    if !host.is_empty() && !host.contains(' ') {
        cx.fact(Side::Server, "hostname", host, "ServerName");
    }
}

fn prelogin(cx: &mut Cx<'_>, found: &Prelogin) {
    if let Some((major, minor, build)) = found.version {
        cx.service_info("product", login::product(major, minor));
        cx.service_info("version", format!("{major}.{minor}.{build}"));
    }
    let encryption = match found.encryption {
        Some(0) => "login only",
        Some(1) => "on",
        Some(2) => "not supported",
        Some(3) => "required",
        _ => return,
    };
    cx.service_info("encryption", encryption);
}

/// The body behind its headers, which versions from 7.2 on have (MS-TDS 2.2.5.3).
fn headerless(body: &[u8]) -> &[u8] {
    let mut r = Reader::new(body);
    let (Some(total), Some(first)) = (r.le32(), r.le32()) else { return body };
    let (total, first) = (total as usize, first as usize);
    let has = (10..=512).contains(&total) && total <= body.len() && (6..total).contains(&first);
    if has { body.get(total..).unwrap_or_default() } else { body }
}

/// What a remote procedure call does: by its name, or the statement that it carries.
fn procedure(body: &[u8]) -> Option<sql::Statement> {
    let mut r = Reader::new(body);
    let n = r.le16()?;
    if n == 0xffff {
        // 10 is sp_executesql: its first parameter is the statement
        if r.le16()? != 10 {
            return None;
        }
        r.skip(2)?;
        let n = usize::from(r.u8()?) * 2;
        r.skip(n + 1)?;
        if !matches!(r.u8()?, 0xe7 | 0xef) {
            return None;
        }
        r.skip(7)?;
        let n = usize::from(r.le16()?);
        return sql::statement(utf16(r.take(n.min(r.left()))?).as_bytes());
    }
    let name = utf16(r.take(usize::from(n.min(256)) * 2)?);
    let (action, verb) = if name.ends_with("xp_cmdshell") { (Action::Start, "xp_cmdshell") } else { (Action::Other, "execute") };
    Some(sql::Statement { action, name: verb.to_owned(), target: Some(name), password: None })
}

/// `ServerName;X;InstanceName;Y;IsClustered;No;Version;9.00;tcp;1433;;` and so on.
fn instances(cx: &mut Cx<'_>, text: &str) {
    for one in text.split(";;").take(16) {
        let mut parts = one.split(';');
        while let (Some(name), Some(value)) = (parts.next(), parts.next()) {
            match name {
                "ServerName" if !value.is_empty() => cx.fact(Side::Server, "hostname", value, "ServerName"),
                "InstanceName" if !value.is_empty() => cx.fact(Side::Server, "sql_instance", value, "InstanceName"),
                "Version" => cx.service_info("version", value),
                _ => {}
            }
        }
    }
}
