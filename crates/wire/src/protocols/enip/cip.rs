//! CIP messages: requests with their path, answers, and messages inside messages.
//!
//! Source: ODVA, The CIP Networks Library volume 1, chapters 2-4 (message router request and
//! response, Multiple Service Packet), 3-5.5 (connection manager services).

use super::path::Path;
use super::pccc;
use super::services::{self, *};
use crate::bytes::{Reader, hex};
use crate::model::{Action, Category, Val};

/// Messages taken from one Multiple Service Packet.
const MAX_EMBEDDED: usize = 256;
/// Depth of messages within messages.
const MAX_DEPTH: u8 = 3;
/// Attribute numbers kept of one list.
const MAX_ATTRIBUTES: usize = 64;

/// A request.
#[derive(Clone, Debug)]
pub struct Request {
    pub code: u8,
    pub path: Path,
    pub service: services::Service,
    /// Route of an Unconnected_Send around it, or of the connection it came over.
    pub route: Option<String>,
    /// Requests inside a Multiple Service Packet.
    pub embedded: Vec<Request>,
    pub value: Option<Val>,
    /// Elements of a tag, bytes of a fragment.
    pub count: Option<u16>,
    /// Attribute numbers of a Get_ or Set_Attribute_List.
    pub attributes: Vec<u16>,
    pub pccc: Option<pccc::Request>,
    pub open: Option<Open>,
    /// It came inside an Unconnected_Send.
    pub unconnected_send: bool,
    /// Hex of what stands behind the path, kept for events.
    pub data: Option<String>,
}

/// What a Forward_Open asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Open {
    pub to_originator: u32,
    pub serial: u16,
    pub vendor: u16,
    pub originator: u32,
    /// Transport class: 0 and 1 carry I/O, 3 explicit messages.
    pub class: u8,
    /// Requested packet intervals in microseconds.
    pub rpi_to_target: u32,
    pub rpi_to_originator: u32,
    pub path: Path,
}

/// Reads a request. With `events`, its data is kept as text.
pub fn request(data: &[u8], events: bool) -> Option<Request> {
    request_at(data, events, 0)
}

fn request_at(data: &[u8], events: bool, depth: u8) -> Option<Request> {
    if depth > MAX_DEPTH {
        return None;
    }
    let mut r = Reader::new(data);
    let code = r.u8()?;
    let words = usize::from(r.u8()?);
    let path = Path::read(r.take(words * 2)?);
    let body = r.rest();
    if path.class == Some(CONNECTION_MANAGER)
        && code == UNCONNECTED_SEND
        && let Some(inner) = unconnected_send(body, events, depth)
    {
        return Some(inner);
    }
    let mut request = Request {
        code,
        service: services::of(code, &path, body),
        path,
        route: None,
        embedded: Vec::new(),
        value: None,
        count: None,
        attributes: Vec::new(),
        pccc: None,
        open: None,
        unconnected_send: false,
        data: if events && !body.is_empty() { Some(hex(body)) } else { None },
    };
    request.details(body, events, depth);
    Some(request)
}

/// The message inside an Unconnected_Send, with its route.
fn unconnected_send(body: &[u8], events: bool, depth: u8) -> Option<Request> {
    let mut r = Reader::new(body);
    // priority and tick, time-out ticks
    r.skip(2)?;
    let n = usize::from(r.le16()?);
    let inner = r.take(n)?;
    if n % 2 == 1 {
        r.skip(1)?;
    }
    let mut request = request_at(inner, events, depth + 1)?;
    let words = r.u8().unwrap_or(0);
    let _ = r.skip(1);
    let route = r.take(usize::from(words) * 2).map(Path::read);
    request.route = route.and_then(|p| p.route).map(|hop| hop.text());
    request.unconnected_send = true;
    Some(request)
}

impl Request {
    fn details(&mut self, body: &[u8], events: bool, depth: u8) {
        let mut r = Reader::new(body);
        match (self.path.class, self.code) {
            (_, MULTIPLE_SERVICE_PACKET) => {
                self.embedded =
                    embedded(body).filter_map(|part| request_at(part, events, depth + 1)).collect();
            }
            (_, 0x03 | 0x04) => {
                let count = usize::from(r.le16().unwrap_or(0)).min(MAX_ATTRIBUTES);
                // attribute values of a Set have lengths only their class knows
                let count = if self.code == 0x04 { count.min(1) } else { count };
                self.attributes.extend((0..count).map_while(|_| r.le16()));
                if self.code == 0x04 {
                    self.value = number(r.rest());
                }
            }
            (_, 0x10) => self.value = number(body),
            (Some(CONNECTION_MANAGER), FORWARD_OPEN | LARGE_FORWARD_OPEN) => {
                self.open = open(body, self.code == LARGE_FORWARD_OPEN);
                if self.open.as_ref().is_some_and(|o| o.class < 2) {
                    let name =
                        if self.code == FORWARD_OPEN { "forward_open_io" } else { "large_forward_open_io" };
                    self.service =
                        Service { name: name.into(), action: Action::Subscribe, category: Category::Monitor };
                }
                self.route = self.open.as_ref().and_then(|o| o.path.route.as_ref()).map(|hop| hop.text());
            }
            (Some(PCCC), EXECUTE_PCCC) => self.pccc = pccc::request(body),
            (None | Some(0x6b), 0x4c | 0x52) => self.count = r.le16(),
            (None | Some(0x6b), 0x4d | 0x53) => {
                let kind = r.le16();
                self.count = r.le16();
                if self.code == 0x53 {
                    // offset of the fragment
                    let _ = r.le32();
                }
                self.value = kind.and_then(|kind| typed(kind, &mut r));
            }
            _ => {}
        }
    }
}

