//! Events of one shard: field lists in one arena, handed over batch by batch.
//!
//! An event is a flat list of (field name, value). Names stand in `sentinel/fields.toml`. Nothing
//! is written as JSON here; that is done once, when and where a person or a store asks.

use crate::events::{Window, WindowKey};
use crate::model::{Stamp, Val};

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
    /// Hashes of (protocol, name, client, server, port, unit, outcome) that had their first event.
    pub(crate) seen: hashbrown::HashSet<u64, rustc_hash::FxBuildHasher>,
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
        self.seen.len() < crate::events::MAX_SEEN && self.seen.insert(hash)
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
