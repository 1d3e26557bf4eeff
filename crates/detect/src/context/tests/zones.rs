use super::*;
use sentinel_wire::model::Val;

const PLANT: &str = r#"{
  "zones": [
    {"name": "cell", "networks": ["10.1.0.0/16"], "level": 1, "criticality": "high"},
    {"name": "paint", "networks": ["10.1.5.0/24"], "level": 1},
    {"name": "control room", "networks": ["10.2.0.0/16"], "level": 2},
    {"name": "office", "networks": ["10.3.0.0/16"], "vlans": [30], "level": 4}],
  "conduits": [
    {"from": "control room", "to": "cell", "protocols": ["modbus", "enip"]},
    {"from": "office", "to": "control room", "ports": [443], "both": true},
    {"from": "office", "to": "outside"}],
  "organisation": ["203.0.113.0/24"],
  "assets": [
    {"id": "a-1", "ip": ["10.1.0.9"], "mac": ["00:80:f4:0e:62:20"], "type": "plc", "level": 1, "vendor": "x"},
    {"id": "a-2", "ip": ["10.2.0.7"], "type": "hmi", "level": 2, "criticality": "low"}]
}"#;

fn conduit(c: &mut Context, client: &str, server: &str, protocol: &str) -> String {
    let e = one(c, event(MONDAY, client, server, protocol, &[]));
    let text = |n| e.text(n).unwrap_or("-").to_owned();
    format!("{} {}", text("network.direction"), text("sentinel.conduit"))
}

#[test]
fn conduits_of_a_file() {
    let c = &mut context(PLANT);
    for (client, server, protocol, wanted) in [
        ("10.2.0.7", "10.1.0.9", "modbus", "internal allowed"),
        ("10.2.0.7", "10.1.0.9", "umas", "internal allowed"), // inside modbus
        ("10.2.0.7", "10.1.0.9", "s7comm", "internal denied"),
        ("10.2.0.7", "10.1.5.9", "modbus", "internal denied"), // the longest prefix is another zone
        ("10.1.0.9", "10.1.0.10", "s7comm", "internal allowed"), // within a zone
        ("10.1.0.9", "10.2.0.7", "modbus", "internal denied"), // the wrong way
        ("10.3.0.1", "198.51.100.7", "tls", "outbound allowed"),
        ("10.1.0.9", "198.51.100.7", "tls", "outbound denied"),
        ("198.51.100.7", "10.1.0.9", "tls", "inbound denied"),
        ("10.3.0.1", "203.0.113.7", "http", "internal denied"), // ours, in no zone
        ("198.51.100.7", "198.51.100.8", "http", "external -"),
        ("192.168.0.1", "192.168.0.2", "http", "internal -"), // the file says nothing of either
        ("10.2.0.7", "239.1.1.1", "modbus", "internal -"),
    ] {
        assert_eq!(conduit(c, client, server, protocol), wanted, "{client} {server} {protocol}");
    }
    let ports = [("destination.port", Val::Int(443)), ("source.port", Val::Int(40_000))];
    let e = one(c, event(MONDAY, "10.2.0.7", "10.3.0.4", "tls", &ports));
    assert_eq!(e.text("sentinel.conduit"), Some("allowed"));
    let vlan = [("network.vlan.id", Val::Int(30))];
    let e = one(c, event(MONDAY, "02-00-00-00-00-01", "02-00-00-00-00-02", "goose", &vlan));
    assert_eq!(e.text("ot.client.zone"), Some("office"));
}

#[test]
fn a_flow_that_died_is_judged_by_the_port() {
    let c = &mut context(PLANT);
    let mut e = event(MONDAY, "10.2.0.7", "10.1.0.77", "modbus", &[]);
    e.fields.retain(|(n, _)| n != "network.protocol");
    e.set("event.dataset", "sentinel.flow");
    e.set("sentinel.flow.state", "S0");
    assert_eq!(one(c, e.clone()).text("sentinel.conduit"), Some("allowed"));
    e.set("destination.port", 23);
    assert_eq!(one(c, e).text("sentinel.conduit"), Some("denied"));
}

