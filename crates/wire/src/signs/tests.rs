//! Scenes played to a run: packets as octets, through capture, shards and signs.

use crate::engine::{Config, Engine};
use crate::model::Val;
use crate::obs::{EventMode, StoredEvent};
use std::path::PathBuf;
use std::time::Duration;

/// Frames with their time in milliseconds after an aligned minute.
#[derive(Default)]
struct Scene {
    frames: Vec<(i64, Vec<u8>)>,
    vlan: u16,
}

const SYN: u8 = 2;
const SYN_ACK: u8 = 18;
const RST_ACK: u8 = 20;
const DATA: u8 = 24;
const FIN_ACK: u8 = 17;
/// Options of a SYN as Linux and as Windows order them, timestamps filled in where there are any.
const LINUX: &[u8] = &[2, 4, 5, 180, 4, 2, 8, 10, 0, 0, 0, 0, 0, 0, 0, 0, 1, 3, 3, 7];
const WINDOWS: &[u8] = &[2, 4, 5, 180, 1, 3, 3, 8, 1, 1, 4, 2];

impl Scene {
    fn ethernet(&mut self, ms: i64, src: u8, dst: u8, ethertype: u16, payload: &[u8]) {
        let to = if dst == 255 { [255; 6] } else { [2, 0, 0, 0, 0, dst] };
        let mut f = [&to[..], &[2, 0, 0, 0, 0, src]].concat();
        if self.vlan != 0 {
            f.extend([0x81, 0]);
            f.extend(self.vlan.to_be_bytes());
        }
        f.extend(ethertype.to_be_bytes());
        f.extend_from_slice(payload);
        self.frames.push((ms, f));
    }
    #[allow(clippy::too_many_arguments)]
    fn ip(&mut self, ms: i64, mac: u8, src: [u8; 4], dst: [u8; 4], ttl: u8, id: u16, proto: u8, l4: &[u8]) {
        let mut p = vec![0x45, 0];
        p.extend((20 + l4.len() as u16).to_be_bytes());
        p.extend(id.to_be_bytes());
        p.extend([0x40, 0, ttl, proto, 0, 0]);
        p.extend(src);
        p.extend(dst);
        p.extend_from_slice(l4);
        self.ethernet(ms, mac, 99, 0x0800, &p);
    }
    #[allow(clippy::too_many_arguments)]
    fn tcp(&mut self, ms: i64, a: ([u8; 4], u16), b: ([u8; 4], u16), flags: u8, seq: u32, data: &[u8]) {
        self.ip(ms, a.0[3], a.0, b.0, 64, 1, 6, &segment(a.1, b.1, flags, seq, &[], data));
    }
    fn udp(&mut self, ms: i64, a: ([u8; 4], u16), b: ([u8; 4], u16), data: &[u8]) {
        let mut l4 =
            [a.1.to_be_bytes(), b.1.to_be_bytes(), (8 + data.len() as u16).to_be_bytes(), [0, 0]].concat();
        l4.extend_from_slice(data);
        self.ip(ms, a.0[3], a.0, b.0, 64, 1, 17, &l4);
    }
    /// `mac` says or asks in ARP.
    fn arp(&mut self, ms: i64, operation: u8, (mac, ip): (u8, [u8; 4]), (to, target): (u8, [u8; 4])) {
        let mut p = vec![0, 1, 8, 0, 6, 4, 0, operation, 2, 0, 0, 0, 0, mac];
        p.extend(ip);
        p.extend(if to == 0 || to == 255 { [0; 6] } else { [2, 0, 0, 0, 0, to] });
        p.extend(target);
        self.ethernet(ms, mac, to, 0x0806, &p);
    }
    fn run(&self) -> Seen {
        self.run_as(EventMode::Notable, 1, 4096)
    }
    fn run_as(&self, events: EventMode, workers: usize, batch: usize) -> Seen {
        static NUMBER: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let mut out =
            [&0xa1b2_c3d4u32.to_le_bytes()[..], &[2, 0, 4, 0], &[0; 8], &[0, 0, 4, 0, 1, 0, 0, 0]].concat();
        for (ms, frame) in &self.frames {
            // an aligned minute
            let us = 1_700_000_040_000_000 + ms * 1000;
            let len = frame.len() as u32;
            for word in [(us / 1_000_000) as u32, (us % 1_000_000) as u32, len, len] {
                out.extend_from_slice(&word.to_le_bytes());
            }
            out.extend_from_slice(frame);
        }
        let number = NUMBER.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let name = format!("sentinel-signs-{}-{number}.pcap", std::process::id());
        let path: PathBuf = std::env::temp_dir().join(name);
        std::fs::write(&path, out).expect("a file to write");
        let config = Config { workers, batch, events, ..Config::default() };
        let mut engine = Engine::open(std::slice::from_ref(&path), Vec::new(), config).expect("a run");
        let mut events = Vec::new();
        loop {
            let done = engine.step(Duration::from_millis(20));
            events.extend(engine.take_events());
            if done {
                break;
            }
        }
        let facts = engine.finish().iter().flat_map(facts).collect();
        std::fs::remove_file(&path).expect("the file to go");
        Seen { events, facts }
    }
}

