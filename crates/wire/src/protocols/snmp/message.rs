//! SNMP messages: RFC 1157 (v1), RFC 3416 (v2c PDUs), RFC 3412 and 3414 (v3, user security model).

use crate::protocols::ber::{self, Ber, Tlv};

/// What a PDU is, by its context tag (RFC 3416, section 3).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    Get,
    GetNext,
    Response,
    Set,
    TrapV1,
    GetBulk,
    Inform,
    TrapV2,
    Report,
}

impl Kind {
    fn from_tag(tag: u32) -> Option<Kind> {
        Some(match tag {
            0xa0 => Kind::Get,
            0xa1 => Kind::GetNext,
            0xa2 => Kind::Response,
            0xa3 => Kind::Set,
            0xa4 => Kind::TrapV1,
            0xa5 => Kind::GetBulk,
            0xa6 => Kind::Inform,
            0xa7 => Kind::TrapV2,
            0xa8 => Kind::Report,
            _ => return None,
        })
    }
    /// The standard's name of the PDU.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Get => "get_request",
            Kind::GetNext => "get_next_request",
            Kind::Response => "response",
            Kind::Set => "set_request",
            Kind::TrapV1 => "trap",
            Kind::GetBulk => "get_bulk_request",
            Kind::Inform => "inform_request",
            Kind::TrapV2 => "snmpv2_trap",
            Kind::Report => "report",
        }
    }
    /// Number of the context tag.
    pub fn code(self) -> i64 {
        match self {
            Kind::Get => 0,
            Kind::GetNext => 1,
            Kind::Response => 2,
            Kind::Set => 3,
            Kind::TrapV1 => 4,
            Kind::GetBulk => 5,
            Kind::Inform => 6,
            Kind::TrapV2 => 7,
            Kind::Report => 8,
        }
    }
    /// It answers another PDU.
    pub fn is_answer(self) -> bool {
        matches!(self, Kind::Response | Kind::Report)
    }
    /// It tells of something without being asked and without wanting an answer.
    pub fn is_trap(self) -> bool {
        matches!(self, Kind::TrapV1 | Kind::TrapV2)
    }
}

/// Head of a version 1 trap (RFC 1157, 4.1.6).
#[derive(Clone, Copy, Debug)]
pub struct Trap<'a> {
    /// Contents of the enterprise OBJECT IDENTIFIER.
    pub enterprise: &'a [u8],
    /// Four octets, or none.
    pub agent: &'a [u8],
    pub generic: i64,
    pub specific: i64,
}

#[derive(Clone, Copy, Debug)]
pub struct Pdu<'a> {
    pub kind: Kind,
    pub request_id: i64,
    /// Error status and index; non-repeaters and max-repetitions of a GetBulk.
    pub status: i64,
    pub index: i64,
    pub trap: Option<Trap<'a>>,
    varbinds: Ber<'a>,
}

impl<'a> Pdu<'a> {
    fn read(tlv: Tlv<'a>) -> Option<Pdu<'a>> {
        let kind = Kind::from_tag(tlv.tag)?;
        let mut b = tlv.inner();
        if kind == Kind::TrapV1 {
            let enterprise = b.expect(ber::OID)?.body;
            let agent = b.expect(0x40)?.body;
            let (generic, specific) = (b.integer()?, b.integer()?);
            b.expect(0x43)?;
            let trap = Some(Trap { enterprise, agent, generic, specific });
            return Some(Pdu { kind, request_id: 0, status: 0, index: 0, trap, varbinds: b.sequence()? });
        }
        let (request_id, status, index) = (b.integer()?, b.integer()?, b.integer()?);
        Some(Pdu { kind, request_id, status, index, trap: None, varbinds: b.sequence()? })
    }
    /// Contents of the names, and the values, of its variable bindings.
    pub fn varbinds(&self) -> impl Iterator<Item = (&'a [u8], Tlv<'a>)> + use<'a> {
        self.varbinds.filter_map(|vb| {
            let mut b = if vb.tag == ber::SEQUENCE { vb.inner() } else { return None };
            Some((b.expect(ber::OID)?.body, b.next()?))
        })
    }
}

/// Head of a version 3 message with the user-based security model.
#[derive(Clone, Copy, Debug)]
pub struct V3<'a> {
    pub msg_id: i64,
    /// Bit 0 authenticated, bit 1 encrypted, bit 2 a report is wanted (RFC 3412, 6.4).
    pub flags: u8,
    pub security_model: i64,
    pub engine_id: &'a [u8],
    pub boots: i64,
    pub time: i64,
    pub user: &'a [u8],
    /// Authentication parameters and where they stand in the message.
    pub auth: &'a [u8],
    pub auth_at: usize,
    pub context_name: &'a [u8],
}

impl V3<'_> {
    pub fn authenticated(&self) -> bool {
        self.flags & 1 != 0
    }
    pub fn reportable(&self) -> bool {
        self.flags & 4 != 0
    }
    /// Security level as RFC 3411 names it.
    pub fn level(&self) -> &'static str {
        match self.flags & 3 {
            0 => "noAuthNoPriv",
            1 => "authNoPriv",
            _ => "authPriv",
        }
    }
}

