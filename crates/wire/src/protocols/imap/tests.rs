use super::*;
use crate::stream::Fed;
use crate::testkit::Dialogue;

fn talk() -> Dialogue {
    Dialogue::tcp(&SPEC, 143)
}

const CLIENT: &[u8] = b"a1 ID (\"name\" \"Mutt\" \"version\" \"2.1\" \"os\" \"Linux\")\r\na2 LOGIN joe {6}\r\ns3cret\r\n\
    a3 SELECT INBOX\r\na4 UID FETCH 1 BODY[]\r\na5 APPEND Sent {2000}\r\n";
const SERVER: &[u8] = b"* OK [CAPABILITY IMAP4rev1] Dovecot 2.3.7 ready.\r\n* ID (\"name\" \"Dovecot\")\r\na1 OK\r\n\
    + go\r\na2 OK Logged in\r\n* 1 EXISTS\r\na3 OK\r\n* 1 FETCH (BODY[] {10}\r\na2 NO bad\r)\r\na4 OK\r\n+ go\r\n\
    a5 NO [TRYCREATE] none\r\na6 OK\r\n";

fn client() -> Vec<u8> {
    [CLIENT, &vec![b'x'; 2000], b"\r\na6 DELETE Old\r\n"].concat()
}

#[test]
fn is_the_same_however_it_is_cut() {
    let client = client();
    let whole = talk().client(&client).server(SERVER).end();
    assert_eq!(whole.creds(), ["password joe s3cret success"]);
    assert_eq!(whole.ops(), ["imap fetch accepted x1", "imap append refused x1", "imap delete accepted x1"]);
    assert_eq!(whole.facts(), [
        "client client=Mutt 2.1",
        "client os=Linux",
        "server banner=[CAPABILITY IMAP4rev1] Dovecot 2.3.7 ready."
    ]);
    for n in 1..70 {
        let seen = talk().client_split(&client, n).server_split(SERVER, n).end();
        let said = |s: &crate::testkit::Seen| (s.creds(), s.facts(), s.ops().len());
        assert_eq!(said(&seen), said(&whole), "{n}");
    }
}

#[test]
fn authenticates() {
    let seen = talk()
        .server(b"* OK ready\r\n")
        .client(b"A1 AUTHENTICATE LOGIN\r\n")
        .server(b"+ VXNlcm5hbWU6\r\n")
        .client(b"am9l\r\n")
        .server(b"+ UGFzc3dvcmQ6\r\n")
        .client(b"czNjcmV0\r\n")
        .server(b"A1 NO [AUTHENTICATIONFAILED]\r\n")
        .client(b"A2 LOGIN \"jo\\\"e\" \"a b\"\r\n")
        .server(b"A2 OK in\r\n")
        .end();
    assert_eq!(seen.creds(), ["password joe s3cret failure", "password jo\"e a b success"]);
}

#[test]
fn becomes_tls() {
    let seen = talk().server(b"* OK x\r\n").client(b"a STARTTLS\r\n").server(b"a OK go\r\n").end();
    assert_eq!(seen.last, Fed::Become { name: "tls", rest: 9 });
}

#[test]
fn is_known_by_content() {
    let off = Dialogue::tcp(&SPEC, 4021);
    assert_eq!(off.identify(false, b"* OK IMAP4 ready\r\n"), Verdict::Strong(Role::Server));
    assert_eq!(off.identify(false, b"* OK ready\r\n"), Verdict::Weak(Role::Server));
    assert_eq!(off.identify(true, b"1 capability\r\n"), Verdict::Strong(Role::Client));
    assert_eq!(off.identify(true, b"a1 LOGIN x y\r\n"), Verdict::Strong(Role::Client));
    assert_eq!(off.identify(true, b"a1 NOOP\r\n"), Verdict::Weak(Role::Client));
    for other in [&b"GET / HTTP/1.1\r\n"[..], b"USER x\r\n", b"NICK joe\r\n", b"220 x\r\n", b"* x\r\n", b"\x16\x03"] {
        assert_eq!(off.identify(true, other), Verdict::No, "{:?}", String::from_utf8_lossy(other));
    }
}

#[test]
fn memory_is_bounded() {
    let mut talk = talk();
    for n in 0..100_000 {
        talk = talk.client(format!("t{n} DELETE x\r\n").as_bytes());
    }
    let seen = talk.server(b"* BYE\r\n").end();
    let open = seen.obs.operations.iter().filter(|(k, _)| k.outcome == Outcome::NoAnswer);
    assert_eq!(open.map(|(_, s)| s.seen.count).sum::<u64>(), MAX_OPEN as u64);
}

proptest::proptest! {
    #[test]
    fn never_panics(data: Vec<u8>, at in 0usize..300, byte: u8, cut in 1usize..90) {
        let _ = talk().identify(true, &data);
        let _ = talk().identify(false, &data);
        let (mut client, mut server) = (client(), SERVER.to_vec());
        for v in [&mut client, &mut server] {
            if let Some(b) = v.get_mut(at) { *b = byte; }
        }
        talk().client_split(&client, cut).server(&data).gap(false, 9).server_split(&server, cut).end();
        talk().server(&data).client(&data).gap(true, 1).client(&client).end();
    }
}
