use super::stages::tests::TABLE;
use super::*;
use serde_json::{Value, json};

const START: i64 = 1_772_323_200_000_000;

/// An alert document: seconds after the start, rule, severity, tactic, from, to.
fn alert(at: f64, rule: &str, severity: u8, tactic: &str, from: &str, to: &str) -> Vec<u8> {
    let time = document::shown(START + micros(at));
    let mut d = json!({"@timestamp": time, "event.id": format!("{at}-{rule}-{from}-{to}"), "rule.id": rule,
        "rule.name": format!("Rule {rule}"), "event.severity": severity, "source.ip": from, "destination.ip": to});
    if !tactic.is_empty() {
        d["threat.tactic.name"] = json!([tactic]);
    }
    serde_json::to_vec(&d).unwrap()
}

fn chains(settings: &str) -> Chains {
    Chains::new(TABLE, settings.as_bytes()).unwrap()
}

fn values(documents: Vec<Vec<u8>>) -> Vec<Value> {
    documents.iter().map(|d| serde_json::from_slice(d).unwrap()).collect()
}

fn told(alerts: &[Vec<u8>]) -> Vec<Value> {
    let mut c = chains("{}");
    alerts.iter().for_each(|a| c.feed(a));
    c.finish();
    values(c.all())
}

const OFFICE: &str = "10.0.5.7";
const STATION: &str = "10.0.2.4";
const PLC: &str = "10.0.1.10";

/// From an office machine over an engineering station to a controller, with noise.
fn intrusion() -> Vec<Vec<u8>> {
    vec![
        alert(0.0, "scan", 3, "Discovery", OFFICE, STATION),
        alert(1.0, "scan", 3, "Discovery", OFFICE, STATION),
        alert(5.0, "clock", 2, "", STATION, PLC),
        alert(60.0, "exploit", 4, "Initial Access", OFFICE, STATION),
        alert(61.0, "answer", 2, "Initial Access", STATION, OFFICE),
        alert(900.0, "write", 5, "Impair Process Control", STATION, PLC),
        alert(950.0, "elsewhere", 4, "Discovery", "10.0.9.1", "10.0.9.2"),
    ]
}

#[test]
fn an_intrusion_is_one_story_with_reasons() {
    let all = told(&intrusion());
    assert_eq!(all.len(), 1, "{all:?}");
    let c = &all[0];
    assert_eq!(c["tactics"], json!(["Discovery", "Initial Access", "Impair Process Control"]));
    assert_eq!(c["alert_count"], 5);
    assert_eq!(c["state"], "open");
    assert_eq!(c["steps"][0]["count"], 2);
    let links: Vec<_> = (1..4)
        .map(|n| (c["steps"][n]["because"]["step"].clone(), c["steps"][n]["because"]["link"].clone()))
        .collect();
    assert_eq!(links, [(json!(1), json!("actor")), (json!(2), json!("actor")), (json!(2), json!("pivot"))]);
    assert_eq!(c["path"], json!([1, 2, 4]));
    assert_eq!(c["title"], "Discovery, Initial Access, Impair Process Control from 10.0.5.7 to 10.0.1.10");
    let roles: Vec<_> = c["entities"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| (e["ip"].as_str().unwrap(), e["role"].as_str().unwrap()))
        .collect();
    assert_eq!(roles, [(STATION, "pivot"), (OFFICE, "actor"), (PLC, "victim")]);
    let text = c["explanation"].as_str().unwrap();
    assert!(
        text.contains("10.0.2.4 was the target of step 2, 14 min earlier, and now acts itself"),
        "{text}"
    );
    assert_eq!(c["next"][0], json!({"do": "look", "ip": PLC, "because": "the path ends here, in step 4"}));
    let playbooks: Vec<_> =
        c["next"].as_array().unwrap().iter().filter(|n| n["do"] == "playbook").map(|n| &n["name"]).collect();
    assert_eq!(playbooks, ["manual-control", "isolate-host", "block-scanner"]);
}

