use super::SPEC;
use super::link::crc;
use crate::probe::{Role, Verdict};
use crate::testkit::{Dialogue, Seen};
use proptest::prelude::*;

const MASTER: u16 = 1;
const OUTSTATION: u16 = 10;

/// A link frame around `user` data.
fn frame(control: u8, destination: u16, source: u16, user: &[u8]) -> Vec<u8> {
    let mut head = vec![0x05, 0x64, user.len() as u8 + 5, control];
    head.extend_from_slice(&destination.to_le_bytes());
    head.extend_from_slice(&source.to_le_bytes());
    let mut out = head.clone();
    out.extend_from_slice(&crc(&head).to_le_bytes());
    for block in user.chunks(16) {
        out.extend_from_slice(block);
        out.extend_from_slice(&crc(block).to_le_bytes());
    }
    out
}
/// An application fragment of the master, in as many frames as it needs.
fn ask(app: &[u8]) -> Vec<u8> {
    send(0xC4, OUTSTATION, MASTER, app)
}
fn answer(app: &[u8]) -> Vec<u8> {
    send(0x44, MASTER, OUTSTATION, app)
}
fn send(control: u8, destination: u16, source: u16, app: &[u8]) -> Vec<u8> {
    let count = app.chunks(249).count();
    let mut out = Vec::new();
    for (n, part) in app.chunks(249).enumerate() {
        let transport = u8::from(n == 0) << 6 | u8::from(n + 1 == count) << 7 | (n as u8 & 0x3F);
        let user: Vec<u8> = [&[transport], part].concat();
        out.extend(frame(control, destination, source, &user));
    }
    out
}
/// Request and answer, the ask in pieces of `split`.
fn exchange(request: &[u8], reply: &[u8], split: usize) -> Seen {
    Dialogue::tcp(&SPEC, 20000).client_split(&ask(request), split).server_split(&answer(reply), split).end()
}

const CROB: &[u8] = &[0xC0, 5, 12, 1, 0x28, 1, 0, 7, 0, 0x41, 1, 0xE8, 3, 0, 0, 0, 0, 0, 0, 0];
fn crob_answer(iin: [u8; 2], status: u8) -> Vec<u8> {
    let mut reply = vec![0xC0, 129, iin[0], iin[1]];
    reply.extend_from_slice(&CROB[2..19]);
    reply.push(status);
    reply
}

#[test]
fn control_is_accepted_for_every_split() {
    for split in 1..40 {
        let seen = exchange(CROB, &crob_answer([0, 0], 0), split);
        assert_eq!(seen.ops(), ["dnp3 direct_operate accepted x1"], "split {split}");
        assert_eq!(seen.facts(), ["client id:dnp3=1", "server id:dnp3=10"]);
        assert!(seen.obs.parse_errors.is_empty());
    }
    let seen = exchange(CROB, &crob_answer([0, 0], 0), 1000);
    let (key, stat) = seen.obs.operations.iter().next().expect("one operation");
    assert_eq!(key.unit.map(|u| seen.obs.strings.get(u)), Some("10"));
    assert_eq!(stat.ranges, [(7, 1)]);
    assert_eq!(stat.space.as_deref(), Some("binary_output_commands"));
    assert_eq!(stat.value, Some("pulse_on close".into()));
}

#[test]
fn status_and_indications_refuse() {
    let seen = exchange(CROB, &crob_answer([0, 0], 2), 1000);
    assert_eq!(seen.ops(), ["dnp3 direct_operate refused x1"]);
    let stat = seen.obs.operations.values().next().expect("one operation");
    assert_eq!(stat.exception, Some((2, "no_select".into())));
    let seen = exchange(&[0xC1, 13], &[0xC1, 129, 0, 1], 1000);
    assert_eq!(seen.ops(), ["dnp3 cold_restart refused x1"]);
    assert_eq!(seen.field(1, "ot.exception.name").as_deref(), Some("function_not_supported"));
}

