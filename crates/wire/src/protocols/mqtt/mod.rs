//! MQTT 3.1, 3.1.1 and 5.0 between clients and brokers.
//!
//! Log-ins with the broker's answer, who publishes and subscribes what, commands and firmware sent
//! through topics, what discovery topics say of devices. Sparkplug B topics are told apart.

mod device;
mod packet;
mod report;
#[cfg(test)]
mod tests;

use crate::cx::Cx;
use crate::model::*;
use crate::pending::Pending;
use crate::probe::*;
use packet::*;

pub static SPEC: Spec = Spec {
    name: "mqtt",
    title: "Message Queuing Telemetry Transport",
    industrial: false,
    transports: &[Transport::Tcp],
    ports: &[1883],
    ethertypes: &[],
    rank: 50,
    identify,
    open: || Box::new(Mqtt::default()),
    pdus: true,
    facts: &[
        "client_id",
        "topic",
        "product",
        "model",
        "vendor",
        "firmware",
        "hardware",
        "serial",
        "name",
        "hostname",
    ],
    credentials: &["password", "token", "user"],
    operations: &["connect", "publish", "subscribe", "unsubscribe"],
    source: "MQTT 3.1, OASIS MQTT 3.1.1 and 5.0, Sparkplug 3.0 (topics)",
    level: 5,
    proofs: &["ndpi/pcap/mqtt.pcap"],
};

/// A packet longer than this is taken by its first bytes, the rest is passed over.
const MAX_WHOLE: usize = 8 * 1024;
/// Distinct topics of one flow noted as facts.
const MAX_TOPICS: usize = 16;

fn identify(_: &Hint, data: &[u8]) -> Verdict {
    let fixed = match Fixed::read(data) {
        Head::Good(fixed) => fixed,
        Head::Need => return Verdict::Need,
        Head::Bad => return Verdict::No,
    };
    let body = data.get(fixed.header..).unwrap_or_default();
    if fixed.kind == Kind::Connect {
        return identify_connect(&fixed, body);
    }
    // without a CONNECT only whole packets count: all that is there must be such
    let (mut rest, mut role, mut packets) = (data, Role::Unknown, 0);
    while !rest.is_empty() && packets < 8 {
        let Head::Good(fixed) = Fixed::read(rest) else { break };
        let Some(body) = rest.get(fixed.header..fixed.total()) else {
            // the head of a long PUBLISH says enough
            if packets == 0 && !(fixed.kind == Kind::Publish && rest.len() > 64) {
                return if data.len() < 4096 { Verdict::Need } else { Verdict::No };
            }
            break;
        };
        match whole(&fixed, body) {
            Some(Role::Unknown) => {}
            Some(said) if role == Role::Unknown => role = said,
            Some(said) if said == role => {}
            _ => return Verdict::No,
        }
        packets += 1;
        rest = rest.get(fixed.total()..).unwrap_or_default();
    }
    if packets > 0 {
        return Verdict::Weak(role);
    }
    match whole(&fixed, body) {
        Some(role) => Verdict::Weak(role),
        None => Verdict::No,
    }
}

fn identify_connect(fixed: &Fixed, body: &[u8]) -> Verdict {
    let (Some([0, len]), name) = (body.first_chunk::<2>(), body.get(2..).unwrap_or_default()) else {
        return if body.len() < 2 && body.iter().all(|b| *b == 0) { Verdict::Need } else { Verdict::No };
    };
    let len = usize::from(*len);
    if len != 4 && len != 6 {
        return Verdict::No;
    }
    match (name.get(..len), name.get(len)) {
        (Some(protocol), Some(level)) if known_protocol(protocol, *level) && fixed.remaining >= len + 8 => {
            Verdict::Strong(Role::Client)
        }
        (Some(protocol), None) if protocol == b"MQTT" || protocol == b"MQIsdp" => Verdict::Need,
        (None, _) if b"MQTT".starts_with(name) || b"MQIsdp".starts_with(name) => Verdict::Need,
        _ => Verdict::No,
    }
}

