//! The scanner: JSON text to a flat list of fields, without a tree in between.

use super::{MAX_DEPTH, MAX_FIELDS, name};
use crate::event::Name;
use sentinel_wire::model::Val;
use std::borrow::Cow;

type Fields = Vec<(Name, Val)>;

struct Scan<'a> {
    text: &'a str,
    at: usize,
    /// Path of the object being read, with a dot (or `_` behind attributes) at its end.
    path: String,
    fields: Fields,
    /// For each field: at which depth its name was written. A shallower one wins.
    depths: Vec<usize>,
    /// Marks of the names that were put: one without its mark is new.
    marks: u128,
}

/// Reads a document that is an object.
pub fn document(text: &str) -> Result<Fields, String> {
    let mut s = Scan {
        text,
        at: 0,
        path: String::new(),
        fields: Vec::with_capacity(32),
        depths: Vec::with_capacity(32),
        marks: 0,
    };
    s.space();
    if s.peek() != Some(b'{') {
        return Err("no JSON object".into());
    }
    s.object(0, false, 0)?;
    s.space();
    if s.at != text.len() {
        return Err(s.wrong("something behind the object"));
    }
    Ok(s.fields)
}

impl<'a> Scan<'a> {
    fn wrong(&self, what: &str) -> String {
        format!("JSON, column {}: {what}", self.at.saturating_add(1))
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn expect(&mut self, byte: u8) -> Result<(), String> {
        self.space();
        if self.peek() != Some(byte) {
            return Err(self.wrong(&format!("'{}' is missing", byte as char)));
        }
        self.at += 1;
        Ok(())
    }

    /// Reads an object; `listed`: within a list, so that its members are lists. `lift`: levels of
    /// children whose own names do not count (Windows `UserData`).
    fn object(&mut self, depth: usize, listed: bool, lift: usize) -> Result<(), String> {
        if depth >= MAX_DEPTH {
            return Err(self.wrong("nested too deep"));
        }
        self.expect(b'{')?;
        self.space();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(());
        }
        loop {
            self.space();
            let key = self.string()?;
            self.expect(b':')?;
            self.space();
            match self.peek() {
                Some(b'{') => self.nested(&key, depth, listed, lift)?,
                Some(b'[') => self.list(&key, depth)?,
                _ => {
                    let value = self.scalar()?;
                    self.put(&key, value, depth, listed)?;
                }
            }
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.at += 1;
                    return Ok(());
                }
                _ => return Err(self.wrong("',' or '}' is missing")),
            }
        }
    }

    fn nested(&mut self, key: &str, depth: usize, listed: bool, lift: usize) -> Result<(), String> {
        let (at, top) = (self.path.len(), self.path.is_empty());
        let lift = match key {
            "Event" | "System" | "EventData" if top => return self.object(depth + 1, listed, 0),
            "UserData" if top => return self.object(depth + 1, listed, 1),
            "#attributes" => {
                if self.path.ends_with('.') {
                    self.path.pop();
                    self.path.push('_');
                }
                0
            }
            _ if lift > 0 => lift - 1,
            _ => {
                self.path.push_str(key);
                self.path.push('.');
                0
            }
        };
        self.object(depth + 1, listed, lift)?;
        if key == "#attributes" && self.path.ends_with('_') {
            self.path.pop();
            self.path.push('.');
        }
        self.path.truncate(at);
        Ok(())
    }

    fn list(&mut self, key: &str, depth: usize) -> Result<(), String> {
        if depth >= MAX_DEPTH {
            return Err(self.wrong("nested too deep"));
        }
        self.expect(b'[')?;
        let mut values = Vec::new();
        let mut objects = false;
        self.elements(key, depth, &mut values, &mut objects)?;
        if !(objects && values.is_empty()) {
            self.put(key, Val::from(values), depth, false)?;
        }
        Ok(())
    }

    /// Elements up to the closing bracket; lists in the list are part of it.
    fn elements(
        &mut self,
        key: &str,
        depth: usize,
        values: &mut Vec<Val>,
        objects: &mut bool,
    ) -> Result<(), String> {
        self.space();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(());
        }
        loop {
            self.space();
            match self.peek() {
                Some(b'{') => {
                    *objects = true;
                    let at = self.path.len();
                    self.path.push_str(key);
                    self.path.push('.');
                    self.object(depth + 1, true, 0)?;
                    self.path.truncate(at);
                }
                Some(b'[') if depth + 1 < MAX_DEPTH => {
                    self.at += 1;
                    self.elements(key, depth + 1, values, objects)?;
                }
                Some(b'[') => return Err(self.wrong("nested too deep")),
                _ => values.push(self.scalar()?),
            }
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.at += 1;
                    return Ok(());
                }
                _ => return Err(self.wrong("',' or ']' is missing")),
            }
        }
    }

    fn put(&mut self, key: &str, value: Val, depth: usize, listed: bool) -> Result<(), String> {
        if self.fields.len() >= MAX_FIELDS {
            return Err(self.wrong("too many members"));
        }
        let spaced = self.path.is_empty() && key.contains(' ');
        if spaced {
            let short: String = key.chars().filter(|c| *c != ' ').collect();
            self.set(name(&short), value.clone(), depth, listed);
        }
        let full = if self.path.is_empty() {
            name(key)
        } else {
            let at = self.path.len();
            self.path.push_str(key);
            let full = name(&self.path);
            self.path.truncate(at);
            full
        };
        self.set(full, value, depth, listed);
        Ok(())
    }

    fn set(&mut self, full: Name, value: Val, depth: usize, listed: bool) {
        // a name written whole stands above a path: fewer levels were gone down to it
        let levels = if self.path.is_empty() { 0 } else { depth };
        let mark = match &full {
            // names that are kept differ by where they stand
            Cow::Borrowed(n) => 1u128 << ((n.as_ptr() as usize >> 3) % 127),
            Cow::Owned(_) => 1 << 127,
        };
        let same = |(n, _): &(Name, Val)| match (n, &full) {
            (Cow::Borrowed(a), Cow::Borrowed(b)) => std::ptr::eq(*a, *b),
            (a, b) => a == b,
        };
        let known = if self.marks & mark == 0 { None } else { self.fields.iter().position(same) };
        self.marks |= mark;
        match known {
            None => {
                let value = if listed { Val::from(vec![value]) } else { value };
                self.fields.push((full, value));
                self.depths.push(levels);
            }
            Some(n) => {
                let (Some((_, old)), Some(known)) = (self.fields.get_mut(n), self.depths.get_mut(n)) else {
                    return;
                };
                if listed && *known > 0 {
                    match old {
                        Val::List(l) => {
                            let mut l = std::mem::take(l).into_vec();
                            l.push(value);
                            *old = Val::from(l);
                        }
                        one => *one = Val::from(vec![one.clone(), value]),
                    }
                } else if levels <= *known {
                    *old = value;
                    *known = levels;
                }
            }
        }
    }

    fn scalar(&mut self) -> Result<Val, String> {
        match self.peek() {
            Some(b'"') => {
                let s = self.string()?;
                Ok(Val::Str(s.into()))
            }
            Some(b't') => self.word("true", Val::Bool(true)),
            Some(b'f') => self.word("false", Val::Bool(false)),
            Some(b'n') => self.word("null", Val::List([].into())),
            Some(b'N') => self.word("NaN", Val::Float(f64::NAN)),
            Some(b'I') => self.word("Infinity", Val::Float(f64::INFINITY)),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => Err(self.wrong("a value is missing")),
        }
    }

    fn word(&mut self, word: &str, value: Val) -> Result<Val, String> {
        if !self.text.get(self.at..).is_some_and(|t| t.starts_with(word)) {
            return Err(self.wrong("no value of JSON"));
        }
        self.at += word.len();
        Ok(value)
    }

    fn number(&mut self) -> Result<Val, String> {
        let start = self.at;
        let mut whole = true;
        while let Some(c) = self.peek() {
            match c {
                b'0'..=b'9' | b'-' => {}
                b'+' | b'.' | b'e' | b'E' => whole = false,
                _ => break,
            }
            self.at += 1;
        }
        let text = self.text.get(start..self.at).unwrap_or_default();
        if whole && let Ok(n) = text.parse() {
            return Ok(Val::Int(n));
        }
        text.parse().map(Val::Float).map_err(|_| self.wrong("no number"))
    }

    fn string(&mut self) -> Result<Cow<'a, str>, String> {
        if self.peek() != Some(b'"') {
            return Err(self.wrong("'\"' is missing"));
        }
        let start = self.at + 1;
        let rest = self.text.as_bytes().get(start..).unwrap_or_default();
        let end = memchr::memchr2(b'"', b'\\', rest).ok_or_else(|| self.wrong("a text without end"))?;
        if rest.get(end) == Some(&b'"') {
            self.at = start + end + 1;
            return Ok(Cow::Borrowed(self.text.get(start..start + end).unwrap_or_default()));
        }
        self.at = start;
        self.escaped().map(Cow::Owned)
    }

    /// A text with escapes; stands behind the opening quote.
    fn escaped(&mut self) -> Result<String, String> {
        let mut out = String::new();
        loop {
            let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
            let n = memchr::memchr2(b'"', b'\\', rest).ok_or_else(|| self.wrong("a text without end"))?;
            out.push_str(self.text.get(self.at..self.at + n).unwrap_or_default());
            self.at += n + 1;
            if rest.get(n) == Some(&b'"') {
                return Ok(out);
            }
            let c = self.peek().ok_or_else(|| self.wrong("a text without end"))?;
            self.at += 1;
            out.push(match c {
                b'"' | b'\\' | b'/' => c as char,
                b'b' => '\u{8}',
                b'f' => '\u{c}',
                b'n' => '\n',
                b'r' => '\r',
                b't' => '\t',
                b'u' => self.unicode()?,
                _ => return Err(self.wrong("an unknown escape")),
            });
        }
    }

    /// Four digits behind `\u`, and the second half of a pair. Half a pair is U+FFFD.
    fn unicode(&mut self) -> Result<char, String> {
        let first = self.hex()?;
        if (0xd800..0xdc00).contains(&first) && self.text.get(self.at..).is_some_and(|t| t.starts_with("\\u"))
        {
            let back = self.at;
            self.at += 2;
            let second = self.hex()?;
            if (0xdc00..0xe000).contains(&second) {
                let code = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                return Ok(char::from_u32(code).unwrap_or('\u{fffd}'));
            }
            self.at = back;
        }
        Ok(char::from_u32(first).unwrap_or('\u{fffd}'))
    }

    fn hex(&mut self) -> Result<u32, String> {
        let digits = self.text.get(self.at..self.at + 4).filter(|d| d.bytes().all(|c| c.is_ascii_hexdigit()));
        let code = digits.and_then(|d| u32::from_str_radix(d, 16).ok());
        let code = code.ok_or_else(|| self.wrong("four hexadecimal digits are missing"))?;
        self.at += 4;
        Ok(code)
    }
}
