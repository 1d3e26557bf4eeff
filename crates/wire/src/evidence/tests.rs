//! The ring, the queue and the folder, read back by our own reader.

use super::files::Pointer;
use super::request::Queue;
use super::*;
use crate::capture::{Limits, MergedReader, Options, Reader};
use crate::model::HostAddr;
use proptest::prelude::*;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

const SECOND: i64 = 1_000_000_000;
/// 2026-01-12 08:00 UTC.
const START: i64 = 1_768_204_800 * SECOND;

/// A folder that goes away with the test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Folder {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name =
            format!("sentinel-evidence-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).expect("a folder for the test");
        Folder(path)
    }
    fn kept(&self) -> PathBuf {
        self.0.join("kept")
    }
    /// Bytes of all that is there.
    fn bytes(&self) -> u64 {
        let Ok(list) = std::fs::read_dir(self.kept()) else { return 0 };
        list.map(|e| e.and_then(|e| e.metadata()).map_or(0, |m| m.len())).sum()
    }
    fn names(&self, ending: &str) -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(self.kept())
            .expect("the folder")
            .map(|e| e.expect("an entry").file_name().into_string().expect("a name"))
            .filter(|n| n.ends_with(ending))
            .collect();
        names.sort();
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn addr(n: u8) -> HostAddr {
    HostAddr::Ip(IpAddr::V4(Ipv4Addr::new(10, 0, 0, n)))
}

/// An Ethernet frame with a UDP datagram from one host to another.
fn frame(from: u8, to: u8, payload: &[u8]) -> Vec<u8> {
    let mut out = vec![2, 0, 0, 0, 0, to, 2, 0, 0, 0, 0, from, 8, 0];
    let len = (28 + payload.len()) as u16;
    out.extend_from_slice(&[0x45, 0]);
    out.extend_from_slice(&len.to_be_bytes());
    out.extend_from_slice(&[0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, from, 10, 0, 0, to]);
    out.extend_from_slice(&[0x13, 0x88, 0x13, 0x89]);
    out.extend_from_slice(&((8 + payload.len()) as u16).to_be_bytes());
    out.extend_from_slice(&[0, 0]);
    out.extend_from_slice(payload);
    out
}

/// A pcapng capture of such frames, at nanoseconds.
fn capture(packets: &[(i64, Vec<u8>)]) -> Vec<u8> {
    let mut out = Vec::new();
    block::section(&mut out);
    block::interface(&mut out, crate::decode::LinkType(1), "port");
    for (time, data) in packets {
        block::packet(&mut out, 0, *time, data.len() as u32 + 4, data, "");
    }
    out
}

fn bounds(bytes: u64, memory: usize) -> Bounds {
    Bounds { bytes, memory, before: 2_000_000, after: 1_000_000 }
}

fn request(time_ns: i64, a: u8, b: u8, id: &str) -> Request {
    Request {
        proves: Proves::Alert,
        id: id.to_owned(),
        time_ns,
        ip: [Some(addr(a)), Some(addr(b))],
        mac: [None, None],
        frame: 0,
        source: 0,
        comment: "somebody stopped it".to_owned(),
    }
}

/// Gives all packets of a capture to the ring, a batch after the other.
fn feed(evidence: &Evidence, folder: &Folder, packets: &[(i64, Vec<u8>)]) {
    let path = folder.0.join("source.pcapng");
    std::fs::write(&path, capture(packets)).expect("written");
    let mut reader = MergedReader::open(&[path], Options::default(), Limits { packets: 7, align_ns: 0 });
    let mut batch = Batch::default();
    while reader.next_batch(&mut batch) {
        evidence.take(&batch);
    }
    evidence.name(vec!["plant.pcap".to_owned()]);
}

/// (time, octets, octets on the wire) of each packet of a kept file, and whether it was cut.
fn read(path: &Path) -> (Vec<(i64, Vec<u8>, u32)>, bool) {
    let mut reader = Reader::open(path, Options::default()).expect("a capture");
    let mut out = Vec::new();
    while let Some(r) = reader.next_record() {
        out.push((r.time_ns, r.data.to_vec(), r.wire_len));
    }
    (out, reader.stats().cut)
}

fn line(i: i64) -> (i64, Vec<u8>) {
    (START + i * SECOND / 2, frame(1, if i % 2 == 0 { 2 } else { 3 }, &i.to_be_bytes()))
}

