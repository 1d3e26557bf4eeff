//! Rules in a form whose evaluation is Sigma's.
//!
//! The evaluator reads some parts of the specification otherwise; what is written here in simpler
//! terms means what the specification (2.1) and pySigma say: encodings and dashes are spelled out,
//! `neq` holds for a missing field, numbers are compared as they are written, IPv4 networks hold
//! their IPv6-mapped addresses, null may stand in a list. `docs/decisions/0011-sigma-engine.md` has
//! the list, and `tests/semantics.rs` holds every line of it.

use rsigma_parser::value::StringPart;
use rsigma_parser::{Detection, DetectionItem, FieldSpec, Modifier, SigmaRule, SigmaString, SigmaValue};

/// Begins the name under which a field is asked for whether it is there at all, null or not.
pub const THERE: char = '\u{0}';

/// Texts that one value may stand for.
const MAX_VARIANTS: usize = 4096;

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Rewrites a rule; the reason is one line.
pub fn rule(rule: &mut SigmaRule) -> Result<(), String> {
    for (name, d) in &mut rule.detection.named {
        let old = std::mem::replace(d, Detection::AnyOf(Vec::new()));
        *d = detection(old).map_err(|why| format!("{name}: {why}"))?;
    }
    Ok(())
}

fn detection(d: Detection) -> Result<Detection, String> {
    let all = |list: Vec<Detection>| list.into_iter().map(detection).collect::<Result<Vec<_>, _>>();
    Ok(match d {
        Detection::AllOf(items) => {
            let (mut plain, mut more) = (Vec::with_capacity(items.len()), Vec::new());
            for one in items {
                item(one, &mut plain, &mut more)?;
            }
            if more.is_empty() {
                Detection::AllOf(plain)
            } else {
                if !plain.is_empty() {
                    more.insert(0, Detection::AllOf(plain));
                }
                Detection::And(more)
            }
        }
        Detection::AnyOf(list) => Detection::AnyOf(all(list)?),
        Detection::And(list) => Detection::And(all(list)?),
        other => other,
    })
}

/// One item: what it becomes goes to `plain`, or to `more` where that needs an OR of its own.
fn item(
    mut i: DetectionItem,
    plain: &mut Vec<DetectionItem>,
    more: &mut Vec<Detection>,
) -> Result<(), String> {
    let has = |m| i.field.modifiers.contains(&m);
    if has(Modifier::Exists) {
        i.field.name = i.field.name.map(|n| format!("{THERE}{n}"));
        plain.push(i);
        return Ok(());
    }
    if has(Modifier::Cidr) {
        let mapped: Vec<SigmaValue> = i.values.iter().filter_map(mapped).collect();
        if !has(Modifier::All) && !has(Modifier::Neq) {
            i.values.extend(mapped);
        }
    }
    for list in spelled(&mut i)? {
        one(DetectionItem { field: i.field.clone(), values: list }, plain, more);
    }
    Ok(())
}

/// Adds an item whose values are alternatives (or all of them, under `all`).
fn one(mut i: DetectionItem, plain: &mut Vec<DetectionItem>, more: &mut Vec<Detection>) {
    let field = i.field.name.clone();
    let missing =
        || DetectionItem { field: FieldSpec::new(field.clone(), Vec::new()), values: vec![SigmaValue::Null] };
    let nulls = i.values.iter().filter(|v| matches!(v, SigmaValue::Null)).count();
    if i.field.has_modifier(Modifier::Neq) {
        if nulls == 0 && field.is_some() {
            return more.push(either(i, missing()));
        }
    } else if nulls > 0 && nulls < i.values.len() && field.is_some() {
        i.values.retain(|v| !matches!(v, SigmaValue::Null));
        return more.push(either(i, missing()));
    }
    plain.push(i);
}

fn either(a: DetectionItem, b: DetectionItem) -> Detection {
    Detection::AnyOf(vec![Detection::AllOf(vec![a]), Detection::AllOf(vec![b])])
}

