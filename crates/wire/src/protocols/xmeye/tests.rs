use super::*;
use crate::testkit::Dialogue;
use proptest::prelude::*;

fn frame(answer: bool, message: u16, text: &str) -> Vec<u8> {
    let mut out = vec![0xff, u8::from(answer), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    out.extend(message.to_le_bytes());
    out.extend((text.len() as u32).to_le_bytes());
    out.extend(text.as_bytes());
    out
}

#[test]
fn log_in_and_reboot() {
    let login = frame(false, 1000, r#"{"EncryptType":"MD5","LoginType":"DVRIP-Web","PassWord":"tlJwpbo6","UserName":"admin"}"#);
    let good = frame(true, 1001, r#"{"AliveInterval":20,"DeviceType ":"DVR","Ret":100,"SessionID":"0x1"}"#);
    let reboot = frame(false, 1450, r#"{"Name":"OPMachine","OPMachine":{"Action":"Reboot"}}"#);
    let done = frame(true, 1451, r#"{"Name":"OPMachine","Ret":107}"#);
    for n in [1, 6, 999] {
        let seen = Dialogue::tcp(&SPEC, 34567)
            .client_split(&login, n)
            .server_split(&good, n)
            .client_split(&reboot, n)
            .server_split(&done, n)
            .end();
        assert_eq!(seen.creds(), ["hash admin tlJwpbo6 success"]);
        assert_eq!(seen.ops(), ["xmeye login accepted x1", "xmeye reboot refused x1"]);
        assert_eq!(seen.facts(), ["server role=nvr"]);
    }
}

#[test]
fn orders_that_wait_are_bounded() {
    let reboot = frame(false, 1450, r#"{"Name":"OPMachine","OPMachine":{"Action":"Reboot"}}"#);
    let d = (0..100_000).fold(Dialogue::tcp(&SPEC, 34567), |d, _| d.client(&reboot));
    assert_eq!(d.end().ops(), ["xmeye reboot unknown x100000"]);
}

proptest! {
    #[test]
    fn never_panics(data: Vec<u8>, text: String, at in 0usize..60, byte: u8, message: u16) {
        let d = Dialogue::tcp(&SPEC, 34567);
        let _verdict = d.identify(true, &data);
        let mut changed = frame(false, message, &format!(r#"{{"Name":"{text}"}}"#));
        let n = changed.len();
        changed[at % n] = byte;
        let _verdict = d.identify(true, &changed);
        let _seen = d.client(&changed).server(&frame(true, message, &text)).gap(true, 4).client(&data).end();
    }
}
