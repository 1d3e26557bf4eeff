//! MySQL and MariaDB: who logs in, what statements change, what the server is.
//!
//! The log-in is a challenge-response of its plug-in; commands follow, one at a time, each answered
//! by a packet numbered 1. Where TLS begins the flow goes on as that; compressed sessions are left.

mod packet;
#[cfg(test)]
mod tests;

use crate::bytes::hex;
use crate::cx::Cx;
use crate::model::*;
use crate::probe::*;
use crate::protocols::sql;
use packet::{Greeting, HEAD, Login, cap};

pub static SPEC: Spec = Spec {
    name: "mysql",
    title: "MySQL",
    industrial: false,
    transports: &[Transport::Tcp],
    ports: &[3306, 33060],
    ethertypes: &[],
    rank: 72,
    identify,
    open: || Box::<Mysql>::default(),
    pdus: false,
    facts: &["banner", "os", "client"],
    credentials: &["hash", "password", "user"],
    operations: &[
        "query", "insert", "update", "delete", "drop_table", "create_user", "grant", "create_database",
        "drop_database", "shutdown", "kill_process", "binlog_dump",
    ],
    source: "MySQL Client/Server Protocol (Connection Phase, Command Phase); MariaDB; hashcat mode 11200",
    level: 5,
    proofs: &["credslayer", "zeek/mysql", "ndpi/pcap/mysql.pcapng", "arkime/mysql-allow.pcap"],
};

/// Octets of a packet that are held until it is whole; longer ones are read by their begin.
const MAX_HELD: usize = 16 * 1024;
/// Statements that wait for their answer: the protocol has one at a time.
const NEVER: u8 = 0x20;

fn identify(hint: &Hint, data: &[u8]) -> Verdict {
    let [len, high, 0, seq, kind, rest @ ..] = data else {
        let fits = data.get(2).is_none_or(|b| *b == 0) && data.get(3).is_none_or(|b| *b <= 1);
        return if fits && !data.is_empty() { Verdict::Need } else { Verdict::No };
    };
    let size = usize::from(*len) | usize::from(*high) << 8;
    match (seq, kind) {
        (0, 10) if (40..=300).contains(&size) => {
            let end = memchr::memchr(0, rest);
            if !packet::is_version(rest.get(..end.unwrap_or(rest.len())).unwrap_or_default()) {
                let short = rest.len() < 3 && rest.iter().all(|b| b.is_ascii_digit() || *b == b'.');
                return if short { Verdict::Need } else { Verdict::No };
            }
            match data.get(HEAD..HEAD + size) {
                Some(body) if Greeting::parse(body).is_none() => Verdict::No,
                Some(_) if data.len() > HEAD + size => Verdict::No,
                _ if rest.len() < 5 => Verdict::Need,
                _ => Verdict::Strong(Role::Server),
            }
        }
        // a refusal before any greeting: host is blocked, host is not allowed, too many connections
        (0, 0xff) if size + HEAD == data.len() && hint.src_port == 3306 => match rest {
            [code @ (0x10 | 0x69 | 0x6a), 4, ..] if *code != 0 => Verdict::Strong(Role::Server),
            _ => Verdict::No,
        },
        (1, _) if size >= 32 && (hint.dst_port == 3306) => match data.get(HEAD..HEAD + size) {
            Some(body) => Login::parse(body).map_or(Verdict::No, |_| Verdict::Weak(Role::Client)),
            None if data.len() < 512 => Verdict::Need,
            None => Verdict::No,
        },
        _ => Verdict::No,
    }
}

#[derive(Default, PartialEq, Clone, Copy)]
enum Phase {
    #[default]
    Start,
    /// The client has answered the greeting, or wants to be another user.
    Login,
    Commands,
}

/// A log-in that waits for its outcome.
struct Open {
    login: Login,
    plugin: String,
    salt: Vec<u8>,
    sent: Stamp,
    /// Password that was sent readable.
    clear: Option<String>,
    /// The server asked for the answer of another plug-in.
    switched: bool,
}

struct Command {
    asked: Stamp,
    what: What,
}

