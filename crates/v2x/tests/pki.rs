//! A pseudonym from the vehicle's keys to the vehicle, through all roles; and what is refused on the way.

use proptest::prelude::*;
use sentinel_v2x::Profile::{self, Ieee1609, Ydt3957};
use sentinel_v2x::build::{self, Signer};
use sentinel_v2x::coer::Value;
use sentinel_v2x::key::SecretKey;
use sentinel_v2x::pki::{
    Caterpillar, Chain, Issued, Issuer, Order, Period, Shared, encrypted_values, expand, issue, open_shared,
    receive, seal_shared, shared_id,
};
use sentinel_v2x::view::CertificateView;
use std::sync::LazyLock;

const WEEK: u32 = 604_800;
const I: u16 = 1190;

struct World {
    profile: Profile,
    issuer: Issuer,
    keys: Caterpillar,
    requests: Vec<Vec<u8>>,
    chains: [Chain; 2],
}

fn to_be_signed(key: &SecretKey) -> Value {
    Value::record([
        ("id", Value::choice("none", Value::Null)),
        ("cracaId", Value::octets(&[0; 3])),
        ("crlSeries", Value::int(0)),
        (
            "validityPeriod",
            Value::record([("start", Value::int(0)), ("duration", Value::choice("hours", Value::int(169)))]),
        ),
        ("appPermissions", Value::List(vec![Value::record([("psid", Value::int(111))])])),
        ("verifyKeyIndicator", Value::choice("verificationKey", build::verification_key(&key.public()))),
    ])
}

fn world(profile: Profile) -> World {
    let made = || SecretKey::generate(profile.curve()).unwrap();
    let key = made();
    let certificate =
        build::certificate(profile, to_be_signed(&key), Signer { key: &key, certificate: None }).unwrap();
    let keys = Caterpillar {
        signing: made(),
        signing_expansion: [1; 16],
        encryption: made(),
        encryption_expansion: [2; 16],
    };
    let shared = [[3; 16], [4; 16]].map(|key| Shared { key, id: shared_id(profile, &key) });
    let chains = [1, 2].map(|n| Chain { authority: [0, n], first: I - 3, seed: [n; 16] });
    let values =
        |which: usize| encrypted_values(profile, &chains[which], &shared[which], I, 2, 3).unwrap().unwrap();
    let (one, other) = (values(0), values(1));
    let order = Order {
        tbs: to_be_signed(&keys.signing),
        signing: keys.signing.public(),
        signing_expansion: keys.signing_expansion,
        encryption: keys.encryption.public(),
        encryption_expansion: keys.encryption_expansion,
        time: 7200,
        periods: (0..2u16)
            .map(|n| Period {
                i: I + n,
                start: u32::from(I + n) * WEEK,
                linkage: [one[usize::from(n)].clone(), other[usize::from(n)].clone()],
            })
            .collect(),
        count: 3,
    };
    let issuer = Issuer {
        key,
        certificate,
        shared: shared.to_vec(),
        craca: [7, 8, 9],
        series: 2,
        time: 3600,
        aid: 35,
        valid: (0, u32::MAX),
        hours: 169,
    };
    let requests = expand(profile, &order).unwrap();
    World { profile, issuer, keys, requests, chains }
}

static WORLDS: LazyLock<[World; 2]> = LazyLock::new(|| [world(Ydt3957), world(Ieee1609)]);

fn made(world: &World, n: usize) -> Issued {
    issue(world.profile, &world.issuer, &world.requests[n]).unwrap()
}

