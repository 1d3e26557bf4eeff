//! What single DNP3 objects hold: controls, times, files, attributes (IEEE 1815-2012, annex A).

use super::app::Item;
use super::functions as f;
use super::objects::Objects;
use crate::bytes::{Reader, hex, text};
use crate::cx::Cx;
use crate::model::Val;

/// Control relay output block (g12v1): control code, count, on and off times in ms, status.
pub fn control_block(item: &mut Item, objects: &Objects<'_>) {
    let Some((index, data)) = objects.first() else { return };
    let mut r = Reader::new(data);
    let (Some(code), Some(count), Some(on), Some(off)) = (r.u8(), r.u8(), r.le32(), r.le32()) else { return };
    item.address = Some((i64::from(index), 1));
    let operation = ["nul", "pulse_on", "pulse_off", "latch_on", "latch_off"];
    let trip = ["", " close", " trip", ""].get(usize::from(code >> 6)).copied().unwrap_or("");
    let name = operation.get(usize::from(code & 0x0F)).copied().unwrap_or("undefined");
    item.value = Some(Val::from(format!("{name}{trip}")));
    item.detail.push(("control_code", Val::from(code)));
    item.detail.push(("count", Val::from(count)));
    item.detail.push(("on_time_ms", Val::from(on)));
    item.detail.push(("off_time_ms", Val::from(off)));
    let points: Vec<Val> = objects.items().take(16).map(|(i, _)| Val::from(i)).collect();
    if points.len() > 1 {
        item.detail.push(("points", Val::from(points)));
    }
}

/// Value of an analog output command (g41).
pub fn analog(variation: u8, data: &[u8]) -> Option<Val> {
    let mut r = Reader::new(data);
    match variation {
        1 => r.le_i32().map(Val::from),
        2 => r.le_i16().map(Val::from),
        3 => r.le_f32().map(Val::from),
        4 => r.le_f64().map(Val::from),
        _ => None,
    }
}

/// DNP3 time: milliseconds since 1970-01-01 UTC in 48 bits.
pub fn time(data: &[u8]) -> Option<Val> {
    let mut r = Reader::new(data);
    let (low, high) = (r.le32()?, r.le16()?);
    Some(Val::Int(i64::from(high) << 32 | i64::from(low)))
}

/// Bytes that an offset and a size at `at` of a file object point to.
pub fn counted(object: &[u8], at: usize) -> Option<&[u8]> {
    let mut r = Reader::new(object.get(at..)?);
    let (offset, size) = (usize::from(r.le16()?), usize::from(r.le16()?));
    object.get(offset..offset.checked_add(size)?)
}

/// User name and password of a file authentication object (g70v2).
pub fn file_login(object: &[u8]) -> Option<(String, String)> {
    let (user, password) = (counted(object, 0)?, counted(object, 4)?);
    (!user.is_empty() || !password.is_empty()).then(|| (text(user), text(password)))
}

/// What an authentication request tells of who asks (g120).
pub fn authentication_item(item: &mut Item, variation: u8, objects: &Objects<'_>) {
    let Some(object) = objects.free().next().or(Some(objects.data)).filter(|o| !o.is_empty()) else { return };
    item.address = None;
    let mut r = Reader::new(object);
    let user = match variation {
        2 | 3 | 6 | 11..=14 => r.le32().and_then(|_| r.le16()),
        4 | 5 => r.le16(),
        10 => {
            let (method, operation) = (r.u8(), r.u8());
            let name = r.skip(8).and_then(|_| r.le16()).map(usize::from);
            let rest = r.skip(4).map(|_| r.rest());
            if let (Some(_), Some(operation)) = (method, operation) {
                let word = ["", "add", "delete", "change"].get(usize::from(operation)).copied().unwrap_or("");
                item.detail.push(("operation", Val::Static(word)));
            }
            item.target = name.zip(rest).and_then(|(n, rest)| rest.get(..n)).map(|n| text(n).into());
            None
        }
        _ => None,
    };
    if let Some(user) = user {
        item.detail.push(("user_number", Val::from(user)));
    }
}

/// Notes the first status other than success of echoed controls; `at` is its place in the object.
pub fn control_refusal(refusal: &mut Option<(i64, &'static str)>, objects: &Objects<'_>, at: usize) {
    let bad = objects.items().filter_map(|(_, o)| o.get(at)).map(|s| s & 0x7F).find(|s| *s != 0);
    if let Some(status) = bad {
        *refusal = Some((i64::from(status), f::control_status(status)));
    }
}

pub fn file_refusal(refusal: &mut Option<(i64, &'static str)>, status: Option<&u8>) {
    if let Some(&status) = status
        && status != 0
    {
        *refusal = Some((i64::from(status), f::file_status(status)));
    }
}

/// Text of a device attribute by its data type (annex A, group 0).
pub fn attribute(kind: u8, value: &[u8]) -> Option<String> {
    let little = |v: &[u8]| v.iter().rev().fold(0u64, |n, b| n << 8 | u64::from(*b));
    match kind {
        1 => Some(text(value)),
        2 if value.len() <= 8 => Some(little(value).to_string()),
        3 if matches!(value.len(), 1..=8) => {
            let unused = 64 - 8 * value.len() as u32;
            Some(((little(value) << unused) as i64 >> unused).to_string())
        }
        4 if value.len() == 4 => Reader::new(value).le_f32().map(|v| v.to_string()),
        4 if value.len() == 8 => Reader::new(value).le_f64().map(|v| v.to_string()),
        5 | 6 => Some(hex(value)),
        7 => time(value).map(|t| if let Val::Int(t) = t { t.to_string() } else { String::new() }),
        _ => None,
    }
}

/// Facts from the device attributes of an answer (group 0; the variation is the attribute).
pub fn attributes(cx: &mut Cx<'_>, objects: &Objects<'_>) {
    let (name, field) = match objects.variation {
        208 => ("system", "g0v208.system_name"),
        209 => ("secure-authentication", "g0v209.secure_authentication_version"),
        242 => ("firmware", "g0v242.software_version"),
        243 => ("hardware", "g0v243.hardware_version"),
        245 => ("location", "g0v245.location"),
        246 => ("user-id", "g0v246.id_code"),
        247 => ("name", "g0v247.device_name"),
        248 => ("serial", "g0v248.serial_number"),
        249 => ("conformance", "g0v249.subset_and_conformance"),
        250 => ("product", "g0v250.product_name_and_model"),
        252 => ("vendor", "g0v252.manufacturer_name"),
        _ => return,
    };
    for (kind, value) in objects.attributes() {
        if let Some(value) = attribute(kind, value) {
            cx.fact(cx.from(), name, &value, field);
        }
    }
}
