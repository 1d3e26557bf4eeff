//! One shard: the tables of the parts it owns, and the clock that ends their windows.

use super::key::{self, Keys, NoFields};
use super::plan::{Mode, Plan, Plans};
use super::table::{Bounds, Brings, Hit, Table, Verdict};
use super::{Fields, Firing, What};
use sentinel_wire::model::{Micros, Val};
use std::borrow::Cow;
use std::sync::Arc;

/// A firing and what decides its place among all others: time, events before ends of windows, the event's
/// place in its batch, children before parents, key of the group.
#[derive(Debug)]
pub(super) struct Out {
    pub order: (Micros, bool, usize, u32, Box<[u8]>),
    pub firing: Firing,
}

/// A rule that has to look at the event: place in the order, slot there, and which child fired, if one did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Work {
    rule: u32,
    slot: u8,
    child: Option<u32>,
}

/// A group that the event belongs to.
#[derive(Clone, Copy, Debug)]
struct Touched {
    /// Place of its key in the scratch buffer.
    key: (usize, usize),
    numbers: u32,
    mask: u64,
    /// Whose values count: the first rule's that matched.
    work: Work,
}

/// When something happens: time, id of the event (0 for a window's end), place in the batch.
#[derive(Clone, Copy, Debug)]
struct Now {
    time: Micros,
    event: Option<u128>,
    place: usize,
}

#[derive(Debug, Default)]
struct Scratch {
    work: Vec<Work>,
    /// Group of each child that fired for this event.
    children: Vec<Vec<(Arc<str>, Val)>>,
    keys: Keys,
    values: Keys,
    bytes: Vec<u8>,
    touched: Vec<Touched>,
    numbers: Vec<f64>,
    texts: Vec<Vec<u8>>,
}

/// One shard of a correlator.
#[derive(Debug)]
pub(super) struct Part {
    index: usize,
    of: usize,
    bounds: Bounds,
    /// Per rule in order, per part of its groups.
    tables: Vec<Vec<Table>>,
    pub now: Micros,
    pub started: bool,
    /// No window ends before this.
    soonest: Micros,
    pub not_numeric: u64,
    pub cut_lists: u64,
    scratch: Scratch,
}

impl Part {
    pub fn new(plans: &Plans, bounds: Bounds, parts: usize, index: usize, of: usize) -> Part {
        let tables = plans.rules.iter().map(|_| (0..parts).map(|_| Table::default()).collect()).collect();
        Part {
            index,
            of,
            bounds,
            tables,
            now: Micros::MIN,
            started: false,
            soonest: Micros::MAX,
            not_numeric: 0,
            cut_lists: 0,
            scratch: Scratch::default(),
        }
    }

    /// True if this shard speaks for a part of the groups.
    pub fn owns(&self, part: usize) -> bool {
        part % self.of == self.index
    }

    pub fn tables(&self, rule: usize) -> &[Table] {
        self.tables.get(rule).map_or(&[], Vec::as_slice)
    }

    /// Takes over the tables of a rule.
    pub fn adopt(&mut self, rule: usize, tables: Vec<Table>) {
        if let Some(t) = self.tables.get_mut(rule) {
            *t = tables;
            self.soonest = Micros::MIN;
        }
    }

    /// The tables that this shard speaks for, by part.
    pub fn give(&self, rule: usize) -> impl Iterator<Item = (usize, &Table)> {
        self.tables(rule).iter().enumerate().filter(|(p, _)| self.owns(*p))
    }

    fn start(&mut self, plans: &Plans, time: Micros) {
        if std::mem::replace(&mut self.started, true) {
            return;
        }
        self.now = time;
        for (rule, plan) in plans.rules.iter().enumerate() {
            self.watch(plan, rule);
        }
    }

