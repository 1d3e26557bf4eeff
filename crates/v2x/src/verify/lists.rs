//! Files that say whom to trust and whom no more: root lists, domain lists, ETSI's lists, certificates, CRLs.

use super::revoked::Revoked;
use super::trust::{Trust, hex};
use crate::Profile;
use crate::coer::{Cursor, Limits, Type, Value, decode, encode};
use crate::sign::{Verifier, profile_of};
use crate::types::{base, crl, ctl, data, pdu};
use crate::view::{CertificateView, Content, DataView, Indicator, SignatureView, SignedView, SignerView};

const P: Profile = Profile::Ydt3957;

/// What a file was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Loaded {
    /// Roots, and until when (Time64) the list holds.
    Roots {
        count: usize,
        until: u64,
    },
    /// Authorities of a domain.
    Authorities {
        count: usize,
        until: u64,
    },
    Certificates(usize),
    /// Entries of a list of revocations, and when the next one is due (Time64).
    Revocations {
        count: usize,
        next: u64,
    },
}

fn micro(value: Option<&Value>) -> Option<u64> {
    value?.as_int().and_then(|seconds| u64::try_from(seconds).ok())?.checked_mul(1_000_000)
}

fn encoded(value: &Value, kind: &'static Type) -> Option<Vec<u8>> {
    encode(value, kind, P).ok()
}

/// Certificates that stand one after the other.
fn sequence(octets: &[u8]) -> Option<Vec<&[u8]>> {
    let mut c = Cursor::new(octets);
    let mut all = Vec::new();
    while c.left() > 0 {
        let from = c.at();
        crate::coer::skip(&mut c, &data::CERTIFICATE, P).ok()?;
        all.push(&octets[from..c.at()]);
    }
    (!all.is_empty()).then_some(all)
}

/// Takes certificates that are not roots into the pool. None: the octets are no certificates.
pub fn add_certificates(trust: &mut Trust, octets: &[u8]) -> Option<usize> {
    let all = sequence(octets)?;
    Some(all.into_iter().filter(|one| trust.add(one).is_some()).count())
}

/// Takes a file that is trusted as it is: a list, signed by a certificate of the pool or one that comes with
/// it, or root certificates.
pub fn add_anchor(trust: &mut Trust, octets: &[u8]) -> Result<Loaded, String> {
    if let Ok(list) = decode(octets, &ctl::ROOT_CTL, P, Limits::LIST) {
        let until = own_list(trust, &list, "toBeSignedRootCtl", &ctl::TO_BE_SIGNED_ROOT_CTL, "nextRootCtl")?;
        return root_list(trust, &list, until);
    }
    if let Ok(list) = decode(octets, &ctl::PKI_CTL, P, Limits::LIST) {
        return pki_list(trust, &list);
    }
    if let Some(all) = sequence(octets) {
        let mut count = 0;
        for one in all {
            let view = CertificateView::parse(one, P).map_err(|e| e.to_string())?;
            if matches!(view.issuer, crate::view::Issuer::Own(_)) {
                count += usize::from(trust.add_root(one, u64::MAX).is_some());
            } else {
                trust.add(one);
            }
        }
        return if count > 0 {
            Ok(Loaded::Roots { count, until: u64::MAX })
        } else {
            Err("none of its certificates is a root: a root signs itself".into())
        };
    }
    let view = DataView::parse(octets, P).map_err(|e| format!("is no list and no certificate: {e}"))?;
    let Content::Signed(signed) = &view.content else { return Err("is not signed".into()) };
    let payload = signed.payload.ok_or("is signed but has no list in it")?;
    for one in chain_of(signed) {
        trust.add(one.octets);
    }
    verified(trust, signed)?;
    if let Ok(list) = decode(payload, &ctl::ETSI_LIST, P, Limits::LIST) {
        return etsi_list(trust, &list);
    }
    for kind in [&ctl::ROOT_CTL, &ctl::TO_BE_SIGNED_ROOT_CTL] {
        if let Ok(list) = decode(payload, kind, P, Limits::LIST) {
            let tbs = list.get("toBeSignedRootCtl").unwrap_or(&list);
            let until = micro(tbs.get("nextRootCtl")).ok_or("has no date of the next list")?;
            return root_list(trust, &list, until);
        }
    }
    Err("is signed, but what is in it is no list of roots".into())
}

/// Takes a domain's list of authorities, signed by a root or by the list manager.
pub fn add_domain_list(trust: &mut Trust, octets: &[u8]) -> Result<Loaded, String> {
    let list =
        decode(octets, &ctl::PKI_CTL, P, Limits::LIST).map_err(|e| format!("is no list of a domain: {e}"))?;
    pki_list(trust, &list)
}

