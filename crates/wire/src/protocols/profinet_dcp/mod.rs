//! PROFINET DCP: discovery and basic configuration on Ethernet (IEC 61158-6-10, clause 4.3).
//!
//! Names, addresses and identities of devices, and the commands that change them. DCP has no log-in:
//! whoever is on the segment may set an address or reset a device.

mod blocks;
#[cfg(test)]
mod tests;

use crate::bytes::{Reader, text};
use crate::cx::Cx;
use crate::model::*;
use crate::obs::{BindKind, FieldVal};
use crate::pending::Pending;
use crate::probe::{Hint, Malformed, Probe, Role, Spec, Verdict};
use blocks::{Block, Layout, blocks};
use std::net::{IpAddr, Ipv4Addr};

pub static SPEC: Spec = Spec {
    name: "profinet-dcp",
    title: "PROFINET DCP",
    industrial: true,
    transports: &[Transport::L2],
    ports: &[],
    ethertypes: &[0x8892],
    rank: 10,
    identify,
    open: || Box::<Dcp>::default(),
    pdus: true,
    facts: &["vendor", "product", "name", "role", "id:profinet-name", "device-id", "ip"],
    credentials: &[],
    operations: &[
        "identify",
        "get",
        "set_ip",
        "set_name_of_station",
        "set_dhcp",
        "set_signal",
        "set_factory_reset",
        "set_reset_to_factory",
        "set",
    ],
    source: "IEC 61158-6-10 (PROFINET), clause 4.3; captures of SIMATIC devices",
    level: 5,
    proofs: &["ics-security-tools/profinet"],
};

const ETHERTYPE: u16 = 0x8892;
/// A request is given up after this many microseconds.
const TIMEOUT: i64 = 10_000_000;
/// Blocks of one frame that are looked at.
const MAX_BLOCKS: usize = 32;

const GET: u8 = 3;
const SET: u8 = 4;
const IDENTIFY: u8 = 5;
const HELLO: u8 = 6;

/// Head of a DCP frame.
#[derive(Clone, Copy, Debug)]
struct Head {
    frame_id: u16,
    service: u8,
    /// 0 request, 1 response, 5 response "not supported".
    kind: u8,
    xid: u32,
}

impl Head {
    fn read(data: &[u8]) -> Option<(Head, &[u8])> {
        let mut r = Reader::new(data);
        let head = Head { frame_id: r.be16()?, service: r.u8()?, kind: r.u8()?, xid: r.be32()? };
        r.skip(2)?;
        let length = usize::from(r.be16()?);
        let body = r.take(length)?;
        // the frame id says which services it carries
        let agrees = matches!(
            (head.frame_id, head.service, head.kind),
            (0xFEFC, HELLO, 0)
                | (0xFEFE, IDENTIFY, 0)
                | (0xFEFF, IDENTIFY, 1)
                | (0xFEFD, GET | SET, 0 | 1 | 5)
        );
        agrees.then_some((head, body))
    }
    fn is_request(&self) -> bool {
        self.kind == 0 && self.service != HELLO
    }
    fn service_name(&self) -> &'static str {
        match self.service {
            GET => "get",
            SET => "set",
            IDENTIFY => "identify",
            _ => "hello",
        }
    }
    fn layout(&self) -> Layout {
        match (self.service, self.kind) {
            (GET, 0) => Layout::Selectors,
            (SET, 0) => Layout::Qualified,
            (SET, _) => Layout::Plain,
            (IDENTIFY, 0) => Layout::Plain,
            _ => Layout::Informed,
        }
    }
}

fn identify(hint: &Hint, data: &[u8]) -> Verdict {
    if hint.transport != Transport::L2 || hint.ethertype != ETHERTYPE {
        return Verdict::No;
    }
    match Head::read(data) {
        Some((head, _)) if head.is_request() => Verdict::Strong(Role::Client),
        Some(_) => Verdict::Strong(Role::Server),
        None => Verdict::No,
    }
}

