//! TP-Link Smart Home Protocol: plugs, switches and bulbs on port 9999.
//!
//! JSON under an autokey cipher: each octet is combined with the ciphertext octet before it, the first
//! with 171. Over TCP a length of four octets goes first. The set-up of a device sends the Wi-Fi key so.

use crate::cx::Cx;
use crate::model::*;
use crate::obs::BindKind;
use crate::pending::Pending;
use crate::probe::*;
use crate::protocols::json;
use crate::protocols::sysdescr::mac;

pub static SPEC: Spec = Spec {
    name: "tplink-shp",
    title: "TP-Link Smart Home Protocol",
    industrial: false,
    transports: &[Transport::Udp, Transport::Tcp],
    ports: &[9999],
    ethertypes: &[],
    rank: 62,
    identify,
    open: || Box::<Shp>::default(),
    pdus: false,
    facts: &["vendor", "product", "model", "firmware", "hardware", "name", "location", "id:tplink", "role"],
    credentials: &["psk", "password"],
    operations: &[
        "get_sysinfo", "set_relay_state", "set_led_off", "set_dev_alias", "reboot", "reset", "download_firmware",
        "flash_firmware", "set_stainfo", "get_scaninfo", "bind", "unbind", "set_server_url", "set_timezone",
        "set_time", "transition_light_state",
    ],
    source: "softScheck, Reverse Engineering the TP-Link HS110 (2016); Wireshark's dissector as second reader",
    level: 5,
    proofs: &[],
};

/// Largest message taken, in bytes; more is another protocol.
const MAX_MESSAGE: usize = 16 * 1024;
/// Methods of one message that are told.
const MAX_METHODS: usize = 16;
const TIMEOUT: i64 = 30_000_000;

/// Modules a message may begin with.
const MODULES: &[&str] = &[
    "system", "netif", "schedule", "emeter", "time", "cnCloud", "count_down", "anti_theft", "context", "smartlife",
];

fn plain(data: &[u8]) -> Vec<u8> {
    let mut key = 171;
    data.iter().map(|b| b ^ std::mem::replace(&mut key, *b)).collect()
}

/// True if `data` begins as `{"module`, enciphered. `None`: too short to tell.
fn begins(data: &[u8]) -> Option<bool> {
    let mut head = [0u8; 24];
    let mut key = 171;
    for (to, b) in head.iter_mut().zip(data) {
        *to = b ^ std::mem::replace(&mut key, *b);
    }
    let head = head.get(..data.len().min(24))?;
    if !b"{\"".starts_with(head.get(..head.len().min(2))?) {
        return Some(false);
    }
    let name = head.get(2..).filter(|n| !n.is_empty())?;
    let name = name.split(|b| matches!(b, b'"' | b'.')).next()?;
    // three letters of a module's name are enough, a whole one must be equal
    let whole = name.len() + 2 < head.len();
    let fits = |m: &&&str| if whole { m.as_bytes() == name } else { m.as_bytes().starts_with(name) };
    match MODULES.iter().find(fits) {
        Some(_) if whole || name.len() >= 3 => Some(true),
        Some(_) => None,
        None => Some(false),
    }
}

fn identify(hint: &Hint, data: &[u8]) -> Verdict {
    if hint.transport == Transport::Udp {
        return match begins(data) {
            Some(true) if plain(data).ends_with(b"}") => Verdict::Strong(role(&plain(data))),
            _ => Verdict::No,
        };
    }
    let Some((length, body)) = data.split_first_chunk::<4>() else {
        return if data.iter().take(2).all(|b| *b == 0) { Verdict::Need } else { Verdict::No };
    };
    if !(4..=MAX_MESSAGE).contains(&(u32::from_be_bytes(*length) as usize)) {
        return Verdict::No;
    }
    match begins(body) {
        Some(true) => Verdict::Strong(Role::Unknown),
        Some(false) => Verdict::No,
        None => Verdict::Need,
    }
}

fn role(text: &[u8]) -> Role {
    if memchr::memmem::find(text, b"err_code").is_some() { Role::Server } else { Role::Client }
}

