//! Internet Relay Chat (RFC 1459, 2812; IRCv3 capabilities).
//!
//! PASS, OPER, AUTHENTICATE and what is told to NickServ are credentials; what operators do and files
//! that are offered are operations. Botnets of devices still use it.

#[cfg(test)]
mod tests;

use crate::cx::Cx;
use crate::model::*;
use crate::probe::*;
use crate::protocols::lines::{self, Line, Lines, clean, is_text};
use crate::protocols::sasl::Sasl;

const PORTS: [u16; 5] = [6667, 6666, 6668, 6669, 7000];

pub static SPEC: Spec = Spec {
    name: "irc",
    title: "Internet Relay Chat",
    industrial: false,
    transports: &[Transport::Tcp],
    ports: &PORTS,
    ethertypes: &[],
    rank: 62,
    identify,
    open: || Box::new(Irc::default()),
    pdus: false,
    facts: &["id:irc", "hostname", "client"],
    credentials: &["password", "hash", "user"],
    operations: &["oper", "kill", "kick", "mode", "topic", "dcc_send"],
    source: "RFC 1459, 2812; IRCv3 SASL and STARTTLS; DCC as clients have it",
    level: 5,
    proofs: &["zeek/irc-more-commands.pcap", "zeek/tls/irc-starttls.pcap"],
};

/// Longest text kept in a finding, in characters.
const MAX_TEXT: usize = 400;
/// Parameters of a message (RFC 2812, 2.3.1).
const MAX_PARAMETERS: usize = 15;

/// A message: who sent it, command, parameters.
struct Message<'a> {
    prefix: &'a [u8],
    command: &'a [u8],
    parameters: Vec<&'a [u8]>,
}

fn parse(line: &[u8]) -> Option<Message<'_>> {
    let mut rest = line;
    // tags of IRCv3
    if rest.first() == Some(&b'@') {
        rest = lines::word(rest).1;
    }
    let mut prefix: &[u8] = &[];
    if let Some(named) = rest.strip_prefix(b":") {
        (prefix, rest) = lines::word(named);
    }
    let (command, mut rest) = lines::word(rest.trim_ascii_start());
    let letters = (2..=12).contains(&command.len()) && command.iter().all(u8::is_ascii_alphabetic);
    let numeric = command.len() == 3 && command.iter().all(u8::is_ascii_digit);
    if !letters && !numeric {
        return None;
    }
    let mut parameters = Vec::new();
    while !rest.is_empty() && parameters.len() < MAX_PARAMETERS {
        if let Some(last) = rest.strip_prefix(b":") {
            parameters.push(last);
            break;
        }
        let (word, next) = lines::word(rest);
        if !word.is_empty() {
            parameters.push(word);
        }
        rest = next;
    }
    Some(Message { prefix, command, parameters })
}

fn is_nick(nick: &[u8]) -> bool {
    (1..=32).contains(&nick.len())
        && nick.iter().all(|b| b.is_ascii_alphanumeric() || b"[]\\`_^{|}-~".contains(b))
}

/// What one whole line says.
fn judge(line: &[u8]) -> Verdict {
    let Some(message) = parse(line) else { return Verdict::No };
    let numeric = message.command.iter().all(u8::is_ascii_digit);
    let parameter = |n: usize| message.parameters.get(n).copied().unwrap_or_default();
    if !message.prefix.is_empty() {
        let known = [&b"NOTICE"[..], b"PRIVMSG", b"JOIN", b"MODE", b"PART", b"QUIT", b"CAP", b"NICK", b"TOPIC"];
        let server = message.prefix.contains(&b'.') && is_text(message.prefix);
        let named = numeric && message.parameters.len() >= if server { 1 } else { 2 }
            || known.contains(&message.command) && !message.parameters.is_empty();
        return if named { Verdict::Strong(Role::Server) } else { Verdict::No };
    }
    match message.command.to_ascii_uppercase().as_slice() {
        b"NOTICE" if parameter(0).eq_ignore_ascii_case(b"AUTH") || parameter(0) == b"*" => {
            Verdict::Strong(Role::Server)
        }
        b"USER" if message.parameters.len() == 4 => Verdict::Strong(Role::Client),
        b"NICK" if is_nick(parameter(0)) && message.parameters.len() == 1 => Verdict::Strong(Role::Client),
        b"CAP" if matches!(parameter(0), b"LS" | b"REQ" | b"END") => Verdict::Strong(Role::Client),
        b"JOIN" if matches!(parameter(0).first(), Some(b'#' | b'&')) => Verdict::Strong(Role::Client),
        b"PASS" if message.parameters.len() == 1 => Verdict::Weak(Role::Client),
        b"PING" | b"PONG" if !message.parameters.is_empty() => Verdict::Weak(Role::Unknown),
        _ => Verdict::No,
    }
}

