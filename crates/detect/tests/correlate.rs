//! The correlations against an oracle that keeps the whole history and works everything out anew for every event.
//!
//! Ten thousand random streams with late, equal-time and missing-key events, lists, aliases, all types and
//! conditions, alone and chained; each also in shards, in batches and cut by a snapshot.

use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed};
use sentinel_detect::correlate::{
    Condition, Correlator, Detection, Expr, Firing, Item, Kind, Limits, Op, Pushed, Reorder, Rule, What,
};
use sentinel_detect::event::Event;
use sentinel_wire::model::Val;
use std::collections::BTreeMap;

const DETECTIONS: [&str; 4] = ["a", "b", "c", "d"];

// ---------------------------------------------------------------- the oracle

/// A moment: an event, or the end of a window of a child.
#[derive(Clone, Debug)]
struct Moment {
    time: i64,
    id: Option<u128>,
    event: Event,
    /// Rule that matched, and the group of it if it is a correlation.
    hits: Vec<(String, BTreeMap<String, Val>)>,
}

/// What a moment brings to one group.
#[derive(Clone, Debug)]
struct Part {
    time: i64,
    id: u128,
    event: Option<u128>,
    rules: Vec<usize>,
    values: Vec<Val>,
}

#[derive(Clone, Debug, PartialEq)]
struct Fired {
    time: i64,
    event: Option<u128>,
    group: BTreeMap<String, String>,
    value: f64,
    witnesses: Vec<(usize, u128)>,
}

fn text(v: &Val) -> String {
    match v {
        Val::Int(i) => i.to_string(),
        Val::Float(f) if f.fract() == 0.0 => format!("{}", *f as i64),
        Val::Float(f) => format!("{f}"),
        Val::Bool(b) => format!("bool {b}"),
        Val::Str(s) => s.to_string(),
        Val::Static(s) => s.to_string(),
        Val::List(_) => unreachable!("lists are taken apart"),
    }
}

fn elements(v: Option<Val>) -> Vec<Val> {
    match v {
        None => Vec::new(),
        Some(Val::List(l)) => l.into_vec(),
        Some(v) => vec![v],
    }
}

fn number(v: &Val) -> Option<f64> {
    match v {
        Val::Int(i) => Some(*i as f64),
        Val::Float(f) => Some(*f).filter(|f| f.is_finite()),
        Val::Str(s) => s.parse::<f64>().ok().filter(|f| f.is_finite()),
        _ => None,
    }
}

struct Oracle<'a> {
    rule: &'a Rule,
    /// Distinct rules in order of first appearance.
    rules: Vec<&'a str>,
}

