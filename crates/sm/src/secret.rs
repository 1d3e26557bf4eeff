//! What needs a secret: keys, signing, decryption, by RustCrypto's `sm2`, which is made to take the same
//! time for every secret.
//!
//! Nonces are those of RFC 6979 with fresh octets of the system's generator mixed in: neither a bad
//! generator nor a fault in one computation gives the key away.

use crate::cipher::Ciphertext;
use crate::verify::{PublicKey, Signature, VerifyError, digest};
use sm2::dsa::SigningKey;
use sm2::dsa::signature::hazmat::RandomizedPrehashSigner;
use sm2::elliptic_curve::Generate;
use sm2::elliptic_curve::common::getrandom::SysRng;
use sm2::pke::{DecryptingKey, Mode};
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
        if bool::from((*scalar + sm2::Scalar::ONE).is_zero()) {
            return Err(SecretError::Range);
        }
        let signing = SigningKey::from_nonzero_scalar(NO_ID, scalar).map_err(|_| SecretError::Range)?;
        let sec1 = signing.verifying_key().to_sec1_bytes();
        let public = PublicKey::from_sec1(&sec1).map_err(|_| SecretError::Range)?;
        Ok(SecretKey { signing, public })
    }

    pub fn to_bytes(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.signing.to_bytes().into())
    }

    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Signs a digest e.
    pub fn sign_digest(&self, e: &[u8; 32]) -> Result<Signature, SecretError> {
        // r or s is 0 once in 2^255 times: another nonce is drawn then. More often it is the generator.
        for _ in 0..4 {
            if let Ok(signature) = self.signing.sign_prehash_with_rng(&mut SysRng, e) {
                let signature: sm2::dsa::Signature = signature;
                return Ok(Signature { r: signature.r_bytes().into(), s: signature.s_bytes().into() });
            }
        }
        Err(SecretError::Random)
    }

    /// Signs a message with the signer's identifier (GB/T 32918.2, section 6).
    pub fn sign(&self, id: &[u8], message: &[u8]) -> Result<Signature, SecretError> {
        self.sign_digest(&digest(id, &self.public, message).map_err(SecretError::Id)?)
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
