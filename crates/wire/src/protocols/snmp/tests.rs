use super::*;
use crate::testkit::Dialogue;
use proptest::prelude::*;

fn tlv(tag: u8, body: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    if body.len() < 128 {
        out.push(body.len() as u8);
    } else {
        out.push(0x82);
        out.extend((body.len() as u16).to_be_bytes());
    }
    out.extend(body);
    out
}
fn seq(parts: &[Vec<u8>]) -> Vec<u8> {
    tlv(0x30, &parts.concat())
}
fn num(v: u8) -> Vec<u8> {
    tlv(2, &[v])
}
fn text(s: &str) -> Vec<u8> {
    tlv(4, s.as_bytes())
}
fn bind(oid: &[u8], value: Vec<u8>) -> Vec<u8> {
    seq(&[tlv(6, oid), value])
}
fn pdu(tag: u8, id: u8, status: u8, binds: &[Vec<u8>]) -> Vec<u8> {
    tlv(tag, &[num(id), num(status), num(0), seq(binds)].concat())
}
fn v2(community: &str, pdu: Vec<u8>) -> Vec<u8> {
    seq(&[num(1), text(community), pdu])
}
const ENGINE: &[u8] = &[0x80, 0, 0x21, 0xf3, 3, 2, 0, 0, 0, 0, 9];
fn v3(id: u8, flags: u8, engine: &[u8], user: &str, auth: &[u8], data: Vec<u8>) -> Vec<u8> {
    let usm = seq(&[tlv(4, engine), num(1), num(5), text(user), tlv(4, auth), tlv(4, &[])]);
    seq(&[num(3), seq(&[num(id), num(120), tlv(4, &[flags]), num(3)]), tlv(4, &usm), data])
}
fn scoped(pdu: Vec<u8>) -> Vec<u8> {
    seq(&[tlv(4, ENGINE), tlv(4, &[]), pdu])
}

const SYS_DESCR: &[u8] = &[0x2b, 6, 1, 2, 1, 1, 1, 0];
const SYS_NAME: &[u8] = &[0x2b, 6, 1, 2, 1, 1, 5, 0];
const SYS_OBJECT: &[u8] = &[0x2b, 6, 1, 2, 1, 1, 2, 0];

fn get() -> Vec<u8> {
    v2("public", pdu(0xa0, 1, 0, &[bind(SYS_DESCR, tlv(5, &[]))]))
}
fn response() -> Vec<u8> {
    let descr = text("Siemens, SIMATIC NET, CP 343-1, 6GK7 343-1EX30-0XE0, HW: 3, FW: V2.3.2, VPL6060018");
    v2(
        "public",
        pdu(
            0xa2,
            1,
            0,
            &[
                bind(SYS_DESCR, descr),
                bind(SYS_NAME, text("cell-7")),
                bind(SYS_OBJECT, tlv(6, &[0x2b, 6, 1, 4, 1, 0xa0, 0x64, 1])),
            ],
        ),
    )
}

#[test]
fn a_read_tells_community_and_identity() {
    let seen = Dialogue::udp(&SPEC, 161).client(&get()).server(&response()).end();
    assert_eq!(seen.ops(), ["snmp get_request accepted x1"]);
    assert_eq!(seen.creds(), ["community - public success"]);
    let facts = seen.facts();
    for fact in [
        "server vendor=Siemens",
        "server model=6GK7 343-1EX30-0XE0",
        "server firmware=V2.3.2",
        "server serial=VPL6060018",
        "server name=cell-7",
        "server sys_object_id=1.3.6.1.4.1.4196.1",
    ] {
        assert!(facts.iter().any(|f| f == fact), "{fact} in {facts:?}");
    }
    assert_eq!(seen.field(0, "snmp.pdu_type").as_deref(), Some("get_request"));
    assert_eq!(seen.field(1, "snmp.error_status").as_deref(), Some("no_error"));
}

#[test]
fn roles_come_from_the_pdu() {
    let d = Dialogue::udp(&SPEC, 40001);
    assert_eq!(d.identify(true, &get()), Verdict::Strong(Role::Client));
    assert_eq!(d.identify(true, &response()), Verdict::Strong(Role::Server));
    let seen = d.client(&response()).end();
    assert!(seen.facts().contains(&"client name=cell-7".to_owned()));
    assert_eq!(seen.creds(), ["community - public success"]);
}

#[test]
fn sets_are_named_with_their_outcome() {
    let set = |id, name| v2("private", pdu(0xa3, id, 0, &[bind(SYS_NAME, text(name))]));
    let refused = v2("private", pdu(0xa2, 2, 17, &[bind(SYS_NAME, text("b"))]));
    let ok = v2("private", pdu(0xa2, 1, 0, &[bind(SYS_NAME, text("a"))]));
    let seen = Dialogue::udp(&SPEC, 161)
        .client(&set(1, "a"))
        .server(&ok)
        .client(&set(2, "b"))
        .server(&refused)
        .client(&set(3, "c"))
        .end();
    assert_eq!(
        seen.ops(),
        [
            "snmp set_request accepted x1",
            "snmp set_request refused x1",
            "snmp set_request no-answer x1"
        ]
    );
    let stat = seen.obs.operations.values().find(|s| s.exception.is_some()).unwrap();
    assert_eq!(stat.action, Action::SetName);
    assert_eq!(stat.exception.as_ref().map(|(c, n)| (*c, &**n)), Some((17, "not_writable")));
}

