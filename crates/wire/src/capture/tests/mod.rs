//! Captures made by hand.

mod batches;
mod compressed;
mod craft;
mod errors;
mod formats;
mod random;

use super::{Options, Reader, SourceStats};
use std::io::{self, Read};

/// Gives at most so many bytes at a time.
struct Trickle {
    data: Vec<u8>,
    at: usize,
    step: usize,
}

impl Read for Trickle {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.step.min(buf.len()).min(self.data.len() - self.at);
        buf[..n].copy_from_slice(&self.data[self.at..self.at + n]);
        self.at += n;
        Ok(n)
    }
}

fn open_in_steps(data: &[u8], step: usize) -> Result<Reader, super::CaptureError> {
    let stream = Box::new(Trickle { data: data.to_vec(), at: 0, step });
    Reader::from_stream("test", stream, Options { sha256: true, buffer: 4096 })
}

fn open(data: &[u8]) -> Result<Reader, super::CaptureError> {
    open_in_steps(data, usize::MAX)
}

/// "TIME LINK WIRE PAYLOAD" of each record, and what is said of the source.
fn all(data: &[u8]) -> (Vec<String>, SourceStats) {
    let mut reader = open(data).expect("a capture");
    let mut records = Vec::new();
    while let Some(r) = reader.next_record() {
        let text = String::from_utf8_lossy(r.data);
        records.push(format!("{} {} {} {} {text}", r.frame, r.time_ns, r.link.0, r.wire_len));
    }
    (records, reader.into_stats())
}
