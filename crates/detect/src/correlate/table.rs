//! The groups of one rule (in one part): who is in the window, in order of time, and what is measured of it.
//!
//! All events of all groups stand in one log, oldest first; those of a group are linked. So an event costs
//! the same however large the window is, the oldest is at hand when a bound is met, and nothing is searched.

use super::key::{self, LIST_MAX};
use super::measure::{Ranked, Sum};
use super::order::{self, Latest, Order};
use super::plan::{Mode, Plan, Test};
use super::rule::Kind;
use super::values::Values;
use super::{Limits, Witness};
use hashbrown::HashTable;
use sentinel_wire::model::Micros;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

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

/// What a judgement of a group says.
#[derive(Debug)]
pub(super) struct Verdict {
    pub value: f64,
    pub witnesses: Vec<Witness>,
    pub first: Option<Micros>,
    pub last: Option<Micros>,
    pub lossy: bool,
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

    fn push(&mut self, slot: u32, hit: &Hit<'_>, value: u64) {
        let seq = self.base + self.log.len() as u64;
        let Some(g) = self.groups.get_mut(slot as usize) else { return };
        if g.count == 0 {
            g.head = seq;
        } else if let Some(last) = g.tail.checked_sub(self.base).and_then(|i| self.log.get_mut(i as usize)) {
            last.next = u32::try_from(seq - g.tail).unwrap_or(0);
        }
        g.tail = seq;
        g.count += 1;
        self.held += 1;
        let id = [(hit.id >> 64) as u64, hit.id as u64];
        self.log.push_back(Entry { time: hit.time, id, mask: hit.mask, value, slot, born: g.born, next: 0 });
    }

    /// What leaves the window of a living group is taken out of its measures.
    fn release(&mut self, plan: &Plan, e: &Entry) {
        let first = plan.kind == Kind::ValueCount && self.values.remove(e.value as u32, e.slot, e.born);
        let next = u64::from(e.next);
        let Some(g) = self.groups.get_mut(e.slot as usize).filter(|g| g.born == e.born) else { return };
        g.count = g.count.saturating_sub(1);
        g.head += next;
        self.held = self.held.saturating_sub(1);
        match &mut g.measure {
            Measure::Distinct(n) => *n = n.saturating_sub(u32::from(first)),
            Measure::Sum(s) => s.remove(f64::from_bits(e.value)),
            Measure::Ranked(r) => r.remove(f64::from_bits(e.value)),
            Measure::Nothing | Measure::Latest(_) | Measure::Order(_) => {}
        }
    }

    fn pop(&mut self, plan: &Plan) -> Option<Entry> {
        let e = self.log.pop_front()?;
        self.base += 1;
        if e.slot != NONE {
            self.release(plan, &e);
        }
        Some(e)
    }

    /// Drops the oldest entry of a group, under its bound.
    fn drop_head(&mut self, plan: &Plan, slot: u32) {
        let base = self.base;
        let at = self.group(slot).and_then(|g| g.head.checked_sub(base)).map(|i| i as usize);
        let Some(e) = at.and_then(|i| self.log.get_mut(i)) else { return };
        let gone = *e;
        e.slot = NONE;
        self.release(plan, &gone);
        self.loss(gone.slot, gone.time);
    }

    /// Drops the oldest entry of all.
    fn drop_front(&mut self, plan: &Plan) {
        let held = self.held;
        while self.held == held {
            let Some(e) = self.pop(plan) else { return };
            if self.held < held {
                self.loss(e.slot, e.time);
                // Nothing would ever look at it again.
                if self.is_empty(e.slot) && plan.mode != Mode::Window && !plan.group_by.is_empty() {
                    self.lost = self.lost.max(e.time);
                    self.remove(e.slot);
                }
            }
        }
    }

    fn loss(&mut self, slot: u32, time: Micros) {
        self.dropped += 1;
        self.unreported += 1;
        if let Some(g) = self.group_mut(slot) {
            g.lost = g.lost.max(time);
        }
    }

