//! Declared signatures: how a payload is recognised, as data.
//!
//! A probe that runs outside (Python) cannot be asked for every flow; it says instead what its
//! frames look like. All signatures are evaluated here, with the same verdicts as a native probe's
//! `identify`, so that flows are assigned in one place.

use crate::model::Transport;
use crate::probe::{Hint, Role, Verdict};

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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Length {
    /// Where the field stands, 1 or 2 bytes wide.
    pub offset: usize,
    pub width: u8,
    pub big_endian: bool,
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
    /// Place, counted back from the frame's end, of a byte that is the sum of all before it modulo
    /// 256; needs `length`.
    pub sum8: Option<usize>,
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
    /// Length of the whole frame.
    fn of(&self, frame: &[u8]) -> Option<usize> {
        let first = usize::from(*frame.get(self.offset)?);
        let value = if self.width < 2 {
            first
        } else {
            let second = usize::from(*frame.get(self.offset.checked_add(1)?)?);
            if self.big_endian { first << 8 | second } else { second << 8 | first }
        };
        value.checked_add(self.add)
    }
}

impl Shape {
    /// Bits of evidence.
    fn bits(&self) -> u32 {
        let fixed: u32 = self.patterns.iter().map(Pattern::bits).sum();
        let flag = |b: bool| if b { 8 } else { 0 };
        fixed + flag(self.length.is_some()) + flag(self.last.is_some()) + flag(self.sum8.is_some())
    }

    /// Filler bytes that `data` begins with.
    fn filler(&self, data: &[u8]) -> usize {
        self.skip.map_or(0, |(byte, most)| data.iter().take(most).take_while(|b| **b == byte).count())
    }

