//! Which nodes (addresses) are one device.
//!
//! Evidence in order of strength: address resolution and declarations (ARP, NDP, DHCP, a device's
//! own word), frames that crossed no router, EUI-64, one address in several VLANs, hardware
//! identities (serial numbers and the like), host names. What is shared by too many identifies
//! nothing, and a router's hardware address does not take in the hosts behind it.

use crate::state::*;
use crate::union::Sets;
use sentinel_wire::model::*;
use sentinel_wire::obs::{BindKind, HostStat, Sym};
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};

/// Addresses that one MAC may answer for before it is taken for a router's (proxy ARP).
const MAX_RESOLVED: usize = 32;
/// Addresses without resolution that frames alone may tie to one MAC.
const MAX_FRAMED_V4: usize = 4;
const MAX_FRAMED_V6: usize = 16;
/// Addresses that one hardware identity or host name may tie together.
const MAX_SHARED: usize = 4;

/// A device: the nodes it was seen as.
#[derive(Debug, Clone, Default)]
pub struct Group {
    /// Hardware addresses and IP addresses, current ones first.
    pub macs: Vec<u32>,
    pub ips: Vec<u32>,
    /// Its MAC forwards for others.
    pub router: bool,
    /// Hosts seen behind its MAC.
    pub behind: u32,
}

/// Groups in a fixed order, and the group of each node (`None`: no asset).
#[derive(Default)]
pub struct Identity {
    pub groups: Vec<Group>,
    pub of_node: Vec<Option<u32>>,
}

/// True for an address that can be a device's.
fn names_a_device(key: &NodeKey, stat: &HostStat) -> bool {
    if stat.group && !stat.sent {
        return false;
    }
    match key.addr {
        HostAddr::Mac(m) => m.is_device(),
        HostAddr::Ip(IpAddr::V4(a)) => {
            !(a.is_multicast() || a.is_broadcast() || a.octets()[0] == 0)
                && (stat.sent || !matches!(a.octets()[3], 0 | 255))
        }
        HostAddr::Ip(IpAddr::V6(a)) => !(a.is_multicast() || a.is_unspecified()),
    }
}

/// The hardware address an interface id was made from (RFC 4291, appendix A).
fn eui64(a: Ipv6Addr) -> Option<Mac> {
    let b = a.octets();
    (b[11] == 0xff && b[12] == 0xfe && b[8] & 1 == 0)
        .then(|| Mac([b[8] ^ 2, b[9], b[10], b[13], b[14], b[15]]))
}

/// Hop counts just under an initial value: the packet crossed a few routers.
fn routed(ttl: u8) -> bool {
    matches!(ttl, 33..=63 | 97..=127 | 224..=254)
}

/// False for texts that many devices carry: blanks, placeholders, one repeated character.
fn identifies(value: &str) -> bool {
    let core: String = value.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase();
    let first = core.chars().next();
    core.chars().count() >= 4
        && core.chars().any(|c| Some(c) != first)
        && !"01234567890123456789".contains(core.as_str())
        && !"98765432109876543210".contains(core.as_str())
        && !matches!(
            core.as_str(),
            "none"
                | "null"
                | "unknown"
                | "serial"
                | "serialnumber"
                | "default"
                | "tobefilledbyoem"
                | "notset"
                | "notavailable"
                | "undefined"
                | "empty"
                | "test"
                | "abcd"
                | "abcdef"
                | "deadbeef"
                | "na00"
                | "localhost"
                | "android"
                | "iphone"
                | "ipad"
                | "raspberrypi"
                | "ubuntu"
                | "debian"
                | "windows"
                | "desktop"
                | "laptop"
                | "camera"
                | "switch"
                | "router"
                | "workgroup"
                | "espressif"
                | "plc1"
                | "openwrt"
                | "linux"
                | "device"
                | "sensor"
                | "unnamed"
                | "host"
                | "server"
                | "client"
        )
}