impl<'a> Oracle<'a> {
    fn new(rule: &'a Rule) -> Oracle<'a> {
        let mut rules: Vec<&str> = Vec::new();
        for r in &rule.rules {
            if !rules.contains(&r.as_str()) {
                rules.push(r);
            }
        }
        Oracle { rule, rules }
    }

    fn field(&self, name: &str, rule: &str) -> String {
        let alias = self.rule.aliases.iter().find(|(a, _)| a == name);
        let own = alias.and_then(|(_, m)| m.iter().find(|(r, _)| r == rule));
        own.map_or(name, |(_, f)| f).to_string()
    }

    /// Groups and what each moment brings to them.
    fn groups(&self, moments: &[Moment]) -> BTreeMap<Vec<String>, Vec<Part>> {
        let mut out: BTreeMap<Vec<String>, Vec<Part>> = BTreeMap::new();
        for m in moments {
            let mut here: BTreeMap<Vec<String>, (Vec<usize>, Vec<Val>)> = BTreeMap::new();
            for (slot, rule) in self.rules.iter().enumerate() {
                for (_, group) in m.hits.iter().filter(|(h, _)| h == rule) {
                    let get = |f: &str| {
                        let f = self.field(f, rule);
                        group.get(&f).cloned().or_else(|| m.event.get(&f).cloned())
                    };
                    let mut keys: Vec<Vec<String>> = vec![Vec::new()];
                    for g in &self.rule.group_by {
                        let values = elements(get(g));
                        keys = keys
                            .iter()
                            .flat_map(|k| {
                                values
                                    .iter()
                                    .map(|v| k.iter().cloned().chain([text(v)]).collect::<Vec<String>>())
                            })
                            .collect();
                    }
                    for k in keys {
                        let values = match self.rule.fields.first() {
                            Some(f) => elements(get(f)),
                            None => Vec::new(),
                        };
                        let entry = here.entry(k).or_insert((Vec::new(), values));
                        if !entry.0.contains(&slot) {
                            entry.0.push(slot);
                        }
                    }
                }
            }
            for (k, (rules, mut values)) in here {
                if matches!(
                    self.rule.kind,
                    Kind::ValueSum | Kind::ValueAvg | Kind::ValueMedian | Kind::ValuePercentile
                ) {
                    values.retain(|v| number(v).is_some());
                }
                if !self.rule.fields.is_empty() && values.is_empty() {
                    continue;
                }
                let id = m.id.unwrap_or(0);
                out.entry(k).or_default().push(Part { time: m.time, id, event: m.id, rules, values });
            }
        }
        out
    }

    /// Longest chain of the steps, in order, one event a step: every way is tried.
    fn chain(window: &[Part], steps: &[usize]) -> usize {
        let mut table = vec![vec![0usize; steps.len() + 1]; window.len() + 1];
        for i in (0..window.len()).rev() {
            for s in (0..steps.len()).rev() {
                let take = if window[i].rules.contains(&steps[s]) { 1 + table[i + 1][s + 1] } else { 0 };
                table[i][s] = take.max(table[i + 1][s]).max(table[i][s + 1]);
            }
        }
        table[0][0]
    }

    fn present(window: &[Part], slot: usize) -> bool {
        window.iter().any(|p| p.rules.contains(&slot))
    }

    /// The condition, with `chosen` for what is asked to be there and the window for what is asked not to be.
    fn expr(&self, e: &Expr, negated: bool, window: &[Part], chosen: &[usize]) -> bool {
        match e {
            Expr::Rule(name) => {
                let slot = self.rules.iter().position(|r| r == name).unwrap();
                if negated { !Self::present(window, slot) } else { chosen.contains(&slot) }
            }
            Expr::Not(e) => self.expr(e, !negated, window, chosen),
            Expr::And(l) if !negated => l.iter().all(|e| self.expr(e, false, window, chosen)),
            Expr::Or(l) if negated => l.iter().all(|e| self.expr(e, true, window, chosen)),
            Expr::And(l) | Expr::Or(l) => l.iter().any(|e| self.expr(e, negated, window, chosen)),
        }
    }

    /// Value of a window and whether the condition holds; `None` if nothing can be compared.
    fn judge(&self, window: &[Part]) -> Option<f64> {
        let numbers: Vec<f64> = window.iter().flat_map(|p| p.values.iter().filter_map(number)).collect();
        let different = (0..self.rules.len()).filter(|s| Self::present(window, *s)).collect::<Vec<usize>>();
        let steps: Vec<usize> =
            self.rule.rules.iter().map(|r| self.rules.iter().position(|x| x == r).unwrap()).collect();
        let ranked = |p: f64| {
            let mut sorted = numbers.clone();
            sorted.sort_by(f64::total_cmp);
            let place = p / 100.0 * (sorted.len().checked_sub(1)? as f64);
            let (low, high) = (sorted[place.floor() as usize], sorted[place.ceil() as usize]);
            Some(low + (high - low) * place.fract())
        };
        let value = match self.rule.kind {
            Kind::EventCount => window.len() as f64,
            Kind::ValueCount => {
                let mut all: Vec<String> = window.iter().flat_map(|p| p.values.iter().map(text)).collect();
                all.sort();
                all.dedup();
                all.len() as f64
            }
            Kind::ValueSum => numbers.iter().sum(),
            Kind::ValueAvg if numbers.is_empty() => return None,
            Kind::ValueAvg => numbers.iter().sum::<f64>() / numbers.len() as f64,
            Kind::ValueMedian => ranked(50.0)?,
            Kind::ValuePercentile => ranked(self.rule.percentile)?,
            Kind::Temporal => different.len() as f64,
            Kind::TemporalOrdered => Self::chain(window, &steps) as f64,
        };
        let holds = match &self.rule.condition {
            Condition::Compare(ops) => ops.iter().all(|(op, n)| op.holds(value, *n)),
            Condition::All if self.rule.kind == Kind::Temporal => different.len() == self.rules.len(),
            Condition::All => value as usize == steps.len(),
            Condition::Expr(e) if self.rule.kind == Kind::Temporal => self.expr(e, false, window, &different),
            // Any set of rules that came in order and makes it true.
            Condition::Expr(e) => (0..1usize << self.rules.len()).any(|set| {
                let chosen: Vec<usize> = (0..self.rules.len()).filter(|s| set >> s & 1 == 1).collect();
                Self::chain(window, &chosen) == chosen.len() && self.expr(e, false, window, &chosen)
            }),
        };
        holds.then_some(value)
    }

    fn lower_bounds_only(&self) -> bool {
        match &self.rule.condition {
            Condition::All => true,
            Condition::Expr(e) => !negative(e, false),
            Condition::Compare(ops) => {
                let most = match self.rule.kind {
                    Kind::Temporal => self.rules.len() as f64,
                    Kind::TemporalOrdered => self.rule.rules.len() as f64,
                    _ => f64::INFINITY,
                };
                ops.iter().all(|(op, n)| match op {
                    Op::Gt | Op::Gte => true,
                    Op::Eq => *n == most,
                    Op::Neq => {
                        *n == 0.0
                            && matches!(
                                self.rule.kind,
                                Kind::EventCount | Kind::ValueCount | Kind::Temporal | Kind::TemporalOrdered
                            )
                    }
                    _ => false,
                })
            }
        }
    }

    /// All firings, in order of time; at a time those of events first, then by group.
    fn run(&self, moments: &[Moment], start: i64, last: i64) -> Vec<Fired> {
        let span = self.rule.timespan_us;
        let mut out: Vec<(i64, bool, usize, Vec<String>, Fired)> = Vec::new();
        let mut groups = self.groups(moments);
        let whole = self.rule.group_by.is_empty();
        if whole {
            groups.entry(Vec::new()).or_default();
        }
        let place =
            |event: Option<u128>| moments.iter().position(|m| m.id == event && event.is_some()).unwrap_or(0);
        for (key, parts) in &groups {
            let (mut armed, mut fired) = (true, i64::MIN / 2);
            let mut fire = |time: i64, event: Option<u128>, window: &[Part], armed: &mut bool| {
                let Some(value) = self.judge(window) else {
                    *armed = true;
                    return;
                };
                if !*armed && time - fired <= span {
                    return;
                }
                (*armed, fired) = (false, time);
                let group =
                    self.rule.group_by.iter().map(|g| g.to_string()).zip(key.iter().cloned()).collect();
                let f = Fired { time, event, group, value, witnesses: self.witnesses(window) };
                out.push((time, event.is_none(), place(event), key.clone(), f));
            };
            let window = |from: i64, to: i64, upto: usize| -> Vec<Part> {
                parts.iter().take(upto).filter(|p| p.time >= from && p.time <= to).cloned().collect()
            };
            if self.lower_bounds_only() {
                for (i, p) in parts.iter().enumerate() {
                    fire(p.time, p.event, &window(p.time - span, p.time, i + 1), &mut armed);
                }
            } else if self.judge(&[]).is_some() {
                let mut instants: Vec<i64> = parts.iter().map(|p| p.time + span).collect();
                if whole {
                    instants.push(start + span);
                }
                instants.retain(|t| *t <= last);
                instants.sort_unstable();
                instants.dedup();
                let mut next = 0;
                for (i, p) in parts.iter().enumerate() {
                    while next < instants.len() && instants[next] < p.time {
                        fire(
                            instants[next],
                            None,
                            &window(instants[next] - span + 1, instants[next], i),
                            &mut armed,
                        );
                        next += 1;
                    }
                    armed |= self.judge(&window(p.time - span, p.time, i + 1)).is_none();
                }
                for t in &instants[next..] {
                    fire(*t, None, &window(t - span + 1, *t, parts.len()), &mut armed);
                }
            } else {
                let mut i = 0;
                while i < parts.len() {
                    let open = parts[i].time;
                    let n = parts[i..].iter().take_while(|p| p.time <= open + span).count();
                    if open + span <= last {
                        armed = true;
                        fire(open + span, None, &parts[i..i + n], &mut armed);
                    }
                    i += n;
                }
            }
        }
        // Keys are ordered as the engine orders them: by length of each value first.
        out.sort_by_key(|o| (o.0, o.1, o.2, o.3.iter().map(|v| (v.len(), v.clone())).collect::<Vec<_>>()));
        out.into_iter().map(|o| o.4).collect()
    }

    fn witnesses(&self, window: &[Part]) -> Vec<(usize, u128)> {
        match self.rule.kind {
            Kind::TemporalOrdered => Vec::new(),
            Kind::Temporal => {
                let newest =
                    |s: usize| window.iter().rfind(|p| p.rules.contains(&s)).map(|p| (p.time, p.id, s));
                let mut all: Vec<_> = (0..self.rules.len()).filter_map(newest).collect();
                all.sort_unstable();
                all.into_iter().map(|(_, id, s)| (s, id)).collect()
            }
            _ => window
                .iter()
                .flat_map(|p| {
                    let mut rules = p.rules.clone();
                    rules.sort_unstable();
                    rules.into_iter().map(|s| (s, p.id))
                })
                .collect(),
        }
    }
}

/// True if something is asked not to be there.
fn negative(e: &Expr, negated: bool) -> bool {
    match e {
        Expr::Rule(_) => negated,
        Expr::Not(e) => negative(e, !negated),
        Expr::And(l) | Expr::Or(l) => l.iter().any(|e| negative(e, negated)),
    }
}

// ---------------------------------------------------------------- streams and rules

fn value() -> impl Strategy<Value = Option<Val>> {
    prop_oneof![
        2 => Just(None),
        6 => (0i64..5).prop_map(|i| Some(Val::Int(i))),
        2 => (-8i32..8).prop_map(|i| Some(Val::Float(f64::from(i) / 4.0))),
        2 => (0i64..4).prop_map(|i| Some(Val::from(i.to_string()))),
        1 => prop_oneof![Just("x"), Just("nan"), Just("")].prop_map(|s| Some(Val::from(s))),
        1 => Just(Some(Val::Bool(true))),
        1 => prop::collection::vec((0i64..4).prop_map(Val::Int), 0..3).prop_map(|l| Some(Val::from(l))),
    ]
}

fn group() -> impl Strategy<Value = Option<Val>> {
    prop_oneof![
        1 => Just(None),
        6 => prop_oneof![Just("p"), Just("q"), Just("long one")].prop_map(|s| Some(Val::from(s))),
        1 => prop_oneof![Just(Val::Int(7)), Just(Val::from("7"))].prop_map(Some),
        1 => Just(Some(Val::from(vec![Val::from("p"), Val::from("q")]))),
    ]
}

/// One event: time, how much later it comes, hits, fields.
type Raw = (i64, i64, u8, Option<Val>, Option<Val>, Option<Val>);

fn stream() -> impl Strategy<Value = Vec<Raw>> {
    let late = prop_oneof![8 => 0i64..6, 1 => 6i64..40];
    prop::collection::vec((0i64..80, late, 0u8..16, group(), group(), value()), 1..40)
}

fn op() -> impl Strategy<Value = Op> {
    prop::sample::select(Op::ALL.to_vec())
}

fn expr(names: Vec<&'static str>) -> impl Strategy<Value = Expr> {
    let leaf = prop::sample::select(names).prop_map(|n| Expr::Rule(n.to_string()));
    leaf.prop_recursive(3, 8, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|e| Expr::Not(Box::new(e))),
            prop::collection::vec(inner.clone(), 2..4).prop_map(Expr::And),
            prop::collection::vec(inner, 2..4).prop_map(Expr::Or),
        ]
    })
}

