//! NATS: text protocol of a message broker on port 4222.
//!
//! Lines that end in CR LF: `INFO {…}` from the server first, `CONNECT {…}` with the log-in, then
//! `PUB`, `SUB` and the others; payloads are passed over.

use crate::cx::Cx;
use crate::model::*;
use crate::probe::*;
use crate::protocols::json;

pub static SPEC: Spec = Spec {
    name: "nats",
    title: "NATS client protocol",
    industrial: false,
    transports: &[Transport::Tcp],
    ports: &[4222],
    ethertypes: &[],
    rank: 69,
    identify,
    open: || Box::<Nats>::default(),
    pdus: false,
    facts: &["name", "id:nats", "product", "client_name", "client_library"],
    credentials: &["password", "token", "user"],
    operations: &["connect", "publish", "subscribe", "unsubscribe"],
    source: "NATS client protocol (docs.nats.io)",
    level: 5,
    proofs: &["ndpi/pcap/nats.pcap"],
};

/// Longest line taken: the server's own limit of control lines, and room for INFO.
const MAX_LINE: usize = 16 * 1024;

const WORDS: &[&[u8]] = &[b"INFO ", b"CONNECT ", b"PING\r\n", b"PONG\r\n", b"+OK\r\n", b"-ERR "];

fn identify(_: &Hint, data: &[u8]) -> Verdict {
    let json = |word: &[u8]| data.get(word.len()..).and_then(|rest| rest.iter().find(|b| **b != b' '));
    if data.starts_with(b"INFO ") || data.starts_with(b"CONNECT ") {
        let info = data.starts_with(b"INFO");
        return match json(if info { b"INFO " } else { b"CONNECT " }) {
            Some(b'{') if info && data.len() > 24 && memchr::memmem::find(data, b"\"server_id\"").is_some() => {
                Verdict::Strong(Role::Server)
            }
            Some(b'{') if !info && memchr::memmem::find(data, b"\"verbose\"").is_some() => Verdict::Strong(Role::Client),
            Some(b'{') if memchr::memchr(b'\n', data).is_some() => Verdict::Weak(if info { Role::Server } else { Role::Client }),
            Some(b'{') | None => Verdict::Need,
            Some(_) => Verdict::No,
        };
    }
    match WORDS.iter().find(|w| w.starts_with(data.get(..data.len().min(w.len())).unwrap_or_default())) {
        Some(w) if data.len() < w.len() => Verdict::Need,
        Some(_) => Verdict::Weak(Role::Unknown),
        None => Verdict::No,
    }
}

#[derive(Default)]
struct Nats {
    login: Option<(CredKind, Option<String>, Option<String>, Stamp)>,
    heard: bool,
}

