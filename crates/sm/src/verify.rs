//! Verification of SM2 signatures (GB/T 32918.2, section 7) over a digest or a message.

use crate::der;
use crate::field::Fe;
use crate::point::{Affine, PointError, combined};
use crate::scalar::Scalar;
use sm3::{Digest, Sm3};

/// a, b, Gx, Gy of the curve, as they stand in ZA (GB/T 32918.5).
const CURVE: [u8; 128] = {
    let text = b"fffffffeffffffffffffffffffffffffffffffff00000000fffffffffffffffc\
                 28e9fa9e9d9f5e344d5a9e4bcf6509a7f39789f515ab8f92ddbcbd414d940e93\
                 32c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7\
                 bc3736a2f4f6779c59bdcee36b692153d0a9877cc62a474002df32e52139f0a0";
    let mut out = [0; 128];
    let mut i = 0;
    while i < 128 {
        out[i] = nibble(text[2 * i]) << 4 | nibble(text[2 * i + 1]);
        i += 1;
    }
    out
};
const fn nibble(c: u8) -> u8 {
    if c <= b'9' { c - b'0' } else { c - b'a' + 10 }
}

/// Why a signature does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VerifyError {
    /// r or s is 0, or not less than the order; or their sum is 0 modulo the order.
    Range,
    /// It is not of this key over this message.
    Mismatch,
    /// An identifier is longer than 8191 octets: its bits are counted in 16 bits.
    IdTooLong,
    /// It is no DER of two numbers.
    Form,
    /// It is not 64 octets.
    Raw,
}

impl std::fmt::Display for VerifyError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            VerifyError::Range => "the signature's numbers are out of range",
            VerifyError::Mismatch => "the signature is not of this key over this message",
            VerifyError::IdTooLong => "the distinguishing identifier is longer than 8191 octets",
            VerifyError::Form => "the signature is no DER sequence of two numbers",
            VerifyError::Raw => "the signature is not r and s in 32 octets each",
        })
    }
}
impl std::error::Error for VerifyError {}

/// r and s, 32 octets each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signature {
    pub r: [u8; 32],
    pub s: [u8; 32],
}

impl Signature {
    /// Reads r || s.
    pub fn from_raw(octets: &[u8]) -> Result<Signature, VerifyError> {
        match octets.as_chunks::<32>() {
            ([r, s], []) => Ok(Signature { r: *r, s: *s }),
            _ => Err(VerifyError::Raw),
        }
    }
    pub fn to_raw(&self) -> [u8; 64] {
        let mut out = [0; 64];
        out[..32].copy_from_slice(&self.r);
        out[32..].copy_from_slice(&self.s);
        out
    }
    /// Reads SEQUENCE { r INTEGER, s INTEGER } (GM/T 0009, section 7.2), in its one DER form.
    pub fn from_der(octets: &[u8]) -> Result<Signature, VerifyError> {
        let mut reader = der::Reader::sequence(octets).ok_or(VerifyError::Form)?;
        let r = reader.number().ok_or(VerifyError::Form)?;
        let s = reader.number().filter(|_| reader.is_empty()).ok_or(VerifyError::Form)?;
        Ok(Signature { r, s })
    }
    pub fn to_der(&self) -> Vec<u8> {
        let mut inner = Vec::with_capacity(70);
        der::number(&self.r, &mut inner);
        der::number(&self.s, &mut inner);
        der::sequence(&inner)
    }
}

/// A public key, on the curve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublicKey(pub Affine);

/// ZA: digest of the identifier, the curve and the key (GB/T 32918.2, section 5.5).
pub fn za(id: &[u8], key: &PublicKey) -> Result<[u8; 32], VerifyError> {
    let bits = u16::try_from(id.len().saturating_mul(8)).map_err(|_| VerifyError::IdTooLong)?;
    let mut hash = Sm3::new();
    hash.update(bits.to_be_bytes());
    hash.update(id);
    hash.update(CURVE);
    hash.update(key.0.x());
    hash.update(key.0.y());
    Ok(hash.finalize().into())
}

/// e = SM3(ZA || message).
pub fn digest(id: &[u8], key: &PublicKey, message: &[u8]) -> Result<[u8; 32], VerifyError> {
    let mut hash = Sm3::new();
    hash.update(za(id, key)?);
    hash.update(message);
    Ok(hash.finalize().into())
}

impl PublicKey {
    /// Reads 02, 03 or 04 and the coordinates.
    pub fn from_sec1(octets: &[u8]) -> Result<PublicKey, PointError> {
        Affine::from_sec1(octets).map(PublicKey)
    }

    /// Whether a signature over the digest `e` holds.
    pub fn verify_digest(&self, e: &[u8; 32], signature: &Signature) -> Result<(), VerifyError> {
        let r = Scalar::of_signature(&signature.r).ok_or(VerifyError::Range)?;
        let s = Scalar::of_signature(&signature.s).ok_or(VerifyError::Range)?;
        let t = r.add(&s);
        if t.is_zero() {
            return Err(VerifyError::Range);
        }
        let sum = combined(&s, &t, &self.0);
        if sum.is_infinity() {
            return Err(VerifyError::Mismatch);
        }
        // x1 = r - e modulo n is asked of X / Z^2 without dividing: x1 may be the number or that plus n
        let x = r.sub(&Scalar::of_digest(e));
        let zz = sum.z.square();
        let is_x = |limbs: [u64; 4]| {
            Fe::from_bytes(&crate::field::bytes(&limbs)).is_some_and(|x| x.mul(&zz) == sum.x)
        };
        if is_x(x.0) || x.plus_n().is_some_and(is_x) { Ok(()) } else { Err(VerifyError::Mismatch) }
    }

    /// Whether a signature over a message holds, with the signer's identifier.
    pub fn verify(&self, id: &[u8], message: &[u8], signature: &Signature) -> Result<(), VerifyError> {
        self.verify_digest(&digest(id, self, message)?, signature)
    }
}