fn condition() -> impl Strategy<Value = Condition> {
    let limit = (0i32..10).prop_map(|n| f64::from(n) / 2.0);
    let compare = prop::collection::vec((op(), limit), 1..3).prop_map(Condition::Compare);
    prop_oneof![4 => compare, 1 => Just(Condition::All), 2 => expr(vec!["a", "b", "c"]).prop_map(Condition::Expr)]
}

fn rule(names: Vec<&'static str>) -> impl Strategy<Value = Rule> {
    (
        prop::sample::select(Kind::ALL.to_vec()),
        prop::collection::vec(prop::sample::select(names), 1..4),
        prop::sample::subsequence(vec!["g", "h"], 0..3),
        1i64..30,
        condition(),
        any::<bool>(),
        0u8..101,
    )
        .prop_map(|(kind, rules, group_by, span, mut condition, alias, percentile)| {
            let temporal = matches!(kind, Kind::Temporal | Kind::TemporalOrdered);
            let mut rules: Vec<String> = rules.iter().map(|r| r.to_string()).collect();
            match &condition {
                Condition::Expr(e) if temporal => rules = e.names().iter().map(|n| n.to_string()).collect(),
                Condition::All if temporal => {}
                Condition::Compare(_) => {}
                _ => condition = Condition::Compare(vec![(Op::Gte, 2.0)]),
            }
            let aliases = match alias && rules.contains(&"b".to_string()) {
                true => vec![("g".to_string(), vec![("b".to_string(), "h".to_string())])],
                false => Vec::new(),
            };
            let valued = !temporal && kind != Kind::EventCount;
            Rule {
                id: None,
                name: Some("top".into()),
                title: "t".into(),
                file: "f.yml".into(),
                line: 1,
                kind,
                rules,
                group_by: group_by.into_iter().map(Into::into).collect(),
                timespan_us: span,
                condition,
                fields: if valued { vec!["v".into()] } else { Vec::new() },
                percentile: f64::from(percentile),
                aliases,
                generate: false,
            }
        })
}

