//! Log-ins counted by their outcome: what shows that passwords are guessed, or one is tried everywhere.

use crate::identity::Identity;
use crate::state::*;
use sentinel_wire::json::List;
use sentinel_wire::model::{CredKind, LoginOutcome};
use sentinel_wire::obs::{HostId, Sym};
use std::collections::BTreeSet;

/// Log-ins between two ends, or of an asset.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Logins {
    success: u64,
    failure: u64,
    unknown: u64,
    /// Names that were used.
    users: BTreeSet<Sym>,
    /// Assets at the other ends.
    peers: BTreeSet<u32>,
}

/// Both sides of an asset.
#[derive(Clone, Debug, Default)]
pub struct Sides {
    /// At its own services.
    pub served: Logins,
    /// At services of others.
    pub made: Logins,
}

/// Client, server and port.
pub type Between = (HostId, HostId, u16);

impl Logins {
    fn add(&mut self, key: &CredKey, c: &Credential, peer: Option<u32>) {
        *match c.outcome {
            LoginOutcome::Success => &mut self.success,
            LoginOutcome::Failure => &mut self.failure,
            LoginOutcome::Unknown => &mut self.unknown,
        } += c.seen.count;
        self.users.extend(key.username);
        self.peers.extend(peer);
    }

    pub fn any(&self) -> bool {
        self.success + self.failure + self.unknown > 0
    }

    /// Writes the counts that are not zero.
    pub fn write(&self, out: &mut Vec<u8>) {
        let mut o = List::object(out);
        let (users, peers) = (self.users.len() as u64, self.peers.len() as u64);
        let all = [
            ("success", self.success),
            ("failure", self.failure),
            ("unknown", self.unknown),
            ("users", users),
            ("peers", peers),
        ];
        all.into_iter().filter(|(_, n)| *n > 0).for_each(|(name, n)| o.int(name, n));
        o.end();
    }
}

/// A community goes with each request and a token with each page: neither is a log-in.
fn is_login(kind: CredKind) -> bool {
    !matches!(kind, CredKind::Community | CredKind::Token | CredKind::Key | CredKind::PrivateKey)
}

/// Of each conversation.
pub fn between(state: &State) -> Map<Between, Logins> {
    let mut out: Map<Between, Logins> = Map::default();
    for (k, c) in state.credentials.iter().filter(|(k, _)| is_login(k.kind)) {
        out.entry((k.client, k.server, k.port)).or_default().add(k, c, None);
    }
    out
}

/// Of each asset that had any.
pub fn of_assets(state: &State, identity: &Identity) -> Map<u32, Sides> {
    let asset = |h: HostId| identity.of_node.get(h.0 as usize).copied().flatten();
    let mut out: Map<u32, Sides> = Map::default();
    for (k, c) in state.credentials.iter().filter(|(k, _)| is_login(k.kind)) {
        let (client, server) = (asset(k.client), asset(k.server));
        if let Some(a) = server {
            out.entry(a).or_default().served.add(k, c, client);
        }
        if let Some(a) = client {
            out.entry(a).or_default().made.add(k, c, server);
        }
    }
    out
}
