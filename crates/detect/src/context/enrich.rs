//! The way of one event through the tables, and the fields it gets.

use super::Context;
use crate::context::baseline::{self, MANY, Seen, Terms};
use crate::context::clock::TICK;
use crate::context::conv::{Conv, ConvId, Health, NO_CONV};
use crate::context::hosts::{self, Host, HostId, Key, NOBODY, Place};
use crate::context::names::NONE;
use crate::context::rhythm::Rhythm;
use crate::context::roles::Signs;
use crate::context::view::{self, Category, Kind, Outcome, View};
use crate::event::{ADDED, Event};
use sentinel_wire::model::{HostAddr, Val};

/// Ends of an event by what they are in the conversation.
pub(super) struct Ends {
    pub client: HostId,
    pub server: HostId,
    /// The event comes from the server.
    pub swapped: bool,
}

fn level(v: f64) -> Val {
    if v.fract() == 0.0 { Val::Int(v as i64) } else { Val::Float(v) }
}

/// Classes of levels for learned conduits: control, operations, office, not known.
fn class(level: Option<f64>) -> u8 {
    match level {
        None => 0,
        Some(l) if l < 2.0 => 1,
        Some(l) if l < 4.0 => 2,
        Some(_) => 3,
    }
}

impl Context {
    /// A host as it would be entered into the table.
    pub(super) fn host_at(&self, vlan: u16, addr: HostAddr) -> Host {
        let place = hosts::place(addr, &self.zones);
        let key = Key { vlan, addr: hosts::coarse(addr, place) };
        Host::new(key, place, self.zones.of(addr, vlan), self.assets.of(Key { vlan, addr }))
    }
    /// The number of an address, entered if it is new and `add` says so.
    pub(super) fn host(&mut self, vlan: u16, addr: HostAddr, add: bool) -> HostId {
        if let Some(id) = self.hosts.find(&Key { vlan, addr }) {
            return id;
        }
        let host = self.host_at(vlan, addr);
        if let Some(id) = self.hosts.find(&host.key) {
            return id; // an address outside, by its network
        }
        if add { self.enter(host) } else { NOBODY }
    }
    /// Type and level rules are told of a host.
    fn meaning<'a>(&'a self, host: &'a Host) -> (Option<&'a str>, Option<f64>) {
        let asset = self.assets.get(host.asset);
        let serves = host.shown.serves.and_then(|p| self.names.get(p)).and_then(|k| k.serves);
        let by_deeds = match serves {
            Some(s) => (s.kind, Some(s.level)),
            None if host.shown.polls => (Some("hmi"), Some(2.0)),
            None => (None, None),
        };
        let zone = self.zones.get(host.zone).and_then(|z| z.level);
        let kind = asset.and_then(|a| a.kind.as_deref()).or(by_deeds.0);
        (kind, asset.and_then(|a| a.level).or(zone).or(by_deeds.1))
    }
    fn describe(
        &self,
        host: &Host,
        id_name: &'static str,
        names: [&'static str; 4],
        again: bool,
        e: &mut Event,
    ) {
        let mut put = |name: &'static str, value: Val| match again {
            true => e.set(name, value),
            false => e.fields.push((name.into(), value)),
        };
        let asset = self.assets.get(host.asset);
        if let Some(asset) = asset {
            put(id_name, Val::from(&*asset.id));
        }
        let zone = self.zones.get(host.zone);
        let (kind, at) = self.meaning(host);
        if let Some(kind) = kind {
            put(names[0], Val::from(kind));
        }
        if let Some(at) = at {
            put(names[1], level(at));
        }
        if let Some(zone) = zone {
            put(names[2], Val::from(&*zone.name));
        }
        let worth =
            asset.and_then(|a| a.criticality.as_deref()).or(zone.and_then(|z| z.criticality.as_deref()));
        if let Some(worth) = worth {
            put(names[3], Val::from(worth));
        }
    }
    /// Assets, zones and direction of an event whose ends are as given.
    fn dress(
        &self,
        e: &mut Event,
        v: &View,
        swapped: bool,
        source: Option<&Host>,
        destination: Option<&Host>,
    ) {
        const CLIENT: [&str; 4] =
            ["ot.client.type", "ot.client.level", "ot.client.zone", "ot.client.criticality"];
        const SERVER: [&str; 4] =
            ["ot.asset.type", "ot.asset.level", "ot.asset.zone", "ot.asset.criticality"];
        let (by_source, by_destination) = if swapped { (SERVER, CLIENT) } else { (CLIENT, SERVER) };
        if let Some(h) = source {
            self.describe(h, "source.asset", by_source, v.dressed, e);
        }
        if let Some(h) = destination {
            self.describe(h, "destination.asset", by_destination, v.dressed, e);
        }
        if v.kind == Kind::Told && (source.is_none() || destination.is_none()) {
            return;
        }
        let (client, server) = if swapped { (destination, source) } else { (source, destination) };
        let outside = |h: Option<&Host>| h.is_some_and(|h| h.place == Place::Outside);
        if client.is_some() || server.is_some() {
            let word = match (outside(client), outside(server)) {
                (false, false) => "internal",
                (false, true) => "outbound",
                (true, false) => "inbound",
                (true, true) => "external",
            };
            if v.directed {
                e.set("network.direction", Val::Static(word));
            } else {
                e.fields.push(("network.direction".into(), Val::Static(word)));
            }
        }
        if let (Some(c), Some(s)) = (client, server)
            && self.zones.known
            && c.place != Place::Group
            && s.place != Place::Group
        {
            let port = if swapped { v.source_port } else { v.destination_port };
            let ends = |h: &Host| (h.zone, h.place == Place::Outside);
            if let Some(yes) = self.zones.allowed(ends(c), ends(s), v.protocol, &self.names, port) {
                let word = if yes { "allowed" } else { "denied" };
                e.fields.push(("sentinel.conduit".into(), Val::Static(word)));
            }
        }
    }
    /// Says of an alert which assets its ends are, where it names addresses only.
    pub fn name_ends(&self, alert: &mut Event) {
        const ENDS: [[&str; 3]; 2] = [
            ["source.asset", "source.ip", "source.mac"],
            ["destination.asset", "destination.ip", "destination.mac"],
        ];
        for [asset, ip, mac] in ENDS {
            let by_mac = || alert.text(mac).and_then(view::mac).map(HostAddr::Mac);
            let addr = alert.text(ip).and_then(view::ip).or_else(by_mac);
            let Some(addr) = addr.filter(|_| alert.get(asset).is_none()) else { continue };
            let vlan = match alert.get("network.vlan.id") {
                Some(Val::Int(v)) => u16::try_from(*v).unwrap_or(0),
                _ => 0,
            };
            if let Some(known) = self.assets.get(self.assets.of(Key { vlan, addr })) {
                alert.fields.push((asset.into(), Val::from(&*known.id)));
            }
        }
    }
    /// Fields of an event of the context's own making.
    pub(super) fn decorate(&mut self, e: &mut Event) {
        let v = View::read(e, &mut self.names);
        let (mut one, mut other) = (None, None);
        let source = v.source.and_then(|a| self.look(v.vlan, a, &mut one));
        let destination = v.destination.and_then(|a| self.look(v.vlan, a, &mut other));
        let of = |id: HostId, fresh: &'_ Option<Host>| self.hosts.get(id).cloned().or(fresh.clone());
        let (source, destination) =
            (source.and_then(|i| of(i, &one)), destination.and_then(|i| of(i, &other)));
        self.dress(e, &v, false, source.as_ref(), destination.as_ref());
    }
    /// The number of an address; one that is not in the table goes to `fresh` and has none.
    fn look(&self, vlan: u16, addr: HostAddr, fresh: &mut Option<Host>) -> Option<HostId> {
        if let Some(id) = self.hosts.find(&Key { vlan, addr }) {
            return Some(id);
        }
        let host = self.host_at(vlan, addr);
        // an address outside goes by its network, but its asset by the address itself
        let id = if host.key.addr == addr || host.asset != 0 { None } else { self.hosts.find(&host.key) };
        *fresh = Some(host);
        Some(id.unwrap_or(NOBODY))
    }
    fn enter(&mut self, mut host: Host) -> HostId {
        if let Some(id) = self.hosts.find(&host.key) {
            return id;
        }
        host.new = host.place == Place::Inside && self.terms().ready;
        host.first = self.clock.watch;
        self.hosts.add(host, self.settings.limits.hosts)
    }
    /// Takes an event into the tables and gives it its fields.
    pub(super) fn take(&mut self, e: &mut Event, extra: &mut Vec<Event>) {
        let v = View::read(e, &mut self.names);
        e.fields.reserve_exact(ADDED); // in one go, where the event came without room for them
        let swapped = v.is_by_server();
        let (mut one, mut other) = (None, None);
        let mut source = v.source.and_then(|a| self.look(v.vlan, a, &mut one)).unwrap_or(NOBODY);
        let mut destination = v.destination.and_then(|a| self.look(v.vlan, a, &mut other)).unwrap_or(NOBODY);
        let (from, to) =
            (self.hosts.get(source).or(one.as_ref()), self.hosts.get(destination).or(other.as_ref()));
        self.dress(e, &v, swapped, from, to);
        if v.kind == Kind::Told {
            return;
        }
        let watched = self.clock.watched(e.time);
        if let Some(host) = one.filter(|_| source == NOBODY) {
            source = self.enter(host);
        }
        // what never answered and was never seen is no host
        if let Some(host) = other.filter(|_| destination == NOBODY && !v.unanswered) {
            destination = self.enter(host);
        }
        self.hear(source, watched, e, extra);
        if v.kind == Kind::Said {
            return self.said(source, e, extra);
        }
        let (client, server) = if swapped { (destination, source) } else { (source, destination) };
        let ends = Ends { client, server, swapped };
        let known = self.names.get(v.protocol);
        let (signs, housekeeping) = known.map_or((Signs::None, false), |k| (k.signs, k.housekeeping));
        if signs != Signs::None {
            self.read_signs(signs, &v, &ends, e, extra);
        }
        self.rivalry(source, "source.mac", e, extra);
        if matches!(v.outcome, Outcome::Answered { refused: true }) {
            self.failed(ends.server, v.count, e, extra);
        }
        if matches!(v.outcome, Outcome::Answered { .. }) {
            self.rivalry(destination, "destination.mac", e, extra);
        }
        if !housekeeping && client != NOBODY {
            self.habits(&v, &ends, e, extra);
        }
    }
    /// Conversation, rhythm and baselines.
    fn habits(&mut self, v: &View, ends: &Ends, e: &mut Event, extra: &mut Vec<Event>) {
        let terms = self.terms();
        let frozen = !self.settings.baseline.learn;
        let (conv, created) = self.conv(v, ends, &terms);
        if v.unanswered || v.refused {
            let watched = self.clock.watched(e.time);
            if v.refused {
                self.hear(ends.server, watched, e, extra);
            }
            self.knock(ends, watched);
        } else if conv != NO_CONV {
            self.beat(conv, v, ends, e, extra);
        }
        if frozen && !terms.ready {
            return;
        }
        if !terms.ready && e.time.rem_euclid(TICK) < TICK / 2 {
            self.baseline.cover(e.time);
        }
        let (new, first) = self.news(v, ends, (conv, created), &terms, e);
        e.fields.push((
            "sentinel.baseline.state".into(),
            Val::Static(if terms.ready { "ready" } else { "learning" }),
        ));
        for (name, bits) in [("sentinel.baseline.new", new), ("sentinel.baseline.first", first)] {
            if bits != 0 {
                let words = (0u8..).zip(baseline::WORDS).filter(|(i, _)| bits >> i & 1 == 1);
                e.fields
                    .push((name.into(), Val::from(words.map(|(_, w)| Val::Static(w)).collect::<Vec<_>>())));
            }
        }
        self.learned_conduit(conv, &terms, e);
    }
    /// What is new about an event, and what of it was never seen before this very event.
    fn news(
        &mut self,
        v: &View,
        ends: &Ends,
        (conv, created): (ConvId, bool),
        terms: &Terms,
        e: &Event,
    ) -> (u8, u8) {
        let limits = (self.settings.limits.conversations, self.settings.limits.functions);
        let (mut new, mut first) = (0u8, 0u8);
        let mut take = |bit: u8, (is_new, is_first): (bool, bool)| {
            if is_new {
                new |= bit;
                first |= if is_first { bit } else { 0 };
            }
        };
        if let Some(c) = self.convs.get(conv).filter(|_| !created) {
            // looked up when the conversation was entered; a first sight never changes
            let is_new = |seen: Option<Seen>| (seen.is_some_and(|s| terms.is_new(s)), false);
            take(baseline::CLIENT, is_new(c.role));
            take(baseline::SERVICE, is_new(Some(c.seen)));
            take(baseline::DESTINATION, is_new(c.destination));
        } else {
            let (seen, is_first) = self.destination_news(v, ends, terms, limits.0);
            take(baseline::DESTINATION, (seen.is_some_and(|s| terms.is_new(s)), is_first));
            if conv != NO_CONV {
                let (role, is_first) = self.baseline.role(ends.client, v.protocol, terms, limits.0);
                take(baseline::CLIENT, (role.is_some_and(|s| terms.is_new(s)), is_first));
                take(baseline::SERVICE, (terms.ready, true));
                if let Some(c) = self.convs.get_mut(conv) {
                    (c.role, c.destination) = (role, seen);
                }
            }
        }
        if conv != NO_CONV && v.function != NONE {
            let (seen, is_first) = self.baseline.function(conv, v.function, terms, limits.1);
            take(baseline::FUNCTION, (seen.is_some_and(|s| terms.is_new(s)), is_first));
        }
        let deed = match v.category {
            Category::Control => 2u8,
            Category::Engineering => 3,
            Category::Administration => 4,
            Category::None | Category::Monitor => 0,
        };
        if deed != 0 {
            let key = (ends.client, v.protocol, deed);
            let unusual = self.baseline.hour(key, e.time, terms, limits.0);
            take(baseline::HOURS, (unusual, false));
        }
        if v.kind == Kind::Flow && v.bytes > 0 {
            let outside = self.hosts.get(ends.server).is_some_and(|h| h.place == Place::Outside);
            let to = if outside { NOBODY } else { ends.server };
            let set = (self.settings.baseline.volume, self.settings.baseline.times);
            let sent = (e.time, v.bytes);
            take(baseline::VOLUME, self.baseline.volume((ends.client, to), sent, terms, set, limits.0));
        }
        (new, first)
    }
    /// When a client reached a destination first, where that may be told; and whether that is now.
    fn destination_news(
        &mut self,
        v: &View,
        ends: &Ends,
        terms: &Terms,
        limit: usize,
    ) -> (Option<Seen>, bool) {
        let Some(client) = self.hosts.get(ends.client) else { return (None, false) };
        if client.place != Place::Inside || client.destinations >= MANY {
            return (None, false);
        }
        // nothing is usual for a host that was never learned: it is new as a whole
        let judged = !client.new;
        let Some(server) = self.hosts.get(ends.server) else {
            return (Some(terms.seen()).filter(|_| judged && v.unanswered), true);
        };
        if server.place == Place::Group {
            return (None, false);
        }
        let (seen, first) = self.baseline.destination((ends.client, ends.server), terms, limit);
        if first && let Some(client) = self.hosts.get_mut(ends.client) {
            client.destinations = client.destinations.saturating_add(1);
        }
        (seen.filter(|_| judged), first)
    }
    /// The conversation an event belongs to, entered if it is new.
    fn conv(&mut self, v: &View, ends: &Ends, terms: &Terms) -> (ConvId, bool) {
        if ends.client == NOBODY || ends.server == NOBODY || v.protocol == NONE {
            return (NO_CONV, false);
        }
        if let Some(id) = self.convs.find(&(ends.client, ends.server, v.protocol)) {
            return (id, false);
        }
        if v.unanswered {
            return (NO_CONV, false);
        }
        let group = self.hosts.get(ends.server).is_some_and(|h| h.place == Place::Group);
        let conv = Conv {
            client: ends.client,
            server: ends.server,
            protocol: v.protocol,
            seen: terms.seen(),
            role: None,
            destination: None,
            answered: 0,
            asked: 0,
            group,
            health: Health::default(),
            conduit: None,
            rhythm: self.names.is_terminal(v.protocol).then(|| Box::new(Rhythm::default())),
        };
        (self.convs.add(conv, self.settings.limits.conversations), true)
    }
    /// Without a file of zones: whether these subnets and levels talked so while learning.
    fn learned_conduit(&mut self, id: ConvId, terms: &Terms, e: &mut Event) {
        if self.zones.known {
            return;
        }
        let Some(c) = self.convs.get(id) else { return };
        let (Some(client), Some(server)) = (self.hosts.get(c.client), self.hosts.get(c.server)) else {
            return;
        };
        if c.group || client.place == Place::Outside && server.place == Place::Outside {
            return;
        }
        let classes = class(self.meaning(client).1) << 2 | class(self.meaning(server).1);
        let seen = match c.conduit {
            Some((known, seen)) if known == classes => seen,
            before => {
                let end = |h: &Host| match h.place {
                    Place::Outside => HostAddr::Mac(sentinel_wire::model::Mac([0xFF; 6])),
                    _ => hosts::subnet(h.key.addr),
                };
                let key = (end(client), end(server), classes, c.protocol);
                // that more is known of an end now makes the crossing no newer than it was
                let seen = before.map_or(terms.seen(), |(_, seen)| seen);
                let full = self.conduits.len() >= self.settings.limits.conversations;
                let seen = match self.conduits.get(&key) {
                    Some(seen) => *seen,
                    None if full => return,
                    None => *self.conduits.entry(key).or_insert(seen),
                };
                if let Some(c) = self.convs.get_mut(id) {
                    c.conduit = Some((classes, seen));
                }
                seen
            }
        };
        let word = if terms.is_new(seen) { "unlearned" } else { "learned" };
        e.fields.push(("sentinel.conduit".into(), Val::Static(word)));
    }
    /// Counts an answer or a request of a conversation; gives (answers, requests) that it stands for.
    pub(super) fn counted(v: &View, ends: &Ends) -> (u32, u32) {
        let n = v.count.max(1);
        match v.outcome {
            Outcome::Answered { .. } => (n, 0),
            Outcome::Unknown => (0, n),
            Outcome::Unsaid if v.kind == Kind::Flow || ends.swapped => (n, 0),
            Outcome::Unsaid => (0, n),
        }
    }
}
