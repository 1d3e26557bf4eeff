//! NetBIOS names over UDP: the name service (RFC 1002, 4.2) and, for what hosts announce of
//! themselves, the datagram service (4.4) with the browser protocol in it.

mod browser;
mod name;
#[cfg(test)]
mod tests;

use crate::cx::Cx;
use crate::model::*;
use crate::obs::BindKind;
use crate::probe::*;
use crate::protocols::dns_message::{Message, Record};
use crate::{bytes::Reader, obs::FieldVal};
use name::NetbiosName;
use std::net::{IpAddr, Ipv4Addr};

pub static SPEC: Spec = Spec {
    name: "nbns",
    title: "NetBIOS name and datagram service",
    industrial: false,
    transports: &[Transport::Udp],
    ports: &[137, 138],
    ethertypes: &[],
    rank: 44,
    identify,
    open: || Box::new(Nbns),
    pdus: true,
    facts: &["hostname", "domain", "description", "os_version", "role"],
    credentials: &[],
    operations: &[],
    source: "RFC 1001, RFC 1002, MS-BRWS; Wireshark as second reader",
    level: 5,
    proofs: &["ndpi/pcap/netbios.pcap"],
};

/// Record types (RFC 1002, 4.2.1.3).
const NB: u16 = 0x20;
const NBSTAT: u16 = 0x21;
/// Names of one status answer looked at.
const MAX_NAMES: usize = 64;

fn identify(hint: &Hint, data: &[u8]) -> Verdict {
    if browser::is_datagram(data) {
        return Verdict::Strong(Role::Unknown);
    }
    let Some(message) = Message::new(data) else { return Verdict::No };
    let h = message.header;
    // two bits between RA and B are reserved
    if h.flags & 0x0060 != 0 || !matches!(h.opcode(), 0 | 5..=9 | 15) || h.counts[0] > 1 {
        return Verdict::No;
    }
    let role = if h.is_response() { Role::Server } else { Role::Client };
    let first = match message.question() {
        Some(q) => Some((q.first_label(), q.qtype)),
        None if h.counts[0] == 0 => message.records().next().map(|r| (r.first_label(), r.rtype)),
        None => None,
    };
    let Some((label, rtype)) = first else { return Verdict::No };
    if name::decode(label).is_none() || !matches!(rtype, NB | NBSTAT | 0x0a) {
        return Verdict::No;
    }
    match message.surplus() {
        Some(_) => Verdict::Strong(role),
        None if hint.port(137) => Verdict::Weak(role),
        None => Verdict::No,
    }
}

struct Nbns;

