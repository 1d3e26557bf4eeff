//! A certificate, found in octets.

use super::{Curve, KeyView, PointView, Result, SignatureView, alternative};
use crate::Profile;
use crate::canonical;
use crate::coer::{Cursor, Why, skip};
use crate::hash::{Digest, Hash};
use crate::types::{base, data};
use std::borrow::Cow;
use std::ops::Range;

/// Who signed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Issuer {
    /// The issuer's HashedId8, and the function it was made with.
    Digest(Hash, [u8; 8]),
    /// It is signed with its own key.
    Own(Hash),
}

/// How it is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CertificateId<'a> {
    /// Period, linkage value, group linkage value (j, value).
    Linkage {
        i: u16,
        value: [u8; 9],
        group: Option<([u8; 4], [u8; 9])>,
    },
    Name(&'a str),
    Binary(&'a [u8]),
    None,
    /// A choice that is not known.
    Other(u8),
}

/// How long it is valid: how many of which unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Duration {
    /// By its number in the choice: microseconds, milliseconds, seconds, minutes, hours, 60 hours, years.
    pub unit: u8,
    pub count: u16,
}

impl Duration {
    /// In microseconds. A year is 31,556,952 s (IEEE 1609.2, 6.3.12).
    pub fn microseconds(&self) -> u64 {
        const SECOND: u64 = 1_000_000;
        let unit = [1, 1000, SECOND, 60 * SECOND, 3600 * SECOND, 60 * 3600 * SECOND, 31_556_952 * SECOND];
        u64::from(self.count) * unit.get(usize::from(self.unit)).copied().unwrap_or(0)
    }
}