#[test]
fn next_names_evidence_and_credentials() {
    let mut with = Vec::new();
    for a in intrusion() {
        let mut d: Value = serde_json::from_slice(&a).unwrap();
        d["sentinel.frame"] = json!(17);
        d["sentinel.source"] = json!("a.pcap");
        d["sentinel.evidence"] = json!(["e1"]);
        if d["rule.id"] == "exploit" {
            d["user.name"] = json!("admin");
            d["network.protocol"] = json!("ssh");
        }
        with.push(serde_json::to_vec(&d).unwrap());
    }
    let all = told(&with);
    let next = all[0]["next"].as_array().unwrap();
    let evidence = next.iter().find(|n| n["do"] == "evidence").unwrap();
    assert_eq!(evidence["frames"], json!([{"source": "a.pcap", "frame": 17}]));
    assert_eq!((&evidence["step"], &evidence["events"]), (&json!(4), &json!(["e1"])));
    let credential = next.iter().find(|n| n["do"] == "change-credential").unwrap();
    assert_eq!(
        (&credential["username"], &credential["protocol"], &credential["ip"]),
        (&json!("admin"), &json!("ssh"), &json!(STATION))
    );
}

#[test]
fn addresses_elsewhere_never_merge_two_stories() {
    let outside = "203.0.113.9";
    let mut alerts = Vec::new();
    for (n, host) in ["10.1.0.1", "10.2.0.1"].into_iter().enumerate() {
        let at = n as f64 * 100.0;
        alerts.push(alert(at, "scan", 3, "Discovery", outside, host));
        alerts.push(alert(at + 1.0, "exploit", 4, "Initial Access", outside, host));
        alerts.push(alert(at + 2.0, "beacon", 4, "Stealth", host, outside));
        alerts.push(alert(at + 3.0, "group", 4, "Discovery", host, "239.255.255.250"));
        alerts.push(alert(at + 4.0, "metadata", 4, "Discovery", host, "169.254.169.254"));
    }
    alerts.push(alert(300.0, "between", 5, "Impact", outside, "203.0.113.10"));
    let all = told(&alerts);
    assert_eq!(all.len(), 2);
    assert!(all.iter().all(|c| c["alert_count"] == 5), "{all:?}");
}

#[test]
fn the_older_story_keeps_its_id() {
    let mut c = chains("{\"lateness\":0}");
    for (n, from) in ["10.0.0.1", "10.0.0.2"].into_iter().enumerate() {
        let (at, to) = (n as f64, format!("10.0.1.{n}"));
        c.feed(&alert(at, "scan", 3, "Discovery", from, &to));
        c.feed(&alert(at + 10.0, "exploit", 4, "Initial Access", from, &to));
    }
    c.feed(&alert(20.0, "tick", 2, "", "10.0.0.1", "10.0.0.2"));
    let apart = values(c.changed());
    assert_eq!(apart.len(), 2);
    // one common target may be chance, two are not
    c.feed(&alert(30.0, "exploit", 4, "Lateral Movement", "10.0.0.2", "10.0.1.0"));
    c.feed(&alert(31.0, "tick", 2, "", "10.0.0.1", "10.0.0.2"));
    assert!(values(c.changed()).iter().all(|d| d["state"] == "open"));
    c.feed(&alert(32.0, "scan", 3, "Discovery", "10.0.0.1", "10.0.1.1"));
    c.finish();
    let joined = values(c.changed());
    assert_eq!(joined.len(), 2);
    assert_eq!((&joined[0]["state"], &joined[0]["id"]), (&json!("merged"), &apart[1]["id"]));
    assert_eq!(joined[0]["merged_into"], apart[0]["id"]);
    assert_eq!((&joined[1]["id"], &joined[1]["alert_count"]), (&apart[0]["id"], &json!(6)));
    assert_eq!(values(c.all()).len(), 1);
    assert!(c.changed().is_empty());
}

#[test]
fn what_is_low_joins_its_own_actor_only() {
    let mut alerts = intrusion();
    // low, against the same host, by another; and without a tactic
    alerts.push(alert(1000.0, "ping", 2, "Discovery", "10.0.7.7", PLC));
    alerts.push(alert(1001.0, "clock", 1, "", OFFICE, PLC));
    alerts.push(alert(1002.0, "ping", 1, "Discovery", OFFICE, "10.0.8.8"));
    let all = told(&alerts);
    assert_eq!((all.len(), &all[0]["alert_count"]), (1, &json!(6)));
}

#[test]
fn a_target_that_turns_to_another_actor_of_its_story_belongs_to_it() {
    let mut alerts = intrusion();
    // the office machine is of the same story as the station's controller
    alerts.push(alert(1000.0, "shell", 4, "Stealth", PLC, OFFICE));
    let all = told(&alerts);
    assert_eq!((all.len(), &all[0]["alert_count"]), (1, &json!(6)));
}

