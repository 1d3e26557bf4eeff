//! Events as bytes, for snapshots: dense, quick, and read back only as they were written.
//!
//! Numbers are LEB128, signed ones zigzag. A short text is written once and referred to after that: most
//! events of a stream say the same few hundred words. Reading gives an error for whatever was not written
//! here, and never allocates more than the bytes at hand can fill.

use crate::event::Event;
use crate::json;
use rustc_hash::FxHashMap;
use sentinel_wire::model::Val;

/// Longest text that is referred to, in bytes, and how many are.
const SHORT: usize = 48;
const TEXTS: usize = 1 << 17;
/// Lists within lists: those of documents end sooner ([`json::MAX_DEPTH`]), those of probes are flat.
const DEPTH: u8 = 2 * json::MAX_DEPTH as u8;

/// What bytes that cannot be read are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Damaged;

type Read<T> = Result<T, Damaged>;

/// Writes.
#[derive(Default)]
pub struct Packer<'a> {
    pub out: Vec<u8>,
    texts: FxHashMap<&'a str, u64>,
}

impl<'a> Packer<'a> {
    pub fn unsigned(&mut self, mut v: u64) {
        while v >= 0x80 {
            self.out.push(v as u8 | 0x80);
            v >>= 7;
        }
        self.out.push(v as u8);
    }

    pub fn signed(&mut self, v: i64) {
        self.unsigned((v << 1 ^ v >> 63) as u64);
    }

    pub fn bytes(&mut self, bytes: &[u8]) {
        self.unsigned(bytes.len() as u64);
        self.out.extend_from_slice(bytes);
    }

    /// 0 and the text where it was not seen before, else its number from 1.
    pub fn text(&mut self, text: &'a str) {
        if text.len() <= SHORT {
            if let Some(&n) = self.texts.get(text) {
                return self.unsigned(n);
            }
            if self.texts.len() < TEXTS {
                let n = self.texts.len() as u64;
                self.texts.insert(text, n.saturating_add(1));
            }
        }
        self.out.push(0);
        self.bytes(text.as_bytes());
    }

    fn value(&mut self, v: &'a Val) {
        match v {
            Val::Int(v) => {
                self.out.push(0);
                self.signed(*v);
            }
            Val::Float(v) => {
                self.out.push(1);
                self.out.extend_from_slice(&v.to_bits().to_le_bytes());
            }
            Val::Bool(v) => self.out.push(2 + u8::from(*v)),
            Val::Str(s) => {
                self.out.push(4);
                self.text(s);
            }
            Val::Static(s) => {
                self.out.push(4);
                self.text(s);
            }
            Val::List(list) => {
                self.out.push(5);
                self.unsigned(list.len() as u64);
                list.iter().for_each(|v| self.value(v));
            }
        }
    }

    pub fn event(&mut self, e: &'a Event) {
        self.unsigned(e.order.0);
        self.unsigned(u64::from(e.order.1));
        self.signed(e.time);
        self.unsigned(e.frame);
        self.unsigned(u64::from(e.source));
        self.out.extend_from_slice(&e.id.to_le_bytes());
        self.unsigned(e.fields.len() as u64);
        for (name, value) in &e.fields {
            self.text(name);
            self.value(value);
        }
    }

    pub fn events(&mut self, events: impl ExactSizeIterator<Item = &'a Event>) {
        self.unsigned(events.len() as u64);
        events.for_each(|e| self.event(e));
    }
}

/// Reads what a [`Packer`] wrote.
pub struct Unpacker<'a> {
    rest: &'a [u8],
    texts: Vec<&'a str>,
}

impl<'a> Unpacker<'a> {
    pub fn new(bytes: &'a [u8]) -> Unpacker<'a> {
        Unpacker { rest: bytes, texts: Vec::new() }
    }

    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    fn octet(&mut self) -> Read<u8> {
        let (first, rest) = self.rest.split_first().ok_or(Damaged)?;
        self.rest = rest;
        Ok(*first)
    }

    pub fn fixed<const N: usize>(&mut self) -> Read<[u8; N]> {
        let (first, rest) = self.rest.split_first_chunk::<N>().ok_or(Damaged)?;
        self.rest = rest;
        Ok(*first)
    }

    pub fn unsigned(&mut self) -> Read<u64> {
        let mut v = 0u64;
        for shift in (0..64).step_by(7) {
            let b = self.octet()?;
            if shift == 63 && b > 1 {
                return Err(Damaged);
            }
            v |= u64::from(b & 0x7F) << shift;
            if b < 0x80 {
                return Ok(v);
            }
        }
        Err(Damaged)
    }

    pub fn signed(&mut self) -> Read<i64> {
        let v = self.unsigned()?;
        Ok((v >> 1) as i64 ^ -((v & 1) as i64))
    }

    /// A number of things that follow, each of at least `least` bytes.
    pub fn count(&mut self, least: usize) -> Read<usize> {
        let n = usize::try_from(self.unsigned()?).map_err(|_| Damaged)?;
        if n.saturating_mul(least) > self.rest.len() { Err(Damaged) } else { Ok(n) }
    }

    pub fn bytes(&mut self) -> Read<&'a [u8]> {
        let n = self.count(1)?;
        let (first, rest) = self.rest.split_at_checked(n).ok_or(Damaged)?;
        self.rest = rest;
        Ok(first)
    }

