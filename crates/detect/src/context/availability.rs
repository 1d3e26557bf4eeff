//! Whether terminals still live: their own rhythm, what is missing from it, and their return.
//!
//! Who stopped is told apart: a terminal that is asked and does not answer is offline; one that is
//! no longer asked, while its poller lives, misses polls; a poller that fell silent towards all its
//! terminals is itself what is offline. Many at once point at the place of observation first.

use super::Context;
use crate::context::clock::{MINUTE, SECOND};
use crate::context::conv::ConvId;
use crate::context::emit::{Told, seconds, span};
use crate::context::enrich::Ends;
use crate::context::hosts::{HostId, NOBODY, Place};
use crate::context::rhythm::Evidence;
use crate::context::view::{Category, Kind, Outcome, View};
use crate::event::Event;
use sentinel_wire::model::{Micros, Val};
use std::cmp::Reverse;

/// So many terminals silent at one tick, and half of all that are watched: the observer, not them.
const MASS: usize = 5;
/// A publisher's rhythm must have held so long before its end is told.
const PUBLISHED: Micros = 10 * MINUTE;

struct Claim {
    conv: ConvId,
    action: &'static str,
    terminal: HostId,
    poller: HostId,
    confidence: f64,
    silence: Micros,
    period: Micros,
    asks: u32,
    why: &'static str,
}

