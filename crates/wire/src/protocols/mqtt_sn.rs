//! MQTT-SN 1.2: MQTT for sensor networks, over UDP.
//!
//! Length (1 octet, or 01 and 2 octets), type, fields. Gateways are found by SEARCHGW and ADVERTISE.

use crate::bytes::Reader;
use crate::cx::Cx;
use crate::model::*;
use crate::pending::Pending;
use crate::probe::*;

pub static SPEC: Spec = Spec {
    name: "mqtt-sn",
    title: "MQTT for Sensor Networks",
    industrial: false,
    transports: &[Transport::Udp],
    ports: &[1884, 1883, 10000],
    ethertypes: &[],
    rank: 88,
    identify,
    open: || Box::<MqttSn>::default(),
    pdus: false,
    facts: &["client_id", "topic", "id:mqtt-sn-gateway"],
    credentials: &[],
    operations: &["connect", "publish", "subscribe", "unsubscribe", "register", "search_gateway"],
    source: "MQTT-SN 1.2 (OASIS input)",
    level: 5,
    proofs: &[],
};

/// Topics of one flow noted as facts.
const MAX_TOPICS: usize = 16;

struct Message<'a> {
    kind: u8,
    body: &'a [u8],
}

/// One message of the whole datagram, its fields as its type wants them.
fn message(data: &[u8]) -> Option<Message<'_>> {
    let (length, rest) = match data {
        [1, high, low, rest @ ..] => (usize::from(u16::from_be_bytes([*high, *low])), rest),
        [n, rest @ ..] if *n >= 2 => (usize::from(*n), rest),
        _ => return None,
    };
    let (kind, body) = rest.split_first()?;
    if length != data.len() {
        return None;
    }
    let n = body.len();
    let fits = match kind {
        0x00 => n == 3,
        0x01 => n == 1,
        0x02 => (1..=17).contains(&n),
        // flags without QoS, protocol 1, duration, a name of 1 to 23
        0x04 => (5..=27).contains(&n) && body.get(1) == Some(&1) && name(body.get(4..)).is_some(),
        0x05 => n == 1 && body.first().is_some_and(|c| *c <= 3),
        0x06 | 0x08 => n == 0,
        0x0A => n >= 5 && name(body.get(4..)).is_some(),
        0x0B => n == 5 && body.get(4).is_some_and(|c| *c <= 3),
        0x0C => n >= 5,
        0x0D => n == 5 && body.get(4).is_some_and(|c| *c <= 3),
        0x0E..=0x10 => n == 2,
        0x12 | 0x14 => n >= 4,
        0x13 => n == 6 && body.get(5).is_some_and(|c| *c <= 3),
        0x15 => n == 2,
        0x16 => n == 0 || name(Some(body)).is_some(),
        0x17 => n == 0,
        0x18 => n == 0 || n == 2,
        _ => false,
    };
    fits.then_some(Message { kind: *kind, body })
}

fn name(bytes: Option<&[u8]>) -> Option<&str> {
    let text = std::str::from_utf8(bytes?).ok()?;
    (!text.is_empty() && !text.chars().any(char::is_control)).then_some(text)
}

fn identify(_: &Hint, data: &[u8]) -> Verdict {
    let Some(m) = message(data) else { return Verdict::No };
    match m.kind {
        // the protocol's number and a readable name of at least three letters
        0x04 if m.body.len() >= 7 && m.body.first().is_some_and(|f| f & 0xF3 == 0) => Verdict::Strong(Role::Client),
        0x01 | 0x04 | 0x0A | 0x12 | 0x14 => Verdict::Weak(Role::Client),
        0x00 | 0x02 | 0x05 | 0x06 | 0x08 | 0x0B | 0x13 | 0x15 | 0x17 => Verdict::Weak(Role::Server),
        _ => Verdict::Weak(Role::Unknown),
    }
}

#[derive(Debug)]
struct Request {
    name: &'static str,
    action: Action,
    target: String,
    asked: Stamp,
}

#[derive(Default)]
struct MqttSn {
    /// By type of the answer and message number; CONNECT and SEARCHGW have number 0.
    open: Pending<(Side, u8, u16), Request, 32>,
    topics: Vec<(u16, String)>,
    noted: usize,
    heard: bool,
}

