//! Simple Mail Transfer Protocol (RFC 5321), submission and LMTP with it.
//!
//! Commands are answered in order. AUTH (RFC 4954) is a credential, a message handed over is an
//! operation with its envelope and the header's main fields, every command an event. What a message
//! holds behind its header is passed over.

mod identify;
mod message;
#[cfg(test)]
mod tests;
mod verb;

use crate::cx::Cx;
use crate::model::*;
use crate::pending::Pending;
use crate::probe::*;
use crate::protocols::lines::{self, Line, Lines, clean};
use crate::protocols::sasl::Sasl;
use message::{Envelope, Header};
use verb::{Verb, path, reply};

pub static SPEC: Spec = Spec {
    name: "smtp",
    title: "Simple Mail Transfer Protocol",
    industrial: false,
    transports: &[Transport::Tcp],
    ports: &[25, 587, 2525],
    ethertypes: &[],
    rank: 61,
    identify: identify::identify,
    open: || Box::new(Smtp::default()),
    pdus: false,
    facts: &["banner", "hostname", "client"],
    credentials: &["password", "hash", "token", "user"],
    operations: &["send_message"],
    source: "RFC 5321, 5322, 3030, 3207, 4954, 2033",
    level: 5,
    proofs: &["ndpi/pcap/smtp.pcap", "arkime/smtp-originating.pcap", "zeek/tls/smtp-starttls.pcap"],
};

/// Longest argument or reply text kept in a finding, in characters.
const MAX_TEXT: usize = 512;
/// Commands in flight (PIPELINING, RFC 2920).
const MAX_OPEN: usize = 64;
/// Servers by a word of their greeting.
const SERVERS: &[&str] = &[
    "Postfix", "Exim", "Sendmail", "Microsoft ESMTP MAIL Service", "qmail", "hMailServer", "MailEnable",
    "Kerio Connect", "Coremail", "MDaemon", "Haraka", "OpenSMTPD", "Zimbra", "Lotus Domino", "XMail",
    "Dovecot", "gsmtp",
];

/// A command that waits for its reply.
#[derive(Debug)]
struct Command {
    verb: Verb,
    argument: String,
    asked: Stamp,
    /// What the reply is about, if it is about a whole message.
    message: Option<Box<(Envelope, Header)>>,
}

/// What the client's next bytes are.
#[derive(Default, Clone, Copy, PartialEq, Debug)]
enum Body {
    #[default]
    None,
    /// Lines of a message, up to one with a single dot.
    Lines,
    /// So many bytes of a chunk.
    Chunk { left: u64, last: bool },
}

/// One connection.
#[derive(Default)]
pub struct Smtp {
    lines: Lines,
    open: Pending<(), Command, MAX_OPEN>,
    body: Body,
    envelope: Envelope,
    header: Header,
    sasl: Option<Sasl>,
    greeted: bool,
    /// Texts of the reply being read, joined.
    text: String,
    recount: bool,
    server_seen: bool,
}

