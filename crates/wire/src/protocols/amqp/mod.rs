//! AMQP 0-9-1 and 1.0: message brokers on port 5672.
//!
//! The connection begins with `AMQP` and a version; frames follow. Log-ins by SASL with the broker's
//! answer, what broker and client say they are, queues that are changed, messages published.

mod fields;
#[cfg(test)]
mod tests;

use crate::bytes::{Reader, text};
use crate::cx::Cx;
use crate::model::*;
use crate::probe::*;

pub static SPEC: Spec = Spec {
    name: "amqp",
    title: "Advanced Message Queuing Protocol",
    industrial: false,
    transports: &[Transport::Tcp],
    ports: &[5672],
    ethertypes: &[],
    rank: 58,
    identify,
    open: || Box::<Amqp>::default(),
    pdus: false,
    facts: &["product", "broker", "platform", "name", "client_product", "client_platform", "container_id"],
    credentials: &["password", "user"],
    operations: &[
        "authenticate", "open", "basic_publish", "basic_consume", "queue_declare", "queue_purge", "queue_delete",
        "exchange_declare", "exchange_delete", "queue_bind", "queue_unbind",
    ],
    source: "AMQP 0-9-1 specification; OASIS AMQP 1.0",
    level: 5,
    proofs: &[],
};

/// Larger frames are taken by their first octets.
const MAX_WHOLE: usize = 8 * 1024;
/// Largest frame that is believed.
const MAX_FRAME: u32 = 1 << 28;

/// Versions that a header may say: (id, major, minor, revision) as octets behind `AMQP`.
fn header(data: &[u8]) -> Option<bool> {
    let [a, b, c, d] = *data.strip_prefix(b"AMQP")?.first_chunk::<4>()?;
    match [a, b, c, d] {
        [0, 0, 9, 1] | [1, 1, 0, 9] | [1, 1, 0, 10] | [1, 1, 9, 1] | [1, 1, 8, 0] => Some(false),
        [0 | 2 | 3, 1, 0, 0] => Some(true),
        _ => None,
    }
}

fn identify(_: &Hint, data: &[u8]) -> Verdict {
    if data.len() < 8 && b"AMQP".starts_with(data.get(..data.len().min(4)).unwrap_or_default()) {
        return Verdict::Need;
    }
    if data.starts_with(b"AMQP") {
        return if header(data).is_some() { Verdict::Strong(Role::Client) } else { Verdict::No };
    }
    // Connection.Start on channel 0 is the broker's first word in 0-9-1
    let start = data.len() > 12 && data.starts_with(&[1, 0, 0]) && data.get(7..13) == Some(&[0, 10, 0, 10, 0, 9]);
    if start {
        return Verdict::Strong(Role::Server);
    }
    match data {
        [1, 0, 0, ..] if data.len() < 13 => Verdict::Need,
        [1, 0] | [1] => Verdict::Need,
        _ => Verdict::No,
    }
}

/// A log-in that waits.
#[derive(Debug)]
struct Login {
    mechanism: String,
    user: Option<String>,
    secret: Option<String>,
    asked: Stamp,
}

#[derive(Default)]
struct Amqp {
    /// The newer framing: version 1.0.
    one: bool,
    login: Option<Login>,
}