fn facts(o: &crate::obs::Observations) -> Vec<String> {
    let text = |k: &crate::obs::FactKey| {
        format!("{} {}={}", o.hosts[k.host.0 as usize].0.addr, k.name, o.strings.get(k.value))
    };
    o.facts.keys().map(text).collect()
}

fn segment(sport: u16, dport: u16, flags: u8, seq: u32, options: &[u8], data: &[u8]) -> Vec<u8> {
    let mut l4 = [sport.to_be_bytes(), dport.to_be_bytes()].concat();
    l4.extend(seq.to_be_bytes());
    l4.extend(1u32.to_be_bytes());
    l4.extend([(20 + options.len() as u8) << 2, flags, 32, 0, 0, 0, 0, 0]);
    l4.extend_from_slice(options);
    l4.extend_from_slice(data);
    l4
}

struct Seen {
    events: Vec<StoredEvent>,
    facts: Vec<String>,
}

fn value(v: &Val) -> String {
    match v {
        Val::Str(s) => s.to_string(),
        Val::Static(s) => (*s).to_owned(),
        Val::Int(v) => v.to_string(),
        Val::Float(v) => v.to_string(),
        Val::Bool(v) => v.to_string(),
        Val::List(l) => l.iter().map(value).collect::<Vec<_>>().join(","),
    }
}

impl Seen {
    fn of(&self, action: &str) -> Vec<&StoredEvent> {
        self.events.iter().filter(|e| get(e, "event.action") == action).collect()
    }
    /// The only event of this action.
    fn one(&self, action: &str) -> &StoredEvent {
        let of = self.of(action);
        assert_eq!(of.len(), 1, "{action}: {:?}", self.actions());
        of[0]
    }
    /// Actions of all events of signs, in order.
    fn actions(&self) -> Vec<String> {
        let own = |e: &&StoredEvent| {
            matches!(get(e, "event.dataset").as_str(), "sentinel.scan" | "sentinel.nat" | "sentinel.anomaly")
        };
        self.events.iter().filter(own).map(|e| get(e, "event.action")).collect()
    }
}

fn get(e: &StoredEvent, name: &str) -> String {
    e.fields.iter().find(|(n, _)| *n == name).map(|(_, v)| value(v)).unwrap_or_default()
}

const A: [u8; 4] = [10, 0, 0, 1];
const B: [u8; 4] = [10, 0, 0, 2];

fn connection(s: &mut Scene, ms: i64, port: u16, to: u16) {
    let (a, b) = ((A, port), (B, to));
    s.tcp(ms, a, b, SYN, 100, b"");
    s.tcp(ms + 1, b, a, SYN_ACK, 500, b"");
    s.tcp(ms + 2, a, b, 16, 101, b"");
    s.tcp(ms + 3, a, b, DATA, 101, b"hello there");
    s.tcp(ms + 4, b, a, DATA, 501, b"and back");
    s.tcp(ms + 5, a, b, FIN_ACK, 112, b"");
    s.tcp(ms + 6, b, a, FIN_ACK, 509, b"");
    s.tcp(ms + 7, a, b, 16, 113, b"");
}

