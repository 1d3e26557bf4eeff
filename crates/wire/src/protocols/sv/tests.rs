use super::*;
use crate::obs::{EventMode, Observations, StoredEvent};
use crate::testkit::{CLIENT_MAC, Dialogue, SERVER_MAC};
use proptest::prelude::*;

fn tlv(tag: u8, body: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    match body.len() {
        n @ 0..=127 => out.push(n as u8),
        n => out.extend([0x82, (n >> 8) as u8, n as u8]),
    }
    out.extend(body);
    out
}

fn asdu(id: &str, count: u16, synch: u8) -> Vec<u8> {
    let mut samples = vec![0; 64];
    samples[..4].copy_from_slice(&(-1500i32).to_be_bytes());
    samples[8..10].copy_from_slice(&count.to_be_bytes());
    let body = [
        tlv(0x80, id.as_bytes()),
        tlv(0x82, &count.to_be_bytes()),
        tlv(0x83, &[0, 0, 0, 1]),
        tlv(0x85, &[synch]),
        tlv(0x87, &samples),
    ]
    .concat();
    tlv(0x30, &body)
}

fn frame_of(asdus: &[Vec<u8>], simulated: bool) -> Vec<u8> {
    let apdu = tlv(0x60, &[tlv(0x80, &[asdus.len() as u8]), tlv(0xa2, &asdus.concat())].concat());
    let mut out = vec![0x40, 0];
    out.extend(((apdu.len() + 8) as u16).to_be_bytes());
    out.extend([if simulated { 0x80 } else { 0 }, 0, 0, 0]);
    out.extend(apdu);
    out
}

fn frame(count: u16) -> Vec<u8> {
    frame_of(&[asdu("MU01", count, 2)], false)
}

/// Plays frames of two stations to one shard: (is it the second, microseconds, payload).
fn play(mode: EventMode, all: &[(bool, i64, Vec<u8>)]) -> (Observations, Vec<StoredEvent>) {
    use crate::cx::{End, FlowMeta};
    use crate::obs::{HostKey, Limits};
    let mut obs = Observations::new(Limits::default(), mode);
    let mut probe = (SPEC.open)();
    for (i, (second, micros, payload)) in all.iter().enumerate() {
        let mut end = |mac: Mac| {
            let addr = HostAddr::Mac(mac);
            End { host: obs.host(HostKey::new(0, addr)).expect("room"), addr, port: 0, mac: Some(mac) }
        };
        let client = end(Mac([1, 0x0c, 0xcd, 4, 0, 1]));
        let server = end(if *second { CLIENT_MAC } else { SERVER_MAC });
        let mut flow = FlowMeta { client, server, transport: Transport::L2, vlan: 0, oriented: false };
        let at = Stamp { time: 1_700_000_000_000_000 + micros, frame: i as u64 + 1, source: 0 };
        obs.events.at_packet(i as u64 + 1);
        let obs = &mut obs;
        let mut cx =
            Cx { flow: &mut flow, from: Side::Server, at, protocol: "sv", pdus: true, obs, swapped: false };
        assert!(probe.datagram(&mut cx, payload).is_ok());
    }
    let events = obs.events.take();
    (obs, events)
}

fn actions(all: &[(bool, i64, Vec<u8>)]) -> Vec<String> {
    let (_, events) = play(EventMode::Notable, all);
    let action = |e: &StoredEvent| match e.fields.iter().find(|(n, _)| *n == "event.action") {
        Some((_, Val::Str(s))) => s.to_string(),
        other => format!("{other:?}"),
    };
    events.iter().map(action).collect()
}

/// Samples of one publisher with these counters, 250 µs apart.
fn counted(counts: impl IntoIterator<Item = u16>) -> Vec<(bool, i64, Vec<u8>)> {
    counts.into_iter().enumerate().map(|(i, c)| (false, 250 * i as i64, frame(c))).collect()
}