impl Probe for Nbns {
    fn datagram(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Result<(), Malformed> {
        if browser::is_datagram(data) {
            return browser::datagram(cx, data).ok_or(Malformed);
        }
        let message = Message::new(data).ok_or(Malformed)?;
        let h = message.header;
        let response = h.is_response();
        let action = match (h.opcode(), response) {
            (0, false) => "query",
            (0, true) => "response",
            (5 | 15, false) => "registration",
            (5 | 15, true) => "registration_response",
            (6, _) => "release",
            (7, _) => "wait_acknowledgement",
            (8 | 9, _) => "refresh",
            _ => return Err(Malformed),
        };
        for r in message.records().filter(|r| response || r.section == 3) {
            match r.rtype {
                NB if r.data.len() >= 6 => addresses(cx, &r, h.opcode(), response),
                NBSTAT if response => status(cx, &r),
                _ => {}
            }
        }
        if cx.wants_pdus() || (response && h.opcode() == 0 && cx.wants_events()) {
            let f = fields(&message);
            cx.event(action, "protocol", f);
        }
        message.surplus().map(|_| ()).ok_or(Malformed)
    }
}

/// Addresses that a name stands for, or is to stand for (RFC 1002, 4.2.1.3, NB).
fn addresses(cx: &mut Cx<'_>, r: &Record<'_>, opcode: u8, response: bool) {
    let Some(name) = name::decode(r.first_label()) else { return };
    // a negative registration answer repeats what was asked for; a release takes the name away
    if opcode == 6 || (response && opcode != 0) {
        return;
    }
    let sender = cx.end(cx.from()).host;
    for entry in r.data.chunks_exact(6) {
        let &[flags, _, a, b, c, d] = entry else { continue };
        let group = flags & 0x80 != 0;
        let Some(host) = cx.host_ip(IpAddr::V4(Ipv4Addr::new(a, b, c, d))) else { continue };
        // a name server answers for others; registrations are made by the owner
        if host == sender || response {
            tell(cx, host, &name, group, "nbns.nb");
        }
    }
}

/// The names of a node and its hardware address (RFC 1002, 4.2.18).
fn status(cx: &mut Cx<'_>, r: &Record<'_>) {
    let mut data = Reader::new(r.data);
    let Some(count) = data.u8() else { return };
    let side = cx.from();
    let host = cx.end(side).host;
    for _ in 0..usize::from(count).min(MAX_NAMES) {
        let (Some(raw), Some(flags)) = (data.take(16), data.be16()) else { return };
        if let Some(name) = NetbiosName::new(raw) {
            tell(cx, host, &name, flags & 0x8000 != 0, "nbns.nbstat");
        }
    }
    // unit id: the adapter's address, all zero where Samba answers
    let (Some(unit), HostAddr::Ip(ip)) = (data.take(6), cx.end(side).addr) else { return };
    if let Ok(mac) = <[u8; 6]>::try_from(unit) {
        cx.bind(Mac(mac), ip, BindKind::Declared);
    }
}

/// What one registered name tells of its owner, by its suffix.
fn tell(cx: &mut Cx<'_>, host: crate::obs::HostId, name: &NetbiosName, group: bool, field: &'static str) {
    if !name.is_plain() {
        return;
    }
    match (name.suffix, group) {
        (0x00 | 0x20, false) => cx.fact(host, "hostname", &name.text, field),
        (0x00, true) => cx.fact(host, "domain", &name.text, field),
        // registered by domain controllers only
        (0x1c, true) | (0x1b, false) => {
            cx.fact(host, "domain", &name.text, field);
            cx.fact(host, "role", "domain-controller", field);
        }
        _ => {}
    }
}

fn fields(message: &Message<'_>) -> Vec<(&'static str, FieldVal)> {
    let h = message.header;
    let mut f: Vec<(&'static str, FieldVal)> = Vec::with_capacity(10);
    f.push(("dns.id", Val::from(h.id)));
    f.push(("dns.type", Val::Static(if h.is_response() { "answer" } else { "query" })));
    let first = message.records().next();
    let label = message.question().map(|q| (q.first_label(), q.qtype));
    if let Some((label, rtype)) = label.or(first.map(|r| (r.first_label(), r.rtype))) {
        if let Some(name) = name::decode(label) {
            f.push(("nbns.name", Val::from(name.text.as_str())));
            f.push(("nbns.suffix", Val::from(name.suffix)));
            f.push(("dns.question.name", Val::from(name.text)));
        }
        let text = if rtype == NBSTAT { "NBSTAT" } else { "NB" };
        f.push(("dns.question.type", Val::Static(text)));
    }
    if h.is_response() {
        f.push(("dns.response_code", Val::from(crate::protocols::dns_message::rcode_name(u16::from(h.rcode())))));
        f.push(("event.outcome", Val::Static(if h.rcode() == 0 { "success" } else { "failure" })));
    }
    let mut ips = Vec::new();
    for r in message.records().filter(|r| r.rtype == NB) {
        for entry in r.data.chunks_exact(6).take(16) {
            if let &[_, _, a, b, c, d] = entry {
                ips.push(Val::from(Ipv4Addr::new(a, b, c, d).to_string()));
            }
        }
    }
    if !ips.is_empty() {
        f.push(("dns.resolved_ip", Val::from(ips)));
    }
    f
}