/// The network that holds the IPv6-mapped addresses of an IPv4 network (RFC 4291 section 2.5.5.2).
fn mapped(v: &SigmaValue) -> Option<SigmaValue> {
    let SigmaValue::String(s) = v else { return None };
    let net: ipnet::Ipv4Net = s.original.parse().ok()?;
    let text = format!("{}/{}", net.network().to_ipv6_mapped(), u16::from(net.prefix_len()) + 96);
    Some(SigmaValue::String(SigmaString::from_raw(&text)))
}

/// The values of an item with dashes and encodings spelled out: lists of alternatives, all of which
/// have to fit. Takes the modifiers off that were spelled out.
fn spelled(i: &mut DetectionItem) -> Result<Vec<Vec<SigmaValue>>, String> {
    use Modifier::{All, Base64, Base64Offset, Cased, Utf16, Utf16be, Wide, WindAsh};
    let has = |m| i.field.modifiers.contains(&m);
    let encoded = has(Base64) || has(Base64Offset);
    let steps: Vec<Modifier> = i.field.modifiers.clone();
    let values = std::mem::take(&mut i.values);
    if !(encoded || has(WindAsh)) {
        let as_written = !steps.iter().any(|m| AS_NUMBER.contains(m));
        return Ok(vec![if as_written { values.into_iter().map(written).collect() } else { values }]);
    }
    let mut lists = Vec::with_capacity(values.len());
    for value in values {
        let SigmaValue::String(text) = written(value) else {
            return Err("an encoding or windash is for text".into());
        };
        lists.push(variants(&text, &steps)?.into_iter().map(SigmaValue::String).collect::<Vec<_>>());
    }
    let all = has(All);
    i.field.modifiers.retain(|m| ![All, Base64, Base64Offset, Utf16, Utf16be, Wide, WindAsh].contains(m));
    if encoded && !i.field.modifiers.contains(&Cased) {
        i.field.modifiers.push(Cased);
    }
    let joined = |lists: Vec<Vec<SigmaValue>>| vec![lists.into_iter().flatten().collect()];
    Ok(if all { lists } else { joined(lists) })
}

/// Modifiers under which a number is a number (or no value at all).
const AS_NUMBER: &[Modifier] = &[
    Modifier::Gt,
    Modifier::Gte,
    Modifier::Lt,
    Modifier::Lte,
    Modifier::Minute,
    Modifier::Hour,
    Modifier::Day,
    Modifier::Week,
    Modifier::Month,
    Modifier::Year,
];

/// A number or truth value as the text that events have it in.
fn written(v: SigmaValue) -> SigmaValue {
    let text = match v {
        SigmaValue::Integer(n) => n.to_string(),
        SigmaValue::Float(n) => n.to_string(),
        SigmaValue::Bool(b) => b.to_string(),
        other => return other,
    };
    SigmaValue::String(SigmaString::from_raw(&text))
}

/// What a text stands for under the modifiers, in their order.
fn variants(text: &SigmaString, steps: &[Modifier]) -> Result<Vec<SigmaString>, String> {
    let mut texts = vec![text.clone()];
    let mut bytes: Option<Vec<Vec<u8>>> = None;
    for step in steps {
        match step {
            Modifier::WindAsh => {
                let mut out = Vec::new();
                for t in &texts {
                    out.append(&mut dashes(t)?);
                }
                texts = out;
            }
            Modifier::Wide | Modifier::Utf16 | Modifier::Utf16be => {
                bytes = Some(texts.iter().map(|t| wide(&raw(t), *step)).collect());
            }
            Modifier::Base64 | Modifier::Base64Offset => {
                let from =
                    bytes.take().unwrap_or_else(|| texts.iter().map(|t| raw(t).into_bytes()).collect());
                let offsets = if *step == Modifier::Base64 { 0..1 } else { 0..3 };
                let whole = *step == Modifier::Base64;
                texts = from.iter().flat_map(|b| offsets.clone().map(|n| base64(b, n, whole))).collect();
            }
            _ => {}
        }
    }
    if bytes.is_some() {
        return Err("wide and utf16 have to stand before base64 or base64offset".into());
    }
    Ok(texts)
}

/// A text without the meaning of its wildcards.
fn raw(t: &SigmaString) -> String {
    t.as_plain().unwrap_or_else(|| t.original.clone())
}

