//! The event of one message.

use super::commands::command_name;
use super::frame::{Body, Header, Kind, address_text};
use crate::bytes::hex;
use crate::cx::Cx;
use crate::model::Val;

const IDS: [&str; 6] =
    ["session_initiate", "session_close", "keep_alive", "token_passing_pdu", "direct_pdu", "read_audit_log"];

pub fn of(cx: &mut Cx<'_>, header: &Header, body: &Body<'_>) {
    if !cx.wants_pdus() {
        return;
    }
    let id = IDS.get(usize::from(header.id)).copied().unwrap_or("message");
    let mut fields = vec![
        ("ot.protocol", Val::Static("hart-ip")),
        ("hart_ip.version", Val::from(header.version)),
        ("hart_ip.message_type", Val::Static(header.kind.name())),
        ("hart_ip.message_id", Val::Static(id)),
        ("hart_ip.status", Val::from(header.status)),
        ("hart_ip.sequence", Val::from(header.sequence)),
        ("hart_ip.length", Val::from(header.length)),
    ];
    let mut name = id.to_owned();
    match body {
        Body::Initiate { master, timer } => {
            fields.push(("hart_ip.master_type", Val::from(*master)));
            fields.push(("hart_ip.inactivity_timer", Val::from(*timer)));
        }
        Body::Token { delimiter, frame_type, address, command, check } => {
            let frame = match frame_type {
                1 => "burst",
                2 => "master_to_field",
                _ => "field_to_master",
            };
            let raw = match **address {
                [short] => short.to_string(),
                _ => hex(address),
            };
            fields.push(("hart_ip.frame_type", Val::Static(frame)));
            fields.push(("hart_ip.delimiter", Val::from(*delimiter)));
            fields.push(("hart_ip.address", Val::from(raw)));
            fields.push(("ot.unit", Val::from(address_text(address))));
            fields.push(("hart_ip.byte_count", Val::from(command.data.len())));
            fields.push(("hart_ip.check_byte", Val::from(*check)));
            let (number, code) = match header.kind {
                Kind::Request => (command.request().0, None),
                _ => {
                    let status = command.data.get(1).copied();
                    if let Some(status) = status {
                        fields.push(("hart_ip.device_status", Val::from(status)));
                    }
                    match command.response(true) {
                        Some((number, code, _)) => (number, Some(code)),
                        None => (command.number, None),
                    }
                }
            };
            name = command_name(number).into_owned();
            fields.push(("hart_ip.command", Val::from(command.number)));
            fields.push(("ot.function.code", Val::from(number)));
            fields.push(("ot.function.name", Val::from(name.as_str())));
            if let Some(code) = code {
                fields.push(("hart_ip.response_code", Val::from(code)));
            }
        }
        Body::Direct { status, commands } => {
            fields.push(("hart_ip.device_status", Val::from(status[0])));
            fields.push(("hart_ip.extended_status", Val::from(status[1])));
            let answers = header.kind != Kind::Request;
            let (mut numbers, mut counts, mut codes) = (Vec::new(), Vec::new(), Vec::new());
            for command in *commands {
                numbers.push(Val::from(command.number));
                counts.push(Val::from(command.data.len()));
                if answers {
                    codes.push(Val::from(command.data.first().copied().unwrap_or_default()));
                }
            }
            fields.push(("hart_ip.command", Val::from(numbers)));
            fields.push(("hart_ip.byte_count", Val::from(counts)));
            if answers {
                fields.push(("hart_ip.response_code", Val::from(codes)));
            }
        }
        Body::Audit { start, records } => {
            fields.push(("hart_ip.audit.start", Val::from(*start)));
            fields.push(("hart_ip.audit.records", Val::from(*records)));
        }
        Body::Empty => {}
    }
    cx.pdu(&name, fields);
}
