//! Linkage values (CAMP's SCMS; IEEE 1609.2, 5.1.3.4): two authorities each make a part of a value that
//! stands in a pseudonym certificate, and one seed of each revokes all of a vehicle's from then on.
//!
//! Over SM4 and SM3 they are CAMP's with these for AES and SHA-256: the annexes of YD/T 3957 are not public,
//! no vector shows that it is so.

use crate::cipher::Cipher;
use crate::hash::Hash;

/// Octets of a linkage value.
pub const LENGTH: usize = 9;
pub type Seed = [u8; 16];
pub type LinkageValue = [u8; LENGTH];

/// The seed of the next period: the first half of the hash of the authority's number, the seed and zeros.
pub fn next_seed(cipher: Cipher, authority: [u8; 2], seed: &Seed) -> Seed {
    let hash = if cipher == Cipher::Sm4 { Hash::Sm3 } else { Hash::Sha256 };
    let digest = hash.of(&[&authority, seed, &[0; 14]]);
    let mut next = [0; 16];
    next.copy_from_slice(&digest.octets()[..16]);
    next
}

/// The seed `periods` later.
pub fn seed_after(cipher: Cipher, authority: [u8; 2], seed: &Seed, periods: u16) -> Seed {
    (0..periods).fold(*seed, |seed, _| next_seed(cipher, authority, &seed))
}

/// What one authority adds to the value of certificate `j` in the seed's period.
pub fn pre_linkage_value(cipher: Cipher, authority: [u8; 2], seed: &Seed, j: u32) -> LinkageValue {
    let mut input = [0; 16];
    input[..2].copy_from_slice(&authority);
    input[2..6].copy_from_slice(&j.to_be_bytes());
    let block = folded(cipher, seed, &input);
    let mut out = [0; LENGTH];
    out.copy_from_slice(&block[..LENGTH]);
    out
}

/// The value in the certificate, of both authorities' parts. Group linkage values are the same, of a group's
/// seeds.
pub fn linkage_value(one: &LinkageValue, other: &LinkageValue) -> LinkageValue {
    std::array::from_fn(|i| one[i] ^ other[i])
}

/// Where in a group a certificate is, `j` of chain `k`, readable with the authorities' common key.
pub fn encrypted_index(cipher: Cipher, key: &[u8; 16], j: u32, k: u32) -> [u8; 16] {
    let mut input = [0; 16];
    input[..4].copy_from_slice(&k.to_be_bytes());
    input[4..8].copy_from_slice(&j.to_be_bytes());
    folded(cipher, key, &input)
}

/// A block encrypted and added to itself: not to be turned round.
fn folded(cipher: Cipher, key: &[u8; 16], input: &[u8; 16]) -> [u8; 16] {
    let block = cipher.block(key, input);
    std::array::from_fn(|i| block[i] ^ input[i])
}
