//! Steps, stories and rules in memory, and the moves that keep them consistent: a step stands in
//! one story, in the lists of the hosts it names, and in the table of those still going on.

use super::alert::{Credential, Place};
use super::entity::Entities;
use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;
use serde::{Deserialize, Serialize};

/// Alerts named in a step.
pub const NAMED: usize = 16;
/// Further hosts that a folded step stands for by name.
pub const HOSTS: usize = 32;
/// Steps of a path that are told, the last ones.
pub const PATH: usize = 64;

/// No step, no story.
pub const NONE: u32 = u32::MAX;

/// Why a step belongs to its story.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    /// The same source acted before.
    Actor,
    /// A target turns to who acted on it, or to another actor of that story.
    Reply,
    /// The source was taken before.
    Pivot,
    /// The same host was acted upon before.
    Victim,
}

/// The link of a step to the one before it.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Link {
    pub from: u32,
    pub kind: Kind,
    pub weight: f32,
    /// Microseconds between the two.
    pub after: i64,
}

/// A step: alerts of one rule between two hosts without a long gap.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Episode {
    /// Order of creation.
    pub serial: u64,
    pub rule: u32,
    pub source: u32,
    pub destination: u32,
    pub first: i64,
    pub last: i64,
    pub count: u64,
    pub severity: u8,
    /// Stage it counts as; [`u8::MAX`] is none.
    pub stage: u8,
    /// Stages on the best path to it, and the latest place that path has certainly reached.
    pub mask: u32,
    pub reached: u8,
    pub depth: u16,
    /// The best path begins here.
    pub begins: bool,
    pub best: f64,
    pub link: Option<Link>,
    pub chain: u32,
    /// Further hosts of folded steps, and how many steps were folded into this.
    pub others: Vec<u32>,
    pub folded: u32,
    pub alerts: Vec<Box<str>>,
    pub evidence: Vec<Box<str>>,
    pub places: Vec<Place>,
    pub credential: Option<Credential>,
}

/// A story: linked steps.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Chain {
    /// Serial of its first step: the smaller is the older.
    pub born: u64,
    pub id: u64,
    pub members: Vec<u32>,
    pub alerts: u64,
    pub first: i64,
    pub last: i64,
    pub best: u32,
    pub severity: u8,
    pub control: bool,
    /// Stages and rules seen, to tell whether it is a story at all.
    pub mask: u32,
    pub rule: u32,
    pub several_rules: bool,
    /// A host that was taken is used in it.
    pub pivot: bool,
    /// Given out since the last change; given out ever.
    pub changed: bool,
    pub published: bool,
}

impl Chain {
    /// Is it a story at all: several rules with several stages or something serious, or a host that
    /// was taken and then used.
    pub fn is_story(&self) -> bool {
        let various = self.several_rules && (self.mask.count_ones() >= 2 || self.severity >= 4);
        self.members.len() >= 2 && self.severity >= 3 && (various || self.pivot)
    }
}

/// What is known of a rule.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Rule {
    pub id: Box<str>,
    pub name: Box<str>,
    pub tactics: u32,
    pub techniques: Vec<Box<str>>,
    pub ics: bool,
    /// Steps that name it.
    pub uses: u32,
    /// Alerts in this horizon and the one before.
    pub count: u64,
    pub before: u64,
}

/// Slots that are used again, lowest first in the order they became free.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Slab<T> {
    slots: Vec<Option<T>>,
    free: Vec<u32>,
}

impl<T> Default for Slab<T> {
    fn default() -> Slab<T> {
        Slab { slots: Vec::new(), free: Vec::new() }
    }
}

