use super::*;
use crate::probe::{Hint, Role, Verdict};
use crate::testkit::Dialogue;
use proptest::prelude::*;

/// A data TPDU in its TPKT.
fn data(last: bool, payload: &[u8]) -> Vec<u8> {
    let mut out = vec![3, 0];
    out.extend(((payload.len() + 7) as u16).to_be_bytes());
    out.extend([2, 0xf0, if last { 0x80 } else { 0 }]);
    out.extend(payload);
    out
}

fn pdu(rosctr: u8, reference: u8, error: Option<[u8; 2]>, parameter: &[u8], body: &[u8]) -> Vec<u8> {
    let mut out = vec![0x32, rosctr, 0, 0, reference, 0];
    out.extend((parameter.len() as u16).to_be_bytes());
    out.extend((body.len() as u16).to_be_bytes());
    out.extend(error.unwrap_or_default().iter().filter(|_| error.is_some()));
    out.extend(parameter);
    out.extend(body);
    out
}

fn job(reference: u8, parameter: &[u8], body: &[u8]) -> Vec<u8> {
    data(true, &pdu(frame::JOB, reference, None, parameter, body))
}

fn ack(reference: u8, error: [u8; 2], parameter: &[u8], body: &[u8]) -> Vec<u8> {
    data(true, &pdu(frame::ACK_DATA, reference, Some(error), parameter, body))
}

/// A request of userdata with its data.
fn ask(reference: u8, group: u8, sub: u8, body: &[u8]) -> Vec<u8> {
    let parameter = [0, 1, 0x12, 4, 0x11, 0x40 | group, sub, 0];
    data(true, &pdu(frame::USERDATA, reference, None, &parameter, &carried(0xff, body)))
}

/// An answer of userdata; `unit` and `more` for one in parts.
fn answer(reference: u8, group: u8, sub: u8, (unit, more): (u8, bool), error: u16, body: &[u8]) -> Vec<u8> {
    let [high, low] = error.to_be_bytes();
    let parameter = [0, 1, 0x12, 8, 0x12, 0x80 | group, sub, 1, unit, u8::from(more), high, low];
    data(true, &pdu(frame::USERDATA, reference, None, &parameter, &carried(0xff, body)))
}

fn carried(code: u8, body: &[u8]) -> Vec<u8> {
    let mut out = vec![code, 9];
    out.extend((body.len() as u16).to_be_bytes());
    out.extend(body);
    out
}

const CALL: &[u8] = &[3, 0, 0, 22, 17, 0xe0, 0, 0, 0, 1, 0, 0xc0, 1, 10, 0xc1, 2, 1, 0, 0xc2, 2, 1, 2];
const CONFIRM: &[u8] = &[3, 0, 0, 22, 17, 0xd0, 0, 1, 0, 1, 0, 0xc0, 1, 10, 0xc1, 2, 1, 0, 0xc2, 2, 1, 2];
/// Four bytes of data block 1 from byte 16 on.
const READ: &[u8] = &[4, 1, 0x12, 10, 0x10, 2, 0, 4, 0, 1, 0x84, 0, 0, 0x80];

fn tcp() -> Dialogue {
    Dialogue::tcp(&SPEC, 102)
}

fn identify(data: &[u8]) -> Verdict {
    frame::identify(&Hint { transport: Transport::Tcp, src_port: 50000, dst_port: 50001, ethertype: 0 }, data)
}

#[test]
fn a_session_is_read() {
    let setup = [0xf0, 0, 0, 1, 0, 1, 1, 0xe0];
    let seen = tcp()
        .client(CALL)
        .server(CONFIRM)
        .client(&job(0, &setup, &[]))
        .server(&ack(0, [0, 0], &setup, &[]))
        .client(&job(1, READ, &[]))
        .server(&ack(1, [0, 0], &[4, 1], &[0xff, 4, 0, 32, 1, 2, 3, 4]))
        .end();
    assert_eq!(seen.ops(), ["s7comm read_var accepted x1"]);
    assert_eq!(seen.facts(), ["server rack_slot=0/2"]);
    let (_, stat) = seen.obs.operations.iter().next().expect("one operation");
    assert_eq!((stat.space.as_deref(), &stat.ranges[..]), (Some("db1"), &[(16, 4)][..]));
    assert_eq!(seen.field(4, "ot.address.name").as_deref(), Some("DB1.DBB16"));
    assert_eq!(seen.field(5, "s7comm.values").as_deref(), Some("[Str(\"01020304\")]"));
}

