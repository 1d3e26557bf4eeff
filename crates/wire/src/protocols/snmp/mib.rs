//! Identity in the objects an agent answers with.
//!
//! Object names: SNMPv2-MIB (RFC 3418), IF-MIB (RFC 2863), IP-MIB (RFC 4293), ENTITY-MIB (RFC 6933),
//! BRIDGE-MIB (RFC 4188), Printer-MIB (RFC 3805), UPS-MIB (RFC 1628), HOST-RESOURCES-MIB (RFC 2790).

use super::message::value_text;
use crate::cx::Cx;
use crate::model::{Action, Mac, Side};
use crate::obs::BindKind;
use crate::protocols::ber::{self, Tlv};
use crate::protocols::{enterprise, sysdescr};
use std::net::Ipv4Addr;

/// mib-2, under which the standard objects lie.
const MIB2: [u32; 6] = [1, 3, 6, 1, 2, 1];
/// Hardware addresses taken from one agent's interface table.
const MAX_INTERFACES: u16 = 256;

/// What has been seen of one agent, to tell its chassis from its modules.
#[derive(Default)]
pub struct Agent {
    /// entPhysicalIndex of what is taken for the device as a whole.
    chassis: Option<u32>,
    /// entPhysicalClass said so.
    certain: bool,
    interfaces: u16,
}

impl Agent {
    /// Takes what the object `oid` = `value` says of the device at `side`.
    pub fn learn(&mut self, cx: &mut Cx<'_>, side: Side, oid: &[u8], value: &Tlv<'_>) {
        // every object looked at lies under 1.3.6.1.2.1 or 1.3.6.1.4.1
        let known = oid.starts_with(&[0x2b, 6, 1, 2, 1]) || oid.starts_with(&[0x2b, 6, 1, 4, 1]);
        if !known || matches!(value.tag, ber::NULL | 0x80..=0x82) {
            return;
        }
        let Some(arcs) = ber::arcs(oid) else { return };
        match arcs.strip_prefix(&MIB2) {
            Some([1, object, 0]) => system(cx, side, *object, value),
            Some([2, 2, 1, 6, _]) => self.interface(cx, side, value),
            Some([4, 20, 1, 1, ..]) => {
                if let &[a, b, c, d] = value.body {
                    let address = Ipv4Addr::new(a, b, c, d);
                    if !address.is_loopback() && !address.is_unspecified() {
                        cx.fact(side, "address", &address.to_string(), "ipAdEntAddr");
                    }
                }
            }
            Some([17, 1, object, 0]) => {
                cx.fact(side, "role", "switch", "dot1dBase");
                if *object == 1 {
                    self.interface(cx, side, value);
                }
            }
            Some([25, 3, 2, 1, 3, 1]) => say(cx, side, "description", value, "hrDeviceDescr"),
            Some([33, 1, 1, object, 0]) => ups(cx, side, *object, value),
            Some([43, 5, 1, 1, object, _]) => printer(cx, side, *object, value),
            Some([47, 1, 1, 1, 1, column, index]) => self.physical(cx, side, *column, *index, value),
            Some(_) => {}
            None => vendor_object(cx, side, &arcs, value),
        }
    }

    /// ifPhysAddress, dot1dBaseBridgeAddress: one more hardware address of the device.
    fn interface(&mut self, cx: &mut Cx<'_>, side: Side, value: &Tlv<'_>) {
        let Ok(mac) = <[u8; 6]>::try_from(value.body) else { return };
        let crate::model::HostAddr::Ip(ip) = cx.end(side).addr else { return };
        if self.interfaces < MAX_INTERFACES {
            self.interfaces += 1;
            cx.bind(Mac(mac), ip, BindKind::Declared);
        }
    }

    /// A column of entPhysicalTable: of the chassis itself, or of a part of it.
    fn physical(&mut self, cx: &mut Cx<'_>, side: Side, column: u32, index: u32, value: &Tlv<'_>) {
        if column == 5 {
            // entPhysicalClass chassis(3); the first chassis of a stack stands for it
            if value.int() == Some(3) && !self.certain {
                (self.chassis, self.certain) = (Some(index), true);
            }
            return;
        }
        let (name, field): (&'static str, &'static str) = match column {
            2 => ("product", "entPhysicalDescr"),
            7 => ("module", "entPhysicalName"),
            8 => ("hardware", "entPhysicalHardwareRev"),
            9 => ("firmware", "entPhysicalFirmwareRev"),
            10 => ("software", "entPhysicalSoftwareRev"),
            11 => ("serial", "entPhysicalSerialNum"),
            12 => ("vendor", "entPhysicalMfgName"),
            13 => ("model", "entPhysicalModelName"),
            15 => ("asset_tag", "entPhysicalAssetID"),
            _ => return,
        };
        let text = value_text(value);
        if text.trim().is_empty() {
            return;
        }
        if *self.chassis.get_or_insert(index) == index {
            if column != 7 {
                cx.fact(side, name, &text, field);
            }
        } else {
            cx.fact(side, "module", &format!("{index} {name} {text}"), field);
        }
    }
}

