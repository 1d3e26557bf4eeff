//! Niagara Fox: the session protocol of Tridium's Niagara framework (building automation).
//!
//! There is no public specification: the framing and the hello were read from captures; what is said
//! after the log-in is named by channel and command, as the messages themselves name it.

mod message;
#[cfg(test)]
mod tests;

use crate::bytes::hex;
use crate::cx::Cx;
use crate::model::*;
use crate::pending::Pending;
use crate::probe::{Hint, Probe, Role, Spec, Step, Verdict};
use message::{Message, Parsed, begins, parse};

pub static SPEC: Spec = Spec {
    name: "fox",
    title: "Niagara Fox",
    industrial: true,
    transports: &[Transport::Tcp],
    ports: &[1911, 3011],
    ethertypes: &[],
    rank: 10,
    identify,
    open: || Box::<Fox>::default(),
    pdus: true,
    facts: &[
        "model",
        "firmware",
        "os",
        "name",
        "hostname",
        "role",
        "brand",
        "application",
        "runtime",
        "vm-version",
        "vm-uuid",
        "fox-version",
        "address",
        "time-zone",
        "id:niagara-host",
    ],
    credentials: &["password", "hash", "user"],
    operations: &["hello", "authenticate", "CHANNEL_COMMAND"],
    source: "captures of Niagara AX stations and workbenches",
    level: 5,
    proofs: &["ics-security-tools/fox"],
};

/// A request is given up after this many microseconds.
const TIMEOUT: i64 = 30_000_000;
/// Different commands of one flow that are named.
const MAX_NAMES: usize = 64;

fn identify(_: &Hint, data: &[u8]) -> Verdict {
    if !begins(data) {
        return Verdict::No;
    }
    match parse(data) {
        Parsed::Message(message, _) if !message.channel.is_empty() => Verdict::Strong(role(&message)),
        Parsed::Message(..) => Verdict::Weak(Role::Unknown),
        // the header line is enough
        Parsed::Need => {
            let line = memchr::memchr(b'\n', data).and_then(|n| data.get(..=n));
            match line.map(|line| [line, &b" "[..]].concat()).as_deref().map(parse) {
                Some(Parsed::Message(message, _)) if !message.channel.is_empty() => {
                    Verdict::Strong(role(&message))
                }
                Some(Parsed::Bad) => Verdict::No,
                _ => Verdict::Need,
            }
        }
        Parsed::Bad => Verdict::No,
    }
}

fn role(message: &Message<'_>) -> Role {
    match (message.channel, message.command) {
        ("fox", "challenge" | "welcome" | "rejected") => Role::Server,
        ("fox", "authenticate" | "login") => Role::Client,
        _ => Role::Unknown,
    }
}

#[derive(Debug)]
struct Request {
    name: Box<str>,
    action: Action,
    by: Side,
    asked: Stamp,
}

/// A log-in that waits for welcome or rejected.
#[derive(Debug)]
struct Login {
    asked: Stamp,
    by: Side,
    user: Option<Box<str>>,
    secret: Option<Box<str>>,
    hashed: bool,
}

/// State of one flow.
#[derive(Default)]
pub struct Fox {
    hello: Option<(Side, Stamp)>,
    greeted: bool,
    method: Option<Box<str>>,
    login: Option<Login>,
    open: Pending<(Side, i64), Request>,
    names: Vec<Box<str>>,
    heard: [bool; 2],
}

impl Probe for Fox {
    fn stream(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Step {
        match parse(data) {
            Parsed::Need => Step::Need,
            Parsed::Bad => match memchr::memmem::find(data.get(1..).unwrap_or_default(), b"\nfox ") {
                Some(at) => {
                    cx.malformed();
                    Step::Used(at + 2)
                }
                None => Step::Bad,
            },
            Parsed::Message(message, used) => {
                if let Some(heard) = self.heard.get_mut(cx.from() as usize) {
                    *heard = true;
                }
                self.message(cx, &message);
                Step::Used(used)
            }
        }
    }

    fn tick(&mut self, cx: &mut Cx<'_>) {
        let now = cx.at().time;
        while let Some((_, request)) = self.open.take_if(|_, r| now.saturating_sub(r.asked.time) > TIMEOUT) {
            self.unanswered(cx, request);
        }
    }

    fn end(&mut self, cx: &mut Cx<'_>) {
        if let Some((by, asked)) = self.hello.take()
            && !self.greeted
        {
            let request = Request { name: "hello".into(), action: Action::Identify, by, asked };
            self.unanswered(cx, request);
        }
        self.finish_login(cx, Outcome::Unknown);
        let open: Vec<_> = self.open.drain().collect();
        for (_, request) in open {
            self.unanswered(cx, request);
        }
    }
}

impl Fox {
    fn message(&mut self, cx: &mut Cx<'_>, m: &Message<'_>) {
        event(cx, m);
        match (m.channel, m.command) {
            ("fox", "hello") => self.hello(cx, m),
            ("fox", "challenge") => self.method = m.text("method").map(Into::into),
            ("fox", "welcome") => self.finish_login(cx, Outcome::Accepted),
            ("fox", "rejected") => self.finish_login(cx, Outcome::Refused),
            ("fox", "authenticate" | "login") => self.log_in(cx, m),
            _ => self.exchange(cx, m),
        }
    }

