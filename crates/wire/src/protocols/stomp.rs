//! STOMP 1.0 to 1.2: text protocol of message brokers on port 61613.
//!
//! A frame: command line, header lines, a blank line, a body of `content-length` octets or up to NUL.

use crate::bytes;
use crate::cx::Cx;
use crate::model::*;
use crate::probe::*;

pub static SPEC: Spec = Spec {
    name: "stomp",
    title: "Simple Text Oriented Messaging Protocol",
    industrial: false,
    transports: &[Transport::Tcp],
    ports: &[61613],
    ethertypes: &[],
    rank: 70,
    identify,
    open: || Box::<Stomp>::default(),
    pdus: false,
    facts: &["broker"],
    credentials: &["password", "user"],
    operations: &["connect", "send", "subscribe", "unsubscribe"],
    source: "STOMP 1.2 (stomp.github.io)",
    level: 5,
    proofs: &["ndpi/pcap/stomp.pcapng"],
};

/// Longest head of a frame, in bytes.
const MAX_HEAD: usize = 16 * 1024;
/// Longest body that is waited for where no length is given.
const MAX_BODY: usize = 32 * 1024;

const COMMANDS: &[&str] = &[
    "CONNECT", "STOMP", "CONNECTED", "SEND", "SUBSCRIBE", "UNSUBSCRIBE", "ACK", "NACK", "BEGIN", "COMMIT", "ABORT",
    "DISCONNECT", "MESSAGE", "RECEIPT", "ERROR",
];

/// The command, if the first line is one.
fn command(data: &[u8]) -> Result<Option<&'static str>, ()> {
    let head = data.get(..data.len().min(13)).unwrap_or_default();
    let Some(end) = head.iter().position(|b| *b == b'\n') else {
        let may = COMMANDS.iter().any(|c| c.as_bytes().starts_with(head) || head.strip_suffix(b"\r") == Some(c.as_bytes()));
        return if may && data.len() < 13 { Ok(None) } else { Err(()) };
    };
    let line = head.get(..end).unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    COMMANDS.iter().find(|c| c.as_bytes() == line).map(|c| Some(*c)).ok_or(())
}

fn identify(_: &Hint, data: &[u8]) -> Verdict {
    match command(data) {
        Ok(None) => Verdict::Need,
        Ok(Some(command)) => {
            let Some((head, _)) = frame_head(data) else {
                return if data.len() < 4096 { Verdict::Need } else { Verdict::No };
            };
            let has = |name: &str| header(head, name).is_some();
            match command {
                "CONNECT" | "STOMP" if has("accept-version") || has("login") => Verdict::Strong(Role::Client),
                "CONNECTED" if has("version") || has("session") => Verdict::Strong(Role::Server),
                "SEND" | "SUBSCRIBE" if has("destination") => Verdict::Strong(Role::Client),
                "MESSAGE" if has("destination") && has("message-id") => Verdict::Strong(Role::Server),
                "CONNECT" | "STOMP" => Verdict::Weak(Role::Client),
                _ => Verdict::Weak(Role::Unknown),
            }
        }
        Err(()) => Verdict::No,
    }
}

/// Head as text and where the body begins.
fn frame_head(data: &[u8]) -> Option<(&str, usize)> {
    let ends = memchr::memchr_iter(b'\n', data);
    let body = ends
        .filter_map(|at| match data.get(at + 1..)? {
            [b'\n', ..] => Some(at + 2),
            [b'\r', b'\n', ..] => Some(at + 3),
            _ => None,
        })
        .next()?;
    Some((std::str::from_utf8(data.get(..body)?).ok()?, body))
}

/// Value of a header line, escapes undone (1.2, Value Encoding).
fn header(head: &str, name: &str) -> Option<String> {
    let lines = head.lines().skip(1).filter_map(|l| l.split_once(':'));
    let value = { lines }.find(|(n, _)| *n == name)?.1;
    Some(value.replace("\\c", ":").replace("\\n", "\n").replace("\\r", "\r").replace("\\\\", "\\"))
}

#[derive(Default)]
struct Stomp {
    login: Option<(Option<String>, Option<String>, Stamp)>,
}

