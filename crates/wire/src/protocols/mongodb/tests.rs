use super::*;
use crate::testkit::Dialogue;

fn element(kind: u8, name: &str, value: &[u8]) -> Vec<u8> {
    [&[kind], name.as_bytes(), &[0], value].concat()
}
fn text(name: &str, value: &str) -> Vec<u8> {
    element(2, name, &[&(value.len() as u32 + 1).to_le_bytes(), value.as_bytes(), &[0]].concat())
}
fn int(name: &str, value: i32) -> Vec<u8> {
    element(0x10, name, &value.to_le_bytes())
}
fn bytes(name: &str, value: &[u8]) -> Vec<u8> {
    element(5, name, &[&(value.len() as u32).to_le_bytes(), [0].as_slice(), value].concat())
}
fn doc(elements: &[Vec<u8>]) -> Vec<u8> {
    let body = elements.concat();
    [&(body.len() as u32 + 5).to_le_bytes(), body.as_slice(), &[0]].concat()
}
fn msg(id: u32, to: u32, elements: &[Vec<u8>]) -> Vec<u8> {
    let body = [&[0; 5], doc(elements).as_slice()].concat();
    let mut out = Vec::new();
    for n in [body.len() as u32 + 16, id, to, OP_MSG] {
        out.extend_from_slice(&n.to_le_bytes());
    }
    [out, body].concat()
}

#[test]
fn logs_in_by_scram_and_drops() {
    let ok = || element(1, "ok", &1f64.to_le_bytes());
    let start = [int("saslStart", 1), text("mechanism", "SCRAM-SHA-256"), bytes("payload", b"n,,n=amy,r=abc"), text("$db", "admin")];
    let more = [int("saslContinue", 1), bytes("payload", b"c=biws,r=abcX,p=cHJvb2Y="), text("$db", "admin")];
    let seen = Dialogue::tcp(&SPEC, 27017)
        .client(&msg(1, 0, &start))
        .server(&msg(9, 1, &[bytes("payload", b"r=abcX,s=c2FsdA==,i=4096"), ok()]))
        .client(&msg(2, 0, &more))
        .server(&msg(10, 2, &[bytes("payload", b"v=eA=="), ok()]))
        .client(&msg(3, 0, &[text("drop", "orders"), text("$db", "shop")]))
        .server(&msg(11, 3, &[element(1, "ok", &0f64.to_le_bytes()), int("code", 13), text("codeName", "Unauthorized")]))
        .end();
    let creds = seen.creds();
    assert!(creds[0].starts_with("hash amy $scram-sha-256$amy*4096*c2FsdA==*") && creds[0].ends_with(" success"), "{creds:?}");
    assert_eq!(seen.ops(), ["mongodb drop refused x1"]);
}

#[test]
fn is_known_by_header_and_document() {
    let off = Dialogue::tcp(&SPEC, 9999);
    assert_eq!(off.identify(true, &msg(1, 0, &[text("ping", "x")])), Verdict::Strong(Role::Client));
    assert_eq!(off.identify(true, &msg(1, 0, &[text("ping", "x")])[..12]), Verdict::Need);
    for other in [&b"GET / HTTP/1.1\r\n\r\n"[..], &[0xff; 40], &[0x20, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0xdd, 8, 0, 0]] {
        assert_eq!(off.identify(true, other), Verdict::No);
    }
}

proptest::proptest! {
    #[test]
    fn never_panics(data: Vec<u8>, at in 0usize..120, byte: u8, cut in 1usize..90) {
        let mut a = msg(1, 0, &[int("saslStart", 1), text("mechanism", "PLAIN"), bytes("payload", b"\0a\0b")]);
        let mut b = msg(2, 1, &[text("version", "4.4"), element(8, "ok", &[1])]);
        for v in [&mut a, &mut b] {
            if let Some(x) = v.get_mut(at) { *x = byte; }
        }
        let d = Dialogue::tcp(&SPEC, 27017);
        let _ = (d.identify(true, &data), d.identify(false, &b), Doc::read(&data).map(|d| d.iter().count()));
        d.client_split(&a, cut).server_split(&b, cut).server(&data).gap(false, 3).client(&data).server(&b).end();
    }
}

#[test]
fn what_it_keeps_is_bounded() {
    let mut d = Dialogue::tcp(&SPEC, 27017);
    for n in 0..3000 {
        d = d.client(&msg(n, 0, &[text("insert", "t"), text("$db", "d")]));
    }
    assert_eq!(d.end().ops(), ["mongodb insert unknown x3000"]);
}
