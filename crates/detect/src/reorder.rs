//! Events put in the order of event time, as far as a bounded lateness allows.

use crate::event::Event;
use sentinel_wire::model::Micros;
use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

/// Events held at most; beyond it the oldest is let go early and counted.
pub const MAX_HELD: usize = 1 << 18;

/// Order of events: time, place in the source, identity. The same whatever the batches.
struct Held(Event);

impl Held {
    fn key(&self) -> (Micros, (u64, u32), u128) {
        (self.0.time, self.0.order, self.0.id)
    }
}
impl PartialEq for Held {
    fn eq(&self, other: &Held) -> bool {
        self.key() == other.key()
    }
}
impl Eq for Held {}
impl PartialOrd for Held {
    fn partial_cmp(&self, other: &Held) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Held {
    fn cmp(&self, other: &Held) -> Ordering {
        self.key().cmp(&other.key())
    }
}

/// Holds events until nothing earlier is to be expected.
pub struct Reorder {
    held: BinaryHeap<Reverse<Held>>,
    lateness: Micros,
    /// The newest time seen.
    newest: Micros,
    /// Events that came after their time had passed; they are let through at once.
    pub late: u64,
    /// Events let go early because too many were held.
    pub crowded: u64,
}

impl Reorder {
    pub fn new(lateness: Micros) -> Reorder {
        Reorder { held: BinaryHeap::new(), lateness, newest: Micros::MIN, late: 0, crowded: 0 }
    }

    /// Nothing earlier than this is to be expected.
    pub fn watermark(&self) -> Micros {
        self.newest.saturating_sub(self.lateness)
    }

    pub fn push(&mut self, event: Event) {
        if event.time < self.watermark() {
            self.late = self.late.saturating_add(1);
        }
        self.newest = self.newest.max(event.time);
        self.held.push(Reverse(Held(event)));
    }

    /// The next event whose time has come.
    pub fn pop(&mut self) -> Option<Event> {
        let crowded = self.held.len() > MAX_HELD;
        let ripe = self.held.peek()?.0.0.time < self.watermark();
        if crowded && !ripe {
            self.crowded = self.crowded.saturating_add(1);
        }
        if ripe || crowded { self.held.pop().map(|h| h.0.0) } else { None }
    }

    /// The next event, ripe or not.
    pub fn drain(&mut self) -> Option<Event> {
        self.held.pop().map(|h| h.0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(time: Micros, order: u64) -> Event {
        Event { time, order: (order, 0), ..Event::default() }
    }

    #[test]
    fn events_come_in_order_of_time_then_place() {
        let mut r = Reorder::new(10);
        for (time, order) in [(100, 1), (95, 2), (95, 0), (111, 3)] {
            r.push(event(time, order));
        }
        let mut got = Vec::new();
        while let Some(e) = r.pop() {
            got.push((e.time, e.order.0));
        }
        assert_eq!(got, [(95, 0), (95, 2), (100, 1)]);
        assert_eq!(r.late, 0);
        r.push(event(1, 9));
        assert_eq!((r.late, r.pop().map(|e| e.time), r.drain().map(|e| e.time)), (1, Some(1), Some(111)));
    }

    #[test]
    fn what_is_held_is_bounded() {
        let mut r = Reorder::new(i64::MAX);
        for n in 0..=MAX_HELD {
            r.push(event(n as i64, 0));
        }
        assert_eq!(r.pop().map(|e| e.time), Some(0));
        assert_eq!((r.pop(), r.crowded), (None, 1));
    }
}
