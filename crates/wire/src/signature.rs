//! Declared signatures: how a payload is recognised, as data.
//!
//! A probe that runs outside (Python) cannot be asked for every flow; it says instead what its
//! frames look like. All signatures are evaluated here, with the same verdicts as a native probe's
//! `identify`, so that flows are assigned in one place.

mod check;
mod escape;
#[cfg(test)]
mod tests;

use crate::model::Transport;
use crate::probe::{Hint, Role, Verdict};
pub use check::{Check, Sum};
pub use escape::Escape;

/// Bytes that stand at a fixed place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pattern {
    /// From the start of the frame, behind the filler.
    pub offset: usize,
    pub bytes: Vec<u8>,
    /// Bits that count; empty: all of them.
    pub mask: Vec<u8>,
}

/// The frame says how long it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Length {
    /// Where the field stands, 1 to 4 bytes wide (8 digits at most).
    pub offset: usize,
    pub width: u8,
    pub big_endian: bool,
    /// It is written in decimal digits.
    pub ascii: bool,
    /// Bits that count, 0 for all of them, and how far they are shifted down.
    pub mask: u32,
    pub shift: u8,
    /// Bytes of the frame that the field does not count.
    pub add: usize,
}

/// One form of the protocol's frames. All that is given must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shape {
    pub patterns: Vec<Pattern>,
    /// A filler byte that may go before the frame, and how many of it.
    pub skip: Option<(u8, usize)>,
    pub length: Option<Length>,
    /// The frame's last byte; needs `length`.
    pub last: Option<u8>,
    /// A checksum; needs `length`.
    pub check: Option<Check>,
    /// The frame stands between two marks and is escaped; all else is said of its content, and its
    /// length must be the content's.
    pub escape: Option<Escape>,
    /// Bytes of the frame that must be there.
    pub min_len: usize,
    /// Enough on any port. Else only on the protocol's own ports, or when both sides agree.
    pub strong: bool,
    /// Frames of the client, and of the server, where the bytes tell.
    pub client: Option<Pattern>,
    pub server: Option<Pattern>,
}

/// How the frames of one declared probe are recognised.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Signature {
    pub transports: Vec<Transport>,
    /// Hints, never proof.
    pub ports: Vec<u16>,
    /// Fixed rank for ties: the lower wins. Native probes have ranks below 100.
    pub rank: u16,
    /// One of these must fit.
    pub shapes: Vec<Shape>,
}

/// Bounds on what may be declared: a signature is evaluated for every new flow.
const MAX_SHAPES: usize = 16;
const MAX_PATTERNS: usize = 16;
const MAX_PORTS: usize = 64;
/// Identification sees at most this much of a stream.
const MAX_REACH: usize = 4096;
/// Bits that must be fixed before a shape may be strong: fewer fit by chance.
const STRONG_BITS: u32 = 24;

/// What a single condition says: it holds, it does not, or more bytes are needed.
type Holds = Option<bool>;

impl Pattern {
    fn holds(&self, frame: &[u8]) -> Holds {
        for (i, want) in self.bytes.iter().enumerate() {
            let mask = self.mask.get(i).copied().unwrap_or(0xff);
            match frame.get(self.offset.saturating_add(i)) {
                Some(byte) if (byte ^ want) & mask == 0 => {}
                Some(_) => return Some(false),
                None => return None,
            }
        }
        Some(true)
    }
    fn bits(&self) -> u32 {
        let mask = |i| self.mask.get(i).copied().unwrap_or(0xff);
        (0..self.bytes.len()).map(|i| mask(i).count_ones()).sum()
    }
    fn check(&self) -> Result<(), String> {
        if self.bytes.is_empty() {
            return Err(format!("pattern at {} has no bytes", self.offset));
        }
        if self.offset.saturating_add(self.bytes.len()) > MAX_REACH {
            return Err(format!("pattern at {} reaches beyond byte {MAX_REACH}", self.offset));
        }
        if !self.mask.is_empty() && self.mask.len() != self.bytes.len() {
            return Err(format!(
                "pattern at {} has {} bytes but a mask of {}",
                self.offset,
                self.bytes.len(),
                self.mask.len()
            ));
        }
        Ok(())
    }
}

impl Length {
    /// Length of the whole frame; `Some(None)` if the field holds none.
    fn of(&self, frame: &[u8]) -> Option<Option<usize>> {
        let end = self.offset.checked_add(usize::from(self.width))?;
        let field = frame.get(self.offset..end)?;
        let append = |value: u64, byte: &u8| value << 8 | u64::from(*byte);
        let value = if self.ascii {
            if !field.iter().all(u8::is_ascii_digit) {
                return Some(None);
            }
            field.iter().fold(0u64, |value, digit| value * 10 + u64::from(digit & 0x0f))
        } else if self.big_endian {
            field.iter().fold(0, append)
        } else {
            field.iter().rev().fold(0, append)
        };
        let mask = if self.mask == 0 { u64::from(u32::MAX) } else { u64::from(self.mask) };
        let value = (value & mask).checked_shr(u32::from(self.shift)).unwrap_or(0);
        Some(usize::try_from(value).ok().and_then(|value| value.checked_add(self.add)))
    }
    fn check(&self) -> Result<(), String> {
        let most = if self.ascii { 8 } else { 4 };
        if !(1..=most).contains(&self.width) {
            return Err(format!("a length field is 1 to {most} bytes wide, not {}", self.width));
        }
        Ok(())
    }
}

