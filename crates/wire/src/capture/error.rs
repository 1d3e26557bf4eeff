//! What can go wrong with a source, each said in one line: the source, the value, the way out.

use std::fmt;
use std::io;

/// Why a source could not be opened, or why reading it stopped.
#[derive(Debug)]
pub enum CaptureError {
    /// The system refused to open it.
    Open { name: String, why: io::Error },
    /// The system failed while it was read, at this offset of the file as stored.
    Read { name: String, offset: u64, why: io::Error },
    /// There is not one byte in it.
    Empty { name: String },
    /// Not a capture; `what` says what it seems to be and what to do.
    NotCapture { name: String, what: String },
    /// A capture, but of a kind that cannot be read; `what` says which and what to do.
    Unsupported { name: String, what: String },
    /// A record that cannot be, at this offset of the (decompressed) capture. All before it was read.
    Corrupt { name: String, offset: u64, what: String },
    /// The compression around it is damaged at this offset of the file as stored.
    Compression { name: String, offset: u64, format: &'static str, why: io::Error },
}

impl CaptureError {
    /// The source it is about.
    pub fn name(&self) -> &str {
        use CaptureError::*;
        match self {
            Open { name, .. } | Read { name, .. } | Empty { name } | NotCapture { name, .. } => name,
            Unsupported { name, .. } | Corrupt { name, .. } | Compression { name, .. } => name,
        }
    }
}

/// A file name on one line, whatever is in it.
struct Line<'a>(&'a str);

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            if c.is_control() { write!(f, "{}", c.escape_default())? } else { write!(f, "{c}")? }
        }
        Ok(())
    }
}

impl fmt::Display for CaptureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use CaptureError::*;
        write!(f, "{}: ", Line(self.name()))?;
        match self {
            Open { why, .. } => write!(f, "cannot be opened: {why}"),
            Read { offset, why, .. } => {
                write!(f, "reading failed at byte {offset}: {why}; what was read before is kept")
            }
            Empty { .. } => write!(f, "is empty: nothing was ever written to it, capture again"),
            NotCapture { what, .. } => {
                write!(f, "is no capture (pcap or pcapng, plain, gzip or zstd): {what}")
            }
            Unsupported { what, .. } => write!(f, "cannot be read: {what}"),
            Corrupt { offset, what, .. } => {
                write!(f, "is damaged at byte {offset}: {what}; what stands before is kept")
            }
            Compression { offset, format, why, .. } => {
                write!(f, "its {format} data is damaged near byte {offset}: {why}; ")?;
                write!(f, "what stands before is kept")
            }
        }
    }
}

impl std::error::Error for CaptureError {}
