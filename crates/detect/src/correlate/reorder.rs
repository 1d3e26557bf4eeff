//! Puts events in order of (time, id) when they come a little out of order.

use sentinel_wire::model::Micros;
use std::cmp::{Ordering, Reverse};
use std::collections::{BinaryHeap, VecDeque};

/// Events that say they come from far ahead, held back until it is known whether the clock really jumped.
const JUMP: usize = 8;

/// What became of an event that was pushed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pushed<T> {
    /// It waits for its turn.
    Taken,
    /// It is older than what was already given out: it has no place in the order any more.
    Late(T),
}

/// What a buffer counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReorderCounters {
    /// Events that were too late and given back.
    pub late: u64,
    /// Events whose time was moved back because they came alone from the future.
    pub clamped: u64,
    /// Events given out before their time because the buffer was full.
    pub forced: u64,
}

#[derive(Debug)]
struct Held<T> {
    key: (Micros, u128, u64),
    item: T,
}

impl<T> PartialEq for Held<T> {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}
impl<T> Eq for Held<T> {}
impl<T> PartialOrd for Held<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl<T> Ord for Held<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key.cmp(&other.key)
    }
}

/// Reorder buffer by event time.
///
/// The watermark is the newest time seen less the `lateness`: an event older than it is late, all others come out in
/// order of (time, id) once the watermark has passed them. An event more than `ahead` after the newest time is
/// from the future: alone it does not move the clock, and its time is moved back to the newest; if eight come in a
/// row, or nothing contradicts them before the end, the clock jumped. What comes out depends on
/// what went in, not on when it is taken out.
#[derive(Debug)]
pub struct Reorder<T> {
    lateness: Micros,
    ahead: Micros,
    capacity: usize,
    newest: Option<Micros>,
    /// Nothing older than this is taken any more.
    floor: Micros,
    seq: u64,
    held: BinaryHeap<Reverse<Held<T>>>,
    jumped: Vec<(Micros, u128, T)>,
    ripe: VecDeque<(Micros, u128, T)>,
    counters: ReorderCounters,
}

impl<T> Reorder<T> {
    /// Times in microseconds; at most `capacity` events are held.
    pub fn new(lateness: Micros, ahead: Micros, capacity: usize) -> Reorder<T> {
        Reorder {
            lateness: lateness.max(0),
            ahead: ahead.max(0),
            capacity: capacity.max(1),
            newest: None,
            floor: Micros::MIN,
            seq: 0,
            held: BinaryHeap::new(),
            jumped: Vec::new(),
            ripe: VecDeque::new(),
            counters: ReorderCounters::default(),
        }
    }

    /// Takes an event, or gives it back if it is too late.
    pub fn push(&mut self, time: Micros, id: u128, item: T) -> Pushed<T> {
        let newest = *self.newest.get_or_insert(time);
        if time > newest.saturating_add(self.ahead) {
            self.jumped.push((time, id, item));
            if self.jumped.len() >= JUMP {
                self.accept_jump();
            }
            return Pushed::Taken;
        }
        // An event of the present contradicts those of the future.
        for (_, id, item) in std::mem::take(&mut self.jumped) {
            self.counters.clamped += 1;
            self.hold(newest, id, item);
        }
        if time < self.floor {
            self.counters.late += 1;
            return Pushed::Late(item);
        }
        self.newest = Some(newest.max(time));
        self.hold(time, id, item);
        self.ripen();
        Pushed::Taken
    }

    fn accept_jump(&mut self) {
        for (time, id, item) in std::mem::take(&mut self.jumped) {
            self.newest = Some(self.newest.map_or(time, |n| n.max(time)));
            self.hold(time, id, item);
        }
        self.ripen();
    }

    fn hold(&mut self, time: Micros, id: u128, item: T) {
        self.held.push(Reverse(Held { key: (time, id, self.seq), item }));
        self.seq += 1;
    }

    /// The clock goes on without an event (a live port at rest).
    pub fn tick(&mut self, now: Micros) {
        if self.newest.is_some_and(|n| n < now) {
            self.newest = Some(now);
            self.ripen();
        }
    }

