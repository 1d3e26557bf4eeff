use super::*;
use crate::probe::{Hint, Role, Verdict};
use crate::testkit::Dialogue;
use proptest::prelude::*;

/// An encapsulation message of session 7.
fn message(command: u16, status: u32, context: u8, body: &[u8]) -> Vec<u8> {
    let mut out = command.to_le_bytes().to_vec();
    out.extend((body.len() as u16).to_le_bytes());
    out.extend(7u32.to_le_bytes());
    out.extend(status.to_le_bytes());
    out.extend([context, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    out.extend(body);
    out
}

fn items(list: &[(u16, &[u8])]) -> Vec<u8> {
    let mut out = (list.len() as u16).to_le_bytes().to_vec();
    for (kind, data) in list {
        out.extend(kind.to_le_bytes());
        out.extend((data.len() as u16).to_le_bytes());
        out.extend(*data);
    }
    out
}

/// An unconnected CIP message.
fn unconnected(context: u8, cip: &[u8]) -> Vec<u8> {
    let body = [&[0; 6][..], &items(&[(0, &[]), (0xb2, cip)])].concat();
    message(encap::SEND_RR_DATA, 0, context, &body)
}

/// A CIP message over a connection.
fn connected(connection: u32, sequence: u16, cip: &[u8]) -> Vec<u8> {
    let data = [&sequence.to_le_bytes()[..], cip].concat();
    let body = [&[0; 6][..], &items(&[(0xa1, &connection.to_le_bytes()), (0xb1, &data)])].concat();
    message(encap::SEND_UNIT_DATA, 0, 0, &body)
}

fn tcp() -> Dialogue {
    Dialogue::tcp(&SPEC, 44818)
}

fn identify(data: &[u8]) -> Verdict {
    encap::identify(&Hint { transport: Transport::Tcp, src_port: 50000, dst_port: 50001, ethertype: 0 }, data)
}

/// Get_Attributes_All of the identity object, and the identity of a controller.
const GET_ALL: &[u8] = &[1, 2, 0x20, 1, 0x24, 1];
fn identity_attributes() -> Vec<u8> {
    let mut out = vec![1, 0, 14, 0, 0x36, 0, 20, 11, 0x30, 0, 0x78, 0x56, 0x34, 0x12, 11];
    out.extend(b"1769-L33ER ");
    out
}

#[test]
fn identity_becomes_facts() {
    let answer = [&[0x81, 0, 0, 0][..], &identity_attributes()].concat();
    let seen = tcp().client(&unconnected(1, GET_ALL)).server(&unconnected(1, &answer)).end();
    assert_eq!(seen.ops(), ["cip get_attributes_all accepted x1"]);
    assert_eq!(
        seen.facts(),
        [
            "server device_type=Programmable Logic Controller",
            "server firmware=20.11",
            "server model=1769-L33ER",
            "server product=1769-L33ER",
            "server role=plc",
            "server serial=12345678",
            "server vendor=Rockwell Automation/Allen-Bradley",
        ]
    );
}

#[test]
fn list_identity_answers_name_their_sender() {
    let mut item = vec![1, 0, 0, 2, 0xaf, 0x12, 10, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0];
    item.extend(identity_attributes());
    item.push(3);
    let answer = message(encap::LIST_IDENTITY, 0, 0, &items(&[(0x0c, &item)]));
    let seen = Dialogue::udp(&SPEC, 44818).server(&answer).end();
    assert_eq!(seen.ops(), ["enip list_identity accepted x1"]);
    assert!(seen.facts().contains(&"server serial=12345678".to_owned()));
    assert_eq!(seen.field(1, "cip.identity.socket_address").as_deref(), Some("10.0.0.2"));
    assert_eq!(seen.field(1, "cip.identity.device_state").as_deref(), Some("3"));
}

#[test]
fn a_module_behind_the_backplane_is_not_the_device() {
    let mut request = vec![0x52, 2, 0x20, 6, 0x24, 1, 7, 249, 6, 0];
    request.extend(GET_ALL);
    request.extend([1, 0, 1, 3]);
    let mut module = identity_attributes();
    module[2] = 0x0c;
    let answer = [&[0x81, 0, 0, 0][..], &module].concat();
    let seen = tcp().client(&unconnected(1, &request)).server(&unconnected(1, &answer)).end();
    assert_eq!(
        seen.facts(),
        ["server module=1769-L33ER", "server module_firmware=20.11", "server module_serial=12345678"]
    );
    let (key, _) = seen.obs.operations.iter().next().expect("one operation");
    assert_eq!(key.unit.map(|u| seen.obs.strings.get(u)), Some("1,3"));
}

#[test]
fn a_connection_lends_its_route() {
    let mut open = vec![0x54, 2, 0x20, 6, 0x24, 1, 7, 249, 0, 0, 0, 0, 9, 0, 0, 0, 1, 0, 77, 0, 5, 0, 0, 0];
    open.extend([1, 0, 0, 0, 0, 0x12, 0x7a, 0, 0xf4, 0x43, 0, 0x12, 0x7a, 0, 0xf4, 0x43, 0xa3]);
    open.extend([3, 1, 2, 0x20, 2, 0x24, 1]);
    let mut opened = vec![0xd4, 0, 0, 0, 0x55, 0, 0, 0];
    opened.resize(30, 0);
    let stop = [7, 2, 0x20, 0x8e, 0x24, 1];
    let seen = tcp()
        .client(&unconnected(1, &open))
        .server(&unconnected(1, &opened))
        .client(&connected(0x55, 9, &stop))
        .server(&connected(9, 9, &[0x87, 0, 0, 0]))
        .end();
    assert_eq!(seen.ops(), ["cip forward_open accepted x1", "cip cip_stop accepted x1"]);
    let stop = seen.obs.operations.iter().find(|(_, s)| s.code == Some(7)).expect("the stop");
    assert_eq!(stop.0.unit.map(|u| seen.obs.strings.get(u)), Some("1,2"));
    assert_eq!(stop.1.action, Action::Stop);
}

#[test]
fn a_connection_to_another_object_is_not_read_as_services() {
    let mut open = vec![0x54, 2, 0x20, 6, 0x24, 1, 7, 249, 0, 0, 0, 0, 9, 0, 0, 0, 1, 0, 77, 0, 5, 0, 0, 0];
    open.extend([1, 0, 0, 0, 0, 0x12, 0x7a, 0, 0xf4, 0x43, 0, 0x12, 0x7a, 0, 0xf4, 0x43, 0xa3]);
    open.extend([3, 1, 2, 0x20, 0xa6, 0x24, 1]);
    let mut opened = vec![0xd4, 0, 0, 0, 0x55, 0, 0, 0];
    opened.resize(30, 0);
    let seen = tcp()
        .client(&unconnected(1, &open))
        .server(&unconnected(1, &opened))
        .client(&connected(0x55, 9, &[7, 0, 1, 2]))
        .server(&connected(9, 9, &[0x87, 0, 0, 0]))
        .end();
    assert_eq!(seen.ops(), ["cip forward_open accepted x1"]);
}

/// Read `Speed`, write 7 to it, in one packet.
fn two_services() -> Vec<u8> {
    let tag = [0x91, 5, b'S', b'p', b'e', b'e', b'd', 0];
    let read = [&[0x4c, 4][..], &tag, &[1, 0]].concat();
    let write = [&[0x4d, 4][..], &tag, &[0xc4, 0, 1, 0, 7, 0, 0, 0]].concat();
    let mut out = vec![0x0a, 2, 0x20, 2, 0x24, 1, 2, 0, 6, 0];
    out.extend((6 + read.len() as u16).to_le_bytes());
    out.extend(read);
    out.extend(write);
    out
}

#[test]
fn a_packet_of_services_is_as_many_operations() {
    let answer = [0x8a, 0, 0x1e, 0, 2, 0, 6, 0, 16, 0, 0xcc, 0, 0, 0, 0xc4, 0, 5, 0, 0, 0, 0xcd, 0, 0x0f, 0];
    let seen = tcp().client(&connected(1, 4, &two_services())).server(&connected(2, 4, &answer)).end();
    assert_eq!(seen.ops(), ["cip read_tag accepted x1", "cip write_tag refused x1"]);
    let write = seen.obs.operations.values().find(|s| s.code == Some(0x4d)).expect("the write");
    assert_eq!((write.target.as_deref(), write.value.clone()), (Some("Speed"), Some(Val::Int(7))));
    assert_eq!(write.exception.as_ref().map(|e| &*e.1), Some("privilege_violation"));
}

#[test]
fn pccc_is_told_by_its_own_names() {
    let head = [7, 1, 0, 1, 2, 3, 4];
    let write = [0x0f, 0, 9, 0, 0xaa, 2, 7, 0x89, 3, 0, 1, 0];
    let request = [&[0x4b, 2, 0x20, 0x67, 0x24, 1][..], &head, &write].concat();
    let refused = [&[0xcb, 0, 0, 0][..], &head, &[0x4f, 0x50, 9, 0]].concat();
    let seen = tcp().client(&unconnected(1, &request)).server(&unconnected(1, &refused)).end();
    assert_eq!(seen.ops(), ["pccc protected_typed_logical_write_with_three_address_fields refused x1"]);
    let (_, stat) = seen.obs.operations.iter().next().expect("one operation");
    assert_eq!(stat.target.as_deref(), Some("N7:3"));
}

#[test]
fn setting_depends_on_the_object() {
    let set = |class: u8, attribute: u8| {
        let path = path::Path::read(&[0x20, class, 0x24, 1, 0x30, attribute]);
        services::of(0x10, &path, &[1]).action
    };
    assert_eq!(set(0xf5, 5), Action::SetAddress);
    assert_eq!(set(0xf5, 6), Action::SetName);
    assert_eq!(set(0x8b, 6), Action::SetTime);
    assert_eq!(set(4, 3), Action::Write);
    let identity = path::Path::read(&[0x20, 1, 0x24, 1]);
    assert_eq!(services::of(5, &identity, &[1]).action, Action::FactoryReset);
    assert_eq!(services::of(5, &identity, &[]).action, Action::Restart);
}

#[test]
fn an_answer_alone_shows_the_write_and_who_is_who() {
    let seen =
        Dialogue::new(&SPEC, Transport::Tcp, 44818, false).client(&connected(1, 4, &[0x90, 0, 0, 0])).end();
    assert_eq!(seen.ops(), ["cip set_attribute_single accepted x1"]);
    let (key, _) = seen.obs.operations.iter().next().expect("one operation");
    assert_eq!(key.server.0, 0, "the sender of the answer is the server");
}

#[test]
fn segmentation_does_not_matter() {
    let asked = [unconnected(1, GET_ALL), connected(1, 4, &two_services())].concat();
    let answer = [&[0x81, 0, 0, 0][..], &identity_attributes()].concat();
    let answered = [unconnected(1, &answer), connected(1, 4, &[0x8a, 0, 8, 0])].concat();
    let whole = tcp().client(&asked).server(&answered).end();
    assert_eq!(
        whole.ops(),
        ["cip get_attributes_all accepted x1", "cip read_tag refused x1", "cip write_tag refused x1"]
    );
    for n in 1..asked.len() {
        let split = tcp().client_split(&asked, n).server_split(&answered, n).end();
        assert_eq!(split.facts(), whole.facts());
        let (mut a, mut b) = (split.ops(), whole.ops());
        a.sort();
        b.sort();
        assert_eq!(a, b, "pieces of {n}");
    }
}

#[test]
fn loss_and_nonsense_are_survived() {
    let answer = [&[0x81, 0, 0, 0][..], &identity_attributes()].concat();
    let seen = tcp()
        .client(&unconnected(1, GET_ALL))
        .gap(false, 60)
        .client(b"\xff\xff\xff\xff")
        .client(&unconnected(2, GET_ALL))
        .server(&unconnected(2, &answer))
        .end();
    assert_eq!(seen.ops(), ["cip get_attributes_all no-answer x1", "cip get_attributes_all accepted x1"]);
    assert_eq!(seen.obs.parse_errors.get("enip"), Some(&1));
}

#[test]
fn recognised_on_any_port() {
    let register = message(encap::REGISTER_SESSION, 0, 0, &[1, 0, 0, 0]);
    assert_eq!(identify(&register), Verdict::Strong(Role::Server));
    assert_eq!(identify(&unconnected(1, GET_ALL)), Verdict::Strong(Role::Client));
    assert_eq!(identify(&unconnected(1, &[0x81, 0, 8, 0])), Verdict::Strong(Role::Server));
    assert_eq!(identify(&unconnected(1, GET_ALL)[..30]), Verdict::Need);
}

#[test]
fn others_are_left_alone() {
    let sip = b"OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.1:44818\r\n\r\n";
    let others: [&[u8]; 6] = [
        sip,
        b"GET / HTTP/1.1\r\n\r\n",
        &[0, 1, 0, 0, 0, 6, 17, 3, 0, 107, 0, 3],
        &[0x6f, 0, 8, 0, 1, 2, 3, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8],
        &[0; 40],
        &[0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3],
    ];
    for bytes in others {
        assert_eq!(identify(bytes), Verdict::No, "{bytes:02x?}");
    }
}

proptest! {
    #[test]
    fn nothing_panics(mut bytes in proptest::collection::vec(any::<u8>(), 0..200), good in any::<bool>(), at in any::<usize>(), n in 1usize..40) {
        if good {
            let flip = bytes.first().copied().unwrap_or(1);
            bytes = [unconnected(1, GET_ALL), connected(1, 4, &two_services())].concat();
            let len = bytes.len();
            bytes[at % len] ^= flip;
        }
        identify(&bytes);
        Dialogue::udp(&SPEC, 44818).client(&bytes).server(&bytes).end();
        tcp().client_split(&bytes, n).gap(true, 3).server_split(&bytes, n).client(&bytes).end();
    }

    #[test]
    fn any_cip_message_is_survived(code in any::<u8>(), class in any::<u8>(), body in proptest::collection::vec(any::<u8>(), 0..80)) {
        let request = [&[code & 0x7f, 2, 0x20, class, 0x24, 1][..], &body].concat();
        let answer = [&[code | 0x80, 0, 0, 0][..], &body].concat();
        tcp().client(&unconnected(1, &request)).server(&unconnected(1, &answer)).end();
        tcp().client(&connected(1, 1, &body)).server(&connected(1, 1, &body)).end();
    }
}
