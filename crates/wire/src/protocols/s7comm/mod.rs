//! S7 communication, the protocol of SIMATIC S7-200/300/400 (and of 1200/1500 where it is allowed).
//!
//! TPKT and COTP carry it; a message is a job, its acknowledgement, or userdata (requests, answers
//! and pushes of the programming device's functions). The client of every operation is who opened
//! the session, even where the controller pulls the blocks of a download itself.
//! Sources: see `frame`, `functions`, `szl`.

mod block;
mod event;
pub(super) mod frame;
mod functions;
mod items;
mod request;
mod szl;
#[cfg(test)]
mod tests;

use crate::cx::Cx;
use crate::model::*;
use crate::pending::Pending;
use crate::probe::{Probe, Spec, Step};
use frame::{Found, Pdu, Tpdu};
use functions::Function;
use request::{Request, Userdata};

/// A request without an answer for so long has none, in microseconds.
const TIMEOUT: Micros = 30_000_000;
/// Bytes joined of a message that came in several TPDUs, or of a list in several answers.
const MAX_JOINED: usize = 64 * 1024;

pub static SPEC: Spec = Spec {
    name: "s7comm",
    title: "S7 communication",
    industrial: true,
    transports: &[Transport::Tcp],
    ports: &[frame::PORT],
    ethertypes: &[],
    rank: 90,
    identify: frame::identify,
    open: || Box::new(S7::default()),
    pdus: true,
    facts: &[
        "vendor",
        "model",
        "product",
        "firmware",
        "hardware",
        "serial",
        "name",
        "location",
        "module",
        "plant",
        "copyright",
        "memory_card_serial",
        "protection_level",
        "rack_slot",
        "role",
    ],
    credentials: &["password"],
    operations: &[
        "read_var",
        "write_var",
        "request_download",
        "download_block",
        "download_ended",
        "start_upload",
        "upload",
        "end_upload",
        "plc_start",
        "plc_cold_start",
        "plc_stop",
        "pi_service",
        "pi_inse",
        "pi_dele",
        "pi_modu",
        "pi_garb",
        "pi_n_login",
        "block_status",
        "variable_status",
        "modify_variable",
        "force",
        "exit_hold",
        "memory_reset",
        "enable_job",
        "delete_job",
        "flash_led",
        "cyclic_transfer",
        "list_blocks",
        "list_blocks_of_type",
        "get_block_info",
        "read_szl",
        "read_szl_identity",
        "message_service",
        "alarm_ack",
        "alarm_query",
        "plc_password",
        "bsend",
        "read_clock",
        "set_clock",
    ],
    source: "RFC 1006; ITU-T X.224; Siemens A5E00709327; open documentation of snap7 and libnodave",
    level: 5,
    proofs: &["ics-security-tools/s7"],
};

/// Userdata or not, reference, function.
type Key = (bool, u16, u16);

/// An answer that comes in parts.
struct Partial {
    unit: u8,
    data: Vec<u8>,
}

/// One flow.
#[derive(Default)]
struct S7 {
    open: Pending<Key, Request>,
    /// Parts of a message not yet complete, by sender.
    parts: [Vec<u8>; 2],
    list: Option<Partial>,
    settled: bool,
    asked: bool,
    answered: bool,
    lost: bool,
    plus: bool,
}

