//! Telnet (RFC 854) and what is typed in it: log-ins put together from single keys.
//!
//! The options are taken out of the data, prompts are known by the line the cursor stands on, and
//! what is typed at them is edited as a terminal would. Authentication by NTLM runs in option 37.

mod options;
mod screen;
#[cfg(test)]
mod tests;

use crate::cx::Cx;
use crate::model::*;
use crate::probe::*;
use crate::protocols::ntlm;
use options::{Item, Machine};
use screen::{Keyboard, Prompt, Screen};
use std::collections::VecDeque;

pub static SPEC: Spec = Spec {
    name: "telnet",
    title: "Telnet",
    industrial: false,
    transports: &[Transport::Tcp],
    ports: &[23, 2323],
    ethertypes: &[],
    rank: 70,
    identify,
    open: || Box::new(Telnet::default()),
    pdus: false,
    facts: &["banner", "hostname", "terminal", "display", "os", "domain"],
    credentials: &["password", "hash", "user"],
    operations: &[],
    source: "RFC 854, 855, 857, 1091, 1572, 2941; MS-TNAP",
    level: 5,
    proofs: &["suricata-verify/telnet"],
};

/// Lines typed ahead of their prompt that are kept.
const MAX_AHEAD: usize = 4;
/// Lines of output before the first prompt that are kept as the banner.
const MAX_BANNER: usize = 8;
/// Lines of output after a password by which its fate must be clear.
const MAX_VERDICT: u32 = 24;

fn identify(hint: &Hint, data: &[u8]) -> Verdict {
    let role = if hint.dst_port == 23 {
        Role::Client
    } else if hint.src_port == 23 {
        Role::Server
    } else {
        Role::Unknown
    };
    if data.first() == Some(&options::IAC) {
        return match options::leading(data) {
            (2.., _) => Verdict::Strong(role),
            (_, true) if data.len() < 64 => Verdict::Need,
            (1, _) => Verdict::Weak(role),
            _ => Verdict::No,
        };
    }
    // devices without options: only a prompt on the port
    if hint.src_port == 23 && data.iter().all(|b| (7..=13).contains(b) || *b == 27 || *b >= b' ') {
        let mut screen = Screen::default();
        screen.feed(data.get(..data.len().min(2048)).unwrap_or_default());
        return match screen::prompt(screen.current()) {
            Some(Prompt::User | Prompt::Password) => Verdict::Weak(Role::Server),
            _ if data.len() < 2048 => Verdict::Need,
            _ => Verdict::No,
        };
    }
    Verdict::No
}

/// What is being waited for.
#[derive(Debug, Default, PartialEq)]
enum Waiting {
    /// Nothing asked yet.
    #[default]
    Start,
    User,
    /// A name was given: is a password wanted?
    Named,
    Password,
    /// A password was given: what does the server say?
    Answer,
    /// Logged in (or never asked).
    Session,
}

#[derive(Debug)]
struct Attempt {
    user: Option<String>,
    secret: String,
    sent: Stamp,
    lines: u32,
    refused: bool,
}

/// One session.
#[derive(Default)]
pub struct Telnet {
    client: Machine,
    server: Machine,
    screen: Screen,
    keyboard: Keyboard,
    waiting: Waiting,
    user: Option<String>,
    /// When the name was entered.
    named: Stamp,
    attempt: Option<Attempt>,
    /// Lines typed before they were asked for.
    ahead: VecDeque<(String, Stamp)>,
    banner: Vec<String>,
    ntlm: ntlm::Session,
    ntlm_login: Option<Box<ntlm::Login>>,
    /// The last command of the session, for what a password prompt behind it asks.
    last: String,
}

impl Probe for Telnet {
    fn stream(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Step {
        let from = cx.from();
        let items = match from {
            Side::Client => self.client.feed(data),
            Side::Server => self.server.feed(data),
        };
        for item in items {
            match (item, from) {
                (Item::Data(bytes), Side::Client) => self.typed(cx, &bytes),
                (Item::Data(bytes), Side::Server) => self.shown(cx, &bytes),
                (Item::Sub(option, parameters), _) => self.option(cx, from, option, &parameters),
                _ => {}
            }
        }
        if from == Side::Server {
            self.settled(cx);
        }
        Step::Used(data.len())
    }

    fn gap(&mut self, _cx: &mut Cx<'_>, from: Side, _missing: u64) {
        match from {
            Side::Client => {
                self.client.reset();
                self.keyboard.clear();
                self.ahead.clear();
            }
            Side::Server => {
                self.server.reset();
                self.screen.clear();
                self.ntlm.gap();
            }
        }
    }

    fn end(&mut self, cx: &mut Cx<'_>) {
        self.ntlm_result(cx, LoginOutcome::Unknown);
        self.conclude(cx, LoginOutcome::Unknown);
    }
}

impl Telnet {
    fn shown(&mut self, cx: &mut Cx<'_>, bytes: &[u8]) {
        for line in self.screen.feed(bytes) {
            match self.waiting {
                Waiting::Start if self.banner.len() < MAX_BANNER => self.banner.push(line),
                Waiting::Answer => self.judge(cx, &line),
                Waiting::Named if screen::refuses(&line) => self.waiting = Waiting::Start,
                Waiting::Named if screen::welcomes(&line) => self.no_password(cx),
                _ => {}
            }
        }
    }

