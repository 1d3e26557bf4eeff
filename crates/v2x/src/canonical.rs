//! The form in which certificates and messages are hashed, where they were received in another: public keys
//! compressed, r of an ECDSA signature as x alone (IEEE 1609.2, 6.4.3).

use crate::Profile;
use crate::coer::{Limits, Type, Value, decode, encode};
use crate::types::{base, data};

fn rewrite(octets: &[u8], kind: &'static Type, profile: Profile, change: fn(&mut Value)) -> Option<Vec<u8>> {
    let mut value = decode(octets, kind, profile, Limits::MESSAGE).ok()?;
    change(&mut value);
    encode(&value, kind, profile).ok()
}

/// The canonical form of a certificate.
pub fn certificate(octets: &[u8], profile: Profile) -> Option<Vec<u8>> {
    rewrite(octets, &data::CERTIFICATE, profile, certificate_value)
}

/// The canonical form of what is signed of a certificate.
pub fn to_be_signed_certificate(octets: &[u8], profile: Profile) -> Option<Vec<u8>> {
    rewrite(octets, &data::TO_BE_SIGNED_CERTIFICATE, profile, keys)
}

pub(crate) fn to_be_signed_data(octets: &[u8], profile: Profile) -> Option<Vec<u8>> {
    rewrite(octets, &data::TO_BE_SIGNED_DATA, profile, |tbs| {
        if let Some(header) = tbs.get_mut("headerInfo") {
            keys(header);
        }
    })
}

/// Whether an EncryptionKey is not compressed.
pub(crate) fn has_full_key(octets: &[u8], profile: Profile) -> bool {
    let whole = |value: &Value| {
        let mut changed = value.clone();
        compress(&mut changed);
        changed != *value
    };
    decode(octets, &base::ENCRYPTION_KEY, profile, Limits::MESSAGE).is_ok_and(|value| whole(&value))
}

/// Changes a certificate's keys and its signature.
pub fn certificate_value(value: &mut Value) {
    if let Some(tbs) = value.get_mut("toBeSigned") {
        keys(tbs);
    }
    if let Some(Value::Choice(_, signature)) = value.get_mut("signature")
        && let Some(r) = signature.get_mut("rSig")
    {
        x_only(r);
    }
}

pub(crate) fn keys(value: &mut Value) {
    for name in ["verifyKeyIndicator", "encryptionKey"] {
        if let Some(key) = value.get_mut(name) {
            compress(key);
        }
    }
}

/// Compresses the points in a value: y's parity is all that is kept of y.
pub(crate) fn compress(value: &mut Value) {
    match value {
        Value::Choice("uncompressedP256" | "uncompressedP384", pair) => {
            let (Some(x), Some(y)) = (pair.get("x"), pair.get("y")) else { return };
            let odd = y.as_octets().and_then(|y| y.last()).is_some_and(|last| last & 1 == 1);
            *value = Value::choice(if odd { "compressed-y-1" } else { "compressed-y-0" }, x.clone());
        }
        Value::Choice(_, inner) => compress(inner),
        Value::Record(record) => record.fields.iter_mut().for_each(|(_, v)| compress(v)),
        _ => {}
    }
}

fn x_only(r: &mut Value) {
    let x = match r {
        Value::Choice("compressed-y-0" | "compressed-y-1", x) => (**x).clone(),
        Value::Choice("uncompressedP256" | "uncompressedP384", pair) => match pair.get("x") {
            Some(x) => x.clone(),
            None => return,
        },
        _ => return,
    };
    *r = Value::choice("x-only", x);
}
