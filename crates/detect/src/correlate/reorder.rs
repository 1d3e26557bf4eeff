//! Puts events in order of (time, id) when they come a little out of order.

use sentinel_wire::model::Micros;
use serde::{Deserialize, Serialize};
use std::cmp::{Ordering, Reverse};
use std::collections::{BinaryHeap, VecDeque};

/// Events that say they come from far ahead, held back until it is known whether the clock really jumped.
const JUMP: usize = 8;
/// Longest time between two looks at a clock that counts as time that passed: more, or less than none, says
/// that the clock was set or that nobody looked.
const STEP: Micros = 90_000_000;

/// What became of an event that was pushed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pushed<T> {
    /// It waits for its turn.
    Taken,
    /// It is older than what was already given out: it has no place in the order any more.
    Late(T),
}

/// What a buffer counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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
    /// Events that came in order: most of them, and no heap has to be kept for them.
    run: VecDeque<Held<T>>,
    /// The others.
    held: BinaryHeap<Reverse<Held<T>>>,
    jumped: Vec<(Micros, u128, T)>,
    ripe: VecDeque<(Micros, u128, T)>,
    counters: ReorderCounters,
    /// A clock outside when it was looked at last, and the newest time then.
    looked: Option<(Micros, Micros)>,
    /// Time that passed outside since the first of `jumped` came.
    waited: Micros,
}

/// All that a buffer holds but its bounds, with its items as `T`.
#[derive(Debug, PartialEq)]
pub struct Saved<T> {
    pub clocks: Clocks,
    /// Time, id and serial of each, in order.
    pub held: Vec<((Micros, u128, u64), T)>,
    pub jumped: Vec<(Micros, u128, T)>,
    pub ripe: Vec<(Micros, u128, T)>,
}

