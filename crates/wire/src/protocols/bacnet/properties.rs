//! Walks the objects and properties that a service names (ASHRAE 135, clause 15).

use super::tags::{Body, ObjectId, Tag, unsigned, values};
use crate::bytes::Reader;

/// Objects and properties of one APDU that are walked.
const MAX_ITEMS: usize = 8192;

/// What stands beside a property.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Value<'a> {
    /// A request: the property is only named.
    None,
    /// One of its values; a list calls once for each.
    Tag(Tag<'a>),
    /// It could not be had: error code.
    Error(u32),
}

/// A property of an object.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Property<'a> {
    pub object: ObjectId,
    pub property: u32,
    pub index: Option<u32>,
    pub value: Value<'a>,
}

/// How a service lays out what it names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Layout {
    /// Object, property, index (read property; the answer and write property have a value in 3).
    Single,
    /// Lists of objects with properties: request of read property multiple.
    Access,
    /// The same with values in 4 or errors in 5: its answer.
    Results,
    /// The same with values in 2: write property multiple.
    Writes,
    /// Object, property, index, flags, count, items in 5: answer of read range.
    Range,
}

impl Layout {
    /// Layout of a confirmed service's request or answer.
    pub fn of(service: u8, answer: bool) -> Option<Layout> {
        Some(match (service, answer) {
            (12, _) | (15 | 8 | 9, false) | (26, false) => Layout::Single,
            (14, false) => Layout::Access,
            (14, true) => Layout::Results,
            (16, false) => Layout::Writes,
            (26, true) => Layout::Range,
            _ => return None,
        })
    }
}

/// Calls `each` for every property named; `None` if the bytes do not follow the layout to the end.
pub fn walk<'a>(data: &'a [u8], layout: Layout, mut each: impl FnMut(Property<'a>)) -> Option<()> {
    let mut r = Reader::new(data);
    let mut left = MAX_ITEMS;
    match layout {
        Layout::Single | Layout::Range => {
            let object = ObjectId::from_bytes(Tag::context(&mut r, 0)?)?;
            let property = unsigned(Tag::context(&mut r, 1)?)?;
            let index = Tag::context(&mut r, 2).and_then(unsigned);
            let item = Property { object, property, index, value: Value::None };
            if layout == Layout::Range {
                Tag::context(&mut r, 3)?;
                Tag::context(&mut r, 4)?;
            }
            let bracket = if layout == Layout::Range { 5 } else { 3 };
            let mut any = false;
            if layout == Layout::Range && Tag::opens(&mut r, 5)
                || layout == Layout::Single && Tag::opens(&mut r, 3)
            {
                let whole = values(&mut r, bracket, |tag| {
                    any = true;
                    if left > 0 {
                        left -= 1;
                        each(Property { value: Value::Tag(tag), ..item });
                    }
                });
                if !any {
                    each(item);
                }
                return whole;
            }
            each(item);
            Some(())
        }
        Layout::Access | Layout::Results | Layout::Writes => {
            while !r.is_empty() {
                let object = ObjectId::from_bytes(Tag::context(&mut r, 0)?)?;
                if !Tag::opens(&mut r, 1) {
                    return None;
                }
                while !Tag::closes(&mut r, 1) {
                    let number = if layout == Layout::Results { 2 } else { 0 };
                    let property = unsigned(Tag::context(&mut r, number)?)?;
                    let index = Tag::context(&mut r, number + 1).and_then(unsigned);
                    let item = Property { object, property, index, value: Value::None };
                    left = left.checked_sub(1)?;
                    let bracket = if layout == Layout::Results { 4 } else { 2 };
                    if layout == Layout::Access {
                        each(item);
                    } else if Tag::opens(&mut r, bracket) {
                        let mut any = false;
                        values(&mut r, bracket, |tag| {
                            any = true;
                            if left > 0 {
                                left -= 1;
                                each(Property { value: Value::Tag(tag), ..item });
                            }
                        })?;
                        if !any {
                            each(item);
                        }
                    } else if layout == Layout::Results && Tag::opens(&mut r, 5) {
                        each(Property { value: Value::Error(error(&mut r, 5)?), ..item });
                    } else {
                        return None;
                    }
                    if layout == Layout::Writes {
                        let _priority = Tag::context(&mut r, 3);
                    }
                }
            }
            Some(())
        }
    }
}

/// Error code of an error construction up to its closing tag.
fn error(r: &mut Reader<'_>, number: u8) -> Option<u32> {
    let (mut place, mut code) = (0, 0);
    values(r, number, |tag| {
        if let Body::Primitive(data) = tag.body
            && place < 2
        {
            code = unsigned(data).unwrap_or(0);
            place += 1;
        }
    })?;
    Some(code)
}

/// Error code of an error PDU: two enumerations, in brackets for some services (clause 21, Error).
pub fn error_code(body: &[u8]) -> Option<u32> {
    let mut r = Reader::new(body);
    let mut codes = [None, None];
    for _ in 0..8 {
        let Some(tag) = Tag::read(&mut r) else { break };
        if let (Body::Primitive(data), false, 9) = (tag.body, tag.context, tag.number) {
            match codes {
                [None, _] => codes[0] = unsigned(data),
                [_, None] => codes[1] = unsigned(data),
                _ => break,
            }
        }
    }
    codes[1]
}
