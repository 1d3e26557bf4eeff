//! What tells a record from all others of a store.

use super::View;
use crate::changes::hash;
use crate::state::*;
use sentinel_wire::obs::HostId;

impl View<'_> {
    fn node(&self, host: HostId) -> (String, &str) {
        let key = &self.state.hosts[host.0 as usize].0;
        (format!("{} {}", key.vlan, key.addr), self.text(key.site))
    }

    /// What tells a conversation from all others of a store.
    pub fn conversation_parts(&self, k: &ConvKey) -> impl std::hash::Hash {
        let node = |h: HostId| {
            let key = &self.state.hosts[h.0 as usize].0;
            (self.text(key.site), key.vlan, key.addr)
        };
        (node(k.client), node(k.server), self.text(k.protocol), k.transport, k.port)
    }

    /// What tells a conversation from all others of a store, as a hash.
    pub fn conversation_key(&self, k: &ConvKey) -> [u8; 16] {
        let ((client, a), (server, b)) = (self.node(k.client), self.node(k.server));
        let port = k.port.to_string();
        hash(&["conversation", a, &client, b, &server, self.text(k.protocol), k.transport.name(), &port])
    }

    /// What tells an operation from all others of a store, as a hash.
    pub fn operation_key(&self, k: &OpKey) -> [u8; 16] {
        let ((client, a), (server, b)) = (self.node(k.client), self.node(k.server));
        let (port, unit) = (k.port.to_string(), k.unit.map(|u| self.text(u)));
        let has = if unit.is_some() { "unit" } else { "" };
        let what = [self.text(k.protocol), self.text(k.name), unit.unwrap_or_default(), has];
        let [protocol, name, unit, has] = what;
        let (transport, outcome) = (k.transport.name(), k.outcome.name());
        hash(&["operation", a, &client, b, &server, protocol, name, unit, has, transport, outcome, &port])
    }

    /// What tells a credential from all others of a store, as a hash; of its secret the keyed hash alone.
    pub fn credential_key(&self, k: &CredKey) -> [u8; 16] {
        let ((client, a), (server, b)) = (self.node(k.client), self.node(k.server));
        let port = k.port.to_string();
        let user = k.username.map_or(String::new(), |u| format!("u{}", self.text(u)));
        let secret = k.secret.map_or(String::new(), |s| format!("s{}", self.text(s)));
        let (protocol, kind) = (self.text(k.protocol), k.kind.name());
        hash(&["credential", a, &client, b, &server, protocol, kind, &port, &user, &secret])
    }
}
