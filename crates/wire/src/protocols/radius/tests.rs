use super::*;
use crate::testkit::Dialogue;

fn packet(code: u8, id: u8, attributes: &[(u8, &[u8])]) -> Vec<u8> {
    let body: Vec<u8> = attributes
        .iter()
        .flat_map(|(kind, value)| [&[*kind, value.len() as u8 + 2][..], value].concat())
        .collect();
    let length = (packet::HEADER + body.len()) as u16;
    [&[code, id][..], &length.to_be_bytes(), &[0xab; 16], &body].concat()
}

fn talk() -> Dialogue {
    Dialogue::udp(&SPEC, 1812)
}

fn microsoft(kind: u8, value: &[u8]) -> Vec<u8> {
    [&311u32.to_be_bytes()[..], &[kind, value.len() as u8 + 2], value].concat()
}

#[test]
fn proofs_and_what_became_of_them() {
    let chap = [&[7u8][..], &[0x11; 16]].concat();
    let seen = talk()
        .client(&packet(1, 1, &[(1, b"joe"), (2, &[0x22; 16]), (4, &[10, 0, 0, 9]), (32, b"ap-7")]))
        .server(&packet(2, 1, &[(18, b"hello")]))
        .client(&packet(1, 2, &[(1, b"eng"), (3, &chap), (60, &[0x33; 16])]))
        .server(&packet(3, 2, &[]))
        .end();
    assert_eq!(seen.creds(), [
        format!("hash joe $radius$1*{}*{} success", "ab".repeat(16), "22".repeat(16)),
        format!("hash eng {}:{}:07 failure", "11".repeat(16), "33".repeat(16)),
    ]);
    assert_eq!(seen.facts(), ["client address=10.0.0.9", "client name=ap-7"]);
}

#[test]
fn ms_chap_version_2() {
    // RFC 2759, section 9.2
    let hex = |s: &str| (0..s.len()).step_by(2).map(|n| u8::from_str_radix(&s[n..n + 2], 16).unwrap()).collect::<Vec<_>>();
    let server = hex("5b5d7c7d7b3f2f3e3c2c602132262628");
    let peer = hex("21402324255e262a28295f2b3a337c7e");
    let nt = hex("82309ecd8d708b5ea08faa3981cd83544233114a3d85d6df");
    let response = [&[1u8, 0][..], &peer, &[0; 8], &nt].concat();
    let (challenge, response) = (microsoft(11, &server), microsoft(25, &response));
    let seen = talk()
        .client(&packet(1, 1, &[(1, b"User"), (26, &challenge), (26, &response)]))
        .server(&packet(2, 1, &[]))
        .end();
    assert_eq!(seen.creds(), [
        "hash User User::::82309ecd8d708b5ea08faa3981cd83544233114a3d85d6df:d02e4386bce91226 success"
    ]);
}

#[test]
fn eap_md5() {
    let identity = [&[2u8, 0, 0, 8, 1][..], b"joe"].concat();
    let challenge = [&[1u8, 5, 0, 22, 4, 16][..], &[0x44; 16]].concat();
    let response = [&[2u8, 5, 0, 22, 4, 16][..], &[0x55; 16]].concat();
    let seen = talk()
        .client(&packet(1, 1, &[(1, b"joe"), (79, &identity)]))
        .server(&packet(11, 1, &[(79, &challenge)]))
        .client(&packet(1, 2, &[(1, b"joe"), (79, &response)]))
        .server(&packet(2, 2, &[]))
        .end();
    assert_eq!(seen.creds(), [format!("hash joe {}:{}:05 success", "55".repeat(16), "44".repeat(16))]);
}

#[test]
fn changes_sessions() {
    let seen = Dialogue::udp(&SPEC, 3799)
        .client(&packet(40, 1, &[(1, b"joe")]))
        .server(&packet(41, 1, &[]))
        .client(&packet(43, 2, &[(1, b"joe")]))
        .server(&packet(45, 2, &[]))
        .end();
    assert_eq!(seen.ops(), ["radius disconnect accepted x1", "radius change_of_authorization refused x1"]);
}

#[test]
fn is_known_by_content() {
    let off = Dialogue::udp(&SPEC, 4812);
    let request = packet(1, 1, &[(1, b"joe"), (2, &[1; 16]), (4, &[10, 0, 0, 9])]);
    assert_eq!(off.identify(true, &request), Verdict::Strong(Role::Client));
    assert_eq!(off.identify(false, &packet(2, 1, &[])), Verdict::No);
    assert_eq!(talk().identify(false, &packet(2, 1, &[])), Verdict::Weak(Role::Server));
    assert_eq!(talk().identify(true, &request[..30]), Verdict::No);
    assert_eq!(off.identify(true, &[1; 40]), Verdict::No);
}

#[test]
fn memory_is_bounded() {
    let mut probe = Radius::default();
    for n in 0..100_000u32 {
        let challenge = eap::challenge(&[1, 5, 0, 8, 4, 2, 9, 9]).unwrap();
        probe.challenges.push(n.to_string(), challenge);
    }
    assert_eq!(probe.challenges.len(), MAX_CHALLENGES);
}

proptest::proptest! {
    #[test]
    fn never_panics(data: Vec<u8>, at in 0usize..80, byte: u8) {
        let _ = talk().identify(true, &data);
        let (a, b) = (microsoft(11, &[1; 16]), microsoft(25, &[2; 50]));
        let mut request = packet(1, 1, &[(1, b"joe"), (26, &a), (26, &b), (79, &[2, 5, 0, 22, 26, 2])]);
        if let Some(b) = request.get_mut(at) { *b = byte; }
        talk().client(&data).client(&request).server(&data).end();
        let _ = (eap::challenge(&data), eap::kind(&data), eap::identity(&data));
    }
}