impl Probe for Nats {
    fn stream(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Step {
        let Some(end) = memchr::memchr(b'\n', data) else {
            return if data.len() < MAX_LINE { Step::Need } else { Step::Bad };
        };
        let line = data.get(..end).unwrap_or_default();
        let Ok(line) = std::str::from_utf8(line.strip_suffix(b"\r").unwrap_or(line)) else { return Step::Bad };
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word.to_ascii_uppercase().as_str() {
            "INFO" => {
                cx.sender_is(Side::Server);
                info(cx, rest.as_bytes());
            }
            "CONNECT" => {
                cx.sender_is(Side::Client);
                self.connect(cx, rest.as_bytes());
            }
            "PUB" | "HPUB" | "MSG" | "HMSG" => {
                let mut words = rest.split_ascii_whitespace();
                let subject = words.next().unwrap_or_default();
                let Some(size) = words.last().and_then(|n| n.parse::<u64>().ok()) else { return Step::Bad };
                if word.to_ascii_uppercase().ends_with("PUB") {
                    self.settle(cx, LoginOutcome::Unknown);
                    cx.op(Op::new(Action::Write, "publish").category(Category::Monitor).target(subject));
                }
                // what stands behind the line: the payload and its line end
                let here = (data.len() - end - 1) as u64;
                let wanted = size.saturating_add(2);
                if here < wanted {
                    return Step::Skip(wanted - here);
                }
                return Step::Used(end + 1 + wanted as usize);
            }
            "SUB" | "UNSUB" => {
                let subject = rest.split_ascii_whitespace().next().unwrap_or_default();
                let op = match word.eq_ignore_ascii_case("SUB") {
                    true => Op::new(Action::Subscribe, "subscribe").target(subject),
                    false => Op::new(Action::Other, "unsubscribe"),
                };
                cx.op(if subject == ">" { op.notable() } else { op });
            }
            "-ERR" => {
                cx.sender_is(Side::Server);
                self.heard = true;
                let denied = rest.to_ascii_lowercase();
                if denied.contains("authorization") || denied.contains("authentication") {
                    self.settle(cx, LoginOutcome::Failure);
                }
            }
            // the answer to the PING that follows a log-in, or to the log-in itself
            "+OK" | "PONG" if cx.from() == Side::Server => {
                self.heard = true;
                self.settle(cx, LoginOutcome::Success);
            }
            "+OK" | "PING" | "PONG" => {}
            _ => return Step::Bad,
        }
        Step::Used(end + 1)
    }

    fn end(&mut self, cx: &mut Cx<'_>) {
        self.settle(cx, LoginOutcome::Unknown);
    }
}

impl Nats {
    fn connect(&mut self, cx: &mut Cx<'_>, text: &[u8]) {
        let get = |key: &str| json::first(text, key).filter(|v| !v.is_empty() && v != "null");
        for (key, name) in [("name", "client_name"), ("lang", "client_library")] {
            if let Some(value) = get(key) {
                cx.fact(Side::Client, name, &value, "CONNECT");
            }
        }
        let login = match (get("user"), get("pass"), get("auth_token"), get("jwt")) {
            (user, Some(secret), ..) => (CredKind::Password, user, Some(secret)),
            (_, _, Some(token), _) | (_, _, _, Some(token)) => (CredKind::Token, None, Some(token)),
            (Some(user), ..) => (CredKind::User, Some(user), None),
            _ => {
                cx.op(Op::new(Action::Authenticate, "connect").detail("anonymous", true));
                return;
            }
        };
        self.settle(cx, LoginOutcome::Unknown);
        self.login = Some((login.0, login.1, login.2, cx.at()));
    }

    fn settle(&mut self, cx: &mut Cx<'_>, ended: LoginOutcome) {
        let Some((kind, user, secret, asked)) = self.login.take() else { return };
        let mut cred = Cred::new(kind).outcome(ended).sent(asked);
        if let Some(user) = &user {
            cred = cred.username(user);
        }
        if let Some(secret) = &secret {
            cred = cred.secret(secret).cleartext();
        }
        cx.credential(cred);
        let outcome = match ended {
            LoginOutcome::Success => Outcome::Accepted,
            LoginOutcome::Failure => Outcome::Refused,
            LoginOutcome::Unknown => Outcome::Unknown,
        };
        cx.op(Op::new(Action::Authenticate, "connect").outcome(outcome).asked(asked));
    }
}

fn info(cx: &mut Cx<'_>, text: &[u8]) {
    cx.service_info("product", "NATS");
    cx.fact(Side::Server, "product", "NATS server", "INFO");
    for (key, name) in [("server_id", "id:nats"), ("server_name", "name")] {
        if let Some(value) = json::first(text, key).filter(|v| !v.is_empty()) {
            cx.fact(Side::Server, name, &value, "INFO");
        }
    }
    if let Some(version) = json::first(text, "version") {
        cx.service_info("version", version);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::Dialogue;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn never_panics(line in "(INFO|CONNECT|PUB|SUB|MSG|-ERR|\\+OK) [ -~]{0,40}\r\n[a-z]{0,8}", bytes: Vec<u8>) {
            let d = Dialogue::tcp(&SPEC, 4222);
            d.identify(true, &bytes);
            d.identify(true, line.as_bytes());
            d.client(line.as_bytes()).server(line.as_bytes()).client(&bytes).end();
        }
    }
}
