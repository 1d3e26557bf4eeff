//! Requests (PKCS#10, RFC 2986) with a key of SM2 or on P-256, signed with that key.

use crate::der::{BOOLEAN, INTEGER, OCTETS, Reader, SEQUENCE, SET};
use crate::name::Name;
use ring::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use sentinel_sm::{DEFAULT_ID, PublicKey, Signature};

/// 1.2.840.113549.1.9.14, extensionRequest.
const EXTENSION_REQUEST: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 14];
/// Extensions of one request (`sentinel.ca.x509.request.MOST_EXTENSIONS`).
const MOST: usize = 32;

/// What a request's key and signature are of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    Sm2,
    P256,
}

/// AlgorithmIdentifier of a key on a named curve (RFC 5480, 2.1.1), and of the signatures made with it.
const SM2_KEY: &[u8] = &[
    0x30, 0x13, 6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 6, 8, 0x2a, 0x81, 0x1c, 0xcf, 0x55, 1, 0x82, 0x2d,
];
const P256_KEY: &[u8] =
    &[0x30, 0x13, 6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
const SM2_WITH_SM3: &[u8] = &[0x30, 0x0a, 6, 8, 0x2a, 0x81, 0x1c, 0xcf, 0x55, 1, 0x83, 0x75];
const ECDSA_WITH_SHA256: &[u8] = &[0x30, 0x0a, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];

/// A request that was read; its octets are those of the input.
pub struct Request<'a> {
    pub subject: Name<'a>,
    /// SubjectPublicKeyInfo, and the point within: 04, x, y.
    pub spki: &'a [u8],
    pub point: &'a [u8],
    pub key: Algorithm,
    /// Contents of the object identifier, and the value, of each extension that is asked for.
    pub extensions: Vec<(&'a [u8], &'a [u8])>,
    pub signed: &'a [u8],
    /// AlgorithmIdentifier of the signature.
    pub algorithm: &'a [u8],
    pub signature: &'a [u8],
}

impl<'a> Request<'a> {
    /// Reads a request in its plain form; `None` for any other.
    pub fn read(der: &'a [u8]) -> Option<Request<'a>> {
        let mut request = Reader::whole(der, SEQUENCE)?;
        let signed = request.raw(SEQUENCE)?;
        let algorithm = request.raw(SEQUENCE)?;
        let signature = request.bits()?;
        request.end()?;
        let mut info = Reader::whole(signed, SEQUENCE)?;
        if info.read(INTEGER)? != [0] {
            return None;
        }
        let subject = Name::read(info.raw(SEQUENCE)?)?;
        let spki = info.raw(SEQUENCE)?;
        let mut inner = Reader::whole(spki, SEQUENCE)?;
        let key = match inner.raw(SEQUENCE)? {
            SM2_KEY if algorithm == SM2_WITH_SM3 => Algorithm::Sm2,
            P256_KEY if algorithm == ECDSA_WITH_SHA256 => Algorithm::P256,
            _ => return None,
        };
        let point = inner.bits().filter(|point| point.len() == 65 && point[0] == 4)?;
        inner.end()?;
        let extensions = match info.peek() {
            Some(_) => attributes(info.enter(0xa0)?)?,
            None => Vec::new(),
        };
        info.end()?;
        Some(Request { subject, spki, point, key, extensions, signed, algorithm, signature })
    }

    /// Whether the request is signed with the key it names, which then is a point on its curve.
    pub fn proven(&self) -> bool {
        match self.key {
            Algorithm::Sm2 => PublicKey::from_sec1(self.point).is_ok_and(|key| {
                Signature::from_der(self.signature)
                    .is_ok_and(|signature| key.verify(DEFAULT_ID, self.signed, &signature).is_ok())
            }),
            Algorithm::P256 => UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, self.point)
                .verify(self.signed, self.signature)
                .is_ok(),
        }
    }
}

/// The extensions of at most one extensionRequest and no other attribute.
fn attributes(mut all: Reader<'_>) -> Option<Vec<(&[u8], &[u8])>> {
    let mut out: Vec<(&[u8], &[u8])> = Vec::new();
    if all.peek().is_none() {
        return Some(out);
    }
    let mut attribute = all.enter(SEQUENCE)?;
    all.end()?;
    if attribute.oid()? != EXTENSION_REQUEST {
        return None;
    }
    let mut values = attribute.enter(SET)?;
    attribute.end()?;
    let mut wanted = values.enter(SEQUENCE)?;
    values.end()?;
    while wanted.peek().is_some() {
        let mut one = wanted.enter(SEQUENCE)?;
        let name = one.oid()?;
        if one.peek() == Some(BOOLEAN) {
            one.boolean()?;
        }
        let value = one.read(OCTETS)?;
        one.end()?;
        if out.len() == MOST || out.iter().any(|(known, _)| *known == name) {
            return None;
        }
        out.push((name, value));
    }
    Some(out)
}
