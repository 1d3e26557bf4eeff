//! Bodies of messages on their way past (RFC 9112 sections 6 and 7): by length, in chunks, to the
//! end of the connection. What is wanted of one is kept, the rest passed over.

use super::content::Want;
use super::{Http, lane};
use crate::cx::Cx;
use crate::model::Side;
use crate::probe::Step;

/// Longest chunk-size or trailer line, in bytes.
const MAX_LINE: usize = 4096;

/// Where a direction stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) enum At {
    #[default]
    Head,
    Length(u64),
    ChunkSize,
    Chunk(u64),
    ChunkEnd,
    Trailer,
    Close,
    /// Lost: a head is looked for at each segment's start.
    Lost,
}

#[derive(Default)]
pub(super) struct Lane {
    pub at: At,
    pub want: Option<Want>,
    pub body: Vec<u8>,
}

impl Lane {
    /// Keeps a piece of the body; true when there is enough.
    fn keep(&mut self, piece: &[u8]) -> bool {
        let limit = self.want.as_ref().map_or(0, Want::limit);
        let room = limit.saturating_sub(self.body.len());
        self.body.extend_from_slice(piece.get(..piece.len().min(room)).unwrap_or_default());
        self.body.len() >= limit
    }
}

impl Http {
    pub(super) fn length(&mut self, cx: &mut Cx<'_>, from: Side, data: &[u8], left: u64) -> Step {
        let lane = &mut self.lanes[lane(from)];
        let here = left.min(data.len() as u64);
        if lane.want.is_none() {
            lane.at = At::Head;
            return if here == left { Step::Used(here as usize) } else { Step::Skip(left - here) };
        }
        lane.at = At::Length(left - here);
        let full = lane.keep(data.get(..here as usize).unwrap_or_default());
        if here == left {
            self.body_done(cx, from);
            self.lanes[self::lane(from)].at = At::Head;
        } else if full {
            self.body_done(cx, from);
        }
        Step::Used(here as usize)
    }

    pub(super) fn close(&mut self, cx: &mut Cx<'_>, from: Side, data: &[u8]) -> Step {
        let lane = &mut self.lanes[lane(from)];
        if lane.want.is_none() {
            return Step::Skip(u64::MAX);
        }
        if lane.keep(data) {
            self.body_done(cx, from);
        }
        Step::Used(data.len())
    }

    pub(super) fn chunk_size(&mut self, cx: &mut Cx<'_>, from: Side, data: &[u8]) -> Step {
        let Some(end) = memchr::memchr(b'\n', data) else {
            return if data.len() < MAX_LINE { Step::Need } else { self.lost(from) };
        };
        let line = data.get(..end).unwrap_or_default();
        let digits = line.iter().take_while(|b| b.is_ascii_hexdigit()).count();
        let size = line.get(..digits).and_then(|d| std::str::from_utf8(d).ok());
        let Some(size) = size.filter(|s| (1..=15).contains(&s.len())).and_then(|s| u64::from_str_radix(s, 16).ok())
        else {
            self.body_done(cx, from);
            return self.lost(from);
        };
        self.lanes[lane(from)].at = if size == 0 { At::Trailer } else { At::Chunk(size) };
        Step::Used(end + 1)
    }

    pub(super) fn chunk(&mut self, cx: &mut Cx<'_>, from: Side, data: &[u8], left: u64) -> Step {
        let lane = &mut self.lanes[lane(from)];
        let here = left.min(data.len() as u64);
        lane.at = At::ChunkEnd;
        if lane.want.is_none() {
            return if here == left { Step::Used(here as usize) } else { Step::Skip(left - here) };
        }
        if here < left {
            lane.at = At::Chunk(left - here);
        }
        if lane.keep(data.get(..here as usize).unwrap_or_default()) {
            self.body_done(cx, from);
        }
        Step::Used(here as usize)
    }

    pub(super) fn chunk_end(&mut self, from: Side, data: &[u8]) -> Step {
        let used = match data {
            [b'\r', b'\n', ..] => 2,
            [b'\n', ..] => 1,
            [b'\r'] => return Step::Need,
            _ => return self.lost(from),
        };
        self.lanes[lane(from)].at = At::ChunkSize;
        Step::Used(used)
    }

    pub(super) fn trailer(&mut self, cx: &mut Cx<'_>, from: Side, data: &[u8]) -> Step {
        let Some(end) = memchr::memchr(b'\n', data) else {
            return if data.len() < MAX_LINE { Step::Need } else { self.lost(from) };
        };
        if matches!(data.get(..end), Some([] | [b'\r'])) {
            self.body_done(cx, from);
            self.lanes[lane(from)].at = At::Head;
        }
        Step::Used(end + 1)
    }
}
