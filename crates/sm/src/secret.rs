//! What needs a secret: keys, signing, decryption, by RustCrypto's `sm2`, which is made to take the same
//! time for every secret.
//!
//! Nonces are those of RFC 6979 with fresh octets of the system's generator mixed in: neither a bad
//! generator nor a fault in one computation gives the key away. Numbers modulo n are RustCrypto's, the
//! multiple of G is that of `once`, the formulas of a signature are here: 1 / (1 + d) is worked out once
//! for a key.
//!
//! No branch and no index depends on a secret: sums, products and the inversion modulo n are constant-time
//! functions of RustCrypto, `once` says how it keeps to it. What is branched on is said by the outcome: a
//! nonce that is not below n and is drawn again (once in 2^32 times, and it is not used), and a number that
//! came out as 0.

use crate::cipher::Ciphertext;
use crate::once;
use crate::verify::{PublicKey, Signature, VerifyError, za};
use rfc6979::KGenerator;
use sm2::dsa::SigningKey;
use sm2::elliptic_curve::common::getrandom::SysRng;
use sm2::elliptic_curve::ops::Reduce;
use sm2::elliptic_curve::rand_core::TryRng;
use sm2::elliptic_curve::{Curve, Generate, PrimeField};
use sm2::pke::{DecryptingKey, Mode};
use sm2::{FieldBytes, Scalar, Sm2, U256};
use sm3::{Digest, Sm3};
use zeroize::Zeroizing;

/// Why a secret could not be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretError {
    /// Not 32 octets of a number from 1 to n - 2 (GB/T 32918.1, section 6.1).
    Range,
    /// The system's random generator failed.
    Random,
    /// The ciphertext is not for this key, or was changed.
    Decrypt,
    /// It is no ciphertext of SM2.
    Form,
    /// Nothing can be encrypted of an empty message (GB/T 32918.4, section 6.1).
    Empty,
    /// The identifier is too long.
    Id(VerifyError),
}

impl std::fmt::Display for SecretError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            SecretError::Range => "an SM2 private key is 32 octets of a number from 1 to n - 2",
            SecretError::Random => "the system's random generator failed",
            SecretError::Decrypt => "the ciphertext is not for this key, or was changed",
            SecretError::Form => "is no SM2 ciphertext",
            SecretError::Empty => "an empty message cannot be encrypted with SM2",
            SecretError::Id(why) => return why.fmt(f),
        })
    }
}
impl std::error::Error for SecretError {}

/// A private key. It is overwritten when it is dropped; it has no `Debug`.
pub struct SecretKey {
    signing: SigningKey,
    public: PublicKey,
    /// 1 / (1 + d)
    inverse: Zeroizing<Scalar>,
}

/// Any identifier: RustCrypto binds one to a key, only digests are signed here.
const NO_ID: &str = "";

impl SecretKey {
    pub fn generate() -> Result<SecretKey, SecretError> {
        loop {
            let scalar = sm2::NonZeroScalar::try_generate().map_err(|_| SecretError::Random)?;
            match SecretKey::new(scalar) {
                Err(SecretError::Range) => {} // n - 1
                other => return other,
            }
        }
    }

    /// Reads 32 octets, most significant first.
    pub fn from_bytes(octets: &[u8]) -> Result<SecretKey, SecretError> {
        SecretKey::new(sm2::NonZeroScalar::try_from(octets).map_err(|_| SecretError::Range)?)
    }

    fn new(scalar: sm2::NonZeroScalar) -> Result<SecretKey, SecretError> {
        // with d = n - 1 there is no 1 / (1 + d)
        let inverse = (*scalar + Scalar::ONE).invert().into_option().ok_or(SecretError::Range)?;
        let signing = SigningKey::from_nonzero_scalar(NO_ID, scalar).map_err(|_| SecretError::Range)?;
        let sec1 = signing.verifying_key().to_sec1_bytes();
        let public = PublicKey::from_sec1(&sec1).map_err(|_| SecretError::Range)?;
        Ok(SecretKey { signing, public, inverse: Zeroizing::new(inverse) })
    }

