use super::*;
use crate::model::HostAddr;
use crate::obs::{HostKey, ServiceKey};
use crate::probe::{Role, Verdict};
use crate::stream::Fed;
use crate::testkit::{Dialogue, SERVER, Seen};
use proptest::prelude::*;
use sha2::{Digest, Sha256};

/// A value behind its length of `n` bytes.
fn vec_n(n: usize, content: &[u8]) -> Vec<u8> {
    let mut out = (content.len() as u64).to_be_bytes()[8 - n..].to_vec();
    out.extend_from_slice(content);
    out
}
fn cat(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}
fn extension(code: u16, data: &[u8]) -> Vec<u8> {
    cat(&[&code.to_be_bytes(), &vec_n(2, data)])
}
fn record(kind: u8, version: u16, content: &[u8]) -> Vec<u8> {
    cat(&[&[kind], &version.to_be_bytes(), &vec_n(2, content)])
}
fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    cat(&[&[kind], &vec_n(3, body)])
}
fn u16s(values: &[u16]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_be_bytes()).collect()
}

fn client_body(version: u16, session: &[u8], suites: &[u16], extensions: &[Vec<u8>]) -> Vec<u8> {
    cat(&[
        &version.to_be_bytes(),
        &[7; 32],
        &vec_n(1, session),
        &vec_n(2, &u16s(suites)),
        &[1, 0],
        &vec_n(2, &extensions.concat()),
    ])
}
fn server_body(
    version: u16,
    random: [u8; 32],
    session: &[u8],
    suite: u16,
    extensions: &[Vec<u8>],
) -> Vec<u8> {
    cat(&[
        &version.to_be_bytes(),
        &random,
        &vec_n(1, session),
        &suite.to_be_bytes(),
        &[0],
        &vec_n(2, &extensions.concat()),
    ])
}
fn server_name(name: &[u8]) -> Vec<u8> {
    extension(0, &vec_n(2, &cat(&[&[0], &vec_n(2, name)])))
}
fn alpn(names: &[&[u8]]) -> Vec<u8> {
    let list: Vec<u8> = names.iter().flat_map(|n| vec_n(1, n)).collect();
    extension(16, &vec_n(2, &list))
}
/// A hello as a browser sends it, GREASE included.
fn browser(version13: bool) -> Vec<u8> {
    let mut extensions = vec![
        extension(0x1a1a, &[]),
        server_name(b"plc-7.plant.example"),
        extension(10, &vec_n(2, &u16s(&[0x2a2a, 29, 23]))),
        extension(11, &vec_n(1, &[0])),
        alpn(&[b"h2", b"http/1.1"]),
        extension(13, &vec_n(2, &u16s(&[0x0403, 0x0804]))),
    ];
    if version13 {
        extensions.push(extension(43, &vec_n(1, &u16s(&[0x3a3a, 0x0304, 0x0303]))));
    }
    message(1, &client_body(0x0303, &[9; 32], &[0x0a0a, 0x1301, 0xc02f, 0x002f], &extensions))
}

// --- a certificate, by hand (X.690, RFC 5280)

fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = match content.len() {
        n @ 0..=127 => vec![n as u8],
        n @ 128..=255 => vec![0x81, n as u8],
        n => vec![0x82, (n >> 8) as u8, n as u8],
    };
    cat(&[&[tag], &length, content])
}
fn name(parts: &[(&[u8], u8, &[u8])]) -> Vec<u8> {
    let rdns: Vec<u8> = parts
        .iter()
        .flat_map(|(oid, tag, value)| der(0x31, &der(0x30, &cat(&[&der(6, oid), &der(*tag, value)]))))
        .collect();
    der(0x30, &rdns)
}
const CN: &[u8] = &[0x55, 4, 3];
const O: &[u8] = &[0x55, 4, 10];
const SERIAL: &[u8] = &[0x55, 4, 5];
const SHA256_RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11];
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];

