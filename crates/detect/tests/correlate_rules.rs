//! What a correlation rule means, one sentence of `docs/concepts/correlation.md` after the other.

use sentinel_detect::correlate::{Correlator, Detection, Firing, Item, Limits, Rule, What};
use sentinel_detect::event::Event;
use sentinel_wire::model::Val;

const SECOND: i64 = 1_000_000;

fn rule(yaml: &str) -> Rule {
    Rule::read(yaml, "r.yml", 1).unwrap_or_else(|r| panic!("{r}"))
}

/// A rule from the lines of its `correlation`, braces and all in flow style.
fn corr(name: &str, body: &str) -> Rule {
    rule(&format!("title: {name}\nname: {name}\ncorrelation: {{{body}}}\n"))
}

const NAMES: [&str; 4] = ["a", "b", "c", "d"];

fn detections() -> Vec<Detection<'static>> {
    NAMES.iter().map(|n| Detection { name: Some(n), ..Detection::default() }).collect()
}

struct Bench {
    c: Correlator,
    id: u128,
    out: Vec<Firing>,
}

impl Bench {
    fn with(rules: Vec<Rule>, limits: Limits) -> Bench {
        let (c, refused) = Correlator::new(rules, &detections(), limits);
        assert!(refused.is_empty(), "{refused:?}");
        Bench { c, id: 0, out: Vec::new() }
    }
    fn new(rules: Vec<Rule>) -> Bench {
        Bench::with(rules, Limits::default())
    }
    /// An event at a second, with the rules it matches and fields as `name=value`.
    fn at(&mut self, second: f64, rules: &str, fields: &[(&str, Val)]) -> Vec<Firing> {
        self.id += 1;
        let time = (second * SECOND as f64).round() as i64;
        let mut e = Event { time, id: self.id, ..Event::default() };
        for (n, v) in fields {
            e.set(n.to_string(), v.clone());
        }
        let hits: Vec<u32> = rules.chars().map(|c| c as u32 - 'a' as u32).collect();
        self.c.feed(time, self.id, &hits, &e, &mut self.out);
        std::mem::take(&mut self.out)
    }
    fn clock(&mut self, second: f64) -> Vec<Firing> {
        self.c.advance((second * SECOND as f64).round() as i64, &mut self.out);
        std::mem::take(&mut self.out)
    }
}

fn times(list: &[Firing]) -> Vec<f64> {
    list.iter().map(|f| f.time as f64 / SECOND as f64).collect()
}

