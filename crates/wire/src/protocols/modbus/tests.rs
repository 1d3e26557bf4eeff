use super::*;
use crate::probe::{Hint, Role, Verdict};
use crate::stream::Fed;
use crate::testkit::{Dialogue, Seen};
use proptest::prelude::*;

/// An ADU for unit 17.
fn adu(transaction: u16, pdu: &[u8]) -> Vec<u8> {
    let mut out = transaction.to_be_bytes().to_vec();
    out.extend([0, 0]);
    out.extend(((pdu.len() + 1) as u16).to_be_bytes());
    out.push(17);
    out.extend(pdu);
    out
}

const READ: &[u8] = &[3, 0, 107, 0, 3];
const READ_ANSWER: &[u8] = &[3, 6, 2, 43, 0, 0, 0, 100];
const WRITE: &[u8] = &[16, 0, 1, 0, 2, 4, 0, 10, 1, 2];
const WRITE_ANSWER: &[u8] = &[16, 0, 1, 0, 2];

fn tcp() -> Dialogue {
    Dialogue::tcp(&SPEC, 502)
}

fn identify(data: &[u8]) -> Verdict {
    frame::identify(&Hint { transport: Transport::Tcp, src_port: 50000, dst_port: 50001, ethertype: 0 }, data)
}

#[test]
fn request_and_answer_make_one_operation() {
    let seen = tcp().client(&adu(1, READ)).server(&adu(1, READ_ANSWER)).end();
    assert_eq!(seen.ops(), ["modbus read_holding_registers accepted x1"]);
    assert_eq!(seen.facts(), ["server unit=17"]);
    assert_eq!(seen.field(0, "ot.address.start").as_deref(), Some("107"));
    assert_eq!(seen.field(1, "modbus.response_values").as_deref(), Some("[Int(555), Int(0), Int(100)]"));
    assert_eq!(seen.field(1, "ot.address.count").as_deref(), Some("3"));
}

#[test]
fn pipelined_requests_find_their_answers_in_any_order() {
    let both = [adu(1, READ), adu(2, WRITE)].concat();
    let answers = [adu(2, WRITE_ANSWER), adu(1, &[0x83, 2])].concat();
    let seen = tcp().client(&both).server(&answers).end();
    assert_eq!(
        seen.ops(),
        ["modbus write_multiple_registers accepted x1", "modbus read_holding_registers refused x1"]
    );
}

#[test]
fn segmentation_does_not_matter() {
    let asked = [adu(1, READ), adu(2, WRITE), adu(3, &[43, 14, 1, 0])].concat();
    let object = [43, 14, 1, 1, 0, 0, 2, 0, 3, b'A', b'c', b'e', 1, 2, b'X', b'1'];
    let answered = [adu(1, READ_ANSWER), adu(2, WRITE_ANSWER), adu(3, &object)].concat();
    let play = |n: usize| tcp().client_split(&asked, n).server_split(&answered, n).end();
    let whole = play(usize::MAX);
    assert_eq!(whole.facts(), ["server model=X1", "server unit=17", "server vendor=Ace"]);
    for n in 1..asked.len() {
        let split = play(n);
        assert_eq!((split.ops(), split.facts()), (whole.ops(), whole.facts()), "pieces of {n}");
    }
}

#[test]
fn outcome_without_an_answer_depends_on_whether_the_server_was_visible() {
    let silent = tcp().client(&adu(1, WRITE)).end();
    assert_eq!(silent.ops(), ["modbus write_multiple_registers unknown x1"]);
    let visible = tcp().client(&adu(1, READ)).server(&adu(1, READ_ANSWER)).client(&adu(2, WRITE)).end();
    assert_eq!(visible.ops()[1], "modbus write_multiple_registers no-answer x1");
}

#[test]
fn acknowledge_is_no_refusal() {
    let seen = tcp().client(&adu(1, WRITE)).server(&adu(1, &[0x90, 5])).end();
    assert_eq!(seen.ops(), ["modbus write_multiple_registers accepted x1"]);
}

#[test]
fn shape_turns_a_midstream_flow_round() {
    let seen = Dialogue::new(&SPEC, Transport::Tcp, 502, false)
        .client(&adu(1, READ_ANSWER))
        .server(&adu(2, READ))
        .client(&adu(2, READ_ANSWER))
        .end();
    assert_eq!(seen.ops(), ["modbus read_holding_registers accepted x2"]);
    assert_eq!(seen.facts(), ["client unit=17"]);
}

