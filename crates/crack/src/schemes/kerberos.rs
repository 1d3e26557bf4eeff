//! Kerberos 5: pre-authentication by timestamp, the client's part of an AS-REP, and tickets of a service, with
//! RC4 (RFC 4757) and AES (RFC 3962). hashcat 7500, 19800, 19900: `$krb5pa$etype$user$realm$[salt$]cipher`;
//! 18200, 32100, 32200: `$krb5asrep$23$user@realm:checksum$cipher`, `$krb5asrep$17$user$realm$checksum$cipher`;
//! 13100, 19600, 19700: `$krb5tgs$23$*user$realm$spn*$checksum$cipher`, `$krb5tgs$17$user$realm$*spn*$checksum$cipher`.

use super::ntlm::nt_hash;
use crate::hash::{Hmac, Md5, Sha1, hmac, pbkdf2};
use crate::line::{hex, sized};
use crate::scheme::{Cost, Scheme};
use aes::cipher::{BlockCipherDecrypt, BlockCipherEncrypt, KeyInit, StreamCipher};
use rc4::Rc4;

/// Rounds of PBKDF2 where the exchange names none: RFC 3962, 4.
const ROUNDS: u32 = 4096;

/// What a message is, for the number its key is derived with (RFC 4120, 7.5.1) and the tag of its plaintext.
#[derive(Clone, Copy)]
struct Use {
    names: [&'static str; 2],
    number: u32,
    tags: &'static [u8],
}

const TIMESTAMP: Use = Use { names: ["krb5pa-rc4", "krb5pa-aes"], number: 1, tags: &[0x30] };
const TICKET: Use = Use { names: ["krb5tgs-rc4", "krb5tgs-aes"], number: 2, tags: &[0x63] };
/// EncASRepPart, or EncTGSRepPart as some servers name it.
const REPLY: Use = Use { names: ["krb5asrep-rc4", "krb5asrep-aes"], number: 3, tags: &[0x79, 0x7a] };

struct Rc4Message {
    what: Use,
    checksum: [u8; 16],
    cipher: Vec<u8>,
}

impl Scheme for Rc4Message {
    fn name(&self) -> &'static str {
        self.what.names[0]
    }
    fn cost(&self) -> Cost {
        Cost { derive: 2, check: 16 }
    }
    fn derive(&self, password: &[u8], key: &mut Vec<u8>) {
        nt_hash(password, key);
    }
    fn check(&self, key: &[u8]) -> bool {
        // the part of an AS-REP has number 8 here: RFC 4757, 3
        let number = if self.what.number == 3 { 8 } else { self.what.number };
        let keyed = Hmac::<Md5>::new(&hmac::<Md5>(key, &[&number.to_le_bytes()]));
        let stream = keyed.sign(&[&self.checksum]);
        let Ok(mut rc4) = Rc4::new_from_slice(&stream) else { return false };
        // eight octets of chance come first; the tag behind them tells nearly all wrong ones
        let (mut begin, rest) = match self.cipher.split_first_chunk::<9>() {
            Some((begin, rest)) => (*begin, rest),
            None => return false,
        };
        rc4.apply_keystream(&mut begin);
        if !begin.last().is_some_and(|tag| self.what.tags.contains(tag)) {
            return false;
        }
        let mut rest = rest.to_vec();
        rc4.apply_keystream(&mut rest);
        keyed.sign(&[&begin, &rest]).as_slice() == self.checksum
    }
}

struct AesMessage {
    what: Use,
    /// Octets of the key.
    size: usize,
    salt: Vec<u8>,
    checksum: [u8; 12],
    cipher: Vec<u8>,
}

