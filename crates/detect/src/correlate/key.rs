//! Values as keys: what counts as the same value, and the keys of groups.
//!
//! `502` and `"502"` are the same value, `true` and `"true"` are not, text keeps its case. A number that is not
//! finite is no value.

use super::{Fields, Limits};
use sentinel_wire::model::Val;
use siphasher::sip::SipHasher13;
use siphasher::sip128::{Hasher128, SipHasher13 as SipHasher128};
use std::borrow::Cow;
use std::hash::Hasher;
use std::io::Write;
use std::sync::Arc;

/// Longest value kept in full, in bytes; of a longer one its beginning and its hash stand for it.
pub(super) const VALUE_MAX: usize = 256;
/// Elements of one list that are looked at, and groups one event may belong to.
pub(super) const LIST_MAX: usize = 64;
/// Fixed parts the groups of a rule are spread over by their hash; shards own whole parts.
pub(super) const PARTS: usize = 8;

/// Parts for these bounds: small bounds are kept in one, so that what is dropped is the oldest of all.
pub(super) fn parts(limits: &Limits) -> usize {
    if limits.groups >= 4096 && limits.entries >= 4096 { PARTS } else { 1 }
}

/// Hash of a key. Its own function with a fixed key, so that runs and shards agree on parts.
pub(super) fn hash(key: &[u8]) -> u64 {
    let mut h = SipHasher13::new_with_keys(0x73656e74696e656c, 0x636f7272656c6174);
    h.write(key);
    h.finish()
}

/// Appends a single value in its one form: length, kind, text. Tells if it was a number; `None` if it is no value.
pub(super) fn append(out: &mut Vec<u8>, v: &Val) -> Option<bool> {
    let at = out.len();
    out.extend_from_slice(&[0, 0, b't']);
    let body = out.len();
    let number = match v {
        Val::Int(i) => write!(out, "{i}").map(|()| true).ok()?,
        Val::Float(f) if !f.is_finite() => {
            out.truncate(at);
            return None;
        }
        // Whole floats are written like integers; 2^63 and beyond are not whole in any useful sense.
        Val::Float(f) if f.fract() == 0.0 && f.abs() < 9.0e18 => {
            write!(out, "{}", *f as i64).map(|()| true).ok()?
        }
        Val::Float(f) => write!(out, "{f:?}").map(|()| true).ok()?,
        Val::Bool(b) => {
            if let Some(kind) = out.get_mut(at + 2) {
                *kind = b'b';
            }
            out.push(u8::from(*b) + b'0');
            false
        }
        Val::Str(s) => text(out, s),
        Val::Static(s) => text(out, s),
        Val::List(_) => {
            out.truncate(at);
            return None;
        }
    };
    let len = u16::try_from(out.len().saturating_sub(body)).unwrap_or(u16::MAX).to_le_bytes();
    if let Some(head) = out.get_mut(at..at + 2) {
        head.copy_from_slice(&len);
    }
    Some(number)
}

fn text(out: &mut Vec<u8>, s: &str) -> bool {
    if s.len() <= VALUE_MAX {
        out.extend_from_slice(s.as_bytes());
    } else {
        let mut h = SipHasher128::new_with_keys(1, 2);
        h.write(s.as_bytes());
        let cut = s.floor_char_boundary(VALUE_MAX - 40);
        out.extend_from_slice(s.get(..cut).unwrap_or_default().as_bytes());
        let _ = write!(out, "…#{:032x}", h.finish128().as_u128());
    }
    false
}

/// The values in a key, each with its name. `numbers` has a bit for each that was a number.
pub(super) fn decode(key: &[u8], numbers: u32, names: &[Arc<str>]) -> Vec<(Arc<str>, Val)> {
    let mut out = Vec::with_capacity(names.len());
    let mut rest = key;
    for (i, name) in names.iter().enumerate() {
        let Some(([a, b, kind], more)) = rest.split_first_chunk::<3>() else { break };
        let Some((body, more)) = more.split_at_checked(usize::from(u16::from_le_bytes([*a, *b]))) else {
            break;
        };
        rest = more;
        let text = String::from_utf8_lossy(body);
        let number = numbers.checked_shr(i as u32).is_some_and(|n| n & 1 == 1);
        let v = match kind {
            b'b' => Val::Bool(body == b"1"),
            _ if number && text.parse::<i64>().is_ok() => Val::Int(text.parse().unwrap_or_default()),
            _ if number && text.parse::<f64>().is_ok() => Val::Float(text.parse().unwrap_or_default()),
            _ => Val::Str(text.into()),
        };
        out.push((Arc::clone(name), v));
    }
    out
}

/// A number, also one written as text; `None` for all else and for what is not finite.
pub(super) fn number(v: &Val) -> Option<f64> {
    let n = match v {
        Val::Int(i) => *i as f64,
        Val::Float(f) => *f,
        Val::Str(s) => s.trim().parse().ok()?,
        Val::Static(s) => s.trim().parse().ok()?,
        Val::Bool(_) | Val::List(_) => return None,
    };
    // 2^100: sums of that many stay exact in 128 bits.
    (n.abs() < 1_267_650_600_228_229_401_496_703_205_376.0).then_some(n)
}

/// The keys under which one event counts: one, or one for each combination where fields hold lists.
#[derive(Debug, Default)]
pub(super) struct Keys {
    bufs: Vec<(Vec<u8>, u32)>,
    len: usize,
    /// A list was longer than what is looked at.
    pub cut: bool,
}

