//! Dialogues built from MS-RDPBCGR.

use super::SPEC;
use crate::probe::{Role, Verdict};
use crate::stream::Fed;
use crate::testkit::Dialogue;
use proptest::prelude::*;

fn connection(code: u8, rest: &[u8]) -> Vec<u8> {
    let li = 6 + rest.len() as u8;
    let size = (u16::from(li) + 5).to_be_bytes();
    [&[3, 0, size[0], size[1], li, code, 0, 0, 0, 0, 0], rest].concat()
}
fn data(rest: &[u8]) -> Vec<u8> {
    let size = (rest.len() as u16 + 7).to_be_bytes();
    [&[3, 0, size[0], size[1], 2, 0xf0, 0x80], rest].concat()
}
fn wide(s: &str, size: usize) -> Vec<u8> {
    let mut out: Vec<u8> = s.encode_utf16().flat_map(u16::to_le_bytes).collect();
    out.resize(size, 0);
    out
}
const ASKS: [u8; 8] = [1, 0, 8, 0, 3, 0, 0, 0];

fn request() -> Vec<u8> {
    connection(0xe0, &[&b"Cookie: mstshash=eng\r\n"[..], &ASKS].concat())
}
fn client_data() -> Vec<u8> {
    let mut core = vec![4, 0, 8, 0, 0, 5, 0, 4, 1, 0xca, 3, 0xaa, 9, 4, 0, 0, 0xb1, 0x1d, 0, 0];
    core.extend(wide("ENG-LAPTOP", 32));
    core.extend([0; 12 + 64 + 14]);
    core.extend(wide("00330-80000-00000-AA123", 64));
    let mut blocks = vec![0x01, 0xc0];
    blocks.extend((core.len() as u16 + 4).to_le_bytes());
    blocks.extend(core);
    blocks.extend([0x03, 0xc0, 20, 0, 1, 0, 0, 0]);
    blocks.extend(b"rdpdr\0\0\0\0\0\0\0");
    let length = (blocks.len() as u16 | 0x8000).to_be_bytes();
    data(&[&[0x7f, 0x65, 0x82, 1, 0][..], b"Duca", &length, &blocks].concat())
}
fn server_data() -> Vec<u8> {
    let blocks = [1, 12, 8, 0, 4, 0, 8, 0, 2, 12, 12, 0, 2, 0, 0, 0, 2, 0, 0, 0];
    data(&[&[0x7f, 0x66, 0x82, 1, 0][..], b"McDn", &[20], &blocks].concat())
}
/// The client's info PDU without encryption.
fn info(password: &str) -> Vec<u8> {
    let (domain, user, secret) = (wide("PLANT", 10), wide("eng", 6), wide(password, password.len() * 2));
    let mut out = vec![0x64, 0, 7, 3, 0xeb, 0x70, 0x80, 0xff, 0x40, 0, 0, 0];
    out.extend([0, 0, 0, 0, 0x10, 0, 0, 0]);
    for part in [&domain, &user, &secret] {
        out.extend((part.len() as u16).to_le_bytes());
    }
    out.extend([0; 4]);
    for part in [&domain, &user, &secret] {
        out.extend(part);
        out.extend([0, 0]);
    }
    out.extend([0; 4]);
    data(&out)
}

#[test]
fn tls_is_chosen() {
    let seen = Dialogue::tcp(&SPEC, 3389)
        .client(&request())
        .server(&connection(0xd0, &[2, 0, 8, 0, 2, 0, 0, 0]))
        .end();
    assert_eq!(seen.ops(), ["rdp connect accepted x1"]);
    assert_eq!(seen.creds(), ["user eng - unknown"]);
    assert!(matches!(seen.last, Fed::Become { name: "tls", .. }));
    let last = seen.events.len() - 1;
    assert_eq!(seen.field(last, "rdp.selected_protocol").as_deref(), Some("credssp"));
    assert_eq!(seen.field(last, "rdp.cookie").as_deref(), Some("eng"));
}

#[test]
fn standard_security_tells_both_sides() {
    for n in [1, 7, 1000] {
        let seen = Dialogue::tcp(&SPEC, 3389)
            .client_split(&connection(0xe0, &[]), n)
            .server(&connection(0xd0, &[]))
            .client_split(&client_data(), n)
            .server_split(&server_data(), n)
            .client_split(&info("secret"), n)
            .end();
        assert_eq!(seen.ops(), ["rdp connect accepted x1"]);
        assert_eq!(seen.creds(), ["password eng secret unknown"]);
        let facts = seen.facts();
        for fact in ["client hostname=ENG-LAPTOP", "client rdp_client_build=7601", "server rdp_version=5.0 to 8.1"] {
            assert!(facts.contains(&fact.to_owned()), "{fact} in {facts:?}");
        }
        let client = seen.events.iter().position(|e| e.fields.iter().any(|(n, _)| *n == "rdp.client.name"));
        assert!(client.and_then(|at| seen.field(at, "rdp.channels")).is_some_and(|c| c.contains("rdpdr")));
    }
}

#[test]
fn a_refusal_has_its_reason() {
    let seen = Dialogue::tcp(&SPEC, 3389)
        .client(&request())
        .server(&connection(0xd0, &[3, 0, 8, 0, 5, 0, 0, 0]))
        .end();
    assert_eq!(seen.ops(), ["rdp connect refused x1"]);
    let last = seen.events.len() - 1;
    assert_eq!(seen.field(last, "ot.exception.name").as_deref(), Some("hybrid_required_by_server"));
}

#[test]
fn identifies_by_content() {
    let d = Dialogue::tcp(&SPEC, 13389);
    assert_eq!(d.identify(true, &request()), Verdict::Strong(Role::Client));
    assert_eq!(d.identify(true, &connection(0xe0, &ASKS)), Verdict::Strong(Role::Client));
    assert_eq!(d.identify(true, &connection(0xe0, &[])), Verdict::Weak(Role::Client));
    assert_eq!(d.identify(true, &client_data()), Verdict::Strong(Role::Client));
    assert_eq!(d.identify(true, &request()[..9]), Verdict::Need);
    // the connection of S7 and MMS, and their data
    let tsaps = connection(0xe0, &[0xc0, 1, 10, 0xc1, 2, 1, 0, 0xc2, 2, 1, 2]);
    assert_eq!(d.identify(true, &tsaps), Verdict::No);
    assert_eq!(d.identify(true, &data(&[0x32, 1, 0, 0, 0, 1])), Verdict::No);
    assert_eq!(d.identify(true, &data(&[0x0d, 0xb6, 5, 6, 0x13, 1])), Verdict::No);
}

proptest! {
    #[test]
    fn never_panics(at in 0usize..300, byte: u8, cut in 0usize..400, noise in proptest::collection::vec(any::<u8>(), 0..120)) {
        for mut m in [request(), client_data(), server_data(), info("x"), data(&noise), connection(0xd0, &[2, 0, 8, 0, 0, 0, 0, 0])] {
            if let Some(b) = m.get_mut(at) { *b = byte; }
            m.truncate(cut.max(1));
            let d = Dialogue::tcp(&SPEC, 3389);
            let _ = d.identify(true, &m);
            let _ = d.client(&m).server(&m).client(&noise).gap(true, 4).client(&info("x")).end();
        }
    }
}
