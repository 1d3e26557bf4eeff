//! Values to octets.

use super::schema::{Field, Type, width};
use super::{CoerError, Limits, Record, Result, Value, Why};
use crate::Profile;

/// Writes a value. It is checked against its type.
pub fn encode(
    value: &Value,
    kind: &'static Type,
    profile: Profile,
) -> std::result::Result<Vec<u8>, CoerError> {
    let mut out = Vec::with_capacity(256);
    put(&mut out, value, kind, profile, Limits::LIST.depth)?;
    Ok(out)
}

fn wrong(why: Why) -> CoerError {
    CoerError::new(why, 0)
}

pub(crate) fn length(out: &mut Vec<u8>, n: usize) {
    if n < 0x80 {
        out.push(n as u8);
    } else {
        let octets = n.to_be_bytes();
        let from = octets.iter().position(|o| *o != 0).unwrap_or(0);
        out.push(0x80 | (octets.len() - from) as u8);
        out.extend_from_slice(&octets[from..]);
    }
}

pub(crate) fn unsigned(out: &mut Vec<u8>, n: u64) {
    let octets = n.to_be_bytes();
    let from = octets.iter().position(|o| *o != 0).unwrap_or(7);
    out.push((8 - from) as u8);
    out.extend_from_slice(&octets[from..]);
}

fn signed(out: &mut Vec<u8>, n: i64) {
    let octets = n.to_be_bytes();
    let from =
        (0..7).find(|i| !matches!((octets[*i], octets[i + 1] & 0x80), (0, 0) | (0xff, 0x80))).unwrap_or(7);
    out.push((8 - from) as u8);
    out.extend_from_slice(&octets[from..]);
}

fn sized(out: &mut Vec<u8>, octets: &[u8], least: usize, most: usize) -> Result<()> {
    if !(least..=most).contains(&octets.len()) {
        return Err(wrong(Why::Range));
    }
    if least != most {
        length(out, octets.len());
    }
    out.extend_from_slice(octets);
    Ok(())
}

fn put(out: &mut Vec<u8>, value: &Value, kind: &'static Type, profile: Profile, depth: usize) -> Result<()> {
    let depth = depth.checked_sub(1).ok_or_else(|| wrong(Why::Limit))?;
    let open = |out: &mut Vec<u8>, value: &Value, kind: &'static Type| -> Result<()> {
        let mut inner = Vec::new();
        put(&mut inner, value, kind, profile, depth)?;
        length(out, inner.len());
        out.extend_from_slice(&inner);
        Ok(())
    };
    match (kind, value) {
        (Type::Null, Value::Null) => {}
        (Type::Bool, Value::Bool(b)) => out.push(if *b { 0xff } else { 0 }),
        (Type::Int(low, high), Value::Int(n)) => {
            if !(low..=high).contains(&n) {
                return Err(wrong(Why::Range));
            }
            let (octets, _) = width(*low, *high);
            out.extend_from_slice(&n.to_be_bytes()[16 - octets..]);
        }
        (Type::Unsigned, Value::Int(n)) => {
            unsigned(out, u64::try_from(*n).map_err(|_| wrong(Why::Range))?);
        }
        (Type::Signed, Value::Int(n)) => {
            signed(out, i64::try_from(*n).map_err(|_| wrong(Why::Range))?);
        }
        (Type::Octets(least, most), Value::Octets(octets)) => sized(out, octets, *least, *most)?,
        (Type::Text(least, most), Value::Text(text)) => sized(out, text.as_bytes(), *least, *most)?,
        (Type::Ascii(most), Value::Text(text)) => {
            if !text.is_ascii() {
                return Err(wrong(Why::Text));
            }
            sized(out, text.as_bytes(), 0, *most)?;
        }
        (Type::Names(root, more), Value::Name(name)) => {
            let n = root.iter().chain(more.unwrap_or_default()).position(|one| one == name);
            out.push(n.ok_or_else(|| wrong(Why::Unknown))? as u8);
        }
        (Type::Names(root, Some(more)), Value::Unknown(n, None)) => {
            if usize::from(*n) < root.len() + more.len() || *n >= 0x80 {
                return Err(wrong(Why::Unknown));
            }
            out.push(*n);
        }
        (Type::Record(root, more), Value::Record(record)) => {
            fields(out, record, root, *more, profile, depth)?;
        }
        (Type::List(least, of), Value::List(list)) => {
            if list.len() < *least {
                return Err(wrong(Why::Range));
            }
            unsigned(out, list.len() as u64);
            for one in list {
                put(out, one, of, profile, depth)?;
            }
        }
        (Type::Choice(root, more), Value::Choice(name, value)) => {
            if let Some(i) = root.iter().position(|one| one.name == *name) {
                out.push(0x80 | i as u8);
                return put(out, value, root[i].kind, profile, depth).map_err(|e| e.within(root[i].name));
            }
            let more = more.unwrap_or_default();
            let i = more.iter().position(|one| one.name == *name).ok_or_else(|| wrong(Why::Unknown))?;
            out.push(0x80 | (root.len() + i) as u8);
            open(out, value, more[i].kind).map_err(|e| e.within(more[i].name))?;
        }
        (Type::Choice(root, Some(more)), Value::Unknown(tag, Some(octets))) => {
            if usize::from(*tag) < root.len() + more.len() || *tag >= 0x3f {
                return Err(wrong(Why::Unknown));
            }
            out.push(0x80 | tag);
            length(out, octets.len());
            out.extend_from_slice(octets);
        }
        (Type::Inside(of), value) => open(out, value, of)?,
        (Type::Differs(ieee, ydt), value) => {
            return put(out, value, if profile == Profile::Ieee1609 { ieee } else { ydt }, profile, depth);
        }
        _ => return Err(wrong(Why::Kind)),
    }
    Ok(())
}