impl Scheme for AesMessage {
    fn name(&self) -> &'static str {
        self.what.names[1]
    }
    fn cost(&self) -> Cost {
        let blocks = if self.size == 32 { 2 } else { 1 };
        Cost { derive: 2 * ROUNDS * blocks, check: 16 + self.cipher.len() as u32 / 32 }
    }
    fn shared(&self) -> Vec<u8> {
        let mut shared = self.salt.clone();
        shared.push(self.size as u8);
        shared
    }
    fn derive(&self, password: &[u8], key: &mut Vec<u8>) {
        let mut seed = Vec::with_capacity(40);
        pbkdf2::<Sha1>(password, &self.salt, ROUNDS, self.size, &mut seed);
        if let Some(aes) = Aes::new(&seed) {
            key.extend(aes.derive(b"kerberos", self.size));
        }
    }
    fn check(&self, key: &[u8]) -> bool {
        let Some(base) = Aes::new(key) else { return false };
        let part = |last: u8| {
            let mut name = self.what.number.to_be_bytes().to_vec();
            name.push(last);
            base.derive(&name, self.size)
        };
        let Some(plain) = Aes::new(&part(0xAA)).and_then(|aes| aes.open(&self.cipher)) else { return false };
        hmac::<Sha1>(&part(0x55), &[&plain]).get(..12) == Some(&self.checksum)
    }
}

enum Aes {
    Short(aes::Aes128),
    Long(aes::Aes256),
}

impl Aes {
    fn new(key: &[u8]) -> Option<Aes> {
        match key.len() {
            16 => aes::Aes128::new_from_slice(key).ok().map(Aes::Short),
            32 => aes::Aes256::new_from_slice(key).ok().map(Aes::Long),
            _ => None,
        }
    }
    fn encrypt(&self, block: [u8; 16]) -> [u8; 16] {
        let mut block = block.into();
        match self {
            Aes::Short(aes) => aes.encrypt_block(&mut block),
            Aes::Long(aes) => aes.encrypt_block(&mut block),
        }
        block.into()
    }
    fn decrypt(&self, block: [u8; 16]) -> [u8; 16] {
        let mut block = block.into();
        match self {
            Aes::Short(aes) => aes.decrypt_block(&mut block),
            Aes::Long(aes) => aes.decrypt_block(&mut block),
        }
        block.into()
    }

    /// Derives a key of `size` octets: RFC 3961, 5.1 and 5.3.
    fn derive(&self, name: &[u8], size: usize) -> Vec<u8> {
        let mut block = fold(name);
        let mut out = Vec::with_capacity(size);
        while out.len() < size {
            block = self.encrypt(block);
            out.extend_from_slice(&block);
        }
        out.truncate(size);
        out
    }

    /// Opens CBC with ciphertext stealing (RFC 3962, 5), the vector zero.
    fn open(&self, cipher: &[u8]) -> Option<Vec<u8>> {
        let whole = cipher.len().checked_sub(17)? / 16;
        let (head, tail) = cipher.split_at_checked(whole * 16)?;
        let (last, short) = tail.split_first_chunk::<16>()?;
        let mut before = [0u8; 16];
        let mut plain = Vec::with_capacity(cipher.len());
        for block in head.chunks_exact(16).filter_map(|b| <[u8; 16]>::try_from(b).ok()) {
            plain.extend(self.decrypt(block).iter().zip(before).map(|(p, b)| p ^ b));
            before = block;
        }
        // the short block ends with the octets that the last one hides
        let hidden = self.decrypt(*last);
        let mut filled = hidden;
        filled.iter_mut().zip(short).for_each(|(f, s)| *f = *s);
        plain.extend(self.decrypt(filled).iter().zip(before).map(|(p, b)| p ^ b));
        plain.extend(hidden.iter().zip(short).map(|(h, s)| h ^ s));
        Some(plain)
    }
}

