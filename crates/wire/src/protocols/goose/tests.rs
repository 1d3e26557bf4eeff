use super::*;
use crate::cx::End;
use crate::obs::{EventMode, HostKey, Limits, Observations, StoredEvent};
use crate::testkit::{CLIENT_MAC, Dialogue, SERVER_MAC};
use proptest::prelude::*;

const REFERENCE: &str = "AA1E1Q1CTRL/LLN0$GO$gcb01";
const T0: u32 = 1_700_000_000;

fn tlv(tag: u8, body: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    match body.len() {
        n @ 0..=127 => out.push(n as u8),
        n => out.extend([0x82, (n >> 8) as u8, n as u8]),
    }
    out.extend(body);
    out
}

#[derive(Clone)]
struct Made {
    st: u32,
    sq: u32,
    t: u32,
    live: u32,
    conf_rev: u8,
    simulation: bool,
    entries: u8,
    value: u8,
}

const BASE: Made =
    Made { st: 5, sq: 9, t: T0, live: 4000, conf_rev: 1, simulation: false, entries: 2, value: 0 };

impl Made {
    fn pdu(&self) -> Vec<u8> {
        let mut t = self.t.to_be_bytes().to_vec();
        t.extend([0x80, 0, 0, 0x0a]);
        let data = [tlv(0x83, &[self.value]), tlv(0x84, &[6, 0x40])].concat();
        let body = [
            tlv(0x80, REFERENCE.as_bytes()),
            tlv(0x81, &self.live.to_be_bytes()),
            tlv(0x82, b"AA1E1Q1CTRL/LLN0$Positions"),
            tlv(0x83, b"Positions"),
            tlv(0x84, &t),
            tlv(0x85, &[&[0][..], &self.st.to_be_bytes()].concat()),
            tlv(0x86, &[&[0][..], &self.sq.to_be_bytes()].concat()),
            tlv(0x87, &[u8::from(self.simulation)]),
            tlv(0x88, &[self.conf_rev]),
            tlv(0x89, &[0]),
            tlv(0x8a, &[self.entries]),
            tlv(0xab, &data),
        ]
        .concat();
        tlv(0x61, &body)
    }
    /// The Ethernet payload, filled up.
    fn frame(&self) -> Vec<u8> {
        let apdu = self.pdu();
        let mut out = vec![0x30, 0x01];
        out.extend(((apdu.len() + 8) as u16).to_be_bytes());
        out.extend([0, 0, 0, 0]);
        out.extend(apdu);
        out.extend([0; 3]);
        out
    }
}

/// Several stations on one segment.
struct Segment {
    obs: Observations,
    frame: u64,
    probe: Box<dyn Probe>,
}

const GROUP: Mac = Mac([1, 0x0c, 0xcd, 1, 0, 1]);