    fn hello(&mut self, cx: &mut Cx<'_>, m: &Message<'_>) {
        identity(cx, m);
        match self.hello {
            Some((by, asked)) if by != cx.from() && !self.greeted => {
                self.greeted = true;
                let request = Request { name: "hello".into(), action: Action::Identify, by, asked };
                report(cx, request, Outcome::Accepted, None);
            }
            // the side that opens the session speaks first, unless its hello was lost
            None if cx.from() == Side::Client => self.hello = Some((cx.from(), cx.at())),
            _ => {}
        }
    }

    fn log_in(&mut self, cx: &mut Cx<'_>, m: &Message<'_>) {
        let find = |names: &[&str]| names.iter().find_map(|n| m.value(n)).map(|v| v.bytes);
        let user = find(&["username", "userName", "user"]);
        let secret = find(&["password", "credentials", "response", "digest"]);
        let hashed = self.method.as_deref().is_some_and(|method| method != "basic");
        let printable = |bytes: &[u8]| match std::str::from_utf8(bytes) {
            Ok(text) if !text.chars().any(char::is_control) => Box::from(text),
            _ => hex(bytes).into_boxed_str(),
        };
        self.finish_login(cx, Outcome::Unknown);
        self.login = Some(Login {
            asked: cx.at(),
            by: cx.from(),
            user: user.map(printable),
            secret: secret.map(printable),
            hashed,
        });
    }

    fn finish_login(&mut self, cx: &mut Cx<'_>, outcome: Outcome) {
        let Some(login) = self.login.take() else { return };
        let mut op =
            Op::new(Action::Authenticate, "authenticate").outcome(outcome).asked(login.asked).by(login.by);
        op.target = login.user.as_deref();
        if let Some(method) = &self.method {
            op.detail.push(("method", Val::from(&**method)));
        }
        cx.op(op);
        let kind = match (&login.secret, login.hashed) {
            (None, _) => CredKind::User,
            (Some(_), true) => CredKind::Hash,
            (Some(_), false) => CredKind::Password,
        };
        if login.user.is_none() && login.secret.is_none() {
            return;
        }
        let mut cred = Cred::new(kind).sent(login.asked).outcome(LoginOutcome::from(outcome));
        cred.username = login.user.as_deref();
        cred.secret = login.secret.as_deref();
        cred.cleartext = kind == CredKind::Password;
        cx.credential(cred);
    }

    /// Requests (s) and their replies (r, e) on any other channel.
    fn exchange(&mut self, cx: &mut Cx<'_>, m: &Message<'_>) {
        match m.kind {
            b's' | b'a' if !m.channel.is_empty() && !m.command.is_empty() && m.reply_to < 0 => {
                let name = format!("{}_{}", m.channel, m.command).to_ascii_lowercase();
                if !self.names.iter().any(|n| **n == *name) {
                    if self.names.len() >= MAX_NAMES {
                        return cx.dropped("fox_commands");
                    }
                    self.names.push(name.as_str().into());
                }
                let request =
                    Request { name: name.into(), action: action(m.command), by: cx.from(), asked: cx.at() };
                if m.kind == b'a' {
                    return report(cx, request, Outcome::Unknown, None);
                }
                if let Some((_, old)) = self.open.push((cx.from(), m.sequence), request) {
                    self.unanswered(cx, old);
                }
            }
            b'r' | b'e' => {
                let Some(request) = self.open.take(&(cx.from().other(), m.reply_to)) else { return };
                let (outcome, error) = if m.kind == b'e' {
                    (Outcome::Refused, Some((1, "error")))
                } else {
                    (Outcome::Accepted, None)
                };
                report(cx, request, outcome, error);
            }
            _ => {}
        }
    }