const LATENESS: i64 = 10;

/// Events as they come: ordered by time plus delay, ids by what they hold so that equal times are not in order of coming.
fn arrivals(raw: &[Raw]) -> Vec<(Event, u8)> {
    let mut all: Vec<(i64, Event, u8)> = Vec::new();
    for (i, (time, delay, hits, g, h, v)) in raw.iter().enumerate() {
        let id = (i as u128 * 7919) % 1000 + 1;
        let mut e = Event { time: *time, id, ..Event::default() };
        for (name, v) in [("g", g), ("h", h), ("v", v)] {
            if let Some(v) = v {
                e.set(name, v.clone());
            }
        }
        all.push((time + delay, e, *hits));
    }
    all.sort_by_key(|a| a.0);
    all.into_iter().map(|a| (a.1, a.2)).collect()
}

/// What is not too late, in order: worked out from what was seen before.
fn in_order(arrived: &[(Event, u8)]) -> Vec<(Event, u8)> {
    let mut newest = i64::MIN;
    let mut out = Vec::new();
    for (e, hits) in arrived {
        if newest == i64::MIN || e.time >= newest - LATENESS {
            out.push((e.clone(), *hits));
            newest = newest.max(e.time);
        }
    }
    out.sort_by_key(|(e, _)| (e.time, e.id));
    out
}