fn identify(hint: &Hint, data: &[u8]) -> Verdict {
    let Some(first) = data.first() else { return Verdict::Need };
    if !matches!(first, b':' | b'@' | b'A'..=b'Z' | b'a'..=b'z') {
        return Verdict::No;
    }
    let mut found = Verdict::No;
    let mut rest = data;
    // a password may stand before the name
    for _ in 0..3 {
        let Some(end) = memchr::memchr(b'\n', rest) else {
            let open = found == Verdict::No && rest.len() == data.len() && rest.len() < 512 && is_text(rest.strip_suffix(b"\r").unwrap_or(rest));
            return match found {
                Verdict::No if open && begins(rest) => Verdict::Need,
                Verdict::Weak(_) if !PORTS.iter().any(|p| hint.port(*p)) && data.len() < 512 => Verdict::Need,
                found => found,
            };
        };
        let line = rest.get(..end).unwrap_or_default();
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        match judge(line) {
            Verdict::No => return Verdict::No,
            Verdict::Strong(role) => return Verdict::Strong(role),
            weak => found = weak,
        }
        rest = rest.get(end + 1..).unwrap_or_default();
        if rest.is_empty() {
            break;
        }
    }
    found
}

/// A line that has not ended may become one of those that are known.
fn begins(line: &[u8]) -> bool {
    const WORDS: [&[u8]; 9] =
        [b"NOTICE ", b"USER ", b"NICK ", b"CAP ", b"JOIN ", b"PASS ", b"PING ", b"PONG ", b":"];
    WORDS.iter().any(|word| {
        let n = word.len().min(line.len());
        line.get(..n).is_some_and(|l| word.get(..n).is_some_and(|w| l.eq_ignore_ascii_case(w)))
    })
}

/// A password whose fate is not known yet.
struct Open {
    user: String,
    secret: String,
    sent: Stamp,
    mechanism: &'static str,
}

/// An operation that waits for a word against it.
struct Deed {
    action: Action,
    name: &'static str,
    target: String,
    command: String,
    asked: Stamp,
}

/// One connection.
#[derive(Default)]
pub struct Irc {
    lines: Lines,
    nick: String,
    pass: Option<Open>,
    oper: Option<Open>,
    services: Option<Open>,
    sasl: Option<Sasl>,
    deed: Option<Deed>,
    welcomed: bool,
}