impl Keys {
    /// Builds them from the named fields; none if one of them is missing.
    pub fn build<'a>(&mut self, fields: &[String], value: &impl Fn(&str) -> Option<Cow<'a, Val>>) {
        self.cut = false;
        self.len = 1;
        match self.bufs.first_mut() {
            Some(b) => {
                b.0.clear();
                b.1 = 0;
            }
            None => self.bufs.push(Default::default()),
        }
        for (i, field) in fields.iter().enumerate() {
            let Some(v) = value(field) else {
                self.len = 0;
                return;
            };
            match v.as_ref() {
                Val::List(list) => self.spread(i, list),
                one => self.extend(i, one),
            }
            if self.len == 0 {
                return;
            }
        }
    }

    fn extend(&mut self, i: usize, v: &Val) {
        for (buf, numbers) in self.bufs.iter_mut().take(self.len) {
            match append(buf, v) {
                Some(n) => *numbers |= u32::from(n).checked_shl(i as u32).unwrap_or(0),
                None => {
                    self.len = 0;
                    return;
                }
            }
        }
    }

    fn spread(&mut self, i: usize, list: &[Val]) {
        let mut out: Vec<(Vec<u8>, u32)> = Vec::new();
        self.cut |= list.len() > LIST_MAX;
        for (buf, numbers) in self.bufs.iter().take(self.len) {
            for v in list.iter().take(LIST_MAX) {
                let mut next = buf.clone();
                let Some(n) = append(&mut next, v) else { continue };
                if out.iter().any(|(k, _)| *k == next) {
                    continue;
                }
                if out.len() >= LIST_MAX {
                    self.cut = true;
                    break;
                }
                out.push((next, numbers | u32::from(n).checked_shl(i as u32).unwrap_or(0)));
            }
        }
        self.len = out.len();
        self.bufs = out;
        if self.bufs.is_empty() {
            self.bufs.push(Default::default());
        }
    }

    /// Each key, with a bit for each of its values that was a number.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], u32)> {
        self.bufs.iter().take(self.len).map(|(k, n)| (k.as_slice(), *n))
    }
}

/// No fields at all: what a window's end brings.
pub(super) struct NoFields;

impl Fields for NoFields {
    fn value(&self, _: &str) -> Option<Cow<'_, Val>> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(v: Val) -> Vec<u8> {
        let mut k = Vec::new();
        append(&mut k, &v);
        k
    }

    #[test]
    fn the_same_value_is_the_same_key() {
        assert_eq!(one(Val::Int(502)), one(Val::from("502")));
        assert_eq!(one(Val::Int(502)), one(Val::Float(502.0)));
        assert_eq!(one(Val::Float(0.5)), one(Val::from("0.5")));
        assert_ne!(one(Val::Bool(true)), one(Val::from("true")));
        assert_ne!(one(Val::Bool(true)), one(Val::Int(1)));
        assert_ne!(one(Val::from("a")), one(Val::from("A")));
        assert!(one(Val::Float(f64::NAN)).is_empty());
        let (long, other) = ("x".repeat(5000), format!("{}y", "x".repeat(4999)));
        assert_ne!(one(Val::from(long.as_str())), one(Val::from(other.as_str())));
        assert!(one(Val::from(long.as_str())).len() <= VALUE_MAX + 3);
        assert!(String::from_utf8(one(Val::from("é".repeat(500)))).is_ok(), "cut between letters");
    }

    #[test]
    fn keys_are_read_back() {
        let names: Vec<Arc<str>> = vec!["a".into(), "b".into(), "c".into()];
        let values = [Val::Int(-7), Val::from("7"), Val::Float(1.5)];
        let fields: Vec<String> = names.iter().map(|n| n.to_string()).collect();
        let mut keys = Keys::default();
        keys.build(&fields, &|f| {
            let i = names.iter().position(|n| n.as_ref() == f)?;
            values.get(i).map(|v| Cow::Owned(v.clone()))
        });
        let (key, numbers) = keys.iter().next().unwrap();
        let back: Vec<Val> = decode(key, numbers, &names).into_iter().map(|(_, v)| v).collect();
        assert_eq!(back, values);
        keys.build(&fields, &|_| None);
        assert_eq!(keys.iter().count(), 0);
    }

    #[test]
    fn lists_give_a_key_for_each_element_within_bounds() {
        let mut keys = Keys::default();
        let list = |n: i64| Val::from((0..n).map(Val::Int).collect::<Vec<Val>>());
        keys.build(&["a".into(), "b".into()], &|f| {
            Some(Cow::Owned(if f == "a" { list(3) } else { Val::Int(1) }))
        });
        assert_eq!(keys.iter().count(), 3);
        keys.build(&["a".into(), "b".into()], &|_| Some(Cow::Owned(list(100))));
        assert_eq!((keys.iter().count(), keys.cut), (LIST_MAX, true));
        keys.build(&["a".into()], &|_| Some(Cow::Owned(list(0))));
        assert_eq!(keys.iter().count(), 0);
    }

    #[test]
    fn numbers_are_finite() {
        assert_eq!(number(&Val::from(" 1.5 ")), Some(1.5));
        for v in
            [Val::from("nan"), Val::from("1e400"), Val::Float(f64::INFINITY), Val::Bool(true), Val::from("x")]
        {
            assert_eq!(number(&v), None);
        }
    }
}
