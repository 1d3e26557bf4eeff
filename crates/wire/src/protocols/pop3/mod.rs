//! Post Office Protocol, version 3 (RFC 1939, 2449, 2595, 5034).
//!
//! Commands are answered in order. Log-ins by USER and PASS, APOP and AUTH are credentials; what
//! deletes is an operation, every command an event. Messages are passed over.

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
use verb::Verb;

pub static SPEC: Spec = Spec {
    name: "pop3",
    title: "Post Office Protocol 3",
    industrial: false,
    transports: &[Transport::Tcp],
    ports: &[110],
    ethertypes: &[],
    rank: 61,
    identify: identify::identify,
    open: || Box::new(Pop3::default()),
    pdus: false,
    facts: &["banner", "hostname"],
    credentials: &["password", "hash", "token", "user"],
    operations: &["retrieve", "delete", "reset"],
    source: "RFC 1939, 2449, 2595, 5034",
    level: 5,
    proofs: &["ndpi/pcap/pop3.pcap", "suricata-verify/pop3-auth-01"],
};

/// Longest argument or text kept in a finding, in characters.
const MAX_TEXT: usize = 512;
/// Commands in flight; PIPELINING clients send some at once (RFC 2449, 6.6).
const MAX_OPEN: usize = 32;
/// hashcat's mode of `md5($salt.$pass)`, which an APOP digest is with the greeting's stamp as salt.
const MODE_APOP: u32 = 20;
/// Servers by a word of their greeting or their IMPLEMENTATION capability.
const SERVERS: &[&str] = &[
    "Dovecot", "Cyrus POP3", "Courier", "Qpopper", "Microsoft Exchange", "MailEnable", "hMailServer",
    "Kerio Connect", "Coremail", "teapop", "popa3d", "Lotus Notes", "MDaemon", "Zimbra",
];

/// A command that waits for its reply.
#[derive(Debug)]
struct Command {
    verb: Verb,
    argument: String,
    asked: Stamp,
}

/// What a reply line leads to.
#[derive(PartialEq)]
enum Reply {
    Unknown,
    Read,
    Secure,
}

/// One connection.
#[derive(Default)]
pub struct Pop3 {
    lines: Lines,
    open: Pending<(), Command, MAX_OPEN>,
    /// The lines of an answer are being passed over.
    listing: bool,
    /// They are those of CAPA, which name the server's software.
    capabilities: bool,
    greeted: bool,
    /// Stamp of the greeting, with its brackets.
    stamp: String,
    user: Option<(String, Stamp)>,
    sasl: Option<Sasl>,
    /// Replies were lost.
    recount: bool,
    server_seen: bool,
}

