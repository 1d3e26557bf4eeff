//! The pseudonym CA: a certificate for each request, for the vehicle's eyes alone.

use super::expand::{name, set};
use super::sealed::open_shared;
use super::{PkiError, Result, Shared, choice, octets, part, pdu, sec1};
use crate::Profile;
use crate::build::{
    Attach, Origin, Recipient, Signer, certificate, encrypted, key_id, signed, unsecured, verification_key,
};
use crate::butterfly::blind_public;
use crate::cipher::random;
use crate::coer::{Limits, Value, decode, encode};
use crate::hash::Digest;
use crate::key::{SecretKey, VerifyKey};
use crate::linkage::{LinkageValue, linkage_value};
use crate::types::data::{CERTIFICATE, DATA};
use crate::types::pdu::SCMS_PDU;

/// What the CA puts under its certificates and answers.
pub struct Issuer {
    pub key: SecretKey,
    pub certificate: Vec<u8>,
    /// Keys that it shares with the linkage authorities.
    pub shared: Vec<Shared>,
    /// HashedId3 of who is above the list of its revocations, and the list's series.
    pub craca: [u8; 3],
    pub series: u16,
    /// Time32 of its answers, rounded.
    pub time: u32,
    /// Application id of its answers.
    pub aid: u64,
    /// From when to when it may itself say that a certificate is valid, Time32.
    pub valid: (u32, u32),
    /// Hours that a pseudonym is valid at the most.
    pub hours: u16,
}

/// A pseudonym that was made, and what the CA keeps of it.
#[derive(Clone, Debug)]
pub struct Issued {
    /// ScmsPdu with acaRaCertResponse: signed, what is in it encrypted to the vehicle.
    pub answer: Vec<u8>,
    pub certificate: Vec<u8>,
    pub digest: Digest,
    /// The certificate's key, compressed.
    pub key: Vec<u8>,
    pub i: u16,
    pub linkage: LinkageValue,
    pub parts: [LinkageValue; 2],
    /// HashedId8 of the request.
    pub request: [u8; 8],
    /// From when and to when it is valid, Time32.
    pub valid: (u32, u32),
}

