use super::SPEC;
use super::properties::{Layout, Value, walk};
use crate::probe::{Role, Verdict};
use crate::testkit::{Dialogue, Seen};
use proptest::prelude::*;

/// A BVLC message of `function`.
fn bvlc(function: u8, body: &[u8]) -> Vec<u8> {
    let mut out = vec![0x81, function];
    out.extend_from_slice(&(body.len() as u16 + 4).to_be_bytes());
    out.extend_from_slice(body);
    out
}
/// An APDU in a plain NPDU, unicast.
fn apdu(body: &[u8]) -> Vec<u8> {
    bvlc(0x0A, &[&[1, 4][..], body].concat())
}
fn confirmed(invoke: u8, service: u8, body: &[u8]) -> Vec<u8> {
    apdu(&[&[0, 4, invoke, service][..], body].concat())
}
fn simple_ack(invoke: u8, service: u8) -> Vec<u8> {
    apdu(&[0x20, invoke, service])
}
fn complex_ack(invoke: u8, service: u8, body: &[u8]) -> Vec<u8> {
    apdu(&[&[0x30, invoke, service][..], body].concat())
}
fn error(invoke: u8, service: u8, class: u8, code: u8) -> Vec<u8> {
    apdu(&[0x50, invoke, service, 0x91, class, 0x91, code])
}
fn talk(client: &[u8], server: &[u8]) -> Seen {
    let d = Dialogue::udp(&SPEC, 47808).client(client);
    if server.is_empty() { d.end() } else { d.server(server).end() }
}
/// Context tag 0 with an object identifier.
fn object(kind: u32, instance: u32) -> Vec<u8> {
    [&[0x0C][..], &(kind << 22 | instance).to_be_bytes()].concat()
}
fn string(text: &str) -> Vec<u8> {
    let mut out =
        if text.len() < 4 { vec![0x70 | (text.len() as u8 + 1)] } else { vec![0x75, text.len() as u8 + 1] };
    out.push(0);
    out.extend_from_slice(text.as_bytes());
    out
}

#[test]
fn writing_a_property_is_accepted_or_refused() {
    let body = [&object(1, 7)[..], &[0x19, 85, 0x3E, 0x44, 0x42, 0xC8, 0, 0, 0x3F, 0x49, 8]].concat();
    let ask = confirmed(9, 15, &body);
    let seen = talk(&ask, &simple_ack(9, 15));
    assert_eq!(seen.ops(), ["bacnet write_property accepted x1"]);
    let stat = seen.obs.operations.values().next().expect("one operation");
    assert_eq!(stat.target.as_deref(), Some("analog-output 7 present-value"));
    assert_eq!(stat.value, Some(100.0f64.into()));
    assert_eq!(stat.detail, [("priority", 8u8.into())]);
    assert_eq!(seen.field(0, "bacnet.value").as_deref(), Some("100"));
    let seen = talk(&ask, &error(9, 15, 2, 40));
    assert_eq!(seen.ops(), ["bacnet write_property refused x1"]);
    assert_eq!(seen.field(1, "bacnet.result_code").as_deref(), Some("write-access-denied"));
    assert_eq!(talk(&ask, &apdu(&[0x60, 9, 9])).ops(), ["bacnet write_property refused x1"]);
    assert_eq!(talk(&ask, &apdu(&[0x71, 9, 0])).ops(), ["bacnet write_property refused x1"]);
    assert_eq!(talk(&ask, &simple_ack(8, 15)).ops(), ["bacnet write_property no-answer x1"]);
    assert_eq!(talk(&ask, &[]).ops(), ["bacnet write_property unknown x1"]);
}

#[test]
fn a_repeated_request_is_one_operation() {
    let ask = confirmed(3, 15, &[&object(1, 7)[..], &[0x19, 85, 0x3E, 0x91, 1, 0x3F]].concat());
    let seen = Dialogue::udp(&SPEC, 47808).client(&ask).client(&ask).server(&simple_ack(3, 15)).end();
    assert_eq!(seen.ops(), ["bacnet write_property accepted x1"]);
}

