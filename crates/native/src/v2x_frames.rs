//! Secured messages out of a capture: what `sentinel-wire` reads, as `sentinel-v2x` finds messages in it.

use sentinel_v2x::link::{Layer, mqtt, of_ethernet, of_octets};
use sentinel_wire::capture::{Batch, Limits, MergedReader, Options};
use sentinel_wire::decode::{Net, Packet, Status};
use std::collections::HashMap;
use std::path::Path;

/// A message and where it was.
pub struct Found {
    pub frame: u64,
    /// Microseconds since 1970 UTC.
    pub posix: i64,
    pub layer: Layer,
    pub octets: Vec<u8>,
}

/// Directions of MQTT connections that are followed at once, each with 64 KiB at most.
const STREAMS: usize = 1024;

type Direction = ([u8; 16], u16, [u8; 16], u16);

/// A direction: the sequence number that is next, and what came so far.
struct Following {
    next: u32,
    stream: mqtt::Stream,
}

/// A capture that is read.
pub struct Frames {
    reader: MergedReader,
    batch: Batch,
    streams: HashMap<Direction, Following>,
    /// Directions that were not followed because there were too many.
    passed: u64,
}

impl Frames {
    pub fn open(path: &Path) -> Result<Frames, String> {
        let options = Options { sha256: false, ..Options::default() };
        let reader = MergedReader::open(&[path], options, Limits::default());
        if let Some(error) = reader.failed().first() {
            return Err(error.to_string());
        }
        Ok(Frames { reader, batch: Batch::default(), streams: HashMap::new(), passed: 0 })
    }

    /// Messages of the next packets; none at the end.
    pub fn next(&mut self) -> Result<Vec<Found>, String> {
        let mut found = Vec::new();
        while found.is_empty() && self.reader.next_batch(&mut self.batch) {
            let batch = std::mem::take(&mut self.batch);
            for packet in batch.packets() {
                self.packet(packet, &batch, &mut found);
            }
            self.batch = batch;
        }
        Ok(found)
    }

    pub fn warnings(&mut self) -> Vec<String> {
        let mut all = Vec::new();
        if let Some(stats) = self.reader.stats(0) {
            all.extend(stats.warnings.iter().cloned());
            if stats.cut {
                all.push("is cut in its last record".into());
            }
            all.extend(stats.error.iter().map(ToString::to_string));
        }
        if self.passed > 0 {
            all.push(format!("{} directions of connections not followed: {STREAMS} are", self.passed));
        }
        all
    }

    fn packet(&mut self, packet: &Packet, batch: &Batch, found: &mut Vec<Found>) {
        let mut add = |layer, octets: &[u8]| {
            found.push(Found {
                frame: packet.frame,
                posix: packet.time_ns.div_euclid(1000),
                layer,
                octets: octets.to_vec(),
            });
        };
        let payload = batch.payload(packet);
        let whole = match (packet.net, packet.status) {
            (Net::EtherType, _) => of_ethernet(packet.ethertype, payload),
            (Net::None, Status::UnknownLink) => of_octets(batch.data(packet), Layer::Raw),
            _ if packet.is_udp() => of_octets(payload, Layer::Udp),
            _ => None,
        };
        if let Some((layer, octets)) = whole {
            add(layer, octets);
        } else if packet.is_tcp() && !payload.is_empty() {
            self.segment(packet, payload, |octets| add(Layer::Mqtt, octets));
        }
    }

    /// A segment in its turn; after a gap a direction begins anew where a packet of MQTT can begin.
    fn segment(&mut self, packet: &Packet, payload: &[u8], mut add: impl FnMut(&[u8])) {
        let key = (packet.src, packet.sport, packet.dst, packet.dport);
        let seq = packet.tcp_seq();
        let begins = matches!(payload[0] >> 4, 1..=3);
        if !self.streams.contains_key(&key) {
            if !begins {
                return;
            }
            if self.streams.len() >= STREAMS {
                self.streams.retain(|_, following| !following.stream.is_lost());
            }
            if self.streams.len() >= STREAMS {
                self.passed += 1;
                return;
            }
            self.streams.insert(key, Following { next: seq, stream: mqtt::Stream::default() });
        }
        let Some(following) = self.streams.get_mut(&key) else { return };
        if seq.wrapping_sub(following.next) as i32 > 0 && begins {
            *following = Following { next: seq, stream: mqtt::Stream::default() };
        }
        // what was sent again is passed over
        let behind = following.next.wrapping_sub(seq) as usize;
        if seq.wrapping_sub(following.next) as i32 > 0 || behind >= payload.len() {
            return;
        }
        following.next = seq.wrapping_add(payload.len() as u32);
        following.stream.add(&payload[behind..], |contents| {
            if sentinel_v2x::link::is_secured(contents) {
                add(contents);
            }
        });
        if packet.tcp_flags & 5 != 0 {
            self.streams.remove(&key);
        }
    }
}
