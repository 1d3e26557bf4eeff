//! The events of one message, for `--events all`: one of the encapsulation, one of every CIP
//! message in it, one of an identity.

use super::cip::{Request, Response};
use super::encap::{self, Message};
use super::identity::Identity;
use super::{pccc, services, vendors};
use crate::bytes::hex;
use crate::cx::Cx;
use crate::model::Val;

type Fields = Vec<(&'static str, Val)>;

fn direction(is_request: bool) -> Val {
    Val::Static(if is_request { "request" } else { "response" })
}

pub fn encapsulation(cx: &mut Cx<'_>, message: &Message<'_>, is_request: bool) {
    let name = encap::command_name(message.command).unwrap_or("unknown_command");
    let status = i64::from(message.status);
    let mut f: Fields = vec![
        ("ot.protocol", Val::Static("enip")),
        ("ot.function.code", Val::from(message.command)),
        ("ot.function.name", Val::Static(name)),
        ("enip.direction", direction(is_request)),
        ("enip.length", Val::from(message.body.len())),
        ("enip.session_handle", Val::Int(message.session.into())),
        ("enip.status_code", Val::Int(status)),
        ("enip.status", Val::Static(encap::status_name(message.status))),
        ("enip.sender_context", Val::from(hex(&message.context))),
        ("enip.options", Val::Int(message.options.into())),
    ];
    if !is_request {
        let good = message.status == 0;
        f.push(("event.outcome", Val::Static(if good { "success" } else { "failure" })));
    }
    cx.pdu(name, f);
}

pub fn identity(cx: &mut Cx<'_>, id: &Identity) {
    let mut f: Fields =
        vec![("ot.protocol", Val::Static("cip")), ("event.dataset", Val::Static("sentinel.cip"))];
    if let Some((version, address, port)) = id.socket {
        f.push(("enip.encapsulation_version", Val::from(version)));
        f.push(("cip.identity.socket_address", Val::from(address.to_string())));
        f.push(("cip.identity.socket_port", Val::from(port)));
    }
    if let Some(vendor) = id.vendor {
        f.push(("cip.identity.vendor_id", Val::from(vendor)));
        if let Some(name) = vendors::vendor(vendor) {
            f.push(("cip.identity.vendor_name", Val::Static(name)));
        }
    }
    if let Some(device_type) = id.device_type {
        f.push(("cip.identity.device_type_id", Val::from(device_type)));
        if let Some(name) = vendors::device_type(device_type) {
            f.push(("cip.identity.device_type_name", Val::Static(name)));
        }
    }
    let numbers = [
        ("cip.identity.product_code", id.product_code.map(i64::from)),
        ("cip.identity.device_status", id.status.map(i64::from)),
        ("cip.identity.serial_number", id.serial.map(i64::from)),
        ("cip.identity.device_state", id.state.map(i64::from)),
    ];
    f.extend(numbers.into_iter().filter_map(|(name, value)| Some((name, Val::Int(value?)))));
    if let Some((major, minor)) = id.revision {
        f.push(("cip.identity.revision", Val::from(format!("{major}.{minor}"))));
    }
    if let Some(name) = &id.name {
        f.push(("cip.identity.product_name", Val::from(name.as_str())));
    }
    cx.pdu("identity", f);
}

fn head(code: u8, name: &str, is_request: bool, sequence: Option<u16>) -> Fields {
    let mut f: Fields = Vec::with_capacity(20);
    f.push(("ot.protocol", Val::Static("cip")));
    f.push(("event.dataset", Val::Static("sentinel.cip")));
    f.push(("network.protocol", Val::Static("cip")));
    f.push(("ot.function.code", Val::from(code)));
    f.push(("ot.function.name", Val::from(name)));
    f.push(("cip.direction", direction(is_request)));
    if let Some(sequence) = sequence {
        f.push(("cip.sequence_count", Val::from(sequence)));
    }
    f
}

/// Where a request goes and what it is.
fn target(f: &mut Fields, request: &Request) {
    let path = &request.path;
    f.push(("ot.action", Val::Static(request.service.action.name())));
    f.push(("ot.category", Val::Static(request.service.category.name())));
    if let Some(class) = path.class {
        f.push(("cip.class_id", Val::from(class)));
        f.push(("cip.class_name", Val::from(services::class_text(class).into_owned())));
        f.push(("ot.address.space", Val::from(services::class_text(class).into_owned())));
    }
    let numbers = [
        ("cip.parent_class_id", path.parent),
        ("cip.instance_id", path.instance),
        ("ot.address.start", path.instance),
        ("cip.attribute_id", path.attribute),
        ("cip.member_id", path.member),
        ("cip.connection_point", path.connection_point),
        ("ot.address.count", request.count.map(u32::from)),
    ];
    f.extend(numbers.into_iter().filter_map(|(name, value)| Some((name, Val::from(value?)))));
    if let Some(symbol) = &path.symbol {
        f.push(("ot.address.name", Val::from(symbol.as_str())));
    }
    if let Some(route) = &request.route {
        f.push(("ot.unit", Val::from(route.as_str())));
        f.push(("cip.route", Val::from(route.as_str())));
    }
    if !request.attributes.is_empty() {
        let list: Vec<Val> = request.attributes.iter().map(|&a| Val::from(a)).collect();
        f.push(("cip.attributes", Val::from(list)));
    }
}

/// A request, and those inside it.
pub fn request(cx: &mut Cx<'_>, request: &Request, sequence: Option<u16>) {
    let mut f = head(request.code, &request.service.name, true, sequence);
    target(&mut f, request);
    f.push(("cip.unconnected_send", Val::Bool(request.unconnected_send)));
    if let Some(data) = &request.data {
        f.push(("cip.data", Val::from(data.as_str())));
    }
    match &request.value {
        Some(Val::Int(v)) => f.push(("ot.value", Val::Float(*v as f64))),
        Some(Val::Float(v)) => f.push(("ot.value", Val::Float(*v))),
        Some(other) => f.push(("ot.value_text", other.clone())),
        None => {}
    }
    if let Some(open) = &request.open {
        f.push(("cip.connection.serial", Val::from(open.serial)));
        f.push(("cip.connection.originator_vendor_id", Val::from(open.vendor)));
        f.push(("cip.connection.originator_serial", Val::Int(open.originator.into())));
        f.push(("cip.connection.to_originator_id", Val::Int(open.to_originator.into())));
        f.push(("cip.connection.transport_class", Val::from(open.class)));
        f.push(("cip.connection.rpi_to_target", Val::Int(open.rpi_to_target.into())));
        f.push(("cip.connection.rpi_to_originator", Val::Int(open.rpi_to_originator.into())));
    }
    if let Some(pccc) = &request.pccc {
        f.push(("pccc.command", Val::from(pccc.command)));
        if let Some(function) = pccc.function {
            f.push(("pccc.function", Val::from(function)));
        }
        f.push(("pccc.name", Val::Static(pccc.name)));
        f.push(("pccc.transaction_id", Val::from(pccc.transaction)));
        if let Some(target) = &pccc.target {
            f.push(("pccc.address", Val::from(target.as_str())));
        }
    }
    cx.pdu(&request.service.name, f);
    for part in &request.embedded {
        self::request(cx, part, sequence);
    }
}

/// An answer, and those inside it.
pub fn response(cx: &mut Cx<'_>, response: &Response<'_>, asked: Option<&Request>, sequence: Option<u16>) {
    let name = match asked {
        Some(request) if request.code == response.code => request.service.name.clone(),
        _ => services::of(response.code, &super::path::Path::default(), &[]).name,
    };
    let mut f = head(response.code, &name, false, sequence);
    if let Some(request) = asked {
        target(&mut f, request);
    }
    f.push(("cip.status_code", Val::from(response.status)));
    f.push(("cip.status", Val::Static(services::status_name(response.status))));
    if let Some(extended) = response.extended {
        f.push(("cip.extended_status_code", Val::from(extended)));
    }
    if !response.is_good() {
        f.push(("ot.exception.code", Val::from(response.status)));
        f.push(("ot.exception.name", Val::Static(services::status_name(response.status))));
    }
    if !response.data.is_empty() {
        f.push(("cip.data", Val::from(hex(response.data))));
    }
    let mut good = response.is_good();
    if let Some(answer) = asked.and_then(|r| r.pccc.as_ref()).and_then(|_| pccc::response(response.data)) {
        f.push(("pccc.status_code", Val::from(answer.status)));
        f.push(("pccc.status", Val::Static(pccc::status_name(answer.status))));
        f.push(("pccc.transaction_id", Val::from(answer.transaction)));
        if let Some(extended) = answer.extended {
            f.push(("pccc.extended_status_code", Val::from(extended)));
        }
        good &= answer.status == 0;
    }
    f.push(("event.outcome", Val::Static(if good { "success" } else { "failure" })));
    cx.pdu(&name, f);
    if response.code == services::MULTIPLE_SERVICE_PACKET {
        let mut parts = asked.map(|r| r.embedded.iter()).unwrap_or_default();
        for part in response.embedded() {
            self::response(cx, &part, parts.next(), sequence);
        }
    }
}
