//! Who acts and who is acted upon: assets, and addresses that are none. Bounded by the steps that
//! name them: an entity without a step is forgotten.

use super::alert::End;
use super::settings::Settings;
use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// What an end may link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Class {
    /// Of the organisation: one host, wherever it is seen.
    Own,
    /// Elsewhere: never merges two stories, as many may stand behind it and many are met by all.
    Foreign,
    /// No host: group, broadcast, unspecified, loopback, link-local without an asset.
    Group,
}

/// Most sources of a host that are told apart.
pub const SOURCES: usize = 32;

/// A host.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Entity {
    pub end: End,
    pub class: Class,
    /// Steps that name it.
    pub uses: u32,
    /// Newest steps per tactic with it as source, and as destination.
    pub out: Vec<u32>,
    pub into: Vec<u32>,
    /// Who acted on it, with the last time.
    sources: Vec<(u32, i64)>,
    /// Addresses and names that it is found by; each is of one entity.
    ips: Vec<IpAddr>,
    names: Vec<Box<str>>,
}

/// Most addresses, and most names, that one entity is found by.
pub const ADDRESSES: usize = 8;
pub const NAMES: usize = 4;

/// All entities.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Entities {
    slots: Vec<Option<Entity>>,
    free: Vec<u32>,
    #[serde(skip)]
    by_ip: HashMap<IpAddr, u32, FxBuildHasher>,
    /// Assets as they are, other names behind a line feed.
    #[serde(skip)]
    by_name: HashMap<Box<str>, u32>,
}

impl Entities {
    pub fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    pub fn get(&self, n: u32) -> Option<&Entity> {
        self.slots.get(n as usize)?.as_ref()
    }

    pub fn get_mut(&mut self, n: u32) -> Option<&mut Entity> {
        self.slots.get_mut(n as usize)?.as_mut()
    }

    pub fn class(&self, n: u32) -> Class {
        self.get(n).map_or(Class::Group, |e| e.class)
    }

    /// What an end is, without making it an entity.
    pub fn class_of(&self, end: &End, settings: &Settings) -> Class {
        if end.asset.is_some() {
            return Class::Own;
        }
        match end.ip {
            Some(ip) if is_group(ip) => Class::Group,
            Some(ip) if settings.is_own(ip) => Class::Own,
            // an asset was known at this address before
            Some(ip) => match self.by_ip.get(&ip) {
                Some(&n) => self.class(n),
                None if is_link_local(ip) => Class::Group,
                None => Class::Foreign,
            },
            None if end.other.as_deref().is_some_and(|o| !is_group_mac(o)) => Class::Own,
            None => Class::Group,
        }
    }

    /// The entity of an end, if there is one.
    pub fn find(&self, end: &End) -> Option<u32> {
        if let Some(asset) = &end.asset
            && let Some(&n) = self.by_name.get(asset)
        {
            return Some(n);
        }
        let n = match (end.ip, &end.other) {
            (Some(ip), _) => *self.by_ip.get(&ip)?,
            (None, Some(other)) => *self.by_name.get(named(other).as_str())?,
            (None, None) => return None,
        };
        // an address that went over to another asset
        let taken = end.asset.is_some() && self.get(n).is_some_and(|e| e.end.asset.is_some());
        (!taken).then_some(n)
    }

    /// The entity of an end, made if there is none.
    pub fn resolve(&mut self, end: &End, class: Class) -> u32 {
        let n = self.find(end).unwrap_or_else(|| {
            let e = Entity {
                end: end.clone(),
                class,
                uses: 0,
                out: Vec::new(),
                into: Vec::new(),
                sources: Vec::new(),
                ips: Vec::new(),
                names: Vec::new(),
            };
            match self.free.pop() {
                Some(n) => {
                    if let Some(slot) = self.slots.get_mut(n as usize) {
                        *slot = Some(e);
                    }
                    n
                }
                None => {
                    self.slots.push(Some(e));
                    (self.slots.len() - 1) as u32
                }
            }
        });
        if let Some(e) = self.slots.get_mut(n as usize).and_then(Option::as_mut) {
            if let (None, Some(asset)) = (&e.end.asset, &end.asset) {
                e.end.asset = Some(asset.clone());
                e.class = Class::Own;
            }
            if e.end.ip.is_none() {
                e.end.ip = end.ip;
            }
        }
        self.index(n, end);
        n
    }

