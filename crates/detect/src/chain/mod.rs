//! Alerts join into attack chains over hosts and time, each step with its reason. The algorithm, its
//! bounds and what each element is worth stand in `docs/concepts/chains.md`.
//!
//! Same alerts in, same chains out: everything is decided alert by alert in the order of (time, id),
//! never by how alerts come in batches.

mod alert;
mod close;
mod counters;
mod document;
mod entity;
mod fold;
mod link;
mod memory;
mod next;
mod order;
mod owners;
mod settings;
mod snapshot;
mod stages;
mod state;
mod tell;
mod text;

pub use alert::Alert;
pub use counters::Counters;
pub use settings::Settings;
pub use stages::Stages;

use crate::event::Event;
use alert::Place;
use entity::Class;
use link::{MEDIUM, New};
use order::Queue;
use owners::Owners;
use serde::{Deserialize, Serialize};
use settings::micros;
use state::{Chain, Episode, Kind, NAMED, NONE, Rule, State};
use std::collections::VecDeque;

/// A chain that is over, as its document.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Closed {
    id: u64,
    score: f64,
    document: Vec<u8>,
}

/// Last time, serial and place of a step in a list.
type Age = (i64, u64, usize);

/// Alerts in, chains out.
pub struct Chains {
    stages: Stages,
    settings: Settings,
    state: State,
    queue: Queue,
    owners: Owners,
    counters: Counters,
    closed: VecDeque<Closed>,
    /// Documents of chains that ended since the last `changed`.
    ended: Vec<Vec<u8>>,
    /// Newest time of an alert that was worked on.
    now: i64,
    next_sweep: i64,
    next_horizon: i64,
}

impl Chains {
    /// `stages` is the stage table and `settings` an object of [`Settings`], both JSON.
    pub fn new(stages: &[u8], settings: &[u8]) -> Result<Chains, String> {
        Ok(Chains {
            stages: Stages::new(stages)?,
            settings: Settings::new(settings)?,
            state: State::default(),
            queue: Queue::default(),
            owners: Owners::default(),
            counters: Counters::default(),
            closed: VecDeque::new(),
            ended: Vec::new(),
            now: i64::MIN,
            next_sweep: i64::MIN,
            next_horizon: i64::MIN,
        })
    }

    /// Takes in an alert document.
    pub fn feed(&mut self, document: &[u8]) {
        match Alert::read(document, &self.stages) {
            Some(alert) => self.add(alert),
            None => self.counters.unreadable += 1,
        }
    }

    /// Takes in an alert as an event; `source` is the name of its source.
    pub fn feed_event(&mut self, event: &Event, source: &str) {
        match Alert::of_event(event, source, &self.stages) {
            Some(alert) => self.add(alert),
            None => self.counters.unreadable += 1,
        }
    }

    /// Replaces the assets whose addresses alerts may have that do not name them: a JSON list of records.
    /// They are no part of a snapshot.
    pub fn assets(&mut self, json: &[u8]) -> Result<(), String> {
        self.owners = Owners::new(json, &self.settings)?;
        Ok(())
    }

    /// Takes in alert documents, one a line; other records are passed over.
    pub fn feed_lines(&mut self, ndjson: &[u8]) {
        for line in ndjson.split(|b| *b == b'\n').filter(|l| !l.trim_ascii().is_empty()) {
            self.feed(line);
        }
    }

    /// Takes in an alert; it is worked on when nothing earlier can come any more.
    pub fn add(&mut self, mut alert: Alert) {
        self.owners.name(&mut alert);
        let lateness = micros(self.settings.lateness);
        self.queue.push(alert, lateness, &mut self.counters);
        self.turn(lateness);
    }

    fn turn(&mut self, lateness: i64) {
        while let Some(alert) = self.queue.pop(lateness, self.settings.max_pending, &mut self.counters) {
            self.work(alert);
        }
    }

    /// Works on all that waits: nothing earlier comes any more.
    pub fn finish(&mut self) {
        while let Some(alert) = self.queue.pop_any() {
            self.work(alert);
        }
    }

    /// Lets time pass without alerts: no earlier one than `now` comes any more, but late. What waited is
    /// worked on, and chains close.
    pub fn advance(&mut self, now: i64) {
        let lateness = micros(self.settings.lateness);
        self.queue.pass(now);
        self.turn(lateness);
        self.sweep(now.saturating_sub(lateness));
    }

    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    fn work(&mut self, a: Alert) {
        self.counters.alerts += 1;
        let time = a.time.max(self.now);
        self.now = time;
        self.sweep(time);
        let s = &self.settings;
        if a.tactics == 0 && a.severity < MEDIUM {
            self.counters.uninteresting += 1;
            return;
        }
        let source_class = self.state.entities.class_of(&a.source, s);
        let destination_class = self.state.entities.class_of(&a.destination, s);
        if source_class != Class::Own && destination_class != Class::Own {
            self.counters.elsewhere += 1;
            return;
        }
        let rule = self.counted(&a);
        let ends = (self.state.entities.find(&a.source), self.state.entities.find(&a.destination));
        if let (Some(source), Some(destination)) = ends
            && let Some(n) = self.state.active(rule, source, destination)
            && self.prolong(n, &a)
        {
            return;
        }
        let source = self.state.entities.resolve(&a.source, source_class);
        let destination = self.state.entities.resolve(&a.destination, destination_class);
        let new = New {
            source,
            destination,
            source_class,
            destination_class,
            time: a.time,
            severity: a.severity,
            tactics: a.tactics,
            gain: self.gain(&a, rule),
        };
        let found = link::find(&self.state, &self.stages, &self.settings, &new);
        if a.tactics == 0 && found.link.is_none() {
            self.counters.unplaced += 1;
            self.drop_unused(source);
            self.drop_unused(destination);
            return;
        }
        self.begin(a, rule, new, found);
    }

