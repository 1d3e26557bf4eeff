use super::*;
use crate::testkit::Dialogue;

fn init(name: &str) -> Vec<u8> {
    let mut out = vec![4, 0, 3, 0, 32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0, 0, 0, 0];
    out.extend_from_slice(&(name.len() as u32).to_be_bytes());
    out.extend_from_slice(name.as_bytes());
    out
}

#[test]
fn a_challenge_of_version_8() {
    let seen = Dialogue::tcp(&SPEC, 5900)
        .server(b"RFB 003.008\n")
        .client(b"RFB 003.008\n")
        .server(&[2, 2, 16])
        .client(&[2])
        .server(&[0xab; 16])
        .client(&[0x12; 16])
        .server(&[0; 4])
        .client(&[1])
        .server(&init("HMI panel 7"))
        .end();
    assert_eq!(seen.creds(), [format!("hash - $vnc$*{}*{} success", "AB".repeat(16), "12".repeat(16))]);
    assert_eq!(seen.ops(), ["vnc connect accepted x1"]);
    assert_eq!(seen.facts(), ["server name=HMI panel 7", "server rfb_version=3.8"]);
}

#[test]
fn version_3_and_no_password() {
    let seen = Dialogue::tcp(&SPEC, 5900)
        .server(b"RFB 003.008\n")
        .client(b"RFB 003.003\n")
        .server(&[0, 0, 0, 1])
        .client(&[0])
        .server(&init("open"))
        .end();
    assert!(seen.creds().is_empty());
    assert_eq!(seen.ops(), ["vnc connect accepted x1"]);
    assert!(seen.facts().contains(&"server name=open".to_owned()));
}

#[test]
fn a_wrong_password() {
    let seen = Dialogue::tcp(&SPEC, 5900)
        .server(b"RFB 003.008\n")
        .client(b"RFB 003.008\n")
        .server(&[1, 2])
        .client(&[2])
        .server(&[1; 16])
        .client(&[2; 16])
        .server(b"\0\0\0\x01\0\0\0\x06failed")
        .end();
    assert!(seen.creds()[0].ends_with(" failure"));
    assert_eq!(seen.ops(), ["vnc connect refused x1"]);
}

proptest::proptest! {
    #[test]
    fn never_panics(data: Vec<u8>, at in 0usize..60, byte: u8, cut in 1usize..50) {
        let mut a = [b"RFB 003.008\n".as_slice(), &[2], &[3; 16], &[1]].concat();
        let mut b = [b"RFB 003.008\n".as_slice(), &[1, 2], &[3; 16], &[0; 4], &init("x")].concat();
        for v in [&mut a, &mut b] {
            if let Some(x) = v.get_mut(at) { *x = byte; }
        }
        let d = Dialogue::tcp(&SPEC, 5900);
        let _ = d.identify(true, &data);
        d.server_split(&b, cut).client_split(&a, cut).server(&data).gap(false, 3).client(&data).end();
    }
}
