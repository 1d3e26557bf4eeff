//! SCRAM (RFC 5802, 7677). Of an exchange: `$scram-sha-256$user*rounds*salt*message*proof`, also `sha-1`,
//! the AuthMessage in Base64. Of what servers keep: hashcat 24100 and 24200
//! `$mongodb-scram$*0*user*rounds*salt*server key` (1: SHA-256), 28600 `SCRAM-SHA-256$rounds:salt$stored:server`.
//! MongoDB uses the MD5 of name and password with SHA-1, others the password: both are tried.

use super::database::mongo_digest;
use crate::hash::{Hash, Sha1, Sha256, digest, hmac, pbkdf2};
use crate::line::{base64, parts};
use crate::scheme::{Cost, Scheme};
use std::marker::PhantomData;

/// Rounds that are read at most; servers ask for 4,096 to 600,000.
const MOST_ROUNDS: u32 = 10_000_000;

enum Wanted {
    /// Proof of the client over the AuthMessage.
    Proof {
        message: Vec<u8>,
        proof: Vec<u8>,
    },
    Stored(Vec<u8>),
    Server(Vec<u8>),
}

struct Scram<D> {
    name: &'static str,
    /// The name, where the password may be hashed with it first; whether the plain one may be meant.
    hashed: Option<String>,
    plain: bool,
    rounds: u32,
    salt: Vec<u8>,
    wanted: Wanted,
    length: usize,
    digest: PhantomData<fn() -> D>,
}

impl<D: Hash> Scheme for Scram<D> {
    fn name(&self) -> &'static str {
        self.name
    }
    fn cost(&self) -> Cost {
        let variants = u32::from(self.hashed.is_some()) + u32::from(self.plain);
        Cost { derive: self.rounds.saturating_mul(2 * variants), check: 8 }
    }
    fn shared(&self) -> Vec<u8> {
        let mut shared = self.salt.clone();
        shared.extend_from_slice(&self.rounds.to_be_bytes());
        shared.push(u8::from(self.plain));
        shared.extend_from_slice(self.hashed.as_deref().unwrap_or_default().as_bytes());
        shared
    }
    fn derive(&self, password: &[u8], key: &mut Vec<u8>) {
        if let Some(user) = &self.hashed {
            let text = mongo_digest(user, password);
            pbkdf2::<D>(text.as_slice(), &self.salt, self.rounds, self.length, key);
        }
        if self.plain {
            pbkdf2::<D>(password, &self.salt, self.rounds, self.length, key);
        }
    }
    fn check(&self, key: &[u8]) -> bool {
        key.chunks_exact(self.length.max(1)).any(|salted| match &self.wanted {
            Wanted::Server(server) => hmac::<D>(salted, &[b"Server Key"]).as_slice() == server,
            Wanted::Stored(stored) => {
                let client = hmac::<D>(salted, &[b"Client Key"]);
                digest::<D>(&[&client]).as_slice() == stored
            }
            Wanted::Proof { message, proof } => {
                let client = hmac::<D>(salted, &[b"Client Key"]);
                let signature = hmac::<D>(&digest::<D>(&[&client]), &[message]);
                client.iter().zip(&signature).map(|(c, s)| c ^ s).eq(proof.iter().copied())
            }
        })
    }
}

fn wire<D: Hash + 'static>(name: &'static str, rest: &str, length: usize) -> Option<Box<dyn Scheme>> {
    let mut parts = rest.rsplitn(5, '*');
    let (proof, message, salt, rounds, user) =
        (parts.next()?, parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let (proof, message) = (base64(proof)?, base64(message)?);
    let hashed = (length == 20 && !user.is_empty()).then(|| user.to_owned());
    let wanted = Wanted::Proof { message, proof };
    made::<D>(name, hashed, true, rounds, salt, wanted, length)
}

pub fn wire_sha1(rest: &str) -> Option<Box<dyn Scheme>> {
    wire::<Sha1>("scram-sha-1", rest, 20)
}

pub fn wire_sha256(rest: &str) -> Option<Box<dyn Scheme>> {
    wire::<Sha256>("scram-sha-256", rest, 32)
}

pub fn server_key(rest: &str) -> Option<Box<dyn Scheme>> {
    let [_, kind, user, rounds, salt, key] = parts(rest, '*')?;
    let (user, wanted) = (String::from_utf8(base64(user)?).ok()?, Wanted::Server(base64(key)?));
    match kind {
        "0" => made::<Sha1>("mongodb-scram-sha-1", Some(user), false, rounds, salt, wanted, 20),
        "1" => made::<Sha256>("mongodb-scram-sha-256", None, true, rounds, salt, wanted, 32),
        _ => None,
    }
}

pub fn stored_key(rest: &str) -> Option<Box<dyn Scheme>> {
    let (head, keys) = rest.split_once('$')?;
    let ((rounds, salt), (stored, _)) = (head.split_once(':')?, keys.split_once(':')?);
    let wanted = Wanted::Stored(base64(stored)?);
    made::<Sha256>("postgresql-scram-sha-256", None, true, rounds, salt, wanted, 32)
}

fn made<D: Hash + 'static>(
    name: &'static str,
    hashed: Option<String>,
    plain: bool,
    rounds: &str,
    salt: &str,
    wanted: Wanted,
    length: usize,
) -> Option<Box<dyn Scheme>> {
    let rounds: u32 = rounds.parse().ok().filter(|r| (1..=MOST_ROUNDS).contains(r))?;
    let salt = base64(salt)?;
    Some(Box::new(Scram::<D> { name, hashed, plain, rounds, salt, wanted, length, digest: PhantomData }))
}
