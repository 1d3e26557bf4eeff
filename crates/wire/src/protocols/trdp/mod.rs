//! TRDP: process and message data on trains (IEC 61375-2-3, annex A).
//!
//! Second readers: the TCNopen stack, nDPI. Data sets are the application's own and are not read.

#[cfg(test)]
mod tests;

use crate::asked::{Asked, Requests};
use crate::bytes::{Reader, text};
use crate::cx::Cx;
use crate::model::*;
use crate::probe::*;

pub static SPEC: Spec = Spec {
    name: "trdp",
    title: "Train Real Time Data Protocol",
    industrial: true,
    transports: &[Transport::Udp, Transport::Tcp],
    ports: &[17224, 17225],
    ethertypes: &[],
    rank: 50,
    identify,
    open: || Box::<Trdp>::default(),
    pdus: false,
    facts: &["uri", "com-id"],
    credentials: &[],
    operations: &["process_data", "process_data_request", "message_notification", "message_request", "message_confirm"],
    source: "IEC 61375-2-3:2015, annex A; TCNopen and nDPI as second readers",
    level: 5,
    proofs: &["ndpi/pcap/trdp.pcapng"],
};

const TIMEOUT: Micros = 10_000_000;
/// Octets of a header: process data, message data (both with their check sequence).
const PROCESS: usize = 40;
const MESSAGE: usize = 116;
/// Data of a message (A.7.2: at most 64 KiB and what fits a header).
const MAX_DATA: u32 = 0x1_0000;
/// Telegrams of one flow that are told by their number.
const MAX_IDS: usize = 128;

struct Header<'a> {
    kind: [u8; 2],
    com_id: u32,
    /// Octets of header and data; data is filled up to four.
    length: usize,
    /// What stands between the common part and the check sequence.
    rest: &'a [u8],
}

/// False if a header cannot begin so: version 1, two letters.
fn may_begin(data: &[u8]) -> bool {
    let at = |n: usize, test: fn(u8) -> bool| data.get(n).is_none_or(|b| test(*b));
    at(4, |b| b == 1) && at(6, |b| matches!(b, b'P' | b'M')) && at(7, |b| b"dpernqce".contains(&b))
}

impl<'a> Header<'a> {
    fn size(kind: [u8; 2]) -> Option<usize> {
        match &kind {
            b"Pd" | b"Pp" | b"Pr" | b"Pe" => Some(PROCESS),
            b"Mn" | b"Mr" | b"Mp" | b"Mq" | b"Mc" | b"Me" => Some(MESSAGE),
            _ => None,
        }
    }
    fn read(data: &'a [u8]) -> Option<Header<'a>> {
        let mut r = Reader::new(data);
        r.skip(4)?;
        if r.be16()? >> 8 != 1 {
            return None;
        }
        let kind: [u8; 2] = r.take(2)?.try_into().ok()?;
        let size = Header::size(kind)?;
        let com_id = r.be32()?;
        r.skip(8)?;
        let length = r.be32().filter(|n| *n <= MAX_DATA)? as usize;
        let rest = r.take(size - 28)?;
        let check = r.le32()?;
        (crc(data.get(..size - 4)?) == check).then_some(Header {
            kind,
            com_id,
            length: size + length.next_multiple_of(4),
            rest,
        })
    }
    fn role(&self) -> Role {
        match &self.kind {
            b"Pr" | b"Mr" | b"Mc" => Role::Client,
            b"Mp" | b"Mq" | b"Me" => Role::Server,
            // who publishes, or tells without being asked, is the client of no one
            _ => Role::Unknown,
        }
    }
}

/// CRC-32 of IEEE 802.3.
fn crc(data: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for octet in data {
        crc ^= u32::from(*octet);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 };
        }
    }
    !crc
}

fn identify(hint: &Hint, data: &[u8]) -> Verdict {
    if !may_begin(data) {
        return Verdict::No;
    }
    let stream = hint.transport == Transport::Tcp;
    match Header::read(data) {
        Some(h) if stream || h.length >= data.len() => Verdict::Strong(h.role()),
        Some(_) => Verdict::No,
        None => {
            let size = data.get(6..8).and_then(|k| Header::size(k.try_into().ok()?)).unwrap_or(MESSAGE);
            if stream && data.len() < size { Verdict::Need } else { Verdict::No }
        }
    }
}

