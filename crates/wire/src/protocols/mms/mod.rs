//! MMS, the protocol of IEC 61850 devices and of control centres (ICCP): ISO 9506 over ISO transport.
//!
//! The variables of IEC 61850 have names that say what a read or write of them does; so commands,
//! setting groups, reports and control blocks become operations of their own name. Either side may ask
//! the other; the client is who opened the association, an operation's is who asked.
//! Sources: see `layers`, `services`, `names`.

mod association;
mod event;
mod identity;
mod layers;
mod names;
mod outcome;
mod request;
mod services;
#[cfg(test)]
mod tests;

use super::ber::{self, Ber, Tlv};
use super::s7comm::frame::{self, Found, Tpdu};
use crate::cx::Cx;
use crate::model::*;
use crate::pending::Pending;
use crate::probe::{Probe, Spec, Step};
use association::Association;
use layers::Layer;
use outcome::{report, results};
use request::Request;

/// A request without an answer for so long has none, in microseconds.
const TIMEOUT: Micros = 30_000_000;
/// Octets joined of a message that came in several TPDUs.
const MAX_JOINED: usize = 64 * 1024;
/// Files open at a time of which the name is kept.
const MAX_FILES: usize = 16;

pub static SPEC: Spec = Spec {
    name: "mms",
    title: "MMS (IEC 61850, ICCP)",
    industrial: true,
    transports: &[Transport::Tcp],
    ports: &[frame::PORT],
    ethertypes: &[],
    rank: 91,
    identify: layers::identify,
    open: || Box::<Mms>::default(),
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
        "id:iec61850",
        "ap-title",
        "role",
    ],
    credentials: &["password"],
    operations: &[
        "associate",
        "abort",
        "status",
        "get_name_list",
        "identify",
        "read",
        "select",
        "write",
        "operate",
        "select_with_value",
        "cancel_control",
        "substitute",
        "select_active_sg",
        "select_edit_sg",
        "set_edit_sg_value",
        "confirm_edit_sg_values",
        "set_sgcb_values",
        "enable_report",
        "disable_report",
        "set_report_control_values",
        "enable_goose",
        "disable_goose",
        "set_gocb_values",
        "enable_sv",
        "disable_sv",
        "set_svcb_values",
        "enable_log",
        "disable_log",
        "set_lcb_values",
        "get_variable_access_attributes",
        "define_named_variable_list",
        "get_named_variable_list_attributes",
        "delete_named_variable_list",
        "take_control",
        "relinquish_control",
        "initiate_download_sequence",
        "download_segment",
        "terminate_download_sequence",
        "initiate_upload_sequence",
        "upload_segment",
        "terminate_upload_sequence",
        "delete_domain",
        "create_program_invocation",
        "delete_program_invocation",
        "start",
        "stop",
        "resume",
        "reset",
        "kill",
        "obtain_file",
        "file_open",
        "file_read",
        "file_close",
        "file_rename",
        "file_delete",
        "file_directory",
        "read_journal",
        "initialize_journal",
        "get_alarm_summary",
        "cancel",
    ],
    source: "ISO 9506-1 and -2; IEC 61850-8-1; ITU-T X.225, X.226, X.227; RFC 1006",
    level: 5,
    proofs: &["ics-security-tools/IEC61850"],
};

/// Who asked, and the number of the request. A request to cancel has the number of what it cancels.
type Key = (Side, bool, i64);

/// One flow.
#[derive(Default)]
struct Mms {
    open: Pending<Key, Request>,
    association: Option<Association>,
    /// Parts of a message not yet complete, by sender.
    parts: [Vec<u8>; 2],
    /// Which sides were heard to answer or ask.
    heard: [bool; 2],
    /// Files open, by who opened them and their number.
    files: Vec<(Side, i64, String)>,
    identity: identity::Known,
}

fn slot(side: Side) -> usize {
    match side {
        Side::Client => 0,
        Side::Server => 1,
    }
}