#[test]
fn items_may_be_refused_one_by_one() {
    let write = [5, 1, 0x12, 10, 0x10, 4, 0, 1, 0, 0, 0x83, 0, 0, 0x50];
    let value = [0, 4, 0, 16, 0x12, 0x34];
    let seen = tcp().client(&job(1, &write, &value)).server(&ack(1, [0, 0], &[5, 1], &[5])).end();
    assert_eq!(seen.ops(), ["s7comm write_var refused x1"]);
    let (_, stat) = seen.obs.operations.iter().next().expect("one operation");
    assert_eq!(stat.exception.as_ref().map(|e| &*e.1), Some("invalid_address"));
    assert_eq!((stat.value.clone(), stat.target.as_deref()), (Some(Val::Int(0x1234)), Some("MW10")));
}

#[test]
fn the_controller_pulling_blocks_is_not_the_client() {
    let mut ask = vec![0x1a, 0, 1, 0, 0, 0, 0, 0, 9];
    ask.extend(b"_0A00001P");
    ask.push(13);
    ask.extend(b"1000216000088");
    let mut pull = vec![0x1b, 0, 0, 0, 0, 0, 0, 0, 9];
    pull.extend(b"_0A00001P");
    let mut end = pull.clone();
    end[0] = 0x1c;
    let mut insert = vec![0x28, 0, 0, 0, 0, 0, 0, 0xfd, 0, 10, 1, 0];
    insert.extend(b"0A00001P");
    insert.push(5);
    insert.extend(b"_INSE");
    let seen = tcp()
        .client(&job(1, &ask, &[]))
        .server(&ack(1, [0, 0], &[0x1a], &[]))
        .server(&job(9, &pull, &[]))
        .client(&ack(9, [0, 0], &[0x1b, 0], &[0, 2, 0, 0xfb, 1, 2]))
        .server(&job(10, &end, &[]))
        .client(&ack(10, [0, 0], &[0x1c], &[]))
        .client(&job(2, &insert, &[]))
        .server(&ack(2, [0x87, 3], &[0x28], &[]))
        .end();
    assert_eq!(
        seen.ops(),
        [
            "s7comm request_download accepted x1",
            "s7comm download_block accepted x1",
            "s7comm download_ended accepted x1",
            "s7comm pi_inse refused x1",
        ]
    );
    assert!(seen.obs.operations.keys().all(|k| k.client.0 == 0));
    let targets: Vec<_> = seen.obs.operations.values().map(|s| s.target.as_deref()).collect();
    assert!(targets.iter().all(|t| *t == Some("DB1")), "{targets:?}");
}

#[test]
fn starts_and_stops_are_told_apart() {
    let start = |argument: &[u8]| {
        let mut out = vec![0x28, 0, 0, 0, 0, 0, 0, 0xfd];
        out.extend((argument.len() as u16).to_be_bytes());
        out.extend(argument);
        out.push(9);
        out.extend(b"P_PROGRAM");
        out
    };
    let mut stop = vec![0x29, 0, 0, 0, 0, 0, 9];
    stop.extend(b"P_PROGRAM");
    let seen = tcp()
        .client(&job(1, &stop, &[]))
        .server(&ack(1, [0, 0], &[0x29], &[]))
        .client(&job(2, &start(b""), &[]))
        .server(&ack(2, [0, 0], &[0x28], &[]))
        .client(&job(3, &start(b"C "), &[]))
        .server(&ack(3, [0, 0], &[0x28], &[]))
        .end();
    assert_eq!(
        seen.ops(),
        ["s7comm plc_stop accepted x1", "s7comm plc_start accepted x1", "s7comm plc_cold_start accepted x1"]
    );
}

#[test]
fn a_password_waits_for_its_outcome() {
    let hidden = [0x21, 0x3a, 0x1b, 0x1d, 0x6e, 0x68, 0x1b, 0x1d];
    let asked = ask(1, 5, 1, &hidden);
    let good = tcp().client(&asked).server(&answer(1, 5, 1, (0, false), 0, &[])).end();
    assert_eq!(good.creds(), ["password - toor success"]);
    let bad = tcp().client(&asked).server(&answer(1, 5, 1, (0, false), 0xd602, &[])).end();
    assert_eq!(bad.creds(), ["password - toor failure"]);
    assert_eq!(bad.ops(), ["s7comm plc_password refused x1"]);
    assert_eq!(tcp().client(&asked).end().creds(), ["password - toor unknown"]);
}

