//! The message format of the Domain Name System (RFC 1035, section 4), shared by the probes of DNS,
//! multicast DNS, LLMNR and NetBIOS names.
//!
//! Nothing is allocated until a name or a value is asked for.

mod event;
mod names;
mod rdata;

pub use event::{fields, question_fields};
pub use names::{known_type, opcode_name, rcode_name, type_name};
pub use rdata::{address, data_text, strings};

use std::net::IpAddr;

/// Longest name in its wire form (RFC 1035, 2.3.4).
const MAX_NAME: usize = 255;
/// Compression pointers followed in one name.
const MAX_JUMPS: usize = 64;

pub const A: u16 = 1;
pub const NS: u16 = 2;
pub const CNAME: u16 = 5;
pub const SOA: u16 = 6;
pub const PTR: u16 = 12;
pub const HINFO: u16 = 13;
pub const TXT: u16 = 16;
pub const AAAA: u16 = 28;
pub const SRV: u16 = 33;
pub const OPT: u16 = 41;
pub const IXFR: u16 = 251;
pub const AXFR: u16 = 252;

/// The fixed head of a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Header {
    pub id: u16,
    pub flags: u16,
    /// Entries in the question, answer, authority and additional section.
    pub counts: [u16; 4],
}

impl Header {
    pub fn read(data: &[u8]) -> Option<Header> {
        let at = |i: usize| Some(u16::from_be_bytes([*data.get(i)?, *data.get(i + 1)?]));
        Some(Header { id: at(0)?, flags: at(2)?, counts: [at(4)?, at(6)?, at(8)?, at(10)?] })
    }
    pub fn is_response(&self) -> bool {
        self.flags & 0x8000 != 0
    }
    pub fn opcode(&self) -> u8 {
        ((self.flags >> 11) & 15) as u8
    }
    pub fn rcode(&self) -> u8 {
        (self.flags & 15) as u8
    }
    pub fn recursion_desired(&self) -> bool {
        self.flags & 0x0100 != 0
    }
}

/// Walks the name at `at`, giving each label to `label`; returns where the message goes on behind
/// it. `None` if it is no name: too long, a forward or endless pointer, beyond the end.
fn walk<'a>(message: &'a [u8], at: usize, label: &mut dyn FnMut(&'a [u8])) -> Option<usize> {
    let (mut at, mut behind, mut jumps, mut total) = (at, None, 0usize, 0usize);
    loop {
        let len = usize::from(*message.get(at)?);
        match len & 0xc0 {
            0 if len == 0 => return Some(behind.unwrap_or(at + 1)),
            0 => {
                let text = message.get(at + 1..at + 1 + len)?;
                total += len + 1;
                if total > MAX_NAME {
                    return None;
                }
                label(text);
                at += len + 1;
            }
            0xc0 => {
                let to = (len & 0x3f) << 8 | usize::from(*message.get(at + 1)?);
                jumps += 1;
                // a pointer names a prior occurrence (RFC 1035, 4.1.4)
                if to >= at || jumps > MAX_JUMPS {
                    return None;
                }
                behind = behind.or(Some(at + 2));
                at = to;
            }
            _ => return None,
        }
    }
}

/// Text of the name at `at` (RFC 1035, 5.1: dots and backslashes in labels escaped, other bytes
/// that are no text as `\ddd`), without the last dot; `.` is the root.
pub fn name_at(message: &[u8], at: usize) -> Option<(String, usize)> {
    let mut out = String::new();
    let next = walk(message, at, &mut |label| {
        if !out.is_empty() {
            out.push('.');
        }
        push_label(&mut out, label);
    })?;
    if out.is_empty() {
        out.push('.');
    }
    Some((out, next))
}

fn push_label(out: &mut String, label: &[u8]) {
    for chunk in label.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '.' | '\\' => {
                    out.push('\\');
                    out.push(c);
                }
                c if c.is_control() => out.push_str(&format!("\\{:03}", u32::from(c))),
                c => out.push(c),
            }
        }
        for b in chunk.invalid() {
            out.push_str(&format!("\\{b:03}"));
        }
    }
}

