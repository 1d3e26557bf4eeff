//! Conversations, operations and credentials, each a list of records.

use super::View;
use crate::profile::value;
use crate::state::*;
use rustc_hash::FxBuildHasher;
use sentinel_wire::json::List;
use sentinel_wire::model::*;
use sentinel_wire::obs::{ConvStat, HostId};
use std::collections::BTreeMap;
use std::hash::BuildHasher;

impl View<'_> {
    /// Conversations with the operations done in them, in order of first sight.
    pub fn conversations(&self, mut emit: impl FnMut(&[u8])) {
        self.each_conversation(true, |_, _| true, |_, doc| emit(doc));
    }

    /// [`View::conversations`] with their keys; in any order unless `sorted`. Only those are written that
    /// are `wanted`, by their key and what stands for all that is in the document.
    pub fn each_conversation(
        &self,
        sorted: bool,
        mut wanted: impl FnMut(&ConvKey, u64) -> bool,
        mut emit: impl FnMut(&ConvKey, &[u8]),
    ) {
        let state = self.state;
        let mut done: Map<(HostId, HostId, Transport, u16), BTreeMap<&'static str, u64>> = Map::default();
        for (k, op) in &state.operations {
            let key = (k.client, k.server, k.transport, k.port);
            *done.entry(key).or_default().entry(op.action.name()).or_default() += op.seen.count;
        }
        let mut logins = crate::logins::between(state);
        let mut list: Vec<(&ConvKey, &ConvStat)> = state.conversations.iter().collect();
        // those without a protocol show no operations, so that their order is of no matter
        if !sorted {
            list.sort_unstable_by_key(|(k, _)| self.text(k.protocol).is_empty());
        }
        let named = list.partition_point(|(k, _)| sorted || !self.text(k.protocol).is_empty());
        let addr = |h: HostId| state.hosts[h.0 as usize].0.addr;
        // what was done between two ends is said once, of the conversation that sorts first
        list[..named].sort_by(|(a, x), (b, y)| {
            (x.first, addr(a.client), addr(a.server), a.transport, a.port)
                .cmp(&(y.first, addr(b.client), addr(b.server), b.transport, b.port))
                .then_with(|| self.text(b.protocol).cmp(self.text(a.protocol)))
                .then_with(|| {
                    state.hosts[a.client.0 as usize].0.vlan.cmp(&state.hosts[b.client.0 as usize].0.vlan)
                })
        });
        let mut out = Vec::with_capacity(512);
        for (k, v) in list {
            let protocol = self.text(k.protocol);
            let mut all = BTreeMap::new();
            let mut tried = None;
            if !protocol.is_empty() {
                let there = done.remove(&(k.client, k.server, k.transport, k.port)).unwrap_or_default();
                all = done.remove(&(k.server, k.client, k.transport, k.port)).unwrap_or_default();
                there.into_iter().for_each(|(a, n)| *all.entry(a).or_default() += n);
                tried = logins.remove(&(k.client, k.server, k.port));
            }
            let stat = (v.packets, v.bytes, v.first, v.last);
            let print = FxBuildHasher.hash_one((self.id(k.client), self.id(k.server), stat, &all, &tried));
            if !wanted(k, print) {
                continue;
            }
            out.clear();
            let mut o = List::object(&mut out);
            self.end(&mut o, "client", k.client, None);
            self.end(&mut o, "server", k.server, None);
            match protocol {
                "" => o.key("protocol").extend_from_slice(b"null"),
                p => o.str("protocol", p),
            }
            o.str("transport", k.transport.name());
            if k.port != 0 {
                o.int("port", k.port);
            }
            o.int("packets", v.packets);
            o.int("bytes", v.bytes);
            let mut ops = List::object(o.key("operations"));
            all.into_iter().for_each(|(a, n)| ops.int(a, n));
            ops.end();
            if let Some(tried) = tried {
                tried.write(o.key("logins"));
            }
            o.time("first", v.first);
            o.time("last", v.last);
            o.end();
            emit(k, &out);
        }
    }

    /// Operations, in order of first sight.
    pub fn operations(&self, mut emit: impl FnMut(&[u8])) {
        self.each_operation(true, |_, doc| emit(doc));
    }

    /// [`View::operations`] with their keys; in any order unless `sorted`.
    pub fn each_operation(&self, sorted: bool, mut emit: impl FnMut(&OpKey, &[u8])) {
        let state = self.state;
        let mut list: Vec<(&OpKey, &Operation)> = state.operations.iter().collect();
        let order = |(a, x): &(&OpKey, &Operation), (b, y): &(&OpKey, &Operation)| {
            crate::index::order(state, &x.seen)
                .cmp(&crate::index::order(state, &y.seen))
                .then_with(|| {
                    (self.text(a.protocol), self.text(a.name))
                        .cmp(&(self.text(b.protocol), self.text(b.name)))
                })
                .then_with(|| {
                    (a.unit.map(|u| self.text(u)), a.outcome).cmp(&(b.unit.map(|u| self.text(u)), b.outcome))
                })
                .then_with(|| {
                    let addr = |h: HostId| state.hosts[h.0 as usize].0.addr;
                    (addr(a.client), addr(a.server), a.port).cmp(&(addr(b.client), addr(b.server), b.port))
                })
        };
        if sorted {
            list.sort_by(order);
        }
        let mut out = Vec::with_capacity(1024);
        for (k, op) in list {
            out.clear();
            let mut o = List::object(&mut out);
            o.str("protocol", self.text(k.protocol));
            o.str("action", op.action.name());
            o.str("name", self.text(k.name));
            if let Some(code) = op.code {
                o.int("code", code);
            }
            o.str("category", op.category.name());
            self.end(&mut o, "client", k.client, None);
            self.end(&mut o, "server", k.server, Some(k.port));
            let mut d = List::object(o.key("detail"));
            if let Some(unit) = k.unit {
                d.str("unit", self.text(unit));
            }
            for (name, v) in &op.detail {
                value(d.key(self.text(*name)), state, v);
            }
            if !op.ranges.is_empty() {
                let mut l = List::array(d.key("addresses"));
                for (start, count) in &op.ranges {
                    let mut r = List::object(l.item());
                    r.int("start", *start);
                    r.int("count", *count);
                    r.end();
                }
                l.end();
            }
            if op.ranges_dropped > 0 {
                d.int("addresses_dropped", op.ranges_dropped);
            }
            d.end();
            o.str("outcome", k.outcome.name());
            self.span(&mut o, &op.seen);
            self.place(&mut o, &op.seen);
            o.end();
            emit(k, &out);
        }
    }

    /// Credentials, in order of first sight.
    pub fn credentials(&self, mut emit: impl FnMut(&[u8])) {
        self.each_credential(|_, doc| emit(doc));
    }

    /// [`View::credentials`] with their keys.
    pub fn each_credential(&self, mut emit: impl FnMut(&CredKey, &[u8])) {
        let state = self.state;
        let mut list: Vec<(&CredKey, &Credential)> = state.credentials.iter().collect();
        list.sort_by(|(a, x), (b, y)| {
            crate::index::order(state, &x.seen)
                .cmp(&crate::index::order(state, &y.seen))
                .then_with(|| self.text(a.protocol).cmp(self.text(b.protocol)))
                .then_with(|| {
                    let t = |k: &CredKey| {
                        (
                            k.username.map(|s| self.text(s).to_owned()),
                            k.secret.map(|s| self.text(s).to_owned()),
                        )
                    };
                    t(a).cmp(&t(b))
                })
        });
        let mut out = Vec::with_capacity(512);
        for (k, c) in list {
            out.clear();
            let mut o = List::object(&mut out);
            o.str("protocol", self.text(k.protocol));
            o.str("kind", k.kind.name());
            self.end(&mut o, "server", k.server, Some(k.port));
            self.end(&mut o, "client", k.client, None);
            if let Some(user) = k.username {
                o.str("username", self.text(user));
            }
            let assessed = c.assessed.as_ref();
            if let Some(shown) = assessed.and_then(|a| a.shown) {
                o.str("secret", self.text(shown));
            }
            if let Some(found) = assessed.and_then(|a| a.found) {
                o.str("password", self.text(found.shown));
            }
            if let Some(secret) = c.secret(k) {
                match self.secret_names.get(&secret) {
                    Some(name) => o.str("secret_id", name),
                    None => o.str("secret_id", self.text(secret)),
                }
            }
            if let Some((mode, line)) = c.hashcat {
                let mut h = List::object(o.key("hashcat"));
                h.int("mode", mode);
                let line = assessed.and_then(|a| a.line).unwrap_or(line);
                h.str("line", self.text(line));
                h.end();
            }
            o.str("outcome", c.outcome.name());
            let mut weak: Vec<&str> =
                assessed.map_or(Vec::new(), |a| a.weaknesses.iter().map(|s| self.text(*s)).collect());
            let vendor = self
                .identity
                .of_node
                .get(k.server.0 as usize)
                .copied()
                .flatten()
                .and_then(|a| self.meanings[self.meaning_of[a as usize] as usize].vendor.as_deref());
            if let (Some(a), Some(vendor)) = (assessed, vendor)
                && a.default_of.iter().any(|d| self.text(*d).eq_ignore_ascii_case(vendor))
            {
                weak.push("vendor-default");
            }
            if c.secret(k).is_some_and(|s| self.reused.contains(&s)) {
                weak.push("reused");
            }
            self.texts(&mut o, "weaknesses", weak.into_iter());
            if !c.detail.is_empty() {
                let mut d = List::object(o.key("detail"));
                c.detail.iter().for_each(|(n, v)| value(d.key(self.text(*n)), state, v));
                d.end();
            }
            self.place(&mut o, &c.seen);
            o.time("time", c.seen.first.time);
            o.int("count", c.seen.count);
            o.end();
            emit(k, &out);
        }
    }
}
