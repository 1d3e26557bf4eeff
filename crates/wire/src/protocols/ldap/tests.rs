use super::*;
use crate::stream::Fed;
use crate::testkit::Dialogue;

fn tlv(tag: u8, body: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    if body.len() < 128 {
        out.push(body.len() as u8);
    } else {
        out.push(0x82);
        out.extend_from_slice(&(body.len() as u16).to_be_bytes());
    }
    out.extend_from_slice(body);
    out
}

fn octets(text: &str) -> Vec<u8> {
    tlv(4, text.as_bytes())
}

fn message(id: u8, operation: &[u8]) -> Vec<u8> {
    tlv(0x30, &[&[2, 1, id][..], operation].concat())
}

fn result(id: u8, tag: u8, code: u8) -> Vec<u8> {
    message(id, &tlv(tag, &[&[0x0a, 1, code, 4, 0][..], &octets("why")].concat()))
}

fn bind(id: u8, dn: &str, password: &str) -> Vec<u8> {
    message(id, &tlv(0x60, &[&[2, 1, 3][..], &octets(dn), &tlv(0x80, password.as_bytes())].concat()))
}

fn sasl(id: u8, name: &str, token: &[u8]) -> Vec<u8> {
    let method = tlv(0xa3, &[octets(name), tlv(4, token)].concat());
    message(id, &tlv(0x60, &[&[2, 1, 3, 4, 0][..], &method].concat()))
}

fn search(id: u8, dn: &str, scope: u8, filter: &[u8]) -> Vec<u8> {
    let fixed = [&octets(dn)[..], &[0x0a, 1, scope, 0x0a, 1, 0, 2, 1, 10, 2, 1, 30, 1, 1, 0]].concat();
    message(id, &tlv(0x63, &[&fixed[..], filter, &tlv(0x30, &octets("*"))].concat()))
}

fn attribute(name: &str, value: &str) -> Vec<u8> {
    tlv(0x30, &[octets(name), tlv(0x31, &octets(value))].concat())
}

fn entry(id: u8, dn: &str, list: &[(&str, &str)]) -> Vec<u8> {
    let list: Vec<u8> = list.iter().flat_map(|(n, v)| attribute(n, v)).collect();
    message(id, &tlv(0x64, &[octets(dn), tlv(0x30, &list)].concat()))
}

fn talk() -> Dialogue {
    Dialogue::tcp(&SPEC, 389)
}

fn client() -> Vec<u8> {
    let change = tlv(0x30, &[vec![0x0a, 1, 2], attribute("userPassword", "newpass")].concat());
    [
        bind(1, "cn=eng,dc=plant", "s3cret"),
        search(2, "", 0, &tlv(0x87, b"objectClass")),
        message(3, &tlv(0x66, &[octets("uid=joe,dc=plant"), tlv(0x30, &change)].concat())),
        message(4, &tlv(0x4a, b"uid=old,dc=plant")),
        message(5, &tlv(0x42, b"")),
    ]
    .concat()
}

fn server() -> Vec<u8> {
    [
        result(1, 0x61, 0),
        entry(2, "", &[("dnsHostName", "dc1.plant.example"), ("defaultNamingContext", "DC=plant,DC=example")]),
        result(2, 0x65, 0),
        result(3, 0x67, 0),
        result(4, 0x6b, 50),
    ]
    .concat()
}

#[test]
fn is_the_same_however_it_is_cut() {
    let (client, server) = (client(), server());
    let whole = talk().client(&client).server(&server).end();
    assert_eq!(whole.creds(), [
        "password cn=eng,dc=plant s3cret success",
        "password uid=joe,dc=plant newpass success"
    ]);
    assert_eq!(whole.ops(), [
        "ldap search accepted x1",
        "ldap modify accepted x1",
        "ldap delete refused x1"
    ]);
    assert_eq!(whole.facts(), ["server domain=plant.example", "server hostname=dc1.plant.example"]);
    for n in 1..40 {
        let seen = talk().client_split(&client, n).server_split(&server, n).end();
        assert_eq!((seen.creds(), seen.facts(), seen.ops().len()), (whole.creds(), whole.facts(), 3), "{n}");
    }
}

