use super::*;
use crate::testkit::{CLIENT_MAC, Dialogue};
use proptest::prelude::*;

fn message(op: u8, ciaddr: [u8; 4], yiaddr: [u8; 4], sname: &[u8], options: &[(u8, &[u8])]) -> Vec<u8> {
    let mut out = vec![op, 1, 6, 0, 0, 0, 0, 7, 0, 0, 0, 0];
    out.extend(ciaddr);
    out.extend(yiaddr);
    out.extend([0; 8]);
    out.extend(CLIENT_MAC.0);
    out.extend([0; 10]);
    let mut server_name = sname.to_vec();
    server_name.resize(64, 0);
    out.extend(server_name);
    out.extend([0; 128]);
    out.extend(COOKIE);
    for (code, value) in options {
        out.extend([*code, value.len() as u8]);
        out.extend(*value);
    }
    out.push(255);
    out
}
fn request() -> Vec<u8> {
    message(
        1,
        [0; 4],
        [0; 4],
        &[],
        &[
            (53, &[3]),
            (12, b"hmi-3"),
            (50, &[10, 0, 0, 77]),
            (55, &[1, 3, 6, 15]),
            (60, b"android-dhcp-13"),
            (61, b"\xff\0\0\0\x01\0\x01\xaa\xbb\xcc\xdd\x02\0\0\0\0\x01"),
            (81, b"\x04\0\0\x05hmi-3\x05plant\x00"),
            (97, b"\x00\x04\x03\x02\x01\x06\x05\x08\x07\x01\x02\x03\x04\x05\x06\x07\x08"),
        ],
    )
}
fn ack(kind: u8) -> Vec<u8> {
    // routers in an overloaded sname
    let sname = [3, 4, 10, 0, 0, 254, 255];
    message(2, [0; 4], [10, 0, 0, 77], &sname, &[(53, &[kind]), (54, &[10, 0, 0, 2]), (52, &[2]), (15, b"plant")])
}

#[test]
fn a_client_tells_who_it_is_and_gets_an_address() {
    let seen = Dialogue::udp(&SPEC, 67).client(&request()).server(&ack(5)).end();
    assert_eq!(
        seen.facts(),
        [
            "10.0.0.254 role=router",
            "client dhcp_fingerprint=1,3,6,15",
            "client dhcp_vendor_class=android-dhcp-13",
            "client domain=plant",
            "client hostname=hmi-3",
            "client hostname=hmi-3.plant",
            "client id:duid=0001aabbccdd020000000001",
            "client id:uuid=01020304-0506-0708-0102-030405060708",
            "client os=Android 13",
        ]
    );
    assert_eq!(seen.obs.bindings.len(), 1);
    assert_eq!(seen.field(0, "dhcp.message_type").as_deref(), Some("request"));
    assert_eq!(seen.field(1, "dhcp.assigned_ip").as_deref(), Some("10.0.0.77"));
    assert!(seen.field(1, "dhcp.routers").unwrap().contains("10.0.0.254"));
}

#[test]
fn an_offer_binds_nothing() {
    let seen = Dialogue::udp(&SPEC, 67).server(&ack(2)).end();
    assert!(seen.obs.bindings.is_empty());
    let renewal = message(1, [10, 0, 0, 77], [0; 4], &[], &[(53, &[3])]);
    assert_eq!(Dialogue::udp(&SPEC, 67).client(&renewal).end().obs.bindings.len(), 1);
}

#[test]
fn relays_tell_the_port() {
    let relayed = message(1, [0; 4], [0; 4], &[], &[(53, &[1]), (82, b"\x01\x04Gi/7\x02\x02\x00\x01")]);
    let seen = Dialogue::udp(&SPEC, 67).client(&relayed).end();
    assert_eq!(seen.facts(), ["client dhcp_circuit=Gi/7", "client dhcp_remote=0001"]);
}

#[test]
fn known_by_its_cookie() {
    let d = Dialogue::udp(&SPEC, 9999);
    assert_eq!(d.identify(true, &request()), Verdict::Strong(Role::Client));
    assert_eq!(d.identify(true, &ack(5)), Verdict::Strong(Role::Server));
    let mut bare = request();
    bare[236] = 0;
    assert_eq!(d.identify(true, &bare), Verdict::No);
    assert_eq!(d.identify(true, &[1; 100]), Verdict::No);
}

proptest! {
    #[test]
    fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..400), at in 0usize..400, b: u8) {
        let mut bent = request();
        let at = at % bent.len();
        bent[at] = b;
        let mut answer = ack(5);
        let n = answer.len();
        answer[at % n] = b;
        let d = Dialogue::udp(&SPEC, 67);
        d.identify(true, &bytes);
        d.client(&bytes).client(&bent).server(&answer).server(&bent[..at]).end();
    }
}
