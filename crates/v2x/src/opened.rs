//! Reading lists and requests whose signature is beside what is signed, not in a message.

use crate::Profile;
use crate::build::BuildError;
use crate::coer::{Cursor, Limits, Type, Value, decode, encode};
use crate::key::{CryptoError, VerifyKey};
use crate::sign::Verifier;
use crate::types::{base, ctl, named, pdu};
use crate::view::{KeyView, SignatureView};

/// Reads a RootCtl, a PkiCtl or a SignedCertificateRequest, and verifies its signature. Without a verifier a
/// request is verified with the key that it asks a certificate for.
pub fn opened(
    profile: Profile,
    kind: &str,
    octets: &[u8],
    verifier: Option<&Verifier>,
) -> Result<Value, BuildError> {
    let (part, part_kind): (_, &'static Type) = match kind {
        "RootCtl" => ("toBeSignedRootCtl", &ctl::TO_BE_SIGNED_ROOT_CTL),
        "PkiCtl" => ("toBeSignedPkiCtl", &ctl::TO_BE_SIGNED_PKI_CTL),
        "SignedCertificateRequest" => ("tbsRequest", &pdu::SCMS_PDU),
        _ => return Err(CryptoError::NoKey.into()),
    };
    let whole = named(kind).ok_or(CryptoError::NoKey)?;
    let value = decode(octets, whole, profile, Limits::LIST)?;
    let (Some(signed), Some(signature)) = (value.get(part), value.get("signature")) else {
        return Err(CryptoError::NoKey.into());
    };
    let signature = encode(signature, &base::SIGNATURE, profile)?;
    let signature = SignatureView::read(&mut Cursor::new(&signature))?;
    let own;
    let verifier = match verifier {
        Some(verifier) => verifier,
        None => {
            let key = requested(signed).ok_or(CryptoError::NoKey)?;
            let key = encode(key, &base::VERIFY_KEY, profile)?;
            let key = VerifyKey::of(&KeyView::verification(&mut Cursor::new(&key))?)?;
            own = Verifier::new(profile, key, None)?;
            &own
        }
    };
    // one encoding of a value is accepted: this is what was received
    verifier.verify(&encode(signed, part_kind, profile)?, &signature)?;
    Ok(value)
}

/// The key that a certificate is asked for.
fn requested(pdu: &Value) -> Option<&Value> {
    let (_, interface) = pdu.get("content")?.as_choice()?;
    let (_, request) = interface.as_choice()?;
    match request.get("tbsCert")?.get("verifyKeyIndicator")?.as_choice()? {
        ("verificationKey", key) => Some(key),
        _ => None,
    }
}
