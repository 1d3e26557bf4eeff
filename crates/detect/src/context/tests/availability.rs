use super::*;

const HMI: &str = "10.0.0.1";
const PLCS: [&str; 3] = ["10.0.0.11", "10.0.0.12", "10.0.0.13"];

/// Polls of all terminals each second from `from` to `to`; `f` may change or drop each.
fn polls(from: i64, to: i64, f: impl Fn(i64, usize, Event) -> Option<Event>) -> Vec<Event> {
    let mut out = Vec::new();
    for s in from..to {
        for (i, plc) in PLCS.iter().enumerate() {
            let jitter = (s * 7919 + i as i64 * 104_729) % 200_000;
            out.extend(f(s, i, poll(MONDAY + s * SECOND + jitter, HMI, plc)));
        }
    }
    out
}

fn all(_: i64, _: usize, e: Event) -> Option<Event> {
    Some(e)
}

#[test]
fn a_terminal_that_does_not_answer_is_offline_and_comes_back() {
    let c = &mut context("");
    let made = run(
        c,
        polls(0, 600, |s, i, mut e| {
            if i == 1 && (200..400).contains(&s) {
                e.set("event.outcome", "unknown");
            }
            Some(e)
        }),
    );
    assert_eq!(told(&made), ["offline 10.0.0.12", "back-online 10.0.0.12"]);
    let down = &made[0];
    assert!(down.time < MONDAY + 240 * SECOND, "told after {} s", (down.time - MONDAY) / SECOND - 200);
    assert_eq!(down.time % (10 * SECOND), 0, "at a tick");
    assert_eq!(down.text("source.ip"), Some(HMI));
    assert_eq!(down.text("network.protocol"), Some("modbus"));
    assert!(down.get("sentinel.evidence").is_some() && down.frame == 7);
    assert!(down.text("event.reason").is_some_and(|r| r.contains("asked and does not answer")), "{down:?}");
}

#[test]
fn connections_that_fail_are_requests_too() {
    let c = &mut context("");
    let made = run(
        c,
        polls(0, 300, |s, i, mut e| {
            if i == 1 && s >= 200 {
                e.set("event.dataset", "sentinel.flow");
                e.set("sentinel.flow.state", "S0");
                e.fields.retain(|(n, _)| n != "network.protocol");
            }
            Some(e)
        }),
    );
    assert_eq!(told(&made), ["offline 10.0.0.12"]);
}

#[test]
fn a_terminal_that_refuses_connections_lives() {
    let c = &mut context("");
    let made = run(
        c,
        polls(0, 300, |s, i, mut e| {
            if i == 1 && s >= 200 {
                e.set("event.dataset", "sentinel.flow");
                e.set("sentinel.flow.state", "REJ");
                e.set("destination.bytes", 54);
                e.fields.retain(|(n, _)| n != "network.protocol" && n != "event.outcome");
            }
            Some(e)
        }),
    );
    assert_eq!(told(&made), ["missed-polls 10.0.0.12"]);
    assert_eq!(made[0].get("sentinel.confidence"), Some(&Val::Float(0.8)));
}

#[test]
fn requests_that_come_late_count_too() {
    // silent for five minutes, then asked again in vain
    let c = &mut context("");
    let made = run(
        c,
        polls(0, 900, |s, i, mut e| {
            if i == 1 && s >= 500 {
                e.set("event.outcome", "unknown");
            }
            (i != 1 || !(200..500).contains(&s)).then_some(e)
        }),
    );
    assert_eq!(told(&made), ["offline 10.0.0.12"]);
}

#[test]
fn a_session_that_ends_is_nothing() {
    let c = &mut context("");
    let made = run(c, polls(0, 2000, |s, i, e| (i != 1 || s < 900).then_some(e)));
    assert!(made.is_empty(), "{:?}", told(&made));
}

#[test]
fn polls_that_end_after_hours_are_missed() {
    let c = &mut context("");
    let made = run(c, polls(0, 5000, |s, i, e| (i != 1 || s < 4500).then_some(e)));
    assert_eq!(told(&made), ["missed-polls 10.0.0.12"]);
}

#[test]
fn a_poller_that_falls_silent_is_told_once() {
    let c = &mut context("");
    let mut events = polls(0, 5000, |s, _, e| (s < 4500).then_some(e));
    // others go on
    events.extend((0..1000).map(|i| event(MONDAY + i * 5 * SECOND, "10.0.0.77", "10.0.0.78", "http", &[])));
    events.sort_by_key(|e| e.time);
    assert_eq!(told(&run(c, events)), ["offline 10.0.0.1"]);
}

