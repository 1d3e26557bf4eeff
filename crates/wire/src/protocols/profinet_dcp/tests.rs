use super::SPEC;
use crate::probe::{Role, Verdict};
use crate::testkit::Dialogue;
use proptest::prelude::*;

const SET: (u16, u8, u8) = (0xFEFD, 4, 0);
const SET_OK: (u16, u8, u8) = (0xFEFD, 4, 1);
const IDENTIFY: (u16, u8, u8) = (0xFEFE, 5, 0);
const IDENTIFY_OK: (u16, u8, u8) = (0xFEFF, 5, 1);

/// A frame padded as Ethernet does.
fn frame((id, service, kind): (u16, u8, u8), xid: u32, blocks: &[u8]) -> Vec<u8> {
    let mut out = id.to_be_bytes().to_vec();
    out.extend_from_slice(&[service, kind]);
    out.extend_from_slice(&xid.to_be_bytes());
    out.extend_from_slice(&[0, 0]);
    out.extend_from_slice(&(blocks.len() as u16).to_be_bytes());
    out.extend_from_slice(blocks);
    out.resize(out.len().max(46), 0);
    out
}
fn block(option: u8, suboption: u8, head: Option<u16>, data: &[u8]) -> Vec<u8> {
    let body = [&head.map_or(Vec::new(), |h| h.to_be_bytes().to_vec())[..], data].concat();
    let mut out = vec![option, suboption];
    out.extend_from_slice(&(body.len() as u16).to_be_bytes());
    out.extend_from_slice(&body);
    if body.len() % 2 == 1 {
        out.push(0);
    }
    out
}
const ADDRESS: [u8; 12] = [10, 0, 0, 9, 255, 255, 255, 0, 10, 0, 0, 1];

#[test]
fn setting_an_address_is_accepted_or_refused() {
    let ask = frame(SET, 7, &block(1, 2, Some(1), &ADDRESS));
    let reply = |error| frame(SET_OK, 7, &block(5, 4, None, &[1, 2, error]));
    let seen = Dialogue::l2(&SPEC).client(&ask).server(&reply(0)).end();
    assert_eq!(seen.ops(), ["profinet-dcp set_ip accepted x1"]);
    let stat = seen.obs.operations.values().next().expect("one operation");
    assert_eq!((stat.action.name(), stat.target.as_deref()), ("set-address", Some("10.0.0.9/24")));
    assert_eq!(seen.obs.bindings.len(), 1);
    let seen = Dialogue::l2(&SPEC).client(&ask).server(&reply(6)).end();
    assert_eq!(seen.ops(), ["profinet-dcp set_ip refused x1"]);
    assert_eq!(seen.obs.bindings.len(), 0);
    let seen = Dialogue::l2(&SPEC).client(&ask).end();
    assert_eq!(seen.ops(), ["profinet-dcp set_ip unknown x1"]);
}

#[test]
fn every_kind_of_set_has_its_name() {
    let blocks = [
        block(5, 1, None, &[0, 0]),
        block(2, 2, Some(1), b"pump-7"),
        block(5, 3, Some(0), &[1, 0]),
        block(5, 6, Some(4), &[]),
        block(5, 2, None, &[0, 0]),
    ]
    .concat();
    let reply = [block(5, 4, None, &[2, 2, 0]), block(5, 4, None, &[5, 6, 5])].concat();
    let seen = Dialogue::l2(&SPEC).client(&frame(SET, 1, &blocks)).server(&frame(SET_OK, 1, &reply)).end();
    let mut ops = seen.ops();
    ops.sort();
    assert_eq!(
        ops,
        [
            "profinet-dcp set_name_of_station accepted x1",
            "profinet-dcp set_reset_to_factory refused x1",
            "profinet-dcp set_signal accepted x1"
        ]
    );
}

#[test]
fn answers_tell_identity() {
    let blocks = [
        block(2, 1, Some(0), b"S7-1200"),
        block(2, 2, Some(0), b"plc_1"),
        block(2, 3, Some(0), &[0, 0x2A, 1, 0x0D]),
        block(2, 4, Some(0), &[2, 0]),
        block(1, 2, Some(1), &ADDRESS),
    ]
    .concat();
    let seen = Dialogue::l2(&SPEC)
        .client(&frame(IDENTIFY, 3, &block(255, 255, None, &[])))
        .server(&frame(IDENTIFY_OK, 3, &blocks))
        .end();
    assert_eq!(seen.ops(), ["profinet-dcp identify accepted x1"]);
    let facts = seen.facts();
    for fact in [
        "product=S7-1200",
        "name=plc_1",
        "id:profinet-name=plc_1",
        "vendor=Siemens AG",
        "role=plc",
        "ip=10.0.0.9",
    ] {
        assert!(facts.contains(&format!("server {fact}")), "{fact}");
    }
    assert_eq!(seen.obs.bindings.len(), 1);
    assert_eq!(seen.field(1, "profinet_dcp.name_of_station").as_deref(), Some("plc_1"));
}

#[test]
fn cyclic_data_and_bad_frames_are_no_harm() {
    let mut short = frame(SET, 7, &block(1, 2, Some(1), &ADDRESS));
    short.truncate(20);
    let seen = Dialogue::l2(&SPEC).client(&[0x80, 0, 1, 2, 3, 4]).client(&short).end();
    assert!(seen.ops().is_empty());
    assert_eq!(seen.obs.parse_errors.get("profinet-dcp"), Some(&1));
}

#[test]
fn identifies_and_refuses() {
    let d = Dialogue::l2(&SPEC);
    assert_eq!(d.identify(true, &frame(IDENTIFY, 1, &[])), Verdict::Strong(Role::Client));
    assert_eq!(d.identify(true, &frame(IDENTIFY_OK, 1, &[])), Verdict::Strong(Role::Server));
    assert_eq!(d.identify(true, &frame((0xFEFC, 6, 0), 1, &[])), Verdict::Strong(Role::Server));
    assert_eq!(d.identify(true, &frame((0x8000, 0, 0), 1, &[])), Verdict::No);
    assert_eq!(d.identify(true, &frame((0xFEFE, 4, 0), 1, &[])), Verdict::No);
    let tcp = Dialogue::tcp(&SPEC, 102);
    assert_eq!(tcp.identify(true, &frame(IDENTIFY, 1, &[])), Verdict::No);
}

proptest! {
    #[test]
    fn never_panics(data in proptest::collection::vec(any::<u8>(), 0..120), service in 3u8..7, kind in 0u8..6) {
        let d = Dialogue::l2(&SPEC);
        let _verdict = d.identify(true, &data);
        let id = [0xFEFD, 0xFEFD, 0xFEFD, 0xFEFE, 0xFEFF, 0xFEFC][usize::from(service + kind) % 6];
        let made = frame((id, service, kind), 1, &data);
        let set = frame(SET, 1, &data);
        let _verdict = d.identify(true, &made);
        let _seen = d.client(&data).client(&set).server(&made).client(&made).end();
    }
}