fn fields(
    out: &mut Vec<u8>,
    record: &Record,
    root: &'static [Field],
    more: Option<&'static [Field]>,
    profile: Profile,
    depth: usize,
) -> Result<()> {
    let given = |name: &str| record.fields.iter().find(|(n, _)| *n == name).map(|(_, value)| value);
    let known = more.unwrap_or_default();
    if let Some((name, _)) =
        record.fields.iter().find(|(n, _)| !root.iter().chain(known).any(|field| field.name == *n))
    {
        return Err(wrong(Why::Unknown).within(name));
    }
    let (bits, other) = record.additions.as_ref().map_or((known.len(), &[][..]), |a| (a.bits, &a.other[..]));
    let there: Vec<bool> = (0..bits)
        .map(|i| match known.get(i) {
            Some(field) => given(field.name).is_some(),
            None => other.iter().any(|(n, _)| *n == i),
        })
        .collect();
    let lost = known.iter().skip(bits).any(|field| given(field.name).is_some())
        || other.iter().any(|(n, _)| *n < known.len() || *n >= bits);
    if bits > 64 || lost || (more.is_none() && record.additions.is_some()) {
        return Err(wrong(Why::Range));
    }
    let extended = there.contains(&true);
    let mut preamble = Vec::with_capacity(16);
    if more.is_some() {
        preamble.push(extended);
    }
    preamble.extend(root.iter().filter(|f| f.optional).map(|f| given(f.name).is_some()));
    bitmap(out, &preamble);
    for field in root {
        match given(field.name) {
            Some(value) => put(out, value, field.kind, profile, depth).map_err(|e| e.within(field.name))?,
            None if field.optional => {}
            None => return Err(wrong(Why::Missing).within(field.name)),
        }
    }
    if extended {
        let octets = bits.div_ceil(8);
        length(out, 1 + octets);
        out.push((octets * 8 - bits) as u8);
        bitmap(out, &there);
        for i in (0..bits).filter(|i| there[*i]) {
            let mut inner = Vec::new();
            if let Some(field) = known.get(i) {
                if let Some(value) = given(field.name) {
                    put(&mut inner, value, field.kind, profile, depth).map_err(|e| e.within(field.name))?;
                }
            } else if let Some((_, octets)) = other.iter().find(|(n, _)| *n == i) {
                inner.extend_from_slice(octets);
            }
            length(out, inner.len());
            out.extend_from_slice(&inner);
        }
    }
    Ok(())
}

fn bitmap(out: &mut Vec<u8>, bits: &[bool]) {
    for chunk in bits.chunks(8) {
        out.push(chunk.iter().enumerate().fold(0, |sum, (i, bit)| sum | u8::from(*bit) << (7 - i)));
    }
}
