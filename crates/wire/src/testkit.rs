//! A written dialogue for tests: what each side says, then what the probe made of it.
//!
//! ```ignore
//! let seen = Dialogue::tcp(&modbus::SPEC, 502).client(REQUEST).server(ANSWER).end();
//! assert_eq!(seen.ops(), ["read_coils accepted x1"]);
//! ```

use crate::cx::{Cx, End, FlowMeta};
use crate::model::*;
use crate::obs::{EventMode, HostKey, Limits, Observations, StoredEvent};
use crate::probe::{Hint, Probe, Spec, Verdict};
use crate::stream::{Fed, Feeder};
use std::net::{IpAddr, Ipv4Addr};

pub const CLIENT: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));
pub const SERVER: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 2));
pub const CLIENT_MAC: Mac = Mac([2, 0, 0, 0, 0, 1]);
pub const SERVER_MAC: Mac = Mac([2, 0, 0, 0, 0, 2]);

/// One flow played to one probe; a frame a call, a millisecond apart.
pub struct Dialogue {
    spec: &'static Spec,
    probe: Box<dyn Probe>,
    feeder: Feeder,
    flow: FlowMeta,
    flipped: bool,
    pub obs: Observations,
    frame: u64,
    waited: Micros,
    events: Vec<StoredEvent>,
    pub last: Fed,
}

