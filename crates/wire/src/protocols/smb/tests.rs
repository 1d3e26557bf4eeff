//! Dialogues built from MS-SMB2 and MS-CIFS.

use super::{SPEC, names};
use crate::model::Transport;
use crate::probe::{Role, Verdict};
use crate::protocols::dce_rpc::tests as rpc;
use crate::protocols::ntlm::tests as token;
use crate::testkit::{Dialogue, Seen};
use proptest::prelude::*;

fn framed(message: &[u8]) -> Vec<u8> {
    let n = (message.len() as u32).to_be_bytes();
    [&[0], &n[1..], message].concat()
}
fn wide(s: &str) -> Vec<u8> {
    s.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// An SMB2 message of session 9, tree 5.
fn v2(command: u16, message: u64, status: u32, response: bool, body: &[u8]) -> Vec<u8> {
    let mut out = b"\xfeSMB\x40\0\0\0".to_vec();
    out.extend(status.to_le_bytes());
    out.extend(command.to_le_bytes());
    out.extend([0, 0, u8::from(response), 0, 0, 0, 0, 0, 0, 0]);
    out.extend(message.to_le_bytes());
    out.extend([0, 0, 0, 0, 5, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0]);
    out.extend([0; 16]);
    out.extend(body);
    out
}
fn ask(command: u16, message: u64, body: &[u8]) -> Vec<u8> {
    framed(&v2(command, message, 0, false, body))
}
fn answer(command: u16, message: u64, status: u32, body: &[u8]) -> Vec<u8> {
    framed(&v2(command, message, status, true, body))
}
/// Offset and length of what stands behind a body of `fixed` bytes.
fn place(fixed: usize, data: &[u8]) -> [u8; 4] {
    let [a, b] = ((64 + fixed) as u16).to_le_bytes();
    let [c, d] = (data.len() as u16).to_le_bytes();
    [a, b, c, d]
}
fn negotiated(dialect: u16) -> Vec<u8> {
    let mut body = vec![0; 64];
    (body[0], body[2]) = (65, 3);
    body[4..6].copy_from_slice(&dialect.to_le_bytes());
    body[8] = 7;
    answer(0, 0, 0, &body)
}
fn setup(message: u64, blob: &[u8]) -> Vec<u8> {
    let mut body = vec![25, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0];
    body.extend(place(24, blob));
    body.extend([0; 8]);
    body.extend(blob);
    ask(1, message, &body)
}
fn set_up(message: u64, status: u32, blob: &[u8]) -> Vec<u8> {
    let mut body = vec![9, 0, 0, 0];
    body.extend(place(8, blob));
    body.extend(blob);
    answer(1, message, status, &body)
}
fn tree(message: u64, path: &str) -> Vec<u8> {
    let path = wide(path);
    let mut body = vec![9, 0, 0, 0];
    body.extend(place(8, &path));
    body.extend(path);
    ask(3, message, &body)
}
fn create(message: u64, path: &str, disposition: u8, options: u16) -> Vec<u8> {
    let path = wide(path);
    let mut body = vec![0; 56];
    (body[0], body[36]) = (57, disposition);
    body[40..42].copy_from_slice(&options.to_le_bytes());
    body[44..48].copy_from_slice(&place(56, &path));
    body.extend(path);
    ask(5, message, &body)
}
fn created(message: u64, file: u8) -> Vec<u8> {
    let mut body = vec![0; 88];
    (body[0], body[64], body[79]) = (89, file, 1);
    answer(5, message, 0, &body)
}
fn key(file: u8) -> [u8; 16] {
    let mut key = [0; 16];
    (key[0], key[15]) = (file, 1);
    key
}
fn write(message: u64, file: u8, data: &[u8]) -> Vec<u8> {
    let mut body = vec![49, 0, 112, 0];
    body.extend((data.len() as u32).to_le_bytes());
    body.extend([0; 8]);
    body.extend(key(file));
    body.extend([0; 16]);
    body.extend(data);
    ask(9, message, &body)
}
fn close(message: u64, file: u8) -> Vec<u8> {
    let mut body = vec![24, 0, 0, 0, 0, 0, 0, 0];
    body.extend(key(file));
    ask(6, message, &body)
}
fn transceive(message: u64, file: u8, data: &[u8]) -> Vec<u8> {
    let mut body = vec![57, 0, 0, 0, 0x17, 0xc0, 0x11, 0];
    body.extend(key(file));
    body.extend([120, 0, 0, 0]);
    body.extend((data.len() as u32).to_le_bytes());
    body.extend([0; 24]);
    body.extend(data);
    ask(11, message, &body)
}
fn transceived(message: u64, file: u8, data: &[u8]) -> Vec<u8> {
    let mut body = vec![49, 0, 0, 0, 0x17, 0xc0, 0x11, 0];
    body.extend(key(file));
    body.extend([0; 8]);
    body.extend([112, 0, 0, 0]);
    body.extend((data.len() as u32).to_le_bytes());
    body.extend([0; 8]);
    body.extend(data);
    answer(11, message, 0, &body)
}
fn logged_in(status: u32) -> Dialogue {
    Dialogue::tcp(&SPEC, 445)
        .client(&ask(0, 0, &[vec![36, 0, 1, 0, 1], vec![0; 31], vec![0x11, 3]].concat()))
        .server(&negotiated(0x0311))
        .client(&setup(1, &token::negotiate()))
        .server(&set_up(1, names::MORE_PROCESSING, &token::challenge()))
        .client(&setup(2, &token::authenticate(&[0x33; 60])))
        .server(&set_up(2, status, &[]))
}
fn field(seen: &Seen, action: &str, name: &str) -> Option<String> {
    let is = |v: &crate::model::Val| *v == crate::model::Val::from(action);
    let at = seen.events.iter().position(|e| e.fields.iter().any(|(n, v)| *n == "event.action" && is(v)))?;
    seen.field(at, name)
}

#[test]
fn a_log_in_becomes_one_hash_with_its_outcome() {
    for (status, outcome, end) in [(0, "accepted", "success"), (0xc000_006d, "refused", "failure")] {
        let seen = logged_in(status).end();
        let creds = seen.creds();
        assert!(creds.len() == 1 && creds[0].starts_with("hash eng eng::PLANT:0102030405060708:"), "{creds:?}");
        assert!(creds[0].ends_with(end));
        assert_eq!(seen.ops(), [format!("smb session_setup {outcome} x1")]);
        assert_eq!(field(&seen, "session_setup", "user.name").as_deref(), Some("eng"));
        assert_eq!(field(&seen, "session_setup", "smb.authentication").as_deref(), Some("ntlm"));
        assert!(seen.facts().contains(&"server hostname=SCADA".to_owned()));
    }
}

#[test]
fn a_program_is_copied_and_run_as_a_service() {
    let service = [vec![0xaa; 20], rpc::text("UPD"), vec![0; 20], rpc::text("upd.exe")].concat();
    let seen = logged_in(0)
        .client(&tree(3, "\\\\plc-hmi\\ADMIN$"))
        .server(&answer(3, 3, 0, &[16, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]))
        .client(&create(4, "upd.exe", 5, 0))
        .server(&created(4, 1))
        .client(&write(5, 1, &[0x4d; 40_000]))
        .server(&answer(9, 5, 0, &[17, 0, 0, 0, 0x40, 0x9c, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]))
        .client(&close(6, 1))
        .server(&answer(6, 6, 0, &[60, 0, 0, 0]))
        .client(&tree(7, "\\\\plc-hmi\\IPC$"))
        .server(&answer(3, 7, 0, &[16, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]))
        .client(&create(8, "svcctl", 1, 0))
        .server(&created(8, 2))
        .client(&transceive(9, 2, &rpc::fragment(11, 1, &rpc::bind(rpc::SVCCTL), None)))
        .server(&transceived(9, 2, &rpc::fragment(12, 1, &rpc::bind_ack(), None)))
        .client(&transceive(10, 2, &rpc::fragment(0, 2, &rpc::request(12, &service), None)))
        .server(&transceived(10, 2, &rpc::fragment(2, 2, &rpc::response(&[0; 28]), None)))
        .end();
    assert_eq!(
        seen.ops(),
        [
            "smb session_setup accepted x1",
            "smb tree_connect accepted x2",
            "smb create accepted x1",
            "smb write accepted x1",
            "smb open_pipe accepted x1",
            "dce-rpc create_service_w accepted x1",
        ]
    );
    assert_eq!(field(&seen, "write", "file.name").as_deref(), Some("upd.exe"));
    assert_eq!(field(&seen, "write", "smb.path").as_deref(), Some("\\\\plc-hmi\\ADMIN$"));
    assert_eq!(field(&seen, "write", "file.size").as_deref(), Some("40000"));
    assert_eq!(field(&seen, "tree_connect", "smb.admin_share").as_deref(), Some("true"));
    assert_eq!(field(&seen, "create_service_w", "dce_rpc.pipe").as_deref(), Some("svcctl"));
    assert_eq!(seen.obs.parse_errors.get("smb"), None);
}

#[test]
fn a_file_is_deleted_by_each_of_its_ways() {
    let mut unlink = vec![33, 0, 1, 13, 1, 0, 0, 0, 96, 0, 0, 0, 0, 0, 0, 0];
    unlink.extend(key(1));
    unlink.push(1);
    let seen = logged_in(0)
        .client(&create(4, "a.txt", 1, 0))
        .server(&created(4, 1))
        .client(&ask(17, 5, &unlink))
        .server(&answer(17, 5, 0, &[2, 0]))
        .client(&close(6, 1))
        .server(&answer(6, 6, 0, &[60, 0, 0, 0]))
        .client(&create(7, "b.txt", 1, 0x1000))
        .server(&created(7, 2))
        .client(&close(8, 2))
        .server(&answer(6, 8, 0, &[60, 0, 0, 0]))
        .client(&create(9, "absent.txt", 1, 0))
        .server(&answer(5, 9, 0xc000_0034, &[9, 0, 0, 0, 0, 0, 0, 0]))
        .client(&create(10, "secret.txt", 1, 0))
        .server(&answer(5, 10, 0xc000_0022, &[9, 0, 0, 0, 0, 0, 0, 0]))
        .end();
    let ops = seen.ops();
    let ends = ["smb create accepted x2", "smb delete accepted x2", "smb create refused x1"];
    assert_eq!(ops.get(1..), Some(&ends.map(str::to_owned)[..]));
}

#[test]
fn segments_do_not_matter() {
    let last = setup(2, &token::authenticate(&[0x33; 60]));
    for n in 1..60 {
        let seen = Dialogue::tcp(&SPEC, 445)
            .client(&setup(1, &token::negotiate()))
            .server(&set_up(1, names::MORE_PROCESSING, &token::challenge()))
            .client_split(&last, n)
            .server_split(&set_up(2, 0, &[]), n)
            .end();
        assert_eq!(seen.creds().len(), 1);
        assert_eq!(seen.ops(), ["smb session_setup accepted x1"]);
    }
}

/// An SMB 1 message with NT status codes and UTF-16 texts.
fn v1(command: u8, response: bool, words: &[u8], bytes: &[u8]) -> Vec<u8> {
    let mut out = b"\xffSMB".to_vec();
    out.push(command);
    out.extend([0, 0, 0, 0, if response { 0x88 } else { 8 }, 1, 0xc0]);
    out.extend([0; 12]);
    out.extend([1, 0, 7, 0, 3, 0, command, 0]);
    out.push((words.len() / 2) as u8);
    out.extend(words);
    out.extend((bytes.len() as u16).to_le_bytes());
    out.extend(bytes);
    framed(&out)
}

#[test]
fn the_first_version_with_its_challenge() {
    let mut words = vec![0, 0, 3, 50, 0, 1, 0];
    words.extend([0; 12]);
    words.extend([4, 0, 0, 0]);
    words.extend([0; 10]);
    words.push(8);
    let challenge = [1, 2, 3, 4, 5, 6, 7, 8];
    let mut setup = vec![0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 24, 0, 24, 0];
    setup.extend([0; 8]);
    let name = [wide("eng\0"), wide("PLANT\0"), wide("Windows 4.0\0"), wide("LanMan\0")].concat();
    // the texts begin on an even place of the message
    let bytes = [vec![0x11; 24], vec![0x22; 24], vec![0], name].concat();
    let seen = Dialogue::tcp(&SPEC, 139)
        .client(&v1(0x72, false, &[], b"\x02NT LM 0.12\0"))
        .server(&v1(0x72, true, &words, &challenge))
        .client(&v1(0x73, false, &setup, &bytes))
        .server(&v1(0x73, true, &[0xff, 0, 0, 0, 1, 0], &[0]))
        .end();
    let line = format!("eng::PLANT:{}:{}:0102030405060708", "11".repeat(24), "22".repeat(24));
    assert_eq!(seen.creds(), [format!("hash eng {line} success")]);
    assert_eq!(seen.ops(), ["smb session_setup accepted x1"]);
    assert_eq!(field(&seen, "session_setup", "smb.guest").as_deref(), Some("true"));
    assert!(seen.facts().contains(&"client os=Windows 4.0".to_owned()));
    assert_eq!(field(&seen, "negotiate", "smb.dialect").as_deref(), Some("NT LM 0.12"));
}

#[test]
fn an_encrypted_session_is_counted_only() {
    let sealed = framed(&[&b"\xfdSMB"[..], &[0x5a; 120]].concat());
    let seen = logged_in(0).client(&sealed).server(&sealed).client(&sealed).end();
    assert_eq!(seen.ops(), ["smb session_setup accepted x1"]);
    assert_eq!(field(&seen, "encrypted_session", "smb.encrypted").as_deref(), Some("true"));
}

#[test]
fn answers_pair_again_after_a_gap() {
    let seen = logged_in(0)
        .client(&tree(3, "\\\\srv\\plc"))
        .gap(false, 500)
        .client(&tree(4, "\\\\srv\\C$"))
        .server(&answer(3, 4, 0xc000_0022, &[9, 0, 0, 0, 0, 0, 0, 0]))
        .end();
    let ops = seen.ops();
    assert!(ops.contains(&"smb tree_connect refused x1".to_owned()));
    assert!(ops.contains(&"smb tree_connect no-answer x1".to_owned()));
}

#[test]
fn identifies_by_content() {
    let d = Dialogue::tcp(&SPEC, 4455);
    assert_eq!(d.identify(true, &tree(1, "\\\\a\\b")), Verdict::Strong(Role::Client));
    assert_eq!(d.identify(false, &negotiated(0x0210)), Verdict::Strong(Role::Server));
    assert_eq!(d.identify(true, &v1(0x72, false, &[], b"\x02NT LM 0.12\0")), Verdict::Strong(Role::Client));
    assert_eq!(d.identify(true, &[0, 0, 0, 90, 0xfe, b'S']), Verdict::Need);
    // Modbus/TCP, TPKT, DNS over TCP, TLS
    for other in [
        &[0u8, 1, 0, 0, 0, 6, 1, 3, 0, 0, 0, 1][..],
        &[3, 0, 0, 0x16, 0x11, 0xe0],
        &[0, 0x1d, 0x12, 0x34, 1, 0, 0, 1],
        &[0x16, 3, 1, 0, 0x80, 1],
    ] {
        assert_eq!(d.identify(true, other), Verdict::No);
    }
}

#[test]
fn midstream_roles_follow_the_first_message() {
    let seen = Dialogue::new(&SPEC, Transport::Tcp, 445, false)
        .client(&answer(3, 3, 0, &[16, 0, 1, 0]))
        .server(&tree(4, "\\\\srv\\plc"))
        .client(&answer(3, 4, 0, &[16, 0, 1, 0]))
        .end();
    assert_eq!(seen.ops(), ["smb tree_connect accepted x1"]);
}

proptest! {
    #[test]
    fn never_panics(at in 0usize..240, byte: u8, cut in 0usize..300, noise in proptest::collection::vec(any::<u8>(), 0..160)) {
        for mut m in [tree(3, "\\\\a\\b"), create(4, "x", 1, 0), created(4, 1), write(5, 1, &noise), close(6, 1),
                      transceive(7, 1, &noise), setup(2, &token::authenticate(&[0x33; 60])), negotiated(0x0311),
                      v1(0x73, false, &noise, &noise), v1(0xa2, true, &noise, &noise), v1(0x25, false, &noise, &noise),
                      v1(0x72, true, &noise, &noise), ask(17, 3, &noise), answer(8, 4, 0, &noise)] {
            if let Some(b) = m.get_mut(at) { *b = byte; }
            m.truncate(cut.max(1));
            let d = logged_in(0);
            let _ = (d.identify(true, &m), d.identify(false, &noise));
            let _ = d.client(&create(4, "svcctl", 1, 0)).server(&created(4, 1)).client(&m).server(&m).gap(true, 9).client(&noise).end();
        }
    }
}