impl Probe for Irc {
    fn stream(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Step {
        let (line, used) = match self.lines.next(cx, data) {
            Line::Need => return Step::Need,
            Line::Rest(n) => return Step::Used(n),
            Line::Whole(line, used) => (line, used),
        };
        if line.trim_ascii().is_empty() {
            return Step::Used(used);
        }
        let Some(message) = parse(line) else {
            if used == data.len() {
                return Step::Bad;
            }
            cx.malformed();
            return Step::Used(used);
        };
        match cx.from() {
            Side::Client => self.client(cx, &message),
            Side::Server => {
                if self.server(cx, &message) {
                    return Step::Become { name: "tls", used };
                }
            }
        }
        Step::Used(used)
    }

    fn gap(&mut self, cx: &mut Cx<'_>, from: Side, _missing: u64) {
        self.lines.gap(from);
        if let Some(sasl) = self.sasl.take() {
            sasl.finish(cx, LoginOutcome::Unknown);
        }
    }

    fn end(&mut self, cx: &mut Cx<'_>) {
        if let Some(sasl) = self.sasl.take() {
            sasl.finish(cx, LoginOutcome::Unknown);
        }
        for open in [self.pass.take(), self.oper.take(), self.services.take()].into_iter().flatten() {
            self.told(cx, &open, LoginOutcome::Unknown);
        }
        self.done(cx, Outcome::Unknown);
    }
}

impl Irc {
    fn client(&mut self, cx: &mut Cx<'_>, message: &Message<'_>) {
        let get = |n: usize| clean(message.parameters.get(n).copied().unwrap_or_default(), MAX_TEXT);
        let command = String::from_utf8_lossy(message.command).to_ascii_uppercase();
        let sent = cx.at();
        match command.as_str() {
            "NICK" => {
                self.nick = get(0);
                if is_nick(self.nick.as_bytes()) {
                    cx.fact(Side::Client, "id:irc", &self.nick, "NICK");
                }
            }
            "PASS" => {
                let open = Open { user: String::new(), secret: get(0), sent, mechanism: "PASS" };
                if let Some(old) = self.pass.replace(open) {
                    self.told(cx, &old, LoginOutcome::Unknown);
                }
            }
            "OPER" => {
                let open = Open { user: get(0), secret: get(1), sent, mechanism: "OPER" };
                if let Some(old) = self.oper.replace(open) {
                    self.told(cx, &old, LoginOutcome::Unknown);
                }
                self.begin(cx, Action::Authenticate, "oper", get(0), &command);
            }
            "AUTHENTICATE" => {
                let what = message.parameters.first().copied().unwrap_or_default();
                match &mut self.sasl {
                    Some(sasl) if what == b"+" => sasl.message(cx, &[]),
                    Some(sasl) if what != b"*" => sasl.line(cx, what),
                    Some(_) => {}
                    None => self.sasl = Some(Sasl::start(what)),
                }
                return;
            }
            "PRIVMSG" | "NOTICE" => self.said(cx, &get(0), &get(1)),
            "NICKSERV" | "NS" => {
                let words: Vec<String> = (0..message.parameters.len()).map(get).collect();
                self.services(cx, &words.join(" "));
            }
            "KILL" => self.begin(cx, Action::Stop, "kill", get(0), &command),
            "KICK" => self.begin(cx, Action::Stop, "kick", format!("{} {}", get(0), get(1)), &command),
            "MODE" if message.parameters.len() > 1 => {
                self.begin(cx, Action::Configure, "mode", format!("{} {}", get(0), get(1)), &command);
            }
            "TOPIC" if message.parameters.len() > 1 => {
                self.begin(cx, Action::Configure, "topic", get(0), &command);
            }
            _ => {}
        }
        event(cx, &command, message, matches!(command.as_str(), "PASS" | "OPER" | "NS" | "NICKSERV"));
    }

    /// A message to somebody: a log-in at the services, a file that is offered.
    fn said(&mut self, cx: &mut Cx<'_>, to: &str, text: &str) {
        let services = to.split('@').next().unwrap_or(to);
        if services.eq_ignore_ascii_case("nickserv") {
            self.services(cx, text);
        } else if let Some(offer) = text.strip_prefix("DCC SEND ").or(text.strip_prefix("\x01DCC SEND ")) {
            let file = offer.split_whitespace().next().unwrap_or_default();
            let op = Op::new(Action::FileWrite, "dcc_send").target(file).detail("to", to);
            cx.op(op);
        } else if let Some(version) = text.strip_prefix("VERSION ").filter(|_| to != self.nick) {
            cx.fact(Side::Client, "client", version, "CTCP VERSION");
        }
    }

    /// `IDENTIFY [account] password`.
    fn services(&mut self, cx: &mut Cx<'_>, text: &str) {
        let words: Vec<&str> = text.split_whitespace().collect();
        let (user, secret) = match words.as_slice() {
            [verb, secret] if is_identify(verb) => (self.nick.clone(), *secret),
            [verb, user, secret] if is_identify(verb) => ((*user).to_owned(), *secret),
            _ => return,
        };
        let open = Open { user, secret: secret.to_owned(), sent: cx.at(), mechanism: "NickServ" };
        if let Some(old) = self.services.replace(open) {
            self.told(cx, &old, LoginOutcome::Unknown);
        }
    }