#[test]
fn unanswered_and_unseen_differ() {
    let restart = ask(&[0xC1, 14]);
    let other = answer(&[0xF0, 130, 0, 0]);
    let seen = Dialogue::tcp(&SPEC, 20000).server(&other).client(&restart).end();
    assert_eq!(seen.ops(), ["dnp3 warm_restart no-answer x1"]);
    let seen = Dialogue::tcp(&SPEC, 20000).client(&restart).end();
    assert_eq!(seen.ops(), ["dnp3 warm_restart unknown x1"]);
}

#[test]
fn writes_are_told_apart_by_group() {
    let time = [0xC2, 2, 50, 1, 7, 1, 0, 0x10, 0xA5, 0xD4, 0xE8, 0];
    let clear = [0xC3, 2, 80, 1, 0, 7, 7, 0];
    let ok = |n: u8| answer(&[0xC0 | n, 129, 0, 0]);
    let seen = Dialogue::tcp(&SPEC, 20000)
        .client(&ask(&time))
        .server(&ok(2))
        .client(&ask(&clear))
        .server(&ok(3))
        .client(&ask(&[0xC4, 1, 60, 2, 6, 60, 1, 6]))
        .server(&ok(4))
        .end();
    assert_eq!(
        seen.ops(),
        [
            "dnp3 write_time accepted x1",
            "dnp3 write_internal_indications accepted x1",
            "dnp3 read accepted x1"
        ]
    );
}

#[test]
fn outstation_that_opened_the_connection_is_still_the_server_of_its_operations() {
    let seen = Dialogue::tcp(&SPEC, 20000)
        .client(&answer(&[0xF0, 130, 0x80, 0]))
        .server(&ask(&[0xC1, 18]))
        .client(&answer(&[0xC1, 129, 0, 0]))
        .end();
    assert_eq!(seen.ops(), ["dnp3 stop_application accepted x1"]);
    let key = seen.obs.operations.keys().next().expect("one operation");
    assert_eq!(seen.obs.hosts[key.client.0 as usize].0.addr.to_string(), "10.0.0.2");
}

#[test]
fn attributes_are_facts() {
    let mut reply = vec![0xC5, 129, 0, 0];
    for (variation, text) in [(252u8, "Acme"), (250, "RTU 7"), (242, "1.2"), (248, "S-99"), (245, "Hill")] {
        reply.extend_from_slice(&[0, variation, 0, 0, 0, 1, text.len() as u8]);
        reply.extend_from_slice(text.as_bytes());
    }
    let seen = exchange(&[0xC5, 1, 0, 254, 0, 0, 0], &reply, 7);
    let facts = seen.facts();
    for fact in ["vendor=Acme", "product=RTU 7", "firmware=1.2", "serial=S-99", "location=Hill"] {
        assert!(facts.contains(&format!("server {fact}")), "{fact}");
    }
    assert_eq!(seen.ops(), ["dnp3 read_device_attributes accepted x1"]);
}

/// A file object (group 70) with the size before it.
fn file_object(variation: u8, object: &[u8]) -> Vec<u8> {
    let mut out = vec![70, variation, 0x5B, 1];
    out.extend_from_slice(&(object.len() as u16).to_le_bytes());
    out.extend_from_slice(object);
    out
}

#[test]
fn file_log_in_is_a_credential() {
    let mut object = Vec::new();
    for n in [12u16, 5, 17, 6] {
        object.extend_from_slice(&n.to_le_bytes());
    }
    object.extend_from_slice(&[0; 4]);
    object.extend_from_slice(b"adminsecret");
    let request = [&[0xC6, 29][..], &file_object(2, &object)].concat();
    for (key, outcome) in [([1, 2, 3, 4], "success"), ([0; 4], "failure")] {
        let reply = [&[12, 0, 0, 0, 12, 0, 0, 0][..], &key].concat();
        let reply = [&[0xC6, 129, 0, 0][..], &file_object(2, &reply)].concat();
        let seen = exchange(&request, &reply, 1000);
        assert_eq!(seen.creds(), [format!("password admin secret {outcome}")]);
    }
    let seen = Dialogue::tcp(&SPEC, 20000).client(&ask(&request)).end();
    assert_eq!(seen.creds(), ["password admin secret unknown"]);
}

