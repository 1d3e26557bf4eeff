use super::*;
use crate::testkit::Dialogue;
use proptest::prelude::*;

fn encode(name: &str, suffix: u8) -> Vec<u8> {
    let mut out = vec![0x20];
    for b in format!("{name:<15}").bytes().chain([suffix]) {
        out.extend([b'A' + (b >> 4), b'A' + (b & 15)]);
    }
    out.push(0);
    out
}
fn registration(flags: u16, name: &str, suffix: u8, nb: u8, ip: [u8; 4]) -> Vec<u8> {
    let mut out = vec![0, 9];
    out.extend(flags.to_be_bytes());
    out.extend([0, 1, 0, 0, 0, 0, 0, 1]);
    out.extend(encode(name, suffix));
    out.extend([0, 0x20, 0, 1, 0xc0, 12, 0, 0x20, 0, 1, 0, 0, 0, 60, 0, 6, nb, 0]);
    out.extend(ip);
    out
}
fn node_status() -> Vec<u8> {
    let mut out = vec![0, 9, 0x84, 0, 0, 0, 0, 1, 0, 0, 0, 0];
    out.extend(encode("*", 0));
    let mut data = vec![3];
    for (name, suffix, flags) in [("HMI-3", 0u8, 0x0400u16), ("PLANT", 0, 0x8400), ("PLANT", 0x1c, 0x8400)] {
        data.extend(format!("{name:<15}").bytes());
        data.push(suffix);
        data.extend(flags.to_be_bytes());
    }
    data.extend([2, 0, 0, 0, 0, 2]);
    data.extend([0; 40]);
    out.extend([0, 0x21, 0, 1, 0, 0, 0, 0]);
    out.extend((data.len() as u16).to_be_bytes());
    out.extend(data);
    out
}
fn announcement() -> Vec<u8> {
    let mut out = vec![0x11, 0x0a, 0, 1, 10, 0, 0, 1, 0, 138, 0, 0, 0, 0];
    out.extend(encode("HMI-3", 0x20));
    out.extend(encode("PLANT", 0x1d));
    let mut data = vec![1, 0, 0, 0, 0, 0];
    data.extend(*b"HMI-3\0\0\0\0\0\0\0\0\0\0\0");
    data.extend([6, 1]);
    data.extend(0x1003u32.to_le_bytes());
    data.extend([15, 1, 0x55, 0xaa]);
    data.extend(*b"line 3\0");
    let mut smb = vec![0; 69];
    smb[..5].copy_from_slice(b"\xffSMB\x25");
    smb[32] = 17;
    smb[55..57].copy_from_slice(&(data.len() as u16).to_le_bytes());
    smb[57..59].copy_from_slice(&86u16.to_le_bytes());
    smb.extend(*b"\\MAILSLOT\\BROWSE\0");
    smb.extend(data);
    out.extend(smb);
    out
}

#[test]
fn registrations_name_their_sender() {
    let seen = Dialogue::udp(&SPEC, 137)
        .client(&registration(0x2910, "HMI-3", 0x20, 0, [10, 0, 0, 1]))
        .client(&registration(0x2910, "PLANT", 0, 0x80, [10, 0, 0, 1]))
        .client(&registration(0x3010, "OLD", 0, 0, [10, 0, 0, 1]))
        .end();
    assert_eq!(seen.facts(), ["client domain=PLANT", "client hostname=HMI-3"]);
    assert_eq!(seen.field(2, "event.action").as_deref(), Some("release"));
}

#[test]
fn a_status_answer_tells_names_and_address() {
    let seen = Dialogue::udp(&SPEC, 137).server(&node_status()).end();
    assert_eq!(
        seen.facts(),
        ["server domain=PLANT", "server hostname=HMI-3", "server role=domain-controller"]
    );
    assert_eq!(seen.obs.bindings.len(), 1);
}

#[test]
fn announcements_tell_of_the_host() {
    let d = Dialogue::udp(&SPEC, 138);
    assert_eq!(d.identify(true, &announcement()), Verdict::Strong(Role::Unknown));
    let seen = d.client(&announcement()).end();
    assert_eq!(
        seen.facts(),
        ["client description=line 3", "client hostname=HMI-3", "client os_version=6.1", "client role=workstation"]
    );
}

#[test]
fn others_are_not_claimed() {
    let d = Dialogue::udp(&SPEC, 4444);
    assert_eq!(
        d.identify(true, &registration(0x2910, "A", 0, 0, [10, 0, 0, 1])),
        Verdict::Strong(Role::Client)
    );
    for other in [
        &b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03plc\x04site\x00\x00\x01\x00\x01"[..],
        b"\x10\x0a\x00\x01\x0a\x00\x00\x01\x00\x8a\x00\x00\x00\x00 no names here",
        b"\x12\x01\x00\x33\x00\x00\x00\x00",
    ] {
        assert_eq!(d.identify(true, other), Verdict::No);
    }
}

proptest! {
    #[test]
    fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..100), at in 0usize..300, b: u8) {
        let d = Dialogue::udp(&SPEC, 137);
        d.identify(true, &bytes);
        let mut all = d.client(&bytes);
        for mut bent in [registration(0x2910, "A", 0, 0, [10, 0, 0, 1]), node_status(), announcement()] {
            let at = at % bent.len();
            bent[at] = b;
            all.identify(false, &bent);
            all = all.client(&bent).server(&bent[..at]);
        }
        all.end();
    }
}
