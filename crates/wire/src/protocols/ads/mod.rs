//! Beckhoff ADS: AMS packets over TCP, and the UDP service of the TwinCAT router.
//!
//! The unit of an operation is the AMS port addressed (851 a PLC runtime, 10000 the system service).

mod ams;
mod discovery;
mod names;
mod report;
#[cfg(test)]
mod tests;

use crate::bytes::{Reader, hex, text};
use crate::cx::Cx;
use crate::model::*;
use crate::pending::Pending;
use crate::probe::{Hint, Malformed, Probe, Role, Spec, Step, Verdict};
use ams::{HEADERS, Header, net_id};
use report::{event, report, strings, target_description};

pub static SPEC: Spec = Spec {
    name: "ads",
    title: "Beckhoff ADS/AMS",
    industrial: true,
    transports: &[Transport::Tcp, Transport::Udp],
    ports: &[48898, 48899],
    ethertypes: &[],
    rank: 20,
    identify,
    open: || Box::<Ads>::default(),
    pdus: true,
    facts: &[
        "model",
        "product",
        "serial",
        "hardware",
        "firmware",
        "os",
        "hostname",
        "id:ams-net-id",
        "module",
    ],
    credentials: &["password"],
    operations: &[
        "read_device_info",
        "read",
        "write",
        "read_write",
        "read_state",
        "read_symbol",
        "write_symbol",
        "get_symbol_handle",
        "release_symbol_handle",
        "read_symbol_info",
        "read_symbol_table",
        "call_method",
        "sum_read",
        "sum_write",
        "sum_read_write",
        "sum_add_device_notification",
        "sum_delete_device_notification",
        "add_device_notification",
        "delete_device_notification",
        "write_control",
        "write_control_idle",
        "write_control_reset",
        "write_control_init",
        "write_control_start",
        "write_control_run",
        "write_control_stop",
        "write_control_save_config",
        "write_control_load_config",
        "write_control_shutdown",
        "write_control_suspend",
        "write_control_resume",
        "write_control_config",
        "write_control_reconfig",
        "write_control_stopping",
        "file_open",
        "file_open_write",
        "file_close",
        "file_read",
        "file_write",
        "file_delete",
        "file_rename",
        "file_find",
        "make_directory",
        "remove_directory",
        "read_registry",
        "write_registry",
        "read_time",
        "write_time",
        "start_process",
        "change_net_id",
        "read_target_description",
        "add_route",
        "delete_route",
        "enumerate_routes",
        "server_info",
        "unknown_service",
    ],
    source: "Beckhoff Information System, TwinCAT ADS specification; UDP service from captures",
    level: 5,
    proofs: &["ics-security-tools/beckoff", "ndpi/pcap/beckhoff_ads.pcapng"],
};

/// A request is given up after this many microseconds.
const TIMEOUT: i64 = 30_000_000;
/// Packets longer than this are read up to it; the rest is passed over.
const LONGEST: usize = 4096;
/// Symbol handles and net ids of one flow that are remembered.
const MAX_HANDLES: usize = 256;
const MAX_NET_IDS: usize = 16;

fn identify(hint: &Hint, data: &[u8]) -> Verdict {
    if hint.transport == Transport::Udp {
        return match discovery::Head::read(data) {
            Some((head, _)) if head.response => Verdict::Strong(Role::Server),
            Some(_) => Verdict::Strong(Role::Client),
            None => Verdict::No,
        };
    }
    if data.len() < HEADERS {
        // reserved 0 0, and a length below 16 MiB
        let begins = data.iter().zip([0, 0]).all(|(a, b)| *a == b) && data.get(5).is_none_or(|b| *b == 0);
        return if begins { Verdict::Need } else { Verdict::No };
    }
    match Header::read(data) {
        Some(h) if h.is_response() != (h.command == names::NOTIFICATION) => Verdict::Strong(Role::Server),
        Some(_) => Verdict::Strong(Role::Client),
        None => Verdict::No,
    }
}

/// What tells a response's request: ports of both ends and the invoke id.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Key {
    server: u16,
    client: u16,
    invoke: u32,
}

#[derive(Debug)]
struct Request {
    command: u16,
    name: &'static str,
    action: Action,
    by: Side,
    asked: Stamp,
    /// Index group and offset.
    index: Option<(u32, u32)>,
    length: u32,
    target: Option<Box<str>>,
    value: Option<Val>,
}

