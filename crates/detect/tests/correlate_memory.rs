//! The memory formula against what the process really takes. A process of its own, so that nothing else is counted.

use sentinel_detect::correlate::{Correlator, Detection, Kind, Limits, Rule};
use sentinel_detect::event::Event;
use sentinel_wire::model::Val;

/// Resident bytes (second field of statm, pages of 4 KiB; proc(5)); `None` where there is no such file.
fn resident() -> Option<usize> {
    let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
    Some(statm.split(' ').nth(1)?.parse::<usize>().ok()? * 4096)
}

fn correlator(body: &str, limits: Limits) -> Correlator {
    let yaml = format!("title: t\nname: t\ncorrelation: {{{body}}}\n");
    let rule = Rule::read(&yaml, "m.yml", 1).unwrap();
    let detections = ["a", "b", "c"].map(|n| Detection { name: Some(n), ..Detection::default() });
    let (c, refused) = Correlator::new(vec![rule], &detections, limits);
    assert!(refused.is_empty(), "{refused:?}");
    c
}

const BODIES: [(Kind, &str); 8] = [
    (Kind::EventCount, "type: event_count, rules: a, group-by: [g], timespan: 1d, condition: {gte: 60000}"),
    (
        Kind::ValueCount,
        "type: value_count, rules: a, group-by: [g], timespan: 1d, condition: {field: v, gte: 60000}",
    ),
    (
        Kind::ValueSum,
        "type: value_sum, rules: a, group-by: [g], timespan: 1d, condition: {field: n, gt: 1e30}",
    ),
    (
        Kind::ValueAvg,
        "type: value_avg, rules: a, group-by: [g], timespan: 1d, condition: {field: n, gt: 1e30}",
    ),
    (
        Kind::ValueMedian,
        "type: value_median, rules: a, group-by: [g], timespan: 1d, condition: {field: n, gt: 1e30}",
    ),
    (
        Kind::ValuePercentile,
        "type: value_percentile, rules: a, group-by: [g], timespan: 1d, condition: {field: n, gt: 1e30}",
    ),
    (Kind::Temporal, "type: temporal, rules: [a, b, c], group-by: [g], timespan: 1d"),
    (
        Kind::TemporalOrdered,
        "type: temporal_ordered, rules: [a, b, c], group-by: [g], timespan: 1d, condition: {gte: 2}",
    ),
];

fn feed(c: &mut Correlator, events: u64, groups: u64) {
    let mut out = Vec::new();
    let mut e = Event::default();
    for i in 0..events {
        // A mix that leaves no pattern: groups come and go in no order.
        let g = i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
        e.set("g", format!("group {:10}", g % groups));
        e.set("v", format!("value {:10}", g % 100_003));
        e.set("n", Val::Float(g as f64 / 3.0));
        c.feed(i as i64, u128::from(i), &[(i % 3) as u32 * u32::from(i % 2 == 0)], &e, &mut out);
        out.clear();
    }
}

fn the_formula_says_what_is_held() {
    for (kind, body) in BODIES {
        let mut c = correlator(body, Limits::default());
        let before = resident();
        feed(&mut c, 300_000, 100_000);
        let (Some(before), Some(after)) = (before, resident()) else { return };
        let (held, counted) = (after.saturating_sub(before), c.memory());
        println!("{}: {held} held, {counted} counted, {:?}", kind.name(), c.counters());
        // The allocator keeps some of what was freed while collections grew, and gives some of it to the next.
        assert!(counted > 3_000_000, "{}: {counted}", kind.name());
        let difference = held.abs_diff(counted) as f64 / counted as f64;
        assert!(difference < 0.4, "{}: {held} held, {counted} counted", kind.name());
        std::mem::forget(c);
    }
}

fn no_rule_is_larger_than_its_bounds_say() {
    let limits = Limits { groups: 2000, entries: 10_000, entries_per_group: 1000, ..Limits::default() };
    for (kind, body) in BODIES {
        let body = body.replace("60000", "900");
        for groups in [1, 50, 5000] {
            let mut c = correlator(&body, limits);
            feed(&mut c, 60_000, groups);
            let (bound, counted) = (limits.bytes(kind, 19, 19, 3), c.memory());
            assert!(counted <= bound, "{} of {groups} groups: {counted} bytes, {bound} allowed", kind.name());
            let n = c.counters();
            assert!(n.groups <= 2000 && n.entries <= 10_000, "{n:?}");
        }
    }
}

/// One after the other: memory is that of the whole process.
#[test]
fn memory_is_what_the_formulas_say() {
    the_formula_says_what_is_held();
    no_rule_is_larger_than_its_bounds_say();
}