#[test]
fn open_file_gives_its_name_to_the_handle() {
    let mut command = vec![26, 0, 5, 0];
    command.extend_from_slice(&[0; 6]); // time of creation
    command.extend_from_slice(&[0; 6]); // permissions, key
    command.extend_from_slice(&[0; 4]); // size
    command.extend_from_slice(&[2, 0, 0, 4, 1, 0]); // mode write, block size, request id
    command.extend_from_slice(b"a.cfg");
    let open = [&[0xC1, 25][..], &file_object(3, &command)].concat();
    let status = [&[9, 0, 0, 0][..], &[0; 4], &[0, 4, 1, 0, 0]].concat();
    let opened = [&[0xC1, 129, 0, 0][..], &file_object(4, &status)].concat();
    let write = [&[0xC2, 2][..], &file_object(5, &[9, 0, 0, 0, 0, 0, 0, 0x80, 1, 2])].concat();
    let refused = [&[0xC2, 129, 0, 0][..], &file_object(6, &[9, 0, 0, 0, 0, 0, 0, 0, 1])].concat();
    let seen = Dialogue::tcp(&SPEC, 20000)
        .client(&ask(&open))
        .server(&answer(&opened))
        .client(&ask(&write))
        .server(&answer(&refused))
        .end();
    assert_eq!(seen.ops(), ["dnp3 open_file_write accepted x1", "dnp3 write_file refused x1"]);
    assert!(seen.obs.operations.values().all(|s| s.target.as_deref() == Some("a.cfg")));
}

#[test]
fn a_challenge_leaves_the_control_open() {
    let challenge = [0xC0, 131, 0, 0, 120, 1, 0x5B, 1, 8, 0, 1, 0, 0, 0, 1, 0, 4, 1];
    let reply = [0xC0, 32, 120, 2, 0x5B, 1, 6, 0, 1, 0, 0, 0, 1, 0];
    let talk =
        Dialogue::tcp(&SPEC, 20000).client(&ask(CROB)).server(&answer(&challenge)).client(&ask(&reply));
    let seen = talk.server(&answer(&crob_answer([0, 0], 0))).end();
    assert_eq!(seen.ops(), ["dnp3 direct_operate accepted x1", "dnp3 authenticate_request accepted x1"]);
    let error = [0xC0, 131, 0, 0, 120, 7, 0x5B, 1, 15, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    let talk =
        Dialogue::tcp(&SPEC, 20000).client(&ask(CROB)).server(&answer(&challenge)).client(&ask(&reply));
    let seen = talk.server(&answer(&error)).end();
    assert_eq!(seen.ops(), ["dnp3 direct_operate refused x1", "dnp3 authenticate_request refused x1"]);
}

#[test]
fn long_fragments_are_put_together() {
    let mut app = vec![0xC1, 2, 110, 200, 0x28, 3, 0];
    for n in 0..3u16 {
        app.extend_from_slice(&n.to_le_bytes());
        app.extend_from_slice(&[b'x'; 200]);
    }
    for split in [1, 16, 292, 293, 2000] {
        let seen = exchange(&app, &[0xC1, 129, 0, 0], split);
        assert_eq!(seen.ops(), ["dnp3 write accepted x1"]);
    }
    // without its first frame it says nothing
    let frames = ask(&app);
    let seen = Dialogue::tcp(&SPEC, 20000).gap(true, 292).client(&frames[292..]).end();
    assert!(seen.ops().is_empty());
}

#[test]
fn broken_bytes_do_not_cost_the_flow() {
    let mut bad = ask(CROB);
    bad[12] ^= 0xFF;
    let good = [bad, ask(&[0xC1, 13])].concat();
    let seen = Dialogue::tcp(&SPEC, 20000).client(&good).server(&answer(&[0xC1, 129, 0, 0])).end();
    assert_eq!(seen.ops(), ["dnp3 cold_restart accepted x1"]);
    assert_eq!(seen.obs.parse_errors.get("dnp3"), Some(&1));
    let garbage = [&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11][..], &ask(&[0xC1, 13])].concat();
    let seen = Dialogue::tcp(&SPEC, 20000).client(&garbage).end();
    assert_eq!(seen.ops(), ["dnp3 cold_restart unknown x1"]);
}