#[test]
fn a_flood_does_not_raise_the_score() {
    let score = |alerts: &[Vec<u8>]| told(alerts)[0]["score"].as_f64().unwrap();
    let calm = score(&intrusion());
    let mut flood = intrusion();
    for n in 0..500 {
        flood.push(alert(2000.0 + f64::from(n) * 200.0, "scan", 3, "Discovery", OFFICE, STATION));
    }
    assert!(score(&flood) <= calm * 1.0001);
}

#[test]
fn idle_chains_close_control_later() {
    for (control, hours) in [(false, 24), (true, 72)] {
        let mut c = chains("{}");
        for a in intrusion() {
            let mut d: Value = serde_json::from_slice(&a).unwrap();
            if control {
                d["threat.framework"] = json!("MITRE ATT&CK for ICS");
            }
            c.feed(&serde_json::to_vec(&d).unwrap());
        }
        c.finish();
        let hour = 3_600_000_000;
        c.advance(START + (hours - 1) * hour);
        assert_eq!(values(c.all())[0]["state"], "open");
        c.changed();
        c.advance(START + (hours + 1) * hour);
        assert_eq!(values(c.changed())[0]["state"], "closed");
        assert_eq!(values(c.all())[0]["state"], "closed");
        assert_eq!(c.state.episodes.len() + c.state.chains.len() + c.state.entities.len(), 0);
    }
}

#[test]
fn a_long_chain_is_folded_and_counts_stay() {
    let mut c = chains("{\"max_steps\":8,\"max_episodes\":64}");
    let mut n = 0;
    for a in intrusion() {
        c.feed(&a);
    }
    for host in 0..100 {
        c.feed(&alert(1000.0 + f64::from(host), "sweep", 3, "Discovery", STATION, &format!("10.0.3.{host}")));
        n += 1;
    }
    c.finish();
    let all = values(c.all());
    assert_eq!(all.len(), 1);
    let steps = all[0]["steps"].as_array().unwrap();
    assert!(steps.len() <= 16, "{}", steps.len());
    let sum: u64 = steps.iter().map(|s| s["count"].as_u64().unwrap()).sum();
    assert_eq!(sum, n + 5);
    assert_eq!(all[0]["alert_count"], n + 5);
    for (at, s) in steps.iter().enumerate() {
        assert!(s["because"]["step"].as_u64().is_none_or(|p| p <= at as u64), "{s}");
    }
}

/// Numbers that are the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

fn random(count: u64, hosts: u64, rules: u64, seed: u64) -> Vec<Vec<u8>> {
    let mut d = Dice(seed);
    let tactics = ["Discovery", "Initial Access", "Credential Access", "Lateral Movement", "Impact", ""];
    let host = |d: &mut Dice| {
        let n = d.roll(hosts);
        if n % 10 == 9 {
            format!("198.51.{}.{}", n / 250, n % 250)
        } else {
            format!("10.7.{}.{}", n / 250, n % 250)
        }
    };
    (0..count)
        .map(|n| {
            let at = n as f64 * 7.0 + d.roll(8_000) as f64 / 1000.0;
            let rule = d.roll(rules);
            let tactic = tactics[(rule % tactics.len() as u64) as usize];
            let (from, to) = (host(&mut d), host(&mut d));
            alert(at, &format!("r{rule}"), 1 + (rule % 5) as u8, tactic, &from, &to)
        })
        .collect()
}

#[test]
fn the_same_whatever_the_batches_and_the_order_within_the_lateness() {
    let alerts = random(3_000, 60, 40, 7);
    let mut whole = chains("{}");
    alerts.iter().for_each(|a| whole.feed(a));
    whole.finish();
    let expected = whole.all();
    assert!(!expected.is_empty());
    for size in [1, 7, 64, 1000] {
        let mut c = chains("{}");
        let mut last: Vec<(Value, Vec<u8>)> = Vec::new();
        for batch in alerts.chunks(size) {
            c.feed_lines(&batch.join(&b'\n'));
            for d in c.changed() {
                let id = serde_json::from_slice::<Value>(&d).unwrap()["id"].clone();
                last.retain(|(known, _)| *known != id);
                last.push((id, d));
            }
        }
        c.finish();
        assert_eq!(c.all(), expected, "batches of {size}");
    }
    // neighbours change places: at most 8 s apart, within the lateness of 10
    let mut swapped = chains("{}");
    for pair in alerts.chunks(2) {
        pair.iter().rev().for_each(|a| swapped.feed(a));
    }
    swapped.finish();
    assert_eq!(swapped.all(), expected);
}

