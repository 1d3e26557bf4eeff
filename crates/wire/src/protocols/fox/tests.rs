use super::SPEC;
use super::message::{Parsed, parse};
use crate::probe::{Role, Verdict};
use crate::testkit::{Dialogue, Seen};
use proptest::prelude::*;

const HELLO: &[u8] =
    b"fox a 1 -1 fox hello\n{\nfox.version=s:1.0\nid=i:1\nhostName=s:pc-7\napp.name=s:Workbench\n\
app.version=s:3.8.1\nos.name=s:Windows 7\nos.version=s:6.1\nbrandId=s:acme\n};;\n";
const REPLY: &[u8] =
    b"fox a 0 -1 fox hello\n{\nhostName=s:10.0.0.2\napp.name=s:Station\napp.version=s:3.6.2\n\
station.name=s:Plant_1\nhostId=s:Qnx-NPM6-0000-1111-2222\ntimeZone=s:Asia/Tokyo;32400000;0;null;null\n\
sysInfo=o:bog 12[<a>\n};;\n</a>]\n};;\n";

fn talk(client: &[u8], server: &[u8], split: usize) -> Seen {
    Dialogue::tcp(&SPEC, 1911).client_split(client, split).server_split(server, split).end()
}

#[test]
fn hello_tells_both_ends_for_every_split() {
    for split in (1..60).chain([1000]) {
        let seen = talk(HELLO, REPLY, split);
        assert_eq!(seen.ops(), ["fox hello accepted x1"], "split {split}");
        let facts = seen.facts();
        for fact in [
            "client hostname=pc-7",
            "client role=engineering-workstation",
            "client os=Windows 7 6.1",
            "client brand=acme",
            "server name=Plant_1",
            "server model=NPM6",
            "server firmware=3.6.2",
            "server role=building-controller",
            "server id:niagara-host=Qnx-NPM6-0000-1111-2222",
            "server time-zone=Asia/Tokyo",
        ] {
            assert!(facts.contains(&fact.to_owned()), "{fact}");
        }
        // an address is no host name
        assert!(!facts.iter().any(|f| f.starts_with("server hostname")));
        assert!(seen.obs.parse_errors.is_empty());
    }
}

#[test]
fn log_in_waits_for_its_outcome() {
    let challenge =
        |method: &str| format!("fox a 1 -1 fox challenge\n{{\nmethod=s:{method}\n}};;\n").into_bytes();
    let log_in = b"fox a 2 -1 fox authenticate\n{\nusername=s:admin\npassword=s:niagara\n};;\n";
    for (verdict, outcome) in [("welcome", "success"), ("rejected", "failure")] {
        let end = format!("fox a 3 -1 fox {verdict}\n{{\n}};;\n");
        let seen = Dialogue::tcp(&SPEC, 1911)
            .server(&challenge("basic"))
            .client(log_in)
            .server(end.as_bytes())
            .end();
        assert_eq!(seen.creds(), [format!("password admin niagara {outcome}")]);
    }
    let seen = Dialogue::tcp(&SPEC, 1911).server(&challenge("digest-md5")).client(log_in).end();
    assert_eq!(seen.creds(), ["hash admin niagara unknown"]);
    assert_eq!(seen.ops(), ["fox authenticate unknown x1"]);
}

#[test]
fn requests_are_named_and_paired() {
    let ask = b"fox s 5 -1 station invoke\n{\nord=s:slot:/a\n};;\nfox s 6 -1 station load\n{\n};;\n";
    let reply = b"fox r 1 5 station invoke\n{\n};;\nfox e 2 6 station load\n{\n};;\n";
    let seen = talk(ask, reply, 1000);
    let mut ops = seen.ops();
    ops.sort();
    assert_eq!(ops, ["fox station_invoke accepted x1", "fox station_load refused x1"]);
}

#[test]
fn one_bad_message_does_not_cost_the_flow() {
    let bad = [b"fox a 1 -1 fox hello\n{\nnonsense\n};;\n".as_slice(), HELLO].concat();
    let seen = talk(&bad, REPLY, 1000);
    assert_eq!(seen.ops(), ["fox hello accepted x1"]);
    assert_eq!(seen.obs.parse_errors.get("fox"), Some(&1));
}

#[test]
fn identifies_and_refuses() {
    let d = Dialogue::tcp(&SPEC, 9999);
    assert_eq!(d.identify(true, HELLO), Verdict::Strong(Role::Unknown));
    assert_eq!(d.identify(true, &HELLO[..30]), Verdict::Strong(Role::Unknown));
    assert_eq!(d.identify(true, &HELLO[..6]), Verdict::Need);
    let welcome = b"fox a 3 -1 fox welcome\n{\n};;\n";
    assert_eq!(d.identify(true, welcome), Verdict::Strong(Role::Server));
    for other in [&b"fox jumps over"[..], b"GET / HTTP/1.1\r\n", b"fox a one two fox hello\n{\n", &[0; 40]] {
        assert_eq!(d.identify(true, other), Verdict::No, "{other:?}");
    }
}

proptest! {
    #[test]
    fn never_panics(data in proptest::collection::vec(any::<u8>(), 0..200), at in 0usize..400, byte: u8) {
        let d = Dialogue::tcp(&SPEC, 1911);
        let _verdict = d.identify(true, &data);
        let mut changed = REPLY.to_vec();
        let n = changed.len();
        changed[at % n] = byte;
        let _verdict = d.identify(true, &changed);
        if let Parsed::Message(_, used) = parse(&changed) {
            prop_assert!(used > 0 && used <= changed.len());
        }
        let inside = [b"fox a 1 -1 fox hello\n{\n".as_slice(), &data].concat();
        let _seen = d.client(&inside).server(&changed).gap(true, 2).client(&data).server(HELLO).end();
    }
}
