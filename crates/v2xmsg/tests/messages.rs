//! Published messages, and what becomes of them when they are altered.

use proptest::prelude::*;
use sentinel_v2xmsg::{Clock, Error, Family, Kind, MAX_OCTETS, Message, observe};
use serde_json::json;

const SAMPLES: &str = include_str!("../samples/day1.txt");
/// A CAM of a car with its low frequency and emergency containers, from the other codec (asn1tools).
const CAM: &str = include_str!("../samples/etsi.txt");

fn samples() -> Vec<(Kind, Vec<u8>)> {
    SAMPLES
        .lines()
        .chain(CAM.lines())
        .filter(|line| !line.starts_with('#'))
        .map(|line| {
            let (kind, hex) = line.split_once(' ').expect("a kind and octets");
            let octets =
                (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hex"));
            (kind.parse().expect("a kind"), octets.collect())
        })
        .collect()
}

/// Whatever decodes encodes again, and what comes out decodes to the same.
fn settles(family: Family, octets: &[u8]) -> bool {
    let Ok(message) = Message::decode(family, octets) else { return false };
    let again = message.encode().expect("what was decoded is in range");
    assert_eq!(Message::decode(family, &again).as_ref(), Ok(&message));
    assert_eq!(Message::from_json(message.kind(), &message.to_json().expect("JSON")).as_ref(), Ok(&message));
    let _ = observe(&message, Clock { received: 1.8e9, tai_ahead: 5.0 });
    true
}

#[test]
fn samples_come_back_octet_for_octet() {
    let samples = samples();
    for kind in Kind::ALL {
        assert!(samples.iter().any(|(of, _)| *of == kind), "no {}", kind.name());
    }
    for (kind, octets) in samples {
        let message = Message::decode_as(kind, &octets).expect("a message");
        assert_eq!(message.encode().expect("octets"), octets, "{}", kind.name());
        assert!(settles(kind.family(), &octets));
    }
}

#[test]
fn the_published_values_are_read() {
    let (_, octets) = &samples()[1];
    let fields = Message::decode_as(Kind::Bsm, octets).and_then(|bsm| bsm.to_json()).expect("a BSM");
    assert_eq!(fields["pos"], json!({"lat": 399_764_498, "long": 1_163_508_958, "elevation": 467}));
    assert_eq!((&fields["secMark"], &fields["heading"]), (&json!(9500), &json!(14_239)));
    assert_eq!(fields["size"], json!({"width": 150, "length": 450}));
    assert_eq!(fields["safetyExt"]["events"], json!({"value": "0000", "length": 13}));
    let point = &fields["safetyExt"]["pathHistory"]["crumbData"][0];
    assert_eq!(point["timeOffset"], json!(5));
    assert_eq!(
        point["llvOffset"]["offsetLL"],
        json!({"position-LatLon": {"lon": 1_163_508_849, "lat": 399_764_591}})
    );
}

#[test]
fn a_bsm_is_observed_in_si_units() {
    let (_, octets) = &samples()[1];
    let bsm = Message::decode(Family::Day1, octets).expect("a BSM");
    let seen = observe(&bsm, Clock { received: 1_767_225_610.0, tai_ahead: 5.0 });
    assert_eq!((seen.kind, seen.station.as_str()), (Kind::Bsm, "0000000000000000"));
    assert_eq!((seen.latitude, seen.longitude), (39.976_449_8, 116.350_895_8));
    assert_eq!((seen.counter, seen.speed, seen.generated), (101, 0.0, 1_767_225_609.5));
    assert!((seen.heading - 177.9875).abs() < 1e-9);
    assert!(seen.acceleration.is_nan() && seen.accuracy.is_nan());
    assert_eq!((seen.length, seen.width), (4.5, 1.5));
    assert_eq!(seen.events, Vec::<String>::new());
}

/// POSIX time of 2026-01-01T00:00:00Z and of 2004-01-01, s.
const YEAR: f64 = 1_767_225_600.0;
const START_2004: f64 = 1_072_915_200.0;

/// What a message of the samples says of its time once `change` has been made.
fn generated(kind: Kind, received: f64, change: &dyn Fn(&mut serde_json::Value)) -> f64 {
    let (_, octets) = samples().into_iter().rfind(|(of, _)| *of == kind).expect("a sample");
    let mut fields = Message::decode_as(kind, &octets).and_then(|one| one.to_json()).expect("fields");
    change(&mut fields);
    let message = Message::from_json(kind, &fields).expect("a message");
    observe(&message, Clock { received, tai_ahead: 5.0 }).generated
}

#[test]
fn the_minute_is_the_nearest() {
    let at = |ms: u16, received| generated(Kind::Bsm, received, &|bsm| bsm["secMark"] = json!(ms));
    assert_eq!(at(59_900, YEAR + 0.05), YEAR - 0.1);
    assert_eq!(at(100, YEAR - 0.05), YEAR + 0.1);
    assert_eq!(at(60_500, YEAR + 0.05), YEAR + 0.5, "a leap second");
    assert!(at(65_535, YEAR).is_nan());
}

#[test]
fn the_year_is_the_nearest() {
    let at = |minute: u32, ms: u16, received| {
        generated(Kind::Spat, received, &|spat| {
            spat["moy"] = json!(minute);
            spat["timeStamp"] = json!(ms);
        })
    };
    assert_eq!(at(525_599, 59_000, YEAR + 1.0), YEAR - 1.0);
    assert_eq!(at(0, 0, YEAR - 1.0), YEAR);
    // 2024 has 366 days and is followed by one of 365.
    assert_eq!(at(527_039, 0, YEAR - 365.0 * 86_400.0), YEAR - 365.0 * 86_400.0 - 60.0);
    assert!(at(527_040, 0, YEAR).is_nan());
    assert!(at(0, 0, f64::NAN).is_nan());
}

#[test]
fn counts_of_tai_come_back() {
    let time = YEAR + 0.25;
    let count = ((time - START_2004 + 5.0) * 1e3).round() as u64;
    for off in [-32.0, -0.3, 0.0, 0.3, 32.0] {
        let cam = generated(Kind::Cam, time + off, &|cam| {
            cam["cam"]["generationDeltaTime"] = json!(count % 65_536);
        });
        assert_eq!(cam, time);
    }
    let denm = generated(Kind::Denm, 0.0, &|denm| {
        denm["denm"]["management"]["referenceTime"] = json!(count);
    });
    assert_eq!(denm, time);
}

#[test]
fn what_is_no_whole_message_is_refused_in_one_line() {
    for (kind, octets) in samples() {
        for length in 0..octets.len() {
            let cut = Message::decode_as(kind, &octets[..length]);
            assert!(cut.is_err(), "{} cut to {length}", kind.name());
            assert_eq!(cut.unwrap_err().to_string().lines().count(), 1);
        }
        let mut long = octets.clone();
        long.push(0);
        assert_eq!(Message::decode_as(kind, &long), Err(Error::Trailing(1)));
        let other = if kind == Kind::Bsm { Kind::Map } else { Kind::Bsm };
        assert!(Message::decode_as(other, &octets).is_err());
    }
    let huge = vec![0; MAX_OCTETS + 1];
    assert_eq!(Message::decode(Family::Day1, &huge), Err(Error::TooLong(MAX_OCTETS + 1, MAX_OCTETS)));
    assert_eq!(Message::decode(Family::Etsi, &[2, 7, 0]), Err(Error::MessageId(7)));
}

#[test]
fn descriptions_are_held_to_the_type() {
    let (kind, octets) = &samples()[1];
    let good = Message::decode_as(*kind, octets).and_then(|bsm| bsm.to_json()).expect("fields");
    let refused = |change: &dyn Fn(&mut serde_json::Value)| {
        let mut fields = good.clone();
        change(&mut fields);
        let made = Message::from_json(Kind::Bsm, &fields).and_then(|message| message.encode());
        made.expect_err("a description that is wrong").to_string()
    };
    assert_eq!(refused(&|f| f["brakes"]["brakePedal"] = json!("on")), "a bsm has no field brakes.brakePedal");
    assert!(refused(&|f| f["speed"] = json!(8192)).starts_with("this is no bsm: "));
    assert!(refused(&|f| f["speed"] = json!("fast")).starts_with("this is no bsm: "));
    assert!(refused(&|f| f["pos"]["lat"] = json!(900_000_002)).starts_with("this is no bsm: "));
    assert!(refused(&|f| f["transmission"] = json!("flying")).starts_with("this is no bsm: "));
    assert!(
        refused(&|f| {
            f.as_object_mut().map(|f| f.remove("size"));
        })
        .starts_with("this is no bsm: ")
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases()))]

    #[test]
    fn altered_messages_are_refused_or_settle(
        which in 0..7usize,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in prop::option::weighted(0.2, any::<prop::sample::Index>()),
    ) {
        let samples = samples();
        let (kind, mut octets) = samples[which % samples.len()].clone();
        for (at, with) in changes {
            let at = at.index(octets.len());
            octets[at] ^= with;
        }
        if let Some(cut) = cut {
            octets.truncate(cut.index(octets.len() + 1));
        }
        settles(kind.family(), &octets);
    }

    #[test]
    fn any_octets_are_refused_or_settle(octets in prop::collection::vec(any::<u8>(), 0..600)) {
        settles(Family::Day1, &octets);
        settles(Family::Etsi, &octets);
    }
}

/// Messages a property is tried on: SENTINEL_CASES, or some hundred.
fn cases() -> u32 {
    std::env::var("SENTINEL_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(400)
}
