//! Who a device is: the identity object, whole or by attribute, and its form in List Identity.
//!
//! Sources: ODVA, The CIP Networks Library volume 1, chapter 5-2 (identity object); volume 2,
//! chapters 2-4.2 (List Identity), 5-3 and 5-4 (TCP/IP interface and Ethernet link objects).

use super::cip::{Request, Response};
use super::services::{ETHERNET_LINK, IDENTITY, TCP_IP};
use super::vendors;
use crate::bytes::{Reader, text};
use crate::cx::Cx;
use crate::model::{HostAddr, Mac, Side};
use crate::obs::BindKind;

/// What was read of an identity; each part may be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    pub vendor: Option<u16>,
    pub device_type: Option<u16>,
    pub product_code: Option<u16>,
    /// Major and minor revision.
    pub revision: Option<(u8, u8)>,
    pub status: Option<u16>,
    pub serial: Option<u32>,
    pub name: Option<String>,
    pub state: Option<u8>,
    /// Encapsulation version and socket address, List Identity only.
    pub socket: Option<(u16, std::net::Ipv4Addr, u16)>,
}

impl Identity {
    /// Attributes 1 to 7 in order, as Get_Attributes_All and List Identity give them.
    pub fn all(r: &mut Reader<'_>) -> Identity {
        let mut id = Identity::default();
        for attribute in 1..=7 {
            if id.attribute(attribute, r).is_none() {
                break;
            }
        }
        id
    }

    /// The identity item of a List Identity answer.
    pub fn item(data: &[u8]) -> Option<Identity> {
        let mut r = Reader::new(data);
        let version = r.le16()?;
        // the socket address alone is in network order
        r.skip(2)?;
        let (port, address) = (r.be16()?, r.be32()?);
        r.skip(8)?;
        let mut id = Identity::all(&mut r);
        id.socket = Some((version, address.into(), port));
        id.state = r.u8();
        Some(id)
    }

    /// Reads one attribute; `None` if it is cut or not one of the first seven.
    fn attribute(&mut self, number: u16, r: &mut Reader<'_>) -> Option<()> {
        match number {
            1 => self.vendor = Some(r.le16()?),
            2 => self.device_type = Some(r.le16()?),
            3 => self.product_code = Some(r.le16()?),
            4 => self.revision = Some((r.u8()?, r.u8()?)),
            5 => self.status = Some(r.le16()?),
            6 => self.serial = Some(r.le32()?),
            7 => {
                let n = usize::from(r.u8()?);
                self.name = Some(text(r.take(n)?));
            }
            _ => return None,
        }
        Some(())
    }

    /// Notes what is known as facts of `device`. A module reached through the backplane is no
    /// device of the network: only if it is the controller does it stand for the whole.
    pub fn facts(&self, cx: &mut Cx<'_>, device: Side, routed: bool) {
        let controller = self.device_type == Some(0x0e);
        let whole = !routed || controller;
        if let Some(vendor) = self.vendor
            && whole
        {
            match vendors::vendor(vendor) {
                Some(name) => cx.fact(device, "vendor", name, "identity.vendor_id"),
                None => cx.fact(device, "vendor_id", &vendor.to_string(), "identity.vendor_id"),
            }
        }
        if let Some(device_type) = self.device_type
            && whole
        {
            if let Some(name) = vendors::device_type(device_type) {
                cx.fact(device, "device_type", name, "identity.device_type");
            }
            if let Some(role) = vendors::role(device_type) {
                cx.fact(device, "role", role, "identity.device_type");
            }
        }
        if let Some(name) = &self.name {
            cx.fact(device, if whole { "product" } else { "module" }, name, "identity.product_name");
            if let Some(number) = catalogue_number(name)
                && whole
            {
                cx.fact(device, "model", number, "identity.product_name");
            }
        }
        if let Some((major, minor)) = self.revision {
            // bit 7 of the major revision is no part of the number
            let revision = format!("{}.{minor}", major & 0x7f);
            cx.fact(
                device,
                if whole { "firmware" } else { "module_firmware" },
                &revision,
                "identity.revision",
            );
        }
        if let Some(serial) = self.serial.filter(|&s| s != 0 && s != u32::MAX) {
            let serial = format!("{serial:08x}");
            cx.fact(
                device,
                if whole { "serial" } else { "module_serial" },
                &serial,
                "identity.serial_number",
            );
        }
    }
}

/// The catalogue number at the start of a product name, where there is one: "1756-ENBT/A",
/// "1769-L35E Ethernet Port". It has a digit, and a hyphen or slash.
fn catalogue_number(name: &str) -> Option<&str> {
    let first = name.split_whitespace().next()?;
    let good = first.len() >= 5
        && first.starts_with(|c: char| c.is_ascii_alphanumeric())
        && first.chars().any(|c| c.is_ascii_digit())
        && first.contains(['-', '/'])
        && first.chars().all(|c| c.is_ascii_alphanumeric() || "-/._".contains(c));
    good.then_some(first)
}

/// Identity in the answer to a request of the identity object.
fn of_response(request: &Request, response: &Response<'_>) -> Option<Identity> {
    if request.path.class != Some(IDENTITY) || !response.is_good() && response.status != 0x0a {
        return None;
    }
    let mut r = Reader::new(response.data);
    let mut id = Identity::default();
    match request.code {
        0x01 => id = Identity::all(&mut r),
        0x03 => {
            // number of attributes, then number, status and value of each
            for _ in 0..r.le16()?.min(64) {
                let (Some(number), Some(status)) = (r.le16(), r.le16()) else { break };
                if status == 0 && id.attribute(number, &mut r).is_none() {
                    break;
                }
            }
        }
        0x0e => {
            id.attribute(request.path.attribute.and_then(|a| u16::try_from(a).ok())?, &mut r)?;
        }
        _ => return None,
    }
    (id != Identity::default()).then_some(id)
}

/// Facts in the answer to a request of any object.
pub fn facts(cx: &mut Cx<'_>, device: Side, request: &Request, response: &Response<'_>) {
    if let Some(id) = of_response(request, response) {
        id.facts(cx, device, request.route.is_some());
    }
    if !response.is_good() || request.code != 0x0e || request.route.is_some() {
        return;
    }
    match (request.path.class, request.path.attribute) {
        (Some(TCP_IP), Some(6)) => {
            let mut r = Reader::new(response.data);
            if let Some(name) = r.le16().and_then(|n| r.take(n.into())) {
                cx.fact(device, "hostname", &text(name), "tcp_ip_interface.host_name");
            }
        }
        (Some(ETHERNET_LINK), Some(3)) => {
            if let (Ok(mac), HostAddr::Ip(ip)) = (response.data.try_into(), cx.end(device).addr) {
                cx.bind(Mac(mac), ip, BindKind::Declared);
            }
        }
        _ => {}
    }
}