/// One thing a set request changes.
#[derive(Debug)]
struct Item {
    option: (u8, u8),
    name: &'static str,
    action: Action,
    category: Category,
    target: Option<String>,
    detail: Vec<(&'static str, Val)>,
}

#[derive(Debug)]
struct Request {
    service: u8,
    by: Side,
    asked: Stamp,
    items: Vec<Item>,
}

/// State of one pair of stations.
#[derive(Default)]
pub struct Dcp {
    /// By service and transaction number; some tools use one number for all.
    open: Pending<(u8, u32), Request>,
    heard: [bool; 2],
}

impl Probe for Dcp {
    fn datagram(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Result<(), Malformed> {
        // the same stations exchange cyclic data and alarms under this EtherType
        let frame_id = Reader::new(data).be16().ok_or(Malformed)?;
        if !(0xFEFC..=0xFEFF).contains(&frame_id) {
            return Ok(());
        }
        let (head, body) = Head::read(data).ok_or(Malformed)?;
        if let Some(heard) = self.heard.get_mut(cx.from() as usize) {
            *heard = true;
        }
        event(cx, &head, body);
        match (head.service, head.kind) {
            (HELLO, _) => facts(cx, &head, body),
            (IDENTIFY | GET, 1) => {
                facts(cx, &head, body);
                self.answer(cx, &head, body);
            }
            (_, 0) => self.request(cx, &head, body),
            _ => self.answer(cx, &head, body),
        }
        Ok(())
    }

    fn tick(&mut self, cx: &mut Cx<'_>) {
        let now = cx.at().time;
        while let Some((_, request)) = self.open.take_if(|_, r| now.saturating_sub(r.asked.time) > TIMEOUT) {
            self.unanswered(cx, request);
        }
    }

    fn end(&mut self, cx: &mut Cx<'_>) {
        let open: Vec<_> = self.open.drain().collect();
        for (_, request) in open {
            self.unanswered(cx, request);
        }
    }
}

impl Dcp {
    fn request(&mut self, cx: &mut Cx<'_>, head: &Head, body: &[u8]) {
        let mut request = Request { service: head.service, by: cx.from(), asked: cx.at(), items: Vec::new() };
        for block in blocks(body, head.layout()).take(MAX_BLOCKS) {
            if head.service == SET && !matches!(block.option, (5, 1 | 2)) {
                request.items.push(set_item(&block));
            }
        }
        if head.service != SET {
            let action = if head.service == IDENTIFY { Action::Discover } else { Action::Read };
            let mut item = Item::new((0, 0), head.service_name(), action);
            let asked = blocks(body, head.layout()).find(|b| b.option == (2, 2) && !b.data.is_empty());
            item.target = asked.map(|b| text(b.data));
            request.items.push(item);
        }
        // answers to an identify come from stations this exchange is not with
        let many = matches!(cx.end(cx.from().other()).addr, HostAddr::Mac(m) if m.is_group());
        if many {
            return report(cx, request, |_| (Outcome::Unknown, None));
        }
        if let Some((_, old)) = self.open.push((head.service, head.xid), request) {
            self.unanswered(cx, old);
        }
    }

    fn answer(&mut self, cx: &mut Cx<'_>, head: &Head, body: &[u8]) {
        let Some(request) = self.open.take(&(head.service, head.xid)) else { return };
        if head.kind == 5 {
            return report(cx, request, |_| (Outcome::Refused, Some((5, "service_not_supported"))));
        }
        let results: Vec<((u8, u8), u8)> = blocks(body, Layout::Plain)
            .filter(|b| b.option == (5, 4))
            .take(MAX_BLOCKS)
            .filter_map(|b| Some(((*b.data.first()?, *b.data.get(1)?), *b.data.get(2)?)))
            .collect();
        let error = |option| results.iter().find(|(o, _)| *o == option).map_or(0, |(_, e)| *e);
        let side = request.by.other();
        for item in &request.items {
            if error(item.option) == 0 && item.option == (1, 2) {
                let ip =
                    item.target.as_deref().and_then(|t| t.split('/').next()).and_then(|t| t.parse().ok());
                if let (Some(ip), HostAddr::Mac(mac)) = (ip, cx.end(side).addr) {
                    cx.bind(mac, ip, BindKind::Declared);
                }
            }
        }
        report(cx, request, |option| match error(option) {
            0 => (Outcome::Accepted, None),
            code => (Outcome::Refused, Some((i64::from(code), blocks::error(code)))),
        });
    }