    fn unanswered(&mut self, cx: &mut Cx<'_>, request: Request) {
        let heard = self.heard.get(request.by.other() as usize).copied().unwrap_or(false);
        report(cx, request, if heard { Outcome::NoAnswer } else { Outcome::Unknown }, None);
    }
}

/// What a command does, by its own word.
fn action(command: &str) -> Action {
    let command = command.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|w| command.starts_with(w));
    if has(&["set", "write", "put", "invoke", "add", "remove", "rename", "reorder"]) {
        Action::Write
    } else if has(&["get", "read", "load", "list", "find", "resolve", "query"]) {
        Action::Read
    } else if has(&["sub", "unsub"]) {
        Action::Subscribe
    } else {
        Action::Other
    }
}

fn report(cx: &mut Cx<'_>, request: Request, outcome: Outcome, error: Option<(i64, &'static str)>) {
    let mut op = Op::new(request.action, &request.name).outcome(outcome).asked(request.asked).by(request.by);
    op.exception = error;
    cx.op(op);
}

/// Facts of a hello: each side says what it is.
fn identity(cx: &mut Cx<'_>, m: &Message<'_>) {
    let from = cx.from();
    let pair = |a: &str, b: &str| match (m.text(a), m.text(b)) {
        (Some(name), Some(version)) => Some(format!("{name} {version}")),
        (Some(name), None) => Some(name.to_owned()),
        _ => None,
    };
    let plain = [
        ("hostName", "hostname", "hello.hostName"),
        ("hostAddress", "address", "hello.hostAddress"),
        ("station.name", "name", "hello.station.name"),
        ("brandId", "brand", "hello.brandId"),
        ("hostId", "id:niagara-host", "hello.hostId"),
        ("vmUuid", "vm-uuid", "hello.vmUuid"),
        ("fox.version", "fox-version", "hello.fox.version"),
    ];
    for (field, name, place) in plain {
        if let Some(value) = m.text(field)
            && !(name == "hostname" && value.parse::<std::net::IpAddr>().is_ok())
        {
            cx.fact(from, name, value, place);
        }
    }
    for (name, version, fact, place) in [
        ("app.name", "app.version", "application", "hello.app"),
        ("os.name", "os.version", "os", "hello.os"),
        ("vm.name", "vm.version", "runtime", "hello.vm"),
    ] {
        if let Some(value) = pair(name, version) {
            cx.fact(from, fact, &value, place);
        }
    }
    if let Some(version) = m.text("vm.version") {
        cx.fact(from, "vm-version", version, "hello.vm.version");
    }
    if let Some(zone) = m.text("timeZone").and_then(|z| z.split(';').next()) {
        cx.fact(from, "time-zone", zone, "hello.timeZone");
    }
    // host ids of controllers read "Qnx-MODEL-…"
    let model = m.text("hostId").and_then(|id| id.strip_prefix("Qnx-")).and_then(|id| id.split('-').next());
    if let Some(model) = model {
        cx.fact(from, "model", model, "hello.hostId");
    }
    match m.text("app.name") {
        Some("Workbench") => cx.fact(from, "role", "engineering-workstation", "hello.app.name"),
        Some("Station") => {
            if model.is_some() {
                cx.fact(from, "role", "building-controller", "hello.hostId");
            }
            if let Some(version) = m.text("app.version") {
                cx.fact(from, "firmware", version, "hello.app.version");
            }
        }
        _ => {}
    }
    if from == Side::Server {
        if let Some(product) = m.text("app.name") {
            cx.service_info("product", product);
        }
        if let Some(version) = m.text("app.version") {
            cx.service_info("version", version);
        }
    }
}

fn event(cx: &mut Cx<'_>, m: &Message<'_>) {
    if !cx.wants_pdus() {
        return;
    }
    let name = if m.command.is_empty() { "message" } else { m.command };
    let mut fields = vec![
        ("ot.protocol", Val::Static("fox")),
        ("ot.function.name", Val::from(name)),
        ("fox.type", Val::from(char::from(m.kind).to_string())),
        ("fox.sequence", Val::from(m.sequence)),
        ("fox.reply_to", Val::from(m.reply_to)),
        ("fox.channel", Val::from(m.channel)),
    ];
    let known = [
        ("hostName", "fox.host_name"),
        ("hostAddress", "fox.host_address"),
        ("hostId", "fox.host_id"),
        ("station.name", "fox.station_name"),
        ("app.name", "fox.app_name"),
        ("app.version", "fox.app_version"),
        ("vm.name", "fox.vm_name"),
        ("vm.version", "fox.vm_version"),
        ("os.name", "fox.os_name"),
        ("os.version", "fox.os_version"),
        ("brandId", "fox.brand_id"),
        ("method", "fox.auth_method"),
    ];
    for (field, to) in known {
        if let Some(value) = m.text(field) {
            fields.push((to, Val::from(value)));
        }
    }
    if m.kind == b'e' {
        fields.push(("event.outcome", Val::Static("failure")));
    }
    cx.pdu(name, fields);
}
