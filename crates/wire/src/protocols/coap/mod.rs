//! Constrained Application Protocol (RFC 7252, 7641, 8323) with Lightweight M2M inside it.
//!
//! Requests are paired with their answers by token. Either side may ask: a device that registered is
//! managed over the same flow. Shelly's announcements (CoIoT) and OCF's device descriptions are read.

mod content;
mod lwm2m;
mod message;
#[cfg(test)]
mod tests;

use crate::cx::Cx;
use crate::model::*;
use crate::obs::BindKind;
use crate::pending::Pending;
use crate::probe::*;
use crate::protocols::sysdescr::mac;
use content::Item;
use message::*;

pub static SPEC: Spec = Spec {
    name: "coap",
    title: "Constrained Application Protocol",
    industrial: false,
    transports: &[Transport::Udp, Transport::Tcp],
    ports: &[5683],
    ethertypes: &[],
    rank: 61,
    identify,
    open: || Box::<Coap>::default(),
    pdus: false,
    facts: &[
        "vendor", "product", "model", "serial", "firmware", "hardware", "software", "name", "device_type",
        "id:lwm2m", "id:imei", "id:ocf", "lifetime", "lwm2m_version", "binding", "phone", "role",
    ],
    credentials: &["psk"],
    operations: &[
        "get", "post", "put", "delete", "fetch", "patch", "ipatch", "observe", "discover", "register", "update",
        "deregister", "bootstrap_request", "bootstrap_finish", "read", "write", "execute", "create", "reboot",
        "factory_reset", "reset_error_code", "disable", "registration_update_trigger",
        "bootstrap_request_trigger", "firmware_update", "firmware_package", "firmware_package_uri",
        "software_install", "set_current_time", "write_security",
    ],
    source: "RFC 7252, 7641, 7959, 8132, 8323; OMA LwM2M Core 1.1; Shelly CoIoT; OCF Core 2.0",
    level: 5,
    proofs: &[],
};

/// A request is given up after this time, in microseconds: EXCHANGE_LIFETIME (RFC 7252, 4.8.2).
const TIMEOUT: i64 = 247_000_000;
/// A message longer than this is taken by its first bytes, the rest is passed over.
const MAX_WHOLE: usize = 8 * 1024;

fn identify(hint: &Hint, data: &[u8]) -> Verdict {
    if hint.transport == Transport::Tcp { identify_stream(data) } else { identify_datagram(data) }
}

fn identify_datagram(data: &[u8]) -> Verdict {
    // version 1 and a token that is not too long
    if data.first().is_none_or(|b| b >> 6 != 1 || b & 15 > 8) || !data.get(1).is_some_and(|c| *c == 0 || known_code(*c)) {
        return Verdict::No;
    }
    let Some(m) = Message::datagram(data) else { return Verdict::No };
    let announced = m.all(COIOT_DEVICE).any(|v| v.starts_with(b"SH"));
    match m.code {
        COIOT_STATUS if announced && m.readable_path() => Verdict::Strong(Role::Server),
        COIOT_STATUS => Verdict::No,
        _ if announced => Verdict::Strong(if m.code < 0x20 { Role::Client } else { Role::Server }),
        0x01..=0x1F if m.readable_path() => Verdict::Strong(Role::Client),
        0 => Verdict::Weak(Role::Unknown),
        0x01..=0x1F if m.all(URI_PATH).next().is_some() => Verdict::No,
        0x01..=0x1F => Verdict::Weak(Role::Client),
        _ => Verdict::Weak(Role::Server),
    }
}

/// A connection begins with settings on both sides (RFC 8323, 5.3).
fn identify_stream(data: &[u8]) -> Verdict {
    match framed(data) {
        Ok(Some(head)) if head.total > 4096 => Verdict::No,
        Ok(Some(head)) if data.len() < head.total => {
            if head.code == CSM || head.code < 0x20 { Verdict::Need } else { Verdict::No }
        }
        Ok(Some(head)) => match head.message(data) {
            Some(m) if m.code == CSM && m.options.iter().any(|(n, v)| *n == 2 && !v.is_empty()) => {
                Verdict::Strong(Role::Unknown)
            }
            Some(m) if m.code == CSM => Verdict::Weak(Role::Unknown),
            Some(m) if method(m.code).is_some() && m.readable_path() => Verdict::Weak(Role::Client),
            _ => Verdict::No,
        },
        Ok(None) => Verdict::Need,
        Err(()) => Verdict::No,
    }
}

