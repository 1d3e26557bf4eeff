use super::*;
use crate::model::{HostAddr, Stamp};
use crate::obs::{HostKey, ServiceKey};
use crate::stream::Fed;
use crate::testkit::{Dialogue, SERVER, Seen};
use proptest::prelude::*;

fn string(content: &[u8]) -> Vec<u8> {
    [&(content.len() as u32).to_be_bytes(), content].concat()
}
fn packet(payload: &[u8]) -> Vec<u8> {
    let padding = 4 + (8 - (payload.len() + 9) % 8) % 8;
    let length = (payload.len() + padding + 1) as u32;
    [&length.to_be_bytes()[..], &[padding as u8], payload, &vec![0; padding]].concat()
}
fn kexinit(lists: [&str; 8]) -> Vec<u8> {
    let mut payload = vec![MSG_KEXINIT];
    payload.extend([0x5a; 16]);
    for list in lists {
        payload.extend(string(list.as_bytes()));
    }
    payload.extend([0; 13]);
    packet(&payload)
}
const CLIENT_LISTS: [&str; 8] = [
    "curve25519-sha256,diffie-hellman-group14-sha1,ext-info-c",
    "ssh-ed25519,ssh-rsa",
    "aes256-gcm@openssh.com,aes128-ctr",
    "aes128-ctr",
    "hmac-sha2-256",
    "hmac-sha1",
    "none,zlib",
    "none",
];
const SERVER_LISTS: [&str; 8] = [
    "diffie-hellman-group14-sha1,curve25519-sha256",
    "ssh-rsa",
    "aes128-ctr",
    "aes128-ctr,aes256-ctr",
    "hmac-sha1,hmac-sha2-256",
    "hmac-sha1",
    "none",
    "none",
];
fn client() -> Vec<u8> {
    [
        b"SSH-2.0-OpenSSH_9.6\r\n".to_vec(),
        kexinit(CLIENT_LISTS),
        packet(&[&[30][..], &string(&[1; 32])].concat()),
        packet(&[MSG_NEWKEYS]),
        vec![0xee; 16],
    ]
    .concat()
}
fn server() -> Vec<u8> {
    let key = [string(b"ssh-rsa"), string(&[1, 0, 1]), string(&[7; 65])].concat();
    let reply = [vec![31], string(&key), string(&[2; 32]), string(&[3; 80])].concat();
    [
        b"Authorised use only\r\nSSH-2.0-dropbear_2020.81 Debian-4\n".to_vec(),
        kexinit(SERVER_LISTS),
        packet(&reply),
        packet(&[MSG_NEWKEYS]),
        vec![0xdd; 16],
    ]
    .concat()
}
fn dialogue(oriented: bool) -> Dialogue {
    let mut d = Dialogue::new(&SPEC, Transport::Tcp, 22, oriented);
    let host = d.obs.host(HostKey::new(0, HostAddr::Ip(SERVER))).unwrap();
    let key = ServiceKey { host, port: 22, transport: Transport::Tcp, protocol: "ssh", offered: true };
    d.obs.service(key, 100, Stamp::default());
    d
}
fn service(seen: &Seen, name: &str) -> Option<Val> {
    let stat = seen.obs.services.values().next()?;
    stat.info.iter().find(|i| i.0 == name).map(|i| i.1.clone())
}

#[test]
fn banners_offers_and_host_key_in_any_split() {
    for n in [1, 3, 7, 100, 4096] {
        let seen = dialogue(true).server_split(&server(), n).client_split(&client(), n).end();
        assert_eq!(seen.last, Fed::Done, "split {n}");
        assert_eq!(seen.obs.parse_errors.values().sum::<u64>(), 0);
        let field = |f| seen.field(0, f).unwrap_or_default();
        assert_eq!(field("source.ip"), "10.0.0.1");
        assert_eq!(field("ssh.client.software"), "OpenSSH_9.6");
        assert_eq!(field("ssh.server.software"), "dropbear_2020.81");
        assert_eq!(field("ssh.server.comments"), "Debian-4");
        assert_eq!(field("ssh.kex"), "curve25519-sha256");
        assert_eq!(field("ssh.host_key_algorithm"), "ssh-rsa");
        assert_eq!(field("ssh.host_key_type"), "ssh-rsa");
        assert_eq!(field("ssh.cipher"), "aes128-ctr");
        assert_eq!(field("ssh.mac"), "hmac-sha2-256");
        assert_eq!(field("event.outcome"), "success");
        // MD5 of the client's and the server's own lists, made with another implementation
        assert_eq!(field("ssh.client.hassh"), "a3137215efacaed38c1248da01c9ff84");
        assert_eq!(field("ssh.server.hassh"), "8a3c34dc17c72f0ef34cc555fa6b5f45");
        let facts = seen.facts();
        assert!(facts.contains(&"server banner=SSH-2.0-dropbear_2020.81 Debian-4".to_owned()), "{facts:?}");
        assert!(facts.contains(&"server os=Debian Linux".to_owned()));
        assert!(facts.iter().any(|f| f.starts_with("server ssh_host_key=SHA256:")));
        assert_eq!(service(&seen, "product"), Some(Val::from("dropbear")));
        assert_eq!(service(&seen, "version"), Some(Val::from("2020.81")));
    }
}

