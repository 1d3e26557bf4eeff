//! Observations of all shards and sources to assets: merging, identity, records written out.

pub mod codec;
pub mod identity;
pub mod state;
pub mod union;
