//! FTP control connections (RFC 959, 2228, 2389, 2428, 3659, 4217).
//!
//! Commands are answered in order; each becomes one event: file commands as operations, `PASS` as
//! a credential, the rest as they are. Transfers themselves run on other connections.

mod identify;
mod names;
#[cfg(test)]
mod tests;

use crate::cx::Cx;
use crate::model::*;
use crate::pending::Pending;
use crate::probe::*;
use crate::protocols::lines::clean;
use names::{Verb, product};

pub static SPEC: Spec = Spec {
    name: "ftp",
    title: "File Transfer Protocol (control)",
    industrial: false,
    transports: &[Transport::Tcp],
    ports: &[21, 2121],
    ethertypes: &[],
    rank: 60,
    identify: identify::identify,
    open: || Box::new(Ftp::default()),
    pdus: false,
    facts: &["banner", "system", "os", "hostname", "client"],
    credentials: &["password", "user"],
    operations: &[
        "retrieve",
        "store",
        "store_unique",
        "append",
        "delete",
        "rename_to",
        "make_directory",
        "remove_directory",
        "list",
        "site_parameters",
    ],
    source: "RFC 959, 2389, 3659, 4217",
    level: 5,
    proofs: &["ndpi/pcap/ftp.pcap"],
};

/// Longest line kept; the rest of a longer one is passed over.
const MAX_LINE: usize = 4096;
/// Longest argument or reply text kept in a finding.
const MAX_TEXT: usize = 512;

/// Code of a reply line and the mark behind it (` ` last line, `-` more follow).
fn reply(line: &[u8]) -> Option<(u16, u8)> {
    let [a @ b'1'..=b'6', b @ b'0'..=b'9', c @ b'0'..=b'9', rest @ ..] = line else { return None };
    let code = u16::from(a - b'0') * 100 + u16::from(b - b'0') * 10 + u16::from(c - b'0');
    match rest.first() {
        None => Some((code, b' ')),
        Some(mark @ (b' ' | b'-')) => Some((code, *mark)),
        Some(_) => None,
    }
}

/// A command that waits for its reply.
#[derive(Debug)]
struct Command {
    verb: Verb,
    argument: String,
    asked: Stamp,
}

/// One control connection.
#[derive(Default)]
pub struct Ftp {
    open: Pending<(), Command, 32>,
    /// The oldest open command had a preliminary reply (1yz): the server has begun.
    begun: bool,
    user: Option<String>,
    /// `USER` was enough: reported unless a password comes after all.
    free: Option<Stamp>,
    rename_from: Option<String>,
    /// Code of the multi-line reply being read.
    lines: Option<u16>,
    /// Text of the reply being read, lines joined.
    text: String,
    greeted: bool,
    /// The rest of an overlong line is passed over, by direction.
    long: [bool; 2],
    server_seen: bool,
    /// Replies were lost.
    recount: bool,
}

impl Probe for Ftp {
    fn stream(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Step {
        let from = cx.from();
        let dir = usize::from(from == Side::Server);
        let end = memchr::memchr(b'\n', data);
        if self.long[dir] {
            self.long[dir] = end.is_none();
            return Step::Used(end.map_or(data.len(), |at| at + 1));
        }
        let (line, used) = match end {
            Some(at) => (data.get(..at).unwrap_or_default(), at + 1),
            None if data.len() < MAX_LINE => return Step::Need,
            None => {
                self.long[dir] = true;
                cx.dropped("ftp_line");
                (data, data.len())
            }
        };
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let line = line.get(..line.len().min(MAX_LINE)).unwrap_or_default();
        let known = match from {
            Side::Client => self.command(cx, line),
            Side::Server => {
                self.server_seen = true;
                match self.reply(cx, line) {
                    Replied::Secure => return Step::Become { name: "tls", used },
                    Replied::Yes => true,
                    Replied::No => false,
                }
            }
        };
        // an unknown line costs nothing but itself: the next one may be good
        if !known && data.len() == used {
            return Step::Bad;
        }
        if !known {
            cx.malformed();
        }
        Step::Used(used)
    }

    fn gap(&mut self, _cx: &mut Cx<'_>, from: Side, _missing: u64) {
        match from {
            Side::Server => {
                self.recount = true;
                self.lines = None;
                self.text.clear();
                self.begun = false;
                self.long[1] = false;
            }
            Side::Client => {
                self.rename_from = None;
                self.long[0] = false;
            }
        }
    }

    fn end(&mut self, cx: &mut Cx<'_>) {
        let outcome = if self.server_seen { Outcome::NoAnswer } else { Outcome::Unknown };
        let open: Vec<Command> = self.open.drain().map(|(_, c)| c).collect();
        for (n, command) in open.into_iter().enumerate() {
            // one that was begun: how it went on is not known
            let outcome = if n == 0 && self.begun { Outcome::Unknown } else { outcome };
            self.unanswered(cx, command, outcome);
        }
        self.no_password(cx);
    }
}

enum Replied {
    Yes,
    No,
    /// The connection turns to TLS.
    Secure,
}

impl Ftp {
    fn command(&mut self, cx: &mut Cx<'_>, line: &[u8]) -> bool {
        // Telnet Interrupt and Synch stand before ABOR and STAT (RFC 959 4.1.3)
        let start = line.iter().position(|b| *b < 0xf0).unwrap_or(line.len());
        let line = line.get(start..).unwrap_or_default();
        if line.is_empty() {
            return true;
        }
        let word = line.iter().position(|b| *b == b' ').unwrap_or(line.len());
        let (verb, argument) =
            (line.get(..word).unwrap_or_default(), line.get(word + 1..).unwrap_or_default());
        let Some(verb) = Verb::find(verb) else { return false };
        let argument = clean(argument, MAX_TEXT);
        match verb {
            Verb::Rnfr => self.rename_from = Some(argument.clone()),
            Verb::Clnt => cx.fact(Side::Client, "client", &argument, "CLNT"),
            Verb::Quit => self.no_password(cx),
            _ => {}
        }
        let command = Command { verb, argument, asked: cx.at() };
        if let Some((_, lost)) = self.open.push((), command) {
            self.unanswered(cx, lost, Outcome::Unknown);
        }
        true
    }

