//! What MQTT packets become: events of packets, operations, credentials.

use super::Login;
use super::device::{Purpose, purpose};
use super::packet::*;
use crate::bytes::hex;
use crate::cx::Cx;
use crate::model::*;

/// Longest payload shown in an event or detail, in bytes.
const MAX_PAYLOAD: usize = 512;

type Fields = Vec<(&'static str, Val)>;

fn fixed_fields(fixed: &Fixed) -> Fields {
    vec![
        ("mqtt.qos", Val::from(fixed.qos())),
        ("mqtt.retain", Val::from(fixed.retain())),
        ("mqtt.dup", Val::from(fixed.dup())),
    ]
}

fn list<'a>(items: impl Iterator<Item = &'a str>) -> Val {
    Val::from(items.map(Val::from).collect::<Vec<_>>())
}

/// Adds the properties, the secret one apart.
fn properties(fields: &mut Fields, name: &'static str, found: &Properties) {
    const SECRET: &str = "authentication_data";
    let pair = |p: &Property| Val::from(format!("{}={}", p.name, p.value));
    let shown: Vec<Val> = found.iter().filter(|p| p.name != SECRET).map(pair).collect();
    if !shown.is_empty() {
        fields.push((name, Val::from(shown)));
    }
    if let Some(data) = property(found, SECRET) {
        fields.push(("mqtt.authentication_data", Val::from(data)));
    }
}

/// Payload as text if it is some, as hex if not; cut to [`MAX_PAYLOAD`].
fn payload(bytes: &[u8]) -> String {
    let cut = bytes.get(..bytes.len().min(MAX_PAYLOAD)).unwrap_or_default();
    let text = match std::str::from_utf8(cut) {
        Ok(text) => text,
        // cut in the middle of a character
        Err(e) if e.error_len().is_none() => {
            std::str::from_utf8(cut.get(..e.valid_up_to()).unwrap_or_default()).unwrap_or_default()
        }
        Err(_) => return hex(cut.get(..cut.len().min(64)).unwrap_or_default()),
    };
    if text.chars().any(|c| c.is_control() && !c.is_whitespace()) {
        return hex(cut.get(..cut.len().min(64)).unwrap_or_default());
    }
    text.to_owned()
}

pub fn bare(cx: &mut Cx<'_>, fixed: &Fixed) {
    if cx.wants_pdus() {
        cx.pdu(fixed.kind.name(), fixed_fields(fixed));
    }
}

/// A packet that should not be: an event, whatever is asked for.
pub fn anomaly(cx: &mut Cx<'_>, fixed: &Fixed, name: &'static str) {
    if cx.wants_events() {
        let mut fields = fixed_fields(fixed);
        fields.push(("mqtt.packet_type", Val::Static(fixed.kind.name())));
        cx.event(name, "error", fields);
    }
}

pub fn connect(cx: &mut Cx<'_>, fixed: &Fixed, c: &Connect<'_>) {
    if !cx.wants_pdus() {
        return;
    }
    let mut f = fixed_fields(fixed);
    let bit = |mask: u8| Val::from(c.flags & mask != 0);
    f.push(("mqtt.protocol_string", Val::from(c.protocol.as_str())));
    f.push(("mqtt.protocol_version", Val::from(c.level)));
    f.push(("mqtt.keep_alive", Val::from(c.keep_alive)));
    f.push(("mqtt.client_id", Val::from(c.client_id.as_str())));
    f.push(("mqtt.flags.username", bit(0x80)));
    f.push(("mqtt.flags.password", bit(0x40)));
    f.push(("mqtt.flags.will", bit(0x04)));
    f.push(("mqtt.flags.will_retain", bit(0x20)));
    f.push(("mqtt.flags.clean_session", bit(0x02)));
    if let Some(user) = &c.username {
        f.push(("mqtt.username", Val::from(user.as_str())));
    }
    if let Some(password) = c.password {
        f.push(("mqtt.password", Val::from(payload(password))));
    }
    if let Some(will) = &c.will {
        f.push(("mqtt.will.topic", Val::from(will.topic.as_str())));
        f.push(("mqtt.will.message", Val::from(payload(will.message))));
        properties(&mut f, "mqtt.will.properties", &will.properties);
    }
    properties(&mut f, "mqtt.properties", &c.properties);
    cx.pdu("connect", f);
}

