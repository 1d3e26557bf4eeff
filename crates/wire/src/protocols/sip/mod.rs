//! Session Initiation Protocol over UDP and TCP, and GB/T 28181 inside it.
//!
//! Requests and answers are paired by Call-ID and CSeq; either side asks. Digest log-ins are
//! credentials with what the answer said; registrations, calls and the commands of GB/T 28181 are
//! operations; agents, codes and device descriptions tell the ends.

mod agent;
mod gb28181;
mod head;
mod identify;
mod report;
#[cfg(test)]
mod tests;

use crate::cx::Cx;
use crate::model::*;
use crate::pending::Pending;
use crate::probe::*;
use crate::protocols::headers::{self, Head, MAX_HEAD};
use crate::protocols::http::auth::{self, Login, Place};
use crate::protocols::lines::is_text;
use gb28181::{Body, Deed};
use head::{First, Method, address, cseq, user};

pub static SPEC: Spec = Spec {
    name: "sip",
    title: "Session Initiation Protocol, with GB/T 28181",
    industrial: false,
    transports: &[Transport::Udp, Transport::Tcp],
    ports: &[5060],
    ethertypes: &[],
    rank: 50,
    identify: identify::identify,
    open: || Box::new(Sip::default()),
    pdus: false,
    facts: &[
        "user_agent", "vendor", "model", "firmware", "name", "role", "realm", "id:sip", "id:gb28181",
        "channel",
    ],
    credentials: &["hash", "user"],
    operations: &[
        "register", "unregister", "invite", "bye", "cancel", "message", "subscribe", "refer", "publish",
        "tele_boot", "ptz_cmd", "record_cmd", "guard_cmd", "alarm_cmd", "device_config", "device_upgrade",
        "snapshot_config", "format_sd_card", "home_position", "drag_zoom", "target_track", "iframe_cmd",
        "device_control", "catalog_query", "device_info_query", "device_status_query",
        "record_info_query", "config_download_query", "preset_query", "mobile_position_query",
        "alarm_query", "query", "play", "playback", "download", "talk",
    ],
    source: "RFC 3261, 3428, 6665, 2617; GB/T 28181-2016 and -2022; of GB 35114 only its header fields are known",
    level: 5,
    proofs: &["suricata-verify/sip-method", "zeek/sip"],
};

/// Longest body that is read, in bytes: a catalog of fifty channels over TCP.
const MAX_BODY: usize = 40 * 1024;
/// Requests in flight, and controls whose result is yet to come.
const MAX_OPEN: usize = 64;
const MAX_CONTROLS: usize = 32;
/// An answer is waited for so long, in microseconds (timer B, RFC 3261, 17.1.1.2).
const TIMEOUT: Micros = 32_000_000;
/// Log-ins told of one flow, and names told of one flow.
const MAX_TOLD: usize = 128;

/// What pairs request and answer.
type Key = (u64, u32, Method);

