//! BACnet/IP (ASHRAE 135, annex J).
//!
//! Both ends may ask: operations are the asking side's, whoever opened the flow. Devices behind a
//! router are named by network and address (the unit of an operation); facts are about the sender,
//! or about the device a broadcast was forwarded for.

mod apdu;
mod events;
mod identity;
mod names;
mod npdu;
mod properties;
mod services;
mod tags;
#[cfg(test)]
mod tests;

use crate::bytes::Reader;
use crate::cx::Cx;
use crate::model::*;
use crate::pending::Pending;
use crate::probe::{Hint, Malformed, Probe, Role, Spec, Verdict};
use apdu::{Apdu, Joined, Kind, Segments};
use npdu::{Bvll, NetAddr, Npdu};
use services::Request;
use std::net::IpAddr;

pub static SPEC: Spec = Spec {
    name: "bacnet",
    title: "BACnet/IP",
    industrial: true,
    transports: &[Transport::Udp],
    ports: &[47808],
    ethertypes: &[],
    rank: 20,
    identify,
    open: || Box::<Bacnet>::default(),
    pdus: true,
    facts: &[
        "vendor",
        "model",
        "firmware",
        "serial",
        "name",
        "location",
        "description",
        "application",
        "vendor-id",
        "profile",
        "bbmd",
        "routed-device",
        "routed-networks",
        "id:bacnet-device",
    ],
    credentials: &["password"],
    operations: &[
        "acknowledge_alarm",
        "get_alarm_summary",
        "get_enrollment_summary",
        "subscribe_cov",
        "subscribe_cov_property",
        "subscribe_cov_property_multiple",
        "atomic_read_file",
        "atomic_write_file",
        "add_list_element",
        "remove_list_element",
        "create_object",
        "delete_object",
        "read_property",
        "read_property_conditional",
        "read_property_multiple",
        "read_range",
        "get_event_information",
        "audit_log_query",
        "write_property",
        "write_property_multiple",
        "write_group",
        "device_communication_control",
        "reinitialize_device",
        "start_backup",
        "end_backup",
        "start_restore",
        "end_restore",
        "abort_restore",
        "activate_changes",
        "confirmed_private_transfer",
        "unconfirmed_private_transfer",
        "confirmed_text_message",
        "unconfirmed_text_message",
        "life_safety_operation",
        "vt_open",
        "vt_close",
        "vt_data",
        "authenticate",
        "request_key",
        "time_synchronization",
        "utc_time_synchronization",
        "who_is",
        "who_has",
        "you_are",
        "write_broadcast_distribution_table",
        "read_broadcast_distribution_table",
        "register_foreign_device",
        "read_foreign_device_table",
        "delete_foreign_device_table_entry",
        "who_is_router_to_network",
        "what_is_network_number",
        "initialize_routing_table",
        "establish_connection_to_network",
        "disconnect_connection_to_network",
        "set_master_key",
        "update_key_set",
    ],
    source: "ASHRAE 135-2020; captures of field devices",
    level: 5,
    proofs: &["ics-security-tools/BACnet", "icsnpp-bacnet"],
};

/// A request is given up after this many microseconds (APDU timeout and retries, clause 12.11).
const TIMEOUT: i64 = 30_000_000;

/// Addresses of one message.
#[derive(Clone, Copy, Debug)]
struct Net {
    function: u8,
    origin: Option<IpAddr>,
    source: Option<NetAddr>,
    destination: Option<NetAddr>,
}

fn identify(_: &Hint, data: &[u8]) -> Verdict {
    let Some(bvll) = Bvll::read(data).filter(Bvll::fits) else { return Verdict::No };
    if !bvll.has_npdu() {
        return match bvll.function {
            0x00 | 0x03 | 0x07 => Verdict::Strong(Role::Server),
            0x0C => Verdict::Weak(Role::Unknown),
            _ => Verdict::Strong(Role::Client),
        };
    }
    let Some(npdu) = Npdu::read(bvll.body) else { return Verdict::No };
    if let Some(message) = npdu.message {
        return match message {
            0x00 | 0x06 | 0x08 | 0x09 | 0x12 => Verdict::Strong(Role::Client),
            0x01..=0x05 | 0x07 | 0x13 => Verdict::Strong(Role::Server),
            _ => Verdict::Weak(Role::Unknown),
        };
    }
    let Some(apdu) = Apdu::read(npdu.body) else { return Verdict::No };
    Verdict::Strong(match apdu.kind {
        // a device that reports is the one with the service
        Kind::Confirmed if matches!(apdu.choice, 1 | 2 | 31 | 32) => Role::Server,
        Kind::Confirmed => Role::Client,
        Kind::Unconfirmed if matches!(apdu.choice, 0 | 1 | 2 | 3 | 11 | 12 | 13) => Role::Server,
        Kind::Unconfirmed => Role::Client,
        Kind::SegmentAck | Kind::Abort if !apdu.by_server => Role::Client,
        _ => Role::Server,
    })
}

