//! Lightweight M2M on CoAP: registration, device management, bootstrap (OMA LwM2M Core 1.1).

use super::content::{self, Resource};
use super::message::*;
use crate::bytes::hex;
use crate::cx::Cx;
use crate::model::*;

/// A request of the protocol.
#[derive(Clone, Debug)]
pub struct Call {
    pub action: Action,
    pub name: &'static str,
    /// Numbers of the path; empty for registrations.
    pub path: Vec<u16>,
    pub notable: bool,
}

/// Content-Formats of the protocol's own: TLV, JSON, link format is CoAP's.
pub fn own_format(format: Option<u32>) -> bool {
    matches!(format, Some(11_542 | 11_543 | 1542 | 1543))
}

/// What a request asks for, if it is one of LwM2M's. `known`: the flow has shown the protocol.
pub fn call(m: &Message<'_>, path: &str, known: bool) -> Option<Call> {
    let made = |action, name, path: Vec<u16>, notable| Some(Call { action, name, path, notable });
    if path == "/rd" && m.code == 2 && m.query("ep").is_some() {
        return made(Action::Identify, "register", vec![], false);
    }
    if path == "/bs" && m.code == 2 && m.query("ep").is_some() {
        return made(Action::Identify, "bootstrap_request", vec![], false);
    }
    if known && path.starts_with("/rd/") {
        return match m.code {
            2 => made(Action::Identify, "update", vec![], false),
            4 => made(Action::Other, "deregister", vec![], true),
            _ => None,
        };
    }
    if known && path == "/bs" && m.code == 2 {
        return made(Action::Other, "bootstrap_finish", vec![], false);
    }
    let numbers = content::numbers(path)?;
    let core = numbers.len() >= 2 && numbers.first().is_some_and(|o| *o <= 7);
    if !known && !core && !own_format(m.uint(CONTENT_FORMAT)) && !own_format(m.uint(17)) {
        return None;
    }
    let (object, resource) = (numbers.first().copied()?, numbers.get(2).copied());
    match m.code {
        1 if m.uint(OBSERVE) == Some(0) => made(Action::Subscribe, "observe", numbers, false),
        1 | 5 => made(Action::Read, "read", numbers, false),
        2 if numbers.len() == 3 => {
            // executable resources of OMA's objects 1, 3, 5 (appendix E)
            let (action, name) = match (object, resource) {
                (3, Some(4)) => (Action::Restart, "reboot"),
                (3, Some(5)) => (Action::FactoryReset, "factory_reset"),
                (3, Some(12)) => (Action::Clear, "reset_error_code"),
                (1, Some(4)) => (Action::Stop, "disable"),
                (1, Some(8)) => (Action::Other, "registration_update_trigger"),
                (1, Some(9)) => (Action::Other, "bootstrap_request_trigger"),
                (5, Some(2)) => (Action::Firmware, "firmware_update"),
                (9, Some(4 | 6)) => (Action::Firmware, "software_install"),
                _ => (Action::Write, "execute"),
            };
            made(action, name, numbers, true)
        }
        2 if numbers.len() == 1 => made(Action::Configure, "create", numbers, true),
        2 | 3 | 6 | 7 => {
            let (action, name) = match (object, resource) {
                (5, Some(0)) => (Action::Firmware, "firmware_package"),
                (5, Some(1)) => (Action::Firmware, "firmware_package_uri"),
                (3, Some(13)) => (Action::SetTime, "set_current_time"),
                (0, _) => (Action::Configure, "write_security"),
                _ => (Action::Write, "write"),
            };
            made(action, name, numbers, true)
        }
        4 => made(Action::Configure, "delete", numbers, true),
        _ => None,
    }
}

/// What a registration says of the endpoint that sends it (6.2.1).
pub fn registration(cx: &mut Cx<'_>, m: &Message<'_>) {
    let from = cx.from();
    let keys =
        [("ep", "id:lwm2m"), ("lt", "lifetime"), ("lwm2m", "lwm2m_version"), ("b", "binding"), ("sms", "phone")];
    for (key, name) in keys {
        if let Some(value) = m.query(key) {
            cx.fact(from, name, &value, "register");
            if key == "ep" {
                endpoint(cx, &value);
            }
        }
    }
    cx.fact(from, "role", "iot", "register");
}

/// Hardware identities that endpoint names are made of (6.2.1.1): `urn:imei:…`, `urn:dev:ops:…`.
fn endpoint(cx: &mut Cx<'_>, name: &str) {
    let lower = name.to_ascii_lowercase();
    let from = cx.from();
    if let Some(imei) = lower.strip_prefix("urn:imei:").or_else(|| lower.strip_prefix("urn:imei-msisdn:")) {
        cx.fact(from, "id:imei", imei.split('-').next().unwrap_or(imei), "register.ep");
    }
    if let Some(rest) = name.get(..12).filter(|p| p.eq_ignore_ascii_case("urn:dev:ops:")).and(name.get(12..)) {
        // OUI-ProductClass-SerialNumber
        let mut parts = rest.splitn(3, '-');
        if let (Some(_), Some(class), Some(serial)) = (parts.next(), parts.next(), parts.next()) {
            cx.fact(from, "product", class, "register.ep");
            cx.fact(from, "serial", serial, "register.ep");
        }
    }
}

/// Resources of the device object (E.4) as facts of `side`.
pub fn learn(cx: &mut Cx<'_>, side: Side, found: &[Resource]) {
    for (path, value) in found {
        let [3, 0, resource] = path.as_slice() else { continue };
        let name = match resource {
            0 => "vendor",
            1 => "model",
            2 => "serial",
            3 => "firmware",
            17 => "device_type",
            18 => "hardware",
            19 => "software",
            _ => continue,
        };
        if let Ok(text) = std::str::from_utf8(value)
            && !text.is_empty()
            && !text.chars().any(char::is_control)
        {
            cx.fact(side, name, text, "device object");
        }
    }
}

/// Keys that a bootstrap server writes into the security object (E.1): resource 3 the identity,
/// 5 the secret. Returns them as (identity, key in hex).
pub fn security(found: &[Resource]) -> Vec<(Option<String>, String)> {
    let value = |instance: u16, resource: u16| {
        let hit = found.iter().find(|(p, _)| p.as_slice() == [0, instance, resource]);
        hit.map(|(_, v)| v.as_slice()).filter(|v| !v.is_empty())
    };
    let mut instances: Vec<u16> = found.iter().filter_map(|(p, _)| p.get(1).copied()).collect();
    instances.dedup();
    let text = |v: &[u8]| match std::str::from_utf8(v) {
        Ok(t) if !t.chars().any(char::is_control) => t.to_owned(),
        _ => hex(v),
    };
    let keys = instances.into_iter().filter_map(|i| {
        let secret = value(i, 5)?;
        Some((value(i, 3).map(text), hex(secret)))
    });
    keys.take(8).collect()
}