/// (module, method) pairs: names of the second level of objects.
fn methods(text: &str) -> Vec<(String, String)> {
    let (mut depth, mut found, mut module) = (0, Vec::new(), String::new());
    let mut rest = text.char_indices().peekable();
    while let Some((at, c)) = rest.next() {
        match c {
            '{' | '[' => depth += 1,
            '}' | ']' => depth -= 1,
            '"' => {
                let mut end = at + 1;
                while let Some((i, c)) = rest.next() {
                    match c {
                        '\\' => drop(rest.next()),
                        '"' => {
                            end = i;
                            break;
                        }
                        _ => {}
                    }
                }
                let name = text.get(at + 1..end).unwrap_or_default();
                let is_key = text.get(end + 1..).is_some_and(|t| t.trim_start().starts_with(':'));
                match depth {
                    1 if is_key => module = name.to_owned(),
                    2 if is_key && module != "context" && found.len() < MAX_METHODS && name.len() <= 48 => {
                        found.push((module.clone(), name.to_owned()));
                    }
                    _ => {}
                }
            }
            _ => {}
        }
    }
    found
}

fn action(method: &str) -> Action {
    match method {
        "get_sysinfo" => Action::Identify,
        "get_scaninfo" => Action::Discover,
        "reboot" => Action::Restart,
        "reset" => Action::FactoryReset,
        "download_firmware" | "flash_firmware" => Action::Firmware,
        "set_dev_alias" => Action::SetName,
        "set_time" | "set_timezone" => Action::SetTime,
        "set_relay_state" | "transition_light_state" | "set_brightness" | "set_led_off" => Action::Write,
        m if m.starts_with("get_") => Action::Read,
        _ => Action::Configure,
    }
}

/// A secret in a request: kind, name, secret.
type Secret = (CredKind, Option<String>, String);

#[derive(Debug)]
struct Request {
    module: String,
    value: Option<String>,
    secret: Option<Secret>,
    asked: Stamp,
}

/// One flow.
#[derive(Default)]
struct Shp {
    open: Pending<String, Request, 32>,
    heard: bool,
}

