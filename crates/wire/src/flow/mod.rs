//! Flows: who talks to whom, in which state, with which probe.

mod community;

pub use community::community_id;
