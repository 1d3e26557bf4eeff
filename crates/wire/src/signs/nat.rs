//! Networks behind one address: signs that more hosts than one speak through it.
//!
//! No sign alone is proof (virtual machines, crafted packets and old stacks give single ones), so
//! each is told as it is seen (`nat-sign`), and `nat` only where two different ones agree. The ideas
//! are those of Bellovin, "A technique for counting NATted hosts" (2002), and of Beverly, "A robust
//! classifier for passive TCP/IP fingerprinting" (2004).

use super::event::{Side, begin, push};
use super::lines::{IDENTIFICATIONS, Lines, TIMESTAMPS};
use super::{Note, Opening, Stack, is_inside};
use crate::model::*;
use crate::obs::{HostKey, Observations};
use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// Addresses watched at a time, and of one address: stacks and peers.
const MAX_HOSTS: usize = 1 << 14;
const MAX_STACKS: usize = 8;
const MAX_PEERS: usize = 8;
/// Flows that show a thing before it is believed.
const BELIEVED: u32 = 3;
/// Confidence from which a network behind the address is told.
const ENOUGH: f64 = 0.7;
/// A host not seen for so long gives its place to others once half of the table is full.
const GONE: Micros = 86_400_000_000;
/// Devices whose frames carry addresses of other networks are told once for each, up to so many.
const MAX_ROUTES: usize = 1 << 12;

type Map<K, V> = HashMap<K, V, FxBuildHasher>;

/// What points to more than one host.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
enum Sign {
    /// The owner of the address, on this link, sends packets that crossed a router.
    Hops,
    /// Some have the initial TTL of one kind of system, some of another.
    Ttls,
    /// SYNs of stacks that order their options differently.
    Stacks,
    /// Interleaved TCP timestamp clocks towards one peer.
    Clocks,
    /// Interleaved sequences of IP identifications towards one peer.
    Identifications,
    /// Browsers of different systems.
    Agents,
    /// It asks for an address and gives out addresses in one segment.
    Serves,
    /// It offers itself as an Internet gateway device.
    Gateway,
    /// Packets of other addresses leave it within its own.
    Tunnel,
}

impl Sign {
    const ALL: [Sign; 9] = [
        Sign::Hops,
        Sign::Ttls,
        Sign::Stacks,
        Sign::Clocks,
        Sign::Identifications,
        Sign::Agents,
        Sign::Serves,
        Sign::Gateway,
        Sign::Tunnel,
    ];
    fn name(self) -> &'static str {
        match self {
            Sign::Hops => "hops",
            Sign::Ttls => "ttls",
            Sign::Stacks => "stacks",
            Sign::Clocks => "clocks",
            Sign::Identifications => "identifications",
            Sign::Agents => "user-agents",
            Sign::Serves => "dhcp-server",
            Sign::Gateway => "gateway-device",
            Sign::Tunnel => "tunnel",
        }
    }
    /// How likely it is that the sign, where it shows, is one of a network behind.
    fn weight(self) -> f64 {
        match self {
            Sign::Hops | Sign::Serves => 0.6,
            Sign::Clocks => 0.6,
            Sign::Ttls | Sign::Agents => 0.5,
            Sign::Stacks | Sign::Gateway | Sign::Tunnel => 0.4,
            Sign::Identifications => 0.3,
        }
    }
}

/// Operating systems that browsers name.
const AGENTS: &[(&str, &str)] = &[
    ("Windows NT", "windows"),
    ("Android", "android"),
    ("iPhone", "ios"),
    ("iPad", "ios"),
    ("Macintosh", "macos"),
    ("CrOS", "chromeos"),
    ("X11; ", "linux"),
];

