//! LonTalk over IP (EIA-852, ISO/IEC 14908-4): building automation and metering nodes behind routers.
//!
//! Sources: ISO/IEC 14908-1 (LonTalk) and -4 (CN/IP); Wireshark's `cnip` and `lon` as second readers.
//! Messages whose transaction is authenticated are named, their payload is not verified.

#[cfg(test)]
mod tests;

use crate::asked::{Asked, Requests};
use crate::bytes::{Reader, hex};
use crate::cx::Cx;
use crate::model::*;
use crate::probe::*;

pub static SPEC: Spec = Spec {
    name: "lontalk",
    title: "LonTalk over IP (CN/IP)",
    industrial: true,
    transports: &[Transport::Udp, Transport::Tcp],
    ports: &[1628, 1629],
    ethertypes: &[],
    rank: 60,
    identify,
    open: || Box::<Lon>::default(),
    pdus: false,
    facts: &["domain", "neuron-id", "node"],
    credentials: &[],
    operations: &[
        "network_variable_update", "network_variable_poll", "query_id", "update_domain", "leave_domain", "update_key",
        "update_address", "query_address", "query_network_variable", "update_group_address", "query_domain",
        "update_network_variable", "set_node_mode", "read_memory", "write_memory", "checksum_recalculate", "wink",
        "memory_refresh", "query_snvt", "fetch_network_variable", "query_status", "proxy_command", "clear_status",
        "query_transceiver", "device_registration", "request_configuration",
    ],
    source: "ISO/IEC 14908-1, -4; Wireshark cnip and lon as second readers",
    level: 5,
    proofs: &[],
};

const TIMEOUT: Micros = 10_000_000;
const HEADER: usize = 20;
/// Nodes behind a router that are told in one flow.
const MAX_NODES: usize = 256;

struct Header {
    kind: u8,
    protocol: u8,
    /// Where the contents begin, and the octets of the whole message.
    start: usize,
    length: usize,
}

impl Header {
    fn read(data: &[u8]) -> Option<Header> {
        let mut r = Reader::new(data);
        let length = usize::from(r.be16()?);
        // low five bits: the version
        let version = r.u8()? & 0x1F;
        let kind = r.u8()?;
        let extension = usize::from(r.u8()?) * 4;
        let flags = r.u8()?;
        let vendor = r.be16()?;
        let start = HEADER + extension;
        let known = matches!(kind, 1 | 3 | 4 | 6 | 7 | 8 | 0x60 | 0x63 | 0x64 | 0x66 | 0x68 | 0x70 | 0x71 | 0x7F);
        let fits = version <= 1 && extension <= 64 && length >= start && flags & 0x1F <= 1 && vendor <= 16;
        (known && fits && data.len() >= HEADER).then_some(Header { kind, protocol: flags & 0x1F, start, length })
    }
}

/// A LonTalk packet (14908-1, clauses 8 to 12).
struct Packet<'a> {
    source: (u8, u8),
    target: String,
    neuron: Option<&'a [u8]>,
    domain: &'a [u8],
    /// Transport (0) or session (1) message with its type and transaction; else plain.
    layer: u8,
    kind: u8,
    transaction: u8,
    apdu: &'a [u8],
}

