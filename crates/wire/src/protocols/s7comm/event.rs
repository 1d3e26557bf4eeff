//! The event of one TPDU, for `--events all`: with all of the S7 message where it holds one.

use super::frame::{self, Pdu, Tpdu};
use super::{Userdata, block, functions, items, szl};
use crate::bytes::{Reader, hex};
use crate::cx::Cx;
use crate::model::Val;

type Fields = Vec<(&'static str, Val)>;

/// The user data of userdata, behind return code, size and length; empty if it has none.
pub fn payload(data: &[u8]) -> Option<&[u8]> {
    let mut r = Reader::new(data);
    let (_code, size, length) = (r.u8()?, r.u8()?, usize::from(r.be16()?));
    let bytes = if matches!(size, 3..=5) { length.div_ceil(8) } else { length };
    r.take(bytes)
}

/// A TPDU without a message of its own: of the connection, or a part.
pub fn transport(cx: &mut Cx<'_>, tpdu: &Tpdu<'_>) {
    if !cx.wants_pdus() {
        return;
    }
    let mut f: Fields = vec![
        ("ot.protocol", Val::Static("s7comm")),
        ("cotp.pdu_code", Val::from(tpdu.code >> 4)),
        ("cotp.pdu_name", Val::Static(tpdu.name())),
    ];
    if matches!(tpdu.code, frame::CONNECTION_REQUEST | frame::CONNECTION_CONFIRM) {
        let (calling, called) = tpdu.tsaps();
        for (name, tsap) in [("cotp.calling_tsap", calling), ("cotp.called_tsap", called)] {
            if let Some(tsap) = tsap {
                f.push((name, Val::from(hex(tsap))));
            }
        }
    }
    cx.pdu(tpdu.name(), f);
}

fn head(pdu: &Pdu<'_>, function: functions::Function) -> Fields {
    let mut f: Fields = Vec::with_capacity(20);
    let rosctr = match pdu.rosctr {
        frame::JOB => "job",
        frame::ACK => "ack",
        frame::ACK_DATA => "ack_data",
        _ => "userdata",
    };
    f.push(("cotp.pdu_code", Val::from(frame::DATA >> 4)));
    f.push(("cotp.pdu_name", Val::Static("data")));
    f.push(("ot.protocol", Val::Static("s7comm")));
    f.push(("ot.function.name", Val::Static(function.name)));
    f.push(("ot.action", Val::Static(function.action.name())));
    f.push(("ot.category", Val::Static(function.category.name())));
    f.push(("s7comm.rosctr_code", Val::from(pdu.rosctr)));
    f.push(("s7comm.rosctr", Val::Static(rosctr)));
    f.push(("s7comm.pdu_reference", Val::from(pdu.reference)));
    f
}

fn error(f: &mut Fields, code: u16) {
    f.push(("s7comm.error_class", Val::Static(functions::error_class((code >> 8) as u8))));
    f.push(("s7comm.error_code", Val::from(code)));
    if code != 0 {
        f.push(("ot.exception.code", Val::from(code)));
        f.push(("ot.exception.name", Val::Static(functions::error(code))));
    }
    f.push(("event.outcome", Val::Static(if code == 0 { "success" } else { "failure" })));
}

pub fn job(cx: &mut Cx<'_>, pdu: &Pdu<'_>) {
    if !cx.wants_pdus() {
        return;
    }
    let code = pdu.function();
    let service = match code {
        functions::PI_SERVICE | functions::PLC_STOP => block::invocation(pdu.parameter),
        _ => None,
    };
    let function = match &service {
        Some(s) if code == functions::PI_SERVICE => functions::program_invocation(s.name, s.argument),
        _ => functions::job(code),
    };
    let mut f = head(pdu, function);
    f.push(("ot.function.code", Val::from(code)));
    if let Some(service) = &service {
        f.push(("s7comm.pi_service", Val::from(service.name)));
        if let Some(argument) = service.argument_text() {
            f.push(("s7comm.pi_argument", Val::from(argument)));
        }
    }
    match code {
        functions::READ_VAR | functions::WRITE_VAR => variables(&mut f, pdu, code),
        functions::REQUEST_DOWNLOAD..=functions::END_UPLOAD => transfer(&mut f, pdu, false),
        functions::SETUP_COMMUNICATION => setup(&mut f, pdu),
        _ => {}
    }
    cx.pdu(function.name, f);
}

pub fn acknowledgement(cx: &mut Cx<'_>, pdu: &Pdu<'_>) {
    if !cx.wants_pdus() {
        return;
    }
    let code = pdu.function();
    let function = functions::job(code);
    let mut f = head(pdu, function);
    if !pdu.parameter.is_empty() {
        f.push(("ot.function.code", Val::from(code)));
    }
    let (class, number) = pdu.error.unwrap_or((0, 0));
    error(&mut f, u16::from_be_bytes([class, number]));
    match code {
        functions::READ_VAR => {
            let codes: Vec<Val> = items::values(pdu.data).map(|(code, _)| Val::from(code)).collect();
            let values: Vec<Val> = items::values(pdu.data).map(|(_, value)| Val::from(hex(value))).collect();
            f.push(("s7comm.return_codes", Val::from(codes)));
            f.push(("s7comm.values", Val::from(values)));
        }
        functions::WRITE_VAR => {
            let codes: Vec<Val> = pdu.data.iter().take(items::MAX_ITEMS).map(|&c| Val::from(c)).collect();
            f.push(("s7comm.return_codes", Val::from(codes)));
        }
        functions::REQUEST_DOWNLOAD..=functions::END_UPLOAD => transfer(&mut f, pdu, true),
        functions::SETUP_COMMUNICATION => setup(&mut f, pdu),
        _ => {}
    }
    cx.pdu(function.name, f);
}

fn variables(f: &mut Fields, pdu: &Pdu<'_>, code: u8) {
    let list: Vec<_> = items::items(pdu.parameter).collect();
    if let Some(first) = list.first().filter(|i| i.space().is_some()) {
        f.push(("ot.address.start", Val::from(first.address)));
        f.push(("ot.address.count", Val::from(first.length())));
        f.push(("ot.address.name", Val::from(first.text())));
        if let Some(space) = first.space() {
            f.push(("ot.address.space", Val::from(space.into_owned())));
        }
    }
    let texts: Vec<Val> = list.iter().map(|i| Val::from(i.text())).collect();
    f.push(("s7comm.items", Val::from(texts)));
    if code == functions::WRITE_VAR {
        let values = items::values(pdu.data).zip(&list);
        let values: Vec<Val> = values.filter_map(|((_, v), item)| items::value(item, v)).collect();
        match values.first() {
            Some(Val::Int(v)) => f.push(("ot.value", Val::Float(*v as f64))),
            Some(Val::Float(v)) => f.push(("ot.value", Val::Float(*v))),
            Some(other) => f.push(("ot.value_text", other.clone())),
            None => {}
        }
    }
}

fn setup(f: &mut Fields, pdu: &Pdu<'_>) {
    let mut r = Reader::new(pdu.parameter);
    let numbers = (|| {
        r.skip(2)?;
        Some((r.be16()?, r.be16()?, r.be16()?))
    })();
    if let Some((calling, called, length)) = numbers {
        f.push(("s7comm.max_amq_calling", Val::from(calling)));
        f.push(("s7comm.max_amq_called", Val::from(called)));
        f.push(("s7comm.pdu_length", Val::from(length)));
    }
}

fn transfer(f: &mut Fields, pdu: &Pdu<'_>, answer: bool) {
    let Some(transfer) = block::transfer(pdu.parameter, answer) else { return };
    // the answer to the end of an upload has no status
    if pdu.parameter.len() > 1 {
        f.push(("s7comm.function_status", Val::from(transfer.status)));
    }
    if let Some(session) = transfer.session {
        f.push(("s7comm.session_id", Val::Int(session.into())));
    }
    if let Some(length) = transfer.length {
        f.push(("s7comm.block_length", Val::Int(length.into())));
    } else if answer && pdu.function() == functions::UPLOAD {
        // length of this part, in front of its bytes
        if let &[a, b, ..] = pdu.data {
            f.push(("s7comm.block_length", Val::from(u16::from_be_bytes([a, b]))));
        }
    }
    if let Some(block) = &transfer.block {
        f.push(("s7comm.file_name", Val::from(block.file.as_str())));
        f.push(("s7comm.block_type", Val::Static(block.kind)));
        f.push(("s7comm.block_number", Val::from(block.number.as_str())));
        f.push(("s7comm.file_system", Val::from(block.file_system.to_string())));
        f.push(("ot.address.name", Val::from(block.text())));
    }
}

pub(super) fn userdata(cx: &mut Cx<'_>, pdu: &Pdu<'_>, head: &Userdata, begins: bool) {
    if !cx.wants_pdus() {
        return;
    }
    let function = functions::userdata(head.group, head.sub);
    let mut f = self::head(pdu, function);
    let kind = match head.kind {
        4 | 7 => "request",
        8 | 0x0b => "response",
        _ => "push",
    };
    f.push(("ot.function.code", Val::from(u16::from_be_bytes([head.group, head.sub]))));
    f.push(("s7comm.method", Val::Static(kind)));
    f.push(("s7comm.method_code", Val::from(head.kind)));
    f.push(("s7comm.function_group_code", Val::from(head.group)));
    f.push(("s7comm.function_group", Val::Static(functions::group_name(head.group))));
    f.push(("s7comm.subfunction_code", Val::from(head.sub)));
    f.push(("s7comm.sequence", Val::from(head.sequence)));
    f.push(("s7comm.data_unit_reference", Val::from(head.unit)));
    f.push(("s7comm.last_data_unit", Val::Bool(head.last)));
    if kind == "response" {
        error(&mut f, head.error);
    }
    if let Some(&code) = pdu.data.first() {
        f.push(("s7comm.return_code", Val::from(code)));
        f.push(("s7comm.return_code_name", Val::Static(functions::return_code(code))));
    }
    if head.group == functions::CPU && head.sub == functions::READ_SZL && begins {
        let data = payload(pdu.data).unwrap_or_default();
        if let &[a, b, c, d, ..] = data {
            let id = u16::from_be_bytes([a, b]);
            f.push(("s7comm.szl_id", Val::from(id)));
            f.push(("s7comm.szl_name", Val::Static(functions::partial_list(id))));
            f.push(("s7comm.szl_index", Val::from(u16::from_be_bytes([c, d]))));
        }
        if let Some(list) = szl::list(data).filter(|_| kind == "response") {
            f.push(("s7comm.szl_records", Val::from(list.count)));
        }
    }
    cx.pdu(function.name, f);
}
