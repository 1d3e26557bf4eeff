use super::SPEC;
use crate::probe::{Role, Verdict};
use crate::testkit::{Dialogue, Seen};
use proptest::prelude::*;

const STARTDT_ACT: [u8; 6] = [0x68, 4, 7, 0, 0, 0];
const STARTDT_CON: [u8; 6] = [0x68, 4, 0x0B, 0, 0, 0];

/// An I-format APDU: type, cause (with its flags), common address 3, one object.
fn apdu(kind: u8, cause: u8, address: u32, element: &[u8]) -> Vec<u8> {
    let mut out = vec![0x68, (13 + element.len()) as u8, 2, 0, 4, 0, kind, 1, cause, 0, 3, 0];
    out.extend_from_slice(&address.to_le_bytes()[..3]);
    out.extend_from_slice(element);
    out
}
fn talk(client: &[u8], server: &[u8], split: usize) -> Seen {
    Dialogue::tcp(&SPEC, 2404).client_split(client, split).server_split(server, split).end()
}

#[test]
fn command_is_confirmed_for_every_split() {
    for split in 1..24 {
        let ask = [STARTDT_ACT.to_vec(), apdu(45, 6, 4500, &[0x81])].concat();
        let reply = [STARTDT_CON.to_vec(), apdu(45, 7, 4500, &[0x81])].concat();
        let seen = talk(&ask, &reply, split);
        assert_eq!(seen.ops(), ["iec104 startdt accepted x1", "iec104 c_sc_na_1 accepted x1"]);
        assert!(seen.facts().contains(&"server id:iec104-ca=3".to_owned()));
        assert!(seen.facts().contains(&"client station=controlling station".to_owned()));
    }
}

#[test]
fn negative_and_unknown_are_refused() {
    let ask = apdu(50, 6, 77, &[0, 0, 0x20, 0x41, 0]);
    let seen = talk(&ask, &apdu(50, 0x47, 77, &[0, 0, 0x20, 0x41, 0]), 99);
    assert_eq!(seen.ops(), ["iec104 c_se_nc_1 refused x1"]);
    let stat = seen.obs.operations.values().next().expect("one operation");
    assert_eq!(stat.value, Some(10.0f64.into()));
    assert_eq!(stat.ranges, [(77, 1)]);
    let seen = talk(&ask, &apdu(50, 47, 77, &[0, 0, 0x20, 0x41, 0]), 99);
    let stat = seen.obs.operations.values().next().expect("one operation");
    assert_eq!(stat.exception, Some((47, "unknown_information_object_address".into())));
}

#[test]
fn actions_follow_the_type() {
    let seen = talk(&apdu(103, 6, 0, &[0x10, 0x27, 30, 12, 5, 3, 24]), &apdu(103, 7, 0, &[0; 7]), 99);
    assert_eq!(seen.ops(), ["iec104 c_cs_na_1 accepted x1"]);
    let stat = seen.obs.operations.values().next().expect("one operation");
    assert_eq!(stat.action.name(), "set-time");
    assert_eq!(stat.value, Some("2024-03-05 12:30:10.000".into()));
    let seen = talk(&apdu(105, 6, 0, &[1]), &[], 99);
    assert_eq!(seen.ops(), ["iec104 c_rp_na_1 unknown x1"]);
    let seen = talk(&apdu(105, 6, 0, &[1]), &STARTDT_CON, 99);
    assert_eq!(seen.ops(), ["iec104 c_rp_na_1 no-answer x1"]);
}

#[test]
fn interrogation_of_all_stations_is_confirmed_by_one() {
    let mut ask = apdu(100, 6, 0, &[20]);
    (ask[10], ask[11]) = (0xFF, 0xFF);
    let seen = talk(&ask, &apdu(100, 7, 0, &[20]), 99);
    assert_eq!(seen.ops(), ["iec104 c_ic_na_1 accepted x1"]);
}

#[test]
fn reading_an_object_is_answered_by_it() {
    let seen = talk(&apdu(102, 5, 9, &[]), &apdu(13, 5, 9, &[0, 0, 0, 0, 0]), 99);
    assert_eq!(seen.ops(), ["iec104 c_rd_na_1 accepted x1"]);
}

#[test]
fn files_are_selected_and_deleted() {
    let select = apdu(122, 13, 5, &[1, 0, 0, 1]);
    let ready = apdu(120, 13, 5, &[1, 0, 10, 0, 0, 0]);
    let delete = apdu(122, 13, 5, &[1, 0, 0, 4]);
    let refused = apdu(122, 0x4D, 5, &[1, 0, 0, 4]);
    let seen =
        Dialogue::tcp(&SPEC, 2404).client(&select).server(&ready).client(&delete).server(&refused).end();
    assert_eq!(seen.ops(), ["iec104 select_file accepted x1", "iec104 delete_file refused x1"]);
}

#[test]
fn one_bad_unit_does_not_cost_the_flow() {
    let mut bad = apdu(45, 6, 1, &[1]);
    bad[6] = 200;
    let seen = talk(&[bad, apdu(46, 6, 2, &[2])].concat(), &apdu(46, 7, 2, &[2]), 99);
    assert_eq!(seen.ops(), ["iec104 c_dc_na_1 accepted x1"]);
    assert_eq!(seen.obs.parse_errors.get("iec104"), Some(&1));
}

#[test]
fn every_pdu_is_an_event() {
    let seen = talk(&apdu(45, 6, 4500, &[0x81]), &[0x68, 4, 1, 0, 2, 0], 99);
    assert_eq!(seen.field(0, "iec104.cause_name").as_deref(), Some("activation"));
    assert_eq!(seen.field(0, "iec104.select").as_deref(), Some("true"));
    assert_eq!(seen.field(0, "iec104.send_sequence").as_deref(), Some("1"));
    assert_eq!(seen.field(1, "iec104.format").as_deref(), Some("S"));
}