#[test]
fn an_interruption_of_watching_is_nobodys_fault() {
    let c = &mut context("");
    let made = run(
        c,
        polls(0, 9000, |s, _, e| (!(4000..4080).contains(&s) && !(5000..8000).contains(&s)).then_some(e)),
    );
    assert!(made.is_empty(), "{:?}", told(&made));
}

#[test]
fn summed_by_the_minute_it_still_works() {
    let c = &mut context("");
    let mut events = Vec::new();
    for m in 0..60i64 {
        for (i, plc) in PLCS.iter().enumerate() {
            let gone = i == 2 && m >= 40;
            let mut e = poll(MONDAY + (m * 60 + 59) * SECOND, HMI, plc);
            e.set("event.start", Val::Int(MONDAY + m * 60 * SECOND));
            e.set("ot.count", 60);
            e.set("event.outcome", if gone { "unknown" } else { "success" });
            events.push(e);
        }
        // what is summed comes when its minute is over
        events.push(event(MONDAY + (m * 60 + 60) * SECOND, "10.0.0.77", "10.0.0.78", "http", &[]));
    }
    let made = run(c, events);
    assert_eq!(told(&made), ["offline 10.0.0.13"]);
    let silence = (made[0].time - MONDAY) / SECOND - 40 * 60;
    assert!((60..240).contains(&silence), "{silence} s");
}

#[test]
fn many_at_once_are_one() {
    let c = &mut context("");
    let mut events = Vec::new();
    for s in 0..600i64 {
        for i in 0..12 {
            let mut e = poll(MONDAY + s * SECOND + i * 1000, HMI, &format!("10.0.1.{}", i + 1));
            if s >= 300 && i < 11 {
                e.set("event.outcome", "unknown");
            }
            events.push(e);
        }
    }
    let made = run(c, events);
    assert_eq!(made.len(), 1, "{:?}", told(&made));
    assert_eq!(made[0].get("sentinel.availability.count"), Some(&Val::Int(11)));
}

#[test]
fn a_publisher_that_falls_silent() {
    let c = &mut context("");
    let publisher = |t: i64, mac: &str| {
        event(
            MONDAY + t * SECOND,
            mac,
            "01-0c-cd-01-00-01",
            "goose",
            &[("ot.category", Val::Static("monitor"))],
        )
    };
    let made = run(
        c,
        (0..3000)
            .flat_map(|t| {
                [
                    Some(publisher(t, "02-00-00-00-00-01")),
                    (t < 2000).then(|| publisher(t, "02-00-00-00-00-02")),
                ]
            })
            .flatten(),
    );
    assert_eq!(told(&made), ["offline 02:00:00:00:00:02"]);
}

#[test]
fn a_burst_of_refusals_is_a_state_of_the_terminal() {
    let c = &mut context("");
    let made = run(
        c,
        polls(0, 1200, |s, i, mut e| {
            if i == 0 && (600..900).contains(&s) {
                e.set("event.outcome", "failure");
            }
            // another refuses something all the time: that is how it is
            if i == 2 && s % 2 == 0 {
                e.set("event.outcome", "failure");
            }
            Some(e)
        }),
    );
    assert_eq!(told(&made), ["exception-state 10.0.0.11"]);
}

#[test]
fn restarts_are_told_once() {
    let c = &mut context("");
    let dnp3 = |t: i64| {
        let ports = [("source.port", Val::Int(20_000)), ("destination.port", Val::Int(50_000))];
        let mut e = event(MONDAY + t * SECOND, PLCS[0], HMI, "dnp3", &ports);
        // it comes up, and nobody clears it
        e.set("dnp3.iin", if t < 100 { 2 } else { 0x82 });
        let mut names = vec![Val::Static("class_1_events")];
        names.extend((t >= 100).then_some(Val::Static("device_restart")));
        e.set("dnp3.indications", names);
        e
    };
    assert_eq!(told(&run(c, (0..300).map(dnp3))), ["restart 10.0.0.11"]);
    // set from the first, it tells nothing of when
    assert!(run(&mut context(""), (200..5000).step_by(900).map(dnp3)).is_empty());
    let snmp = |t: i64, up: i64| {
        let mut e = event(MONDAY + t * SECOND, HMI, PLCS[1], "snmp", &[]);
        e.set("snmp.variables", vec![Val::Static("1.3.6.1.2.1.1.3.0")]);
        e.set("snmp.values", vec![Val::Int(up)]);
        e
    };
    let uptimes = [(400, 5_000), (460, 11_000), (520, 300), (580, 6_300)];
    assert_eq!(told(&run(c, uptimes.map(|(t, up)| snmp(t, up)))), ["restart 10.0.0.12"]);
}