/// Who may read it.
#[derive(Clone, Copy, Debug)]
pub enum Security<'a> {
    /// Version 1 (0) or 2c (1) and its community.
    Community(u8, &'a [u8]),
    User(V3<'a>),
}

#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    pub security: Security<'a>,
    /// `None` if it is encrypted.
    pub pdu: Option<Pdu<'a>>,
}

impl<'a> Message<'a> {
    /// Reads one message; `None` if `data` is none. Bytes behind it are ignored.
    pub fn read(data: &'a [u8]) -> Option<Message<'a>> {
        let mut b = Ber::new(data).sequence()?;
        match b.integer()? {
            version @ (0 | 1) => {
                let community = b.octets()?;
                let pdu = Pdu::read(b.next()?)?;
                Some(Message { security: Security::Community(version as u8, community), pdu: Some(pdu) })
            }
            3 => Message::read_v3(data, b),
            _ => None,
        }
    }

    fn read_v3(data: &'a [u8], mut b: Ber<'a>) -> Option<Message<'a>> {
        let mut global = b.sequence()?;
        let msg_id = global.integer()?;
        global.integer()?;
        let &[flags] = global.octets()? else { return None };
        let security_model = global.integer()?;
        let parameters = b.octets()?;
        let mut v3 = V3 {
            msg_id,
            flags,
            security_model,
            engine_id: &[],
            boots: 0,
            time: 0,
            user: &[],
            auth: &[],
            auth_at: 0,
            context_name: &[],
        };
        if security_model == 3 {
            let mut usm = Ber::new(parameters).sequence()?;
            v3.engine_id = usm.octets()?;
            v3.boots = usm.integer()?;
            v3.time = usm.integer()?;
            v3.user = usm.octets()?;
            v3.auth = usm.octets()?;
            usm.octets()?;
            v3.auth_at = (v3.auth.as_ptr() as usize).checked_sub(data.as_ptr() as usize)?;
        }
        let payload = b.next()?;
        let pdu = match payload.tag {
            ber::SEQUENCE if flags & 2 == 0 => {
                let mut scoped = payload.inner();
                scoped.octets()?;
                v3.context_name = scoped.octets()?;
                Some(Pdu::read(scoped.next()?)?)
            }
            ber::OCTET_STRING if flags & 2 != 0 => None,
            _ => return None,
        };
        Some(Message { security: Security::User(v3), pdu })
    }

    /// The sender is the client (it asks, or tells of an event), by what the message says.
    pub fn is_asking(&self) -> bool {
        match (&self.pdu, &self.security) {
            (Some(pdu), _) => !pdu.kind.is_answer(),
            // requests and informs ask for a report if they fail, answers never (RFC 3412, 6.4)
            (None, Security::User(v3)) => v3.reportable(),
            (None, _) => true,
        }
    }
}

/// Name of an error status (RFC 3416, section 3).
pub fn error_name(status: i64) -> &'static str {
    const NAMES: [&str; 19] = [
        "no_error",
        "too_big",
        "no_such_name",
        "bad_value",
        "read_only",
        "gen_err",
        "no_access",
        "wrong_type",
        "wrong_length",
        "wrong_encoding",
        "wrong_value",
        "no_creation",
        "inconsistent_value",
        "resource_unavailable",
        "commit_failed",
        "undo_failed",
        "authorization_error",
        "not_writable",
        "inconsistent_name",
    ];
    usize::try_from(status).ok().and_then(|s| NAMES.get(s)).copied().unwrap_or("error")
}

/// Name of a generic trap (RFC 1157, 4.1.6; the same order under 1.3.6.1.6.3.1.1.5 in RFC 3418).
pub fn trap_name(generic: i64) -> &'static str {
    const NAMES: [&str; 7] = [
        "cold_start",
        "warm_start",
        "link_down",
        "link_up",
        "authentication_failure",
        "egp_neighbor_loss",
        "enterprise_specific",
    ];
    usize::try_from(generic).ok().and_then(|s| NAMES.get(s)).copied().unwrap_or("enterprise_specific")
}

/// A value as text: numbers in decimal, identifiers dotted, octets as text if they are, else hex.
pub fn value_text(value: &Tlv<'_>) -> String {
    match value.tag {
        ber::INTEGER => value.int().map(|v| v.to_string()).unwrap_or_default(),
        ber::OID => ber::arcs(value.body).map(|a| ber::dotted(&a)).unwrap_or_default(),
        0x40 => match value.body {
            &[a, b, c, d] => std::net::Ipv4Addr::new(a, b, c, d).to_string(),
            other => crate::bytes::hex(other),
        },
        0x41..=0x43 | 0x46 | 0x47 => ber::uint(value.body).map(|v| v.to_string()).unwrap_or_default(),
        0x80 => "noSuchObject".to_owned(),
        0x81 => "noSuchInstance".to_owned(),
        0x82 => "endOfMibView".to_owned(),
        ber::NULL => String::new(),
        _ => match std::str::from_utf8(value.body) {
            Ok(text) if !text.chars().any(|c| c.is_control() && !c.is_whitespace() && c != '\0') => {
                crate::protocols::sysdescr::line(value.body)
            }
            _ => crate::bytes::hex(value.body),
        },
    }
}
