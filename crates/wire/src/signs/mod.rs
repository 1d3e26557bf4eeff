//! Signs that no single flow shows: scans, addresses with two owners, networks behind an address,
//! answers to names of others.
//!
//! Shards know pairs of addresses only. They leave [`Note`]s; this stage reads them, and the events
//! of probes, in the one order of a run (packet, then notes before events, then shard), and so finds
//! the same however the work was divided. All tables are bounded, all windows aligned to packet time.

pub mod anomaly;
mod claims;
mod dhcp;
mod event;
mod fanout;
mod lines;
mod names;
mod nat;
mod note;
mod saved;
#[cfg(test)]
mod tests;
mod tunnels;

pub use event::{Fields, Side, begin, push};
pub use note::{MAX_NOTES, Note, Opening, Stack, What};
pub use saved::Memory;
pub use tunnels::{Nested, outermost};

use crate::model::*;
use crate::obs::{Limits, Observations, StoredEvent};
use std::hash::{Hash, Hasher};
use std::net::IpAddr;

/// Length of the aligned windows of all signs, in microseconds.
pub const WINDOW: Micros = 60_000_000;

/// See the module.
pub struct Signs {
    /// What was found; hosts and facts too.
    pub obs: Observations,
    fanout: fanout::Fanout,
    claims: claims::Claims,
    nat: nat::Nat,
    names: names::Names,
    dhcp: dhcp::Servers,
    tunnels: tunnels::Tunnels,
    now: Micros,
}

/// What happens in a run, as this stage sees it.
enum Step {
    Tick(Micros),
    Note(Note),
    /// Number of an event of this hand-over.
    Event(usize),
}

impl Signs {
    pub fn new(limits: Limits, mode: crate::obs::EventMode) -> Signs {
        Signs {
            obs: Observations::new(limits, mode),
            fanout: fanout::Fanout::default(),
            claims: claims::Claims::default(),
            nat: nat::Nat::default(),
            names: names::Names::default(),
            dhcp: dhcp::Servers::default(),
            tunnels: tunnels::Tunnels::default(),
            now: Micros::MIN,
        }
    }

    /// Reads one hand-over: new seconds as (packet they begin before, time), notes by shard, and the
    /// events in their order. Gives the events found.
    pub fn read(
        &mut self,
        ticks: &[(u64, Micros)],
        notes: Vec<Vec<Note>>,
        events: &[(u8, StoredEvent)],
    ) -> Vec<StoredEvent> {
        let mut steps: Vec<(u64, u8, Step)> = Vec::with_capacity(ticks.len() + events.len());
        steps.extend(ticks.iter().map(|(packet, now)| (*packet, 0, Step::Tick(*now))));
        for shard in notes {
            steps.extend(shard.into_iter().map(|n| (n.packet, 1, Step::Note(n))));
        }
        steps.extend(events.iter().enumerate().map(|(i, (_, e))| (e.order.0, 2, Step::Event(i))));
        // stable: notes of one packet stay in order of shard and of making
        steps.sort_by_key(|(packet, kind, _)| (*packet, *kind));
        for (packet, _, step) in steps {
            self.obs.events.at_packet(packet);
            match step {
                Step::Tick(now) => self.tick(now),
                Step::Note(note) => self.note(&note),
                Step::Event(i) => {
                    if let Some((_, e)) = events.get(i) {
                        self.event(e);
                    }
                }
            }
        }
        self.obs.events.take()
    }

    /// Nothing more comes: open windows end.
    pub fn finish(&mut self, packet: u64) -> Vec<StoredEvent> {
        self.obs.events.at_packet(packet);
        self.fanout.flush(&mut self.obs, Micros::MAX, self.now);
        self.obs.events.take()
    }

    fn tick(&mut self, now: Micros) {
        let crossed = now.div_euclid(WINDOW) != self.now.div_euclid(WINDOW);
        self.now = self.now.max(now);
        if crossed {
            self.fanout.flush(&mut self.obs, now, now);
            self.claims.sweep(now);
            self.nat.sweep(now);
        }
    }

