//! Dialogues built from the standard's encodings.

use super::{SPEC, frame};
use crate::model::Transport;
use crate::probe::{Hint, Role, Verdict};
use crate::stream::Fed;
use crate::testkit::{Dialogue, Seen};
use proptest::prelude::*;

const HINT: Hint = Hint { transport: Transport::Tcp, src_port: 50000, dst_port: 9999, ethertype: 0 };

fn text(s: &str) -> Vec<u8> {
    octets(s.as_bytes())
}
fn octets(s: &[u8]) -> Vec<u8> {
    [&(s.len() as i32).to_le_bytes(), s].concat()
}
const NULL: [u8; 4] = [0xff; 4];

fn chunk(tag: &[u8; 4], body: &[u8]) -> Vec<u8> {
    [tag.as_slice(), &(body.len() as u32 + 8).to_le_bytes(), body].concat()
}
fn hello() -> Vec<u8> {
    let mut body = Vec::new();
    for n in [0u32, 65536, 65536, 0, 0] {
        body.extend(n.to_le_bytes());
    }
    body.extend(text("opc.tcp://plc7:4840"));
    chunk(b"HELF", &body)
}
fn acknowledge() -> Vec<u8> {
    let mut body = Vec::new();
    for n in [0u32, 65536, 65536, 0, 0] {
        body.extend(n.to_le_bytes());
    }
    chunk(b"ACKF", &body)
}
fn number(n: u16) -> Vec<u8> {
    [&[1, 0], n.to_le_bytes().as_slice()].concat()
}
fn asks(n: u16, more: &[u8]) -> Vec<u8> {
    // two-byte null token, time, handle, diagnostics, audit id, time-out, no additional header
    [number(n), vec![0, 0], vec![0; 16], NULL.to_vec(), vec![0; 4], vec![0; 3], more.to_vec()].concat()
}
fn answers(n: u16, status: u32, more: &[u8]) -> Vec<u8> {
    let head = [vec![0; 12], status.to_le_bytes().to_vec(), vec![0], NULL.to_vec(), vec![0; 3]].concat();
    [number(n), head, more.to_vec()].concat()
}
fn open(policy: &str, content: &[u8]) -> Vec<u8> {
    let uri = format!("http://opcfoundation.org/UA/SecurityPolicy#{policy}");
    chunk(
        b"OPNF",
        &[vec![0; 4], text(&uri), NULL.to_vec(), NULL.to_vec(), vec![1, 0, 0, 0, 1, 0, 0, 0], content.to_vec()]
            .concat(),
    )
}
fn message_chunk(tag: &[u8; 4], request: u32, content: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    for n in [7u32, 1, request + 1, request] {
        body.extend(n.to_le_bytes());
    }
    body.extend(content);
    chunk(tag, &body)
}
fn message(request: u32, content: &[u8]) -> Vec<u8> {
    message_chunk(b"MSGF", request, content)
}
fn opened() -> Dialogue {
    let ask = asks(446, &[vec![0; 8], vec![1, 0, 0, 0], NULL.to_vec(), vec![0x80, 0xee, 0x36, 0]].concat());
    let done = answers(449, 0, &[vec![0; 4], vec![7, 0, 0, 0, 1, 0, 0, 0], vec![0; 12], NULL.to_vec()].concat());
    Dialogue::tcp(&SPEC, 4840)
        .client(&hello())
        .server(&acknowledge())
        .client(&open("None", &ask))
        .server(&open("None", &done))
}
fn activate(token: u16, body: &[u8]) -> Vec<u8> {
    let extension = [number(token), vec![1], octets(body)].concat();
    let head = [NULL, NULL, NULL, NULL].concat();
    asks(467, &[head, extension, NULL.to_vec(), NULL.to_vec()].concat())
}
fn activated(status: u32) -> Vec<u8> {
    answers(470, status, &[NULL, NULL, NULL].concat())
}
/// A write of two nodes: an Int32 value, then another node's access level.
fn write() -> Vec<u8> {
    let node = [vec![3, 2, 0], text("Boiler.Setpoint")].concat();
    let one = [node, 13u32.to_le_bytes().to_vec(), NULL.to_vec(), vec![1, 6], 90i32.to_le_bytes().to_vec()];
    let two = [number(99), 17u32.to_le_bytes().to_vec(), NULL.to_vec(), vec![1, 3, 3]];
    asks(673, &[vec![2, 0, 0, 0], one.concat(), two.concat()].concat())
}
fn field(seen: &Seen, action: &str, name: &str) -> Option<String> {
    let at = seen.events.iter().position(|e| {
        e.fields.iter().any(|(n, v)| *n == "event.action" && *v == crate::model::Val::from(action))
    });
    seen.field(at?, name)
}

