//! What GOOSE, sampled values and MMS have in common: data values, time stamps, object references.
//!
//! Sources: ISO 9506-2 (Data); IEC 61850-8-1 (UtcTime, mapping of references); IEC 61850-7-2
//! (object references, functional constraints).

use super::ber::{self, Ber, Tlv};
use crate::bytes::{Reader, hex};
use crate::model::{Micros, Val};

/// Nested arrays and structures that are followed.
const MAX_DEPTH: u8 = 6;
/// Characters of the text of one value.
const MAX_TEXT: usize = 256;

/// A time as IEC 61850-8-1 sends it: seconds, a 24-bit fraction, and a quality octet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct UtcTime {
    pub at: Micros,
    /// Bit 0x80 leap seconds known, 0x40 clock failure, 0x20 not synchronized, then the accuracy.
    pub quality: u8,
}

/// Reads the eight octets of a time stamp.
pub fn utc_time(body: &[u8]) -> Option<UtcTime> {
    let mut r = Reader::new(body);
    let (seconds, fraction, quality) = (r.be32()?, r.be24()?, r.u8()?);
    let micros = (i64::from(fraction) * 1_000_000) >> 24;
    Some(UtcTime { at: i64::from(seconds) * 1_000_000 + micros, quality })
}

/// A time as text, RFC 3339.
pub fn time_text(at: Micros) -> String {
    let mut out = Vec::with_capacity(28);
    crate::json::plain_time(&mut out, at);
    String::from_utf8(out).unwrap_or_default()
}

/// Contents of a name or text: lossy where it is not UTF-8, and never longer than a value's text.
pub fn name(body: &[u8]) -> String {
    let body = body.get(..MAX_TEXT).unwrap_or(body);
    crate::bytes::text(body)
}

/// A floating-point value: an octet with the width of the exponent, then IEEE 754.
fn float(body: &[u8]) -> Option<f64> {
    let mut r = Reader::new(body);
    match (r.u8()?, r.left()) {
        (8, 4) => r.be_f32().map(f64::from),
        (11, 8) => r.be_f64(),
        _ => None,
    }
}

/// The bits of a bit string, most significant first.
fn bits(body: &[u8]) -> String {
    let Some((&unused, octets)) = body.split_first() else { return String::new() };
    let count = (octets.len() * 8).saturating_sub(usize::from(unused.min(7))).min(MAX_TEXT);
    let bit = |i: usize| octets.get(i / 8).is_some_and(|o| o & (0x80 >> (i % 8)) != 0);
    (0..count).map(|i| if bit(i) { '1' } else { '0' }).collect()
}

/// One Data as a value: numbers and truth values as such, all else as text.
pub fn value(data: &Tlv<'_>) -> Val {
    let found = match data.tag {
        0x83 => data.body.first().map(|b| Val::Bool(*b != 0)),
        0x85 => ber::int(data.body).map(Val::Int),
        0x86 => ber::uint(data.body).and_then(|v| i64::try_from(v).ok()).map(Val::Int),
        0x87 => float(data.body).filter(|v| v.is_finite()).map(Val::Float),
        _ => None,
    };
    found.unwrap_or_else(|| Val::from(text(data)))
}

/// One Data as text; structures and arrays in braces.
pub fn text(data: &Tlv<'_>) -> String {
    let mut out = String::new();
    write(&mut out, data, 0);
    if let Some((cut, _)) = out.char_indices().nth(MAX_TEXT) {
        out.truncate(cut);
    }
    out
}

fn write(out: &mut String, data: &Tlv<'_>, depth: u8) {
    if out.len() > MAX_TEXT {
        return;
    }
    match data.tag {
        0xa1 | 0xa2 if depth < MAX_DEPTH => {
            out.push('{');
            for (i, part) in data.inner().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                write(out, &part, depth + 1);
            }
            out.push('}');
        }
        0x83 => out.push_str(if data.body.iter().any(|b| *b != 0) { "true" } else { "false" }),
        0x84 => out.push_str(&bits(data.body)),
        0x85 => out.push_str(&ber::int(data.body).map_or_else(|| hex(head(data.body)), |v| v.to_string())),
        0x86 => out.push_str(&ber::uint(data.body).map_or_else(|| hex(head(data.body)), |v| v.to_string())),
        0x87 => out.push_str(&float(data.body).map_or_else(|| hex(head(data.body)), |v| v.to_string())),
        0x8a | 0x90 => out.push_str(&name(data.body)),
        0x91 => match utc_time(data.body) {
            Some(t) => out.push_str(&time_text(t.at)),
            None => out.push_str(&hex(head(data.body))),
        },
        _ => out.push_str(&hex(head(data.body))),
    }
}

fn head(body: &[u8]) -> &[u8] {
    body.get(..MAX_TEXT / 2).unwrap_or(body)
}

/// Texts of the values that stand one after the other, at most `most`.
pub fn texts(data: &[u8], most: usize) -> Vec<Val> {
    Ber::new(data).take(most).map(|d| Val::from(text(&d))).collect()
}

