//! Payload messages of vehicles and roadside units in UPER (X.691): T/CSAE 53 day 1, ETSI CAM, DENM.
//!
//! [`Message`] decodes and encodes, with the JSON of X.697 for whoever shows or makes one;
//! [`Observation`] is what a receiver wants to know, in SI units.

pub mod day1;
mod error;
pub mod etsi;
mod kind;
mod message;
mod observe;

pub use error::Error;
pub use kind::{Family, Kind};
pub use message::{MAX_OCTETS, Message};
pub use observe::{Clock, Observation, observe};
