//! Keys: those that verify, those that sign.
//!
//! P-256 and SM2 sign and verify; P-384 and the Brainpool curves verify. Whatever touches a secret is
//! RustCrypto's, which takes the same time for every secret.

use crate::view::{Curve, KeyView, SignatureView};
use p256::ecdsa::signature::hazmat::{PrehashSigner, PrehashVerifier};
use p256::elliptic_curve::Generate;
use sentinel_sm::SecretKey as Sm2Secret;
use std::fmt;
use zeroize::Zeroizing;

/// Why a key, a signature or a ciphertext is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CryptoError {
    /// There is no such point on the curve.
    Point(Curve),
    /// A point is given by its x alone, or not at all.
    NoPoint,
    /// Not the octets of a private key of the curve.
    Secret(Curve),
    /// The signature is not of this key over these octets.
    Signature,
    /// The signature is on another curve than the key.
    Mixed { key: Curve, signature: Curve },
    /// The hash function is not the one of the curve.
    Hash(Curve),
    /// The profile has no rule for the curve.
    Profile(Curve),
    /// The curve is verified only.
    NoSigning(Curve),
    /// The certificate has no key, or no signature.
    NoKey,
    /// The system's random generator failed.
    Random,
    /// The ciphertext is not for this key, or was changed.
    Decrypt,
    /// What is to be encrypted, or a key, has the wrong length.
    Length,
}

impl fmt::Display for CryptoError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CryptoError::Point(curve) => write!(f, "the point is not on {}", curve.name()),
            CryptoError::NoPoint => f.write_str("a point has no y"),
            CryptoError::Secret(curve) => {
                write!(f, "these are not the octets of a private key of {}", curve.name())
            }
            CryptoError::Signature => f.write_str("the signature is not of this key over these octets"),
            CryptoError::Mixed { key, signature } => {
                write!(f, "the signature is one of {}, the key is of {}", signature.name(), key.name())
            }
            CryptoError::Hash(curve) => {
                write!(f, "a signature of {} goes with {}", curve.name(), curve.hash().name())
            }
            CryptoError::Profile(Curve::Sm2) => {
                f.write_str("SM2 is in profile ydt3957 only: IEEE 1609.2's rule for it is not public")
            }
            CryptoError::Profile(curve) => write!(f, "{} is not in profile ydt3957", curve.name()),
            CryptoError::NoSigning(curve) => write!(f, "nothing is signed with {}", curve.name()),
            CryptoError::NoKey => f.write_str("the certificate has no key or no signature to verify with"),
            CryptoError::Random => f.write_str("the system's random generator failed"),
            CryptoError::Decrypt => f.write_str("the ciphertext is not for this key, or was changed"),
            CryptoError::Length => f.write_str("has the wrong length"),
        }
    }
}
impl std::error::Error for CryptoError {}

/// A public key, on its curve.
#[derive(Clone, Debug, PartialEq)]
pub enum VerifyKey {
    P256(p256::ecdsa::VerifyingKey),
    BrainpoolP256(ecdsa::VerifyingKey<bp256::BrainpoolP256r1>),
    BrainpoolP384(ecdsa::VerifyingKey<bp384::BrainpoolP384r1>),
    P384(p384::ecdsa::VerifyingKey),
    Sm2(sentinel_sm::PublicKey),
}

impl VerifyKey {
    /// Reads 02, 03 or 04 and the coordinates.
    pub fn from_sec1(curve: Curve, octets: &[u8]) -> Result<VerifyKey, CryptoError> {
        let wrong = CryptoError::Point(curve);
        match curve {
            Curve::P256 => {
                p256::ecdsa::VerifyingKey::from_sec1_bytes(octets).map(VerifyKey::P256).map_err(|_| wrong)
            }
            Curve::BrainpoolP256 => ecdsa::VerifyingKey::<bp256::BrainpoolP256r1>::from_sec1_bytes(octets)
                .map(VerifyKey::BrainpoolP256)
                .map_err(|_| wrong),
            Curve::BrainpoolP384 => ecdsa::VerifyingKey::<bp384::BrainpoolP384r1>::from_sec1_bytes(octets)
                .map(VerifyKey::BrainpoolP384)
                .map_err(|_| wrong),
            Curve::P384 => {
                p384::ecdsa::VerifyingKey::from_sec1_bytes(octets).map(VerifyKey::P384).map_err(|_| wrong)
            }
            Curve::Sm2 => sentinel_sm::PublicKey::from_sec1(octets).map(VerifyKey::Sm2).map_err(|_| wrong),
        }
    }

    /// The key of a certificate or a message.
    pub fn of(view: &KeyView<'_>) -> Result<VerifyKey, CryptoError> {
        VerifyKey::from_sec1(view.curve, &view.point.sec1().ok_or(CryptoError::NoPoint)?)
    }

    pub fn curve(&self) -> Curve {
        match self {
            VerifyKey::P256(_) => Curve::P256,
            VerifyKey::BrainpoolP256(_) => Curve::BrainpoolP256,
            VerifyKey::BrainpoolP384(_) => Curve::BrainpoolP384,
            VerifyKey::P384(_) => Curve::P384,
            VerifyKey::Sm2(_) => Curve::Sm2,
        }
    }

