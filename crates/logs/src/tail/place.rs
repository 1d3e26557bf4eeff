//! Where in which file reading goes on: known again by content, since inodes are used anew.

use super::from::From;
use serde::{Deserialize, Serialize};
use siphasher::sip::SipHasher13;
use std::hash::Hasher;
use std::io;

/// Bytes at the beginning of a file, and before the place in it, that it is known by.
pub const SPAN: usize = 256;

/// A run of bytes by length and hash: the bytes may hold secrets and are not kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark(pub u16, pub u64);

impl Mark {
    pub fn of(bytes: &[u8]) -> Mark {
        let mut h = SipHasher13::new_with_keys(0x7365_6e74_696e_656c, 0x706c_6163_6500_0001);
        h.write(bytes);
        Mark(u16::try_from(bytes.len()).unwrap_or(u16::MAX), h.finish())
    }
    pub fn len(self) -> usize {
        usize::from(self.0)
    }
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// Device and inode.
pub type Key = (u64, u64);

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    pub key: Key,
    /// Bytes that were taken: whole lines.
    pub offset: u64,
    /// The file's first bytes, as many as it had.
    pub head: Mark,
    /// The bytes just before `offset`.
    pub tail: Mark,
}

impl Place {
    /// Whether a file is the one this place is in, by content alone. Nothing is known of one of which no
    /// byte was seen.
    pub fn fits(&self, file: &mut From) -> io::Result<bool> {
        if self.head.is_empty() {
            return Ok(self.offset == 0);
        }
        let mut bytes = [0; SPAN];
        let mut same = |at: u64, mark: Mark| -> io::Result<bool> {
            let Some(room) = bytes.get_mut(..mark.len()) else { return Ok(false) };
            Ok(file.fill_at(at, room)? == mark.len() && Mark::of(room) == mark)
        };
        if !same(0, self.head)? {
            return Ok(false);
        }
        if self.tail.is_empty() {
            return Ok(self.offset == 0);
        }
        let before = u64::from(self.tail.0);
        self.offset.checked_sub(before).map_or(Ok(false), |at| same(at, self.tail))
    }
}