/// Works out the devices of a state.
pub fn resolve(state: &State) -> Identity {
    let n = state.hosts.len();
    let mut sets = Sets::new(n);
    let named: Vec<bool> = state.hosts.iter().map(|(k, s)| names_a_device(k, s)).collect();
    let macs = bindings(state, &named, &mut sets);
    interface_ids(state, &named, &mut sets);
    let mut macs_of = MacsOf::new(state, &mut sets, &named);
    segments(state, &named, &mut sets, &mut macs_of);
    identities(state, &named, &mut sets, &mut macs_of);
    collect(state, &named, &mut sets, &macs)
}

/// How good a binding is: its kind, then latest, then most often, then address for a fixed order.
type Score = (BindKind, Micros, u64, HostAddr);

/// What frames told of each MAC: how many hosts lie behind it.
struct Forwarding {
    behind: BTreeMap<u32, u32>,
}

fn bindings(state: &State, named: &[bool], sets: &mut Sets) -> Forwarding {
    // the MAC an address belongs to: the firmest, then the latest
    let mut best: BTreeMap<u32, (Score, u32)> = BTreeMap::new();
    for (k, seen) in &state.bindings {
        if !named[k.mac.0 as usize] || !named[k.ip.0 as usize] {
            continue;
        }
        let firm = k.kind.max(BindKind::Resolution);
        let kind = if k.kind == BindKind::Frame { BindKind::Frame } else { firm };
        let mac = state.hosts[k.mac.0 as usize].0.addr;
        let score = (kind, seen.last, seen.count, mac);
        let slot = best.entry(k.ip.0).or_insert((score, k.mac.0));
        if score > slot.0 {
            *slot = (score, k.mac.0);
        }
    }
    let mut firm: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    let mut loose: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for (ip, ((kind, ..), mac)) in &best {
        let list = if *kind == BindKind::Frame { &mut loose } else { &mut firm };
        list.entry(*mac).or_default().push(*ip);
    }
    for (mac, ips) in &firm {
        if ips.len() <= MAX_RESOLVED {
            ips.iter().for_each(|ip| sets.join(*mac, *ip));
        }
    }
    let mut behind = BTreeMap::new();
    for (mac, ips) in &loose {
        let (mut v4, mut v6) = (Vec::new(), Vec::new());
        let alone = ips.len() == 1 && !firm.contains_key(mac);
        for ip in ips {
            let (key, stat) = &state.hosts[*ip as usize];
            let HostAddr::Ip(addr) = key.addr else { continue };
            let near = stat.on_link || stat.ttl <= 4 || (alone && private(addr) && !routed(stat.ttl));
            if near && !routed(stat.ttl) {
                if addr.is_ipv4() { v4.push(*ip) } else { v6.push(*ip) }
            }
        }
        let mut tied = 0;
        for (list, max) in [(v4, MAX_FRAMED_V4), (v6, MAX_FRAMED_V6)] {
            if list.len() <= max {
                tied += list.len();
                list.iter().for_each(|ip| sets.join(*mac, *ip));
            }
        }
        let rest = ips.len() - tied;
        if rest > 0 {
            behind.insert(*mac, rest as u32);
        }
    }
    Forwarding { behind }
}

fn private(addr: IpAddr) -> bool {
    match addr {
        IpAddr::V4(a) => a.is_private() || a.is_link_local(),
        IpAddr::V6(a) => a.segments()[0] & 0xfe00 == 0xfc00 || a.segments()[0] & 0xffc0 == 0xfe80,
    }
}

fn interface_ids(state: &State, named: &[bool], sets: &mut Sets) {
    for (i, (key, _)) in state.hosts.iter().enumerate() {
        if let HostAddr::Ip(IpAddr::V6(a)) = key.addr
            && named[i]
            && let Some(mac) = eui64(a)
            && let Some(id) = state.host_index.get(&NodeKey { vlan: 0, addr: HostAddr::Mac(mac), ..*key })
            && named[id.0 as usize]
        {
            sets.join(i as u32, id.0);
        }
    }
}

/// Hardware addresses of each set, kept up to date by root.
struct MacsOf(BTreeMap<u32, Vec<Mac>>);