impl Probe for Pop3 {
    fn stream(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Step {
        if self.listing && cx.from() == Side::Server && !self.capabilities
            && let Some(n) = message_part(data)
        {
            return Step::Used(n);
        }
        let (line, used) = match self.lines.next(cx, data) {
            Line::Need => return Step::Need,
            Line::Rest(n) => return Step::Used(n),
            Line::Whole(line, used) => (line, used),
        };
        let known = match cx.from() {
            Side::Client => self.client(cx, line),
            Side::Server => match self.server(cx, line) {
                Reply::Secure => return Step::Become { name: "tls", used },
                reply => reply == Reply::Read,
            },
        };
        if !known && used == data.len() {
            return Step::Bad;
        }
        if !known {
            cx.malformed();
        }
        Step::Used(used)
    }

    fn gap(&mut self, cx: &mut Cx<'_>, from: Side, _missing: u64) {
        self.lines.gap(from);
        if let Some(sasl) = self.sasl.take() {
            sasl.finish(cx, LoginOutcome::Unknown);
        }
        if from == Side::Server {
            self.listing = false;
            self.recount = true;
        } else {
            self.user = None;
        }
    }

    fn end(&mut self, cx: &mut Cx<'_>) {
        if let Some(sasl) = self.sasl.take() {
            sasl.finish(cx, LoginOutcome::Unknown);
        }
        let outcome = if self.server_seen { Outcome::NoAnswer } else { Outcome::Unknown };
        let open: Vec<Command> = self.open.drain().map(|(_, c)| c).collect();
        for command in open {
            self.unanswered(cx, &command, outcome);
        }
    }
}

/// Bytes of a message before the last line that is whole; `None` if none can be passed over at once.
fn message_part(data: &[u8]) -> Option<usize> {
    let end = memchr::memmem::find(data, b"\n.\r\n").or_else(|| memchr::memmem::find(data, b"\n.\n"));
    let part = match end {
        Some(at) => at + 1,
        None => memchr::memrchr(b'\n', data)? + 1,
    };
    // the last line may be the one that ends it
    (part > 3 && !data.starts_with(b".\r\n") && !data.starts_with(b".\n")).then_some(part)
}

impl Pop3 {
    fn client(&mut self, cx: &mut Cx<'_>, line: &[u8]) -> bool {
        if let Some(sasl) = &mut self.sasl {
            if line != b"*" {
                sasl.line(cx, line);
            }
            return true;
        }
        let (word, argument) = lines::word(line);
        let Some(verb) = Verb::find(word) else { return line.is_empty() };
        if verb == Verb::Auth && !argument.is_empty() {
            let (name, first) = lines::word(argument);
            let mut sasl = Sasl::start(name);
            if !first.is_empty() {
                sasl.line(cx, first);
            }
            self.sasl = Some(sasl);
        }
        let command = Command { verb, argument: clean(argument, MAX_TEXT), asked: cx.at() };
        if let Some((_, lost)) = self.open.push((), command) {
            self.unanswered(cx, &lost, Outcome::Unknown);
        }
        true
    }

    fn server(&mut self, cx: &mut Cx<'_>, line: &[u8]) -> Reply {
        self.server_seen = true;
        if self.listing {
            self.listed(cx, line);
            return Reply::Read;
        }
        if let Some(sasl) = &mut self.sasl
            && let Some(prompt) = line.strip_prefix(b"+").filter(|l| !l.starts_with(b"OK"))
        {
            sasl.line(cx, prompt.strip_prefix(b" ").unwrap_or(prompt));
            return Reply::Read;
        }
        let (good, text) = match (line.strip_prefix(b"+OK"), line.strip_prefix(b"-ERR")) {
            (Some(text), _) => (true, text),
            (_, Some(text)) => (false, text),
            _ => return Reply::Unknown,
        };
        let text = clean(text, MAX_TEXT);
        if std::mem::take(&mut self.recount) {
            self.settle_lost(cx);
        }
        let Some(command) = self.open.take(&()) else {
            if good && !std::mem::replace(&mut self.greeted, true) {
                self.greeting(cx, &text);
            }
            return Reply::Read;
        };
        self.greeted = true;
        self.answered(cx, &command, good, &text);
        if good && command.verb == Verb::Stls { Reply::Secure } else { Reply::Read }
    }

    fn listed(&mut self, cx: &mut Cx<'_>, line: &[u8]) {
        if line == b"." {
            self.listing = false;
        } else if self.capabilities
            && let Some(text) = line.strip_prefix(b"IMPLEMENTATION ")
        {
            product(cx, &clean(text, MAX_TEXT));
        }
    }

    /// Behind a loss a reply is for the last command sent before it.
    fn settle_lost(&mut self, cx: &mut Cx<'_>) {
        let now = cx.at();
        let open: Vec<Command> = self.open.drain().map(|(_, c)| c).collect();
        let before = open.iter().take_while(|c| c.asked <= now).count();
        for (n, command) in open.into_iter().enumerate() {
            if n + 1 < before {
                self.unanswered(cx, &command, Outcome::Unknown);
            } else {
                self.open.push((), command);
            }
        }
    }

    fn greeting(&mut self, cx: &mut Cx<'_>, text: &str) {
        cx.fact(Side::Server, "banner", text, "greeting");
        product(cx, text);
        if let Some(stamp) = verb::stamp(text) {
            self.stamp = stamp.to_owned();
            let host = stamp.trim_end_matches('>').rsplit('@').next().unwrap_or_default();
            if lines::is_hostname(host) {
                cx.fact(Side::Server, "hostname", host, "greeting");
            }
        }
        if cx.wants_events() {
            let fields = vec![("pop3.status", Val::Static("+OK")), ("pop3.message", Val::from(text))];
            cx.event("greeting", "start", fields);
        }
    }

