//! RTPS, the wire protocol of DDS: participants, what they run on, what they publish and read.
//!
//! Sources: OMG DDSI-RTPS 2.5 (messages, discovery), OMG's list of vendor identifiers, DDS Security 1.1;
//! Wireshark as second reader. Samples are the application's own and are not read.

mod parameters;
#[cfg(test)]
mod tests;

use crate::bytes::{Reader, hex};
use crate::cx::Cx;
use crate::model::*;
use crate::probe::*;

pub static SPEC: Spec = Spec {
    name: "rtps",
    title: "DDS Real-Time Publish-Subscribe",
    industrial: false,
    transports: &[Transport::Udp, Transport::Tcp],
    ports: &[7400, 7401, 7410, 7411, 7412, 7413],
    ethertypes: &[],
    rank: 50,
    identify,
    open: || Box::<Rtps>::default(),
    pdus: false,
    facts: &["id:dds", "dds-vendor", "dds-version", "hostname", "participant", "domain", "topic", "security"],
    credentials: &[],
    operations: &["announce_participant", "announce_writer", "announce_reader"],
    source: "OMG DDSI-RTPS 2.5, DDS Security 1.1; Wireshark as second reader",
    level: 5,
    proofs: &[],
};

const HEADER: usize = 20;
/// Participants and topics of one flow that are told.
const MAX_TOLD: usize = 128;
/// Submessages of one message that are read.
const MAX_SUBMESSAGES: usize = 64;
/// Longest message of a stream that is believed.
const MAX_STREAM: usize = 0x1_0000;

struct Header {
    version: (u8, u8),
    vendor: u16,
    prefix: [u8; 12],
}

impl Header {
    fn read(data: &[u8]) -> Option<Header> {
        let mut r = Reader::new(data);
        if r.take(4)? != b"RTPS" {
            return None;
        }
        let version = (r.u8()?, r.u8()?);
        let vendor = r.be16()?;
        let prefix: [u8; 12] = r.take(12)?.try_into().ok()?;
        (matches!(version, (1 | 2, 0..=9)) && (vendor >> 8 == 1 || vendor == 0)).then_some(Header {
            version,
            vendor,
            prefix,
        })
    }
}

fn identify(hint: &Hint, data: &[u8]) -> Verdict {
    if data.first() != Some(&b'R') {
        return Verdict::No;
    }
    let stream = hint.transport == Transport::Tcp;
    if Header::read(data).is_none() {
        let agrees = data.iter().zip(b"RTPS").all(|(a, b)| a == b);
        return if stream && agrees && data.len() < HEADER { Verdict::Need } else { Verdict::No };
    }
    // a submessage, or nothing, stands behind the header
    match data.get(HEADER..) {
        Some(rest) if rest.len() >= 4 && !submessage(rest.first().copied().unwrap_or_default()) => Verdict::No,
        _ => Verdict::Strong(Role::Unknown),
    }
}

/// Identifiers of 8.3.3.2, of security, and those of vendors (0x80 and up).
fn submessage(id: u8) -> bool {
    matches!(id, 0x01 | 0x02 | 0x06..=0x09 | 0x0B..=0x0F | 0x12..=0x16 | 0x30..=0x34 | 0x80..)
}

/// State of one flow.
#[derive(Default)]
struct Rtps {
    told: Vec<[u8; 16]>,
    topics: Vec<Box<str>>,
}

