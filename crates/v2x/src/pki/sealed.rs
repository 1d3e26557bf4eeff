//! EncryptedData under a key that two roles share (pskRecipInfo).

use super::{PkiError, Result, choice, octets, part};
use crate::Profile;
use crate::build::unsecured;
use crate::cipher::{open, random, seal};
use crate::coer::{Limits, Value, decode};
use crate::key::CryptoError;
use crate::types::data::DATA;

/// HashedId8 of a shared key.
pub fn shared_id(profile: Profile, key: &[u8; 16]) -> [u8; 8] {
    profile.hash().of(&[key]).id8()
}

/// EncryptedData of octets, as unsecured Data, under a key that sender and recipient share.
pub fn seal_shared(profile: Profile, key: &[u8; 16], id: &[u8; 8], text: &[u8]) -> Result<Value> {
    let nonce = random::<12>()?;
    let sealed = seal(profile.cipher(), key, &nonce, &unsecured(profile, text)?)?;
    let fields = [("nonce", Value::octets(&*nonce)), ("ccmCiphertext", Value::Octets(sealed))];
    Ok(Value::record([
        ("recipients", Value::List(vec![Value::choice("pskRecipInfo", Value::octets(id))])),
        ("ciphertext", Value::choice(profile.cipher().name(), Value::record(fields))),
    ]))
}

/// What [`seal_shared`] encrypted; `key` gives the shared key of an id.
pub fn open_shared<'k>(
    profile: Profile,
    value: &Value,
    key: impl Fn(&[u8; 8]) -> Option<&'k [u8; 16]>,
) -> Result<Vec<u8>> {
    let recipients = part(value, &["recipients"])?.as_list().unwrap_or_default();
    let [one] = recipients else { return Err(PkiError::Missing("one recipient")) };
    let id = octets(choice(one, "pskRecipInfo")?, "pskRecipInfo")?;
    let key = key(id).ok_or(CryptoError::Decrypt)?;
    let sealed = choice(part(value, &["ciphertext"])?, profile.cipher().name())?;
    let nonce = octets(part(sealed, &["nonce"])?, "nonce")?;
    let text = part(sealed, &["ccmCiphertext"])?.as_octets().unwrap_or_default();
    let inner = open(profile.cipher(), key, nonce, text)?;
    let inner = decode(&inner, &DATA, profile, Limits::MESSAGE)?;
    let text = choice(part(&inner, &["content"])?, "unsecuredData")?;
    Ok(text.as_octets().unwrap_or_default().to_vec())
}