    fn reply(&mut self, cx: &mut Cx<'_>, line: &[u8]) -> Replied {
        let head = reply(line);
        let (code, last) = match (self.lines, head) {
            (Some(code), Some((c, b' '))) if c == code => (code, true),
            (Some(code), _) => (code, false),
            (None, Some((code, mark))) => (code, mark == b' '),
            (None, None) => return Replied::No,
        };
        if self.text.len() < MAX_TEXT {
            let text = if head.is_some() { line.get(4..) } else { Some(line) };
            let text = clean(text.unwrap_or_default(), MAX_TEXT);
            if !text.is_empty() && !self.text.is_empty() {
                self.text.push(' ');
            }
            self.text.push_str(&text);
        }
        if !last {
            self.lines = Some(code);
            return Replied::Yes;
        }
        self.lines = None;
        let text = std::mem::take(&mut self.text);
        if std::mem::take(&mut self.recount) {
            self.settle_lost(cx);
        }
        if code < 200 {
            self.begun = true;
            return Replied::Yes;
        }
        // only REIN and HOST are answered by a greeting's code
        if code == 220
            && !self.greeted
            && !self.open.get(&()).is_some_and(|c| matches!(c.verb, Verb::Rein | Verb::Host))
        {
            self.greeted = true;
            self.greeting(cx, &text);
            return Replied::Yes;
        }
        self.begun = false;
        self.greeted = true;
        let Some(command) = self.open.take(&()) else { return Replied::Yes };
        let secure = command.verb == Verb::Auth && code == 234 && command.tls();
        self.answered(cx, command, code, &text);
        if secure { Replied::Secure } else { Replied::Yes }
    }

    /// Behind a loss a reply is for the last command sent before it: who goes on has had an answer.
    fn settle_lost(&mut self, cx: &mut Cx<'_>) {
        let now = cx.at();
        let open: Vec<Command> = self.open.drain().map(|(_, c)| c).collect();
        let before = open.iter().take_while(|c| c.asked <= now).count();
        for (n, command) in open.into_iter().enumerate() {
            if n + 1 < before {
                self.unanswered(cx, command, Outcome::Unknown);
            } else {
                self.open.push((), command);
            }
        }
    }

    fn greeting(&mut self, cx: &mut Cx<'_>, text: &str) {
        cx.fact(Side::Server, "banner", text, "220 reply");
        let found = product(text);
        if let Some((name, version)) = found.product {
            cx.service_info("product", name);
            if !version.is_empty() {
                cx.service_info("version", version);
            }
        }
        if let Some(os) = found.os {
            cx.fact(Side::Server, "os", &os, "220 reply");
        }
        if let Some(host) = found.host {
            cx.fact(Side::Server, "hostname", host, "220 reply");
        }
        if cx.wants_events() {
            let fields = vec![("ftp.reply_code", Val::Int(220)), ("ftp.reply_text", Val::from(text))];
            cx.event("greeting", "start", fields);
        }
    }