#[derive(Default, Serialize, Deserialize)]
struct Host {
    mac: Option<Mac>,
    /// Flows by initial TTL and hops crossed: 64 near, 64 far, 128 near, 128 far.
    ttls: [u32; 4],
    stacks: Vec<(String, u32)>,
    peers: Vec<(IpAddr, Lines, Lines)>,
    #[serde(with = "crate::saved::words")]
    agents: Vec<(&'static str, u32)>,
    /// Bits of `Sign`s shown, with their frames.
    signs: u16,
    frames: Vec<u64>,
    told: bool,
    /// When it was seen last.
    last: Micros,
}

/// See the module.
#[derive(Default, Serialize, Deserialize)]
pub struct Nat {
    #[serde(with = "crate::saved::pairs")]
    hosts: Map<(u16, IpAddr), Host>,
    /// (router, network of 24 or 64 bits) that were told.
    #[serde(with = "crate::saved::pairs")]
    routes: Map<(Mac, IpAddr), u32>,
}

/// The network of 24 (IPv6: 64) bits that an address is in.
pub(super) fn network(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(a) => {
            let [x, y, z, _] = a.octets();
            IpAddr::from([x, y, z, 0])
        }
        IpAddr::V6(a) => {
            let [p, q, r, s, ..] = a.segments();
            IpAddr::from([p, q, r, s, 0, 0, 0, 0])
        }
    }
}

/// Initial TTL and hops crossed, of those that desktop and server systems begin with.
fn hops(ttl: u8) -> Option<(u8, u8)> {
    match ttl {
        56..=64 => Some((64, 64 - ttl)),
        120..=128 => Some((128, 128 - ttl)),
        _ => None,
    }
}

impl Nat {
    /// First packet of a flow; `owner`: who says by ARP or NDP that the source's address is his.
    pub fn opened(&mut self, obs: &mut Observations, n: &Note, o: &Opening, owner: Option<Mac>) {
        if !is_inside(o.src) || !crate::flow::is_one(o.dst) || !matches!(o.proto, 6 | 17) {
            return;
        }
        let mac = o.macs.map(|m| m.0).filter(|m| m.is_device());
        if let (Some(mac), Some((_, 1..))) = (mac, hops(o.ttl))
            && owner != Some(mac)
        {
            self.routed(obs, n, mac, o.src);
        }
        // a SYN begins with the TTL its system gives; datagrams of tools often have their own
        let syn = o.stack.is_some();
        let Some(h) = self.host(obs, n.at.time, n.vlan, o.src) else { return };
        h.mac = mac.or(h.mac);
        let mut found = Vec::new();
        if let Some((initial, crossed)) = hops(o.ttl)
            && (syn || o.dst_port == 53 || o.dst_port == 443)
        {
            let far = owner.is_some() && owner == mac && (1..=3).contains(&crossed);
            let place = usize::from(initial == 128) * 2 + usize::from(far);
            if let Some(count) = h.ttls.get_mut(place) {
                *count = count.saturating_add(1);
            }
            let [near64, far64, near128, far128] = h.ttls;
            if far64.max(far128) >= BELIEVED {
                found.push(Sign::Hops);
            }
            if near64.saturating_add(far64).min(near128.saturating_add(far128)) >= BELIEVED {
                found.push(Sign::Ttls);
            }
        }
        if let Some(stack) = o.stack {
            found.extend(h.stack(&stack));
            found.extend(h.counters(o, &stack, n.at.time));
        }
        for sign in found {
            self.shown(obs, n.at, n.vlan, o.src, sign);
        }
    }

    /// A request of a browser.
    pub fn agent(&mut self, obs: &mut Observations, at: Stamp, vlan: u16, ip: IpAddr, agent: &str) {
        // only browsers name their system in this form; others name what they like
        if !agent.starts_with("Mozilla/5.0 (") || !is_inside(ip) {
            return;
        }
        let Some((_, system)) = AGENTS.iter().find(|(word, _)| agent.contains(word)) else { return };
        let Some(h) = self.host(obs, at.time, vlan, ip) else { return };
        match h.agents.iter_mut().find(|(s, _)| s == system) {
            Some((_, count)) => *count = count.saturating_add(1),
            None => h.agents.push((system, 1)),
        }
        if h.agents.iter().filter(|(_, count)| *count >= 2).count() >= 2 {
            self.shown(obs, at, vlan, ip, Sign::Agents);
        }
    }

