//! Calls built from C706 and the interfaces' specifications.

use super::{SPEC, Session, names, pdu};
use crate::model::Side;
use crate::probe::{Role, Verdict};
use crate::protocols::ntlm::tests as token;
use crate::testkit::Dialogue;
use proptest::prelude::*;

/// A fragment with an NTLM trailer of this level, if a token is given.
pub fn fragment(kind: u8, call: u32, body: &[u8], auth: Option<(u8, &[u8])>) -> Vec<u8> {
    let mut out = vec![5, 0, kind, 3, 0x10, 0, 0, 0, 0, 0, 0, 0];
    out.extend(call.to_le_bytes());
    out.extend(body);
    if let Some((level, token)) = auth {
        out.extend([10, level, 0, 0, 0, 0, 0, 0]);
        out.extend(token);
        out[10..12].copy_from_slice(&(token.len() as u16).to_le_bytes());
    }
    let size = (out.len() as u16).to_le_bytes();
    out[8..10].copy_from_slice(&size);
    out
}
fn uuid(text: &str) -> Vec<u8> {
    let bytes: Vec<u8> = text
        .replace('-', "")
        .as_bytes()
        .chunks(2)
        .map(|h| u8::from_str_radix(std::str::from_utf8(h).unwrap(), 16).unwrap())
        .collect();
    let (a, rest) = bytes.split_at(4);
    let (b, rest) = rest.split_at(2);
    let (c, d) = rest.split_at(2);
    [a, b, c].iter().flat_map(|p| p.iter().rev()).chain(d).copied().collect()
}
pub fn bind(interface: &str) -> Vec<u8> {
    let mut body = vec![0xd0, 0x16, 0xd0, 0x16, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0];
    body.extend(uuid(interface));
    body.extend([2, 0, 0, 0]);
    body.extend(uuid("8a885d04-1ceb-11c9-9fe8-08002b104860"));
    body.extend([2, 0, 0, 0]);
    body
}
pub fn bind_ack() -> Vec<u8> {
    let mut body = vec![0xd0, 0x16, 0xd0, 0x16, 1, 0, 0, 0, 4, 0, b'1', b'3', b'5', 0, 0, 0, 1, 0, 0, 0];
    body.extend([0; 24]);
    body
}
pub fn request(operation: u16, stub: &[u8]) -> Vec<u8> {
    let mut body = vec![0, 1, 0, 0, 0, 0];
    body.extend(operation.to_le_bytes());
    body.extend(stub);
    body
}
pub fn response(stub: &[u8]) -> Vec<u8> {
    [&[0, 1, 0, 0, 0, 0, 0, 0], stub].concat()
}
pub fn text(s: &str) -> Vec<u8> {
    let units: Vec<u8> = s.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect();
    let n = (units.len() as u32 / 2).to_le_bytes();
    let mut out = [&n[..], &[0; 4], &n[..], &units].concat();
    out.resize(out.len().next_multiple_of(4), 0);
    out
}
pub const SVCCTL: &str = "367abb81-9844-35f1-ad32-98f038001003";

fn create_service() -> Vec<u8> {
    let rest = [vec![1, 0, 0, 0], text("Updater"), vec![0xff, 1, 15, 0, 16, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0]];
    [vec![0xaa; 20], text("UPD"), rest.concat(), text("%SystemRoot%\\upd.exe"), vec![0; 28]].concat()
}

#[test]
fn names_a_service_and_its_command() {
    let refused = [vec![0; 24], 5u32.to_le_bytes().to_vec()].concat();
    let seen = Dialogue::tcp(&SPEC, 49664)
        .client(&fragment(pdu::BIND, 1, &bind(SVCCTL), None))
        .server(&fragment(pdu::BIND_ACK, 1, &bind_ack(), None))
        .client(&fragment(pdu::REQUEST, 2, &request(12, &create_service()), None))
        .server(&fragment(pdu::RESPONSE, 2, &response(&refused), None))
        .client(&fragment(pdu::REQUEST, 3, &request(19, &[0; 28]), None))
        .server(&fragment(pdu::RESPONSE, 3, &response(&[0; 4]), None))
        .client(&fragment(pdu::REQUEST, 4, &request(0, &[0; 20]), None))
        .server(&fragment(pdu::FAULT, 4, &[0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 1, 0x1c, 0, 0, 0, 0], None))
        .end();
    assert_eq!(
        seen.ops(),
        [
            "dce-rpc create_service_w refused x1",
            "dce-rpc start_service_w accepted x1",
            "dce-rpc close_service_handle refused x1",
        ]
    );
    assert_eq!(seen.field(0, "dce_rpc.endpoint").as_deref(), Some("svcctl"));
    assert_eq!(seen.field(0, "dce_rpc.operation").as_deref(), Some("CreateServiceW"));
    assert_eq!(seen.field(0, "ot.address.name").as_deref(), Some("UPD"));
    assert!(seen.field(0, "dce_rpc.arguments").is_some_and(|a| a.contains("upd.exe")));
}

