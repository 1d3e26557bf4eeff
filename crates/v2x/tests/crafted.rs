//! Certificates and messages made here: forms in which keys and signatures may be written, implicit
//! certificates, what must not be mixed.

use sentinel_v2x::Profile::{self, Ieee1609, Ydt3957};
use sentinel_v2x::build::{self, Attach, Signer};
use sentinel_v2x::coer::{Limits, Value, decode, encode};
use sentinel_v2x::hash::Hash;
use sentinel_v2x::key::{CryptoError, SecretKey, VerifyKey};
use sentinel_v2x::sign::{Verifier, verify_certificate};
use sentinel_v2x::types::named;
use sentinel_v2x::view::{CertificateView, Content, Curve, DataView, SignerView};
use sentinel_v2x::{canonical, implicit};

fn tbs(indicator: Value) -> Value {
    Value::record([
        ("id", Value::choice("name", Value::Text("sentinel".to_owned()))),
        ("cracaId", Value::octets(&[0; 3])),
        ("crlSeries", Value::int(4)),
        (
            "validityPeriod",
            Value::record([("start", Value::int(7)), ("duration", Value::choice("years", Value::int(3)))]),
        ),
        ("appPermissions", Value::List(vec![Value::record([("psid", Value::int(36))])])),
        ("verifyKeyIndicator", indicator),
    ])
}

fn of_key(key: &SecretKey) -> Value {
    Value::choice("verificationKey", build::verification_key(&key.public()))
}

fn root(profile: Profile) -> (SecretKey, Vec<u8>) {
    let curve = if profile == Ydt3957 { Curve::Sm2 } else { Curve::P256 };
    let key = SecretKey::generate(curve).unwrap();
    let octets = build::certificate(profile, tbs(of_key(&key)), Signer { key: &key, certificate: None });
    (key, octets.unwrap())
}

/// x and y in place of a compressed key.
fn full(key: &SecretKey) -> Value {
    let SecretKey::P256(secret) = key else { unreachable!() };
    let point = secret.verifying_key().to_sec1_point(false);
    let half = |n: usize| Value::octets(&point.as_bytes()[1 + 32 * n..33 + 32 * n]);
    Value::choice("uncompressedP256", Value::record([("x", half(0)), ("y", half(1))]))
}

#[test]
fn the_canonical_form_is_hashed() {
    let (key, octets) = root(Ieee1609);
    let kind = named("Certificate").unwrap();
    let plain = CertificateView::parse(&octets, Ieee1609).unwrap();
    let mut value = decode(&octets, kind, Ieee1609, Limits::MESSAGE).unwrap();
    // the same certificate with its key in full and r with a y
    let indicator = value.get_mut("toBeSigned").and_then(|t| t.get_mut("verifyKeyIndicator")).unwrap();
    *indicator = Value::choice("verificationKey", Value::choice("ecdsaNistP256", full(&key)));
    let Some(Value::Choice(_, signature)) = value.get_mut("signature") else { panic!() };
    let r = signature.get_mut("rSig").unwrap();
    let x = r.as_choice().unwrap().1.clone();
    *r = Value::choice("compressed-y-1", x);
    let changed = encode(&value, kind, Ieee1609).unwrap();
    assert_eq!(changed.len(), octets.len() + 32);
    let view = CertificateView::parse(&changed, Ieee1609).unwrap();
    assert_eq!(view.hash(), plain.hash());
    assert_eq!(view.canonical().unwrap(), octets);
    assert_eq!(canonical::certificate(&changed, Ieee1609).unwrap(), octets);
    verify_certificate(Ieee1609, &view, None).unwrap();
    assert_eq!(view.octets, changed);
}

#[test]
fn a_key_in_the_header_is_hashed_in_its_canonical_form() {
    let (key, certificate) = root(Ieee1609);
    let encryption = Value::record([
        ("supportedSymmAlg", Value::Name("aes128Ccm")),
        ("publicKey", Value::choice("eciesNistP256", full(&key))),
    ]);
    let header =
        Value::record([("psid", Value::int(36)), ("encryptionKey", Value::choice("public", encryption))]);
    let signer = Signer { key: &key, certificate: Some(&certificate) };
    let inner = build::unsecured(Ieee1609, b"x").unwrap();
    let message = build::signed(Ieee1609, &inner, header.clone(), signer, Attach::Digest).unwrap();
    // as somebody else might send it: the key in full
    let kind = named("Data").unwrap();
    let mut value = decode(&message, kind, Ieee1609, Limits::MESSAGE).unwrap();
    let Some(Value::Choice(_, signed)) = value.get_mut("content") else { panic!() };
    *signed.get_mut("tbsData").unwrap().get_mut("headerInfo").unwrap() = header;
    let sent = encode(&value, kind, Ieee1609).unwrap();
    assert_eq!(sent.len(), message.len() + 32);
    let issuer = CertificateView::parse(&certificate, Ieee1609).unwrap();
    let verifier = Verifier::of(Ieee1609, &issuer).unwrap();
    for octets in [&message, &sent] {
        let view = DataView::parse(octets, Ieee1609).unwrap();
        let Content::Signed(signed) = view.content else { panic!() };
        verifier.verify(&signed.canonical_to_be_signed().unwrap(), &signed.signature).unwrap();
        assert_eq!(signed.payload, Some(&b"x"[..]));
        assert!(matches!(signed.signer, SignerView::Digest(id) if id == issuer.hash().unwrap().id8()));
    }
}

