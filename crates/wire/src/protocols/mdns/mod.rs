//! Multicast DNS (RFC 6762) and the services announced in it (RFC 6763): who a device says it is,
//! to anyone on the link, unasked.

#[cfg(test)]
mod tests;
mod txt;

use crate::cx::Cx;
use crate::model::*;
use crate::obs::{BindKind, HostId};
use crate::probe::*;
use crate::protocols::dns_message::{self as msg, Message, Record};
use std::net::IpAddr;

pub static SPEC: Spec = Spec {
    name: "mdns",
    title: "Multicast DNS and DNS-based service discovery",
    industrial: false,
    transports: &[Transport::Udp],
    ports: &[5353],
    ethertypes: &[],
    rank: 45,
    identify,
    open: || Box::new(Mdns),
    pdus: true,
    facts: &[
        "hostname",
        "name",
        "vendor",
        "model",
        "product",
        "firmware",
        "serial",
        "os",
        "location",
        "service",
        "role",
    ],
    credentials: &[],
    operations: &[],
    source: "RFC 6762, RFC 6763, HomeKit Accessory Protocol (service TXT keys); Wireshark as second reader",
    level: 5,
    proofs: &[],
};

/// Records of one message looked at.
const MAX_RECORDS: usize = 128;

fn identify(hint: &Hint, data: &[u8]) -> Verdict {
    if !hint.port(5353) {
        return Verdict::No;
    }
    let Some(message) = Message::new(data) else { return Verdict::No };
    let h = message.header;
    // opcode and response code must be zero (RFC 6762, 18.3, 18.11); unicast DNS on this port asks
    // for recursion
    if h.opcode() != 0 || h.rcode() != 0 || h.flags & 0x0040 != 0 || h.id != 0 && h.recursion_desired() {
        return Verdict::No;
    }
    let role = if h.is_response() { Role::Server } else { Role::Client };
    let counted: u32 = h.counts.iter().map(|n| u32::from(*n)).sum();
    let classes = message.questions().all(|q| matches!(q.class & 0x7fff, 1 | 255));
    match message.surplus() {
        Some(0) if classes && counted > 0 => Verdict::Strong(role),
        None if classes && (message.question().is_some() || message.records().next().is_some()) => {
            Verdict::Weak(role)
        }
        _ => Verdict::No,
    }
}

struct Mdns;

impl Probe for Mdns {
    fn datagram(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Result<(), Malformed> {
        let message = Message::new(data).ok_or(Malformed)?;
        let response = message.header.is_response();
        if cx.wants_pdus() {
            let mut f = vec![("dns.type", Val::Static(if response { "answer" } else { "query" }))];
            msg::fields(&message, &mut f);
            if message.header.counts[0] > 1 {
                let names = message.questions().skip(1).take(32).map(|q| Val::from(q.name()));
                f.push(("dns.more_questions", Val::List(names.collect())));
            }
            cx.pdu(if response { "response" } else { "query" }, f);
        }
        // in a query, the authority section holds what the sender is about to claim as its own
        // (RFC 6762, 8.2), the answers only what it knows of others
        let own = |r: &Record<'_>| if response { r.section != 2 } else { r.section == 2 };
        let records: Vec<Record<'_>> = message.records().filter(own).take(MAX_RECORDS).collect();
        if !records.is_empty() {
            Announcement::new(cx, &records).learn(cx, &records);
        }
        message.surplus().map(|_| ()).ok_or(Malformed)
    }
}

/// Address records of one message: which name is which host.
struct Announcement {
    sender: Option<IpAddr>,
    /// (name in lower case, address).
    addresses: Vec<(String, IpAddr)>,
}

impl Announcement {
    fn new(cx: &Cx<'_>, records: &[Record<'_>]) -> Announcement {
        let sender = match cx.end(cx.from()).addr {
            HostAddr::Ip(ip) => Some(ip),
            HostAddr::Mac(_) => None,
        };
        let addresses = records
            .iter()
            .filter_map(|r| Some((r.name().to_ascii_lowercase(), r.address()?)))
            .filter(|(_, ip)| !ip.is_loopback())
            .collect();
        Announcement { sender, addresses }
    }

    /// True if the sender's own address is among those of `name`.
    fn is_sender(&self, name: &str) -> bool {
        self.addresses.iter().any(|(n, ip)| n == name && Some(*ip) == self.sender)
    }

    /// The host a name belongs to, and whether it speaks for itself. A name whose addresses of the
    /// sender's family are all others' belongs to one of those: a proxy or reflector speaks.
    fn owner(&self, cx: &mut Cx<'_>, name: Option<&str>) -> (HostId, bool) {
        let sender = cx.end(cx.from()).host;
        let Some(name) = name.map(str::to_ascii_lowercase) else { return (sender, true) };
        if self.is_sender(&name) {
            return (sender, true);
        }
        let family = |ip: &IpAddr| self.sender.is_some_and(|s| s.is_ipv4() == ip.is_ipv4());
        let other = self.addresses.iter().find(|(n, ip)| *n == name && family(ip)).map(|(_, ip)| *ip);
        match other.and_then(|ip| cx.host_ip(ip)) {
            Some(host) => (host, false),
            None => (sender, true),
        }
    }

