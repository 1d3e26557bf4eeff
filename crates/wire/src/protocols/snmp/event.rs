//! The event of one SNMP message.

use super::message::{Kind, Message, Security, V3, error_name, trap_name, value_text};
use crate::model::Val;
use crate::obs::FieldVal;
use crate::protocols::{ber, sysdescr};
use std::net::Ipv4Addr;

/// Values shown in one event.
const MAX_SHOWN: usize = 32;

/// Action and fields of one message's event.
pub fn of(message: &Message<'_>) -> (&'static str, Vec<(&'static str, FieldVal)>) {
    let mut f: Vec<(&'static str, FieldVal)> = Vec::with_capacity(16);
    match &message.security {
        Security::Community(version, name) => {
            f.push(("snmp.version", Val::Static(if *version == 0 { "1" } else { "2c" })));
            f.push(("snmp.community", Val::from(sysdescr::line(name))));
        }
        Security::User(v3) => user_fields(v3, &mut f),
    }
    let Some(pdu) = &message.pdu else {
        f.push(("snmp.pdu_type", Val::Static("encrypted")));
        return ("encrypted", f);
    };
    f.push(("snmp.pdu_type", Val::Static(pdu.kind.name())));
    match (&pdu.trap, pdu.kind) {
        (Some(trap), _) => {
            let dotted = ber::arcs(trap.enterprise).map(|a| ber::dotted(&a)).unwrap_or_default();
            f.push(("snmp.trap.enterprise", Val::from(dotted)));
            if let &[a, b, c, d] = trap.agent {
                f.push(("snmp.trap.agent", Val::from(Ipv4Addr::new(a, b, c, d).to_string())));
            }
            f.push(("snmp.trap.generic", Val::Static(trap_name(trap.generic))));
            f.push(("snmp.trap.specific", Val::from(trap.specific)));
        }
        (None, kind) => {
            f.push(("snmp.request_id", Val::from(pdu.request_id)));
            if kind == Kind::GetBulk {
                f.push(("snmp.non_repeaters", Val::from(pdu.status)));
                f.push(("snmp.max_repetitions", Val::from(pdu.index)));
            } else if kind.is_answer() {
                f.push(("snmp.error_status", Val::Static(error_name(pdu.status))));
                f.push(("snmp.error_index", Val::from(pdu.index)));
                let ok = pdu.status == 0 && kind == Kind::Response;
                f.push(("event.outcome", Val::Static(if ok { "success" } else { "failure" })));
            }
        }
    }
    let mut names = Vec::new();
    let mut values = Vec::new();
    let mut count = 0usize;
    for (oid, value) in pdu.varbinds() {
        count += 1;
        if count <= MAX_SHOWN {
            let name = ber::arcs(oid).map(|a| ber::dotted(&a)).unwrap_or_default();
            names.push(Val::from(name));
            values.push(Val::from(value_text(&value)));
        }
    }
    f.push(("snmp.variable_count", Val::from(count)));
    f.push(("snmp.variables", Val::from(names)));
    f.push(("snmp.values", Val::from(values)));
    (pdu.kind.name(), f)
}

fn user_fields(v3: &V3<'_>, f: &mut Vec<(&'static str, FieldVal)>) {
    f.push(("snmp.version", Val::Static("3")));
    f.push(("snmp.message_id", Val::from(v3.msg_id)));
    f.push(("snmp.security_level", Val::Static(v3.level())));
    f.push(("snmp.security_model", Val::from(v3.security_model)));
    if !v3.engine_id.is_empty() {
        f.push(("snmp.engine_id", Val::from(crate::bytes::hex(v3.engine_id))));
        f.push(("snmp.engine_boots", Val::from(v3.boots)));
        f.push(("snmp.engine_time", Val::from(v3.time)));
    }
    if !v3.user.is_empty() {
        f.push(("user.name", Val::from(sysdescr::line(v3.user))));
    }
    if !v3.context_name.is_empty() {
        f.push(("snmp.context_name", Val::from(sysdescr::line(v3.context_name))));
    }
}