impl<'a> Packet<'a> {
    fn read(data: &'a [u8]) -> Option<Packet<'a>> {
        let mut r = Reader::new(data);
        r.skip(1)?;
        let head = r.u8()?;
        let (version, layer, format, domain) = (head >> 6, head >> 4 & 3, head >> 2 & 3, head & 3);
        if version != 0 {
            return None;
        }
        let (subnet, node) = (r.u8()?, r.u8()?);
        let mut neuron = None;
        let target = match format {
            0 => format!("subnet {}", r.u8()?),
            1 => format!("group {}", r.u8()?),
            2 => {
                let target = format!("{}/{}", r.u8()?, r.u8()? & 0x7F);
                // an answer to a group has its group and member too
                if node & 0x80 == 0 {
                    r.skip(2)?;
                }
                target
            }
            _ => {
                let subnet = r.u8()?;
                neuron = Some(r.take(6)?);
                format!("subnet {subnet}")
            }
        };
        let domain = r.take(*[0usize, 1, 3, 6].get(usize::from(domain))?)?;
        let (kind, transaction) = if layer < 2 {
            let octet = r.u8()?;
            (octet >> 4 & 7, octet & 15)
        } else {
            (0, 0)
        };
        let fits = match layer {
            0 | 1 => matches!(kind, 0..=2 | 4 | 5),
            2 => false,
            _ => true,
        };
        fits.then_some(Packet {
            source: (subnet, node & 0x7F),
            target,
            neuron,
            domain,
            layer,
            kind,
            transaction,
            apdu: r.rest(),
        })
    }
}

fn identify(hint: &Hint, data: &[u8]) -> Verdict {
    let stream = hint.transport == Transport::Tcp;
    if data.len() < HEADER {
        return if stream && data.get(2).is_none_or(|v| v & 0x1F <= 1) && data.first().is_none_or(|b| *b <= 6) {
            Verdict::Need
        } else {
            Verdict::No
        };
    }
    match Header::read(data) {
        Some(h) if !stream && h.length != data.len() => Verdict::No,
        Some(h) => {
            let inner = data.get(h.start..h.length.min(data.len())).unwrap_or_default();
            match h.kind {
                1 if h.protocol == 0 && Packet::read(inner).is_some() => Verdict::Strong(Role::Unknown),
                1 => Verdict::No,
                _ => Verdict::Weak(Role::Unknown),
            }
        }
        None => Verdict::No,
    }
}

/// (transaction, who answers)
type Key = (u8, String);

/// State of one flow.
#[derive(Default)]
struct Lon {
    open: Requests<Key>,
    nodes: Vec<(u8, u8)>,
}

impl Probe for Lon {
    fn stream(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Step {
        if data.len() < HEADER {
            return Step::Need;
        }
        let Some(header) = Header::read(data) else { return Step::Bad };
        let Some(message) = data.get(..header.length) else { return Step::Need };
        self.message(cx, &header, message.get(header.start..).unwrap_or_default());
        Step::Used(header.length)
    }

    fn datagram(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Result<(), Malformed> {
        let header = Header::read(data).ok_or(Malformed)?;
        let body = data.get(header.start..header.length).ok_or(Malformed)?;
        self.message(cx, &header, body);
        Ok(())
    }

    fn tick(&mut self, cx: &mut Cx<'_>) {
        self.open.tick(cx, TIMEOUT);
    }

    fn end(&mut self, cx: &mut Cx<'_>) {
        self.open.end(cx);
    }
}

impl Lon {
    fn message(&mut self, cx: &mut Cx<'_>, header: &Header, body: &[u8]) {
        self.open.hear(cx);
        match header.kind {
            1 => match Packet::read(body) {
                Some(packet) => self.packet(cx, &packet),
                None => cx.malformed(),
            },
            3 => Asked::new(cx, Action::Configure, "device_registration").report(cx, Outcome::Unknown, None),
            0x63 | 0x64 | 0x66 | 0x68 => {
                let asked = Asked::new(cx, Action::Read, "request_configuration").code(header.kind);
                asked.report(cx, Outcome::Unknown, None);
            }
            _ => {}
        }
    }

    fn packet(&mut self, cx: &mut Cx<'_>, p: &Packet<'_>) {
        let from = cx.from();
        let who = format!("{}/{}", p.source.0, p.source.1);
        if !self.nodes.contains(&p.source) {
            if self.nodes.is_empty() && !p.domain.is_empty() {
                cx.fact(from, "domain", &hex(p.domain), "domain");
            }
            if self.nodes.len() < MAX_NODES {
                self.nodes.push(p.source);
                cx.fact(from, "node", &who, "source subnet and node");
            } else {
                cx.dropped("lontalk_nodes");
            }
        }
        if let Some(neuron) = p.neuron.filter(|n| n.iter().any(|b| *b != 0)) {
            cx.fact(from.other(), "neuron-id", &hex(neuron), "destination neuron id");
        }
        // acknowledgements and responses
        if p.layer < 2 && p.kind == 2 {
            let failed = p.layer == 1 && p.apdu.first().is_some_and(|c| matches!(c, 1..=0x1F));
            let outcome = if failed { Outcome::Refused } else { Outcome::Accepted };
            let code = i64::from(p.apdu.first().copied().unwrap_or_default());
            self.open.answer(cx, &(p.transaction, who), outcome, failed.then_some((code, "network_management_failure")));
            return;
        }
        let Some(&code) = p.apdu.first() else { return };
        let Some((name, action)) = operation(code) else { return };
        let mut asked = Asked::new(cx, action, name).code(code).unit(p.target.as_str());
        if let (0x80.., Some(low)) = (code, p.apdu.get(1)) {
            asked = asked.address(i64::from(code & 0x3F) << 8 | i64::from(*low), 1);
        }
        // asked of one node, with an answer to come
        let answered = matches!(p.layer, 0 | 1) && p.kind == 0;
        if answered && !p.target.contains(' ') {
            self.open.ask(cx, (p.transaction, p.target.clone()), asked);
        } else {
            asked.report(cx, Outcome::Unknown, None);
        }
    }
}

/// Message codes (14908-1, clause 13 and annex B); bit 7 is a network variable, bit 6 its direction.
fn operation(code: u8) -> Option<(&'static str, Action)> {
    Some(match code {
        0xC0.. => ("network_variable_poll", Action::Read),
        0x80.. => ("network_variable_update", Action::Write),
        0x51 => ("query_status", Action::Diagnose),
        0x52 => ("proxy_command", Action::Other),
        0x53 => ("clear_status", Action::Clear),
        0x54 => ("query_transceiver", Action::Diagnose),
        0x61 => ("query_id", Action::Identify),
        0x63 => ("update_domain", Action::SetAddress),
        0x64 => ("leave_domain", Action::Configure),
        0x65 => ("update_key", Action::Configure),
        0x66 => ("update_address", Action::SetAddress),
        0x67 => ("query_address", Action::Read),
        0x68 => ("query_network_variable", Action::Read),
        0x69 => ("update_group_address", Action::SetAddress),
        0x6A => ("query_domain", Action::Read),
        0x6B => ("update_network_variable", Action::Configure),
        0x6C => ("set_node_mode", Action::ChangeMode),
        0x6D => ("read_memory", Action::Upload),
        0x6E => ("write_memory", Action::Download),
        0x6F => ("checksum_recalculate", Action::Configure),
        0x70 => ("wink", Action::Discover),
        0x71 => ("memory_refresh", Action::Configure),
        0x72 => ("query_snvt", Action::Identify),
        0x73 => ("fetch_network_variable", Action::Read),
        _ => return None,
    })
}
