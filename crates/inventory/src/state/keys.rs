//! What is told apart in a state, and what is kept of each.

use sentinel_wire::model::*;
use sentinel_wire::obs::{BindKind, HostId, Seen, Sym};
use serde::{Deserialize, Serialize};

/// A capture, log or live period that was read. `json` is its record as the report shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    pub name: String,
    pub sha256: String,
    pub site: String,
}

/// What tells two hosts apart before merging: site, VLAN, address.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct NodeKey {
    pub site: Sym,
    pub vlan: u16,
    pub addr: HostAddr,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct FactKey {
    pub host: HostId,
    pub name: Sym,
    pub value: Sym,
    pub protocol: Sym,
    pub field: Sym,
    pub by_self: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct BindKey {
    pub mac: HostId,
    pub ip: HostId,
    pub kind: BindKind,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct ServiceKey {
    pub host: HostId,
    pub port: u16,
    pub transport: Transport,
    pub protocol: Sym,
    pub offered: bool,
}

/// A value as it is kept: texts interned.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub enum Value {
    Int(i64),
    Float(f64),
    Bool(bool),
    Text(Sym),
    List(Vec<Value>),
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Service {
    pub seen: Seen,
    pub confidence: u8,
    /// Property, value, where first seen; sorted by name.
    pub info: Vec<(Sym, Value, Stamp)>,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct ConvKey {
    pub client: HostId,
    pub server: HostId,
    pub protocol: Sym,
    pub transport: Transport,
    pub port: u16,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct OpKey {
    pub protocol: Sym,
    pub name: Sym,
    pub client: HostId,
    pub server: HostId,
    pub port: u16,
    pub transport: Transport,
    pub unit: Option<Sym>,
    pub outcome: Outcome,
}

/// The first example of an operation, and its counts.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Operation {
    pub action: Action,
    pub category: Category,
    pub code: Option<i64>,
    pub seen: Seen,
    /// Key, value of `detail`, of the first example.
    pub detail: Vec<(Sym, Value)>,
    pub ranges: Vec<(i64, i64)>,
    pub ranges_dropped: u64,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct CredKey {
    pub protocol: Sym,
    pub kind: CredKind,
    pub client: HostId,
    pub server: HostId,
    pub port: u16,
    pub username: Option<Sym>,
    /// The secret itself while a scan runs; its keyed hash once it was assessed.
    pub secret: Option<Sym>,
}

/// What is kept of a secret once it was assessed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct Assessed {
    /// Shown text: masked, or the secret itself if it was asked for.
    pub shown: Option<Sym>,
    /// Hash line, masked likewise.
    pub line: Option<Sym>,
    pub weaknesses: Vec<Sym>,
    /// Vendors whose default this is.
    pub default_of: Vec<Sym>,
    /// The password of a challenge and response, if it was guessed offline. Kept behind the form of a
    /// state: see `codec`.
    #[serde(skip)]
    pub found: Option<Guessed>,
}

/// A password that was guessed offline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Guessed {
    /// The password itself while a scan runs, or its keyed hash.
    pub secret: Sym,
    /// Shown text, as of [`Assessed::shown`].
    pub shown: Sym,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Credential {
    pub seen: Seen,
    pub outcome: LoginOutcome,
    pub cleartext: bool,
    pub hashcat: Option<(u32, Sym)>,
    pub detail: Vec<(Sym, Value)>,
    pub assessed: Option<Assessed>,
}

impl Credential {
    /// The secret that equal ones are told by: what was guessed, else what crossed the wire.
    pub fn secret(&self, key: &CredKey) -> Option<Sym> {
        self.assessed.as_ref().and_then(|a| a.found).map(|f| f.secret).or(key.secret)
    }
}
