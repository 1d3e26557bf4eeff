//! What the event of a flow says of its packets, kept beside the flow table and only where events
//! are made.
//!
//! State and history are told in the words of Zeek's connection log (`conn_state`, `history` in its
//! reference of the conn.log), so that rules and people who know them need no others.

use super::shard::{ACK, FIN, RST, SYN, Unit};
use super::table::Flow;
use crate::decode::Tunnel;
use std::hash::{Hash, Hasher};

/// Letters of a history.
const MAX_HISTORY: usize = 14;

pub const SENT_SYN: u8 = 1;
pub const SENT_SYN_ACK: u8 = 2;
pub const SENT_ACK: u8 = 4;
pub const SENT_DATA: u8 = 8;
pub const SENT_FIN: u8 = 16;
pub const SENT_RST: u8 = 32;
/// SYN with FIN or RST.
const SENT_CLASH: u8 = 64;
/// Payload octets differ from those sent before at their place.
const SENT_OTHER: u8 = 128;

/// Segments remembered of each direction, to tell one sent again from one with other octets.
const RECENT: usize = 3;
/// Octets of a segment that are compared.
const COMPARED: usize = 64;

/// A segment that was seen: sequence number, length, hash of its first octets.
type Segment = (u32, u32, u32);

/// See the module.
#[derive(Clone, Copy, Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct Track {
    /// Direction of the first packet.
    pub opener: u8,
    /// What each direction has sent: `SENT_*`.
    pub sent: [u8; 2],
    /// Payload octets of each direction on the wire, repeated ones too.
    pub payload: [u64; 2],
    /// Letters in order of their first packet; the upper bit is the direction.
    history: [u8; MAX_HISTORY],
    letters: u8,
    /// TTL or hop limit each direction began with.
    pub ttl: [u8; 2],
    /// The answer to the opening was told.
    pub answered: bool,
    /// The beginning was told.
    pub told: bool,
    /// A reset with an odd TTL was told of.
    pub odd_ttl: bool,
    recent: [[Segment; RECENT]; 2],
    pub depth: u8,
    pub tunnel: Tunnel,
}

impl Track {
    pub fn new(dir: usize, u: &Unit<'_>) -> Track {
        Track { opener: dir as u8, depth: u.head.depth, tunnel: u.head.tunnel, ..Track::default() }
    }

    fn note(&mut self, dir: usize, bit: u8, letter: u8) {
        let Some(sent) = self.sent.get_mut(dir) else { return };
        if *sent & bit != 0 {
            return;
        }
        *sent |= bit;
        if let Some(place) = self.history.get_mut(usize::from(self.letters)) {
            *place = letter | if dir == 1 { 0x80 } else { 0 };
            self.letters += 1;
        }
    }

    /// Takes a packet of direction `dir`.
    #[inline]
    pub fn packet(&mut self, dir: usize, u: &Unit<'_>) {
        let octets = u.payload.len() as u64 + u64::from(u.cut);
        if let Some(sum) = self.payload.get_mut(dir) {
            *sum += octets;
        }
        if u.proto != 6 {
            return self.note(dir, SENT_DATA, b'd');
        }
        let f = u.flags;
        if f & SYN != 0 && f & (FIN | RST) != 0 {
            self.note(dir, SENT_CLASH, b'q');
        }
        match f & (SYN | ACK) {
            SYN => self.note(dir, SENT_SYN, b's'),
            b if b == SYN | ACK => self.note(dir, SENT_SYN_ACK, b'h'),
            ACK if octets == 0 && f & (FIN | RST) == 0 => self.note(dir, SENT_ACK, b'a'),
            _ => {}
        }
        if octets > 0 {
            self.note(dir, SENT_DATA, b'd');
        }
        if f & FIN != 0 {
            self.note(dir, SENT_FIN, b'f');
        }
        if f & RST != 0 {
            self.note(dir, SENT_RST, b'r');
        }
    }

    /// True if a segment is sent again with other octets, the first time a direction does so.
    pub fn differs(&mut self, dir: usize, u: &Unit<'_>) -> bool {
        // one octet before the position keeps a connection alive (RFC 9293, 3.8.4); its value is of no meaning
        if u.proto != 6 || u.payload.len() < 2 || u.cut > 0 {
            return false;
        }
        let head = u.payload.get(..COMPARED).unwrap_or(u.payload);
        let mut h = rustc_hash::FxHasher::default();
        head.hash(&mut h);
        let this = (u.seq, u.payload.len() as u32, (h.finish() >> 32) as u32);
        let Some(recent) = self.recent.get_mut(dir) else { return false };
        if let Some(old) = recent.iter().find(|s| (s.0, s.1) == (this.0, this.1)) {
            let first = self.sent.get(dir).is_some_and(|s| s & SENT_OTHER == 0);
            let differs = old.2 != this.2 && first;
            if differs {
                self.note(dir, SENT_OTHER, b'o');
            }
            return differs;
        }
        recent.rotate_right(1);
        if let Some(newest) = recent.first_mut() {
            *newest = this;
        }
        false
    }

