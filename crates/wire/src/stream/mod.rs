//! TCP payload on its way to a probe: what a probe could not use yet is held back here, bounded.

mod feed;
mod half;

pub use feed::{Fed, Feeder, MAX_TAIL};
pub use half::{Half, MAX_HELD, MAX_SEGMENTS, Noted, Piece};
