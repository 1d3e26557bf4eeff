//! PostgreSQL's protocol 3: who logs in and how, what statements change, what the server says it is.
//!
//! Messages have a type and a length; only the first of the client has no type. Statements are
//! answered in order: a completion or an error each. A session that turns to TLS goes on as that.

mod message;
#[cfg(test)]
mod tests;

use crate::bytes::{Reader, hex, text};
use crate::cx::Cx;
use crate::model::*;
use crate::pending::Pending;
use crate::probe::*;
use crate::protocols::scram::Scram;
use crate::protocols::sql;
use message::{Head, Startup};

pub static SPEC: Spec = Spec {
    name: "postgresql",
    title: "PostgreSQL",
    industrial: false,
    transports: &[Transport::Tcp],
    ports: &[5432, 6432],
    ethertypes: &[],
    rank: 73,
    identify: message::identify,
    open: || Box::<Postgres>::default(),
    pdus: false,
    facts: &["os", "client", "timezone"],
    credentials: &["password", "hash", "user"],
    operations: &["query", "insert", "update", "delete", "drop_table", "create_table", "grant", "copy_program", "cancel"],
    source: "PostgreSQL manual, Frontend/Backend Protocol; RFC 5802; hashcat mode 11100",
    level: 5,
    proofs: &["credslayer", "zeek/postgresql", "suricata-verify/pgsql"],
};

/// Statements open and prepared, portals bound: kept of a session.
const MAX_OPEN: usize = 64;
const MAX_PREPARED: usize = 32;
/// Octets of a message that are held until it is whole.
const MAX_HELD: usize = 8192;

#[derive(Default, PartialEq, Clone, Copy, Debug)]
enum Ask {
    #[default]
    Nothing,
    Clear,
    Md5([u8; 4]),
    Sasl,
    Other,
}

/// An answer to the server's demand, whose outcome is yet to come.
struct Open {
    kind: CredKind,
    secret: Option<String>,
    mode: Option<u32>,
    sent: Stamp,
}

struct Statement {
    what: Option<sql::Statement>,
    asked: Stamp,
}

#[derive(Default)]
struct Postgres {
    user: String,
    database: String,
    /// Where the first message stood.
    began: Option<Stamp>,
    /// The first message came, so that the client's are typed from here on.
    started: bool,
    /// A request to encrypt waits for its one-octet answer.
    encrypt: bool,
    ask: Ask,
    scram: Option<Box<Scram>>,
    open: Option<Open>,
    /// The server said that the client is who it is: a role that is not there is refused after that.
    ok: bool,
    /// The demand the server made, and any answer, had an outcome.
    settled: bool,
    demands: u32,
    statements: Pending<(), Statement, MAX_OPEN>,
    prepared: Vec<(String, Option<sql::Statement>)>,
    bound: String,
    lost: [bool; 2],
}

