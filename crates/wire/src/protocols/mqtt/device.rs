//! What topics and well-known payloads say: commands, firmware, discovery messages of devices.

use super::MAX_TOPICS;
use super::packet::{Fixed, Publish};
use crate::cx::{Cx, Who};
use crate::model::*;
use crate::obs::BindKind;
use crate::protocols::json;
use std::net::IpAddr;

/// What a PUBLISH to a topic does, as far as the topic's shape tells.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Purpose {
    /// `Other` for plain values.
    pub action: Action,
    pub name: &'static str,
    pub sparkplug: bool,
}

/// Judges a topic by the conventions of Tasmota (`cmnd/…`), Home Assistant, Zigbee2MQTT and ESPHome
/// (`…/set`, `…/command`), Shelly (`…/rpc`) and Sparkplug B (`spBv1.0/group/TYPE/node`).
pub fn purpose(topic: &str) -> Purpose {
    let plain = |action| Purpose { action, name: "publish", sparkplug: false };
    if let Some(rest) = topic.strip_prefix("spBv1.0/") {
        let (action, name) = match rest.split('/').nth(1).unwrap_or_default() {
            "NCMD" => (Action::Write, "ncmd"),
            "DCMD" => (Action::Write, "dcmd"),
            "NBIRTH" => (Action::Other, "nbirth"),
            "DBIRTH" => (Action::Other, "dbirth"),
            "NDEATH" => (Action::Other, "ndeath"),
            "DDEATH" => (Action::Other, "ddeath"),
            "NDATA" => (Action::Other, "ndata"),
            "DDATA" => (Action::Other, "ddata"),
            _ => (Action::Other, "state"),
        };
        return Purpose { action, name, sparkplug: true };
    }
    let mut parts = topic.rsplit('/').filter(|p| !p.is_empty());
    let last = parts.next().unwrap_or_default();
    let is = |word: &str| last.eq_ignore_ascii_case(word);
    let tasmota = topic.starts_with("cmnd/") || topic.contains("/cmnd/");
    if tasmota && (is("restart") || is("reset")) {
        return plain(if is("reset") { Action::FactoryReset } else { Action::Restart });
    }
    if tasmota && (is("upgrade") || is("otaurl")) {
        return plain(Action::Firmware);
    }
    let updates = topic.split('/').any(|p| {
        p.get(..3).is_some_and(|head| head.eq_ignore_ascii_case("ota")) || p.eq_ignore_ascii_case("firmware")
    });
    let commands = ["set", "command", "cmd", "commands", "control", "rpc"].iter().any(|w| is(w));
    match (tasmota || commands, updates) {
        (true, true) => plain(Action::Firmware),
        (true, false) => plain(Action::Write),
        _ => plain(Action::Other),
    }
}

/// What the topics of one flow have told.
#[derive(Default)]
pub struct Topics {
    noted: Vec<String>,
    /// Model the publisher said it is: a second one means it speaks for others.
    model: Option<String>,
    bridge: bool,
}

impl Topics {
    /// Notes who publishes what, and reads payloads in which devices present themselves.
    pub fn learn(&mut self, cx: &mut Cx<'_>, from: Side, fixed: &Fixed, p: &Publish<'_>) {
        if from == Side::Client && self.noted.len() < MAX_TOPICS && !self.noted.contains(&p.topic) {
            self.noted.push(p.topic.clone());
            cx.fact(Side::Client, "topic", &p.topic, "PUBLISH.Topic Name");
        }
        let topic = p.topic.as_str();
        if topic.starts_with("$SYS/") {
            return broker(cx, from, topic, p.payload);
        }
        if p.payload.first() != Some(&b'{') {
            return;
        }
        let last = topic.rsplit('/').next().unwrap_or_default();
        if topic.starts_with("homeassistant/") && last == "config" {
            // a delivered message does not say who published it
            if from == Side::Client {
                self.home_assistant(cx, p.payload);
            }
        } else if topic.starts_with("tasmota/discovery/") && last == "config" {
            announced(cx, p.payload, &TASMOTA);
        } else if topic == "shellies/announce" || topic.ends_with("/announce") {
            announced(cx, p.payload, &SHELLY);
        } else if topic.starts_with("tele/") && from == Side::Client && !fixed.retain() {
            tasmota_info(cx, last, p.payload);
        }
    }

