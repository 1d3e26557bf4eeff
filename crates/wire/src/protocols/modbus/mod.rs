//! Modbus/TCP (and the same over UDP), with UMAS inside it.
//!
//! Sources: MODBUS Application Protocol Specification V1.1b3; MODBUS Messaging on TCP/IP
//! Implementation Guide V1.0b. This is the busiest protocol of many plants: nothing is allocated
//! per PDU unless events are asked for.

mod event;
mod frame;
mod functions;
mod identity;
#[cfg(test)]
mod tests;
mod umas;

use crate::cx::Cx;
use crate::model::*;
use crate::pending::Pending;
use crate::probe::{Malformed, Probe, Spec, Step};
use frame::{Adu, Fit, Found};
use functions::Function;

/// Function code of Encapsulated Interface Transport and its Read Device Identification.
const ENCAPSULATED: u8 = 43;
const DIAGNOSTICS: u8 = 8;
/// A request without an answer for so long has none, in microseconds.
const TIMEOUT: Micros = 30_000_000;

pub static SPEC: Spec = Spec {
    name: "modbus",
    title: "Modbus/TCP",
    industrial: true,
    transports: &[Transport::Tcp, Transport::Udp],
    ports: &[frame::PORT],
    ethertypes: &[],
    rank: 100,
    identify: frame::identify,
    open: || Box::new(Modbus::default()),
    pdus: true,
    facts: &[
        "vendor",
        "model",
        "firmware",
        "product",
        "url",
        "application",
        "server_id",
        "unit",
        "project",
        "hostname",
        "role",
    ],
    credentials: &[],
    operations: &[
        "read_coils",
        "read_discrete_inputs",
        "read_holding_registers",
        "read_input_registers",
        "write_single_coil",
        "write_single_register",
        "read_exception_status",
        "diagnostics",
        "restart_communications_option",
        "force_listen_only_mode",
        "change_ascii_input_delimiter",
        "clear_counters_and_diagnostic_register",
        "clear_overrun_counter_and_flag",
        "get_comm_event_counter",
        "get_comm_event_log",
        "write_multiple_coils",
        "write_multiple_registers",
        "report_server_id",
        "read_file_record",
        "write_file_record",
        "mask_write_register",
        "read_write_multiple_registers",
        "read_fifo_queue",
        "read_device_identification",
        "canopen_general_reference",
        "take_plc_reservation",
        "release_plc_reservation",
        "start_plc",
        "stop_plc",
        "init_plc",
        "initialize_upload",
        "upload_block",
        "end_strategy_upload",
        "initialize_download",
        "download_block",
        "end_strategy_download",
        "write_variables",
        "write_memory_block",
    ],
    source: "MODBUS Application Protocol Specification V1.1b3; MODBUS Messaging on TCP/IP V1.0b; UMAS: Kaspersky ICS CERT 2022",
    level: 5,
    proofs: &["ics-security-tools/ModbusTCP", "icsnpp-modbus"],
};

/// A request, as far as its answer and its record need it.
#[derive(Debug)]
struct Request {
    asked: Stamp,
    unit: u8,
    code: u8,
    /// FC 8: sub-function; FC 43: MEI type; UMAS: its code.
    sub: u16,
    /// First address and how many.
    address: Option<(u16, u16)>,
    value: Option<Val>,
    /// UMAS: it was signed.
    signed: bool,
    /// Function 90 that is UMAS: of a known code, or on a flow where it was answered.
    umas: bool,
    /// Side that asked.
    by: Side,
}

/// One flow.
#[derive(Default)]
struct Modbus {
    open: Pending<u64, Request>,
    /// Side that sends the requests, once the bytes told.
    master: Option<Side>,
    /// Bytes of a requesting and of an answering side were seen.
    asked: bool,
    answered: bool,
    /// Requests may have been lost: an answer without one stands for a request all the same.
    lost: bool,
    /// Units that answered, one bit each.
    units: [u64; 4],
    umas: bool,
}

fn key(transaction: u16, unit: u8, code: u8) -> u64 {
    u64::from(transaction) << 16 | u64::from(unit) << 8 | u64::from(code)
}

