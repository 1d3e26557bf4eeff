//! Verification of received messages: whom to trust, what is checked in which order, what is kept.

mod aid;
mod claims;
mod content;
mod engine;
mod intake;
pub mod lists;
mod lru;
mod region;
mod replay;
mod revoked;
mod trust;
mod verdict;
mod waiting;

pub use aid::{Aid, Aids, Grammar};
pub use content::{Facts, Reader, bounds, unread};
pub use engine::{Counts, Engine, Settings};
pub use intake::{Budget, Intake, Rank};
pub use lists::Loaded;
pub use region::{Place, Region};
pub use revoked::Revoked;
pub use trust::{Authority, Trust};
pub use verdict::{Outcome, Reason, Verdict};
pub use waiting::Room;
