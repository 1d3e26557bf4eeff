//! What the references of a meaning stand for.

use super::View;
use crate::index::{Deed, Fact, Offer, Use, of};
use sentinel_wire::json::List;

/// The lists a meaning's references point into.
pub(super) struct Asked<'a> {
    view: &'a View<'a>,
    asset: u32,
    facts: &'a [Fact],
    services: Vec<&'a Offer>,
    clients: Vec<&'a Offer>,
    did: Vec<&'a Deed>,
    served: Vec<&'a Deed>,
    uses: &'a [Use],
}

impl<'a> Asked<'a> {
    pub(super) fn new(view: &'a View<'a>, a: u32, facts: &'a [Fact]) -> Asked<'a> {
        let index = view.index;
        let offers = &index.offers[of(&index.offers, a, |o| o.asset)];
        let deeds = &index.deeds[of(&index.deeds, a, |d| d.asset)];
        Asked {
            view,
            asset: a,
            facts,
            services: offers.iter().filter(|o| o.offered).collect(),
            clients: offers.iter().filter(|o| !o.offered && !view.text(o.protocol).is_empty()).collect(),
            did: deeds.iter().filter(|d| !d.served).collect(),
            served: deeds.iter().filter(|d| d.served).collect(),
            uses: &index.uses[of(&index.uses, a, |u| u.asset)],
        }
    }

    /// What `o0` (a card's address) and `a0` (its IP address) stand for.
    fn whereabouts(&self, reference: &str) -> Option<String> {
        let group = self.view.identity.groups.get(self.asset as usize)?;
        let n: usize = reference.get(1..)?.parse().ok()?;
        let list = if reference.starts_with('o') { &group.macs } else { &group.ips };
        let node = list.get(n).or(list.first())?;
        Some(self.view.state.hosts.get(*node as usize)?.0.addr.to_string())
    }

    /// Writes what a reference stands for; a text that is no reference stands for itself.
    pub(super) fn evidence(&self, out: &mut Vec<u8>, reference: &str) {
        let v = self.view;
        if reference.starts_with('o') || reference.starts_with('a') {
            // the maker of its card, its address: no frame shows them alone
            if let Some(text) = self.whereabouts(reference) {
                let mut e = List::object(out);
                e.str("field", if reference.starts_with('o') { "oui" } else { "address" });
                e.str("value", &text);
                return e.end();
            }
        }
        let (kind, number) = reference.split_at_checked(1).unwrap_or(("", ""));
        let Ok(n) = number.parse::<usize>() else {
            let mut e = List::object(out);
            e.str("text", reference);
            return e.end();
        };
        let mut e = List::object(out);
        let seen = match kind {
            "f" => self.facts.get(n).map(|f| {
                e.str("protocol", v.text(f.protocol));
                e.str("field", v.text(f.field));
                e.str("value", v.text(f.value));
                f.seen
            }),
            "s" | "c" => {
                let list = if kind == "s" { &self.services } else { &self.clients };
                list.get(n).map(|s| {
                    e.str("protocol", v.text(s.protocol));
                    e.str("field", if kind == "s" { "service" } else { "client" });
                    e.str("value", &format!("{}/{}", s.transport.name(), s.port));
                    s.seen
                })
            }
            "d" | "v" => {
                let list = if kind == "d" { &self.did } else { &self.served };
                list.get(n).map(|d| {
                    e.str("protocol", v.text(d.protocol));
                    e.str("field", if kind == "d" { "did" } else { "served" });
                    e.str("value", d.action.name());
                    d.seen
                })
            }
            "k" => self.uses.get(n).map(|u| {
                e.str("protocol", v.text(u.key.protocol));
                e.str("field", "credential");
                e.str("value", u.key.username.map_or(u.key.kind.name(), |s| v.text(s)));
                u.seen
            }),
            _ => None,
        };
        match seen {
            Some(seen) => {
                v.place(&mut e, &seen);
                e.time("time", seen.first.time);
                e.int("count", seen.count);
            }
            None => e.str("text", reference),
        }
        e.end();
    }
}
