//! Octets to values.

use super::schema::{Field, Type, width};
use super::{Additions, CoerError, Cursor, Limits, Record, Result, Value, Why};
use crate::Profile;

/// Reads a value that is all of `octets`.
pub fn decode(
    octets: &[u8],
    kind: &'static Type,
    profile: Profile,
    limits: Limits,
) -> std::result::Result<Value, CoerError> {
    if octets.len() > limits.octets {
        return Err(CoerError::new(Why::Limit, limits.octets));
    }
    let mut reader = Reader { profile, depth: limits.depth, values: limits.values };
    let mut cursor = Cursor::new(octets);
    let value = reader.value(&mut cursor, kind)?;
    cursor.finish()?;
    Ok(value)
}

struct Reader {
    profile: Profile,
    depth: usize,
    values: usize,
}

impl Reader {
    fn value(&mut self, c: &mut Cursor<'_>, kind: &'static Type) -> Result<Value> {
        if self.depth == 0 || self.values == 0 {
            return Err(c.fail(Why::Limit));
        }
        self.values -= 1;
        self.depth -= 1;
        let value = self.inner(c, kind)?;
        self.depth += 1;
        Ok(value)
    }

    fn inner(&mut self, c: &mut Cursor<'_>, kind: &'static Type) -> Result<Value> {
        Ok(match kind {
            Type::Null => Value::Null,
            Type::Bool => match c.u8()? {
                0 => Value::Bool(false),
                0xff => Value::Bool(true),
                _ => return Err(c.fail(Why::Canonical)),
            },
            Type::Int(low, high) => Value::Int(bounded(c, *low, *high)?),
            Type::Unsigned => Value::Int(c.unsigned()?.into()),
            Type::Signed => Value::Int(c.signed()?.into()),
            Type::Octets(least, most) => Value::Octets(sized(c, *least, *most)?.to_vec()),
            Type::Text(least, most) => {
                let octets = sized(c, *least, *most)?;
                Value::Text(String::from_utf8(octets.to_vec()).map_err(|_| c.fail(Why::Text))?)
            }
            Type::Ascii(most) => {
                let octets = sized(c, 0, *most)?;
                let text = String::from_utf8(octets.to_vec()).ok().filter(|text| text.is_ascii());
                Value::Text(text.ok_or_else(|| c.fail(Why::Text))?)
            }
            Type::Names(root, more) => {
                let n = c.u8()?;
                if n >= 0x80 {
                    return Err(c.fail(Why::Unknown));
                }
                match root.iter().chain(more.unwrap_or_default()).nth(n.into()) {
                    Some(name) => Value::Name(name),
                    None if more.is_some() => Value::Unknown(n, None),
                    None => return Err(c.fail(Why::Unknown)),
                }
            }
            Type::Record(root, more) => Value::Record(self.record(c, root, *more)?),
            Type::List(least, of) => {
                let n = c.count()?;
                if n < *least {
                    return Err(c.fail(Why::Range));
                }
                if n > self.values {
                    return Err(c.fail(Why::Limit));
                }
                let mut list = Vec::with_capacity(n);
                for _ in 0..n {
                    list.push(self.value(c, of)?);
                }
                Value::List(list)
            }
            Type::Choice(root, more) => {
                let tag = usize::from(c.tag()?);
                if let Some(one) = root.get(tag) {
                    let value = self.value(c, one.kind).map_err(|e| e.within(one.name))?;
                    return Ok(Value::choice(one.name, value));
                }
                let more = more.ok_or_else(|| c.fail(Why::Unknown))?;
                let mut open = c.open()?;
                match more.get(tag - root.len()) {
                    Some(one) => {
                        let value = self.whole(&mut open, one.kind).map_err(|e| e.within(one.name))?;
                        Value::choice(one.name, value)
                    }
                    None => Value::Unknown(tag as u8, Some(open.take(open.left())?.to_vec())),
                }
            }
            Type::Inside(of) => {
                let mut open = c.open()?;
                self.whole(&mut open, of)?
            }
            Type::Differs(ieee, ydt) => {
                self.inner(c, if self.profile == Profile::Ieee1609 { ieee } else { ydt })?
            }
        })
    }

    fn whole(&mut self, c: &mut Cursor<'_>, kind: &'static Type) -> Result<Value> {
        let value = self.value(c, kind)?;
        c.finish()?;
        Ok(value)
    }

    fn record(
        &mut self,
        c: &mut Cursor<'_>,
        root: &'static [Field],
        more: Option<&'static [Field]>,
    ) -> Result<Record> {
        let mut optional = root.iter().filter(|f| f.optional).count();
        let (extended, bits) = c.preamble(more.is_some(), optional)?;
        let mut fields = Vec::with_capacity(root.len() - optional + bits.count_ones() as usize);
        for field in root {
            if field.optional {
                optional -= 1;
                if bits >> optional & 1 == 0 {
                    continue;
                }
            }
            let value = self.value(c, field.kind).map_err(|e| e.within(field.name))?;
            fields.push((field.name, value));
        }
        let mut additions = None;
        if extended {
            let known = more.unwrap_or_default();
            let (n, bits) = c.additions()?;
            let mut other = Vec::new();
            for i in (0..n).filter(|i| bits >> (n - 1 - i) & 1 == 1) {
                let mut open = c.open()?;
                match known.get(i) {
                    Some(field) => {
                        let value = self.whole(&mut open, field.kind).map_err(|e| e.within(field.name))?;
                        fields.push((field.name, value));
                    }
                    None => other.push((i, open.take(open.left())?.to_vec())),
                }
            }
            if n != known.len() || !other.is_empty() {
                additions = Some(Additions { bits: n, other });
            }
        }
        Ok(Record { fields, additions })
    }
}

pub(super) fn bounded(c: &mut Cursor<'_>, low: i128, high: i128) -> Result<i128> {
    let (octets, sign) = width(low, high);
    let read = c.take(octets)?;
    let start = if sign && read[0] & 0x80 != 0 { -1 } else { 0 };
    let n = read.iter().fold(start, |sum: i128, o| sum << 8 | i128::from(*o));
    if (low..=high).contains(&n) { Ok(n) } else { Err(c.fail(Why::Range)) }
}

pub(super) fn sized<'a>(c: &mut Cursor<'a>, least: usize, most: usize) -> Result<&'a [u8]> {
    if least == most {
        return c.take(least);
    }
    let n = c.length()?;
    if (least..=most).contains(&n) { c.take(n) } else { Err(c.fail(Why::Range)) }
}
