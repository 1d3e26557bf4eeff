//! What Sigma means where it is easily got wrong (specification 2.1, pySigma where that is silent).
//! Numbers are those of docs/concepts/rules.md.

use sentinel_detect::json;
use sentinel_detect::sigma::{Refusal, Sigma};

fn loaded(detection: &str) -> Sigma {
    let text = format!("title: t\nid: r\nlogsource: {{category: dns}}\ndetection:\n{detection}\n");
    Sigma::load([("r.yml", text.as_bytes())], [])
}

/// Whether a rule of this detection part fits an event.
fn fits(detection: &str, event: &str) -> bool {
    let mut sigma = loaded(detection);
    assert!(sigma.refused.is_empty(), "{detection}: {:?}", sigma.refused);
    let mut hits = Vec::new();
    let event = json::event(event, 1).expect(event);
    sigma.evaluate(&event, &mut hits);
    let told = sigma.explain("r", &event).expect("explained");
    assert_eq!(
        told["matched"].as_bool(),
        Some(!hits.is_empty()),
        "{detection} {event:?}: explained otherwise"
    );
    !hits.is_empty()
}

/// One selection, which is the condition.
fn one(item: &str, event: &str) -> bool {
    fits(&format!("  s:\n    {item}\n  condition: s"), event)
}

fn refused(item: &str) -> Refusal {
    let sigma = loaded(&format!("  s:\n    {item}\n  condition: s"));
    assert_eq!((sigma.rules().len(), sigma.refused.len()), (0, 1), "{item}");
    sigma.refused[0].clone()
}

#[track_caller]
fn table(item: &str, yes: &[&str], no: &[&str]) {
    for event in yes {
        assert!(one(item, event), "{item} should fit {event}");
    }
    for event in no {
        assert!(!one(item, event), "{item} should not fit {event}");
    }
}