fn open(body: &[u8], large: bool) -> Option<Open> {
    let mut r = Reader::new(body);
    // priority, ticks, the connection id of the way to the target (the target chooses it)
    r.skip(2 + 4)?;
    let to_originator = r.le32()?;
    let (serial, vendor, originator) = (r.le16()?, r.le16()?, r.le32()?);
    // time-out multiplier and three reserved bytes
    r.skip(4)?;
    let parameters = if large { 4 } else { 2 };
    let rpi_to_target = r.le32()?;
    r.skip(parameters)?;
    let rpi_to_originator = r.le32()?;
    r.skip(parameters)?;
    let class = r.u8()? & 0x0f;
    let words = usize::from(r.u8()?);
    let path = Path::read(r.take(words * 2).unwrap_or_default());
    Some(Open { to_originator, serial, vendor, originator, class, rpi_to_target, rpi_to_originator, path })
}

/// Messages of a Multiple Service Packet: a count, that many offsets from the count on, messages.
fn embedded(body: &[u8]) -> impl Iterator<Item = &[u8]> {
    let offset = move |n: usize| {
        let at = n.checked_mul(2)?.checked_add(2)?;
        let bytes = body.get(at..at.checked_add(2)?)?;
        Some(usize::from(u16::from_le_bytes(bytes.try_into().ok()?)))
    };
    let count = match body {
        &[a, b, ..] => usize::from(u16::from_le_bytes([a, b])).min(MAX_EMBEDDED),
        _ => 0,
    };
    (0..count).filter_map(move |n| {
        let start = offset(n)?;
        let end = if n + 1 < count { offset(n + 1)? } else { body.len() };
        body.get(start..end.min(body.len()))
    })
}

/// An answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Response<'a> {
    /// Service code without the response bit.
    pub code: u8,
    pub status: u8,
    /// First word of the additional status.
    pub extended: Option<u16>,
    pub data: &'a [u8],
}

/// Reads an answer.
pub fn response(data: &[u8]) -> Option<Response<'_>> {
    let mut r = Reader::new(data);
    let code = r.u8()?;
    if code & 0x80 == 0 {
        return None;
    }
    r.skip(1)?;
    let status = r.u8()?;
    let words = usize::from(r.u8()?);
    let extra = r.take(words * 2)?;
    let extended = extra.get(..2).and_then(|b| b.try_into().ok()).map(u16::from_le_bytes);
    Some(Response { code: code & 0x7f, status, extended, data: r.rest() })
}

impl<'a> Response<'a> {
    /// Done, wholly or (for a packet of several) in part.
    pub fn is_good(&self) -> bool {
        // partial transfer: more is to come
        matches!(self.status, 0 | 0x06)
    }
    /// Answers inside that of a Multiple Service Packet.
    pub fn embedded(&self) -> impl Iterator<Item = Response<'a>> + use<'a> {
        embedded(self.data).filter_map(response)
    }
}

/// Attribute value of 1, 2, 4 or 8 bytes as a number, longer ones as hex.
fn number(bytes: &[u8]) -> Option<Val> {
    let mut r = Reader::new(bytes);
    Some(match bytes.len() {
        0 => return None,
        1 => Val::from(r.u8()?),
        2 => Val::from(r.le16()?),
        4 => Val::from(r.le32()?),
        8 => Val::from(r.le64()? as i64),
        n => Val::from(hex(bytes.get(..n.min(64))?)),
    })
}

/// First element of a tag's value, by its elementary data type (volume 1, appendix C-6.1).
fn typed(kind: u16, r: &mut Reader<'_>) -> Option<Val> {
    Some(match kind & 0xff {
        0xc1 => Val::from(r.u8()? & 1),
        0xc2 => Val::from(r.u8()? as i8),
        0xc3 => Val::from(r.le_i16()?),
        0xc4 => Val::from(r.le_i32()?),
        0xc5 => Val::from(r.le64()? as i64),
        0xc6 | 0xd1 => Val::from(r.u8()?),
        0xc7 | 0xd2 => Val::from(r.le16()?),
        0xc8 | 0xd3 => Val::from(r.le32()?),
        0xca => Val::from(r.le_f32()?),
        0xcb => Val::from(r.le_f64()?),
        _ => return number(r.rest()),
    })
}