#[test]
fn the_packets_around_a_moment_are_written_as_they_were() {
    let folder = Folder::new();
    let evidence = Evidence::open(&folder.kept(), bounds(1 << 20, 1 << 20)).expect("opened");
    let packets: Vec<_> = (0..40).map(line).collect();
    feed(&evidence, &folder, &packets);
    evidence.want([request(START + 10 * SECOND, 2, 1, "a1")]);
    let pointers = evidence.turn(None);
    let [(id, file, first, count)] = pointers.as_slice() else { panic!("{pointers:?}") };
    assert_eq!((id.as_str(), *first, *count), ("a1", 1, 4));
    assert!(file.starts_with("2026-01-12T08-00-10Z-000001"), "{file}");
    let (kept, cut) = read(&folder.kept().join(file));
    let wanted: Vec<_> = packets
        .iter()
        .filter(|(t, d)| d[5] == 2 && (START + 8 * SECOND..=START + 11 * SECOND).contains(t))
        .map(|(t, d)| (*t, d.clone(), d.len() as u32 + 4))
        .collect();
    assert_eq!((kept, cut), (wanted, false));
    let index =
        std::fs::read_to_string(folder.kept().join("2026-01-12T08-00-10Z-000001.ndjson")).expect("index");
    assert_eq!(
        index,
        "{\"id\":\"a1\",\"proves\":\"alert\",\"time\":\"2026-01-12T08:00:10.000000Z\",\
         \"ends\":[\"10.0.0.2\",\"10.0.0.1\"],\"comment\":\"alert a1: somebody stopped it\",\
         \"packets\":[[1,4]]}\n"
    );
}

#[test]
fn packets_to_come_are_waited_for() {
    let folder = Folder::new();
    let evidence = Evidence::open(&folder.kept(), bounds(1 << 20, 1 << 20)).expect("opened");
    feed(&evidence, &folder, &(0..20).map(line).collect::<Vec<_>>());
    // the last packet is of 9.5 s
    evidence.want([request(START + 9 * SECOND, 1, 2, "a1")]);
    assert_eq!(evidence.turn(None), []);
    feed(&evidence, &folder, &(20..30).map(line).collect::<Vec<_>>());
    let pointers = evidence.turn(None);
    assert_eq!(pointers.iter().map(|p| (p.2, p.3)).collect::<Vec<_>>(), [(1, 4)]);
    // a quiet port: the machine's clock moves on
    evidence.want([request(START + 15 * SECOND, 1, 2, "a2")]);
    assert_eq!(evidence.turn(None), []);
    assert_eq!(evidence.turn(Some((START + 17 * SECOND) / 1000)).len(), 1);
}

#[test]
fn a_packet_stands_in_a_file_once() {
    let folder = Folder::new();
    let evidence = Evidence::open(&folder.kept(), bounds(1 << 20, 1 << 20)).expect("opened");
    feed(&evidence, &folder, &(0..60).map(line).collect::<Vec<_>>());
    evidence.want([request(START + 10 * SECOND, 1, 2, "a"), request(START + 11 * SECOND, 1, 2, "b")]);
    evidence.want([request(START + 11 * SECOND, 1, 2, "c")]);
    let at: Vec<(String, u64, u64)> = evidence.finish().into_iter().map(|p| (p.0, p.2, p.3)).collect();
    assert_eq!(at, [("a".into(), 1, 4), ("b".into(), 2, 4), ("c".into(), 2, 4)]);
    let [file] = &folder.names(".pcapng")[..] else { panic!("one file") };
    assert_eq!(read(&folder.kept().join(file)).0.len(), 5);
    // even a request that adds no packet says in the file what it proves
    let octets = std::fs::read(folder.kept().join(file)).expect("read");
    for id in ["alert a:", "alert b:", "alert c:"] {
        assert_eq!(octets.windows(8).filter(|w| *w == id.as_bytes()).count(), 1, "{id}");
    }
}

#[test]
fn one_address_or_a_frame_alone_will_do() {
    let folder = Folder::new();
    let evidence = Evidence::open(&folder.kept(), bounds(1 << 20, 1 << 20)).expect("opened");
    feed(&evidence, &folder, &(0..40).map(line).collect::<Vec<_>>());
    let of_one = Request { ip: [None, Some(addr(3))], ..request(START + 10 * SECOND, 0, 0, "one") };
    let of_none = Request { ip: [None, None], frame: 21, ..request(START + 10 * SECOND, 0, 0, "none") };
    evidence.want([of_one, of_none]);
    let pointers = evidence.finish();
    assert_eq!(pointers.iter().map(|p| (p.0.as_str(), p.3)).collect::<Vec<_>>(), [("one", 3), ("none", 1)]);
    let octets = std::fs::read(folder.kept().join(&pointers[1].1)).expect("read");
    let text = String::from_utf8_lossy(&octets).into_owned();
    assert!(text.contains("alert none: somebody stopped it (frame 21 of plant.pcap)"));
}

