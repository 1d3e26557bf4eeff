//! Description information blocks (3/8/2, 7.5.4) and properties that tell what a device is (3/5/1).
//!
//! Makers: the KNX Association's manufacturer codes, those met in buildings.

use super::cemi::individual;
use crate::bytes::{Reader, hex, text};
use crate::cx::Cx;
use crate::model::{HostAddr, Mac};
use crate::obs::BindKind;

/// Reads the blocks one after the other and tells their facts of the sender.
pub fn facts(cx: &mut Cx<'_>, blocks: &[u8]) {
    let mut rest = blocks;
    while let [length, kind, ..] = *rest {
        let length = usize::from(length);
        let Some(body) = rest.get(2..length) else { return cx.malformed() };
        match kind {
            0x01 => device(cx, body),
            0x02 => services(cx, body),
            0xFE => manufacturer(cx, body),
            _ => {}
        }
        rest = rest.get(length..).unwrap_or_default();
    }
}

fn device(cx: &mut Cx<'_>, body: &[u8]) {
    let from = cx.from();
    let mut r = Reader::new(body);
    let read = (|| {
        let (medium, _status) = (r.u8()?, r.u8()?);
        let (address, project) = (r.be16()?, r.be16()?);
        let serial = r.take(6)?;
        r.skip(4)?;
        let mac = Mac(r.take(6)?.try_into().ok()?);
        Some((medium, address, project, serial, mac, text(r.take(30)?)))
    })();
    let Some((medium, address, project, serial, mac, name)) = read else { return cx.malformed() };
    let medium = match medium {
        0x02 => "twisted pair",
        0x04 => "power line",
        0x10 => "radio",
        0x20 => "ip",
        _ => "",
    };
    for (fact, value) in [("medium", medium), ("name", &name), ("id:knx", &individual(address))] {
        if !value.is_empty() && address != 0xFFFF {
            cx.fact(from, fact, value, "DEVICE_INFO");
        }
    }
    if project != 0 {
        cx.fact(from, "project", &project.to_string(), "DEVICE_INFO project installation id");
    }
    number(cx, serial, "DEVICE_INFO serial number");
    if let HostAddr::Ip(ip) = cx.end(from).addr
        && mac.is_device()
    {
        cx.bind(mac, ip, BindKind::Declared);
    }
}

/// A serial number; its first two octets are its maker.
fn number(cx: &mut Cx<'_>, serial: &[u8], field: &'static str) {
    if serial.iter().all(|b| *b == 0) || serial.iter().all(|b| *b == 0xFF) {
        return;
    }
    cx.fact(cx.from(), "serial", &hex(serial), field);
    if let [high, low, ..] = *serial
        && let Some(maker) = maker(u16::from_be_bytes([high, low]))
    {
        cx.fact(cx.from(), "vendor", maker, field);
    }
}

fn services(cx: &mut Cx<'_>, body: &[u8]) {
    let mut names = Vec::new();
    let mut gateway = false;
    for family in body.chunks_exact(2) {
        let [id, version] = *family else { continue };
        gateway |= matches!(id, 4 | 5);
        let name = match id {
            2 => "core",
            3 => "device management",
            4 => "tunnelling",
            5 => "routing",
            6 => "remote logging",
            7 => "remote configuration",
            8 => "object server",
            9 => "secure",
            _ => continue,
        };
        names.push(format!("{name} v{version}"));
    }
    if !names.is_empty() {
        cx.fact(cx.from(), "services", &names.join(", "), "SUPP_SVC_FAMILIES");
        let role = if gateway { "gateway" } else { "building-controller" };
        cx.fact(cx.from(), "role", role, "SUPP_SVC_FAMILIES");
    }
}

fn manufacturer(cx: &mut Cx<'_>, body: &[u8]) {
    if let [high, low, ref rest @ ..] = *body {
        if let Some(maker) = maker(u16::from_be_bytes([high, low])) {
            cx.fact(cx.from(), "vendor", maker, "MFR_DATA");
        }
        let model = text(rest);
        if model.len() > 2 && model.chars().all(|c| !c.is_control()) {
            cx.fact(cx.from(), "model", &model, "MFR_DATA");
        }
    }
}

/// A property read from an interface object of the device itself.
pub fn property(cx: &mut Cx<'_>, object: u16, property: u8, data: &[u8]) {
    let from = cx.from();
    match (object, property, data) {
        (0, 11, [_, _, _, _, _, _]) => number(cx, data, "PID_SERIAL_NUMBER"),
        (0, 12, &[high, low]) => {
            if let Some(maker) = maker(u16::from_be_bytes([high, low])) {
                cx.fact(from, "vendor", maker, "PID_MANUFACTURER_ID");
            }
        }
        (0, 15, [_, ..]) => {
            let order = text(data);
            let plain = order.len() > 2 && order.chars().all(|c| c.is_ascii_graphic() || c == ' ');
            let order = if plain { order } else { hex(data) };
            if data.iter().any(|b| *b != 0) {
                cx.fact(from, "model", &order, "PID_ORDER_INFO");
            }
        }
        (0, 25, &[high, low]) => {
            // magic number, version and revision in 5, 5 and 6 bits
            let word = u16::from_be_bytes([high, low]);
            let version = format!("{}.{}", word >> 6 & 31, word & 63);
            cx.fact(from, "firmware", &version, "PID_VERSION");
        }
        (11, 76, [_, ..]) => cx.fact(from, "name", &text(data), "PID_FRIENDLY_NAME"),
        _ => {}
    }
}

fn maker(code: u16) -> Option<&'static str> {
    Some(match code {
        1 => "Siemens",
        2 | 14 | 29 => "ABB",
        4 => "Albrecht Jung",
        5 => "BTicino",
        6 => "Berker",
        7 => "Busch-Jaeger Elektro",
        8 => "Gira",
        9 => "Hager",
        10 => "Insta",
        11 => "Legrand",
        12 => "Merten",
        25 => "Gewiss",
        30 => "Feller",
        42 => "Simon",
        44 => "Vimar",
        46 => "Eltako",
        57 => "Phoenix Contact",
        61 => "WAGO",
        66 => "Wieland Electric",
        72 => "Theben",
        78 => "Somfy",
        81 => "Viessmann",
        100 => "Schneider Electric",
        107 => "Warema",
        108 => "Eelectron",
        113 => "Zennio",
        114 => "Tapko Technologies",
        115 => "HDL",
        118 => "Arcus-EDS",
        119 => "Intesis",
        124 => "ise",
        128 => "Esylux",
        129 => "Basalte",
        131 => "MDT technologies",
        197 => "Weinzierl Engineering",
        _ => return None,
    })
}