#[test]
fn a_connection_begins_and_ends() {
    let mut s = Scene::default();
    connection(&mut s, 0, 40000, 9100);
    let seen = s.run();
    let start = seen.one("flow-start");
    assert_eq!((get(start, "source.ip"), get(start, "destination.port")), ("10.0.0.1".into(), "9100".into()));
    let end = seen.one("flow");
    for (name, text) in [
        ("sentinel.flow.state", "SF"),
        ("sentinel.flow.history", "ShADdFfA".trim_end_matches('A')),
        ("source.packets", "5"),
        ("destination.packets", "3"),
        ("sentinel.flow.source_payload", "11"),
        ("sentinel.flow.destination_payload", "8"),
        ("network.transport", "tcp"),
        ("sentinel.flow.count", "1"),
        ("event.duration", "7000000"),
    ] {
        assert_eq!(get(end, name), text, "{name}");
    }
    assert!(get(end, "network.community_id").starts_with("1:"));
    assert!(seen.actions().is_empty());
}

#[test]
fn no_events_no_signs() {
    let mut s = Scene::default();
    connection(&mut s, 0, 40000, 9100);
    assert!(s.run_as(EventMode::None, 1, 4096).events.is_empty());
}

#[test]
fn flows_end_by_silence_too() {
    let mut s = Scene::default();
    s.udp(0, (A, 45000), (B, 45001), b"question");
    s.tcp(1, (A, 40001), (B, 502), SYN, 1, b"");
    s.tcp(2, (A, 40002), (B, 502), SYN, 1, b"");
    s.tcp(3, (B, 502), (A, 40002), RST_ACK, 0, b"");
    s.udp(400_000, (A, 45002), (B, 45003), b"later");
    let seen = s.run();
    let mut states: Vec<_> = seen.of("flow").iter().map(|e| get(e, "sentinel.flow.state")).collect();
    states.sort();
    assert_eq!(states, ["REJ", "S0", "S0", "S0"]);
    // what fell silent long ago is told with the time its silence was over
    let late = seen.of("flow").iter().filter(|e| e.at.time < 1_700_000_040_000_000 + 200_000_000).count();
    assert_eq!(late, 3);
}

#[test]
fn a_port_scan_is_told_at_once_and_bounded() {
    let mut s = Scene::default();
    for port in 1..=5000u16 {
        let ms = i64::from(port) / 4;
        s.tcp(ms, (A, 50000), (B, port), SYN, 1, b"");
        s.tcp(ms, (B, port), (A, 50000), if port == 80 { SYN_ACK } else { RST_ACK }, 0, b"");
    }
    let seen = s.run();
    assert_eq!(seen.actions(), ["port-scan", "port-scan"]);
    let first = seen.of("port-scan")[0];
    assert!(first.at.time < 1_700_000_040_000_000 + 10_000);
    assert_eq!(
        (get(first, "source.ip"), get(first, "destination.ip")),
        ("10.0.0.1".into(), "10.0.0.2".into())
    );
    let flows = seen.of("flow");
    assert!(flows.len() < 80, "{} flows told", flows.len());
    let sum: u64 = flows.iter().map(|e| get(e, "sentinel.flow.count").parse::<u64>().unwrap()).sum();
    assert_eq!(sum, 5000);
    let ports: Vec<_> =
        flows.iter().map(|e| get(e, "sentinel.flow.ports")).filter(|p| !p.is_empty()).collect();
    assert!(ports.iter().any(|p| p.parse::<u32>().unwrap() > 4000), "{ports:?}");
    // in mode all each flow is told
    assert_eq!(s.run_as(EventMode::All, 1, 4096).of("flow").len(), 5000);
}

#[test]
fn sweeps_over_hosts() {
    let mut s = Scene::default();
    for n in 1..=40u8 {
        let ms = i64::from(n) * 20;
        s.tcp(ms, (A, 50000), ([10, 0, 1, n], 502), SYN, 1, b"");
        s.ip(ms + 1, 1, A, [10, 0, 2, n], 64, 1, 1, &[8, 0, 0, 0, 0, 1, 0, n]);
        s.arp(ms + 2, 1, (1, A), (255, [10, 0, 0, n + 100]));
    }
    let seen = s.run();
    for (action, kind) in
        [("host-sweep", "tcp"), ("ping-sweep", "icmp-echo"), ("address-sweep", "address-resolution")]
    {
        let told = seen.of(action);
        assert_eq!(told.len(), 2, "{action}");
        assert_eq!(get(told[0], "sentinel.scan.kind"), kind);
        assert_eq!(get(told[1], "sentinel.scan.hosts"), "40");
    }
}

