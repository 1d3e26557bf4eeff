use super::*;
use crate::protocols::ntlm::tests as token;
use crate::stream::Fed;
use crate::testkit::{Dialogue, Seen};
use ::base64::Engine;
use ::base64::engine::general_purpose::STANDARD;

fn talk() -> Dialogue {
    Dialogue::tcp(&SPEC, 80)
}

fn field(seen: &Seen, name: &str) -> Vec<String> {
    (0..seen.events.len()).filter_map(|n| seen.field(n, name)).collect()
}

const GET: &[u8] = b"GET /a?b=c HTTP/1.1\r\nHost: cam.example:80\r\nUser-Agent: x (Windows NT 6.1)\r\n\r\n";
const OK: &[u8] = b"HTTP/1.1 200 OK\r\nServer: GoAhead/2.5\r\nContent-Type: text/html\r\n\
    Transfer-Encoding: chunked\r\n\r\n1a\r\n<html><TITLE>Meter 7</TITL\r\n3;x=y\r\nE>.\r\n0\r\n\r\n";
const BARE: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

fn get(path: &str, more: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: h\r\n{more}\r\n").into_bytes()
}

fn answer(status: u16, more: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status} X\r\n{more}Content-Length: 0\r\n\r\n").into_bytes()
}

#[test]
fn a_transaction_is_an_event_and_facts() {
    let seen = talk().client(GET).server(OK).end();
    assert_eq!(field(&seen, "url.path"), ["/a"]);
    assert!(field(&seen, "url.extension").is_empty());
    assert_eq!(field(&seen, "url.domain"), ["cam.example"]);
    assert_eq!(field(&seen, "http.response.status_code"), ["200"]);
    assert_eq!(field(&seen, "source.port"), ["40000"]);
    assert_eq!(
        seen.facts(),
        [
            "client os=Windows 7",
            "client user_agent=x (Windows NT 6.1)",
            "server hostname=cam.example",
            "server server=GoAhead/2.5",
            "server title=Meter 7"
        ]
    );
}

#[test]
fn is_the_same_however_it_is_cut() {
    let post = b"POST /login HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 18\r\n\r\nuser=bob&pass=hi%21";
    let client = [GET, post, GET].concat();
    let client = String::from_utf8(client).expect("text").replace("Length: 18", "Length: 19").into_bytes();
    let server = [OK, BARE, OK].concat();
    let whole = talk().client(&client).server(&server).end();
    assert_eq!(whole.creds(), ["password bob hi! unknown"]);
    assert_eq!(field(&whole, "http.response.status_code").len(), 3);
    for n in 1..server.len() {
        let seen = talk().client_split(&client, n).server_split(&server, n).end();
        assert_eq!((seen.creds(), seen.facts()), (whole.creds(), whole.facts()), "{n}");
        assert_eq!(field(&seen, "url.path"), field(&whole, "url.path"), "{n}");
    }
}

#[test]
fn basic_by_its_answer() {
    let request = get("/", "Authorization: Basic dGVzdDpmYWls\r\n");
    let creds = |status, more| talk().client(&request).server(&answer(status, more)).end().creds();
    assert_eq!(creds(401, "WWW-Authenticate: Basic realm=\"r\"\r\n"), ["password test fail failure"]);
    assert_eq!(creds(200, ""), ["password test fail success"]);
    assert_eq!(creds(404, ""), ["password test fail unknown"]);
    assert_eq!(talk().client(&request).end().creds(), ["password test fail unknown"]);
    let proxy = get("/", "Proxy-Authorization: Basic dGVzdDpmYWls\r\n");
    assert_eq!(talk().client(&proxy).server(&answer(407, "")).end().creds(), ["password test fail failure"]);
    let cookie = get("/", "Cookie: a=b; Authorization=Basic%20dGVzdDpmYWls\r\n");
    assert_eq!(talk().client(&cookie).server(&answer(200, "")).end().creds(), ["password test fail success"]);
}

#[test]
fn digest_is_a_line_for_hashcat() {
    let field = "Authorization: Digest username=\"admin\", realm=\"IP Camera\", nonce=\"abc\", uri=\"/x\", \
        response=\"0123456789abcdef0123456789abcdef\", qop=auth, nc=00000001, cnonce=\"q\"\r\n";
    let seen = talk().client(&get("/x", field)).server(&answer(200, "")).end();
    let line = "$sip$***admin*IP Camera*GET**/x**abc*q*00000001*auth*MD5*0123456789abcdef0123456789abcdef";
    assert_eq!(seen.creds(), [format!("hash admin {line} success")]);
    let stale = "WWW-Authenticate: Digest realm=\"IP Camera\", nonce=\"n\", stale=true\r\n";
    let seen = talk().client(&get("/x", field)).server(&answer(401, stale)).end();
    assert_eq!(seen.creds(), [format!("hash admin {line} unknown")]);
    assert!(seen.facts().contains(&"server realm=IP Camera".to_owned()));
}