fn moments(events: &[(Event, u8)]) -> Vec<Moment> {
    let hits = |mask: u8| {
        let on = DETECTIONS.iter().enumerate().filter(move |(i, _)| mask >> i & 1 == 1);
        on.map(|(_, d)| (d.to_string(), BTreeMap::new())).collect()
    };
    events
        .iter()
        .map(|(e, mask)| Moment { time: e.time, id: Some(e.id), event: e.clone(), hits: hits(*mask) })
        .collect()
}

fn handles(mask: u8) -> Vec<u32> {
    (0..4u32).filter(|i| mask >> i & 1 == 1).collect()
}

fn detections() -> Vec<Detection<'static>> {
    DETECTIONS.iter().map(|d| Detection { name: Some(d), ..Detection::default() }).collect()
}

fn engine(rules: &[Rule], shards: usize) -> Option<Correlator> {
    let (c, refused) = Correlator::new(rules.to_vec(), &detections(), Limits { shards, ..Limits::default() });
    refused.is_empty().then_some(c)
}

/// Through the reorder buffer, event by event.
fn run(c: &mut Correlator, arrived: &[(Event, u8)]) -> Vec<Firing> {
    let mut out = Vec::new();
    let mut buffer = Reorder::new(LATENESS, 1_000, 10_000);
    let mut late = 0;
    for (e, mask) in arrived {
        late += u64::from(matches!(buffer.push(e.time, e.id, (e.clone(), *mask)), Pushed::Late(_)));
        while let Some((time, id, (e, mask))) = buffer.pop() {
            c.feed(time, id, &handles(mask), &e, &mut out);
        }
        c.advance(buffer.watermark(), &mut out);
    }
    buffer.finish();
    while let Some((time, id, (e, mask))) = buffer.pop() {
        c.feed(time, id, &handles(mask), &e, &mut out);
    }
    c.finish(&mut out);
    assert_eq!(late, buffer.counters().late);
    assert_eq!(c.counters().late, 0, "what the buffer gives out is in order");
    out
}