impl Segment {
    fn new(mode: EventMode) -> Segment {
        Segment { obs: Observations::new(Limits::default(), mode), frame: 0, probe: (SPEC.open)() }
    }
    fn with(&mut self, mac: Mac, millis: i64, f: impl FnOnce(&mut dyn Probe, &mut Cx<'_>)) {
        self.frame += 1;
        let obs = &mut self.obs;
        let mut end = |mac: Mac| {
            let addr = HostAddr::Mac(mac);
            let host = obs.host(HostKey::new(0, addr)).expect("room for a host");
            End { host, addr, port: 0, mac: Some(mac) }
        };
        let (client, server) = (end(GROUP), end(mac));
        let mut flow = crate::cx::FlowMeta { client, server, transport: Transport::L2, vlan: 0, oriented: false };
        let at = Stamp { time: i64::from(T0) * 1_000_000 + millis * 1000, frame: self.frame, source: 0 };
        obs.events.at_packet(self.frame);
        let mut cx = Cx {
            flow: &mut flow,
            from: Side::Server,
            at,
            protocol: SPEC.name,
            pdus: SPEC.pdus,
            obs,
            swapped: false,
        };
        f(self.probe.as_mut(), &mut cx);
        // an operation towards the owner leaves the flow as it was
        assert_eq!((flow.client.addr, flow.server.addr), (HostAddr::Mac(GROUP), HostAddr::Mac(mac)));
    }
    fn say(&mut self, mac: Mac, millis: i64, made: &Made) -> &mut Segment {
        let frame = made.frame();
        self.with(mac, millis, |probe, cx| assert!(probe.datagram(cx, &frame).is_ok()));
        self
    }
    fn tick(&mut self, mac: Mac, millis: i64) -> &mut Segment {
        self.with(mac, millis, |probe, cx| probe.tick(cx));
        self
    }
    fn events(&mut self) -> Vec<StoredEvent> {
        self.obs.events.take()
    }
    fn actions(&mut self) -> Vec<String> {
        self.events().iter().map(|e| field(e, "event.action")).collect()
    }
}

fn field(event: &StoredEvent, name: &str) -> String {
    match event.fields.iter().find(|(n, _)| *n == name) {
        Some((_, Val::Str(s))) => s.to_string(),
        Some((_, Val::Static(s))) => (*s).to_owned(),
        Some((_, Val::Int(v))) => v.to_string(),
        other => format!("{other:?}"),
    }
}

/// Actions of the events of one publisher that says these things, a second apart.
fn story(all: &[Made]) -> Vec<String> {
    let mut segment = Segment::new(EventMode::Notable);
    for (i, made) in all.iter().enumerate() {
        segment.say(SERVER_MAC, 1000 * i as i64, made);
    }
    segment.actions()
}

#[test]
fn a_message_is_read() {
    let seen = Dialogue::l2(&SPEC).server(&BASE.frame()).end();
    let field = |name: &str| seen.field(0, name).unwrap_or_default();
    assert_eq!(field("goose.gocb_ref"), REFERENCE);
    assert_eq!((field("goose.st_num"), field("goose.sq_num")), ("5".into(), "9".into()));
    assert_eq!((field("goose.appid"), field("goose.ied")), ("12289".into(), "AA1E1Q1".into()));
    assert_eq!(field("goose.t"), "2023-11-14T22:13:20.500000Z");
    assert_eq!(field("goose.values"), r#"[Str("false"), Str("01")]"#);
    let facts = seen.facts();
    for fact in ["id:iec61850=AA1E1Q1CTRL", "name=AA1E1Q1", "role=ied", "goose-id=Positions"] {
        assert!(facts.contains(&format!("server {fact}")), "{fact}");
    }
    assert!(seen.ops().is_empty());
}

#[test]
fn an_orderly_stream_says_little() {
    let all = [
        BASE,
        Made { sq: 10, ..BASE },
        Made { st: 6, sq: 0, t: T0 + 2, value: 1, ..BASE },
        Made { st: 6, sq: 1, t: T0 + 2, value: 1, ..BASE },
        Made { st: 1, sq: 1, t: T0 + 4, ..BASE },
        Made { st: 1, sq: 2, t: T0 + 4, ..BASE },
    ];
    assert_eq!(story(&all), ["new_publisher", "state_change", "restart"]);
    let wrapped = [
        Made { st: u32::MAX, sq: u32::MAX, ..BASE },
        Made { st: u32::MAX, sq: 0, ..BASE },
        Made { st: 1, sq: 0, t: T0 + 1, value: 1, ..BASE },
    ];
    assert_eq!(story(&wrapped)[1..], ["restart"], "the only wrap that looks like a beginning");
}

#[test]
fn what_does_not_fit_is_said() {
    let after = |made: Made| story(&[BASE, made]).split_off(1);
    let next = Made { sq: 10, ..BASE };
    assert_eq!(after(Made { st: 3, ..next.clone() }), ["st_num_decrease"]);
    assert_eq!(after(Made { st: 900, sq: 0, t: T0 + 1, value: 1, ..next.clone() }), ["st_num_jump"]);
    assert_eq!(after(Made { sq: 4, ..BASE }), ["sq_num_replay"]);
    assert_eq!(after(Made { sq: 40, ..BASE }), ["sq_num_jump"]);
    assert_eq!(after(Made { value: 1, ..next.clone() }), ["values_changed_in_state"]);
    assert_eq!(after(Made { conf_rev: 2, ..next.clone() }), ["conf_rev_change"]);
    assert_eq!(after(Made { simulation: true, ..next.clone() }), ["simulation"]);
    assert_eq!(after(Made { entries: 3, ..next.clone() }), ["entries_mismatch"]);
    let older = Made { st: 6, sq: 0, t: T0 - 9, value: 1, ..BASE };
    assert_eq!(after(older), ["time_decrease", "state_change"]);
    // an old beginning, replayed
    assert_eq!(after(Made { st: 1, sq: 1, t: T0 - 9, ..BASE }), ["time_decrease", "st_num_decrease"]);
}

#[test]
fn silence_is_said_once() {
    let mut segment = Segment::new(EventMode::Notable);
    segment.say(SERVER_MAC, 0, &BASE).tick(SERVER_MAC, 3000).tick(SERVER_MAC, 5000).tick(SERVER_MAC, 9000);
    let next = Made { sq: 10, ..BASE };
    segment.say(SERVER_MAC, 10_000, &next).say(SERVER_MAC, 11_000, &Made { sq: 11, ..BASE });
    let events = segment.events();
    let actions: Vec<String> = events.iter().map(|e| field(e, "event.action")).collect();
    assert_eq!(actions, ["new_publisher", "time_allowed_to_live_exceeded"]);
    assert_eq!(field(&events[1], "goose.silence"), "5000");
    assert_eq!(field(&events[1], "source.mac"), SERVER_MAC.to_string());
    // without a tick the next message tells
    let mut segment = Segment::new(EventMode::Notable);
    segment.say(SERVER_MAC, 0, &BASE).say(SERVER_MAC, 10_000, &next);
    assert_eq!(segment.actions(), ["new_publisher", "time_allowed_to_live_exceeded"]);
}

#[test]
fn another_publisher_injects() {
    let mut segment = Segment::new(EventMode::Notable);
    let forged = Made { st: 6, sq: 0, t: T0 + 1, value: 1, ..BASE };
    segment.say(SERVER_MAC, 0, &BASE).say(CLIENT_MAC, 500, &forged);
    segment.say(CLIENT_MAC, 1500, &Made { sq: 1, ..forged.clone() });
    segment.say(SERVER_MAC, 1600, &Made { sq: 10, ..BASE });
    let events = segment.events();
    let rows: Vec<(String, String)> =
        events.iter().map(|e| (field(e, "event.action"), field(e, "source.mac"))).collect();
    let row = |action: &str, mac: Mac| (action.to_owned(), mac.to_string());
    assert_eq!(
        rows,
        [
            row("new_publisher", SERVER_MAC),
            row("second_publisher", CLIENT_MAC),
            row("publish", CLIENT_MAC),
            row("second_publisher", CLIENT_MAC),
            row("publish", CLIENT_MAC),
        ]
    );
    assert_eq!(field(&events[1], "goose.owner.mac"), SERVER_MAC.to_string());
    assert_eq!(field(&events[1], "destination.mac"), SERVER_MAC.to_string());
    assert_eq!(field(&events[1], "goose.group"), GROUP.to_string());
    assert_eq!(field(&events[2], "ot.action"), "inject");
    let (key, stat) = segment.obs.operations.iter().next().expect("one operation");
    assert_eq!((stat.action, stat.seen.count), (Action::Inject, 2));
    let addr = |id: crate::obs::HostId| segment.obs.hosts[id.0 as usize].0.addr;
    assert_eq!((addr(key.client), addr(key.server)), (HostAddr::Mac(CLIENT_MAC), HostAddr::Mac(SERVER_MAC)));
    // who forges gives no facts of itself
    assert!(segment.obs.facts.keys().all(|k| addr(k.host) == HostAddr::Mac(SERVER_MAC)));
}

#[test]
fn a_successor_takes_over() {
    let mut segment = Segment::new(EventMode::Notable);
    let long = Made { live: 0, ..BASE };
    segment.say(SERVER_MAC, 0, &long).say(CLIENT_MAC, 700_000, &long);
    segment.say(CLIENT_MAC, 701_000, &Made { sq: 10, ..long.clone() });
    assert_eq!(segment.actions(), ["new_publisher", "new_publisher", "publisher_change"]);
    assert!(segment.obs.operations.is_empty());
}

#[test]
fn a_copy_on_another_path_is_no_replay() {
    let mut segment = Segment::new(EventMode::Notable);
    let next = Made { sq: 10, ..BASE };
    segment.say(SERVER_MAC, 0, &BASE).say(SERVER_MAC, 1, &next).say(SERVER_MAC, 2, &BASE);
    segment.say(SERVER_MAC, 3, &next);
    assert_eq!(segment.actions(), ["new_publisher"]);
}

#[test]
fn a_flood_is_one_event_a_second() {
    let mut segment = Segment::new(EventMode::Notable);
    for i in 0..900 {
        segment.say(SERVER_MAC, i, &Made { st: 5 + i as u32, sq: 0, value: (i % 2) as u8, ..BASE });
    }
    let actions = segment.actions();
    assert_eq!(actions.iter().filter(|a| *a == "flood").count(), 1);
    assert!(actions.len() < 30, "{} events", actions.len());
}

#[test]
fn tables_are_bounded() {
    let mut segment = Segment::new(EventMode::None);
    for i in 0..1500u32 {
        let mut frame = BASE.frame();
        // another name of the same length
        let at = 14;
        frame[at..at + 4].copy_from_slice(format!("{i:04}").as_bytes());
        segment.with(SERVER_MAC, i.into(), |probe, cx| {
            let _heard = probe.datagram(cx, &frame);
        });
    }
    assert!(segment.obs.counters["goose_publishers"] >= 400);
}

/// A routable session around PDUs.
fn session(pdu: &[u8]) -> Vec<u8> {
    let payload = [&[0x81, 0, 0x30, 1][..], &(pdu.len() as u16).to_be_bytes(), pdu].concat();
    let mut out = vec![1, 0x40, SPDU_GOOSE, 24, 0x80, 22];
    out.extend([0; 4 + 4]);
    out.extend([0, 1]);
    out.extend([0; 4 + 2 + 4]);
    out.push(0);
    out.extend(((payload.len()) as u32).to_be_bytes());
    out.extend(payload);
    out
}

#[test]
fn routable_goose_is_read() {
    let datagram = session(&BASE.pdu());
    let d = Dialogue::udp(&SPEC, 102);
    assert_eq!(d.identify(true, &datagram), Verdict::Strong(Role::Server));
    assert_eq!(d.identify(true, &BASE.frame()), Verdict::No);
    let seen = d.client(&datagram).end();
    assert_eq!(seen.field(0, "goose.gocb_ref").as_deref(), Some(REFERENCE));
}

#[test]
fn identifies_and_refuses() {
    let d = Dialogue::l2(&SPEC);
    assert_eq!(d.identify(true, &BASE.frame()), Verdict::Strong(Role::Server));
    let mut short = BASE.frame();
    short.truncate(60);
    assert_eq!(d.identify(true, &short), Verdict::No);
    assert_eq!(d.identify(true, b"goose"), Verdict::No);
    let seen = Dialogue::l2(&SPEC).server(&BASE.frame()).server(&short).end();
    assert_eq!(seen.obs.parse_errors.get("goose"), Some(&1));
    let hint = Hint { transport: Transport::L2, src_port: 0, dst_port: 0, ethertype: 0x88ba };
    assert_eq!(identify(&hint, &BASE.frame()), Verdict::No);
}

proptest! {
    #[test]
    fn never_panics(
        data in proptest::collection::vec(any::<u8>(), 0..200),
        flips in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        numbers in proptest::collection::vec((any::<u32>(), any::<u32>(), any::<u32>()), 0..8),
    ) {
        let mut mutated = BASE.frame();
        let mut datagram = session(&BASE.pdu());
        for (at, value) in &flips {
            let i = at.index(mutated.len());
            mutated[i] = *value;
            let i = at.index(datagram.len());
            datagram[i] = *value;
        }
        let d = Dialogue::l2(&SPEC);
        let _verdict = (d.identify(true, &data), d.identify(true, &mutated));
        let mut d = d.server(&data).server(&mutated);
        for (st, sq, t) in numbers {
            d = d.server(&Made { st, sq, t, ..BASE }.frame());
        }
        let _seen = d.end();
        let d = Dialogue::udp(&SPEC, 102);
        let _verdict = (d.identify(true, &data), d.identify(true, &datagram));
        let _seen = d.client(&datagram).client(&data).end();
    }
}
