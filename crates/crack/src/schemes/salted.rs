//! A digest of password and salt: APOP (RFC 1939, 7) and DLMS high-level security with MD5 are
//! hashcat 20 `md5(salt.pass)`, WS-Security's UsernameToken and DLMS with SHA-1 are 120; `hash:salt`.
//! Also 10, 110, 1410, 1420 and HMAC with the password as key: 50, 150, 1450. What LDAP servers keep
//! (`userPassword` that is set): 101, 111, 1411, 1711, `{SSHA}` and Base64 of digest and salt.

use crate::hash::{Hash, Md5, Sha1, Sha256, Sha512, digest, hmac};
use crate::line::{base64, hex, salt};
use crate::scheme::{Cost, Scheme};
use std::marker::PhantomData;

#[derive(Clone, Copy)]
enum Form {
    PasswordSalt,
    SaltPassword,
    Hmac,
}

struct Salted<D> {
    name: &'static str,
    form: Form,
    /// The salt as it stands there, and what it is if its letters are hex digits (`--hex-salt`).
    salts: Vec<Vec<u8>>,
    response: Vec<u8>,
    digest: PhantomData<fn() -> D>,
}

impl<D: Hash> Scheme for Salted<D> {
    fn name(&self) -> &'static str {
        self.name
    }
    fn cost(&self) -> Cost {
        let octets: usize = self.salts.iter().map(|s| s.len() + 192).sum();
        Cost { derive: 0, check: octets as u32 / 64 }
    }
    fn check(&self, key: &[u8]) -> bool {
        self.salts.iter().any(|salt| {
            let made = match self.form {
                Form::PasswordSalt => digest::<D>(&[key, salt]),
                Form::SaltPassword => digest::<D>(&[salt, key]),
                Form::Hmac => hmac::<D>(key, &[salt]),
            };
            made.as_slice() == self.response
        })
    }
}

pub fn parse(mode: u32, line: &str) -> Option<Box<dyn Scheme>> {
    let (response, text) = line.split_once(':')?;
    let response = hex(response)?;
    let mut salts = vec![salt(text)?];
    salts.extend(hex(text).filter(|s| !s.is_empty()));
    use Form::*;
    match (mode, response.len()) {
        (10, 16) => made::<Md5>("md5-pass-salt", PasswordSalt, salts, response),
        (20, 16) => made::<Md5>("md5-salt-pass", SaltPassword, salts, response),
        (50, 16) => made::<Md5>("hmac-md5", Hmac, salts, response),
        (110, 20) => made::<Sha1>("sha1-pass-salt", PasswordSalt, salts, response),
        (120, 20) => made::<Sha1>("sha1-salt-pass", SaltPassword, salts, response),
        (150, 20) => made::<Sha1>("hmac-sha1", Hmac, salts, response),
        (1410, 32) => made::<Sha256>("sha256-pass-salt", PasswordSalt, salts, response),
        (1420, 32) => made::<Sha256>("sha256-salt-pass", SaltPassword, salts, response),
        (1450, 32) => made::<Sha256>("hmac-sha256", Hmac, salts, response),
        _ => None,
    }
}

pub fn stored(line: &str) -> Option<Box<dyn Scheme>> {
    let (scheme, text) = line.strip_prefix('{')?.split_once('}')?;
    let octets = base64(text)?;
    let cut = |at: usize| octets.split_at_checked(at).map(|(d, s)| (d.to_vec(), vec![s.to_vec()]));
    use Form::PasswordSalt;
    match scheme.to_ascii_uppercase().as_str() {
        "SHA" | "SSHA" => {
            let (digest, salts) = cut(20)?;
            made::<Sha1>("ldap-sha1", PasswordSalt, salts, digest)
        }
        "SSHA256" => {
            let (digest, salts) = cut(32)?;
            made::<Sha256>("ldap-sha256", PasswordSalt, salts, digest)
        }
        "SSHA512" => {
            let (digest, salts) = cut(64)?;
            made::<Sha512>("ldap-sha512", PasswordSalt, salts, digest)
        }
        _ => None,
    }
}

fn made<D: Hash + 'static>(
    name: &'static str,
    form: Form,
    salts: Vec<Vec<u8>>,
    response: Vec<u8>,
) -> Option<Box<dyn Scheme>> {
    Some(Box::new(Salted::<D> { name, form, salts, response, digest: PhantomData }))
}
