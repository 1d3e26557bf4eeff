//! Parts of LDAP messages (RFC 4511 section 4): texts, attributes, filters.

use crate::protocols::ber::{Ber, OCTET_STRING, Tlv};

/// Longest text kept, in characters.
pub const MAX_TEXT: usize = 512;
/// Attributes of an entry and values of an attribute that are kept.
const MAX_ATTRIBUTES: usize = 64;
const MAX_VALUES: usize = 16;
/// Nested filters that are followed.
const MAX_DEPTH: usize = 8;

pub fn text(bytes: &[u8]) -> String {
    let bytes = bytes.get(..bytes.len().min(MAX_TEXT * 4)).unwrap_or_default();
    String::from_utf8_lossy(bytes).chars().filter(|c| !c.is_control()).take(MAX_TEXT).collect()
}

/// An attribute with its values.
#[derive(Debug)]
pub struct Attribute<'a> {
    pub name: String,
    pub values: Vec<&'a [u8]>,
}

impl Attribute<'_> {
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }
    /// The first value, as text.
    pub fn first(&self) -> String {
        self.values.first().map(|v| text(v)).unwrap_or_default()
    }
    /// Its values are secret.
    pub fn hides(&self) -> bool {
        ["userPassword", "unicodePwd", "lmPassword", "ntPassword", "sambaNTPassword", "sambaLMPassword"]
            .iter()
            .any(|name| self.is(name))
    }
}

/// `PartialAttribute`: a type and a set of values.
pub fn attribute<'a>(tlv: &Tlv<'a>) -> Option<Attribute<'a>> {
    let mut fields = tlv.inner();
    let name = text(fields.octets()?);
    let values = fields.next()?.inner().take(MAX_VALUES).map(|v| v.body).collect();
    Some(Attribute { name, values })
}

/// A list of attributes.
pub fn attributes(list: Ber<'_>) -> Vec<Attribute<'_>> {
    list.take(MAX_ATTRIBUTES).filter_map(|tlv| attribute(&tlv)).collect()
}

/// `LDAPResult`, and what follows it.
pub struct Outcome<'a> {
    pub code: i64,
    pub matched: &'a [u8],
    pub message: &'a [u8],
    pub rest: Ber<'a>,
}

pub fn outcome(body: Ber<'_>) -> Option<Outcome<'_>> {
    let mut fields = body;
    let code = fields.expect(0x0a)?.int()?;
    let (matched, message) = (fields.octets()?, fields.octets()?);
    let _referral = fields.expect(0xa3);
    Some(Outcome { code, matched, message, rest: fields })
}

/// Text of a filter (RFC 4515), cut at [`MAX_TEXT`].
pub fn filter(tlv: &Tlv<'_>) -> String {
    let mut out = String::new();
    write(tlv, &mut out, 0);
    out
}

fn write(tlv: &Tlv<'_>, out: &mut String, depth: usize) {
    if depth > MAX_DEPTH || out.len() > MAX_TEXT {
        return out.push('…');
    }
    out.push('(');
    let assertion = |out: &mut String, sign: &str| {
        let mut parts = tlv.inner().filter(|t| t.tag == OCTET_STRING);
        out.push_str(&text(parts.next().map(|t| t.body).unwrap_or_default()));
        out.push_str(sign);
        out.push_str(&text(parts.next().map(|t| t.body).unwrap_or_default()));
    };
    match tlv.tag {
        0xa0..=0xa2 => {
            out.push(match tlv.tag {
                0xa0 => '&',
                0xa1 => '|',
                _ => '!',
            });
            for inner in tlv.inner().take(MAX_ATTRIBUTES) {
                write(&inner, out, depth + 1);
            }
        }
        0xa3 => assertion(out, "="),
        0xa4 => {
            let mut fields = tlv.inner();
            out.push_str(&text(fields.octets().unwrap_or_default()));
            out.push('=');
            let mut ended = false;
            for (n, part) in fields.next().into_iter().flat_map(|t| t.inner()).take(MAX_VALUES).enumerate() {
                if n > 0 || part.tag != 0x80 {
                    out.push('*');
                }
                out.push_str(&text(part.body));
                ended = part.tag == 0x82;
            }
            if !ended {
                out.push('*');
            }
        }
        0xa5 => assertion(out, ">="),
        0xa6 => assertion(out, "<="),
        0x87 => {
            out.push_str(&text(tlv.body));
            out.push_str("=*");
        }
        0xa8 => assertion(out, "~="),
        0xa9 => {
            let (mut rule, mut name, mut value) = (String::new(), String::new(), String::new());
            for part in tlv.inner() {
                match part.tag {
                    0x81 => rule = text(part.body),
                    0x82 => name = text(part.body),
                    0x83 => value = text(part.body),
                    _ => {}
                }
            }
            out.push_str(&name);
            if !rule.is_empty() {
                out.push(':');
                out.push_str(&rule);
            }
            out.push_str(":=");
            out.push_str(&value);
        }
        _ => out.push('?'),
    }
    out.push(')');
}

/// Names in the answer to a domain controller ping: NETLOGON_SAM_LOGON_RESPONSE_EX (MS-ADTS 6.3.1.9):
/// forest, domain, host, NetBIOS domain, NetBIOS computer.
pub fn netlogon(value: &[u8]) -> Option<[String; 5]> {
    // opcodes 23 and 25; flags, GUID; then names compressed as in DNS
    if !matches!(value.get(..2)?, [0x17 | 0x19, 0]) {
        return None;
    }
    let mut at = 24;
    let mut names: [String; 5] = Default::default();
    for name in &mut names {
        let (text, next) = dns_name(value, at)?;
        *name = text;
        at = next;
    }
    Some(names)
}

fn dns_name(data: &[u8], start: usize) -> Option<(String, usize)> {
    let (mut at, mut next, mut out) = (start, None, String::new());
    for _ in 0..64 {
        let length = usize::from(*data.get(at)?);
        match length {
            0 => return Some((out, next.unwrap_or(at + 1))),
            1..=63 => {
                let label = data.get(at + 1..at + 1 + length)?;
                if !out.is_empty() {
                    out.push('.');
                }
                out.push_str(&text(label));
                at += 1 + length;
            }
            0xc0.. => {
                next = next.or(Some(at + 2));
                at = (length & 0x3f) << 8 | usize::from(*data.get(at + 1)?);
            }
            _ => return None,
        }
    }
    None
}
