use super::*;
use crate::testkit::Dialogue;

fn tlv(tag: u8, body: &[u8]) -> Vec<u8> {
    let mut out = vec![tag, 0x82];
    out.extend_from_slice(&(body.len() as u16).to_be_bytes());
    out.extend_from_slice(body);
    out
}

fn int(value: u8) -> Vec<u8> {
    vec![2, 1, value]
}

/// The version as implementations write it.
fn small(tag: u8, value: u8) -> Vec<u8> {
    vec![tag, 3, 2, 1, value]
}

fn name(kind: u8, parts: &[&str]) -> Vec<u8> {
    let list: Vec<u8> = parts.iter().flat_map(|p| tlv(0x1b, p.as_bytes())).collect();
    tlv(0x30, &[tlv(0xa0, &int(kind)), tlv(0xa1, &tlv(0x30, &list))].concat())
}

fn sealed(etype: u8, cipher: &[u8]) -> Vec<u8> {
    tlv(0x30, &[tlv(0xa0, &int(etype)), tlv(0xa2, &tlv(4, cipher))].concat())
}

fn as_req(etype: u8, cipher: &[u8]) -> Vec<u8> {
    let pa = tlv(0x30, &[tlv(0xa1, &int(2)), tlv(0xa2, &tlv(4, &sealed(etype, cipher)))].concat());
    let body = tlv(
        0x30,
        &[
            tlv(0xa0, &[3, 5, 0, 0x40, 0, 0, 0x10]),
            tlv(0xa1, &name(1, &["eng"])),
            tlv(0xa2, &tlv(0x1b, b"PLANT.EXAMPLE")),
            tlv(0xa3, &name(2, &["krbtgt", "PLANT.EXAMPLE"])),
        ]
        .concat(),
    );
    let fields = [small(0xa1, 5), small(0xa2, 10), tlv(0xa3, &tlv(0x30, &pa)), tlv(0xa4, &body)].concat();
    tlv(0x6a, &tlv(0x30, &fields))
}

fn rep(tag: u8, service: &[&str], etype: u8) -> Vec<u8> {
    let ticket = [
        small(0xa0, 5),
        tlv(0xa1, &tlv(0x1b, b"PLANT.EXAMPLE")),
        tlv(0xa2, &name(2, service)),
        tlv(0xa3, &sealed(etype, &[0x11; 40])),
    ]
    .concat();
    let fields = [
        small(0xa0, 5),
        small(0xa1, tag & 0x1f),
        tlv(0xa3, &tlv(0x1b, b"PLANT.EXAMPLE")),
        tlv(0xa4, &name(1, &["eng"])),
        tlv(0xa5, &tlv(0x61, &tlv(0x30, &ticket))),
        tlv(0xa6, &sealed(etype, &[0x22; 40])),
    ]
    .concat();
    tlv(tag, &tlv(0x30, &fields))
}

fn error(code: u8) -> Vec<u8> {
    let fields = [
        small(0xa0, 5),
        small(0xa1, 30),
        tlv(0xa6, &int(code)),
        tlv(0xa9, &tlv(0x1b, b"PLANT.EXAMPLE")),
        tlv(0xaa, &name(2, &["krbtgt", "PLANT.EXAMPLE"])),
    ]
    .concat();
    tlv(0x7e, &tlv(0x30, &fields))
}

fn udp() -> Dialogue {
    Dialogue::udp(&SPEC, 88)
}

fn framed(message: &[u8]) -> Vec<u8> {
    [&(message.len() as u32).to_be_bytes()[..], message].concat()
}

