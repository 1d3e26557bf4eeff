use super::*;
use crate::testkit::Dialogue;
use proptest::prelude::*;

/// A message with options given as (number, value), in order.
fn message(kind: u8, code: u8, id: u16, token: &[u8], options: &[(u16, &[u8])], payload: &[u8]) -> Vec<u8> {
    let mut out = vec![0x40 | kind << 4 | token.len() as u8, code];
    out.extend_from_slice(&id.to_be_bytes());
    out.extend_from_slice(token);
    let mut last = 0;
    for (number, value) in options {
        let delta = number - last;
        last = *number;
        let nibble = |n: usize| if n < 13 { n as u8 } else { 13 };
        out.push(nibble(usize::from(delta)) << 4 | nibble(value.len()));
        if delta >= 13 {
            out.push((delta - 13) as u8);
        }
        if value.len() >= 13 {
            out.push((value.len() - 13) as u8);
        }
        out.extend_from_slice(value);
    }
    if !payload.is_empty() {
        out.push(0xFF);
        out.extend_from_slice(payload);
    }
    out
}

fn get(id: u16, parts: &[&str]) -> Vec<u8> {
    let options: Vec<(u16, &[u8])> = parts.iter().map(|p| (URI_PATH, p.as_bytes())).collect();
    message(0, 1, id, &id.to_be_bytes(), &options, b"")
}

#[test]
fn others_are_not_claimed() {
    let d = Dialogue::udp(&SPEC, 4444);
    assert_eq!(d.identify(true, &get(1, &["sensors", "temp"])), Verdict::Strong(Role::Client));
    for other in [
        &b"d1:ad2:id20:abcdefghij0123456789e1:q4:ping1:t2:aa1:y1:qe"[..],
        b"\x80\x60\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00",
        b"\x45\x01\x00",
        b"\x40\x01\x00\x01\xff",
        b"A\x02\x00\x01x\xb3rd\x01",
    ] {
        assert_eq!(d.identify(true, other), Verdict::No, "{other:x?}");
    }
}

#[test]
fn a_reset_refuses_and_silence_is_told() {
    let reset = message(3, 0, 7, &[], &[], b"");
    let seen = Dialogue::udp(&SPEC, 5683).client(&get(7, &["a", "b"])).server(&reset).client(&get(8, &["a", "c"])).end();
    assert_eq!(seen.ops(), ["coap get refused x1", "coap get no-answer x1"]);
}

#[test]
fn requests_without_answers_are_bounded() {
    let mut coap = Coap::default();
    let mut d = Dialogue::udp(&SPEC, 5683);
    for n in 0..2000u16 {
        d = d.client(&get(n, &["x", "y"]));
    }
    d.end();
    for n in 0..100_000u32 {
        let request = Request {
            id: n as u16,
            code: 1,
            path: String::new(),
            call: None,
            keys: vec![],
            asked: Stamp::default(),
        };
        coap.open.push(key(Side::Client, &n.to_be_bytes()), request);
    }
    assert_eq!(coap.open.len(), 32);
}

proptest! {
    #[test]
    fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..120), at in 0usize..300, b: u8) {
        let mut bent = message(0, 2, 9, b"tok", &[(11, b"rd"), (12, &[40]), (15, b"ep=dev")], b"</3/0>");
        let at = at % bent.len();
        bent[at] = b;
        let d = Dialogue::udp(&SPEC, 5683);
        d.identify(true, &bytes);
        d.client(&bytes).client(&bent).server(&bent[..at]).end();
        Dialogue::tcp(&SPEC, 5683).client(&bytes).server(&bent).end();
    }
}
