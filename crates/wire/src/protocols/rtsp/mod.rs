//! Real-Time Streaming Protocol, version 1 (RFC 2326), with RTP between its messages.
//!
//! Requests and answers are paired by CSeq. Basic and Digest log-ins are credentials; the server,
//! its realm and the session description tell the camera; pictures are passed over.

#[cfg(test)]
mod tests;

use crate::cx::Cx;
use crate::model::*;
use crate::pending::Pending;
use crate::probe::*;
use crate::protocols::headers::{self, Head, MAX_HEAD};
use crate::protocols::http::auth::{self, Login, Place};
use crate::protocols::lines::{clean, is_text, verbs};

pub static SPEC: Spec = Spec {
    name: "rtsp",
    title: "Real-Time Streaming Protocol",
    industrial: false,
    transports: &[Transport::Tcp],
    ports: &[554, 8554],
    ethertypes: &[],
    rank: 51,
    identify,
    open: || Box::new(Rtsp::default()),
    pdus: false,
    facts: &["user_agent", "banner", "realm", "vendor", "role", "name"],
    credentials: &["password", "hash"],
    operations: &[
        "describe", "setup", "play", "pause", "teardown", "record", "announce", "set_parameter",
    ],
    source: "RFC 2326, 7826, 4566, 2617",
    level: 5,
    proofs: &[],
};

verbs! {
    /// A method (RFC 2326, section 10).
    Method:
    Announce "ANNOUNCE", Describe "DESCRIBE", GetParameter "GET_PARAMETER", Options "OPTIONS",
    Pause "PAUSE", Play "PLAY", Record "RECORD", Redirect "REDIRECT", SetParameter "SET_PARAMETER",
    Setup "SETUP", Teardown "TEARDOWN",
}

/// Longest description that is read, in bytes, and text kept, in characters.
const MAX_BODY: usize = 16 * 1024;
const MAX_TEXT: usize = 512;
/// Requests in flight.
const MAX_OPEN: usize = 32;
/// Log-ins told of one connection.
const MAX_TOLD: usize = 32;
/// Makers by a word of `Server` or of the realm.
const MAKERS: &[(&str, &str)] = &[
    ("Hikvision", "Hikvision"), ("Dahua", "Dahua"), ("AXIS", "Axis"), ("Bosch", "Bosch"),
    ("Hanwha", "Hanwha"), ("Vivotek", "Vivotek"), ("Uniview", "Uniview"), ("Tiandy", "Tiandy"),
];

enum First {
    Request(Method, String),
    Status(u16, String),
}

fn first(line: &[u8]) -> Option<First> {
    if let Some(rest) = line.strip_prefix(b"RTSP/1.0 ").or(line.strip_prefix(b"RTSP/2.0 ")) {
        let code = std::str::from_utf8(rest.get(..3)?).ok()?.parse().ok().filter(|c| (100..600).contains(c))?;
        return Some(First::Status(code, clean(rest.get(3..)?, MAX_TEXT)));
    }
    let rest = line.strip_suffix(b" RTSP/1.0").or(line.strip_suffix(b" RTSP/2.0"))?;
    let space = memchr::memchr(b' ', rest)?;
    Some(First::Request(Method::find(rest.get(..space)?)?, clean(rest.get(space + 1..)?, MAX_TEXT)))
}

fn identify(_hint: &Hint, data: &[u8]) -> Verdict {
    let end = memchr::memchr(b'\n', data);
    let line = data.get(..end.unwrap_or(data.len())).unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if line.starts_with(b"RTSP/1.0 ") || line.starts_with(b"RTSP/2.0 ") {
        return match line.get(9..12) {
            Some(code) if code.iter().all(u8::is_ascii_digit) => Verdict::Strong(Role::Server),
            Some(_) => Verdict::No,
            None => Verdict::Need,
        };
    }
    let word = line.iter().position(|b| *b == b' ');
    let name = line.get(..word.unwrap_or(line.len())).unwrap_or_default();
    let begins = |b: &u8| b.is_ascii_uppercase() || matches!(b, b'_' | b'/');
    if name.is_empty() || name.len() > 13 || !name.iter().all(begins) {
        return if b"RTSP/1.0".starts_with(name) && !name.is_empty() && word.is_none() {
            Verdict::Need
        } else {
            Verdict::No
        };
    }
    if word.is_some() && Method::find(name).is_none() || !is_text(line) {
        return Verdict::No;
    }
    match end {
        None if line.len() < 1024 => Verdict::Need,
        Some(_) if first(line).is_some() => Verdict::Strong(Role::Client),
        _ => Verdict::No,
    }
}

/// An open request.
struct Request {
    asked: Stamp,
    method: Method,
    url: String,
    agent: String,
    login: Option<Login>,
}