fn certificate(subject: &[u8], issuer: &[u8], hosts: &[&[u8]]) -> Vec<u8> {
    let algorithm = der(0x30, &cat(&[&der(6, SHA256_RSA), &[5, 0]]));
    let mut modulus = vec![0, 0x81];
    modulus.extend_from_slice(&[0x55; 127]);
    let rsa = der(0x30, &cat(&[&der(2, &modulus), &der(2, &[1, 0, 1])]));
    let key = der(0x30, &cat(&[&der(0x30, &cat(&[&der(6, RSA), &[5, 0]])), &der(3, &cat(&[&[0], &rsa]))]));
    let validity = der(0x30, &cat(&[&der(0x17, b"200102030405Z"), &der(0x18, b"20510102030405Z")]));
    let names: Vec<u8> = hosts.iter().flat_map(|h| der(0x82, h)).collect();
    let san = der(0x30, &cat(&[&der(6, &[0x55, 0x1d, 0x11]), &der(4, &der(0x30, &names))]));
    let extensions = if hosts.is_empty() { vec![] } else { der(0xa3, &der(0x30, &san)) };
    let tbs = der(
        0x30,
        &cat(&[
            &der(0xa0, &der(2, &[2])),
            &der(2, &[0, 0xab, 0xcd]),
            &algorithm,
            issuer,
            &validity,
            subject,
            &key,
            &extensions,
        ]),
    );
    der(0x30, &cat(&[&tbs, &algorithm, &der(3, &[0, 1, 2, 3])]))
}
fn chain(certificates: &[Vec<u8>]) -> Vec<u8> {
    let list: Vec<u8> = certificates.iter().flat_map(|c| vec_n(3, c)).collect();
    message(11, &vec_n(3, &list))
}
fn device() -> Vec<u8> {
    let subject = name(&[(O, 0x0c, b"Maker AG"), (CN, 0x13, b"PLC-1500"), (SERIAL, 0x13, b"S V-123")]);
    certificate(&subject, &subject, &[])
}

/// A dialogue whose service is noted, so that its properties are kept.
fn dialogue(oriented: bool) -> Dialogue {
    let mut d = Dialogue::new(&SPEC, Transport::Tcp, 8443, oriented);
    let host = d.obs.host(HostKey::new(0, HostAddr::Ip(SERVER))).unwrap();
    let key = ServiceKey { host, port: 8443, transport: Transport::Tcp, protocol: "tls", offered: true };
    d.obs.service(key, 100, crate::model::Stamp::default());
    d
}
fn service(seen: &Seen, name: &str) -> Option<Val> {
    let stat = seen.obs.services.values().next()?;
    stat.info.iter().find(|i| i.0 == name).map(|i| i.1.clone())
}

fn server_flight() -> Vec<u8> {
    let hello = message(2, &server_body(0x0303, [1; 32], &[4; 32], 0xc02f, &[alpn(&[b"http/1.1"])]));
    let exchange = message(12, &[3, 0, 23, 1, 4]);
    cat(&[
        &record(22, 0x0303, &hello),
        &record(22, 0x0303, &chain(&[device(), vec![1, 2, 3]])),
        &record(22, 0x0303, &cat(&[&exchange, &message(14, &[])])),
    ])
}
fn sealed(n: usize) -> Vec<u8> {
    record(23, 0x0303, &vec![0xee; n])
}
const CCS: [u8; 6] = [20, 3, 3, 0, 1, 1];

#[test]
fn full_handshake_of_1_2_in_any_split() {
    let client = record(22, 0x0301, &browser(false));
    let server = server_flight();
    for n in [1, 2, 5, 7, 64, 4096] {
        let seen = dialogue(true)
            .client_split(&client, n)
            .server_split(&server, n)
            .client_split(
                &cat(&[&record(22, 0x0303, &message(16, &[1; 33])), &CCS, &record(22, 0x0303, &[9; 40])]),
                n,
            )
            .server_split(&cat(&[&CCS, &record(22, 0x0303, &[9; 40])]), n)
            .end();
        assert_eq!(seen.last, Fed::Done, "split {n}");
        assert_eq!(seen.obs.parse_errors.values().sum::<u64>(), 0);
        let field = |f| seen.field(0, f).unwrap_or_default();
        assert_eq!(seen.events.len(), 1);
        assert_eq!(field("event.outcome"), "success");
        assert_eq!(field("source.ip"), "10.0.0.1");
        assert_eq!(field("tls.version"), "1.2");
        assert_eq!(field("tls.cipher"), "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256");
        assert_eq!(field("tls.curve"), "secp256r1");
        assert_eq!(field("tls.client.server_name"), "plc-7.plant.example");
        assert_eq!(field("tls.next_protocol"), "http/1.1");
        assert_eq!(field("tls.resumed"), "false");
        assert_eq!(field("tls.server.chain_length"), "2");
        assert_eq!(
            field("tls.server.x509.subject.distinguished_name"),
            "O=Maker AG, CN=PLC-1500, serialNumber=S V-123"
        );
        assert_eq!(field("tls.server.x509.serial_number"), "ABCD");
        assert_eq!(field("tls.server.x509.not_before"), "2020-01-02T03:04:05.000000Z");
        assert_eq!(field("tls.server.x509.not_after"), "2051-01-02T03:04:05.000000Z");
        assert_eq!(field("tls.server.x509.public_key_size"), "1024");
        let facts = seen.facts();
        assert!(facts.contains(&"server serial=S V-123".to_owned()), "{facts:?}");
        assert!(facts.contains(&"server certificate_organization=Maker AG".to_owned()));
        assert_eq!(service(&seen, "tls.self_signed"), Some(Val::Bool(true)));
        assert_eq!(service(&seen, "tls.key"), Some(Val::from("RSA 1024")));
        assert_eq!(service(&seen, "tls.version"), Some(Val::from("1.2")));
    }
}

