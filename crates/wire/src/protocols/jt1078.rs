//! JT/T 1078-2016: video and sound of road vehicles, from the terminal to the media server, over TCP or UDP.
//!
//! Packet (table 19): 30 31 63 64, V P X CC (81), M and payload type, number 2, SIM number 6 (BCD), channel 1,
//! kind of data and place in a split frame 1, [time 8], [intervals 2 + 2 for video], length 2, body of at
//! most 950 octets. The terminal is the client. What it is ordered to send is told by JT/T 808.

use crate::bytes::{Reader, hex};
use crate::cx::Cx;
use crate::model::*;
use crate::probe::*;

pub static SPEC: Spec = Spec {
    name: "jt1078",
    title: "JT/T 1078 vehicle video",
    industrial: false,
    transports: &[Transport::Tcp, Transport::Udp],
    ports: &[1078],
    ethertypes: &[],
    rank: 46,
    identify,
    open: || Box::<Jt1078>::default(),
    pdus: false,
    facts: &["role", "id:phone", "channel", "codec"],
    credentials: &[],
    operations: &[],
    source: "JT/T 1078-2016, 5.3.1 and table 19",
    level: 5,
    proofs: &[],
};

const MAGIC: &[u8] = &[0x30, 0x31, 0x63, 0x64];
/// Terminals and channels of one flow whose facts are told.
const MAX_TOLD: usize = 32;

/// Payload types (table 12).
const CODECS: &[(u8, &str)] = &[
    (6, "G.711A"),
    (7, "G.711U"),
    (8, "G.726"),
    (19, "AAC"),
    (26, "ADPCM"),
    (98, "H.264"),
    (99, "H.265"),
    (100, "AVS"),
    (101, "SVAC"),
];

struct Head {
    payload_type: u8,
    sim: [u8; 6],
    channel: u8,
    /// Octets of the head, and of the body.
    head: usize,
    body: usize,
}

enum Read {
    Good(Head),
    Need,
    Bad,
}

fn read(data: &[u8]) -> Read {
    if !data.iter().zip(MAGIC).all(|(a, b)| a == b) {
        return Read::Bad;
    }
    let Some(head) = data.first_chunk::<16>() else { return Read::Need };
    let digits = head[8..14].iter().all(|b| b >> 4 < 10 && b & 15 < 10);
    let (kind, place) = (head[15] >> 4, head[15] & 15);
    if head[4] != 0x81 || !digits || kind > 4 || place > 3 {
        return Read::Bad;
    }
    let mut sim = [0; 6];
    sim.copy_from_slice(&head[8..14]);
    let more = match kind {
        0..=2 => 12,
        3 => 8,
        _ => 0,
    };
    let mut rest = Reader::new(data);
    let (Some(()), Some(body)) = (rest.skip(16 + more), rest.be16()) else { return Read::Need };
    if body > 1400 {
        return Read::Bad;
    }
    let (payload_type, channel) = (head[5] & 0x7f, head[14]);
    Read::Good(Head { payload_type, sim, channel, head: 18 + more, body: usize::from(body) })
}

fn identify(hint: &Hint, data: &[u8]) -> Verdict {
    match read(data) {
        Read::Good(h) if hint.transport == Transport::Udp && h.head + h.body != data.len() => Verdict::No,
        Read::Good(_) => Verdict::Strong(Role::Client),
        Read::Need if hint.transport == Transport::Tcp => Verdict::Need,
        _ => Verdict::No,
    }
}

#[derive(Default)]
struct Jt1078 {
    told: Vec<([u8; 6], u8, u8)>,
}

impl Jt1078 {
    fn packet(&mut self, cx: &mut Cx<'_>, h: &Head) {
        let key = (h.sim, h.channel, h.payload_type);
        if self.told.len() >= MAX_TOLD || self.told.contains(&key) {
            return;
        }
        self.told.push(key);
        let side = cx.from();
        cx.fact(side, "role", "vehicle-terminal", "frame header");
        let sim = hex(&h.sim);
        let sim = sim.trim_start_matches('0');
        if !sim.is_empty() {
            cx.fact(side, "id:phone", sim, "SIM card number");
        }
        cx.fact(side, "channel", &h.channel.to_string(), "logical channel number");
        if let Some((_, codec)) = CODECS.iter().find(|(n, _)| *n == h.payload_type) {
            cx.fact(side, "codec", codec, "payload type");
        }
    }
}

impl Probe for Jt1078 {
    fn stream(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Step {
        match read(data) {
            Read::Good(h) => {
                self.packet(cx, &h);
                let there = data.len().saturating_sub(h.head);
                if there >= h.body { Step::Used(h.head + h.body) } else { Step::Skip((h.body - there) as u64) }
            }
            Read::Need => Step::Need,
            Read::Bad => Step::Bad,
        }
    }
    fn datagram(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Result<(), Malformed> {
        let Read::Good(h) = read(data) else { return Err(Malformed) };
        self.packet(cx, &h);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::Dialogue;
    use proptest::prelude::*;

    fn packet(kind: u8, sim: u64, body: &[u8]) -> Vec<u8> {
        let mut out = [MAGIC, &[0x81, 0xe2, 0, 1]].concat();
        out.extend((0..6).rev().map(|i| {
            let two = sim / 100u64.pow(i) % 100;
            (((two / 10) << 4) | (two % 10)) as u8
        }));
        out.extend([1, kind << 4]);
        out.extend(vec![0; match kind { 0..=2 => 12, 3 => 8, _ => 0 }]);
        out.extend((body.len() as u16).to_be_bytes());
        out.extend(body);
        out
    }

    #[test]
    fn says_who_sends_in_any_cut() {
        let all = [packet(0, 13_912_345_678, &[7; 300]), packet(3, 13_912_345_678, &[1; 20])].concat();
        for n in [1, 5, 31, 400] {
            let seen = Dialogue::tcp(&SPEC, 1078).client_split(&all, n).end();
            assert!(seen.facts().contains(&"client id:phone=13912345678".to_owned()), "{n}");
            assert!(seen.facts().contains(&"client codec=H.264".to_owned()));
            assert_eq!(seen.obs.parse_errors.get("jt1078"), None);
        }
    }

    #[test]
    fn many_terminals_are_bounded() {
        let all: Vec<u8> = (0..100_000).flat_map(|n| packet(4, n, &[])).collect();
        assert!(Dialogue::tcp(&SPEC, 1078).client(&all).end().facts().len() < 3 * MAX_TOLD);
    }

    proptest! {
        #[test]
        fn never_panics(data: Vec<u8>, at in 0usize..40, byte: u8) {
            let d = Dialogue::tcp(&SPEC, 1078);
            let _verdict = d.identify(true, &data);
            let mut changed = packet(1, 1, &data[..data.len().min(900)]);
            let n = changed.len();
            changed[at % n] = byte;
            let _verdict = d.identify(true, &changed);
            let _seen = d.client(&changed).client(&data).gap(true, 5).client(&changed).end();
        }
    }
}