/// One connection.
#[derive(Default)]
pub struct Rtsp {
    open: Pending<u32, Request, MAX_OPEN>,
    told: Vec<u64>,
    server_seen: bool,
    media: bool,
}

impl Probe for Rtsp {
    fn stream(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Step {
        // channel and length before each packet between messages (RFC 2326, 10.12)
        if data.first() == Some(&b'$') {
            let &[_, _, a, b, ..] = data else { return Step::Need };
            if !std::mem::replace(&mut self.media, true) {
                cx.also("rtp");
            }
            let size = 4 + usize::from(u16::from_be_bytes([a, b]));
            return if size <= data.len() { Step::Used(size) } else { Step::Skip((size - data.len()) as u64) };
        }
        let start = data.iter().position(|b| !matches!(b, b'\r' | b'\n')).unwrap_or(data.len());
        if start > 0 {
            return Step::Used(start);
        }
        let Some(head) = headers::read(data) else {
            let line = data.get(..data.len().min(64)).unwrap_or_default();
            let line = line.split(|b| matches!(b, b'\r' | b'\n')).next().unwrap_or_default();
            return if data.len() > MAX_HEAD || !is_text(line) { Step::Bad } else { Step::Need };
        };
        let Some(first) = first(head.first) else { return Step::Bad };
        let length = head.body(&["content-length"]).unwrap_or(0);
        let here = data.get(head.length..).unwrap_or_default();
        if length > MAX_BODY {
            self.message(cx, &head, first, &[]);
            let here = here.len();
            let whole = head.length + length;
            return if length <= here { Step::Used(whole) } else { Step::Skip((length - here) as u64) };
        }
        let Some(body) = here.get(..length) else { return Step::Need };
        self.message(cx, &head, first, body);
        Step::Used(head.length + length)
    }

    fn end(&mut self, cx: &mut Cx<'_>) {
        let outcome = if self.server_seen { Outcome::NoAnswer } else { Outcome::Unknown };
        let open: Vec<Request> = self.open.drain().map(|(_, r)| r).collect();
        for request in open {
            self.finish(cx, request, outcome, None);
        }
    }
}

impl Rtsp {
    fn message(&mut self, cx: &mut Cx<'_>, head: &Head<'_>, first: First, body: &[u8]) {
        let number = head.get(&["cseq"]).and_then(|n| n.parse().ok()).unwrap_or(0);
        match first {
            // servers ask too (ANNOUNCE, OPTIONS as a sign of life): that is no work of the client
            First::Request(..) if cx.from() == Side::Server => {}
            First::Request(method, url) => {
                let agent = head.get(&["user-agent"]).unwrap_or_default();
                if !agent.is_empty() && self.is_new(("agent", agent.as_str())) {
                    cx.fact(Side::Client, "user_agent", &agent, "User-Agent");
                }
                let login = head.get(&["authorization"]).and_then(|value| {
                    let (scheme, rest) = value.split_once(' ')?;
                    match scheme.to_ascii_lowercase().as_str() {
                        "basic" => auth::basic(rest.trim(), Place::Origin),
                        "digest" => auth::digest(rest, Place::Origin, method.name()),
                        _ => None,
                    }
                });
                let request = Request { asked: cx.at(), method, url, agent, login };
                if let Some((_, lost)) = self.open.push(number, request) {
                    self.finish(cx, lost, Outcome::Unknown, None);
                }
            }
            First::Status(code, reason) => {
                if cx.from() == Side::Client {
                    return;
                }
                self.server_seen = true;
                let stale = self.describe_server(cx, head);
                let Some(request) = self.open.take(&number) else { return };
                if request.method == Method::Describe && code == 200 {
                    self.session(cx, body);
                }
                let outcome = match code {
                    200..=299 => Outcome::Accepted,
                    401 if request.login.is_none() || stale => Outcome::Unknown,
                    _ => Outcome::Refused,
                };
                self.finish(cx, request, outcome, Some((code, &reason, stale)));
            }
        }
    }

    /// `Server` and the challenge; true if a nonce was too old.
    fn describe_server(&mut self, cx: &mut Cx<'_>, head: &Head<'_>) -> bool {
        let mut texts = Vec::new();
        if let Some(server) = head.get(&["server"]).filter(|s| !s.is_empty()) {
            if self.is_new(("server", server.as_str())) {
                cx.fact(Side::Server, "banner", &server, "Server");
                let (name, version) = server.split_once('/').unwrap_or((&server, ""));
                cx.service_info("product", name.trim());
                if let Some(version) = version.split_whitespace().next() {
                    cx.service_info("version", version);
                }
            }
            texts.push(server);
        }
        let mut stale = false;
        for value in head.all(&["www-authenticate"]) {
            let (realm, old) = auth::challenge(&value);
            stale |= old;
            if let Some(realm) = realm {
                if self.is_new(("realm", realm.as_str())) {
                    cx.fact(Side::Server, "realm", &realm, "WWW-Authenticate");
                }
                texts.push(realm);
            }
        }
        for text in texts {
            let maker = MAKERS.iter().find(|(word, _)| text.contains(word));
            if let Some((_, maker)) = maker.filter(|(_, maker)| self.is_new(("vendor", *maker))) {
                cx.fact(Side::Server, "vendor", maker, "Server");
            }
        }
        stale
    }

