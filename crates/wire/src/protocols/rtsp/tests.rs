use super::*;
use crate::testkit::Dialogue;

fn talk() -> Dialogue {
    Dialogue::tcp(&SPEC, 554)
}

const CLIENT: &[u8] = b"DESCRIBE rtsp://cam/1 RTSP/1.0\r\nCSeq: 1\r\nUser-Agent: NVR 2.1\r\n\r\n\
    DESCRIBE rtsp://cam/1 RTSP/1.0\r\nCSeq: 2\r\nAuthorization: Basic YWRtaW46MTIzNDU=\r\n\r\n\
    PLAY rtsp://cam/1 RTSP/1.0\r\nCSeq: 3\r\nSession: 9\r\n\r\n";
const SERVER: &[u8] = b"RTSP/1.0 401 Unauthorized\r\nCSeq: 1\r\nServer: Dahua Rtsp Server/3.0\r\n\
    WWW-Authenticate: Basic realm=\"CAM7\"\r\n\r\n\
    RTSP/1.0 200 OK\r\nCSeq: 2\r\nContent-Length: 24\r\n\r\nv=0\r\ns=x\r\nm=video 0 RTP\r\n\
    $\x00\x00\x04abcdRTSP/1.0 454 Session Not Found\r\nCSeq: 3\r\n\r\n";

#[test]
fn is_the_same_however_it_is_cut() {
    let whole = talk().client(CLIENT).server(SERVER).end();
    assert_eq!(whole.creds(), ["password admin 12345 success"]);
    assert_eq!(whole.facts(), [
        "client user_agent=NVR 2.1",
        "server banner=Dahua Rtsp Server/3.0",
        "server realm=CAM7",
        "server role=camera",
        "server vendor=Dahua"
    ]);
    assert!(whole.ops().contains(&"rtsp play refused x1".to_owned()), "{:?}", whole.ops());
    for n in 1..60 {
        let seen = talk().client_split(CLIENT, n).server_split(SERVER, n).end();
        assert_eq!((seen.creds(), seen.facts()), (whole.creds(), whole.facts()), "{n}");
    }
}

#[test]
fn is_known_by_content() {
    let off = Dialogue::tcp(&SPEC, 4554);
    assert_eq!(off.identify(true, CLIENT), Verdict::Strong(Role::Client));
    assert_eq!(off.identify(false, SERVER), Verdict::Strong(Role::Server));
    for other in [&b"OPTIONS / HTTP/1.1\r\n"[..], b"OPTIONS sip:a SIP/2.0\r\n", b"PLAY\r\n", b"\x16\x03\x01"] {
        assert_eq!(off.identify(true, other), Verdict::No);
    }
}

#[test]
fn memory_is_bounded() {
    let mut probe = Rtsp::default();
    for n in 0..100_000u32 {
        probe.is_new(n);
        let request = Request {
            asked: Stamp::default(),
            method: Method::Play,
            url: String::new(),
            agent: String::new(),
            login: None,
        };
        probe.open.push(n, request);
    }
    assert_eq!((probe.told.len(), probe.open.len()), (MAX_TOLD, MAX_OPEN));
}

proptest::proptest! {
    #[test]
    fn never_panics(data: Vec<u8>, at in 0usize..300, byte: u8, cut in 1usize..90) {
        let _ = talk().identify(true, &data);
        let (mut client, mut server) = (CLIENT.to_vec(), SERVER.to_vec());
        for v in [&mut client, &mut server] {
            if let Some(b) = v.get_mut(at) { *b = byte; }
        }
        talk().client_split(&client, cut).server(&data).gap(false, 9).server_split(&server, cut).end();
    }
}
