//! The whole engine against what no specification foresees: random bytes to every probe, random
//! packets through a run, and the same outcome however the work is divided.

use proptest::prelude::*;
use sentinel_wire::engine::{Config, Engine};
use sentinel_wire::flow::{Registry, Shard, Unit};
use sentinel_wire::model::{Stamp, Transport};
use sentinel_wire::obs::{EventMode, Limits, Observations};
use sentinel_wire::probe::Verdict;
use sentinel_wire::protocols::ALL;
use sentinel_wire::testkit::Dialogue;
use std::path::PathBuf;
use std::time::Duration;

/// First bytes of messages, so that random bytes behind them come to a parser's inner parts.
const OPENINGS: &[&[u8]] = &[
    b"",
    b"\x00\x01\x00\x00\x00\x06\x01\x03", // Modbus/TCP, read registers
    b"\x00\x01\x00\x00\x00\x40\x01\x5a", // Modbus/TCP, UMAS
    b"\x03\x00\x00\x1f\x02\xf0\x80\x32\x01\x00\x00\x00\x01\x00\x0e\x00", // S7comm job
    b"\x03\x00\x00\x40\x02\xf0\x80\x32\x07\x00\x00\x00\x01\x00\x08\x00", // S7comm user data
    b"\x6f\x00\x28\x00\x01\x00\x00\x00", // EtherNet/IP, SendRRData
    b"\x63\x00\x00\x00\x00\x00\x00\x00", // EtherNet/IP, ListIdentity
    b"\x05\x64\x14\xc4\x01\x00\x02\x00", // DNP3 link header
    b"\x68\x0e\x00\x00\x00\x00\x64\x01\x06\x00\x01\x00", // IEC 104 interrogation
    b"\x81\x0a\x00\x18\x01\x04\x00\x05\x01\x0f", // BACnet/IP, WriteProperty
    b"\x03\x66\x14\x71\x00\x00\x00\x00\x01\x00\x00\x00", // ADS discovery
    b"\x00\x00\x2c\x00\x00\x00",         // AMS/TCP
    b"fox a 1 -1 fox hello\n{\n",
    b"\x10\x20\x00\x04MQTT\x05\xc2\x00\x3c", // MQTT 5 CONNECT
    b"\x30\x20\x00\x04a/b/",
    b"\x16\x03\x01\x00\x80\x01\x00\x00\x7c\x03\x03", // TLS ClientHello
    b"\x16\x03\x03\x01\x00\x0b\x00\x00\xfc",         // TLS Certificate
    b"SSH-2.0-x\r\n\x00\x00\x01\x00\x04\x14",        // SSH, KEXINIT
    b"GET / HTTP/1.1\r\nAuthorization: NTLM TlRMTVNTUAAB\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n",
    b"220 ready\r\nUSER a\r\nPASS ",
    b"\xff\xfd\x18\xff\xfb\x01login: ",
    b"\x30\x82\x00\x40\x02\x01\x00\x04\x06public\xa0", // SNMPv1
    b"\x30\x3e\x02\x01\x03\x30\x11\x02\x04",           // SNMPv3
    b"\x12\x34\x81\x80\x00\x01\x00\x01\x00\x00\x00\x00\x01a\x00\x00\x01", // DNS
    b"\x01\x01\x06\x00\x39\x03\xf3\x26",               // DHCP
    b"\x01\x12\x34\x56\x00\x01\x00\x0e",               // DHCPv6 solicit
    b"NOTIFY * HTTP/1.1\r\nSERVER: ",
    b"\x00\x01\x08\x00\x06\x04\x00\x02",                 // ARP reply
    b"\x02\x07\x04\x00\x1b\x1b\x12\x34\x56\x04\x05\x07", // LLDP
    b"\x02\xb4\x00\x00\x00\x01\x00\x09",                 // CDP
    b"\xfe\xff\x05\x01\x00\x00\x00\x01\x00\x00\x00\x08", // PROFINET DCP
    b"\x88\x00\x00\x00\xfe\x80",                         // neighbour advertisement
    b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03plc\x05local\x00\x00\x01\x00\x01", // DNS, a whole query
    b"\x88\x00\x00\x00\x60\x00\x00\x00\xfe\x80\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x02\x01\x02\x00\x00\x00\x00\x01", // whole
    b"\x02\x07\x04\x00\x1b\x1b\x12\x34\x56\x04\x02\x07\x31\x06\x02\x00\x78\x00\x00", // LLDP, whole
    b"\x00\x01\x08\x00\x06\x04\x00\x01\x02\x00\x00\x00\x00\x01\x0a\x00\x00\x01\x00\x00\x00\x00\x00\x00\x0a\x00\x00\x02", // ARP, whole
    b"\x30\x26\x02\x01\x01\x04\x06public\xa0\x19\x02\x01\x07\x02\x01\x00\x02\x01\x00\x30\x0e\x30\x0c\x06\x08\x2b\x06\x01\x02\x01\x01\x01\x00\x05\x00", // SNMPv2c, whole
    b"\x05\x64\x05\xc0\x01\x00\x00\x04\xe9\x21", // DNP3, link frame with its checksum
    b"M-SEARCH * HTTP/1.1\r\nHost: 239.255.255.250:1900\r\nMan: \"ssdp:discover\"\r\nST: ssdp:all\r\n\r\n",
    b"fox a 1 -1 fox hello\n{\nfox.version=s:1.0\n};;\n",
    b"\x03\x00\x00\x24\x02\xf0\x80\x01\x00\x01\x00\x61\x17\x30\x15\x02\x01\x03\xa0\x10\xa0\x0e\x02\x01\x01\xa4\x09\xa1\x07\xa0\x05\x30\x03\xa0\x01\x80", // MMS, read
    b"\x03\x00\x00\x40\x02\xf0\x80\x01\x00\x01\x00\x61", // MMS, data
    b"\x30\x01\x00\x40\x00\x00\x00\x00\x61\x36\x80\x01a\x81\x01\x09\x82\x01b\x84\x08\x65\x00\x00\x00\x00\x00\x00\x00\x85\x01\x01\x86\x01\x01\x88\x01\x01\x8a\x01\x01\xab\x11", // GOOSE, whole with what follows
    b"\x40\x00\x00\x24\x00\x00\x00\x00\x60\x1a\x80\x01\x01\xa2\x15\x30\x13\x80\x01a\x82\x02\x00\x07\x83\x01\x01\x85\x01\x02\x87\x04\x00\x00\x00\x00", // sampled values, whole
    b"MSGF\x80\x00\x00\x00\x07\x00\x00\x00\x01\x00\x00\x00\x05\x00\x00\x00\x05\x00\x00\x00\x01\x00\xa1\x02", // OPC UA, write
    b"\x00\x00\x00\x90\xfeSMB\x40\x00\x00\x00\x00\x00\x00\x00\x05\x00", // SMB2, create
    b"\x00\x00\x00\x80\xffSMB\x73\x00\x00\x00\x00\x08\x01\xc0",         // SMB1, session setup
    b"\x05\x00\x0b\x03\x10\x00\x00\x00\x74\x00\x00\x00\x01\x00\x00\x00", // DCE/RPC bind
    b"\x03\x00\x00\x20\x1b\xe0\x00\x00\x00\x00\x00Cookie: mstshash=a\r\n", // RDP
    b"* OK IMAP4rev1 ready\r\n",             // IMAP greeting
    b"+OK POP3 ready\r\n",                   // POP3 greeting
    b"220 mail.example ESMTP\r\n",           // SMTP greeting
    b"NICK bot\r\nUSER bot 0 * :bot\r\n",   // IRC
    b"REGISTER sip:a SIP/2.0\r\nVia: SIP/2.0/UDP a\r\n\r\n", // SIP
    b"OPTIONS rtsp://a/ RTSP/1.0\r\nCSeq: 1\r\n\r\n", // RTSP
    b"\x30\x0c\x02\x01\x01\x60\x07\x02\x01\x03\x04\x00\x80\x00", // LDAP bind
    b"\x6a\x81",                             // Kerberos
    b"\x01\x02\x00\x14",                     // RADIUS
    b"\x4a\x00\x00\x00\x0a5.7.30\x00",       // MySQL greeting
    b"\x00\x00\x00\x08\x04\xd2\x16\x2f",     // PostgreSQL, SSL request
    b"*1\r\n$4\r\nPING\r\n",                // Redis
    b"\x3a\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\xd4\x07\x00\x00", // MongoDB
    b"\x12\x01\x00\x2f\x00\x00\x01\x00",     // TDS prelogin
    b"RFB 003.008\n",                        // VNC
    b"\x05\x01\x00",                         // SOCKS 5
    b"\x00\x01firmware.bin\x00octet\x00",    // TFTP
    b"\x23\x02\x06\xe9\x00\x00\x00\x00",     // NTP
    b"<34>1 2026-01-01T00:00:00Z plc app - - - up", // syslog
    b"\x80\x00\x00\x28\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x02\x00\x01\x86\xa3", // ONC RPC
    b"\x80\x00\x00\xcb",                     // FINS without a reply
    b"FINS\x00\x00\x00\x0c",                 // FINS/TCP
    b"\x50\x00\x00\xff\xff\x03\x00\x0c\x00\x10\x00\x01\x01\x00\x00\x00", // SLMP
    b"\x57\x00",                             // MELSOFT
    b"\xaa\x41\x00\x12",                     // C37.118 command
    b"\x0d\x01",                             // EGD
    b"\x72\x01\x00\x01",                     // S7comm-plus
    b"\x01\x00\x00\x00\x00\x01\x00\x0d\x01\x00\x00\xea\x60", // HART-IP
    b"\x06\x10\x02\x03\x00\x0e\x08\x01\x00\x00\x00\x00\x00\x00", // KNXnet/IP
    b"\x00\x01\x00\x10\x00\x01\x00\x1f\x60", // DLMS wrapper
    b"/?!\r\n",                              // IEC 62056-21
    b"\x60\x10\xa2",                         // C12.22
    b"\x02\xfd\x00\x04\x00\x00\x00\x00",     // DoIP
    b"RTPS\x02\x01\x01\x10",                 // RTPS
    b"\x0bMSH|^~\\&|A|B\r",                  // HL7
    b"\x01\x00\x00\x00\x00\xcd\x00\x01\x00\x00", // DICOM
    b"HS\x00\x00",                           // HiSLIP
    b"\x01I20100\r\n",                       // tank gauge
    b"\x40\x01\x00\x01\xb2rd",               // CoAP
    b"AMQP\x00\x00\x09\x01",                 // AMQP
    b"INFO {\"server_id\":\"a\"}\r\n",       // NATS
    b"CONNECT\naccept-version:1.2\n\n\x00",  // STOMP
    b"\x00\x00\x00\x20\x00\x12\x00\x00\x00\x00\x00\x01\x00\x01a", // Kafka
    b"\x21\x31\x00\x20\xff\xff\xff\xff",     // miIO hello
    b"\x24\x00\x00\x34",                     // LIFX
    b"DIGI\x00\x01\x00\x06\xff\xff\xff\xff\xff\xff", // Digi
    b"\x30\x31\x63\x64\x81\x88",             // JT/T 1078
    b"\xff\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xe8\x03", // XMeye
    b"\x20\x00\x00\x00DHIP",                 // DHIP
    b"\xa0\x00\x00\x60\x00\x00\x00\x00",     // DVRIP
    b"\x01\x00\x00\x00\x00\x00\x00\x00",     // WireGuard
    b"\x38\x01\x02\x03\x04\x05\x06\x07\x08\x00\x00\x00\x00\x00", // OpenVPN
    b"\x42\x42\x03\x00\x00\x02\x02\x7c",     // spanning tree
    b"\x00\x02\x00\x2c",                     // PTP
];

