//! Payloads in which devices describe themselves: OMA TLV, SenML and LwM2M JSON, CBOR, plain text.

use crate::bytes::Reader;
use crate::protocols::json;

/// Values of one payload that are looked at.
const MAX_VALUES: usize = 128;

/// (object, instance, resource) numbers and the value.
pub type Resource = (Vec<u16>, Vec<u8>);

/// The numbers of a path made of numbers only: `/3/0/1`.
pub fn numbers(path: &str) -> Option<Vec<u16>> {
    let parts: Option<Vec<u16>> = path.split('/').filter(|p| !p.is_empty()).map(|p| p.parse().ok()).collect();
    parts.filter(|p| (1..=4).contains(&p.len()))
}

/// Resources of a payload about `base`, by its Content-Format (OMA LwM2M Core 1.1, 7.4).
pub fn resources(base: &[u16], format: Option<u32>, payload: &[u8]) -> Vec<Resource> {
    let mut out = Vec::new();
    match format {
        Some(11_542 | 1542) => tlv(base, payload, 0, &mut out),
        Some(11_543 | 1543 | 110) => senml_json(payload, &mut out),
        Some(112) => senml_cbor(payload, &mut out),
        None | Some(0) if base.len() >= 3 => out.push((base.to_vec(), payload.to_vec())),
        _ => {}
    }
    out
}

/// TLV of OMA LwM2M Core 1.1, 7.4.5: object instances hold resources hold resource instances.
fn tlv(base: &[u16], data: &[u8], depth: u8, out: &mut Vec<Resource>) {
    let mut r = Reader::new(data);
    while let Some(kind) = r.u8() {
        let id = if kind & 0x20 == 0 { r.u8().map(u16::from) } else { r.be16() };
        let length = match kind >> 3 & 3 {
            0 => Some(usize::from(kind & 7)),
            1 => r.u8().map(usize::from),
            2 => r.be16().map(usize::from),
            _ => r.be24().map(|n| n as usize),
        };
        let (Some(id), Some(length)) = (id, length) else { return };
        // what is cut by a block's end is not taken
        let Some(value) = r.take(length) else { return };
        if out.len() >= MAX_VALUES {
            return;
        }
        let mut path = base.to_vec();
        match kind >> 6 {
            // object instance: replaces or follows the object's number
            0 if depth < 3 => {
                path.truncate(1);
                path.push(id);
                tlv(&path, value, depth + 1, out);
            }
            2 if depth < 3 => {
                path.truncate(2);
                path.push(id);
                tlv(&path, value, depth + 1, out);
            }
            1 => {
                path.truncate(3);
                path.push(id);
                out.push((path, value.to_vec()));
            }
            3 => {
                path.truncate(2);
                path.push(id);
                out.push((path, value.to_vec()));
            }
            _ => {}
        }
    }
}

/// SenML (RFC 8428) and the JSON of LwM2M 1.0: base name, then name and text of each record.
fn senml_json(payload: &[u8], out: &mut Vec<Resource>) {
    let (mut base, mut name) = (String::new(), String::new());
    for (_, key, value) in json::members(payload).take(MAX_VALUES * 4) {
        match key.as_str() {
            "bn" => base = value,
            "n" => name = value,
            "vs" | "sv" => {
                if let Some(path) = numbers(&format!("{base}{name}")) {
                    out.push((path, value.into_bytes()));
                }
            }
            _ => {}
        }
    }
}

/// SenML in CBOR (RFC 8428, 6): -2 base name, 0 name, 3 text, 8 data.
fn senml_cbor(payload: &[u8], out: &mut Vec<Resource>) {
    let (mut base, mut name) = (String::new(), String::new());
    pairs(payload, &mut |key, value| match (key, value) {
        (Item::Int(-2), Item::Text(t)) => base = t.to_owned(),
        (Item::Int(0), Item::Text(t)) => name = t.to_owned(),
        (Item::Int(3), Item::Text(t)) => {
            out.extend(numbers(&format!("{base}{name}")).map(|p| (p, t.as_bytes().to_vec())));
        }
        (Item::Int(8), Item::Bytes(b)) => {
            out.extend(numbers(&format!("{base}{name}")).map(|p| (p, b.to_vec())));
        }
        _ => {}
    });
}