    /// Adds an alert to a step that is still going on.
    fn prolong(&mut self, n: u32, a: &Alert) -> bool {
        let gap = micros(self.settings.episode_gap);
        let Some(e) = self.state.episodes.get_mut(n).filter(|e| a.time.saturating_sub(e.last) <= gap) else {
            return false;
        };
        e.count = e.count.saturating_add(1);
        e.first = e.first.min(a.time);
        e.last = e.last.max(a.time);
        e.severity = e.severity.max(a.severity);
        note(e, a);
        let (chain, last, first, severity) = (e.chain, e.last, e.first, e.severity);
        if let Some(c) = self.state.chains.get_mut(chain) {
            c.alerts = c.alerts.saturating_add(1);
            c.last = c.last.max(last);
            c.first = c.first.min(first);
            c.severity = c.severity.max(severity);
            c.changed = true;
        }
        true
    }

    /// Makes a step of an alert, and one story of all that it continues.
    fn begin(&mut self, a: Alert, rule: u32, new: New, found: link::Outcome) {
        self.counters.steps += 1;
        let serial = self.state.serial;
        self.state.serial = serial.wrapping_add(1);
        let mut e = Episode {
            serial,
            rule,
            source: new.source,
            destination: new.destination,
            first: a.time,
            last: a.time,
            count: 1,
            severity: a.severity,
            stage: found.stage,
            mask: found.mask,
            reached: found.reached,
            depth: found.depth,
            begins: found.begins,
            best: found.best,
            link: found.link,
            chain: NONE,
            others: Vec::new(),
            folded: 0,
            alerts: Vec::new(),
            evidence: Vec::new(),
            places: Vec::new(),
            credential: None,
        };
        note(&mut e, &a);
        let stage = e.stage;
        let n = self.state.episodes.add(e);
        if let Some(r) = self.state.rules.get_mut(rule) {
            r.uses = r.uses.saturating_add(1);
        }
        self.enlist(n, &new, stage);
        self.state.activate(n);
        let born = Chain {
            born: serial,
            id: identify(&a),
            members: vec![n],
            alerts: 1,
            first: a.time,
            last: a.time,
            best: n,
            severity: a.severity,
            control: a.control,
            mask: if stage < 32 { 1 << stage } else { 0 },
            rule,
            several_rules: false,
            pivot: found.link.is_some_and(|l| l.kind == Kind::Pivot),
            changed: true,
            published: false,
        };
        let chain = self.state.chains.add(born);
        if let Some(e) = self.state.episodes.get_mut(n) {
            e.chain = chain;
        }
        let mut story = chain;
        // what is below medium belongs to one story; it does not make two one
        let strong = a.severity >= MEDIUM || !self.settings.use_severity;
        let joins = if strong { found.joins } else { found.link.iter().map(|l| l.from).collect() };
        for p in joins {
            if let Some(other) = self.state.episodes.get(p).map(|p| p.chain) {
                story = self.join(story, other);
            }
        }
        self.fold(story);
        self.make_room();
    }

    /// Enters a step at its hosts, in place of the oldest of its tactic if there are enough. Of one tactic
    /// between the same two hosts two are enough: who repeats himself does not push out others.
    fn enlist(&mut self, n: u32, new: &New, stage: u8) {
        let (newest, horizon) = (self.settings.newest, micros(self.settings.horizon));
        let State { entities, episodes, .. } = &mut self.state;
        let trim = |list: &mut Vec<u32>| {
            let (mut same, mut pair) = (0, 0);
            let (mut oldest, mut oldest_pair): (Option<Age>, Option<Age>) = (None, None);
            for (at, e) in list.iter().enumerate().filter_map(|(at, n)| Some((at, episodes.get(*n)?))) {
                if e.stage == stage {
                    let age = (e.last, e.serial, at);
                    same += 1;
                    oldest = Some(oldest.map_or(age, |o| o.min(age)));
                    if (e.source, e.destination) == (new.source, new.destination) {
                        pair += 1;
                        oldest_pair = Some(oldest_pair.map_or(age, |o| o.min(age)));
                    }
                }
            }
            let gone = match (oldest_pair, oldest) {
                (Some(age), _) if pair >= 2 => Some(age),
                (_, Some(age)) if same >= newest => Some(age),
                _ => None,
            };
            if let Some((.., at)) = gone {
                list.remove(at);
            }
            list.push(n);
        };
        if let Some(host) = entities.get_mut(new.source) {
            host.uses = host.uses.saturating_add(1);
            trim(&mut host.out);
        }
        if let Some(host) = entities.get_mut(new.destination) {
            host.uses = host.uses.saturating_add(1);
            trim(&mut host.into);
            if new.source != new.destination {
                host.acted_on_by(new.source, new.time, horizon);
            }
        }
    }

