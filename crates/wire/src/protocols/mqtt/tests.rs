use super::*;
use crate::testkit::{Dialogue, Seen};

fn talk() -> Dialogue {
    Dialogue::tcp(&SPEC, 1883)
}

fn s(text: &str) -> Vec<u8> {
    [&(text.len() as u16).to_be_bytes()[..], text.as_bytes()].concat()
}

fn pdu(first: u8, parts: &[&[u8]]) -> Vec<u8> {
    let body = parts.concat();
    let mut out = vec![first];
    let mut n = body.len();
    loop {
        out.push((n & 0x7f) as u8 | if n > 0x7f { 0x80 } else { 0 });
        n >>= 7;
        if n == 0 {
            break;
        }
    }
    out.extend_from_slice(&body);
    out
}

/// CONNECT of 3.1.1 as `plc-gw` with user and password.
fn connect() -> Vec<u8> {
    pdu(0x10, &[&s("MQTT"), &[4, 0xc2, 0, 60], &s("plc-gw"), &s("eng"), &s("pw1")])
}

fn publish(first: u8, topic: &str, rest: &[u8]) -> Vec<u8> {
    pdu(first, &[&s(topic), rest])
}

fn session() -> (Vec<u8>, Vec<u8>) {
    let client = [
        connect(),
        pdu(0x82, &[&[0, 1], &s("#"), &[0]]),
        publish(0x32, "plant/temp", b"\x00\x0212.5"),
        publish(0x30, "cmnd/pump/POWER", b"ON"),
        vec![0xe0, 0],
    ]
    .concat();
    let server = [&[0x20, 2, 0, 0][..], &[0x90, 3, 0, 1, 0], &[0x40, 2, 0, 2]].concat();
    (client, server)
}

fn fields(seen: &Seen, action: &str) -> usize {
    (0..seen.events.len()).find(|n| seen.field(*n, "event.action").as_deref() == Some(action)).expect("an event")
}

#[test]
fn logs_in_subscribes_and_publishes() {
    let (client, server) = session();
    let seen = talk().client(&client).server(&server).end();
    assert_eq!(seen.creds(), ["password eng pw1 success"]);
    let mut ops = seen.ops();
    ops.sort();
    assert_eq!(
        ops,
        [
            "mqtt connect accepted x1",
            "mqtt publish accepted x1",
            "mqtt publish unknown x1",
            "mqtt subscribe accepted x1"
        ]
    );
    assert!(seen.facts().contains(&"client client_id=plc-gw".to_owned()));
    let n = fields(&seen, "subscribe");
    assert_eq!(seen.field(n, "mqtt.topics").as_deref(), Some("[Str(\"#\")]"));
    assert_eq!(seen.field(fields(&seen, "connack"), "mqtt.return_code").as_deref(), Some("0"));
}

#[test]
fn is_the_same_however_it_is_cut() {
    let (client, server) = session();
    let ops = |seen: &Seen| {
        let mut ops = seen.ops();
        ops.sort();
        ops
    };
    let whole = talk().client(&client).server(&server).end();
    for n in 1..client.len() {
        let seen = talk().client_split(&client, n).server_split(&server, n).end();
        assert_eq!((seen.creds(), ops(&seen), seen.facts()), (whole.creds(), ops(&whole), whole.facts()), "{n}");
    }
}

#[test]
fn refused_and_unanswered_log_ins() {
    let no = talk().client(&connect()).server(&[0x20, 2, 0, 5]).end();
    assert_eq!(no.creds(), ["password eng pw1 failure"]);
    assert_eq!(no.ops(), ["mqtt connect refused x1"]);
    assert_eq!(talk().client(&connect()).end().ops(), ["mqtt connect unknown x1"]);
    let anonymous = pdu(0x10, &[&s("MQTT"), &[4, 2, 0, 60], &s("x")]);
    let seen = talk().client(&anonymous).server(&[0x20, 2, 0, 0]).end();
    assert!(seen.creds().is_empty());
    let token = pdu(0x10, &[&s("MQTT"), &[4, 0xc0, 0, 60], &s("d"), &s("hub/d"), &s("SharedAccessSignature sr=x&sig=y")]);
    assert_eq!(talk().client(&token).end().creds(), ["token hub/d SharedAccessSignature sr=x&sig=y unknown"]);
}

#[test]
fn version_five_has_properties() {
    let properties = [&[0x26][..], &s("k"), &s("v"), &[0x21, 0, 20]].concat();
    let hello = pdu(
        0x10,
        &[&s("MQTT"), &[5, 2, 0, 60, properties.len() as u8], &properties, &s("c5")],
    );
    let server = [&[0x20, 3, 0, 0x87, 0][..]].concat();
    let seen = talk().client(&hello).server(&server).end();
    assert_eq!(seen.field(0, "mqtt.properties").as_deref(), Some("[Str(\"k=v\"), Str(\"receive_maximum=20\")]"));
    assert_eq!(seen.ops(), ["mqtt connect refused x1"]);
    assert_eq!(seen.field(1, "mqtt.reason").as_deref(), Some("not_authorized"));
}