    fn learn(&self, cx: &mut Cx<'_>, records: &[Record<'_>]) {
        for r in records {
            match r.rtype {
                msg::A | msg::AAAA => self.host(cx, r),
                msg::PTR => self.pointer(cx, r, records),
                msg::SRV => {
                    let (host, own) = self.owner_of_instance(cx, &r.name(), records);
                    let port = r.data.get(4..6).map(|p| u16::from_be_bytes([p[0], p[1]])).unwrap_or(0);
                    if let Some(service) = service_type(&r.name())
                        && port != 0
                    {
                        say(cx, host, own, "service", &format!("{service}:{port}"), "mdns.srv");
                    }
                    if let Some(target) = r.target(6) {
                        say(cx, host, own, "hostname", &target, "mdns.srv");
                    }
                }
                msg::TXT => {
                    let name = r.name();
                    let Some(service) = service_type(&name) else { continue };
                    let (host, own) = self.owner_of_instance(cx, &name, records);
                    for entry in msg::strings(r.data) {
                        txt::entry(cx, host, own, &service, entry);
                    }
                }
                msg::HINFO => {
                    let (host, own) = self.owner(cx, Some(&r.name()));
                    let mut parts = msg::strings(r.data);
                    let (Some(cpu), Some(os)) = (parts.next(), parts.next()) else { continue };
                    say(cx, host, own, "hardware", &String::from_utf8_lossy(cpu), "mdns.hinfo.cpu");
                    say(cx, host, own, "os", &String::from_utf8_lossy(os), "mdns.hinfo.os");
                }
                _ => {}
            }
        }
    }

    /// A host's address: its name, and that all its addresses are one device.
    fn host(&self, cx: &mut Cx<'_>, r: &Record<'_>) {
        let Some(ip) = r.address().filter(|ip| !ip.is_loopback()) else { return };
        let Some(host) = cx.host_ip(ip) else { return };
        let name = r.name();
        let own = self.is_sender(&name.to_ascii_lowercase());
        say(cx, host, own, "hostname", &name, "mdns.a");
        if own && let Some(mac) = cx.end(cx.from()).mac {
            cx.bind(mac, ip, BindKind::Declared);
        }
    }

    /// A service instance, or an address turned into a name.
    fn pointer(&self, cx: &mut Cx<'_>, r: &Record<'_>, records: &[Record<'_>]) {
        let (name, Some(target)) = (r.name(), r.target(0)) else { return };
        if let Some(ip) = crate::protocols::dns::reverse(&name) {
            if let Some(host) = cx.host_ip(ip) {
                let own = Some(ip) == self.sender;
                say(cx, host, own, "hostname", &target, "mdns.ptr");
            }
            return;
        }
        if name.to_ascii_lowercase().starts_with("_services._dns-sd.") {
            return;
        }
        let Some(service) = service_type(&target) else { return };
        let (host, own) = self.owner_of_instance(cx, &target, records);
        say(cx, host, own, "service", &service, "mdns.ptr");
        txt::instance(cx, host, own, &service, instance_label(&target));
    }

    /// The host that offers an instance: by its SRV record if that is here.
    fn owner_of_instance(&self, cx: &mut Cx<'_>, instance: &str, records: &[Record<'_>]) -> (HostId, bool) {
        let srv = records.iter().find(|r| r.rtype == msg::SRV && r.name().eq_ignore_ascii_case(instance));
        let target = srv.and_then(|r| r.target(6));
        self.owner(cx, target.as_deref())
    }
}

fn say(cx: &mut Cx<'_>, host: HostId, own: bool, name: &'static str, value: &str, field: &'static str) {
    let value = value.trim_end_matches('.');
    if own { cx.own_fact(host, name, value, field) } else { cx.fact(host, name, value, field) }
}

/// `_ipp._tcp` of `Printer._ipp._tcp.local`, in lower case.
fn service_type(name: &str) -> Option<String> {
    let lower = name.to_ascii_lowercase();
    let end = lower.find("._tcp").or_else(|| lower.find("._udp"))?;
    let head = lower.get(..end)?;
    let start = head.rfind("._").map_or(0, |i| i + 1);
    let service = lower.get(start..end + 5)?;
    service.starts_with('_').then(|| service.to_owned())
}

/// The instance part in front of the service type, with its escapes taken out.
fn instance_label(name: &str) -> String {
    let mut out = String::new();
    let mut chars = name.chars();
    while let Some(c) = chars.next() {
        match c {
            '.' => break,
            '\\' => out.extend(chars.next()),
            c => out.push(c),
        }
    }
    out
}
