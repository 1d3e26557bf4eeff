use super::*;
use crate::testkit::Dialogue;

fn time(flags: u8, stratum: u8, refid: &[u8; 4]) -> Vec<u8> {
    let mut m = vec![flags, stratum, 6, 0xec, 0, 0, 1, 0, 0, 0, 2, 0];
    m.extend_from_slice(refid);
    m.resize(40, 0);
    m.extend_from_slice(&[0xe5, 0x10, 0, 0, 0, 0, 0, 1]);
    m
}
fn control(code: u8, sequence: u16, text: &str) -> Vec<u8> {
    let mut m = vec![0x16, code];
    m.extend_from_slice(&sequence.to_be_bytes());
    m.extend_from_slice(&[0; 6]);
    m.extend_from_slice(&(text.len() as u16).to_be_bytes());
    m.extend_from_slice(text.as_bytes());
    m
}

#[test]
fn a_clock_with_a_receiver() {
    let seen = Dialogue::udp(&SPEC, 123).client(&time(0x23, 0, b"\0\0\0\0")).server(&time(0x24, 1, b"GPS\0")).end();
    assert_eq!(seen.facts(), ["server ntp_refid=GPS", "server ntp_stratum=1"]);
}

#[test]
fn control_and_private() {
    let seen = Dialogue::udp(&SPEC, 123)
        .client(&control(2, 1, ""))
        .server(&control(0x82, 1, "version=\"ntpd 4.2.6p5@1.2349-o\", processor=\"armv7l\",\r\nsystem=\"Linux/3.10\", stratum=2"))
        .client(&control(8, 2, "server 10.0.0.66"))
        .server(&control(0xc8, 2, ""))
        .client(&[0x17, 0, 3, 42, 0, 0, 0, 0])
        .end();
    assert_eq!(
        seen.ops(),
        ["ntp read_variables accepted x1", "ntp configure refused x1", "ntp monlist no-answer x1"]
    );
    assert_eq!(seen.facts(), ["server ntp_daemon=ntpd 4.2.6p5@1.2349-o", "server os=Linux 3.10"]);
}

#[test]
fn a_domain_controller_signs() {
    let ask = [time(0x23, 0, &[0; 4]).as_slice(), &1105u32.to_le_bytes(), &[0; 16]].concat();
    let answer = [time(0x24, 3, &[10, 0, 0, 1]).as_slice(), &1105u32.to_le_bytes(), &[0xab; 16]].concat();
    let seen = Dialogue::udp(&SPEC, 123).client(&ask).server(&answer).end();
    let line = format!("hash 1105 $sntp-ms${}${} unknown", "ab".repeat(16), hex(&answer[..48]));
    assert_eq!(seen.creds(), [line]);
}

proptest::proptest! {
    #[test]
    fn never_panics(data: Vec<u8>, at in 0usize..60, byte: u8) {
        let mut a = control(0x82, 1, "version=\"ntpd 4\", system=\"Linux/3\"");
        if let Some(x) = a.get_mut(at) { *x = byte; }
        let d = Dialogue::udp(&SPEC, 123);
        let _ = d.identify(true, &data);
        d.client(&control(2, 1, "")).server(&a).client(&data).server(&data).end();
    }
}

#[test]
fn what_it_keeps_is_bounded() {
    let mut d = Dialogue::udp(&SPEC, 123);
    for n in 0..2000 {
        d = d.client(&control(2, n, ""));
    }
    let ops = d.end().ops();
    assert_eq!(ops, ["ntp read_variables unknown x1968", "ntp read_variables no-answer x32"]);
}
