//! The encapsulation header, the common packet format, and recognition by them.
//!
//! Source: ODVA, The CIP Networks Library volume 2 (EtherNet/IP Adaptation of CIP), chapter 2.

use crate::bytes::Reader;
use crate::model::{Side, Transport};
use crate::probe::{Hint, Role, Verdict};

/// TCP and UDP port of explicit messages and discovery.
pub const PORT: u16 = 44818;
pub const HEADER: usize = 24;

pub const LIST_SERVICES: u16 = 0x04;
pub const LIST_IDENTITY: u16 = 0x63;
pub const LIST_INTERFACES: u16 = 0x64;
pub const REGISTER_SESSION: u16 = 0x65;
pub const UNREGISTER_SESSION: u16 = 0x66;
pub const SEND_RR_DATA: u16 = 0x6f;
pub const SEND_UNIT_DATA: u16 = 0x70;

/// Item types of the common packet format (table 2-6.3).
pub const ITEM_IDENTITY: u16 = 0x0c;
pub const ITEM_CONNECTED_ADDRESS: u16 = 0xa1;
pub const ITEM_CONNECTED_DATA: u16 = 0xb1;
pub const ITEM_UNCONNECTED_DATA: u16 = 0xb2;
pub const ITEM_SEQUENCED_ADDRESS: u16 = 0x8002;
/// Items looked at in one message.
const MAX_ITEMS: u16 = 16;

/// Name of a command, `None` if there is no such command.
pub fn command_name(command: u16) -> Option<&'static str> {
    Some(match command {
        0x00 => "nop",
        LIST_SERVICES => "list_services",
        LIST_IDENTITY => "list_identity",
        LIST_INTERFACES => "list_interfaces",
        REGISTER_SESSION => "register_session",
        UNREGISTER_SESSION => "unregister_session",
        SEND_RR_DATA => "send_rr_data",
        SEND_UNIT_DATA => "send_unit_data",
        0xc8 => "start_dtls",
        _ => return None,
    })
}

/// Name of an encapsulation status; others appear too (a bad one is data, no error).
pub fn status_name(status: u32) -> &'static str {
    match status {
        0x00 => "success",
        0x01 => "invalid_command",
        0x02 => "no_memory_resources",
        0x03 => "incorrect_data",
        0x64 => "invalid_session_handle",
        0x65 => "invalid_length",
        0x69 => "unsupported_protocol_revision",
        0x6a => "encapsulated_service_not_allowed",
        _ => "unknown_status",
    }
}

/// One encapsulation message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message<'a> {
    pub command: u16,
    pub session: u32,
    pub status: u32,
    pub context: [u8; 8],
    pub options: u32,
    pub body: &'a [u8],
}

/// Outcome of looking for a message at the start of some bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found<'a> {
    /// A message and how many bytes it takes.
    Message(Message<'a>, usize),
    Short,
    No,
}

/// Reads the message at the start of `data`.
pub fn read(data: &[u8]) -> Found<'_> {
    let mut r = Reader::new(data);
    let (Some(command), Some(length)) = (r.le16(), r.le16()) else {
        // one to three bytes: the command is small, so its second byte is zero
        let plausible = data.get(1).is_none_or(|&b| b == 0)
            && data.first().is_none_or(|&c| command_name(c.into()).is_some());
        return if plausible { Found::Short } else { Found::No };
    };
    if command_name(command).is_none() {
        return Found::No;
    }
    let head = (|| {
        let (session, status) = (r.le32()?, r.le32()?);
        let context: [u8; 8] = r.take(8)?.try_into().ok()?;
        Some((session, status, context, r.le32()?))
    })();
    let Some((session, status, context, options)) = head else { return Found::Short };
    // options are reserved; the standard has receivers discard messages that set them
    if options != 0 || status > 0xffff {
        return Found::No;
    }
    let Some(body) = r.take(length.into()) else { return Found::Short };
    Found::Message(Message { command, session, status, context, options, body }, HEADER + usize::from(length))
}

