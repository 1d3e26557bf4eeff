//! SM4 (GB/T 32907) in the modes that are needed: ECB and CBC over whole blocks, CTR, and CCM as RFC
//! 8998 has it (12 octets of nonce, 16 of tag).

use ccm::aead::{Aead, Payload};
use ccm::consts::{U12, U16};
use sm4::Sm4;
use sm4::cipher::{Array, BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};

type Ccm = ccm::Ccm<Sm4, U16, U12>;

/// Octets of a key and of a block.
pub const BLOCK: usize = 16;
/// Octets of CCM's tag, at the end of the ciphertext.
pub const TAG: usize = 16;

/// Why a text could not be worked on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sm4Error {
    /// ECB and CBC take whole blocks.
    Length(usize),
    /// The tag is not of this key, nonce, ciphertext and additional data.
    Tag,
}

impl std::fmt::Display for Sm4Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Sm4Error::Length(n) => write!(f, "{n} octets are not whole blocks of 16"),
            Sm4Error::Tag => f.write_str("the ciphertext is not of this key and nonce, or was changed"),
        }
    }
}
impl std::error::Error for Sm4Error {}

/// Which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Encrypt,
    Decrypt,
}

/// A key set up for use. It is overwritten when it is dropped.
pub struct Key(Sm4);

impl Key {
    pub fn new(key: &[u8; BLOCK]) -> Key {
        Key(Sm4::new(&Array(*key)))
    }

    fn block(&self, block: &mut [u8; BLOCK], way: Way) {
        let mut b = Array(*block);
        match way {
            Way::Encrypt => self.0.encrypt_block(&mut b),
            Way::Decrypt => self.0.decrypt_block(&mut b),
        }
        *block = b.0;
    }

    /// Each block for itself: for keys in their envelopes, not for messages.
    pub fn ecb(&self, text: &mut [u8], way: Way) -> Result<(), Sm4Error> {
        for block in whole(text)? {
            self.block(block, way);
        }
        Ok(())
    }

    pub fn cbc(&self, iv: &[u8; BLOCK], text: &mut [u8], way: Way) -> Result<(), Sm4Error> {
        let mut last = *iv;
        for block in whole(text)? {
            match way {
                Way::Encrypt => {
                    xor(block, &last);
                    self.block(block, way);
                    last = *block;
                }
                Way::Decrypt => {
                    let before = std::mem::replace(&mut last, *block);
                    self.block(block, way);
                    xor(block, &before);
                }
            }
        }
        Ok(())
    }

    /// Counter mode: `counter` is the first block, counted up as a number of 128 bits. Both ways.
    pub fn ctr(&self, counter: &[u8; BLOCK], text: &mut [u8]) {
        let first = u128::from_be_bytes(*counter);
        for (i, chunk) in (0u128..).zip(text.chunks_mut(BLOCK)) {
            let mut stream = first.wrapping_add(i).to_be_bytes();
            self.block(&mut stream, Way::Encrypt);
            xor(chunk, &stream);
        }
    }

    /// The ciphertext and its tag (RFC 3610, RFC 8998).
    pub fn ccm_seal(&self, nonce: &[u8; 12], text: &[u8], additional: &[u8]) -> Result<Vec<u8>, Sm4Error> {
        let payload = Payload { msg: text, aad: additional };
        Ccm::from(self.0.clone()).encrypt(&Array(*nonce), payload).map_err(|_| Sm4Error::Length(text.len()))
    }

    pub fn ccm_open(&self, nonce: &[u8; 12], text: &[u8], additional: &[u8]) -> Result<Vec<u8>, Sm4Error> {
        let payload = Payload { msg: text, aad: additional };
        Ccm::from(self.0.clone()).decrypt(&Array(*nonce), payload).map_err(|_| Sm4Error::Tag)
    }
}

fn whole(text: &mut [u8]) -> Result<&mut [[u8; BLOCK]], Sm4Error> {
    let length = text.len();
    match text.as_chunks_mut() {
        (blocks, []) => Ok(blocks),
        _ => Err(Sm4Error::Length(length)),
    }
}

fn xor(a: &mut [u8], b: &[u8]) {
    for (a, b) in a.iter_mut().zip(b) {
        *a ^= b;
    }
}