enum What {
    Sql(Option<sql::Statement>),
    Named(Action, &'static str, Option<String>),
    Silent,
}

#[derive(Default)]
struct Mysql {
    phase: Phase,
    salt: Vec<u8>,
    capabilities: u32,
    default_plugin: String,
    open: Option<Box<Open>>,
    command: Option<Command>,
    /// Bytes were lost: what follows may begin inside a packet.
    lost: [bool; 2],
}

impl Probe for Mysql {
    fn stream(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Step {
        let from = cx.from();
        let dir = usize::from(from == Side::Server);
        let Some((size, seq)) = packet::head(data) else { return Step::Need };
        if self.lost[dir] {
            let begins = match from {
                Side::Client => seq == 0 && size > 0 && data.get(HEAD).is_none_or(|c| *c <= NEVER),
                Side::Server => seq == 1 && self.command.is_some(),
            };
            if !begins {
                return Step::Used(data.len());
            }
            self.lost[dir] = false;
        }
        let whole = HEAD + size;
        let body = match data.get(HEAD..whole) {
            Some(body) => body,
            None if size <= MAX_HELD || data.len() < HEAD + sql::MAX_STATEMENT => return Step::Need,
            None => data.get(HEAD..).unwrap_or_default(),
        };
        let step = match from {
            Side::Client => self.client(cx, seq, body),
            Side::Server => self.server(cx, seq, body),
        };
        match step {
            Step::Used(_) if whole > data.len() => Step::Skip((whole - data.len()) as u64),
            Step::Used(_) => Step::Used(whole),
            Step::Become { name, .. } => Step::Become { name, used: whole },
            other => other,
        }
    }

    fn gap(&mut self, cx: &mut Cx<'_>, from: Side, _missing: u64) {
        self.lost[usize::from(from == Side::Server)] = true;
        if from == Side::Client && self.phase != Phase::Commands {
            self.phase = Phase::Commands;
            self.settle(cx, LoginOutcome::Unknown);
        }
    }

    fn end(&mut self, cx: &mut Cx<'_>) {
        self.settle(cx, LoginOutcome::Unknown);
        self.done(cx, Outcome::Unknown, None);
    }
}

const GO: Step = Step::Used(0);

impl Mysql {
    fn client(&mut self, cx: &mut Cx<'_>, seq: u8, body: &[u8]) -> Step {
        if seq == 0 && self.phase != Phase::Login {
            self.phase = Phase::Commands;
            return self.request(cx, body);
        }
        match self.phase {
            Phase::Start | Phase::Login if self.open.is_none() => {
                let Some(login) = Login::parse(body) else { return Step::Bad };
                if login.tls {
                    return Step::Become { name: "tls", used: 0 };
                }
                self.capabilities = login.capabilities;
                self.login(cx, login);
                self.phase = Phase::Login;
                GO
            }
            Phase::Login => {
                if let Some(open) = &mut self.open {
                    answer(open, body);
                }
                GO
            }
            _ => GO,
        }
    }

    fn login(&mut self, cx: &mut Cx<'_>, login: Login) {
        for (key, value) in &login.attributes {
            match key.as_str() {
                "program_name" => cx.fact(Side::Client, "client", value, "connect_attrs.program_name"),
                "_client_name" if !login.attributes.iter().any(|(k, _)| k == "program_name") => {
                    cx.fact(Side::Client, "client", value, "connect_attrs._client_name");
                }
                "_os" => cx.fact(Side::Client, "os", value, "connect_attrs._os"),
                _ => {}
            }
        }
        let plugin = if login.plugin.is_empty() { self.default_plugin.clone() } else { login.plugin.clone() };
        let clear = (plugin == "mysql_clear_password").then(|| crate::bytes::text(&login.answer));
        let salt = self.salt.clone();
        self.settle(cx, LoginOutcome::Unknown);
        self.open = Some(Box::new(Open { login, plugin, salt, sent: cx.at(), clear, switched: false }));
    }

