//! Apache Kafka: requests and answers between clients and brokers, port 9092.
//!
//! Length, then API key, version, correlation and client name. Log-ins by SASL PLAIN and SCRAM come in
//! SaslAuthenticate, or bare behind the older SaslHandshake.

use crate::bytes::{Reader, text};
use crate::cx::Cx;
use crate::model::*;
use crate::pending::Pending;
use crate::probe::*;

pub static SPEC: Spec = Spec {
    name: "kafka",
    title: "Apache Kafka protocol",
    industrial: false,
    transports: &[Transport::Tcp],
    ports: &[9092],
    ethertypes: &[],
    rank: 71,
    identify,
    open: || Box::<Kafka>::default(),
    pdus: false,
    facts: &["client_id"],
    credentials: &["password", "user"],
    operations: &[
        "produce", "fetch", "sasl_authenticate", "create_topics", "delete_topics", "delete_records", "create_acls",
        "delete_acls", "alter_configs", "create_partitions", "delete_groups", "elect_leaders",
        "incremental_alter_configs",
    ],
    source: "Kafka protocol guide (kafka.apache.org/protocol)",
    level: 5,
    proofs: &["ndpi/pcap/kafka.pcapng"],
};

/// Octets of a message that are looked at.
const MAX_HEAD: usize = 4096;
/// Largest message (socket.request.max.bytes).
const MAX_MESSAGE: u32 = 104_857_600;
/// API keys, and the newest version of each is below this.
const MAX_KEY: u16 = 92;
const MAX_VERSION: u16 = 20;

const SASL_HANDSHAKE: u16 = 17;
const SASL_AUTHENTICATE: u16 = 36;

struct Request<'a> {
    key: u16,
    version: u16,
    correlation: u32,
    client: &'a str,
    body: &'a [u8],
}

fn request(data: &[u8]) -> Option<Request<'_>> {
    let mut r = Reader::new(data);
    let length = r.be32()?;
    let (key, version, correlation, name) = (r.be16()?, r.be16()?, r.be32()?, r.be_i16()?);
    if !(10..=MAX_MESSAGE).contains(&length) || key > MAX_KEY || version > MAX_VERSION || name < -1 {
        return None;
    }
    let name = r.take(usize::try_from(name).unwrap_or(0))?;
    let client = std::str::from_utf8(name).ok().filter(|n| n.chars().all(|c| c.is_ascii_graphic() || c == ' '))?;
    (u64::from(length) + 4 >= r.position() as u64).then(|| Request { key, version, correlation, client, body: r.rest() })
}

fn identify(_: &Hint, data: &[u8]) -> Verdict {
    let Some(length) = data.first_chunk::<4>().map(|b| u32::from_be_bytes(*b)) else {
        return if data.first().is_none_or(|b| *b == 0) { Verdict::Need } else { Verdict::No };
    };
    if !(10..=1 << 20).contains(&length) {
        return Verdict::No;
    }
    let plausible = data.get(4..8).is_none_or(|b| b.first() == Some(&0) && b.get(2) == Some(&0));
    if data.len() < 14 {
        return if plausible { Verdict::Need } else { Verdict::No };
    }
    // the client's name, then all of the message
    let name = data.get(12..14).map_or(-1, |b| i16::from_be_bytes([b[0], b[1]]));
    let head = 14 + usize::try_from(name).unwrap_or(0);
    if !plausible || !(-1..=255).contains(&name) || head > length as usize + 4 {
        return Verdict::No;
    }
    if data.len() < (length as usize + 4).min(1024).max(head) {
        return Verdict::Need;
    }
    match request(data) {
        // a first request asks for versions or metadata, or begins a log-in, and names its client
        Some(r) if r.client.len() < 3 => Verdict::No,
        Some(r) if matches!(r.key, 3 | 18 | SASL_HANDSHAKE) && r.correlation < 0x10000 => Verdict::Strong(Role::Client),
        Some(_) => Verdict::Weak(Role::Client),
        None => Verdict::No,
    }
}

fn api(key: u16) -> Option<(&'static str, Action)> {
    Some(match key {
        0 => ("produce", Action::Write),
        1 => ("fetch", Action::Read),
        19 => ("create_topics", Action::Configure),
        20 => ("delete_topics", Action::Configure),
        21 => ("delete_records", Action::Clear),
        30 => ("create_acls", Action::Configure),
        31 => ("delete_acls", Action::Configure),
        33 => ("alter_configs", Action::Configure),
        37 => ("create_partitions", Action::Configure),
        42 => ("delete_groups", Action::Configure),
        43 => ("elect_leaders", Action::Configure),
        44 => ("incremental_alter_configs", Action::Configure),
        _ => return None,
    })
}

#[derive(Debug)]
struct Open {
    key: u16,
    version: u16,
    login: Option<(String, Option<String>)>,
    asked: Stamp,
}

#[derive(Default)]
struct Kafka {
    open: Pending<u32, Open, 64>,
    client: String,
}

