//! Internet Message Access Protocol, version 4 (RFC 3501, 9051).
//!
//! Commands and answers are paired by their tags. LOGIN and AUTHENTICATE are credentials, what
//! changes a mailbox is an operation, every command an event; ID (RFC 2971) tells the software of
//! both sides. Messages (literals) are passed over.

mod identify;
#[cfg(test)]
mod tests;
mod verb;

use crate::cx::Cx;
use crate::model::*;
use crate::pending::Pending;
use crate::probe::*;
use crate::protocols::lines::{self, Line, Lines, clean};
use crate::protocols::sasl::Sasl;
use verb::{Argument, Verb};

pub static SPEC: Spec = Spec {
    name: "imap",
    title: "Internet Message Access Protocol 4",
    industrial: false,
    transports: &[Transport::Tcp],
    ports: &[143],
    ethertypes: &[],
    rank: 61,
    identify: identify::identify,
    open: || Box::new(Imap::default()),
    pdus: false,
    facts: &["banner", "client", "os"],
    credentials: &["password", "hash", "token", "user"],
    operations: &[
        "fetch", "append", "copy", "move", "store", "create", "rename", "delete", "expunge", "set_acl",
        "delete_acl", "set_metadata", "set_quota",
    ],
    source: "RFC 3501, 9051, 2971, 4314, 7888",
    level: 5,
    proofs: &["credslayer/imap.pcap", "ndpi/pcap/imap.pcap", "arkime/imap-tag.pcap"],
};

/// Longest text kept in a finding, in characters.
const MAX_TEXT: usize = 512;
/// Literals up to so many bytes are read (names, passwords); longer ones are messages.
const MAX_LITERAL: u64 = 1024;
/// Commands in flight.
const MAX_OPEN: usize = 32;
/// Servers by a word of their greeting or their ID.
const SERVERS: &[&str] = &[
    "Dovecot", "Cyrus IMAP", "Courier-IMAP", "Microsoft Exchange", "UW IMAP", "MailEnable", "hMailServer",
    "Kerio Connect", "Coremail", "Zimbra", "Domino", "MDaemon", "GroupWise", "Gimap",
];

/// A command that waits for its answer.
#[derive(Debug)]
struct Command {
    verb: Verb,
    /// `UID` stood before it.
    uid: bool,
    arguments: Vec<Argument>,
    asked: Stamp,
}

/// A command whose literals are still coming.
#[derive(Debug)]
struct Partial {
    tag: String,
    verb: Verb,
    uid: bool,
    arguments: Vec<Argument>,
}

/// What a direction's next bytes are.
#[derive(Default, Clone, Copy, PartialEq, Debug)]
enum Next {
    #[default]
    Line,
    /// A literal of a command.
    Literal(usize),
    /// The rest of a line that a literal interrupted.
    After,
}

/// What a line of the server leads to.
#[derive(PartialEq)]
enum Answer {
    Unknown,
    Read,
    /// So many bytes of a literal follow.
    Skip(u64),
    Secure,
}

/// One connection.
#[derive(Default)]
pub struct Imap {
    lines: Lines,
    next: [Next; 2],
    open: Pending<String, Command, MAX_OPEN>,
    partial: Option<Partial>,
    sasl: Option<(String, Sasl)>,
    idle: bool,
    greeted: bool,
    server_seen: bool,
}

impl Probe for Imap {
    fn stream(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Step {
        let from = cx.from();
        if let (Side::Client, [Next::Literal(n), _]) = (from, self.next) {
            let Some(literal) = data.get(..n) else { return Step::Need };
            if let Some(partial) = &mut self.partial {
                verb::push(&String::from_utf8_lossy(literal), &mut partial.arguments);
            }
            self.next[0] = Next::After;
            return if n == 0 { self.stream(cx, data) } else { Step::Used(n) };
        }
        let (line, used) = match self.lines.next(cx, data) {
            Line::Need => return Step::Need,
            Line::Rest(n) => return Step::Used(n),
            Line::Whole(line, used) => (line, used),
        };
        let answer = if from == Side::Client { self.client(cx, line) } else { self.server(cx, line) };
        match answer {
            Answer::Secure => return Step::Become { name: "tls", used },
            Answer::Skip(n) => {
                let here = (data.len() - used) as u64;
                return if n < here { Step::Used(used + n as usize) } else { Step::Skip(n - here) };
            }
            Answer::Read => {}
            Answer::Unknown if used == data.len() => return Step::Bad,
            Answer::Unknown => cx.malformed(),
        }
        Step::Used(used)
    }

    fn gap(&mut self, cx: &mut Cx<'_>, from: Side, _missing: u64) {
        self.lines.gap(from);
        if let Some((_, sasl)) = self.sasl.take() {
            sasl.finish(cx, LoginOutcome::Unknown);
        }
        if from == Side::Client {
            self.partial = None;
            self.next[0] = Next::Line;
        } else {
            self.next[1] = Next::Line;
        }
    }

    fn end(&mut self, cx: &mut Cx<'_>) {
        if let Some((_, sasl)) = self.sasl.take() {
            sasl.finish(cx, LoginOutcome::Unknown);
        }
        let outcome = if self.server_seen { Outcome::NoAnswer } else { Outcome::Unknown };
        let open: Vec<Command> = self.open.drain().map(|(_, c)| c).collect();
        for command in open {
            unanswered(cx, &command, outcome);
        }
    }
}

impl Imap {
    fn client(&mut self, cx: &mut Cx<'_>, line: &[u8]) -> Answer {
        if std::mem::take(&mut self.next[0]) == Next::After {
            return self.go_on(cx, line);
        }
        if let Some((_, sasl)) = &mut self.sasl {
            if line != b"*" {
                sasl.line(cx, line);
            }
            return Answer::Read;
        }
        if self.idle && line.eq_ignore_ascii_case(b"DONE") {
            self.idle = false;
            return Answer::Read;
        }
        let (tag, rest) = lines::word(line);
        let (mut name, mut arguments) = lines::word(rest);
        let uid = name.eq_ignore_ascii_case(b"UID");
        if uid {
            (name, arguments) = lines::word(arguments);
        }
        let (true, Some(verb)) = (identify::is_tag(tag), Verb::find(name)) else {
            return if line.is_empty() { Answer::Read } else { Answer::Unknown };
        };
        let tag = String::from_utf8_lossy(tag).into_owned();
        self.partial = Some(Partial { tag, verb, uid, arguments: Vec::new() });
        self.go_on(cx, arguments)
    }

