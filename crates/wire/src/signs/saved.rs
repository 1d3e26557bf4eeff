//! What the signs look back on, as it is saved.

use super::{Signs, claims, dhcp, fanout, names, nat};
use crate::model::Micros;
use serde::{Deserialize, Serialize};

/// State of all signs. Times are packet time: after a pause it is forgotten as it would have been.
#[derive(Serialize, Deserialize)]
pub struct Memory<F = fanout::Fanout, C = claims::Claims, N = nat::Nat, A = names::Names, D = dhcp::Servers> {
    fanout: F,
    claims: C,
    nat: N,
    names: A,
    dhcp: D,
    now: Micros,
}

/// A view of it that is only written.
pub type Kept<'a> =
    Memory<&'a fanout::Fanout, &'a claims::Claims, &'a nat::Nat, &'a names::Names, &'a dhcp::Servers>;

impl Signs {
    pub fn memory(&self) -> Kept<'_> {
        Memory {
            fanout: &self.fanout,
            claims: &self.claims,
            nat: &self.nat,
            names: &self.names,
            dhcp: &self.dhcp,
            now: self.now,
        }
    }
    pub fn remember(&mut self, m: Memory) {
        (self.fanout, self.claims, self.nat) = (m.fanout, m.claims, m.nat);
        (self.names, self.dhcp, self.now) = (m.names, m.dhcp, m.now);
    }
}