#[test]
fn both_ends_are_described() {
    let c = &mut context(PLANT);
    let e = one(c, poll(MONDAY, "10.2.0.7", "10.1.0.9"));
    for (name, wanted) in [
        ("source.asset", "a-2"),
        ("destination.asset", "a-1"),
        ("ot.asset.type", "plc"),
        ("ot.asset.zone", "cell"),
        ("ot.asset.criticality", "high"),
        ("ot.client.type", "hmi"),
        ("ot.client.zone", "control room"),
        ("ot.client.criticality", "low"),
    ] {
        assert_eq!(e.text(name), Some(wanted), "{name}");
    }
    assert_eq!((e.get("ot.asset.level"), e.get("ot.client.level")), (Some(&Val::Int(1)), Some(&Val::Int(2))));
    // an answer in an event of its own: the source is the server
    let ports = [("source.port", Val::Int(502)), ("destination.port", Val::Int(50_000))];
    let e = one(c, event(MONDAY, "10.1.0.9", "10.2.0.7", "modbus", &ports));
    assert_eq!((e.text("source.asset"), e.text("ot.asset.type")), (Some("a-1"), Some("plc")));
    assert_eq!(e.text("sentinel.conduit"), Some("allowed"));
    // by its hardware address
    let e = one(c, event(MONDAY, "00-80-f4-0e-62-20", "01-0c-cd-01-00-01", "goose", &[]));
    assert_eq!(e.text("source.asset"), Some("a-1"));
}

#[test]
fn deeds_become_meaning_at_ticks_only() {
    let c = &mut context("");
    let first = one(c, poll(MONDAY + SECOND, "10.0.0.1", "10.0.0.2"));
    let second = one(c, poll(MONDAY + 9 * SECOND, "10.0.0.1", "10.0.0.2"));
    let third = one(c, poll(MONDAY + 10 * SECOND, "10.0.0.1", "10.0.0.2"));
    assert_eq!((first.text("ot.asset.type"), second.text("ot.asset.type")), (None, None));
    assert_eq!(third.text("ot.asset.type"), Some("plc"));
    assert_eq!(third.text("sentinel.conduit"), Some("learned"));
    c.assets(br#"[{"id": "a-9", "ip": ["10.0.0.2"], "type": "rtu"}]"#).expect("assets");
    assert_eq!(one(c, poll(MONDAY + 11 * SECOND, "10.0.0.1", "10.0.0.2")).text("destination.asset"), None);
    let e = one(c, poll(MONDAY + 20 * SECOND, "10.0.0.1", "10.0.0.2"));
    assert_eq!((e.text("destination.asset"), e.text("ot.asset.type")), (Some("a-9"), Some("rtu")));
}

#[test]
fn devices_of_no_inventory_in_a_control_zone() {
    let c = &mut context(PLANT);
    let events = (0..40)
        .map(|i| poll(MONDAY + i * SECOND, if i % 2 == 0 { "10.2.0.7" } else { "10.1.0.66" }, "10.1.0.9"));
    assert_eq!(told(&run(c, events)), ["rogue-device 10.1.0.66"]);
}

#[test]
fn settings_that_are_wrong() {
    for (text, wanted) in [
        (r#"{"zone": []}"#, "unknown field `zone`"),
        (r#"{"zones": [{"name": "a", "networks": ["10.0.0.0/40"]}]}"#, "10.0.0.0/40: not a network"),
        (r#"{"zones": [], "conduits": [{"from": "a", "to": "any"}]}"#, "zone a, which is not there"),
    ] {
        let error = Context::new(text.as_bytes()).err().expect("refused");
        assert!(error.contains(wanted), "{error}");
    }
}