fn host(h: &str) -> [(&'static str, Val); 1] {
    [("host", Val::from(h))]
}

#[test]
fn a_window_includes_both_its_ends() {
    let mut b =
        Bench::new(vec![corr("n", "type: event_count, rules: a, timespan: 10s, condition: {gte: 2}")]);
    b.at(0.0, "a", &[]);
    assert_eq!(times(&b.at(10.0, "a", &[])), [10.0]);
    let mut b =
        Bench::new(vec![corr("n", "type: event_count, rules: a, timespan: 10s, condition: {gte: 2}")]);
    b.at(0.0, "a", &[]);
    assert!(b.at(10.000001, "a", &[]).is_empty(), "a microsecond later");
}

#[test]
fn a_group_that_stays_true_fires_once_a_window() {
    let mut b =
        Bench::new(vec![corr("n", "type: event_count, rules: a, timespan: 10s, condition: {gte: 2}")]);
    let fired: Vec<f64> = (0..30).flat_map(|i| times(&b.at(f64::from(i), "a", &[]))).collect();
    assert_eq!(fired, [1.0, 12.0, 23.0]);
}

#[test]
fn a_group_that_became_false_fires_again_at_once() {
    let mut b =
        Bench::new(vec![corr("n", "type: event_count, rules: a, timespan: 10s, condition: {gte: 3}")]);
    for (t, want) in [(0.0, false), (1.0, false), (10.0, true), (11.5, false), (12.0, true)] {
        assert_eq!(!b.at(t, "a", &[]).is_empty(), want, "{t}");
    }
}

#[test]
fn a_missing_group_key_makes_no_group() {
    let yaml = "type: event_count, rules: a, group-by: [host], timespan: 10s, condition: {gte: 1}";
    let mut b = Bench::new(vec![corr("n", yaml)]);
    assert!(b.at(0.0, "a", &[]).is_empty());
    assert_eq!(b.at(0.0, "a", &host("x")).len(), 1);
    assert!(b.at(0.0, "a", &[("host", Val::Float(f64::NAN))]).is_empty());
    assert_eq!(b.c.counters().groups, 1);
}

#[test]
fn a_number_and_its_text_are_one_group() {
    let yaml = "type: event_count, rules: a, group-by: [port], timespan: 10s, condition: {gte: 2}";
    let mut b = Bench::new(vec![corr("n", yaml)]);
    b.at(0.0, "a", &[("port", Val::Int(502))]);
    let fired = b.at(1.0, "a", &[("port", Val::from("502"))]);
    assert_eq!(fired[0].group, [("port".into(), Val::from("502"))], "as the last event writes it");
}

#[test]
fn group_by_across_rules_uses_aliases() {
    let yaml = "type: temporal, rules: [a, b], group-by: [inner], timespan: 10s, \
                aliases: {inner: {a: destination.ip, b: source.ip}}";
    let mut b = Bench::new(vec![corr("n", yaml)]);
    let ip = |n: &'static str, v: &str| [(n, Val::from(v))];
    b.at(0.0, "a", &ip("destination.ip", "10.0.0.1"));
    assert!(b.at(1.0, "b", &ip("destination.ip", "10.0.0.1")).is_empty());
    let fired = b.at(2.0, "b", &ip("source.ip", "10.0.0.1"));
    assert_eq!(fired[0].group, [("inner".into(), Val::from("10.0.0.1"))]);
    assert_eq!(fired[0].witnesses.iter().map(|w| (w.rule, w.event)).collect::<Vec<_>>(), [(0, 1), (1, 3)]);
}

#[test]
fn an_order_is_checked_over_all_rules() {
    let yaml = "type: temporal_ordered, rules: [a, b, c], timespan: 10s";
    let mut b = Bench::new(vec![corr("n", yaml)]);
    for (t, r) in [(0.0, "a"), (1.0, "c"), (2.0, "b")] {
        assert!(b.at(t, r, &[]).is_empty());
    }
    let fired = b.at(10.0, "c", &[]);
    assert_eq!(fired[0].witnesses.iter().map(|w| w.event).collect::<Vec<_>>(), [1, 3, 4]);
    assert_eq!((fired[0].first, fired[0].last, fired[0].value), (0, 10 * SECOND, 3.0));
    let mut late = Bench::new(vec![corr("n", yaml)]);
    for (t, r) in [(0.0, "a"), (2.0, "b"), (10.1, "c")] {
        assert!(late.at(t, r, &[]).is_empty());
    }
    late.at(11.0, "a", &[]);
    late.at(11.0, "b", &[]);
    assert_eq!(late.at(11.0, "c", &[]).len(), 1, "equal times in order of coming");
}

#[test]
fn a_rule_listed_twice_counts_once_and_is_two_steps() {
    let count = corr("n", "type: event_count, rules: [a, a], timespan: 10s, condition: {gte: 2}");
    let both = corr("t", "type: temporal, rules: [a, a, b], timespan: 10s");
    let steps = corr("o", "type: temporal_ordered, rules: [a, a, b], timespan: 10s");
    let mut b = Bench::new(vec![count, both, steps]);
    assert!(b.at(0.0, "a", &[]).is_empty());
    let fired: Vec<u32> = b.at(1.0, "b", &[]).iter().map(|f| f.rule).collect();
    assert_eq!(fired, [5], "temporal has both");
    let fired: Vec<u32> = b.at(2.0, "a", &[]).iter().map(|f| f.rule).collect();
    assert_eq!(fired, [4]);
    let fired: Vec<u32> = b.at(3.0, "b", &[]).iter().map(|f| f.rule).collect();
    assert_eq!(fired, [6], "a, a, b");
}

#[test]
fn one_event_that_matches_two_rules() {
    let count = corr("n", "type: event_count, rules: [a, b], timespan: 10s, condition: {gte: 2}");
    let both = corr("t", "type: temporal, rules: [a, b], timespan: 10s");
    let order = corr("o", "type: temporal_ordered, rules: [a, b], timespan: 10s");
    let mut b = Bench::new(vec![count, both, order]);
    let fired = b.at(0.0, "ab", &[]);
    assert_eq!(fired.iter().map(|f| f.rule).collect::<Vec<_>>(), [5], "is one event, both rules, one step");
    assert_eq!(fired[0].witnesses.len(), 2);
    let fired = b.at(1.0, "ab", &[]);
    assert_eq!(fired.iter().map(|f| f.rule).collect::<Vec<_>>(), [4, 6]);
}

#[test]
fn thresholds_are_floats() {
    let yaml = "type: value_avg, rules: a, timespan: 10s, condition: {field: v, gt: 1.25, lte: 1000}";
    assert!(Correlator::new(vec![corr("n", yaml)], &detections(), Limits::default()).1.is_empty());
    let yaml = "type: value_sum, rules: a, timespan: 10s, condition: {field: v, gte: 0.75}";
    let mut b = Bench::new(vec![corr("n", yaml)]);
    assert!(b.at(0.0, "a", &[("v", Val::Float(0.5))]).is_empty());
    assert!(b.at(1.0, "a", &[("v", Val::from("no number"))]).is_empty());
    assert!(b.at(1.0, "a", &[("v", Val::from("1e400"))]).is_empty());
    assert_eq!(b.at(2.0, "a", &[("v", Val::from("0.25"))])[0].value, 0.75);
    assert_eq!(b.c.counters().not_numeric, 2);
}

#[test]
fn distinct_values_percentiles_and_medians() {
    let count = corr("n", "type: value_count, rules: a, timespan: 10s, condition: {field: v, gte: 3}");
    let median = corr("m", "type: value_median, rules: a, timespan: 10s, condition: {field: v, gte: 2.5}");
    let high = corr(
        "p",
        "type: value_percentile, rules: a, timespan: 10s, condition: {field: v, percentile: 90, gt: 3.5}",
    );
    let mut b = Bench::new(vec![count, median, high]);
    let mut at =
        |t: f64, v: Val| b.at(t, "a", &[("v", v)]).iter().map(|f| (f.rule, f.value)).collect::<Vec<_>>();
    assert!(at(0.0, Val::Int(1)).is_empty());
    assert!(at(1.0, Val::from("1")).is_empty());
    assert!(at(2.0, Val::Float(2.0)).is_empty());
    assert_eq!(at(3.0, Val::Int(4)), [(4, 3.0)]);
    assert_eq!(at(4.0, Val::Int(4)), [(6, 4.0)], "90 % of 1, 1, 2, 4, 4");
    assert_eq!(at(10.5, Val::Int(3)), [(5, 3.0)], "1, 2, 3, 4, 4");
}

#[test]
fn a_list_counts_each_of_its_values() {
    let yaml = "type: value_count, rules: a, group-by: [host], timespan: 10s, condition: {field: v, gte: 3}";
    let mut b = Bench::new(vec![corr("n", yaml)]);
    let list = |l: &[i64]| Val::from(l.iter().map(|i| Val::Int(*i)).collect::<Vec<_>>());
    let both = Val::from(vec![Val::from("x"), Val::from("y")]);
    let fired = b.at(0.0, "a", &[("v", list(&[1, 2, 3])), ("host", both)]);
    assert_eq!(fired.len(), 2, "and belongs to the group of each");
    assert_eq!(fired[0].witnesses.len(), 1, "one event is one witness");
}

#[test]
fn absence_fires_when_the_window_ends() {
    let yaml = "type: event_count, rules: a, group-by: [host], timespan: 60s, condition: {eq: 0}";
    let mut b = Bench::new(vec![corr("n", yaml)]);
    assert!(b.clock(500.0).is_empty(), "a group that was never seen is not missed");
    for t in [500.0, 540.0, 600.0] {
        assert!(b.at(t, "a", &host("x")).is_empty(), "60 s after the last is in time");
    }
    b.at(610.0, "a", &host("y"));
    assert!(b.clock(660.0).is_empty(), "an event at 660 may still come");
    let fired = b.clock(661.0);
    assert_eq!((times(&fired), fired[0].event), (vec![660.0], None));
    assert_eq!((fired[0].group[0].1.clone(), fired[0].value), (Val::from("x"), 0.0));
    assert_eq!((fired[0].first, fired[0].last), (600 * SECOND, 660 * SECOND));
    assert_eq!(times(&b.clock(9999.0)), [670.0], "y, and x is not told again");
    assert_eq!(b.c.counters().groups, 0);
    b.at(10_000.0, "a", &host("x"));
    assert_eq!(times(&b.clock(20_000.0)), [10_060.0], "it came back and went again");
}

#[test]
fn absence_without_groups_watches_from_the_first_event_on() {
    let yaml = "type: event_count, rules: b, timespan: 60s, condition: {lt: 1}";
    let mut b = Bench::new(vec![corr("n", yaml)]);
    b.at(100.0, "a", &[]);
    assert_eq!(times(&b.at(200.0, "a", &[])), [160.0]);
    assert!(b.at(900.0, "b", &[]).is_empty());
    assert_eq!(times(&b.clock(2000.0)), [960.0]);
    let mut live = Bench::new(vec![corr("n", yaml)]);
    live.c.start(0);
    assert_eq!(times(&live.clock(61.0)), [60.0], "started by hand, without any event");
}

#[test]
fn too_few_is_told_of_every_window_of_events() {
    let yaml = "type: event_count, rules: a, group-by: [host], timespan: 60s, condition: {lt: 3}";
    let mut b = Bench::new(vec![corr("n", yaml)]);
    let fired: Vec<f64> = (0..20).flat_map(|i| times(&b.at(f64::from(i) * 20.0, "a", &host("x")))).collect();
    assert!(fired.is_empty(), "every 20 s is three in a minute");
    let fired: Vec<f64> = (20..30).flat_map(|i| times(&b.at(f64::from(i) * 40.0, "a", &host("x")))).collect();
    assert_eq!(fired[0], 400.0, "two after 340");
}

#[test]
fn what_more_events_can_spoil_is_judged_at_the_end() {
    let five = corr("n", "type: event_count, rules: a, timespan: 10s, condition: {eq: 2}");
    let lonely =
        corr("l", "type: temporal, rules: [a, b], group-by: [host], timespan: 10s, condition: a and not b");
    let mut b = Bench::new(vec![five, lonely]);
    b.at(0.0, "a", &host("x"));
    b.at(1.0, "b", &host("x"));
    assert!(b.at(2.0, "a", &host("y")).is_empty());
    let fired = b.clock(20.0);
    assert_eq!(times(&fired), [10.0, 12.0]);
    assert_eq!((fired[0].rule, fired[0].value, fired[0].witnesses.len()), (4, 2.0, 2));
    assert_eq!((fired[1].rule, fired[1].group[0].1.clone()), (5, Val::from("y")), "x had its b");
    for t in [30.0, 31.0, 32.0] {
        b.at(t, "a", &[]);
    }
    assert!(b.clock(99.0).is_empty(), "three are not two, at no moment");
}

#[test]
fn a_window_that_did_not_end_is_not_judged() {
    let yaml = "type: event_count, rules: a, timespan: 10s, condition: {eq: 1}";
    let mut b = Bench::new(vec![corr("n", yaml)]);
    b.at(0.0, "a", &[]);
    b.at(9.0, "b", &[]);
    b.c.finish(&mut b.out);
    assert!(b.out.is_empty());
    b.at(10.0, "b", &[]);
    b.c.finish(&mut b.out);
    assert_eq!(times(&b.out), [10.0]);
}

#[test]
fn conditions_of_rules() {
    let yaml =
        "type: temporal_ordered, rules: [a, b, c, d], timespan: 10s, condition: (a or b) and c and not d";
    let mut b = Bench::new(vec![corr("n", yaml)]);
    for (t, r) in [(0.0, "c"), (1.0, "b"), (20.0, "b"), (21.0, "c"), (40.0, "a"), (41.0, "c"), (42.0, "d")] {
        b.at(t, r, &[]);
    }
    b.clock(99.0);
    let mut again = Bench::new(vec![corr("n", yaml)]);
    let mut fired = Vec::new();
    for (t, r) in [(0.0, "c"), (1.0, "b"), (20.0, "b"), (21.0, "c"), (40.0, "a"), (41.0, "c"), (42.0, "d")] {
        fired.extend(again.at(t, r, &[]));
    }
    fired.extend(again.clock(99.0));
    assert_eq!(times(&fired), [30.0], "c before b is no order, d spoils");
    assert_eq!(fired[0].witnesses.iter().map(|w| w.event).collect::<Vec<_>>(), [3, 4]);
}

#[test]
fn correlations_chain_and_generate_says_who_alerts() {
    let many = "type: event_count, rules: a, group-by: [user, host], timespan: 10s, condition: {gte: 3}";
    let then = "type: temporal_ordered, rules: [many, b], group-by: [user], timespan: 60s";
    let mut b = Bench::new(vec![corr("then", then), corr("many", many)]);
    assert_eq!(b.c.silent(), [0, 1, 5], "what is referred to is silent");
    let who = |u: &str, h: &str| [("user", Val::from(u)), ("host", Val::from(h))];
    b.at(0.0, "b", &who("eve", "h1"));
    for i in 0..3 {
        assert!(b.at(f64::from(i), "a", &who("eve", "h1")).is_empty());
    }
    assert!(b.at(5.0, "b", &who("bob", "h2")).is_empty());
    let fired = b.at(6.0, "b", &who("eve", "h9"));
    assert_eq!((fired.len(), fired[0].rule), (1, 4));
    assert_eq!(fired[0].group, [("user".into(), Val::from("eve"))], "its own group-by");
    assert_eq!(fired[0].witnesses.iter().map(|w| (w.rule, w.event)).collect::<Vec<_>>(), [(5, 4), (1, 6)]);

    let mut loud = corr("then", then);
    loud.generate = true;
    let b = Bench::new(vec![loud, corr("many", many)]);
    assert_eq!(b.c.silent(), [0], "generate speaks for the rules it names, not for those below");
}

#[test]
fn an_absence_can_be_part_of_a_story() {
    let gone = "type: event_count, rules: a, group-by: [host], timespan: 10s, condition: {eq: 0}";
    let after = "type: temporal_ordered, rules: [b, gone], group-by: [host], timespan: 60s";
    let mut b = Bench::new(vec![corr("gone", gone), corr("after", after)]);
    b.at(0.0, "a", &host("x"));
    b.at(1.0, "b", &host("x"));
    let fired = b.clock(30.0);
    assert_eq!((times(&fired), fired[0].rule), (vec![10.0], 5));
    assert_eq!(fired[0].event, None);
}

#[test]
fn late_events_are_counted_not_correlated() {
    let mut b =
        Bench::new(vec![corr("n", "type: event_count, rules: a, timespan: 10s, condition: {gte: 2}")]);
    b.at(5.0, "a", &[]);
    assert!(b.at(4.0, "a", &[]).is_empty());
    b.clock(20.0);
    b.at(19.0, "a", &[]);
    assert_eq!(b.c.counters().late, 2);
}

fn small(groups: usize, entries: usize, entries_per_group: usize) -> Limits {
    Limits { groups, entries, entries_per_group, ..Limits::default() }
}

#[test]
fn groups_are_bounded_and_the_oldest_goes() {
    let yaml = "type: event_count, rules: a, group-by: [host], timespan: 100s, condition: {gte: 3}";
    let mut b = Bench::with(vec![corr("n", yaml)], small(2, 100, 100));
    let mut loss = Vec::new();
    for (t, h) in [(0.0, "x"), (1.0, "y"), (2.0, "x"), (3.0, "z"), (4.0, "y")] {
        loss.extend(b.at(t, "a", &host(h)));
    }
    let c = b.c.counters();
    assert_eq!((c.groups, c.evicted_groups), (2, 2), "y went for z, then x for y");
    assert_eq!((loss.len(), loss[0].what, loss[0].value), (1, What::Loss, 1.0), "told once an hour");
    b.at(5.0, "a", &host("y"));
    let fired = b.at(6.0, "a", &host("y"));
    assert!(fired[0].lossy, "more of y may have been lost");
    let told: Vec<Firing> = (0..5).flat_map(|i| b.at(4000.0, "a", &host(&format!("n{i}")))).collect();
    assert_eq!(
        told.iter().map(|f| (f.what, f.value)).collect::<Vec<_>>(),
        [(What::Loss, 2.0)],
        "with what waited"
    );
}

#[test]
fn entries_are_bounded_and_the_oldest_go() {
    let yaml = "type: value_count, rules: a, group-by: [host], timespan: 100s, condition: {field: v, gte: 3}";
    let mut b = Bench::with(vec![corr("n", yaml)], small(10, 6, 3));
    let two = |h: &str, v: i64| [("host", Val::from(h)), ("v", Val::Int(v))];
    let mut out = Vec::new();
    for v in 0..50 {
        out.extend(b.at(v as f64 / 10.0, "a", &two("x", v)));
    }
    let c = b.c.counters();
    assert_eq!((c.entries, c.dropped_entries), (3, 47), "3 of a group");
    assert_eq!(out.iter().filter(|f| f.what == What::Match).count(), 1);
    for h in ["p", "q", "r"] {
        b.at(6.0, "a", &two(h, 1));
        b.at(6.0, "a", &two(h, 2));
    }
    let c = b.c.counters();
    assert_eq!((c.entries, c.dropped_entries, c.groups), (6, 50, 3), "6 of the rule: x is gone");
    assert!(b.c.memory() < 20_000);
}

#[test]
fn the_log_does_not_grow_with_what_is_dropped() {
    let yaml = "type: event_count, rules: a, group-by: [host], timespan: 1d, condition: {gte: 5}";
    let mut b = Bench::with(vec![corr("n", yaml)], small(3, 100, 10));
    for i in 0..50_000 {
        b.at(f64::from(i) / 1000.0, "a", &host(["x", "y", "z", "w"][i as usize % 4]));
    }
    assert!(b.c.memory() < 300_000, "{}", b.c.memory());
}

#[test]
fn a_snapshot_knows_the_rules_it_was_made_with() {
    let n = |gte: u32| {
        corr("n", &format!("type: event_count, rules: a, timespan: 10s, condition: {{gte: {gte}}}"))
    };
    let above = || corr("above", "type: temporal, rules: [n, b], timespan: 10s");
    let mut b = Bench::new(vec![n(2), above()]);
    b.at(0.0, "a", &[]);
    let saved = b.c.snapshot().unwrap();
    let mut same = Bench::new(vec![above(), n(2)]);
    assert_eq!(same.c.restore(&saved).unwrap().kept, [4, 5], "wherever they stand now");
    same.at(1.0, "a", &[]);
    assert_eq!(same.at(1.0, "b", &[]).len(), 1);
    let mut changed = Bench::new(vec![n(3), above()]);
    let r = changed.c.restore(&saved).unwrap();
    assert_eq!((r.kept.len(), r.anew), (0, vec![4, 5]), "and what stands on it starts anew");
    let other: Vec<Detection<'_>> =
        detections().into_iter().map(|d| Detection { definition: 9, ..d }).collect();
    let (mut c, _) = Correlator::new(vec![n(2)], &other, Limits::default());
    assert_eq!(c.restore(&saved).unwrap().anew, [4], "a detection below changed");
    assert_eq!(c.restore(&saved[..saved.len() - 9]).unwrap_err(), "snapshot of correlations: it is damaged");
    assert_eq!(c.restore(&[]).unwrap_err(), "snapshot of correlations: it is cut");
}

#[test]
fn bad_rules_are_one_line_and_the_others_run() {
    let count = |name: &str, of: &str| {
        corr(name, &format!("type: event_count, rules: [{of}], timespan: 10s, condition: {{gte: 1}}"))
    };
    let cond =
        |c: &str| corr("n", &format!("type: event_count, rules: a, timespan: 10s, condition: {{{c}}}"));
    let one = |r: Rule| -> String {
        let (_, refused) = Correlator::new(vec![r, count("good", "a")], &detections(), Limits::default());
        assert_eq!(refused.len(), 1, "{refused:?}");
        refused[0].to_string()
    };
    for (rule, want) in [
        (count("n", "nowhere"), "r.yml:1: refers to rule 'nowhere', which is not there"),
        (count("n", "n"), "r.yml:1: cyclic correlation: n -> n"),
        (cond("gte: 0"), "r.yml:1: condition always holds"),
        (cond("lt: 0"), "r.yml:1: condition can never hold"),
        (cond("eq: 2.5"), "r.yml:1: condition can never hold"),
        (cond("gt: 5, lt: 6"), "r.yml:1: condition can never hold"),
        (
            cond("gte: 1000000"),
            "r.yml:1: condition asks for 1000000, more than the 65536 events a window may hold",
        ),
        (
            corr("n", "type: temporal, rules: [a, b], timespan: 10s, condition: {gte: 3}"),
            "r.yml:1: condition asks for 3 rules, there are 2",
        ),
        (
            corr("n", "type: temporal, rules: [a, b], timespan: 10s, condition: a and b and not a"),
            "r.yml:1: condition can never hold",
        ),
        (
            corr("n", "type: temporal, rules: a, group-by: [x], timespan: 10s, aliases: {x: {b: y}}"),
            "r.yml:1: alias 'x' names rule 'b', which is not in rules",
        ),
    ] {
        assert_eq!(one(rule), want);
    }
    let round = vec![count("p", "q"), count("q", "r"), count("r", "p"), count("s", "p"), count("good", "a")];
    let (mut c, refused) = Correlator::new(round, &detections(), Limits::default());
    let lines: Vec<String> = refused.iter().map(|r| r.to_string()).collect();
    assert_eq!(
        lines,
        [
            "r.yml:1: cyclic correlation: p -> q -> r -> p",
            "r.yml:1: cyclic correlation: q -> r -> p -> q",
            "r.yml:1: cyclic correlation: r -> p -> q -> r",
            "r.yml:1: leads into a cyclic correlation: p -> q -> r -> p",
        ]
    );
    let mut out = Vec::new();
    c.feed(1, 1, &[0], &Event::default(), &mut out);
    assert_eq!(
        out.iter().map(|f| f.rule).collect::<Vec<_>>(),
        [8],
        "the good one keeps its handle and fires"
    );
    let twice = vec![count("x", "a"), count("x", "b"), count("y", "x")];
    let (_, refused) = Correlator::new(twice, &detections(), Limits::default());
    assert_eq!(refused[0].reason, "'x' names more than one rule");
    let below = vec![count("x", "nowhere"), count("y", "x")];
    let (c, refused) = Correlator::new(below, &detections(), Limits::default());
    assert_eq!(refused[1].reason, "refers to 'x', which was refused");
    assert!(c.silent().is_empty(), "a refused correlation silences nothing");
}

#[test]
fn a_long_chain_of_correlations_is_no_danger() {
    let mut rules = vec![corr("n0", "type: event_count, rules: a, timespan: 10s, condition: {gte: 1}")];
    for i in 1..3000 {
        let body = format!("type: event_count, rules: n{}, timespan: 10s, condition: {{gte: 1}}", i - 1);
        rules.push(corr(&format!("n{i}"), &body));
    }
    let mut b = Bench::new(rules);
    assert_eq!(b.at(0.0, "a", &[]).iter().map(|f| f.rule).collect::<Vec<_>>(), [4 + 2999]);
}

#[test]
fn a_batch_is_its_events() {
    let rules = || {
        vec![corr("n", "type: event_count, rules: a, group-by: [host], timespan: 10s, condition: {gte: 2}")]
    };
    let events: Vec<Event> = (0..1000)
        .map(|i| {
            let mut e = Event { time: i / 3, id: i as u128, ..Event::default() };
            e.set("host", format!("h{}", i % 37));
            e
        })
        .collect();
    let hits = [0u32];
    let items: Vec<Item<'_, Event>> =
        events.iter().map(|e| Item { time: e.time, id: e.id, hits: &hits, event: e }).collect();
    let mut results = Vec::new();
    for shards in [1, 4] {
        let mut b = Bench::with(rules(), Limits { shards, ..Limits::default() });
        b.c.feed_batch(&items, &mut b.out);
        results.push(b.out);
    }
    assert_eq!(results[0], results[1]);
    assert_eq!(results[0].len(), 37);
}