/// What tells an answer's request: who asked, its number, the station asked behind a router.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Key {
    by: Side,
    /// Invoke id; of link layer functions 256 and the function.
    invoke: u16,
    station: NetAddr,
}

/// State of one flow.
#[derive(Default)]
pub struct Bacnet {
    open: Pending<Key, Request>,
    segments: Segments,
    heard: [bool; 2],
}

impl Probe for Bacnet {
    fn datagram(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Result<(), Malformed> {
        let bvll = Bvll::read(data).filter(Bvll::fits).ok_or(Malformed)?;
        if let Some(heard) = self.heard.get_mut(cx.from() as usize) {
            *heard = true;
        }
        if !bvll.has_npdu() {
            self.link(cx, &bvll);
            return Ok(());
        }
        let npdu = Npdu::read(bvll.body).ok_or(Malformed)?;
        let net = Net {
            function: bvll.function,
            origin: bvll.origin,
            source: npdu.source,
            destination: npdu.destination,
        };
        if let Some(message) = npdu.message {
            self.network(cx, &net, message, npdu.body);
            return Ok(());
        }
        let apdu = Apdu::read(npdu.body).ok_or(Malformed)?;
        if apdu.segment.is_none() {
            self.apdu(cx, &net, &apdu, apdu.body);
            return Ok(());
        }
        match self.segments.add(cx.from(), &apdu) {
            Joined::Whole(body) => self.apdu(cx, &net, &apdu, &body),
            Joined::Open => {}
            Joined::Lost => cx.dropped("bacnet_segments"),
        }
        Ok(())
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

impl Bacnet {
    /// Messages of the virtual link layer: broadcast tables and foreign devices.
    fn link(&mut self, cx: &mut Cx<'_>, bvll: &Bvll<'_>) {
        let name = names::bvlc(bvll.function).unwrap_or("unknown");
        let key = |by: Side, function: u8| Key {
            by,
            invoke: 0x100 | u16::from(function),
            station: NetAddr::default(),
        };
        match bvll.function {
            npdu::BVLC_RESULT => {
                let code = Reader::new(bvll.body).be16().unwrap_or(0);
                let text = result(code);
                events::link(cx, bvll, None, Some((code, text)));
                let asked = cx.from().other();
                // a refusal names the function, success does not: the oldest open request got it
                let request = match code {
                    0 => self.open.take_if(|k, _| k.by == asked && k.invoke >= 0x100).map(|(_, r)| r),
                    _ => self.open.take(&key(asked, refused_function(code))),
                };
                if let Some(request) = request {
                    let outcome = if code == 0 { Outcome::Accepted } else { Outcome::Refused };
                    request.report(cx, outcome, (code != 0).then_some((u32::from(code), text)));
                }
            }
            0x03 | 0x07 => {
                events::link(cx, bvll, None, Some((0, "successful_completion")));
                cx.fact(cx.from(), "bbmd", "broadcast management device", "bvlc.table");
                if let Some(request) = self.open.take(&key(cx.from().other(), bvll.function - 1)) {
                    request.report(cx, Outcome::Accepted, None);
                }
            }
            0x01 | 0x02 | 0x05 | 0x06 | 0x08 => {
                let action = if matches!(bvll.function, 2 | 6) { Action::Read } else { Action::Configure };
                let mut request = Request::lower(cx, name, bvll.function, action);
                if bvll.function == 5
                    && let Some(ttl) = Reader::new(bvll.body).be16()
                {
                    request.detail("ttl_seconds", ttl);
                }
                if bvll.function == 1 {
                    request.detail("entries", bvll.body.len() / 10);
                }
                events::link(cx, bvll, Some(&request), None);
                self.ask(cx, key(cx.from(), bvll.function), request);
            }
            _ => events::link(cx, bvll, None, None),
        }
    }

    /// Messages of the network layer: routers tell what they reach; some set up routes.
    fn network(&mut self, cx: &mut Cx<'_>, net: &Net, kind: u8, body: &[u8]) {
        let name = names::network_message(kind);
        let action = match kind {
            0x00 | 0x12 => Some(Action::Discover),
            0x06 | 0x08 | 0x09 | 0x0D | 0x0E | 0x0F | 0x11 => Some(Action::Configure),
            _ => None,
        };
        let request = action.map(|action| Request::lower(cx, name, kind, action));
        events::network(cx, net.function, kind, net, request.as_ref());
        if kind == 0x01 && net.source.is_none() {
            let networks: Vec<String> =
                body.chunks_exact(2).take(32).map(|c| u16::from_be_bytes([c[0], c[1]]).to_string()).collect();
            cx.fact(cx.from(), "routed-networks", &networks.join(" "), "i_am_router_to_network");
        }
        if let Some(request) = request {
            request.report(cx, Outcome::Unknown, None);
        }
    }

    /// A whole APDU; `body` is what follows the service choice, of all segments.
    fn apdu(&mut self, cx: &mut Cx<'_>, net: &Net, apdu: &Apdu<'_>, body: &[u8]) {
        match apdu.kind {
            Kind::Confirmed => {
                let request = Request::confirmed(cx, net, apdu, body);
                events::apdu(cx, net, apdu, body, request.as_ref());
                let station = net.destination.filter(|d| !d.is_broadcast()).unwrap_or_default();
                let key = Key { by: cx.from(), invoke: u16::from(apdu.invoke.unwrap_or(0)), station };
                if let Some(request) = request {
                    // the same number and service while one is open: the client asks again
                    if self.open.get(&key).is_some_and(|open| open.service == request.service) {
                        return;
                    }
                    self.ask(cx, key, request);
                }
            }
            Kind::Unconfirmed => {
                let request = Request::unconfirmed(cx, net, apdu, body);
                events::apdu(cx, net, apdu, body, request.as_ref());
                identity::announced(cx, net, apdu.choice, body);
                if let Some(request) = request {
                    request.report(cx, Outcome::Unknown, None);
                }
            }
            Kind::SegmentAck => events::apdu(cx, net, apdu, body, None),
            _ => self.answer(cx, net, apdu, body),
        }
    }

    fn answer(&mut self, cx: &mut Cx<'_>, net: &Net, apdu: &Apdu<'_>, body: &[u8]) {
        events::apdu(cx, net, apdu, body, None);
        if apdu.kind == Kind::ComplexAck {
            identity::read_facts(cx, net, apdu.choice, body);
        }
        // an abort by the client ends its own request
        let by = if apdu.kind == Kind::Abort && !apdu.by_server { cx.from() } else { cx.from().other() };
        let station = net.source.unwrap_or_default();
        let key = Key { by, invoke: u16::from(apdu.invoke.unwrap_or(0)), station };
        let Some(request) = self.open.take(&key) else { return };
        let (kind, code) = match apdu.kind {
            Kind::Error => (names::Kind::Error, properties::error_code(body).unwrap_or(0)),
            Kind::Reject => (names::Kind::Reject, u32::from(apdu.choice)),
            Kind::Abort => (names::Kind::Abort, u32::from(apdu.choice)),
            _ => return request.report(cx, Outcome::Accepted, None),
        };
        request.report(cx, Outcome::Refused, Some((code, &names::text(kind, code))));
    }

    fn ask(&mut self, cx: &mut Cx<'_>, key: Key, request: Request) {
        if let Some(old) = self.open.take(&key) {
            self.unanswered(cx, key, old);
        }
        if let Some((key, old)) = self.open.push(key, request) {
            self.unanswered(cx, key, old);
        }
    }

    fn unanswered(&mut self, cx: &mut Cx<'_>, key: Key, request: Request) {
        let heard = self.heard.get(key.by.other() as usize).copied().unwrap_or(false);
        request.report(cx, if heard { Outcome::NoAnswer } else { Outcome::Unknown }, None);
    }
}

/// Name of a BVLC result code (J.2.1).
fn result(code: u16) -> &'static str {
    match code {
        0x00 => "successful_completion",
        0x10 => "write_broadcast_distribution_table_nak",
        0x20 => "read_broadcast_distribution_table_nak",
        0x30 => "register_foreign_device_nak",
        0x40 => "read_foreign_device_table_nak",
        0x50 => "delete_foreign_device_table_entry_nak",
        0x60 => "distribute_broadcast_to_network_nak",
        _ => "unknown_result",
    }
}

/// Function that a BVLC refusal is about.
fn refused_function(code: u16) -> u8 {
    match code {
        0x10 => 0x01,
        0x20 => 0x02,
        0x30 => 0x05,
        0x40 => 0x06,
        0x50 => 0x08,
        _ => 0x09,
    }
}