    /// Makes it found by what an end says; what was another's key goes over to it.
    fn index(&mut self, n: u32, end: &End) {
        if let Some(ip) = end.ip.filter(|ip| self.by_ip.get(ip) != Some(&n)) {
            if let Some(old) = self.by_ip.get(&ip).copied()
                && let Some(e) = self.get_mut(old)
            {
                e.ips.retain(|i| *i != ip);
            }
            match self.get_mut(n).filter(|e| e.ips.len() < ADDRESSES) {
                Some(e) => {
                    e.ips.push(ip);
                    self.by_ip.insert(ip, n);
                }
                None => {
                    self.by_ip.remove(&ip);
                }
            }
        }
        let other = end.other.as_ref().filter(|_| end.ip.is_none()).map(|o| named(o).into());
        for name in end.asset.clone().into_iter().chain(other) {
            if self.by_name.get(&name) == Some(&n) {
                continue;
            }
            if let Some(old) = self.by_name.get(&name).copied()
                && let Some(e) = self.get_mut(old)
            {
                e.names.retain(|i| *i != name);
            }
            match self.get_mut(n).filter(|e| e.names.len() < NAMES) {
                Some(e) => {
                    e.names.push(name.clone());
                    self.by_name.insert(name, n);
                }
                None => {
                    self.by_name.remove(&name);
                }
            }
        }
    }

    /// One step less names it; without any it is forgotten.
    pub fn release(&mut self, n: u32) {
        let Some(slot) = self.slots.get_mut(n as usize) else { return };
        let Some(e) = slot else { return };
        e.uses = e.uses.saturating_sub(1);
        if e.uses > 0 {
            return;
        }
        let (ips, names) = (std::mem::take(&mut e.ips), std::mem::take(&mut e.names));
        *slot = None;
        self.free.push(n);
        for ip in ips {
            self.by_ip.remove(&ip);
        }
        for name in names {
            self.by_name.remove(&name);
        }
    }

    /// Finds everything again after a restore.
    pub fn rebuild(&mut self) {
        for (n, e) in self.slots.iter().enumerate().filter_map(|(n, e)| Some((n as u32, e.as_ref()?))) {
            self.by_ip.extend(e.ips.iter().map(|ip| (*ip, n)));
            self.by_name.extend(e.names.iter().map(|name| (name.clone(), n)));
        }
    }

    /// Octets held, by capacity.
    pub fn octets(&self) -> usize {
        let own = |e: &Entity| {
            4 * (e.out.capacity() + e.into.capacity())
                + 16 * e.sources.capacity()
                + size_of::<IpAddr>() * e.ips.capacity()
                + e.names.iter().map(|n| 2 * n.len() + 16).sum::<usize>()
                + e.end.asset.as_ref().map_or(0, |a| a.len())
                + e.end.other.as_ref().map_or(0, |o| o.len())
        };
        self.slots.capacity() * size_of::<Option<Entity>>()
            + self.free.capacity() * 4
            + self.by_ip.capacity() * 32
            + self.by_name.capacity() * 32
            + self.slots.iter().flatten().map(own).sum::<usize>()
    }
}

impl Entity {
    /// Notes who acted on it.
    pub fn acted_on_by(&mut self, source: u32, time: i64, horizon: i64) {
        if let Some(known) = self.sources.iter_mut().find(|(s, _)| *s == source) {
            known.1 = known.1.max(time);
            return;
        }
        if self.sources.len() >= SOURCES {
            self.sources.retain(|(_, t)| t.saturating_add(horizon) >= time);
        }
        if self.sources.len() < SOURCES {
            self.sources.push((source, time));
        }
    }