    /// Takes a message of the server; true if TLS begins behind it.
    fn server(&mut self, cx: &mut Cx<'_>, message: &Message<'_>) -> bool {
        let get = |n: usize| clean(message.parameters.get(n).copied().unwrap_or_default(), MAX_TEXT);
        let command = String::from_utf8_lossy(message.command).to_ascii_uppercase();
        match command.as_str() {
            "001" => {
                self.welcomed = true;
                let name = clean(message.prefix, MAX_TEXT);
                if lines::is_hostname(&name) {
                    cx.fact(Side::Server, "hostname", &name, "RPL_WELCOME");
                }
                self.settle_pass(cx, LoginOutcome::Success);
            }
            "004" => {
                let version = get(2);
                if !version.is_empty() {
                    cx.service_info("product", version);
                }
            }
            "464" if self.oper.is_none() => self.settle_pass(cx, LoginOutcome::Failure),
            "381" => {
                self.settle_oper(cx, LoginOutcome::Success);
                self.done(cx, Outcome::Accepted);
            }
            "464" | "491" => {
                self.settle_oper(cx, LoginOutcome::Failure);
                self.done(cx, Outcome::Refused);
            }
            "670" => return true,
            "900" | "903" | "904" | "905" | "906" => {
                let outcome = match command.as_str() {
                    "900" | "903" => LoginOutcome::Success,
                    "904" => LoginOutcome::Failure,
                    _ => LoginOutcome::Unknown,
                };
                if let Some(sasl) = self.sasl.take() {
                    sasl.finish(cx, outcome);
                }
            }
            "AUTHENTICATE" => {
                let what = message.parameters.first().copied().unwrap_or_default();
                if let Some(sasl) = self.sasl.as_mut().filter(|_| what != b"+") {
                    sasl.line(cx, what);
                }
            }
            // errors that answer a command (RFC 2812, 5.2)
            "401" | "403" | "421" | "441" | "442" | "461" | "472" | "481" | "482" | "483" | "501" | "502" => {
                self.done(cx, Outcome::Refused);
            }
            "NOTICE" if message.prefix.get(..8).is_some_and(|p| p.eq_ignore_ascii_case(b"nickserv")) => {
                let text = get(1).to_ascii_lowercase();
                let outcome = if text.contains("now identified") || text.contains("password accepted") {
                    LoginOutcome::Success
                } else if text.contains("invalid password") || text.contains("incorrect") {
                    LoginOutcome::Failure
                } else {
                    return false;
                };
                if let Some(open) = self.services.take() {
                    self.told(cx, &open, outcome);
                }
            }
            _ if self.deed.as_ref().is_some_and(|d| d.command == command) => self.done(cx, Outcome::Accepted),
            _ => {}
        }
        false
    }

    fn settle_pass(&mut self, cx: &mut Cx<'_>, outcome: LoginOutcome) {
        if let Some(open) = self.pass.take() {
            self.told(cx, &open, outcome);
        }
    }

    fn settle_oper(&mut self, cx: &mut Cx<'_>, outcome: LoginOutcome) {
        if let Some(open) = self.oper.take() {
            self.told(cx, &open, outcome);
        }
    }

    fn told(&self, cx: &mut Cx<'_>, open: &Open, outcome: LoginOutcome) {
        let mut cred = Cred::new(CredKind::Password).cleartext().outcome(outcome).sent(open.sent);
        let user = if open.user.is_empty() { &self.nick } else { &open.user };
        if !user.is_empty() {
            cred = cred.username(user);
        }
        cx.credential(cred.secret(&open.secret).detail("mechanism", open.mechanism));
    }

    fn begin(&mut self, cx: &mut Cx<'_>, action: Action, name: &'static str, target: String, command: &str) {
        self.done(cx, Outcome::Unknown);
        self.deed = Some(Deed { action, name, target, command: command.to_owned(), asked: cx.at() });
    }

    fn done(&mut self, cx: &mut Cx<'_>, outcome: Outcome) {
        let Some(deed) = self.deed.take() else { return };
        let op = Op::new(deed.action, deed.name).category(Category::Administration).target(&deed.target);
        cx.op(op.outcome(outcome).asked(deed.asked));
    }
}

fn is_identify(verb: &str) -> bool {
    verb.eq_ignore_ascii_case("identify") || verb.eq_ignore_ascii_case("id")
}

fn event(cx: &mut Cx<'_>, command: &str, message: &Message<'_>, secret: bool) {
    if !cx.wants_events() || matches!(command, "PING" | "PONG") {
        return;
    }
    let mut fields = vec![("irc.command", Val::from(command))];
    let services = message.parameters.first().is_some_and(|p| p.to_ascii_lowercase().starts_with(b"nickserv"));
    if !secret && !services {
        let parts: Vec<String> = message.parameters.iter().map(|p| clean(p, MAX_TEXT)).collect();
        fields.push(("irc.parameters", Val::from(clean(parts.join(" ").as_bytes(), MAX_TEXT))));
    }
    cx.event("command", "info", fields);
}
