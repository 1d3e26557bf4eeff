//! The groups of one rule (in one part): who is in the window, in order of time, and what is measured of it.
//!
//! All events of all groups stand in one log, oldest first; those of a group are linked. So an event costs
//! the same however large the window is, the oldest is at hand when a bound is met, and nothing is searched.

use super::Limits;
use super::key::{self, LIST_MAX};
use super::measure::{Ranked, Sum};
use super::order::{Latest, Order};
use super::plan::{Mode, Plan};
use super::rule::Kind;
use super::values::Values;
use hashbrown::HashTable;
use sentinel_wire::model::Micros;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

mod judge;
mod log;
mod store;

pub(super) use judge::Verdict;

const NONE: u32 = u32::MAX;

/// Bytes an allocation takes: the allocator's header, rounded up (glibc: 16, at least 32).
pub(super) fn heap(bytes: usize) -> usize {
    if bytes == 0 { 0 } else { bytes.saturating_add(8).next_multiple_of(16).max(32) }
}

/// Bounds of one table: the rule's, divided by its parts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub groups: usize,
    pub entries: usize,
    pub per_group: usize,
    pub witnesses: usize,
}

impl Bounds {
    pub fn new(limits: &Limits) -> Bounds {
        let parts = key::parts(limits);
        let entries = (limits.entries / parts).clamp(1, NONE as usize / 4);
        Bounds {
            groups: (limits.groups / parts).clamp(1, NONE as usize / 4),
            entries,
            per_group: limits.entries_per_group.clamp(1, entries),
            witnesses: limits.witnesses.max(1),
        }
    }
}

/// What an event brings to the window of a group.
#[derive(Clone, Copy, Debug)]
pub(super) enum Brings<'a> {
    /// Itself.
    One,
    /// Values to tell apart, in their one form.
    Values(&'a [Vec<u8>]),
    /// Numbers.
    Numbers(&'a [f64]),
}

/// One event that matched.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hit<'a> {
    pub key: &'a [u8],
    pub hash: u64,
    /// A bit for each value of the key that was a number.
    pub numbers: u32,
    /// A bit for each rule of the correlation it matched.
    pub mask: u64,
    pub time: Micros,
    pub id: u128,
    pub brings: Brings<'a>,
}

/// An event in a window.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Entry {
    time: Micros,
    id: [u64; 2],
    mask: u64,
    /// Index of a value, or bits of a number.
    value: u64,
    slot: u32,
    born: u32,
    /// Distance to the group's next entry; 0 if there is none.
    next: u32,
}

/// What is measured of a group beside the number of entries.
#[derive(Debug, Serialize, Deserialize)]
enum Measure {
    Nothing,
    Distinct(u32),
    Sum(Box<Sum>),
    Ranked(Box<Ranked>),
    Latest(Latest),
    Order(Box<Order>),
}

#[derive(Debug, Serialize, Deserialize)]
struct Group {
    key: Box<[u8]>,
    hash: u64,
    numbers: u32,
    /// Which of the groups that had this slot it is; odd while it lives.
    born: u32,
    /// Neighbours in order of last use.
    newer: u32,
    older: u32,
    used: Micros,
    /// Time of the last firing.
    fired: Micros,
    /// The condition was false since, so that it may fire again at once.
    armed: bool,
    /// Newest of its entries that was dropped under a bound.
    lost: Micros,
    count: u32,
    head: u64,
    tail: u64,
    measure: Measure,
}

/// The groups of one rule in one part.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Table {
    groups: Vec<Group>,
    free: Vec<u32>,
    newest: u32,
    oldest: u32,
    log: VecDeque<Entry>,
    /// Number of the log's first entry.
    base: u64,
    /// Entries of the log that belong to a group.
    held: usize,
    /// Windows that were opened, or began to be watched: time, slot, born.
    opens: VecDeque<(Micros, u32, u32)>,
    values: Values,
    /// Newest use of a group that was evicted.
    lost: Micros,
    pub evicted: u64,
    pub dropped: u64,
    /// Losses not yet reported.
    pub unreported: u64,
    #[serde(skip)]
    index: HashTable<u32>,
}

impl Default for Table {
    fn default() -> Table {
        Table {
            groups: Vec::new(),
            free: Vec::new(),
            newest: NONE,
            oldest: NONE,
            log: VecDeque::new(),
            base: 0,
            held: 0,
            opens: VecDeque::new(),
            values: Values::default(),
            lost: Micros::MIN,
            evicted: 0,
            dropped: 0,
            unreported: 0,
            index: HashTable::new(),
        }
    }
}

