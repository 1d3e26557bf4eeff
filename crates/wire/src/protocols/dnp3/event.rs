//! Events of DNP3 frames and fragments.

use super::Dnp3;
use super::app::Item;
use super::functions::{self as f, meaning};
use super::link::Header;
use super::objects::Walk;
use super::values::control_block;
use crate::cx::Cx;
use crate::model::*;
use crate::obs::FieldVal;

/// The event of a link frame without user data.
pub fn link_event(cx: &mut Cx<'_>, header: &Header) {
    if cx.wants_pdus() {
        let name = header.function_name();
        let mut fields = base_fields(header, name);
        fields.push(("dnp3.link.function", Val::from(header.function())));
        cx.pdu(name, fields);
    }
}

fn base_fields(header: &Header, name: &'static str) -> Vec<(&'static str, FieldVal)> {
    let unit = if header.by_master() { header.destination } else { header.source };
    vec![
        ("ot.protocol", Val::Static("dnp3")),
        ("ot.function.name", Val::Static(name)),
        ("ot.unit", Val::from(unit.to_string())),
        ("dnp3.source", Val::from(header.source)),
        ("dnp3.destination", Val::from(header.destination)),
        ("dnp3.direction", Val::Static(if header.by_master() { "master" } else { "outstation" })),
    ]
}
impl Dnp3 {
    /// The event of an application fragment.
    pub(super) fn pdu(
        &self,
        cx: &mut Cx<'_>,
        header: &Header,
        control: u8,
        function: u8,
        iin: Option<u16>,
        data: &[u8],
    ) {
        if !cx.wants_pdus() {
            return;
        }
        let name = match f::name(function) {
            "" => "unknown_function",
            name => name,
        };
        let mut fields = base_fields(header, name);
        fields.push(("ot.function.code", Val::from(function)));
        fields.push(("dnp3.sequence", Val::from(control & 0x0F)));
        fields.push(("dnp3.unsolicited", Val::from(control & 0x10 != 0)));
        let objects: Vec<_> = Walk::new(data, f::with_data(function)).take(64).collect();
        if !objects.is_empty() {
            let labels: Vec<Val> = objects.iter().map(|o| Val::from(o.label())).collect();
            fields.push(("dnp3.objects", Val::from(labels)));
        }
        if let Some(iin) = iin {
            fields.push(("dnp3.iin", Val::from(iin)));
            let names: Vec<Val> = f::indications(iin).map(Val::Static).collect();
            if !names.is_empty() {
                fields.push(("dnp3.indications", Val::from(names)));
            }
            let refusal = f::refusal(iin);
            fields
                .push(("event.outcome", Val::Static(if refusal.is_some() { "failure" } else { "success" })));
            if let Some((code, name)) = refusal {
                fields.push(("ot.exception.code", Val::Int(code)));
                fields.push(("ot.exception.name", Val::Static(name)));
            }
        } else if function != f::CONFIRM {
            let first = objects.iter().find(|o| o.group != 120).or(objects.first());
            let (_, action) = meaning(function, first);
            fields.push(("ot.action", Val::Static(action.name())));
            fields.push(("ot.category", Val::Static(f::category(function, action).name())));
            if let Some(o) = first {
                if let Some(space) = o.space() {
                    fields.push(("ot.address.space", Val::Static(space)));
                }
                let mut item = Item::new("", action);
                if o.group == 12 && o.variation == 1 {
                    control_block(&mut item, o);
                }
                if let Some((start, count)) =
                    item.address.or(o.start.map(|s| (i64::from(s), i64::from(o.count.unwrap_or(1)))))
                {
                    fields.push(("ot.address.start", Val::Int(start)));
                    fields.push(("ot.address.count", Val::Int(count)));
                }
                if let Some(value) = item.value {
                    fields.push(("ot.value_text", value));
                }
            }
        }
        cx.pdu(name, fields);
    }
}