#[test]
fn a_session_with_a_readable_password() {
    let token = [text("user-policy"), text("eng"), text("s3cret"), NULL.to_vec()].concat();
    let seen = opened()
        .client(&message(2, &activate(324, &token)))
        .server(&message(2, &activated(0)))
        .client(&message(3, &write()))
        .server(&message(3, &answers(676, 0, &[2u8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x3b, 0x80, 0xff, 0xff, 0xff, 0xff])))
        .end();
    assert_eq!(seen.creds(), ["password eng s3cret success"]);
    assert_eq!(
        seen.ops(),
        [
            "opcua open_secure_channel accepted x1",
            "opcua activate_session accepted x1",
            "opcua write accepted x1",
            "opcua write_attribute refused x1",
        ]
    );
    assert_eq!(field(&seen, "write", "ot.address.name").as_deref(), Some("ns=2;s=Boiler.Setpoint"));
    assert_eq!(field(&seen, "write", "ot.value").as_deref(), Some("90"));
    assert_eq!(field(&seen, "activate_session", "user.name").as_deref(), Some("eng"));
    assert_eq!(seen.obs.parse_errors.get("opcua"), None);
}

#[test]
fn segments_do_not_matter() {
    let token = [text("p"), text("eng"), text("x"), NULL.to_vec()].concat();
    let (ask, answer) = (message(2, &activate(324, &token)), message(2, &activated(0x801f_0000)));
    for n in 1..40 {
        let seen = opened().client_split(&ask, n).server_split(&answer, n).end();
        assert_eq!(seen.creds(), ["password eng x failure"]);
        assert_eq!(seen.ops().last().map(String::as_str), Some("opcua activate_session refused x1"));
    }
}

#[test]
fn anonymous_and_encrypted_log_ins() {
    let seen = opened()
        .client(&message(2, &activate(321, &text("anon"))))
        .server(&message(2, &activated(0)))
        .end();
    assert_eq!(seen.creds(), Vec::<String>::new());
    let info: Vec<_> = seen.obs.services.values().flat_map(|s| &s.info).map(|(n, ..)| *n).collect();
    assert!(info.is_empty() || info.contains(&"anonymous"));
    let algorithm = text("http://www.w3.org/2001/04/xmlenc#rsa-oaep");
    let token = [text("p"), text("eng"), octets(&[0xaa; 256]), algorithm].concat();
    let seen =
        opened().client(&message(2, &activate(324, &token))).server(&message(2, &activated(0))).end();
    assert_eq!(seen.creds(), ["user eng - success"]);
}

#[test]
fn a_message_in_chunks() {
    let whole = write();
    let (a, b) = whole.split_at(70);
    let seen = opened()
        .client(&message_chunk(b"MSGC", 5, a))
        .client(&message_chunk(b"MSGF", 5, b))
        .server(&message(5, &answers(397, 0x8010_0000, &[])))
        .end();
    let ops = seen.ops();
    assert_eq!(ops.get(1..), Some(&["opcua write refused x1".into(), "opcua write_attribute refused x1".into()][..]));
}

#[test]
fn an_encrypted_channel_is_counted_only() {
    let sealed = vec![0xa5; 64];
    let mut body = vec![7, 0, 0, 0, 1, 0, 0, 0];
    body.extend(&sealed);
    let seen = Dialogue::tcp(&SPEC, 4840)
        .client(&hello())
        .server(&acknowledge())
        .client(&open("Basic256Sha256", &sealed))
        .client(&chunk(b"MSGF", &body))
        .server(&chunk(b"MSGF", &body))
        .end();
    assert_eq!(seen.ops(), Vec::<String>::new());
    assert_eq!(seen.field(4, "opcua.encrypted").as_deref(), Some("true"));
    assert_eq!(seen.last, Fed::Go);
}