/// Words of wire formats: lengths and counts at the edges.
const EDGES: &[&[u8]] = &[
    b"\xff\xff",
    b"\xff\xff\xff\xff",
    b"\x7f\xff",
    b"\x80\x00",
    b"\x00\x00\x00\x00",
    b"\r\n\r\n",
    b"\xc0\x0c",
];

fn message() -> impl Strategy<Value = Vec<u8>> {
    let random = proptest::collection::vec(any::<u8>(), 0..160);
    let edges = proptest::collection::vec(proptest::sample::select(EDGES), 0..6).prop_map(|e| e.concat());
    (proptest::sample::select(OPENINGS), edges, random)
        .prop_map(|(opening, edges, random)| [opening, &edges[..], &random[..]].concat())
}

/// Who speaks, what, in pieces of which length, and how much is lost before it.
fn talk() -> impl Strategy<Value = Vec<(bool, Vec<u8>, usize, Option<u64>)>> {
    let lost = proptest::option::weighted(0.1, 0u64..5000);
    proptest::collection::vec((any::<bool>(), message(), 1usize..80, lost), 1..8)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    /// No probe panics or holds more than it was given leave to, whatever it is fed in whatever pieces.
    #[test]
    fn every_probe_takes_anything(talk in talk()) {
        for spec in ALL {
            for &transport in spec.transports {
                let port = spec.ports.first().copied().unwrap_or(9999);
                let mut dialogue = Dialogue::new(spec, transport, port, true);
                for (from_client, data, piece, lost) in &talk {
                    dialogue.identify(*from_client, data);
                    if let (Some(n), Transport::Tcp) = (lost, transport) {
                        dialogue = dialogue.gap(*from_client, *n);
                    }
                    dialogue = match (transport, from_client) {
                        (Transport::Tcp, true) => dialogue.client_split(data, *piece),
                        (Transport::Tcp, false) => dialogue.server_split(data, *piece),
                        (_, true) => dialogue.client(data),
                        (_, false) => dialogue.server(data),
                    };
                }
                let seen = dialogue.end();
                prop_assert!(seen.obs.bytes() < 4 << 20, "{} holds {} bytes", spec.name, seen.obs.bytes());
                prop_assert!(seen.events.len() < 4096, "{} made {} events", spec.name, seen.events.len());
            }
        }
    }
}