    fn answered(&mut self, cx: &mut Cx<'_>, command: Command, code: u16, text: &str) {
        let good = code < 400;
        match command.verb {
            Verb::User => {
                self.no_password(cx);
                self.user = Some(command.argument.clone());
                match code {
                    230 | 232 => self.free = Some(command.asked),
                    500.. => self.report_user(cx, &command.argument, command.asked, LoginOutcome::Failure),
                    _ => {}
                }
            }
            Verb::Pass => {
                let outcome = match code {
                    202 | 230 | 232 => LoginOutcome::Success,
                    332 | 421 => LoginOutcome::Unknown,
                    400.. => LoginOutcome::Failure,
                    _ => LoginOutcome::Unknown,
                };
                return self.login(cx, &command, outcome);
            }
            Verb::Syst if good => {
                cx.fact(Side::Server, "system", text, "SYST");
                let os = text.split_whitespace().next().unwrap_or_default();
                if ["Windows_NT", "VxWorks", "VMS", "OS/400", "MVS"].contains(&os) {
                    cx.fact(Side::Server, "os", &os.replace('_', " "), "SYST");
                }
            }
            Verb::Rnto => {
                let from = self.rename_from.take();
                return operation(cx, &command, from.as_deref(), outcome_of(code), Some((code, text)));
            }
            _ => {}
        }
        if command.verb.operation(&command.argument).is_some() {
            return operation(cx, &command, None, outcome_of(code), Some((code, text)));
        }
        event(cx, &command, Some((code, text)));
    }

    fn unanswered(&mut self, cx: &mut Cx<'_>, command: Command, outcome: Outcome) {
        match command.verb {
            Verb::Pass => self.login(cx, &command, LoginOutcome::Unknown),
            Verb::Rnto => {
                let from = self.rename_from.take();
                operation(cx, &command, from.as_deref(), outcome, None);
            }
            _ if command.verb.operation(&command.argument).is_some() => {
                operation(cx, &command, None, outcome, None);
            }
            Verb::User => {
                self.user = Some(command.argument.clone());
                event(cx, &command, None);
            }
            _ => event(cx, &command, None),
        }
    }

    fn login(&mut self, cx: &mut Cx<'_>, pass: &Command, outcome: LoginOutcome) {
        self.free = None;
        let mut cred = Cred::new(CredKind::Password).cleartext().outcome(outcome).sent(pass.asked);
        if let Some(user) = &self.user {
            cred = cred.username(user);
        }
        let anonymous = self.user.as_deref().is_some_and(|u| matches!(u, "anonymous" | "ftp" | "guest"));
        cx.credential(cred.secret(&pass.argument));
        if anonymous && outcome == LoginOutcome::Success {
            cx.service_info("anonymous", true);
        }
    }

    /// The server wanted no password of the user, and none came.
    fn no_password(&mut self, cx: &mut Cx<'_>) {
        if let (Some(asked), Some(user)) = (self.free.take(), self.user.clone()) {
            self.report_user(cx, &user, asked, LoginOutcome::Success);
            cx.service_info("anonymous", true);
        }
    }

    fn report_user(&mut self, cx: &mut Cx<'_>, user: &str, asked: Stamp, outcome: LoginOutcome) {
        if !user.is_empty() {
            cx.credential(Cred::new(CredKind::User).username(user).outcome(outcome).sent(asked));
        }
    }
}

impl Command {
    fn tls(&self) -> bool {
        ["TLS", "TLS-C", "SSL", "TLS-P"].iter().any(|m| self.argument.eq_ignore_ascii_case(m))
    }
}

fn outcome_of(code: u16) -> Outcome {
    if code < 400 { Outcome::Accepted } else { Outcome::Refused }
}

fn operation(
    cx: &mut Cx<'_>,
    command: &Command,
    from: Option<&str>,
    outcome: Outcome,
    reply: Option<(u16, &str)>,
) {
    let Some((action, name)) = command.verb.operation(&command.argument) else { return };
    let mut op = Op::new(action, name).outcome(outcome).asked(command.asked);
    if !command.argument.is_empty() {
        op = op.target(&command.argument);
    }
    op = op.detail("command", command.verb.name());
    if let Some(from) = from {
        op = op.detail("from", from);
    }
    if let Some((code, text)) = reply
        && outcome == Outcome::Refused
    {
        op = op.exception(code, text);
    }
    cx.op(op);
}

fn event(cx: &mut Cx<'_>, command: &Command, reply: Option<(u16, &str)>) {
    if !cx.wants_events() {
        return;
    }
    let mut fields = vec![("ftp.command", Val::Static(command.verb.name()))];
    if !command.argument.is_empty() && !command.verb.hides() {
        fields.push(("ftp.argument", Val::from(command.argument.as_str())));
    }
    if let Some((code, text)) = reply {
        fields.push(("ftp.reply_code", Val::from(code)));
        fields.push(("ftp.reply_text", Val::from(text)));
        fields.push(("event.outcome", Val::Static(if code < 400 { "success" } else { "failure" })));
    }
    cx.transaction("command", "info", fields);
}
