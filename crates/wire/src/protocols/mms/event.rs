//! Events of MMS PDUs, for `--events all`, and of what devices report of commands.

use super::names::{MAX_NAMES, Object, file_name, variables};
use super::request::{Request, origin_category};
use super::services;
use crate::bytes::hex;
use crate::cx::Cx;
use crate::model::*;
use crate::obs::FieldVal;
use crate::protocols::ber::{self, Tlv};
use crate::protocols::iec61850;

type Fields = Vec<(&'static str, FieldVal)>;

fn head(pdu: &'static str, id: Option<i64>) -> Fields {
    let mut f: Fields = vec![("ot.protocol", Val::Static("mms")), ("mms.pdu", Val::Static(pdu))];
    if let Some(id) = id {
        f.push(("mms.invoke_id", Val::Int(id)));
    }
    f
}

fn object(f: &mut Fields, object: &Object) {
    if let Some(domain) = &object.domain {
        f.push(("ot.unit", Val::from(domain.as_str())));
        f.push(("mms.domain", Val::from(domain.as_str())));
    }
    if !object.item.is_empty() {
        f.push(("ot.address.name", Val::from(object.item.as_str())));
        f.push(("mms.item", Val::from(object.item.as_str())));
    }
    if let Some(fc) = object.constraint() {
        f.push(("mms.fc", Val::from(fc)));
    }
}

/// A PDU of which no more is told than its kind.
pub fn plain(cx: &mut Cx<'_>, pdu: &'static str, id: Option<i64>) {
    if cx.wants_pdus() {
        let f = head(pdu, id);
        cx.pdu(pdu, f);
    }
}

/// A confirmed request.
pub fn request(cx: &mut Cx<'_>, id: i64, request: &Request) {
    if !cx.wants_pdus() {
        return;
    }
    let Some(item) = request.items.first() else { return };
    let mut f = head("confirmed_request", Some(id));
    f.push(("ot.function.code", Val::Int(request.number.into())));
    f.push(("ot.function.name", Val::Static(item.name)));
    f.push(("ot.action", Val::Static(item.action.name())));
    f.push(("ot.category", Val::Static(item.category.name())));
    f.push(("mms.service", Val::Static(services::confirmed(request.number).name)));
    if let Some(first) = &item.object {
        object(&mut f, first);
    }
    if let Some(class) = request.class {
        f.push(("mms.object_class", Val::Static(services::object_class(class))));
    }
    match &item.value {
        Some(Val::Int(v)) => f.push(("ot.value", Val::Float(*v as f64))),
        Some(Val::Float(v)) => f.push(("ot.value", Val::Float(*v))),
        Some(Val::Bool(v)) => f.push(("ot.value", Val::Float(f64::from(u8::from(*v))))),
        Some(text) => f.push(("ot.value_text", text.clone())),
        None => {}
    }
    let names: Vec<Val> = if request.names.is_empty() {
        request.items.iter().filter_map(|i| i.object.as_ref()).map(|o| Val::from(o.text())).collect()
    } else {
        request.names.iter().map(|o| Val::from(o.text())).collect()
    };
    if names.len() > 1 {
        f.push(("mms.items", Val::from(names)));
    }
    cx.pdu(item.name, f);
}

/// A confirmed response or error; `error` is the code and name of a refusal.
pub fn answer(cx: &mut Cx<'_>, id: i64, service: Option<Tlv<'_>>, number: Option<u32>, error: Option<(i64, &'static str)>) {
    if !cx.wants_pdus() {
        return;
    }
    let mut f = head(if service.is_some() { "confirmed_response" } else { "confirmed_error" }, Some(id));
    let name = number.map_or("confirmed", |n| services::confirmed(n).name);
    if let Some(number) = number {
        f.push(("ot.function.code", Val::Int(number.into())));
        f.push(("ot.function.name", Val::Static(name)));
        f.push(("mms.service", Val::Static(name)));
    }
    let failed = service.is_none() || error.is_some();
    f.push(("event.outcome", Val::Static(if failed { "failure" } else { "success" })));
    if let Some((code, name)) = error {
        f.push(("ot.exception.code", Val::Int(code)));
        f.push(("ot.exception.name", Val::Static(name)));
    }
    if let Some(service) = service {
        match number {
            Some(services::READ) => {
                let results = service.inner().find(|t| t.tag == 0xa1);
                let values: Vec<Val> = results
                    .map(|t| t.inner().take(MAX_NAMES).map(|d| Val::from(iec61850::text(&d))).collect())
                    .unwrap_or_default();
                f.push(("mms.values", Val::from(values)));
            }
            Some(services::GET_NAME_LIST) => {
                let names = service.inner().find(|t| t.tag == 0xa0).map(|t| super::names::identifiers(t, 64));
                let names: Vec<Val> = names.unwrap_or_default().into_iter().map(Val::from).collect();
                f.push(("mms.names", Val::from(names)));
            }
            Some(services::FILE_DIRECTORY) => {
                let list = service.inner().find(|t| t.tag == 0xa0).map(files).unwrap_or_default();
                f.push(("mms.names", Val::from(list.into_iter().map(Val::from).collect::<Vec<Val>>())));
            }
            _ => {}
        }
    }
    cx.pdu(name, f);
}

/// Names of the files of a directory.
fn files(list: Tlv<'_>) -> Vec<String> {
    // the list is tagged itself by some, by others only its place is
    let entries = match list.inner().next() {
        Some(t) if t.tag == ber::SEQUENCE && t.inner().next().is_some_and(|e| e.tag == ber::SEQUENCE) => t.inner(),
        _ => list.inner(),
    };
    entries.take(64).filter_map(|e| e.inner().find(|t| t.tag == 0xa0).and_then(|t| file_name(t.inner()))).collect()
}

/// An information report: values of a list or of variables, or what became of a command.
pub fn report(cx: &mut Cx<'_>, report: Tlv<'_>) {
    let mut parts = report.inner();
    let Some(what) = parts.next().and_then(variables) else { return cx.malformed() };
    let results = parts.find(|t| t.tag == 0xa0);
    let first = what.names.first().cloned().unwrap_or_default();
    if first.item == "LastApplError" {
        return last_appl_error(cx, &what.names, results);
    }
    // a list of one variable that was operated is the end of that command (IEC 61850-8-1, 20.8)
    if !what.list && first.constraint() == Some("CO") {
        let mut f = head("unconfirmed", None);
        object(&mut f, &first);
        f.push(("ot.function.name", Val::Static("command_termination")));
        f.push(("event.outcome", Val::Static("success")));
        return cx.event("command_termination", "info", f);
    }
    if !cx.wants_pdus() {
        return;
    }
    let mut f = head("unconfirmed", None);
    f.push(("ot.function.name", Val::Static("information_report")));
    f.push(("mms.service", Val::Static("information_report")));
    object(&mut f, &first);
    if first.item == "RPT" && what.list {
        let id = results.and_then(|t| t.inner().next()).filter(|t| t.tag == 0x8a);
        if let Some(id) = id {
            f.push(("mms.report_id", Val::from(iec61850::name(id.body))));
        }
    }
    if let Some(results) = results {
        f.push(("mms.values", Val::from(iec61850::texts(results.body, MAX_NAMES))));
        f.push(("ot.count", Val::from(results.inner().count())));
    }
    cx.pdu("information_report", f);
}

/// Why a command was refused or failed: CntrlObj, Error, Origin, ctlNum, AddCause.
fn last_appl_error(cx: &mut Cx<'_>, names: &[Object], results: Option<Tlv<'_>>) {
    if !cx.wants_events() {
        return;
    }
    let mut f = head("unconfirmed", None);
    f.push(("ot.function.name", Val::Static("last_appl_error")));
    f.push(("event.outcome", Val::Static("failure")));
    if let Some(operated) = names.get(1) {
        object(&mut f, operated);
    }
    let parts: Vec<Tlv<'_>> =
        results.and_then(|t| t.inner().next()).map(|t| t.inner().take(5).collect()).unwrap_or_default();
    if let [control, _, origin, _, cause] = parts.as_slice() {
        f.push(("mms.control_object", Val::from(iec61850::text(control))));
        if let Some(category) = origin.inner().next().and_then(|t| t.int()) {
            f.push(("mms.origin", Val::Static(origin_category(category))));
        }
        if let Some(cause) = cause.int() {
            f.push(("ot.exception.code", Val::Int(cause)));
            f.push(("ot.exception.name", Val::Static(services::additional_cause(cause))));
        }
    }
    cx.event("last_appl_error", "error", f);
}

/// Parameters of an initiate request or response.
pub fn initiate(cx: &mut Cx<'_>, pdu: &'static str, body: Tlv<'_>) {
    if !cx.wants_pdus() {
        return;
    }
    let mut f = head(pdu, None);
    for part in body.inner().take(8) {
        match part.tag {
            0x80 => f.push(("mms.max_pdu_size", ber::uint(part.body).map_or(Val::Int(0), Val::from))),
            0xa4 => {
                for detail in part.inner().take(4) {
                    match detail.tag {
                        0x80 => f.push(("mms.version", ber::uint(detail.body).map_or(Val::Int(0), Val::from))),
                        0x82 => f.push(("mms.services_supported", Val::from(hex(detail.body)))),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    cx.pdu(pdu, f);
}
