//! Events of one shard: field lists in one arena, handed over batch by batch.
//!
//! An event is a flat list of (field name, value). Names stand in `sentinel/fields.toml`. Nothing
//! is written as JSON here; that is done once, when and where a person or a store asks.

use crate::events::{Window, WindowKey};
use crate::model::{Micros, Stamp, Val};
use serde::{Deserialize, Serialize};

type Hashes = hashbrown::HashSet<u64, rustc_hash::FxBuildHasher>;

/// Hashes that a shard remembers of each kind.
const MAX_SEEN: usize = 1 << 16;

/// What was seen before, in two generations: when the young one is full it becomes the old one, whose
/// hashes stay as long as they are asked for.
#[derive(Default, Serialize, Deserialize)]
pub struct Once {
    #[serde(with = "crate::saved::set")]
    young: Hashes,
    #[serde(with = "crate::saved::set")]
    old: Hashes,
}

impl Once {
    /// True if a hash was not seen before.
    fn first(&mut self, hash: u64) -> bool {
        if self.young.contains(&hash) {
            return false;
        }
        let first = !self.old.remove(&hash);
        if self.young.len() >= MAX_SEEN / 2 {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(hash);
        first
    }
}

/// Which events are made.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum EventMode {
    #[default]
    None,
    /// Changing, administrative, refused, authenticating PDUs; transactions; anomalies; the rest summed.
    Notable,
    /// One per PDU.
    All,
}

/// A value of an event field.
pub type FieldVal = Val;

/// One event as the shard made it. `order` is (global packet number, ordinal): unique and
/// increasing within a shard.
#[derive(Clone, Debug)]
pub struct StoredEvent {
    /// Number of the packet that was being worked on, over all sources, and the ordinal of the
    /// event within that packet.
    pub order: (u64, u32),
    /// Time the event carries and where its evidence stands.
    pub at: Stamp,
    pub id: u128,
    pub fields: Vec<(&'static str, FieldVal)>,
}

/// Events made since the last batch was taken.
#[derive(Default)]
pub struct EventLog {
    pub mode: EventMode,
    pub batch: Vec<StoredEvent>,
    pub dropped: u64,
    pub(crate) windows: hashbrown::HashMap<WindowKey, Window, rustc_hash::FxBuildHasher>,
    /// Hashes of operations (who, what, to whom) that had their first event.
    pub(crate) seen: Once,
    /// Hashes of what is told once an hour, and that hour.
    hourly: (i64, Hashes),
    packet: u64,
    ordinal: u32,
}

impl EventLog {
    pub fn new(mode: EventMode) -> EventLog {
        EventLog { mode, ..EventLog::default() }
    }
    pub fn on(&self) -> bool {
        self.mode != EventMode::None
    }
    /// Ordinal of the next event within the packet being worked on.
    pub fn ordinal(&self) -> u32 {
        self.ordinal
    }
    /// Takes the next place in the order of findings.
    pub(crate) fn next_order(&mut self) -> (u64, u32) {
        let order = (self.packet, self.ordinal);
        self.ordinal += 1;
        order
    }
    /// True the first time it is asked for a hash, as far as they are kept.
    pub(crate) fn once(&mut self, hash: u64) -> bool {
        self.seen.first(hash)
    }
    /// True the first time in an hour of packet time that it is asked for a hash, as far as they are kept.
    pub(crate) fn once_an_hour(&mut self, time: Micros, hash: u64) -> bool {
        let hour = time.div_euclid(3_600_000_000);
        if hour > self.hourly.0 {
            self.hourly = (hour, Hashes::default());
        }
        self.hourly.1.len() < MAX_SEEN && self.hourly.1.insert(hash)
    }
    /// Shows the hosts whose operations are being summed.
    pub(crate) fn hosts(&self, hold: &mut impl FnMut(super::HostId)) {
        for (_, _, client, server, ..) in self.windows.keys() {
            hold(super::HostId(*client));
            hold(super::HostId(*server));
        }
    }
    /// Approximate bytes held.
    pub fn bytes(&self) -> usize {
        self.windows.allocation_size()
            + self.windows.values().map(Window::bytes).sum::<usize>()
            + self.seen.young.allocation_size()
            + self.seen.old.allocation_size()
            + self.hourly.1.allocation_size()
            + self.batch.capacity() * size_of::<StoredEvent>()
    }
    /// Number of the packet being worked on.
    pub(crate) fn packet(&self) -> u64 {
        self.packet
    }
    /// Says which packet is being worked on.
    pub fn at_packet(&mut self, packet: u64) {
        if packet != self.packet {
            self.packet = packet;
            self.ordinal = 0;
        }
    }
    pub fn push(&mut self, at: Stamp, id: u128, fields: Vec<(&'static str, FieldVal)>) {
        let order = self.next_order();
        self.batch.push(StoredEvent { order, at, id, fields });
    }
    /// Hands over what was made, leaving none.
    pub fn take(&mut self) -> Vec<StoredEvent> {
        std::mem::take(&mut self.batch)
    }
}