/// First label of the name at `at`, as bytes.
pub fn first_label(message: &[u8], at: usize) -> Option<&[u8]> {
    let mut first = None;
    walk(message, at, &mut |label| {
        first.get_or_insert(label);
    })?;
    first
}

/// One question.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    message: &'a [u8],
    at: usize,
    pub qtype: u16,
    pub class: u16,
}

impl<'a> Question<'a> {
    pub fn name(&self) -> String {
        name_at(self.message, self.at).map(|(name, _)| name).unwrap_or_default()
    }
    pub fn first_label(&self) -> &'a [u8] {
        first_label(self.message, self.at).unwrap_or_default()
    }
    /// A number that equal names (but for case) share.
    pub fn key(&self) -> u64 {
        let mut h = 0xcbf2_9ce4_8422_2325u64 ^ u64::from(self.qtype);
        let _ = walk(self.message, self.at, &mut |label| {
            for b in label.iter().chain(&[0]) {
                h = (h ^ u64::from(b.to_ascii_lowercase())).wrapping_mul(0x0100_0000_01b3);
            }
        });
        h
    }
}

/// One resource record of any section.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    pub message: &'a [u8],
    name_at: usize,
    /// 1 answer, 2 authority, 3 additional.
    pub section: usize,
    pub rtype: u16,
    pub class: u16,
    /// Seconds.
    pub ttl: u32,
    /// Where `data` stands in the message.
    pub data_at: usize,
    pub data: &'a [u8],
}

impl<'a> Record<'a> {
    pub fn name(&self) -> String {
        name_at(self.message, self.name_at).map(|(name, _)| name).unwrap_or_default()
    }
    pub fn first_label(&self) -> &'a [u8] {
        first_label(self.message, self.name_at).unwrap_or_default()
    }
    /// Address of an A or AAAA record.
    pub fn address(&self) -> Option<IpAddr> {
        address(self.rtype, self.data)
    }
    /// The name that makes up the data of CNAME, NS, PTR and the like, or stands `skip` bytes in.
    pub fn target(&self, skip: usize) -> Option<String> {
        name_at(self.message, self.data_at.checked_add(skip)?).map(|(name, _)| name)
    }
}

/// A message being read: questions, then records, in order.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    pub header: Header,
    data: &'a [u8],
}

impl<'a> Message<'a> {
    pub fn new(data: &'a [u8]) -> Option<Message<'a>> {
        Some(Message { header: Header::read(data)?, data })
    }
    pub fn questions(&self) -> Questions<'a> {
        Questions { message: self.data, at: 12, left: self.header.counts[0], bad: false }
    }
    /// All records behind the questions.
    pub fn records(&self) -> Records<'a> {
        let mut questions = self.questions();
        questions.by_ref().for_each(drop);
        let [_, answers, authorities, additionals] = self.header.counts;
        Records {
            message: self.data,
            at: questions.at,
            left: [answers, authorities, additionals],
            bad: questions.bad,
        }
    }
    pub fn question(&self) -> Option<Question<'a>> {
        self.questions().next()
    }
    /// Everything the header counts is there; gives the bytes behind it.
    pub fn surplus(&self) -> Option<usize> {
        let mut records = self.records();
        records.by_ref().for_each(drop);
        if records.bad { None } else { self.data.len().checked_sub(records.at) }
    }
    /// Response code with the OPT record's upper bits (RFC 6891, 6.1.3).
    pub fn rcode(&self) -> u16 {
        let upper = self.records().find(|r| r.rtype == OPT).map_or(0, |r| (r.ttl >> 24) as u16);
        upper << 4 | u16::from(self.header.rcode())
    }
}

pub struct Questions<'a> {
    message: &'a [u8],
    at: usize,
    left: u16,
    bad: bool,
}

impl<'a> Iterator for Questions<'a> {
    type Item = Question<'a>;
    fn next(&mut self) -> Option<Question<'a>> {
        if self.left == 0 || self.bad {
            return None;
        }
        self.left -= 1;
        let read = || {
            let end = walk(self.message, self.at, &mut |_| {})?;
            let &[a, b, c, d] = self.message.get(end..end.checked_add(4)?)? else { return None };
            let (qtype, class) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
            Some((Question { message: self.message, at: self.at, qtype, class }, end + 4))
        };
        match read() {
            Some((question, next)) => {
                self.at = next;
                Some(question)
            }
            None => {
                self.bad = true;
                None
            }
        }
    }
}