    /// A line of a command, perhaps with a literal at its end.
    fn go_on(&mut self, cx: &mut Cx<'_>, line: &[u8]) -> Answer {
        let Some(partial) = &mut self.partial else { return Answer::Unknown };
        if let Some((size, before)) = verb::literal(line) {
            verb::arguments(before, &mut partial.arguments);
            if size <= MAX_LITERAL {
                self.next[0] = Next::Literal(size as usize);
                return Answer::Read;
            }
            self.next[0] = Next::After;
            return Answer::Skip(size);
        }
        verb::arguments(line, &mut partial.arguments);
        if let Some(partial) = self.partial.take() {
            self.command(cx, partial);
        }
        Answer::Read
    }

    fn command(&mut self, cx: &mut Cx<'_>, partial: Partial) {
        let Partial { tag, verb, uid, arguments } = partial;
        match verb {
            Verb::Authenticate => {
                let mut words = arguments.iter();
                let mut sasl = Sasl::start(words.next().map(String::as_bytes).unwrap_or_default());
                if let Some(first) = words.next() {
                    sasl.line(cx, first.as_bytes());
                }
                self.sasl = Some((tag.clone(), sasl));
            }
            Verb::Idle => self.idle = true,
            Verb::Id => software(cx, Side::Client, &arguments),
            _ => {}
        }
        let command = Command { verb, uid, arguments, asked: cx.at() };
        if let Some((_, lost)) = self.open.push(tag, command) {
            unanswered(cx, &lost, Outcome::Unknown);
        }
    }

    fn server(&mut self, cx: &mut Cx<'_>, line: &[u8]) -> Answer {
        self.server_seen = true;
        let literal = verb::literal(line);
        let known = std::mem::take(&mut self.next[1]) == Next::After
            || match line.first() {
                Some(b'*') => self.untagged(cx, line),
                Some(b'+') => {
                    if let Some((_, sasl)) = &mut self.sasl {
                        let prompt = line.get(1..).unwrap_or_default();
                        sasl.line(cx, prompt.strip_prefix(b" ").unwrap_or(prompt));
                    }
                    true
                }
                _ => match self.tagged(cx, line) {
                    Answer::Secure => return Answer::Secure,
                    answer => answer == Answer::Read,
                },
            };
        match literal {
            Some((size, _)) if known => {
                self.next[1] = Next::After;
                Answer::Skip(size)
            }
            _ if known => Answer::Read,
            _ => Answer::Unknown,
        }
    }

    fn untagged(&mut self, cx: &mut Cx<'_>, line: &[u8]) -> bool {
        let Some(rest) = line.strip_prefix(b"* ") else { return false };
        let (name, text) = lines::word(rest);
        match name {
            b"OK" | b"PREAUTH" | b"BYE" if !std::mem::replace(&mut self.greeted, true) => {
                let text = clean(text, MAX_TEXT);
                cx.fact(Side::Server, "banner", &text, "greeting");
                product(cx, &text);
                if name == b"PREAUTH" {
                    cx.service_info("anonymous", true);
                }
                if cx.wants_events() {
                    let status = clean(name, 16);
                    cx.event(
                        "greeting",
                        "start",
                        vec![("imap.status", Val::from(status)), ("imap.message", Val::from(text))],
                    );
                }
            }
            b"ID" => {
                let mut arguments = Vec::new();
                verb::arguments(text, &mut arguments);
                software(cx, Side::Server, &arguments);
            }
            _ => {}
        }
        true
    }

