//! Members of JSON documents, read leniently, and times.

use sentinel_wire::model::Val;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use std::fmt;

/// Texts of a member: one, or a list of them; numbers are written out, all else is left away.
#[derive(Debug, Default)]
pub struct Many<'a>(Option<Cow<'a, str>>, Vec<Cow<'a, str>>);

/// Most texts taken of a list.
const MOST: usize = 16;

impl Many<'_> {
    pub fn first(&self) -> Option<&str> {
        self.0.as_deref().filter(|t| !t.is_empty())
    }
    pub fn all(&self) -> impl Iterator<Item = &str> {
        self.0.iter().chain(&self.1).map(|t| &**t).filter(|t| !t.is_empty())
    }
}

impl<'a> Many<'a> {
    /// The texts of a value of an event: as if read of the document it is written as.
    pub fn of(value: &'a Val) -> Many<'a> {
        match value {
            Val::Str(s) => Many(Some(Cow::Borrowed(s)), Vec::new()),
            Val::Static(s) => Many(Some(Cow::Borrowed(s)), Vec::new()),
            Val::Int(v) => Many(Some(Cow::Owned(v.to_string())), Vec::new()),
            Val::Float(_) | Val::Bool(_) => Many::default(),
            Val::List(list) => {
                let mut all = Many::default();
                list.iter().for_each(|v| all.push(Many::of(v).0));
                all
            }
        }
    }
    /// A text of its own.
    pub fn text(text: Cow<'a, str>) -> Many<'a> {
        Many(Some(text), Vec::new())
    }
    fn push(&mut self, text: Option<Cow<'a, str>>) {
        if let (Some(text), true) = (text, self.1.len() + 1 < MOST) {
            match self.0 {
                None => self.0 = Some(text),
                Some(_) => self.1.push(text),
            }
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Many<'a> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Many<'a>, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Many<'de>;
            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a value")
            }
            fn visit_borrowed_str<E>(self, v: &'de str) -> Result<Many<'de>, E> {
                Ok(Many(Some(Cow::Borrowed(v)), Vec::new()))
            }
            fn visit_str<E>(self, v: &str) -> Result<Many<'de>, E> {
                Ok(Many(Some(Cow::Owned(v.into())), Vec::new()))
            }
            fn visit_u64<E>(self, v: u64) -> Result<Many<'de>, E> {
                Ok(Many(Some(Cow::Owned(v.to_string())), Vec::new()))
            }
            fn visit_i64<E>(self, v: i64) -> Result<Many<'de>, E> {
                Ok(Many(Some(Cow::Owned(v.to_string())), Vec::new()))
            }
            fn visit_f64<E>(self, _: f64) -> Result<Many<'de>, E> {
                Ok(Many::default())
            }
            fn visit_bool<E>(self, _: bool) -> Result<Many<'de>, E> {
                Ok(Many::default())
            }
            fn visit_unit<E>(self) -> Result<Many<'de>, E> {
                Ok(Many::default())
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Many<'de>, A::Error> {
                let mut all = Many::default();
                while let Some(Many(text, _)) = seq.next_element()? {
                    all.push(text);
                }
                Ok(all)
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Many<'de>, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Many::default())
            }
        }
        d.deserialize_any(Reader)
    }
}

/// A number, or a text that is one.
#[derive(Clone, Copy, Debug, Default)]
pub struct Num(pub Option<f64>);

impl Num {
    /// The number of a value of an event, likewise.
    pub fn of(value: &Val) -> Num {
        match value {
            Val::Int(v) => Num(Some(*v as f64)),
            Val::Float(v) => Num(Some(*v).filter(|n| n.is_finite())),
            Val::Str(s) => Num(s.parse().ok().filter(|n: &f64| n.is_finite())),
            Val::Static(s) => Num(s.parse().ok().filter(|n: &f64| n.is_finite())),
            Val::Bool(_) => Num(None),
            Val::List(list) => list.first().map_or(Num(None), Num::of),
        }
    }
}

