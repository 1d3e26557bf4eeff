//! CRAM-MD5 (RFC 2195), hashcat 10200: `$cram_md5$challenge$answer`, both Base64, the answer `name digest`;
//! CHAP (RFC 1994) of PPP, iSCSI and RADIUS, EAP-MD5, hashcat 4800: `digest:challenge:id`.

use crate::hash::{Md5, digest, hmac};
use crate::line::{base64, hex, parts, sized};
use crate::scheme::{Cost, Scheme};

struct CramMd5 {
    challenge: Vec<u8>,
    response: [u8; 16],
}

impl Scheme for CramMd5 {
    fn name(&self) -> &'static str {
        "cram-md5"
    }
    fn cost(&self) -> Cost {
        Cost { derive: 0, check: 5 + self.challenge.len() as u32 / 64 }
    }
    fn check(&self, key: &[u8]) -> bool {
        hmac::<Md5>(key, &[&self.challenge]).as_slice() == self.response
    }
}

pub fn cram_md5(rest: &str) -> Option<Box<dyn Scheme>> {
    let [challenge, answer] = parts(rest, '$')?;
    let answer = String::from_utf8(base64(answer)?).ok()?;
    let (_, response) = answer.rsplit_once(' ')?;
    Some(Box::new(CramMd5 { challenge: base64(challenge)?, response: sized(response)? }))
}

struct Chap {
    id: [u8; 1],
    challenge: Vec<u8>,
    response: [u8; 16],
}

impl Scheme for Chap {
    fn name(&self) -> &'static str {
        "chap"
    }
    fn cost(&self) -> Cost {
        Cost { derive: 0, check: 1 + (self.challenge.len() as u32 + 32) / 64 }
    }
    fn check(&self, key: &[u8]) -> bool {
        digest::<Md5>(&[&self.id, key, &self.challenge]).as_slice() == self.response
    }
}

pub fn chap(line: &str) -> Option<Box<dyn Scheme>> {
    let [response, challenge, id] = parts(line, ':')?;
    Some(Box::new(Chap { id: sized(id)?, challenge: hex(challenge)?, response: sized(response)? }))
}