#[test]
fn an_implicit_certificate_has_a_key() {
    let (ca, ca_certificate) = root(Ieee1609);
    let ca_view = CertificateView::parse(&ca_certificate, Ieee1609).unwrap();
    let ca_digest = ca_view.hash().unwrap();
    let (request, ephemeral) = (SecretKey::generate(Curve::P256).unwrap(), implicit::ephemeral().unwrap());
    let point = implicit::reconstruction_point(&request.public(), &ephemeral).unwrap();
    let parts = tbs(Value::choice("reconstructionValue", build::point(&point.compressed())));
    let signer = Signer { key: &ca, certificate: Some(&ca_certificate) };
    let octets = build::implicit_certificate(Ieee1609, parts.clone(), signer).unwrap();
    assert!(build::implicit_certificate(Ydt3957, parts, signer).is_err());

    let view = CertificateView::parse(&octets, Ieee1609).unwrap();
    assert_eq!((view.kind, view.hash_function()), (1, Hash::Sha256));
    assert_eq!(Verifier::of(Ieee1609, &view).unwrap_err(), CryptoError::NoKey);
    let digest = implicit::digest(&octets[view.to_be_signed.clone()], &ca_digest);
    let number = implicit::reconstruction_number(&digest, &ca, &ephemeral).unwrap();
    let secret = implicit::secret(&digest, &request, &number).unwrap();
    let public = implicit::public_of(&view, &ca.public(), &ca_digest).unwrap();
    assert_eq!(secret.public(), public);

    // what it signs is verified with the key that was made
    let hash = view.hash().unwrap();
    let verifier = Verifier::new(Ieee1609, public, Some(&hash)).unwrap();
    let signer = Signer { key: &secret, certificate: Some(&octets) };
    let inner = build::unsecured(Ieee1609, b"x").unwrap();
    let header = Value::record([("psid", Value::int(36))]);
    let message = build::signed(Ieee1609, &inner, header, signer, Attach::Certificate).unwrap();
    let Content::Signed(signed) = DataView::parse(&message, Ieee1609).unwrap().content else { panic!() };
    verifier.verify(signed.to_be_signed, &signed.signature).unwrap();
    // another issuer makes another key
    let (other, other_certificate) = root(Ieee1609);
    let other_digest = CertificateView::parse(&other_certificate, Ieee1609).unwrap().hash().unwrap();
    assert_ne!(implicit::public_of(&view, &other.public(), &other_digest).unwrap(), secret.public());
}

#[test]
fn profiles_are_not_mixed() {
    for (profile, other) in [(Ieee1609, Ydt3957), (Ydt3957, Ieee1609)] {
        let (key, octets) = root(profile);
        let view = CertificateView::parse(&octets, other).unwrap();
        let curve = key.curve();
        assert_eq!(verify_certificate(other, &view, None), Err(CryptoError::Profile(curve)));
        assert_eq!(Verifier::of(other, &view).unwrap_err(), CryptoError::Profile(curve));
        let made = build::certificate(other, tbs(of_key(&key)), Signer { key: &key, certificate: None });
        assert_eq!(made, Err(CryptoError::Profile(curve).into()));
        // a signature of the one with a key of the other
        let (_, foreign) = root(other);
        let foreign = CertificateView::parse(&foreign, other).unwrap();
        let verifier = Verifier::of(profile, &CertificateView::parse(&octets, profile).unwrap()).unwrap();
        let mixed = verify_certificate(profile, &foreign, Some(&verifier));
        assert!(matches!(mixed, Err(CryptoError::Mixed { .. })));
    }
}

#[test]
fn a_signature_is_not_carried_over_to_another_certificate_of_the_same_key() {
    for profile in [Ieee1609, Ydt3957] {
        let (key, octets) = root(profile);
        let again =
            build::certificate(profile, tbs(of_key(&key)), Signer { key: &key, certificate: Some(&octets) });
        let (one, two) = (octets.clone(), again.unwrap());
        let signer = Signer { key: &key, certificate: Some(&one) };
        let inner = build::unsecured(profile, b"x").unwrap();
        let header = Value::record([("psid", Value::int(36))]);
        let message = build::signed(profile, &inner, header, signer, Attach::Digest).unwrap();
        let Content::Signed(signed) = DataView::parse(&message, profile).unwrap().content else { panic!() };
        for (certificate, good) in [(&one, true), (&two, false)] {
            let view = CertificateView::parse(certificate, profile).unwrap();
            let verifier = Verifier::of(profile, &view).unwrap();
            assert_eq!(verifier.verify(signed.to_be_signed, &signed.signature).is_ok(), good);
        }
    }
}

#[test]
fn points_off_their_curve_are_refused() {
    for curve in [Curve::P256, Curve::BrainpoolP256, Curve::P384, Curve::BrainpoolP384, Curve::Sm2] {
        let mut refused = 0;
        for x in 0..40u8 {
            let mut octets = vec![0; curve.size() + 1];
            octets[0] = 2;
            *octets.last_mut().unwrap() = x;
            match VerifyKey::from_sec1(curve, &octets) {
                Ok(key) => assert_eq!(key.compressed(), octets),
                Err(why) => {
                    assert_eq!(why, CryptoError::Point(curve));
                    refused += 1;
                }
            }
        }
        // half of all numbers are no x of a point
        assert!((8..32).contains(&refused), "{} {refused}", curve.name());
    }
}