fn claim(t: i64, mac: &'static str, ip: &'static str) -> Event {
    let more = [
        ("event.action", Val::Static("claim")),
        ("arp.sender.mac", Val::Static(mac)),
        ("arp.sender.ip", Val::Static(ip)),
    ];
    event(MONDAY + t * SECOND, &mac.replace(':', "-"), "ff-ff-ff-ff-ff-ff", "arp", &more)
}

#[test]
fn two_devices_with_one_address() {
    let c = &mut context("");
    let (a, b) = ("02:00:00:00:00:0a", "02:00:00:00:00:0b");
    let mut from_a = poll(MONDAY + 60 * SECOND, "10.0.0.5", PLCS[0]);
    from_a.set("source.mac", a);
    let made = run(c, [claim(0, a, "10.0.0.5"), claim(30, b, "10.0.0.5"), from_a.clone(), from_a]);
    assert_eq!(told(&made), ["duplicate-address 10.0.0.5"]);
    assert_eq!(made[0].text("source.mac"), Some(b));
    // a replaced device is none
    let c = &mut context("");
    let mut from_b = poll(MONDAY + 60 * SECOND, "10.0.0.5", PLCS[0]);
    from_b.set("source.mac", b);
    assert!(run(c, [claim(0, a, "10.0.0.5"), claim(30, b, "10.0.0.5"), from_b]).is_empty());
    // nor is a router that others stand behind
    let c = &mut context("");
    let v = "00:00:5e:00:01:01";
    assert!(run(c, [claim(0, a, "10.0.0.5"), claim(30, v, "10.0.0.5"), claim(40, a, "10.0.0.5")]).is_empty());
}

#[test]
fn a_device_that_moves() {
    let c = &mut context("");
    let a = "02:00:00:00:00:0a";
    let mut events = vec![claim(0, a, "10.0.0.5")];
    events.extend((0..100).map(|i| poll(MONDAY + (i * 10 + 1) * SECOND, HMI, PLCS[0])));
    events.push(claim(1000, a, "10.0.0.6"));
    let made = run(c, events);
    assert_eq!(told(&made), ["address-change 10.0.0.6"]);
    assert_eq!(made[0].text("sentinel.availability.former_ip"), Some("10.0.0.5"));
}

#[test]
fn a_quiet_day_is_quiet() {
    let c = &mut context("");
    let mut state = 1u64;
    let mut random = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as i64
    };
    let mut events = Vec::new();
    // terminals polled each 2 to 60 s with jitter, now and then one request unanswered or refused
    for i in 0..30i64 {
        let (period, terminal) = ((2 + i * 2) * SECOND, format!("10.0.1.{}", i + 1));
        let mut t = MONDAY;
        while t < MONDAY + 24 * HOUR {
            let mut e = poll(t, HMI, &terminal);
            match random() % 200 {
                0 => e.set("event.outcome", "unknown"),
                1 => e.set("event.outcome", "failure"),
                _ => {}
            }
            events.push(e);
            t += period + random() % (period / 4);
        }
    }
    // people: sessions of an engineer, a browser, mail
    let mut t = MONDAY;
    while t < MONDAY + 9 * HOUR {
        for _ in 0..random() % 60 {
            t += random() % (20 * SECOND);
            events.push(op(
                t,
                ("10.0.2.5", "10.0.1.3"),
                "read_device_identification",
                "engineering",
                "success",
            ));
            events.push(event(t, "10.0.2.6", &format!("93.184.{}.34", random() % 200), "tls", &[]));
        }
        t += random() % (2 * HOUR);
    }
    events.sort_by_key(|e| e.time);
    let made = run(c, polls(0, 0, all).into_iter().chain(events));
    assert!(made.is_empty(), "{:?}", told(&made));
}

