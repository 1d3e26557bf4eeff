//! A registration authority: one request of a vehicle becomes one for each pseudonym.

use super::{PkiError, Result, pdu};
use crate::Profile;
use crate::build::{encryption_key, verification_key};
use crate::butterfly::{Purpose, expand_public};
use crate::coer::{Value, encode};
use crate::key::VerifyKey;
use crate::types::pdu::SCMS_PDU;

/// What a vehicle asked for, and what the two linkage authorities gave for it.
#[derive(Clone, Debug)]
pub struct Order {
    /// ToBeSignedCertificate of all, but for key, name and start.
    pub tbs: Value,
    pub signing: VerifyKey,
    pub signing_expansion: [u8; 16],
    pub encryption: VerifyKey,
    pub encryption_expansion: [u8; 16],
    /// Time32, of the requests.
    pub time: u32,
    pub periods: Vec<Period>,
    /// Pseudonyms in each period.
    pub count: u8,
}

/// A period: its number, the Time32 at which its pseudonyms begin, and EncryptedLinkage of each.
#[derive(Clone, Debug)]
pub struct Period {
    pub i: u16,
    pub start: u32,
    pub linkage: [Vec<Value>; 2],
}

/// RaAcaCertRequests, as ScmsPdu: for each period, 1 to `count`. Nothing in one tells of another.
pub fn expand(profile: Profile, order: &Order) -> Result<Vec<Vec<u8>>> {
    let mut out = Vec::with_capacity(order.periods.len() * usize::from(order.count));
    for period in &order.periods {
        for j in 1..=order.count {
            let (i, n) = (u32::from(period.i), u32::from(j));
            let signing = expand_public(&order.signing, &order.signing_expansion, Purpose::Signing, i, n)?;
            let sealing =
                expand_public(&order.encryption, &order.encryption_expansion, Purpose::Encryption, i, n)?;
            let linkage = |which: usize| {
                period.linkage[which].get(usize::from(j) - 1).cloned().ok_or(PkiError::Missing("linkageInfo"))
            };
            let mut tbs = order.tbs.clone();
            set(&mut tbs, "id", name(period.i, &[0; 9]))?;
            set(
                &mut tbs,
                "verifyKeyIndicator",
                Value::choice("verificationKey", verification_key(&signing)),
            )?;
            let validity = tbs.get_mut("validityPeriod").ok_or(PkiError::Missing("validityPeriod"))?;
            set(validity, "start", Value::int(period.start))?;
            let request = Value::record([
                ("version", Value::int(1)),
                ("generationTime", Value::int(order.time)),
                ("flags", Value::octets(&[0x80])),
                ("linkageInfo", linkage(0)?),
                ("certEncKey", encryption_key(&sealing)),
                ("tbsCert", tbs),
                ("linkageInfo2", linkage(1)?),
            ]);
            out.push(encode(&pdu("aca-ra", "raAcaCertRequest", request), &SCMS_PDU, profile)?);
        }
    }
    Ok(out)
}

/// CertificateId of a pseudonym.
pub(super) fn name(i: u16, linkage: &[u8; 9]) -> Value {
    let fields = [("iCert", Value::int(i)), ("linkage-value", Value::octets(linkage))];
    Value::choice("linkageData", Value::record(fields))
}

/// Replaces a component that is there.
pub(super) fn set(value: &mut Value, name: &'static str, to: Value) -> Result<()> {
    *value.get_mut(name).ok_or(PkiError::Missing(name))? = to;
    Ok(())
}