/// A spontaneous report whose time tag is so many seconds after 2023-11-14 22:13:20 UTC, where dialogues begin.
fn report(second: i64) -> Vec<u8> {
    let text = crate::protocols::iec61850::time_text((1_700_000_000 + second) * 1_000_000);
    let n = |from: usize, to: usize| text[from..to].parse::<u16>().expect("digits");
    let ms = (n(17, 19) * 1000).to_le_bytes();
    let rest = [n(14, 16), n(11, 13), n(8, 10), n(5, 7), n(2, 4)].map(|v| v as u8);
    apdu(30, 3, 7, &[&[1], &ms[..], &rest].concat())
}

/// Values of a field of all events that have it.
fn told(seen: &Seen, name: &str) -> Vec<String> {
    (0..seen.events.len()).filter_map(|i| seen.field(i, name)).collect()
}

#[test]
fn a_station_tells_its_clock_and_its_jump() {
    let mut d = Dialogue::tcp(&SPEC, 2404);
    for i in 0..12 {
        let off = if i < 6 { 0 } else { 3600 };
        d = d.server(&report(i * 10 + off)).wait(10_000_000);
    }
    let seen = d.end();
    let offsets: Vec<i64> =
        told(&seen, "ot.device.clock_offset").iter().map(|s| s.parse::<f64>().expect("seconds").round() as i64).collect();
    assert_eq!(offsets, [0, 3600]);
    assert_eq!(told(&seen, "ot.device.clock_before").len(), 1);
    assert!(told(&seen, "ot.device.time")[0].starts_with("2023-11-14T22:13:40"));
    // one that is not sure of its time says nothing of it
    let mut unsure = report(9999);
    unsure[12 + 1 + 3 + 2] |= 0x80;
    let seen = (0..5).fold(Dialogue::tcp(&SPEC, 2404), |d, _| d.server(&unsure).wait(10_000_000)).end();
    assert!(told(&seen, "ot.device.time").is_empty());
}

#[test]
fn values_that_are_all_invalid_are_a_fault() {
    let units = |quality: u8| {
        let mut out = vec![0x68, 26, 2, 0, 4, 0, 1, 4, 20, 0, 3, 0];
        (0..4u8).for_each(|n| out.extend_from_slice(&[n + 1, 0, 0, quality]));
        out
    };
    let seen = Dialogue::tcp(&SPEC, 2404).server(&units(0x80)).server(&units(0x81)).server(&units(1)).end();
    assert_eq!(told(&seen, "ot.device.fault"), ["values_invalid"]);
    let some = [&units(0x80)[..15], &[1], &units(0x80)[16..]].concat();
    assert!(told(&Dialogue::tcp(&SPEC, 2404).server(&some).end(), "ot.device.fault").is_empty());
    // gone, and there again much later
    let d = Dialogue::tcp(&SPEC, 2404).server(&units(0x80)).server(&units(0)).wait(601_000_000);
    assert_eq!(told(&d.server(&units(0x80)).end(), "ot.device.fault").len(), 2);
}

#[test]
fn identifies_and_refuses() {
    let d = Dialogue::tcp(&SPEC, 9999);
    assert_eq!(d.identify(true, &STARTDT_ACT), Verdict::Strong(Role::Client));
    assert_eq!(d.identify(false, &STARTDT_CON), Verdict::Strong(Role::Server));
    assert_eq!(d.identify(true, &apdu(45, 6, 1, &[1])), Verdict::Strong(Role::Client));
    assert_eq!(d.identify(false, &apdu(1, 3, 1, &[1])), Verdict::Strong(Role::Server));
    assert_eq!(d.identify(true, &apdu(45, 6, 1, &[1])[..9]), Verdict::Need);
    assert_eq!(d.identify(true, &[0x68, 4, 1, 0, 2, 0]), Verdict::Weak(Role::Unknown));
    // DL/T 645, Q/GDW 1376.1, CJ/T 188 begin with the same octet
    let meter = [0x68, 0x12, 0x34, 0x56, 0x78, 0x90, 0x12, 0x68, 0x11, 4, 0x33, 0x33, 0x34, 0x33, 0x9C, 0x16];
    let terminal = [0x68, 0x32, 0, 0x32, 0, 0x68, 0xC9, 1, 2, 3, 4, 5, 6];
    let heat = [0x68, 0x20, 1, 2, 3, 4, 5, 6, 7, 1, 3, 0x1F, 0x90, 0, 0xAA, 0x16];
    for other in [&meter[..], &terminal, &heat, b"hello world", &[0x05, 0x64, 5, 0, 0, 0, 0, 0]] {
        assert_eq!(d.identify(true, other), Verdict::No);
    }
}

proptest! {
    #[test]
    fn never_panics(data in proptest::collection::vec(any::<u8>(), 0..300), at in 0usize..64, byte: u8) {
        let d = Dialogue::tcp(&SPEC, 2404);
        let _verdict = d.identify(true, &data);
        let mut changed = [apdu(63, 6, 1, &[0; 12]), apdu(122, 13, 5, &[1, 0, 0, 1])].concat();
        let n = changed.len();
        changed[at % n] = byte;
        let wrapped = apdu(byte, 6, 1, &data[..data.len().min(200)]);
        let _verdict = d.identify(true, &wrapped);
        let _seen = d.client(&changed).server(&wrapped).client(&wrapped).gap(false, 9).server(&data).client(&data).end();
    }
}