impl MacsOf {
    fn new(state: &State, sets: &mut Sets, named: &[bool]) -> MacsOf {
        let mut map: BTreeMap<u32, Vec<Mac>> = BTreeMap::new();
        for (i, (key, _)) in state.hosts.iter().enumerate() {
            if let HostAddr::Mac(m) = key.addr
                && named[i]
            {
                map.entry(sets.root(i as u32)).or_default().push(m);
            }
        }
        MacsOf(map)
    }
    fn of(&self, root: u32) -> &[Mac] {
        self.0.get(&root).map_or(&[], Vec::as_slice)
    }
    fn join(&mut self, sets: &mut Sets, a: u32, b: u32) {
        let (a, b) = (sets.root(a), sets.root(b));
        if a != b {
            let mut all = self.0.remove(&a).unwrap_or_default();
            all.extend(self.0.remove(&b).unwrap_or_default());
            sets.join(a, b);
            if !all.is_empty() {
                self.0.insert(sets.root(a), all);
            }
        }
    }
    /// True if these sets may be one device by their hardware addresses: at most one has any, or
    /// they are neighbours from one maker (the ports of one device).
    fn compatible(&self, roots: &[u32]) -> bool {
        let all: Vec<Mac> = roots.iter().flat_map(|r| self.of(*r)).copied().collect();
        let holders = roots.iter().filter(|r| !self.of(**r).is_empty()).count();
        let low = |m: &Mac| i64::from(m.0[3]) << 16 | i64::from(m.0[4]) << 8 | i64::from(m.0[5]);
        holders <= 1
            || (all.iter().all(|m| m.0[..3] == all[0].0[..3])
                && all.iter().map(low).max().unwrap_or(0) - all.iter().map(low).min().unwrap_or(0) <= 16)
    }
}

/// One address in several VLANs of a site, of which at most one shows a hardware address of its own.
fn segments(state: &State, named: &[bool], sets: &mut Sets, macs: &mut MacsOf) {
    let mut places: Map<(Sym, HostAddr), Vec<u32>> = Map::default();
    for (i, (key, _)) in state.hosts.iter().enumerate() {
        if matches!(key.addr, HostAddr::Ip(_)) && named[i] {
            places.entry((key.site, key.addr)).or_default().push(i as u32);
        }
    }
    let mut places: Vec<((&str, HostAddr), Vec<u32>)> = places
        .into_iter()
        .filter(|(_, nodes)| nodes.len() > 1)
        .map(|((site, addr), nodes)| ((state.text(site), addr), nodes))
        .collect();
    places.sort();
    for (_, nodes) in places {
        let mut roots: Vec<u32> = nodes.iter().map(|n| sets.root(*n)).collect();
        roots.sort_unstable();
        roots.dedup();
        if roots.iter().filter(|r| !macs.of(**r).is_empty()).count() <= 1 {
            for pair in nodes.windows(2) {
                macs.join(sets, pair[0], pair[1]);
            }
        }
    }
}

/// Serial numbers, protocol identities and host names that devices gave of themselves.
fn identities(state: &State, named: &[bool], sets: &mut Sets, macs: &mut MacsOf) {
    let mut holders: BTreeMap<(u8, String, String, String), Vec<u32>> = BTreeMap::new();
    for k in state.facts.keys() {
        if !k.by_self || !named[k.host.0 as usize] {
            continue;
        }
        let name = state.text(k.name);
        let strength = match name {
            "serial" => 0,
            "id:ams-net-id" | "id:meter" | "id:vin" | "id:gb28181-id" | "id:terminal-phone" => 1,
            "hostname" => 2,
            _ => continue,
        };
        let value = state.text(k.value);
        if identifies(value) {
            let site = state.text(state.hosts[k.host.0 as usize].0.site);
            let site = if strength == 0 { "" } else { site };
            holders
                .entry((strength, name.into(), site.into(), value.to_lowercase()))
                .or_default()
                .push(k.host.0);
        }
    }
    for nodes in holders.into_values() {
        let mut roots: Vec<u32> = nodes.iter().map(|n| sets.root(*n)).collect();
        roots.sort_unstable();
        roots.dedup();
        if roots.len() > 1 && roots.len() <= MAX_SHARED && macs.compatible(&roots) {
            for pair in roots.windows(2) {
                macs.join(sets, pair[0], pair[1]);
            }
        }
    }
}

