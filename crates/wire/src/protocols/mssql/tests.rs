use super::*;
use crate::testkit::Dialogue;

fn wide(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}
fn packet(kind: u8, body: &[u8]) -> Vec<u8> {
    let n = (body.len() + HEAD) as u16;
    [&[kind, 1], n.to_be_bytes().as_slice(), &[0, 0, 1, 0], body].concat()
}
fn prelogin_body(encryption: u8) -> Vec<u8> {
    [&[0, 0, 11, 0, 6, 1, 0, 17, 0, 1, 0xff], [15, 0, 0x07, 0xd0, 0, 0].as_slice(), &[encryption]].concat()
}
fn login() -> Vec<u8> {
    let texts = ["HMI7", "sa", "", "ScadaView", "", "", "ODBC", "", "plant"];
    let password: Vec<u8> = wide("S3cret").iter().map(|b| b.rotate_left(4) ^ 0xa5).collect();
    let (mut offsets, mut data) = (Vec::new(), Vec::new());
    for (n, t) in texts.iter().enumerate() {
        let bytes = if n == 2 { password.clone() } else { wide(t) };
        offsets.extend_from_slice(&((94 + data.len()) as u16).to_le_bytes());
        offsets.extend_from_slice(&((bytes.len() / 2) as u16).to_le_bytes());
        data.extend(bytes);
    }
    let mut body = vec![0; 36];
    body[4..8].copy_from_slice(&0x7400_0004u32.to_le_bytes());
    body.extend(offsets);
    body.resize(94, 0);
    body.extend(data);
    let n = body.len() as u32;
    body[..4].copy_from_slice(&n.to_le_bytes());
    packet(LOGIN7, &body)
}
fn error() -> Vec<u8> {
    let (text, server) = (wide("Login failed"), wide("SRV1"));
    let mut t = 18456u32.to_le_bytes().to_vec();
    t.extend_from_slice(&[1, 14, (text.len() / 2) as u8, 0]);
    t.extend(&text);
    t.push((server.len() / 2) as u8);
    t.extend(&server);
    packet(ANSWER, &[&[0xaa], (t.len() as u16).to_le_bytes().as_slice(), &t].concat())
}

#[test]
fn a_log_in_in_the_clear() {
    let seen = Dialogue::tcp(&SPEC, 1433)
        .client(&packet(PRELOGIN, &prelogin_body(2)))
        .server(&packet(ANSWER, &prelogin_body(2)))
        .client(&login())
        .server(&error())
        .client(&packet(BATCH, &wide("drop table t")))
        .server(&packet(ANSWER, &[0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]))
        .end();
    assert_eq!(seen.creds(), ["password sa S3cret failure"]);
    assert_eq!(seen.ops(), ["mssql drop_table accepted x1"]);
    assert_eq!(seen.facts(), ["client client=ScadaView", "client hostname=HMI7", "server hostname=SRV1"]);
}

#[test]
fn instances_by_name() {
    let text = b"ServerName;HIST1;InstanceName;WINCC;IsClustered;No;Version;12.0.2000.8;tcp;49170;;";
    let answer = [&[5], (text.len() as u16).to_le_bytes().as_slice(), text].concat();
    let seen = Dialogue::udp(&SPEC, 1434).client(&[3]).server(&answer).end();
    assert_eq!(seen.facts(), ["server hostname=HIST1", "server sql_instance=WINCC"]);
    assert_eq!(seen.ops(), ["mssql resolve_instances accepted x1"]);
}

#[test]
fn is_known_by_prelogin_and_login() {
    let off = Dialogue::tcp(&SPEC, 9999);
    assert_eq!(off.identify(true, &packet(PRELOGIN, &prelogin_body(0))), Verdict::Strong(Role::Client));
    assert_eq!(off.identify(false, &packet(ANSWER, &prelogin_body(0))), Verdict::Strong(Role::Server));
    assert_eq!(off.identify(true, &login()), Verdict::Strong(Role::Client));
    for other in [&b"\x12\x01\0\x20\0\0\x01\0\xff\xff"[..], b"\x04\x01\0\x0a\0\0\x01\0\x7f\0", b"\x10\x2f\0\x04MQTT"] {
        assert_eq!(off.identify(true, other), Verdict::No);
    }
}

proptest::proptest! {
    #[test]
    fn never_panics(data: Vec<u8>, at in 0usize..160, byte: u8, cut in 1usize..90) {
        let (mut a, mut b) = (login(), error());
        a.extend(packet(RPC, &[&[5, 0], wide("sp_ab").as_slice()].concat()));
        for v in [&mut a, &mut b] {
            if let Some(x) = v.get_mut(at) { *x = byte; }
        }
        let d = Dialogue::tcp(&SPEC, 1433);
        let _ = (d.identify(true, &data), d.identify(false, &b), tokens::read(&data), procedure(&data));
        d.client_split(&a, cut).server_split(&b, cut).server(&data).gap(false, 3).client(&data).server(&b).end();
        Dialogue::udp(&SPEC, 1434).client(&data).server(&data).end();
    }
}

#[test]
fn what_it_keeps_is_bounded() {
    let mut p = Mssql::default();
    let part = [&[LOGIN7, 0], 4096u16.to_be_bytes().as_slice(), &[0, 0, 1, 0], &[0; 4088]].concat();
    let mut d = Dialogue::tcp(&SPEC, 1433);
    for _ in 0..1000 {
        d = d.client(&part);
    }
    assert!(d.end().ops().is_empty());
    p.held.resize(MAX_LOGIN, 0);
    assert!(p.held.capacity() <= MAX_LOGIN * 2);
}
