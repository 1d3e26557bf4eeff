//! A list of words read piece by piece: never more of it in memory than a block.

use std::io::{BufRead, Result};

/// Octets of the longest password that is tried.
pub const MAX_WORD: usize = 256;
/// Words and octets of a block.
const BLOCK_WORDS: usize = 1 << 14;
const BLOCK_OCTETS: usize = 1 << 20;

/// Words, their octets one after the other.
#[derive(Default)]
pub struct Block {
    octets: Vec<u8>,
    ends: Vec<usize>,
}

impl Block {
    pub fn push(&mut self, word: &[u8]) {
        self.octets.extend_from_slice(word);
        self.ends.push(self.octets.len());
    }
    pub fn len(&self) -> usize {
        self.ends.len()
    }
    pub fn get(&self, i: usize) -> &[u8] {
        let from = i.checked_sub(1).and_then(|p| self.ends.get(p)).copied().unwrap_or(0);
        let to = self.ends.get(i).copied().unwrap_or(from);
        self.octets.get(from..to).unwrap_or_default()
    }
    fn full(&self) -> bool {
        self.ends.len() >= BLOCK_WORDS || self.octets.len() >= BLOCK_OCTETS
    }
}

/// A list with one password, or one `name:password`, a line. Of the latter, the whole line is a
/// password too.
pub struct Words<'a> {
    from: &'a mut dyn BufRead,
    line: Vec<u8>,
    /// Lines passed over because they are too long for a password.
    pub long: u64,
}

impl<'a> Words<'a> {
    pub fn new(from: &'a mut dyn BufRead) -> Words<'a> {
        Words { from, line: Vec::new(), long: 0 }
    }

    /// The next line without its end; `None` at the end of the list.
    pub fn line(&mut self) -> Result<Option<&[u8]>> {
        loop {
            self.line.clear();
            let mut long = false;
            loop {
                let there = self.from.fill_buf()?;
                if there.is_empty() {
                    break;
                }
                let end = there.iter().position(|b| *b == b'\n');
                let piece = there.get(..end.unwrap_or(there.len())).unwrap_or_default();
                if self.line.len() + piece.len() > 2 * MAX_WORD {
                    long = true;
                } else if !long {
                    self.line.extend_from_slice(piece);
                }
                let taken = piece.len() + usize::from(end.is_some());
                self.from.consume(taken);
                if end.is_some() {
                    break;
                }
            }
            if self.line.last() == Some(&b'\r') {
                self.line.pop();
            }
            if long || self.line.len() > MAX_WORD {
                self.long += 1;
                continue;
            }
            if !self.line.is_empty() {
                return Ok(Some(&self.line));
            }
            if self.from.fill_buf()?.is_empty() {
                return Ok(None);
            }
        }
    }

    /// The next words; an empty block at the end of the list.
    pub fn block(&mut self) -> Result<Block> {
        let mut block = Block::default();
        while !block.full() {
            let Some(line) = self.line()? else { break };
            block.push(line);
            if let Some(colon) = line.iter().position(|b| *b == b':')
                && let Some(password) = line.get(colon + 1..)
                && !password.is_empty()
            {
                block.push(password);
            }
        }
        Ok(block)
    }
}
