//! IKEv1 in aggressive mode with a shared key (RFC 2409, 5): hashcat 5300 with MD5, 5400 with SHA-1:
//! `g_xr:g_xi:cky_r:cky_i:sai_b:idir_b:ni_b:nr_b:hash_r`, hex.

use crate::hash::{Hash, Md5, Sha1, hmac};
use crate::line::{hex, parts};
use crate::scheme::{Cost, Scheme};
use std::marker::PhantomData;

struct Aggressive<D> {
    name: &'static str,
    nonces: Vec<u8>,
    message: Vec<u8>,
    hash: Vec<u8>,
    digest: PhantomData<fn() -> D>,
}

impl<D: Hash> Scheme for Aggressive<D> {
    fn name(&self) -> &'static str {
        self.name
    }
    fn cost(&self) -> Cost {
        Cost { derive: 0, check: 8 + (self.message.len() + self.nonces.len()) as u32 / 64 }
    }
    fn check(&self, key: &[u8]) -> bool {
        let seed = hmac::<D>(key, &[&self.nonces]);
        hmac::<D>(&seed, &[&self.message]).as_slice() == self.hash
    }
}

fn made<D: Hash + 'static>(name: &'static str, line: &str, length: usize) -> Option<Box<dyn Scheme>> {
    let [theirs, own, responder, initiator, offer, identity, first, second, hash] = parts(line, ':')?;
    let together = |all: &[&str]| all.iter().map(|p| hex(p)).collect::<Option<Vec<_>>>().map(|l| l.concat());
    let nonces = together(&[first, second])?;
    let message = together(&[theirs, own, responder, initiator, offer, identity])?;
    let hash = hex(hash).filter(|h| h.len() == length)?;
    Some(Box::new(Aggressive::<D> { name, nonces, message, hash, digest: PhantomData }))
}

pub fn md5(line: &str) -> Option<Box<dyn Scheme>> {
    made::<Md5>("ike-psk-md5", line, 16)
}

pub fn sha1(line: &str) -> Option<Box<dyn Scheme>> {
    made::<Sha1>("ike-psk-sha1", line, 20)
}
