//! Positions as bytes, to go on in another process.

use super::place::Place;
use crate::recognise::Kind;
use crate::source::Memory;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Version of the form; another one is refused.
pub const VERSION: u32 = 1;

/// One file that is followed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedTail {
    pub name: String,
    pub path: String,
    pub place: Place,
    pub kind: Option<Kind>,
    pub header: String,
    pub number: u64,
    pub skipping: bool,
    pub quiet: u64,
    pub memory: Memory,
}

/// A file that was read to its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedDone {
    pub name: String,
    pub place: Place,
}

/// All positions. `time`: when they were taken, seconds since 1970 UTC by the machine's clock.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Saved {
    pub version: u32,
    pub time: u64,
    pub tails: Vec<SavedTail>,
    pub done: Vec<SavedDone>,
}

impl Saved {
    pub fn read(bytes: &[u8]) -> Result<Saved, String> {
        let saved: Saved =
            serde_json::from_slice(bytes).map_err(|e| format!("positions of logs: cannot be read: {e}"))?;
        if saved.version != VERSION {
            return Err(format!("positions of logs: are of form {}, not {VERSION}", saved.version));
        }
        Ok(saved)
    }
}

/// Positions whose parts were made already; joined when they are asked for.
#[derive(Clone, Debug, Default)]
pub struct Handed {
    pub time: u64,
    pub tails: Vec<Arc<Vec<u8>>>,
    /// The list of [`SavedDone`].
    pub done: Arc<Vec<u8>>,
}

impl Handed {
    pub fn bytes(&self) -> Vec<u8> {
        let mut out = format!("{{\"version\":{VERSION},\"time\":{},\"tails\":[", self.time).into_bytes();
        for (n, tail) in self.tails.iter().enumerate() {
            if n > 0 {
                out.push(b',');
            }
            out.extend_from_slice(tail);
        }
        out.extend_from_slice(b"],\"done\":");
        out.extend_from_slice(if self.done.is_empty() { b"[]" } else { &self.done });
        out.push(b'}');
        out
    }
}

/// A part as it is kept.
pub fn part<T: Serialize>(of: &T) -> Arc<Vec<u8>> {
    // what is kept are numbers and texts: writing them does not fail
    Arc::new(serde_json::to_vec(of).unwrap_or_default())
}
