//! What a signature is over.
//!
//! IEEE 1609.2, 5.3.1: hash(hash(what is signed) || hash(the signer's certificate)), the hash of nothing in
//! place of the certificate's where a certificate signs itself. YD/T 3957: SM3(ZA || what is signed), where
//! ZA's identifier is the SM3 digest of the signer's certificate, and the default one where it signs itself.
//! Which identifier it is was found out from published certificates and an example, not from the standard.

use crate::Profile;
use crate::hash::{Digest, Hash};
use crate::key::{CryptoError, SecretKey, VerifyKey};
use crate::view::{CertificateView, Curve, Indicator, Issuer, SignatureView};

/// A key and what is hashed in front of everything it signs: made once, used for many messages.
#[derive(Clone, Debug)]
pub struct Verifier {
    key: VerifyKey,
    rule: Rule,
}

#[derive(Clone, Debug)]
enum Rule {
    /// The digest of the signer's certificate.
    Ieee(Digest),
    /// ZA.
    Sm2([u8; 32]),
}

impl Rule {
    /// `certificate`: the digest of the signer's certificate, none if it signs itself.
    fn new(profile: Profile, key: &VerifyKey, certificate: Option<&Digest>) -> Result<Rule, CryptoError> {
        match (profile, key) {
            (Profile::Ydt3957, VerifyKey::Sm2(key)) => {
                let id = certificate.map_or(sentinel_sm::DEFAULT_ID, Digest::octets);
                sentinel_sm::za(id, key).map(Rule::Sm2).map_err(|_| CryptoError::Length)
            }
            (Profile::Ieee1609, VerifyKey::Sm2(_)) | (Profile::Ydt3957, _) => {
                Err(CryptoError::Profile(key.curve()))
            }
            _ => Ok(Rule::Ieee(match certificate {
                Some(digest) => *digest,
                None => key.curve().hash().of(&[]),
            })),
        }
    }

    fn digest(&self, hash: Hash, signed: &[u8]) -> Digest {
        match self {
            Rule::Ieee(certificate) => hash.of(&[hash.of(&[signed]).octets(), certificate.octets()]),
            Rule::Sm2(za) => Hash::Sm3.of(&[za, signed]),
        }
    }
}

impl Verifier {
    /// For signatures of a key. `certificate` is the digest of the signer's certificate ([`CertificateView::hash`]),
    /// none if it is the signature on itself.
    pub fn new(
        profile: Profile,
        key: VerifyKey,
        certificate: Option<&Digest>,
    ) -> Result<Verifier, CryptoError> {
        let rule = Rule::new(profile, &key, certificate)?;
        Ok(Verifier { key, rule })
    }

    /// For signatures of a certificate's holder. An implicit certificate's key has to be made first
    /// ([`crate::implicit`]).
    pub fn of(profile: Profile, certificate: &CertificateView<'_>) -> Result<Verifier, CryptoError> {
        let Indicator::Key(key) = certificate.indicator else { return Err(CryptoError::NoKey) };
        let hash = certificate.hash().ok_or(CryptoError::Point(key.curve))?;
        Verifier::new(profile, VerifyKey::of(&key)?, Some(&hash))
    }

    pub fn key(&self) -> &VerifyKey {
        &self.key
    }

    /// The digest that is signed.
    pub fn digest(&self, signed: &[u8]) -> Digest {
        self.rule.digest(self.key.curve().hash(), signed)
    }

    /// Whether a signature over octets, in their canonical form, holds.
    pub fn verify(&self, signed: &[u8], signature: &SignatureView<'_>) -> Result<(), CryptoError> {
        self.key.verify(self.digest(signed).octets(), signature)
    }
}

/// Signs octets: r and s. `certificate` is the digest of the signer's certificate, none for a signature on
/// itself.
pub fn sign(
    profile: Profile,
    key: &SecretKey,
    certificate: Option<&Digest>,
    signed: &[u8],
) -> Result<[u8; 64], CryptoError> {
    let rule = Rule::new(profile, &key.public(), certificate)?;
    key.sign(rule.digest(key.curve().hash(), signed).octets())
}

/// Whether a certificate is signed by its issuer; itself when `issuer` is none. That the issuer may issue it
/// is not looked at.
pub fn verify_certificate(
    profile: Profile,
    certificate: &CertificateView<'_>,
    issuer: Option<&Verifier>,
) -> Result<(), CryptoError> {
    let signature = certificate.signature.as_ref().ok_or(CryptoError::NoKey)?;
    let tbs = certificate.canonical_to_be_signed().ok_or(CryptoError::NoPoint)?;
    let own;
    let verifier = match issuer {
        Some(issuer) => issuer,
        None => {
            let (Indicator::Key(key), Issuer::Own(hash)) = (certificate.indicator, certificate.issuer) else {
                return Err(CryptoError::NoKey);
            };
            if hash != key.curve.hash() {
                return Err(CryptoError::Hash(key.curve));
            }
            own = Verifier::new(profile, VerifyKey::of(&key)?, None)?;
            &own
        }
    };
    verifier.verify(&tbs, signature)
}

/// The profile that certificates of a curve belong to.
pub fn profile_of(curve: Curve) -> Profile {
    if curve == Curve::Sm2 { Profile::Ydt3957 } else { Profile::Ieee1609 }
}