/// Where a buffer stands in time, and what it counted.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Clocks {
    newest: Option<Micros>,
    floor: Micros,
    seq: u64,
    counters: ReorderCounters,
    looked: Option<(Micros, Micros)>,
    waited: Micros,
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
            run: VecDeque::new(),
            held: BinaryHeap::new(),
            jumped: Vec::new(),
            ripe: VecDeque::new(),
            counters: ReorderCounters::default(),
            looked: None,
            waited: 0,
        }
    }

    /// What it holds, to go on later with [`Reorder::load`].
    pub fn save(&self) -> Saved<&T> {
        let both = self.run.iter().chain(self.held.iter().map(|Reverse(h)| h));
        let mut held: Vec<_> = both.map(|h| (h.key, &h.item)).collect();
        held.sort_unstable_by_key(|h| h.0);
        Saved {
            clocks: Clocks {
                newest: self.newest,
                floor: self.floor,
                seq: self.seq,
                counters: self.counters,
                looked: self.looked,
                waited: self.waited,
            },
            held,
            jumped: self.jumped.iter().map(|(time, id, item)| (*time, *id, item)).collect(),
            ripe: self.ripe.iter().map(|(time, id, item)| (*time, *id, item)).collect(),
        }
    }

    /// Goes on where another buffer was saved; the bounds are those of this one.
    pub fn load(&mut self, saved: Saved<T>) {
        let Clocks { newest, floor, seq, counters, looked, waited } = saved.clocks;
        (self.newest, self.floor, self.seq, self.counters) = (newest, floor, seq, counters);
        (self.looked, self.waited) = (looked, waited);
        self.held.clear();
        self.run = saved.held.into_iter().map(|(key, item)| Held { key, item }).collect();
        self.run.make_contiguous().sort_unstable();
        self.jumped = saved.jumped;
        self.ripe = saved.ripe.into();
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
        self.waited = 0;
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
        self.waited = 0;
        for (time, id, item) in std::mem::take(&mut self.jumped) {
            self.newest = Some(self.newest.map_or(time, |n| n.max(time)));
            self.hold(time, id, item);
        }
        self.ripen();
    }

    fn hold(&mut self, time: Micros, id: u128, item: T) {
        let new = Held { key: (time, id, self.seq), item };
        self.seq += 1;
        if self.run.back().is_none_or(|last| last.key < new.key) {
            self.run.push_back(new);
        } else {
            self.held.push(Reverse(new));
        }
    }

    /// The key of the first of all that are held.
    fn first(&self) -> Option<(Micros, u128, u64)> {
        let (run, held) = (self.run.front().map(|h| h.key), self.held.peek().map(|Reverse(h)| h.key));
        match (run, held) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (one, other) => one.or(other),
        }
    }

    /// Takes it.
    fn take(&mut self) -> Option<Held<T>> {
        let next = self.held.peek().map(|Reverse(h)| h.key);
        if self.run.front().is_some_and(|h| next.is_none_or(|n| h.key < n)) {
            return self.run.pop_front();
        }
        self.held.pop().map(|Reverse(h)| h)
    }

    /// Time passes without an event (a live port at rest): `now` is a clock outside, looked at every second or so.
    /// Gives whether event time moved.
    ///
    /// What counts is how far that clock went since the last look, not what it shows: it may be ahead of the
    /// sources' clocks or behind them. Nothing moves if there was a newer event in between, which says more, or if
    /// the clock went back or by more than 90 s: then it was set, or nobody looked. Events from the future that
    /// nothing contradicts while `lateness` passes are believed.
    pub fn pass(&mut self, now: Micros) -> bool {
        let Some(newest) = self.newest else { return false };
        let step = match self.looked {
            Some((clock, then)) if then == newest => now.saturating_sub(clock),
            _ => 0,
        };
        let moved = (1..=STEP).contains(&step);
        let newest = if moved { newest.saturating_add(step) } else { newest };
        (self.newest, self.looked) = (Some(newest), Some((now, newest)));
        if moved {
            if !self.jumped.is_empty() {
                self.waited = self.waited.saturating_add(step);
                if self.waited > self.lateness {
                    self.accept_jump();
                }
            }
            self.ripen();
        }
        moved
    }

    fn ripen(&mut self) {
        let Some(newest) = self.newest else { return };
        self.floor = self.floor.max(newest.saturating_sub(self.lateness));
        while let Some((time, ..)) = self.first() {
            let full = self.run.len() + self.held.len() > self.capacity;
            if time >= self.floor && !full {
                break;
            }
            if full && time >= self.floor {
                self.counters.forced += 1;
                self.floor = time;
            }
            if let Some(h) = self.take() {
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
        while let Some(h) = self.take() {
            self.floor = self.floor.max(h.key.0);
            self.ripe.push_back((h.key.0, h.key.1, h.item));
        }
    }

    /// Events inside, ripe ones too.
    pub fn len(&self) -> usize {
        self.run.len() + self.held.len() + self.jumped.len() + self.ripe.len()
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
    use proptest::prelude::*;

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
        r.pass(0);
        assert!(r.pass(2_000_000));
        assert_eq!(drain(&mut r).len(), 4);
    }

    #[test]
    fn time_passes_by_what_a_clock_went() {
        let mut r = Reorder::new(10, 1_000, 100);
        assert!(!r.pass(7_000), "no event yet");
        r.push(1_000, 0, 1);
        assert!(!r.pass(50_000), "the first look");
        assert!(r.pass(50_005));
        assert_eq!(r.watermark(), 995);
        assert!(r.pass(50_011), "however far ahead the clock is");
        assert_eq!(drain(&mut r), [(1_000, 0, 1)]);
        for now in [40_000, 40_000, STEP + 40_001, 0] {
            assert!(!r.pass(now), "set back, at rest, or set forward: {now}");
            assert_eq!(r.watermark(), 1_001);
        }
        r.push(1_020, 0, 2);
        assert!(!r.pass(5), "an event says more");
        assert!(r.pass(6));
        assert_eq!(r.watermark(), 1_011);
    }

    #[test]
    fn events_from_the_future_are_believed_when_nothing_contradicts_them() {
        let mut r = Reorder::new(10, 100, 100);
        r.push(1, 0, 1);
        r.push(1_000_000, 0, 2);
        (0..=11).for_each(|now| {
            r.pass(now);
        });
        assert_eq!((r.watermark(), drain(&mut r)), (999_990, vec![(1, 0, 1)]));
        assert_eq!(r.counters().clamped, 0);
    }

    proptest! {
        #[test]
        fn goes_on_from_what_was_saved(
            steps in prop::collection::vec((0i64..4_000, 0u128..3, any::<bool>()), 1..200), at in 0usize..200,
        ) {
            let (mut one, mut other) = (Reorder::new(300, 1_500, 20), Reorder::new(300, 1_500, 20));
            let (mut got, mut same) = (Vec::new(), Vec::new());
            for (i, (time, id, passes)) in steps.into_iter().enumerate() {
                if i == at {
                    let Saved { clocks, held, jumped, ripe } = other.save();
                    let held = held.into_iter().map(|(key, item)| (key, *item)).collect();
                    let plain = |list: Vec<(Micros, u128, &u32)>| list.into_iter().map(|(t, i, v)| (t, i, *v)).collect();
                    let saved = Saved { clocks, held, jumped: plain(jumped), ripe: plain(ripe) };
                    other = Reorder::new(300, 1_500, 20);
                    other.load(saved);
                }
                for (r, out) in [(&mut one, &mut got), (&mut other, &mut same)] {
                    if passes {
                        r.pass(time);
                    }
                    out.push(r.push(time, id, i as u32));
                }
                if id == 0 {
                    prop_assert_eq!(drain(&mut one), drain(&mut other));
                }
            }
            one.finish();
            other.finish();
            prop_assert_eq!(drain(&mut one), drain(&mut other));
            prop_assert_eq!((got, one.counters()), (same, other.counters()));
        }
    }
}