impl Probe for Stomp {
    fn stream(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Step {
        // line ends and NULs between frames are heart-beats and leftovers
        let idle = data.iter().take_while(|b| matches!(b, b'\n' | b'\r' | 0)).count();
        if idle > 0 {
            return Step::Used(idle);
        }
        let command = match command(data) {
            Ok(Some(command)) => command,
            Ok(None) => return Step::Need,
            Err(()) => return Step::Bad,
        };
        let Some((head, body)) = frame_head(data) else {
            return if data.len() < MAX_HEAD { Step::Need } else { Step::Bad };
        };
        let length = header(head, "content-length").and_then(|n| n.trim().parse::<u64>().ok());
        let rest = data.get(body..).unwrap_or_default();
        let step = match length {
            Some(n) if (rest.len() as u64) < n => Step::Skip(n - rest.len() as u64),
            Some(n) => Step::Used(body + n as usize),
            None => match memchr::memchr(0, rest) {
                Some(end) => Step::Used(body + end + 1),
                None if rest.len() < MAX_BODY => return Step::Need,
                None => Step::Used(data.len()),
            },
        };
        self.frame(cx, command, head);
        step
    }

    fn end(&mut self, cx: &mut Cx<'_>) {
        self.settle(cx, LoginOutcome::Unknown);
    }
}

impl Stomp {
    fn frame(&mut self, cx: &mut Cx<'_>, command: &str, head: &str) {
        let get = |name: &str| header(head, name).filter(|v| !v.is_empty());
        match command {
            "CONNECT" | "STOMP" => {
                cx.sender_is(Side::Client);
                self.settle(cx, LoginOutcome::Unknown);
                self.login = Some((get("login"), get("passcode"), cx.at()));
            }
            "CONNECTED" => {
                cx.sender_is(Side::Server);
                if let Some(server) = get("server") {
                    let server = bytes::text(server.as_bytes());
                    cx.fact(Side::Server, "broker", &server, "CONNECTED.server");
                    let (product, version) = server.split_once('/').unwrap_or((&server, ""));
                    cx.service_info("product", product);
                    if !version.is_empty() {
                        cx.service_info("version", version);
                    }
                }
                self.settle(cx, LoginOutcome::Success);
            }
            "ERROR" => {
                cx.sender_is(Side::Server);
                self.settle(cx, LoginOutcome::Failure);
            }
            "SEND" | "SUBSCRIBE" | "UNSUBSCRIBE" => {
                let target = get("destination").unwrap_or_default();
                let op = match command {
                    "SEND" => Op::new(Action::Write, "send").category(Category::Monitor),
                    "SUBSCRIBE" => Op::new(Action::Subscribe, "subscribe"),
                    _ => Op::new(Action::Other, "unsubscribe"),
                };
                cx.op(if target.is_empty() { op } else { op.target(&target) });
            }
            _ => {}
        }
    }

    fn settle(&mut self, cx: &mut Cx<'_>, ended: LoginOutcome) {
        let Some((user, secret, asked)) = self.login.take() else { return };
        let outcome = match ended {
            LoginOutcome::Success => Outcome::Accepted,
            LoginOutcome::Failure => Outcome::Refused,
            LoginOutcome::Unknown => Outcome::Unknown,
        };
        cx.op(Op::new(Action::Authenticate, "connect").outcome(outcome).asked(asked));
        let kind = if secret.is_some() { CredKind::Password } else { CredKind::User };
        let mut cred = Cred::new(kind).outcome(ended).sent(asked);
        if let Some(user) = &user {
            cred = cred.username(user);
        }
        if let Some(secret) = &secret {
            cred = cred.secret(secret).cleartext();
        }
        if user.is_some() || secret.is_some() {
            cx.credential(cred);
        } else if ended == LoginOutcome::Success {
            cx.service_info("anonymous", true);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::Dialogue;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn never_panics(head in "(CONNECT|SEND|MESSAGE|ERROR)\n[a-z:\\\\0-9\n-]{0,60}\n\n\0", bytes: Vec<u8>) {
            let d = Dialogue::tcp(&SPEC, 61613);
            d.identify(true, &bytes);
            d.identify(true, head.as_bytes());
            d.client(head.as_bytes()).server(head.as_bytes()).client(&bytes).end();
        }
    }
}
