//! What is told of the sources of a run.

use crate::model::Micros;

/// What is told of one source.
#[derive(Clone, Debug, Default)]
pub struct SourceReport {
    pub name: String,
    /// `capture` or `live`.
    pub kind: &'static str,
    pub sha256: String,
    pub packets: u64,
    pub bytes: u64,
    pub first: Option<Micros>,
    pub last: Option<Micros>,
    pub dropped: u64,
    pub truncated: u64,
    pub cut: bool,
    pub link_types: Vec<String>,
    pub warnings: Vec<String>,
    pub error: Option<String>,
}