/// The key, or what it is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Indicator<'a> {
    Key(KeyView<'a>),
    /// Of an implicit certificate.
    Reconstruction(PointView<'a>),
    /// A choice that is not known.
    Other(u8),
}

/// What may be signed with the certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permission<'a> {
    pub psid: u64,
    pub ssp: Option<Ssp<'a>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ssp<'a> {
    Opaque(&'a [u8]),
    Bitmap(&'a [u8]),
    /// A choice that is not known.
    Other(u8),
}

/// Parts of a certificate. Ranges are of `octets`.
#[derive(Clone, Debug)]
pub struct CertificateView<'a> {
    profile: Profile,
    /// The certificate, as received.
    pub octets: &'a [u8],
    /// 0 explicit, 1 implicit (reserved in YD/T 3957).
    pub kind: u8,
    pub issuer: Issuer,
    pub to_be_signed: Range<usize>,
    pub id: CertificateId<'a>,
    pub craca: [u8; 3],
    pub crl_series: u16,
    /// Time32.
    pub start: u32,
    pub duration: Duration,
    pub region: Option<Range<usize>>,
    pub assurance: Option<u8>,
    pub app_permissions: Option<Range<usize>>,
    pub issue_permissions: Option<Range<usize>>,
    pub request_permissions: Option<Range<usize>>,
    pub can_request_rollover: bool,
    /// The symmetric algorithm's number (0 AES, 1 SM4), and the key.
    pub encryption_key: Option<(u8, KeyView<'a>)>,
    pub indicator: Indicator<'a>,
    pub signature: Option<SignatureView<'a>>,
    canonical: bool,
}

impl<'a> CertificateView<'a> {
    /// Reads a certificate that is all of `octets`.
    pub fn parse(octets: &'a [u8], profile: Profile) -> Result<CertificateView<'a>> {
        let mut c = Cursor::new(octets);
        let view = CertificateView::read(&mut c, octets, profile)?;
        c.finish()?;
        Ok(view)
    }

    /// Reads the certificate that is next; `all` is what the cursor moves over.
    pub(crate) fn read(c: &mut Cursor<'a>, all: &'a [u8], profile: Profile) -> Result<CertificateView<'a>> {
        let begin = c.at();
        let (_, signed) = c.preamble(false, 1)?;
        if c.u8()? != 3 {
            return Err(c.fail(Why::Range).within("version"));
        }
        let kind = c.u8()?;
        if kind >= 0x80 {
            return Err(c.fail(Why::Unknown).within("type"));
        }
        let issuer = issuer(c).map_err(|e| e.within("issuer"))?;
        let tbs = c.at();
        // places of the parts, in the octets of the certificate
        let part = |c: &mut Cursor<'a>, kind, name| {
            let from = c.at() - begin;
            skip(c, kind, profile).map_err(|e| e.within(name).within("toBeSigned"))?;
            Ok(from..c.at() - begin)
        };
        let (extended, bits) = c.preamble(true, 7)?;
        let has = |i: u32| bits >> (6 - i) & 1 == 1;
        let id = id(c).map_err(|e| e.within("id").within("toBeSigned"))?;
        let craca = c.array()?;
        let crl_series = c.u16()?;
        let start = c.u32()?;
        let unit = c.tag()?;
        if unit > 6 {
            return Err(c.fail(Why::Unknown).within("duration").within("toBeSigned"));
        }
        let duration = Duration { unit, count: c.u16()? };
        let region = has(0).then(|| part(c, &base::REGION, "region")).transpose()?;
        let assurance = has(1).then(|| c.u8()).transpose()?;
        let app_permissions =
            has(2).then(|| part(c, &data::APP_PERMISSIONS, "appPermissions")).transpose()?;
        let issue_permissions =
            has(3).then(|| part(c, &data::GROUP_PERMISSIONS, "certIssuePermissions")).transpose()?;
        let request_permissions =
            has(4).then(|| part(c, &data::GROUP_PERMISSIONS, "certRequestPermissions")).transpose()?;
        let encryption_key = match has(6) {
            true => Some(encryption(c).map_err(|e| e.within("encryptionKey").within("toBeSigned"))?),
            false => None,
        };
        let (tag, _) = alternative(c, 2)?;
        let indicator = match tag {
            0 => Indicator::Key(KeyView::verification(c).map_err(|e| e.within("verificationKey"))?),
            1 => Indicator::Reconstruction(PointView::read(c, 32)?),
            _ => Indicator::Other(tag),
        };
        if extended {
            additions(c, profile)?;
        }
        let to_be_signed = tbs - begin..c.at() - begin;
        let signature = match signed {
            1 => Some(SignatureView::read(c).map_err(|e| e.within("signature"))?),
            _ => None,
        };
        let canonical = signature.is_none_or(|s| s.canonical)
            && encryption_key.is_none_or(|(_, key)| key.canonical())
            && !matches!(indicator, Indicator::Key(key) if !key.canonical())
            && !matches!(indicator, Indicator::Reconstruction(point) if point.form == super::Form::Full);
        Ok(CertificateView {
            profile,
            octets: &all[begin..c.at()],
            kind,
            issuer,
            to_be_signed,
            id,
            craca,
            crl_series,
            start,
            duration,
            region,
            assurance,
            app_permissions,
            issue_permissions,
            request_permissions,
            can_request_rollover: has(5),
            encryption_key,
            indicator,
            signature,
            canonical,
        })
    }

    /// The octets that are hashed: keys compressed, r of an ECDSA signature as x alone (IEEE 1609.2, 6.4.3).
    /// None if a point is not on its curve.
    pub fn canonical(&self) -> Option<Cow<'a, [u8]>> {
        if self.canonical {
            return Some(Cow::Borrowed(self.octets));
        }
        canonical::certificate(self.octets, self.profile).map(Cow::Owned)
    }

    /// What was signed, in the form in which it is hashed.
    pub fn canonical_to_be_signed(&self) -> Option<Cow<'a, [u8]>> {
        let tbs = &self.octets[self.to_be_signed.clone()];
        if self.canonical {
            return Some(Cow::Borrowed(tbs));
        }
        canonical::to_be_signed_certificate(tbs, self.profile).map(Cow::Owned)
    }

    /// The function the whole certificate is hashed with: of its key's curve; SHA-256 if it is implicit.
    pub fn hash_function(&self) -> Hash {
        match self.indicator {
            Indicator::Key(key) => key.curve.hash(),
            _ => Hash::Sha256,
        }
    }

    /// Digest of the certificate. HashedId8 and the others are its last octets.
    pub fn hash(&self) -> Option<Digest> {
        Some(self.hash_function().of(&[&self.canonical()?]))
    }

    /// The curve of its key.
    pub fn curve(&self) -> Option<Curve> {
        match self.indicator {
            Indicator::Key(key) => Some(key.curve),
            _ => None,
        }
    }

    /// What may be signed with it, in its order.
    pub fn permissions(&self) -> impl Iterator<Item = Permission<'a>> + use<'a> {
        let mut c = Cursor::within(self.octets, self.app_permissions.clone().unwrap_or_default());
        let n = c.count().unwrap_or(0);
        (0..n).map_while(move |_| permission(&mut c).ok())
    }
}

