//! Observations of all shards and sources to assets: merging, identity, records written out.

pub mod bounds;
mod changes;
pub mod codec;
pub mod identity;
pub mod index;
pub mod inventory;
mod ledger;
mod logins;
pub mod patterns;
mod peers;
pub mod profile;
pub mod records;
pub mod state;
pub mod union;
pub mod unnamed;
