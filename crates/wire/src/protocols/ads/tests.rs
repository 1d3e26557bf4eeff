use super::SPEC;
use crate::probe::{Role, Verdict};
use crate::testkit::{Dialogue, Seen};
use proptest::prelude::*;

const CONTROLLER: [u8; 6] = [5, 1, 2, 3, 1, 1];
const STATION: [u8; 6] = [10, 0, 0, 1, 1, 1];

fn packet(port: u16, command: u16, response: bool, invoke: u32, error: u32, data: &[u8]) -> Vec<u8> {
    let ((to, to_port), (from, from_port)) = match response {
        false => ((CONTROLLER, port), (STATION, 32905)),
        true => ((STATION, 32905), (CONTROLLER, port)),
    };
    let mut out = vec![0, 0];
    out.extend_from_slice(&(32 + data.len() as u32).to_le_bytes());
    out.extend_from_slice(&to);
    out.extend_from_slice(&u16::to_le_bytes(to_port));
    out.extend_from_slice(&from);
    out.extend_from_slice(&u16::to_le_bytes(from_port));
    out.extend_from_slice(&command.to_le_bytes());
    out.extend_from_slice(&(4 + u16::from(response)).to_le_bytes());
    out.extend_from_slice(&(data.len() as u32).to_le_bytes());
    out.extend_from_slice(&error.to_le_bytes());
    out.extend_from_slice(&invoke.to_le_bytes());
    out.extend_from_slice(data);
    out
}
fn words(list: &[u32]) -> Vec<u8> {
    list.iter().flat_map(|n| n.to_le_bytes()).collect()
}
fn talk(client: &[u8], server: &[u8], split: usize) -> Seen {
    Dialogue::tcp(&SPEC, 48898).client_split(client, split).server_split(server, split).end()
}

#[test]
fn stopping_a_runtime_is_named_for_every_split() {
    let ask = packet(851, 5, false, 7, 0, &[6, 0, 0, 0, 0, 0, 0, 0]);
    let ok = packet(851, 5, true, 7, 0, &[0; 4]);
    for split in 1..50 {
        let seen = talk(&ask, &ok, split);
        assert_eq!(seen.ops(), ["ads write_control_stop accepted x1"]);
        assert_eq!(seen.facts(), ["client id:ams-net-id=10.0.0.1.1.1", "server id:ams-net-id=5.1.2.3.1.1"]);
    }
    let refused = packet(851, 5, true, 7, 0, &words(&[0x712]));
    let seen = talk(&ask, &refused, 99);
    assert_eq!(seen.ops(), ["ads write_control_stop refused x1"]);
    let (key, stat) = seen.obs.operations.iter().next().expect("one operation");
    assert_eq!(stat.exception, Some((0x712, "invalid_state".into())));
    assert_eq!(key.unit.map(|u| seen.obs.strings.get(u)), Some("851"));
}

#[test]
fn a_handle_stands_for_its_symbol() {
    let name = b"MAIN.valve\0";
    let ask = [&words(&[0xF003, 0, 4, name.len() as u32])[..], name].concat();
    let write = [&words(&[0xF005, 0x55, 1])[..], &[1]].concat();
    let client = [packet(851, 9, false, 1, 0, &ask), packet(851, 3, false, 2, 0, &write)];
    let server =
        [packet(851, 9, true, 1, 0, &words(&[0, 4, 0x55])), packet(851, 3, true, 2, 0, &words(&[0]))];
    let seen = Dialogue::tcp(&SPEC, 48898)
        .client(&client[0])
        .server(&server[0])
        .client(&client[1])
        .server(&server[1])
        .end();
    assert_eq!(seen.ops(), ["ads get_symbol_handle accepted x1", "ads write_symbol accepted x1"]);
    assert!(seen.obs.operations.values().all(|s| s.target.as_deref() == Some("MAIN.valve")));
}

#[test]
fn system_services_are_told_by_their_index_group() {
    let ask = [
        packet(10000, 9, false, 1, 0, &[&words(&[120, 2, 4, 6])[..], b"a.bin\0"].concat()),
        packet(10000, 3, false, 2, 0, &words(&[500, 0, 0])),
        packet(10000, 3, false, 3, 0, &[&words(&[801, 0, 2])[..], &[1, 2]].concat()),
    ]
    .concat();
    let reply = packet(10000, 3, true, 3, 0, &[0; 4]);
    let mut ops = talk(&ask, &reply, 4096).ops();
    ops.sort();
    assert_eq!(
        ops,
        ["ads add_route accepted x1", "ads file_open_write no-answer x1", "ads start_process no-answer x1"]
    );
}

#[test]
fn the_target_description_gives_identity() {
    let xml = b"<TcTargetDesc><TargetType>CX9-X</TargetType><TargetVersion><Version>3</Version>\
        <Revision>1</Revision><Build>4024</Build></TargetVersion><Hardware><SerialNo>42</SerialNo>\
        </Hardware></TcTargetDesc>";
    let ask = packet(10000, 2, false, 9, 0, &words(&[700, 1, 4096]));
    let reply = packet(10000, 2, true, 9, 0, &[&words(&[0, xml.len() as u32])[..], xml].concat());
    let facts = talk(&ask, &reply, 64).facts();
    for fact in ["model=CX9-X", "serial=42", "firmware=TwinCAT 3.1.4024"] {
        assert!(facts.contains(&format!("server {fact}")), "{fact}");
    }
}