impl<'de> Deserialize<'de> for Num {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Num, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Num;
            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a value")
            }
            fn visit_str<E>(self, v: &str) -> Result<Num, E> {
                Ok(Num(v.parse().ok().filter(|n: &f64| n.is_finite())))
            }
            fn visit_u64<E>(self, v: u64) -> Result<Num, E> {
                Ok(Num(Some(v as f64)))
            }
            fn visit_i64<E>(self, v: i64) -> Result<Num, E> {
                Ok(Num(Some(v as f64)))
            }
            fn visit_f64<E>(self, v: f64) -> Result<Num, E> {
                Ok(Num(Some(v).filter(|n| n.is_finite())))
            }
            fn visit_bool<E>(self, _: bool) -> Result<Num, E> {
                Ok(Num(None))
            }
            fn visit_unit<E>(self) -> Result<Num, E> {
                Ok(Num(None))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Num, A::Error> {
                let first = seq.next_element::<Num>()?.unwrap_or_default();
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(first)
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Num, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Num(None))
            }
        }
        d.deserialize_any(Reader)
    }
}

/// Microseconds since 1970 UTC of an RFC 3339 time: `T` or a blank, any digits of a second, `Z` or an
/// offset with or without a colon. `None` if it is none, or in no year from 1 to 9999.
pub fn time(text: &str) -> Option<i64> {
    let b = text.as_bytes();
    let number = |from: usize, to: usize| -> Option<i64> {
        b.get(from..to)?.iter().try_fold(0i64, |n, c| Some(n * 10 + i64::from(digit(*c)?)))
    };
    let is = |at: usize, c: &[u8]| b.get(at).is_some_and(|x| c.contains(x));
    if !(is(4, b"-") && is(7, b"-") && is(10, b"Tt ") && is(13, b":") && is(16, b":")) {
        return None;
    }
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    if year < 1 || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let (mut at, mut fraction) = (19, 0i64);
    if is(at, b".,") {
        at += 1;
        let mut unit = 100_000;
        while let Some(d) = b.get(at).copied().and_then(digit) {
            fraction += unit * i64::from(d);
            unit /= 10;
            at += 1;
        }
    }
    let offset = match b.get(at)? {
        b'Z' | b'z' if at + 1 == b.len() => 0,
        sign @ (b'+' | b'-') => {
            let colon = usize::from(is(at + 3, b":"));
            if b.len() != at + 5 + colon {
                return None;
            }
            let minutes = number(at + 1, at + 3)? * 60 + number(at + 3 + colon, at + 5 + colon)?;
            if *sign == b'+' { minutes } else { -minutes }
        }
        _ => return None,
    };
    let seconds = days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offset * 60;
    Some(seconds * 1_000_000 + fraction)
}

fn digit(c: u8) -> Option<u8> {
    c.is_ascii_digit().then(|| c - b'0')
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar, years counted from March.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let y = if month <= 2 { year - 1 } else { year };
    let month = (month + 9) % 12;
    y * 365 + y / 4 - y / 100 + y / 400 + (month * 153 + 2) / 5 + day - 1 - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        assert_eq!(time("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(time("2017-11-04T12:48:35.198583+0000"), Some(1_509_799_715_198_583));
        assert_eq!(time("2024-02-29 23:59:60.1234567-01:30"), Some(1_709_256_600_123_456));
        assert_eq!(time("0001-01-01T00:00:00Z"), Some(-62_135_596_800_000_000));
        for wrong in [
            "",
            "2024-02-29",
            "2024-13-01T00:00:00Z",
            "2024-01-01T00:00:00",
            "2024-01-01T00:00:00Zx",
            "2024-01-01T00:00:00+1",
        ] {
            assert_eq!(time(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn any_type_is_read() {
        for json in ["1", "-1", "1.5", "true", "null", "[1,\"a\",[2],{}]", "{\"a\":[{}]}", "\"x\\ny\""] {
            serde_json::from_str::<Num>(json).unwrap();
            serde_json::from_str::<Many>(json).unwrap();
        }
        let m: Many = serde_json::from_str("[1,\"a\",[2,3],{},null]").unwrap();
        assert_eq!(m.all().collect::<Vec<_>>(), ["1", "a", "2"]);
    }
}