impl<T> Slab<T> {
    pub fn add(&mut self, value: T) -> u32 {
        if let Some(n) = self.free.pop()
            && let Some(slot) = self.slots.get_mut(n as usize)
        {
            *slot = Some(value);
            return n;
        }
        self.slots.push(Some(value));
        (self.slots.len() - 1) as u32
    }
    pub fn get(&self, n: u32) -> Option<&T> {
        self.slots.get(n as usize)?.as_ref()
    }
    pub fn get_mut(&mut self, n: u32) -> Option<&mut T> {
        self.slots.get_mut(n as usize)?.as_mut()
    }
    pub fn take(&mut self, n: u32) -> Option<T> {
        let old = self.slots.get_mut(n as usize)?.take()?;
        self.free.push(n);
        Some(old)
    }
    pub fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }
    pub fn iter(&self) -> impl Iterator<Item = (u32, &T)> {
        self.slots.iter().enumerate().filter_map(|(n, t)| Some((n as u32, t.as_ref()?)))
    }
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (u32, &mut T)> {
        self.slots.iter_mut().enumerate().filter_map(|(n, t)| Some((n as u32, t.as_mut()?)))
    }
    /// Octets of the table itself.
    pub fn octets(&self) -> usize {
        self.slots.capacity() * size_of::<Option<T>>() + 4 * self.free.capacity()
    }
}

/// (rule, source, destination) of a step.
pub type Key = (u32, u32, u32);

/// Everything that is going on.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct State {
    pub entities: Entities,
    pub episodes: Slab<Episode>,
    pub chains: Slab<Chain>,
    pub rules: Slab<Rule>,
    /// Alerts counted in this horizon and the one before.
    pub total: u64,
    pub total_before: u64,
    pub serial: u64,
    #[serde(skip)]
    active: HashMap<Key, u32, FxBuildHasher>,
    #[serde(skip)]
    by_rule: HashMap<Box<str>, Vec<u32>>,
}

impl State {
    /// The step that an alert of this rule between these hosts may prolong.
    pub fn active(&self, rule: u32, source: u32, destination: u32) -> Option<u32> {
        self.active.get(&(rule, source, destination)).copied()
    }

    pub fn activate(&mut self, n: u32) {
        if let Some(e) = self.episodes.get(n) {
            self.active.insert((e.rule, e.source, e.destination), n);
        }
    }

    /// The rule of this id with these tactics, if it is known.
    pub fn rule(&self, id: &str, tactics: u32) -> Option<u32> {
        let variants = self.by_rule.get(id)?;
        variants.iter().copied().find(|n| self.rules.get(*n).is_some_and(|r| r.tactics == tactics))
    }

    pub fn add_rule(&mut self, rule: Rule) -> u32 {
        let id = rule.id.clone();
        let n = self.rules.add(rule);
        self.by_rule.entry(id).or_default().push(n);
        n
    }

    /// Forgets rules that no step names and that were not seen for a horizon.
    pub fn forget_rules(&mut self) {
        let unused = |r: &Rule| r.uses == 0 && r.count == 0 && r.before == 0;
        let gone: Vec<u32> = self.rules.iter().filter(|(_, r)| unused(r)).map(|(n, _)| n).collect();
        for n in gone {
            if let Some(rule) = self.rules.take(n)
                && let Some(variants) = self.by_rule.get_mut(&rule.id)
            {
                variants.retain(|v| *v != n);
                if variants.is_empty() {
                    self.by_rule.remove(&rule.id);
                }
            }
        }
    }

    /// Takes a step out of every table but its story's list.
    pub fn remove_episode(&mut self, n: u32) -> Option<Episode> {
        let e = self.episodes.take(n)?;
        for other in std::iter::once(e.destination).chain(e.others.iter().copied()) {
            let key = (e.rule, e.source, other);
            if self.active.get(&key) == Some(&n) {
                self.active.remove(&key);
            }
            if let Some(host) = self.entities.get_mut(other) {
                host.into.retain(|x| *x != n);
            }
            self.entities.release(other);
        }
        if let Some(host) = self.entities.get_mut(e.source) {
            host.out.retain(|x| *x != n);
        }
        self.entities.release(e.source);
        if let Some(r) = self.rules.get_mut(e.rule) {
            r.uses = r.uses.saturating_sub(1);
        }
        Some(e)
    }