/// True if there is more to a node than being asked for: it sent, or something was said to or of it.
fn real_nodes(state: &State) -> Vec<bool> {
    let mut real: Vec<bool> = state.hosts.iter().map(|(_, s)| s.sent).collect();
    for k in state.facts.keys() {
        real[k.host.0 as usize] = true;
    }
    for k in state.conversations.keys() {
        if !state.text(k.protocol).is_empty() {
            real[k.server.0 as usize] = true;
        }
    }
    for k in state.bindings.keys() {
        real[k.mac.0 as usize] = true;
        if k.kind != BindKind::Frame {
            real[k.ip.0 as usize] = true;
        }
    }
    real
}

fn collect(state: &State, named: &[bool], sets: &mut Sets, forwarding: &Forwarding) -> Identity {
    let real = real_nodes(state);
    let n = state.hosts.len();
    let mut real_root = vec![false; n];
    for i in 0..n {
        if named[i] && real[i] {
            real_root[sets.root(i as u32) as usize] = true;
        }
    }
    let mut by_root: BTreeMap<u32, Group> = BTreeMap::new();
    for i in 0..n as u32 {
        if !named[i as usize] {
            continue;
        }
        let root = sets.root(i);
        if !real_root[root as usize] {
            continue;
        }
        let group = by_root.entry(root).or_default();
        match state.hosts[i as usize].0.addr {
            HostAddr::Mac(_) => {
                group.macs.push(i);
                if let Some(b) = forwarding.behind.get(&i) {
                    group.router |= *b > 1;
                    group.behind += b;
                }
            }
            HostAddr::Ip(_) => group.ips.push(i),
        }
    }
    let mut groups: Vec<Group> = by_root.into_values().collect();
    for g in &mut groups {
        // current first: latest, then plain order of addresses; IPv4 before IPv6
        let order = |i: &u32| {
            let (k, s) = &state.hosts[*i as usize];
            let v6 = matches!(k.addr, HostAddr::Ip(IpAddr::V6(_)));
            (v6, std::cmp::Reverse(s.last), k.addr, k.vlan)
        };
        g.ips.sort_by_key(order);
        g.macs.sort_by_key(order);
    }
    let place = |g: &Group| {
        let first =
            g.ips.iter().chain(&g.macs).map(|i| &state.hosts[*i as usize].0).min_by_key(|k| (k.addr, k.vlan));
        first.map(|k| (matches!(k.addr, HostAddr::Mac(_)), k.addr, k.vlan, state.text(k.site).to_owned()))
    };
    groups.sort_by_cached_key(place);
    let mut of_node = vec![None; n];
    for (a, g) in groups.iter().enumerate() {
        for i in g.ips.iter().chain(&g.macs) {
            of_node[*i as usize] = Some(a as u32);
        }
    }
    Identity { groups, of_node }
}

/// Identity keys of a group, strongest first: hardware identity, MAC, address in its segment.
pub fn keys(state: &State, group: &Group, serials: &[String]) -> Vec<String> {
    let mut keys: Vec<String> = serials.iter().map(|s| format!("hw:{}", s.to_lowercase())).collect();
    let text = |i: &u32| {
        let k = &state.hosts[*i as usize].0;
        match k.addr {
            HostAddr::Mac(m) => format!("mac:{m}"),
            HostAddr::Ip(a) if private(a) || a.is_loopback() => {
                format!("ip:{}/{}/{a}", state.text(k.site), k.vlan)
            }
            HostAddr::Ip(a) => format!("ip:{a}"),
        }
    };
    let mut macs: Vec<String> = group.macs.iter().map(text).collect();
    let mut ips: Vec<String> = group.ips.iter().map(text).collect();
    macs.sort();
    ips.sort();
    keys.extend(macs);
    keys.extend(ips);
    keys
}

/// True if a serial number may name a device: see [`identifies`].
pub fn usable_serial(value: &str) -> bool {
    identifies(value)
}