#[test]
fn digest_of_another_algorithm_is_a_line_without_a_mode() {
    let response = "0123456789abcdef".repeat(4);
    let field = format!(
        "Authorization: Digest username=\"admin\", realm=\"R\", nonce=\"abc\", uri=\"/x\", algorithm=SHA-256, \
         response=\"{response}\", qop=auth, nc=00000001, cnonce=\"q\"\r\n"
    );
    let again = field.replace("00000001", "00000002");
    let seen = talk()
        .client(&get("/x", &field))
        .server(&answer(200, ""))
        .client(&get("/x", &again))
        .server(&answer(200, ""))
        .end();
    let line = format!("$sip$***admin*R*GET**/x**abc*q*00000001*auth*SHA-256*{response}");
    assert_eq!(seen.creds(), [format!("hash admin {line} success")]);
}

#[test]
fn ntlm_over_three_requests() {
    let ask = |blob: &[u8]| get("/", &format!("Authorization: NTLM {}\r\n", STANDARD.encode(blob)));
    let challenge = format!("WWW-Authenticate: NTLM {}\r\n", STANDARD.encode(token::challenge()));
    let seen = talk()
        .client(&ask(&token::negotiate()))
        .server(&answer(401, &challenge))
        .client(&ask(&token::authenticate(&[0x33; 60])))
        .server(&answer(200, ""))
        .end();
    let line = format!("eng::PLANT:0102030405060708:{}:{}", "33".repeat(16), "33".repeat(44));
    assert_eq!(seen.creds(), [format!("hash eng {line} success")]);
    let blind = talk().client(&ask(&token::authenticate(&[0x33; 60]))).server(&answer(401, "")).end();
    assert_eq!(blind.creds(), ["user eng - failure"]);
}

#[test]
fn wsse_in_soap() {
    let soap = "<s:Envelope xmlns:w=\"http://www.onvif.org/ver10\"><s:Header><Security><UsernameToken>\
        <Username>admin</Username><Password Type=\"x#PasswordText\">12345</Password></UsernameToken></Security>\
        </s:Header><s:Body><SystemReboot/></s:Body></s:Envelope>";
    let post = format!(
        "POST /onvif/device_service HTTP/1.1\r\nContent-Type: application/soap+xml; charset=utf-8\r\n\
         Content-Length: {}\r\n\r\n{soap}",
        soap.len()
    );
    let seen = talk().client(post.as_bytes()).server(&answer(200, "")).end();
    assert_eq!(seen.creds(), ["password admin 12345 unknown"]);
    assert_eq!(seen.ops(), ["onvif system_reboot accepted x1"]);
}

#[test]
fn uploads_of_firmware() {
    let part = "--B\r\nContent-Disposition: form-data; name=\"f\"; filename=\"plc_fw.bin\"\r\n\r\n";
    let head = format!(
        "POST /up.asp HTTP/1.1\r\nContent-Type: multipart/form-data; boundary=B\r\nContent-Length: {}\r\n\r\n{part}",
        part.len() + 100_000
    );
    let image = vec![0xee; 100_000];
    let mut d = talk().client(head.as_bytes()).client_split(&image, 1460);
    d = d.server(&answer(403, "")).client(&get("/after", "")).server(BARE);
    let seen = d.end();
    assert_eq!(seen.ops(), ["http firmware_upload refused x1"]);
    assert_eq!(field(&seen, "url.path").last().map(String::as_str), Some("/after"));
}

#[test]
fn descriptions_are_facts() {
    let xml = "<?xml version=\"1.0\"?><DeviceInfo xmlns=\"http://www.hikvision.com/ver20/XMLSchema\">\
        <deviceName>Gate</deviceName><model>DS-2CD</model><serialNumber>SN1</serialNumber>\
        <macAddress>44:19:b6:00:00:01</macAddress><firmwareVersion>V5.4.5</firmwareVersion></DeviceInfo>";
    let ok = format!("HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nContent-Length: {}\r\n\r\n{xml}", xml.len());
    let seen = talk().client(&get("/ISAPI/System/deviceInfo", "")).server(ok.as_bytes()).end();
    let facts = seen.facts();
    for want in ["server name=Gate", "server model=DS-2CD", "server serial=SN1", "server firmware=V5.4.5"] {
        assert!(facts.contains(&want.to_owned()), "{want} in {facts:?}");
    }
    assert_eq!(seen.obs.bindings.len(), 1);
    assert_eq!(seen.ops(), ["isapi device_info accepted x1"]);
}

#[test]
fn losses() {
    // a piece of a body: the next head is where it should be
    let long = b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n";
    let seen = talk().client(&get("/1", "")).server(long).gap(false, 5000);
    let seen = seen.client(&get("/2", "")).server(&answer(404, "")).end();
    assert_eq!(field(&seen, "http.response.status_code"), ["200", "404"]);
    // an answer: those after it find their requests
    let basic = get("/3", "Authorization: Basic dGVzdDpmYWls\r\n");
    let seen = talk().client(&get("/1", "")).gap(false, 700).server(b"tail of a body").client(&basic);
    let seen = seen.server(&answer(401, "")).end();
    assert_eq!(seen.creds(), ["password test fail failure"]);
    assert_eq!(field(&seen, "url.path"), ["/1", "/3"]);
    // the middle of a request
    let seen = talk().gap(true, 10).client(b"lf a line\r\n\r\n").client(GET).server(OK).end();
    assert_eq!(field(&seen, "url.path"), ["/a"]);
}

