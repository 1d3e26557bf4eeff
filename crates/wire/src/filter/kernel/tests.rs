//! The kernel's program against the filter itself, run by a small interpreter.

use crate::decode::tests::build::*;
use crate::decode::tests::random::sample;
use crate::decode::{LinkType, decode};
use crate::engine::subject;
use crate::filter::Filter;
use proptest::prelude::*;
use sentinel_ring::{Insn, Link};

const ETHERNET: Link = Link { number: 1, cooked: false, doubled: false };
const BARE: Link = Link { number: 101, cooked: false, doubled: false };

/// Runs a program as the kernel does, on a frame and the tag it took out of it; refuses what the kernel
/// refuses: jumps out of the program, memory that was not written. A load behind the end gives 0.
fn run(program: &[Insn], frame: &[u8], tag: Option<u16>) -> u32 {
    let (mut a, mut x, mut memory) = (0u32, 0u32, [None; 16]);
    let mut at = 0;
    loop {
        let i = program[at];
        at += 1;
        let loaded = |at: u32, size: usize| match at.checked_sub(0xffff_f000) {
            Some(44) => Some(u32::from(tag.unwrap_or(0))),
            Some(48) => Some(u32::from(tag.is_some())),
            Some(_) => panic!("unknown place {at:#x}"),
            None => {
                let bytes = frame.get(at as usize..at as usize + size)?;
                Some(bytes.iter().fold(0, |all, b| all << 8 | u32::from(*b)))
            }
        };
        let size = match i.code & 0x18 {
            0x00 => 4,
            0x08 => 2,
            _ => 1,
        };
        match i.code {
            0x00 => a = i.k,
            0x01 => x = i.k,
            0x20 | 0x28 | 0x30 => match loaded(i.k, size) {
                Some(n) => a = n,
                None => return 0,
            },
            0x40 | 0x48 | 0x50 => match loaded(x + i.k, size) {
                Some(n) => a = n,
                None => return 0,
            },
            0x60 => a = memory[i.k as usize].expect("memory that was written"),
            0x61 => x = memory[i.k as usize].expect("memory that was written"),
            0x80 => a = frame.len() as u32,
            0x02 => memory[i.k as usize] = Some(a),
            0x04 => a = a.wrapping_add(i.k),
            0x0c => a = a.wrapping_add(x),
            0x1c => a = a.wrapping_sub(x),
            0x54 => a &= i.k,
            0x64 => a <<= i.k,
            0x74 => a >>= i.k,
            0x07 => x = a,
            0x87 => a = x,
            0x05 => at += i.k as usize,
            0x15 | 0x25 | 0x35 | 0x3d | 0x45 => {
                let holds = match i.code {
                    0x15 => a == i.k,
                    0x25 => a > i.k,
                    0x35 => a >= i.k,
                    0x3d => a >= x,
                    _ => a & i.k != 0,
                };
                at += usize::from(if holds { i.jt } else { i.jf });
            }
            0x06 => return i.k,
            code => panic!("opcode {code:#x}"),
        }
    }
}

/// What the kernel hands to a filter: the frame without its first tag if that is 802.1Q or 802.1ad.
fn taken_out(frame: &[u8]) -> (Vec<u8>, Option<u16>) {
    match frame.get(12..16) {
        Some([0x81, 0x00, a, b] | [0x88, 0xa8, a, b]) if frame.len() >= 18 => {
            (cat(&[&frame[..12], &frame[16..]]), Some(u16::from_be_bytes([*a, *b])))
        }
        _ => (frame.to_vec(), None),
    }
}

fn ours(filter: &Filter, link: u16, frame: &[u8]) -> bool {
    filter.matches(&subject(&decode(LinkType(link), frame.len() as u32, frame)))
}

/// The tests of the grammar, with values that packets of the tests have, joined in all ways.
fn text() -> impl Strategy<Value = String> {
    let leaf = proptest::sample::select(vec![
        "tcp",
        "udp",
        "sctp",
        "icmp",
        "icmp6",
        "ip",
        "ip6",
        "arp",
        "vlan",
        "vlan 5",
        "vlan 0",
        "host 10.0.0.1",
        "src host 10.0.0.1",
        "dst 10.0.0.2",
        "net 10.0.0.0/30",
        "net 10.0.0.8/29",
        "src net 10.0.0.0/8",
        "net 0.0.0.0/0",
        "net fd00::/16",
        "host fd00::1",
        "dst net fd00::8/125",
        "net ::/0",
        "net fd00::/33",
        "port 1000",
        "src port 1000",
        "dst port 2000",
        "portrange 100-1500",
        "tcp port 2000",
        "udp port 4789",
        "port 0",
        "ether host 02:00:00:00:00:05",
        "ether src 02:00:00:00:00:0d",
        "ether dst 02:00:00:00:00:0d",
        "ether host 02:00:00:00:00:0a",
    ])
    .prop_map(str::to_owned);
    leaf.prop_recursive(4, 24, 2, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} and {b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} or {b})")),
            inner.prop_map(|a| format!("not ({a})")),
        ]
    })
}

