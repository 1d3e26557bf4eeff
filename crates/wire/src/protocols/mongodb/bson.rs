//! BSON documents, read in place (bsonspec.org, version 1.1).

use crate::bytes::Reader;

/// Elements of a document looked at.
const MAX_ELEMENTS: usize = 256;

/// A value, as far as one is wanted here.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    Number(f64),
    Text(&'a str),
    Doc(Doc<'a>),
    Bytes(&'a [u8]),
    Bool(bool),
    Other,
}

/// The elements of a document, without its length and end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Doc<'a>(&'a [u8]);

impl<'a> Doc<'a> {
    /// The document that begins here. One that is cut short has what is there.
    pub fn read(data: &'a [u8]) -> Option<Doc<'a>> {
        let size = usize::try_from(Reader::new(data).le32()?).ok()?;
        if !(5..=48 << 20).contains(&size) {
            return None;
        }
        Some(Doc(data.get(4..size.min(data.len()))?))
    }
    pub fn iter(self) -> impl Iterator<Item = (&'a str, Value<'a>)> {
        let mut r = Reader::new(self.0);
        std::iter::from_fn(move || element(&mut r)).take(MAX_ELEMENTS)
    }
    pub fn get(self, name: &str) -> Option<Value<'a>> {
        self.iter().find(|(n, _)| *n == name).map(|(_, v)| v)
    }
    pub fn text(self, name: &str) -> Option<&'a str> {
        match self.get(name)? {
            Value::Text(t) => Some(t),
            _ => None,
        }
    }
    pub fn doc(self, name: &str) -> Option<Doc<'a>> {
        match self.get(name)? {
            Value::Doc(d) => Some(d),
            _ => None,
        }
    }
    pub fn bytes(self, name: &str) -> Option<&'a [u8]> {
        match self.get(name)? {
            Value::Bytes(b) => Some(b),
            // old drivers send it as text
            Value::Text(t) => Some(t.as_bytes()),
            _ => None,
        }
    }
    pub fn number(self, name: &str) -> Option<f64> {
        match self.get(name)? {
            Value::Number(n) => Some(n),
            Value::Bool(b) => Some(f64::from(u8::from(b))),
            _ => None,
        }
    }
}

fn cstring<'a>(r: &mut Reader<'a>) -> Option<&'a str> {
    let n = memchr::memchr(0, r.rest())?;
    let text = r.take(n)?;
    r.skip(1)?;
    std::str::from_utf8(text).ok()
}

fn string<'a>(r: &mut Reader<'a>) -> Option<&'a str> {
    let n = usize::try_from(r.le32()?).ok()?;
    let text = r.take(n)?;
    std::str::from_utf8(text.strip_suffix(&[0])?).ok()
}

fn element<'a>(r: &mut Reader<'a>) -> Option<(&'a str, Value<'a>)> {
    let kind = r.u8()?;
    if kind == 0 {
        return None;
    }
    let name = cstring(r)?;
    let value = match kind {
        0x01 => Value::Number(r.le_f64()?),
        0x02 | 0x0d | 0x0e => Value::Text(string(r)?),
        0x03 | 0x04 => {
            let size = usize::try_from(Reader::new(r.rest()).le32()?).ok().filter(|n| *n >= 5)?;
            let inner = Doc::read(r.rest())?;
            r.skip(size)?;
            Value::Doc(inner)
        }
        0x05 => {
            let n = usize::try_from(r.le32()?).ok()?;
            r.skip(1)?;
            Value::Bytes(r.take(n)?)
        }
        0x06 | 0x0a | 0x7f | 0xff => Value::Other,
        0x07 => r.skip(12).map(|()| Value::Other)?,
        0x08 => Value::Bool(r.u8()? == 1),
        0x09 | 0x11 => r.skip(8).map(|()| Value::Other)?,
        0x0b => {
            cstring(r)?;
            cstring(r)?;
            Value::Other
        }
        0x10 => Value::Number(f64::from(r.le_i32()?)),
        0x12 => Value::Number(r.le64()? as i64 as f64),
        0x13 => r.skip(16).map(|()| Value::Other)?,
        _ => return None,
    };
    Some((name, value))
}