impl Table {
    fn group(&self, slot: u32) -> Option<&Group> {
        self.groups.get(slot as usize)
    }
    fn group_mut(&mut self, slot: u32) -> Option<&mut Group> {
        self.groups.get_mut(slot as usize)
    }
    /// Groups and entries that are held.
    pub fn len(&self) -> (usize, usize) {
        (self.index.len(), self.held)
    }
    /// Key of a group and which of its values were numbers.
    pub fn key(&self, slot: u32) -> (&[u8], u32) {
        self.group(slot).map_or((&[], 0), |g| (&g.key, g.numbers))
    }
    pub fn is_empty(&self, slot: u32) -> bool {
        self.group(slot).is_none_or(|g| g.count == 0)
    }

    /// Takes an event in; gives the slot of its group.
    pub fn take(&mut self, plan: &Plan, bounds: &Bounds, hit: &Hit<'_>) -> u32 {
        self.expire(plan, hit.time);
        let slot = self.slot(plan, bounds, hit);
        let from = match plan.mode {
            Mode::Window => Micros::MIN,
            Mode::Rising | Mode::Absence => hit.time.saturating_sub(plan.span),
        };
        match self.group_mut(slot).map(|g| &mut g.measure) {
            Some(Measure::Latest(l)) => l.note(hit.mask, hit.time, hit.id),
            Some(Measure::Order(o)) => o.note(&plan.chains, hit.mask, hit.time, hit.id, from),
            _ => {}
        }
        if !plan.kind.temporal() || plan.mode == Mode::Absence {
            match hit.brings {
                Brings::One => self.push(slot, hit, 0),
                Brings::Values(list) => {
                    for v in list.iter().take(LIST_MAX) {
                        let value = self.values.add(v, slot, self.group(slot).map_or(0, |g| g.born));
                        if let Some(Measure::Distinct(n)) = self.group_mut(slot).map(|g| &mut g.measure) {
                            *n += u32::from(value.first);
                        }
                        self.push(slot, hit, u64::from(value.index));
                    }
                }
                Brings::Numbers(list) => {
                    for v in list.iter().take(LIST_MAX) {
                        match self.group_mut(slot).map(|g| &mut g.measure) {
                            Some(Measure::Sum(s)) => s.add(*v),
                            Some(Measure::Ranked(r)) => r.insert(*v),
                            _ => {}
                        }
                        self.push(slot, hit, v.to_bits());
                    }
                }
            }
            while self.group(slot).is_some_and(|g| g.count as usize > bounds.per_group) {
                self.drop_head(plan, slot);
            }
            while self.held > bounds.entries {
                self.drop_front(plan);
            }
            // Entries dropped from the middle, or of groups that are gone, wait in the log for their turn.
            if self.log.len() > 2 * self.held + 1024 {
                self.compact();
            }
        }
        slot
    }

    /// Begins to watch a group that no event made: `absence` without `group-by`.
    pub fn watch(&mut self, plan: &Plan, bounds: &Bounds, time: Micros) {
        let hash = key::hash(&[]);
        let hit = Hit { key: &[], hash, numbers: 0, mask: 0, time, id: 0, brings: Brings::One };
        let slot = self.slot(plan, bounds, &hit);
        let born = self.group(slot).map_or(0, |g| g.born);
        self.opens.push_back((time, slot, born));
    }

