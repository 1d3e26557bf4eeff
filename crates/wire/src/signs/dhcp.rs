//! Servers of DHCP in one segment: a second one, and one that is itself a client there.

use super::event::{Side, begin, push};
use super::nat::Nat;
use super::{ip, mac, text, vlan};
use crate::model::*;
use crate::obs::{Observations, StoredEvent};
use hashbrown::{HashMap, HashSet};
use rustc_hash::FxBuildHasher;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// Servers and clients kept of all segments.
const MAX_SERVERS: usize = 1 << 10;
const MAX_CLIENTS: usize = 1 << 14;

/// See the module.
#[derive(Default, Serialize, Deserialize)]
pub struct Servers {
    /// By segment, in order of first sight: (address, hardware address).
    #[serde(with = "crate::saved::pairs")]
    servers: HashMap<u16, Vec<(IpAddr, Option<Mac>)>, FxBuildHasher>,
    known: usize,
    #[serde(with = "crate::saved::set")]
    clients: HashSet<(u16, Mac), FxBuildHasher>,
    #[serde(with = "crate::saved::set")]
    told: HashSet<(u16, Mac), FxBuildHasher>,
}

impl Servers {
    /// Reads the event of a DHCP message.
    pub fn message(&mut self, obs: &mut Observations, nat: &mut Nat, e: &StoredEvent) {
        let segment = vlan(e);
        let source = text(e, "source.mac").and_then(mac);
        match text(e, "dhcp.message_type") {
            Some("discover" | "request" | "inform") => {
                // a relay forwards what its clients sent
                let client = text(e, "dhcp.client_mac").and_then(mac);
                if text(e, "dhcp.relay_ip").is_none()
                    && let Some(m) = client.filter(|c| source.is_none_or(|s| s == *c))
                    && self.clients.len() < MAX_CLIENTS
                {
                    self.clients.insert((segment, m));
                    self.both(obs, nat, e, segment, m);
                }
            }
            Some("offer" | "ack") if text(e, "dhcp.relay_ip").is_none() => {
                if let Some(server) = ip(e, "source.ip").filter(|ip| crate::flow::is_one(*ip)) {
                    self.server(obs, nat, e, segment, server, source);
                }
            }
            _ => {}
        }
    }

    fn server(
        &mut self,
        obs: &mut Observations,
        nat: &mut Nat,
        e: &StoredEvent,
        segment: u16,
        server: IpAddr,
        source: Option<Mac>,
    ) {
        let list = self.servers.entry(segment).or_default();
        if list.iter().any(|(ip, m)| *ip == server && *m == source) {
            return;
        }
        if self.known >= MAX_SERVERS {
            return obs.count("dhcp_servers");
        }
        self.known += 1;
        let first = list.first().copied();
        list.push((server, source));
        let count = list.len();
        // an acknowledgement to a renewal may come routed, from afar, with the router's hardware address
        let offer = text(e, "dhcp.message_type") == Some("offer");
        if let Some((other, other_mac)) = first.filter(|(ip, m)| offer && (*ip != server || *m != source)) {
            let mut f = begin("sentinel.anomaly", "second-dhcp-server", "info", segment);
            Side::of(server).mac(source).put(&mut f, true);
            f.push(("sentinel.anomaly.other_ip", Val::from(other.to_string())));
            if let Some(m) = other_mac {
                f.push(("sentinel.anomaly.other_mac", Val::from(m.to_string())));
            }
            f.push(("sentinel.anomaly.count", Val::from(count)));
            for name in ["dhcp.routers", "dhcp.dns_servers"] {
                if let Some((name, value)) = e.fields.iter().find(|(n, _)| *n == name) {
                    f.push((name, value.clone()));
                }
            }
            let said = format!("{server} gives out addresses beside {other}");
            f.push(("event.reason", Val::from(said)));
            push(obs, e.at, e.at.time, (segment, server, source, other), f);
        }
        if let Some(m) = source {
            self.both(obs, nat, e, segment, m);
        }
    }

    /// A device that asks for an address in the segment where it gives them out.
    fn both(&mut self, obs: &mut Observations, nat: &mut Nat, e: &StoredEvent, segment: u16, m: Mac) {
        let servers = self.servers.get(&segment);
        let Some(server) = servers.into_iter().flatten().find(|(_, s)| *s == Some(m)).map(|(ip, _)| *ip)
        else {
            return;
        };
        if !self.clients.contains(&(segment, m))
            || self.told.len() >= MAX_SERVERS
            || !self.told.insert((segment, m))
        {
            return;
        }
        let mut f = begin("sentinel.anomaly", "dhcp-client-and-server", "info", segment);
        Side::of(server).mac(Some(m)).put(&mut f, true);
        let said = format!("{m} ({server}) asks for an address where it gives out addresses itself");
        f.push(("event.reason", Val::from(said)));
        push(obs, e.at, e.at.time, (segment, m, server), f);
        nat.serves(obs, e.at, segment, server, Some(m));
    }
}
