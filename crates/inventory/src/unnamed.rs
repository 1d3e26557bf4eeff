//! Flows whose protocol no probe knew: asked for, and named by what looked deeper.

use crate::state::*;
use sentinel_wire::model::*;
use sentinel_wire::obs::HostId;
use std::net::IpAddr;

/// Confidence of a name that another program gave, in hundredths.
const CONFIDENCE: u8 = 50;

/// A flow by its ends: client, server, transport, port of the server.
pub type Ends = (IpAddr, IpAddr, Transport, u16);

impl State {
    /// TCP and UDP flows without a protocol, those with the most packets first, `most` at most.
    pub fn unnamed(&self, most: usize) -> Vec<Ends> {
        let mut found: Vec<(u64, Ends)> = Vec::new();
        for (k, v) in &self.conversations {
            if !self.text(k.protocol).is_empty() || !matches!(k.transport, Transport::Tcp | Transport::Udp) {
                continue;
            }
            if let (Some(client), Some(server)) = (self.ip(k.client), self.ip(k.server)) {
                found.push((v.packets, (client, server, k.transport, k.port)));
            }
        }
        found.sort_by(|(a, x), (b, y)| {
            let key = |e: &Ends| (e.0, e.1, e.2.name(), e.3);
            b.cmp(a).then_with(|| key(x).cmp(&key(y)))
        });
        found.dedup_by(|a, b| a.1 == b.1);
        found.truncate(most);
        found.into_iter().map(|(_, ends)| ends).collect()
    }

    /// Gives a flow without a protocol one, with `by` as who says so. False if there is no such flow.
    pub fn name(&mut self, (client, server, transport, port): Ends, protocol: &str, by: &str) -> bool {
        let none = self.strings.intern("");
        let is = |state: &State, k: &ConvKey| {
            (k.protocol, k.transport, k.port) == (none, transport, port)
                && state.ip(k.client) == Some(client)
                && state.ip(k.server) == Some(server)
        };
        let keys: Vec<ConvKey> = self.conversations.keys().filter(|k| is(self, k)).copied().collect();
        let (name, field) = (self.strings.intern(protocol), self.strings.intern("named_by"));
        let by = Value::Text(self.strings.intern(by));
        for key in &keys {
            if let Some(stat) = self.conversations.remove(key) {
                self.add_conversation(ConvKey { protocol: name, ..*key }, stat);
            }
            let offer = ServiceKey { host: key.server, port, transport, protocol: none, offered: true };
            if let Some(mut service) = self.services.remove(&offer) {
                let at = service.seen.first;
                service.confidence = service.confidence.max(CONFIDENCE);
                service.info.push((field, by.clone(), at));
                self.add_service(ServiceKey { protocol: name, ..offer }, service);
            }
        }
        !keys.is_empty()
    }

    fn ip(&self, host: HostId) -> Option<IpAddr> {
        match self.hosts.get(host.0 as usize)?.0.addr {
            HostAddr::Ip(ip) => Some(ip),
            HostAddr::Mac(_) => None,
        }
    }
}
