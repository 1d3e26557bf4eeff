//! Innermost headers agree with tshark's dissection, packet by packet.

use crate::corpus;
use sentinel_wire::capture::{Options, Reader};
use sentinel_wire::decode::{Packet, Status, decode};
use std::path::Path;

const FIELDS: [&str; 13] = [
    "frame.protocols",
    "ip.src",
    "ip.dst",
    "ipv6.src",
    "ipv6.dst",
    "tcp.srcport",
    "tcp.dstport",
    "tcp.seq_raw",
    "tcp.len",
    "udp.srcport",
    "udp.dstport",
    "udp.length",
    "eth.src",
];

/// tshark's arguments: nothing is put together over packets, so that each line is one packet's.
fn arguments() -> Vec<&'static str> {
    let mut args = vec!["-n", "-T", "fields", "-E", "separator=/t", "-E", "aggregator=,"];
    for off in ["ip.defragment:FALSE", "ipv6.defragment:FALSE", "tcp.desegment_tcp_streams:FALSE"] {
        args.extend(["-o", off]);
    }
    for field in FIELDS {
        args.extend(["-e", field]);
    }
    args.push("-r");
    args
}

/// What tshark's line says of the innermost headers: addresses, ports, sequence number, payload length.
/// What an ICMP error quotes is not a header of the packet.
fn theirs(line: &str) -> Option<String> {
    let columns: Vec<&str> = line.split('\t').collect();
    let values = |n: usize| columns.get(n).map_or(Vec::new(), |c| c.split(',').collect());
    let [mut v4, mut v6, mut tcp, mut udp] = [0usize; 4];
    let (mut net, mut transport) = ("", "");
    for name in columns.first()?.split(':') {
        match name {
            "ip" => (v4, net, transport) = (v4 + 1, "ip", ""),
            "ipv6" => (v6, net, transport) = (v6 + 1, "ipv6", ""),
            "tcp" => (tcp, transport) = (tcp + 1, "tcp"),
            "udp" => (udp, transport) = (udp + 1, "udp"),
            "icmp" | "icmpv6" => break,
            // Another frame begins.
            "eth" | "llc" => (net, transport) = ("", ""),
            _ => {}
        }
    }
    let nth =
        |column: usize, n: usize| values(column).get(n.wrapping_sub(1)).copied().unwrap_or("").to_owned();
    let (src, dst) = match net {
        "ip" => (nth(1, v4), nth(2, v4)),
        "ipv6" => (nth(3, v6), nth(4, v6)),
        _ => return None,
    };
    let rest = match transport {
        "tcp" => format!("tcp {} {} {} {}", nth(5, tcp), nth(6, tcp), nth(7, tcp), nth(8, tcp)),
        "udp" => {
            let length = nth(11, udp).parse::<u32>().map_or(0, |n| n.saturating_sub(8));
            format!("udp {} {} {length}", nth(9, udp), nth(10, udp))
        }
        _ => String::new(),
    };
    Some(format!("{src} {dst} {rest}"))
}

fn ours(p: &Packet) -> Option<String> {
    let (src, dst) = (p.src_ip()?, p.dst_ip()?);
    let rest = if p.is_tcp() {
        format!("tcp {} {} {} {}", p.sport, p.dport, p.tcp_seq(), p.payload_wire)
    } else if p.is_udp() {
        format!("udp {} {} {}", p.sport, p.dport, p.payload_wire)
    } else {
        String::new()
    };
    Some(format!("{src} {dst} {rest}"))
}

/// Captures looked at frame by frame where tshark and we differ, and why that is right.
const JUDGED: &[(&str, &str)] = &[
    ("teredo_bubble_with_payload.pcap", "Teredo between clients' own ports, known by its content"),
    ("geneve-truncated.pcapng", "the inner Ethernet header is cut off: plain UDP"),
    ("mpls-6in6-6in6-4in6-invalid-version-4.pcap", "the inner header is no IPv4: the tunnel is not entered"),
    ("wrong-version-ipv4-ipv6.pcap", "the inner header is no IPv4: the tunnel is not entered"),
    ("ipv6-mobility-dst-opts.pcap", "tshark stops at the mobility header, UDP stands behind it"),
    ("pbb-recursive-frames.pcapng", "more headers than are walked"),
];

/// True if the difference is one of principle.
fn explained(p: &Packet, ours: Option<&str>, theirs: Option<&str>) -> bool {
    // tshark reads ports out of the first fragment, we wait for the whole datagram.
    if p.is_fragment() || p.status == Status::TooDeep {
        return true;
    }
    // Of broken headers tshark shows the fields that are there; what they say is not comparable.
    if matches!(p.status, Status::Malformed | Status::Truncated) {
        return true;
    }
    // The IP length is greater than the frame: tshark counts what is there, we what was sent.
    let ends = |s: Option<&str>| s.and_then(|s| s.rsplit_once(' ')).map(|(head, _)| head.to_owned());
    p.payload_wire > p.payload_len && ends(ours) == ends(theirs)
}

/// Differences of one capture, and the packets compared.
fn compare(path: &Path) -> (Vec<String>, usize) {
    let said = corpus::output("tshark", &arguments(), path);
    let mut reader = Reader::open(path, Options { sha256: false, buffer: 1 << 16 }).expect("a capture");
    let (mut wrong, mut lines, mut compared) = (Vec::new(), said.lines(), 0);
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    while let Some(r) = reader.next_record() {
        let Some(line) = lines.next() else { break };
        let p = decode(r.link, r.wire_len, r.data);
        let (theirs, ours) = (theirs(line), ours(&p));
        compared += 1;
        if theirs != ours && !explained(&p, ours.as_deref(), theirs.as_deref()) {
            let seen = (p.net, p.status, p.tunnel);
            wrong.push(format!("{name} {}: {ours:?}, not {theirs:?}; {seen:?} {line}", r.frame));
        }
    }
    (wrong, compared)
}

/// Captures of link types and tunnels, and every eighth of the others. All of them, if
/// `SENTINEL_CORPUS_ALL` is set: that takes minutes.
fn sample(n: usize, path: &Path) -> bool {
    const NAMES: [&str; 21] = [
        "tunnel", "vxlan", "gre", "geneve", "gtp", "capwap", "vlan", "qinq", "mpls", "ppp", "wlan", "80211",
        "nflog", "relay", "teredo", "6in4", "4in6", "ipv6", "frag", "vntag", "erspan",
    ];
    let name = path.to_string_lossy();
    std::env::var_os("SENTINEL_CORPUS_ALL").is_some()
        || n.is_multiple_of(8)
        || NAMES.iter().any(|w| name.contains(w))
}

#[test]
fn headers_agree_with_tshark() {
    let Some(captures) = corpus::captures() else { return };
    if !corpus::have("tshark") {
        return;
    }
    let (mut wrong, mut compared) = (Vec::new(), 0);
    for (_, path) in captures.iter().enumerate().filter(|(n, path)| sample(*n, path)) {
        let judged = JUDGED.iter().any(|(name, _)| path.ends_with(name));
        let (differences, packets) = compare(path);
        compared += packets;
        if !judged {
            wrong.extend(differences);
        }
    }
    println!("{compared} packets compared");
    assert!(compared > 10_000, "tshark said nothing");
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}