/// An open request.
struct Request {
    asked: Stamp,
    by: Side,
    method: Method,
    uri: String,
    from: String,
    to: String,
    agent: String,
    call: String,
    /// `Expires` or that of `Contact`; 0 ends a registration.
    expires: Option<u32>,
    login: Option<Login>,
    session: Option<(Action, &'static str)>,
    deed: Option<(Deed, String, String)>,
}

/// A control that waits for its result.
struct Control {
    asked: Stamp,
    by: Side,
    deed: Deed,
    device: String,
}

/// One flow.
#[derive(Default)]
pub struct Sip {
    open: Pending<Key, Request, MAX_OPEN>,
    controls: Pending<String, Control, MAX_CONTROLS>,
    told: Vec<u64>,
    /// A log-in was seen: registrations are not free.
    logged_in: bool,
}

impl Probe for Sip {
    fn stream(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Step {
        let start = data.iter().position(|b| !matches!(b, b'\r' | b'\n' | 0)).unwrap_or(data.len());
        if start > 0 {
            return Step::Used(start);
        }
        let Some(head) = headers::read(data) else {
            let line = data.get(..data.len().min(64)).unwrap_or_default();
            let line = line.split(|b| matches!(b, b'\r' | b'\n')).next().unwrap_or_default();
            let full = data.len() > MAX_HEAD;
            return if full || !is_text(line) { Step::Bad } else { Step::Need };
        };
        if head::first(head.first).is_none() {
            return Step::Bad;
        }
        let length = head.body(&["content-length", "l"]).unwrap_or(0);
        let here = data.get(head.length..).unwrap_or_default();
        if length > MAX_BODY {
            self.message(cx, &head, &[]);
            let here = here.len();
            return if length <= here {
                Step::Used(head.length + length)
            } else {
                Step::Skip((length - here) as u64)
            };
        }
        let Some(body) = here.get(..length) else { return Step::Need };
        self.message(cx, &head, body);
        Step::Used(head.length + length)
    }

    fn datagram(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Result<(), Malformed> {
        let start = data.iter().position(|b| !matches!(b, b'\r' | b'\n' | 0)).unwrap_or(data.len());
        let data = data.get(start..).unwrap_or_default();
        // keep-alives: line ends, or a few octets
        if data.len() < 16 {
            return Ok(());
        }
        let head = headers::read(data).ok_or(Malformed)?;
        let body = data.get(head.length..).unwrap_or_default();
        let length = head.body(&["content-length", "l"]).unwrap_or(body.len()).min(body.len());
        if self.message(cx, &head, body.get(..length).unwrap_or_default()) { Ok(()) } else { Err(Malformed) }
    }

    fn tick(&mut self, cx: &mut Cx<'_>) {
        let now = cx.at().time;
        while let Some((_, request)) = self.open.take_if(|_, r| now - r.asked.time > TIMEOUT) {
            self.finish(cx, request, None);
        }
        while let Some((_, control)) = self.controls.take_if(|_, c| now - c.asked.time > TIMEOUT) {
            report::control(cx, control.asked, control.by, &control.deed, &control.device, Outcome::Accepted);
        }
    }

    fn end(&mut self, cx: &mut Cx<'_>) {
        let open: Vec<Request> = self.open.drain().map(|(_, r)| r).collect();
        for request in open {
            self.finish(cx, request, None);
        }
        let controls: Vec<Control> = self.controls.drain().map(|(_, c)| c).collect();
        for c in controls {
            // taken by SIP; the device did not say more
            report::control(cx, c.asked, c.by, &c.deed, &c.device, Outcome::Accepted);
        }
    }
}

impl Sip {
    fn message(&mut self, cx: &mut Cx<'_>, head: &Head<'_>, body: &[u8]) -> bool {
        let (Some(first), Some(call)) = (head::first(head.first), head.get(&["call-id", "i"])) else {
            return false;
        };
        let Some((number, method)) = head.get(&["cseq"]).as_deref().and_then(cseq) else { return false };
        let key = (hash(&call), number, method);
        match first {
            First::Request { method, uri } => self.request(cx, head, body, key, method, uri, call),
            First::Status { code, reason } => self.status(cx, head, body, key, code, &reason),
        }
        true
    }

    #[allow(clippy::too_many_arguments)]
    fn request(
        &mut self,
        cx: &mut Cx<'_>,
        head: &Head<'_>,
        body: &[u8],
        key: Key,
        method: Method,
        uri: String,
        call: String,
    ) {
        if method == Method::Register {
            cx.sender_is(Side::Client);
        }
        let get = |names: &[&str]| head.get(names).unwrap_or_default();
        let (from, to) = (get(&["from", "f"]), get(&["to", "t"]));
        let agent = get(&["user-agent"]);
        self.agent(cx, &agent);
        let name = method.name();
        let login = [("authorization", Place::Origin), ("proxy-authorization", Place::Proxy)]
            .into_iter()
            .find_map(|(field, place)| {
                let value = head.get(&[field])?;
                let (scheme, rest) = value.split_once(' ')?;
                if scheme.eq_ignore_ascii_case("digest") {
                    return auth::digest(rest, place, name);
                }
                if matches!(scheme, "Bidirection" | "Unidirection" | "Capability") {
                    self.gb35114(cx, scheme);
                }
                None
            });
        if head.get(&["note"]).is_some_and(|note| note.starts_with("Digest")) {
            self.gb35114(cx, "Note");
        }
        self.logged_in |= login.is_some();
        if method == Method::Register {
            self.identity(cx, address(&from));
        }
        let (mut deed, mut session) = (None, None);
        if !body.is_empty() {
            if let Some(found) = gb28181::read(body) {
                self.body(cx, &found, user(address(&from)));
                deed = found.deed().map(|deed| (deed, found.serial.clone(), found.device.clone()));
            } else if method == Method::Invite {
                session = gb28181::session(&String::from_utf8_lossy(body));
            }
        }
        if matches!(method, Method::Ack | Method::Prack) {
            return;
        }
        let contact = get(&["contact", "m"]);
        let expires = contact
            .split_once("expires=")
            .map(|(_, rest)| rest.split([';', ',', '>']).next().unwrap_or(rest).to_owned())
            .or_else(|| head.get(&["expires"]));
        let request = Request {
            asked: cx.at(),
            by: cx.from(),
            method,
            uri,
            from: address(&from).to_owned(),
            to: address(&to).to_owned(),
            agent,
            call,
            expires: expires.and_then(|e| e.trim().parse().ok()),
            login,
            session,
            deed,
        };
        // sent again: the first one stands
        if self.open.get(&key).is_some() {
            return;
        }
        if let Some((_, lost)) = self.open.push(key, request) {
            self.finish(cx, lost, None);
        }
    }

    fn status(&mut self, cx: &mut Cx<'_>, head: &Head<'_>, body: &[u8], key: Key, code: u16, reason: &str) {
        if key.2 == Method::Register {
            cx.sender_is(Side::Server);
        }
        let agent = head.get(&["server", "user-agent"]).unwrap_or_default();
        self.agent(cx, &agent);
        let mut stale = false;
        for value in head.all(&["www-authenticate", "proxy-authenticate"]) {
            let (realm, old) = auth::challenge(&value);
            stale |= old;
            if let Some(realm) = realm.filter(|r| self.is_new(("realm", r.as_str()))) {
                let side = cx.from();
                cx.fact(side, "realm", &realm, "WWW-Authenticate");
            }
            if value.starts_with("Bidirection") || value.starts_with("Unidirection") {
                self.gb35114(cx, "WWW-Authenticate");
            }
        }
        if let Some(found) = gb28181::read(body) {
            self.body(cx, &found, "");
        }
        if code < 200 {
            return;
        }
        if let Some(request) = self.open.take(&key) {
            self.finish(cx, request, Some((code, reason, stale)));
        }
    }

    /// A request with its final answer, or without.
    fn finish(&mut self, cx: &mut Cx<'_>, request: Request, answer: Option<(u16, &str, bool)>) {
        if let Some(login) = &request.login {
            let outcome = match answer {
                Some((401 | 407, _, true)) | None => LoginOutcome::Unknown,
                Some((401 | 403 | 407, ..)) => LoginOutcome::Failure,
                Some((200..=299, ..)) => LoginOutcome::Success,
                _ => LoginOutcome::Unknown,
            };
            if self.is_new(auth::key(login, outcome)) {
                report::login(cx, login, outcome, request.asked);
            }
        } else if request.method == Method::Register
            && matches!(answer, Some((200, ..)))
            && !self.logged_in
            && self.is_new(("free", request.from.as_str()))
        {
            // nobody asked for a password
            cx.service_info("anonymous", true);
            let user = user(&request.from);
            if !user.is_empty() {
                let cred = Cred::new(CredKind::User).username(user).outcome(LoginOutcome::Success);
                cx.credential(cred.sent(request.asked));
            }
        }
        let outcome = match answer {
            Some((200..=299, ..)) => Outcome::Accepted,
            // asked again with a log-in; elsewhere: no refusal yet
            Some((401 | 407, ..)) if request.login.is_none() => Outcome::Unknown,
            Some(_) => Outcome::Refused,
            None => Outcome::NoAnswer,
        };
        report::request(cx, &request, outcome, answer.map(|(code, reason, _)| (code, reason)));
        if let Some((action, name)) = request.session {
            let mut op = Op::new(action, name).protocol("gb28181").by(request.by).asked(request.asked);
            op = op.outcome(outcome).target(user(&request.to)).category(Category::Monitor);
            cx.also("gb28181");
            cx.op(op);
        }
        if let Some((deed, serial, device)) = request.deed {
            let (asked, by) = (request.asked, request.by);
            if deed.confirmed && outcome == Outcome::Accepted {
                let control = Control { asked, by, deed, device };
                if let Some((_, c)) = self.controls.push(serial, control) {
                    report::control(cx, c.asked, c.by, &c.deed, &c.device, Outcome::Accepted);
                }
            } else {
                report::control(cx, asked, by, &deed, &device, outcome);
            }
        }
    }

    fn agent(&mut self, cx: &mut Cx<'_>, text: &str) {
        let side = cx.from();
        if text.is_empty() || !self.is_new((side == Side::Client, "agent", text)) {
            return;
        }
        cx.fact(side, "user_agent", text, "User-Agent");
        let found = agent::read(text);
        for (name, value) in [("vendor", found.vendor), ("model", found.model), ("firmware", found.firmware)] {
            if let Some(value) = value {
                cx.fact(side, name, value, "User-Agent");
            }
        }
    }

    /// Who registers: an address, or a code of GB/T 28181.
    fn identity(&mut self, cx: &mut Cx<'_>, address: &str) {
        let side = cx.from();
        let name = user(address);
        if name.is_empty() || !self.is_new(("identity", address)) {
            return;
        }
        if !gb28181::is_code(name) {
            return cx.fact(side, "id:sip", address, "From");
        }
        cx.also("gb28181");
        cx.fact(side, "id:gb28181", name, "From");
        if let Some(role) = gb28181::role(name) {
            cx.fact(side, "role", role, "DeviceID type code");
        }
    }

    fn gb35114(&mut self, cx: &mut Cx<'_>, scheme: &str) {
        cx.also("gb35114");
        let _ = self.is_new(("gb35114", scheme));
    }

    /// What a MANSCDP body tells of its sender.
    fn body(&mut self, cx: &mut Cx<'_>, body: &Body, from: &str) {
        cx.also("gb28181");
        let side = cx.from();
        if body.root == "Notify" && body.command == "Keepalive" {
            return;
        }
        if body.root == "Response" {
            if let Some(c) = self.controls.take(&body.serial) {
                let good = !body.result.eq_ignore_ascii_case("ERROR");
                let outcome = if good { Outcome::Accepted } else { Outcome::Refused };
                report::control(cx, c.asked, c.by, &c.deed, &c.device, outcome);
            }
            // a platform answers for what is behind it: then it is not the sender's
            if body.command == "DeviceInfo" && (from.is_empty() || from == body.device) {
                for (name, key) in
                    [("vendor", "Manufacturer"), ("model", "Model"), ("firmware", "Firmware"), ("name", "DeviceName")]
                {
                    let value = body.get(key).filter(|v| !v.contains('\u{fffd}'));
                    if let Some(value) = value.filter(|v| self.is_new(("info", name, *v))) {
                        report::fact(cx, side, name, value, key);
                    }
                }
            }
        }
        if body.command == "Catalog" {
            for item in &body.items {
                if !item.code.is_empty() && self.is_new(("item", item.code.as_str())) {
                    report::item(cx, side, item);
                }
            }
        }
        report::event(cx, body);
    }

    fn is_new(&mut self, what: impl std::hash::Hash) -> bool {
        let key = hash(what);
        if self.told.contains(&key) {
            return false;
        }
        if self.told.len() < MAX_TOLD {
            self.told.push(key);
        }
        true
    }
}

fn hash(what: impl std::hash::Hash) -> u64 {
    use std::hash::Hasher;
    let mut h = rustc_hash::FxHasher::default();
    what.hash(&mut h);
    h.finish()
}