    /// Discovery message of Home Assistant: the `device` (`dev`) map, long or short keys.
    fn home_assistant(&mut self, cx: &mut Cx<'_>, payload: &[u8]) {
        let mut found: Vec<(&'static str, String)> = Vec::new();
        for (depth, name, value) in json::members(payload).take(256) {
            match name.as_str() {
                "via_device" => self.bridge = true,
                _ if depth != 2 => {}
                "mf" | "manufacturer" => found.push(("vendor", value)),
                "mdl" | "model" => found.push(("product", value)),
                "mdl_id" | "model_id" => found.push(("model", value)),
                "sw" | "sw_version" => found.push(("firmware", value)),
                "hw" | "hw_version" => found.push(("hardware", value)),
                "sn" | "serial_number" => found.push(("serial", value)),
                "name" => found.push(("name", value)),
                _ => {}
            }
        }
        let Some(product) = found.iter().find(|(n, _)| *n == "product").map(|(_, v)| v.clone()) else { return };
        match &self.model {
            Some(model) if *model != product => self.bridge = true,
            Some(_) => {}
            None => self.model = Some(product),
        }
        if self.bridge {
            return;
        }
        for (name, value) in found {
            cx.fact(Side::Client, name, &value, "Home Assistant discovery device");
        }
    }
}

/// Keys of an announcement that names its device by address: (key, fact).
struct Announcement {
    ip: &'static str,
    mac: &'static str,
    facts: &'static [(&'static str, &'static str)],
    vendor: Option<&'static str>,
    field: &'static str,
}

static TASMOTA: Announcement = Announcement {
    ip: "ip",
    mac: "mac",
    facts: &[("md", "product"), ("sw", "firmware"), ("hn", "hostname"), ("dn", "name")],
    vendor: None,
    field: "Tasmota discovery config",
};
static SHELLY: Announcement = Announcement {
    ip: "ip",
    mac: "mac",
    facts: &[("model", "model"), ("fw_ver", "firmware"), ("id", "hostname")],
    vendor: Some("Shelly"),
    field: "Shelly announce",
};

fn announced(cx: &mut Cx<'_>, payload: &[u8], kind: &Announcement) {
    let members: Vec<_> = json::members(payload).filter(|(d, _, _)| *d == 1).take(64).collect();
    let get = |key: &str| members.iter().find(|(_, n, _)| n == key).map(|(_, _, v)| v.as_str());
    let (Some(ip), Some(mac)) = (get(kind.ip).and_then(|v| v.parse::<IpAddr>().ok()), get(kind.mac)) else {
        return;
    };
    let Some(host) = cx.host_ip(ip) else { return };
    let who = Who::Host(host);
    for (key, fact) in kind.facts {
        if let Some(value) = get(key) {
            cx.fact(who, fact, value, kind.field);
        }
    }
    if let Some(vendor) = kind.vendor {
        cx.fact(who, "vendor", vendor, kind.field);
    }
    if let Some(mac) = mac_of(mac) {
        cx.bind(mac, ip, BindKind::Declared);
    }
}

fn mac_of(text: &str) -> Option<Mac> {
    let digits: Vec<u32> = text.chars().filter(|c| *c != ':' && *c != '-').map(|c| c.to_digit(16)).collect::<Option<_>>()?;
    let mut mac = [0; 6];
    if digits.len() != 12 {
        return None;
    }
    for (byte, pair) in mac.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = (pair.first()? << 4 | pair.get(1)?) as u8;
    }
    Some(Mac(mac))
}

/// `tele/<device>/INFO1` and `INFO2` of Tasmota, sent once when it starts.
fn tasmota_info(cx: &mut Cx<'_>, last: &str, payload: &[u8]) {
    let facts: &[(&str, &'static str)] = match last {
        "INFO1" => &[("Module", "product"), ("Version", "firmware")],
        "INFO2" => &[("Hostname", "hostname")],
        _ => return,
    };
    for (key, fact) in facts {
        if let Some(value) = json::first(payload, key) {
            cx.fact(Side::Client, fact, &value, "Tasmota INFO");
        }
    }
}

/// `$SYS/broker/version` (mosquitto and others), `$SYS/brokers/<node>/version` (EMQX).
fn broker(cx: &mut Cx<'_>, from: Side, topic: &str, payload: &[u8]) {
    if from != Side::Server || !topic.ends_with("/version") {
        return;
    }
    let text = crate::bytes::text(payload.get(..payload.len().min(128)).unwrap_or_default());
    let emqx = topic.starts_with("$SYS/brokers/");
    let (product, version) = match text.split_once(" version ") {
        Some((product, version)) => (product.to_owned(), version.to_owned()),
        None if emqx => ("EMQX".to_owned(), text),
        None => return cx.fact(Side::Server, "broker_version", &text, "$SYS version"),
    };
    cx.fact(Side::Server, "broker", &format!("{product} {version}"), "$SYS version");
    cx.service_info("product", product);
    cx.service_info("version", version);
}
