//! What the baseline holds, for people; and forgetting it.

use super::Context;
use crate::context::clock::SECOND;
use crate::context::hosts::{HostId, NOBODY};
use sentinel_wire::json::List;
use sentinel_wire::model::{HostAddr, Micros};

impl Context {
    /// The baseline as JSON: its state, and one entry for each conversation with what is usual in
    /// it. Entries are sorted by client, server, protocol; at most `most` of them.
    pub fn baseline(&self, most: usize) -> Vec<u8> {
        let terms = self.terms();
        let mut functions: hashbrown::HashMap<u32, Vec<&str>> = hashbrown::HashMap::new();
        for (conv, name) in self.baseline.functions.keys() {
            functions.entry(*conv).or_default().push(self.names.text(*name));
        }
        let mut order: Vec<(HostAddr, HostAddr, &str, u32)> = (0u32..)
            .zip(&self.convs.list)
            .filter_map(|(id, c)| {
                Some((self.addr(c.client)?, self.addr(c.server)?, self.names.text(c.protocol), id))
            })
            .collect();
        order.sort_unstable();
        let mut out = Vec::new();
        let mut o = List::object(&mut out);
        o.str("state", if terms.ready { "ready" } else { "learning" });
        o.int("learned_seconds", self.clock.learned / SECOND);
        o.int("learning_seconds", self.settings.baseline.learning as i64);
        o.int("entries", order.len() as u64);
        let mut list = List::array(o.key("conversations"));
        for (client, server, protocol, id) in order.into_iter().take(most) {
            let Some(c) = self.convs.get(id) else { continue };
            let mut e = List::object(list.item());
            e.str("client", &client.to_string());
            e.str("server", &server.to_string());
            e.str("protocol", protocol);
            e.str("state", if terms.is_new(c.seen) { "new" } else { "usual" });
            if let Some(period) = c.rhythm.as_ref().and_then(|r| r.period()) {
                sentinel_wire::json::float(e.key("period_seconds"), period as f64 / SECOND as f64);
            }
            if let Some(names) = functions.get_mut(&id) {
                names.sort_unstable();
                let mut a = List::array(e.key("functions"));
                names.iter().for_each(|n| sentinel_wire::json::string(a.item(), n));
                a.end();
            }
            e.end();
        }
        list.end();
        o.end();
        out
    }
    fn addr(&self, id: HostId) -> Option<HostAddr> {
        self.hosts.get(id).map(|h| h.key.addr)
    }
    /// Forgets what was learned, and learns anew for the whole learning time; or, of one address,
    /// takes all that it did so far for usual and its rhythms anew. Gives the number of
    /// conversations that this concerned.
    pub fn reset(&mut self, address: Option<HostAddr>) -> usize {
        let Some(address) = address else {
            let had = self.convs.list.len();
            let settings = self.settings.clone();
            if let Ok(anew) = Context::with(settings) {
                let assets = std::mem::take(&mut self.assets);
                *self = Context { assets, ..anew };
            }
            return had;
        };
        let ids: Vec<HostId> =
            (0..).zip(&self.hosts.list).filter(|(_, h)| h.key.addr == address).map(|(id, _)| id).collect();
        let of = |id: HostId| id != NOBODY && ids.contains(&id);
        // a first sight far back is usual, whatever comes next
        let usual = super::baseline::Seen { first: Micros::MIN, learned: true };
        let mut forgotten = 0;
        for c in self.convs.list.iter_mut().filter(|c| of(c.client) || of(c.server)) {
            (c.seen, c.role, c.destination) = (usual, Some(usual), Some(usual));
            c.conduit = None;
            c.health = Default::default();
            if let Some(r) = &mut c.rhythm {
                **r = Default::default();
            }
            forgotten += 1;
        }
        let convs = &self.convs;
        let mine = |c: u32| convs.get(c).is_some_and(|c| of(c.client) || of(c.server));
        let b = &mut self.baseline;
        b.functions.iter_mut().filter(|((c, _), _)| mine(*c)).for_each(|(_, seen)| *seen = usual);
        b.roles.iter_mut().filter(|((c, _), _)| of(*c)).for_each(|(_, seen)| *seen = usual);
        b.destinations.iter_mut().filter(|((c, s), _)| of(*c) || of(*s)).for_each(|(_, seen)| *seen = usual);
        b.hours.retain(|(c, _, _), _| !of(*c));
        b.volumes.iter_mut().filter(|((c, s), _)| of(*c) || of(*s)).for_each(|(_, v)| v.accept());
        self.timers.retain(|std::cmp::Reverse((_, c))| !mine(*c));
        for id in ids {
            if let Some(h) = self.hosts.get_mut(id) {
                (h.new, h.told, h.down, h.downs) = (false, true, None, 0);
            }
        }
        forgotten
    }
}
