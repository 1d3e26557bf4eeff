//! Who says that an address is his: two owners of one address, answers nobody asked for, one device
//! in two VLANs at a time.

use super::event::{Side, begin, push};
use super::{Note, Opening, WINDOW, since};
use crate::model::*;
use crate::obs::Observations;
use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// An owner not heard of for so long may have left the address to another.
const FRESH: Micros = 5 * WINDOW;
/// An owner not heard of for so long gives its place to others once half of the table is full.
const GONE: Micros = 24 * 60 * WINDOW;
/// An answer this long after a question is an answer to it.
const PROMPT: Micros = 5_000_000;
/// Answers nobody asked for, in one window, that are no accident.
const MANY_UNASKED: u32 = 3;
/// Changes of VLAN in one window that are no move.
const MANY_MOVES: u32 = 4;
const MAX_ADDRESSES: usize = 1 << 16;
const MAX_FRAMES: usize = 1 << 15;

type Map<K, V> = HashMap<K, V, FxBuildHasher>;

#[derive(Clone, Copy, Serialize, Deserialize)]
struct Owner {
    mac: Mac,
    /// Who owned it before, and when that one was last heard of.
    before: Option<(Mac, Micros)>,
    last: Micros,
    /// Changes of owner while both were there.
    changes: u32,
    /// Answers nobody asked for in a window: (window, how many).
    unasked: (i64, u32),
}

/// Where a (hardware, IP) pair was seen.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct Place {
    vlan: u16,
    window: i64,
    moves: u32,
}

/// See the module.
#[derive(Default, Serialize, Deserialize)]
pub struct Claims {
    #[serde(with = "crate::saved::pairs")]
    owners: Map<(u16, IpAddr), Owner>,
    #[serde(with = "crate::saved::pairs")]
    places: Map<(Mac, IpAddr), Place>,
    #[serde(with = "crate::saved::pairs")]
    questions: Map<(u16, IpAddr), Micros>,
}

/// Addresses that several routers share: VRRP (RFC 9568, 7.3), HSRP, GLBP, CARP.
fn is_shared(mac: Mac) -> bool {
    matches!(
        mac.0,
        [0, 0, 0x5e, 0, 1 | 2, _] | [0, 0, 0x0c, 7, 0xac, _] | [0, 0, 0x0c, 0x9f, _, _] | [0, 7, 0xb4, ..]
    )
}

impl Claims {
    /// Who says that `ip` is his.
    pub fn owner(&self, vlan: u16, ip: IpAddr) -> Option<Mac> {
        self.owners.get(&(vlan, ip)).map(|o| o.mac)
    }

    /// Someone asks who owns `ip`.
    pub fn asked(&mut self, n: &Note, ip: IpAddr) {
        if self.questions.len() < MAX_ADDRESSES || self.questions.contains_key(&(n.vlan, ip)) {
            self.questions.insert((n.vlan, ip), n.at.time);
        }
    }