impl Probe for Modbus {
    fn stream(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Step {
        match frame::read(data) {
            Found::Adu(adu, size) => {
                self.adu(cx, adu);
                Step::Used(size)
            }
            Found::Short => Step::Need,
            Found::No => Step::Bad,
        }
    }

    fn datagram(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Result<(), Malformed> {
        match frame::read(data) {
            Found::Adu(adu, _) => {
                self.adu(cx, adu);
                Ok(())
            }
            _ => Err(Malformed),
        }
    }

    fn gap(&mut self, _cx: &mut Cx<'_>, _from: Side, _missing: u64) {
        self.lost = true;
    }

    fn tick(&mut self, cx: &mut Cx<'_>) {
        let now = cx.at().time;
        while let Some((_, request)) = self.open.take_if(|_, r| now.saturating_sub(r.asked.time) > TIMEOUT) {
            self.unanswered(cx, request);
        }
    }

    fn end(&mut self, cx: &mut Cx<'_>) {
        for (_, request) in std::mem::take(&mut self.open).drain() {
            self.unanswered(cx, request);
        }
    }
}

impl Modbus {
    fn adu(&mut self, cx: &mut Cx<'_>, adu: Adu<'_>) {
        let Some((&code, body)) = adu.pdu.split_first() else { return };
        // the exception bit makes an answer of anything, even of a malformed one
        let fit = if code & 0x80 != 0 { Fit::Response } else { frame::fit(adu.pdu) };
        let is_request = self.direction(cx, fit);
        if is_request {
            self.asked = true;
            self.request(cx, adu, code, body);
        } else {
            self.answered = true;
            self.response(cx, adu, code, body);
        }
    }

    /// Tells requests from answers: by shape where it tells, by sender where not.
    fn direction(&mut self, cx: &mut Cx<'_>, fit: Fit) -> bool {
        let is_request = match fit {
            Fit::Request => true,
            Fit::Response => false,
            _ => return cx.from() == self.master.unwrap_or(Side::Client),
        };
        if self.master.is_none() {
            // in a flow without a handshake the roles of the flow follow the shape
            cx.sender_is(if is_request { Side::Client } else { Side::Server });
            self.master = Some(if is_request { cx.from() } else { cx.from().other() });
        }
        is_request
    }

    fn request(&mut self, cx: &mut Cx<'_>, adu: Adu<'_>, code: u8, body: &[u8]) {
        let mut request = Request {
            asked: cx.at(),
            unit: adu.unit,
            code,
            sub: 0,
            address: None,
            value: None,
            signed: false,
            umas: false,
            by: cx.from(),
        };
        let word = |at: usize| match (body.get(at), body.get(at + 1)) {
            (Some(&a), Some(&b)) => Some(u16::from_be_bytes([a, b])),
            _ => None,
        };
        match code {
            1..=4 => request.address = word(0).zip(word(2)),
            5 | 6 => {
                request.address = word(0).map(|a| (a, 1));
                request.value =
                    word(2).map(|v| Val::Int(if code == 5 { i64::from(v != 0) } else { v.into() }));
            }
            15 | 16 => {
                request.address = word(0).zip(word(2));
                if cx.wants_events() {
                    let values = if code == 15 {
                        event::bits(body.get(5..), word(2).map(usize::from))
                    } else {
                        event::words(body.get(5..))
                    };
                    request.value = Some(Val::from(values));
                }
            }
            21 | 20 => request.address = event::first_record(body),
            22 => request.address = word(0).map(|a| (a, 1)),
            23 => request.address = word(4).zip(word(6)),
            24 => request.address = word(0).map(|a| (a, 1)),
            DIAGNOSTICS => request.sub = word(0).unwrap_or(u16::MAX),
            ENCAPSULATED => request.sub = body.first().copied().unwrap_or(0).into(),
            frame::UMAS => self.umas_request(cx, &mut request, body),
            _ => {}
        }
        if cx.wants_pdus() {
            event::request(cx, adu, code, body, &request);
        }
        let key = key(adu.transaction, adu.unit, code);
        if let Some((_, old)) = self.open.push(key, request) {
            self.unanswered(cx, old);
        }
    }

    fn umas_request(&self, cx: &mut Cx<'_>, request: &mut Request, body: &[u8]) {
        request.umas = self.umas;
        let Some(message) = umas::message(body, false) else { return };
        request.sub = message.code.into();
        request.signed = message.signed;
        request.umas |= umas::is_service(message.code);
        if message.code == umas::TAKE_RESERVATION
            && let Some(owner) = umas::owner(message.data)
        {
            cx.fact(request.by, "hostname", &owner, "umas.take_plc_reservation.owner");
            request.value = Some(Val::from(owner));
        }
    }

    fn response(&mut self, cx: &mut Cx<'_>, adu: Adu<'_>, code: u8, body: &[u8]) {
        let base = code & 0x7f;
        let mut request = self.open.take(&key(adu.transaction, adu.unit, base));
        if let Some(request) = &mut request {
            // who answers function 90 speaks UMAS, who does not know it does not
            request.umas = base == frame::UMAS && code == base;
        }
        if cx.wants_pdus() {
            event::response(cx, adu, code, body, request.as_ref());
        }
        let exception = if code & 0x80 != 0 { Some(body.first().copied().unwrap_or(0)) } else { None };
        let device = cx.from();
        if exception.is_none() {
            self.unit_answered(cx, device, adu.unit);
            match (base, request.as_ref()) {
                (17, _) => identity::server_id(cx, device, body),
                (ENCAPSULATED, _) if body.first() == Some(&14) => {
                    identity::device_identification(cx, device, body);
                }
                (frame::UMAS, Some(r)) => {
                    if !self.umas {
                        self.umas = true;
                        cx.also("umas");
                    }
                    if let Some(m) = umas::message(body, r.signed).filter(|m| !m.is_error()) {
                        umas::facts(cx, device, (r.sub & 0xff) as u8, m.data);
                    }
                }
                _ => {}
            }
        }
        match request {
            Some(request) => {
                self.lost = false;
                let refused =
                    base == frame::UMAS && umas::message(body, request.signed).is_some_and(|m| m.is_error());
                report(cx, &request, outcome(exception, refused), exception);
            }
            None => self.orphan(cx, adu, base, body, exception),
        }
    }

    /// An answer whose request is not in the capture is a request of which we know less. Reads are
    /// left out where the other side is visible: there they are late or doubled answers.
    fn orphan(&mut self, cx: &mut Cx<'_>, adu: Adu<'_>, code: u8, body: &[u8], exception: Option<u8>) {
        let sub = match code {
            DIAGNOSTICS | ENCAPSULATED if exception.is_none() => match (code, body) {
                (DIAGNOSTICS, &[a, b, ..]) => u16::from_be_bytes([a, b]),
                (_, &[mei, ..]) => mei.into(),
                _ => 0,
            },
            // the answer does not say to what
            frame::UMAS => return,
            _ => 0,
        };
        let changes = functions::of(code, sub).category != Category::Monitor;
        if self.asked && !(changes && self.lost) {
            return;
        }
        let address = match (code, body) {
            (5 | 6 | 22, &[a, b, ..]) => Some((u16::from_be_bytes([a, b]), 1)),
            (15 | 16, &[a, b, c, d, ..]) => Some((u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]))),
            _ => None,
        };
        let request = Request {
            asked: cx.at(),
            unit: adu.unit,
            code,
            sub,
            address: address.filter(|_| exception.is_none()),
            value: None,
            signed: false,
            umas: false,
            by: cx.from().other(),
        };
        report(cx, &request, outcome(exception, false), exception);
    }

