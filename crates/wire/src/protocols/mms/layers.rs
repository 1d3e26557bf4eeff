//! What stands between COTP and MMS: session, presentation, association control; and recognition.
//!
//! Sources: ITU-T X.225 (session SPDUs), X.226 (presentation PPDUs), X.227 (ACSE APDUs), ISO 9506-2.
//! The reduced stack that some devices speak, MMS right behind COTP, is read too.

use crate::bytes::Reader;
use crate::probe::{Hint, Role, Verdict};
use crate::protocols::ber::{self, Ber, Tlv};
use crate::protocols::s7comm::frame::{self, Found};

/// Octets of the object identifier 1.0.9506, of MMS, in its encoding: 28 ca 22, with head and length.
const MMS: &[u8] = &[0x28, 0xca, 0x22];
/// Bytes of a flow looked at to recognise it.
const MAX_HEAD: usize = 4096;
/// Values of a presentation or ACSE list that are looked at.
const MAX_PARTS: usize = 16;

/// Session SPDU identifiers.
const CONNECT: u8 = 0x0d;
const ACCEPT: u8 = 0x0e;
const REFUSE: u8 = 0x0c;
const FINISH: u8 = 0x09;
const DISCONNECT: u8 = 0x0a;
const ABORT: u8 = 0x19;
const ABORT_ACCEPT: u8 = 0x1a;
const DATA: u8 = 0x01;

/// What a message of the transport holds.
#[derive(Clone, Copy, Debug)]
pub enum Layer<'a> {
    /// An MMS PDU.
    Mms(&'a [u8]),
    /// An association is asked for, with an MMS PDU in it.
    Associate(Acse<'a>),
    /// The answer to that.
    Associated(Acse<'a>),
    /// The session was refused before association control was asked.
    Refused,
    /// The association ends in order, or its end is agreed to.
    Release,
    Abort,
}

/// What is of interest in an AARQ or AARE.
#[derive(Clone, Copy, Default, Debug)]
pub struct Acse<'a> {
    /// Application process titles, object identifiers as encoded.
    pub calling: Option<&'a [u8]>,
    pub called: Option<&'a [u8]>,
    pub mechanism: Option<&'a [u8]>,
    pub secret: Option<Secret<'a>>,
    /// 0 accepted, 1 rejected for good, 2 rejected for now.
    pub result: Option<i64>,
    /// Diagnostic of the service user or provider: 13 authentication failure, 14 required.
    pub diagnostic: Option<i64>,
    pub mms: Option<&'a [u8]>,
}

/// An authentication value.
#[derive(Clone, Copy, Debug)]
pub enum Secret<'a> {
    /// A character string: a password.
    Text(&'a [u8]),
    /// Anything else: a certificate and signature (IEC 62351-4).
    Other,
}

/// Reads a whole message of the transport.
pub fn read(tsdu: &[u8]) -> Option<Layer<'_>> {
    let mut r = Reader::new(tsdu);
    match r.u8()? {
        DATA => data(tsdu).map(Layer::Mms),
        CONNECT => Some(Layer::Associate(session_user_data(&mut r).and_then(associate).and_then(acse)?)),
        // the session is accepted, which is enough where the rest cannot be read
        ACCEPT => {
            let read = session_user_data(&mut r).and_then(associate).and_then(acse);
            Some(Layer::Associated(read.unwrap_or(Acse { result: Some(0), ..Acse::default() })))
        }
        // a refusal may hold the association control's own
        REFUSE => Some(match refused(&mut r) {
            Some(acse) => Layer::Associated(acse),
            None => Layer::Refused,
        }),
        FINISH | DISCONNECT => Some(Layer::Release),
        ABORT | ABORT_ACCEPT if tsdu.len() < 512 && length(&mut r) == Some(r.left()) => Some(Layer::Abort),
        _ => is_pdu(tsdu).then_some(Layer::Mms(tsdu)),
    }
}

/// Length of a session parameter: one octet, or FF and two.
fn length(r: &mut Reader<'_>) -> Option<usize> {
    match r.u8()? {
        0xff => r.be16().map(usize::from),
        n => Some(n.into()),
    }
}

/// User data or extended user data of an SPDU of which the identifier was read.
fn session_user_data<'a>(r: &mut Reader<'a>) -> Option<&'a [u8]> {
    let n = length(r)?;
    let mut r = Reader::new(r.take(n)?);
    while let Some(code) = r.u8() {
        let n = length(&mut r)?;
        let value = r.take(n)?;
        if matches!(code, 0xc1 | 0xc2) {
            return Some(value);
        }
    }
    None
}