/// The number of the symmetric algorithm and the key.
fn encryption<'a>(c: &mut Cursor<'a>) -> Result<(u8, KeyView<'a>)> {
    let cipher = c.u8()?;
    if cipher >= 0x80 {
        return Err(c.fail(Why::Unknown));
    }
    Ok((cipher, KeyView::encryption(c)?))
}

fn issuer(c: &mut Cursor<'_>) -> Result<Issuer> {
    let (tag, open) = alternative(c, 2)?;
    let digest = |hash| {
        let mut open = open.clone().ok_or_else(|| c.fail(Why::Unknown))?;
        let id = open.array()?;
        open.finish()?;
        Ok(Issuer::Digest(hash, id))
    };
    match tag {
        0 => Ok(Issuer::Digest(Hash::Sha256, c.array()?)),
        1 => {
            let n = c.u8()?;
            Hash::of_number(n).map(Issuer::Own).ok_or_else(|| c.fail(Why::Unknown))
        }
        2 => digest(Hash::Sha384),
        3 => digest(Hash::Sm3),
        _ => Err(c.fail(Why::Unknown)),
    }
}

fn id<'a>(c: &mut Cursor<'a>) -> Result<CertificateId<'a>> {
    let (tag, _) = alternative(c, 4)?;
    Ok(match tag {
        0 => {
            let (_, group) = c.preamble(false, 1)?;
            let (i, value) = (c.u16()?, c.array()?);
            let group = if group == 1 { Some((c.array()?, c.array()?)) } else { None };
            CertificateId::Linkage { i, value, group }
        }
        1 => {
            let n = c.length()?;
            let text = c.take(n)?;
            if n > 255 {
                return Err(c.fail(Why::Range));
            }
            CertificateId::Name(std::str::from_utf8(text).map_err(|_| c.fail(Why::Text))?)
        }
        2 => {
            let n = c.length()?;
            if !(1..=64).contains(&n) {
                return Err(c.fail(Why::Range));
            }
            CertificateId::Binary(c.take(n)?)
        }
        3 => CertificateId::None,
        _ => CertificateId::Other(tag),
    })
}

fn permission<'a>(c: &mut Cursor<'a>) -> Result<Permission<'a>> {
    let (_, ssp) = c.preamble(false, 1)?;
    let psid = c.unsigned()?;
    if ssp == 0 {
        return Ok(Permission { psid, ssp: None });
    }
    let (tag, open) = alternative(c, 1)?;
    let octets = |c: &mut Cursor<'a>| {
        let n = c.length()?;
        c.take(n)
    };
    let ssp = match (tag, open) {
        (0, _) => Ssp::Opaque(octets(c)?),
        (1, Some(mut open)) => Ssp::Bitmap(octets(&mut open)?),
        _ => Ssp::Other(tag),
    };
    Ok(Permission { psid, ssp: Some(ssp) })
}

/// Passes over the additions of a ToBeSignedCertificate.
fn additions(c: &mut Cursor<'_>, profile: Profile) -> Result<()> {
    let (n, bits) = c.additions()?;
    for i in (0..n).filter(|i| bits >> (n - 1 - i) & 1 == 1) {
        let mut open = c.open()?;
        if let Some(kind) = data::CERTIFICATE_ADDITIONS.get(i) {
            skip(&mut open, kind, profile)?;
            open.finish()?;
        }
    }
    Ok(())
}