    /// 02 or 03 and x.
    pub fn compressed(&self) -> Vec<u8> {
        match self {
            VerifyKey::P256(key) => key.to_sec1_point(true).as_bytes().to_vec(),
            VerifyKey::BrainpoolP256(key) => key.to_sec1_point(true).as_bytes().to_vec(),
            VerifyKey::BrainpoolP384(key) => key.to_sec1_point(true).as_bytes().to_vec(),
            VerifyKey::P384(key) => key.to_sec1_point(true).as_bytes().to_vec(),
            VerifyKey::Sm2(key) => key.0.compressed().to_vec(),
        }
    }

    /// Whether a signature over a digest holds. The digest is of the curve's own hash function.
    pub fn verify(&self, digest: &[u8], signature: &SignatureView<'_>) -> Result<(), CryptoError> {
        if self.curve() != signature.curve {
            return Err(CryptoError::Mixed { key: self.curve(), signature: signature.curve });
        }
        let raw = [signature.r, signature.s].concat();
        macro_rules! ecdsa {
            ($key:expr, $signature:ty) => {
                <$signature>::from_slice(&raw).is_ok_and(|s| $key.verify_prehash(digest, &s).is_ok())
            };
        }
        let holds = match self {
            VerifyKey::P256(key) => ecdsa!(key, p256::ecdsa::Signature),
            VerifyKey::BrainpoolP256(key) => ecdsa!(key, bp256::r1::ecdsa::Signature),
            VerifyKey::BrainpoolP384(key) => ecdsa!(key, bp384::r1::ecdsa::Signature),
            VerifyKey::P384(key) => ecdsa!(key, p384::ecdsa::Signature),
            VerifyKey::Sm2(key) => {
                let e = digest.try_into().map_err(|_| CryptoError::Hash(Curve::Sm2))?;
                sentinel_sm::Signature::from_raw(&raw).is_ok_and(|s| key.verify_digest(e, &s).is_ok())
            }
        };
        if holds { Ok(()) } else { Err(CryptoError::Signature) }
    }
}

/// A private key. It is overwritten when it is dropped; it has no `Debug`.
pub enum SecretKey {
    P256(Box<p256::ecdsa::SigningKey>),
    Sm2(Box<Sm2Secret>),
}

impl SecretKey {
    /// A new key of P-256 or SM2.
    pub fn generate(curve: Curve) -> Result<SecretKey, CryptoError> {
        match curve {
            Curve::P256 => p256::ecdsa::SigningKey::try_generate()
                .map(|key| SecretKey::P256(Box::new(key)))
                .map_err(|_| CryptoError::Random),
            Curve::Sm2 => Sm2Secret::generate()
                .map(|key| SecretKey::Sm2(Box::new(key)))
                .map_err(|_| CryptoError::Random),
            other => Err(CryptoError::NoSigning(other)),
        }
    }

    /// Reads 32 octets, most significant first.
    pub fn from_bytes(curve: Curve, octets: &[u8]) -> Result<SecretKey, CryptoError> {
        let wrong = CryptoError::Secret(curve);
        match curve {
            Curve::P256 => p256::ecdsa::SigningKey::from_slice(octets)
                .map(|key| SecretKey::P256(Box::new(key)))
                .map_err(|_| wrong),
            Curve::Sm2 => {
                Sm2Secret::from_bytes(octets).map(|key| SecretKey::Sm2(Box::new(key))).map_err(|_| wrong)
            }
            other => Err(CryptoError::NoSigning(other)),
        }
    }

    pub fn to_bytes(&self) -> Zeroizing<[u8; 32]> {
        match self {
            SecretKey::P256(key) => Zeroizing::new(key.to_bytes().into()),
            SecretKey::Sm2(key) => key.to_bytes(),
        }
    }

    pub fn curve(&self) -> Curve {
        match self {
            SecretKey::P256(_) => Curve::P256,
            SecretKey::Sm2(_) => Curve::Sm2,
        }
    }

    pub fn public(&self) -> VerifyKey {
        match self {
            SecretKey::P256(key) => VerifyKey::P256(*key.verifying_key()),
            SecretKey::Sm2(key) => VerifyKey::Sm2(*key.public()),
        }
    }

    /// Signs a digest of 32 octets: r and s. Nonces are those of RFC 6979.
    pub fn sign(&self, digest: &[u8]) -> Result<[u8; 64], CryptoError> {
        match self {
            SecretKey::P256(key) => {
                let signature: p256::ecdsa::Signature =
                    key.sign_prehash(digest).map_err(|_| CryptoError::Length)?;
                let mut raw = [0; 64];
                raw.copy_from_slice(&signature.to_bytes());
                Ok(raw)
            }
            SecretKey::Sm2(key) => {
                let e = digest.try_into().map_err(|_| CryptoError::Length)?;
                key.sign_digest(e).map(|s| s.to_raw()).map_err(|_| CryptoError::Random)
            }
        }
    }
}