    /// Makes two stories one: the older keeps its id. Returns it.
    fn join(&mut self, a: u32, b: u32) -> u32 {
        if a == b {
            return a;
        }
        let born = |n: u32| self.state.chains.get(n).map_or(u64::MAX, |c| c.born);
        let (kept, gone) = if born(a) <= born(b) { (a, b) } else { (b, a) };
        let Some(old) = self.state.chains.take(gone) else { return kept };
        for n in &old.members {
            if let Some(e) = self.state.episodes.get_mut(*n) {
                e.chain = kept;
            }
        }
        let best = |n: u32| self.state.episodes.get(n).map_or(f64::MIN, |e| e.best);
        let challenger = best(old.best);
        let Some(current) = self.state.chains.get(kept).map(|c| best(c.best)) else { return kept };
        let Some(c) = self.state.chains.get_mut(kept) else { return kept };
        c.members.extend(&old.members);
        c.alerts = c.alerts.saturating_add(old.alerts);
        c.first = c.first.min(old.first);
        c.last = c.last.max(old.last);
        if challenger > current {
            c.best = old.best;
        }
        c.severity = c.severity.max(old.severity);
        c.control |= old.control;
        c.mask |= old.mask;
        c.several_rules |= old.several_rules || c.rule != old.rule;
        c.pivot |= old.pivot;
        c.changed = true;
        if old.published {
            self.counters.merged += 1;
            let into = c.id;
            self.ended.push(document::merged(&old, into));
        }
        kept
    }

    /// Severity and confidence of an alert by how rare its rule is.
    fn gain(&self, a: &Alert, rule: u32) -> f64 {
        let seen = self.state.rules.get(rule).map_or(1, |r| r.count.saturating_add(r.before)).max(1);
        let all = self.state.total.saturating_add(self.state.total_before);
        let rarity = if self.settings.use_rarity { (2.0 + all as f64 / seen as f64).log2() } else { 1.0 };
        f64::from(a.severity) * f64::from(a.confidence) * rarity
    }

    /// Counts an alert for its rule, which is made known if it is not.
    fn counted(&mut self, a: &Alert) -> u32 {
        self.state.total = self.state.total.saturating_add(1);
        let n = self.state.rule(&a.rule, a.tactics).unwrap_or_else(|| {
            let full = self.state.rules.len() >= self.settings.max_rules;
            if full {
                self.counters.rules_uncounted += 1;
            }
            let (id, name, techniques) = if full {
                ("*".into(), "other rules".into(), Vec::new())
            } else {
                (a.rule.clone(), a.name.clone().unwrap_or_else(|| a.rule.clone()), a.techniques.clone())
            };
            self.state.rule(&id, a.tactics).unwrap_or_else(|| {
                self.state.add_rule(Rule {
                    id,
                    name,
                    tactics: a.tactics,
                    techniques,
                    ics: a.control,
                    uses: 0,
                    count: 0,
                    before: 0,
                })
            })
        });
        if let Some(r) = self.state.rules.get_mut(n) {
            r.count = r.count.saturating_add(1);
        }
        n
    }

    fn drop_unused(&mut self, host: u32) {
        if self.state.entities.get(host).is_some_and(|e| e.uses == 0) {
            self.state.entities.release(host);
        }
    }
}

/// Keeps what a step tells of an alert, while there is room.
fn note(e: &mut Episode, a: &Alert) {
    if e.alerts.len() < NAMED && !a.id.is_empty() {
        e.alerts.push(a.id.clone());
    }
    let room = alert::FEW.saturating_sub(e.evidence.len());
    e.evidence.extend(a.evidence.iter().take(room).cloned());
    if e.places.len() < 4
        && let Some(place) = &a.place
    {
        e.places.push(Place::clone(place));
    }
    if e.credential.is_none() {
        e.credential.clone_from(&a.credential);
    }
}

/// A chain's number: a hash of its first alert.
fn identify(a: &Alert) -> u64 {
    use std::hash::{Hash, Hasher};
    let mut h = siphasher::sip::SipHasher13::new_with_keys(0x73656e74_696e656c, 0x63686169_6e730001);
    (a.time, &*a.id, &*a.rule, a.source.ip, a.destination.ip).hash(&mut h);
    h.finish()
}

#[cfg(test)]
mod tests;
