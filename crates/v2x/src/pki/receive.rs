//! A vehicle: what the pseudonym CA answered becomes a certificate and its private key.

use super::{PkiError, Result, choice, octets, part};
use crate::Profile;
use crate::build::{decrypted, key_id};
use crate::butterfly::{Purpose, blind_secret, expand_secret};
use crate::coer::{Limits, decode, encode};
use crate::key::{CryptoError, SecretKey, VerifyKey};
use crate::sign::{Verifier, verify_certificate};
use crate::types::data::{CERTIFICATE, DATA};
use crate::types::pdu::SCMS_PDU;
use crate::view::{CertificateView, Content, DataView, Indicator, SignerView};

/// The keys a vehicle made its request with.
pub struct Caterpillar {
    pub signing: SecretKey,
    pub signing_expansion: [u8; 16],
    pub encryption: SecretKey,
    pub encryption_expansion: [u8; 16],
}

/// A pseudonym, ready to be signed with.
pub struct Pseudonym {
    pub certificate: Vec<u8>,
    pub key: SecretKey,
}

/// Opens an acaRaCertResponse for pseudonym `j` of period `i`. It has to be signed by the CA whose
/// certificate is given: a registration authority could put its own key in place of the vehicle's otherwise.
pub fn receive(
    profile: Profile,
    answer: &[u8],
    authority: &CertificateView<'_>,
    keys: &Caterpillar,
    i: u16,
    j: u8,
) -> Result<Pseudonym> {
    let value = decode(answer, &SCMS_PDU, profile, Limits::MESSAGE)?;
    let told = choice(choice(part(&value, &["content"])?, "aca-ra")?, "acaRaCertResponse")?;
    let signed = encode(choice(part(told, &["acaResponse"])?, "private")?, &DATA, profile)?;
    let verifier = Verifier::of(profile, authority)?;
    let outer = DataView::parse(&signed, profile)?;
    let Content::Signed(view) = &outer.content else { return Err(PkiError::Missing("a signature")) };
    let by = authority.hash().ok_or(CryptoError::NoKey)?.id8();
    if !matches!(view.signer, SignerView::Digest(id) if id == by) {
        return Err(PkiError::Missing("the pseudonym CA's signature"));
    }
    let tbs = view.canonical_to_be_signed().ok_or(CryptoError::NoPoint)?;
    verifier.verify(&tbs, &view.signature)?;
    let (n, m) = (u32::from(i), u32::from(j));
    let opener = expand_secret(&keys.encryption, &keys.encryption_expansion, Purpose::Encryption, n, m)?;
    let (id, nothing) = (key_id(profile, &opener.public())?, profile.hash().of(&[]));
    let inner = decrypted(profile, view.data.unwrap_or_default(), &opener, &id, &nothing)?;
    let inner = decode(&inner, &DATA, profile, Limits::MESSAGE)?;
    let response = choice(part(&inner, &["content"])?, "unsecuredData")?;
    let response = decode(response.as_octets().unwrap_or_default(), &SCMS_PDU, profile, Limits::MESSAGE)?;
    let given = choice(choice(part(&response, &["content"])?, "aca-ee")?, "acaEeCertResponse")?;
    let certificate = encode(part(given, &["certificate"])?, &CERTIFICATE, profile)?;
    let c = octets(part(given, &["privateKeyInfo"])?, "privateKeyInfo")?;
    let expanded = expand_secret(&keys.signing, &keys.signing_expansion, Purpose::Signing, n, m)?;
    let key = blind_secret(&expanded, c)?;
    let view = CertificateView::parse(&certificate, profile)?;
    verify_certificate(profile, &view, Some(&verifier))?;
    let Indicator::Key(public) = view.indicator else { return Err(CryptoError::NoKey.into()) };
    if VerifyKey::of(&public)? != key.public() {
        return Err(PkiError::Missing("the key of the request in the certificate"));
    }
    Ok(Pseudonym { certificate, key })
}
