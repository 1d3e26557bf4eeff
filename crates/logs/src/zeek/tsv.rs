//! Zeek's tab-separated logs: header lines that say how what follows is to be read, then rows.
//!
//! Source: Zeek documentation, "Zeek Log Formats and Inspection". A file may hold several headers, one
//! behind the other (logs joined together).

use crate::ends::Raw;
use crate::names::name;
use crate::time;
use memchr::memmem;
use sentinel_wire::model::{Micros, Val};
use std::borrow::Cow;

/// Columns of one log.
const MOST_COLUMNS: usize = 2048;

/// How a column is read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Type {
    Time,
    Interval,
    Int,
    Double,
    Bool,
    Text,
}

#[derive(Clone, Copy, Debug)]
struct Column {
    /// `None`: there are too many names; it is left out.
    name: Option<&'static str>,
    kind: Type,
    list: bool,
}

/// What the header lines said so far.
#[derive(Clone, Debug)]
pub struct Header {
    separator: Vec<u8>,
    set_separator: Vec<u8>,
    empty: Vec<u8>,
    unset: Vec<u8>,
    /// Name of the log.
    pub path: Option<String>,
    names: Vec<Option<&'static str>>,
    columns: Vec<Column>,
}

impl Default for Header {
    fn default() -> Header {
        Header {
            separator: b"\t".to_vec(),
            set_separator: b",".to_vec(),
            empty: b"(empty)".to_vec(),
            unset: b"-".to_vec(),
            path: None,
            names: Vec::new(),
            columns: Vec::new(),
        }
    }
}

impl Header {
    /// Takes a line that begins with `#`.
    pub fn take(&mut self, line: &[u8]) {
        if let Some(rest) = line.strip_prefix(b"#separator ") {
            // a new header: nothing of the one before holds
            *self = Header { separator: unescape(rest), ..Header::default() };
            return;
        }
        let mut cells = split(line, &self.separator);
        let key = cells.next().unwrap_or_default();
        let first = |mut cells: Split<'_>| cells.next().map(unescape).unwrap_or_default();
        match key {
            b"#set_separator" => self.set_separator = first(cells),
            b"#empty_field" => self.empty = first(cells),
            b"#unset_field" => self.unset = first(cells),
            b"#path" => self.path = String::from_utf8(first(cells)).ok(),
            b"#fields" => {
                self.columns.clear();
                let known = |c: &[u8]| std::str::from_utf8(c).ok().and_then(name);
                self.names = cells.take(MOST_COLUMNS).map(known).collect();
            }
            b"#types" => {
                let columns = self.names.iter().zip(cells).map(|(name, t)| column(*name, t));
                self.columns = columns.collect();
            }
            _ => {}
        }
    }

    /// The log's columns are known.
    pub fn complete(&self) -> bool {
        !self.names.is_empty()
    }

    /// Reads a row; the time of its `ts` column, if it has one that is a time. Errors say what is wrong.
    pub fn row(&mut self, line: &[u8], out: &mut Raw) -> Result<Option<Micros>, &'static str> {
        out.clear();
        if self.names.is_empty() {
            return Err("there is no #fields line before it");
        }
        if self.columns.is_empty() {
            // without types: texts, and the time by its name
            let text = |n: &Option<&'static str>| match n {
                Some("ts") => column(*n, b"time"),
                _ => column(*n, b"string"),
            };
            self.columns = self.names.iter().map(text).collect();
        }
        let mut at = None;
        let mut count: usize = 0;
        for cell in split(line, &self.separator) {
            let Some(column) = self.columns.get(count) else { return Err("it has more columns than #fields") };
            count = count.saturating_add(1);
            let Some(name) = column.name else { continue };
            if cell == self.unset.as_slice() {
                continue;
            }
            if name == "ts" && column.kind == Type::Time {
                at = std::str::from_utf8(cell).ok().and_then(time::seconds);
            }
            if let Some(value) = self.value(*column, cell) {
                out.push((Cow::Borrowed(name), value));
            }
        }
        if count < self.columns.len() {
            return Err("it has fewer columns than #fields");
        }
        Ok(at)
    }

    fn value(&self, column: Column, cell: &[u8]) -> Option<Val> {
        let empty = cell == self.empty.as_slice();
        if !column.list {
            return if empty { Some(Val::Static("")) } else { one(column.kind, cell) };
        }
        if empty {
            return None;
        }
        let all: Vec<Val> = split(cell, &self.set_separator)
            .filter(|c| *c != self.unset.as_slice())
            .filter_map(|c| one(column.kind, c))
            .collect();
        Some(Val::from(all))
    }
}

fn column(name: Option<&'static str>, kind: &[u8]) -> Column {
    let inner = |head: &[u8]| kind.strip_prefix(head).and_then(|k| k.strip_suffix(b"]"));
    let element = inner(b"set[").or_else(|| inner(b"vector[")).or_else(|| inner(b"table["));
    let kind = match element.unwrap_or(kind) {
        b"time" => Type::Time,
        b"interval" => Type::Interval,
        b"count" | b"int" | b"port" | b"counter" => Type::Int,
        b"double" => Type::Double,
        b"bool" => Type::Bool,
        _ => Type::Text,
    };
    Column { name, kind, list: element.is_some() }
}