    /// The server's segment is over: does the cursor stand behind a prompt?
    fn settled(&mut self, cx: &mut Cx<'_>) {
        // while a line is being typed, its echo stands there too
        if self.keyboard.is_typing() && self.waiting != Waiting::Answer {
            return;
        }
        let found = screen::prompt(self.screen.current());
        match (found, &self.waiting) {
            (Some(Prompt::User), _) => self.asks_user(cx),
            (Some(Prompt::Password), Waiting::Password) => {}
            (Some(Prompt::Password), _) => self.asks_password(cx),
            (Some(Prompt::Shell), Waiting::Answer) => {
                let refused = self.attempt.as_ref().is_some_and(|a| a.refused);
                let outcome = if refused { LoginOutcome::Failure } else { LoginOutcome::Success };
                self.conclude(cx, outcome);
                self.waiting = Waiting::Session;
            }
            (Some(Prompt::Shell), Waiting::Start) => {
                self.banner_fact(cx);
                self.waiting = Waiting::Session;
            }
            (Some(Prompt::Shell), Waiting::Named) => self.no_password(cx),
            _ => {}
        }
        self.take_ahead(cx);
    }

    fn asks_user(&mut self, cx: &mut Cx<'_>) {
        if self.waiting == Waiting::Answer {
            self.conclude(cx, LoginOutcome::Failure);
        }
        self.banner_fact(cx);
        if let Some(host) = hostname(self.screen.current()) {
            cx.fact(Side::Server, "hostname", host, "login prompt");
        }
        if self.waiting != Waiting::User {
            self.user = None;
        }
        self.waiting = Waiting::User;
    }

    fn asks_password(&mut self, cx: &mut Cx<'_>) {
        if self.waiting == Waiting::Answer {
            self.conclude(cx, LoginOutcome::Failure);
        }
        let asked = screen::asked_user(self.screen.current());
        if self.waiting == Waiting::Session {
            // more rights are wanted: whose?
            self.user = asked.or_else(|| substitute(&self.last));
        } else if asked.is_some() {
            self.user = asked;
        }
        self.banner_fact(cx);
        self.waiting = Waiting::Password;
    }

    /// Lines that were typed before the prompt they answer.
    fn take_ahead(&mut self, cx: &mut Cx<'_>) {
        if matches!(self.waiting, Waiting::User | Waiting::Password)
            && let Some((line, sent)) = self.ahead.pop_front()
        {
            self.entered(cx, line, sent);
        }
    }

    fn typed(&mut self, cx: &mut Cx<'_>, bytes: &[u8]) {
        for line in self.keyboard.feed(bytes) {
            match line {
                None => {
                    self.ahead.clear();
                    if matches!(self.waiting, Waiting::Password | Waiting::Named) {
                        self.waiting = Waiting::Start;
                    }
                }
                Some(line) => self.entered(cx, line, cx.at()),
            }
        }
    }

    fn entered(&mut self, cx: &mut Cx<'_>, line: String, sent: Stamp) {
        match self.waiting {
            Waiting::User => {
                let user = line.trim();
                if user.is_empty() {
                    return;
                }
                self.user = Some(user.to_owned());
                self.named = sent;
                self.screen.clear();
                self.waiting = Waiting::Named;
            }
            Waiting::Password => {
                let user = self.user.clone();
                self.attempt = Some(Attempt { user, secret: line, sent, lines: 0, refused: false });
                self.screen.clear();
                self.waiting = Waiting::Answer;
            }
            Waiting::Start | Waiting::Named | Waiting::Answer => {
                if self.ahead.len() < MAX_AHEAD && !line.is_empty() {
                    self.ahead.push_back((line, sent));
                }
            }
            Waiting::Session => self.command(cx, &line),
        }
    }

    /// A command line of a session, told only if the server showed it.
    fn command(&mut self, cx: &mut Cx<'_>, line: &str) {
        let line = line.trim();
        let echoed = !line.is_empty() && self.screen.current().trim_end().ends_with(line);
        self.last.clear();
        self.last.push_str(line);
        if echoed && cx.wants_events() {
            cx.transaction("command", "info", vec![("telnet.command", Val::from(line))]);
        }
    }

