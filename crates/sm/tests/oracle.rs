//! Verification of our own against RustCrypto's, over random cases and the edges of what keys and signatures
//! may be: whatever r, s and P are chosen, a digest is found for which they hold.
//!
//! `PROPTEST_CASES` says how many (2,000).

use proptest::prelude::*;
use sentinel_sm::{Affine, Ciphertext, PublicKey, SecretKey, Signature};
use sm2::dsa::VerifyingKey;
use sm2::dsa::signature::hazmat::PrehashVerifier;
use sm2::elliptic_curve::Group;
use sm2::elliptic_curve::ops::Reduce;
use sm2::elliptic_curve::point::AffineCoordinates;
use sm2::elliptic_curve::sec1::ToSec1Point;
use sm2::{ProjectivePoint, Scalar, U256};

fn config() -> ProptestConfig {
    let given = std::env::var_os("PROPTEST_CASES").is_some();
    let default = ProptestConfig::default();
    ProptestConfig { cases: if given { default.cases } else { 2000 }, ..default }
}

fn reduced(octets: &[u8; 32]) -> Scalar {
    <Scalar as Reduce<U256>>::reduce(&U256::from_be_slice(octets))
}

/// Random, near an end, sparse, or runs of ones: what windows and carries may stumble over.
fn scalar() -> impl Strategy<Value = Scalar> {
    prop_oneof![
        any::<[u8; 32]>().prop_map(|octets| reduced(&octets)),
        (0u64..2000).prop_map(Scalar::from),
        (1u64..2000).prop_map(|n| -Scalar::from(n)),
        prop::collection::vec(0usize..256, 1..6).prop_map(|bits| {
            let mut octets = [0; 32];
            bits.iter().for_each(|b| octets[b / 8] |= 1 << (b % 8));
            reduced(&octets)
        }),
        (0usize..256, 1usize..256).prop_map(|(from, ones)| {
            let mut octets = [0; 32];
            (from..(from + ones).min(256)).for_each(|b| octets[b / 8] |= 0x80 >> (b % 8));
            reduced(&octets)
        }),
    ]
}

fn octets(s: &Scalar) -> [u8; 32] {
    s.to_bytes().into()
}

/// Octets of a key d * G; `None` where that is no key.
fn key(d: &Scalar) -> Option<(ProjectivePoint, Vec<u8>)> {
    let point = ProjectivePoint::mul_by_generator(d);
    (!bool::from(point.is_identity()))
        .then(|| (point, point.to_affine().to_sec1_point(true).as_bytes().to_vec()))
}

fn theirs(key: &[u8], e: &[u8; 32], signature: &Signature) -> bool {
    let signature = sm2::dsa::Signature::from_slice(&signature.to_raw());
    VerifyingKey::from_sec1_bytes("", key)
        .is_ok_and(|key| signature.is_ok_and(|s| key.verify_prehash(e, &s).is_ok()))
}

fn ours(key: &[u8], e: &[u8; 32], signature: &Signature) -> bool {
    PublicKey::from_sec1(key).is_ok_and(|key| key.verify_digest(e, signature).is_ok())
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn the_same_signatures_hold(
        d in scalar(), s in scalar(), t in scalar(), equal in 0u8..8, bit in 0usize..768, other: bool,
    ) {
        prop_assume!(key(&d).is_some());
        let (point, public) = key(&d).unwrap();
        let t = match equal {
            0 => s * d.invert().unwrap(),  // s * G = t * P: the last addition doubles
            1 => -s * d.invert().unwrap(), // and here the sum is the point at infinity
            _ => t,
        };
        let r = t - s;
        let sum = (ProjectivePoint::mul_by_generator(&s) + point * t).to_affine();
        let mut e = octets(&(r - <Scalar as Reduce<_>>::reduce(&sum.x())));
        let mut signature = Signature { r: octets(&r), s: octets(&s) };
        let good = !bool::from(r.is_zero() | s.is_zero() | t.is_zero()) && equal != 1;
        prop_assert_eq!(ours(&public, &e, &signature), good);
        prop_assert_eq!(theirs(&public, &e, &signature), good);
        // and one bit of e, r or s changed, or another key
        if other {
            let negated = (-point).to_affine().to_sec1_point(false);
            let negated = negated.as_bytes();
            prop_assert_eq!(ours(negated, &e, &signature), theirs(negated, &e, &signature));
        }
        [&mut e, &mut signature.r, &mut signature.s][bit / 256][bit % 256 / 8] ^= 1 << (bit % 8);
        prop_assert_eq!(ours(&public, &e, &signature), theirs(&public, &e, &signature));
    }

    #[test]
    fn what_is_signed_holds_for_both(d in scalar(), e: [u8; 32]) {
        let Ok(secret) = SecretKey::from_bytes(&octets(&d)) else {
            prop_assert!(bool::from(d.is_zero() | (d + Scalar::ONE).is_zero()));
            return Ok(());
        };
        let signature = secret.sign_digest(&e).unwrap();
        let public = secret.public().0.uncompressed();
        let expected = key(&d).unwrap().0.to_affine().to_sec1_point(false);
        prop_assert_eq!(&public[..], expected.as_bytes());
        prop_assert!(ours(&public, &e, &signature));
        prop_assert!(theirs(&public, &e, &signature));
    }

    /// Octets that are no point for one are none for the other.
    #[test]
    fn the_same_points(x: [u8; 32], y: [u8; 32], tag in 0u8..8, whole: bool) {
        let mut bytes = vec![tag];
        bytes.extend_from_slice(&x);
        if whole {
            bytes.extend_from_slice(&y);
        }
        let (ours, theirs) = (Affine::from_sec1(&bytes), sm2::PublicKey::from_sec1_bytes(&bytes));
        match (ours, theirs) {
            (Ok(ours), Ok(theirs)) => {
                let expected = theirs.to_sec1_point(false);
                prop_assert_eq!(&ours.uncompressed()[..], expected.as_bytes());
            }
            (Err(_), Err(_)) => {}
            // RustCrypto reads a form with x alone (05), which no standard of SM2 has
            (ours, theirs) => prop_assert!(ours.is_err() && theirs.is_ok() && tag == 5, "{:?}", ours),
        }
    }

    #[test]
    fn any_octets_as_a_ciphertext(bytes in prop::collection::vec(any::<u8>(), 0..200), tag in 0u8..8) {
        let secret = SecretKey::from_bytes(&[7; 32]).unwrap();
        let mut raw = secret.public().0.compressed().to_vec();
        raw[0] = tag;
        raw.extend_from_slice(&bytes);
        for octets in [&raw, &bytes] {
            for text in [Ciphertext::from_raw(octets), Ciphertext::from_der(octets)].into_iter().flatten() {
                prop_assert!(secret.decrypt(&text).is_err());
                prop_assert_eq!(&Ciphertext::from_raw(&text.to_raw()).unwrap(), &text);
                prop_assert_eq!(&Ciphertext::from_der(&text.to_der()).unwrap(), &text);
            }
        }
    }
}