#[test]
fn a_log_in_at_a_numerical_control_is_a_credential() {
    let argument = [3, b'P', b'0', b'1', 7, b'S', b'U', b'N', b'R', b'I', b'S', b'E'];
    let mut login = vec![0x28, 0, 0, 0, 0, 0, 0, 0xfd, 0, argument.len() as u8];
    login.extend(argument);
    login.push(9);
    login.extend(b"_N_LOGIN_");
    let seen = tcp().client(&job(1, &login, &[])).server(&ack(1, [0, 0], &[0x28], &[])).end();
    assert_eq!(seen.creds(), ["password - SUNRISE success"]);
    assert_eq!(seen.ops(), ["s7comm pi_n_login accepted x1"]);
    assert_eq!(seen.field(0, "s7comm.pi_argument"), None);
}

/// The list of components: station name and serial number.
fn components() -> Vec<u8> {
    let mut out = vec![0, 0x1c, 0, 0, 0, 34, 0, 2];
    for (index, text) in [(1, &b"Mixer 7"[..]), (5, b"S C-X4U421302009")] {
        out.extend([0, index]);
        let mut field = text.to_vec();
        field.resize(32, 0);
        out.extend(field);
    }
    out
}

#[test]
fn a_list_in_parts_is_joined() {
    let list = components();
    let (head, tail) = list.split_at(50);
    let seen = tcp()
        .client(&ask(1, 4, 1, &[0, 0x1c, 0, 0]))
        .server(&answer(1, 4, 1, (0xd7, true), 0, head))
        .server(&answer(2, 4, 1, (0xd7, false), 0, tail))
        .end();
    assert_eq!(seen.facts(), ["server name=Mixer 7", "server serial=S C-X4U421302009"]);
    assert_eq!(seen.ops(), ["s7comm read_szl_identity accepted x1"]);
    // what is lost between the parts need not be of the list
    let gap = tcp()
        .client(&ask(1, 4, 1, &[0, 0x1c, 0, 0]))
        .server(&answer(1, 4, 1, (0xd7, true), 0, head))
        .gap(false, 7)
        .server(&answer(2, 4, 1, (0xd7, false), 0, tail))
        .end();
    assert_eq!(gap.facts(), seen.facts());
    // but a list with a hole in it is nothing
    let hole = tcp()
        .client(&ask(1, 4, 1, &[0, 0x1c, 0, 0]))
        .server(&answer(1, 4, 1, (0xd7, true), 0, head))
        .server(&answer(2, 4, 1, (0xd7, false), 0, tail.get(5..).unwrap_or_default()))
        .end();
    assert!(hole.facts().is_empty());
    // without its beginning it is nothing
    let lost =
        tcp().client(&ask(1, 4, 1, &[0, 0x1c, 0, 0])).server(&answer(2, 4, 1, (0xd7, false), 0, &list)).end();
    assert!(lost.facts().is_empty());
}

#[test]
fn order_number_and_firmware_come_from_the_module_list() {
    let mut list = vec![0, 0x11, 0, 0, 0, 28, 0, 2];
    for (index, version) in [(1u8, [0, 3, 0, 1]), (7, [b'V', 3, 2, 7])] {
        list.extend([0, index]);
        list.extend(b"6ES7 315-2EH14-0AB0 ");
        list.extend([0, 0xc0]);
        list.extend(version);
    }
    let seen =
        tcp().client(&ask(1, 4, 1, &[0, 0x11, 0, 0])).server(&answer(1, 4, 1, (0, false), 0, &list)).end();
    assert_eq!(
        seen.facts(),
        ["server firmware=V3.2.7", "server model=6ES7 315-2EH14-0AB0", "server vendor=Siemens"]
    );
}

#[test]
fn a_message_in_several_tpdus_is_joined() {
    let whole = pdu(frame::JOB, 1, None, READ, &[]);
    let (head, tail) = whole.split_at(13);
    let seen = tcp()
        .client(&data(false, head))
        .client(&data(true, tail))
        .server(&ack(1, [0, 0], &[4, 1], &[0xff, 4, 0, 8, 1]))
        .end();
    assert_eq!(seen.ops(), ["s7comm read_var accepted x1"]);
}

