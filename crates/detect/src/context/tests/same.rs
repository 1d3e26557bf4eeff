//! The same events give the same, however they come.

use super::*;
use proptest::prelude::*;

/// A small plant whose habits change, from a seed: steps of up to 30 s, few hosts, many kinds.
fn stream(seed: u64, n: usize) -> Vec<Event> {
    let mut state = seed | 1;
    let mut random = move |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let mut t = MONDAY;
    (0..n)
        .map(|i| {
            t += [1_000, 300_000, 2_000_000, 10_000_000][random(4) as usize];
            if random(2) == 0 {
                // a terminal that is polled, and does not answer towards the end
                let outcome = if i < n * 2 / 3 { "success" } else { "unknown" };
                let mut e = op(t, ("10.0.0.9", "10.0.3.9"), "read", "monitor", outcome);
                e.order = (i as u64, 0);
                return e;
            }
            let late = if random(20) == 0 { 40 * SECOND } else { 0 };
            let client = format!("10.0.{}.{}", random(2), random(4) + 1);
            let server = format!("10.0.3.{}", random(5) + 1);
            let name = ["read", "write", "stop"][random(3) as usize];
            let category = ["monitor", "control", "engineering"][random(3) as usize];
            let outcome = ["success", "success", "success", "failure", "unknown"][random(5) as usize];
            let mut e = op(t - late, (&client, &server), name, category, outcome);
            e.order = (i as u64, 0);
            if random(6) == 0 {
                e.set("event.dataset", "sentinel.flow");
                e.set("source.bytes", random(1 << 24) as i64);
                e.set("destination.bytes", random(2) as i64);
                e.set("sentinel.flow.state", if random(3) == 0 { "S0" } else { "SF" });
            }
            e
        })
        .collect()
}

const SETTINGS: &str =
    r#"{"baseline": {"learning": 60, "novel": 600}, "availability": {"least": 5, "steady": 60}}"#;

fn whole(events: Vec<Event>) -> (Vec<Event>, Vec<u8>) {
    let mut c = context(SETTINGS);
    let mut out = Vec::new();
    for mut e in events {
        let mut extra = Vec::new();
        c.enrich(&mut e, &mut extra);
        out.append(&mut extra);
        out.push(e);
    }
    c.finish(&mut out);
    (out, c.snapshot())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn any_split_into_batches_and_any_snapshot(seed in any::<u64>(), cuts in prop::collection::vec(0usize..400, 0..6)) {
        let events = stream(seed, 400);
        let (wanted, end) = whole(events.clone());
        let mut c = context(SETTINGS);
        let mut out = Vec::new();
        for (i, mut e) in events.into_iter().enumerate() {
            if cuts.contains(&i) {
                // a batch ends: the watermark is told, and the state goes through bytes
                c.advance(c.clock.wall.unwrap_or(0), &mut out);
                let bytes = c.snapshot();
                c = context(SETTINGS);
                c.restore(&bytes).expect("restores");
                prop_assert_eq!(c.snapshot(), bytes);
            }
            let mut extra = Vec::new();
            c.enrich(&mut e, &mut extra);
            out.append(&mut extra);
            out.push(e);
        }
        c.finish(&mut out);
        prop_assert_eq!(out, wanted);
        prop_assert_eq!(c.snapshot(), end);
    }

    #[test]
    fn bytes_that_are_no_state_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut c = context("");
        prop_assert!(c.restore(&bytes).is_err());
        let mut damaged = whole(stream(1, 50)).1;
        for (i, b) in bytes.iter().enumerate() {
            let at = (usize::from(*b) * 31 + i * 7) % damaged.len();
            damaged[at] ^= b | 1;
        }
        let _ = c.restore(&damaged); // refused or not, it does not panic, nor does what comes next
        run(&mut c, stream(2, 50));
    }
}

#[test]
fn ids_are_unique_and_events_are_in_order() {
    let (events, _) = whole(stream(7, 3000));
    let made: Vec<&Event> = events.iter().filter(|e| e.order.1 & 0x8000_0000 != 0).collect();
    let ids: std::collections::HashSet<u128> = made.iter().map(|e| e.id).collect();
    let kinds: std::collections::BTreeSet<_> = made.iter().filter_map(|e| e.text("event.action")).collect();
    assert!(kinds.contains("new-device") && kinds.contains("offline"), "{kinds:?}");
    assert_eq!(ids.len(), made.len());
}

#[test]
fn tables_are_bounded() {
    let mut c = context(r#"{"limits": {"hosts": 50, "conversations": 40, "functions": 60, "names": 30}}"#);
    let events = (0..5000i64).map(|i| {
        let mut e = poll(MONDAY + i * 1000, &format!("10.{}.{}.1", i / 250, i % 250), "10.200.0.1");
        e.set("ot.function.name", format!("f{i}"));
        e
    });
    run(&mut c, events);
    let counters = c.counters();
    let of = |name: &str| counters.iter().find(|(n, _)| n == name).map_or(0, |(_, v)| *v);
    assert_eq!((of("context_hosts"), of("context_conversations")), (50, 40));
    assert!(of("context_functions") <= 60);
    assert!(of("context_hosts_lost") > 4000 && of("context_names_lost") > 0);
}

#[test]
fn an_entry_takes_no_more_than_the_docs_say() {
    use crate::context::baseline::{Hours, Seen, Volume};
    use crate::context::conv::Conv;
    use crate::context::hosts::{Host, Key};
    use crate::context::rhythm::Rhythm;
    use std::mem::size_of;
    // an entry, and its place in an index that is half empty
    let host = size_of::<Host>() + 2 * (size_of::<Key>() + 5);
    let conv = size_of::<Conv>() + 2 * (16 + 5);
    assert!(host <= 400, "{host}");
    assert!(conv <= 260, "{conv}");
    assert!(size_of::<Rhythm>() + 16 <= 240, "{}", size_of::<Rhythm>());
    for entry in
        [size_of::<(u32, u16, Seen)>(), size_of::<(u32, u16, Hours)>(), size_of::<(u32, u32, Volume)>()]
    {
        assert!(2 * (entry + 1) <= 100, "{entry}");
    }
}