    fn server(&mut self, cx: &mut Cx<'_>, seq: u8, body: &[u8]) -> Step {
        let kind = body.first().copied().unwrap_or(0);
        match self.phase {
            Phase::Start if seq == 0 => {
                if let Some((code, message)) = packet::error(body) {
                    let op = Op::new(Action::Authenticate, "connect").outcome(Outcome::Refused);
                    cx.op(op.exception(code, &message));
                    return Step::Done;
                }
                let Some(greeting) = Greeting::parse(body) else { return Step::Bad };
                cx.sender_is(Side::Server);
                self.greeting(cx, greeting);
                GO
            }
            Phase::Login => {
                match kind {
                    0 => {
                        self.settle(cx, LoginOutcome::Success);
                        self.phase = Phase::Commands;
                        if self.capabilities & (cap::COMPRESS | cap::ZSTD) != 0 {
                            return Step::Done;
                        }
                    }
                    0xff => {
                        self.settle(cx, LoginOutcome::Failure);
                        self.phase = Phase::Commands;
                    }
                    0xfe => self.switch(body),
                    _ => {}
                }
                GO
            }
            // the answer begins at 1: what follows are the rows of a result
            _ if seq == 1 => {
                match packet::error(body) {
                    Some((code, text)) => self.done(cx, Outcome::Refused, Some((code, text))),
                    None => self.done(cx, Outcome::Accepted, None),
                }
                GO
            }
            _ => GO,
        }
    }

    fn greeting(&mut self, cx: &mut Cx<'_>, g: Greeting) {
        cx.fact(Side::Server, "banner", &g.version, "server_version");
        let (product, version) = product(&g.version);
        cx.service_info("product", product);
        cx.service_info("version", version);
        for (word, os) in [("ubuntu", "Ubuntu"), ("debian", "Debian"), ("+deb", "Debian"), ("el7", "Linux"), ("azure", "Azure")] {
            if g.version.to_ascii_lowercase().contains(word) {
                cx.fact(Side::Server, "os", os, "server_version");
                break;
            }
        }
        if cx.wants_events() {
            let fields = vec![("mysql.version", Val::from(g.version.as_str()))];
            cx.event("greeting", "start", fields);
        }
        self.salt = g.salt;
        self.default_plugin =
            if g.plugin.is_empty() { "mysql_native_password".to_owned() } else { g.plugin };
    }

    /// AuthSwitchRequest: another plug-in, another salt. Alone, the first octet asks for the scramble of old.
    fn switch(&mut self, body: &[u8]) {
        let Some(open) = &mut self.open else { return };
        open.switched = true;
        open.login.answer.clear();
        let Some(rest) = body.get(1..).filter(|r| !r.is_empty()) else {
            open.plugin = "mysql_old_password".to_owned();
            return;
        };
        let end = memchr::memchr(0, rest).unwrap_or(rest.len());
        open.plugin = crate::bytes::text(rest);
        let salt = rest.get(end + 1..).unwrap_or_default();
        open.salt = salt.strip_suffix(&[0]).unwrap_or(salt).to_vec();
        open.salt.truncate(20);
    }

    /// The outcome of a log-in is known, or never will be.
    fn settle(&mut self, cx: &mut Cx<'_>, outcome: LoginOutcome) {
        let Some(open) = self.open.take() else { return };
        let line = line(&open);
        let kind = match (&open.clear, &line) {
            (Some(_), _) => CredKind::Password,
            (None, Some(_)) => CredKind::Hash,
            (None, None) => CredKind::User,
        };
        let mut c = Cred::new(kind).username(&open.login.user).outcome(outcome).sent(open.sent);
        if let Some(clear) = &open.clear {
            c = c.secret(clear).cleartext();
        } else if let Some((mode, line)) = &line {
            c = c.secret(line);
            if let Some(mode) = mode {
                c = c.hashcat(*mode, line);
            }
        }
        if !open.login.database.is_empty() {
            c = c.detail("database", open.login.database.as_str());
        }
        c = c.detail("plugin", open.plugin.as_str());
        cx.credential(c);
    }

