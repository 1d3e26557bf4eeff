//! Hosts by address, and what the rules are told of them.

use crate::context::names::NameId;
use crate::context::zones::{ZoneId, Zones};
use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;
use sentinel_wire::model::{HostAddr, Mac, Micros};
use serde::{Deserialize, Serialize};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Number of a host; [`NOBODY`] where there is none or the table is full.
pub type HostId = u32;
pub const NOBODY: HostId = HostId::MAX;

/// Where an address stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Place {
    /// Of the organisation: private, or listed, or of a zone.
    Inside,
    Outside,
    /// Multicast or broadcast: no device.
    Group,
}

/// Address of a host in its segment.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Key {
    pub vlan: u16,
    pub addr: HostAddr,
}

/// What a host showed of itself by what it does.
#[derive(Clone, Copy, Default, PartialEq, Debug, Serialize, Deserialize)]
pub struct Shown {
    /// Protocol it serves, the first that says what it is.
    pub serves: Option<NameId>,
    /// It polls terminals in a steady rhythm.
    pub polls: bool,
}

/// Another hardware address that claims a host's address.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct Rival {
    pub mac: Mac,
    pub since: Micros,
}

/// One address in its segment. Times are those of the watch clock ([`super::clock`]).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Host {
    pub key: Key,
    pub place: Place,
    pub zone: ZoneId,
    /// Place in the list of assets plus 1; 0: not in the inventory.
    pub asset: u32,
    /// As of the last tick.
    pub shown: Shown,
    /// As of now.
    pub next: Shown,
    /// Last time it sent something; `i64::MIN`: never.
    pub heard: Micros,
    /// The conversation in which it is polled in a rhythm.
    pub polled: u32,
    /// First seen when the baseline was ready.
    pub new: bool,
    /// [`super::newness`] told of it, or there was nothing to tell.
    pub told: bool,
    /// It is said to be offline, since when.
    pub down: Option<Micros>,
    /// How often it was said to be offline: each doubles what is waited for.
    pub downs: u8,
    /// Hardware address that claims it.
    pub mac: Option<Mac>,
    pub rival: Option<Rival>,
    /// Last of its restarts, duplicates and moves that were told.
    pub restarted: Micros,
    pub clashed: Micros,
    /// Of a hardware address: the IP address it claims, how many it did, whether by a lease.
    pub claims: Option<HostAddr>,
    pub claimed: u8,
    pub leased: bool,
    /// First seen.
    pub first: Micros,
    /// DNP3's restart indication: not seen yet, clear, set.
    pub restart_bit: Option<bool>,
    /// sysUpTime in hundredths of a second.
    pub uptime: i64,
    /// Distinct destinations it was learned with, up to [`super::baseline::MANY`].
    pub destinations: u8,
}

impl Host {
    pub fn new(key: Key, place: Place, zone: ZoneId, asset: u32) -> Host {
        Host {
            key,
            place,
            zone,
            asset,
            shown: Shown::default(),
            next: Shown::default(),
            heard: Micros::MIN,
            polled: u32::MAX,
            new: false,
            told: false,
            down: None,
            downs: 0,
            mac: None,
            rival: None,
            restarted: Micros::MIN,
            clashed: Micros::MIN,
            claims: None,
            claimed: 0,
            leased: false,
            first: 0,
            restart_bit: None,
            uptime: 0,
            destinations: 0,
        }
    }
}

/// The table of hosts. Ids are places in it and never change.
#[derive(Default)]
pub struct Hosts {
    index: HashMap<Key, HostId, FxBuildHasher>,
    pub list: Vec<Host>,
    pub lost: u64,
}

impl Hosts {
    pub fn find(&self, key: &Key) -> Option<HostId> {
        self.index.get(key).copied()
    }
    pub fn get(&self, id: HostId) -> Option<&Host> {
        self.list.get(id as usize)
    }
    pub fn get_mut(&mut self, id: HostId) -> Option<&mut Host> {
        self.list.get_mut(id as usize)
    }
    /// Adds a host; [`NOBODY`] if there is no room.
    pub fn add(&mut self, host: Host, limit: usize) -> HostId {
        if self.list.len() >= limit.min(NOBODY as usize) {
            self.lost = self.lost.saturating_add(1);
            return NOBODY;
        }
        let id = self.list.len() as HostId;
        self.index.insert(host.key, id);
        self.list.push(host);
        id
    }
    /// Takes the hosts of a snapshot.
    pub fn load(list: Vec<Host>) -> Hosts {
        let index = list.iter().enumerate().map(|(i, h)| (h.key, i as HostId)).collect();
        Hosts { index, list, lost: 0 }
    }
}

/// Where an address stands, by itself and by the networks of the organisation.
pub fn place(addr: HostAddr, zones: &Zones) -> Place {
    match addr {
        HostAddr::Mac(m) if m.is_group() => Place::Group,
        HostAddr::Mac(_) => Place::Inside,
        HostAddr::Ip(ip) if ip.is_multicast() => Place::Group,
        HostAddr::Ip(IpAddr::V4(a)) if a.is_broadcast() => Place::Group,
        HostAddr::Ip(ip) if is_private(ip) || zones.is_ours(ip) => match ip {
            // a directed broadcast of the usual mask; no host of a /24 has it
            IpAddr::V4(a) if a.octets()[3] == 255 => Place::Group,
            _ => Place::Inside,
        },
        HostAddr::Ip(_) => Place::Outside,
    }
}

/// Addresses that are not routed on the Internet: RFC 1918, 3927, 6598, 4193, 4291.
fn is_private(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(a) => {
            let [x, y, ..] = a.octets();
            a.is_private() || a.is_link_local() || a.is_loopback() || (x == 100 && y & 0xC0 == 64)
        }
        IpAddr::V6(a) => {
            let first = a.segments()[0];
            a.is_loopback() || first & 0xFE00 == 0xFC00 || first & 0xFFC0 == 0xFE80
        }
    }
}

/// What stands for an address in tables: addresses outside go by their network (/24, /48), since a
/// service there moves within it and their number has no bound.
pub fn coarse(addr: HostAddr, place: Place) -> HostAddr {
    match addr {
        HostAddr::Ip(IpAddr::V4(a)) if place == Place::Outside => {
            let [x, y, z, _] = a.octets();
            HostAddr::Ip(IpAddr::V4(Ipv4Addr::new(x, y, z, 0)))
        }
        HostAddr::Ip(IpAddr::V6(a)) if place == Place::Outside => {
            let [x, y, z, ..] = a.segments();
            HostAddr::Ip(IpAddr::V6(Ipv6Addr::new(x, y, z, 0, 0, 0, 0, 0)))
        }
        other => other,
    }
}

/// The subnet that stands for an address in learned conduits: /24 or /64.
pub fn subnet(addr: HostAddr) -> HostAddr {
    match addr {
        HostAddr::Ip(IpAddr::V4(a)) => {
            let [x, y, z, _] = a.octets();
            HostAddr::Ip(IpAddr::V4(Ipv4Addr::new(x, y, z, 0)))
        }
        HostAddr::Ip(IpAddr::V6(a)) => {
            let [x, y, z, w, ..] = a.segments();
            HostAddr::Ip(IpAddr::V6(Ipv6Addr::new(x, y, z, w, 0, 0, 0, 0)))
        }
        HostAddr::Mac(_) => HostAddr::Mac(Mac([0; 6])),
    }
}