impl Probe for S7 {
    fn stream(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Step {
        match frame::read(data) {
            Found::Tpdu(tpdu, size) => {
                self.tpdu(cx, tpdu);
                Step::Used(size)
            }
            Found::Short => Step::Need,
            Found::No => Step::Bad,
        }
    }

    fn gap(&mut self, _cx: &mut Cx<'_>, from: Side, _missing: u64) {
        self.lost = true;
        // what was lost may be the acknowledgements of the transport between two parts of a list:
        // whether the list is whole is seen when it is
        self.parts[slot(from)].clear();
    }

    fn tick(&mut self, cx: &mut Cx<'_>) {
        let now = cx.at().time;
        while let Some((_, old)) = self.open.take_if(|_, r| now.saturating_sub(r.asked.time) > TIMEOUT) {
            self.unanswered(cx, &old);
        }
    }

    fn end(&mut self, cx: &mut Cx<'_>) {
        for (_, old) in std::mem::take(&mut self.open).drain() {
            self.unanswered(cx, &old);
        }
    }
}

fn slot(side: Side) -> usize {
    match side {
        Side::Client => 0,
        Side::Server => 1,
    }
}

impl S7 {
    fn tpdu(&mut self, cx: &mut Cx<'_>, tpdu: Tpdu<'_>) {
        match tpdu.code {
            frame::DATA => {}
            frame::CONNECTION_REQUEST | frame::CONNECTION_CONFIRM => {
                let asks = tpdu.code == frame::CONNECTION_REQUEST;
                self.settle(cx, Some(if asks { Side::Client } else { Side::Server }));
                if asks {
                    request::called(cx, &tpdu);
                }
                return event::transport(cx, &tpdu);
            }
            _ => return event::transport(cx, &tpdu),
        }
        let from = slot(cx.from());
        if tpdu.is_last() && self.parts[from].is_empty() {
            return self.message(cx, &tpdu, tpdu.payload);
        }
        if self.parts[from].len() + tpdu.payload.len() > MAX_JOINED {
            self.parts[from].clear();
            return cx.dropped("s7comm_parts");
        }
        self.parts[from].extend_from_slice(tpdu.payload);
        if tpdu.is_last() {
            let whole = std::mem::take(&mut self.parts[from]);
            self.message(cx, &tpdu, &whole);
        } else {
            event::transport(cx, &tpdu);
        }
    }

    /// In a flow without a handshake the roles follow the first message that shows them.
    fn settle(&mut self, cx: &mut Cx<'_>, sender: Option<Side>) {
        if let Some(side) = sender
            && !self.settled
        {
            self.settled = true;
            if cx.from() != side && cx.swap_roles() {
                self.parts.swap(0, 1);
            }
        }
    }

    fn message(&mut self, cx: &mut Cx<'_>, tpdu: &Tpdu<'_>, bytes: &[u8]) {
        let Some(pdu) = Pdu::read(bytes) else {
            if bytes.first() == Some(&0x72) {
                if !self.plus {
                    self.plus = true;
                    cx.also("s7comm-plus");
                }
            } else if !bytes.is_empty() {
                cx.malformed();
            }
            return event::transport(cx, tpdu);
        };
        self.settle(cx, pdu.sender());
        if pdu.rosctr == frame::USERDATA {
            self.userdata(cx, &pdu);
        } else if pdu.rosctr == frame::JOB {
            self.asked |= cx.from() == Side::Client;
            self.answered |= cx.from() == Side::Server;
            event::job(cx, &pdu);
            let request = request::job(cx, &pdu);
            if pdu.function() != functions::SETUP_COMMUNICATION {
                self.push(cx, (false, pdu.reference, pdu.function().into()), request);
            }
        } else {
            self.acknowledged(cx, &pdu);
        }
    }

    fn acknowledged(&mut self, cx: &mut Cx<'_>, pdu: &Pdu<'_>) {
        self.answered = true;
        event::acknowledgement(cx, pdu);
        let function = pdu.function();
        let error = pdu.error.map_or(0, |(class, code)| u16::from_be_bytes([class, code]));
        let open = if pdu.parameter.is_empty() {
            // a bare refusal does not repeat the function
            self.open.take_if(|k, _| !k.0 && k.1 == pdu.reference).map(|(_, r)| r)
        } else {
            self.open.take(&(false, pdu.reference, function.into()))
        };
        let request = match open {
            Some(request) => request,
            None => match self.orphan(cx, function.into(), functions::job(function)) {
                Some(request) if function != functions::SETUP_COMMUNICATION => request,
                _ => return,
            },
        };
        self.lost = false;
        let refusal = if error != 0 {
            Some((i64::from(error), functions::error(error)))
        } else if matches!(function, functions::READ_VAR | functions::WRITE_VAR) {
            request::item_refusal(function, pdu.data, request.items)
        } else {
            None
        };
        if let Some(password) = &request.password {
            let login = if refusal.is_some() { LoginOutcome::Failure } else { LoginOutcome::Success };
            credential(cx, password, request.asked, login);
        }
        report(cx, &request, if refusal.is_some() { Outcome::Refused } else { Outcome::Accepted }, refusal);
    }

    fn userdata(&mut self, cx: &mut Cx<'_>, pdu: &Pdu<'_>) {
        let Some(head) = Userdata::read(pdu) else { return cx.malformed() };
        let key = (true, pdu.reference, u16::from_be_bytes([head.group, head.sub]));
        // later parts of an answer answer a continuation, which is not kept
        let begins = head.kind == 4 || head.unit == 0 || self.open.get(&key).is_some() || !self.asked;
        event::userdata(cx, pdu, &head, begins);
        match head.kind {
            4 | 7 => {
                self.asked = true;
                if !head.is_continuation() {
                    let request = request::ask(cx, pdu, &head);
                    self.push(cx, key, request);
                }
            }
            8 | 0x0b => {
                self.answered = true;
                self.answer(cx, pdu, &head, key, begins);
            }
            _ => self.answered = true,
        }
    }