fn seen(f: &Firing, rule: &Rule, oracle: &Oracle<'_>) -> Fired {
    let slot = |handle: u32| {
        let name = DETECTIONS.get(handle as usize).copied().unwrap_or("child");
        oracle.rules.iter().position(|r| *r == name).unwrap()
    };
    let witnesses = f.witnesses.iter().map(|w| (slot(w.rule), w.event)).collect();
    let ordered = rule.kind == Kind::TemporalOrdered;
    Fired {
        time: f.time,
        event: f.event,
        group: f.group.iter().map(|(n, v)| (n.to_string(), text(v))).collect(),
        value: if ordered && matches!(rule.condition, Condition::Expr(_)) { 0.0 } else { f.value },
        witnesses: if ordered { Vec::new() } else { witnesses },
    }
}

/// The steps of a `temporal_ordered` firing are different events of the window, in order.
fn in_sequence(f: &Firing, events: &[(Event, u8)], rule: &Rule) -> bool {
    let place = |id: u128| events.iter().position(|(e, _)| e.id == id);
    let places: Vec<_> = f.witnesses.iter().map(|w| place(w.event)).collect();
    let hit = f.witnesses.iter().zip(&places).all(|(w, p)| p.is_some_and(|p| events[p].1 >> w.rule & 1 == 1));
    let order = places.windows(2).all(|p| p[0] < p[1]);
    let inside = places.iter().flatten().all(|p| events[*p].0.time >= f.time - rule.timespan_us);
    hit && order && inside && f.witnesses.len() == f.value as usize
}

