//! Devices that were not there before, and devices that no inventory knows.

use super::Context;
use crate::context::clock::HOUR;
use crate::context::emit::Told;
use crate::context::hosts::{HostId, Key};
use crate::context::rhythm::Evidence;
use crate::event::Event;
use sentinel_wire::model::{HostAddr, Micros, Val};

/// New devices told in an hour. More are a sweep or a new network: told once, the rest counted.
const AN_HOUR: u32 = 20;

impl Context {
    /// Tells of hosts that came since the last tick. Only those that sent something are devices.
    pub(super) fn tell_fresh(&mut self, tick: Micros, extra: &mut Vec<Event>) {
        if self.fresh.is_empty() {
            return;
        }
        let fresh = std::mem::take(&mut self.fresh);
        for id in fresh {
            let Some(host) = self.hosts.get(id).filter(|h| !h.told) else { continue };
            if host.heard == Micros::MIN {
                continue; // only asked for so far; not kept: there is no end of what may be asked for
            }
            let (key, new, asset) = (host.key, host.new, host.asset);
            // a hardware address that claims an IP address is told as that one
            let shadow = matches!(key.addr, HostAddr::Mac(_)) && host.claims.is_some();
            let inventory = self.zones.get(host.zone).filter(|z| z.inventory).map(|z| z.name.to_string());
            let mac = host.mac;
            if let Some(host) = self.hosts.get_mut(id) {
                host.told = true;
            }
            if shadow || asset != 0 {
                continue;
            }
            if let Some(zone) = inventory.filter(|_| !self.assets.is_empty()) {
                let reason = format!("{} is in zone {zone} and in no inventory", key.addr);
                self.tell_device("rogue-device", key, mac.map(|m| m.to_string()), reason, (0.8, tick), extra);
            } else if new {
                let reason = format!("{} was never seen before", key.addr);
                self.tell_device("new-device", key, mac.map(|m| m.to_string()), reason, (0.7, tick), extra);
            }
        }
    }
    /// A host was heard for the first time after it was entered: it may have to be told of.
    pub(super) fn mark_fresh(&mut self, id: HostId) {
        self.fresh.push(id);
    }
    fn tell_device(
        &mut self,
        action: &'static str,
        key: Key,
        mac: Option<String>,
        reason: String,
        (confidence, tick): (f64, Micros),
        extra: &mut Vec<Event>,
    ) {
        let hour = tick.div_euclid(HOUR);
        if self.told.0 != hour {
            self.told = (hour, 0);
        }
        self.told.1 = self.told.1.saturating_add(1);
        if self.told.1 > AN_HOUR {
            self.counts.new_devices_untold += 1;
            return;
        }
        let told = Told {
            dataset: "sentinel.context",
            action,
            time: tick,
            source: Some(key),
            destination: None,
            protocol: "",
            reason,
            confidence,
            evidence: Evidence::default(),
            more: mac.map(|m| ("source.mac", Val::from(m))).into_iter().collect(),
        };
        self.tell(told, extra);
    }
}