#[test]
fn other_bodies_and_bad_heads() {
    let head = [&b"HEAD /h HTTP/1.1\r\n\r\n"[..], GET].concat();
    let long = b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n";
    let seen = talk().client(&head).server(long).server(OK).end();
    assert_eq!(field(&seen, "url.path"), ["/h", "/a"]);
    let seen = talk().client(GET).server(b"HTTP/1.1 100 Continue\r\n\r\n").server(OK).end();
    assert_eq!(field(&seen, "http.response.status_code"), ["200"]);
    let seen = talk().client(b"GET \x01 nonsense\r\n\r\n").client(GET).server(OK).end();
    assert_eq!(field(&seen, "url.path"), ["/a"]);
}

#[test]
fn a_broken_field_costs_only_itself() {
    let bad = b"POST /x HTTP/1.1\r\nAuthorization: Basic dGVzdDpmYWls\r\nX: a\0b\r\nno colon\r\nContent-Length: 3\r\n\r\nabc";
    let seen = talk().client(bad).client(GET).server(b"HTTP/1.1 401 \0\r\nContent-Length: 0\r\n\r\n").server(OK).end();
    assert_eq!(seen.creds(), ["password test fail failure"]);
    assert_eq!(field(&seen, "url.path"), ["/x", "/a"]);
}

#[test]
fn tunnels_and_upgrades() {
    let connect = b"CONNECT plc:443 HTTP/1.1\r\n\r\n";
    let d = || talk().client(connect).server(b"HTTP/1.1 200 Connection established\r\n\r\n");
    assert_eq!(d().client(b"\x16\x03\x01\x00\x05").end().last, Fed::Become { name: "tls", rest: 0 });
    assert_eq!(d().server(b"220 mail\r\n").end().last, Fed::Done);
    let web = talk().client(&get("/ws", "Upgrade: websocket\r\n")).server(b"HTTP/1.1 101 S\r\nUpgrade: websocket\r\n\r\n");
    assert_eq!(web.end().last, Fed::Done);
}

#[test]
fn a_proxy_is_not_what_it_forwards() {
    let ask = b"GET http://plc.example/x HTTP/1.1\r\nHost: plc.example\r\nProxy-Connection: keep-alive\r\n\r\n";
    assert!(talk().client(ask).server(OK).end().facts().is_empty());
}

#[test]
fn roles_come_from_the_bytes() {
    let seen = Dialogue::new(&SPEC, Transport::Tcp, 80, false).server(GET).client(OK).end();
    assert_eq!(field(&seen, "source.port"), ["80"]);
    assert!(seen.facts().contains(&"client title=Meter 7".to_owned()));
}

#[test]
fn is_known_by_content() {
    let off = Dialogue::tcp(&SPEC, 9999);
    assert_eq!(off.identify(true, GET), Verdict::Strong(Role::Client));
    assert_eq!(off.identify(true, b"PO"), Verdict::Need);
    assert_eq!(off.identify(false, OK), Verdict::Strong(Role::Server));
    assert_eq!(off.identify(false, b"HTT"), Verdict::Need);
    for other in [
        &b"INVITE sip:a@b SIP/2.0\r\n"[..],
        b"RTSP/1.0 200 OK\r\n",
        b"OPTIONS rtsp://x RTSP/1.0\r\n",
        b"PRI * HTTP/2.0\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01",
        b"220 ftp ready\r\n",
        b"GET /\r\n",
        b"\x00\x01\x00\x00\x00\x06\x01\x03",
    ] {
        assert_eq!(off.identify(true, other), Verdict::No, "{:?}", String::from_utf8_lossy(other));
    }
}

proptest::proptest! {
    #[test]
    fn never_panics(data: Vec<u8>, at in 0usize..160, byte: u8, n in 1usize..60, lost in 1u64..5000) {
        let _ = talk().identify(true, &data);
        let (mut client, mut server) = (GET.to_vec(), OK.to_vec());
        for v in [&mut client, &mut server] {
            if let Some(b) = v.get_mut(at) { *b = byte; }
        }
        let d = talk().client_split(&client, n).server_split(&server, n).gap(false, lost).server(&data);
        d.server(OK).gap(true, lost).client(&data).client(GET).server(OK).end();
        Dialogue::new(&SPEC, Transport::Tcp, 80, false).client(&data).server(&server).client(&client).end();
        device::decoded(&data, "gzip");
        let _ = form::body("multipart/form-data", Some("x"), &data);
        let _ = form::body("application/json", None, &data);
    }
}