#[test]
fn a_snapshot_goes_on_where_it_stopped() {
    let alerts = random(2_000, 40, 30, 11);
    let settings = "{\"max_steps\":16,\"max_episodes\":400}";
    let mut whole = chains(settings);
    let mut first = chains(settings);
    alerts.iter().for_each(|a| whole.feed(a));
    alerts[..1_111].iter().for_each(|a| first.feed(a));
    let bytes = first.snapshot();
    let mut second = chains(settings);
    second.restore(&bytes).unwrap();
    alerts[1_111..].iter().for_each(|a| second.feed(a));
    whole.finish();
    second.finish();
    assert_eq!(second.all(), whole.all());
    assert_eq!(second.counters(), whole.counters());
    assert_eq!(second.snapshot(), whole.snapshot());

    assert!(second.restore(b"chains\x09").unwrap_err().contains("version"));
    for n in (7..bytes.len()).step_by(997) {
        assert!(second.restore(&bytes[..n]).is_err());
    }
    let table = br#"{"stage":[{"name":"Other","earliest":0,"latest":0,"access":false}]}"#;
    assert!(Chains::new(table, b"{}").unwrap().restore(&bytes).unwrap_err().contains("stage table"));
}

#[test]
fn memory_stays_within_its_formula() {
    let mut c =
        chains("{\"max_steps\":16,\"max_episodes\":500,\"max_rules\":100,\"max_pending\":200,\"idle\":1e6}");
    let most = c.settings.most_octets();
    for a in random(20_000, 5_000, 1_000, 3) {
        c.feed(&a);
        assert!(c.state.episodes.len() <= 500 && c.queue.len() <= 201);
    }
    assert!(c.octets() <= most, "{} of {most}", c.octets());
    assert!(c.counters().closed_early > 0 && c.counters().rules_uncounted > 0);
    assert!(c.state.rules.len() <= 100 + 6, "{}", c.state.rules.len());
}

#[test]
fn odd_documents_are_counted() {
    let mut c = chains("{}");
    c.feed_lines(b"{}\n[]\n\nx\n{\"@timestamp\":1,\"rule.id\":2}\n");
    assert_eq!(c.counters().unreadable, 4);
    c.feed(&alert(0.0, "r", 4, "Discovery", "10.0.0.1", "10.0.0.2"));
    c.feed(&alert(0.0, "r", 4, "Discovery", "10.0.0.1", "10.0.0.2"));
    c.finish();
    assert_eq!((c.counters().repeated, c.counters().alerts), (1, 1));
}

mod ways {
    //! An alert as an event is the alert that its document is.

    use super::*;
    use proptest::prelude::*;
    use sentinel_wire::model::Val;

    const NAMES: &[&str] = &[
        "rule.id",
        "rule.name",
        "threat.framework",
        "threat.tactic.id",
        "threat.tactic.name",
        "threat.technique.id",
        "source.ip",
        "source.mac",
        "source.asset",
        "destination.ip",
        "destination.mac",
        "destination.asset",
        "host.ip",
        "host.name",
        "sentinel.evidence",
        "ot.protocol",
        "network.protocol",
        "user.name",
        "event.severity",
        "sentinel.confidence",
        "ot.asset.level",
        "event.action",
        "bacnet.password",
    ];

    fn value() -> impl Strategy<Value = Val> {
        let leaf = prop_oneof![
            prop::sample::select(vec![
                "10.0.0.1",
                "::ffff:10.0.0.2",
                "TA0007",
                "Initial Access",
                "attack.discovery",
                "MITRE ATT&CK for ICS",
                "3",
                "0.5",
                "1e400",
                "",
                "00:80:f4:0e:62:20",
            ])
            .prop_map(Val::from),
            ".{0,200}".prop_map(Val::from),
            (-5i64..2_000).prop_map(Val::Int),
            prop_oneof![Just(f64::NAN), Just(f64::INFINITY), -9.0..9.0].prop_map(Val::Float),
            any::<bool>().prop_map(Val::Bool),
        ];
        leaf.prop_recursive(2, 24, 20, |inner| prop::collection::vec(inner, 0..20).prop_map(Val::from))
    }

    proptest! {
        #[test]
        fn by_event_or_by_document(
            fields in prop::collection::vec((prop::sample::select(NAMES), value()), 0..16),
            time in 0i64..4_000_000_000_000_000, frame in 0u64..3, id in any::<u128>(), source in "[a-z]{0,3}",
        ) {
            let stages = Stages::new(TABLE).unwrap();
            let mut e = Event { time, frame, id, ..Event::default() };
            fields.into_iter().for_each(|(name, value)| e.set(name, value));
            if source.is_empty() {
                e.set("sentinel.source", "eve.json");
            }
            if frame == 0 {
                e.set("sentinel.frame", 7);
            }
            let mut document = Vec::new();
            e.write(&mut document, &source, None, false);
            let (one, other) = (Alert::of_event(&e, &source, &stages), Alert::read(&document, &stages));
            prop_assert_eq!(one, other);
        }
    }
}

