//! One JSON object to a flat list of fields, in one pass and without a tree.
//!
//! Keys of nested objects are joined by dots. A list of plain values is a list; the objects of a list
//! give one list for each of their keys. `null` is absent. A key that comes twice keeps its last value.

use crate::names::{Path, Paths};
use sentinel_detect::event::Name;
use sentinel_wire::model::Val;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use std::fmt;

/// Fields of one event; what is beyond is dropped.
pub const MOST_FIELDS: usize = 2048;
/// Values of one list.
const MOST_VALUES: usize = 65_536;
/// Values of a list that is gathered from objects.
const MOST_GATHERED: usize = 1024;

/// Reads one object into `fields` (emptied first). Errors are those of the JSON reader. Returns how many
/// values a bound dropped.
pub fn flatten(
    line: &[u8],
    paths: &mut Paths,
    fields: &mut Vec<(Name, Val)>,
) -> Result<u64, serde_json::Error> {
    fields.clear();
    fields.reserve(48);
    paths.begin();
    let mut flat = Flat { paths, fields, dropped: 0 };
    let mut reader = serde_json::Deserializer::from_slice(line);
    Object { flat: &mut flat, at: 0, listed: false }.deserialize(&mut reader)?;
    reader.end()?;
    Ok(flat.dropped)
}

struct Flat<'a> {
    paths: &'a mut Paths,
    fields: &'a mut Vec<(Name, Val)>,
    dropped: u64,
}

impl Flat<'_> {
    /// Sets the value of a path; with `listed`, adds to its list.
    fn put(&mut self, at: Path, value: Val, listed: bool) {
        let new = self.fields.len();
        if new >= MOST_FIELDS {
            self.dropped += 1;
            return;
        }
        match self.paths.place(at, new) {
            None => self.dropped += 1,
            Some((name, None)) => {
                let value = if listed { Val::from(vec![value]) } else { value };
                self.fields.push((Cow::Borrowed(name), value));
            }
            Some((_, Some(place))) => match self.fields.get_mut(place) {
                Some((_, Val::List(list))) if listed => {
                    if list.len() >= MOST_GATHERED {
                        self.dropped += 1;
                        return;
                    }
                    let mut all = std::mem::take(list).into_vec();
                    all.push(value);
                    *list = all.into_boxed_slice();
                }
                Some((_, old)) => *old = value,
                None => self.dropped += 1,
            },
        }
    }
}

/// An object that stands at a path.
struct Object<'a, 'b> {
    flat: &'a mut Flat<'b>,
    at: Path,
    listed: bool,
}

impl<'de> DeserializeSeed<'de> for Object<'_, '_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<(), D::Error> {
        d.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Object<'_, '_> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        members(self.flat, self.at, self.listed, map)
    }
}

fn members<'de, A: MapAccess<'de>>(
    flat: &mut Flat<'_>,
    at: Path,
    listed: bool,
    mut map: A,
) -> Result<(), A::Error> {
    while let Some(path) = map.next_key_seed(Key { flat: &mut *flat, at })? {
        match path {
            Some(at) => map.next_value_seed(Value { flat: &mut *flat, at, listed })?,
            None => {
                flat.dropped += 1;
                map.next_value::<serde::de::IgnoredAny>()?;
            }
        }
    }
    Ok(())
}

struct Key<'a, 'b> {
    flat: &'a mut Flat<'b>,
    at: Path,
}

impl<'de> DeserializeSeed<'de> for Key<'_, '_> {
    type Value = Option<Path>;
    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<Option<Path>, D::Error> {
        d.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_, '_> {
    type Value = Option<Path>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }
    fn visit_str<E: Error>(self, key: &str) -> Result<Option<Path>, E> {
        Ok(self.flat.paths.child(self.at, key))
    }
}

/// Any value that stands at a path.
struct Value<'a, 'b> {
    flat: &'a mut Flat<'b>,
    at: Path,
    listed: bool,
}