fn wide(text: &str, step: Modifier) -> Vec<u8> {
    let units = text.encode_utf16();
    match step {
        Modifier::Utf16be => units.flat_map(u16::to_be_bytes).collect(),
        Modifier::Utf16 => [0xff, 0xfe].into_iter().chain(units.flat_map(u16::to_le_bytes)).collect(),
        _ => units.flat_map(u16::to_le_bytes).collect(),
    }
}

/// Base64 (RFC 4648) of `data` behind `offset` unknown octets; unless `whole`, without the digits
/// that depend on what stands before or behind it.
fn base64(data: &[u8], offset: usize, whole: bool) -> SigmaString {
    let padded: Vec<u8> = std::iter::repeat_n(b' ', offset).chain(data.iter().copied()).collect();
    let mut out = String::new();
    for chunk in padded.chunks(3) {
        let at = |n: usize| chunk.get(n).copied().map_or(0, u32::from);
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        for n in 0..4 {
            let digit = BASE64.get((bits >> (18 - 6 * n) & 63) as usize).map_or('=', |b| char::from(*b));
            out.push(if n <= chunk.len() { digit } else { '=' });
        }
    }
    if !whole {
        let start = [0, 2, 3].get(offset).copied().unwrap_or(0);
        let end = out.len() - [0, 3, 2].get(padded.len() % 3).copied().unwrap_or(0);
        out = out.get(start..end.max(start)).unwrap_or_default().to_owned();
    }
    SigmaString::from_raw(&out)
}

/// Every dash or slash that begins a word, in all five forms: `-`, `/`, en dash, em dash, bar.
fn dashes(text: &SigmaString) -> Result<Vec<SigmaString>, String> {
    const FORMS: [char; 5] = ['-', '/', '\u{2013}', '\u{2014}', '\u{2015}'];
    let mut out = vec![Vec::<StringPart>::new()];
    for part in &text.parts {
        let StringPart::Plain(plain) = part else {
            out.iter_mut().for_each(|o| o.push(part.clone()));
            continue;
        };
        let word = |c: char| c.is_alphanumeric() || c == '_';
        let chars: Vec<char> = plain.chars().collect();
        let mut forms = vec![String::new()];
        for (n, c) in chars.iter().enumerate() {
            let before = n.checked_sub(1).and_then(|n| chars.get(n)).is_some_and(|c| word(*c));
            let behind = chars.get(n + 1).is_some_and(|c| word(*c));
            if matches!(c, '-' | '/') && !before && behind {
                forms = forms.iter().flat_map(|f| FORMS.iter().map(move |d| format!("{f}{d}"))).collect();
            } else {
                forms.iter_mut().for_each(|f| f.push(*c));
            }
            if forms.len().saturating_mul(out.len()) > MAX_VARIANTS {
                return Err(format!("windash: more than {MAX_VARIANTS} ways to write '{}'", text.original));
            }
        }
        let with = |o: &Vec<StringPart>, f: &String| {
            let mut o = o.clone();
            o.push(StringPart::Plain(f.clone()));
            o
        };
        out = out.iter().flat_map(|o| forms.iter().map(move |f| with(o, f))).collect();
    }
    Ok(out.into_iter().map(|parts| SigmaString { parts, original: text.original.clone() }).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_without_what_depends_on_its_neighbours() {
        let got = |text: &str, n| base64(text.as_bytes(), n, false).original;
        // digits by hand: foobar is 66 6f 6f 62 61 72
        assert_eq!(
            [got("foobar", 0), got("foobar", 1), got("foobar", 2)],
            ["Zm9vYmFy", "Zvb2Jhc", "mb29iYX"]
        );
        assert_eq!(base64(b"ab", 0, true).original, "YWI=");
        assert_eq!(base64(b"", 0, false).original, "");
    }

    #[test]
    fn dashes_that_begin_a_word() {
        let got = |text: &str| dashes(&SigmaString::new(text)).map(|l| l.len());
        assert_eq!(got(" -f"), Ok(5));
        assert_eq!(got("a-f"), Ok(1));
        assert_eq!(got("/f*-g"), Ok(25));
        assert!(got(&"-a ".repeat(9)).is_err());
    }
}
