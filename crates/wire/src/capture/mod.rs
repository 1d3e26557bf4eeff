//! Reading captures: files of several formats, compressed or not, and standard input.
//!
//! [`Reader`] is one source; [`MergedReader`] merges several by packet time and hands out
//! [`Batch`]es of decoded packets. Records are parsed in place in one reused buffer.

mod batch;
mod error;
mod input;
mod merge;
mod pcap;
mod pcapng;
mod reader;
mod record;
mod sniff;
mod stats;

pub use batch::{Assembler, Batch, Limits};
pub use error::CaptureError;
pub use input::{Got, Input, Raw};
pub use merge::MergedReader;
pub use reader::Reader;
pub use record::{Options, RecordRef};
pub use stats::{LinkCount, SourceStats};

#[cfg(test)]
mod tests;
