//! MQTT control packets (MQTT 3.1, OASIS MQTT 3.1.1 and 5.0).

use crate::bytes::Reader;

/// Longest topic, name or property value kept, in bytes.
const MAX_TEXT: usize = 1024;
/// Most topics of one packet and most properties kept.
const MAX_LIST: usize = 64;

macro_rules! kinds {
    ($($variant:ident $code:literal $name:literal),* $(,)?) => {
        /// Control packet type (MQTT 5.0 table 2-1).
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum Kind { $($variant),* }
        impl Kind {
            pub fn new(code: u8) -> Option<Kind> {
                match code { $($code => Some(Kind::$variant),)* _ => None }
            }
            pub fn name(self) -> &'static str {
                match self { $(Kind::$variant => $name),* }
            }
        }
    };
}

kinds! {
    Connect 1 "connect", Connack 2 "connack", Publish 3 "publish", Puback 4 "puback", Pubrec 5 "pubrec",
    Pubrel 6 "pubrel", Pubcomp 7 "pubcomp", Subscribe 8 "subscribe", Suback 9 "suback",
    Unsubscribe 10 "unsubscribe", Unsuback 11 "unsuback", Pingreq 12 "pingreq", Pingresp 13 "pingresp",
    Disconnect 14 "disconnect", Auth 15 "auth",
}

/// The fixed header.
#[derive(Clone, Copy, Debug)]
pub struct Fixed {
    pub kind: Kind,
    /// Low four bits of the first byte.
    pub flags: u8,
    /// Bytes of the header itself.
    pub header: usize,
    /// Bytes that follow it.
    pub remaining: usize,
}

/// Outcome of looking for a fixed header.
pub enum Head {
    Good(Fixed),
    Need,
    Bad,
}

impl Fixed {
    /// Reads the fixed header and checks what each type allows there.
    pub fn read(data: &[u8]) -> Head {
        let mut r = Reader::new(data);
        let Some(first) = r.u8() else { return Head::Need };
        let Some(kind) = Kind::new(first >> 4) else { return Head::Bad };
        let (mut remaining, mut shift) = (0usize, 0u32);
        loop {
            let Some(byte) = r.u8() else { return Head::Need };
            remaining |= usize::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                break;
            }
            shift += 7;
            if shift > 21 {
                return Head::Bad;
            }
        }
        let fixed = Fixed { kind, flags: first & 15, header: r.position(), remaining };
        if fixed.plausible() { Head::Good(fixed) } else { Head::Bad }
    }

    fn plausible(&self) -> bool {
        let n = self.remaining;
        match self.kind {
            Kind::Connect => self.flags == 0 && n >= 12,
            Kind::Connack => self.flags == 0 && n >= 2,
            Kind::Publish => n >= 2,
            // 3.1 allows the DUP flag on the answers' requests
            Kind::Pubrel => self.flags & 0b0111 == 2 && n >= 2,
            Kind::Subscribe | Kind::Unsubscribe => self.flags & 1 == 0 && n >= 5,
            Kind::Puback | Kind::Pubrec | Kind::Pubcomp | Kind::Unsuback => self.flags == 0 && n >= 2,
            Kind::Suback => self.flags == 0 && n >= 3,
            Kind::Pingreq | Kind::Pingresp => self.flags == 0 && n == 0,
            Kind::Disconnect | Kind::Auth => self.flags == 0,
        }
    }

    pub fn qos(&self) -> u8 {
        (self.flags >> 1) & 3
    }
    pub fn retain(&self) -> bool {
        self.flags & 1 != 0
    }
    pub fn dup(&self) -> bool {
        self.flags & 8 != 0
    }
    pub fn total(&self) -> usize {
        self.header.saturating_add(self.remaining)
    }
}

/// A property of MQTT 5.0 (section 2.2.2), value as text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Property {
    pub name: String,
    pub value: String,
}

/// Properties of one packet or will.
pub type Properties = Vec<Property>;

/// The first property called `name`.
pub fn property<'a>(properties: &'a Properties, name: &str) -> Option<&'a str> {
    properties.iter().find(|p| p.name == name).map(|p| p.value.as_str())
}

/// CONNECT: who comes, with what.
#[derive(Debug, Default)]
pub struct Connect<'a> {
    pub protocol: String,
    pub level: u8,
    /// A bridge sets the highest bit of the level.
    pub bridge: bool,
    pub flags: u8,
    pub keep_alive: u16,
    pub client_id: String,
    pub will: Option<Will<'a>>,
    pub username: Option<String>,
    pub password: Option<&'a [u8]>,
    pub properties: Properties,
}

#[derive(Debug, Default)]
pub struct Will<'a> {
    pub topic: String,
    pub message: &'a [u8],
    pub properties: Properties,
}

/// PUBLISH: a value of a topic.
#[derive(Debug, Default)]
pub struct Publish<'a> {
    pub topic: String,
    pub id: Option<u16>,
    pub payload: &'a [u8],
    pub properties: Properties,
}

