//! EtherNet/IP with CIP and, inside it, PCCC: explicit messages and discovery, TCP and UDP.
//!
//! Sources: ODVA, The CIP Networks Library, volumes 1 and 2. The implicit (I/O) messages of UDP
//! 2222 have a probe of their own, `cip_io`.

mod cip;
pub mod encap;
mod event;
mod identity;
mod path;
mod pccc;
mod report;
mod services;
#[cfg(test)]
mod tests;
mod vendors;

use crate::cx::Cx;
use crate::model::*;
use crate::pending::Pending;
use crate::probe::{Malformed, Probe, Spec, Step};
use encap::{Found, Message};
use report::{answered, report};

/// A request without an answer for so long has none, in microseconds.
const TIMEOUT: Micros = 30_000_000;
/// Connections remembered per flow.
const MAX_CONNECTIONS: usize = 32;

pub static SPEC: Spec = Spec {
    name: "enip",
    title: "EtherNet/IP",
    industrial: true,
    transports: &[Transport::Tcp, Transport::Udp],
    ports: &[encap::PORT],
    ethertypes: &[],
    rank: 100,
    identify: encap::identify,
    open: || Box::new(Enip::default()),
    pdus: true,
    facts: &[
        "vendor",
        "product",
        "model",
        "firmware",
        "serial",
        "device_type",
        "role",
        "hostname",
        "module",
        "module_firmware",
        "module_serial",
    ],
    credentials: &[],
    operations: &[
        "list_identity",
        "list_services",
        "list_interfaces",
        "get_attributes_all",
        "get_attribute_list",
        "get_attribute_single",
        "set_attributes_all",
        "set_attribute_list",
        "set_attribute_single",
        "set_wall_clock_time",
        "set_interface_configuration",
        "set_host_name",
        "cip_reset",
        "cip_reset_factory_default",
        "cip_start",
        "cip_stop",
        "create",
        "delete",
        "apply_attributes",
        "save",
        "restore",
        "forward_open",
        "forward_open_io",
        "large_forward_open",
        "large_forward_open_io",
        "forward_close",
        "read_tag",
        "write_tag",
        "read_modify_write_tag",
        "read_tag_fragmented",
        "write_tag_fragmented",
        "upload_routine",
        "download_routine",
        "initiate_upload",
        "initiate_download",
        "upload_transfer",
        "download_transfer",
        "clear_file",
        "nvs_update",
        "nvs_transfer",
        "protected_typed_logical_write_with_three_address_fields",
        "set_cpu_mode",
        "change_mode",
        "download_all_request",
        "upload_all_request",
        "initialize_memory",
        "disable_forces",
    ],
    source: "ODVA, The CIP Networks Library, volumes 1 and 2; Rockwell 1756-PM020, 1770-6.5.16",
    level: 5,
    proofs: &["ics-security-tools/EthernetIP", "icsnpp-enip"],
};

/// What was asked.
enum Asked {
    /// A command of the encapsulation itself.
    Command(u16),
    Cip(Box<cip::Request>),
}

struct Open {
    asked: Stamp,
    by: Side,
    what: Asked,
}

/// Command, and sender context or sequence count.
type Key = (u16, u64);

/// A connection that was opened: the ids requests and answers come with, and its route.
struct Connection {
    ids: [u32; 2],
    route: Option<String>,
    /// It leads to the message router; others carry bytes only their object understands.
    explicit: bool,
}

/// One flow.
#[derive(Default)]
struct Enip {
    open: Pending<Key, Open>,
    connections: Vec<Connection>,
    settled: bool,
    asked: bool,
    answered: bool,
    lost: bool,
    cip: bool,
    pccc: bool,
}

