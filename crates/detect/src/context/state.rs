//! A context as bytes: to go on exactly where it stopped, or to take what was learned to the next scan.

use super::{Context, Counts};
use crate::context::assets::{Assets, Rows};
use crate::context::baseline::{Hours, Seen, Volume};
use crate::context::clock::Clock;
use crate::context::conv::{Conv, ConvId, Convs};
use crate::context::health::{Ailing, Jump};
use crate::context::hosts::{Host, HostId, Hosts};
use crate::context::names::{NameId, Names};
use sentinel_wire::model::{HostAddr, Micros};
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;

/// First octets of every state: what it is, and the version of its form.
const MAGIC: &[u8] = b"sentinel-context\x02";
const BEFORE: &[u8] = b"sentinel-context\x01";

const BAD: &str = "context: the state is damaged or of another version; begin anew without it";

/// Everything but the settings. Tables as sorted lists, so that equal states are equal bytes.
#[derive(Serialize, Deserialize)]
struct State {
    names: Vec<String>,
    hosts: Vec<Host>,
    convs: Vec<Conv>,
    roles: Vec<((HostId, NameId), Seen)>,
    functions: Vec<((ConvId, NameId), Seen)>,
    destinations: Vec<((HostId, HostId), Seen)>,
    hours: Vec<((HostId, NameId, u8), Hours)>,
    volumes: Vec<((HostId, HostId), Volume)>,
    covered: Hours,
    conduits: Vec<((HostAddr, HostAddr, u8, NameId), Seen)>,
    clock: Clock,
    tick: Micros,
    grace: (Micros, Micros),
    timers: Vec<(Micros, ConvId)>,
    dirty: Vec<HostId>,
    fresh: Vec<HostId>,
    told: (i64, u32),
    counts: Counts,
    lost: [u64; 4],
    ailing: Vec<(HostId, Ailing)>,
    jumps: Vec<Jump>,
    ailing_lost: u64,
}

fn sorted<K: Copy + Ord, V: Copy, S>(map: &hashbrown::HashMap<K, V, S>) -> Vec<(K, V)> {
    let mut list: Vec<(K, V)> = map.iter().map(|(k, v)| (*k, *v)).collect();
    list.sort_unstable_by_key(|(k, _)| *k);
    list
}