    fn note(&mut self, n: &Note) {
        let obs = &mut self.obs;
        match n.what {
            What::Opened(o) => {
                self.fanout.opened(obs, n, &o);
                self.claims.frame(obs, n, &o);
                self.nat.opened(obs, n, &o, self.claims.owner(n.vlan, o.src));
            }
            What::Answered { asker, target, port, proto, accepted } => {
                self.fanout.answered(n, asker, target, port, proto, accepted);
            }
            What::Claimed { mac, ip, to, answer } => {
                if let (true, Some(to)) = (answer, to) {
                    self.fanout.answered(n, to, ip, 0, fanout::RESOLUTION, true);
                }
                self.claims.claimed(obs, n, mac, ip, to, answer);
            }
            What::Asked { mac, by, ip } => {
                self.fanout.asked(obs, n, mac, by, ip);
                self.claims.asked(n, ip);
            }
            What::Fragments { ends, overlap } => {
                // the first of two ends in a window tells of all
                let window = n.at.time.div_euclid(WINDOW);
                let mut h = rustc_hash::FxHasher::default();
                ("fragments", window, ends, overlap).hash(&mut h);
                if obs.events.once_an_hour(n.at.time, h.finish()) {
                    let ends = (ends.0.into(), ends.1.into());
                    let action = if overlap { "fragment-overlap" } else { "fragment-bad" };
                    anomaly::fragments(obs, n.at, n.vlan, ends, action);
                }
            }
            What::Back { by } => anomaly::time_back(obs, n.at, by),
            What::Nested(t) => self.tunnels.nested(obs, &mut self.nat, n, &t),
            What::Gateway { ip } => self.nat.gateway(obs, n, ip),
        }
    }

    fn event(&mut self, e: &StoredEvent) {
        let text = |name: &str| text(e, name);
        match text("event.dataset") {
            Some("sentinel.dhcp") => self.dhcp.message(&mut self.obs, &mut self.nat, e),
            Some("sentinel.llmnr" | "sentinel.nbns") if text("event.action") == Some("response") => {
                self.names.answer(&mut self.obs, e);
            }
            // what is inside is not to be read; that there is something is
            Some("sentinel.wireguard" | "sentinel.openvpn" | "sentinel.ike") => {
                if let Some(ip) = ip(e, "source.ip").filter(|ip| is_inside(*ip)) {
                    self.nat.carries(&mut self.obs, e.at, vlan(e), ip);
                }
            }
            Some("sentinel.http") => {
                if let (Some(agent), Some(ip)) = (text("user_agent.original"), ip(e, "source.ip")) {
                    self.nat.agent(&mut self.obs, e.at, vlan(e), ip, agent);
                }
            }
            _ => {}
        }
    }

    pub fn bytes(&self) -> usize {
        self.obs.bytes() + self.fanout.bytes() + self.claims.bytes() + self.nat.bytes() + self.tunnels.bytes()
    }
}

/// Text of an event's field.
fn text<'e>(e: &'e StoredEvent, name: &str) -> Option<&'e str> {
    match &e.fields.iter().find(|(n, _)| *n == name)?.1 {
        Val::Str(s) => Some(s),
        Val::Static(s) => Some(s),
        _ => None,
    }
}

fn ip(e: &StoredEvent, name: &str) -> Option<IpAddr> {
    text(e, name)?.parse().ok()
}

fn vlan(e: &StoredEvent) -> u16 {
    match e.fields.iter().find(|(n, _)| *n == "network.vlan.id") {
        Some((_, Val::Int(v))) => u16::try_from(*v).unwrap_or(0),
        _ => 0,
    }
}

/// A hardware address as events write it.
fn mac(text: &str) -> Option<Mac> {
    let mut out = [0; 6];
    let mut parts = text.split(':');
    for place in &mut out {
        *place = u8::from_str_radix(parts.next()?, 16).ok()?;
    }
    parts.next().is_none().then_some(Mac(out))
}

/// Addresses that a site gives to its own hosts: RFC 1918, RFC 3927, RFC 6598; RFC 4193, link-local.
fn is_inside(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(a) => {
            a.is_private() || a.is_link_local() || a.octets()[0] == 100 && a.octets()[1] & 0xc0 == 64
        }
        IpAddr::V6(a) => a.segments()[0] & 0xfe00 == 0xfc00 || a.is_unicast_link_local(),
    }
}

/// Microseconds of packet time between two stamps, never negative.
fn since(now: Micros, then: Micros) -> Micros {
    now.saturating_sub(then).max(0)
}
