//! Events of BACnet messages, one each, with what a property or discovery log needs.

use super::apdu::{Apdu, Kind as Pdu};
use super::identity::{self, Search};
use super::names::{self, Kind};
use super::properties::{Layout, Value, error_code, walk};
use super::services::{self, Request};
use super::tags::{self, ObjectId};
use super::{Bvll, Net};
use crate::cx::Cx;
use crate::model::*;
use crate::obs::FieldVal;

/// Property rows of one event.
const MAX_ROWS: usize = 4096;

type Fields = Vec<(&'static str, FieldVal)>;

fn base(function: u8, name: &'static str) -> Fields {
    vec![
        ("ot.protocol", Val::Static("bacnet")),
        ("ot.function.name", Val::Static(name)),
        ("bacnet.bvlc_function", Val::Static(names::bvlc(function).unwrap_or("unknown"))),
    ]
}

/// A message that ends at the virtual link layer.
pub fn link(
    cx: &mut Cx<'_>,
    bvll: &Bvll<'_>,
    request: Option<&Request>,
    result: Option<(u16, &'static str)>,
) {
    if !cx.wants_pdus() {
        return;
    }
    let name = names::bvlc(bvll.function).unwrap_or("unknown");
    let mut fields = base(bvll.function, name);
    fields.push(("ot.function.code", Val::from(bvll.function)));
    meaning(&mut fields, request);
    if let Some((code, text)) = result {
        outcome(&mut fields, (code != 0).then_some((u32::from(code), text)));
        fields.push(("bacnet.result_code", Val::Static(text)));
    }
    cx.pdu(name, fields);
}

/// A network layer message.
pub fn network(cx: &mut Cx<'_>, function: u8, kind: u8, net: &Net, request: Option<&Request>) {
    if !cx.wants_pdus() {
        return;
    }
    let name = names::network_message(kind);
    let mut fields = base(function, name);
    fields.push(("ot.function.code", Val::from(kind)));
    addresses(&mut fields, net);
    meaning(&mut fields, request);
    cx.pdu(name, fields);
}

/// An APDU, whole.
pub fn apdu(cx: &mut Cx<'_>, net: &Net, apdu: &Apdu<'_>, body: &[u8], request: Option<&Request>) {
    if !cx.wants_pdus() {
        return;
    }
    let service = match apdu.kind {
        Pdu::Unconfirmed => names::unconfirmed(apdu.choice),
        Pdu::Reject => Some("reject"),
        Pdu::Abort => Some("abort"),
        Pdu::SegmentAck => None,
        _ => names::confirmed(apdu.choice),
    };
    let name = service.unwrap_or(apdu.kind.name());
    let mut fields = base(net.function, name);
    if service.is_some() && !matches!(apdu.kind, Pdu::Reject | Pdu::Abort) {
        fields.push(("ot.function.code", Val::from(apdu.choice)));
    }
    fields.push(("bacnet.pdu_type", Val::Static(apdu.kind.name())));
    if let Some(service) = service {
        fields.push(("bacnet.service", Val::Static(service)));
    }
    if let Some(invoke) = apdu.invoke {
        fields.push(("bacnet.invoke_id", Val::from(invoke)));
    }
    addresses(&mut fields, net);
    meaning(&mut fields, request);
    match apdu.kind {
        Pdu::Error => {
            let code = error_code(body).unwrap_or(0);
            failed(&mut fields, code, names::text(Kind::Error, code));
        }
        Pdu::Reject => failed(&mut fields, apdu.choice.into(), names::text(Kind::Reject, apdu.choice.into())),
        Pdu::Abort => failed(&mut fields, apdu.choice.into(), names::text(Kind::Abort, apdu.choice.into())),
        Pdu::SimpleAck | Pdu::ComplexAck => outcome(&mut fields, None),
        Pdu::Unconfirmed => discovery(&mut fields, apdu.choice, body),
        _ => {}
    }
    if apdu.kind == Pdu::Confirmed && matches!(apdu.choice, 17 | 20) {
        let (minutes, state, password) = services::control(apdu.choice, body);
        if let Some(minutes) = minutes {
            fields.push(("bacnet.time_duration", Val::from(minutes)));
        }
        if let Some(state) = state {
            fields.push(("bacnet.device_state", Val::Static(services::control_state(apdu.choice, state))));
        }
        if let Some(password) = password {
            fields.push(("bacnet.password", Val::from(password)));
        }
    }
    let answer = apdu.kind == Pdu::ComplexAck;
    if (answer || apdu.kind == Pdu::Confirmed)
        && let Some(layout) = Layout::of(apdu.choice, answer)
    {
        properties(cx, &mut fields, layout, body);
    }
    cx.pdu(name, fields);
}

fn meaning(fields: &mut Fields, request: Option<&Request>) {
    if let Some(request) = request {
        let (action, category) = request.meaning();
        fields.push(("ot.action", Val::Static(action.name())));
        fields.push(("ot.category", Val::Static(category.name())));
    }
}

fn addresses(fields: &mut Fields, net: &Net) {
    if let Some(source) = net.source {
        fields.push(("bacnet.source_network", Val::from(source.text())));
    }
    if let Some(destination) = net.destination {
        fields.push(("bacnet.destination_network", Val::from(destination.text())));
        if !destination.is_broadcast() {
            fields.push(("ot.unit", Val::from(destination.text())));
        }
    }
}

fn outcome(fields: &mut Fields, error: Option<(u32, &'static str)>) {
    fields.push(("event.outcome", Val::Static(if error.is_some() { "failure" } else { "success" })));
    if let Some((code, name)) = error {
        fields.push(("ot.exception.code", Val::from(code)));
        fields.push(("ot.exception.name", Val::Static(name)));
    }
}

fn failed(fields: &mut Fields, code: u32, name: String) {
    fields.push(("event.outcome", Val::Static("failure")));
    fields.push(("ot.exception.code", Val::from(code)));
    fields.push(("ot.exception.name", Val::from(name.as_str())));
    fields.push(("bacnet.result_code", Val::from(name)));
}

fn object(fields: &mut Fields, id: ObjectId) {
    fields.push(("bacnet.object_type", Val::from(names::text(Kind::Object, id.kind))));
    fields.push(("bacnet.instance_number", Val::from(id.instance)));
}

fn device(fields: &mut Fields, id: ObjectId) {
    fields.push(("bacnet.device_id_type", Val::from(names::text(Kind::Object, id.kind))));
    fields.push(("bacnet.device_id_number", Val::from(id.instance)));
}

/// Fields of Who-Is, I-Am, Who-Has, I-Have.
fn discovery(fields: &mut Fields, service: u8, body: &[u8]) {
    match service {
        0 => {
            if let Some((id, vendor)) = identity::i_am(body) {
                object(fields, id);
                fields.push(("bacnet.vendor_id", Val::from(vendor)));
                fields.push(("bacnet.vendor", Val::from(names::text(Kind::Vendor, vendor))));
            }
        }
        1 => {
            if let Some((id, what, name)) = identity::i_have(body) {
                device(fields, id);
                object(fields, what);
                fields.push(("bacnet.object_name", Val::from(name)));
            }
        }
        7 | 8 => {
            let search = Search::read(service, body);
            let range = search.range.map_or("All".to_owned(), |(low, high)| format!("{low}-{high}"));
            fields.push(("bacnet.range", Val::from(range)));
            if let Some(id) = search.object {
                object(fields, id);
            }
            if let Some(name) = search.name {
                fields.push(("bacnet.object_name", Val::from(name)));
            }
        }
        _ => {}
    }
}

/// Object, property, array index and value of one row.
type Row = (ObjectId, u32, Option<u32>, Option<String>);

/// One row a value: the columns are lists of one length, or a single value where all rows agree.
fn properties(cx: &mut Cx<'_>, fields: &mut Fields, layout: Layout, body: &[u8]) {
    let mut rows: Vec<Row> = Vec::new();
    let mut dropped = false;
    let _partial = walk(body, layout, |p| {
        if rows.len() >= MAX_ROWS {
            dropped = true;
            return;
        }
        let value = match p.value {
            Value::None => None,
            Value::Tag(tag) => Some(tags::text(&tag)),
            Value::Error(code) => Some(names::text(Kind::Error, code)),
        };
        rows.push((p.object, p.property, p.index, value));
    });
    if dropped {
        cx.dropped("bacnet_rows");
    }
    let mut column = |name: &'static str, cell: &dyn Fn(&Row) -> Val| {
        let cells: Vec<Val> = rows.iter().map(cell).collect();
        if let Some(first) = cells.first() {
            let alike = cells.iter().all(|c| c == first);
            fields.push((name, if alike { first.clone() } else { Val::from(cells) }));
        }
    };
    column("bacnet.object_type", &|r| Val::from(names::text(Kind::Object, r.0.kind)));
    column("bacnet.instance_number", &|r| Val::from(r.0.instance));
    column("bacnet.property", &|r| Val::from(names::text(Kind::Property, r.1)));
    if rows.iter().any(|r| r.2.is_some()) {
        // -1 stands for a row without index
        column("bacnet.array_index", &|r| r.2.map_or(Val::Int(-1), Val::from));
    }
    match rows.len() {
        0 => {}
        1 => {
            if let Some(value) = rows.pop().and_then(|r| r.3) {
                fields.push(("bacnet.value", Val::from(value)));
            }
        }
        _ if rows.iter().all(|r| r.3.is_none()) => {}
        _ => {
            let cells: Vec<Val> = rows.into_iter().map(|r| Val::from(r.3.unwrap_or_default())).collect();
            fields.push(("bacnet.value", Val::from(cells)));
        }
    }
}