pub struct Records<'a> {
    message: &'a [u8],
    at: usize,
    left: [u16; 3],
    bad: bool,
}

impl<'a> Iterator for Records<'a> {
    type Item = Record<'a>;
    fn next(&mut self) -> Option<Record<'a>> {
        if self.bad {
            return None;
        }
        let section = self.left.iter().position(|n| *n > 0)?;
        if let Some(left) = self.left.get_mut(section) {
            *left -= 1;
        }
        let read = || {
            let end = walk(self.message, self.at, &mut |_| {})?;
            let head = self.message.get(end..end.checked_add(10)?)?;
            let &[t0, t1, c0, c1, l0, l1, l2, l3, d0, d1] = head else { return None };
            let data_at = end + 10;
            let next = data_at + usize::from(u16::from_be_bytes([d0, d1]));
            let data = self.message.get(data_at..next)?;
            let record = Record {
                message: self.message,
                name_at: self.at,
                section: section + 1,
                rtype: u16::from_be_bytes([t0, t1]),
                class: u16::from_be_bytes([c0, c1]),
                ttl: u32::from_be_bytes([l0, l1, l2, l3]),
                data_at,
                data,
            };
            Some((record, next))
        };
        match read() {
            Some((record, next)) => {
                self.at = next;
                Some(record)
            }
            None => {
                self.bad = true;
                None
            }
        }
    }
}

/// True for addresses of which a name says something about a device at hand: private, link-local.
pub fn is_local(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(a) => a.is_private() || a.is_link_local(),
        IpAddr::V6(a) => {
            let head = a.segments()[0];
            head & 0xfe00 == 0xfc00 || head & 0xffc0 == 0xfe80
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Answer to `a.bc` A: CNAME to a compressed name, then an address.
    const ANSWER: &[u8] = b"\x12\x34\x81\x80\x00\x01\x00\x02\x00\x00\x00\x00\x01a\x02bc\x00\x00\x01\x00\x01\
        \xc0\x0c\x00\x05\x00\x01\x00\x00\x00\x3c\x00\x04\x01x\xc0\x0e\
        \xc0\x22\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\x0a\x00\x00\x07";

    #[test]
    fn reads_compressed_names() {
        let m = Message::new(ANSWER).unwrap();
        assert_eq!(m.question().unwrap().name(), "a.bc");
        let r: Vec<_> = m.records().collect();
        assert_eq!(r[0].target(0).as_deref(), Some("x.bc"));
        assert_eq!((r[1].name().as_str(), r[1].address()), ("x.bc", Some("10.0.0.7".parse().unwrap())));
        assert_eq!(m.surplus(), Some(0));
    }

    #[test]
    fn refuses_endless_and_forward_pointers() {
        let mut loop_at = ANSWER.to_vec();
        loop_at[12] = 0xc0;
        loop_at[13] = 0x0c;
        assert!(Message::new(&loop_at).unwrap().question().is_none());
        assert_eq!(Message::new(&loop_at).unwrap().surplus(), None);
        let ahead = b"\x00\x01\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\xc0\x20\x00\x01\x00\x01";
        assert!(Message::new(ahead).unwrap().question().is_none());
    }

    #[test]
    fn odd_labels_are_escaped() {
        let bytes = b"\x00\x01\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x04a.\xff\x01\x00\x00\x01\x00\x01";
        assert_eq!(Message::new(bytes).unwrap().question().unwrap().name(), "a\\.\\255\\001");
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..100), at in 0usize..61, b: u8) {
            let mut bent = ANSWER.to_vec();
            bent[at % ANSWER.len()] = b;
            for data in [&bytes, &bent] {
                if let Some(m) = Message::new(data) {
                    fields(&m, &mut Vec::new());
                    let _ = (m.surplus(), m.rcode(), m.question().map(|q| q.key()));
                }
            }
        }
    }
}
