//! Interface classes and objects (IEC 62056-62, -61): what an access does, what a value tells.

use super::apdu::Object;
use crate::bytes::{Reader, hex};
use crate::cx::Cx;
use crate::model::{Action, Side, Val};
use crate::protocols::flag;
use std::borrow::Cow;

pub static OPERATIONS: &[&str] = &[
    "open_association",
    "authenticate_association",
    "get",
    "set",
    "action",
    "read_request",
    "write_request",
    "remote_disconnect",
    "remote_reconnect",
    "set_control_mode",
    "set_time",
    "adjust_time",
    "image_transfer_initiate",
    "image_block_transfer",
    "image_verify",
    "image_activate",
    "reply_to_hls_authentication",
    "change_hls_secret",
    "set_lls_secret",
    "execute_script",
    "security_activate",
    "global_key_transfer",
    "reset",
    "capture",
    "activate_passive_calendar",
    "set_execution_time",
    "set_limiter",
];

/// Name and action of an access.
pub fn operation(service: &'static str, object: &Object, data: &[u8]) -> (Cow<'static, str>, Action) {
    let known = match (service, object.class, object.index) {
        ("action", 70, 1) => Some(("remote_disconnect", Action::DisconnectLoad)),
        ("action", 70, 2) => Some(("remote_reconnect", Action::ReconnectLoad)),
        ("set", 70, 4) => Some(("set_control_mode", Action::Configure)),
        ("set", 8, 2) => Some(("set_time", Action::SetTime)),
        ("action", 8, _) => Some(("adjust_time", Action::SetTime)),
        ("action", 18, 1) => Some(("image_transfer_initiate", Action::Firmware)),
        ("action", 18, 2) => Some(("image_block_transfer", Action::Firmware)),
        ("action", 18, 3) => Some(("image_verify", Action::Firmware)),
        ("action", 18, 4) => Some(("image_activate", Action::Firmware)),
        ("action", 15, 1) => Some(("reply_to_hls_authentication", Action::Authenticate)),
        ("action", 15, 2) => Some(("change_hls_secret", Action::Configure)),
        ("set", 15, 7) => Some(("set_lls_secret", Action::Configure)),
        ("action", 9, 1) => Some(("execute_script", script(object, data))),
        ("action", 64, 1) => Some(("security_activate", Action::Configure)),
        ("action", 64, 2) => Some(("global_key_transfer", Action::Configure)),
        ("action", 3 | 4 | 5 | 7 | 61, 1) => Some(("reset", Action::Clear)),
        ("action", 7, 2) => Some(("capture", Action::Other)),
        ("action", 20, 1) => Some(("activate_passive_calendar", Action::Configure)),
        ("set", 22, 4) => Some(("set_execution_time", Action::Configure)),
        ("set", 71, _) => Some(("set_limiter", Action::Configure)),
        _ => None,
    };
    match (known, service) {
        (Some((name, action)), _) => (name.into(), action),
        (None, "get") => ("get".into(), Action::Read),
        (None, "set") => ("set".into(), Action::Write),
        (None, _) => ("action".into(), Action::Write),
    }
}

/// Scripts of IEC 62056-61, 6.2.7: reset of the meter, disconnecting and reconnecting, firmware.
fn script(object: &Object, data: &[u8]) -> Action {
    let selector = match *data {
        [0x12, high, low, ..] => u16::from_be_bytes([high, low]),
        _ => 0,
    };
    match (object.obis, selector) {
        ([0, _, 10, 0, 0, _], _) => Action::Restart,
        ([0, _, 10, 0, 106, _], 1) => Action::DisconnectLoad,
        ([0, _, 10, 0, 106, _], 2) => Action::ReconnectLoad,
        ([0, _, 10, 0, 107, _], _) => Action::Firmware,
        _ => Action::Write,
    }
}

/// Contents of an octet or visible string.
pub fn octets(data: &[u8]) -> Option<&[u8]> {
    let mut r = Reader::new(data);
    if !matches!(r.u8()?, 0x09 | 0x0A | 0x0C) {
        return None;
    }
    let length = match r.u8()? {
        0x81 => usize::from(r.u8()?),
        0x82 => usize::from(r.be16()?),
        short if short < 0x80 => usize::from(short),
        _ => return None,
    };
    r.take(length)
}

/// A value of one number or short text.
pub fn plain(data: &[u8]) -> Option<Val> {
    let mut r = Reader::new(data);
    Some(match r.u8()? {
        0x03 => Val::from(r.u8()? != 0),
        0x05 => Val::from(r.be_i32()?),
        0x06 => Val::from(r.be32()?),
        0x0F => Val::from(r.u8()? as i8),
        0x10 => Val::from(r.be_i16()?),
        0x11 | 0x16 => Val::from(r.u8()?),
        0x12 => Val::from(r.be16()?),
        0x09 | 0x0A if octets(data)?.len() <= 32 => Val::from(text(octets(data)?)),
        _ => return None,
    })
}

fn text(data: &[u8]) -> String {
    match std::str::from_utf8(data) {
        Ok(text) if !text.is_empty() && text.chars().all(|c| !c.is_control()) => text.trim().to_owned(),
        _ => hex(data),
    }
}

/// What the value of an object tells of the meter.
pub fn facts(cx: &mut Cx<'_>, object: &Object, data: &[u8]) {
    let value = || match plain(data) {
        Some(Val::Str(text)) if !text.is_empty() => Some(text.into_string()),
        Some(Val::Int(n)) if n > 0 => Some(n.to_string()),
        _ => None,
    };
    let Object { class: 1 | 3, obis, index: 2 } = *object else { return };
    let Some(value) = value() else { return };
    match obis {
        // logical device name: three letters of the maker, then what it likes
        [0, 0, 42, 0, 0, 255] => {
            cx.fact(Side::Server, "name", &value, "logical device name 0-0:42.0.0");
            let letters = value.as_bytes().get(..3).unwrap_or_default();
            if let Some(maker) = flag::maker(letters) {
                cx.fact(Side::Server, "vendor", maker, "logical device name 0-0:42.0.0");
            }
        }
        [0, _, 96, 1, 0, 255] => {
            cx.fact(Side::Server, "serial", &value, "device id 0-0:96.1.0");
            cx.fact(Side::Server, "id:meter", &value, "device id 0-0:96.1.0");
        }
        [1, 0, 0, 0, 0, 255] => cx.fact(Side::Server, "id:meter", &value, "electricity id 1-0:0.0.0"),
        [1, _, 0, 2, 0, 255] | [0, _, 96, 1, 2, 255] => {
            cx.fact(Side::Server, "firmware", &value, "firmware identifier");
        }
        _ => {}
    }
}

/// A system title: the maker's three letters and five octets of its own (DLMS green book, 4.3.4).
pub fn system_title(cx: &mut Cx<'_>, title: &[u8]) {
    cx.fact(Side::Server, "system-title", &hex(title), "AARE responding-AP-title");
    if title.len() == 8
        && let Some(maker) = title.get(..3).and_then(flag::maker)
    {
        cx.fact(Side::Server, "vendor", maker, "AARE responding-AP-title");
    }
}
