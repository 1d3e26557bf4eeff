//! Bounds of an inventory that grows for months: which entries give way, and how they are counted.
//!
//! A table over its bound is brought down to seven eighths of it at once, so that this is done seldom;
//! then all that is left is copied, texts with it, and what was evicted takes no room any more. What
//! was evicted and comes back begins anew under the same asset id (`ledger`).

use crate::state::*;
use sentinel_wire::model::*;
use sentinel_wire::obs::{BindKind, HostId};
use std::hash::Hash;

/// Entries of each table at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    pub hosts: usize,
    pub facts: usize,
    pub facts_per_host: usize,
    pub services: usize,
    pub bindings: usize,
    pub conversations: usize,
    pub operations: usize,
    pub credentials: usize,
    /// Bytes of interned text.
    pub text: usize,
}

impl Default for Bounds {
    fn default() -> Bounds {
        Bounds {
            hosts: 1 << 18,
            facts: 1 << 19,
            facts_per_host: 512,
            services: 1 << 18,
            bindings: 1 << 18,
            conversations: 1 << 18,
            operations: 1 << 17,
            credentials: 1 << 15,
            text: 64 << 20,
        }
    }
}

impl Bounds {
    /// Sets the bound of a table by its name. False if there is none of that name.
    pub fn set(&mut self, table: &str, most: usize) -> bool {
        let place = match table {
            "hosts" => &mut self.hosts,
            "facts" => &mut self.facts,
            "facts_per_host" => &mut self.facts_per_host,
            "services" => &mut self.services,
            "bindings" => &mut self.bindings,
            "conversations" => &mut self.conversations,
            "operations" => &mut self.operations,
            "credentials" => &mut self.credentials,
            "text" => &mut self.text,
            _ => return false,
        };
        *place = most.max(8);
        true
    }
}

type Set<K> = hashbrown::HashSet<K, rustc_hash::FxBuildHasher>;

/// What gives way.
#[derive(Default)]
pub struct Evicted {
    pub hosts: Set<HostId>,
    pub facts: Set<FactKey>,
    pub services: Set<ServiceKey>,
    pub bindings: Set<BindKey>,
    pub conversations: Set<ConvKey>,
    pub operations: Set<OpKey>,
    pub credentials: Set<CredKey>,
}

/// Entries of lowest rank, as many as must go for seven eighths of the bound to stay.
fn worst<K: Hash + Eq, R: Ord>(entries: impl Iterator<Item = (R, K)>, len: usize, most: usize) -> Set<K> {
    if len <= most {
        return Set::default();
    }
    let over = len - (most - most / 8);
    let mut all: Vec<(R, K)> = entries.collect();
    if over < all.len() {
        all.select_nth_unstable_by(over, |a, b| a.0.cmp(&b.0));
        all.truncate(over);
    }
    all.into_iter().map(|(_, k)| k).collect()
}

/// How much a host is worth, and when it was seen last.
type Rank = (u8, Micros);

/// Hosts that were only asked for go first, then those that sent, then those with services or facts;
/// of each the one not seen for longest. A hardware address is worth what its addresses are; an address
/// is worth what the hardware address is that answers for it.
fn ranks(state: &State) -> Vec<Rank> {
    let mut rank: Vec<Rank> = state.hosts.iter().map(|(_, s)| (u8::from(s.sent), s.last)).collect();
    let mut raise = |id: HostId, worth: u8, last: Micros| {
        if let Some(r) = rank.get_mut(id.0 as usize) {
            *r = (r.0.max(worth), r.1.max(last));
        }
    };
    for (k, seen) in &state.facts {
        raise(k.host, if k.by_self { 4 } else { 3 }, seen.last);
    }
    for (k, s) in &state.services {
        let known = !state.text(k.protocol).is_empty();
        raise(k.host, if known && k.offered { 2 } else { 1 }, s.seen.last);
    }
    for (k, op) in &state.operations {
        let worth = if op.category == Category::Monitor { 2 } else { 4 };
        raise(k.client, worth, op.seen.last);
        raise(k.server, worth, op.seen.last);
    }
    for (k, c) in &state.credentials {
        raise(k.client, 2, c.seen.last);
        raise(k.server, 4, c.seen.last);
    }
    for (k, seen) in &state.bindings {
        let ip = rank.get(k.ip.0 as usize).copied().unwrap_or_default();
        if let Some(r) = rank.get_mut(k.mac.0 as usize) {
            *r = (r.0.max(ip.0).max(2), r.1.max(ip.1).max(seen.last));
        }
    }
    for k in state.bindings.keys().filter(|k| k.kind != BindKind::Frame) {
        let mac = rank.get(k.mac.0 as usize).copied().unwrap_or_default();
        if let Some(r) = rank.get_mut(k.ip.0 as usize) {
            *r = (r.0.max(mac.0), r.1);
        }
    }
    rank
}

