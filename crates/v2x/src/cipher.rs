//! Encryption: AES-CCM and SM4-CCM of the contents (RFC 3610; IEEE 1609.2, 5.3.8), ECIES over P-256 (IEEE
//! 1609.2, 5.3.5) and SM2 (GB/T 32918.4) of their keys.

use crate::key::{CryptoError, SecretKey, VerifyKey};
use ccm::aead::{Aead, Payload};
use ccm::consts::{U12, U16};
use ccm::{Ccm, KeyInit};
use hmac::{Hmac, Mac};
use p256::elliptic_curve::Generate;
use p256::elliptic_curve::sec1::ToSec1Point;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

type AesCcm = Ccm<aes::Aes128, U16, U12>;

/// The cipher of the contents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cipher {
    Aes,
    Sm4,
}

impl Cipher {
    /// Its name as an alternative of SymmetricCiphertext.
    pub fn name(self) -> &'static str {
        match self {
            Cipher::Aes => "aes128ccm",
            Cipher::Sm4 => "sm4Ccm",
        }
    }
    /// One block, encrypted.
    pub(crate) fn block(self, key: &[u8; 16], block: &[u8; 16]) -> [u8; 16] {
        use aes::cipher::{Array, BlockCipherEncrypt};
        match self {
            Cipher::Aes => {
                let mut out = Array(*block);
                aes::Aes128::new(&Array(*key)).encrypt_block(&mut out);
                out.0
            }
            Cipher::Sm4 => {
                let mut out = *block;
                // a whole block: nothing can be wrong with its length
                let _ = sentinel_sm::sm4::Key::new(key).ecb(&mut out, sentinel_sm::sm4::Way::Encrypt);
                out
            }
        }
    }
}

/// The ciphertext and, at its end, 16 octets of tag.
pub fn seal(cipher: Cipher, key: &[u8; 16], nonce: &[u8; 12], text: &[u8]) -> Result<Vec<u8>, CryptoError> {
    match cipher {
        Cipher::Aes => AesCcm::new(key.into())
            .encrypt(nonce.into(), Payload { msg: text, aad: &[] })
            .map_err(|_| CryptoError::Length),
        Cipher::Sm4 => {
            sentinel_sm::sm4::Key::new(key).ccm_seal(nonce, text, &[]).map_err(|_| CryptoError::Length)
        }
    }
}

/// The text of a ciphertext with its tag.
pub fn open(cipher: Cipher, key: &[u8; 16], nonce: &[u8; 12], text: &[u8]) -> Result<Vec<u8>, CryptoError> {
    match cipher {
        Cipher::Aes => AesCcm::new(key.into())
            .decrypt(nonce.into(), Payload { msg: text, aad: &[] })
            .map_err(|_| CryptoError::Decrypt),
        Cipher::Sm4 => {
            sentinel_sm::sm4::Key::new(key).ccm_open(nonce, text, &[]).map_err(|_| CryptoError::Decrypt)
        }
    }
}

/// KDF2 with SHA-256 (IEEE 1363a; ANSI X9.63).
pub fn kdf2(secret: &[u8], parameter: &[u8], length: usize) -> Zeroizing<Vec<u8>> {
    let mut out = Zeroizing::new(Vec::with_capacity(length + 32));
    for counter in 1u32.. {
        if out.len() >= length {
            break;
        }
        let mut hash = Sha256::new();
        hash.update(secret);
        hash.update(counter.to_be_bytes());
        hash.update(parameter);
        out.extend_from_slice(&hash.finalize());
    }
    out.truncate(length);
    out
}

/// MAC1: HMAC with SHA-256, its first 16 octets (IEEE 1363a).
pub fn mac1(key: &[u8], text: &[u8]) -> [u8; 16] {
    let mut out = [0; 16];
    // HMAC takes a key of any length
    if let Ok(mut mac) = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(key) {
        mac.update(text);
        out.copy_from_slice(&mac.finalize().into_bytes()[..16]);
    }
    out
}

/// x of the product of a private key of P-256 and a point (SP 800-56A, 5.7.1.2).
pub fn ecdh(secret: &SecretKey, public: &VerifyKey) -> Result<Zeroizing<[u8; 32]>, CryptoError> {
    match (secret, public) {
        (SecretKey::P256(secret), VerifyKey::P256(public)) => Ok(shared(secret.as_nonzero_scalar(), public)),
        _ => Err(CryptoError::Mixed { key: secret.curve(), signature: public.curve() }),
    }
}

