//! Reading captures: files of several formats, compressed or not, standard input, network interfaces.
//!
//! [`Reader`] is one source; [`MergedReader`] merges several by packet time and hands out
//! [`Batch`]es of decoded packets; [`LiveReader`] does so for interfaces. Records are parsed in place in one reused buffer.

mod batch;
mod error;
mod feed;
mod input;
mod live;
mod merge;
mod pcap;
mod pcapng;
mod reader;
mod record;
mod sniff;
mod stats;

pub use batch::{Assembler, Batch, Limits};
pub use error::CaptureError;
pub use feed::Feed;
pub use input::{Got, Input, Raw};
pub use live::{LiveReader, PortReport};
pub use merge::MergedReader;
pub use reader::Reader;
pub use record::{Options, RecordRef};
pub use stats::{LinkCount, SourceStats};

#[cfg(test)]
mod tests;