impl Context {
    /// The state in full: [`Context::restore`] goes on from it as if nothing had happened.
    pub fn snapshot(&self) -> Vec<u8> {
        let b = &self.baseline;
        let mut timers: Vec<_> = self.timers.iter().map(|Reverse(t)| *t).collect();
        timers.sort_unstable();
        let state = State {
            names: self.names.all(),
            hosts: self.hosts.list.clone(),
            convs: self.convs.list.clone(),
            roles: sorted(&b.roles),
            functions: sorted(&b.functions),
            destinations: sorted(&b.destinations),
            hours: sorted(&b.hours),
            volumes: sorted(&b.volumes),
            covered: b.covered,
            conduits: sorted(&self.conduits),
            clock: self.clock,
            tick: self.tick,
            grace: self.grace,
            timers,
            dirty: self.dirty.clone(),
            fresh: self.fresh.clone(),
            told: self.told,
            counts: self.counts,
            lost: [self.hosts.lost, self.convs.lost, b.lost, self.names.lost],
            ailing: sorted(&self.ailing),
            jumps: self.jumps.clone(),
            ailing_lost: self.ailing_lost,
        };
        postcard::to_extend(&state, MAGIC.to_vec()).unwrap_or_default()
    }
    /// Goes on where a snapshot was taken. Zones and assets are those of this context, not of then.
    pub fn restore(&mut self, snapshot: &[u8]) -> Result<(), String> {
        let s: State = match (snapshot.strip_prefix(MAGIC), snapshot.strip_prefix(BEFORE)) {
            (Some(body), _) => postcard::from_bytes(body),
            // the first form ended before what devices say of themselves: two empty lists and no loss
            (_, Some(body)) => postcard::from_bytes(&[body, &[0, 0, 0]].concat()),
            _ => return Err(BAD.to_owned()),
        }
        .map_err(|_| BAD)?;
        let mut names = Names::new(self.settings.limits.names);
        // numbers in the state are those of its own names; the names of the zones' file come behind
        for name in &s.names {
            names.id(name);
        }
        if names.all() != s.names {
            return Err(BAD.to_owned());
        }
        names.lost = s.lost[3];
        self.zones = crate::context::zones::Zones::new(&self.settings, &mut names)?;
        self.names = names;
        let mut hosts = s.hosts;
        for host in &mut hosts {
            host.place = super::hosts::place(host.key.addr, &self.zones);
            host.zone = self.zones.of(host.key.addr, host.key.vlan);
            host.asset = self.assets.of(host.key);
        }
        self.hosts = Hosts::load(hosts);
        self.convs = Convs::load(s.convs);
        let b = &mut self.baseline;
        b.roles = s.roles.into_iter().collect();
        b.functions = s.functions.into_iter().collect();
        b.destinations = s.destinations.into_iter().collect();
        b.hours = s.hours.into_iter().collect();
        b.volumes = s.volumes.into_iter().collect();
        b.covered = s.covered;
        (self.hosts.lost, self.convs.lost, b.lost) = (s.lost[0], s.lost[1], s.lost[2]);
        self.conduits = s.conduits.into_iter().collect();
        (self.clock, self.tick, self.grace) = (s.clock, s.tick, s.grace);
        self.timers = s.timers.into_iter().map(Reverse).collect();
        (self.dirty, self.fresh, self.told, self.counts) = (s.dirty, s.fresh, s.told, s.counts);
        self.ailing = s.ailing.into_iter().collect();
        (self.jumps, self.ailing_lost) = (s.jumps, s.ailing_lost);
        Ok(())
    }
    /// What goes on with the events, beside the state: the inventory as of the last tick, that for the next
    /// one, and the place of the latest event.
    pub fn running(&self) -> Vec<u8> {
        let coming = self.coming.as_ref().map(Assets::rows);
        postcard::to_allocvec(&(self.assets.rows(), coming, self.order, self.made)).unwrap_or_default()
    }
    /// Takes over both, [`Context::snapshot`] and [`Context::running`].
    pub fn go_on(&mut self, snapshot: &[u8], running: &[u8]) -> Result<(), String> {
        type Running = (Rows, Option<Rows>, (u64, u32), u32);
        let read = postcard::from_bytes::<Running>(running);
        let (assets, coming, order, made) = read.map_err(|_| BAD.to_owned())?;
        let before = std::mem::replace(&mut self.assets, Assets::of_rows(assets));
        if let Err(refused) = self.restore(snapshot) {
            self.assets = before;
            return Err(refused);
        }
        (self.coming, self.order, self.made) = (coming.map(Assets::of_rows), order, made);
        Ok(())
    }
    /// What was learned, to be kept in a store between scans.
    pub fn save(&self) -> Vec<u8> {
        self.snapshot()
    }
    /// Takes up what was learned before, from [`Context::save`]: the time between was not watched,
    /// so no terminal is missed for it, and the next source may begin at any time.
    pub fn load(&mut self, saved: &[u8]) -> Result<(), String> {
        self.restore(saved)?;
        self.clock.wall = None;
        self.tick = Micros::MIN;
        self.timers.clear();
        self.counts = Counts::default();
        for host in &mut self.hosts.list {
            (host.down, host.rival) = (None, None);
        }
        for conv in &mut self.convs.list {
            if let Some(r) = &mut conv.rhythm {
                r.pause(self.clock.watch);
                // the sources of then have other numbers, if they are there at all
                (r.evidence.frame, r.evidence.source) = (0, u32::MAX);
            }
        }
        Ok(())
    }
}
