//! Flows: who talks to whom, in which state, with which probe.

mod bridge;
mod community;
mod harvest;
mod index;
mod key;
mod mask;
mod mass;
mod payload;
mod registry;
mod saved;
mod shard;
mod stack;
mod summary;
mod table;
mod track;
mod work;

pub use bridge::Chunk;
pub use community::community_id;
pub use key::FlowKey;
pub use mask::Mask;
pub use registry::{Declared, Entry, Registry};
pub use saved::Kept;
pub use shard::{ACK, Ahead, FIN, Head, PSH, RST, SYN, Shard, Unit};
pub(crate) use stack::Counted;
pub use summary::is_one;