    /// Notes a unit behind this address at its first good answer.
    fn unit_answered(&mut self, cx: &mut Cx<'_>, device: Side, unit: u8) {
        let (word, bit) = (usize::from(unit >> 6), 1 << (unit & 63));
        if let Some(word) = self.units.get_mut(word)
            && *word & bit == 0
        {
            *word |= bit;
            cx.fact(device, "unit", functions::unit(unit), "mbap.unit_identifier");
        }
    }

    fn unanswered(&self, cx: &mut Cx<'_>, request: Request) {
        report(cx, &request, if self.answered { Outcome::NoAnswer } else { Outcome::Unknown }, None);
    }
}

fn outcome(exception: Option<u8>, refused: bool) -> Outcome {
    match exception {
        // acknowledge: accepted, being worked on
        None | Some(5) if !refused => Outcome::Accepted,
        _ => Outcome::Refused,
    }
}

fn report(cx: &mut Cx<'_>, request: &Request, outcome: Outcome, exception: Option<u8>) {
    let known = if request.umas {
        let service = umas::service((request.sub & 0xff) as u8);
        Function { name: service.name, action: service.action, category: service.category, space: None }
    } else {
        functions::of(request.code, request.sub)
    };
    let mut op = Op::new(known.action, known.name)
        .category(known.category)
        .code(if request.umas { i64::from(request.sub) } else { i64::from(request.code) })
        .unit(functions::unit(request.unit))
        .outcome(outcome)
        .asked(request.asked)
        .by(request.by);
    if request.umas {
        op = op.protocol("umas");
    }
    if let Some((start, count)) = request.address {
        op = op.address(start, count);
    }
    if let Some(space) = known.space {
        op = op.space(space);
    }
    if let Some(code) = exception {
        op = op.exception(code, functions::exception(code));
    }
    op.value = request.value.clone();
    cx.op(op);
}