    /// Letters of the history: upper case from the client, `^` first where the first packet came
    /// from the server.
    pub fn history(&self, client: u8) -> String {
        let mut out = String::new();
        if self.opener != client && self.sent.iter().all(|s| s & (SENT_SYN | SENT_SYN_ACK) == 0) {
            out.push('^');
        }
        for letter in self.history.iter().take(usize::from(self.letters)) {
            let c = char::from(letter & 0x7f);
            let from_client = letter >> 7 == client;
            out.push(if from_client { c.to_ascii_uppercase() } else { c });
        }
        out
    }

    /// How the flow went, in Zeek's words.
    pub fn state(&self, flow: &Flow) -> &'static str {
        let c = usize::from(flow.client & 1);
        let (Some(&o), Some(&r)) = (self.sent.get(c), self.sent.get(1 - c)) else { return "OTH" };
        if flow.key.proto == 6 {
            return tcp_state(o, r, self.payload == [0, 0]);
        }
        match (flow.packets.get(c), flow.packets.get(1 - c)) {
            _ if flow.key.proto != 17 => "OTH",
            (Some(1..), Some(0)) => "S0",
            (Some(0), Some(1..)) => "SHR",
            _ => "SF",
        }
    }
}

/// State of a TCP connection by what originator and responder have sent.
fn tcp_state(o: u8, r: u8, silent: bool) -> &'static str {
    // neither a handshake nor an end was seen of that side
    let inactive = |s: u8| s & (SENT_SYN | SENT_SYN_ACK | SENT_FIN) == 0;
    let asked = o & SENT_SYN != 0;
    if r & SENT_RST != 0 {
        return match () {
            () if asked && r & SENT_SYN_ACK == 0 && silent => "REJ",
            () if inactive(o) => "RSTRH",
            () => "RSTR",
        };
    }
    if o & SENT_RST != 0 {
        return if inactive(r) { "RSTOS0" } else { "RSTO" };
    }
    match (o & SENT_FIN != 0, r & SENT_FIN != 0) {
        (true, true) => "SF",
        (true, false) if inactive(r) => "SH",
        (true, false) => "S2",
        (false, true) if inactive(o) => "SHR",
        (false, true) => "S3",
        (false, false) if asked && r == 0 => "S0",
        (false, false) if asked && r & SENT_SYN_ACK != 0 => "S1",
        _ => "OTH",
    }
}

/// Tracks by slot of the flow table.
#[derive(Default)]
pub struct Tracks {
    slots: Vec<Track>,
}

impl Tracks {
    pub fn open(&mut self, slot: u32, track: Track) {
        let slot = slot as usize;
        if slot >= self.slots.len() {
            self.slots.resize(slot + 1, Track::default());
        }
        if let Some(place) = self.slots.get_mut(slot) {
            *place = track;
        }
    }
    pub fn get(&mut self, slot: u32) -> Option<&mut Track> {
        self.slots.get_mut(slot as usize)
    }
    pub fn bytes(&self) -> usize {
        self.slots.capacity() * size_of::<Track>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_for_connections() {
        let (s, h, a, d, f, x) = (SENT_SYN, SENT_SYN_ACK, SENT_ACK, SENT_DATA, SENT_FIN, SENT_RST);
        for (o, r, silent, word) in [
            (s, 0, true, "S0"),
            (s | a, h, true, "S1"),
            (s | a | d | f, h | d | f, false, "SF"),
            (s, x, true, "REJ"),
            (s | a | d | f, h | d, false, "S2"),
            (s | a | d, h | d | f, false, "S3"),
            (s | a | d | x, h | d, false, "RSTO"),
            (s | a | d, h | d | x, false, "RSTR"),
            (s | x, 0, true, "RSTOS0"),
            (0, h | x, true, "RSTRH"),
            (s | f, 0, true, "SH"),
            (0, h | f, true, "SHR"),
            (d, d, false, "OTH"),
            (d | f, d | f, false, "SF"),
        ] {
            assert_eq!(tcp_state(o, r, silent), word, "{o} {r}");
        }
    }

    #[test]
    fn a_history_is_bounded() {
        let mut t = Track::default();
        for _ in 0..3 {
            for bit in 0..8 {
                t.note(0, 1 << bit, b'a' + bit);
                t.note(1, 1 << bit, b'a' + bit);
            }
        }
        assert_eq!(t.history(0), "AaBbCcDdEeFfGg");
        assert_eq!(t.history(1), "^aAbBcCdDeEfFgG".replace('^', ""));
    }
}
