use super::*;
use crate::stream::Fed;
use crate::testkit::Dialogue;

fn talk() -> Dialogue {
    Dialogue::tcp(&SPEC, 25)
}

const GREETING: &[u8] = b"220 mx.plant.example ESMTP Postfix 3.4.1\r\n";
const CLIENT: &[u8] = b"EHLO hmi-7\r\nAUTH PLAIN AGpvZQBzM2NyZXQ=\r\n";
const SERVER: &[u8] = b"250-mx.plant.example\r\n250 AUTH PLAIN\r\n235 ok\r\n";
const MAIL: &[u8] = b"MAIL FROM:<a@x>\r\nRCPT TO:<b@y>\r\nRCPT TO:<c@y>\r\nDATA\r\n";
const TEXT: &[u8] = b"From: A <a@x>\r\nSubject: alarm\r\n of 7\r\nX-Mailer: PLC 1.2\r\n\r\nQUIT\r\n..\r\n.\r\nQUIT\r\n";

fn whole(n: usize) -> crate::testkit::Seen {
    talk()
        .server_split(GREETING, n)
        .client_split(CLIENT, n)
        .server_split(SERVER, n)
        .client_split(MAIL, n)
        .server_split(b"250 ok\r\n250 ok\r\n550 no\r\n354 End data with <CR><LF>.<CR><LF>\r\n", n)
        .client_split(TEXT, n)
        .server_split(b"250 queued\r\n221 bye\r\n", n)
        .end()
}

#[test]
fn sends_a_message() {
    let seen = whole(2000);
    assert_eq!(seen.creds(), ["password joe s3cret success"]);
    assert_eq!(seen.ops(), ["smtp send_message accepted x1"]);
    assert_eq!(seen.facts(), [
        "client client=PLC 1.2",
        "client hostname=hmi-7",
        "server banner=mx.plant.example ESMTP Postfix 3.4.1",
        "server hostname=mx.plant.example"
    ]);
    let event = seen.events.iter().position(|e| e.fields.iter().any(|(n, _)| *n == "smtp.subject")).unwrap();
    assert_eq!(seen.field(event, "smtp.subject").as_deref(), Some("alarm of 7"));
    assert_eq!(seen.field(event, "smtp.rcpt_to").as_deref(), Some("[Str(\"b@y\")]"));
    for n in 1..60 {
        let other = whole(n);
        assert_eq!((other.creds(), other.ops(), other.facts()), (seen.creds(), seen.ops(), seen.facts()), "{n}");
    }
}

#[test]
fn takes_chunks() {
    let seen = talk()
        .client(b"EHLO x1\r\n")
        .server(b"250 hi\r\n")
        .client(b"MAIL FROM:<>\r\nRCPT TO:<b@y>\r\nBDAT 14\r\nSubject: QUIT\nBDAT 6 LAST\r\n\r\nRSETQUIT\r\n")
        .server(b"250 ok\r\n250 ok\r\n250 ok\r\n554 virus\r\n221 bye\r\n")
        .end();
    assert_eq!(seen.ops(), ["smtp send_message refused x1"]);
}

#[test]
fn a_refused_data_is_followed_by_commands() {
    let seen = talk()
        .client(b"EHLO x1\r\nMAIL FROM:<a@x>\r\nDATA\r\n")
        .server(b"250 hi\r\n250 ok\r\n503 no receivers\r\n")
        .client(b"AUTH LOGIN am9l\r\n")
        .server(b"334 UGFzc3dvcmQ6\r\n")
        .client(b"czNjcmV0\r\n")
        .server(b"535 no\r\n")
        .end();
    assert_eq!(seen.creds(), ["password joe s3cret failure"]);
    assert!(seen.ops().is_empty());
}

#[test]
fn becomes_tls() {
    let seen = talk().server(GREETING).client(b"STARTTLS\r\n").server(b"220 go\r\n").end();
    assert_eq!(seen.last, Fed::Become { name: "tls", rest: 8 });
}

#[test]
fn is_known_by_content() {
    let off = Dialogue::tcp(&SPEC, 4021);
    assert_eq!(off.identify(false, GREETING), Verdict::Strong(Role::Server));
    assert_eq!(off.identify(true, b"EHLO x\r\n"), Verdict::Strong(Role::Client));
    assert_eq!(off.identify(true, b"MAIL FROM:<a>\r\n"), Verdict::Strong(Role::Client));
    for other in [
        &b"220 ProFTPD ftp\r\n"[..],
        b"GET / HTTP/1.1\r\n",
        b"USER x\r\n",
        b"NICK joe\r\n",
        b"HELP\r\n",
        b"250 ok\r\n",
    ] {
        let said = off.identify(true, other);
        assert!(!matches!(said, Verdict::Strong(_)), "{:?}", String::from_utf8_lossy(other));
    }
}

#[test]
fn memory_is_bounded() {
    let mut talk = talk();
    for n in 0..100_000 {
        talk = talk.client(format!("RCPT TO:<{n}@x>\r\n").as_bytes());
    }
    let seen = talk.client(b"DATA\r\nx: y\r\n.\r\n").server(b"421 x\r\n").end();
    let event = seen.events.iter().position(|e| e.fields.iter().any(|(n, _)| *n == "smtp.rcpt_to"));
    let list = seen.field(event.unwrap(), "smtp.rcpt_to").unwrap();
    assert_eq!(list.matches("Str").count(), 16);
}

proptest::proptest! {
    #[test]
    fn never_panics(data: Vec<u8>, at in 0usize..200, byte: u8, cut in 1usize..90) {
        let _ = talk().identify(true, &data);
        let _ = talk().identify(false, &data);
        let (mut client, mut server) = ([CLIENT, MAIL, TEXT].concat(), [GREETING, SERVER].concat());
        for v in [&mut client, &mut server] {
            if let Some(b) = v.get_mut(at) { *b = byte; }
        }
        talk().client_split(&client, cut).server(&data).gap(false, 9).server_split(&server, cut).end();
        talk().server(&data).client(&data).gap(true, 1).client(&client).end();
    }
}