#[test]
fn one_three_with_a_retry_is_done_at_the_second_answer() {
    let retry: [u8; 32] = Sha256::digest(b"HelloRetryRequest").into();
    let versions = extension(43, &[3, 4]);
    let share = extension(51, &cat(&[&[0, 29], &vec_n(2, &[1; 32])]));
    let again = message(2, &server_body(0x0303, retry, &[9; 32], 0x1301, std::slice::from_ref(&versions)));
    let hello = message(2, &server_body(0x0303, [1; 32], &[9; 32], 0x1301, &[versions, share]));
    let seen = dialogue(true)
        .client(&record(22, 0x0301, &browser(true)))
        .server(&cat(&[&record(22, 0x0303, &again), &CCS]))
        .client(&cat(&[&CCS, &record(22, 0x0303, &browser(true))]))
        .server(&cat(&[&record(22, 0x0303, &hello), &sealed(100)]))
        .client(&sealed(69))
        .end();
    assert_eq!(seen.last, Fed::Done);
    assert_eq!(seen.field(0, "tls.version").as_deref(), Some("1.3"));
    assert_eq!(seen.field(0, "tls.curve").as_deref(), Some("x25519"));
    assert_eq!(seen.field(0, "tls.cipher").as_deref(), Some("TLS_AES_128_GCM_SHA256"));
    assert_eq!(seen.field(0, "event.outcome").as_deref(), Some("success"));
}

#[test]
fn fingerprints_follow_their_descriptions() {
    let raw = browser(true);
    let hello = ClientHello::parse(&raw[4..]).unwrap();
    assert_eq!(fingerprint::ja3_text(&hello), "771,4865-49199-47,0-10-11-16-13-43,29-23,0");
    // digests made with another implementation of SHA-256 over "002f,1301,c02f" and
    // "000a,000b,000d,002b_0403,0804"
    assert_eq!(fingerprint::ja4(&hello), "t13d0306h2_54093f43ad55_fb71836bce29");
    let raw = server_body(0x0303, [1; 32], &[], 0xc02f, &[extension(0xff01, &[0]), alpn(&[b"h2"])]);
    assert_eq!(fingerprint::ja3s_text(&ServerHello::parse(&raw).unwrap()), "771,49199,65281-16");
    let bare = client_body(0x0301, &[], &[0x002f], &[]);
    let ja4 = fingerprint::ja4(&ClientHello::parse(&bare).unwrap());
    assert!(ja4.starts_with("t10i010000_") && ja4.ends_with("_000000000000"), "{ja4}");
}

#[test]
fn the_server_is_who_sends_the_servers_hello() {
    // midstream, the ports guessed wrong: the "client" of the flow answers
    let seen = dialogue(false).client(&server_flight()).end();
    assert!(seen.facts().iter().any(|f| f.starts_with("client certificate_subject=")));
    assert_eq!(seen.field(0, "source.ip").as_deref(), Some("10.0.0.2"));
}

#[test]
fn site_certificates_give_no_serial_but_names() {
    let subject = name(&[(SERIAL, 0x13, b"HRB 1234"), (CN, 0x0c, b"shop.example.com")]);
    let issuer = name(&[(CN, 0x0c, b"CA")]);
    let cert = certificate(&subject, &issuer, &[b"shop.example.com", b"*.example.com", b"a\0b.example.com"]);
    let read = Certificate::read(&cert);
    assert_eq!(read.holder_serial(), None);
    assert!(!read.self_signed);
    assert_eq!(read.names, ["shop.example.com", "*.example.com", "a\\00b.example.com"]);
    assert_eq!(read.host_names().collect::<Vec<_>>(), ["shop.example.com"]);
    let hello = message(2, &server_body(0x0303, [1; 32], &[], 0x002f, &[]));
    let seen = dialogue(true).server(&record(22, 0x0303, &cat(&[&hello, &chain(&[cert])]))).end();
    assert!(seen.facts().contains(&"server hostname=shop.example.com".to_owned()), "{:?}", seen.facts());
}

