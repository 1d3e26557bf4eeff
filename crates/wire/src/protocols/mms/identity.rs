//! What answers tell of a device: its identity, its logical devices, its name plates.
//!
//! Sources: ISO 9506-2 (Identify); IEC 61850-7-3 (LPL, DPL name plates), 7-4 (LPHD, LLN0).

use super::names::{MAX_NAMES, Object, identifiers};
use super::request::Request;
use super::services;
use crate::cx::Cx;
use crate::model::*;
use crate::protocols::ber::Tlv;
use crate::protocols::iec61850;

/// Logical devices of one device that are kept.
const MAX_DEVICES: usize = 32;
/// Class of the names of domains.
const DOMAINS: i64 = 9;

/// What has been said by the device of this flow.
#[derive(Default)]
pub struct Known {
    devices: Vec<String>,
}

/// A password as text; in hexadecimal where it is no text.
pub fn secret(bytes: &[u8]) -> String {
    let bytes = bytes.get(..256).unwrap_or(bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.chars().any(char::is_control) => text.to_owned(),
        _ => crate::bytes::hex(bytes),
    }
}

impl Known {
    /// Facts out of the answer to a request, about its sender.
    pub fn answered(&mut self, cx: &mut Cx<'_>, request: &Request, service: Tlv<'_>) {
        match request.number {
            services::IDENTIFY => identify(cx, service),
            services::GET_NAME_LIST if request.class == Some(DOMAINS) => self.devices(cx, service),
            services::READ => read(cx, request, service),
            _ => {}
        }
    }

    /// Names of the domains are those of the logical devices.
    fn devices(&mut self, cx: &mut Cx<'_>, service: Tlv<'_>) {
        let who = cx.from();
        let more = service.inner().find(|t| t.tag == 0x81).is_none_or(|t| t.body.iter().any(|b| *b != 0));
        let Some(list) = service.inner().find(|t| t.tag == 0xa0) else { return };
        for device in identifiers(list, MAX_DEVICES) {
            if self.devices.len() < MAX_DEVICES && !self.devices.contains(&device) {
                cx.fact(who, "id:iec61850", &device, "GetNameList.domain");
                self.devices.push(device);
            }
        }
        // the default of "more follows" is true
        if !more && let Some(name) = iec61850::common_ied(&self.devices) {
            cx.fact(who, "name", name, "GetNameList.domain");
        }
    }
}

fn identify(cx: &mut Cx<'_>, service: Tlv<'_>) {
    let who = cx.from();
    for part in service.inner().take(4) {
        let text = iec61850::name(part.body);
        match part.tag {
            0x80 => cx.fact(who, "vendor", &text, "Identify.vendorName"),
            0x81 => cx.fact(who, "model", &text, "Identify.modelName"),
            0x82 => cx.fact(who, "firmware", &text, "Identify.revision"),
            _ => {}
        }
    }
}

fn read(cx: &mut Cx<'_>, request: &Request, service: Tlv<'_>) {
    let Some(results) = service.inner().find(|t| t.tag == 0xa1) else { return };
    for (object, result) in request.names.iter().zip(results.inner().take(MAX_NAMES)) {
        // a data access error
        if result.tag == 0x80 {
            continue;
        }
        plate(cx, object, &result);
        if object.item == "TASE2_Version" {
            // control centres speak ICCP with each other (IEC 60870-6)
            cx.fact(cx.from(), "role", "scada-server", "TASE2_Version");
        }
    }
}

/// Attributes of the name plates of the physical device (LPHD) and of the first logical node.
fn plate(cx: &mut Cx<'_>, object: &Object, value: &Tlv<'_>) {
    let mut parts = object.item.split('$');
    let (Some(node), Some("DC"), Some(data)) = (parts.next(), parts.next(), parts.next()) else { return };
    let physical = match data {
        "PhyNam" if node.contains("LPHD") => true,
        "NamPlt" if node == "LLN0" => false,
        _ => return,
    };
    let who = cx.from();
    match parts.next() {
        Some(attribute) => attribute_fact(cx, who, physical, attribute, value),
        // of the whole only what every name plate has is in a known place
        None if value.tag == 0xa2 => {
            let mut members = value.inner();
            if let Some(vendor) = members.next() {
                attribute_fact(cx, who, physical, "vendor", &vendor);
            }
            if !physical && let Some(revision) = members.next() {
                attribute_fact(cx, who, physical, "swRev", &revision);
            }
        }
        None => {}
    }
}

fn attribute_fact(cx: &mut Cx<'_>, who: Side, physical: bool, attribute: &str, value: &Tlv<'_>) {
    if !matches!(value.tag, 0x8a | 0x90) {
        return;
    }
    let text = iec61850::name(value.body);
    let (name, field) = match (attribute, physical) {
        ("vendor", true) => ("vendor", "PhyNam.vendor"),
        ("vendor", false) => ("vendor", "NamPlt.vendor"),
        ("model", true) => ("model", "PhyNam.model"),
        ("serNum", true) => ("serial", "PhyNam.serNum"),
        ("hwRev", true) => ("hardware", "PhyNam.hwRev"),
        ("swRev", true) => ("firmware", "PhyNam.swRev"),
        ("swRev", false) => ("firmware", "NamPlt.swRev"),
        ("location", true) => ("location", "PhyNam.location"),
        ("name", true) => ("name", "PhyNam.name"),
        _ => return,
    };
    cx.fact(who, name, &text, field);
}