    fn ripen(&mut self) {
        let Some(newest) = self.newest else { return };
        self.floor = self.floor.max(newest.saturating_sub(self.lateness));
        while let Some(Reverse(first)) = self.held.peek() {
            let full = self.held.len() > self.capacity;
            if first.key.0 >= self.floor && !full {
                break;
            }
            if full && first.key.0 >= self.floor {
                self.counters.forced += 1;
                self.floor = first.key.0;
            }
            if let Some(Reverse(h)) = self.held.pop() {
                self.ripe.push_back((h.key.0, h.key.1, h.item));
            }
        }
    }

    /// The next event in order, with the time it is ordered by.
    pub fn pop(&mut self) -> Option<(Micros, u128, T)> {
        self.ripe.pop_front()
    }

    /// No event before this time will come out any more, once `pop` gave all it has.
    pub fn watermark(&self) -> Micros {
        self.floor
    }

    /// Nothing more will come: all that is held is ripe.
    pub fn finish(&mut self) {
        self.accept_jump();
        while let Some(Reverse(h)) = self.held.pop() {
            self.floor = self.floor.max(h.key.0);
            self.ripe.push_back((h.key.0, h.key.1, h.item));
        }
    }

    /// Events inside, ripe ones too.
    pub fn len(&self) -> usize {
        self.held.len() + self.jumped.len() + self.ripe.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn counters(&self) -> ReorderCounters {
        self.counters
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drain(r: &mut Reorder<u32>) -> Vec<(Micros, u128, u32)> {
        std::iter::from_fn(|| r.pop()).collect()
    }

    #[test]
    fn events_come_out_by_time_then_id() {
        let mut r = Reorder::new(10, 1_000, 100);
        for (t, id) in [(5, 2), (3, 9), (5, 1), (20, 0)] {
            assert_eq!(r.push(t, id, t as u32), Pushed::Taken);
        }
        assert_eq!(r.watermark(), 10);
        assert_eq!(drain(&mut r), [(3, 9, 3), (5, 1, 5), (5, 2, 5)]);
        r.finish();
        assert_eq!(drain(&mut r), [(20, 0, 20)]);
        assert!(r.is_empty());
    }

    #[test]
    fn lateness_is_bounded_and_counted() {
        let mut r = Reorder::new(10, 1_000, 100);
        r.push(20, 0, 0);
        assert_eq!(r.push(10, 0, 1), Pushed::Taken, "at the bound is in time");
        assert_eq!(r.push(9, 0, 2), Pushed::Late(2));
        assert_eq!(r.counters().late, 1);
    }

    #[test]
    fn one_event_from_the_future_does_not_move_the_clock() {
        let mut r = Reorder::new(10, 100, 100);
        r.push(1, 0, 1);
        r.push(1_000_000, 0, 2);
        r.push(2, 0, 3);
        r.push(50, 1, 4);
        r.finish();
        assert_eq!(drain(&mut r), [(1, 0, 1), (1, 0, 2), (2, 0, 3), (50, 1, 4)]);
        assert_eq!(r.counters().clamped, 1);
        assert_eq!(r.counters().late, 0);
    }

    #[test]
    fn a_real_jump_is_accepted() {
        let mut r = Reorder::new(10, 100, 100);
        r.push(1, 0, 1);
        for i in 0..8 {
            r.push(1_000_000 + i, 0, 2);
        }
        assert_eq!(r.watermark(), 1_000_007 - 10);
        let mut last = Reorder::new(10, 100, 100);
        last.push(1, 0, 1);
        last.push(1_000_000, 0, 2);
        last.finish();
        assert_eq!(drain(&mut last), [(1, 0, 1), (1_000_000, 0, 2)], "nothing contradicted it");
    }

    #[test]
    fn the_buffer_is_bounded() {
        let mut r = Reorder::new(1_000_000, 1_000_000, 3);
        for t in [5, 4, 3, 2, 1] {
            r.push(t, 0, t as u32);
        }
        assert_eq!(r.counters().forced, 1, "2 was given out");
        assert_eq!(r.counters().late, 1, "so 1 is late");
        assert!(r.len() <= 4);
        r.tick(2_000_000);
        assert_eq!(drain(&mut r).len(), 4);
    }
}