fn config() -> Config {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|c| c.parse().ok()).unwrap_or(10_000);
    let rng_seed = RngSeed::Fixed(0x5e47);
    Config { cases, rng_seed, failure_persistence: None, max_global_rejects: cases, ..Config::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn one_rule_is_as_the_oracle_says(raw in stream(), rule in rule(vec!["a", "b", "c"])) {
        let arrived = arrivals(&raw);
        let rules = [rule];
        // Conditions that hold always or never are refused.
        let Some(mut c) = engine(&rules, 1) else { return Ok(()) };
        let events = in_order(&arrived);
        let oracle = Oracle::new(&rules[0]);
        let (start, last) = (events[0].0.time, events[events.len() - 1].0.time);
        let mut want = oracle.run(&moments(&events), start, last);
        if rules[0].kind == Kind::TemporalOrdered && matches!(rules[0].condition, Condition::Expr(_)) {
            want.iter_mut().for_each(|w| w.value = 0.0);
        }
        let got = run(&mut c, &arrived);
        let plain: Vec<Fired> = got.iter().map(|f| seen(f, &rules[0], &oracle)).collect();
        prop_assert_eq!(plain, want);
        prop_assert!(got.iter().all(|f| f.what == What::Match && !f.lossy));
        if rules[0].kind == Kind::TemporalOrdered {
            prop_assert!(got.iter().all(|f| in_sequence(f, &events, &rules[0])), "{got:?}");
        }
    }

    #[test]
    fn chains_of_rules_are_as_the_oracle_says(
        raw in stream(),
        mut child in rule(vec!["a", "b"]),
        top in rule(vec!["child", "b", "c"]),
    ) {
        child.name = Some("child".into());
        child.timespan_us = child.timespan_us.min(10);
        let rules = [top, child];
        let arrived = arrivals(&raw);
        let Some(mut c) = engine(&rules, 1) else { return Ok(()) };
        let events = in_order(&arrived);
        let (start, last) = (events[0].0.time, events[events.len() - 1].0.time);
        let mut all = moments(&events);
        let fired = Oracle::new(&rules[1]).run(&all, start, last);
        for f in &fired {
            let value = |v: &str| v.parse().map(Val::Int).unwrap_or(Val::from(v));
            let group = f.group.iter().map(|(n, v)| (n.clone(), value(v))).collect();
            let hit = ("child".to_string(), group);
            match f.event {
                Some(id) => all.iter_mut().find(|m| m.id == Some(id)).unwrap().hits.push(hit),
                None => {
                    let at = all.iter().position(|m| m.time > f.time).unwrap_or(all.len());
                    all.insert(at, Moment { time: f.time, id: None, event: Event::default(), hits: vec![hit] });
                }
            }
        }
        let oracle = Oracle::new(&rules[0]);
        let mut want = oracle.run(&all, start, last);
        let uses = rules[0].rules.iter().any(|r| r == "child");
        let got = run(&mut c, &arrived);
        prop_assert_eq!(c.silent().contains(&5), uses);
        let top: Vec<&Firing> = got.iter().filter(|f| f.rule == 4).collect();
        let mut plain: Vec<Fired> = top.iter().map(|f| seen(f, &rules[0], &oracle)).collect();
        // Several ends of windows at one moment: their order among each other is the child's.
        for list in [&mut want, &mut plain] {
            list.iter_mut().for_each(|w| {
                if rules[0].kind == Kind::TemporalOrdered {
                    w.value = 0.0;
                }
            });
            list.sort_by(|a, b| (a.time, a.event.is_none(), &a.event, &a.group).cmp(&(b.time, b.event.is_none(), &b.event, &b.group)));
        }
        prop_assert_eq!(plain, want);
        prop_assert_eq!(got.iter().filter(|f| f.rule == 5).count(), if uses { 0 } else { fired.len() });
    }

    #[test]
    fn shards_batches_and_snapshots_change_nothing(
        raw in stream(),
        mut child in rule(vec!["a", "b"]),
        top in rule(vec!["child", "b", "c"]),
        other in rule(vec!["a", "b", "c"]),
        cut in 0usize..40,
    ) {
        child.name = Some("child".into());
        let mut other = other;
        other.name = Some("other".into());
        let rules = [top, child, other];
        let Some(mut one) = engine(&rules, 1) else { return Ok(()) };
        let arrived = arrivals(&raw);
        let want = run(&mut one, &arrived);
        let events = in_order(&arrived);
        let hits: Vec<Vec<u32>> = events.iter().map(|(_, m)| handles(*m)).collect();
        let items: Vec<Item<'_, Event>> = events
            .iter()
            .zip(&hits)
            .map(|((e, _), h)| Item { time: e.time, id: e.id, hits: h, event: e })
            .collect();
        for shards in [1, 2, 3, 8] {
            let mut c = engine(&rules, shards).unwrap();
            let mut got = Vec::new();
            let (before, after) = items.split_at(cut.min(items.len()));
            // Threads are dear: one stream in eight is spread over them, the others go event by event.
            if shards > 1 && cut % 8 != 0 {
                for i in before {
                    c.feed(i.time, i.id, i.hits, i.event, &mut got);
                }
            } else {
                c.feed_batch(before, &mut got);
            }
            let saved = c.snapshot().unwrap();
            let mut next = engine(&rules, 9 - shards).unwrap();
            let restored = next.restore(&saved).unwrap();
            prop_assert_eq!(restored.kept, [4, 5, 6]);
            for i in after {
                next.feed(i.time, i.id, i.hits, i.event, &mut got);
            }
            next.finish(&mut got);
            prop_assert_eq!(&got, &want, "{} shards", shards);
            prop_assert_eq!(next.counters(), one.counters());
        }
    }
}