fn shared(secret: &p256::NonZeroScalar, public: &p256::ecdsa::VerifyingKey) -> Zeroizing<[u8; 32]> {
    let product = p256::ProjectivePoint::from(*public.as_affine()) * **secret;
    let point = product.to_affine().to_sec1_point(true);
    let mut x = Zeroizing::new([0; 32]);
    x.copy_from_slice(&point.as_bytes()[1..]);
    x
}

/// A key of 16 octets, encrypted for one recipient: a point in SEC 1's compressed form, the ciphertext, and
/// the tag: 16 octets (ECIES) or 32 (SM2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrapped {
    pub point: [u8; 33],
    pub key: [u8; 16],
    pub tag: Vec<u8>,
}

/// Encrypts a key for a recipient. `parameter` goes into ECIES alone: the digest of what the recipient's key
/// was taken from, which is the certificate, the message that had it, or nothing (IEEE 1609.2, 6.3.37).
pub fn wrap(recipient: &VerifyKey, key: &[u8; 16], parameter: &[u8]) -> Result<Wrapped, CryptoError> {
    match recipient {
        VerifyKey::P256(public) => {
            let secret = p256::NonZeroScalar::try_generate().map_err(|_| CryptoError::Random)?;
            Ok(ecies(&secret, public, key, parameter))
        }
        VerifyKey::Sm2(public) => {
            let text = public.encrypt(key).map_err(|_| CryptoError::Random)?;
            let key = text.data.as_slice().try_into().map_err(|_| CryptoError::Length)?;
            Ok(Wrapped { point: text.point.compressed(), key, tag: text.hash.to_vec() })
        }
        other => Err(CryptoError::NoSigning(other.curve())),
    }
}

/// ECIES with a given ephemeral key.
pub fn ecies(
    ephemeral: &p256::NonZeroScalar,
    public: &p256::ecdsa::VerifyingKey,
    key: &[u8; 16],
    parameter: &[u8],
) -> Wrapped {
    let keys = kdf2(&*shared(ephemeral, public), parameter, 48);
    let mut text = *key;
    text.iter_mut().zip(keys.iter()).for_each(|(t, k)| *t ^= k);
    let mut point = [0; 33];
    let v = (p256::ProjectivePoint::GENERATOR * **ephemeral).to_affine().to_sec1_point(true);
    point.copy_from_slice(v.as_bytes());
    Wrapped { point, key: text, tag: mac1(&keys[16..], &text).to_vec() }
}

/// The key that was encrypted.
pub fn unwrap(
    secret: &SecretKey,
    wrapped: &Wrapped,
    parameter: &[u8],
) -> Result<Zeroizing<[u8; 16]>, CryptoError> {
    let point = VerifyKey::from_sec1(secret.curve(), &wrapped.point)?;
    match (secret, &point) {
        (SecretKey::Sm2(secret), VerifyKey::Sm2(point)) => {
            let hash = wrapped.tag.as_slice().try_into().map_err(|_| CryptoError::Length)?;
            let text = sentinel_sm::Ciphertext { point: point.0, hash, data: wrapped.key.to_vec() };
            let key = secret.decrypt(&text).map_err(|_| CryptoError::Decrypt)?;
            let key: &[u8; 16] = key.as_slice().try_into().map_err(|_| CryptoError::Decrypt)?;
            Ok(Zeroizing::new(*key))
        }
        _ => {
            let keys = kdf2(&*ecdh(secret, &point)?, parameter, 48);
            let tag = mac1(&keys[16..], &wrapped.key);
            // all octets are compared, whichever differs
            let differs = tag.iter().zip(&wrapped.tag).fold(0, |sum, (a, b)| sum | (a ^ b));
            if wrapped.tag.len() != tag.len() || differs != 0 {
                return Err(CryptoError::Decrypt);
            }
            let mut key = Zeroizing::new(wrapped.key);
            key.iter_mut().zip(keys.iter()).for_each(|(t, k)| *t ^= k);
            Ok(key)
        }
    }
}

/// Octets of the system's generator.
pub fn random<const N: usize>() -> Result<Zeroizing<[u8; N]>, CryptoError> {
    use p256::elliptic_curve::common::getrandom::SysRng;
    use p256::elliptic_curve::rand_core::TryRng;
    let mut out = Zeroizing::new([0; N]);
    SysRng.try_fill_bytes(&mut *out).map_err(|_| CryptoError::Random)?;
    Ok(out)
}