/// Packets that are what they seem: both must agree on them.
fn plain() -> impl Strategy<Value = Vec<u8>> {
    let payload = proptest::sample::select(vec![&b""[..], b"abcd", b"a longer payload of some octets"]);
    let port = proptest::sample::select(vec![0u16, 80, 502, 1000, 1500, 2000, 40000]);
    let transport = (port.clone(), port, payload, 0u8..5).prop_map(|(s, d, payload, kind)| match kind {
        0 => (6, tcp(s, d, payload)),
        1 => (17, udp(s, d, payload)),
        2 => (132, cat(&[&s.to_be_bytes(), &d.to_be_bytes(), &[0; 8], payload])),
        3 => (1, cat(&[&[8, 0, 0, 0, 0, 1, 0, 1], payload])),
        _ => (58, cat(&[&[128, 0, 0, 0, 0, 1, 0, 1], payload])),
    });
    let ip = (transport, 1u8..10, 1u8..10, 0u8..3).prop_map(|((proto, inner), a, b, kind)| match kind {
        0 => (0x0800, ip4_between(a, b, proto, 0x4000, &inner)),
        1 => (0x86dd, ip6_between(a, b, proto, &inner)),
        _ => (0x0806, vec![0; 28]),
    });
    let tags = proptest::collection::vec(
        (
            proptest::sample::select(vec![0x8100u16, 0x88a8, 0x9100]),
            proptest::sample::select(vec![0u16, 5, 0x2005, 7]),
        ),
        0..3,
    );
    (ip, tags).prop_map(|((kind, packet), tags)| {
        let tagged = tags.iter().rev().fold((kind, packet), |(kind, inner), (tpid, tci)| {
            (*tpid, cat(&[&tci.to_be_bytes(), &kind.to_be_bytes(), &inner]))
        });
        eth(tagged.0, &tagged.1)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_lost(
        text in text(),
        packet in prop_oneof![sample(), plain(), proptest::collection::vec(any::<u8>(), 0..120)],
        changes in proptest::collection::vec((0usize..90, any::<u8>()), 0..4),
        cut in 0usize..200,
    ) {
        let filter = Filter::parse(&text).unwrap();
        let mut frame = packet;
        for (at, value) in changes {
            if let Some(b) = frame.get_mut(at) {
                *b = value;
            }
        }
        frame.truncate(cut.max(10));
        let program = filter.kernel(ETHERNET, 0).unwrap();
        let (data, tag) = taken_out(&frame);
        for (data, tag) in [(&data, tag), (&frame, None)] {
            if ours(&filter, 1, &frame) {
                prop_assert_eq!(run(&program, data, tag), u32::MAX, "{} {:02x?}", text, &frame);
            }
        }
    }

    #[test]
    fn plain_packets_are_judged_alike(text in text(), frame in plain()) {
        let filter = Filter::parse(&text).unwrap();
        let program = filter.kernel(ETHERNET, 96).unwrap();
        let (data, tag) = taken_out(&frame);
        let expected = if ours(&filter, 1, &frame) { 96 } else { 0 };
        prop_assert_eq!(run(&program, &data, tag), expected, "{} {:02x?}", text, &frame);
    }

    #[test]
    fn bare_packets_too(text in text(), frame in plain(), cut in 0usize..100) {
        let filter = Filter::parse(&text).unwrap();
        let program = filter.kernel(BARE, 0).unwrap();
        let packet = &frame[14..];
        if !matches!(packet[0] >> 4, 4 | 6) {
            return Ok(());
        }
        let whole = ours(&filter, 101, packet);
        if !matches!(frame[12..14], [0x08, 0x06] | [0x81, _] | [0x88, _] | [0x91, _]) {
            prop_assert_eq!(run(&program, packet, None) != 0, whole, "{} {:02x?}", text, packet);
        }
        let packet = &packet[..cut.min(packet.len())];
        if ours(&filter, 101, packet) {
            prop_assert!(run(&program, packet, None) != 0, "{} {:02x?}", text, packet);
        }
    }
}

#[test]
fn tunnels_pass_whatever_is_outside() {
    let frame = eth(0x0800, &ip4(17, &udp(4789, 4789, &cat(&[&[8, 0, 0, 0, 0, 0, 5, 0], &inner_eth()]))));
    let filter = Filter::parse("port 2000").unwrap();
    assert!(ours(&filter, 1, &frame));
    assert_eq!(run(&filter.kernel(ETHERNET, 0).unwrap(), &frame, None), u32::MAX);
}

#[test]
fn what_is_too_long_for_the_kernel_is_left_to_us() {
    let long: Vec<String> = (0..2000).map(|n| format!("port {n}")).collect();
    assert_eq!(Filter::parse(&long.join(" or ")).unwrap().kernel(ETHERNET, 0), None);
    let cooked = Link { number: 113, cooked: true, doubled: false };
    assert_eq!(Filter::parse("tcp").unwrap().kernel(cooked, 0), None);
}
