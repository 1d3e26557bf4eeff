use super::*;
use crate::testkit::Dialogue;

fn udp() -> Dialogue {
    Dialogue::udp(&SPEC, 5060)
}

fn register(cseq: u32, authorization: &str) -> Vec<u8> {
    format!(
        "REGISTER sip:34020000002000000001@3402000000 SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.1:5060;branch=z\r\n\
         From: <sip:34020000001320000001@3402000000>;tag=1\r\nTo: <sip:34020000001320000001@3402000000>\r\n\
         Call-ID: 7@10.0.0.1\r\nCSeq: {cseq} REGISTER\r\nUser-Agent: Hikvision\r\nExpires: 3600\r\n{authorization}\
         Content-Length: 0\r\n\r\n"
    )
    .into_bytes()
}

fn answer(code: &str, cseq: &str, more: &str) -> Vec<u8> {
    format!(
        "SIP/2.0 {code}\r\nVia: SIP/2.0/UDP 10.0.0.1:5060\r\nFrom: <sip:a@b>\r\nTo: <sip:a@b>\r\n\
         Call-ID: 7@10.0.0.1\r\nCSeq: {cseq}\r\n{more}Content-Length: 0\r\n\r\n"
    )
    .into_bytes()
}

fn xml(cseq: u32, body: &str) -> Vec<u8> {
    format!(
        "MESSAGE sip:34020000001320000001@10.0.0.1 SIP/2.0\r\nFrom: <sip:34020000002000000001@3402000000>;tag=2\r\n\
         To: <sip:34020000001320000001@3402000000>\r\nCall-ID: 7@10.0.0.1\r\nCSeq: {cseq} MESSAGE\r\n\
         Content-Type: Application/MANSCDP+xml\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

const DIGEST: &str = "Authorization: Digest username=\"34020000001320000001\", realm=\"3402000000\", nonce=\"ab12\", \
     uri=\"sip:34020000002000000001@3402000000\", response=\"00112233445566778899aabbccddeeff\", algorithm=MD5\r\n";

#[test]
fn registers_and_is_controlled() {
    let boot = "<Control><CmdType>DeviceControl</CmdType><SN>5</SN><DeviceID>34020000001320000001</DeviceID>\
        <TeleBoot>Boot</TeleBoot></Control>";
    let guard = boot.replace("TeleBoot>", "GuardCmd>").replace("Boot<", "SetGuard<").replace("SN>5", "SN>6");
    let refused = "<Response><CmdType>DeviceControl</CmdType><SN>6</SN><DeviceID>34020000001320000001</DeviceID>\
        <Result>ERROR</Result></Response>";
    let seen = udp()
        .client(&register(1, ""))
        .server(&answer("401 Unauthorized", "1 REGISTER", "WWW-Authenticate: Digest realm=\"3402000000\", nonce=\"ab12\"\r\n"))
        .client(&register(2, DIGEST))
        .server(&answer("200 OK", "2 REGISTER", ""))
        .server(&xml(10, boot))
        .client(&answer("200 OK", "10 MESSAGE", ""))
        .server(&xml(11, &guard))
        .client(&answer("200 OK", "11 MESSAGE", ""))
        .client(&xml(12, refused))
        .server(&answer("200 OK", "12 MESSAGE", ""))
        .end();
    assert_eq!(seen.creds(), [
        "hash 34020000001320000001 $sip$***34020000001320000001*3402000000*REGISTER**\
         sip:34020000002000000001@3402000000**ab12****MD5*00112233445566778899aabbccddeeff success"
    ]);
    let ops = seen.ops();
    assert!(ops.contains(&"gb28181 tele_boot accepted x1".to_owned()), "{ops:?}");
    assert!(ops.contains(&"gb28181 guard_cmd refused x1".to_owned()), "{ops:?}");
    assert_eq!(seen.facts(), [
        "client id:gb28181=34020000001320000001",
        "client role=camera",
        "client user_agent=Hikvision",
        "client vendor=Hikvision",
        "server realm=3402000000"
    ]);
}

#[test]
fn is_the_same_however_it_is_cut() {
    let (client, server) = (register(2, DIGEST), answer("200 OK", "2 REGISTER", ""));
    let tcp = || Dialogue::tcp(&SPEC, 5060);
    let whole = tcp().client(&client).server(&server).end();
    assert_eq!(whole.creds().len(), 1);
    for n in 1..60 {
        let seen = tcp().client_split(&client, n).server_split(&server, n).end();
        assert_eq!((seen.creds(), seen.facts(), seen.ops()), (whole.creds(), whole.facts(), whole.ops()), "{n}");
    }
}

#[test]
fn phones_tell_what_they_are() {
    let agent = agent::read("Yealink SIP-T42S 66.84.0.15");
    assert_eq!((agent.vendor, agent.model, agent.firmware), (Some("Yealink"), Some("SIP-T42S"), Some("66.84.0.15")));
    assert_eq!(agent::read("unknown").vendor, None);
}

#[test]
fn is_known_by_content() {
    let off = Dialogue::udp(&SPEC, 45060);
    assert_eq!(off.identify(true, &register(1, "")), Verdict::Strong(Role::Client));
    assert_eq!(off.identify(false, &answer("200 OK", "1 REGISTER", "")), Verdict::Strong(Role::Server));
    assert_eq!(off.identify(false, &answer("200 OK", "1 INVITE", "")), Verdict::Strong(Role::Unknown));
    for other in [&b"NOTIFY * HTTP/1.1\r\nHost: x\r\n\r\n"[..], b"OPTIONS rtsp://x RTSP/1.0\r\n\r\n", b"\r\n\r\n"] {
        assert_eq!(off.identify(true, other), Verdict::No);
    }
}

#[test]
fn memory_is_bounded() {
    let mut probe = Sip::default();
    for n in 0..100_000u32 {
        probe.is_new(n);
        let deed = Deed { action: Action::Write, name: "ptz_cmd", value: String::new(), confirmed: true };
        let control = Control { asked: Stamp::default(), by: Side::Server, deed, device: String::new() };
        probe.controls.push(n.to_string(), control);
    }
    assert_eq!((probe.told.len(), probe.controls.len()), (MAX_TOLD, MAX_CONTROLS));
}

proptest::proptest! {
    #[test]
    fn never_panics(data: Vec<u8>, at in 0usize..500, byte: u8, cut in 1usize..90) {
        let _ = udp().identify(true, &data);
        let mut client = register(2, DIGEST);
        if let Some(b) = client.get_mut(at) { *b = byte; }
        udp().client(&data).client(&client).server(&answer("200 OK", "2 REGISTER", "")).end();
        Dialogue::tcp(&SPEC, 5060).client_split(&client, cut).gap(true, 3).client(&data).end();
    }
}
