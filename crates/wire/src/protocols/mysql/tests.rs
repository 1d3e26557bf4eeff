use super::*;
use crate::testkit::Dialogue;

fn packet(seq: u8, body: &[u8]) -> Vec<u8> {
    let n = body.len();
    [&[n as u8, (n >> 8) as u8, (n >> 16) as u8, seq], body].concat()
}

fn greeting(plugin: &str) -> Vec<u8> {
    let mut body = b"\x0a8.0.36-0ubuntu0.22.04.1\0\x07\0\0\0saltsalt\0\xff\xf7\xff\x02\0\xff\xdf\x15".to_vec();
    body.extend_from_slice(&[0; 10]);
    body.extend_from_slice(b"0123456789ab\0");
    body.extend_from_slice(plugin.as_bytes());
    body.push(0);
    packet(0, &body)
}

fn login(user: &str, answer: &[u8], plugin: &str) -> Vec<u8> {
    let caps = cap::PROTOCOL_41 | cap::SECURE_CONNECTION | cap::PLUGIN_AUTH | cap::CONNECT_WITH_DB;
    let mut body = caps.to_le_bytes().to_vec();
    body.extend_from_slice(&[0, 0, 0, 1, 33]);
    body.extend_from_slice(&[0; 23]);
    body.extend_from_slice(format!("{user}\0").as_bytes());
    body.push(answer.len() as u8);
    body.extend_from_slice(answer);
    body.extend_from_slice(format!("shop\0{plugin}\0").as_bytes());
    packet(1, &body)
}

#[test]
fn logs_in_and_drops_a_table() {
    let seen = Dialogue::tcp(&SPEC, 3306)
        .server(&greeting("mysql_native_password"))
        .client(&login("root", &[0x11; 20], "mysql_native_password"))
        .server(&packet(2, &[0, 0, 0, 2, 0, 0, 0]))
        .client(&packet(0, b"\x03DROP TABLE t"))
        .server(&packet(1, b"\xff\x76\x04#42000denied"))
        .client(&packet(0, b"\x08\0"))
        .end();
    assert_eq!(seen.ops(), ["mysql drop_table refused x1", "mysql shutdown unknown x1"]);
    let line = format!("hash root $mysqlna${}*{} success", hex(b"saltsalt0123456789ab"), "11".repeat(20));
    assert_eq!(seen.creds(), [line]);
    assert_eq!(seen.facts(), ["server banner=8.0.36-0ubuntu0.22.04.1", "server os=Ubuntu"]);
}

#[test]
fn another_plugin_takes_over() {
    let switch = [b"\xfemysql_native_password\0".as_slice(), b"abcdefghijklmnopqrst\0"].concat();
    let seen = Dialogue::tcp(&SPEC, 3306)
        .server(&greeting("caching_sha2_password"))
        .client(&login("amy", &[0x22; 32], "caching_sha2_password"))
        .server(&packet(2, &switch))
        .client(&packet(3, &[0x33; 20]))
        .server(&packet(4, b"\xff\x15\x04#28000Access denied"))
        .end();
    let line = format!("hash amy $mysqlna${}*{} failure", hex(b"abcdefghijklmnopqrst"), "33".repeat(20));
    assert_eq!(seen.creds(), [line]);
}

#[test]
fn is_known_by_its_greeting() {
    let off = Dialogue::tcp(&SPEC, 9999);
    assert_eq!(off.identify(false, &greeting("x")), Verdict::Strong(Role::Server));
    assert_eq!(off.identify(false, &greeting("x")[..12]), Verdict::Strong(Role::Server));
    for other in [&b"\x16\x03\x01\0\0"[..], b"\x4a\0\0\0\x0ahello w", b"GET / HTTP", b"\x4a\0\0\0\x0b5.5.5"] {
        assert_eq!(off.identify(false, other), Verdict::No);
    }
}

proptest::proptest! {
    #[test]
    fn never_panics(data: Vec<u8>, at in 0usize..120, byte: u8, cut in 1usize..90) {
        let (mut a, mut b) = (greeting("mysql_native_password"), login("u", &[9; 20], "p"));
        b.extend(packet(0, b"\x03insert into t values (1)"));
        for v in [&mut a, &mut b] {
            if let Some(x) = v.get_mut(at) { *x = byte; }
        }
        let d = Dialogue::tcp(&SPEC, 3306);
        let _ = (d.identify(true, &data), d.identify(false, &a));
        d.server_split(&a, cut).client_split(&b, cut).server(&data).gap(false, 3).client(&data).server(&a).end();
    }

    /// However long it goes on, nothing is kept but the last command.
    #[test]
    fn keeps_one_command(n in 1000usize..3000) {
        let mut d = Dialogue::tcp(&SPEC, 3306).server(&greeting("x")).client(&login("u", &[9; 20], "p"));
        for i in 0..n {
            d = d.client(&packet(0, format!("\x03insert into t{} values (1)", i % 3).as_bytes()));
        }
        proptest::prop_assert!(d.end().obs.operations.len() <= 3);
    }
}