    /// Puts step `gone` into `kept`, an earlier one of the same rule or source.
    pub fn fold(&mut self, gone: u32, kept: u32) {
        let Some(e) = self.episodes.get(gone).cloned() else { return };
        let Some(k) = self.episodes.get_mut(kept) else { return };
        k.count = k.count.saturating_add(e.count);
        k.first = k.first.min(e.first);
        k.last = k.last.max(e.last);
        k.severity = k.severity.max(e.severity);
        k.folded = k.folded.saturating_add(e.folded).saturating_add(1);
        let room = NAMED.saturating_sub(k.alerts.len());
        k.alerts.extend(e.alerts.iter().take(room).cloned());
        let known = |host: u32, k: &Episode| k.destination == host || k.others.contains(&host);
        let mut moved = Vec::new();
        for host in std::iter::once(e.destination).chain(e.others.iter().copied()) {
            if !known(host, k) && k.others.len() < HOSTS {
                k.others.push(host);
                moved.push(host);
            }
        }
        let key_kept = (k.rule, k.source);
        if e.source == k.source
            && let Some(actor) = self.entities.get_mut(e.source)
            && !actor.out.contains(&kept)
            && let Some(slot) = actor.out.iter_mut().find(|x| **x == gone)
        {
            *slot = kept;
        }
        for host in moved {
            if let Some(entity) = self.entities.get_mut(host) {
                entity.uses = entity.uses.saturating_add(1);
                if let Some(slot) = entity.into.iter_mut().find(|x| **x == gone) {
                    *slot = kept;
                }
            }
            let key = (e.rule, e.source, host);
            if (e.rule, e.source) == key_kept && self.active.get(&key) == Some(&gone) {
                self.active.insert(key, kept);
            }
        }
        self.remove_episode(gone);
    }

    /// Steps still going on, for a snapshot.
    pub fn going_on(&self) -> Vec<(Key, u32)> {
        let mut all: Vec<_> = self.active.iter().map(|(key, n)| (*key, *n)).collect();
        all.sort_unstable();
        all
    }

    /// Finds everything again after a restore.
    pub fn rebuild(&mut self, going_on: Vec<(Key, u32)>) {
        self.entities.rebuild();
        let rules: Vec<(Box<str>, u32)> = self.rules.iter().map(|(n, r)| (r.id.clone(), n)).collect();
        for (id, n) in rules {
            self.by_rule.entry(id).or_default().push(n);
        }
        self.active.extend(going_on);
    }

    /// Octets held, by capacity. Text is counted without the allocator's share.
    pub fn octets(&self) -> usize {
        let text = |t: &[Box<str>]| t.iter().map(|t| t.len()).sum::<usize>();
        let step = |e: &Episode| {
            size_of::<Box<str>>() * (e.alerts.capacity() + e.evidence.capacity())
                + text(&e.alerts)
                + text(&e.evidence)
                + size_of::<Place>() * e.places.capacity()
                + e.places.iter().map(|p| p.source.as_ref().map_or(0, |s| s.len())).sum::<usize>()
                + e.credential
                    .as_ref()
                    .map_or(0, |c| c.username.len() + c.protocol.as_ref().map_or(0, |p| p.len()))
                + 4 * e.others.capacity()
        };
        let rule = |r: &Rule| {
            2 * r.id.len()
                + r.name.len()
                + text(&r.techniques)
                + size_of::<Box<str>>() * r.techniques.capacity()
        };
        self.entities.octets()
            + self.episodes.octets()
            + self.chains.octets()
            + self.rules.octets()
            + self.active.capacity() * (size_of::<(Key, u32)>() + 2)
            + self.by_rule.capacity() * (size_of::<(Box<str>, Vec<u32>)>() + 2)
            + self.episodes.iter().map(|(_, e)| step(e)).sum::<usize>()
            + self.chains.iter().map(|(_, c)| 4 * c.members.capacity()).sum::<usize>()
            + self.rules.iter().map(|(_, r)| rule(r)).sum::<usize>()
    }
}
