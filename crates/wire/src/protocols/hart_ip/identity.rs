//! What instruments say of themselves: commands 0, 11, 13, 20, 21, 57, 75 and 84.
//!
//! Names of makers: manufacturer identification codes of HCF_SPEC-183 table 8, those met in plants.

use super::MAX_DEVICES;
use super::commands::packed;
use super::frame::address_text;
use crate::bytes::{Reader, hex, text};
use crate::cx::Cx;
use crate::model::Side;

/// The instruments a flow tells of.
#[derive(Default)]
pub struct Devices {
    /// Unique id of the host itself, the first that identified itself.
    host: Option<[u8; 5]>,
    /// Others, whose identity was told.
    others: Vec<[u8; 5]>,
}

/// The identity block of commands 0, 11, 21, 73, 74 and 75, behind the status octets.
struct Unique {
    id: [u8; 5],
    kind: u16,
    vendor: u16,
    device: u32,
    universal: u8,
    revision: u8,
    software: u8,
    hardware: u8,
    profile: Option<u8>,
}

impl Unique {
    fn read(data: &[u8]) -> Option<Unique> {
        let mut r = Reader::new(data);
        if r.u8()? != 254 {
            return None;
        }
        let kind = r.be16()?;
        r.skip(1)?;
        let (universal, revision, software, hardware) = (r.u8()?, r.u8()?, r.u8()?, r.u8()? >> 3);
        r.skip(1)?;
        let device = r.be24()?;
        // revision 7 has the maker in words of its own; before, it is the high octet of the type
        let (vendor, profile) = if universal >= 7 {
            r.skip(5)?;
            let vendor = r.be16()?;
            (vendor, r.skip(2).and_then(|()| r.u8()))
        } else {
            (kind >> 8, None)
        };
        let [a, b] = kind.to_be_bytes();
        let [_, c, d, e] = device.to_be_bytes();
        let id = [a & 0x3F, b, c, d, e];
        Some(Unique { id, kind, vendor, device, universal, revision, software, hardware, profile })
    }
}

impl Devices {
    /// Takes the facts out of a good answer. `address`: whose answer it is, if its frame says so.
    pub fn learn(&mut self, cx: &mut Cx<'_>, command: u16, data: &[u8], address: Option<&[u8]>) {
        match command {
            0 | 11 | 21 | 73 | 75 => {
                if let Some(unique) = Unique::read(data) {
                    self.unique(cx, &unique);
                }
            }
            13 if self.of_host(address) => {
                let (tag, rest) = (data.get(..6), data.get(6..18));
                if let (Some(tag), Some(descriptor)) = (tag, rest) {
                    tell(cx, "name", &packed(tag), "command 13 tag");
                    tell(cx, "description", &packed(descriptor), "command 13 descriptor");
                }
            }
            20 | 22 if self.of_host(address) => {
                if let Some(tag) = data.get(..32) {
                    tell(cx, "name", &latin(tag), "command 20 long tag");
                }
            }
            18 if self.of_host(address) => {
                if let Some(tag) = data.get(..6) {
                    tell(cx, "name", &packed(tag), "command 18 tag");
                }
            }
            84 => self.summary(cx, data),
            _ => {}
        }
    }

    /// True if an answer is the host's own, not one of an instrument behind it.
    fn of_host(&self, address: Option<&[u8]>) -> bool {
        match (address, self.host) {
            (Some([first, rest @ ..]), Some(host)) if rest.len() == 4 => {
                host.first() == Some(&(first & 0x3F)) && host.get(1..) == Some(rest)
            }
            _ => true,
        }
    }