    fn answer(&mut self, cx: &mut Cx<'_>, pdu: &Pdu<'_>, head: &Userdata, key: Key, begins: bool) {
        let open = self.open.take(&key);
        if head.error == 0 && head.group == functions::CPU && head.sub == functions::READ_SZL {
            self.list(cx, head, pdu.data, begins);
        }
        // the rest of an answer in parts was asked for by a continuation
        let continued = open.is_none() && head.unit != 0;
        let request = match open {
            Some(request) => request,
            None if continued => return,
            None => match self.orphan(cx, key.2, functions::userdata(head.group, head.sub)) {
                Some(request) => request,
                None => return,
            },
        };
        self.lost = false;
        let refused = head.error != 0;
        let outcome = if refused { Outcome::Refused } else { Outcome::Accepted };
        let refusal = refused.then(|| (i64::from(head.error), functions::error(head.error)));
        if let Some(password) = &request.password {
            let login = if refused { LoginOutcome::Failure } else { LoginOutcome::Success };
            credential(cx, password, request.asked, login);
        }
        report(cx, &request, outcome, refusal);
    }

    /// A list of the system status, perhaps only a part of one.
    fn list(&mut self, cx: &mut Cx<'_>, head: &Userdata, data: &[u8], begins: bool) {
        let Some(part) = event::payload(data) else { return };
        let device = cx.from();
        let whole = if head.unit == 0 {
            None
        } else {
            match &mut self.list {
                Some(list) if list.unit == head.unit => {
                    if list.data.len() + part.len() > MAX_JOINED {
                        self.list = None;
                        return cx.dropped("s7comm_parts");
                    }
                    list.data.extend_from_slice(part);
                }
                _ if begins => self.list = Some(Partial { unit: head.unit, data: part.to_vec() }),
                // its beginning was lost
                _ => return,
            }
            if !head.last {
                return;
            }
            self.list.take()
        };
        let Some(list) = szl::list(whole.as_ref().map_or(part, |w| &w.data)) else { return };
        if whole.is_some() && !list.is_whole() {
            // a part between was lost, so the records do not stand where they should
            return cx.malformed();
        }
        szl::facts(cx, device, &list);
    }

    /// An answer whose request is not in the capture is a request of which we know less.
    fn orphan(&mut self, cx: &Cx<'_>, code: u16, function: Function) -> Option<Request> {
        let wanted = !self.asked || (self.lost && function.category != Category::Monitor);
        wanted.then(|| Request { asked: cx.at(), code, function: Some(function), ..Request::default() })
    }

    fn push(&mut self, cx: &mut Cx<'_>, key: Key, request: Request) {
        if let Some((_, old)) = self.open.push(key, request) {
            self.unanswered(cx, &old);
        }
    }

    fn unanswered(&self, cx: &mut Cx<'_>, request: &Request) {
        if let Some(password) = &request.password {
            credential(cx, password, request.asked, LoginOutcome::Unknown);
        }
        report(cx, request, if self.answered { Outcome::NoAnswer } else { Outcome::Unknown }, None);
    }
}

fn credential(cx: &mut Cx<'_>, password: &str, sent: Stamp, outcome: LoginOutcome) {
    cx.credential(Cred::new(CredKind::Password).secret(password).cleartext().sent(sent).outcome(outcome));
}

fn report(cx: &mut Cx<'_>, request: &Request, outcome: Outcome, refusal: Option<(i64, &'static str)>) {
    let Some(function) = request.function else { return };
    let mut op = Op::new(function.action, function.name)
        .category(function.category)
        .code(request.code)
        .outcome(outcome)
        .asked(request.asked)
        .by(request.by.unwrap_or(Side::Client));
    op.space = request.space.as_deref();
    op.target = request.target.as_deref();
    op.value = request.value.clone();
    op.exception = refusal;
    if let Some((start, count)) = request.address {
        op = op.address(start, count);
    }
    if request.items > 1 {
        op = op.detail("items", request.items);
    }
    if let Some((name, value)) = &request.detail {
        op = op.detail(name, value.clone());
    }
    cx.op(op);
}
