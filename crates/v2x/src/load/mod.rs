//! Traffic made in memory, and how fast it is verified: a root, an authority, stations that sign.

mod measure;
mod stations;

pub use measure::{Latency, Mode, Plan, Report, Slice, run};
pub use stations::{Domain, Station, aid, permissions};