#[test]
fn a_server_that_polls_is_the_one_who_acts() {
    let seen = tcp().server(&adu(1, WRITE)).client(&adu(1, WRITE_ANSWER)).end();
    let (key, _) = seen.obs.operations.iter().next().expect("one operation");
    assert_eq!(key.client.0, 1, "the TCP server asked");
    assert_eq!(seen.facts(), ["client unit=17"]);
}

#[test]
fn an_answer_alone_shows_the_write() {
    let seen = Dialogue::new(&SPEC, Transport::Tcp, 502, false).server(&adu(9, WRITE_ANSWER)).end();
    assert_eq!(seen.ops(), ["modbus write_multiple_registers accepted x1"]);
}

#[test]
fn a_gap_costs_only_what_was_lost() {
    let seen = tcp()
        .client(&adu(1, READ))
        .server(&adu(1, READ_ANSWER))
        .gap(true, 12)
        .server(&adu(2, WRITE_ANSWER))
        .client(&adu(3, READ))
        .server(&adu(3, READ_ANSWER))
        .end();
    assert_eq!(
        seen.ops(),
        ["modbus read_holding_registers accepted x2", "modbus write_multiple_registers accepted x1"]
    );
}

#[test]
fn one_bad_pdu_does_not_end_the_session() {
    let seen = tcp().client(b"GET / HTTP/1.0\r\n").client(&adu(1, READ)).server(&adu(1, READ_ANSWER)).end();
    assert_eq!(seen.ops(), ["modbus read_holding_registers accepted x1"]);
    assert_eq!(seen.obs.parse_errors.get("modbus"), Some(&1));
    assert_eq!(seen.last, Fed::Go);
}

#[test]
fn diagnostics_are_told_apart() {
    let (restart, listen) = ([8, 0, 1, 0, 0], [8, 0, 4, 0, 0]);
    let seen = tcp().client(&adu(1, &restart)).server(&adu(1, &restart)).client(&adu(2, &listen)).end();
    assert_eq!(
        seen.ops(),
        ["modbus restart_communications_option accepted x1", "modbus force_listen_only_mode no-answer x1"]
    );
}

/// A UMAS exchange: code and data asked, data answered.
fn umas(ask: &[u8], answer: &[u8]) -> Seen {
    let asked = [&[0x5a, 0][..], ask].concat();
    let answered = [&[0x5a, 0][..], answer].concat();
    tcp().client(&adu(1, &asked)).server(&adu(1, &answered)).end()
}

#[test]
fn umas_tells_the_controller_apart() {
    let mut id =
        vec![0xfe, 0x0c, 0x30, 1, 5, 0, 0, 0, 0, 0x70, 0x02, 0, 0, 9, 0, 0x07, 0x0b, 0, 0, 0, 0, 0, 0];
    id.push(12);
    id.extend(b"BMX P34 2020");
    let seen = umas(&[2], &id);
    assert_eq!(seen.ops(), ["umas read_id accepted x1"]);
    let facts = seen.facts();
    for fact in [
        "server model=BMX P34 2020",
        "server firmware=2.70",
        "server vendor=Schneider Electric",
        "server role=plc",
    ] {
        assert!(facts.iter().any(|f| f == fact), "{fact} in {facts:?}");
    }
}

#[test]
fn umas_operations_have_outcomes() {
    assert_eq!(umas(&[0x41, 0xff, 0], &[0xfe]).ops(), ["umas stop_plc accepted x1"]);
    assert_eq!(umas(&[0x40, 0xff, 0], &[0xfd, 0x81, 0x80]).ops(), ["umas start_plc refused x1"]);
    let mut take = vec![0x10, 1, 2, 0, 0, 6];
    take.extend(b"ENG-01");
    let seen = umas(&take, &[0xfe, 0x44]);
    assert_eq!(seen.ops(), ["umas take_plc_reservation accepted x1"]);
    assert!(seen.facts().contains(&"client hostname=ENG-01".to_owned()));
}