    /// Writes the log anew without entries that belong to nobody.
    fn compact(&mut self) {
        let old = std::mem::take(&mut self.log);
        self.base += old.len() as u64;
        for g in &mut self.groups {
            g.count = 0;
        }
        for mut e in old {
            let alive = self.groups.get_mut(e.slot as usize).filter(|g| g.born == e.born);
            let Some(g) = alive else {
                if e.slot != NONE {
                    self.values.remove(e.value as u32, e.slot, e.born);
                }
                continue;
            };
            let seq = self.base + self.log.len() as u64;
            if g.count == 0 {
                g.head = seq;
            } else if let Some(last) =
                g.tail.checked_sub(self.base).and_then(|i| self.log.get_mut(i as usize))
            {
                last.next = u32::try_from(seq - g.tail).unwrap_or(0);
            }
            g.tail = seq;
            g.count += 1;
            e.next = 0;
            self.log.push_back(e);
        }
    }

    /// Lets go what is older than any window that ends at `now` or later.
    pub fn expire(&mut self, plan: &Plan, now: Micros) {
        if plan.mode == Mode::Absence {
            return;
        }
        let from = now.saturating_sub(plan.span);
        while self.log.front().is_some_and(|e| e.time < from) {
            let Some(e) = self.pop(plan) else { break };
            let over = plan.mode == Mode::Rising
                && self.group(e.slot).is_some_and(|g| g.born == e.born && g.count == 0);
            if over {
                self.remove(e.slot);
            }
        }
        if plan.kind.temporal() && plan.mode == Mode::Rising {
            while self.group(self.oldest).is_some_and(|g| g.used < from) {
                self.remove(self.oldest);
            }
        }
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

    /// The value that is compared, over the events at `from` or later; whether the condition holds.
    fn holds(&self, plan: &Plan, g: &Group, from: Micros) -> (bool, f64) {
        let value = match &g.measure {
            Measure::Nothing => Some(f64::from(g.count)),
            Measure::Distinct(n) => Some(f64::from(*n)),
            Measure::Sum(s) if plan.kind == Kind::ValueSum => Some(s.value()),
            Measure::Sum(_) if g.count == 0 => None,
            Measure::Sum(s) => Some(s.value() / f64::from(g.count)),
            Measure::Ranked(r) => r.percentile(plan.percentile),
            Measure::Latest(l) => Some(f64::from(l.present(from).count_ones())),
            Measure::Order(o) => match (o.best(&plan.chains, from), &plan.test) {
                (None, Test::Chains) => None,
                (best, _) => Some(best.map_or(0, <[_]>::len) as f64),
            },
        };
        let Some(v) = value else { return (false, 0.0) };
        let holds = match (&plan.test, &g.measure) {
            (Test::Compare(ops), _) => ops.iter().all(|(op, n)| op.holds(v, *n)),
            (Test::Clauses(c), Measure::Latest(l)) => order::any(c, l.present(from)),
            (Test::Clauses(_), _) => false,
            (Test::Chains, _) => true,
        };
        (holds, v)
    }

    /// Judges a group at `time` over its events at `from` or later. It fires if its condition holds and was false
    /// before, or if its last firing is longer ago than the window.
    pub fn judge(
        &mut self,
        plan: &Plan,
        bounds: &Bounds,
        slot: u32,
        time: Micros,
        from: Micros,
    ) -> Option<Verdict> {
        let (holds, value) = self.holds(plan, self.group(slot)?, from);
        let g = self.groups.get_mut(slot as usize)?;
        if !holds {
            g.armed = true;
            return None;
        }
        if !g.armed && time.saturating_sub(g.fired) <= plan.span {
            return None;
        }
        (g.armed, g.fired) = (false, time);
        let lossy = g.lost >= from || self.lost >= from;
        Some(self.witnesses(
            plan,
            bounds,
            slot,
            from,
            Verdict { value, witnesses: Vec::new(), first: None, last: None, lossy },
        ))
    }

    /// Lets a group fire again if its condition is false now.
    pub fn rearm(&mut self, plan: &Plan, slot: u32, from: Micros) {
        if self.group(slot).is_some_and(|g| !self.holds(plan, g, from).0)
            && let Some(g) = self.group_mut(slot)
        {
            g.armed = true;
        }
    }

    fn witnesses(&self, plan: &Plan, bounds: &Bounds, slot: u32, from: Micros, mut v: Verdict) -> Verdict {
        let Some(g) = self.group(slot) else { return v };
        let handle = |slot: u32| plan.slots.get(slot as usize).map_or(0, |s| s.rule);
        match &g.measure {
            Measure::Latest(l) => {
                let mut seen: Vec<_> = l.since(from).collect();
                seen.sort_by_key(|s| (s.time, s.id, s.slot));
                v.first = seen.first().map(|s| s.time);
                v.last = seen.last().map(|s| s.time);
                v.witnesses.extend(seen.iter().map(|s| Witness { rule: handle(s.slot.into()), event: s.id }));
            }
            Measure::Order(o) => {
                let path = o.best(&plan.chains, from).unwrap_or_default();
                v.first = path.first().map(|s| s.time);
                v.last = path.last().map(|s| s.time);
                v.witnesses.extend(path.iter().map(|s| Witness { rule: handle(s.slot.into()), event: s.id }));
            }
            _ => {
                let (mut seq, skip) = (g.head, (g.count as usize).saturating_sub(bounds.witnesses));
                let mut before = None;
                for i in 0..g.count as usize {
                    let Some(e) = seq.checked_sub(self.base).and_then(|i| self.log.get(i as usize)) else {
                        break;
                    };
                    seq += u64::from(e.next);
                    v.first = v.first.or(Some(e.time));
                    v.last = Some(e.time);
                    // Several values of one event are one witness.
                    if i < skip || before == Some(e.id) {
                        continue;
                    }
                    before = Some(e.id);
                    let event = u128::from(e.id[0]) << 64 | u128::from(e.id[1]);
                    let bits = (0..64u32).filter(|b| e.mask >> b & 1 == 1);
                    v.witnesses.extend(bits.map(|b| Witness { rule: handle(b), event }));
                }
            }
        }
        v
    }

    /// Builds what a snapshot leaves out.
    pub fn rebuild(&mut self) {
        self.index = HashTable::new();
        let groups = &self.groups;
        let hash = |s: &u32| groups.get(*s as usize).map_or(0, |g| g.hash);
        for slot in
            (0..groups.len() as u32).filter(|s| groups.get(*s as usize).is_some_and(|g| g.born & 1 == 1))
        {
            self.index.insert_unique(hash(&slot), slot, hash);
        }
        let entries = self.log.iter().filter(|e| e.slot != NONE).map(|e| (e.slot, e.born, e.value as u32));
        self.values.rebuild(entries);
    }

    /// Bytes held, by formula: what each collection has allocated.
    pub fn bytes(&self) -> usize {
        let groups: usize = self
            .groups
            .iter()
            .map(|g| {
                let measure = match &g.measure {
                    Measure::Nothing | Measure::Distinct(_) => 0,
                    Measure::Sum(_) => heap(size_of::<Sum>()),
                    Measure::Ranked(r) => heap(size_of::<Ranked>()) + r.bytes(),
                    Measure::Latest(l) => l.bytes(),
                    Measure::Order(o) => heap(size_of::<Order>()) + o.bytes(),
                };
                heap(g.key.len()) + measure
            })
            .sum();
        heap(self.groups.capacity() * size_of::<Group>())
            + groups
            + heap(self.free.capacity() * 4)
            + heap(self.log.capacity() * size_of::<Entry>())
            + heap(self.opens.capacity() * size_of::<(Micros, u32, u32)>())
            + heap(self.index.allocation_size())
            + self.values.bytes()
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