/// State of one flow.
#[derive(Default)]
pub struct Ads {
    open: Pending<Key, Request>,
    routes: Pending<(u32, u32), discovery::Request, 16>,
    heard: [bool; 2],
    net_ids: Vec<[u8; 6]>,
    handles: Vec<(u16, u32, Box<str>)>,
}

impl Probe for Ads {
    fn stream(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Step {
        if data.len() < HEADERS {
            return if data.iter().zip([0, 0]).all(|(a, b)| *a == b) { Step::Need } else { Step::Bad };
        }
        let Some(header) = Header::read(data) else { return Step::Bad };
        let total = header.total();
        let wanted = total.min(LONGEST as u64) as usize;
        let Some(packet) = data.get(..wanted) else { return Step::Need };
        self.packet(cx, &header, packet.get(HEADERS..).unwrap_or_default());
        match total.checked_sub(data.len() as u64) {
            Some(more) if more > 0 => Step::Skip(more),
            _ => Step::Used(total as usize),
        }
    }

    fn datagram(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Result<(), Malformed> {
        self.hear(cx);
        self.discovery(cx, data)
    }

    fn tick(&mut self, cx: &mut Cx<'_>) {
        let now = cx.at().time;
        let late = |asked: Stamp| now.saturating_sub(asked.time) > TIMEOUT;
        while let Some((key, request)) = self.open.take_if(|_, r| late(r.asked)) {
            self.unanswered(cx, key, request);
        }
        while let Some(((service, _), request)) = self.routes.take_if(|_, r| late(r.asked)) {
            self.unanswered_route(cx, service, request);
        }
    }

    fn end(&mut self, cx: &mut Cx<'_>) {
        let open: Vec<_> = self.open.drain().collect();
        for (key, request) in open {
            self.unanswered(cx, key, request);
        }
        let routes: Vec<_> = self.routes.drain().collect();
        for ((service, _), request) in routes {
            self.unanswered_route(cx, service, request);
        }
    }
}

impl Ads {
    fn hear(&mut self, cx: &Cx<'_>) {
        if let Some(heard) = self.heard.get_mut(cx.from() as usize) {
            *heard = true;
        }
    }
    fn heard(&self, side: Side) -> bool {
        self.heard.get(side as usize).copied().unwrap_or(false)
    }

    /// Notes the net id a host sends from, once.
    fn note_net_id(&mut self, cx: &mut Cx<'_>, id: [u8; 6]) {
        if id != [0; 6] && self.net_ids.len() < MAX_NET_IDS && !self.net_ids.contains(&id) {
            self.net_ids.push(id);
            cx.fact(cx.from(), "id:ams-net-id", &net_id(id), "ams.source_net_id");
        }
    }

    fn packet(&mut self, cx: &mut Cx<'_>, header: &Header, body: &[u8]) {
        self.hear(cx);
        self.note_net_id(cx, header.source);
        if header.is_response() {
            self.response(cx, header, body);
        } else {
            self.request(cx, header, body);
        }
    }

    fn request(&mut self, cx: &mut Cx<'_>, header: &Header, body: &[u8]) {
        let mut r = Reader::new(body);
        let mut request = Request {
            command: header.command,
            name: names::command(header.command),
            action: Action::Read,
            by: cx.from(),
            asked: cx.at(),
            index: None,
            length: 0,
            target: None,
            value: None,
        };
        match header.command {
            names::READ_DEVICE_INFO => request.action = Action::Identify,
            names::READ_STATE => {}
            names::WRITE_CONTROL => {
                let state = r.le16().unwrap_or(0);
                (request.name, request.action) = names::write_control(state);
                request.value = Some(Val::Static(names::state(state)));
            }
            names::ADD_NOTIFICATION => {
                request.action = Action::Subscribe;
                request.index = r.le32().zip(r.le32());
                request.length = r.le32().unwrap_or(0);
            }
            names::DELETE_NOTIFICATION => request.action = Action::Subscribe,
            names::NOTIFICATION => return event(cx, header, None, body),
            _ => self.access(&mut request, header, &mut r),
        }
        event(cx, header, Some(&request), body);
        let key = Key { server: header.target_port, client: header.source_port, invoke: header.invoke };
        if let Some((key, old)) = self.open.push(key, request) {
            self.unanswered(cx, key, old);
        }
    }

    /// Read, write, read-write: index group, offset, lengths, data.
    fn access(&self, request: &mut Request, header: &Header, r: &mut Reader<'_>) {
        let Some((group, offset)) = r.le32().zip(r.le32()) else { return };
        request.index = Some((group, offset));
        (request.name, request.action) = names::access(header.command, header.target_port, group, offset);
        request.length = r.le32().unwrap_or(0);
        let written = match header.command {
            names::READ => None,
            names::WRITE => Some(request.length),
            _ => r.le32(),
        };
        let data = written.and_then(|n| r.rest().get(..(n as usize).min(r.left())));
        let Some(data) = data else {
            request.target = self.symbol(header.target_port, group, offset);
            return;
        };
        let named =
            matches!(group, names::SYMBOL_HANDLE_BY_NAME | names::SYMBOL_VALUE_BY_NAME | 0xF007 | 0xF009);
        let system = header.target_port == names::SYSTEM_SERVICE;
        if named || system && matches!(group, 100..=102 | 110 | 120 | 131..=133 | 138 | 139 | 200 | 500) {
            request.target = Some(strings(data).into());
        } else {
            request.target = self.symbol(header.target_port, group, offset);
            if matches!(request.action, Action::Write) {
                request.value = Some(Val::from(hex(data.get(..data.len().min(16)).unwrap_or_default())));
            }
        }
    }

    /// Name of the symbol a handle stands for.
    fn symbol(&self, port: u16, group: u32, offset: u32) -> Option<Box<str>> {
        if !matches!(group, names::SYMBOL_VALUE_BY_HANDLE | names::SYMBOL_RELEASE_HANDLE) {
            return None;
        }
        self.handles.iter().find(|(p, h, _)| (*p, *h) == (port, offset)).map(|(_, _, name)| name.clone())
    }

    fn response(&mut self, cx: &mut Cx<'_>, header: &Header, body: &[u8]) {
        let mut r = Reader::new(body);
        let result = if header.error != 0 { header.error } else { r.le32().unwrap_or(0) };
        let key = Key { server: header.source_port, client: header.target_port, invoke: header.invoke };
        let request = self.open.take(&key);
        event(cx, header, request.as_ref(), body);
        if result == 0 {
            self.learn(cx, header, request.as_ref(), &mut r);
        }
        if let Some(request) = request {
            let outcome = if result == 0 { Outcome::Accepted } else { Outcome::Refused };
            report(cx, key, request, outcome, (result != 0).then_some(result));
        }
    }

    /// What a successful answer tells of the device.
    fn learn(&mut self, cx: &mut Cx<'_>, header: &Header, request: Option<&Request>, r: &mut Reader<'_>) {
        match header.command {
            names::READ_DEVICE_INFO => {
                if let (Some(major), Some(minor), Some(build), Some(name)) =
                    (r.u8(), r.u8(), r.le16(), r.take(16))
                {
                    let name = text(name);
                    cx.fact(
                        cx.from(),
                        "module",
                        &format!("{name} {major}.{minor}.{build}"),
                        "ads.device_info",
                    );
                    if header.source_port == names::SYSTEM_SERVICE {
                        let version = format!("TwinCAT {major}.{minor}.{build}");
                        cx.fact(cx.from(), "firmware", &version, "ads.device_info.version");
                    }
                }
            }
            names::READ | names::READ_WRITE => {
                let Some(request) = request else { return };
                let Some((group, _)) = request.index else { return };
                let _length = r.le32();
                if request.name == "read_target_description" {
                    target_description(cx, r.rest());
                } else if group == names::SYMBOL_HANDLE_BY_NAME
                    && let (Some(handle), Some(name)) = (r.le32(), request.target.clone())
                {
                    let port = header.source_port;
                    self.handles.retain(|(p, h, _)| (*p, *h) != (port, handle));
                    if self.handles.len() >= MAX_HANDLES {
                        self.handles.remove(0);
                    }
                    self.handles.push((port, handle, name));
                }
            }
            _ => {}
        }
    }

    fn unanswered(&mut self, cx: &mut Cx<'_>, key: Key, request: Request) {
        let heard = self.heard(request.by.other());
        report(cx, key, request, if heard { Outcome::NoAnswer } else { Outcome::Unknown }, None);
    }
}