impl Probe for Rtps {
    fn stream(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Step {
        if data.len() < HEADER {
            return Step::Need;
        }
        if Header::read(data).is_none() {
            return Step::Bad;
        }
        // a stream carries messages behind each other: one ends where the next begins
        let body = data.get(4..).unwrap_or_default();
        let end = memchr::memmem::find(body, b"RTPS").map(|at| at + 4);
        match end {
            Some(end) => {
                self.message(cx, data.get(..end).unwrap_or_default());
                Step::Used(end)
            }
            None if whole(data) => {
                self.message(cx, data);
                Step::Used(data.len())
            }
            None if data.len() < MAX_STREAM => Step::Need,
            None => Step::Bad,
        }
    }

    fn datagram(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Result<(), Malformed> {
        if self.message(cx, data) { Ok(()) } else { Err(Malformed) }
    }
}

/// True if the submessages end where the octets do.
fn whole(data: &[u8]) -> bool {
    let mut rest = data.get(HEADER..).unwrap_or_default();
    while let [_, flags, a, b, ..] = *rest {
        let length = if flags & 1 == 1 { u16::from_le_bytes([a, b]) } else { u16::from_be_bytes([a, b]) };
        match rest.get(4 + usize::from(length)..) {
            Some(behind) if length > 0 => rest = behind,
            _ => return length == 0 && rest.len() == 4,
        }
    }
    rest.is_empty()
}

impl Rtps {
    fn message(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> bool {
        let Some(header) = Header::read(data) else { return false };
        let mut rest = data.get(HEADER..).unwrap_or_default();
        let mut count = 0;
        while let [id, flags, a, b, ref behind @ ..] = *rest {
            let little = flags & 1 == 1;
            let length = if little { u16::from_le_bytes([a, b]) } else { u16::from_be_bytes([a, b]) };
            // zero: up to the end of the message, for the last one
            let length = if length == 0 && !matches!(id, 0x01 | 0x09) { behind.len() } else { usize::from(length) };
            let Some(body) = behind.get(..length) else { return false };
            if id == 0x15 {
                self.data(cx, &header, flags, little, body);
            }
            rest = behind.get(length..).unwrap_or_default();
            count += 1;
            if count >= MAX_SUBMESSAGES {
                break;
            }
        }
        rest.len() < 4 || count >= MAX_SUBMESSAGES
    }

    /// A DATA submessage; those of the built-in writers tell of participants and topics.
    fn data(&mut self, cx: &mut Cx<'_>, header: &Header, flags: u8, little: bool, body: &[u8]) {
        let mut r = Reader::new(body);
        let word = |r: &mut Reader<'_>| if little { r.le16() } else { r.be16() };
        let read = (|| {
            r.skip(2)?;
            let to_inline = usize::from(word(&mut r)?);
            r.skip(4)?;
            let writer = r.be32()?;
            // octets to inline QoS count from behind themselves
            r.skip(to_inline.checked_sub(8)?)?;
            Some(writer)
        })();
        let Some(writer) = read else { return cx.malformed() };
        let kind = match writer {
            0x0001_00C2 => "announce_participant",
            0x0000_03C2 => "announce_writer",
            0x0000_04C2 => "announce_reader",
            _ => return,
        };
        if flags & 2 != 0 && parameters::skip(&mut r, little).is_none() {
            return cx.malformed();
        }
        // no data: a participant or endpoint left
        if flags & 4 == 0 {
            return;
        }
        let Some(list) = parameters::List::read(r.rest()) else { return cx.malformed() };
        let mut key = [0; 16];
        if let Some(part) = key.first_chunk_mut::<12>() {
            *part = header.prefix;
        }
        if let Some(part) = key.last_chunk_mut::<4>() {
            *part = writer.to_be_bytes();
        }
        if writer == 0x0001_00C2 {
            if self.told.contains(&key) {
                return;
            }
            if self.told.len() >= MAX_TOLD {
                return cx.dropped("rtps_participants");
            }
            self.told.push(key);
            self.participant(cx, header, &list);
        } else if let Some(topic) = list.topic() {
            if self.topics.iter().any(|t| **t == *topic) {
                return;
            }
            if self.topics.len() >= MAX_TOLD {
                return cx.dropped("rtps_topics");
            }
            cx.fact(cx.from(), "topic", &topic, "discovered endpoint data");
            self.topics.push(topic.into());
        }
        let op = Op::new(Action::Discover, kind).by(cx.from());
        cx.op(op);
    }

    fn participant(&mut self, cx: &mut Cx<'_>, header: &Header, list: &parameters::List<'_>) {
        let from = cx.from();
        cx.fact(from, "id:dds", &hex(&header.prefix), "GUID prefix");
        if let Some(vendor) = parameters::vendor(header.vendor) {
            cx.fact(from, "dds-vendor", vendor, "vendorId");
        }
        let (major, minor) = header.version;
        cx.fact(from, "dds-version", &format!("{major}.{minor}"), "protocolVersion");
        if let Some(domain) = list.domain() {
            cx.fact(from, "domain", &domain.to_string(), "domain");
        }
        if let Some(name) = list.entity() {
            cx.fact(from, "participant", &name, "PID_ENTITY_NAME");
        }
        if let Some(host) = list.hostname() {
            cx.fact(from, "hostname", &host, "participant properties");
        }
        if list.secured() {
            cx.fact(from, "security", "dds-security", "PID_IDENTITY_TOKEN");
        }
    }
}
