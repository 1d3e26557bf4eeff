//! Masses of flows: what comes in an aligned minute beyond the first of a pair of hosts, or of a
//! source whose openings are not answered, is summed.

use super::table::Flow;
use super::track::Track;
use crate::model::*;
use crate::obs::{HostId, Observations};
use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;

/// Flows of one (client, server) told one by one in an aligned window.
pub const PAIR: u32 = 32;
/// Unanswered flows of one source told one by one in an aligned window, in one shard.
pub const SOURCE: u32 = 32;
/// Pairs and sources counted in one shard and window.
const MAX_COUNTED: usize = 1 << 14;
/// Sums kept in one shard and window.
const MAX_SUMS: usize = 1 << 10;

type Map<K, V> = HashMap<K, V, FxBuildHasher>;

/// Some flows as one, as seen from the client.
#[derive(Clone, Debug)]
pub struct Sum {
    pub client: HostId,
    /// `None`: of several servers.
    pub server: Option<HostId>,
    /// Server port, if it is the same of all.
    pub port: Option<u16>,
    pub proto: u8,
    pub vlan: u16,
    /// `""` where they differ or none is known.
    pub protocol: &'static str,
    pub state: &'static str,
    pub count: u64,
    pub unanswered: u64,
    pub servers: u64,
    /// Client's, server's.
    pub bytes: [u64; 2],
    pub packets: [u64; 2],
    pub payload: [u64; 2],
    pub first: Micros,
    pub last: Micros,
    /// Where the first of them stands.
    pub at: Stamp,
    /// A bit per server port, where there are several.
    pub(super) seen: Option<Box<[u64; 1024]>>,
}

impl Sum {
    pub fn of(flow: &Flow, track: &Track, protocol: &'static str, state: &'static str) -> Sum {
        let c = usize::from(flow.client & 1);
        let s = 1 - c;
        Sum {
            client: flow.hosts[c],
            server: Some(flow.hosts[s]),
            port: Some(flow.key.port(s)),
            proto: flow.key.proto,
            vlan: flow.key.vlan,
            protocol,
            state,
            count: 1,
            unanswered: u64::from(unanswered(flow, state)),
            servers: 1,
            bytes: [flow.bytes[c], flow.bytes[s]],
            packets: [flow.packets[c], flow.packets[s]],
            payload: [track.payload[c], track.payload[s]],
            first: flow.first,
            last: flow.last,
            at: Stamp { time: flow.last, frame: flow.first_frame, source: flow.source },
            seen: None,
        }
    }
    /// Distinct server ports.
    pub fn ports(&self) -> u64 {
        self.seen.as_ref().map_or(1, |s| s.iter().map(|w| u64::from(w.count_ones())).sum())
    }
    fn mark(&mut self, port: u16) {
        let seen = self.seen.get_or_insert_with(|| Box::new([0; 1024]));
        if let Some(word) = seen.get_mut(usize::from(port >> 6)) {
            *word |= 1 << (port & 63);
        }
    }
    fn join(&mut self, other: &Sum) {
        match (self.port, other.port) {
            (Some(a), Some(b)) if a != b => {
                self.mark(a);
                self.mark(b);
                self.port = None;
            }
            (None, Some(b)) => self.mark(b),
            _ => {}
        }
        if self.protocol != other.protocol {
            self.protocol = "";
        }
        if self.state != other.state {
            self.state = "";
        }
        self.count += other.count;
        self.unanswered += other.unanswered;
        for d in 0..2 {
            self.bytes[d] = self.bytes[d].saturating_add(other.bytes[d]);
            self.packets[d] = self.packets[d].saturating_add(other.packets[d]);
            self.payload[d] = self.payload[d].saturating_add(other.payload[d]);
        }
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
    }
}

fn unanswered(flow: &Flow, state: &str) -> bool {
    matches!(state, "S0" | "REJ" | "RSTOS0" | "SH") || flow.packets.contains(&0)
}

/// Which sum a flow goes into: (client, server or the transport's sweep, port of a sweep).
pub(super) type Key = (HostId, Option<HostId>, u8, u16);

/// See the module.
#[derive(Default)]
pub struct Mass {
    pub(super) pairs: Map<(HostId, HostId), u32>,
    pub(super) sources: Map<HostId, u32>,
    pub(super) sums: Map<Key, Sum>,
}

impl Mass {
    /// Counts a flow; true if it is told alone.
    pub fn admits(&mut self, flow: &Flow, state: &str) -> bool {
        let c = usize::from(flow.client & 1);
        let (client, server) = (flow.hosts[c], flow.hosts[1 - c]);
        if count(&mut self.pairs, (client, server)).is_none_or(|n| n > PAIR) {
            return false;
        }
        !unanswered(flow, state) || count(&mut self.sources, client).is_some_and(|n| n <= SOURCE)
    }
    /// Adds a flow that was not admitted.
    pub fn add(&mut self, flow: &Flow, one: Sum, obs: &mut Observations) {
        let c = usize::from(flow.client & 1);
        let (client, server) = (flow.hosts[c], flow.hosts[1 - c]);
        let n = self.pairs.get(&(client, server)).copied().unwrap_or(0);
        // the first of its pair that is not told alone belongs to a sweep over hosts
        let sweep = n <= PAIR;
        let key: Key = if sweep {
            (client, None, one.proto, flow.key.port(1 - c))
        } else {
            (client, Some(server), one.proto, 0)
        };
        if let Some(sum) = self.sums.get_mut(&key) {
            sum.servers += u64::from(sweep && n <= 1);
            return sum.join(&one);
        }
        if self.sums.len() >= MAX_SUMS {
            return obs.count("flow_sums");
        }
        let server = key.1;
        self.sums.insert(key, Sum { server, ..one });
    }
    /// The window is over: gives its sums in a fixed order, and counts anew.
    pub fn take(&mut self) -> Vec<Sum> {
        self.pairs.clear();
        self.sources.clear();
        let mut sums: Vec<(Key, Sum)> = self.sums.drain().collect();
        sums.sort_by_key(|(key, _)| *key);
        sums.into_iter().map(|(_, sum)| sum).collect()
    }
    /// Shows the hosts that are counted.
    pub fn hosts(&self, hold: &mut impl FnMut(HostId)) {
        for (client, server) in self.pairs.keys() {
            hold(*client);
            hold(*server);
        }
        self.sources.keys().for_each(|h| hold(*h));
        for sum in self.sums.values() {
            hold(sum.client);
            sum.server.into_iter().for_each(&mut *hold);
        }
        for (client, server, ..) in self.sums.keys() {
            hold(*client);
            server.iter().for_each(|h| hold(*h));
        }
    }
    pub fn bytes(&self) -> usize {
        self.pairs.allocation_size() + self.sources.allocation_size() + self.sums.allocation_size()
    }
}

fn count<K: std::hash::Hash + Eq>(map: &mut Map<K, u32>, key: K) -> Option<u32> {
    if let Some(n) = map.get_mut(&key) {
        *n = n.saturating_add(1);
        return Some(*n);
    }
    if map.len() >= MAX_COUNTED {
        return None;
    }
    map.insert(key, 1);
    Some(1)
}
