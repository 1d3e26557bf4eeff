//! Octets, one after the other, and the few forms that all of COER is made of.

use super::{CoerError, Result, Why};
use std::ops::Range;

/// A place in octets. Never moves past the end.
#[derive(Clone, Debug)]
pub struct Cursor<'a> {
    data: &'a [u8],
    at: usize,
    end: usize,
}

impl<'a> Cursor<'a> {
    pub fn new(data: &'a [u8]) -> Cursor<'a> {
        Cursor { data, at: 0, end: data.len() }
    }
    /// The part of the octets from here on that `range` says; places stay those of the whole.
    pub fn within(data: &'a [u8], range: Range<usize>) -> Cursor<'a> {
        let end = range.end.min(data.len());
        Cursor { data, at: range.start.min(end), end }
    }
    pub fn at(&self) -> usize {
        self.at
    }
    pub fn left(&self) -> usize {
        self.end - self.at
    }
    pub fn fail(&self, why: Why) -> CoerError {
        CoerError::new(why, self.at)
    }
    /// Nothing may be left.
    pub fn finish(&self) -> Result<()> {
        if self.left() == 0 { Ok(()) } else { Err(self.fail(Why::Trailing)) }
    }
    pub fn take(&mut self, n: usize) -> Result<&'a [u8]> {
        if n > self.left() {
            return Err(self.fail(Why::Short));
        }
        let octets = &self.data[self.at..self.at + n];
        self.at += n;
        Ok(octets)
    }
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let octets = self.take(N)?;
        octets.try_into().map_err(|_| self.fail(Why::Short))
    }
    pub fn u8(&mut self) -> Result<u8> {
        self.array::<1>().map(|[o]| o)
    }
    pub fn u16(&mut self) -> Result<u16> {
        self.array().map(u16::from_be_bytes)
    }
    pub fn u32(&mut self) -> Result<u32> {
        self.array().map(u32::from_be_bytes)
    }
    pub fn u64(&mut self) -> Result<u64> {
        self.array().map(u64::from_be_bytes)
    }
    /// A length determinant, in its shortest form (X.696, 8.6); of four octets at most.
    pub fn length(&mut self) -> Result<usize> {
        let first = self.u8()?;
        if first < 0x80 {
            return Ok(usize::from(first));
        }
        let n = usize::from(first & 0x7f);
        if n == 0 || n > 4 {
            return Err(self.fail(Why::Canonical));
        }
        let octets = self.take(n)?;
        let length = octets.iter().fold(0usize, |sum, o| sum << 8 | usize::from(*o));
        if octets[0] == 0 || length < 0x80 {
            return Err(self.fail(Why::Canonical));
        }
        Ok(length)
    }
    /// A number without an upper bound (X.696, 10.4): what is larger than 64 bits is refused.
    pub fn unsigned(&mut self) -> Result<u64> {
        let n = self.length()?;
        if n == 0 || n > 8 {
            return Err(self.fail(if n == 0 { Why::Canonical } else { Why::Range }));
        }
        let octets = self.take(n)?;
        if n > 1 && octets[0] == 0 {
            return Err(self.fail(Why::Canonical));
        }
        Ok(octets.iter().fold(0, |sum, o| sum << 8 | u64::from(*o)))
    }
    /// A number without bounds, in two's complement; of 64 bits at most.
    pub fn signed(&mut self) -> Result<i64> {
        let n = self.length()?;
        if n == 0 || n > 8 {
            return Err(self.fail(if n == 0 { Why::Canonical } else { Why::Range }));
        }
        let octets = self.take(n)?;
        if let [first @ (0 | 0xff), second, ..] = octets
            && (first ^ second) & 0x80 == 0
        {
            return Err(self.fail(Why::Canonical));
        }
        let start = if octets[0] & 0x80 == 0 { 0 } else { -1 };
        Ok(octets.iter().fold(start, |sum: i64, o| sum << 8 | i64::from(*o)))
    }
    /// How many elements follow (X.696, 17.2). Each takes an octet at least.
    pub fn count(&mut self) -> Result<usize> {
        let n = self.unsigned()?;
        match usize::try_from(n) {
            Ok(n) if n <= self.left() => Ok(n),
            _ => Err(self.fail(Why::Short)),
        }
    }
    /// The number of a context tag (X.696, 8.7); a number of 63 or more is in no structure of ours.
    pub fn tag(&mut self) -> Result<u8> {
        let tag = self.u8()?;
        if tag & 0xc0 == 0x80 && tag != 0xbf { Ok(tag & 0x3f) } else { Err(self.fail(Why::Unknown)) }
    }
    /// An open type's contents, and this place after them.
    pub fn open(&mut self) -> Result<Cursor<'a>> {
        let n = self.length()?;
        let start = self.at;
        self.take(n)?;
        Ok(Cursor { data: self.data, at: start, end: self.at })
    }
    /// The bits in front of a sequence: whether it is extended, and which optional components are there
    /// (the first in bit `n - 1`).
    pub fn preamble(&mut self, extensible: bool, optional: usize) -> Result<(bool, u64)> {
        let n = optional + usize::from(extensible);
        if n == 0 {
            return Ok((false, 0));
        }
        let octets = self.take(n.div_ceil(8))?;
        let mut bits = octets.iter().fold(0u64, |sum, o| sum << 8 | u64::from(*o));
        let unused = octets.len() * 8 - n;
        if bits & ((1 << unused) - 1) != 0 {
            return Err(self.fail(Why::Canonical));
        }
        bits >>= unused;
        let extended = extensible && bits >> optional & 1 == 1;
        Ok((extended, bits & ((1 << optional) - 1)))
    }
    /// The bits that say which additions are there, and how many bits they are (X.696, 16.4). The first is
    /// in bit `n - 1`; one is set at least.
    pub fn additions(&mut self) -> Result<(usize, u64)> {
        let mut bits = self.open()?;
        let unused = usize::from(bits.u8()?);
        let octets = bits.take(bits.left())?;
        let n = (octets.len() * 8).checked_sub(unused).filter(|n| *n > 0 && unused < 8 && octets.len() <= 8);
        let n = n.ok_or_else(|| self.fail(Why::Canonical))?;
        let all = octets.iter().fold(0u64, |sum, o| sum << 8 | u64::from(*o));
        if all & ((1 << unused) - 1) != 0 || all == 0 {
            return Err(self.fail(Why::Canonical));
        }
        Ok((n, all >> unused))
    }
}