    fn answered(&mut self, cx: &mut Cx<'_>, command: &Command, good: bool, text: &str) {
        let login = if good { LoginOutcome::Success } else { LoginOutcome::Failure };
        self.listing = good && command.verb.has_lines(&command.argument);
        self.capabilities = command.verb == Verb::Capa;
        match command.verb {
            Verb::User => {
                self.user = Some((command.argument.clone(), command.asked));
                if !good {
                    let cred = Cred::new(CredKind::User).username(&command.argument);
                    cx.credential(cred.outcome(login).sent(command.asked));
                }
            }
            Verb::Pass => self.password(cx, command, login),
            Verb::Apop => self.apop(cx, command, login),
            Verb::Auth => {
                if let Some(sasl) = self.sasl.take() {
                    sasl.finish(cx, login);
                }
            }
            _ => {}
        }
        let outcome = if good { Outcome::Accepted } else { Outcome::Refused };
        operation(cx, command, outcome, Some(text));
        event(cx, command, Some((good, text)));
    }

    fn unanswered(&mut self, cx: &mut Cx<'_>, command: &Command, outcome: Outcome) {
        match command.verb {
            Verb::User => self.user = Some((command.argument.clone(), command.asked)),
            Verb::Pass => self.password(cx, command, LoginOutcome::Unknown),
            Verb::Apop => self.apop(cx, command, LoginOutcome::Unknown),
            _ => {}
        }
        operation(cx, command, outcome, None);
        event(cx, command, None);
    }

    fn password(&mut self, cx: &mut Cx<'_>, command: &Command, outcome: LoginOutcome) {
        let mut cred = Cred::new(CredKind::Password).cleartext().outcome(outcome).sent(command.asked);
        if let Some((user, _)) = self.user.as_ref().filter(|(_, sent)| *sent <= command.asked) {
            cred = cred.username(user);
        }
        cx.credential(cred.secret(&command.argument));
    }

    fn apop(&mut self, cx: &mut Cx<'_>, command: &Command, outcome: LoginOutcome) {
        let Some((user, digest)) = command.argument.rsplit_once(' ') else { return };
        let kind = if self.stamp.is_empty() { CredKind::User } else { CredKind::Hash };
        let mut cred = Cred::new(kind).username(user).outcome(outcome).sent(command.asked);
        cred = cred.detail("mechanism", "APOP");
        let line = format!("{}:{}", digest.to_ascii_lowercase(), self.stamp);
        if kind == CredKind::Hash && digest.len() == 32 && digest.bytes().all(|b| b.is_ascii_hexdigit()) {
            cred = cred.secret(&line).hashcat(MODE_APOP, &line);
        }
        cx.credential(cred);
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
    op = op.category(if action == Action::Read { Category::Monitor } else { Category::Administration });
    if !command.argument.is_empty() {
        op = op.target(&command.argument);
    }
    if let Some(text) = text.filter(|_| outcome == Outcome::Refused) {
        op = op.detail("reply", text);
    }
    cx.op(op);
}

fn event(cx: &mut Cx<'_>, command: &Command, reply: Option<(bool, &str)>) {
    if !cx.wants_events() {
        return;
    }
    let mut fields = vec![("pop3.command", Val::Static(command.verb.name()))];
    if !command.argument.is_empty() && !command.verb.hides() {
        fields.push(("pop3.argument", Val::from(command.argument.as_str())));
    }
    let Some((good, text)) = reply else {
        return cx.unanswered(command.asked, "command", "info", fields);
    };
    fields.push(("pop3.status", Val::Static(if good { "+OK" } else { "-ERR" })));
    fields.push(("pop3.message", Val::from(text)));
    fields.push(("event.outcome", Val::Static(if good { "success" } else { "failure" })));
    cx.transaction("command", "info", fields);
}
