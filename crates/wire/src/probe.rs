//! The contract of a native protocol probe.
//!
//! A probe is a parser without I/O. The engine finds out which probe a flow belongs to
//! ([`Spec::identify`]), makes one instance per flow ([`Spec::open`]) and feeds it the payload.
//! Buffering, reassembly, gaps and direction belong to the engine; a probe sees a slice that starts
//! at a PDU boundary and says how much of it it used. What it learns goes into [`Cx`].
//!
//! Promises of a probe: it never panics, on any input; it holds no table without a bound; a
//! malformed PDU is [`Step::Bad`] (counted by the engine) and the flow goes on at the next segment;
//! it says nothing it has not read from the bytes.

use crate::cx::Cx;
use crate::model::{Side, Transport};

/// What a probe says about the payload at the head of a flow.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// Not this protocol.
    No,
    /// Could be, more bytes are needed to tell (streams only).
    Need,
    /// The bytes agree, but so could others' (weak signature): accepted at once on one of the
    /// protocol's own ports, elsewhere only when several PDUs of both sides agree.
    Weak(Role),
    /// The bytes are this protocol's beyond reasonable doubt, on any port.
    Strong(Role),
}

/// Who sent the payload just identified, by what the bytes say.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    Client,
    Server,
    /// The bytes do not tell; the engine goes by the handshake, then ports.
    Unknown,
}

impl From<Side> for Role {
    fn from(side: Side) -> Role {
        match side {
            Side::Client => Role::Client,
            Side::Server => Role::Server,
        }
    }
}

/// What is known beside the payload when a flow is being identified.
#[derive(Clone, Copy, Debug)]
pub struct Hint {
    pub transport: Transport,
    /// Ports (0 on layer 2) of the sender and receiver of the payload.
    pub src_port: u16,
    pub dst_port: u16,
    /// EtherType or, for 802.2 frames, 0; layer 2 only.
    pub ethertype: u16,
}

impl Hint {
    /// True if either port is `port`.
    pub fn port(&self, port: u16) -> bool {
        self.src_port == port || self.dst_port == port
    }
}

/// What a probe did with stream bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// The PDU is not complete: call again with these bytes and more behind them.
    Need,
    /// `n` bytes (more than 0) were used; call again with the rest if there is one.
    Used(usize),
    /// Everything given was used, and `n` more bytes of this direction are of no interest
    /// (bodies, file content): they are passed over without being buffered.
    Skip(u64),
    /// No PDU of this protocol stands here. The engine counts a parse error and looks again at the
    /// start of the next segment; after several in a row the flow is left to counters.
    Bad,
    /// Nothing more is wanted from this flow (encryption began, session over).
    Done,
    /// From here on the flow speaks another protocol (STARTTLS, Upgrade): its `Spec` by name.
    /// The given bytes are used up to `used`.
    Become { name: &'static str, used: usize },
}

/// A malformed datagram.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Malformed;

/// One flow's parser. All methods have a default that ignores what is given.
pub trait Probe: Send {
    /// Bytes of a TCP stream, starting at a PDU boundary of direction `cx.from()`.
    /// The engine holds back at most 64 KiB of one direction; a PDU larger than that must be
    /// taken in parts (`Used`) or passed over (`Skip`).
    fn stream(&mut self, _cx: &mut Cx<'_>, _data: &[u8]) -> Step {
        Step::Done
    }
    /// One whole datagram or layer-2 payload (after EtherType, or after LLC/SNAP).
    fn datagram(&mut self, _cx: &mut Cx<'_>, _data: &[u8]) -> Result<(), Malformed> {
        Ok(())
    }
    /// `missing` bytes of direction `from` were lost; what follows starts at a segment start,
    /// perhaps inside a PDU. Forget partial state of that direction.
    fn gap(&mut self, _cx: &mut Cx<'_>, _from: Side, _missing: u64) {}
    /// The flow ended (FIN, RST, timeout, end of capture): report what is still pending.
    fn end(&mut self, _cx: &mut Cx<'_>) {}
    /// Called at most once a second of packet time for flows with open requests, to time out.
    fn tick(&mut self, _cx: &mut Cx<'_>) {}
}

/// A protocol: how to find it, and how to open a parser for it.
pub struct Spec {
    /// Name as in the data model (lower case, hyphens).
    pub name: &'static str,
    /// Title for people.
    pub title: &'static str,
    pub industrial: bool,
    /// Transports it runs on.
    pub transports: &'static [Transport],
    /// Ports it is usually found on: hints, never proof.
    pub ports: &'static [u16],
    /// EtherTypes that lead here at once (layer 2).
    pub ethertypes: &'static [u16],
    /// Fixed rank for ties: the lower wins.
    pub rank: u16,
    /// Looks at the first bytes of one direction (streams: all so far, at most 4 KiB;
    /// datagrams: this datagram). Cheap, pure, no allocation.
    pub identify: fn(&Hint, &[u8]) -> Verdict,
    pub open: fn() -> Box<dyn Probe>,
    /// It reports every PDU by `Cx::pdu`, so that its operations need no event of their own when
    /// all events are asked for.
    pub pdus: bool,
    /// What it takes from the wire, for `sentinel probes show` and the docs.
    pub facts: &'static [&'static str],
    pub credentials: &'static [&'static str],
    /// Names of operations it reports.
    pub operations: &'static [&'static str],
    /// Standard and second source the parser was written from; what no second source confirms.
    pub source: &'static str,
    /// How far it goes, each step with those below it: 1 recognises the protocol on any port and claims
    /// nothing else, 2 names every operation that changes something, with its outcome, 3 takes every
    /// field of identity, 4 every credential, 5 survives loss, reordering, gaps and a bad PDU.
    pub level: u8,
    /// Captures and folders of the evaluation corpus that show it. None: the crafted scene of its name
    /// (`tests/probes/scenes`) does.
    pub proofs: &'static [&'static str],
}
