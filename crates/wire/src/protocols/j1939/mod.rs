//! SAE J1939 on CAN: control units of trucks, ships (NMEA 2000) and machines, by their address claims.
//!
//! Sources: SAE J1939-21 (transport), -71 (component and software identification, vehicle
//! identification), -73 (diagnostics), -81 (NAME, commanded address); Wireshark as second reader.

#[cfg(test)]
mod tests;

use crate::asked::Asked;
use crate::bytes::hex;
use crate::cx::Cx;
use crate::model::*;
use crate::probe::*;
use crate::protocols::can::{diagnostic, frame::Frame};
use crate::protocols::doip::uds;

pub static SPEC: Spec = Spec {
    name: "j1939",
    title: "SAE J1939 (NMEA 2000)",
    industrial: false,
    transports: &[Transport::L2],
    ports: &[],
    ethertypes: &[0x000C],
    rank: 30,
    identify,
    open: || Box::<J1939>::default(),
    pdus: false,
    facts: &["id:j1939", "j1939-name", "vendor", "product", "model", "serial", "firmware", "id:vin", "function"],
    credentials: &[],
    operations: &[
        "request", "torque_speed_control", "commanded_address", "stop_start_broadcast", "memory_access",
        "clear_trouble_codes", "clear_active_trouble_codes", "UDS_SERVICE",
    ],
    source: "SAE J1939-21, -71, -73, -81; NMEA 2000 manufacturer codes; Wireshark as second reader",
    level: 5,
    proofs: &[],
};

/// Octets of the longest message of the transport protocol (J1939-21, 5.10: 255 packets of 7).
const MAX_MESSAGE: usize = 1785;

/// Parameter group, priority and addresses of a 29-bit identifier.
struct Identifier {
    group: u32,
    target: u8,
    source: u8,
}

impl Identifier {
    fn of(id: u32) -> Identifier {
        let [first, format, specific, source] = id.to_be_bytes();
        let page = u32::from(first & 3) << 16 | u32::from(format) << 8;
        let group = if format >= 240 { page | u32::from(specific) } else { page };
        Identifier { group, target: if format < 240 { specific } else { 0xFF }, source }
    }
    /// Groups that tell J1939 or NMEA 2000 from another use of 29-bit identifiers.
    fn known(&self) -> bool {
        matches!(self.group,
            0 | 0xC400 | 0xD900 | 0xDA00 | 0xDB00 | 0xDF00 | 0xE800 | 0xEA00 | 0xEB00 | 0xEC00 | 0xEE00 | 0xEF00
            | 0xF000..=0xF006 | 0xFDC5 | 0xFE00..=0xFEFF | 0x1F000..=0x1FEFF)
    }
}

fn identify(_: &Hint, data: &[u8]) -> Verdict {
    match Frame::read(data) {
        Some(f) if f.extended && !f.error && !f.remote && Identifier::of(f.id).known() => Verdict::Strong(Role::Client),
        _ => Verdict::No,
    }
}

/// A message in several packets.
#[derive(Default)]
struct Transfer {
    group: u32,
    size: usize,
    next: u8,
    data: Vec<u8>,
}

/// State of one flow: of one node, to one other or to all.
#[derive(Default)]
struct J1939 {
    claimed: bool,
    transfer: Option<Transfer>,
}

impl Probe for J1939 {
    fn datagram(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Result<(), Malformed> {
        let frame = Frame::read(data).ok_or(Malformed)?;
        if !frame.extended || frame.error || frame.remote {
            return Ok(());
        }
        let id = Identifier::of(frame.id);
        // the null address says nothing of a node
        if !self.claimed && id.source < 254 {
            self.claimed = true;
            cx.fact(cx.from(), "id:j1939", &id.source.to_string(), "source address");
        }
        match id.group {
            0xEC00 => self.control(frame.data),
            0xEB00 => self.packet(cx, frame.data),
            0xDA00 | 0xDB00 => diagnostic(cx, &frame, id.target.to_string()),
            group => message(cx, group, id.target, frame.data),
        }
        Ok(())
    }
}

impl J1939 {
    /// TP.CM: a broadcast (32) or a request to send (16) opens a transfer.
    fn control(&mut self, data: &[u8]) {
        let &[kind, low, high, packets, _, a, b, c] = data else { return };
        let size = usize::from(u16::from_le_bytes([low, high]));
        self.transfer = (matches!(kind, 16 | 32) && (9..=MAX_MESSAGE).contains(&size) && usize::from(packets) * 7 >= size)
            .then(|| Transfer { group: u32::from_le_bytes([a, b, c, 0]), size, next: 1, data: Vec::new() });
    }