impl Probe for Shp {
    fn stream(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Step {
        let Some((length, body)) = data.split_first_chunk::<4>() else { return Step::Need };
        let length = u32::from_be_bytes(*length) as usize;
        if !(2..=MAX_MESSAGE).contains(&length) || body.first().is_some_and(|b| *b != b'{' ^ 171) {
            return Step::Bad;
        }
        let Some(body) = body.get(..length) else { return Step::Need };
        self.message(cx, &plain(body));
        Step::Used(4 + length)
    }

    fn datagram(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Result<(), Malformed> {
        if begins(data) != Some(true) || data.len() > MAX_MESSAGE {
            return Err(Malformed);
        }
        self.message(cx, &plain(data));
        Ok(())
    }

    fn tick(&mut self, cx: &mut Cx<'_>) {
        let now = cx.at().time;
        while let Some((method, r)) = self.open.take_if(|_, r| now.saturating_sub(r.asked.time) > TIMEOUT) {
            self.unanswered(cx, &method, r);
        }
    }

    fn end(&mut self, cx: &mut Cx<'_>) {
        for (method, r) in self.open.drain().collect::<Vec<_>>() {
            self.unanswered(cx, &method, r);
        }
    }
}

impl Shp {
    fn message(&mut self, cx: &mut Cx<'_>, data: &[u8]) {
        let Ok(text) = std::str::from_utf8(data) else { return cx.malformed() };
        let answer = role(data) == Role::Server;
        cx.sender_is(if answer { Side::Server } else { Side::Client });
        self.heard |= answer;
        let methods = methods(text);
        if answer {
            if methods.iter().any(|(_, m)| m == "get_sysinfo") {
                sysinfo(cx, data);
            }
            for (_, method) in methods {
                // the code that stands behind the method's name
                let after = text.find(&format!("\"{method}\"")).and_then(|at| text.get(at..)).unwrap_or(text);
                let code = after.split_once("\"err_code\":").map(|(_, c)| c.trim_start());
                let code = code.and_then(|c| c.split(|c: char| c != '-' && !c.is_ascii_digit()).next()?.parse().ok());
                let Some(request) = self.open.take(&method) else { continue };
                let outcome = match code {
                    Some(0) => Outcome::Accepted,
                    Some(_) => Outcome::Refused,
                    None => Outcome::Unknown,
                };
                report(cx, &method, &request, outcome, code.filter(|c: &i64| *c != 0));
            }
            return;
        }
        for (module, method) in methods {
            let get = |key: &str| json::first(data, key).filter(|v| !v.is_empty());
            let secret = match method.as_str() {
                "set_stainfo" => get("password").map(|p| (CredKind::Psk, get("ssid"), p)),
                "bind" => get("password").map(|p| (CredKind::Password, get("username"), p)),
                _ => None,
            };
            let keys = ["state", "alias", "url", "on_off", "server", "ssid"];
            let value = keys.iter().find_map(|k| get(k)).filter(|_| action(&method) != Action::Read);
            let request = Request { module, value, secret, asked: cx.at() };
            if let Some((old, r)) = self.open.push(method, request) {
                self.unanswered(cx, &old, r);
            }
        }
    }

    fn unanswered(&self, cx: &mut Cx<'_>, method: &str, r: Request) {
        report(cx, method, &r, if self.heard { Outcome::NoAnswer } else { Outcome::Unknown }, None);
    }
}

fn report(cx: &mut Cx<'_>, method: &str, r: &Request, outcome: Outcome, code: Option<i64>) {
    if let Some((kind, user, secret)) = &r.secret {
        let ended = LoginOutcome::from(outcome);
        let mut cred = Cred::new(*kind).secret(secret).cleartext().outcome(ended).sent(r.asked);
        if let Some(user) = user {
            cred = cred.username(user);
        }
        cx.credential(cred);
    }
    let mut op = Op::new(action(method), method).outcome(outcome).asked(r.asked).target(&r.module);
    if let Some(value) = &r.value {
        op = op.value(value.as_str());
    }
    if let Some(code) = code {
        op = op.exception(code, "err_code");
    }
    cx.op(op);
}

/// Answer to `get_sysinfo`.
fn sysinfo(cx: &mut Cx<'_>, data: &[u8]) {
    cx.fact(Side::Server, "vendor", "TP-Link", "get_sysinfo");
    for (_, key, value) in json::members(data).take(128) {
        let name = match key.as_str() {
            "model" => "model",
            "sw_ver" => "firmware",
            "hw_ver" => "hardware",
            "deviceId" => "id:tplink",
            "dev_name" | "description" => "product",
            "alias" => "name",
            "mac" | "mic_mac" | "ethernet_mac" => {
                if let (Some(mac), HostAddr::Ip(ip)) = (mac(&value), cx.end(Side::Server).addr) {
                    cx.bind(mac, ip, BindKind::Declared);
                }
                continue;
            }
            "type" | "mic_type" => {
                let role = if value.contains("PLUG") { "smart-plug" } else { "iot" };
                cx.fact(Side::Server, "role", role, "get_sysinfo.type");
                continue;
            }
            _ => continue,
        };
        if !value.is_empty() {
            cx.fact(Side::Server, name, &value, "get_sysinfo");
        }
    }
    if let (Some(lat), Some(lon)) = (json::first(data, "latitude"), json::first(data, "longitude"))
        && (lat.as_str(), lon.as_str()) != ("0", "0")
    {
        cx.fact(Side::Server, "location", &format!("{lat}, {lon}"), "get_sysinfo");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::Dialogue;
    use proptest::prelude::*;

    fn cipher(text: &str) -> Vec<u8> {
        let mut key = 171;
        text.bytes().map(|b| { key ^= b; key }).collect()
    }

    #[test]
    fn names_methods_of_the_second_level() {
        let found = methods(r#"{"context":{"source":"x"},"system":{"set_relay_state":{"state":1},"reboot":null}}"#);
        let names: Vec<_> = found.iter().map(|(a, b)| format!("{a}.{b}")).collect();
        assert_eq!(names, ["system.set_relay_state", "system.reboot"]);
    }

    #[test]
    fn open_requests_are_bounded() {
        let mut shp = Shp::default();
        for n in 0..100_000 {
            let r = Request { module: String::new(), value: None, secret: None, asked: Stamp::default() };
            shp.open.push(n.to_string(), r);
        }
        assert_eq!(shp.open.len(), 32);
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..80), at in 0usize..80, b: u8) {
            let mut bent = cipher(r#"{"netif":{"set_stainfo":{"ssid":"a","password":"b","key_type":3}}}"#);
            let at = at % bent.len();
            bent[at] = b;
            let d = Dialogue::udp(&SPEC, 9999);
            d.identify(true, &bytes);
            d.identify(true, &bent);
            d.client(&bytes).client(&bent).server(&bent[..at]).end();
            let framed = [&(bent.len() as u32).to_be_bytes()[..], &bent].concat();
            Dialogue::tcp(&SPEC, 9999).client(&framed).client(&bytes).end();
        }
    }
}
