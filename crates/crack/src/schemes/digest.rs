//! Digest of HTTP, SIP and RTSP (RFC 7616, 8760) and DIGEST-MD5 of SASL (RFC 2831).
//! hashcat 11400: `$sip$*server*client*user*realm*method*scheme*uri*rest*nonce*cnonce*nc*qop*MD5*response`,
//! also with `SHA-256` and `-sess`. DIGEST-MD5 has John's form:
//! `$DIGEST-MD5$user$realm$nonce$uri$cnonce$nc$qop$response$authzid`.

use crate::hash::{Hash, Hex, Md5, Sha256, digest};
use crate::line::{hex, parts};
use crate::scheme::{Cost, Scheme};
use std::marker::PhantomData;

struct Sip<D> {
    name: &'static str,
    user: String,
    realm: String,
    /// `nonce:cnonce` of a `-sess` algorithm.
    session: Option<String>,
    /// What is hashed behind the first hash: nonce, counts and the hash of the request.
    tail: Vec<u8>,
    response: Vec<u8>,
    digest: PhantomData<fn() -> D>,
}

impl<D: Hash> Scheme for Sip<D> {
    fn name(&self) -> &'static str {
        self.name
    }
    fn cost(&self) -> Cost {
        Cost { derive: 2, check: 3 + self.tail.len() as u32 / 64 }
    }
    fn shared(&self) -> Vec<u8> {
        format!("{}:{}", self.user, self.realm).into_bytes()
    }
    fn derive(&self, password: &[u8], key: &mut Vec<u8>) {
        let parts = [self.user.as_bytes(), b":", self.realm.as_bytes(), b":", password];
        key.extend_from_slice(Hex::lower(&digest::<D>(&parts)).as_slice());
    }
    fn check(&self, key: &[u8]) -> bool {
        let own;
        let key = match &self.session {
            Some(session) => {
                own = Hex::lower(&digest::<D>(&[key, b":", session.as_bytes()]));
                own.as_slice()
            }
            None => key,
        };
        digest::<D>(&[key, &self.tail]).as_slice() == self.response
    }
}

pub fn sip(line: &str) -> Option<Box<dyn Scheme>> {
    let [tag, _, _, user, realm, method, scheme, target, rest, nonce, cnonce, nc, qop, algorithm, response] =
        parts(line, '*')?;
    if tag != "$sip$" || qop.eq_ignore_ascii_case("auth-int") {
        return None;
    }
    let uri: Vec<&str> = [scheme, target, rest].into_iter().filter(|p| !p.is_empty()).collect();
    let request = format!("{method}:{}", uri.join(":"));
    let (kind, session) = match algorithm.to_ascii_lowercase().strip_suffix("-sess") {
        Some(kind) => (kind.to_owned(), true),
        None => (algorithm.to_ascii_lowercase(), false),
    };
    let tail = |hash: &[u8]| {
        let hash = Hex::lower(hash);
        let hash = String::from_utf8_lossy(hash.as_slice()).into_owned();
        let counts = if qop.is_empty() { String::new() } else { format!("{nc}:{cnonce}:{qop}:") };
        format!(":{nonce}:{counts}{hash}").into_bytes()
    };
    let session = session.then(|| format!("{nonce}:{cnonce}"));
    let (user, realm, response) = (user.to_owned(), realm.to_owned(), hex(response)?);
    let request = request.as_bytes();
    match (kind.as_str(), response.len()) {
        ("md5" | "", 16) => Some(Box::new(Sip::<Md5> {
            name: if session.is_some() { "digest-md5-sess" } else { "digest-md5" },
            user,
            realm,
            session,
            tail: tail(&digest::<Md5>(&[request])),
            response,
            digest: PhantomData,
        })),
        ("sha-256", 32) => Some(Box::new(Sip::<Sha256> {
            name: if session.is_some() { "digest-sha256-sess" } else { "digest-sha256" },
            user,
            realm,
            session,
            tail: tail(&digest::<Sha256>(&[request])),
            response,
            digest: PhantomData,
        })),
        _ => None,
    }
}

struct Sasl {
    user: String,
    realm: String,
    session: String,
    tail: Vec<u8>,
    response: Vec<u8>,
}

impl Scheme for Sasl {
    fn name(&self) -> &'static str {
        "sasl-digest-md5"
    }
    fn cost(&self) -> Cost {
        Cost { derive: 2, check: 5 + self.tail.len() as u32 / 64 }
    }
    fn shared(&self) -> Vec<u8> {
        format!("{}:{}", self.user, self.realm).into_bytes()
    }
    fn derive(&self, password: &[u8], key: &mut Vec<u8>) {
        let parts = [self.user.as_bytes(), b":", self.realm.as_bytes(), b":", password];
        key.extend_from_slice(&digest::<Md5>(&parts));
    }
    fn check(&self, key: &[u8]) -> bool {
        let first = digest::<Md5>(&[key, b":", self.session.as_bytes()]);
        digest::<Md5>(&[Hex::lower(&first).as_slice(), &self.tail]).as_slice() == self.response
    }
}

pub fn sasl(line: &str) -> Option<Box<dyn Scheme>> {
    let [_, tag, user, realm, nonce, uri, cnonce, nc, qop, response, authzid] = parts(line, '$')?;
    let response = hex(response).filter(|r| r.len() == 16 && tag == "DIGEST-MD5")?;
    let body = if qop == "auth" { String::new() } else { format!(":{}", "0".repeat(32)) };
    let request = Hex::lower(&digest::<Md5>(&[format!("AUTHENTICATE:{uri}{body}").as_bytes()]));
    let mut tail = format!(":{nonce}:{nc}:{cnonce}:{qop}:").into_bytes();
    tail.extend_from_slice(request.as_slice());
    let mut session = format!("{nonce}:{cnonce}");
    if !authzid.is_empty() {
        session = format!("{session}:{authzid}");
    }
    Some(Box::new(Sasl { user: user.to_owned(), realm: realm.to_owned(), session, tail, response }))
}