impl Probe for Enip {
    fn stream(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Step {
        match encap::read(data) {
            Found::Message(message, size) => {
                self.message(cx, message);
                Step::Used(size)
            }
            Found::Short => Step::Need,
            Found::No => Step::Bad,
        }
    }

    fn datagram(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Result<(), Malformed> {
        match encap::read(data) {
            Found::Message(message, _) => {
                self.message(cx, message);
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
        while let Some((_, open)) = self.open.take_if(|_, o| now.saturating_sub(o.asked.time) > TIMEOUT) {
            self.unanswered(cx, &open);
        }
    }

    fn end(&mut self, cx: &mut Cx<'_>) {
        for (_, open) in std::mem::take(&mut self.open).drain() {
            self.unanswered(cx, &open);
        }
    }
}

impl Enip {
    fn message(&mut self, cx: &mut Cx<'_>, message: Message<'_>) {
        let sender = message.sender();
        if let Some(side) = sender
            && !self.settled
        {
            self.settled = true;
            cx.sender_is(side);
        }
        let is_request = sender.unwrap_or(cx.from()) == Side::Client;
        if is_request {
            self.asked = true;
        } else {
            self.answered = true;
        }
        if cx.wants_pdus() {
            event::encapsulation(cx, &message, is_request);
        }
        match message.command {
            encap::LIST_SERVICES | encap::LIST_IDENTITY | encap::LIST_INTERFACES => {
                self.discovery(cx, &message, is_request);
            }
            encap::SEND_RR_DATA | encap::SEND_UNIT_DATA => self.data(cx, &message, is_request),
            _ => {}
        }
    }

    fn discovery(&mut self, cx: &mut Cx<'_>, message: &Message<'_>, is_request: bool) {
        let key = (message.command, u64::from_le_bytes(message.context));
        let open = Open { asked: cx.at(), by: cx.from(), what: Asked::Command(message.command) };
        if is_request {
            return self.push(cx, key, open);
        }
        for item in message.items().filter(|i| i.kind == encap::ITEM_IDENTITY) {
            let Some(id) = identity::Identity::item(item.data) else {
                cx.malformed();
                continue;
            };
            if cx.wants_pdus() {
                event::identity(cx, &id);
            }
            let device = cx.from();
            id.facts(cx, device, false);
        }
        // the question may have been a broadcast, which is another flow
        let open = self.open.take(&key).unwrap_or(Open { by: cx.from().other(), ..open });
        let outcome = if message.status == 0 { Outcome::Accepted } else { Outcome::Refused };
        report(cx, &open, outcome, None);
    }

    fn data(&mut self, cx: &mut Cx<'_>, message: &Message<'_>, is_request: bool) {
        let (mut connection, mut sequence, mut payload) = (None, None, None);
        for item in message.items() {
            match (item.kind, item.data) {
                (encap::ITEM_CONNECTED_ADDRESS, &[a, b, c, d, ..]) => {
                    connection = Some(u32::from_le_bytes([a, b, c, d]));
                }
                (encap::ITEM_UNCONNECTED_DATA, data) => payload = Some(data),
                (encap::ITEM_CONNECTED_DATA, &[a, b, ref data @ ..]) => {
                    sequence = Some(u16::from_le_bytes([a, b]));
                    payload = Some(data);
                }
                _ => {}
            }
        }
        let id = sequence.map_or(u64::from_le_bytes(message.context), u64::from);
        let key = (message.command, id);
        let known = self.connections.iter().find(|c| connection.is_some_and(|id| c.ids.contains(&id)));
        if known.is_some_and(|c| !c.explicit) {
            return;
        }
        let Some(payload) = payload.filter(|p| !p.is_empty()) else {
            // a refusal by the encapsulation itself
            if message.status != 0
                && let Some(open) = self.open.take(&key)
            {
                report(cx, &open, Outcome::Refused, None);
            }
            return;
        };
        // a service is offered once it answers
        if !self.cip && !is_request {
            self.cip = true;
            cx.also("cip");
        }
        let done = if is_request {
            self.request(cx, key, connection, sequence, payload)
        } else {
            self.response(cx, key, sequence, payload)
        };
        if done.is_none() {
            cx.malformed();
        }
    }

    fn request(
        &mut self,
        cx: &mut Cx<'_>,
        key: Key,
        connection: Option<u32>,
        sequence: Option<u16>,
        payload: &[u8],
    ) -> Option<()> {
        let mut request = cip::request(payload, cx.wants_pdus())?;
        if request.route.is_none() {
            let known = self.connections.iter().find(|c| Some(c.ids[0]) == connection);
            request.set_route(known.and_then(|c| c.route.as_deref()));
        }
        if cx.wants_pdus() {
            event::request(cx, &request, sequence);
        }
        let what = Asked::Cip(Box::new(request));
        self.push(cx, key, Open { asked: cx.at(), by: cx.from(), what });
        Some(())
    }

    fn response(&mut self, cx: &mut Cx<'_>, key: Key, sequence: Option<u16>, payload: &[u8]) -> Option<()> {
        let response = cip::response(payload)?;
        let fits = |open: &Open| match &open.what {
            Asked::Cip(request) => {
                request.code == response.code
                    || (request.unconnected_send && response.code == services::UNCONNECTED_SEND)
            }
            Asked::Command(_) => false,
        };
        let open = self.open.take_if(|k, open| *k == key && fits(open)).map(|(_, open)| open);
        let asked = open.as_ref().and_then(|o| match &o.what {
            Asked::Cip(request) => Some(&**request),
            Asked::Command(_) => None,
        });
        if cx.wants_pdus() {
            event::response(cx, &response, asked, sequence);
        }
        let Some(open) = &open else {
            self.orphan(cx, &response);
            return Some(());
        };
        self.lost = false;
        if let Some(request) = asked {
            if request.pccc.is_some() && response.is_good() && !self.pccc {
                self.pccc = true;
                cx.also("pccc");
            }
            self.connection(request, &response);
            answered(cx, open, request, &response);
        }
        Some(())
    }

    /// Remembers a connection that was opened, to know the route of what comes over it.
    fn connection(&mut self, request: &cip::Request, response: &cip::Response<'_>) {
        let Some(open) = request.open.as_ref().filter(|o| o.class >= 2 && response.status == 0) else {
            return;
        };
        let Some(&[a, b, c, d]) = response.data.get(..4).and_then(|b| <&[u8; 4]>::try_from(b).ok()) else {
            return;
        };
        if self.connections.len() >= MAX_CONNECTIONS {
            self.connections.remove(0);
        }
        let route = open.path.route.as_ref().map(|hop| hop.text());
        let ids = [u32::from_le_bytes([a, b, c, d]), open.to_originator];
        let explicit = open.path.class.is_none_or(|class| class == services::MESSAGE_ROUTER);
        self.connections.push(Connection { ids, route, explicit });
    }

    /// An answer whose request is not in the capture is a request of which we know less.
    fn orphan(&mut self, cx: &mut Cx<'_>, response: &cip::Response<'_>) {
        let path = path::Path::default();
        let service = services::of(response.code, &path, &[]);
        if self.asked && !(self.lost && service.category != Category::Monitor) {
            return;
        }
        let by = cx.from().other();
        let parts: Vec<_> = if response.code == services::MULTIPLE_SERVICE_PACKET {
            response.embedded().collect()
        } else {
            vec![*response]
        };
        for part in parts {
            let service = services::of(part.code, &path, &[]);
            let outcome = if part.is_good() { Outcome::Accepted } else { Outcome::Refused };
            let mut op = Op::new(service.action, &service.name)
                .protocol("cip")
                .category(service.category)
                .code(part.code)
                .outcome(outcome)
                .by(by);
            if !part.is_good() {
                op = op.exception(part.status, services::status_name(part.status));
            }
            cx.op(op);
        }
    }

    fn push(&mut self, cx: &mut Cx<'_>, key: Key, open: Open) {
        if let Some((_, old)) = self.open.push(key, open) {
            self.unanswered(cx, &old);
        }
    }

    fn unanswered(&self, cx: &mut Cx<'_>, open: &Open) {
        let outcome = if self.answered { Outcome::NoAnswer } else { Outcome::Unknown };
        report(cx, open, outcome, None);
    }
}

impl cip::Request {
    fn set_route(&mut self, route: Option<&str>) {
        self.route = route.map(str::to_owned);
        for part in &mut self.embedded {
            part.set_route(route);
        }
    }
}
