//! Log-ins of cameras and recorders. XMeye and old Dahua, hashcat 24900: eight letters made of MD5.
//! Ours: Dahua's DHIP and web pages `$sentinel$dahua$user$realm$random$response`, its DVRIP with the old
//! hash `$sentinel$dvrip$user$random$response`; Hikvision's ISAPI session
//! `$sentinel$isapi$user$salt$challenge$rounds$response`, the salt empty where there is none.
//! Sources: published clients of these devices; that of ISAPI was not held against a second one.

use crate::hash::{Hex, Md5, Sha256, digest};
use crate::line::{parts, sized};
use crate::scheme::{Cost, Scheme};

/// Rounds of SHA-256 that are read at most; devices ask for 100 to 1,000.
const MOST_ROUNDS: u32 = 100_000;

/// Eight letters of which each is the sum of two octets of MD5.
fn letters(password: &[u8]) -> [u8; 8] {
    const LETTERS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let hash = digest::<Md5>(&[password]);
    let mut pairs = hash.chunks_exact(2);
    std::array::from_fn(|_| {
        let sum: usize = pairs.next().unwrap_or_default().iter().map(|o| usize::from(*o)).sum();
        LETTERS.get(sum % 62).copied().unwrap_or_default()
    })
}

struct Sofia([u8; 8]);

impl Scheme for Sofia {
    fn name(&self) -> &'static str {
        "dahua-letters"
    }
    fn cost(&self) -> Cost {
        Cost { derive: 1, check: 1 }
    }
    fn derive(&self, password: &[u8], key: &mut Vec<u8>) {
        key.extend_from_slice(&letters(password));
    }
    fn check(&self, key: &[u8]) -> bool {
        key == self.0
    }
}

pub fn sofia(line: &str) -> Option<Box<dyn Scheme>> {
    let letters: [u8; 8] = line.as_bytes().try_into().ok()?;
    letters.iter().all(u8::is_ascii_alphanumeric).then(|| Box::new(Sofia(letters)) as Box<dyn Scheme>)
}

/// MD5 of name, number and what was made of the password.
struct Dahua {
    /// `user:realm:`, or nothing for the old hash.
    realm: Option<Vec<u8>>,
    head: Vec<u8>,
    response: [u8; 16],
}

impl Scheme for Dahua {
    fn name(&self) -> &'static str {
        if self.realm.is_some() { "dahua" } else { "dahua-dvrip" }
    }
    fn cost(&self) -> Cost {
        Cost { derive: 2, check: 2 }
    }
    fn shared(&self) -> Vec<u8> {
        self.realm.clone().unwrap_or_default()
    }
    fn derive(&self, password: &[u8], key: &mut Vec<u8>) {
        match &self.realm {
            Some(realm) => {
                key.extend_from_slice(Hex::upper(&digest::<Md5>(&[realm, password])).as_slice());
            }
            None => key.extend_from_slice(&letters(password)),
        }
    }
    fn check(&self, key: &[u8]) -> bool {
        digest::<Md5>(&[&self.head, key]).as_slice() == self.response
    }
}

pub fn dahua(rest: &str) -> Option<Box<dyn Scheme>> {
    let [user, realm, random, response] = parts(rest, '$')?;
    let (head, realm) = (format!("{user}:{random}:").into_bytes(), format!("{user}:{realm}:").into_bytes());
    Some(Box::new(Dahua { realm: Some(realm), head, response: sized(response)? }))
}

/// `user:realm:random:RESPONSE`, as the log-in of DHIP is written too.
pub fn plain(line: &str) -> Option<Box<dyn Scheme>> {
    let [user, realm, random, response] = parts(line, ':')?;
    let sure = !realm.is_empty()
        && (1..=20).contains(&random.len())
        && random.bytes().all(|b| b.is_ascii_digit())
        && response.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase());
    sure.then(|| dahua(&[user, realm, random, response].join("$"))).flatten()
}

pub fn dvrip(rest: &str) -> Option<Box<dyn Scheme>> {
    let [user, random, response] = parts(rest, '$')?;
    let head = format!("{user}:{random}:").into_bytes();
    Some(Box::new(Dahua { realm: None, head, response: sized(response)? }))
}

struct Isapi {
    /// `user` and `salt`, where the password is salted.
    head: Option<Vec<u8>>,
    challenge: String,
    rounds: u32,
    response: [u8; 32],
}

impl Scheme for Isapi {
    fn name(&self) -> &'static str {
        "isapi-session"
    }
    fn cost(&self) -> Cost {
        Cost { derive: 2, check: 4 * self.rounds }
    }
    fn shared(&self) -> Vec<u8> {
        self.head.clone().unwrap_or_default()
    }
    fn derive(&self, password: &[u8], key: &mut Vec<u8>) {
        let head = self.head.as_deref().unwrap_or_default();
        key.extend_from_slice(Hex::lower(&digest::<Sha256>(&[head, password])).as_slice());
    }
    fn check(&self, key: &[u8]) -> bool {
        let mut hash = digest::<Sha256>(&[key, self.challenge.as_bytes()]);
        // salted or not, the challenge's own digest is the second resp. the first of the rounds
        let done = if self.head.is_some() { 2 } else { 1 };
        for _ in done..self.rounds {
            hash = digest::<Sha256>(&[Hex::lower(&hash).as_slice()]);
        }
        hash.as_slice() == self.response
    }
}

pub fn isapi(rest: &str) -> Option<Box<dyn Scheme>> {
    let [user, salt, challenge, rounds, response] = parts(rest, '$')?;
    let rounds = rounds.parse().ok().filter(|r| (1..=MOST_ROUNDS).contains(r))?;
    let head = (!salt.is_empty()).then(|| format!("{user}{salt}").into_bytes());
    Some(Box::new(Isapi { head, challenge: challenge.to_owned(), rounds, response: sized(response)? }))
}
