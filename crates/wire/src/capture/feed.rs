//! Where a run's packets come from: captures that end, or interfaces that do not.

use super::batch::{Assembler, Batch};
use super::error::CaptureError;
use super::live::LiveReader;
use super::merge::MergedReader;
use super::stats::SourceStats;
use std::time::Instant;

pub enum Feed {
    Files(Box<MergedReader>),
    Live(Box<LiveReader>),
}

impl Feed {
    /// What the sources are called in reports.
    pub fn kind(&self) -> &'static str {
        match self {
            Feed::Files(_) => "capture",
            Feed::Live(_) => "live",
        }
    }

    /// Fills `batch` with the next packets. Interfaces are waited for until `until`; the batch is empty if
    /// nothing came. False at the end.
    pub fn next_batch(&mut self, batch: &mut Batch, until: Instant) -> bool {
        match self {
            Feed::Files(reader) => reader.next_batch(batch),
            Feed::Live(reader) => reader.next_batch(batch, until),
        }
    }

    /// Time by the clock on the wall, up to which every packet has been handed out; only of interfaces.
    pub fn settled_ns(&self) -> Option<i64> {
        match self {
            Feed::Files(_) => None,
            Feed::Live(reader) => reader.settled_ns(),
        }
    }

    /// Makes the end come: true if what was taken before must still be read.
    pub fn close(&mut self) -> bool {
        match self {
            Feed::Files(_) => false,
            Feed::Live(reader) => {
                reader.close();
                true
            }
        }
    }

    pub fn failed(&self) -> &[CaptureError] {
        match self {
            Feed::Files(reader) => reader.failed(),
            Feed::Live(_) => &[],
        }
    }
    pub fn sources(&self) -> usize {
        match self {
            Feed::Files(reader) => reader.sources(),
            Feed::Live(reader) => reader.sources(),
        }
    }
    pub fn assembler(&self) -> &Assembler {
        match self {
            Feed::Files(reader) => reader.assembler(),
            Feed::Live(reader) => reader.assembler(),
        }
    }
    pub fn stats(&mut self, n: usize) -> Option<&SourceStats> {
        match self {
            Feed::Files(reader) => reader.stats(n),
            Feed::Live(reader) => reader.stats(n),
        }
    }
    pub fn sha256(&mut self, n: usize) -> Option<[u8; 32]> {
        match self {
            Feed::Files(reader) => reader.sha256(n),
            Feed::Live(_) => None,
        }
    }
    /// Octets read, and how many there are if that is known.
    pub fn progress(&self) -> (u64, Option<u64>) {
        match self {
            Feed::Files(reader) => reader.progress(),
            Feed::Live(reader) => (reader.bytes(), None),
        }
    }
}