    /// A description (RFC 4566): who has pictures to give is a camera.
    fn session(&mut self, cx: &mut Cx<'_>, body: &[u8]) {
        let text = String::from_utf8_lossy(body);
        let line = |key: &str| text.lines().find_map(|l| l.strip_prefix(key)).map(str::trim);
        if line("m=video").is_some() && self.is_new("camera") {
            cx.fact(Side::Server, "role", "camera", "SDP m=video");
        }
        if let Some(tool) = line("a=tool:") {
            cx.service_info("tool", tool);
        }
    }

    fn finish(
        &mut self,
        cx: &mut Cx<'_>,
        request: Request,
        outcome: Outcome,
        answer: Option<(u16, &str, bool)>,
    ) {
        if let Some(login) = &request.login {
            let said = answer.map_or(LoginOutcome::Unknown, |(code, _, stale)| login.outcome(code, stale));
            if self.is_new(auth::key(login, said)) {
                credential(cx, login, said, request.asked);
            }
        } else if request.method == Method::Describe && matches!(answer, Some((200, ..))) && self.is_new("free") {
            cx.service_info("anonymous", true);
        }
        let mut fields = Vec::new();
        if cx.wants_events() {
            fields.push(("rtsp.method", Val::Static(request.method.name())));
            fields.push(("rtsp.url", Val::from(bare(&request.url))));
            if !request.agent.is_empty() {
                fields.push(("rtsp.user_agent", Val::from(request.agent.as_str())));
            }
            if let Some((code, reason, _)) = answer {
                fields.push(("rtsp.status_code", Val::from(code)));
                fields.push(("rtsp.status_text", Val::from(reason)));
            }
        }
        let (action, name) = match request.method {
            Method::Describe => (Action::Read, "describe"),
            Method::Setup => (Action::Other, "setup"),
            Method::Play => (Action::Start, "play"),
            Method::Pause => (Action::Stop, "pause"),
            Method::Teardown => (Action::Stop, "teardown"),
            Method::Record => (Action::Write, "record"),
            Method::Announce => (Action::Write, "announce"),
            Method::SetParameter => (Action::Configure, "set_parameter"),
            _ => {
                return match answer {
                    Some(_) => cx.transaction("request", "info", fields),
                    None => cx.unanswered(request.asked, "request", "info", fields),
                };
            }
        };
        let url = bare(&request.url);
        let mut op = Op::new(action, name).outcome(outcome).asked(request.asked).target(&url);
        if matches!(action, Action::Start | Action::Stop) {
            op = op.category(Category::Monitor);
        }
        if let Some((code, reason, _)) = answer
            && outcome == Outcome::Refused
        {
            op = op.exception(code, reason);
        }
        cx.op(op.fields(fields));
    }

    fn is_new(&mut self, what: impl std::hash::Hash) -> bool {
        use std::hash::Hasher;
        let mut h = rustc_hash::FxHasher::default();
        what.hash(&mut h);
        let key = h.finish();
        if self.told.contains(&key) {
            return false;
        }
        if self.told.len() < MAX_TOLD {
            self.told.push(key);
        }
        true
    }
}

/// The URL without a name and password in it.
fn bare(url: &str) -> String {
    match url.split_once("://").and_then(|(scheme, rest)| Some((scheme, rest.split_once('@')?))) {
        Some((scheme, (user, rest))) if !user.contains('/') => format!("{scheme}://{rest}"),
        _ => url.to_owned(),
    }
}

fn credential(cx: &mut Cx<'_>, login: &Login, outcome: LoginOutcome, asked: Stamp) {
    let mut cred = Cred::new(login.kind).outcome(outcome).sent(asked);
    if let Some(user) = &login.user {
        cred = cred.username(user);
    }
    if let Some(secret) = &login.secret {
        cred = cred.secret(secret);
        if let Some(mode) = login.mode {
            cred = cred.hashcat(mode, secret);
        }
    }
    if login.kind == CredKind::Password {
        cred = cred.cleartext();
    }
    if let Some(realm) = &login.realm {
        cred = cred.detail("realm", realm.as_str());
    }
    cx.credential(cred);
}