#[test]
fn datagrams_carry_several_frames() {
    let both = [ask(&[0xC1, 13]), ask(&[0xC2, 23])].concat();
    let seen = Dialogue::udp(&SPEC, 20000).client(&both).server(&answer(&[0xC1, 129, 0, 0])).end();
    assert_eq!(seen.ops(), ["dnp3 cold_restart accepted x1", "dnp3 delay_measurement no-answer x1"]);
}

#[test]
fn identifies_by_checksum_alone() {
    let d = Dialogue::tcp(&SPEC, 9999);
    assert_eq!(d.identify(true, &ask(CROB)), Verdict::Strong(Role::Client));
    assert_eq!(d.identify(false, &answer(&[0xC0, 129, 0, 0])), Verdict::Strong(Role::Server));
    assert_eq!(d.identify(true, &ask(CROB)[..9]), Verdict::Need);
    let mut wrong = ask(CROB);
    wrong[9] ^= 1;
    assert_eq!(d.identify(true, &wrong), Verdict::No);
    for other in [&b"GET / HTTP/1.1\r\n\r\n"[..], &[0x68, 4, 7, 0, 0, 0], &[0; 64], &[0x05, 0x01]] {
        assert_eq!(d.identify(true, other), Verdict::No);
    }
}

#[test]
fn an_outstation_tells_its_trouble_and_its_clock() {
    let values = |seen: &Seen, name: &str| -> Vec<String> {
        (0..seen.events.len()).filter_map(|i| seen.field(i, name)).collect()
    };
    let reply = |iin: [u8; 2], second: u64| {
        let ms = (second * 1000).to_le_bytes();
        answer(&[&[0xC0, 129, iin[0], iin[1], 50, 1, 7, 1], &ms[..6]].concat())
    };
    let mut d = Dialogue::tcp(&SPEC, 20000);
    for i in 0..8 {
        let off = if i < 4 { 0 } else { 86_400 };
        let iin = if i == 2 { [0x40, 0x20] } else { [0, 0] };
        d = d.client(&ask(&[0xC0, 1, 50, 1, 7, 1])).server(&reply(iin, 1_700_000_000 + i * 10 + off));
        d = d.wait(10_000_000);
    }
    let seen = d.end();
    assert_eq!(values(&seen, "ot.device.fault"), ["device_trouble", "configuration_corrupt"]);
    assert_eq!(values(&seen, "ot.device.clock_offset").len(), 2);
    let before: f64 = values(&seen, "ot.device.clock_before")[0].parse().expect("seconds");
    assert!(before.abs() < 1.0);
}

proptest! {
    #[test]
    fn never_panics(data in proptest::collection::vec(any::<u8>(), 0..400), at in 0usize..80, byte: u8) {
        let d = Dialogue::tcp(&SPEC, 20000);
        let _verdict = d.identify(true, &data);
        // a valid frame around anything, and a valid exchange with one byte changed
        let user = &data[..data.len().min(240)];
        let mut changed = ask(CROB);
        let n = changed.len();
        changed[at % n] = byte;
        let wrapped = if user.is_empty() { Vec::new() } else { ask(user) };
        let answered = if user.is_empty() { Vec::new() } else { answer(user) };
        let _seen = d.client(&changed).client(&wrapped).server(&answered).gap(true, 3).client(&data).server(&data).end();
        let _seen = Dialogue::udp(&SPEC, 20000).client(&data).client(&wrapped).server(&answered).end();
    }
}