    fn request(&mut self, cx: &mut Cx<'_>, body: &[u8]) -> Step {
        let Some((&code, rest)) = body.split_first() else { return GO };
        self.done(cx, Outcome::Unknown, None);
        let name = || Some(String::from_utf8_lossy(rest.get(..rest.len().min(128)).unwrap_or_default()).into_owned());
        let what = match code {
            3 | 0x16 => {
                let text = if code == 3 { packet::query(rest, self.capabilities) } else { rest };
                What::Sql(sql::statement(text))
            }
            2 => What::Named(Action::Read, "init_db", name()),
            5 => What::Named(Action::Configure, "create_database", name()),
            6 => What::Named(Action::Clear, "drop_database", name()),
            8 => What::Named(Action::Stop, "shutdown", None),
            0x0c => What::Named(Action::Stop, "kill_process", None),
            0x12 | 0x1e => What::Named(Action::Read, "binlog_dump", None),
            0x13 => What::Named(Action::Read, "table_dump", None),
            0x11 => {
                let Some(login) = Login::change(rest, self.capabilities) else { return Step::Bad };
                self.login(cx, login);
                self.phase = Phase::Login;
                return GO;
            }
            // quit and the long-data packets have no answer
            1 | 0x18 | 0x19 => return GO,
            0..=NEVER => What::Silent,
            _ => return Step::Bad,
        };
        // preparing a statement does nothing yet; its execution names only its number
        if code == 0x16 && matches!(what, What::Sql(Some(sql::Statement { action: Action::Read, .. }))) {
            return GO;
        }
        self.command = Some(Command { asked: cx.at(), what });
        GO
    }

    fn done(&mut self, cx: &mut Cx<'_>, outcome: Outcome, error: Option<(u16, String)>) {
        let Some(command) = self.command.take() else { return };
        let error = error.as_ref().map(|(code, text)| (i64::from(*code), text.as_str()));
        match command.what {
            What::Sql(Some(s)) => sql::report(cx, &s, command.asked, outcome, error),
            What::Named(action, name, target) => {
                let mut op = Op::new(action, name).outcome(outcome).asked(command.asked);
                if let Some(target) = &target {
                    op = op.target(target);
                }
                if let Some((code, text)) = error {
                    op = op.exception(code, text);
                }
                cx.op(op);
            }
            What::Sql(None) | What::Silent => {}
        }
    }
}

/// What the client sends on after its first answer.
fn answer(open: &mut Open, body: &[u8]) {
    match open.plugin.as_str() {
        "mysql_clear_password" => open.clear = Some(crate::bytes::text(body)),
        // asks for the server's key, or sends the password encrypted by it
        _ if body.len() == 1 || body.len() >= 128 => {}
        // a server without a key is sent the password as it is, over a socket taken for safe
        "caching_sha2_password" | "sha256_password" if body.len() != 32 && body.last() == Some(&0) => {
            open.clear = Some(crate::bytes::text(body));
        }
        _ if open.switched && open.login.answer.is_empty() => {
            open.login.answer = body.strip_suffix(&[0]).filter(|b| b.len() == 8).unwrap_or(body).to_vec();
        }
        _ => {}
    }
}

/// Mode of hashcat, where there is one, and line of a response. hashcat has none for the response of
/// `caching_sha2_password` and for that of before 4.1: salt and response are given in the same form.
fn line(open: &Open) -> Option<(Option<u32>, String)> {
    let (salt, answer) = (hex(&open.salt), hex(&open.login.answer));
    match (open.salt.len(), open.login.answer.len()) {
        (20, 20) => Some((Some(11200), format!("$mysqlna${salt}*{answer}"))),
        (20, 32) => Some((None, format!("$mysqlsha2${salt}*{answer}"))),
        (8.., 8) => Some((None, format!("$mysql323${}*{answer}", salt.get(..16).unwrap_or(&salt)))),
        _ => None,
    }
}

/// MariaDB says that it is a 5.5.5 before its own version, for clients that know nothing else.
fn product(version: &str) -> (&'static str, &str) {
    let number = |text: &str| text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
    let (name, text) = if version.contains("MariaDB") {
        ("MariaDB", version.strip_prefix("5.5.5-").unwrap_or(version))
    } else {
        ("MySQL", version)
    };
    (name, text.get(..number(text)).unwrap_or(text))
}