#[test]
fn signed_umas_is_read_through() {
    let mut ask = vec![0x38, 1];
    ask.extend([0xaa; 32]);
    let mut answer = vec![0xfe, 1];
    answer.extend([0xbb; 32]);
    ask.extend([0x5a, 7, 0x41, 0xff, 0]);
    answer.extend([0x5a, 7, 0xfe]);
    assert_eq!(umas(&ask, &answer).ops(), ["umas stop_plc accepted x1"]);
}

#[test]
fn udp_is_read_too() {
    let seen = Dialogue::udp(&SPEC, 502).client(&adu(1, READ)).server(&adu(1, READ_ANSWER)).end();
    assert_eq!(seen.ops(), ["modbus read_holding_registers accepted x1"]);
}

#[test]
fn recognised_on_any_port() {
    assert_eq!(identify(&adu(1, READ)), Verdict::Strong(Role::Client));
    assert_eq!(identify(&adu(1, READ_ANSWER)), Verdict::Strong(Role::Server));
    assert_eq!(identify(&adu(1, &[5, 0, 1, 0xff, 0])), Verdict::Strong(Role::Unknown));
    assert_eq!(identify(&adu(1, &[0x83, 2])), Verdict::Weak(Role::Server));
    assert_eq!(identify(&adu(1, READ)[..9]), Verdict::Need);
    assert_eq!(identify(&adu(1, READ)[..3]), Verdict::Need);
}

#[test]
fn others_are_left_alone() {
    let mut dicom = vec![1, 0, 0, 0, 0, 205, 0, 1, 0, 0];
    dicom.resize(211, b' ');
    let others: [&[u8]; 9] = [
        b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        &[3, 0, 0, 22, 17, 0xe0, 0, 0, 0, 1, 0],
        &dicom,
        &[0x63, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        &[0, 58, 0, 0, 1, 0, 0, 0, 1, 58, 1, 44, 0, 0],
        &[0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3],
        &[0, 0, 0, 0x85, 0xff, 0x53, 0x4d, 0x42],
        &[0x12, 0x34, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, b'a', 0, 0, 1, 0, 1],
        &[0x3a, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0xd4, 7, 0, 0],
    ];
    for bytes in others {
        assert_eq!(identify(bytes), Verdict::No, "{bytes:02x?}");
    }
}

proptest! {
    #[test]
    fn nothing_panics(mut bytes in proptest::collection::vec(any::<u8>(), 0..300), good in any::<bool>(), at in 0usize..24, n in 1usize..40) {
        if good {
            let mut whole = [adu(1, READ), adu(1, READ_ANSWER), adu(2, WRITE)].concat();
            let len = whole.len();
            whole[at % len] ^= bytes.first().copied().unwrap_or(1);
            bytes = whole;
        }
        identify(&bytes);
        Dialogue::udp(&SPEC, 502).client(&bytes).server(&bytes).end();
        tcp().client_split(&bytes, n).gap(true, 3).server_split(&bytes, n).client(&bytes).end();
    }

    #[test]
    fn any_pdu_of_any_function_is_survived(code in any::<u8>(), body in proptest::collection::vec(any::<u8>(), 0..60)) {
        let pdu = [&[code][..], &body].concat();
        identify(&adu(1, &pdu));
        tcp().client(&adu(1, &pdu)).server(&adu(1, &pdu)).client(&adu(1, READ)).server(&adu(1, &pdu)).end();
    }
}

#[test]
fn a_try_of_function_90_is_not_umas() {
    let ask = adu(1, &[0x5a, 0, 0, 0]);
    let refused = tcp().client(&ask).server(&adu(1, &[0xda, 1])).end();
    assert_eq!(refused.ops().len(), 1);
    assert!(refused.ops()[0].starts_with("modbus "), "{:?}", refused.ops());
    for event in 0..2 {
        assert_eq!(refused.field(event, "ot.protocol").as_deref(), Some("modbus"));
    }
    let silent = tcp().client(&ask).client(&adu(2, READ)).server(&adu(2, READ_ANSWER)).end();
    assert!(silent.ops().iter().all(|op| op.starts_with("modbus ")), "{:?}", silent.ops());
    let answered = tcp().client(&ask).server(&adu(1, &[0x5a, 0, 0xfe])).end();
    assert_eq!(answered.ops(), ["umas unknown_service accepted x1"]);
}
