//! Bytes of a followed file by offset, plain or compressed.

use super::place::Key;
use sentinel_wire::capture::{Got, Input, Raw};
use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

const CHUNK: usize = 64 << 10;
/// `O_NONBLOCK` of Linux: opening a named pipe must not wait for who writes it.
const NONBLOCK: i32 = 0o4000;

/// An open file.
pub enum From {
    Plain(File),
    /// gzip or Zstandard: a rotated file. It is read from its beginning on, once.
    Packed(Box<Packed>),
}

/// A window on decompressed bytes.
pub struct Packed {
    input: Input,
    key: Key,
    window: Vec<u8>,
    /// Offset of the window's first byte.
    base: u64,
    over: bool,
}

impl From {
    /// Opens a regular file, and sees whether it is compressed.
    pub fn open(path: &Path) -> io::Result<From> {
        let file = File::options().read(true).custom_flags(NONBLOCK).open(path)?;
        let meta = file.metadata()?;
        if !meta.is_file() {
            return Err(io::Error::other("is no regular file"));
        }
        let mut head = [0; 4];
        let n = file.read_at(&mut head, 0)?;
        let packed = matches!(head.get(..n), Some([0x1f, 0x8b, ..] | [0x28, 0xb5, 0x2f, 0xfd]));
        if !packed {
            return Ok(From::Plain(file));
        }
        let raw = Raw::of(Box::new(file), false);
        let input = Input::new(&path.to_string_lossy(), raw).map_err(io::Error::other)?;
        let key = (meta.dev(), meta.ino());
        Ok(From::Packed(Box::new(Packed { input, key, window: Vec::new(), base: 0, over: false })))
    }

    /// What the file is now; nothing for a compressed one, which stays as it is.
    pub fn metadata(&self) -> Option<io::Result<Metadata>> {
        match self {
            From::Plain(file) => Some(file.metadata()),
            From::Packed(_) => None,
        }
    }

    pub fn key(&self) -> io::Result<Key> {
        match self {
            From::Plain(file) => file.metadata().map(|m| (m.dev(), m.ino())),
            From::Packed(packed) => Ok(packed.key),
        }
    }

    pub fn is_packed(&self) -> bool {
        matches!(self, From::Packed(_))
    }

    /// Reads from an offset on until the buffer is full or the file ends.
    pub fn fill_at(&mut self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            From::Plain(file) => {
                let mut have = 0;
                while let Some(room) = buffer.get_mut(have..).filter(|r| !r.is_empty()) {
                    match file.read_at(room, offset.saturating_add(have as u64)) {
                        Ok(0) => break,
                        Ok(n) => have = have.saturating_add(n),
                        Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                        Err(e) => return Err(e),
                    }
                }
                Ok(have)
            }
            From::Packed(packed) => packed.fill_at(offset, buffer),
        }
    }

    /// Nothing before an offset will be read any more.
    pub fn forget(&mut self, before: u64) -> io::Result<()> {
        match self {
            From::Plain(_) => Ok(()),
            From::Packed(packed) => packed.forget(before),
        }
    }
}

impl Packed {
    fn more(&mut self) -> io::Result<()> {
        let have = self.window.len();
        self.window.resize(have.saturating_add(CHUNK), 0);
        let got = self.input.read("", self.window.get_mut(have..).unwrap_or_default());
        let n = match got {
            Ok(Got::Bytes(n)) => n,
            Ok(Got::End | Got::Trailing) => {
                self.over = true;
                0
            }
            Ok(Got::Cut) => {
                self.window.truncate(have);
                return Err(io::Error::other("its compressed data stops before its end"));
            }
            Err(why) => {
                self.window.truncate(have);
                return Err(io::Error::other(why.to_string()));
            }
        };
        self.window.truncate(have.saturating_add(n));
        Ok(())
    }

    fn drop_to(&mut self, before: u64) {
        let n = usize::try_from(before.saturating_sub(self.base)).unwrap_or(usize::MAX);
        let n = n.min(self.window.len());
        self.window.drain(..n);
        self.base = self.base.saturating_add(n as u64);
    }

    fn forget(&mut self, before: u64) -> io::Result<()> {
        self.drop_to(before);
        while self.base < before && !self.over {
            self.more()?;
            self.drop_to(before);
        }
        Ok(())
    }

    fn fill_at(&mut self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        if offset < self.base {
            return Err(io::Error::other("what was read of it is read again"));
        }
        // what lies far before is not kept on the way
        if offset > self.base.saturating_add((CHUNK as u64).saturating_mul(512)) {
            self.forget(offset)?;
        }
        let from = usize::try_from(offset.saturating_sub(self.base)).unwrap_or(usize::MAX);
        let end = from.saturating_add(buffer.len());
        while self.window.len() < end && !self.over {
            self.more()?;
        }
        let there = self.window.get(from.min(self.window.len())..end.min(self.window.len()));
        let there = there.unwrap_or_default();
        if let Some(room) = buffer.get_mut(..there.len()) {
            room.copy_from_slice(there);
        }
        Ok(there.len())
    }
}