impl Probe for Amqp {
    fn stream(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Step {
        if data.starts_with(b"AMQP") || b"AMQP".starts_with(data) {
            if data.len() < 8 {
                return Step::Need;
            }
            let Some(one) = header(data) else { return Step::Bad };
            self.one = one;
            if data.get(4) == Some(&2) {
                // TLS follows at once
                return Step::Become { name: "tls", used: 8 };
            }
            return Step::Used(8);
        }
        if self.one { self.new_frame(cx, data) } else { self.old_frame(cx, data) }
    }

    fn end(&mut self, cx: &mut Cx<'_>) {
        self.settle(cx, Outcome::Unknown);
    }
}

impl Amqp {
    /// Type, channel, size, payload, CEH (0-9-1, 2.3).
    fn old_frame(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Step {
        let Some((&[kind, _, _, a, b, c, d], rest)) = data.split_first_chunk::<7>() else {
            return if data.first().is_none_or(|k| matches!(k, 1..=4 | 8)) { Step::Need } else { Step::Bad };
        };
        let size = u32::from_be_bytes([a, b, c, d]);
        if !matches!(kind, 1..=4 | 8) || size > MAX_FRAME {
            return Step::Bad;
        }
        let total = size as usize + 8;
        if kind != 1 {
            // content and heartbeats
            return if data.len() < total { Step::Skip((total - data.len()) as u64) } else { Step::Used(total) };
        }
        if data.len() < total.min(MAX_WHOLE) {
            return Step::Need;
        }
        if data.len() >= total && data.get(total - 1) != Some(&0xCE) {
            return Step::Bad;
        }
        self.method(cx, rest.get(..(size as usize).min(rest.len())).unwrap_or_default());
        if data.len() < total { Step::Skip((total - data.len()) as u64) } else { Step::Used(total) }
    }

    fn method(&mut self, cx: &mut Cx<'_>, body: &[u8]) {
        let mut r = Reader::new(body);
        let (Some(class), Some(method)) = (r.be16(), r.be16()) else { return cx.malformed() };
        match (class, method) {
            (10, 10) => {
                cx.sender_is(Side::Server);
                r.skip(2);
                fields::server(cx, &mut r);
            }
            (10, 11) => {
                cx.sender_is(Side::Client);
                self.start_ok(cx, &mut r);
            }
            // Secure, or parameters of the connection: the log-in was good
            (10, 30) => self.settle(cx, Outcome::Accepted),
            (10, 40) => {
                if let Some(host) = fields::short(&mut r) {
                    cx.op(Op::new(Action::Other, "open").target(&host));
                }
            }
            (10, 50) => {
                let refused = matches!(r.be16(), Some(403)) && cx.from() == Side::Server;
                self.settle(cx, if refused { Outcome::Refused } else { Outcome::Unknown });
            }
            _ => operation(cx, class, method, &mut r),
        }
    }

    fn start_ok(&mut self, cx: &mut Cx<'_>, r: &mut Reader<'_>) {
        fields::client(cx, r);
        let (Some(mechanism), Some(response)) = (fields::short(r), fields::long(r)) else { return cx.malformed() };
        self.begin(cx, &mechanism, response);
    }

    /// A mechanism with its first response.
    fn begin(&mut self, cx: &mut Cx<'_>, mechanism: &str, response: &[u8]) {
        self.settle(cx, Outcome::Unknown);
        let (user, secret) = match mechanism {
            "PLAIN" => {
                let mut parts = response.split(|b| *b == 0).skip(1).map(text);
                (parts.next(), parts.next())
            }
            // a table without its length: LOGIN and PASSWORD
            "AMQPLAIN" => fields::amqplain(response),
            _ => (None, None),
        };
        self.login = Some(Login { mechanism: mechanism.to_owned(), user, secret, asked: cx.at() });
    }

    fn settle(&mut self, cx: &mut Cx<'_>, outcome: Outcome) {
        let Some(login) = self.login.take() else { return };
        let ended = LoginOutcome::from(outcome);
        let user = login.user.filter(|u| !u.is_empty());
        let secret = login.secret.filter(|s| !s.is_empty());
        if user.is_some() || secret.is_some() {
            let kind = if secret.is_some() { CredKind::Password } else { CredKind::User };
            let mut cred = Cred::new(kind).outcome(ended).sent(login.asked);
            if let Some(user) = &user {
                cred = cred.username(user);
            }
            if let Some(secret) = &secret {
                cred = cred.secret(secret).cleartext();
            }
            cx.credential(cred.detail("mechanism", login.mechanism.as_str()));
        } else if login.mechanism == "ANONYMOUS" && outcome == Outcome::Accepted {
            cx.service_info("anonymous", true);
        }
        let op = Op::new(Action::Authenticate, "authenticate").outcome(outcome).asked(login.asked);
        cx.op(op.detail("mechanism", login.mechanism.as_str()));
    }

    /// Size, data offset, type, channel, then a performative (1.0, 2.3).
    fn new_frame(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Step {
        let Some((&[a, b, c, d, offset, kind, _, _], _)) = data.split_first_chunk::<8>() else { return Step::Need };
        let (size, offset) = (u32::from_be_bytes([a, b, c, d]), usize::from(offset) * 4);
        if !(8..=MAX_FRAME).contains(&size) || offset < 8 || offset > size as usize || kind > 1 {
            return Step::Bad;
        }
        let total = size as usize;
        if data.len() < total.min(MAX_WHOLE) {
            return Step::Need;
        }
        if let Some(body) = data.get(offset..total.min(data.len())).filter(|b| !b.is_empty()) {
            self.performative(cx, body);
        }
        if data.len() < total { Step::Skip((total - data.len()) as u64) } else { Step::Used(total) }
    }

    fn performative(&mut self, cx: &mut Cx<'_>, body: &[u8]) {
        let Some((code, list)) = fields::performative(body) else { return cx.malformed() };
        let get = |n: usize| list.get(n).copied().flatten();
        match code {
            // sasl-init: mechanism, initial response, host name
            0x41 => {
                cx.sender_is(Side::Client);
                let mechanism = get(0).map(text).unwrap_or_default();
                self.begin(cx, &mechanism, get(1).unwrap_or_default());
            }
            // sasl-outcome: 0 is good
            0x44 => {
                cx.sender_is(Side::Server);
                let good = get(0).is_some_and(|v| v == [0]);
                self.settle(cx, if good { Outcome::Accepted } else { Outcome::Refused });
            }
            // open: container, host name
            0x10 => {
                if let Some(container) = get(0).map(text).filter(|c| !c.is_empty()) {
                    cx.fact(cx.from(), "container_id", &container, "open.container-id");
                }
            }
            _ => {}
        }
    }
}

/// Methods of 0-9-1 that change something, or publish and consume.
fn operation(cx: &mut Cx<'_>, class: u16, method: u16, r: &mut Reader<'_>) {
    let (name, action) = match (class, method) {
        (60, 40) => ("basic_publish", Action::Write),
        (60, 20) => ("basic_consume", Action::Subscribe),
        (50, 10) => ("queue_declare", Action::Configure),
        (50, 20) => ("queue_bind", Action::Configure),
        (50, 50) => ("queue_unbind", Action::Configure),
        (50, 30) => ("queue_purge", Action::Clear),
        (50, 40) => ("queue_delete", Action::Configure),
        (40, 10) => ("exchange_declare", Action::Configure),
        (40, 20) => ("exchange_delete", Action::Configure),
        _ => return,
    };
    r.skip(2);
    let mut target = fields::short(r).unwrap_or_default();
    if name == "basic_publish" {
        let key = fields::short(r).unwrap_or_default();
        target = if target.is_empty() { key } else { format!("{target}/{key}") };
    }
    let op = Op::new(action, name).code(i64::from(class) << 16 | i64::from(method)).target(&target);
    cx.op(if action == Action::Write { op.category(Category::Monitor) } else { op });
}
