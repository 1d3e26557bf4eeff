use super::*;
use crate::testkit::Dialogue;

fn startup() -> Vec<u8> {
    let body = b"\0\x03\0\0user\0amy\0database\0shop\0application_name\0psql\0\0";
    [&(body.len() as u32 + 4).to_be_bytes(), body.as_slice()].concat()
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[kind], (body.len() as u32 + 4).to_be_bytes().as_slice(), body].concat()
}

#[test]
fn logs_in_with_md5_and_drops() {
    let seen = Dialogue::tcp(&SPEC, 5432)
        .client(&startup())
        .server(&message(b'R', b"\0\0\0\x05\x01\x02\x03\x04"))
        .client(&message(b'p', b"md5000102030405060708090a0b0c0d0e0f\0"))
        .server(&[message(b'R', &[0; 4]), message(b'S', b"server_version\x0014.2 (Debian 14.2-1)\0"), message(b'Z', b"I")].concat())
        .client(&message(b'Q', b"drop table t\0"))
        .server(&[message(b'E', b"SERROR\0C42501\0Mmust be owner\0\0"), message(b'Z', b"I")].concat())
        .client(&[message(b'P', b"\0insert into t values ($1)\0\0\0"), message(b'B', b"\0\0\0\0"), message(b'E', b"\0\0\0\0\0")].concat())
        .server(&message(b'C', b"INSERT 0 1\0"))
        .end();
    assert_eq!(seen.creds(), ["hash amy $postgres$amy*01020304*000102030405060708090a0b0c0d0e0f success"]);
    assert_eq!(seen.ops(), ["postgresql drop_table refused x1", "postgresql insert accepted x1"]);
    assert_eq!(seen.facts(), ["client client=psql", "server os=Debian"]);
}

#[test]
fn other_ways_to_log_in() {
    let clear = Dialogue::tcp(&SPEC, 5432)
        .client(&startup())
        .server(&message(b'R', b"\0\0\0\x03"))
        .client(&message(b'p', b"s3cret\0"))
        .server(&message(b'E', b"SFATAL\0C28P01\0Mpassword authentication failed\0\0"))
        .end();
    assert_eq!(clear.creds(), ["password amy s3cret failure"]);
    let trust = Dialogue::tcp(&SPEC, 5432).client(&startup()).server(&message(b'R', &[0; 4])).end();
    assert_eq!(trust.creds(), ["user amy - success"]);
    let first = b"SCRAM-SHA-256\0\0\0\0\x0fn,,n=,r=abcdefg";
    let scram = Dialogue::tcp(&SPEC, 5432)
        .client(&startup())
        .server(&message(b'R', b"\0\0\0\x0aSCRAM-SHA-256\0\0"))
        .client(&message(b'p', first))
        .server(&message(b'R', b"\0\0\0\x0br=abcdefgX,s=c2FsdA==,i=4096"))
        .client(&message(b'p', b"c=biws,r=abcdefgX,p=cHJvb2Y="))
        .server(&[message(b'R', b"\0\0\0\x0cv=eA=="), message(b'R', &[0; 4])].concat())
        .end();
    let creds = scram.creds();
    assert!(creds[0].starts_with("hash amy $scram-sha-256$*4096*c2FsdA==*") && creds[0].ends_with(" success"), "{creds:?}");
}

#[test]
fn turns_to_tls() {
    let ssl = [&8u32.to_be_bytes(), 80_877_103u32.to_be_bytes().as_slice()].concat();
    let seen = Dialogue::tcp(&SPEC, 5432).client(&ssl).server(b"S").end();
    assert_eq!(seen.last, crate::stream::Fed::Become { name: "tls", rest: 1 });
}

#[test]
fn is_known_by_its_first_message() {
    let off = Dialogue::tcp(&SPEC, 9999);
    assert_eq!(off.identify(true, &startup()), Verdict::Strong(Role::Client));
    assert_eq!(off.identify(true, &startup()[..12]), Verdict::Strong(Role::Client));
    for other in [&b"\0\0\0\x10\0\x01\0\0"[..], b"GET / HTTP", b"\0\x84\0\0\0\x03", b"\x16\x03\x01", b"\0\0\0\x45\xffSMB"] {
        assert_eq!(off.identify(true, other), Verdict::No);
    }
}

proptest::proptest! {
    #[test]
    fn never_panics(data: Vec<u8>, at in 0usize..120, byte: u8, cut in 1usize..90) {
        let mut a = [startup(), message(b'p', b"md5000102030405060708090a0b0c0d0e0f\0"), message(b'Q', b"drop x\0")].concat();
        let mut b = [message(b'R', b"\0\0\0\x05\x01\x02\x03\x04"), message(b'R', &[0; 4]), message(b'Z', b"I")].concat();
        for v in [&mut a, &mut b] {
            if let Some(x) = v.get_mut(at) { *x = byte; }
        }
        let d = Dialogue::tcp(&SPEC, 5432);
        let _ = (d.identify(true, &data), d.identify(false, &b));
        d.client_split(&a, cut).server_split(&b, cut).server(&data).gap(false, 3).client(&data).server(&b).end();
    }
}

#[test]
fn what_it_keeps_is_bounded() {
    let mut p = Postgres::default();
    let mut d = Dialogue::tcp(&SPEC, 5432).client(&startup());
    for n in 0..5000 {
        d = d.client(&message(b'P', format!("s{n}\0insert into t values (1)\0\0\0").as_bytes()));
        d = d.client(&message(b'B', format!("\0s{n}\0\0\0").as_bytes())).client(&message(b'E', b"\0\0\0\0\0"));
    }
    assert_eq!(d.end().ops(), ["postgresql insert unknown x5000"]);
    p.prepared.extend((0..MAX_PREPARED).map(|n| (n.to_string(), None)));
    assert!(p.prepared.len() <= MAX_PREPARED);
}
