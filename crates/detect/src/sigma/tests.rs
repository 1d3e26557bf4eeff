//! Rules meet events: refusing, routing, aliases. What Sigma's semantics are is held in
//! `crates/detect/tests/semantics.rs`.

use super::*;

fn load(files: &[(&str, &str)], pipelines: &[(&str, &str)]) -> Sigma {
    fn bytes<'a>(list: &'a [(&'a str, &'a str)]) -> impl Iterator<Item = (&'a str, &'a [u8])> {
        list.iter().map(|(n, t)| (*n, t.as_bytes()))
    }
    Sigma::load(bytes(files), bytes(pipelines))
}

fn rule(title: &str, id: &str, logsource: &str, detection: &str) -> String {
    format!(
        "title: {title}\nid: '{id}'\nlogsource: {{{logsource}}}\ndetection:\n  s:\n    {detection}\n  condition: s\n---\n"
    )
}

fn event(dataset: &str, fields: &[(&'static str, &str)]) -> Event {
    let mut e = Event::default();
    e.set("event.dataset", dataset);
    fields.iter().for_each(|(n, v)| e.set(*n, *v));
    e
}

fn titles(sigma: &mut Sigma, event: &Event) -> Vec<String> {
    let mut hits = Vec::new();
    sigma.evaluate(event, &mut hits);
    hits.iter().map(|h| sigma.rules()[h.rule as usize].title.clone()).collect()
}

#[test]
fn an_event_meets_the_rules_of_its_log_sources() {
    let text = [
        rule("ours", "1", "product: sentinel, service: dns", "a: x"),
        rule("generic", "2", "category: dns", "a: x"),
        rule("zeek", "3", "product: zeek, service: dns", "a: x"),
        rule("other", "4", "category: proxy", "a: x"),
        rule("host", "5", "product: windows, category: dns_query", "a: x"),
    ]
    .concat();
    let mut s = load(&[("f.yml", &text)], &[]);
    assert!(s.refused.is_empty(), "{:?}", s.refused);
    assert_eq!(titles(&mut s, &event("sentinel.dns", &[("a", "x")])), ["ours", "generic", "zeek"]);
    // a log tells what the wire does: rules on our own events are meant for it too
    assert_eq!(titles(&mut s, &event("zeek.dns", &[("a", "x")])), ["ours", "generic", "zeek"]);
    assert_eq!(titles(&mut s, &event("sentinel.http", &[("a", "X")])), ["other"]);
    let mut unknown = Event::default();
    unknown.set("a", "x");
    assert_eq!(titles(&mut s, &unknown).len(), 5);
}

#[test]
fn kinds_beyond_the_bound_meet_the_same_rules() {
    let text = [rule("a", "1", "category: dns", "a: x"), rule("b", "2", "category: proxy", "a: x")].concat();
    let mut s = load(&[("f.yml", &text)], &[]);
    for n in 0..MAX_KINDS {
        assert!(titles(&mut s, &event(&format!("own.{n}"), &[("a", "y")])).is_empty());
    }
    assert_eq!(titles(&mut s, &event("sentinel.dns", &[("a", "x")])), ["a"]);
    assert_eq!((s.kinds.len(), s.groups.len()), (MAX_KINDS, 1));
}

#[test]
fn names_are_those_of_the_dataset() {
    let pipeline = "name: n\nvars:\n  datasets: [sentinel.dns]\ntransformations:\n  - type: field_name_mapping\n    mapping: {query: dns.question.name}\n    rule_conditions:\n      - {type: logsource, category: dns}\n";
    let text = rule("q", "1", "category: dns", "query: evil.example");
    let mut s = load(&[("f.yml", &text)], &[("p.yml", pipeline)]);
    assert!(s.refused.is_empty(), "{:?}", s.refused);
    let wire = event("sentinel.dns", &[("dns.question.name", "evil.example")]);
    let log = event("zeek.dns", &[("query", "evil.example")]);
    assert_eq!((titles(&mut s, &wire).len(), titles(&mut s, &log).len()), (1, 1));
    assert!(titles(&mut s, &event("sentinel.dns", &[("query", "evil.example")])).is_empty());
    let told = s.explain("1", &wire).unwrap();
    assert_eq!((told["matched"].as_bool(), told["logsource"].as_bool()), (Some(true), Some(true)));
    assert!(told.to_string().contains("dns.question.name"));
    assert_eq!(s.explain("q", &event("sentinel.http", &[])).unwrap()["logsource"], false);
    assert!(s.explain("none", &wire).is_none());
}

#[test]
fn bad_rules_are_one_line_each_and_the_rest_runs() {
    let good = rule("good", "g", "category: dns", "a: x");
    let many: String =
        (0..=check::MAX_VALUES).fold("a: [x".to_owned(), |t, n| t + "," + &n.to_string()) + "]";
    let cases = [
        ("title: [", "YAML"),
        ("- a\n- b\n", "mapping"),
        (&*rule("t", "1", "category: dns", "a|startwith: x"), "startwith"),
        (&rule("t", "2", "category: dns", "a|cidr: 10.0.0.1/8"), "10.0.0.0/8 is the network"),
        (&rule("t", "3", "category: dns", "a|cidr: ten"), "no network"),
        (&rule("t", "4", "category: dns", "a|re: 'x('"), "regular expression"),
        (&rule("t", "5", "category: dns", "a|re: '(x+)+y'"), "exponential"),
        (&rule("t", "6", "category: dns", "a|expand: '%admins%'"), "placeholder %admins%"),
        (&rule("t", "7", "category: dns", &many), "100002 values"),
        (&rule("t", "8", "definition: x", "a: x"), "logsource"),
        (&rule("t", "9", "category: dns", "a: x").replace("condition: s", "condition: s and t"), "'t'"),
        (&rule("t", "10", "category: dns", "a: x").replace("condition: s", "condition: 1 of f*"), "'f*'"),
        (
            &rule("t", "11", "category: dns", "a: x").replace("condition: s", "condition: s | count() > 3"),
            "ondition",
        ),
        (
            &rule("t", "12", "category: dns", "a: x")
                .replace("condition: s", "condition: s\n  timeframe: 5m"),
            "timeframe",
        ),
        (&rule("t", "13", "category: dns", "a: x").replace("title: t", "title: t\nstatus: nice"), "status"),
        (&rule("t", "14", "category: dns", "a: x").replace("title: t", "title: t\nlevel: bad"), "level"),
        (&rule("t", "g", "category: dns", "a: x"), "id g is that of"),
        (&rule("t", "15", "category: dns", "a: &a [*a]"), ""),
        ("title: t\nlogsource: {category: dns}\n", "detection"),
    ];
    for (text, why) in cases {
        let mut s = load(&[("0.yml", &good), ("bad.yml", text)], &[]);
        assert_eq!(s.refused.len(), 1, "{text:.200} {:?}", s.refused);
        let r = &s.refused[0];
        assert!(r.file == "bad.yml" && r.line <= 2 && r.reason.contains(why), "{r:?} lacks {why}");
        assert!(!r.reason.contains('\n') && r.reason.len() < 400, "{}", r.reason);
        assert_eq!(titles(&mut s, &event("zeek.dns", &[("a", "x")])), ["good"]);
    }
}

#[test]
fn a_placeholder_that_a_pipeline_fills_is_fine() {
    let pipeline = "name: n\nvars: {admins: [root, admin]}\ntransformations:\n  - type: value_placeholders\n";
    let mut s =
        load(&[("f.yml", &rule("p", "1", "category: dns", "a|expand: '%admins%'"))], &[("p.yml", pipeline)]);
    assert!(s.refused.is_empty(), "{:?}", s.refused);
    assert_eq!(titles(&mut s, &event("zeek.dns", &[("a", "admin")])), ["p"]);
    let s = load(&[], &[("p.yml", "name: [")]);
    assert_eq!(s.refused.len(), 1);
}