    /// It gives out addresses in a segment where it asks for one.
    pub fn serves(&mut self, obs: &mut Observations, at: Stamp, vlan: u16, ip: IpAddr, mac: Option<Mac>) {
        if let Some(h) = self.host(obs, at.time, vlan, ip) {
            h.mac = mac.or(h.mac);
            self.shown(obs, at, vlan, ip, Sign::Serves);
        }
    }

    /// It offers itself as a gateway by UPnP.
    pub fn gateway(&mut self, obs: &mut Observations, n: &Note, ip: IpAddr) {
        if is_inside(ip) && self.host(obs, n.at.time, n.vlan, ip).is_some() {
            self.shown(obs, n.at, n.vlan, ip, Sign::Gateway);
        }
    }

    fn host(&mut self, obs: &mut Observations, now: Micros, vlan: u16, ip: IpAddr) -> Option<&mut Host> {
        if self.hosts.len() >= MAX_HOSTS && !self.hosts.contains_key(&(vlan, ip)) {
            obs.count("nat_hosts");
            return None;
        }
        let host = self.hosts.entry((vlan, ip)).or_default();
        host.last = host.last.max(now);
        Some(host)
    }

    /// Packets of others leave `ip` within its own, readable or encrypted.
    pub fn carries(&mut self, obs: &mut Observations, at: Stamp, vlan: u16, ip: IpAddr) {
        if self.host(obs, at.time, vlan, ip).is_some() {
            self.shown(obs, at, vlan, ip, Sign::Tunnel);
        }
    }

    /// `mac` forwards packets of a network that is not its own: a router.
    fn routed(&mut self, obs: &mut Observations, n: &Note, mac: Mac, src: IpAddr) {
        let key = (mac, network(src));
        if self.routes.len() >= MAX_ROUTES && !self.routes.contains_key(&key) {
            return obs.count("nat_routes");
        }
        let count = self.routes.entry(key).or_default();
        *count = count.saturating_add(1);
        if *count != BELIEVED {
            return;
        }
        let bits = if src.is_ipv4() { 24 } else { 64 };
        let mut f = begin("sentinel.nat", "routes-network", "info", n.vlan);
        f.push(("source.mac", Val::from(mac.to_string())));
        f.push(("source.ip", Val::from(src.to_string())));
        f.push(("sentinel.nat.network", Val::from(format!("{}/{bits}", key.1))));
        let said = format!("{mac} forwards packets of {}/{bits}", key.1);
        f.push(("event.reason", Val::from(said)));
        push(obs, n.at, n.at.time, (n.vlan, key), f);
    }

    /// A sign shows: told the first time, and what all signs together say once it is enough.
    fn shown(&mut self, obs: &mut Observations, at: Stamp, vlan: u16, ip: IpAddr, sign: Sign) {
        let Some(h) = self.hosts.get_mut(&(vlan, ip)) else { return };
        let bit = 1u16 << sign as u16;
        if h.signs & bit != 0 {
            return;
        }
        h.signs |= bit;
        h.frames.push(at.frame);
        let all: Vec<Sign> = Sign::ALL.into_iter().filter(|s| h.signs & (1 << *s as u16) != 0).collect();
        let confidence = 1.0 - all.iter().map(|s| 1.0 - s.weight()).product::<f64>();
        let told = all.len() >= 2 && confidence >= ENOUGH && !h.told;
        h.told |= told;
        let why = h.why(sign);
        let names = all.iter().map(|s| s.name()).collect::<Vec<_>>().join(", ");
        for (action, said) in [
            ("nat-sign", format!("{ip}: {why}")),
            ("nat", format!("more hosts than one speak through {ip}: {names}")),
        ] {
            if action == "nat" && !told {
                continue;
            }
            let mut f = begin("sentinel.nat", action, "info", vlan);
            Side::of(ip).mac(h.mac).put(&mut f, true);
            f.push(("sentinel.nat.sign", Val::Static(sign.name())));
            f.push((
                "sentinel.nat.signs",
                Val::from(all.iter().map(|s| Val::Static(s.name())).collect::<Vec<_>>()),
            ));
            f.push((
                "sentinel.frames",
                Val::from(h.frames.iter().map(|n| Val::from(*n)).collect::<Vec<_>>()),
            ));
            f.push(("sentinel.confidence", Val::Float((confidence * 100.0).round() / 100.0)));
            f.push(("event.reason", Val::from(said)));
            push(obs, at, at.time, (vlan, ip, h.signs), f);
        }
        if told && let Some(host) = obs.host(HostKey::new(vlan, HostAddr::Ip(ip))) {
            obs.fact(host, "nat", &names, "ip", "signs", false, at);
        }
    }

