use super::SPEC;
use crate::probe::{Role, Verdict};
use crate::testkit::{Dialogue, hostile};
use proptest::prelude::*;

fn pdu(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[kind, 0], &(body.len() as u32).to_be_bytes()[..], body].concat()
}
fn associate(kind: u8) -> Vec<u8> {
    let items = [0x10, 0, 0, 2, b'1', b'2', 0x50, 0, 0, 9, 0x52, 0, 0, 5, b'1', b'.', b'3', b'.', b'9'];
    pdu(kind, &[&[0, 1, 0, 0][..], b"ARCHIVE         ", b"CT-1            ", &[0; 32], &items].concat())
}
/// A command of one element, in a value of its own.
fn command(field: u16, number: u16, status: Option<u16>) -> Vec<u8> {
    let mut out = Vec::new();
    let element = |tag: u16, value: u16| {
        let mut e = vec![0, 0];
        e.extend_from_slice(&tag.to_le_bytes());
        e.extend_from_slice(&2u32.to_le_bytes());
        e.extend_from_slice(&value.to_le_bytes());
        e
    };
    out.extend(element(0x0100, field));
    out.extend(element(if status.is_some() { 0x0120 } else { 0x0110 }, number));
    out.extend(status.map(|s| element(0x0900, s)).unwrap_or_default());
    let value = [&(out.len() as u32 + 2).to_be_bytes()[..], &[1, 3], &out].concat();
    pdu(4, &value)
}

#[test]
fn images_are_passed_over() {
    let image = pdu(4, &[&(300_002u32).to_be_bytes()[..], &[1, 2], &[7; 300_000]].concat());
    let seen = Dialogue::tcp(&SPEC, 104)
        .client(&associate(1))
        .server(&associate(2))
        .client(&command(1, 5, None))
        .client_split(&image, 1400)
        .server(&command(0x8001, 5, Some(0xA700)))
        .client(&command(0x30, 6, None))
        .server(&command(0x8030, 6, Some(0)))
        .end();
    assert_eq!(seen.ops(), ["dicom associate accepted x1", "dicom c_store refused x1", "dicom c_echo accepted x1"]);
}

#[test]
fn open_requests_are_bounded() {
    let d = (0..100_000u32).fold(Dialogue::tcp(&SPEC, 104), |d, n| d.client(&command(0x30, n as u16, None)));
    assert_eq!(d.end().ops(), ["dicom c_echo unknown x100000"]);
}

#[test]
fn identifies_and_refuses() {
    let d = Dialogue::tcp(&SPEC, 9999);
    assert_eq!(d.identify(true, &associate(1)), Verdict::Strong(Role::Client));
    assert_eq!(d.identify(true, &associate(1)[..20]), Verdict::Need);
    let mut odd = associate(1);
    odd[12] = 7;
    for other in [&odd[..], &[1, 0, 0, 0, 0, 4, 1, 2, 3, 4], &[4, 1, 0, 80], &[1, 0, 0, 0, 1, 0, 0, 2]] {
        let verdict = d.identify(true, other);
        assert!(matches!(verdict, Verdict::No | Verdict::Need), "{verdict:?}");
    }
}

proptest! {
    #[test]
    fn never_panics(data in proptest::collection::vec(any::<u8>(), 0..200), at in 0usize..128, byte: u8) {
        hostile(&SPEC, &[&associate(1), &command(1, 5, None), &command(0x8001, 5, Some(0))], &data, at, byte);
    }
}
