//! Which steps came before a new one, how strong each link is, and the best path through them.

use super::entity::Class;
use super::settings::{Settings, micros};
use super::stages::{Stages, each};
use super::state::{Episode, Kind, Link, NONE, State};

/// Least severity of a step that is linked by more than its own actor: what is low or informational
/// says something of who did it, nothing of whom else it concerns.
pub const MEDIUM: u8 = 3;

/// What is to be linked: a step that does not exist yet.
pub struct New {
    pub source: u32,
    pub destination: u32,
    pub source_class: Class,
    pub destination_class: Class,
    pub time: i64,
    pub severity: u8,
    pub tactics: u32,
    pub gain: f64,
}

/// How a new step continues what is known.
pub struct Outcome {
    /// Every step before it that was found, in order of creation: their stories are one.
    pub joins: Vec<u32>,
    pub link: Option<Link>,
    pub stage: u8,
    pub mask: u32,
    pub reached: u8,
    pub depth: u16,
    pub begins: bool,
    pub best: f64,
}

struct Search<'a> {
    state: &'a State,
    stages: &'a Stages,
    settings: &'a Settings,
    new: &'a New,
    found: Vec<(u32, Kind, f64)>,
}

impl Search<'_> {
    fn weight(&self, p: &Episode, kind: Kind) -> f64 {
        let s = self.settings;
        let age = self.new.time.saturating_sub(p.last).max(0) as f64 / 1e6;
        let (of_kind, shared) = match kind {
            Kind::Actor | Kind::Reply => (1.0, None),
            Kind::Pivot => (s.pivot_weight, Some(self.new.source)),
            Kind::Victim => (s.victim_weight, Some(self.new.destination)),
        };
        // how many others the shared host may have it from
        let degree = shared.and_then(|n| self.state.entities.get(n)).map_or(0, |e| e.degree());
        let crowd = if s.use_degree { ((2 + degree) as f64).log2() } else { 1.0 };
        (-age * std::f64::consts::LN_2 / s.half_life).exp() * of_kind / crowd
    }

    fn add(&mut self, n: u32, p: &Episode, kind: Kind, window: f64) {
        if self.new.time.saturating_sub(p.last) > micros(window) {
            return;
        }
        let w = self.weight(p, kind);
        match self.found.iter_mut().find(|(m, ..)| *m == n) {
            Some(known) if known.2 >= w => {}
            Some(known) => *known = (n, kind, w),
            None => self.found.push((n, kind, w)),
        }
    }

    fn actor(&mut self) {
        let state = self.state;
        if !self.settings.use_actor || self.new.source_class != Class::Own {
            return;
        }
        let Some(host) = state.entities.get(self.new.source) else { return };
        for (n, p) in host.out.iter().filter_map(|n| Some((*n, state.episodes.get(*n)?))) {
            // an answer is the doing of who asked
            let answer = p.link.is_some_and(|l| l.kind == Kind::Reply);
            if !answer {
                self.add(n, p, Kind::Actor, self.settings.actor_window);
            }
        }
    }

    /// Links over what was done to the source: answers, and its being taken.
    fn source_side(&mut self) {
        let (state, new, s) = (self.state, self.new, self.settings);
        let Some(host) = state.entities.get(new.source) else { return };
        let asker = state.entities.get(new.destination).filter(|_| new.destination_class == Class::Own);
        let acts_in: Vec<u32> = asker
            .iter()
            .flat_map(|e| &e.out)
            .filter_map(|n| state.episodes.get(*n))
            .filter(|q| !q.link.is_some_and(|l| l.kind == Kind::Reply))
            .map(|q| q.chain)
            .collect();
        for (n, p) in host.into.iter().filter_map(|n| Some((*n, state.episodes.get(*n)?))) {
            let back = p.source == new.destination && new.destination_class != Class::Group;
            if s.use_reply && (back || acts_in.contains(&p.chain)) {
                self.add(n, p, Kind::Reply, s.actor_window);
            }
            let strong = !s.use_severity || p.severity.min(new.severity) >= MEDIUM;
            let taken = p.stage != u8::MAX && self.stages.gives_access(1 << p.stage);
            if s.use_pivot && strong && taken && new.source_class == Class::Own {
                self.add(n, p, Kind::Pivot, s.pivot_window);
            }
        }
    }

    fn victim(&mut self) {
        let (state, new, s) = (self.state, self.new, self.settings);
        let Some(host) = state.entities.get(new.destination) else { return };
        if new.destination_class != Class::Own {
            return;
        }
        let latest = each(new.tactics).map(|t| self.stages.range(t).1).max().unwrap_or(0);
        let crowded = s.use_degree && host.degree() > s.max_degree;
        for (n, p) in host.into.iter().filter_map(|n| Some((*n, state.episodes.get(*n)?))) {
            if p.source == new.source {
                // the same two hosts again: one actor, wherever he is
                self.add(n, p, Kind::Actor, s.actor_window);
                continue;
            }
            let strong = !s.use_severity || p.severity.min(new.severity) >= MEDIUM;
            let in_order = !s.use_order || self.stages.range(p.stage).0 <= latest;
            if s.use_victim && strong && in_order && !crowded && p.stage != u8::MAX {
                self.add(n, p, Kind::Victim, s.victim_window);
            }
        }
    }
}

/// Hosts that an actor acted on lately, looked at for common targets.
const LATELY: usize = 64;