#[test]
fn a_poller_that_is_answered_does_not_scan() {
    let mut s = Scene::default();
    for n in 1..=60u8 {
        let (ms, server) = (i64::from(n) * 20, ([10, 0, 1, n], 502));
        s.tcp(ms, (A, 50000), server, SYN, 1, b"");
        s.tcp(ms + 1, server, (A, 50000), SYN_ACK, 1, b"");
        s.udp(ms + 2, (A, 50001), ([10, 0, 1, n], 161), b"get");
        s.udp(ms + 3, ([10, 0, 1, n], 161), (A, 50001), b"got");
    }
    assert!(s.run().actions().is_empty());
}

#[test]
fn flags_no_stack_sends() {
    for (flags, kind) in [(1, "tcp-fin"), (0, "tcp-null"), (41, "tcp-xmas")] {
        let mut s = Scene::default();
        for port in 1..=4 {
            s.tcp(i64::from(port), (A, 50000), (B, port), flags, 1, b"");
        }
        assert_eq!(get(s.run().one("port-scan"), "sentinel.scan.kind"), kind);
    }
}

#[test]
fn two_owners_of_an_address() {
    let mut s = Scene::default();
    let gateway = [10, 0, 0, 254];
    s.arp(0, 1, (1, A), (255, gateway));
    s.arp(1, 2, (50, gateway), (1, A));
    for n in 0..5 {
        s.arp(20_000 + n * 2000, 2, (66, gateway), (1, A));
    }
    s.arp(31_000, 1, (50, gateway), (255, A));
    let seen = s.run();
    assert_eq!(seen.actions(), ["address-taken", "arp-poisoning", "address-flip"]);
    let taken = seen.one("address-taken");
    assert_eq!(get(taken, "source.mac"), "02:00:00:00:00:42");
    assert_eq!(get(taken, "sentinel.anomaly.other_mac"), "02:00:00:00:00:32");
}

#[test]
fn an_address_that_changes_hands_is_no_conflict() {
    let mut s = Scene::default();
    s.arp(0, 2, (50, A), (255, A));
    s.arp(900_000, 2, (51, A), (255, A));
    assert!(s.run().actions().is_empty());
}

#[test]
fn a_device_in_two_vlans_at_a_time() {
    let mut s = Scene::default();
    for n in 0..6u16 {
        s.vlan = 10 + n % 2;
        s.udp(i64::from(n) * 100, (A, 5000 + n), (B, 7000), b"x");
    }
    let seen = s.run();
    assert_eq!(seen.actions(), ["vlan-flap"]);
}

fn llmnr(name: &str, owner: [u8; 4]) -> Vec<u8> {
    let mut label = vec![name.len() as u8];
    label.extend(name.bytes());
    label.extend([0, 0, 1, 0, 1]);
    let mut m = vec![0, 7, 0x80, 0, 0, 1, 0, 1, 0, 0, 0, 0];
    m.extend(&label);
    m.extend(&label);
    m.extend([0, 0, 0, 30, 0, 4]);
    m.extend(owner);
    m
}

#[test]
fn answers_for_names_of_others() {
    let mut s = Scene::default();
    for (n, name) in ["files", "printer-2", "payroll"].iter().enumerate() {
        s.udp(n as i64 * 100, (B, 5355), (A, 50000), &llmnr(name, B));
    }
    let seen = s.run();
    assert_eq!(get(seen.one("answers-for-others"), "sentinel.anomaly.count"), "3");
    let mut s = Scene::default();
    s.udp(0, (B, 5355), (A, 50000), &llmnr("eng-1", B));
    s.udp(9, (B, 5355), (A, 50000), &llmnr("eng-1", B));
    s.udp(20, (B, 5355), (A, 50000), &llmnr("other", [10, 0, 0, 9]));
    assert!(s.run().actions().is_empty());
    let mut s = Scene::default();
    s.udp(0, (B, 5355), (A, 50000), &llmnr("wpad", B));
    assert_eq!(s.run().actions(), ["answers-for-others"]);
}

/// A SYN of one of two systems behind one address.
fn from_behind(s: &mut Scene, ms: i64, n: u16, ttl: u8, options: &[u8], clock: u32) {
    let mut options = options.to_vec();
    if let Some(place) = options.get_mut(8..12).filter(|_| clock != 0) {
        place.copy_from_slice(&clock.to_be_bytes());
    }
    let l4 = segment(40000 + n, 443, SYN, 1, &options, b"");
    s.ip(ms, 7, [192, 168, 1, 7], [198, 51, 100, 9], ttl, 0, 6, &l4);
}

