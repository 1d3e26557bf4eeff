//! Drives one probe over in-order stream bytes, by the rules of [`Step`].

use crate::cx::Cx;
use crate::probe::{Probe, Step};

/// Bytes of one direction held back for an incomplete PDU.
pub const MAX_TAIL: usize = 64 * 1024;
/// Segments in a row without a PDU after which a flow is left alone.
const MAX_BAD: u8 = 5;

/// What became of the flow after a piece of payload.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fed {
    Go,
    /// The probe wants no more.
    Done,
    /// Too many unknown segments: counters only.
    GaveUp,
    /// The flow speaks `name` from byte `used` of the given data on (0-based, of what was fed in
    /// this call; what was held back before counts as used).
    Become {
        name: &'static str,
        rest: usize,
    },
}

/// Held-back bytes, bytes to pass over and the run of failures of a flow, by direction (0 or 1).
#[derive(Default, Debug)]
pub struct Feeder {
    tail: [Vec<u8>; 2],
    skip: [u64; 2],
    bad: [u8; 2],
}

impl Feeder {
    /// Gives `data`, the next in-order bytes of direction `dir`, to the probe.
    pub fn feed(&mut self, probe: &mut dyn Probe, cx: &mut Cx<'_>, dir: usize, data: &[u8]) -> Fed {
        let mut data = data;
        if self.skip[dir] > 0 {
            let n = self.skip[dir].min(data.len() as u64);
            self.skip[dir] -= n;
            data = &data[n as usize..];
        }
        if data.is_empty() {
            return Fed::Go;
        }
        if self.tail[dir].is_empty() {
            let (fed, kept) = self.run(probe, cx, dir, data);
            if let Some(rest) = kept {
                self.hold(cx, dir, rest);
            }
            return fed;
        }
        let mut whole = std::mem::take(&mut self.tail[dir]);
        whole.extend_from_slice(data);
        let before = whole.len() - data.len();
        let (fed, kept) = self.run(probe, cx, dir, &whole);
        let start = kept.map(|rest| whole.len() - rest.len());
        if let Some(start) = start {
            if whole.len() - start > MAX_TAIL {
                cx.dropped("pdu_too_long");
                self.bad[dir] += 1;
                whole.clear();
            } else {
                whole.drain(..start);
            }
        } else {
            whole.clear();
        }
        if whole.capacity() > 4096 && whole.len() < 1024 {
            whole.shrink_to(1024);
        }
        self.tail[dir] = whole;
        match fed {
            Fed::Become { name, rest } => Fed::Become { name, rest: rest.saturating_sub(before) },
            other => other,
        }
    }

    /// Runs the probe over `data`; gives what it could not use yet.
    fn run<'d>(
        &mut self,
        probe: &mut dyn Probe,
        cx: &mut Cx<'_>,
        dir: usize,
        data: &'d [u8],
    ) -> (Fed, Option<&'d [u8]>) {
        let mut rest = data;
        while !rest.is_empty() {
            match probe.stream(cx, rest) {
                Step::Need => return (Fed::Go, Some(rest)),
                Step::Used(n) => {
                    self.bad[dir] = 0;
                    rest = &rest[n.clamp(1, rest.len())..];
                }
                Step::Skip(n) => {
                    self.bad[dir] = 0;
                    self.skip[dir] = n;
                    return (Fed::Go, None);
                }
                Step::Bad => {
                    cx.malformed();
                    self.bad[dir] += 1;
                    let fed = if self.bad[dir] >= MAX_BAD { Fed::GaveUp } else { Fed::Go };
                    return (fed, None);
                }
                Step::Done => return (Fed::Done, None),
                Step::Become { name, used } => {
                    let done = data.len() - rest.len() + used.min(rest.len());
                    return (Fed::Become { name, rest: done }, None);
                }
            }
        }
        (Fed::Go, None)
    }

    fn hold(&mut self, cx: &mut Cx<'_>, dir: usize, rest: &[u8]) {
        if rest.len() > MAX_TAIL {
            cx.dropped("pdu_too_long");
            self.bad[dir] += 1;
        } else {
            self.tail[dir].extend_from_slice(rest);
        }
    }

    /// `missing` bytes of direction `dir` are lost: nothing held back is of use. Returns true if
    /// the loss lay wholly inside bytes that were to be passed over, so that nothing was missed.
    pub fn gap(&mut self, dir: usize, missing: u64) -> bool {
        self.tail[dir] = Vec::new();
        if self.skip[dir] >= missing && missing > 0 {
            self.skip[dir] -= missing;
            return true;
        }
        self.skip[dir] = 0;
        false
    }

    /// Forgets what is held back of both directions, as after a loss. Returns the bytes.
    pub fn forget(&mut self) -> usize {
        let held = self.bytes();
        self.tail = Default::default();
        held
    }

    /// Reads a little of it, see [`crate::flow::Work::touch`].
    #[inline]
    pub(crate) fn peek(&self) -> u32 {
        u32::from(self.bad[0])
    }
    /// Bytes held.
    pub fn bytes(&self) -> usize {
        self.tail[0].capacity() + self.tail[1].capacity()
    }
}