impl Probe for Smtp {
    fn stream(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Step {
        if cx.from() == Side::Client && self.body != Body::None {
            return self.message(cx, data);
        }
        let (line, used) = match self.lines.next(cx, data) {
            Line::Need => return Step::Need,
            Line::Rest(n) => return Step::Used(n),
            Line::Whole(line, used) => (line, used),
        };
        let known = match cx.from() {
            Side::Client => self.client(cx, line),
            Side::Server => match self.server(cx, line) {
                Replied::Secure => return Step::Become { name: "tls", used },
                replied => replied == Replied::Yes,
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
            self.text.clear();
            self.recount = true;
        } else if let Body::Chunk { .. } = self.body {
            self.body = Body::None;
        } else {
            // whatever was to come of the header may be missing
            self.header.over = true;
        }
    }

    fn end(&mut self, cx: &mut Cx<'_>) {
        if let Some(sasl) = self.sasl.take() {
            sasl.finish(cx, LoginOutcome::Unknown);
        }
        let outcome = if self.server_seen { Outcome::NoAnswer } else { Outcome::Unknown };
        let open: Vec<Command> = self.open.drain().map(|(_, c)| c).collect();
        for command in open {
            unanswered(cx, &command, outcome);
        }
    }
}

#[derive(PartialEq)]
enum Replied {
    No,
    Yes,
    Secure,
}

impl Smtp {
    fn push(&mut self, cx: &mut Cx<'_>, verb: Verb, argument: String, message: bool) {
        let message = message.then(|| {
            let header = std::mem::take(&mut self.header);
            if !header.agent.is_empty() {
                cx.fact(Side::Client, "client", &header.agent, "X-Mailer");
            }
            Box::new((std::mem::take(&mut self.envelope), header))
        });
        let command = Command { verb, argument, asked: cx.at(), message };
        if let Some((_, lost)) = self.open.push((), command) {
            unanswered(cx, &lost, Outcome::Unknown);
        }
    }

    fn client(&mut self, cx: &mut Cx<'_>, line: &[u8]) -> bool {
        if let Some(sasl) = &mut self.sasl {
            if line != b"*" {
                sasl.line(cx, line);
            }
            return true;
        }
        let (word, argument) = lines::word(line);
        let Some(verb) = Verb::find(word).filter(|v| *v != Verb::Message) else { return line.is_empty() };
        let text = clean(argument, MAX_TEXT);
        match verb {
            Verb::Auth => {
                let (name, first) = lines::word(argument);
                let mut sasl = Sasl::start(name);
                if !first.is_empty() {
                    sasl.line(cx, first);
                }
                self.sasl = Some(sasl);
            }
            Verb::Mail => self.envelope = Envelope { from: Some(path(&text).to_owned()), to: Vec::new() },
            Verb::Rcpt => self.envelope.add(path(&text)),
            Verb::Rset => self.envelope = Envelope::default(),
            Verb::Data => {
                self.body = Body::Lines;
                self.header = Header::default();
            }
            Verb::Bdat => {
                let mut words = text.split_whitespace();
                let left = words.next().and_then(|n| n.parse::<u64>().ok()).filter(|n| *n < 1 << 40);
                let last = words.next().is_some_and(|w| w.eq_ignore_ascii_case("last"));
                let Some(left) = left else {
                    self.push(cx, verb, text, false);
                    return true;
                };
                self.body = if left > 0 { Body::Chunk { left, last } } else { Body::None };
                if left == 0 || !last {
                    self.push(cx, verb, text, last);
                }
                return true;
            }
            _ => {}
        }
        if verb.greets() && (lines::is_hostname(&text) || is_name(&text)) {
            cx.fact(Side::Client, "hostname", &text, verb.name());
        }
        self.push(cx, verb, text, false);
        true
    }

    /// Bytes of a message.
    fn message(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Step {
        if let Body::Chunk { left, last } = self.body {
            return self.chunk(cx, data, left, last);
        }
        if self.header.over
            && let Some(n) = passed_over(data)
        {
            return Step::Used(n);
        }
        match self.lines.next(cx, data) {
            Line::Need => Step::Need,
            Line::Rest(n) => Step::Used(n),
            Line::Whole(b".", used) => {
                self.body = Body::None;
                self.push(cx, Verb::Message, String::new(), true);
                Step::Used(used)
            }
            Line::Whole(line, used) => {
                if !self.header.over {
                    self.header.line(line);
                }
                Step::Used(used)
            }
        }
    }

    fn chunk(&mut self, cx: &mut Cx<'_>, data: &[u8], left: u64, last: bool) -> Step {
        let here = data.get(..data.len().min(left.min(1 << 30) as usize)).unwrap_or(data);
        let used = match memchr::memchr(b'\n', here) {
            _ if self.header.over => here.len(),
            Some(at) => {
                let line = here.get(..at).unwrap_or_default();
                self.header.line(line.strip_suffix(b"\r").unwrap_or(line));
                at + 1
            }
            None if (here.len() as u64) < left && here.len() < lines::MAX_LINE => return Step::Need,
            None => here.len(),
        };
        let left = left.saturating_sub(used as u64);
        self.body = if left > 0 { Body::Chunk { left, last } } else { Body::None };
        if left == 0 && last {
            self.push(cx, Verb::Bdat, "LAST".to_owned(), true);
        }
        Step::Used(used)
    }

    fn server(&mut self, cx: &mut Cx<'_>, line: &[u8]) -> Replied {
        self.server_seen = true;
        let Some((code, last)) = reply(line) else { return Replied::No };
        let text = clean(line.get(4..).unwrap_or_default(), MAX_TEXT);
        if self.text.len() < MAX_TEXT && !text.is_empty() {
            if !self.text.is_empty() {
                self.text.push(' ');
            }
            self.text.push_str(&text);
        }
        if !last {
            return Replied::Yes;
        }
        let text = std::mem::take(&mut self.text);
        if std::mem::take(&mut self.recount) {
            self.settle_lost(cx);
        }
        if code == 334 {
            if let Some(sasl) = &mut self.sasl {
                sasl.line(cx, line.get(4..).unwrap_or_default());
            }
            return Replied::Yes;
        }
        if matches!(code, 220 | 421 | 554) && !self.greeted && self.open.is_empty() {
            self.greeted = true;
            greeting(cx, code, &text);
            return Replied::Yes;
        }
        self.greeted = true;
        let Some(command) = self.open.take(&()) else { return Replied::Yes };
        self.answered(cx, &command, code, &text);
        let secure = matches!(command.verb, Verb::StartTls | Verb::AnonymousTls) && code == 220;
        if secure { Replied::Secure } else { Replied::Yes }
    }

    /// Behind a loss a reply is for the last command sent before it.
    fn settle_lost(&mut self, cx: &mut Cx<'_>) {
        let now = cx.at();
        let open: Vec<Command> = self.open.drain().map(|(_, c)| c).collect();
        let before = open.iter().take_while(|c| c.asked <= now).count();
        for (n, command) in open.into_iter().enumerate() {
            if n + 1 < before {
                unanswered(cx, &command, Outcome::Unknown);
            } else {
                self.open.push((), command);
            }
        }
    }

    fn answered(&mut self, cx: &mut Cx<'_>, command: &Command, code: u16, text: &str) {
        match command.verb {
            Verb::Auth => {
                let outcome = match code {
                    235 => LoginOutcome::Success,
                    // 503: already logged in, which says nothing of this one
                    421 | 432 | 454 | 503 => LoginOutcome::Unknown,
                    400.. => LoginOutcome::Failure,
                    _ => LoginOutcome::Unknown,
                };
                if let Some(sasl) = self.sasl.take() {
                    sasl.finish(cx, outcome);
                }
            }
            Verb::Data if code >= 400 => self.body = Body::None,
            Verb::Rcpt if code >= 400 => self.envelope.refuse(path(&command.argument)),
            verb if verb.greets() && code == 250 => {
                let host = text.split_whitespace().next().unwrap_or_default();
                if lines::is_hostname(host) {
                    cx.fact(Side::Server, "hostname", host, "250 reply");
                }
            }
            _ => {}
        }
        let outcome = if code < 400 { Outcome::Accepted } else { Outcome::Refused };
        if command.message.is_some() {
            return operation(cx, command, outcome, Some((code, text)));
        }
        event(cx, command, Some((code, text)));
    }
}

/// A single label, as machines in a plant call themselves.
fn is_name(text: &str) -> bool {
    (2..=63).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
        && text.bytes().any(|b| b.is_ascii_alphabetic())
        && !text.eq_ignore_ascii_case("localhost")
}

/// Bytes of a message's text up to the line that may end it.
fn passed_over(data: &[u8]) -> Option<usize> {
    if data.starts_with(b".\r\n") || data.starts_with(b".\n") {
        return None;
    }
    let end = memchr::memmem::find(data, b"\n.\r\n").or_else(|| memchr::memmem::find(data, b"\n.\n"));
    match end {
        Some(at) => Some(at + 1),
        None => memchr::memrchr(b'\n', data).map(|at| at + 1),
    }
}

fn greeting(cx: &mut Cx<'_>, code: u16, text: &str) {
    cx.fact(Side::Server, "banner", text, "220 reply");
    let host = text.split_whitespace().next().unwrap_or_default();
    if lines::is_hostname(host) {
        cx.fact(Side::Server, "hostname", host, "220 reply");
    }
    if let Some((name, version)) = lines::product(text, SERVERS) {
        cx.service_info("product", name);
        if !version.is_empty() {
            cx.service_info("version", version);
        }
    }
    if cx.wants_events() {
        let fields = vec![("smtp.reply_code", Val::from(code)), ("smtp.reply_text", Val::from(text))];
        cx.event("greeting", "start", fields);
    }
}

fn unanswered(cx: &mut Cx<'_>, command: &Command, outcome: Outcome) {
    if command.message.is_some() {
        return operation(cx, command, outcome, None);
    }
    event(cx, command, None);
}

fn operation(cx: &mut Cx<'_>, command: &Command, outcome: Outcome, reply: Option<(u16, &str)>) {
    let Some((envelope, header)) = command.message.as_deref() else { return };
    let mut fields = Vec::new();
    let mut put = |name: &'static str, value: &str| {
        if !value.is_empty() {
            fields.push((name, Val::from(value)));
        }
    };
    put("smtp.mail_from", envelope.from.as_deref().unwrap_or_default());
    put("smtp.from", &header.from);
    put("smtp.to", &header.to);
    put("smtp.subject", &header.subject);
    put("smtp.message_id", &header.message_id);
    put("smtp.user_agent", &header.agent);
    if !envelope.to.is_empty() {
        let to: Vec<Val> = envelope.to.iter().map(|t| Val::from(t.as_str())).collect();
        fields.push(("smtp.rcpt_to", Val::from(to)));
    }
    if let Some((code, text)) = reply {
        fields.push(("smtp.reply_code", Val::from(code)));
        fields.push(("smtp.reply_text", Val::from(text)));
    }
    let mut op = Op::new(Action::FileWrite, "send_message").outcome(outcome).asked(command.asked);
    if let Some(to) = envelope.to.first() {
        op = op.target(to);
    }
    if let Some(from) = &envelope.from {
        op = op.detail("from", from.as_str());
    }
    if let Some((code, text)) = reply
        && outcome == Outcome::Refused
    {
        op = op.exception(code, text);
    }
    cx.op(op.fields(fields));
}

fn event(cx: &mut Cx<'_>, command: &Command, reply: Option<(u16, &str)>) {
    if !cx.wants_events() {
        return;
    }
    let mut fields = vec![("smtp.command", Val::Static(command.verb.name()))];
    if !command.argument.is_empty() {
        let secret = command.verb == Verb::Auth;
        let shown = if secret { command.argument.split(' ').next() } else { Some(command.argument.as_str()) };
        fields.push(("smtp.argument", Val::from(shown.unwrap_or_default())));
    }
    let Some((code, text)) = reply else {
        return cx.unanswered(command.asked, "command", "info", fields);
    };
    fields.push(("smtp.reply_code", Val::from(code)));
    fields.push(("smtp.reply_text", Val::from(text)));
    fields.push(("event.outcome", Val::Static(if code < 400 { "success" } else { "failure" })));
    cx.transaction("command", "info", fields);
}
