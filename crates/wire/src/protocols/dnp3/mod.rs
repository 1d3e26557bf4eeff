//! DNP3 over TCP and UDP (IEEE 1815-2012; clause 13 for IP networks).
//!
//! Link frames are checked by their CRCs, so that recognition on any port is certain. Masters ask,
//! outstations answer; which end of the connection is which follows from the function codes, not
//! from who opened it. The unit of an operation is the outstation's link address.

mod app;
mod event;
mod functions;
mod link;
mod objects;
#[cfg(test)]
mod tests;
mod values;

use crate::cx::Cx;
use crate::model::{Outcome, Side, Transport};
use crate::pending::Pending;
use crate::probe::{Hint, Malformed, Probe, Role, Spec, Step, Verdict};
use app::{Association, Request};
use link::{Header, Segment};

pub static SPEC: Spec = Spec {
    name: "dnp3",
    title: "DNP3 (IEEE 1815)",
    industrial: true,
    transports: &[Transport::Tcp, Transport::Udp],
    ports: &[20000],
    ethertypes: &[],
    rank: 20,
    identify,
    open: || Box::<Dnp3>::default(),
    pdus: true,
    facts: &["vendor", "product", "firmware", "hardware", "serial", "name", "location", "id:dnp3"],
    credentials: &["password"],
    operations: &[
        "read",
        "read_device_attributes",
        "read_file",
        "write",
        "write_time",
        "write_internal_indications",
        "write_file",
        "write_device_name",
        "write_device_attributes",
        "write_analog_deadband",
        "select",
        "operate",
        "direct_operate",
        "direct_operate_no_ack",
        "immediate_freeze",
        "immediate_freeze_no_ack",
        "freeze_and_clear",
        "freeze_and_clear_no_ack",
        "freeze_at_time",
        "freeze_at_time_no_ack",
        "cold_restart",
        "warm_restart",
        "initialize_data",
        "initialize_application",
        "start_application",
        "stop_application",
        "save_configuration",
        "enable_unsolicited",
        "disable_unsolicited",
        "assign_class",
        "delay_measurement",
        "record_current_time",
        "open_file",
        "open_file_write",
        "open_file_append",
        "close_file",
        "delete_file",
        "get_file_information",
        "authenticate_file",
        "abort_file",
        "activate_configuration",
        "authenticate_request",
        "authenticate_request_no_ack",
        "change_user_status",
        "change_update_key",
    ],
    source: "IEEE 1815-2012; captures of opendnp3 and of field devices",
    level: 5,
    proofs: &["ics-security-tools/dnp3", "zeek/dnp3"],
};

/// A request is given up after this many microseconds.
const TIMEOUT: i64 = 30_000_000;
/// Link addresses of one flow whose facts are noted once only.
const MAX_KNOWN: usize = 64;
/// File handles of one flow whose names are remembered.
const MAX_FILES: usize = 8;

fn identify(_: &Hint, data: &[u8]) -> Verdict {
    if data.len() < link::HEADER {
        let start: &[u8] = &[0x05, 0x64];
        let agrees = data.iter().zip(start).all(|(a, b)| a == b);
        return if agrees { Verdict::Need } else { Verdict::No };
    }
    match Header::read(data) {
        Some(h) if h.by_master() => Verdict::Strong(Role::Client),
        Some(_) => Verdict::Strong(Role::Server),
        None => Verdict::No,
    }
}

/// State of one flow.
#[derive(Default)]
pub struct Dnp3 {
    transport: link::Transport,
    open: Pending<Association, Request>,
    /// Sides of which at least one frame was seen.
    heard: [bool; 2],
    /// Link addresses whose facts were noted, with the side that has them.
    known: Vec<(Side, u16)>,
    /// Open files: handle and name.
    files: Vec<(u32, Box<str>)>,
    secured: bool,
}

impl Probe for Dnp3 {
    fn stream(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Step {
        if data.len() < link::HEADER {
            let start: &[u8] = &[0x05, 0x64];
            let agrees = data.iter().zip(start).all(|(a, b)| a == b);
            return if agrees { Step::Need } else { Step::Bad };
        }
        let Some(header) = Header::read(data) else {
            // look for the next start octets in what is there
            return match memchr::memmem::find(data.get(1..).unwrap_or_default(), &[0x05, 0x64]) {
                Some(at) => {
                    cx.malformed();
                    Step::Used(at + 1)
                }
                None => Step::Bad,
            };
        };
        let Some(frame) = data.get(..header.total()) else { return Step::Need };
        self.frame(cx, &header, frame);
        Step::Used(header.total())
    }

    fn datagram(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Result<(), Malformed> {
        let mut rest = data;
        while !rest.is_empty() {
            let header = Header::read(rest).ok_or(Malformed)?;
            let frame = rest.get(..header.total()).ok_or(Malformed)?;
            self.frame(cx, &header, frame);
            rest = rest.get(header.total()..).unwrap_or_default();
        }
        Ok(())
    }

    fn gap(&mut self, _: &mut Cx<'_>, _: Side, _: u64) {
        self.transport.forget();
    }

    fn tick(&mut self, cx: &mut Cx<'_>) {
        let now = cx.at().time;
        while let Some((key, request)) = self.open.take_if(|_, r| now.saturating_sub(r.asked.time) > TIMEOUT)
        {
            self.unanswered(cx, key, request);
        }
    }

    fn end(&mut self, cx: &mut Cx<'_>) {
        let open: Vec<_> = self.open.drain().collect();
        for (key, request) in open {
            self.unanswered(cx, key, request);
        }
    }
}

impl Dnp3 {
    fn frame(&mut self, cx: &mut Cx<'_>, header: &Header, frame: &[u8]) {
        if let Some(heard) = self.heard.get_mut(cx.from() as usize) {
            *heard = true;
        }
        self.note_address(cx, cx.from(), header.source);
        if !header.has_user_data() {
            return event::link_event(cx, header);
        }
        let mut buffer = [0u8; 250];
        let Some(user) = link::user_data(header, frame, &mut buffer) else { return cx.malformed() };
        match self.transport.segment(header, user) {
            Segment::Whole(fragment) => self.fragment(cx, header, fragment),
            Segment::Joined(fragment) => self.fragment(cx, header, &fragment),
            Segment::Open => {}
            Segment::Lost => cx.malformed(),
            Segment::TooLong => cx.dropped("dnp3_fragment_too_long"),
        }
    }

    /// Notes a link address as an identity of the host that sends from it, once.
    fn note_address(&mut self, cx: &mut Cx<'_>, side: Side, address: u16) {
        if address >= link::RESERVED_ADDRESSES
            || self.known.len() >= MAX_KNOWN
            || self.known.contains(&(side, address))
        {
            return;
        }
        self.known.push((side, address));
        cx.fact(side, "id:dnp3", itoa::Buffer::new().format(address), "link.source");
    }

    /// Reports a request that got no answer.
    fn unanswered(&mut self, cx: &mut Cx<'_>, key: Association, request: Request) {
        let heard = self.heard.get(request.by.other() as usize).copied().unwrap_or(false);
        let outcome = if heard && key.outstation < link::RESERVED_ADDRESSES {
            Outcome::NoAnswer
        } else {
            Outcome::Unknown
        };
        request.report(cx, key, outcome, None);
    }
}