    fn unique(&mut self, cx: &mut Cx<'_>, u: &Unique) {
        let host = *self.host.get_or_insert(u.id);
        if host != u.id {
            let text = format!("{} {}", maker(u.vendor), address_text(&u.id));
            return self.other(cx, u.id, &text, "command 0");
        }
        tell(cx, "id:hart", &hex(&u.id), "command 0 unique id");
        tell(cx, "vendor", &maker(u.vendor), "command 0 manufacturer");
        tell(cx, "model", &format!("0x{:04x}", u.kind), "command 0 expanded device type");
        tell(cx, "firmware", &u.software.to_string(), "command 0 software revision");
        tell(cx, "hardware", &u.hardware.to_string(), "command 0 hardware revision");
        tell(cx, "serial", &u.device.to_string(), "command 0 device id");
        let revision = format!("{} (device {})", u.universal, u.revision);
        tell(cx, "hart-revision", &revision, "command 0 universal command revision");
        // table 57 of HCF_SPEC-183: gateways (4, 132), adapters (129), I/O systems (7), instruments
        let role = match u.profile {
            Some(4 | 132) => "gateway",
            Some(7) => "io-device",
            _ => "sensor",
        };
        tell(cx, "role", role, "command 0 device profile");
    }

    /// Command 84: the identity of an instrument behind a gateway.
    fn summary(&mut self, cx: &mut Cx<'_>, data: &[u8]) {
        let mut r = Reader::new(data);
        let read = (|| {
            r.skip(4)?;
            let (vendor, kind) = (r.be16()?, r.be16()?);
            let device = r.be24()?;
            r.skip(1)?;
            Some((vendor, kind, device, latin(r.take(32)?)))
        })();
        let Some((vendor, kind, device, tag)) = read else { return };
        let ([a, b], [_, c, d, e]) = (kind.to_be_bytes(), device.to_be_bytes());
        let id = [a & 0x3F, b, c, d, e];
        let text = format!("{} {} {tag}", maker(vendor), address_text(&id));
        self.other(cx, id, text.trim(), "command 84");
    }

    fn other(&mut self, cx: &mut Cx<'_>, id: [u8; 5], text: &str, field: &'static str) {
        if self.host == Some(id) || self.others.contains(&id) {
            return;
        }
        if self.others.len() >= MAX_DEVICES {
            return cx.dropped("hart_ip_devices");
        }
        self.others.push(id);
        tell(cx, "field-device", text, field);
    }
}

fn tell(cx: &mut Cx<'_>, name: &'static str, value: &str, field: &'static str) {
    // question marks and blanks are what a device is shipped with
    if value.chars().any(|c| !matches!(c, '?' | ' ' | '@')) {
        cx.fact(Side::Server, name, value, field);
    }
}

/// Long tags are in ISO 8859-1.
fn latin(data: &[u8]) -> String {
    let plain: String = data.iter().take_while(|b| **b != 0).map(|b| char::from(*b)).collect();
    if plain.chars().any(char::is_control) { text(&[]) } else { plain.trim().to_owned() }
}

fn maker(code: u16) -> String {
    let name = match code {
        1 => "Acromag",
        2 => "Allen-Bradley",
        3 => "Ametek",
        4 => "Analog Devices",
        5 | 18 | 22 | 26 => "ABB",
        9 => "Bristol Babcock",
        10 => "Brooks Instrument",
        17 => "Endress+Hauser",
        19 => "Fisher Controls",
        20 => "Foxboro",
        21 => "Fuji",
        23 => "Honeywell",
        31 => "Micro Motion",
        32 => "Moore Industries",
        36 => "Rochester Instrument Systems",
        37 => "Ronan",
        38 => "Rosemount",
        42 => "Siemens",
        44 => "Toshiba",
        46 => "Rosemount Analytic",
        49 => "Varec",
        50 => "Viatran",
        54 => "Yamatake",
        55 => "Yokogawa",
        62 => "Smar",
        66 => "Samson",
        69 => "Krohne",
        71 => "Druck",
        80 => "K-TEK",
        86 => "Magnetrol",
        93 => "Pepperl+Fuchs",
        98 => "VEGA",
        249 | 0x60F9 => "FieldComm Group",
        _ => return format!("HART manufacturer {code}"),
    };
    name.to_owned()
}