#[test]
fn segmentation_does_not_matter() {
    let asked = [CALL, &job(1, READ, &[])[..], &ask(2, 4, 1, &[0, 0x1c, 0, 0])].concat();
    let answered =
        [CONFIRM, &ack(1, [0x85, 0], &[4, 0], &[])[..], &answer(2, 4, 1, (0, false), 0, &components())]
            .concat();
    let whole = tcp().client(&asked).server(&answered).end();
    assert_eq!(whole.facts().len(), 3);
    for n in 1..asked.len() {
        let split = tcp().client_split(&asked, n).server_split(&answered, n).end();
        let (mut a, mut b) = (split.ops(), whole.ops());
        a.sort();
        b.sort();
        assert_eq!((a, split.facts()), (b, whole.facts()), "pieces of {n}");
    }
}

#[test]
fn midstream_the_messages_tell_who_is_who() {
    let seen = Dialogue::new(&SPEC, Transport::Tcp, 102, false).client(&ack(1, [0, 0], &[0x29], &[])).end();
    assert_eq!(seen.ops(), ["s7comm plc_stop accepted x1"]);
    let (key, _) = seen.obs.operations.iter().next().expect("one operation");
    assert_eq!(key.server.0, 0, "the sender of the acknowledgement is the server");
}

#[test]
fn loss_and_nonsense_are_survived() {
    let seen = tcp()
        .client(&job(1, READ, &[]))
        .gap(false, 40)
        .client(b"nonsense")
        .client(&job(2, READ, &[]))
        .server(&ack(2, [0, 0], &[4, 1], &[0xff, 4, 0, 8, 1]))
        .end();
    assert_eq!(seen.ops(), ["s7comm read_var no-answer x1", "s7comm read_var accepted x1"]);
    assert_eq!(seen.obs.parse_errors.get("s7comm"), Some(&1));
}

#[test]
fn recognised_behind_the_transport_only() {
    assert_eq!(identify(CALL), Verdict::Need);
    assert_eq!(identify(&[CALL, &job(1, READ, &[])[..]].concat()), Verdict::Strong(Role::Client));
    assert_eq!(identify(&ack(1, [0, 0], &[4, 0], &[])), Verdict::Strong(Role::Server));
    let plus = [CALL, &data(true, &[0x72, 1, 0, 4, 1, 2, 3, 4])[..]].concat();
    let mms = [CALL, &data(true, &[1, 0, 1, 0, 0x61, 5, 0x30, 3, 2, 1, 3])[..]].concat();
    let rdp = [3, 0, 0, 11, 6, 0xe0, 0, 0, 0, 0, 0, 3, 0, 0, 8, 2, 0xf0, 0x80, 0x7f];
    for other in [&plus[..], &mms, &rdp, b"GET / HTTP/1.1\r\n", &[0, 1, 0, 0, 0, 6, 17, 3, 0, 107, 0, 3]] {
        assert_eq!(identify(other), Verdict::No, "{other:02x?}");
    }
}

proptest! {
    #[test]
    fn nothing_panics(mut bytes in proptest::collection::vec(any::<u8>(), 0..200), good in any::<bool>(), at in any::<usize>(), n in 1usize..40) {
        if good {
            let flip = bytes.first().copied().unwrap_or(1);
            bytes = [CALL, &job(1, READ, &[])[..], &ask(2, 4, 1, &[0, 0x1c, 0, 0])].concat();
            let len = bytes.len();
            bytes[at % len] ^= flip;
        }
        identify(&bytes);
        tcp().client_split(&bytes, n).gap(true, 3).server_split(&bytes, n).client(&bytes).end();
    }

    #[test]
    fn any_message_is_survived(rosctr in 1u8..8, parameter in proptest::collection::vec(any::<u8>(), 0..40), body in proptest::collection::vec(any::<u8>(), 0..60)) {
        let error = matches!(rosctr, 2 | 3).then_some([0, 0]);
        let message = data(true, &pdu(rosctr, 1, error, &parameter, &body));
        identify(&message);
        tcp().client(&message).server(&message).server(&ack(1, [0, 0], &parameter, &body)).end();
        let userdata = [&[0, 1, 0x12, 8][..], &parameter].concat();
        let message = data(true, &pdu(7, 1, None, &userdata, &body));
        tcp().client(&message).server(&message).end();
    }
}