fn say(cx: &mut Cx<'_>, side: Side, name: &'static str, value: &Tlv<'_>, field: &'static str) {
    cx.fact(side, name, &value_text(value), field);
}

/// The system group.
fn system(cx: &mut Cx<'_>, side: Side, object: u32, value: &Tlv<'_>) {
    match object {
        1 => {
            let text = sysdescr::line(value.body);
            cx.fact(side, "description", &text, "sysDescr");
            sysdescr::about(&text, &mut |name, v| cx.fact(side, name, v, "sysDescr"));
        }
        2 if value.tag == ber::OID => {
            let Some(arcs) = ber::arcs(value.body) else { return };
            cx.fact(side, "sys_object_id", &ber::dotted(&arcs), "sysObjectID");
            if let Some(maker) = enterprise::maker_of_oid(&arcs) {
                cx.fact(side, "vendor", maker, "sysObjectID");
            }
        }
        4 => say(cx, side, "contact", value, "sysContact"),
        5 => say(cx, side, "name", value, "sysName"),
        6 => say(cx, side, "location", value, "sysLocation"),
        _ => {}
    }
}

fn ups(cx: &mut Cx<'_>, side: Side, object: u32, value: &Tlv<'_>) {
    cx.fact(side, "role", "ups", "upsIdent");
    match object {
        1 => say(cx, side, "vendor", value, "upsIdentManufacturer"),
        2 => say(cx, side, "model", value, "upsIdentModel"),
        3 => say(cx, side, "firmware", value, "upsIdentUPSSoftwareVersion"),
        5 => say(cx, side, "name", value, "upsIdentName"),
        _ => {}
    }
}

fn printer(cx: &mut Cx<'_>, side: Side, object: u32, value: &Tlv<'_>) {
    cx.fact(side, "role", "printer", "prtGeneral");
    match object {
        16 => say(cx, side, "name", value, "prtGeneralPrinterName"),
        17 => say(cx, side, "serial", value, "prtGeneralSerialNumber"),
        _ => {}
    }
}

/// Objects of makers whose meaning their published MIBs give.
fn vendor_object(cx: &mut Cx<'_>, side: Side, arcs: &[u32], value: &Tlv<'_>) {
    let (name, field): (&'static str, &'static str) = match arcs.get(enterprise::ENTERPRISES.len()..) {
        // OLD-CISCO-CHASSIS-MIB, OLD-CISCO-SYS-MIB
        Some([9, 3, 6, 3, 0]) => ("serial", "chassisId"),
        Some([9, 2, 1, 3, 0]) => ("hostname", "hostName"),
        // Compaq/HPE CPQSINFO-MIB
        Some([232, 2, 2, 2, 1, 0]) => ("serial", "cpqSiSysSerialNum"),
        Some([232, 2, 2, 4, 2, 0]) => ("product", "cpqSiProductName"),
        // APC PowerNet-MIB
        Some([318, 1, 1, 1, 1, 1, 1, 0]) => ("model", "upsBasicIdentModel"),
        Some([318, 1, 1, 1, 1, 2, 1, 0]) => ("firmware", "upsAdvIdentFirmwareRevision"),
        Some([318, 1, 1, 1, 1, 2, 3, 0]) => ("serial", "upsAdvIdentSerialNumber"),
        _ => return,
    };
    say(cx, side, name, value, field);
}

/// What setting an object does, by the object.
pub fn set_action(oid: &[u8]) -> Action {
    let Some(arcs) = ber::arcs(oid) else { return Action::Write };
    match arcs.strip_prefix(&MIB2) {
        Some([1, 5, 0]) => Action::SetName,
        Some([1, 4 | 6, 0]) => Action::Configure,
        Some([25, 1, 2, 0]) => Action::SetTime,
        // upsShutdownAfterDelay, upsRebootWithDuration
        Some([33, 1, 8, 2, 0]) => Action::Stop,
        Some([33, 1, 8, 4, 0]) => Action::Restart,
        _ => Action::Write,
    }
}

/// Well-known name of an object, without its instance.
pub fn object_name(oid: &[u8]) -> Option<&'static str> {
    let arcs = ber::arcs(oid)?;
    Some(match arcs.strip_prefix(&MIB2)? {
        [1, 1, ..] => "sysDescr",
        [1, 2, ..] => "sysObjectID",
        [1, 3, ..] => "sysUpTime",
        [1, 4, ..] => "sysContact",
        [1, 5, ..] => "sysName",
        [1, 6, ..] => "sysLocation",
        [2, 2, 1, 7, ..] => "ifAdminStatus",
        [25, 1, 2, ..] => "hrSystemDate",
        _ => return None,
    })
}
