//! What a probe is given with each piece of payload: where it stands, and where findings go.

use crate::model::*;
use crate::obs::{BindKind, EventMode, FieldVal, HostId, HostKey, Observations, ServiceKey};
use std::net::IpAddr;

/// One end of a flow.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct End {
    pub host: HostId,
    pub addr: HostAddr,
    /// 0 where the transport has no ports.
    pub port: u16,
    /// Hardware address its frames came from, if the link shows it (perhaps a router's).
    pub mac: Option<Mac>,
}

/// The flow a probe works on.
#[derive(Clone, Copy, Debug)]
pub struct FlowMeta {
    pub client: End,
    pub server: End,
    pub transport: Transport,
    /// Outer VLAN id, 0 if untagged.
    pub vlan: u16,
    /// The handshake was seen, so that the roles are certain.
    pub oriented: bool,
}

/// Whom a fact is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Who {
    Side(Side),
    Host(HostId),
}
impl From<Side> for Who {
    fn from(side: Side) -> Who {
        Who::Side(side)
    }
}
impl From<HostId> for Who {
    fn from(host: HostId) -> Who {
        Who::Host(host)
    }
}

/// Context of one call into a probe.
pub struct Cx<'a> {
    pub(crate) flow: &'a mut FlowMeta,
    pub(crate) from: Side,
    pub(crate) at: Stamp,
    pub(crate) protocol: &'static str,
    /// The probe reports each PDU itself, see `Spec::pdus`.
    pub(crate) pdus: bool,
    pub(crate) obs: &'a mut Observations,
    pub(crate) swapped: bool,
}

impl<'a> Cx<'a> {
    /// Who sent the data being fed.
    pub fn from(&self) -> Side {
        self.from
    }
    /// Where the data being fed stands in the capture (its last byte).
    pub fn at(&self) -> Stamp {
        self.at
    }
    pub fn flow(&self) -> &FlowMeta {
        self.flow
    }
    pub fn end(&self, side: Side) -> &End {
        match side {
            Side::Client => &self.flow.client,
            Side::Server => &self.flow.server,
        }
    }

    /// The protocol shows that the roles are the other way round: exchanges client and server of
    /// the flow, and of [`Cx::from`]. Ignored when the handshake said who is who.
    /// Returns true if they were exchanged.
    pub fn swap_roles(&mut self) -> bool {
        if self.flow.oriented {
            return false;
        }
        std::mem::swap(&mut self.flow.client, &mut self.flow.server);
        self.from = self.from.other();
        self.swapped = !self.swapped;
        true
    }
    /// Makes sure that `side` is the sender of the data being fed (see [`Cx::swap_roles`]).
    pub fn sender_is(&mut self, side: Side) {
        if self.from != side {
            self.swap_roles();
        }
    }

    /// Number of the host with this IP address, `None` for addresses that name no single host or
    /// when the host table is full.
    pub fn host_ip(&mut self, ip: IpAddr) -> Option<HostId> {
        let named = match ip {
            IpAddr::V4(a) => !(a.is_multicast() || a.is_broadcast() || a.is_unspecified()),
            IpAddr::V6(a) => !(a.is_multicast() || a.is_unspecified()),
        };
        if !named {
            return None;
        }
        self.obs.host(HostKey::new(self.flow.vlan, HostAddr::Ip(ip)))
    }
    /// Number of the host with this hardware address.
    pub fn host_mac(&mut self, mac: Mac) -> Option<HostId> {
        if !mac.is_device() {
            return None;
        }
        self.obs.host(HostKey::new(0, HostAddr::Mac(mac)))
    }
    fn who(&self, who: Who) -> HostId {
        match who {
            Who::Side(side) => self.end(side).host,
            Who::Host(host) => host,
        }
    }

    /// Notes a fact. `name` is one of the asset keys (`vendor product model firmware hardware
    /// serial os name hostname location`), `id:<kind>` for identifiers that go into the asset's
    /// `other[]` (`id:dnp3`, `id:bacnet-device` …), `role` for a role hint (an asset type), or a
    /// protocol's own (`description`, `module`, `plant` …). `field` is the standard's name of the
    /// place it was read from. Said by itself if the sender of the data is whom it is about.
    pub fn fact(&mut self, who: impl Into<Who>, name: &'static str, value: &str, field: &'static str) {
        let host = self.who(who.into());
        let by_self = host == self.end(self.from).host;
        self.obs.fact(host, name, value, self.protocol, field, by_self, self.at);
    }

    /// Notes a fact that a device says of itself under an address other than the flow's: its
    /// hardware address before it has a lease, its announced address behind a reflector.
    pub fn own_fact(&mut self, host: HostId, name: &'static str, value: &str, field: &'static str) {
        self.obs.fact(host, name, value, self.protocol, field, true, self.at);
    }

    /// Notes that a hardware and an IP address belong to one device.
    pub fn bind(&mut self, mac: Mac, ip: IpAddr, kind: BindKind) {
        if let (Some(mac), Some(ip)) = (self.host_mac(mac), self.host_ip(ip)) {
            self.obs.bind(mac, ip, kind, self.at);
        }
    }

