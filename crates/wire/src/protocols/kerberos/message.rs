//! Messages of Kerberos 5 (RFC 4120 section 5), as far as they are readable.

use crate::protocols::ber::{self, Ber, Tlv};

/// Types of pre-authentication data.
const PA_ENC_TIMESTAMP: i64 = 2;
/// Longest name kept, in characters, and its parts.
const MAX_NAME: usize = 256;
const MAX_PARTS: usize = 8;
/// Longest encrypted part kept, in bytes.
const MAX_CIPHER: usize = 16 * 1024;

/// Encrypted data: its type and the bytes.
#[derive(Debug, Clone)]
pub struct Sealed {
    pub etype: i64,
    pub cipher: Vec<u8>,
}

/// A request to the key distribution centre.
#[derive(Debug, Default)]
pub struct Request {
    /// For a service's ticket; otherwise for the first one.
    pub service: bool,
    pub client: String,
    pub realm: String,
    pub name: String,
    /// The time under the user's key, which proves that the password is known.
    pub timestamp: Option<Sealed>,
    /// NetBIOS name in the addresses.
    pub host: String,
}

/// Its answer.
#[derive(Debug)]
pub struct Reply {
    pub service: bool,
    pub client: String,
    pub realm: String,
    pub name: String,
    pub ticket_realm: String,
    pub ticket: Sealed,
    pub sealed: Sealed,
}

/// A refusal.
#[derive(Debug)]
pub struct Refusal {
    pub code: i64,
    pub client: String,
    pub realm: String,
    pub name: String,
    pub text: String,
}

#[derive(Debug)]
pub enum Message {
    Request(Request),
    Reply(Box<Reply>),
    Refusal(Refusal),
}

/// Message type by the application tag that begins it; `None` for others.
pub fn kind(tag: u8) -> Option<u8> {
    match tag {
        0x6a..=0x6d | 0x7e => Some(tag & 0x1f),
        _ => None,
    }
}

/// Reads a whole message.
pub fn read(data: &[u8]) -> Option<Message> {
    let outer = Ber::new(data).next()?;
    let mut fields = outer.inner().sequence()?;
    match kind(u8::try_from(outer.tag).ok()?)? {
        kind @ (10 | 12) => request(&mut fields, kind == 12).map(Message::Request),
        kind @ (11 | 13) => reply(&mut fields, kind == 13).map(|r| Message::Reply(Box::new(r))),
        _ => refusal(&mut fields).map(Message::Refusal),
    }
}

/// The one value inside an explicit tag.
fn inside<'a>(tlv: &Tlv<'a>) -> Option<Tlv<'a>> {
    tlv.inner().next()
}

fn text(tlv: &Tlv<'_>) -> String {
    let body = inside(tlv).map(|t| t.body).unwrap_or_default();
    String::from_utf8_lossy(body).chars().filter(|c| !c.is_control()).take(MAX_NAME).collect()
}

/// `PrincipalName`: its parts, joined by `/`.
fn name(tlv: &Tlv<'_>) -> String {
    let parts = || {
        let mut fields = inside(tlv)?.inner();
        fields.expect(0xa0)?;
        let list = inside(&fields.expect(0xa1)?)?;
        let parts: Vec<String> = list
            .inner()
            .take(MAX_PARTS)
            .map(|p| String::from_utf8_lossy(p.body).chars().filter(|c| !c.is_control()).take(MAX_NAME).collect())
            .collect();
        Some(parts.join("/"))
    };
    parts().unwrap_or_default()
}

/// `EncryptedData`.
fn sealed(mut fields: Ber<'_>) -> Option<Sealed> {
    let etype = inside(&fields.expect(0xa0)?)?.int()?;
    let _version = fields.expect(0xa1);
    let cipher = inside(&fields.expect(0xa2)?)?.body;
    Some(Sealed { etype, cipher: cipher.get(..cipher.len().min(MAX_CIPHER))?.to_vec() })
}

fn request(fields: &mut Ber<'_>, service: bool) -> Option<Request> {
    let mut found = Request { service, ..Request::default() };
    for field in fields {
        match field.tag {
            0xa1 if inside(&field)?.int()? != 5 => return None,
            0xa3 => {
                for data in inside(&field)?.inner().take(16) {
                    let mut data = data.inner();
                    let kind = inside(&data.expect(0xa1)?)?.int()?;
                    let value = inside(&data.expect(0xa2)?)?.body;
                    if kind == PA_ENC_TIMESTAMP {
                        found.timestamp = Ber::new(value).sequence().and_then(sealed);
                    }
                }
            }
            0xa4 => {
                for field in inside(&field)?.inner() {
                    match field.tag {
                        0xa1 => found.client = name(&field),
                        0xa2 => found.realm = text(&field),
                        0xa3 => found.name = name(&field),
                        0xa9 => found.host = host(&field).unwrap_or_default(),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    (!found.realm.is_empty()).then_some(found)
}

/// The NetBIOS address (type 20) of `HostAddresses`.
fn host(tlv: &Tlv<'_>) -> Option<String> {
    inside(tlv)?.inner().take(16).find_map(|address| {
        let mut fields = address.inner();
        let kind = inside(&fields.expect(0xa0)?)?.int()?;
        let value = inside(&fields.expect(0xa1)?)?.body;
        let text = std::str::from_utf8(value).ok()?.trim_end_matches([' ', '\0']);
        let good = kind == 20 && !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic());
        good.then(|| text.to_owned())
    })
}

fn reply(fields: &mut Ber<'_>, service: bool) -> Option<Reply> {
    let none = Sealed { etype: 0, cipher: Vec::new() };
    let (mut client, mut realm, mut name_, mut ticket_realm) =
        (String::new(), String::new(), String::new(), String::new());
    let (mut ticket, mut seal) = (none, None);
    for field in fields {
        match field.tag {
            0xa0 if inside(&field)?.int()? != 5 => return None,
            0xa3 => realm = text(&field),
            0xa4 => client = name(&field),
            0xa5 => {
                // Ticket ::= [APPLICATION 1] SEQUENCE
                let outer = inside(&field).filter(|t| t.tag == 0x61)?;
                for field in outer.inner().sequence()? {
                    match field.tag {
                        0xa1 => ticket_realm = text(&field),
                        0xa2 => name_ = name(&field),
                        0xa3 => ticket = sealed(inside(&field)?.inner())?,
                        _ => {}
                    }
                }
            }
            0xa6 => seal = sealed(inside(&field)?.inner()),
            _ => {}
        }
    }
    Some(Reply { service, client, realm, name: name_, ticket_realm, ticket, sealed: seal? })
}

fn refusal(fields: &mut Ber<'_>) -> Option<Refusal> {
    let mut found = Refusal {
        code: -1,
        client: String::new(),
        realm: String::new(),
        name: String::new(),
        text: String::new(),
    };
    for field in fields {
        match field.tag {
            0xa0 if inside(&field)?.int()? != 5 => return None,
            0xa6 => found.code = ber::int(inside(&field)?.body)?,
            0xa8 => found.client = name(&field),
            0xa9 => found.realm = text(&field),
            0xaa => found.name = name(&field),
            0xab => found.text = text(&field),
            _ => {}
        }
    }
    (found.code >= 0).then_some(found)
}
