//! One direction of a TCP connection: puts segments in order, bounded, and says what was lost.

use crate::model::Stamp;

/// Out-of-order segments kept per direction; one more declares the hole before them lost.
pub const MAX_SEGMENTS: usize = 16;
/// Bytes of out-of-order payload kept per direction.
pub const MAX_HELD: usize = 128 * 1024;
/// A segment further away than this is not of the same stream position (a reused port, a
/// mangled header): after [`MAX_STRAY`] of them the position is taken from it.
const WINDOW: i32 = 4 << 20;
const MAX_STRAY: u8 = 3;

/// A segment waiting for the hole before it to be filled.
#[derive(Debug)]
struct Held {
    seq: u32,
    data: Box<[u8]>,
    /// Bytes on the wire behind `data` that the capture does not hold.
    cut: u32,
    at: Stamp,
}

/// What happens to the stream, in order.
#[derive(Debug)]
pub enum Piece<'a> {
    Data(&'a [u8], Stamp),
    /// So many bytes are missing here.
    Gap(u64, Stamp),
}

/// Counters of one call.
#[derive(Clone, Copy, Default, Debug, PartialEq, Eq)]
pub struct Noted {
    pub overlaps: u32,
    pub retransmissions: u32,
    pub strays: u32,
}

/// Position and held segments of one direction.
#[derive(Default, Debug)]
pub struct Half {
    next: u32,
    known: bool,
    stray: u8,
    held_bytes: usize,
    held: Vec<Held>,
}

impl Half {
    /// The next byte expected is `seq` (from a SYN).
    pub fn start(&mut self, seq: u32) {
        self.next = seq;
        self.known = true;
        self.held = Vec::new();
        self.held_bytes = 0;
    }

