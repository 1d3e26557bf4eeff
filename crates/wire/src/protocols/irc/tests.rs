use super::*;
use crate::stream::Fed;
use crate::testkit::Dialogue;

fn talk() -> Dialogue {
    Dialogue::tcp(&SPEC, 6667)
}

const CLIENT: &[u8] = b"PASS hunter2\r\nNICK bot7\r\nUSER bot 0 * :a bot\r\nJOIN #x\r\nMODE #x +o joe\r\n\
    PRIVMSG NickServ :IDENTIFY s3cret\r\nOPER root toor\r\nQUIT :bye\r\n";
const SERVER: &[u8] = b":irc.plant.example NOTICE AUTH :*** Looking up\r\n:irc.plant.example 001 bot7 :Welcome\r\n\
    :irc.plant.example 482 bot7 #x :You're not channel operator\r\n\
    :NickServ!s@x NOTICE bot7 :You are now identified for bot7.\r\n:irc.plant.example 491 bot7 :No\r\n";

#[test]
fn is_the_same_however_it_is_cut() {
    let said = |n: usize| {
        let seen = talk().client_split(&CLIENT[..62], n).server_split(&SERVER[..92], n);
        seen.client_split(&CLIENT[62..], n).server_split(&SERVER[92..], n).end()
    };
    let whole = said(1000);
    assert_eq!(whole.creds(), [
        "password bot7 hunter2 success",
        "password bot7 s3cret success",
        "password root toor failure"
    ]);
    assert_eq!(whole.facts(), ["client id:irc=bot7", "server hostname=irc.plant.example"]);
    assert_eq!(whole.ops().len(), 2);
    for n in 1..50 {
        let seen = said(n);
        assert_eq!((seen.creds().len(), seen.facts()), (3, whole.facts()), "{n}");
    }
}

#[test]
fn authenticates_and_becomes_tls() {
    let seen = talk()
        .client(b"CAP REQ :sasl\r\nAUTHENTICATE PLAIN\r\n")
        .server(b"AUTHENTICATE +\r\n")
        .client(b"AUTHENTICATE AGpvZQBzM2NyZXQ=\r\n")
        .server(b":irc.x 904 joe :SASL authentication failed\r\n")
        .client(b"STARTTLS\r\n")
        .server(b":irc.x 670 joe :go\r\n")
        .end();
    assert_eq!(seen.creds(), ["password joe s3cret failure"]);
    assert!(matches!(seen.last, Fed::Become { name: "tls", .. }));
}

#[test]
fn is_known_by_content() {
    let off = Dialogue::tcp(&SPEC, 4667);
    assert_eq!(off.identify(true, CLIENT), Verdict::Strong(Role::Client));
    assert_eq!(off.identify(false, SERVER), Verdict::Strong(Role::Server));
    assert_eq!(off.identify(true, b"NICK joe\r\n"), Verdict::Strong(Role::Client));
    for other in [
        &b"USER joe\r\n"[..],
        b"GET / HTTP/1.1\r\n",
        b"EHLO x\r\n",
        b"PASS x\r\nLIST\r\n",
        b"220 x\r\n",
        b":0100000001FE\r\n",
    ] {
        assert_eq!(off.identify(true, other), Verdict::No, "{:?}", String::from_utf8_lossy(other));
    }
}

#[test]
fn memory_is_bounded() {
    let mut talk = talk();
    for n in 0..100_000 {
        talk = talk.client(format!("NICK n{}\r\nMODE #c{} +o x\r\n", n % 10, n % 10).as_bytes());
    }
    let seen = talk.end();
    assert_eq!(seen.facts().len(), 10, "a name is all that is kept");
}

proptest::proptest! {
    #[test]
    fn never_panics(data: Vec<u8>, at in 0usize..200, byte: u8, cut in 1usize..90) {
        let _ = talk().identify(true, &data);
        let (mut client, mut server) = (CLIENT.to_vec(), SERVER.to_vec());
        for v in [&mut client, &mut server] {
            if let Some(b) = v.get_mut(at) { *b = byte; }
        }
        talk().client_split(&client, cut).server(&data).gap(false, 9).server_split(&server, cut).end();
    }
}