#[test]
fn fragments_are_kept_as_they_came() {
    // a datagram in two pieces: the second makes it whole, and both are kept as records
    let mut first = frame(1, 2, &[7; 24]);
    let mut second = frame(1, 2, &[]);
    second.truncate(34);
    second.extend_from_slice(&[9; 16]);
    for (piece, word, len) in [(&mut first, 0x2000u16, 52u16), (&mut second, 4, 36)] {
        piece[16..18].copy_from_slice(&len.to_be_bytes());
        piece[18..20].copy_from_slice(&[0x12, 0x34]);
        piece[20..22].copy_from_slice(&word.to_be_bytes());
    }
    first[38..40].copy_from_slice(&48u16.to_be_bytes());
    let packets = vec![
        (START, frame(1, 2, b"before")),
        (START + 1, first),
        (START + 2, second),
        (START + 3, frame(1, 2, b"after")),
    ];
    for together in [1, 2, 100] {
        let folder = Folder::new();
        let evidence = Evidence::open(&folder.kept(), bounds(1 << 20, 1 << 20)).expect("opened");
        let path = folder.0.join("source.pcapng");
        std::fs::write(&path, capture(&packets)).expect("written");
        let limits = Limits { packets: together, align_ns: 0 };
        let mut reader = MergedReader::open(&[path], Options::default(), limits);
        let (mut batch, mut whole) = (Batch::default(), 0);
        while reader.next_batch(&mut batch) {
            whole += batch.packets().iter().filter(|p| p.has(crate::decode::flag::REASSEMBLED)).count();
            evidence.take(&batch);
        }
        assert_eq!(whole, 1);
        evidence.want([request(START, 1, 2, "a")]);
        let file = evidence.finish().remove(0).1;
        let kept: Vec<_> = read(&folder.kept().join(file)).0.into_iter().map(|(t, d, _)| (t, d)).collect();
        assert_eq!(kept, packets);
    }
}

#[test]
fn a_cut_file_is_read_to_the_cut_and_a_new_one_begun() {
    let folder = Folder::new();
    let kept = folder.kept();
    let evidence = Evidence::open(&kept, bounds(1 << 20, 1 << 20)).expect("opened");
    let packets: Vec<_> = (0..40).map(line).collect();
    feed(&evidence, &folder, &packets);
    evidence.want([request(START + 10 * SECOND, 1, 2, "a")]);
    let file = evidence.turn(None).remove(0).1;
    assert!(Evidence::open(&kept, bounds(1 << 20, 1 << 20)).is_err_and(|e| e.contains("another process")));
    drop(evidence);
    // what a fault leaves: half a block
    let path = kept.join(&file);
    let octets = std::fs::read(&path).expect("read");
    std::fs::write(&path, &octets[..octets.len() - 30]).expect("written");
    let (left, cut) = read(&path);
    assert_eq!((left.len(), cut), (3, true));
    let evidence = Evidence::open(&kept, bounds(1 << 20, 1 << 20)).expect("opened again");
    feed(&evidence, &folder, &packets);
    evidence.want([request(START + 10 * SECOND, 1, 2, "a")]);
    let again = evidence.turn(None).remove(0).1;
    assert!(again.ends_with("-000002.pcapng"), "{again}");
    assert_eq!(read(&kept.join(again)).0.len(), 4);
}

#[test]
fn files_and_folder_are_for_their_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    let evidence = Evidence::open(&folder.kept(), bounds(1 << 20, 1 << 20)).expect("opened");
    feed(&evidence, &folder, &(0..40).map(line).collect::<Vec<_>>());
    evidence.want([request(START + 10 * SECOND, 1, 2, "a")]);
    evidence.finish();
    let mode = |p: PathBuf| std::fs::metadata(p).expect("there").permissions().mode() & 0o777;
    assert_eq!(mode(folder.kept()), 0o700);
    for name in folder.names("") {
        assert_eq!(mode(folder.kept().join(&name)), 0o600, "{name}");
    }
}

