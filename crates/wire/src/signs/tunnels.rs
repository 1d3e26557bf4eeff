//! Networks inside networks: who carries packets of others within its own, to whom, and in what.

use super::event::{Side, begin, push};
use super::nat::{Nat, network};
use super::{Note, is_inside};
use crate::decode::Tunnel;
use crate::model::*;
use crate::obs::{HostKey, Observations};
use hashbrown::HashSet;
use rustc_hash::FxBuildHasher;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// (segment, sender, receiver, kind) told once each, up to so many.
const MAX_TUNNELS: usize = 1 << 12;

/// A packet within a packet: ends of the outermost IP header, and of the innermost.
#[derive(Clone, Copy, Debug)]
pub struct Nested {
    pub outer: (IpAddr, IpAddr),
    pub inner: (IpAddr, IpAddr),
    pub kind: Tunnel,
}

/// See the module.
#[derive(Default, Serialize, Deserialize)]
pub struct Tunnels {
    #[serde(with = "crate::saved::set")]
    told: HashSet<(u16, IpAddr, IpAddr, String), FxBuildHasher>,
}

impl Tunnels {
    /// The first packet of a flow that came through a tunnel.
    pub fn nested(&mut self, obs: &mut Observations, nat: &mut Nat, n: &Note, t: &Nested) {
        let (from, to) = t.outer;
        let key = (n.vlan, from, to, t.kind.name().to_owned());
        if self.told.contains(&key) {
            return;
        }
        if self.told.len() >= MAX_TUNNELS {
            return obs.count("tunnels");
        }
        self.told.insert(key);
        let mut f = begin("sentinel.nat", "tunnel", "info", n.vlan);
        Side::of(from).put(&mut f, true);
        Side::of(to).put(&mut f, false);
        f.push(("sentinel.flow.tunnel", Val::Static(t.kind.name())));
        f.push(("sentinel.nat.network", Val::from(network(t.inner.0).to_string())));
        let kind = t.kind.name();
        let said = format!("{from} carries packets of {} for {} to {to} in {kind}", t.inner.0, t.inner.1);
        f.push(("event.reason", Val::from(said)));
        push(obs, n.at, n.at.time, (n.vlan, from, to, kind), f);
        if let Some(host) = obs.host(HostKey::new(n.vlan, HostAddr::Ip(from))) {
            let said = format!("{kind} to {to}, for {}", t.inner.0);
            obs.fact(host, "tunnel", &said, "ip", "inner headers", false, n.at);
        }
        if is_inside(from) && t.inner.0 != from {
            nat.carries(obs, n.at, n.vlan, from);
        }
    }

    pub fn bytes(&self) -> usize {
        self.told.allocation_size()
    }
}

/// Ends of the outermost IP header of an Ethernet frame.
pub fn outermost(frame: &[u8]) -> Option<(IpAddr, IpAddr)> {
    let mut at = 12;
    for _ in 0..4 {
        let ip = frame.get(at + 2..)?;
        match frame.get(at..at + 2)? {
            [0x81, 0x00] | [0x88, 0xa8] => at += 4,
            [0x08, 0x00] => {
                let from = ip.get(12..)?.first_chunk::<4>()?;
                let to = ip.get(16..)?.first_chunk::<4>()?;
                return Some((IpAddr::from(*from), IpAddr::from(*to)));
            }
            [0x86, 0xdd] => {
                let from = ip.get(8..)?.first_chunk::<16>()?;
                let to = ip.get(24..)?.first_chunk::<16>()?;
                return Some((IpAddr::from(*from), IpAddr::from(*to)));
            }
            _ => return None,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_outermost_header_behind_tags() {
        let mut frame = vec![0; 12];
        frame.extend([0x81, 0, 0, 7, 8, 0, 0x45]);
        frame.extend([0; 11]);
        frame.extend([10, 0, 0, 1, 10, 0, 0, 2]);
        let ends = Some((IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2])));
        assert_eq!(outermost(&frame), ends);
        for cut in 0..frame.len() {
            assert_eq!(outermost(&frame[..cut]), None);
        }
        assert_eq!(outermost(&[0xff; 60]), None);
    }
}