    fn tagged(&mut self, cx: &mut Cx<'_>, line: &[u8]) -> Answer {
        let (tag, rest) = lines::word(line);
        let (status, text) = lines::word(rest);
        let status = match status {
            s if s.eq_ignore_ascii_case(b"OK") => "OK",
            s if s.eq_ignore_ascii_case(b"NO") => "NO",
            s if s.eq_ignore_ascii_case(b"BAD") => "BAD",
            _ => return Answer::Unknown,
        };
        if !identify::is_tag(tag) {
            return Answer::Unknown;
        }
        self.greeted = true;
        let tag = String::from_utf8_lossy(tag).into_owned();
        let login = if status == "OK" { LoginOutcome::Success } else { LoginOutcome::Failure };
        if let Some((_, sasl)) = self.sasl.take_if(|(t, _)| *t == tag) {
            sasl.finish(cx, login);
        }
        let Some(command) = self.open.take(&tag) else { return Answer::Read };
        if command.verb == Verb::Login {
            password(cx, &command, login);
        }
        let text = clean(text, MAX_TEXT);
        let outcome = if status == "OK" { Outcome::Accepted } else { Outcome::Refused };
        operation(cx, &command, outcome, Some(&text));
        event(cx, &command, Some((status, &text)));
        match command.verb {
            Verb::StartTls if status == "OK" => Answer::Secure,
            _ => Answer::Read,
        }
    }
}

fn unanswered(cx: &mut Cx<'_>, command: &Command, outcome: Outcome) {
    if command.verb == Verb::Login {
        password(cx, command, LoginOutcome::Unknown);
    }
    operation(cx, command, outcome, None);
    event(cx, command, None);
}

fn password(cx: &mut Cx<'_>, command: &Command, outcome: LoginOutcome) {
    let [user, secret, ..] = command.arguments.as_slice() else { return };
    let cred = Cred::new(CredKind::Password).cleartext().outcome(outcome).sent(command.asked);
    cx.credential(cred.username(user).secret(secret).detail("mechanism", "LOGIN"));
}

/// Parameters of ID: name and value in turn (RFC 2971, section 3.3).
fn software(cx: &mut Cx<'_>, side: Side, arguments: &[Argument]) {
    let get = |key: &str| {
        let mut pairs = arguments.chunks_exact(2);
        let value = pairs.find(|pair| pair.first().is_some_and(|k| k.eq_ignore_ascii_case(key)));
        value.and_then(|pair| pair.get(1)).filter(|v| !v.is_empty() && *v != "NIL")
    };
    let (name, version) = (get("name"), get("version"));
    if let Some(os) = get("os") {
        let os = get("os-version").map_or(os.clone(), |version| format!("{os} {version}"));
        cx.fact(side, "os", &os, "ID os");
    }
    let Some(name) = name else { return };
    match side {
        Side::Client => {
            let client = version.map_or(name.clone(), |version| format!("{name} {version}"));
            cx.fact(Side::Client, "client", &client, "ID name");
        }
        Side::Server => {
            cx.service_info("product", name.as_str());
            if let Some(version) = version {
                cx.service_info("version", version.as_str());
            }
        }
    }
}

fn product(cx: &mut Cx<'_>, text: &str) {
    if let Some((name, version)) = lines::product(text, SERVERS) {
        cx.service_info("product", name);
        if !version.is_empty() {
            cx.service_info("version", version);
        }
    }
}

fn operation(cx: &mut Cx<'_>, command: &Command, outcome: Outcome, text: Option<&str>) {
    let Some((action, name)) = command.verb.operation() else { return };
    let mut op = Op::new(action, name).outcome(outcome).asked(command.asked);
    if let Some(target) = command.arguments.first() {
        op = op.target(target);
    }
    let more: Vec<&str> = command.arguments.iter().skip(1).take(4).map(String::as_str).collect();
    if !more.is_empty() {
        op = op.detail("arguments", more.join(" "));
    }
    if let Some(text) = text.filter(|_| outcome == Outcome::Refused) {
        op = op.detail("reply", text);
    }
    cx.op(op);
}

fn event(cx: &mut Cx<'_>, command: &Command, reply: Option<(&'static str, &str)>) {
    if !cx.wants_events() {
        return;
    }
    let name = command.verb.name();
    let name = if command.uid { Val::from(format!("UID {name}")) } else { Val::Static(name) };
    let mut fields = vec![("imap.command", name)];
    if !command.arguments.is_empty() && !command.verb.hides() {
        fields.push(("imap.arguments", Val::from(command.arguments.join(" "))));
    }
    let Some((status, text)) = reply else {
        return cx.unanswered(command.asked, "command", "info", fields);
    };
    fields.push(("imap.status", Val::Static(status)));
    fields.push(("imap.message", Val::from(text)));
    fields.push(("event.outcome", Val::Static(if status == "OK" { "success" } else { "failure" })));
    cx.transaction("command", "info", fields);
}
