use super::*;
use crate::protocols::ntlm::tests as token;
use crate::testkit::Dialogue;

fn talk() -> Dialogue {
    Dialogue::tcp(&SPEC, 23)
}

const HELLO: &[u8] = b"\xff\xfd\x18\xff\xfd\x20\xff\xfb\x01";

/// Types `text`, each key echoed if `echo`.
fn keys(mut d: Dialogue, text: &str, echo: bool) -> Dialogue {
    for key in text.bytes() {
        d = d.client(&[key]);
        if echo && key != b'\r' {
            d = d.server(&[key]);
        }
    }
    d
}

fn to_password(user: &str) -> Dialogue {
    let d = talk().server(HELLO).server(b"Acme RTU v2\r\n\r\nrtu-9 login: ");
    keys(d, &format!("{user}\r"), true).server(b"\r\nPassword: ")
}

#[test]
fn puts_a_log_in_together_key_by_key() {
    let seen = keys(to_password("opx\x7f"), "se\x08ecret\r", false)
        .server(b"\r\n")
        .server(b"\r\nLast login: Mon on pts/1\r\n\x1b]0;op@rtu\x07$ ")
        .end();
    assert_eq!(seen.creds(), ["password op secret success"]);
    assert_eq!(seen.facts(), ["server banner=Acme RTU v2", "server hostname=rtu-9"]);
}

#[test]
fn failure_then_success() {
    let again = keys(to_password("op"), "bad\r", false).server(b"\r\nLogin incorrect\r\nrtu-9 login: ");
    let again = keys(again, "op\r", true).server(b"\r\nPassword: ");
    let seen = keys(again, "good\r", false).server(b"\r\nrtu> ").end();
    assert_eq!(seen.creds(), ["password op bad failure", "password op good success"]);
}

#[test]
fn outcomes_by_what_follows() {
    let after = |answer: &[u8]| keys(to_password("op"), "pw\r", false).server(answer).end().creds();
    assert_eq!(after(b"\r\n\r\nPassword: "), ["password op pw failure"]);
    assert_eq!(after(b"\r\n% Access denied\r\n"), ["password op pw failure"]);
    assert_eq!(after(b"\r\nSwitch#"), ["password op pw success"]);
    assert_eq!(after(b"\r\n"), ["password op pw unknown"]);
}

#[test]
fn lines_at_once_and_typed_ahead() {
    let seen = talk()
        .server(b"login: ")
        .client(b"root\r\nxc3511\r\n")
        .server(b"root\r\nPassword: ")
        .server(b"\r\nBusyBox v1.1 built-in shell\r\n# ")
        .client(b"/bin/busybox MIRAI\r\n")
        .end();
    assert_eq!(seen.creds(), ["password root xc3511 success"]);
}

#[test]
fn a_line_password_and_more_rights() {
    let d = talk().server(HELLO).server(b"User Access Verification\r\n\r\nPassword: ");
    let d = keys(d, "cisco\r", false).server(b"\r\nRouter>");
    let d = keys(d, "enable\r", true).server(b"\r\nPassword: ");
    let seen = keys(d, "secret\r", false).server(b"\r\nRouter#").end();
    assert_eq!(seen.creds(), ["password - cisco success", "password - secret success"]);
}

#[test]
fn su_names_whom() {
    let d = keys(to_password("op"), "pw\r", false).server(b"\r\n$ ");
    let d = keys(d, "su -\r", true).server(b"\r\nPassword: ");
    let seen = keys(d, "toor\r", false).server(b"\r\n# ").end();
    assert_eq!(seen.creds(), ["password op pw success", "password root toor success"]);
}

#[test]
fn a_name_may_be_enough() {
    let d = talk().server(HELLO).server(b"login: ");
    let seen = keys(d, "guest\r", true).server(b"\r\n$ ").end();
    assert_eq!(seen.creds(), ["user guest - success"]);
}

#[test]
fn text_that_ends_in_no_prompt_is_no_log_in() {
    let d = keys(to_password("op"), "pw\r", false).server(b"\r\n$ ");
    let d = keys(d, "cat x\r", true).server(b"\r\nThe password: is not here\r\nlogin: root\r\n$ ");
    let seen = keys(d, "ls\r", true).server(b"\r\n$ ").end();
    assert_eq!(seen.creds().len(), 1);
}

fn authentication(side: u8, command: u8, token: &[u8]) -> Vec<u8> {
    let mut out = vec![255, 250, 37, side, 15, 0, command];
    for b in token {
        out.push(*b);
        if *b == 255 {
            out.push(255);
        }
    }
    out.extend_from_slice(&[255, 240]);
    out
}

#[test]
fn ntlm_runs_in_an_option() {
    let last = |verdict: u8| {
        talk()
            .server(b"\xff\xfd\x25")
            .client(&authentication(0, 0, &token::negotiate()))
            .server(&authentication(2, 1, &token::challenge()))
            .client(&authentication(0, 2, &token::authenticate(&[0x33; 60])))
            .server(&authentication(2, verdict, &[]))
            .end()
    };
    let line = format!("eng::PLANT:0102030405060708:{}:{}", "33".repeat(16), "33".repeat(44));
    assert_eq!(last(4).creds(), [format!("hash eng {line} failure")]);
    assert_eq!(last(3).creds(), [format!("hash eng {line} success")]);
    assert!(last(3).facts().contains(&"server hostname=scada.plant.example".to_owned()));
}

#[test]
fn is_the_same_however_it_is_cut() {
    let server = [HELLO, b"rtu-9 login: "].concat();
    for n in 1..server.len() {
        let seen = talk()
            .server_split(&server, n)
            .client_split(b"\xff\xfb\x18\xff\xfa\x18\x00XTERM\xff\xf0op\r\0", n)
            .server_split(b"op\r\nPassword: ", n)
            .client_split(b"pw\r\0", n)
            .server_split(b"\r\nLogin incorrect\r\n", n)
            .end();
        assert_eq!(seen.creds(), ["password op pw failure"], "{n}");
        assert!(seen.facts().contains(&"client terminal=XTERM".to_owned()), "{n}");
    }
}

#[test]
fn is_known_by_content() {
    let off = Dialogue::tcp(&SPEC, 1337);
    assert_eq!(off.identify(false, HELLO), Verdict::Strong(Role::Unknown));
    assert_eq!(off.identify(false, &HELLO[..2]), Verdict::Need);
    assert_eq!(talk().identify(false, b"\r\nUsername: "), Verdict::Weak(Role::Server));
    for other in [
        &b"\xff\xfb\x90\x64\x00\x00"[..],
        b"\xff\xd8\xff\xe0\x00\x10JFIF",
        b"GET / HTTP/1.1\r\n\r\n",
        b"login: ",
        b"SSH-2.0-x\r\n",
        b"\x16\x03\x01\x00\x05",
    ] {
        assert_eq!(off.identify(false, other), Verdict::No, "{other:?}");
    }
}

proptest::proptest! {
    #[test]
    fn never_panics(data: Vec<u8>, text in "\\PC{0,60}", n in 1usize..20) {
        let _ = talk().identify(false, &data);
        let d = to_password("op").server(&data).client(&data).gap(true, 2).client_split(text.as_bytes(), n);
        d.server_split(text.as_bytes(), n).gap(false, 5).server(b"Password: ").client(b"x\r").server(&data).end();
        options::environment(&data);
        options::leading(&data);
        screen::prompt(&text);
    }
}