#[test]
fn passwords_are_credentials() {
    // device communication control: 1 minute, disable, password
    let mut body = vec![0x09, 1, 0x19, 1, 0x2D, 9, 0];
    body.extend_from_slice(b"filister");
    let ask = confirmed(1, 17, &body);
    let seen = talk(&ask, &simple_ack(1, 17));
    assert_eq!(seen.ops(), ["bacnet device_communication_control accepted x1"]);
    assert_eq!(seen.creds(), ["password - filister success"]);
    assert_eq!(seen.field(0, "bacnet.device_state").as_deref(), Some("disable"));
    assert_eq!(seen.field(0, "bacnet.time_duration").as_deref(), Some("1"));
    assert_eq!(talk(&ask, &error(1, 17, 4, 26)).creds(), ["password - filister failure"]);
    // reinitialize: cold start with a password; a backup has its own name
    let restart = confirmed(2, 20, &[0x09, 0, 0x1B, 0, b'p', b'w']);
    let seen = talk(&restart, &error(2, 20, 5, 29));
    assert_eq!(seen.ops(), ["bacnet reinitialize_device refused x1"]);
    assert_eq!(seen.creds(), ["password - pw unknown"]);
    assert_eq!(
        talk(&confirmed(2, 20, &[0x09, 2]), &simple_ack(2, 20)).ops(),
        ["bacnet start_backup accepted x1"]
    );
}

#[test]
fn announcements_tell_identity() {
    let i_am =
        [&[0x10, 0, 0xC4][..], &(8u32 << 22 | 501).to_be_bytes(), &[0x22, 4, 0, 0x91, 0, 0x21, 36]].concat();
    let seen = Dialogue::udp(&SPEC, 47808).server(&apdu(&i_am)).end();
    assert!(seen.ops().is_empty());
    assert_eq!(
        seen.facts(),
        ["server id:bacnet-device=501", "server vendor-id=36", "server vendor=Tridium Inc."]
    );
    // behind a router: not the router's identity
    let routed = bvlc(0x0A, &[&[1, 8, 0, 5, 1, 12][..], &i_am].concat());
    let seen = Dialogue::udp(&SPEC, 47808).server(&routed).end();
    assert_eq!(seen.facts(), ["server routed-device=5:12 device 501 Tridium Inc."]);
    // forwarded for another address: that host's identity
    let forwarded = bvlc(0x04, &[&[10, 9, 9, 9, 0xBA, 0xC0, 1, 0][..], &i_am].concat());
    let seen = Dialogue::udp(&SPEC, 47808).server(&forwarded).end();
    assert!(seen.facts().contains(&"10.9.9.9 id:bacnet-device=501".to_owned()));
}

#[test]
fn device_properties_are_facts() {
    let mut body = [&object(8, 501)[..], &[0x1E]].concat();
    for (property, value) in [(121u8, "Acme"), (70, "Box 2"), (44, "1.9"), (77, "AHU-1"), (58, "Roof")] {
        body.extend_from_slice(&[0x29, property, 0x4E]);
        body.extend(string(value));
        body.push(0x4F);
    }
    body.extend_from_slice(&[0x2A, 1, 0x74, 0x5E, 0x91, 2, 0x91, 32, 0x5F, 0x1F]);
    let ask = confirmed(4, 14, &[&object(8, 501)[..], &[0x1E, 0x09, 8, 0x1F]].concat());
    let seen = talk(&ask, &complex_ack(4, 14, &body));
    assert_eq!(seen.ops(), ["bacnet read_property_multiple accepted x1"]);
    let facts = seen.facts();
    for fact in ["vendor=Acme", "model=Box 2", "firmware=1.9", "name=AHU-1", "location=Roof"] {
        assert!(facts.contains(&format!("server {fact}")), "{fact}");
    }
    let values = seen.field(1, "bacnet.value").expect("values");
    assert!(values.contains("unknown-property") && values.contains("AHU-1"), "{values}");
}

