use super::*;
use crate::stream::Fed;
use crate::testkit::Dialogue;

fn talk() -> Dialogue {
    Dialogue::tcp(&SPEC, 110)
}

const CLIENT: &[u8] = b"CAPA\r\nUSER joe\r\nPASS s3 cret\r\nLIST\r\nRETR 1\r\nDELE 1\r\nDELE 9\r\nQUIT\r\n";
const SERVER: &[u8] = b"+OK POP3 plc.example ready <1.2@plc.example>\r\n+OK\r\nUSER\r\nIMPLEMENTATION Dovecot 2.3.1\r\n.\r\n\
    +OK\r\n+OK welcome\r\n+OK 1\r\n1 20\r\n.\r\n+OK 20 octets\r\nSubject: x\r\n\r\n+OK no reply\r\n..\r\n.\r\n\
    +OK\r\n-ERR no such message\r\n+OK bye\r\n";

#[test]
fn is_the_same_however_it_is_cut() {
    let whole = talk().client(CLIENT).server(SERVER).end();
    let split = talk()
        .server(&SERVER[..46])
        .client(CLIENT)
        .server(&SERVER[46..])
        .end();
    assert_eq!(split.creds(), ["password joe s3 cret success"]);
    assert_eq!(split.ops(), ["pop3 retrieve accepted x1", "pop3 delete accepted x1", "pop3 delete refused x1"]);
    assert_eq!(split.facts(), [
        "server banner=POP3 plc.example ready <1.2@plc.example>",
        "server hostname=plc.example"
    ]);
    assert!(!whole.creds().is_empty());
    for n in 1..60 {
        let seen = talk().server(&SERVER[..46]).client_split(CLIENT, n).server_split(&SERVER[46..], n).end();
        assert_eq!((seen.creds(), seen.ops(), seen.facts()), (split.creds(), split.ops(), split.facts()), "{n}");
    }
}

#[test]
fn digests_and_mechanisms() {
    // RFC 1939, section 7: the password is "tanstaaf"
    let seen = talk()
        .server(b"+OK POP3 server ready <1896.697170952@dbc.mtview.ca.us>\r\n")
        .client(b"APOP mrose c4c9334bac560ecc979e58001b3e22fb\r\n")
        .server(b"+OK maildrop has 1 message\r\n")
        .end();
    assert_eq!(seen.creds(), [
        "hash mrose c4c9334bac560ecc979e58001b3e22fb:<1896.697170952@dbc.mtview.ca.us> success"
    ]);
    let seen = talk()
        .server(b"+OK ready\r\n")
        .client(b"AUTH CRAM-MD5\r\n")
        .server(b"+ PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+\r\n")
        .client(b"dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw\r\n")
        .server(b"-ERR no\r\n")
        .end();
    assert_eq!(seen.creds(), [
        "hash tim $cram_md5$PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+$\
         dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw failure"
    ]);
    let seen = talk().client(b"AUTH PLAIN AGpvZQBzM2NyZXQ=\r\n").server(b"+OK\r\n").end();
    assert_eq!(seen.creds(), ["password joe s3cret success"]);
}

#[test]
fn becomes_tls() {
    let seen = talk().server(b"+OK x\r\n").client(b"STLS\r\n").server(b"+OK go\r\n").end();
    assert_eq!(seen.last, Fed::Become { name: "tls", rest: 8 });
}

#[test]
fn is_known_by_content() {
    let off = Dialogue::tcp(&SPEC, 4021);
    assert_eq!(off.identify(false, b"+OK POP3 ready\r\n"), Verdict::Strong(Role::Server));
    assert_eq!(off.identify(true, b"CAPA\r\n"), Verdict::Strong(Role::Client));
    assert_eq!(off.identify(true, b"USER x\r\n"), Verdict::Weak(Role::Client));
    for other in [&b"+OK\r\n"[..], b"GET / HTTP/1.1\r\n", b"USER a b c :d\r\n", b"EHLO x\r\n", b"-ERR x\r\n"] {
        assert_eq!(off.identify(false, other), Verdict::No, "{:?}", String::from_utf8_lossy(other));
    }
}

#[test]
fn memory_is_bounded() {
    let mut talk = talk().server(b"+OK POP3\r\n");
    for n in 0..100_000 {
        talk = talk.client(format!("DELE {n}\r\n").as_bytes());
    }
    let seen = talk.end();
    let no_answer = seen.ops().iter().filter(|o| o.contains("no-answer")).count();
    assert_eq!(no_answer, 1, "only what was still open has no answer");
    let open = seen.obs.operations.iter().filter(|(k, _)| k.outcome == Outcome::NoAnswer);
    assert_eq!(open.map(|(_, s)| s.seen.count).sum::<u64>(), MAX_OPEN as u64);
}

proptest::proptest! {
    #[test]
    fn never_panics(data: Vec<u8>, at in 0usize..200, byte: u8, cut in 1usize..90) {
        let _ = talk().identify(true, &data);
        let _ = talk().identify(false, &data);
        let (mut client, mut server) = (CLIENT.to_vec(), SERVER.to_vec());
        for v in [&mut client, &mut server] {
            if let Some(b) = v.get_mut(at) { *b = byte; }
        }
        talk().client_split(&client, cut).server(&data).gap(false, 9).server_split(&server, cut).end();
        talk().server(&data).client(&data).gap(true, 1).client(&client).end();
    }
}