impl<'de> DeserializeSeed<'de> for Value<'_, '_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<(), D::Error> {
        d.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value<'_, '_> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }
    fn visit_bool<E: Error>(self, v: bool) -> Result<(), E> {
        self.flat.put(self.at, Val::Bool(v), self.listed);
        Ok(())
    }
    fn visit_i64<E: Error>(self, v: i64) -> Result<(), E> {
        self.flat.put(self.at, Val::Int(v), self.listed);
        Ok(())
    }
    fn visit_u64<E: Error>(self, v: u64) -> Result<(), E> {
        let v = i64::try_from(v).map_or(Val::Float(v as f64), Val::Int);
        self.flat.put(self.at, v, self.listed);
        Ok(())
    }
    fn visit_f64<E: Error>(self, v: f64) -> Result<(), E> {
        self.flat.put(self.at, Val::Float(v), self.listed);
        Ok(())
    }
    fn visit_str<E: Error>(self, v: &str) -> Result<(), E> {
        self.flat.put(self.at, Val::from(v), self.listed);
        Ok(())
    }
    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        members(self.flat, self.at, self.listed, map)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        // plain values are gathered; objects go to the lists of their keys
        let mut plain = Vec::new();
        while seq
            .next_element_seed(Element { flat: &mut *self.flat, at: self.at, plain: &mut plain })?
            .is_some()
        {}
        if !plain.is_empty() {
            if self.listed {
                plain.into_iter().for_each(|v| self.flat.put(self.at, v, true));
            } else {
                self.flat.put(self.at, Val::from(plain), false);
            }
        }
        Ok(())
    }
}

/// One element of a list.
struct Element<'a, 'b, 'c> {
    flat: &'a mut Flat<'b>,
    at: Path,
    plain: &'c mut Vec<Val>,
}

impl Element<'_, '_, '_> {
    fn push<E>(self, v: Val) -> Result<(), E> {
        if self.plain.len() < MOST_VALUES {
            self.plain.push(v);
        } else {
            self.flat.dropped += 1;
        }
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Element<'_, '_, '_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<(), D::Error> {
        d.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Element<'_, '_, '_> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }
    fn visit_bool<E: Error>(self, v: bool) -> Result<(), E> {
        self.push(Val::Bool(v))
    }
    fn visit_i64<E: Error>(self, v: i64) -> Result<(), E> {
        self.push(Val::Int(v))
    }
    fn visit_u64<E: Error>(self, v: u64) -> Result<(), E> {
        self.push(i64::try_from(v).map_or(Val::Float(v as f64), Val::Int))
    }
    fn visit_f64<E: Error>(self, v: f64) -> Result<(), E> {
        self.push(Val::Float(v))
    }
    fn visit_str<E: Error>(self, v: &str) -> Result<(), E> {
        self.push(Val::from(v))
    }
    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        members(self.flat, self.at, true, map)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let Element { flat, at, plain } = self;
        while seq.next_element_seed(Element { flat: &mut *flat, at, plain: &mut *plain })?.is_some() {}
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn flat(text: &str) -> Vec<(String, Val)> {
        let mut fields = Vec::new();
        flatten(text.as_bytes(), &mut Paths::default(), &mut fields).unwrap();
        fields.into_iter().map(|(n, v)| (n.into_owned(), v)).collect()
    }

    #[test]
    fn nested_keys_and_lists() {
        let got =
            flat(r#"{"a":1,"b":{"c":"x\n","d":null,"e":[1,2.5,true]},"f":[{"g":1},{"g":2,"h":"y"}],"i":[]}"#);
        let want = vec![
            ("a".to_owned(), Val::Int(1)),
            ("b.c".to_owned(), Val::from("x\n")),
            ("b.e".to_owned(), Val::from(vec![Val::Int(1), Val::Float(2.5), Val::Bool(true)])),
            ("f.g".to_owned(), Val::from(vec![Val::Int(1), Val::Int(2)])),
            ("f.h".to_owned(), Val::from(vec![Val::from("y")])),
        ];
        assert_eq!(got, want);
    }

    #[test]
    fn a_key_is_there_once() {
        assert_eq!(flat(r#"{"a":1,"a":"z"}"#), vec![("a".to_owned(), Val::from("z"))]);
        assert_eq!(flat(r#"{"a.b":1,"a":{"b":2}}"#), vec![("a.b".to_owned(), Val::Int(2))]);
    }

    #[test]
    fn what_is_no_object_is_an_error() {
        let mut fields = Vec::new();
        for bad in ["", "[1]", "{", r#"{"a":1} x"#, "null", r#"{"a":1e999}"#] {
            assert!(flatten(bad.as_bytes(), &mut Paths::default(), &mut fields).is_err(), "{bad}");
        }
    }

    #[test]
    fn depth_is_bounded() {
        let text = format!("{}1{}", r#"{"a":"#.repeat(500), "}".repeat(500));
        assert!(flatten(text.as_bytes(), &mut Paths::default(), &mut Vec::new()).is_err());
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = flatten(&bytes, &mut Paths::default(), &mut Vec::new());
        }
    }
}
