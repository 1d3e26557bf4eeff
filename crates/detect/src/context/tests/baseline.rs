use super::*;

const HMI: &str = "10.0.0.1";
const PLC: &str = "10.0.0.2";

/// A context that learned two days of one poll a minute and a write at nine each day.
fn learned() -> Context {
    let mut c = context(r#"{"baseline": {"learning": 172000}}"#);
    let events = (0..2880).flat_map(|m| {
        let t = MONDAY + m * 60 * SECOND;
        let write = (m % 1440 == 60 || m % 1440 % 10 == 0 && m % 1440 < 120)
            .then(|| op(t + 1, (HMI, PLC), "write_single_register", "control", "success"));
        [Some(poll(t, HMI, PLC)), write, Some(flow(t + 2, HMI, "10.0.0.9", 5_000))].into_iter().flatten()
    });
    let made = run(&mut c, events);
    assert!(made.is_empty(), "{:?}", told(&made));
    c
}

fn flow(t: Micros, a: &str, b: &str, bytes: i64) -> Event {
    let more = [
        ("event.dataset", Val::Static("sentinel.flow")),
        ("sentinel.flow.state", Val::Static("SF")),
        ("source.bytes", Val::Int(bytes)),
        ("destination.bytes", Val::Int(10)),
    ];
    event(t, a, b, "http", &more)
}

fn new(c: &mut Context, e: Event) -> Vec<String> {
    words(&one(c, e), "sentinel.baseline.new")
}

const DAY2: Micros = MONDAY + 48 * HOUR;

#[test]
fn nothing_is_new_while_learning() {
    let mut c = context("");
    let e = one(&mut c, poll(MONDAY, HMI, PLC));
    assert_eq!(e.text("sentinel.baseline.state"), Some("learning"));
    assert_eq!(e.get("sentinel.baseline.new"), None);
    assert_eq!(e.text("sentinel.conduit"), Some("learned"));
}

#[test]
fn what_was_never_seen_is_new() {
    let mut c = learned();
    let e = one(&mut c, poll(DAY2, HMI, PLC));
    assert_eq!((e.text("sentinel.baseline.state"), e.get("sentinel.baseline.new")), (Some("ready"), None));
    let e = one(&mut c, op(DAY2 + 1, (HMI, PLC), "mask_write_register", "monitor", "success"));
    assert_eq!(words(&e, "sentinel.baseline.new"), ["function"]);
    assert_eq!(words(&e, "sentinel.baseline.first"), ["function"]);
    let again = one(&mut c, op(DAY2 + 2, (HMI, PLC), "mask_write_register", "monitor", "success"));
    assert_eq!(words(&again, "sentinel.baseline.new"), ["function"]);
    assert_eq!(again.get("sentinel.baseline.first"), None);
    assert_eq!(new(&mut c, poll(DAY2 + 3, "10.0.0.66", PLC)), ["client", "service", "function"]);
    assert_eq!(new(&mut c, poll(DAY2 + 4, HMI, "10.0.0.3")), ["service", "function", "destination"]);
    // and after a day it is usual
    let events = (0..1500).map(|m| poll(DAY2 + m * 60 * SECOND, HMI, PLC));
    run(&mut c, events);
    assert!(
        new(&mut c, op(DAY2 + 25 * HOUR, (HMI, PLC), "mask_write_register", "monitor", "success")).is_empty()
    );
}

#[test]
fn an_unlearned_conduit() {
    let mut c = learned();
    assert_eq!(one(&mut c, poll(DAY2, HMI, PLC)).text("sentinel.conduit"), Some("learned"));
    assert_eq!(one(&mut c, poll(DAY2, "10.9.0.1", PLC)).text("sentinel.conduit"), Some("unlearned"));
}

#[test]
fn a_crossing_is_no_newer_for_what_is_learned_of_its_ends() {
    // the baseline is ready before it is known that the client is one that polls
    let mut c = context(r#"{"baseline": {"learning": 20}}"#);
    let events = (0..100).map(|s| poll(MONDAY + s * SECOND, "10.1.0.1", PLC));
    let mut last = Event::default();
    for e in events {
        last = one(&mut c, e);
        assert_eq!(last.text("sentinel.conduit"), Some("learned"));
    }
    assert_eq!(last.text("ot.client.type"), Some("hmi"));
    assert_eq!(last.text("sentinel.baseline.state"), Some("ready"));
}

#[test]
fn an_unusual_hour() {
    let mut c = learned();
    let write = |t| op(t, (HMI, PLC), "write_single_register", "control", "success");
    assert!(new(&mut c, write(DAY2 + HOUR)).is_empty());
    assert!(new(&mut c, write(DAY2 + 3 * HOUR)).is_empty(), "near to the usual hours");
    assert_eq!(new(&mut c, write(DAY2 + 14 * HOUR)), ["hour"]);
    // no Saturday was learned: nothing is known of it
    assert!(new(&mut c, write(MONDAY + 134 * HOUR)).is_empty());
}

#[test]
fn an_unusual_upload() {
    let mut c = learned();
    assert!(new(&mut c, flow(DAY2, HMI, "10.0.0.9", 9 << 20)).is_empty());
    let e = one(&mut c, flow(DAY2 + SECOND, HMI, "10.0.0.9", 9 << 20));
    assert_eq!(words(&e, "sentinel.baseline.first"), ["volume"]);
    let e = one(&mut c, flow(DAY2 + 2 * SECOND, HMI, "10.0.0.9", 9));
    assert_eq!(
        (words(&e, "sentinel.baseline.new"), e.get("sentinel.baseline.first")),
        (vec!["volume".to_owned()], None)
    );
}

#[test]
fn a_new_device_is_told_once() {
    let mut c = learned();
    let events = (0..300).map(|i| poll(DAY2 + i * SECOND, if i % 2 == 0 { HMI } else { "10.0.0.66" }, PLC));
    assert_eq!(told(&run(&mut c, events)), ["new-device 10.0.0.66"]);
}

#[test]
fn a_sweep_is_not_a_thousand_new_devices() {
    let mut c = learned();
    let events = (0..1000u32)
        .map(|i| poll(DAY2 + i64::from(i) * SECOND, &format!("10.7.{}.{}", i / 200, i % 200 + 1), PLC));
    let made = told(&run(&mut c, events));
    assert_eq!(made.iter().filter(|t| t.starts_with("new-device")).count(), 20, "{made:?}");
    assert_eq!(
        c.counters().into_iter().find(|(n, _)| n == "context_new_devices_untold").map(|(_, v)| v > 900),
        Some(true)
    );
}

#[test]
fn shown_and_reset() {
    let mut c = learned();
    let shown = |c: &Context| serde_json::from_slice::<serde_json::Value>(&c.baseline(10)).expect("JSON");
    let before = shown(&c);
    assert_eq!(before["state"], "ready");
    assert_eq!(before["conversations"][0]["functions"][0], "read_holding_registers");
    assert_eq!(before["conversations"][0]["period_seconds"], 60.0);
    new(&mut c, op(DAY2 + 1, (HMI, PLC), "mask_write_register", "monitor", "success"));
    let address = crate::context::view::ip(PLC);
    assert_eq!(c.reset(address), 1);
    assert!(new(&mut c, op(DAY2 + 2, (HMI, PLC), "mask_write_register", "monitor", "success")).is_empty());
    assert_eq!(c.reset(None), 2);
    assert_eq!(shown(&c)["state"], "learning");
}

#[test]
fn a_source_seen_before_teaches_nothing() {
    let saved = learned().save();
    let mut c = context(r#"{"baseline": {"learning": 172000, "learn": false}}"#);
    c.load(&saved).expect("loads");
    assert_eq!(new(&mut c, poll(MONDAY, HMI, "10.0.0.3")), ["service", "function", "destination"]);
    let mut c = context(r#"{"baseline": {"learn": false}}"#);
    assert_eq!(one(&mut c, poll(MONDAY, HMI, PLC)).text("sentinel.baseline.state"), None);
    assert_eq!(c.terms().now, 0);
}