impl Probe for MqttSn {
    fn datagram(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Result<(), Malformed> {
        let m = message(data).ok_or(Malformed)?;
        match m.kind {
            0x01 | 0x04 | 0x12 | 0x14 => cx.sender_is(Side::Client),
            0x00 | 0x05 | 0x06 | 0x08 | 0x13 | 0x15 | 0x17 => cx.sender_is(Side::Server),
            _ => {}
        }
        self.heard |= cx.from() == Side::Server;
        self.message(cx, &m).ok_or(Malformed)
    }

    fn end(&mut self, cx: &mut Cx<'_>) {
        let outcome = if self.heard { Outcome::NoAnswer } else { Outcome::Unknown };
        for ((by, ..), request) in self.open.drain().collect::<Vec<_>>() {
            report(cx, by, &request, outcome, 0);
        }
    }
}

impl MqttSn {
    fn message(&mut self, cx: &mut Cx<'_>, m: &Message<'_>) -> Option<()> {
        let mut r = Reader::new(m.body);
        let from = cx.from();
        match m.kind {
            0x01 => self.ask(cx, 0x02, 0, "search_gateway", Action::Discover, ""),
            0x00 | 0x02 => {
                cx.sender_is(Side::Server);
                cx.fact(cx.from(), "id:mqtt-sn-gateway", &r.u8()?.to_string(), "GwId");
                self.answer(cx, 0x02, 0, 0);
            }
            0x04 => {
                let id = name(m.body.get(4..))?;
                cx.fact(Side::Client, "client_id", id, "CONNECT.ClientId");
                self.ask(cx, 0x05, 0, "connect", Action::Authenticate, id);
            }
            0x05 => self.answer(cx, 0x05, 0, r.u8()?),
            0x0A => {
                let (topic, number) = (r.be16()?, r.be16()?);
                let text = name(Some(r.rest()))?.to_owned();
                self.know(topic, &text);
                self.ask(cx, 0x0B, number, "register", Action::Other, &text);
            }
            0x0B => {
                let (topic, number, code) = (r.be16()?, r.be16()?, r.u8()?);
                if let Some((_, text)) = self.topics.iter().find(|(id, _)| *id == 0).cloned().filter(|_| code == 0) {
                    self.know(topic, &text);
                }
                self.answer(cx, 0x0B, number, code);
            }
            0x0C => {
                let (flags, topic, number) = (r.u8()?, r.be16()?, r.be16()?);
                let text = self.topic(flags, topic);
                if from == Side::Client && self.noted < MAX_TOPICS && !text.starts_with('#') {
                    self.noted += 1;
                    cx.fact(Side::Client, "topic", &text, "PUBLISH.TopicId");
                }
                if matches!(flags >> 5 & 3, 1 | 2) {
                    self.ask(cx, 0x0D, number, "publish", Action::Other, &text);
                } else {
                    cx.op(Op::new(Action::Other, "publish").target(&text).by(from));
                }
            }
            0x0D => {
                r.skip(2)?;
                let (number, code) = (r.be16()?, r.u8()?);
                self.answer(cx, 0x0D, number, code);
            }
            0x0F => self.answer(cx, 0x0D, r.be16()?, 0),
            0x12 | 0x14 => {
                let (flags, number) = (r.u8()?, r.be16()?);
                let text = match flags & 3 {
                    0 => name(Some(r.rest()))?.to_owned(),
                    _ => self.topic(flags, r.be16()?),
                };
                let (answer, what, action) = match m.kind {
                    0x12 => (0x13, "subscribe", Action::Subscribe),
                    _ => (0x15, "unsubscribe", Action::Other),
                };
                self.ask(cx, answer, number, what, action, &text);
            }
            0x13 => {
                r.skip(3)?;
                let (number, code) = (r.be16()?, r.u8()?);
                self.answer(cx, 0x13, number, code);
            }
            0x15 => self.answer(cx, 0x15, r.be16()?, 0),
            _ => {}
        }
        Some(())
    }

    fn know(&mut self, topic: u16, text: &str) {
        self.topics.retain(|(id, _)| *id != topic);
        if self.topics.len() >= MAX_TOPICS {
            self.topics.remove(0);
        }
        self.topics.push((topic, text.chars().take(128).collect()));
    }

    /// The topic's name: two letters, or a number that was registered.
    fn topic(&self, flags: u8, topic: u16) -> String {
        if flags & 3 == 2 {
            return String::from_utf8_lossy(&topic.to_be_bytes()).into_owned();
        }
        let known = self.topics.iter().find(|(id, _)| *id == topic && *id != 0);
        known.map_or_else(|| format!("#{topic}"), |(_, text)| text.clone())
    }

    fn ask(&mut self, cx: &mut Cx<'_>, answer: u8, number: u16, name: &'static str, action: Action, target: &str) {
        let key = (cx.from(), answer, number);
        if self.open.get(&key).is_some_and(|r| r.target == target) {
            return; // sent again
        }
        let request = Request { name, action, target: target.to_owned(), asked: cx.at() };
        if let Some(((by, ..), old)) = self.open.push(key, request) {
            report(cx, by, &old, Outcome::Unknown, 0);
        }
    }

    fn answer(&mut self, cx: &mut Cx<'_>, kind: u8, number: u16, code: u8) {
        let by = cx.from().other();
        if let Some(request) = self.open.take(&(by, kind, number)) {
            report(cx, by, &request, if code == 0 { Outcome::Accepted } else { Outcome::Refused }, code);
        }
    }
}

fn report(cx: &mut Cx<'_>, by: Side, r: &Request, outcome: Outcome, code: u8) {
    let mut op = Op::new(r.action, r.name).outcome(outcome).asked(r.asked).by(by);
    if !r.target.is_empty() {
        op = op.target(&r.target);
    }
    if outcome == Outcome::Refused {
        let why = match code {
            1 => "congestion",
            2 => "invalid_topic_id",
            _ => "not_supported",
        };
        op = op.exception(code, why);
    }
    cx.op(op);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::Dialogue;
    use proptest::prelude::*;

    #[test]
    fn topics_and_requests_are_bounded() {
        let mut sn = MqttSn::default();
        for n in 0..100_000u32 {
            sn.know(n as u16, "topic");
        }
        assert!(sn.topics.len() <= MAX_TOPICS);
    }

    proptest! {
        #[test]
        fn never_panics(kind in 0u8..0x1A, body in proptest::collection::vec(any::<u8>(), 0..40), bytes: Vec<u8>) {
            let data = [vec![body.len() as u8 + 2, kind], body].concat();
            let d = Dialogue::udp(&SPEC, 1884);
            d.identify(true, &bytes);
            d.identify(true, &data);
            d.client(&data).server(&data).client(&bytes).end();
        }
    }
}
