//! The three hash functions, and the short identifiers made of them (IEEE 1609.2, 6.3.25 to 6.3.29).

use sha2::{Sha256, Sha384};
use sm3::Sm3;

/// A hash function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Hash {
    Sha256,
    Sha384,
    Sm3,
}

impl Hash {
    /// By its number in HashAlgorithm.
    pub fn of_number(n: u8) -> Option<Hash> {
        [Hash::Sha256, Hash::Sha384, Hash::Sm3].get(usize::from(n)).copied()
    }
    /// Its name in HashAlgorithm.
    pub fn name(self) -> &'static str {
        match self {
            Hash::Sha256 => "sha256",
            Hash::Sha384 => "sha384",
            Hash::Sm3 => "sm3",
        }
    }
    /// The digest of pieces, one after the other.
    pub fn of(self, pieces: &[&[u8]]) -> Digest {
        fn all<D: sha2::Digest>(pieces: &[&[u8]], out: &mut [u8]) {
            let mut hash = D::new();
            pieces.iter().for_each(|piece| hash.update(piece));
            out.copy_from_slice(&hash.finalize());
        }
        let mut digest = Digest { octets: [0; 48], length: 32 };
        match self {
            Hash::Sha256 => all::<Sha256>(pieces, &mut digest.octets[..32]),
            Hash::Sm3 => all::<Sm3>(pieces, &mut digest.octets[..32]),
            Hash::Sha384 => {
                digest.length = 48;
                all::<Sha384>(pieces, &mut digest.octets);
            }
        }
        digest
    }
}

/// 32 or 48 octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Digest {
    octets: [u8; 48],
    length: usize,
}

impl Digest {
    /// Of 32 or 48 octets.
    pub fn new(octets: &[u8]) -> Option<Digest> {
        let mut digest = Digest { octets: [0; 48], length: octets.len() };
        if !matches!(octets.len(), 32 | 48) {
            return None;
        }
        digest.octets[..octets.len()].copy_from_slice(octets);
        Some(digest)
    }
    pub fn octets(&self) -> &[u8] {
        &self.octets[..self.length]
    }
    /// The last N octets: HashedId3, HashedId8, HashedId10.
    pub fn last<const N: usize>(&self) -> [u8; N] {
        let mut out = [0; N];
        let n = N.min(self.length);
        out[N - n..].copy_from_slice(&self.octets[self.length - n..self.length]);
        out
    }
    /// HashedId8: how a certificate is named.
    pub fn id8(&self) -> [u8; 8] {
        self.last()
    }
}