#[test]
fn routine_is_kept_once_a_minute_and_alerts_always() {
    let mut queue = Queue::new(0);
    let op = |i: i64| Request { proves: Proves::Operation, ..request(START + i * SECOND, 1, 2, "op") };
    (0..130).for_each(|i| queue.push(op(i)));
    assert_eq!((queue.asked.requests, queue.asked.repeated), (3, 127));
    (0..10).for_each(|i| queue.push(request(START + i, 1, 2, "alert")));
    assert_eq!(queue.asked.requests, 13);
    // a flood of different ones: bounded each second, alerts come through and push the others out
    for i in 0..5_000 {
        let comment = format!("operation {i}");
        queue.push(Request { comment, ..op(1000 + i64::from(i) / 500) });
    }
    assert!(queue.asked.dropped > 0 && queue.waiting() <= MAX_WAITING);
    let before = queue.waiting();
    for i in 0..MAX_WAITING as i64 {
        queue.push(request(START + i, 1, 2, "alert"));
    }
    assert!(queue.waiting() == MAX_WAITING && before < MAX_WAITING);
    let mut alerts = 0;
    while let Some(r) = queue.pop(i64::MAX) {
        alerts += usize::from(r.proves == Proves::Alert);
    }
    assert_eq!(alerts, MAX_WAITING);
}

#[test]
fn a_full_disk_is_told_and_nothing_is_left_half() {
    // no disk to fill here: a folder that went away fails likewise at the next file
    let folder = Folder::new();
    let evidence = Evidence::open(&folder.kept(), bounds(1 << 20, 1 << 20)).expect("opened");
    feed(&evidence, &folder, &(0..40).map(line).collect::<Vec<_>>());
    std::fs::remove_dir_all(folder.kept()).expect("removed");
    evidence.want([request(START + 10 * SECOND, 1, 2, "a")]);
    assert_eq!(evidence.finish(), []);
    assert!(evidence.take_trouble().is_some_and(|t| t.contains("kept: evidence is not written")));
    assert_eq!(evidence.take_trouble(), None);
    std::fs::create_dir_all(folder.kept()).expect("made");
    evidence.want([request(START + 10 * SECOND, 1, 2, "a")]);
    assert_eq!(evidence.finish().len(), 1);
}

/// Every pointer whose file is there names packets that are in it, of the pair that was asked for.
fn check(folder: &Folder, pointers: &[Pointer], pairs: &HashMap<String, (u8, u8)>) {
    for (id, file, first, count) in pointers {
        let path = folder.kept().join(file);
        if !path.exists() {
            continue;
        }
        let (packets, cut) = read(&path);
        assert!(!cut && *first >= 1 && *count >= 1 && first + count - 1 <= packets.len() as u64);
        let (a, b) = pairs[id];
        let (_, data, _) = &packets[*first as usize - 1];
        assert!([(data[5], data[11]), (data[11], data[5])].contains(&(a, b)), "{id}");
        let index = folder.kept().join(file.replace(".pcapng", ".ndjson"));
        assert!(std::fs::read_to_string(index).expect("index").contains(&format!("\"id\":\"{id}\"")));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Whatever is asked for, the folder stays within its bound and memory within its own; a restart
    /// in between changes nothing of that.
    #[test]
    fn bounds_hold(
        bytes in 40_000u64..400_000,
        memory in 20_000usize..300_000,
        packets in prop::collection::vec((0i64..400, 1u8..5, 1u8..5, 0usize..1400), 1..400),
        asked in prop::collection::vec((0i64..6000, 1u8..5, 1u8..5), 1..60),
        restart in any::<bool>(),
    ) {
        let folder = Folder::new();
        let mut evidence = Evidence::open(&folder.kept(), bounds(bytes, memory)).expect("opened");
        let mut time = START;
        let packets: Vec<_> = packets
            .into_iter()
            .map(|(gap, a, b, len)| {
                time += gap * 1_000_000;
                (time, frame(a, b, &vec![a; len]))
            })
            .collect();
        let mut pairs = HashMap::new();
        let mut pointers = Vec::new();
        for (n, some) in asked.chunks(10).enumerate() {
            let size = packets.len().div_ceil(6);
            feed(&evidence, &folder, packets.chunks(size).nth(n).unwrap_or_default());
            for (i, (at, a, b)) in some.iter().enumerate() {
                let id = format!("r{n}-{i}");
                pairs.insert(id.clone(), (*a, *b));
                evidence.want([request(START + at * 10_000_000, *a, *b, &id)]);
            }
            pointers.extend(evidence.turn(None));
            let counted: HashMap<_, _> = evidence.counters().into_iter().collect();
            prop_assert!(counted["evidence_memory"] as usize <= memory.max(8 << 10));
            prop_assert!(folder.bytes() <= bytes, "{} of {bytes}", folder.bytes());
            prop_assert_eq!(counted["evidence_bytes"], folder.bytes());
            if restart && n == 2 {
                drop(evidence);
                evidence = Evidence::open(&folder.kept(), bounds(bytes, memory)).expect("opened");
            }
        }
        pointers.extend(evidence.finish());
        prop_assert!(folder.bytes() <= bytes);
        check(&folder, &pointers, &pairs);
    }
}