    fn matches(&self, data: &[u8], stream: bool) -> Verdict {
        let frame = data.get(self.filler(data)..).unwrap_or_default();
        let mut all = true;
        for holds in self.patterns.iter().map(|p| p.holds(frame)).chain([self.framed(frame, stream)]) {
            match holds {
                Some(true) => {}
                Some(false) => return Verdict::No,
                None => all = false,
            }
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
        let total = length.of(frame)?;
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
        let Some(back) = self.sum8 else { return Some(true) };
        let Some(at) = total.checked_sub(back) else { return Some(false) };
        let sum = frame.iter().take(at).fold(0u8, |sum, b| sum.wrapping_add(*b));
        Some(frame.get(at) == Some(&sum))
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
        match self.length {
            Some(l) if !(1..=2).contains(&l.width) => {
                return Err(format!("a length field is 1 or 2 bytes wide, not {}", l.width));
            }
            None if self.last.is_some() || self.sum8.is_some() => {
                return Err("last and sum8 need length".to_owned());
            }
            _ => {}
        }
        if self.sum8 == Some(0) {
            return Err("sum8 counts back from the end of the frame: 1 is its last byte".to_owned());
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pattern(offset: usize, bytes: &[u8], mask: &[u8]) -> Pattern {
        Pattern { offset, bytes: bytes.to_vec(), mask: mask.to_vec() }
    }
    /// A meter protocol: filler FE, 68 … 68 C L data CS 16.
    fn meter() -> Signature {
        let shape = Shape {
            patterns: vec![pattern(0, &[0x68], &[]), pattern(7, &[0x68], &[])],
            skip: Some((0xfe, 4)),
            length: Some(Length { offset: 9, width: 1, big_endian: false, add: 12 }),
            last: Some(0x16),
            sum8: Some(2),
            min_len: 12,
            strong: true,
            client: Some(pattern(8, &[0], &[0x80])),
            server: Some(pattern(8, &[0x80], &[0x80])),
        };
        Signature {
            transports: vec![Transport::Tcp, Transport::Udp],
            shapes: vec![shape],
            ..Signature::default()
        }
    }
    fn hint(transport: Transport) -> Hint {
        Hint { transport, src_port: 1000, dst_port: 2000, ethertype: 0 }
    }
    const FRAME: [u8; 16] = [0x68, 1, 0, 0, 0, 0, 0, 0x68, 0x11, 4, 0x33, 0x33, 0x34, 0x33, 0xb3, 0x16];

    #[test]
    fn a_frame_with_its_filler_is_found_in_any_cut() {
        let meter = meter();
        assert_eq!(meter.check(), Ok(()));
        for filler in 0..=4 {
            let mut data = vec![0xfe; filler];
            data.extend(FRAME);
            assert_eq!(meter.matches(&hint(Transport::Tcp), &data), Verdict::Strong(Role::Client));
            assert_eq!(meter.matches(&hint(Transport::Udp), &data), Verdict::Strong(Role::Client));
            for n in 0..data.len() {
                assert_eq!(meter.matches(&hint(Transport::Tcp), &data[..n]), Verdict::Need, "{n}");
                assert_eq!(meter.matches(&hint(Transport::Udp), &data[..n]), Verdict::No, "{n}");
            }
        }
        assert_eq!(meter.matches(&hint(Transport::L2), &FRAME), Verdict::No);
        assert_eq!(
            meter.matches(&hint(Transport::Tcp), &[[0xfe; 5].as_slice(), &FRAME].concat()),
            Verdict::No
        );
    }

    #[test]
    fn the_sender_is_told_by_a_masked_bit() {
        let mut answer = FRAME;
        answer[8] = 0x91;
        answer[14] = 0x33;
        assert_eq!(meter().matches(&hint(Transport::Tcp), &answer), Verdict::Strong(Role::Server));
    }

    #[test]
    fn every_condition_counts() {
        for at in [0, 7, 14, 15] {
            let mut frame = FRAME;
            frame[at] ^= 0x40;
            assert_eq!(meter().matches(&hint(Transport::Tcp), &frame), Verdict::No, "byte {at}");
        }
        // another length: the frame is not complete, or its end is elsewhere
        let mut frame = FRAME;
        frame[9] = 200;
        assert_eq!(meter().matches(&hint(Transport::Udp), &frame), Verdict::No);
        frame[9] = 3;
        assert_eq!(meter().matches(&hint(Transport::Udp), &frame), Verdict::No);
    }

    #[test]
    fn a_datagram_is_filled_by_its_frames() {
        let two = [&[0xfe, 0xfe][..], &FRAME, &[0xfe], &FRAME].concat();
        assert_eq!(meter().matches(&hint(Transport::Udp), &two), Verdict::Strong(Role::Client));
        let more = [&FRAME[..], &[1, 2, 3]].concat();
        assert_eq!(meter().matches(&hint(Transport::Udp), &more), Verdict::No);
        assert_eq!(meter().matches(&hint(Transport::Tcp), &more), Verdict::Strong(Role::Client));
    }

    #[test]
    fn the_best_shape_decides() {
        let weak = Shape { patterns: vec![pattern(0, &[1, 0], &[])], min_len: 4, ..Shape::default() };
        let strong = Shape {
            patterns: vec![pattern(0, &[1, 0], &[]), pattern(4, &[1, 0, 6], &[])],
            length: Some(Length { offset: 2, width: 2, big_endian: true, add: 4 }),
            strong: true,
            ..Shape::default()
        };
        let signature = Signature {
            transports: vec![Transport::Udp],
            shapes: vec![weak, strong],
            ..Signature::default()
        };
        assert_eq!(signature.check(), Ok(()));
        let hint = hint(Transport::Udp);
        assert_eq!(signature.matches(&hint, &[1, 0, 0, 0]), Verdict::Weak(Role::Unknown));
        assert_eq!(signature.matches(&hint, &[1, 0, 0, 3, 1, 0, 6]), Verdict::Strong(Role::Unknown));
        assert_eq!(signature.matches(&hint, &[1, 0, 0, 9, 1, 0, 6]), Verdict::Weak(Role::Unknown));
        assert_eq!(signature.matches(&hint, &[1, 0, 0]), Verdict::No);
    }

    #[test]
    fn bad_declarations_are_refused_by_name() {
        let says = |change: fn(&mut Signature), word: &str| {
            let mut s = meter();
            change(&mut s);
            let why = s.check().unwrap_err();
            assert!(why.contains(word), "{why}");
        };
        says(|s| s.transports.clear(), "no transport");
        says(|s| s.shapes.clear(), "shapes");
        says(|s| s.ports = vec![1; 65], "ports");
        says(|s| s.shapes[0].patterns.clear(), "no pattern");
        says(|s| s.shapes[0].patterns[0].bytes.clear(), "no bytes");
        says(|s| s.shapes[0].patterns[0].mask = vec![1, 2], "mask of 2");
        says(|s| s.shapes[0].patterns[0].offset = 5000, "beyond");
        says(|s| s.shapes[0].length = None, "need length");
        says(|s| s.shapes[0].sum8 = Some(0), "counts back");
        says(
            |s| {
                s.shapes[0] =
                    Shape { patterns: vec![pattern(0, &[0x68], &[])], strong: true, ..Shape::default() }
            },
            "fixes 8 bits",
        );
    }

    proptest! {
        #[test]
        fn no_declaration_and_no_payload_makes_it_panic(
            data in proptest::collection::vec(any::<u8>(), 0..64), offset in any::<usize>(),
            bytes in proptest::collection::vec(any::<u8>(), 0..4),
            mask in proptest::collection::vec(any::<u8>(), 0..6), width in any::<u8>(),
            add in any::<usize>(), back in any::<usize>(), most in any::<usize>(),
        ) {
            let p = Pattern { offset, bytes, mask };
            let shape = Shape {
                patterns: vec![p.clone()],
                skip: Some((0xfe, most)),
                length: Some(Length { offset: offset % 70, width, big_endian: most % 2 == 0, add: add % 80 }),
                last: data.last().copied(),
                sum8: Some(back),
                min_len: back % 9,
                strong: true,
                client: Some(p.clone()),
                server: Some(p),
            };
            let far = Shape { length: Some(Length { offset, width, big_endian: true, add }), ..shape.clone() };
            let s = Signature { transports: vec![Transport::Tcp, Transport::Udp], shapes: vec![shape, far], ..Signature::default() };
            for t in [Transport::Tcp, Transport::Udp] {
                s.matches(&hint(t), &data);
            }
            let _ = s.check();
        }
    }
}
