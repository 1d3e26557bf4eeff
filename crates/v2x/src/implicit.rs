//! Implicit certificates (SEC 4; IEEE 1609.2, 5.3.2), over P-256: the certificate has a point that the key
//! is computed from, and no signature.

use crate::hash::{Digest, Hash};
use crate::key::{CryptoError, SecretKey, VerifyKey};
use crate::view::{CertificateView, Curve, Indicator};
use p256::elliptic_curve::sec1::ToSec1Point;
use p256::elliptic_curve::{Generate, PrimeField};
use p256::{FieldBytes, ProjectivePoint, Scalar};
use zeroize::Zeroizing;

/// The digest as a number: its first 255 bits, which is always less than the order (SEC 4, 2.3).
fn number(digest: &[u8; 32]) -> Scalar {
    let mut shifted = FieldBytes::default();
    let mut carry = 0;
    for (out, octet) in shifted.iter_mut().zip(digest) {
        *out = octet >> 1 | carry << 7;
        carry = octet & 1;
    }
    Option::from(Scalar::from_repr(shifted)).unwrap_or(Scalar::ZERO)
}

/// What is hashed with an implicit certificate (IEEE 1609.2, 5.3.2): hash(what is signed) and hash(the
/// issuer's certificate).
pub fn digest(to_be_signed: &[u8], issuer: &Digest) -> [u8; 32] {
    let digest = Hash::Sha256.of(&[Hash::Sha256.of(&[to_be_signed]).octets(), issuer.octets()]);
    digest.last()
}

/// The point for the certificate: the requester's public key and the issuer's ephemeral one, compressed.
pub fn reconstruction_point(request: &VerifyKey, ephemeral: &SecretKey) -> Result<VerifyKey, CryptoError> {
    let (request, ephemeral) = (point(request)?, scalar(ephemeral)?);
    key(request + ProjectivePoint::GENERATOR * ephemeral)
}

/// The number the requester's private key is computed with: goes back beside the certificate.
pub fn reconstruction_number(
    digest: &[u8; 32],
    issuer: &SecretKey,
    ephemeral: &SecretKey,
) -> Result<Zeroizing<[u8; 32]>, CryptoError> {
    let r = number(digest) * scalar(ephemeral)? + scalar(issuer)?;
    Ok(Zeroizing::new(r.to_bytes().into()))
}

/// The private key of the certificate.
pub fn secret(digest: &[u8; 32], request: &SecretKey, r: &[u8; 32]) -> Result<SecretKey, CryptoError> {
    let r: Scalar = Option::from(Scalar::from_repr((*r).into())).ok_or(CryptoError::Secret(Curve::P256))?;
    let secret = Zeroizing::new(<[u8; 32]>::from((number(digest) * scalar(request)? + r).to_bytes()));
    SecretKey::from_bytes(Curve::P256, &*secret)
}

/// The public key of the certificate.
pub fn public(
    digest: &[u8; 32],
    point_of_certificate: &VerifyKey,
    issuer: &VerifyKey,
) -> Result<VerifyKey, CryptoError> {
    key(point(point_of_certificate)? * number(digest) + point(issuer)?)
}

/// The public key of a certificate that was received, with its issuer's key and digest.
pub fn public_of(
    certificate: &CertificateView<'_>,
    issuer: &VerifyKey,
    issuer_digest: &Digest,
) -> Result<VerifyKey, CryptoError> {
    let Indicator::Reconstruction(view) = certificate.indicator else { return Err(CryptoError::NoKey) };
    let view = VerifyKey::from_sec1(Curve::P256, &view.sec1().ok_or(CryptoError::NoPoint)?)?;
    let tbs = certificate.canonical_to_be_signed().ok_or(CryptoError::NoPoint)?;
    public(&digest(&tbs, issuer_digest), &view, issuer)
}

/// An ephemeral key for one certificate.
pub fn ephemeral() -> Result<SecretKey, CryptoError> {
    let key = p256::ecdsa::SigningKey::try_generate().map_err(|_| CryptoError::Random)?;
    Ok(SecretKey::P256(Box::new(key)))
}

fn point(key: &VerifyKey) -> Result<ProjectivePoint, CryptoError> {
    match key {
        VerifyKey::P256(key) => Ok(ProjectivePoint::from(*key.as_affine())),
        other => Err(CryptoError::NoSigning(other.curve())),
    }
}

fn scalar(key: &SecretKey) -> Result<Scalar, CryptoError> {
    match key {
        SecretKey::P256(key) => Ok(**key.as_nonzero_scalar()),
        other => Err(CryptoError::NoSigning(other.curve())),
    }
}

fn key(point: ProjectivePoint) -> Result<VerifyKey, CryptoError> {
    VerifyKey::from_sec1(Curve::P256, point.to_affine().to_sec1_point(true).as_bytes())
}