#[test]
fn long_packets_are_passed_over() {
    let data = vec![0xAA; 200_000];
    let big = packet(851, 3, false, 1, 0, &[&words(&[0x4020, 16, 200_000])[..], &data].concat());
    let after = packet(851, 5, false, 2, 0, &[5, 0, 0, 0, 0, 0, 0, 0]);
    let client = [big, after].concat();
    let server = [packet(851, 3, true, 1, 0, &[0; 4]), packet(851, 5, true, 2, 0, &[0; 4])].concat();
    for split in [1000, 1460, 65536] {
        let seen = talk(&client, &server, split);
        let mut ops = seen.ops();
        ops.sort();
        assert_eq!(ops, ["ads write accepted x1", "ads write_control_run accepted x1"]);
        assert_eq!(seen.obs.counters.get("pdu_too_long"), None);
    }
}

/// A datagram of the router's UDP service.
fn datagram(service: u32, tags: &[(u16, &[u8])]) -> Vec<u8> {
    let mut out = words(&[0x7114_6603, 0, service]);
    out.extend_from_slice(&STATION);
    out.extend_from_slice(&10000u16.to_le_bytes());
    out.extend_from_slice(&(tags.len() as u32).to_le_bytes());
    for (tag, value) in tags {
        out.extend_from_slice(&tag.to_le_bytes());
        out.extend_from_slice(&(value.len() as u16).to_le_bytes());
        out.extend_from_slice(value);
    }
    out
}

#[test]
fn adding_a_route_shows_a_password() {
    let ask = datagram(
        6,
        &[(12, b"PC-7\0"), (7, &STATION), (13, b"Administrator\0"), (2, b"1\0"), (5, b"10.0.0.1\0")],
    );
    for (status, op, login) in [(0u32, "accepted", "success"), (0x704, "refused", "failure")] {
        let reply = datagram(0x8000_0006, &[(1, &status.to_le_bytes())]);
        let seen = Dialogue::udp(&SPEC, 48899).client(&ask).server(&reply).end();
        assert_eq!(seen.ops(), [format!("ads add_route {op} x1")]);
        assert_eq!(seen.creds(), [format!("password Administrator 1 {login}")]);
    }
    let seen = Dialogue::udp(&SPEC, 48899).client(&ask).end();
    assert_eq!(seen.creds(), ["password Administrator 1 unknown"]);
}

#[test]
fn a_search_is_answered_with_identity() {
    let os = [&words(&[276, 10, 0, 19041, 2])[..], &[0; 256]].concat();
    let reply = datagram(0x8000_0001, &[(5, b"CX-01\0"), (3, &[3, 1, 0xB8, 0x0F]), (4, &os)]);
    let seen = Dialogue::udp(&SPEC, 48899).client(&datagram(1, &[])).server(&reply).end();
    assert_eq!(seen.ops(), ["ads server_info accepted x1"]);
    let facts = seen.facts();
    for fact in ["hostname=CX-01", "firmware=TwinCAT 3.1.4024", "os=Windows NT 10.0.19041"] {
        assert!(facts.contains(&format!("server {fact}")), "{fact}");
    }
}

#[test]
fn identifies_and_refuses() {
    let d = Dialogue::tcp(&SPEC, 9999);
    let ask = packet(851, 4, false, 1, 0, &[]);
    assert_eq!(d.identify(true, &ask), Verdict::Strong(Role::Client));
    assert_eq!(d.identify(true, &ask[..20]), Verdict::Need);
    assert_eq!(d.identify(false, &packet(851, 4, true, 1, 0, &[0; 8])), Verdict::Strong(Role::Server));
    // a notification is sent by the server as a request
    assert_eq!(d.identify(false, &packet(851, 8, false, 1, 0, &[0; 20])), Verdict::Strong(Role::Server));
    assert_eq!(d.identify(true, &[0; 64]), Verdict::No);
    assert_eq!(d.identify(true, &[0, 1, 0, 0, 0, 6, 1, 3, 0, 0, 0, 1]), Verdict::No);
    assert_eq!(d.identify(true, b"GET / HTTP/1.1\r\n\r\n"), Verdict::No);
    let u = Dialogue::udp(&SPEC, 9999);
    assert_eq!(u.identify(true, &datagram(1, &[])), Verdict::Strong(Role::Client));
    assert_eq!(u.identify(true, &[0x81, 0x0B, 0, 8, 1, 0, 0x10, 8]), Verdict::No);
}

proptest! {
    #[test]
    fn never_panics(data in proptest::collection::vec(any::<u8>(), 0..300), at in 0usize..200, byte: u8) {
        let d = Dialogue::tcp(&SPEC, 48898);
        let _verdict = d.identify(true, &data);
        let mut changed = packet(10000, 9, false, 1, 0, &[&words(&[0xF003, 0, 4, 3])[..], b"ab\0"].concat());
        let n = changed.len();
        changed[at % n] = byte;
        let command = u16::from(byte % 10);
        let (ask, reply) = (packet(851, command, false, 1, 0, &data), packet(851, command, true, 1, 0, &data));
        let _seen = d.client(&changed).client(&ask).server(&reply).gap(true, 5).client(&data).server(&data).end();
        let mut route = datagram(6, &[(12, b"PC"), (13, &data), (2, b"1"), (4, &data), (3, b"123")]);
        let n = route.len();
        route[at % n] = byte;
        let _seen = Dialogue::udp(&SPEC, 48899).client(&route).server(&route).client(&data).end();
    }
}
