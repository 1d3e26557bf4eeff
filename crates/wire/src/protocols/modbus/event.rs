//! The event of one PDU, for `--events all`. Everything of the request or answer is in its fields.

use super::frame::{self, Adu};
use super::{DIAGNOSTICS, ENCAPSULATED, Request, functions, identity, umas};
use crate::bytes::{Reader, hex};
use crate::cx::Cx;
use crate::model::Val;

type Fields = Vec<(&'static str, Val)>;

/// Registers as numbers; an odd byte at the end is left out.
pub fn words(bytes: Option<&[u8]>) -> Vec<Val> {
    let pairs = bytes.unwrap_or_default().chunks_exact(2);
    pairs.map(|p| Val::from(p.iter().fold(0u16, |v, &b| v << 8 | u16::from(b)))).collect()
}

/// Coils as 0 and 1, lowest bit first, `count` of them or all there are.
pub fn bits(bytes: Option<&[u8]>, count: Option<usize>) -> Vec<Val> {
    let bytes = bytes.unwrap_or_default();
    let all = bytes.iter().flat_map(|&b| (0..8).map(move |n| Val::from(b >> n & 1)));
    all.take(count.unwrap_or(usize::MAX)).collect()
}

/// Record number and length of the first group of a file record request.
pub fn first_record(body: &[u8]) -> Option<(u16, u16)> {
    let mut r = Reader::new(body);
    // byte count, reference type, file number
    r.skip(4)?;
    Some((r.be16()?, r.be16()?))
}

fn head(
    adu: Adu<'_>,
    code: u8,
    sub: u16,
    umas: bool,
    direction: &'static str,
) -> (&'static str, Fields) {
    let base = code & 0x7f;
    let mut f: Fields = Vec::with_capacity(16);
    let (name, action, category, space) = if umas {
        let s = umas::service((sub & 0xff) as u8);
        f.push(("ot.protocol", Val::Static("umas")));
        f.push(("event.dataset", Val::Static("sentinel.umas")));
        f.push(("network.protocol", Val::Static("umas")));
        f.push(("umas.code", Val::from(sub)));
        (s.name, s.action, s.category, None)
    } else {
        let known = functions::of(base, sub);
        f.push(("ot.protocol", Val::Static("modbus")));
        (known.name, known.action, known.category, known.space)
    };
    f.push(("ot.function.code", Val::from(base)));
    f.push(("ot.function.name", Val::Static(name)));
    f.push(("ot.action", Val::Static(action.name())));
    f.push(("ot.category", Val::Static(category.name())));
    f.push(("ot.unit", Val::Static(functions::unit(adu.unit))));
    f.push(("modbus.transaction_id", Val::from(adu.transaction)));
    f.push(("modbus.direction", Val::Static(direction)));
    if let Some(space) = space {
        f.push(("ot.address.space", Val::Static(space)));
    }
    match base {
        DIAGNOSTICS => f.push(("modbus.subfunction", Val::from(sub))),
        ENCAPSULATED => f.push(("modbus.mei_type", Val::from(sub))),
        _ => {}
    }
    (name, f)
}

pub fn request(cx: &mut Cx<'_>, adu: Adu<'_>, code: u8, body: &[u8], request: &Request) {
    let (name, mut f) = head(adu, code, request.sub, request.umas, "request");
    if request_fields(&mut f, code, body, request.umas).is_none() {
        f.push(("modbus.data", Val::from(hex(body))));
    }
    cx.pdu(name, f);
}

/// `None` where the body has no known or no good layout.
fn request_fields(f: &mut Fields, code: u8, body: &[u8], umas: bool) -> Option<()> {
    let mut r = Reader::new(body);
    match code {
        1..=4 => address(f, r.be16()?, r.be16()?),
        5 | 6 => {
            address(f, r.be16()?, 1);
            let value = r.be16()?;
            let value = if code == 5 { u16::from(value != 0) } else { value };
            f.push(("modbus.request_values", Val::from(vec![Val::from(value)])));
        }
        7 | 11 | 12 | 17 => {}
        15 | 16 => {
            let (start, count) = (r.be16()?, r.be16()?);
            address(f, start, count);
            let bytes = r.u8().and_then(|n| r.take(usize::from(n)));
            let values = if code == 15 { bits(bytes, Some(count.into())) } else { words(bytes) };
            f.push(("modbus.request_values", Val::from(values)));
        }
        20 | 21 => records(f, body, code == 21),
        22 => {
            address(f, r.be16()?, 1);
            f.push(("modbus.and_mask", Val::from(r.be16()?)));
            f.push(("modbus.or_mask", Val::from(r.be16()?)));
        }
        23 => {
            f.push(("modbus.read_address", Val::from(r.be16()?)));
            f.push(("modbus.read_count", Val::from(r.be16()?)));
            address(f, r.be16()?, r.be16()?);
            let n = usize::from(r.u8()?);
            f.push(("modbus.request_values", Val::from(words(r.take(n)))));
        }
        24 => address(f, r.be16()?, 1),
        DIAGNOSTICS => {
            r.be16()?;
            f.push(("modbus.data", Val::from(hex(r.rest()))));
        }
        ENCAPSULATED if r.peek() == Some(14) => {
            r.skip(1)?;
            f.push(("modbus.read_device_id_code", Val::from(r.u8()?)));
            f.push(("modbus.object_id", Val::from(r.u8()?)));
        }
        frame::UMAS if umas => {
            let message = umas::message(body, false)?;
            umas_fields(f, &message);
        }
        _ => return None,
    }
    Some(())
}

pub fn response(cx: &mut Cx<'_>, adu: Adu<'_>, code: u8, body: &[u8], request: Option<&Request>) {
    let sub = match (code, body) {
        (DIAGNOSTICS, &[a, b, ..]) => u16::from_be_bytes([a, b]),
        (ENCAPSULATED, &[mei, ..]) => mei.into(),
        _ => request.map_or(0, |r| r.sub),
    };
    // without its request: who answers function 90 speaks UMAS
    let umas = request.map_or(code == frame::UMAS, |r| r.umas);
    let (name, mut f) = head(adu, code, sub, umas, "response");
    if let Some((start, count)) = request.and_then(|r| r.address) {
        address(&mut f, start, count);
    }
    f.push(("modbus.matched", Val::Bool(request.is_some())));
    let mut failed = code & 0x80 != 0;
    if failed {
        let exception = body.first().copied().unwrap_or(0);
        f.push(("ot.exception.code", Val::from(exception)));
        f.push(("ot.exception.name", Val::Static(functions::exception(exception))));
    } else if code == frame::UMAS {
        if let Some(message) = umas::message(body, request.is_some_and(|r| r.signed)) {
            failed = message.is_error();
            umas_fields(&mut f, &message);
        }
    } else if response_fields(&mut f, code, body, request).is_none() {
        f.push(("modbus.data", Val::from(hex(body))));
    }
    f.push(("event.outcome", Val::Static(if failed { "failure" } else { "success" })));
    cx.pdu(name, f);
}

fn response_fields(f: &mut Fields, code: u8, body: &[u8], request: Option<&Request>) -> Option<()> {
    let mut r = Reader::new(body);
    let asked = request.and_then(|r| r.address).map(|(_, n)| usize::from(n));
    match code {
        1 | 2 => {
            let n = usize::from(r.u8()?);
            let bytes = r.take(n)?;
            f.push(("modbus.response_values", Val::from(bits(Some(bytes), asked))));
            f.push(("modbus.data", Val::from(hex(bytes))));
        }
        3 | 4 | 23 => {
            let n = usize::from(r.u8()?);
            f.push(("modbus.response_values", Val::from(words(Some(r.take(n)?)))));
        }
        5 | 6 => {
            let (start, value) = (r.be16()?, r.be16()?);
            let value = if code == 5 { u16::from(value != 0) } else { value };
            address(f, start, 1);
            f.push(("modbus.response_values", Val::from(vec![Val::from(value)])));
        }
        15 | 16 => address(f, r.be16()?, r.be16()?),
        20 | 21 => records(f, body, code == 21),
        22 => {
            address(f, r.be16()?, 1);
            f.push(("modbus.and_mask", Val::from(r.be16()?)));
            f.push(("modbus.or_mask", Val::from(r.be16()?)));
        }
        24 => {
            r.be16()?;
            let n = usize::from(r.be16()?);
            f.push(("modbus.response_values", Val::from(words(r.take(n.saturating_mul(2))))));
        }
        DIAGNOSTICS => {
            r.be16()?;
            f.push(("modbus.data", Val::from(hex(r.rest()))));
        }
        17 => {
            f.push(("modbus.data", Val::from(hex(body))));
            if let Some(name) = identity::server_id_text(body) {
                f.push(("modbus.server_id", Val::from(name)));
            }
        }
        ENCAPSULATED if r.peek() == Some(14) => {
            r.skip(1)?;
            f.push(("modbus.read_device_id_code", Val::from(r.u8()?)));
            f.push(("modbus.conformity_level", Val::from(r.u8()?)));
            let mut ids = Vec::new();
            let mut values = Vec::new();
            identity::objects(body, |id, value| {
                ids.push(Val::from(id));
                values.push(Val::from(value));
            });
            f.push(("modbus.object_ids", Val::from(ids)));
            f.push(("modbus.object_values", Val::from(values)));
        }
        _ => return None,
    }
    Some(())
}

fn address(f: &mut Fields, start: u16, count: u16) {
    for (name, value) in [("ot.address.start", start), ("ot.address.count", count)] {
        match f.iter_mut().find(|(n, _)| *n == name) {
            Some(slot) => slot.1 = Val::from(value),
            None => f.push((name, Val::from(value))),
        }
    }
}

/// File record groups: of a read request (file, record, length) or of a write (with its data).
fn records(f: &mut Fields, body: &[u8], with_data: bool) {
    let mut files = Vec::new();
    let mut r = Reader::new(body);
    let mut group = || {
        if files.is_empty() {
            r.u8()?;
        }
        let _reference = r.u8()?;
        let (file, record, length) = (r.be16()?, r.be16()?, r.be16()?);
        if with_data {
            r.skip(usize::from(length) * 2)?;
        }
        files.push(Val::from(file));
        files.push(Val::from(record));
        files.push(Val::from(length));
        Some(())
    };
    while group().is_some() {}
    if !files.is_empty() {
        f.push(("modbus.file_records", Val::from(files)));
    }
    f.push(("modbus.data", Val::from(hex(body))));
}

fn umas_fields(f: &mut Fields, message: &umas::Message<'_>) {
    f.push(("umas.session", Val::from(message.session)));
    f.push(("umas.signed", Val::Bool(message.signed)));
    if message.code == umas::TAKE_RESERVATION
        && let Some(owner) = umas::owner(message.data)
    {
        f.push(("umas.owner", Val::from(owner)));
    }
    if !message.data.is_empty() {
        f.push(("umas.data", Val::from(hex(message.data))));
    }
}