#[test]
fn a_pseudonym_is_the_vehicles_alone() {
    for world in &*WORLDS {
        let authority = CertificateView::parse(&world.issuer.certificate, world.profile).unwrap();
        assert_eq!(world.requests.len(), 6);
        for (n, j) in [(0, 1), (2, 3), (3, 1)] {
            let issued = made(world, n);
            let i = I + n as u16 / 3;
            assert_eq!(issued.i, i);
            let half = |which: usize| {
                let chain = &world.chains[which];
                let cipher = world.profile.cipher();
                let seed =
                    sentinel_v2x::linkage::seed_after(cipher, chain.authority, &chain.seed, i - chain.first);
                sentinel_v2x::linkage::pre_linkage_value(cipher, chain.authority, &seed, j)
            };
            assert_eq!(issued.parts, [half(0), half(1)]);
            let got = receive(world.profile, &issued.answer, &authority, &world.keys, i, j as u8).unwrap();
            assert_eq!(got.certificate, issued.certificate);
            assert_eq!(got.key.public().compressed(), issued.key);
            let view = CertificateView::parse(&got.certificate, world.profile).unwrap();
            assert_eq!(view.hash().unwrap(), issued.digest);
            // of another place the keys do not fit
            assert!(receive(world.profile, &issued.answer, &authority, &world.keys, i, j as u8 + 1).is_err());
        }
        // the certified key is another each time, the request is the same
        let (first, again) = (made(world, 0), made(world, 0));
        assert_eq!(first.request, again.request);
        assert_ne!(first.key, again.key);
    }
}

#[test]
fn another_authoritys_answer_is_refused() {
    for world in &*WORLDS {
        let other = self::world(world.profile);
        let strange = CertificateView::parse(&other.issuer.certificate, world.profile).unwrap();
        let issued = made(world, 0);
        assert!(receive(world.profile, &issued.answer, &strange, &world.keys, I, 1).is_err());
    }
}

#[test]
fn what_an_authority_must_not_give_is_refused() {
    let world = &WORLDS[0];
    let refused = |change: fn(&mut Issuer)| {
        let mut issuer = copied(&world.issuer, world.profile);
        change(&mut issuer);
        issue(world.profile, &issuer, &world.requests[0]).unwrap_err().to_string()
    };
    assert!(refused(|i| i.valid.1 = 10).contains("a validity within the CA's own"));
    assert!(refused(|i| i.hours = 168).contains("a duration in hours"));
    assert!(refused(|i| i.shared.clear()).contains("not for this key"));
}

fn copied(own: &Issuer, profile: Profile) -> Issuer {
    Issuer {
        key: SecretKey::from_bytes(profile.curve(), &*own.key.to_bytes()).unwrap(),
        certificate: own.certificate.clone(),
        shared: own.shared.clone(),
        craca: own.craca,
        series: own.series,
        time: own.time,
        aid: own.aid,
        valid: own.valid,
        hours: own.hours,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn changed_requests_and_answers_do_no_harm(which in 0usize..2, at in any::<prop::sample::Index>(), bit in 0u8..8) {
        let world = &WORLDS[which];
        let mut request = world.requests[0].clone();
        let place = at.index(request.len());
        request[place] ^= 1 << bit;
        let _ = issue(world.profile, &world.issuer, &request);
        let mut answer = made(world, 0).answer;
        let place = at.index(answer.len());
        answer[place] ^= 1 << bit;
        let authority = CertificateView::parse(&world.issuer.certificate, world.profile).unwrap();
        // the time and the request's hash are the RA's to say; all else is signed
        if let Ok(got) = receive(world.profile, &answer, &authority, &world.keys, I, 1) {
            prop_assert!(place < 24, "octet {place}");
            prop_assert_eq!(got.certificate.len(), made(world, 0).certificate.len());
        }
    }

    #[test]
    fn what_is_shared_comes_back(which in 0usize..2, key: [u8; 16], text in prop::collection::vec(any::<u8>(), 0..64)) {
        let profile = WORLDS[which].profile;
        let sealed = seal_shared(profile, &key, &shared_id(profile, &key), &text).unwrap();
        prop_assert_eq!(open_shared(profile, &sealed, |_| Some(&key)).unwrap(), text);
        prop_assert!(open_shared(profile, &sealed, |_| None).is_err());
    }
}