/// A value of a type; what is not of it stays the text it is.
fn one(kind: Type, cell: &[u8]) -> Option<Val> {
    let text = || Val::from(String::from_utf8_lossy(&unescape(cell)).into_owned());
    let plain = std::str::from_utf8(cell).ok();
    let read = match kind {
        Type::Int => plain.and_then(|t| t.parse::<i64>().ok()).map(Val::Int),
        Type::Time | Type::Interval | Type::Double => {
            plain.and_then(|t| t.parse::<f64>().ok()).filter(|f| f.is_finite()).map(Val::Float)
        }
        Type::Bool => match cell {
            b"T" => Some(Val::Bool(true)),
            b"F" => Some(Val::Bool(false)),
            _ => None,
        },
        Type::Text => match plain {
            Some(t) if !t.contains('\\') => Some(Val::from(t)),
            _ => None,
        },
    };
    Some(read.unwrap_or_else(text))
}

/// `\x09` and the like as the bytes they stand for; `\\` is a backslash.
fn unescape(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        match (byte, tail) {
            (b'\\', [b'x', a, b, ..]) => match (hex(*a), hex(*b)) {
                (Some(a), Some(b)) => {
                    out.push(a << 4 | b);
                    rest = tail.get(3..).unwrap_or_default();
                }
                _ => out.push(byte),
            },
            (b'\\', [b'\\', ..]) => {
                out.push(b'\\');
                rest = tail.get(1..).unwrap_or_default();
            }
            _ => out.push(byte),
        }
    }
    out
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|d| u8::try_from(d).ok())
}

/// Pieces between separators of one byte or more.
struct Split<'a> {
    rest: Option<&'a [u8]>,
    by: &'a [u8],
}

fn split<'a>(text: &'a [u8], by: &'a [u8]) -> Split<'a> {
    Split { rest: Some(text), by }
}

impl<'a> Iterator for Split<'a> {
    type Item = &'a [u8];
    fn next(&mut self) -> Option<&'a [u8]> {
        let rest = self.rest?;
        let at = match self.by {
            [] => None,
            [one] => memchr::memchr(*one, rest),
            more => memmem::find(rest, more),
        };
        let Some((piece, tail)) = at.and_then(|at| rest.split_at_checked(at)) else {
            self.rest = None;
            return Some(rest);
        };
        self.rest = tail.get(self.by.len()..);
        Some(piece)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn header(lines: &[&str]) -> Header {
        let mut h = Header::default();
        lines.iter().for_each(|l| h.take(l.as_bytes()));
        h
    }

    const HEAD: [&str; 7] = [
        "#separator \\x09",
        "#set_separator\t,",
        "#empty_field\t(empty)",
        "#unset_field\t-",
        "#path\ttest",
        "#fields\tts\tid.orig_h\tid.orig_p\ttags\tlocal\tduration\tnote",
        "#types\ttime\taddr\tport\tset[string]\tbool\tinterval\tstring",
    ];

    #[test]
    fn rows_by_type() {
        let mut h = header(&HEAD);
        let mut raw = Raw::new();
        let at = h.row(b"1509799715.198583\t10.0.0.1\t502\ta,b\\x2cc\tT\t0.5\tx\\x09y", &mut raw).unwrap();
        assert_eq!(at, Some(1_509_799_715_198_583));
        let want = [
            ("ts", Val::Float(1_509_799_715.198_583)),
            ("id.orig_h", Val::from("10.0.0.1")),
            ("id.orig_p", Val::Int(502)),
            ("tags", Val::from(vec![Val::from("a"), Val::from("b,c")])),
            ("local", Val::Bool(true)),
            ("duration", Val::Float(0.5)),
            ("note", Val::from("x\ty")),
        ];
        let got: Vec<(&str, Val)> = raw.iter().map(|(n, v)| (n.as_ref(), v.clone())).collect();
        assert_eq!(got, want);
        assert_eq!(h.path.as_deref(), Some("test"));
    }

    #[test]
    fn unset_and_empty() {
        let mut h = header(&HEAD);
        let mut raw = Raw::new();
        assert_eq!(h.row(b"-\t-\t-\t(empty)\t-\t-\t(empty)", &mut raw), Ok(None));
        assert_eq!(raw, vec![(Cow::Borrowed("note"), Val::Static(""))]);
    }

    #[test]
    fn other_separators_and_a_second_header() {
        let mut h = header(&["#separator ;;", "#unset_field;;NIL", "#fields;;ts;;a", "#types;;time;;count"]);
        let mut raw = Raw::new();
        assert_eq!(h.row(b"1.0;;NIL", &mut raw), Ok(Some(1_000_000)));
        assert_eq!(raw.len(), 1);
        HEAD.iter().for_each(|l| h.take(l.as_bytes()));
        assert_eq!(h.row(b"1.0;;5", &mut raw), Err("it has fewer columns than #fields"));
    }

    #[test]
    fn rows_that_do_not_fit() {
        let mut raw = Raw::new();
        assert_eq!(header(&[]).row(b"x", &mut raw), Err("there is no #fields line before it"));
        let mut h = header(&HEAD);
        assert_eq!(h.row(b"1\t2\t3\t4\t5\t6\t7\t8", &mut raw), Err("it has more columns than #fields"));
        assert_eq!(h.row(b"XX.XX\t10.0.0.1\t1\t-\t-\t-\t-", &mut raw), Ok(None), "a time that is none");
    }

    proptest! {
        #[test]
        fn never_panics(head in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 0..6),
                        row in proptest::collection::vec(any::<u8>(), 0..120)) {
            let mut h = header(&HEAD);
            head.iter().for_each(|l| h.take(l));
            let _ = h.row(&row, &mut Raw::new());
        }
        #[test]
        fn what_is_escaped_is_read(text in "[ -~]{0,30}") {
            let escaped: String = text.bytes().map(|b| format!("\\x{b:02x}")).collect();
            prop_assert_eq!(unescape(escaped.as_bytes()), text.into_bytes());
        }
    }
}
