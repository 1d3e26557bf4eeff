//! Harvest of a shard's observations while its flows go on: what was learnt is handed over, the numbers
//! of hosts that flows refer to stay.

use super::{HostId, HostKey, HostStat, Observations};
use crate::model::*;

/// What stands in a place of the host table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    Free,
    /// A host that was handed over before.
    Told,
    /// A host that was not handed over yet.
    Fresh,
}

impl Observations {
    /// A place for a host that has none.
    pub(super) fn place(&mut self, key: HostKey) -> HostId {
        let row = (key, HostStat::NONE);
        match self.free.pop() {
            Some(id) => {
                self.hosts[id as usize] = row;
                self.facts_of[id as usize] = 0;
                self.places[id as usize] = Place::Fresh;
                HostId(id)
            }
            None => {
                self.hosts.push(row);
                self.facts_of.push(0);
                self.places.push(Place::Fresh);
                HostId(self.hosts.len() as u32 - 1)
            }
        }
    }

    /// True if a host is new, or something of it changed, since the last harvest.
    pub fn is_news(&self, host: usize) -> bool {
        match self.places.get(host) {
            Some(Place::Fresh) => true,
            Some(Place::Told) => {
                let quiet = |s: &HostStat| HostStat { group: false, ..*s } == HostStat::NONE;
                self.hosts.get(host).is_some_and(|(_, s)| !quiet(s))
            }
            _ => false,
        }
    }

    /// Hands over all that was learnt since the last harvest. Hosts for which `held` is true keep their
    /// numbers; those of others are given to new ones. Events, payload for probes outside and what
    /// probes keep across flows stay.
    pub fn harvest(&mut self, held: &[bool]) -> Observations {
        let mut out = Observations::new(self.limits, super::EventMode::None);
        out.shard = self.shard;
        out.strings = std::mem::take(&mut self.strings);
        out.facts = std::mem::take(&mut self.facts);
        out.bindings = std::mem::take(&mut self.bindings);
        out.conversations = std::mem::take(&mut self.conversations);
        out.taken = std::mem::take(&mut self.taken);
        out.operations = std::mem::take(&mut self.operations);
        out.credentials = std::mem::take(&mut self.credentials);
        out.parse_errors = std::mem::take(&mut self.parse_errors);
        out.counters = std::mem::take(&mut self.counters);
        let stays = |h: HostId| held.get(h.0 as usize).copied().unwrap_or(false);
        self.known.retain(|k| stays(k.host));
        self.known.extend(self.services.keys().filter(|k| stays(k.host)));
        if self.known.len() > self.limits.services {
            self.known.clear();
            self.count("services_known");
        }
        out.services = std::mem::take(&mut self.services);
        out.hosts.clone_from(&self.hosts);
        out.places.clone_from(&self.places);
        for id in 0..self.hosts.len() {
            let (Some((key, stat)), Some(place)) = (self.hosts.get_mut(id), self.places.get_mut(id)) else {
                continue;
            };
            // that an address names a group is asked for when its flows end
            *stat = HostStat { group: stat.group, ..HostStat::NONE };
            if let Some(facts) = self.facts_of.get_mut(id) {
                *facts = 0;
            }
            if *place != Place::Free {
                *place = Place::Told;
                if !held.get(id).copied().unwrap_or(false) {
                    *place = Place::Free;
                    self.host_index.remove(key);
                    self.free.push(id as u32);
                }
            }
        }
        self.shrink();
        out
    }

    /// Gives back the room of hosts that are gone.
    fn shrink(&mut self) {
        let end = self.places.iter().rposition(|p| *p != Place::Free).map_or(0, |last| last + 1);
        self.free.retain(|id| (*id as usize) < end);
        // the lowest numbers are given out first, so that the table stays short
        self.free.sort_unstable_by(|a, b| b.cmp(a));
        self.hosts.truncate(end);
        self.facts_of.truncate(end);
        self.places.truncate(end);
        let room = end.saturating_mul(2);
        self.hosts.shrink_to(room);
        self.facts_of.shrink_to(room);
        self.places.shrink_to(room);
        self.free.shrink_to(room);
        if self.host_index.capacity() > room.max(64) * 2 {
            self.host_index.shrink_to(room);
        }
    }

    /// Adds a sighting that counts nothing: the binding was counted before.
    pub(crate) fn bind_again(&mut self, key: super::BindKey, at: Stamp) {
        let seen = super::Seen { count: 0, first: at, last: at.time };
        if let Some(have) = self.bindings.get_mut(&key) {
            have.merge(&seen);
        } else if self.bindings.len() < self.limits.bindings {
            self.bindings.insert(key, seen);
        }
    }

    /// Notes that a service was told before, by a run that this one goes on with.
    pub(crate) fn know(&mut self, key: super::ServiceKey) {
        if self.known.len() < self.limits.services {
            self.known.insert(key);
        }
    }

    /// Takes traffic back from a key under which it was harvested before.
    pub(crate) fn take_back(&mut self, key: super::ConvKey, packets: u64, bytes: u64) {
        let slot = self.taken.entry(key).or_default();
        slot.packets += packets;
        slot.bytes += bytes;
    }
}