#[test]
fn two_systems_behind_one_address() {
    let mut s = Scene::default();
    s.arp(0, 2, (7, [192, 168, 1, 7]), (255, [192, 168, 1, 7]));
    for n in 0..8 {
        let ms = 100 + i64::from(n) * 4000;
        from_behind(&mut s, ms, n * 2, 63, LINUX, 10_000 + ms as u32);
        from_behind(&mut s, ms + 50, n * 2 + 1, 127, WINDOWS, 0);
    }
    let seen = s.run();
    let nat = seen.one("nat");
    assert_eq!(get(nat, "source.ip"), "192.168.1.7");
    assert!(seen.of("nat-sign").len() >= 3, "{:?}", seen.actions());
    let signs = get(seen.of("nat-sign").last().unwrap(), "sentinel.nat.signs");
    assert_eq!(signs, "hops,ttls,stacks");
    assert!(seen.facts.iter().any(|f| f.starts_with("192.168.1.7 nat=")), "{:?}", seen.facts);
}

#[test]
fn two_clocks_behind_one_address() {
    let mut s = Scene::default();
    for n in 0..10 {
        let ms = 100 + i64::from(n) * 4000;
        from_behind(&mut s, ms, n * 2, 64, LINUX, 10_000 + ms as u32);
        from_behind(&mut s, ms + 50, n * 2 + 1, 64, LINUX, 3_000_000_000 + ms as u32 / 4);
    }
    let seen = s.run();
    assert_eq!(seen.actions(), ["nat-sign"]);
    assert_eq!(get(seen.one("nat-sign"), "sentinel.nat.sign"), "clocks");
}

#[test]
fn one_system_is_no_network() {
    let mut s = Scene::default();
    s.arp(0, 2, (7, [192, 168, 1, 7]), (255, [192, 168, 1, 7]));
    for n in 0..20 {
        let ms = 100 + i64::from(n) * 4000;
        from_behind(&mut s, ms, n, 64, LINUX, 10_000 + ms as u32);
    }
    assert!(s.run().actions().is_empty());
}

#[test]
fn a_router_is_told_once() {
    let mut s = Scene::default();
    for n in 0..9u8 {
        let l4 = segment(4000 + u16::from(n), 443, SYN, 1, LINUX, b"");
        s.ip(i64::from(n), 9, [10, 7, 7, n], [10, 0, 0, 9], 63, 0, 6, &l4);
    }
    let seen = s.run();
    assert_eq!(seen.actions(), ["routes-network"]);
    assert_eq!(get(seen.one("routes-network"), "sentinel.nat.network"), "10.7.7.0/24");
}

fn dhcp(kind: u8, client: u8, server: [u8; 4]) -> Vec<u8> {
    let mut m = vec![if matches!(kind, 2 | 5) { 2 } else { 1 }, 1, 6, 0, 1, 2, 3, client];
    m.resize(16, 0);
    m.extend(if matches!(kind, 2 | 5) { [10, 0, 0, 77] } else { [0; 4] });
    m.resize(28, 0);
    m.extend([2, 0, 0, 0, 0, client]);
    m.resize(236, 0);
    m.extend([99, 130, 83, 99, 53, 1, kind, 54, 4]);
    m.extend(server);
    m.push(255);
    m
}

#[test]
fn a_second_server_of_addresses() {
    let (s1, s2) = ([10, 0, 0, 53], [10, 0, 0, 54]);
    let mut s = Scene::default();
    s.udp(0, (s1, 67), ([255; 4], 68), &dhcp(2, 9, s1));
    s.udp(10, (s1, 67), ([255; 4], 68), &dhcp(2, 8, s1));
    assert!(s.run().actions().is_empty());
    s.udp(20, (s2, 67), ([255; 4], 68), &dhcp(2, 9, s2));
    // the second asks for an address itself
    s.ip(30, 54, [0; 4], [255; 4], 64, 1, 17, &{
        let m = dhcp(1, 54, s1);
        let mut l4 =
            [68u16.to_be_bytes(), 67u16.to_be_bytes(), (8 + m.len() as u16).to_be_bytes(), [0, 0]].concat();
        l4.extend(m);
        l4
    });
    let seen = s.run();
    assert_eq!(seen.actions(), ["second-dhcp-server", "dhcp-client-and-server", "nat-sign"]);
    assert_eq!(get(seen.one("second-dhcp-server"), "sentinel.anomaly.other_ip"), "10.0.0.53");
}