    /// A correlation without `group-by` that waits for nothing to happen watches from now on.
    pub fn watch(&mut self, plan: &Plan, rule: usize) {
        if plan.mode != Mode::Absence || !plan.group_by.is_empty() {
            return;
        }
        let tables = self.tables.get_mut(rule).map_or(&mut [] as &mut [_], Vec::as_mut_slice);
        let part = key::hash(&[]) as usize % tables.len().max(1);
        if (plan.shared || part % self.of == self.index)
            && let Some(table) = tables.get_mut(part)
        {
            table.watch(plan, &self.bounds, self.now);
            self.soonest = self.soonest.min(self.now.saturating_add(plan.span));
        }
    }

    /// An event; false if it is older than what was already processed.
    #[expect(
        clippy::too_many_arguments,
        reason = "an event is all of these; a struct would only rename them"
    )]
    pub fn feed<F: Fields>(
        &mut self,
        plans: &Plans,
        place: usize,
        time: Micros,
        id: u128,
        hits: &[u32],
        event: &F,
        out: &mut Vec<Out>,
    ) -> bool {
        self.start(plans, time);
        if time < self.now {
            return false;
        }
        self.clock(plans, time, out);
        self.scratch.work.clear();
        for h in hits {
            let rules = plans.by_handle.get(*h as usize).map_or(&[] as &[_], Vec::as_slice);
            self.scratch.work.extend(rules.iter().map(|(rule, slot)| Work {
                rule: *rule,
                slot: *slot,
                child: None,
            }));
        }
        if !self.scratch.work.is_empty() {
            self.process(plans, Now { time, event: Some(id), place }, Some(event), out);
        }
        true
    }

    /// The clock stands at `time`: all windows that ended before it are judged.
    pub fn advance(&mut self, plans: &Plans, time: Micros, out: &mut Vec<Out>) {
        self.start(plans, time);
        if time <= self.now {
            return;
        }
        self.clock(plans, time, out);
        for (plan, tables) in plans.rules.iter().zip(&mut self.tables) {
            tables.iter_mut().for_each(|t| t.expire(plan, time));
        }
    }

    /// All windows that ended at the time of the last event or before are judged.
    pub fn finish(&mut self, plans: &Plans, out: &mut Vec<Out>) {
        let now = self.now;
        if self.started {
            self.clock(plans, now.saturating_add(1), out);
            self.now = now;
        }
    }

    fn clock(&mut self, plans: &Plans, time: Micros, out: &mut Vec<Out>) {
        while self.soonest < time {
            let mut next: Option<(Micros, usize)> = None;
            for (rule, (plan, tables)) in plans.rules.iter().zip(&self.tables).enumerate() {
                if plan.mode != Mode::Rising
                    && let Some(due) = tables.iter().filter_map(|t| t.due(plan)).min()
                    && next.is_none_or(|n| (due, rule) < n)
                {
                    next = Some((due, rule));
                }
            }
            match next {
                Some((due, rule)) if due < time => self.end(plans, due, rule, out),
                _ => self.soonest = next.map_or(Micros::MAX, |n| n.0),
            }
        }
        self.now = time;
    }

    /// Judges the windows of a rule that end at `due`.
    fn end(&mut self, plans: &Plans, due: Micros, rule: usize, out: &mut Vec<Out>) {
        let (Some(plan), Some(tables)) = (plans.rules.get(rule), self.tables.get_mut(rule)) else { return };
        let mut ended: Vec<(Box<[u8]>, usize, u32)> = Vec::new();
        let mut slots = Vec::new();
        for (part, table) in tables.iter_mut().enumerate() {
            slots.clear();
            table.ended(plan, due, &mut slots);
            ended.extend(slots.iter().map(|s| (table.key(*s).0.into(), part, *s)));
        }
        ended.sort_unstable();
        let opened = due.saturating_sub(plan.span);
        let from = if plan.mode == Mode::Absence { opened.saturating_add(1) } else { opened };
        let now = Now { time: due, event: None, place: 0 };
        for (key, part, slot) in ended {
            let Some(table) = self.tables.get_mut(rule).and_then(|t| t.get_mut(part)) else { continue };
            let numbers = table.key(slot).1;
            let verdict = table.judge(plan, &self.bounds, slot, due, from);
            let over = plan.mode == Mode::Window || (table.is_empty(slot) && !plan.group_by.is_empty());
            if over {
                table.remove(slot);
            }
            if let Some(v) = verdict {
                self.scratch.work.clear();
                self.scratch.children.clear();
                self.fire(plan, rule, part, &key, numbers, now, (opened, v), out);
                self.process::<NoFields>(plans, now, None, out);
            }
        }
    }

    /// Lets every rule look at the event, children before parents, each rule once.
    fn process<F: Fields>(&mut self, plans: &Plans, now: Now, event: Option<&F>, out: &mut Vec<Out>) {
        if now.event.is_some() {
            self.scratch.children.clear();
        }
        let mut done = 0;
        while let Some(rest) = self.scratch.work.get_mut(done..).filter(|r| !r.is_empty()) {
            rest.sort_unstable();
            let rule = rest.first().map_or(0, |w| w.rule);
            let n = rest.iter().take_while(|w| w.rule == rule).count();
            let range = (done, done + n);
            done += n;
            if let Some(plan) = plans.rules.get(rule as usize) {
                self.look(plan, rule as usize, range, now, event, out);
            }
        }
    }

    fn look<F: Fields>(
        &mut self,
        plan: &Plan,
        rule: usize,
        work: (usize, usize),
        now: Now,
        event: Option<&F>,
        out: &mut Vec<Out>,
    ) {
        let s = &mut self.scratch;
        s.bytes.clear();
        s.touched.clear();
        for w in s.work.get(work.0..work.1).unwrap_or_default() {
            let Some(slot) = plan.slots.get(usize::from(w.slot)) else { continue };
            s.keys.build(&slot.keys, &|f| value(&s.children, w.child, event, f));
            // Every shard sees the same keys: one counts.
            self.cut_lists += u64::from(s.keys.cut && self.index == 0);
            for (key, numbers) in s.keys.iter() {
                let same = s.touched.iter_mut().find(|t| s.bytes.get(t.key.0..t.key.1) == Some(key));
                match same {
                    Some(t) => t.mask |= 1 << w.slot,
                    None => {
                        let begin = s.bytes.len();
                        s.bytes.extend_from_slice(key);
                        let key = (begin, s.bytes.len());
                        s.touched.push(Touched { key, numbers, mask: 1 << w.slot, work: *w });
                    }
                }
            }
        }
        if s.touched.len() > 1 {
            let bytes = &s.bytes;
            s.touched.sort_by(|a, b| bytes.get(a.key.0..a.key.1).cmp(&bytes.get(b.key.0..b.key.1)));
        }
        let parts = self.tables.get(rule).map_or(1, Vec::len).max(1);
        for i in 0..self.scratch.touched.len() {
            let Some(t) = self.scratch.touched.get(i).copied() else { break };
            let hash = key::hash(self.scratch.bytes.get(t.key.0..t.key.1).unwrap_or_default());
            let part = hash as usize % parts;
            if !plan.shared && !self.owns(part) {
                continue;
            }
            self.touch(plan, rule, part, hash, t, now, event, out);
        }
    }

    #[expect(clippy::too_many_arguments, reason = "one step of `look`, apart for its length")]
    fn touch<F: Fields>(
        &mut self,
        plan: &Plan,
        rule: usize,
        part: usize,
        hash: u64,
        t: Touched,
        now: Now,
        event: Option<&F>,
        out: &mut Vec<Out>,
    ) {
        let owned = self.owns(part);
        let s = &mut self.scratch;
        let fields = plan.slots.get(usize::from(t.work.slot)).map_or(&[] as &[_], |s| s.values.as_slice());
        let lookup = |f: &str| value(&s.children, t.work.child, event, f);
        let brings = match (plan.kind.numeric(), fields) {
            (_, []) => Brings::One,
            (true, [field, ..]) => {
                s.numbers.clear();
                let Some(v) = lookup(field) else { return };
                let list = match v.as_ref() {
                    Val::List(l) => l,
                    one => std::slice::from_ref(one),
                };
                s.numbers.extend(list.iter().take(key::LIST_MAX).filter_map(key::number));
                if owned {
                    self.not_numeric += (list.len().min(key::LIST_MAX) - s.numbers.len()) as u64;
                    self.cut_lists += u64::from(list.len() > key::LIST_MAX);
                }
                if s.numbers.is_empty() {
                    return;
                }
                Brings::Numbers(&s.numbers)
            }
            (false, fields) => {
                s.values.build(fields, &lookup);
                s.texts.clear();
                s.texts.extend(s.values.iter().map(|(v, _)| v.to_vec()));
                if owned {
                    self.cut_lists += u64::from(s.values.cut);
                }
                if s.texts.is_empty() {
                    return;
                }
                Brings::Values(&s.texts)
            }
        };
        let key = s.bytes.get(t.key.0..t.key.1).unwrap_or_default();
        let Some(table) = self.tables.get_mut(rule).and_then(|r| r.get_mut(part)) else { return };
        let id = now.event.unwrap_or(0);
        let hit = Hit { key, hash, numbers: t.numbers, mask: t.mask, time: now.time, id, brings };
        let slot = table.take(plan, &self.bounds, &hit);
        let from = now.time.saturating_sub(plan.span);
        let verdict = match plan.mode {
            Mode::Rising => table.judge(plan, &self.bounds, slot, now.time, from),
            Mode::Absence => {
                table.rearm(plan, slot, from);
                self.soonest = self.soonest.min(now.time.saturating_add(plan.span));
                None
            }
            Mode::Window => {
                self.soonest = self.soonest.min(now.time.saturating_add(plan.span));
                None
            }
        };
        let lost = std::mem::take(&mut table.unreported);
        if lost > 0 && owned {
            let firing = Firing {
                rule: plan.handle,
                what: What::Loss,
                time: now.time,
                event: now.event,
                group: Vec::new(),
                value: lost as f64,
                witnesses: Vec::new(),
                first: from,
                last: now.time,
                lossy: true,
            };
            let order = (now.time, now.event.is_none(), now.place, rule as u32, Box::default());
            out.push(Out { order, firing });
        }
        if let Some(v) = verdict {
            let key: Box<[u8]> = key.into();
            self.fire(plan, rule, part, &key, t.numbers, now, (from, v), out);
        }
    }

    /// Gives a firing out and to the correlations above.
    #[expect(clippy::too_many_arguments, reason = "what a firing is made of")]
    fn fire(
        &mut self,
        plan: &Plan,
        rule: usize,
        part: usize,
        key: &[u8],
        numbers: u32,
        now: Now,
        (begin, v): (Micros, Verdict),
        out: &mut Vec<Out>,
    ) {
        let group = key::decode(key, numbers, &plan.group_by);
        if !plan.parents.is_empty() {
            let child = Some(self.scratch.children.len() as u32);
            self.scratch.children.push(group.clone());
            let above = plan.parents.iter().map(|(rule, slot)| Work { rule: *rule, slot: *slot, child });
            self.scratch.work.extend(above);
        }
        if !self.owns(part) {
            return;
        }
        let firing = Firing {
            rule: plan.handle,
            what: What::Match,
            time: now.time,
            event: now.event,
            group,
            value: v.value,
            witnesses: v.witnesses,
            first: v.first.unwrap_or(begin),
            last: v.last.unwrap_or(now.time),
            lossy: v.lossy,
        };
        out.push(Out { order: (now.time, now.event.is_none(), now.place, rule as u32, key.into()), firing });
    }
}

/// A field of a hit: of a correlation that fired its group first, then the event.
fn value<'a, F: Fields>(
    children: &'a [Vec<(Arc<str>, Val)>],
    child: Option<u32>,
    event: Option<&'a F>,
    field: &str,
) -> Option<Cow<'a, Val>> {
    let group = child.and_then(|c| children.get(c as usize));
    match group.and_then(|g| g.iter().find(|(n, _)| n.as_ref() == field)) {
        Some((_, v)) => Some(Cow::Borrowed(v)),
        None => event?.value(field),
    }
}
