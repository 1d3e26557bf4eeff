//! The stored inventory by address.

use crate::context::hosts::Key;
use crate::context::settings;
use crate::context::special::is_global;
use crate::context::view;
use crate::context::zones::Zones;
use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;
use sentinel_wire::model::HostAddr;
use serde::{Deserialize, Serialize};

/// Assets and the places of each address: [`Assets`] in bytes.
pub type Rows = (Vec<Asset>, Vec<(HostAddr, Vec<u32>)>);

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Asset {
    pub id: Box<str>,
    pub kind: Option<Box<str>>,
    pub level: Option<f64>,
    pub criticality: Option<Box<str>>,
    vlan: Option<u16>,
}

#[derive(Default)]
pub struct Assets {
    list: Vec<Asset>,
    /// Places in the list; several where an address is used in several VLANs.
    by_address: HashMap<HostAddr, Vec<u32>, FxBuildHasher>,
}

/// Whether an address says which asset it is: those of the Internet that are in no network of the
/// organisation may stand in the inventory as addresses of the router they came by.
fn names(addr: HostAddr, zones: &Zones) -> bool {
    match addr {
        HostAddr::Ip(ip) => !is_global(ip) || zones.is_ours(ip),
        HostAddr::Mac(_) => true,
    }
}

impl Assets {
    pub fn new(records: &[settings::Asset], zones: &Zones) -> Assets {
        let mut assets = Assets::default();
        for r in records {
            let place = assets.list.len() as u32;
            let ips = r.ip.iter().filter_map(|a| view::ip(a));
            let macs = r.mac.iter().filter_map(|a| view::mac(a)).map(HostAddr::Mac);
            for addr in ips.chain(macs).filter(|a| names(*a, zones)) {
                assets.by_address.entry(addr).or_default().push(place);
            }
            assets.list.push(Asset {
                id: r.id.as_str().into(),
                kind: r.kind.as_deref().map(Into::into),
                level: r.level,
                criticality: r.criticality.as_deref().map(Into::into),
                vlan: r.vlan,
            });
        }
        assets
    }
    /// The place of the asset with this address plus 1; 0 for none. One of the same VLAN is
    /// preferred to one whose VLAN is not known.
    pub fn of(&self, key: Key) -> u32 {
        let Some(places) = self.by_address.get(&key.addr) else { return 0 };
        let vlan = |p: &&u32| self.list.get(**p as usize).and_then(|a| a.vlan);
        let found = places.iter().find(|p| vlan(p) == Some(key.vlan));
        found.or_else(|| places.iter().find(|p| vlan(p).is_none())).map_or(0, |p| p + 1)
    }
    /// The asset a host refers to.
    pub fn get(&self, place: u32) -> Option<&Asset> {
        self.list.get(place.checked_sub(1)? as usize)
    }
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }
    /// As rows, to be kept.
    pub fn rows(&self) -> Rows {
        let mut by: Vec<_> = self.by_address.iter().map(|(a, places)| (*a, places.clone())).collect();
        by.sort_unstable();
        (self.list.clone(), by)
    }
    /// Of rows that were kept.
    pub fn of_rows((list, by): Rows) -> Assets {
        Assets { list, by_address: by.into_iter().collect() }
    }
}