#[test]
fn roles_come_from_the_offer_when_the_handshake_was_missed() {
    let seen = dialogue(false).server(&client()).end();
    assert!(seen.facts().iter().any(|f| f.starts_with("server hassh=")), "{:?}", seen.facts());
    assert_eq!(seen.field(0, "source.ip").as_deref(), Some("10.0.0.2"));
}

#[test]
fn version_1_ends_with_the_banners() {
    let seen = dialogue(true)
        .client(b"SSH-1.5-old\n")
        .client(&[0, 0, 1, 20, 9, 9])
        .server(b"SSH-1.99-Cisco-1.25\r\n")
        .end();
    assert_eq!(seen.last, Fed::Done);
    assert_eq!(seen.obs.parse_errors.values().sum::<u64>(), 0);
    assert_eq!(service(&seen, "version"), Some(Val::from("1.25")));
    assert!(seen.facts().contains(&"server os=Cisco IOS".to_owned()));
}

#[test]
fn group_exchange_and_its_key() {
    let group = [vec![31], string(&[0; 129]), string(&[2])].concat();
    assert_eq!(kex::host_key(&group), None);
    let reply = [vec![33], string(&string(b"ssh-ed25519")), string(&[1])].concat();
    assert_eq!(kex::host_key(&reply).map(|k| k.0), Some("ssh-ed25519"));
}

#[test]
fn software_versions_are_taken_apart() {
    assert_eq!(product("OpenSSH_8.2p1"), ("OpenSSH", Some("8.2p1")));
    assert_eq!(product("APACHE-SSHD-2.5.0"), ("APACHE-SSHD", Some("2.5.0")));
    assert_eq!(product("ROSSSH"), ("ROSSSH", None));
    assert_eq!(product("libssh2_1.4.3"), ("libssh2", Some("1.4.3")));
    assert_eq!(parts("SSH-2.0-a b c"), ("2.0", "a", "b c"));
}

#[test]
fn what_is_ssh_and_what_is_not() {
    let d = dialogue(true);
    let strong = Verdict::Strong(Role::Unknown);
    assert_eq!(d.identify(true, b"SSH-2.0-x"), strong);
    assert_eq!(d.identify(true, b"SSH-1.99-x"), strong);
    assert_eq!(d.identify(true, b"SSH-"), Verdict::Need);
    assert_eq!(d.identify(true, b"S"), Verdict::Need);
    assert_eq!(d.identify(false, b"welcome\r\nSSH-2.0-x"), Verdict::Strong(Role::Server));
    assert_eq!(d.identify(true, &kexinit(CLIENT_LISTS)), strong);
    for other in [
        &b"SSHX"[..],
        b"SIP/2.0 200",
        b"GET /\r\n\r\n",
        &[22, 3, 1, 0, 5],
        &[0, 1, 0, 0, 0, 6, 1, 3, 0, 0, 0, 1],
    ] {
        assert_eq!(d.identify(true, other), Verdict::No, "{other:02x?}");
    }
}

fn survives(client: &[u8], server: &[u8], n: usize) {
    let d = dialogue(false);
    d.identify(true, client);
    d.client_split(client, n).gap(true, 3).server_split(server, n).gap(false, 9).client(server).end();
}

proptest! {
    #[test]
    fn nothing_makes_it_panic(a in proptest::collection::vec(any::<u8>(), 0..300),
                              b in proptest::collection::vec(any::<u8>(), 0..300), n in 1usize..60) {
        survives(&a, &b, n);
        survives(&packet(&a), &packet(&b), n);
        survives(&[b"SSH-2.0-a\n", &a[..]].concat(), &[b"SSH-2.0-b\n", &packet(&b)[..]].concat(), n);
    }

    #[test]
    fn nor_does_a_changed_session(at in 0usize..2000, to in any::<u8>(), n in 1usize..200) {
        let (mut a, mut b) = (client(), server());
        let (i, j) = (at % a.len(), at % b.len());
        a[i] = to;
        b[j] = to;
        survives(&a, &b, n);
    }
}
