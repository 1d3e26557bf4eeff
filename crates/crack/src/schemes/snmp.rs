//! SNMPv3 with authentication (RFC 3414, 7860): `$SNMPv3$kind$number$message$engine$digest`, the digest's
//! place in the message zeroed. hashcat 25000 (kind 0: MD5 or SHA-1), 25100 (1: MD5), 25200 (2: SHA-1),
//! 26700 to 26900 and 27300 (3 to 6: SHA-224 to SHA-512).

use crate::hash::{Hash, Md5, Sha1, Sha224, Sha256, Sha384, Sha512, digest, hmac};
use crate::line::{hex, parts};
use crate::scheme::{Cost, Scheme};

/// Octets of repeated password that make a key (RFC 3414, 2.6).
const REPEATED: usize = 1 << 20;
/// Shortest password (RFC 3414, 11.2): agents refuse shorter ones.
const SHORTEST: usize = 8;

struct Usm {
    kind: u8,
    message: Vec<u8>,
    engine: Vec<u8>,
    digest: Vec<u8>,
}

/// The key of a password, before an engine makes it its own.
fn key<D: Hash>(password: &[u8]) -> Vec<u8> {
    // whole rounds of the password, so that pieces follow on each other
    let piece: Vec<u8> = password.iter().copied().cycle().take(password.len() * 128).collect();
    let mut d = D::new();
    let mut left = REPEATED;
    while left > 0 && !piece.is_empty() {
        let some = left.min(piece.len());
        d.update(piece.get(..some).unwrap_or_default());
        left -= some;
    }
    d.finalize().to_vec()
}

impl Usm {
    fn opens<D: Hash>(&self, key: &[u8]) -> bool {
        let own = digest::<D>(&[key, &self.engine, key]);
        hmac::<D>(&own, &[&self.message]).starts_with(&self.digest)
    }
}

impl Scheme for Usm {
    fn name(&self) -> &'static str {
        match self.kind {
            0 => "snmpv3",
            1 => "snmpv3-md5",
            2 => "snmpv3-sha1",
            3 => "snmpv3-sha224",
            4 => "snmpv3-sha256",
            5 => "snmpv3-sha384",
            _ => "snmpv3-sha512",
        }
    }
    fn cost(&self) -> Cost {
        let kinds = if self.kind == 0 { 2 } else { 1 };
        Cost { derive: (REPEATED / 64) as u32 * kinds, check: 8 + self.message.len() as u32 / 64 }
    }
    fn possible(&self, password: &[u8]) -> bool {
        password.len() >= SHORTEST
    }
    fn derive(&self, password: &[u8], made: &mut Vec<u8>) {
        made.extend(match self.kind {
            0 => [key::<Md5>(password), key::<Sha1>(password)].concat(),
            1 => key::<Md5>(password),
            2 => key::<Sha1>(password),
            3 => key::<Sha224>(password),
            4 => key::<Sha256>(password),
            5 => key::<Sha384>(password),
            _ => key::<Sha512>(password),
        });
    }
    fn check(&self, key: &[u8]) -> bool {
        match self.kind {
            0 => key
                .split_at_checked(16)
                .is_some_and(|(md5, sha1)| self.opens::<Md5>(md5) || self.opens::<Sha1>(sha1)),
            1 => self.opens::<Md5>(key),
            2 => self.opens::<Sha1>(key),
            3 => self.opens::<Sha224>(key),
            4 => self.opens::<Sha256>(key),
            5 => self.opens::<Sha384>(key),
            _ => self.opens::<Sha512>(key),
        }
    }
}

pub fn parse(rest: &str) -> Option<Box<dyn Scheme>> {
    let [kind, _, message, engine, digest] = parts(rest, '$')?;
    let (kind, digest) = (kind.parse().ok()?, hex(digest)?);
    let length = match kind {
        0..=2 => 12,
        3 => 16,
        4 => 24,
        5 => 32,
        6 => 48,
        _ => return None,
    };
    let usm = Usm { kind, message: hex(message)?, engine: hex(engine)?, digest };
    (usm.digest.len() == length).then(|| Box::new(usm) as Box<dyn Scheme>)
}