/// Issues what one RaAcaCertRequest asks for.
pub fn issue(profile: Profile, issuer: &Issuer, request: &[u8]) -> Result<Issued> {
    let value = decode(request, &SCMS_PDU, profile, Limits::MESSAGE)?;
    let asked = choice(choice(part(&value, &["content"])?, "aca-ra")?, "raAcaCertRequest")?;
    if part(asked, &["flags"])?.as_octets() != Some(&[0x80]) {
        return Err(PkiError::Missing("butterflyExplicit"));
    }
    let given = |field| -> Result<LinkageValue> {
        let sealed = part(asked, &[field, "enc-lv"])?;
        let text = open_shared(profile, sealed, |id| {
            issuer.shared.iter().find(|one| one.id == *id).map(|one| &one.key)
        })?;
        text.try_into().map_err(|_| PkiError::Missing("a pre-linkage value"))
    };
    let authority = |field| octets::<2>(part(asked, &[field, "laId"])?, "laId");
    if authority("linkageInfo")? == authority("linkageInfo2")? {
        return Err(PkiError::Missing("a second linkage authority"));
    }
    let parts = [given("linkageInfo")?, given("linkageInfo2")?];
    let linkage = linkage_value(&parts[0], &parts[1]);

    let mut tbs = part(asked, &["tbsCert"])?.clone();
    let (i, valid) = checked(issuer, &tbs)?;
    let c = random::<32>()?;
    let expanded = key(profile, part(&tbs, &["verifyKeyIndicator"])?)?;
    let public = blind_public(&expanded, &c)?;
    set(&mut tbs, "id", name(i, &linkage))?;
    set(&mut tbs, "cracaId", Value::octets(&issuer.craca))?;
    set(&mut tbs, "crlSeries", Value::int(issuer.series))?;
    set(&mut tbs, "verifyKeyIndicator", Value::choice("verificationKey", verification_key(&public)))?;
    let signer = Signer { key: &issuer.key, certificate: Some(&issuer.certificate) };
    let made = certificate(profile, tbs, signer)?;
    // compressed keys, r as x alone: it is in the form in which it is hashed
    let digest = profile.hash().of(&[&made]);

    let response = Value::record([
        ("version", Value::int(1)),
        ("generationTime", Value::int(issuer.time)),
        ("certificate", decode(&made, &CERTIFICATE, profile, Limits::MESSAGE)?),
        ("privateKeyInfo", Value::octets(&*c)),
    ]);
    let response = encode(&pdu("aca-ee", "acaEeCertResponse", response), &SCMS_PDU, profile)?;
    let sealing = part(asked, &["certEncKey", "publicKey"])?;
    let kind = if profile == Profile::Ydt3957 { "ecencSm2" } else { "eciesNistP256" };
    let sealing = VerifyKey::from_sec1(profile.curve(), &sec1(choice(sealing, kind)?)?)?;
    let recipient = Recipient {
        origin: Origin::Key,
        id: key_id(profile, &sealing)?,
        key: &sealing,
        parameter: profile.hash().of(&[]),
    };
    let sealed = encrypted(profile, &unsecured(profile, &response)?, &[recipient])?;
    let header = Value::record([
        ("psid", Value::int(issuer.aid)),
        ("generationTime", Value::int(u64::from(issuer.time) * 1_000_000)),
    ]);
    let whole = signed(profile, &sealed, header, signer, Attach::Digest)?;
    let hash = profile.hash().of(&[request]).id8();
    let answer = Value::record([
        ("version", Value::int(1)),
        ("generationTime", Value::int(issuer.time)),
        ("requestHash", Value::octets(&hash)),
        ("acaResponse", Value::choice("private", decode(&whole, &DATA, profile, Limits::MESSAGE)?)),
    ]);
    Ok(Issued {
        answer: encode(&pdu("aca-ra", "acaRaCertResponse", answer), &SCMS_PDU, profile)?,
        certificate: made,
        digest,
        key: public.compressed(),
        i,
        linkage,
        parts,
        request: hash,
        valid,
    })
}

fn key(profile: Profile, indicator: &Value) -> Result<VerifyKey> {
    let kind = if profile == Profile::Ydt3957 { "ecsigSm2" } else { "ecdsaNistP256" };
    let point = choice(choice(indicator, "verificationKey")?, kind)?;
    Ok(VerifyKey::from_sec1(profile.curve(), &sec1(point)?)?)
}

/// Period and validity of what is asked for, which the CA may give.
fn checked(issuer: &Issuer, tbs: &Value) -> Result<(u16, (u32, u32))> {
    let linkage = choice(part(tbs, &["id"])?, "linkageData")?;
    let i = part(linkage, &["iCert"])?.as_int().and_then(|i| u16::try_from(i).ok());
    let i = i.ok_or(PkiError::Missing("iCert"))?;
    let start = part(tbs, &["validityPeriod", "start"])?.as_int().and_then(|n| u32::try_from(n).ok());
    let start = start.ok_or(PkiError::Missing("start"))?;
    let hours = choice(part(tbs, &["validityPeriod", "duration"])?, "hours")?.as_int();
    let hours = hours.and_then(|n| u16::try_from(n).ok()).filter(|n| (1..=issuer.hours).contains(n));
    let hours = hours.ok_or(PkiError::Missing("a duration in hours that is allowed"))?;
    let end = start.checked_add(u32::from(hours) * 3600).ok_or(PkiError::Missing("an end"))?;
    if start < issuer.valid.0 || end > issuer.valid.1 {
        return Err(PkiError::Missing("a validity within the CA's own"));
    }
    if tbs.get("certIssuePermissions").is_some() || tbs.get("certRequestPermissions").is_some() {
        return Err(PkiError::Missing("a certificate for applications alone"));
    }
    part(tbs, &["appPermissions"])?;
    Ok((i, (start, end)))
}