    /// Forgets hosts that were not seen for long, once half of the table is full.
    pub fn sweep(&mut self, now: Micros) {
        if self.hosts.len() >= MAX_HOSTS / 2 {
            self.hosts.retain(|_, h| super::since(now, h.last) <= GONE);
        }
    }

    pub fn bytes(&self) -> usize {
        self.hosts.allocation_size() + self.routes.allocation_size()
    }
}

impl Host {
    fn stack(&mut self, stack: &Stack) -> Option<Sign> {
        // tools that write their own headers give few options; systems give four and more
        if stack.count < 4 {
            return None;
        }
        let layout = stack.layout();
        match self.stacks.iter_mut().find(|(l, _)| *l == layout) {
            Some((_, count)) => *count = count.saturating_add(1),
            None => self.stacks.push((layout, 1)),
        }
        self.stacks.truncate(MAX_STACKS);
        (self.stacks.iter().filter(|(_, count)| *count >= BELIEVED).count() >= 2).then_some(Sign::Stacks)
    }

    /// Clocks are compared towards one peer only: systems begin them anew for each (RFC 7323, 5.4;
    /// RFC 6528 for what they follow).
    fn counters(&mut self, o: &Opening, stack: &Stack, time: Micros) -> Vec<Sign> {
        let known = self.peers.iter().position(|(ip, ..)| *ip == o.dst);
        let place = match known {
            Some(place) => place,
            None if self.peers.len() < MAX_PEERS => {
                self.peers.push((o.dst, Lines::default(), Lines::default()));
                self.peers.len() - 1
            }
            None => return Vec::new(),
        };
        let Some((_, clocks, ids)) = self.peers.get_mut(place) else { return Vec::new() };
        let mut out = Vec::new();
        if let Some(value) = stack.timestamp.filter(|v| *v != 0) {
            clocks.add(&TIMESTAMPS, time, value);
            if clocks.counters() > 1 {
                out.push(Sign::Clocks);
            }
        }
        if o.id != 0 {
            ids.add(&IDENTIFICATIONS, time, u32::from(o.id));
            if ids.counters() > 1 {
                out.push(Sign::Identifications);
            }
        }
        out
    }

    /// What a sign was, for a person.
    fn why(&self, sign: Sign) -> String {
        let list = |items: Vec<&str>| items.join(" and ");
        match sign {
            Sign::Hops => "its packets have crossed a router, though it is on this link".into(),
            Sign::Ttls => "initial TTLs of 64 and of 128".into(),
            Sign::Stacks => {
                let of = self.stacks.iter().filter(|(_, count)| *count >= BELIEVED).map(|(l, _)| l.as_str());
                format!("connections with TCP options in the orders {}", list(of.collect()))
            }
            Sign::Clocks => "two TCP timestamp clocks towards one peer".into(),
            Sign::Identifications => "two sequences of IP identifications towards one peer".into(),
            Sign::Agents => format!("browsers on {}", list(self.agents.iter().map(|(s, _)| *s).collect())),
            Sign::Serves => "it asks for an address and gives out addresses".into(),
            Sign::Gateway => "it offers itself as an Internet gateway device".into(),
            Sign::Tunnel => "packets of other addresses leave it in a tunnel".into(),
        }
    }
}