    /// Takes a segment and gives all that is in order now to `out`. `cut` bytes behind `data`
    /// were on the wire but not captured.
    pub fn segment(
        &mut self,
        seq: u32,
        data: &[u8],
        cut: u32,
        at: Stamp,
        out: &mut impl FnMut(Piece<'_>),
    ) -> Noted {
        let mut noted = Noted::default();
        if !self.known {
            self.start(seq);
        }
        let distance = seq.wrapping_sub(self.next) as i32;
        if !(-WINDOW..=WINDOW).contains(&distance) {
            noted.strays = 1;
            self.stray += 1;
            if self.stray < MAX_STRAY {
                return noted;
            }
            self.flush(at, out);
            self.start(seq);
            out(Piece::Gap(0, at));
        }
        self.stray = 0;
        let distance = seq.wrapping_sub(self.next) as i32;
        if distance <= 0 {
            self.in_order(distance.unsigned_abs() as usize, data, cut, at, &mut noted, out);
            self.drain(at, out, &mut noted);
        } else {
            self.hold(seq, data, cut, at, &mut noted);
            while self.held.len() > MAX_SEGMENTS || self.held_bytes > MAX_HELD {
                self.lose_hole(at, out);
                self.drain(at, out, &mut noted);
            }
        }
        noted
    }

    /// The other side has acknowledged up to `ack`: a hole before that was filled at the receiver,
    /// so it is missing from the capture only and will not come.
    pub fn acknowledged(&mut self, ack: u32, at: Stamp, out: &mut impl FnMut(Piece<'_>)) {
        let mut noted = Noted::default();
        while let Some(first) = self.held.first() {
            if (ack.wrapping_sub(first.seq) as i32) <= 0 {
                break;
            }
            self.lose_hole(at, out);
            self.drain(at, out, &mut noted);
        }
    }

    /// The sequence number expected next.
    pub fn position(&self) -> u32 {
        self.next
    }

    /// True if segments wait behind a hole.
    pub fn waiting(&self) -> bool {
        !self.held.is_empty()
    }

    /// The stream ended: gives what is held, with its holes.
    pub fn flush(&mut self, at: Stamp, out: &mut impl FnMut(Piece<'_>)) {
        let mut noted = Noted::default();
        while !self.held.is_empty() {
            self.lose_hole(at, out);
            self.drain(at, out, &mut noted);
        }
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        self.held_bytes + self.held.capacity() * size_of::<Held>()
    }

    /// A segment that begins `old` bytes before the expected position.
    fn in_order(
        &mut self,
        old: usize,
        data: &[u8],
        cut: u32,
        at: Stamp,
        noted: &mut Noted,
        out: &mut impl FnMut(Piece<'_>),
    ) {
        let whole = data.len() + cut as usize;
        if old >= whole {
            noted.retransmissions += u32::from(whole > 0);
            return;
        }
        noted.overlaps += u32::from(old > 0);
        if let Some(fresh) = data.get(old..).filter(|f| !f.is_empty()) {
            out(Piece::Data(fresh, at));
        }
        if cut > 0 {
            out(Piece::Gap((whole - old.max(data.len())) as u64, at));
        }
        self.next = self.next.wrapping_add((whole - old) as u32);
    }

    fn hold(&mut self, seq: u32, data: &[u8], cut: u32, at: Stamp, noted: &mut Noted) {
        if data.is_empty() && cut == 0 {
            return;
        }
        let distance = seq.wrapping_sub(self.next);
        let place = self.held.partition_point(|h| h.seq.wrapping_sub(self.next) < distance);
        // the same segment again: the first one stays
        if let Some(h) = self.held.get(place)
            && h.seq == seq
            && h.data.len() + h.cut as usize >= data.len() + cut as usize
        {
            noted.retransmissions += 1;
            return;
        }
        self.held_bytes += data.len();
        self.held.insert(place, Held { seq, data: data.into(), cut, at });
    }

    /// Gives up on the hole before the first held segment.
    fn lose_hole(&mut self, at: Stamp, out: &mut impl FnMut(Piece<'_>)) {
        if let Some(first) = self.held.first() {
            let missing = first.seq.wrapping_sub(self.next);
            if (missing as i32) > 0 {
                out(Piece::Gap(u64::from(missing), at));
                self.next = first.seq;
            }
        }
    }

    /// Gives held segments that are in order now.
    fn drain(&mut self, _at: Stamp, out: &mut impl FnMut(Piece<'_>), noted: &mut Noted) {
        let mut n = 0;
        while let Some(h) = self.held.get(n) {
            let distance = h.seq.wrapping_sub(self.next) as i32;
            if distance > 0 {
                break;
            }
            let h = std::mem::replace(
                &mut self.held[n],
                Held { seq: 0, data: Box::default(), cut: 0, at: Stamp::default() },
            );
            self.held_bytes -= h.data.len();
            self.in_order(distance.unsigned_abs() as usize, &h.data, h.cut, h.at, noted, out);
            n += 1;
        }
        self.held.drain(..n);
        if self.held.is_empty() && self.held.capacity() > 0 {
            self.held = Vec::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn play(segments: &[(u32, &[u8])]) -> (Vec<u8>, u64) {
        let mut half = Half::default();
        let (mut got, mut lost) = (Vec::new(), 0);
        let at = Stamp::default();
        let mut out = |p: Piece<'_>| match p {
            Piece::Data(d, _) => got.extend_from_slice(d),
            Piece::Gap(n, _) => lost += n,
        };
        half.start(segments[0].0);
        for (seq, data) in segments {
            half.segment(*seq, data, 0, at, &mut out);
        }
        half.flush(at, &mut out);
        (got, lost)
    }

    #[test]
    fn order_overlap_and_retransmission() {
        assert_eq!(play(&[(1, b"abc"), (7, b"ghi"), (4, b"def")]), (b"abcdefghi".to_vec(), 0));
        assert_eq!(play(&[(1, b"abcd"), (1, b"abcd"), (3, b"XXef")]), (b"abcdef".to_vec(), 0));
        assert_eq!(play(&[(1, b"abc"), (6, b"fgh")]), (b"abcfgh".to_vec(), 2));
    }

    #[test]
    fn sequence_numbers_wrap() {
        assert_eq!(play(&[(u32::MAX - 1, b"ab"), (2, b"ef"), (0, b"cd")]), (b"abcdef".to_vec(), 0));
    }

    #[test]
    fn acknowledged_hole_is_given_up_at_once() {
        let mut half = Half::default();
        let mut seen = Vec::new();
        let at = Stamp::default();
        half.start(0);
        half.segment(10, b"later", 0, at, &mut |_| seen.push("data"));
        assert!(half.waiting());
        half.acknowledged(10, at, &mut |_| seen.push("early"));
        assert!(seen.is_empty());
        half.acknowledged(15, at, &mut |p| {
            seen.push(if matches!(p, Piece::Gap(10, _)) { "gap" } else { "data" })
        });
        assert_eq!(seen, ["gap", "data"]);
    }

    proptest! {
        /// Any order and duplication of the pieces of a stream gives the stream, within the bounds.
        #[test]
        fn any_order_gives_the_stream(cuts in proptest::collection::vec(1usize..40, 1..14), order in any::<u64>(), start in any::<u32>()) {
            let total: usize = cuts.iter().sum();
            let stream: Vec<u8> = (0..total).map(|i| i as u8).collect();
            let mut pieces = Vec::new();
            let mut at = 0;
            for c in &cuts {
                pieces.push((start.wrapping_add(at as u32), &stream[at..at + c]));
                at += c;
            }
            let first = pieces[0];
            let mut rest = pieces.split_off(1);
            let mut r = order;
            for i in (1..rest.len()).rev() {
                r = r.wrapping_mul(6364136223846793005).wrapping_add(1);
                rest.swap(i, (r >> 33) as usize % (i + 1));
            }
            let mut all = vec![first];
            all.extend(rest.iter().flat_map(|p| [*p, *p]));
            prop_assert_eq!(play(&all), (stream, 0));
        }

        #[test]
        fn never_holds_more_than_its_bound(segments in proptest::collection::vec((any::<u32>(), 0usize..3000), 0..200)) {
            let mut half = Half::default();
            let data = vec![0u8; 3000];
            for (seq, n) in segments {
                half.segment(seq, &data[..n], 0, Stamp::default(), &mut |_| {});
                prop_assert!(half.held.len() <= MAX_SEGMENTS && half.held_bytes <= MAX_HELD + 3000);
            }
        }
    }
}