/// Whether `body` is what its type wants, and who sends such packets.
fn whole(fixed: &Fixed, body: &[u8]) -> Option<Role> {
    match fixed.kind {
        Kind::Connect | Kind::Auth => None,
        Kind::Connack => {
            let [flags, code, rest @ ..] = body else { return None };
            let known = rest.is_empty() && *code <= 5
                || !rest.is_empty() && Ack::connack(body).is_some() && (*code == 0 || *code >= 0x80);
            (*flags <= 1 && known).then_some(Role::Server)
        }
        Kind::Publish => {
            let p = Publish::read(fixed, body, 0)?;
            let printable = !p.topic.is_empty() && !p.topic.chars().any(char::is_control);
            (fixed.qos() < 3 && printable && p.id != Some(0)).then_some(Role::Unknown)
        }
        Kind::Subscribe | Kind::Unsubscribe => {
            let printable = |f: &Filters| f.filters.iter().all(|(t, _)| !t.chars().any(char::is_control));
            let old = Filters::read(fixed.kind, body, 4).filter(printable);
            let new = old.or_else(|| Filters::read(fixed.kind, body, 5).filter(printable))?;
            (new.id != 0 && fixed.qos() == 1).then_some(Role::Client)
        }
        Kind::Suback => {
            let a = Ack::read(fixed.kind, body, 4)?;
            let known = |c: &u8| matches!(c, 0..=2 | 0x80..=0xa2);
            (a.id != 0 && a.codes.iter().all(known)).then_some(Role::Server)
        }
        Kind::Unsuback => (body.len() == 2 && body != [0, 0]).then_some(Role::Server),
        Kind::Puback | Kind::Pubrec | Kind::Pubrel | Kind::Pubcomp => {
            (body.len() == 2 && body != [0, 0]).then_some(Role::Unknown)
        }
        Kind::Pingreq => Some(Role::Client),
        Kind::Pingresp => Some(Role::Server),
        Kind::Disconnect => body.is_empty().then_some(Role::Client),
    }
}

/// What waits for an acknowledgement.
#[derive(Debug)]
enum Open {
    Publish(report::Published),
    Filters { subscribe: bool, filters: Vec<(String, u8)>, asked: Stamp },
}

/// A CONNECT that waits for its CONNACK.
#[derive(Debug)]
struct Login {
    client_id: String,
    username: Option<String>,
    password: Option<Vec<u8>>,
    will_topic: Option<String>,
    clean: bool,
    bridge: bool,
    asked: Stamp,
}

/// One connection.
#[derive(Default)]
pub struct Mqtt {
    /// 3, 4 or 5; 0 while unknown.
    version: u8,
    login: Option<Login>,
    connected: bool,
    /// By who asked and the packet identifier.
    open: Pending<(Side, u16), Open, 64>,
    topics: device::Topics,
    said_missing: bool,
    said_early: bool,
    seen: [bool; 2],
}