pub fn publish(cx: &mut Cx<'_>, fixed: &Fixed, p: &Publish<'_>) {
    if !cx.wants_pdus() {
        return;
    }
    let mut f = fixed_fields(fixed);
    f.push(("mqtt.topic", Val::from(p.topic.as_str())));
    if let Some(id) = p.id {
        f.push(("mqtt.message_id", Val::from(id)));
    }
    f.push(("mqtt.message", Val::from(payload(p.payload))));
    properties(&mut f, "mqtt.properties", &p.properties);
    cx.pdu("publish", f);
}

pub fn filters(cx: &mut Cx<'_>, fixed: &Fixed, found: &Filters) {
    if !cx.wants_pdus() {
        return;
    }
    let mut f = fixed_fields(fixed);
    f.push(("mqtt.message_id", Val::from(found.id)));
    f.push(("mqtt.topics", list(found.filters.iter().map(|(t, _)| t.as_str()))));
    if fixed.kind == Kind::Subscribe {
        let asked = found.filters.iter().map(|(_, q)| Val::from(*q)).collect::<Vec<_>>();
        f.push(("mqtt.qos_requested", Val::from(asked)));
    }
    properties(&mut f, "mqtt.properties", &found.properties);
    cx.pdu(fixed.kind.name(), f);
}

pub fn ack(cx: &mut Cx<'_>, fixed: &Fixed, version: u8, ack: &Ack) {
    if !cx.wants_pdus() {
        return;
    }
    let mut f = fixed_fields(fixed);
    let code = ack.codes.first().copied();
    let codes = || Val::from(ack.codes.iter().map(|c| Val::from(*c)).collect::<Vec<_>>());
    match fixed.kind {
        Kind::Connack => {
            f.push(("mqtt.session_present", Val::from(ack.id != 0)));
            f.push(("mqtt.return_code", Val::from(code.unwrap_or(0))));
        }
        Kind::Suback => f.push(("mqtt.qos_granted", codes())),
        Kind::Unsuback if !ack.codes.is_empty() => f.push(("mqtt.reason_codes", codes())),
        // 5.0 leaves success out
        _ if version >= 5 => f.push(("mqtt.reason_code", Val::from(code.unwrap_or(0)))),
        _ => {}
    }
    if let Some(code) = code {
        f.push(("mqtt.reason", Val::Static(reason_name(version, code))));
        let word = if code < 0x80 && (fixed.kind != Kind::Connack || code == 0) { "success" } else { "failure" };
        f.push(("event.outcome", Val::Static(word)));
    }
    if !matches!(fixed.kind, Kind::Connack | Kind::Disconnect | Kind::Auth) {
        f.push(("mqtt.message_id", Val::from(ack.id)));
    }
    properties(&mut f, "mqtt.properties", &ack.properties);
    cx.pdu(fixed.kind.name(), f);
}

/// The log-in and its result, as an operation and, if it held a secret or a name, a credential.
pub fn login(cx: &mut Cx<'_>, version: u8, login: &Login, outcome: Outcome, code: Option<u8>) {
    let name = code.map(|c| (c, reason_name(version, c)));
    let mut op = Op::new(Action::Authenticate, "connect").code(1).outcome(outcome).asked(login.asked);
    if !login.client_id.is_empty() {
        op = op.target(&login.client_id);
    }
    op = op.detail("protocol_version", version).detail("clean_session", login.clean);
    op = op.detail("anonymous", login.username.is_none());
    if let Some(user) = &login.username {
        op = op.detail("username", user.as_str());
    }
    if let Some(topic) = &login.will_topic {
        op = op.detail("will_topic", topic.as_str());
    }
    if login.bridge {
        op = op.detail("bridge", true);
    }
    if let (Some((code, name)), Outcome::Refused) = (name, outcome) {
        op = op.exception(code, name);
    }
    cx.op(op);
    let Some(user) = &login.username else {
        if outcome == Outcome::Accepted && login.password.is_none() {
            cx.service_info("anonymous", true);
        }
        return;
    };
    let ended = match (outcome, name) {
        (Outcome::Accepted, _) => LoginOutcome::Success,
        (Outcome::Refused, Some((_, "bad_user_name_or_password" | "not_authorized" | "banned"))) => {
            LoginOutcome::Failure
        }
        _ => LoginOutcome::Unknown,
    };
    let secret = login.password.as_deref().filter(|p| !p.is_empty()).map(text_or_hex);
    let kind = match &secret {
        None => CredKind::User,
        // Azure IoT Hub, and JSON web tokens of other clouds
        Some(s) if s.starts_with("SharedAccessSignature ") || is_jwt(s) => CredKind::Token,
        Some(_) => CredKind::Password,
    };
    let mut cred = Cred::new(kind).outcome(ended).sent(login.asked);
    if !user.is_empty() {
        cred = cred.username(user);
    }
    if let Some(secret) = &secret {
        cred = cred.secret(secret).cleartext();
    }
    if !login.client_id.is_empty() {
        cred = cred.detail("client_id", login.client_id.as_str());
    }
    if secret.is_some() || !user.is_empty() {
        cx.credential(cred);
    }
}

