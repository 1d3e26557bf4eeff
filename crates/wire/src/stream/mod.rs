//! TCP payload on its way to a probe: what a probe could not use yet is held back here, bounded.

mod feed;

pub use feed::{Fed, Feeder, MAX_TAIL};