    /// How many acted on it, up to [`SOURCES`].
    pub fn degree(&self) -> usize {
        self.sources.len()
    }
}

fn named(other: &str) -> String {
    format!("\n{other}")
}

fn is_group(ip: IpAddr) -> bool {
    let broadcast = matches!(ip, IpAddr::V4(v4) if v4.is_broadcast() || v4.octets()[0] == 0);
    broadcast || ip.is_multicast() || ip.is_unspecified() || ip.is_loopback()
}

fn is_link_local(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_unicast_link_local(),
    }
}

/// A hardware address with the group bit (IEEE 802: least bit of the first octet). Names are not.
fn is_group_mac(text: &str) -> bool {
    let looks = text.len() == 17 && text.split([':', '-']).count() == 6;
    let first = text.get(..2).and_then(|o| u8::from_str_radix(o, 16).ok());
    looks && first.is_some_and(|o| o & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(ip: &str, asset: Option<&str>) -> End {
        End { ip: ip.parse().ok(), other: None, asset: asset.map(Into::into) }
    }

    #[test]
    fn classes() {
        let (es, s) = (Entities::default(), Settings::default());
        for (ip, class) in [
            ("10.1.2.3", Class::Own),
            ("fd12::1", Class::Own),
            ("8.8.8.8", Class::Foreign),
            ("2001:db8::1", Class::Foreign),
            ("169.254.1.1", Class::Group),
            ("fe80::1", Class::Group),
            ("239.255.255.250", Class::Group),
            ("255.255.255.255", Class::Group),
            ("0.0.0.0", Class::Group),
            ("127.0.0.1", Class::Group),
        ] {
            assert_eq!(es.class_of(&end(ip, None), &s), class, "{ip}");
        }
        assert_eq!(es.class_of(&end("169.254.1.1", Some("a-1")), &s), Class::Own);
        let mac = |m: &str| End { other: Some(m.into()), ..End::default() };
        assert_eq!(es.class_of(&mac("01:0c:cd:01:00:01"), &s), Class::Group);
        assert_eq!(es.class_of(&mac("00:0c:cd:01:00:01"), &s), Class::Own);
        assert_eq!(es.class_of(&mac("WORKSTATION-1"), &s), Class::Own);
    }

    #[test]
    fn an_asset_adopts_its_address() {
        let mut es = Entities::default();
        let plain = es.resolve(&end("10.0.0.1", None), Class::Own);
        assert_eq!(es.resolve(&end("10.0.0.1", Some("a-1")), Class::Own), plain);
        assert_eq!(es.resolve(&end("10.0.0.9", Some("a-1")), Class::Own), plain);
        assert_eq!(es.resolve(&end("10.0.0.9", None), Class::Own), plain);
        let other = es.resolve(&end("10.0.0.1", Some("a-2")), Class::Own);
        assert_ne!(other, plain);
        assert_eq!(es.resolve(&end("10.0.0.1", None), Class::Own), other);
    }

    #[test]
    fn forgotten_when_unused() {
        let mut es = Entities::default();
        let n = es.resolve(&end("10.0.0.1", Some("a-1")), Class::Own);
        es.get_mut(n).unwrap().uses = 2;
        es.release(n);
        assert_eq!(es.len(), 1);
        es.release(n);
        assert_eq!((es.len(), es.find(&end("10.0.0.1", Some("a-1")))), (0, None));
        let mut copy = es.clone();
        copy.rebuild();
        assert_eq!(copy.len(), 0);
    }

    #[test]
    fn degrees_are_bounded() {
        let mut es = Entities::default();
        let n = es.resolve(&end("10.0.0.1", None), Class::Own);
        let e = es.get_mut(n).unwrap();
        for s in 0..200 {
            e.acted_on_by(s, i64::from(s), 50);
        }
        assert!(e.degree() <= SOURCES);
    }
}