impl Probe for Mqtt {
    fn stream(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Step {
        let fixed = match Fixed::read(data) {
            Head::Good(fixed) => fixed,
            Head::Need => return Step::Need,
            Head::Bad => return Step::Bad,
        };
        let total = fixed.total();
        let body = data.get(fixed.header..total.min(data.len())).unwrap_or_default();
        if data.len() < total && data.len() < MAX_WHOLE {
            return Step::Need;
        }
        if data.len() < total && fixed.kind != Kind::Publish {
            return Step::Bad;
        }
        if self.packet(cx, &fixed, body).is_none() {
            // the framing is as good as it was: only this packet is lost, unless it never was one
            if !self.connected && self.login.is_none() {
                return Step::Bad;
            }
            cx.malformed();
        }
        if data.len() < total {
            return Step::Skip((total - data.len()) as u64);
        }
        if fixed.kind == Kind::Disconnect {
            self.connected = false;
        }
        Step::Used(total)
    }

    fn gap(&mut self, _cx: &mut Cx<'_>, _from: Side, _missing: u64) {}

    fn end(&mut self, cx: &mut Cx<'_>) {
        if let Some(login) = self.login.take() {
            let outcome = if self.seen[1] { Outcome::NoAnswer } else { Outcome::Unknown };
            report::login(cx, self.version, &login, outcome, None);
        }
        let open: Vec<_> = self.open.drain().collect();
        for ((side, _), request) in open {
            let answerer = usize::from(side == Side::Client);
            let outcome = if self.seen[answerer] { Outcome::NoAnswer } else { Outcome::Unknown };
            self.settle(cx, side, request, outcome, None);
        }
    }
}

impl Mqtt {
    /// Takes one packet; `None` if its body is not what its type wants.
    fn packet(&mut self, cx: &mut Cx<'_>, fixed: &Fixed, body: &[u8]) -> Option<()> {
        match fixed.kind {
            Kind::Connect | Kind::Subscribe | Kind::Unsubscribe | Kind::Pingreq => cx.sender_is(Side::Client),
            Kind::Connack | Kind::Suback | Kind::Unsuback | Kind::Pingresp => cx.sender_is(Side::Server),
            _ => {}
        }
        let from = cx.from();
        self.seen[usize::from(from == Side::Server)] = true;
        self.order(cx, fixed, from);
        match fixed.kind {
            Kind::Connect => self.connect(cx, fixed, body)?,
            Kind::Connack => {
                let ack = Ack::connack(body)?;
                if self.version == 0 {
                    self.version = if body.len() > 2 { 5 } else { 4 };
                }
                self.connack(cx, fixed, &ack);
            }
            Kind::Publish => self.publish(cx, fixed, body, from)?,
            Kind::Subscribe | Kind::Unsubscribe => {
                let filters = self.filters(fixed, body)?;
                report::filters(cx, fixed, &filters);
                let subscribe = fixed.kind == Kind::Subscribe;
                let request = Open::Filters { subscribe, filters: filters.filters, asked: cx.at() };
                self.push(cx, (from, filters.id), request);
            }
            Kind::Puback | Kind::Pubrec | Kind::Suback | Kind::Unsuback => {
                let ack = Ack::read(fixed.kind, body, self.version)?;
                report::ack(cx, fixed, self.version, &ack);
                self.acknowledge(cx, from.other(), &ack);
            }
            Kind::Pubrel | Kind::Pubcomp => {
                let ack = Ack::read(fixed.kind, body, self.version)?;
                report::ack(cx, fixed, self.version, &ack);
            }
            Kind::Pingreq | Kind::Pingresp => report::bare(cx, fixed),
            Kind::Disconnect | Kind::Auth => {
                let ack = Ack::reason(body)?;
                report::ack(cx, fixed, self.version, &ack);
            }
        }
        Some(())
    }

    /// Notes packets that come before they may.
    fn order(&mut self, cx: &mut Cx<'_>, fixed: &Fixed, from: Side) {
        if fixed.qos() == 3 && fixed.kind == Kind::Publish {
            report::anomaly(cx, fixed, "invalid_qos_level");
        }
        if self.connected || from == Side::Server || fixed.kind == Kind::Connect || !cx.flow().oriented {
            return;
        }
        match &self.login {
            None if !self.said_missing && self.version == 0 => {
                self.said_missing = true;
                report::anomaly(cx, fixed, "missing_connect");
            }
            Some(_) if !self.said_early && !matches!(fixed.kind, Kind::Auth | Kind::Disconnect) => {
                self.said_early = true;
                report::anomaly(cx, fixed, "unintroduced_message");
            }
            _ => {}
        }
    }

    fn connect(&mut self, cx: &mut Cx<'_>, fixed: &Fixed, body: &[u8]) -> Option<()> {
        let c = Connect::read(body).filter(|c| known_protocol(c.protocol.as_bytes(), c.level))?;
        if let Some(old) = self.login.take() {
            report::login(cx, self.version, &old, Outcome::Unknown, None);
        }
        self.version = c.level;
        self.connected = false;
        report::connect(cx, fixed, &c);
        if !c.client_id.is_empty() {
            cx.fact(Side::Client, "client_id", &c.client_id, "CONNECT.Client Identifier");
        }
        self.login = Some(Login {
            will_topic: c.will.as_ref().map(|w| w.topic.clone()),
            clean: c.flags & 2 != 0,
            bridge: c.bridge,
            client_id: c.client_id,
            username: c.username,
            password: c.password.map(<[u8]>::to_vec),
            asked: cx.at(),
        });
        Some(())
    }

    fn connack(&mut self, cx: &mut Cx<'_>, fixed: &Fixed, ack: &Ack) {
        report::ack(cx, fixed, self.version, ack);
        let code = ack.codes.first().copied().unwrap_or(0);
        if self.login.is_none() && !self.said_missing && cx.flow().oriented {
            self.said_missing = true;
            report::anomaly(cx, fixed, "missing_connect");
        }
        self.connected = code == 0;
        if let Some(id) = property(&ack.properties, "assigned_client_identifier") {
            cx.fact(Side::Client, "client_id", id, "CONNACK.Assigned Client Identifier");
        }
        if let Some(login) = self.login.take() {
            let outcome = if code == 0 { Outcome::Accepted } else { Outcome::Refused };
            report::login(cx, self.version, &login, outcome, Some(code));
        }
    }

    fn filters(&self, fixed: &Fixed, body: &[u8]) -> Option<Filters> {
        let read = |version| Filters::read(fixed.kind, body, version);
        if self.version == 0 { read(4).or_else(|| read(5)) } else { read(self.version) }
    }

    fn publish(&mut self, cx: &mut Cx<'_>, fixed: &Fixed, body: &[u8], from: Side) -> Option<()> {
        let p = Publish::read(fixed, body, self.version)?;
        report::publish(cx, fixed, &p);
        self.topics.learn(cx, from, fixed, &p);
        let request = report::Published::new(cx.at(), fixed, &p);
        match p.id {
            Some(id) if fixed.qos() < 3 => self.push(cx, (from, id), Open::Publish(request)),
            _ => report::published(cx, from, &request, Outcome::Unknown, None),
        }
        Some(())
    }

    fn push(&mut self, cx: &mut Cx<'_>, key: (Side, u16), request: Open) {
        // the identifier is free again: the one before it was never answered
        if let Some(old) = self.open.take(&key) {
            self.settle(cx, key.0, old, Outcome::Unknown, None);
        }
        if let Some(((side, _), old)) = self.open.push(key, request) {
            self.settle(cx, side, old, Outcome::Unknown, None);
        }
    }

    fn acknowledge(&mut self, cx: &mut Cx<'_>, asker: Side, ack: &Ack) {
        let Some(request) = self.open.take(&(asker, ack.id)) else { return };
        // a subscription is refused if every filter was
        let refused = !ack.codes.is_empty() && ack.codes.iter().all(|c| *c >= 0x80);
        let outcome = if refused { Outcome::Refused } else { Outcome::Accepted };
        let code = ack.codes.first().copied().filter(|_| refused);
        self.settle(cx, asker, request, outcome, code);
    }

    fn settle(&self, cx: &mut Cx<'_>, asker: Side, request: Open, outcome: Outcome, code: Option<u8>) {
        match request {
            Open::Publish(p) => report::published(cx, asker, &p, outcome, code),
            Open::Filters { subscribe, filters, asked } => {
                report::subscribed(cx, subscribe, &filters, asked, outcome, code);
            }
        }
    }
}
