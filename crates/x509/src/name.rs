//! Names of a subject (RFC 5280, 4.1.2.4).

use crate::der::{IA5, PRINTABLE, Reader, SEQUENCE, SET, UTF8};

/// Attributes of one name (`sentinel.ca.x509.names.MOST_PARTS`).
const MOST: usize = 16;

/// A kind of attribute: what it is called, the contents of its object identifier, and the kind of text its
/// value is written as.
pub struct Attribute {
    pub name: &'static str,
    oid: &'static [u8],
    text: u8,
}

const fn of(name: &'static str, oid: &'static [u8], text: u8) -> Attribute {
    Attribute { name, oid, text }
}

/// Those of `sentinel.ca.x509.names.ATTRIBUTES`, in its order.
pub const ATTRIBUTES: [Attribute; 13] = [
    of("CN", &[0x55, 4, 3], UTF8),
    of("serialNumber", &[0x55, 4, 5], PRINTABLE),
    of("C", &[0x55, 4, 6], PRINTABLE),
    of("L", &[0x55, 4, 7], UTF8),
    of("ST", &[0x55, 4, 8], UTF8),
    of("STREET", &[0x55, 4, 9], UTF8),
    of("O", &[0x55, 4, 10], UTF8),
    of("OU", &[0x55, 4, 11], UTF8),
    of("title", &[0x55, 4, 12], UTF8),
    of("organizationIdentifier", &[0x55, 4, 97], UTF8),
    of("DC", &[9, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 25], IA5),
    of("UID", &[9, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 1], UTF8),
    of("emailAddress", &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 1], IA5),
];

/// A name whose values are written as the CA writes them, so that its octets can stand in a certificate.
pub struct Name<'a> {
    pub der: &'a [u8],
    /// Place in `ATTRIBUTES`, and the value.
    pub parts: Vec<(usize, &'a str)>,
}

impl<'a> Name<'a> {
    /// Reads a name. `None` for an empty one, and for one that would be written otherwise or is none.
    pub fn read(der: &'a [u8]) -> Option<Name<'a>> {
        let mut all = Reader::whole(der, SEQUENCE)?;
        let mut parts = Vec::with_capacity(4);
        while all.peek().is_some() {
            let mut relative = all.enter(SET)?;
            let mut pair = relative.enter(SEQUENCE)?;
            relative.end()?;
            let oid = pair.oid()?;
            let (place, attribute) = ATTRIBUTES.iter().enumerate().find(|(_, one)| one.oid == oid)?;
            let value = std::str::from_utf8(pair.read(attribute.text)?).ok()?;
            pair.end()?;
            if (attribute.text != UTF8 && !value.is_ascii()) || parts.len() == MOST {
                return None;
            }
            parts.push((place, value));
        }
        (!parts.is_empty()).then_some(Name { der, parts })
    }
    /// The name on one line, as `sentinel.ca.x509.names.text` writes it.
    pub fn text(&self) -> String {
        let mut out = String::with_capacity(64);
        for (place, value) in &self.parts {
            if !out.is_empty() {
                out.push(',');
            }
            out.push_str(ATTRIBUTES[*place].name);
            out.push('=');
            let mark = out.len();
            for letter in value.chars() {
                if matches!(letter, ',' | '+' | '"' | '\\' | '<' | '>' | ';') {
                    out.push('\\');
                }
                out.push(letter);
            }
            if out[mark..].starts_with(['#', ' ']) {
                out.insert(mark, '\\');
            }
        }
        out
    }
}
