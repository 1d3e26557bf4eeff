//! What BACnet devices say of themselves: searches, announcements, properties of the device object.

use super::names::{self, Kind};
use super::properties::{Layout, Value, walk};
use super::tags::{self, Body, ObjectId, Tag, unsigned};
use super::{Net, NetAddr};
use crate::bytes::Reader;
use crate::cx::{Cx, Who};

/// What Who-Is and Who-Has look for.
#[derive(Debug, Default)]
pub struct Search {
    /// Lowest and highest device instance; `None` asks all.
    pub range: Option<(u32, u32)>,
    pub object: Option<ObjectId>,
    pub name: Option<String>,
}

impl Search {
    pub fn read(service: u8, body: &[u8]) -> Search {
        let mut r = Reader::new(body);
        let low = Tag::context(&mut r, 0).and_then(unsigned);
        let high = Tag::context(&mut r, 1).and_then(unsigned);
        let mut search = Search { range: low.zip(high), ..Search::default() };
        if service == 7 {
            search.object = Tag::context(&mut r, 2).and_then(ObjectId::from_bytes);
            search.name = Tag::context(&mut r, 3).map(tags::string);
        }
        search
    }
}

/// What I-Am says: device, largest APDU, segmentation, vendor.
pub fn i_am(body: &[u8]) -> Option<(ObjectId, u32)> {
    let mut r = Reader::new(body);
    let device = ObjectId::from_bytes(Tag::application(&mut r, 12)?)?;
    Tag::application(&mut r, 2)?;
    Tag::application(&mut r, 9)?;
    Some((device, unsigned(Tag::application(&mut r, 2)?)?))
}

/// What I-Have says: device, object, object name.
pub fn i_have(body: &[u8]) -> Option<(ObjectId, ObjectId, String)> {
    let mut r = Reader::new(body);
    let device = ObjectId::from_bytes(Tag::application(&mut r, 12)?)?;
    let object = ObjectId::from_bytes(Tag::application(&mut r, 12)?)?;
    Some((device, object, Tag::application(&mut r, 7).map(tags::string).unwrap_or_default()))
}

/// Whom the facts of a message are about: its sender, or the device it was forwarded for.
/// `None` if it came from another network through a router.
pub fn subject(cx: &mut Cx<'_>, net: &Net) -> Option<Who> {
    match (net.source, net.origin) {
        (Some(_), _) => None,
        (None, Some(ip)) => cx.host_ip(ip).map(Who::Host),
        (None, None) => Some(Who::Side(cx.from())),
    }
}

fn vendor_fact(cx: &mut Cx<'_>, who: Who, id: u32, field: &'static str) {
    cx.fact(who, "vendor-id", itoa::Buffer::new().format(id), field);
    if let Some(name) = names::find(Kind::Vendor, id) {
        cx.fact(who, "vendor", name, field);
    }
}

/// Facts of I-Am, I-Have and Who-Am-I.
pub fn announced(cx: &mut Cx<'_>, net: &Net, service: u8, body: &[u8]) {
    let who = subject(cx, net);
    match (service, who) {
        (0, Some(who)) => {
            let Some((device, vendor)) = i_am(body) else { return cx.malformed() };
            instance(cx, who, device, "i_am.device_identifier");
            vendor_fact(cx, who, vendor, "i_am.vendor_id");
        }
        (0, None) => {
            let Some((device, vendor)) = i_am(body) else { return cx.malformed() };
            let place = net.source.map(|s: NetAddr| s.text()).unwrap_or_default();
            let text = format!("{place} device {} {}", device.instance, names::text(Kind::Vendor, vendor));
            cx.fact(cx.from(), "routed-device", &text, "i_am");
        }
        (1, Some(who)) => {
            let Some((device, object, name)) = i_have(body) else { return cx.malformed() };
            instance(cx, who, device, "i_have.device_identifier");
            if object.kind == ObjectId::DEVICE {
                cx.fact(who, "name", &name, "i_have.object_name");
            }
        }
        (13, Some(who)) => {
            let mut r = Reader::new(body);
            if let Some(vendor) = Tag::application(&mut r, 2).and_then(unsigned) {
                vendor_fact(cx, who, vendor, "who_am_i.vendor_id");
            }
            for (name, field) in [("model", "who_am_i.model_name"), ("serial", "who_am_i.serial_number")] {
                if let Some(value) = Tag::application(&mut r, 7).map(tags::string) {
                    cx.fact(who, name, &value, field);
                }
            }
        }
        _ => {}
    }
}

fn instance(cx: &mut Cx<'_>, who: Who, device: ObjectId, field: &'static str) {
    if let (ObjectId::DEVICE, Some(number)) = (device.kind, device.known()) {
        cx.fact(who, "id:bacnet-device", itoa::Buffer::new().format(number), field);
    }
}

/// Facts of the device object's properties in an answer.
pub fn read_facts(cx: &mut Cx<'_>, net: &Net, service: u8, body: &[u8]) {
    let Some(layout) = Layout::of(service, true) else { return };
    let Some(who) = subject(cx, net) else { return };
    let whole = walk(body, layout, |p| {
        let (ObjectId::DEVICE, Value::Tag(tag)) = (p.object.kind, p.value) else { return };
        let Body::Primitive(data) = tag.body else { return };
        let (name, field) = match p.property {
            12 => ("application", "device.application_software_version"),
            28 => ("description", "device.description"),
            44 => ("firmware", "device.firmware_revision"),
            58 => ("location", "device.location"),
            70 => ("model", "device.model_name"),
            77 => ("name", "device.object_name"),
            121 => ("vendor", "device.vendor_name"),
            168 => ("profile", "device.profile_name"),
            372 => ("serial", "device.serial_number"),
            75 => {
                if let Some(device) = ObjectId::from_bytes(data) {
                    instance(cx, who, device, "device.object_identifier");
                }
                return;
            }
            120 => {
                if let Some(id) = unsigned(data) {
                    vendor_fact(cx, who, id, "device.vendor_identifier");
                }
                return;
            }
            _ => return,
        };
        if (tag.context, tag.number) == (false, 7) {
            cx.fact(who, name, &tags::string(data), field);
        }
    });
    if whole.is_none() {
        cx.malformed();
    }
}
