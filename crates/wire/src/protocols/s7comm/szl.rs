//! Identity from the system status list (SZL), and the session password.
//!
//! Source: Siemens, System Software for S7-300/400 System and Standard Functions, A5E00709327,
//! sections 33.4 (W#16#xy11), 33.13 (W#16#xy1C) and 33.17 (W#16#xy32).

use crate::bytes::{Reader, text};
use crate::cx::Cx;
use crate::model::Side;

/// Records looked at in one list.
const MAX_RECORDS: u16 = 64;

/// Head of a partial list: id, index, length and number of records; then the records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct List<'a> {
    pub id: u16,
    pub index: u16,
    pub record: usize,
    pub count: u16,
    pub records: &'a [u8],
}

impl List<'_> {
    /// It holds as many bytes as its head says.
    pub fn is_whole(&self) -> bool {
        self.record.checked_mul(self.count.into()) == Some(self.records.len())
    }
}

/// Reads the data of an answer, all its parts joined.
pub fn list(data: &[u8]) -> Option<List<'_>> {
    let mut r = Reader::new(data);
    let (id, index) = (r.be16()?, r.be16()?);
    let (record, count) = (r.be16()?.into(), r.be16()?);
    Some(List { id, index, record, count, records: r.rest() })
}

/// Notes who the module is.
pub fn facts(cx: &mut Cx<'_>, device: Side, list: &List<'_>) {
    // whole lists and single records; other extracts have other layouts
    let extract = list.id >> 8 & 0x0f;
    if list.record < 4 || extract > 2 {
        return;
    }
    for record in list.records.chunks_exact(list.record).take(list.count.min(MAX_RECORDS).into()) {
        let mut r = Reader::new(record);
        let index = r.be16().unwrap_or(0);
        match list.id & 0xff {
            0x11 if extract < 2 => {
                module(cx, device, index, r);
            }
            0x1c if extract < 2 => component(cx, device, index, r.rest()),
            0x32 if index == 4 => {
                // key switch, parameter, then the level in force: 1 free, 2 read only, 3 closed
                if let Some(level) = r.skip(4).and_then(|()| r.be16()).filter(|l| (1..=4).contains(l)) {
                    cx.fact(device, "protection_level", &level.to_string(), "szl.0132.0004.sch_rel");
                }
            }
            _ => {}
        }
    }
}

/// Order number and versions: 20 characters, type, two words of version.
fn module(cx: &mut Cx<'_>, device: Side, index: u16, mut r: Reader<'_>) -> Option<()> {
    let order = text(r.take(20)?);
    let _kind = r.be16()?;
    let (high, low) = (r.be16()?, r.be16()?);
    let [letter, major] = high.to_be_bytes();
    let [minor, patch] = low.to_be_bytes();
    let known = order.len() > 5 && order.chars().all(|c| c.is_ascii_graphic() || c == ' ');
    match index {
        1 if known => {
            cx.fact(device, "model", &order, "szl.0011.0001.mlfb");
            if matches!(order.get(..3), Some("6ES" | "6AG" | "6GK" | "6AU" | "6SL" | "6DL" | "6FC")) {
                cx.fact(device, "vendor", "Siemens", "szl.0011.0001.mlfb");
            }
        }
        6 if high != 0 => cx.fact(device, "hardware", &high.to_string(), "szl.0011.0006.ausbg"),
        7 if letter.is_ascii_uppercase() => {
            let version = format!("{}{major}.{minor}.{patch}", char::from(letter));
            cx.fact(device, "firmware", &version, "szl.0011.0007.ausbg");
        }
        _ => {}
    }
    Some(())
}

/// Names and serial numbers: an index and up to 32 characters.
fn component(cx: &mut Cx<'_>, device: Side, index: u16, value: &[u8]) {
    let (name, field) = match index {
        1 => ("name", "szl.001c.0001.name_of_the_automation_system"),
        2 => ("module", "szl.001c.0002.name_of_the_module"),
        3 => ("plant", "szl.001c.0003.plant_designation"),
        4 => ("copyright", "szl.001c.0004.copyright"),
        5 => ("serial", "szl.001c.0005.serial_number_of_the_module"),
        7 => ("product", "szl.001c.0007.module_type_name"),
        8 => ("memory_card_serial", "szl.001c.0008.serial_number_of_the_memory_card"),
        9 => {
            // IANA-like number of the PROFIBUS user organisation: 42 is Siemens
            if value.get(..2) == Some(&[0, 42]) {
                cx.fact(device, "vendor", "Siemens", "szl.001c.0009.manufacturer_id");
            }
            return;
        }
        0x0b => ("location", "szl.001c.000b.location_id"),
        _ => return,
    };
    let value = text(value.get(..32).unwrap_or(value));
    cx.fact(device, name, &value, field);
    if index == 4 && value.contains("Siemens") {
        cx.fact(device, "vendor", "Siemens", field);
    }
    if index == 7 && value.contains("CPU") {
        cx.fact(device, "role", "plc", field);
    }
}

/// The session password as it was typed. Eight characters, each hidden by 55 hexadecimal and the
/// hidden character two before it; padded with blanks.
pub fn password(hidden: &[u8]) -> Option<String> {
    let hidden = hidden.get(..8)?;
    let mut plain = [0u8; 8];
    for (at, slot) in plain.iter_mut().enumerate() {
        let before = at.checked_sub(2).and_then(|n| hidden.get(n)).copied().unwrap_or(0);
        *slot = hidden.get(at).copied().unwrap_or(0) ^ 0x55 ^ before;
    }
    let typed = plain.split(|&b| b == 0).next().unwrap_or_default();
    let typed: String = typed.iter().map(|&b| char::from(b)).collect();
    let typed = typed.trim_end();
    (!typed.is_empty()).then(|| typed.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_read() {
        assert_eq!(password(&[0x21, 0x3a, 0x1b, 0x1d, 0x6e, 0x68, 0x1b, 0x1d]).as_deref(), Some("toor"));
        assert_eq!(password(&[1, 2, 3]), None);
    }
}
