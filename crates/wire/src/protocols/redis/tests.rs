use super::*;
use crate::testkit::Dialogue;

fn cmd(words: &[&str]) -> Vec<u8> {
    let mut out = format!("*{}\r\n", words.len());
    for w in words {
        out += &format!("${}\r\n{w}\r\n", w.len());
    }
    out.into_bytes()
}

#[test]
fn logs_in_and_changes() {
    let info = "# Server\r\nredis_version:6.2.6\r\nos:Linux 5.4.0 x86_64\r\nrun_id:abc123\r\nrole:master\r\n";
    let seen = Dialogue::tcp(&SPEC, 6379)
        .client(&[cmd(&["AUTH", "wrong"]), cmd(&["AUTH", "app", "s3cret"]), cmd(&["INFO"])].concat())
        .server(b"-WRONGPASS invalid\r\n+OK\r\n")
        .server(format!("${}\r\n{info}\r\n", info.len()).as_bytes())
        .client(&cmd(&["CONFIG", "SET", "dir", "/var/spool/cron"]))
        .server(b"+OK\r\n")
        .client(b"FLUSHALL\r\n")
        .server(b"-NOPERM no\r\n")
        .client(&cmd(&["LRANGE", "l", "0", "-1"]))
        .server(b"*2\r\n$1\r\na\r\n*1\r\n:4\r\n")
        .client(&cmd(&["SLAVEOF", "10.0.0.9", "6379"]))
        .end();
    assert_eq!(seen.creds(), ["password - wrong failure", "password app s3cret success"]);
    assert_eq!(
        seen.ops(),
        [
            "redis info accepted x1",
            "redis config_set accepted x1",
            "redis flushall refused x1",
            "redis lrange accepted x1",
            "redis slaveof unknown x1"
        ]
    );
    assert!(seen.facts().contains(&"server os=Linux 5.4.0 x86_64".to_owned()), "{:?}", seen.facts());
}

#[test]
fn is_known_by_its_commands() {
    let off = Dialogue::tcp(&SPEC, 9999);
    assert_eq!(off.identify(true, &cmd(&["PING"])), Verdict::Strong(Role::Client));
    assert_eq!(off.identify(true, b"*2\r\n$6\r\nCON"), Verdict::Strong(Role::Client));
    assert_eq!(off.identify(true, b"*2\r\n$6\r\nCO"), Verdict::Need);
    for other in [&b"*1\r\n$5\r\nworld\r\n"[..], b"*abc", b"PING\r\n", b"+OK ready\r\n", b"$GPGGA,1", b"-1\r\n"] {
        assert_eq!(off.identify(true, other), Verdict::No, "{:?}", String::from_utf8_lossy(other));
    }
}

proptest::proptest! {
    #[test]
    fn never_panics(data: Vec<u8>, at in 0usize..60, byte: u8, cut in 1usize..50) {
        let mut a = [cmd(&["AUTH", "a", "b"]), cmd(&["CONFIG", "SET", "x", "y"])].concat();
        let mut b = b"+OK\r\n*2\r\n$1\r\na\r\n%1\r\n+a\r\n:1\r\n>1\r\n+x\r\n".to_vec();
        for v in [&mut a, &mut b] {
            if let Some(x) = v.get_mut(at) { *x = byte; }
        }
        let d = Dialogue::tcp(&SPEC, 6379);
        let _ = (d.identify(true, &data), d.identify(false, &b));
        d.client_split(&a, cut).server_split(&b, cut).server(&data).gap(false, 3).client(&data).server(&b).end();
    }
}

#[test]
fn what_it_keeps_is_bounded() {
    let mut d = Dialogue::tcp(&SPEC, 6379);
    for n in 0..3000 {
        d = d.client(&cmd(&["DEL", &format!("key{n}")]));
    }
    assert_eq!(d.end().ops(), ["redis del unknown x3000"]);
}