#[test]
fn names_in_bmp_strings_are_read() {
    let subject = name(&[(CN, 0x1e, &[0, b'P', 0, b'L', 0, b'C'])]);
    assert_eq!(Certificate::read(&certificate(&subject, &subject, &[])).subject, "CN=PLC");
}

#[test]
fn a_resumed_session_and_a_refused_one() {
    let client = record(22, 0x0301, &browser(false));
    let hello = message(2, &server_body(0x0303, [1; 32], &[9; 32], 0x002f, &[]));
    let seen =
        dialogue(true).client(&client).server(&cat(&[&record(22, 0x0303, &hello), &CCS])).client(&CCS).end();
    assert_eq!(seen.field(0, "tls.resumed").as_deref(), Some("true"));
    let seen = dialogue(true).client(&client).server(&record(21, 0x0303, &[2, 40])).end();
    assert_eq!(seen.field(0, "event.outcome").as_deref(), Some("failure"));
    assert_eq!(seen.field(0, "tls.alert.description").as_deref(), Some("handshake_failure"));
}

#[test]
fn ssl_2_from_hello_to_the_choice_of_cipher() {
    let suites = [1, 0, 0x80, 7, 0, 0xc0];
    let hello = cat(&[&[1, 0, 2, 0, 6, 0, 0, 0, 16], &suites, &[5; 16]]);
    let client = cat(&[&[0x80, hello.len() as u8], &hello]);
    let cert = device();
    let body = cat(&[
        &[4, 0, 1, 0, 2],
        &(cert.len() as u16).to_be_bytes(),
        &[0, 6, 0, 16],
        &cert,
        &suites,
        &[6; 16],
    ]);
    let server = cat(&[&(0x8000 | body.len() as u16).to_be_bytes(), &body]);
    let key = [0x80, 10, 2, 7, 0, 0xc0, 0, 0, 0, 0, 0, 0];
    assert_eq!(dialogue(true).identify(true, &client), Verdict::Strong(Role::Client));
    assert_eq!(dialogue(true).identify(false, &server), Verdict::Strong(Role::Server));
    for n in [1, 3, 1000] {
        let seen =
            dialogue(true).client_split(&client, n).server_split(&server, n).client_split(&key, n).end();
        assert_eq!(seen.last, Fed::Done);
        assert_eq!(seen.field(0, "tls.version_protocol").as_deref(), Some("ssl"));
        assert_eq!(seen.field(0, "tls.cipher").as_deref(), Some("SSL_CK_DES_192_EDE3_CBC_WITH_MD5"));
        assert!(seen.facts().contains(&"server serial=S V-123".to_owned()));
    }
}

#[test]
fn tlcp_is_read_like_tls() {
    let client = record(22, 0x0101, &message(1, &client_body(0x0101, &[], &[0xe013, 0xe011], &[])));
    let server = record(22, 0x0101, &message(2, &server_body(0x0101, [1; 32], &[], 0xe013, &[])));
    let d = dialogue(true);
    assert_eq!(d.identify(true, &client), Verdict::Strong(Role::Client));
    let seen = d.client(&client).server(&server).end();
    assert_eq!(seen.field(0, "tls.version_protocol").as_deref(), Some("tlcp"));
    assert_eq!(seen.field(0, "tls.cipher").as_deref(), Some("ECC_SM4_CBC_SM3"));
    assert!(seen.obs.services.keys().any(|k| k.protocol == "tlcp"));
}

/// The first certificate is for signatures, the second for the key exchange: both are told.
#[test]
fn tlcp_has_two_certificates() {
    let list = [vec_n(3, &device()), vec_n(3, &device())].concat();
    let server = [
        record(22, 0x0101, &message(2, &server_body(0x0101, [1; 32], &[], 0xe053, &[]))),
        record(22, 0x0101, &message(11, &vec_n(3, &list))),
    ]
    .concat();
    let client = record(22, 0x0101, &message(1, &client_body(0x0101, &[], &[0xe053], &[])));
    for n in [1, 11, 5000] {
        let seen = dialogue(true).client_split(&client, n).server_split(&server, n).end();
        let told = |name: &str| seen.obs.services.values().any(|s| s.info.iter().any(|(n, ..)| *n == name));
        assert!(told("tls.subject") && told("tls.exchange_subject"), "{n}");
    }
}

