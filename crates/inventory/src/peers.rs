//! How many others an asset exchanges industrial traffic with, and how many of them came to it from
//! public addresses.

use crate::identity::Identity;
use crate::state::*;
use sentinel_wire::model::*;
use sentinel_wire::obs::{HostId, Sym};
use std::net::IpAddr;

/// Peers of one asset over industrial protocols.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Peers {
    pub all: u32,
    /// Clients at public addresses.
    pub public: u32,
}

/// Counts the peers of every asset that has any.
pub fn count(state: &State, identity: &Identity) -> Map<u32, Peers> {
    let mut industrial: Map<Sym, bool> = Map::default();
    let mut pairs: Vec<(u32, HostId, bool)> = Vec::new();
    for k in state.conversations.keys() {
        let known = industrial.entry(k.protocol).or_insert_with(|| {
            sentinel_wire::protocols::by_name(state.text(k.protocol)).is_some_and(|spec| spec.industrial)
        });
        if !*known {
            continue;
        }
        let asset = |h: HostId| identity.of_node.get(h.0 as usize).copied().flatten();
        if let Some(server) = asset(k.server) {
            pairs.push((server, k.client, is_public(state, k.client)));
        }
        if let Some(client) = asset(k.client) {
            pairs.push((client, k.server, false));
        }
    }
    // a pair that is both ways counts once, as public if one of them is
    pairs.sort_unstable_by_key(|(asset, peer, public)| (*asset, peer.0, !public));
    pairs.dedup_by_key(|(asset, peer, _)| (*asset, peer.0));
    let mut out: Map<u32, Peers> = Map::default();
    for (asset, _, public) in pairs {
        let peers = out.entry(asset).or_default();
        peers.all += 1;
        peers.public += u32::from(public);
    }
    out
}

fn is_public(state: &State, host: HostId) -> bool {
    match state.hosts.get(host.0 as usize).map(|(key, _)| key.addr) {
        Some(HostAddr::Ip(IpAddr::V4(a))) => {
            !(a.is_private() || a.is_link_local() || a.is_loopback() || a.is_multicast())
                && !(a.is_broadcast() || a.is_unspecified() || a.is_documentation())
        }
        Some(HostAddr::Ip(IpAddr::V6(a))) => a.segments()[0] & 0xe000 == 0x2000,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn world(ends: &[[u8; 4]], talks: &[(u32, u32, &str)]) -> (State, Identity) {
        let mut state = State::default();
        let site = state.strings.intern("default");
        for ip in ends {
            let key = NodeKey { site, vlan: 0, addr: HostAddr::Ip(IpAddr::from(*ip)) };
            state.hosts.push((key, Default::default()));
        }
        for (client, server, protocol) in talks {
            let protocol = state.strings.intern(protocol);
            let (client, server) = (HostId(*client), HostId(*server));
            let key = ConvKey { client, server, protocol, transport: Transport::Tcp, port: 502 };
            state.conversations.insert(key, Default::default());
        }
        let of_node = (0..ends.len() as u32).map(Some).collect();
        (state, Identity { groups: Vec::new(), of_node })
    }

    #[test]
    fn counts_peers_once_and_the_public_among_them() {
        let (state, identity) = world(
            &[[10, 0, 0, 1], [10, 0, 0, 2], [8, 8, 4, 4], [10, 0, 0, 3]],
            &[
                (1, 0, "modbus"),
                (0, 1, "modbus"),
                (2, 0, "modbus"),
                (2, 0, "enip"),
                (3, 0, "http"),
                (0, 2, "dnp3"),
            ],
        );
        let peers = count(&state, &identity);
        assert_eq!(peers.get(&0), Some(&Peers { all: 2, public: 1 }));
        assert_eq!(peers.get(&1), Some(&Peers { all: 1, public: 0 }));
        assert_eq!(peers.get(&2), Some(&Peers { all: 1, public: 0 }));
        assert_eq!(peers.get(&3), None);
    }

    #[test]
    fn hosts_without_an_asset_are_peers_but_have_none() {
        let (state, mut identity) = world(&[[10, 0, 0, 1], [10, 0, 0, 2]], &[(1, 0, "modbus")]);
        identity.of_node[1] = None;
        let peers = count(&state, &identity);
        assert_eq!(peers.len(), 1);
        assert_eq!(peers.get(&0), Some(&Peers { all: 1, public: 0 }));
    }
}
