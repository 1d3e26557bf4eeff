use super::*;
use crate::testkit::Dialogue;
use proptest::prelude::*;

fn request(sub: u8, body: &[u8]) -> Vec<u8> {
    let mut out = vec![0xa0, sub, 0, 0];
    out.extend((body.len() as u32).to_le_bytes());
    out.extend([0; 16]);
    out.extend([5, 2, sub, 1, 0, 0, 0xa1, 0xaa]);
    out.extend(body);
    out
}
fn answer(error: [u8; 2], body: &[u8]) -> Vec<u8> {
    let mut out = vec![0xb0, 0, 0, 0x58];
    out.extend((body.len() as u32).to_le_bytes());
    out.extend(error);
    out.extend([0; 14]);
    out.extend([6, 0, 0xf9, 0, 0, 0, 0, 0]);
    out.extend(body);
    out
}

#[test]
fn a_log_in_that_fails() {
    let hash = "0123456789ABCDEF0123456789ABCDEF";
    let login = request(5, format!("admin&&{hash}{hash}").as_bytes());
    for n in [1, 3, 500] {
        let seen = Dialogue::tcp(&SPEC, 37777)
            .client_split(&request(1, b""), n)
            .server_split(&answer([0, 1], b"Realm:Login to AB\r\nRandom:42\r\n\r\n"), n)
            .client_split(&login, n)
            .server_split(&answer([1, 0], b""), n)
            .end();
        assert_eq!(seen.creds(), [format!("hash admin admin:Login to AB:42:{hash} failure")]);
        assert_eq!(seen.ops(), ["dvrip login refused x1"]);
    }
}

#[test]
fn many_log_ins_hold_one() {
    let hash = "0123456789ABCDEF0123456789ABCDEF".repeat(2);
    let d = (0..100_000).fold(Dialogue::tcp(&SPEC, 37777), |d, _| {
        d.client(&request(5, format!("admin&&{hash}").as_bytes()))
    });
    assert_eq!(d.end().ops(), ["dvrip login unknown x100000"]);
}

proptest! {
    #[test]
    fn never_panics(data: Vec<u8>, at in 0usize..90, byte: u8) {
        let d = Dialogue::tcp(&SPEC, 37777);
        let _verdict = d.identify(true, &data);
        let mut changed = request(5, &[b"admin&&".as_slice(), &data].concat());
        let n = changed.len();
        changed[at % n] = byte;
        let _verdict = d.identify(true, &changed);
        let _seen = d.client(&changed).server(&answer([1, byte], &data)).gap(false, 4).client(&data).end();
    }
}