/// What must go for a state to keep its bounds; `None` if all may stay.
pub fn over(state: &State, b: &Bounds) -> Option<Evicted> {
    let s = state;
    let facts = crowded(s, b.facts_per_host);
    let full = s.hosts.len() > b.hosts
        || s.facts.len() > b.facts
        || s.services.len() > b.services
        || s.bindings.len() > b.bindings
        || s.conversations.len() > b.conversations
        || s.operations.len() > b.operations
        || s.credentials.len() > b.credentials;
    if !full && facts.is_empty() {
        return None;
    }
    let mut gone = Evicted { facts, ..Evicted::default() };
    if s.hosts.len() > b.hosts {
        let rank = ranks(s);
        let all = rank.into_iter().enumerate().map(|(i, r)| ((r, i), HostId(i as u32)));
        gone.hosts = worst(all, s.hosts.len(), b.hosts);
    }
    let facts = s.facts.iter().map(|(k, v)| ((k.by_self, v.last), *k));
    gone.facts.extend(worst(facts, s.facts.len(), b.facts));
    let services = s.services.iter().map(|(k, v)| {
        let known = !s.text(k.protocol).is_empty();
        ((known && k.offered, known, v.seen.last), *k)
    });
    gone.services = worst(services, s.services.len(), b.services);
    let bindings = s.bindings.iter().map(|(k, v)| ((k.kind, v.last), *k));
    gone.bindings = worst(bindings, s.bindings.len(), b.bindings);
    let talks = s.conversations.iter().map(|(k, v)| ((!s.text(k.protocol).is_empty(), v.last), *k));
    gone.conversations = worst(talks, s.conversations.len(), b.conversations);
    let ops = s.operations.iter().map(|(k, v)| ((v.category != Category::Monitor, v.seen.last), *k));
    gone.operations = worst(ops, s.operations.len(), b.operations);
    let creds = s.credentials.iter().map(|(k, v)| (v.seen.last, k.clone()));
    gone.credentials = worst(creds, s.credentials.len(), b.credentials);
    Some(gone)
}

/// Half of what holds most text, the stalest: facts and operations.
fn wordy(s: &State) -> Evicted {
    let facts = s.facts.iter().map(|(k, v)| ((k.by_self, v.last), *k));
    let ops = s.operations.iter().map(|(k, v)| ((v.category != Category::Monitor, v.seen.last), *k));
    Evicted {
        facts: worst(facts, s.facts.len(), s.facts.len() / 2),
        operations: worst(ops, s.operations.len(), s.operations.len() / 2),
        ..Evicted::default()
    }
}

/// The stalest facts of hosts that have too many.
fn crowded(state: &State, most: usize) -> Set<FactKey> {
    let mut out = Set::default();
    let mut count = vec![0usize; state.hosts.len()];
    for k in state.facts.keys() {
        if let Some(n) = count.get_mut(k.host.0 as usize) {
            *n += 1;
        }
    }
    if count.iter().all(|n| *n <= most) {
        return out;
    }
    let mut lists: Map<HostId, Vec<(Micros, FactKey)>> = Map::default();
    for (k, seen) in &state.facts {
        if count.get(k.host.0 as usize).is_some_and(|n| *n > most) {
            lists.entry(k.host).or_default().push((seen.last, *k));
        }
    }
    for list in lists.into_values() {
        let len = list.len();
        out.extend(worst(list.into_iter(), len, most));
    }
    out
}

impl State {
    /// Keeps the bounds: evicts what must go, counts it in `limits` as `evicted_hosts` and so on, and
    /// copies the rest together. True if something was evicted or copied.
    pub fn bound(&mut self, bounds: &Bounds) -> bool {
        let text = self.strings.bytes() > bounds.text;
        let gone = over(self, bounds);
        if gone.is_none() && !text {
            return false;
        }
        // text that nothing refers to any more goes by copying alone
        self.evict(&gone.unwrap_or_default());
        if text && self.strings.bytes() > bounds.text - bounds.text / 8 {
            let gone = wordy(self);
            self.evict(&gone);
        }
        true
    }

    fn evict(&mut self, gone: &Evicted) {
        let old = std::mem::take(self);
        self.merge_but(&old, gone);
        for (name, before, after) in [
            ("evicted_hosts", old.hosts.len(), self.hosts.len()),
            ("evicted_facts", old.facts.len(), self.facts.len()),
            ("evicted_services", old.services.len(), self.services.len()),
            ("evicted_bindings", old.bindings.len(), self.bindings.len()),
            ("evicted_conversations", old.conversations.len(), self.conversations.len()),
            ("evicted_operations", old.operations.len(), self.operations.len()),
            ("evicted_credentials", old.credentials.len(), self.credentials.len()),
        ] {
            self.count(name, before.saturating_sub(after) as u64);
        }
    }

    /// Approximate bytes held.
    pub fn bytes(&self) -> usize {
        let details = |d: &Vec<(sentinel_wire::obs::Sym, Value)>| d.capacity() * 40;
        self.strings.bytes()
            + self.hosts.capacity() * size_of::<(NodeKey, sentinel_wire::obs::HostStat)>()
            + self.host_index.allocation_size()
            + self.facts.allocation_size()
            + self.bindings.allocation_size()
            + self.services.allocation_size()
            + self.services.values().map(|s| s.info.capacity() * 64).sum::<usize>()
            + self.conversations.allocation_size()
            + self.operations.allocation_size()
            + self.operations.values().map(|o| details(&o.detail) + o.ranges.capacity() * 16).sum::<usize>()
            + self.credentials.allocation_size()
            + self.credentials.values().map(|c| details(&c.detail)).sum::<usize>()
    }
}