/// Name of the logical device in an object reference (`IED1LD0/LLN0$GO$gcb01`).
pub fn logical_device(reference: &str) -> Option<&str> {
    let (device, rest) = reference.split_once('/')?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    (!device.is_empty() && !rest.is_empty() && device.len() <= 64 && device.chars().all(plain))
        .then_some(device)
}

/// Instance names that logical devices commonly have. A logical device's name is that of its IED with
/// the instance behind it, without anything between (IEC 61850-8-1, 7.2.1): only custom tells them apart.
const INSTANCES: &[&str] = &[
    "GenericIO",
    "Measurement",
    "MEASUREMENT",
    "Protection",
    "PROTECTION",
    "Control",
    "CONTROL",
    "System",
    "SYSTEM",
    "Master",
    "MASTER",
    "Relay",
    "PROT",
    "Prot",
    "CTRL",
    "Ctrl",
    "MEAS",
    "Meas",
    "CFG",
    "Config",
    "CON",
    "ANN",
    "MET",
    "PRO",
    "RPIT",
    "PIGO",
    "PISV",
    "GOLD",
    "SVLD",
    "DR",
    "RCD",
    "MU",
    "LD",
];

/// Name of the IED that a logical device belongs to, as far as the device's name shows it: without a
/// customary instance behind it, else whole.
pub fn ied(device: &str) -> &str {
    let stem = device.trim_end_matches(|c: char| c.is_ascii_digit());
    for instance in INSTANCES {
        for whole in [stem, device] {
            let Some(rest) = whole.strip_suffix(instance) else { continue };
            let rest = rest.trim_end_matches('_');
            if rest.len() >= 2 {
                return rest;
            }
        }
    }
    device
}

/// Longest common beginning of the names of an IED's logical devices, if it can be its name.
pub fn common_ied(devices: &[String]) -> Option<&str> {
    let (first, rest) = devices.split_first()?;
    if rest.is_empty() {
        return Some(ied(first));
    }
    let shared = |a: &str, b: &str| {
        a.char_indices()
            .zip(b.chars())
            .find(|((_, x), y)| x != y)
            .map_or(a.len().min(b.len()), |((i, _), _)| i)
    };
    let length = rest.iter().map(|d| shared(first, d)).min()?;
    let common = first.get(..length)?.trim_end_matches('_');
    (common.len() >= 2).then_some(common)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn one(bytes: &[u8]) -> Tlv<'_> {
        Ber::new(bytes).next().expect("one value")
    }

    #[test]
    fn values_of_every_kind() {
        assert_eq!(value(&one(&[0x83, 1, 1])), Val::Bool(true));
        assert_eq!(value(&one(&[0x85, 2, 0xff, 0xfe])), Val::Int(-2));
        assert_eq!(value(&one(&[0x86, 2, 0, 200])), Val::Int(200));
        assert_eq!(value(&one(&[0x87, 5, 8, 0x3f, 0xc0, 0, 0])), Val::Float(1.5));
        assert_eq!(text(&one(&[0x84, 3, 6, 0x80, 0x40])), "1000000001");
        assert_eq!(text(&one(&[0xa2, 6, 0x83, 1, 0, 0x85, 1, 7])), "{false,7}");
        assert_eq!(text(&one(&[0x8a, 2, b'o', b'n'])), "on");
        let stamp = [0x91, 8, 0x4d, 0xdd, 0xa5, 0x1a, 0x80, 0, 0, 0x0a];
        assert_eq!(text(&one(&stamp)), "2011-05-26T00:55:54.500000Z");
    }

    #[test]
    fn references_name_the_ied() {
        assert_eq!(logical_device("GEDeviceF650/LLN0$GO$gcb01"), Some("GEDeviceF650"));
        assert_eq!(logical_device("111"), None);
        assert_eq!(ied("AA1C1Q01A1LD0"), "AA1C1Q01A1");
        assert_eq!(ied("TEMPLATE_CFG"), "TEMPLATE");
        assert_eq!(ied("GEDeviceF650"), "GEDeviceF650");
        assert_eq!(ied("LD0"), "LD0");
        assert_eq!(ied("simpleIOGenericIO"), "simpleIO");
        let names = ["AA1E1Q1PROT".to_owned(), "AA1E1Q1CTRL".to_owned()];
        assert_eq!(common_ied(&names), Some("AA1E1Q1"));
        assert_eq!(common_ied(&[]), None);
    }

    proptest! {
        #[test]
        fn never_panics(data in proptest::collection::vec(any::<u8>(), 0..80)) {
            for tlv in Ber::new(&data) {
                let _seen = (value(&tlv), text(&tlv));
            }
            let _seen = (utc_time(&data), texts(&data, 8), bits(&data));
            let name = String::from_utf8_lossy(&data).into_owned();
            let _seen = (ied(&name).len(), common_ied(&[name.clone(), name]).map(str::len));
        }
    }
}
