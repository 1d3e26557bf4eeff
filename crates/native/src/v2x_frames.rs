//! Secured messages out of a capture, or from interfaces: what `sentinel-wire` reads, as `sentinel-v2x` finds messages in it.

use sentinel_v2x::link::{Layer, mqtt, of_ethernet, of_octets};
use sentinel_wire::capture::{Batch, Feed, Limits, MergedReader, Options};
use sentinel_wire::decode::{Net, Packet, Status};
use sentinel_wire::engine::{Ports, listen};
use sentinel_wire::model::Mac;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;
use std::time::{Duration, Instant};

/// One end of a frame, as far as it has one: text of its hardware address and IP address, port.
pub type End = (Option<String>, Option<String>, Option<u16>);

/// A message and where it was.
pub struct Found {
    pub frame: u64,
    /// Microseconds since 1970 UTC.
    pub posix: i64,
    pub layer: Layer,
    pub octets: Vec<u8>,
    pub ends: [End; 2],
}

/// Longest wait for packets of interfaces before the caller may see to other things.
const TURN: Duration = Duration::from_millis(200);

/// Directions of MQTT connections that are followed at once, each with 64 KiB at most.
const STREAMS: usize = 1024;

type Direction = ([u8; 16], u16, [u8; 16], u16);

/// A direction: the sequence number that is next, and what came so far.
struct Following {
    next: u32,
    stream: mqtt::Stream,
}

/// A capture, or interfaces, that are read.
pub struct Frames {
    reader: Feed,
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
        Ok(Frames::of(Feed::Files(Box::new(reader))))
    }

    /// Of network interfaces. Nothing is sent.
    pub fn live(ports: &Ports) -> Result<Frames, String> {
        listen(ports, None, Limits { align_ns: 0, ..Limits::default() }).map(Frames::of)
    }

    fn of(reader: Feed) -> Frames {
        Frames { reader, batch: Batch::default(), streams: HashMap::new(), passed: 0 }
    }

    /// Messages of the next packets; `None` at the end. Of interfaces there may be none for now.
    pub fn next(&mut self) -> Option<Vec<Found>> {
        let mut found = Vec::new();
        let until = Instant::now() + TURN;
        while self.reader.next_batch(&mut self.batch, until) {
            let batch = std::mem::take(&mut self.batch);
            for packet in batch.packets() {
                self.packet(packet, &batch, &mut found);
            }
            self.batch = batch;
            let live = matches!(self.reader, Feed::Live(_));
            if !found.is_empty() || live && Instant::now() >= until {
                return Some(found);
            }
        }
        (!found.is_empty()).then_some(found)
    }

    /// Takes no more packets of interfaces: those the kernel holds still come, then the end.
    pub fn close(&mut self) {
        self.reader.close();
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
                ends: [
                    end(packet, packet.src_mac, packet.src, packet.sport),
                    end(packet, packet.dst_mac, packet.dst, packet.dport),
                ],
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

fn end(packet: &Packet, mac: [u8; 6], address: [u8; 16], port: u16) -> End {
    let [a, b, c, d, ..] = address;
    let ip = match packet.net {
        Net::V4 => Some(IpAddr::from(Ipv4Addr::new(a, b, c, d))),
        Net::V6 => Some(IpAddr::from(Ipv6Addr::from(address))),
        _ => None,
    };
    let mac = (mac != [0; 6]).then(|| Mac(mac).to_string());
    (mac, ip.map(|ip| ip.to_string()), (port != 0).then_some(port))
}
