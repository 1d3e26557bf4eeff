//! The part of a flow that looks at payload: identification first, then one probe.

use super::mask::Mask;
use super::registry::{Entry, Registry};
use crate::cx::{Cx, FlowMeta};
use crate::model::{Side, Stamp, Transport};
use crate::obs::{Observations, ServiceKey};
use crate::probe::{Hint, Probe, Role, Verdict};
use crate::stream::{Fed, Feeder, Half, Piece};

/// Bytes of each direction kept until the protocol is known.
const MAX_HEAD: usize = 4096;
/// Datagrams looked at before a flow is left alone. Streams are bounded by bytes alone: a serial line or
/// a slow sender may give one byte at a time, and reassembly must not matter to what is found.
const MAX_DATAGRAMS: usize = 12;

/// Payload seen before the protocol was known.
#[derive(Default)]
struct Head {
    bytes: [Vec<u8>; 2],
    /// (direction, length, where) of each piece, in order.
    pieces: Vec<(u8, u32, Stamp)>,
    /// Probes a direction's bytes have not struck out.
    left: [Mask; 2],
    weak: [Mask; 2],
}

enum Stage {
    Head(Box<Head>),
    Probe(Box<dyn Probe>),
    /// Counters only from here on.
    Over,
}

/// What the flow table must know after payload was looked at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum After {
    Go,
    /// The work is finished: free it.
    Over,
}

/// Everything a flow needs while its payload is of interest.
pub struct Work {
    pub halves: [Half; 2],
    pub eye: Eye,
}

/// Identification and probe of a flow, apart from reassembly.
pub struct Eye {
    pub meta: FlowMeta,
    /// Which direction (0 = the key's `lo`) is the client's.
    pub client: u8,
    /// Registry number of the protocol, once known.
    pub entry: Option<u8>,
    /// 100 certain, 60 weak signature at home, 50 weak on both sides.
    pub confidence: u8,
    stage: Stage,
    feeder: Feeder,
    ethertype: u16,
    noted: Noted,
    /// The server has sent something.
    pub server_seen: bool,
}

/// What of the service was noted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Noted {
    No,
    Client,
    Both,
}

impl Work {
    pub fn new(meta: FlowMeta, client: u8, ethertype: u16, registry: &Registry) -> Work {
        let left = [registry.candidates(meta.transport); 2];
        let stage = Stage::Head(Box::new(Head { left, ..Head::default() }));
        let eye = Eye {
            meta,
            client,
            entry: None,
            confidence: 0,
            stage,
            feeder: Feeder::default(),
            ethertype,
            noted: Noted::No,
            server_seen: false,
        };
        Work { halves: Default::default(), eye }
    }
}

impl Work {
    /// Payload bytes held: out of order, incomplete, or waiting for identification.
    #[inline]
    pub fn held(&self) -> usize {
        let head = match &self.eye.stage {
            Stage::Head(head) => {
                let pieces = head.pieces.capacity() * size_of::<(u8, u32, Stamp)>();
                head.bytes[0].capacity() + head.bytes[1].capacity() + pieces
            }
            _ => 0,
        };
        self.halves[0].bytes() + self.halves[1].bytes() + self.eye.feeder.bytes() + head
    }
    /// Passes on what is held out of order, with its holes.
    pub fn flush(&mut self, registry: &Registry, obs: &mut Observations, at: Stamp) -> After {
        let Work { halves, eye } = self;
        let mut after = After::Go;
        for (d, half) in halves.iter_mut().enumerate() {
            half.flush(at, &mut |p| after = eye.piece(registry, obs, d, p));
        }
        after
    }
    /// Gives up what is held: what was in order of each piece is passed on, the rest is lost.
    pub fn give_up(&mut self, registry: &Registry, obs: &mut Observations, at: Stamp) -> After {
        let mut after = self.flush(registry, obs, at);
        let eye = &mut self.eye;
        eye.feeder.forget();
        if matches!(eye.stage, Stage::Head(_)) {
            eye.stage = Stage::Over;
            after = After::Over;
        }
        after
    }
    /// Reads a little of each cache line that the next piece of this direction needs.
    #[inline]
    pub fn touch(&self, dir: usize) -> u32 {
        let stage = match &self.eye.stage {
            Stage::Head(head) => head.pieces.len() as u32,
            Stage::Probe(_) => 1,
            Stage::Over => 0,
        };
        self.halves[dir & 1].position()
            ^ stage
            ^ u32::from(self.eye.meta.server.port)
            ^ self.eye.feeder.peek()
    }
}

impl Eye {
    fn side(&self, dir: usize) -> Side {
        if dir == usize::from(self.client) { Side::Client } else { Side::Server }
    }

    /// Goes on with a protocol that was identified before a restart, as after a gap; its service was noted.
    pub fn resume(&mut self, registry: &Registry, entry: u8, confidence: u8) {
        (self.entry, self.confidence, self.noted) = (Some(entry), confidence, Noted::Both);
        self.stage = Stage::Probe(open(registry, entry));
    }