    pub fn claimed(
        &mut self,
        obs: &mut Observations,
        n: &Note,
        mac: Mac,
        ip: IpAddr,
        to: Option<IpAddr>,
        answer: bool,
    ) {
        if is_shared(mac) || !mac.is_device() || !crate::flow::is_one(ip) {
            return;
        }
        let (time, window) = (n.at.time, n.at.time.div_euclid(WINDOW));
        let key = (n.vlan, ip);
        let prompt = self.questions.get(&key).is_some_and(|asked| since(time, *asked) <= PROMPT);
        let Some(o) = self.owners.get_mut(&key) else {
            if self.owners.len() >= MAX_ADDRESSES {
                return obs.count("address_owners");
            }
            let unasked = (window, u32::from(answer && !prompt));
            let owner = Owner { mac, before: None, last: time, changes: 0, unasked };
            self.owners.insert(key, owner);
            return;
        };
        if o.mac != mac {
            let was = (o.mac, o.last);
            let both = since(time, o.last) <= FRESH;
            // back to the one before: both hold on to the address
            let back = o.before.is_some_and(|(m, at)| m == mac && since(time, at) <= FRESH);
            o.changes = if both { o.changes.saturating_add(1) } else { 0 };
            (o.mac, o.before, o.last) = (mac, Some(was), time);
            let (action, tell) =
                if back { ("address-flip", o.changes == 2) } else { ("address-taken", both) };
            if tell {
                let said =
                    format!("{mac} says that {ip} is its own; {} said so {} before", was.0, ago(time, was.1));
                conflict(obs, n, action, (mac, ip), Some(was.0), o.changes, said);
            }
        }
        o.last = time;
        // an answer sent to one host that had not asked for it
        let to_one = to.is_some_and(|to| to != ip && crate::flow::is_one(to));
        if answer && to_one && !prompt {
            if o.unasked.0 != window {
                o.unasked = (window, 0);
            }
            o.unasked.1 += 1;
            let contested = o.before.is_some_and(|(m, _)| m != mac);
            if o.unasked.1 == MANY_UNASKED && contested {
                let said = format!("{mac} keeps telling others that {ip} is its own, unasked");
                conflict(obs, n, "arp-poisoning", (mac, ip), o.before.map(|b| b.0), o.unasked.1, said);
            }
        }
    }

    /// A frame of a flow's opening: the same device with the same address in several VLANs.
    pub fn frame(&mut self, obs: &mut Observations, n: &Note, o: &Opening) {
        let Some((mac, _)) = o.macs else { return };
        // untagged beside tagged is the same frame captured at two places
        if n.vlan == 0 || !mac.is_device() || is_shared(mac) || !crate::flow::is_one(o.src) {
            return;
        }
        let window = n.at.time.div_euclid(WINDOW);
        let Some(p) = self.places.get_mut(&(mac, o.src)) else {
            if self.places.len() < MAX_FRAMES {
                self.places.insert((mac, o.src), Place { vlan: n.vlan, window, moves: 0 });
            }
            return;
        };
        if p.window != window {
            (p.window, p.moves) = (window, 0);
        }
        if p.vlan == n.vlan {
            return;
        }
        let was = std::mem::replace(&mut p.vlan, n.vlan);
        p.moves += 1;
        if p.moves == MANY_MOVES {
            let mut f = begin("sentinel.anomaly", "vlan-flap", "info", n.vlan);
            Side::of(o.src).mac(Some(mac)).put(&mut f, true);
            f.push(("sentinel.anomaly.count", Val::from(p.moves)));
            let said = format!("{mac} with {} changes between VLANs {was} and {}", o.src, n.vlan);
            f.push(("event.reason", Val::from(said)));
            push(obs, n.at, n.at.time, (mac, o.src, was, n.vlan), f);
        }
    }

    /// Forgets what is too old to matter.
    pub fn sweep(&mut self, now: Micros) {
        if self.owners.len() >= MAX_ADDRESSES / 2 {
            self.owners.retain(|_, o| since(now, o.last) <= GONE);
        }
        self.questions.retain(|_, asked| since(now, *asked) <= PROMPT);
        self.places.retain(|_, p| now.div_euclid(WINDOW).saturating_sub(p.window) <= 5);
    }

    pub fn bytes(&self) -> usize {
        self.owners.allocation_size() + self.places.allocation_size() + self.questions.allocation_size()
    }
}

fn ago(now: Micros, then: Micros) -> String {
    format!("{} s", since(now, then) / 1_000_000)
}

fn conflict(
    obs: &mut Observations,
    n: &Note,
    action: &'static str,
    (mac, ip): (Mac, IpAddr),
    other: Option<Mac>,
    count: u32,
    said: String,
) {
    let mut f = begin("sentinel.anomaly", action, "info", n.vlan);
    Side::of(ip).mac(Some(mac)).put(&mut f, true);
    if let Some(other) = other {
        f.push(("sentinel.anomaly.other_mac", Val::from(other.to_string())));
    }
    f.push(("sentinel.anomaly.count", Val::from(count)));
    f.push(("event.reason", Val::from(said)));
    push(obs, n.at, n.at.time, (mac, ip, other, count), f);
}