#[test]
fn the_server_tells_what_it_is() {
    let read = {
        let item = [number(2260), 13u32.to_le_bytes().to_vec(), NULL.to_vec(), vec![0; 2], NULL.to_vec()];
        asks(631, &[vec![0; 8], vec![0; 4], vec![1, 0, 0, 0], item.concat()].concat())
    };
    let build = [text("urn:maker:plc"), text("Maker"), text("PLC 7"), text("3.1.4"), text("77"), vec![0; 8]];
    let value = [vec![1, 22], number(340), vec![1], octets(&build.concat())].concat();
    let answer = answers(634, 0, &[vec![1, 0, 0, 0], value, NULL.to_vec()].concat());
    let seen = opened().client(&message(2, &read)).server(&message(2, &answer)).end();
    let facts = seen.facts();
    for fact in ["server vendor=Maker", "server product=PLC 7", "server firmware=3.1.4", "server build=77"] {
        assert!(facts.contains(&fact.to_owned()), "{fact} in {facts:?}");
    }
}

#[test]
fn methods_have_their_names() {
    let call = |method: u16| {
        let arguments = vec![1, 0, 0, 0, 6, 4, 0, 0, 0];
        asks(712, &[vec![1, 0, 0, 0], number(2253), number(method), arguments].concat())
    };
    let seen = opened()
        .client(&message(2, &call(12886)))
        .client(&message(3, &call(4242)))
        .server(&chunk(b"ERRF", &[0x02, 0, 0x02, 0x80, 0xff, 0xff, 0xff, 0xff]))
        .end();
    let ops = seen.ops();
    let ends = &["opcua request_server_state_change refused x1".to_owned(), "opcua call refused x1".to_owned()];
    assert_eq!(ops.get(1..), Some(&ends[..]));
}

#[test]
fn answers_after_a_gap_find_the_session_again() {
    let seen = opened()
        .client(&message_chunk(b"MSGC", 5, &write()))
        .gap(true, 100)
        .client(&message(6, &write()))
        .gap(false, 10)
        .server(&message(6, &answers(676, 0, &[2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])))
        .end();
    assert!(seen.ops().contains(&"opcua write accepted x1".to_owned()));
}

#[test]
fn identifies_by_content() {
    let says = |data: &[u8]| frame::identify(&HINT, data);
    assert_eq!(says(&hello()), Verdict::Strong(Role::Client));
    assert_eq!(says(&acknowledge()), Verdict::Strong(Role::Server));
    assert_eq!(says(&open("None", &asks(446, &[]))), Verdict::Strong(Role::Client));
    assert_eq!(says(&message(9, &answers(676, 0, &[]))), Verdict::Strong(Role::Server));
    assert_eq!(says(&message(9, &[0xa5; 40])), Verdict::Weak(Role::Unknown));
    assert_eq!(says(b"HEL"), Verdict::Need);
    for other in [
        b"ACK sip:8000@10.0.0.1 SIP/2.0\r\n".as_slice(),
        b"MSG FROM nobody to somebody\r\n",
        b"HELO mail.example\r\n",
        b"\x03\x00\x00\x16\x11\xe0\x00\x00\x00\x01",
        b"OPNF\xff\xff\xff\xff\0\0\0\0\0\0\0\0",
    ] {
        assert_eq!(says(other), Verdict::No, "{other:?}");
    }
}

#[test]
fn midstream_roles_follow_the_messages() {
    let seen = Dialogue::new(&SPEC, Transport::Tcp, 4840, false)
        .client(&message(3, &answers(676, 0, &[1, 0, 0, 0, 0, 0, 0, 0])))
        .end();
    assert_eq!(seen.ops(), ["opcua write accepted x1"]);
    assert_eq!(seen.field(0, "source.ip").as_deref(), Some("10.0.0.1"));
}

proptest! {
    #[test]
    fn never_panics(at in 0usize..400, byte: u8, cut in 0usize..400, noise in proptest::collection::vec(any::<u8>(), 0..200)) {
        let token = [text("p"), text("eng"), text("x"), NULL.to_vec()].concat();
        for mut m in [hello(), message(2, &write()), message(2, &activate(324, &token)),
                      message(3, &[number(634), noise.clone()].concat()), message(3, &[number(712), noise.clone()].concat())] {
            if let Some(b) = m.get_mut(at) { *b = byte; }
            m.truncate(cut.max(1));
            let _ = frame::identify(&HINT, &m);
            let _ = opened().client(&m).server(&noise).client(&write()).gap(true, 3).server(&m).end();
        }
    }
}