#[test]
fn binds_by_mechanisms() {
    let seen = talk()
        .client(&sasl(1, "PLAIN", b"\0joe\0pw"))
        .server(&result(1, 0x61, 49))
        .client(&sasl(2, "CRAM-MD5", b""))
        .server(&message(2, &tlv(0x61, &[&[0x0a, 1, 14, 4, 0, 4, 0][..], &tlv(0x87, b"<1@x>")].concat())))
        .client(&sasl(3, "CRAM-MD5", format!("tim {}", "b9".repeat(16)).as_bytes()))
        .server(&result(3, 0x61, 0))
        .client(&bind(4, "", ""))
        .server(&result(4, 0x61, 0))
        .end();
    let creds = seen.creds();
    assert_eq!(creds.len(), 2);
    assert_eq!(creds[0], "password joe pw failure");
    assert!(creds[1].starts_with("hash tim $cram_md5$PDFAeD4=$") && creds[1].ends_with("success"), "{creds:?}");
}

#[test]
fn becomes_tls() {
    let start = message(1, &tlv(0x77, &tlv(0x80, names::START_TLS.as_bytes())));
    let seen = talk().client(&start).server(&result(1, 0x78, 0)).end();
    assert!(matches!(seen.last, Fed::Become { name: "tls", .. }));
}

#[test]
fn writes_filters() {
    let equal = tlv(0xa3, &[octets("cn"), octets("a")].concat());
    let parts = tlv(0x30, &[tlv(0x80, b"x"), tlv(0x82, b"z")].concat());
    let substrings = tlv(0xa4, &[octets("sn"), parts].concat());
    let all = tlv(0xa0, &[equal, tlv(0xa2, &substrings)].concat());
    let tlv = Ber::new(&all).next().unwrap();
    assert_eq!(message::filter(&tlv), "(&(cn=a)(!(sn=x*z)))");
}

#[test]
fn is_known_by_content() {
    let off = Dialogue::tcp(&SPEC, 4389);
    assert_eq!(off.identify(true, &bind(1, "", "")), Verdict::Strong(Role::Client));
    assert_eq!(off.identify(false, &result(1, 0x61, 0)), Verdict::Strong(Role::Server));
    assert_eq!(off.identify(true, &search(1, "dc=x", 2, &tlv(0x87, b"cn"))), Verdict::Strong(Role::Client));
    // SNMP: version, community
    for other in [&b"\x30\x0b\x02\x01\x00\x04\x06public"[..], b"GET / HTTP/1.1\r\n\r\n", b"\x30\x03\x02\x01\x01"] {
        assert_ne!(off.identify(true, other), Verdict::Strong(Role::Client));
    }
}

#[test]
fn memory_is_bounded() {
    let mut talk = talk();
    for n in 0..100_000u32 {
        talk = talk.client(&message((n % 127) as u8, &tlv(0x4a, b"dc=x")));
    }
    let seen = talk.server(&result(1, 0x65, 0)).end();
    let open = seen.obs.operations.iter().filter(|(k, _)| k.outcome == Outcome::NoAnswer);
    assert!(open.map(|(_, s)| s.seen.count).sum::<u64>() <= MAX_OPEN as u64);
}

proptest::proptest! {
    #[test]
    fn never_panics(data: Vec<u8>, at in 0usize..300, byte: u8, cut in 1usize..90) {
        let _ = talk().identify(true, &data);
        let (mut client, mut server) = (client(), server());
        for v in [&mut client, &mut server] {
            if let Some(b) = v.get_mut(at) { *b = byte; }
        }
        let _ = talk().identify(true, &client);
        talk().client_split(&client, cut).server(&data).gap(false, 9).server_split(&server, cut).end();
        Dialogue::udp(&SPEC, 389).client(&data).server(&server).end();
        let _ = message::netlogon(&data);
    }
}