impl Probe for Mms {
    fn stream(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Step {
        match frame::read(data) {
            Found::Tpdu(tpdu, size) => {
                self.tpdu(cx, &tpdu);
                Step::Used(size)
            }
            Found::Short => Step::Need,
            Found::No => Step::Bad,
        }
    }

    fn gap(&mut self, _cx: &mut Cx<'_>, from: Side, _missing: u64) {
        if let Some(part) = self.parts.get_mut(slot(from)) {
            part.clear();
        }
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
        self.associated(cx, None);
    }
}

impl Mms {
    fn tpdu(&mut self, cx: &mut Cx<'_>, tpdu: &Tpdu<'_>) {
        if tpdu.code != frame::DATA {
            return;
        }
        let Some(part) = self.parts.get_mut(slot(cx.from())) else { return };
        if tpdu.is_last() && part.is_empty() {
            return self.message(cx, tpdu.payload);
        }
        if part.len() + tpdu.payload.len() > MAX_JOINED {
            *part = Vec::new();
            return cx.dropped("mms_parts");
        }
        part.extend_from_slice(tpdu.payload);
        if tpdu.is_last() {
            let whole = std::mem::take(part);
            self.message(cx, &whole);
        }
    }

    fn message(&mut self, cx: &mut Cx<'_>, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        let Some(layer) = layers::read(bytes) else { return cx.malformed() };
        match layer {
            Layer::Mms(pdu) => self.pdu(cx, pdu),
            Layer::Associate(acse) => {
                if cx.from() != Side::Client && cx.swap_roles() {
                    self.parts.swap(0, 1);
                    self.heard.swap(0, 1);
                }
                self.hear(cx);
                self.ask(cx, &acse);
            }
            Layer::Associated(acse) => {
                self.hear(cx);
                self.associated(cx, Some((acse.result, acse.diagnostic)));
                if let Some(pdu) = acse.mms {
                    self.pdu(cx, pdu);
                }
            }
            Layer::Refused => {
                self.hear(cx);
                self.associated(cx, Some((Some(1), None)));
            }
            Layer::Release => event::plain(cx, "release", None),
            Layer::Abort => {
                event::plain(cx, "abort", None);
                let by = cx.from();
                cx.op(Op::new(Action::Other, "abort").by(by).outcome(Outcome::Accepted).notable());
            }
        }
    }

    fn hear(&mut self, cx: &Cx<'_>) {
        if let Some(heard) = self.heard.get_mut(slot(cx.from())) {
            *heard = true;
        }
    }

    fn pdu(&mut self, cx: &mut Cx<'_>, bytes: &[u8]) {
        let Some(pdu) = Ber::new(bytes).next() else { return cx.malformed() };
        self.hear(cx);
        match pdu.tag {
            0xa0 => self.request(cx, pdu),
            0xa1 => self.response(cx, pdu),
            0xa2 => self.error(cx, pdu),
            0xa3 => match pdu.inner().next() {
                Some(report) if report.tag == 0xa0 => event::report(cx, report),
                _ => event::plain(cx, "unconfirmed", None),
            },
            0xa4 => self.rejected(cx, pdu),
            0x85 => {
                let id = ber::int(pdu.body).unwrap_or(0);
                event::plain(cx, "cancel_request", Some(id));
                let request = Request::bare(cx, services::CANCEL);
                self.push(cx, (cx.from(), true, id), request);
            }
            0x86 | 0xa7 => {
                let accepted = pdu.tag == 0x86;
                let id = if accepted { ber::int(pdu.body) } else { pdu.inner().next().and_then(|t| t.int()) };
                event::plain(cx, if accepted { "cancel_response" } else { "cancel_error" }, id);
                if let Some(request) = id.and_then(|id| self.open.take(&(cx.from().other(), true, id))) {
                    let outcome = if accepted { Outcome::Accepted } else { Outcome::Refused };
                    report(cx, &request, |_| (outcome, None));
                }
            }
            0xa8 => event::initiate(cx, "initiate_request", pdu),
            0xa9 => event::initiate(cx, "initiate_response", pdu),
            0xaa => {
                event::plain(cx, "initiate_error", None);
                self.associated(cx, Some((Some(1), None)));
            }
            0x8b => event::plain(cx, "conclude_request", None),
            0x8c => event::plain(cx, "conclude_response", None),
            0xad => event::plain(cx, "conclude_error", None),
            _ => cx.malformed(),
        }
    }

    fn request(&mut self, cx: &mut Cx<'_>, pdu: Tlv<'_>) {
        let mut inner = pdu.inner();
        let Some(id) = inner.integer() else { return cx.malformed() };
        inner.expect(ber::SEQUENCE);
        let service = inner.next().and_then(|t| Some((layers::number(t.tag)?, t)));
        let Some((number, service)) = service else { return cx.malformed() };
        let mut request = Request::read(cx, number, service);
        if let Some(file) = request.file {
            let by = cx.from();
            let name = self.files.iter().find(|(s, f, _)| *s == by && *f == file).map(|(.., n)| n.clone());
            if let (Some(name), Some(item)) = (name, request.items.first_mut()) {
                item.object = Some(names::Object { domain: None, item: name });
            }
            if number == services::FILE_CLOSE {
                self.files.retain(|(s, f, _)| *s != by || *f != file);
            }
        }
        event::request(cx, id, &request);
        self.push(cx, (cx.from(), false, id), request);
    }