impl Search<'_> {
    /// Takes out links over the target that are too weak: that two looked at one host, or that two stories
    /// touch in one host, may be chance. Two common targets are not; nor is that something was done to the host,
    /// unless two stories would become one by it.
    fn weigh_victims(&mut self) {
        let (state, new) = (self.state, self.new);
        if !self.settings.use_ties {
            return;
        }
        let chain_of = |n: u32| state.episodes.get(n).map_or(NONE, |e| e.chain);
        let is_story = |n: u32| state.chains.get(n).is_some_and(|c| c.is_story());
        let sure: Vec<u32> =
            self.found.iter().filter(|f| f.1 != Kind::Victim).map(|f| chain_of(f.0)).collect();
        let own_story = sure.iter().any(|c| is_story(*c));
        let mut judged: Vec<(u32, bool)> = sure.into_iter().map(|c| (c, true)).collect();
        let done = self.stages.gives_access(new.tactics);
        let mut found = std::mem::take(&mut self.found);
        for (n, kind, _) in &found {
            let chain = chain_of(*n);
            if *kind != Kind::Victim || judged.iter().any(|(c, _)| *c == chain) {
                continue;
            }
            let of_chain = found.iter().filter(|f| f.1 == Kind::Victim && chain_of(f.0) == chain);
            let access = done
                || of_chain
                    .filter_map(|f| state.episodes.get(f.0))
                    .any(|p| self.stages.gives_access(1 << p.stage));
            let enough = access && !(own_story && is_story(chain));
            judged.push((chain, enough || self.other_target(chain)));
        }
        found.retain(|(n, ..)| judged.iter().any(|(c, good)| *good && *c == chain_of(*n)));
        self.found = found;
    }

    /// The source acted lately on another host that others of this story acted upon, too.
    fn other_target(&self, chain: u32) -> bool {
        let (state, new) = (self.state, self.new);
        let Some(actor) = state.entities.get(new.source) else { return false };
        let steps = actor.out.iter().rev().filter_map(|n| state.episodes.get(*n));
        let targets = steps.flat_map(|e| std::iter::once(e.destination).chain(e.others.iter().copied()));
        targets.filter(|host| *host != new.destination).take(LATELY).any(|host| {
            let Some(h) = state.entities.get(host) else { return false };
            let crowded = self.settings.use_degree && h.degree() > self.settings.max_degree;
            let strong = |p: &Episode| {
                p.source != new.source
                    && p.chain == chain
                    && p.severity >= MEDIUM
                    && new.time.saturating_sub(p.last) <= micros(self.settings.victim_window)
            };
            h.class == Class::Own
                && !crowded
                && h.into.iter().filter_map(|n| state.episodes.get(*n)).any(strong)
        })
    }
}

/// Looks for what a new step continues.
pub fn find(state: &State, stages: &Stages, settings: &Settings, new: &New) -> Outcome {
    let mut search = Search { state, stages, settings, new, found: Vec::new() };
    search.actor();
    search.source_side();
    search.victim();
    search.weigh_victims();
    let mut found = search.found;
    let serial = |n: u32| state.episodes.get(n).map_or(0, |e| e.serial);
    found.sort_by_key(|(n, ..)| serial(*n));

    let alone = each(new.tactics).next().unwrap_or(u8::MAX);
    let mut out = Outcome {
        joins: found.iter().map(|(n, ..)| *n).collect(),
        link: None,
        stage: alone,
        mask: if alone < 32 { 1 << alone } else { 0 },
        reached: stages.range(alone).0,
        depth: 0,
        begins: true,
        best: f64::MIN,
    };
    for (n, kind, weight) in found {
        let Some(p) = state.episodes.get(n) else { continue };
        let (stage, novelty) = continued(stages, settings, new.tactics, p);
        let value = weight * p.best + new.gain * novelty;
        // of equals the newer is the nearer
        if value < out.best {
            continue;
        }
        let after = new.time.saturating_sub(p.last);
        out.best = value;
        out.link = Some(Link { from: n, kind, weight: weight as f32, after });
        out.stage = stage;
        out.mask = p.mask | if stage < 32 { 1 << stage } else { 0 };
        out.reached = p.reached.max(if stage < 32 { stages.range(stage).0 } else { 0 });
        out.depth = p.depth.saturating_add(1);
        out.begins = false;
    }
    if out.best < new.gain {
        out.best = new.gain;
        out.begins = true;
        out.mask = if out.stage < 32 { 1 << out.stage } else { 0 };
        out.reached = stages.range(out.stage).0;
        out.depth = 0;
    }
    out
}

/// The stage that a step of these tactics is best taken for after `p`, and its novelty: 1 for a new
/// stage that advances, 0.5 for a new one, 0 for a repeat.
fn continued(stages: &Stages, settings: &Settings, tactics: u32, p: &Episode) -> (u8, f64) {
    let mut best = (u8::MAX, -1.0);
    for t in each(tactics) {
        let advances = stages.range(t).1 >= p.reached;
        let novelty = match p.mask & (1 << t) == 0 {
            _ if !settings.use_novelty => 1.0,
            true if advances || !settings.use_order => 1.0,
            true => 0.5,
            false => 0.0,
        };
        if novelty > best.1 {
            best = (t, novelty);
        }
    }
    (best.0, f64::max(best.1, 0.0))
}