/// A scalar of CBOR (RFC 8949).
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Item<'a> {
    Int(i64),
    Text(&'a str),
    Bytes(&'a [u8]),
    Other,
}

/// Gives every key and scalar value of all maps, in order; ends at the first thing that is cut.
pub fn pairs<'a>(data: &'a [u8], put: &mut dyn FnMut(Item<'a>, Item<'a>)) {
    let mut left = MAX_VALUES * 8;
    value(&mut Reader::new(data), 0, &mut left, put);
}

fn value<'a>(
    r: &mut Reader<'a>,
    depth: u8,
    left: &mut usize,
    put: &mut dyn FnMut(Item<'a>, Item<'a>),
) -> Option<Item<'a>> {
    *left = left.checked_sub(1)?;
    let first = r.u8()?;
    let short = first & 31;
    let endless = short == 31;
    let n = match short {
        0..=23 => u64::from(short),
        24 => u64::from(r.u8()?),
        25 => u64::from(r.be16()?),
        26 => u64::from(r.be32()?),
        27 => r.be64()?,
        31 => u64::MAX,
        _ => return None,
    };
    let is_break = |r: &Reader<'_>| endless && r.peek() == Some(0xFF);
    match first >> 5 {
        0 if !endless => Some(Item::Int(i64::try_from(n).ok()?)),
        1 if !endless => Some(Item::Int(-1 - i64::try_from(n).ok()?)),
        2 if !endless => r.take(usize::try_from(n).ok()?).map(Item::Bytes),
        3 if !endless => r.take(usize::try_from(n).ok()?).and_then(|b| std::str::from_utf8(b).ok()).map(Item::Text),
        4 | 5 if depth < 8 => {
            let map = first >> 5 == 5;
            let mut i = 0;
            while i < n && !is_break(r) {
                let item = value(r, depth + 1, left, put)?;
                if map {
                    let inner = value(r, depth + 1, left, put)?;
                    put(item, inner);
                }
                i += 1;
            }
            if is_break(r) {
                r.skip(1)?;
            }
            Some(Item::Other)
        }
        6 if depth < 8 => value(r, depth + 1, left, put),
        7 if !endless => Some(Item::Other),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_tlv_of_a_device_object() {
        // OMA LwM2M Core 1.1, 7.4.5.2: single object instance, manufacturer and model number
        let data = b"\xC8\x00\x14Open Mobile Alliance\xC8\x01\x16Lightweight M2M Client\xC8\x02\x09345000123";
        let found = resources(&[3, 0], Some(11_542), data);
        assert_eq!(found[0], (vec![3, 0, 0], b"Open Mobile Alliance".to_vec()));
        assert_eq!(found[1].0, [3, 0, 1]);
        assert_eq!(found[2], (vec![3, 0, 2], b"345000123".to_vec()));
        // the same, asked as the object
        let whole = [&b"\x08\x00\x17"[..], &data[..23]].concat();
        assert_eq!(resources(&[3], Some(11_542), &whole)[0].0, [3, 0, 0]);
    }

    #[test]
    fn reads_senml() {
        let text = br#"[{"bn":"/3/0/","n":"0","vs":"Acme"},{"n":"1","vs":"T1"},{"n":"9","v":95}]"#;
        let found = resources(&[3, 0], Some(110), text);
        assert_eq!(found, [(vec![3, 0, 0], b"Acme".to_vec()), (vec![3, 0, 1], b"T1".to_vec())]);
        // [{-2: "/3/0/", 0: "0", 3: "Acme"}]
        let cbor = b"\x81\xa3\x21\x65/3/0/\x00\x610\x03\x64Acme";
        assert_eq!(resources(&[3, 0], Some(112), cbor), [(vec![3, 0, 0], b"Acme".to_vec())]);
    }

    proptest::proptest! {
        #[test]
        fn never_panics(data: Vec<u8>) {
            for format in [None, Some(0), Some(110), Some(112), Some(11_542)] {
                assert!(resources(&[3, 0, 1], format, &data).len() <= MAX_VALUES * 4);
            }
        }
    }
}