    /// Notes a property of the service this flow's server offers (`product`, `version`,
    /// `tls.version`, `tls.ja3s` …).
    pub fn service_info(&mut self, name: &'static str, value: impl Into<Val>) {
        let key = self.service_key(self.protocol);
        self.obs.service_info(&key, name, value.into(), self.at);
    }
    /// Notes that the server speaks a further protocol inside this one (UMAS in Modbus, CIP in ENIP).
    pub fn also(&mut self, protocol: &'static str) {
        let key = self.service_key(protocol);
        self.obs.service(key, 100, self.at);
        let (server, client) = (key, self.flow.client.host);
        self.obs.service(ServiceKey { host: client, offered: false, ..server }, 100, self.at);
    }
    fn service_key(&self, protocol: &'static str) -> ServiceKey {
        let server = &self.flow.server;
        ServiceKey {
            host: server.host,
            port: server.port,
            transport: self.flow.transport,
            protocol,
            offered: true,
        }
    }

    /// Reports a finished operation: the request, with the outcome its answer gave.
    pub fn op(&mut self, op: Op<'_>) {
        let asked = op.asked.unwrap_or(self.at);
        let protocol = op.protocol.unwrap_or(self.protocol);
        let (client, server) = (self.flow.client, self.flow.server);
        let ends = match op.by {
            Side::Client => (client.host, server.host),
            Side::Server => (server.host, client.host),
        };
        if self.obs.events.on() {
            crate::events::operation(self, protocol, &op, asked);
        }
        self.obs.operation(protocol, &op, ends, server.port, self.flow.transport, asked);
    }

    /// Reports a credential. The client is the one who sent it.
    pub fn credential(&mut self, c: Cred<'_>) {
        let sent = c.sent.unwrap_or(self.at);
        let protocol = c.protocol.unwrap_or(self.protocol);
        let ends = (self.flow.client.host, self.flow.server.host);
        if self.obs.events.on() {
            crate::events::credential(self, protocol, &c, sent);
        }
        self.obs.credential(protocol, &c, ends, self.flow.server.port, sent);
    }

    /// Tells the signs of the run (scans, double owners, NAT) what no event shows.
    pub(crate) fn sign(&mut self, what: crate::signs::What) {
        if self.obs.events.on() {
            self.obs.note(crate::signs::Note { packet: 0, at: self.at, vlan: self.flow.vlan, what });
        }
    }

    /// Lends what the probe keeps across the flows of its shard (publishers of a group, say): made
    /// new at first, and bounded by the probe.
    pub(crate) fn across<T: Default + Send + Sync + 'static, R>(
        &mut self,
        f: impl FnOnce(&mut T, &mut Cx<'a>) -> R,
    ) -> R {
        let kept: Option<Box<dyn std::any::Any + Send>> =
            self.obs.across.remove(self.protocol).map(|kept| kept as _);
        let mut kept = kept.and_then(|kept| kept.downcast::<T>().ok()).unwrap_or_default();
        let out = f(&mut kept, self);
        self.obs.across.insert(self.protocol, kept);
        out
    }

    /// Counts a malformed PDU that did not cost the framing (a bad object inside a good frame).
    pub fn malformed(&mut self) {
        self.obs.parse_error(self.protocol);
        crate::signs::anomaly::malformed(self);
    }
    /// Counts something that a bound of the probe made it drop.
    pub fn dropped(&mut self, name: &'static str) {
        self.obs.count(name);
    }

    /// True if events are made at all; saves building fields for nothing.
    pub fn wants_events(&self) -> bool {
        self.obs.events.on()
    }
    /// True if every PDU is asked for (`--events all`).
    pub fn wants_pdus(&self) -> bool {
        self.obs.events.mode == EventMode::All
    }
    /// Makes an event for a transaction or an anomaly. `fields` are flat ECS or `ot.*` names that
    /// stand in `sentinel/fields.toml`; base fields (time, ends, protocol, frame) are added here.
    /// `kind`: `event.type` (`connection`, `info`, `access`, `change`, `error`, `start`, `end` …).
    pub fn event(&mut self, action: &str, kind: &'static str, fields: Vec<(&'static str, FieldVal)>) {
        if self.obs.events.on() {
            crate::events::plain(self, self.from, action, kind, fields);
        }
    }
    /// [`Cx::event`] of a whole transaction: its source is the client, though the answer that
    /// completes it is being fed.
    pub fn transaction(&mut self, action: &str, kind: &'static str, fields: Vec<(&'static str, FieldVal)>) {
        if self.obs.events.on() {
            crate::events::plain(self, Side::Client, action, kind, fields);
        }
    }
    /// [`Cx::transaction`] that no answer completed: the request, at `asked`, is its evidence.
    pub fn unanswered(
        &mut self,
        asked: Stamp,
        action: &str,
        kind: &'static str,
        fields: Vec<(&'static str, FieldVal)>,
    ) {
        if self.obs.events.on() {
            let now = self.at;
            self.at = Stamp { time: now.time, ..asked };
            crate::events::plain(self, Side::Client, action, kind, fields);
            self.at = now;
        }
    }
    /// Makes the event of one PDU; nothing unless every PDU is asked for. Build `fields` only if
    /// [`Cx::wants_pdus`].
    pub fn pdu(&mut self, action: &str, fields: Vec<(&'static str, FieldVal)>) {
        if self.wants_pdus() {
            crate::events::plain(self, self.from, action, "info", fields);
        }
    }
}