    /// TP.DT: number and seven octets.
    fn packet(&mut self, cx: &mut Cx<'_>, data: &[u8]) {
        let Some((&number, body)) = data.split_first() else { return };
        let Some(transfer) = self.transfer.as_mut().filter(|t| t.next == number) else {
            self.transfer = None;
            return;
        };
        transfer.data.extend_from_slice(body);
        transfer.next = transfer.next.wrapping_add(1);
        if transfer.data.len() >= transfer.size
            && let Some(t) = self.transfer.take()
        {
            message(cx, t.group, 0xFF, t.data.get(..t.size).unwrap_or_default());
        }
    }
}

/// A whole message of a parameter group.
fn message(cx: &mut Cx<'_>, group: u32, target: u8, data: &[u8]) {
    let from = cx.from();
    let mut op = |name, action, unit: u8| {
        Asked::new(cx, action, name).code(group).unit(unit.to_string()).report(cx, Outcome::Unknown, None);
    };
    match (group, data) {
        (0xEA00, &[a, b, c, ..]) => {
            let asked = Asked::new(cx, Action::Read, "request").unit(target.to_string());
            let wanted = u32::from_le_bytes([a, b, c, 0]);
            asked.target(format!("pgn {wanted}")).report(cx, Outcome::Unknown, None);
        }
        (0, [_, ..]) => op("torque_speed_control", Action::Write, target),
        (0xFED8, &[.., address]) if data.len() == 9 => op("commanded_address", Action::SetAddress, address),
        (0xDF00, _) => op("stop_start_broadcast", Action::Configure, target),
        (0xD900, _) => op("memory_access", Action::Download, target),
        (0xFECC, _) => op("clear_trouble_codes", Action::Clear, target),
        (0xFED3, _) => op("clear_active_trouble_codes", Action::Clear, target),
        (0xEE00, data) => {
            if let Ok(name) = <[u8; 8]>::try_from(data) {
                claim(cx, u64::from_le_bytes(name));
            }
        }
        (0xFEEC, data) => {
            let vin = data.split(|b| *b == b'*').next().unwrap_or_default();
            if let Some(vin) = uds::vin(vin) {
                cx.fact(from, "id:vin", vin, "vehicle identification");
            }
        }
        // make, model, serial number, unit number
        (0xFEEB, data) => texts(cx, data, &["vendor", "model", "serial"], "component identification"),
        // number of fields, then the fields
        (0xFEDA, [_, data @ ..]) => texts(cx, data, &["firmware"], "software identification"),
        // part number, serial number, location, type, maker
        (0xFDC5, data) => texts(cx, data, &["model", "serial", "", "product", "vendor"], "ECU identification"),
        // product information of NMEA 2000: model, software, version, serial, 32 octets each
        (0x1F014, data) => {
            for (name, at) in [("model", 4), ("firmware", 36), ("hardware", 68), ("serial", 100)] {
                if let Some(value) = data.get(at..at + 32).map(plain).filter(|v| !v.is_empty())
                    && name != "hardware" {
                        cx.fact(from, name, &value, "product information");
                    }
            }
        }
        _ => {}
    }
}

fn plain(data: &[u8]) -> String {
    let text: String = data.iter().take_while(|b| !matches!(b, 0 | 0xFF)).map(|b| char::from(*b)).collect();
    if text.bytes().all(|b| matches!(b, 0x20..=0x7E)) { text.trim().to_owned() } else { String::new() }
}

/// Fields that end with an asterisk.
fn texts(cx: &mut Cx<'_>, data: &[u8], names: &[&'static str], field: &'static str) {
    for (name, value) in names.iter().zip(data.split(|b| *b == b'*')) {
        let value = plain(value);
        if !name.is_empty() && !value.is_empty() && value.len() <= 200 {
            cx.fact(cx.from(), name, &value, field);
        }
    }
}

/// The NAME of an address claim (J1939-81, 4.1).
fn claim(cx: &mut Cx<'_>, name: u64) {
    let from = cx.from();
    cx.fact(from, "j1939-name", &hex(&name.to_be_bytes()), "address claimed NAME");
    cx.fact(from, "function", &(name >> 40 & 0xFF).to_string(), "address claimed NAME function");
    if let Some(maker) = maker((name >> 21 & 0x7FF) as u16) {
        cx.fact(from, "vendor", maker, "address claimed NAME manufacturer");
    }
}

/// Manufacturer codes of SAE and NMEA, those met most.
fn maker(code: u16) -> Option<&'static str> {
    Some(match code {
        8 => "Caterpillar",
        10 => "Cummins",
        135 => "Airmar",
        137 => "Maretron",
        174 => "Volvo Penta",
        198 => "Mercury Marine",
        229 => "Garmin",
        275 => "Navico",
        355 => "Yanmar",
        358 => "Victron Energy",
        1851 => "Raymarine",
        1855 => "Furuno",
        _ => return None,
    })
}