#[test]
fn addresses_are_of_assets_but_not_the_internets() {
    let assets = br#"[{"id":"plc","ip":["10.0.1.10","fe80::1"],"mac":["00:80:f4:0e:62:20"]},
        {"id":"router","ip":["10.0.2.4","1.1.1.1","::ffff:192.0.2.5"],"type":"router"},{"id":"own","ip":["1.0.0.9","10.0.1.10"]}]"#;
    let ends = |from: &str, to: &str| {
        let mut c = chains(r#"{"networks":["1.0.0.0/24"],"lateness":1000}"#);
        c.assets(assets).unwrap();
        c.feed(&alert(0.0, "r", 4, "Discovery", from, to));
        let a = c.queue.pop_any().unwrap();
        (a.source.asset, a.destination.asset)
    };
    let some = |text: &str| Some(Box::from(text));
    assert_eq!(ends("10.0.1.10", "10.0.2.4"), (some("plc"), some("router")));
    assert_eq!(ends("1.1.1.1", "1.0.0.9"), (None, some("own")), "the Internet, and a network of one's own");
    assert_eq!(ends("192.0.2.5", "9.9.9.9"), (some("router"), None));
    let mut c = chains("{}");
    c.assets(assets).unwrap();
    let mut d: Value = serde_json::from_slice(&alert(0.0, "r", 4, "Discovery", PLC, STATION)).unwrap();
    d["source.asset"] = json!("said");
    d["source.mac"] = json!("00:80:f4:0e:62:20");
    d["destination.ip"] = json!(null);
    d["destination.mac"] = json!("00:80:f4:0e:62:20");
    c.feed(&serde_json::to_vec(&d).unwrap());
    let a = c.queue.pop_any().unwrap();
    assert_eq!((a.source.asset.as_deref(), a.destination.asset.as_deref()), (Some("said"), Some("plc")));
    assert!(c.assets(b"{}").unwrap_err().starts_with("assets: "));
}

#[test]
fn what_waits_is_worked_on_as_time_passes() {
    let mut c = chains("{}");
    for a in intrusion() {
        c.feed(&a);
    }
    assert_eq!(c.queue.len(), 1, "the last one waits");
    c.advance(START + micros(955.0));
    assert_eq!(c.queue.len(), 1);
    c.advance(START + micros(961.0));
    assert_eq!((c.queue.len(), c.counters().alerts), (0, 7));
    c.advance(START);
    c.feed(&alert(940.0, "scan", 3, "Discovery", OFFICE, STATION));
    assert_eq!(c.counters().late, 1, "time does not go back");
}

#[test]
fn a_snapshot_at_any_point_with_what_waits() {
    let alerts: Vec<Vec<u8>> = (0..120)
        .map(|n: u32| {
            let (stage, host) = (["Discovery", "Initial Access", ""][n as usize % 3], n * n % 7);
            let at = f64::from(n) * 3.0 - f64::from(n * 5 % 9);
            alert(
                at,
                &format!("r{}", n % 5),
                2 + (n % 4) as u8,
                stage,
                &format!("10.0.0.{host}"),
                &format!("10.0.0.{}", n % 7),
            )
        })
        .collect();
    for cut in (0..alerts.len()).step_by(9) {
        let settings = r#"{"max_steps":10,"max_episodes":40,"max_closed":3,"max_pending":4}"#;
        let (mut one, mut other) = (chains(settings), chains(settings));
        for (n, a) in alerts.iter().enumerate() {
            if n == cut {
                let bytes = other.snapshot();
                other = chains(settings);
                other.restore(&bytes).unwrap();
                assert_eq!(other.snapshot(), bytes);
            }
            for c in [&mut one, &mut other] {
                c.feed(a);
                if n % 10 == 9 {
                    c.advance(START + i64::from(n as u32) * 3_000_000);
                }
            }
            if n % 20 == 0 {
                assert_eq!(one.changed(), other.changed());
            }
        }
        one.finish();
        other.finish();
        assert_eq!((one.all(), one.counters()), (other.all(), other.counters()));
        assert_eq!(one.snapshot(), other.snapshot());
    }
}
