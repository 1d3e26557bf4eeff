//! Flows: who talks to whom, in which state, with which probe.

mod bridge;
mod community;
mod index;
mod key;
mod payload;
mod registry;
mod shard;
mod table;
mod work;

pub use bridge::Chunk;
pub use community::community_id;
pub use key::FlowKey;
pub use registry::{Declared, Entry, Mask, Registry};
pub use shard::{Ahead, Shard, Unit};