#[test]
fn a_log_in_by_ntlm() {
    let seen = Dialogue::tcp(&SPEC, 135)
        .client(&fragment(pdu::BIND, 1, &bind(SVCCTL), Some((6, &token::negotiate()))))
        .server(&fragment(pdu::BIND_ACK, 1, &bind_ack(), Some((6, &token::challenge()))))
        .client(&fragment(pdu::AUTH3, 1, &[0; 4], Some((6, &token::authenticate(&[0x22; 24])))))
        .client(&fragment(pdu::REQUEST, 2, &request(12, &[0x5a; 60]), Some((6, &[1; 16]))))
        .server(&fragment(pdu::RESPONSE, 2, &response(&[0x5a; 24]), Some((6, &[1; 16]))))
        .end();
    assert_eq!(seen.ops(), ["dce-rpc create_service_w accepted x1"]);
    let creds = seen.creds();
    assert!(creds.len() == 1 && creds[0].starts_with("hash eng eng::PLANT:") && creds[0].ends_with("success"));
    assert_eq!(seen.field(1, "dce_rpc.encrypted").as_deref(), Some("true"));
}

#[test]
fn fragments_in_pieces_and_a_pipe_without_its_bind() {
    let whole = fragment(pdu::REQUEST, 2, &request(12, &create_service()), None);
    for n in 1..20 {
        let seen = Dialogue::tcp(&SPEC, 135)
            .client(&fragment(pdu::BIND, 1, &bind(SVCCTL), None))
            .client_split(&whole, n)
            .end();
        assert_eq!(seen.ops(), ["dce-rpc create_service_w unknown x1"]);
    }
    assert_eq!(names::of_pipe("svcctl").map(|i| i.uuid), Some(SVCCTL));
    assert!(Session::on_pipe("svcctl").pipe.is_some());
}

#[test]
fn identifies_by_content() {
    let d = Dialogue::tcp(&SPEC, 49664);
    let bound = fragment(pdu::BIND, 1, &bind(SVCCTL), None);
    assert_eq!(d.identify(true, &bound), Verdict::Strong(Role::Client));
    assert_eq!(d.identify(true, &bound[..20]), Verdict::Need);
    assert_eq!(d.identify(false, &fragment(pdu::BIND_ACK, 1, &bind_ack(), None)), Verdict::Strong(Role::Server));
    // SOCKS 5, DNP3, Modbus
    for other in [&[5u8, 1, 0, 5, 1, 0, 3, 9, 1, 1, 1, 1, 1, 1, 1, 1, 1][..], &[5, 0x64, 5, 0xc0], &[0, 5, 0, 0]] {
        assert_eq!(d.identify(true, other), Verdict::No);
    }
}

proptest! {
    #[test]
    fn never_panics(at in 0usize..200, byte: u8, cut in 0usize..300, noise in proptest::collection::vec(any::<u8>(), 0..120)) {
        for mut m in [fragment(pdu::BIND, 1, &bind(SVCCTL), None), fragment(pdu::BIND_ACK, 1, &bind_ack(), None),
                      fragment(pdu::REQUEST, 2, &request(12, &create_service()), Some((5, &noise))),
                      fragment(pdu::RESPONSE, 2, &response(&noise), Some((5, &noise))), fragment(pdu::FAULT, 2, &noise, None)] {
            if let Some(b) = m.get_mut(at) { *b = byte; }
            m.truncate(cut.max(1));
            let d = Dialogue::tcp(&SPEC, 135);
            let _ = d.identify(true, &m);
            let _ = d.client(&fragment(pdu::BIND, 1, &bind(SVCCTL), None)).client(&m).server(&m).gap(false, 2).client(&noise).end();
            let _ = pdu::strings(&m, byte & 1 == 0);
        }
        let _ = Side::Client;
    }
}