#[test]
fn makes_lines() {
    let cipher: Vec<u8> = (0..52).collect();
    let seen = udp().client(&as_req(23, &cipher)).server(&error(24)).end();
    let data: String = (16..52).map(|b| format!("{b:02x}")).collect();
    let sum: String = (0..16).map(|b| format!("{b:02x}")).collect();
    assert_eq!(seen.creds(), [format!("hash eng $krb5pa$23$eng$PLANT.EXAMPLE$${data}{sum} failure")]);
    assert_eq!(seen.facts(), ["server domain=PLANT.EXAMPLE", "server role=domain-controller"]);
    let seen = udp().client(&as_req(18, &[7; 56])).server(&rep(0x6b, &["krbtgt", "PLANT.EXAMPLE"], 23)).end();
    assert_eq!(seen.creds(), [
        format!("hash eng $krb5pa$18$eng$PLANT.EXAMPLE${} success", "07".repeat(56)),
        format!("hash eng $krb5asrep$23$eng@PLANT.EXAMPLE:{}${} success", "22".repeat(16), "22".repeat(24)),
    ]);
    let seen = udp().server(&rep(0x6d, &["http", "web.plant.example"], 23)).end();
    assert_eq!(seen.creds(), [format!(
        "hash http/web.plant.example $krb5tgs$23$*web$PLANT.EXAMPLE$http/web.plant.example*${}${} unknown",
        "11".repeat(16),
        "11".repeat(24)
    )]);
    let seen = udp().server(&rep(0x6d, &["krbtgt", "OTHER"], 23)).end();
    assert!(seen.creds().is_empty());
}

#[test]
fn is_the_same_however_it_is_cut() {
    let client = framed(&as_req(18, &[7; 56]));
    let server = framed(&rep(0x6b, &["krbtgt", "PLANT.EXAMPLE"], 18));
    let whole = Dialogue::tcp(&SPEC, 88).client(&client).server(&server).end();
    assert_eq!(whole.creds().len(), 2);
    for n in 1..80 {
        let seen = Dialogue::tcp(&SPEC, 88).client_split(&client, n).server_split(&server, n).end();
        assert_eq!((seen.creds(), seen.facts()), (whole.creds(), whole.facts()), "{n}");
    }
}

#[test]
fn is_known_by_content() {
    let off = Dialogue::udp(&SPEC, 4088);
    assert_eq!(off.identify(true, &as_req(18, &[7; 56])), Verdict::Strong(Role::Client));
    assert_eq!(off.identify(false, &error(25)), Verdict::Strong(Role::Server));
    let tcp = Dialogue::tcp(&SPEC, 4088);
    let whole = framed(&as_req(18, &[7; 56]));
    assert_eq!(tcp.identify(true, &whole), Verdict::Strong(Role::Client));
    for n in 1..17 {
        assert_eq!(tcp.identify(true, &whole[..n]), Verdict::Need, "{n}");
    }
    for other in [&b"\x30\x0c\x02\x01\x01"[..], b"jjjjjjjjjjjjjjj", b"\x6a\x82\x00\x03\x30\x01\x00"] {
        assert_eq!(off.identify(true, other), Verdict::No);
    }
}

#[test]
fn memory_is_bounded() {
    let mut probe = Kerberos::default();
    for n in 0..100_000u32 {
        let open = Open { asked: Stamp::default(), request: Request::default(), hash: None };
        probe.open.push(n % 2 == 0, open);
        probe.is_new("user", &n.to_string());
    }
    assert_eq!((probe.open.len(), probe.told.len()), (MAX_OPEN, MAX_TOLD));
}

proptest::proptest! {
    #[test]
    fn never_panics(data: Vec<u8>, at in 0usize..400, byte: u8, cut in 1usize..90) {
        let mut all = [framed(&as_req(23, &[1; 52])), framed(&rep(0x6d, &["a", "b"], 17)), framed(&error(6))].concat();
        if let Some(b) = all.get_mut(at) { *b = byte; }
        let _ = udp().identify(true, &data);
        let _ = Dialogue::tcp(&SPEC, 88).identify(true, &all);
        udp().client(&data).server(all.get(4..).unwrap_or_default()).end();
        Dialogue::tcp(&SPEC, 88).client_split(&all, cut).gap(true, 3).client(&data).end();
    }
}
