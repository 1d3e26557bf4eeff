//! What Python hands over, as JSON: zones, assets, how long to learn, bounds.

use serde::Deserialize;

/// Everything a [`super::Context`] is told before the first event. All keys may be left out.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Zones of a file; `None`: there is no file, conduits are learned.
    pub zones: Option<Vec<Zone>>,
    pub conduits: Vec<Conduit>,
    /// Networks of one's own beside private addresses, in CIDR notation.
    pub organisation: Vec<String>,
    /// Records of the stored inventory.
    pub assets: Vec<Asset>,
    pub baseline: Baseline,
    pub availability: Availability,
    pub limits: Limits,
}

/// A zone (IEC 62443-3-2: grouping of assets with common security requirements).
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Zone {
    pub name: String,
    /// Networks in CIDR notation; of several that hold an address the longest prefix wins.
    pub networks: Vec<String>,
    /// VLAN ids: for hosts whose address is in no network of any zone.
    pub vlans: Vec<u16>,
    /// Purdue level of what stands in it, where the inventory knows none.
    pub level: Option<f64>,
    /// low, medium, high, critical.
    pub criticality: Option<String>,
    /// Every device in it must stand in the inventory. Not said: true at level 2 and below.
    pub inventory: Option<bool>,
}

/// What may be opened from one zone to another.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Conduit {
    /// Zone name, or `any`, `outside` (not of the organisation), `unzoned` (ours, in no zone).
    pub from: String,
    pub to: String,
    /// Protocol names; empty: all.
    pub protocols: Vec<String>,
    /// Ports of the server; empty: all.
    pub ports: Vec<u16>,
    /// It may be opened from either end.
    pub both: bool,
}

/// An asset as the inventory writes it; what is not needed here is passed over.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asset {
    pub id: String,
    pub ip: Vec<String>,
    pub mac: Vec<String>,
    #[serde(rename = "type")]
    pub kind: Option<String>,
    pub level: Option<f64>,
    pub criticality: Option<String>,
    /// VLAN its addresses are in; not said: any.
    pub vlan: Option<u16>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Baseline {
    /// Observed seconds after which what is usual is known.
    pub learning: f64,
    /// Whether this source may teach anything: false for one that was seen before.
    pub learn: bool,
    /// Seconds for which something first seen after the learning time stays new.
    pub novel: f64,
    /// Bytes an hour below which no upload is unusual.
    pub volume: u64,
    /// How many times the largest hour that was learned an upload must be to be unusual.
    pub times: f64,
}

impl Default for Baseline {
    fn default() -> Baseline {
        Baseline { learning: 7.0 * 86_400.0, learn: true, novel: 86_400.0, volume: 10 << 20, times: 4.0 }
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Availability {
    /// Polls missing in a row before anything is said.
    pub polls: u32,
    /// Seconds that are always waited for.
    pub least: f64,
    /// Seconds a rhythm must have held before its mere end is told.
    pub steady: f64,
    /// Seconds a device's clock must jump to be told.
    pub jump: f64,
    /// Seconds a device's clock may be wrong.
    pub off: f64,
}

impl Default for Availability {
    fn default() -> Availability {
        Availability { polls: 5, least: 20.0, steady: 3600.0, jump: 5.0, off: 60.0 }
    }
}

/// Bounds of the tables. What does not fit is not learned, and counted.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    pub hosts: usize,
    pub conversations: usize,
    pub functions: usize,
    pub names: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { hosts: 200_000, conversations: 200_000, functions: 400_000, names: 8_192 }
    }
}
