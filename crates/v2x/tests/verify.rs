//! Every reason of a verdict, made by a message that has it; what is kept between messages.

use sentinel_v2x::Profile::{self, Ieee1609, Ydt3957};
use sentinel_v2x::build::{Attach, trust_list};
use sentinel_v2x::coer::{Limits, Value, decode, encode};
use sentinel_v2x::load::{Domain, Station, aid, permissions};
use sentinel_v2x::types::named;
use sentinel_v2x::verify::{Engine, Facts, Grammar, Outcome, Place, Reason, Room, Settings, Verdict, lists};
use sentinel_v2x::view::CertificateView;

const SECOND: u64 = 1_000_000;
const HOUR: u64 = 3600 * SECOND;
/// 2026-11-30 or so.
const NOW: u64 = 723_000_000 * SECOND;
const PROFILES: [Profile; 2] = [Ydt3957, Ieee1609];

/// Payloads of the tests: a kind, then words that are events; "fast" is a speed that cannot be.
fn reader(grammar: Grammar, payload: &[u8], _: f64) -> Option<Facts> {
    let text = std::str::from_utf8(payload).ok().filter(|_| grammar == Grammar::Day1)?;
    let mut words = text.split(' ');
    let kind = ["bsm", "rsi", "spat"].into_iter().find(|k| words.clone().next() == Some(k))?;
    words.next();
    let mut facts = Facts {
        kind,
        station: String::new(),
        generated: f64::NAN,
        counter: 0,
        latitude: 31.0,
        longitude: 121.0,
        speed: 10.0,
        heading: 0.0,
        acceleration: 0.0,
        yaw_rate: 0.0,
        accuracy: 1.0,
        length: 4.0,
        width: 2.0,
        events: Vec::new(),
    };
    for word in words {
        if word == "fast" { facts.speed = 200.0 } else { facts.events.push(word.to_owned()) }
    }
    Some(facts)
}

struct World {
    domain: Domain,
    engine: Engine,
    next: u64,
}

fn settings() -> Settings {
    Settings { reader, ..Settings::default() }
}