#[test]
fn a_certificate_longer_than_what_is_held_still_shows_its_holder() {
    let mut list = vec_n(3, &device());
    for _ in 0..100 {
        list.extend(vec_n(3, &[0; 1000]));
    }
    let long = cat(&[&message(11, &vec_n(3, &list)), &message(14, &[])]);
    let mut flight = record(22, 0x0303, &message(2, &server_body(0x0303, [1; 32], &[], 0x002f, &[])));
    for part in long.chunks(16000) {
        flight.extend(record(22, 0x0303, part));
    }
    let seen = dialogue(true).server_split(&flight, 1400).end();
    assert!(seen.facts().contains(&"server serial=S V-123".to_owned()));
    assert_eq!(seen.obs.parse_errors.values().sum::<u64>(), 0);
}

#[test]
fn a_gap_costs_only_what_was_lost() {
    let seen = dialogue(true)
        .client(&record(22, 0x0301, &browser(false)))
        .server(&server_flight()[..200])
        .gap(false, 700)
        .server(&[0x41; 300])
        .server(&cat(&[&CCS, &sealed(32)]))
        .client(&CCS)
        .end();
    assert_eq!(seen.last, Fed::Done);
    assert_eq!(seen.field(0, "tls.version").as_deref(), Some("1.2"));
}

#[test]
fn heartbeats_that_ask_for_too_much_are_told() {
    let seen = dialogue(true).client(&record(24, 0x0302, &[1, 0x40, 0])).end();
    assert_eq!(seen.field(0, "event.action").as_deref(), Some("heartbeat_overread"));
    assert_eq!(seen.field(0, "tls.heartbeat.length").as_deref(), Some("16384"));
}

#[test]
fn others_are_not_claimed() {
    let d = dialogue(true);
    let others: [&[u8]; 9] = [
        b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        &[3, 0, 0, 22, 17, 224, 0, 0, 0, 1, 0, 193, 2, 1, 0, 194, 2, 1, 2, 192, 1, 10],
        &[0, 1, 0, 0, 0, 6, 1, 3, 0, 0, 0, 10],
        &[0x16, 3, 1, 0, 40, 1, 0, 0, 36, 9, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        &[0x10, 12, 0, 4, b'M', b'Q', b'T', b'T', 4, 2, 0, 60, 0, 0],
        &[0x17, 3, 3, 0, 4, 1, 2, 3, 4],
        &[0x80, 0x20, 1, 0, 2, 0, 7, 0, 0, 0, 16],
        &[0x68, 4, 7, 0, 0, 0],
    ];
    for other in others {
        assert_eq!(d.identify(true, other), Verdict::No, "{other:02x?}");
    }
    let client = record(22, 0x0301, &browser(true));
    for n in 0..client.len() {
        let verdict = d.identify(true, &client[..n]);
        assert!(verdict == Verdict::Need || verdict == Verdict::Strong(Role::Client), "{n} {verdict:?}");
    }
    assert_eq!(d.identify(false, &server_flight()), Verdict::Strong(Role::Server));
    assert_eq!(d.identify(true, &sealed(40)), Verdict::Weak(Role::Unknown));
    assert_eq!(d.identify(true, &cat(&[&sealed(40), &sealed(50)])), Verdict::Strong(Role::Unknown));
}

fn survives(client: &[u8], server: &[u8], n: usize) {
    let d = dialogue(false);
    d.identify(true, client);
    d.client_split(client, n).gap(true, 3).server_split(server, n).gap(false, 9).client(server).end();
}

proptest! {
    #[test]
    fn nothing_makes_it_panic(a in proptest::collection::vec(any::<u8>(), 0..300),
                              b in proptest::collection::vec(any::<u8>(), 0..300), n in 1usize..60) {
        survives(&a, &b, n);
        survives(&record(22, 0x0303, &a), &record(22, 0x0303, &b), n);
        let framed = |kind: u8, body: &[u8]| record(22, 0x0303, &message(kind, body));
        survives(&framed(1, &a), &framed(11, &vec_n(3, &vec_n(3, &b))), n);
    }

    #[test]
    fn nor_does_a_changed_handshake(at in 0usize..2000, to in any::<u8>(), n in 1usize..200) {
        let (mut client, mut server) = (record(22, 0x0301, &browser(true)), server_flight());
        let (i, j) = (at % client.len(), at % server.len());
        client[i] = to;
        server[j] = to;
        survives(&client, &server, n);
        Certificate::read(&server[j.min(60)..]);
    }
}