impl<'a> Message<'a> {
    /// Items of the common packet format this message carries, in order.
    pub fn items(&self) -> Items<'a> {
        let mut r = Reader::new(self.body);
        if matches!(self.command, SEND_RR_DATA | SEND_UNIT_DATA) {
            // interface handle and timeout
            let _ = r.skip(6);
        }
        items(r.rest())
    }

    /// Who sends such a message, where that can be seen.
    pub fn sender(&self) -> Option<Side> {
        if self.status != 0 {
            return Some(Side::Server);
        }
        match self.command {
            LIST_SERVICES | LIST_IDENTITY | LIST_INTERFACES => {
                Some(if self.body.is_empty() { Side::Client } else { Side::Server })
            }
            REGISTER_SESSION => Some(if self.session == 0 { Side::Client } else { Side::Server }),
            UNREGISTER_SESSION => Some(Side::Client),
            SEND_RR_DATA | SEND_UNIT_DATA => self.items().find_map(|item| {
                let service = match item.kind {
                    ITEM_UNCONNECTED_DATA => item.data.first(),
                    ITEM_CONNECTED_DATA => item.data.get(2),
                    _ => None,
                }?;
                Some(if service & 0x80 == 0 { Side::Client } else { Side::Server })
            }),
            _ => None,
        }
    }
}

/// One item of the common packet format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Item<'a> {
    pub kind: u16,
    pub data: &'a [u8],
}

/// See [`items`].
#[derive(Clone, Debug)]
pub struct Items<'a> {
    left: u16,
    r: Reader<'a>,
}

/// The items behind an item count; ends early where they are cut.
pub fn items(data: &[u8]) -> Items<'_> {
    let mut r = Reader::new(data);
    let left = r.le16().unwrap_or(0).min(MAX_ITEMS);
    Items { left, r }
}

impl<'a> Iterator for Items<'a> {
    type Item = Item<'a>;
    fn next(&mut self) -> Option<Item<'a>> {
        self.left = self.left.checked_sub(1)?;
        let (kind, length) = (self.r.le16()?, self.r.le16()?);
        Some(Item { kind, data: self.r.take(length.into())? })
    }
}

/// True if `data` is an item count and that many items of known kinds, nothing before or behind.
pub fn is_items(data: &[u8], at_least: u16) -> bool {
    let mut r = Reader::new(data);
    let Some(count) = r.le16() else { return false };
    if count < at_least || count > MAX_ITEMS {
        return false;
    }
    for _ in 0..count {
        let known = |kind: u16| matches!(kind, 0 | 0x0c | 0x85..=0x88 | 0x91 | 0xa1 | 0xb1 | 0xb2 | 0x100 | 0x8000..=0x8003);
        let item = r.le16().zip(r.le16());
        match item {
            Some((kind, length)) if known(kind) && r.skip(length.into()).is_some() => {}
            _ => return false,
        }
    }
    r.is_empty()
}

/// Recognises EtherNet/IP explicit messages and discovery.
pub fn identify(hint: &Hint, data: &[u8]) -> Verdict {
    let own_port = hint.port(PORT);
    let message = match read(data) {
        Found::Message(message, size) => {
            if hint.transport == Transport::Udp && size != data.len() {
                return Verdict::No;
            }
            message
        }
        Found::Short if hint.transport == Transport::Tcp && data.len() < 4096 => return Verdict::Need,
        _ => return Verdict::No,
    };
    let role = message.sender().map_or(Role::Unknown, Role::from);
    let body = message.body;
    let bare = body.is_empty();
    match message.command {
        REGISTER_SESSION if body == [1, 0, 0, 0] => Verdict::Strong(role),
        SEND_RR_DATA | SEND_UNIT_DATA => {
            // interface handle 0 is CIP; then timeout and at least an address and a data item
            let cip = body.get(..4) == Some(&[0; 4]) && body.get(6..).is_some_and(|b| is_items(b, 2));
            if cip || (own_port && bare && message.status != 0) { Verdict::Strong(role) } else { Verdict::No }
        }
        LIST_SERVICES | LIST_IDENTITY | LIST_INTERFACES => match (bare, own_port) {
            (true, true) => Verdict::Strong(role),
            (true, false) => Verdict::Weak(role),
            (false, _) if is_items(body, u16::from(message.command != LIST_INTERFACES)) => {
                Verdict::Strong(role)
            }
            _ => Verdict::No,
        },
        UNREGISTER_SESSION if bare && message.session != 0 => Verdict::Weak(role),
        // a bare NOP is nearly all zeros: nothing to go by
        _ => Verdict::No,
    }
}