/// Folds octets to 16: copies, each turned right by 13 bits more, are added as numbers of one's
/// complement (RFC 3961, 5.1).
fn fold(name: &[u8]) -> [u8; 16] {
    let length = name.len().max(1);
    let total = length * 16 / gcd(length, 16);
    let bit = |i: usize| name.get(i / 8).is_some_and(|o| o >> (7 - i % 8) & 1 == 1);
    let bits = length * 8;
    let mut sum = [0u32; 16];
    for octet in 0..total {
        let (copy, place) = (octet / length, octet % length);
        let turned = (0..8).fold(0u32, |all, b| {
            let from = (place * 8 + b + bits * (13 * copy).div_ceil(bits) - 13 * copy) % bits;
            all << 1 | u32::from(bit(from))
        });
        if let Some(slot) = sum.get_mut(octet % 16) {
            *slot += turned;
        }
    }
    let mut carry = 0;
    while carry > 0 || sum.iter().any(|s| *s > 255) {
        for slot in sum.iter_mut().rev() {
            let all = *slot + carry;
            *slot = all & 255;
            carry = all >> 8;
        }
    }
    sum.map(|s| s as u8)
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

fn rc4(what: Use, checksum: &str, cipher: &str) -> Option<Box<dyn Scheme>> {
    Some(Box::new(Rc4Message { what, checksum: sized(checksum)?, cipher: hex(cipher)? }))
}

fn aes(what: Use, size: usize, salt: String, checksum: &str, cipher: &str) -> Option<Box<dyn Scheme>> {
    let (checksum, cipher) = (sized(checksum)?, hex(cipher)?);
    Some(Box::new(AesMessage { what, size, salt: salt.into_bytes(), checksum, cipher }))
}

/// Octets of the key of an encryption type; `None` for RC4.
fn kind(rest: &str) -> Option<(Option<usize>, &str)> {
    let (etype, rest) = rest.split_once('$')?;
    match etype {
        "23" => Some((None, rest)),
        "17" => Some((Some(16), rest)),
        "18" => Some((Some(32), rest)),
        _ => None,
    }
}

/// The salt of Active Directory: the realm in capitals and the name (MS-KILE, 3.1.1.2).
fn salt(user: &str, realm: &str) -> String {
    format!("{}{user}", realm.to_uppercase())
}

pub fn timestamp(rest: &str) -> Option<Box<dyn Scheme>> {
    let (size, rest) = kind(rest)?;
    let (names, data) = rest.rsplit_once('$')?;
    match size {
        None => {
            let (cipher, checksum) = data.split_at_checked(data.len().checked_sub(32)?)?;
            rc4(TIMESTAMP, checksum, cipher)
        }
        Some(size) => {
            let (cipher, checksum) = data.split_at_checked(data.len().checked_sub(24)?)?;
            let mut parts = names.split('$');
            let (user, realm) = (parts.next()?, parts.next()?);
            let own = parts.next().filter(|s| !s.is_empty()).map(str::to_owned);
            aes(TIMESTAMP, size, own.unwrap_or_else(|| salt(user, realm)), checksum, cipher)
        }
    }
}

pub fn reply(rest: &str) -> Option<Box<dyn Scheme>> {
    let Some((size, rest)) = kind(rest) else {
        // without an encryption type, as older tools write it
        let (head, cipher) = rest.rsplit_once('$')?;
        return rc4(REPLY, head.rsplit_once(':')?.1, cipher);
    };
    let (head, cipher) = rest.rsplit_once('$')?;
    match size {
        None => rc4(REPLY, head.rsplit_once([':', '$'])?.1, cipher),
        Some(size) => {
            let (names, checksum) = head.rsplit_once('$')?;
            let (user, realm) = names.rsplit_once('$')?;
            aes(REPLY, size, salt(user, realm), checksum, cipher)
        }
    }
}

pub fn ticket(rest: &str) -> Option<Box<dyn Scheme>> {
    let (size, rest) = kind(rest)?;
    let (head, cipher) = rest.rsplit_once('$')?;
    let Some(size) = size else {
        return rc4(TICKET, head.rsplit_once('$').map_or(head, |(_, checksum)| checksum), cipher);
    };
    let (names, checksum) = head.rsplit_once('$')?;
    // the service's name stands between stars, if at all
    let names = names.strip_suffix('*').and_then(|n| n.rsplit_once("$*")).map_or(names, |(n, _)| n);
    let (user, realm) = names.rsplit_once('$')?;
    aes(TICKET, size, salt(user, realm), checksum, cipher)
}
