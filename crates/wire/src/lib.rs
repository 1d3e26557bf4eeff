//! The wire engine: packets to observations.
//!
//! `capture` reads records, `decode` finds the innermost headers, `flow` and `stream` put payload in
//! order, `protocols` parse it, `obs` holds what was learnt. No I/O below `capture`, no clock but
//! packet time, no `unsafe`.

pub mod asked;
pub mod bytes;
pub mod capture;
pub mod crc;
pub mod cx;
pub mod decode;
pub mod engine;
pub mod events;
pub mod evidence;
pub mod filter;
pub mod flow;
mod health;
pub mod json;
pub mod model;
pub mod obs;
pub mod pending;
pub mod probe;
pub mod protocols;
pub mod saved;
pub mod signature;
pub mod signs;
pub mod stream;
pub mod testkit;