#[test]
fn item_1_case_wildcards_escapes() {
    table(
        "a: WhoAmI",
        &[r#"{"a":"whoami"}"#, r#"{"a":"WHOAMI"}"#],
        &[r#"{"A":"whoami"}"#, r#"{"a":"whoami2"}"#],
    );
    table("a|cased: WhoAmI", &[r#"{"a":"WhoAmI"}"#], &[r#"{"a":"whoami"}"#]);
    table("a|contains|cased: oAm", &[r#"{"a":"WhoAmI"}"#], &[r#"{"a":"whoami"}"#]);
    table("a: Ä*", &[r#"{"a":"äx"}"#], &[r#"{"a":"ax"}"#]);
    table("a|re: b.d", &[r#"{"a":"abcde"}"#], &[r#"{"a":"abCDe"}"#, r#"{"a":"b\nd"}"#]);
    table("a|re|i: ^B.D", &[r#"{"a":"bcde"}"#], &[r#"{"a":"abcd"}"#]);
    table("a|re|s: b.d", &[r#"{"a":"b\nd"}"#], &[]);
    table("a|re|m: ^d", &[r#"{"a":"b\nd"}"#], &[r#"{"a":"b d"}"#]);
    table("a: b*d", &[r#"{"a":"b\n\nd"}"#, r#"{"a":"bd"}"#], &[r#"{"a":"xbd"}"#, r#"{"a":"bdx"}"#]);
    table("a: b?d", &[r#"{"a":"b\nd"}"#, r#"{"a":"bäd"}"#], &[r#"{"a":"bd"}"#]);
    table(r"a: 'b\*d'", &[r#"{"a":"b*d"}"#], &[r#"{"a":"bxd"}"#, r#"{"a":"b\\*d"}"#]);
    table(r"a: 'b\\*d'", &[r#"{"a":"b\\d"}"#, r#"{"a":"b\\xyd"}"#], &[r#"{"a":"b*d"}"#]);
    table(r"a: 'C:\x\y'", &[r#"{"a":"c:\\x\\y"}"#], &[r#"{"a":"c:xy"}"#]);
    table(r"a|endswith: '\net.exe'", &[r#"{"a":"C:\\NET.exe"}"#], &[r#"{"a":"C:\\dotnet.exe"}"#]);
}

#[test]
fn item_2_all_and_expansions() {
    table("a|contains|all: [x, y]", &[r#"{"a":"yx"}"#], &[r#"{"a":"x"}"#]);
    let windash = "a|windash|contains|all: [' -f', ' -g']";
    table(windash, &[r#"{"a":"c /f -g"}"#, r#"{"a":"c –f /g"}"#, r#"{"a":"c -f -g"}"#], &[r#"{"a":"c /f"}"#]);
    table("a|windash|contains: ' /f'", &[r#"{"a":"c -f"}"#, r#"{"a":"c /f"}"#], &[r#"{"a":"c f"}"#]);
    table("a|windash|contains: ' -a-b'", &[r#"{"a":"c /a-b"}"#], &[r#"{"a":"c -a/b"}"#]);
    // base64 of "foobar" at its three offsets: Zm9vYmFy, Zvb2Jhc, mb29iYX
    let offsets = "a|base64offset|contains: foobar";
    let shifted = [r#"{"a":"xZm9vYmFyx"}"#, r#"{"a":"yZvb2Jhcg"}"#, r#"{"a":"eHhmb29iYXI"}"#];
    table(offsets, &shifted, &[r#"{"a":"ZM9VYMFY"}"#]);
    let both = "a|base64offset|contains|all: [foobar, whoami!!]";
    // base64("whoami!!") = d2hvYW1pISE=
    table(
        both,
        &[r#"{"a":"Zm9vYmFy d2hvYW1pISE"}"#, r#"{"a":"Zvb2Jhc d2hvYW1pISE"}"#],
        &[r#"{"a":"Zm9vYmFy"}"#],
    );
    table("a|wide|base64offset|contains: ab", &[r#"{"a":"YQBiA"}"#], &[r#"{"a":"yqbia"}"#]);
    table("a|base64|contains: foobar", &[r#"{"a":"xZm9vYmFy"}"#], &[r#"{"a":"xzm9vymfy"}"#]);
}

#[test]
fn item_3_and_or_not_of() {
    table("{a: 1, b: 2}", &[r#"{"a":1,"b":2}"#], &[r#"{"a":1}"#]);
    let either = "  s:\n    - a: 1\n    - b: 2\n  condition: s";
    assert!(fits(either, r#"{"b":2}"#) && fits(either, r#"{"a":1}"#) && !fits(either, r#"{"a":2,"b":1}"#));
    table("a: [x, y]", &[r#"{"a":"y"}"#], &[r#"{"a":"z"}"#]);
    let entries = "  s: {a: 1}\n  t: {b: 1}\n  condition:\n    - s\n    - t";
    assert!(fits(entries, r#"{"a":1}"#) && fits(entries, r#"{"b":1}"#) && !fits(entries, r#"{"c":1}"#));
    let hidden = "  s: {a: 1}\n  _t: {b: 1}\n  condition: 1 of them";
    assert!(fits(hidden, r#"{"a":1}"#) && !fits(hidden, r#"{"b":1}"#));
    let hidden = "  s: {a: 1}\n  _t: {b: 1}\n  condition: all of them";
    assert!(fits(hidden, r#"{"a":1}"#));
    let order = "  a: {a: 1}\n  b: {b: 1}\n  c: {c: 1}\n  condition: a or b and not c";
    for (event, want) in
        [(r#"{"a":1,"c":1}"#, true), (r#"{"b":1,"c":1}"#, false), (r#"{"b":1}"#, true), (r#"{"c":1}"#, false)]
    {
        assert_eq!(fits(order, event), want, "{event}");
    }
    let some = "  x_1: {a: 1}\n  x_2: {b: 1}\n  y: {c: 1}\n  condition: 1 of x_* and not y";
    assert!(fits(some, r#"{"b":1}"#) && !fits(some, r#"{"b":1,"c":1}"#) && !fits(some, "{}"));
    let all = "  x_1: {a: 1}\n  x_2: {b: 1}\n  condition: all of x_*";
    assert!(fits(all, r#"{"a":1,"b":1}"#) && !fits(all, r#"{"b":1}"#));
    let words = "  s: [alpha, beta]\n  condition: s";
    assert!(
        fits(words, r#"{"x":"an ALPHA b"}"#)
            && fits(words, r#"{"x":{"y":["beta"]}}"#)
            && !fits(words, r#"{"x":"a"}"#)
    );
}

#[test]
fn item_4_null_missing_empty() {
    table("a: null", &[r#"{"a":null}"#, "{}"], &[r#"{"a":""}"#, r#"{"a":0}"#]);
    table("a: ''", &[r#"{"a":""}"#], &[r#"{"a":null}"#, "{}", r#"{"a":"x"}"#]);
    table("a|exists: true", &[r#"{"a":null}"#, r#"{"a":""}"#, r#"{"a":{"b":1}}"#], &[r#"{"b":1}"#]);
    table("a|exists: false", &[r#"{"b":1}"#], &[r#"{"a":null}"#, r#"{"a":{"b":1}}"#]);
    table("a: [null, x]", &["{}", r#"{"a":null}"#, r#"{"a":"x"}"#], &[r#"{"a":"y"}"#, r#"{"a":""}"#]);
    table("a|neq: [x, y]", &["{}", r#"{"a":"z"}"#], &[r#"{"a":"x"}"#, r#"{"a":"y"}"#]);
    table("a|neq: null", &[r#"{"a":"z"}"#], &["{}", r#"{"a":null}"#]);
    table("a|contains|neq: x", &["{}", r#"{"a":"z"}"#], &[r#"{"a":"yxz"}"#]);
    table("a|neq: x", &["{}", r#"{"a":"y"}"#], &[r#"{"a":"X"}"#]);
    let not = "  s: {a: x}\n  condition: not s";
    assert!(fits(not, "{}") && fits(not, r#"{"a":null}"#) && !fits(not, r#"{"a":"x"}"#));
}

#[test]
fn item_5_numbers_and_text() {
    table(
        "a: 502",
        &[r#"{"a":502}"#, r#"{"a":"502"}"#, r#"{"a":502.0}"#],
        &[r#"{"a":"0502"}"#, r#"{"a":5}"#],
    );
    table("a: '502'", &[r#"{"a":502}"#, r#"{"a":"502"}"#], &[r#"{"a":5020}"#]);
    table("a: 1", &[r#"{"a":1}"#], &[r#"{"a":true}"#]);
    table("a: 0", &[], &[r#"{"a":false}"#, r#"{"a":""}"#, r#"{"a":null}"#]);
    table("a: true", &[r#"{"a":true}"#, r#"{"a":"true"}"#], &[r#"{"a":1}"#, r#"{"a":false}"#]);
    table(
        "a|gt: 5",
        &[r#"{"a":6}"#, r#"{"a":"7"}"#, r#"{"a":5.5}"#],
        &[r#"{"a":5}"#, r#"{"a":"x"}"#, r#"{"a":null}"#, "{}"],
    );
    table("a|gte: 5.5", &[r#"{"a":5.5}"#], &[r#"{"a":5}"#]);
    table("a|lt: 5", &[r#"{"a":-1}"#], &[r#"{"a":"x"}"#, r#"{"a":NaN}"#, r#"{"a":true}"#]);
    table("a|lte: 5", &[r#"{"a":5}"#], &[r#"{"a":1e400}"#]);
    table(
        "a|gt: 1",
        &[],
        &[r#"{"a":NaN}"#, r#"{"a":true}"#, r#"{"a":"NaN"}"#, r#"{"a":"inf"}"#, r#"{"a":"Infinity"}"#],
    );
    table("a: x", &[], &[r#"{"a":NaN}"#, r#"{"a":1e400}"#, r#"{"a":-1e400}"#]);
    table("a|contains: '50'", &[r#"{"a":15003}"#], &[]);
    table(
        "a: 9007199254740993",
        &[r#"{"a":"9007199254740993"}"#, r#"{"a":9007199254740993}"#],
        &[r#"{"a":9007199254740992}"#],
    );
}

#[test]
fn item_6_networks() {
    let v4 = "a|cidr: 192.168.0.0/16";
    let in4 =
        [r#"{"a":"192.168.1.2"}"#, r#"{"a":"::ffff:192.168.1.2"}"#, r#"{"a":["10.0.0.1","192.168.0.1"]}"#];
    let out4 =
        [r#"{"a":"192.169.0.1"}"#, r#"{"a":"192.168.1"}"#, r#"{"a":"x"}"#, r#"{"a":""}"#, r#"{"a":5}"#, "{}"];
    table(v4, &in4, &out4);
    table(
        "a|cidr: ['10.0.0.0/8', 'fe80::/10']",
        &[r#"{"a":"FE80::1"}"#, r#"{"a":"10.9.9.9"}"#],
        &[r#"{"a":"2001::1"}"#],
    );
    let why = refused("a|cidr: 192.168.0.1/16");
    assert!(why.reason.contains("host bits") && why.line == 1, "{why:?}");
    assert!(refused("a|cidr: 300.0.0.0/8").reason.contains("300.0.0.0/8"));
}

#[test]
fn item_7_lists_and_paths() {
    table("a: x", &[r#"{"a":["y","x"]}"#], &[r#"{"a":["y"]}"#, r#"{"a":[]}"#]);
    table("a|contains|all: [x, y]", &[r#"{"a":["xy","z"]}"#], &[]);
    table("id.orig_h: 1.1.1.1", &[r#"{"id.orig_h":"1.1.1.1"}"#, r#"{"id":{"orig_h":"1.1.1.1"}}"#], &[]);
    table("id.orig_h: 1.1.1.1", &[], &[r#"{"id.orig_h":"2.2.2.2","id":{"orig_h":"1.1.1.1"}}"#]);
    table("a.b: x", &[r#"{"a":[{"b":"y"},{"b":"x"}]}"#], &[r#"{"a":[{"c":"x"}]}"#]);
    table("a|gt: 5", &[r#"{"a":[1,9]}"#], &[r#"{"a":[1,2]}"#]);
    table("'a[0]': x", &[r#"{"a[0]":"x"}"#], &[r#"{"a":["x"]}"#]);
}

#[test]
fn item_8_placeholders() {
    let why = refused("a|expand: '%servers%'");
    assert!(why.reason.contains("%servers%") && (why.file.as_str(), why.line) == ("r.yml", 1), "{why:?}");
    // without the modifier it is text
    table("a: '%servers%'", &[r#"{"a":"%servers%"}"#], &[]);
}

#[test]
fn other_modifiers() {
    table("a|fieldref: b", &[r#"{"a":"x","b":"X"}"#], &[r#"{"a":"x","b":"y"}"#, r#"{"a":"x"}"#]);
    table("a|startswith: [x, y]", &[r#"{"a":"yz"}"#], &[r#"{"a":"zy"}"#]);
    table("a|utf16le|base64offset|contains: ab", &[r#"{"a":"YQBiA"}"#], &[]);
    table(
        "'@timestamp|hour': 22",
        &[r#"{"@timestamp":"2023-11-14T22:13:20Z"}"#],
        &[r#"{"@timestamp":"2023-11-14T21:13:20Z"}"#],
    );
    assert!(refused("a|not: x").reason.contains("not"));
    assert!(refused("a|contains|nope: x").reason.contains("nope"));
}
