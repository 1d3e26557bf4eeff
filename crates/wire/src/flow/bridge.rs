//! A flow whose parser runs outside: its payload is queued, in order, for one hand-over a batch.

use crate::cx::{Cx, FlowMeta};
use crate::model::{Side, Stamp};
use crate::probe::{Malformed, Probe, Step};

/// Payload of one flow that is queued between two hand-overs.
const MAX_QUEUED: usize = 256 * 1024;

/// One piece of payload of a flow that a declared probe claimed.
#[derive(Clone, Debug)]
pub struct Chunk {
    /// Which flow: (shard, serial), unique within a run.
    pub flow: u64,
    pub entry: u8,
    pub from: Side,
    pub at: Stamp,
    /// Packet number over all sources, and ordinal: the order in which chunks are to be read.
    pub order: (u64, u32),
    /// Bytes lost before `data`.
    pub gap: u64,
    pub data: Vec<u8>,
    /// The flow is over; no data.
    pub end: bool,
    pub meta: FlowMeta,
}

/// Stands in for the parser on this side of the border.
pub struct Bridge {
    entry: u8,
    flow: Option<u64>,
    lost: [u64; 2],
    taken: u64,
}

impl Bridge {
    pub fn new(entry: u8) -> Bridge {
        Bridge { entry, flow: None, lost: [0; 2], taken: 0 }
    }
    fn queue(&mut self, cx: &mut Cx<'_>, data: &[u8], end: bool) {
        let side = usize::from(cx.from() == Side::Server);
        let flow = match self.flow {
            Some(flow) => flow,
            None => {
                let flow = cx.obs.next_bridged();
                self.flow = Some(flow);
                flow
            }
        };
        if !end && cx.obs.queued_bytes(data.len()) > MAX_QUEUED * 16 {
            self.lost[side] += data.len() as u64;
            return cx.dropped("bridged_bytes");
        }
        self.taken += data.len() as u64;
        let gap = std::mem::take(&mut self.lost[side]);
        let chunk = Chunk {
            flow,
            entry: self.entry,
            from: cx.from(),
            at: cx.at(),
            order: cx.obs.events.next_order(),
            gap,
            data: data.to_vec(),
            end,
            meta: *cx.flow(),
        };
        cx.obs.chunks.push(chunk);
    }
}

impl Probe for Bridge {
    fn stream(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Step {
        self.queue(cx, data, false);
        Step::Used(data.len())
    }
    fn datagram(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Result<(), Malformed> {
        self.queue(cx, data, false);
        Ok(())
    }
    fn gap(&mut self, _cx: &mut Cx<'_>, from: Side, missing: u64) {
        self.lost[usize::from(from == Side::Server)] += missing;
    }
    fn end(&mut self, cx: &mut Cx<'_>) {
        if self.flow.is_some() {
            self.queue(cx, &[], true);
        }
    }
}
