//! Digests, HMAC and PBKDF2 as the schemes need them: keyed states are set up once and cloned.

use md5::Digest;
pub use md5::Md5;
use md5::digest::Output;
pub use sha1::Sha1;
pub use sha2::{Sha224, Sha256, Sha384, Sha512};

pub trait Hash: Digest + Clone {
    /// Octets of a block, which HMAC pads its key to.
    const BLOCK: usize;
}

impl Hash for Md5 {
    const BLOCK: usize = 64;
}
impl Hash for Sha1 {
    const BLOCK: usize = 64;
}
impl Hash for Sha224 {
    const BLOCK: usize = 64;
}
impl Hash for Sha256 {
    const BLOCK: usize = 64;
}
impl Hash for Sha384 {
    const BLOCK: usize = 128;
}
impl Hash for Sha512 {
    const BLOCK: usize = 128;
}

/// Digest of the parts one after the other.
pub fn digest<D: Hash>(parts: &[&[u8]]) -> Output<D> {
    let mut d = D::new();
    parts.iter().for_each(|p| d.update(p));
    d.finalize()
}

pub fn md4(parts: &[&[u8]]) -> [u8; 16] {
    let mut d = md4::Md4::new();
    parts.iter().for_each(|p| d.update(p));
    d.finalize().into()
}

/// HMAC (RFC 2104) with a key.
#[derive(Clone)]
pub struct Hmac<D: Hash> {
    inner: D,
    outer: D,
}

impl<D: Hash> Hmac<D> {
    pub fn new(key: &[u8]) -> Hmac<D> {
        let short;
        let key = if key.len() > D::BLOCK {
            short = digest::<D>(&[key]);
            short.as_slice()
        } else {
            key
        };
        let padded = |with: u8| {
            let mut block = [with; 128];
            block.iter_mut().zip(key).for_each(|(b, k)| *b ^= k);
            let mut d = D::new();
            d.update(block.get(..D::BLOCK).unwrap_or_default());
            d
        };
        Hmac { inner: padded(0x36), outer: padded(0x5c) }
    }

    pub fn sign(&self, parts: &[&[u8]]) -> Output<D> {
        let mut inner = self.inner.clone();
        parts.iter().for_each(|p| inner.update(p));
        let mut outer = self.outer.clone();
        outer.update(inner.finalize());
        outer.finalize()
    }
}

pub fn hmac<D: Hash>(key: &[u8], parts: &[&[u8]]) -> Output<D> {
    Hmac::<D>::new(key).sign(parts)
}

/// PBKDF2 (RFC 8018, 5.2) with HMAC: `length` octets appended to `out`.
pub fn pbkdf2<D: Hash>(password: &[u8], salt: &[u8], rounds: u32, length: usize, out: &mut Vec<u8>) {
    let keyed = Hmac::<D>::new(password);
    let end = out.len() + length;
    let mut number = 1u32;
    while out.len() < end {
        let mut last = keyed.sign(&[salt, &number.to_be_bytes()]);
        let mut sum = last.clone();
        for _ in 1..rounds {
            last = keyed.sign(&[last.as_slice()]);
            sum.iter_mut().zip(last.iter()).for_each(|(s, l)| *s ^= l);
        }
        out.extend(sum.iter().take(end - out.len()));
        number += 1;
    }
}

const DIGITS: [[u8; 16]; 2] = [*b"0123456789abcdef", *b"0123456789ABCDEF"];

/// Hex digits of up to 32 octets, without an allocation.
#[derive(Clone, Copy)]
pub struct Hex {
    text: [u8; 64],
    length: usize,
}

impl Hex {
    pub fn lower(octets: &[u8]) -> Hex {
        Hex::of(octets, 0)
    }
    pub fn upper(octets: &[u8]) -> Hex {
        Hex::of(octets, 1)
    }
    fn of(octets: &[u8], case: usize) -> Hex {
        let digits = DIGITS.get(case).copied().unwrap_or_default();
        let digit = |n: u8| digits.get(usize::from(n)).copied().unwrap_or_default();
        let mut text = [0; 64];
        for (pair, o) in text.chunks_exact_mut(2).zip(octets) {
            pair.copy_from_slice(&[digit(o >> 4), digit(o & 15)]);
        }
        Hex { text, length: (octets.len() * 2).min(64) }
    }
    pub fn as_slice(&self) -> &[u8] {
        self.text.get(..self.length).unwrap_or_default()
    }
}

/// Appends text as UTF-16, little end first; what is no UTF-8 is taken as Latin-1.
pub fn utf16(text: &[u8], out: &mut Vec<u8>) {
    match std::str::from_utf8(text) {
        Ok(text) => text.encode_utf16().for_each(|u| out.extend_from_slice(&u.to_le_bytes())),
        Err(_) => text.iter().for_each(|b| out.extend_from_slice(&[*b, 0])),
    }
}