    fn response(&mut self, cx: &mut Cx<'_>, pdu: Tlv<'_>) {
        let mut inner = pdu.inner();
        let Some(id) = inner.integer() else { return cx.malformed() };
        let service = inner.next();
        let number = service.and_then(|t| layers::number(t.tag));
        let asker = cx.from().other();
        let open = self.open.take(&(asker, false, id));
        let (Some(service), Some(number)) = (service, number) else {
            // an answer, but not one that says how it went
            cx.malformed();
            if let Some(request) = open {
                report(cx, &request, |_| (Outcome::Unknown, None));
            }
            return;
        };
        let results = results(number, service);
        event::answer(cx, id, Some(service), Some(number), results.iter().find_map(|r| *r));
        let request = match open {
            Some(request) => request,
            None if !self.asked(asker) => {
                let mut request = Request::bare(cx, number);
                request.by = asker;
                request
            }
            None => return,
        };
        if request.number != number {
            cx.malformed();
            return report(cx, &request, |_| (Outcome::Unknown, None));
        }
        self.opened(&request, service);
        self.identity.answered(cx, &request, service);
        let whole = results.iter().all(|r| r.is_some()) && !results.is_empty();
        let first = results.iter().find_map(|r| *r);
        let one_each = number == services::WRITE && results.len() == request.items.len();
        report(cx, &request, |i| {
            let refusal = if one_each { results.get(i).copied().flatten() } else { first.filter(|_| whole) };
            (if refusal.is_some() { Outcome::Refused } else { Outcome::Accepted }, refusal)
        });
    }

    /// A request of this side was seen, so that an answer without one is none of a capture's beginning.
    fn asked(&self, side: Side) -> bool {
        self.heard.get(slot(side)) == Some(&true)
    }

    /// Keeps the name of a file that was opened.
    fn opened(&mut self, request: &Request, service: Tlv<'_>) {
        if request.number != services::FILE_OPEN {
            return;
        }
        let number = service.inner().find(|t| t.tag == 0x80).and_then(|t| t.int());
        let name = request.items.first().and_then(|i| i.object.as_ref()).map(|o| o.item.clone());
        if let (Some(number), Some(name)) = (number, name) {
            self.files.retain(|(s, f, _)| *s != request.by || *f != number);
            if self.files.len() >= MAX_FILES {
                self.files.remove(0);
            }
            self.files.push((request.by, number, name));
        }
    }

    fn error(&mut self, cx: &mut Cx<'_>, pdu: Tlv<'_>) {
        let mut inner = pdu.inner();
        let Some(id) = inner.expect(0x80).and_then(|t| t.int()) else { return cx.malformed() };
        let class = inner.find(|t| t.tag == 0xa2).and_then(|t| t.inner().find(|t| t.tag == 0xa0));
        let class = class.and_then(|t| t.inner().next());
        let refusal = class.and_then(|t| {
            let (class, code) = (layers::number(t.tag)?, t.int()?);
            Some((i64::from(class) * 100 + code, services::service_error(class, code)))
        });
        let request = self.open.take(&(cx.from().other(), false, id));
        event::answer(cx, id, None, request.as_ref().map(|r| r.number), refusal);
        if let Some(request) = request {
            report(cx, &request, |_| (Outcome::Refused, refusal));
        }
    }

    /// A PDU could not be read by its receiver.
    fn rejected(&mut self, cx: &mut Cx<'_>, pdu: Tlv<'_>) {
        let id = pdu.inner().next().filter(|t| t.tag == 0x80).and_then(|t| t.int());
        event::plain(cx, "reject", id);
        let request = id.and_then(|id| self.open.take(&(cx.from().other(), false, id)));
        if let Some(request) = request {
            report(cx, &request, |_| (Outcome::Refused, Some((1300, "rejected"))));
        }
    }

    fn push(&mut self, cx: &mut Cx<'_>, key: Key, request: Request) {
        if let Some((_, old)) = self.open.push(key, request) {
            self.unanswered(cx, &old);
        }
    }

    fn unanswered(&self, cx: &mut Cx<'_>, request: &Request) {
        let heard = self.asked(request.by.other());
        report(cx, request, |_| (if heard { Outcome::NoAnswer } else { Outcome::Unknown }, None));
    }
}