    /// A piece of an ordered stream.
    pub fn piece(
        &mut self,
        registry: &Registry,
        obs: &mut Observations,
        dir: usize,
        piece: Piece<'_>,
    ) -> After {
        match (piece, &self.stage) {
            (_, Stage::Over) => After::Over,
            (Piece::Data(data, at), Stage::Head(_)) => self.head(registry, obs, dir, data, at),
            (Piece::Data(data, at), Stage::Probe(_)) => self.feed(registry, obs, dir, data, at),
            (Piece::Gap(n, at), Stage::Probe(_)) => {
                if !self.feeder.gap(dir, n) {
                    self.with(registry, obs, dir, at, |probe, cx| probe.gap(cx, cx.from(), n));
                }
                After::Go
            }
            (Piece::Gap(..), Stage::Head(_)) => {
                // what stood before the hole no longer joins what comes after it
                if let Stage::Head(head) = &mut self.stage {
                    head.bytes[dir].clear();
                    head.pieces.retain(|p| usize::from(p.0) != dir);
                }
                After::Go
            }
        }
    }

    /// A datagram or a layer-2 payload.
    pub fn datagram(
        &mut self,
        registry: &Registry,
        obs: &mut Observations,
        dir: usize,
        data: &[u8],
        at: Stamp,
    ) -> After {
        match &self.stage {
            Stage::Over => After::Over,
            Stage::Probe(_) => {
                self.one(registry, obs, dir, data, at);
                After::Go
            }
            Stage::Head(_) => self.head(registry, obs, dir, data, at),
        }
    }

    /// The flow is over.
    pub fn end(&mut self, registry: &Registry, obs: &mut Observations, at: Stamp) {
        if let Stage::Probe(_) = self.stage {
            self.with(registry, obs, usize::from(self.client), at, |probe, cx| probe.end(cx));
        }
        self.stage = Stage::Over;
    }

    /// A second passed.
    pub fn tick(&mut self, registry: &Registry, obs: &mut Observations, at: Stamp) {
        if let Stage::Probe(_) = self.stage {
            self.with(registry, obs, usize::from(self.client), at, |probe, cx| probe.tick(cx));
        }
    }

    fn hint(&self, dir: usize) -> Hint {
        let (c, s) = (self.meta.client.port, self.meta.server.port);
        let (src_port, dst_port) = if self.side(dir) == Side::Client { (c, s) } else { (s, c) };
        Hint { transport: self.meta.transport, src_port, dst_port, ethertype: self.ethertype }
    }

    /// Looks at payload of a flow not identified yet.
    fn head(
        &mut self,
        registry: &Registry,
        obs: &mut Observations,
        dir: usize,
        data: &[u8],
        at: Stamp,
    ) -> After {
        let hint = self.hint(dir);
        let stream = self.meta.transport == Transport::Tcp;
        let Stage::Head(head) = &mut self.stage else { return After::Over };
        let fits = head.bytes[dir].len() + data.len() <= MAX_HEAD || head.bytes[dir].is_empty();
        // the first piece alone is looked at in place; only what is not settled by it is copied
        let first = stream && head.bytes[dir].is_empty();
        let answer = if first || !stream {
            registry.ask(head.left[dir], &hint, &data[..data.len().min(MAX_HEAD)])
        } else {
            if fits {
                head.bytes[dir].extend_from_slice(data);
            }
            let bytes = &head.bytes[dir];
            registry.ask(head.left[dir], &hint, &bytes[..bytes.len().min(MAX_HEAD)])
        };
        let mut settled = answer.settled;
        let mut confidence = match settled {
            Some((_, Verdict::Strong(_))) => 100,
            _ => 60,
        };
        head.weak[dir] = head.weak[dir].with(&answer.weak);
        let mut both = head.weak[0].common(&head.weak[1]).common(&answer.weak);
        if settled.is_none()
            && head.pieces.len() >= 2
            && let Some(i) = both.take()
        {
            settled = Some((i, Verdict::Weak(Role::Unknown)));
            confidence = 50;
        }
        if settled.is_none() && fits {
            if first || !stream {
                head.bytes[dir].extend_from_slice(data);
            }
            head.pieces.push((dir as u8, data.len() as u32, at));
        }
        // a direction's bytes strike out candidates for that direction only; a datagram strikes
        // out none, the next one may be the protocol's
        if stream {
            head.left[dir] = answer.left;
        }
        let Some((entry, verdict)) = settled else {
            let spent = !fits || (!stream && head.pieces.len() >= MAX_DATAGRAMS);
            if head.left == [Mask::EMPTY; 2]
                || spent
                || (!stream && head.pieces.len() >= 4 && answer.left.is_empty())
            {
                self.stage = Stage::Over;
                return After::Over;
            }
            return After::Go;
        };
        self.settle(dir, entry, verdict, confidence);
        let Stage::Head(head) = std::mem::replace(&mut self.stage, Stage::Over) else { return After::Over };
        self.stage = Stage::Probe(open(registry, entry));
        // what came before, then this piece
        let mut used = [0usize; 2];
        for (d, n, at) in head.pieces {
            let d = usize::from(d);
            let end = used[d] + n as usize;
            let piece = head.bytes[d].get(used[d]..end).unwrap_or_default();
            used[d] = end;
            if self.give(registry, obs, d, piece, at) == After::Over {
                return After::Over;
            }
        }
        self.give(registry, obs, dir, data, at)
    }