    pub fn to_bytes(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.signing.to_bytes().into())
    }

    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Signs a digest e.
    pub fn sign_digest(&self, e: &[u8; 32]) -> Result<Signature, SecretError> {
        self.sign_digests(&[*e])?.pop().ok_or(SecretError::Random)
    }

    /// Signs digests, each with a nonce of its own.
    pub fn sign_digests(&self, digests: &[[u8; 32]]) -> Result<Vec<Signature>, SecretError> {
        // r or s is 0 once in 2^255 times: other nonces are drawn then. More often it is the generator.
        for _ in 0..4 {
            if let Some(signatures) = self.attempt(digests)? {
                return Ok(signatures);
            }
        }
        Err(SecretError::Random)
    }

    /// GB/T 32918.2, section 6.1, steps A3 to A7; `None` if one of the numbers came out as 0.
    fn attempt(&self, digests: &[[u8; 32]]) -> Result<Option<Vec<Signature>>, SecretError> {
        let nonces = self.nonces(digests)?;
        let mut out = Vec::with_capacity(digests.len());
        for (e, k) in digests.iter().zip(nonces.iter()) {
            let octets = Zeroizing::new(k.to_bytes().into());
            let number = crate::scalar::Scalar::below_n(&octets).ok_or(SecretError::Random)?;
            let Some(point) = once::to_affine(&once::of_generator(&number)) else { return Ok(None) };
            let r = <Scalar as Reduce<FieldBytes>>::reduce(&(*e).into())
                + <Scalar as Reduce<FieldBytes>>::reduce(&point.x().into());
            // (k - r d) / (1 + d) = (k + r) / (1 + d) - r
            let sum = *k + r;
            let s = *self.inverse * sum - r;
            if bool::from(r.is_zero() | sum.is_zero() | s.is_zero()) {
                return Ok(None);
            }
            out.push(Signature { r: r.to_bytes().into(), s: s.to_bytes().into() });
        }
        Ok(Some(out))
    }

    /// A nonce for each digest (RFC 6979, section 3.6: with more octets mixed in).
    fn nonces(&self, digests: &[[u8; 32]]) -> Result<Zeroizing<Vec<Scalar>>, SecretError> {
        let secret = self.to_bytes();
        let mut out = Zeroizing::new(Vec::with_capacity(digests.len()));
        for e in digests {
            let mut fresh = Zeroizing::new([0; 32]);
            SysRng.try_fill_bytes(&mut *fresh).map_err(|_| SecretError::Random)?;
            let mut k = Zeroizing::new([0; 32]);
            KGenerator::<Sm3, U256>::new(&*secret, e, &*fresh, &Sm2::ORDER).fill_next_k(&mut *k);
            out.push(Scalar::from_repr((*k).into()).into_option().ok_or(SecretError::Random)?);
        }
        Ok(out)
    }

    /// Signs a message with the signer's identifier (GB/T 32918.2, section 6).
    pub fn sign(&self, id: &[u8], message: &[u8]) -> Result<Signature, SecretError> {
        self.sign_many(id, &[message])?.pop().ok_or(SecretError::Random)
    }

    /// Signs messages with the signer's identifier: each takes two thirds of the time of `sign`.
    pub fn sign_many(&self, id: &[u8], messages: &[&[u8]]) -> Result<Vec<Signature>, SecretError> {
        let za = za(id, &self.public).map_err(SecretError::Id)?;
        let digest = |message: &&[u8]| Sm3::new().chain_update(za).chain_update(message).finalize().into();
        self.sign_digests(&messages.iter().map(digest).collect::<Vec<_>>())
    }

    /// The message of a ciphertext (GB/T 32918.4, section 7).
    pub fn decrypt(&self, ciphertext: &Ciphertext) -> Result<Zeroizing<Vec<u8>>, SecretError> {
        let key = DecryptingKey::new_with_mode(*self.signing.as_nonzero_scalar(), Mode::C1C3C2);
        key.decrypt(&ciphertext.to_raw()).map(Zeroizing::new).map_err(|_| SecretError::Decrypt)
    }
}

impl Drop for SecretKey {
    fn drop(&mut self) {
        // RustCrypto's type has no way to be wiped: 1 is written over it, and looked at, so that the
        // compiler does not leave that out
        if let Ok(one) = SigningKey::from_slice(NO_ID, &sm2::Scalar::ONE.to_bytes()) {
            self.signing = one;
        }
        std::hint::black_box(&self.signing);
    }
}
