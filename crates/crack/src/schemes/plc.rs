//! Challenges of controllers and of the management of servers. S7-1200 and S7-1500 before TLS, in John's
//! form: `$siemens-s7$outcome$challenge$response`, HMAC-SHA-1 under SHA-1 of the password. IPMI 2 (RAKP),
//! hashcat 7300: `message:HMAC-SHA-1`, hex.

use crate::hash::{Sha1, digest, hmac};
use crate::line::{hex, parts, sized};
use crate::scheme::{Cost, Scheme};

struct S7 {
    challenge: Vec<u8>,
    response: [u8; 20],
}

impl Scheme for S7 {
    fn name(&self) -> &'static str {
        "siemens-s7"
    }
    fn cost(&self) -> Cost {
        Cost { derive: 1, check: 5 }
    }
    fn derive(&self, password: &[u8], key: &mut Vec<u8>) {
        key.extend_from_slice(&digest::<Sha1>(&[password]));
    }
    fn check(&self, key: &[u8]) -> bool {
        hmac::<Sha1>(key, &[&self.challenge]).as_slice() == self.response
    }
}

pub fn s7(rest: &str) -> Option<Box<dyn Scheme>> {
    let [_, challenge, response] = parts(rest, '$')?;
    let challenge = hex(challenge).filter(|c| !c.is_empty())?;
    Some(Box::new(S7 { challenge, response: sized(response)? }))
}

struct Rakp {
    message: Vec<u8>,
    response: [u8; 20],
}

impl Scheme for Rakp {
    fn name(&self) -> &'static str {
        "ipmi2-rakp"
    }
    fn cost(&self) -> Cost {
        Cost { derive: 0, check: 5 + self.message.len() as u32 / 64 }
    }
    fn check(&self, key: &[u8]) -> bool {
        // a key of IPMI has 20 octets
        let key = key.get(..20).unwrap_or(key);
        hmac::<Sha1>(key, &[&self.message]).as_slice() == self.response
    }
}

pub fn rakp(line: &str) -> Option<Box<dyn Scheme>> {
    let [message, response] = parts(line, ':')?;
    Some(Box::new(Rakp { message: hex(message)?, response: sized(response)? }))
}
