//! Log-ins of databases. MySQL's `mysql_native_password`, hashcat 11200: `$mysqlna$salt*response`;
//! `caching_sha2_password`: `$mysqlsha2$salt*response`; that of before 4.1: `$mysql323$salt*response`.
//! PostgreSQL with MD5, hashcat 11100: `$postgres$user*salt*response`. MongoDB before 3.0, in John's form:
//! `$mongodb$1$user$nonce$key`. All digits hex.

use crate::hash::{Hex, Md5, Sha1, Sha256, digest};
use crate::line::{parts, sized};
use crate::scheme::{Cost, Scheme};

/// The response is XORed with a digest of salt and the twice hashed password.
struct Native {
    salt: [u8; 20],
    response: [u8; 20],
}

impl Scheme for Native {
    fn name(&self) -> &'static str {
        "mysql-native"
    }
    fn cost(&self) -> Cost {
        Cost { derive: 2, check: 1 }
    }
    fn derive(&self, password: &[u8], key: &mut Vec<u8>) {
        let once = digest::<Sha1>(&[password]);
        key.extend_from_slice(&once);
        key.extend_from_slice(&digest::<Sha1>(&[&once]));
    }
    fn check(&self, key: &[u8]) -> bool {
        key.split_at_checked(20).is_some_and(|(once, twice)| {
            let mask = digest::<Sha1>(&[&self.salt, twice]);
            mask.iter().zip(once).map(|(m, o)| m ^ o).eq(self.response)
        })
    }
}

pub fn mysql(rest: &str) -> Option<Box<dyn Scheme>> {
    let [salt, response] = parts(rest, '*')?;
    Some(Box::new(Native { salt: sized(salt)?, response: sized(response)? }))
}

struct Sha2 {
    salt: [u8; 20],
    response: [u8; 32],
}

impl Scheme for Sha2 {
    fn name(&self) -> &'static str {
        "mysql-sha2"
    }
    fn cost(&self) -> Cost {
        Cost { derive: 4, check: 2 }
    }
    fn derive(&self, password: &[u8], key: &mut Vec<u8>) {
        let once = digest::<Sha256>(&[password]);
        key.extend_from_slice(&once);
        key.extend_from_slice(&digest::<Sha256>(&[&once]));
    }
    fn check(&self, key: &[u8]) -> bool {
        key.split_at_checked(32).is_some_and(|(once, twice)| {
            let mask = digest::<Sha256>(&[twice, &self.salt]);
            mask.iter().zip(once).map(|(m, o)| m ^ o).eq(self.response)
        })
    }
}

pub fn mysql_sha2(rest: &str) -> Option<Box<dyn Scheme>> {
    let [salt, response] = parts(rest, '*')?;
    Some(Box::new(Sha2 { salt: sized(salt)?, response: sized(response)? }))
}

/// MySQL before 4.1: numbers drawn from sums over the password and the first eight octets of the salt.
struct Old {
    salt: (u64, u64),
    response: [u8; 8],
}

/// The two sums over a text; blanks do not count.
fn sums(text: &[u8]) -> (u64, u64) {
    let (mut a, mut b, mut add) = (1_345_345_333u64, 0x1234_5671u64, 7u64);
    for c in text.iter().filter(|c| !matches!(c, b' ' | b'\t')) {
        let c = u64::from(*c);
        a ^= (((a & 63) + add).wrapping_mul(c)).wrapping_add(a << 8) & 0xffff_ffff;
        a &= 0xffff_ffff;
        b = b.wrapping_add((b << 8) ^ a) & 0xffff_ffff;
        add = (add + c) & 0xffff_ffff;
    }
    (a & 0x7fff_ffff, b & 0x7fff_ffff)
}

impl Scheme for Old {
    fn name(&self) -> &'static str {
        "mysql-323"
    }
    fn cost(&self) -> Cost {
        Cost { derive: 1, check: 1 }
    }
    fn derive(&self, password: &[u8], key: &mut Vec<u8>) {
        let (a, b) = sums(password);
        key.extend_from_slice(&a.to_le_bytes());
        key.extend_from_slice(&b.to_le_bytes());
    }
    fn check(&self, key: &[u8]) -> bool {
        const MOST: u64 = 0x3fff_ffff;
        let Some((a, b)) = key
            .split_first_chunk::<8>()
            .zip(key.last_chunk::<8>())
            .map(|((a, _), b)| (u64::from_le_bytes(*a), u64::from_le_bytes(*b)))
        else {
            return false;
        };
        let (mut a, mut b) = ((a ^ self.salt.0) % MOST, (b ^ self.salt.1) % MOST);
        let mut draw = || {
            a = (a * 3 + b) % MOST;
            b = (a + b + 33) % MOST;
            (a as f64 / MOST as f64 * 31.0) as u8
        };
        let drawn: [u8; 8] = std::array::from_fn(|_| draw() + 64);
        let extra = draw();
        drawn.iter().map(|d| d ^ extra).eq(self.response)
    }
}

pub fn mysql_old(rest: &str) -> Option<Box<dyn Scheme>> {
    let [salt, response] = parts(rest, '*')?;
    Some(Box::new(Old { salt: sums(&sized::<8>(salt)?), response: sized(response)? }))
}

struct Postgres {
    user: String,
    salt: [u8; 4],
    response: [u8; 16],
}

impl Scheme for Postgres {
    fn name(&self) -> &'static str {
        "postgresql-md5"
    }
    fn cost(&self) -> Cost {
        Cost { derive: 1, check: 1 }
    }
    fn shared(&self) -> Vec<u8> {
        self.user.clone().into_bytes()
    }
    fn derive(&self, password: &[u8], key: &mut Vec<u8>) {
        key.extend_from_slice(Hex::lower(&digest::<Md5>(&[password, self.user.as_bytes()])).as_slice());
    }
    fn check(&self, key: &[u8]) -> bool {
        digest::<Md5>(&[key, &self.salt]).as_slice() == self.response
    }
}

pub fn postgres(rest: &str) -> Option<Box<dyn Scheme>> {
    let mut parts = rest.rsplitn(3, '*');
    let (response, salt, user) = (parts.next()?, parts.next()?, parts.next()?);
    Some(Box::new(Postgres { user: user.to_owned(), salt: sized(salt)?, response: sized(response)? }))
}

struct Mongo {
    user: String,
    /// Nonce and name, which come first.
    head: Vec<u8>,
    response: [u8; 16],
}

/// What MongoDB makes of a password before anything else.
pub fn mongo_digest(user: &str, password: &[u8]) -> Hex {
    Hex::lower(&digest::<Md5>(&[user.as_bytes(), b":mongo:", password]))
}

impl Scheme for Mongo {
    fn name(&self) -> &'static str {
        "mongodb-cr"
    }
    fn cost(&self) -> Cost {
        Cost { derive: 1, check: 2 }
    }
    fn shared(&self) -> Vec<u8> {
        self.user.clone().into_bytes()
    }
    fn derive(&self, password: &[u8], key: &mut Vec<u8>) {
        key.extend_from_slice(mongo_digest(&self.user, password).as_slice());
    }
    fn check(&self, key: &[u8]) -> bool {
        digest::<Md5>(&[&self.head, key]).as_slice() == self.response
    }
}

pub fn mongo(rest: &str) -> Option<Box<dyn Scheme>> {
    let (user, rest) = rest.strip_prefix("1$")?.split_once('$')?;
    let [nonce, response] = parts(rest, '$')?;
    let head = format!("{nonce}{user}").into_bytes();
    Some(Box::new(Mongo { user: user.to_owned(), head, response: sized(response)? }))
}
