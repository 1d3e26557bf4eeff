//! Verifies so many SM2 signatures with RustCrypto's `sm2`, each with a compressed key of its own: for
//! `bench/sm2.py`, which measures the process.

use sm2::dsa::signature::hazmat::{PrehashVerifier, RandomizedPrehashSigner};
use sm2::dsa::{Signature, SigningKey, VerifyingKey};
use sm2::elliptic_curve::Generate;
use sm2::elliptic_curve::common::getrandom::SysRng;
use sm2::elliptic_curve::sec1::ToSec1Point;

/// Keys there are; they are made whatever is asked for.
const KEYS: usize = 1000;

fn main() {
    let count = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(KEYS);
    let cases: Vec<(Vec<u8>, [u8; 32], Signature)> = (0..KEYS)
        .map(|i| {
            let mut e = [0; 32];
            e[24..].copy_from_slice(&i.to_be_bytes());
            let scalar = sm2::NonZeroScalar::try_generate().expect("random octets");
            let key = SigningKey::from_nonzero_scalar("", scalar).expect("a key");
            let public = key.verifying_key().as_affine().to_sec1_point(true).as_bytes().to_vec();
            (public, e, key.sign_prehash_with_rng(&mut SysRng, &e).expect("a signature"))
        })
        .collect();
    let held = |(key, e, signature): &(Vec<u8>, [u8; 32], Signature)| {
        VerifyingKey::from_sec1_bytes("", key).is_ok_and(|k| k.verify_prehash(e, signature).is_ok())
    };
    assert_eq!(cases.iter().cycle().take(count).filter(|case| held(case)).count(), count);
}