    pub fn text(&mut self) -> Read<&'a str> {
        match self.unsigned()? {
            0 => {
                let text = std::str::from_utf8(self.bytes()?).map_err(|_| Damaged)?;
                if text.len() <= SHORT && self.texts.len() < TEXTS {
                    self.texts.push(text);
                }
                Ok(text)
            }
            n => self.texts.get(usize::try_from(n - 1).map_err(|_| Damaged)?).copied().ok_or(Damaged),
        }
    }

    fn value(&mut self, depth: u8) -> Read<Val> {
        Ok(match self.octet()? {
            0 => Val::Int(self.signed()?),
            1 => Val::Float(f64::from_bits(u64::from_le_bytes(self.fixed()?))),
            b @ (2 | 3) => Val::Bool(b == 3),
            4 => Val::Str(self.text()?.into()),
            5 => {
                let n = self.count(1)?;
                let inner = depth.checked_sub(1).ok_or(Damaged)?;
                Val::List((0..n).map(|_| self.value(inner)).collect::<Read<_>>()?)
            }
            _ => return Err(Damaged),
        })
    }

    pub fn event(&mut self) -> Read<Event> {
        let small = |v: u64| u32::try_from(v).map_err(|_| Damaged);
        let order = (self.unsigned()?, small(self.unsigned()?)?);
        let (time, frame) = (self.signed()?, self.unsigned()?);
        let source = small(self.unsigned()?)?;
        let id = u128::from_le_bytes(self.fixed()?);
        let n = self.count(2)?;
        let mut fields = Vec::with_capacity(n);
        for _ in 0..n {
            fields.push((json::name(self.text()?), self.value(DEPTH)?));
        }
        Ok(Event { order, time, frame, source, id, fields })
    }

    pub fn events(&mut self) -> Read<Vec<Event>> {
        let n = self.count(20)?;
        (0..n).map(|_| self.event()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn value() -> impl Strategy<Value = Val> {
        let leaf = prop_oneof![
            any::<i64>().prop_map(Val::Int),
            (-1e300..1e300).prop_map(Val::Float),
            any::<bool>().prop_map(Val::Bool),
            ".{0,60}".prop_map(Val::from),
            "[ab]{0,2}".prop_map(Val::from),
        ];
        leaf.prop_recursive(4, 20, 5, |inner| prop::collection::vec(inner, 0..5).prop_map(Val::from))
    }

    fn event() -> impl Strategy<Value = Event> {
        let fields = prop::collection::vec(("[a-c.]{1,3}", value()), 0..6);
        (any::<(u64, u32, i64, u64, u32, u128)>(), fields).prop_map(
            |((line, n, time, frame, source, id), f)| {
                let fields = f.into_iter().map(|(n, v)| (n.into(), v)).collect();
                Event { order: (line, n), time, frame, source, id, fields }
            },
        )
    }

    proptest! {
        #[test]
        fn events_come_back(events in prop::collection::vec(event(), 0..20)) {
            let mut p = Packer::default();
            p.events(events.iter());
            let mut u = Unpacker::new(&p.out);
            prop_assert_eq!(u.events(), Ok(events));
            prop_assert!(u.is_empty());
        }

        #[test]
        fn damage_is_an_error_or_other_events(
            events in prop::collection::vec(event(), 1..4), at in any::<usize>(), bit in 0u8..8, cut in any::<usize>(),
        ) {
            let mut p = Packer::default();
            p.events(events.iter());
            let (mut bytes, n) = (p.out, at);
            let n = n % bytes.len();
            prop_assert!(Unpacker::new(&bytes[..cut % bytes.len()]).events().is_err());
            bytes[n] ^= 1 << bit;
            let _ = Unpacker::new(&bytes).events();
        }

        #[test]
        fn anything_is_read_without_harm(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = Unpacker::new(&bytes).events();
        }
    }

    #[test]
    fn a_literal_comes_back_as_text_and_lists_end() {
        let mut e = Event::default();
        e.set("a", Val::Static("x"));
        let mut p = Packer::default();
        p.event(&e);
        let back = Unpacker::new(&p.out).event().unwrap();
        assert_eq!((back.text("a"), back.get("a")), (Some("x"), Some(&Val::from("x"))));
        let deep: Vec<u8> = [5u8, 1].repeat(10_000);
        assert_eq!(Unpacker::new(&deep).value(DEPTH), Err(Damaged));
    }
}