#[test]
fn segments_that_are_not_the_same_twice() {
    let (a, b) = ((A, 40000), (B, 9100));
    let mut s = Scene::default();
    s.tcp(0, a, b, DATA, 100, b"open the valve");
    s.tcp(1, a, b, DATA, 100, b"open the valve");
    assert!(s.run().actions().is_empty());
    s.tcp(2, a, b, DATA, 100, b"shut the valve");
    assert_eq!(s.run().actions(), ["tcp-overlap"]);
}

#[test]
fn a_reset_from_elsewhere() {
    let (a, b) = ((A, 40000), (B, 9100));
    let mut s = Scene::default();
    s.tcp(0, a, b, DATA, 100, b"data");
    s.ip(1, 1, A, B, 62, 1, 6, &segment(40000, 9100, 4, 104, &[], b""));
    assert!(s.run().actions().is_empty());
    let mut s = Scene::default();
    s.tcp(0, a, b, DATA, 100, b"data");
    s.ip(1, 1, A, B, 250, 1, 6, &segment(40000, 9100, 4, 104, &[], b""));
    let seen = s.run();
    assert_eq!(get(seen.one("odd-ttl"), "sentinel.anomaly.usual_ttl"), "64");
}

#[test]
fn packets_that_go_back_in_time() {
    let mut s = Scene::default();
    for ms in [0, 10_000, 9_500, 3_000, 10_100, 2_000] {
        s.udp(ms, (A, 5000), (B, 5001), b"x");
    }
    assert_eq!(get(s.run().one("time-back"), "sentinel.anomaly.seconds"), "7");
}

#[test]
fn fragments_that_contradict_each_other() {
    let mut s = Scene::default();
    for (n, (offset, fill)) in [(0x2000u16, 1u8), (0x2000, 2), (0x2000, 3)].into_iter().enumerate() {
        let mut p = vec![0x45, 0, 0, 36, 0, 9];
        p.extend(offset.to_be_bytes());
        p.extend([64, 17, 0, 0]);
        p.extend(A);
        p.extend(B);
        p.extend([fill; 16]);
        s.ethernet(n as i64, 1, 2, 0x0800, &p);
    }
    let seen = s.run();
    assert_eq!(get(seen.one("fragment-overlap"), "destination.ip"), "10.0.0.2");
}

#[test]
fn a_message_that_is_none() {
    let mut s = Scene::default();
    s.udp(0, (B, 5355), (A, 50000), &llmnr("eng-1", B));
    for n in 1..4 {
        s.udp(n, (B, 5355), (A, 50000), b"\x00\x07\x80");
    }
    let seen = s.run();
    assert_eq!(get(seen.one("malformed"), "network.protocol"), "llmnr");
}

/// All of it at once: the same however the work is divided.
#[test]
fn one_outcome_for_any_division() {
    let mut s = Scene::default();
    for n in 0..200u16 {
        let ms = i64::from(n) * 700;
        connection(&mut s, ms, 40000 + n, 9100);
        s.tcp(ms, (A, 50000), ([10, 0, (n % 7) as u8, (n % 250) as u8], n), SYN, 1, b"");
        s.arp(ms, 1 + (n % 2) as u8, ((n % 5) as u8, B), (255, [10, 0, 0, n as u8]));
        from_behind(&mut s, ms, n, 63 + (n % 2) as u8 * 64, LINUX, ms as u32 + 1);
    }
    for mode in [EventMode::Notable, EventMode::All] {
        let text = |seen: &Seen| seen.events.iter().map(|e| format!("{e:?}")).collect::<Vec<_>>();
        let one = s.run_as(mode, 1, 4096);
        assert!(one.events.len() > 200 && !one.actions().is_empty());
        for (workers, batch) in [(1, 1), (2, 7), (4, 100)] {
            let other = s.run_as(mode, workers, batch);
            for (a, b) in text(&one).iter().zip(&text(&other)) {
                assert_eq!(a, b, "{workers} {batch}");
            }
            assert_eq!(one.events.len(), other.events.len());
        }
        let mut ids: Vec<_> = one.events.iter().map(|e| e.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), one.events.len(), "ids are unique");
    }
}