/// A request that waits for its answer.
#[derive(Debug)]
struct Request {
    id: u16,
    code: u8,
    path: String,
    call: Option<lwm2m::Call>,
    /// Identity and key written by a bootstrap server.
    keys: Vec<(Option<String>, String)>,
    asked: Stamp,
}

/// Who asked, and the token with its length.
type Key = (Side, u8, [u8; 8]);

fn key(side: Side, token: &[u8]) -> Key {
    let mut bytes = [0; 8];
    bytes.iter_mut().zip(token).for_each(|(to, from)| *to = *from);
    (side, token.len() as u8, bytes)
}

/// One flow.
#[derive(Default)]
pub struct Coap {
    open: Pending<Key, Request, 32>,
    heard: [bool; 2],
    /// A registration or a format of LwM2M's own was seen.
    managed: bool,
}

impl Probe for Coap {
    fn datagram(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Result<(), Malformed> {
        let m = Message::datagram(data).ok_or(Malformed)?;
        self.message(cx, &m);
        Ok(())
    }

    fn stream(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Step {
        let head = match framed(data) {
            Ok(Some(head)) => head,
            Ok(None) => return Step::Need,
            Err(()) => return Step::Bad,
        };
        if data.len() < head.total && data.len() < MAX_WHOLE {
            return Step::Need;
        }
        match head.message(data) {
            Some(m) => self.message(cx, &m),
            None => cx.malformed(),
        }
        if data.len() < head.total {
            return Step::Skip((head.total - data.len()) as u64);
        }
        Step::Used(head.total)
    }

    fn tick(&mut self, cx: &mut Cx<'_>) {
        let now = cx.at().time;
        while let Some((key, request)) = self.open.take_if(|_, r| now.saturating_sub(r.asked.time) > TIMEOUT) {
            self.unanswered(cx, key, &request);
        }
    }

    fn end(&mut self, cx: &mut Cx<'_>) {
        for (key, request) in self.open.drain().collect::<Vec<_>>() {
            self.unanswered(cx, key, &request);
        }
    }
}

impl Coap {
    fn message(&mut self, cx: &mut Cx<'_>, m: &Message<'_>) {
        let from = cx.from();
        if let Some(heard) = self.heard.get_mut(from as usize) {
            *heard = true;
        }
        if let Some(device) = m.all(COIOT_DEVICE).next() {
            shelly(cx, device);
        }
        // the inner code and options are enciphered (RFC 8613)
        if m.all(OSCORE).next().is_some() {
            return;
        }
        match m.code {
            0 if m.kind == 3 => {
                if let Some(((side, ..), request)) = self.open.take_if(|k, r| k.0 != from && r.id == m.id) {
                    report(cx, side, &request, Outcome::Refused, Some((0, "reset")));
                }
            }
            1..=7 => self.request(cx, m),
            0x40..=0xBF => self.answer(cx, m),
            _ => {}
        }
    }

    fn request(&mut self, cx: &mut Cx<'_>, m: &Message<'_>) {
        let from = cx.from();
        let key = key(from, m.token);
        // sent again because no acknowledgement came
        if m.kind == 0 && self.open.get(&key).is_some_and(|r| r.id == m.id) {
            return;
        }
        let path = m.path();
        let call = lwm2m::call(m, &path, self.managed);
        let mut keys = Vec::new();
        if let Some(call) = &call {
            if matches!(call.name, "register" | "bootstrap_request") {
                self.managed = true;
                lwm2m::registration(cx, m);
            }
            if call.name == "write_security" {
                keys = lwm2m::security(&content::resources(&call.path, m.uint(CONTENT_FORMAT), m.payload));
            }
        }
        let request = Request { id: m.id, code: m.code, path, call, keys, asked: cx.at() };
        let request = if m.code == 1 && m.uint(OBSERVE) == Some(0) && request.call.is_none() {
            let call = lwm2m::Call { action: Action::Subscribe, name: "observe", path: vec![], notable: false };
            Request { call: Some(call), ..request }
        } else {
            request
        };
        if let Some(old) = self.open.take(&key) {
            self.unanswered(cx, key, &old);
        }
        if let Some((key, old)) = self.open.push(key, request) {
            self.unanswered(cx, key, &old);
        }
    }

    fn answer(&mut self, cx: &mut Cx<'_>, m: &Message<'_>) {
        let from = cx.from();
        let Some(request) = self.open.take(&key(from.other(), m.token)) else { return };
        let refused = refusal(m.code);
        let outcome = if refused.is_some() { Outcome::Refused } else { Outcome::Accepted };
        if outcome == Outcome::Accepted && matches!(request.code, 1 | 5) {
            self.learn(cx, &request, m);
        }
        let number = i64::from(m.code >> 5) * 100 + i64::from(m.code & 31);
        report(cx, from.other(), &request, outcome, refused.map(|name| (number, name)));
    }

    /// What an answer to a reading request says of who answers.
    fn learn(&mut self, cx: &mut Cx<'_>, request: &Request, m: &Message<'_>) {
        let from = cx.from();
        let format = m.uint(CONTENT_FORMAT);
        if m.uint(BLOCK2).is_some_and(|b| b >> 4 != 0) || m.uint(BLOCK1).is_some_and(|b| b >> 4 != 0) {
            // a later block: begins anywhere
            return;
        }
        self.managed |= lwm2m::own_format(format);
        if let Some(call) = request.call.as_ref().filter(|c| c.path.first() == Some(&3)) {
            lwm2m::learn(cx, from, &content::resources(&call.path, format, m.payload));
        } else if matches!(request.path.as_str(), "/oic/d" | "/oic/p") && matches!(format, Some(60 | 10_000)) {
            ocf(cx, from, m.payload);
        }
    }

    fn unanswered(&self, cx: &mut Cx<'_>, key: Key, request: &Request) {
        let heard = self.heard.get(key.0.other() as usize).copied().unwrap_or(false);
        report(cx, key.0, request, if heard { Outcome::NoAnswer } else { Outcome::Unknown }, None);
    }
}

fn report(cx: &mut Cx<'_>, by: Side, r: &Request, outcome: Outcome, exception: Option<(i64, &str)>) {
    let (action, name) = match &r.call {
        Some(call) => (call.action, call.name),
        None if r.path == "/.well-known/core" && r.code == 1 => (Action::Discover, "discover"),
        None => match r.code {
            1 | 5 => (Action::Read, method(r.code).unwrap_or("get")),
            4 => (Action::FileDelete, "delete"),
            code => (Action::Write, method(code).unwrap_or("post")),
        },
    };
    let own = r.call.as_ref().is_some_and(|c| c.name != "observe" || !c.path.is_empty());
    for (identity, secret) in &r.keys {
        let ended = if outcome == Outcome::Accepted { LoginOutcome::Success } else { LoginOutcome::Unknown };
        let mut cred = Cred::new(CredKind::Psk).secret(secret).cleartext().outcome(ended).sent(r.asked);
        if let Some(identity) = identity {
            cred = cred.username(identity);
        }
        cx.credential(cred.protocol("lwm2m"));
    }
    let mut op = Op::new(action, name).code(r.code).outcome(outcome).asked(r.asked).by(by).target(&r.path);
    if own {
        op = op.protocol("lwm2m");
        cx.also("lwm2m");
    }
    if r.call.as_ref().is_some_and(|c| c.notable) || action == Action::Write {
        op = op.notable();
    }
    if let Some((code, name)) = exception {
        op = op.exception(code, name);
    }
    cx.op(op);
}

/// `SHSW-25#ABCDEF#1` or with all of the hardware address (Shelly CoIoT, 3.1).
fn shelly(cx: &mut Cx<'_>, device: &[u8]) {
    let Ok(text) = std::str::from_utf8(device) else { return };
    let mut parts = text.split('#');
    let (Some(model), Some(id), Some(_)) = (parts.next(), parts.next(), parts.next()) else { return };
    let from = cx.from();
    if !model.starts_with("SH") {
        return;
    }
    cx.fact(from, "vendor", "Shelly", "coiot.global_devid");
    cx.fact(from, "model", model, "coiot.global_devid");
    cx.fact(from, "role", "iot", "coiot.global_devid");
    if let (Some(mac), HostAddr::Ip(ip)) = (mac(id), cx.end(from).addr) {
        cx.bind(mac, ip, BindKind::Declared);
    }
}

/// Device and platform resources of OCF (Core Framework 2.0, 11.3): `n`, `mnmn`, `mnmo` and others.
fn ocf(cx: &mut Cx<'_>, side: Side, payload: &[u8]) {
    let mut found: Vec<(&'static str, &str)> = Vec::new();
    content::pairs(payload, &mut |key, value| {
        let (Item::Text(key), Item::Text(text)) = (key, value) else { return };
        let name = match key {
            "n" => "name",
            "mnmn" => "vendor",
            "mnmo" => "model",
            "mnfv" => "firmware",
            "mnhw" => "hardware",
            "mnsel" => "serial",
            "di" => "id:ocf",
            _ => return,
        };
        if !text.is_empty() && found.len() < 16 {
            found.push((name, text));
        }
    });
    for (name, value) in found {
        cx.fact(side, name, value, "OCF device resource");
    }
}