#[test]
fn a_sample_is_read() {
    let two = frame_of(&[asdu("MU01", 7, 2), asdu("MU01", 8, 2)], false);
    let seen = Dialogue::l2(&SPEC).server(&two).end();
    assert_eq!(seen.field(0, "sv.id").as_deref(), Some("MU01"));
    assert_eq!(seen.field(0, "sv.smp_cnt").as_deref(), Some("7"));
    assert!(seen.field(0, "sv.values").unwrap_or_default().starts_with("[Int(-1500), "));
    assert_eq!(seen.facts(), ["server role=ied", "server sv-id=MU01"]);
    let counts: Vec<_> = (0..seen.events.len()).filter_map(|i| seen.field(i, "sv.smp_cnt")).collect();
    assert!(counts.contains(&"8".to_owned()));
}

#[test]
fn an_orderly_stream_says_little() {
    let seconds = (0..3).flat_map(|_| 0..4000u16);
    assert_eq!(actions(&counted(seconds)), ["new_publisher"]);
    // as it is after a capture began inside a second
    assert_eq!(actions(&counted([3998, 3999, 0, 1])), ["new_publisher"]);
}

#[test]
fn what_does_not_fit_is_said() {
    assert_eq!(actions(&counted([5, 6, 9])), ["new_publisher", "smp_cnt_jump"]);
    assert_eq!(actions(&counted([50, 51, 20])), ["new_publisher", "smp_cnt_replay"]);
    let resets = (0..3).flat_map(|_| 0..4000u16).chain(0..100).chain(0..100);
    assert_eq!(actions(&counted(resets)), ["new_publisher", "smp_cnt_reset"]);
    let lost = (0..3).flat_map(|_| 0..4000u16).chain(0..3990).chain(10..20);
    assert_eq!(actions(&counted(lost)), ["new_publisher", "smp_cnt_jump"]);
    let free = frame_of(&[asdu("MU01", 2, 0)], true);
    let all = vec![(false, 0, frame(1)), (false, 250, free)];
    assert_eq!(actions(&all), ["new_publisher", "simulation", "smp_synch_change"]);
    let pause = vec![(false, 0, frame(1)), (false, 900_000, frame(3600))];
    assert_eq!(actions(&pause), ["new_publisher", "pause"]);
}

#[test]
fn another_publisher_injects() {
    let mut all = Vec::new();
    for i in 0..100u16 {
        all.push((false, 250 * i64::from(i), frame(i)));
        all.push((true, 250 * i64::from(i) + 10, frame_of(&[asdu("MU01", i + 1, 0)], false)));
    }
    assert_eq!(actions(&all), ["new_publisher", "second_publisher", "publish", "publish"]);
    let (obs, _) = play(EventMode::Notable, &all);
    let (key, stat) = obs.operations.iter().next().expect("one operation");
    assert_eq!((stat.action, stat.seen.count), (Action::Inject, 100));
    let addr = |id: crate::obs::HostId| obs.hosts[id.0 as usize].0.addr;
    assert_eq!((addr(key.client), addr(key.server)), (HostAddr::Mac(CLIENT_MAC), HostAddr::Mac(SERVER_MAC)));
}

#[test]
fn a_copy_on_another_path_is_no_replay() {
    assert_eq!(actions(&counted([1, 1, 2, 3, 2, 3, 4])), ["new_publisher"]);
}

#[test]
fn identifies_and_refuses() {
    let d = Dialogue::l2(&SPEC);
    assert_eq!(d.identify(true, &frame(1)), Verdict::Strong(Role::Server));
    let mut wrong = frame(1);
    wrong[10] = 0x81;
    assert_eq!(d.identify(true, &wrong), Verdict::No);
    assert_eq!(d.identify(true, &frame(1)[..30]), Verdict::No);
    assert_eq!(Dialogue::udp(&SPEC, 102).identify(true, &frame(1)), Verdict::No);
}

proptest! {
    #[test]
    fn never_panics(
        data in proptest::collection::vec(any::<u8>(), 0..200),
        flips in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        counts in proptest::collection::vec(any::<u16>(), 0..20),
    ) {
        let mut mutated = frame(9);
        for (at, value) in &flips {
            let i = at.index(mutated.len());
            mutated[i] = *value;
        }
        let d = Dialogue::l2(&SPEC);
        let _verdict = (d.identify(true, &data), d.identify(true, &mutated));
        let mut d = d.server(&data).server(&mutated);
        for count in counts {
            d = d.server(&frame(count));
        }
        let _seen = d.end();
        let _seen = Dialogue::udp(&SPEC, 102).client(&data).end();
    }
}