/// An event in which a device says something of itself.
fn said(time: Micros, device: &str, more: &[(&'static str, Val)]) -> Event {
    let mut e = event(time, device, HMI, "iec104", more);
    e.set("source.port", 2404);
    e.set("destination.port", 50_000);
    e.set("event.action", if e.get("ot.device.fault").is_some() { "device-fault" } else { "device-clock" });
    e
}

fn clock(second: i64, device: &str, offset: f64, before: Option<f64>) -> Event {
    let mut more = vec![("ot.device.clock_offset", Val::Float(offset))];
    more.extend(before.map(|b| ("ot.device.clock_before", Val::Float(b))));
    said(MONDAY + second * SECOND, device, &more)
}

#[test]
fn a_device_that_says_it_is_faulty_is_told_once() {
    let c = &mut context("");
    let fault = |s: i64, what: &'static str| {
        said(MONDAY + s * SECOND, PLCS[0], &[("ot.device.fault", Val::Static(what))])
    };
    let made = run(c, [fault(0, "device_trouble"), fault(5, "device_trouble"), fault(6, "values_invalid")]);
    assert_eq!(told(&made), ["fault 10.0.0.11", "fault 10.0.0.11"]);
    assert_eq!(made[0].text("sentinel.availability.fault"), Some("device_trouble"));
    assert!(made[0].text("event.reason").is_some_and(|r| r.contains("10.0.0.11 is faulty: it has trouble")));
    // a device on the Internet is nobody's terminal
    assert!(
        run(c, [said(MONDAY + 9 * SECOND, "8.8.8.8", &[("ot.device.fault", Val::Static("x"))])]).is_empty()
    );
}

#[test]
fn failures_within_a_minute_are_a_fault() {
    let failure = |s: i64| {
        let mut e = op(MONDAY + s * SECOND, (HMI, PLCS[0]), "read_coils", "monitor", "failure");
        e.set("ot.exception.name", "server_device_failure");
        e
    };
    assert_eq!(told(&run(&mut context(""), (0..5).map(failure))), ["fault 10.0.0.11"]);
    assert!(run(&mut context(""), (0..5).map(|i| failure(i * 45))).is_empty());
    let refused = (0..9).map(|s| op(MONDAY + s * SECOND, (HMI, PLCS[0]), "read_coils", "monitor", "failure"));
    assert!(run(&mut context(""), refused).is_empty());
}

#[test]
fn a_clock_that_jumps_or_is_off_is_told() {
    let c = &mut context("");
    let made = run(c, [clock(0, PLCS[0], 0.2, None), clock(60, PLCS[0], 86_400.2, Some(0.2))]);
    assert_eq!(told(&made), ["clock-jump 10.0.0.11"]);
    assert!(made[0].text("event.reason").is_some_and(|r| r.contains("jumped forward by 24 h")), "{made:?}");
    assert_eq!(made[0].get("sentinel.availability.clock_jump"), Some(&Val::Float(86_400.0)));
    // another master sees the same jump
    assert!(run(c, [clock(90, PLCS[0], 86_400.3, Some(0.1))]).is_empty());
    // two minutes wrong is wrong, a time zone is not, nor a second
    let made = run(c, [clock(200, PLCS[1], -120.0, None), clock(260, PLCS[1], -151.0, None)]);
    assert_eq!(told(&made), ["clock-off 10.0.0.12"]);
    assert!(
        made[0].text("event.reason").is_some_and(|r| r.contains("120 s slow") || r.contains("2 min slow"))
    );
    assert!(run(c, [clock(300, PLCS[2], 7201.0, None), clock(301, PLCS[2], 1.0, None)]).is_empty());
    // summer time is told with less confidence
    let made = run(c, [clock(400, PLCS[2], 3600.5, Some(0.0))]);
    assert_eq!(made[0].get("sentinel.confidence"), Some(&Val::Float(0.3)));
}

#[test]
fn clocks_that_jump_alike_point_at_the_sensor() {
    let made = run(
        &mut context(""),
        (0..6).map(|i| clock(i * 10, &format!("10.0.0.{}", 11 + i), -600.0 + i as f64 / 10.0, Some(0.0))),
    );
    assert_eq!(told(&made), ["clock-jump 10.0.0.11", "clock-jump 10.0.0.12", "clock-jump -"]);
    assert!(made[2].text("event.reason").is_some_and(|r| r.contains("clock of the sensor")));
}

#[test]
fn what_was_told_of_devices_survives_a_snapshot() {
    let c = &mut context("");
    run(c, [clock(0, PLCS[0], 500.0, None)]);
    let state = c.snapshot();
    let after = &mut context("");
    after.restore(&state).expect("restored");
    assert_eq!(after.snapshot(), state);
    assert!(run(after, [clock(60, PLCS[0], 531.0, None)]).is_empty());
    // what stores hold of the form before goes on, without this
    let empty = context("").snapshot();
    let mut old = empty.strip_suffix(&[0, 0, 0]).expect("nothing said").to_vec();
    old[16] = 1;
    after.restore(&old).expect("the first form");
    assert_eq!(after.snapshot(), empty);
}