    fn slot(&mut self, plan: &Plan, bounds: &Bounds, hit: &Hit<'_>) -> u32 {
        let groups = &self.groups;
        let found = self
            .index
            .find(hit.hash, |s| groups.get(*s as usize).is_some_and(|g| *g.key == *hit.key))
            .copied();
        if let Some(slot) = found {
            self.unlink(slot);
            self.link(slot, hit.time);
            return slot;
        }
        if self.index.len() >= bounds.groups && self.oldest != NONE {
            let oldest = self.oldest;
            self.lost = self.lost.max(self.group(oldest).map_or(Micros::MIN, |g| g.used));
            self.evicted += 1;
            self.unreported += 1;
            self.remove(oldest);
        }
        let mut fresh = Group {
            key: hit.key.into(),
            hash: hit.hash,
            numbers: hit.numbers,
            born: 1,
            newer: NONE,
            older: NONE,
            used: hit.time,
            fired: Micros::MIN,
            armed: true,
            lost: Micros::MIN,
            count: 0,
            head: 0,
            tail: 0,
            measure: measure(plan),
        };
        let slot = match self.free.pop() {
            Some(slot) => {
                if let Some(g) = self.group_mut(slot) {
                    fresh.born = g.born.wrapping_add(1);
                    *g = fresh;
                }
                slot
            }
            None => {
                self.groups.push(fresh);
                (self.groups.len() - 1) as u32
            }
        };
        let groups = &self.groups;
        self.index.insert_unique(hit.hash, slot, |s| groups.get(*s as usize).map_or(0, |g| g.hash));
        self.link(slot, hit.time);
        if plan.mode == Mode::Window {
            let born = self.group(slot).map_or(0, |g| g.born);
            self.opens.push_back((hit.time, slot, born));
            // Windows of groups that were evicted meanwhile.
            if self.opens.len() > 2 * self.index.len() + 1024 {
                let groups = &self.groups;
                self.opens.retain(|(_, s, b)| groups.get(*s as usize).is_some_and(|g| g.born == *b));
            }
        }
        slot
    }

    fn link(&mut self, slot: u32, time: Micros) {
        let newest = self.newest;
        if let Some(g) = self.group_mut(slot) {
            (g.newer, g.older, g.used) = (NONE, newest, time);
        }
        match self.group_mut(newest) {
            Some(g) => g.newer = slot,
            None => self.oldest = slot,
        }
        self.newest = slot;
    }

    fn unlink(&mut self, slot: u32) {
        let Some((newer, older)) = self.group(slot).map(|g| (g.newer, g.older)) else { return };
        match self.group_mut(newer) {
            Some(g) => g.older = older,
            None => self.newest = older,
        }
        match self.group_mut(older) {
            Some(g) => g.newer = newer,
            None => self.oldest = newer,
        }
    }

    /// Forgets a group. Its entries stay in the log and belong to nobody.
    pub fn remove(&mut self, slot: u32) {
        let Some((hash, count)) = self.group(slot).map(|g| (g.hash, g.count)) else { return };
        if let Ok(found) = self.index.find_entry(hash, |s| *s == slot) {
            found.remove();
        }
        self.unlink(slot);
        self.held = self.held.saturating_sub(count as usize);
        if let Some(g) = self.group_mut(slot) {
            g.key = Box::default();
            g.measure = Measure::Nothing;
            g.count = 0;
            g.born = g.born.wrapping_add(1);
        }
        self.free.push(slot);
    }

    /// When the next window ends that has to be judged.
    pub fn due(&self, plan: &Plan) -> Option<Micros> {
        let open = self.opens.front().map(|o| o.0);
        let entry = self.log.front().filter(|_| plan.mode == Mode::Absence).map(|e| e.time);
        let first = open.into_iter().chain(entry).min()?;
        Some(first.saturating_add(plan.span))
    }

    /// Windows that end at `due`: slots of their groups, each once. In `absence` what leaves then is gone.
    pub fn ended(&mut self, plan: &Plan, due: Micros, out: &mut Vec<u32>) {
        let is = |t: Micros| t.saturating_add(plan.span) <= due;
        while let Some((_, slot, born)) = self.opens.pop_front_if(|o| is(o.0)) {
            if self.group(slot).is_some_and(|g| g.born == born) {
                out.push(slot);
            }
        }
        if plan.mode == Mode::Absence {
            while self.log.front().is_some_and(|e| is(e.time)) {
                let Some(e) = self.pop(plan) else { break };
                if self.group(e.slot).is_some_and(|g| g.born == e.born) {
                    out.push(e.slot);
                }
            }
        }
        out.sort_unstable();
        out.dedup();
    }
}

fn measure(plan: &Plan) -> Measure {
    match plan.kind {
        Kind::EventCount => Measure::Nothing,
        Kind::ValueCount => Measure::Distinct(0),
        Kind::ValueSum | Kind::ValueAvg => Measure::Sum(Box::default()),
        Kind::ValuePercentile | Kind::ValueMedian => Measure::Ranked(Box::default()),
        Kind::Temporal => Measure::Latest(Latest::new(plan.slots.len())),
        Kind::TemporalOrdered => Measure::Order(Box::new(Order::new(plan.slots.len(), &plan.chains))),
    }
}

/// Bytes of a group and of an entry by themselves, for what the docs state.
pub(super) const SIZES: (usize, usize) = (size_of::<Group>(), size_of::<Entry>());