/// Answer to a read of the object list, in `parts` segments.
fn segmented(parts: &[&[u8]]) -> Vec<Vec<u8>> {
    let last = parts.len() - 1;
    parts
        .iter()
        .enumerate()
        .map(|(n, part)| {
            let head = 0x38 | u8::from(n < last) << 2;
            apdu(&[&[head, 6, n as u8, 4, 12][..], part].concat())
        })
        .collect()
}

#[test]
fn segments_are_put_together() {
    let ask = confirmed(6, 12, &[&object(8, 1)[..], &[0x19, 76]].concat());
    let mut body = [&object(8, 1)[..], &[0x19, 76, 0x3E]].concat();
    for n in 0..100u32 {
        body.push(0xC4);
        body.extend_from_slice(&n.to_be_bytes());
    }
    body.push(0x3F);
    let parts: Vec<&[u8]> = body.chunks(177).collect();
    let frames = segmented(&parts);
    let mut d = Dialogue::udp(&SPEC, 47808).client(&ask);
    for frame in &frames {
        // one of them twice, as a sender does that misses its acknowledgement
        d = d.server(frame).server(frame);
    }
    let seen = d.end();
    assert_eq!(seen.ops(), ["bacnet read_property accepted x1"]);
    assert_eq!(seen.field(1, "bacnet.property").as_deref(), Some("object-list"));
    assert_eq!(seen.field(1, "bacnet.value").map(|v| v.matches("analog-input").count()), Some(100));
    // a lost segment costs the answer's content, not the flow
    let seen = Dialogue::udp(&SPEC, 47808)
        .client(&ask)
        .server(&frames[0])
        .server(&frames[2])
        .client(&confirmed(7, 20, &[0x09, 1]))
        .server(&simple_ack(7, 20))
        .end();
    assert!(seen.ops().contains(&"bacnet reinitialize_device accepted x1".to_owned()));
    assert!(seen.obs.counters.contains_key("bacnet_segments"));
}

#[test]
fn routed_requests_have_a_unit() {
    let ask = bvlc(
        0x0A,
        &[&[1, 0x24, 0, 5, 1, 12, 255, 0, 4, 1, 15][..], &object(4, 1), &[0x19, 85, 0x3E, 0x91, 1, 0x3F]]
            .concat(),
    );
    let reply = bvlc(0x0A, &[1, 8, 0, 5, 1, 12, 0x20, 1, 15]);
    let seen = talk(&ask, &reply);
    assert_eq!(seen.ops(), ["bacnet write_property accepted x1"]);
    let key = seen.obs.operations.keys().next().expect("one operation");
    assert_eq!(key.unit.map(|u| seen.obs.strings.get(u)), Some("5:12"));
}

#[test]
fn link_and_network_layer_have_operations() {
    let register = bvlc(5, &[0, 60]);
    assert_eq!(talk(&register, &bvlc(0, &[0, 0])).ops(), ["bacnet register_foreign_device accepted x1"]);
    let seen = talk(&register, &bvlc(0, &[0, 0x30]));
    assert_eq!(seen.ops(), ["bacnet register_foreign_device refused x1"]);
    let entry = [10, 0, 0, 9, 0xBA, 0xC0, 255, 255, 255, 255];
    let seen = talk(&bvlc(2, &[]), &bvlc(3, &entry));
    assert_eq!(seen.ops(), ["bacnet read_broadcast_distribution_table accepted x1"]);
    let seen = talk(&bvlc(1, &entry), &[]);
    assert_eq!(seen.ops(), ["bacnet write_broadcast_distribution_table unknown x1"]);
    let seen = talk(&bvlc(0x0B, &[1, 0x80, 0]), &bvlc(0x0B, &[1, 0x80, 1, 0, 5, 0, 6]));
    assert_eq!(seen.ops(), ["bacnet who_is_router_to_network unknown x1"]);
    assert_eq!(seen.facts(), ["server routed-networks=5 6"]);
}