/// Contents of the values of fully encoded user data, with the number of their context.
fn values<'a>(user: Tlv<'a>) -> impl Iterator<Item = &'a [u8]> {
    user.inner().take(MAX_PARTS).filter(|t| t.tag == ber::SEQUENCE).filter_map(|list| {
        let mut ber = list.inner();
        ber.expect(ber::OID);
        ber.integer()?;
        let value = ber.next()?;
        // a single value, or octets; bits have a count of unused ones in front
        match value.tag {
            0xa0 | 0x81 => Some(value.body),
            0x82 => value.body.get(1..),
            _ => None,
        }
    })
}

const USER_DATA: u32 = 0x61;

/// The APDU of association control in a presentation connect, accept or reject.
fn associate(ppdu: &[u8]) -> Option<&[u8]> {
    let whole = Ber::new(ppdu).next().filter(|t| matches!(t.tag, ber::SET | ber::SEQUENCE))?;
    let parameters = |t: Tlv<'_>| matches!(t.tag, 0xa2 | USER_DATA | ber::SEQUENCE);
    for part in whole.inner().take(MAX_PARTS).filter(|t| parameters(*t)) {
        let user = if part.tag == USER_DATA {
            Some(part)
        } else {
            part.inner().take(MAX_PARTS).find(|t| t.tag == USER_DATA)
        };
        let apdu = user.and_then(|u| values(u).find(|v| matches!(v.first(), Some(0x60 | 0x61))));
        if apdu.is_some() {
            return apdu;
        }
    }
    None
}

fn refused<'a>(r: &mut Reader<'a>) -> Option<Acse<'a>> {
    let n = length(r)?;
    let mut r = Reader::new(r.take(n)?);
    while let Some(code) = r.u8() {
        let n = length(&mut r)?;
        let value = r.take(n)?;
        // the reason code has the user's data behind its first octet
        if code == 0x32 {
            return acse(associate(value.get(1..)?)?);
        }
    }
    None
}

/// Reads an AARQ or AARE.
fn acse(apdu: &[u8]) -> Option<Acse<'_>> {
    let whole = Ber::new(apdu).next().filter(|t| matches!(t.tag, 0x60 | 0x61))?;
    let request = whole.tag == 0x60;
    let mut found = Acse::default();
    for part in whole.inner().take(2 * MAX_PARTS) {
        let first = part.inner().next();
        let oid = first.filter(|t| t.tag == ber::OID).map(|t| t.body);
        match (part.tag, request) {
            (0xa2, true) => found.called = oid,
            (0xa6, true) => found.calling = oid,
            (0xa4, false) => found.called = oid,
            (0xa2, false) => found.result = first.and_then(|t| t.int()),
            (0xa3, false) => {
                found.diagnostic = first.and_then(|t| t.inner().next()).and_then(|t| t.int());
            }
            (0x8b, true) | (0x89, false) => found.mechanism = Some(part.body),
            (0xac, true) => {
                found.secret = first.map(|t| if t.tag == 0x80 { Secret::Text(t.body) } else { Secret::Other });
            }
            (0xbe, _) => found.mms = external(part),
            _ => {}
        }
    }
    Some(found)
}

/// The value of an EXTERNAL in user information.
fn external(information: Tlv<'_>) -> Option<&[u8]> {
    let external = information.inner().next().filter(|t| t.tag == 0x28)?;
    let value = external.inner().take(4).find(|t| matches!(t.tag, 0xa0 | 0x81))?;
    Some(value.body)
}

/// The MMS PDU in a data SPDU.
fn data(tsdu: &[u8]) -> Option<&[u8]> {
    let user = Ber::new(tsdu.strip_prefix(&[DATA, 0, DATA, 0])?).next().filter(|t| t.tag == USER_DATA)?;
    // what ends an association is data of association control, of no MMS
    values(user).find(|v| is_pdu(v))
}

/// Number of a tag of the context class.
pub fn number(tag: u32) -> Option<u32> {
    match tag {
        0x80..=0xbf => Some(tag & 0x1f),
        0x9f00..=0x9f7f | 0xbf00..=0xbf7f => Some(tag & 0x7f),
        _ => None,
    }
}

