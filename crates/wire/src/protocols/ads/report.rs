//! What is said of ADS packets: operations, facts of the target description, events.

use super::ams::{Header, element, net_id};
use super::{Key, Request, names};
use crate::bytes::{Reader, text};
use crate::cx::Cx;
use crate::model::*;
use crate::obs::FieldVal;

/// Reports a request with what became of it.
pub(super) fn report(cx: &mut Cx<'_>, key: Key, request: Request, outcome: Outcome, error: Option<u32>) {
    let mut digits = itoa::Buffer::new();
    let mut op = Op::new(request.action, request.name)
        .code(request.command)
        .unit(digits.format(key.server))
        .outcome(outcome)
        .asked(request.asked)
        .by(request.by);
    if let Some((group, offset)) = request.index {
        op.detail.push(("index_group", Val::from(group)));
        op.detail.push(("index_offset", Val::from(offset)));
        // memory areas and I/O images have addresses; services and handles do not
        if (0x4000..0xF080).contains(&group) && request.target.is_none() {
            op.address = Some((i64::from(offset), i64::from(request.length)));
            op.space = space(group);
        }
    }
    op.target = request.target.as_deref();
    op.value = request.value;
    if let Some(code) = error {
        op = op.exception(code, names::error(code));
    }
    op.notable = !matches!(request.action, Action::Read | Action::Subscribe | Action::Other);
    cx.op(op);
}

/// Address space of an index group (PLC memory areas, I/O images).
fn space(group: u32) -> Option<&'static str> {
    Some(match group {
        0x4020 | 0x4021 => "flags",
        0x4030 | 0x4035 => "retain",
        0x4040 | 0x4045 => "data",
        0xF020 | 0xF021 => "physical_inputs",
        0xF030 | 0xF031 => "physical_outputs",
        _ => return None,
    })
}

/// NUL-separated names as one text.
pub(super) fn strings(data: &[u8]) -> String {
    let parts: Vec<String> = data.split(|b| *b == 0).map(text).filter(|s| !s.is_empty()).take(4).collect();
    parts.join(" ")
}

/// Facts of the target description, an XML text of the system service.
pub(super) fn target_description(cx: &mut Cx<'_>, xml: &[u8]) {
    let xml = String::from_utf8_lossy(xml);
    let get = |name: &str| element(&xml, name).map(str::to_owned);
    let from = cx.from();
    if let Some(model) = get("TargetType") {
        cx.fact(from, "model", &model, "TcTargetDesc.TargetType");
    }
    if let Some(product) = get("ImageDevice") {
        cx.fact(from, "product", &product, "TcTargetDesc.ImageDevice");
    }
    if let Some(serial) = get("SerialNo") {
        cx.fact(from, "serial", &serial, "TcTargetDesc.SerialNo");
    }
    if let Some(hardware) = get("CPUVersion") {
        cx.fact(from, "hardware", &hardware, "TcTargetDesc.CPUVersion");
    }
    if let (Some(version), Some(revision), Some(build)) = (get("Version"), get("Revision"), get("Build")) {
        let version = format!("TwinCAT {version}.{revision}.{build}");
        cx.fact(from, "firmware", &version, "TcTargetDesc.TargetVersion");
    }
    if let (Some(name), Some(version)) = (get("OsName"), get("OsVersion")) {
        cx.fact(from, "os", &format!("{name} {version}"), "TcTargetDesc.OsVersion");
    }
}

/// The event of one AMS packet.
pub(super) fn event(cx: &mut Cx<'_>, header: &Header, request: Option<&Request>, body: &[u8]) {
    if !cx.wants_pdus() {
        return;
    }
    let name = request.map_or(names::command(header.command), |r| r.name);
    let response = header.is_response();
    let unit = if response { header.source_port } else { header.target_port };
    let mut fields: Vec<(&'static str, FieldVal)> = vec![
        ("ot.protocol", Val::Static("ads")),
        ("ot.function.name", Val::Static(name)),
        ("ot.function.code", Val::from(header.command)),
        ("ot.unit", Val::from(unit.to_string())),
        ("ads.response", Val::Bool(response)),
        ("ads.invoke_id", Val::from(header.invoke)),
        ("ads.source.net_id", Val::from(net_id(header.source))),
        ("ads.source.port", Val::from(header.source_port)),
        ("ads.target.net_id", Val::from(net_id(header.target))),
        ("ads.target.port", Val::from(header.target_port)),
        ("ads.length", Val::from(header.length)),
    ];
    if let Some(request) = request {
        if let Some((group, offset)) = request.index {
            fields.push(("ads.index_group", Val::from(group)));
            fields.push(("ads.index_offset", Val::from(offset)));
        }
        if let Some(target) = &request.target {
            fields.push(("ot.address.name", Val::from(&**target)));
        }
        if !response {
            fields.push(("ot.action", Val::Static(request.action.name())));
            fields.push(("ot.category", Val::Static(request.action.category().name())));
            if let Some(value) = &request.value {
                fields.push(("ot.value_text", value.clone()));
            }
        }
    }
    if response {
        let mut r = Reader::new(body);
        let result = if header.error != 0 { header.error } else { r.le32().unwrap_or(0) };
        fields.push(("event.outcome", Val::Static(if result == 0 { "success" } else { "failure" })));
        if result != 0 {
            fields.push(("ot.exception.code", Val::from(result)));
            fields.push(("ot.exception.name", Val::Static(names::error(result))));
        } else if header.command == names::READ_STATE
            && let Some(state) = r.le16()
        {
            fields.push(("ads.state", Val::Static(names::state(state))));
        }
    }
    cx.pdu(name, fields);
}