impl Probe for Postgres {
    fn stream(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Step {
        match cx.from() {
            Side::Client => self.of_client(cx, data),
            Side::Server => self.of_server(cx, data),
        }
    }

    fn gap(&mut self, cx: &mut Cx<'_>, from: Side, _missing: u64) {
        self.lost[usize::from(from == Side::Server)] = true;
        self.started = true;
        self.prepared.clear();
        if from == Side::Server {
            let open: Vec<Statement> = self.statements.drain().map(|(_, s)| s).collect();
            for s in open {
                report(cx, &s, Outcome::Unknown, None);
            }
        }
    }

    fn end(&mut self, cx: &mut Cx<'_>) {
        self.let_in(cx);
        self.settle(cx, LoginOutcome::Unknown);
        let open: Vec<Statement> = self.statements.drain().map(|(_, s)| s).collect();
        for s in open {
            report(cx, &s, Outcome::Unknown, None);
        }
    }
}

impl Postgres {
    fn of_client(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Step {
        if !self.started {
            let Some(size) = message::startup_size(data) else { return Step::Need };
            let whole = match size {
                Some(size) => size,
                // no startup message: perhaps the middle of a session
                None if message::is_client(data) => {
                    self.started = true;
                    return self.of_client(cx, data);
                }
                None => return Step::Bad,
            };
            let Some(body) = data.get(..whole) else { return Step::Need };
            match Startup::parse(body) {
                Some(Startup::Encrypt) => self.encrypt = true,
                Some(Startup::Cancel) => cx.op(Op::new(Action::Stop, "cancel")),
                Some(Startup::Session(parameters)) => {
                    self.started = true;
                    self.began = Some(cx.at());
                    self.encrypt = false;
                    for (name, value) in parameters {
                        match name.as_str() {
                            "user" => self.user = value,
                            "database" => self.database = value,
                            "application_name" => cx.fact(Side::Client, "client", &value, "application_name"),
                            _ => {}
                        }
                    }
                }
                None => return Step::Bad,
            }
            return Step::Used(whole);
        }
        // the hello of TLS: the server's consent was lost
        if data.starts_with(&[0x16, 3]) {
            return Step::Become { name: "tls", used: 0 };
        }
        if std::mem::take(&mut self.lost[0]) && !message::is_client(data) {
            self.lost[0] = true;
            return Step::Used(data.len());
        }
        self.take(cx, data, message::CLIENT, Self::client)
    }

    fn of_server(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Step {
        if self.encrypt {
            match data.first() {
                Some(b'S') => return Step::Become { name: "tls", used: 1 },
                Some(b'N') => {
                    self.encrypt = false;
                    return Step::Used(1);
                }
                Some(b'G') => return Step::Done,
                _ => self.encrypt = false,
            }
        }
        if std::mem::take(&mut self.lost[1]) && !message::is_server(data) {
            self.lost[1] = true;
            return Step::Used(data.len());
        }
        self.take(cx, data, message::SERVER, Self::server)
    }

    /// Takes one typed message, long ones by their begin.
    fn take(
        &mut self,
        cx: &mut Cx<'_>,
        data: &[u8],
        kinds: &[u8],
        then: fn(&mut Self, &mut Cx<'_>, u8, &[u8]),
    ) -> Step {
        let head = match Head::read(data, kinds) {
            Ok(Some(head)) => head,
            Ok(None) => return Step::Need,
            Err(Malformed) => return Step::Bad,
        };
        let whole = head.size + 1;
        match data.get(5..whole) {
            Some(body) => {
                then(self, cx, head.kind, body);
                Step::Used(whole)
            }
            None if whole <= MAX_HELD => Step::Need,
            None if data.len() < MAX_HELD.min(sql::MAX_STATEMENT) => Step::Need,
            None => {
                then(self, cx, head.kind, data.get(5..).unwrap_or_default());
                Step::Skip((whole - data.len()) as u64)
            }
        }
    }

    fn client(&mut self, cx: &mut Cx<'_>, kind: u8, body: &[u8]) {
        match kind {
            b'p' => self.password(cx, body),
            b'Q' => self.push(cx, sql::statement(body.strip_suffix(&[0]).unwrap_or(body))),
            b'P' => {
                let mut r = body.splitn(3, |b| *b == 0);
                let name = r.next().map(text).unwrap_or_default();
                let statement = r.next().and_then(sql::statement);
                self.prepared.retain(|(n, _)| *n != name);
                if self.prepared.len() >= MAX_PREPARED {
                    self.prepared.remove(0);
                }
                self.prepared.push((name, statement));
            }
            b'B' => self.bound = body.splitn(3, |b| *b == 0).nth(1).map(text).unwrap_or_default(),
            b'E' => {
                let found = self.prepared.iter().find(|(n, _)| *n == self.bound);
                let statement = found.and_then(|(_, s)| s.clone());
                self.push(cx, statement);
            }
            _ => {}
        }
    }

    /// Nothing speaks against the log-in that was accepted.
    fn let_in(&mut self, cx: &mut Cx<'_>) {
        if std::mem::take(&mut self.ok) {
            self.settle(cx, LoginOutcome::Success);
        }
    }

    fn push(&mut self, cx: &mut Cx<'_>, what: Option<sql::Statement>) {
        if let Some((_, old)) = self.statements.push((), Statement { what, asked: cx.at() }) {
            report(cx, &old, Outcome::Unknown, None);
        }
    }

    fn password(&mut self, cx: &mut Cx<'_>, body: &[u8]) {
        let sent = cx.at();
        match self.ask {
            Ask::Clear => {
                let secret = Some(text(body));
                self.open = Some(Open { kind: CredKind::Password, secret, mode: None, sent });
            }
            Ask::Md5(salt) => {
                let answer = text(body);
                let digits = answer.strip_prefix("md5").filter(|d| d.len() == 32 && d.bytes().all(|b| b.is_ascii_hexdigit()));
                let Some(digits) = digits else { return cx.malformed() };
                // the name is part of what was hashed
                if self.user.is_empty() {
                    return;
                }
                let line = format!("$postgres${}*{}*{digits}", self.user, hex(&salt));
                // a client that asks again sends it to the same demand: each is one of its own
                self.settle(cx, LoginOutcome::Unknown);
                self.open = Some(Open { kind: CredKind::Hash, secret: Some(line), mode: Some(11100), sent });
            }
            Ask::Sasl => self.sasl(cx, body),
            Ask::Nothing if body.ends_with(&[0]) && !self.settled => {
                // the demand was not seen: a digest without its salt says no more than who it was
                let secret = text(body);
                let digest = secret.starts_with("md5") && secret.len() == 35;
                let clear = !digest && !secret.contains("SCRAM");
                if clear && !secret.is_empty() && !body.contains(&b'=') {
                    self.open = Some(Open { kind: CredKind::Password, secret: Some(secret), mode: None, sent });
                }
            }
            Ask::Nothing | Ask::Other => {}
        }
    }

    fn sasl(&mut self, cx: &mut Cx<'_>, body: &[u8]) {
        if let Some(scram) = &mut self.scram {
            scram.last(body);
            self.open = scram.line().map(|line| Open { kind: CredKind::Hash, secret: Some(line), mode: None, sent: cx.at() });
            return;
        }
        let Some(end) = memchr::memchr(0, body) else { return };
        let mechanism = text(body);
        self.scram = Scram::first(&mechanism, body.get(end + 5..).unwrap_or_default()).map(Box::new);
    }

    fn server(&mut self, cx: &mut Cx<'_>, kind: u8, body: &[u8]) {
        if kind != b'E' {
            self.let_in(cx);
        }
        self.ok = false;
        match kind {
            b'R' => self.authentication(cx, body),
            b'S' => {
                let mut r = body.split(|b| *b == 0);
                let (name, value) = (r.next().map(text).unwrap_or_default(), r.next().map(text).unwrap_or_default());
                parameter(cx, &name, &value);
            }
            b'E' => {
                let (code, message) = message::error(body);
                self.settle(cx, LoginOutcome::Failure);
                if let Some((_, s)) = self.statements.take_if(|_, _| true) {
                    report(cx, &s, Outcome::Refused, Some((&code, &message)));
                }
            }
            b'C' | b'I' | b's' => {
                if let Some((_, s)) = self.statements.take_if(|_, _| true) {
                    report(cx, &s, Outcome::Accepted, None);
                }
            }
            // ready again: what is still open was passed over behind an error
            b'Z' => {
                let now = cx.at();
                while let Some((_, s)) = self.statements.take_if(|_, s| s.asked < now) {
                    report(cx, &s, Outcome::Unknown, None);
                }
            }
            _ => {}
        }
    }

    fn authentication(&mut self, cx: &mut Cx<'_>, body: &[u8]) {
        let mut r = Reader::new(body);
        let Some(code) = r.be32() else { return cx.malformed() };
        self.ask = match code {
            0 => {
                self.ok = true;
                return;
            }
            3 => Ask::Clear,
            5 => match r.take(4).and_then(|s| s.try_into().ok()) {
                Some(salt) => Ask::Md5(salt),
                None => return cx.malformed(),
            },
            10 => Ask::Sasl,
            11 => {
                if let Some(scram) = &mut self.scram {
                    scram.server(r.rest());
                }
                return;
            }
            12 => return,
            _ => Ask::Other,
        };
        let method = match code {
            3 => "password",
            5 => "md5",
            10 => "scram",
            2 => "kerberos",
            7 => "gss",
            9 => "sspi",
            _ => "other",
        };
        cx.service_info("authentication", method);
        self.demands += 1;
        self.settled = false;
    }

    fn settle(&mut self, cx: &mut Cx<'_>, outcome: LoginOutcome) {
        let first = !std::mem::replace(&mut self.settled, true);
        let (kind, secret, mode, sent) = match self.open.take() {
            Some(o) => (o.kind, o.secret, o.mode, Some(o.sent)),
            // let in, or turned away, by the name alone
            None if first && !self.user.is_empty() && outcome != LoginOutcome::Unknown && self.statements.is_empty() => {
                (CredKind::User, None, None, self.began)
            }
            None => return,
        };
        let mut c = Cred::new(kind).username(&self.user).outcome(outcome);
        c.sent = sent;
        if let Some(secret) = &secret {
            c = c.secret(secret);
            if kind == CredKind::Password {
                c = c.cleartext();
            }
            if let Some(mode) = mode {
                c = c.hashcat(mode, secret);
            }
        }
        if !self.database.is_empty() {
            c = c.detail("database", self.database.as_str());
        }
        cx.credential(c);
    }
}

/// ParameterStatus: what the server says of itself.
fn parameter(cx: &mut Cx<'_>, name: &str, value: &str) {
    match name {
        "server_version" => {
            cx.service_info("product", "PostgreSQL");
            let (version, rest) = value.split_once(' ').unwrap_or((value, ""));
            cx.service_info("version", version);
            for os in ["Debian", "Ubuntu"] {
                if rest.contains(os) {
                    cx.fact(Side::Server, "os", os, "server_version");
                }
            }
        }
        "TimeZone" if !value.is_empty() => cx.fact(Side::Server, "timezone", value, "TimeZone"),
        _ => {}
    }
}

fn report(cx: &mut Cx<'_>, s: &Statement, outcome: Outcome, error: Option<(&str, &str)>) {
    let Some(what) = &s.what else { return };
    // SQLSTATE is five letters or digits: its class is the number
    let error = error.map(|(code, text)| (code.get(..2).and_then(|c| c.parse().ok()).unwrap_or(0), text));
    sql::report(cx, what, s.asked, outcome, error);
}