impl Dialogue {
    pub fn tcp(spec: &'static Spec, port: u16) -> Dialogue {
        Dialogue::new(spec, Transport::Tcp, port, true)
    }
    pub fn udp(spec: &'static Spec, port: u16) -> Dialogue {
        Dialogue::new(spec, Transport::Udp, port, false)
    }
    /// Layer 2: the ends are hardware addresses.
    pub fn l2(spec: &'static Spec) -> Dialogue {
        Dialogue::new(spec, Transport::L2, 0, false)
    }
    pub fn new(spec: &'static Spec, transport: Transport, port: u16, oriented: bool) -> Dialogue {
        let mut obs = Observations::new(Limits::default(), EventMode::All);
        let mut end = |ip: IpAddr, mac: Mac, port: u16| {
            let addr = if transport == Transport::L2 { HostAddr::Mac(mac) } else { HostAddr::Ip(ip) };
            let host = obs.host(HostKey::new(0, addr)).expect("room for two hosts");
            End { host, addr, port, mac: Some(mac) }
        };
        let client_port = if port == 0 { 0 } else { 40000 };
        let (client, server) = (end(CLIENT, CLIENT_MAC, client_port), end(SERVER, SERVER_MAC, port));
        Dialogue {
            spec,
            probe: (spec.open)(),
            feeder: Feeder::default(),
            flow: FlowMeta { client, server, transport, vlan: 0, oriented },
            flipped: false,
            obs,
            frame: 0,
            waited: 0,
            events: Vec::new(),
            last: Fed::Go,
        }
    }
    /// What the probe's signature says of `data` sent by the client (or, `false`, the server).
    pub fn identify(&self, from_client: bool, data: &[u8]) -> Verdict {
        let (a, b) = (self.flow.client.port, self.flow.server.port);
        let (src_port, dst_port) = if from_client { (a, b) } else { (b, a) };
        let ethertype = self.spec.ethertypes.first().copied().unwrap_or(0);
        (self.spec.identify)(&Hint { transport: self.flow.transport, src_port, dst_port, ethertype }, data)
    }
    pub fn client(self, data: &[u8]) -> Dialogue {
        self.say(0, data)
    }
    pub fn server(self, data: &[u8]) -> Dialogue {
        self.say(1, data)
    }
    /// The same bytes in pieces of `n`: what a probe finds must not depend on segmentation.
    pub fn client_split(mut self, data: &[u8], n: usize) -> Dialogue {
        for piece in data.chunks(n.max(1)) {
            self = self.say(0, piece);
        }
        self
    }
    pub fn server_split(mut self, data: &[u8], n: usize) -> Dialogue {
        for piece in data.chunks(n.max(1)) {
            self = self.say(1, piece);
        }
        self
    }
    /// Time passes in which nothing is said.
    pub fn wait(mut self, time: Micros) -> Dialogue {
        self.waited += time;
        self
    }
    /// Loses `missing` bytes of a direction.
    pub fn gap(mut self, from_client: bool, missing: u64) -> Dialogue {
        let dir = usize::from(!from_client);
        if !self.feeder.gap(dir, missing) {
            self.with(dir, |probe, cx| probe.gap(cx, cx.from, missing));
        }
        self
    }
    fn say(mut self, dir: usize, data: &[u8]) -> Dialogue {
        self.frame += 1;
        if self.last != Fed::Go {
            return self;
        }
        if self.flow.transport == Transport::Tcp {
            let mut feeder = std::mem::take(&mut self.feeder);
            self.last = self.with(dir, |probe, cx| feeder.feed(probe, cx, dir, data));
            self.feeder = feeder;
        } else {
            let ok = self.with(dir, |probe, cx| probe.datagram(cx, data));
            if ok.is_err() {
                self.obs.parse_error(self.spec.name);
            }
        }
        self
    }
    fn with<T>(&mut self, dir: usize, f: impl FnOnce(&mut dyn Probe, &mut Cx<'_>) -> T) -> T {
        let from = if (dir == 0) != self.flipped { Side::Client } else { Side::Server };
        let time = 1_700_000_000_000_000 + self.frame as i64 * 1000 + self.waited;
        let at = Stamp { time, frame: self.frame, source: 0 };
        self.obs.events.at_packet(self.frame);
        let mut cx = Cx {
            flow: &mut self.flow,
            from,
            at,
            protocol: self.spec.name,
            pdus: self.spec.pdus,
            obs: &mut self.obs,
            swapped: false,
        };
        let out = f(self.probe.as_mut(), &mut cx);
        self.flipped ^= cx.swapped;
        out
    }
    /// Ends the flow and gives what was observed.
    pub fn end(mut self) -> Seen {
        self.frame += 1;
        self.with(0, |probe, cx| probe.end(cx));
        self.events.append(&mut self.obs.events.take());
        // what is told of every probe alike is not what this one made
        let anomaly = ("event.dataset", Val::Static("sentinel.anomaly"));
        self.events.retain(|e| !e.fields.contains(&anomaly));
        Seen { obs: self.obs, events: self.events, last: self.last }
    }
}

/// Everything a dialogue led to, with short text forms for assertions.
pub struct Seen {
    pub obs: Observations,
    pub events: Vec<StoredEvent>,
    pub last: Fed,
}

impl Seen {
    /// `protocol name outcome xCOUNT`, sorted by first frame.
    pub fn ops(&self) -> Vec<String> {
        let mut v: Vec<_> = self.obs.operations.iter().collect();
        v.sort_by_key(|(k, s)| (s.seen.first, k.protocol, k.name));
        v.into_iter()
            .map(|(k, s)| {
                format!(
                    "{} {} {} x{}",
                    k.protocol,
                    self.obs.strings.get(k.name),
                    k.outcome.name(),
                    s.seen.count
                )
            })
            .collect()
    }
    /// `host name=value`, sorted; host is `client`, `server` or an address.
    pub fn facts(&self) -> Vec<String> {
        let mut v: Vec<_> = self
            .obs
            .facts
            .keys()
            .map(|k| format!("{} {}={}", self.host(k.host.0), k.name, self.obs.strings.get(k.value)))
            .collect();
        v.sort();
        v.dedup();
        v
    }
    /// `kind user secret outcome`, in order of first sight.
    pub fn creds(&self) -> Vec<String> {
        let mut v: Vec<_> = self.obs.credentials.iter().collect();
        v.sort_by_key(|(k, s)| (s.seen.first, k.secret));
        let text = |s: Option<crate::obs::Sym>| s.map_or("-", |s| self.obs.strings.get(s));
        v.into_iter()
            .map(|(k, s)| {
                format!("{} {} {} {}", k.kind.name(), text(k.username), text(k.secret), s.outcome.name())
            })
            .collect()
    }
    /// Value of a field of the n-th event, as text.
    pub fn field(&self, event: usize, name: &str) -> Option<String> {
        let (_, value) = self.events.get(event)?.fields.iter().find(|(n, _)| *n == name)?;
        Some(match value {
            Val::Str(s) => s.to_string(),
            Val::Static(s) => (*s).to_owned(),
            Val::Int(v) => v.to_string(),
            Val::Float(v) => v.to_string(),
            Val::Bool(v) => v.to_string(),
            Val::List(l) => format!("{l:?}"),
        })
    }
    fn host(&self, id: u32) -> String {
        match self.obs.hosts[id as usize].0.addr {
            HostAddr::Ip(CLIENT) | HostAddr::Mac(CLIENT_MAC) => "client".into(),
            HostAddr::Ip(SERVER) | HostAddr::Mac(SERVER_MAC) => "server".into(),
            other => other.to_string(),
        }
    }
}

/// Plays hostile input to a probe, on every transport it has: `valid` frames with octet `at` made `byte`, and
/// arbitrary octets between and behind them. Fails by panicking, as a probe would.
pub fn hostile(spec: &'static Spec, valid: &[&[u8]], data: &[u8], at: usize, byte: u8) {
    for &transport in spec.transports {
        let oriented = transport == Transport::Tcp;
        let mut d = Dialogue::new(spec, transport, spec.ports.first().copied().unwrap_or(0), oriented);
        let _verdict = d.identify(true, data);
        for (n, frame) in valid.iter().enumerate() {
            let mut changed = frame.to_vec();
            let length = changed.len().max(1);
            if let Some(octet) = changed.get_mut(at % length) {
                *octet = byte;
            }
            let cut = changed.get(..at % length).unwrap_or_default().to_vec();
            let _verdict = d.identify(n % 2 == 0, &changed);
            d = d.client(&changed).server(&changed).client(frame).server(frame).server(&cut).gap(true, 3);
        }
        let _seen = d.client(data).server(data).end();
    }
}