impl Probe for Kafka {
    fn stream(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Step {
        let Some(length) = data.first_chunk::<4>().map(|b| u32::from_be_bytes(*b)) else { return Step::Need };
        if !(4..=MAX_MESSAGE).contains(&length) {
            return Step::Bad;
        }
        let total = length as usize + 4;
        if data.len() < total.min(MAX_HEAD) {
            return Step::Need;
        }
        let message = data.get(..total.min(data.len())).unwrap_or_default();
        if cx.from() == Side::Client {
            match request(message) {
                Some(r) => self.request(cx, &r),
                None => match plain(message.get(4..).unwrap_or_default()) {
                    // behind the older handshake the mechanism's own messages stand bare
                    Some(login) => {
                        let open = Open { key: SASL_AUTHENTICATE, version: 0, login: Some(login), asked: cx.at() };
                        report(cx, &open, Outcome::Unknown);
                    }
                    None => cx.malformed(),
                },
            }
        } else {
            self.answer(cx, message.get(4..).unwrap_or_default());
        }
        if data.len() < total { Step::Skip((total - data.len()) as u64) } else { Step::Used(total) }
    }

    fn end(&mut self, cx: &mut Cx<'_>) {
        for (_, open) in self.open.drain().collect::<Vec<_>>() {
            report(cx, &open, Outcome::Unknown);
        }
    }
}

impl Kafka {
    fn request(&mut self, cx: &mut Cx<'_>, r: &Request<'_>) {
        if !r.client.is_empty() && self.client != r.client {
            self.client = r.client.to_owned();
            cx.fact(Side::Client, "client_id", r.client, "request.client_id");
        }
        let login = if r.key == SASL_AUTHENTICATE { authenticate(r) } else { None };
        if login.is_some() || api(r.key).is_some() {
            let open = Open { key: r.key, version: r.version, login, asked: cx.at() };
            if let Some((_, old)) = self.open.push(r.correlation, open) {
                report(cx, &old, Outcome::Unknown);
            }
        }
    }

    fn answer(&mut self, cx: &mut Cx<'_>, data: &[u8]) {
        let Some(correlation) = data.first_chunk::<4>().map(|b| u32::from_be_bytes(*b)) else { return };
        let Some(open) = self.open.take(&correlation) else { return };
        // the error stands behind the correlation, from version 2 behind an empty list of tags
        let at = if open.version >= 2 { 5 } else { 4 };
        let error = data.get(at..at + 2).and_then(|b| b.try_into().ok()).map(i16::from_be_bytes);
        let outcome = match (open.key, error) {
            (SASL_AUTHENTICATE, Some(0)) => Outcome::Accepted,
            (SASL_AUTHENTICATE, Some(_)) => Outcome::Refused,
            (SASL_AUTHENTICATE, None) => Outcome::Unknown,
            // answered; each topic has an error of its own
            _ => Outcome::Accepted,
        };
        report(cx, &open, outcome);
    }
}

/// The octets of SaslAuthenticate: SASL PLAIN, or the first message of SCRAM.
fn authenticate(r: &Request<'_>) -> Option<(String, Option<String>)> {
    let mut body = Reader::new(r.body);
    let octets = if r.version >= 2 {
        // tags of the header, compact octets
        body.skip(1)?;
        let n = usize::from(body.u8()?);
        body.take(n.checked_sub(1)?)?
    } else {
        let n = body.be32()? as usize;
        body.take(n)?
    };
    plain(octets)
}

fn plain(octets: &[u8]) -> Option<(String, Option<String>)> {
    if let Some(first) = octets.strip_prefix(b"n,,n=") {
        let name = first.split(|b| *b == b',').next()?;
        return Some((text(name), None));
    }
    let mut parts = octets.split(|b| *b == 0);
    let (_, user, secret) = (parts.next()?, parts.next()?, parts.next()?);
    let readable = |t: &[u8]| !t.is_empty() && std::str::from_utf8(t).is_ok_and(|t| !t.chars().any(char::is_control));
    (parts.next().is_none() && readable(user) && readable(secret)).then(|| (text(user), Some(text(secret))))
}

fn report(cx: &mut Cx<'_>, open: &Open, outcome: Outcome) {
    if let Some((user, secret)) = &open.login {
        let ended = match outcome {
            Outcome::Accepted if secret.is_some() => LoginOutcome::Success,
            Outcome::Refused => LoginOutcome::Failure,
            _ => LoginOutcome::Unknown,
        };
        let kind = if secret.is_some() { CredKind::Password } else { CredKind::User };
        let mut cred = Cred::new(kind).username(user).outcome(ended).sent(open.asked);
        if let Some(secret) = secret {
            cred = cred.secret(secret).cleartext();
        }
        cx.credential(cred);
        cx.op(Op::new(Action::Authenticate, "sasl_authenticate").code(open.key).outcome(outcome).asked(open.asked));
    } else if let Some((name, action)) = api(open.key) {
        let op = Op::new(action, name).code(open.key).outcome(outcome).asked(open.asked);
        cx.op(if action == Action::Write { op.category(Category::Monitor) } else { op });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::Dialogue;
    use proptest::prelude::*;

    #[test]
    fn open_requests_are_bounded() {
        let mut kafka = Kafka::default();
        for n in 0..100_000 {
            kafka.open.push(n, Open { key: 0, version: 0, login: None, asked: Stamp::default() });
        }
        assert_eq!(kafka.open.len(), 64);
    }

    proptest! {
        #[test]
        fn never_panics(key in 0u8..40, version in 0u8..4, body in proptest::collection::vec(any::<u8>(), 0..60), bytes: Vec<u8>) {
            let rest = [&[0, key, 0, version, 0, 0, 0, 7, 0, 3][..], b"abc", &body].concat();
            let data = [&(rest.len() as u32).to_be_bytes()[..], &rest].concat();
            let d = Dialogue::tcp(&SPEC, 9092);
            d.identify(true, &bytes);
            d.identify(true, &data);
            d.client(&data).server(&data).client(&bytes).end();
        }
    }
}