/// An acknowledgement: identifier, reason or return codes, properties.
#[derive(Debug, Default)]
pub struct Ack {
    pub id: u16,
    pub codes: Vec<u8>,
    pub properties: Properties,
}

/// SUBSCRIBE or UNSUBSCRIBE: filters, with the requested QoS for the former.
#[derive(Debug, Default)]
pub struct Filters {
    pub id: u16,
    pub filters: Vec<(String, u8)>,
    pub properties: Properties,
}

fn text(bytes: &[u8]) -> String {
    let cut = bytes.get(..bytes.len().min(MAX_TEXT)).unwrap_or_default();
    String::from_utf8_lossy(cut).into_owned()
}

fn binary<'a>(r: &mut Reader<'a>) -> Option<&'a [u8]> {
    let len = r.be16()?;
    r.take(usize::from(len))
}

fn string(r: &mut Reader<'_>) -> Option<String> {
    binary(r).map(text)
}

fn varint(r: &mut Reader<'_>) -> Option<u32> {
    let mut value = 0u32;
    for shift in [0, 7, 14, 21] {
        let byte = r.u8()?;
        value |= u32::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

/// Reads the property block of a 5.0 packet; absent (empty) at the packet's end.
fn properties(r: &mut Reader<'_>) -> Option<Properties> {
    let mut found = Properties::new();
    if r.is_empty() {
        return Some(found);
    }
    let len = varint(r)? as usize;
    let mut p = Reader::new(r.take(len)?);
    while let Some(id) = p.u8() {
        let (name, value) = match id {
            0x01 => ("payload_format_indicator", p.u8()?.to_string()),
            0x02 => ("message_expiry_interval", p.be32()?.to_string()),
            0x03 => ("content_type", string(&mut p)?),
            0x08 => ("response_topic", string(&mut p)?),
            0x09 => ("correlation_data", string(&mut p)?),
            0x0b => ("subscription_identifier", varint(&mut p)?.to_string()),
            0x11 => ("session_expiry_interval", p.be32()?.to_string()),
            0x12 => ("assigned_client_identifier", string(&mut p)?),
            0x13 => ("server_keep_alive", p.be16()?.to_string()),
            0x15 => ("authentication_method", string(&mut p)?),
            0x16 => ("authentication_data", string(&mut p)?),
            0x17 => ("request_problem_information", p.u8()?.to_string()),
            0x18 => ("will_delay_interval", p.be32()?.to_string()),
            0x19 => ("request_response_information", p.u8()?.to_string()),
            0x1a => ("response_information", string(&mut p)?),
            0x1c => ("server_reference", string(&mut p)?),
            0x1f => ("reason_string", string(&mut p)?),
            0x21 => ("receive_maximum", p.be16()?.to_string()),
            0x22 => ("topic_alias_maximum", p.be16()?.to_string()),
            0x23 => ("topic_alias", p.be16()?.to_string()),
            0x24 => ("maximum_qos", p.u8()?.to_string()),
            0x25 => ("retain_available", p.u8()?.to_string()),
            0x26 => {
                let (name, value) = (string(&mut p)?, string(&mut p)?);
                if found.len() < MAX_LIST {
                    found.push(Property { name, value });
                }
                continue;
            }
            0x27 => ("maximum_packet_size", p.be32()?.to_string()),
            0x28 => ("wildcard_subscription_available", p.u8()?.to_string()),
            0x29 => ("subscription_identifier_available", p.u8()?.to_string()),
            0x2a => ("shared_subscription_available", p.u8()?.to_string()),
            _ => return None,
        };
        if found.len() < MAX_LIST {
            found.push(Property { name: name.to_owned(), value });
        }
    }
    Some(found)
}

/// True if `name` and `level` begin a CONNECT of a known version.
pub fn known_protocol(name: &[u8], level: u8) -> bool {
    matches!((name, level & 0x7f), (b"MQTT", 4 | 5) | (b"MQIsdp", 3))
}

impl<'a> Connect<'a> {
    pub fn read(body: &'a [u8]) -> Option<Connect<'a>> {
        let mut r = Reader::new(body);
        let protocol = string(&mut r)?;
        let level = r.u8()?;
        let mut c = Connect { bridge: level & 0x80 != 0, level: level & 0x7f, protocol, ..Connect::default() };
        c.flags = r.u8()?;
        c.keep_alive = r.be16()?;
        if c.level >= 5 {
            c.properties = properties(&mut r)?;
        }
        c.client_id = string(&mut r)?;
        if c.flags & 0x04 != 0 {
            let properties = if c.level >= 5 { properties(&mut r)? } else { Properties::new() };
            c.will = Some(Will { properties, topic: string(&mut r)?, message: binary(&mut r)? });
        }
        // 3.1 lets a client set the flag and leave the field out
        if c.flags & 0x80 != 0 && !r.is_empty() {
            c.username = Some(string(&mut r)?);
        }
        if c.flags & 0x40 != 0 && !r.is_empty() {
            c.password = Some(binary(&mut r)?);
        }
        Some(c)
    }
}

impl<'a> Publish<'a> {
    /// `version` 0 if the CONNECT was not seen: then read as 3.1.1.
    pub fn read(fixed: &Fixed, body: &'a [u8], version: u8) -> Option<Publish<'a>> {
        let mut r = Reader::new(body);
        let topic = binary(&mut r)?;
        if topic.contains(&0) || topic.contains(&b'#') || topic.contains(&b'+') {
            return None;
        }
        let topic = text(std::str::from_utf8(topic).ok()?.as_bytes());
        let id = if fixed.qos() > 0 { Some(r.be16()?) } else { None };
        let properties = if version >= 5 { properties(&mut r)? } else { Properties::new() };
        Some(Publish { topic, id, payload: r.rest(), properties })
    }
}

impl Ack {
    /// CONNACK: session-present in `id`, return code in `codes`.
    pub fn connack(body: &[u8]) -> Option<Ack> {
        let mut r = Reader::new(body);
        let (present, code) = (r.u8()?, r.u8()?);
        let properties = properties(&mut r)?;
        Some(Ack { id: u16::from(present & 1), codes: vec![code], properties })
    }

    /// Any other acknowledgement. A SUBACK and a 5.0 UNSUBACK end in codes, the others have at
    /// most one, which is left out for success.
    pub fn read(kind: Kind, body: &[u8], version: u8) -> Option<Ack> {
        let mut r = Reader::new(body);
        let id = r.be16()?;
        if matches!(kind, Kind::Suback | Kind::Unsuback) {
            let properties = if version >= 5 { properties(&mut r)? } else { Properties::new() };
            let codes = r.rest().iter().take(MAX_LIST).copied().collect();
            return Some(Ack { id, codes, properties });
        }
        let codes = r.u8().into_iter().collect();
        let properties = if version >= 5 { properties(&mut r)? } else { Properties::new() };
        Some(Ack { id, codes, properties })
    }

    /// DISCONNECT and AUTH: no identifier, an optional reason.
    pub fn reason(body: &[u8]) -> Option<Ack> {
        let mut r = Reader::new(body);
        let codes = r.u8().into_iter().collect();
        Some(Ack { id: 0, codes, properties: properties(&mut r)? })
    }
}

impl Filters {
    pub fn read(kind: Kind, body: &[u8], version: u8) -> Option<Filters> {
        let mut r = Reader::new(body);
        let mut found = Filters { id: r.be16()?, ..Filters::default() };
        if version >= 5 {
            found.properties = properties(&mut r)?;
        }
        while !r.is_empty() {
            let filter = binary(&mut r)?;
            let filter = text(std::str::from_utf8(filter).ok()?.as_bytes());
            let options = if kind == Kind::Subscribe { r.u8()? } else { 0 };
            if found.filters.len() < MAX_LIST {
                found.filters.push((filter, options & 3));
            }
        }
        (!found.filters.is_empty()).then_some(found)
    }
}

/// Return code of a 3.x CONNACK, or reason code of 5.0, by the standard's name.
pub fn reason_name(version: u8, code: u8) -> &'static str {
    match (version, code) {
        (_, 0x00) => "success",
        (0..5, 1) => "unacceptable_protocol_version",
        (0..5, 2) => "identifier_rejected",
        (0..5, 3) => "server_unavailable",
        (0..5, 4) => "bad_user_name_or_password",
        (0..5, 5) | (_, 0x87) => "not_authorized",
        (_, 0x04) => "disconnect_with_will_message",
        (_, 0x10) => "no_matching_subscribers",
        (_, 0x11) => "no_subscription_existed",
        (_, 0x80) => "unspecified_error",
        (_, 0x81) => "malformed_packet",
        (_, 0x82) => "protocol_error",
        (_, 0x83) => "implementation_specific_error",
        (_, 0x84) => "unsupported_protocol_version",
        (_, 0x85) => "client_identifier_not_valid",
        (_, 0x86) => "bad_user_name_or_password",
        (_, 0x88) => "server_unavailable",
        (_, 0x89) => "server_busy",
        (_, 0x8a) => "banned",
        (_, 0x8b) => "server_shutting_down",
        (_, 0x8c) => "bad_authentication_method",
        (_, 0x8d) => "keep_alive_timeout",
        (_, 0x8e) => "session_taken_over",
        (_, 0x8f) => "topic_filter_invalid",
        (_, 0x90) => "topic_name_invalid",
        (_, 0x91) => "packet_identifier_in_use",
        (_, 0x93) => "receive_maximum_exceeded",
        (_, 0x95) => "packet_too_large",
        (_, 0x97) => "quota_exceeded",
        (_, 0x99) => "payload_format_invalid",
        (_, 0x9a) => "retain_not_supported",
        (_, 0x9b) => "qos_not_supported",
        (_, 0x9c) => "use_another_server",
        (_, 0x9d) => "server_moved",
        (_, 0x9f) => "connection_rate_exceeded",
        _ => "unknown",
    }
}
