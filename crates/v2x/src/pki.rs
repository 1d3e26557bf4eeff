//! What the roles of a PKI do for many pseudonyms at once: pre-linkage values of a linkage authority, a
//! registration authority's expansion of a vehicle's request, and the issuing of the pseudonym CA.
//!
//! Nothing here keeps a state: what was asked, and what was given, is for the caller to keep.

mod expand;
mod issue;
mod linkage;
mod receive;
mod sealed;

pub use expand::{Order, Period, expand};
pub use issue::{Issued, Issuer, issue};

pub use linkage::{Chain, Shared, encrypted_values};
pub use receive::{Caterpillar, Pseudonym, receive};
pub use sealed::{open_shared, seal_shared, shared_id};

use crate::Profile;
use crate::build::BuildError;
use crate::cipher::Cipher;
use crate::coer::{CoerError, Value};
use crate::hash::Hash;
use crate::key::CryptoError;
use crate::view::Curve;
use std::fmt;

/// Why something is not made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PkiError {
    Build(BuildError),
    /// What a message has to have and has not.
    Missing(&'static str),
}

impl fmt::Display for PkiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PkiError::Build(why) => why.fmt(f),
            PkiError::Missing(what) => write!(f, "{what} is missing or of another kind"),
        }
    }
}
impl std::error::Error for PkiError {}

impl From<CoerError> for PkiError {
    fn from(why: CoerError) -> PkiError {
        PkiError::Build(why.into())
    }
}
impl From<BuildError> for PkiError {
    fn from(why: BuildError) -> PkiError {
        PkiError::Build(why)
    }
}
impl From<CryptoError> for PkiError {
    fn from(why: CryptoError) -> PkiError {
        PkiError::Build(why.into())
    }
}

pub(crate) type Result<T> = std::result::Result<T, PkiError>;

impl Profile {
    /// The curve that is issued on.
    pub fn curve(self) -> Curve {
        if self == Profile::Ydt3957 { Curve::Sm2 } else { Curve::P256 }
    }
    pub fn hash(self) -> Hash {
        if self == Profile::Ydt3957 { Hash::Sm3 } else { Hash::Sha256 }
    }
    pub fn cipher(self) -> Cipher {
        if self == Profile::Ydt3957 { Cipher::Sm4 } else { Cipher::Aes }
    }
}

/// 02 or 03 and x of a point's value.
fn sec1(value: &Value) -> Result<Vec<u8>> {
    match value.as_choice() {
        Some((form @ ("compressed-y-0" | "compressed-y-1"), x)) => {
            let first = if form == "compressed-y-1" { 3 } else { 2 };
            Ok([&[first], x.as_octets().unwrap_or_default()].concat())
        }
        _ => Err(PkiError::Missing("a compressed point")),
    }
}

/// A message of an interface.
fn pdu(interface: &'static str, message: &'static str, value: Value) -> Value {
    let content = Value::choice(interface, Value::choice(message, value));
    Value::record([("version", Value::int(1)), ("content", content)])
}

/// A component, by its path.
fn part<'a>(value: &'a Value, path: &[&'static str]) -> Result<&'a Value> {
    path.iter().try_fold(value, |value, name| value.get(name).ok_or(PkiError::Missing(name)))
}

fn octets<'a, const N: usize>(value: &'a Value, what: &'static str) -> Result<&'a [u8; N]> {
    value.as_octets().and_then(|octets| octets.try_into().ok()).ok_or(PkiError::Missing(what))
}

fn choice<'a>(value: &'a Value, name: &'static str) -> Result<&'a Value> {
    match value.as_choice() {
        Some((found, value)) if found == name => Ok(value),
        _ => Err(PkiError::Missing(name)),
    }
}