    fn give(
        &mut self,
        registry: &Registry,
        obs: &mut Observations,
        dir: usize,
        data: &[u8],
        at: Stamp,
    ) -> After {
        if self.meta.transport == Transport::Tcp {
            self.feed(registry, obs, dir, data, at)
        } else {
            self.one(registry, obs, dir, data, at);
            After::Go
        }
    }

    /// The protocol is known: who is who by its bytes, and the service is noted.
    fn settle(&mut self, dir: usize, entry: u8, verdict: Verdict, confidence: u8) {
        if let Verdict::Strong(role) | Verdict::Weak(role) = verdict
            && !self.meta.oriented
        {
            let is_client = self.side(dir) == Side::Client;
            if matches!((role, is_client), (Role::Client, false) | (Role::Server, true)) {
                self.swap();
            }
        }
        self.entry = Some(entry);
        self.confidence = confidence;
    }

    /// Notes the service once the server has shown itself; the client's use of it at once.
    fn note(&mut self, registry: &Registry, obs: &mut Observations, from: Side, at: Stamp) {
        let Some(entry) = self.entry else { return };
        // address resolution and announcements are no services that one could use
        if matches!(self.meta.transport, Transport::L2 | Transport::Icmp) && !registry.get(entry).industrial()
        {
            self.noted = Noted::Both;
            return;
        }
        let (c, s) = (&self.meta.client, &self.meta.server);
        let (transport, protocol) = (self.meta.transport, registry.get(entry).name());
        let key = ServiceKey { host: s.host, port: s.port, transport, protocol, offered: true };
        if self.noted == Noted::No {
            obs.service(ServiceKey { host: c.host, offered: false, ..key }, self.confidence, at);
            self.noted = Noted::Client;
        }
        if self.server_seen || from == Side::Server {
            obs.service(key, self.confidence, at);
            self.noted = Noted::Both;
        }
    }

    fn swap(&mut self) {
        std::mem::swap(&mut self.meta.client, &mut self.meta.server);
        self.client ^= 1;
    }

    fn feed(
        &mut self,
        registry: &Registry,
        obs: &mut Observations,
        dir: usize,
        data: &[u8],
        at: Stamp,
    ) -> After {
        let mut feeder = std::mem::take(&mut self.feeder);
        let fed = self.with(registry, obs, dir, at, |probe, cx| feeder.feed(probe, cx, dir, data));
        self.feeder = feeder;
        match fed {
            None | Some(Fed::Go) => After::Go,
            Some(Fed::Done) => {
                self.end(registry, obs, at);
                After::Over
            }
            Some(Fed::GaveUp) => {
                obs.count("flows_given_up");
                self.end(registry, obs, at);
                After::Over
            }
            Some(Fed::Become { name, rest }) => {
                let Some(next) = registry.find(name) else {
                    self.end(registry, obs, at);
                    return After::Over;
                };
                self.end(registry, obs, at);
                self.entry = Some(next);
                self.stage = Stage::Probe(open(registry, next));
                self.feeder = Feeder::default();
                (self.confidence, self.noted) = (100, Noted::No);
                match data.get(rest..) {
                    Some(rest) if !rest.is_empty() => self.feed(registry, obs, dir, rest, at),
                    _ => After::Go,
                }
            }
        }
    }

    fn one(&mut self, registry: &Registry, obs: &mut Observations, dir: usize, data: &[u8], at: Stamp) {
        let ok = self.with(registry, obs, dir, at, |probe, cx| {
            let read = probe.datagram(cx, data);
            if read.is_err() {
                crate::signs::anomaly::malformed(cx);
            }
            read
        });
        if let (Some(Err(_)), Some(entry)) = (ok, self.entry) {
            obs.parse_error(registry.get(entry).name());
        }
    }

    fn with<T>(
        &mut self,
        registry: &Registry,
        obs: &mut Observations,
        dir: usize,
        at: Stamp,
        f: impl FnOnce(&mut dyn Probe, &mut Cx<'_>) -> T,
    ) -> Option<T> {
        let from = self.side(dir);
        let entry = registry.get(self.entry?);
        if self.noted != Noted::Both {
            self.note(registry, obs, from, at);
        }
        let Stage::Probe(probe) = &mut self.stage else { return None };
        let mut cx = Cx {
            flow: &mut self.meta,
            from,
            at,
            protocol: entry.name(),
            pdus: entry.pdus(),
            obs,
            swapped: false,
        };
        let out = f(probe.as_mut(), &mut cx);
        if cx.swapped {
            self.client ^= 1;
        }
        Some(out)
    }
}

fn open(registry: &Registry, entry: u8) -> Box<dyn Probe> {
    match registry.get(entry) {
        Entry::Native(spec) => (spec.open)(),
        Entry::Declared(_) => Box::new(super::bridge::Bridge::new(entry)),
    }
}
