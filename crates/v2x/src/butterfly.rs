//! Butterfly keys, the original kind (CAMP's SCMS; IEEE 1609.2.1, 9.3): a vehicle sends one public key and
//! one expansion key, the registration authority makes any number of public keys of them, and the vehicle
//! the private keys that go with them. The authority that issues adds a number of its own to each.
//!
//! Over SM2 the function is CAMP's with SM4 for AES and SM2's order: the annexes of YD/T 3957 are not
//! public, no vector shows that it is so.

use crate::cipher::Cipher;
use crate::key::{CryptoError, SecretKey, VerifyKey};
use crate::view::Curve;
use p256::elliptic_curve::sec1::ToSec1Point;
use p256::elliptic_curve::{Group, PrimeField};
use zeroize::Zeroizing;

/// Which keys are expanded: the first four octets of the function's input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    Signing,
    Encryption,
}

/// The number that key `j` of period `i` is moved by, before it is reduced: f_k^int(x).
pub fn expansion(cipher: Cipher, key: &[u8; 16], purpose: Purpose, i: u32, j: u32) -> Zeroizing<[u8; 48]> {
    let prefix = if purpose == Purpose::Signing { 0u32 } else { u32::MAX };
    let x = u128::from(prefix) << 96 | u128::from(i) << 64 | u128::from(j) << 32;
    let mut out = Zeroizing::new([0; 48]);
    for (n, chunk) in (1u128..).zip(out.chunks_mut(16)) {
        let input = (x + n).to_be_bytes();
        let block = cipher.block(key, &input);
        chunk.iter_mut().zip(block).zip(input).for_each(|((o, b), x)| *o = b ^ x);
    }
    out
}

/// The cipher that goes with a curve.
fn cipher(curve: Curve) -> Cipher {
    if curve == Curve::Sm2 { Cipher::Sm4 } else { Cipher::Aes }
}

macro_rules! on_curve {
    ($name:ident, $curve:ident) => {
        mod $name {
            use super::*;
            use $curve::{FieldBytes, Scalar};

            /// A number of 384 bits modulo the order: three pieces of 128 bits, which are less than it.
            pub fn scalar(octets: &[u8; 48]) -> Scalar {
                let piece = |octets: &[u8]| {
                    let mut wide = FieldBytes::default();
                    wide[32 - octets.len()..].copy_from_slice(octets);
                    Option::<Scalar>::from(Scalar::from_repr(wide)).unwrap_or(Scalar::ZERO)
                };
                let shift = piece(&{
                    let mut power = [0; 17];
                    power[0] = 1;
                    power
                });
                let (pieces, _) = octets.as_chunks::<16>();
                pieces.iter().fold(Scalar::ZERO, |sum, octets| sum * shift + piece(octets))
            }

            pub fn secret(key: &[u8; 32], by: &Scalar) -> Option<Zeroizing<[u8; 32]>> {
                let key = Option::<Scalar>::from(Scalar::from_repr((*key).into()))?;
                Some(Zeroizing::new((key + by).to_bytes().into()))
            }
        }
    };
}
on_curve!(of_p256, p256);
on_curve!(of_sm2, sm2);

fn moved_public(key: &VerifyKey, by: &[u8; 48]) -> Result<VerifyKey, CryptoError> {
    let curve = key.curve();
    let sum = match curve {
        Curve::P256 => moved_p256(key, by),
        Curve::Sm2 => moved_sm2(key, by),
        other => return Err(CryptoError::NoSigning(other)),
    };
    VerifyKey::from_sec1(curve, &sum.ok_or(CryptoError::Point(curve))?)
}

fn moved_p256(key: &VerifyKey, by: &[u8; 48]) -> Option<Vec<u8>> {
    let VerifyKey::P256(key) = key else { return None };
    let by = p256::ProjectivePoint::mul_by_generator(&of_p256::scalar(by));
    // with both coordinates: no square root is taken when it is read again
    let point = (p256::ProjectivePoint::from(*key.as_affine()) + by).to_affine().to_sec1_point(false);
    (point.as_bytes().len() == 65).then(|| point.as_bytes().to_vec())
}

fn moved_sm2(key: &VerifyKey, by: &[u8; 48]) -> Option<Vec<u8>> {
    let VerifyKey::Sm2(key) = key else { return None };
    let by: Zeroizing<[u8; 32]> = Zeroizing::new(of_sm2::scalar(by).to_bytes().into());
    Some(key.0.moved(&by)?.uncompressed().to_vec())
}

fn moved_secret(key: &SecretKey, by: &[u8; 48]) -> Result<SecretKey, CryptoError> {
    let curve = key.curve();
    let octets = key.to_bytes();
    let sum = match curve {
        Curve::Sm2 => of_sm2::secret(&octets, &of_sm2::scalar(by)),
        _ => of_p256::secret(&octets, &of_p256::scalar(by)),
    };
    SecretKey::from_bytes(curve, &*sum.ok_or(CryptoError::Secret(curve))?)
}

fn widened(c: &[u8; 32]) -> Zeroizing<[u8; 48]> {
    let mut wide = Zeroizing::new([0; 48]);
    wide[16..].copy_from_slice(c);
    wide
}

/// The public key `j` of period `i`: made by the registration authority.
pub fn expand_public(
    seed: &VerifyKey,
    key: &[u8; 16],
    purpose: Purpose,
    i: u32,
    j: u32,
) -> Result<VerifyKey, CryptoError> {
    moved_public(seed, &expansion(cipher(seed.curve()), key, purpose, i, j))
}

/// The private key `j` of period `i`: made by the vehicle.
pub fn expand_secret(
    seed: &SecretKey,
    key: &[u8; 16],
    purpose: Purpose,
    i: u32,
    j: u32,
) -> Result<SecretKey, CryptoError> {
    moved_secret(seed, &expansion(cipher(seed.curve()), key, purpose, i, j))
}

/// The key that is certified: the authority adds a random number, so that who expanded the key does not
/// know the certified one.
pub fn blind_public(key: &VerifyKey, c: &[u8; 32]) -> Result<VerifyKey, CryptoError> {
    moved_public(key, &widened(c))
}

/// The private key of a certified one, with the number that came with the certificate.
pub fn blind_secret(key: &SecretKey, c: &[u8; 32]) -> Result<SecretKey, CryptoError> {
    moved_secret(key, &widened(c))
}