fn chain_of<'s, 'a>(signed: &'s SignedView<'a>) -> &'s [CertificateView<'a>] {
    if let SignerView::Certificates(chain) = &signed.signer { chain } else { &[] }
}

fn root_list(trust: &mut Trust, list: &Value, until: u64) -> Result<Loaded, String> {
    let tbs = list.get("toBeSignedRootCtl").unwrap_or(list);
    let entries = tbs.get("pkiCtlInfoList").and_then(Value::as_list).unwrap_or_default();
    let mut count = 0;
    for entry in entries {
        let octets = entry.get("rootCertificate").and_then(|v| encoded(v, &data::CERTIFICATE));
        count += usize::from(octets.is_some_and(|o| trust.add_root(&o, until).is_some()));
    }
    Ok(Loaded::Roots { count, until })
}

fn pki_list(trust: &mut Trust, list: &Value) -> Result<Loaded, String> {
    let until = own_list(trust, list, "toBeSignedPkiCtl", &ctl::TO_BE_SIGNED_PKI_CTL, "nextPkiCtl")?;
    let entries =
        list.get("toBeSignedPkiCtl").and_then(|t| t.get("pkiCertInfoList")).and_then(Value::as_list);
    let mut count = 0;
    for entry in entries.unwrap_or_default() {
        for one in entry.get("certificate").and_then(Value::as_list).unwrap_or_default() {
            let octets = encoded(one, &data::CERTIFICATE);
            count += usize::from(octets.is_some_and(|o| trust.add_listed(&o, until).is_some()));
        }
    }
    Ok(Loaded::Authorities { count, until })
}

fn etsi_list(trust: &mut Trust, list: &Value) -> Result<Loaded, String> {
    let Some((name, list)) = list.get("content").and_then(Value::as_choice) else {
        return Err("has no list in it".into());
    };
    if name == "certificateRevocationList" {
        return Err("is a list of revocations: give it with --crl".into());
    }
    let until = micro(list.get("nextUpdate")).ok_or("has no date of the next list")?;
    let mut count = 0;
    for command in list.get("ctlCommands").and_then(Value::as_list).unwrap_or_default() {
        let Some(("add", entry)) = command.as_choice() else { continue };
        let Some((kind, entry)) = entry.as_choice() else { continue };
        let of = |name| entry.get(name).and_then(|v| encoded(v, &data::CERTIFICATE));
        match kind {
            "rca" => {
                count +=
                    usize::from(of("selfsignedRootCa").is_some_and(|o| trust.add_root(&o, until).is_some()))
            }
            "ea" => drop(of("eaCertificate").map(|o| trust.add_listed(&o, until))),
            "aa" => {
                count +=
                    usize::from(of("aaCertificate").is_some_and(|o| trust.add_listed(&o, until).is_some()))
            }
            _ => {}
        }
    }
    Ok(if name == "certificateTrustListTlm" {
        Loaded::Roots { count, until }
    } else {
        Loaded::Authorities { count, until }
    })
}

/// A list that carries its own signature: it is verified with the issuer's certificate, which has to be in the
/// pool. When the next one is due.
fn own_list(trust: &Trust, list: &Value, part: &str, kind: &'static Type, next: &str) -> Result<u64, String> {
    let tbs = list.get(part).ok_or("has nothing signed")?;
    let id = match tbs.get("issuer").and_then(Value::as_choice) {
        Some((_, Value::Octets(id))) => <[u8; 8]>::try_from(&id[..]).map_err(|_| "has no issuer")?,
        _ => return Err("does not say which certificate signed it".into()),
    };
    let octets = trust.certificate(&id).ok_or_else(|| {
        format!(
            "is signed by {}, whose certificate is not known: put it beside the list or give --certs",
            hex(&id)
        )
    })?;
    let signer = CertificateView::parse(octets, P).map_err(|e| e.to_string())?;
    let Indicator::Key(key) = signer.indicator else { return Err("its signer has no key".into()) };
    let verifier = Verifier::of(profile_of(key.curve), &signer).map_err(|e| e.to_string())?;
    let wrong = "cannot be encoded again";
    let signature = list.get("signature").and_then(|s| encoded(s, &base::SIGNATURE)).ok_or(wrong)?;
    let signature = SignatureView::read(&mut Cursor::new(&signature)).map_err(|e| e.to_string())?;
    let octets = encoded(tbs, kind).ok_or(wrong)?;
    verifier.verify(&octets, &signature).map_err(|_| format!("its signature is not one of {}", hex(&id)))?;
    micro(tbs.get(next)).ok_or_else(|| "has no date of the next list".into())
}

