use super::*;
use crate::testkit::Dialogue;
use proptest::prelude::*;

fn request(command: u16, body: &[u8]) -> Vec<u8> {
    let mut out = vec![0x50, 0, 0, 0xFF, 0xFF, 3, 0];
    out.extend(((body.len() + 6) as u16).to_le_bytes());
    out.extend([0x10, 0]);
    out.extend(command.to_le_bytes());
    out.extend([0, 0]);
    out.extend(body);
    out
}

#[test]
fn old_frames_are_believed_at_home_only() {
    let stop = [0x14, 0xFF, 0x0A, 0];
    assert_eq!(Dialogue::tcp(&SPEC, 5001).identify(true, &stop), Verdict::Weak(Role::Client));
    assert_eq!(Dialogue::tcp(&SPEC, 80).identify(true, &stop), Verdict::No);
    let seen = Dialogue::tcp(&SPEC, 5001).client(&stop).server(&[0x94, 0]).end();
    assert_eq!(seen.ops(), ["slmp remote_stop accepted x1"]);
}

#[test]
fn ascii_frames() {
    let seen = Dialogue::tcp(&SPEC, 5007)
        .client(b"500000FF03FF00001C0010140100 00".as_slice())
        .client(b"500000FF03FF00001C001014010000D*0001000002 00010002".as_slice())
        .end();
    assert!(seen.ops().is_empty());
    let seen = Dialogue::tcp(&SPEC, 5007)
        .client(b"500000FF03FF00001C001014010000D*000100000100AB")
        .server(b"D00000FF03FF0000040000")
        .end();
    assert_eq!(seen.ops(), ["slmp device_write accepted x1"]);
}

#[test]
fn open_requests_are_bounded() {
    let mut d = Dialogue::tcp(&SPEC, 5007);
    for _ in 0..2000 {
        d = d.client(&request(commands::STOP, &[1, 0]));
    }
    assert_eq!(d.end().ops(), ["slmp remote_stop unknown x2000"]);
}

proptest! {
    #[test]
    fn never_panics(body in proptest::collection::vec(any::<u8>(), 0..80), command in 0u16..0x2200) {
        let d = Dialogue::tcp(&SPEC, 5007);
        let _verdict = (d.identify(true, &request(command, &body)), d.identify(true, &body));
        let mut text = b"5000".to_vec();
        text.extend(body.iter().map(|b| b"0123456789ABCDEF"[usize::from(b & 15)]));
        let _seen = d.client(&request(command, &body)).server(&body).client(&text).server(&request(1, &body)).end();
    }
}