    /// A line of output after a password.
    fn judge(&mut self, cx: &mut Cx<'_>, line: &str) {
        let Some(attempt) = &mut self.attempt else { return };
        attempt.lines += 1;
        if screen::refuses(line) {
            attempt.refused = true;
            self.conclude(cx, LoginOutcome::Failure);
            self.waiting = Waiting::Start;
        } else if screen::welcomes(line) {
            self.conclude(cx, LoginOutcome::Success);
            self.waiting = Waiting::Session;
        } else if attempt.lines >= MAX_VERDICT {
            // so much is shown only to one who is in, but nothing says so
            self.conclude(cx, LoginOutcome::Unknown);
            self.waiting = Waiting::Session;
        }
    }

    fn conclude(&mut self, cx: &mut Cx<'_>, outcome: LoginOutcome) {
        let Some(a) = self.attempt.take() else { return };
        self.ahead.clear();
        let mut cred = Cred::new(CredKind::Password).cleartext().outcome(outcome).sent(a.sent);
        match &a.user {
            Some(user) => cred = cred.username(user),
            // Enter at a password prompt without a name gives nothing away
            None if a.secret.is_empty() => return,
            None => {}
        }
        cx.credential(cred.secret(&a.secret));
    }

    /// The name was enough.
    fn no_password(&mut self, cx: &mut Cx<'_>) {
        self.waiting = Waiting::Session;
        self.ahead.clear();
        if let Some(user) = self.user.take() {
            let cred = Cred::new(CredKind::User).username(&user).outcome(LoginOutcome::Success);
            cx.credential(cred.sent(self.named));
        }
    }

    fn banner_fact(&mut self, cx: &mut Cx<'_>) {
        let banner = std::mem::take(&mut self.banner).join(" | ");
        if !banner.is_empty() {
            cx.fact(Side::Server, "banner", &banner, "output before the login prompt");
        }
    }

    fn option(&mut self, cx: &mut Cx<'_>, from: Side, option: u8, parameters: &[u8]) {
        match (option, from) {
            (options::TERMINAL_TYPE | options::X_DISPLAY, Side::Client) => {
                let Some((0, name)) = parameters.split_first() else { return };
                let (fact, field) = match option {
                    options::X_DISPLAY => ("display", "X-DISPLAY-LOCATION IS"),
                    _ => ("terminal", "TERMINAL-TYPE IS"),
                };
                cx.fact(Side::Client, fact, &String::from_utf8_lossy(name), field);
            }
            (options::NEW_ENVIRON, Side::Client) => {
                for (name, value) in options::environment(parameters) {
                    if name == "USER" && !value.is_empty() {
                        cx.fact(Side::Client, "user", &value, "NEW-ENVIRON USER");
                    }
                }
            }
            (options::AUTHENTICATION, _) => self.authentication(cx, from, parameters),
            _ => {}
        }
    }

    fn ntlm_result(&mut self, cx: &mut Cx<'_>, outcome: LoginOutcome) {
        if let Some(login) = self.ntlm_login.take() {
            login.report(cx, outcome);
        }
    }

    /// RFC 2941 with type 15, NTLM (MS-TNAP 2.2): IS and REPLY carry the tokens, REPLY the verdict.
    fn authentication(&mut self, cx: &mut Cx<'_>, from: Side, parameters: &[u8]) {
        match parameters {
            [0 | 2, 15, _modifiers, command, rest @ ..] => {
                if ntlm::find(rest).is_some() {
                    if let Some(ntlm::Token::Authenticate(login)) = self.ntlm.token(cx, from, rest) {
                        self.ntlm_result(cx, LoginOutcome::Unknown);
                        self.ntlm_login = login;
                    }
                } else if from == Side::Server {
                    match command {
                        3 => self.ntlm_result(cx, LoginOutcome::Success),
                        4 => self.ntlm_result(cx, LoginOutcome::Failure),
                        _ => {}
                    }
                }
            }
            // NAME: the account the client wants
            [3, name @ ..] if from == Side::Client => {
                cx.fact(Side::Client, "user", &String::from_utf8_lossy(name), "AUTHENTICATION NAME");
            }
            _ => {}
        }
    }
}

/// Whose password `su` asks for.
fn substitute(command: &str) -> Option<String> {
    let mut words = command.split_whitespace();
    if words.next() != Some("su") {
        return None;
    }
    Some(words.find(|w| !w.starts_with('-')).unwrap_or("root").to_owned())
}

/// "NAME login:": the name, if it is one.
fn hostname(line: &str) -> Option<&str> {
    let name = line.trim().strip_suffix(':')?.strip_suffix("login")?.strip_suffix(' ')?.trim();
    let shape = name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'));
    let word = ["please", "enter", "user", "the", "your", "username"].iter().any(|w| name.eq_ignore_ascii_case(w));
    (!name.is_empty() && shape && !word).then_some(name)
}
