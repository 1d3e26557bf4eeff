use super::*;
use crate::stream::Fed;
use crate::testkit::Dialogue;

fn talk() -> Dialogue {
    Dialogue::tcp(&SPEC, 21)
}

const LOGIN_C: &[u8] = b"USER eng\r\nPASS s3cret\r\nSYST\r\nSTOR fw/plc_v2.bin\r\nDELE old.txt\r\nQUIT\r\n";
const LOGIN_S: &[u8] = b"220 plc7.example FTP server (VxWorks 5.5.1) ready.\r\n331 Password required\r\n\
    230 User logged in\r\n215 VxWorks Type: L8\r\n150 Opening\r\n226 Done\r\n550 No such file\r\n221 Bye\r\n";

#[test]
fn logs_in_stores_and_deletes() {
    let seen = talk()
        .server(&LOGIN_S[..52])
        .client(b"USER eng\r\n")
        .server(b"331 Password required\r\n")
        .client(b"PASS s3cret\r\n")
        .server(b"230 User logged in\r\n")
        .client(b"STOR fw/plc_v2.bin\r\n")
        .server(b"150 Opening\r\n226 Done\r\n")
        .client(b"DELE old.txt\r\n")
        .server(b"550 No such file\r\n")
        .client(b"RETR log.txt\r\n")
        .end();
    assert_eq!(seen.creds(), ["password eng s3cret success"]);
    assert_eq!(seen.ops(), ["ftp store accepted x1", "ftp delete refused x1", "ftp retrieve no-answer x1"]);
    let facts = seen.facts();
    assert!(facts.contains(&"server os=VxWorks 5.5.1".to_owned()), "{facts:?}");
    assert!(facts.contains(&"server hostname=plc7.example".to_owned()), "{facts:?}");
}

#[test]
fn is_the_same_however_it_is_cut() {
    let whole = talk().client(LOGIN_C).server(LOGIN_S).end();
    assert_eq!(whole.creds(), ["password eng s3cret success"]);
    for n in 1..=LOGIN_C.len() {
        let seen = talk().client_split(LOGIN_C, n).server_split(LOGIN_S, n).end();
        assert_eq!((seen.creds(), seen.ops(), seen.facts()), (whole.creds(), whole.ops(), whole.facts()), "{n}");
    }
}

#[test]
fn failures_and_anonymous() {
    let bad = talk().client(b"USER a\r\n").server(b"331 x\r\n").client(b"PASS b\r\n").server(b"530 no\r\n").end();
    assert_eq!(bad.creds(), ["password a b failure"]);
    let user = talk().client(b"USER hello\r\n").server(b"530 anonymous only\r\n").end();
    assert_eq!(user.creds(), ["user hello - failure"]);
    let free = talk().client(b"USER anonymous\r\n").server(b"230 welcome\r\n").end();
    assert_eq!(free.creds(), ["user anonymous - success"]);
    let both = talk().client(b"USER z\r\n").server(b"230 ok\r\n").client(b"PASS z\r\n").server(b"230 ok\r\n").end();
    assert_eq!(both.creds(), ["password z z success"]);
    let half = talk().client(b"USER z\r\nPASS y\r\n").end();
    assert_eq!(half.creds(), ["password z y unknown"]);
}

#[test]
fn many_lines_are_one_reply() {
    let seen = talk()
        .server(b"220-Welcome\r\n220-\r\n  230 not a reply\r\n220 FileZilla Server 1.9.1\r\n")
        .client(b"USER a\r\nPASS b\r\n")
        .server(b"331-x\r\n331 go\r\n230-hi\r\n 530 no\r\n230 ok\r\n")
        .end();
    assert_eq!(seen.creds(), ["password a b success"]);
    assert_eq!(seen.facts(), ["server banner=Welcome 230 not a reply FileZilla Server 1.9.1"]);
}

#[test]
fn becomes_tls() {
    let seen = talk().client(b"AUTH TLS\r\n").server(b"234 Proceed\r\n").end();
    assert_eq!(seen.last, Fed::Become { name: "tls", rest: 13 });
}

#[test]
fn a_lost_reply_costs_only_its_command() {
    let seen = talk()
        .client(b"USER a\r\n")
        .server(b"331 x\r\n")
        .client(b"PASS b\r\n")
        .gap(false, 20)
        .client(b"DELE x\r\n")
        .server(b"250 ok\r\n")
        .end();
    assert_eq!(seen.ops(), ["ftp delete accepted x1"]);
    assert_eq!(seen.creds(), ["password a b unknown"]);
}

#[test]
fn overlong_lines_are_passed_over() {
    let long = [b"RETR ", vec![b'A'; 20_000].as_slice(), b"\r\nDELE x\r\n"].concat();
    let seen = talk().client_split(&long, 1400).server(b"550 a\r\n250 b\r\n").end();
    assert_eq!(seen.ops(), ["ftp retrieve refused x1", "ftp delete accepted x1"]);
}

#[test]
fn is_known_by_content() {
    let off = Dialogue::tcp(&SPEC, 4021);
    let on = talk();
    assert_eq!(off.identify(false, b"220 ProFTPD 1.3 ready\r\n"), Verdict::Strong(Role::Server));
    assert_eq!(off.identify(true, b"PASV\r\n"), Verdict::Strong(Role::Client));
    assert_eq!(off.identify(true, b"PORT 10,0,0,1,4,1\r\n"), Verdict::Strong(Role::Client));
    assert_eq!(on.identify(false, b"220 ready\r\n"), Verdict::Weak(Role::Server));
    assert_eq!(on.identify(true, b"USER bob\r\n"), Verdict::Weak(Role::Client));
    assert_eq!(on.identify(true, b"US"), Verdict::Need);
    for other in [
        &b"220 mail.example ESMTP ftp gateway\r\n"[..],
        b"EHLO x\r\n",
        b"USER a b c :d\r\n",
        b"GET / HTTP/1.1\r\n",
        b"HTTP/1.1 200 OK\r\n",
        b"\x16\x03\x01\x02\x00\x01",
        b"SSH-2.0-x\r\n",
        b"+OK ready\r\n",
        b"RETR 1\r\n",
    ] {
        assert_eq!(off.identify(true, other), Verdict::No, "{:?}", String::from_utf8_lossy(other));
    }
}

proptest::proptest! {
    #[test]
    fn never_panics(data: Vec<u8>, at in 0usize..200, byte: u8, cut in 1usize..90) {
        let _ = talk().identify(true, &data);
        let _ = talk().identify(false, &data);
        let mut client = LOGIN_C.to_vec();
        let mut server = LOGIN_S.to_vec();
        for v in [&mut client, &mut server] {
            if let Some(b) = v.get_mut(at) { *b = byte; }
        }
        talk().client_split(&client, cut).server(&data).gap(false, 9).server_split(&server, cut).end();
        talk().server(&data).client(&data).gap(true, 1).client(&client).end();
    }
}