impl Shape {
    /// Bits of evidence.
    fn bits(&self) -> u32 {
        let fixed: u32 = self.patterns.iter().map(Pattern::bits).sum();
        let flag = |b: bool| if b { 8 } else { 0 };
        let marks = if self.escape.is_some() { 16 } else { 0 };
        let sum = self.check.as_ref().map_or(0, |c| c.sum.bits());
        fixed + marks + sum + flag(self.length.is_some()) + flag(self.last.is_some())
    }

    /// Filler bytes that `data` begins with.
    fn filler(&self, data: &[u8]) -> usize {
        self.skip.map_or(0, |(byte, most)| data.iter().take(most).take_while(|b| **b == byte).count())
    }

    fn matches(&self, data: &[u8], stream: bool) -> Verdict {
        let frame = data.get(self.filler(data)..).unwrap_or_default();
        let content;
        let (frame, whole) = match &self.escape {
            None => (frame, None),
            Some(escape) => match escape.undo(frame, stream) {
                None => return Verdict::No,
                Some((bytes, whole)) => {
                    content = bytes;
                    (content.as_slice(), Some(whole))
                }
            },
        };
        let mut all = true;
        for pattern in &self.patterns {
            match pattern.holds(frame) {
                Some(true) => {}
                Some(false) => return Verdict::No,
                None => all = false,
            }
        }
        // last, for it sums the frame
        let framed = match whole {
            None => self.framed(frame, stream),
            Some(true) => Some(self.framed(frame, false) == Some(true)),
            Some(false) => None,
        };
        match framed {
            Some(true) => {}
            Some(false) => return Verdict::No,
            None => all = false,
        }
        if !all || frame.len() < self.min_len {
            return if stream { Verdict::Need } else { Verdict::No };
        }
        let is = |p: &Option<Pattern>| p.as_ref().is_some_and(|p| p.holds(frame) == Some(true));
        let role = match (is(&self.client), is(&self.server)) {
            (true, false) => Role::Client,
            (false, true) => Role::Server,
            _ => Role::Unknown,
        };
        if self.strong && self.bits() >= STRONG_BITS { Verdict::Strong(role) } else { Verdict::Weak(role) }
    }

    /// Length, last byte and checksum of the first frame. In a datagram, nothing but another frame's
    /// beginning may stand behind it.
    fn framed(&self, frame: &[u8], stream: bool) -> Holds {
        let Some(length) = self.length else { return Some(true) };
        let Some(total) = length.of(frame)? else { return Some(false) };
        if total < self.min_len || total > MAX_REACH {
            return Some(false);
        }
        let Some((frame, behind)) = frame.split_at_checked(total) else {
            return if stream { None } else { Some(false) };
        };
        if !stream && !behind.is_empty() {
            let next = behind.get(self.filler(behind)..).unwrap_or_default();
            if self.patterns.iter().any(|p| p.holds(next) != Some(true)) {
                return Some(false);
            }
        }
        if self.last.is_some() && frame.last().copied() != self.last {
            return Some(false);
        }
        Some(self.check.is_none_or(|c| c.holds(frame)))
    }

    fn check(&self) -> Result<(), String> {
        if self.patterns.is_empty() {
            return Err("a shape has no pattern".to_owned());
        }
        if self.patterns.len() > MAX_PATTERNS {
            return Err(format!("{} patterns in a shape, at most {MAX_PATTERNS} fit", self.patterns.len()));
        }
        for pattern in self.patterns.iter().chain(&self.client).chain(&self.server) {
            pattern.check()?;
        }
        match &self.length {
            Some(length) => length.check()?,
            None if self.last.is_some() || self.check.is_some() => {
                return Err("last and check need length".to_owned());
            }
            None => {}
        }
        self.check.as_ref().map_or(Ok(()), Check::check)?;
        if self.strong && self.bits() < STRONG_BITS {
            return Err(format!("a strong shape fixes {} bits, {STRONG_BITS} are needed", self.bits()));
        }
        Ok(())
    }
}

impl Signature {
    /// Says of a payload whether it is this protocol.
    pub fn matches(&self, hint: &Hint, data: &[u8]) -> Verdict {
        if !self.transports.contains(&hint.transport) {
            return Verdict::No;
        }
        let stream = hint.transport == Transport::Tcp;
        let rank = |v: Verdict| match v {
            Verdict::No => 0,
            Verdict::Need => 1,
            Verdict::Weak(_) => 2,
            Verdict::Strong(_) => 3,
        };
        let verdicts = self.shapes.iter().map(|s| s.matches(data, stream));
        // the first of the best
        verdicts.fold(Verdict::No, |best, v| if rank(v) > rank(best) { v } else { best })
    }

    /// What is wrong with the declaration, if anything is.
    pub fn check(&self) -> Result<(), String> {
        if self.transports.is_empty() {
            return Err("a signature names no transport".to_owned());
        }
        if self.ports.len() > MAX_PORTS {
            return Err(format!("{} ports in a signature, at most {MAX_PORTS} fit", self.ports.len()));
        }
        if self.shapes.is_empty() || self.shapes.len() > MAX_SHAPES {
            return Err(format!("a signature has 1 to {MAX_SHAPES} shapes, not {}", self.shapes.len()));
        }
        self.shapes.iter().try_for_each(Shape::check)
    }
}