/// True if `bytes` are one MMS PDU and nothing else, by its structure.
pub fn is_pdu(bytes: &[u8]) -> bool {
    let mut ber = Ber::new(bytes);
    let Some(pdu) = ber.next().filter(|_| ber.is_empty()) else { return false };
    let mut inner = pdu.inner();
    let small = |n: usize| (1..=5).contains(&n);
    match pdu.tag {
        0xa0 | 0xa1 => {
            let Some(id) = inner.expect(ber::INTEGER).filter(|t| small(t.body.len())) else { return false };
            inner.expect(ber::SEQUENCE);
            // some answers have no contents, which is an error of theirs
            id.int().is_some_and(|v| v >= 0) && inner.next().is_none_or(|t| number(t.tag).is_some_and(|n| n <= 90))
        }
        0xa2 => {
            inner.expect(0x80).is_some_and(|t| small(t.body.len()))
                && inner.find(|t| t.tag != 0x81).is_some_and(|t| t.tag == 0xa2)
        }
        0xa3 => inner.next().is_some_and(|t| matches!(t.tag, 0xa0..=0xa2)),
        0xa4 => inner.find(|t| t.tag != 0x80).is_some_and(|t| matches!(t.tag, 0x81..=0x8b) && t.body.len() == 1),
        0xa8 | 0xa9 => initiates(inner),
        0xaa => inner.next().is_some_and(|t| t.tag == 0xa0),
        0x85 | 0x86 => small(pdu.body.len()),
        0xa7 => inner.next().is_some_and(|t| t.tag == 0x80),
        0x8b | 0x8c => pdu.body.is_empty(),
        0xad => !pdu.body.is_empty(),
        _ => false,
    }
}

/// Parameters of an initiate request or response: sizes, numbers, and the version's own.
fn initiates(inner: Ber<'_>) -> bool {
    let mut detail = 0;
    for part in inner {
        match part.tag {
            0x80..=0x83 if part.body.len() <= 5 => {}
            0xa4 => detail += 1,
            _ => return false,
        }
    }
    detail == 1
}

/// Who sends such a PDU.
fn sender(pdu: &[u8]) -> Role {
    match pdu.first() {
        Some(0xa0 | 0xa8 | 0x85 | 0x8b) => Role::Client,
        Some(0xa1..=0xa4 | 0xa9 | 0xaa | 0x86 | 0xa7 | 0x8c | 0xad) => Role::Server,
        _ => Role::Unknown,
    }
}

/// Recognises MMS by the first message that is more than the transport's own.
pub fn identify(_hint: &Hint, data: &[u8]) -> Verdict {
    let mut rest = data;
    while !rest.is_empty() {
        let (tpdu, size) = match frame::read(rest) {
            Found::Tpdu(tpdu, size) => (tpdu, size),
            Found::No => return Verdict::No,
            Found::Short => {
                let other = rest.get(5) == Some(&frame::DATA)
                    && rest.get(7).is_some_and(|&b| !matches!(b, 0x01 | CONNECT | ACCEPT | 0x80..=0xad));
                return if other || data.len() >= MAX_HEAD { Verdict::No } else { Verdict::Need };
            }
        };
        if tpdu.code == frame::DATA && !tpdu.payload.is_empty() {
            return message(tpdu.payload, tpdu.is_last());
        }
        rest = rest.get(size..).unwrap_or_default();
    }
    if data.len() < MAX_HEAD { Verdict::Need } else { Verdict::No }
}

fn message(payload: &[u8], whole: bool) -> Verdict {
    match payload.first() {
        Some(&si @ (CONNECT | ACCEPT)) => {
            let named = memchr::memmem::find(payload, MMS).is_some();
            let role = if si == CONNECT { Role::Client } else { Role::Server };
            if named { Verdict::Strong(role) } else { Verdict::No }
        }
        Some(&DATA) if whole => match self::data(payload) {
            Some(pdu) => Verdict::Strong(sender(pdu)),
            None => Verdict::No,
        },
        // the first part of a message: its head must fit
        Some(&DATA) if payload.starts_with(&[DATA, 0, DATA, 0, 0x61]) => Verdict::Weak(Role::Unknown),
        Some(0xa8 | 0xa9) if is_pdu(payload) => Verdict::Strong(sender(payload)),
        Some(0xa0..=0xa4) if is_pdu(payload) => Verdict::Weak(sender(payload)),
        _ => Verdict::No,
    }
}