impl Context {
    /// A host sent something.
    pub(super) fn hear(&mut self, id: HostId, watched: Micros, e: &Event, extra: &mut Vec<Event>) {
        let Some(host) = self.hosts.get_mut(id) else { return };
        let silent = host.heard == Micros::MIN;
        host.heard = host.heard.max(watched);
        if silent && !host.told && host.place == Place::Inside {
            self.mark_fresh(id);
            return;
        }
        if let Some(since) = host.down.filter(|s| watched > *s) {
            host.down = None;
            let key = host.key;
            let away = watched.saturating_sub(since);
            let told = Told {
                dataset: "sentinel.availability",
                action: "back-online",
                time: e.time,
                source: None,
                destination: Some(key),
                protocol: "",
                reason: format!("{} is heard again after {}", key.addr, span(away)),
                confidence: 0.9,
                evidence: Evidence { id: e.id, frame: e.frame, source: e.source, time: e.time },
                more: vec![("sentinel.availability.silence", seconds(away))],
            };
            self.tell(told, extra);
        }
    }
    /// Someone who polls terminals tried to reach this one, and nothing came back, or a refusal.
    pub(super) fn knock(&mut self, ends: &Ends, watched: Micros) {
        let Some(server) = self.hosts.get(ends.server) else { return };
        let id = server.polled;
        if !self.hosts.get(ends.client).is_some_and(|c| c.next.polls) {
            return;
        }
        let at = self.deadline(id).map(|at| at.max(self.clock.watch));
        let Some(r) = self.convs.get_mut(id).and_then(|c| c.rhythm.as_mut()) else { return };
        r.ask(watched, 1);
        if let Some(at) = at.filter(|_| !r.armed && !r.told) {
            r.armed = true;
            self.timers.push(Reverse((at, id)));
        }
    }
    /// An event of a conversation: rhythm, health, and what its ends are.
    pub(super) fn beat(&mut self, id: ConvId, v: &View, ends: &Ends, e: &Event, extra: &mut Vec<Event>) {
        let (answers, asks) = Context::counted(v, ends);
        let end = self.clock.watched(e.time);
        let start =
            v.start.filter(|s| *s <= e.time).map_or(end, |s| end.saturating_sub(e.time.saturating_sub(s)));
        if answers > 0 && v.kind != Kind::Flow {
            self.hear(ends.server, end, e, extra);
        }
        let polls = self.settings.availability.polls.max(2);
        let ready = self.terms().ready;
        let Some(c) = self.convs.get_mut(id) else { return };
        let flow_of_operations = v.kind == Kind::Flow && c.answered + c.asked > 0;
        if flow_of_operations {
            return; // its operations are the rhythm; a flow is told when it is over
        }
        let answered_before = c.answers();
        c.answered = c.answered.saturating_add(answers);
        c.asked = c.asked.saturating_add(asks);
        let refused = matches!(v.outcome, Outcome::Answered { refused: true });
        let ill = match v.outcome {
            Outcome::Answered { .. } => c.health.answer(e.time, v.count, refused),
            _ => None,
        };
        let one_way = c.is_one_way();
        // what people do makes no rhythm
        let deed = matches!(v.category, Category::Control | Category::Engineering | Category::Administration);
        let pulse = !deed || one_way;
        let mut steady = false;
        if let Some(r) = &mut c.rhythm {
            // a summed event stands for the minute up to it
            let from = if v.count > 1 { start } else { end };
            let alive = answers > 0 || one_way;
            if alive {
                if pulse {
                    r.active(from, end, v.count, polls);
                } else {
                    r.last = r.last.max(end); // other deeds prove life, but make no rhythm
                    r.asks = 0;
                }
                r.evidence = Evidence { id: e.id, frame: e.frame, source: e.source, time: e.time };
            } else if asks > 0 && answered_before {
                r.ask(end, v.count);
            }
            if !r.armed
                && !r.told
                && let Some(patience) = r.patience(&self.settings.availability, 0)
            {
                r.armed = true;
                steady = true;
                self.timers.push(Reverse((r.last.saturating_add(patience), id)));
            }
        }
        let protocol = c.protocol;
        let serves = self.names.get(protocol).is_some_and(|k| k.serves.is_some());
        let server = if one_way { ends.client } else { ends.server };
        if serves && (answers > 0 || c.group) {
            self.shows(server, |s| s.serves = s.serves.or(Some(protocol)));
        }
        // who polls is told only of hosts that were there while learning: to poll is no alibi
        if steady && !one_way && !(ready && self.hosts.get(ends.client).is_none_or(|h| h.new)) {
            self.shows(ends.client, |s| s.polls = true);
        }
        if steady && let Some(host) = self.hosts.get_mut(ends.server) {
            host.polled = id;
        }
        if let Some(refusals) = ill {
            self.tell_ill(id, refusals, e, extra);
        }
    }
    fn shows(&mut self, id: HostId, change: impl FnOnce(&mut crate::context::hosts::Shown)) {
        if let Some(host) = self.hosts.get_mut(id) {
            let before = host.next;
            change(&mut host.next);
            if host.next != before {
                self.dirty.push(id);
            }
        }
    }
    fn tell_ill(&mut self, id: ConvId, refusals: u32, e: &Event, extra: &mut Vec<Event>) {
        let Some(c) = self.convs.get(id) else { return };
        let key = |h: HostId| self.hosts.get(h).map(|h| h.key);
        let (client, server) = (key(c.client), key(c.server));
        let Some(terminal) = server else { return };
        let protocol = self.names.text(c.protocol).to_owned();
        let told = Told {
            dataset: "sentinel.availability",
            action: "exception-state",
            time: e.time,
            source: client,
            destination: server,
            protocol: &protocol,
            reason: format!(
                "{} refused {refusals} requests within a minute, which it seldom did",
                terminal.addr
            ),
            confidence: 0.7,
            evidence: Evidence { id: e.id, frame: e.frame, source: e.source, time: e.time },
            more: vec![("sentinel.availability.count", Val::from(refusals))],
        };
        self.tell(told, extra);
    }
    /// Looks at the rhythms whose time has come.
    pub(super) fn look_at_timers(&mut self, tick: Micros, extra: &mut Vec<Event>) {
        let now = self.clock.watch.saturating_sub(self.grace.0);
        let watched = self.timers.len();
        let mut claims: Vec<Claim> = Vec::new();
        while let Some(&Reverse((due, id))) = self.timers.peek() {
            if due > now {
                break;
            }
            self.timers.pop();
            let again = self.deadline(id);
            match again {
                Some(at) if at > now => self.timers.push(Reverse((at, id))),
                _ => {
                    if let Some(r) = self.convs.get_mut(id).and_then(|c| c.rhythm.as_mut()) {
                        r.armed = false; // what comes next arms it again
                    }
                    if let Some(claim) = again.and_then(|_| self.judge(id)) {
                        if let Some(r) = self.convs.get_mut(id).and_then(|c| c.rhythm.as_mut()) {
                            r.told = true;
                        }
                        claims.push(claim);
                    }
                }
            }
        }
        let mut gone: Vec<HostId> =
            claims.iter().filter(|c| c.action == "offline").map(|c| c.terminal).collect();
        gone.sort_unstable();
        gone.dedup();
        let mass = gone.len() >= MASS && gone.len() * 2 >= watched;
        if mass {
            return self.tell_mass(&claims, gone.len(), watched, tick, extra);
        }
        for claim in claims {
            self.tell_claim(claim, tick, extra);
        }
    }
    fn deadline(&self, id: ConvId) -> Option<Micros> {
        let c = self.convs.get(id)?;
        let r = c.rhythm.as_ref()?;
        let terminal = if c.is_one_way() { c.client } else { c.server };
        let doublings = self.hosts.get(terminal).map_or(0, |h| h.downs);
        Some(r.last.saturating_add(r.patience(&self.settings.availability, doublings)?))
    }
    fn judge(&self, id: ConvId) -> Option<Claim> {
        let c = self.convs.get(id)?;
        let r = c.rhythm.as_ref()?;
        let period = r.period()?;
        let (client, server) = (self.hosts.get(c.client)?, self.hosts.get(c.server)?);
        let steady = (self.settings.availability.steady.max(0.0) * SECOND as f64) as Micros;
        let since = r.last.saturating_add(period);
        let claim = |action, terminal, poller, confidence, why| Claim {
            conv: id,
            action,
            terminal,
            poller,
            confidence,
            silence: self.clock.watch.saturating_sub(r.last),
            period,
            asks: r.asks,
            why,
        };
        if c.is_one_way() {
            if r.held() < PUBLISHED.max(period.saturating_mul(20)) {
                return None;
            }
            if client.heard > since {
                return (r.held() >= steady)
                    .then(|| claim("missed-polls", c.client, NOBODY, 0.4, "it sends other messages only"));
            }
            return Some(claim("offline", c.client, NOBODY, 0.7, "nothing else is heard of it"));
        }
        if r.asks >= r.enough() && r.asked > r.last {
            return Some(if server.heard > since {
                claim(
                    "missed-polls",
                    c.server,
                    c.client,
                    0.8,
                    "it is asked, and lives, but does not answer that",
                )
            } else {
                claim("offline", c.server, c.client, 0.9, "it is asked and does not answer")
            });
        }
        if r.held() < steady {
            return None; // a session that ended: people go home
        }
        if client.heard <= since && client.next.polls && server.heard <= since {
            return Some(claim("offline", c.client, NOBODY, 0.6, "it polls no one any more"));
        }
        Some(claim("missed-polls", c.server, c.client, 0.4, "it is no longer asked"))
    }
    fn tell_claim(&mut self, claim: Claim, tick: Micros, extra: &mut Vec<Event>) {
        let now = self.clock.watch;
        let Some(host) = self.hosts.get_mut(claim.terminal) else { return };
        if host.down.is_some() {
            return;
        }
        if claim.action == "offline" {
            host.down = Some(now.saturating_sub(claim.silence));
        }
        host.downs = host.downs.saturating_add(1);
        let key = host.key;
        let poller = self.hosts.get(claim.poller);
        if poller.is_some_and(|p| p.down.is_some()) {
            return; // told already: it is the poller that is gone
        }
        let source = poller.map(|p| p.key);
        let Some(c) = self.convs.get(claim.conv) else { return };
        let evidence = c.rhythm.as_ref().map(|r| r.evidence).unwrap_or_default();
        let protocol = self.names.text(c.protocol).to_owned();
        let told = Told {
            dataset: "sentinel.availability",
            action: claim.action,
            time: tick,
            source,
            destination: Some(key),
            protocol: &protocol,
            reason: format!(
                "{} is silent for {}, usually {} at most between polls: {}",
                key.addr,
                span(claim.silence),
                span(claim.period.max(SECOND)),
                claim.why
            ),
            confidence: claim.confidence,
            evidence,
            more: vec![
                ("sentinel.availability.silence", seconds(claim.silence)),
                ("sentinel.availability.period", seconds(claim.period)),
                ("sentinel.availability.count", Val::from(claim.asks)),
            ],
        };
        self.tell(told, extra);
    }
    fn tell_mass(
        &mut self,
        claims: &[Claim],
        gone: usize,
        watched: usize,
        tick: Micros,
        extra: &mut Vec<Event>,
    ) {
        let evidence = claims
            .first()
            .and_then(|c| self.convs.get(c.conv)?.rhythm.as_ref())
            .map(|r| r.evidence)
            .unwrap_or_default();
        let told = Told {
            dataset: "sentinel.availability",
            action: "offline",
            time: tick,
            source: None,
            destination: None,
            protocol: "",
            reason: format!(
                "{gone} terminals of {watched} rhythms fell silent at once: look at the observation point first"
            ),
            confidence: 0.3,
            evidence,
            more: vec![("sentinel.availability.count", Val::from(gone as u64))],
        };
        self.tell(told, extra);
    }
}