/// The name of the certificate that signed data, when the signature holds.
fn verified(trust: &Trust, signed: &SignedView<'_>) -> Result<[u8; 8], String> {
    let stored;
    let signer = match &signed.signer {
        SignerView::Certificates(chain) => chain.first().ok_or("has no signer")?,
        SignerView::Digest(id) => {
            let octets = trust.certificate(id).ok_or_else(|| {
                format!("is signed by {}, whose certificate is not known: give --certs", hex(id))
            })?;
            stored = CertificateView::parse(octets, P).map_err(|e| e.to_string())?;
            &stored
        }
        _ => return Err("does not say which certificate signed it".into()),
    };
    let Indicator::Key(key) = signer.indicator else { return Err("its signer has no key".into()) };
    let verifier = Verifier::of(profile_of(key.curve), signer).map_err(|e| e.to_string())?;
    let tbs = signed.canonical_to_be_signed().ok_or("has a key that is not on its curve")?;
    verifier.verify(&tbs, &signed.signature).map_err(|_| "its signature does not hold".to_owned())?;
    signer.hash().map(|hash| hash.id8()).ok_or_else(|| "its signer cannot be hashed".into())
}

/// AIDs whose holder signs lists of revocations: YD/T 3957, IEEE 1609.2, ETSI.
const CRL_AIDS: [u64; 3] = [3628, 256, 622];

/// Takes a list of revocations, or several in one file (compositeCrl of ScmsPdu): signed by an authority that
/// is trusted, or by someone it gave the permission to.
pub fn add_crl(trust: &mut Trust, revoked: &mut Revoked, octets: &[u8]) -> Result<Loaded, String> {
    let Ok(pdu) = decode(octets, &pdu::SCMS_PDU, P, Limits::LIST) else {
        return one_crl(trust, revoked, octets);
    };
    let content = pdu.get("content").and_then(Value::as_choice).map(|(_, inner)| inner);
    let Some(("compositeCrl", lists)) = content.and_then(Value::as_choice) else {
        return Err("is no list of revocations".into());
    };
    let (mut sum, mut first) = (0, u64::MAX);
    for list in lists.get("crl").and_then(Value::as_list).unwrap_or_default() {
        let octets = encoded(list, &data::DATA).ok_or("cannot be encoded again")?;
        if let Loaded::Revocations { count, next } = one_crl(trust, revoked, &octets)? {
            sum += count;
            first = first.min(next);
        }
    }
    Ok(Loaded::Revocations { count: sum, next: first })
}

fn one_crl(trust: &mut Trust, revoked: &mut Revoked, octets: &[u8]) -> Result<Loaded, String> {
    let view = DataView::parse(octets, P).map_err(|e| format!("is no list of revocations: {e}"))?;
    let Content::Signed(signed) = &view.content else { return Err("is not signed".into()) };
    let payload = signed.payload.ok_or("is signed but has no list in it")?;
    for one in chain_of(signed) {
        trust.add(one.octets);
    }
    let id = verified(trust, signed)?;
    if trust.authority(&id).is_none() {
        // an end entity: its issuer is trusted, and gave it the permission
        let octets = trust.certificate(&id).unwrap_or_default().to_vec();
        let signer = CertificateView::parse(&octets, P).map_err(|e| e.to_string())?;
        let permitted = signer.permissions().any(|p| CRL_AIDS.contains(&p.psid));
        let issuer = match signer.issuer {
            crate::view::Issuer::Digest(_, issuer) => trust.authority(&issuer),
            crate::view::Issuer::Own(_) => None,
        };
        let issuer = issuer.ok_or_else(|| format!("its signer {} is not trusted", hex(&id)))?;
        let profile = signer.curve().map_or(P, profile_of);
        crate::sign::verify_certificate(profile, &signer, Some(&issuer.verifier))
            .map_err(|_| format!("the certificate of its signer {} is forged", hex(&id)))?;
        if !permitted {
            return Err(format!("its signer {} may not sign lists of revocations", hex(&id)));
        }
    }
    if let Ok(list) = decode(payload, &crl::CRL, P, Limits::LIST) {
        let next = micro(list.get("nextCrl")).unwrap_or(0);
        return Ok(Loaded::Revocations { count: revoked.add(&list)?, next });
    }
    let list = decode(payload, &ctl::ETSI_LIST, P, Limits::LIST)
        .map_err(|e| format!("is signed, but what is in it is no list of revocations: {e}"))?;
    match list.get("content").and_then(Value::as_choice) {
        Some(("certificateRevocationList", list)) => {
            let next = micro(list.get("nextUpdate")).unwrap_or(0);
            Ok(Loaded::Revocations { count: revoked.add_etsi(list), next })
        }
        _ => Err("is a list, but not of revocations".into()),
    }
}