#[test]
fn time_files_and_objects() {
    let time = apdu(&[0x10, 6, 0xA4, 124, 3, 5, 2, 0xB4, 12, 30, 10, 0]);
    let seen = talk(&time, &[]);
    assert_eq!(seen.ops(), ["bacnet time_synchronization unknown x1"]);
    let stat = seen.obs.operations.values().next().expect("one operation");
    assert_eq!(stat.value, Some("2024-03-05 12:30:10.00".into()));
    let file = [&[0xC4][..], &(10u32 << 22 | 3).to_be_bytes(), &[0x0E, 0x31, 0, 0x62, 1, 2, 0x0F]].concat();
    let seen = talk(&confirmed(1, 7, &file), &complex_ack(1, 7, &[0x09, 0]));
    assert_eq!(seen.ops(), ["bacnet atomic_write_file accepted x1"]);
    let stat = seen.obs.operations.values().next().expect("one operation");
    assert_eq!((stat.space.as_deref(), &stat.ranges[..]), (Some("file"), &[(3, 1)][..]));
    let seen = talk(&confirmed(1, 10, &[0x0E, 0x09, 2, 0x0F]), &error(1, 10, 3, 18));
    assert_eq!(seen.ops(), ["bacnet create_object refused x1"]);
}

#[test]
fn discovery_events_have_their_columns() {
    let seen = talk(&apdu(&[0x10, 8, 0x09, 5, 0x19, 9]), &[]);
    assert_eq!(seen.field(0, "bacnet.range").as_deref(), Some("5-9"));
    let seen = talk(&apdu(&[&[0x10, 7][..], &[0x3D, 5, 0], b"AHU1"].concat()), &[]);
    assert_eq!(seen.field(0, "bacnet.range").as_deref(), Some("All"));
    assert_eq!(seen.field(0, "bacnet.object_name").as_deref(), Some("AHU1"));
}

#[test]
fn identifies_and_refuses() {
    let d = Dialogue::udp(&SPEC, 9999);
    assert_eq!(d.identify(true, &confirmed(1, 12, &object(8, 1))), Verdict::Strong(Role::Client));
    assert_eq!(d.identify(false, &simple_ack(1, 15)), Verdict::Strong(Role::Server));
    assert_eq!(d.identify(true, &apdu(&[0x10, 8])), Verdict::Strong(Role::Client));
    assert_eq!(d.identify(true, &apdu(&[0x10, 0, 0xC4, 2, 0, 0, 1])), Verdict::Strong(Role::Server));
    let mut long = confirmed(1, 12, &object(8, 1));
    long.push(0);
    let others: [&[u8]; 5] = [
        &long,
        &[0x81, 0x0A, 0, 8, 2, 0, 0x10, 8],
        &[0x81, 0x40, 0, 4],
        &[0x03, 0x66, 0x14, 0x71, 0, 0, 0, 0],
        b"\x81\x0a random words",
    ];
    for other in others {
        assert_eq!(d.identify(true, other), Verdict::No, "{other:?}");
    }
}

proptest! {
    #[test]
    fn never_panics(data in proptest::collection::vec(any::<u8>(), 0..200), service in 0u8..34, head: u8, at in 0usize..60, byte: u8) {
        let d = Dialogue::udp(&SPEC, 47808);
        let _verdict = d.identify(true, &data);
        let ask = confirmed(1, service, &data);
        let reply = complex_ack(1, service, &data);
        let any = apdu(&[&[head, 1, service][..], &data].concat());
        let network = bvlc(0x0A, &[&[1, head][..], &data].concat());
        let link = bvlc(head & 0x0F, &data);
        let mut changed = confirmed(1, 16, &[&object(1, 7)[..], &[0x1E, 0x09, 85, 0x2E, 0x91, 1, 0x2F, 0x1F]].concat());
        let n = changed.len();
        changed[at % n] = byte;
        for layout in [Layout::Single, Layout::Access, Layout::Results, Layout::Writes, Layout::Range] {
            let mut count = 0;
            let _walked = walk(&data, layout, |p| count += usize::from(matches!(p.value, Value::Tag(_))));
            prop_assert!(count <= data.len());
        }
        let _seen = d.client(&ask).server(&reply).client(&any).server(&any).client(&network).server(&link).client(&link)
            .client(&changed).client(&data).gap(true, 1).end();
    }
}