/// A frame of a random packet: few hosts and ports, so that flows meet.
fn frame() -> impl Strategy<Value = Vec<u8>> {
    let ports: Vec<u16> = ALL.iter().flat_map(|s| s.ports.iter().copied()).chain([40000, 40001]).collect();
    let ethertypes: Vec<u16> = ALL.iter().flat_map(|s| s.ethertypes.iter().copied()).collect();
    (
        (0u8..4, 0u8..4, 0usize..10),
        (proptest::sample::select(ports), 0u32..400, any::<u8>(), any::<u32>()),
        proptest::sample::select(ethertypes),
        message(),
        0usize..3000,
    )
        .prop_map(|((a, b, kind), (port, seq, flags, ack), ethertype, payload, cut)| {
            let (sport, dport) = if a < b { (40000, port) } else { (port, 40000) };
            let mut l4 = [sport.to_be_bytes(), dport.to_be_bytes()].concat();
            let mut out = vec![2, 0, 0, 0, 0, b, 2, 0, 0, 0, 0, a];
            let proto = match kind {
                0..6 => {
                    l4.extend_from_slice(&seq.to_be_bytes());
                    l4.extend_from_slice(&(ack % 400).to_be_bytes());
                    // data mostly, at times a handshake, an end or nonsense
                    l4.extend_from_slice(&[0x50, if kind < 4 { 0x18 } else { flags }, 32, 0, 0, 0, 0, 0]);
                    6
                }
                6..8 => {
                    l4.extend_from_slice(&((payload.len() + 8) as u16).to_be_bytes());
                    l4.extend_from_slice(&[0, 0]);
                    17
                }
                _ => {
                    out.extend_from_slice(&ethertype.to_be_bytes());
                    out.extend_from_slice(&payload);
                    return out;
                }
            };
            l4.extend_from_slice(&payload);
            out.extend_from_slice(&[8, 0, 0x45, 0]);
            out.extend_from_slice(&((l4.len() + 20) as u16).to_be_bytes());
            out.extend_from_slice(&[0, 1, 0, 0, 64, proto, 0, 0, 10, 0, 0, a, 10, 0, 0, b]);
            out.extend_from_slice(&l4);
            if cut < out.len() && cut > 14 {
                out.truncate(cut);
            }
            out
        })
}