#[test]
fn nothing_is_concluded_from_silence_of_an_unseen_side() {
    let seen = Dialogue::udp(&SPEC, 161).client(&get()).end();
    assert_eq!(seen.ops(), ["snmp get_request unknown x1"]);
    assert_eq!(seen.creds(), ["community - public unknown"]);
}

#[test]
fn users_of_version_3() {
    let discovery = v3(1, 4, &[], "", &[], scoped(pdu(0xa0, 1, 0, &[])));
    let counter = |n| bind(&[0x2b, 6, 1, 6, 3, 15, 1, 1, n, 0], tlv(0x41, &[1]));
    let report = v3(1, 0, ENGINE, "", &[], scoped(pdu(0xa8, 1, 0, &[counter(4)])));
    let ask = v3(2, 7, ENGINE, "operator", &[9; 12], tlv(4, &[1; 40]));
    let answer = v3(2, 3, ENGINE, "operator", &[8; 12], tlv(4, &[2; 40]));
    let wrong = v3(3, 5, ENGINE, "guess", &[7; 12], scoped(pdu(0xa0, 3, 0, &[])));
    let refusal = v3(3, 0, ENGINE, "guess", &[], scoped(pdu(0xa8, 3, 0, &[counter(5)])));
    let seen = Dialogue::udp(&SPEC, 161)
        .client(&discovery)
        .server(&report)
        .client(&ask)
        .server(&answer)
        .client(&wrong)
        .server(&refusal)
        .end();
    assert_eq!(
        seen.ops(),
        [
            "snmp engine_discovery accepted x1",
            "snmp encrypted_request accepted x1",
            "snmp get_request refused x1"
        ]
    );
    assert_eq!(seen.creds(), ["user operator - success", "user guess - failure"]);
    let line = seen.obs.credentials.values().filter_map(|c| c.hashcat).map(|h| h.0).collect::<Vec<_>>();
    assert_eq!(line, [25000, 25000]);
    assert!(seen.facts().contains(&"server id:snmp-engine=800021f303020000000009".to_owned()));
    assert!(seen.facts().contains(&"server vendor=Moxa".to_owned()));
    assert_eq!(seen.obs.bindings.len(), 1);
}

#[test]
fn the_hash_line_has_the_parameters_zeroed() {
    let bytes = v3(2, 5, ENGINE, "operator", &[9; 12], scoped(pdu(0xa0, 3, 0, &[])));
    let Some(Message { security: Security::User(user), .. }) = Message::read(&bytes) else { panic!() };
    let (mode, line) = usm::hashcat(&bytes, &user, 7).unwrap();
    assert_eq!(mode, 25000);
    let parts: Vec<&str> = line.split('$').collect();
    assert_eq!(&parts[1..4], ["SNMPv3", "0", "7"]);
    assert_eq!(parts[4].len(), bytes.len() * 2);
    assert!(!parts[4].contains(&"09".repeat(12)));
    assert_eq!(parts[5], crate::bytes::hex(ENGINE));
    assert_eq!(parts[6], "09".repeat(12));
}

#[test]
fn traps_are_the_senders() {
    let trap = seq(&[
        num(0),
        text("traps"),
        tlv(
            0xa4,
            &[
                tlv(6, &[0x2b, 6, 1, 4, 1, 0xc3, 0x73, 1]),
                tlv(0x40, &[10, 0, 0, 9]),
                num(4),
                num(0),
                tlv(0x43, &[1]),
                seq(&[]),
            ]
            .concat(),
        ),
    ]);
    let seen = Dialogue::udp(&SPEC, 162).client(&trap).end();
    assert_eq!(seen.ops(), ["snmp trap unknown x1"]);
    assert_eq!(seen.creds(), ["community - traps unknown"]);
    assert!(seen.facts().contains(&"10.0.0.9 vendor=Moxa".to_owned()));
    assert_eq!(seen.field(0, "snmp.trap.generic").as_deref(), Some("authentication_failure"));
}

#[test]
fn the_same_over_a_stream_in_any_pieces() {
    for n in 1..get().len() {
        let seen =
            Dialogue::tcp(&SPEC, 161).client_split(&get(), n).server_split(&response(), n).end();
        assert_eq!(seen.ops(), ["snmp get_request accepted x1"], "pieces of {n}");
    }
    let d = Dialogue::tcp(&SPEC, 161);
    for n in 1..get().len() {
        assert!(matches!(d.identify(true, &get()[..n]), Verdict::Need), "{n}");
    }
}

#[test]
fn others_are_not_claimed() {
    let d = Dialogue::udp(&SPEC, 161);
    // LDAP bind request, DNS query, TLS hello
    for other in [
        &b"\x30\x0c\x02\x01\x01\x60\x07\x02\x01\x03\x04\x00\x80\x00"[..],
        b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x01a\x00\x00\x01\x00\x01",
        b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x03",
    ] {
        assert_eq!(d.identify(true, other), Verdict::No);
    }
}

proptest! {
    #[test]
    fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..120), at in 0usize..200, b: u8) {
        let mut bent = response();
        let at = at % bent.len();
        bent[at] = b;
        let mut bent3 = v3(2, 5, ENGINE, "operator", &[9; 12], scoped(pdu(0xa0, 3, 0, &[])));
        let at3 = at % bent3.len();
        bent3[at3] = b;
        for spec in [Dialogue::udp(&SPEC, 161), Dialogue::tcp(&SPEC, 161)] {
            spec.identify(true, &bytes);
            spec.identify(true, &bent);
            spec.client(&bytes).client(&bent3).server(&bent).gap(true, 4).server(&bytes).end();
        }
    }
}
