//! SM2's ciphertexts (GB/T 32918.4): C1 || C3 || C2, and SM2Cipher of GM/T 0009, section 7.3.

use crate::der;
use crate::once;
use crate::point::Affine;
use crate::scalar::Scalar;
use crate::secret::SecretError;
use crate::verify::PublicKey;
use sm2::NonZeroScalar;
use sm2::elliptic_curve::Generate;
use sm3::{Digest, Sm3};
use zeroize::Zeroizing;

/// A point, the digest of the message (C3), the message with a key stream over it (C2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ciphertext {
    pub point: Affine,
    pub hash: [u8; 32],
    pub data: Vec<u8>,
}

impl Ciphertext {
    /// Reads C1 || C3 || C2. C1 is a point in any of SEC 1's forms but the hybrid one.
    pub fn from_raw(octets: &[u8]) -> Result<Ciphertext, SecretError> {
        let length = if octets.first() == Some(&4) { 65 } else { 33 };
        let (c1, rest) = octets.split_at_checked(length).ok_or(SecretError::Form)?;
        let (hash, data) = rest.split_first_chunk::<32>().ok_or(SecretError::Form)?;
        Ciphertext::new(Affine::from_sec1(c1).ok(), hash, data)
    }

    /// Reads SEQUENCE { x, y, hash, cipherText }.
    pub fn from_der(octets: &[u8]) -> Result<Ciphertext, SecretError> {
        let mut reader = der::Reader::sequence(octets).ok_or(SecretError::Form)?;
        let x = reader.number().ok_or(SecretError::Form)?;
        let y = reader.number().ok_or(SecretError::Form)?;
        let hash = reader.octets().and_then(|h| h.try_into().ok()).ok_or(SecretError::Form)?;
        let data = reader.octets().filter(|_| reader.is_empty()).ok_or(SecretError::Form)?;
        Ciphertext::new(Affine::new(&x, &y).ok(), hash, data)
    }

    fn new(point: Option<Affine>, hash: &[u8; 32], data: &[u8]) -> Result<Ciphertext, SecretError> {
        let point = point.ok_or(SecretError::Form)?;
        if data.is_empty() {
            return Err(SecretError::Form);
        }
        Ok(Ciphertext { point, hash: *hash, data: data.to_vec() })
    }

    /// C1 (04, x, y) || C3 || C2.
    pub fn to_raw(&self) -> Vec<u8> {
        [&self.point.uncompressed()[..], &self.hash, &self.data].concat()
    }

    pub fn to_der(&self) -> Vec<u8> {
        let mut inner = Vec::with_capacity(self.data.len() + 110);
        der::number(&self.point.x(), &mut inner);
        der::number(&self.point.y(), &mut inner);
        der::octets(&self.hash, &mut inner);
        der::octets(&self.data, &mut inner);
        der::sequence(&inner)
    }
}

impl PublicKey {
    /// Encrypts a message, of one octet at least (GB/T 32918.4, section 6).
    ///
    /// The number k is RustCrypto's, its two multiples are those of `once`.
    pub fn encrypt(&self, message: &[u8]) -> Result<Ciphertext, SecretError> {
        if message.is_empty() {
            return Err(SecretError::Empty);
        }
        loop {
            let k = Zeroizing::new(NonZeroScalar::try_generate().map_err(|_| SecretError::Random)?);
            let k = Scalar::below_n(&k.to_bytes().into()).ok_or(SecretError::Random)?;
            let point = once::to_affine(&once::of_generator(&k)).ok_or(SecretError::Random)?;
            let shared = once::to_affine(&once::of_point(&self.0, &k)).ok_or(SecretError::Form)?;
            let shared = Zeroizing::new(shared.uncompressed()[1..].to_vec());
            let stream = key_stream(&shared, message.len());
            if stream.iter().all(|octet| *octet == 0) {
                continue;
            }
            let (x, y) = shared.split_at(32);
            let mut hash = Sm3::new();
            [x, message, y].iter().for_each(|part| hash.update(part));
            let data = message.iter().zip(stream.iter()).map(|(m, s)| m ^ s).collect();
            return Ok(Ciphertext { point, hash: hash.finalize().into(), data });
        }
    }
}

/// KDF of a point's coordinates (GB/T 32918.4, section 5.4.3).
fn key_stream(shared: &[u8], length: usize) -> Zeroizing<Vec<u8>> {
    let mut out = Zeroizing::new(Vec::with_capacity(length + 32));
    for counter in 1u32.. {
        if out.len() >= length {
            break;
        }
        let mut hash = Sm3::new();
        hash.update(shared);
        hash.update(counter.to_be_bytes());
        out.extend_from_slice(&hash.finalize());
    }
    out.truncate(length);
    out
}
