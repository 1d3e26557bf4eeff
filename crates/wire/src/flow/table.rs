//! The flow table of one shard: open addressing over a slab, swept a part at each second.

use super::harvest::Told;
use super::index::Index;
use super::key::FlowKey;
use super::work::Work;
use crate::model::{Mac, Micros};
use crate::obs::HostId;

/// Idle times after which a flow is over, in microseconds of packet time.
const TCP_IDLE: Micros = 3_600_000_000;
const TCP_CLOSED: Micros = 15_000_000;
const TCP_HALF_OPEN: Micros = 60_000_000;
const OTHER_IDLE: Micros = 120_000_000;

/// What is known of a flow in any state. What every packet touches stands first: two cache lines.
#[repr(C)]
pub struct Flow {
    pub key: FlowKey,
    pub last: Micros,
    pub packets: [u64; 2],
    pub bytes: [u64; 2],
    pub work: Option<Box<Work>>,
    pub macs: [Mac; 2],
    pub ttl: [u8; 2],
    pub on_link: [bool; 2],
    /// Direction of the client, as far as known.
    pub client: u8,
    pub oriented: bool,
    /// Some payload was seen, of either side.
    pub spoke: [bool; 2],
    /// SYN+ACK was seen: the server's port is open.
    pub accepted: bool,
    pub fin: [bool; 2],
    pub reset: bool,
    /// Nothing more is to be looked at.
    pub over: bool,
    pub confidence: u8,
    pub entry: Option<u8>,
    pub hosts: [HostId; 2],
    pub first: Micros,
    /// First sequence number of the payload of each side, where its SYN was seen.
    pub isn: [Option<u32>; 2],
    pub ticked: Micros,
    pub first_frame: u64,
    pub source: u32,
    /// Payload bytes it held when last looked at.
    pub held: u32,
    /// It was taken up from saved state: where its streams stand is not known.
    pub resumed: bool,
    /// What was harvested of it.
    pub told: Option<Box<Told>>,
}

impl Flow {
    pub fn idle(&self) -> Micros {
        match self.key.proto {
            6 if self.key.kind != 2 => {
                if self.reset || (self.fin[0] && self.fin[1]) {
                    TCP_CLOSED
                } else if self.spoke == [false; 2] {
                    TCP_HALF_OPEN
                } else {
                    TCP_IDLE
                }
            }
            _ => OTHER_IDLE,
        }
    }
    /// True if it ended by time before `now`.
    pub fn expired(&self, now: Micros) -> bool {
        now.saturating_sub(self.last) > self.idle()
    }
}

/// Flows by key, with a hard cap.
pub struct Table {
    slots: Vec<Option<Flow>>,
    free: Vec<u32>,
    index: Index,
    hand: usize,
    cap: usize,
}

impl Table {
    pub fn new(cap: usize) -> Table {
        Table { slots: Vec::new(), free: Vec::new(), index: Index::default(), hand: 0, cap }
    }
    pub fn len(&self) -> usize {
        self.index.len()
    }
    /// Slots there are, used or free.
    pub fn slots(&self) -> usize {
        self.slots.len()
    }
    pub fn find(&self, key: &FlowKey, hash: u64) -> Option<u32> {
        self.index.find(hash, |i| matches!(self.slots.get(i as usize), Some(Some(f)) if f.key == *key))
    }
    pub fn get(&mut self, slot: u32) -> Option<&mut Flow> {
        self.slots.get_mut(slot as usize)?.as_mut()
    }
    /// Where a flow with this hash most likely stands, see [`super::Ahead`].
    #[inline]
    pub fn guess(&self, hash: u64) -> u32 {
        self.index.guess(hash)
    }
    /// Reads a little of both cache lines of a flow.
    #[inline]
    pub fn touch(&self, slot: u32) -> u32 {
        match self.slots.get(slot as usize) {
            Some(Some(f)) => u32::from(f.key.lo_port) ^ u32::from(f.work.is_some()) ^ f.hosts[1].0,
            _ => 0,
        }
    }
    /// Reads a little of what payload of direction `dir` needs.
    #[inline]
    pub fn touch_work(&self, slot: u32, dir: usize) -> u32 {
        match self.slots.get(slot as usize) {
            Some(Some(Flow { work: Some(w), .. })) => w.touch(dir),
            _ => 0,
        }
    }
    /// Takes a flow out.
    pub fn remove(&mut self, slot: u32) -> Option<Flow> {
        let flow = self.slots.get_mut(slot as usize)?.take()?;
        let slots = &self.slots;
        self.index.remove(flow.key.hash(), slot, |i| hash_of(slots, i));
        self.free.push(slot);
        Some(flow)
    }
    /// True if one must go before another can come.
    pub fn full(&self) -> bool {
        self.index.len() >= self.cap
    }
    pub fn insert(&mut self, flow: Flow, hash: u64) -> u32 {
        let slot = match self.free.pop() {
            Some(slot) => slot,
            None => {
                self.slots.push(None);
                (self.slots.len() - 1) as u32
            }
        };
        self.slots[slot as usize] = Some(flow);
        let slots = &self.slots;
        self.index.insert(hash, slot, |i| hash_of(slots, i));
        slot
    }
    /// The next slot under the sweeping hand.
    pub fn sweep(&mut self) -> Option<u32> {
        if self.slots.is_empty() {
            return None;
        }
        self.hand += 1;
        if self.hand >= self.slots.len() {
            self.hand = 0;
        }
        self.slots[self.hand].is_some().then_some(self.hand as u32)
    }
    /// The least recently used of the next few flows under the hand.
    pub fn oldest(&mut self) -> Option<u32> {
        let mut best: Option<(Micros, u32)> = None;
        let mut seen = 0;
        for _ in 0..self.slots.len().min(256) {
            if let Some(slot) = self.sweep() {
                let last = self.slots[slot as usize].as_ref().map_or(0, |f| f.last);
                best = Some(best.map_or((last, slot), |b| b.min((last, slot))));
                seen += 1;
                if seen >= 16 {
                    break;
                }
            }
        }
        best.map(|b| b.1)
    }
    /// Slots in use, in slot order.
    pub fn used(&self) -> Vec<u32> {
        (0..self.slots.len() as u32).filter(|&i| self.slots[i as usize].is_some()).collect()
    }
    pub fn bytes(&self) -> usize {
        self.slots.capacity() * size_of::<Option<Flow>>() + self.index.bytes()
    }
}

fn hash_of(slots: &[Option<Flow>], i: u32) -> u64 {
    slots.get(i as usize).and_then(Option::as_ref).map_or(0, |f| f.key.hash())
}
