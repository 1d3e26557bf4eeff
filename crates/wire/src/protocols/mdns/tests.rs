use super::*;
use crate::testkit::Dialogue;
use proptest::prelude::*;

fn name(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    for label in text.split('.').filter(|l| !l.is_empty()) {
        out.push(label.len() as u8);
        out.extend(label.as_bytes());
    }
    out.push(0);
    out
}
fn record(owner: &str, rtype: u16, data: &[u8]) -> Vec<u8> {
    let mut out = name(owner);
    out.extend(rtype.to_be_bytes());
    out.extend(0x8001u16.to_be_bytes());
    out.extend(120u32.to_be_bytes());
    out.extend((data.len() as u16).to_be_bytes());
    out.extend(data);
    out
}
fn strings(entries: &[&str]) -> Vec<u8> {
    entries.iter().flat_map(|e| [&[e.len() as u8], e.as_bytes()].concat()).collect()
}
fn message(flags: u16, counts: [u16; 4], parts: &[Vec<u8>]) -> Vec<u8> {
    let mut out = vec![0, 0];
    out.extend(flags.to_be_bytes());
    for c in counts {
        out.extend(c.to_be_bytes());
    }
    out.extend(parts.concat());
    out
}
fn announcement(address: [u8; 4]) -> Vec<u8> {
    let srv = [&[0, 0, 0, 0, 2, 0x77][..], &name("box.local")].concat();
    message(
        0x8400,
        [0, 4, 0, 0],
        &[
            record("_ipp._tcp.local", 12, &name("Office._ipp._tcp.local")),
            record("Office._ipp._tcp.local", 33, &srv),
            record(
                "Office._ipp._tcp.local",
                16,
                &strings(&["ty=Maker LX", "usb_MFG=Maker", "note=Hall 3", "mac=02:00:00:00:00:07"]),
            ),
            record("box.local", 1, &address),
        ],
    )
}
fn query() -> Vec<u8> {
    message(0, [1, 0, 0, 0], &[[name("_ipp._tcp.local"), vec![0, 12, 0, 1]].concat()])
}

#[test]
fn a_device_tells_who_it_is() {
    let seen = Dialogue::udp(&SPEC, 5353).client(&announcement([10, 0, 0, 1])).end();
    assert_eq!(
        seen.facts(),
        [
            "client hostname=box.local",
            "client location=Hall 3",
            "client name=Office",
            "client product=Maker LX",
            "client role=printer",
            "client service=_ipp._tcp",
            "client service=_ipp._tcp:631",
            "client vendor=Maker",
        ]
    );
    assert!(seen.obs.facts.keys().all(|k| k.by_self));
    assert_eq!(seen.obs.bindings.len(), 2);
    assert!(seen.field(0, "dns.answers.data").unwrap().contains("Office._ipp._tcp.local"));
}

#[test]
fn a_reflector_speaks_of_others() {
    let seen = Dialogue::udp(&SPEC, 5353).client(&announcement([10, 0, 0, 9])).end();
    assert!(seen.facts().iter().all(|f| f.starts_with("10.0.0.9 ")));
    assert!(seen.obs.facts.keys().all(|k| !k.by_self));
    assert!(seen.obs.bindings.is_empty());
}

#[test]
fn known_answers_of_a_query_are_not_its_senders() {
    let known = message(
        0,
        [1, 1, 0, 0],
        &[
            [name("_ipp._tcp.local"), vec![0, 12, 0, 1]].concat(),
            record("_ipp._tcp.local", 12, &name("Office._ipp._tcp.local")),
        ],
    );
    assert!(Dialogue::udp(&SPEC, 5353).client(&known).end().facts().is_empty());
}

#[test]
fn told_from_unicast_dns() {
    let d = Dialogue::udp(&SPEC, 5353);
    assert_eq!(d.identify(true, &query()), Verdict::Strong(Role::Client));
    assert_eq!(d.identify(true, &announcement([10, 0, 0, 1])), Verdict::Strong(Role::Server));
    assert_eq!(Dialogue::udp(&SPEC, 53).identify(true, &query()), Verdict::No);
    let mut recursive = query();
    (recursive[1], recursive[2]) = (7, 1);
    assert_eq!(d.identify(true, &recursive), Verdict::No);
    assert_eq!(d.identify(true, b"\x80\x60\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"), Verdict::No);
}

proptest! {
    #[test]
    fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..100), at in 0usize..300, b: u8) {
        let mut bent = announcement([10, 0, 0, 1]);
        let at = at % bent.len();
        bent[at] = b;
        let d = Dialogue::udp(&SPEC, 5353);
        d.identify(true, &bytes);
        d.identify(true, &bent);
        d.client(&bytes).client(&bent).server(&bent).end();
    }
}
