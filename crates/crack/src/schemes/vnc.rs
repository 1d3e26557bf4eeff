//! VNC authentication (RFC 6143, 7.2.2): the challenge under DES with the first eight letters of the
//! password, each octet's bits turned round. In John's form: `$vnc$*challenge*response`, hex.

use crate::line::{parts, sized};
use crate::scheme::{Cost, Scheme};
use des::Des;
use des::cipher::{BlockCipherEncrypt, KeyInit};

struct Vnc {
    challenge: [u8; 16],
    response: [u8; 16],
}

impl Scheme for Vnc {
    fn name(&self) -> &'static str {
        "vnc"
    }
    fn cost(&self) -> Cost {
        Cost { derive: 0, check: 3 }
    }
    fn derive(&self, password: &[u8], key: &mut Vec<u8>) {
        key.extend(password.iter().take(8).map(|o| o.reverse_bits()));
        key.resize(8, 0);
    }
    fn check(&self, key: &[u8]) -> bool {
        let Ok(des) = Des::new_from_slice(key) else { return false };
        self.challenge.chunks_exact(8).zip(self.response.chunks_exact(8)).all(|(block, wanted)| {
            let Ok(block) = <[u8; 8]>::try_from(block) else { return false };
            let mut block = block.into();
            des.encrypt_block(&mut block);
            block.as_slice() == wanted
        })
    }
}

pub fn parse(rest: &str) -> Option<Box<dyn Scheme>> {
    let [_, challenge, response] = parts(rest, '*')?;
    Some(Box::new(Vnc { challenge: sized(challenge)?, response: sized(response)? }))
}