/// State of one flow.
#[derive(Default)]
struct Trdp {
    /// By session of message data, or by the telegram asked for.
    open: Requests<[u8; 16]>,
    ids: Vec<(Side, u32)>,
}

impl Probe for Trdp {
    fn stream(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Step {
        if !may_begin(data) {
            return Step::Bad;
        }
        let Some(size) = data.get(6..8).map(|k| k.try_into().ok().and_then(Header::size)) else { return Step::Need };
        let Some(size) = size else { return Step::Bad };
        if data.len() < size {
            return Step::Need;
        }
        let Some(header) = Header::read(data) else { return Step::Bad };
        self.telegram(cx, &header);
        match header.length.checked_sub(data.len()) {
            Some(more) if more > 0 => Step::Skip(more as u64),
            _ => Step::Used(header.length),
        }
    }

    fn datagram(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Result<(), Malformed> {
        let header = Header::read(data).ok_or(Malformed)?;
        self.telegram(cx, &header);
        Ok(())
    }

    fn tick(&mut self, cx: &mut Cx<'_>) {
        self.open.tick(cx, TIMEOUT);
    }

    fn end(&mut self, cx: &mut Cx<'_>) {
        self.open.end(cx);
    }
}

impl Trdp {
    fn telegram(&mut self, cx: &mut Cx<'_>, h: &Header<'_>) {
        match h.role() {
            Role::Client => cx.sender_is(Side::Client),
            Role::Server => cx.sender_is(Side::Server),
            Role::Unknown => {}
        }
        self.open.hear(cx);
        let from = cx.from();
        if matches!(&h.kind, b"Pd" | b"Pp" | b"Mn") && !self.ids.contains(&(from, h.com_id)) {
            if self.ids.len() < MAX_IDS {
                self.ids.push((from, h.com_id));
                cx.fact(from, "com-id", &h.com_id.to_string(), "comId");
            } else {
                cx.dropped("trdp_telegrams");
            }
        }
        let id = i64::from(h.com_id);
        let mut r = Reader::new(h.rest);
        match &h.kind {
            b"Pd" => {
                let asked = Asked::new(cx, Action::Other, "process_data").address(id, 1);
                asked.report(cx, Outcome::Unknown, None);
            }
            b"Pr" => {
                let (_, Some(reply)) = (r.be32(), r.be32()) else { return };
                let asked = Asked::new(cx, Action::Read, "process_data_request").address(id, 1);
                let wanted = if reply == 0 { h.com_id } else { reply };
                self.open.ask(cx, session(wanted), asked);
            }
            b"Pp" => {
                self.open.answer(cx, &session(h.com_id), Outcome::Accepted, None);
            }
            _ => {
                let (Some(status), Some(session)) = (r.be_i32(), r.take(16)) else { return };
                let Ok(session) = <[u8; 16]>::try_from(session) else { return };
                r.skip(4);
                let (source, target) = (uri(&mut r), uri(&mut r));
                if !source.is_empty() {
                    cx.fact(from, "uri", &source, "sourceURI");
                }
                if !target.is_empty() {
                    cx.fact(from.other(), "uri", &target, "destinationURI");
                }
                let said = |cx: &Cx<'_>, name| {
                    let asked = Asked::new(cx, Action::Other, name).category(Category::Control).address(id, 1);
                    if target.is_empty() { asked } else { asked.target(target.as_str()) }
                };
                match &h.kind {
                    b"Mn" => said(cx, "message_notification").report(cx, Outcome::Unknown, None),
                    b"Mr" => {
                        let asked = said(cx, "message_request");
                        self.open.ask(cx, session, asked);
                    }
                    b"Mp" | b"Mq" | b"Me" => {
                        // below zero: no replier, no memory, ...; Me is an error message
                        let refused = status < 0 || &h.kind == b"Me";
                        let outcome = if refused { Outcome::Refused } else { Outcome::Accepted };
                        let why = refused.then_some((i64::from(status), "reply_status"));
                        self.open.answer(cx, &session, outcome, why);
                    }
                    _ => {}
                }
            }
        }
    }
}

/// Key of a pull request, which has no session.
fn session(id: u32) -> [u8; 16] {
    let mut key = [0; 16];
    if let Some(head) = key.first_chunk_mut::<4>() {
        *head = id.to_be_bytes();
    }
    key
}

fn uri(r: &mut Reader<'_>) -> String {
    let value = r.take(32).map(text).unwrap_or_default();
    if value.bytes().all(|b| b.is_ascii_graphic()) { value } else { String::new() }
}