    fn unanswered(&mut self, cx: &mut Cx<'_>, request: Request) {
        let heard = self.heard.get(request.by.other() as usize).copied().unwrap_or(false);
        let outcome = if heard { Outcome::NoAnswer } else { Outcome::Unknown };
        report(cx, request, |_| (outcome, None));
    }
}

impl Item {
    fn new(option: (u8, u8), name: &'static str, action: Action) -> Item {
        Item { option, name, action, category: action.category(), target: None, detail: Vec::new() }
    }
}

/// What one block of a set request changes.
fn set_item(block: &Block<'_>) -> Item {
    let (name, action) = match block.option {
        (1, _) => ("set_ip", Action::SetAddress),
        (2, 2) => ("set_name_of_station", Action::SetName),
        (3, _) => ("set_dhcp", Action::Configure),
        (5, 3) => ("set_signal", Action::Diagnose),
        (5, 5) => ("set_factory_reset", Action::FactoryReset),
        (5, 6) => ("set_reset_to_factory", Action::FactoryReset),
        _ => ("set", Action::Configure),
    };
    let mut item = Item::new(block.option, name, action);
    match block.option {
        (1, 2 | 3) => {
            if let Some((ip, mask, gateway)) = blocks::ip_parameter(block.data) {
                item.target = Some(format!("{ip}/{}", u32::from(mask).count_ones()));
                item.detail.push(("netmask", Val::from(mask.to_string())));
                item.detail.push(("gateway", Val::from(gateway.to_string())));
            }
        }
        (2, 2) => item.target = Some(text(block.data)),
        (5, 3) => item.category = Category::Administration,
        (5, _) => {}
        (option, suboption) => {
            item.detail.push(("option", Val::from(option)));
            item.detail.push(("suboption", Val::from(suboption)));
        }
    }
    if block.option.0 != 5 {
        item.detail.push(("permanent", Val::Bool(block.info & 1 == 1)));
    }
    item
}

type Exception = Option<(i64, &'static str)>;

fn report(cx: &mut Cx<'_>, request: Request, result: impl Fn((u8, u8)) -> (Outcome, Exception)) {
    for item in request.items {
        let (outcome, exception) = result(item.option);
        let mut op = Op::new(item.action, item.name)
            .category(item.category)
            .code(request.service)
            .outcome(outcome)
            .asked(request.asked)
            .by(request.by);
        op.target = item.target.as_deref();
        op.detail = item.detail;
        op.exception = exception;
        op.notable = request.service == SET;
        cx.op(op);
    }
}

/// Facts from the blocks a station sends about itself.
fn facts(cx: &mut Cx<'_>, head: &Head, body: &[u8]) {
    let from = cx.from();
    for block in blocks(body, head.layout()).take(MAX_BLOCKS) {
        let data = block.data;
        match block.option {
            (1, 2 | 3) => {
                if let (Some((ip, ..)), HostAddr::Mac(mac)) = (blocks::ip_parameter(data), cx.end(from).addr)
                    && !ip.is_unspecified()
                {
                    cx.fact(from, "ip", &ip.to_string(), "IPParameter.IPAddress");
                    cx.bind(mac, IpAddr::V4(ip), BindKind::Declared);
                }
            }
            (2, 1) => cx.fact(from, "product", &text(data), "DeviceVendorValue"),
            (2, 2) => {
                let name = text(data);
                cx.fact(from, "id:profinet-name", &name, "NameOfStation");
                cx.fact(from, "name", &name, "NameOfStation");
            }
            (2, 3) => {
                let mut r = Reader::new(data);
                if let (Some(vendor), Some(device)) = (r.be16(), r.be16()) {
                    cx.fact(from, "device-id", &format!("{vendor:04x}:{device:04x}"), "DeviceID");
                    if let Some(name) = blocks::vendor(vendor) {
                        cx.fact(from, "vendor", name, "DeviceID.VendorID");
                    }
                }
            }
            (2, 4) => {
                let roles = data.first().copied().unwrap_or(0);
                for (bit, role) in [(1, "io-device"), (2, "plc"), (8, "engineering-workstation")] {
                    if roles & bit != 0 {
                        cx.fact(from, "role", role, "DeviceRole");
                    }
                }
            }
            (2, 6) => cx.fact(from, "alias", &text(data), "AliasName"),
            _ => {}
        }
    }
}

fn event(cx: &mut Cx<'_>, head: &Head, body: &[u8]) {
    if !cx.wants_pdus() {
        return;
    }
    let found: Vec<Block<'_>> = blocks(body, head.layout()).take(MAX_BLOCKS).collect();
    let name = head.service_name();
    let options =
        found.iter().map(|b| Val::from(format!("{}.{}", b.option.0, b.option.1))).collect::<Vec<_>>();
    let mut fields: Vec<(&'static str, FieldVal)> = vec![
        ("ot.protocol", Val::Static("profinet-dcp")),
        ("ot.function.name", Val::Static(name)),
        ("ot.function.code", Val::from(head.service)),
        ("profinet_dcp.frame_id", Val::from(head.frame_id)),
        ("profinet_dcp.service_type", Val::from(head.kind)),
        ("profinet_dcp.xid", Val::from(head.xid)),
        ("profinet_dcp.options", Val::from(options)),
    ];
    for block in &found {
        match block.option {
            (1, 2 | 3) => {
                if let Some((ip, mask, gateway)) = blocks::ip_parameter(block.data) {
                    fields.push(("profinet_dcp.ip", Val::from(Ipv4Addr::to_string(&ip))));
                    fields.push(("profinet_dcp.netmask", Val::from(mask.to_string())));
                    fields.push(("profinet_dcp.gateway", Val::from(gateway.to_string())));
                }
            }
            (2, 1) => fields.push(("profinet_dcp.device_vendor", Val::from(text(block.data)))),
            (2, 2) => fields.push(("profinet_dcp.name_of_station", Val::from(text(block.data)))),
            (5, 4) => {
                let code = block.data.get(2).copied().unwrap_or(0);
                fields.push(("event.outcome", Val::Static(if code == 0 { "success" } else { "failure" })));
                if code != 0 {
                    fields.push(("ot.exception.code", Val::from(code)));
                    fields.push(("ot.exception.name", Val::Static(blocks::error(code))));
                }
            }
            _ => {}
        }
    }
    if head.is_request() {
        let (action, category) = match head.service {
            SET => found.iter().find(|b| !matches!(b.option, (5, 1 | 2))).map_or(
                (Action::Configure, Category::Administration),
                |b| {
                    let item = set_item(b);
                    (item.action, item.category)
                },
            ),
            IDENTIFY => (Action::Discover, Category::Discovery),
            _ => (Action::Read, Category::Monitor),
        };
        fields.push(("ot.action", Val::Static(action.name())));
        fields.push(("ot.category", Val::Static(category.name())));
    }
    cx.pdu(name, fields);
}