fn text_or_hex(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.chars().any(char::is_control) => text.to_owned(),
        _ => hex(bytes),
    }
}

fn is_jwt(text: &str) -> bool {
    text.starts_with("eyJ") && text.split('.').count() == 3
}

/// A PUBLISH on its way to be reported.
#[derive(Debug)]
pub struct Published {
    topic: String,
    purpose: Purpose,
    qos: u8,
    retain: bool,
    length: usize,
    /// Kept for commands only.
    payload: Option<String>,
    asked: Stamp,
}

impl Published {
    pub fn new(asked: Stamp, fixed: &Fixed, p: &Publish<'_>) -> Published {
        let purpose = purpose(&p.topic);
        let payload = (purpose.action != Action::Other && !purpose.sparkplug).then(|| payload(p.payload));
        Published {
            topic: p.topic.clone(),
            purpose,
            qos: fixed.qos(),
            retain: fixed.retain(),
            length: p.payload.len(),
            payload,
            asked,
        }
    }
}

pub fn published(cx: &mut Cx<'_>, by: Side, p: &Published, outcome: Outcome, code: Option<u8>) {
    let command = p.purpose.action != Action::Other;
    let mut op = Op::new(p.purpose.action, p.purpose.name).outcome(outcome).asked(p.asked).by(by).target(&p.topic);
    op = op.code(3).detail("qos", p.qos).detail("retain", p.retain).detail("length", p.length);
    if p.purpose.sparkplug {
        op = op.protocol("sparkplug-b");
        cx.also("sparkplug-b");
    }
    // roadside units and their platform (T/CSAE 159 and the interfaces of the demonstration areas)
    if p.topic.get(..4).is_some_and(|t| t.eq_ignore_ascii_case("v2x/")) {
        cx.also("v2x");
    }
    if let Some(payload) = &p.payload {
        op = op.value(payload.as_str());
    }
    if let Some(code) = code {
        op = op.exception(code, reason_name(5, code));
    }
    if command {
        op = op.notable();
    }
    cx.op(op);
}

pub fn subscribed(
    cx: &mut Cx<'_>,
    subscribe: bool,
    filters: &[(String, u8)],
    asked: Stamp,
    outcome: Outcome,
    code: Option<u8>,
) {
    let wide = |f: &str| matches!(f, "#" | "+/#" | "/#") || f.starts_with("$SYS");
    let widest = filters.iter().map(|(f, _)| f.as_str()).find(|f| wide(f));
    let (action, name, number) = match subscribe {
        true => (Action::Subscribe, "subscribe", 8),
        false => (Action::Other, "unsubscribe", 10),
    };
    let mut op = Op::new(action, name).code(number).outcome(outcome).asked(asked);
    if let Some(target) = widest.or(filters.first().map(|(f, _)| f.as_str())) {
        op = op.target(target);
    }
    op = op.detail("topics", list(filters.iter().map(|(f, _)| f.as_str())));
    if let Some(code) = code {
        op = op.exception(code, reason_name(5, code));
    }
    if subscribe && widest.is_some() {
        op = op.notable().detail("wildcard", true);
    }
    cx.op(op);
}
