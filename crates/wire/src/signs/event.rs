//! Events that no probe makes: their common fields and their ids.

use crate::model::{HostAddr, Mac, Micros, Stamp, Val};
use crate::obs::{FieldVal, Observations};
use siphasher::sip128::{Hasher128, SipHasher13};
use std::hash::Hash;

pub type Fields = Vec<(&'static str, FieldVal)>;

/// Who an event is about: address, port (0 is none), hardware address.
#[derive(Clone, Copy, Debug, Hash)]
pub struct Side {
    pub addr: HostAddr,
    pub port: u16,
    pub mac: Option<Mac>,
}

impl Side {
    pub fn of(addr: impl Into<HostAddr>) -> Side {
        Side { addr: addr.into(), port: 0, mac: None }
    }
    pub fn port(mut self, port: u16) -> Side {
        self.port = port;
        self
    }
    pub fn mac(mut self, mac: Option<Mac>) -> Side {
        self.mac = mac.filter(|m| m.is_device());
        self
    }
    /// Adds its fields as those of the event's source or, `false`, of its destination.
    pub fn put(&self, f: &mut Fields, source: bool) {
        let [ip, port, mac] = if source {
            ["source.ip", "source.port", "source.mac"]
        } else {
            ["destination.ip", "destination.port", "destination.mac"]
        };
        let hardware = match self.addr {
            HostAddr::Ip(a) => {
                f.push((ip, Val::from(a.to_string())));
                self.mac
            }
            HostAddr::Mac(m) => Some(m),
        };
        if self.port != 0 {
            f.push((port, Val::from(self.port)));
        }
        if let Some(m) = hardware {
            f.push((mac, Val::from(m.to_string())));
        }
    }
}

/// An event before its own fields: `kind` is `event.type`.
pub fn begin(dataset: &'static str, action: &'static str, kind: &'static str, vlan: u16) -> Fields {
    let mut f: Fields = Vec::with_capacity(28);
    f.push(("event.kind", Val::Static("event")));
    f.push(("event.dataset", Val::Static(dataset)));
    f.push(("event.category", Val::Static("network")));
    f.push(("event.type", Val::Static(kind)));
    f.push(("event.action", Val::Static(action)));
    if vlan != 0 {
        f.push(("network.vlan.id", Val::from(vlan)));
    }
    f
}

/// Makes the event. `key` is what tells it from others of its dataset at that time; never a file
/// name or anything added later.
pub fn push(obs: &mut Observations, at: Stamp, time: Micros, key: impl Hash, f: Fields) {
    let mut h = SipHasher13::new_with_keys(0x7365_6e74_696e_656c, 0x6576_656e_7473_0002);
    (time, key).hash(&mut h);
    for (name, value) in f.iter().take(5) {
        if let Val::Static(text) = value {
            (name, text).hash(&mut h);
        }
    }
    let id = h.finish128().as_u128();
    obs.events.push(Stamp { time, ..at }, id, f);
}