#[test]
fn long_publishes_are_passed_over() {
    let big = publish(0x32, "big", &[&[0, 9][..], &vec![b'x'; 200_000]].concat());
    let after = publish(0x30, "after", b"1");
    let client = [connect(), big, after].concat();
    let seen = talk().client_split(&client, 1460).server(&[0x20, 2, 0, 0, 0x40, 2, 0, 9]).end();
    assert!(seen.facts().contains(&"client topic=after".to_owned()));
    assert!(seen.ops().contains(&"mqtt publish accepted x1".to_owned()), "{:?}", seen.ops());
}

#[test]
fn commands_and_sparkplug_are_told_apart() {
    use crate::model::Action;
    let judged = |topic| device::purpose(topic).action;
    assert_eq!(judged("cmnd/x/POWER"), Action::Write);
    assert_eq!(judged("cmnd/x/Upgrade"), Action::Firmware);
    assert_eq!(judged("cmnd/x/Restart"), Action::Restart);
    assert_eq!(judged("zigbee2mqtt/lamp/set"), Action::Write);
    assert_eq!(judged("plant/line1/temp"), Action::Other);
    assert_eq!(judged("spBv1.0/g/DCMD/e/d"), Action::Write);
    let seen = talk().client(&connect()).client(&publish(0x30, "spBv1.0/g/NCMD/edge", b"\x08")).end();
    assert!(seen.ops().contains(&"sparkplug-b ncmd unknown x1".to_owned()));
}

#[test]
fn devices_present_themselves() {
    let ha = br#"{"name":"T","device":{"mf":"Acme","mdl":"Probe 3","sw":"1.2","ids":["x"]}}"#;
    let tasmota = br#"{"ip":"10.0.0.9","dn":"Lamp","hn":"lamp-1","mac":"AABBCCDDEE01","md":"Sonoff","sw":"9.5"}"#;
    let seen = talk()
        .client(&connect())
        .client(&publish(0x31, "homeassistant/sensor/x/config", ha))
        .server(&publish(0x31, "tasmota/discovery/AABBCCDDEE01/config", tasmota))
        .server(&publish(0x31, "$SYS/broker/version", b"mosquitto version 2.0.11"))
        .end();
    let facts = seen.facts();
    for want in [
        "client vendor=Acme",
        "client product=Probe 3",
        "client firmware=1.2",
        "10.0.0.9 product=Sonoff",
        "10.0.0.9 hostname=lamp-1",
        "server broker=mosquitto 2.0.11",
    ] {
        assert!(facts.contains(&want.to_owned()), "{want} in {facts:?}");
    }
}

#[test]
fn anomalies_are_events() {
    let bad = talk().client(&connect()).server(&[0x20, 2, 0, 0]).client(&publish(0x36, "t", b"\x00\x01x")).end();
    fields(&bad, "invalid_qos_level");
    let early = talk().client(&connect()).client(&publish(0x30, "t", b"x")).end();
    fields(&early, "unintroduced_message");
    let missing = talk().client(&publish(0x30, "t", b"x")).end();
    fields(&missing, "missing_connect");
}

#[test]
fn is_known_by_content() {
    let off = Dialogue::tcp(&SPEC, 9999);
    assert_eq!(off.identify(true, &connect()), Verdict::Strong(Role::Client));
    assert_eq!(off.identify(true, &connect()[..7]), Verdict::Need);
    assert_eq!(off.identify(false, &[0x20, 2, 0, 0]), Verdict::Weak(Role::Server));
    assert_eq!(off.identify(true, &publish(0x30, "a/b", b"1")), Verdict::Weak(Role::Unknown));
    for other in [
        &b"GET / HTTP/1.1\r\n\r\n"[..],
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00",
        b"\x00\x01\x00\x00\x00\x06\x01\x03\x00\x00\x00\x0a",
        b"\x03\x00\x00\x16\x11\xe0\x00\x00\x00\x01\x00\xc0\x01\x0a",
        b"SSH-2.0-OpenSSH\r\n",
        b"\x10\x0c\x00\x04MQTX\x04\x02\x00\x3c\x00\x00",
    ] {
        assert_eq!(off.identify(true, other), Verdict::No, "{other:?}");
    }
}

proptest::proptest! {
    #[test]
    fn never_panics(data: Vec<u8>, at in 0usize..120, byte: u8, n in 1usize..40) {
        let _ = talk().identify(true, &data);
        let (mut client, mut server) = session();
        for v in [&mut client, &mut server] {
            if let Some(b) = v.get_mut(at) { *b = byte; }
        }
        let _ = talk().identify(true, &client);
        talk().client_split(&client, n).server(&server).gap(true, 3).client(&data).gap(false, 1).server(&data).end();
        talk().server(&data).client(&data).end();
    }
}