fn capture(name: &str, frames: &[(u32, Vec<u8>)]) -> PathBuf {
    let mut out =
        [&0xa1b2_c3d4u32.to_le_bytes()[..], &[2, 0, 4, 0], &[0; 8], &[0, 0, 4, 0, 1, 0, 0, 0]].concat();
    let mut time = 1_700_000_000u32;
    for (wait, frame) in frames {
        time = time.saturating_add(*wait);
        for word in [time, 0, frame.len() as u32, frame.len() as u32] {
            out.extend_from_slice(&word.to_le_bytes());
        }
        out.extend_from_slice(frame);
    }
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}.pcap", std::process::id()));
    std::fs::write(&path, out).expect("a file to write");
    path
}

/// Events of a run as they are written, with what else it counted.
fn outcome(path: &PathBuf, workers: usize, batch: usize) -> (String, usize, Vec<String>) {
    let config = Config { workers, batch, events: EventMode::All, ..Config::default() };
    let mut engine = Engine::open(std::slice::from_ref(path), Vec::new(), config).expect("a run");
    let mut out = Vec::new();
    let mut done = false;
    while !done {
        done = engine.step(Duration::from_millis(50));
        for e in engine.take_events() {
            sentinel_wire::events::write(&mut out, &e, "x", true, false);
        }
        engine.take_chunks();
    }
    let flows = engine.flows();
    let observations = engine.finish();
    let counters = observations
        .iter()
        .enumerate()
        .map(|(n, o)| {
            let mut known: Vec<_> = o.counters.iter().chain(&o.parse_errors).collect();
            known.sort();
            format!("{n} {known:?} {} {} {}", o.facts.len(), o.operations.len(), o.credentials.len())
        })
        .collect();
    (String::from_utf8_lossy(&out).into_owned(), flows, counters)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// Random packets: no panic, nothing left open, and one outcome for any division of the work.
    #[test]
    fn any_packets_any_workers_any_batches(
        frames in proptest::collection::vec((prop_oneof![8 => Just(0u32), 2 => 0u32..4, 1 => 0u32..100_000], frame()), 1..120),
        workers in 2usize..5,
        batch in 1usize..50,
    ) {
        let path = capture("any", &frames);
        let one = outcome(&path, 1, 4096);
        let many = outcome(&path, workers, batch);
        std::fs::remove_file(&path).expect("the file to go");
        prop_assert_eq!(one.1, 0);
        prop_assert_eq!(one, many);
    }
}

