//! Canonical octet encoding rules (X.696), driven by tables of types: one reader, one writer and one
//! checker for every structure of IEEE 1609.2, YD/T 3957 and the lists around them.
//!
//! Strict: one encoding of a value is accepted, so what was read is written again octet for octet. The
//! one freedom that is left, a component that is written though it has its default value, is kept as read.

mod check;
mod cursor;
mod read;
mod schema;
mod value;
mod write;

pub use check::skip;
pub use cursor::Cursor;
pub use read::decode;
pub use schema::{Alternative, Field, Type, alt, must, opt};
pub use value::{Additions, Record, Value};
pub use write::encode;

use std::fmt;

/// How much of an input is worked on.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Octets of the whole.
    pub octets: usize,
    /// Structures within structures.
    pub depth: usize,
    /// Values of any kind in the whole: each takes about 50 octets of memory.
    pub values: usize,
}

impl Limits {
    /// For what comes over the air.
    pub const MESSAGE: Limits = Limits { octets: 64 << 10, depth: 48, values: 16 << 10 };
    /// For lists of revocations and of roots.
    pub const LIST: Limits = Limits { octets: 64 << 20, depth: 48, values: 8 << 20 };
}

/// What is wrong with an encoding or a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// The octets end before the value does.
    Short,
    /// Octets are left after the value.
    Trailing,
    /// A length, a number or a set of bits is not in its one shortest form.
    Canonical,
    /// A number, a length or a count is out of its bounds.
    Range,
    /// There is no such alternative or name.
    Unknown,
    /// A text has characters that it must not have.
    Text,
    /// A value is of another kind than the type.
    Kind,
    /// A component is missing.
    Missing,
    /// A limit of [`Limits`] is reached.
    Limit,
}

/// Why octets are no value of a type, or a value none, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CoerError {
    pub why: Why,
    /// Octets before the place; 0 when writing.
    pub at: usize,
    /// Names of the components, innermost first.
    pub path: Vec<&'static str>,
}

impl CoerError {
    pub(crate) fn new(why: Why, at: usize) -> CoerError {
        CoerError { why, at, path: Vec::new() }
    }
    pub(crate) fn within(mut self, name: &'static str) -> CoerError {
        self.path.push(name);
        self
    }
}

impl fmt::Display for CoerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, name) in self.path.iter().rev().enumerate() {
            write!(f, "{}{name}", if i == 0 { "" } else { "." })?;
        }
        if !self.path.is_empty() {
            f.write_str(": ")?;
        }
        f.write_str(match self.why {
            Why::Short => "the octets end too early",
            Why::Trailing => "octets are left at the end",
            Why::Canonical => "is not in its canonical form",
            Why::Range => "is out of range",
            Why::Unknown => "is no known choice",
            Why::Text => "has characters that are not allowed",
            Why::Kind => "is a value of the wrong kind",
            Why::Missing => "is missing",
            Why::Limit => "is nested too deep or too large",
        })?;
        if self.at > 0 { write!(f, " (octet {})", self.at) } else { Ok(()) }
    }
}
impl std::error::Error for CoerError {}

pub(crate) type Result<T> = std::result::Result<T, CoerError>;
