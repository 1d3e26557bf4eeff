//! NetNTLMv1, with and without extended session security, and NetNTLMv2 (MS-NLMP, 3.3).
//! hashcat 5500: `user::domain:LM response:NT response:challenge`;
//! 5600: `user::domain:challenge:proof:blob`. Time signed for a computer of a domain (MS-SNTP, 3.2.5.1),
//! 31300: `$sntp-ms$digest$salt`.

use crate::hash::{Hmac, Md5, digest, hmac, md4, utf16};
use crate::line::{hex, sized};
use crate::scheme::{Cost, Scheme};
use des::Des;
use des::cipher::{BlockCipherEncrypt, KeyInit};

/// The NT hash of a password is appended to `key`.
pub fn nt_hash(password: &[u8], key: &mut Vec<u8>) {
    let mut wide = Vec::with_capacity(password.len() * 2);
    utf16(password, &mut wide);
    key.extend_from_slice(&md4(&[&wide]));
}

/// DES with 7 octets of key: each eighth bit, the parity, is put in.
pub fn des7(key: [u8; 7], block: [u8; 8]) -> [u8; 8] {
    let bits = key.iter().fold(0u64, |all, o| all << 8 | u64::from(*o));
    let spread: [u8; 8] = std::array::from_fn(|i| ((bits >> (49 - 7 * i)) as u8) << 1);
    let mut block = block.into();
    Des::new(&spread.into()).encrypt_block(&mut block);
    block.into()
}

struct V1 {
    challenge: [u8; 8],
    response: [u8; 24],
}

impl Scheme for V1 {
    fn name(&self) -> &'static str {
        "netntlmv1"
    }
    fn cost(&self) -> Cost {
        Cost { derive: 2, check: 6 }
    }
    fn derive(&self, password: &[u8], key: &mut Vec<u8>) {
        nt_hash(password, key);
    }
    fn check(&self, key: &[u8]) -> bool {
        let mut long = [0; 21];
        long.iter_mut().zip(key).for_each(|(l, k)| *l = *k);
        long.chunks_exact(7).zip(self.response.chunks_exact(8)).all(|(key, wanted)| {
            key.try_into().is_ok_and(|key| des7(key, self.challenge).as_slice() == wanted)
        })
    }
}

pub fn v1(line: &str) -> Option<Box<dyn Scheme>> {
    let mut parts = line.rsplitn(4, ':');
    let (challenge, response, lm) = (parts.next()?, parts.next()?, parts.next()?);
    parts.next()?;
    let mut challenge: [u8; 8] = sized(challenge)?;
    let lm = hex(lm)?;
    // the client's challenge stands in the LM response, zeros behind it: MS-NLMP, 3.3.1
    if let Some((nonce, zeros)) = lm.split_at_checked(8)
        && lm.len() == 24
        && zeros.iter().all(|b| *b == 0)
    {
        let both = digest::<Md5>(&[&challenge, nonce]);
        challenge = both.get(..8)?.try_into().ok()?;
    }
    Some(Box::new(V1 { challenge, response: sized(response)? }))
}

struct V2 {
    name: Vec<u8>,
    proof: [u8; 16],
    message: Vec<u8>,
}

impl Scheme for V2 {
    fn name(&self) -> &'static str {
        "netntlmv2"
    }
    fn cost(&self) -> Cost {
        Cost { derive: 2, check: 8 + self.message.len() as u32 / 64 }
    }
    fn derive(&self, password: &[u8], key: &mut Vec<u8>) {
        nt_hash(password, key);
    }
    fn check(&self, key: &[u8]) -> bool {
        let user = Hmac::<Md5>::new(key).sign(&[&self.name]);
        hmac::<Md5>(&user, &[&self.message]).as_slice() == self.proof
    }
}

pub fn v2(line: &str) -> Option<Box<dyn Scheme>> {
    let mut parts = line.rsplitn(5, ':');
    let (blob, proof, challenge, domain) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let user = parts.next()?.strip_suffix(':')?;
    let mut name = Vec::new();
    utf16(upper(user).as_bytes(), &mut name);
    utf16(domain.as_bytes(), &mut name);
    let mut message = sized::<8>(challenge)?.to_vec();
    message.extend(hex(blob)?);
    Some(Box::new(V2 { name, proof: sized(proof)?, message }))
}

struct Sntp {
    salt: Vec<u8>,
    signature: [u8; 16],
}

impl Scheme for Sntp {
    fn name(&self) -> &'static str {
        "sntp-ms"
    }
    fn cost(&self) -> Cost {
        Cost { derive: 2, check: 1 + self.salt.len() as u32 / 64 }
    }
    fn derive(&self, password: &[u8], key: &mut Vec<u8>) {
        nt_hash(password, key);
    }
    fn check(&self, key: &[u8]) -> bool {
        digest::<Md5>(&[key, &self.salt]).as_slice() == self.signature
    }
}

pub fn sntp(rest: &str) -> Option<Box<dyn Scheme>> {
    let (signature, salt) = rest.split_once('$')?;
    Some(Box::new(Sntp { salt: hex(salt)?, signature: sized(signature)? }))
}

/// Capital letters as Windows makes them: one for one.
fn upper(text: &str) -> String {
    text.chars()
        .map(|c| {
            let mut up = c.to_uppercase();
            match (up.next(), up.next()) {
                (Some(one), None) => one,
                _ => c,
            }
        })
        .collect()
}
