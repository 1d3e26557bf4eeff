use super::*;
use crate::testkit::Dialogue;
use proptest::prelude::*;

pub fn frame(text: &str) -> Vec<u8> {
    let n = (text.len() as u32).to_le_bytes();
    [MAGIC, &[0; 8], &n, &[0; 4], &n, &[0; 4], text.as_bytes()].concat()
}

#[test]
fn a_log_in_is_two_rounds() {
    let hash = "A".repeat(32);
    let first = frame(r#"{"id":1,"method":"global.login","params":{"userName":"admin","password":""},"session":0}"#);
    let asks = frame(r#"{"error":{"code":268632079,"message":"x"},"id":1,"params":{"random":"77","realm":"Login to 1"},"result":false,"session":5}"#);
    let second = frame(&format!(r#"{{"id":2,"method":"global.login","params":{{"userName":"admin","password":"{hash}"}},"session":5}}"#));
    let good = frame(r#"{"id":2,"params":{"keepAliveInterval":60},"result":true,"session":5}"#);
    for n in [1, 7, 999] {
        let seen = Dialogue::tcp(&SPEC, 5000)
            .client_split(&first, n)
            .server_split(&asks, n)
            .client_split(&second, n)
            .server_split(&good, n)
            .end();
        assert_eq!(seen.creds(), [format!("hash admin admin:Login to 1:77:{hash} success")]);
        assert_eq!(seen.ops(), ["dhip login accepted x1"]);
    }
}

#[test]
fn calls_that_wait_are_bounded() {
    let seen = (0..100_000).fold(Dialogue::tcp(&SPEC, 5000), |d, n| {
        d.client(&frame(&format!(r#"{{"id":{n},"method":"magicBox.reboot","params":null}}"#)))
    });
    assert_eq!(seen.end().ops(), ["dhip reboot unknown x100000"]);
}

proptest! {
    #[test]
    fn never_panics(data: Vec<u8>, text: String, at in 0usize..64, byte: u8) {
        let d = Dialogue::tcp(&SPEC, 5000);
        let _verdict = d.identify(true, &data);
        let mut changed = frame(&format!(r#"{{"id":1,"method":"{text}","params":{{"name":"{text}"}}}}"#));
        let n = changed.len();
        changed[at % n] = byte;
        let _seen = d.client(&changed).server(&data).server(&frame(&text)).gap(true, 3).client(&changed).end();
    }
}