impl World {
    fn new(profile: Profile) -> World {
        World::with(profile, settings())
    }
    fn with(profile: Profile, settings: Settings) -> World {
        let domain = Domain::new(profile, 1, ((NOW - HOUR) / SECOND) as u32).unwrap();
        let mut engine = Engine::new(settings);
        engine.trust.add_root(&domain.root, NOW + 24 * HOUR);
        engine.trust.add(&domain.authority);
        World { domain, engine, next: 100 }
    }
    fn station(&mut self) -> Station {
        self.next += 1;
        self.domain.station(self.next).unwrap()
    }
    fn station_with(&mut self, more: Vec<(&'static str, Value)>, hours: u16, start: u64) -> Station {
        self.next += 1;
        self.domain.station_with(self.next, more, hours, Some((start / SECOND) as u32)).unwrap()
    }
    fn own(&self) -> u64 {
        aid(self.domain.profile)
    }
    fn message(&self, station: &Station, attach: Attach) -> Vec<u8> {
        self.domain.message(station, b"bsm", NOW, attach).unwrap()
    }
    fn receive(&mut self, octets: &[u8], at: u64) -> Vec<(u64, Outcome)> {
        let mut out = Vec::new();
        self.engine.receive(7, octets, at, &mut out);
        out
    }
    fn verdict(&mut self, octets: &[u8], at: u64) -> Reason {
        let out = self.receive(octets, at);
        assert_eq!(out.len(), 1);
        let outcome = &out[0].1;
        let taken = outcome.verdict == Verdict::Accept;
        assert_eq!(taken, outcome.reason == Reason::Ok, "{outcome:?}");
        outcome.reason
    }
}

fn circle(latitude: i32, longitude: i32, radius: u16) -> (&'static str, Value) {
    let centre = Value::record([("latitude", Value::int(latitude)), ("longitude", Value::int(longitude))]);
    let circle = Value::record([("center", centre), ("radius", Value::int(radius))]);
    ("region", Value::choice("circularRegion", circle))
}

#[test]
fn a_good_message_is_taken_once() {
    for profile in PROFILES {
        let mut world = World::new(profile);
        let station = world.station();
        let message = world.message(&station, Attach::Certificate);
        let out = world.receive(&message, NOW + SECOND);
        let outcome = &out[0].1;
        assert_eq!((outcome.verdict, outcome.reason), (Verdict::Accept, Reason::Ok), "{outcome:?}");
        assert_eq!(outcome.aid, Some(world.own()));
        assert_eq!(outcome.generation_time, Some(NOW));
        let id = CertificateView::parse(&station.certificate, profile).unwrap().hash().unwrap().id8();
        assert_eq!(outcome.signer, Some(id));
        assert_eq!(world.verdict(&message, NOW + SECOND), Reason::Replayed);
        // the certificate is known now: a digest is enough, and nothing of the chain is verified again
        let more = world.domain.message(&station, b"bsm", NOW + 5, Attach::Digest).unwrap();
        assert_eq!(world.verdict(&more, NOW + SECOND), Reason::Ok);
        let counts = world.engine.counts();
        assert_eq!((counts.certificates_verified, counts.signatures_verified), (1, 2));
    }
}

#[test]
fn what_is_no_signed_message_is_malformed() {
    let mut world = World::new(Ydt3957);
    let plain = sentinel_v2x::build::unsecured(Ydt3957, b"bsm").unwrap();
    for octets in [&b""[..], b"\x03", b"\x03\x81\x02", &plain, &[0xff; 100]] {
        assert_eq!(world.verdict(octets, NOW), Reason::Malformed);
    }
}

#[test]
fn unknown_digests_wait_and_are_asked_for() {
    let mut world = World::new(Ydt3957);
    let station = world.station();
    let early = world.message(&station, Attach::Digest);
    assert!(world.receive(&early, NOW).is_empty(), "it waits");
    let counts = world.engine.counts();
    assert_eq!((counts.waiting, counts.waiting_octets), (1, early.len() as u64));
    let late = world.domain.message(&station, b"bsm", NOW + 1, Attach::Certificate).unwrap();
    let out = world.receive(&late, NOW + SECOND);
    let reasons: Vec<Reason> = out.iter().map(|(_, o)| o.reason).collect();
    assert_eq!(reasons, [Reason::Ok, Reason::Ok], "the certificate came");
    assert_eq!(world.engine.counts().waiting, 0);

    let other = world.station();
    let never = world.message(&other, Attach::Digest);
    assert!(world.receive(&never, NOW).is_empty());
    let mut out = Vec::new();
    world.engine.pass(NOW + 10 * SECOND, &mut out);
    let outcome = &out[0].1;
    assert_eq!((outcome.verdict, outcome.reason), (Verdict::Wait, Reason::UnknownSigner));
    let id = CertificateView::parse(&other.certificate, Ydt3957).unwrap().hash().unwrap();
    assert_eq!(outcome.ask, Some(id.last()));
    assert_eq!(outcome.signer, Some(id.id8()));
}

#[test]
fn a_foreign_chain_is_not_trusted_until_a_list_says_so() {
    for profile in PROFILES {
        let mut world = World::new(profile);
        let other = Domain::new(profile, 2, ((NOW - HOUR) / SECOND) as u32).unwrap();
        let station = other.station(1).unwrap();
        let message = |n| other.message(&station, b"bsm", NOW + n, Attach::Certificate).unwrap();
        assert_eq!(world.verdict(&message(0), NOW), Reason::UntrustedChain);
        world.engine.trust.add(&other.authority);
        assert_eq!(world.verdict(&message(0), NOW), Reason::UntrustedChain, "its root is not on the list");
        world.engine.trust.add_root(&other.root, NOW + HOUR);
        assert_eq!(world.verdict(&message(0), NOW), Reason::Ok);
        // the list runs out while the certificate is known
        let later = other.message(&station, b"bsm", NOW + HOUR, Attach::Digest).unwrap();
        assert_eq!(world.verdict(&later, NOW + HOUR), Reason::ListExpired);
    }
}

#[test]
fn an_authority_grants_no_more_than_it_may() {
    // the station's certificate is signed by another station
    let mut world = World::new(Ydt3957);
    let chain = world.station();
    world.engine.trust.add(&chain.certificate);
    let other = Domain::new(Ydt3957, 3, ((NOW - HOUR) / SECOND) as u32).unwrap();
    let forged = other.station(1).unwrap();
    let mut value =
        decode(&forged.certificate, named("Certificate").unwrap(), Ydt3957, Limits::MESSAGE).unwrap();
    let id = CertificateView::parse(&chain.certificate, Ydt3957).unwrap().hash().unwrap().id8();
    *value.get_mut("issuer").unwrap() = Value::choice("sm3AndDigest", Value::octets(&id));
    let octets = encode(&value, named("Certificate").unwrap(), Ydt3957).unwrap();
    let outcome = world.engine.judge_certificate(&octets, NOW);
    assert_eq!(outcome.reason, Reason::UntrustedChain, "{outcome:?}");
}

#[test]
fn certificates_have_their_time() {
    let mut world = World::new(Ydt3957);
    let granted = || vec![permissions(&[(111, None)])];
    let old = world.station_with(granted(), 1, NOW - 2 * HOUR + 1000 * SECOND);
    let message = world.message(&old, Attach::Certificate);
    assert_eq!(world.verdict(&message, NOW), Reason::Expired);
    let young = world.station_with(granted(), 5, NOW + HOUR);
    let message = world.message(&young, Attach::Certificate);
    assert_eq!(world.verdict(&message, NOW), Reason::NotYetValid);
    // valid when it was signed, over when it is looked at: said before that it is stale
    let short = world.station_with(granted(), 1, NOW - SECOND);
    let message = world.message(&short, Attach::Certificate);
    assert_eq!(world.verdict(&message, NOW + 2 * HOUR), Reason::Expired);
    assert_eq!(world.verdict(&message, NOW + 60 * SECOND), Reason::Stale);
}

#[test]
fn messages_have_their_time() {
    let mut world = World::new(Ydt3957);
    let station = world.station();
    let message = world.message(&station, Attach::Certificate);
    assert_eq!(world.verdict(&message, NOW + 31 * SECOND), Reason::Stale);
    assert_eq!(world.verdict(&message, NOW - 6 * SECOND), Reason::Future);
    assert_eq!(world.verdict(&message, NOW + 30 * SECOND), Reason::Ok);
    let with = |world: &World, time, more| {
        world.domain.message_with(&station, b"bsm", 111, time, more, Attach::Certificate).unwrap()
    };
    let none = with(&world, None, vec![]);
    assert_eq!(world.verdict(&none, NOW), Reason::Stale, "no time");
    let over = with(&world, Some(NOW), vec![("expiryTime", Value::int(NOW + SECOND))]);
    assert_eq!(world.verdict(&over, NOW + 2 * SECOND), Reason::Stale);
}

#[test]
fn a_certificate_has_its_region() {
    let mut world = World::new(Ydt3957);
    let granted = || permissions(&[(111, None)]);
    let near = world.station_with(vec![circle(310_000_000, 1_210_000_000, 500), granted()], 5, NOW - SECOND);
    let far = world.station_with(vec![circle(320_000_000, 1_210_000_000, 500), granted()], 5, NOW - SECOND);
    // the payload says 31, 121
    let message = world.message(&near, Attach::Certificate);
    assert_eq!(world.verdict(&message, NOW), Reason::Ok);
    let message = world.message(&far, Attach::Certificate);
    assert_eq!(world.verdict(&message, NOW), Reason::OutOfRegion);
    // the header does
    let place = Value::record([
        ("latitude", Value::int(320_000_000)),
        ("longitude", Value::int(1_210_000_000)),
        ("elevation", Value::int(0)),
    ]);
    let header = vec![("generationLocation", place)];
    let message =
        world.domain.message_with(&near, b"x", 111, Some(NOW), header, Attach::Certificate).unwrap();
    assert_eq!(world.verdict(&message, NOW), Reason::OutOfRegion);
    // nothing does: the receiver's place counts
    let position = Place::degrees(31.0, 121.0);
    let mut world = World::with(Ydt3957, Settings { position, ..settings() });
    let far = world.station_with(vec![circle(320_000_000, 1_210_000_000, 500), granted()], 5, NOW - SECOND);
    let message = world.domain.message(&far, b"x", NOW, Attach::Certificate).unwrap();
    assert_eq!(world.verdict(&message, NOW), Reason::OutOfRegion);
}

#[test]
fn the_aid_has_to_be_known_permitted_and_cover_the_content() {
    let mut world = World::new(Ydt3957);
    let station =
        world.station_with(vec![permissions(&[(111, None), (3619, None), (99_999, None)])], 5, NOW - SECOND);
    let mut under = |aid, payload: &[u8]| {
        let message = world
            .domain
            .message_with(&station, payload, aid, Some(NOW), vec![], Attach::Certificate)
            .unwrap();
        world.verdict(&message, NOW)
    };
    assert_eq!(under(99_999, b"bsm"), Reason::AidUnknown);
    assert_eq!(under(3620, b"rsi"), Reason::AidNotPermitted, "not in the certificate");
    assert_eq!(under(3619, b"rsi"), Reason::AidNotPermitted, "an RSI under the aid of SPAT");
    assert_eq!(under(3619, b"spat"), Reason::Ok);
    assert_eq!(under(111, b"anything"), Reason::Ok, "a payload nobody can read");
}

#[test]
fn a_strict_receiver_refuses_what_it_cannot_read() {
    let mut world = World::with(Ydt3957, Settings { strict: true, ..settings() });
    let station = world.station();
    let message = world.domain.message(&station, b"anything", NOW, Attach::Certificate).unwrap();
    assert_eq!(world.verdict(&message, NOW), Reason::Malformed);
}

#[test]
fn the_ssp_has_to_cover_the_content() {
    let mut world = World::new(Ydt3957);
    let plain = world.station();
    let siren = world.station_with(vec![permissions(&[(111, Some(&[1, 0x80]))])], 5, NOW - SECOND);
    let message = world.domain.message(&plain, b"bsm siren", NOW, Attach::Certificate).unwrap();
    assert_eq!(world.verdict(&message, NOW), Reason::SspInsufficient);
    let message = world.domain.message(&siren, b"bsm siren", NOW, Attach::Certificate).unwrap();
    assert_eq!(world.verdict(&message, NOW), Reason::Ok);
}

#[test]
fn what_cannot_be_is_implausible() {
    let mut world = World::new(Ydt3957);
    let station = world.station();
    let message = world.domain.message(&station, b"bsm fast", NOW, Attach::Certificate).unwrap();
    assert_eq!(world.verdict(&message, NOW), Reason::Implausible);
}

#[test]
fn changed_octets_break_the_signature() {
    for profile in PROFILES {
        let mut world = World::new(profile);
        let station = world.station();
        let mut message = world.message(&station, Attach::Certificate);
        let last = message.len() - 1;
        message[last] ^= 1;
        assert_eq!(world.verdict(&message, NOW), Reason::BadSignature);
        let mut certificate = station.certificate.clone();
        let last = certificate.len() - 1;
        certificate[last] ^= 1;
        assert_eq!(world.engine.judge_certificate(&certificate, NOW).reason, Reason::BadSignature);
        assert_eq!(world.engine.judge_certificate(&station.certificate, NOW).reason, Reason::Ok);
    }
}

/// A list of revocations, signed by the domain's authority.
fn crl(domain: &Domain, kind: &'static str, entries: Value) -> Vec<u8> {
    let view = CertificateView::parse(&domain.authority, domain.profile).unwrap();
    let list = Value::record([
        ("version", Value::int(1)),
        ("crlSeries", Value::int(0)),
        ("crlCraca", Value::octets(&view.hash().unwrap().id8())),
        ("issueDate", Value::int((NOW / SECOND) as u32)),
        ("nextCrl", Value::int((NOW / SECOND) as u32 + 86_400)),
        ("priorityInfo", Value::record([])),
        ("typeSpecific", Value::choice(kind, entries)),
    ]);
    let octets = encode(&list, named("CrlContents").unwrap(), domain.profile).unwrap();
    let inner = sentinel_v2x::build::unsecured(domain.profile, &octets).unwrap();
    let header = Value::record([("psid", Value::int(3628)), ("generationTime", Value::int(NOW))]);
    sentinel_v2x::build::signed(domain.profile, &inner, header, domain.signer(), Attach::Digest).unwrap()
}

fn by_hash(id: &[u8; 10]) -> Value {
    let entry = Value::record([("id", Value::octets(id)), ("expiry", Value::int(0xffff_ffffu32))]);
    Value::record([("crlSerial", Value::int(0)), ("entries", Value::List(vec![entry]))])
}

#[test]
fn a_revoked_certificate_is_refused_by_its_hash() {
    for profile in PROFILES {
        let mut world = World::new(profile);
        let station = world.station();
        let message = world.message(&station, Attach::Certificate);
        assert_eq!(world.verdict(&message, NOW), Reason::Ok);
        let id = CertificateView::parse(&station.certificate, profile).unwrap().hash().unwrap().last::<10>();
        let list = crl(&world.domain, "fullHashCrl", by_hash(&id));
        let Engine { trust, revoked, .. } = &mut world.engine;
        lists::add_crl(trust, revoked, &list).unwrap();
        let message = world.domain.message(&station, b"bsm", NOW + 1, Attach::Digest).unwrap();
        assert_eq!(world.verdict(&message, NOW), Reason::Revoked, "it was known as good");
        let other = world.station();
        let message = world.message(&other, Attach::Certificate);
        assert_eq!(world.verdict(&message, NOW), Reason::Ok);
    }
}

#[test]
fn a_seed_revokes_from_its_period_on_and_never_before() {
    use sentinel_v2x::cipher::Cipher;
    use sentinel_v2x::linkage::{linkage_value, pre_linkage_value, seed_after};
    for (profile, cipher) in [(Ydt3957, Cipher::Sm4), (Ieee1609, Cipher::Aes)] {
        let mut world = World::new(profile);
        let (one, other) = ([0, 1], [0, 2]);
        let seeds = [[3; 16], [4; 16]];
        let value = |steps, j| {
            let part =
                |la, seed: &[u8; 16]| pre_linkage_value(cipher, la, &seed_after(cipher, la, seed, steps), j);
            linkage_value(&part(one, &seeds[0]), &part(other, &seeds[1]))
        };
        let mut station = |period: u16, value: [u8; 9]| {
            let id = Value::record([("iCert", Value::int(period)), ("linkage-value", Value::octets(&value))]);
            let mut made = world.station_with(vec![permissions(&[(aid(profile), None)])], 5, NOW - SECOND);
            made.certificate = world.domain.relabelled(&made, Value::choice("linkageData", id)).unwrap();
            made
        };
        let in_time = [station(10, value(0, 1)), station(12, value(2, 20))];
        let before = station(9, value(0, 1));
        let stranger = station(12, [7; 9]);
        let entry = Value::record([
            ("linkageSeed1", Value::octets(&seeds[0])),
            ("linkageSeed2", Value::octets(&seeds[1])),
        ]);
        let span = Value::record([("iMax", Value::int(200)), ("contents", Value::List(vec![entry]))]);
        let pair = Value::record([
            ("la1Id", Value::octets(&one)),
            ("la2Id", Value::octets(&other)),
            ("contents", Value::List(vec![span])),
        ]);
        let group = Value::record([("jmax", Value::int(20)), ("contents", Value::List(vec![pair]))]);
        let linked = Value::record([
            ("iRev", Value::int(10)),
            ("indexWithinI", Value::int(0)),
            ("individual", Value::List(vec![group])),
        ]);
        let list = crl(&world.domain, "fullLinkedCrl", linked);
        let Engine { trust, revoked, .. } = &mut world.engine;
        lists::add_crl(trust, revoked, &list).unwrap();
        for station in &in_time {
            let message = world.message(station, Attach::Certificate);
            assert_eq!(world.verdict(&message, NOW), Reason::Revoked);
        }
        for station in [&before, &stranger] {
            let message = world.message(station, Attach::Certificate);
            assert_eq!(world.verdict(&message, NOW), Reason::Ok);
        }
    }
}

#[test]
fn a_list_of_revocations_is_signed_by_someone_who_may() {
    let mut world = World::new(Ydt3957);
    let other = Domain::new(Ydt3957, 2, ((NOW - HOUR) / SECOND) as u32).unwrap();
    world.engine.trust.add(&other.authority);
    let list = crl(&other, "fullHashCrl", by_hash(&[1; 10]));
    let Engine { trust, revoked, .. } = &mut world.engine;
    let error = lists::add_crl(trust, revoked, &list).unwrap_err();
    assert!(error.contains("is not trusted"), "{error}");
    assert!(revoked.is_empty());
}

#[test]
fn a_root_list_is_taken_with_its_managers_signature_only() {
    for profile in PROFILES {
        let domain = Domain::new(profile, 1, ((NOW - HOUR) / SECOND) as u32).unwrap();
        let root = decode(&domain.root, named("Certificate").unwrap(), profile, Limits::LIST).unwrap();
        let manager = domain.signer();
        let id = CertificateView::parse(&domain.authority, profile).unwrap().hash().unwrap().id8();
        let issuer = if profile == Ydt3957 { "sm3AndDigest" } else { "sha256AndDigest" };
        let tbs = Value::record([
            ("version", Value::int(1)),
            ("issuer", Value::choice(issuer, Value::octets(&id))),
            ("series", Value::int(0)),
            ("issueDate", Value::int((NOW / SECOND) as u32)),
            ("nextRootCtl", Value::int((NOW / SECOND) as u32 + 600)),
            ("pkiCtlInfoList", Value::List(vec![Value::record([("rootCertificate", root)])])),
        ]);
        let list = trust_list(profile, true, tbs, manager).unwrap();
        let mut engine = Engine::new(settings());
        let error = lists::add_anchor(&mut engine.trust, &list).unwrap_err();
        assert!(error.contains("whose certificate is not known"), "{error}");
        engine.trust.add(&domain.authority);
        let mut changed = list.clone();
        changed[20] ^= 1;
        assert!(lists::add_anchor(&mut engine.trust, &changed).is_err());
        assert_eq!(engine.trust.roots(), 0);
        let loaded = lists::add_anchor(&mut engine.trust, &list).unwrap();
        assert_eq!(loaded, sentinel_v2x::verify::Loaded::Roots { count: 1, until: NOW + 600 * SECOND });
        let station = domain.station(1).unwrap();
        let mut out = Vec::new();
        let message = domain.message(&station, b"bsm", NOW, Attach::Certificate).unwrap();
        engine.receive(0, &message, NOW, &mut out);
        assert_eq!(out[0].1.reason, Reason::Ok, "{:?}", out[0].1);
    }
}

#[test]
fn what_is_kept_is_bounded_under_a_flood() {
    let room = Room { messages: 50, octets: 20_000, each: 4, time: 2 * SECOND };
    let mut world = World::with(Ydt3957, Settings { signers: 20, replays: 100, room, ..settings() });
    let mut decided = 0;
    for n in 0..200u64 {
        let station = world.station();
        let attach = if n % 2 == 0 { Attach::Certificate } else { Attach::Digest };
        let message = world.domain.message(&station, b"bsm", NOW + n, attach).unwrap();
        decided += world.receive(&message, NOW + n).len();
    }
    let counts = world.engine.counts();
    assert_eq!((counts.signers, counts.signers_dropped), (20, 80));
    assert_eq!((counts.waiting, counts.waiting_dropped), (50, 50));
    let mut out = Vec::new();
    world.engine.finish(&mut out);
    assert_eq!(decided + out.len(), 200, "each message is decided once");
}

/// Messages and certificates with octets changed, put in, taken out or cut off.
#[test]
fn mutated_objects_are_refused() {
    let cases = std::env::var("SENTINEL_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(400u64);
    for profile in PROFILES {
        let mut world = World::new(profile);
        let station = world.station();
        let message = world.message(&station, Attach::Certificate);
        let mut random = 0x1234_5678_9abc_def1u64 ^ profile as u64;
        let mut next = move |below: usize| {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            (random % below as u64) as usize
        };
        let mut taken = 0;
        for case in 0..cases {
            let source = if case % 2 == 0 { &message } else { &station.certificate };
            let mut octets = source.clone();
            for _ in 0..1 + next(3) {
                let at = next(octets.len());
                match next(4) {
                    0 => octets[at] ^= 1 << next(8),
                    1 => octets.insert(at, next(256) as u8),
                    2 => drop(octets.remove(at)),
                    _ => octets.truncate(at.max(1)),
                }
            }
            if octets == *source {
                continue;
            }
            let reason = if case % 2 == 0 {
                world.engine.judge(&octets, NOW).reason
            } else {
                world.engine.judge_certificate(&octets, NOW).reason
            };
            taken += u64::from(reason == Reason::Ok);
        }
        assert_eq!(taken, 0);
        assert!(world.engine.counts().signers <= 1);
    }
}

#[test]
fn of_two_reasons_the_one_further_up_is_said() {
    let mut world = World::new(Ydt3957);
    let short = world.station_with(vec![permissions(&[(111, None)])], 1, NOW - SECOND);
    let message = world.message(&short, Attach::Certificate);
    // the list ends after a day, the certificate after an hour, the message is stale after half a minute
    assert_eq!(world.verdict(&message, NOW + 25 * HOUR), Reason::ListExpired);
    assert_eq!(world.verdict(&message, NOW + 2 * HOUR), Reason::Expired);
    // from the future: whether its certificate is valid already is not asked
    assert_eq!(world.verdict(&message, NOW - 10 * SECOND), Reason::Future);
}