/// One segment of the connection 10.0.0.1:40000 to 10.0.0.2:80.
fn segment(seq: u32, flags: u8, wire_len: u32, payload: &[u8]) -> Unit<'_> {
    let mut ends = [[0; 16]; 2];
    ends[0][..4].copy_from_slice(&[10, 0, 0, 1]);
    ends[1][..4].copy_from_slice(&[10, 0, 0, 2]);
    Unit {
        at: Stamp { time: 1, frame: 1, source: 0 },
        order: 0,
        kind: 4,
        proto: 6,
        vlan: 0,
        ttl: 64,
        ethertype: 0x800,
        src: ends[0],
        dst: ends[1],
        src_port: 40000,
        dst_port: 80,
        macs: None,
        seq,
        ack: 1,
        flags,
        wire_len,
        payload,
        cut: 0,
        head: sentinel_wire::flow::Head::default(),
    }
}

/// Events and overlaps after a request that a small segment of `payload` goes before.
fn after_small_segment(flags: u8, wire_len: u32, payload: &[u8]) -> (usize, u64) {
    let registry = Registry::new(Vec::new()).expect("the native probes");
    let mut shard = Shard::new(0, Observations::new(Limits::default(), EventMode::All));
    let request = b"GET /status HTTP/1.1\r\nHost: plc\r\n\r\n";
    for u in
        [segment(99, 0x02, 66, b""), segment(100, flags, wire_len, payload), segment(100, 0x18, 90, request)]
    {
        shard.packet(&registry, &u, &Shard::ahead(&u));
    }
    shard.finish(&registry, 9);
    let overlaps = shard.obs.counters.get("tcp_overlaps").copied().unwrap_or(0);
    (shard.obs.services.keys().filter(|k| k.protocol == "http").count(), overlaps)
}

#[test]
fn filler_counted_into_the_ip_length_is_no_payload() {
    assert_eq!(after_small_segment(0x10, 60, &[0; 6]), (1, 0));
    assert_eq!(after_small_segment(0x10, 56, &[0; 2]), (1, 0));
    // what was pushed, is not zero or stands in a longer frame is payload
    assert_eq!(after_small_segment(0x18, 60, &[0; 6]).1, 1);
    assert_eq!(after_small_segment(0x10, 60, &[0, 0, 0, 0, 0, 1]).1, 1);
    assert_eq!(after_small_segment(0x10, 80, &[0; 6]).1, 1);
}

/// The openings are worth their place: most probes take one of them for their own.
#[test]
fn openings_are_identified() {
    let of = |spec: &&'static sentinel_wire::probe::Spec, opening: &[u8]| {
        let port = spec.ports.first().copied().unwrap_or(9999);
        let whole = [opening, &[0; 64]].concat();
        let either = [opening, &whole[..]];
        spec.transports.iter().any(|&transport| {
            let dialogue = Dialogue::new(spec, transport, port, true);
            let sides = [true, false];
            sides.iter().any(|&side| either.iter().any(|data| dialogue.identify(side, data) != Verdict::No))
        })
    };
    let strange: Vec<&str> =
        ALL.iter().filter(|spec| !OPENINGS.iter().any(|o| of(spec, o))).map(|spec| spec.name).collect();
    assert!(strange.len() * 4 <= ALL.len(), "no opening is one of {strange:?}");
}
